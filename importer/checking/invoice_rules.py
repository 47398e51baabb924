"""What must hold between the rows of one invoice, and between invoices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from importer.model.columns import BY_NAME
from importer.model.problems import Severity
from importer.values.amounts import same_currency

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from importer.model.problems import Problem
    from importer.model.sheet import Sheet, SheetLine

REFERENCE = "external_reference."
"""How the columns of the external reference begin."""
TRIPLE = ("service_name", "service_model", "service_model_ref")
"""Parts that identify an external reference."""


@dataclass(frozen=True, slots=True)
class InvoiceRows:
    """The rows that form one invoice."""

    key: str | None
    """invoice_key of the rows; None for one invoice per project."""
    lines: tuple[SheetLine, ...]
    """In the order of the sheet; never empty."""

    @property
    def first(self) -> int:
        """Number of the first row."""
        return self.lines[0].row

    @property
    def name(self) -> str:
        """The invoice in words."""
        if self.key is not None:
            return f"invoice “{self.key}”"
        return f"the invoice of project {self.lines[0].workspace_id}"

    def merged(self) -> dict[str, Any]:
        """What the rows say of the whole invoice, by column name; of several values the first."""
        values: dict[str, Any] = {}
        for line in self.lines:
            for name, value in line.invoice_values.items():
                values.setdefault(name, value)
        return values

    def row_with(self, name: str) -> int:
        """The first row that fills an invoice-level column, of which one must."""
        return next(line.row for line in self.lines if name in line.invoice_values)


def _shown(value: object) -> str:
    """A value as a person would have typed it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


# --- between the rows of one invoice ------------------------------------------


def between_rows(rows: InvoiceRows, sheet: Sheet, *, terms_needed: bool) -> list[Problem]:
    """Everything that is wrong; ``terms_needed`` says that the settings name no payment terms."""
    found = [*_conflicts(rows, sheet), *_currencies(rows, sheet)]
    if terms_needed:
        found += _schedule(rows, sheet)
    return [*found, *_reference(rows, sheet)]


def _conflicts(rows: InvoiceRows, sheet: Sheet) -> Iterator[Problem]:
    """Two values for one fact of the invoice."""
    first: dict[str, tuple[object, int]] = {}
    for line in rows.lines:
        for name, value in line.invoice_values.items():
            known, row = first.setdefault(name, (value, line.row))
            if known != value:
                here, there = sheet.address(name, line.row), sheet.address(name, row)
                message = (
                    f"{BY_NAME[name].title} is “{_shown(value)}” in {here} but “{_shown(known)}” in {there}; "
                    f"both rows belong to {rows.name}."
                )
                hint = "Make the two cells equal, empty one of them, or give the rows different invoice keys."
                yield sheet.problem_at(name, line.row, f"{name}.conflict", message, hint, _shown(value))


def _currencies(rows: InvoiceRows, sheet: Sheet) -> Iterator[Problem]:
    """An invoice has one currency; different marks beside its amounts cannot all be right."""
    first_rows: dict[str, int] = {}
    for line in rows.lines:
        if not line.sound or line.amount is None or line.currency is None or line.currency in first_rows:
            continue
        other = next((mark for mark in first_rows if not same_currency(mark, line.currency)), None)
        first_rows[line.currency] = line.row
        if other is not None:
            here, there = sheet.address("amount", line.row), sheet.address("amount", first_rows[other])
            message = (
                f"Amount is in {line.currency} in {here} but in {other} in {there}; both rows belong to {rows.name}."
            )
            hint = "An invoice has one currency: correct the amount, or give the rows different invoice keys."
            value = _shown(sheet.raw("amount", line.row))
            yield sheet.problem_at("amount", line.row, "amount.currency_conflict", message, hint, value)


def _schedule(rows: InvoiceRows, sheet: Sheet) -> Iterator[Problem]:
    """Payment terms must come from the settings or from a row."""
    name = "payment_schedule"
    # A cell that is filled but unreadable already has a problem of its own.
    if not sheet.has(name) or any(sheet.raw(name, line.row) is not None for line in rows.lines):
        return
    message = f"{BY_NAME[name].title} is empty in every row of {rows.name}, and the settings name no payment terms."
    hint = "Type the days until payment is due, such as 30, or put payment_schedule = 30 into importer.toml."
    yield sheet.problem_at(name, rows.first, f"{name}.missing", message, hint)


def _reference(rows: InvoiceRows, sheet: Sheet) -> Iterator[Problem]:
    """The first three parts of an external reference stand together, or none does."""
    values = rows.merged()
    missing = [name for name in TRIPLE if REFERENCE + name not in values]
    if len(missing) in (0, len(TRIPLE)):
        return
    given = REFERENCE + next(name for name in TRIPLE if name not in missing)
    titles = " and ".join(BY_NAME[REFERENCE + name].title for name in missing)
    message = f"{rows.name.capitalize()} has a part of an external reference, but {titles} is empty."
    hint = "Fill External service, External record type and External record ID together, or empty them all."
    yield sheet.problem_at(given, rows.row_with(given), f"{given}.incomplete", message, hint, _shown(values[given]))


# --- between invoices ---------------------------------------------------------


def clashes(groups: list[InvoiceRows], sheet: Sheet) -> Iterator[tuple[Problem, tuple[int, int]]]:
    """One invoice number, or one external reference, on two invoices; with the positions of both in ``groups``."""
    numbers: dict[object, int] = {}
    references: dict[object, int] = {}
    for number, rows in enumerate(groups):
        values = rows.merged()
        name = "user_invoice_number"
        if name in values:
            first = numbers.setdefault(values[name], number)
            if first != number:
                yield _clash(name, rows, groups[first], sheet), (first, number)

        triple = tuple(values.get(REFERENCE + part) for part in TRIPLE)
        if None not in triple:
            first = references.setdefault(triple, number)
            if first != number:
                yield _clash(REFERENCE + "service_model_ref", rows, groups[first], sheet), (first, number)


def _clash(name: str, rows: InvoiceRows, first: InvoiceRows, sheet: Sheet) -> Problem:
    value, title = _shown(rows.merged()[name]), BY_NAME[name].title
    here, there = rows.row_with(name), sheet.address(name, first.row_with(name))
    message = f"{title} {value} stands on two invoices: here on {rows.name}, and in {there} on {first.name}."
    hint = f"Give each invoice its own {title.lower()}, or leave it empty."
    return sheet.problem_at(name, here, f"{name}.duplicate", message, hint, value)


def between_invoices(groups: list[InvoiceRows], sheet: Sheet) -> Iterable[Problem]:
    """Warnings of invoices of which perhaps one was meant."""
    return [*_alike_keys(groups, sheet), *_forgotten_keys(groups, sheet)]


def _alike_keys(groups: list[InvoiceRows], sheet: Sheet) -> Iterator[Problem]:
    """Two keys that differ only in case or blanks: perhaps one invoice was meant."""
    seen: dict[str, InvoiceRows] = {}
    for rows in groups:
        if rows.key is None:
            continue
        first = seen.setdefault("".join(rows.key.casefold().split()), rows)
        if first.key != rows.key:
            message = (
                f"The invoice keys “{rows.key}” and “{first.key}” (row {first.first}) differ only in case or blanks; "
                "they form two invoices."
            )
            hint = "Write them alike if they are meant to be one invoice."
            yield _key_warning(sheet, rows, "looks_alike", message, hint)


def _forgotten_keys(groups: list[InvoiceRows], sheet: Sheet) -> Iterator[Problem]:
    """Rows without a key beside keyed rows of the same project: one more invoice, perhaps not meant."""
    keyed: dict[int | None, InvoiceRows] = {}
    for rows in groups:
        for line in rows.lines if rows.key is not None else ():
            keyed.setdefault(line.workspace_id, rows)
    for rows in groups:
        project = rows.lines[0].workspace_id
        if rows.key is None and project in keyed:
            message = (
                f"Project {project} has rows with the key “{keyed[project].key}” and rows without one; those "
                "without form an invoice of their own."
            )
            yield _key_warning(sheet, rows, "missing_here", message, "Give these rows a key too, unless that is meant.")


def _key_warning(sheet: Sheet, rows: InvoiceRows, fault: str, message: str, hint: str) -> Problem:
    code = f"invoice_key.{fault}"
    return sheet.problem_at("invoice_key", rows.first, code, message, hint, rows.key, Severity.WARNING)
