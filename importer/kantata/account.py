"""Projects, time entries, expenses, milestones, tasks and invoice numbers: asked for by id in few calls.

None stands for whatever Kantata does not say (docs/kantata.md section 1). Filters may be ignored by the server, so
every record is checked again here: what was not asked for is dropped, and “absent” counts only where no stranger came
along.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from itertools import islice
from typing import Any, Generic, TypeVar

from importer.kantata.client import IDS_PER_CALL, KantataApi, chunks
from importer.kantata.lenient import BASE_UNITS, dict_of, list_of, text_of, whole
from importer.kantata.lists import page_count, records_in
from importer.model.errors import AccessDenied, NotReached
from importer.model.invoices import ItemType

Answer = dict[str, Any]

CLIENT_LEAD = "client_lead_name"
"""A field of projects that is shown on request only."""
MINUTES_PER_HOUR = 60
MOST_NUMBER_CALLS = 8
"""GETs spent on invoice numbers: one each for so many numbers, else so many pages of the newest invoices."""
T = TypeVar("T")

ROUTES: dict[ItemType, tuple[str, dict[str, str]]] = {
    ItemType.TIME_ENTRY: (
        "time_entries",
        {"include": "invoice", "on_my_account": "false", "from_archived_workspaces": "true"},
    ),
    ItemType.EXPENSE: ("expenses", {"on_my_account": "false", "from_archived_workspaces": "true"}),
    ItemType.BILLING_MILESTONE: ("billing_milestones", {"include": "invoices"}),
}
"""Route and parameters per item type; without them default filters hide valid records."""
DAYS = {
    ItemType.TIME_ENTRY: "date_performed",
    ItemType.EXPENSE: "date",
    ItemType.BILLING_MILESTONE: "date_to_invoice",
}
"""The field that dates each kind of item."""


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
    needs_approval: Mapping[ItemType, bool | None] = field(default_factory=dict)
    """Whether only approved time, or only expenses of an approved report, may be billed."""
    lacks_client_lead: bool | None = None
    """Whether there is no client lead, who would be the recipient of its invoices."""
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
    """Invoices that it is on, as far as Kantata says; an expense names none."""
    approved: bool | None = None
    billable: bool | None = None
    cents: Fraction | None = None
    """Exact value in hundredths (see :attr:`Project.base_unit`), not rounded."""
    currency: str | None = None
    due: date | None = None
    """date_to_invoice of a milestone."""
    upon_completion: bool = False
    """Whether a milestone is billed when its work is done, not on a fixed date."""
    rate_cents: int | None = None
    """Of a time entry, per hour, in hundredths."""
    minutes: int | None = None
    """Length of a time entry."""
    day: date | None = None
    """When the work was done or the money spent; of a milestone, when it is to be invoiced."""
    text: str | None = None
    """What it is for: its notes, title or category."""

    @property
    def words(self) -> str | None:
        """“Review with the client, 2026-10-27”, as far as it is known; the day of a milestone is no part of it."""
        day = str(self.day) if self.day is not None and self.due is None else None
        return ", ".join(filter(None, (self.text, day))) or None


@dataclass(frozen=True, slots=True)
class Task:
    """A task, which Kantata calls a story."""

    task_id: int
    workspace_id: int | None = None


def project_in(project_id: int, record: Answer) -> Project:
    """Read a project."""
    base_unit = whole(record.get("currency_base_unit"))
    permissions = dict_of(record.get("permissions"))
    return Project(
        project_id,
        title=_text(record.get("title")),
        archived=_truth(record.get("archived")),
        currency=_text(record.get("currency")),
        base_unit=base_unit if base_unit in BASE_UNITS else None,
        needs_approval={
            ItemType.TIME_ENTRY: _truth(record.get("require_time_approvals")),
            ItemType.EXPENSE: _truth(record.get("require_expense_approvals")),
        },
        lacks_client_lead=None if CLIENT_LEAD not in record else _text(record[CLIENT_LEAD]) is None,
        sees_finances=_truth(permissions.get("can_see_financials")),
    )


def item_in(item_type: ItemType, item_id: int, record: Answer, answer: Answer) -> BillableItem:
    """Read a time entry, expense or milestone, with its invoices out of the same answer."""
    return BillableItem(
        item_id,
        workspace_id=whole(record.get("workspace_id")),
        invoiced=_truth(record.get("is_invoiced")),
        holders=tuple(_holders(record, answer)),
        approved=_truth(record.get("approved")),
        billable=_truth(record.get("is_billable" if item_type is ItemType.EXPENSE else "billable")),
        cents=_cents(item_type, record),
        currency=_text(record.get("currency")),
        due=_day(record.get("date_to_invoice")),
        upon_completion=record.get("billing_type") == "upon_completion",
        rate_cents=whole(record.get("rate_in_cents")),
        minutes=whole(record.get("time_in_minutes")),
        day=_day(record.get(DAYS[item_type])),
        text=_text(record.get("notes")) or _text(record.get("title")) or _text(record.get("category")),
    )


def _cents(item_type: ItemType, record: Answer) -> Fraction | None:
    """Exact worth of an item in hundredths; of a time entry, its rate per hour times its minutes."""
    if item_type is ItemType.TIME_ENTRY:
        rate, minutes = whole(record.get("rate_in_cents")), whole(record.get("time_in_minutes"))
        return None if rate is None or minutes is None else Fraction(rate * minutes, MINUTES_PER_HOUR)
    cents = whole(record.get("amount_in_cents"))
    return None if cents is None else Fraction(cents)


def _holders(record: Answer, answer: Answer) -> Iterator[Holder]:
    shown = dict(records_in(answer, "invoices"))
    for invoice_id in (*list_of(record.get("invoice_ids")), record.get("invoice_id")):
        name = _text(invoice_id)
        if name is not None:
            yield holder_in(name, shown.get(whole(invoice_id) or 0, {}))


def holder_in(invoice_id: str, record: Answer) -> Holder:
    """Read an invoice as the holder of something; an empty record where the answer does not show it."""
    status = _text(record.get("status"))
    cancelled = None if status is None else status == "cancelled"
    return Holder(invoice_id, cancelled, _truth(record.get("draft")))


def _text(value: object) -> str | None:
    return (text_of(value) or "").strip() or None


def _truth(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _day(value: object) -> date | None:
    try:
        return date.fromisoformat(value[:10]) if isinstance(value, str) else None
    except ValueError:
        return None


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
    query = {"include_archived": "true", "optional_fields": CLIENT_LEAD}
    new = _found(api, "workspaces", set(ids) - set(seen.records), query, lambda id_, record, _: project_in(id_, record))
    return Found({**seen.records, **new.records}, seen.certain | new.certain, new.strangers)


def find_items(api: KantataApi, item_type: ItemType, ids: Iterable[int]) -> Found[BillableItem]:
    """Ask for time entries, expenses or milestones."""
    route, query = ROUTES[item_type]
    return _found(api, route, ids, query, lambda id_, record, answer: item_in(item_type, id_, record, answer))


def with_approvals(api: KantataApi, expenses: Found[BillableItem], ids: Iterable[int]) -> Found[BillableItem]:
    """The expenses, those of ``ids`` with whether they are on an approved report.

    An expense does not show it: what the list of approved ones lacks is not approved (docs/kantata.md section 3).
    """
    route, query = ROUTES[ItemType.EXPENSE]
    wanted = set(ids) & set(expenses.records)
    approved = _found(api, route, wanted, query | {"approved": "true"}, lambda id_, _record, _answer: id_)
    records = dict(expenses.records)
    for id_ in wanted:
        if id_ in approved.records or approved.lacks(id_):
            records[id_] = replace(records[id_], approved=id_ in approved.records)
    return replace(expenses, records=records, strangers=expenses.strangers + approved.strangers)


def find_tasks(api: KantataApi, ids: Iterable[int]) -> Found[Task]:
    """Ask for tasks, also archived ones."""
    query = {"show_archived": "true", "show_from_archived_workspaces": "true"}
    return _found(api, "stories", ids, query, lambda id_, record, _: Task(id_, whole(record.get("workspace_id"))))


def projects_matching(api: KantataApi, words: str | None) -> Iterator[Project]:
    """Yield the projects whose title holds the words, or all; the caller compares the titles itself."""
    query = {"include_archived": "true", "optional_fields": CLIENT_LEAD}
    if words is not None:
        query["matching"] = words
    for answer in api.ask("workspaces", query):
        yield from (project_in(id_, record) for id_, record in records_in(answer, "workspaces"))


def find_numbers(api: KantataApi, numbers: Iterable[int]) -> Found[tuple[Holder, ...]]:
    """Ask which invoices have one of the numbers.

    The filter takes one number, so many numbers are looked for among the newest
    invoices instead; when there are more of those, no absence is certain.
    """
    wanted = set(numbers)
    if len(wanted) <= MOST_NUMBER_CALLS:
        answers = [next(api.ask("invoices", {"user_invoice_number": str(number)})) for number in sorted(wanted)]
        return _numbered(answers, wanted, filtered=True)
    answers = list(islice(api.ask("invoices", {"order": "created_at:desc"}), MOST_NUMBER_CALLS))
    found = _numbered(answers, wanted, filtered=False)
    pages = page_count(answers[-1], IDS_PER_CALL)
    whole_account = pages is not None and pages <= len(answers)
    return found if whole_account else Found(found.records)


def find_next_number(api: KantataApi) -> int | None:
    """The number that Kantata gives next; None when it does not say: no more than a warning rests on it."""
    with suppress(AccessDenied, NotReached):
        return whole(next(api.ask("invoices/next_invoice_number", {})).get("next_invoice_number"))
    return None


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
    records: dict[int, T] = {}
    certain: set[int] = set()
    strangers = 0
    for chunk in chunks(sorted(set(ids))):
        asked = _asked(api, route, chunk, query, read)
        records |= asked.records
        certain |= asked.certain
        strangers += asked.strangers
    return Found(records, frozenset(certain), strangers)


def _asked(
    api: KantataApi, route: str, chunk: Sequence[int], query: dict[str, str], read: Callable[[int, Answer, Answer], T]
) -> Found[T]:
    """Ask for the records of one call; in more calls when the server cuts its pages shorter."""
    records: dict[int, T] = {}
    answered, wanted = True, set(chunk)
    for answer in api.ask(route, {"only": ",".join(map(str, chunk))} | query):
        answered = answered and (isinstance(answer.get(route), dict) or answer.get("results") == [])
        own = strangers = 0
        for record_id, record in records_in(answer, route):
            if record_id in wanted:
                records[record_id] = read(record_id, record, answer)
                own += 1
            else:
                strangers += 1
        if strangers:
            return Found(records, frozenset(), strangers)
        if not own or len(records) == len(chunk):
            break
    return Found(records, frozenset(chunk) if answered else frozenset())
