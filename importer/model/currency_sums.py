"""Amounts of several currencies: what each comes to, said beside a figure that adds them up. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import TYPE_CHECKING

from importer.model.words import count_of, money

if TYPE_CHECKING:
    from importer.model.plans import ReportedInvoice

CURRENCY_NOT_KNOWN = "currency not known"


def currency_of(planned: ReportedInvoice) -> str | None:
    """Code of an invoice's currency: of the invoice in Kantata, else of its projects; None when neither is known."""
    if planned.read_back is not None and planned.read_back.currency:
        return planned.read_back.currency
    if planned.expected is not None:
        return planned.expected.currency
    return None


def _in_sheet(planned: ReportedInvoice) -> Decimal:
    return planned.invoice.amount


def mixed(
    invoices: Iterable[ReportedInvoice], total: Decimal, value: Callable[[ReportedInvoice], Decimal] = _in_sheet
) -> str | None:
    """What a total adds up: “sum over 2 currencies: EUR 1,500.00 + USD 250.00”.

    ``total`` may hold more than the invoices do, which each count with ``value``: their amount in the sheet.
    None: all is one currency, or none is known.
    """
    sums: dict[str, Decimal] = defaultdict(Decimal)
    unknown = total
    for planned in invoices:
        if currency := currency_of(planned):
            sums[currency] += value(planned)
            unknown -= value(planned)

    parts = [f"{code} {money(amount)}" for code, amount in sorted(sums.items()) if amount]
    what = "sum"
    if len(parts) > 1:
        what = f"sum over {count_of(len(parts), 'currency')}"
    if parts and unknown:
        parts.append(f"{money(unknown)} whose currency is not known")
    if len(parts) < 2:  # noqa: PLR2004 - a sum of one currency, or of none that is known, needs no words
        return None
    return f"{what}: {' + '.join(parts)}"
