"""The lines of an invoice, and what they come together to."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from enum import Enum


class ItemType(Enum):
    """The five kinds of line item that an invoice can hold."""

    TIME_ENTRY = "time_entry"
    EXPENSE = "expense"
    FIXED_FEE = "fixed_fee"
    ADDITIONAL = "additional"
    BILLING_MILESTONE = "billing_milestone"

    __hash__ = object.__hash__
    """By identity, as they are compared; that of Enum is written in Python, and each row is asked many times."""


BY_ID = frozenset({ItemType.TIME_ENTRY, ItemType.EXPENSE, ItemType.BILLING_MILESTONE})
"""Item types that name a record which already exists in Kantata."""
AMOUNT_IN_SHEET = frozenset({ItemType.FIXED_FEE, ItemType.ADDITIONAL})
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
        if (self.item_type in AMOUNT_IN_SHEET) is (self.amount is None):
            msg = f"row {self.row}: amount does not fit {self.item_type.value}"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class ExternalReference:
    """The mark that an invoice carries in Kantata, by which it can be found again."""

    service_name: str
    service_model: str
    service_model_ref: str
    status: str | None = None
    external_message: str | None = None
    external_link: str | None = None
    external_status: str | None = None
    locked: bool | None = None

    @property
    def triple(self) -> tuple[str, str, str]:
        """The three parts that identify it."""
        return (self.service_name, self.service_model, self.service_model_ref)


@dataclass(frozen=True, slots=True)
class Invoice:
    """One sound invoice as the sheet describes it."""

    key: str | None
    """invoice_key of its rows, or None for one invoice per workspace."""
    lines: tuple[LineItem, ...]
    """In the order of the sheet; never empty."""
    payment_schedule: int
    """Days from invoice date to due date, 0 or more."""
    draft: bool
    suppress_emails: bool
    invoice_date: date | None = None
    user_invoice_number: int | None = None
    user_invoice_title: str | None = None
    purchase_order: str | None = None
    project_code: str | None = None
    message: str | None = None
    external_reference: ExternalReference | None = None
    """What the sheet says; None lets the program set its own."""

    @property
    def workspace_ids(self) -> tuple[int, ...]:
        """Projects in order of first appearance."""
        return tuple(dict.fromkeys(line.workspace_id for line in self.lines))

    @property
    def rows(self) -> tuple[int, ...]:
        """Row numbers as Excel shows them, ascending."""
        return tuple(line.row for line in self.lines)

    @property
    def amount(self) -> Decimal:
        """Sum of the amounts in the sheet, main currency unit."""
        return sum((line.amount for line in self.lines if line.amount is not None), Decimal(0))

    @property
    def count_by_type(self) -> Counter[ItemType]:
        """How many lines of each type."""
        return Counter(line.item_type for line in self.lines)


@dataclass(frozen=True, slots=True)
class UnsoundInvoice:
    """Rows that belong together but cannot become an invoice, because some have errors."""

    key: str | None
    workspace_ids: tuple[int, ...]
    rows: tuple[int, ...]
    amount: Decimal
    """Sum of the readable amounts, main currency unit."""
    lacks_amounts: bool = False
    """Whether other amounts are missing or cannot be read, so that the sum is not all of it."""


@dataclass(frozen=True, slots=True)
class Content:
    """What an invoice bills, by which it is recognised without its reference."""

    workspace_ids: frozenset[int]
    item_ids: frozenset[tuple[ItemType, int]]
    """Time entries, expenses and milestones."""
    priced: tuple[tuple[ItemType, Decimal, str], ...]
    """Fixed-fee and additional items: type, amount in the main unit, notes with single blanks; sorted."""
    unseen: frozenset[ItemType] = field(default=frozenset(), compare=False)
    """Kinds of items of which an answer has no list: it may hold none, or does not show them."""

    def may_be(self, sent: Content) -> bool:
        """Whether, as far as this is shown, it is what was sent."""
        shown = replace(
            sent,
            item_ids=frozenset(item for item in sent.item_ids if item[0] not in self.unseen),
            priced=tuple(item for item in sent.priced if item[0] not in self.unseen),
        )
        return self == shown
