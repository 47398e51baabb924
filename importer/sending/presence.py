"""Whether an invoice is in Kantata: the one rule for “gone”, and the look-up that it needs.

Not shown means gone only where this user sees the finances of all its projects, and only once Kantata had the time to
show it: docs/kantata.md section 6.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importer.kantata.client import KantataApi
    from importer.kantata.invoices import FoundInvoice


class Presence(Enum):
    """What Kantata's answer says of an invoice."""

    SHOWN = "shown"
    CANCELLED = "cancelled"
    GONE = "gone"
    """Not shown, and it would be if it were there."""
    HIDDEN = "hidden"
    """Not shown; the finances of some of its projects are hidden from this user."""
    TOO_RECENT = "too_recent"
    """Not shown; it was sent a moment ago."""


def presence(
    found: FoundInvoice | None, workspace_ids: Iterable[int], visible: AbstractSet[int], *, recent: bool = False
) -> Presence:
    """Judge an invoice by what Kantata shows of it; ``found`` is None when it shows nothing.

    ``visible``: projects whose finances this user sees. ``recent``: sent less than
    ``settle_seconds`` ago.
    """
    if found is not None:
        return Presence.CANCELLED if found.cancelled else Presence.SHOWN
    if recent:
        return Presence.TOO_RECENT
    return Presence.GONE if set(workspace_ids) <= visible else Presence.HIDDEN


@dataclass(frozen=True, slots=True)
class Look:
    """What Kantata shows of some invoices."""

    shown: Mapping[str, FoundInvoice]
    """By id; also cancelled ones."""
    visible: frozenset[int]
    """Projects of the absent invoices whose finances this user sees."""

    def presence(self, invoice_id: str, workspace_ids: Iterable[int], *, recent: bool = False) -> Presence:
        """Judge one of the invoices."""
        return presence(self.shown.get(invoice_id), workspace_ids, self.visible, recent=recent)


def look_for(api: KantataApi, wanted: Mapping[str, Collection[int]]) -> Look:
    """Ask Kantata for invoices by id; ``wanted`` gives the projects of each. Raises NotReached or AccessDenied."""
    shown = {found.invoice_id: found for found in api.find_by_ids(wanted)}
    projects: set[int] = set()
    for invoice_id, workspace_ids in wanted.items():
        if invoice_id not in shown:
            projects.update(workspace_ids)
    visible = frozenset(api.sees_finances_of(projects)) if projects else frozenset[int]()
    return Look(shown, visible)


def hidden_words(workspace_ids: Iterable[int], visible: AbstractSet[int]) -> str:
    """Say which finances are hidden, as the end of a sentence."""
    which = ", ".join(str(project_id) for project_id in sorted(set(workspace_ids) - visible))
    return f"this token may not see the finances of project {which}"


def sent_after(settle_seconds: float, now: datetime) -> datetime:
    """The moment after which an invoice was sent too recently to be called gone.

    As ``now``: by the clock of the ledger, UTC, without offset.
    """
    return now - timedelta(seconds=settle_seconds)
