"""What number formats make of values: the value that a person sees is billed, or the cell is refused.

Amounts, ids and dates must show what they hold; a column of texts takes what is shown.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, TypeGuard

from importer.model.columns import BY_NAME, Column, Kind
from importer.model.messages import CATALOGUE, problem
from importer.model.problems import cell_address, column_letter
from importer.model.sheet import text_of
from importer.reading.formats.grid import cell_fault
from importer.values.amounts import currency_of, typed_amount
from importer.values.number_format import UnreadableFormat, decimals_rounded, parsed, parts_of_date, shown
from importer.values.readings import Typed, number_of
from importer.values.shown_numbers import (
    Difference,
    Words,
    decimals_shown,
    difference,
    is_rough,
    is_same_for_sign,
    is_shown_roughly,
    stray_letter,
    text_shown,
)

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping

    from importer.model.problems import Problem
    from importer.model.sheet import Cell, CellFault, RawRow
    from importer.reading.formats.grid import Grid
    from importer.reading.header_row import HeaderRow

WITH_LETTER = "*.shown_with_letter"
MOST_RANGES = 8
"""Ranges of cells named in one message."""
_CURRENCY = re.compile(r'\[\$([^\]-]+)(?:-[^\]]*)?\]|"([^"]*)"|([€£$¥])')
_PARTS_OF_DATE = frozenset("ymd")


@dataclass(slots=True)
class ShownValues:
    """What the number formats of a sheet change."""

    changes: dict[int, dict[int, Cell]] = field(default_factory=dict)
    """Row number → column counted from 0 → the value that is shown, or why the cell is refused."""
    currencies: dict[int, str] = field(default_factory=dict)
    """Row number → currency that the number format of its amount shows."""
    problems: list[Problem] = field(default_factory=list)
    """Cells that show less than they hold; warnings."""


@dataclass(frozen=True, slots=True)
class _Less:
    """Cells of one column that show less than they hold."""

    key: str
    """What is said of them."""
    shown: str
    """What the first of them shows."""
    stored: str
    """What the first of them holds."""
    rows: list[int]


def shown_values(grid: Grid, start: HeaderRow, lines: list[RawRow]) -> ShownValues:
    """Judge the cells of known columns by their number formats."""
    columns = {position: BY_NAME[name] for position, name in start.names.items()}
    found = ShownValues()
    less: dict[int, _Less] = {}
    numbers = [row.number for row in lines]
    for code, runs in grid.look.formats.items():
        for position, first, last in runs:
            if position in columns:
                rows = lines[bisect_left(numbers, first) : bisect_right(numbers, last)]
                _judge_cells(Judge(code, columns[position].kind), position, rows, found, less)
    _judge_texts(grid, columns, lines, found)
    for position, cells_with_less in sorted(less.items()):
        found.problems.append(_less_problem(grid, columns[position], position, cells_with_less))
    return found


def _judge_cells(judge: Judge, position: int, rows: list[RawRow], found: ShownValues, less: dict[int, _Less]) -> None:
    """Judge cells of one column that have the same number format; equal values are judged once."""
    values = [_value_with_format(row, position) for row in rows]
    distinct = set(values) - {None, ""}
    others = judge.shown_instead(distinct)
    for number, value in _with_value_in(others, rows, values):
        found.changes.setdefault(number, {})[position] = others[value]

    with_less = {value for value in distinct - others.keys() if judge.shows_less(value)}
    for number, value in _with_value_in(with_less, rows, values):
        less.setdefault(position, _Less(judge.less, judge.text(value), stored_text(value), [])).rows.append(number)

    if judge.currency is not None:
        for row, value in zip(rows, values, strict=True):
            if value not in others and _is_number(value):
                found.currencies[row.number] = judge.currency


def _value_with_format(row: RawRow, position: int) -> Cell:
    """The value of a cell; None also for yes or no, which no number format changes."""
    if position >= len(row.cells):
        return None
    value = row.cells[position]
    return None if type(value) is bool else value


def _with_value_in(chosen: Container[Cell], rows: list[RawRow], values: list[Cell]) -> Iterator[tuple[int, Cell]]:
    """Row number and value of the cells with one of these values."""
    if chosen:
        for row, value in zip(rows, values, strict=True):
            if value in chosen:
                yield row.number, value


def _is_number(value: Cell) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def stored_text(value: Cell) -> str:
    """What a cell holds, for a person."""
    if isinstance(value, date):
        return value.isoformat()[:10]
    number = number_of(value)
    return text_of(value) if number is None else f"{number:f}"


class Judge:
    """Judges values of one number format in a column of one kind; what holds for all of a sign is judged once."""

    def __init__(self, code: str, kind: Kind) -> None:
        self._code, self._kind = code, kind
        self._words = Words.CURRENCY if kind is Kind.AMOUNT else Words.ANY
        self._is_text = kind not in _NUMBERS
        self.currency = _currency_in(code) if kind is Kind.AMOUNT else None
        """The currency that an amount shows."""
        self._by_sign: dict[int, Difference | None] | None = {} if is_same_for_sign(code) else None
        self._decimals: dict[int, int | None] = {}
        self._is_rough = is_rough(code)
        self.less = WITH_LETTER if kind is Kind.AMOUNT and stray_letter(code) else "*.shown_rounded"
        """What is said of values that show less, or more, than they hold."""
        if kind is Kind.DATE:
            self.less = "*.shown_in_part"
        self._lacks_parts = kind is Kind.DATE and not parts_of_date(code) >= _PARTS_OF_DATE

    def text(self, value: Cell) -> str:
        """What is shown of a value, for a person."""
        try:
            return shown(self._code, value).strip()
        except UnreadableFormat:
            return text_of(value)

    def shown_instead(self, values: Iterable[Cell]) -> dict[Cell, Cell]:
        """Value → the text that is shown in its place, or why it is refused; without those that stay."""
        found: dict[Cell, Cell] = {}
        for value in values:
            if isinstance(value, float | int):
                other = self._of_number(value)
            elif isinstance(value, str):
                other = self._of_text(value)
            else:
                continue
            if other is not None:
                found[value] = other
        return found

    def shows_less(self, value: Cell) -> bool:
        """Tell whether an amount is rounded or shows a stray letter, or a date lacks its day, month or year."""
        if self._kind is Kind.DATE:
            return self._lacks_parts and isinstance(value, date)
        if self._kind is not Kind.AMOUNT or not _is_number(value):
            return False
        if self._is_rough:
            return is_shown_roughly(self._code, number_of(value) or Decimal(0))
        return self.less == WITH_LETTER or (isinstance(value, float) and self._is_rounded(value))

    def _is_rounded(self, value: float) -> bool:
        sign = (value > 0) - (value < 0)
        if self._by_sign is None or sign not in self._decimals:
            self._decimals[sign] = decimals_shown(self._code, number_of(value) or Decimal(0))
        decimals = self._decimals[sign]
        return decimals is not None and round(value, decimals) != value and decimals_rounded(value, decimals)

    def _of_number(self, value: float) -> Cell:
        if self._is_text:
            return self._of_number_in_text(value)
        if self._by_sign is None:
            found = difference(self._code, number_of(value) or Decimal(0), self._words)
        else:
            sign = (value > 0) - (value < 0)
            if sign not in self._by_sign:
                self._by_sign[sign] = difference(self._code, number_of(value) or Decimal(0), self._words)
            found = self._by_sign[sign]
        return None if found is None else _fault(found, self.text(value), stored_text(value))

    def _of_text(self, value: str) -> Cell:
        """A text is shown by the section for texts, which may hide it or add to it."""
        try:
            if parsed(self._code).text is None:
                return None
            text = shown(self._code, value)
        except UnreadableFormat:
            return None
        if text.strip() == value.strip():
            return None
        if not text.strip():
            return _fault(Difference.HIDDEN, value, value)
        return text.strip() if self._is_text else _fault(Difference.OTHER, text.strip(), value)

    def _of_number_in_text(self, value: Cell) -> Cell:
        number = number_of(value)
        if number is None:
            return None
        text = text_shown(self._code, number)
        if isinstance(text, Difference):
            return _fault(text, self.text(value), stored_text(value))
        return text


_NUMBERS = {Kind.AMOUNT, Kind.IDENTIFIER, Kind.DATE}
"""Columns whose cells must hold what they show; the others take what is shown."""


_MESSAGES = {
    Difference.PERCENTAGE: "*.percentage",
    Difference.HIDDEN: "*.not_shown",
    Difference.SCALED: "*.in_thousands",
    Difference.SIGN: "*.shown_otherwise:sign",
    Difference.GROUPED: "*.shown_otherwise:groups",
    Difference.OTHER: "*.shown_otherwise",
    Difference.MOMENT: "*.shown_otherwise",
    Difference.UNCLEAR: "*.shown_otherwise:unclear",
}
_STORED_ALONE = {Difference.SCALED, Difference.UNCLEAR}
"""Where the value that is stored says more than what is shown."""


def _fault(found: Difference, text: str, stored: str) -> CellFault:
    """Why a cell is refused."""
    key = _MESSAGES[found]
    if found in _STORED_ALONE or not text:
        text = stored
    if "{stored}" in CATALOGUE[key].what:
        return cell_fault(text, key, stored=stored)
    return cell_fault(text, key)


def _judge_texts(grid: Grid, columns: Mapping[int, Column], lines: list[RawRow], found: ShownValues) -> None:
    """Judge the cells of which the file says what they show."""
    if not grid.look.texts:
        return
    by_number = {row.number: row for row in lines}
    for (number, position), text in grid.look.texts.items():
        if number in by_number and position in columns:
            _judge_text(columns[position], position, by_number[number], text, found)


def _judge_text(column: Column, position: int, row: RawRow, text: str, found: ShownValues) -> None:
    """Judge a cell by the text that its file stores beside the number, in the marks of any country."""
    value = row.cell(position)
    typed = typed_amount(text) if column.kind is Kind.AMOUNT else None
    if isinstance(typed, Typed) and typed.currency is not None:
        found.currencies[row.number] = typed.currency
    other = _shown_instead(column.kind, value, text)
    if other is not None:
        found.changes.setdefault(row.number, {})[position] = other


def _shown_instead(kind: Kind, value: Cell, text: str) -> Cell:
    if not text:
        return _fault(Difference.HIDDEN, text, stored_text(value))
    if text in {"TRUE", "FALSE"} and value in {0, 1}:
        return value == 1
    if kind not in _NUMBERS:
        return text
    typed = typed_amount(text)
    if isinstance(typed, Typed) and _is_number(value):
        number = number_of(value) or Decimal(0)
        if any(_is_rounded(amount, number) for amount in typed.values.values()):
            return None
    return _fault(Difference.OTHER, text, stored_text(value))


def _is_rounded(amount: object, number: Decimal) -> bool:
    """Tell whether an amount is the number with as many decimals as it has itself."""
    return isinstance(amount, Decimal) and round(number, -int(amount.as_tuple().exponent)) == amount


# --- words -------------------------------------------------------------------------


def _less_problem(grid: Grid, column: Column, position: int, less: _Less) -> Problem:
    first = cell_address(position, less.rows[0])
    return problem(
        less.key,
        sheet=grid.name,
        cell=first,
        row=less.rows[0],
        column=column.name,
        value=less.stored,
        rows=tuple(less.rows),
        title=column.title,
        cells=ranges_named(position, less.rows),
        first=first,
        shown=less.shown,
        stored=less.stored,
    )


def ranges_named(position: int, rows: list[int]) -> str:
    """Cells of one column as “D2:D9, D12”."""
    ranges: list[list[int]] = []
    for row in sorted(rows):
        if ranges and row == ranges[-1][1] + 1:
            ranges[-1][1] = row
        else:
            ranges.append([row, row])
    letter = column_letter(position)
    names = list(_range_names(letter, ranges[:MOST_RANGES]))
    more = len(ranges) - MOST_RANGES
    if more > 0:
        names.append(f"and {more:,} more ranges down to {letter}{ranges[-1][1]}")
    return ", ".join(names)


def _range_names(letter: str, ranges: list[list[int]]) -> Iterator[str]:
    for first, last in ranges:
        yield f"{letter}{first}" if first == last else f"{letter}{first}:{letter}{last}"


def _currency_in(code: str) -> str | None:
    """The first currency that the format of positive numbers names."""
    positive = code.split(";", maxsplit=1)[0]
    for match in _CURRENCY.finditer(positive):
        mark = match[1] or match[2] or match[3] or ""
        if currency := currency_of(mark.strip()):
            return currency
    return None
