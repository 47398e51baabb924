"""What reading a file yields: rows and headers with their sheet addresses."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from importer.model.problems import cell_address

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal
    from pathlib import Path

    import pandas as pd

    from importer.model.problems import Problem

Cell = object
"""str, float, int, bool, date, datetime, time, timedelta or None, as the file stores it."""

ANNOTATION_MARK = "Import problems (invoice-importer)"
"""How cell A1 of an annotated copy's first sheet begins; it is never imported, but it may name the batch."""
ANNOTATION_HEAD_ROWS = 8
"""Rows of that sheet, from the top, that tell of the run; the batch is named there, in columns A and B."""


@dataclass(frozen=True, slots=True)
class CellFault:
    """Stands in a cell whose value the file does not hold: an error, or a formula never calculated."""

    shown: str
    """What to show in its place, such as ``#REF!``."""
    code: str
    """Last part of the problem's code."""
    message: str
    """What is wrong, as the rest of a sentence that names the cell."""
    hint: str

    def __str__(self) -> str:
        """Show it as the sheet does."""
        return self.shown


@dataclass(frozen=True, slots=True)
class Header:
    """One filled header cell."""

    position: int
    """Column counted from 0: A is 0."""
    text: str
    """As it stands in the sheet."""
    column: str | None
    """Name of the known column; None for a column that is only carried through."""


@dataclass(frozen=True, slots=True)
class RawRow:
    """One non-blank row below the header."""

    number: int
    """Row number as Excel shows it."""
    cells: Sequence[Cell]
    """Original cells from column A on; may be shorter than the sheet is wide."""

    def cell(self, position: int) -> Cell:
        """Cell at a column counted from 0; None beyond the end of the row."""
        return self.cells[position] if position < len(self.cells) else None


class Excluded(Enum):
    """Why a row below the header is no line item; the value says it to a person."""

    TOTAL = "a total, not a line item"
    SUM = "a sum without a label, not a line item"
    HEADER = "the header once more, not a line item"


@dataclass(frozen=True, slots=True)
class ControlTotals:
    """The control totals that a workbook states about itself; the plan must match them."""

    invoices: int | None = None
    total: Decimal | None = None
    """Main currency unit."""
    invoices_calculated: bool = False
    """Whether a formula says so: one over the very rows always agrees and proves nothing."""
    total_calculated: bool = False
    invoices_cell: str = ""
    """Where the number stands, such as Cover!B3."""
    total_cell: str = ""


@dataclass(frozen=True)
class Sheet:
    """The chosen sheet of a file."""

    path: Path
    name: str
    """Sheet name, or the file's name for CSV."""
    sha256: str
    """Of the whole file."""
    header_row: int
    """Row number of the header as Excel shows it."""
    headers: tuple[Header, ...]
    rows: tuple[RawRow, ...]
    """Every non-blank row below the header, in order."""
    frame: pd.DataFrame
    """Known columns only, dtype object, blank cells None, indexed by row number."""
    problems: tuple[Problem, ...]
    width: int
    """Number of columns, from A on, that the results carry through."""
    added: frozenset[int]
    """Positions of columns that earlier results added at the right; not the sheet's own."""
    batch: str | None
    """Batch named on the workbook's Cover sheet, if any."""
    excluded: Mapping[int, Excluded] = field(default_factory=dict)
    """Rows that are no line items: they are in ``rows``, but not in ``frame``."""
    currencies: Mapping[int, str] = field(default_factory=dict)
    """Row number → currency that the number format of its amount shows."""
    notes: tuple[str, ...] = ()
    """How the file was read, where that was a decision; whole sentences."""
    expected: ControlTotals = ControlTotals()
    """Totals stated on the workbook's Cover sheet."""
    _positions: dict[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Index the headers by column name."""
        positions = {header.column: header.position for header in self.headers if header.column}
        if "workspace" in positions:  # where a project is only named, that cell stands for its id
            positions.setdefault("workspace_id", positions["workspace"])
        object.__setattr__(self, "_positions", positions)

    def has(self, column: str) -> bool:
        """Tell whether the sheet has this known column, or a constant that stands in for it."""
        return column in self.frame.columns

    def address(self, column: str, row: int) -> str | None:
        """Cell address of a known column in a row, such as ``F17``; None when the column is absent."""
        position = self._positions.get(column)
        return None if position is None else cell_address(position, row)

    def title(self, column: str) -> str:
        """Header text of a known column as it stands in the sheet; its name when absent."""
        return next((h.text for h in self.headers if h.column == column), column)


def is_blank(cell: Cell) -> bool:
    """Tell whether a cell holds nothing that a person could see."""
    return cell is None or (isinstance(cell, str) and (not cell or cell.isspace()))


def text_of(cell: Cell) -> str:
    """Show a raw cell as a person would have typed it: 101.0 is 101."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 10**17:
        return str(int(cell))
    return str(cell)
