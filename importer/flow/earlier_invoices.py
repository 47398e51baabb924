"""What Kantata knows of a plan: invoices that are gone, found again, or there under a reference of ours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from importer.flow.knowledge import looked_back, with_decisions
from importer.kantata.invoices import FoundInvoice, reference_in
from importer.kantata.lenient import utc_of, whole
from importer.kantata.payload import content_of, tidy
from importer.model.lifecycle import ALIVE, Event, fold
from importer.model.plans import PlannedInvoice, Status
from importer.model.remembered import BilledLine, LedgerEntry
from importer.planning.lines import wording_of
from importer.sending.presence import Presence, look_for, sent_after
from importer.sending.tieout import with_found_again, with_not_found_again, with_tie_out

if TYPE_CHECKING:
    from importer.flow.prepared import Prepared
    from importer.kantata.client import KantataApi
    from importer.ledger.ledger import SubmissionLedger
    from importer.planning.plan import Knowledge

MARGIN_DAYS = 31
"""How long before its own date an invoice may have been created."""


def with_earlier_invoices(
    prepared: Prepared, api: KantataApi, settle_seconds: float, ledger: SubmissionLedger
) -> Prepared:
    """Ask Kantata what became of the earlier invoices that the plan rests on, and for the references of the rest.

    So an invoice that was cancelled holds nothing any more, and a lost ledger
    protects still. Raises NotReached or AccessDenied.
    """
    recent_from = sent_after(settle_seconds, ledger.now())
    prepared = _without_gone(_with_lines_in_kantata(prepared, api, ledger), api, recent_from)
    ready: dict[tuple[str, str, str], PlannedInvoice] = {}
    for planned in prepared.planned:
        if _not_on_record(planned, prepared.knowledge):
            ready[reference_in((planned.payload or {})["invoice"])] = planned
    found: dict[str | None, list[FoundInvoice]] = {}
    for invoice in api.find_by_references(ready):
        if not invoice.cancelled:  # a cancelled one was undone by a person, so it may be billed again
            for triple in set(invoice.triples) & set(ready):
                found.setdefault(ready[triple].reference, []).append(invoice)
    return prepared.with_each(lambda planned: _known_to_kantata(planned, found.get(planned.reference, [])))


def _not_on_record(planned: PlannedInvoice, knowledge: Knowledge) -> bool:
    """Whether the ledger knows no live invoice of this reference: Kantata may hold one.

    One that is gone may have been billed again since, which a restored ledger does not know.
    """
    if planned.status not in (Status.READY, Status.HELD) or planned.payload is None:
        return False
    entry = knowledge.by_reference.get(planned.reference or "")
    return entry is None or knowledge.state_of(entry) not in ALIVE


def _with_lines_in_kantata(prepared: Prepared, api: KantataApi, ledger: SubmissionLedger) -> Prepared:
    """Decide again with the lines of recent invoices of the same projects that this ledger does not know."""
    new = [planned for planned in prepared.planned if planned.marks and _not_on_record(planned, prepared.knowledge)]
    if not new:
        return prepared
    since = looked_back(prepared.drawn, prepared.terms.now, prepared.terms.repeat_days + MARGIN_DAYS)
    shown = _live_since(since, new, api)
    known = ledger.references_of(shown, alive=True)
    lines = tuple(_unknown_lines(shown, new, known, prepared.terms.now))
    if not lines:
        return prepared
    knowledge = replace(prepared.knowledge, lines=(*prepared.knowledge.lines, *lines))
    return with_decisions(replace(prepared, knowledge=knowledge))


def _unknown_lines(
    shown: dict[str, FoundInvoice], new: list[PlannedInvoice], known: dict[str, str], now: datetime
) -> Iterator[BilledLine]:
    """The lines of the invoices that the ledger does not know (``known``: those that it does)."""
    own = {reference_in((planned.payload or {})["invoice"]): planned.reference or "" for planned in new}
    for invoice_id, invoice in shown.items():
        if invoice_id not in known:
            mine = [own[triple] for triple in invoice.triples if triple in own]
            yield from _lines_of(invoice, mine[0] if mine else "", now)


def _live_since(since: datetime, new: list[PlannedInvoice], api: KantataApi) -> dict[str, FoundInvoice]:
    """The invoices of the same projects, by their ids, that were created since a moment and are not cancelled."""
    projects: set[int] = set()
    for planned in new:
        projects.update(mark.workspace_id for mark in planned.marks)
    found = api.invoices_since(since, projects)
    return {invoice.invoice_id: invoice for invoice in found if not invoice.cancelled}


def _lines_of(invoice: FoundInvoice, reference: str, now: datetime) -> Iterator[BilledLine]:
    """The fixed fees and additional items of an invoice that only Kantata knows, as far as it shows them."""
    shown = invoice.read_back.shown
    if shown is None or shown.items is None or not shown.workspace_ids:
        return
    sent_at, dated = _created_at(shown.created_at, now), _day_in(invoice.header.get("invoice_date"))
    if dated is not None and abs(date.fromisoformat(dated) - sent_at.date()) <= timedelta(days=1):
        dated = None  # Kantata gives this date to an invoice that is sent without
    entry = LedgerEntry(
        reference=reference,
        fingerprint="",
        batch="",
        standing=fold((Event.CLAIMED, Event.CREATED)),
        run_id="",
        sent_at=sent_at,
        invoice_id=invoice.invoice_id,
        workspace_ids=tuple(sorted(shown.workspace_ids)),
        invoice_date=dated,
    )
    for position, item in enumerate(shown.items):
        if item.amount is None:
            continue
        named = whole(item.fields.get("workspace_id"))
        for workspace_id in shown.workspace_ids if named is None else (named,):
            yield BilledLine(entry, workspace_id, wording_of(item.item_type, item.notes), item.amount, position)


def _day_in(text: str | None) -> str | None:
    """The day of a date that Kantata shows, as the ledger writes it; None where there is none."""
    try:
        return date.fromisoformat((text or "")[:10]).isoformat()
    except ValueError:
        return None


def _created_at(text: str | None, now: datetime) -> datetime:
    """When an invoice was created, UTC without offset; ``now``, when Kantata does not say it: then it is recent."""
    moment = utc_of(text)
    return now if moment is None else moment.replace(tzinfo=None)


def _without_gone(prepared: Prepared, api: KantataApi, recent_from: datetime) -> Prepared:
    """Decide again without the invoices that are gone from Kantata; once more, as others may hold then."""
    known = prepared.knowledge.by_id()
    recent = {invoice_id for invoice_id, entry in known.items() if entry.sent_at > recent_from}
    asked: set[str] = set()
    shown: dict[str, FoundInvoice] = {}
    while wanted := _not_asked_yet(prepared, asked) & known.keys():
        look = look_for(api, {invoice_id: known[invoice_id].workspace_ids for invoice_id in wanted})
        gone = set(prepared.knowledge.gone)
        for invoice_id in wanted:
            seen = look.presence(invoice_id, known[invoice_id].workspace_ids, recent=invoice_id in recent)
            if seen in (Presence.CANCELLED, Presence.GONE):
                gone.add(invoice_id)
        asked |= wanted
        shown.update(look.shown)
        prepared = with_decisions(replace(prepared, knowledge=replace(prepared.knowledge, gone=frozenset(gone))))

    return prepared.with_each(lambda planned: _found_again(planned, asked, shown, recent))


def _found_again(
    planned: PlannedInvoice, asked: set[str], shown: dict[str, FoundInvoice], recent: set[str]
) -> PlannedInvoice:
    """An invoice that was created earlier, with what came of asking for it."""
    invoice_id = planned.invoice_id
    if planned.status is not Status.ALREADY_CREATED or invoice_id not in asked:
        return planned
    if invoice_id in shown:
        return with_found_again(planned, shown[invoice_id].read_back)
    return with_not_found_again(planned, recent=invoice_id in recent)


def _not_asked_yet(prepared: Prepared, asked: set[str]) -> set[str]:
    """Ids of the earlier invoices that the plan rests on and that Kantata was not asked for."""
    earlier = {invoice.earlier_id for invoice in prepared.planned if invoice.earlier_id is not None}
    return earlier - asked


def _known_to_kantata(planned: PlannedInvoice, found: list[FoundInvoice]) -> PlannedInvoice:
    """A planned invoice, with those that carry its reference although this ledger does not know them."""
    if not found:
        return planned
    ids = ", ".join(invoice.invoice_id for invoice in found)
    if len(found) > 1:
        return replace(
            planned,
            status=Status.HELD,
            reason=f"Kantata holds several invoices with its reference: {ids}.",
            what_to_do="Look at them in Kantata and cancel what is too much.",
        )
    differs = _difference(planned, found[0])
    if differs is not None:
        return replace(
            planned,
            status=Status.HELD,
            invoice_id=ids,
            reason=f"Kantata holds invoice {ids} with its reference, but with {differs} than the sheet.",
            what_to_do="Compare that invoice with the rows; the ledger of this machine does not know it.",
        )
    adopted = replace(
        planned,
        status=Status.ALREADY_CREATED,
        invoice_id=ids,
        reason="Found in Kantata by its reference.",
        found_in_kantata=True,
    )
    return with_tie_out(adopted, found[0].read_back)


def _difference(planned: PlannedInvoice, found: FoundInvoice) -> str | None:
    """What an invoice in Kantata has otherwise than the sheet."""
    payload = planned.payload or {}
    if found.content != content_of(payload):
        return "other items, amounts or texts"
    body = payload["invoice"]
    for name, text in found.header.items():
        if name in body and tidy(str(body[name])) != tidy(text):
            return f"another {name.replace('_', ' ')}"
    return None
