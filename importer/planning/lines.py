"""What makes two lines alike: kind, text and amount, whatever invoice they stand on. Pure."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from importer.kantata.payload import tidy
from importer.model.invoices import PRICED, Invoice
from importer.model.plans import LineMark

if TYPE_CHECKING:
    from collections.abc import Iterable

    from importer.model.invoices import ItemType
    from importer.model.plans import PlannedInvoice
    from importer.model.sheet import SheetLine


def wording_of(kind: ItemType, text: object) -> str:
    """Short key of kind and text; blanks and case do not count."""
    return hashlib.blake2b(f"{kind.value}\n{tidy(text).casefold()}".encode(), digest_size=16).hexdigest()


def marked(
    drawn: Iterable[PlannedInvoice], sheet_lines: Iterable[SheetLine] | None = None
) -> tuple[PlannedInvoice, ...]:
    """Give every invoice the marks of its priced lines.

    Each mark says how many lines like it the sheet holds, those of faulty rows
    included: what stands in one sheet several times is meant several times.
    """
    drawn = tuple(drawn)
    marks = [_marks_of(planned.invoice) if isinstance(planned.invoice, Invoice) else () for planned in drawn]
    beside: Counter[object] = Counter()
    if sheet_lines is None:
        beside.update(mark.likeness for own in marks for mark in own)
    else:
        beside.update(_likenesses(sheet_lines))

    found = []
    for planned, own in zip(drawn, marks, strict=True):
        counted = tuple(replace(mark, alike=max(1, beside[mark.likeness])) for mark in own)
        found.append(replace(planned, marks=counted) if counted else planned)
    return tuple(found)


def _marks_of(invoice: Invoice) -> tuple[LineMark, ...]:
    marks = []
    for line in invoice.lines:
        if line.amount is not None:
            wording = wording_of(line.item_type, line.notes)
            marks.append(LineMark(line.row, line.workspace_id, wording, line.amount, line.notes))
    return tuple(marks)


def _likenesses(sheet_lines: Iterable[SheetLine]) -> Iterable[object]:
    for line in sheet_lines:
        kind = line.item_values.get("item_type")
        if kind in PRICED and line.amount is not None:
            yield wording_of(kind, line.item_values.get("notes")), line.amount
