"""The plan of a run in the ledger: what is kept of an invoice is all that the sheet said."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import date
from decimal import Decimal
from typing import Any

from importer.ledger.recorded_plan import RecordedPlan, recorded_plan_of
from importer.model.invoices import ExternalReference, Invoice, ItemType, LineItem
from importer.model.plans import PlannedInvoice, Status

LINES = (
    LineItem(2, 101, ItemType.FIXED_FEE, None, Decimal("12.50"), "Work", taxable=True, story_id=7, currency="EUR"),
    LineItem(3, 102, ItemType.TIME_ENTRY, 500),
)
SPECIAL: dict[str, Any] = {
    "lines": LINES,
    "payment_schedule": 30,
    "draft": True,
    "suppress_emails": False,
    "invoice_date": date(2026, 10, 31),
    "user_invoice_number": 4711,
    "external_reference": ExternalReference("a", "b", "c", locked=True),
}


def _full() -> Invoice:
    """An invoice with a value of its own in every field; a new text field is among them by itself."""
    texts = {field.name: f"the {field.name}" for field in fields(Invoice) if field.name not in SPECIAL}
    return Invoice(**SPECIAL, **texts)


def test_every_field_comes_back() -> None:
    """Results are written again from the plan: a field that it forgets would be missing in them."""
    planned = PlannedInvoice(_full(), Status.READY)
    assert recorded_plan_of(RecordedPlan((planned,)).as_text()).planned == (planned,)


def test_lines_without_names_of_their_fields_are_read() -> None:
    """As an earlier version has written them: lists of values in a fixed order."""
    text = json.loads(RecordedPlan((PlannedInvoice(_full(), Status.READY),)).as_text())
    [kept] = text["invoices"]
    del kept["line_fields"]
    kept["lines"] = [
        [2, 101, "fixed_fee", None, "12.50", "Work", True, 7, "EUR"],
        [3, 102, "time_entry", 500, None, None, None, None, None],
    ]
    [planned] = recorded_plan_of(json.dumps(text)).planned
    assert isinstance(planned.invoice, Invoice)
    assert planned.invoice.lines == LINES
