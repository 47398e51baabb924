"""What is known of earlier invoices."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from importer.records import ItemType, LedgerEntry

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from importer.records import Invoice

CREATED = "created"
UNSETTLED = frozenset({"sending", "in_doubt", "undoing"})
LIVE = UNSETTLED | {CREATED}
"""Ledger states in which an invoice exists in Kantata, or may."""

BilledItem = tuple[ItemType, int]
"""A time entry, expense or milestone, by its id."""
Place = tuple[str | None, int | None]
"""Invoice key; without one, the project."""


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What is known of earlier invoices of this account."""

    by_reference: Mapping[str, LedgerEntry] = field(default_factory=dict)
    by_fingerprint: Mapping[str, tuple[LedgerEntry, ...]] = field(default_factory=dict)
    """Live entries only."""
    by_item: Mapping[BilledItem, LedgerEntry] = field(default_factory=dict)
    """Live entries only."""
    near: Mapping[Place, tuple[LedgerEntry, ...]] = field(default_factory=dict)
    """Live entries only."""
    by_number: Mapping[int, LedgerEntry] = field(default_factory=dict)
    """Invoice number → the live entry that was sent with it."""
    gone: frozenset[str] = frozenset()
    """Ids of invoices that were cancelled or deleted in Kantata since: they bill nothing any more."""

    def sent_after(self, moment: datetime) -> frozenset[str]:
        """Ids of the earlier invoices that were sent after ``moment`` (UTC, without offset)."""
        several = (*self.by_fingerprint.values(), *self.near.values())
        single = (*self.by_reference.values(), *self.by_item.values(), *self.by_number.values())
        entries = itertools.chain(single, *several)
        return frozenset(
            one.invoice_id for one in entries if one.invoice_id is not None and one.sent_at and one.sent_at > moment
        )


def place_of(invoice: Invoice) -> Place:
    """Where an earlier version of the invoice would be found."""
    return (invoice.key, None if invoice.key is not None else invoice.workspace_ids[0])
