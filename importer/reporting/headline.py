"""What a plan, or its outcome, comes to in a sentence, and what its invoices have in common."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from importer.model.currency_sums import CURRENCY_NOT_KNOWN, currency_of
from importer.model.invoices import Invoice, UnsoundInvoice
from importer.model.plans import ReportedInvoice, Status
from importer.model.visible import in_one_line
from importer.model.words import count_of, money
from importer.reporting.report import DONE, Report

PRICED_BY_KANTATA = "time, expenses or milestones that Kantata prices"


@dataclass(frozen=True, slots=True)
class CurrencySum:
    """What invoices of one currency come to."""

    currency: str | None
    """Code such as EUR; None where it is not known."""
    invoices: int
    amount: Decimal
    """Main unit: as Kantata shows it, or as it is expected; where not ``is_whole``, the amounts in the sheet."""
    is_whole: bool
    """Whether it is all of it: else Kantata prices a part that is not known."""


def headline_of(report: Report, *, with_sums: bool = True) -> str:
    """What would be created, or was: “3 drafts would be created: EUR 2,500.00 (2), USD 250.00 (1).”."""
    ready, created = _with(report, Status.READY), _with(report, Status.CREATED)
    if created:
        return _sentence(created, "created", "created and ISSUED", with_sums=with_sums)
    if not report.is_plan:
        return ""
    if not ready and report.errors:
        return "Nothing would be sent: see the problems."
    if not ready:
        return "Nothing would be sent."
    sentence = _sentence(ready, "would be created", "would be ISSUED", with_sums=with_sums)
    return _despite_problems(report, sentence) if report.errors else sentence


def _despite_problems(report: Report, sentence: str) -> str:
    if report.partial:
        return f"{sentence} The rows with problems stay unbilled."
    return f"Nothing would be sent before the problems are fixed. With --partial: {sentence}"


def will_happen(ready: Sequence[ReportedInvoice]) -> str:
    """What sending these invoices does: “2 invoices will be ISSUED and e-mails may go out: EUR 1,200.00 (2).”."""
    return _sentence(ready, "will be created", "will be ISSUED")


def sums_of(invoices: Sequence[ReportedInvoice]) -> str:
    """Sums per currency with their count: “EUR 38,721.10 (7), USD 11,343.39 (2)”; never over several currencies."""
    sums = sums_by_currency(invoices)
    if [each.currency for each in sums] == [None]:
        return _in_the_sheet(sums[0])
    return ", ".join(map(_in_words, sums))


def sums_by_currency(invoices: Iterable[ReportedInvoice]) -> list[CurrencySum]:
    """What the invoices come to, one sum per currency; that of invoices whose currency is not known comes last."""
    groups: dict[str | None, list[ReportedInvoice]] = defaultdict(list)
    for planned in invoices:
        groups[currency_of(planned)].append(planned)
    return [_sum(currency, groups[currency]) for currency in sorted(groups, key=lambda code: code or "~")]


def worth_of(planned: ReportedInvoice) -> Decimal | None:
    """What an invoice comes to: as Kantata shows it, or as it is expected; None when a part of it is not known."""
    if planned.status in DONE and planned.read_back is not None and planned.read_back.total is not None:
        return planned.read_back.total
    if planned.expected is not None and planned.expected.total is not None:
        return planned.expected.total
    if _is_priced_by_kantata(planned):
        return None
    return planned.invoice.amount


def drafts_apart(invoices: Iterable[ReportedInvoice]) -> tuple[list[ReportedInvoice], list[ReportedInvoice]]:
    """The drafts, and the invoices that are issued."""
    drafts: list[ReportedInvoice] = []
    issued: list[ReportedInvoice] = []
    for planned in invoices:
        is_issued = isinstance(planned.invoice, Invoice) and not planned.invoice.draft
        (issued if is_issued else drafts).append(planned)
    return drafts, issued


def drafts_waiting(invoices: Iterable[ReportedInvoice]) -> str:
    """What is left to do in Kantata with the drafts that were created; empty without any."""
    created = (planned for planned in invoices if planned.status is Status.CREATED)
    drafts = [planned for planned in drafts_apart(created)[0] if isinstance(planned.invoice, Invoice)]
    if not drafts:
        return ""
    if len(drafts) == 1:
        return "1 draft waits in Kantata: check and issue it there."
    return f"{count_of(len(drafts), 'draft')} wait in Kantata: check and issue them there."


def _with(report: Report, status: Status) -> list[ReportedInvoice]:
    return [planned for planned in report.planned if planned.status is status]


def _sentence(invoices: Sequence[ReportedInvoice], drafted: str, issued: str, *, with_sums: bool = True) -> str:
    """What is done with drafts and with invoices that are issued, each with its sums."""
    drafts, others = drafts_apart(invoices)
    parts = []
    if drafts:
        parts.append(_clause(f"{count_of(len(drafts), 'draft')} {drafted}", drafts, with_sums=with_sums))
    if others:
        deed = f"{count_of(len(others), 'invoice')} {issued}{_e_mails(others)}"
        parts.append(_clause(deed, others, with_sums=with_sums))
    return f"{'; '.join(parts)}."


def _clause(deed: str, invoices: Sequence[ReportedInvoice], *, with_sums: bool) -> str:
    return f"{deed}: {sums_of(invoices)}" if with_sums else deed


def _e_mails(issued: Iterable[ReportedInvoice]) -> str:
    for planned in issued:
        if isinstance(planned.invoice, Invoice) and not planned.invoice.suppress_emails:
            return " and e-mails may go out"
    return " without e-mails"


def _sum(currency: str | None, invoices: Sequence[ReportedInvoice]) -> CurrencySum:
    """The sum of one currency; where a part is not known, only what stands in the sheet."""
    worth = [worth_of(planned) for planned in invoices]
    known = [amount for amount in worth if amount is not None]
    if len(known) == len(worth):
        return CurrencySum(currency, len(worth), sum(known, Decimal(0)), is_whole=True)
    in_sheet = sum((planned.invoice.amount for planned in invoices), Decimal(0))
    return CurrencySum(currency, len(worth), in_sheet, is_whole=False)


def _in_words(each: CurrencySum) -> str:
    name = each.currency or CURRENCY_NOT_KNOWN
    if each.is_whole:
        return f"{name} {money(each.amount)} ({each.invoices:,})"
    return f"{name} {money(each.amount)} in the sheet and {PRICED_BY_KANTATA} ({each.invoices:,})"


def _in_the_sheet(each: CurrencySum) -> str:
    """What the amounts of the sheet add up to, where no currency is known."""
    parts = []
    if each.amount or each.is_whole:
        parts.append(f"{money(each.amount)} in the sheet")
    if not each.is_whole:
        parts.append(PRICED_BY_KANTATA)
    return " and ".join(parts)


def _is_priced_by_kantata(planned: ReportedInvoice) -> bool:
    return isinstance(planned.invoice, Invoice) and any(line.amount is None for line in planned.invoice.lines)


# --- terms of the invoices -----------------------------------------------------------


def terms_apart(invoices: Iterable[ReportedInvoice], most: int | None = None) -> tuple[str, list[str]]:
    r"""What all sound invoices have in common, and for each invoice what it has for itself, in a few lines.

    “dated 2026-10-31, 30 days, due 2026-11-30, draft” and “key ACME\nPO 4500017”; of these as many as
    invoices, or the first ``most``.
    """
    described = [(planned, _terms(planned.invoice)) for planned in invoices]
    common = _common(lines for planned, lines in described if isinstance(planned.invoice, Invoice))

    own = []
    for planned, lines in described[:most]:
        texts = [_without(common, line) for line in lines]
        if planned.invoice.key:
            texts.insert(0, f"key {in_one_line(planned.invoice.key)}")
        own.append("\n".join(filter(None, texts)))
    return ", ".join(common), own


def _without(common: Sequence[str], line: Iterable[str]) -> str:
    return ", ".join(term for term in line if term not in common)


def _common(described: Iterable[Sequence[Sequence[str]]]) -> list[str]:
    """The terms that all invoices have."""
    common: list[str] | None = None
    for lines in described:
        terms = list(itertools.chain.from_iterable(lines))
        if common is None:
            common = terms
        common = [term for term in common if term in terms]
    return common or []


def _terms(invoice: Invoice | UnsoundInvoice) -> list[list[str]]:
    """What an accountant approves beside the amounts, by line; nothing of rows that cannot become an invoice."""
    if not isinstance(invoice, Invoice):
        return []
    names = []
    if invoice.user_invoice_title:
        names.append(f"“{in_one_line(invoice.user_invoice_title)}”")
    return [names, list(_marks(invoice)), list(_payment(invoice)), list(ways_out(invoice))]


def _marks(invoice: Invoice) -> Iterator[str]:
    """By what the client knows it: number, purchase order, project code."""
    if invoice.user_invoice_number is not None:
        yield f"number {invoice.user_invoice_number}"
    if invoice.purchase_order:
        yield order_named(in_one_line(invoice.purchase_order))
    if invoice.project_code:
        yield f"project code {in_one_line(invoice.project_code)}"


def order_named(purchase_order: str) -> str:
    """The purchase order as it is; “PO” stands before one that does not say so itself."""
    if purchase_order.upper().startswith("PO"):
        return purchase_order
    return f"PO {purchase_order}"


def _payment(invoice: Invoice) -> Iterator[str]:
    if invoice.invoice_date is None:
        yield "dated by Kantata"
    else:
        yield f"dated {invoice.invoice_date}"
    yield count_of(invoice.payment_schedule, "day")
    if due := due_date(invoice):
        yield f"due {due}"


def due_date(invoice: Invoice) -> date | None:
    """The day until which it is to be paid; None where Kantata dates the invoice."""
    if invoice.invoice_date is None:
        return None
    return invoice.invoice_date + timedelta(days=invoice.payment_schedule)


def ways_out(invoice: Invoice) -> Iterator[str]:
    """Whether it stays a draft, and whether anyone may get an e-mail."""
    if invoice.draft:
        yield "draft"
        return
    yield "ISSUED"
    if invoice.suppress_emails:
        yield "no e-mail"
    else:
        yield "e-mail may go out"
