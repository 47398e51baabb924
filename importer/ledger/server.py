"""What only PostgreSQL can tell: who is there, by a lock that ends with a connection, and who holds up others."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import sqlalchemy as sa

from importer.ledger.database import IN_USE, guard
from importer.model.errors import LedgerProblem


@contextmanager
def naming_the_holder(engine: sa.Engine) -> Iterator[None]:
    """Say whose open transaction keeps the lease, when it does so for too long. Raises LedgerProblem."""
    try:
        yield
    except LedgerProblem as problem:
        if problem.code != IN_USE:
            raise
        with guard(), engine.connect() as connection:
            row = connection.execute(_OPEN_TRANSACTION).first()
        if row is None:
            raise
        msg = (
            f"The lock of the account is kept by an open transaction of {row.program or 'another program'} at "
            f"{row.address or 'the database server itself'}, for {row.seconds:.0f} s (process {row.pid} of PostgreSQL)."
        )
        hint = (
            "Its machine may be asleep or cut off. Run the command again in a minute; if this comes again, have the "
            f"administrator of the database end it: SELECT pg_terminate_backend({row.pid})"
        )
        raise LedgerProblem(msg, hint, code=IN_USE) from problem


_OPEN_TRANSACTION = sa.text(
    "SELECT pid, application_name AS program, host(client_addr) AS address,"
    " extract(epoch FROM clock_timestamp() - xact_start) AS seconds FROM pg_stat_activity AS session"
    " WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL AND EXISTS"
    " (SELECT FROM pg_locks WHERE pg_locks.pid = session.pid AND granted"
    " AND (locktype = 'advisory' OR relation = to_regclass('run_locks')))"
    " ORDER BY xact_start LIMIT 1"
)


def key_of(text: str) -> int:
    """Key of an advisory lock."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big", signed=True)


def connection_ended(transaction: sa.Connection, token: str) -> bool:
    """Whether the connection of a lease's holder has ended: its process is dead, or cut off from the server."""
    return bool(transaction.execute(sa.select(sa.func.pg_try_advisory_xact_lock(key_of(token)))).scalar())


class Presence:
    """A connection that shows other runs, by an advisory lock, that the holder of a token is there."""

    def __init__(self, engine: sa.Engine, token: str) -> None:
        """Open the connection. Raises LedgerProblem."""
        self._engine, self._token = engine, token
        self._shown = False
        self._connection = self._opened()
        self._process = _process_of(self._connection)

    def _opened(self) -> sa.Connection:
        with guard():
            connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            connection.execute(_STAY_IDLE)
            self._show(connection)
        return connection

    def _show(self, connection: sa.Connection) -> None:
        """Take the advisory lock; a connection from before that the server did not end yet may have it still."""
        taken = connection.execute(sa.select(sa.func.pg_try_advisory_lock(key_of(self._token)))).scalar()
        self._shown = bool(taken)

    def check_pooling(self, transaction: sa.Connection) -> None:
        """Refuse a pooler that hands the processes of the server from transaction to transaction.

        Behind it an advisory lock, and the setting that commits wait for the disk, belong to no one.
        Raises LedgerProblem.
        """
        other = _process_of(transaction)  # while the transaction is open, it keeps its process
        if other != self._process and _process_of(self._connection) == self._process:
            return
        msg = (
            "The address of the ledger leads to a pooler (such as PgBouncer) in transaction mode, where no lock holds."
        )
        hint = "Give IMPORTER_LEDGER the address of PostgreSQL itself, or of a pooler in session mode."
        raise LedgerProblem(msg, hint, code="ledger.pooled")

    def keep(self) -> None:
        """Use the connection, so that no time-out ends it; make it again when it has ended. Raises LedgerProblem."""
        try:
            if self._shown:
                self._connection.execute(sa.select(1))
            else:
                self._show(self._connection)
        except sa.exc.SQLAlchemyError:
            self.close()
            self._connection = self._opened()

    def close(self) -> None:
        """End the connection itself, and with it its lock: back in the pool it would hold it on."""
        with suppress(sa.exc.SQLAlchemyError):
            self._connection.invalidate()
            self._connection.close()


_STAY_IDLE = sa.text(
    "SELECT set_config('idle_session_timeout', '0', false) FROM pg_settings WHERE name = 'idle_session_timeout'"
)
"""Nothing in versions of PostgreSQL that do not end idle connections."""


def _process_of(connection: sa.Connection) -> int:
    """The process of the server that works for a connection."""
    return int(connection.execute(sa.select(sa.func.pg_backend_pid())).scalar_one())
