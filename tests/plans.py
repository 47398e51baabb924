"""Invoices and plans made without a sheet."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from importer.kantata.backoff import Pace, RetryBudget
from importer.model.invoices import Invoice, ItemType, LineItem
from importer.model.plans import NOTHING_RELEASED, PlannedInvoice, Released, Source, Totals
from importer.planning.deciding import decide
from importer.planning.plan import Knowledge, Terms, draw_up
from importer.sending.sender import Sender
from importer.sending.throttle import Stop, Throttle

if TYPE_CHECKING:
    from importer.kantata.client import KantataApi
    from importer.ledger.ledger import SubmissionLedger

SOURCE = Source("/tmp/october.xlsx", "Invoices", "0" * 64, 1)  # noqa: S108 - a name only
BATCH = "2026-10"
NOW = datetime(2026, 11, 15, 9, 0)  # noqa: DTZ001 - the ledger keeps UTC without an offset
ACCOUNT = "http://127.0.0.1/api/v1"


def fee(workspace: int = 101, amount: str = "500", *, row: int = 2, notes: str = "Konzept") -> LineItem:
    """Return a fixed-fee line."""
    return LineItem(row, workspace, ItemType.FIXED_FEE, amount=Decimal(amount), notes=notes)


def hours(entry: int, workspace: int = 101, *, row: int = 2) -> LineItem:
    """Return a line for a time entry."""
    return LineItem(row, workspace, ItemType.TIME_ENTRY, item_id=entry)


def invoice(*lines: LineItem, key: str | None = None, **fields: Any) -> Invoice:
    """Return a draft, due after 30 days."""
    return Invoice(key, lines or (fee(),), 30, draft=True, suppress_emails=True, **fields)


def plan(*invoices: Invoice, batch: str = BATCH) -> tuple[PlannedInvoice, ...]:
    """Return the invoices with payload and reference, all ready."""
    return draw_up(invoices, batch)


def fees(count: int, batch: str = BATCH) -> tuple[PlannedInvoice, ...]:
    """Return a plan of so many different invoices, with the keys k1, k2 and so on."""
    lines = [fee(101 + n % 10, str(100 + n), row=2 + n) for n in range(count)]
    return plan(*(invoice(line, key=f"k{line.row - 1}") for line in lines), batch=batch)


def replan(
    planned: tuple[PlannedInvoice, ...],
    ledger: SubmissionLedger,
    *,
    allow_repeats: bool = False,
) -> tuple[PlannedInvoice, ...]:
    """Decide anew with what the ledger knows now, as a second run does."""
    items = [(line.item_type, line.item_id) for one in planned for line in one.invoice.lines if line.item_id]  # type: ignore[union-attr]
    knowledge = Knowledge(
        ledger.entries([one.reference or "" for one in planned]),
        ledger.live_by_fingerprint([one.fingerprint or "" for one in planned]),
        ledger.live_by_item(items),  # type: ignore[arg-type]
    )
    return decide(planned, knowledge, terms(released=Released(all=allow_repeats)))


def terms(**fields: Any) -> Terms:
    """Return what a plan is decided by: the batch as it was typed, in the middle of November."""
    usual: dict[str, Any] = {
        "batch": BATCH,
        "batch_derived": False,
        "now": NOW,
        "source_sha256": SOURCE.sha256,
        "source_name": "october.xlsx",
        "repeat_days": 20,
        "released": NOTHING_RELEASED,
        "command": "invoice-importer submit",
        "cell": "row {}".format,
    }
    return Terms(**{**usual, **fields})


def totals(planned: tuple[PlannedInvoice, ...]) -> Totals:
    """Return control totals of a plan."""
    return Totals(len(planned), len(planned), sum((one.invoice.amount for one in planned), Decimal(0)))


def sender(api: KantataApi, ledger: SubmissionLedger, *, retry_seconds: float = 0, **options: Any) -> Sender:
    """Return a sender that does not dawdle."""
    budget, stop = RetryBudget(retry_seconds), options.pop("stop", None) or Stop()
    gate = Throttle(Pace.of(options.pop("pace", 1000)), budget, stop)
    return Sender(lambda: api, ledger, options.pop("run", "run-1"), BATCH, SOURCE, gate, stop, **options)
