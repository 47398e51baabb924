"""The tie-out of a run in figures: sheet, sent and read back, by currency and by project; rows in and rows answered.

Only fixed fees and additional items have an amount in the sheet, so only these are
compared; what Kantata adds for time, expenses, milestones and tax stands apart.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from importer.model.currency_sums import CURRENCY_NOT_KNOWN, currency_of
from importer.model.invoices import Invoice
from importer.model.plans import PlannedInvoice, Status
from importer.model.words import exact

SENT = frozenset({Status.CREATED, Status.ALREADY_CREATED, Status.IN_DOUBT})
"""Statuses of invoices that were sent, in this run or before."""
SEVERAL = "several projects"
NOT_LOOKED_UP = "Tie-out: nothing was sent in this run, and what was billed before was not looked up."


@dataclass(slots=True)
class Line:
    """One line of the tie-out; amounts in the main currency unit. None: nothing of it is known."""

    name: str
    title: str | None = None
    """Of the project, where Kantata told it."""
    sheet: Decimal = Decimal(0)
    sent: Decimal = Decimal(0)
    read_back: Decimal | None = None
    difference: Decimal | None = None
    """What Kantata holds beyond what was sent, of the invoices that were read back."""
    known_totals: Decimal | None = None
    """What Kantata says the invoices come to, as far as it says it."""
    total_lacks: bool = False
    """Whether it does not say it of an invoice that was read back, or not of this project's share in it."""
    unread: int = 0
    """How many of the invoices that were sent were not read back."""
    unread_amount: Decimal = Decimal(0)
    """What was sent of these."""

    def count(self, one: PlannedInvoice, sheet: Decimal, held: Decimal | None) -> None:
        """Add an invoice, or a project's share of it; only where both figures are known there is a difference."""
        self.sheet += sheet
        if one.status not in SENT:
            return
        self.sent += sheet
        if held is None:
            self.unread += 1
            self.unread_amount += sheet
        else:
            self.read_back = (self.read_back or Decimal(0)) + held
            self.difference = (self.difference or Decimal(0)) + held - sheet

    def count_total(self, one: PlannedInvoice, *, shared: bool = False) -> None:
        """Add what Kantata says the invoice comes to; of a shared one no project knows its share."""
        if one.read_back is None or one.status not in SENT:
            return
        if shared or one.read_back.total is None:
            self.total_lacks = True
        else:
            self.known_totals = (self.known_totals or Decimal(0)) + one.read_back.total

    @property
    def total(self) -> Decimal | None:
        """What Kantata says that the invoices read back come to, with time, expenses, milestones and tax.

        None when it does not say it of each: a part of it is no total.
        """
        return None if self.total_lacks else self.known_totals

    def as_json(self) -> dict[str, Any]:
        """The line in the JSON document; null where nothing was read back."""
        amounts = {name: _exact(getattr(self, name)) for name in ("sheet", "sent", "read_back", "difference")}
        return {
            "name": self.name,
            **amounts,
            "total_in_kantata": _exact(self.total),
            "not_read_back": self.unread,
            "amount_not_read_back": _exact(self.unread_amount),
        }


@dataclass(frozen=True, slots=True)
class Tally:
    """What a run is reckoned up from."""

    planned: tuple[PlannedInvoice, ...]
    amount: Decimal
    """Sum of all readable amounts in the sheet, main currency unit."""
    rows: int
    """Rows of the sheet that hold anything."""
    faulty: frozenset[int]
    """Rows with an error of their own."""

    @property
    def looked_up(self) -> bool:
        """Whether anything was sent in this run, or looked for of what was billed before."""
        before = [one for one in self.planned if one.status in SENT]
        return not before or any(one.status is not Status.ALREADY_CREATED or one.tie_out is not None for one in before)

    def by_currency(self) -> list[Line]:
        """One line per currency, as far as Kantata told it."""
        of_project = {
            number: currency
            for one in self.planned
            if (currency := currency_of(one)) is not None
            for number in one.invoice.workspace_ids
        }
        lines: dict[str, Line] = {}
        for one in self.planned:
            found = {of_project.get(number) for number in one.invoice.workspace_ids}
            name = currency_of(one) or (found.pop() if len(found) == 1 else None) or CURRENCY_NOT_KNOWN
            line = lines.setdefault(name, Line(name))
            line.count(one, one.invoice.amount, _held(one))
            line.count_total(one)
        stray = self.amount - sum(line.sheet for line in lines.values())
        if stray:
            lines["stray"] = Line("rows without a project", sheet=stray)
        return list(lines.values())

    def by_project(self) -> list[Line]:
        """One line per project, in the order of the sheet."""
        lines: dict[str, Line] = {}
        for one in self.planned:
            for name, (amount, held) in _by_project(one).items():
                line = lines.setdefault(name, Line(name))
                line.count(one, amount, held)
                line.count_total(one, shared=len(one.invoice.workspace_ids) != 1)
            for number, title in zip(
                one.invoice.workspace_ids, one.expected.titles if one.expected else (), strict=False
            ):
                if str(number) in lines:
                    lines[str(number)].title = title
        return list(lines.values())

    def answers(self) -> Counter[Status]:
        """How many rows of the sheet each answer has; a row that has none is in no count."""
        placed = Counter({row: 1 for one in self.planned for row in one.invoice.rows})
        counts = Counter(one.status for one in self.planned for _ in one.invoice.rows)
        counts[Status.NOT_SENT] += sum(row not in placed for row in self.faulty)
        return +counts

    def rows_agree(self) -> bool:
        """Whether every row of the sheet has exactly one answer."""
        return self.answers().total() == self.rows

    def row_sentence(self) -> str:
        """Say how many rows came in and how many are answered."""
        rows, answered = self.rows, self.answers().total()
        verdict = (
            "every row has its answer" if rows == answered else f"{abs(rows - answered):,} do not tally: report this"
        )
        return f"Rows in the sheet: {rows:,}; rows answered: {answered:,}: {verdict}."

    def document(self) -> dict[str, Any]:
        """The tie-out in the JSON document."""
        return {
            "rows_in": self.rows,
            "rows_answered": self.answers().total(),
            "by_currency": [line.as_json() for line in self.by_currency()],
            "by_project": [line.as_json() for line in self.by_project()],
        }


def _held(one: PlannedInvoice) -> Decimal | None:
    return one.read_back.items_amount if one.read_back and one.status in SENT else None


def _by_project(one: PlannedInvoice) -> dict[str, tuple[Decimal, Decimal | None]]:
    """Amount in the sheet and amount in Kantata by project; the latter None where it was not read back.

    What Kantata holds of a shared invoice without saying of which project is compared as a whole.
    """
    spaces, held = one.invoice.workspace_ids, _held(one)
    sheet = _sheet_by_project(one)
    if len(spaces) == 1 or held is None:
        return {name: (amount, held) for name, amount in sheet.items()}
    shown = one.read_back.shown if one.read_back else None
    items = (shown.items if shown is not None else None) or ()
    if sum((item.amount or Decimal(0) for item in items), Decimal(0)) != held or any(
        str(item.fields.get("workspace_id")) not in sheet for item in items
    ):
        return {SEVERAL: (one.invoice.amount, held)}
    found = dict.fromkeys(sheet, Decimal(0))
    for item in items:
        found[str(item.fields["workspace_id"])] += item.amount or Decimal(0)
    return {name: (amount, found[name]) for name, amount in sheet.items()}


def _sheet_by_project(one: PlannedInvoice) -> dict[str, Decimal]:
    spaces = one.invoice.workspace_ids
    if not isinstance(one.invoice, Invoice):
        return {str(spaces[0]) if len(spaces) == 1 else SEVERAL: one.invoice.amount}
    amounts = dict.fromkeys(map(str, spaces), Decimal(0))
    for item in one.invoice.lines:
        amounts[str(item.workspace_id)] += item.amount or Decimal(0)
    return amounts


def _exact(amount: Decimal | None) -> str | None:
    return None if amount is None else exact(amount)
