"""Group lines into invoices, and merge what their rows say of the invoice."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from importer.checking.contradictions import wrong_due_dates
from importer.checking.invoice_rules import (
    REFERENCE,
    TRIPLE,
    InvoiceRows,
    alike_keys,
    between_rows,
    clashes,
    forgotten_keys,
    without_payment,
)
from importer.model.columns import BY_NAME
from importer.model.invoices import ExternalReference, Invoice, UnsoundInvoice
from importer.model.messages import problem
from importer.model.problems import in_sheet_order

if TYPE_CHECKING:
    from collections.abc import Iterable

    from importer.model.problems import Problem, Problems
    from importer.model.sheet import Sheet, SheetLine


@dataclass(frozen=True, slots=True)
class Defaults:
    """What the settings say of invoices where the sheet is silent."""

    payment_schedule: int | None
    """Days; None makes the column required."""
    draft: bool
    suppress_emails: bool


def group(
    lines: Iterable[SheetLine], sheet: Sheet, defaults: Defaults, problems: Problems
) -> tuple[Invoice | UnsoundInvoice, ...]:
    """Return the invoices in the order of their first rows; what is wrong between rows goes to ``problems``.

    Rows whose project cannot be read and that have no key belong to no invoice;
    they already carry a problem of their own.
    """
    lines = tuple(lines)
    groups = _collect(lines)
    unsound = _claimed_by_strays(groups, lines)
    found: list[Problem] = []

    terms_needed = defaults.payment_schedule is None
    if terms_needed and not sheet.has("payment_schedule"):
        found.append(_missing_schedule_column(sheet))
        unsound = set(range(len(groups)))
    for number, rows in enumerate(groups):
        wrong = between_rows(rows, sheet, terms_needed=terms_needed)
        wrong += wrong_due_dates(rows, sheet, defaults.payment_schedule)
        found += wrong
        if wrong:
            unsound.add(number)
    for clash, numbers in clashes(groups, sheet):
        found.append(clash)
        unsound.update(numbers)
    found += [*alike_keys(groups, sheet), *forgotten_keys(groups, sheet), *without_payment(groups, sheet)]
    problems.add(in_sheet_order(found))

    invoices = []
    for number, rows in enumerate(groups):
        invoices.append(_invoice(rows, defaults, sound=number not in unsound))
    return tuple(invoices)


def _collect(lines: Iterable[SheetLine]) -> list[InvoiceRows]:
    """The rows of each invoice; rows whose project or key cannot be read are in none."""
    groups: dict[tuple[str, object], list[SheetLine]] = {}
    for line in lines:
        if line.key_unreadable or (line.invoice_key is None and line.workspace_id is None):
            continue
        identity: tuple[str, object] = ("workspace", line.workspace_id)
        if line.invoice_key is not None:
            identity = ("key", line.invoice_key)
        groups.setdefault(identity, []).append(line)
    return [InvoiceRows(rows[0].invoice_key, tuple(rows)) for rows in groups.values()]


def _missing_schedule_column(sheet: Sheet) -> Problem:
    column = BY_NAME["payment_schedule"]
    place: dict[str, Any] = {"sheet": sheet.name, "row": sheet.header_row, "column": column.name}
    return problem("column.missing:terms", **place, title=column.title, name=column.name)


def _claimed_by_strays(groups: list[InvoiceRows], lines: tuple[SheetLine, ...]) -> set[int]:
    """Invoices that a row with an unreadable project or key may belong to: they are not complete without it."""
    any_invoice = any_keyless = False
    projects: set[int] = set()
    for line in lines:
        if line.key_unreadable and line.workspace_id is not None:
            projects.add(line.workspace_id)
        elif line.key_unreadable:
            any_invoice = True
        elif line.invoice_key is None and line.workspace_id is None:
            any_keyless = True

    claimed = set()
    for number, rows in enumerate(groups):
        if any_invoice or (any_keyless and rows.key is None) or rows.bills_any(projects):
            claimed.add(number)
    return claimed


def _invoice(rows: InvoiceRows, defaults: Defaults, *, sound: bool) -> Invoice | UnsoundInvoice:
    if not sound or not all(line.sound for line in rows.lines):
        return _unsound(rows)
    items = []
    for line in rows.lines:
        item = line.item
        if item is None:
            return _unsound(rows)
        items.append(item)

    values = rows.merged()
    reference: dict[str, Any] = {}
    for name in list(values):
        if name.startswith(REFERENCE):
            reference[name.removeprefix(REFERENCE)] = values.pop(name)
    values.setdefault("payment_schedule", defaults.payment_schedule)
    values.setdefault("draft", defaults.draft)
    values.setdefault("suppress_emails", defaults.suppress_emails)
    return Invoice(key=rows.key, lines=tuple(items), external_reference=_external_reference(reference), **values)


def _unsound(rows: InvoiceRows) -> UnsoundInvoice:
    workspaces = dict.fromkeys(line.workspace_id for line in rows.lines if line.workspace_id is not None)
    amount = sum((line.amount for line in rows.lines if line.amount is not None), Decimal(0))
    lacks_amounts = any(line.lacks_amount for line in rows.lines)
    return UnsoundInvoice(rows.key, tuple(workspaces), tuple(line.row for line in rows.lines), amount, lacks_amounts)


def _external_reference(parts: dict[str, Any]) -> ExternalReference | None:
    """What the sheet says of the reference; empty identifying parts are filled in by ``payload``."""
    if not parts:
        return None
    return ExternalReference(**{**dict.fromkeys(TRIPLE, ""), **parts})
