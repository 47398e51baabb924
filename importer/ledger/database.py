"""Turn what the database says into sentences for people.

How the ledger notes a moment, a person and a text.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError, IntegrityError

from importer.model.errors import LedgerProblem

IN_USE = "ledger.in_use"
"""Code of the refusal when another transaction keeps a part of the ledger for too long."""
UNUSABLE = "ledger.unusable"
"""Code of the refusal of what is no ledger, or cannot be read or written."""
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
        raise _problem(error, f"The ledger {name}" if name else "The ledger") from error


def _problem(error: Exception, which: str) -> LedgerProblem:
    """What a database says, in plain words."""
    original = getattr(error, "orig", None)
    if getattr(original, "sqlstate", None) == _LOCK_NOT_AVAILABLE:
        return LedgerProblem(f"{which} is in use, and did not become free.", AGAIN, code=IN_USE)
    match getattr(original, "sqlite_errorname", None):
        case "SQLITE_NOTADB":
            msg = f"{which} is not a database, but some other file; it was not touched."
            return LedgerProblem(msg, "Set IMPORTER_LEDGER to the ledger itself, or to a new file.", code=UNUSABLE)
        case "SQLITE_CORRUPT":
            msg = f"{which} is damaged and cannot be read."
            hint = (
                "Restore a copy of it. Without one, move it aside: what it has billed is recognised in Kantata by the "
                "references of the invoices, but its history cannot be undone or listed."
            )
            return LedgerProblem(msg, hint, code=UNUSABLE)
    said = str(original or error).strip().splitlines()
    reason = said[0] if said else "no reason given"
    hint = "Check that it is a ledger, can be reached and written, and that the disk has room."
    return LedgerProblem(f"{which} cannot be used: {reason}.", hint, code=UNUSABLE)


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
