"""What the ledger knows of earlier invoices as they stand now; nothing here writes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from importer.ledger.database import guard
from importer.ledger.rows import Billed, Doubt, billed_of, chunks, doubt_of, entry_of, line_of
from importer.ledger.schema import EVENTS, INVOICES, IS_OPEN, ITEMS, LINES, RUNS, among, identity_hash
from importer.model.lifecycle import ALIVE, Event

if TYPE_CHECKING:
    from importer.model.invoices import ItemType
    from importer.model.remembered import BilledLine, LedgerEntry


DatedPlace = tuple[str | None, int, str | None]
"""Invoice key, the project that counts without a key, and the date, year-month-day."""
_ALIVE = among(INVOICES.c.state, ALIVE)
_LINES_OF_INVOICES = sa.select(
    INVOICES,
    LINES.c.position,
    LINES.c.row,
    LINES.c.workspace_id,
    LINES.c.wording,
    LINES.c.alike,
    LINES.c.waiting,
    LINES.c.amount.label("line_amount"),
).join(LINES, sa.and_(LINES.c.account == INVOICES.c.account, LINES.c.reference == INVOICES.c.reference))


class KnownInvoices:
    """The invoices of one account."""

    def __init__(self, engine: sa.Engine, account: str) -> None:
        """Share the engine of the ledger."""
        self._engine = engine
        self._account = account
        self._own = INVOICES.c.account == account

    def entries(self, references: Iterable[str]) -> dict[str, LedgerEntry]:
        """Entries of the account by reference, in whatever state."""
        return {entry.reference: entry for entry in self._select(INVOICES.c.reference, references)}

    def live_by_fingerprint(self, fingerprints: Iterable[str]) -> dict[str, tuple[LedgerEntry, ...]]:
        """Entries that exist in Kantata, or may, by the content that was sent."""
        found: dict[str, tuple[LedgerEntry, ...]] = {}
        for entry in self._select(INVOICES.c.fingerprint, fingerprints, _ALIVE):
            found[entry.fingerprint] = (*found.get(entry.fingerprint, ()), entry)
        return found

    def undone_with(self, fingerprints: Iterable[str]) -> list[LedgerEntry]:
        """Entries with one of these contents that were undone, or were to be, and were not sent since."""
        return list(self._select(INVOICES.c.fingerprint, fingerprints, INVOICES.c.taken_back))

    def taken_back(self, references: Iterable[str]) -> frozenset[str]:
        """Those of the references that were undone, or were to be, and were not sent since."""
        found = self._select(INVOICES.c.reference, references, INVOICES.c.taken_back)
        return frozenset(entry.reference for entry in found)

    def taken_back_at(self, references: Iterable[str]) -> datetime | None:
        """When the last of these invoices was undone, or was to be, UTC without offset; None when none was."""
        undo = EVENTS.c.event.in_([Event.REMOVED.value, Event.TO_BE_UNDONE.value])
        query = sa.select(sa.func.max(EVENTS.c.at)).where(EVENTS.c.account == self._account, undo)
        moments: list[datetime] = []
        with guard(), self._engine.connect() as connection:
            for chunk in chunks(sorted(set(references))):
                moment = connection.execute(query.where(EVENTS.c.reference.in_(chunk))).scalar()
                if moment is not None:
                    moments.append(moment)
        return max(moments, default=None)

    def live_by_item(self, items: Iterable[tuple[ItemType, int]]) -> dict[tuple[ItemType, int], LedgerEntry]:
        """Entries that hold a time entry, expense or milestone and exist in Kantata, or may; of several the newest."""
        return self._by_item(items, _ALIVE)

    def undone_by_item(self, items: Iterable[tuple[ItemType, int]]) -> dict[tuple[ItemType, int], LedgerEntry]:
        """As :meth:`live_by_item`, of those that were undone, or were to be, and were not sent since."""
        return self._by_item(items, INVOICES.c.taken_back)

    def _by_item(
        self, items: Iterable[tuple[ItemType, int]], standing: sa.ColumnElement[bool]
    ) -> dict[tuple[ItemType, int], LedgerEntry]:
        by_type: dict[ItemType, list[int]] = {}
        for item_type, item_id in items:
            by_type.setdefault(item_type, []).append(item_id)
        same = sa.and_(ITEMS.c.account == INVOICES.c.account, ITEMS.c.reference == INVOICES.c.reference)
        query = (
            sa.select(ITEMS.c.item_id, INVOICES)
            .select_from(ITEMS.join(INVOICES, same))
            .where(ITEMS.c.account == self._account, standing)
            .order_by(INVOICES.c.sent_at)  # those before the last one are gone from Kantata
        )
        found: dict[tuple[ItemType, int], LedgerEntry] = {}
        with guard(), self._engine.connect() as connection:
            for item_type, ids in by_type.items():
                of_type = query.where(ITEMS.c.item_type == item_type.value)
                for chunk in chunks(ids):
                    for row in connection.execute(of_type.where(ITEMS.c.item_id.in_(chunk))):
                        found[item_type, row.item_id] = entry_of(row)
        return found

    def live_by_number(self, numbers: Iterable[int]) -> dict[int, LedgerEntry]:
        """Entries with one of the invoice numbers that exist in Kantata, or may; of several the newest."""
        found = sorted(self._select(INVOICES.c.number, numbers, _ALIVE), key=lambda entry: entry.sent_at)
        return {entry.body["user_invoice_number"]: entry for entry in found}

    def under_same_key(self, places: Iterable[DatedPlace], batch: str, since: datetime) -> list[LedgerEntry]:
        """Live entries with one of the invoice keys, or without a key for one of the projects; the oldest first.

        Of an account that is billed for years, only those of the batch, those of the very date, and those sent since
        a moment: the others say nothing of now.
        """
        wanted, dated = [], []
        for key, workspace_id, day in places:
            wanted.append(identity_hash(key, [workspace_id]))
            if day is not None:
                dated.append(identity_hash(key, [workspace_id], day))
        found = [
            *self._select(INVOICES.c.place, wanted, _ALIVE, INVOICES.c.batch == batch),
            *self._select(INVOICES.c.dated_place, dated, _ALIVE),
            *self._select(INVOICES.c.place, wanted, _ALIVE, INVOICES.c.sent_at > since),
        ]
        each_once = {entry.reference: entry for entry in found}
        return sorted(each_once.values(), key=lambda entry: (entry.sent_at, entry.reference))

    def lines_like(self, lines: Iterable[str], since: datetime, *, taken_back: bool = False) -> Iterator[BilledLine]:
        """Lines like these that were sent since a moment, on invoices that exist or may; or that were taken back."""
        standing = INVOICES.c.taken_back if taken_back else _ALIVE
        query = _LINES_OF_INVOICES.where(LINES.c.account == self._account, LINES.c.sent_at > since, standing)
        with guard(), self._engine.connect() as connection:
            for chunk in chunks(sorted(set(lines))):
                for row in connection.execute(query.where(LINES.c.line.in_(chunk))):
                    yield line_of(row)

    def lines_in_batch(self, batch: str, wordings: Iterable[str]) -> Iterator[BilledLine]:
        """Lines of these kinds and texts on the invoices of a batch that exist, or may."""
        of_batch = sa.select(INVOICES.c.reference).where(self._own, INVOICES.c.batch == batch, _ALIVE)
        query = _LINES_OF_INVOICES.where(LINES.c.account == self._account, LINES.c.reference.in_(of_batch))
        with guard(), self._engine.connect() as connection:
            if connection.execute(of_batch.limit(1)).first() is None:  # as before the first sending of a month
                return
            for chunk in chunks(sorted(set(wordings))):
                for row in connection.execute(query.where(LINES.c.wording.in_(chunk))):
                    yield line_of(row)

    def entries_of_run(self, run_id: str) -> list[LedgerEntry]:
        """Invoices whose last sending was in this run, in the order of the sheet."""
        return sorted(self._select(INVOICES.c.run_id, [run_id]), key=lambda entry: entry.rows)

    def entries_of_source(self, sha256: str) -> list[LedgerEntry]:
        """Invoices that were last sent from a file of just this content."""
        return list(self._select(INVOICES.c.source_sha256, [sha256]))

    def open_questions(self, references: Iterable[str] | None = None) -> list[Doubt]:
        """Invoices that may exist, the oldest first: all of the account, or those of the references."""
        query = sa.select(INVOICES).where(self._own, IS_OPEN).order_by(INVOICES.c.tried_at)
        wanted = None if references is None else set(references)
        with guard(), self._engine.connect() as connection:
            rows = connection.execute(query).all()
        return [doubt_of(row) for row in rows if wanted is None or row.reference in wanted]

    def unreported(self) -> list[tuple[Doubt, LedgerEntry]]:
        """Invoices of known runs that a look-up settled while the results of their run do not say so yet."""
        query = (
            sa.select(INVOICES)
            .join(RUNS, RUNS.c.run_id == INVOICES.c.run_id)
            .where(self._own, INVOICES.c.unreported.is_(True))
            .order_by(INVOICES.c.sent_at)
        )
        with guard(), self._engine.connect() as connection:
            return [(doubt_of(row), entry_of(row)) for row in connection.execute(query)]

    def references_of(self, invoice_ids: Iterable[str], *, alive: bool = False) -> dict[str, str]:
        """Invoice id → reference, for those ids that the ledger knows as created.

        ``alive``: only while they exist, or may, as far as it knows.
        """
        conditions = (_ALIVE,) if alive else ()
        found = self._select(INVOICES.c.invoice_id, invoice_ids, *conditions)
        return {entry.invoice_id: entry.reference for entry in found if entry.invoice_id is not None}

    def undone_ids(self, references: Iterable[str]) -> dict[str, frozenset[str]]:
        """Ids of the invoices that were undone under each of the references."""
        query = sa.select(EVENTS.c.reference, EVENTS.c.invoice_id).where(
            EVENTS.c.account == self._account, EVENTS.c.event == Event.REMOVED.value
        )
        found: dict[str, frozenset[str]] = {}
        with guard(), self._engine.connect() as connection:
            for chunk in chunks(sorted(set(references))):
                for row in connection.execute(query.where(EVENTS.c.reference.in_(chunk))):
                    found[row.reference] = found.get(row.reference, frozenset()) | {row.invoice_id}
        return found

    def not_found_since(self, references: Iterable[str]) -> dict[str, datetime]:
        """Since when no look-up found each of these invoices; UTC, no offset.

        One that did not tell, or a new sending, ends that span.
        """
        events = [Event.CLAIMED.value, Event.NOT_FOUND.value, Event.UNCLEAR.value]
        query = (
            sa.select(EVENTS.c.reference, EVENTS.c.event, EVENTS.c.at)
            .where(EVENTS.c.account == self._account, EVENTS.c.event.in_(events))
            .order_by(EVENTS.c.seq)
        )
        since: dict[str, datetime] = {}
        with guard(), self._engine.connect() as connection:
            for chunk in chunks(sorted(set(references))):
                for row in connection.execute(query.where(EVENTS.c.reference.in_(chunk))):
                    if row.event == Event.NOT_FOUND.value:
                        since.setdefault(row.reference, row.at)
                    else:
                        since.pop(row.reference, None)
        return since

    def batches_below(self, name: str) -> Iterator[str]:
        """Batches with invoices that exist, or may, whose names sort before this one; the nearest first."""
        below = INVOICES.c.batch < sa.bindparam("name")
        query = sa.select(INVOICES.c.batch).where(self._own, _ALIVE, below).order_by(INVOICES.c.batch.desc()).limit(1)
        with guard(), self._engine.connect() as connection:
            while found := connection.execute(query, {"name": name}).scalar():
                yield found
                name = found

    def batches_since(self, since: datetime) -> set[str]:
        """Batches with invoices that exist, or may, and were sent since a moment."""
        query = sa.select(INVOICES.c.batch).distinct().where(self._own, _ALIVE, INVOICES.c.sent_at > since)
        with guard(), self._engine.connect() as connection:
            return set(connection.execute(query).scalars())

    def last_batch_besides(self, batch: str) -> str | None:
        """The batch that was sent to last, of those with invoices that exist, or may; None when there is no other."""
        query = sa.select(INVOICES.c.batch).where(self._own, _ALIVE, INVOICES.c.batch != batch)
        with guard(), self._engine.connect() as connection:
            found: str | None = connection.execute(query.order_by(INVOICES.c.sent_at.desc()).limit(1)).scalar()
        return found

    def billed_in_batch(self, batch: str) -> list[Billed]:
        """The invoices of a batch that exist, or may; the one sent last comes first."""
        query = sa.select(INVOICES).where(self._own, _ALIVE, INVOICES.c.batch == batch)
        with guard(), self._engine.connect() as connection:
            rows = connection.execute(query).all()
        # Sorted here: asked for an order, SQLite walks through all invoices of the account in it.
        return [billed_of(row) for row in sorted(rows, key=lambda row: row.sent_at, reverse=True)]

    def _select(
        self, column: sa.Column[Any], values: Iterable[str | int], *conditions: sa.ColumnElement[bool]
    ) -> Iterator[LedgerEntry]:
        query = sa.select(INVOICES).where(self._own, *conditions)
        with guard(), self._engine.connect() as connection:
            for chunk in chunks(sorted(set(values))):
                for row in connection.execute(query.where(column.in_(chunk))):
                    yield entry_of(row)
