"""Files that belong to the user alone: they are never written through a link that someone else laid."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


def create_private(path: Path, content: bytes = b"") -> None:
    """Make a new file of the owner. Raises FileExistsError where anything has this name, also a link; OSError."""
    with os.fdopen(os.open(path, _NEW, 0o600), "wb") as file:
        file.write(content)


def write_private(path: Path, content: bytes) -> None:
    """Put a file in the place of what has this name, whole or not at all. Raises OSError.

    It is written under a new name first: what a link points to is never touched.
    """
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        create_private(unfinished, content)
        unfinished.replace(path)
    except OSError:
        with suppress(OSError):
            unfinished.unlink()
        raise


@contextmanager
def unfinished(path: Path) -> Iterator[Path]:
    """Give an empty file beside a path, hidden and of a name that no one can foresee; at the end it gets that path.

    Raises FileExistsError where anything has that name by then: nothing is ever overwritten. OSError.
    """
    writing = path.with_name(f".{secrets.token_hex(8)}.part")
    create_private(writing)
    try:
        yield writing
        rename_new(writing, path)
    finally:
        writing.unlink(missing_ok=True)


def rename_new(source: Path, target: Path) -> None:
    """Rename, but never over another file. Raises OSError, FileExistsError among them."""
    try:
        os.link(source, target, follow_symlinks=False)
    except FileExistsError:
        raise
    except (OSError, NotImplementedError):  # a file system without hard links, such as FAT
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target)) from None
        os.rename(source, target)  # noqa: PTH104 - as link
    else:
        source.unlink()
