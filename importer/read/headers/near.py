"""How alike an unknown header and a known one are."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from importer.columns import fold

if TYPE_CHECKING:
    from collections.abc import Mapping

NEAR = 0.83
"""Likeness (difflib ratio) from which an unknown header counts as a misspelling."""


def nearest(text: str, known: Mapping[str, str]) -> str | None:
    """Column that a misspelt header may mean; None when none is near."""
    folded = fold(text)
    near = difflib.get_close_matches(folded, known, n=5, cutoff=NEAR)
    return next((known[name] for name in near if not _other_words(folded, name)), None)


def likeness(one: str, other: str) -> float:
    """How alike two texts are: 1 is equal, 0 has nothing in common."""
    return difflib.SequenceMatcher(None, one, other).ratio()


def _other_words(one: str, other: str) -> bool:
    """Tell whether one is the other plus a word: “Client” is no misspelt “Client PO”."""
    short, long = sorted((one, other), key=len)
    return len(long) - len(short) > 1 and (long.startswith(short) or long.endswith(short))
