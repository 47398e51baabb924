"""The drafts of a probe: what they hold, and how they are known from every invoice (docs/kantata.md section 2)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import TYPE_CHECKING, Any

from importer.kantata.fields import ID_LISTS, REFERENCE
from importer.kantata.invoices import FoundInvoice, Reference, in_one_case, may_be
from importer.kantata.payload import SERVICE_NAME, content_of, json_number

if TYPE_CHECKING:
    from importer.kantata.open_items import Listed
    from importer.model.invoices import Content, ItemType

SERVICE_MODEL = "probe"
"""In the external reference; that of an invoice is another, so no look-up for invoices finds a probe."""
TITLE = "Probe of invoice-importer: a draft that is deleted in a moment"
NOT_SENT = ("message", "purchase_order", "project_code")
"""Texts that a probe leaves empty."""
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


def is_of(found: FoundInvoice, reference: str) -> bool:
    """Whether an invoice may be the draft of a reference: it carries that, or the title and no reference of a probe."""
    own = [triple for triple in found.triples if in_one_case(triple)[:2] == (SERVICE_NAME, SERVICE_MODEL)]
    if own:
        return any(may_be(triple, triple_of(reference)) for triple in own)
    return not found.cancelled and found.header.get("user_invoice_title") == TITLE


def shows_title(found: FoundInvoice) -> bool:
    """Whether the answer says which title an invoice has, also when it has none."""
    shown = found.read_back.shown
    return shown is not None and "user_invoice_title" in shown.header


def changed_in(found: FoundInvoice, payload: dict[str, Any] | None) -> str | None:
    """What is not as a probe has sent it, so that deleting it may take something from a person; None: nothing.

    Kantata may cut or round an amount, and may leave out the item.
    """
    if found.read_back.draft is not True:
        return "it is not shown as a draft"
    if found.header.get("user_invoice_title") != TITLE or any(map(found.header.get, NOT_SENT)):
        return "its title or texts"
    if found.content is None or found.content.unseen or payload is None:
        return "not all of it can be compared"
    return _changed_content(found.content, content_of(payload))


def _changed_content(held: Content, sent: Content) -> str | None:
    if held.workspace_ids != sent.workspace_ids or not held.item_ids <= sent.item_ids:
        return "its time entries, expenses, milestones or project"
    kinds = [kind for kind, _, _ in held.priced]
    if len(kinds) > len(set(kinds)) or not set(held.priced) <= set(_as_kept(sent)):
        return "its lines"
    return None


def _as_kept(sent: Content) -> Iterator[tuple[ItemType, Decimal, str]]:
    """Lines in each form in which Kantata may keep them."""
    for kind, amount, notes in sent.priced:
        for kept in (amount, amount.to_integral_value(ROUND_FLOOR), amount.to_integral_value(ROUND_CEILING)):
            yield kind, kept, notes


def link_in(address: str, invoice_id: str, project_id: int) -> str | None:
    """The web address of any invoice, made of that of one; None where it would name the wrong one, or its project."""
    link, places = re.subn(_as_whole(invoice_id), "{id}", address.strip())
    if places != 1 or re.search(_as_whole(str(project_id)), link):
        return None
    return link


def _as_whole(number: str) -> str:
    """A pattern of a number that no letter or digit stands beside."""
    return rf"(?<![^\W_]){re.escape(number)}(?![^\W_])"
