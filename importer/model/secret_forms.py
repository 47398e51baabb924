"""A secret in every form in which servers, addresses, JSON and HTML repeat it. Pure."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import quote, quote_plus, unquote

SHORTEST = 4
"""Characters; a shorter secret would hide half of every text."""
MOST_DECODINGS = 3
"""How often a text is taken out of HTML and of an address, to see whether it then shows a secret."""
_SHORTEST_BASE64 = 6
_URL_SAFE = str.maketrans("+/", "-_")
_JSON_STRING = re.compile(r'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
"""A text of JSON, also one that does not end: else each quote in it would be tried as a beginning."""
_PIECE = re.compile(r"(?<![^\s\"'<>])[^\s\"'<>%&]*+[%&][^\s\"'<>]*")
"""What may be written as in an address or in HTML; pieces end where a text of JSON or a tag ends."""


def hidden(text: str, secrets: Iterable[str], mark: str) -> str:
    """The text with ``mark`` in the place of each secret, however it is written there."""
    for secret in secrets:
        if len(secret) >= SHORTEST:
            text = _without(text, secret, mark)
    return text


def _without(text: str, secret: str, mark: str) -> str:
    def of_json(match: re.Match[str]) -> str:
        return _json_string_without(match[0], secret, mark)

    def of_piece(match: re.Match[str]) -> str:
        return mark if _shows(match[0], secret) else match[0]

    if "\\" in text:  # any letter of a JSON text may be written as an escape
        text = _JSON_STRING.sub(of_json, text)
    for form in forms_of(secret):
        text = text.replace(form, mark)
    if "%" in text or "&" in text:
        text = _PIECE.sub(of_piece, text)
    return text


def _json_string_without(written: str, secret: str, mark: str) -> str:
    if "\\" not in written:
        return written
    try:
        text = json.loads(written)
    except ValueError:
        return written
    clean = _without(text, secret, mark) if "\\" not in text else text.replace(secret, mark)
    return written if clean == text else json.dumps(clean)


def _shows(piece: str, secret: str) -> bool:
    """Whether a piece of a text holds the secret once it is decoded, also when it was written so twice."""
    for _ in range(MOST_DECODINGS):
        decoded = unquote(html.unescape(piece))
        if secret in decoded:
            return True
        if decoded == piece:
            return False
        piece = decoded
    return False


@lru_cache(maxsize=100)
def forms_of(secret: str) -> tuple[str, ...]:
    """How a secret is usually written, the longest form first."""
    in_json = json.dumps(secret)[1:-1]
    in_address = {quote(secret), quote(secret, ""), quote_plus(secret)}
    forms = {
        secret,
        unquote(secret),
        in_json,
        in_json.replace("/", "\\/"),
        html.escape(secret),
        repr(secret)[1:-1],
        repr(secret.encode())[2:-1],
        *in_address,
        *_in_base64(secret.encode()),
    }
    return tuple(sorted((form for form in forms if len(form) >= SHORTEST), key=lambda form: (-len(form), form)))


def _in_base64(secret: bytes) -> Iterable[str]:
    """What of the secret every base64 text shows that holds it, wherever in the text it begins."""
    for before, first in ((0, 0), (1, 2), (2, 3)):
        data = bytes(before) + secret
        whole = len(data) * 8 // 6
        core = base64.b64encode(data).decode()[first:whole]
        if len(core) >= _SHORTEST_BASE64:
            yield core
            yield core.translate(_URL_SAFE)
