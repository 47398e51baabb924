"""A created invoice as Kantata showed it, kept in the ledger as one short text.

An undo compares it with what Kantata shows then, and so sees what a person changed since.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from importer.kantata.fields import ID_LISTS
from importer.kantata.payload import to_json

if TYPE_CHECKING:
    from importer.model.answers import Shown


def snapshot_of(shown: Shown) -> str | None:
    """All that an answer shows of the content, in short, to tell later what was changed; None unless it shows all.

    The header fields stand in it as they are, so that a change can be named; the rest is a digest.
    """
    if shown.items is None or shown.workspace_ids is None or len(shown.item_ids) < len(ID_LISTS):
        return None
    known = {"header": shown.header, "rest": digest_of(shown), "more": shown.more, "updated_at": shown.updated_at}
    return to_json(known, sort_keys=True)


def digest_of(shown: Shown) -> str:
    """Hash of all that is shown of the content."""
    items = []
    for item in shown.items or ():
        fields = sorted((name, str(value)) for name, value in item.fields.items())
        items.append([item.item_type.value, str(item.amount), item.notes, fields])
    items.sort()
    ids = sorted((kind.value, sorted(ids)) for kind, ids in shown.item_ids.items())
    text = to_json([sorted(shown.workspace_ids or ()), ids, items])
    return hashlib.sha256(text.encode(errors="backslashreplace")).hexdigest()


def updated_at_in(before: str) -> str | None:
    """When Kantata said that the invoice was last changed, as its answer had it when ``before`` was made."""
    moment = json.loads(before).get("updated_at")
    return moment if isinstance(moment, str) else None
