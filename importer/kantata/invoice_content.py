"""All that an answer shows of an invoice, in the form in which it is compared with what was sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from importer.kantata.lenient import base_unit_of, dict_of, from_cents, list_of, text_of, whole
from importer.kantata.payload import ID_LISTS, tidy
from importer.model.answers import Shown, ShownItem
from importer.model.invoices import ItemType

if TYPE_CHECKING:
    from collections.abc import Iterator


HEADER = (
    "invoice_date",
    "payment_schedule",
    "user_invoice_number",
    "user_invoice_title",
    "purchase_order",
    "project_code",
    "message",
    "draft",
)
"""Header fields that are sent and shown under the same name."""
MORE = ("recipient_id", "user_id", "currency", "tax_rate", "balance_in_cents", "due_date", "title")
"""Fields that are not sent under this name, but that a person can change or cause to change."""
ITEM_FIELDS = ("taxable", "story_id", "workspace_id")
"""Fields of fixed-fee and additional items, beside amount and text."""
_COLLECTIONS = {ItemType.FIXED_FEE: "fixed_fee_items", ItemType.ADDITIONAL: "additional_items"}


def shown_in(record: dict[str, Any], answer: dict[str, Any]) -> Shown:
    """What an answer shows of one of its invoices; parts that it leaves out are None or absent."""
    spaces = [*list_of(record.get("workspace_ids")), *(one for one in (record.get("workspace_id"),) if one)]
    ids = {kind: frozenset(_ids(record[name])) for kind, name in ID_LISTS.items() if isinstance(record.get(name), list)}
    return Shown(
        header=_plain(record, HEADER),
        workspace_ids=frozenset(_ids(spaces)) or None,
        item_ids=ids,
        items=_items(record, answer),
        status=text_of(record.get("status")),
        created_at=text_of(record.get("created_at")),
        updated_at=text_of(record.get("updated_at")),
        more=_plain(record, MORE),
    )


def _ids(values: list[object]) -> Iterator[int]:
    """The ids among the values; whatever is none is passed over."""
    return (number for one in values if (number := whole(one)) is not None)


def _plain(values: dict[str, Any], names: tuple[str, ...]) -> dict[str, object]:
    """What the answer says of some fields; null is said, an absent name is not, nor a list or object."""
    return {name: values[name] for name in names if name in values and not isinstance(values[name], (dict, list))}


def _items(record: dict[str, Any], answer: dict[str, Any]) -> tuple[ShownItem, ...] | None:
    """The fixed-fee and additional items; None unless the answer shows every one of both kinds."""
    found: list[ShownItem] = []
    for kind, collection in _COLLECTIONS.items():
        ids = record.get(f"{collection.removesuffix('s')}_ids")
        if not isinstance(ids, list):
            return None
        items = dict_of(answer.get(collection))
        for item in (dict_of(items.get(text_of(one) or "")) for one in ids):
            if not item:
                return None
            found.append(_item(kind, item, base_unit_of(record)))
    return tuple(found)


def _item(kind: ItemType, item: dict[str, Any], base_unit: int) -> ShownItem:
    amount = from_cents(item.get("amount_in_cents"), base_unit)
    return ShownItem(kind, amount, tidy(text_of(item.get("notes"))), _plain(item, ITEM_FIELDS))
