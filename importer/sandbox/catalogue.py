"""The collections: which records each one holds, which of them a query shows, and in what order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, exists, func, select

from importer.sandbox import presenting, tables
from importer.sandbox.refusals import VALIDATION, Complaint, bad_request, invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import ColumnElement, Connection, RowMapping, Select, Table

    from importer.sandbox.presenting import Record
    from importer.sandbox.query import Query

    Condition = ColumnElement[bool]

MOST_REFERENCES = 200
"""Keys in one external_reference_service_model_refs."""
CHUNK = 10_000
"""Ids in one SQL statement; SQLite takes about 32,000."""


@dataclass(frozen=True, slots=True)
class Collection:
    """One kind of record."""

    key: str
    """Its name in the envelope."""
    table: Table
    rows: Select[Any]
    """All records, joined with what presenting them needs."""
    present: Callable[[RowMapping], Record]
    conditions: Callable[[Query], list[Condition]] = field(default=lambda _query: [])
    """What its own parameters and default filters leave; ``only`` comes on top."""
    orders: Sequence[str] = ("id", "created_at")
    """Columns that ``order`` knows."""
    default_order: str = "id:asc"

    def fetch(self, connection: Connection, ids: Sequence[int]) -> list[Record]:
        """Return records by id, default filters aside."""
        found: list[Record] = []
        for start in range(0, len(ids), CHUNK):
            query = self.rows.where(self.table.c.id.in_(ids[start : start + CHUNK]))
            found += [self.present(row) for row in connection.execute(query).mappings()]
        return found


_spaces = tables.workspaces


def _with_workspace(table: Table) -> Select[Any]:
    return select(table, _spaces.c.currency, _spaces.c.can_see_financials).join(
        _spaces,
        _spaces.c.id == table.c.workspace_id,
    )


def _held(table: Table, kind: str) -> Condition:
    held = tables.held_items
    return exists().where(held.c.kind == kind, held.c.item_id == table.c.id, held.c.live)


def _of_workspaces(table: Table, query: Query) -> list[Condition]:
    ids = query.ids("workspace_id")
    return [] if ids is None else [table.c.workspace_id.in_(ids)]


def _not_archived(query: Query, flag: str) -> list[Condition]:
    return [] if query.flag(flag, default=False) else [_spaces.c.archived.is_(False)]


def _workspace_conditions(query: Query) -> list[Condition]:
    found = _not_archived(query, "include_archived")
    if words := query.text("matching"):
        found.append(func.instr(func.lower(_spaces.c.title), words.lower()) > 0)
    return found


def _story_conditions(query: Query) -> list[Condition]:
    table = tables.stories
    found = _not_archived(query, "show_from_archived_workspaces") + _of_workspaces(table, query)
    return found if query.flag("show_archived", default=False) else [*found, table.c.archived.is_(False)]


def _effort_conditions(table: Table, kind: str) -> Callable[[Query], list[Condition]]:
    """Return the filters that time entries and expenses share."""

    def conditions(query: Query) -> list[Condition]:
        found = _not_archived(query, "from_archived_workspaces") + _of_workspaces(table, query)
        if query.flag("on_my_account", default=True):
            found.append(table.c.on_my_account.is_(True))
        if query.text("uninvoiced") is not None:  # its value is ignored, as Kantata does
            found.append(~_held(table, kind))
        return found

    return conditions


def _invoice_conditions(query: Query) -> list[Condition]:
    table, links = tables.invoices, tables.invoice_workspaces
    found: list[Condition] = []
    if (ids := query.ids("workspace_id")) is not None:
        found.append(exists().where(links.c.invoice_id == table.c.id, links.c.workspace_id.in_(ids)))
    for name, column in (("created", table.c.created_at), ("updated", table.c.updated_at)):
        if after := query.moment(f"{name}_after"):
            found.append(column > after)
        if before := query.moment(f"{name}_before"):
            found.append(column < before)
    if (number := query.whole("user_invoice_number")) is not None:
        found.append(table.c.user_invoice_number == number)
    if query.flag("without_drafts", default=False):
        found.append(table.c.draft.is_(False))
    return found + _with_reference(query)


def _with_reference(query: Query) -> list[Condition]:
    """One reference of the invoice must match whatever is asked of references."""
    table = tables.external_references
    found: list[Condition] = [
        table.c[name] == value
        for name in ("service_name", "service_model")
        if (value := query.text(f"external_reference_{name}"))
    ]
    refs = query.names("external_reference_service_model_refs")
    if len(refs) > MOST_REFERENCES:
        raise bad_request(VALIDATION, f"external_reference_service_model_refs takes at most {MOST_REFERENCES} values")
    if refs:
        found.append(table.c.service_model_ref.in_(refs))
    if (ref := query.whole("external_reference_service_model_ref")) is not None:
        found.append(table.c.service_model_ref == str(ref))
    of_invoice = and_(table.c.subject_type == "Invoice", table.c.subject_id == tables.invoices.c.id)
    return [exists().where(of_invoice, *found)] if found else []


def _reference_conditions(query: Query) -> list[Condition]:
    table = tables.external_references
    if query.text("subject_type") is None:
        raise invalid([Complaint("subject_type", "Subject type is required")])
    names = ("subject_type", "service_name", "service_model", "service_model_ref")
    found: list[Condition] = [table.c[name] == value for name in names if (value := query.text(name))]
    if (ids := query.ids("subject_id")) is not None:
        found.append(table.c.subject_id.in_(ids))
    return found


def _visible_invoices() -> Select[Any]:
    links = tables.invoice_workspaces
    hidden = exists().where(
        links.c.invoice_id == tables.invoices.c.id,
        links.c.workspace_id == _spaces.c.id,
        _spaces.c.can_see_financials.is_(False),
    )
    return select(tables.invoices).where(~hidden)


def _line_items(kind: str) -> Select[Any]:
    return _with_workspace(tables.line_items).where(tables.line_items.c.kind == kind)


def _effort(table: Table, kind: str) -> Select[Any]:
    return _with_workspace(table).add_columns(_held(table, kind).label("is_invoiced"))


_ALL = (
    Collection("users", tables.users, select(tables.users), presenting.user),
    Collection("workspaces", _spaces, select(_spaces), presenting.workspace, _workspace_conditions),
    Collection("stories", tables.stories, _with_workspace(tables.stories), presenting.story, _story_conditions),
    Collection(
        "time_entries",
        tables.time_entries,
        _effort(tables.time_entries, tables.TIME_ENTRY),
        presenting.time_entry,
        _effort_conditions(tables.time_entries, tables.TIME_ENTRY),
        ("id", "created_at", "date_performed"),
    ),
    Collection(
        "expenses",
        tables.expenses,
        _effort(tables.expenses, tables.EXPENSE),
        presenting.expense,
        _effort_conditions(tables.expenses, tables.EXPENSE),
        ("id", "created_at", "date"),
    ),
    Collection(
        "billing_milestones",
        tables.billing_milestones,
        _with_workspace(tables.billing_milestones),
        presenting.billing_milestone,
        lambda query: _of_workspaces(tables.billing_milestones, query),
        ("id", "created_at", "date_to_invoice"),
    ),
    Collection(
        "invoices",
        tables.invoices,
        _visible_invoices(),
        presenting.invoice,
        _invoice_conditions,
        ("id", "created_at", "updated_at", "invoice_date", "user_invoice_number"),
        "created_at:desc",
    ),
    Collection("fixed_fee_items", tables.line_items, _line_items(tables.FIXED_FEE), presenting.line_item),
    Collection("additional_items", tables.line_items, _line_items(tables.ADDITIONAL), presenting.line_item),
    Collection(
        "external_references",
        tables.external_references,
        select(tables.external_references),
        presenting.external_reference,
        _reference_conditions,
    ),
)

COLLECTIONS: Mapping[str, Collection] = {collection.key: collection for collection in _ALL}
