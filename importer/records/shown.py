"""What Kantata holds of an invoice, and how it differs from what was sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from decimal import Decimal

    from importer.records.line_item import ItemType


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
    """Sum of the fixed-fee and additional items, main unit: comparable with the sheet's amount. None unless all of
    them were shown."""
    total: Decimal | None = None
    """Invoice total with time, expenses, milestones and tax, main unit."""
    due_date: str | None = None
    recipient: str | None = None
    shown: Shown | None = field(default=None, compare=False, repr=False)
    """Everything that was shown, for the tie-out."""
