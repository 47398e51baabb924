"""Real keyring backends for tests: one that keeps its entries in a file, and one that never answers."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked


class Nowhere(KeyringBackend):
    """Takes every password and keeps none."""

    priority = 1  # type: ignore[assignment]

    def get_password(self, _service: str, _username: str) -> str | None:
        """Know none."""
        return None

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep nothing."""


class InFile(KeyringBackend):
    """Keeps passwords in the file that TEST_KEYRING names."""

    priority = 1  # type: ignore[assignment]

    @property
    def _file(self) -> Path:
        return Path(os.environ["TEST_KEYRING"])

    def _all(self) -> dict[str, str]:
        return json.loads(self._file.read_text()) if self._file.exists() else {}

    def get_password(self, service: str, username: str) -> str | None:
        """Return one, or None."""
        return self._all().get(f"{service} {username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep one."""
        self._file.write_text(json.dumps(self._all() | {f"{service} {username}": password}))

    def delete_password(self, service: str, username: str) -> None:
        """Forget one."""
        self._file.write_text(json.dumps({k: v for k, v in self._all().items() if k != f"{service} {username}"}))


class Locked(InFile):
    """Is locked, and says what it was asked for."""

    def get_password(self, service: str, username: str) -> str | None:
        """Refuse."""
        raise KeyringLocked(f"locked: {service} {username}")


class Silent(InFile):
    """Waits for a person who is not there."""

    def get_password(self, service: str, username: str) -> str | None:  # noqa: ARG002 - as inherited
        """Wait."""
        time.sleep(3600)
        return None
