"""The rows of a file: as they were read, with their headers and addresses, and as they were understood."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from importer.model.invoices import BY_ID, LineItem
from importer.model.messages import problem
from importer.model.problems import Problem, Severity, cell_address

if TYPE_CHECKING:
    import pandas as pd

    from importer.model.check_only import CheckOnly

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


@dataclass(frozen=True, slots=True)
class CheckedColumn:
    """One column of a sheet that is compared and never sent."""

    column: CheckOnly
    header: Header
    cells: Mapping[int, Cell]
    """Row number → filled cell, of the line items."""
    ignore: str
    """The line of importer.toml that passes over it."""
    instead: str
    """The lines of importer.toml that make it what it may be instead: mostly the amount."""

    def at(self, row: int) -> str:
        """Address of its cell in a row, such as ``F17``."""
        return cell_address(self.header.position, row)

    def shown(self, row: int) -> str:
        """What its cell in a row says."""
        return text_of(self.cells.get(row))


class Excluded(Enum):
    """Why a row below the header is no line item; the value says it to a person."""

    TOTAL = "a total, not a line item"
    SUM = "a sum without a label, not a line item"
    HEADER = "the header once more, not a line item"
    PREPARED = "a prepared row with nothing to bill"
    NOT_BILLABLE = "not billable, and without an amount"
    TAX = "the tax below the rows, not a line item"
    NOTE = "a note or a title, not a line item"


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

    @property
    def counts(self) -> bool:
        """Whether a person stated the number of invoices."""
        return self.invoices is not None and not self.invoices_calculated

    @property
    def sums(self) -> bool:
        """Whether a person stated the total."""
        return self.total is not None and not self.total_calculated


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
    checked: tuple[CheckedColumn, ...] = ()
    """Columns that are compared and never sent, without empty ones."""
    _positions: dict[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Index the headers by column name."""
        positions = {header.column: header.position for header in self.headers if header.column}
        if "workspace" in positions:  # where a project is only named, that cell stands for its id
            positions.setdefault("workspace_id", positions["workspace"])
        for checked in self.checked:
            positions.setdefault(checked.column.name, checked.header.position)
        object.__setattr__(self, "_positions", positions)

    @property
    def row_count(self) -> int:
        """How many rows are line items."""
        return len(self.frame)

    def has(self, column: str) -> bool:
        """Tell whether the sheet has this known column, or a constant that stands in for it."""
        return column in self.frame.columns

    def raw(self, column: str, row: int) -> Cell:
        """Cell of a known column as the file stores it; None when it is blank or the column is absent."""
        if column in self.frame.columns:
            return self.frame.at[row, column]
        checked = self.checked_as(column)
        return None if checked is None else checked.cells.get(row)

    def checked_as(self, column: str) -> CheckedColumn | None:
        """The first of the columns with this name that are compared and never sent."""
        return next((checked for checked in self.checked if checked.column.name == column), None)

    def address(self, column: str, row: int) -> str | None:
        """Cell address of a known column in a row, such as ``F17``; None when the column is absent."""
        position = self._positions.get(column)
        return None if position is None else cell_address(position, row)

    def title(self, column: str) -> str:
        """Header text of a known column as it stands in the sheet; its name when absent."""
        checked = self.checked_as(column)
        absent = column if checked is None else checked.header.text
        return next((h.text for h in self.headers if h.column == column), absent)

    def problem_at(
        self,
        column: str,
        row: int,
        key: str,
        /,
        value: str | None = None,
        severity: Severity | None = None,
        **fields: Any,  # noqa: ANN401 - whatever the message says
    ) -> Problem:
        """A problem at the cell of a known column in a row, worded by :mod:`importer.model.messages`."""
        address = self.address(column, row)
        return problem(
            key, sheet=self.name, cell=address, row=row, column=column, value=value, severity=severity, **fields
        )


ITEM_COLUMNS = frozenset(part.name for part in fields(LineItem)) - {"row", "workspace_id", "currency"}
"""Columns whose cells become a part of the line item."""


@dataclass(frozen=True, slots=True)
class SheetLine:
    """One row on its way to an invoice: what its cells say, typed."""

    row: int
    """Row number as Excel shows it."""
    workspace_id: int | None
    """None when no project is given, or none that is known."""
    invoice_key: str | None
    """None when the row has no key; see :attr:`key_unreadable`."""
    key_unreadable: bool
    """Whether the key cell holds something that could not be read."""
    sound: bool
    """False when an error keeps the row from being sent."""
    item_values: Mapping[str, Any] = field(default_factory=dict)
    """Readable, filled cells of the line item by column name."""
    invoice_values: Mapping[str, object] = field(default_factory=dict)
    """Readable, filled invoice-level cells by column name."""
    workspace_name: str | None = None
    """The name that the row gives to its project."""
    currency: str | None = None
    """Code (EUR) or shared mark ($) of the row: beside its amount, or in a column of its own."""
    compared: Mapping[str, Decimal] = field(default_factory=dict)
    """Cells that are not sent, by column name: Kantata is asked whether it holds the same."""

    @property
    def amount(self) -> Decimal | None:
        """The readable amount, main currency unit, also of rows with other errors."""
        amount: Decimal | None = self.item_values.get("amount")
        return amount

    @property
    def lacks_amount(self) -> bool:
        """Whether its amount is missing or cannot be read, although Kantata does not price it."""
        return self.amount is None and self.item_values.get("item_type") not in BY_ID

    @property
    def item(self) -> LineItem | None:
        """What the row bills; None when the row has an error."""
        if not self.sound or self.workspace_id is None:
            return None
        return LineItem(row=self.row, workspace_id=self.workspace_id, currency=self.currency, **self.item_values)


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
