"""What speaks for the absence of an invoice in doubt, and what against it.

“Not found” settles a doubt only where Kantata would have found it: its finances can be seen, and invoices that surely
exist are found by the same kind of query. Where there are none of those, two kinds of query have to agree twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from importer.kantata.client import COUNTS, KantataApi
from importer.kantata.invoices import FoundInvoice, Reference, in_one_case, in_other_form, may_be, reference_in
from importer.kantata.lenient import utc_of
from importer.kantata.payload import SERVICE_NAME, content_of
from importer.model.errors import NotReached
from importer.model.lifecycle import Event, State
from importer.sending.presence import Presence, hidden_words, presence
from importer.sending.settlement import (
    BILL_IT,
    Settlement,
    Verdict,
    found,
    not_found_once,
    triple_of,
    unclear,
)

if TYPE_CHECKING:
    from importer.ledger.ledger import SubmissionLedger
    from importer.ledger.rows import Doubt
    from importer.model.invoices import Content
    from importer.model.remembered import LedgerEntry

CLOCK_MARGIN = timedelta(minutes=10)
"""How far this machine's clock may differ from Kantata's, so that an invoice is found by its content."""
LARGEST_CLOCK_ERROR = timedelta(days=1)
"""How far it may differ without an invoice being called absent."""
SAME_TIME = timedelta(seconds=10)
"""Invoices that were sent so close to each other count as sent at once."""
MOST_INVOICES_NAMED = 5
"""Invoices that a reason names."""


@dataclass(frozen=True, slots=True)
class Inquiry:
    """One look for invoices in doubt."""

    ledger: SubmissionLedger
    api: KantataApi
    now: datetime
    """By the clock of the ledger, UTC without offset."""
    settle_seconds: float
    found: frozenset[Reference]
    """References of doubts that Kantata shows just so: an invoice that carries one is no other doubt's."""


def by_content(doubt: Doubt, asked: Inquiry) -> Settlement:
    """Judge an invoice whose reference Kantata does not show by the others of its project."""
    try:
        alike, possible = _candidates(doubt, asked)
    except NotReached as problem:
        if problem.code != COUNTS:
            raise
        return unclear(doubt, f"Not found by its reference. {problem.message}")
    if len(alike) == 1:
        return found(doubt, alike[0], f"Found in Kantata by its content: invoice {alike[0]}.")
    if alike:
        return unclear(doubt, f"Several invoices in Kantata have just its content: {', '.join(alike)}.")
    if possible:
        which = ", ".join(possible[:MOST_INVOICES_NAMED])
        why = "Kantata does not show all its content, or has its reference in another form"
        return unclear(doubt, f"Not found, but it may be invoice {which}: {why}.")

    visible = asked.api.sees_finances_of(doubt.workspace_ids)
    if presence(None, doubt.workspace_ids, visible) is Presence.HIDDEN:
        return unclear(doubt, f"Not found, but {hidden_words(doubt.workspace_ids, visible)}.")
    reason = "Not found in Kantata, neither by its reference nor by its content: it was not created."
    return Settlement(doubt, Verdict.ABSENT, reason, BILL_IT)


def _candidates(doubt: Doubt, asked: Inquiry) -> tuple[list[str], list[str]]:
    """Ids of invoices that are no other one's: those with just its content, and those that may be it.

    That is an invoice that is not shown whole, one with its reference in another form, or one with its
    content from before it was sent: where the clock was ahead, it may be the one.
    """
    content, sent = content_of(doubt.payload), triple_of(doubt)
    near: dict[str, FoundInvoice] = {}
    for invoice in asked.api.invoices_of(doubt.workspace_ids[0], doubt.tried_at - LARGEST_CLOCK_ERROR):
        could_be = _could_be(invoice, doubt, content, sent) and not invoice.cancelled
        if could_be and not _is_another(invoice, sent, asked.found):
            near[invoice.invoice_id] = invoice
    known = asked.ledger.references_of(near, alive=True)
    alike: list[str] = []
    possible: list[str] = []
    for invoice_id, invoice in near.items():
        if known.get(invoice_id, doubt.reference) == doubt.reference:
            is_later = _is_earlier(invoice, doubt) is False
            sure = invoice.content == content and is_later and not in_other_form(invoice, sent)
            group = alike if sure else possible
            group.append(invoice_id)
    return alike, possible


def _could_be(invoice: FoundInvoice, doubt: Doubt, content: Content, sent: Reference) -> bool:
    """Whether what is shown of an invoice fits what was sent."""
    if _is_earlier(invoice, doubt):
        return invoice.content == content
    if invoice.content is None or invoice.content.may_be(content):
        return True
    return in_one_case(sent) in map(in_one_case, invoice.triples)


def _is_earlier(invoice: FoundInvoice, doubt: Doubt) -> bool | None:
    """Whether an invoice was created before the one in doubt was sent, if the clocks agree; None: it is not known."""
    shown = invoice.read_back.shown
    created = None if shown is None else utc_of(shown.created_at)
    return None if created is None else created.replace(tzinfo=None) < doubt.tried_at - CLOCK_MARGIN


def _is_another(invoice: FoundInvoice, sent: Reference, known: frozenset[Reference]) -> bool:
    """Whether an invoice carries another reference of the same kind, or of this program: then it is one of the others.

    A reference in another case, or the beginning of the one that was sent, is none: Kantata may have stored it so.
    """
    for triple in invoice.triples:
        if (not may_be(triple, sent) or triple in known) and triple[0] in (SERVICE_NAME, sent[0]):
            return True
    return False


# --- doubting the verdicts ---


def with_doubts_of_absence(settlements: Sequence[Settlement], asked: Inquiry) -> tuple[Settlement, ...]:
    """The verdicts, each unclear where something speaks against it."""
    timed = (_unless_clock_was_ahead(settlement, asked.now) for settlement in _one_invoice_each(settlements))
    sure = _unless_lists_lag(tuple(timed), asked)
    return _begun_again(tuple(_unless_alone(settlement, asked) for settlement in sure), asked.ledger)


def _begun_again(settlements: tuple[Settlement, ...], ledger: SubmissionLedger) -> tuple[Settlement, ...]:
    """Mark those that do not tell although an earlier look did not find the invoice."""
    vague = set[str]()
    for each in settlements:
        if each.verdict is Verdict.UNCLEAR and each.look_again_at is None and not each.doubt.being_undone:
            vague.add(each.doubt.reference)
    disagreeing = ledger.not_found_since(vague)
    return tuple(replace(each, disagrees=each.doubt.reference in disagreeing) for each in settlements)


def _unless_alone(settlement: Settlement, asked: Inquiry) -> Settlement:
    """An absence counts where another invoice of its run shows that it would be found; else after a second look."""
    if settlement.event is not Event.ABSENT or _has_witness(settlement.doubt, asked.ledger):
        return settlement
    return _looked_again(settlement.doubt, asked)


def _has_witness(doubt: Doubt, ledger: SubmissionLedger) -> bool:
    """Whether an invoice of the run was sent as late as this one: where the lists show it, they would show both."""
    return any(entry.sent_at >= doubt.tried_at - SAME_TIME for entry in _created(doubt.run_id, ledger))


def _created(run_id: str, ledger: SubmissionLedger) -> Iterable[LedgerEntry]:
    """The invoices of a run that surely exist."""
    for entry in ledger.entries_of_run(run_id):
        if entry.state is State.EXISTS and entry.invoice_id is not None:
            yield entry


def _looked_again(doubt: Doubt, asked: Inquiry) -> Settlement:
    """The verdict after both kinds of query have missed an invoice once more: absent, ``settle_seconds`` apart."""
    again = by_content(doubt, asked)
    if again.verdict is not Verdict.ABSENT:
        return unclear(doubt, f"Not found at first, but a moment later the lists were others. {again.reason}")
    since = asked.ledger.not_found_since([doubt.reference]).get(doubt.reference)
    due = (since or asked.now) + timedelta(seconds=asked.settle_seconds)
    if due <= asked.now:
        return again
    return not_found_once(doubt, due, first=since is None)


def _one_invoice_each(settlements: Sequence[Settlement]) -> Iterable[Settlement]:
    """One invoice in Kantata cannot be two of ours: then it is not known which one it is."""
    times = Counter(settlement.invoice_id for settlement in settlements)
    for settlement in settlements:
        invoice_id = settlement.invoice_id
        if invoice_id is not None and times[invoice_id] > 1:
            reason = f"Invoice {invoice_id} in Kantata could be this one, or another one in doubt."
            yield unclear(settlement.doubt, reason)
        else:
            yield settlement


def _unless_clock_was_ahead(settlement: Settlement, now: datetime) -> Settlement:
    """What is found counts at any time; “not found” only where it is known when the invoice was sent."""
    doubt = settlement.doubt
    if settlement.verdict is not Verdict.ABSENT or not clock_was_ahead(doubt, now):
        return settlement
    reason = f"Not found, but by this machine's clock it was sent on {doubt.tried_at:%Y-%m-%d at %H:%M} UTC."
    return unclear(doubt, f"{reason} The clock was ahead then, so it is not known how long ago that was.")


def _unless_lists_lag(settlements: tuple[Settlement, ...], asked: Inquiry) -> tuple[Settlement, ...]:
    """Call nothing absent while Kantata does not show what it surely created in the same run either.

    It is not documented how long its lists may lag; ``settle_seconds`` is a guess that this can refute. They are asked
    for by the same kind of query, their references: what is fetched by its id may be there long before a filter
    finds it, and a filter may miss what Kantata stored in another way.
    """
    beside: dict[str, dict[Reference, str]] = {}
    for settlement in settlements:
        if settlement.event is Event.ABSENT:
            beside[settlement.doubt.reference] = _created_beside(settlement.doubt, asked.ledger)
    shown = _shown_now(settlements, beside, asked.api)

    sure: list[Settlement] = []
    for settlement in settlements:
        reason = None
        if settlement.doubt.reference in beside:
            reason = _why_lagging(settlement.doubt, beside[settlement.doubt.reference], shown)
        sure.append(settlement if reason is None else unclear(settlement.doubt, reason))
    return tuple(sure)


def _shown_now(
    settlements: Iterable[Settlement], beside: Mapping[str, Mapping[Reference, str]], api: KantataApi
) -> set[Reference]:
    """Which references live invoices carry now: of those that seem absent, and of those beside them."""
    asked = set[Reference]().union(*beside.values())
    asked.update(triple_of(each.doubt) for each in settlements if each.doubt.reference in beside)
    shown = set[Reference]()
    for invoice in api.find_by_references(asked):
        if not invoice.cancelled:
            shown.update(invoice.triples)
    return shown


def _why_lagging(doubt: Doubt, known: Mapping[Reference, str], shown: set[Reference]) -> str | None:
    """What speaks against the absence of an invoice; None when nothing does. ``known``: those created beside it."""
    if triple_of(doubt) in shown:
        return "Not found at first, but its reference was found a moment later: the lists lag behind."
    if known and not shown & known.keys():
        which = ", ".join(sorted(known.values()))
        return f"Not found, but Kantata does not show invoice {which} of the same run either. Its lists may lag behind."
    return None


def _created_beside(doubt: Doubt, ledger: SubmissionLedger) -> dict[Reference, str]:
    """References and ids of invoices created in the same run: the first ones after it, else the last ones before."""
    created = sorted(_created(doubt.run_id, ledger), key=lambda entry: entry.sent_at)
    later = [entry for entry in created if entry.sent_at >= doubt.tried_at]
    chosen = later[:MOST_INVOICES_NAMED] or created[-MOST_INVOICES_NAMED:]
    return {reference_in(entry.body): entry.invoice_id or "" for entry in chosen}


def clock_was_ahead(doubt: Doubt, now: datetime) -> bool:
    """Whether this machine's clock has been put back since: then it is not known how long ago it was sent."""
    return doubt.tried_at > now + CLOCK_MARGIN
