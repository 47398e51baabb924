"""Names of projects, as they are compared."""

from __future__ import annotations

import unicodedata
from functools import lru_cache


@lru_cache(maxsize=20_000)
def same(name: str) -> str:
    """Reduce a name to what is compared: no case, single blanks."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())
