"""The running app, and who has opened it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from desktops import Desktop, Person, desktop_at

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from importer.sandbox.running import Sandbox


@pytest.fixture
def desktop(tmp_path: Path, sandbox: Sandbox) -> Iterator[Desktop]:
    """Return the running app; it sends as fast as it can."""
    with desktop_at(tmp_path, sandbox, pace_per_second=1000) as running:
        yield running


@pytest.fixture
def person(desktop: Desktop) -> Person:
    """Return who has opened the app."""
    return Person(desktop)
