"""What the ledger knows of earlier submits and of what they did; nothing here writes."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from importer.ledger.database import guard
from importer.ledger.history import attempt_of, sendings
from importer.ledger.known import KnownInvoices
from importer.ledger.recorded_plan import RecordedPlan, recorded_plan_of
from importer.ledger.rows import Attempt, RunRecord, SentInvoice, run_of, sent_of, total_of
from importer.ledger.schema import EVENTS, INVOICES, IS_OPEN, IS_REMOVAL, META, RUN_PLANS, RUNS
from importer.model.lifecycle import Event, State
from importer.model.remembered import EarlierHeaders, SeenHeader

RUNS_COMPARED = 20
"""Submits whose headers a new sheet is compared with."""
_UNDO_UNKNOWN = (Event.REMOVAL_BEGUN, Event.REMOVAL_UNKNOWN)


@dataclass(frozen=True, slots=True)
class Health:
    """A ledger as it stands, for ``doctor``."""

    version: str
    invoices: int
    """Of this account."""
    in_doubt: int
    """Of these, those that may exist: sent, or being undone."""
    size_bytes: int | None
    """On the disk; None where it is not known."""


@dataclass(slots=True)
class StandingSum:
    """Invoices of one run and one currency that stand in Kantata; amounts in its main unit."""

    currency: str | None
    invoices: int = 0
    amount: Decimal = Decimal(0)
    """In the sheet."""
    total: Decimal | None = Decimal(0)
    """As expected, tax excluded; None when a part of it was not known."""

    def add(self, amount: Decimal, total: Decimal | None) -> None:
        """Count an invoice."""
        self.invoices += 1
        self.amount += amount
        self.total = None if self.total is None or total is None else self.total + total


class KnownRuns(KnownInvoices):
    """The submits of one account."""

    def runs(self, *, run_ids: Collection[str] | None = None, sha256: str | None = None) -> list[RunRecord]:
        """Submits of the account, the newest first: all, those of these ids, or those of files of just this content."""
        wanted = [RUNS.c.account == self._account]
        if run_ids is not None:
            wanted.append(RUNS.c.run_id.in_(sorted(run_ids)))
        if sha256 is not None:
            wanted.append(RUNS.c.sha256 == sha256)
        query = sa.select(RUNS).where(*wanted).order_by(RUNS.c.started_at.desc())
        touched = sa.select(EVENTS.c.reference).where(EVENTS.c.account == self._account, IS_REMOVAL)
        with guard(), self._engine.connect() as connection:
            rows = connection.execute(query).all()
            if run_ids is not None or sha256 is not None:
                sent = EVENTS.c.run_id.in_([row.run_id for row in rows])
                touched = touched.where(EVENTS.c.reference.in_(sa.select(EVENTS.c.reference).where(sent)))
            undos = Counter((sending.run_id, sending.undo) for sending in sendings(self._events(connection, touched)))
        found = []
        for row in rows:
            unknown = sum(undos[row.run_id, event] for event in _UNDO_UNKNOWN)
            found.append(run_of(row, undos[row.run_id, Event.REMOVED], unknown))
        return found

    def sums_by_run(self) -> dict[str, list[StandingSum]]:
        """What stands in Kantata of what each run sent: one sum per currency."""
        columns = (INVOICES.c.run_id, INVOICES.c.amount, INVOICES.c.expected)
        query = sa.select(*columns).where(self._own, INVOICES.c.state == State.EXISTS.value)
        sums: dict[str, dict[str | None, StandingSum]] = {}
        with guard(), self._engine.connect() as connection:
            for row in connection.execute(query):
                currency, _, total = total_of(row)
                of_run = sums.setdefault(row.run_id, {})
                of_run.setdefault(currency, StandingSum(currency)).add(Decimal(row.amount), total)
        found = {}
        for run_id, of_run in sums.items():
            found[run_id] = [of_run[currency] for currency in sorted(of_run, key=lambda code: code or "~")]
        return found

    def runs_elsewhere(self) -> dict[str, str]:
        """Run id → account, of all runs at other accounts: those of the sandbox lie apart from the real ones."""
        query = sa.select(RUNS.c.run_id, RUNS.c.account).order_by(RUNS.c.started_at)
        others = query.where(sa.or_(RUNS.c.account < self._account, RUNS.c.account > self._account))
        with guard(), self._engine.connect() as connection:
            return {row.run_id: row.account for row in connection.execute(others)}

    def earlier_headers(self) -> list[EarlierHeaders]:
        """Headers of the last submits of the account that sent something, the newest first."""
        query = (
            sa.select(RUNS.c.started_at, RUNS.c.path, RUNS.c.headers)
            .where(RUNS.c.account == self._account, RUNS.c.headers.is_not(None))
            .order_by(RUNS.c.started_at.desc())
            .limit(RUNS_COMPARED)
        )
        found = []
        with guard(), self._engine.connect() as connection:
            for row in connection.execute(query):
                headers = tuple(SeenHeader(*header) for header in json.loads(row.headers))
                found.append(EarlierHeaders(row.started_at, row.path, headers))
        return found

    def begun(self, sha256: str) -> RunRecord | None:
        """The last submit that sent something of a file of just this content, while not all of it was billed."""
        batches = {entry.batch for entry in self.entries_of_source(sha256)}
        if not batches:
            return None
        for run in self.runs(sha256=sha256):
            if run.batch in batches:
                entries = self.entries(run.planned).values()  # what another file billed is billed too
                billed = sum(entry.state is State.EXISTS or entry.standing.was_undone for entry in entries)
                return run if billed < run.invoices else None
        return None

    def attempts_of_run(self, run_id: str) -> list[Attempt]:
        """What this run tried with each invoice, whatever later runs did; in the order of the sheet."""
        own = sa.select(EVENTS.c.reference).where(EVENTS.c.account == self._account, EVENTS.c.run_id == run_id)
        invoices = sa.select(INVOICES).where(self._own, INVOICES.c.reference.in_(own))
        with guard(), self._engine.connect() as connection:
            known = {row.reference: row for row in connection.execute(invoices)}
            made = [sending for sending in sendings(self._events(connection, own)) if sending.run_id == run_id]
        found = [attempt_of(sending, known[sending.begun.reference]) for sending in made]
        return sorted(found, key=lambda attempt: attempt.rows)

    def plan_of_run(self, run_id: str) -> RecordedPlan:
        """What a run meant to do with each of its invoices."""
        query = sa.select(RUN_PLANS.c.plan).where(RUN_PLANS.c.run_id == run_id)
        with guard(), self._engine.connect() as connection:
            return recorded_plan_of(connection.execute(query).scalar_one())

    def sent_in(self, run_id: str) -> list[SentInvoice]:
        """Invoices whose last sending was in this run, in whatever state; in the order of the sheet."""
        invoices = sa.select(INVOICES).where(self._own, INVOICES.c.run_id == run_id)
        references = invoices.with_only_columns(INVOICES.c.reference)
        with guard(), self._engine.connect() as connection:
            rows = connection.execute(invoices).all()
            events: dict[str, list[Any]] = {row.reference: [] for row in rows}
            for event in self._events(connection, references):
                events[event.reference].append(event)
        return sorted((sent_of(row, events[row.reference]) for row in rows), key=lambda sent: sent.rows)

    def health(self) -> Health:
        """How the ledger stands; makes sure that it can be written, without a trace. Raises LedgerProblem."""
        count = sa.select(sa.func.count()).select_from(INVOICES).where(self._own)
        with guard(), self._engine.connect() as connection:
            connection.execute(META.update().values(value=META.c.value))
            connection.rollback()
            version = connection.execute(sa.select(META.c.value).where(META.c.name == "schema_version")).scalar()
            invoices = connection.execute(count).scalar() or 0
            in_doubt = connection.execute(count.where(IS_OPEN)).scalar() or 0
            return Health(str(version), invoices, in_doubt, _size(connection))

    def _events(self, connection: sa.Connection, references: sa.Select[Any]) -> Sequence[Any]:
        """Every event of these references, those of each invoice the oldest first."""
        query = sa.select(EVENTS).where(EVENTS.c.account == self._account, EVENTS.c.reference.in_(references))
        return connection.execute(query.order_by(EVENTS.c.reference, EVENTS.c.seq)).all()


def _size(connection: sa.Connection) -> int | None:
    """Bytes on the disk of the ledger."""
    if connection.dialect.name == "postgresql":
        return connection.execute(sa.select(sa.func.pg_database_size(sa.func.current_database()))).scalar()
    path = Path(connection.engine.url.database or "")
    files = (path, path.with_name(f"{path.name}-wal"))
    return sum(file.stat().st_size for file in files if file.exists())
