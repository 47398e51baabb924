"""Sheets are taken apart in the process that asks: the start of a Python for each file is most of what reading costs.

Request and answer are pickled and checked as ever; only the bounds of the child are missing. What the child itself
promises is proven with the fixture ``real_child`` and with ``Cli.cold``.
"""

from __future__ import annotations

import pickle
import subprocess
import warnings
from types import SimpleNamespace
from typing import Any

from importer.reading.formats import unpack as room
from importer.reading.formats.child import answer_to

REAL = room.subprocess  # type: ignore[attr-defined]
"""What the room starts its child with."""


def _answered(command: list[str], *, input: bytes, **_: Any) -> subprocess.CompletedProcess[bytes]:  # noqa: A002 - as subprocess has it
    """Do what ``main`` of the child does, without its bounds."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the child's stderr is thrown away
        answer = answer_to(pickle.loads(input))  # noqa: S301 - it was pickled a moment ago
    return subprocess.CompletedProcess(command, 0, pickle.dumps(answer, protocol=pickle.HIGHEST_PROTOCOL), b"")


NEAR = SimpleNamespace(run=_answered, TimeoutExpired=subprocess.TimeoutExpired)
"""All that the room uses of subprocess."""


def near() -> None:
    """From now on, this process reads its sheets itself."""
    room.subprocess = NEAR  # type: ignore[attr-defined]


def far() -> None:
    """From now on, a child reads them again, as in earnest."""
    room.subprocess = REAL  # type: ignore[attr-defined]
