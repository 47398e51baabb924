"""Compare the totals that a sheet holds with the line items above them.

A total that does not agree means that a row was added, hidden or lost since, or
that the row is a line item after all: somebody must look.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from importer.problems import Problem
from importer.sheet import Excluded, is_blank

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from importer.sheet import RawRow, Sheet


def disagreeing(
    sheet: Sheet, amounts: Mapping[int, Decimal | None], read_amount: Callable[[object], Decimal | None]
) -> list[Problem]:
    """An error for every total row whose amount is not that of the rows above it.

    ``amounts`` are those of the line items, main unit, by row; None where one
    cannot be read: then no total can be checked, and that row has its own
    error. ``read_amount`` reads the amount cell of a total row.
    """
    position = next((header.position for header in sheet.headers if header.column == "amount"), None)
    totals = [row for row in sheet.rows if sheet.excluded.get(row.number) is Excluded.TOTAL]
    if position is None or not totals or None in amounts.values():
        return []
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
            said = read_amount(cell)
            if said is None or round(said, 2) not in {round(since, 2), round(above, 2)}:
                problems.append(_differs(sheet, row, said, since, above))
        since = Decimal(0)
    return problems


def _differs(sheet: Sheet, row: RawRow, said: Decimal | None, since: Decimal, above: Decimal) -> Problem:
    shown = "an amount that cannot be read" if said is None else f"{said:,.2f}"
    of_rows = f"{above:,.2f}" if since == above else f"{above:,.2f} (since the last total: {since:,.2f})"
    return Problem(
        code="row.total_differs",
        message=f"Row {row.number} seems to be a total of {shown}, but the line items above it come to {of_rows}.",
        hint="Look for a row that was added or hidden, and calculate anew; or delete the total. "
        "If the row is a line item, give it a project and an item type.",
        sheet=sheet.name,
        cell=sheet.address("amount", row.number),
        row=row.number,
        column="amount",
        value=None if said is None else str(said),
    )
