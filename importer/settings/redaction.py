"""Keep secrets out of everything that is written: logs, crash files, errors, notices."""

from __future__ import annotations

import re

from importer.model.secret_forms import SHORTEST, hidden

HIDDEN = "(hidden)"
_AUTHORIZATION = re.compile(r"(?i)\b(bearer|basic)(\s+)[^\s\"',;<>]{4,}")
_PASSWORD_IN_URL = re.compile(r"(?<=://)(?!user@host/)[^\s/@\"'<>]+(?=@)")
"""Whatever stands before the @, but for the example in a hint."""

_secrets: set[str] = set()


def keep_secret(*secrets: str | None) -> None:
    """Hide these texts from now on, however they are written."""
    for secret in secrets:
        if secret and len(secret) >= SHORTEST:
            _secrets.add(secret)


def redacted(text: str) -> str:
    """The text without any secret that was named, nor the value of an Authorization header, nor a password in a URL."""
    text = hidden(text, sorted(_secrets, key=len, reverse=True), HIDDEN)
    text = _AUTHORIZATION.sub(rf"\1\2{HIDDEN}", text)
    return _PASSWORD_IN_URL.sub(HIDDEN, text)
