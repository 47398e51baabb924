"""Whether invoices of earlier runs stand in Kantata as they were left. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING

from importer.model.lifecycle import OPEN, State
from importer.sending.presence import Look, Presence, hidden_words
from importer.sending.tieout import DRAFT, changed_since, tie_out

if TYPE_CHECKING:
    from importer.ledger.rows import RunRecord, SentInvoice
    from importer.model.answers import ReadBack, Shown

PAID = "accepted payment"
OF_ISSUING = frozenset({"draft", "title"})
"""Fields that change when a draft is issued; its title says that it is one."""


class InKantata(Enum):
    """How an invoice stands in Kantata; the value says it to a person."""

    AS_LEFT = "unchanged"
    ISSUED = "issued"
    PAID = "paid"
    EDITED = "edited"
    CANCELLED = "cancelled"
    GONE = "gone"
    NOT_SEEN = "not to be seen"
    IN_DOUBT = "in doubt"

    @property
    def is_amiss(self) -> bool:
        """Whether it is not as it was left; that a draft was issued, or an invoice paid, is what was meant."""
        return self not in (InKantata.AS_LEFT, InKantata.ISSUED, InKantata.PAID)


@dataclass(frozen=True, slots=True)
class Confirmed:
    """An invoice of an earlier run as it was read back."""

    run: RunRecord
    sent: SentInvoice
    standing: InKantata
    changes: tuple[str, ...] = ()
    """What is otherwise, in words."""
    held: ReadBack | None = None
    """What Kantata shows; None where it shows nothing."""

    @property
    def currency(self) -> str | None:
        """As Kantata shows it, else as the ledger has it."""
        return (self.held and self.held.currency) or self.sent.currency

    @property
    def total(self) -> Decimal | None:
        """What it comes to in Kantata, main unit, tax included; None where that is not shown."""
        return self.held.total if self.held else None


def confirmed(run: RunRecord, sent: SentInvoice, look: Look, recent_from: datetime) -> Confirmed | None:
    """Judge an invoice; None for one that does not exist any more as far as the ledger knows, or never did.

    What was sent after ``recent_from`` (UTC) is not gone because it is not shown.
    """
    if sent.state is State.FREE:
        return None
    if sent.invoice_id is None or sent.state in OPEN:
        return Confirmed(run, sent, InKantata.IN_DOUBT, ("Run reconcile first: whether it exists is not known.",))
    found = look.shown.get(sent.invoice_id)
    if found is None:
        return _absent(run, sent, look, recent=sent.sent_at > recent_from)
    if found.cancelled:
        return Confirmed(run, sent, InKantata.CANCELLED, held=found.read_back)
    shown = found.read_back.shown
    if shown is None:
        return Confirmed(run, sent, InKantata.NOT_SEEN, ("Kantata does not show its content.",), found.read_back)
    changes = tuple(_changes(sent, shown))
    return Confirmed(run, sent, _standing(sent, found.read_back, changes), changes, found.read_back)


def _absent(run: RunRecord, sent: SentInvoice, look: Look, *, recent: bool) -> Confirmed:
    match look.presence(sent.invoice_id or "", sent.workspace_ids, recent=recent):
        case Presence.GONE:
            return Confirmed(run, sent, InKantata.GONE, ("Kantata does not show it any more.",))
        case Presence.HIDDEN:
            why = f"{hidden_words(sent.workspace_ids, look.visible)}."
            return Confirmed(run, sent, InKantata.NOT_SEEN, (f"{why[0].upper()}{why[1:]}",))
        case _:
            return Confirmed(run, sent, InKantata.NOT_SEEN, ("It was sent too recently to be missed.",))


def _changes(sent: SentInvoice, shown: Shown) -> Iterator[str]:
    """What is otherwise than Kantata showed it at first; where that is not on record, than it was sent."""
    if sent.snapshot is not None:
        yield from changed_since(sent.snapshot, shown, passed_over=OF_ISSUING)
        return
    for difference in tie_out(sent.payload, shown).differences:
        if difference.what != DRAFT:
            yield f"{difference.what}: was {difference.sent}, is {difference.held}"


def _standing(sent: SentInvoice, held: ReadBack, changes: tuple[str, ...]) -> InKantata:
    if changes:
        return InKantata.EDITED
    if held.status == PAID:
        return InKantata.PAID
    was_draft = sent.payload["invoice"].get("draft") is True
    return InKantata.ISSUED if was_draft and held.draft is False else InKantata.AS_LEFT
