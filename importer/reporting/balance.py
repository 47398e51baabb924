"""The tie-out of a run in figures: sheet, sent and read back, by currency and by project; rows in and rows answered.

Only fixed fees and additional items have an amount in the sheet, so only these are
compared; what Kantata adds for time, expenses, milestones and tax stands apart.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from importer.model.currency_sums import CURRENCY_NOT_KNOWN, currency_of
from importer.model.invoices import Invoice
from importer.model.plans import ReportedInvoice, Status

if TYPE_CHECKING:
    from importer.model.answers import ShownItem

SENT = frozenset({Status.CREATED, Status.ALREADY_CREATED, Status.IN_DOUBT})
"""Statuses of invoices that were sent, in this run or before."""
SEVERAL = "several projects"
STRAY = "rows without a project"
NOT_LOOKED_UP = "Tie-out: nothing was sent in this run, and what was billed before was not looked up."
NOTHING = Decimal(0)


@dataclass(slots=True)
class Line:
    """One line of the tie-out; amounts in the main currency unit. None: nothing of it is known."""

    name: str
    title: str | None = None
    """Of the project, where Kantata gave it."""
    sheet: Decimal = NOTHING
    sent: Decimal = NOTHING
    read_back: Decimal | None = None
    difference: Decimal | None = None
    """What Kantata holds beyond what was sent, of the invoices that were read back."""
    known_totals: Decimal | None = None
    """What Kantata says the invoices come to, as far as it says it."""
    has_amounts: bool = False
    """Whether the sheet states an amount for any row of it."""
    total_lacks: bool = False
    """Whether it does not say it of an invoice that was read back, or not of this project's share in it."""
    unread: int = 0
    """How many of the invoices that were sent were not read back."""
    unread_amount: Decimal = NOTHING
    """What was sent of these."""

    def add(self, planned: ReportedInvoice, sheet: Decimal, held: Decimal | None, *, shared: bool = False) -> None:
        """Add an invoice, or a project's share in a ``shared`` one; ``held``: what Kantata holds of it."""
        self.sheet += sheet
        self.has_amounts |= _has_amounts(planned)
        if planned.status not in SENT:
            return
        self.sent += sheet
        if held is None:
            self.unread += 1
            self.unread_amount += sheet
        else:
            self.read_back = (self.read_back or NOTHING) + held
            self.difference = (self.difference or NOTHING) + held - sheet
        if planned.read_back is None:
            return
        if shared or planned.read_back.total is None:
            self.total_lacks = True
        else:
            self.known_totals = (self.known_totals or NOTHING) + planned.read_back.total

    @property
    def total(self) -> Decimal | None:
        """What Kantata says that the invoices read back come to, with time, expenses, milestones and tax.

        None when it does not say it of each: a part of it is no total.
        """
        return None if self.total_lacks else self.known_totals


@dataclass(frozen=True, slots=True)
class Tally:
    """What the figures of a run are counted from."""

    planned: tuple[ReportedInvoice, ...]
    amount: Decimal
    """Sum of all readable amounts in the sheet, main currency unit."""
    rows: int
    """Rows of the sheet that hold anything."""
    faulty: frozenset[int]
    """Rows with an error of their own."""

    @property
    def looked_up(self) -> bool:
        """Whether anything was sent in this run, or looked for of what was billed before."""
        sent = [planned for planned in self.planned if planned.status in SENT]
        if not sent:
            return True
        return any(planned.status is not Status.ALREADY_CREATED or planned.tie_out is not None for planned in sent)

    def by_currency(self) -> list[Line]:
        """One line per currency, as far as Kantata named it."""
        of_project = self._currencies()
        lines: dict[str, Line] = {}
        for planned in self.planned:
            name = currency_of(planned)
            if name is None:  # the currency of its projects, as their other invoices show it
                found = {of_project.get(number) for number in planned.invoice.workspace_ids}
                name = found.pop() if len(found) == 1 else None
            name = name or CURRENCY_NOT_KNOWN
            lines.setdefault(name, Line(name)).add(planned, planned.invoice.amount, _held(planned))
        unknown = lines.get(CURRENCY_NOT_KNOWN)
        if unknown == Line(CURRENCY_NOT_KNOWN):  # nothing of it can be read: 0.00 would be no answer
            del lines[CURRENCY_NOT_KNOWN]
        stray = self.amount - sum(line.sheet for line in lines.values())
        if stray:
            lines[STRAY] = Line(STRAY, sheet=stray, has_amounts=True)
        return list(lines.values())

    def _currencies(self) -> dict[int, str]:
        """The currency of each project, as far as any of its invoices shows it."""
        found = {}
        for planned in self.planned:
            currency = currency_of(planned)
            if currency is not None:
                found.update(dict.fromkeys(planned.invoice.workspace_ids, currency))
        return found

    def by_project(self) -> list[Line]:
        """One line per project, in the order of the sheet."""
        lines: dict[str, Line] = {}
        for planned in self.planned:
            numbers = planned.invoice.workspace_ids
            for name, (amount, held) in _by_project(planned).items():
                lines.setdefault(name, Line(name)).add(planned, amount, held, shared=len(numbers) != 1)
            if planned.expected is None:
                continue
            for number, title in zip(numbers, planned.expected.titles, strict=False):
                if str(number) in lines:
                    lines[str(number)].title = title
        return list(lines.values())

    def answers(self) -> Counter[Status]:
        """How many rows of the sheet each answer has; a row that has none is in no count."""
        counts: Counter[Status] = Counter()
        placed: set[int] = set()
        for planned in self.planned:
            counts[planned.status] += len(planned.invoice.rows)
            placed.update(planned.invoice.rows)
        counts[Status.NOT_SENT] += len(self.faulty - placed)
        return +counts

    def rows_agree(self) -> bool:
        """Whether every row of the sheet has exactly one answer."""
        return self.answers().total() == self.rows

    def items_sentence(self) -> str | None:
        """Say what was compared of items without an amount in the sheet; None where nothing such was sent."""
        billed, alike = 0, 0
        for planned in self.planned:
            if planned.status in SENT:
                items = _items(planned)
                billed += items
                alike += items * _is_as_sent(planned)
        if not billed or not self.looked_up:
            return None
        compared = (
            f"Time entries, expenses, milestones: {alike:,} of {billed:,} are on their invoices in Kantata as sent"
        )
        if alike < billed:
            compared += "; the others differ, or could not be read back"
        return f"{compared}. The sheet has no amounts of them to compare: their prices are those of Kantata."

    def row_sentence(self) -> str:
        """Say how many rows came in and how many are answered."""
        answered = self.answers().total()
        verdict = "every row has its answer"
        if answered != self.rows:
            verdict = f"{abs(self.rows - answered):,} do not match. Please report this"
        return f"Rows in the sheet: {self.rows:,}; rows answered: {answered:,}: {verdict}."


def _items(planned: ReportedInvoice) -> int:
    """How many of its lines are time entries, expenses and milestones."""
    if not isinstance(planned.invoice, Invoice):
        return 0
    return sum(line.item_id is not None for line in planned.invoice.lines)


def _is_as_sent(planned: ReportedInvoice) -> bool:
    """Whether all of it was read back, and is as it was sent."""
    found = planned.tie_out
    return found is not None and not found.differences and not found.unread


def _has_amounts(planned: ReportedInvoice) -> bool:
    """Whether the sheet states an amount for any of its rows, or may: of rows with errors that is not known."""
    if not isinstance(planned.invoice, Invoice):
        return True
    return any(line.amount is not None for line in planned.invoice.lines)


def _held(planned: ReportedInvoice) -> Decimal | None:
    """What Kantata holds of its fixed fees and additional items; None where it was not read back."""
    if planned.read_back is None or planned.status not in SENT:
        return None
    return planned.read_back.items_amount


def _by_project(planned: ReportedInvoice) -> dict[str, tuple[Decimal, Decimal | None]]:
    """Amount in the sheet and amount in Kantata by project; the latter None where it was not read back.

    What Kantata holds of a shared invoice without saying of which project is compared as a whole.
    """
    sheet, held = _sheet_by_project(planned), _held(planned)
    if len(planned.invoice.workspace_ids) == 1 or held is None:
        return {name: (amount, held) for name, amount in sheet.items()}
    found = dict.fromkeys(sheet, NOTHING)
    for item in _shown_items(planned):
        project = str(item.fields.get("workspace_id"))
        if project not in sheet:
            return {SEVERAL: (planned.invoice.amount, held)}
        found[project] += item.amount or NOTHING
    if sum(found.values()) != held:
        return {SEVERAL: (planned.invoice.amount, held)}
    return {name: (amount, found[name]) for name, amount in sheet.items()}


def _shown_items(planned: ReportedInvoice) -> tuple[ShownItem, ...]:
    if planned.read_back is None or planned.read_back.shown is None:
        return ()
    return planned.read_back.shown.items or ()


def _sheet_by_project(planned: ReportedInvoice) -> dict[str, Decimal]:
    numbers = planned.invoice.workspace_ids
    if not isinstance(planned.invoice, Invoice):
        name = str(numbers[0]) if len(numbers) == 1 else SEVERAL
        return {name: planned.invoice.amount}
    amounts = dict.fromkeys(map(str, numbers), NOTHING)
    for line in planned.invoice.lines:
        amounts[str(line.workspace_id)] += line.amount or NOTHING
    return amounts
