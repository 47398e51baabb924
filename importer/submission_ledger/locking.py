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

from importer.submission_ledger.guard import guard

if TYPE_CHECKING:
    from collections.abc import Iterator


class Busy(Exception):
    """Somebody else holds the lock."""


@contextmanager
def locked(engine: sa.Engine, account: str) -> Iterator[None]:
    """Hold the lock of an account. Raises Busy at once when another process holds it."""
    digest = hashlib.sha256(account.encode()).digest()
    if engine.dialect.name == "sqlite":
        try:
            with FileLock(f"{engine.url.database}.{digest[:4].hex()}.lock", timeout=0, mode=0o600):
                yield
        except Timeout:
            raise Busy from None
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
