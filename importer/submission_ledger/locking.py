"""One submit per account and ledger at a time, whatever dies in between.

A SQLite ledger is locked by the operating system through a file beside it,
PostgreSQL by an advisory lock of a connection: both end with their holder, so a
dead process blocks nobody.
"""

from __future__ import annotations

import hashlib
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import sqlalchemy as sa
from filelock import FileLock, Timeout

from importer.errors import LedgerProblem
from importer.submission_ledger.guard import guard

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
