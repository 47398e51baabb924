"""Dates: date cells, and texts such as ``31/10/2026``, ``31. Oktober 2026``, ``Sat, Oct 31, 2026``."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import TYPE_CHECKING

from importer.model.headers import bare
from importer.values import times_of_day
from importer.values.readings import Typed, Unreadable, clean, number_of, unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

DMY, MDY, YMD = "dmy", "mdy", "ymd"
WAYS = (DMY, MDY, YMD)
"""What people write differently: the order of day, month and year."""
SHORT_YEAR, LONG_YEAR = 2, 4
"""Digits of a year."""
FIRST_YEAR = 1900
"""Excel knows no date before it; 0026-10-31 is a typing mistake."""
LAST_YEAR = 9900
"""Later dates stand for none, such as 9999-12-31; the days to pay after them may be in no calendar."""
CENTURY = 2000
"""Years of two digits lie in it."""
YEARS_BACK, YEARS_AHEAD = 5, 1
"""Years around today in which a date such as 25/10/26 may begin with its year; 31/10/26 then does not."""
YEARS_OF_POINTS = 1
"""Years around today in which 25.10.26 ends with its year; elsewhere it may begin with it, as in Korea."""
LONGEST = 80
"""Characters of the longest text that is looked at as a date."""

_NUMERIC = re.compile(r"([0-9]{1,2}|[0-9]{4}) ?([/.-]) ?([0-9]{1,2}) ?\2 ?([0-9]{1,2}|[0-9]{4})(\.?)")
_EAST_ASIAN = re.compile(r"([0-9]{4})[年년] ?([0-9]{1,2})[月월] ?([0-9]{1,2})[日號号일]")
_REIWA = re.compile(r"令和 ?([0-9]{1,2}|元)(?=年)")
"""The era in which Japan counts its years; its first year was 2019."""
BEFORE_REIWA = 2018
_COMPACT = re.compile(r"(20[0-9]{2})(0[1-9]|1[0-2])([0-3][0-9])")
"""As exports write it: 20261031."""
FIRST_COMPACT = 2013
"""Before it, 20121012 could also begin with the 20th of December."""
_WORD = r"([^\W\d_]+)\.?"
_DAY = r"([0-9]{1,2})(?:\.|st|nd|rd|th|er|º)?"
_YEAR = r"([0-9]{4}|[0-9]{2})"
_NAMED = (
    (re.compile(rf"(?:the )?{_DAY}[ /-]?(?:of |de )?{_WORD},?[ /-]?(?:de |del )?{_YEAR}", re.IGNORECASE), "dmy"),
    (re.compile(rf"{_WORD}[ -]?{_DAY}(?:, ?| |-){_YEAR}", re.IGNORECASE), "mdy"),
    (re.compile(rf"([0-9]{{4}})[ /-]?{_WORD}[ /-]?{_DAY}", re.IGNORECASE), "ymd"),
)
_TIME = re.compile("[0-9]:[0-9]{2}")
_WEEKDAY = re.compile(rf"{_WORD},? (?=.)")
_WEEKDAY_BEHIND = re.compile(r"(?: ?\(([^\W\d_]+)\.?\)| ([^\W\d_]+))$")
_EAST_ASIAN_WEEKDAY = re.compile(
    r"[ (]{0,2}(?:(?:星期|[周週])[一二三四五六日天]|[月火水木金土日](?:曜日?)?|[월화수목금토일](?:요일)?)\)?$"
)

_MONTH_NAMES = (
    "january jan januar janner janvier janv januari enero ene gennaio gen stycznia styczen janeiro",
    "february feb februar feber fevrier fevr fev februari febrero febbraio lutego luty fevereiro",
    "march mar marz maerz mrz mars maart marzo marca marzec marco",
    "april apr avril avr abril abr aprile kwietnia kwiecien",
    "may mai mei mayo maggio mag maja maj maio",
    "june jun juni juin junio giugno giu czerwca czerwiec junho",
    "july jul juli juillet juil julio luglio lug lipca lipiec julho",
    "august aug aout augustus agosto ago sierpnia sierpien",
    "september sep sept septembre septiembre setiembre set settembre wrzesnia wrzesien setembro",
    "october oct oktober okt octobre octubre ottobre ott pazdziernika pazdziernik outubro out",
    "november nov novembre noviembre novembro",
    "december dec dezember dez decembre diciembre dic dicembre grudnia grudzien dezembro",
)
_MONTHS: dict[str, int] = {}
for _number, _names in enumerate(_MONTH_NAMES, start=1):
    _MONTHS.update(dict.fromkeys(_names.split(), _number))
_WEEKDAYS = frozenset(
    "monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thur thurs fri sat sun "
    "montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag mo di mi do fr sa so "
    "lundi mardi mercredi jeudi vendredi samedi dimanche lun mar mer jeu ven sam dim "
    "lunes martes miercoles jueves viernes sabado domingo mie jue vie sab dom "
    "maandag dinsdag woensdag donderdag vrijdag zaterdag zondag lunedi martedi mercoledi "
    "giovedi venerdi sabato domenica poniedzialek wtorek sroda czwartek piatek sobota niedziela".split()
)


def date_of_cell(raw: object) -> date | Unreadable:
    """Read a date cell; a typed date is read by :func:`typed_date`, as one cell cannot show its order."""
    if isinstance(raw, datetime):
        return _unless_too_late(raw.date())
    if isinstance(raw, date):
        return _unless_too_late(raw)
    number = number_of(raw)
    day = None if number is None else compact_date(f"{number:f}")
    if day is None:
        return unreadable("*.not_a_date:cell")
    return day


def typed_date(text: str, today: date) -> Typed | Unreadable:
    """Read a typed date in each order that it fits; what names its month, or begins with four digits, fits all."""
    typed = clean(text)
    if len(typed) > LONGEST:
        return unreadable("*.not_a_date")
    day, time = times_of_day.split_off(typed)
    for form in _with_and_without_weekday(day):
        read = _in_one_form(form, today)
        if read is None:
            continue
        fault = None if time is None else times_of_day.fault_of(time)
        return read if fault is None else unreadable(fault)
    if _TIME.search(typed):
        return unreadable("*.not_a_date:time")
    return unreadable("*.not_a_date")


def _in_one_form(text: str, today: date) -> Typed | Unreadable | None:
    """The date in digits, or with the name of its month; None for what looks like no date."""
    compact = compact_date(text)
    if compact is not None:
        return Typed(dict.fromkeys(WAYS, compact))
    if match := _NUMERIC.fullmatch(text):
        ends_in_point = match[5] != ""
        return _numeric((match[1], match[3], match[4]), match[2], today, ends_in_point=ends_in_point)
    if match := _EAST_ASIAN.fullmatch(_REIWA.sub(_year_of_reiwa, text)):
        return _in_any_order(*match.groups())
    return _named(text)


def _year_of_reiwa(era: re.Match[str]) -> str:
    year = 1 if era[1] == "元" else int(era[1])
    return str(BEFORE_REIWA + year)


def compact_date(digits: str) -> date | None:
    """Read eight digits that are year, month and day in no other order."""
    match = _COMPACT.fullmatch(digits)
    if match is None or int(match[1]) < FIRST_COMPACT:
        return None
    return _day(*match.groups())


def shown(day: date) -> str:
    """A date that cannot be misread: 31 October 2026."""
    return f"{day.day} {day:%B %Y}"


def _numeric(numbers: tuple[str, str, str], mark: str, today: date, *, ends_in_point: bool) -> Typed | Unreadable:
    """Read three numbers with ``mark`` between them."""
    first, _, third = numbers
    if len(first) == LONG_YEAR:
        if len(third) == LONG_YEAR:
            return unreadable("*.not_a_date")
        return _in_any_order(*numbers)

    parts: dict[str, tuple[str, str, str]] = {}
    if len(third) in {SHORT_YEAR, LONG_YEAR}:
        parts[DMY] = third, numbers[1], first
        parts[MDY] = third, first, numbers[1]
    if len(first) == SHORT_YEAR and _may_end_with_day(third, mark, today, ends_in_point=ends_in_point):
        parts[YMD] = numbers
    if not parts:
        return unreadable("*.not_a_date")
    return _in_possible_orders(parts, today)


def _may_end_with_day(third: str, mark: str, today: date, *, ends_in_point: bool) -> bool:
    """Whether a date whose first number has two digits may begin with the year.

    With points this is how Korea writes it, mostly with a point at the end: 26. 10. 31. Without that point it
    is only thought of where the last number would be an odd year.
    """
    if mark != ".":
        return len(third) == SHORT_YEAR
    if ends_in_point or len(third) != SHORT_YEAR:
        return ends_in_point and len(third) != LONG_YEAR
    return abs(CENTURY + int(third) - today.year) > YEARS_OF_POINTS


def _in_possible_orders(parts: dict[str, tuple[str, str, str]], today: date) -> Typed | Unreadable:
    """The date in each order whose year, month and day are one; ``parts`` are these three texts per order."""
    near = range(today.year - YEARS_BACK, today.year + YEARS_AHEAD + 1)
    values: dict[str, object] = {}
    unlikely: frozenset[str] = frozenset()
    for order, (year, month, day) in parts.items():
        found = _day(year, month, day)
        if found is None:
            continue
        is_far = found.year not in near
        # Two digits of a year far from today are more probably a day: 26-10-31 is no day in 2031.
        values[order] = _unless_too_late(found)
        if is_far and len(year) == SHORT_YEAR:
            values[order] = unreadable("*.far_year", year=found.year)
        if order == YMD and is_far:
            unlikely = frozenset({YMD})
    if not values:
        return unreadable("*.no_such_day")
    return Typed(values, unlikely)


def _in_any_order(year: str, month: str, day: str) -> Typed | Unreadable:
    found = _day(year, month, day)
    if found is None:
        return unreadable("*.no_such_day")
    read = _unless_too_late(found)
    return read if isinstance(read, Unreadable) else Typed(dict.fromkeys(WAYS, read))


def _unless_too_late(day: date) -> date | Unreadable:
    return day if day.year <= LAST_YEAR else unreadable("*.far_year:last")


def _named(text: str) -> Typed | Unreadable | None:
    for pattern, order in _NAMED:
        if match := pattern.fullmatch(text):
            part = dict(zip(order, match.groups(), strict=True))
            if month := _MONTHS.get(bare(part["m"])):
                return _in_any_order(part["y"], str(month), part["d"])
    return None


def _day(year: str, month: str, day: str) -> date | None:
    number = int(year)
    if len(year) == SHORT_YEAR:
        number += CENTURY
    if number < FIRST_YEAR:
        return None
    try:
        return date(number, int(month), int(day))
    except ValueError:
        return None


def _with_and_without_weekday(text: str) -> Iterator[str]:
    """The text, and what is left of it without a day of the week before or behind it."""
    yield text
    before = _WEEKDAY.match(text)
    if before and bare(before[1]) in _WEEKDAYS:
        yield text[before.end() :]
    behind = _WEEKDAY_BEHIND.search(text)
    if behind and bare(behind[1] or behind[2]) in _WEEKDAYS:
        yield text[: behind.start()]
    if east_asian := _EAST_ASIAN_WEEKDAY.search(text):
        yield text[: east_asian.start()]
