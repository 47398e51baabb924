"""An invoice as the exact JSON of ``POST /invoices``, with its identity.

Fields and rules: kantata-api.md section 2. The **reference** names the invoice
in the ledger and in Kantata; the **fingerprint** tells whether its content changed.
"""

from __future__ import annotations

import base64
import hashlib
import json
from decimal import Decimal
from typing import Any

from importer.model.invoices import Content, ExternalReference, Invoice, ItemType, LineItem

SERVICE_NAME = "invoice-importer"
SERVICE_MODEL = "invoice"
ID_LISTS = {
    ItemType.TIME_ENTRY: "time_entry_ids",
    ItemType.EXPENSE: "expense_ids",
    ItemType.BILLING_MILESTONE: "billing_milestone_ids",
}
_ITEM_LISTS = {ItemType.FIXED_FEE: "fixed_fee_items", ItemType.ADDITIONAL: "additional_items"}
_HEADER_TEXTS = ("user_invoice_number", "user_invoice_title", "purchase_order", "project_code", "message")


def own_reference(batch: str, workspace_ids: tuple[int, ...], key: str | None) -> str:
    """Short key of an invoice, the same on every machine and in every run.

    Eighty bits of SHA-256, so that two of a billion invoices still differ. The
    order of the projects does not matter.
    """
    identity = json.dumps([batch, sorted(workspace_ids), key], ensure_ascii=True, separators=(",", ":"))
    digest = hashlib.sha256(identity.encode()).digest()
    return "inv-" + base64.b32encode(digest[:10]).decode().lower()


def external_reference(invoice: Invoice, batch: str) -> ExternalReference:
    """The mark that the invoice will carry: the sheet's own, else the program's."""
    given = invoice.external_reference
    if given is not None and all(given.triple):
        return given
    extras = (
        {}
        if given is None
        else {
            name: getattr(given, name)
            for name in ("status", "external_message", "external_link", "external_status", "locked")
        }
    )
    ref = own_reference(batch, invoice.workspace_ids, invoice.key)
    return ExternalReference(SERVICE_NAME, SERVICE_MODEL, ref, **extras)


def ledger_key(reference: ExternalReference) -> str:
    """Name of the invoice in the ledger: its own reference, else the sheet's three parts."""
    if reference.triple[:2] == (SERVICE_NAME, SERVICE_MODEL):
        return reference.service_model_ref
    *first, last = reference.triple
    # Slashes in the first two parts are written otherwise, so that no two references share a key.
    return "/".join([*(part.replace("%", "%25").replace("/", "%2F") for part in first), last])


def payload_of(invoice: Invoice, reference: ExternalReference) -> dict[str, Any]:
    """JSON body of the request; fields that the sheet leaves empty are left out."""
    workspaces = invoice.workspace_ids
    multi_project = len(workspaces) > 1
    body: dict[str, Any] = {"workspace_ids": list(workspaces)} if multi_project else {"workspace_id": workspaces[0]}
    body["payment_schedule"] = invoice.payment_schedule
    for item_type, name in ID_LISTS.items():
        ids = [line.item_id for line in invoice.lines if line.item_type is item_type]
        if ids:
            body[name] = ids
    for item_type, name in _ITEM_LISTS.items():
        items = [_item(line, multi_project=multi_project) for line in invoice.lines if line.item_type is item_type]
        if items:
            body[name] = items
    if invoice.invoice_date is not None:
        body["invoice_date"] = invoice.invoice_date.isoformat()
    body.update({name: value for name in _HEADER_TEXTS if (value := getattr(invoice, name)) is not None})
    body["draft"] = invoice.draft
    body["suppress_emails"] = invoice.suppress_emails
    body["external_reference"] = _filled(reference)
    return {"invoice": body}


def fingerprint_of(payload: dict[str, Any]) -> str:
    """SHA-256 of the payload without the external reference, hexadecimal."""
    content = {name: value for name, value in payload["invoice"].items() if name != "external_reference"}
    return hashlib.sha256(to_json(content, sort_keys=True).encode()).hexdigest()


def unordered_fingerprint_of(payload: dict[str, Any]) -> str:
    """As :func:`fingerprint_of`, but the same in whatever order the rows stand that make the lists."""
    body = payload["invoice"]
    content = {name: _in_order(value) if isinstance(value, list) else value for name, value in body.items()}
    return fingerprint_of({"invoice": content})


def _in_order(values: list[Any]) -> list[Any]:
    return sorted(values, key=lambda one: to_json(one, sort_keys=True))


def content_of(payload: dict[str, Any]) -> Content:
    """What the invoice of a request bills."""
    body = payload["invoice"]
    workspaces = body.get("workspace_ids") or [body["workspace_id"]]
    ids = [(item_type, item_id) for item_type, name in ID_LISTS.items() for item_id in body.get(name, ())]
    priced = [
        (item_type, Decimal(str(item["amount"])), tidy(item.get("notes")))
        for item_type, name in _ITEM_LISTS.items()
        for item in body.get(name, ())
    ]
    return Content(frozenset(workspaces), frozenset(ids), tuple(sorted(priced, key=by_type_and_amount)))


def tidy(notes: object) -> str:
    """Notes as they are compared: single blanks, none at the ends."""
    return " ".join(notes.split()) if isinstance(notes, str) else ""


def by_type_and_amount(item: tuple[ItemType, Decimal, str]) -> tuple[str, Decimal, str]:
    """Sort key of a fixed-fee or additional item."""
    return (item[0].value, item[1], item[2])


def to_json(content: object, *, sort_keys: bool = False, indent: int | None = None) -> str:
    """Write JSON the way it is sent: compact unless indented, text as UTF-8."""
    separators = (",", ":") if indent is None else None
    return json.dumps(content, ensure_ascii=False, sort_keys=sort_keys, indent=indent, separators=separators)


def _item(line: LineItem, *, multi_project: bool) -> dict[str, Any]:
    if line.amount is None:
        msg = f"row {line.row}: a {line.item_type.value} has no amount"
        raise ValueError(msg)
    item: dict[str, Any] = {"amount": json_number(line.amount)}
    if line.notes is not None:
        item["notes"] = line.notes
    if line.taxable is not None:
        item["taxable"] = line.taxable
    if line.story_id is not None:
        item["story_id"] = line.story_id
    if multi_project:
        item["workspace_id"] = line.workspace_id
    return item


def json_number(amount: Decimal) -> int | float:
    """Amount as JSON writes it: whole as an integer, with cents as the same decimal.

    A decimal of at most 15 significant digits survives the way through a double
    and its shortest text unchanged, so 0.1 is written as 0.1; longer ones are refused.
    """
    if amount == amount.to_integral_value():
        return int(amount)
    number = float(amount)
    if repr(number) != format(amount.normalize(), "f"):
        msg = f"{amount} cannot be written as a JSON number without a change"
        raise ValueError(msg)
    return number


def _filled(reference: ExternalReference) -> dict[str, Any]:
    names = (
        "service_name",
        "service_model",
        "service_model_ref",
        "status",
        "external_message",
        "external_link",
        "external_status",
        "locked",
    )
    return {name: value for name in names if (value := getattr(reference, name)) is not None}
