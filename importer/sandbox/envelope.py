"""The envelope around every answer: count, results, one object per collection, meta."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from importer.sandbox.associations import include
from importer.sandbox.catalogue import COLLECTIONS
from importer.sandbox.query import Page
from importer.sandbox.refusals import not_found

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, Connection

    from importer.sandbox.catalogue import Collection
    from importer.sandbox.presenting import Record
    from importer.sandbox.query import Query


def listing(connection: Connection, key: str, query: Query) -> Record:
    """Answer a list: filtered, ordered, one page of it, with what ``include`` names."""
    collection = COLLECTIONS[key]
    conditions = collection.conditions(query)
    if (only := query.ids("only")) is not None:
        conditions.append(collection.table.c.id.in_(only))
    rows = collection.rows.where(*conditions)
    count = connection.execute(
        select(func.count()).select_from(rows.with_only_columns(collection.table.c.id).subquery()),
    ).scalar_one()
    page = query.page()
    rows = rows.order_by(*_order(collection, query)).limit(page.size).offset(page.offset)
    records = [collection.present(row) for row in connection.execute(rows).mappings()]
    return _wrap(connection, key, records, query.names("include"), (count, page))


def single(connection: Connection, key: str, id_: int, query: Query) -> Record:
    """Answer one record, or 404."""
    records = COLLECTIONS[key].fetch(connection, [id_])
    if not records:
        raise not_found()
    return _wrap(connection, key, records, query.names("include"), (1, Page(query.page().size, 0)))


def _order(collection: Collection, query: Query) -> list[ColumnElement[object]]:
    """Return the order asked for, else the collection's own; ties by id in the same direction."""
    asked = (query.text("order") or "").partition(":")
    name, _, direction = asked if asked[0] in collection.orders else collection.default_order.partition(":")
    columns = (collection.table.c[name], collection.table.c.id)
    return [column.desc() if direction == "desc" else column.asc() for column in columns]


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
