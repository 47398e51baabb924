"""Check every row with pandera, lazily, so that all problems of a sheet show at once.

Cells are parsed first (:mod:`importer.checking.typed_cells`); what cannot be read stays in the
frame as a value of its own, so that one bad cell hides no other check. Then the
rows of each item type are validated by a schema made for that type from
:mod:`importer.model.columns`. What holds between rows of one invoice is for ``grouping``.
"""

from __future__ import annotations

import difflib
import re
from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

import pandera.pandas as pa

from importer.checking.contradictions import contradictions
from importer.checking.conventions import Conventions
from importer.checking.schemas import Fault, schema_for
from importer.checking.total_rows import disagreeing, suspected
from importer.checking.typed_cells import parse
from importer.checking.unsent_cells import UnsentCells, set_aside
from importer.model.check_only import Rule
from importer.model.columns import BY_NAME, COLUMNS, ITEM_TYPE_TITLES, NAME_OF_PROJECT, REQUIRED, Column, Kind, Level
from importer.model.invoices import ItemType
from importer.model.messages import CATALOGUE, problem
from importer.model.messages.message import fields_of
from importer.model.problems import Problem, error_rows, in_sheet_order
from importer.model.sheet import ITEM_COLUMNS, SheetLine, text_of
from importer.model.words import row_ranges
from importer.values.readings import Unreadable
from importer.values.toml_lines import alias_lines, explained

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pandas as pd

    from importer.checking.conventions import Decision
    from importer.checking.typed_cells import Parsed
    from importer.checking.unsent_cells import SetAside
    from importer.model.check_only import CheckOnly
    from importer.model.problems import Problems
    from importer.model.sheet import Sheet

_AMOUNT_WORD = re.compile(
    r"amount|price|\bfee|betrag|preis|montant|prix|importe|precio|bedrag|prijs|importo|prezzo|kwota|cena", re.IGNORECASE
)
"""Words in the headers of amounts."""
_NEEDED_BY_SOME = tuple(column for column in COLUMNS if column.required_for and column not in REQUIRED)
CSV_FAULTS = frozenset({"not_a_number", "not_a_date"})
"""Faults that come from how a country writes numbers and dates."""


def check_rows(
    sheet: Sheet,
    problems: Problems,
    *,
    send_cents: bool,
    conventions: Conventions | None = None,
    unsent: UnsentCells = UnsentCells.REFUSE,
) -> tuple[tuple[SheetLine, ...], tuple[Decision, ...]]:
    """Return every row of the sheet, typed, and how columns were read whose texts needed a convention.

    ``problems`` holds what reading has found and gets what is found here.
    ``send_cents`` allows two decimals in amounts (setting ``fractional_amounts``).
    ``unsent`` says what to do with cells beside records of Kantata's own.
    """
    typed = parse(sheet, conventions or Conventions())
    amounts = _amounts(typed.frame)
    suspects, by_chance = suspected(sheet, typed.frame, amounts)
    aside = set_aside(sheet, typed.frame, unsent)
    problems.notes.extend([*typed.notes, *aside.notes])
    checked = contradictions(sheet, typed, aside.checked)
    parsed = aside.frame
    found = [
        *checked.problems,
        *_of_what_counts(typed.problems, aside),
        *aside.problems,
        *_unreadable_aside(sheet, aside),
        *_check_types(sheet, parsed, send_cents=send_cents),
        *_repeated_rows(sheet, parsed),
        *disagreeing(sheet, amounts, suspects),
        *suspects.values(),
        *by_chance,
    ]
    lacking, absent = _lacking(sheet, parsed, problems)
    found += absent

    of_reading = problems.errors()
    of_rows = [error for error in of_reading if error.row is not None and error.row > sheet.header_row]
    unsound = error_rows(found) | error_rows(of_rows) | lacking
    if len(of_rows) < len(of_reading):  # an error in the header: then no row can be trusted
        unsound = set(parsed.index.tolist())

    wrong_totals = {fault.row or 0 for fault in found if fault.code.startswith("row.total_")}
    problems.supersede("row.total", wrong_totals)
    problems.add(explained(in_sheet_order(found)))
    return tuple(_lines(typed, aside, checked.currencies, unsound)), tuple(typed.decisions)


def _of_what_counts(found: list[Problem], aside: SetAside) -> Iterator[Problem]:
    """The problems of columns, without those that are only about cells which were set aside."""
    for fault in found:
        rows = set(fault.every_row)
        if not rows or not rows <= aside.rows.get(fault.column or "", frozenset()):
            yield fault


def _unreadable_aside(sheet: Sheet, aside: SetAside) -> Iterator[Problem]:
    """An error at each cell that is to be compared with Kantata and cannot be read."""
    for column, row, value in aside.unreadable:
        raw = sheet.raw(column.name, row)
        yield _unreadable_cell(sheet, value, column, row, None if raw is None else text_of(raw))


def _amounts(parsed: pd.DataFrame) -> dict[int, Decimal | None]:
    """The amount of each row that has one; None for one that cannot be read."""
    amounts: dict[int, Decimal | None] = {}
    if "amount" in parsed.columns:
        for row, cell in parsed["amount"].items():
            if cell is not None:
                amounts[cast("int", row)] = cell if isinstance(cell, Decimal) else None
    return amounts


# --- from failure cases to problems ------------------------------------------


def _check_types(sheet: Sheet, parsed: pd.DataFrame, *, send_cents: bool) -> Iterator[Problem]:
    """Validate the rows of each item type."""
    for item_type, rows in _by_item_type(parsed):
        columns = [name for name in parsed.columns if _matters(BY_NAME[name], item_type, rows)]
        schema = schema_for(item_type, columns, send_cents=send_cents, named=_rows_with_name(rows))
        try:
            schema.validate(rows, lazy=True)
        except pa.errors.SchemaErrors as failures:
            yield from _problems(sheet, rows, item_type, failures.failure_cases)


def _by_item_type(parsed: pd.DataFrame) -> Iterator[tuple[ItemType | None, pd.DataFrame]]:
    """The rows of each item type that occurs; None stands for those whose type cannot be read."""
    if "item_type" not in parsed.columns:
        yield None, parsed
        return
    places: dict[ItemType | None, list[int]] = {item_type: [] for item_type in (*ItemType, None)}
    for place, value in enumerate(parsed["item_type"].tolist()):
        places[value if isinstance(value, ItemType) else None].append(place)
    for item_type, of_type in places.items():
        if of_type:
            yield item_type, parsed.iloc[of_type]


def _matters(column: Column, item_type: ItemType | None, rows: pd.DataFrame) -> bool:
    """Leave out columns that are empty and may be: most sheets use few of them."""
    required = item_type in column.required_for or column in REQUIRED
    return required or bool(rows[column.name].notna().any())


def _rows_with_name(rows: pd.DataFrame) -> frozenset[int]:
    """Rows that name their project, so that they need no number."""
    if NAME_OF_PROJECT not in rows.columns:
        return frozenset()
    return frozenset(rows.index[rows[NAME_OF_PROJECT].notna()].tolist())


def _problems(
    sheet: Sheet, rows: pd.DataFrame, item_type: ItemType | None, failure_cases: pd.DataFrame
) -> Iterator[Problem]:
    twins: dict[object, list[int]] = {}
    if (failure_cases["check"] == "*.duplicate").any():
        twins = _twins(rows)
    found = zip(failure_cases["column"], failure_cases["check"], failure_cases["index"], strict=True)
    for name, fault, row in found:
        yield _problem(sheet, rows.at[row, name], item_type, BY_NAME[str(name)], str(fault), int(row), twins)


def _twins(rows: pd.DataFrame) -> dict[object, list[int]]:
    """Rows by the id of the item that they bill."""
    twins: dict[object, list[int]] = defaultdict(list)
    for row, value in zip(rows.index, rows["item_id"], strict=True):
        if isinstance(value, int):
            twins[value].append(int(row))
    return twins


def _problem(  # noqa: PLR0913, PLR0917 - one argument per fact
    sheet: Sheet,
    value: object,
    item_type: ItemType | None,
    column: Column,
    fault: Fault,
    row: int,
    twins: dict[object, list[int]],
) -> Problem:
    """What a schema found in a cell; ``value`` is what was read of it."""
    raw = sheet.raw(column.name, row)
    shown = None if raw is None else text_of(raw)
    if isinstance(value, Unreadable) and fault == "*.unreadable":
        return _unreadable_cell(sheet, value, column, row, shown)

    kind = ITEM_TYPE_TITLES[item_type].lower() if item_type else "row"
    others = [sheet.address(column.name, other) or "" for other in twins.get(value, []) if other != row]
    if fault == "*.missing" and column.required_for == frozenset(ItemType):
        fault = "*.missing:always"
    facts = {
        "title": column.title,
        "noun": column.title.lower(),
        "kind": kind,
        "Kind": kind.capitalize(),
        "meaning": column.meaning,
        "shown": shown or "",
        "others": ", ".join(others),
    }
    needed: dict[str, Any] = {name: facts[name] for name in fields_of(CATALOGUE[fault])}
    return sheet.problem_at(column.name, row, fault, shown, **needed)


def _unreadable_cell(
    sheet: Sheet, value: Unreadable, column: Column | CheckOnly, row: int, shown: str | None
) -> Problem:
    """A cell that cannot be taken as what its column means."""
    stop = "" if value.message.endswith("?") else "."
    message, hint = f"{column.title}: “{shown}” {value.message}{stop}", value.hint
    is_typed = isinstance(column, Column) and column.kind in (Kind.AMOUNT, Kind.DATE)
    if is_typed and value.fault in CSV_FAULTS and sheet.path.suffix.lower() == ".csv":
        hint += " Or save the file as .xlsx, where numbers and dates cannot be misread."
    address = sheet.address(column.name, row)
    return Problem(f"{column.name}.{value.fault}", message, hint, sheet.name, address, row, column.name, shown)


# --- columns and rows as a whole ----------------------------------------------


def _absent_columns(parsed: pd.DataFrame) -> Iterator[tuple[Column, list[str], set[int]]]:
    """The columns that the sheet lacks although rows need them, with the types and numbers of these rows."""
    absent = [column for column in _NEEDED_BY_SOME if column.name not in parsed.columns]
    by_type = list(_by_item_type(parsed)) if absent else []
    for column in absent:
        rows: set[int] = set()
        kinds = []
        for item_type, rows_of_type in by_type:
            if item_type is not None and item_type in column.required_for:
                rows.update(rows_of_type.index.tolist())
                kinds.append(ITEM_TYPE_TITLES[item_type])
        if rows:
            yield column, kinds, rows


def _lacking(sheet: Sheet, parsed: pd.DataFrame, problems: Problems) -> tuple[set[int], list[Problem]]:
    """The rows that need a column which the sheet does not have, and an error for each such column."""
    misspelt = {fault.meant for fault in problems.with_code("column.near_miss")}
    lacking: set[int] = set()
    found = []
    for column, kinds, rows in _absent_columns(parsed):
        lacking |= rows
        if column.name not in misspelt:  # else an error asks already whether a header was meant for it
            found.append(_absent(sheet, column, kinds, rows))
    return lacking, found


def _absent(sheet: Sheet, column: Column, kinds: list[str], rows: set[int]) -> Problem:
    place: dict[str, Any] = {"sheet": sheet.name, "row": sheet.header_row, "column": column.name}
    facts: dict[str, Any] = {
        "header_row": sheet.header_row,
        "kinds": " and ".join(kinds),
        "rows_named": row_ranges(sorted(rows)),
    }
    if column.name == "amount":
        near, instead = _perhaps_the_amount(sheet)
        if near and instead:
            return problem("column.missing:amount", **place, **facts, near=near, instead=instead)
        if near:
            return problem("column.missing:unit", **place, **facts, near=near)

    near = _nearest_unknown(sheet, column)
    nearest = f" The nearest header is “{near}”." if near else ""
    facts |= {"title": column.title, "name": column.name, "meaning": column.meaning, "nearest": nearest}
    return problem("column.missing:rows", **place, **facts)


def _nearest_unknown(sheet: Sheet, column: Column) -> str | None:
    """The header most like the title of a column, of those that mean nothing, or that is a word of it, such as “ID”."""
    checked = {column.header.text for column in sheet.checked}
    unknown = [header.text for header in sheet.headers if header.column is None and header.text not in checked]
    words = column.title.casefold().split()
    near = difflib.get_close_matches(column.title, unknown, n=1, cutoff=0.6)
    near += [text for text in unknown if text.strip().casefold() in words]
    return near[0] if near else None


def _perhaps_the_amount(sheet: Sheet) -> tuple[str | None, str | None]:
    """The header that may hold the amounts, and the lines that say so; no lines for the price of one unit."""
    by_rule = {checked.column.rule: checked for checked in reversed(sheet.checked)}
    for rule in (Rule.TOTAL, Rule.NET, Rule.GROSS, Rule.DEBIT):
        if rule in by_rule:
            return by_rule[rule].header.text, by_rule[rule].instead
    if Rule.RATE in by_rule:
        return by_rule[Rule.RATE].header.text, None
    for header in sheet.headers:
        if header.column is None and _AMOUNT_WORD.search(header.text):
            return header.text, alias_lines("amount", header.text, {})
    return None, None


def _repeated_rows(sheet: Sheet, parsed: pd.DataFrame) -> Iterator[Problem]:
    """Warn of priced rows that say exactly the same as an earlier one: often a slip of copy and paste."""
    if not {"item_type", "amount"} <= set(parsed.columns):
        return
    priced = parsed[parsed["amount"].notna()]
    if priced.duplicated().any():  # what cannot be read says nothing of being the same
        unread = priced.map(lambda cell: isinstance(cell, Unreadable)).any(axis=1)
        priced = priced[~unread]
    twins = priced[priced.duplicated(keep=False)]
    first_rows: dict[tuple[object, ...], int] = {}
    for row, *values in twins.itertuples(name=None):
        first = first_rows.setdefault(tuple(values), row)
        if first != row:
            yield problem("row.repeated", sheet=sheet.name, row=row, number=row, first=first)


# --- from the frame to records -----------------------------------------------


def _lines(typed: Parsed, aside: SetAside, currencies: Mapping[int, str], unsound: set[int]) -> Iterator[SheetLine]:
    """The rows as lines; ``currencies`` stand in a column of their own."""
    parsed = aside.frame
    names = parsed.columns.tolist()
    of_items = _records(parsed, [name for name in names if name in ITEM_COLUMNS])
    of_invoices = _records(parsed, [name for name in names if BY_NAME[name].level is Level.INVOICE])
    projects = _records(parsed, [name for name in names if name in ("workspace_id", "workspace", "invoice_key")])
    unreadable_ids = _unreadable(parsed, "workspace_id")
    unreadable_keys = _unreadable(parsed, "invoice_key")
    nothing: Mapping[str, Decimal] = {}
    rows = zip(parsed.index.tolist(), projects, of_items, of_invoices, strict=True)
    for row, project, item_values, invoice_values in rows:
        # A name beside a number that cannot be read proves nothing: the number may mean another project.
        name = None if row in unreadable_ids else project.get(NAME_OF_PROJECT, typed.titles.get(row))
        has_amount = "amount" in item_values or "amount" in aside.compared.get(row, ())
        yield SheetLine(
            row=row,
            workspace_id=cast("int | None", project.get("workspace_id")),
            invoice_key=cast("str | None", project.get("invoice_key")),
            key_unreadable=row in unreadable_keys,
            sound=row not in unsound,
            item_values=item_values,
            invoice_values=invoice_values,
            workspace_name=cast("str | None", name),
            currency=currencies.get(row, typed.currencies.get(row) if has_amount else None),
            compared=aside.compared.get(row, nothing),
        )


def _records(parsed: pd.DataFrame, names: list[str]) -> Iterator[dict[str, object]]:
    """Per row the readable, filled cells of some columns."""
    columns = [_readable(parsed[name].tolist()) for name in names]
    if not columns:
        for _ in range(len(parsed)):
            yield {}
    before, record = None, dict[str, object]()
    for cells in zip(*columns, strict=True):
        if cells != before:  # else it says what the row above says
            before, record = cells, {name: cell for name, cell in zip(names, cells, strict=True) if cell is not None}
        yield record


def _readable(cells: list[object]) -> list[object]:
    """The cells of a column, None for those that cannot be read; most columns hold none of them."""
    if not any(issubclass(kind, Unreadable) for kind in set(map(type, cells))):
        return cells
    return [None if isinstance(cell, Unreadable) else cell for cell in cells]


def _unreadable(parsed: pd.DataFrame, name: str) -> frozenset[int]:
    """Rows whose cell in a column cannot be read."""
    if name not in parsed.columns:
        return frozenset()
    found = parsed[name].map(lambda cell: isinstance(cell, Unreadable)).astype(bool)
    return frozenset(parsed.index[found].tolist())
