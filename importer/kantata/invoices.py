"""Invoices as Kantata's answers show them, in the forms in which they are compared. Pure.

Parts that an answer leaves out are None or absent, never taken as empty: nulls and blanks are normal
(docs/kantata.md section 1).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from importer.kantata.fields import (
    COMPARED_FIELDS,
    ID_LISTS,
    ITEM_FIELDS,
    ITEM_ID_LISTS,
    ITEM_LISTS,
    MORE_FIELDS,
    SHOWN_FIELDS,
)
from importer.kantata.lenient import base_unit_of, dict_of, from_cents, list_of, text_of, whole
from importer.kantata.payload import SERVICE_NAME, by_type_and_amount, tidy
from importer.model.answers import ReadBack, Shown, ShownItem
from importer.model.invoices import Content, ItemType

Record = dict[str, Any]
Reference = tuple[str, str, str]
"""service_name, service_model, service_model_ref."""
SHORTEST_CUT = 8
"""Letters of a reference from which on it may be one that Kantata has cut."""


@dataclass(frozen=True, slots=True)
class FoundInvoice:
    """An invoice that Kantata shows."""

    invoice_id: str
    cancelled: bool
    triples: tuple[Reference, ...]
    """Its external references."""
    content: Content | None
    """None when the answer does not show all of it."""
    header: dict[str, str]
    """Filled header fields by their API names."""
    shows_references: bool
    """Whether the answer says which references it has, also when it has none."""
    read_back: ReadBack
    """What it holds, for the control totals and the tie-out."""


def found_invoices(answer: Record) -> Iterator[FoundInvoice]:
    """Every invoice of an answer that asked for all associations."""
    for invoice_id, record in dict_of(answer.get("invoices")).items():
        if isinstance(record, dict):
            yield _found(str(invoice_id), record, answer)


def reference_in(body: Mapping[str, Any]) -> Reference:
    """The external reference that a request gives its invoice; ``body``: the object ``invoice``."""
    sent = body["external_reference"]
    return sent["service_name"], sent["service_model"], sent["service_model_ref"]


def in_one_case(triple: Reference) -> Reference:
    """An external reference as it is compared: Kantata may store it in another case."""
    name, model, ref = triple
    return name.strip().casefold(), model.strip().casefold(), ref.strip().casefold()


def may_be(shown: Reference, sent: Reference) -> bool:
    """Whether a reference that Kantata shows may be the one that was sent, in another case or cut."""
    return in_one_case(shown) == in_one_case(sent) or _may_be_cut(shown, sent)


def in_other_form(found: FoundInvoice, sent: Reference) -> bool:
    """Whether an invoice carries a reference of others that may be the sent one, and may be another one of theirs.

    Those of this program are too long for that; ERP-2026-1 and ERP-2026-10 are two invoices.
    """
    if sent[0] == SERVICE_NAME or sent in found.triples:
        return False
    return any(may_be(triple, sent) for triple in found.triples)


def _may_be_cut(shown: Reference, sent: Reference) -> bool:
    *service, ref = in_one_case(shown)
    *sent_service, whole_ref = in_one_case(sent)
    return service == sent_service and len(ref) >= SHORTEST_CUT and whole_ref.startswith(ref)


def other_reference(found: FoundInvoice, sent: Reference) -> str | None:
    """Which reference of the same service an invoice carries in place of the one that was sent; None: none other."""
    if sent in found.triples:
        return None
    if any(may_be(triple, sent) for triple in found.triples) and not in_other_form(found, sent):
        return None
    others = [triple[2] for triple in found.triples if triple[:2] == sent[:2]]
    return others[0] if others else None


def _found(invoice_id: str, record: Record, answer: Record) -> FoundInvoice:
    header = {name: text_of(record.get(name)) for name in COMPARED_FIELDS}
    triples = tuple(_triples(record, answer))
    # A part that is blank could be anything.
    shows_references = isinstance(record.get("external_reference_ids"), list) and all(map(all, triples))
    return FoundInvoice(
        invoice_id,
        record.get("status") == "cancelled",
        triples,
        _content(record, answer),
        {name: text for name, text in header.items() if text},
        shows_references,
        read_back_of(record, answer),
    )


def _triples(record: Record, answer: Record) -> Iterator[Reference]:
    references = dict_of(answer.get("external_references"))
    for reference_id in list_of(record.get("external_reference_ids")):
        reference = dict_of(references.get(text_of(reference_id) or ""))
        ref = reference.get("service_model_ref")
        if type(ref) is int:
            ref = str(ref)
        yield _words(reference.get("service_name")), _words(reference.get("service_model")), _words(ref)


def _words(value: object) -> str:
    return value if isinstance(value, str) else ""


def read_back_of(record: Record, answer: Record) -> ReadBack:
    """What matters of one invoice to the results."""
    shown = shown_in(record, answer)
    recipient = dict_of(dict_of(answer.get("users")).get(text_of(record.get("recipient_id")) or ""))
    draft = record.get("draft")
    return ReadBack(
        number=text_of(record.get("user_invoice_number")),
        title=text_of(record.get("title")),
        status=text_of(record.get("status")),
        draft=draft if isinstance(draft, bool) else None,
        currency=text_of(record.get("currency")),
        items_amount=_sum_of_items(shown),
        total=from_cents(record.get("balance_in_cents"), base_unit_of(record)),
        due_date=text_of(record.get("due_date")),
        recipient=text_of(recipient.get("full_name")),
        shown=shown,
    )


def _sum_of_items(shown: Shown) -> Decimal | None:
    """Sum of the fixed fees and additional items; None unless the answer shows every one with its amount."""
    if shown.items is None:
        return None
    total = Decimal(0)
    for item in shown.items:
        if item.amount is None:
            return None
        total += item.amount
    return total


def shown_in(record: Record, answer: Record) -> Shown:
    """All that an answer shows of one of its invoices."""
    item_ids = {}
    for item_type, name in ID_LISTS.items():
        if isinstance(record.get(name), list):
            item_ids[item_type] = frozenset(_ids(record[name]))

    return Shown(
        header=_plain(record, SHOWN_FIELDS),
        workspace_ids=frozenset(_ids(_workspaces(record))) or None,
        item_ids=item_ids,
        items=_items(record, answer),
        status=text_of(record.get("status")),
        created_at=text_of(record.get("created_at")),
        updated_at=text_of(record.get("updated_at")),
        more=_plain(record, MORE_FIELDS),
    )


def _workspaces(record: Record) -> list[object]:
    """The projects of an invoice, whichever of the two fields names them."""
    values = list_of(record.get("workspace_ids"))
    if record.get("workspace_id"):
        return [*values, record["workspace_id"]]
    return values


def _ids(values: list[object]) -> Iterator[int]:
    """The ids among the values; whatever is none is passed over."""
    for value in values:
        number = whole(value)
        if number is not None:
            yield number


def _plain(values: Record, names: tuple[str, ...]) -> dict[str, object]:
    """What the answer says of some fields; null is said, an absent name is not, nor a list or object."""
    return {name: values[name] for name in names if name in values and not isinstance(values[name], (dict, list))}


def _items(record: Record, answer: Record) -> tuple[ShownItem, ...] | None:
    """The fixed-fee and additional items; None unless the answer shows every one of both kinds."""
    items = []
    for item_type, name in ITEM_ID_LISTS.items():
        if not isinstance(record.get(name), list):
            return None
        for item in _collected(item_type, record, answer):
            if not item:
                return None
            amount = from_cents(item.get("amount_in_cents"), base_unit_of(record))
            notes = tidy(text_of(item.get("notes")))
            items.append(ShownItem(item_type, amount, notes, _plain(item, ITEM_FIELDS)))
    return tuple(items)


def _collected(item_type: ItemType, record: Record, answer: Record) -> Iterator[Record]:
    """The items of an invoice out of their collection; an empty record for one that the answer does not hold."""
    collection = dict_of(answer.get(ITEM_LISTS[item_type]))
    for item_id in list_of(record.get(ITEM_ID_LISTS[item_type])):
        yield dict_of(collection.get(text_of(item_id) or ""))


def _content(record: Record, answer: Record) -> Content | None:
    """What an invoice bills; None where a part of it cannot be read."""
    projects = _all_ids([value for value in _workspaces(record) if value])
    priced = _priced(record, answer)
    if not projects or priced is None:
        return None

    items = set()
    for item_type, name in ID_LISTS.items():
        ids = _all_ids(list_of(record.get(name)))
        if ids is None:
            return None
        items |= {(item_type, item_id) for item_id in ids}

    lists = ID_LISTS | ITEM_ID_LISTS
    unseen = frozenset(item_type for item_type, name in lists.items() if not isinstance(record.get(name), list))
    return Content(projects, frozenset(items), priced, unseen)


def _all_ids(values: list[object]) -> frozenset[int] | None:
    """The ids; None when one of the values is no id."""
    ids = list(_ids(values))
    return frozenset(ids) if len(ids) == len(values) else None


def _priced(record: Record, answer: Record) -> tuple[tuple[ItemType, Decimal, str], ...] | None:
    """The fixed-fee and additional items that are shown; None when the amount of one cannot be read."""
    priced = []
    for item_type in ITEM_LISTS:
        for item in _collected(item_type, record, answer):
            amount = from_cents(item.get("amount_in_cents"), base_unit_of(record))
            if amount is None:
                return None
            priced.append((item_type, amount, tidy(item.get("notes"))))
    return tuple(sorted(priced, key=by_type_and_amount))
