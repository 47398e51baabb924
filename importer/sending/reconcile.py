"""Settle invoices whose outcome is not known, by asking Kantata twice; send nothing.

The look-ups and their limits are those of docs/kantata.md section 6: first by the
external reference that was sent with the invoice, then by project and time with
its content compared. “Not found” means nothing before ``settle_seconds`` have
passed since sending, nor where this user may not see the project's finances.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from importer.kantata.payload import SERVICE_NAME, content_of
from importer.model.answers import Outcome, OutcomeKind
from importer.model.plans import PlannedInvoice, Status
from importer.sending.settlement import Settlement, Verdict, found_as, hidden_in, too_early, unclear

if TYPE_CHECKING:
    from collections.abc import Iterable

    from importer.kantata.client import KantataApi
    from importer.kantata.invoices import FoundInvoice
    from importer.ledger.ledger import SubmissionLedger
    from importer.ledger.rows import SentInvoice, Unsettled

CLOCK_MARGIN = timedelta(minutes=10)
"""How far this machine's clock may differ from Kantata's."""

MOST_NAMED = 5
"""Invoices that a reason names."""


def settle(
    doubts: Iterable[Unsettled],
    ledger: SubmissionLedger,
    api: KantataApi,
    settle_seconds: float,
    now: datetime | None = None,
) -> tuple[Settlement, ...]:
    """Find out what became of each invoice. Changes nothing. Raises NotReached or AccessDenied.

    ``now`` is UTC without offset; the moment of the call when it is not given.
    """
    now = now or datetime.now(UTC).replace(tzinfo=None)
    doubts = tuple(doubts)
    early = {one.reference: end for one in doubts if (end := free_at(one, settle_seconds, now)) > now}
    due = [one for one in doubts if one.reference not in early]
    undos = _of_undos([one for one in due if one.being_undone], api)
    by_triple = _by_triple([one for one in due if not one.being_undone], api, ledger)

    def verdict(one: Unsettled) -> Settlement:
        if end := early.get(one.reference):
            return too_early(one, end)
        return undos.get(one.reference) or _settled(one, by_triple, ledger, api)

    found = _each_for_itself(verdict(one) for one in doubts)
    return _seen_through(tuple(_timed(one, now) for one in found), ledger, api)


def _seen_through(
    settlements: tuple[Settlement, ...], ledger: SubmissionLedger, api: KantataApi
) -> tuple[Settlement, ...]:
    """Call nothing absent while Kantata does not show what it surely created in the same run either.

    Nobody has documented how long its lists may lag; ``settle_seconds`` is a guess that this can refute.
    """
    absent = [one for one in settlements if one.verdict is Verdict.ABSENT and not one.doubt.being_undone]
    sent = {run_id: ledger.undoing.sent_in(run_id) for run_id in {one.doubt.run_id for one in absent}}
    beside = {one.doubt.reference: _sent_beside(one.doubt, sent[one.doubt.run_id]) for one in absent}
    asked = frozenset[str]().union(*beside.values())
    shown = {found.invoice_id for found in api.find_by_ids(asked)} if asked else set()

    def sure(one: Settlement) -> Settlement:
        known = beside.get(one.doubt.reference)
        if not known or shown & known:
            return one
        reason = f"Not found, but Kantata does not show invoice {', '.join(sorted(known))} of the same run either."
        return unclear(one.doubt, f"{reason} Its lists may lag behind.")

    return tuple(map(sure, settlements))


def _sent_beside(doubt: Unsettled, sent: list[SentInvoice]) -> frozenset[str]:
    """Ids of invoices that were created in the same run: the first ones after it, else the last ones before."""
    moments = {one.invoice_id: one.sent_at for one in sent if one.state == "created" and one.invoice_id and one.sent_at}
    created = sorted(moments, key=moments.__getitem__)
    later = [number for number in created if moments[number] >= doubt.sent_at][:MOST_NAMED]
    return frozenset(later or created[-MOST_NAMED:])


def _each_for_itself(settlements: Iterable[Settlement]) -> tuple[Settlement, ...]:
    """One invoice in Kantata cannot be two of ours: then nobody knows which one it is."""
    settlements = tuple(settlements)
    times = Counter(one.invoice_id for one in settlements)
    return tuple(
        unclear(one.doubt, f"Invoice {one.invoice_id} in Kantata could be this one, or another one in doubt.")
        if one.invoice_id is not None and times[one.invoice_id] > 1
        else one
        for one in settlements
    )


def free_at(doubt: Unsettled, settle_seconds: float, now: datetime) -> datetime:
    """The moment from which “not found” means something, UTC; ``now`` where the clock was far ahead at sending."""
    return now if _ahead(doubt, now) else doubt.sent_at + timedelta(seconds=settle_seconds)


def _ahead(doubt: Unsettled, now: datetime) -> bool:
    """Whether this machine's clock has been put back since: then nobody can tell how long ago it was sent."""
    return doubt.sent_at > now + CLOCK_MARGIN


def _timed(one: Settlement, now: datetime) -> Settlement:
    """What is found counts at any time; “not found” only where it is known when the invoice was sent."""
    if one.verdict is not Verdict.ABSENT or not _ahead(one.doubt, now):
        return one
    reason = f"Not found, but by this machine's clock it was sent on {one.doubt.sent_at:%Y-%m-%d at %H:%M} UTC."
    return unclear(one.doubt, f"{reason} The clock was ahead then, so nobody knows how long ago that was.")


def apply(settlements: Iterable[Settlement], ledger: SubmissionLedger, run_id: str) -> None:
    """Note what was found out: a found invoice is created, one absent twice may be sent again."""
    settlements = tuple(settlements)
    undone = {one.doubt.reference for one in settlements if one.doubt.being_undone and one.verdict is Verdict.ABSENT}
    if undone:  # before anything is free to be sent again
        ledger.approvals.end_for(undone, run_id)
    for one in settlements:
        if one.doubt.being_undone:
            if one.verdict in (Verdict.FOUND, Verdict.ABSENT):
                ledger.undoing.settle(one.doubt, run_id, one.reason, there=one.verdict is Verdict.FOUND)
        elif one.verdict is Verdict.FOUND:
            outcome = Outcome(OutcomeKind.CREATED, one.reason, invoice_id=one.invoice_id)
            ledger.conclude(one.doubt.reference, run_id, outcome, by_hand=one.by_hand)
        elif one.verdict is Verdict.ABSENT:
            outcome = Outcome(OutcomeKind.REFUSED_FOR_NOW, one.reason)
            ledger.conclude(one.doubt.reference, run_id, outcome, by_hand=one.by_hand)


def told(planned: PlannedInvoice, settlements: Iterable[Settlement]) -> PlannedInvoice:
    """A planned invoice that is still in doubt, with what the look-up has found."""
    for one in settlements:
        if one.doubt.reference == planned.reference and planned.status is Status.IN_DOUBT:
            return replace(planned, reason=one.reason, what_to_do=one.what_to_do)
    return planned


def _triple_of(doubt: Unsettled) -> tuple[str, str, str]:
    reference = doubt.payload["invoice"]["external_reference"]
    return (reference["service_name"], reference["service_model"], reference["service_model_ref"])


def _by_triple(
    due: list[Unsettled], api: KantataApi, ledger: SubmissionLedger
) -> dict[tuple[str, str, str], list[FoundInvoice]]:
    """Invoices by their references, without those that were undone before they were sent again."""
    found: dict[tuple[str, str, str], list[FoundInvoice]] = {}
    if due:
        undone = ledger.undoing.undone_ids(one.reference for one in due)
        earlier = {_triple_of(one): undone.get(one.reference, frozenset()) for one in due}
        for invoice in api.find_by_references(list(earlier)):
            for triple in set(invoice.triples):
                if not (invoice.cancelled and invoice.invoice_id in earlier.get(triple, ())):
                    found.setdefault(triple, []).append(invoice)
    return found


def _settled(
    doubt: Unsettled,
    by_triple: dict[tuple[str, str, str], list[FoundInvoice]],
    ledger: SubmissionLedger,
    api: KantataApi,
) -> Settlement:
    marked = by_triple.get(_triple_of(doubt), [])
    live = [one.invoice_id for one in marked if not one.cancelled]
    if len(live) == 1:
        return found_as(doubt, live[0], f"Found in Kantata by its reference: invoice {live[0]}.")
    if len(live) > 1:
        return unclear(doubt, f"Kantata holds several invoices with its reference: {', '.join(live)}.")
    if marked:
        return unclear(doubt, f"Invoice {marked[0].invoice_id} has its reference, but was cancelled in Kantata.")
    return _second_look(doubt, ledger, api)


def _of_undos(due: list[Unsettled], api: KantataApi) -> dict[str, Settlement]:
    """By reference: whether invoices that an undo may have taken back exist; their ids say so."""
    if not due:
        return {}
    shown = {found.invoice_id: found for found in api.find_by_ids(one.being_undone or "" for one in due)}
    absent = {number for one in due if one.being_undone not in shown for number in one.workspace_ids}
    visible = frozenset(api.sees_finances_of(absent)) if absent else frozenset()
    return {one.reference: _of_undo(one, shown.get(one.being_undone or ""), visible) for one in due}


def _of_undo(doubt: Unsettled, found: FoundInvoice | None, visible: frozenset[int]) -> Settlement:
    which = f"Invoice {doubt.being_undone}"
    if found is not None and not found.cancelled:
        reason = f"{which} is in Kantata still: the undo did not take it back."
        advice = f"If it is to go, run invoice-importer undo {doubt.run_id} again."
        return Settlement(doubt, Verdict.FOUND, reason, advice, doubt.being_undone)
    if found is None and (hidden := sorted(set(doubt.workspace_ids) - visible)):
        return hidden_in(doubt, f"{which} is not shown", hidden)
    reason = f"{which} is undone: it {'was cancelled' if found else 'is not in Kantata any more'}."
    return Settlement(doubt, Verdict.ABSENT, reason, "Submit the file again to bill its rows anew.")


def _second_look(doubt: Unsettled, ledger: SubmissionLedger, api: KantataApi) -> Settlement:
    content = content_of(doubt.payload)
    since = doubt.sent_at - CLOCK_MARGIN
    near = {
        one.invoice_id: one.content if one.content == content else None
        for one in api.invoices_of(doubt.workspace_ids[0], since)
        if not one.cancelled and (one.content is None or one.content.may_be(content)) and not _is_another(one, doubt)
    }
    known = ledger.references_of(near)
    near = {one: held for one, held in near.items() if known.get(one, doubt.reference) == doubt.reference}
    alike = [one for one, held in near.items() if held is not None]
    if len(alike) == 1:
        return found_as(doubt, alike[0], f"Found in Kantata by its content: invoice {alike[0]}.")
    if alike:
        return unclear(doubt, f"Several invoices in Kantata have just its content: {', '.join(alike)}.")
    if near:
        which = ", ".join(list(near)[:MOST_NAMED])
        return unclear(doubt, f"Not found, but Kantata does not show all the content of invoice {which}.")
    hidden = sorted(set(doubt.workspace_ids) - api.sees_finances_of(doubt.workspace_ids))
    if hidden:
        return hidden_in(doubt, "Not found", hidden)
    reason = "Not found in Kantata, neither by its reference nor by its content: it was not created."
    return Settlement(doubt, Verdict.ABSENT, reason, "Submit the file again to bill it.")


def _is_another(found: FoundInvoice, doubt: Unsettled) -> bool:
    """Whether an invoice carries a reference of the same kind, or of this program: then it is one of the others."""
    return any(triple[0] in (SERVICE_NAME, _triple_of(doubt)[0]) for triple in found.triples)
