"""From the grids of a file to the one table with the invoice rows; judge no value.

``read_sheet`` is the way in. What stands in a cell is taken as the file stores
it: the meaning of values is for :mod:`importer.checking.validate`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

import pandas as pd

from importer.model.errors import FileProblem
from importer.model.messages import error, problem
from importer.model.problems import cell_address, column_letter
from importer.model.sheet import Cell, CellFault, Header, RawRow, Sheet, is_blank
from importer.reading import formats_shown as formats
from importer.reading import hidden, merged, not_lines, struck
from importer.reading.cover import find_batch, find_expected
from importer.reading.formats.grid import Grid, Limits
from importer.reading.formats.unpack import bytes_of, unpack
from importer.reading.header_row import added_by_results
from importer.reading.headers import choose_grid

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from importer.model.problems import Problem
    from importer.reading.header_row import HeaderRow

EXAMPLE_MARK = "example only"
"""How cell A1 of the template's example sheet begins; such a sheet is never imported."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How a file is to be read, where a person can choose."""

    encoding: str | None = None
    """Of a CSV text without a mark of its own; None is UTF-8."""
    hidden_rows: Literal["warn", "skip", "refuse"] = "warn"
    """What to do with rows, columns and sheets that a person does not see."""
    merged_cells: Literal["refuse", "fill"] = "refuse"
    """Whether the value of merged cells belongs to all of their rows."""
    limits: Limits = field(default_factory=Limits)


def read_sheet(
    path: Path,
    sheet_name: str | None,
    headers: Mapping[str, str],
    reading: Reading | None = None,
) -> Sheet:
    """Read the sheet of ``path`` that holds invoice rows.

    ``headers`` maps every known folded header to its column name
    (:func:`importer.columns.known_headers`). ``sheet_name`` overrules the search
    by headers. Raises FileProblem when no table can be read, WrongUse when the
    path is no file.
    """
    reading = reading or Reading()
    data = bytes_of(path, reading.limits)
    file = unpack(path.name, data, headers, encoding=reading.encoding, limits=reading.limits)
    grids = [grid for grid in file.grids if not _is_example(grid)]
    batch, batch_problems = find_batch(grids)
    expected, expected_problems = find_expected(grids)
    grid, start, problems = _chosen(grids, sheet_name, headers, reading)
    start, unseen = hidden.columns(grid, start, reading.hidden_rows)
    rows = _rows(grid, start)
    rows, unseen_rows = hidden.rows(grid, rows, reading.hidden_rows)
    excluded, odd = not_lines.find(grid, start, rows, headers)
    lines = [row for row in rows if row.number not in excluded]
    if not lines:
        raise error(FileProblem, "sheet.no_rows", name=grid.name, header_row=start.row)
    lines = merged.settle(grid, start, lines, reading.merged_cells)
    lines, currencies = formats.settle(grid, start, lines)
    headless = _headless(grid, start.headers, rows)
    found = (
        *(replace(one, sheet=grid.name) for one in file.problems),
        *problems,
        *hidden.sheet(grid, reading.hidden_rows),
        *_other_workbooks(grid),
        *start.problems,
        *headless.values(),
        *_ragged(grid, start.row, lines),
        *unseen,
        *unseen_rows,
        *odd,
        *struck.find(grid, start, lines),
        *batch_problems,
        *expected_problems,
    )
    return Sheet(
        path=path,
        name=grid.name,
        sha256=hashlib.sha256(data).hexdigest(),
        header_row=start.row,
        headers=start.headers,
        rows=tuple(rows),
        frame=_frame(lines, start.headers),
        problems=found,
        width=1 + max(*(header.position for header in start.headers), *headless, 0),
        added=added_by_results(start.headers),
        batch=batch,
        excluded=excluded,
        currencies=currencies,
        notes=(*file.notes, *start.notes),
        expected=expected,
    )


def _chosen(
    grids: list[Grid], sheet_name: str | None, headers: Mapping[str, str], reading: Reading
) -> tuple[Grid, HeaderRow, tuple[Problem, ...]]:
    """The sheet with the invoice rows. Raises as :func:`choose_grid`, and FileProblem for one that is too large."""
    seen = [grid for grid in grids if reading.hidden_rows != "skip" or not grid.hidden]
    grid, start, problems = choose_grid(seen if sheet_name is None else grids, sheet_name, headers)
    if grid.too_large is not None:
        raise error(FileProblem, "sheet.too_large", name=grid.name, why=grid.too_large)
    return grid, start, problems


def _is_example(grid: Grid) -> bool:
    first = grid.rows[0][0] if grid.rows and grid.rows[0] else None
    return isinstance(first, str) and first.strip().lower().startswith(EXAMPLE_MARK)


def _rows(grid: Grid, start: HeaderRow) -> list[RawRow]:
    """The rows below the header that hold anything; an error beside the table makes no row."""
    known = {header.position for header in start.headers if header.column is not None}
    return [
        RawRow(number, cells)
        for number, cells in enumerate(grid.rows[start.row :], start=start.row + 1)
        if not all(is_blank(cell) or (type(cell) is CellFault and at not in known) for at, cell in enumerate(cells))
    ]


def _other_workbooks(grid: Grid) -> tuple[Problem, ...]:
    if not grid.look.other_workbooks:
        return ()
    return (problem("sheet.other_workbooks", sheet=grid.name, name=grid.name),)


def _frame(rows: list[RawRow], headers: tuple[Header, ...]) -> pd.DataFrame:
    """One object column per known column, indexed by sheet row; blank cells are None."""
    shortest = min(len(row.cells) for row in rows)
    columns = {
        header.column: _column(rows, header.position, whole=header.position < shortest)
        for header in headers
        if header.column is not None
    }
    return pd.DataFrame(columns, index=[row.number for row in rows], dtype=object)


def _column(rows: list[RawRow], position: int, *, whole: bool) -> list[Cell]:
    """Cells of one column; ``whole`` says that no row ends before it, which saves asking each."""
    cells = [row.cells[position] for row in rows] if whole else [row.cell(position) for row in rows]
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
        position: problem(
            "column.no_header",
            sheet=grid.name,
            cell=cell_address(position, row),
            row=row,
            letter=column_letter(position),
        )
        for position, row in found.items()
    }


def _ragged(grid: Grid, header_row: int, rows: list[RawRow]) -> list[Problem]:
    """Refuse CSV records of another width than the header: their values may have shifted."""
    if not grid.records:
        return []
    width = len(grid.rows[header_row - 1])
    return [
        problem(
            "csv.width",
            sheet=grid.name,
            cell=cell_address(0, row.number),
            row=row.number,
            number=row.number,
            fields=len(row.cells),
            width=width,
        )
        for row in rows
        if len(row.cells) != width
    ]
