"""Files that somebody else may change are read without waiting, and never without end."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from importer.model.errors import FileProblem, SettingsProblem
from importer.reading.formats.grid import Limits
from importer.reading.formats.unpack import bytes_of
from importer.settings.aliases import aliases
from importer.settings.plain_files import MEGABYTE, plain_text, read_plain
from importer.settings.secrecy import LONGEST_SECRET_BYTES, secret_text
from importer.settings.sources import of_file

if TYPE_CHECKING:
    from collections.abc import Callable


def sparse(path: Path, megabytes: int) -> Path:
    """A file that is large and takes no room."""
    with path.open("wb") as file:
        file.truncate(megabytes * MEGABYTE + 1)
    return path


def pipe(path: Path) -> Path:
    """A pipe into which no one writes: who opens it waits for ever."""
    os.mkfifo(path)
    return path


def test_an_ordinary_file_is_read_whole(tmp_path: Path) -> None:
    """As text without the mark of Notepad, and with any ends of lines."""
    (path := tmp_path / "a").write_bytes(b"\xef\xbb\xbfa\r\nb" + b"x" * MEGABYTE)
    assert read_plain(path, 2) == path.read_bytes()
    assert plain_text(path, 2).startswith("a\nb")


@pytest.mark.parametrize("make", [pipe, lambda _: Path("/dev/zero"), lambda path: sparse(path, 1)])
def test_what_is_no_ordinary_file_or_too_large_is_not_read(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    """At once: neither a pipe nor a device is waited for."""
    with pytest.raises(OSError, match=r"no ordinary file|larger than 1 MB"):
        read_plain(make(tmp_path / "a"), 1)


@pytest.mark.parametrize("change", ["pipe", "grows"])
def test_a_sheet_that_changes_while_it_is_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    """A writer of the inbox may put a pipe in its place, or add to it without end, after its size was judged."""
    (path := tmp_path / "a.csv").write_text("Project ID\n101\n")
    judged = Path.is_file

    def is_file(self: Path) -> bool:
        found = judged(self)
        if self == path and change == "pipe":
            path.unlink()
            os.mkfifo(path)
        return found

    stat = path.stat()
    monkeypatch.setattr(Path, "is_file", is_file)
    if change == "grows":
        sparse(path, 3)
        monkeypatch.setattr(Path, "stat", lambda *_, **__: stat)
    with pytest.raises(FileProblem, match=r"no ordinary file|larger than 2 MB"):
        bytes_of(path, Limits(unpacked_bytes=MEGABYTE))


def test_files_that_settings_name_are_bounded(tmp_path: Path) -> None:
    """The settings themselves, names of projects, and secrets, which may come through a pipe."""
    with pytest.raises(SettingsProblem, match="larger than 4 MB"):
        of_file(sparse(tmp_path / "importer.toml", 4), None)
    for file in (sparse(tmp_path / "names.csv", 64), pipe(tmp_path / "names"), Path("/dev/zero")):
        with pytest.raises(SettingsProblem, match=re.escape(str(file))):
            aliases({}, file)
    (secret := tmp_path / "token").touch(0o600)
    secret.write_text("x" * (LONGEST_SECRET_BYTES + 10))
    assert len(secret_text(secret, "token", "token_file")) == LONGEST_SECRET_BYTES
