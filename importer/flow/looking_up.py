"""What Kantata knows of a plan: invoices that are gone, found again, or there under a reference of ours."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from importer.flow.prepare import decided
from importer.kantata.payload import content_of, tidy
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
    ready = {_triple(planned): planned for planned in prepared.planned if planned.status is Status.READY}
    found: dict[str | None, list[FoundInvoice]] = {}
    for invoice in api.find_by_references(ready):
        if not invoice.cancelled:  # a cancelled one was undone by a person, so it may be billed again
            for triple in set(invoice.triples) & set(ready):
                found.setdefault(ready[triple].reference, []).append(invoice)
    return prepared.with_each(lambda planned: _known_to_kantata(planned, found.get(planned.reference, [])))


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


def _known_to_kantata(planned: PlannedInvoice, found: list[FoundInvoice]) -> PlannedInvoice:
    """A planned invoice, with those that carry its reference although this ledger does not know them."""
    if planned.status is not Status.READY or not found:
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


def _triple(planned: PlannedInvoice) -> tuple[str, str, str]:
    reference = (planned.payload or {})["invoice"]["external_reference"]
    return (reference["service_name"], reference["service_model"], reference["service_model_ref"])
