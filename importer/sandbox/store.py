"""The stand-in's memory: one SQLite database, its tables, and one transaction at a time. Ids have 64 bits."""

from __future__ import annotations

import json
import threading
import time
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from sqlite3 import Connection as SqliteConnection
from typing import Any

from sqlalchemy import (
    URL,
    Boolean,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    RowMapping,
    StaticPool,
    Table,
    Text,
    create_engine,
    event,
    select,
    text,
)
from sqlalchemy.exc import DatabaseError
from sqlalchemy.schema import CreateTable

from importer.model.errors import SettingsProblem
from importer.model.messages import error
from importer.sandbox.fields import BILLING_MILESTONE, EXPENSE, HEADER, LINE, REFERENCE, TIME_ENTRY, Field, Value
from importer.sandbox.received import StoredInvoice
from importer.sandbox.refusals import stopped

NEW, CANCELLED, PAID = "new", "cancelled", "accepted payment"
"""Statuses of an invoice."""
BUSY_SECONDS = 30
"""How long a transaction waits for another process that uses the same file."""


# --- tables ---

metadata = MetaData()


def _id() -> Column[int]:
    return Column("id", Integer, primary_key=True)


def _of_workspace() -> Column[int]:
    return Column("workspace_id", Integer, ForeignKey("workspaces.id"), nullable=False, index=True)


def _of_invoice() -> Column[int]:
    return Column("invoice_id", Integer, ForeignKey("invoices.id", ondelete="CASCADE"), nullable=False, index=True)


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


def _whole(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False)


def _flag(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False)


def _columns_of(fields: Sequence[Field]) -> Iterator[Column[Any]]:
    """Yield a column for every field that is stored."""
    types = {Value.TEXT: Text, Value.DAY: Text, Value.TRUTH: Boolean}
    for field in fields:
        if not field.stored:
            continue
        column: Column[Any] = Column(field.column, types.get(field.value, Integer), nullable=field.may_be_null)
        if field.refers_to is not None:
            column.append_foreign_key(ForeignKey(f"{field.refers_to}.id"))
        yield column


users = Table("users", metadata, _id(), _text("full_name"), _text("email_address"), _text("headline"))

workspaces = Table(
    "workspaces",
    metadata,
    _id(),
    _text("title"),
    _text("currency"),
    _flag("archived"),
    _flag("require_time_approvals"),
    _flag("require_expense_approvals"),
    _flag("can_see_financials"),
    Column("recipient_id", Integer, ForeignKey("users.id")),
    _text("created_at"),
)

stories = Table("stories", metadata, _id(), _of_workspace(), _text("title"), _flag("archived"), _text("created_at"))

time_entries = Table(
    "time_entries",
    metadata,
    _id(),
    _of_workspace(),
    Column("story_id", Integer, ForeignKey("stories.id")),
    Column("user_id", Integer, ForeignKey("users.id"), nullable=False),
    _text("date_performed"),
    _whole("time_in_minutes"),
    _whole("rate_in_cents"),
    _flag("billable"),
    _flag("approved"),
    _flag("on_my_account"),
    _text("notes"),
    _text("created_at"),
)

expenses = Table(
    "expenses",
    metadata,
    _id(),
    _of_workspace(),
    Column("user_id", Integer, ForeignKey("users.id"), nullable=False),
    _text("date"),
    _text("category"),
    _text("notes"),
    _whole("amount_in_cents"),
    _flag("is_billable"),
    _flag("approved"),
    _flag("taxable"),
    _flag("on_my_account"),
    _text("created_at"),
)

billing_milestones = Table(
    "billing_milestones",
    metadata,
    _id(),
    _of_workspace(),
    _text("title"),
    _whole("amount_in_cents"),
    _text("billing_type"),
    _text("date_to_invoice"),
    _text("created_at"),
)

invoices = Table(
    "invoices",
    metadata,
    _id(),
    _text("created_at"),
    _text("updated_at"),
    _text("status"),
    _text("currency"),
    _whole("balance_in_cents"),
    *_columns_of(HEADER),
    Column("user_id", Integer, ForeignKey("users.id"), nullable=False),
    Column("recipient_id", Integer, ForeignKey("users.id")),
    _flag("sample"),
    _text("sent"),
    sqlite_autoincrement=True,
)

invoice_workspaces = Table(
    "invoice_workspaces",
    metadata,
    Column("invoice_id", Integer, ForeignKey("invoices.id", ondelete="CASCADE"), primary_key=True),
    Column("workspace_id", Integer, ForeignKey("workspaces.id"), primary_key=True, index=True),
    _whole("position"),
)

held_items = Table(
    "held_items",
    metadata,
    Column("invoice_id", Integer, ForeignKey("invoices.id", ondelete="CASCADE"), primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("item_id", Integer, primary_key=True),
    _flag("live"),
)
Index("held_items_of_all", held_items.c.kind, held_items.c.item_id)
Index("held_once", held_items.c.kind, held_items.c.item_id, unique=True, sqlite_where=text("live = 1"))

line_items = Table("line_items", metadata, _id(), _of_invoice(), _text("kind"), *_columns_of(LINE))

external_references = Table(
    "external_references",
    metadata,
    _id(),
    _text("subject_type"),
    _whole("subject_id"),
    *_columns_of(REFERENCE),
    _text("created_at"),
    _text("updated_at"),
)
Index("references_by_key", external_references.c.service_model_ref)
Index("references_by_subject", external_references.c.subject_id)

HELD_TABLES = {TIME_ENTRY: time_entries, EXPENSE: expenses, BILLING_MILESTONE: billing_milestones}
"""Kind of held item → its table."""


# --- the store ---


class Store:
    """A SQLite store, filled with the sample account when new; thread-safe."""

    def __init__(
        self, path: Path | None, fill: Callable[[Connection], None], sample_version: int, *, new_ids: bool = False
    ) -> None:
        """Open a file, or memory when None; ``fill`` writes the sample account into empty tables.

        ``new_ids``: the ids of its invoices begin with the time.

        Raises SettingsProblem for a file that is something else, or was made with other tables or another sample.
        """
        self._lock = threading.Lock()
        self._closed = False
        self._path = path
        self._fill = fill
        self._new_ids = new_ids
        self._version = _version_of_tables(sample_version)
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        self._engine = create_engine(
            URL.create("sqlite", database=None if path is None else str(path)),
            poolclass=StaticPool,
            connect_args={"check_same_thread": False, "timeout": BUSY_SECONDS},
        )
        event.listen(self._engine, "connect", _configure)
        event.listen(self._engine, "begin", _begin)
        try:
            self._prepare()
            self._use_wal()
        except DatabaseError as wrong:
            self.close()
            raise self._no_store() from wrong
        except BaseException:
            self.close()
            raise

    def _no_store(self) -> SettingsProblem:
        return error(SettingsProblem, "sandbox.store", file=self._path)

    def _prepare(self) -> None:
        with self.transaction() as connection:
            version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
            if version == self._version:
                return

            if version != 0 or connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar_one():
                raise self._no_store()
            metadata.create_all(connection)
            self._begin(connection)
            connection.exec_driver_sql(f"PRAGMA user_version = {self._version}")

    def _use_wal(self) -> None:
        """Survive a killed process at the speed of a stand-in; only once the file is known to be ours."""
        connection = self._engine.raw_connection()
        try:
            connection.cursor().execute("PRAGMA journal_mode = WAL")
        finally:
            connection.close()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """All or nothing: commits when the block ends, rolls back when it raises. One at a time, readers too."""
        with self._lock:
            if self._closed:
                raise stopped()
            with self._engine.begin() as connection:
                yield connection

    def reset(self) -> None:
        """Forget every change: the sample account is as in a new store, and ids begin as in one."""
        with self.transaction() as connection:
            for table in reversed(metadata.sorted_tables):
                connection.execute(table.delete())
            connection.exec_driver_sql("DELETE FROM sqlite_sequence")
            self._begin(connection)

    def _begin(self, connection: Connection) -> None:
        """Write the sample account, and say where the ids of invoices begin."""
        self._fill(connection)
        if self._new_ids:
            connection.exec_driver_sql("DELETE FROM sqlite_sequence WHERE name = 'invoices'")
            first = int(time.time() * 1000)
            connection.exec_driver_sql("INSERT INTO sqlite_sequence VALUES ('invoices', ?)", (first,))

    def close(self) -> None:
        """Close the database; an in-memory one is gone."""
        with self._lock:
            self._closed = True
            self._engine.dispose()

    def invoices(self, *, with_sample: bool) -> list[StoredInvoice]:
        """Return every stored invoice in the order of creation."""
        query = select(invoices).order_by(invoices.c.id)
        if not with_sample:
            query = query.where(invoices.c.sample.is_(False))
        with self.transaction() as connection:
            rows = connection.execute(query).mappings().all()
            parts = _Parts(connection)
        return [parts.of(row) for row in rows]


def _version_of_tables(sample_version: int) -> int:
    """Return what ``PRAGMA user_version`` holds: a checksum that changes with the tables and with the sample."""
    definitions = [str(CreateTable(table)) for table in metadata.sorted_tables]
    return zlib.crc32("\n".join([str(sample_version), *definitions]).encode()) >> 1


class _Parts:
    """What hangs on the invoices: each table is read once, however many invoices there are."""

    def __init__(self, connection: Connection) -> None:
        held, spaces, references = held_items.c, invoice_workspaces.c, external_references.c
        self._items: dict[tuple[int, str], list[int]] = defaultdict(list)
        for invoice_id, kind, item_id in connection.execute(
            select(held.invoice_id, held.kind, held.item_id).order_by(held.item_id),
        ):
            self._items[invoice_id, kind].append(item_id)

        self._workspaces: dict[int, list[int]] = defaultdict(list)
        for invoice_id, workspace_id in connection.execute(
            select(spaces.invoice_id, spaces.workspace_id).order_by(spaces.position),
        ):
            self._workspaces[invoice_id].append(workspace_id)

        self._references: dict[int, list[tuple[str, str, str]]] = defaultdict(list)
        for invoice_id, name, model, reference in connection.execute(
            select(
                references.subject_id, references.service_name, references.service_model, references.service_model_ref
            ),
        ):
            self._references[invoice_id].append((name, model, reference))

    def of(self, row: RowMapping) -> StoredInvoice:
        """Return the invoice of this row."""
        id_ = row["id"]
        return StoredInvoice(
            id=id_,
            status=row["status"],
            draft=row["draft"],
            user_invoice_number=row["user_invoice_number"],
            currency=row["currency"],
            balance_in_cents=row["balance_in_cents"],
            workspace_ids=tuple(self._workspaces[id_]),
            time_entry_ids=tuple(self._items[id_, TIME_ENTRY]),
            expense_ids=tuple(self._items[id_, EXPENSE]),
            billing_milestone_ids=tuple(self._items[id_, BILLING_MILESTONE]),
            external_references=tuple(self._references[id_]),
            created_at=row["created_at"],
            sent=json.loads(row["sent"]),
        )


def _configure(connection: SqliteConnection, _record: object) -> None:
    """Leave transactions to SQLAlchemy."""
    connection.isolation_level = None
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")


def _begin(connection: Connection) -> None:
    """Take the write lock at once, so that what a transaction has read stays true until it writes."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")
