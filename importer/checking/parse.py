"""Turn the raw cells of a sheet into typed ones, column by column; judges no row."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from types import NoneType
from typing import TYPE_CHECKING

import pandas as pd

from importer.checking.column_problems import (
    TypedColumn,
    decision_of,
    doubt_of,
    long_terms,
    swapped_problem,
    unlikely_years,
)
from importer.checking.conventions import Conventions, decide, without_thirds
from importer.model.columns import BY_NAME, Kind
from importer.model.headers import currency_of_header
from importer.model.problems import Problem
from importer.model.sheet import CellFault, Sheet
from importer.values import amounts as typed_amounts
from importer.values import dates as typed_dates
from importer.values.amounts import same_currency
from importer.values.cells import parser_of
from importer.values.readings import Typed, Undecided, Unreadable

if TYPE_CHECKING:
    from collections.abc import Callable

    from importer.checking.conventions import Decision
    from importer.model.columns import Column

MIDDLE = 12
"""Days up to it can be taken for months."""
FIRST_LIKELY_YEAR = 2000
YEARS_AHEAD = 1
"""Years from today; later dates are unlikely."""
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


def parse(sheet: Sheet, conventions: Conventions) -> Parsed:
    """Parse every cell by its column's kind; equal cells are parsed once."""
    parsed = Parsed(pd.DataFrame(index=sheet.frame.index))
    columns = {}
    for name in sheet.frame.columns:
        column, cells = BY_NAME[name], sheet.frame[name].tolist()
        if column.kind in (Kind.AMOUNT, Kind.DATE) and any(type(cell) is str for cell in cells):
            values = _typed_column(sheet, column, cells, conventions, parsed)
        else:
            values = _parse_column(cells, parser_of(column.kind))
        columns[name] = values
        if column.kind in (Kind.DATE, Kind.DAYS):
            parsed.problems.extend(_unlikely(sheet, column, cells, values, conventions.today))
    frame = pd.DataFrame(columns, index=sheet.frame.index, dtype=object)
    if "amount" in columns:
        for row, amount in zip(sheet.frame.index.tolist(), columns["amount"], strict=True):
            if isinstance(amount, Decimal) and row in sheet.currencies:
                parsed.currencies.setdefault(row, sheet.currencies[row])
        _use_currency_of_header(sheet, columns["amount"], parsed)
    return Parsed(frame, parsed.currencies, parsed.problems, parsed.decisions)


def _use_currency_of_header(sheet: Sheet, amounts: list[object], parsed: Parsed) -> None:
    """“Amount (EUR)” speaks for all its cells; one that says another currency is an error."""
    currency = currency_of_header(sheet.title("amount"))
    if currency is None:
        return
    for row, amount in zip(sheet.frame.index.tolist(), amounts, strict=True):
        mark = parsed.currencies.setdefault(row, currency) if isinstance(amount, Decimal) else currency
        if not same_currency(mark, currency):
            parsed.problems.append(
                Problem(
                    "amount.currency_conflict",
                    f"The amount is in {mark}, but its column is headed “{sheet.title('amount')}”.",
                    "Correct the amount or the header.",
                    sheet=sheet.name,
                    cell=sheet.address("amount", row),
                    row=row,
                    column="amount",
                )
            )


def _parse_column(cells: list[object], parse_cell: Callable[[object], object]) -> list[object]:
    # The type belongs to the key, since True == 1 == 1.0; a column of one type needs no such key.
    if len(set(map(type, cells)) - {NoneType}) <= 1:
        parsed = {cell: _parsed(cell, parse_cell) for cell in set(cells)}
        return list(map(parsed.__getitem__, cells))
    by_type = {(kind, cell): _parsed(cell, parse_cell) for kind, cell in {(type(cell), cell) for cell in cells}}
    return [by_type[type(cell), cell] for cell in cells]


def _parsed(cell: object, parse_cell: Callable[[object], object]) -> object:
    if cell is None:
        return None
    return Unreadable(cell.code, cell.message, cell.hint) if isinstance(cell, CellFault) else parse_cell(cell)


# --- columns in which people type amounts or dates ---------------------------


def _typed_column(
    sheet: Sheet, column: Column, cells: list[object], conventions: Conventions, parsed: Parsed
) -> list[object]:
    """Read a column with texts, the way of writing decided for all of them at once."""
    amounts = column.kind is Kind.AMOUNT
    name, setting, ways = (
        ("decimal_mark", conventions.decimal_mark, typed_amounts.WAYS)
        if amounts
        else ("date_order", conventions.date_order, typed_dates.WAYS)
    )
    texts = dict.fromkeys(cell for cell in cells if isinstance(cell, str))
    read = {
        text: typed_amounts.typed_amount(text) if amounts else typed_dates.typed_date(text, conventions.today)
        for text in texts
    }
    typed = {text: one for text, one in read.items() if isinstance(one, Typed)}
    verdict = decide(typed, setting, ways)
    verdict = without_thirds(verdict, typed) if amounts else verdict
    rows = sheet.frame.index.tolist()
    places = [(row, cell) for row, cell in zip(rows, cells, strict=True) if isinstance(cell, str) and cell in typed]
    found = TypedColumn(sheet, column, name, setting, typed, verdict, places)
    values = {**read, **verdict.read}
    parse_cell = parser_of(column.kind)
    result = _parse_column(cells, lambda raw: values[raw] if isinstance(raw, str) else parse_cell(raw))
    marks = {text: one.currency for text, one in typed.items() if one.currency}
    parsed.currencies.update({row: marks[text] for row, text in places if text in marks} if marks else {})
    if (problem := doubt_of(found)) is not None:
        parsed.problems.append(problem)
    elif not amounts and (problem := _swapped(found, rows, cells)) is not None:
        parsed.problems.append(problem)
        concerned = set(problem.rows)
        return [Undecided("", "", "", c) if r in concerned else v for r, c, v in zip(rows, cells, result, strict=True)]
    elif (decision := decision_of(found)) is not None:
        parsed.decisions.append(decision)
    return result


def _swapped(column: TypedColumn, rows: list[int], cells: list[object]) -> Problem | None:
    """The trap of a text file that was opened in another country's Excel, which swaps what it can."""
    numeric = column.bound
    one_way = {column.typed[text].likely for text in numeric}
    if one_way not in ({frozenset({typed_dates.DMY})}, {frozenset({typed_dates.MDY})}):
        return None
    dates = [(row, cell) for row, cell in zip(rows, cells, strict=True) if isinstance(cell, date)]
    if any(day.day > MIDDLE for _, day in dates) or all(day.day == day.month for _, day in dates):
        return None
    return swapped_problem(column, dates)


# --- what can be read, but is probably a slip --------------------------------


def _unlikely(sheet: Sheet, column: Column, cells: list[object], values: list[object], today: date) -> list[Problem]:
    """One warning per column."""
    odd: set[object]
    if column.kind is Kind.DATE:
        last = (today.year + YEARS_AHEAD, today.month, today.day)
        odd = {
            day
            for day in set(values)
            if isinstance(day, date) and (day.year < FIRST_LIKELY_YEAR or (day.year, day.month, day.day) > last)
        }
    else:
        odd = {days for days in set(values) if isinstance(days, int) and days > LONG_TERM}
    if not odd:
        return []
    rows = sheet.frame.index.tolist()
    found = [(row, cell, value) for row, cell, value in zip(rows, cells, values, strict=True) if value in odd]
    say = unlikely_years if column.kind is Kind.DATE else long_terms
    return [say(sheet, column, [(row, cell) for row, cell, _ in found], found[0][2])]
