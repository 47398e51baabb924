"""How the ledger notes a moment, a person and a text."""

from __future__ import annotations

import os
import socket
from datetime import UTC, datetime


def now() -> datetime:
    """This moment in UTC, without offset, as every database keeps it."""
    return datetime.now(UTC).replace(tzinfo=None)


def who() -> str:
    """User and machine."""
    return f"{os_user()}@{socket.gethostname()}"


def os_user() -> str:
    """Name of the user that the operating system knows, whatever the environment says."""
    try:
        if os.name == "posix":
            import pwd

            return pwd.getpwuid(os.getuid()).pw_name
        return os.getlogin()  # of the session; getpass would believe the environment
    except (OSError, KeyError):
        return f"user {os.getuid()}" if os.name == "posix" else "unknown"


def storable(text: str | None) -> str | None:
    """A text as every database takes it: a server may say anything, and no answer may stay unnoted for its letters."""
    return (text or "").encode(errors="backslashreplace").decode().replace("\x00", "\\x00") or None
