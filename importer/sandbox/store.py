"""The stand-in's memory: one SQLite database, one transaction at a time."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import URL, StaticPool, create_engine, event, select
from sqlalchemy.exc import DatabaseError

from importer.sandbox import sample_account, tables
from importer.sandbox.received import StoredInvoice
from importer.sandbox.refusals import stopped
from importer.sandbox.running import SandboxStoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from sqlite3 import Connection as SqliteConnection

    from sqlalchemy import Connection, RowMapping

BUSY_SECONDS = 30
"""How long a transaction waits for another process that uses the same file."""


class Store:
    """A SQLite store, filled with the sample account when new; thread-safe."""

    def __init__(self, path: Path | None) -> None:
        """Open a file, or memory when None. Raises SandboxStoreError for a file that is something else."""
        self._lock = threading.Lock()
        self._closed = False
        self._path = path
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
        except DatabaseError as error:
            self.close()
            raise SandboxStoreError(path or Path(":memory:"), str(error.orig)) from error
        except BaseException:
            self.close()
            raise

    def _prepare(self) -> None:
        with self.transaction() as connection:
            version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
            if version == tables.STORE_VERSION:
                return
            if version != 0 or connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar_one():
                raise SandboxStoreError(self._path or Path(":memory:"), f"its version is {version}")
            tables.metadata.create_all(connection)
            sample_account.fill(connection)
            connection.exec_driver_sql(f"PRAGMA user_version = {tables.STORE_VERSION}")

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

    def close(self) -> None:
        """Close the database; an in-memory one is gone."""
        with self._lock:
            self._closed = True
            self._engine.dispose()

    def invoices(self, *, with_sample: bool) -> list[StoredInvoice]:
        """Return every stored invoice in the order of creation."""
        query = select(tables.invoices).order_by(tables.invoices.c.id)
        if not with_sample:
            query = query.where(tables.invoices.c.sample.is_(False))
        with self.transaction() as connection:
            rows = connection.execute(query).mappings().all()
            return [_stored(connection, row) for row in rows]


def _stored(connection: Connection, row: RowMapping) -> StoredInvoice:
    held, spaces, references = tables.held_items, tables.invoice_workspaces, tables.external_references
    held_rows = connection.execute(
        select(held.c.kind, held.c.item_id).where(held.c.invoice_id == row["id"]).order_by(held.c.item_id),
    ).all()
    space_ids = connection.scalars(
        select(spaces.c.workspace_id).where(spaces.c.invoice_id == row["id"]).order_by(spaces.c.position),
    )
    keys = connection.execute(
        select(references.c.service_name, references.c.service_model, references.c.service_model_ref).where(
            references.c.subject_id == row["id"],
        ),
    )
    return StoredInvoice(
        id=row["id"],
        status=row["status"],
        draft=row["draft"],
        user_invoice_number=row["user_invoice_number"],
        currency=row["currency"],
        balance_in_cents=row["balance_in_cents"],
        workspace_ids=tuple(space_ids),
        time_entry_ids=tuple(item for kind, item in held_rows if kind == tables.TIME_ENTRY),
        expense_ids=tuple(item for kind, item in held_rows if kind == tables.EXPENSE),
        billing_milestone_ids=tuple(item for kind, item in held_rows if kind == tables.BILLING_MILESTONE),
        external_references=tuple((name, model, ref) for name, model, ref in keys),
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
