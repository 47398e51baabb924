"""The ledger of submissions: what was sent, when, and what became of it.

The only file that imports SQLAlchemy. An intent (``sending``) is committed and
on disk before the request leaves; the outcome is committed after it. A row left
in ``sending`` by a crash therefore reads as in doubt, never as unsent.
"""

from __future__ import annotations

import getpass
import json
import os
import socket
import sqlite3
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import platformdirs
import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError, IntegrityError

from importer.errors import LedgerProblem
from importer.records import ItemType, LedgerEntry, Outcome, OutcomeKind, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from importer.records import PlannedInvoice, Source, Totals

_Value = TypeVar("_Value")

SCHEMA_VERSION = 1
BUSY_SECONDS = 30
"""How long one process waits for another one's write."""
CHUNK = 5_000
"""Values in one IN list; SQLite allows 32,766."""

SENDING, CREATED, REJECTED, NOT_SENT, IN_DOUBT = "sending", "created", "rejected", "not_sent", "in_doubt"
LIVE = (SENDING, IN_DOUBT, CREATED)
"""States in which the invoice exists in Kantata, or may."""
FREE = (REJECTED, NOT_SENT)
"""States in which it surely does not exist and may be sent."""

_metadata = sa.MetaData()
_meta = sa.Table(
    "ledger_meta", _metadata,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)  # fmt: skip
_runs = sa.Table(
    "runs", _metadata,
    sa.Column("run_id", sa.String(64), primary_key=True),
    sa.Column("account", sa.Text, nullable=False),
    sa.Column("batch", sa.Text, nullable=False),
    sa.Column("started_at", sa.DateTime, nullable=False),
    sa.Column("finished_at", sa.DateTime),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("path", sa.Text, nullable=False),
    sa.Column("sheet", sa.Text),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("rows", sa.Integer, nullable=False),
    sa.Column("invoices", sa.Integer, nullable=False),
    sa.Column("amount", sa.Text, nullable=False),
    sa.Column("by_status", sa.Text),
    sa.Column("exit_code", sa.Integer),
)  # fmt: skip
_invoices = sa.Table(
    "invoices", _metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("reference", sa.Text, primary_key=True),
    sa.Column("batch", sa.Text, nullable=False),
    sa.Column("invoice_key", sa.Text),
    sa.Column("workspace_ids", sa.Text, nullable=False),
    sa.Column("fingerprint", sa.String(64), nullable=False),
    sa.Column("amount", sa.Text, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("run_id", sa.String(64), nullable=False, index=True),
    sa.Column("source_path", sa.Text, nullable=False),
    sa.Column("source_sha256", sa.String(64), nullable=False),
    sa.Column("rows", sa.Text, nullable=False),
    sa.Column("payload", sa.Text, nullable=False),
    sa.Column("sent_at", sa.DateTime),
    sa.Column("request_id", sa.Text),
    sa.Column("invoice_id", sa.Text),
    sa.Column("error", sa.Text),
    sa.Index("invoices_by_fingerprint", "account", "fingerprint"),
)  # fmt: skip
_attempts = sa.Table(
    "attempts", _metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("account", sa.Text, nullable=False),
    sa.Column("reference", sa.Text, nullable=False),
    sa.Column("run_id", sa.String(64), nullable=False, index=True),
    sa.Column("started_at", sa.DateTime, nullable=False),
    sa.Column("ended_at", sa.DateTime),
    sa.Column("outcome", sa.String(32)),
    sa.Column("http_status", sa.Integer),
    sa.Column("request_id", sa.Text),
    sa.Column("message", sa.Text),
    sa.Column("raw", sa.Text),
)  # fmt: skip
_items = sa.Table(
    "billed_items", _metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("item_type", sa.String(32), primary_key=True),
    sa.Column("item_id", sa.BigInteger, primary_key=True),
    sa.Column("reference", sa.Text, primary_key=True),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One submit as the ledger remembers it."""

    run_id: str
    batch: str
    account: str
    started_at: datetime
    """UTC, without offset."""
    finished_at: datetime | None
    """None: still running, or killed."""
    who: str
    path: str
    rows: int
    invoices: int
    amount: str
    by_status: dict[str, int]
    exit_code: int | None


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to send one invoice once; given by :meth:`SubmissionLedger.claim`."""

    reference: str
    attempt: int


class SubmissionLedger:
    """The ledger of one account, for one process."""

    def __init__(self, engine: sa.Engine, account: str) -> None:
        """Use :func:`open_ledger`, which also checks and prepares the database."""
        self._engine = engine
        self._account = account

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    # --- what is known ---

    def entries(self, references: Iterable[str]) -> dict[str, LedgerEntry]:
        """Entries of the account by reference, in whatever state."""
        return {entry.reference: entry for entry in self._select(_invoices.c.reference, references)}

    def live_by_fingerprint(self, fingerprints: Iterable[str]) -> dict[str, tuple[LedgerEntry, ...]]:
        """Entries that exist in Kantata, or may, by the content that was sent."""
        found: dict[str, list[LedgerEntry]] = {}
        for entry in self._select(_invoices.c.fingerprint, fingerprints, live=True):
            found.setdefault(entry.fingerprint, []).append(entry)
        return {fingerprint: tuple(entries) for fingerprint, entries in found.items()}

    def live_by_item(self, items: Iterable[tuple[ItemType, int]]) -> dict[tuple[ItemType, int], LedgerEntry]:
        """Entries that hold a time entry, expense or milestone and exist in Kantata, or may."""
        by_type: dict[ItemType, list[int]] = {}
        for item_type, item_id in items:
            by_type.setdefault(item_type, []).append(item_id)
        found: dict[tuple[ItemType, int], LedgerEntry] = {}
        join = _items.join(
            _invoices,
            sa.and_(_items.c.account == _invoices.c.account, _items.c.reference == _invoices.c.reference),
        )
        with _guard(), self._engine.connect() as connection:
            for item_type, ids in by_type.items():
                for chunk in _chunks(ids):
                    query = (
                        sa.select(_items.c.item_id, _invoices).select_from(join)
                        .where(_items.c.account == self._account, _items.c.item_type == item_type.value)
                        .where(_items.c.item_id.in_(chunk), _invoices.c.state.in_(LIVE))
                    )  # fmt: skip
                    found.update({(item_type, row.item_id): _entry(row) for row in connection.execute(query)})
        return found

    def runs(self) -> list[RunRecord]:
        """Every submit of the account, the newest first."""
        query = sa.select(_runs).where(_runs.c.account == self._account).order_by(_runs.c.started_at.desc())
        with _guard(), self._engine.connect() as connection:
            return [_run(row) for row in connection.execute(query)]

    def entries_of_run(self, run_id: str) -> list[LedgerEntry]:
        """Invoices whose last attempt was in this run, in the order of the sheet."""
        entries = list(self._select(_invoices.c.run_id, [run_id]))
        return sorted(entries, key=lambda entry: entry.rows)

    def _select(self, column: sa.Column[Any], values: Iterable[str], *, live: bool = False) -> Iterator[LedgerEntry]:
        with _guard(), self._engine.connect() as connection:
            for chunk in _chunks(sorted(set(values))):
                query = sa.select(_invoices).where(_invoices.c.account == self._account, column.in_(chunk))
                if live:
                    query = query.where(_invoices.c.state.in_(LIVE))
                for row in connection.execute(query):
                    yield _entry(row)

    # --- what is done ---

    def begin_run(self, run_id: str, batch: str, source: Source, totals: Totals) -> None:
        """Note that a submit begins."""
        with _guard(), self._engine.begin() as connection:
            connection.execute(
                _runs.insert().values(
                    run_id=run_id,
                    account=self._account,
                    batch=batch,
                    started_at=_now(),
                    who=_who(),
                    path=source.path,
                    sheet=source.sheet,
                    sha256=source.sha256,
                    rows=totals.rows,
                    invoices=totals.invoices,
                    amount=str(totals.amount),
                ),
            )

    def end_run(self, run_id: str, by_status: dict[Status, int], exit_code: int) -> None:
        """Note how a submit ended."""
        counts = json.dumps({status.value: count for status, count in by_status.items()})
        with _guard(), self._engine.begin() as connection:
            connection.execute(
                _runs.update().where(_runs.c.run_id == run_id)
                .values(finished_at=_now(), by_status=counts, exit_code=exit_code),
            )  # fmt: skip

    def claim(self, planned: PlannedInvoice, run_id: str, batch: str, source: Source) -> Claim | None:
        """Commit the intent to send, on disk before this returns; None when another process has it.

        The database decides: a new reference is inserted under its primary key, a
        known one is taken only out of a state in which it surely was not created.
        """
        if planned.reference is None or planned.payload is None:
            msg = "an unsound invoice cannot be claimed"
            raise ValueError(msg)
        now = _now()
        values = self._row(planned, run_id, batch, source, now)
        own = sa.and_(_invoices.c.account == self._account, _invoices.c.reference == planned.reference)
        try:
            with _guard(), self._engine.begin() as connection:
                taken = connection.execute(
                    _invoices.update().where(own, _invoices.c.state.in_(FREE)).values(**values),
                ).rowcount
                if not taken:
                    connection.execute(
                        _invoices.insert().values(account=self._account, reference=planned.reference, **values),
                    )
                self._replace_items(connection, planned)
                attempt = connection.execute(
                    _attempts.insert().values(
                        account=self._account,
                        reference=planned.reference,
                        run_id=run_id,
                        started_at=now,
                    ),
                ).inserted_primary_key
        except IntegrityError:
            return None
        return Claim(planned.reference, int(attempt[0]) if attempt else 0)

    def settle(self, claim: Claim, outcome: Outcome) -> None:
        """Commit what became of a claimed invoice."""
        state = _STATE_AFTER[outcome.kind]
        own = sa.and_(_invoices.c.account == self._account, _invoices.c.reference == claim.reference)
        with _guard(), self._engine.begin() as connection:
            connection.execute(
                _invoices.update().where(own).values(
                    state=state, request_id=outcome.request_id, invoice_id=outcome.invoice_id,
                    error=outcome.message or None,
                ),
            )  # fmt: skip
            connection.execute(
                _attempts.update().where(_attempts.c.id == claim.attempt).values(
                    ended_at=_now(), outcome=outcome.kind.value, http_status=outcome.http_status,
                    request_id=outcome.request_id, message=outcome.message or None, raw=outcome.raw or None,
                ),
            )  # fmt: skip

    def adopt(self, planned: PlannedInvoice, invoice_id: str, run_id: str, batch: str, source: Source) -> None:
        """Record an invoice that Kantata holds already although this ledger did not know it."""
        claim = self.claim(planned, run_id, batch, source)
        if claim is not None:
            self.settle(
                claim,
                Outcome(OutcomeKind.CREATED, "Found in Kantata by its reference.", invoice_id=invoice_id),
            )

    def _row(self, planned: PlannedInvoice, run_id: str, batch: str, source: Source, now: datetime) -> dict[str, Any]:
        return {
            "batch": batch,
            "invoice_key": planned.invoice.key,
            "workspace_ids": json.dumps(planned.invoice.workspace_ids),
            "fingerprint": planned.fingerprint,
            "amount": str(planned.invoice.amount),
            "state": SENDING,
            "run_id": run_id,
            "source_path": source.path,
            "source_sha256": source.sha256,
            "rows": json.dumps(planned.invoice.rows),
            "payload": json.dumps(planned.payload, ensure_ascii=False),
            "sent_at": now,
            "request_id": None,
            "invoice_id": None,
            "error": None,
        }

    def _replace_items(self, connection: sa.Connection, planned: PlannedInvoice) -> None:
        own = sa.and_(_items.c.account == self._account, _items.c.reference == planned.reference)
        connection.execute(_items.delete().where(own))
        rows = [
            {"account": self._account, "item_type": line.item_type.value, "item_id": line.item_id,
             "reference": planned.reference}
            for line in getattr(planned.invoice, "lines", ())
            if line.item_id is not None
        ]  # fmt: skip
        if rows:
            connection.execute(_items.insert(), rows)


_STATE_AFTER = {
    OutcomeKind.CREATED: CREATED,
    OutcomeKind.REJECTED: REJECTED,
    OutcomeKind.REFUSED_FOR_NOW: NOT_SENT,
    OutcomeKind.TOKEN_REFUSED: NOT_SENT,
    OutcomeKind.UNKNOWN: IN_DOUBT,
}


def ledger_path(setting: str) -> Path:
    """File of the ledger: as set (a path, or ``sqlite:///path``), else in the user's data folder.

    Raises LedgerProblem for the address of another database.
    """
    if setting.startswith("sqlite:///"):
        return Path(setting.removeprefix("sqlite:///")).expanduser()
    if "://" in setting:
        msg = (
            f"IMPORTER_LEDGER names a {setting.split(':', 1)[0]} database, but this version keeps its ledger in a file."
        )
        raise LedgerProblem(msg, "Set IMPORTER_LEDGER to the path of a file.", code="ledger.address")
    if setting:
        return Path(setting).expanduser()
    return Path(platformdirs.user_data_dir("invoice-importer", appauthor=False)) / "ledger.sqlite"


def open_ledger(path: Path, account: str) -> SubmissionLedger:
    """Open the ledger of an account, creating it when it does not exist yet.

    Raises LedgerProblem when it cannot be used, or is newer than this program.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not path.exists():
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    except OSError as error:
        msg = f"The ledger {path} cannot be created ({error.strerror})."
        raise LedgerProblem(msg, "Choose another place with IMPORTER_LEDGER.", code="ledger.unwritable") from error
    engine = sa.create_engine(sa.URL.create("sqlite", database=str(path)), connect_args={"timeout": BUSY_SECONDS})
    sa.event.listen(engine, "connect", _make_durable)
    try:
        with _guard(path):
            _prepare(engine, path)
    except LedgerProblem:
        engine.dispose()
        raise
    return SubmissionLedger(engine, account)


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


def _prepare(engine: sa.Engine, path: Path) -> None:
    """Make the tables of a new ledger; raise LedgerProblem for one of another version, before touching it."""
    with engine.connect() as connection:
        if (known := _version(connection)) is None:
            connection.rollback()
            connection.exec_driver_sql("BEGIN IMMEDIATE")  # of several that make the file together, one does
            if (known := _version(connection)) is None:
                _metadata.create_all(connection)
                connection.execute(_meta.insert().values(name="schema_version", value=str(SCHEMA_VERSION)))
                known = str(SCHEMA_VERSION)
            connection.commit()
    if known == str(SCHEMA_VERSION):
        return
    if known.isdecimal() and int(known) > SCHEMA_VERSION:
        msg = f"The ledger {path} was written by a newer version of this program."
        raise LedgerProblem(msg, "Update the program: pipx upgrade kantata-invoice-importer", code="ledger.newer")
    msg = f"The ledger {path} has the version “{known}”, which no program has written."
    raise LedgerProblem(msg, "Put a sound copy of it in its place.", code="ledger.unusable")


def _version(connection: sa.Connection) -> str | None:
    """Version of the schema; None for a file without tables."""
    if not sa.inspect(connection).has_table(_meta.name):
        return None
    return connection.execute(sa.select(_meta.c.value).where(_meta.c.name == "schema_version")).scalar()


@contextmanager
def _guard(path: Path | None = None) -> Iterator[None]:
    """Turn what the database says into a LedgerProblem; a broken claim passes through."""
    try:
        yield
    except IntegrityError:
        raise
    except (DatabaseError, sa.exc.SQLAlchemyError) as error:
        said = str(getattr(error, "orig", None) or error)
        where = f"The ledger {path}" if path else "The ledger"
        msg = f"{where} cannot be used: {said}."
        hint = "Check that the file is a ledger, not read-only, not open elsewhere, and that the disk is not full."
        raise LedgerProblem(msg, hint, code="ledger.unusable") from error


def _chunks(values: Sequence[_Value]) -> Iterator[Sequence[_Value]]:
    for start in range(0, len(values), CHUNK):
        yield values[start : start + CHUNK]


def _entry(row: Any) -> LedgerEntry:  # noqa: ANN401 - untyped by its library
    return LedgerEntry(
        reference=row.reference, fingerprint=row.fingerprint, batch=row.batch, state=row.state, run_id=row.run_id,
        sent_at=row.sent_at, invoice_id=row.invoice_id, rows=tuple(json.loads(row.rows)), source_path=row.source_path,
        error=row.error,
    )  # fmt: skip


def _run(row: Any) -> RunRecord:  # noqa: ANN401 - untyped by its library
    return RunRecord(
        run_id=row.run_id, batch=row.batch, account=row.account, started_at=row.started_at,
        finished_at=row.finished_at, who=row.who, path=row.path, rows=row.rows, invoices=row.invoices,
        amount=row.amount, by_status=json.loads(row.by_status or "{}"), exit_code=row.exit_code,
    )  # fmt: skip


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def _who() -> str:
    try:
        return f"{getpass.getuser()}@{socket.gethostname()}"
    except (OSError, KeyError):
        return "unknown"
