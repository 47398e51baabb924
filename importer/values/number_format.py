"""What Excel shows of a value under a number format, such as ``PO-00042`` of 42 under ``"PO-"00000``.

:func:`shown` writes it with the marks and names of English (1,234.50, March). Source: ECMA-376 part 1,
section 18.8.31, and what Excel does where that is silent. A format that cannot be read with certainty raises
UnreadableFormat.
"""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from enum import Enum
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING

from importer.values.readings import number_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LONGEST = 1000
"""Characters of the longest format that is looked at; Excel allows 255."""
MOST_SECTIONS = 4
"""For positive numbers, negative numbers, zero, and texts."""
NO_ROOM = "########"
"""What Excel shows where it has no way to show a value."""
_WIDTH = 11
"""Characters of a number under General; a longer one is rounded, or written with an exponent."""


class UnreadableFormat(ValueError):
    """What a number format shows is not certain."""


class Piece(Enum):
    """What a part of a number format stands for."""

    LITERAL = "text shown as it is"
    CURRENCY = "sign or code of a currency, from brackets"
    PAD = "a blank as wide as a character"
    DIGIT = "0, # or ?"
    POINT = "decimal point"
    COMMA = "groups of three, or thousands left out"
    PERCENT = "shown times 100"
    EXPONENT = "E+ or E-"
    SLASH = "bar of a fraction, or of a date"
    DATE = "day, month, year, hour, minute or second"
    ELAPSED = "hours, minutes or seconds in all"
    AM_PM = "half of the day"
    TEXT = "the text of the cell"
    GENERAL = "the number as it was typed"


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a section."""

    piece: Piece
    text: str


@dataclass(frozen=True, slots=True)
class Section:
    """What is shown of one kind of values."""

    parts: tuple[Part, ...]
    condition: tuple[str, Decimal] | None = None
    """Comparison and number, such as >= 1000."""
    color: str = ""
    """Name in lower case; empty without one."""

    def has(self, *pieces: Piece) -> bool:
        """Tell whether a part of one of these kinds is in it."""
        return any(part.piece in pieces for part in self.parts)

    @property
    def is_date(self) -> bool:
        """Whether it shows a date, a time or a duration."""
        return self.has(Piece.DATE, Piece.ELAPSED)

    @property
    def is_text(self) -> bool:
        """Whether it is for texts."""
        return self.has(Piece.TEXT)


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """A number format, taken apart."""

    numbers: tuple[Section, ...]
    """Sections for numbers, at most three; empty where the format is only for texts."""
    text: Section | None
    """Section for texts; None shows them as they are."""

    @property
    def is_conditional(self) -> bool:
        """Whether sections are chosen by conditions of their own."""
        return any(section.condition is not None for section in self.numbers)

    def index_for(self, number: Decimal) -> int | None:
        """Which section shows this number; None when none does, or the number is shown as under General."""
        if not self.numbers:
            return None
        if self.is_conditional:
            return self._index_by_condition(number)
        if number < 0 and len(self.numbers) > 1:
            return 1
        if number == 0 and len(self.numbers) > 2:  # noqa: PLR2004 - positive, negative, zero
            return 2
        return 0

    def _index_by_condition(self, number: Decimal) -> int | None:
        first, *others = self.numbers
        if first.condition is None or not others:
            msg = "Excel chooses its sections in a way that is not known"
            raise UnreadableFormat(msg)
        for index, section in enumerate(self.numbers):
            if section.condition is None:
                is_default_negative = index == 1 and len(self.numbers) > 2  # noqa: PLR2004 - a third one is for the rest
                if not is_default_negative or number < 0:
                    return index
            elif _COMPARISONS[section.condition[0]](number, section.condition[1]):
                return index
        return None

    def adds_minus(self, index: int) -> bool:
        """Whether Excel itself puts a minus before a negative number in this section."""
        if self.is_conditional:
            return index > 1
        return len(self.numbers) == 1


_COMPARISONS: dict[str, Callable[[Decimal, Decimal], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
    "<>": operator.ne,
}

# --- taking a format apart ------------------------------------------------------

_TOKEN = re.compile(
    r"""(?P<quoted>"[^"]*") | \\(?P<escaped>.) | _(?P<pad>.) | \*(?P<fill>.) | \[(?P<bracket>[^\]]*)\]
    | (?P<section>;) | (?P<general>General) | (?P<exponent>E[+-]) | (?P<half>AM/PM|A/P)
    | (?P<date>y+|m+|d+|h+|s+|e+|g+|b+) | (?P<digit>[0\#?]) | (?P<point>\.) | (?P<comma>,)
    | (?P<percent>%) | (?P<slash>/) | (?P<at>@) | (?P<literal>[^"\\_*\[])""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
_PIECES = {
    "general": Piece.GENERAL,
    "exponent": Piece.EXPONENT,
    "half": Piece.AM_PM,
    "date": Piece.DATE,
    "digit": Piece.DIGIT,
    "point": Piece.POINT,
    "comma": Piece.COMMA,
    "percent": Piece.PERCENT,
    "slash": Piece.SLASH,
    "at": Piece.TEXT,
    "escaped": Piece.LITERAL,
    "literal": Piece.LITERAL,
    "pad": Piece.PAD,
}
_CONDITION = re.compile(r"(<=|>=|<>|<|>|=)\s*(-?[0-9]+(?:\.[0-9]+)?)")
_COLOR = re.compile(r"black|blue|cyan|green|magenta|red|white|yellow|color ?[0-9]{1,2}", re.IGNORECASE)
_ELAPSED = re.compile(r"h+|m+|s+", re.IGNORECASE)
_CURRENCY = re.compile(r"\$([^-]*)(?:-.*)?", re.DOTALL)
_IGNORED = re.compile(r"DBNum[0-9]+|NatNum[0-9]+|~.*", re.IGNORECASE)


@lru_cache(maxsize=1000)
def parsed(code: str) -> NumberFormat:
    """Take a format apart. Raises UnreadableFormat for one that is too long, or that Excel would not accept."""
    if len(code) > LONGEST:
        msg = f"longer than {LONGEST:,} characters"
        raise UnreadableFormat(msg)
    sections = _sections(code)
    if len(sections) > MOST_SECTIONS:
        msg = f"more than {MOST_SECTIONS} sections"
        raise UnreadableFormat(msg)
    text = None
    if len(sections) == MOST_SECTIONS or sections[-1].is_text:
        text = sections.pop()
    if any(section.is_text for section in sections):
        msg = "the text of the cell stands in a section for numbers"
        raise UnreadableFormat(msg)
    return NumberFormat(tuple(sections), text)


def _sections(code: str) -> list[Section]:
    sections: list[Section] = []
    parts: list[Part] = []
    marks: list[str] = []
    at = 0
    while at < len(code):
        match = _TOKEN.match(code, at)
        if match is None:
            msg = f"nothing ends what begins at character {at + 1}"
            raise UnreadableFormat(msg)
        at = match.end()
        name = match.lastgroup or ""
        if name == "section":
            sections.append(_section(parts, marks))
            parts, marks = [], []
        elif name == "bracket":
            _read_bracket(match[name], parts, marks)
        elif name == "quoted":
            parts.append(Part(Piece.LITERAL, match[name][1:-1]))
        elif name != "fill":
            parts.append(Part(_PIECES[name], match[name]))
    sections.append(_section(parts, marks))
    return sections


def _read_bracket(inside: str, parts: list[Part], marks: list[str]) -> None:
    """Take what stands in brackets: a currency, elapsed time, or a mark of the whole section."""
    if currency := _CURRENCY.fullmatch(inside):
        if currency[1]:
            parts.append(Part(Piece.CURRENCY, currency[1]))
    elif _ELAPSED.fullmatch(inside):
        parts.append(Part(Piece.ELAPSED, inside.lower()))
    elif not _IGNORED.fullmatch(inside):
        marks.append(inside.strip())


def _section(parts: Sequence[Part], marks: Sequence[str]) -> Section:
    condition, color = None, ""
    for mark in marks:
        if match := _CONDITION.fullmatch(mark):
            condition = match[1], Decimal(match[2])
        elif _COLOR.fullmatch(mark):
            color = mark.lower()
        else:
            msg = f"[{mark}] is not known"
            raise UnreadableFormat(msg)
    return Section(tuple(parts), condition, color)


# --- what is shown ---------------------------------------------------------------


def shown(code: str, value: object) -> str:
    """Return the text that Excel shows of a value in a wide enough cell; ``_x`` is one blank, ``*x`` nothing.

    Numbers are taken as Excel keeps them, with 15 digits. Raises UnreadableFormat for a format that cannot be
    read with certainty.
    """
    number_format = parsed(code)
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, str):
        return _text_shown(number_format, value)
    if isinstance(value, date | time | timedelta):
        return _number_shown(number_format, _serial_of(value))
    number = value if isinstance(value, Decimal) else number_of(value)
    if number is None:
        return ""
    return _number_shown(number_format, number)


def _text_shown(number_format: NumberFormat, text: str) -> str:
    if number_format.text is None:
        return text
    written = []
    for part in number_format.text.parts:
        if part.piece is Piece.TEXT:
            written.append(text)
        else:
            written.append(_as_literal(part))
    return "".join(written)


def _number_shown(number_format: NumberFormat, number: Decimal) -> str:
    if not number_format.numbers:
        return general(number)
    index = number_format.index_for(number)
    if index is None:
        return NO_ROOM
    section = number_format.numbers[index]
    if section.is_date:
        return _date_shown(section, number)
    if not section.parts and len(number_format.numbers) == 1:
        return general(number)
    text = _section_shown(section, abs(number))
    if number < 0 and number_format.adds_minus(index):
        return f"-{text}"
    return text


def _section_shown(section: Section, number: Decimal) -> str:
    """A number that is not negative under one section."""
    if section.has(Piece.GENERAL):
        return "".join(general(number) if part.piece is Piece.GENERAL else _as_literal(part) for part in section.parts)
    if section.has(Piece.EXPONENT):
        return _with_exponent(section, number)
    if section.has(Piece.SLASH) and section.has(Piece.DIGIT) and not section.has(Piece.POINT):
        return _as_fraction(section, number)
    digits = Digits.of(section)
    return "".join(digits.write(digits.scaled(number)))


def _as_literal(part: Part) -> str:
    if part.piece is Piece.PAD:
        return " "
    return part.text


def general(number: Decimal) -> str:
    """A number under General: at most 11 characters beside its sign."""
    if number == 0:
        return "0"
    sign, size = "-" if number < 0 else "", abs(number)
    exponent = size.adjusted()
    if -_WIDTH + 6 < exponent < _WIDTH:  # 0.0001 is the smallest without an exponent
        decimals = max(0, min(_WIDTH - 2, _WIDTH - 2 - exponent))
        return sign + _plain(_rounded(size, decimals))
    mantissa, _, power = format(size, ".5E").partition("E")
    return f"{sign}{_plain(Decimal(mantissa))}E{power[0]}{power[1:]:0>2}"


def _plain(number: Decimal) -> str:
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return text


_PRECISE = Context(prec=400)


def _rounded(number: Decimal, decimals: int) -> Decimal:
    try:
        return number.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP, context=_PRECISE)
    except InvalidOperation as why:
        msg = "Excel holds no number of so many digits"
        raise UnreadableFormat(msg) from why


@dataclass(frozen=True, slots=True)
class Digits:
    """Where the digits of a number go in a section."""

    parts: tuple[Part, ...]
    whole: tuple[int, ...]
    """Places, among the parts, of the digits before the decimal point."""
    decimals: tuple[int, ...]
    """Places of the digits after it."""
    groups: bool
    """Whether commas separate groups of three."""
    thousands_left_out: int
    """How many times the number is divided by 1,000."""
    percent: int
    """How many times it is multiplied by 100."""
    separators: frozenset[int]
    """Places of the commas that are not shown themselves."""

    @classmethod
    def of(cls, section: Section) -> Digits:
        """Find the digits of a section without exponent or fraction."""
        parts = section.parts
        places = _places(section, Piece.DIGIT)
        point = (*_places(section, Piece.POINT), len(parts))[0]
        whole = tuple(place for place in places if place < point)
        decimals = places[len(whole) :]

        # A comma before all digits is shown; one between digits makes groups; one after them leaves thousands out.
        separators = set()
        groups, left_out = False, 0
        for place in _places(section, Piece.COMMA):
            if not places or place < places[0]:
                continue
            separators.add(place)
            if whole and place < whole[-1]:
                groups = True
            elif place > places[-1] or place < point:
                left_out += 1
        percent = len(_places(section, Piece.PERCENT))
        return cls(parts, whole, decimals, groups, left_out, percent, frozenset(separators))

    def scaled(self, number: Decimal) -> Decimal:
        """The number as it is shown: in percent, in thousands, rounded."""
        number = number.scaleb(2 * self.percent - 3 * self.thousands_left_out, context=_PRECISE)
        return _rounded(number, len(self.decimals))

    def write(self, number: Decimal) -> list[str]:
        """The text of each part; ``number`` is rounded already."""
        before, _, after = format(number, "f").partition(".")
        written = [_as_literal(part) for part in self.parts]
        for place in self.separators:
            written[place] = ""
        if self.whole or self.decimals:
            self._write_whole(before.lstrip("0"), written)
            self._write_decimals(after, written)
        return written

    def _write_whole(self, digits: str, written: list[str]) -> None:
        """Fill digits in from the right; the leftmost place takes all that are left."""
        if not self.whole:
            point = next(place for place, part in enumerate(self.parts) if part.piece is Piece.POINT)
            written[point] = digits + "."
            return
        count = 0
        for place in reversed(self.whole):
            is_last = place == self.whole[0]
            here = digits if is_last else digits[-1:]
            digits = digits[: len(digits) - len(here)]
            if not here:
                here = _PADDING[self.parts[place].text]
            if self.groups:
                here, count = _grouped(here, count)
            written[place] = here

    def _write_decimals(self, digits: str, written: list[str]) -> None:
        shown_to = len(digits.rstrip("0"))
        for index, place in enumerate(self.decimals):
            written[place] = digits[index]
            # Zeros at the end are shown only where a 0 stands there or after it.
            rest = self.decimals[index:]
            if index >= shown_to and all(self.parts[later].text != "0" for later in rest):
                written[place] = _PADDING[self.parts[place].text]


def _places(section: Section, piece: Piece) -> tuple[int, ...]:
    return tuple(place for place, part in enumerate(section.parts) if part.piece is piece)


_PADDING = {"0": "0", "#": "", "?": " "}
"""What stands for a digit that a number does not have."""


def _grouped(digits: str, count: int) -> tuple[str, int]:
    """Digits with a comma after each third from the right; ``count`` were written right of them."""
    written = ""
    for digit in reversed(digits):
        if count and count % 3 == 0 and digit.isdigit():
            written = "," + written
        written = digit + written
        count += 1
    return written, count


def _with_exponent(section: Section, number: Decimal) -> str:
    at = next(place for place, part in enumerate(section.parts) if part.piece is Piece.EXPONENT)
    digits = Digits.of(Section(section.parts[:at]))
    step = max(1, len(digits.whole))
    power = 0
    if number:
        power = number.adjusted() // step * step
    mantissa = _rounded(number.scaleb(-power), len(digits.decimals))
    if mantissa >= 10**step:
        power += step
        mantissa = _rounded(number.scaleb(-power), len(digits.decimals))

    tail = Digits.of(Section(section.parts[at + 1 :]))
    if tail.decimals:
        msg = "its exponent has decimals"
        raise UnreadableFormat(msg)
    sign = ""
    if power < 0:
        sign = "-"
    elif section.parts[at].text.endswith("+"):
        sign = "+"
    return "".join(digits.write(mantissa)) + "E" + sign + "".join(tail.write(Decimal(abs(power))))


def _as_fraction(section: Section, number: Decimal) -> str:
    """A number as 5 1/4: digits of the whole, of the numerator, and of the denominator, or that itself."""
    parts = section.parts
    top, bar, end = _places_of_fraction(parts)
    head, tail = Digits.of(Section(parts[:top])), "".join(_as_literal(part) for part in parts[end:])
    whole = int(number) if head.whole else 0
    above, below = _ratio(Fraction(number) - whole, "".join(part.text for part in parts[bar + 1 : end]))
    if head.whole and above == below:
        whole, above = whole + 1, 0
    before = "".join(head.write(Decimal(whole)))
    if head.whole and not above:
        return before + " " * (end - top) + tail
    numerator = "".join(Digits.of(Section(parts[top:bar])).write(Decimal(above)))
    return f"{before}{numerator or '0'}/{str(below).ljust(end - bar - 1)}{tail}"


def _places_of_fraction(parts: tuple[Part, ...]) -> tuple[int, int, int]:
    """Places of the numerator, of the bar, and of what follows the denominator."""
    bar = [part.piece for part in parts].index(Piece.SLASH)
    top, end = bar, bar + 1
    while top and parts[top - 1].piece is Piece.DIGIT:
        top -= 1
    while end < len(parts) and (parts[end].piece is Piece.DIGIT or parts[end].text.isdigit()):
        end += 1
    if top == bar or end == bar + 1:
        msg = "its fraction lacks a part"
        raise UnreadableFormat(msg)
    return top, bar, end


def _ratio(number: Fraction, wanted: str) -> tuple[int, int]:
    """Numerator and denominator; ``wanted`` is the denominator, or as many places as it may have."""
    if wanted.isdigit() and int(wanted):
        bottom = int(wanted)
        return int(number * bottom + Fraction(1, 2)), bottom
    near = number.limit_denominator(10 ** len(wanted) - 1)
    return near.numerator, near.denominator


# --- dates and times ---------------------------------------------------------------

_DAY_0 = date(1899, 12, 30)
"""Day 0 of the dates of Excel from 1 March 1900 on; before, Excel counts a 29 February 1900."""
_FIRST_SURE_DAY = 61
_LAST_DAY = 2_958_465
"""31 December 9999."""
_MONTHS = "January February March April May June July August September October November December".split()
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
_SECONDS_OF_DAY = 86_400
_NOON = 12
_FULL_NAME = 4
"""Letters of ddd… or mmm… from which on a name is written in full."""


def _serial_of(value: date | time | timedelta) -> Decimal:
    """The number that Excel stores for a moment."""
    if isinstance(value, time):
        value = timedelta(hours=value.hour, minutes=value.minute, seconds=value.second, microseconds=value.microsecond)
    elif isinstance(value, datetime):
        value = value.replace(tzinfo=None) - datetime(_DAY_0.year, _DAY_0.month, _DAY_0.day)  # noqa: DTZ001 - Excel knows no zones
    elif isinstance(value, date):
        value = value - _DAY_0
    seconds = Decimal(value.seconds) + Decimal(value.microseconds) / 1_000_000
    return value.days + seconds / _SECONDS_OF_DAY


def _date_shown(section: Section, serial: Decimal) -> str:
    """A date, time or duration under one section; exact for y, m, d, h, s and AM/PM."""
    if not 0 <= serial <= _LAST_DAY + 1:
        return NO_ROOM
    decimals = _decimals_of_seconds(section)
    seconds = _rounded(serial * _SECONDS_OF_DAY, decimals)
    days, of_day = divmod(seconds, _SECONDS_OF_DAY)
    if days > _LAST_DAY:  # by rounding
        return NO_ROOM
    if section.has(Piece.DATE) and days < _FIRST_SURE_DAY and _has_calendar(section):
        msg = "days before March 1900 are counted in more than one way"
        raise UnreadableFormat(msg)
    clock = _Clock(section, seconds, of_day, _DAY_0 + timedelta(days=int(days)))
    return "".join(clock.write(place) for place in range(len(section.parts)))


def _decimals_of_seconds(section: Section) -> int:
    """How many digits of a second are shown: those after the decimal point."""
    seen = False
    count = 0
    for part in section.parts:
        if part.piece is Piece.POINT:
            seen = True
        elif seen and part.piece is Piece.DIGIT:
            count += 1
    return count


def _has_calendar(section: Section) -> bool:
    return any(part.piece is Piece.DATE and part.text[0] in "yYdDeEgGbB" for part in section.parts)


@dataclass(frozen=True, slots=True)
class _Clock:
    """Writes the parts of a moment."""

    section: Section
    seconds: Decimal
    """Since day 0."""
    of_day: Decimal
    """Seconds since midnight."""
    day: date

    def write(self, place: int) -> str:
        part = self.section.parts[place]
        match part.piece:
            case Piece.DATE:
                return self._write_date(place, part.text.lower())
            case Piece.ELAPSED:
                unit = {"h": 3600, "m": 60, "s": 1}[part.text[0]]
                return str(int(self.seconds // unit)).zfill(len(part.text))
            case Piece.AM_PM:
                before_noon, after_noon = part.text.split("/")
                return before_noon if self.of_day < _NOON * 3600 else after_noon
            case Piece.DIGIT:
                return self._write_part_of_second(place)
            case _:
                return _as_literal(part)

    def _write_date(self, place: int, letters: str) -> str:
        match letters[0]:
            case "y":
                return self.day.strftime("%y") if len(letters) <= 2 else f"{self.day.year:04}"  # noqa: PLR2004 - yy
            case "d":
                return _named(self.day.day, _DAYS[self.day.weekday()], letters)
            case "m" if not self._is_minute(place):
                return _named(self.day.month, _MONTHS[self.day.month - 1], letters)
            case "m":
                return str(int(self.of_day // 60 % 60)).zfill(len(letters))
            case "h":
                return self._hour().zfill(min(2, len(letters)))
            case "s":
                return str(int(self.of_day % 60)).zfill(len(letters))
            case _:
                msg = "it shows years of an era"
                raise UnreadableFormat(msg)

    def _hour(self) -> str:
        hour = int(self.of_day // 3600)
        if self.section.has(Piece.AM_PM):
            hour = hour % _NOON or _NOON
        return str(hour)

    def _is_minute(self, place: int) -> bool:
        """Whether an m follows hours, or stands before seconds."""
        letters = [(at, part.text[0].lower()) for at, part in enumerate(self.section.parts) if part.piece in _UNITS]
        before = [letter for at, letter in letters if at < place]
        after = [letter for at, letter in letters if at > place]
        return before[-1:] == ["h"] or after[:1] == ["s"]

    def _write_part_of_second(self, place: int) -> str:
        digits = [at for at, part in enumerate(self.section.parts) if part.piece is Piece.DIGIT]
        text = format(self.of_day % 1, "f").partition(".")[2]
        index = digits.index(place)
        return text[index : index + 1] or "0"


_UNITS = {Piece.DATE, Piece.ELAPSED}


def _named(number: int, name: str, letters: str) -> str:
    """A day or month as a number of one or two digits, or as a name."""
    if len(letters) <= 2:  # noqa: PLR2004 - d, dd, m, mm
        return str(number).zfill(len(letters))
    if len(letters) == _FULL_NAME + 1 and letters[0] == "m":
        return name[0]
    return name if len(letters) >= _FULL_NAME else name[:3]


def parts_of_date(code: str) -> frozenset[str]:
    """Which of y, m and d a format shows of a date; all of them where it shows no date, or is not certain."""
    try:
        sections = parsed(code).numbers
    except UnreadableFormat:
        return frozenset("ymd")
    if not sections or not sections[0].is_date:
        return frozenset("ymd")
    return frozenset(part.text[0].lower() for part in sections[0].parts if part.piece is Piece.DATE)


def decimals_rounded(value: float, decimals: int) -> bool:
    """Tell whether a number has more decimals than are shown, beyond what binary numbers leave behind."""
    number = number_of(value)
    return number is not None and number != _rounded(number, decimals)
