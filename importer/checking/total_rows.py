"""Compare the totals that a sheet holds with the line items above them.

A total that does not agree means that a row was added, hidden or lost since, or
that the row is a line item after all: a person must look.
"""

from __future__ import annotations

import itertools
from bisect import bisect_left
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from importer.model.sheet import Excluded, is_blank, text_of
from importer.values.amounts import typed_amount
from importer.values.cells import is_total_label
from importer.values.readings import Typed, number_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pandas as pd

    from importer.model.problems import Problem
    from importer.model.sheet import Cell, RawRow, Sheet

FEWEST_SUMMED = 2
"""Line items; a bare amount proves nothing by being the sum of fewer."""
_TOTALS = (Excluded.TOTAL, Excluded.SUM)


class _Sum(NamedTuple):
    """Some line items above a total."""

    lines: int
    amount: Decimal


def disagreeing(sheet: Sheet, amounts: Mapping[int, Decimal | None]) -> Iterator[Problem]:
    """An error for every total row whose amount is not that of the rows above it.

    ``amounts`` are those of the line items, main unit, by row; None where one
    cannot be read: then no total can be checked, which is said, and that row has its own error.
    """
    totals = [row for row in sheet.rows if sheet.excluded.get(row.number) in _TOTALS]
    totals = [row for row in totals if not is_blank(_amount(sheet, row))]
    if None in amounts.values():
        for row in totals:
            yield _not_checked(sheet, row)
        return

    rows = sorted(amounts)
    sums = list(itertools.accumulate((amounts[row] or Decimal(0) for row in rows), initial=Decimal(0)))
    first = 0
    for row in totals:
        last = bisect_left(rows, row.number)
        problem = _judged(sheet, row, _Sum(last - first, sums[last] - sums[first]), _Sum(last, sums[last]))
        if problem is not None:
            yield problem
        first = last


def suspected(sheet: Sheet, parsed: pd.DataFrame, amounts: Mapping[int, Decimal | None]) -> Iterator[Problem]:
    """A warning for each line item that is described as a total and is the sum of those above it."""
    if "notes" not in parsed.columns:
        return
    above, count = Decimal(0), 0
    notes = parsed["notes"].to_dict()
    for row in sorted(amounts):
        amount = amounts[row] or Decimal(0)
        if count >= FEWEST_SUMMED and amount == above and is_total_label(notes[row]):
            yield sheet.problem_at("amount", row, "row.maybe_total", number=row, label=notes[row])
        above, count = above + amount, count + 1


def _judged(sheet: Sheet, row: RawRow, since: _Sum, above: _Sum) -> Problem | None:
    """What is wrong with a total row; ``since`` sums the rows since the total before it, ``above`` all above it."""
    bare = sheet.excluded[row.number] is Excluded.SUM
    meanings = _meanings(_amount(sheet, row))
    proving = {round(rows.amount, 2) for rows in (since, above) if not bare or rows.lines >= FEWEST_SUMMED}
    if not proving:
        return sheet.problem_at("amount", row.number, "row.total_unchecked:single", number=row.number)
    # A labelled total that cannot be read is a total all the same; a bare one is anything.
    if not (meanings or bare) or meanings & proving:
        return None
    return _differs(sheet, row, since.amount, above.amount)


def _amount(sheet: Sheet, row: RawRow) -> Cell:
    position = next((header.position for header in sheet.headers if header.column == "amount"), None)
    return None if position is None else row.cell(position)


def _meanings(cell: Cell) -> set[Decimal]:
    """What an amount can mean, to the cent: as text, in every way of writing that it fits."""
    if not isinstance(cell, str):
        number = number_of(cell)
        return set() if number is None else {round(number, 2)}
    typed = typed_amount(cell)
    if not isinstance(typed, Typed):
        return set()
    meant = typed.values.values()  # noqa: PD011 - no DataFrame
    return {round(value, 2) for value in meant if isinstance(value, Decimal)}


def _not_checked(sheet: Sheet, row: RawRow) -> Problem:
    """An amount cannot be read, so that no total can be compared."""
    key = "row.total_unchecked"
    if sheet.excluded[row.number] is Excluded.SUM:
        key = "row.total_unchecked:amount"
    return sheet.problem_at("amount", row.number, key, number=row.number)


def _differs(sheet: Sheet, row: RawRow, since: Decimal, above: Decimal) -> Problem:
    shown = text_of(_amount(sheet, row))
    of_rows = f"{above:,.2f}"
    if since != above:
        of_rows += f" (since the last total: {since:,.2f})"
    number = row.number
    return sheet.problem_at("amount", number, "row.total_differs", shown, number=number, shown=shown, of_rows=of_rows)
