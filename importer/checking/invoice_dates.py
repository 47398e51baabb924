"""Invoice dates that do not fit the billing period, or lie too far ahead. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from importer.model.problems import Severity, error_rows, in_sheet_order
from importer.model.words import count_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from importer.model.problems import Problem, Problems
    from importer.model.sheet import Sheet, SheetLine

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
        if self.outside == "error":
            return Severity.ERROR
        return Severity.WARNING


def is_month(batch: str) -> bool:
    """Whether a batch is a month, such as 2026-10."""
    return _MONTH.fullmatch(batch) is not None


def batch_before(batch: str, known: Iterable[str]) -> str | None:
    """The batch to compare with: of months the latest earlier one, else the one that was sent to last.

    ``known``: batches of the ledger, the one sent to last first. None when there is none.
    """
    others = [name for name in known if name != batch]
    if is_month(batch):
        return max((name for name in others if is_month(name) and name < batch), default=None)
    return next(iter(others), None)


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
    for day, rows in rows_of.items():
        for code, message, hint in _wrong(day, batch, today, rules):
            found += _of_date(sheet, day, rows, (code, message, hint), rules.severity)
    problems.add(in_sheet_order(found))

    unsound = error_rows(found)
    if not unsound:
        return lines
    return tuple(replace(line, sound=False) if line.row in unsound else line for line in lines)


def _wrong(day: date, batch: str, today: date, rules: DateRules) -> Iterator[tuple[str, str, str]]:
    """Code, message and hint of everything that is wrong with a date."""
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


def _of_date(
    sheet: Sheet, day: date, rows: list[int], wrong: tuple[str, str, str], severity: Severity
) -> Iterator[Problem]:
    """An error at each cell that holds the date, or one warning at the first of them."""
    code, message, hint = wrong
    if severity is Severity.WARNING:
        if len(rows) > 1:
            message += f" So say {count_of(len(rows) - 1, 'more row')}."
        rows = rows[:1]
    for row in rows:
        yield sheet.problem_at(DATE, row, code, message, hint, day.isoformat(), severity)
