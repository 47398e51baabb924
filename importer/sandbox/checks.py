"""What the store's state forbids: unknown projects, records that cannot be billed (again), mixed currencies."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from sqlalchemy import exists, func, select

from importer.sandbox import tables
from importer.sandbox.demands import HELD_LISTS, Demand, Line
from importer.sandbox.refusals import SYSTEM, Complaint, Refused, errors_body, invalid
from importer.sandbox.worth import time_in_cents

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection, RowMapping, Select, Table

HELD_TABLES: Mapping[str, Table] = {
    tables.TIME_ENTRY: tables.time_entries,
    tables.EXPENSE: tables.expenses,
    tables.BILLING_MILESTONE: tables.billing_milestones,
}
"""Kind of held item → its table."""


def check(connection: Connection, demand: Demand) -> list[RowMapping]:
    """Return the projects of a demand in its order; Refused with everything that forbids the invoice."""
    spaces = _projects(connection, demand)
    complaints: list[Complaint] = []
    if len({space["currency"] for space in spaces}) > 1:
        complaints.append(Complaint("workspace_ids", "All projects of an invoice must have the same currency"))
    for name, ids in demand.held.items():
        complaints += _held_complaints(connection, name, ids, spaces)
    for line in demand.lines:
        complaints += _line_complaints(connection, line, demand)
    if complaints:
        raise invalid(complaints)
    return spaces


def _projects(connection: Connection, demand: Demand) -> list[RowMapping]:
    found = {row["id"]: row for row in connection.execute(select(tables.workspaces)).mappings()}
    field = "workspace_ids" if demand.multi_project else "workspace_id"
    unknown = [
        Complaint(field, f"Workspace {id_} could not be found", index if demand.multi_project else None)
        for index, id_ in enumerate(demand.workspace_ids)
        if id_ not in found
    ]
    if unknown:
        raise invalid(unknown)
    spaces = [found[id_] for id_ in demand.workspace_ids]
    for space in spaces:
        if not space["can_see_financials"]:
            raise Refused(HTTPStatus.FORBIDDEN, errors_body(SYSTEM, f"You may not invoice workspace {space['id']}"))
    return spaces


def _held_complaints(
    connection: Connection,
    name: str,
    ids: Sequence[int],
    spaces: Sequence[RowMapping],
) -> list[Complaint]:
    """Return what forbids billing the records of one id list."""
    if not ids:
        return []
    kind = HELD_LISTS[name]
    table, held = HELD_TABLES[kind], tables.held_items
    taken = exists().where(held.c.kind == kind, held.c.item_id == table.c.id, held.c.live).label("taken")
    by_id = {space["id"]: space for space in spaces}
    # By project, not by id: an id list has no bound, an SQL statement has.
    rows = connection.execute(select(table, taken).where(table.c.workspace_id.in_(list(by_id)))).mappings()
    records = {row["id"]: row for row in rows}
    found = []
    for index, id_ in enumerate(ids):
        record = records.get(id_)
        space = None if record is None else by_id[record["workspace_id"]]
        if (why := _forbids(kind, record, space)) is not None:
            found.append(Complaint(name, f"{kind.replace('_', ' ').capitalize()} {id_} {why}", index))
    return found


def _forbids(kind: str, record: RowMapping | None, space: RowMapping | None) -> str | None:
    """Return why a record cannot be billed; None when it can."""
    if record is None or space is None:
        return "could not be found in this invoice's workspaces"
    if record["taken"]:
        return "has already been invoiced"
    if not record.get("billable", record.get("is_billable", True)):
        return "is not billable"
    if kind == tables.TIME_ENTRY and space["require_time_approvals"] and not record["approved"]:
        return "has not been approved"
    return None


def _line_complaints(connection: Connection, line: Line, demand: Demand) -> list[Complaint]:
    found = []
    if line.workspace_id is None and demand.multi_project:
        found.append("workspace_id is required on a multi-project invoice")
    if line.workspace_id is not None and line.workspace_id not in demand.workspace_ids:
        found.append("workspace_id is not one of the invoice's workspaces")
    if line.story_id is not None:
        of_space = (line.workspace_id,) if line.workspace_id else demand.workspace_ids
        table = tables.stories
        known = (
            select(func.count())
            .select_from(table)
            .where(table.c.id == line.story_id, table.c.workspace_id.in_(of_space))
        )
        if not connection.scalar(known):
            found.append(f"story_id: story {line.story_id} could not be found in this workspace")
    return [Complaint(line.field, message, line.index) for message in found]


def value_of(connection: Connection, kind: str, ids: Select[tuple[int]]) -> int:
    """Return what the held items of one kind are worth, in cents."""
    table = HELD_TABLES[kind]
    if kind == tables.TIME_ENTRY:
        efforts = connection.execute(select(table.c.rate_in_cents, table.c.time_in_minutes).where(table.c.id.in_(ids)))
        return sum(time_in_cents(rate, minutes) for rate, minutes in efforts)
    return (
        connection.scalar(select(func.coalesce(func.sum(table.c.amount_in_cents), 0)).where(table.c.id.in_(ids))) or 0
    )
