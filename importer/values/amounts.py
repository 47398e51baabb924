"""Amounts: number cells, and texts such as ``1.234,50``, ``1'234.00``, ``(500)``, ``-$500``, ``500 EUR``, ``500,-``."""

from __future__ import annotations

import re
from decimal import Decimal

from importer.model.currencies import CODES, SIGNS
from importer.values.readings import SURE_DIGITS, Typed, Unreadable, as_typed, number_of, unreadable

WAYS = (".", ",")
"""The decimal mark is what people write differently."""
MOST = 10**13
"""Amounts are below it, main currency unit: a JSON number then carries them to the cent."""
LONGEST = 60
"""Characters of the longest text that is looked at as an amount."""
_NOISE = Decimal("0.0001")
"""Main currency unit; what binary arithmetic leaves behind is far smaller."""

# “even” ends a price without cents: 500,- or 500.- or, in India and East Africa, 500/- or 500/=
_SHAPE = re.compile(
    r"""(?P<around>\()?\s{0,2}(?:(?P<minus_1>-)|(?P<plus>\+))?\s{0,2}
    (?P<before>[^0-9\s.,'()-]+(?:(?<=[^\W\d_])\.)?)?\s{0,2}(?P<minus_2>-)?\s{0,2}
    (?P<within>\()?(?P<number>[0-9](?:[0-9.,' ]*[0-9])?|[.,][0-9]{1,2})(?P<even>[.,]-{1,2}|/[-=])?(?(within)\))
    (?P<minus_3>-)?\s{0,2}
    (?P<after>[^0-9\s.,'()-]+\.?)?(?P<minus_4>-)?\s{0,2}(?(around)\))""",
    re.VERBOSE,
)
_MANY_BLANKS = re.compile(r"(\s\s)\s+")
"""Many say no more than two; to divide them among all places where blanks may stand takes long."""
_AT_MOST_ONE = ("around", "within", "minus_1", "minus_2", "minus_3", "minus_4", "plus")
_NUMBERS = {
    mark: re.compile(
        rf"(?:[0-9]+|[0-9]{{1,3}}(?P<group>[{other}' ])[0-9]{{3}}(?:(?P=group)[0-9]{{3}})*)?(?:[{mark}][0-9]+)?"
    )
    for mark, other in ((".", ","), (",", "."))
}
"""Groups of three, all set apart by the same mark, or no groups at all."""
_INDIAN = re.compile(r"[0-9]{1,2}(?P<group>,)(?:[0-9]{2},)+[0-9]{3}(?:\.[0-9]+)?")
"""Groups of two before the last three digits, as in India: 1,20,000.00 is 120000."""
_NO_THOUSANDS = re.compile(r"0+[.,' ]")
_SIMPLE = re.compile(r"-?[0-9]{1,12}(?:\.[0-9]{1,2})?")
"""Digits with a decimal point that cannot separate thousands."""
_SCIENTIFIC = re.compile(r"[-+]?[0-9]+(?:[.,][0-9]+)?E[-+]?[0-9]{1,3}", re.IGNORECASE)

_COULD_BE = {
    "$": frozenset(
        "USD CAD AUD NZD HKD SGD MXN ARS CLP COP TWD BSD BBD BMD BND BZD FJD GYD JMD LRD NAD TTD XCD".split()
    ),
    "¥": frozenset({"JPY", "CNY"}),
    "Rs": frozenset({"INR", "PKR", "LKR", "NPR", "MUR", "SCR"}),
    "kr": frozenset({"SEK", "NOK", "DKK", "ISK"}),
}
"""Marks that several currencies share."""


def amount_of_cell(raw: object) -> Decimal | Unreadable:
    """Read a number cell; a typed amount is read by :func:`typed_amount`, as one cell cannot show its decimal mark."""
    number = None if isinstance(raw, str) else number_of(raw)
    if number is None:
        return unreadable("*.not_a_number:cell")
    return in_bounds(number)


def typed_amount(text: str) -> Typed | Unreadable:
    """Read a typed amount in each way that it fits; a currency beside it is kept."""
    if _SIMPLE.fullmatch(text):  # most texts are; the rest costs ten times as much
        amount = Decimal(text)
        if "." in text:
            return Typed({".": amount}, plain=True)
        return Typed({".": amount, ",": amount}, plain=True)

    typed = as_typed(text)
    match = _SHAPE.fullmatch(_MANY_BLANKS.sub(r"\1", typed)) if len(typed) <= LONGEST else None
    if match is None or _count_of_signs(match) > 1:
        return _no_amount(typed)
    marks = _currencies_beside(match)
    if marks is None:
        return _no_amount(typed)
    values = _values(match)
    if not values:
        return unreadable("*.not_a_number:groups")
    return Typed(values, currency=max(marks, key=len, default=None))  # of “$500 USD” the code says more


def _count_of_signs(match: re.Match[str]) -> int:
    return sum(match[name] is not None for name in _AT_MOST_ONE)


def _values(match: re.Match[str]) -> dict[str, object]:
    """Decimal mark → amount, or why it cannot be used, for the marks that the digits fit."""
    number, even = match["number"], match["even"]
    marks: tuple[str, ...] = WAYS
    if even is not None and even[0] != "/":
        marks = (even[0],)
        if even[0] in number:
            return {}
    is_negative = match["plus"] is None and _count_of_signs(match) > 0

    values: dict[str, object] = {}
    for mark in marks:
        value = _value(number, mark, is_negative=is_negative)
        if value is not None:
            values[mark] = value
    return values


def _currencies_beside(match: re.Match[str]) -> list[str] | None:
    """Currencies beside the number; None when something else stands there, or they differ."""
    before, after = match["before"] or "", match["after"] or ""
    if before.endswith(".") and before[:-1].upper() in CODES:
        return None  # the point of “USD.5” may belong to the number
    currencies: list[str] = []
    for mark in filter(None, (before, after)):
        currency = currency_of(mark)
        if currency is None or not all(same_currency(currency, other) for other in currencies):
            return None
        currencies.append(currency)
    return currencies


def same_currency(mark: str, other: str) -> bool:
    """Tell whether two codes or marks may mean the same currency: ``$`` and USD may."""
    return mark == other or other in _COULD_BE.get(mark, ()) or mark in _COULD_BE.get(other, ())


def in_bounds(amount: Decimal) -> Decimal | Unreadable:
    """Refuse an amount that a JSON number could not carry to the cent."""
    if len(amount.normalize().as_tuple().digits) > SURE_DIGITS or abs(amount) >= MOST:
        return unreadable("*.too_large")
    return amount


def currency_of(mark: str) -> str | None:
    """Code or shared mark that a sign or word beside an amount means; None when it is no currency."""
    name = mark.removesuffix(".")
    if name.upper() in CODES:
        return name.upper()
    return SIGNS.get(name.casefold())


def _value(number: str, mark: str, *, is_negative: bool) -> Decimal | Unreadable | None:
    """Read digits and marks with this decimal mark; None when they do not fit it."""
    match = _NUMBERS[mark].fullmatch(number)
    if match is None and mark == ".":
        match = _INDIAN.fullmatch(number)
    if match is None:
        return None
    if match["group"]:
        if _NO_THOUSANDS.match(number):
            return None
        number = number.replace(match["group"], "")
    value = _without_noise(Decimal(number.replace(mark, ".")))
    return in_bounds(-value if is_negative else value)


def _without_noise(amount: Decimal) -> Decimal:
    """Text of a binary number, such as 1428.6399999999999, is rounded as its number cell would be."""
    if abs(amount) >= MOST:  # refused anyway, and perhaps of more digits than can be rounded
        return amount
    rounded = Decimal(format(amount, f".{SURE_DIGITS}g"))
    if rounded == round(rounded, 2) and abs(rounded - amount) < _NOISE:
        return rounded
    return amount


def _no_amount(typed: str) -> Unreadable:
    if "%" in typed:
        return unreadable("*.not_a_number:percentage")
    if _SCIENTIFIC.fullmatch(typed):
        return unreadable("*.not_a_number:scientific")
    if any(sign.isdigit() and not sign.isascii() for sign in typed):
        return unreadable("*.not_a_number:digits")
    return unreadable("*.not_a_number")
