"""What Kantata shows of projects, items and tasks, asked for by id in few calls and read leniently.

Filters may be ignored by the server, so every record is checked again here:
what was not asked for is dropped, and “absent” counts only where no stranger
came along (kantata-api.md sections 1 and 3).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Generic, TypeVar

from importer.kantata_api.answers import page_count
from importer.kantata_api.lenient import whole
from importer.kantata_api.shown import (
    BillableItem,
    Holder,
    Project,
    Task,
    holder_in,
    item_in,
    project_in,
    records_in,
)
from importer.records import ItemType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from importer.kantata_api.client import KantataApi
    from importer.kantata_api.shown import Answer

IDS_PER_CALL = 200
MOST_NUMBER_CALLS = 8
"""GETs spent on invoice numbers: one each for so many numbers, else so many pages of the newest invoices."""
T = TypeVar("T")

_ROUTES: dict[ItemType, tuple[str, dict[str, str]]] = {
    ItemType.TIME_ENTRY: (
        "time_entries", {"include": "invoice", "on_my_account": "false", "from_archived_workspaces": "true"},
    ),
    ItemType.EXPENSE: ("expenses", {"on_my_account": "false", "from_archived_workspaces": "true"}),
    ItemType.BILLING_MILESTONE: ("billing_milestones", {"include": "invoices"}),
}  # fmt: skip
"""Route and parameters per item type; without them default filters hide valid records."""


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """Records by their ids, and what can be said of those that did not come."""

    records: Mapping[int, T] = field(default_factory=dict)
    certain: frozenset[int] = frozenset()
    """Ids whose absence means something: they were asked for, and the answer held to the filter."""
    strangers: int = 0
    """Records that came without having been asked for."""

    def lacks(self, record_id: int) -> bool:
        """Whether it was asked for and is surely not shown."""
        return record_id in self.certain and record_id not in self.records


def find_projects(api: KantataApi, ids: Iterable[int], seen: Found[Project]) -> Found[Project]:
    """Ask for projects that were not seen yet, also archived ones.

    Raises NotReached or AccessDenied, as all of these do.
    """
    query = {"include_archived": "true"}
    new = _found(api, "workspaces", set(ids) - set(seen.records), query, lambda id_, one, _: project_in(id_, one))
    return Found({**seen.records, **new.records}, seen.certain | new.certain, new.strangers)


def find_items(api: KantataApi, item_type: ItemType, ids: Iterable[int]) -> Found[BillableItem]:
    """Ask for time entries, expenses or milestones."""
    route, query = _ROUTES[item_type]
    return _found(api, route, ids, query, lambda id_, record, answer: item_in(item_type, id_, record, answer))


def find_tasks(api: KantataApi, ids: Iterable[int]) -> Found[Task]:
    """Ask for tasks, also archived ones."""
    query = {"show_archived": "true", "show_from_archived_workspaces": "true"}
    return _found(api, "stories", ids, query, lambda id_, record, _: Task(id_, whole(record.get("workspace_id"))))


def projects_matching(api: KantataApi, words: str | None) -> Iterator[Project]:
    """Yield the projects whose title holds the words, or all; the caller compares the titles itself."""
    query = {"include_archived": "true"} | ({} if words is None else {"matching": words})
    for answer in api.ask("workspaces", query):
        yield from (project_in(id_, record) for id_, record in records_in(answer, "workspaces"))


def find_numbers(api: KantataApi, numbers: Iterable[int]) -> Found[tuple[Holder, ...]]:
    """Ask which invoices have one of the numbers.

    The filter takes one number, so many numbers are looked for among the newest
    invoices instead; when there are more of those, no absence is certain.
    """
    wanted = set(numbers)
    if len(wanted) <= MOST_NUMBER_CALLS:
        answers = [next(api.ask("invoices", {"user_invoice_number": str(one)})) for one in sorted(wanted)]
        return _numbered(answers, wanted, filtered=True)
    answers = list(islice(api.ask("invoices", {"order": "created_at:desc"}), MOST_NUMBER_CALLS))
    found = _numbered(answers, wanted, filtered=False)
    pages = page_count(answers[-1], IDS_PER_CALL)
    whole_account = pages is not None and pages <= len(answers)
    return found if whole_account else Found(found.records)


def _numbered(answers: list[Answer], wanted: set[int], *, filtered: bool) -> Found[tuple[Holder, ...]]:
    found: dict[int, tuple[Holder, ...]] = {}
    strangers = 0
    for answer in answers:
        for invoice_id, record in records_in(answer, "invoices"):
            number = whole(record.get("user_invoice_number"))
            if number in wanted and number is not None:
                found[number] = (*found.get(number, ()), holder_in(str(invoice_id), record))
            else:
                strangers += filtered
    return Found(found, frozenset() if strangers else frozenset(wanted), strangers)


def _found(
    api: KantataApi, route: str, ids: Iterable[int], query: dict[str, str], read: Callable[[int, Answer, Answer], T]
) -> Found[T]:
    wanted = sorted(set(ids))
    records: dict[int, T] = {}
    certain: set[int] = set()
    strangers = 0
    for at in range(0, len(wanted), IDS_PER_CALL):
        chunk = wanted[at : at + IDS_PER_CALL]
        own, foreign, told = _asked(api, route, chunk, query, read)
        records |= own
        strangers += foreign
        if told and not foreign:
            certain.update(chunk)
    return Found(records, frozenset(certain), strangers)


def _asked(
    api: KantataApi, route: str, chunk: list[int], query: dict[str, str], read: Callable[[int, Answer, Answer], T]
) -> tuple[dict[int, T], int, bool]:
    """One call, or more when the server cuts its pages shorter: own records, strangers, whether it was an answer."""
    own: dict[int, T] = {}
    told, wanted = True, set(chunk)
    for answer in api.ask(route, {"only": ",".join(map(str, chunk))} | query):
        shown = list(records_in(answer, route))
        mine = [(id_, record) for id_, record in shown if id_ in wanted]
        own |= {id_: read(id_, record, answer) for id_, record in mine}
        told = told and (isinstance(answer.get(route), dict) or answer.get("results") == [])
        if len(mine) < len(shown):
            return own, len(shown) - len(mine), told
        if not mine or len(own) == len(chunk):
            break
    return own, 0, told
