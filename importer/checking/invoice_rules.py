"""The rows that form one invoice, and what they say of it.

What is wrong between the rows of one invoice.

What is wrong between invoices: a number or a reference twice, keys that look alike, a key that was forgotten.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from importer.model.columns import BY_NAME
from importer.model.problems import Problem, Severity
from importer.values.amounts import same_currency

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from importer.model.invoices import LineItem, SheetLine
    from importer.model.sheet import Sheet

REFERENCE = "external_reference."
TRIPLE = ("service_name", "service_model", "service_model_ref")


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows that form one invoice."""

    key: str | None
    """invoice_key of the rows; None for one invoice per project."""
    lines: tuple[SheetLine, ...]

    @property
    def first(self) -> int:
        """Number of the first row."""
        return self.lines[0].row


def collect(lines: Iterable[SheetLine]) -> list[Rows]:
    """The groups in the order of their first rows; rows whose project or key cannot be read are in none."""
    groups: dict[tuple[str, object], list[SheetLine]] = {}
    for line in lines:
        if line.key_unreadable or (line.invoice_key is None and line.workspace_id is None):
            continue
        identity = ("key", line.invoice_key) if line.invoice_key is not None else ("workspace", line.workspace_id)
        groups.setdefault(identity, []).append(line)
    return [Rows(rows[0].invoice_key, tuple(rows)) for rows in groups.values()]


def merged(rows: Rows) -> dict[str, Any]:
    """What the rows say of the whole invoice, by column name; of several values the first."""
    values: dict[str, Any] = {}
    for line in rows.lines:
        for name, value in line.invoice_values.items():
            values.setdefault(name, value)
    return values


def named(rows: Rows) -> str:
    """The invoice in words."""
    return f"invoice “{rows.key}”" if rows.key is not None else f"the invoice of project {rows.lines[0].workspace_id}"


def shown(value: object) -> str:
    """A value as a person would have typed it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def problem_at(  # noqa: PLR0913, PLR0917 - one argument per option or field
    sheet: Sheet,
    name: str,
    row: int,
    fault: str,
    message: str,
    hint: str,
    value: object,
    severity: Severity = Severity.ERROR,
) -> Problem:
    """A problem at the cell of a column in a row."""
    return Problem(
        code=f"{name}.{fault}",
        message=message,
        hint=hint,
        sheet=sheet.name,
        cell=sheet.address(name, row),
        row=row,
        column=name,
        value=None if value is None else shown(value),
        severity=severity,
    )


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


def clashes(groups: list[Rows], sheet: Sheet) -> Iterable[tuple[Problem, tuple[int, int]]]:
    """One invoice number, or one external reference, on two invoices."""
    yield from _clash(groups, sheet, "user_invoice_number", lambda values: values.get("user_invoice_number"))
    yield from _clash(
        groups,
        sheet,
        REFERENCE + "service_model_ref",
        lambda values: (
            tuple(values[REFERENCE + name] for name in TRIPLE)
            if all(REFERENCE + name in values for name in TRIPLE)
            else None
        ),
    )


def _clash(
    groups: list[Rows],
    sheet: Sheet,
    name: str,
    identity: Callable[[dict[str, Any]], object],
) -> Iterable[tuple[Problem, tuple[int, int]]]:
    seen: dict[object, int] = {}
    for number, rows in enumerate(groups):
        values = merged(rows)
        mark = identity(values)
        if mark is None:
            continue
        first = seen.setdefault(mark, number)
        if first != number:
            here, there = (next(ln.row for ln in g.lines if name in ln.invoice_values) for g in (rows, groups[first]))
            title = BY_NAME[name].title
            message = (
                f"{title} {shown(values[name])} stands on two invoices: here on {named(rows)}, and in "
                f"{sheet.address(name, there)} on {named(groups[first])}."
            )
            hint = f"Give each invoice its own {title.lower()}, or leave it empty."
            yield problem_at(sheet, name, here, "duplicate", message, hint, values[name]), (first, number)


def alike_keys(groups: list[Rows], sheet: Sheet) -> Iterable[Problem]:
    """Two keys that differ only in case or blanks: perhaps one invoice was meant."""
    seen: dict[str, Rows] = {}
    for rows in groups:
        if rows.key is None:
            continue
        first = seen.setdefault("".join(rows.key.casefold().split()), rows)
        if first.key != rows.key:
            yield problem_at(
                sheet,
                "invoice_key",
                rows.first,
                "looks_alike",
                f"The invoice keys “{rows.key}” and “{first.key}” (row {first.first}) differ only in case or blanks; "
                "they form two invoices.",
                "Write them alike if they are meant to be one invoice.",
                rows.key,
                Severity.WARNING,
            )


def forgotten_keys(groups: list[Rows], sheet: Sheet) -> Iterable[Problem]:
    """Rows without a key beside keyed rows of the same project: one more invoice, perhaps not meant."""
    keyed: dict[int, Rows] = {}
    for rows in groups:
        if rows.key is not None:
            for line in rows.lines:
                if line.workspace_id is not None:
                    keyed.setdefault(line.workspace_id, rows)
    for rows in groups:
        other = keyed.get(rows.lines[0].workspace_id or 0) if rows.key is None else None
        if other is not None:
            yield problem_at(
                sheet,
                "invoice_key",
                rows.first,
                "missing_here",
                f"Project {rows.lines[0].workspace_id} has rows with the key “{other.key}” and rows without one; those "
                "without form an invoice of their own.",
                "Give these rows a key too, unless that is meant.",
                None,
                Severity.WARNING,
            )
