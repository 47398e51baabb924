"""One row of the sheet, and what it bills."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from decimal import Decimal


class ItemType(Enum):
    """The five kinds of line item that an invoice can hold."""

    TIME_ENTRY = "time_entry"
    EXPENSE = "expense"
    FIXED_FEE = "fixed_fee"
    ADDITIONAL = "additional"
    BILLING_MILESTONE = "billing_milestone"


BY_ID = frozenset({ItemType.TIME_ENTRY, ItemType.EXPENSE, ItemType.BILLING_MILESTONE})
"""Item types that name a record which already exists in Kantata."""
PRICED = frozenset({ItemType.FIXED_FEE, ItemType.ADDITIONAL})
"""Item types whose amount stands in the sheet."""


@dataclass(frozen=True, slots=True)
class LineItem:
    """One sound row of the sheet."""

    row: int
    """Row number as Excel shows it (the first row of the sheet is 1)."""
    workspace_id: int
    """Kantata's project id; positive, may exceed 2**31."""
    item_type: ItemType
    item_id: int | None = None
    """Id of the time entry, expense or milestone; None for the priced types."""
    amount: Decimal | None = None
    """Main currency unit, at most two decimals, never 0; None for the types named by id."""
    notes: str | None = None
    taxable: bool | None = None
    story_id: int | None = None
    currency: str | None = None
    """Code (EUR) or shared mark ($) typed beside the amount; never sent."""

    def __post_init__(self) -> None:
        """Refuse a line that Kantata's contract has no place for."""
        if (self.item_type in BY_ID) is (self.item_id is None):
            msg = f"row {self.row}: item_id does not fit {self.item_type.value}"
            raise ValueError(msg)
        if (self.item_type in PRICED) is (self.amount is None):
            msg = f"row {self.row}: amount does not fit {self.item_type.value}"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class SheetLine:
    """One row after validation: its place, what it belongs to, and its item when it is sound."""

    row: int
    """Row number as Excel shows it."""
    workspace_id: int | None
    """None when the cell is empty or cannot be read."""
    invoice_key: str | None
    """None when the row has no key; see :attr:`key_unreadable`."""
    key_unreadable: bool
    """Whether the key cell holds something that could not be read."""
    item: LineItem | None
    """None when the row has an error."""
    amount: Decimal | None
    """The readable amount, for control totals, also of rows with other errors."""
    invoice_values: dict[str, object]
    """Readable, filled invoice-level cells by column name."""
