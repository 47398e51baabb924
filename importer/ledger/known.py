"""What the ledger knows of earlier invoices and submits; nothing here writes."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from importer.ledger.afterwards import sendings
from importer.ledger.database import guard, now
from importer.ledger.rows import attempt_of, chunks, entry_of, run_of, unsettled_of
from importer.ledger.schema import ATTEMPTS, CREATED, INVOICES, ITEMS, LIVE, NOT_SENT, RUNS, UNDONE, UNSETTLED
from importer.ledger.undoing import BEGUN, DONE, UNKNOWN
from importer.model.remembered import EarlierHeaders, LedgerEntry, SeenHeader

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from importer.ledger.rows import Attempt, RunRecord, Unsettled
    from importer.model.invoices import ItemType

RUNS_COMPARED = 20
"""Submits whose headers a new sheet is compared with."""


class KnownBook:
    """The ledger of one account, as one sees it who only looks."""

    def __init__(self, engine: sa.Engine, account: str) -> None:
        """Share the engine of the ledger."""
        self._engine = engine
        self._account = account

    def entries(self, references: Iterable[str]) -> dict[str, LedgerEntry]:
        """Entries of the account by reference, in whatever state."""
        return {entry.reference: entry for entry in self._select(INVOICES.c.reference, references)}

    def live_by_fingerprint(self, fingerprints: Iterable[str]) -> dict[str, tuple[LedgerEntry, ...]]:
        """Entries that exist in Kantata, or may, by the content that was sent."""
        found: dict[str, list[LedgerEntry]] = {}
        for entry in self._select(INVOICES.c.fingerprint, fingerprints, live=True):
            found.setdefault(entry.fingerprint, []).append(entry)
        return {fingerprint: tuple(entries) for fingerprint, entries in found.items()}

    def undone_with(self, fingerprints: Iterable[str]) -> list[LedgerEntry]:
        """Entries that were undone and not sent again since, with one of these contents."""
        return [one for one in self._select(INVOICES.c.fingerprint, fingerprints) if one.state == UNDONE]

    def live_by_item(self, items: Iterable[tuple[ItemType, int]]) -> dict[tuple[ItemType, int], LedgerEntry]:
        """Entries that hold a time entry, expense or milestone and exist in Kantata, or may; of several the newest."""
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
                for chunk in chunks(ids):
                    query = (
                        sa.select(ITEMS.c.item_id, INVOICES)
                        .select_from(join)
                        .where(ITEMS.c.account == self._account, ITEMS.c.item_type == item_type.value)
                        .where(ITEMS.c.item_id.in_(chunk), INVOICES.c.state.in_(LIVE))
                        .order_by(INVOICES.c.sent_at)  # those before the last one are gone from Kantata
                    )
                    found.update({(item_type, row.item_id): entry_of(row) for row in connection.execute(query)})
        return found

    def live_by_number(self, numbers: Iterable[int]) -> dict[int, LedgerEntry]:
        """Entries with one of the invoice numbers that exist in Kantata, or may; of several the newest."""
        wanted = set(numbers)
        if not wanted:
            return {}
        query = sa.select(INVOICES).where(INVOICES.c.account == self._account, INVOICES.c.state.in_(LIVE))
        found: dict[int, LedgerEntry] = {}
        with guard(), self._engine.connect() as connection:
            for row in connection.execute(
                query.where(INVOICES.c.payload.contains('"user_invoice_number"')).order_by(INVOICES.c.sent_at)
            ):
                number = json.loads(row.payload)["invoice"].get("user_invoice_number")
                if number in wanted:
                    found[number] = entry_of(row)
        return found

    def near(self, keys: Iterable[str], workspace_ids: Iterable[int]) -> list[LedgerEntry]:
        """Live entries with one of the invoice keys, or without a key for one of the projects."""
        keyed = self._select(INVOICES.c.invoice_key, keys, live=True)
        single = (json.dumps([workspace_id]) for workspace_id in workspace_ids)
        unkeyed = self._select(INVOICES.c.workspace_ids, single, live=True)
        return [*keyed, *(entry for entry in unkeyed if entry.key is None)]

    def live_of_projects(self, groups: Iterable[tuple[int, ...]]) -> Iterator[LedgerEntry]:
        """Live entries of exactly these projects, in whatever order."""
        wanted = {frozenset(group) for group in groups}
        yield from self._select(
            INVOICES.c.workspace_ids, (json.dumps(list(group)) for group in wanted if len(group) == 1), live=True
        )
        if any(len(group) > 1 for group in wanted):
            query = sa.select(INVOICES).where(INVOICES.c.account == self._account, INVOICES.c.state.in_(LIVE))
            with guard(), self._engine.connect() as connection:
                for row in connection.execute(query.where(INVOICES.c.workspace_ids.contains(","))):
                    if frozenset(json.loads(row.workspace_ids)) in wanted:
                        yield entry_of(row)

    def runs(self) -> list[RunRecord]:
        """Every submit of the account, the newest first."""
        query = sa.select(RUNS).where(RUNS.c.account == self._account).order_by(RUNS.c.started_at.desc())
        undone = sa.select(ATTEMPTS.c.reference).where(
            ATTEMPTS.c.account == self._account, ATTEMPTS.c.outcome.in_((BEGUN, DONE, UNKNOWN))
        )
        with guard(), self._engine.connect() as connection:
            undos = Counter((one.last.run_id, one.undo) for one in sendings(self._histories(connection, undone)))
            return [
                replace(
                    run_of(row),
                    undone=undos[row.run_id, DONE],
                    undo_unknown=undos[row.run_id, UNKNOWN] + undos[row.run_id, BEGUN],
                )
                for row in connection.execute(query)
            ]

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

    def begun(self, sha256: str) -> RunRecord | None:
        """The last submit that sent something of a file of just this content, while not all of it was billed."""
        entries = self.entries_of_source(sha256)
        batches = Counter(entry.batch for entry in entries)
        last = (
            next((run for run in self.runs() if run.sha256 == sha256 and run.batch in batches), None)
            if entries
            else None
        )
        if last is None:
            return None
        own = [one for one in entries if one.batch == last.batch]
        if last.planned is not None:  # what another file billed is billed too
            own = list(self.entries(last.planned).values())
        billed = sum(entry.state in (CREATED, UNDONE) for entry in own)
        return last if billed < last.invoices else None

    def attempts_of_run(self, run_id: str) -> list[Attempt]:
        """What this run tried with each invoice, whatever later runs did; in the order of the sheet."""
        own = sa.select(ATTEMPTS.c.reference).where(ATTEMPTS.c.account == self._account, ATTEMPTS.c.run_id == run_id)
        invoices = sa.select(INVOICES).where(INVOICES.c.account == self._account, INVOICES.c.reference.in_(own))
        with guard(), self._engine.connect() as connection:
            known = {row.reference: row for row in connection.execute(invoices)}
            made = [one for one in sendings(self._histories(connection, own)) if one.last.run_id == run_id]
        return sorted((attempt_of(one, known[one.last.reference]) for one in made), key=lambda one: one.rows)

    def _histories(self, connection: sa.Connection, references: sa.Select[Any]) -> Sequence[Any]:
        """Every attempt with these references, the oldest first."""
        query = sa.select(ATTEMPTS).where(ATTEMPTS.c.account == self._account, ATTEMPTS.c.reference.in_(references))
        return connection.execute(query.order_by(ATTEMPTS.c.id)).all()

    def _select(self, column: sa.Column[Any], values: Iterable[str], *, live: bool = False) -> Iterator[LedgerEntry]:
        with guard(), self._engine.connect() as connection:
            for chunk in chunks(sorted(set(values))):
                query = sa.select(INVOICES).where(INVOICES.c.account == self._account, column.in_(chunk))
                if live:
                    query = query.where(INVOICES.c.state.in_(LIVE))
                for row in connection.execute(query):
                    yield entry_of(row)

    def unsettled(self, references: Iterable[str] | None = None) -> list[Unsettled]:
        """Invoices whose outcome is not known: all of the account, or those of the references."""
        query = sa.select(INVOICES).where(INVOICES.c.account == self._account, INVOICES.c.state.in_(UNSETTLED))
        wanted = None if references is None else set(references)
        with guard(), self._engine.connect() as connection:
            rows = connection.execute(query.order_by(INVOICES.c.sent_at)).all()
        return [unsettled_of(row) for row in rows if wanted is None or row.reference in wanted]

    def untold(self) -> list[tuple[Unsettled, LedgerEntry]]:
        """Invoices that a reconcile settled without telling anew of their run: the program ended before it could."""
        last = (
            sa.select(sa.func.max(ATTEMPTS.c.id))
            .where(ATTEMPTS.c.account == self._account)
            .group_by(ATTEMPTS.c.reference)
        )
        same = sa.and_(ATTEMPTS.c.account == INVOICES.c.account, ATTEMPTS.c.reference == INVOICES.c.reference)
        query = (
            sa.select(INVOICES)
            .join(RUNS, RUNS.c.run_id == INVOICES.c.run_id)
            .join(ATTEMPTS, same)
            .where(INVOICES.c.account == self._account, INVOICES.c.state.in_((CREATED, NOT_SENT)))
            .where(ATTEMPTS.c.id.in_(last), ATTEMPTS.c.outcome.like("settled%"), ATTEMPTS.c.ended_at <= now())
            .where(ATTEMPTS.c.run_id.not_in(sa.select(RUNS.c.run_id)))  # a submit tells what it settles
            .where(sa.or_(RUNS.c.finished_at.is_(None), RUNS.c.finished_at < ATTEMPTS.c.ended_at))
        )
        with guard(), self._engine.connect() as connection:
            return [(unsettled_of(row), entry_of(row)) for row in connection.execute(query)]

    def references_of(self, invoice_ids: Iterable[str]) -> dict[str, str]:
        """Invoice id → reference, for those ids that the ledger knows as created."""
        found: dict[str, str] = {}
        with guard(), self._engine.connect() as connection:
            for chunk in chunks(sorted(set(invoice_ids))):
                query = sa.select(INVOICES.c.invoice_id, INVOICES.c.reference).where(
                    INVOICES.c.account == self._account, INVOICES.c.invoice_id.in_(chunk)
                )
                found.update({row.invoice_id: row.reference for row in connection.execute(query)})
        return found
