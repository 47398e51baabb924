"""What the ledger knows of the invoices of a plan, and the plan that follows from it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from importer.model.invoices import Invoice
from importer.model.lifecycle import ALIVE
from importer.planning.deciding import decide
from importer.planning.plan import BilledItem, KeyOrProject, Knowledge, Terms
from importer.planning.repeat_days import LOOK_BACK

if TYPE_CHECKING:
    from importer.flow.prepared import Prepared
    from importer.ledger.known import DatedPlace
    from importer.ledger.ledger import SubmissionLedger
    from importer.model.plans import LineMark, PlannedInvoice
    from importer.model.remembered import BilledLine, LedgerEntry


def with_decisions(prepared: Prepared) -> Prepared:
    """The plan that follows from what is known now."""
    planned = decide(prepared.drawn, prepared.knowledge, prepared.terms)
    return replace(prepared, planned=planned)


def knowledge_for(drawn: tuple[PlannedInvoice, ...], ledger: SubmissionLedger, terms: Terms) -> Knowledge:
    """What the ledger knows that matters to a plan."""
    sound = [planned.invoice for planned in drawn if isinstance(planned.invoice, Invoice)]
    references = [planned.reference for planned in drawn if planned.reference is not None]
    fingerprints = [planned.fingerprint for planned in drawn if planned.fingerprint is not None]
    numbers = [invoice.user_invoice_number for invoice in sound if invoice.user_invoice_number is not None]
    by_reference = ledger.entries(references)
    return Knowledge(
        by_reference,
        ledger.live_by_fingerprint(fingerprints),
        ledger.live_by_item(_items(sound)),
        _under_same_key(sound, ledger, terms),
        by_number=ledger.live_by_number(numbers),
        lines=tuple(_lines(drawn, by_reference, ledger, terms)),
    )


def _items(invoices: Iterable[Invoice]) -> Iterator[BilledItem]:
    for invoice in invoices:
        for line in invoice.lines:
            if line.item_id is not None:
                yield line.item_type, line.item_id


def _lines(
    drawn: tuple[PlannedInvoice, ...], known: dict[str, LedgerEntry], ledger: SubmissionLedger, terms: Terms
) -> Iterator[BilledLine]:
    """Live lines like those of the invoices that are not billed yet."""
    marks: list[LineMark] = []
    for planned in drawn:
        entry = known.get(planned.reference or "")
        if entry is None or entry.state not in ALIVE:
            marks += planned.marks
    if marks:
        yield from ledger.lines_like((mark.line for mark in marks), looked_back(drawn, terms.now))
        wordings = {mark.wording for mark in marks}
        for batch in _batches_within_repeat_days(drawn, ledger, terms):
            yield from ledger.lines_in_batch(batch, wordings)


def _batches_within_repeat_days(drawn: Iterable[PlannedInvoice], ledger: SubmissionLedger, terms: Terms) -> set[str]:
    """The batch; where dates give batches their names, also those of less than ``repeat_days`` before and after."""
    batches = {terms.batch}
    if not terms.batch_derived:
        return batches
    batches |= ledger.batches_since(terms.now - timedelta(days=terms.repeat_days))
    for day in {planned.invoice.invoice_date for planned in drawn if isinstance(planned.invoice, Invoice)}:
        if day is not None:
            distances = range(-terms.repeat_days, terms.repeat_days + 1)
            batches.update(f"{day + timedelta(days=distance):%Y-%m}" for distance in distances)
    return batches


def looked_back(drawn: Iterable[PlannedInvoice], now: datetime, days: int = LOOK_BACK) -> datetime:
    """The moment (UTC) since when lines like those of a plan are looked for: before its earliest date, and now."""
    earliest = now
    for planned in drawn:
        day = planned.invoice.invoice_date if isinstance(planned.invoice, Invoice) else None
        if day is not None:
            earliest = min(earliest, datetime(day.year, day.month, day.day))  # noqa: DTZ001 - UTC, without offset
    return earliest - timedelta(days=days)


def _under_same_key(
    invoices: list[Invoice], ledger: SubmissionLedger, terms: Terms
) -> dict[KeyOrProject, tuple[LedgerEntry, ...]]:
    """Live entries under the same key; without a key, of the same project."""
    places: list[DatedPlace] = []
    for invoice in invoices:
        day = invoice.invoice_date.isoformat() if invoice.invoice_date is not None else None
        places.append((invoice.key, invoice.workspace_ids[0], day))
    since = terms.now - timedelta(days=terms.repeat_days)
    found: dict[KeyOrProject, tuple[LedgerEntry, ...]] = {}
    for entry in ledger.under_same_key(places, terms.batch, since):
        place: KeyOrProject = (entry.key, None)
        if entry.key is None:
            place = (None, entry.workspace_ids[0])
        found[place] = (*found.get(place, ()), entry)
    return found
