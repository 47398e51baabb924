"""What makes two lines alike: kind, text and amount, whatever invoice they stand on. Pure."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import chain
from typing import TYPE_CHECKING, Any

from importer.kantata.fields import ITEM_LISTS
from importer.kantata.payload import tidy
from importer.model.invoices import AMOUNT_IN_SHEET, Invoice, ItemType, UnsoundInvoice
from importer.model.plans import LineMark, WaitingPlace

if TYPE_CHECKING:
    from importer.model.sheet import SheetLine

MOST_WAITING = 20
"""Rows of which a billed line remembers where they stand: the next ones, so that all lines together know of each."""
_WORD = re.compile(r"[^\W_]+")
Likeness = tuple[str, Decimal]
"""Kind and text, and the amount."""


def wording_of(kind: ItemType, text: object) -> str:
    """Short key of kind and text; blanks, punctuation, case and how accents are written do not count."""
    words = " ".join(_WORD.findall(unicodedata.normalize("NFC", tidy(text)).casefold()))
    return hashlib.blake2b(f"{kind.value}\n{words}".encode(), digest_size=16).hexdigest()


def likenesses_sent(body: Mapping[str, Any]) -> set[Likeness]:
    """Kind and text, and amount, of the lines of an invoice as it was sent."""
    found: set[Likeness] = set()
    for kind, name in ITEM_LISTS.items():
        for item in body.get(name, ()):
            found.add((wording_of(kind, item.get("notes")), Decimal(str(item["amount"]))))
    return found


def marks_of(
    invoices: Sequence[Invoice | UnsoundInvoice], sheet_lines: Iterable[SheetLine] = ()
) -> list[tuple[LineMark, ...]]:
    """The marks of the priced lines of each invoice.

    Each mark says how many lines like it the sheet holds, those of faulty rows included, and where the
    next ones stand: what stands in one sheet several times is meant several times.
    """
    marks = [_marks_of(invoice) if isinstance(invoice, Invoice) else () for invoice in invoices]
    places = _places(list(chain.from_iterable(marks)), sheet_lines)
    if not places:
        return marks
    return [_counted(own, places) for own in marks]


def _places(marks: list[LineMark], sheet_lines: Iterable[SheetLine]) -> dict[Likeness, _Places]:
    """Where the lines of each likeness that several have stand, on invoices and on faulty rows."""
    others = list(_beside(marks, sheet_lines))
    counts = Counter(mark.likeness for mark in marks)
    counts.update(likeness for likeness, _, _ in others)

    found: dict[Likeness, dict[int, WaitingPlace]] = defaultdict(dict)
    for mark in marks:
        if counts[mark.likeness] > 1:
            found[mark.likeness][mark.row] = (mark.workspace_id, mark.key)
    for likeness, row, place in others:
        if counts[likeness] > 1:
            found[likeness][row] = place
    return {likeness: _Places(tuple(by_row), tuple(by_row.values())) for likeness, by_row in found.items()}


def _beside(marks: list[LineMark], sheet_lines: Iterable[SheetLine]) -> Iterator[tuple[Likeness, int, WaitingPlace]]:
    """Likeness, row and place of the priced lines that are on no sound invoice."""
    placed = {mark.row for mark in marks}
    for line in sheet_lines:
        amount = line.item_values.get("amount")
        if amount is None or line.row in placed:
            continue
        kind = line.item_values.get("item_type")
        if kind in AMOUNT_IN_SHEET:
            likeness = wording_of(kind, line.item_values.get("notes")), amount
            yield likeness, line.row, (line.workspace_id, line.invoice_key or "")


def _counted(marks: tuple[LineMark, ...], places: Mapping[Likeness, _Places]) -> tuple[LineMark, ...]:
    """The marks of an invoice, each with what is known of lines like it, if there are any."""
    counted = []
    for mark in marks:
        known = places.get(mark.likeness)
        counted.append(mark if known is None else known.counted(mark))
    return tuple(counted)


@dataclass(slots=True)
class _Places:
    """Rows and places of the lines of one likeness, in the order of the sheet."""

    rows: tuple[int, ...]
    places: tuple[WaitingPlace, ...]
    order: dict[int, int] = field(init=False)

    def __post_init__(self) -> None:
        """Number the rows."""
        self.order = {row: number for number, row in enumerate(self.rows)}

    def counted(self, mark: LineMark) -> LineMark:
        """The mark with those of the next rows; after the last row come the first ones."""
        start, count = self.order[mark.row] + 1, len(self.rows)
        following = [self.places[number % count] for number in range(start, start + min(MOST_WAITING, count - 1))]
        return replace(mark, alike=count, waiting=tuple(following))


def _marks_of(invoice: Invoice) -> tuple[LineMark, ...]:
    marks = []
    for line in invoice.lines:
        if line.amount is not None:
            wording, key = wording_of(line.item_type, line.notes), invoice.key or ""
            marks.append(LineMark(line.row, line.workspace_id, wording, line.amount, line.notes, key=key))
    return tuple(marks)
