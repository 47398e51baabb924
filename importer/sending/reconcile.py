"""Settle invoices that may exist: by asking Kantata twice, and where its answers do not tell, by a person's word.

Nothing is sent. The look-ups and their limits are those of docs/kantata.md section 6: first by the external reference
that was sent with the invoice, then by project and time with its content compared. What is found counts at any time;
“not found” only by the rule of :mod:`importer.sending.presence`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from importer.kantata.deadline import LATEST_SECONDS
from importer.model.lifecycle import AWAITED, Event
from importer.model.plans import PlannedInvoice, Status
from importer.sending.absence import Inquiry, by_content, clock_was_ahead, with_doubts_of_absence
from importer.sending.presence import Look, Presence, hidden_words, look_for
from importer.sending.settlement import (
    Settlement,
    Verdict,
    found,
    too_early,
    triple_of,
    unclear,
)

if TYPE_CHECKING:
    from importer.kantata.client import KantataApi
    from importer.kantata.invoices import FoundInvoice, Reference
    from importer.ledger.ledger import SubmissionLedger
    from importer.ledger.rows import Doubt


LONGEST_WORK_SECONDS = 180
"""After which Kantata cuts a request off: docs/kantata.md section 1."""


def settle(
    doubts: Iterable[Doubt],
    ledger: SubmissionLedger,
    api: KantataApi,
    settle_seconds: float,
    now: datetime | None = None,
) -> tuple[Settlement, ...]:
    """Find out what became of each invoice. Changes nothing. Raises NotReached or AccessDenied.

    ``now`` is UTC without offset, by the clock of the ledger; the moment of the call when it is not given.
    """
    now = now or ledger.now()
    doubts = tuple(doubts)
    due = {doubt.reference: doubt for doubt in doubts if free_at(doubt, settle_seconds, now) <= now}
    creations = [doubt for doubt in due.values() if not doubt.being_undone]
    removals = {doubt.being_undone: doubt.workspace_ids for doubt in due.values() if doubt.being_undone}
    marked, look = _by_reference(creations, api, ledger), look_for(api, removals)
    asked = Inquiry(ledger, api, now, settle_seconds, frozenset(marked))

    settlements: list[Settlement] = []
    for doubt in doubts:
        if doubt.reference not in due:
            settlements.append(too_early(doubt, free_at(doubt, settle_seconds, now)))
        elif doubt.being_undone:
            settlements.append(_of_removal(doubt, doubt.being_undone, look))
        else:
            settlements.append(_of_creation(doubt, marked.get(triple_of(doubt), []), asked))
    return with_doubts_of_absence(settlements, asked)


def settle_twice(  # noqa: PLR0913, PLR0917 - what settle needs, and how its second look is noted and awaited
    references: Iterable[str] | None,
    ledger: SubmissionLedger,
    api: KantataApi,
    settle_seconds: float,
    run_id: str,
    wait: Callable[[float], bool],
    said: AbstractSet[str] = frozenset(),
) -> tuple[Settlement, ...]:
    """As :func:`settle`, for the doubts with these references, or all; a first look is noted, and the second one taken.

    ``wait`` waits so many seconds, and tells whether it did.
    Nothing is waited for where a person decides (``said``). What an undo left open counts too.
    """
    settlements = settle(ledger.open_questions(references), ledger, api, settle_seconds)
    note_settlements((each for each in settlements if each.status is Status.IN_DOUBT), ledger, run_id)
    open_now = ledger.open_questions(references)
    waiting = {each.doubt.reference for each in settlements if each.look_again_at} - said
    if waiting and wait(settle_seconds):
        return settle(open_now, ledger, api, settle_seconds)
    now = {doubt.reference: doubt for doubt in open_now}
    settled = []
    for each in settlements:
        settled.append(replace(each, doubt=now[each.doubt.reference], first_look=False, disagrees=False))
    return tuple(settled)


def note_settlements(settlements: Iterable[Settlement], ledger: SubmissionLedger, run_id: str) -> None:
    """Note what was found out. Raises LedgerProblem."""
    settlements = tuple(settlements)
    removed = {each.doubt.reference for each in settlements if each.event is Event.REMOVED}
    if removed:  # before anything is free to be sent again
        ledger.approvals.end_for(removed, run_id)
    for settlement in settlements:
        doubt, event = settlement.doubt, settlement.event
        if event is not None:
            ledger.conclude(doubt, event, run_id, settlement.reason, settlement.invoice_id or doubt.being_undone)


def with_outcome(planned: PlannedInvoice, settlements: Iterable[Settlement]) -> PlannedInvoice:
    """A planned invoice that is still in doubt, with what the look-up has found."""
    for settlement in settlements:
        if settlement.doubt.reference == planned.reference and planned.status is Status.IN_DOUBT:
            return replace(planned, reason=settlement.reason, what_to_do=settlement.what_to_do)
    return planned


def free_at(doubt: Doubt, settle_seconds: float, now: datetime) -> datetime:
    """The moment from which “not found” means something, UTC; ``now`` where the clock was far ahead at sending."""
    if clock_was_ahead(doubt, now):
        return now
    return doubt.tried_at + timedelta(seconds=settle_seconds + _until_it_left(doubt, settle_seconds))


def _until_it_left(doubt: Doubt, settle_seconds: float) -> float:
    """Seconds after its intent in which a request may still leave: where no answer is noted, that is not known.

    Who has set ``settle_seconds`` to less than Kantata may work on a request has decided otherwise.
    """
    if doubt.standing.reached_by in AWAITED and settle_seconds >= LONGEST_WORK_SECONDS:
        return LATEST_SECONDS
    return 0


def _by_reference(
    due: Sequence[Doubt], api: KantataApi, ledger: SubmissionLedger
) -> dict[Reference, list[FoundInvoice]]:
    """Invoices by their references, without those that were undone before they were sent again."""
    undone = ledger.undone_ids(doubt.reference for doubt in due)
    earlier = {triple_of(doubt): undone.get(doubt.reference, frozenset()) for doubt in due}
    marked: dict[Reference, list[FoundInvoice]] = {}
    for invoice in api.find_by_references(list(earlier)):
        for triple in set(invoice.triples):
            if not (invoice.cancelled and invoice.invoice_id in earlier.get(triple, ())):
                marked.setdefault(triple, []).append(invoice)
    return marked


def _of_creation(doubt: Doubt, marked: list[FoundInvoice], asked: Inquiry) -> Settlement:
    """Judge an invoice by those with its reference; without any, by its content."""
    live = [invoice.invoice_id for invoice in marked if not invoice.cancelled]
    if len(live) == 1:
        return found(doubt, live[0], f"Found in Kantata by its reference: invoice {live[0]}.")
    if len(live) > 1:
        return unclear(doubt, f"Kantata holds several invoices with its reference: {', '.join(live)}.")
    if marked:
        return unclear(doubt, f"Invoice {marked[0].invoice_id} has its reference, but was cancelled in Kantata.")
    return by_content(doubt, asked)


def _of_removal(doubt: Doubt, invoice_id: str, look: Look) -> Settlement:
    """Judge an invoice that an undo may have removed; its id tells."""
    which = f"Invoice {invoice_id}"
    match look.presence(invoice_id, doubt.workspace_ids):
        case Presence.SHOWN:
            reason = f"{which} is in Kantata still: the undo did not take it back."
            advice = f"If it is to go, run invoice-importer undo {doubt.run_id} again."
            return Settlement(doubt, Verdict.FOUND, reason, advice, invoice_id)
        case Presence.HIDDEN | Presence.TOO_RECENT:
            return unclear(doubt, f"{which} is not shown, but {hidden_words(doubt.workspace_ids, look.visible)}.")
        case Presence.CANCELLED:
            reason = f"{which} is undone: it was cancelled."
        case Presence.GONE:
            reason = f"{which} is undone: it is not in Kantata any more."
    return Settlement(doubt, Verdict.ABSENT, reason, "Submit the file again to bill its rows again.")
