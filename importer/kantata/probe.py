"""The drafts of a probe: what they hold, and how they are known from every invoice (docs/kantata.md section 2)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from importer.kantata.fields import ID_LISTS, REFERENCE
from importer.kantata.payload import SERVICE_NAME, json_number

if TYPE_CHECKING:
    from importer.kantata.invoices import FoundInvoice, Reference
    from importer.kantata.open_items import Listed

SERVICE_MODEL = "probe"
"""In the external reference; that of an invoice is another, so no look-up for invoices finds a probe."""
TITLE = "Probe of invoice-importer: a draft that is deleted in a moment"
WITH_CENTS, WHOLE = Decimal("1.75"), Decimal(2)
"""Amount of each line of a draft: 1.75 shows whether it is kept, cut (1) or rounded (2)."""


def triple_of(reference: str) -> Reference:
    """The external reference of a draft."""
    return SERVICE_NAME, SERVICE_MODEL, reference


def probe_payload(workspace_id: int, reference: str, amount: Decimal | None, item: Listed | None) -> dict[str, Any]:
    """A draft that mails no one: lines of this amount, None for no lines, and an item that is open."""
    body: dict[str, Any] = {
        "workspace_id": workspace_id,
        "payment_schedule": 0,
        "draft": True,
        "suppress_emails": True,
        "user_invoice_title": TITLE,
    }
    if amount is not None:
        line = {"amount": json_number(amount), "notes": TITLE, "taxable": False}
        body |= {"fixed_fee_items": [line], "additional_items": [line]}
    if item is not None:
        body[ID_LISTS[item.item_type]] = [item.item.item_id]
    name, model, ref = triple_of(reference)
    body[REFERENCE] = {"service_name": name, "service_model": model, "service_model_ref": ref}
    return {"invoice": body}


def is_untouched(found: FoundInvoice) -> bool:
    """Whether an invoice is still the draft that a probe has made, so that deleting it takes nothing from anyone."""
    items = found.read_back.shown.items if found.read_back.shown else None
    own_lines = items is not None and all(item.notes == TITLE for item in items)
    return found.read_back.draft is True and found.header.get("user_invoice_title") == TITLE and own_lines
