"""What Kantata holds of an invoice, and how it differs from what was sent.

What came of sending an invoice.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importer.model.invoices import ItemType


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
    more: dict[str, object] = field(default_factory=dict)
    """What is not sent under this name but can be changed by a person, as the answer has it."""


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
    """What was sent but could not be read back, in words; then it is not known whether it is equal."""


@dataclass(frozen=True, slots=True)
class ReadBack:
    """What Kantata holds of a created invoice, read from its answer. None: it did not say."""

    number: str | None = None
    title: str | None = None
    status: str | None = None
    draft: bool | None = None
    currency: str | None = None
    items_amount: Decimal | None = None
    """Sum of the fixed-fee and additional items, main unit: comparable with the sheet's amount. None unless all of
    them were shown."""
    total: Decimal | None = None
    """Invoice total with time, expenses, milestones and tax, main unit."""
    due_date: str | None = None
    recipient: str | None = None
    shown: Shown | None = field(default=None, compare=False, repr=False)
    """Everything that was shown, for the tie-out."""


class OutcomeKind(Enum):
    """What a POST led to, as far as can be known (docs/kantata.md section 4)."""

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
    snapshot: str | None = None
    """Of a created invoice, what the answer shows of it, as one text for the ledger; None unless it shows all."""
    retry_after: float | None = None
    """Seconds that the server asked to wait."""

    def __post_init__(self) -> None:
        """A created invoice has an id, and nothing else has."""
        if (self.kind is OutcomeKind.CREATED) is (self.invoice_id is None):
            msg = f"outcome {self.kind.value} with invoice id {self.invoice_id}"
            raise ValueError(msg)
