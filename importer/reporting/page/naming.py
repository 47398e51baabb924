"""How a page calls batches and invoices."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from importer.model.invoices import Invoice
from importer.model.visible import in_one_line
from importer.model.words import invoice_named, projects_named

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


def below_of(planned: ReportedInvoice) -> str:
    """What the name of an invoice does not say of it: its projects by their titles, else by their ids, and its key."""
    name, key, titles = name_of(planned), planned.invoice.key, titles_of(planned)
    projects = projects_named(planned.invoice.workspace_ids)
    parts = [titles if titles and titles != name else projects]
    if key and in_one_line(key) != name:
        parts.append(f"key {in_one_line(key)}")
    return " · ".join(part for part in parts if part != name)


def titles_of(planned: ReportedInvoice) -> str:
    """The titles of its projects, as far as Kantata gave them."""
    titles = () if planned.expected is None else planned.expected.titles
    return ", ".join(filter(None, titles))
