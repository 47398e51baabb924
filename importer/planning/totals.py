"""Control totals of a plan or of its outcome."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING

from importer.model.plans import ReportedInvoice, Status, Totals

if TYPE_CHECKING:
    from importer.model.sheet import SheetLine


def totals_of(lines: Iterable[SheetLine], planned: Iterable[ReportedInvoice]) -> Totals:
    """Control totals of the sheet and of the plan or its outcome."""
    lines, planned = tuple(lines), tuple(planned)
    amounts: dict[Status, Decimal] = defaultdict(Decimal)
    for invoice in planned:
        amounts[invoice.status] += invoice.invoice.amount
    return Totals(
        rows=len(lines),
        invoices=len(planned),
        amount=sum((line.amount for line in lines if line.amount is not None), Decimal(0)),
        by_status=dict(Counter(invoice.status for invoice in planned)),
        amount_by_status=dict(amounts),
        lacking_amounts=sum(line.lacks_amount for line in lines),
    )
