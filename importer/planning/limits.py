"""The gates that a plan must pass before anything is sent: figures expected, and figures too large. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from importer.model.currency_sums import mixed
from importer.model.errors import GateRefused
from importer.model.invoices import Invoice
from importer.model.plans import ReportedInvoice, Status, Totals
from importer.model.words import MOST_NAMED, count_of, invoice_named, money, rows_named

ADDED_BY_KANTATA = " with the time, expenses and milestones that Kantata prices"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a person has said of the figures; None: nothing. Amounts in the main currency unit."""

    expect_invoices: int | None = None
    expect_total: Decimal | None = None
    largest_invoice: Decimal | None = None
    largest_total: Decimal | None = None
    invoices_said_by: str = "--expect-invoices"
    """Where the number of invoices was stated, for whoever has to correct it."""
    total_said_by: str = "--expect-total"


def check(planned: Sequence[ReportedInvoice], totals: Totals, limits: Limits) -> None:
    """Raise GateRefused, with the figure found and the one allowed, unless the plan keeps to all limits.

    What is expected is compared with the amounts in the sheet; the largest figures
    hold for these, and for the whole value of the invoices that Kantata has priced.
    """
    expected = list(_unexpected(planned, totals, limits))
    too_large = [*_invoices_too_large(planned, limits), *_total_too_large(planned, totals, limits)]
    if not expected and not too_large:
        return
    hints = []
    if expected:
        hints.append(f"Check the sheet, or correct {' and '.join(place for place, _ in expected)}.")
    if too_large:
        hints.append("Check the amounts; if they are meant, raise largest_invoice or largest_total.")
    figures = [*(figure for _, figure in expected), *too_large]
    code = "gate.totals" if expected else "gate.largest"
    raise GateRefused(f"Nothing was sent: {', and '.join(figures)}.", " ".join(hints), code=code)


def _unexpected(planned: Sequence[ReportedInvoice], totals: Totals, limits: Limits) -> Iterator[tuple[str, str]]:
    """Where a figure was stated, and what the sheet has instead."""
    if limits.expect_invoices not in (None, totals.invoices):
        made = count_of(totals.invoices, "invoice")
        yield limits.invoices_said_by, f"the sheet makes {made}, but {limits.expect_invoices} were expected"
    if limits.expect_total is not None and limits.expect_total != totals.amount:
        several = _in_brackets(mixed(planned, totals.amount))
        found = f"the sheet has {totals.amount:,.2f}{several}, but {limits.expect_total:,.2f} was expected"
        yield limits.total_said_by, found


def _invoices_too_large(planned: Sequence[ReportedInvoice], limits: Limits) -> Iterator[str]:
    """The invoices above largest_invoice, the largest first."""
    most = limits.largest_invoice
    if most is None:
        return
    over = [invoice for invoice in planned if abs(_largest(invoice)) > most]
    over.sort(key=lambda invoice: -abs(_largest(invoice)))
    for invoice in over[:MOST_NAMED]:
        name = invoice_named(invoice.invoice.key, invoice.invoice.workspace_ids)
        largest = _largest(invoice)
        priced = ADDED_BY_KANTATA if largest != invoice.invoice.amount else ""
        yield (
            f"the invoice of {name} ({rows_named(invoice.invoice.rows)}) has {money(largest)}{priced}, "
            f"but largest_invoice allows {most:,.2f}"
        )
    if len(over) > MOST_NAMED:
        yield f"{len(over) - MOST_NAMED} more invoices have more than that"


def _total_too_large(planned: Sequence[ReportedInvoice], totals: Totals, limits: Limits) -> Iterator[str]:
    """The sum above largest_total: that of the sheet, or with what Kantata prices, whichever is larger.

    A credit takes nothing away from the rest: each invoice counts with its absolute value beside the sum.
    """
    most = limits.largest_total
    if most is None:
        return
    whole = totals.amount + sum((_priced(invoice) for invoice in planned), Decimal(0))
    largest = max(totals.amount, whole, key=abs)
    if abs(largest) <= most:
        yield from _too_large_with_credits(planned, most)
        return
    more = _in_brackets(mixed(planned, largest))
    if largest != totals.amount:
        by_value = mixed(planned, largest, lambda invoice: invoice.invoice.amount + _priced(invoice))
        more = f"{ADDED_BY_KANTATA}{_in_brackets(by_value)}"
    yield f"the sheet has {money(largest)}{more}, but largest_total allows {most:,.2f}"


def _too_large_with_credits(planned: Sequence[ReportedInvoice], most: Decimal) -> Iterator[str]:
    """The sum above largest_total when charges and credits are not set off against each other."""
    both = sum((abs(_largest(invoice)) for invoice in planned), Decimal(0))
    if both > most:
        yield f"charges and credits come to {money(both)} together, but largest_total allows {most:,.2f}"


def _in_brackets(sums: str | None) -> str:
    return f" ({sums})" if sums else ""


def in_sheet(planned: ReportedInvoice) -> bool:
    """Whether the sheet says the whole value of an invoice: every line has its amount there."""
    return not isinstance(planned.invoice, Invoice) or all(line.amount is not None for line in planned.invoice.lines)


def worth(planned: ReportedInvoice) -> Decimal | None:
    """Value of an invoice, main unit without tax, with what Kantata prices; None when a part of it is not known."""
    if in_sheet(planned):
        return planned.invoice.amount
    if planned.expected is None:
        return None
    return planned.expected.total


def _priced(planned: ReportedInvoice) -> Decimal:
    """What Kantata adds to the amounts in the sheet, as far as it is known; only what is to be sent counts."""
    value = worth(planned)
    if value is None or planned.status is not Status.READY:
        return Decimal(0)
    return value - planned.invoice.amount


def _largest(planned: ReportedInvoice) -> Decimal:
    """The larger, whatever its sign, of the amount in the sheet and the whole value: both keep to the limits."""
    return max(planned.invoice.amount, planned.invoice.amount + _priced(planned), key=abs)
