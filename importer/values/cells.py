"""What one cell means: a raw value becomes a typed one, or a reason why it cannot."""

from __future__ import annotations

import difflib
import re
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from importer.model.columns import ITEM_TYPE_ALIASES, ITEM_TYPE_TITLES, SYNC_STATUSES, Kind
from importer.model.headers import fold
from importer.model.invoices import ItemType
from importer.values.amounts import SURE_DIGITS, in_bounds
from importer.values.dates import compact_date
from importer.values.readings import Unreadable, bare, clean, unreadable

if TYPE_CHECKING:
    from collections.abc import Callable


LARGEST_ID = 2**63 - 1
"""Ids are bounded only by what any database can hold, never by 2**31."""

MOST_DAYS = 9999
"""Longest payment term, days."""

_YES = frozenset("yes y true 1 x ja j oui si wahr vrai verdadero ✓ ✔ ☑ ✅".split())
_NO = frozenset("no n false 0 nein non falsch faux falso ☐".split())
_NET_DAYS = re.compile(
    r"(?:net(?:to)? ?|n ?/? ?|within |innerhalb von |in |[aà] )?([0-9]{1,4}) ?"
    r"(?:d|days?|tagen?|tage|jours?|d[ií]as?)?(?: net(?:to)?)?",
    re.IGNORECASE,
)
_ON_RECEIPT = frozenset(
    "dueonreceipt onreceipt uponreceipt dueuponreceipt payableonreceipt immediately dueimmediately "
    "sofort sofortfallig sofortzahlbar zahlbarsofort beierhalt nacherhalt "
    "areception dereception desreception immediat comptant alarecepcion alrecibir alrecibo alavista inmediato".split()
)
_ERROR_VALUES = frozenset(
    {"#REF!", "#N/A", "#DIV/0!", "#NAME?", "#VALUE!", "#NUM!", "#NULL!", "#SPILL!", "#CALC!", "=…"},
)
"""How error cells, and formulas without a result, read in a CSV and in a to-fix workbook."""
_THOUSANDS_OR_DECIMALS = re.compile(r"^-?[0-9]{1,3}\.[0-9]{3}$")
"""Typed text such as 1.000: a thousand to one half of Europe, one to the other."""
_SHORTENED = re.compile(r"^[0-9](?:[.,][0-9]+)?E\+[0-9]{2,3}$")
"""How Excel writes a long number into a narrow cell, and from there into a text file."""
_WHOLE_TEXT = re.compile(r"^-?[0-9]+(?:\.0{1,2})?$")
LONGEST_TEXT = 32_767
"""Characters that fit into one cell of Excel; the results must be able to hold what was sent."""
_PLAIN_NUMBER = re.compile(r"^-?[0-9]+(?:\.[0-9]+)?$")


def parser_of(kind: Kind) -> Callable[[object], object]:
    """Return the function that reads cells of a kind: raw value → typed value or Unreadable."""
    return _PARSERS[kind]


def number_of(raw: object) -> Decimal | None:
    """Read a number cell or plain number text exactly; None when it is neither.

    A number cell holds a binary float: its value is the shortest decimal of at
    most 15 significant digits (spreadsheets.md section 5).
    """
    if isinstance(raw, bool):
        return None
    if isinstance(raw, int):
        return Decimal(raw)
    if isinstance(raw, float):
        return Decimal(format(raw, f".{SURE_DIGITS}g")) if raw == raw and abs(raw) != float("inf") else None  # noqa: PLR0124 - NaN is the number that differs from itself
    if isinstance(raw, str) and _PLAIN_NUMBER.match(text := clean(raw)):
        return Decimal(text)
    return None


def _identifier(raw: object) -> int | Unreadable:  # noqa: PLR0911 - one return per rule
    number = number_of(raw)
    if isinstance(raw, str) and _THOUSANDS_OR_DECIMALS.match(clean(raw)):
        return unreadable("*.ambiguous")
    if isinstance(raw, str) and _SHORTENED.match(clean(raw)):
        return unreadable("*.lost_digits")
    if number is None:
        return unreadable("*.not_a_number:id")
    if isinstance(raw, float) and abs(raw) >= 10**SURE_DIGITS:
        return unreadable("*.too_many_digits", digits=SURE_DIGITS)
    if number != number.to_integral_value():
        return unreadable("*.not_whole")
    if number <= 0:
        return unreadable("*.not_positive")
    if number > LARGEST_ID:
        return unreadable("*.too_large:id")
    return int(number)


def _amount(raw: object) -> Decimal | Unreadable:
    """Read a number cell; typed amounts are for :mod:`importer.values.amounts`, as one cell cannot tell their mark."""
    number = None if isinstance(raw, str) else number_of(raw)
    if number is None:
        return unreadable("*.not_a_number:cell")
    return in_bounds(number)


def _text(raw: object) -> str | Unreadable:  # noqa: PLR0911 - one return per rule
    if isinstance(raw, str):
        text = raw.strip()
        if len(text) > LONGEST_TEXT:
            return unreadable("*.too_long", most=LONGEST_TEXT)
        if text in _ERROR_VALUES:
            return unreadable("*.error_value:text")
        return text
    if isinstance(raw, bool):
        return "TRUE" if raw else "FALSE"
    if isinstance(raw, float) and abs(raw) >= 10**SURE_DIGITS:
        return unreadable("*.too_many_digits:text", digits=SURE_DIGITS)
    if (number := number_of(raw)) is not None:
        return format(number.normalize(), "f")
    return unreadable("*.is_a_date")


def _date(raw: object) -> date | Unreadable:
    """Read a date cell; typed dates are for :mod:`importer.values.dates`, as one cell cannot tell their order."""
    if isinstance(raw, datetime):
        return raw.date()
    if isinstance(raw, date):
        return raw
    number = None if isinstance(raw, bool) else number_of(raw)
    if number is not None and (day := compact_date(f"{number:f}")) is not None:
        return day
    return unreadable("*.not_a_date:cell")


def _yes_no(raw: object) -> bool | Unreadable:
    if isinstance(raw, bool):
        return raw
    word = bare(clean(raw)) if isinstance(raw, str) else str(number_of(raw))
    if word in _YES:
        return True
    if word in _NO:
        return False
    return unreadable("*.not_yes_no")


def _days(raw: object) -> int | Unreadable:
    number = None if isinstance(raw, str) and not _WHOLE_TEXT.match(clean(raw)) else number_of(raw)
    if number is None and isinstance(raw, str):
        text = clean(raw)
        if bare(text) in _ON_RECEIPT:
            return 0
        match = _NET_DAYS.fullmatch(text)
        number = Decimal(match[1]) if match else None
    if number is None or number != number.to_integral_value():
        return unreadable("*.not_days")
    if not 0 <= number <= MOST_DAYS:
        return unreadable("*.not_days:range")
    return int(number)


def _choice(raw: object, words: dict[str, object], shown: tuple[str, ...]) -> object:
    word = fold(clean(raw)) if isinstance(raw, str) else ""
    if word in words:
        return words[word]
    near = difflib.get_close_matches(word, words, n=1, cutoff=0.7)
    listed = ", ".join(shown[:-1]) + f" or {shown[-1]}"
    if near:
        meant = words[near[0]]
        name = meant.value if isinstance(meant, ItemType) else meant
        return unreadable("*.unknown:near", near=name, choices=listed)
    return unreadable("*.unknown", choices=listed)


_ITEM_TYPES: dict[str, object] = {
    fold(word): item_type
    for item_type in ItemType
    for word in (item_type.value, ITEM_TYPE_TITLES[item_type], *ITEM_TYPE_ALIASES[item_type])
}
_SYNC_STATUSES: dict[str, object] = {status: status for status in SYNC_STATUSES}

_PARSERS: dict[Kind, Callable[[object], object]] = {
    Kind.IDENTIFIER: _identifier,
    Kind.ITEM_TYPE: lambda raw: _choice(raw, _ITEM_TYPES, tuple(ITEM_TYPE_TITLES.values())),
    Kind.TEXT: _text,
    Kind.AMOUNT: _amount,
    Kind.YES_NO: _yes_no,
    Kind.DAYS: _days,
    Kind.DATE: _date,
    Kind.SYNC_STATUS: lambda raw: _choice(raw, _SYNC_STATUSES, SYNC_STATUSES),
}


_TOTAL = re.compile(
    r"""(?:grand|sub|invoice|project|monthly|overall|net|gross|page|report)?[ -]?totals?(?:\W.*)?  # Total October
      | .{1,60}\Wtotals?\W?                                               # 101 Total, as Excel's subtotals write
      | sum | (?:zwischen|gesamt|end)?summe(?:\W.*)? | gesamt(?:betrag)?(?:\W.*)?
      | (?:sous[ -]?)?total(?:\W.*)?(?:g[eé]n[eé]ral)? | somme
      | (?:suma|total(?:es)?|subtotal)(?:\W.*)?
    """,
    re.IGNORECASE | re.VERBOSE,
)
LONGEST_LABEL = 80
"""Characters; a longer text is a description."""


def is_total_label(cell: object) -> bool:
    """Tell whether a cell says that its row is a total."""
    return isinstance(cell, str) and len(cell) <= LONGEST_LABEL and _TOTAL.fullmatch(cell.strip()) is not None
