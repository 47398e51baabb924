"""What a client asks for with POST /invoices, and what forbids it: the request's own form, then the store's state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from http import HTTPStatus
from typing import Any

from sqlalchemy import Connection, RowMapping, exists, func, select

from importer.sandbox import store
from importer.sandbox.fields import (
    ADDITIONAL,
    EXPENSE,
    HEADER,
    HELD_LISTS,
    LINE,
    LINE_LISTS,
    REFERENCE,
    TIME_ENTRY,
    Field,
    Value,
)
from importer.sandbox.refusals import SYSTEM, Complaint, Refused, errors_body, invalid
from importer.sandbox.requests import Body

WORKSPACE = Field("workspace_id", Value.ID)


@dataclass(frozen=True, slots=True)
class Line:
    """A fixed-fee or additional item."""

    field: str
    """Its list on the invoice."""
    index: int | None
    """Place in its list, from 0, for complaints."""
    values: Mapping[str, Any]
    """Column → value, of the fields of a line."""


@dataclass(frozen=True, slots=True)
class Demand:
    """A well-formed request for an invoice."""

    workspace_ids: tuple[int, ...]
    multi_project: bool
    held: Mapping[str, tuple[int, ...]]
    """Field of the invoice → ids, for the three id lists."""
    header: Mapping[str, Any]
    """Column → value, of the invoice's own fields."""
    lines: tuple[Line, ...] = ()
    external_reference: Mapping[str, Any] | None = None
    """Column → value."""


# --- the request's own form ---


def read_demand(raw: Mapping[str, Any], today: date) -> Demand:
    """Read the ``invoice`` object; Refused (422) with everything that is wrong in it."""
    complaints: list[Complaint] = []
    body = Body(raw, complaints)
    spaces = _spaces(body)
    held = {name: body.ids(name) for name in HELD_LISTS}
    lines = tuple(_lines(body))
    if not any(raw.get(name) for name in (*HELD_LISTS, *LINE_LISTS)):
        body.complain(
            "base",
            "At least one time entry, expense, milestone, fixed fee item or additional item is required",
        )

    header = read_all(HEADER, body)
    header["invoice_date"] = header["invoice_date"] or today.isoformat()
    check_due_date(body, header["invoice_date"], header["payment_schedule"] or 0)

    reference = None
    if (part := body.object("external_reference")) is not None:
        reference = read_all(REFERENCE, part)
    if complaints:
        raise invalid(complaints)
    return Demand(spaces, body.has("workspace_ids"), held, header, lines, reference)


def read_all(fields: Sequence[Field], body: Body) -> dict[str, Any]:
    """Read every field of a table: column → value, without the columns that are not stored."""
    values = {}
    for field in fields:
        value = body.read(field)
        if field.stored:
            values[field.column] = value
    return values


def check_due_date(body: Body, day: str, schedule: int) -> None:
    """Complain about a due date that no calendar has."""
    try:
        _ = date.fromisoformat(day) + timedelta(days=schedule)
    except OverflowError:
        body.complain("payment_schedule", "is too large")


def _spaces(body: Body) -> tuple[int, ...]:
    single, several = body.read(WORKSPACE), body.ids("workspace_ids")
    if body.has("workspace_id") == body.has("workspace_ids"):
        body.complain("workspace_id", "Exactly one of workspace_id and workspace_ids is required")
    elif body.has("workspace_ids") and not several:
        body.complain("workspace_ids", "names no project")
    if single is None:
        return several
    return (single,)


def _lines(body: Body) -> Iterator[Line]:
    for name, kind in LINE_LISTS.items():
        for item in body.objects(name):
            for field in LINE:
                if kind not in field.kinds and item.has(field.name):
                    item.complain(field.name, f"is not allowed on {name.replace('_', ' ')}")
            values = read_all(LINE, item)
            if kind != ADDITIONAL and (values["amount_in_cents"] or 0) < 0:
                item.complain("amount", "must not be negative")
            yield Line(name, item.index, values)


# --- the store's state ---


def check(connection: Connection, demand: Demand) -> list[RowMapping]:
    """Return the projects of a demand in its order; Refused with everything that forbids the invoice."""
    spaces = _projects(connection, demand)
    complaints: list[Complaint] = []
    if len({space["currency"] for space in spaces}) > 1:
        complaints.append(Complaint("workspace_ids", "All projects of an invoice must have the same currency"))
    for name, ids in demand.held.items():
        complaints += _held_complaints(connection, name, ids, spaces)
    for line in demand.lines:
        complaints += [
            Complaint(line.field, message, line.index) for message in _line_complaints(connection, line, demand)
        ]
    if complaints:
        raise invalid(complaints)
    return spaces


def _projects(connection: Connection, demand: Demand) -> list[RowMapping]:
    known = {row["id"]: row for row in connection.execute(select(store.workspaces)).mappings()}
    unknown = []
    for index, id_ in enumerate(demand.workspace_ids):
        message = f"Workspace {id_} could not be found"
        if id_ not in known and demand.multi_project:
            unknown.append(Complaint("workspace_ids", message, index))
        elif id_ not in known:
            unknown.append(Complaint("workspace_id", message))
    if unknown:
        raise invalid(unknown)

    spaces = [known[id_] for id_ in demand.workspace_ids]
    for space in spaces:
        if not space["can_see_financials"]:
            raise Refused(HTTPStatus.FORBIDDEN, errors_body(SYSTEM, f"You may not invoice workspace {space['id']}"))
    return spaces


def _held_complaints(
    connection: Connection,
    name: str,
    ids: Sequence[int],
    spaces: Sequence[RowMapping],
) -> Iterator[Complaint]:
    """Yield what forbids billing the records of one id list."""
    if not ids:
        return
    kind = HELD_LISTS[name]
    table, held = store.HELD_TABLES[kind], store.held_items
    taken = exists().where(held.c.kind == kind, held.c.item_id == table.c.id, held.c.live).label("taken")
    by_id = {space["id"]: space for space in spaces}
    # By project, not by id: an id list has no bound, an SQL statement has.
    rows = connection.execute(select(table, taken).where(table.c.workspace_id.in_(list(by_id)))).mappings()
    records = {row["id"]: row for row in rows}

    title = kind.replace("_", " ").capitalize()
    for index, id_ in enumerate(ids):
        if id_ not in records:
            why: str | None = "could not be found in this invoice's workspaces"
        else:
            why = _forbids(kind, records[id_], by_id[records[id_]["workspace_id"]])
        if why is not None:
            yield Complaint(name, f"{title} {id_} {why}", index)


def _forbids(kind: str, record: RowMapping, space: RowMapping) -> str | None:
    """Return why a record cannot be billed; None when it can."""
    if record["taken"]:
        return "has already been invoiced"
    if not record.get("billable", record.get("is_billable", True)):
        return "is not billable"
    needed = {TIME_ENTRY: space["require_time_approvals"], EXPENSE: space["require_expense_approvals"]}
    if needed.get(kind) and not record["approved"]:
        return "has not been approved"
    return None


def _line_complaints(connection: Connection, line: Line, demand: Demand) -> Iterator[str]:
    space, story = line.values["workspace_id"], line.values["story_id"]
    spaces = demand.workspace_ids
    if space is None and demand.multi_project:
        yield "workspace_id is required on a multi-project invoice"
    if space is not None:
        if space not in spaces:
            yield "workspace_id is not one of the invoice's workspaces"
        spaces = (space,)

    if story is not None:
        table = store.stories
        matching = select(func.count()).where(table.c.id == story, table.c.workspace_id.in_(spaces))
        if not connection.scalar(matching):
            yield f"story_id: story {story} could not be found in this workspace"
