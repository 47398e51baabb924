"""Which columns of a sheet are a quantity, a rate and their product: the rows prove it, whatever the headers say."""

from __future__ import annotations

import itertools
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from importer.model.columns import Kind
from importer.model.sheet import is_blank
from importer.values.amounts import amount_of_cell, typed_amount
from importer.values.cell_shapes import MOST, is_date, reads, share
from importer.values.readings import Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from importer.model.sheet import Cell
    from importer.values.cell_shapes import SeenColumn

ROWS_TO_PROVE = 2
"""Rows in which the product must hold and no factor is 0 or 1."""
MOST_COLUMNS = 12
"""Columns of numbers that are looked at."""
HIGHEST_WITH_TAX = Decimal("1.35")
"""Times its net sum that a gross one can be."""
HOURS_OF_A_DAY = 24
QUARTER = Decimal("0.25")
_CENT = Decimal("0.01")


class Product(NamedTuple):
    """Three columns of which the first two make the third in every row."""

    factors: tuple[SeenColumn, SeenColumn]
    result: SeenColumn


def product_of(columns: Iterable[SeenColumn]) -> Product | None:
    """The columns whose cells multiply to those of another; None where no rows prove it."""
    numbers = [(column, _numbers(column)) for column in columns if _holds_numbers(column)][:MOST_COLUMNS]
    for (left, of_left), (right, of_right) in itertools.combinations(numbers, 2):
        for result, of_result in numbers:
            is_another = result is not left and result is not right
            if is_another and _multiply(of_left, of_right, of_result):
                return Product((left, right), result)
    return None


def highest(column: SeenColumn) -> Decimal:
    """The highest number of a column."""
    return max(itertools.chain.from_iterable(_numbers(column)), default=Decimal(0))


def holds_times(column: SeenColumn) -> bool:
    """Tell whether every number is one of quarters of an hour, at most those of a day."""
    numbers = set(itertools.chain.from_iterable(_numbers(column)))
    return bool(numbers) and all(number <= HOURS_OF_A_DAY and number % QUARTER == 0 for number in numbers)


def is_sum_of(column: SeenColumn, amounts: SeenColumn) -> bool:
    """Tell whether a column can be the sum of each row's amount, its net or its gross: no “Total fee agreed”."""
    rows = [row for row in zip(_numbers(column), _numbers(amounts), strict=False) if all(row)]
    return sum(_are_near(*row) for row in rows) * 2 >= len(rows)


def _are_near(sums: frozenset[Decimal], amounts: frozenset[Decimal]) -> bool:
    return any(_is_near(sum_, amount) for sum_, amount in itertools.product(sums, amounts))


def _is_near(sum_: Decimal, amount: Decimal) -> bool:
    lower, higher = sorted((abs(sum_), abs(amount)))
    return higher <= lower * HIGHEST_WITH_TAX


def _holds_numbers(column: SeenColumn) -> bool:
    return share(column, lambda cell: reads(Kind.AMOUNT, cell) and not is_date(cell)) >= MOST


def _numbers(column: SeenColumn) -> list[frozenset[Decimal]]:
    return [_readings(cell) for cell in column.rows]


def _readings(cell: Cell) -> frozenset[Decimal]:
    """The numbers that a cell may be: “1.250” is two."""
    if is_blank(cell):
        return frozenset()
    read = typed_amount(cell) if isinstance(cell, str) else amount_of_cell(cell)
    if isinstance(read, Unreadable):
        return frozenset()
    values = [read] if isinstance(read, Decimal) else read.values.values()
    return frozenset(value for value in values if isinstance(value, Decimal))


def _multiply(
    left: Sequence[frozenset[Decimal]], right: Sequence[frozenset[Decimal]], result: Sequence[frozenset[Decimal]]
) -> bool:
    """Tell whether no row speaks against the product and enough different rows prove it."""
    proofs: set[object] = set()
    for row in zip(left, right, result, strict=False):
        if not all(row):
            continue
        if not any(abs(a * b - c) <= _CENT for a, b, c in itertools.product(*row)):
            return False
        if not any(number in (0, 1) for number in itertools.chain(row[0], row[1])):
            proofs.add(row)
    return len(proofs) >= ROWS_TO_PROVE
