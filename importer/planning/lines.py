"""What makes two lines alike: kind, text and amount, whatever invoice they stand on. Pure."""

from __future__ import annotations

import hashlib
import unicodedata
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from importer.kantata.fields import ITEM_LISTS
from importer.kantata.payload import tidy
from importer.model.invoices import PRICED, Invoice
from importer.model.plans import LineMark

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from decimal import Decimal

    from importer.model.invoices import ItemType
    from importer.model.plans import PlannedInvoice, WaitingPlace
    from importer.model.sheet import SheetLine

MOST_WAITING = 20
"""Faulty rows of which a billed line remembers where they stand; more are a fault of the whole sheet."""


def wording_of(kind: ItemType, text: object) -> str:
    """Short key of kind and text; blanks, case and the way in which accents are written do not count."""
    words = unicodedata.normalize("NFC", tidy(text)).casefold()
    return hashlib.blake2b(f"{kind.value}\n{words}".encode(), digest_size=16).hexdigest()


def wordings_sent(body: Mapping[str, Any]) -> set[str]:
    """Kinds and texts of the lines of an invoice as it was sent."""
    found: set[str] = set()
    for kind, name in ITEM_LISTS.items():
        found.update(wording_of(kind, item.get("notes")) for item in body.get(name, ()))
    return found


def marked(drawn: Iterable[PlannedInvoice], sheet_lines: Iterable[SheetLine] = ()) -> tuple[PlannedInvoice, ...]:
    """Give every invoice the marks of its priced lines.

    Each mark says how many lines like it the sheet holds, those of faulty rows
    included, and where those stand: what stands in one sheet several times is meant several times.
    """
    drawn = tuple(drawn)
    marks = [_marks_of(planned.invoice) if isinstance(planned.invoice, Invoice) else () for planned in drawn]
    beside = Counter(mark.likeness for own in marks for mark in own)
    waiting: dict[object, list[WaitingPlace]] = {}
    sent = {mark.row for own in marks for mark in own}
    for line, likeness in _faulty(sheet_lines, sent):
        beside[likeness] += 1
        waiting.setdefault(likeness, []).append((line.workspace_id, line.invoice_key or ""))

    found = []
    for planned, own in zip(drawn, marks, strict=True):
        counted = [_counted(mark, beside[mark.likeness], waiting.get(mark.likeness, [])) for mark in own]
        found.append(replace(planned, marks=tuple(counted)) if counted else planned)
    return tuple(found)


def _counted(mark: LineMark, alike: int, waiting: list[WaitingPlace]) -> LineMark:
    return replace(mark, alike=alike, waiting=tuple(waiting[:MOST_WAITING]))


def _marks_of(invoice: Invoice) -> tuple[LineMark, ...]:
    marks = []
    for line in invoice.lines:
        if line.amount is not None:
            wording, key = wording_of(line.item_type, line.notes), invoice.key or ""
            marks.append(LineMark(line.row, line.workspace_id, wording, line.amount, line.notes, key=key))
    return tuple(marks)


def _faulty(sheet_lines: Iterable[SheetLine], sent: set[int]) -> Iterator[tuple[SheetLine, tuple[str, Decimal]]]:
    """The priced lines that no sound invoice has, with what makes them like others."""
    for line in sheet_lines:
        kind = line.item_values.get("item_type")
        if line.row not in sent and kind in PRICED and line.amount is not None:
            yield line, (wording_of(kind, line.item_values.get("notes")), line.amount)
