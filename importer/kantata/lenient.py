"""Values of an answer, read leniently: nulls, blanks and odd types are normal (docs/kantata.md section 1)."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from math import isfinite
from typing import Any

LONGEST_WHOLE = 20
"""Digits of a whole number that is believed; ids and cents have less."""
_UNWRITABLE = re.compile(r"\\u(?:d[89a-f]|0000)", re.IGNORECASE)
"""Escapes of half characters and of NUL, which no file, terminal or database takes."""
LARGEST = Decimal(10) ** 18
"""Main currency unit; whatever is larger is no amount."""
BASE_UNITS = (1, 10, 100, 1000)
"""Smallest coins in one of the main unit, as currencies have them."""


def json_object(body: str) -> dict[str, Any] | None:
    """The JSON object of a body; None when it is anything else, or nested too deep to be read.

    Numbers without a meaning (infinite, or of thousands of digits) come as
    None, and characters that cannot be written anywhere as “?”.
    """
    try:
        answer = _loaded(body)
        if _UNWRITABLE.search(body):
            answer = _writable(answer)
    except (ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) else None


def _loaded(body: str) -> object:
    return json.loads(body, parse_int=whole, parse_float=_finite, parse_constant=lambda _name: None)


def _writable(value: object) -> object:
    if isinstance(value, dict):
        return {_writable(name): _writable(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_writable(inner) for inner in value]
    return value.encode(errors="replace").decode().replace("\x00", "?") if isinstance(value, str) else value


def _finite(text: str) -> float | None:
    return number if isfinite(number := float(text)) else None


def list_of(value: object) -> list[Any]:
    """The list, or an empty one."""
    return value if isinstance(value, list) else []


def dict_of(value: object) -> dict[str, Any]:
    """The object, or an empty one."""
    return value if isinstance(value, dict) else {}


def text_of(value: object) -> str | None:
    """The value as text; None for null, blank, and what is no single value."""
    return None if isinstance(value, (dict, list)) or value is None or value == "" else str(value)


def utc_of(text: str | None) -> datetime | None:
    """Read a date-time with its offset as UTC; None for what is none."""
    try:
        moment = datetime.fromisoformat(text or "")
        return moment.astimezone(UTC) if moment.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def whole(value: object) -> int | None:
    """Read a whole number, which ids write as text; None for what is none, or has too many digits to be meant."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if abs(value) < 10**LONGEST_WHOLE else None
    if not isinstance(value, str) or not value.isascii():
        return None
    digits = value.removeprefix("-")
    return int(value) if digits.isdecimal() and len(digits) <= LONGEST_WHOLE else None


def is_id(text: str) -> bool:
    """Whether a text is the id of a record: digits, so that no id can say anything else to who reads it."""
    return text.isascii() and text.isdecimal() and len(text) <= LONGEST_WHOLE


def moment_of(date: str | None) -> datetime | None:
    """The moment of a date as HTTP writes it, with its zone; None for what is none."""
    try:
        moment = parsedate_to_datetime(date or "")
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo is not None else None


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
