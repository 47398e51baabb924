"""What must hold between the rows of one invoice, and between invoices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from importer.model.columns import BY_NAME
from importer.values.amounts import same_currency
from importer.values.keys import alike

if TYPE_CHECKING:
    from collections.abc import Iterator

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

    def bills_any(self, projects: set[int]) -> bool:
        """Whether a row is of one of these projects."""
        return bool(projects) and any(line.workspace_id in projects for line in self.lines)

    def merged(self) -> dict[str, Any]:
        """What the rows say of the whole invoice, by column name; of several values the first."""
        values: dict[str, Any] = {}
        for line in self.saying_something_new():
            for name, value in line.invoice_values.items():
                values.setdefault(name, value)
        return values

    def saying_something_new(self) -> Iterator[SheetLine]:
        """The rows without those that say of the invoice what the row above says: these share their values."""
        before = None
        for line in self.lines:
            if line.invoice_values is not before:
                before = line.invoice_values
                yield line

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
    for line in rows.saying_something_new():
        for name, value in line.invoice_values.items():
            known, row = first.setdefault(name, (value, line.row))
            if known != value:
                yield sheet.problem_at(
                    name,
                    line.row,
                    "*.conflict",
                    _shown(value),
                    title=BY_NAME[name].title,
                    here=_shown(value),
                    there=_shown(known),
                    cell_here=sheet.address(name, line.row),
                    cell_there=sheet.address(name, row),
                    invoice=rows.name,
                )


def _currencies(rows: InvoiceRows, sheet: Sheet) -> Iterator[Problem]:
    """An invoice has one currency; different marks beside its amounts cannot all be right."""
    first_rows: dict[str, int] = {}
    for line in rows.lines:
        if not line.sound or line.amount is None or line.currency is None or line.currency in first_rows:
            continue
        other = next((mark for mark in first_rows if not same_currency(mark, line.currency)), None)
        first_rows[line.currency] = line.row
        if other is not None:
            yield sheet.problem_at(
                "amount",
                line.row,
                "amount.currency_conflict",
                _shown(sheet.raw("amount", line.row)),
                mark=line.currency,
                here=sheet.address("amount", line.row),
                other=other,
                there=sheet.address("amount", first_rows[other]),
                invoice=rows.name,
            )


def _schedule(rows: InvoiceRows, sheet: Sheet) -> Iterator[Problem]:
    """Payment terms must come from the settings or from a row."""
    name = "payment_schedule"
    if any(name in line.invoice_values for line in rows.lines):
        return
    # A cell that is filled but unreadable already has a problem of its own.
    if sheet.has(name) and all(sheet.raw(name, line.row) is None for line in rows.lines):
        title = BY_NAME[name].title
        yield sheet.problem_at(name, rows.first, "payment_schedule.missing", title=title, invoice=rows.name)


def _reference(rows: InvoiceRows, sheet: Sheet) -> Iterator[Problem]:
    """The first three parts of an external reference stand together, or none does."""
    values = rows.merged()
    missing = [name for name in TRIPLE if REFERENCE + name not in values]
    if len(missing) in (0, len(TRIPLE)):
        return
    given = REFERENCE + next(name for name in TRIPLE if name not in missing)
    titles = " and ".join(BY_NAME[REFERENCE + name].title for name in missing)
    invoice, value = rows.name.capitalize(), _shown(values[given])
    yield sheet.problem_at(given, rows.row_with(given), "*.incomplete", value, invoice=invoice, titles=titles)


# --- between invoices ---------------------------------------------------------


def clashes(groups: list[InvoiceRows], sheet: Sheet) -> Iterator[tuple[Problem, tuple[int, int]]]:
    """One invoice number, or one external reference, on two invoices; with the positions of both in ``groups``."""
    seen: dict[tuple[str, object], int] = {}
    for number, rows in enumerate(groups):
        for name, mark in _unique_marks(rows):
            first = seen.setdefault((name, mark), number)
            if first != number:
                yield _clash(name, rows, groups[first], sheet), (first, number)


def _unique_marks(rows: InvoiceRows) -> Iterator[tuple[str, object]]:
    """What no other invoice may have, with the column that says so."""
    values = rows.merged()
    if "user_invoice_number" in values:
        yield "user_invoice_number", values["user_invoice_number"]
    triple = tuple(values.get(REFERENCE + part) for part in TRIPLE)
    if None not in triple:
        yield REFERENCE + "service_model_ref", triple


def _clash(name: str, rows: InvoiceRows, first: InvoiceRows, sheet: Sheet) -> Problem:
    shown, title = _shown(rows.merged()[name]), BY_NAME[name].title
    return sheet.problem_at(
        name,
        rows.row_with(name),
        "*.duplicate:invoice",
        shown,
        title=title,
        noun=title.lower(),
        shown=shown,
        invoice=rows.name,
        there=sheet.address(name, first.row_with(name)),
        other=first.name,
    )


def alike_keys(groups: list[InvoiceRows], sheet: Sheet) -> Iterator[Problem]:
    """Keys that look alike and form two invoices, and keys that look the same and form one though they differ."""
    seen: dict[str, InvoiceRows] = {}
    for rows in groups:
        if rows.key is None:
            continue
        yield from _unseen_difference(rows, sheet)
        first = seen.setdefault(alike(rows.key), rows)
        if first.key != rows.key:
            facts: dict[str, Any] = {"other": first.key, "there": sheet.address("invoice_key", first.first)}
            facts |= {"key": rows.key, "here": sheet.address("invoice_key", rows.first)}
            yield sheet.problem_at("invoice_key", rows.first, "invoice_key.looks_alike", rows.key, **facts)


def _unseen_difference(rows: InvoiceRows, sheet: Sheet) -> Iterator[Problem]:
    """The first cell of each way of writing that differs from the one before in signs that cannot be seen."""
    ways: dict[str, int] = {}
    for line in rows.lines:
        raw = sheet.raw("invoice_key", line.row)
        if isinstance(raw, str) and ways.setdefault(raw.strip(), line.row) == line.row and len(ways) > 1:
            facts: dict[str, Any] = {"key": rows.key, "there": sheet.address("invoice_key", next(iter(ways.values())))}
            facts["here"] = sheet.address("invoice_key", line.row)
            yield sheet.problem_at("invoice_key", line.row, "invoice_key.looks_alike:same", rows.key, **facts)


def forgotten_keys(groups: list[InvoiceRows], sheet: Sheet) -> Iterator[Problem]:
    """Rows without a key beside keyed rows of the same project: one more invoice, perhaps not meant."""
    keyed: dict[int | None, str] = {}
    for rows in groups:
        if rows.key is not None:
            for line in rows.lines:
                keyed.setdefault(line.workspace_id, rows.key)
    for rows in groups:
        project = rows.lines[0].workspace_id
        if rows.key is None and project in keyed:
            facts: dict[str, Any] = {"project": project, "key": keyed[project]}
            yield sheet.problem_at("invoice_key", rows.first, "invoice_key.missing_here", **facts)


def without_payment(groups: list[InvoiceRows], sheet: Sheet) -> Iterator[Problem]:
    """Invoices that come to nothing, or to less, where every amount stands in the sheet."""
    for rows in groups:
        amounts = [line.amount for line in rows.lines if line.sound and line.amount is not None]
        total = sum(amounts)
        if total <= 0 and len(amounts) == len(rows.lines):
            yield sheet.problem_at("amount", rows.first, "amount.nothing_to_pay", invoice=rows.name, total=total)
