"""A sheet as a grid of raw cells, before its meaning is known: values, faults, what it looks like, and its limits."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from typing import TYPE_CHECKING

from importer.model.messages import worded
from importer.model.problems import cell_address
from importer.model.sheet import CellFault, is_blank

if TYPE_CHECKING:
    from collections.abc import Iterable

    from importer.model.problems import Problem
    from importer.model.sheet import Cell


def cell_fault(shown: str, key: str, **fields: object) -> CellFault:
    """Say by a message of the catalogue why the value of a cell is not known; ``shown`` stands in its place."""
    message = worded(key, **fields)
    return CellFault(shown, message.code, message.what, message.hint)


NOT_CALCULATED = cell_fault("=…", "*.no_stored_value")
BROKEN_TEXT = cell_fault("?", "*.broken_text")
UNUSUAL = cell_fault("?", "*.unusual")


@cache
def error_value(shown: str) -> CellFault:
    """An error such as ``#REF!``."""
    return cell_fault(shown[:LONGEST_SHOWN], "*.error_value")


def may_be_cover(sheet_name: str) -> bool:
    """Tell whether a sheet could be the one that states batch and totals; ``read`` knows it exactly."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", sheet_name))).casefold() == "cover"


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that a file may hold, and that reading it may cost."""

    rows: int = 1_048_576
    """Rows from the top of a sheet to its last value; what Excel itself can hold."""
    columns: int = 200
    """Columns from A to the last value."""
    unpacked_bytes: int = 256 * 2**20
    """Bytes of the file, and of all its parts inflated (the largest honest file seen: 114 MB)."""
    seconds: float = 120
    """How long reading may take."""
    memory_bytes: int = 4 * 2**30
    """Address space of the process that reads (Linux and other POSIX systems)."""


@dataclass(frozen=True, slots=True)
class MergedRange:
    """Cells that were merged into one."""

    first_row: int
    """Row number as Excel shows it."""
    first_position: int
    """Column counted from 0."""
    last_row: int
    last_position: int

    def __str__(self) -> str:
        """Show it as Excel does: A5:A6."""
        return f"{cell_address(self.first_position, self.first_row)}:{cell_address(self.last_position, self.last_row)}"


Place = tuple[int, int]
"""A cell: row number as Excel shows it, column counted from 0."""


CROSSES_OUT, HIDES = "crosses out", "hides"
"""What a conditional format may do besides another number format; neither is one."""

LAST_COLUMN = 16_384
"""Columns of a sheet of Excel."""


def columns_within(ranges: Iterable[tuple[int, int]]) -> set[int]:
    """The columns of all ranges, from one up to another, counted from 0; a file may name them again and again."""
    found: set[int] = set()
    seen = 0
    for first, end in sorted(ranges):
        found.update(range(max(first, seen), min(end, LAST_COLUMN)))
        seen = max(seen, end)
    return found


Run = tuple[int, int, int]
"""Cells below each other: column counted from 0, first and last row number as Excel shows it."""


@dataclass(slots=True)
class SideLook:
    """What one sheet holds besides its values; the reader of its format fills it in."""

    hidden_rows: set[int] = field(default_factory=set)
    """Row numbers as Excel shows them; also those that a filter hides."""
    hidden_columns: set[int] = field(default_factory=set)
    """Columns counted from 0."""
    merged: list[MergedRange] = field(default_factory=list)
    other_workbooks: bool = False
    """Whether formulas take values from other files."""
    formulas: set[Place] = field(default_factory=set)
    """Cells with formulas; looked for on a sheet Cover of .xlsx and .ods only."""
    formats: dict[str, list[Run]] = field(default_factory=dict)
    """Number format that may show more or less than the value → cells that have it."""
    texts: dict[Place, str] = field(default_factory=dict)
    """Cell → what it shows, where the file stores that (.ods) and it is not the number itself."""
    struck: set[Place] = field(default_factory=set)
    """Cells that are crossed out, as a whole or in part."""
    unseen: list[Run] = field(default_factory=list)
    """Cells that are written in the colour of their background (.xlsx)."""
    raised: set[Place] = field(default_factory=set)
    """Cells in which a number stands raised or lowered."""
    changing: list[Run] = field(default_factory=list)
    """Cells with formulas that depend on the day, the time or chance; in binary files those that say so themselves."""
    uncalculated: list[Run] = field(default_factory=list)
    """Cells with formulas that the file asks Excel to calculate, so that their values may be guesses."""
    saved_on: str = ""
    """Day on which the file was saved; empty where it does not say."""
    conditional: dict[str, list[MergedRange]] = field(default_factory=dict)
    """Number format, CROSSES_OUT or HIDES → where a conditional format may apply it (.xlsx)."""
    faults: dict[Place, CellFault] = field(default_factory=dict)
    """Cell → why the file does not hold its value; they are put into the rows."""
    within: dict[Place, str] = field(default_factory=dict)
    """Cell → its text, where the reader takes it for empty (.xlsb); they are put into the rows."""


@dataclass(frozen=True, slots=True)
class Grid:
    """All rows of one sheet from A1 on; ``rows[0]`` is row 1."""

    name: str
    """Sheet name, or the file's name for CSV."""
    rows: list[list[Cell]]
    problems: tuple[Problem, ...] = ()
    records: bool = False
    """Whether rows are CSV records, which must all be as wide as their header."""
    hidden: bool = False
    """Whether the whole sheet is hidden."""
    look: SideLook = field(default_factory=SideLook)
    too_large: str | None = None
    """Why not all rows are here: the sheet is larger than the limits; the rest of a sentence about it."""

    @property
    def first_cell(self) -> Cell:
        """What stands in A1."""
        return self.rows[0][0] if self.rows and self.rows[0] else None


@dataclass(frozen=True, slots=True)
class Unpacked:
    """A file, taken apart."""

    format: str
    """What it is, in words: ``Excel workbook (.xlsx)``."""
    grids: tuple[Grid, ...]
    problems: tuple[Problem, ...] = ()
    """What is odd about the file as a whole."""
    notes: tuple[str, ...] = ()
    """How it was read, where that was a decision; whole sentences."""


class TooManyStyles(Exception):
    """The styles of a workbook are far more than Excel allows."""


LONGEST_TEXT = 32_767
"""Characters that fit into a cell of Excel; a longer one is a fault at its cell."""
LONGEST_SHOWN = 100
"""Characters of a fault that are shown."""
MOST_CHARACTERS = 2**28
"""Of all texts of a sheet together, each counted wherever it stands; a file may write one and refer to it often."""
KEPT_ROWS = 100
"""Rows kept of a sheet that is too large, enough to find its header."""


def bounded(grid: Grid, limits: Limits) -> Grid:
    """The grid without blank rows at its end; cut, and marked, when it is larger than the limits.

    A workbook may well hold a huge sheet beside the one with the invoice rows,
    so this is said only when the huge one is meant.
    """
    rows = grid.rows
    _drop_blank_end(rows)
    wide_rows = [row for row in rows if len(row) > limits.columns]

    width = max((_width(row, limits.columns) for row in wide_rows), default=0)
    if len(rows) > limits.rows:
        return cut(grid, limits, f"has {len(rows):,} rows; at most {limits.rows:,} are read (setting most_rows)")
    if width > limits.columns:
        return cut(grid, limits, f"has {width:,} columns; at most {limits.columns:,} are read (setting most_columns)")
    if wide_rows:
        grid = replace(grid, rows=[row[: limits.columns] for row in rows])
    if _unite_texts(grid.rows) > MOST_CHARACTERS:
        return cut(grid, limits, f"holds texts of more than {MOST_CHARACTERS // 10**6:,} million characters")
    _keep_to_table(grid, limits)
    if _merged_cells(grid) > len(grid.rows) * max(map(len, grid.rows), default=0):
        return cut(grid, limits, "has merged cells that overlap")
    return grid


def _drop_blank_end(rows: list[list[Cell]]) -> None:
    while rows and all(is_blank(cell) for cell in rows[-1]):
        rows.pop()


def _unite_texts(rows: list[list[Cell]]) -> int:
    """Let equal texts and days be one, which is kept and sent once; return how many characters the texts have in all.

    A text that is too long becomes a fault.
    """
    known: dict[str, Cell] = {}
    days: dict[date, date] = {}
    characters, of_row, before = 0, 0, None
    for row in rows:
        if row is not before:  # else one element stands for several rows
            before, of_row = row, 0
            for position, cell in enumerate(row):
                if type(cell) is str:
                    of_row += len(cell)
                    kept = known.get(cell)
                    if kept is None:
                        kept = known[cell] = cell if len(cell) <= LONGEST_TEXT else _too_long(cell)
                    row[position] = kept
                elif type(cell) is date:
                    row[position] = days.setdefault(cell, cell)
        characters += of_row
    return characters


def _too_long(text: str) -> CellFault:
    return cell_fault(f"{text[:LONGEST_SHOWN]}…", "*.too_long", most=LONGEST_TEXT)


def _keep_to_table(grid: Grid, limits: Limits) -> None:
    """Forget what the file says of places where no value can be."""
    look, last_row = grid.look, len(grid.rows)
    look.hidden_rows = {row for row in look.hidden_rows if row <= last_row}
    areas = [area for area in look.merged if area.first_row <= min(area.last_row, last_row)]
    look.merged = [_within(area, limits) for area in areas]


def _within(area: MergedRange, limits: Limits) -> MergedRange:
    if area.last_row <= limits.rows and area.last_position < limits.columns:
        return area
    last_row, last_position = min(area.last_row, limits.rows), min(area.last_position, limits.columns - 1)
    return replace(area, last_row=last_row, last_position=last_position)


def _merged_cells(grid: Grid) -> int:
    """Cells of all merged ranges together, as far as the table reaches; no program lets them overlap."""
    last_row, width = len(grid.rows), max(map(len, grid.rows), default=0)
    return sum(_size_of(area, last_row, width) for area in grid.look.merged)


def _size_of(area: MergedRange, last_row: int, width: int) -> int:
    """Cells of a merged range within a table; 0 for one that ends before it begins."""
    rows = min(area.last_row, last_row) - area.first_row + 1
    columns = min(area.last_position, width - 1) - area.first_position + 1
    return max(rows, 0) * max(columns, 0)


def _width(row: list[Cell], least: int) -> int:
    """Columns up to the last value; 0 when that stands within the first ``least``."""
    for position in range(len(row) - 1, least - 1, -1):
        if not is_blank(row[position]):
            return position + 1
    return 0


def cut(grid: Grid, limits: Limits, why: str) -> Grid:
    """The grid without most of its rows, marked as too large; ``why`` is the rest of a sentence about it."""
    rows = [row[: limits.columns] for row in grid.rows[:KEPT_ROWS]]
    _unite_texts(rows)
    return replace(grid, rows=rows, look=SideLook(), too_large=why)
