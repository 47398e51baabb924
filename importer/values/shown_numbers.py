"""Whether a cell shows another number than it holds, because of its number format.

Not a rounded number, a currency or thousands set apart: another sign or size, a unit, a word, or nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from functools import lru_cache

from importer.values.amounts import currency_of
from importer.values.number_format import Digits, NumberFormat, Part, Piece, Section, UnreadableFormat, parsed, shown


class Difference(Enum):
    """How the number that is shown differs from the number that is stored."""

    HIDDEN = "nothing of the number is shown"
    PERCENTAGE = "a percentage is shown"
    SCALED = "thousands or millions are left out"
    SIGN = "another sign is shown"
    MOMENT = "a date, a time or a duration is shown"
    GROUPED = "thousands are set apart in a text"
    OTHER = "other digits, a unit or a word are shown"
    UNCLEAR = "what is shown is not certain"


class Words(Enum):
    """What may stand beside a number."""

    CURRENCY = "a currency only"
    ANY = "any word, such as “Project 101”"


_UNITS = frozenset("k m b t mn mm mio mrd bn tsd tsd. tausend thousand million millions h hr hrs cr dr".split())
"""Marks in the place of a currency that say another size or sign."""
STRAY = frozenset("qz")
"""Letters that abbreviate no size, sign or currency; an amount that shows one is read, with a warning."""
_MINUSES = "-−–—‐‑"
_EVEN = re.compile(rf"[.,][{_MINUSES}]{{1,2}}")
"""How a price without cents ends: 500.– or 500,--"""
_DIGITS_OR_PERCENT = re.compile(r"[\d%‰]")
_EXPONENT = re.compile(r"(?<![\d.])[\d.]++E[-+]?\d+", re.IGNORECASE)
_FRACTION = re.compile(r"(?<!\d)(?:(\d++)\s++)?(\d++)\s*+/\s*+(\d+)")
_LETTER = re.compile(r"\w")
_WORD = re.compile(r"[^\s()+=:{}]+")
_GROUP_MARKS = frozenset(" '’\u00a0\u202f\u2009")
_THOUSAND = 3
"""Digits between two marks that separate thousands."""


@dataclass(frozen=True, slots=True)
class Sides:
    """What stands around and between the digits of a section."""

    before: str
    """Before the digits."""
    between_is_plain: bool
    """Whether only thousands are set apart between the digits."""
    after: str
    """After the digits."""
    decimals: int | None
    """How many decimals are shown; None where the number is shown as it is, or with an exponent or fraction."""


def difference(code: str, number: Decimal, words: Words) -> Difference | None:
    """Say how the number shown differs from ``number``; None when it is the same, but perhaps rounded.

    ``words`` says what may stand beside the digits. Equal formats with numbers of the same sign and section
    are judged once.
    """
    try:
        number_format = parsed(code)
        index = number_format.index_for(number)
    except UnreadableFormat:
        return Difference.UNCLEAR
    if not number_format.numbers:
        return None
    if index is None:
        return Difference.HIDDEN
    sign = (number > 0) - (number < 0)
    return _difference(number_format, index, sign, words)


def is_same_for_sign(code: str) -> bool:
    """Tell whether all numbers of a sign are shown by the same section of a format."""
    try:
        return not parsed(code).is_conditional
    except UnreadableFormat:
        return True


@lru_cache(maxsize=1000)
def _difference(number_format: NumberFormat, index: int, sign: int, words: Words) -> Difference | None:
    section = number_format.numbers[index]
    if not section.parts and len(number_format.numbers) == 1:
        return None
    if not section.has(Piece.DIGIT, Piece.GENERAL) or section.is_date:
        return _without_digits(section, sign)
    if section.has(Piece.PERCENT) or _is_scaled(section):
        return Difference.PERCENTAGE if section.has(Piece.PERCENT) else Difference.SCALED

    sides = sides_of(section)
    if not sides.between_is_plain or _is_other(sides, words):
        return Difference.OTHER
    return _difference_of_sign(number_format, index, sign, sides, words)


def _without_digits(section: Section, sign: int) -> Difference | None:
    """A section that shows no number may be one for zero, as a dash or nothing."""
    if section.is_date:
        return Difference.MOMENT
    text = "".join(part.text for part in section.parts if part.piece is not Piece.PAD)
    if sign == 0 and not _LETTER.search(text):
        return None
    return Difference.HIDDEN


def _is_scaled(section: Section) -> bool:
    if section.has(*_NOT_PLAIN):
        return False
    return Digits.of(section).thousands_left_out > 0


def _is_other(sides: Sides, words: Words) -> bool:
    """Tell whether digits, a decimal mark, a percent sign or a word beside the number change it."""
    around = sides.before + sides.after
    if _DIGITS_OR_PERCENT.search(around) or around.count("(") != around.count(")"):
        return True
    before = _WORD.findall(sides.before)
    if before and before[-1].endswith((".", ",")) and not _is_harmless(before[-1]):
        return True
    if words is Words.ANY:
        return False
    after = _WORD.findall(_without_even_end(sides.after, sides.decimals))
    return not all(_is_harmless(word) for word in before + after)


def _without_even_end(after: str, decimals: int | None) -> str:
    if decimals == 0 and (even := _EVEN.match(after)):
        return after[even.end() :]
    return after


def _is_harmless(word: str) -> bool:
    """Tell whether a word is a currency, a sign or a stray letter."""
    word = word.strip(_MINUSES)
    return not word or word in STRAY or currency_of(word) is not None


def _difference_of_sign(
    number_format: NumberFormat, index: int, sign: int, sides: Sides, words: Words
) -> Difference | None:
    after = _without_even_end(sides.after, sides.decimals)
    is_minus = _has_minus(sides.before, after, words)
    section = number_format.numbers[index]
    if sign == 0:
        return None
    if _is_double_minus(sides.before, after, words):
        return Difference.UNCLEAR  # 5 shown as -5- may be either
    if sign > 0:
        return Difference.SIGN if is_minus else None
    if is_minus != number_format.adds_minus(index):
        return None
    if not is_minus and section.color == "red" and (index or section.condition):
        return None  # Excel itself offers red in place of a minus
    return Difference.SIGN


def _is_double_minus(before: str, after: str, words: Words) -> bool:
    return _has_minus(before, "", words) and _has_minus("", after, words)


def _has_minus(before: str, after: str, words: Words) -> bool:
    around = before + after
    if words is Words.ANY and _LETTER.search(around):
        return False  # the hyphen of “P-101”
    return any(mark in around for mark in _MINUSES) or ("(" in before and ")" in after)


def stray_letter(code: str) -> bool:
    """Tell whether a format puts a stray letter behind a positive number."""
    try:
        number_format = parsed(code)
    except UnreadableFormat:
        return False
    section = number_format.numbers[0] if number_format.numbers else None
    return section is not None and section.has(Piece.DIGIT) and sides_of(section).after.strip() in STRAY


def decimals_shown(code: str, number: Decimal) -> int | None:
    """How many decimals a format shows of a number; None when it shows all that there are."""
    try:
        number_format = parsed(code)
        index = number_format.index_for(number)
    except UnreadableFormat:
        return None
    if index is None or not number_format.numbers[index].has(Piece.DIGIT):
        return None
    return sides_of(number_format.numbers[index]).decimals


def is_rough(code: str) -> bool:
    """Tell whether a format shows numbers with an exponent or as fractions, which may lack digits."""
    try:
        return any(section.has(Piece.EXPONENT, Piece.SLASH) for section in parsed(code).numbers)
    except UnreadableFormat:
        return False


def is_shown_roughly(code: str, number: Decimal) -> bool:
    """Tell whether the exponent or the fraction that such a format shows is another number: 1.2E+03 of 1234."""
    text = shown(code, number).replace(",", "")
    if found := _EXPONENT.search(text):
        return abs(Decimal(found[0])) != abs(number)
    if found := _FRACTION.search(text):
        return Decimal(found[1] or 0) + Decimal(found[2]) / Decimal(found[3]) != abs(number)
    return bool(number % 1)


def text_shown(code: str, number: Decimal) -> str | Difference | None:
    """The text that a person sees of a number in a column of texts, or why that is not clear; None without a format.

    Where thousands are set apart, the mark depends on the country of the reader's Excel.
    """
    try:
        number_format = parsed(code)
        index = number_format.index_for(number)
        text = shown(code, number).strip()
    except UnreadableFormat:
        return Difference.UNCLEAR
    if not number_format.numbers:
        return None
    if index is None or not text:
        return Difference.HIDDEN
    return _text_of_section(number_format.numbers[index], number, text)


def _text_of_section(section: Section, number: Decimal, text: str) -> str | Difference | None:
    if all(part.piece is Piece.GENERAL for part in section.parts):
        return None
    if section.is_date:
        return Difference.MOMENT
    if section.has(Piece.EXPONENT):
        return None if number == number.to_integral_value() else Difference.OTHER
    if "," in text and section.has(Piece.DIGIT) and Digits.of(section).groups:
        return Difference.GROUPED
    return text


# --- the parts of a section --------------------------------------------------------


@lru_cache(maxsize=1000)
def sides_of(section: Section) -> Sides:
    """What stands around and between the digits; a currency in brackets counts as such, whatever it is called."""
    places = [place for place, part in enumerate(section.parts) if part.piece in _NUMBER]
    first, last = places[0], places[-1]
    before, after = _text(section.parts[:first]), _text(section.parts[last + 1 :])
    if section.has(*_NOT_PLAIN):
        return Sides(before, between_is_plain=True, after=after, decimals=None)
    if section.parts[last].piece is Piece.POINT and after.startswith(tuple(_MINUSES)):
        after = f".{after}"  # the point of 500.-
    is_plain = _is_plain_between(section, first, last)
    return Sides(before, is_plain, after, len(Digits.of(section).decimals))


_NOT_PLAIN = (Piece.EXPONENT, Piece.SLASH, Piece.GENERAL)
_NUMBER = {Piece.DIGIT, Piece.GENERAL, Piece.POINT, Piece.EXPONENT}


def _text(parts: tuple[Part, ...]) -> str:
    written = []
    for part in parts:
        if part.piece is Piece.PAD:
            written.append(" ")
        elif part.piece is Piece.CURRENCY and part.text.strip().casefold() not in _UNITS:
            written.append(_currency_text(part.text))
        else:
            written.append(part.text)
    return "".join(written)


def _currency_text(text: str) -> str:
    """A currency that is not known by its sign is one still, if it is a word."""
    word = text.strip()
    if currency_of(word) is None and word and not re.search(r"[\d%()]", word) and word not in _MINUSES:
        return " € "
    return f" {word} "


def _is_plain_between(section: Section, first: int, last: int) -> bool:
    """Tell whether nothing stands between the digits but marks that separate thousands."""
    parts = section.parts
    point = last + 1
    if section.has(Piece.POINT):
        point = [part.piece for part in parts].index(Piece.POINT)
    digits_right = 0
    marks: list[tuple[str, int]] = []
    for place in range(min(point, last), first, -1):
        part = parts[place]
        if part.piece is Piece.DIGIT:
            digits_right += 1
        elif part.piece is Piece.LITERAL:
            marks.append((part.text, digits_right))
    if not all(_sets_thousands_apart(*mark) for mark in marks) and not _is_indian(marks):
        return False
    return all(part.piece is not Piece.LITERAL for part in parts[point : last + 1])


def _sets_thousands_apart(mark: str, digits_right: int) -> bool:
    return mark in _GROUP_MARKS and digits_right > 0 and digits_right % _THOUSAND == 0


def _is_indian(marks: list[tuple[str, int]]) -> bool:
    r"""Tell whether ``##\,##\,##0`` sets apart the last three digits, and before them two at a time."""
    commas = [(",", _THOUSAND + 2 * number) for number in range(len(marks))]
    return len(marks) > 1 and marks == commas
