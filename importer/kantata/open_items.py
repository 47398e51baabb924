"""Time entries, expenses and milestones that are open: listed for the whole account, in few and bounded calls.

The filters are those of docs/kantata.md section 3. They may be ignored, so every record is looked at again: what is
billed, or lies outside the days that were asked for, is dropped.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from typing import Any

from importer.kantata.account import ROUTES, BillableItem, item_in
from importer.kantata.client import PAGE_SIZE, KantataApi
from importer.kantata.lenient import dict_of, list_of, text_of, whole
from importer.kantata.lists import Reading, is_whole, page_count, reading_of, records_in
from importer.model.errors import NotReached
from importer.model.invoices import ItemType

EARLIEST = date(2000, 1, 1)
"""No older work is looked for."""
MOST_INVOICE_PAGES = 5
"""Of 200 invoices each, among which the usual days to pay are looked for."""
_OPEN: dict[ItemType, dict[str, str]] = {
    ItemType.TIME_ENTRY: {"uninvoiced": "true", "billable": "true"},
    ItemType.EXPENSE: {"uninvoiced": "true"},
    ItemType.BILLING_MILESTONE: {},
}
"""Filters for what is open; milestones have none."""
_BETWEEN = {
    ItemType.TIME_ENTRY: "date_performed_between",
    ItemType.EXPENSE: "date_expensed_between",
    ItemType.BILLING_MILESTONE: "date_between",
}
_NAMES = {ItemType.TIME_ENTRY: "invoice,story,user", ItemType.EXPENSE: "user"}
"""What is included so that people and tasks have names."""
_MANY = {
    ItemType.TIME_ENTRY: "time entries",
    ItemType.EXPENSE: "expenses",
    ItemType.BILLING_MILESTONE: "billing milestones",
}


@dataclass(frozen=True, slots=True)
class Listed:
    """An item that Kantata lists as open, with the names that came along."""

    item_type: ItemType
    item: BillableItem
    person: str | None = None
    task: str | None = None


@dataclass(frozen=True, slots=True)
class OpenList:
    """What Kantata lists of one kind."""

    items: tuple[Listed, ...]
    facts: str | None
    """What Kantata counts and what it shows, where that differs for good."""
    older_listed: bool = True
    """Whether what lies before the first day is in it too."""


def _nothing(_count: int) -> None:
    """Say nothing of the progress."""


@dataclass(frozen=True, slots=True)
class OpenQuery:
    """What is looked for, and how long."""

    first: date
    last: date
    """No work after this day is wanted, but milestones of any day are."""
    named: bool = False
    """Whether people and tasks are to have names."""
    projects: Collection[int] = ()
    """Only these; empty: all. Expenses are asked for of all, as their filter takes one project."""
    most_pages: int = 100
    """Of 200 records each, for one kind."""
    seconds: float = 120
    """For all kinds together."""
    began: float = field(default_factory=time.monotonic)
    progress: Callable[[int], None] = _nothing
    """Called after each page with the number of its records."""


def list_open(api: KantataApi, kind: ItemType, query: OpenQuery) -> OpenList:
    """List what is open of one kind up to the last day; where that is too much, from the first day on.

    Raises NotReached or AccessDenied.
    """
    dated = {_BETWEEN[kind]: f"{query.first}:{query.last}"}
    everything = {} if kind is ItemType.BILLING_MILESTONE else {_BETWEEN[kind]: f"{EARLIEST}:{query.last}"}
    for dates, older_listed in ((everything, True), (dated, False)):
        found = _read_twice(api, kind, dates, query)
        if found is not None:
            items, reading = found
            facts = None if reading.agrees else f"Kantata's list of open {_MANY[kind]} {reading.facts}"
            return OpenList(items, facts, older_listed)
    most = query.most_pages * PAGE_SIZE
    raise NotReached(f"Kantata lists more than {most:,} open {_MANY[kind]} of these months.", "Bill a part of them.")


def last_terms(api: KantataApi, projects: Collection[int]) -> dict[int, int]:
    """Days to pay of the newest invoice of each project, among the newest invoices of the account."""
    found: dict[int, int] = {}
    query = {"order": "created_at:desc", "include": "workspaces"}
    for answer in islice(api.ask("invoices", query), MOST_INVOICE_PAGES):
        for number, days in _terms_in(answer):
            if number in projects:
                found.setdefault(number, days)
        if len(found) == len(projects):
            break
    return found


def _terms_in(answer: dict[str, Any]) -> Iterator[tuple[int, int]]:
    """Project and days to pay of each live invoice, in the order of the answer."""
    invoices = dict_of(answer.get("invoices"))
    for result in list_of(answer.get("results")):
        record = dict_of(invoices.get(text_of(dict_of(result).get("id")) or ""))
        days = whole(record.get("payment_schedule"))
        if days is None or record.get("status") == "cancelled":
            continue
        for number in map(whole, list_of(record.get("workspace_ids"))):
            if number is not None:
                yield number, days


_Found = tuple[tuple[Listed, ...], Reading]


def _read_twice(api: KantataApi, kind: ItemType, dates: dict[str, str], query: OpenQuery) -> _Found | None:
    """The items of a list; None when it has too many pages. One that counts otherwise than it shows is read again.

    What shows the same then counts so for good: this user may not see all of it.
    """
    found = _read(api, kind, dates, query)
    if found is None or found[1].agrees:
        return found
    again = _read(api, kind, dates, query)
    if again is not None and not again[1].agrees and again[1] != found[1]:
        msg = f"Kantata's list of open {_MANY[kind]} changed while it was read."
        raise NotReached(msg, "Run again later.")
    return again


def _read(api: KantataApi, kind: ItemType, dates: dict[str, str], query: OpenQuery) -> _Found | None:
    items: dict[int, Listed] = {}
    route, slim = ROUTES[kind][0], []
    for answer in api.ask(route, _filters(kind, query) | dates):
        pages = page_count(answer, PAGE_SIZE)
        if pages is not None and pages > query.most_pages:
            return None
        _refuse_part(kind, answer)
        for item_id, record in records_in(answer, route):
            listed = _listed(kind, item_id, record, answer)
            if _is_wanted(listed, query):
                items[item_id] = listed
        ids = dict.fromkeys(dict_of(answer.get(route)))
        slim.append({"count": answer.get("count"), "meta": answer.get("meta"), route: ids})
        query.progress(len(ids))
        if time.monotonic() - query.began > query.seconds:
            msg = f"Kantata's lists of open {_MANY[kind]} took longer than {query.seconds:.0f} s."
            raise NotReached(msg, "Run again later.")
    return tuple(items.values()), reading_of(slim, route)


def _refuse_part(kind: ItemType, answer: dict[str, Any]) -> None:
    """Raise NotReached for a page that does not show all that it names."""
    if not is_whole(answer, ROUTES[kind][0]):
        msg = f"Kantata's list of open {_MANY[kind]} does not show all that it names."
        raise NotReached(msg, "Run again later.")


def _filters(kind: ItemType, query: OpenQuery) -> dict[str, str]:
    filters = ROUTES[kind][1] | _OPEN[kind]
    if query.named and kind in _NAMES:
        filters |= {"include": _NAMES[kind]}
    if query.projects and kind is not ItemType.EXPENSE:
        filters |= {"workspace_ids": ",".join(map(str, sorted(query.projects)))}
    return filters


def _listed(kind: ItemType, item_id: int, record: dict[str, Any], answer: dict[str, Any]) -> Listed:
    item = item_in(kind, item_id, record, answer)
    person = dict_of(dict_of(answer.get("users")).get(text_of(record.get("user_id")) or ""))
    task = dict_of(dict_of(answer.get("stories")).get(text_of(record.get("story_id")) or ""))
    return Listed(kind, item, text_of(person.get("full_name")), text_of(task.get("title")))


def _is_wanted(listed: Listed, query: OpenQuery) -> bool:
    """Whether it is open, may be billed at all, and is of the days and projects that were asked for."""
    item = listed.item
    if item.billable is False or item.invoiced or item.workspace_id is None:
        return False
    if query.projects and item.workspace_id not in query.projects:
        return False
    if listed.item_type is ItemType.BILLING_MILESTONE:
        return all(holder.cancelled is not False for holder in item.holders)
    return item.day is None or item.day <= query.last
