"""What a plan, or its outcome, comes to: one sentence with its sums per currency, and what its invoices share."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from importer.model.invoices import Invoice
from importer.model.plans import Status
from importer.model.words import count_of, money
from importer.reporting.report import totals_by_currency

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from importer.model.plans import ReportedInvoice
    from importer.reporting.report import CurrencyTotal, Report

_PRICED_BY_KANTATA = "with time, expenses or milestones that Kantata prices"


def headline_of(report: Report) -> str:
    """What would be created, or was: “3 drafts would be created: EUR 2,500.00 (2), USD 250.00 (1).”."""
    ready, created = _with(report, Status.READY), _with(report, Status.CREATED)
    if created:
        return f"Created: {_drafts_and_issued(created)}: {sums_of(created)}."
    if not report.is_plan:
        return ""
    if not ready:
        return "Nothing would be sent."
    if report.errors:
        return f"Nothing would be sent before the problems are fixed. Sound: {count_of(len(ready), 'invoice')}."
    return will_happen(ready)


def will_happen(ready: Sequence[ReportedInvoice]) -> str:
    """What sending these invoices does, with their sums: “2 invoices will be ISSUED and may be e-mailed: …”."""
    return f"{_drafts_and_issued(ready)} to be created: {sums_of(ready)}."


def _with(report: Report, status: Status) -> list[ReportedInvoice]:
    return [planned for planned in report.planned if planned.status is status]


def _drafts_and_issued(invoices: Sequence[ReportedInvoice]) -> str:
    """“7 drafts”, “2 invoices ISSUED (e-mails may go out)”, or both."""
    drafts = issued = mailed = 0
    for planned in invoices:
        invoice = planned.invoice
        if not isinstance(invoice, Invoice) or invoice.draft:
            drafts += 1
        else:
            issued += 1
            mailed += not invoice.suppress_emails
    parts = []
    if drafts:
        parts.append(count_of(drafts, "draft"))
    if issued:
        mails = "no e-mails"
        if mailed:
            mails = "e-mails may go out"
        parts.append(f"{count_of(issued, 'invoice')} ISSUED ({mails})")
    return " and ".join(parts)


def sums_of(invoices: Sequence[ReportedInvoice]) -> str:
    """Sums per currency with their count, tax excluded: “EUR 38,721.10 (7), USD 11,343.39 (2)”."""
    totals = totals_by_currency(invoices)
    if totals:
        return ", ".join(map(_sum, totals))
    amount = sum(planned.invoice.amount for planned in invoices)
    text = f"{money(amount)} in the sheet ({len(invoices):,})"
    if any(map(_has_unpriced_lines, invoices)):
        text = f"{text}, {_PRICED_BY_KANTATA}"
    return text


def _sum(total: CurrencyTotal) -> str:
    currency = total.currency or "currency not known"
    if total.expected is None:
        return f"{currency} {money(total.amount)} and what Kantata adds ({total.invoices:,})"
    return f"{currency} {money(total.expected)} ({total.invoices:,})"


def _has_unpriced_lines(planned: ReportedInvoice) -> bool:
    return isinstance(planned.invoice, Invoice) and any(line.amount is None for line in planned.invoice.lines)


# --- terms of the invoices -----------------------------------------------------------


def terms_apart(invoices: Iterable[ReportedInvoice]) -> tuple[str, list[str]]:
    """What all sound invoices have in common, and for each invoice what it has for itself.

    “dated 2026-10-31, due 2026-11-30 (30 days), draft” and “PO 4500017”, as many as there are invoices.
    """
    invoices = list(invoices)
    described = [list(_terms(planned.invoice)) if isinstance(planned.invoice, Invoice) else None for planned in invoices]
    known = [terms for terms in described if terms is not None]
    common: list[str] = []
    if len(known) > 1:
        common = [term for term in known[0] if all(term in terms for terms in known)]
    own = [", ".join(term for term in terms or () if term not in common) for terms in described]
    return ", ".join(common), own


def _terms(invoice: Invoice) -> Iterator[str]:
    days = count_of(invoice.payment_schedule, "day")
    if invoice.invoice_date is None:
        yield f"dated by Kantata, due after {days}"
    else:
        due = invoice.invoice_date + timedelta(days=invoice.payment_schedule)
        yield f"dated {invoice.invoice_date}"
        yield f"due {due} ({days})"
    if invoice.purchase_order:
        yield f"PO {invoice.purchase_order}"
    if invoice.project_code:
        yield f"project code {invoice.project_code}"
    if invoice.user_invoice_number is not None:
        yield f"number {invoice.user_invoice_number}"
    if invoice.user_invoice_title:
        yield f"title “{invoice.user_invoice_title}”"
    if invoice.draft:
        yield "draft"
    else:
        yield "ISSUED"
        yield "no e-mail" if invoice.suppress_emails else "e-mail may go out"
