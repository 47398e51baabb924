"""What the cells of a column look like, whatever its header says: dates, days to pay, texts, numbers of projects."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from importer.model.columns import Kind
from importer.model.sheet import is_blank, text_of
from importer.values.amounts import typed_amount
from importer.values.cells import parser_of
from importer.values.dates import typed_date
from importer.values.readings import Unreadable, folded

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from importer.model.sheet import Cell

SAMPLES = 3
"""Cells shown of a column."""
MOST_LOOKED_AT = 200
"""Different cells of a column whose shape is looked at."""
MOST = 0.8
"""Share of the cells that must be readable as a column for the header to be believed."""
HALF = 0.5
USUAL_TERMS = frozenset({0, 5, 7, 8, 10, 14, 15, 20, 21, 28, 30, 40, 42, 45, 50, 60, 75, 90, 100, 120})
"""Numbers of days that invoices usually give to pay."""
_TODAY = date(2026, 1, 1)
"""Only the shape of a date counts here, not its value."""
_WORD = re.compile(r"[^\W\d_]{3}")
_WORDS = re.compile(r"[^\W_]+")
WORDS_OF_A_TEXT = 1.25
"""Words of a cell, on average, from which a column holds texts for a client."""
_TOTAL = re.compile(r"\s*(?:grand |sub)?(?:total|totals|totale|totaal|summe|gesamt|gesamtsumme)\s*:?\s*", re.IGNORECASE)
"""What stands beside a sum below the rows; it is no cell of the column."""
_ADDRESS = re.compile(r"@|://")


@dataclass(frozen=True, slots=True)
class SeenColumn:
    """One column of a sheet as it stands there."""

    position: int
    """Counted from 0."""
    text: str
    """Its header."""
    cells: tuple[Cell, ...]
    """Its filled cells, each once, in their order; at most MOST_LOOKED_AT."""
    counts: Mapping[str, int]
    """Reduced text → how many cells hold it."""
    rows: tuple[Cell, ...] = ()
    """The cells of the first MOST_LOOKED_AT rows in their order, empty ones too."""

    @property
    def samples(self) -> tuple[str, ...]:
        """A few of its cells, as a person reads them."""
        return tuple(_shown(cell) for cell in self.cells[:SAMPLES])


def seen_column(position: int, text: str, cells: Iterable[Cell]) -> SeenColumn:
    """A column with each of its filled cells once."""
    different: dict[str, Cell] = {}
    counts: dict[str, int] = {}
    rows: list[Cell] = []
    for cell in cells:
        if len(rows) < MOST_LOOKED_AT:
            rows.append(cell)
        if is_blank(cell) or (isinstance(cell, str) and _TOTAL.fullmatch(cell)):
            continue
        word = folded(text_of(cell))
        counts[word] = counts.get(word, 0) + 1
        if len(different) < MOST_LOOKED_AT:
            different.setdefault(word, cell)
    return SeenColumn(position, text, tuple(different.values()), counts, tuple(rows))


def share(column: SeenColumn, is_so: Callable[[Cell], bool]) -> float:
    """Share of the different cells of which something is true; 0 without cells."""
    return sum(map(is_so, column.cells)) / len(column.cells) if column.cells else 0.0


def reads(kind: Kind, cell: Cell) -> bool:
    """Tell whether a cell can be read as a kind of column."""
    if kind is Kind.AMOUNT and isinstance(cell, str):
        return not isinstance(typed_amount(cell), Unreadable)
    if kind is Kind.DATE:
        return is_date(cell)
    return not isinstance(parser_of(kind)(cell), Unreadable)


def is_date(cell: Cell) -> bool:
    """Tell whether a cell is a date, in whatever order."""
    if isinstance(cell, str):
        return not isinstance(typed_date(cell, _TODAY), Unreadable)
    return isinstance(cell, date)


def is_figure(cell: Cell) -> bool:
    """Tell whether a cell is a date or an amount."""
    return is_date(cell) or reads(Kind.AMOUNT, cell)


def holds_dates(column: SeenColumn) -> bool:
    """Tell whether every cell is a date."""
    return share(column, is_date) == 1


def holds_shared_dates(column: SeenColumn) -> bool:
    """Tell whether every cell is a date and most rows have the same, as invoices of one month have."""
    return holds_dates(column) and max(column.counts.values()) >= HALF * sum(column.counts.values())


def holds_days(column: SeenColumn) -> bool:
    """Tell whether every cell is a number of days: 30, “30 jours”."""
    return share(column, lambda cell: not is_date(cell) and reads(Kind.DAYS, cell)) == 1


def holds_terms(column: SeenColumn) -> bool:
    """Tell whether the cells are terms in words: “14 Tage”, “Net 30”; bare numbers could be anything."""
    in_words = all(isinstance(cell, str) and any(map(str.isalpha, cell)) for cell in column.cells)
    return in_words and share(column, lambda cell: reads(Kind.DAYS, cell)) >= MOST


def holds_usual_terms(column: SeenColumn) -> bool:
    """Tell whether every cell is a number of days that invoices usually give to pay."""
    return bool(column.cells) and all(parser_of(Kind.DAYS)(cell) in USUAL_TERMS for cell in column.cells)


def holds_numbers_of(column: SeenColumn, numbers: Collection[str]) -> bool:
    """Tell whether every cell is one of the numbers."""
    return share(column, lambda cell: str(parser_of(Kind.IDENTIFIER)(cell)) in numbers) == 1


def holds_texts(column: SeenColumn) -> bool:
    """Tell whether the cells are words of a person, which could be read by the client."""
    return share(column, _is_text) >= MOST


def holds_wordings(column: SeenColumn) -> bool:
    """Tell whether the cells are texts of mostly several words, as a client reads them; names of teams are not."""
    words = sum(len(_WORDS.findall(text_of(cell))) for cell in column.cells)
    return holds_texts(column) and words >= WORDS_OF_A_TEXT * len(column.cells)


def repeats(column: SeenColumn) -> bool:
    """Tell whether some cell stands in more than one row."""
    return len(column.counts) < sum(column.counts.values())


def _is_text(cell: Cell) -> bool:
    if not isinstance(cell, str) or not _WORD.search(cell) or _ADDRESS.search(cell):
        return False
    return not (is_figure(cell) or any(reads(kind, cell) for kind in (Kind.ITEM_TYPE, Kind.DAYS, Kind.YES_NO)))


def _shown(cell: Cell) -> str:
    if isinstance(cell, date):
        return cell.isoformat()[:10]
    return text_of(cell)
