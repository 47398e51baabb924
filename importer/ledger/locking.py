"""The lease: the right of one run to send and to settle for an account. One run has it at a time.

A SQLite ledger is on one machine: its lease is held as long as the operating system holds a file beside it locked.
In PostgreSQL the lease is a row with a token, which its holder renews; by the clock of the database it ends by itself
when its machine is dead, and at once when its connection has ended. Whoever lost the lease notices in the transaction
of the next claim (:meth:`Lease.check`), so a holder that was cut off or slept sends nothing more.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from filelock import FileLock, Timeout

from importer.ledger.database import clock, guard, moment, who
from importer.ledger.schema import LOCKS
from importer.ledger.server import Presence, connection_ended, key_of, naming_the_holder
from importer.model.errors import LedgerProblem, LockedByAnother

LOG = logging.getLogger(__name__)
LEASE = timedelta(seconds=120)
"""After this long without renewal a lease in PostgreSQL has ended: its machine is dead, cut off or asleep."""
RENEW_SECONDS = 20.0
"""How often a lease is renewed; several renewals may fail before it ends."""
LOST = "ledger.lease"
"""Code of the refusal to a run that does not hold the lease any more."""


class Busy(Exception):
    """Another run holds the lease."""


@dataclass(slots=True)
class Lease:
    """What one run holds while it sends or settles."""

    engine: sa.Engine
    account: str
    run_id: str
    token: str = field(default_factory=lambda: secrets.token_hex(16))
    """Names this very holding, so that no other run of whatever name is taken for it."""

    def check(self, connection: sa.Connection, run_id: str) -> None:
        """Make sure, in the caller's transaction, that this run still holds the lease. Raises LedgerProblem.

        Until that transaction ends no other run can take the lease over. Call it after the first
        write: from there on SQLite lets no one else write.
        """
        row = connection.execute(_held(connection, self.account).with_for_update(read=True)).first()
        mine = row is not None and row.token == self.token and self.run_id == run_id
        if mine and not _ended(row):
            return
        why = "it ended before it was renewed"
        if row is not None and not mine:
            why = f"run {row.run_id} of {row.who} took it over"
        msg = f"This run does not hold the lock of the account any more: {why}."
        hint = "Was this machine asleep, or cut off from the database? Run again: nothing is sent twice."
        raise LedgerProblem(msg, hint, code=LOST)

    def renew(self, connection: sa.Connection) -> None:
        """Hold the lease for longer, unless it has ended."""
        now = moment(connection)
        mine = sa.and_(LOCKS.c.account == self.account, LOCKS.c.token == self.token, LOCKS.c.expires_at > now)
        connection.execute(LOCKS.update().where(mine).values(expires_at=now + LEASE))

    def take(self, connection: sa.Connection, expires_at: Any) -> None:  # noqa: ANN401 - a moment, or None
        """Put this run in the place of whichever held the lease before."""
        connection.execute(LOCKS.delete().where(LOCKS.c.account == self.account))
        values: dict[str, Any] = {"account": self.account, "run_id": self.run_id, "who": who(), "token": self.token}
        values |= {"since": moment(connection), "expires_at": expires_at}
        connection.execute(LOCKS.insert().values(values))

    def give_back(self) -> None:
        """End the lease, but no other run's."""
        mine = sa.and_(LOCKS.c.account == self.account, LOCKS.c.token == self.token)
        with suppress(LedgerProblem), guard(), self.engine.begin() as connection:
            connection.execute(LOCKS.delete().where(mine))


@contextmanager
def leased(engine: sa.Engine, account: str, run_id: str) -> Iterator[Lease]:
    """Hold the lease of an account. Raises LockedByAnother at once when another run holds it."""
    lease = Lease(engine, account, run_id)
    holding = _of_file if engine.dialect.name == "sqlite" else _of_server
    with ExitStack() as stack:
        try:
            stack.enter_context(holding(lease))
        except Busy:
            raise _refusal(engine, account) from None
        try:
            yield lease
        finally:
            lease.give_back()


def _held(connection: sa.Connection, account: str) -> sa.Select[Any]:
    """The row of a lease, with what the ledger's clock shows as ``now``."""
    return sa.select(LOCKS, clock(connection).label("now")).where(LOCKS.c.account == account)


def _ended(row: Any) -> bool:  # noqa: ANN401 - untyped by its library
    """Whether a lease was not renewed in time; that of a file lasts as long as the file is locked."""
    return row.expires_at is not None and row.expires_at <= row.now


# --- who holds it ------------------------------------------------------------------------------


def holder(engine: sa.Engine, account: str) -> str | None:
    """The run that holds the lease, for people; None when none does. Raises LedgerProblem."""
    if engine.dialect.name == "sqlite":
        with suppress(Timeout), _file_lock(engine, account):
            return None
    with guard(), engine.connect() as connection:
        row = connection.execute(_held(connection, account)).first()
    if row is None or _ended(row):
        return None
    return _named(row)


def unlock(engine: sa.Engine, account: str) -> None:
    """End the lease of whichever run holds it in PostgreSQL; that run sends nothing more. Raises LedgerProblem.

    The lease of a SQLite ledger is held by a process of this machine, and ends with it.
    """
    if engine.dialect.name == "sqlite":
        msg = "The lock of a SQLite ledger is held by a process of this machine."
        raise LedgerProblem(msg, "End that process, or wait until it has ended.", code="ledger.locked")
    with naming_the_holder(engine), guard(), engine.begin() as connection:
        connection.execute(LOCKS.delete().where(LOCKS.c.account == account))


def _refusal(engine: sa.Engine, account: str) -> LockedByAnother:
    """The refusal of a second run: who holds the lease, and since when, as far as is known."""
    with guard(), engine.connect() as connection:
        row = connection.execute(_held(connection, account)).first()
    by = "" if row is None else f": {_named(row)}"
    hint = "Wait until it has ended, then run again."
    if engine.dialect.name != "sqlite":
        hint += " If its machine is dead: invoice-importer doctor --unlock"
    return LockedByAnother(f"Another run is at work for this account{by}; nothing was done.", hint)


def _named(row: Any) -> str:  # noqa: ANN401 - untyped by its library
    minutes = max(0, round((row.now - row.since).total_seconds() / 60))
    since = f"for {minutes} min" if minutes else "for less than a minute"
    return f"{row.who}, run {row.run_id}, {since}"


# --- a file ------------------------------------------------------------------------------------


@contextmanager
def _of_file(lease: Lease) -> Iterator[None]:
    """Hold the file of an account locked. Raises Busy."""
    try:
        with _file_lock(lease.engine, lease.account):
            with guard(), lease.engine.begin() as connection:
                lease.take(connection, None)
            yield
    except Timeout:
        raise Busy from None


@contextmanager
def _file_lock(engine: sa.Engine, account: str) -> Iterator[None]:
    """Raises Timeout when another process holds it, or LedgerProblem."""
    lock = FileLock(lock_path(engine, account), timeout=0, mode=0o600)
    try:
        lock.acquire()
    except OSError as error:
        if isinstance(error, Timeout):
            raise
        msg = f"The lock {lock.lock_file} cannot be taken ({error.strerror})."
        hint = "Check that you may write this file and its folder, or choose another ledger with IMPORTER_LEDGER."
        raise LedgerProblem(msg, hint, code="ledger.unwritable") from error
    try:
        yield
    finally:
        lock.release()


def lock_path(engine: sa.Engine, account: str) -> str:
    """The file that is locked for an account: beside the ledger itself, whatever link leads to it."""
    ledger = Path(engine.url.database or "").resolve()
    return f"{ledger}.{hashlib.sha256(account.encode()).hexdigest()[:8]}.lock"


# --- a server ----------------------------------------------------------------------------------


@contextmanager
def _of_server(lease: Lease) -> Iterator[None]:
    """Hold the row of the lease, and an advisory lock of a connection, which ends when that connection does.

    Raises Busy.
    """
    presence = Presence(lease.engine, lease.token)
    stop = threading.Event()
    keeper = threading.Thread(target=_keep, args=(lease, presence, stop), name="lease", daemon=True)
    try:
        with naming_the_holder(lease.engine), guard(), lease.engine.begin() as transaction:
            transaction.execute(sa.select(sa.func.pg_advisory_xact_lock(key_of(f"take {lease.account}"))))
            presence.check_pooling(transaction)
            row = transaction.execute(_held(transaction, lease.account)).first()
            if row is not None and not (_ended(row) or connection_ended(transaction, row.token)):
                raise Busy
            lease.take(transaction, moment(transaction) + LEASE)
        keeper.start()
        yield
    finally:
        stop.set()
        if keeper.ident is not None:
            keeper.join()
        presence.close()


def _keep(lease: Lease, presence: Presence, stop: threading.Event) -> None:
    """Renew a lease until the run ends; what cannot be renewed ends by itself, and the next claim notices."""
    while not stop.wait(RENEW_SECONDS):
        try:
            presence.keep()
            with guard(), lease.engine.begin() as transaction:
                lease.renew(transaction)
        except LedgerProblem as problem:
            LOG.warning("The lock of the account could not be renewed: %s", problem.message)
