"""Lists of what is open: looked at again record by record, and bounded."""

from __future__ import annotations

import json
import math
from datetime import date
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from scripted import Request, Scripted, http

from importer.kantata.open_items import OpenQuery, list_open
from importer.model.errors import NotReached
from importer.model.invoices import ItemType

if TYPE_CHECKING:
    from collections.abc import Callable

    from importer.kantata.client import KantataApi

OCTOBER = OpenQuery(date(2026, 10, 1), date(2026, 10, 31), seconds=math.inf)  # began with the suite
TIME, MILESTONE = ItemType.TIME_ENTRY, ItemType.BILLING_MILESTONE


def entry(**fields: object) -> dict[str, object]:
    """Return a time entry of October that is open."""
    return {"workspace_id": "101", "date_performed": "2026-10-05", "is_invoiced": False, "billable": True, **fields}


def page(route: str, records: dict[int, dict[str, object]], *, count: int | None = None, pages: int = 1) -> bytes:
    """Write one page of a list, with the count that it claims."""
    count = len(records) if count is None else count
    envelope: dict[str, Any] = {
        "count": count,
        "results": [{"key": route, "id": str(id_)} for id_ in records],
        route: {str(id_): {"id": str(id_), **record} for id_, record in records.items()},
        "meta": {"count": count, "page_count": pages, "page_number": 1, "page_size": 200},
    }
    return http(200, json.dumps(envelope))


def query_of(request: Request) -> dict[str, str]:
    """Return the query of a request."""
    return {name: values[0] for name, values in parse_qs(urlsplit(request.target).query).items()}


def listed(api: KantataApi, kind: ItemType = TIME, query: OpenQuery = OCTOBER) -> list[int]:
    """Return the ids that are listed."""
    return [each.item.item_id for each in list_open(api, kind, query).items]


def test_every_record_is_looked_at_again(connect: Callable[..., KantataApi]) -> None:
    """A server that ignores the filters returns the whole account: what is billed, or of other days, is dropped."""
    records = {
        1: entry(),
        2: entry(is_invoiced=True),
        3: entry(billable=False),
        4: entry(date_performed="2026-11-01"),
        5: entry(date_performed="2026-09-30"),
        6: entry(workspace_id=None),
    }
    with Scripted([page("time_entries", records)]) as server:
        assert listed(connect(server.base_url)) == [1, 5]
        query = query_of(server.received[0])
    assert query["date_performed_between"] == "2000-01-01:2026-10-31"
    assert {name: query[name] for name in ("uninvoiced", "on_my_account", "from_archived_workspaces")} == {
        "uninvoiced": "true",
        "on_my_account": "false",
        "from_archived_workspaces": "true",
    }


def test_only_the_projects_that_were_asked_for(connect: Callable[..., KantataApi]) -> None:
    """The filter may be ignored, so it is held against each record."""
    records = {1: entry(), 2: entry(workspace_id="102")}
    with Scripted([page("time_entries", records)]) as server:
        query = OpenQuery(OCTOBER.first, OCTOBER.last, projects=(102,))
        assert listed(connect(server.base_url), query=query) == [2]
        assert query_of(server.received[0])["workspace_ids"] == "102"


def test_a_billed_milestone_is_not_open(connect: Callable[..., KantataApi]) -> None:
    """Milestones have no filter for it: their invoices say so; one without a date is kept, to be named."""
    milestone = {"workspace_id": "101", "amount_in_cents": 100, "date_to_invoice": "2026-10-05"}
    records = {1: {**milestone, "invoice_ids": ["7"]}, 2: {**milestone, "date_to_invoice": None}, 3: milestone}
    answer = json.loads(page("billing_milestones", records).partition(b"\r\n\r\n")[2])
    answer["invoices"] = {"7": {"status": "new", "draft": True}}
    with Scripted([http(200, json.dumps(answer))]) as server:
        assert listed(connect(server.base_url), MILESTONE) == [2, 3]


def test_a_list_that_changes_while_it_is_read_is_read_again(connect: Callable[..., KantataApi]) -> None:
    """An entry that vanishes moves all later ones by a place: one of them is on no page."""
    first, shifted = page("time_entries", {1: entry()}, count=3, pages=2), page("time_entries", {3: entry()}, count=2)
    both = page("time_entries", {1: entry(), 2: entry(), 3: entry()})
    with Scripted([first, shifted, both]) as server:
        assert listed(connect(server.base_url)) == [1, 2, 3]
    other = page("time_entries", {4: entry()}, count=2)
    with Scripted([first, shifted, first, other]) as server, pytest.raises(NotReached, match="changed while"):
        listed(connect(server.base_url))


def test_a_list_that_counts_more_than_it_shows_for_good_is_said(connect: Callable[..., KantataApi]) -> None:
    """This user may not see all of it; what is shown counts."""
    with Scripted([page("time_entries", {1: entry()}, count=3)]) as server:
        found = list_open(connect(server.base_url), TIME, OCTOBER)
    assert [each.item.item_id for each in found.items] == [1]
    assert found.facts == "Kantata's list of open time entries counts 3 and shows 1"


def test_a_page_that_does_not_show_what_it_names_proves_nothing(connect: Callable[..., KantataApi]) -> None:
    """An entry that is named without its record would be left out silently."""
    answer = json.loads(page("time_entries", {1: entry(), 2: entry()}).partition(b"\r\n\r\n")[2])
    del answer["time_entries"]["2"]
    with Scripted([http(200, json.dumps(answer))]) as server, pytest.raises(NotReached, match="does not show all"):
        listed(connect(server.base_url))


def test_too_much_older_work_leaves_the_months_alone(connect: Callable[..., KantataApi]) -> None:
    """They are asked for by themselves then, and it is said that older work was not listed."""
    many, few = page("time_entries", {1: entry()}, count=20_001, pages=101), page("time_entries", {1: entry()})
    with Scripted([many, few]) as server:
        found = list_open(connect(server.base_url), TIME, OCTOBER)
        assert [each.item.item_id for each in found.items] == [1]
        assert not found.older_listed
        assert query_of(server.received[1])["date_performed_between"] == "2026-10-01:2026-10-31"
    with Scripted([many]) as server, pytest.raises(NotReached, match="more than 20,000 open time entries"):
        listed(connect(server.base_url))
    assert len(server.received) == 2


def test_the_time_for_all_lists_is_bounded(connect: Callable[..., KantataApi]) -> None:
    """A slow account does not keep a preview waiting without end."""
    query = OpenQuery(OCTOBER.first, OCTOBER.last, seconds=0)
    with Scripted([page("time_entries", {1: entry()})]) as server, pytest.raises(NotReached, match="took longer"):
        listed(connect(server.base_url), query=query)
