"""The tie-out of a run in figures: sheet, sent and read back, by currency and by project; rows in and rows answered.

Only fixed fees and additional items have an amount in the sheet, so only these are
compared; what Kantata adds for time, expenses, milestones and tax stands apart.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from importer.records import Invoice, PlannedInvoice, Status

if TYPE_CHECKING:
    from collections.abc import Iterator

SENT = frozenset({Status.CREATED, Status.ALREADY_CREATED, Status.IN_DOUBT})
"""Statuses of invoices that were sent, in this run or before."""
NOT_KNOWN = "currency not known"
SEVERAL = "several projects"


@dataclass(slots=True)
class Line:
    """One line of the tie-out; amounts in the main currency unit."""

    name: str
    sheet: Decimal = Decimal(0)
    sent: Decimal = Decimal(0)
    read_back: Decimal = Decimal(0)
    total: Decimal = Decimal(0)
    """What Kantata says the invoices come to, with time, expenses, milestones and tax."""
    unread: int = 0
    """How many of the invoices that were sent could not be read back."""

    @property
    def difference(self) -> Decimal:
        """What Kantata holds beyond what was sent."""
        return self.read_back - self.sent

    def as_json(self) -> dict[str, Any]:
        """The line in the JSON document."""
        amounts = {name: f"{getattr(self, name):.2f}" for name in ("sheet", "sent", "read_back", "difference")}
        return {"name": self.name, **amounts, "total_in_kantata": f"{self.total:.2f}", "not_read_back": self.unread}


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

    def by_currency(self) -> list[Line]:
        """One line per currency, as far as Kantata told it."""
        of_project = {
            workspace_id: one.read_back.currency
            for one in self.planned
            if one.read_back and one.read_back.currency
            for workspace_id in one.invoice.workspace_ids
        }
        lines: dict[str, Line] = {}
        for one in self.planned:
            known = [of_project[number] for number in one.invoice.workspace_ids if number in of_project]
            name = (one.read_back and one.read_back.currency) or (known[0] if known else NOT_KNOWN)
            line = lines.setdefault(name, Line(name))
            held = _held(one)
            line.sheet += one.invoice.amount
            line.sent += one.invoice.amount if one.status in SENT else 0
            line.read_back += held or 0
            line.total += (one.read_back.total or 0) if one.read_back else 0
            line.unread += one.status in SENT and held is None
        stray = self.amount - sum(line.sheet for line in lines.values())
        if stray:
            lines["stray"] = Line("rows without a project", sheet=stray)
        return list(lines.values())

    def by_project(self) -> list[Line]:
        """One line per project, in the order of the sheet."""
        lines: dict[str, Line] = {}

        def line(name: str) -> Line:
            return lines.setdefault(name, Line(name))

        for one in self.planned:
            for name, amount in _sheet_by_project(one):
                line(name).sheet += amount
                line(name).sent += amount if one.status in SENT else 0
            for name, amount in _held_by_project(one):
                line(name).read_back += amount
            spaces = one.invoice.workspace_ids
            if one.read_back and one.read_back.total is not None:
                line(_one_project(one)).total += one.read_back.total
            if one.status in SENT and _held(one) is None:
                for number in spaces:
                    line(str(number)).unread += 1
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


def _sheet_by_project(one: PlannedInvoice) -> Iterator[tuple[str, Decimal]]:
    if isinstance(one.invoice, Invoice):
        for item in one.invoice.lines:
            yield str(item.workspace_id), item.amount or Decimal(0)
    else:
        yield _one_project(one), one.invoice.amount


def _held_by_project(one: PlannedInvoice) -> Iterator[tuple[str, Decimal]]:
    if (held := _held(one)) is None:
        return
    shown = one.read_back.shown if one.read_back else None
    items = shown.items if shown is not None else None
    known = {str(number) for number in one.invoice.workspace_ids}
    if len(known) > 1 and items and all(str(item.fields.get("workspace_id")) in known for item in items):
        for item in items:
            yield str(item.fields["workspace_id"]), item.amount or Decimal(0)
    elif held:
        yield _one_project(one), held


def _one_project(one: PlannedInvoice) -> str:
    spaces = one.invoice.workspace_ids
    return str(spaces[0]) if len(spaces) == 1 else SEVERAL
