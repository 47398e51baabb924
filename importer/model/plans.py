"""What would be done with each invoice, or what was, with its totals."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from importer.model.answers import ReadBack, TieOut
    from importer.model.invoices import Invoice, UnsoundInvoice


class Status(Enum):
    """What would be, or was, done with an invoice."""

    READY = "ready"
    CREATED = "created"
    ALREADY_CREATED = "already_created"
    REJECTED = "rejected"
    IN_DOUBT = "in_doubt"
    HELD = "held"
    NOT_SENT = "not_sent"

    __hash__ = object.__hash__
    """As that of :class:`~importer.model.invoices.ItemType`."""

    @property
    def words(self) -> str:
        """The status as a person reads it: “already created”."""
        return self.value.replace("_", " ")


@dataclass(frozen=True, slots=True)
class LineRecord:
    """The time entry, expense or milestone that a line names; shown only. None where Kantata does not say."""

    words: str | None = None
    """“Review with the client, 2026-10-27”."""
    priced: str | None = None
    """How a time entry is priced: “4:30 h × 95.00”."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What an invoice would be in Kantata, as far as Kantata shows its parts."""

    titles: tuple[str | None, ...]
    """Of its projects, in the order of their ids."""
    currency: str | None
    """Code such as EUR; None when it is not known, or not one."""
    total: Decimal | None
    """Main unit, tax excluded; None when any part of it is not known."""
    shares: tuple[Decimal | None, ...] = ()
    """What of it each of the projects is billed, in the order of their ids; empty when it was not reckoned."""
    prices: tuple[Decimal | None, ...] = field(default=(), compare=False)
    """What each line is billed, in the order of the sheet, rounded; empty when it was not reckoned."""
    records: tuple[LineRecord, ...] = field(default=(), compare=False)
    """What Kantata says of each line, in the order of the sheet; empty when it was not reckoned."""


WaitingPlace = tuple[int | None, str]
"""Project, None where it is not known yet, and invoice key."""


@dataclass(frozen=True, slots=True)
class LineMark:
    """A fixed fee or additional item, by what makes it like another one."""

    row: int
    """Row number as Excel shows it."""
    workspace_id: int
    wording: str
    """Short key of its kind and text."""
    amount: Decimal
    """Main currency unit."""
    text: str | None = None
    alike: int = 1
    """How many lines of this kind, text and amount the sheet holds, this one included."""
    key: str = ""
    """Of its invoice."""
    waiting: tuple[WaitingPlace, ...] = ()
    """Where the next lines like it stand in the sheet."""

    @property
    def likeness(self) -> tuple[str, Decimal]:
        """What it shares with lines like it, whatever their project."""
        return self.wording, self.amount

    @property
    def line(self) -> str:
        """What it shares with lines like it of its project, as the ledger looks for them."""
        return f"{self.workspace_id}/{self.wording}/{self.amount.normalize():f}"


@dataclass(frozen=True, slots=True)
class Released:
    """What a person sends although lines like its own were billed before."""

    all: bool = False
    """Whatever is held for such lines."""
    references: frozenset[str] = frozenset()
    """These invoices."""

    def covers(self, reference: str | None) -> bool:
        """Whether an invoice is among them."""
        return self.all or reference in self.references

    @property
    def options(self) -> list[str]:
        """As it is said on the command line."""
        words = ["--allow-repeats"] if self.all else []
        for reference in sorted(self.references):
            words += ["--allow-repeat", reference]
        return words


NOTHING_RELEASED = Released()


@dataclass(frozen=True, slots=True)
class PlannedInvoice:
    """An invoice with what would be done with it. What was done is an :class:`InvoiceResult`."""

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
    """What Kantata holds of an invoice that was created before."""
    earlier_id: str | None = None
    """Id of the earlier invoice that its status rests on."""
    found_in_kantata: bool = False
    """Already created, which the ledger did not know."""
    expected: Expected | None = None
    """None when Kantata was not asked."""
    tie_out: TieOut | None = None
    """None: not compared with what Kantata holds."""
    missing: bool = False
    """It was created, but Kantata, asked for it again, did not show it, which is too little to say that it is gone."""
    marks: tuple[LineMark, ...] = field(default=(), compare=False, repr=False)
    """Of its fixed fees and additional items."""
    releasable: bool = False
    """Held only because its like was billed before: a person's word releases it (``--allow-repeat``)."""

    @property
    def request_id(self) -> None:
        """A plan has no request."""
        return

    @property
    def differs(self) -> bool:
        """Whether Kantata holds something else than was sent."""
        return self.tie_out is not None and bool(self.tie_out.differences)


@dataclass(frozen=True, slots=True)
class InvoiceResult:
    """What became of a planned invoice that was to be sent. The plan stays as it was made."""

    plan: PlannedInvoice
    status: Status
    reason: str | None = None
    """Why it stands as it does, in plain words."""
    what_to_do: str | None = None
    invoice_id: str | None = None
    request_id: str | None = None
    """X-Request-Id: the only handle for the vendor's support."""
    read_back: ReadBack | None = None
    """What Kantata holds of it."""
    tie_out: TieOut | None = None
    """None: not compared with what Kantata holds."""

    @property
    def missing(self) -> bool:
        """Whether Kantata, asked for it again, did not show it."""
        return self.plan.missing

    @property
    def invoice(self) -> Invoice | UnsoundInvoice:
        """The invoice of the sheet."""
        return self.plan.invoice

    @property
    def reference(self) -> str | None:
        """Ledger key."""
        return self.plan.reference

    @property
    def fingerprint(self) -> str | None:
        """Hash of what was sent."""
        return self.plan.fingerprint

    @property
    def payload(self) -> dict[str, Any] | None:
        """Exact JSON body of the request."""
        return self.plan.payload

    @property
    def earlier_id(self) -> str | None:
        """Id of the earlier invoice that the plan rested on."""
        return self.plan.earlier_id

    @property
    def found_in_kantata(self) -> bool:
        """Already created, which the ledger did not know."""
        return self.plan.found_in_kantata

    @property
    def expected(self) -> Expected | None:
        """What it was expected to be in Kantata."""
        return self.plan.expected

    @property
    def differs(self) -> bool:
        """Whether Kantata holds something else than was sent."""
        return self.tie_out is not None and bool(self.tie_out.differences)


ReportedInvoice = PlannedInvoice | InvoiceResult
"""What a report says of an invoice: the plan where it was not touched, else what became of it."""


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
    lacking_amounts: int = 0
    """Rows whose amount is missing or cannot be read, so that they are in no sum."""
