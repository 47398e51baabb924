"""Settle invoices that may exist: by asking Kantata twice, and where its answers do not tell, by a person's word.

Nothing is sent. The look-ups and their limits are those of docs/kantata.md section 6: first by the external reference
that was sent with the invoice, then by project and time with its content compared. What is found counts at any time;
“not found” only by the rule of :mod:`importer.sending.presence`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Any, assert_never

from importer.kantata.payload import SERVICE_NAME, content_of
from importer.model.lifecycle import Event, State
from importer.model.plans import PlannedInvoice, Status
from importer.sending.presence import Look, Presence, hidden_words, look_for, presence

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from importer.kantata.client import KantataApi
    from importer.kantata.invoices import FoundInvoice
    from importer.ledger.ledger import SubmissionLedger
    from importer.ledger.rows import Doubt

CLOCK_MARGIN = timedelta(minutes=10)
"""How far this machine's clock may differ from Kantata's."""
MOST_NAMED = 5
"""Invoices that a reason names."""
OUTCOMES = ("in doubt still", "not billed", "not undone", "billed", "undone")
"""What may have become of an invoice, the most urgent first."""
BILL_IT = "Submit the file again to bill it."

Triple = tuple[str, str, str]
"""An external reference: service name, service model, reference."""


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
        """What the ledger notes; None while the invoice stays in doubt."""
        if self.status is Status.IN_DOUBT:
            return None
        found, absent = Event.FOUND, Event.ABSENT
        if self.doubt.being_undone:
            found, absent = Event.STILL_THERE, Event.REMOVED
        elif self.by_hand:
            found, absent = Event.SAID_BILLED, Event.SAID_NOT_BILLED
        return found if self.verdict is Verdict.FOUND else absent

    @property
    def words(self) -> str:
        """What became of it, one of :data:`OUTCOMES`."""
        match self.event:
            case None:
                return "in doubt still"
            case Event.STILL_THERE:
                return "not undone"
            case Event.REMOVED:
                return "undone"
            case Event.FOUND | Event.SAID_BILLED:
                return "billed"
            case _:
                return "not billed"


# --- asking Kantata ---


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

    settlements: list[Settlement] = []
    for doubt in doubts:
        if doubt.reference not in due:
            settlements.append(_too_early(doubt, free_at(doubt, settle_seconds, now)))
        elif doubt.being_undone:
            settlements.append(_of_removal(doubt, doubt.being_undone, look))
        else:
            settlements.append(_of_creation(doubt, marked.get(_triple_of(doubt), []), ledger, api))
    return _doubted(settlements, ledger, api, now)


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
    if _clock_was_ahead(doubt, now):
        return now
    return doubt.sent_at + timedelta(seconds=settle_seconds)


def _clock_was_ahead(doubt: Doubt, now: datetime) -> bool:
    """Whether this machine's clock has been put back since: then it is not known how long ago it was sent."""
    return doubt.sent_at > now + CLOCK_MARGIN


def _triple_of(doubt: Doubt) -> Triple:
    return _triple_in(doubt.payload["invoice"])


def _triple_in(body: Mapping[str, Any]) -> Triple:
    reference = body["external_reference"]
    return (reference["service_name"], reference["service_model"], reference["service_model_ref"])


def _by_reference(due: Sequence[Doubt], api: KantataApi, ledger: SubmissionLedger) -> dict[Triple, list[FoundInvoice]]:
    """Invoices by their references, without those that were undone before they were sent again."""
    undone = ledger.undone_ids(doubt.reference for doubt in due)
    earlier = {_triple_of(doubt): undone.get(doubt.reference, frozenset()) for doubt in due}
    found: dict[Triple, list[FoundInvoice]] = {}
    for invoice in api.find_by_references(list(earlier)):
        for triple in set(invoice.triples):
            if not (invoice.cancelled and invoice.invoice_id in earlier.get(triple, ())):
                found.setdefault(triple, []).append(invoice)
    return found


def _of_creation(doubt: Doubt, marked: list[FoundInvoice], ledger: SubmissionLedger, api: KantataApi) -> Settlement:
    """Judge an invoice by those with its reference; without any, by its content."""
    live = [invoice.invoice_id for invoice in marked if not invoice.cancelled]
    if len(live) == 1:
        return _found(doubt, live[0], f"Found in Kantata by its reference: invoice {live[0]}.")
    if len(live) > 1:
        return _unclear(doubt, f"Kantata holds several invoices with its reference: {', '.join(live)}.")
    if marked:
        return _unclear(doubt, f"Invoice {marked[0].invoice_id} has its reference, but was cancelled in Kantata.")
    return _by_content(doubt, ledger, api)


def _by_content(doubt: Doubt, ledger: SubmissionLedger, api: KantataApi) -> Settlement:
    """Judge an invoice whose reference Kantata does not show by the others of its project."""
    alike, possible = _candidates(doubt, ledger, api)
    if len(alike) == 1:
        return _found(doubt, alike[0], f"Found in Kantata by its content: invoice {alike[0]}.")
    if alike:
        return _unclear(doubt, f"Several invoices in Kantata have just its content: {', '.join(alike)}.")
    if possible:
        which = ", ".join(possible[:MOST_NAMED])
        return _unclear(doubt, f"Not found, but Kantata does not show all the content of invoice {which}.")

    visible = api.sees_finances_of(doubt.workspace_ids)
    if presence(None, doubt.workspace_ids, visible) is Presence.HIDDEN:
        return _unclear(doubt, f"Not found, but {hidden_words(doubt.workspace_ids, visible)}.")
    reason = "Not found in Kantata, neither by its reference nor by its content: it was not created."
    return Settlement(doubt, Verdict.ABSENT, reason, BILL_IT)


def _candidates(doubt: Doubt, ledger: SubmissionLedger, api: KantataApi) -> tuple[list[str], list[str]]:
    """Ids of invoices that are no other one's: those with just its content, and those that are not shown whole."""
    content = content_of(doubt.payload)
    near: dict[str, FoundInvoice] = {}
    for invoice in api.invoices_of(doubt.workspace_ids[0], doubt.sent_at - CLOCK_MARGIN):
        may_be = invoice.content is None or invoice.content.may_be(content)
        if may_be and not invoice.cancelled and not _is_another(invoice, doubt):
            near[invoice.invoice_id] = invoice
    known = ledger.references_of(near)
    alike: list[str] = []
    possible: list[str] = []
    for invoice_id, invoice in near.items():
        if known.get(invoice_id, doubt.reference) == doubt.reference:
            found = alike if invoice.content == content else possible
            found.append(invoice_id)
    return alike, possible


def _is_another(found: FoundInvoice, doubt: Doubt) -> bool:
    """Whether an invoice carries a reference of the same kind, or of this program: then it is one of the others."""
    return any(triple[0] in (SERVICE_NAME, _triple_of(doubt)[0]) for triple in found.triples)


def _of_removal(doubt: Doubt, invoice_id: str, look: Look) -> Settlement:
    """Judge an invoice that an undo may have removed; its id tells."""
    which = f"Invoice {invoice_id}"
    match look.presence(invoice_id, doubt.workspace_ids):
        case Presence.SHOWN:
            reason = f"{which} is in Kantata still: the undo did not take it back."
            advice = f"If it is to go, run invoice-importer undo {doubt.run_id} again."
            return Settlement(doubt, Verdict.FOUND, reason, advice, invoice_id)
        case Presence.HIDDEN | Presence.TOO_RECENT:
            return _unclear(doubt, f"{which} is not shown, but {hidden_words(doubt.workspace_ids, look.visible)}.")
        case Presence.CANCELLED:
            reason = f"{which} is undone: it was cancelled."
        case Presence.GONE:
            reason = f"{which} is undone: it is not in Kantata any more."
    return Settlement(doubt, Verdict.ABSENT, reason, "Submit the file again to bill its rows again.")


# --- doubting the verdicts ---


def _doubted(
    settlements: Sequence[Settlement], ledger: SubmissionLedger, api: KantataApi, now: datetime
) -> tuple[Settlement, ...]:
    """The verdicts, each unclear where something speaks against it."""
    timed = (_unless_clock_was_ahead(settlement, now) for settlement in _one_invoice_each(settlements))
    return _unless_lists_lag(tuple(timed), ledger, api)


def _one_invoice_each(settlements: Sequence[Settlement]) -> Iterable[Settlement]:
    """One invoice in Kantata cannot be two of ours: then it is not known which one it is."""
    times = Counter(settlement.invoice_id for settlement in settlements)
    for settlement in settlements:
        number = settlement.invoice_id
        if number is not None and times[number] > 1:
            reason = f"Invoice {number} in Kantata could be this one, or another one in doubt."
            yield _unclear(settlement.doubt, reason)
        else:
            yield settlement


def _unless_clock_was_ahead(settlement: Settlement, now: datetime) -> Settlement:
    """What is found counts at any time; “not found” only where it is known when the invoice was sent."""
    doubt = settlement.doubt
    if settlement.verdict is not Verdict.ABSENT or not _clock_was_ahead(doubt, now):
        return settlement
    reason = f"Not found, but by this machine's clock it was sent on {doubt.sent_at:%Y-%m-%d at %H:%M} UTC."
    return _unclear(doubt, f"{reason} The clock was ahead then, so it is not known how long ago that was.")


def _unless_lists_lag(
    settlements: tuple[Settlement, ...], ledger: SubmissionLedger, api: KantataApi
) -> tuple[Settlement, ...]:
    """Call nothing absent while Kantata does not show what it surely created in the same run either.

    It is not documented how long its lists may lag; ``settle_seconds`` is a guess that this can refute. They are asked
    for by the same kind of query, their references: what is fetched by its id may be there long before a filter
    finds it, and a filter may miss what Kantata stored in another way.
    """
    beside: dict[str, dict[Triple, str]] = {}
    for settlement in settlements:
        if settlement.event is Event.ABSENT:
            beside[settlement.doubt.reference] = _created_beside(settlement.doubt, ledger)
    shown = _shown_now(settlements, beside, api)

    sure: list[Settlement] = []
    for settlement in settlements:
        reason = None
        if settlement.doubt.reference in beside:
            reason = _why_lagging(settlement.doubt, beside[settlement.doubt.reference], shown)
        sure.append(settlement if reason is None else _unclear(settlement.doubt, reason))
    return tuple(sure)


def _shown_now(
    settlements: Iterable[Settlement], beside: Mapping[str, Mapping[Triple, str]], api: KantataApi
) -> set[Triple]:
    """Which references live invoices carry now: of those that seem absent, and of those beside them."""
    asked = set[Triple]().union(*beside.values())
    asked.update(_triple_of(each.doubt) for each in settlements if each.doubt.reference in beside)
    shown = set[Triple]()
    for found in api.find_by_references(asked):
        if not found.cancelled:
            shown.update(found.triples)
    return shown


def _why_lagging(doubt: Doubt, known: Mapping[Triple, str], shown: set[Triple]) -> str | None:
    """What speaks against the absence of an invoice; None when nothing does. ``known``: those created beside it."""
    if _triple_of(doubt) in shown:
        return "Not found at first, but its reference was found a moment later: the lists lag behind."
    if known and not shown & known.keys():
        which = ", ".join(sorted(known.values()))
        return f"Not found, but Kantata does not show invoice {which} of the same run either. Its lists may lag behind."
    return None


def _created_beside(doubt: Doubt, ledger: SubmissionLedger) -> dict[Triple, str]:
    """References and ids of invoices created in the same run: the first ones after it, else the last ones before."""
    created = []
    for entry in ledger.entries_of_run(doubt.run_id):
        if entry.state is State.EXISTS and entry.invoice_id is not None:
            created.append(entry)
    created.sort(key=lambda entry: entry.sent_at)
    later = [entry for entry in created if entry.sent_at >= doubt.sent_at]
    chosen = later[:MOST_NAMED] or created[-MOST_NAMED:]
    return {_triple_in(entry.body): entry.invoice_id or "" for entry in chosen}


# --- verdicts in words ---


def _found(doubt: Doubt, invoice_id: str, reason: str) -> Settlement:
    return Settlement(doubt, Verdict.FOUND, reason, undo_advice(doubt), invoice_id)


def undo_advice(doubt: Doubt) -> str | None:
    """What to do with an invoice that exists and was to be undone; None for any other."""
    if not doubt.standing.taken_back:
        return None
    return f"You wanted it undone: run invoice-importer undo {doubt.run_id} again."


def _unclear(doubt: Doubt, reason: str) -> Settlement:
    """No answer of Kantata tells; a person looks, and says what it is."""
    which = doubt.being_undone or "ID"
    advice = (
        "It is not sent again before it is settled. Look at it in Kantata, then say what became of it: "
        f'invoice-importer reconcile --not-billed "{doubt.reference}", or --billed "{doubt.reference}={which}"'
    )
    if not doubt.being_undone:
        advice += " with the number at the end of the invoice's web address."
    return Settlement(doubt, Verdict.UNCLEAR, reason, advice)


def _too_early(doubt: Doubt, end: datetime) -> Settlement:
    """Nothing is certain before ``end``, UTC without offset."""
    local = end.replace(tzinfo=UTC).astimezone()
    what, command = "Sent", "reconcile or submit"
    if doubt.being_undone:
        what, command = "Undone", "reconcile"
    reason = f"{what} so recently that nothing is certain before {local:%H:%M:%S}."
    return Settlement(doubt, Verdict.TOO_EARLY, reason, f"Run {command} again after {local:%H:%M:%S}.")
