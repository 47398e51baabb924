"""Records of the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from decimal import Decimal


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One submit as the ledger remembers it."""

    run_id: str
    batch: str
    account: str
    started_at: datetime
    """UTC, without offset."""
    finished_at: datetime | None
    """None: still running, or killed."""
    who: str
    path: str
    sheet: str | None
    sha256: str
    rows: int
    invoices: int
    amount: str
    by_status: dict[str, int]
    """As it ended, and as its invoices in doubt were settled since; an undo changes nothing here."""
    exit_code: int | None
    planned: Mapping[str, str | None] | None = None
    """Reference → fingerprint of all its sound invoices, also of those that other files billed.

    None: it was not noted yet; the fingerprints neither, at first.
    """
    undone: int = 0
    """Invoices of it that were undone since."""
    undo_unknown: int = 0
    """Invoices of it of which an undo could not tell whether they exist."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to send one invoice once; given by :meth:`SubmissionLedger.claim`."""

    reference: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Attempt:
    """What a run tried last with one invoice, and what became of that invoice since."""

    reference: str
    key: str | None
    workspace_ids: tuple[int, ...]
    rows: tuple[int, ...]
    outcome: str | None
    """How the attempt ended; None when the program ended before it was noted."""
    http_status: int | None
    message: str | None
    request_id: str | None
    started_at: datetime
    """UTC, without offset."""
    state_now: str
    """Of the reference: also when a later run has sent it again."""
    invoice_id: str | None
    """Of the invoice that this run created, also when that was found out later; never of one of a later run."""
    last_run: str
    """The run that sent it last: this one, or a later one."""
    since: tuple[str, ...] = ()
    """What happened to the invoice after the run, in words."""


@dataclass(frozen=True, slots=True)
class Unsettled:
    """An invoice of which nobody knows whether it exists: sent, or being undone, and the outcome is not known."""

    reference: str
    run_id: str
    batch: str
    key: str | None
    workspace_ids: tuple[int, ...]
    rows: tuple[int, ...]
    amount: Decimal
    payload: dict[str, Any]
    """What was sent."""
    sent_at: datetime
    """UTC, without offset; of one that is being undone the last try, if that was later."""
    being_undone: str | None = None
    """Id of the invoice that an undo may have taken back; None: whether it was created is not known."""


@dataclass(frozen=True, slots=True)
class SentInvoice:
    """An invoice that a run sent, and that no later run has sent since."""

    reference: str
    key: str | None
    workspace_ids: tuple[int, ...]
    rows: tuple[int, ...]
    amount: Decimal
    """Main currency unit."""
    payload: dict[str, Any]
    """What was sent."""
    state: str
    sent_at: datetime | None
    """UTC, without offset."""
    invoice_id: str | None
    adopted: bool
    """Whether the run only found it in Kantata and did not create it."""
    kept_before: bool
    """Whether an earlier undo has looked at it and kept it."""
    shown_print: str | None
    """What Kantata showed of it when it was created, in short (tieout.print_of); None when that is not on record."""
