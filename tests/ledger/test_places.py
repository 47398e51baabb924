"""A ledger file is refused where its locks do not hold, or where each machine has a copy of its own."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path, PureWindowsPath
from typing import TYPE_CHECKING

import pytest
from plans import ACCOUNT, BATCH, SOURCE, fees

from importer.ledger import places
from importer.ledger.opening import open_ledger
from importer.ledger.places import UNSAFE, VANISHED, place_of_file
from importer.model.answers import Outcome, OutcomeKind
from importer.model.errors import LedgerProblem

if TYPE_CHECKING:
    from programs import Cli

MOUNTINFO = """\
23 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
40 23 0:35 / /home rw,relatime shared:20 - nfs4 server:/home rw,vers=4.2
41 40 8:2 / /home/local rw,relatime - xfs /dev/sdb1 rw
42 23 0:36 / /mnt/Our\\040Share rw,relatime shared:21 master:2 - cifs //server/share rw
43 23 0:37 / /mnt/fuse rw - fuse.sshfs me@server:/ rw
44 23 0:38 / /mnt/usb rw - fuseblk /dev/sdc1 rw
"""
MOUNT = """\
/dev/disk3s1s1 on / (apfs, sealed, local, read-only, journaled)
/dev/disk3s5 on /System/Volumes/Data (apfs, local, journaled, nobrowse)
//me@server/share on /Volumes/Our Share (smbfs, nodev, nosuid, mounted by me)
"""


@pytest.mark.parametrize(
    ("path", "kind", "network"),
    [
        ("/var/lib/ledger.sqlite", "ext4", False),
        ("/home/me/ledger.sqlite", "nfs4", True),
        ("/home/local/ledger.sqlite", "xfs", False),
        ("/homes/ledger.sqlite", "ext4", False),
        ("/mnt/Our Share/new folder/ledger.sqlite", "cifs", True),
        ("/mnt/fuse/ledger.sqlite", "fuse.sshfs", True),
        ("/mnt/usb/ledger.sqlite", "fuseblk", False),
    ],
)
def test_linux_tells_a_network_drive(path: str, kind: str, *, network: bool) -> None:
    """By the mount nearest above the file, whether that exists yet or not."""
    kind_here = places._kind_at(Path(path), places._listed_by_linux(MOUNTINFO))  # noqa: SLF001 - this machine has no such drive
    assert (kind_here, kind_here in places.NETWORK) == (kind, network)


def test_macos_tells_a_network_drive() -> None:
    """As its program mount lists them."""
    mounts = list(places._listed_by_mount(MOUNT))  # noqa: SLF001 - this machine is none
    assert places._kind_at(Path("/Volumes/Our Share/ledger.sqlite"), mounts) == "smbfs"  # noqa: SLF001
    assert places._kind_at(Path("/Users/me/ledger.sqlite"), mounts) == "apfs"  # noqa: SLF001


def test_windows_tells_a_network_drive() -> None:
    """A share is one whatever its letter."""
    share = PureWindowsPath(r"\\server\share\ledger.sqlite")
    assert places._windows_drive(share) == ("network", True)  # type: ignore[arg-type] # noqa: SLF001


def test_this_machine_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file system of the test itself is known, and where it counts as a network's the ledger is refused."""
    here = place_of_file(tmp_path / "ledger.sqlite")
    assert (bool(here.kind), here.unsafe) == (True, None)
    monkeypatch.setattr(places, "NETWORK", frozenset({here.kind}))
    with pytest.raises(LedgerProblem, match="network drive") as caught:
        open_ledger(tmp_path / "ledger.sqlite", ACCOUNT)
    assert caught.value.code == UNSAFE
    assert not (tmp_path / "ledger.sqlite").exists()


@pytest.mark.parametrize(
    "folder",
    [
        "OneDrive",
        "OneDrive - Example Ltd/Finance",
        "Dropbox (Example)",
        "Nextcloud",
        "Google Drive/My Drive",
        "iCloudDrive",
        "Library/Mobile Documents/com~apple~CloudDocs",
        "Library/CloudStorage/Box-Box/Finance",
        "Library/CloudStorage/GoogleDrive-me@example.com",
    ],
)
def test_a_synchronised_folder_is_known_by_its_name(tmp_path: Path, folder: str) -> None:
    """Refused, with the way out."""
    place = tmp_path / folder / "ledger.sqlite"
    with pytest.raises(LedgerProblem, match="copies") as caught:
        open_ledger(place, ACCOUNT)
    assert all(word in caught.value.hint for word in ("IMPORTER_LEDGER", "PostgreSQL", "allow_unsafe_ledger"))
    assert not place.exists()


@pytest.mark.parametrize("mark", [".dropbox.cache", ".tmp.driveupload", ".stfolder", ".nextcloudsync.log"])
def test_a_synchronised_folder_is_known_by_its_mark(tmp_path: Path, mark: str) -> None:
    """Whatever it is called, and also below the folder that has the mark."""
    (tmp_path / mark).mkdir()
    assert "copies" in (place_of_file(tmp_path / "books" / "ledger.sqlite").unsafe or "")


def test_a_synchronised_folder_is_known_by_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """OneDrive names its folders there under Windows."""
    monkeypatch.setenv("OneDriveCommercial", str(tmp_path / "Company"))
    assert "OneDrive" in (place_of_file(tmp_path / "Company" / "ledger.sqlite").unsafe or "")


def test_a_link_into_a_synchronised_folder_is_followed(tmp_path: Path) -> None:
    """And so is a folder in one that leads out of it: each machine may have a link of its own."""
    (tmp_path / "Dropbox").mkdir()
    (tmp_path / "books").symlink_to(tmp_path / "Dropbox")
    assert place_of_file(tmp_path / "books" / "ledger.sqlite").unsafe


@pytest.mark.parametrize(
    "copy",
    [
        "ledger (Anna's conflicted copy 2026-11-02).sqlite",
        "ledger.sync-conflict-20261102-101500-ABCDEFG.sqlite",
        "ledger (In Konflikt stehende Kopie von Anna 2026-11-02).sqlite",
        f"ledger-{socket.gethostname().split('.')[0]}.sqlite",
    ],
)
def test_a_copy_from_a_conflict_is_noticed(tmp_path: Path, copy: str) -> None:
    """Two machines have written: neither ledger knows all."""
    (tmp_path / copy).touch()
    with pytest.raises(LedgerProblem, match="conflict") as caught:
        open_ledger(tmp_path / "ledger.sqlite", ACCOUNT)
    assert copy in caught.value.message


@pytest.mark.parametrize("name", ["ledger-backup.sqlite", "ledger (1).sqlite", "conflict.txt", "ledger.sqlite-wal"])
def test_other_files_beside_a_ledger_are_none(tmp_path: Path, name: str) -> None:
    """Such as a copy that a person made."""
    (tmp_path / name).touch()
    assert place_of_file(tmp_path / "ledger.sqlite").unsafe is None


@pytest.mark.parametrize("name", ["My Dropbox exports", "onedriver", "drive", "Boxes"])
def test_a_folder_with_a_like_name_is_none(tmp_path: Path, name: str) -> None:
    """Only the names that such programs give."""
    assert place_of_file(tmp_path / name / "ledger.sqlite").unsafe is None


def test_who_knows_better_says_so(cli: Cli) -> None:
    """The setting; doctor shows it all the same, and where the ledger lies."""
    place = {"IMPORTER_LEDGER": str(cli.folder / "Dropbox" / "ledger.sqlite")}
    refused = cli.run("history", **place)
    assert (refused.exit_code, "PostgreSQL" in refused.stderr) == (2, True)
    assert "Dropbox copies" in cli.run("doctor", **place).stdout
    allowed = place | {"IMPORTER_ALLOW_UNSAFE_LEDGER": "true"}
    assert cli.run("history", **allowed).exit_code == 0
    shown = cli.run("doctor", **allowed).stdout
    assert "Dropbox copies" in shown
    assert "on a drive of the kind" in shown


# --- a ledger that vanishes ---


@pytest.mark.parametrize("how", ["moved", "deleted", "replaced"])
def test_a_ledger_that_vanishes_is_noticed_before_the_next_claim(tmp_path: Path, how: str) -> None:
    """What would be noted from then on is lost: nothing more is sent, and no answer counts as noted."""
    folder = tmp_path / "books"
    ledger = open_ledger(folder / "ledger.sqlite", ACCOUNT)
    first, second = fees(2)
    claim = ledger.claim(first, "run-1", BATCH, SOURCE)
    assert claim is not None

    if how == "replaced":
        shutil.copy(folder / "ledger.sqlite", tmp_path / "copy")
        (tmp_path / "copy").replace(folder / "ledger.sqlite")
    elif how == "moved":
        folder.rename(tmp_path / "elsewhere")
    else:
        shutil.rmtree(folder)
    with pytest.raises(LedgerProblem, match="not in its place") as caught:
        ledger.claim(second, "run-1", BATCH, SOURCE)
    assert caught.value.code == VANISHED
    with pytest.raises(LedgerProblem, match="not in its place"):
        ledger.note_outcome(claim, Outcome(OutcomeKind.CREATED, invoice_id="9001"))
    ledger.close()
