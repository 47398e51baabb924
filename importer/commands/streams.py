"""Streams that outlast what they write to: no reader (``2>&1 | head``), a full disk, or nothing at all (``>&-``)."""

from __future__ import annotations

import os
import sys
from typing import Any, TextIO

OUT, ERR = "stdout", "stderr"
_LAST = 2
"""Number of stderr: stdin, stdout and stderr are the first files of a process."""


class Lasting:
    """A stream; from the moment at which it cannot be written it writes to nothing."""

    def __init__(self, stream: TextIO) -> None:
        """Write to this stream."""
        self.lost = ""
        """Why what was meant for a reader is lost; empty while nothing is, and when the reader has left."""
        self._stream = stream

    def write(self, text: str) -> int:
        """Write a text; tell how long it is."""
        try:
            return self._stream.write(text)
        except OSError as why:
            self._end(why)
            return len(text)

    def flush(self) -> None:
        """Write what waits."""
        try:
            self._stream.flush()
        except OSError as why:
            self._end(why)

    def _end(self, why: OSError) -> None:
        """Write to nothing from now on; or Python fails again at its end, with what waits to be written."""
        if not isinstance(why, BrokenPipeError):
            self.lost = self.lost or str(why.strerror)
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, self._stream.fileno())
        os.close(nothing)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the stream has
        """As the stream has it."""
        return getattr(self._stream, name)


def last() -> None:
    """Let stdout and stderr outlast what they write to. A submit must not be ended by them.

    Who has closed a stream wants nothing of it: it is as if it led to nothing.
    """
    _open_all()
    for name in (OUT, ERR):
        stream = getattr(sys, name)
        if not isinstance(stream, Lasting):
            setattr(sys, name, Lasting(stream))


def lost_output() -> str:
    """Why what was written to stdout is lost; empty when it is not."""
    sys.stdout.flush()
    return getattr(sys.stdout, "lost", "")


def _open_all() -> None:
    """Open the streams that are closed, so that no file of ours takes the number of one."""
    while (number := os.open(os.devnull, os.O_RDWR)) <= _LAST:
        os.set_inheritable(number, True)  # noqa: FBT003 - as the streams are
    os.close(number)
    for name, mode in (("stdin", "r"), (OUT, "w"), (ERR, "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115 - to the end
