"""Values of an answer, read leniently: nulls, blanks and odd types are normal (kantata-api.md section 1)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

LARGEST = Decimal(10) ** 18
"""Main currency unit; whatever is larger is no amount."""


def list_of(value: object) -> list[Any]:
    """The list, or an empty one."""
    return value if isinstance(value, list) else []


def dict_of(value: object) -> dict[str, Any]:
    """The object, or an empty one."""
    return value if isinstance(value, dict) else {}


def text_of(value: object) -> str | None:
    """The value as text; None for null and blank."""
    return None if value is None or value == "" else str(value)


def from_cents(cents: object) -> Decimal | None:
    """Amount in the main unit; None for what is no amount."""
    if isinstance(cents, bool) or not isinstance(cents, (int, str)):
        return None
    try:
        amount = Decimal(cents).scaleb(-2)
    except ArithmeticError:
        return None
    return amount if amount.is_finite() and abs(amount) < LARGEST else None
