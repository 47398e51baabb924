"""Rows of the database as records."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

from importer.records import LedgerEntry
from importer.submission_ledger.records import Attempt, RunRecord, Unsettled

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from importer.submission_ledger.afterwards import Sending

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
        reference=row.reference, fingerprint=row.fingerprint, batch=row.batch, state=row.state, run_id=row.run_id,
        sent_at=row.sent_at, invoice_id=row.invoice_id, rows=tuple(json.loads(row.rows)),
        error=row.error, key=row.invoice_key, workspace_ids=tuple(json.loads(row.workspace_ids)),
        amount=Decimal(row.amount), invoice_date=body.get("invoice_date"), body=body, source_sha256=row.source_sha256,
    )  # fmt: skip


def attempt_of(sending: Sending, invoice: Any) -> Attempt:  # noqa: ANN401 - untyped by its library
    """What a run tried with an invoice, from that and the invoice's row as it stands."""
    row = sending.last
    return Attempt(
        reference=row.reference, key=invoice.invoice_key, workspace_ids=tuple(json.loads(invoice.workspace_ids)),
        rows=tuple(json.loads(invoice.rows)), outcome=row.outcome, http_status=row.http_status, message=row.message,
        request_id=row.request_id, started_at=row.started_at, state_now=invoice.state, invoice_id=sending.invoice_id,
        last_run=invoice.run_id, since=sending.since,
    )  # fmt: skip


def unsettled_of(row: Any) -> Unsettled:  # noqa: ANN401 - untyped by its library
    """An invoice whose outcome is not known, from its row."""
    return Unsettled(
        reference=row.reference, run_id=row.run_id, batch=row.batch, key=row.invoice_key,
        workspace_ids=tuple(json.loads(row.workspace_ids)), rows=tuple(json.loads(row.rows)),
        amount=Decimal(row.amount), payload=json.loads(row.payload), sent_at=row.sent_at,
    )  # fmt: skip


def _planned(noted: dict[str, str | None] | list[str]) -> dict[str, str | None]:
    return noted if isinstance(noted, dict) else dict.fromkeys(noted)


def run_of(row: Any) -> RunRecord:  # noqa: ANN401 - untyped by its library
    """A submit, from its row."""
    return RunRecord(
        run_id=row.run_id, batch=row.batch, account=row.account, started_at=row.started_at,
        finished_at=row.finished_at, who=row.who, path=row.path, sheet=row.sheet,
        sha256=row.sha256, rows=row.rows, invoices=row.invoices,
        amount=row.amount, by_status=json.loads(row.by_status or "{}"), exit_code=row.exit_code,
        planned=None if row.planned is None else _planned(json.loads(row.planned)),
    )  # fmt: skip
