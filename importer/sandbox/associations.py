"""What ``include`` adds: the ids on each record, and the associated records as further collections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from importer.sandbox import tables
from importer.sandbox.catalogue import COLLECTIONS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import ColumnElement, Connection, Table

    from importer.sandbox.presenting import Record

held, links, lines = tables.held_items, tables.invoice_workspaces, tables.line_items


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
        by_owner: dict[str, list[int]] = {record["id"]: [] for record in records}
        query = select(self.owner, self.target).where(self.owner.in_([int(id_) for id_ in by_owner]), *self.where)
        for owner, target in connection.execute(query.order_by(self.target)):
            if target is not None:
                by_owner[str(owner)].append(target)
        for record in records:
            ids = [str(id_) for id_ in by_owner[record["id"]]]
            record[self.field] = ids if self.many else next(iter(ids), None)
        return list(dict.fromkeys(id_ for ids in by_owner.values() for id_ in ids))


def _one(table: Table, collection: str, field: str) -> Association:
    return Association(collection, field, table.c.id, table.c[field])


def _held_by_invoice(collection: str, kind: str) -> Association:
    return Association(collection, f"{kind}_ids", held.c.invoice_id, held.c.item_id, (held.c.kind == kind,))


def _lines_of_invoice(collection: str, kind: str) -> Association:
    return Association(collection, f"{kind}_ids", lines.c.invoice_id, lines.c.id, (lines.c.kind == kind,))


def _effort(table: Table) -> dict[str, Association]:
    return {"workspace": _one(table, "workspaces", "workspace_id"), "user": _one(table, "users", "user_id")}


_references = tables.external_references
_INVOICES = {
    "additional_items": _lines_of_invoice("additional_items", tables.ADDITIONAL),
    "fixed_fee_items": _lines_of_invoice("fixed_fee_items", tables.FIXED_FEE),
    "billing_milestones": _held_by_invoice("billing_milestones", tables.BILLING_MILESTONE),
    "expenses": _held_by_invoice("expenses", tables.EXPENSE),
    "time_entries": _held_by_invoice("time_entries", tables.TIME_ENTRY),
    "external_references": Association(
        "external_references",
        "external_reference_ids",
        _references.c.subject_id,
        _references.c.id,
        (_references.c.subject_type == "Invoice",),
    ),
    "recipient": _one(tables.invoices, "users", "recipient_id"),
    "user": _one(tables.invoices, "users", "user_id"),
    "workspaces": Association("workspaces", "workspace_ids", links.c.invoice_id, links.c.workspace_id),
}
_TIME_ENTRIES = _effort(tables.time_entries) | {
    "story": _one(tables.time_entries, "stories", "story_id"),
    "invoice": Association(
        "invoices",
        "invoice_id",
        held.c.item_id,
        held.c.invoice_id,
        (held.c.kind == tables.TIME_ENTRY, held.c.live),
    ),
}
_MILESTONES = {
    "workspace": _one(tables.billing_milestones, "workspaces", "workspace_id"),
    "invoices": Association(
        "invoices",
        "invoice_ids",
        held.c.item_id,
        held.c.invoice_id,
        (held.c.kind == tables.BILLING_MILESTONE,),
    ),
}
ASSOCIATIONS: Mapping[str, Mapping[str, Association]] = {
    "invoices": _INVOICES,
    "time_entries": _TIME_ENTRIES,
    "expenses": _effort(tables.expenses),
    "billing_milestones": _MILESTONES,
    "stories": {"workspace": _one(tables.stories, "workspaces", "workspace_id")},
    "external_references": {"subject": _one(_references, "invoices", "subject_id")},
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
    return {
        collection: {record["id"]: record for record in COLLECTIONS[collection].fetch(connection, sorted(set(ids)))}
        for collection, ids in wanted.items()
    }
