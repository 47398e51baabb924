"""Decide what would be done with each invoice, from what the ledger and Kantata know. Pure.

The rules are those of the README's table "What keeps an invoice from being billed twice".
"""

from __future__ import annotations

import itertools
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
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import date, datetime

CREATED = "created"
UNSETTLED = frozenset({"sending", "in_doubt", "undoing"})
LIVE = UNSETTLED | {CREATED}
"""Ledger states in which an invoice exists in Kantata, or may."""

BilledItem = tuple[ItemType, int]
"""A time entry, expense or milestone, by its id."""
Place = tuple[str | None, int | None]
"""Invoice key; without one, the project."""
_Held = tuple[LedgerEntry, str, str]
"""The earlier invoice that holds this one, why, and what to do."""


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What is known of earlier invoices of this account."""

    by_reference: Mapping[str, LedgerEntry] = field(default_factory=dict)
    by_fingerprint: Mapping[str, tuple[LedgerEntry, ...]] = field(default_factory=dict)
    """Live entries only."""
    by_item: Mapping[BilledItem, LedgerEntry] = field(default_factory=dict)
    """Live entries only."""
    near: Mapping[Place, tuple[LedgerEntry, ...]] = field(default_factory=dict)
    """Live entries only."""
    by_number: Mapping[int, LedgerEntry] = field(default_factory=dict)
    """Invoice number → the live entry that was sent with it."""
    gone: frozenset[str] = frozenset()
    """Ids of invoices that were cancelled or deleted in Kantata since: they bill nothing any more."""

    def sent_after(self, moment: datetime) -> frozenset[str]:
        """Ids of the earlier invoices that were sent after ``moment`` (UTC, without offset)."""
        several = (*self.by_fingerprint.values(), *self.near.values())
        single = (*self.by_reference.values(), *self.by_item.values(), *self.by_number.values())
        entries = itertools.chain(single, *several)
        return frozenset(
            one.invoice_id for one in entries if one.invoice_id is not None and one.sent_at and one.sent_at > moment
        )


@dataclass(frozen=True, slots=True)
class Terms:
    """Of what run the plan is."""

    batch: str = ""
    batch_derived: bool = False
    """Whether nobody named the batch, so that a change of dates may have changed it."""
    source_sha256: str = ""


def place_of(invoice: Invoice) -> Place:
    """Where an earlier version of the invoice would be found."""
    return (invoice.key, None if invoice.key is not None else invoice.workspace_ids[0])


def choose_batch(given: str | None, cover: str | None, dates: Iterable[date | None], today: date) -> str:
    """Name the batch: as given, else the workbook's Cover, else the one month of the dates, else this month."""
    if named := (given or cover or "").strip():
        return named
    months = {day.strftime("%Y-%m") for day in dates if day is not None}
    return months.pop() if len(months) == 1 else today.strftime("%Y-%m")


def draw_up(invoices: Iterable[Invoice | UnsoundInvoice], batch: str) -> tuple[PlannedInvoice, ...]:
    """Give every sound invoice its payload, reference and fingerprint; all are ``ready`` so far."""
    return tuple(_drawn(invoice, batch) for invoice in invoices)


def decide(
    drawn: Iterable[PlannedInvoice], knowledge: Knowledge, *, allow_repeats: bool, terms: Terms | None = None
) -> tuple[PlannedInvoice, ...]:
    """Return the plan: every invoice with its status, and the reason when it would not be sent."""
    drawn = tuple(drawn)
    references = frozenset(planned.reference for planned in drawn)
    decision = _Decision(knowledge, references, terms or Terms(), allow_repeats)
    return tuple(decision.of(planned) for planned in drawn)


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
            reason="Some of its rows have errors, or rows with errors may belong to it.",
            what_to_do="Mend those rows and submit again.",
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


@dataclass(frozen=True, slots=True)
class _Decision:
    """Everything that the status of one invoice depends on."""

    knowledge: Knowledge
    references: frozenset[str | None]
    """Of all invoices of the plan."""
    terms: Terms
    allow_repeats: bool

    def of(self, planned: PlannedInvoice) -> PlannedInvoice:
        if not isinstance(planned.invoice, Invoice) or planned.reference is None:
            return planned
        known = self.knowledge.by_reference.get(planned.reference)
        if known is not None and known.state in LIVE:
            return self._known(planned, known)
        for rule in (self._billed_items, self._near, self._twins, self._number):
            for entry, reason, what_to_do in rule(planned, planned.invoice):
                return _with(planned, Status.HELD, entry, reason, what_to_do)
        return planned

    def _known(self, planned: PlannedInvoice, known: LedgerEntry) -> PlannedInvoice:
        """The ledger knows this very reference."""
        if known.state in UNSETTLED:
            return _with(planned, Status.IN_DOUBT, known, *_doubtful(known))
        if known.invoice_id in self.knowledge.gone:
            return _with(planned, Status.HELD, known, *_gone(known))
        if known.fingerprint == planned.fingerprint:
            return _with(planned, Status.ALREADY_CREATED, known, f"Billed in run {known.run_id}{_on(known)}.", None)
        return _with(planned, Status.HELD, known, *_changed(known))

    def _billed_items(self, planned: PlannedInvoice, invoice: Invoice) -> Iterator[_Held]:
        """One of its time entries, expenses or milestones was billed before."""
        for item in _items(invoice):
            earlier = self.knowledge.by_item.get(item)
            if earlier is not None and earlier.reference != planned.reference and self._alive(earlier):
                yield (earlier, *_billed_before(item, earlier))

    def _near(self, planned: PlannedInvoice, invoice: Invoice) -> Iterator[_Held]:
        """Its identity has shifted: another set of projects under its key, or another batch for the same day."""
        for entry in self.knowledge.near.get(place_of(invoice), ()):
            if entry.reference in self.references or entry.reference == planned.reference or not self._alive(entry):
                continue
            shared = set(entry.workspace_ids) & set(invoice.workspace_ids)
            if shared and entry.batch == self.terms.batch and invoice.key is not None:
                yield (entry, *_changed(entry))
            same_day = invoice.invoice_date is not None and entry.invoice_date == invoice.invoice_date.isoformat()
            if shared and same_day and self.terms.batch_derived and entry.batch != self.terms.batch:
                yield (entry, *_other_batch(entry, self.terms.batch))

    def _twins(self, planned: PlannedInvoice, _invoice: Invoice) -> Iterator[_Held]:
        """The same content was billed before."""
        for twin in self.knowledge.by_fingerprint.get(planned.fingerprint or "", ()):
            # A twin that stands in this very file is an invoice of its own: an interrupted run is completed.
            own = twin.reference in self.references and twin.source_sha256 == self.terms.source_sha256
            if own or not self._alive(twin):
                continue
            if twin.state in UNSETTLED or not self.allow_repeats:
                yield (twin, *_possible_duplicate(twin))

    def _number(self, planned: PlannedInvoice, invoice: Invoice) -> Iterator[_Held]:
        """Its number stands on another invoice that this ledger knows."""
        earlier = self.knowledge.by_number.get(invoice.user_invoice_number or 0)
        if earlier is not None and earlier.reference != planned.reference and self._alive(earlier):
            yield (earlier, *_number_taken(invoice.user_invoice_number or 0, earlier))

    def _alive(self, entry: LedgerEntry) -> bool:
        return entry.state in UNSETTLED or entry.invoice_id not in self.knowledge.gone


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
        earlier_id=known.invoice_id,
        invoice_id=known.invoice_id if own and status in (Status.ALREADY_CREATED, Status.HELD) else None,
    )


def _items(invoice: Invoice) -> Iterable[BilledItem]:
    return ((line.item_type, line.item_id) for line in invoice.lines if line.item_id is not None)


def _changed(known: LedgerEntry) -> tuple[str, str]:
    return (
        f"Changed since it was billed as invoice {known.invoice_id} in run {known.run_id}{_on(known)}.",
        (
            "Restore the rows; or, to bill it anew, cancel or delete that invoice in Kantata first, then submit "
            "with another --batch."
        ),
    )


def _gone(known: LedgerEntry) -> tuple[str, str]:
    return (
        (
            f"It was billed as invoice {known.invoice_id} in run {known.run_id}{_on(known)}, which was cancelled or "
            "deleted in Kantata since."
        ),
        f"To bill it again, submit with another --batch, such as --batch {known.batch}-again.",
    )


def _other_batch(known: LedgerEntry, batch: str) -> tuple[str, str]:
    return (
        (
            f"Billed for the same date as invoice {known.invoice_id} in run {known.run_id}{_on(known)}, but under "
            f"batch {known.batch}; the dates of this sheet make it batch {batch}."
        ),
        f"Submit with --batch {known.batch} if it is that billing period, or with --batch {batch} if it is a new one.",
    )


def _doubtful(known: LedgerEntry) -> tuple[str, str]:
    if known.state == "undoing":
        return (
            f"An undo of run {known.run_id} has begun and did not end: invoice {known.invoice_id} may still exist.",
            f"Run invoice-importer undo {known.run_id} again: it looks the invoice up and ends the undo.",
        )
    return (
        f"Sent in run {known.run_id}{_on(known)}, but the answer is not known: it may exist in Kantata.",
        ("Run reconcile, or look for it in Kantata. It is not sent again until it is settled."),
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


def _number_taken(number: int, earlier: LedgerEntry) -> tuple[str, str]:
    which = f"invoice {earlier.invoice_id}" if earlier.invoice_id else "an invoice whose answer is not known"
    return (
        f"Invoice number {number} was given to {which} in run {earlier.run_id}{_on(earlier)} (batch {earlier.batch}).",
        "Give it another number, or leave the number empty: then Kantata takes its next one.",
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
