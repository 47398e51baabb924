"""What an invoice was expected to come to when it was sent, as the ledger keeps it: JSON, by project.

What was billed before, by batch and by project: to be compared with what is about to be billed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from importer.ledger.database import guard, now
from importer.ledger.rows import chunks
from importer.ledger.schema import INVOICES, LIVE, RUNS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from importer.model.plans import PlannedInvoice


@dataclass(frozen=True, slots=True)
class RecordedWorth:
    """What a project was expected to be billed."""

    title: str | None
    amount: Decimal | None
    """Main currency unit, tax excluded; None when a part of it was not known."""


def as_text(planned: PlannedInvoice) -> str | None:
    """Currency, titles and amounts by project; None when Kantata was not asked."""
    expected = planned.expected
    if expected is None:
        return None
    spaces = planned.invoice.workspace_ids
    shares = expected.shares or (None,) * len(spaces)
    projects = {
        str(number): {"title": title, "amount": None if share is None else str(share)}
        for number, title, share in zip(spaces, expected.titles, shares, strict=True)
    }
    return json.dumps({"currency": expected.currency, "projects": projects})


def read(text: str | None) -> tuple[str | None, dict[int, RecordedWorth]]:
    """Currency, and what each project was expected to be billed; nothing of invoices that older versions sent."""
    if not text:
        return None, {}
    kept = json.loads(text)
    return kept["currency"], {
        int(number): RecordedWorth(one["title"], None if one["amount"] is None else Decimal(one["amount"]))
        for number, one in kept["projects"].items()
    }


LOOK_BACK = timedelta(days=400)
"""How far back the same content is looked for: a year and a month."""


@dataclass(frozen=True, slots=True)
class Billed:
    """An invoice that exists in Kantata, or may."""

    reference: str
    batch: str
    run_id: str
    key: str | None
    workspace_ids: tuple[int, ...]
    amount: Decimal
    """Main currency unit."""
    payload: dict[str, Any]
    """What was sent."""
    invoice_id: str | None
    currency: str | None = None
    """Code such as EUR; None when it is not on record."""
    worth: dict[int, RecordedWorth] = field(default_factory=dict)
    """By project; empty when it is not on record."""


class PastBook:
    """The ledger of one account, looked back upon."""

    def __init__(self, engine: sa.Engine, account: str) -> None:
        """Share the engine of the ledger."""
        self._engine = engine
        self._account = account
        self._live = sa.and_(INVOICES.c.account == account, INVOICES.c.state.in_(LIVE))

    def batches(self) -> list[str]:
        """Every batch with invoices that exist, or may; the one sent to last comes first."""
        last = sa.func.max(INVOICES.c.sent_at)
        query = sa.select(INVOICES.c.batch).where(self._live).group_by(INVOICES.c.batch).order_by(last.desc())
        with guard(), self._engine.connect() as connection:
            return list(connection.execute(query).scalars())

    def runs_elsewhere(self) -> dict[str, str]:
        """Run id → account, of all runs at other accounts: those of the sandbox lie apart from the real ones."""
        query = sa.select(RUNS.c.run_id, RUNS.c.account).where(RUNS.c.account != self._account)
        with guard(), self._engine.connect() as connection:
            return {row.run_id: row.account for row in connection.execute(query.order_by(RUNS.c.started_at))}

    def of_batch(self, batch: str) -> list[Billed]:
        """The invoices of a batch."""
        return self._read(INVOICES.c.batch == batch)

    def of_projects(self, groups: Iterable[tuple[int, ...]]) -> list[Billed]:
        """Recent invoices with exactly these projects, the newest first."""
        since = INVOICES.c.sent_at > now() - LOOK_BACK
        wanted = sorted({json.dumps(group) for group in groups})
        return [one for chunk in chunks(wanted) for one in self._read(INVOICES.c.workspace_ids.in_(chunk), since)]

    def _read(self, *conditions: sa.ColumnElement[bool]) -> list[Billed]:
        query = sa.select(INVOICES).where(self._live, *conditions).order_by(INVOICES.c.sent_at.desc())
        with guard(), self._engine.connect() as connection:
            return [_billed(row) for row in connection.execute(query)]


def _billed(row: Any) -> Billed:  # noqa: ANN401 - untyped by its library
    return Billed(
        row.reference,
        row.batch,
        row.run_id,
        row.invoice_key,
        tuple(json.loads(row.workspace_ids)),
        Decimal(row.amount),
        json.loads(row.payload),
        row.invoice_id,
        *read(row.expected),
    )
