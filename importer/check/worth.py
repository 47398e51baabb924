"""What an invoice is expected to come to: exact until the end, or not known."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, TypeVar

from importer.records import Expected, Invoice

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from importer.check.account import Account
    from importer.records import LineItem, UnsoundInvoice

T = TypeVar("T")
CENTS = 100
"""In one of the main unit, where only amounts of the sheet are summed."""


def expected_of(invoice: Invoice | UnsoundInvoice, account: Account) -> Expected:
    """Titles, currency and total of an invoice, tax excluded.

    The parts are summed exactly and rounded once, half up. A total of which any
    part is not known is None, never a part of itself.
    """
    projects = [account.project(number) for number in invoice.workspace_ids]
    currency = _common(project.currency for project in projects)
    unit = _common(project.base_unit for project in projects)
    titles = tuple(project.title for project in projects)
    if not isinstance(invoice, Invoice) or (currency is None and len(projects) > 1):
        return Expected(titles, currency, None)
    values = [(line.workspace_id, _value(line, account, currency, unit)) for line in invoice.lines]
    shares = (_sum((value for of, value in values if of == number), unit) for number in invoice.workspace_ids)
    return Expected(titles, currency, _sum((value for _, value in values), unit), tuple(shares))


def _sum(values: Iterable[Fraction | None], unit: int | None) -> Decimal | None:
    """The sum, rounded; None when a part of it is not known."""
    whole = Fraction(0)
    for value in values:
        if value is None:
            return None
        whole += value
    return rounded(whole, unit or CENTS)


def rounded(value: Fraction, unit: int) -> Decimal:
    """Round half up (half away from zero for credits) to the smallest coin; ``unit`` is how many make one."""
    coins = int(abs(value) * unit + Fraction(1, 2))
    return Decimal(coins if value >= 0 else -coins) / Decimal(unit)


def _value(line: LineItem, account: Account, currency: str | None, unit: int | None) -> Fraction | None:
    """One line in the main unit; None when Kantata does not show what it is worth."""
    if line.amount is not None:
        return Fraction(line.amount)
    item = account.item(line.item_type, line.item_id or 0)
    if item is None or item.cents is None or item.billable is False or unit is None:
        return None
    if item.workspace_id != line.workspace_id or item.currency not in (None, currency):
        return None
    return item.cents / unit


def _common(values: Iterator[T | None]) -> T | None:
    """The value that all share; None when they differ or any is unknown."""
    different = set(values)
    return different.pop() if len(different) == 1 else None
