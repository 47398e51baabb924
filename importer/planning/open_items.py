"""Which open items can be billed now, and which of them a sheet leaves out. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from importer.model.invoices import ItemType
from importer.model.open_items import LeftOut, Obstacle, OpenItem, sums_by_currency
from importer.model.words import count_of, money
from importer.planning.account import rounded

if TYPE_CHECKING:
    from importer.kantata.account import BillableItem, Project
    from importer.kantata.open_items import Listed
    from importer.model.remembered import LedgerEntry

ItemKey = tuple[ItemType, int]


def open_item(listed: Listed, project: Project | None, entry: LedgerEntry | None, until: date) -> OpenItem:
    """An item with what it is worth and whether it can be billed until a day.

    ``project``: None when Kantata does not show it. ``entry``: the invoice of the ledger that bills the item.
    """
    item = listed.item
    obstacle, detail = _obstacle(listed, project, entry, until)
    return OpenItem(
        listed.item_type,
        item.item_id,
        item.workspace_id or 0,
        title=project.title if project else None,
        amount=_worth(item, project),
        currency=item.currency or (project.currency if project else None),
        day=item.day,
        text=item.text,
        person=listed.person,
        task=listed.task,
        obstacle=obstacle,
        detail=detail,
    )


def _worth(item: BillableItem, project: Project | None) -> Decimal | None:
    if item.cents is None or project is None or project.base_unit is None:
        return None
    return rounded(item.cents / project.base_unit, project.base_unit)


def _obstacle(
    listed: Listed, project: Project | None, entry: LedgerEntry | None, until: date
) -> tuple[Obstacle | None, str | None]:
    """Why it cannot be billed now, and a detail of that; the gravest reason alone."""
    of_project = _of_project(listed.item, project)
    if of_project is not None:
        return of_project, None
    holders = [holder.invoice_id for holder in listed.item.holders if holder.cancelled is not True]
    if holders:
        return Obstacle.ON_INVOICE, f"invoice {', '.join(holders)}"
    if entry is not None:
        return Obstacle.SENT_BEFORE, f"invoice {entry.invoice_id or 'in doubt'} of run {entry.run_id}"
    return _of_approval(listed, project) or _of_day(listed, until), None


def _of_approval(listed: Listed, project: Project | None) -> Obstacle | None:
    if project is None or not project.needs_approval.get(listed.item_type) or listed.item.approved is not False:
        return None
    return Obstacle.NO_REPORT if listed.item_type is ItemType.EXPENSE else Obstacle.NOT_APPROVED


def _of_project(item: BillableItem, project: Project | None) -> Obstacle | None:
    if project is None:
        return Obstacle.NO_PROJECT
    if project.archived:
        return Obstacle.ARCHIVED
    if project.sees_finances is False:
        return Obstacle.HIDDEN
    if item.currency is not None and project.currency not in (None, item.currency):
        return Obstacle.OTHER_CURRENCY
    return None


def _of_day(listed: Listed, until: date) -> Obstacle | None:
    if listed.item_type is not ItemType.BILLING_MILESTONE:
        return None
    if listed.item.day is None:
        return Obstacle.UNDATED
    return Obstacle.LATER if listed.item.day > until else None


# --- what a sheet leaves out ----------------------------------------------------------


def month_of(day: date) -> str:
    """The month of a day, as batches name it: 2026-10."""
    return f"{day:%Y-%m}"


def left_out(
    items: Iterable[OpenItem], in_sheet: Collection[ItemKey], months: Collection[str], *, older_listed: bool
) -> LeftOut:
    """What can be billed and is in no row of the sheet: of its ``months``, and of others before the last of them."""
    of_months, older = [], []
    not_now: Counter[Obstacle] = Counter()
    for item in sorted(items, key=by_project):
        if (item.item_type, item.item_id) in in_sheet:
            continue
        if item.day is not None and month_of(item.day) > max(months):
            continue
        if item.obstacle is not None:
            not_now[item.obstacle] += 1
        elif item.day is None:
            continue
        elif month_of(item.day) in months:
            of_months.append(item)
        else:
            older.append(item)
    return LeftOut(tuple(sorted(months)), tuple(of_months), tuple(older) if older_listed else None, not_now)


def by_project(item: OpenItem) -> tuple[int, str, str, int]:
    """The order of projects, then of days."""
    return item.workspace_id, str(item.day), item.item_type.value, item.item_id


def above_limit(found: LeftOut, most: Decimal) -> Iterator[str]:
    """What of the months of a sheet is left out beyond ``largest_left_out``, per currency."""
    for currency, total in sums_by_currency(found.items).items():
        if total.unknown:
            yield f"the worth of {count_of(total.unknown, 'item')} in {currency} that are left out is not known"
        elif abs(total.amount) > most:
            yield f"{currency} {money(total.amount)} is open in Kantata and not in this file"
