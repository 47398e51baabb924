"""What Kantata knows of a plan: invoices that are gone, found again, or there under a reference of ours."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from importer.flow.prepare import decided
from importer.kantata.payload import content_of
from importer.model.plans import PlannedInvoice, Status
from importer.sending.found_again import found_again, not_found_again
from importer.sending.tieout import tied

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from importer.flow.prepared import Prepared
    from importer.kantata.client import KantataApi
    from importer.kantata.invoices import FoundInvoice
    from importer.model.answers import ReadBack


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
    """Decide anew without the invoices that were cancelled or deleted; again, as others may hold then.

    One that was sent less than ``settle_seconds`` ago is not gone because Kantata does not show it.
    """
    young = prepared.knowledge.sent_after(datetime.now(UTC).replace(tzinfo=None) - timedelta(seconds=settle_seconds))
    asked: set[str] = set()
    read: dict[str, ReadBack] = {}
    while new := {one.earlier_id: one for one in prepared.planned if one.earlier_id and one.earlier_id not in asked}:
        asked |= set(new)
        shown = {invoice.invoice_id: invoice for invoice in api.find_by_ids(new)}
        absent = {number: one for number, one in new.items() if number not in shown}
        visible = api.sees_finances_of(n for one in absent.values() for n in one.invoice.workspace_ids)
        gone = {number for number, invoice in shown.items() if invoice.cancelled}
        absent = {number: one for number, one in absent.items() if number not in young}
        gone |= {number for number, one in absent.items() if set(one.invoice.workspace_ids) <= visible}
        knowledge = replace(prepared.knowledge, gone=prepared.knowledge.gone | gone)
        prepared = decided(replace(prepared, knowledge=knowledge))
        read.update({number: invoice.read_back for number, invoice in shown.items()})
    return replace(prepared, planned=tuple(_looked_at(one, asked, read, young) for one in prepared.planned))


def _looked_at(
    one: PlannedInvoice, asked: set[str], read: dict[str, ReadBack], young: AbstractSet[str]
) -> PlannedInvoice:
    """An invoice that was created earlier, with what came of asking for it."""
    if one.status is not Status.ALREADY_CREATED or one.invoice_id not in asked:
        return one
    if one.invoice_id in read:
        return found_again(one, read[one.invoice_id])
    return not_found_again(one, young=one.invoice_id in young)


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
    return tied(adopted, found[0].read_back)


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
