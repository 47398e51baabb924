"""Texts that can be the title of the rows below them, and no line item that somebody began to write."""

from __future__ import annotations

import re
import unicodedata

from importer.model.currencies import CODES
from importer.values.amounts import typed_amount
from importer.values.readings import Unreadable
from importer.values.written_ids import MANY, may_begin_a_title

LONGEST = 500
"""Characters of the longest text that is looked at."""
_WORDS = re.compile(r"(?:[0-9]{1,2}[.)]{1,2} )?[^\W\d_]{2,}(?:\W.*)?", re.DOTALL)
"""“Phase 1”, “Consulting”, “1. Design”."""
_ADDRESS = re.compile(r"://|\bwww\.|\b(?:mavenlink|kantata)\.|\w\.[a-z]{2,}/", re.IGNORECASE)
_NUMBER = re.compile(r"[0-9]+")
_CURRENCY = (
    rf"(?:[$€£¥\u20a0-\u20c0]|\b[kKmMtT]?(?:{'|'.join(sorted(CODES))})\b"
    r"|(?i:\b(?:eur|usd|gbp|chf|cad|aud|euros?|dollars?|pounds?|francs?|franken|dólares|zł|kr|kč|rs|fr)\b))"
)
_SUM = re.compile(
    rf"{_CURRENCY}[\s.:]*[-+]?[0-9]|(?<![0-9])[0-9][0-9.,' ]*+(?:[.,][-–—]+)?\s?[kKmMtT]?\s?{_CURRENCY}"
    rf"|[0-9](?:{_CURRENCY.replace(chr(92) + 'b', '')})(?!\w)|[0-9][.,][-–—]"
)
"""A number with a currency, or a price without cents."""


def may_be_title(text: str) -> bool:
    """Tell whether a text is words that hold no web address, no amount, and no number that may be that of a project."""
    text = " ".join(unicodedata.normalize("NFKC", text).split())
    if len(text) > LONGEST or not _WORDS.fullmatch(text):
        return False
    if _ADDRESS.search(text) or _SUM.search(text) or not isinstance(typed_amount(text), Unreadable):
        return False
    numbers = (int(number) for number in _NUMBER.findall(text) if len(number) <= LONGEST)
    return all(number < MANY or may_begin_a_title(number) for number in numbers)
