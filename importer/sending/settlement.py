"""What became of an invoice that was in doubt, in the ledger's words and in those for people. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import Enum
from typing import TYPE_CHECKING, assert_never

from importer.kantata.invoices import Reference, reference_in
from importer.model.lifecycle import Event, Fate
from importer.model.plans import Status

if TYPE_CHECKING:
    from importer.ledger.rows import Doubt, SentInvoice

BILL_IT = "Submit the file again to bill it."


class Verdict(Enum):
    """What is known of an invoice that was in doubt."""

    FOUND = "found"
    ABSENT = "absent"
    UNCLEAR = "unclear"
    TOO_EARLY = "too_early"


@dataclass(frozen=True, slots=True)
class Settlement:
    """The verdict about one invoice, and why."""

    doubt: Doubt
    verdict: Verdict
    reason: str
    what_to_do: str | None = None
    invoice_id: str | None = None
    """Set exactly when the invoice was found."""
    first_look: bool = False
    """Whether it was not found for the first time, and a second look has to agree."""
    disagrees: bool = False
    """Whether an earlier look did not find it, and this one does not tell: then both looks begin again."""
    look_again_at: datetime | None = None
    """When that second look counts, UTC without offset; None when none is awaited."""
    by_hand: bool = False
    """Whether a person said so, where no answer of Kantata did."""

    @property
    def status(self) -> Status:
        """The status that follows."""
        match self.verdict:
            case Verdict.FOUND:
                return Status.CREATED
            case Verdict.ABSENT:
                return Status.READY
            case Verdict.UNCLEAR | Verdict.TOO_EARLY:
                return Status.IN_DOUBT
            case _:
                assert_never(self.verdict)

    @property
    def still_to_undo(self) -> bool:
        """Whether it exists, although an undo wanted it gone while it was in doubt."""
        return self.verdict is Verdict.FOUND and self.doubt.standing.taken_back and not self.doubt.being_undone

    @property
    def event(self) -> Event | None:
        """What the ledger notes; None when that is nothing new."""
        if self.status is Status.IN_DOUBT:
            if self.disagrees:
                return Event.UNCLEAR
            return Event.NOT_FOUND if self.first_look else None
        found, absent = Event.FOUND, Event.ABSENT
        if self.doubt.being_undone:
            found, absent = Event.STILL_THERE, Event.REMOVED
        elif self.by_hand:
            found, absent = Event.SAID_BILLED, Event.SAID_NOT_BILLED
        return found if self.verdict is Verdict.FOUND else absent

    @property
    def fate(self) -> Fate:
        """What has become of the invoice."""
        match self.verdict:
            case Verdict.FOUND:
                return Fate.NOT_UNDONE if self.doubt.being_undone else Fate.BILLED
            case Verdict.ABSENT:
                return Fate.UNDONE if self.doubt.being_undone else Fate.NOT_BILLED
            case Verdict.UNCLEAR | Verdict.TOO_EARLY:
                return Fate.IN_DOUBT
            case _:
                assert_never(self.verdict)


def triple_of(doubt: Doubt | SentInvoice) -> Reference:
    """The external reference that was sent with an invoice."""
    return reference_in(doubt.payload["invoice"])


# --- verdicts in words ---


def found(doubt: Doubt, invoice_id: str, reason: str) -> Settlement:
    """It exists."""
    return Settlement(doubt, Verdict.FOUND, reason, undo_advice(doubt), invoice_id)


def undo_advice(doubt: Doubt) -> str | None:
    """What to do with an invoice that exists and was to be undone; None for any other."""
    if not doubt.standing.taken_back:
        return None
    return f"You wanted it undone: run invoice-importer undo {doubt.run_id} again."


def unclear(doubt: Doubt, reason: str) -> Settlement:
    """No answer of Kantata tells; a person looks, and says what it is."""
    which = doubt.being_undone or "ID"
    advice = (
        "It is not sent again before it is settled. Look at it in Kantata, then say what became of it: "
        f'invoice-importer reconcile --not-billed "{doubt.reference}", or --billed "{doubt.reference}={which}"'
    )
    if not doubt.being_undone:
        advice += " with the number at the end of the invoice's web address."
    return Settlement(doubt, Verdict.UNCLEAR, reason, advice)


def not_found_once(doubt: Doubt, again: datetime, *, first: bool) -> Settlement:
    """Not found so far; it counts as absent when it is not found once more at ``again``, UTC without offset."""
    local = again.replace(tzinfo=UTC).astimezone()
    reason = "Not found so far, but no other invoice of its run shows that Kantata would find it by now."
    known = unclear(doubt, reason)
    advice = f"Run reconcile again after {local:%H:%M:%S}: a second look settles it. {known.what_to_do}"
    return replace(known, what_to_do=advice, first_look=first, look_again_at=again)


def too_early(doubt: Doubt, end: datetime) -> Settlement:
    """Nothing is certain before ``end``, UTC without offset."""
    local = end.replace(tzinfo=UTC).astimezone()
    what, command = "Sent", "reconcile or submit"
    if doubt.being_undone:
        what, command = "Undone", "reconcile"
    reason = f"{what} so recently that nothing is certain before {local:%H:%M:%S}."
    return Settlement(doubt, Verdict.TOO_EARLY, reason, f"Run {command} again after {local:%H:%M:%S}.")
