"""Check every row with pandera, lazily, so that all problems of a sheet show at once.

Cells are parsed first (:mod:`importer.checking.parse`); what cannot be read stays in the
frame as a value of its own, so that one bad cell hides no other check. Then the
rows of each item type are validated by a schema made for that type from
:mod:`importer.columns`. What holds between rows of one invoice is for ``group``.
"""

from __future__ import annotations

import difflib
from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

import pandera.pandas as pa

from importer.checking.conventions import Conventions
from importer.checking.parse import parse
from importer.checking.schemas import Fault, schema_for, words_of
from importer.checking.total_rows import disagreeing, suspected
from importer.model.columns import BY_NAME, COLUMNS, ITEM_TYPE_TITLES, REQUIRED, Column, Kind, Level
from importer.model.invoices import ItemType, LineItem, SheetLine
from importer.model.problems import Problem, Severity, error_rows
from importer.model.sheet import text_of
from importer.model.words import row_ranges
from importer.values.readings import Unreadable

if TYPE_CHECKING:
    import pandas as pd

    from importer.checking.conventions import Decision
    from importer.model.sheet import Sheet

CSV_FAULTS = frozenset({"not_a_number", "not_a_date"})
"""Faults that come from how a country writes numbers and dates."""


def validate(
    sheet: Sheet, *, send_cents: bool, conventions: Conventions | None = None
) -> tuple[tuple[SheetLine, ...], tuple[Problem, ...], tuple[Decision, ...]]:
    """Return every row of the sheet as a SheetLine, all problems in the order of the sheet, and how columns were read.

    ``send_cents`` allows two decimals in amounts (setting ``fractional_amounts``).
    A decision is there for each column whose texts needed a convention.
    """
    typed = parse(sheet, conventions or Conventions())
    parsed = typed.frame
    problems = typed.problems + _check(sheet, parsed, send_cents=send_cents)
    problems += _repeated_rows(sheet, parsed)
    absent, lacking = _absent_columns(sheet, parsed)
    problems += absent
    problems += disagreeing(sheet, _amounts(parsed))
    problems += suspected(sheet, parsed, _amounts(parsed))
    positions = {name: number for number, name in enumerate(BY_NAME)}
    problems.sort(key=lambda p: (p.row or 0, positions.get(p.column or "", 0)))
    faulty = error_rows(problems) | lacking
    errors = [p for p in sheet.problems if p.severity is Severity.ERROR]
    of_rows = [p for p in errors if p.row is not None and p.row > sheet.header_row]
    faulty |= error_rows(of_rows)
    # Any other error of the sheet is in its header: then no row can be trusted.
    header_sound = len(of_rows) == len(errors)
    lines = _lines(parsed, faulty, typed.currencies, header_sound=header_sound)
    return lines, tuple(problems), tuple(typed.decisions)


def _amounts(parsed: pd.DataFrame) -> dict[int, Decimal | None]:
    """The amount of each row that has one; None for one that cannot be read."""
    if "amount" not in parsed.columns:
        return {}
    cells = zip(parsed.index.tolist(), parsed["amount"].tolist(), strict=True)
    return {row: cell if isinstance(cell, Decimal) else None for row, cell in cells if cell is not None}


# --- from failure cases to problems ------------------------------------------


def _check(sheet: Sheet, parsed: pd.DataFrame, *, send_cents: bool) -> list[Problem]:
    problems: list[Problem] = []
    for item_type, rows in _by_item_type(parsed):
        columns = [name for name in parsed.columns if _matters(BY_NAME[name], item_type, rows)]
        schema = schema_for(item_type, columns, send_cents=send_cents)
        try:
            schema.validate(rows, lazy=True)
        except pa.errors.SchemaErrors as failures:
            problems += _problems(sheet, rows, item_type, failures.failure_cases)
    return problems


def _by_item_type(parsed: pd.DataFrame) -> list[tuple[ItemType | None, pd.DataFrame]]:
    if "item_type" not in parsed.columns:
        return [(None, parsed)]
    kinds = parsed["item_type"].map(lambda value: value if isinstance(value, ItemType) else None)
    groups: list[tuple[ItemType | None, pd.DataFrame]] = [
        (item_type, parsed[kinds == item_type]) for item_type in ItemType
    ]
    groups.append((None, parsed[kinds.isna()]))
    return [(item_type, rows) for item_type, rows in groups if len(rows)]


def _matters(column: Column, item_type: ItemType | None, rows: pd.DataFrame) -> bool:
    """Leave out columns that are empty and may be: most sheets use few of them."""
    required = item_type in column.required_for or column in REQUIRED
    return required or bool(rows[column.name].notna().any())


def _problems(
    sheet: Sheet,
    rows: pd.DataFrame,
    item_type: ItemType | None,
    failure_cases: pd.DataFrame,
) -> list[Problem]:
    twins = _twins(rows) if (failure_cases["check"] == "duplicate").any() else {}
    found = zip(failure_cases["column"], failure_cases["check"], failure_cases["index"], strict=True)
    return [_problem(sheet, rows, item_type, str(name), str(fault), int(row), twins) for name, fault, row in found]


def _twins(rows: pd.DataFrame) -> dict[object, list[int]]:
    twins: dict[object, list[int]] = defaultdict(list)
    for row, value in zip(rows.index, rows["item_id"], strict=True):
        if isinstance(value, int):
            twins[value].append(int(row))
    return twins


def _problem(  # noqa: PLR0913, PLR0917 - one argument per option or field
    sheet: Sheet,
    rows: pd.DataFrame,
    item_type: ItemType | None,
    name: str,
    fault: Fault,
    row: int,
    twins: dict[object, list[int]],
) -> Problem:
    column = BY_NAME[name]
    value = rows.at[row, name]
    raw = sheet.frame.at[row, name]
    shown = None if raw is None else text_of(raw)
    if isinstance(value, Unreadable) and fault == "unreadable":
        fault, message, hint = value.fault, _sentence(f"{column.title}: “{shown}” {value.message}"), value.hint
    else:
        others = [sheet.address(name, other) or "" for other in twins.get(value, []) if other != row]
        message, hint = words_of(column, item_type, fault, shown or "", others)
    if fault == "missing" and column.required_for == frozenset(ItemType):
        hint = f"If the row is a total or a note, delete it. Otherwise: {hint}"
    if fault in CSV_FAULTS and column.kind in (Kind.AMOUNT, Kind.DATE) and sheet.path.suffix.lower() == ".csv":
        hint += " Or save the file as .xlsx, where numbers and dates cannot be misread."
    return Problem(
        code=f"{name}.{fault}",
        message=message,
        hint=hint,
        sheet=sheet.name,
        cell=sheet.address(name, row),
        row=row,
        column=name,
        value=shown,
    )


def _sentence(text: str) -> str:
    return text if text.endswith("?") else f"{text}."


def _absent_columns(sheet: Sheet, parsed: pd.DataFrame) -> tuple[list[Problem], set[int]]:
    """One error per column that the sheet lacks although rows need it, and those rows."""
    by_type = _by_item_type(parsed)
    problems: list[Problem] = []
    lacking: set[int] = set()
    for column in COLUMNS:
        if column in REQUIRED or column.name in parsed.columns:
            continue
        needing = [(item_type, rows) for item_type, rows in by_type if item_type in column.required_for]
        if needing:
            lacking.update(int(row) for _, some in needing for row in some.index)
        if needing and not _misspelt(sheet, column):
            rows = sorted(int(row) for _, some in needing for row in some.index)
            kinds = [ITEM_TYPE_TITLES[item_type] for item_type, _ in needing if item_type is not None]
            problems.append(_absent(sheet, column, kinds, rows))
    return problems, lacking


def _misspelt(sheet: Sheet, column: Column) -> bool:
    """Whether an error asks already if a header was meant for this column."""
    asked = [p.message for p in sheet.problems if p.code == "column.near_miss"]
    return any(f"({column.name})" in message for message in asked)


def _absent(sheet: Sheet, column: Column, kinds: list[str], rows: list[int]) -> Problem:
    unknown = [header.text for header in sheet.headers if header.column is None]
    near = difflib.get_close_matches(column.title, unknown, n=1, cutoff=0.5)
    nearest = f" The nearest header is “{near[0]}”." if near else ""
    return Problem(
        code="column.missing",
        message=f"The column {column.title} ({column.name}) is missing from the header in row {sheet.header_row}, but "
        f"rows of type {' and '.join(kinds)} need it (row {row_ranges(rows)}).{nearest}",
        hint=f"Add a column with the header “{column.title}”. {column.meaning}",
        sheet=sheet.name,
        row=sheet.header_row,
        column=column.name,
    )


def _repeated_rows(sheet: Sheet, parsed: pd.DataFrame) -> list[Problem]:
    """Warn of priced rows that say exactly the same as an earlier one: often a slip of copy and paste."""
    if not {"item_type", "amount"} <= set(parsed.columns):
        return []
    priced = parsed[parsed["amount"].notna()]
    if priced.duplicated().any():  # what cannot be read says nothing of being the same
        unread = priced.map(lambda cell: isinstance(cell, Unreadable)).any(axis=1)
        priced = priced[~unread]
    twins = priced[priced.duplicated(keep=False)]
    first_rows: dict[tuple[object, ...], int] = {}
    problems = []
    for row, *values in twins.itertuples(name=None):
        first = first_rows.setdefault(tuple(values), row)
        if first != row:
            problems.append(
                Problem(
                    code="row.repeated",
                    message=f"Row {row} says exactly the same as row {first}; both would be billed.",
                    hint="Delete one of them if it was pasted twice; otherwise nothing to do.",
                    sheet=sheet.name,
                    row=row,
                    severity=Severity.WARNING,
                ),
            )
    return problems


# --- from the frame to records -----------------------------------------------


def _lines(
    parsed: pd.DataFrame, faulty: set[int], currencies: dict[int, str], *, header_sound: bool
) -> tuple[SheetLine, ...]:
    names = parsed.columns.tolist()
    of_invoice = [name for name in names if BY_NAME[name].level is Level.INVOICE]
    columns = [_readable(parsed[name].tolist()) for name in names]
    keys = parsed["invoice_key"].tolist() if "invoice_key" in names else [None] * len(parsed)
    lines = []
    for row, key, cells in zip(parsed.index.tolist(), keys, zip(*columns, strict=True), strict=True):
        values = dict(zip(names, cells, strict=True))
        lines.append(
            SheetLine(
                row=row,
                workspace_id=cast("int | None", values.get("workspace_id")),
                invoice_key=cast("str | None", values.get("invoice_key")),
                key_unreadable=isinstance(key, Unreadable),
                item=_item(row, values, currencies.get(row)) if header_sound and row not in faulty else None,
                amount=cast("Decimal | None", values.get("amount")),
                invoice_values={name: value for name in of_invoice if (value := values[name]) is not None},
            )
        )
    return tuple(lines)


def _readable(cells: list[object]) -> list[object]:
    """The cells of a column, None for those that cannot be read; most columns hold none of them."""
    if not any(issubclass(kind, Unreadable) for kind in set(map(type, cells))):
        return cells
    return [None if isinstance(cell, Unreadable) else cell for cell in cells]


def _item(row: int, values: dict[str, Any], currency: str | None) -> LineItem:
    return LineItem(
        row=row,
        workspace_id=values["workspace_id"],
        item_type=values["item_type"],
        item_id=values.get("item_id"),
        amount=values.get("amount"),
        notes=values.get("notes"),
        taxable=values.get("taxable"),
        story_id=values.get("story_id"),
        currency=None if values.get("amount") is None else currency,
    )
