"""Streams whose reader may go away (``2>&1 | head``): the command goes on to its end, as if it were still read."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import Any, TextIO


class Lasting:
    """A stream; from the moment at which its reader is gone it writes to nothing."""

    def __init__(self, stream: TextIO) -> None:
        """Write to this stream."""
        self._stream = stream

    def write(self, text: str) -> int:
        """Write a text; tell how long it is."""
        with suppress(BrokenPipeError):
            return self._stream.write(text)
        self._end()
        return len(text)

    def flush(self) -> None:
        """Write what waits."""
        try:
            self._stream.flush()
        except BrokenPipeError:
            self._end()

    def _end(self) -> None:
        """Write to nothing from now on; or Python fails again at its end, with what waits to be written."""
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, self._stream.fileno())
        os.close(nothing)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the stream has
        """As the stream has it."""
        return getattr(self._stream, name)


def last() -> None:
    """Let stdout and stderr outlast their readers. A submit must not be ended by them, nor its exit code be changed."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is not None and not isinstance(stream, Lasting):
            setattr(sys, name, Lasting(stream))
