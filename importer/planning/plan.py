"""Give every invoice its batch, its payload and its reference; hold what is known of earlier ones. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING

from importer.kantata.payload import external_reference, fingerprint_of, ledger_key, payload_of
from importer.model.invoices import Invoice, ItemType, UnsoundInvoice
from importer.model.lifecycle import Event, State
from importer.model.plans import LineMark, PlannedInvoice, Released, Status
from importer.planning.lines import marks_of

if TYPE_CHECKING:
    from importer.model.remembered import BilledLine, LedgerEntry
    from importer.model.sheet import SheetLine


BilledItem = tuple[ItemType, int]
"""A time entry, expense or milestone, by its id."""
KeyOrProject = tuple[str | None, int | None]
"""Invoice key; without one, the project."""


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What is known of earlier invoices of this account."""

    by_reference: Mapping[str, LedgerEntry] = field(default_factory=dict)
    by_fingerprint: Mapping[str, tuple[LedgerEntry, ...]] = field(default_factory=dict)
    """Live entries only."""
    by_item: Mapping[BilledItem, LedgerEntry] = field(default_factory=dict)
    """Live entries only."""
    under_same_key: Mapping[KeyOrProject, tuple[LedgerEntry, ...]] = field(default_factory=dict)
    """Live entries by their key; without one, by their project."""
    by_number: Mapping[int, LedgerEntry] = field(default_factory=dict)
    """Invoice number → the live entry that was sent with it."""
    lines: tuple[BilledLine, ...] = ()
    """Live lines like those of the plan: of the same project, and of whatever project in the same batch."""
    gone: frozenset[str] = frozenset()
    """Ids of invoices that were cancelled or deleted in Kantata since: they bill nothing any more."""

    def state_of(self, entry: LedgerEntry) -> State:
        """State of an earlier invoice, with what Kantata was seen to hold of it."""
        if entry.invoice_id in self.gone and entry.standing.allows(Event.SEEN_GONE):
            return entry.standing.after(Event.SEEN_GONE).state
        return entry.state

    def by_id(self) -> dict[str, LedgerEntry]:
        """The earlier invoices by their ids in Kantata."""
        single = (*self.by_reference.values(), *self.by_item.values(), *self.by_number.values())
        several = (*self.by_fingerprint.values(), *self.under_same_key.values())
        found: dict[str, LedgerEntry] = {}
        of_lines = (line.entry for line in self.lines if line.entry.run_id)
        for entry in itertools.chain(single, of_lines, *several):
            if entry.invoice_id is not None:
                found[entry.invoice_id] = entry
        return found


@dataclass(frozen=True, slots=True)
class Terms:
    """What a plan is decided by, beside what is known of earlier invoices."""

    batch: str
    batch_derived: bool
    """Whether the dates gave the batch its name, so that a change of dates may have changed it."""
    now: datetime
    """When the plan is made: UTC without offset, by the clock of the ledger."""
    source_sha256: str
    source_name: str
    repeat_days: int
    """Like lines on an invoice dated less than so many days away are a repeat."""
    released: Released
    command: str
    """That submits just this plan."""
    cell: Callable[[int], str]
    """Where the amount of a row stands."""


def key_or_project_of(invoice: Invoice) -> KeyOrProject:
    """Where an earlier version of the invoice would be found."""
    return (invoice.key, None if invoice.key is not None else invoice.workspace_ids[0])


def choose_batch(given: str | None, cover: str | None, dates: Iterable[date | None]) -> str | None:
    """Name the batch: as given, else the workbook's Cover, else the one month of the dates; None: they do not say."""
    if named := (given or cover or "").strip():
        return named
    months = {day.strftime("%Y-%m") for day in set(dates) if day is not None}
    return months.pop() if len(months) == 1 else None


def draw_up(
    invoices: Iterable[Invoice | UnsoundInvoice], batch: str, sheet_lines: Iterable[SheetLine] = ()
) -> tuple[PlannedInvoice, ...]:
    """Give every sound invoice its payload, reference, fingerprint and marks; all are ``ready`` so far.

    ``sheet_lines``: all rows of the sheet, the faulty ones too, of which marks know how many are alike.
    """
    invoices = tuple(invoices)
    marks = marks_of(invoices, sheet_lines)
    return tuple(_drawn(invoice, batch, own) for invoice, own in zip(invoices, marks, strict=True))


def _drawn(invoice: Invoice | UnsoundInvoice, batch: str, marks: tuple[LineMark, ...]) -> PlannedInvoice:
    if isinstance(invoice, UnsoundInvoice):
        return PlannedInvoice(
            invoice,
            Status.NOT_SENT,
            reason="Some of its rows have errors, or rows with errors leave open whether it is whole.",
            what_to_do="Fix those rows and submit again.",
        )
    reference = external_reference(invoice, batch)
    payload = payload_of(invoice, reference)
    return PlannedInvoice(
        invoice,
        Status.READY,
        reference=ledger_key(reference),
        fingerprint=fingerprint_of(payload),
        payload=payload,
        marks=marks,
    )
