"""Turn the raw cells of a sheet into typed ones, column by column; judges no row."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from types import NoneType
from typing import TYPE_CHECKING

import pandas as pd

from importer.checking.column_problems import (
    TypedColumn,
    decision_of,
    doubt_of,
    doubtful_text,
    long_terms,
    swapped_problem,
    unlikely_years,
)
from importer.checking.conventions import Conventions, decide, without_thirds
from importer.checking.written_ids import contradicted_titles, note_of_titles, read_written_ids
from importer.model.columns import BY_NAME, NAME_OF_PROJECT, Kind
from importer.model.headers import currency_of_header
from importer.model.sheet import CellFault, Sheet
from importer.values import amounts as typed_amounts
from importer.values import dates as typed_dates
from importer.values.amounts import same_currency
from importer.values.cells import parser_of
from importer.values.keys import key_of
from importer.values.readings import Typed, Undecided, Unreadable
from importer.values.texts import doubtful_part

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from importer.checking.conventions import ColumnReading, Decision
    from importer.model.columns import Column
    from importer.model.problems import Problem

KEY = "invoice_key"
MIDDLE = 12
"""Days up to it can be taken for months."""
FIRST_LIKELY_YEAR = 2000
YEARS_AHEAD = 1
"""Years from today; later dates are unlikely."""
_NOT_READ_BY_CLIENTS = frozenset({NAME_OF_PROJECT, KEY})
"""Columns of texts that are not sent."""
LONG_TERM = 365
"""Days; a longer payment term is probably a slip."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """The typed cells of a sheet."""

    frame: pd.DataFrame
    """Like the sheet's frame; cells that cannot be read are Unreadable."""
    currencies: dict[int, str] = field(default_factory=dict)
    """Row → code or mark that stands beside its amount."""
    problems: list[Problem] = field(default_factory=list)
    """What is wrong with columns as a whole."""
    decisions: list[Decision] = field(default_factory=list)
    """How columns were read whose texts needed a convention."""
    titles: dict[int, str] = field(default_factory=dict)
    """Row → title that stands behind the id of its project."""
    notes: list[str] = field(default_factory=list)
    """How other cells were read, where that was a decision; whole sentences."""


def parse(sheet: Sheet, conventions: Conventions) -> Parsed:
    """Parse every cell by its column's kind; equal cells are parsed once."""
    parsed = Parsed(pd.DataFrame(index=sheet.frame.index))
    columns: dict[str, list[object]] = {}
    for name in sheet.frame.columns:
        column, cells = BY_NAME[name], sheet.frame[name].tolist()
        columns[name] = _parse_any(sheet, column, cells, conventions, parsed)
        if column.kind in (Kind.DATE, Kind.DAYS):
            parsed.problems.extend(_unlikely(sheet, column, cells, columns[name], conventions.today))
        elif column.kind is Kind.TEXT and name not in _NOT_READ_BY_CLIENTS:
            parsed.problems.extend(_doubtful(sheet, column, columns[name]))

    parsed.titles.update(read_written_ids(sheet, columns))
    parsed.notes.extend(note_of_titles(sheet, parsed.titles))
    parsed.problems.extend(contradicted_titles(sheet, columns, parsed.titles))
    if NAME_OF_PROJECT in columns:  # a name may stand for the number
        columns.setdefault("workspace_id", [None] * len(sheet.frame))
    if "amount" in columns:
        _use_currency_of_format(sheet, columns["amount"], parsed)
        _use_currency_of_header(sheet, columns["amount"], parsed)

    frame = pd.DataFrame(columns, index=sheet.frame.index, dtype=object)
    return replace(parsed, frame=frame)


def _parse_any(
    sheet: Sheet, column: Column, cells: list[object], conventions: Conventions, parsed: Parsed
) -> list[object]:
    """Parse a column; texts in a column of amounts or dates need a convention."""
    typed_by_people = column.kind in (Kind.AMOUNT, Kind.DATE) and str in set(map(type, cells))
    if typed_by_people:
        return _typed_column(sheet, column, cells, conventions, parsed)
    values = _parse_column(cells, parser_of(column.kind))
    if column.name == KEY:
        return [key_of(value) or None if isinstance(value, str) else value for value in values]
    return values


def _use_currency_of_format(sheet: Sheet, amounts: list[object], parsed: Parsed) -> None:
    """The number format “[$€] 0.00” of an amount says its currency, unless a mark is typed beside it."""
    for row, amount in zip(sheet.frame.index.tolist(), amounts, strict=True):
        if isinstance(amount, Decimal) and row in sheet.currencies:
            parsed.currencies.setdefault(row, sheet.currencies[row])


def _use_currency_of_header(sheet: Sheet, amounts: list[object], parsed: Parsed) -> None:
    """“Amount (EUR)” speaks for all its cells; one that says another currency is an error."""
    currency = currency_of_header(sheet.title("amount"))
    if currency is None:
        return
    for row, amount in zip(sheet.frame.index.tolist(), amounts, strict=True):
        if not isinstance(amount, Decimal):
            continue
        mark = parsed.currencies.setdefault(row, currency)
        if not same_currency(mark, currency):
            key, header = "amount.currency_conflict:header", sheet.title("amount")
            parsed.problems.append(sheet.problem_at("amount", row, key, mark=mark, header=header))


def _parse_column(cells: list[object], parse_cell: Callable[[object], object]) -> list[object]:
    # The type belongs to the key, since True == 1 == 1.0; a column of one type needs no such key.
    if len(set(map(type, cells)) - {NoneType}) <= 1:
        parsed = {cell: _parsed(cell, parse_cell) for cell in set(cells)}
        return list(map(parsed.__getitem__, cells))
    by_type: dict[tuple[type, object], object] = {}
    for cell in cells:
        key = (type(cell), cell)
        if key not in by_type:
            by_type[key] = _parsed(cell, parse_cell)
    return [by_type[type(cell), cell] for cell in cells]


def _parsed(cell: object, parse_cell: Callable[[object], object]) -> object:
    if cell is None:
        return None
    if isinstance(cell, CellFault):
        return Unreadable(cell.code, cell.message, cell.hint)
    return parse_cell(cell)


# --- columns in which people type amounts or dates ---------------------------


def _typed_column(
    sheet: Sheet, column: Column, cells: list[object], conventions: Conventions, parsed: Parsed
) -> list[object]:
    """Read a column with texts, the way of writing decided for all of them at once."""
    texts = [cell for cell in dict.fromkeys(cells) if isinstance(cell, str)]
    read, typed, verdict = _read_texts(column, texts, conventions)
    setting_name, setting = "date_order", conventions.date_order
    if column.kind is Kind.AMOUNT:
        setting_name, setting = "decimal_mark", conventions.decimal_mark

    rows = sheet.frame.index.tolist()
    places: list[tuple[int, str]] = []
    for row, cell in zip(rows, cells, strict=True):
        if isinstance(cell, str) and cell in typed:
            places.append((row, cell))
            if mark := typed[cell].currency:
                parsed.currencies[row] = mark

    values = {**read, **verdict.read}
    parse_cell = parser_of(column.kind)
    result = _parse_column(cells, lambda raw: values[raw] if isinstance(raw, str) else parse_cell(raw))
    found = TypedColumn(sheet, column, setting_name, setting, typed, verdict, places)
    problem = doubt_of(found) or _swapped(found, rows, cells)
    if problem is not None:
        parsed.problems.append(problem)
        return _undecided(result, rows, cells, problem)
    decision = decision_of(found)
    if decision is not None:
        parsed.decisions.append(decision)
    return result


def _read_texts(
    column: Column, texts: list[str], conventions: Conventions
) -> tuple[dict[str, Typed | Unreadable], dict[str, Typed], ColumnReading]:
    """What each text is, those that are an amount or date in some way, and what was decided of these."""
    read: dict[str, Typed | Unreadable] = {}
    for text in texts:
        if column.kind is Kind.AMOUNT:
            read[text] = typed_amounts.typed_amount(text)
        else:
            read[text] = typed_dates.typed_date(text, conventions.today)
    typed = {text: value for text, value in read.items() if isinstance(value, Typed)}
    if column.kind is Kind.AMOUNT:
        verdict = without_thirds(decide(typed, conventions.decimal_mark, typed_amounts.WAYS), typed)
    else:
        verdict = decide(typed, conventions.date_order, typed_dates.WAYS)
    return read, typed, verdict


def _undecided(values: list[object], rows: list[int], cells: list[object], problem: Problem) -> list[object]:
    """The typed cells of a column, without those that its one problem is about."""
    concerned = set(problem.rows)
    kept: list[object] = []
    for row, cell, value in zip(rows, cells, values, strict=True):
        kept.append(Undecided("", "", "", cell) if row in concerned else value)
    return kept


def _swapped(column: TypedColumn, rows: list[int], cells: list[object]) -> Problem | None:
    """The trap of a text file that was opened in another country's Excel, which swaps what it can."""
    if column.column.kind is not Kind.DATE:
        return None
    one_way = {column.typed[text].likely for text in column.bound}
    if one_way not in ({frozenset({typed_dates.DMY})}, {frozenset({typed_dates.MDY})}):
        return None
    filled = [(row, cell) for row, cell in zip(rows, cells, strict=True) if isinstance(cell, date)]
    if any(day.day > MIDDLE for _, day in filled) or all(day.day == day.month for _, day in filled):
        return None
    return swapped_problem(column, filled)


# --- what can be read, but is probably a slip --------------------------------


def _unlikely(sheet: Sheet, column: Column, cells: list[object], values: list[object], today: date) -> list[Problem]:
    """One warning per column."""
    odd: set[object]
    if column.kind is Kind.DATE:
        say = unlikely_years
        odd = {day for day in set(values) if isinstance(day, date) and _is_unlikely(day, today)}
    else:
        say = long_terms
        odd = {days for days in set(values) if isinstance(days, int) and days > LONG_TERM}
    if not odd:
        return []
    found = []
    for row, cell, value in zip(sheet.frame.index.tolist(), cells, values, strict=True):
        if value in odd:
            found.append((row, cell, value))
    return [say(sheet, column, [(row, cell) for row, cell, _ in found], found[0][2])]


def _doubtful(sheet: Sheet, column: Column, values: list[object]) -> Iterator[Problem]:
    """One warning per text."""
    found = {text: part for text in dict.fromkeys(values) if isinstance(text, str) and (part := doubtful_part(text))}
    if not found:
        return
    rows: dict[str, list[tuple[int, object]]] = {text: [] for text in found}
    for row, value in zip(sheet.frame.index.tolist(), values, strict=True):
        if isinstance(value, str) and value in rows:
            rows[value].append((row, value))
    for text, part in found.items():
        yield doubtful_text(sheet, column, rows[text], part)


def _is_unlikely(day: date, today: date) -> bool:
    """Long past, or more than a year ahead."""
    last = (today.year + YEARS_AHEAD, today.month, today.day)
    return day.year < FIRST_LIKELY_YEAR or (day.year, day.month, day.day) > last
