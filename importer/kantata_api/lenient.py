"""Values of an answer, read leniently: nulls, blanks and odd types are normal (kantata-api.md section 1)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

LARGEST = Decimal(10) ** 18
"""Main currency unit; whatever is larger is no amount."""
BASE_UNITS = (1, 10, 100, 1000)
"""Smallest coins in one of the main unit, as currencies have them."""


def list_of(value: object) -> list[Any]:
    """The list, or an empty one."""
    return value if isinstance(value, list) else []


def dict_of(value: object) -> dict[str, Any]:
    """The object, or an empty one."""
    return value if isinstance(value, dict) else {}


def text_of(value: object) -> str | None:
    """The value as text; None for null and blank."""
    return None if value is None or value == "" else str(value)


def base_unit_of(record: dict[str, Any]) -> int:
    """How many of its smallest coins make one of a record's currency: 1 for the yen; 100 when it does not say."""
    unit = record.get("currency_base_unit")
    return unit if type(unit) is int and unit in BASE_UNITS else 100


def from_cents(cents: object, base_unit: int = 100) -> Decimal | None:
    """Amount in the main unit, of which ``base_unit`` is that many smallest coins; None for what is no amount."""
    if isinstance(cents, bool) or not isinstance(cents, (int, str)):
        return None
    try:
        amount = Decimal(cents) / base_unit
    except ArithmeticError:
        return None
    return amount if amount.is_finite() and abs(amount) < LARGEST else None
