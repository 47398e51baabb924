"""Compare the totals that a sheet holds with the line items above them.

A total that does not agree means that a row was added, hidden or lost since, or
that the row is a line item after all: somebody must look.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from importer.cells import number_of
from importer.problems import Problem
from importer.readings import Typed
from importer.sheet import Excluded, is_blank, text_of
from importer.typed_amounts import typed_amount

if TYPE_CHECKING:
    from collections.abc import Mapping

    from importer.sheet import Cell, RawRow, Sheet

_TOTALS = (Excluded.TOTAL, Excluded.SUM)


def disagreeing(sheet: Sheet, amounts: Mapping[int, Decimal | None]) -> list[Problem]:
    """An error for every total row whose amount is not that of the rows above it.

    ``amounts`` are those of the line items, main unit, by row; None where one
    cannot be read: then no total can be checked, and that row has its own error.
    """
    position = next((header.position for header in sheet.headers if header.column == "amount"), None)
    totals = [row for row in sheet.rows if sheet.excluded.get(row.number) in _TOTALS]
    if position is None or not totals:
        return []
    if None in amounts.values():
        return [_unchecked(sheet, row) for row in totals if sheet.excluded[row.number] is Excluded.SUM]
    problems = []
    since = above = Decimal(0)
    lines = iter(sorted(amounts))
    line = next(lines, None)
    for row in totals:
        while line is not None and line < row.number:
            since += amounts[line] or 0
            above += amounts[line] or 0
            line = next(lines, None)
        cell = row.cell(position)
        if not is_blank(cell):
            said, bare = _meanings(cell), sheet.excluded[row.number] is Excluded.SUM
            # A labelled total that cannot be read is a total all the same; a bare one is anything.
            if (said or bare) and not said & {round(since, 2), round(above, 2)}:
                problems.append(_differs(sheet, row, since, above))
        since = Decimal(0)
    return problems


def _unchecked(sheet: Sheet, row: RawRow) -> Problem:
    return Problem(
        code="row.total_unchecked",
        message=f"Row {row.number} holds only an amount. It seems to be a total, but cannot be compared with the rows "
        "above it while one of them has no readable amount.",
        hint="Mend the other amounts first, or delete the row.",
        sheet=sheet.name,
        cell=sheet.address("amount", row.number),
        row=row.number,
        column="amount",
    )


def _meanings(cell: Cell) -> set[Decimal]:
    """What an amount can mean, to the cent: as text, in every way of writing that it fits."""
    if isinstance(cell, str):
        typed = typed_amount(cell)
        values = typed.values.values() if isinstance(typed, Typed) else ()
        return {round(value, 2) for value in values if isinstance(value, Decimal)}
    number = number_of(cell)
    return set() if number is None else {round(number, 2)}


def _differs(sheet: Sheet, row: RawRow, since: Decimal, above: Decimal) -> Problem:
    position = next(header.position for header in sheet.headers if header.column == "amount")
    shown = text_of(row.cell(position))
    of_rows = f"{above:,.2f}" if since == above else f"{above:,.2f} (since the last total: {since:,.2f})"
    return Problem(
        code="row.total_differs",
        message=f"Row {row.number} seems to be a total of “{shown}”, but the line items above it come to {of_rows}.",
        hint="Look for a row that was added or hidden, and calculate anew; or delete the total. "
        "If the row is a line item, give it a project and an item type.",
        sheet=sheet.name,
        cell=sheet.address("amount", row.number),
        row=row.number,
        column="amount",
        value=shown,
    )
