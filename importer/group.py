"""Group line items into invoices, and merge what their rows say of the invoice."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from importer.columns import BY_NAME
from importer.problems import Problem, Severity
from importer.records import ExternalReference, Invoice, SheetLine, UnsoundInvoice
from importer.typed_amounts import same_currency

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from importer.records import LineItem
    from importer.sheet import Sheet

REFERENCE = "external_reference."
TRIPLE = ("service_name", "service_model", "service_model_ref")


@dataclass(frozen=True, slots=True)
class Defaults:
    """What the settings say of invoices where the sheet is silent."""

    payment_schedule: int | None
    """Days; None makes the column required."""
    draft: bool
    suppress_emails: bool


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows that form one invoice."""

    key: str | None
    lines: tuple[SheetLine, ...]

    @property
    def first(self) -> int:
        return self.lines[0].row


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
    groups = _collect(lines)
    problems: list[Problem] = list(_missing_schedule_column(sheet, defaults))
    faulty: set[int] = set()
    for number, rows in enumerate(groups):
        found = [
            *_conflicts(rows, sheet),
            *_currencies(rows, sheet),
            *_schedule(rows, sheet, defaults),
            *_reference(rows, sheet),
        ]
        problems += found
        if found:
            faulty.add(number)
    for clash, indexes in _clashes(groups, sheet):
        problems.append(clash)
        faulty.update(indexes)
    faulty |= _claimed_by_strays(groups, lines)
    if any(problem.code == "column.missing" for problem in problems):
        faulty = set(range(len(groups)))
    problems += _alike_keys(groups, sheet)
    problems += _forgotten_keys(groups, sheet)
    problems.sort(key=lambda problem: problem.row or 0)
    return tuple(_invoice(rows, defaults, sound=n not in faulty) for n, rows in enumerate(groups)), tuple(problems)


def _claimed_by_strays(groups: list[_Rows], lines: tuple[SheetLine, ...]) -> set[int]:
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


def _collect(lines: Iterable[SheetLine]) -> list[_Rows]:
    groups: dict[tuple[str, object], list[SheetLine]] = {}
    for line in lines:
        if line.key_unreadable or (line.invoice_key is None and line.workspace_id is None):
            continue
        identity = ("key", line.invoice_key) if line.invoice_key is not None else ("workspace", line.workspace_id)
        groups.setdefault(identity, []).append(line)
    return [_Rows(rows[0].invoice_key, tuple(rows)) for rows in groups.values()]


def _invoice(rows: _Rows, defaults: Defaults, *, sound: bool) -> Invoice | UnsoundInvoice:
    items = tuple(line.item for line in rows.lines if line.item is not None)
    if not sound or len(items) < len(rows.lines):
        workspaces = dict.fromkeys(line.workspace_id for line in rows.lines if line.workspace_id is not None)
        amount = sum((line.amount for line in rows.lines if line.amount is not None), Decimal(0))
        return UnsoundInvoice(rows.key, tuple(workspaces), tuple(line.row for line in rows.lines), amount)
    values = _merged(rows)
    reference = {name: values.pop(REFERENCE + name) for name in _reference_names(values)}
    values.setdefault("payment_schedule", defaults.payment_schedule)
    values.setdefault("draft", defaults.draft)
    values.setdefault("suppress_emails", defaults.suppress_emails)
    return Invoice(key=rows.key, lines=items, external_reference=_external_reference(reference), **values)


def _external_reference(parts: dict[str, Any]) -> ExternalReference | None:
    """What the sheet says of the reference; empty identifying parts are filled in by ``payload``."""
    return ExternalReference(**{**dict.fromkeys(TRIPLE, ""), **parts}) if parts else None


def _merged(rows: _Rows) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for line in rows.lines:
        for name, value in line.invoice_values.items():
            merged.setdefault(name, value)
    return merged


def _reference_names(values: dict[str, Any]) -> list[str]:
    return [name.removeprefix(REFERENCE) for name in values if name.startswith(REFERENCE)]


# --- what is wrong between rows ----------------------------------------------


def _conflicts(rows: _Rows, sheet: Sheet) -> list[Problem]:
    first_row: dict[str, tuple[object, int]] = {}
    problems = []
    for line in rows.lines:
        for name, value in line.invoice_values.items():
            known, row = first_row.setdefault(name, (value, line.row))
            if known != value:
                here, there = sheet.address(name, line.row), sheet.address(name, row)
                problems.append(
                    _problem(
                        sheet,
                        name,
                        line.row,
                        "conflict",
                        f"{BY_NAME[name].title} is “{_shown(value)}” in {here} but “{_shown(known)}” in {there}; "
                        f"both rows belong to {_named(rows)}.",
                        "Make the two cells equal, empty one of them, or give the rows different invoice keys.",
                        value,
                    ),
                )
    return problems


def _currencies(rows: _Rows, sheet: Sheet) -> Iterable[Problem]:
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
            message = f"Amount is in {mark} in {here} but in {other} in {there}; both rows belong to {_named(rows)}."
            hint = "An invoice has one currency: correct the amount, or give the rows different invoice keys."
            yield _problem(sheet, "amount", row, "currency_conflict", message, hint, sheet.frame.at[row, "amount"])


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


def _schedule(rows: _Rows, sheet: Sheet, defaults: Defaults) -> list[Problem]:
    name = "payment_schedule"
    given = any(name in line.invoice_values for line in rows.lines)
    # A cell that is filled but unreadable already has a problem of its own.
    filled = sheet.has(name) and any(sheet.frame.at[line.row, name] is not None for line in rows.lines)
    if defaults.payment_schedule is not None or given or filled or not sheet.has(name):
        return []
    column = BY_NAME[name]
    message = f"{column.title} is empty in every row of {_named(rows)}, and the settings name no payment terms."
    hint = "Type the days until payment is due, such as 30, or put payment_schedule = 30 into importer.toml."
    return [_problem(sheet, name, rows.first, "missing", message, hint, None)]


def _reference(rows: _Rows, sheet: Sheet) -> list[Problem]:
    """The first three parts of an external reference stand together, or none does."""
    values = _merged(rows)
    missing = [name for name in TRIPLE if REFERENCE + name not in values]
    if len(missing) in (0, len(TRIPLE)):
        return []
    given = next(name for name in TRIPLE if name not in missing)
    row = next(line.row for line in rows.lines if REFERENCE + given in line.invoice_values)
    titles = " and ".join(BY_NAME[REFERENCE + name].title for name in missing)
    message = f"{_named(rows).capitalize()} has a part of an external reference, but {titles} is empty."
    hint = "Fill External service, External record type and External record ID together, or empty them all."
    return [_problem(sheet, REFERENCE + given, row, "incomplete", message, hint, values[REFERENCE + given])]


def _clashes(groups: list[_Rows], sheet: Sheet) -> Iterable[tuple[Problem, tuple[int, int]]]:
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
    groups: list[_Rows],
    sheet: Sheet,
    name: str,
    identity: Callable[[dict[str, Any]], object],
) -> Iterable[tuple[Problem, tuple[int, int]]]:
    seen: dict[object, int] = {}
    for number, rows in enumerate(groups):
        values = _merged(rows)
        mark = identity(values)
        if mark is None:
            continue
        first = seen.setdefault(mark, number)
        if first != number:
            here, there = (next(ln.row for ln in g.lines if name in ln.invoice_values) for g in (rows, groups[first]))
            title = BY_NAME[name].title
            message = (
                f"{title} {_shown(values[name])} stands on two invoices: here on {_named(rows)}, and in "
                f"{sheet.address(name, there)} on {_named(groups[first])}."
            )
            hint = f"Give each invoice its own {title.lower()}, or leave it empty."
            yield _problem(sheet, name, here, "duplicate", message, hint, values[name]), (first, number)


def _alike_keys(groups: list[_Rows], sheet: Sheet) -> Iterable[Problem]:
    seen: dict[str, _Rows] = {}
    for rows in groups:
        if rows.key is None:
            continue
        first = seen.setdefault("".join(rows.key.casefold().split()), rows)
        if first.key != rows.key:
            yield _problem(
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


def _forgotten_keys(groups: list[_Rows], sheet: Sheet) -> Iterable[Problem]:
    """Rows without a key beside keyed rows of the same project: one more invoice, perhaps not meant."""
    keyed: dict[int, _Rows] = {}
    for rows in groups:
        if rows.key is not None:
            for line in rows.lines:
                if line.workspace_id is not None:
                    keyed.setdefault(line.workspace_id, rows)
    for rows in groups:
        other = keyed.get(rows.lines[0].workspace_id or 0) if rows.key is None else None
        if other is not None:
            yield _problem(
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


def _named(rows: _Rows) -> str:
    return f"invoice “{rows.key}”" if rows.key is not None else f"the invoice of project {rows.lines[0].workspace_id}"


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _problem(  # noqa: PLR0913, PLR0917 - one argument per option or field
    sheet: Sheet,
    name: str,
    row: int,
    fault: str,
    message: str,
    hint: str,
    value: object,
    severity: Severity = Severity.ERROR,
) -> Problem:
    return Problem(
        code=f"{name}.{fault}",
        message=message,
        hint=hint,
        sheet=sheet.name,
        cell=sheet.address(name, row),
        row=row,
        column=name,
        value=None if value is None else _shown(value),
        severity=severity,
    )
