"""Give every invoice its batch, its payload and its reference."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.payload import external_reference, fingerprint_of, ledger_key, payload_of
from importer.records import Invoice, PlannedInvoice, Status, UnsoundInvoice

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date


def choose_batch(given: str | None, cover: str | None, dates: Iterable[date | None]) -> str | None:
    """Name the batch: as given, else the workbook's Cover, else the one month of the dates; None: they do not say."""
    if named := (given or cover or "").strip():
        return named
    months = {day.strftime("%Y-%m") for day in dates if day is not None}
    return months.pop() if len(months) == 1 else None


def draw_up(invoices: Iterable[Invoice | UnsoundInvoice], batch: str) -> tuple[PlannedInvoice, ...]:
    """Give every sound invoice its payload, reference and fingerprint; all are ``ready`` so far."""
    return tuple(_drawn(invoice, batch) for invoice in invoices)


def _drawn(invoice: Invoice | UnsoundInvoice, batch: str) -> PlannedInvoice:
    if isinstance(invoice, UnsoundInvoice):
        return PlannedInvoice(
            invoice,
            Status.NOT_SENT,
            reason="Some of its rows have errors, or rows with errors may belong to it.",
            what_to_do="Mend those rows and submit again.",
        )
    reference = external_reference(invoice, batch)
    payload = payload_of(invoice, reference)
    return PlannedInvoice(
        invoice,
        Status.READY,
        reference=ledger_key(reference),
        fingerprint=fingerprint_of(payload),
        payload=payload,
    )
