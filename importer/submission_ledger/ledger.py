"""What is known of earlier invoices, and what is noted of those that are sent."""

from __future__ import annotations

import getpass
import json
import socket
import threading
from contextlib import contextmanager, nullcontext, suppress
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from importer.errors import LedgerProblem, LockedByAnother
from importer.records import EarlierHeaders, ItemType, LedgerEntry, Outcome, OutcomeKind, SeenHeader, Status
from importer.submission_ledger.approvals import Approvals
from importer.submission_ledger.guard import guard
from importer.submission_ledger.health import Health, health_of
from importer.submission_ledger.locking import Busy, locked
from importer.submission_ledger.past import PastBook
from importer.submission_ledger.records import Attempt, Claim, RunRecord, Unsettled
from importer.submission_ledger.schema import (
    ATTEMPTS,
    CREATED,
    FREE,
    IN_DOUBT,
    INVOICES,
    ITEMS,
    LIVE,
    LOCKS,
    NOT_SENT,
    REJECTED,
    RUNS,
    SENDING,
    UNSETTLED,
)  # fmt: skip
from importer.submission_ledger.undoing import SHOWN, UndoBook
from importer.tieout import print_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from importer.records import PlannedInvoice, Source, Totals

_Value = TypeVar("_Value")
CHUNK = 5_000
"""Values in one IN list; SQLite allows 32,766."""
RUNS_COMPARED = 20
"""Submits whose headers a new sheet is compared with."""


class SubmissionLedger:
    """The ledger of one account, for one process."""

    def __init__(self, engine: sa.Engine, account: str) -> None:
        """Use :func:`open_ledger`, which also checks and prepares the database."""
        self._engine = engine
        self._account = account
        # SQLite has one writer at a time; its own waiting sleeps longer than the other threads of a run need.
        self._turn = threading.Lock() if engine.dialect.name == "sqlite" else nullcontext()

        self.undoing = UndoBook(engine, account)
        """What is known and noted of undoing a run."""
        self.past = PastBook(engine, account)
        """What was billed before."""

    @property
    def approvals(self) -> Approvals:
        """What was approved for this account."""
        return Approvals(self._engine, self._account)

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def health(self) -> Health:
        """How the ledger stands."""
        return health_of(self._engine, self._account)

    # --- what is known ---

    def entries(self, references: Iterable[str]) -> dict[str, LedgerEntry]:
        """Entries of the account by reference, in whatever state."""
        return {entry.reference: entry for entry in self._select(INVOICES.c.reference, references)}

    def live_by_fingerprint(self, fingerprints: Iterable[str]) -> dict[str, tuple[LedgerEntry, ...]]:
        """Entries that exist in Kantata, or may, by the content that was sent."""
        found: dict[str, list[LedgerEntry]] = {}
        for entry in self._select(INVOICES.c.fingerprint, fingerprints, live=True):
            found.setdefault(entry.fingerprint, []).append(entry)
        return {fingerprint: tuple(entries) for fingerprint, entries in found.items()}

    def live_by_item(self, items: Iterable[tuple[ItemType, int]]) -> dict[tuple[ItemType, int], LedgerEntry]:
        """Entries that hold a time entry, expense or milestone and exist in Kantata, or may."""
        by_type: dict[ItemType, list[int]] = {}
        for item_type, item_id in items:
            by_type.setdefault(item_type, []).append(item_id)
        found: dict[tuple[ItemType, int], LedgerEntry] = {}
        join = ITEMS.join(
            INVOICES,
            sa.and_(ITEMS.c.account == INVOICES.c.account, ITEMS.c.reference == INVOICES.c.reference),
        )
        with guard(), self._engine.connect() as connection:
            for item_type, ids in by_type.items():
                for chunk in _chunks(ids):
                    query = (
                        sa.select(ITEMS.c.item_id, INVOICES).select_from(join)
                        .where(ITEMS.c.account == self._account, ITEMS.c.item_type == item_type.value)
                        .where(ITEMS.c.item_id.in_(chunk), INVOICES.c.state.in_(LIVE))
                    )  # fmt: skip
                    found.update({(item_type, row.item_id): _entry(row) for row in connection.execute(query)})
        return found

    def live_by_number(self, numbers: Iterable[int]) -> dict[int, LedgerEntry]:
        """Entries that were sent with one of the invoice numbers and exist in Kantata, or may."""
        wanted = set(numbers)
        if not wanted:
            return {}
        query = sa.select(INVOICES).where(INVOICES.c.account == self._account, INVOICES.c.state.in_(LIVE))
        found: dict[int, LedgerEntry] = {}
        with guard(), self._engine.connect() as connection:
            for row in connection.execute(query.where(INVOICES.c.payload.contains('"user_invoice_number"'))):
                number = json.loads(row.payload)["invoice"].get("user_invoice_number")
                if number in wanted:
                    found[number] = _entry(row)
        return found

    def near(self, keys: Iterable[str], workspace_ids: Iterable[int]) -> list[LedgerEntry]:
        """Live entries with one of the invoice keys, or without a key for one of the projects."""
        keyed = self._select(INVOICES.c.invoice_key, keys, live=True)
        single = (json.dumps([workspace_id]) for workspace_id in workspace_ids)
        unkeyed = self._select(INVOICES.c.workspace_ids, single, live=True)
        return [*keyed, *(entry for entry in unkeyed if entry.key is None)]

    def runs(self) -> list[RunRecord]:
        """Every submit of the account, the newest first."""
        query = sa.select(RUNS).where(RUNS.c.account == self._account).order_by(RUNS.c.started_at.desc())
        with guard(), self._engine.connect() as connection:
            return [_run(row) for row in connection.execute(query)]

    def earlier_headers(self) -> list[EarlierHeaders]:
        """Headers of the last submits of the account that sent something, the newest first."""
        query = (
            sa.select(RUNS.c.started_at, RUNS.c.path, RUNS.c.headers)
            .where(RUNS.c.account == self._account, RUNS.c.headers.is_not(None))
            .order_by(RUNS.c.started_at.desc())
            .limit(RUNS_COMPARED)
        )
        with guard(), self._engine.connect() as connection:
            return [
                EarlierHeaders(row.started_at, row.path, tuple(SeenHeader(*one) for one in json.loads(row.headers)))
                for row in connection.execute(query)
            ]

    def entries_of_run(self, run_id: str) -> list[LedgerEntry]:
        """Invoices whose last attempt was in this run, in the order of the sheet."""
        entries = list(self._select(INVOICES.c.run_id, [run_id]))
        return sorted(entries, key=lambda entry: entry.rows)

    def entries_of_source(self, sha256: str) -> list[LedgerEntry]:
        """Invoices that were last sent from a file of just this content."""
        return list(self._select(INVOICES.c.source_sha256, [sha256]))

    def attempts_of_run(self, run_id: str) -> list[Attempt]:
        """What this run tried with each invoice, whatever later runs did; in the order of the sheet."""
        same = sa.and_(ATTEMPTS.c.account == INVOICES.c.account, ATTEMPTS.c.reference == INVOICES.c.reference)
        query = (
            sa.select(ATTEMPTS, INVOICES.c.rows, INVOICES.c.state, INVOICES.c.invoice_id, INVOICES.c.invoice_key,
                      INVOICES.c.workspace_ids, INVOICES.c.run_id.label("last_run"))
            .join(INVOICES, same)
            .where(ATTEMPTS.c.account == self._account, ATTEMPTS.c.run_id == run_id)
            .order_by(ATTEMPTS.c.id)
        )  # fmt: skip
        with guard(), self._engine.connect() as connection:
            last = {row.reference: _attempt(row) for row in connection.execute(query)}
        return sorted(last.values(), key=lambda attempt: attempt.rows)

    def _select(self, column: sa.Column[Any], values: Iterable[str], *, live: bool = False) -> Iterator[LedgerEntry]:
        with guard(), self._engine.connect() as connection:
            for chunk in _chunks(sorted(set(values))):
                query = sa.select(INVOICES).where(INVOICES.c.account == self._account, column.in_(chunk))
                if live:
                    query = query.where(INVOICES.c.state.in_(LIVE))
                for row in connection.execute(query):
                    yield _entry(row)

    def unsettled(self, references: Iterable[str] | None = None) -> list[Unsettled]:
        """Invoices whose outcome is not known: all of the account, or those of the references."""
        query = sa.select(INVOICES).where(INVOICES.c.account == self._account, INVOICES.c.state.in_(UNSETTLED))
        wanted = None if references is None else set(references)
        with guard(), self._engine.connect() as connection:
            rows = connection.execute(query.order_by(INVOICES.c.sent_at)).all()
        return [_unsettled(row) for row in rows if wanted is None or row.reference in wanted]

    def references_of(self, invoice_ids: Iterable[str]) -> dict[str, str]:
        """Invoice id → reference, for those ids that the ledger knows as created."""
        found: dict[str, str] = {}
        with guard(), self._engine.connect() as connection:
            for chunk in _chunks(sorted(set(invoice_ids))):
                query = sa.select(INVOICES.c.invoice_id, INVOICES.c.reference).where(
                    INVOICES.c.account == self._account, INVOICES.c.invoice_id.in_(chunk)
                )
                found.update({row.invoice_id: row.reference for row in connection.execute(query)})
        return found

    # --- what is done ---

    @contextmanager
    def exclusive(self, run_id: str) -> Iterator[None]:
        """Be the only one who sends or settles for this account. Raises LockedByAnother at once."""
        try:
            with locked(self._engine, self._account):
                self._note_holder(run_id)
                try:
                    yield
                finally:
                    with suppress(LedgerProblem):  # it is only told to others
                        self._forget_holder()
        except Busy:
            raise LockedByAnother(
                f"Another run is at work for this account{self._holder()}; nothing was done.",
                "Wait until it has ended, then run again.",
            ) from None

    def _note_holder(self, run_id: str) -> None:
        with guard(), self._engine.begin() as connection:
            connection.execute(LOCKS.delete().where(LOCKS.c.account == self._account))
            connection.execute(LOCKS.insert().values(account=self._account, run_id=run_id, who=_who(), since=_now()))

    def _forget_holder(self) -> None:
        with guard(), self._engine.begin() as connection:
            connection.execute(LOCKS.delete().where(LOCKS.c.account == self._account))

    def _holder(self) -> str:
        """Who holds the lock and since when, as far as is known."""
        with guard(), self._engine.connect() as connection:
            row = connection.execute(sa.select(LOCKS).where(LOCKS.c.account == self._account)).first()
        if row is None:
            return ""
        minutes = max(0, round((_now() - row.since).total_seconds() / 60))
        return f": {row.who}, run {row.run_id}, for {minutes} min"

    def conclude(self, reference: str, run_id: str, outcome: Outcome) -> None:
        """Settle an invoice that was in doubt, by what Kantata shows. Touches none that is settled already."""
        own = sa.and_(INVOICES.c.account == self._account, INVOICES.c.reference == reference)
        now = _now()
        with guard(), self._engine.begin() as connection:
            connection.execute(
                INVOICES.update()
                .where(own, INVOICES.c.state.in_(UNSETTLED))
                .values(state=_STATE_AFTER[outcome.kind], invoice_id=outcome.invoice_id, error=_text(outcome.message))
            )
            connection.execute(
                ATTEMPTS.insert().values(
                    account=self._account, reference=reference, run_id=run_id, started_at=now, ended_at=now,
                    outcome=f"settled: {outcome.kind.value}", message=_text(outcome.message),
                )
            )  # fmt: skip

    def begin_run(
        self, run_id: str, batch: str, source: Source, totals: Totals, headers: Sequence[SeenHeader] = ()
    ) -> None:
        """Note that a submit begins; ``headers`` only when it sends something, so that later ones compare with it."""
        with guard(), self._engine.begin() as connection:
            connection.execute(
                RUNS.insert().values(
                    run_id=run_id,
                    account=self._account,
                    batch=batch,
                    started_at=_now(),
                    who=_who(),
                    path=_text(str(Path(source.path).absolute())) or "",
                    sheet=source.sheet,
                    sha256=source.sha256,
                    rows=totals.rows,
                    invoices=totals.invoices,
                    amount=str(totals.amount),
                    headers=json.dumps([(one.text, one.column, one.filled) for one in headers]) if headers else None,
                ),
            )

    def end_run(self, run_id: str, by_status: dict[Status, int], exit_code: int) -> None:
        """Note how a submit ended."""
        counts = json.dumps({status.value: count for status, count in by_status.items()})
        with guard(), self._engine.begin() as connection:
            connection.execute(
                RUNS.update().where(RUNS.c.run_id == run_id)
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
        own = {"account": self._account, "reference": planned.reference}
        try:
            with guard(), self._turn, self._engine.begin() as connection:
                known = {"known_account": self._account, "known_reference": planned.reference}
                if not connection.execute(_TAKE, known | values).rowcount:
                    connection.execute(_INSERT_INVOICE, own | values)
                self._replace_items(connection, planned)
                attempt = connection.execute(
                    _INSERT_ATTEMPT, own | {"run_id": run_id, "started_at": now}
                ).inserted_primary_key
        except IntegrityError:
            return None
        return Claim(planned.reference, int(attempt[0]) if attempt else 0)

    def settle(self, claim: Claim, outcome: Outcome) -> None:
        """Commit what became of a claimed invoice."""
        message, request_id = _text(outcome.message), _text(outcome.request_id)
        invoice = {
            "known_account": self._account, "known_reference": claim.reference, "state": _STATE_AFTER[outcome.kind],
            "request_id": request_id, "invoice_id": outcome.invoice_id, "error": message,
        }  # fmt: skip
        attempt = {
            "known_id": claim.attempt, "ended_at": _now(), "outcome": outcome.kind.value,
            "http_status": outcome.http_status, "request_id": request_id, "message": message,
            "raw": _text(outcome.raw) or _print_of(outcome),
        }  # fmt: skip
        with guard(), self._turn, self._engine.begin() as connection:
            connection.execute(_UPDATE_INVOICE, invoice)
            connection.execute(_UPDATE_ATTEMPT, attempt)

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
            "source_path": _text(source.path) or "",
            "source_sha256": source.sha256,
            "rows": json.dumps(planned.invoice.rows),
            "payload": json.dumps(planned.payload, ensure_ascii=False),
            "sent_at": now,
            "request_id": None,
            "invoice_id": None,
            "error": None,
        }

    def _replace_items(self, connection: sa.Connection, planned: PlannedInvoice) -> None:
        connection.execute(_DELETE_ITEMS, {"known_account": self._account, "known_reference": planned.reference})
        rows = [
            {"account": self._account, "item_type": line.item_type.value, "item_id": line.item_id,
             "reference": planned.reference}
            for line in getattr(planned.invoice, "lines", ())
            if line.item_id is not None
        ]  # fmt: skip
        if rows:
            connection.execute(_INSERT_ITEMS, rows)


# Built once: to build them anew for each invoice takes longer than the disk.
_OWN = sa.and_(
    INVOICES.c.account == sa.bindparam("known_account"), INVOICES.c.reference == sa.bindparam("known_reference")
)
_TAKE = INVOICES.update().where(_OWN, INVOICES.c.state.in_(FREE))
_UPDATE_INVOICE = INVOICES.update().where(_OWN)
_INSERT_INVOICE = INVOICES.insert()
_INSERT_ATTEMPT = ATTEMPTS.insert()
_UPDATE_ATTEMPT = ATTEMPTS.update().where(ATTEMPTS.c.id == sa.bindparam("known_id"))
_DELETE_ITEMS = ITEMS.delete().where(
    ITEMS.c.account == sa.bindparam("known_account"), ITEMS.c.reference == sa.bindparam("known_reference")
)
_INSERT_ITEMS = ITEMS.insert()
_STATE_AFTER = {
    OutcomeKind.CREATED: CREATED,
    OutcomeKind.REJECTED: REJECTED,
    OutcomeKind.REFUSED_FOR_NOW: NOT_SENT,
    OutcomeKind.TOKEN_REFUSED: NOT_SENT,
    OutcomeKind.UNKNOWN: IN_DOUBT,
}


def _print_of(outcome: Outcome) -> str | None:
    """Of a created invoice, what Kantata showed of it: by that an undo sees whether anybody changed it since."""
    shown = outcome.read_back.shown if outcome.read_back else None
    made = None if shown is None else print_of(shown)
    return None if made is None else _text(f"{SHOWN}{made}")


def _text(text: str | None) -> str | None:
    """A text as every database takes it: a server may say anything, and no answer may stay unnoted for its letters."""
    return (text or "").encode(errors="backslashreplace").decode().replace("\x00", "\\x00") or None


def _chunks(values: Sequence[_Value]) -> Iterator[Sequence[_Value]]:
    for start in range(0, len(values), CHUNK):
        yield values[start : start + CHUNK]


def _entry(row: Any) -> LedgerEntry:  # noqa: ANN401 - untyped by its library
    return LedgerEntry(
        reference=row.reference, fingerprint=row.fingerprint, batch=row.batch, state=row.state, run_id=row.run_id,
        sent_at=row.sent_at, invoice_id=row.invoice_id, rows=tuple(json.loads(row.rows)),
        error=row.error, key=row.invoice_key, workspace_ids=tuple(json.loads(row.workspace_ids)),
        amount=Decimal(row.amount), invoice_date=json.loads(row.payload)["invoice"].get("invoice_date"),
        source_sha256=row.source_sha256,
    )  # fmt: skip


def _attempt(row: Any) -> Attempt:  # noqa: ANN401 - untyped by its library
    return Attempt(
        reference=row.reference, key=row.invoice_key, workspace_ids=tuple(json.loads(row.workspace_ids)),
        rows=tuple(json.loads(row.rows)), outcome=row.outcome, http_status=row.http_status, message=row.message,
        request_id=row.request_id, started_at=row.started_at, state_now=row.state, invoice_id=row.invoice_id,
        last_run=row.last_run,
    )  # fmt: skip


def _unsettled(row: Any) -> Unsettled:  # noqa: ANN401 - untyped by its library
    return Unsettled(
        reference=row.reference, run_id=row.run_id, batch=row.batch, key=row.invoice_key,
        workspace_ids=tuple(json.loads(row.workspace_ids)), rows=tuple(json.loads(row.rows)),
        amount=Decimal(row.amount), payload=json.loads(row.payload), sent_at=row.sent_at,
    )  # fmt: skip


def _run(row: Any) -> RunRecord:  # noqa: ANN401 - untyped by its library
    return RunRecord(
        run_id=row.run_id, batch=row.batch, account=row.account, started_at=row.started_at,
        finished_at=row.finished_at, who=row.who, path=row.path, sheet=row.sheet,
        sha256=row.sha256, rows=row.rows, invoices=row.invoices,
        amount=row.amount, by_status=json.loads(row.by_status or "{}"), exit_code=row.exit_code,
    )  # fmt: skip


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def _who() -> str:
    try:
        return f"{getpass.getuser()}@{socket.gethostname()}"
    except (OSError, KeyError):
        return "unknown"
