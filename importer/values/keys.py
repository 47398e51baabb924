"""Invoice keys: those that look the same are the same, and those that look alike are shown to a person."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal

from importer.values.readings import UNSEEN

_SAME_TO_THE_EYE = UNSEEN | {0x00AD: None} | dict.fromkeys((0x2010, 0x2011), "-")
_DASHES = dict.fromkeys((0x2012, 0x2013, 0x2014, 0x2015, 0x2212), "-")
_OTHER_ALPHABETS = str.maketrans("авекмнорстухіѕјαεικνορτυχ", "abekmhopctyxisjaeikvoptux")
"""Letters of Cyrillic and Greek that look like Latin ones."""
_NEXT_TO_DIGIT = re.compile(r"(?<=[0-9])[oil]|[oil](?=[0-9])")
_DIGITS_TOO = str.maketrans("oil", "011")
"""Letters that look like digits: O, and l and I."""
_LEADING_ZEROS = re.compile(r"(?<![0-9.])0+(?=[0-9])")
_NUMBER = re.compile(r"[0-9]{1,30}(?:\.[0-9]{1,30})?")


def key_of(text: str) -> str:
    """Reduce a key to what a person sees: composed letters, single blanks, one sign for hyphens, nothing unseen."""
    composed = unicodedata.normalize("NFC", text.translate(_SAME_TO_THE_EYE))
    return " ".join(composed.split())


def alike(key: str) -> str:
    """Reduce a key to what two keys share that a person could take for the same.

    As ``INV-01``, ``inv – 1`` and ``INV-l``; 1 and 1.0.
    """
    letters = unicodedata.normalize("NFKC", key).casefold().translate(_DASHES).translate(_OTHER_ALPHABETS)
    digits = _NEXT_TO_DIGIT.sub(lambda letter: letter[0].translate(_DIGITS_TOO), "".join(letters.split()))
    reduced = _LEADING_ZEROS.sub("", digits).translate(_DIGITS_TOO)
    if _NUMBER.fullmatch(reduced):
        return format(Decimal(reduced).normalize(), "f")
    return reduced
