"""The inbox: which workbooks lie there, which of them are whole, and how each is taken.

A file is copied with its hash before anything is done with it, and leaves the
inbox as the last step (:mod:`importer.unattended.filing`). A crash leaves it there;
to handle it again repeats nothing, for the ledger knows what was sent.
"""

from __future__ import annotations

import os
import secrets
import stat
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from importer.ledger.inbox_files import FOLDER_OF
from importer.model.errors import LockedByAnother, SettingsProblem
from importer.model.visible import in_one_line
from importer.settings.private_files import create_private
from importer.unattended.filing import copy, has_content, sha256_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


FOLDERS = tuple(dict.fromkeys(FOLDER_OF.values()))
"""done, failed and in-doubt."""
READABLE = frozenset({".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".csv", ".tsv"})
PASSING = frozenset({"", ".tmp", ".part", ".partial", ".crdownload", ".download"})
"""What programs put here for a moment. Whatever else lies here may have been meant to be billed, and is reported."""
NEVER_REPORTED = frozenset({"desktop.ini", "thumbs.db"})
EXCEL_LOCK, OFFICE_LOCK = "~$", ".~lock."
NO_LINK = "Replace the link with a folder: files must not leave the inbox."
MEGABYTE = 2**20
LARGEST_BYTES = 256 * MEGABYTE
"""Of a file, unless the settings say otherwise."""
LONGEST_STEM = 60
"""Characters of a file's name that become part of the name of its folder."""


class Changed(Exception):
    """The file changed while it was taken; nothing was done with it."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A workbook in the inbox, as it was when it was looked at."""

    path: Path
    size: int
    """Bytes."""
    mtime_ns: int
    inode: int


@dataclass(frozen=True, slots=True)
class PassedOver:
    """Something that lies in the inbox and is not taken."""

    name: str
    reason: str
    """In a sentence, with what to do."""
    matters: bool
    """Whether it may be a workbook that waits to be billed, and will not be by waiting."""
    once: bool = False
    """Whether it is reported once only: it is not taken as it is, however often a run looks."""
    is_file: bool = True


@dataclass(frozen=True, slots=True)
class Taken:
    """A copy of a workbook that only this program changes."""

    copy: Path
    sha256: str


@contextmanager
def alone(inbox: Path) -> Iterator[None]:
    """Be the only one who works on this inbox, and make its folders.

    Raises LockedByAnother, or SettingsProblem when the inbox is not there or cannot be written.
    """
    if not inbox.is_dir():
        msg = f"The inbox {inbox} is not there."
        hint = "Make the folder, connect the network drive, or correct the setting inbox."
        raise SettingsProblem(msg, hint, code="inbox")

    lock = FileLock(inbox / ".invoice-importer.lock", timeout=0, mode=0o600)
    try:
        for name in FOLDERS:
            _check_folder(inbox / name)
        lock.acquire()
    except Timeout:
        msg = f"Another run is at work in the inbox {inbox}; nothing was done."
        hint = (
            f"Wait until it has ended. If none is at work, another program holds {lock.lock_file} open; end that one."
        )
        raise LockedByAnother(msg, hint) from None
    except OSError as error:
        msg = f"The inbox {inbox} cannot be used ({error.strerror}: {error.filename})."
        hint = "Make it and its folders done, failed and in-doubt writable."
        raise SettingsProblem(msg, hint, code="inbox") from error

    try:
        yield
    finally:
        lock.release()


def _check_folder(folder: Path) -> None:
    """Make a folder of the inbox, and try to write into it. Raises SettingsProblem for a link, OSError."""
    if link := refusal_of_link(folder):
        raise SettingsProblem(link, NO_LINK, code="inbox")
    folder.mkdir(exist_ok=True)
    probe = folder / f".write-test-{secrets.token_hex(4)}"
    os.close(os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    probe.unlink()


def refusal_of_link(folder: Path) -> str | None:
    """Why done, failed or in-doubt is refused when it is a link; None when it is none.

    Who may write into the inbox could have files written, with the rights of this program, to any other place.
    """
    is_junction = getattr(folder, "is_junction", lambda: False)  # of Windows, from Python 3.12 on
    if folder.is_symlink() or is_junction():
        return f"The folder {folder} of the inbox is a link."
    return None


def same_folder(inbox: Path) -> Callable[[], None]:
    """Give a function that raises SettingsProblem when the inbox is not there any more, or is another folder.

    A network drive that drops out takes all files along, or leaves an empty folder behind.
    """

    def identity() -> tuple[int, int] | None:
        with suppress(OSError):
            now = inbox.stat()
            return now.st_dev, now.st_ino
        return None

    began = identity()

    def check() -> None:
        if began is None or identity() != began:
            msg = f"The inbox {inbox} is gone: it was there when the run began."
            raise SettingsProblem(msg, "Connect the network drive, or put the folder back.", code="inbox")

    return check


def look(inbox: Path, most_bytes: int = LARGEST_BYTES) -> tuple[tuple[Candidate, ...], tuple[PassedOver, ...]]:
    """Return the workbooks in the inbox, oldest first, and what is passed over, as files that are larger.

    Raises SettingsProblem when it is gone.
    """
    try:
        names = frozenset(entry.name for entry in os.scandir(inbox))
    except OSError as error:
        msg = f"The inbox {inbox} cannot be looked into any more ({error.strerror})."
        raise SettingsProblem(msg, "Connect the network drive, or put the folder back.", code="inbox") from error

    found: list[Candidate] = []
    passed: list[PassedOver] = []
    for name in sorted(names):
        if name.startswith((".", EXCEL_LOCK)) or name.lower() in NEVER_REPORTED or name in FOLDERS:
            continue
        with suppress(FileNotFoundError):  # somebody took it away
            passed_over = _passed_over(inbox / name, names, most_bytes)
            if passed_over is None:
                found.append(seen(inbox / name))
            else:
                passed.append(passed_over)
    return tuple(sorted(found, key=lambda candidate: (candidate.mtime_ns, candidate.path.name))), tuple(passed)


def _passed_over(path: Path, names: frozenset[str], most_bytes: int) -> PassedOver | None:
    """Why an entry of the inbox is not taken; None when it is. Raises FileNotFoundError."""
    shown = path.name.encode(errors="backslashreplace").decode()
    if passed_over := _no_workbook(path, shown):
        return passed_over

    # Excel leaves out the first two characters of a long name.
    locks = {f"{EXCEL_LOCK}{path.name}", f"{EXCEL_LOCK}{path.name[2:]}", f"{OFFICE_LOCK}{path.name}#"}
    if held := locks.intersection(names):
        reason = f"Somebody has it open ({min(held)}); close it, or delete that lock file if it is closed already."
        return PassedOver(shown, reason, matters=True)
    if shown != path.name:
        return PassedOver(shown, "Its name is not readable here (no UTF-8); rename it.", matters=True)
    if path.lstat().st_size > most_bytes:
        reason = f"It is larger than {most_bytes // MEGABYTE:,} MB (setting most_unpacked_mb); save its rows alone."
        return PassedOver(shown, reason, matters=True, once=True)
    return None


def _no_workbook(path: Path, shown: str) -> PassedOver | None:
    """Why an entry can be no workbook, by its kind and its ending; None when it can."""
    mode, ending = path.lstat().st_mode, path.suffix.lower()
    never_readable = ending not in READABLE
    if stat.S_ISDIR(mode):
        reason = "It is a folder; only files in the inbox itself are taken."
        return PassedOver(shown, reason, _holds_workbooks(path), once=never_readable, is_file=False)
    if stat.S_ISLNK(mode):
        return PassedOver(shown, "It is a link; put the file itself into the inbox.", matters=True, once=True)
    if not stat.S_ISREG(mode):
        return PassedOver(shown, "It is no file.", matters=False, once=never_readable)
    if never_readable:
        reason = "Only workbooks and .csv are taken; save it as a workbook (.xlsx)."
        return PassedOver(shown, reason, ending not in PASSING, once=True)
    return None


def _holds_workbooks(folder: Path) -> bool:
    """Whether a folder holds what may have been meant to be billed; one that cannot be looked into may."""
    try:
        return any(path.suffix.lower() in READABLE for path in folder.iterdir())
    except PermissionError:
        return True


def seen(path: Path) -> Candidate:
    """A file as it is now. Raises OSError."""
    now = path.lstat()
    return Candidate(path, now.st_size, now.st_mtime_ns, now.st_ino)


def unchanged(candidate: Candidate) -> bool:
    """Tell whether a file is still what it was when it was looked at."""
    try:
        return seen(candidate.path) == candidate
    except FileNotFoundError:
        return False


def unchanged_for(
    candidates: tuple[Candidate, ...], seconds: float, wait: Callable[[float], None]
) -> tuple[tuple[Candidate, ...], tuple[PassedOver, ...]]:
    """Wait, and return the files that did not change meanwhile; the others are still being written.

    ``wait`` ends earlier once the run is to stop.

    Two looks are compared, so a clock that jumps, here or on the file server, does not matter.
    """
    if candidates and seconds:
        wait(seconds)
    whole: list[Candidate] = []
    changing: list[PassedOver] = []
    for candidate in candidates:
        if unchanged(candidate):
            whole.append(candidate)
        else:
            changing.append(PassedOver(candidate.path.name, reason_of_change(candidate), matters=False))
    return tuple(whole), tuple(sorted(changing, key=lambda passed: passed.name))


def reason_of_change(candidate: Candidate) -> str:
    """Why a file is not what it was."""
    if candidate.path.exists():
        return "It is still being written."
    return "Somebody took it away."


def entry_name(run: str, candidate: Candidate) -> str:
    """Name of the folders that belong to one handled file."""
    return f"{run}-{candidate.path.stem[:LONGEST_STEM].strip(' .') or 'file'}"


def take(candidate: Candidate, folder: Path) -> Taken:
    """Copy a workbook into a new folder, with its hash beside it. Raises Changed, OSError."""
    folder.mkdir(parents=True, mode=0o700)
    own = folder / candidate.path.name
    digest = copy(candidate.path, own, candidate.size)
    if not unchanged(candidate) or sha256_of(own) != digest or own.stat().st_size != candidate.size:
        raise Changed
    note = f"{digest}  {in_one_line(own.name)}\n"
    create_private(own.with_name(f"{own.name}.sha256"), note.encode())
    return Taken(own, digest)


def find(inbox: Path, sha256: str, name: str, most_bytes: int) -> Path | None:
    """The file of this content in the inbox, under its own name or another one; None when it is not there.

    Larger files than may be taken are not looked into.
    """
    paths = [inbox / name, *sorted(inbox.iterdir())]
    for path in paths:
        if _may_be_taken(path, most_bytes) and has_content(path, sha256):
            return path
    return None


def _may_be_taken(path: Path, most_bytes: int) -> bool:
    with suppress(OSError):
        now = path.lstat()
        return stat.S_ISREG(now.st_mode) and now.st_size <= most_bytes and not path.name.startswith(".")
    return False


def hashes(inbox: Path, most_bytes: int) -> frozenset[str]:
    """Content of all files in the inbox that may be taken, as SHA-256."""
    found = set[str]()
    for path in inbox.iterdir():
        with suppress(OSError):
            if _may_be_taken(path, most_bytes):
                found.add(sha256_of(path))
    return frozenset(found)
