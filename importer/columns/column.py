"""What a column is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from importer.records import ItemType


class Level(Enum):
    """What a cell belongs to."""

    LINE = "line"
    """One line item: the row."""
    INVOICE = "invoice"
    """The whole invoice: the cell may stand on any or all of its rows."""


class Kind(Enum):
    """How a cell is read."""

    IDENTIFIER = "whole number above 0"
    ITEM_TYPE = "one of five words"
    TEXT = "text"
    AMOUNT = "amount"
    YES_NO = "yes or no"
    DAYS = "number of days"
    DATE = "date"
    SYNC_STATUS = "successful, pending or failed"


@dataclass(frozen=True, slots=True)
class Column:
    """One column that the program understands."""

    name: str
    """Name in settings, JSON and messages for programs."""
    title: str
    """Friendly header, used by the template and in messages for people."""
    aliases: tuple[str, ...]
    """Other headers that mean the same."""
    level: Level
    kind: Kind
    meaning: str
    """What to type, in one or two plain sentences."""
    example: str
    api_field: str
    """Where the value goes in the request, or why it does not."""
    required_for: frozenset[ItemType] = frozenset()
    allowed_for: frozenset[ItemType] = frozenset(ItemType)
    width: int = 14
    """Width in the template, characters."""
