"""From the grids of a file to the one table with the invoice rows; judges no value.

``read_sheet`` is the way in. What stands in a cell is taken as the file stores
it: the meaning of values is for :mod:`importer.values` and :mod:`importer.checking`.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

import pandas as pd

from importer.model.columns import BY_NAME, Kind
from importer.model.errors import FileProblem
from importer.model.messages import error, problem
from importer.model.problems import cell_address, column_letter
from importer.model.sheet import Cell, CellFault, Header, RawRow, Sheet, is_blank
from importer.reading import appearance
from importer.reading.check_only import checked_columns
from importer.reading.cover import find_batch, find_expected
from importer.reading.formats.grid import Grid, Limits
from importer.reading.formats.unpack import bytes_of, unpack
from importer.reading.header_problems import added_by_results
from importer.reading.header_row import choose_grid, note_of_words
from importer.reading.line_text import joined
from importer.reading.not_lines import find_not_lines
from importer.reading.orders_not_to_bill import orders_not_to_bill
from importer.reading.shown_values import shown_values
from importer.reading.units import other_units
from importer.reading.unsure_values import doubts
from importer.reading.unused_dates import unused_dates, unused_terms
from importer.reading.unused_texts import unused_texts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from importer.model.problems import Problem
    from importer.reading.header_row import HeaderRow

_BEGIN_OF_NUMBER = re.compile(r"\D*[0-9]+")
_REST_OF_NUMBER = re.compile(r"[0-9]{1,3}(?:[.,][0-9]+)?\D*")
"""What may follow a comma within a number."""
DASHES = re.compile(r"\s*[-–—]{1,3}\s*")
NEVER_IMPORTED = ("example only", "never imported", "not in this file")
"""How cell A1 begins on sheets that this program writes beside the rows; they are never imported."""


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
    (:func:`importer.model.headers.known_headers`). ``sheet_name`` overrules the search
    by headers. Raises FileProblem when no table can be read, WrongUse when the
    path is no file.
    """
    reading = reading or Reading()
    data = bytes_of(path, reading.limits)
    file = unpack(path.name, data, headers, encoding=reading.encoding, limits=reading.limits)
    grids = [grid for grid in file.grids if not is_never_imported(grid)]
    batch, batch_problems = find_batch(grids)
    expected, expected_problems = find_expected(grids)

    grid, start, left_out = _chosen(grids, sheet_name, headers, reading)
    start, columns_hidden = appearance.hidden_columns(grid, start, reading.hidden_rows)
    rows, rows_hidden = appearance.hidden_rows(grid, _rows(grid, start), reading.hidden_rows)
    excluded, not_lines = find_not_lines(grid, start, rows, headers)
    lines = [row for row in rows if row.number not in excluded]
    if not lines:
        raise error(FileProblem, "sheet.no_rows", name=grid.name, header_row=start.row)
    lines = appearance.unmerged(grid, start, lines, reading.merged_cells)
    seen = shown_values(grid, start, lines)
    lines = appearance.changed(lines, seen.changes)
    with_text, meant = joined(start, lines, headers)
    headless = _headless(grid, start.headers, rows)

    problems = (
        *(replace(of_file, sheet=grid.name) for of_file in file.problems),
        *left_out,
        *appearance.hidden_sheet(grid, reading.hidden_rows),
        *_other_workbooks(grid),
        *start.problems,
        *headless.values(),
        *_ragged(grid, start, lines),
        *columns_hidden,
        *rows_hidden,
        *not_lines,
        *appearance.odd_letters(grid, start, lines),
        *seen.problems,
        *doubts(grid, start, lines),
        *unused_dates(grid, start, lines, headers),
        *unused_terms(grid, start, lines, headers),
        *unused_texts(grid, start, lines, headers),
        *other_units(grid, start, lines, excluded),
        *orders_not_to_bill(grid, start, lines, headers),
        *batch_problems,
        *expected_problems,
    )
    return Sheet(
        path=path,
        name=grid.name,
        sha256=hashlib.sha256(data).hexdigest(),
        header_row=start.row,
        headers=meant.headers,
        rows=tuple(rows),
        frame=_frame(with_text, meant.headers),
        problems=problems,
        width=1 + max(*(header.position for header in start.headers), *headless, 0),
        added=added_by_results(start.headers),
        batch=batch,
        excluded=excluded,
        currencies=seen.currencies,
        checked=tuple(checked_columns(start, lines, headers)),
        notes=(*file.notes, *meant.notes, *note_of_words(meant.headers, headers)),
        expected=expected,
    )


def _chosen(
    grids: list[Grid], sheet_name: str | None, headers: Mapping[str, str], reading: Reading
) -> tuple[Grid, HeaderRow, tuple[Problem, ...]]:
    """The sheet with the invoice rows. Raises as :func:`choose_grid`, and FileProblem for one that is too large."""
    if reading.hidden_rows == "skip" and sheet_name is None:
        grids = [grid for grid in grids if not grid.hidden]
    grid, start, left_out = choose_grid(grids, sheet_name, headers)
    if grid.too_large is not None:
        raise error(FileProblem, "sheet.too_large", name=grid.name, why=grid.too_large)
    return grid, start, left_out


def is_never_imported(grid: Grid) -> bool:
    """Tell whether a sheet is one that this program writes beside the rows."""
    first = grid.first_cell
    return isinstance(first, str) and first.strip().lower().startswith(NEVER_IMPORTED)


def _rows(grid: Grid, start: HeaderRow) -> list[RawRow]:
    """The rows below the header that hold anything."""
    known = {header.position for header in start.known}
    rows = []
    for number, cells in enumerate(grid.rows[start.row :], start=start.row + 1):
        if not _is_empty(cells, known):
            rows.append(RawRow(number, cells))
    return rows


def _is_empty(cells: list[Cell], known: set[int]) -> bool:
    """Tell whether a row holds nothing; an error beside the table makes no row."""
    for position, cell in enumerate(cells):
        if not is_blank(cell) and (type(cell) is not CellFault or position in known):
            return False
    return True


def _other_workbooks(grid: Grid) -> tuple[Problem, ...]:
    if not grid.look.other_workbooks:
        return ()
    return (problem("sheet.other_workbooks", sheet=grid.name, name=grid.name),)


def _frame(rows: list[RawRow], headers: tuple[Header, ...]) -> pd.DataFrame:
    """One object column per known column, indexed by sheet row; blank cells are None."""
    shortest = min(len(row.cells) for row in rows)
    columns = {}
    for header in headers:
        if header.column is not None:
            columns[header.column] = _column(rows, header.position, whole=header.position < shortest)
    return pd.DataFrame(columns, index=[row.number for row in rows], dtype=object)


def _column(rows: list[RawRow], position: int, *, whole: bool) -> list[Cell]:
    """Cells of one column; ``whole`` says that no row ends before it, which saves asking each."""
    if whole:
        cells = [row.cells[position] for row in rows]
    else:
        cells = [row.cell(position) for row in rows]
    blanks = {cell for cell in set(cells) if is_blank(cell) or _is_dash(cell)}  # each is looked at once
    if not blanks:
        return cells
    return [None if cell in blanks else cell for cell in cells]


def _is_dash(cell: Cell) -> bool:
    """Tell whether a text is only a dash, as people type it into a cell with nothing to say."""
    return isinstance(cell, str) and DASHES.fullmatch(cell) is not None


def _headless(grid: Grid, headers: tuple[Header, ...], rows: list[RawRow]) -> dict[int, Problem]:
    """Warn of columns that hold values below an empty header cell; keys are their positions."""
    width = max(len(row.cells) for row in rows)
    warnings = {}
    for position in sorted(set(range(width)) - {header.position for header in headers}):
        row = next((row.number for row in rows if not is_blank(row.cell(position))), None)
        if row is not None:
            cell, letter = cell_address(position, row), column_letter(position)
            warnings[position] = problem("column.no_header", sheet=grid.name, cell=cell, row=row, letter=letter)
    return warnings


def _ragged(grid: Grid, start: HeaderRow, rows: list[RawRow]) -> list[Problem]:
    """Refuse CSV records of another width than the header: their values may have shifted.

    Fields at the end that are empty, or that are lacking where no other row has a value,
    shift nothing.
    """
    if not grid.records:
        return []
    width = len(grid.rows[start.row - 1])
    others = [row for row in rows if len(row.cells) != width]
    if not others:
        return []
    used = _last_used([row for row in rows if len(row.cells) == width])
    judged = _judged(start.headers)
    problems = []
    for row in others:
        if _ends_early(row.cells, used) or _ends_with_nothing(row.cells, width, judged):
            continue
        problems.append(_other_width(grid, row, width))
    return problems


def _other_width(grid: Grid, row: RawRow, width: int) -> Problem:
    return problem(
        "csv.width",
        sheet=grid.name,
        cell=cell_address(0, row.number),
        row=row.number,
        number=row.number,
        fields=len(row.cells),
        width=width,
    )


def _last_used(rows: list[RawRow]) -> int | None:
    """How many columns from the left hold all values of these rows; None without rows."""
    if not rows:
        return None
    return max(_filled(row.cells) for row in rows)


def _filled(cells: Sequence[Cell]) -> int:
    """How many fields are left without the blank ones at the end."""
    count = len(cells)
    while count and is_blank(cells[count - 1]):
        count -= 1
    return count


def _ends_early(cells: Sequence[Cell], used: int | None) -> bool:
    """Tell whether a record ends, as Excel writes it, with its last value where all others end too.

    A record that lost a field elsewhere has fewer fields than that, or ends with an empty one.
    """
    return used is not None and len(cells) == used == _filled(cells)


def _ends_with_nothing(cells: Sequence[Cell], width: int, judged: set[int]) -> bool:
    """Tell whether a record has only empty fields too many, and none of its texts or numbers can be one cut in two.

    A comma that belongs to a text or a number, without quotes, moves all later values by one column;
    an empty column at the end would hide that. ``judged`` are the columns that do not take any text.
    """
    if len(cells) <= width or _filled(cells) != width:
        return False
    for position in range(1, width):
        left, right = cells[position - 1], cells[position]
        both_free = judged.isdisjoint((position - 1, position))
        if _may_be_cut(left, right) or (both_free and not is_blank(left) and not is_blank(right)):
            return False
    return True


def _judged(headers: tuple[Header, ...]) -> set[int]:
    """Positions of the columns that do not take any text."""
    positions = set()
    for header in headers:
        column = BY_NAME.get(header.column or "")
        if column is not None and column.kind is not Kind.TEXT:
            positions.add(header.position)
    return positions


def _may_be_cut(left: Cell, right: Cell) -> bool:
    """Tell whether two fields may be one that holds the separator: “Design| phase 1”, “1|200.00”, “1200|50”."""
    if not isinstance(left, str) or not isinstance(right, str):
        return True
    if right[:1].isspace():
        return True
    return _BEGIN_OF_NUMBER.fullmatch(left) is not None and _REST_OF_NUMBER.fullmatch(right) is not None
