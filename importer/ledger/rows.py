"""The records of the ledger, and rows of the database as such records."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

from importer.model.remembered import LedgerEntry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from importer.ledger.afterwards import Sending


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
    """What Kantata showed of it when it was created, in short (kantata/snapshot.py); None: not on record."""


_Value = TypeVar("_Value")
CHUNK = 5_000
"""Values in one IN list; SQLite allows 32,766."""


def chunks(values: Sequence[_Value]) -> Iterator[Sequence[_Value]]:
    """The values in parts that fit into one IN list."""
    for start in range(0, len(values), CHUNK):
        yield values[start : start + CHUNK]


def entry_of(row: Any) -> LedgerEntry:  # noqa: ANN401 - untyped by its library
    """An invoice as it stands, from its row."""
    body = json.loads(row.payload)["invoice"]
    return LedgerEntry(
        reference=row.reference,
        fingerprint=row.fingerprint,
        batch=row.batch,
        state=row.state,
        run_id=row.run_id,
        sent_at=row.sent_at,
        invoice_id=row.invoice_id,
        rows=tuple(json.loads(row.rows)),
        error=row.error,
        key=row.invoice_key,
        workspace_ids=tuple(json.loads(row.workspace_ids)),
        amount=Decimal(row.amount),
        invoice_date=body.get("invoice_date"),
        body=body,
        source_sha256=row.source_sha256,
    )


def attempt_of(sending: Sending, invoice: Any) -> Attempt:  # noqa: ANN401 - untyped by its library
    """What a run tried with an invoice, from that and the invoice's row as it stands."""
    row = sending.last
    return Attempt(
        reference=row.reference,
        key=invoice.invoice_key,
        workspace_ids=tuple(json.loads(invoice.workspace_ids)),
        rows=tuple(json.loads(invoice.rows)),
        outcome=row.outcome,
        http_status=row.http_status,
        message=row.message,
        request_id=row.request_id,
        started_at=row.started_at,
        state_now=invoice.state,
        invoice_id=sending.invoice_id,
        last_run=invoice.run_id,
        since=sending.since,
    )


def unsettled_of(row: Any) -> Unsettled:  # noqa: ANN401 - untyped by its library
    """An invoice whose outcome is not known, from its row."""
    return Unsettled(
        reference=row.reference,
        run_id=row.run_id,
        batch=row.batch,
        key=row.invoice_key,
        workspace_ids=tuple(json.loads(row.workspace_ids)),
        rows=tuple(json.loads(row.rows)),
        amount=Decimal(row.amount),
        payload=json.loads(row.payload),
        sent_at=row.sent_at,
    )


def _planned(noted: dict[str, str | None] | list[str]) -> dict[str, str | None]:
    return noted if isinstance(noted, dict) else dict.fromkeys(noted)


def run_of(row: Any) -> RunRecord:  # noqa: ANN401 - untyped by its library
    """A submit, from its row."""
    return RunRecord(
        run_id=row.run_id,
        batch=row.batch,
        account=row.account,
        started_at=row.started_at,
        finished_at=row.finished_at,
        who=row.who,
        path=row.path,
        sheet=row.sheet,
        sha256=row.sha256,
        rows=row.rows,
        invoices=row.invoices,
        amount=row.amount,
        by_status=json.loads(row.by_status or "{}"),
        exit_code=row.exit_code,
        planned=None if row.planned is None else _planned(json.loads(row.planned)),
    )
