"""What the ledger remembers of earlier runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from importer.model.lifecycle import Standing, State


@dataclass(frozen=True, slots=True)
class SeenHeader:
    """A header of a sheet as the ledger remembers it; never a value of a cell."""

    text: str
    column: str | None
    """Name of the known column that it was read as."""
    filled: bool
    """Whether any row held a value below it."""


@dataclass(frozen=True, slots=True)
class EarlierHeaders:
    """The headers of an earlier submit."""

    started_at: datetime
    """UTC, without offset."""
    path: str
    headers: tuple[SeenHeader, ...]
    """In the order of the sheet."""


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """What the ledger knows of one invoice of one account."""

    reference: str
    fingerprint: str
    batch: str
    standing: Standing
    """Where it stands."""
    run_id: str
    """The run that sent it last."""
    sent_at: datetime
    """UTC, without offset."""
    invoice_id: str | None
    rows: tuple[int, ...] = ()
    error: str | None = None
    key: str | None = None
    workspace_ids: tuple[int, ...] = ()
    amount: Decimal = Decimal(0)
    invoice_date: str | None = None
    """As sent: year-month-day."""
    body: Mapping[str, Any] = field(default_factory=dict)
    """Fields of the invoice as they were sent."""
    source_name: str = ""
    """Name of the file that it was sent from."""
    source_sha256: str = ""
    """Of the file that it was last sent from."""

    @property
    def state(self) -> State:
        """Its state."""
        return self.standing.state


@dataclass(frozen=True, slots=True)
class BilledLine:
    """A fixed fee or additional item of an earlier invoice."""

    entry: LedgerEntry
    """Its invoice; without a run when only Kantata knows it."""
    workspace_id: int
    wording: str
    """Short key of its kind and text."""
    amount: Decimal
    """Main currency unit."""
    position: int
    """Where it stands on its invoice."""
    row: int | None = None
    """In the file that it was sent from."""
    alike: int = 0
    """How many lines of this kind, text and amount that file held; 0 when that is not known."""
    waiting: tuple[tuple[int | None, str], ...] = ()
    """Projects and keys under which that file held the next lines like it."""

    @property
    def likeness(self) -> tuple[str, Decimal]:
        """What it shares with lines like it, whatever their project."""
        return self.wording, self.amount
