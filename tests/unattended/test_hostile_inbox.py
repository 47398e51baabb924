"""Who may write into the inbox can neither fill the disk, nor hold up the run, nor keep it from being stopped."""

from __future__ import annotations

import errno
import os
import re
import signal
import time
from typing import TYPE_CHECKING
from unittest.mock import Mock

import pytest
from filelock import FileLock
from inboxes import filled, lying
from test_run import A_TOKEN, AUTO, message, outcomes, posts

from importer.commands.session import stopped_by_signals
from importer.model.errors import FileProblem
from importer.model.exit_codes import ExitCode
from importer.sandbox.faults import Fault, FaultKind
from importer.sending.throttle import BrokenOff, Stop
from importer.unattended import filing
from importer.unattended import inbox as box
from importer.unattended.deadline import deadline

if TYPE_CHECKING:
    from pathlib import Path

    from programs import Cli

    from importer.sandbox.running import Sandbox


@pytest.fixture
def inbox(cli: Cli) -> Path:
    """Return the inbox, in the working directory of the program."""
    folder = cli.folder / "inbox"
    folder.mkdir()
    return folder


def test_a_lock_that_is_held_for_ever_is_said(cli: Cli, sandbox: Sandbox, inbox: Path) -> None:
    """By whoever may write into the inbox: which file it is, and that nothing was done."""
    filled(inbox / "a.xlsx", 10)
    with FileLock(inbox / ".invoice-importer.lock"):
        done = cli.at(sandbox).run("run", **AUTO)
    assert (done.exit_code, posts(sandbox), lying(inbox)) == (7, 0, ["a.xlsx"])
    assert "nothing was done" in done.stderr
    assert "another program holds inbox/.invoice-importer.lock open; end that one." in done.stderr


def appeared(path: Path) -> None:
    """Wait until the program has made this file."""
    end = time.monotonic() + 120
    while not path.exists():
        assert time.monotonic() < end
        time.sleep(0.02)


def sparse(path: Path, size: int) -> Path:
    """Make a file of this size that takes no room on the disk."""
    path.touch()
    os.truncate(path, size)
    return path


def test_a_file_that_is_too_large_is_not_copied(cli: Cli, sandbox: Sandbox, inbox: Path) -> None:
    """Its size is judged first, also of one that takes no room itself; the others have their turn."""
    sparse(inbox / "huge.xlsx", 3 * 2**30)
    filled(inbox / "good.xlsx", 10)
    began = time.monotonic()
    done = cli.at(sandbox).run("run", "--json", **AUTO)
    assert (done.exit_code, outcomes(done)) == (3, {"huge.xlsx": "left", "good.xlsx": "done"})
    assert "It is larger than 256 MB (setting most_unpacked_mb)" in message(done, "huge.xlsx")
    assert [path for path in (cli.folder / "reports").rglob("*") if "huge" in path.name] == []
    assert (lying(inbox), time.monotonic() - began < 60) == (["huge.xlsx"], True)
    assert cli.at(sandbox).run("run", "--json", **AUTO).exit_code == 0  # it was reported once


def test_a_file_that_is_too_large_is_not_looked_into(tmp_path: Path) -> None:
    """Where a file is looked for by its content, nor is anything that is no file."""
    sparse(tmp_path / "huge.xlsx", 2**40)
    os.mkfifo(tmp_path / "pipe.xlsx")
    (tmp_path / "link.xlsx").symlink_to("/dev/zero")
    small = sparse(tmp_path / "small.xlsx", 10)
    digest = filing.sha256_of(small)
    assert box.find(tmp_path, digest, "other.xlsx", 1000) == small
    assert box.find(tmp_path, "0" * 64, "huge.xlsx", 1000) is None
    assert box.hashes(tmp_path, 1000) == {digest}


@pytest.mark.slow
def test_thousands_of_files_are_looked_at_once(tmp_path: Path) -> None:
    """Each may have a lock file beside it; to compare each with all others took minutes."""
    for number in range(20_000):
        (tmp_path / f"{number}.csv").touch()
    began = time.process_time()
    found, passed = box.look(tmp_path)
    assert (len(found), passed, time.process_time() - began < 3) == (20_000, (), True)


def test_a_closed_folder_keeps_no_file_from_its_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that cannot be looked into is reported: it may hold workbooks."""
    (tmp_path / "closed").mkdir()
    sparse(tmp_path / "a.xlsx", 10)
    closed = PermissionError(errno.EACCES, "Permission denied")
    monkeypatch.setattr(type(tmp_path), "iterdir", Mock(side_effect=closed))
    found, [passed] = box.look(tmp_path)
    assert ([candidate.path.name for candidate in found], passed.name, passed.matters) == (["a.xlsx"], "closed", True)


def test_a_file_that_grows_for_ever_is_another_one(tmp_path: Path) -> None:
    """Of what is being copied, only so much is read as lay there when it was looked at."""
    growing = sparse(tmp_path / "growing.xlsx", 2**30)
    filing.copy(growing, tmp_path / "copy.xlsx", most_bytes=1000)
    assert (tmp_path / "copy.xlsx").stat().st_size <= 1000 + filing.CHUNK_BYTES
    seen = box.seen(sparse(tmp_path / "small.xlsx", 10))
    sparse(tmp_path / "small.xlsx", 2**30)
    with pytest.raises(box.Changed):
        box.take(seen, tmp_path / "taken")
    assert (tmp_path / "taken" / "small.xlsx").stat().st_size <= 10 + filing.CHUNK_BYTES


def _sleep(stop: Stop) -> None:
    with stop.at_once():
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(30)


def test_a_signal_breaks_in_while_nothing_is_sent() -> None:
    """Else it waits for the request under way."""
    stop = Stop()
    with stopped_by_signals(stop) as listen:
        listen()
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop.exit_code is ExitCode.TERMINATED
        with pytest.raises(BrokenOff), stop.at_once():
            pytest.fail("the signal came before")

        stop = Stop()
    with stopped_by_signals(stop) as listen:
        listen()
        with pytest.raises(BrokenOff):
            _sleep(stop)
        assert not stop.breaks_in


def test_a_run_that_reads_is_stopped_at_once(cli: Cli, sandbox: Sandbox, inbox: Path) -> None:
    """Exit code 143 within seconds; nothing was sent, and the file is left for the next run."""
    filled(inbox / "a.xlsx", 10)
    filled(inbox / "b.xlsx", 20, key="m")
    hang = "import importer.reading.bounded_child as b, time\n"
    hang += "def ask(*_):\n    open('reads', 'w').close()\n    time.sleep(40)\nb.ask = ask\n"
    running = cli.at(sandbox).start("run", "--json", before=hang, **AUTO)
    appeared(cli.folder / "reads")
    running.signal(signal.SIGTERM)
    done = running.wait()
    assert (done.exit_code, outcomes(done)) == (143, {"a.xlsx": "left", "b.xlsx": "left"})
    assert "stopped before anything of it was sent" in message(done, "a.xlsx")
    assert (posts(sandbox), lying(inbox)) == (0, ["a.xlsx", "b.xlsx"])
    assert cli.at(sandbox).run("run", **AUTO).exit_code == 0


@pytest.mark.parametrize("waits", ["for whoever writes", "for Kantata"])
def test_a_run_that_waits_is_stopped_at_once(cli: Cli, sandbox: Sandbox, inbox: Path, waits: str) -> None:
    """For files that may still be written, or to ask again about what is in doubt; else it would wait an hour."""
    filled(inbox / "a.xlsx", 10)
    env = {**AUTO, "IMPORTER_INBOX_SETTLE_SECONDS": "3600"}
    looks = "importer.unattended.inbox as m", "look"
    if waits == "for Kantata":
        sandbox.misbehave(Fault(FaultKind.DROP_AFTER))
        assert cli.at(sandbox).run("run", **AUTO).exit_code == 8
        sandbox.misbehave(Fault(FaultKind.STATUS_BEFORE, method="GET", status=429, times=99))
        env = {**AUTO, "IMPORTER_RETRY_SECONDS": "3600", "IMPORTER_SETTLE_SECONDS": "0"}
        looks = "importer.kantata.connection as m", "seconds_of"
    module, name = looks
    before = f"import {module}\nwhole = m.{name}\ndef marked(*given):\n    open('waits', 'w').close()\n"
    before += f"    return whole(*given)\nm.{name} = marked\n"
    running = cli.at(sandbox).start("run", "--json", before=before, **env)
    appeared(cli.folder / "waits")
    running.signal(signal.SIGTERM)
    done = running.wait()
    assert "The run was stopped." in message(done, "a.xlsx")


def test_a_run_does_not_wait_for_the_annotated_copy_once_it_is_stopped(cli: Cli, inbox: Path) -> None:
    """What became of the file is on record by then."""
    filled(inbox / "a.xlsx", "no amount", total=None)
    hang = "import importer.flow.submit as f, time\n"
    hang += "def annotate(*_, **more):\n    open('marks', 'w').close()\n    time.sleep(40)\nf.annotate = annotate\n"
    running = cli.start("run", "--json", before=hang, **A_TOKEN, **AUTO)
    appeared(cli.folder / "marks")
    running.signal(signal.SIGTERM)
    assert outcomes(running.wait()) == {"a.xlsx": "failed"}


def test_each_file_has_a_deadline() -> None:
    """Whatever holds it up: here a search that goes through all ways to divide a text."""
    with pytest.raises(FileProblem) as refused, deadline("a.xlsx", 0.3):
        re.match("(?:a+)+$", "a" * 60 + "b")
    assert (refused.value.code, "a.xlsx was not read and compared within 0.005 minutes" in str(refused.value)) == (
        "file.too_slow",
        True,
    )
    with deadline("a.xlsx", 0.05):
        pass
    time.sleep(0.1)
    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL
