"""Decide what would be done with each invoice, from what the ledger and Kantata know. Pure.

The rules are those of the README's table "What keeps an invoice from being billed twice".
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from importer.columns import ITEM_TYPE_TITLES
from importer.payload import external_reference, fingerprint_of, ledger_key, payload_of
from importer.records import (
    Invoice,
    ItemType,
    LedgerEntry,
    PlannedInvoice,
    SheetLine,
    Status,
    Totals,
    UnsoundInvoice,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

CREATED = "created"
UNSETTLED = frozenset({"sending", "in_doubt"})
LIVE = UNSETTLED | {CREATED}
"""Ledger states in which an invoice exists in Kantata, or may."""

BilledItem = tuple[ItemType, int]
"""A time entry, expense or milestone, by its id."""


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What is known of earlier invoices of this account."""

    by_reference: Mapping[str, LedgerEntry] = field(default_factory=dict)
    by_fingerprint: Mapping[str, tuple[LedgerEntry, ...]] = field(default_factory=dict)
    """Live entries only."""
    by_item: Mapping[BilledItem, LedgerEntry] = field(default_factory=dict)
    """Live entries only."""


def choose_batch(given: str | None, cover: str | None, dates: Iterable[date | None], today: date) -> str:
    """Name the batch: as given, else the workbook's Cover, else the one month of the dates, else this month."""
    if named := (given or cover or "").strip():
        return named
    months = {day.strftime("%Y-%m") for day in dates if day is not None}
    return months.pop() if len(months) == 1 else today.strftime("%Y-%m")


def draw_up(invoices: Iterable[Invoice | UnsoundInvoice], batch: str) -> tuple[PlannedInvoice, ...]:
    """Give every sound invoice its payload, reference and fingerprint; all are ``ready`` so far."""
    return tuple(_drawn(invoice, batch) for invoice in invoices)


def decide(drawn: Iterable[PlannedInvoice], knowledge: Knowledge, *, allow_repeats: bool) -> tuple[PlannedInvoice, ...]:
    """Return the plan: every invoice with its status, and the reason when it would not be sent."""
    drawn = tuple(drawn)
    references = {planned.reference for planned in drawn}
    return tuple(_decided(planned, knowledge, references, allow_repeats=allow_repeats) for planned in drawn)


def totals_of(lines: Iterable[SheetLine], planned: Iterable[PlannedInvoice]) -> Totals:
    """Control totals of the sheet and of the plan or its outcome."""
    lines, planned = tuple(lines), tuple(planned)
    amounts: dict[Status, Decimal] = defaultdict(Decimal)
    for one in planned:
        amounts[one.status] += one.invoice.amount
    return Totals(
        rows=len(lines),
        invoices=len(planned),
        amount=sum((line.amount for line in lines if line.amount is not None), Decimal(0)),
        by_status=dict(Counter(one.status for one in planned)),
        amount_by_status=dict(amounts),
    )


def _drawn(invoice: Invoice | UnsoundInvoice, batch: str) -> PlannedInvoice:
    if isinstance(invoice, UnsoundInvoice):
        return PlannedInvoice(
            invoice,
            Status.NOT_SENT,
            reason="Some of its rows have errors.",
            what_to_do="Mend the rows listed under Problems and submit again.",
        )
    reference = external_reference(invoice, batch)
    payload = payload_of(invoice, reference)
    return PlannedInvoice(
        invoice,
        Status.READY,
        reference=ledger_key(reference),
        fingerprint=fingerprint_of(payload),
        payload=payload,
    )


def _decided(  # noqa: PLR0911 - one return per rule
    planned: PlannedInvoice,
    knowledge: Knowledge,
    references: set[str | None],
    *,
    allow_repeats: bool,
) -> PlannedInvoice:
    if not isinstance(planned.invoice, Invoice) or planned.reference is None or planned.fingerprint is None:
        return planned
    known = knowledge.by_reference.get(planned.reference)
    if known is not None and known.state in UNSETTLED:
        return _with(planned, Status.IN_DOUBT, known, *_doubtful(known))
    if known is not None and known.state == CREATED:
        if known.fingerprint == planned.fingerprint:
            return _with(planned, Status.ALREADY_CREATED, known, f"Billed in run {known.run_id}{_on(known)}.", None)
        return _with(
            planned,
            Status.HELD,
            known,
            f"Changed since it was billed as invoice {known.invoice_id} in run {known.run_id}{_on(known)}.",
            "If it must be billed anew, cancel that invoice in Kantata, then submit with another --batch; "
            "otherwise restore the rows.",
        )
    for item in _items(planned.invoice):
        earlier = knowledge.by_item.get(item)
        if earlier is not None and earlier.reference != planned.reference:
            return _with(planned, Status.HELD, earlier, *_billed_before(item, earlier))
    for twin in knowledge.by_fingerprint.get(planned.fingerprint, ()):
        if twin.reference in references:
            continue  # it stands in this sheet as an invoice of its own
        if twin.state in UNSETTLED or not allow_repeats:
            return _with(planned, Status.HELD, twin, *_possible_duplicate(twin))
    return planned


def _with(
    planned: PlannedInvoice,
    status: Status,
    known: LedgerEntry,
    reason: str,
    what_to_do: str | None,
) -> PlannedInvoice:
    own = known.reference == planned.reference
    return PlannedInvoice(
        planned.invoice,
        status,
        planned.reference,
        planned.fingerprint,
        planned.payload,
        reason,
        what_to_do,
        invoice_id=known.invoice_id if own and status in (Status.ALREADY_CREATED, Status.HELD) else None,
    )


def _items(invoice: Invoice) -> Iterable[BilledItem]:
    return ((line.item_type, line.item_id) for line in invoice.lines if line.item_id is not None)


def _doubtful(known: LedgerEntry) -> tuple[str, str]:
    return (
        f"Sent in run {known.run_id}{_on(known)}, but the answer is not known: it may exist in Kantata.",
        (
            "Look for it in Kantata by its reference, or by project, date and amount. It is not sent again until it is "
            "settled."
        ),
    )


def _billed_before(item: BilledItem, earlier: LedgerEntry) -> tuple[str, str]:
    kind = ITEM_TYPE_TITLES[item[0]]
    if earlier.state in UNSETTLED:
        return (
            (
                f"{kind} {item[1]} may already be billed: it was sent in run {earlier.run_id}{_on(earlier)} and the "
                "answer is not known."
            ),
            "Settle that invoice first.",
        )
    return (
        f"{kind} {item[1]} was billed before, on invoice {earlier.invoice_id} in run {earlier.run_id}{_on(earlier)}.",
        "Delete its row here, or cancel that invoice first.",
    )


def _possible_duplicate(twin: LedgerEntry) -> tuple[str, str]:
    if twin.state in UNSETTLED:
        return (
            (
                f"Possible duplicate: the same content was sent in run {twin.run_id}{_on(twin)} (batch {twin.batch}) "
                "and the answer is not known."
            ),
            "Settle that invoice first.",
        )
    return (
        (
            f"Possible duplicate: the same content was billed as invoice {twin.invoice_id} in run "
            f"{twin.run_id}{_on(twin)} (batch {twin.batch})."
        ),
        "If it is meant to be billed again, submit with --allow-repeats.",
    )


def _on(entry: LedgerEntry) -> str:
    return f" on {entry.sent_at:%Y-%m-%d}" if entry.sent_at else ""
