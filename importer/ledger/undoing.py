"""What the ledger knows and notes of undoing a run; each step is on the disk before the request leaves."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from importer.ledger.database import guard
from importer.ledger.rows import SentInvoice, unsettled_of
from importer.ledger.schema import ATTEMPTS, CREATED, INVOICES, UNDOING, UNDONE
from importer.model.errors import LedgerProblem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from importer.ledger.rows import Unsettled

BEGUN, DONE, KEPT, UNKNOWN = "undo: begun", "undo: undone", "undo: kept", "undo: unknown"
"""Outcomes of attempts that undo, beside those that send."""
STILL_THERE = "undo: still there"
"""Found out later: an undo whose outcome was unknown has not taken the invoice back."""
ASKED = "undo: asked"
"""Somebody wanted it undone while nobody knew whether it exists, so nothing was done; nor may it be billed unasked."""
SHOWN = "shown: "
"""Begins the raw text of an attempt that created an invoice; what Kantata showed of it follows, in short."""
_STATE_AFTER = {DONE: UNDONE, KEPT: CREATED, UNKNOWN: UNDOING}


class UndoBook:
    """The ledger of one account, as undo uses it."""

    def __init__(self, engine: sa.Engine, account: str) -> None:
        """Share the engine of the ledger."""
        self._engine = engine
        self._account = account

    def sent_in(self, run_id: str) -> list[SentInvoice]:
        """Invoices whose last sending was in this run, in whatever state; in the order of the sheet."""
        query = sa.select(INVOICES).where(INVOICES.c.account == self._account, INVOICES.c.run_id == run_id)
        with guard(), self._engine.connect() as connection:
            rows = connection.execute(query).all()
            attempts = self._attempts(connection, run_id)
        return sorted((_sent(row, attempts.get(row.reference, [])) for row in rows), key=lambda one: one.rows)

    def _attempts(self, connection: sa.Connection, run_id: str) -> dict[str, list[Any]]:
        """Everything that was ever tried with the invoices of a run, by reference, the oldest first."""
        of_run = sa.select(INVOICES.c.reference).where(INVOICES.c.account == self._account, INVOICES.c.run_id == run_id)
        query = (
            sa.select(ATTEMPTS)
            .where(ATTEMPTS.c.account == self._account, ATTEMPTS.c.reference.in_(of_run))
            .order_by(ATTEMPTS.c.id)
        )
        found: dict[str, list[Any]] = {}
        for row in connection.execute(query):
            found.setdefault(row.reference, []).append(row)
        return found

    def undone_ids(self, references: Iterable[str]) -> dict[str, frozenset[str]]:
        """Ids of the invoices that were undone under each of the references."""
        found: dict[str, set[str]] = {}
        query = sa.select(ATTEMPTS.c.reference, ATTEMPTS.c.raw).where(
            ATTEMPTS.c.account == self._account, ATTEMPTS.c.outcome == DONE
        )
        wanted = set(references)
        with guard(), self._engine.connect() as connection:
            for row in connection.execute(query):
                if row.reference in wanted and row.raw:
                    found.setdefault(row.reference, set()).add(row.raw)
        return {reference: frozenset(ids) for reference, ids in found.items()}

    def ask(self, one: SentInvoice, undo_id: str) -> None:
        """Commit that an invoice in doubt was to be undone."""
        moment = _now()
        with guard(), self._engine.begin() as connection:
            connection.execute(
                ATTEMPTS.insert().values(
                    account=self._account,
                    reference=one.reference,
                    run_id=undo_id,
                    started_at=moment,
                    ended_at=moment,
                    outcome=ASKED,
                )
            )

    def asked(self, references: Iterable[str]) -> frozenset[str]:
        """Of the references those that were to be undone while in doubt, and that nobody has sent since."""
        own = ATTEMPTS.c.account == self._account
        some = sa.select(ATTEMPTS.c.reference).where(own, ATTEMPTS.c.outcome == ASKED)
        query = sa.select(ATTEMPTS.c.reference, ATTEMPTS.c.outcome).where(own, ATTEMPTS.c.reference.in_(some))
        found: set[str] = set()
        with guard(), self._engine.connect() as connection:
            for row in connection.execute(query.order_by(ATTEMPTS.c.id)):
                if row.outcome == ASKED:
                    found.add(row.reference)
                elif not (row.outcome or "").startswith(("undo: ", "settled")):
                    found.discard(row.reference)
        return frozenset(found.intersection(references))

    def intend(self, one: SentInvoice, undo_id: str, action: str) -> int:
        """Commit the intent to delete or cancel an invoice; return the attempt's number.

        Raises LedgerProblem when the invoice is not in a state to be undone any more.
        """
        now = _now()
        with guard(), self._engine.begin() as connection:
            taken = connection.execute(self._step(one, UNDOING, f"Undo {undo_id} has begun to {action} it."))
            if not taken.rowcount:
                msg = f"Invoice {one.invoice_id} is not in the ledger any more as it was a moment ago."
                raise LedgerProblem(msg, "Run undo again.", code="ledger.changed")
            made = connection.execute(
                ATTEMPTS.insert().values(
                    account=self._account,
                    reference=one.reference,
                    run_id=undo_id,
                    started_at=now,
                    outcome=BEGUN,
                    message=f"{action} invoice {one.invoice_id}",
                    raw=one.invoice_id,
                    invoice_id=one.invoice_id,
                )
            ).inserted_primary_key
        return int(made[0]) if made else 0

    def conclude(self, one: SentInvoice, undo_id: str, outcome: str, reason: str, attempt: int | None = None) -> None:
        """Commit what became of it: undone, kept (it exists as before), or unknown (it may exist).

        ``attempt`` is the one that :meth:`intend` began; None when nothing was tried.
        """
        now = _now()
        reason = reason.encode(errors="backslashreplace").decode().replace("\x00", "\\x00")
        values = {
            "ended_at": now,
            "outcome": outcome,
            "message": reason,
            "raw": one.invoice_id,
            "invoice_id": one.invoice_id,
        }
        with guard(), self._engine.begin() as connection:
            connection.execute(self._step(one, _STATE_AFTER[outcome], None if outcome == KEPT else reason))
            if attempt is not None:
                connection.execute(ATTEMPTS.update().where(ATTEMPTS.c.id == attempt).values(**values))
            else:
                given = {"account": self._account, "reference": one.reference, "run_id": undo_id, "started_at": now}
                connection.execute(ATTEMPTS.insert().values(**given, **values))

    def unsettled(self) -> list[Unsettled]:
        """Invoices of the account that an undo may have taken back, or not."""
        own = sa.and_(INVOICES.c.account == self._account, INVOICES.c.state == UNDOING)
        references = sa.select(INVOICES.c.reference).where(own)
        moment = sa.func.coalesce(ATTEMPTS.c.ended_at, ATTEMPTS.c.started_at)
        last = (
            sa.select(ATTEMPTS.c.reference, sa.func.max(moment).label("last"))
            .where(ATTEMPTS.c.account == self._account, ATTEMPTS.c.reference.in_(references))
            .where(ATTEMPTS.c.outcome.in_((BEGUN, UNKNOWN)))
            .group_by(ATTEMPTS.c.reference)
        )
        with guard(), self._engine.connect() as connection:
            tried = {row.reference: row.last for row in connection.execute(last)}
            rows = connection.execute(sa.select(INVOICES).where(own).order_by(INVOICES.c.sent_at)).all()
        known = [replace(unsettled_of(row), being_undone=row.invoice_id) for row in rows]
        return [replace(one, sent_at=max(one.sent_at, tried.get(one.reference, one.sent_at))) for one in known]

    def settle(self, one: Unsettled, run_id: str, reason: str, *, there: bool) -> None:
        """Commit whether an invoice that was being undone exists. Touches none that is settled already."""
        invoice_id, moment = one.being_undone, _now()
        own = sa.and_(INVOICES.c.account == self._account, INVOICES.c.reference == one.reference)
        same = sa.and_(INVOICES.c.invoice_id == invoice_id, INVOICES.c.state == UNDOING)
        after = {"state": CREATED, "error": None} if there else {"state": UNDONE, "error": reason}
        with guard(), self._engine.begin() as connection:
            if connection.execute(INVOICES.update().where(own, same).values(**after)).rowcount:
                connection.execute(
                    ATTEMPTS.insert().values(
                        account=self._account,
                        reference=one.reference,
                        run_id=run_id,
                        started_at=moment,
                        ended_at=moment,
                        outcome=STILL_THERE if there else DONE,
                        message=reason,
                        raw=invoice_id,
                        invoice_id=invoice_id,
                    )
                )

    def _step(self, one: SentInvoice, state: str, note: str | None) -> sa.Update:
        """Move an invoice on, unless it is another one by now, or was settled otherwise."""
        own = sa.and_(INVOICES.c.account == self._account, INVOICES.c.reference == one.reference)
        unchanged = sa.and_(INVOICES.c.invoice_id == one.invoice_id, INVOICES.c.state.in_((CREATED, UNDOING)))
        return INVOICES.update().where(own, unchanged).values(state=state, error=note)


def _sent(row: Any, attempts: list[Any]) -> SentInvoice:  # noqa: ANN401 - untyped by its library
    return SentInvoice(
        reference=row.reference,
        key=row.invoice_key,
        workspace_ids=tuple(json.loads(row.workspace_ids)),
        rows=tuple(json.loads(row.rows)),
        amount=Decimal(row.amount),
        payload=json.loads(row.payload),
        state=row.state,
        sent_at=row.sent_at,
        invoice_id=row.invoice_id,
        adopted=_adopted(row, attempts),
        kept_before=any(one.outcome == KEPT and one.raw == row.invoice_id for one in attempts),
        shown_print=_shown_print(row, attempts),
    )


def _adopted(row: Any, attempts: list[Any]) -> bool:  # noqa: ANN401 - untyped by its library
    """An adopted invoice was noted as created without an answer of Kantata to a POST."""
    sending = [one for one in attempts if one.run_id == row.run_id]
    return bool(sending) and sending[-1].outcome == "created" and sending[-1].http_status is None


def _shown_print(row: Any, attempts: list[Any]) -> str | None:  # noqa: ANN401 - untyped by its library
    noted = [one.raw for one in attempts if one.run_id == row.run_id and (one.raw or "").startswith(SHOWN)]
    return noted[-1].removeprefix(SHOWN) if noted else None


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
