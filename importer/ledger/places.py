"""Where a SQLite ledger may not lie: where its locks do not hold, or where each machine gets a copy of its own.

SQLite's write-ahead log works on one machine only, and a synchronised folder gives each machine a ledger that does not
know what the others have billed.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from importer.model.errors import LedgerProblem

UNSAFE = "ledger.place"
"""Code of the refusal of a ledger that lies where it is not safe."""
VANISHED = "ledger.vanished"
"""Code of the refusal to go on with a ledger whose file has gone."""
NETWORK = frozenset(
    "acfs afpfs afs beegfs ceph cifs coda davfs gfs2 glusterfs gpfs lustre ncpfs nfs nfs3 nfs4 ocfs2 smb smb2 smb3 "
    "smbfs vboxsf webdav fuse.afp fuse.ceph fuse.cephfs fuse.davfs fuse.gcsfuse fuse.glusterfs fuse.goofys "
    "fuse.gvfsd-fuse fuse.juicefs fuse.rclone fuse.s3fs fuse.seadrive fuse.smbnetfs fuse.sshfs".split()
)
"""File systems that other machines serve, or may write too, as Linux and macOS name them."""
_SYNCED = re.compile(
    r"(onedrive|dropbox|nextcloud|owncloud|google ?drive|icloud ?drive|com~apple~CloudDocs|Mobile Documents)"
    r"([ ]?[-(].*)?$",
    re.IGNORECASE,
)
"""Names of folders that such a program copies: “OneDrive - Company”, “Dropbox (Company)”, “GoogleDrive-me@…”."""
_MARKS = {
    ".dropbox.cache": "Dropbox",
    ".nextcloudsync.log": "Nextcloud",
    ".owncloudsync.log": "ownCloud",
    ".tmp.driveupload": "Google Drive",
    ".tmp.drivedownload": "Google Drive",
    ".stfolder": "Syncthing",
}
"""What such a program leaves in the folder that it copies."""
_CONFLICT = re.compile(r"conflict|konflikt|conflit", re.IGNORECASE)
"""What a copy is called that it made because two machines have written: Dropbox, Nextcloud, Syncthing, in words."""
_ESCAPED = re.compile(r"\\(\d{3})")
_DRIVE_REMOTE = 4


@dataclass(frozen=True, slots=True)
class Place:
    """Where a ledger lies, and what makes that unsafe."""

    kind: str
    """File system or kind of drive, for people; empty where it is not known."""
    unsafe: str | None
    """Why the ledger is not safe there; None: it is, as far as can be seen."""


def place_of_file(path: Path) -> Place:
    """Look where a ledger lies, or would. Never raises for what cannot be seen."""
    real = path.resolve()
    kind, network = _drive_of(real)
    if network:
        return Place(kind, f"on a network drive ({kind}), where the locks of SQLite do not hold between machines")
    for name in (_synced_by(path.absolute()), _synced_by(real)):
        if name is not None:
            return Place(kind, f"in a folder that {name} copies, so that each machine has a ledger of its own")
    for copy in _conflicts(real):
        return Place(kind, f"beside a copy from a conflict ({copy.name}), so another machine has written to it")
    return Place(kind, None)


def check_place(path: Path) -> None:
    """Refuse a ledger where it is not safe. Raises LedgerProblem."""
    unsafe = place_of_file(path).unsafe
    if unsafe is None:
        return
    msg = f"The ledger {path} lies {unsafe}: what one machine billed, another would bill again"
    hint = (
        "Set IMPORTER_LEDGER to a file in a folder of this machine alone, and move the ledger there while no run is at "
        "work; for several machines use PostgreSQL. If you know that it is safe: allow_unsafe_ledger = true."
    )
    raise LedgerProblem(f"{msg}.", hint, code=UNSAFE)


@dataclass(frozen=True, slots=True)
class LedgerFile:
    """The file of a ledger as it was when it was opened."""

    path: Path
    identity: tuple[int, int]
    """Its drive, and its number there."""

    @classmethod
    def at(cls, path: Path) -> LedgerFile:
        """Look at a file that is there."""
        return cls(path, _identity(path))

    def check(self) -> None:
        """Refuse to go on once the file is not in its place: what is noted then is lost. Raises LedgerProblem."""
        with suppress(OSError):
            if _identity(self.path) == self.identity:
                return
        msg = f"The ledger {self.path} is not in its place any more, or another file is; nothing more is sent."
        hint = "Was its folder moved, or its drive disconnected? Put it back as it was, then run again."
        raise LedgerProblem(msg, hint, code=VANISHED)


def _identity(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_dev, found.st_ino


# --- the drive ---------------------------------------------------------------------------------


def _drive_of(path: Path) -> tuple[str, bool]:
    """The kind of the drive that holds a path, which need not exist yet, and whether that is a network's."""
    if sys.platform == "win32":
        return _windows_drive(path)
    with suppress(OSError, subprocess.SubprocessError):
        kind = _kind_at(path, _mounts())
        return kind, kind.casefold() in NETWORK
    return "", False


def _mounts() -> Iterable[tuple[str, str]]:
    """Where each file system is mounted, and its type. Raises OSError or SubprocessError."""
    if sys.platform == "darwin":
        listed = subprocess.run(["/sbin/mount"], capture_output=True, text=True, timeout=10, check=True)
        return _listed_by_mount(listed.stdout)
    return _listed_by_linux(Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape"))


def _listed_by_linux(text: str) -> Iterator[tuple[str, str]]:
    """The mounts of ``/proc/self/mountinfo``."""
    for line in text.splitlines():
        before, _, after = line.partition(" - ")
        mounted, kind = before.split(" ")[4:5], after.split(" ")[0]
        for point in mounted:
            yield _ESCAPED.sub(lambda code: chr(int(code[1], 8)), point), kind


def _listed_by_mount(text: str) -> Iterator[tuple[str, str]]:
    """The mounts that macOS lists: ``//me@server/share on /Volumes/share (smbfs, nodev)``."""
    for found in re.finditer(r"^.*? on (/.*) \((\w+)[,)]", text, re.MULTILINE):
        yield found[1], found[2]


def _kind_at(path: Path, mounts: Iterable[tuple[str, str]]) -> str:
    """The type of the file system on which a path lies: that of the last mount nearest above it."""
    nearest, kind = -1, ""
    for mounted, its_kind in mounts:
        if path.is_relative_to(mounted) and len(Path(mounted).parts) >= nearest:
            nearest, kind = len(Path(mounted).parts), its_kind
    return kind


def _windows_drive(path: Path) -> tuple[str, bool]:
    r"""The kind of a drive of Windows: that of its letter, or the network's for ``\\server\share``."""
    if path.drive.startswith("\\\\"):
        return "network", True
    if sys.platform != "win32":
        return "", False
    import ctypes

    remote = ctypes.windll.kernel32.GetDriveTypeW(f"{path.drive}\\") == _DRIVE_REMOTE
    return ("network" if remote else "local"), remote


# --- synchronised folders ----------------------------------------------------------------------


def _synced_by(path: Path) -> str | None:
    """The program that copies one of the folders above a path to other machines, as far as names and marks tell."""
    folders = list(path.parents)
    for name in ("OneDrive", "OneDriveCommercial", "OneDriveConsumer"):
        if os.environ.get(name) and Path(os.environ[name]) in folders:
            return "OneDrive"
    for folder in folders:
        if folder.name == "CloudStorage" and folder.parent.name == "Library":
            return path.relative_to(folder).parts[0]
        if _SYNCED.match(folder.name):
            return folder.name
        for mark, program in _MARKS.items():
            if os.path.lexists(folder / mark):
                return program
    return None


def _conflicts(path: Path) -> Iterator[Path]:
    """Copies of a ledger beside it that such a program made because two machines have written."""
    host = socket.gethostname().split(".")[0]
    with suppress(OSError):
        for copy in path.parent.iterdir():
            other = copy.name != path.name and copy.name.startswith(path.stem) and copy.suffix == path.suffix
            if other and (_CONFLICT.search(copy.name) or copy.stem == f"{path.stem}-{host}"):
                yield copy
