"""Who approved which plan, when, and what became of the approval; nothing is ever deleted here.

An approval is good for one complete submission of its plan: it ends when every
invoice of the plan is created, or when one of them is undone.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from importer.ledger.database import guard, moment, os_user, who
from importer.ledger.rows import chunks
from importer.ledger.schema import APPROVAL_USES, APPROVALS

BEGUN, COMPLETE, UNDONE = "begun", "complete", "undone"
"""A run sends under it; that run created the last invoice of the plan; an undo took back an invoice of the plan."""
ENDS = (COMPLETE, UNDONE)


@dataclass(frozen=True, slots=True)
class Approval:
    """One approval as the ledger remembers it."""

    number: int
    batch: str
    sha256: str
    """Of the file that was previewed."""
    file_name: str
    plan_hash: str
    plan: Mapping[str, Any]
    """What was approved: see :mod:`importer.planning.approval`."""
    os_user: str
    who: str
    """User and machine."""
    approved_at: datetime
    """UTC, without offset."""
    ended: tuple[str, str] | None = None
    """What used it up (complete or undone) and in which run; None: it is good still."""


class Approvals:
    """The approvals of one account."""

    def __init__(self, engine: sa.Engine, account: str) -> None:
        """Use :attr:`SubmissionLedger.approvals`."""
        self._engine, self._account = engine, account

    def record(self, *, batch: str, sha256: str, file_name: str, plan_hash: str, plan: Mapping[str, Any]) -> Approval:
        """Note that the user of this process approves a plan now. Raises LedgerProblem."""
        user, person = os_user(), who()
        with guard(), self._engine.begin() as connection:
            approved_at = moment(connection)
            made = connection.execute(
                APPROVALS.insert().values(
                    account=self._account,
                    batch=batch,
                    sha256=sha256,
                    file_name=file_name.encode(errors="backslashreplace").decode(),
                    plan_hash=plan_hash,
                    plan=json.dumps(plan),
                    os_user=user,
                    who=person,
                    approved_at=approved_at,
                )
            ).inserted_primary_key
        return Approval(
            int(made[0]) if made else 0, batch, sha256, file_name, plan_hash, plan, user, person, approved_at
        )

    def of(self, batch: str, sha256: str) -> list[Approval]:
        """Approvals of a batch, or of a file, the newest first."""
        own = sa.select(APPROVALS.c.id).where(APPROVALS.c.account == self._account)
        either = own.where(APPROVALS.c.batch == batch).union(own.where(APPROVALS.c.sha256 == sha256))
        query = sa.select(APPROVALS).where(APPROVALS.c.id.in_(either)).order_by(APPROVALS.c.id.desc())
        with guard(), self._engine.connect() as connection:
            rows = connection.execute(query).all()
            ended = _ends(connection, [row.id for row in rows])
        return [_approval(row, ended.get(row.id)) for row in rows]

    def note(self, approvals: Iterable[Approval], run_id: str, what: str) -> None:
        """Commit that a run began under these approvals, or ended them. Raises LedgerProblem."""
        with guard(), self._engine.begin() as connection:
            _note(connection, [approval.number for approval in approvals], run_id, what)

    def end_for(self, references: Collection[str], undo_id: str) -> None:
        """Commit the end of every approval whose plan holds one of these invoices, before they are undone."""
        ended = sa.select(APPROVAL_USES.c.approval_id).where(APPROVAL_USES.c.what.in_(ENDS))
        query = sa.select(APPROVALS.c.id, APPROVALS.c.plan).where(
            APPROVALS.c.account == self._account, APPROVALS.c.id.not_in(ended)
        )
        wanted = set(references)
        with guard(), self._engine.begin() as connection:
            found = [row.id for row in connection.execute(query) if not wanted.isdisjoint(_references(row.plan))]
            _note(connection, found, undo_id, UNDONE)


def _references(plan: str) -> Iterable[str]:
    """Of the invoices in a plan."""
    invoices: Iterable[str] = json.loads(plan).get("invoices", ())
    return invoices


def _note(connection: sa.Connection, numbers: Iterable[int], run_id: str, what: str) -> None:
    noted_at = moment(connection)
    rows = [{"approval_id": number, "run_id": run_id, "noted_at": noted_at, "what": what} for number in numbers]
    if rows:
        connection.execute(APPROVAL_USES.insert(), rows)


def _ends(connection: sa.Connection, numbers: Iterable[int]) -> dict[int, tuple[str, str]]:
    """What ended each of these approvals, and in which run; those that are good still are absent."""
    query = sa.select(APPROVAL_USES).where(APPROVAL_USES.c.what.in_(ENDS)).order_by(APPROVAL_USES.c.id.desc())
    found: dict[int, tuple[str, str]] = {}
    for chunk in chunks(list(numbers)):
        for row in connection.execute(query.where(APPROVAL_USES.c.approval_id.in_(chunk))):
            found[row.approval_id] = (row.what, row.run_id)
    return found


def _approval(row: Any, ended: tuple[str, str] | None) -> Approval:  # noqa: ANN401 - untyped by its library
    return Approval(
        number=row.id,
        batch=row.batch,
        sha256=row.sha256,
        file_name=row.file_name,
        plan_hash=row.plan_hash,
        plan=json.loads(row.plan),
        os_user=row.os_user,
        who=row.who,
        approved_at=row.approved_at,
        ended=ended,
    )
