"""Keep secrets out of everything that is written: logs, crash files, errors, notices."""

from __future__ import annotations

import json
import re
from urllib.parse import quote, quote_plus, unquote

HIDDEN = "(hidden)"
SHORTEST = 4
"""Characters; a shorter secret would hide half of every text."""
_AUTHORIZATION = re.compile(r"(?i)\b(bearer|basic)(\s+)[^\s\"',;<>]{4,}")
_PASSWORD_IN_URL = re.compile(r"(?<=://)(?!user@host/)[^\s/@\"'<>]+(?=@)")
"""Whatever stands before the @, but for the example in a hint."""

_forms: set[str] = set()


def keep_secret(*secrets: str | None) -> None:
    """Hide these texts from now on, in every form in which they get into addresses, JSON and reprs."""
    for secret in secrets:
        if secret and len(secret) >= SHORTEST:
            in_json = json.dumps(secret)[1:-1]
            _forms.update(
                (
                    secret,
                    in_json,
                    in_json.replace("/", "\\/"),
                    quote(secret),
                    quote(secret, ""),
                    quote_plus(secret),
                    unquote(secret),
                    repr(secret)[1:-1],
                    repr(secret.encode())[2:-1],
                )
            )


def redacted(text: str) -> str:
    """The text without any secret that was named, nor the value of an Authorization header, nor a password in a URL."""
    for form in sorted(_forms, key=len, reverse=True):
        text = text.replace(form, HIDDEN)
    text = _AUTHORIZATION.sub(rf"\1\2{HIDDEN}", text)
    return _PASSWORD_IN_URL.sub(HIDDEN, text)
