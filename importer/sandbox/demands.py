"""What a client asks for with POST /invoices: the request's own form, checked without a look at the store."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from importer.sandbox import tables
from importer.sandbox.fields import Fields
from importer.sandbox.refusals import Complaint, invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

HELD_LISTS = {
    "time_entry_ids": tables.TIME_ENTRY,
    "expense_ids": tables.EXPENSE,
    "billing_milestone_ids": tables.BILLING_MILESTONE,
}
"""Field of the invoice → kind of held item."""
LINE_LISTS = {"fixed_fee_items": tables.FIXED_FEE, "additional_items": tables.ADDITIONAL}
"""Field of the invoice → kind of line item."""
REFERENCE_STATUSES = ("successful", "pending", "failed")
REFERENCE_KEYS = ("service_name", "service_model", "service_model_ref")
REFERENCE_TEXTS = ("external_message", "external_link", "external_status")
HEADER_TEXTS = ("message", "user_invoice_title", "purchase_order", "project_code")


@dataclass(frozen=True, slots=True)
class Line:
    """A fixed-fee or additional item."""

    field: str
    index: int | None
    """Place in its list, from 0, for complaints."""
    amount_in_cents: int
    notes: str | None
    taxable: bool
    story_id: int | None
    workspace_id: int | None


@dataclass(frozen=True, slots=True)
class Demand:
    """A well-formed request for an invoice."""

    workspace_ids: tuple[int, ...]
    multi_project: bool
    payment_schedule: int
    """Days from the invoice date to the due date."""
    invoice_date: date
    user_invoice_number: int | None
    draft: bool
    texts: Mapping[str, str | None]
    held: Mapping[str, tuple[int, ...]]
    """Field of the invoice → ids, for the three id lists."""
    lines: tuple[Line, ...]
    external_reference: Mapping[str, Any] | None


def read_demand(raw: Mapping[str, Any], today: date) -> Demand:
    """Read the ``invoice`` object; Refused (422) with everything that is wrong in it."""
    complaints: list[Complaint] = []
    fields = Fields(raw, complaints)
    spaces = _spaces(fields)
    held = {name: fields.ids(name) for name in HELD_LISTS}
    lines = tuple(line for name in LINE_LISTS for line in _lines(fields, name))
    if not any(raw.get(name) for name in (*HELD_LISTS, *LINE_LISTS)):
        fields.complain(
            "base",
            "At least one time entry, expense, milestone, fixed fee item or additional item is required",
        )
    fields.truth("suppress_emails")
    demand = Demand(
        workspace_ids=spaces,
        multi_project=fields.has("workspace_ids"),
        payment_schedule=_schedule(fields),
        invoice_date=fields.day("invoice_date") or today,
        user_invoice_number=fields.whole("user_invoice_number"),
        draft=bool(fields.truth("draft")),
        texts={name: fields.text(name) for name in HEADER_TEXTS},
        held=held,
        lines=lines,
        external_reference=_nested_reference(fields, raw, complaints),
    )
    check_due_date(fields, demand.invoice_date, demand.payment_schedule)
    if complaints:
        raise invalid(complaints)
    return demand


def check_due_date(fields: Fields, day: date, schedule: int) -> None:
    """Complain about a due date that no calendar has."""
    try:
        _ = day + timedelta(days=schedule)
    except OverflowError:
        fields.complain("payment_schedule", "is too large")


def _spaces(fields: Fields) -> tuple[int, ...]:
    one = fields.whole("workspace_id")
    several = fields.ids("workspace_ids")
    if fields.has("workspace_id") == fields.has("workspace_ids"):
        fields.complain("workspace_id", "Exactly one of workspace_id and workspace_ids is required")
    elif fields.has("workspace_ids") and not several:
        fields.complain("workspace_ids", "names no project")
    return several if one is None else (one,)


def _schedule(fields: Fields) -> int:
    if not fields.has("payment_schedule"):
        fields.complain("payment_schedule", "is required")
    return fields.whole("payment_schedule", least=0) or 0


def _lines(fields: Fields, name: str) -> list[Line]:
    found = []
    for item in fields.objects(name):
        cents = item.cents("amount")
        if cents is not None and cents < 0 and name != "additional_items":
            item.complain("amount", "must not be negative")
        if name == "additional_items" and item.has("story_id"):
            item.complain("story_id", "is not allowed on additional items")
        story_id = item.whole("story_id")
        found.append(
            Line(
                name,
                item.index,
                cents or 0,
                item.text("notes"),
                bool(item.truth("taxable")),
                story_id,
                item.whole("workspace_id"),
            ),
        )
    return found


def _nested_reference(fields: Fields, raw: Mapping[str, Any], complaints: list[Complaint]) -> dict[str, Any] | None:
    value = raw.get("external_reference")
    if value is None:
        return None
    if not isinstance(value, dict):
        fields.complain("external_reference", "must be an object")
        return None
    return read_reference(Fields(value, complaints, within="external_reference"))


def read_reference(fields: Fields) -> dict[str, Any]:
    """Read an external reference; complaints stay with the fields."""
    keys = {name: fields.text(name) for name in REFERENCE_KEYS}
    for name, value in keys.items():
        if value == "" or not fields.has(name):
            fields.complain(name, "is required")
    status = fields.text("status")
    if status is not None and status not in REFERENCE_STATUSES:
        fields.complain("status", f"must be one of {', '.join(REFERENCE_STATUSES)}")
    texts = {name: fields.text(name) for name in REFERENCE_TEXTS}
    return keys | texts | {"status": status, "locked": bool(fields.truth("locked"))}
