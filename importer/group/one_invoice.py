"""What is wrong between the rows of one invoice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.columns import BY_NAME
from importer.group.rows import REFERENCE, TRIPLE, Rows, merged, named, problem_at, shown
from importer.typed_amounts import same_currency

if TYPE_CHECKING:
    from collections.abc import Iterable

    from importer.problems import Problem
    from importer.records import LineItem
    from importer.sheet import Sheet


def between_rows(rows: Rows, sheet: Sheet, *, terms_needed: bool) -> list[Problem]:
    """Everything that is wrong; ``terms_needed`` says that the settings name no payment terms."""
    missing = _schedule(rows, sheet) if terms_needed else []
    return [*_conflicts(rows, sheet), *_currencies(rows, sheet), *missing, *_reference(rows, sheet)]


def _conflicts(rows: Rows, sheet: Sheet) -> list[Problem]:
    first_row: dict[str, tuple[object, int]] = {}
    problems = []
    for line in rows.lines:
        for name, value in line.invoice_values.items():
            known, row = first_row.setdefault(name, (value, line.row))
            if known != value:
                here, there = sheet.address(name, line.row), sheet.address(name, row)
                problems.append(
                    problem_at(
                        sheet,
                        name,
                        line.row,
                        "conflict",
                        f"{BY_NAME[name].title} is “{shown(value)}” in {here} but “{shown(known)}” in {there}; "
                        f"both rows belong to {named(rows)}.",
                        "Make the two cells equal, empty one of them, or give the rows different invoice keys.",
                        value,
                    ),
                )
    return problems


def _currencies(rows: Rows, sheet: Sheet) -> Iterable[Problem]:
    """An invoice has one currency; different marks beside its amounts cannot all be right."""
    first: dict[str, LineItem] = {}
    for line in rows.lines:
        if line.item is not None and line.item.currency is not None:
            first.setdefault(line.item.currency, line.item)
    marks = list(first)
    for number, mark in enumerate(marks):
        other = next((known for known in marks[:number] if not same_currency(known, mark)), None)
        if other is not None:
            row = first[mark].row
            here, there = sheet.address("amount", row), sheet.address("amount", first[other].row)
            message = f"Amount is in {mark} in {here} but in {other} in {there}; both rows belong to {named(rows)}."
            hint = "An invoice has one currency: correct the amount, or give the rows different invoice keys."
            yield problem_at(sheet, "amount", row, "currency_conflict", message, hint, sheet.frame.at[row, "amount"])


def _schedule(rows: Rows, sheet: Sheet) -> list[Problem]:
    name = "payment_schedule"
    given = any(name in line.invoice_values for line in rows.lines)
    # A cell that is filled but unreadable already has a problem of its own.
    filled = sheet.has(name) and any(sheet.frame.at[line.row, name] is not None for line in rows.lines)
    if given or filled or not sheet.has(name):
        return []
    column = BY_NAME[name]
    message = f"{column.title} is empty in every row of {named(rows)}, and the settings name no payment terms."
    hint = "Type the days until payment is due, such as 30, or put payment_schedule = 30 into importer.toml."
    return [problem_at(sheet, name, rows.first, "missing", message, hint, None)]


def _reference(rows: Rows, sheet: Sheet) -> list[Problem]:
    """The first three parts of an external reference stand together, or none does."""
    values = merged(rows)
    missing = [name for name in TRIPLE if REFERENCE + name not in values]
    if len(missing) in (0, len(TRIPLE)):
        return []
    given = next(name for name in TRIPLE if name not in missing)
    row = next(line.row for line in rows.lines if REFERENCE + given in line.invoice_values)
    titles = " and ".join(BY_NAME[REFERENCE + name].title for name in missing)
    message = f"{named(rows).capitalize()} has a part of an external reference, but {titles} is empty."
    hint = "Fill External service, External record type and External record ID together, or empty them all."
    return [problem_at(sheet, REFERENCE + given, row, "incomplete", message, hint, values[REFERENCE + given])]
