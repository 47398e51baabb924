"""Put files into the folders of the inbox, so that none is ever overwritten, lost or half there under its name.

The ledger has decided before anything moves here (:mod:`importer.ledger.inbox_files`).
Each step can be repeated, so a later run ends what a killed one began.
"""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import shutil
import stat
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from importer.model.visible import in_one_line
from importer.settings.private_files import rename_new

if TYPE_CHECKING:
    from importer.ledger.inbox_files import InboxFile

CHUNK_BYTES = 1 << 20
NOTE = "what-happened.txt"
"""Name of the file beside a workbook that says what became of it. It is written for people and never read."""
MOST_NOTE_BYTES = 1_000_000
"""What is kept of an older note."""
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_READ = os.O_RDONLY | _NO_LINK | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINK | getattr(os, "O_BINARY", 0)


# --- the folder of a file --------------------------------------------------------------------


def store(file: InboxFile, workbook: Path | None, results: Iterable[Path]) -> bool:
    """Make the folder of a file, with its note and results, and move the workbook there as the last step.

    False when the workbook is another one by now: then that one stays where it is. ``workbook``: None when somebody
    took it away. Raises OSError.
    """
    make_folder(file.folder)
    write_note(file.folder, f"{file.name}: {file.reason}")
    for path in results:
        with suppress(FileExistsError):
            copy_whole(path, file.folder / path.name)
    if workbook is None:
        return True
    return move(workbook, file.sha256, file.folder)


def make_folder(folder: Path) -> None:
    """Make a folder, or use it when it is there. Raises OSError, also when it is a link."""
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    if not is_folder(folder):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))


def is_folder(path: Path) -> bool:
    """Tell whether a folder is there that is no link: nothing is ever written through one."""
    with suppress(OSError):
        return stat.S_ISDIR(path.lstat().st_mode)
    return False


def move_folder(folder: Path, target: Path) -> Path:
    """Move a folder under a name that is free; return where it lies now. Raises OSError."""
    if folder == target:
        return folder
    arrived = free(target)
    folder.rename(arrived)
    return arrived


def write_note(folder: Path, text: str) -> None:
    """Say in the note first what is true now, and keep what it says already, with people's remarks. Raises OSError."""
    note = folder / NOTE
    new = f"{datetime.now().astimezone():%Y-%m-%d %H:%M} {in_one_line(text)}\n"
    if before := _content_of(note).decode(errors="replace"):  # people add their remarks with any editor
        new += f"Before: {before}"
    partial = _partial_of(note)
    try:
        with os.fdopen(os.open(partial, _CREATE, 0o600), "wb") as writing:
            writing.write(new.encode(errors="backslashreplace"))
        partial.replace(note)
    finally:
        partial.unlink(missing_ok=True)


def _content_of(note: Path) -> bytes:
    """What a note holds; nothing when there is none, or when it is a link."""
    with suppress(OSError), os.fdopen(os.open(note, _READ), "rb") as reading:
        if stat.S_ISREG(os.fstat(reading.fileno()).st_mode):
            return reading.read(MOST_NOTE_BYTES)
    return b""


# --- one file --------------------------------------------------------------------------------


def move(source: Path, sha256: str, folder: Path) -> bool:
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
        rename_new(target, free(source))
        raise
    rename_new(target, free(source))  # it was replaced at the last moment: that is a new file
    return False


def _moved_across(source: Path, sha256: str, target: Path) -> bool:
    """Move across file systems: copy, make sure, delete. False when it is not what was handled. Raises OSError."""
    if not copy_whole(source, target, sha256):
        return False
    try:
        source.unlink()
    except OSError:
        target.unlink()  # or it would lie in two places, and the source is whole
        raise
    return True


def copy_whole(source: Path, target: Path, sha256: str | None = None) -> bool:
    """Copy a file under another name, which it gets when it is whole and on the disk. Raises OSError.

    False, and nothing is there, when its content has not the hash that was expected.
    """
    partial = _partial_of(target)
    try:
        digest = copy(source, partial)
        whole = digest == (sha256 or digest) and sha256_of(partial) == digest
        if whole:
            rename_new(partial, target)
            _sync_folder(target.parent)
    finally:
        partial.unlink(missing_ok=True)
    return whole


def copy(source: Path, target: Path, most_bytes: int | None = None) -> str:
    """Copy a regular file to a new one, onto the disk; return the hash of what was read. Raises OSError.

    Of a file that grows while it is copied, a little more than ``most_bytes`` is read: it is another one by then.
    """
    digest = hashlib.sha256()
    with (
        os.fdopen(os.open(source, _READ), "rb") as reading,
        os.fdopen(os.open(target, _CREATE, 0o600), "wb") as writing,
    ):
        while chunk := reading.read(CHUNK_BYTES):
            digest.update(chunk)
            writing.write(chunk)
            if most_bytes is not None and writing.tell() > most_bytes:
                break
        writing.flush()
        os.fsync(writing.fileno())
    with suppress(OSError):
        shutil.copystat(source, target, follow_symlinks=False)
        target.chmod(0o600)
    return digest.hexdigest()


def _partial_of(target: Path) -> Path:
    """Name under which a file is written, before it gets its own: hidden, and one that no other user can foresee."""
    return target.with_name(f".{secrets.token_hex(8)}.partial")


def _sync_folder(folder: Path) -> None:
    """Bring a new name onto the disk, where the system can."""
    with suppress(OSError):
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


def free(path: Path) -> Path:
    """The path, or the first one with a number that does not exist yet."""
    number, tried = 2, path
    while os.path.lexists(tried):
        tried = path.with_name(f"{path.stem} ({number}){path.suffix}")
        number += 1
    return tried


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, hexadecimal. Raises OSError."""
    with os.fdopen(os.open(path, _READ), "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def has_content(path: Path, sha256: str) -> bool:
    """Tell whether a file is there and holds just this content."""
    with suppress(OSError):
        return sha256_of(path) == sha256
    return False
