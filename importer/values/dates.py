"""Dates as people type them: ``31/10/2026``, ``10/31/2026``, ``31. Oktober 2026``, ``Sat, Oct 31, 2026``."""

from __future__ import annotations

import re
from datetime import date

from importer.values.readings import Typed, Unreadable, bare, clean, unreadable

DMY, MDY, YMD = "dmy", "mdy", "ymd"
WAYS = (DMY, MDY, YMD)
"""What people write differently: the order of day, month and year."""
CENTURY = 2000
"""Years of two digits lie in it."""
YEARS_BACK, YEARS_AHEAD = 5, 1
"""Years around today in which a date such as 25/10/26 may begin with its year; 31/10/26 then does not."""
LONGEST = 60
"""Characters of the longest text that is looked at as a date."""

_MIDNIGHT = re.compile(r"(?:[T ]|, )(?:0?0:00(?::00(?:\.0+)?)?|12:00(?::00)? ?AM)$", re.IGNORECASE)
_NUMERIC = re.compile(r"([0-9]{1,2}|[0-9]{4}) ?([/.-]) ?([0-9]{1,2}) ?\2 ?([0-9]{1,2}|[0-9]{4})\.?")
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

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan januar janner janvier janv enero ene",
            "february feb februar feber fevrier fevr fev febrero",
            "march mar marz maerz mrz mars marzo",
            "april apr avril avr abril abr",
            "may mai mayo",
            "june jun juni juin junio",
            "july jul juli juillet juil julio",
            "august aug aout agosto ago",
            "september sep sept septembre septiembre setiembre set",
            "october oct oktober okt octobre octubre",
            "november nov novembre noviembre",
            "december dec dezember dez decembre diciembre dic",
        ),
        start=1,
    )
    for name in names.split()
}
_WEEKDAYS = frozenset(
    "monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thur thurs fri sat sun "
    "montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag mo di mi do fr sa so "
    "lundi mardi mercredi jeudi vendredi samedi dimanche lun mar mer jeu ven sam dim "
    "lunes martes miercoles jueves viernes sabado domingo mie jue vie sab dom".split()
)
_NO_DAY = unreadable("*.no_such_day")


def typed_date(text: str, today: date) -> Typed | Unreadable:
    """Read a typed date in each order that it fits; what names its month, or begins with four digits, fits all."""
    typed = clean(text)
    if len(typed) <= LONGEST:
        typed = _MIDNIGHT.sub("", typed)
        for form in (typed, _without_weekday(typed)):
            if (compact := compact_date(form)) is not None:
                return Typed(dict.fromkeys(WAYS, compact))
            if match := _NUMERIC.fullmatch(form):
                return _numeric(match[1], match[3], match[4], match[2], today)
            if (named := _named(form)) is not None:
                return named
    return unreadable("*.not_a_date:time" if _TIME.search(typed) else "*.not_a_date")


def compact_date(digits: str) -> date | None:
    """Read eight digits that are year, month and day in no other order."""
    match = _COMPACT.fullmatch(digits)
    return _day(*match.groups()) if match and int(match[1]) >= FIRST_COMPACT else None


def shown(day: date) -> str:
    """A date that nobody can misread: 31 October 2026."""
    return f"{day.day} {day:%B %Y}"


def _numeric(first: str, second: str, third: str, separator: str, today: date) -> Typed | Unreadable:
    long = len("2026")
    if len(first) == long:
        return _in_any_order(first, second, third) if len(third) < long else unreadable("*.not_a_date")
    if len(third) not in (2, long):
        return unreadable("*.not_a_date")
    parts = {DMY: (third, second, first), MDY: (third, first, second)}
    if len(third) == len(first) == len("26") and separator != ".":  # nobody writes 26.10.31 year first
        parts[YMD] = (first, second, third)
    days: dict[str, date] = {way: day for way, part in parts.items() if (day := _day(*part)) is not None}
    if not days:
        return _NO_DAY
    near = range(today.year - YEARS_BACK, today.year + YEARS_AHEAD + 1)
    year_first = days.get(YMD, today).year
    values: dict[str, object] = {
        way: _far(day) if len(parts[way][0]) == len("26") and day.year not in near else day for way, day in days.items()
    }
    return Typed(values, frozenset(() if year_first in near else {YMD}))


def _far(day: date) -> Unreadable:
    """Two digits of a year far from today are more probably a day: 26-10-31 is no day in 2031."""
    return unreadable("*.far_year", year=day.year)


def _in_any_order(year: str, month: str, day: str) -> Typed | Unreadable:
    found = _day(year, month, day)
    return Typed(dict.fromkeys(WAYS, found)) if found is not None else _NO_DAY


def _named(text: str) -> Typed | Unreadable | None:
    for pattern, order in _NAMED:
        if match := pattern.fullmatch(text):
            part = dict(zip(order, match.groups(), strict=True))
            if month := _MONTHS.get(bare(part["m"])):
                return _in_any_order(part["y"], str(month), part["d"])
    return None


def _day(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year) + (CENTURY if len(year) == len("26") else 0), int(month), int(day))
    except ValueError:
        return None


def _without_weekday(text: str) -> str:
    match = _WEEKDAY.match(text)
    return text[match.end() :] if match and bare(match[1]) in _WEEKDAYS else text
