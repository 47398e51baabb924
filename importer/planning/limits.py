"""The gates that a plan must pass before anything is sent: figures expected, and figures too large. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from importer.model.currency_sums import mixed
from importer.model.errors import GateRefused
from importer.model.invoices import Invoice
from importer.model.plans import Status
from importer.model.words import MOST_NAMED, count_of, invoice_named, money, rows_named

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from importer.model.plans import ReportedInvoice, Totals

PRICED = " with the time, expenses and milestones that Kantata prices"


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
    expected, too_large = list(_unexpected(planned, totals, limits)), list(_too_large(planned, totals, limits))
    if not expected and not too_large:
        return
    hints = [f"Check the sheet, or correct {' and '.join(place for place, _ in expected)}."] * bool(expected)
    hints += ["Check the amounts; if they are meant, raise largest_invoice or largest_total."] * bool(too_large)
    msg = f"Nothing was sent: {', and '.join([*(said for _, said in expected), *too_large])}."
    raise GateRefused(msg, " ".join(hints), code="gate.totals" if expected else "gate.largest")


def _unexpected(planned: Sequence[ReportedInvoice], totals: Totals, limits: Limits) -> Iterator[tuple[str, str]]:
    """Where it was stated, and in what the sheet is otherwise."""
    if limits.expect_invoices not in (None, totals.invoices):
        made = count_of(totals.invoices, "invoice")
        yield limits.invoices_said_by, f"the sheet makes {made}, but {limits.expect_invoices} were expected"
    if limits.expect_total is not None and limits.expect_total != totals.amount:
        several = _several(mixed(planned, totals.amount))
        said = f"the sheet has {totals.amount:,.2f}{several}, but {limits.expect_total:,.2f} was expected"
        yield limits.total_said_by, said


def _too_large(planned: Sequence[ReportedInvoice], totals: Totals, limits: Limits) -> Iterator[str]:
    most = limits.largest_invoice
    over = [] if most is None else [one for one in planned if abs(_largest(one)) > most]
    for one in sorted(over, key=lambda each: -abs(_largest(each)))[:MOST_NAMED]:
        name = invoice_named(one.invoice.key, one.invoice.workspace_ids)
        yield (
            f"the invoice of {name} ({rows_named(one.invoice.rows)}) has {money(_largest(one))}"
            f"{PRICED if _largest(one) != one.invoice.amount else ''}, but largest_invoice allows {most:,.2f}"
        )
    if len(over) > MOST_NAMED:
        yield f"{len(over) - MOST_NAMED} more invoices have more than that"
    whole = totals.amount + sum((_priced(one) for one in planned), Decimal(0))
    largest = max(totals.amount, whole, key=abs)
    if limits.largest_total is not None and abs(largest) > limits.largest_total:
        more = PRICED if largest != totals.amount else ""
        if more:
            more += _several(mixed(planned, largest, lambda one: one.invoice.amount + _priced(one)))
        else:
            more = _several(mixed(planned, largest))
        yield f"the sheet has {money(largest)}{more}, but largest_total allows {limits.largest_total:,.2f}"


def _several(sums: str | None) -> str:
    return f" ({sums})" if sums else ""


def in_sheet(one: ReportedInvoice) -> bool:
    """Whether the sheet says the whole value of an invoice: every line has its amount there."""
    return not isinstance(one.invoice, Invoice) or all(line.amount is not None for line in one.invoice.lines)


def worth(one: ReportedInvoice) -> Decimal | None:
    """Value of an invoice, main unit without tax, with what Kantata prices; None when a part of it is not known."""
    if in_sheet(one):
        return one.invoice.amount
    return None if one.expected is None else one.expected.total


def _priced(one: ReportedInvoice) -> Decimal:
    """What Kantata adds to the amounts in the sheet, as far as it is known; only what is to be sent counts."""
    value = worth(one) if one.status is Status.READY else None
    return Decimal(0) if value is None else value - one.invoice.amount


def _largest(one: ReportedInvoice) -> Decimal:
    """The larger, whatever its sign, of the amount in the sheet and the whole value: both keep to the limits."""
    return max(one.invoice.amount, one.invoice.amount + _priced(one), key=abs)
