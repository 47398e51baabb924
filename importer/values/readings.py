"""What reading a cell yields: a value, a value for each way of writing that a text fits, or why it has none."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import Decimal

from importer.model.messages import worded

_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0xFFE1: "£", 0xFFE5: "¥"}
_MINUSES = dict.fromkeys((0x2212, 0x2010, 0x2011, 0x2013), "-")
_APOSTROPHES = dict.fromkeys((0x2019, 0x2018, 0x02BC, 0x00B4, 0x0060), "'")
_BLANKS = dict.fromkeys((0x00A0, 0x202F, 0x2009, 0x2007, 0x2008, 0x3000), " ")
# Marks of direction and joining that come along from other programs. The one that turns
# digits around on the screen (U+202E) stays, so that its text is refused.
UNSEEN = dict.fromkeys((0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0x202A, 0x202C, 0x202D, 0x2060, 0xFEFF), None)
SURE_DIGITS = 15
"""Decimal digits that a number cell (a binary float) is sure to keep."""
_PLAIN_NUMBER = re.compile(r"^-?[0-9]+(?:\.[0-9]+)?$")
_AS_TYPED = _FULL_WIDTH | _MINUSES | _APOSTROPHES | _BLANKS | UNSEEN


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A cell whose value cannot be taken as what its column means."""

    fault: str
    """Last part of the problem's code, such as ``not_a_date``."""
    message: str
    """What is wrong, as the rest of a sentence that names the value."""
    hint: str


def unreadable(key: str, **fields: object) -> Unreadable:
    """Say by a message of the catalogue why a cell cannot be read."""
    message = worded(key, **fields)
    return Unreadable(message.code, message.what, message.hint)


@dataclass(frozen=True, slots=True)
class Undecided(Unreadable):
    """A cell that needs no problem of its own, because one problem is about its whole column."""

    raw: object
    """As it stands in the sheet."""


@dataclass(frozen=True, slots=True)
class Typed:
    """What a typed amount or date means in each way of writing that it fits."""

    values: dict[str, object]
    """Way of writing (``.``, ``,``, ``dmy`` …) → value, or the reason why it cannot be used; never empty."""
    unlikely: frozenset[str] = frozenset()
    """Ways that are only meant when the settings say so."""
    currency: str | None = None
    """Code or mark beside an amount."""
    plain: bool = False
    """Written in digits with a decimal point, as any program would: how it was read needs no note."""

    @property
    def likely(self) -> frozenset[str]:
        """The ways of writing that may be meant when the settings are silent."""
        return frozenset(self.values) - self.unlikely or frozenset(self.values)


def as_typed(text: str) -> str:
    """Normalise what was typed: full-width characters, blanks within the line, Unicode minus, apostrophes.

    Digits of other scripts, and digits set high or low, stay what they are. Excel's mark
    of a text, an apostrophe before it, is dropped.
    """
    return text.translate(_AS_TYPED).strip().removeprefix("'").lstrip()


def clean(text: str) -> str:
    """Normalise a typed number or term, with single blanks."""
    return " ".join(as_typed(text).split())


def folded(word: str) -> str:
    """Reduce a word of a cell to what is compared: no case, no blanks around it."""
    return clean(word).casefold()


def number_of(raw: object) -> Decimal | None:
    """Read a number cell or plain number text exactly; None when it is neither.

    A number cell holds a binary float: its value is the shortest decimal of at
    most 15 significant digits (spreadsheets.md section 5).
    """
    if isinstance(raw, bool):
        return None
    if isinstance(raw, int):
        return Decimal(raw)
    if isinstance(raw, float) and math.isfinite(raw):
        return Decimal(format(raw, f".{SURE_DIGITS}g"))
    if isinstance(raw, str) and _PLAIN_NUMBER.match(text := clean(raw)):
        return Decimal(text)
    return None
