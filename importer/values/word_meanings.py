"""What an unknown word in a cell probably means: a kind of line, days to pay, yes or no."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from importer.model.columns import ITEM_TYPE_ALIASES, ITEM_TYPE_TITLES, Kind
from importer.model.headers import fold
from importer.model.invoices import ItemType
from importer.values.header_meanings import ideas_of, is_sound

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

NEAR = 0.75
"""Likeness (difflib ratio, 0 to 1) from which a word counts as a misspelt item type."""
LONGEST_TERM = 3
"""Digits of a number of days."""
_ITEM_TYPES: tuple[tuple[str, ItemType], ...] = (
    ("expense", ItemType.EXPENSE),
    ("milestone", ItemType.BILLING_MILESTONE),
    ("discount", ItemType.ADDITIONAL),
    ("credit", ItemType.ADDITIONAL),
    ("fixed", ItemType.FIXED_FEE),
    ("hours", ItemType.TIME_ENTRY),
    ("entry", ItemType.TIME_ENTRY),
)
"""Idea within a word → the item type that it probably is; the first that is found."""
_OF_TERMS = frozenset({"days", "net", "pay", "terms", "due", "date", "invoice", "number"})


def meant_by(kind: Kind, word: str) -> ItemType | int | bool | None:
    """What a word probably means in cells of a kind; None: not known."""
    if kind is Kind.ITEM_TYPE:
        return meant_item_type(word)
    ideas = ideas_of(word)
    if kind is Kind.DAYS:
        return _days_in(word, ideas)
    return True if "taxable" in ideas else None


def meant_item_type(word: str) -> ItemType | None:
    """The item type that a word probably means: by what it speaks of, else as a misspelt name of one."""
    ideas = ideas_of(word)
    for idea, item_type in _ITEM_TYPES:
        if idea in ideas:
            return item_type
    near = difflib.get_close_matches(fold(word), _NAMES, n=1, cutoff=NEAR)
    return _NAMES[near[0]] if near else None


def _names() -> dict[str, ItemType]:
    names = {}
    for item_type in ItemType:
        for name in (item_type.value, ITEM_TYPE_TITLES[item_type], *ITEM_TYPE_ALIASES[item_type]):
            names[fold(name)] = item_type
    return names


_NAMES = _names()


def _days_in(word: str, ideas: AbstractSet[str]) -> int | None:
    """The days of a term that says nothing else; “30 days end of month” and “2 % 10, net 30” say more."""
    numbers = [part for part in word.replace(".", " ").split() if part.isdecimal()]
    if len(numbers) != 1 or len(numbers[0]) > LONGEST_TERM or not ideas <= _OF_TERMS:
        return None
    return int(numbers[0]) if is_sound(word.replace(numbers[0], "")) else None
