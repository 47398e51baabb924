"""Quantities as people write them in settings and flags: “180 s”, “3 min”, “5/s”, “12345.50”."""

from __future__ import annotations

import re
from decimal import Decimal

from importer.errors import SettingsProblem

_SECONDS = {"s": 1, "sec": 1, "second": 1, "min": 60, "minute": 60, "h": 3600, "hour": 3600}
_NUMBER = r"(\d+(?:\.\d+)?)"


def seconds(value: object) -> object:
    """Turn “180 s”, “3 min” or “1 hour” into seconds; leave anything else as it is."""
    match = re.fullmatch(rf"{_NUMBER}\s*([a-z]+?)s?", value.strip().lower()) if isinstance(value, str) else None
    if match is None or (unit := _SECONDS.get(match[2])) is None:
        return value
    return float(match[1]) * unit


def per_second(value: object) -> object:
    """Turn “5/s”, “5 per second” or “120/min” into a number per second; leave anything else as it is."""
    pattern = rf"{_NUMBER}\s*(?:/|per)\s*([a-z]+)"
    match = re.fullmatch(pattern, value.strip().lower()) if isinstance(value, str) else None
    if match is None or (unit := _SECONDS.get(match[2])) is None:
        return value
    return float(match[1]) / unit


def expected_amount(text: str | None) -> Decimal | None:
    """Read the amount of ``--expect-total``. Raises SettingsProblem when it is none."""
    if text is None:
        return None
    try:
        amount = Decimal(text)
    except ArithmeticError:
        amount = Decimal("NaN")
    if not amount.is_finite():
        msg = f"--expect-total {text}: this is not an amount."
        raise SettingsProblem(msg, "Type digits with a point for the decimals: 12345.50", code="usage")
    return amount
