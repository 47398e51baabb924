"""Open a ledger: a SQLite file, or a PostgreSQL database that several machines share."""

from __future__ import annotations

import os
import re
import sqlite3
import sys
import time
from pathlib import Path
from typing import Any

import platformdirs
import sqlalchemy as sa

from importer.ledger.database import guard, os_user, who
from importer.ledger.ledger import SubmissionLedger
from importer.ledger.places import check_place
from importer.ledger.schema import META, METADATA, current_version, fill_gaps, migrate
from importer.model.errors import LedgerProblem
from importer.model.messages.message import how_to_install

SANDBOX_ACCOUNT = "sandbox"
"""Name of the embedded stand-in in the ledger; its port differs from run to run."""
BUSY_SECONDS = 30
"""How long one process waits for another one's write."""
CONNECT_SECONDS = 10
"""How long to wait for a PostgreSQL server."""
IDLE_SECONDS = 20
"""After this long without a command PostgreSQL ends an open transaction: its machine sleeps, or was cut off.

Shorter than :data:`BUSY_SECONDS`, so that those who wait for it go on.
"""
STATEMENT_SECONDS = 300
"""How long PostgreSQL works on one command."""
MAKE_TABLES_KEY = 0x1A7B1E5
"""Advisory lock under which one of several processes makes or migrates the tables."""
LedgerAddress = sa.URL
_LIBPQ = re.compile(r"\b(?:host|hostaddr|port|dbname|user|password|passfile|sslmode|service)\s*=", re.IGNORECASE)
"""A setting of a connection as PostgreSQL's own programs take it."""
POSTGRESQL = frozenset({"postgresql", "postgres", "postgresql+psycopg"})


def ledger_url(setting: str) -> LedgerAddress:
    """Address of the ledger: a path, ``sqlite:///path`` or ``postgresql+psycopg://…``; else in the user's data folder.

    Raises LedgerProblem for the address of any other database.
    """
    _refuse_odd(setting)
    if "://" not in setting:
        default = Path(platformdirs.user_data_dir("invoice-importer", appauthor=False)) / "ledger.sqlite"
        return sa.URL.create("sqlite", database=str(Path(setting).expanduser() if setting else default))
    scheme = setting.split(":", 1)[0]
    hint = "Set IMPORTER_LEDGER to the path of a file, or to postgresql+psycopg://user@host/database."
    if scheme != "sqlite" and scheme not in POSTGRESQL:
        msg = f"IMPORTER_LEDGER names a {scheme} database; the ledger is a file or a PostgreSQL database."
        raise LedgerProblem(msg, hint, code="ledger.address")
    if scheme == "sqlite":
        return sa.URL.create("sqlite", database=str(Path(setting.removeprefix("sqlite:///")).expanduser()))
    try:
        url = sa.make_url(setting).set(drivername="postgresql+psycopg")
    except (sa.exc.ArgumentError, ValueError):
        msg = "IMPORTER_LEDGER is not an address that can be read."
        raise LedgerProblem(msg, hint, code="ledger.address") from None
    if "@" in (url.host or ""):  # a part of the password; it must not get into a message
        msg = "IMPORTER_LEDGER holds more than one @."
        raise LedgerProblem(msg, "Write an @ in the password as %40.", code="ledger.address")
    return url


def _refuse_odd(setting: str) -> None:
    """Refuse a ledger that is no file and no address. Raises LedgerProblem."""
    if setting in (":memory:", "sqlite://", "sqlite:///", "sqlite:///:memory:"):
        msg = "IMPORTER_LEDGER names a ledger in memory, which would forget what was billed."
        raise LedgerProblem(msg, "Set IMPORTER_LEDGER to the path of a file.", code="ledger.address")
    if _LIBPQ.search(setting) and "://" not in setting:  # it may hold a password, so it is not repeated
        msg = "IMPORTER_LEDGER is neither a path nor an address, but a list of settings for PostgreSQL."
        hint = "Write it as an address: postgresql+psycopg://user@host/database."
        raise LedgerProblem(msg, hint, code="ledger.address")


def shown_address(setting: str) -> str:
    """The place of a ledger as people may see it: never a password. Raises LedgerProblem as :func:`ledger_url`."""
    return address_shown(ledger_url(setting))


def file_beside(where: LedgerAddress, ending: str) -> Path:
    """Path of a file that belongs to a ledger: beside its file, else in the user's data folder. Makes the folder."""
    path = place_beside(where, ending)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


def place_beside(where: LedgerAddress, ending: str) -> Path:
    """As :func:`file_beside`, without making the folder."""
    if where.drivername == "sqlite":
        file = Path(where.database or "")
    else:
        file = Path(platformdirs.user_data_dir("invoice-importer", appauthor=False)) / "ledger"
    return file.with_name(f"{file.stem}.{ending}")


def open_ledger(where: Path | LedgerAddress, account: str, *, anywhere: bool = False) -> SubmissionLedger:
    """Open the ledger of an account, creating it when it does not exist yet.

    ``anywhere``: also a file where it is not safe. Raises LedgerProblem when it
    cannot be used, or is newer than this program.
    """
    url = where if isinstance(where, sa.URL) else sa.URL.create("sqlite", database=str(where))
    name = address_shown(url)
    if url.drivername == "sqlite" and not anywhere:
        check_place(Path(name))
    engine = _sqlite(Path(name)) if url.drivername == "sqlite" else _postgresql(url)
    try:
        with guard(name):
            _prepare(engine, name)
            fill_gaps(engine, account)
    except LedgerProblem:
        engine.dispose()
        raise
    return SubmissionLedger(engine, account)


def address_shown(url: LedgerAddress) -> str:
    """The place of a ledger as people may see it: never a password."""
    if url.drivername == "sqlite":
        return url.database or ""
    return url.difference_update_query(["password", "sslpassword"]).render_as_string(hide_password=True)


def _sqlite(path: Path) -> sa.Engine:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not path.exists():
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    except OSError as error:
        msg = f"The ledger {path} cannot be created ({error.strerror})."
        raise LedgerProblem(msg, "Choose another place with IMPORTER_LEDGER.", code="ledger.unwritable") from error
    _check_usable(path)
    engine = sa.create_engine(sa.URL.create("sqlite", database=str(path)), connect_args={"timeout": BUSY_SECONDS})
    sa.event.listen(engine, "connect", _make_durable)
    return engine


def _check_usable(path: Path) -> None:
    """Say in plain words what SQLite would say in its own. Raises LedgerProblem.

    The file itself is never opened but by SQLite: closing it would drop the locks of every connection that this
    process has to it, and another program could then delete what they are writing.
    """
    if path.is_dir():
        msg = f"The ledger {path} is a folder, not a file."
        hint = f"Set IMPORTER_LEDGER to a file in it, such as {path / 'ledger.sqlite'}."
        raise LedgerProblem(msg, hint, code="ledger.unusable")
    if not os.access(path, os.R_OK | os.W_OK):
        msg = f"The ledger {path}{_owner(path)} cannot be read and written by you{_you()}."
        hint = (
            "Run as that user, or have its file and folder made writable for you; to share one ledger among users, "
            "PostgreSQL is the better way. Or choose another one with IMPORTER_LEDGER, but it does not know what was "
            "billed with this one."
        )
        raise LedgerProblem(msg, hint, code="ledger.unwritable")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        msg = f"The folder {path.parent}{_owner(path.parent)} cannot be written by you{_you()}; the ledger {path.name} "
        msg += "lies there, and SQLite keeps files beside it."
        hint = "Have the folder made writable for you, or run as its owner."
        raise LedgerProblem(msg, hint, code="ledger.unwritable")


def _owner(path: Path) -> str:
    """Whose a file is, as an insertion; empty where that is not known, or it is one's own."""
    if sys.platform == "win32":  # Path.owner is not made for it
        return ""
    try:
        owner = path.owner()
    except (OSError, KeyError):
        return ""
    return "" if owner == os_user() else f" belongs to the user {owner} and"


def _you() -> str:
    user = os_user()
    return "" if user == "unknown" else f" ({user})"


def _postgresql(url: sa.URL) -> sa.Engine:
    try:
        wanted = _CONNECTION | {"application_name": f"invoice-importer {who()}"}
        given = {name: value for name, value in wanted.items() if name not in url.query}
        engine = sa.create_engine(url, pool_pre_ping=True, connect_args=given)
    except ImportError as error:
        msg = "A ledger in PostgreSQL needs the package psycopg."
        hint = how_to_install("psycopg[binary]")
        raise LedgerProblem(msg, hint, code="ledger.driver") from error
    sa.event.listen(engine, "connect", _prepare_session)
    return engine


_CONNECTION = {
    "connect_timeout": CONNECT_SECONDS,
    "keepalives_idle": 20,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
"""A connection that has gone silent ends within a minute, unless the address says otherwise. In libpq's units."""


SESSION = {
    "synchronous_commit": "on",  # a server may be set up to commit without its disk; an intent must be on it
    "lock_timeout": f"{BUSY_SECONDS}s",
    "idle_in_transaction_session_timeout": f"{IDLE_SECONDS}s",
    "statement_timeout": f"{STATEMENT_SECONDS}s",
}
"""Whatever the server has as its own: no machine may hold up the others for long, whatever becomes of it."""


def _prepare_session(connection: Any, _record: object) -> None:  # noqa: ANN401 - untyped by its library
    with connection.cursor() as cursor:
        for name, value in SESSION.items():
            cursor.execute(f"SET {name} TO '{value}'")
    connection.commit()


def _make_durable(connection: Any, _record: object) -> None:  # noqa: ANN401 - untyped by its library
    cursor = connection.cursor()
    _use_wal(cursor)
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()


def _use_wal(cursor: sqlite3.Cursor) -> None:
    """Switch to WAL; when another process does so at this moment SQLite does not wait, so this does."""
    end = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > end:
                raise
            time.sleep(0.01)
        else:
            return


def _prepare(engine: sa.Engine, name: str) -> None:
    """Make the tables of a new ledger, bring an older one forwards; one of several processes does it.

    Raises LedgerProblem for a ledger of another version, before touching it.
    """
    with engine.connect() as connection:
        if (known := _version(connection)) != str(current_version()):
            _check_version(known, name)
            connection.rollback()
            _begin_alone(connection)
            known = _version(connection)
            _check_version(known, name)
            if known is None:
                METADATA.create_all(connection)
                connection.execute(META.insert().values(name="schema_version", value=str(current_version())))
            else:
                migrate(connection, int(known))
            connection.commit()


def _begin_alone(connection: sa.Connection) -> None:
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.exec_driver_sql(
            "SET LOCAL statement_timeout TO 0"
        )  # to bring a large ledger forwards takes its time
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(MAKE_TABLES_KEY)))


def _check_version(known: str | None, name: str) -> None:
    if known is None or (known.isdecimal() and 1 <= int(known) <= current_version()):
        return
    if known.isdecimal() and int(known) > current_version():
        msg = f"The ledger {name} was written by a newer version of this program."
        raise LedgerProblem(msg, "Update the program: pipx upgrade kantata-invoice-importer", code="ledger.newer")
    msg = f"The ledger {name} has the version “{known}”, which no program has written."
    raise LedgerProblem(msg, "Put a sound copy of it in its place.", code="ledger.unusable")


def _version(connection: sa.Connection) -> str | None:
    """Version of the schema; None for a file without tables."""
    if not sa.inspect(connection).has_table(META.name):
        return None
    return connection.execute(sa.select(META.c.value).where(META.c.name == "schema_version")).scalar()
