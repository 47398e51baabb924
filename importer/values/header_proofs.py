"""Whether header and cells of a column together prove what it means, so that Enter is enough to accept it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from importer.model.check_only import CHECK_BY_NAME, Rule
from importer.model.columns import BY_NAME, Kind
from importer.model.currencies import CODES
from importer.model.sheet import text_of
from importer.values.cell_shapes import (
    MOST,
    holds_dates,
    holds_days,
    holds_texts,
    holds_wordings,
    is_date,
    reads,
    repeats,
    share,
)
from importer.values.header_meanings import ideas_of, words_of
from importer.values.word_meanings import meant_item_type

if TYPE_CHECKING:
    from importer.model.sheet import Cell
    from importer.values.cell_shapes import SeenColumn

FIGURES = frozenset({Rule.QUANTITY, Rule.HOURS, Rule.RATE, Rule.TOTAL, Rule.NET, Rule.GROSS, Rule.TAX_AMOUNT})
"""Rules of columns whose cells are numbers."""
FLAGS = ("billable", "void", "status")
"""Columns whose cells say yes or no."""
_SHORTEST_ID, _LONGEST_ID = 3, 8
"""Digits of the numbers that Kantata gives to projects and items."""
_PROJECT = re.compile("proj|proy|progett|workspace")
"""Part of each word that means a project and nothing else; an “Auftrag” may be an order, a “dossier” a file."""
_SEVERAL_MEANINGS = frozenset({"document", "remark", "your"})
"""Ideas of which a header alone never says enough: the number of a “Beleg”, the text of a “Notiz”, “Your number”."""
_ORDER = re.compile(r"(?:PO|BC|OC|BST)[\s#/_-]*\d", re.IGNORECASE)
_WITH_COINS = re.compile(r"\d[.,]\d{1,2}\D*$")


def is_proved(column: SeenColumn, name: str) -> bool:
    """Tell whether each cell has the shape of a column that the header surely means."""
    if not column.cells or not _SEVERAL_MEANINGS.isdisjoint(ideas_of(column.text)):
        return False
    if name in CHECK_BY_NAME:
        return _is_proved_check(column, name)
    if name == "notes":
        is_of_lines = holds_wordings(column) or (holds_texts(column) and not repeats(column))
        return is_of_lines and "invoice" not in ideas_of(column.text)
    return _says_enough(column.text, name) and _has_shape(column, BY_NAME[name].kind)


def _says_enough(header: str, name: str) -> bool:
    """Tell whether a header means a project and nothing else; a “Vorgang” is a task, or the case of a client."""
    return name != "story_id" and (name != "workspace_id" or speaks_of_projects(header))


def _has_shape(column: SeenColumn, kind: Kind) -> bool:
    """Tell whether the cells are what a kind of column holds; of item types and amounts a few may be mistakes."""
    match kind:
        case Kind.TEXT:
            return True
        case Kind.ITEM_TYPE:
            return share(column, _is_item_type) >= MOST
        case Kind.AMOUNT:
            return share(column, lambda cell: reads(kind, cell)) >= MOST
        case Kind.DATE:
            return holds_dates(column)
        case Kind.DAYS:
            return holds_days(column)
        case _:
            return share(column, lambda cell: reads(kind, cell)) == 1


def _is_proved_check(column: SeenColumn, name: str) -> bool:
    rule = CHECK_BY_NAME[name].rule
    if rule in FIGURES:
        return holds_amounts(column)
    match rule:
        case Rule.CURRENCY:
            return holds_currencies(column)
        case Rule.DUE_DATE | Rule.EMPTY:
            return holds_dates(column)
        case _:
            return name not in FLAGS or not holds_figures_for_flags(column)


def speaks_of_projects(header: str) -> bool:
    """Tell whether a header has a word that can only mean a project."""
    return any(map(_PROJECT.search, words_of(header)))


def is_note(header: str) -> bool:
    """Tell whether a header speaks of a note, which is often for colleagues and not for the client."""
    return "remark" in ideas_of(header)


def contradicts(column: SeenColumn, name: str) -> bool:
    """Tell whether cells rule out a column that is compared, whatever the header says."""
    if name in FLAGS:
        return holds_figures_for_flags(column)
    if name == "invoiced_on":
        return bool(column.cells) and share(column, is_date) < MOST
    return name == "currency" and bool(column.cells) and share(column, _is_plain_number) > 0


def holds_figures_for_flags(column: SeenColumn) -> bool:
    """Tell whether cells below a header such as “Zu berechnen” are numbers, not yes and no."""
    return share(column, lambda cell: reads(Kind.AMOUNT, cell) and not reads(Kind.YES_NO, cell)) >= MOST


def holds_amounts(column: SeenColumn) -> bool:
    """Tell whether every cell is a number that could be money."""
    return share(column, lambda cell: reads(Kind.AMOUNT, cell) and not is_date(cell)) == 1


def holds_coins(column: SeenColumn) -> bool:
    """Tell whether every cell could be money and some have decimals, as ids and numbers of days have none."""
    return holds_amounts(column) and share(column, _has_coins) > 0


def holds_ids(column: SeenColumn) -> bool:
    """Tell whether every cell is a whole number of as many digits as Kantata's ids have."""
    return share(column, _is_id) == 1


def holds_currencies(column: SeenColumn) -> bool:
    """Tell whether every cell is the code of a currency."""
    return share(column, lambda cell: text_of(cell).strip().upper() in CODES) == 1


def holds_orders(column: SeenColumn) -> bool:
    """Tell whether every cell begins as numbers of purchase orders do: PO-7, BC 12, OC-3."""
    return share(column, lambda cell: _ORDER.match(text_of(cell)) is not None) == 1


def _is_item_type(cell: Cell) -> bool:
    return reads(Kind.ITEM_TYPE, cell) or (isinstance(cell, str) and meant_item_type(cell) is not None)


def understood_item_types(column: SeenColumn) -> float:
    """Share of the cells that are, or probably mean, an item type."""
    return share(column, _is_item_type)


def _is_plain_number(cell: Cell) -> bool:
    return reads(Kind.AMOUNT, cell)


def _has_coins(cell: Cell) -> bool:
    return _WITH_COINS.search(text_of(cell).strip()) is not None


def _is_id(cell: Cell) -> bool:
    text = text_of(cell).strip()
    return text.isascii() and text.isdecimal() and _SHORTEST_ID <= len(text) <= _LONGEST_ID and text[0] != "0"
