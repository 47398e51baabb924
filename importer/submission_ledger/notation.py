"""How the ledger notes a moment, a person and a text."""

from __future__ import annotations

import getpass
import socket
from datetime import UTC, datetime


def now() -> datetime:
    """This moment in UTC, without offset, as every database keeps it."""
    return datetime.now(UTC).replace(tzinfo=None)


def who() -> str:
    """User and machine."""
    try:
        return f"{getpass.getuser()}@{socket.gethostname()}"
    except (OSError, KeyError):
        return "unknown"


def storable(text: str | None) -> str | None:
    """A text as every database takes it: a server may say anything, and no answer may stay unnoted for its letters."""
    return (text or "").encode(errors="backslashreplace").decode().replace("\x00", "\\x00") or None
