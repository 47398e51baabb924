"""Move and copy files so that none is ever overwritten, lost or half there under its name."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


CHUNK_BYTES = 1 << 20


def put_away(source: Path, sha256: str, folder: Path) -> bool:
    """Move a file of this content into a folder; False when it is another one by now, and then it stays.

    Raises OSError, and then it stays where it is too.
    """
    target = free(folder / source.name)
    if sha256_of(source) != sha256:  # or whoever ends the program below would leave a new file there unhandled
        return False
    try:
        source.rename(target)
    except OSError:
        return _moved_across(source, sha256, target)
    try:
        if sha256_of(target) == sha256:
            return True
    except OSError:
        _rename_new(target, free(source))
        raise
    _rename_new(target, free(source))  # it was replaced at the last moment: that is a new file
    return False


def _moved_across(source: Path, sha256: str, target: Path) -> bool:
    """Move across file systems: copy, make sure, delete. False when it is not what was handled. Raises OSError."""
    if not copied_whole(source, target, sha256):
        return False
    try:
        source.unlink()
    except OSError:
        target.unlink()  # or it would lie in two places, and the source is whole
        raise
    return True


def copied_whole(source: Path, target: Path, sha256: str | None = None) -> bool:
    """Copy a file under another name, which it gets when it is whole and on the disk. Raises OSError.

    False, and nothing is there, when its content has not the hash that was expected.
    """
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        digest = copied(source, partial)
        whole = digest == (sha256 or digest) and sha256_of(partial) == digest
        if whole:
            _rename_new(partial, target)
            _sync_folder(target.parent)
    finally:
        partial.unlink(missing_ok=True)
    return whole


def _rename_new(source: Path, target: Path) -> None:
    """Rename, but never over another file. Raises OSError, FileExistsError among them."""
    try:
        os.link(source, target, follow_symlinks=False)
    except FileExistsError:
        raise
    except (OSError, NotImplementedError):  # a file system without hard links, such as FAT
        if target.exists() or target.is_symlink():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target)) from None
        os.rename(source, target)  # noqa: PTH104 - as link
    else:
        source.unlink()


def _sync_folder(folder: Path) -> None:
    """Bring a new name onto the disk, where the system can."""
    with suppress(OSError):
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


def copied(source: Path, target: Path) -> str:
    """Copy a regular file to a new one, onto the disk; return the hash of what was read."""
    digest = hashlib.sha256()
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(source, flags), "rb") as reading, target.open("xb") as writing:
        while chunk := reading.read(CHUNK_BYTES):
            digest.update(chunk)
            writing.write(chunk)
        writing.flush()
        os.fsync(writing.fileno())
    with suppress(OSError):
        shutil.copystat(source, target, follow_symlinks=False)
        target.chmod(0o600)
    return digest.hexdigest()


def free(path: Path) -> Path:
    """The path, or the first one with a number that does not exist yet."""
    number, tried = 2, path
    while tried.exists() or tried.is_symlink():
        tried, number = path.with_name(f"{path.stem} ({number}){path.suffix}"), number + 1
    return tried


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
