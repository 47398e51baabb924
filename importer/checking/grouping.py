"""Group line items into invoices, and merge what their rows say of the invoice."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from importer.checking.invoice_rules import (
    REFERENCE,
    TRIPLE,
    Rows,
    alike_keys,
    between_rows,
    clashes,
    collect,
    forgotten_keys,
    merged,
)
from importer.model.columns import BY_NAME
from importer.model.invoices import ExternalReference, Invoice, UnsoundInvoice
from importer.model.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from importer.model.invoices import SheetLine
    from importer.model.sheet import Sheet


@dataclass(frozen=True, slots=True)
class Defaults:
    """What the settings say of invoices where the sheet is silent."""

    payment_schedule: int | None
    """Days; None makes the column required."""
    draft: bool
    suppress_emails: bool


def group(
    lines: Iterable[SheetLine],
    sheet: Sheet,
    defaults: Defaults,
) -> tuple[tuple[Invoice | UnsoundInvoice, ...], tuple[Problem, ...]]:
    """Return the invoices in the order of their first rows, and what is wrong between rows.

    Rows whose project cannot be read and that have no key belong to no invoice;
    they already carry a problem of their own.
    """
    lines = tuple(lines)
    groups = collect(lines)
    problems: list[Problem] = list(_missing_schedule_column(sheet, defaults))
    faulty: set[int] = set()
    for number, rows in enumerate(groups):
        found = between_rows(rows, sheet, terms_needed=defaults.payment_schedule is None)
        problems += found
        if found:
            faulty.add(number)
    for clash, indexes in clashes(groups, sheet):
        problems.append(clash)
        faulty.update(indexes)
    faulty |= _claimed_by_strays(groups, lines)
    if any(problem.code == "column.missing" for problem in problems):
        faulty = set(range(len(groups)))
    problems += alike_keys(groups, sheet)
    problems += forgotten_keys(groups, sheet)
    problems.sort(key=lambda problem: problem.row or 0)
    return tuple(_invoice(rows, defaults, sound=n not in faulty) for n, rows in enumerate(groups)), tuple(problems)


def _missing_schedule_column(sheet: Sheet, defaults: Defaults) -> Iterable[Problem]:
    column = BY_NAME["payment_schedule"]
    if defaults.payment_schedule is None and not sheet.has(column.name):
        yield Problem(
            code="column.missing",
            message=f"The column {column.title} (payment_schedule) is missing, and the settings name no payment terms.",
            hint=f"Add a column “{column.title}” with the days until payment is due, or put "
            "payment_schedule = 30 into importer.toml.",
            sheet=sheet.name,
            row=sheet.header_row,
            column=column.name,
        )


def _claimed_by_strays(groups: list[Rows], lines: tuple[SheetLine, ...]) -> set[int]:
    """Invoices that a row with an unreadable project or key may belong to: they are not complete without it."""
    strays = [ln for ln in lines if ln.key_unreadable or (ln.invoice_key is None and ln.workspace_id is None)]
    if not strays:
        return set()
    of_any = any(stray.key_unreadable and stray.workspace_id is None for stray in strays)
    of_keyless = any(not stray.key_unreadable for stray in strays)
    workspaces = {stray.workspace_id for stray in strays if stray.workspace_id is not None}
    return {
        number
        for number, rows in enumerate(groups)
        if of_any or (of_keyless and rows.key is None) or any(line.workspace_id in workspaces for line in rows.lines)
    }


def _invoice(rows: Rows, defaults: Defaults, *, sound: bool) -> Invoice | UnsoundInvoice:
    items = tuple(line.item for line in rows.lines if line.item is not None)
    if not sound or len(items) < len(rows.lines):
        workspaces = dict.fromkeys(line.workspace_id for line in rows.lines if line.workspace_id is not None)
        amount = sum((line.amount for line in rows.lines if line.amount is not None), Decimal(0))
        return UnsoundInvoice(rows.key, tuple(workspaces), tuple(line.row for line in rows.lines), amount)
    values = merged(rows)
    reference = {name: values.pop(REFERENCE + name) for name in _reference_names(values)}
    values.setdefault("payment_schedule", defaults.payment_schedule)
    values.setdefault("draft", defaults.draft)
    values.setdefault("suppress_emails", defaults.suppress_emails)
    return Invoice(key=rows.key, lines=items, external_reference=_external_reference(reference), **values)


def _external_reference(parts: dict[str, Any]) -> ExternalReference | None:
    """What the sheet says of the reference; empty identifying parts are filled in by ``payload``."""
    return ExternalReference(**{**dict.fromkeys(TRIPLE, ""), **parts}) if parts else None


def _reference_names(values: dict[str, Any]) -> list[str]:
    return [name.removeprefix(REFERENCE) for name in values if name.startswith(REFERENCE)]
