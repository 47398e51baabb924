"""What was seen of the account: the ground that findings stand on.

What an invoice is expected to come to: exact until the end, or not known.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import TypeVar

from importer.kantata.account import MINUTES_PER_HOUR, BillableItem, Found, Holder, Project, Task
from importer.model.invoices import Invoice, ItemType, LineItem, UnsoundInvoice
from importer.model.plans import Expected, LineRecord
from importer.model.words import money


@dataclass(frozen=True, slots=True)
class RecordWords:
    """What people call one kind of record."""

    singular: str
    plural: str


RECORDS = {
    ItemType.TIME_ENTRY: RecordWords("Time entry", "time entries"),
    ItemType.EXPENSE: RecordWords("Expense", "expenses"),
    ItemType.BILLING_MILESTONE: RecordWords("Billing milestone", "billing milestones"),
}
"""Item types that name a record of Kantata, in the order in which they are asked for."""


@dataclass(frozen=True, slots=True)
class Account:
    """Records of the account by their ids; what was not asked for yields no finding."""

    projects: Found[Project] = field(default_factory=Found)
    items: Mapping[ItemType, Found[BillableItem]] = field(default_factory=dict)
    tasks: Found[Task] = field(default_factory=Found)
    numbers: Found[tuple[Holder, ...]] = field(default_factory=Found)
    """Invoice number → the invoices that have it."""
    next_number: int | None = None
    """The invoice number that Kantata gives next."""

    def project(self, project_id: int) -> Project:
        """The project, with nothing known of it when it was not shown."""
        return self.projects.records.get(project_id) or Project(project_id)

    def item(self, item_type: ItemType, item_id: int) -> BillableItem | None:
        """The item; None when it was not shown."""
        return self.items[item_type].records.get(item_id) if item_type in self.items else None

    def needing_approval(self, found: Found[BillableItem]) -> Iterator[int]:
        """Those of the expenses whose project bills none that is not on an approved report."""
        for item_id, item in found.records.items():
            project = self.project(item.workspace_id or 0)
            if project.needs_approval.get(ItemType.EXPENSE):
                yield item_id

    @property
    def strangers(self) -> Iterator[tuple[str, int]]:
        """What was asked about, and how many records came that were not asked for."""
        counts = {"projects": self.projects.strangers}
        for kind, found in self.items.items():
            counts[RECORDS[kind].plural] = found.strangers
        counts |= {"tasks": self.tasks.strangers, "invoice numbers": self.numbers.strangers}
        for name, count in counts.items():
            if count:
                yield name, count


def named(project: Project) -> str:
    """A project as a person knows it: “project 101 “Relaunch””."""
    if project.title:
        return f"project {project.project_id} “{project.title}”"
    return f"project {project.project_id}"


T = TypeVar("T")
CENTS = 100
"""In one of the main unit, where only amounts of the sheet are summed."""


def expected_of(invoice: Invoice | UnsoundInvoice, account: Account) -> Expected:
    """Titles, currency and total of an invoice, tax excluded.

    The parts are summed exactly and rounded once, half up. A total of which any
    part is not known is None, never a part of itself.
    """
    projects = [account.project(number) for number in invoice.workspace_ids]
    currency = _common(project.currency for project in projects)
    unit = _common(project.base_unit for project in projects)
    titles = tuple(project.title for project in projects)
    if not isinstance(invoice, Invoice) or (currency is None and len(projects) > 1):
        return Expected(titles, currency, None)

    by_project: dict[int, list[Fraction | None]] = {number: [] for number in invoice.workspace_ids}
    prices, records = [], []
    for line in invoice.lines:
        value = _value(line, account, currency, unit)
        records.append(_record(line, account, unit))
        by_project[line.workspace_id].append(value)
        prices.append(_sum([value], unit))
    total = _sum(itertools.chain.from_iterable(by_project.values()), unit)
    shares = tuple(_sum(values, unit) for values in by_project.values())
    return Expected(titles, currency, total, shares, tuple(prices), tuple(records))


_NO_RECORD = LineRecord()


def _record(line: LineItem, account: Account, unit: int | None) -> LineRecord:
    """What Kantata says of the record that a line names."""
    item = None if line.item_id is None else account.item(line.item_type, line.item_id)
    if item is None:
        return _NO_RECORD
    if item.minutes is None or item.rate_cents is None or unit is None:
        return LineRecord(item.words)
    hours, minutes = divmod(item.minutes, MINUTES_PER_HOUR)
    return LineRecord(item.words, f"{hours}:{minutes:02} h × {money(Decimal(item.rate_cents) / unit)}")


def _sum(values: Iterable[Fraction | None], unit: int | None) -> Decimal | None:
    """The sum, rounded; None when a part of it is not known."""
    whole = Fraction(0)
    for value in values:
        if value is None:
            return None
        whole += value
    return rounded(whole, unit or CENTS)


def rounded(value: Fraction, unit: int) -> Decimal:
    """Round half up (half away from zero for credits) to the smallest coin; ``unit`` is how many make one."""
    coins = int(abs(value) * unit + Fraction(1, 2))
    return Decimal(coins if value >= 0 else -coins) / Decimal(unit)


def _value(line: LineItem, account: Account, currency: str | None, unit: int | None) -> Fraction | None:
    """One line in the main unit; None when Kantata does not show what it is worth."""
    if line.amount is not None:
        return Fraction(line.amount)
    item = account.item(line.item_type, line.item_id or 0)
    if item is None or item.cents is None or item.billable is False or unit is None:
        return None
    if item.workspace_id != line.workspace_id or item.currency not in (None, currency):
        return None
    return item.cents / unit


def _common(values: Iterator[T | None]) -> T | None:
    """The value that all share; None when they differ or any is unknown."""
    different = set(values)
    if len(different) != 1:
        return None
    return different.pop()
