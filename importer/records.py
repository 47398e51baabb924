"""The records that flow from step to step: frozen, typed, money as Decimal."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum, IntEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import date, datetime


class ExitCode(IntEnum):
    """How the process ends; see the table in the README."""

    DONE = 0
    UNEXPECTED = 1
    WRONG_USE = 2
    FILE_PROBLEMS = 3
    SOME_NOT_SENT = 4
    ACCESS = 5
    UNREACHABLE = 6
    LOCKED = 7
    IN_DOUBT = 8
    GATE = 9
    INTERRUPTED = 130
    TERMINATED = 143


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


class Status(Enum):
    """What would be, or was, done with an invoice."""

    READY = "ready"
    CREATED = "created"
    ALREADY_CREATED = "already_created"
    REJECTED = "rejected"
    IN_DOUBT = "in_doubt"
    HELD = "held"
    NOT_SENT = "not_sent"


@dataclass(frozen=True, slots=True)
class Content:
    """What an invoice bills, by which it is recognised without its reference."""

    workspace_ids: frozenset[int]
    item_ids: frozenset[tuple[ItemType, int]]
    """Time entries, expenses and milestones."""
    priced: tuple[tuple[ItemType, Decimal, str], ...]
    """Fixed-fee and additional items: type, amount in the main unit, notes with single blanks; sorted."""


@dataclass(frozen=True, slots=True)
class ShownItem:
    """A fixed-fee or additional item as Kantata shows it."""

    item_type: ItemType
    amount: Decimal | None
    """Main currency unit; None when the answer has none that can be read."""
    notes: str
    """With single blanks; empty when there are none."""
    fields: dict[str, object]
    """taxable, story_id and workspace_id as the answer has them; an absent one was not shown."""


@dataclass(frozen=True, slots=True)
class Shown:
    """All that Kantata's answer shows of an invoice, to be compared with what was sent."""

    header: dict[str, object]
    """Header fields by their API names, as the answer has them; an absent one was not shown."""
    workspace_ids: frozenset[int] | None
    """None: not shown."""
    item_ids: dict[ItemType, frozenset[int]]
    """Time entries, expenses and milestones; a list that was not shown is absent."""
    items: tuple[ShownItem, ...] | None
    """None: not shown, or not all of them."""
    status: str | None = None
    created_at: str | None = None
    """ISO 8601, as the answer has it."""
    updated_at: str | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that Kantata holds otherwise than it was sent."""

    what: str
    """In words: amount of “Retainer”."""
    sent: str
    held: str
    is_amount: bool = False


@dataclass(frozen=True, slots=True)
class TieOut:
    """What the comparison of an invoice in Kantata with what was sent has shown."""

    differences: tuple[Difference, ...] = ()
    unread: tuple[str, ...] = ()
    """What was sent but could not be read back, in words; then nobody knows that it is equal."""


@dataclass(frozen=True, slots=True)
class ReadBack:
    """What Kantata holds of a created invoice, read from its answer. None: it did not say."""

    number: str | None = None
    title: str | None = None
    status: str | None = None
    draft: bool | None = None
    currency: str | None = None
    items_amount: Decimal | None = None
    """Sum of the fixed-fee and additional items, main unit: comparable with the sheet's amount."""
    total: Decimal | None = None
    """Invoice total with time, expenses, milestones and tax, main unit."""
    due_date: str | None = None
    recipient: str | None = None
    shown: Shown | None = field(default=None, compare=False, repr=False)
    """Everything that was shown, for the tie-out."""


class OutcomeKind(Enum):
    """What a POST led to, as far as can be known (kantata-api.md section 4)."""

    CREATED = "created"
    REJECTED = "rejected"
    """Kantata refuses this invoice; nothing was created."""
    REFUSED_FOR_NOW = "refused_for_now"
    """Throttled, or never connected; nothing was created, it is safe to send again."""
    TOKEN_REFUSED = "token_refused"  # noqa: S105 - the name of an outcome
    """Stop the run; nothing was created."""
    UNKNOWN = "unknown"
    """The invoice may or may not exist; never send again before it is settled."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer to one POST, classified."""

    kind: OutcomeKind
    message: str = ""
    """Kantata's own words, or what happened on the way."""
    http_status: int | None = None
    request_id: str | None = None
    """X-Request-Id: the only handle for the vendor's support."""
    raw: str = ""
    """Body as received, for the ledger; empty for a created invoice."""
    invoice_id: str | None = None
    """Set exactly when the invoice was created."""
    read_back: ReadBack | None = None
    retry_after: float | None = None
    """Seconds that the server asked to wait."""

    def __post_init__(self) -> None:
        """A created invoice has an id, and nothing else has."""
        if (self.kind is OutcomeKind.CREATED) is (self.invoice_id is None):
            msg = f"outcome {self.kind.value} with invoice id {self.invoice_id}"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class Expected:
    """What an invoice would be in Kantata, as far as Kantata shows its parts."""

    titles: tuple[str | None, ...]
    """Of its projects, in the order of their ids."""
    currency: str | None
    """Code such as EUR; None when it is not known, or not one."""
    total: Decimal | None
    """Main unit, tax excluded; None when any part of it is not known."""


@dataclass(frozen=True, slots=True)
class PlannedInvoice:
    """An invoice with what would be done with it, or what was."""

    invoice: Invoice | UnsoundInvoice
    status: Status
    reference: str | None = None
    """Ledger key; None only when the invoice is unsound."""
    fingerprint: str | None = None
    payload: dict[str, Any] | None = None
    """Exact JSON body of the request; None only when the invoice is unsound."""
    reason: str | None = None
    """Why it stands as it does, in plain words."""
    what_to_do: str | None = None
    invoice_id: str | None = None
    read_back: ReadBack | None = None
    request_id: str | None = None
    earlier_id: str | None = None
    """Id of the earlier invoice that its status rests on."""
    found_in_kantata: bool = False
    """Already created, which the ledger did not know."""
    expected: Expected | None = None
    """None when Kantata was not asked."""
    tie_out: TieOut | None = None
    """None: not compared with what Kantata holds."""

    @property
    def differs(self) -> bool:
        """Whether Kantata holds something else than was sent."""
        return self.tie_out is not None and bool(self.tie_out.differences)


@dataclass(frozen=True, slots=True)
class Source:
    """The file that a run reads."""

    path: str
    sheet: str | None
    """Sheet name, or the file's name for CSV; None when no sheet was reached."""
    sha256: str
    rows: int
    """Number of non-blank data rows."""


@dataclass(frozen=True, slots=True)
class Totals:
    """Control totals: what the accountant compares with the books."""

    rows: int
    invoices: int
    amount: Decimal
    """Sum of all readable amounts in the sheet, main currency unit."""
    by_status: dict[Status, int] = field(default_factory=dict)
    amount_by_status: dict[Status, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SeenHeader:
    """A header of a sheet as the ledger remembers it; never a value of a cell."""

    text: str
    column: str | None
    """Name of the known column that it was read as."""
    filled: bool
    """Whether any row held a value below it."""


@dataclass(frozen=True, slots=True)
class EarlierHeaders:
    """The headers of an earlier submit."""

    started_at: datetime
    """UTC, without offset."""
    path: str
    headers: tuple[SeenHeader, ...]
    """In the order of the sheet."""


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """What the ledger knows of one invoice of one account."""

    reference: str
    fingerprint: str
    batch: str
    state: str
    run_id: str
    """The run that sent it last."""
    sent_at: datetime | None
    invoice_id: str | None
    rows: tuple[int, ...] = ()
    error: str | None = None
    key: str | None = None
    workspace_ids: tuple[int, ...] = ()
    amount: Decimal = Decimal(0)
    invoice_date: str | None = None
    """As sent: year-month-day."""
    source_sha256: str = ""
    """Of the file that it was last sent from."""
