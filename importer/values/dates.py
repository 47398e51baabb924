"""Dates: date cells, and texts such as ``31/10/2026``, ``10/31/2026``, ``31. Oktober 2026``, ``Sat, Oct 31, 2026``."""

from __future__ import annotations

import re
from datetime import date, datetime

from importer.values.readings import Typed, Unreadable, bare, clean, number_of, unreadable

DMY, MDY, YMD = "dmy", "mdy", "ymd"
WAYS = (DMY, MDY, YMD)
"""What people write differently: the order of day, month and year."""
SHORT_YEAR, LONG_YEAR = 2, 4
"""Digits of a year."""
CENTURY = 2000
"""Years of two digits lie in it."""
YEARS_BACK, YEARS_AHEAD = 5, 1
"""Years around today in which a date such as 25/10/26 may begin with its year; 31/10/26 then does not."""
LONGEST = 60
"""Characters of the longest text that is looked at as a date."""

_TIME_OF_DAY = re.compile(
    r"""(?:[T ]|,[ ])(?P<hour>[0-9]{1,2})[:h](?P<rest>[0-5][0-9](?::[0-5][0-9](?:[.,][0-9]+)?)?)
    (?:[ ]?(?P<half>[AP])\.?M\.?)?(?:[ ]Uhr)?
    (?P<zone>[ ]?(?:Z|(?:UTC|GMT)?[+-][0-9]{2}(?::?[0-9]{2})?|UTC|GMT|[A-Z]{3,4}T)(?:[ ]\([\w ,]+\))?)?$""",
    re.IGNORECASE | re.VERBOSE,
)
"""Behind a date: 14:30, T00:00:00.000Z, 2:30 PM, 00:00:00 GMT+0100 (Central European Standard Time)."""
HOURS, HALF_DAY = 24, 12
_NUMERIC = re.compile(r"([0-9]{1,2}|[0-9]{4}) ?([/.-]) ?([0-9]{1,2}) ?\2 ?([0-9]{1,2}|[0-9]{4})(?P<end>\.?)")
_KOREAN = re.compile(r"[0-9]{2}\. [0-9]{1,2}\. [0-9]{1,2}\.")
"""A short date as Korean programs write it, year first: 26. 10. 31."""
_EAST_ASIAN = re.compile(r"([0-9]{4}|[0-9]{2})[年년] ?([0-9]{1,2})[月월] ?([0-9]{1,2})[日號号일]")
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

_MONTH_NAMES = (
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
)
_MONTHS: dict[str, int] = {}
for _number, _names in enumerate(_MONTH_NAMES, start=1):
    _MONTHS.update(dict.fromkeys(_names.split(), _number))
_WEEKDAYS = frozenset(
    "monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thur thurs fri sat sun "
    "montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag mo di mi do fr sa so "
    "lundi mardi mercredi jeudi vendredi samedi dimanche lun mar mer jeu ven sam dim "
    "lunes martes miercoles jueves viernes sabado domingo mie jue vie sab dom "
    "月 火 水 木 金 土 日 月曜日 火曜日 水曜日 木曜日 金曜日 土曜日 日曜日 월 화 수 목 금 토 일 "
    "월요일 화요일 수요일 목요일 금요일 토요일 일요일 一 二 三 四 五 六 周一 周二 周三 周四 周五 周六 周日 "
    "星期一 星期二 星期三 星期四 星期五 星期六 星期日 星期天".split()
)


def date_of_cell(raw: object) -> date | Unreadable:
    """Read a date cell; a typed date is read by :func:`typed_date`, as one cell cannot show its order."""
    if isinstance(raw, datetime):
        return raw.date()
    if isinstance(raw, date):
        return raw
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
    time = _TIME_OF_DAY.search(typed)
    day = typed if time is None else typed[: time.start()]
    for form in (day, _without_weekday(day)):
        read = _in_one_form(form, today)
        if read is None:
            continue
        fault = None if time is None else _fault_of_time(time)
        return read if fault is None else unreadable(fault)
    if _TIME.search(typed):
        return unreadable("*.not_a_date:time")
    return unreadable("*.not_a_date")


def _fault_of_time(time: re.Match[str]) -> str | None:
    """Message of why a time of day leaves the day uncertain; None when it does not.

    A time without a zone belongs to the day beside it. So does midnight in any zone, as programs add it
    to a date; another time in a zone may belong to the day before or after where the invoice is written.
    """
    hour, half = int(time["hour"]), time["half"]
    if half is not None:
        if not 1 <= hour <= HALF_DAY:
            return "*.not_a_date:time"
        hour = hour % HALF_DAY + (HALF_DAY if half in "Pp" else 0)
    if hour >= HOURS:
        return "*.not_a_date:time"
    is_midnight = hour == 0 and not time["rest"].strip("0:.,")
    return None if is_midnight or time["zone"] is None else "*.not_a_date:zone"


def _in_one_form(text: str, today: date) -> Typed | Unreadable | None:
    """The date in digits, or with the name of its month; None for what looks like no date."""
    compact = compact_date(text)
    if compact is not None:
        return Typed(dict.fromkeys(WAYS, compact))
    if match := _NUMERIC.fullmatch(text):
        is_korean = _KOREAN.fullmatch(text) is not None
        ends_in_point = match["end"] == match[2] == "."
        return _numeric((match[1], match[3], match[4]), match[2], today, korean=is_korean, point=ends_in_point)
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


def _numeric(
    parts_as_typed: tuple[str, str, str], separator: str, today: date, *, korean: bool, point: bool
) -> Typed | Unreadable:
    """Read three numbers. Behind a ``point``, two digits may be the year in Korean; in ``korean`` form they are."""
    first, second, third = parts_as_typed
    if len(first) == LONG_YEAR:
        if len(third) == LONG_YEAR:
            return unreadable("*.not_a_date")
        return _in_any_order(first, second, third)
    if len(third) not in (SHORT_YEAR, LONG_YEAR):
        return unreadable("*.not_a_date")

    parts = {DMY: (third, second, first), MDY: (third, first, second)}
    if len(first) == SHORT_YEAR and korean:
        return _year_first(parts, (first, second, third), today)
    may_begin_with_year = separator != "." or point  # 26.10.31 never does
    if len(first) == SHORT_YEAR and (len(third) == SHORT_YEAR or point) and may_begin_with_year:
        parts[YMD] = (first, second, third)
    return _in_possible_orders(parts, today)


def _year_first(
    parts: dict[str, tuple[str, str, str]], year_first: tuple[str, str, str], today: date
) -> Typed | Unreadable:
    """A date that begins with its year; another order is only meant when the settings say so."""
    read = _in_possible_orders({**parts, YMD: year_first}, today)
    if isinstance(read, Unreadable):
        return read
    if YMD not in read.values:
        return unreadable("*.no_such_day")
    return Typed(read.values, frozenset({DMY, MDY}) & frozenset(read.values))


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
        values[order] = unreadable("*.far_year", year=found.year) if is_far and len(year) == SHORT_YEAR else found
        if order == YMD and is_far:
            unlikely = frozenset({YMD})
    if not values:
        return unreadable("*.no_such_day")
    return Typed(values, unlikely)


def _in_any_order(year: str, month: str, day: str) -> Typed | Unreadable:
    found = _day(year, month, day)
    if found is None:
        return unreadable("*.no_such_day")
    return Typed(dict.fromkeys(WAYS, found))


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
    try:
        return date(number, int(month), int(day))
    except ValueError:
        return None


def _without_weekday(text: str) -> str:
    match = _WEEKDAY.match(text)
    if match and bare(match[1]) in _WEEKDAYS:
        return text[match.end() :]
    behind = _WEEKDAY_BEHIND.search(text)
    if behind and bare(behind[1] or behind[2]) in _WEEKDAYS:
        return text[: behind.start()]
    return text
