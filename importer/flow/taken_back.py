"""What of a plan was undone before, or was to be: a person says whether it is to be billed again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from importer.flow.knowledge import looked_back
from importer.model.invoices import Invoice
from importer.model.plans import PlannedInvoice, Status
from importer.planning.repeat_days import is_within_repeat_days

if TYPE_CHECKING:
    from importer.flow.prepared import Tools
    from importer.model.remembered import BilledLine, LedgerEntry
    from importer.reporting.report import Report


@dataclass(frozen=True, slots=True)
class Undone:
    """Invoices of a plan that were undone, or were to be."""

    count: int = 0
    at: datetime | None = None
    """When the last of them was, UTC without offset; None: none was."""


NONE_UNDONE = Undone()


def ready_in(report: Report) -> dict[str, str | None]:
    """Reference → fingerprint of what would be sent."""
    return {planned.reference: planned.fingerprint for planned in _ready(report) if planned.reference}


def undone_in(report: Report, tools: Tools) -> Undone:
    """Which invoices would be billed again that were undone, or were to be.

    By their reference, or by their content: a file without dates has other references in a new month. By their lines
    too: under another key, or in other rows, they make other invoices. Whatever file they come in, and whichever gate
    it has: only who approves it after the undo says that they are to be billed again.
    """
    ready, ledger = ready_in(report), tools.ledger
    own = ledger.taken_back(ready)
    alike: dict[str | None, list[LedgerEntry]] = {}
    for entry in ledger.undone_with(text for text in ready.values() if text):
        alike.setdefault(entry.fingerprint, []).append(entry)

    count, references = 0, set(own)
    lines = _lines(report, tools)
    for planned in _ready(report):
        earlier = [*alike.get(planned.fingerprint, ()), *lines.get(planned.reference, ())]
        references.update(entry.reference for entry in earlier)
        count += bool(earlier) or planned.reference in own
    return Undone(count, ledger.taken_back_at(references))


def _ready(report: Report) -> list[PlannedInvoice]:
    ready = []
    for planned in report.planned:
        if isinstance(planned, PlannedInvoice) and planned.status is Status.READY and planned.reference:
            ready.append(planned)
    return ready


def _lines(report: Report, tools: Tools) -> dict[str | None, list[LedgerEntry]]:
    """The undone invoices with a line of each of those that would be sent, by the reference of that."""
    ready, now = _ready(report), tools.ledger.now()
    marks = [mark.line for planned in ready for mark in planned.marks]
    by_line: dict[tuple[int, tuple[str, Decimal]], list[BilledLine]] = {}
    for line in tools.ledger.lines_like(marks, looked_back(ready, now), taken_back=True):
        by_line.setdefault((line.workspace_id, line.likeness), []).append(line)

    found: dict[str | None, list[LedgerEntry]] = {}
    for planned in ready:
        dated = planned.invoice.invoice_date if isinstance(planned.invoice, Invoice) else None
        for mark in planned.marks:
            for line in by_line.get((mark.workspace_id, mark.likeness), ()):
                # Farther away it is a retainer's next month.
                if is_within_repeat_days(line.entry, dated, now, tools.settings.repeat_days):
                    found.setdefault(planned.reference, []).append(line.entry)
    for reference, entry in _items(ready, tools):
        found.setdefault(reference, []).append(entry)
    return found


def _items(ready: list[PlannedInvoice], tools: Tools) -> Iterator[tuple[str | None, LedgerEntry]]:
    """The undone invoices with a time entry, expense or milestone of those that would be sent."""
    of_invoice = {}
    for planned in ready:
        for line in planned.invoice.lines if isinstance(planned.invoice, Invoice) else ():
            if line.item_id is not None:
                of_invoice[line.item_type, line.item_id] = planned.reference
    for item, entry in tools.ledger.undone_by_item(of_invoice).items():
        yield of_invoice[item], entry
