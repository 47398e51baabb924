"""Read a workbook or CSV into cells that keep their sheet address; judge nothing.

``read_sheet`` is the way in. What stands in a cell is taken as the file stores
it: the meaning of values is for :mod:`importer.validate`.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Literal

import pandas as pd

from importer.errors import FileProblem
from importer.problems import Problem, Severity, cell_address, column_letter, column_position
from importer.read.headers import added_by_results, choose_grid, find_batch
from importer.read.identify import ZIP_MAGIC, bytes_of, grids_of
from importer.read.side_look import SideLook, look_aside
from importer.sheet import Cell, Header, RawRow, Sheet, is_blank
from importer.words import row_ranges

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from importer.read.grid import Grid
    from importer.read.headers import HeaderRow

HiddenRows = Literal["warn", "skip", "refuse"]


def read_sheet(
    path: Path, sheet_name: str | None, headers: Mapping[str, str], *, hidden_rows: HiddenRows = "warn"
) -> Sheet:
    """Read the sheet of ``path`` that holds invoice rows.

    ``headers`` maps every known folded header to its column name
    (:func:`importer.columns.known_headers`). ``sheet_name`` overrules the search
    by headers. ``hidden_rows`` says what to do with rows that a person does not
    see. Raises FileProblem when no table can be read, WrongUse when the path is
    no file.
    """
    data = bytes_of(path)
    grids = grids_of(path, data, headers)
    batch, batch_problems = find_batch(grids)
    grid, start, problems = choose_grid(grids, sheet_name, headers)
    look = look_aside(data, grid.name) if data.startswith(ZIP_MAGIC) else SideLook()
    _put_faults(grid, start, look)
    rows, hidden = _rows(grid, start, look, hidden_rows)
    if not rows:
        msg = f"{grid.name}: no rows below the header in row {start.row}."
        raise FileProblem(msg, "Type one row per line item below the header.", code="sheet.no_rows")
    headless = _headless(grid, start.headers, rows)
    ragged = _ragged(grid, start.row, rows)
    return Sheet(
        path=path,
        name=grid.name,
        sha256=hashlib.sha256(data).hexdigest(),
        header_row=start.row,
        headers=start.headers,
        rows=tuple(rows),
        frame=_frame(rows, start.headers),
        problems=(*grid.problems, *problems, *start.problems, *headless.values(), *ragged, *hidden, *batch_problems),
        width=1 + max(*(header.position for header in start.headers), *headless, 0),
        added=added_by_results(start.headers),
        batch=batch,
    )


def _put_faults(grid: Grid, start: HeaderRow, look: SideLook) -> None:
    """Put errors and uncalculated formulas where calamine saw empty cells; only known columns matter."""
    known = {header.position for header in start.headers if header.column is not None}
    for address, fault in look.faults.items():
        match = re.fullmatch(r"([A-Z]{1,3})(\d+)", address)
        if match is None or (position := column_position(match[1])) not in known or int(match[2]) <= start.row:
            continue
        at = int(match[2]) - 1
        grid.rows.extend([] for _ in range(at + 1 - len(grid.rows)))
        cells = grid.rows[at]
        cells.extend("" for _ in range(position + 1 - len(cells)))
        cells[position] = fault


def _rows(grid: Grid, start: HeaderRow, look: SideLook, policy: HiddenRows) -> tuple[list[RawRow], tuple[Problem, ...]]:
    """Return the non-blank rows below the header, and what is to be said of hidden ones."""
    rows = [
        RawRow(number, cells)
        for number, cells in enumerate(grid.rows[start.row :], start=start.row + 1)
        if not all(is_blank(cell) for cell in cells)
    ]
    hidden = [row.number for row in rows if row.number in look.hidden_rows]
    if not hidden:
        return rows, ()
    if policy == "skip":
        rows = [row for row in rows if row.number not in look.hidden_rows]
    return rows, (_hidden_problem(grid, hidden, policy),)


def _hidden_problem(grid: Grid, hidden: list[int], policy: HiddenRows) -> Problem:
    said = {
        "warn": "they are billed like the others",
        "skip": "they are left out, as hidden_rows = “skip” says",
        "refuse": "hidden_rows = “refuse” does not allow that",
    }
    return Problem(
        code="row.hidden",
        message=f"{len(hidden)} rows are hidden in Excel (row {row_ranges(hidden)}); {said[policy]}.",
        hint="Unhide the rows or clear the filter to see them; delete those that must not be billed.",
        sheet=grid.name,
        severity=Severity.ERROR if policy == "refuse" else Severity.WARNING,
    )


def _frame(rows: list[RawRow], headers: tuple[Header, ...]) -> pd.DataFrame:
    """One object column per known column, indexed by sheet row; blank cells are None."""
    columns = {header.column: _column(rows, header.position) for header in headers if header.column is not None}
    return pd.DataFrame(columns, index=[row.number for row in rows], dtype=object)


def _column(rows: list[RawRow], position: int) -> list[Cell]:
    cells = [row.cells[position] if position < len(row.cells) else None for row in rows]
    blanks = {cell for cell in set(cells) if is_blank(cell)}  # few different ones: each is looked at once
    return [None if cell in blanks else cell for cell in cells] if blanks else cells


def _headless(grid: Grid, headers: tuple[Header, ...], rows: list[RawRow]) -> dict[int, Problem]:
    """Warn of columns that hold values below an empty header cell; keys are their positions."""
    width = max(len(row.cells) for row in rows)
    found = {}
    for position in sorted(set(range(width)) - {header.position for header in headers}):
        first = next((row.number for row in rows if not is_blank(row.cell(position))), None)
        if first is not None:
            found[position] = first
    return {
        position: Problem(
            code="column.no_header",
            message=f"Column {column_letter(position)} holds values but has no header, so it is not used.",
            hint="Give the column a header, or empty it.",
            sheet=grid.name,
            cell=cell_address(position, row),
            row=row,
            severity=Severity.WARNING,
        )
        for position, row in found.items()
    }


def _ragged(grid: Grid, header_row: int, rows: list[RawRow]) -> list[Problem]:
    """Refuse CSV records of another width than the header: their values may have shifted."""
    if not grid.records:
        return []
    width = len(grid.rows[header_row - 1])
    return [
        Problem(
            code="csv.width",
            message=f"Row {row.number} has {len(row.cells)} fields but the header has {width}, "
            "so its values may stand in the wrong columns.",
            hint="Put quotes around texts that contain the separator, or export the file again.",
            sheet=grid.name,
            row=row.number,
        )
        for row in rows
        if len(row.cells) != width
    ]
