"""Read files that somebody else may change: nothing but ordinary ones, and no more than they may hold."""

from __future__ import annotations

import errno
import io
import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

MEGABYTE = 2**20
_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
"""Without waiting for who writes into a pipe."""


def read_plain(path: Path, most_megabytes: int = 1024) -> bytes:
    """The content of an ordinary file, whatever takes its place or is added to it meanwhile.

    Raises OSError, also for a pipe or a device, and for more than it may hold.
    """
    chunks: list[bytes] = []
    left = most_megabytes * MEGABYTE
    with os.fdopen(os.open(path, _READ), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "it is no ordinary file", str(path))
        while chunk := file.read(MEGABYTE):
            chunks.append(chunk)
            left -= len(chunk)
            if left < 0:
                raise OSError(errno.EFBIG, f"it is larger than {most_megabytes} MB", str(path))
    return b"".join(chunks)


def plain_text(path: Path, most_megabytes: int) -> str:
    """The text of an ordinary file in UTF-8, also behind the mark of Notepad. Raises OSError, UnicodeDecodeError."""
    with io.TextIOWrapper(io.BytesIO(read_plain(path, most_megabytes)), encoding="utf-8-sig") as text:
        return text.read()
