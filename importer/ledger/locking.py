"""One submit per account and ledger at a time, whatever dies in between.

A SQLite ledger is locked by the operating system through a file beside it,
PostgreSQL by an advisory lock of a connection: both end with their holder, so a
dead process blocks no other.
"""

from __future__ import annotations

import hashlib
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import sqlalchemy as sa
from filelock import FileLock, Timeout

from importer.ledger.database import guard, now, who
from importer.ledger.schema import LOCKS
from importer.model.errors import LedgerProblem, LockedByAnother

if TYPE_CHECKING:
    from collections.abc import Iterator


class Busy(Exception):
    """Somebody else holds the lock."""


@contextmanager
def _file_lock(path: str) -> Iterator[None]:
    lock = FileLock(path, timeout=0, mode=0o600)
    try:
        lock.acquire()
    except Timeout:
        raise Busy from None
    except OSError as error:
        msg = f"The lock {path} cannot be taken ({error.strerror})."
        hint = "Check that you may write this file and its folder, or choose another ledger with IMPORTER_LEDGER."
        raise LedgerProblem(msg, hint, code="ledger.unwritable") from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def locked(engine: sa.Engine, account: str) -> Iterator[None]:
    """Hold the lock of an account. Raises Busy at once when another process holds it."""
    digest = hashlib.sha256(account.encode()).digest()
    if engine.dialect.name == "sqlite":
        with _file_lock(f"{engine.url.database}.{digest[:4].hex()}.lock"):
            yield
        return
    key = int.from_bytes(digest[:8], "big", signed=True)
    with guard(), engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if not connection.execute(sa.select(sa.func.pg_try_advisory_lock(key))).scalar():
            raise Busy
        try:
            yield
        finally:
            with suppress(sa.exc.SQLAlchemyError):  # a lost connection has let go of it already
                connection.execute(sa.select(sa.func.pg_advisory_unlock(key)))


@contextmanager
def exclusive(engine: sa.Engine, account: str, run_id: str) -> Iterator[None]:
    """Hold the lock of an account and say who does. Raises LockedByAnother at once."""
    try:
        with locked(engine, account):
            _note_holder(engine, account, run_id)
            try:
                yield
            finally:
                with suppress(LedgerProblem):  # it is only shown to others
                    _forget_holder(engine, account)
    except Busy:
        raise LockedByAnother(
            f"Another run is at work for this account{holder(engine, account)}; nothing was done.",
            "Wait until it has ended, then run again.",
        ) from None


def holder(engine: sa.Engine, account: str) -> str:
    """Who holds the lock and since when, as far as is known."""
    with guard(), engine.connect() as connection:
        row = connection.execute(sa.select(LOCKS).where(LOCKS.c.account == account)).first()
    if row is None:
        return ""
    minutes = max(0, round((now() - row.since).total_seconds() / 60))
    since = f"for {minutes} min" if minutes else "for less than a minute"
    return f": {row.who}, run {row.run_id}, {since}"


def _note_holder(engine: sa.Engine, account: str, run_id: str) -> None:
    with guard(), engine.begin() as connection:
        connection.execute(LOCKS.delete().where(LOCKS.c.account == account))
        connection.execute(LOCKS.insert().values(account=account, run_id=run_id, who=who(), since=now()))


def _forget_holder(engine: sa.Engine, account: str) -> None:
    with guard(), engine.begin() as connection:
        connection.execute(LOCKS.delete().where(LOCKS.c.account == account))
