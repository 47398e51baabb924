"""Tables of the ledger, and how an older ledger becomes a current one.

Every question of a run is answered by an index: the ledger grows for years, and a preview must not wait for it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from typing import Any

import sqlalchemy as sa

from importer.model.lifecycle import OPEN, REMOVAL

METADATA = sa.MetaData()
META = sa.Table(
    "ledger_meta",
    METADATA,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)
RUNS = sa.Table(
    "runs",
    METADATA,
    sa.Column("run_id", sa.String(64), primary_key=True),
    sa.Column("account", sa.Text, nullable=False),
    sa.Column("batch", sa.Text, nullable=False),
    sa.Column("started_at", sa.DateTime, nullable=False),
    sa.Column("finished_at", sa.DateTime),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("path", sa.Text, nullable=False),
    sa.Column("sheet", sa.Text),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("rows", sa.Integer, nullable=False),
    sa.Column("invoices", sa.Integer, nullable=False),
    sa.Column("amount", sa.Text, nullable=False),
    sa.Column("by_status", sa.Text),
    sa.Column("exit_code", sa.Integer),
    sa.Column("headers", sa.Text),
    sa.Column("planned", sa.Text, nullable=False),
    sa.Index("runs_by_start", "account", "started_at"),
    sa.Index("runs_by_content", "account", "sha256"),
)
RUN_PLANS = sa.Table(
    "run_plans",
    METADATA,
    sa.Column("run_id", sa.String(64), primary_key=True),
    sa.Column("plan", sa.Text, nullable=False),
)
"""What a run meant to do: recorded_plan.py. Written when the run begins, never changed."""
INVOICES = sa.Table(
    "invoices",
    METADATA,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("reference", sa.Text, primary_key=True),
    sa.Column("batch", sa.Text, nullable=False),
    sa.Column("invoice_key", sa.Text),
    sa.Column("workspace_ids", sa.Text, nullable=False),
    sa.Column("fingerprint", sa.String(64), nullable=False),
    sa.Column("amount", sa.Text, nullable=False),
    sa.Column("run_id", sa.String(64), nullable=False, index=True),
    sa.Column("source_path", sa.Text, nullable=False),
    sa.Column("source_sha256", sa.String(64), nullable=False),
    sa.Column("rows", sa.Text, nullable=False),
    sa.Column("payload", sa.Text, nullable=False),
    sa.Column("expected", sa.Text),
    sa.Column("sent_at", sa.DateTime, nullable=False),
    sa.Column("seq", sa.Integer, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("reached_by", sa.String(32), nullable=False),
    sa.Column("taken_back", sa.Boolean, nullable=False),
    sa.Column("unreported", sa.Boolean, nullable=False),
    sa.Column("tried_at", sa.DateTime, nullable=False),
    sa.Column("invoice_id", sa.Text),
    sa.Column("error", sa.Text),
    sa.Column("place", sa.String(32), nullable=False, server_default=""),
    sa.Column("dated_place", sa.String(32)),
    sa.Column("number", sa.BigInteger),
    sa.Index("invoices_by_fingerprint", "account", "fingerprint"),
    sa.Index("invoices_by_batch", "account", "batch", "place"),
    sa.Index("invoices_by_dated_place", "account", "dated_place"),
    sa.Index("invoices_by_place", "account", "place", "sent_at"),
    sa.Index("invoices_by_sending", "account", "sent_at"),
    sa.Index("invoices_by_number", "account", "number"),
    sa.Index("invoices_by_id", "account", "invoice_id"),
    sa.Index("invoices_by_content", "account", "source_sha256"),
)
"""What was sent last under each reference, and, from ``seq`` on, where it stands: the fold of its events.

Only :mod:`importer.ledger.journal` writes here, in the transaction of the event.
``place``, ``dated_place``: :func:`identity_hash`, without and with the date. ``number``: that of the payload.
"""
EVENTS = sa.Table(
    "invoice_events",
    METADATA,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("reference", sa.Text, primary_key=True),
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("event", sa.String(32), nullable=False),
    sa.Column("at", sa.DateTime, nullable=False),
    sa.Column("run_id", sa.String(64), nullable=False, index=True),
    sa.Column("invoice_id", sa.Text),
    sa.Column("http_status", sa.Integer),
    sa.Column("request_id", sa.Text),
    sa.Column("message", sa.Text),
    sa.Column("raw", sa.Text),
    sa.Column("snapshot", sa.Text),
)
"""What happened to each invoice, in the order of ``seq``: rows are added, never changed.

``run_id``: the submit, undo or reconcile that noted it. ``snapshot``: what Kantata showed of it when it was created.
"""
ITEMS = sa.Table(
    "billed_items",
    METADATA,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("item_type", sa.String(32), primary_key=True),
    sa.Column("item_id", sa.BigInteger, primary_key=True),
    sa.Column("reference", sa.Text, primary_key=True),
    sa.Index("billed_items_by_reference", "account", "reference"),
)
LINES = sa.Table(
    "billed_lines",
    METADATA,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("reference", sa.Text, primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("row", sa.Integer, nullable=False),
    sa.Column("workspace_id", sa.BigInteger, nullable=False),
    sa.Column("wording", sa.String(32), nullable=False),
    sa.Column("amount", sa.Text, nullable=False),
    sa.Column("line", sa.Text, nullable=False),
    sa.Column("alike", sa.Integer, nullable=False),
    sa.Column("waiting", sa.Text, nullable=False),
    sa.Column("sent_at", sa.DateTime, nullable=False),
    sa.Index("billed_lines_alike", "account", "line", "sent_at"),
)
"""The fixed fees and additional items of each invoice, as sent last, by their ``position`` on it.

``line``: project, wording and amount.
"""


def among(column: sa.Column[Any], values: Iterable[Enum]) -> sa.ColumnElement[bool]:
    """The condition that a column holds one of these values; written out, so that a partial index is found by it."""
    words = sorted(value.value for value in values)
    return column.in_([sa.literal_column(f"'{word}'") for word in words])


def index_of_some(name: str, *columns: sa.Column[Any], where: sa.ColumnElement[bool]) -> None:
    """Add an index of those rows alone for which the condition holds: a few of many.

    It holds the column of the condition too: without statistics, SQLite chooses the index by most columns.
    """
    index = sa.Index(name, *columns, sqlite_where=where)

    @sa.event.listens_for(index, "before_create")
    def _for_postgresql(_index: sa.Index, connection: sa.Connection, **_options: object) -> None:
        if connection.dialect.name == "postgresql":  # else its drivers would be loaded by every command
            index.dialect_kwargs["postgresql_where"] = where


IS_OPEN = among(INVOICES.c.state, OPEN)
"""The condition that an invoice may exist."""
IS_REMOVAL = among(EVENTS.c.event, REMOVAL)
"""The condition that an event belongs to an undo."""
index_of_some("invoices_open", INVOICES.c.account, INVOICES.c.state, INVOICES.c.tried_at, where=IS_OPEN)
index_of_some("invoices_unreported", INVOICES.c.account, INVOICES.c.unreported, where=INVOICES.c.unreported.is_(True))
index_of_some("events_of_removal", EVENTS.c.account, EVENTS.c.event, EVENTS.c.reference, where=IS_REMOVAL)
LOCKS = sa.Table(
    "run_locks",
    METADATA,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("run_id", sa.String(64), nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("since", sa.DateTime, nullable=False),
    sa.Column("token", sa.String(32), nullable=False),
    sa.Column("expires_at", sa.DateTime),
)
"""Which run may send and settle at the moment: locking.py."""


APPROVALS = sa.Table(
    "approvals",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("account", sa.Text, nullable=False),
    sa.Column("batch", sa.Text, nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("file_name", sa.Text, nullable=False),
    sa.Column("plan_hash", sa.String(64), nullable=False),
    sa.Column("plan", sa.Text, nullable=False),
    sa.Column("os_user", sa.Text, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("approved_at", sa.DateTime, nullable=False),
    sa.Index("approvals_by_batch", "account", "batch"),
    sa.Index("approvals_by_content", "account", "sha256"),
)
"""Who approved which plan."""
APPROVAL_USES = sa.Table(
    "approval_uses",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("approval_id", sa.Integer, nullable=False, index=True),
    sa.Column("run_id", sa.String(64), nullable=False),
    sa.Column("noted_at", sa.DateTime, nullable=False),
    sa.Column("what", sa.String(16), nullable=False),
)
"""What became of an approval: a run began under it, created its last invoice, or undid one of them."""

PROBE_DRAFTS = sa.Table(
    "probe_drafts",
    METADATA,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("reference", sa.Text, primary_key=True),
    sa.Column("probe_id", sa.String(64), nullable=False),
    sa.Column("workspace_id", sa.BigInteger, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("invoice_id", sa.Text),
    sa.Column("sent_at", sa.DateTime, nullable=False),
    sa.Column("noted_at", sa.DateTime, nullable=False),
    sa.Column("payload", sa.Text),
)
"""The drafts of probes, and what became of each: probes.py."""
ACCOUNT_FACTS = sa.Table(
    "account_facts",
    METADATA,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("name", sa.String(32), primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
    sa.Column("says", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("found_at", sa.DateTime, nullable=False),
)
"""What probes found out about each account."""


def identity_hash(key: str | None, workspace_ids: Sequence[int], day: str | None = None) -> str:
    """Where an invoice is found again in another batch: under its key, else by its project. Short, as an index wants.

    ``day``: only those of this date, year-month-day.
    """
    named: list[str | int | None] = [day, key]
    if key is None:
        named += workspace_ids
    return hashlib.blake2b(json.dumps(named).encode(), digest_size=16).hexdigest()


def found_by(key: str | None, workspace_ids: Sequence[int], payload: dict[str, Any]) -> dict[str, Any]:
    """The columns of an invoice that repeat a part of it, so that an index knows it."""
    body, dated = payload["invoice"], None
    day = body.get("invoice_date")
    if day is not None:
        dated = identity_hash(key, workspace_ids, day)
    number = body.get("user_invoice_number")
    return {"place": identity_hash(key, workspace_ids), "dated_place": dated, "number": number}


def _leases(connection: sa.Connection) -> None:
    """What locks is the row itself from now on; a lock of an older program is none any more.

    Lines are recorded from now on; what was billed before is compared as whole invoices.
    """
    LOCKS.drop(connection)
    LOCKS.create(connection)
    LINES.create(connection, checkfirst=True)


def _indexes(connection: sa.Connection) -> None:
    """Give every question its index, and invoices the columns for it."""
    for column in (INVOICES.c.place, INVOICES.c.dated_place, INVOICES.c.number):
        words = sa.schema.CreateColumn(column).compile(dialect=connection.dialect)
        connection.exec_driver_sql(f"ALTER TABLE {INVOICES.name} ADD COLUMN {words}")
    _fill(connection, sa.true())
    connection.exec_driver_sql("DROP INDEX IF EXISTS invoices_by_batch")  # it gains a column
    for table in METADATA.sorted_tables:
        table.create(connection, checkfirst=True)
        for index in table.indexes:
            index.create(connection, checkfirst=True)


def fill_gaps(engine: sa.Engine, account: str) -> None:
    """Fill what an older program has left empty that had the ledger open while a newer one brought it forwards."""
    gap = sa.and_(INVOICES.c.account == account, INVOICES.c.place == "")
    with engine.connect() as connection:
        if connection.execute(sa.select(INVOICES.c.reference).where(gap).limit(1)).first() is not None:
            _fill(connection, gap)
            connection.commit()


def _fill(connection: sa.Connection, which: sa.ColumnElement[bool]) -> None:
    """Fill the columns that repeat a part of an invoice; in parts, as a ledger may be larger than the memory."""
    own = sa.and_(INVOICES.c.account == sa.bindparam("of"), INVOICES.c.reference == sa.bindparam("under"))
    names = ("place", "dated_place", "number")
    change = INVOICES.update().where(own).values({name: sa.bindparam(name) for name in names})

    key = (INVOICES.c.account, INVOICES.c.reference)
    query = sa.select(*key, INVOICES.c.invoice_key, INVOICES.c.workspace_ids, INVOICES.c.payload)
    query = query.where(which).order_by(*key).limit(ROWS_AT_ONCE)
    rows = connection.execute(query).all()
    while rows:
        changes = []
        for row in rows:
            found = found_by(row.invoice_key, json.loads(row.workspace_ids), json.loads(row.payload))
            changes.append({"of": row.account, "under": row.reference} | found)
        connection.execute(change, changes)
        after = sa.tuple_(*key) > sa.tuple_(rows[-1].account, rows[-1].reference)
        rows = connection.execute(query.where(after)).all()


def _probes(connection: sa.Connection) -> None:
    """Make room for what probes do and find out."""
    for table in (PROBE_DRAFTS, ACCOUNT_FACTS):
        table.create(connection, checkfirst=True)


def _payloads_of_probes(connection: sa.Connection) -> None:
    """Make room for what was sent with each draft of a probe; a table that was made just now has it."""
    column = PROBE_DRAFTS.c.payload
    if column.name not in {known["name"] for known in sa.inspect(connection).get_columns(PROBE_DRAFTS.name)}:
        words = sa.schema.CreateColumn(column).compile(dialect=connection.dialect)
        connection.exec_driver_sql(f"ALTER TABLE {PROBE_DRAFTS.name} ADD COLUMN {words}")


ROWS_AT_ONCE = 10_000
"""Invoices that a migration brings forwards at a time."""
MIGRATIONS: tuple[Callable[[sa.Connection], None], ...] = (_leases, _indexes, _probes, _payloads_of_probes)
"""The steps from the first version of the schema to the second, from there to the third, and so on."""


def current_version() -> int:
    """Version of the schema that this program writes."""
    return 1 + len(MIGRATIONS)


def migrate(connection: sa.Connection, known: int) -> None:
    """Bring a ledger of an older version forwards, in the caller's transaction."""
    for step in MIGRATIONS[known - 1 :]:
        step(connection)
    connection.execute(META.update().where(META.c.name == "schema_version").values(value=str(current_version())))
