"""Invoice dates that do not fit the billing period, or lie too far ahead. Pure."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import TYPE_CHECKING

from importer.model.problems import Severity, error_rows, in_sheet_order
from importer.model.words import count_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from importer.model.problems import Problem, Problems
    from importer.model.sheet import Sheet, SheetLine

DATE = "invoice_date"
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
_FURTHER = re.compile(rf"(?P<month>{_MONTH.pattern})(-\d{{1,3}})?")


@dataclass(frozen=True, slots=True)
class DateRules:
    """What the settings say of invoice dates."""

    outside: str
    """warn, error or allow: a date outside the batch's month."""
    future_days: int
    """Days ahead of today that are usual; a later date is a warning, or an error when ``outside`` is error."""

    @property
    def severity(self) -> Severity:
        """How grave a date is that breaks a rule."""
        if self.outside == "error":
            return Severity.ERROR
        return Severity.WARNING


def is_month(batch: str) -> bool:
    """Whether a batch is a month, such as 2026-10."""
    return _MONTH.fullmatch(batch) is not None


def month_of_batch(batch: str) -> str | None:
    """The month of a batch, also of a further one of it: 2026-10 of 2026-10-2. None for one of another name."""
    found = _FURTHER.fullmatch(batch)
    return found["month"] if found else None


def check_dates(  # noqa: PLR0913, PLR0917 - one argument per fact
    lines: Iterable[SheetLine], sheet: Sheet, batch: str, today: date, rules: DateRules, problems: Problems
) -> tuple[SheetLine, ...]:
    """Return the lines, those with a date in error as unsound; what is wrong goes to ``problems``.

    A warning is given once per date, an error at each cell, as other errors are.
    """
    lines = tuple(lines)
    rows_of: dict[date, list[int]] = {}
    for line in lines:
        day = line.invoice_values.get(DATE)
        if isinstance(day, date):
            rows_of.setdefault(day, []).append(line.row)

    found: list[Problem] = []
    usual = _usual_month(rows_of, batch, today) if rules.severity is Severity.WARNING else None
    for day, rows in rows_of.items():
        found += _wrong(sheet, day, rows, batch, today, rules, usual)
    problems.add(in_sheet_order(found))

    unsound = error_rows(found)
    if not unsound:
        return lines
    return tuple(replace(line, sound=False) if line.row in unsound else line for line in lines)


def _usual_month(rows_of: Mapping[date, list[int]], batch: str, today: date) -> str | None:
    """The month of most rows, where others keep it from naming the batch; None: there is no such month."""
    counts: Counter[str] = Counter()
    for day, rows in rows_of.items():
        counts[f"{day:%Y-%m}"] += len(rows)
    if len(counts) < 2 or batch != f"{today:%Y-%m}" or batch in counts:  # noqa: PLR2004 - several months
        return None
    month, count = counts.most_common(1)[0]
    return month if count > counts.total() / 2 else None


def _wrong(  # noqa: PLR0913, PLR0917 - one argument per fact
    sheet: Sheet, day: date, rows: list[int], batch: str, today: date, rules: DateRules, usual: str | None
) -> Iterator[Problem]:
    """An error at each cell that holds a wrong date, or one warning at the first of them.

    ``usual``: the month that most rows have, where the others are to blame for the name of the batch.
    """
    more = ""
    if rules.severity is Severity.WARNING:
        if len(rows) > 1:
            more = f" The same holds for {count_of(len(rows) - 1, 'more row')}."
        rows = rows[:1]
    outside = rules.outside != "allow" and month_of_batch(batch) not in (None, day.strftime("%Y-%m"))
    ahead = (day - today).days
    for row in rows:
        at_date = partial(sheet.problem_at, DATE, row, value=day.isoformat(), severity=rules.severity, day=day)
        if outside and usual is not None:
            if usual != f"{day:%Y-%m}":
                yield at_date("invoice_date.outside:odd", batch=batch, month=usual, more=more)
        elif outside:
            yield at_date("invoice_date.outside", batch=batch, more=more)
        if ahead > rules.future_days:
            yield at_date("invoice_date.future", ahead=ahead, usual=rules.future_days, more=more)
