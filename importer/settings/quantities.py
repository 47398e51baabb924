"""Quantities as people write them in settings and flags: “180 s”, “3 min”, “5/s”, “12345.50”.

What a cell means is loaded where a setting is typed so: most commands run with the defaults.
"""

from __future__ import annotations

import re
from decimal import Decimal

from importer.model.columns import MOST_DAYS, Kind
from importer.model.errors import SettingsProblem
from importer.model.messages import error

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


def days(value: object) -> object:
    """Turn “Net 30” into days, as the sheet does; leave what is no text as it is. Raises ValueError."""
    if not isinstance(value, str):
        return value
    from importer.values.cells import parser_of
    from importer.values.readings import Unreadable

    read = parser_of(Kind.DAYS)(value)
    if isinstance(read, Unreadable):
        msg = f"it must be a number of days from 0 to {MOST_DAYS}, such as 30"
        raise ValueError(msg)  # noqa: TRY004 - what pydantic explains
    return read


def amount(value: object) -> object:
    """Turn “200,000.00” into an amount; leave what is no text as it is. Raises ValueError for “200.000”."""
    if not isinstance(value, str):
        return value
    from importer.values.amounts import typed_amount
    from importer.values.readings import Typed

    typed = typed_amount(value)
    meanings = set(typed.values.values()) if isinstance(typed, Typed) and typed.currency is None else set()
    if len(meanings) == 1 and isinstance(read := meanings.pop(), Decimal):
        return read
    what = "could mean two amounts" if meanings else "is not an amount"
    msg = f"“{value}” {what}; type digits with a point for the decimals: 12345.50"
    raise ValueError(msg)


def expected_amount(text: str | None) -> Decimal | None:
    """Read the amount of ``--expect-total``. Raises SettingsProblem when it is none."""
    if text is None:
        return None
    try:
        return Decimal(str(amount(text)))
    except ValueError as wrong:
        why = str(wrong).partition("; ")[0]
        raise error(SettingsProblem, "usage:expected_total", why=why) from wrong
