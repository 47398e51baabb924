"""What is noted of the invoices that are sent; what is known of earlier ones is in :mod:`known`."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from importer.ledger.approvals import Approvals
from importer.ledger.database import guard, now, storable, who
from importer.ledger.health import Health, health_of
from importer.ledger.inbox_files import InboxFiles
from importer.ledger.known import KnownBook
from importer.ledger.locking import exclusive
from importer.ledger.outbox import Outbox
from importer.ledger.past import PastBook, as_text
from importer.ledger.rows import Claim
from importer.ledger.schema import (
    ATTEMPTS,
    CREATED,
    FREE,
    IN_DOUBT,
    INVOICES,
    ITEMS,
    NOT_SENT,
    REJECTED,
    RUNS,
    SENDING,
    UNSETTLED,
)
from importer.ledger.undoing import SHOWN, UndoBook
from importer.model.answers import Outcome, OutcomeKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from importer.model.plans import PlannedInvoice, Source, Status, Totals
    from importer.model.remembered import SeenHeader


class SubmissionLedger(KnownBook):
    """The ledger of one account, for one process."""

    def __init__(self, engine: sa.Engine, account: str) -> None:
        """Use :func:`open_ledger`, which also checks and prepares the database."""
        super().__init__(engine, account)
        # SQLite has one writer at a time; its own waiting sleeps longer than the other threads of a run need.
        self._turn = threading.Lock() if engine.dialect.name == "sqlite" else nullcontext()

        self.undoing = UndoBook(engine, account)
        """What is known and noted of undoing a run."""
        self.past = PastBook(engine, account)
        """What was billed before."""
        self.outbox = Outbox(engine, account)
        """Notices that are to be sent, and those that were."""
        self.inbox_files = InboxFiles(engine, account, self.outbox)
        """What became of each file of the inbox."""

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

    @contextmanager
    def exclusive(self, run_id: str) -> Iterator[None]:
        """Be the only one who sends or settles for this account. Raises LockedByAnother at once."""
        with exclusive(self._engine, self._account, run_id):
            yield

    def conclude(self, reference: str, run_id: str, outcome: Outcome, *, by_hand: bool = False) -> None:
        """Settle an invoice that was in doubt, by what Kantata shows, or a person says. Touches no settled one."""
        own = sa.and_(INVOICES.c.account == self._account, INVOICES.c.reference == reference)
        moment, how = now(), "settled by hand" if by_hand else "settled"
        with guard(), self._engine.begin() as connection:
            connection.execute(
                INVOICES.update()
                .where(own, INVOICES.c.state.in_(UNSETTLED))
                .values(
                    state=_STATE_AFTER[outcome.kind], invoice_id=outcome.invoice_id, error=storable(outcome.message)
                )
            )
            connection.execute(
                ATTEMPTS.insert().values(
                    account=self._account,
                    reference=reference,
                    run_id=run_id,
                    started_at=moment,
                    ended_at=moment,
                    outcome=f"{how}: {outcome.kind.value}",
                    message=storable(outcome.message),
                    invoice_id=outcome.invoice_id,
                )
            )

    def begin_run(  # noqa: PLR0913, PLR0917 - one argument per part of the record
        self,
        run_id: str,
        batch: str,
        source: Source,
        totals: Totals,
        headers: Sequence[SeenHeader] = (),
        planned: Iterable[PlannedInvoice] = (),
    ) -> None:
        """Note that a submit begins; ``headers`` only when it sends something, so that later ones compare with it."""
        plan = {one.reference: one.fingerprint for one in planned if one.reference is not None}
        with guard(), self._engine.begin() as connection:
            connection.execute(
                RUNS.insert().values(
                    run_id=run_id,
                    account=self._account,
                    batch=batch,
                    started_at=now(),
                    who=who(),
                    path=storable(str(Path(source.path).absolute())) or "",
                    sheet=source.sheet,
                    sha256=source.sha256,
                    rows=totals.rows,
                    invoices=totals.invoices,
                    amount=str(totals.amount),
                    headers=json.dumps([(one.text, one.column, one.filled) for one in headers]) if headers else None,
                    planned=json.dumps(plan) if plan else None,
                ),
            )

    def end_run(self, run_id: str, by_status: dict[Status, int], exit_code: int) -> None:
        """Note how a submit ended."""
        counts = json.dumps({status.value: count for status, count in by_status.items()})
        with guard(), self._engine.begin() as connection:
            connection.execute(
                RUNS.update()
                .where(RUNS.c.run_id == run_id)
                .values(finished_at=now(), by_status=counts, exit_code=exit_code),
            )

    def claim(self, planned: PlannedInvoice, run_id: str, batch: str, source: Source) -> Claim | None:
        """Commit the intent to send, on disk before this returns; None when another process has it.

        The database decides: a new reference is inserted under its primary key, a
        known one is taken only out of a state in which it surely was not created.
        """
        if planned.reference is None or planned.payload is None:
            msg = "an unsound invoice cannot be claimed"
            raise ValueError(msg)
        moment = now()
        values = self._row(planned, run_id, batch, source, moment)
        own = {"account": self._account, "reference": planned.reference}
        try:
            with guard(), self._turn, self._engine.begin() as connection:
                known = {"known_account": self._account, "known_reference": planned.reference}
                if not connection.execute(_TAKE, known | values).rowcount:
                    connection.execute(_INSERT_INVOICE, own | values)
                self._replace_items(connection, planned)
                attempt = connection.execute(
                    _INSERT_ATTEMPT, own | {"run_id": run_id, "started_at": moment}
                ).inserted_primary_key
        except IntegrityError:
            return None
        return Claim(planned.reference, int(attempt[0]) if attempt else 0)

    def settle(self, claim: Claim, outcome: Outcome) -> None:
        """Commit what became of a claimed invoice."""
        message, request_id = storable(outcome.message), storable(outcome.request_id)
        invoice = {
            "known_account": self._account,
            "known_reference": claim.reference,
            "state": _STATE_AFTER[outcome.kind],
            "request_id": request_id,
            "invoice_id": outcome.invoice_id,
            "error": message,
        }
        attempt = {
            "known_id": claim.attempt,
            "ended_at": now(),
            "outcome": outcome.kind.value,
            "http_status": outcome.http_status,
            "request_id": request_id,
            "message": message,
            "raw": storable(outcome.raw) or _snapshot_of(outcome),
            "invoice_id": outcome.invoice_id,
        }
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

    def _row(
        self, planned: PlannedInvoice, run_id: str, batch: str, source: Source, moment: datetime
    ) -> dict[str, Any]:
        return {
            "batch": batch,
            "invoice_key": planned.invoice.key,
            "workspace_ids": json.dumps(planned.invoice.workspace_ids),
            "fingerprint": planned.fingerprint,
            "amount": str(planned.invoice.amount),
            "state": SENDING,
            "run_id": run_id,
            "source_path": storable(source.path) or "",
            "source_sha256": source.sha256,
            "rows": json.dumps(planned.invoice.rows),
            "payload": json.dumps(planned.payload, ensure_ascii=False),
            "sent_at": moment,
            "request_id": None,
            "invoice_id": None,
            "error": None,
            "expected": as_text(planned),
        }

    def _replace_items(self, connection: sa.Connection, planned: PlannedInvoice) -> None:
        connection.execute(_DELETE_ITEMS, {"known_account": self._account, "known_reference": planned.reference})
        rows = [
            {
                "account": self._account,
                "item_type": line.item_type.value,
                "item_id": line.item_id,
                "reference": planned.reference,
            }
            for line in getattr(planned.invoice, "lines", ())
            if line.item_id is not None
        ]
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


def _snapshot_of(outcome: Outcome) -> str | None:
    """Of a created invoice, what Kantata showed of it: by that an undo sees whether it was changed since."""
    return None if outcome.snapshot is None else storable(f"{SHOWN}{outcome.snapshot}")
