"""Turn what the database says into sentences for people.

How the ledger notes a moment, a person and a text.
"""

from __future__ import annotations

import os
import socket
import sys
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError, IntegrityError

from importer.model.errors import LedgerProblem

if TYPE_CHECKING:
    from collections.abc import Iterator


IN_USE = "ledger.in_use"
"""Code of the refusal when another transaction keeps a part of the ledger for too long."""
AGAIN = "Run the command again in a minute: nothing is sent twice."
_LOCK_NOT_AVAILABLE = "55P03"


@contextmanager
def guard(name: str = "") -> Iterator[None]:
    """Turn what the database says into a LedgerProblem; a broken claim passes through.

    ``name`` is the file or address of the ledger, without a password.
    """
    try:
        yield
    except IntegrityError:
        raise
    except (DatabaseError, sa.exc.SQLAlchemyError) as error:
        which = f"The ledger {name}" if name else "The ledger"
        if getattr(getattr(error, "orig", None), "sqlstate", None) == _LOCK_NOT_AVAILABLE:
            raise LedgerProblem(f"{which} is in use, and did not become free.", AGAIN, code=IN_USE) from error
        said = str(getattr(error, "orig", None) or error).strip().splitlines()
        reason = said[0] if said else "no reason given"
        msg = f"{which} cannot be used: {reason}."
        hint = "Check that it is a ledger, can be reached and written, and that the disk has room."
        raise LedgerProblem(msg, hint, code="ledger.unusable") from error


def now() -> datetime:
    """This moment by the clock of this machine, UTC, without offset."""
    return datetime.now(UTC).replace(tzinfo=None)


def clock(connection: sa.Connection) -> sa.ColumnElement[datetime]:
    """What the clock of the ledger shows, for a query: UTC, without offset."""
    if connection.dialect.name == "sqlite":
        return sa.literal(now(), sa.DateTime)
    return sa.func.timezone("utc", sa.func.clock_timestamp(), type_=sa.DateTime)


def moment(connection: sa.Connection) -> datetime:
    """This moment by the clock of the ledger, which all machines that share it have in common; UTC, without offset."""
    if connection.dialect.name == "sqlite":
        return now()
    found: datetime = connection.execute(sa.select(clock(connection))).scalar_one()
    return found


def who() -> str:
    """User and machine."""
    return f"{os_user()}@{socket.gethostname()}"


def os_user() -> str:
    """Name of the user that the operating system knows, whatever the environment says."""
    if sys.platform == "win32":
        with suppress(OSError):
            return os.getlogin()  # of the session; getpass would believe the environment
        return "unknown"
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"user {os.getuid()}"


def storable(text: str | None) -> str | None:
    """A text as every database takes it: a server may say anything, and no answer may stay unnoted for its letters."""
    return (text or "").encode(errors="backslashreplace").decode().replace("\x00", "\\x00") or None
