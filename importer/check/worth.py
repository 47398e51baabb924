"""What an invoice is expected to come to: exact until the end, or not known."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, TypeVar

from importer.records import Expected, Invoice

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    total = None
    if isinstance(invoice, Invoice) and (currency is not None or len(projects) == 1):
        values = [_value(line, account, currency, unit) for line in invoice.lines]
        known = [value for value in values if value is not None]
        if len(known) == len(values):
            total = rounded(sum(known, Fraction(0)), unit or CENTS)
    return Expected(tuple(project.title for project in projects), currency, total)


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
