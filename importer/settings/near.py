"""The known name that a misspelt one was meant to be."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The rest of a sentence that says which name is not known; empty when none is alike."""
    near = difflib.get_close_matches(name.lower(), list(known), n=1)
    return f"; did you mean “{near[0]}”?" if near else ""
