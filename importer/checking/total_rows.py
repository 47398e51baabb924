"""Compare the totals that a sheet holds with the line items above them.

A total that does not agree means that a row was added, hidden or lost since, or
that the row is a line item after all: a person must look. A line item that seems to be
a total is an error: by its description, by its place below the rows that it sums,
or, where settings supply project and item type, by being the last row and the sum.
So is the tax of the rows above it.
"""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections import Counter, defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from importer.model.sheet import Excluded, is_blank, text_of
from importer.values.amounts import typed_amount
from importer.values.cells import TotalLabel, is_tax_label, total_label
from importer.values.readings import Typed, number_of

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence

    import pandas as pd

    from importer.model.problems import Problem
    from importer.model.sheet import Cell, RawRow, Sheet

FEWEST_SUMMED = 2
"""Line items; a bare amount proves nothing by being the sum of fewer."""
HIGHEST_TAX = Decimal("0.3")
"""Part of an amount that the tax in it may be; Hungary takes 27 %."""
_TOTALS = (Excluded.TOTAL, Excluded.SUM)


class _Sum(NamedTuple):
    """Some line items above a total."""

    lines: int
    amount: Decimal


def disagreeing(
    sheet: Sheet, amounts: Mapping[int, Decimal | None], suspects: Collection[int] = ()
) -> Iterator[Problem]:
    """An error for every total row whose amount is not that of the rows above it.

    ``amounts`` are those of the line items, main unit, by row; None where one
    cannot be read: then no total can be checked, which is said, and that row has its own error.
    ``suspects`` are the rows of :func:`suspected`: they count as totals, not as line items.
    """
    totals = [row for row in _total_rows(sheet) if not is_blank(_amount(sheet, row))]
    if None in amounts.values():
        for row in totals:
            yield _not_checked(sheet, row)
        return

    rows = sorted(set(amounts) - set(suspects))
    starts = sorted(suspects)
    sums = list(itertools.accumulate((amounts[row] or Decimal(0) for row in rows), initial=Decimal(0)))
    tax_rows, taxes = _taxes(sheet)
    first = 0
    for row in totals:
        last = bisect_left(rows, row.number)
        suspects_above = bisect_left(starts, row.number)
        if suspects_above:
            first = max(first, bisect_left(rows, starts[suspects_above - 1]))
        since, above = _Sum(last - first, sums[last] - sums[first]), _Sum(last, sums[last])
        tax = taxes[bisect_left(tax_rows, row.number)]
        problem = _judged(sheet, row, since, above, tax)
        if problem is not None:
            yield problem
        first = last


def _total_rows(sheet: Sheet) -> list[RawRow]:
    """The rows that reading left out as totals."""
    return [row for row in sheet.rows if sheet.excluded.get(row.number) in _TOTALS]


def suspected(
    sheet: Sheet, parsed: pd.DataFrame, amounts: Mapping[int, Decimal | None]
) -> tuple[dict[int, Problem], list[Problem]]:
    """Return an error for each line item that seems to be a total of others, by row; and warnings of sums by chance.

    ``parsed`` are the typed cells of the line items, ``amounts`` their amounts as for :func:`disagreeing`.
    """
    lines = list(_lines(parsed, amounts))
    suspicions = _Suspicions(lines)
    totals = [row.number for row in _total_rows(sheet)]
    found: dict[int, Problem] = {}
    for line in lines:
        while totals and totals[0] < line.row:
            suspicions.start_again()
            totals.pop(0)

        why = suspicions.of(line)
        if why is None:
            suspicions.add(line)
            continue
        suspicions.start_again(line.project)
        found[line.row] = _suspicion(sheet, line, why)

    if lines and lines[-1].row not in found and _nothing_tells(sheet) and suspicions.is_sum_of_others(lines[-1]):
        found[lines[-1].row] = _suspicion(sheet, lines[-1], "row.maybe_total:last")
    return found, list(_chances(sheet, suspicions, found))


def _chances(sheet: Sheet, suspicions: _Suspicions, found: Collection[int]) -> Iterator[Problem]:
    """A warning for each sum by chance that is no suspect."""
    chances = {line.row: line for line in suspicions.sums_by_chance()}
    for row, line in sorted(chances.items()):
        if row not in found:
            yield _suspicion(sheet, line, "row.sum_by_chance")


def _suspicion(sheet: Sheet, line: _Line, key: str) -> Problem:
    amount = f"{line.amount:,.2f}"
    if key in {"row.maybe_total:no_text", "row.maybe_total:last"}:
        return sheet.problem_at("amount", line.row, key, number=line.row, amount=amount)
    return sheet.problem_at("amount", line.row, key, number=line.row, label=line.text, amount=amount)


def _nothing_tells(sheet: Sheet) -> bool:
    """Whether settings supply both project and item type, so that no cell tells a line item from a total."""
    own = {header.column for header in sheet.headers}
    return own.isdisjoint({"workspace_id", "workspace", "item_type"})


def _lines(parsed: pd.DataFrame, amounts: Mapping[int, Decimal | None]) -> Iterator[_Line]:
    """The line items with a readable amount and no id of their own, in the order of the sheet."""
    cells: dict[str, dict[Hashable, object]] = {}
    for name in ("notes", "workspace_id", "workspace", "item_id"):
        cells[name] = dict(parsed[name].items()) if name in parsed.columns else {}
    for row in sorted(amounts):
        amount = amounts[row]
        if amount is None or cells["item_id"].get(row) is not None:
            continue
        text = cells["notes"].get(row)
        project = cells["workspace_id"].get(row) or cells["workspace"].get(row)
        text = text if isinstance(text, str) and any(map(str.isalnum, text)) else ""
        yield _Line(row, amount, text, project if isinstance(project, int | str) else None)


class _Line(NamedTuple):
    """What tells a line item from a total."""

    row: int
    amount: Decimal
    """Main unit."""
    text: str
    """Its description; empty without one, or for a line of dashes."""
    project: int | str | None
    """Number or name; None when it cannot be read."""


class _Running:
    """Sums of the line items so far, of all or of one project."""

    def __init__(self) -> None:
        self.lines = self.since = 0
        """Number of line items; of those since the last total."""
        self.amount = self.amount_since = Decimal(0)
        self.described = True
        """Whether each line item since the last total has a description."""

    def add(self, line: _Line) -> None:
        self.lines += 1
        self.since += 1
        self.amount += line.amount
        self.amount_since += line.amount
        self.described = self.described and bool(line.text)

    def start_again(self) -> None:
        self.since, self.amount_since, self.described = 0, Decimal(0), True

    def equals(self, amount: Decimal, fewest: int) -> bool:
        """Whether an amount is the sum of all line items, or of those since the last total."""
        of_all = self.lines >= fewest and amount == self.amount
        return of_all or (self.since >= fewest and amount == self.amount_since)

    def is_summed_by(self, line: _Line) -> bool:
        """Whether a line is the sum of at least two since the last total, which all have a description."""
        return self.described and self.since >= FEWEST_SUMMED and self.amount_since == line.amount

    def is_halved_by(self, line: _Line) -> bool:
        """Whether a line that has been added is the sum of all others, at least two."""
        return bool(line.amount) and self.lines > FEWEST_SUMMED and self.amount == 2 * line.amount


class _Suspicions:
    """Tells which line items seem to be totals, going down the sheet."""

    def __init__(self, lines: Sequence[_Line]) -> None:
        self._last = lines[-1:]
        self._all = _Running()
        self._of_project: defaultdict[int | str | None, _Running] = defaultdict(_Running)
        self._last_of = {line.project: line for line in lines}
        self._count = Counter(line.project for line in lines)

    def add(self, line: _Line) -> None:
        self._all.add(line)
        self._of_project[line.project].add(line)

    def start_again(self, project: int | str | None = None) -> None:
        """Count from here: below the subtotal of a project, or below a total that names none."""
        self._all.start_again()
        if project is not None:
            self._of_project[project].start_again()
            return
        for running in self._of_project.values():
            running.start_again()

    def of(self, line: _Line) -> str | None:
        """The message about a line item that seems to be a total; None for any other."""
        label = total_label(line.text)
        if label is TotalLabel.ONLY:
            return self._of_clear_label(line)
        if not line.amount:
            return None
        if label is TotalLabel.PERHAPS and self._is_sum(line):
            return "row.maybe_total"
        if is_tax_label(line.text) and self._may_be_tax(line):
            return "row.maybe_tax"
        if not line.text and (self._closes_project(line) or self._all.is_summed_by(line)):
            return "row.maybe_total:no_text"
        return None

    def is_sum_of_others(self, last: _Line) -> bool:
        """Whether the last line item, which has been added, is the sum of at least two others."""
        return self._all.is_halved_by(last)

    def sums_by_chance(self) -> Iterator[_Line]:
        """The last line items of all, and of their projects, that are the sums of all others, at least two."""
        of_all = [(last, self._all) for last in self._last]
        of_projects = [(last, self._of_project[project]) for project, last in self._last_of.items()]
        for last, running in (*of_all, *of_projects):
            if last.text and running.is_halved_by(last):
                yield last

    def _of_clear_label(self, line: _Line) -> str | None:
        if self._is_sum(line) or self._of_project[line.project].equals(line.amount, 1):
            return "row.maybe_total"
        if self._count[line.project] > 1:
            return "row.maybe_total:differs"
        return None

    def _is_sum(self, line: _Line) -> bool:
        of_project = self._of_project[line.project]
        return any(running.equals(line.amount, FEWEST_SUMMED) for running in (self._all, of_project))

    def _may_be_tax(self, line: _Line) -> bool:
        """Whether an amount can be the tax of the line items of its project, or of all, at a rate that exists."""
        sums = [running.amount for running in (self._of_project[line.project], self._all) if running.amount]
        return any(0 < line.amount / amount <= HIGHEST_TAX for amount in sums)

    def _closes_project(self, line: _Line) -> bool:
        """Whether a line is the last of its project and sums the others."""
        return self._last_of[line.project] is line and self._of_project[line.project].is_summed_by(line)


def _taxes(sheet: Sheet) -> tuple[list[int], list[Decimal]]:
    """The rows of tax, and what so many of them, from the top, come to."""
    rows = [row for row in sheet.rows if sheet.excluded.get(row.number) is Excluded.TAX]
    amounts = (max(_meanings(_amount(sheet, row)), default=Decimal(0)) for row in rows)
    return [row.number for row in rows], list(itertools.accumulate(amounts, initial=Decimal(0)))


def _judged(sheet: Sheet, row: RawRow, since: _Sum, above: _Sum, tax: Decimal) -> Problem | None:
    """What is wrong with a total row; ``since`` sums the rows since the total before it, ``above`` all above it."""
    bare = sheet.excluded[row.number] is Excluded.SUM
    meanings = _meanings(_amount(sheet, row))
    proving = {round(rows.amount, 2) for rows in (since, above) if not bare or rows.lines >= FEWEST_SUMMED}
    if not proving:
        return sheet.problem_at("amount", row.number, "row.total_unchecked:single", number=row.number)
    proving |= {round(amount + tax, 2) for amount in (since.amount, above.amount) if tax}
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
