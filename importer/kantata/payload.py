"""An invoice as the exact JSON of ``POST /invoices``, with its identity.

Fields and rules: docs/kantata.md section 2. The **reference** names the invoice
in the ledger and in Kantata; the **fingerprint** tells whether its content changed.
"""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import date
from decimal import Decimal
from typing import Any

from importer.kantata.fields import HEADER_FIELDS, ID_LISTS, ITEM_LISTS, REFERENCE, REFERENCE_FIELDS
from importer.model.invoices import Content, ExternalReference, Invoice, ItemType, LineItem

SERVICE_NAME = "invoice-importer"
SERVICE_MODEL = "invoice"
_AS_IT_IS, _SORTED = (
    json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=sort_keys) for sort_keys in (False, True)
)
"""Made once: for a small text, to make one takes as long as to use it."""


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
    extras = {}
    if given is not None:
        extras = {name: getattr(given, name) for name in REFERENCE_FIELDS if not name.startswith("service_")}
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
    for item_type, name in ITEM_LISTS.items():
        items = [_item(line, multi_project=multi_project) for line in invoice.lines if line.item_type is item_type]
        if items:
            body[name] = items

    body |= _filled(invoice, HEADER_FIELDS)
    body[REFERENCE] = _filled(reference, REFERENCE_FIELDS)
    return {"invoice": body}


def _filled(record: Invoice | ExternalReference, names: tuple[str, ...]) -> dict[str, Any]:
    """The fields of a record that hold anything, as JSON writes them."""
    fields = {}
    for name in names:
        value = getattr(record, name)
        if isinstance(value, date):
            value = value.isoformat()
        if value is not None:
            fields[name] = value
    return fields


def fingerprint_of(payload: dict[str, Any]) -> str:
    """SHA-256 of the payload without the external reference, hexadecimal."""
    content = {name: value for name, value in payload["invoice"].items() if name != REFERENCE}
    return hashlib.sha256(to_json(content, sort_keys=True).encode()).hexdigest()


def content_of(payload: dict[str, Any]) -> Content:
    """What the invoice of a request bills."""
    body = payload["invoice"]
    workspaces = body.get("workspace_ids") or [body["workspace_id"]]
    ids, priced = [], []
    for item_type, name in ID_LISTS.items():
        for item_id in body.get(name, ()):
            ids.append((item_type, item_id))
    for item_type, name in ITEM_LISTS.items():
        for item in body.get(name, ()):
            priced.append((item_type, Decimal(str(item["amount"])), tidy(item.get("notes"))))
    return Content(frozenset(workspaces), frozenset(ids), tuple(sorted(priced, key=by_type_and_amount)))


def tidy(notes: object) -> str:
    """Notes as they are compared: single blanks, none at the ends."""
    return " ".join(notes.split()) if isinstance(notes, str) else ""


def by_type_and_amount(item: tuple[ItemType, Decimal, str]) -> tuple[str, Decimal, str]:
    """Sort key of a fixed-fee or additional item."""
    return (item[0].value, item[1], item[2])


def to_json(content: object, *, sort_keys: bool = False, indent: int | None = None) -> str:
    """Write JSON the way it is sent: compact unless indented, text as UTF-8."""
    if indent is not None:
        return json.dumps(content, ensure_ascii=False, sort_keys=sort_keys, indent=indent)
    return (_SORTED if sort_keys else _AS_IT_IS).encode(content)


def _item(line: LineItem, *, multi_project: bool) -> dict[str, Any]:
    if line.amount is None:
        msg = f"row {line.row}: a {line.item_type.value} has no amount"
        raise ValueError(msg)
    item: dict[str, Any] = {"amount": json_number(line.amount)}
    for name in ("notes", "taxable", "story_id"):
        value = getattr(line, name)
        if value is not None:
            item[name] = value
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
