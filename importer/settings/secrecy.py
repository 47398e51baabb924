"""Secrets: the token, files that hold one, and what of a value may be shown."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from pydantic import SecretStr

from importer.model.errors import SettingsProblem
from importer.model.messages import error

SECRET = frozenset({"token", "token_file", "notify"})
"""Never taken from importer.toml, so that a shared settings file holds no secret."""
LONGEST_SECRET_BYTES = 65_536
"""What is read of a file that holds a secret."""

NOT_OF_A_TOKEN = ("KANTATA_TOKEN", "export ", "set ", "setx ", "$env:", "Bearer ", "Authorization")
"""What people copy along with a token."""


def checked_token(token: str) -> str:
    """Return the token. Raises SettingsProblem when it cannot be one."""
    for word in NOT_OF_A_TOKEN:
        if token.lower().startswith(word.lower()):
            raise error(SettingsProblem, "settings.token:prefix", word=word.strip())
    if not token:
        raise error(SettingsProblem, "settings.token:empty")
    if not token.isascii() or not token.isprintable() or " " in token:
        raise error(SettingsProblem, "settings.token:characters")
    return token


def secret_text(path: Path, what: str, setting: str) -> str:
    """Read a file that holds a secret. Raises SettingsProblem when it cannot be read, or others can read it."""
    try:
        with path.open("rb") as file:  # a pipe too: programs that keep secrets hand them on so
            mode = os.fstat(file.fileno()).st_mode
            text = file.read(LONGEST_SECRET_BYTES).decode("utf-8-sig").strip()  # Windows puts a mark in front
    except (OSError, UnicodeDecodeError) as why:
        raise error(SettingsProblem, "settings.token:unreadable", what=what, path=path, setting=setting) from why
    if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise error(SettingsProblem, "settings.token:open", what=what, path=path)
    return text


def without_secret(name: str, value: object) -> str:
    """A value as it may be shown: secrets are never, and an address without its password."""
    if isinstance(value, SecretStr):
        return "(secret)"
    text = str(value)
    if name == "ledger" and "password" in text.lower() and "://" not in text:
        return "(secret)"
    if name == "ledger" and "://" in text:
        scheme, _, rest = text.partition("://")
        if "password" in rest.partition("?")[2].lower() and "@" in rest.partition("?")[2]:
            return f"{scheme}://…"  # whether the @ ends the password of a user or stands in one of the query, who knows
        return f"{scheme}://{rest.rpartition('@')[2].partition('?')[0]}"
    return text
