"""How the process ends."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """How the process ends; see the table in the README."""

    DONE = 0
    UNEXPECTED = 1
    WRONG_USE = 2
    FILE_PROBLEMS = 3
    SOME_NOT_SENT = 4
    ACCESS = 5
    UNREACHABLE = 6
    LOCKED = 7
    IN_DOUBT = 8
    GATE = 9
    INTERRUPTED = 130
    TERMINATED = 143
