"""What Kantata knows of a plan: invoices that are gone, found again, or there under a reference of ours."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from importer.flow.prepare import decided
from importer.kantata.payload import content_of
from importer.model.plans import PlannedInvoice, Status
from importer.sending.presence import Presence, look_for, sent_after
from importer.sending.tieout import with_found_again, with_not_found_again, with_tie_out

if TYPE_CHECKING:
    from importer.flow.prepared import Prepared
    from importer.kantata.client import KantataApi
    from importer.kantata.invoices import FoundInvoice


def look_up(prepared: Prepared, api: KantataApi, settle_seconds: float) -> Prepared:
    """Ask Kantata what became of the earlier invoices that the plan rests on, and for the references of the rest.

    So an invoice that was cancelled holds nothing any more, and a lost ledger
    protects still. Raises NotReached or AccessDenied.
    """
    prepared = _without_gone(prepared, api, settle_seconds)
    ready = {_triple(one): one for one in prepared.planned if one.status is Status.READY}
    found: dict[str | None, list[FoundInvoice]] = {}
    for invoice in api.find_by_references(ready):
        if not invoice.cancelled:  # a cancelled one was undone by a person, so it may be billed again
            for triple in set(invoice.triples) & set(ready):
                found.setdefault(ready[triple].reference, []).append(invoice)
    planned = (_known_to_kantata(one, found.get(one.reference, [])) for one in prepared.planned)
    return replace(prepared, planned=tuple(planned))


def _without_gone(prepared: Prepared, api: KantataApi, settle_seconds: float) -> Prepared:
    """Decide again without the invoices that are gone from Kantata; once more, as others may hold then."""
    known, recent_from = prepared.knowledge.by_id(), sent_after(settle_seconds)
    recent = {number for number, entry in known.items() if entry.sent_at > recent_from}
    asked: set[str] = set()
    shown: dict[str, FoundInvoice] = {}
    while wanted := _not_asked_yet(prepared, asked):
        look = look_for(api, {number: known[number].workspace_ids for number in wanted})
        gone = set(prepared.knowledge.gone)
        for number in wanted:
            seen = look.presence(number, known[number].workspace_ids, recent=number in recent)
            if seen in (Presence.CANCELLED, Presence.GONE):
                gone.add(number)
        asked |= wanted
        shown.update(look.shown)
        prepared = decided(replace(prepared, knowledge=replace(prepared.knowledge, gone=frozenset(gone))))

    return prepared.with_each(lambda planned: _found_again(planned, asked, shown, recent))


def _found_again(
    planned: PlannedInvoice, asked: set[str], shown: dict[str, FoundInvoice], recent: set[str]
) -> PlannedInvoice:
    """An invoice that was created earlier, with what came of asking for it."""
    number = planned.invoice_id
    if planned.status is not Status.ALREADY_CREATED or number not in asked:
        return planned
    if number in shown:
        return with_found_again(planned, shown[number].read_back)
    return with_not_found_again(planned, recent=number in recent)


def _not_asked_yet(prepared: Prepared, asked: set[str]) -> set[str]:
    """Ids of the earlier invoices that the plan rests on and that Kantata was not asked for."""
    earlier = {invoice.earlier_id for invoice in prepared.planned if invoice.earlier_id is not None}
    return earlier - asked


def _known_to_kantata(one: PlannedInvoice, found: list[FoundInvoice]) -> PlannedInvoice:
    if one.status is not Status.READY or not found:
        return one
    ids = ", ".join(invoice.invoice_id for invoice in found)
    if len(found) > 1:
        return replace(
            one,
            status=Status.HELD,
            reason=f"Kantata holds several invoices with its reference: {ids}.",
            what_to_do="Look at them in Kantata and cancel what is too much.",
        )
    if differs := _difference(one, found[0]):
        return replace(
            one,
            status=Status.HELD,
            invoice_id=ids,
            reason=f"Kantata holds invoice {ids} with its reference, but with {differs} than the sheet.",
            what_to_do="Compare that invoice with the rows; the ledger of this machine does not know it.",
        )
    adopted = replace(
        one,
        status=Status.ALREADY_CREATED,
        invoice_id=ids,
        reason="Found in Kantata by its reference.",
        found_in_kantata=True,
    )
    return with_tie_out(adopted, found[0].read_back)


def _difference(one: PlannedInvoice, found: FoundInvoice) -> str | None:
    payload = one.payload or {}
    if found.content != content_of(payload):
        return "other items, amounts or texts"
    body = payload["invoice"]
    other = [
        n for n, text in found.header.items() if n in body and " ".join(str(body[n]).split()) != " ".join(text.split())
    ]
    return f"another {other[0].replace('_', ' ')}" if other else None


def _triple(one: PlannedInvoice) -> tuple[str, str, str]:
    reference = (one.payload or {})["invoice"]["external_reference"]
    return (reference["service_name"], reference["service_model"], reference["service_model_ref"])
