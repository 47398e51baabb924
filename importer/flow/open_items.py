"""Look for what is open in the account, and say what of it a sheet leaves out."""

from __future__ import annotations

import calendar
import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING

from importer.checking.invoice_dates import DATE, month_of_batch
from importer.flow.named_records import kept_back
from importer.kantata.account import BillableItem, Found, Project, find_items, find_projects, with_approvals
from importer.kantata.open_items import Listed, OpenQuery, list_open
from importer.model.errors import AccessDenied, GateRefused, NotReached
from importer.model.headers import known_headers
from importer.model.invoices import BY_ID, ItemType
from importer.model.plans import Status
from importer.model.problems import error_rows
from importer.planning.account import RECORDS
from importer.planning.open_items import ItemKey, above_limit, left_out, month_of, open_item
from importer.planning.unused_ids import possible_ids, unused_ids
from importer.sending.presence import sent_after

if TYPE_CHECKING:
    from importer.flow.prepared import Prepared, Tools
    from importer.kantata.client import KantataApi
    from importer.model.open_items import OpenItem
    from importer.model.remembered import LedgerEntry
    from importer.model.sheet import SheetLine


TRIED_IDS = 100
"""Numbers of unused columns that are asked for where what is open is not listed; all, where one of these is an id."""
NOT_COUNTED = "What else is open in Kantata was not counted for that reason."


@dataclass(frozen=True, slots=True)
class OpenWork:
    """What is open in the account."""

    items: tuple[OpenItem, ...]
    older_listed: bool
    """Whether older work than was asked for is in it too."""
    remarks: tuple[str, ...] = ()
    """What Kantata counts and does not show, in whole sentences."""


def find_open(
    api: KantataApi,
    tools: Tools,
    query: OpenQuery,
    projects: Found[Project],
    today: date,
) -> OpenWork:
    """List what is open, and say of each item whether it can be billed until the last day, or ``today``.

    ``projects`` were seen before. Raises NotReached or AccessDenied.
    """
    lists = [list_open(api, kind, query) for kind in RECORDS]
    listed = list(itertools.chain.from_iterable(each.items for each in lists))
    known = find_projects(api, _projects_of(listed), projects).records
    listed = _with_approvals(api, listed, known)

    entries = tools.ledger.live_by_item((each.item_type, each.item.item_id) for each in listed)
    billed = _still_billed(api, entries, sent_after(tools.settings.settle_seconds, tools.ledger.now()))
    until = min(query.last, today)
    items = []
    for each in listed:
        entry = billed.get((each.item_type, each.item.item_id))
        items.append(open_item(each, known.get(each.item.workspace_id or 0), entry, until))
    remarks = [f"{each.facts}: this token may not see all of it." for each in lists if each.facts]
    return OpenWork(tuple(items), all(each.older_listed for each in lists), tuple(remarks))


def _projects_of(listed: Iterable[Listed]) -> set[int]:
    return {each.item.workspace_id for each in listed if each.item.workspace_id is not None}


def _with_approvals(api: KantataApi, listed: list[Listed], projects: Mapping[int, Project]) -> list[Listed]:
    """The items, expenses with whether they are on an approved report where their project asks for one."""
    expenses: dict[int, BillableItem] = {}
    for each in listed:
        project = projects.get(each.item.workspace_id or 0)
        if each.item_type is ItemType.EXPENSE and project and project.needs_approval.get(ItemType.EXPENSE):
            expenses[each.item.item_id] = each.item
    if not expenses:
        return listed

    judged = with_approvals(api, Found(expenses), expenses).records
    for place, each in enumerate(listed):
        if each.item_type is ItemType.EXPENSE:
            listed[place] = replace(each, item=judged.get(each.item.item_id, each.item))
    return listed


def _still_billed(
    api: KantataApi, entries: Mapping[ItemKey, LedgerEntry], recent_from: datetime
) -> dict[ItemKey, LedgerEntry]:
    """Those of the entries whose invoice stands in Kantata, is in doubt, or is too young to be missed (UTC).

    Of the others Kantata shows the item as open because its invoice was cancelled or deleted there.
    """
    ids = {entry.invoice_id for entry in entries.values() if entry.invoice_id is not None}
    cancelled = {found.invoice_id: found.cancelled for found in api.find_by_ids(ids)} if ids else {}
    standing = {}
    for key, entry in entries.items():
        is_gone = cancelled.get(entry.invoice_id or "", entry.sent_at <= recent_from)
        if entry.invoice_id is None or not is_gone:
            standing[key] = entry
    return standing


# --- what a sheet leaves out ----------------------------------------------------------


def with_left_out(prepared: Prepared, tools: Tools) -> Prepared:
    """The plan with what is open in Kantata and in no row of its sheet; where that fails, it is said."""
    if tools.api is None:
        return prepared
    if not is_asked_for(prepared, tools):
        return prepared if prepared.unreached else _with_unused_ids_of_sheet(prepared, tools)
    if prepared.unreached:  # it was said already, and waiting for Kantata once more would double the time
        return prepared.with_notice(NOT_COUNTED)
    try:
        months = _months_of(prepared, tools.api)
        query = OpenQuery(first_day(min(months)), last_day(max(months)))
        work = find_open(tools.api, tools, query, prepared.account.projects, prepared.started_at.date())
    except (AccessDenied, NotReached) as error:
        return prepared.with_notice(f"{error.message.rstrip('.')}. {NOT_COUNTED}")

    for remark in work.remarks:
        prepared = prepared.with_notice(remark)
    prepared = _with_unused_ids(prepared, tools, work.items)
    found = left_out(work.items, _in_sheet(prepared), months, older_listed=work.older_listed)
    if found.older is None:
        prepared = prepared.with_notice(
            "Too much older work is open in Kantata to be counted; what is left out of the months of this file is."
        )
    return replace(prepared, left_out=replace(found, is_whole=not work.remarks))


def _with_unused_ids(prepared: Prepared, tools: Tools, items: Iterable[OpenItem]) -> Prepared:
    """The plan; rows that bill amounts beside the ids of these items are errors."""
    known = known_headers(own=tools.settings.own_headers)
    not_by_id = list(unused_ids(prepared.sheet, _not_billed_yet(prepared), items, known))
    faulty = error_rows(not_by_id)
    return prepared.with_problems(not_by_id).with_each(lambda planned: kept_back(planned, faulty))


def _with_unused_ids_of_sheet(prepared: Prepared, tools: Tools) -> Prepared:
    """As :func:`_with_unused_ids`, where what is open is not listed: what may be an id is asked for by itself."""
    known = known_headers(own=tools.settings.own_headers)
    ids = sorted(possible_ids(prepared.sheet, _not_billed_yet(prepared), known))
    if tools.api is None or not ids:
        return prepared
    items: list[OpenItem] = []
    try:
        for kind in RECORDS:
            if not find_items(tools.api, kind, ids[:TRIED_IDS]).records:
                continue
            for item in find_items(tools.api, kind, ids).records.values():
                if not item.invoiced:
                    items.append(open_item(Listed(kind, item), None, None, prepared.started_at.date()))
    except (AccessDenied, NotReached):  # what else needs Kantata says so
        return prepared
    return _with_unused_ids(prepared, tools, items)


def _not_billed_yet(prepared: Prepared) -> Iterator[SheetLine]:
    """The lines but those of invoices that exist already: with these it is too late to ask."""
    billed: set[int] = set()
    for planned in prepared.planned:
        if planned.status is Status.ALREADY_CREATED:
            billed.update(planned.invoice.rows)
    return (line for line in prepared.lines if line.row not in billed)


def is_asked_for(prepared: Prepared, tools: Tools) -> bool:
    """Whether the settings and the person want to know what is left out."""
    return tools.settings.completeness and prepared.wish.completeness


def check_left_out(prepared: Prepared, tools: Tools) -> None:
    """Raise GateRefused when more is left out than ``largest_left_out`` allows, or when that is not known."""
    most = tools.settings.largest_left_out
    if most is None:
        return
    found = prepared.left_out
    if found is None or not found.is_whole:
        msg = "Nothing was sent: largest_left_out is set, but what else is open in Kantata is not known."
        hint = (
            "Submit while Kantata can be asked and shows all to this token, without --offline and --no-completeness; "
            "or unset largest_left_out."
        )
        raise GateRefused(msg, hint, code="gate.left_out")
    if over := list(above_limit(found, most)):
        msg = f"Nothing was sent: {', and '.join(over)}, but largest_left_out allows {most:,.2f}."
        hint = "Add the rows of the sheet “Not in this file” to yours, or raise largest_left_out."
        raise GateRefused(msg, hint, code="gate.left_out")


def _in_sheet(prepared: Prepared) -> set[ItemKey]:
    """The time entries, expenses and milestones that any row names, also one with errors."""
    named = set()
    for line in prepared.lines:
        kind, number = line.item_values.get("item_type"), line.item_values.get("item_id")
        if isinstance(kind, ItemType) and kind in BY_ID and isinstance(number, int):
            named.add((kind, number))
    return named


def _months_of(prepared: Prepared, api: KantataApi) -> set[str]:
    """The months in which the work of the sheet lies; without any work, those of its invoice dates, else its batch."""
    months = {month_of(day) for day in _work_days(prepared, api)}
    if months:
        return months
    for line in prepared.lines:
        day = line.invoice_values.get(DATE)
        if isinstance(day, date):
            months.add(month_of(day))
    return months or {month_of_batch(prepared.batch) or month_of(prepared.started_at.date())}


def _work_days(prepared: Prepared, api: KantataApi) -> Iterator[date]:
    """The days of the sheet's own time entries, expenses and milestones, as Kantata has them."""
    by_kind: dict[ItemType, set[int]] = {}
    for kind, number in _in_sheet(prepared):
        by_kind.setdefault(kind, set()).add(number)
    for kind, numbers in by_kind.items():
        known = dict(prepared.account.items[kind].records) if kind in prepared.account.items else {}
        known |= find_items(api, kind, numbers - known.keys()).records
        yield from _days(known.values())


def _days(items: Iterable[BillableItem]) -> Iterator[date]:
    for item in items:
        if item.day is not None:
            yield item.day


def first_day(month: str) -> date:
    """The first day of a month such as 2026-10."""
    return date.fromisoformat(f"{month}-01")


def last_day(month: str) -> date:
    """The last day of a month such as 2026-10."""
    first = first_day(month)
    return first.replace(day=calendar.monthrange(first.year, first.month)[1])
