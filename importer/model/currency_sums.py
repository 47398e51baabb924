"""Amounts of several currencies: what each comes to, said beside a figure that adds them up. Pure."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING

from importer.model.words import count_of, money

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from importer.model.plans import PlannedInvoice

CURRENCY_NOT_KNOWN = "currency not known"


def currency_of(planned: PlannedInvoice) -> str | None:
    """Code of an invoice's currency: of the invoice in Kantata, else of its projects; None when neither is known."""
    held = planned.read_back.currency if planned.read_back else None
    return held or (planned.expected.currency if planned.expected else None)


def _in_sheet(planned: PlannedInvoice) -> Decimal:
    return planned.invoice.amount


def mixed(
    planned: Iterable[PlannedInvoice], total: Decimal, value: Callable[[PlannedInvoice], Decimal] = _in_sheet
) -> str | None:
    """What a total adds up: “sum over 2 currencies: EUR 1,500.00 + USD 250.00”.

    ``total`` may hold more than the invoices do, which each count with ``value``: their amount in the sheet.
    None: all is one currency, or none is known.
    """
    sums: dict[str | None, Decimal] = defaultdict(Decimal)
    for one in planned:
        sums[currency_of(one)] += value(one)
    sums[None] += total - sum(sums.values())
    return said({code: amount for code, amount in sums.items() if amount})


def said(sums: dict[str | None, Decimal]) -> str | None:
    """Say a sum over several currencies; None when it is over one, or none is known."""
    known = sorted(code for code in sums if code is not None)
    if not known or len(sums) == 1:
        return None
    parts = [f"{code} {money(sums[code])}" for code in known]
    if None in sums:
        parts.append(f"{money(sums[None])} whose currency is not known")
    over = f"sum over {count_of(len(known), 'currency')}" if len(known) > 1 else "sum"
    return f"{over}: {' + '.join(parts)}"
