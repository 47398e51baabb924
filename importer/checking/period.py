"""Invoice dates that do not fit the billing period, or lie too far ahead. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from importer.model.problems import Problem, Severity
from importer.model.words import count_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from importer.model.invoices import SheetLine
    from importer.model.sheet import Sheet

DATE = "invoice_date"
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


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
        return Severity.ERROR if self.outside == "error" else Severity.WARNING


def is_month(batch: str) -> bool:
    """Whether a batch is a month, such as 2026-10."""
    return _MONTH.fullmatch(batch) is not None


def batch_before(batch: str, known: Iterable[str]) -> str | None:
    """The batch to compare with: of months the latest earlier one, else the one that was sent to last.

    ``known``: batches of the ledger, the one sent to last first. None when there is none.
    """
    others = [one for one in known if one != batch]
    if is_month(batch):
        return max((one for one in others if is_month(one) and one < batch), default=None)
    return next(iter(others), None)


def check_dates(
    lines: Iterable[SheetLine], sheet: Sheet, batch: str, today: date, rules: DateRules
) -> tuple[tuple[SheetLine, ...], tuple[Problem, ...]]:
    """Return the lines, without the items of those in error, and what is wrong with their dates.

    A warning is given once per date, an error at each cell, as other errors are.
    """
    lines = tuple(lines)
    dated = [(line, day) for line in lines if isinstance(day := line.invoice_values.get(DATE), date)]
    rows: dict[date, list[int]] = {}
    for line, day in dated:
        rows.setdefault(day, []).append(line.row)
    problems: list[Problem] = []
    for day, of_day in rows.items():
        for code, message, hint in _wrong(day, batch, today, rules):
            named = of_day if rules.severity is Severity.ERROR else of_day[:1]
            more = len(of_day) - 1 if rules.severity is Severity.WARNING else 0
            also = f" So say {count_of(more, 'more row')}." if more else ""
            problems += [_problem(row, day, sheet, (code, f"{message}{also}", hint), rules.severity) for row in named]
    faulty = {problem.row for problem in problems if problem.severity is Severity.ERROR}
    sound = tuple(replace(line, item=None) if line.row in faulty else line for line in lines) if faulty else lines
    return sound, tuple(sorted(problems, key=lambda problem: problem.row or 0))


def _wrong(day: date, batch: str, today: date, rules: DateRules) -> Iterator[tuple[str, str, str]]:
    if rules.outside != "allow" and is_month(batch) and day.strftime("%Y-%m") != batch:
        yield (
            f"{DATE}.outside",
            f"The invoice date {day} lies outside the month of the batch, {batch}.",
            "Correct the date, or name the batch that is meant with --batch (setting invoice_date_outside).",
        )
    ahead = (day - today).days
    if day > today + timedelta(days=rules.future_days):
        yield (
            f"{DATE}.future",
            f"The invoice date {day} lies {ahead:,} days ahead; at most {rules.future_days:,} are usual.",
            "Check the year. The setting future_days says how many days are usual.",
        )


def _problem(row: int, day: date, sheet: Sheet, said: tuple[str, str, str], severity: Severity) -> Problem:
    code, message, hint = said
    return Problem(code, message, hint, sheet.name, sheet.address(DATE, row), row, DATE, day.isoformat(), severity)
