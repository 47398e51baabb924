r"""Texts of others as they may be shown: nothing in them moves the cursor, hides letters or turns their order.

A sheet, the name of a file, and what a server says go to terminals, mails, notes, the log and workbooks. Control
characters, those that only format (also the ones of writing direction, and of no width) and separators of lines are
shown there as ``\u202e``: as JSON writes them, so that a JSON document stays the same document. Pure.
"""

from __future__ import annotations

import unicodedata

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Categories of Unicode: control, format, half of a character, separators of lines and paragraphs."""
_LINES = frozenset("\n\t")


def visible(text: str) -> str:
    """The text with every hidden character as an escape; its own line ends and tabs stay."""
    if text.isprintable():
        return text
    return "".join(_shown(character) for character in text)


def in_one_line(text: str) -> str:
    """The text as it may stand in a line: line ends are escapes too, so that it cannot pretend to be another line."""
    return visible(text).replace("\n", "\\n")


def _shown(character: str) -> str:
    if character in _LINES or unicodedata.category(character) not in _HIDDEN:
        return character
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[start]:02x}{units[start + 1]:02x}" for start in range(0, len(units), 2))
