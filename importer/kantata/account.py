"""Projects, items, tasks and their invoices, read out of Kantata's answers. Pure.

Real answers hold nulls and blanks (kantata-api.md section 1): None stands for
whatever Kantata does not say.

What Kantata shows of projects, items and tasks, asked for by id in few calls and read leniently.

Filters may be ignored by the server, so every record is checked again here:
what was not asked for is dropped, and “absent” counts only where no stranger
came along (kantata-api.md sections 1 and 3).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from itertools import islice
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from importer.kantata.answers import page_count
from importer.kantata.lenient import BASE_UNITS, text_of, whole
from importer.model.invoices import ItemType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from importer.kantata.client import KantataApi

Answer = dict[str, Any]

MINUTES_PER_HOUR = 60


@dataclass(frozen=True, slots=True)
class Project:
    """A project; None where Kantata says nothing."""

    project_id: int
    title: str | None = None
    archived: bool | None = None
    currency: str | None = None
    """Code such as EUR."""
    base_unit: int | None = None
    """“Cents” in one of the main unit: 100, or 1 for currencies without cents."""
    needs_approval: bool | None = None
    """Whether only approved time may be billed."""
    sees_finances: bool | None = None
    """Whether this user may see, and so create, its invoices."""


@dataclass(frozen=True, slots=True)
class Holder:
    """An invoice that holds an item, or has a number."""

    invoice_id: str
    cancelled: bool | None = None
    """None when Kantata does not show it."""
    draft: bool | None = None


@dataclass(frozen=True, slots=True)
class BillableItem:
    """A time entry, expense or billing milestone; None where Kantata says nothing."""

    item_id: int
    workspace_id: int | None = None
    invoiced: bool | None = None
    holders: tuple[Holder, ...] = ()
    """Invoices that it is on, as far as told; an expense tells none."""
    approved: bool | None = None
    billable: bool | None = None
    cents: Fraction | None = None
    """Exact value in hundredths (see :attr:`Project.base_unit`), not rounded."""
    currency: str | None = None
    due: date | None = None
    """date_to_invoice of a milestone."""


@dataclass(frozen=True, slots=True)
class Task:
    """A task, which Kantata calls a story."""

    task_id: int
    workspace_id: int | None = None


def project_in(project_id: int, record: Answer) -> Project:
    """Read a project."""
    permissions = record.get("permissions")
    return Project(
        project_id,
        _text(record.get("title")),
        _truth(record.get("archived")),
        _text(record.get("currency")),
        unit if (unit := whole(record.get("currency_base_unit"))) in BASE_UNITS else None,
        _truth(record.get("require_time_approvals")),
        _truth(permissions.get("can_see_financials")) if isinstance(permissions, dict) else None,
    )


def item_in(item_type: ItemType, item_id: int, record: Answer, answer: Answer) -> BillableItem:
    """Read a time entry, expense or milestone, with its invoices out of the same answer."""
    rate, minutes = whole(record.get("rate_in_cents")), whole(record.get("time_in_minutes"))
    cents = whole(record.get("amount_in_cents"))
    value = None if cents is None else Fraction(cents)
    if item_type is ItemType.TIME_ENTRY:
        value = None if rate is None or minutes is None else Fraction(rate * minutes, MINUTES_PER_HOUR)
    billable = record.get("is_billable" if item_type is ItemType.EXPENSE else "billable")
    return BillableItem(
        item_id,
        whole(record.get("workspace_id")),
        _truth(record.get("is_invoiced")),
        tuple(_holders(record, answer)),
        _truth(record.get("approved")),
        _truth(billable),
        value,
        _text(record.get("currency")),
        _day(record.get("date_to_invoice")),
    )


def _holders(record: Answer, answer: Answer) -> Iterator[Holder]:
    several = record.get("invoice_ids")
    shown = dict(records_in(answer, "invoices"))
    for invoice_id in (*(several if isinstance(several, list) else ()), record.get("invoice_id")):
        if (name := _text(invoice_id)) is not None:
            yield holder_in(name, shown.get(whole(invoice_id) or 0))


def holder_in(invoice_id: str, record: Answer | None) -> Holder:
    """Read an invoice as the holder of something; None when the answer does not show it."""
    status = _text((record or {}).get("status"))
    cancelled = None if status is None else status == "cancelled"
    return Holder(invoice_id, cancelled, _truth((record or {}).get("draft")))


def records_in(answer: Answer, collection: str) -> Iterator[tuple[int, Answer]]:
    """Yield the records of a collection with their ids; a record that is null is an empty one."""
    records = answer.get(collection)
    for id_, record in records.items() if isinstance(records, dict) else ():
        if (number := whole(id_)) is not None:
            yield number, record if isinstance(record, dict) else {}


def _text(value: object) -> str | None:
    return (text_of(value) or "").strip() or None


def _truth(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _day(value: object) -> date | None:
    try:
        return date.fromisoformat(value[:10]) if isinstance(value, str) else None
    except ValueError:
        return None


IDS_PER_CALL = 200
MOST_NUMBER_CALLS = 8
"""GETs spent on invoice numbers: one each for so many numbers, else so many pages of the newest invoices."""
T = TypeVar("T")

_ROUTES: dict[ItemType, tuple[str, dict[str, str]]] = {
    ItemType.TIME_ENTRY: (
        "time_entries",
        {"include": "invoice", "on_my_account": "false", "from_archived_workspaces": "true"},
    ),
    ItemType.EXPENSE: ("expenses", {"on_my_account": "false", "from_archived_workspaces": "true"}),
    ItemType.BILLING_MILESTONE: ("billing_milestones", {"include": "invoices"}),
}
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
