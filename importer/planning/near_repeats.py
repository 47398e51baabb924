"""Find invoices that look like one that was billed in the same batch, though no line is like another. Pure.

A key, the kind of a line and a word of its text may all have been changed at once: what still agrees is the projects,
the amount and the date. That is too little to hold an invoice, and enough to ask a person.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from importer.model.invoices import Invoice
from importer.model.plans import Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from importer.ledger.rows import Billed
    from importer.model.plans import PlannedInvoice

_Look = tuple[frozenset[int], Decimal, str | None]
"""Projects, amount in the sheet, and date as sent."""


def near_repeats(
    planned: Iterable[PlannedInvoice], billed: Iterable[Billed]
) -> Iterator[tuple[PlannedInvoice, Invoice, Billed]]:
    """Each invoice that would be sent, with the earlier one that it looks like; ``billed`` are those of its batch.

    An earlier one that still stands in the plan is another invoice.
    """
    planned = tuple(planned)
    standing = {invoice.reference for invoice in planned}
    earlier: dict[_Look, Billed] = {}
    for invoice in billed:
        if invoice.reference not in standing:
            earlier.setdefault(_look_of_billed(invoice), invoice)
    for ready in planned:
        if ready.status is Status.READY and isinstance(ready.invoice, Invoice):
            found = earlier.get(_look_of(ready, ready.invoice))
            if found is not None and found.amount:
                yield ready, ready.invoice, found


def _look_of(planned: PlannedInvoice, invoice: Invoice) -> _Look:
    day = None if invoice.invoice_date is None else invoice.invoice_date.isoformat()
    return frozenset(invoice.workspace_ids), sum((mark.amount for mark in planned.marks), Decimal(0)), day


def _look_of_billed(billed: Billed) -> _Look:
    return frozenset(billed.workspace_ids), billed.amount, billed.payload["invoice"].get("invoice_date")
