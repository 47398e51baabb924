"""One submit per account and ledger at a time, in both kinds of ledger; a dead one blocks nobody."""

from __future__ import annotations

import getpass
import itertools
import re
import socket
import stat
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from plans import ACCOUNT
from scripted import Scripted, created

from importer import sandbox as stand_in
from importer.ledger.opening import open_ledger
from importer.model.errors import LedgerProblem, LockedByAnother

if TYPE_CHECKING:
    from collections.abc import Iterator

    import sqlalchemy as sa
    from programs import Cli, Running
    from scripted import Request


@dataclass
class Desk:
    """The program at a server that keeps the second invoice waiting until the test lets it go."""

    cli: Cli
    server: Scripted
    go_on: threading.Event

    def start(self) -> Running:
        """Start a submit; return once it is busy with its second invoice."""
        running = self.cli.start("submit", self.cli.fees(3), "--yes", "--json", "--offline")
        end = time.monotonic() + 120
        while len(self.server.posts) < 2 and time.monotonic() < end:
            time.sleep(0.005)
        return running


@pytest.fixture
def desk(cli: Cli, ledger_place: sa.URL) -> Iterator[Desk]:
    """Return the program with a ledger of either kind."""
    if ledger_place.drivername != "sqlite":
        cli.env["IMPORTER_LEDGER"] = ledger_place.render_as_string(hide_password=False)
    go_on, ids = threading.Event(), itertools.count(1)

    def answer(request: Request) -> bytes:
        if request.method != "POST":  # an invoice is read back; only sending waits
            return created(1)
        number = next(ids)
        if number == 2:
            go_on.wait(30)
        return created(number)

    with Scripted([answer]) as server:
        env = {
            **cli.env,
            "KANTATA_BASE_URL": server.base_url,
            "KANTATA_TOKEN": "t",
            "IMPORTER_READ_TIMEOUT_SECONDS": "60",
        }
        yield Desk(replace(cli, env=env), server, go_on)
        go_on.set()


def test_a_second_submit_ends_at_once_and_names_the_holder(desk: Desk) -> None:
    """Exit 7 without waiting: who holds it, which run, for how long; nothing sent. The first one is not disturbed."""
    first = desk.start()
    second = desk.cli.run("submit", desk.cli.fees(3, name="other.csv"), "--yes", "--json")
    assert second.exit_code == 7, "and the first one was still at it"
    [problem] = second.document["problems"]
    assert problem["code"] == "ledger.locked"
    who = re.escape(f"{getpass.getuser()}@{socket.gethostname()}")
    said = re.search(rf"{who}, run (\d{{8}}-\d{{6}}-[0-9a-f]{{4}}), for less than a minute", problem["message"])
    assert said is not None, problem
    assert problem["message"] in second.stderr
    assert len(desk.server.posts) == 2
    desk.go_on.set()
    done = first.wait()
    assert (done.exit_code, done.statuses) == (0, ["created"] * 3)
    assert said[1] == done.document["run_id"]


def test_reconcile_waits_for_nobody_either(desk: Desk) -> None:
    """It would settle what the first one is about to note; preview and history only look."""
    first = desk.start()
    assert desk.cli.run("reconcile").exit_code == 7
    preview = desk.cli.run("preview", desk.cli.folder / "october.csv", "--json", "--offline")
    assert preview.statuses == ["already_created", "in_doubt", "ready"], "what is under way may exist, or not"
    assert desk.cli.run("history").exit_code == 0
    desk.go_on.set()
    assert first.wait().exit_code == 0


def test_a_lock_left_by_a_killed_run_does_not_block(desk: Desk) -> None:
    """What it had under way is in doubt; the rest is sent."""
    desk.start().kill()
    done = desk.cli.run("submit", desk.cli.folder / "october.csv", "--yes", "--json", "--offline")
    assert (done.exit_code, done.statuses) == (8, ["already_created", "in_doubt", "created"])


def test_a_run_that_ended_leaves_no_holder(desk: Desk, ledger_place: sa.URL) -> None:
    """So that nobody is told of it later."""
    assert desk.cli.run("submit", desk.cli.fees(1), "--yes", "--quiet", "--offline").exit_code == 0
    place = ledger_place if ledger_place.drivername != "sqlite" else desk.cli.ledger
    ledger = open_ledger(place, desk.server.base_url)
    assert len(ledger.runs()) == 1
    assert ledger.holder() is None
    ledger.close()


def test_another_account_is_not_blocked(desk: Desk) -> None:
    """Two servers are two accounts: both may be at work over one ledger."""
    first = desk.start()
    with stand_in.start() as other:
        sheet = desk.cli.fees(2, name="other.csv")
        second = desk.cli.at(other).run("submit", sheet, "--yes", "--json")
        assert (second.exit_code, second.statuses, len(other.invoices())) == (0, ["created"] * 2, 2)
    assert len(desk.server.posts) == 2, "the first one was still at it"
    desk.go_on.set()
    assert first.wait().exit_code == 0


def test_exclusive_lets_one_in_and_the_next_after_it(ledger_place: sa.URL) -> None:
    """Also within one process, also after an error; the account counts, not the ledger alone."""
    one, two, other = (open_ledger(ledger_place, account) for account in (ACCOUNT, ACCOUNT, "another"))
    with one.exclusive("run-1"):
        with pytest.raises(LockedByAnother, match="run run-1, for less than") as caught, two.exclusive("run-2"):
            pass
        assert int(caught.value.exit_code) == 7
        with other.exclusive("run-3"):
            pass
    with pytest.raises(ZeroDivisionError), two.exclusive("run-4"):
        _ = 1 / 0
    with one.exclusive("run-5"):
        pass
    for ledger in (one, two, other):
        ledger.close()


def test_an_error_inside_keeps_its_name(ledger_place: sa.URL) -> None:
    """What a run raises while it holds the lock is not taken for a busy lock."""
    ledger = open_ledger(ledger_place, ACCOUNT)
    for error in (LedgerProblem("broken"), FileNotFoundError("gone"), TimeoutError("late")):
        with pytest.raises(type(error), match=str(error)), ledger.exclusive("run-1"):
            raise error
    ledger.close()


def test_the_lock_file_is_the_owners_and_lies_beside_the_ledger(tmp_path: Path) -> None:
    """Nobody else can hold it, or read it."""
    ledger = open_ledger(tmp_path / "l.sqlite", ACCOUNT)
    with ledger.exclusive("run-1"):
        [lock] = tmp_path.glob("l.sqlite.*.lock")
        assert stat.S_IMODE(lock.stat().st_mode) == 0o600
    ledger.close()


def test_a_lock_that_cannot_be_made_is_said(unprivileged: Path) -> None:
    """The lock file belongs to somebody else: a ledger problem with its path, no crash."""
    path = unprivileged / "l.sqlite"
    ledger = open_ledger(path, ACCOUNT)
    with ledger.exclusive("run-1"):
        pass
    for lock in unprivileged.glob("*.lock"):
        lock.unlink()
    [name] = [f"{path}.{digest}.lock" for digest in [_digest()]]
    Path(name).touch()
    Path(name).chmod(0o000)
    with pytest.raises(LedgerProblem, match=re.escape(name)), ledger.exclusive("run-2"):
        pass
    ledger.close()


def _digest() -> str:
    import hashlib

    return hashlib.sha256(ACCOUNT.encode()).digest()[:4].hex()
