"""How a page calls batches and invoices."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from importer.model.invoices import Invoice
from importer.model.words import invoice_named

if TYPE_CHECKING:
    from importer.model.plans import ReportedInvoice


def month(batch: str) -> str:
    """A batch of a month by its name: “October 2026”; any other one as it is."""
    try:
        return f"{datetime.strptime(batch, '%Y-%m'):%B %Y}"  # noqa: DTZ007 - a month has no time zone
    except ValueError:
        return batch


def name_of(planned: ReportedInvoice) -> str:
    """An invoice by its title, else by its projects or its key."""
    invoice = planned.invoice
    if isinstance(invoice, Invoice) and invoice.user_invoice_title:
        return invoice.user_invoice_title
    return titles_of(planned) or invoice_named(invoice.key, invoice.workspace_ids)


def titles_of(planned: ReportedInvoice) -> str:
    """The titles of its projects, as far as Kantata gave them."""
    titles = () if planned.expected is None else planned.expected.titles
    return ", ".join(filter(None, titles))
