"""The inbox: which workbooks lie there, which of them are whole, and how each is taken.

A file is copied with its hash before anything is done with it, and leaves the
inbox as the last step (:mod:`importer.unattended.moving`), so a crash leaves it there: to
handle it again repeats nothing, for the ledger knows.
"""

from __future__ import annotations

import json
import os
import stat
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from importer.model.errors import LockedByAnother, SettingsProblem
from importer.unattended.moving import copied, sha256_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


OUTCOMES = ("done", "failed", "in-doubt")
READABLE = frozenset({".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".csv", ".tsv"})
PASSING = frozenset({"", ".tmp", ".part", ".partial", ".crdownload", ".download"})
"""What programs put here for a moment. Whatever else lies here somebody may have meant to be billed, and is told."""
EXCEL_LOCK, OFFICE_LOCK = "~$", ".~lock."
MEMORY = ".invoice-importer.told.json"
"""File in the inbox that remembers which strange things there have been told."""
LONGEST_STEM = 60


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
class Passed:
    """Something that lies in the inbox and is not taken."""

    name: str
    why: str
    matters: bool
    """Whether it may be a workbook that waits to be billed, and will not be by waiting."""
    once: bool = False
    """Whether it is enough to say so once: it is not taken as it is, however often one looks."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A copy of a workbook that nobody else changes."""

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
        for outcome in OUTCOMES:
            (inbox / outcome).mkdir(exist_ok=True)
            probe = inbox / outcome / f".write-test-{os.getpid()}"
            probe.touch()
            probe.unlink()
        lock.acquire()
    except Timeout:
        msg = f"Another run is at work in the inbox {inbox}; nothing was done."
        raise LockedByAnother(msg, "Wait until it has ended.") from None
    except OSError as error:
        msg = f"The inbox {inbox} cannot be used ({error.strerror}: {error.filename})."
        raise SettingsProblem(
            msg, "Make it and its folders done, failed and in-doubt writable.", code="inbox"
        ) from error
    try:
        yield
    finally:
        lock.release()


def same_folder(inbox: Path) -> Callable[[], None]:
    """Give a function that raises SettingsProblem when the inbox is not there any more, or is another folder.

    A network drive that drops out takes all files along, or leaves an empty folder behind.
    """

    def which() -> tuple[int, int] | None:
        with suppress(OSError):
            now = inbox.stat()
            return now.st_dev, now.st_ino
        return None

    began = which()

    def check() -> None:
        if began is None or which() != began:
            msg = f"The inbox {inbox} is gone: it was there when the run began."
            raise SettingsProblem(msg, "Connect the network drive, or put the folder back.", code="inbox")

    return check


def look(inbox: Path) -> tuple[tuple[Candidate, ...], tuple[Passed, ...]]:
    """Return the workbooks in the inbox, oldest first, and what is passed over.

    Raises SettingsProblem when it is gone.
    """
    try:
        names = sorted(entry.name for entry in os.scandir(inbox))
    except OSError as error:
        msg = f"The inbox {inbox} cannot be looked into any more ({error.strerror})."
        raise SettingsProblem(msg, "Connect the network drive, or put the folder back.", code="inbox") from error
    found: list[Candidate] = []
    passed: list[Passed] = []
    for name in names:
        path, shown = inbox / name, name.encode(errors="backslashreplace").decode()
        if name.startswith((".", EXCEL_LOCK)) or name.lower() in ("desktop.ini", "thumbs.db"):
            continue
        with suppress(FileNotFoundError):  # somebody took it away
            if why := _why_not(path, names):
                if why[0]:
                    passed.append(Passed(shown, why[0], why[1], once=path.is_symlink() or _other_kind(path)))
            elif shown != name:
                passed.append(Passed(shown, "its name is not readable here (no UTF-8); rename it", matters=True))
            else:
                found.append(seen(path))
    return tuple(sorted(found, key=lambda one: (one.mtime_ns, one.path.name))), tuple(passed)


def _why_not(path: Path, names: list[str]) -> tuple[str, bool] | None:
    """Why an entry is not taken (nothing to be said: an empty text) and whether it matters; None when it is."""
    mode, ending = path.lstat().st_mode, path.suffix.lower()
    if stat.S_ISDIR(mode):
        why = "it is a folder; only files in the inbox itself are taken"
        return ("", False) if path.name in OUTCOMES else (why, any(not _other_kind(one) for one in path.iterdir()))
    if stat.S_ISLNK(mode):
        return "it is a link; put the file itself into the inbox", True
    if not stat.S_ISREG(mode):
        return "it is no file", False
    if _other_kind(path):
        return "only workbooks and .csv are taken; save it as a workbook (.xlsx)", ending not in PASSING
    locks = {f"{EXCEL_LOCK}{path.name}", f"{EXCEL_LOCK}{path.name[2:]}", f"{OFFICE_LOCK}{path.name}#"}
    if held := locks.intersection(names):
        return f"somebody has it open ({min(held)}); close it, or delete that lock file if nobody has", True
    return None


def _other_kind(path: Path) -> bool:
    return path.suffix.lower() not in READABLE


def first_time(inbox: Path, passed: tuple[Passed, ...], *, keep: bool) -> frozenset[Passed]:
    """Which of the things that are to be said once were not said by an earlier run; ``keep`` remembers nothing.

    What is gone is forgotten, so that it is said when it lies there again.
    """
    memory, told = inbox / MEMORY, set[str]()
    with suppress(OSError, ValueError):
        told.update(json.loads(memory.read_text(encoding="utf-8")))
    now = {f"{one.name}: {one.why}": one for one in passed if one.once and one.matters}
    if told != now.keys() and not keep:
        with suppress(OSError):  # then it is said again
            memory.write_text(json.dumps(sorted(now)), encoding="utf-8")
    return frozenset(one for words, one in now.items() if words not in told)


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


def settled(candidates: tuple[Candidate, ...], seconds: float) -> tuple[tuple[Candidate, ...], tuple[Passed, ...]]:
    """Wait, and return the files that did not change meanwhile; the others are still being written.

    Two looks are compared, so a clock that jumps, here or on the file server, does not matter.
    """
    if candidates and seconds:
        time.sleep(seconds)
    whole = tuple(one for one in candidates if unchanged(one))
    changing = (Passed(one.path.name, why_changed(one), matters=False) for one in set(candidates) - set(whole))
    return whole, tuple(sorted(changing, key=lambda one: one.name))


def why_changed(candidate: Candidate) -> str:
    """Why a file is not what it was, as the rest of a sentence."""
    return "it is still being written" if candidate.path.exists() else "somebody took it away"


def entry_name(run: str, candidate: Candidate) -> str:
    """Name of the folders that belong to one handled file."""
    return f"{run}-{candidate.path.stem[:LONGEST_STEM].strip(' .') or 'file'}"


def take(candidate: Candidate, folder: Path) -> Taken:
    """Copy a workbook into a new folder, with its hash beside it. Raises Changed, OSError."""
    folder.mkdir(parents=True, mode=0o700)
    copy = folder / candidate.path.name
    digest = copied(candidate.path, copy)
    if not unchanged(candidate) or sha256_of(copy) != digest or copy.stat().st_size != candidate.size:
        raise Changed
    copy.with_name(f"{copy.name}.sha256").write_text(f"{digest}  {copy.name}\n", encoding="utf-8")
    return Taken(copy, digest)
