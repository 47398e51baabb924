"""Note what is sent, settled and undone. Each intent is on the disk before its request leaves, each answer after it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from importer.ledger.approvals import Approvals
from importer.ledger.database import guard, moment, storable, who
from importer.ledger.inbox_files import InboxFiles
from importer.ledger.journal import Details, Journal, Overtaken
from importer.ledger.locking import Lease, holder, leased, unlock
from importer.ledger.outbox import Outbox
from importer.ledger.places import LedgerFile
from importer.ledger.probes import Probes
from importer.ledger.recorded_plan import RecordedPlan
from importer.ledger.rows import Claim, Doubt, SentInvoice, expected_text
from importer.ledger.runs import KnownRuns
from importer.ledger.schema import EVENTS, INVOICES, ITEMS, LINES, RUN_PLANS, RUNS, fill_gaps, found_by
from importer.model.answers import Outcome, OutcomeKind
from importer.model.errors import LedgerProblem
from importer.model.lifecycle import SENDING_AGAIN, Event, NotPossible, Standing, State

if TYPE_CHECKING:
    from importer.model.plans import PlannedInvoice, Source, Status, Totals
    from importer.model.remembered import SeenHeader

_EVENTS = {
    OutcomeKind.CREATED: Event.CREATED,
    OutcomeKind.REJECTED: Event.REJECTED,
    OutcomeKind.REFUSED_FOR_NOW: Event.REFUSED_FOR_NOW,
    OutcomeKind.TOKEN_REFUSED: Event.TOKEN_REFUSED,
    OutcomeKind.UNKNOWN: Event.UNKNOWN,
}
"""What each answer to a request to create is for the lifecycle of its invoice."""
CHANGED = "ledger.changed"
"""Code of the refusal to note an event of an invoice that changed meanwhile."""


class SubmissionLedger(KnownRuns):
    """The ledger of one account, for one process."""

    def __init__(self, engine: sa.Engine, account: str) -> None:
        """Use :func:`open_ledger`, which also checks and prepares the database."""
        super().__init__(engine, account)
        self._journal = Journal(account)
        self._lease: Lease | None = None
        self._file = LedgerFile.at(Path(engine.url.database or "")) if engine.dialect.name == "sqlite" else None
        # SQLite has one writer at a time; its own waiting sleeps longer than the other threads of a run need.
        self._turn = threading.Lock() if engine.dialect.name == "sqlite" else nullcontext()

        self.outbox = Outbox(engine, account)
        """Notices that are to be sent, and those that were."""
        self.inbox_files = InboxFiles(engine, account, self.outbox)
        """What became of each file of the inbox."""
        self.approvals = Approvals(engine, account)
        """What was approved for this account."""
        self.probes = Probes(engine, account, self._check_lease)
        """What was found out about this account, and the drafts that did it."""

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    @contextmanager
    def exclusive(self, run_id: str) -> Iterator[None]:
        """Be the only one who sends or settles for this account. Raises LockedByAnother at once."""
        with leased(self._engine, self._account, run_id) as lease:
            self._lease = lease
            try:
                with guard():
                    fill_gaps(self._engine, self._account)
                yield
            finally:
                self._lease = None

    def holder(self) -> str | None:
        """The run that sends or settles for this account at the moment, for people; None when none does."""
        return holder(self._engine, self._account)

    def unlock(self) -> None:
        """End the lock of the account, whoever holds it; that run sends nothing more. Raises LockedByAnother."""
        unlock(self._engine, self._account)

    def now(self) -> datetime:
        """This moment by the clock of the ledger, UTC without offset."""
        with guard(), self._engine.connect() as connection:
            return moment(connection)

    def _check_lease(self, connection: sa.Connection, run_id: str) -> None:
        """In the transaction of a claim: no other run may send meanwhile. Raises LedgerProblem."""
        if self._lease is not None:
            self._lease.check(connection, run_id)

    def _check_file(self) -> None:
        """Before a commit: one into a file that has vanished is none. Raises LedgerProblem."""
        if self._file is not None:
            self._file.check()

    # --- sending ---

    def claim(self, planned: PlannedInvoice, run_id: str, batch: str, source: Source) -> Claim | None:
        """Commit the intent to send, on disk before this returns; None when it may not be sent, or another one does.

        The database decides: two processes that both see the invoice as free note an
        event with the same number, and the second one fails.
        """
        return self._begin_to_send(planned, run_id, batch, source, Event.CLAIMED, Details())

    def adopt(self, planned: PlannedInvoice, invoice_id: str, run_id: str, batch: str, source: Source) -> None:
        """Record an invoice that Kantata holds already although this ledger did not know it."""
        details = Details("Found in Kantata by its reference.", invoice_id)
        self._begin_to_send(planned, run_id, batch, source, Event.ADOPTED, details)

    def note_outcome(self, claim: Claim, outcome: Outcome) -> None:
        """Commit what became of a claimed invoice. Raises LedgerProblem, also when it was settled otherwise before.

        Its creation counts also when a look-up or a person held it for absent meanwhile: or it would be sent again.
        """
        try:
            self._settle(claim, claim.standing, outcome)
        except LedgerProblem as problem:
            absent = None
            if outcome.kind is OutcomeKind.CREATED and problem.code == CHANGED:
                absent = self._held_for_absent(claim)
            if absent is None:
                raise
            self._settle(claim, absent, outcome)

    def _settle(self, claim: Claim, seen: Standing, outcome: Outcome) -> None:
        details = Details(
            outcome.message,
            outcome.invoice_id,
            outcome.http_status,
            outcome.request_id,
            outcome.raw,
            outcome.snapshot,
        )
        with self._noting(claim.reference) as connection:
            self._journal.add(connection, claim.reference, seen, _EVENTS[outcome.kind], claim.run_id, details)

    def _held_for_absent(self, claim: Claim) -> Standing | None:
        """Where a claimed invoice stands that counts as not created; None when it does not, or was sent since."""
        own = sa.and_(EVENTS.c.account == self._account, EVENTS.c.reference == claim.reference)
        sent = EVENTS.c.event.in_([event.value for event in SENDING_AGAIN])
        with guard(), self._engine.connect() as connection:
            standing = self._journal.standing(connection, claim.reference)
            last = connection.execute(sa.select(sa.func.max(EVENTS.c.seq)).where(own, sent)).scalar()
        held = standing.state is State.FREE and standing.reached_by in (Event.ABSENT, Event.SAID_NOT_BILLED)
        if held and last == claim.standing.seq:
            return standing
        return None

    def _begin_to_send(  # noqa: PLR0913, PLR0917 - one argument per part of the record
        self, planned: PlannedInvoice, run_id: str, batch: str, source: Source, event: Event, details: Details
    ) -> Claim | None:
        if planned.reference is None or planned.payload is None:
            msg = "an unsound invoice cannot be sent"
            raise ValueError(msg)
        sent = _sent(planned, run_id, batch, source)
        try:
            with guard(), self._turn, self._engine.begin() as connection:
                standing = self._journal.standing(connection, planned.reference)
                standing = self._journal.add(connection, planned.reference, standing, event, run_id, details, sent)
                self._check_lease(connection, run_id)
                self._replace_items(connection, planned)
                self._replace_lines(connection, planned)
                self._check_file()
        except (NotPossible, Overtaken):
            return None
        return Claim(planned.reference, run_id, standing)

    def _replace_items(self, connection: sa.Connection, planned: PlannedInvoice) -> None:
        connection.execute(_DELETE_ITEMS, {"known_account": self._account, "known_reference": planned.reference})
        rows: list[dict[str, Any]] = []
        for line in getattr(planned.invoice, "lines", ()):
            if line.item_id is not None:
                row = {"account": self._account, "reference": planned.reference}
                rows.append(row | {"item_type": line.item_type.value, "item_id": line.item_id})
        if rows:
            connection.execute(_INSERT_ITEMS, rows)

    def _replace_lines(self, connection: sa.Connection, planned: PlannedInvoice) -> None:
        connection.execute(_DELETE_LINES, {"known_account": self._account, "known_reference": planned.reference})
        own = {"account": self._account, "reference": planned.reference, "sent_at": moment(connection)}
        rows: list[dict[str, Any]] = []
        for position, mark in enumerate(planned.marks):
            names = ("row", "workspace_id", "wording", "line", "alike")
            row = {name: getattr(mark, name) for name in names}
            row |= {"position": position, "amount": str(mark.amount), "waiting": json.dumps(mark.waiting)}
            rows.append(own | row)
        if rows:
            connection.execute(_INSERT_LINES, rows)

    # --- doubts ---

    def conclude(self, doubt: Doubt, event: Event, run_id: str, reason: str, invoice_id: str | None = None) -> None:
        """Settle an invoice that may exist, by what Kantata shows or a person says. Raises LedgerProblem.

        ``event`` ends the doubt; ``run_id`` is the reconcile or submit that found out;
        ``invoice_id`` is that of an invoice that was found.
        """
        with self._noting(doubt.reference) as connection:
            standing = doubt.standing
            if standing.state is State.SENDING:  # its answer was never noted, and none will be from now on
                standing = self._journal.add(connection, doubt.reference, standing, Event.UNANSWERED, run_id)
            self._journal.add(connection, doubt.reference, standing, event, run_id, Details(reason, invoice_id))
            self._check_lease(connection, run_id)

    def note_reported(self, references: Iterable[str], run_id: str) -> None:
        """Note that results say what became of these invoices; one that changed meanwhile is reported later."""
        for reference in references:
            with suppress(Overtaken), guard(), self._turn, self._engine.begin() as connection:
                standing = self._journal.standing(connection, reference)
                if standing.unreported:
                    self._journal.add(connection, reference, standing, Event.REPORTED, run_id)

    # --- undoing ---

    def begin_removal(self, sent: SentInvoice, undo_id: str, action: str) -> SentInvoice:
        """Commit the intent to delete or cancel an invoice; return it as it stands then.

        Raises LedgerProblem when it changed since the caller read it.
        """
        details = Details(f"Undo {undo_id} has begun to {action} it.", sent.invoice_id)
        return self.note_removal(sent, undo_id, Event.REMOVAL_BEGUN, details)

    def note_removal(self, sent: SentInvoice, undo_id: str, event: Event, details: Details) -> SentInvoice:
        """Commit what an undo did with an invoice; return it as it stands then. Raises LedgerProblem.

        What came of a request is noted also by an undo that lost the lock meanwhile.
        """
        with self._noting(sent.reference) as connection:
            standing = self._journal.add(connection, sent.reference, sent.standing, event, undo_id, details)
            if event is Event.REMOVAL_BEGUN:
                self._check_lease(connection, undo_id)
        return replace(sent, standing=standing)

    @contextmanager
    def _noting(self, reference: str) -> Iterator[sa.Connection]:
        """Give a transaction for an event of an invoice. Raises LedgerProblem when another process was faster."""
        try:
            with guard(), self._turn, self._engine.begin() as connection:
                yield connection
                self._check_file()
        except Overtaken as error:
            msg = f"Another process has noted something of {reference} in the ledger a moment ago."
            raise LedgerProblem(msg, "Run the command again.", code=CHANGED) from error

    # --- runs ---

    def begin_run(  # noqa: PLR0913, PLR0917 - one argument per part of the record
        self,
        run_id: str,
        batch: str,
        source: Source,
        totals: Totals,
        headers: Sequence[SeenHeader] = (),
        plan: RecordedPlan = RecordedPlan(),  # noqa: B008 - it cannot be changed
    ) -> None:
        """Note that a submit begins, and what it is to do.

        ``headers`` only when it sends something, so that later ones compare with it.
        """
        planned = {invoice.reference: invoice.fingerprint for invoice in plan.planned if invoice.reference is not None}
        seen = [(header.text, header.column, header.filled) for header in headers]
        with guard(), self._engine.begin() as connection:
            connection.execute(
                RUNS.insert().values(
                    run_id=run_id,
                    account=self._account,
                    batch=batch,
                    started_at=moment(connection),
                    who=who(),
                    path=storable(str(Path(source.path).absolute())) or "",
                    sheet=source.sheet,
                    sha256=source.sha256,
                    rows=totals.rows,
                    invoices=totals.invoices,
                    amount=str(totals.amount),
                    headers=json.dumps(seen) if seen else None,
                    planned=json.dumps(planned),
                ),
            )
            connection.execute(RUN_PLANS.insert().values(run_id=run_id, plan=plan.as_text()))
        self.note_reported(self._settled_by(run_id), run_id)

    def _settled_by(self, run_id: str) -> list[str]:
        """The invoices that this run itself has settled just now; its own results say so."""
        last = sa.and_(EVENTS.c.account == INVOICES.c.account, EVENTS.c.reference == INVOICES.c.reference)
        query = (
            sa.select(INVOICES.c.reference)
            .join(EVENTS, sa.and_(last, EVENTS.c.seq == INVOICES.c.seq))
            .where(self._own, INVOICES.c.unreported.is_(True), EVENTS.c.run_id == run_id)
        )
        with guard(), self._engine.connect() as connection:
            return list(connection.execute(query).scalars())

    def end_run(self, run_id: str, by_status: dict[Status, int], exit_code: int) -> None:
        """Note how a submit ended."""
        counts = json.dumps({status.value: count for status, count in by_status.items()})
        with guard(), self._engine.begin() as connection:
            connection.execute(
                RUNS.update()
                .where(RUNS.c.run_id == run_id)
                .values(finished_at=moment(connection), by_status=counts, exit_code=exit_code),
            )


def _sent(planned: PlannedInvoice, run_id: str, batch: str, source: Source) -> dict[str, Any]:
    """What is sent, as columns of the invoice's row."""
    return {
        "batch": batch,
        "invoice_key": planned.invoice.key,
        "workspace_ids": json.dumps(planned.invoice.workspace_ids),
        "fingerprint": planned.fingerprint,
        "amount": str(planned.invoice.amount),
        "run_id": run_id,
        "source_path": storable(source.path) or "",
        "source_sha256": source.sha256,
        "rows": json.dumps(planned.invoice.rows),
        "payload": json.dumps(planned.payload, ensure_ascii=False),
        "expected": expected_text(planned),
        **found_by(planned.invoice.key, planned.invoice.workspace_ids, planned.payload or {}),
    }


# Built once: to build them for each invoice takes longer than the disk.
_DELETE_ITEMS = ITEMS.delete().where(
    ITEMS.c.account == sa.bindparam("known_account"), ITEMS.c.reference == sa.bindparam("known_reference")
)
_INSERT_ITEMS = ITEMS.insert()
_DELETE_LINES = LINES.delete().where(
    LINES.c.account == sa.bindparam("known_account"), LINES.c.reference == sa.bindparam("known_reference")
)
_INSERT_LINES = LINES.insert()
