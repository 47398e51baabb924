"""Answers to GET: which records a list shows, in what order, what ``include`` adds, and the envelope around them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, Table, and_, exists, func, select

from importer.sandbox import presenting, store
from importer.sandbox.fields import ADDITIONAL, BILLING_MILESTONE, EXPENSE, FIXED_FEE, TIME_ENTRY
from importer.sandbox.refusals import VALIDATION, Complaint, bad_request, invalid, not_found
from importer.sandbox.requests import Page, Query

if TYPE_CHECKING:
    from importer.sandbox.presenting import Record

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
    conditions: Callable[[Query], Iterator[Condition]] = field(default=lambda _query: iter(()))
    """What its own parameters and default filters leave; ``only`` comes on top."""
    orders: Sequence[str] = ("id", "created_at")
    """Columns that ``order`` knows."""
    default_order: str = "id:asc"
    optional: Sequence[str] = ()
    """Columns that a list shows only when ``optional_fields`` names them."""

    def fetch(self, connection: Connection, ids: Sequence[int]) -> list[Record]:
        """Return records by id, default filters aside."""
        found: list[Record] = []
        for start in range(0, len(ids), CHUNK):
            query = self.rows.where(self.table.c.id.in_(ids[start : start + CHUNK]))
            found += [self.present(row) for row in connection.execute(query).mappings()]
        return found


_spaces = store.workspaces


def _with_workspace(table: Table) -> Select[Any]:
    return select(table, _spaces.c.currency, _spaces.c.can_see_financials).join(
        _spaces,
        _spaces.c.id == table.c.workspace_id,
    )


def _is_held(table: Table, kind: str) -> Condition:
    held = store.held_items
    return exists().where(held.c.kind == kind, held.c.item_id == table.c.id, held.c.live)


def _of_workspaces(table: Table, query: Query) -> Iterator[Condition]:
    for name in ("workspace_id", "workspace_ids"):
        if (ids := query.ids(name)) is not None:
            yield table.c.workspace_id.in_(ids)


def _between(column: ColumnElement[str], query: Query, name: str) -> Iterator[Condition]:
    """Both days of ``2026-10-01:2026-10-31`` are in it."""
    if days := query.days(name):
        yield column.between(*days)


def _not_archived(query: Query, flag: str) -> Iterator[Condition]:
    if not query.flag(flag, default=False):
        yield _spaces.c.archived.is_(False)


def _workspace_conditions(query: Query) -> Iterator[Condition]:
    yield from _not_archived(query, "include_archived")
    if words := query.text("matching"):
        yield func.instr(func.lower(_spaces.c.title), words.lower()) > 0


def _story_conditions(query: Query) -> Iterator[Condition]:
    yield from _not_archived(query, "show_from_archived_workspaces")
    yield from _of_workspaces(store.stories, query)
    if not query.flag("show_archived", default=False):
        yield store.stories.c.archived.is_(False)


def _effort_conditions(
    table: Table, kind: str, day: ColumnElement[str], between: str
) -> Callable[[Query], Iterator[Condition]]:
    """Return the filters that time entries and expenses share; ``between`` is that of their ``day``."""

    def conditions(query: Query) -> Iterator[Condition]:
        yield from _not_archived(query, "from_archived_workspaces")
        yield from _of_workspaces(table, query)
        if query.flag("on_my_account", default=True):
            yield table.c.on_my_account.is_(True)
        # The value of these two is ignored, as Kantata does.
        if query.text("uninvoiced") is not None:
            yield ~_is_held(table, kind)
        if query.text("approved") is not None:
            yield table.c.approved.is_(True)
        yield from _between(day, query, between)
        if kind == TIME_ENTRY and query.text("billable") is not None:
            yield table.c.billable.is_(True)

    return conditions


def _milestone_conditions(query: Query) -> Iterator[Condition]:
    yield from _of_workspaces(store.billing_milestones, query)
    yield from _between(store.billing_milestones.c.date_to_invoice, query, "date_between")


def _invoice_conditions(query: Query) -> Iterator[Condition]:
    table, links = store.invoices, store.invoice_workspaces
    if (ids := query.ids("workspace_id")) is not None:
        yield exists().where(links.c.invoice_id == table.c.id, links.c.workspace_id.in_(ids))
    for name, column in (("created", table.c.created_at), ("updated", table.c.updated_at)):
        if after := query.moment(f"{name}_after"):
            yield column > after
        if before := query.moment(f"{name}_before"):
            yield column < before
    if (number := query.whole("user_invoice_number")) is not None:
        yield table.c.user_invoice_number == number
    if query.flag("without_drafts", default=False):
        yield table.c.draft.is_(False)

    # One reference of the invoice must match whatever is asked of references.
    references = list(_asked_of_references(query))
    if references:
        refers = store.external_references
        of_invoice = and_(refers.c.subject_type == "Invoice", refers.c.subject_id == table.c.id)
        yield exists().where(of_invoice, *references)


def _asked_of_references(query: Query) -> Iterator[Condition]:
    table = store.external_references
    for name in ("service_name", "service_model"):
        if value := query.text(f"external_reference_{name}"):
            yield table.c[name] == value
    refs = query.names("external_reference_service_model_refs")
    if len(refs) > MOST_REFERENCES:
        raise bad_request(VALIDATION, f"external_reference_service_model_refs takes at most {MOST_REFERENCES} values")
    if refs:
        yield table.c.service_model_ref.in_(refs)
    if (ref := query.whole("external_reference_service_model_ref")) is not None:
        yield table.c.service_model_ref == str(ref)


def _reference_conditions(query: Query) -> Iterator[Condition]:
    table = store.external_references
    if query.text("subject_type") is None:
        raise invalid([Complaint("subject_type", "Subject type is required")])
    for name in ("subject_type", "service_name", "service_model", "service_model_ref"):
        if value := query.text(name):
            yield table.c[name] == value
    if (ids := query.ids("subject_id")) is not None:
        yield table.c.subject_id.in_(ids)


def _visible_invoices() -> Select[Any]:
    links = store.invoice_workspaces
    hidden = exists().where(
        links.c.invoice_id == store.invoices.c.id,
        links.c.workspace_id == _spaces.c.id,
        _spaces.c.can_see_financials.is_(False),
    )
    return select(store.invoices).where(~hidden)


def _line_items(kind: str) -> Select[Any]:
    return _with_workspace(store.line_items).where(store.line_items.c.kind == kind)


def _effort_rows(table: Table, kind: str) -> Select[Any]:
    return _with_workspace(table).add_columns(_is_held(table, kind).label("is_invoiced"))


def _workspace_rows() -> Select[Any]:
    lead = store.users.c.full_name.label("client_lead_name")
    return select(_spaces, lead).join(store.users, store.users.c.id == _spaces.c.recipient_id, isouter=True)


_ALL = (
    Collection("users", store.users, select(store.users), presenting.user),
    Collection(
        "workspaces",
        _spaces,
        _workspace_rows(),
        presenting.workspace,
        _workspace_conditions,
        optional=("client_lead_name",),
    ),
    Collection("stories", store.stories, _with_workspace(store.stories), presenting.story, _story_conditions),
    Collection(
        "time_entries",
        store.time_entries,
        _effort_rows(store.time_entries, TIME_ENTRY),
        presenting.time_entry,
        _effort_conditions(
            store.time_entries, TIME_ENTRY, store.time_entries.c.date_performed, "date_performed_between"
        ),
        ("id", "created_at", "date_performed"),
    ),
    Collection(
        "expenses",
        store.expenses,
        _effort_rows(store.expenses, EXPENSE),
        presenting.expense,
        _effort_conditions(store.expenses, EXPENSE, store.expenses.c.date, "date_expensed_between"),
        ("id", "created_at", "date"),
    ),
    Collection(
        "billing_milestones",
        store.billing_milestones,
        _with_workspace(store.billing_milestones),
        presenting.billing_milestone,
        _milestone_conditions,
        ("id", "created_at", "date_to_invoice"),
    ),
    Collection(
        "invoices",
        store.invoices,
        _visible_invoices(),
        presenting.invoice,
        _invoice_conditions,
        ("id", "created_at", "updated_at", "invoice_date", "user_invoice_number"),
        "created_at:desc",
    ),
    Collection("fixed_fee_items", store.line_items, _line_items(FIXED_FEE), presenting.line_item),
    Collection("additional_items", store.line_items, _line_items(ADDITIONAL), presenting.line_item),
    Collection(
        "external_references",
        store.external_references,
        select(store.external_references),
        presenting.external_reference,
        _reference_conditions,
    ),
)

COLLECTIONS: Mapping[str, Collection] = {collection.key: collection for collection in _ALL}


# --- what include adds ---


_held, _links, _lines = store.held_items, store.invoice_workspaces, store.line_items
_references = store.external_references


@dataclass(frozen=True, slots=True)
class Association:
    """Records of another collection that belong to a record."""

    collection: str
    """Key of the collection where the associated records appear."""
    field: str
    """Set on the record: ``…_ids`` (a list) or ``…_id`` (one or null)."""
    owner: ColumnElement[Any]
    """Column with the record's id."""
    target: ColumnElement[Any]
    """Column with the associated id, in the same table."""
    where: tuple[ColumnElement[bool], ...] = ()

    @property
    def many(self) -> bool:
        """Whether a record has a list of them."""
        return self.field.endswith("_ids")

    def apply(self, connection: Connection, records: Sequence[Record]) -> list[int]:
        """Set the field on every record; return the associated ids, each once, in order."""
        by_owner: dict[int, list[int]] = {int(record["id"]): [] for record in records}
        query = select(self.owner, self.target).where(self.owner.in_(list(by_owner)), *self.where)
        for owner, target in connection.execute(query.order_by(self.target)):
            if target is not None:
                by_owner[owner].append(target)

        found: dict[int, None] = {}
        for record in records:
            ids = by_owner[int(record["id"])]
            found |= dict.fromkeys(ids)
            if self.many:
                record[self.field] = [str(id_) for id_ in ids]
            else:
                record[self.field] = next(map(str, ids), None)
        return list(found)


def _single(table: Table, collection: str, field: str) -> Association:
    return Association(collection, field, table.c.id, table.c[field])


def _held_by_invoice(collection: str, kind: str) -> Association:
    return Association(collection, f"{kind}_ids", _held.c.invoice_id, _held.c.item_id, (_held.c.kind == kind,))


def _lines_of_invoice(collection: str, kind: str) -> Association:
    return Association(collection, f"{kind}_ids", _lines.c.invoice_id, _lines.c.id, (_lines.c.kind == kind,))


def _of_effort(table: Table) -> dict[str, Association]:
    return {"workspace": _single(table, "workspaces", "workspace_id"), "user": _single(table, "users", "user_id")}


_INVOICES = {
    "additional_items": _lines_of_invoice("additional_items", ADDITIONAL),
    "fixed_fee_items": _lines_of_invoice("fixed_fee_items", FIXED_FEE),
    "billing_milestones": _held_by_invoice("billing_milestones", BILLING_MILESTONE),
    "expenses": _held_by_invoice("expenses", EXPENSE),
    "time_entries": _held_by_invoice("time_entries", TIME_ENTRY),
    "external_references": Association(
        "external_references",
        "external_reference_ids",
        _references.c.subject_id,
        _references.c.id,
        (_references.c.subject_type == "Invoice",),
    ),
    "recipient": _single(store.invoices, "users", "recipient_id"),
    "user": _single(store.invoices, "users", "user_id"),
    "workspaces": Association("workspaces", "workspace_ids", _links.c.invoice_id, _links.c.workspace_id),
}
_TIME_ENTRIES = _of_effort(store.time_entries) | {
    "story": _single(store.time_entries, "stories", "story_id"),
    "invoice": Association(
        "invoices",
        "invoice_id",
        _held.c.item_id,
        _held.c.invoice_id,
        (_held.c.kind == TIME_ENTRY, _held.c.live),
    ),
}
_MILESTONES = {
    "workspace": _single(store.billing_milestones, "workspaces", "workspace_id"),
    "invoices": Association(
        "invoices",
        "invoice_ids",
        _held.c.item_id,
        _held.c.invoice_id,
        (_held.c.kind == BILLING_MILESTONE,),
    ),
}
ASSOCIATIONS: Mapping[str, Mapping[str, Association]] = {
    "invoices": _INVOICES,
    "time_entries": _TIME_ENTRIES,
    "expenses": _of_effort(store.expenses),
    "billing_milestones": _MILESTONES,
    "stories": {"workspace": _single(store.stories, "workspaces", "workspace_id")},
    "external_references": {"subject": _single(_references, "invoices", "subject_id")},
}


def include(
    connection: Connection,
    key: str,
    records: Sequence[Record],
    names: Sequence[str],
) -> dict[str, dict[str, Record]]:
    """Complete the records of a collection in place and return the further collections, empty ones included."""
    wanted: dict[str, list[int]] = {}
    for name in dict.fromkeys(names):
        association = ASSOCIATIONS.get(key, {}).get(name)
        if association is not None:
            wanted.setdefault(association.collection, []).extend(association.apply(connection, records))

    found = {}
    for collection, ids in wanted.items():
        further = COLLECTIONS[collection].fetch(connection, sorted(set(ids)))
        found[collection] = {record["id"]: record for record in further}
    return found


# --- the envelope ---


def listing(connection: Connection, key: str, query: Query, unlisted: Sequence[int] = ()) -> Record:
    """Answer a list: filtered, ordered, one page of it, with what ``include`` names; some invoices not yet in it."""
    collection = COLLECTIONS[key]
    conditions = list(collection.conditions(query))
    if unlisted and key == "invoices":
        conditions.append(store.invoices.c.id.notin_(unlisted))
    if unlisted and key == "external_references":
        conditions.append(store.external_references.c.subject_id.notin_(unlisted))
    if (only := query.ids("only")) is not None:
        conditions.append(collection.table.c.id.in_(only))
    rows = collection.rows.where(*conditions)
    count = connection.execute(
        select(func.count()).select_from(rows.with_only_columns(collection.table.c.id).subquery()),
    ).scalar_one()
    page = query.page()
    rows = rows.order_by(*_order(collection, query)).limit(page.size).offset(page.offset)
    asked = [name for name in collection.optional if name in query.names("optional_fields")]
    records = []
    for row in connection.execute(rows).mappings():
        records.append(collection.present(row) | {name: row[name] for name in asked})
    return _wrap(connection, key, records, query.names("include"), (count, page))


def single(connection: Connection, key: str, id_: int, query: Query) -> Record:
    """Answer one record, or 404."""
    records = COLLECTIONS[key].fetch(connection, [id_])
    if not records:
        raise not_found()
    return _wrap(connection, key, records, query.names("include"), (1, Page(query.page().size, 0)))


def _order(collection: Collection, query: Query) -> list[ColumnElement[object]]:
    """Return the order asked for, else the collection's own; ties by id in the same direction."""
    name, _, direction = (query.text("order") or "").partition(":")
    if name not in collection.orders:
        name, _, direction = collection.default_order.partition(":")
    columns = (collection.table.c[name], collection.table.c.id)
    if direction == "desc":
        return [column.desc() for column in columns]
    return [column.asc() for column in columns]


def _wrap(
    connection: Connection,
    key: str,
    records: Sequence[Record],
    names: Sequence[str],
    extent: tuple[int, Page],
) -> Record:
    count, page = extent
    collections = {key: {record["id"]: record for record in records}}
    for name, further in include(connection, key, records, names).items():
        collections[name] = further | collections.get(name, {})
    return {
        "count": count,
        "results": [{"key": key, "id": record["id"]} for record in records],
        **collections,
        "meta": {"count": count, "page_count": page.count(count), "page_number": page.number, "page_size": page.size},
    }
