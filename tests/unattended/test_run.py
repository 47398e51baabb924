"""``run``: what is taken from the inbox, behind which gate it is sent, and where it lies afterwards."""

from __future__ import annotations

import errno
import gc
import hashlib
import os
import shutil
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock
from inboxes import aged, filled, lying, put_away
from scripted import Scripted, created

from importer.flow.unattended_guards import gates_set
from importer.model.sheet import ControlTotals
from importer.sandbox.faults import Fault, FaultKind
from importer.settings.loading import load
from importer.unattended import filing
from importer.unattended import inbox as box

if TYPE_CHECKING:
    from programs import Cli, Finished

    from importer.sandbox.running import Sandbox

A_TOKEN = {"KANTATA_TOKEN": "x"}
AUTO = {"IMPORTER_UNATTENDED": "true", "IMPORTER_INBOX_SETTLE_SECONDS": "0.1"}


@pytest.fixture
def inbox(cli: Cli) -> Path:
    """Return the inbox, in the working directory of the program."""
    folder = cli.folder / "inbox"
    folder.mkdir()
    return folder


def outcomes(done: Finished) -> dict[str, str]:
    """File → what became of it."""
    return {one["name"]: one["outcome"] for one in done.document["files"]}


def message(done: Finished, name: str) -> str:
    """What was said of a file."""
    return next(one["message"] for one in done.document["files"] if one["name"] == name)


def posts(sandbox: Sandbox) -> int:
    """How many invoices were sent."""
    return len([one for one in sandbox.received() if one.method == "POST"])


def test_the_memory_of_a_file_is_free_for_the_next(cli: Cli, sandbox: Sandbox, inbox: Path) -> None:
    """Reading a large sheet keeps its records from the collector of garbage; not beyond this file."""
    filled(inbox / "a.xlsx", 10)
    assert cli.at(sandbox).run("run", "--json", **AUTO).exit_code == 0
    assert gc.get_freeze_count() == 0


# --- gates ---------------------------------------------------------------------------------


def test_nothing_is_sent_without_leave(cli: Cli, sandbox: Sandbox, inbox: Path) -> None:
    """Not without unattended = true, and not without a gate; the file waits in the inbox and no report is kept."""
    filled(inbox / "a.xlsx", 10)
    filled(inbox / "b.xlsx", 20, total=None, key="b")
    here = cli.at(sandbox)
    first = here.run("run", "--json", IMPORTER_INBOX_SETTLE_SECONDS="0")
    assert (first.exit_code, outcomes(first)) == (9, {"a.xlsx": "left", "b.xlsx": "left"})
    assert "unattended = true" in message(first, "a.xlsx")
    second = here.run("run", "--json", **AUTO)
    assert (second.exit_code, outcomes(second)) == (9, {"a.xlsx": "done", "b.xlsx": "left"})
    assert "Expected total" in message(second, "b.xlsx")
    assert (posts(sandbox), lying(inbox)) == (1, ["b.xlsx"])
    assert [one.name[21:] for one in (cli.folder / "reports").iterdir()] == ["a"]


def test_a_cover_that_expects_something_else_refuses_the_file(cli: Cli, sandbox: Sandbox, inbox: Path) -> None:
    """Nothing is sent, the file goes to failed/ with its rows to fix, and both amounts are named."""
    filled(inbox / "a.xlsx", 10, 20, total=31)
    done = cli.at(sandbox).run("run", "--json", **AUTO)
    assert (done.exit_code, outcomes(done), posts(sandbox)) == (9, {"a.xlsx": "failed"}, 0)
    assert "the sheet has 30.00, but 31.00 was expected" in message(done, "a.xlsx")


def test_the_cover_guards_a_submit_by_hand_too(cli: Cli, sandbox: Sandbox) -> None:
    """The totals that a workbook states hold for every submit; a flag overrules them."""
    sheet = filled(cli.folder / "a.xlsx", 10, 20, total=31)
    assert cli.at(sandbox).run("submit", sheet, "--yes").exit_code == 9
    assert cli.at(sandbox).run("submit", sheet, "--yes", "--expect-total", "30").exit_code == 0


@pytest.mark.parametrize("cell", ["a lot", "1.000,00", None, True, 10.005, "10.5"])
def test_an_expected_total_that_cannot_be_read_is_an_error(
    cli: Cli, sandbox: Sandbox, inbox: Path, cell: object
) -> None:
    """A gate must not stand open by mistake; the cell is named."""
    import openpyxl

    path = filled(inbox / "a.xlsx", 10, total=5)
    book = openpyxl.load_workbook(path)
    book["Cover"]["B1"] = cell
    book.save(path)
    done = cli.at(sandbox).run("run", "--json", **AUTO)
    assert (done.exit_code, outcomes(done), posts(sandbox)) == (3, {"a.xlsx": "failed"}, 0)
    [problem] = done.document["files"][0]["report"]["problems"]
    assert (problem["sheet"], problem["cell"]) == ("Cover", "B1")


def test_what_counts_as_a_gate() -> None:
    """What the cover expects; limits of the settings count once they are set."""
    settings = load()
    assert gates_set(settings, ControlTotals()) == ()
    assert gates_set(settings, ControlTotals(invoices=0)) == ("the sheet Cover",)


# --- what is taken -------------------------------------------------------------------------


def test_only_whole_workbooks_are_taken(cli: Cli, sandbox: Sandbox, inbox: Path) -> None:
    """Lock files, links, other formats, folders and hidden files stay; what may be a workbook is told with why."""
    filled(inbox / "open.xlsx", 10)
    (inbox / "~$open.xlsx").write_text("Anna")
    outside = filled(cli.folder / "outside.xlsx", 20)
    (inbox / "link.xlsx").symlink_to(outside)
    filled(inbox / ".hidden.xlsx", 30)
    filled(inbox / "old.numbers", 40)
    (inbox / "letter.pdf").write_text("x")
    filled(inbox / "year" / "deep.xlsx", 50)
    os.mkfifo(inbox / "pipe.csv")
    filled(inbox / "Straße  mit Lücken.XLSX", 60, key="s")
    done = cli.at(sandbox).run("run", "--json", **AUTO)
    assert done.exit_code == 3
    assert outcomes(done) == {
        "letter.pdf": "left",
        "link.xlsx": "left",
        "old.numbers": "left",
        "open.xlsx": "left",
        "pipe.csv": "left",
        "year": "left",
        "Straße  mit Lücken.XLSX": "done",
    }
    assert "~$open.xlsx" in message(done, "open.xlsx")
    assert posts(sandbox) == 1
    assert (inbox / "year" / "deep.xlsx").exists()
    assert "Straße  mit Lücken.XLSX" in put_away(inbox, "done")


def test_the_oldest_comes_first(cli: Cli, sandbox: Sandbox, inbox: Path) -> None:
    """By the time of the last change, whatever the name; also with times of the future, after a clock that jumped."""
    filled(inbox / "a.xlsx", 10, age=-90_000, key="a")
    filled(inbox / "b.xlsx", 20, age=500, key="b")
    filled(inbox / "c.xlsx", 30, age=50, key="c")
    done = cli.at(sandbox).run("run", "--json", **AUTO)
    assert list(outcomes(done)) == ["b.xlsx", "c.xlsx", "a.xlsx"]
    assert done.exit_code == 0


def test_a_file_that_is_still_being_written_waits(cli: Cli, sandbox: Sandbox, inbox: Path) -> None:
    """It grows between two looks: not taken, exit code 0; the next run takes it whole."""
    sheet = filled(cli.folder / "a.xlsx", 10, 20)
    whole = sheet.read_bytes()
    (inbox / "a.xlsx").write_bytes(whole[:2000])
    grow = (
        "from importer.sending.throttle import Stop\n"
        f"Stop.wait = lambda *_: open({str(inbox / 'a.xlsx')!r}, 'ab').write(b'x')\n"
    )
    done = cli.at(sandbox).start("run", "--json", before=grow, **AUTO).wait()
    assert (done.exit_code, outcomes(done), posts(sandbox)) == (0, {"a.xlsx": "left"}, 0)
    assert "still being written" in message(done, "a.xlsx")
    (inbox / "a.xlsx").write_bytes(whole)
    assert cli.at(sandbox).run("run", **AUTO).exit_code == 0
    assert posts(sandbox) == 2


def test_a_missing_inbox_is_no_empty_one(cli: Cli, sandbox: Sandbox) -> None:
    """A network drive that is gone must not look like a month without invoices: exit code 2."""
    done = cli.at(sandbox).run("run", **AUTO)
    assert done.exit_code == 2
    assert "is not there" in done.stderr


def test_an_empty_inbox_is_nothing_to_do(cli: Cli, inbox: Path) -> None:
    """Exit code 0, also without a token; a line says so."""
    done = cli.run("run")
    assert (done.exit_code, done.stdout) == (0, f"Nothing to do: no workbook in {inbox.name}.\n")


def test_an_inbox_that_cannot_be_written_stops_before_sending(cli: Cli, sandbox: Sandbox, inbox: Path) -> None:
    """Where the file should go is a file: exit code 2, nothing sent."""
    filled(inbox / "a.xlsx", 10)
    (inbox / "done").write_text("not a folder")
    done = cli.at(sandbox).run("run", **AUTO)
    assert (done.exit_code, posts(sandbox), lying(inbox)) == (2, 0, ["a.xlsx", "done"])
    assert "done" in done.stderr


@pytest.mark.parametrize("how", ["import shutil; shutil.rmtree(b)", "os.rename(b, b + '2'); os.mkdir(b)"])
def test_an_inbox_that_goes_away_meanwhile_is_said(cli: Cli, sandbox: Sandbox, inbox: Path, how: str) -> None:
    """A network drive that drops out, or leaves an empty folder behind, is no file that is being written: exit 2."""
    filled(inbox / "a.xlsx", 10)
    gone = "from importer.sending.throttle import Stop\nimport os\n"
    gone += f"b = {str(inbox)!r}\ndef gone(*_):\n    {how}\nStop.wait = gone\n"
    done = cli.at(sandbox).start("run", before=gone, **AUTO).wait()
    assert (done.exit_code, posts(sandbox)) == (2, 0)
    assert f"The inbox {inbox.name} is gone" in done.stderr


def test_an_inbox_that_goes_away_between_two_files(cli: Cli, sandbox: Sandbox, inbox: Path) -> None:
    """The first one is answered; the others are left, with exit code 2."""
    filled(inbox / "a.xlsx", 10, age=90, key="a")
    filled(inbox / "b.xlsx", 20, key="b")
    gone = (
        "import importer.unattended.handling as r, os\nfiled = r._filed\ndef gone(*a):\n    result = filed(*a)\n"
        f"    os.rename({str(inbox)!r}, {str(inbox) + '2'!r})\n    return result\nr._filed = gone\n"
    )
    done = cli.at(sandbox).start("run", "--json", before=gone, **AUTO).wait()
    assert (done.exit_code, outcomes(done)) == (2, {"a.xlsx": "done", "b.xlsx": "left"})
    assert "is gone" in message(done, "b.xlsx")


def test_a_file_that_is_taken_away_meanwhile_is_no_error(cli: Cli, sandbox: Sandbox, inbox: Path) -> None:
    """Somebody thought better of it: said as that, exit code 0."""
    sheet = filled(inbox / "a.xlsx", 10)
    taken = f"from importer.sending.throttle import Stop\nimport os\nStop.wait = lambda *_: os.remove({str(sheet)!r})\n"
    done = cli.at(sandbox).start("run", "--json", before=taken, **AUTO).wait()
    assert (done.exit_code, message(done, "a.xlsx")) == (0, "Somebody took it away.")


def test_results_of_a_file_that_stays_are_kept(cli: Cli, sandbox: Sandbox, inbox: Path) -> None:
    """The ledger fails after the results were written: the file waits, and nothing told about money is deleted."""
    filled(inbox / "a.xlsx", 10)
    fail = (
        "import importer.unattended.handling as r\nfrom importer.model.errors import LedgerProblem\n"
        "carry_out = r.carry_out\ndef fail(*a):\n    carry_out(*a)\n    raise LedgerProblem('planted')\n"
        "r.carry_out = fail\n"
    )
    done = cli.at(sandbox).start("run", "--json", before=fail, **AUTO).wait()
    assert (done.exit_code, outcomes(done), posts(sandbox)) == (2, {"a.xlsx": "left"}, 1)
    assert len(list((cli.folder / "reports").rglob("*-results.xlsx"))) == 1


# --- exactly once, whatever happens ----------------------------------------------------------


def test_the_same_content_again_does_nothing_and_says_so(cli: Cli, sandbox: Sandbox, inbox: Path) -> None:
    """Under another name, in another run: done/, with the run that billed it; both copies are kept."""
    sheet = filled(cli.folder / "a.xlsx", 10, 20)
    for name in ("first.xlsx", "second.xlsx", "first.xlsx"):
        shutil.copy(sheet, inbox / name)
        done = cli.at(sandbox).run("run", "--json", **AUTO)
        assert (done.exit_code, outcomes(done), posts(sandbox)) == (0, {name: "done"}, 2)
    assert "billed just this content" in message(done, "first.xlsx")
    kept = [one for one in put_away(inbox, "done") if one in ("first.xlsx", "second.xlsx")]
    assert kept == ["first.xlsx", "first.xlsx", "second.xlsx"]


def test_content_whose_invoices_are_gone_is_looked_at_again(cli: Cli, sandbox: Sandbox, inbox: Path) -> None:
    """After one of its invoices was undone the same file is no longer done: nobody is left unbilled silently."""
    import sqlite3

    sheet = filled(cli.folder / "a.xlsx", 10, 20)
    shutil.copy(sheet, inbox / "a.xlsx")
    cli.at(sandbox).run("run", **AUTO)
    with sqlite3.connect(cli.ledger) as ledger:
        ledger.execute("UPDATE invoices SET state = 'free', reached_by = 'absent' WHERE invoice_key = 'k0'")
    ledger.close()
    shutil.copy(sheet, inbox / "a.xlsx")
    done = cli.at(sandbox).run("run", "--json", **AUTO)
    assert done.document["files"][0]["report"]["totals"]["by_status"] == {"already_created": 2}


@pytest.mark.parametrize("at", ["take", "examine", "carry_out", "_filed", "store", "move", "note_moved"])
def test_a_crash_at_any_moment_loses_nothing_and_bills_once(cli: Cli, sandbox: Sandbox, inbox: Path, at: str) -> None:
    """Killed before or after each step: the next run brings the file to an end, wherever it lies by then."""
    rooms = {"take": "box", "examine": "r", "carry_out": "r", "_filed": "r", "note_moved": "files.InboxFiles"}
    where = rooms.get(at, "filing")
    before = "import importer.unattended.inbox as box, importer.unattended.filing as filing\n"
    before += "import importer.unattended.handling as r, importer.ledger.inbox_files as files, os\n"
    before += f"{where}.{at} = lambda *a: os._exit(99)\n"
    digest = hashlib.sha256(filled(inbox / "a.xlsx", 10, 20).read_bytes()).hexdigest()
    assert cli.at(sandbox).start("run", before=before, **AUTO).wait().exit_code == 99
    assert lying(inbox) == ["a.xlsx"] * (at != "note_moved")
    done = cli.at(sandbox).run("run", "--json", **AUTO)
    assert (done.exit_code, outcomes(done), posts(sandbox), lying(inbox)) == (0, {"a.xlsx": "done"}, 2, [])
    [kept] = list((inbox / "done").rglob("a.xlsx"))
    assert hashlib.sha256(kept.read_bytes()).hexdigest() == digest


def test_killed_while_sending_it_is_in_doubt_and_moves_there(cli: Cli, inbox: Path) -> None:
    """The answer to one invoice was lost: in-doubt/, exit code 8, with its results; it is not sent again."""
    filled(inbox / "a.xlsx", 10, 20)
    with Scripted([b"", created()]) as server:
        env = {"KANTATA_TOKEN": "x", "KANTATA_BASE_URL": server.base_url, **AUTO}
        look = "import importer.flow.preview as p, importer.flow.submit as s\n"
        look += "p.with_earlier_invoices = s.with_earlier_invoices = lambda prepared, *_: prepared\n"
        look += "p.check_records = s.check_records = lambda prepared, api, go_on: prepared\n"
        look += "s.read_again = lambda planned, connect: planned\n"
        done = cli.start("run", "--json", before=look, **env).wait()
        assert (done.exit_code, outcomes(done)) == (8, {"a.xlsx": "in_doubt"})
        assert len(server.posts) == 2
    assert "a.xlsx" in put_away(inbox, "in-doubt")


def test_kantata_away_leaves_the_files_for_the_next_run(cli: Cli, sandbox: Sandbox, inbox: Path) -> None:
    """Exit code 6; all of them stay, only the first one is tried, and what was told of it is kept."""
    filled(inbox / "a.xlsx", 10, age=90, key="a")
    filled(inbox / "b.xlsx", 20, key="b")
    done = cli.run("run", "--json", **AUTO, **A_TOKEN)
    assert (done.exit_code, outcomes(done)) == (6, {"a.xlsx": "left", "b.xlsx": "left"})
    assert "because of a.xlsx" in message(done, "b.xlsx")
    assert lying(inbox) == ["a.xlsx", "b.xlsx"]
    [kept] = (cli.folder / "reports").iterdir()
    assert [one.name for one in kept.glob("*-results.xlsx")] != []
    assert cli.at(sandbox).run("run", **AUTO).exit_code == 0
    assert posts(sandbox) == 2


def test_a_file_that_waits_is_left_to_the_next_run(cli: Cli, sandbox: Sandbox, inbox: Path) -> None:
    """Kantata throttles: no person has to submit the file again, and its message says so."""
    filled(inbox / "a.xlsx", 10)
    sandbox.misbehave(Fault(FaultKind.STATUS_BEFORE, method="POST", status=429, times=99))
    done = cli.at(sandbox).run("run", "--json", **AUTO)
    assert (done.exit_code, outcomes(done)) == (6, {"a.xlsx": "left"})
    assert "The next run tries again; nothing is sent twice." in message(done, "a.xlsx")


def test_a_missing_token_leaves_the_files(cli: Cli, inbox: Path) -> None:
    """Exit code 2, with where to put the token."""
    filled(inbox / "a.xlsx", 10)
    done = cli.run("run", "--json", **AUTO)
    assert (done.exit_code, lying(inbox)) == (2, ["a.xlsx"])
    assert "KANTATA_TOKEN_FILE" in message(done, "a.xlsx")


def test_a_permission_that_one_project_lacks_does_not_block_the_inbox(cli: Cli, sandbox: Sandbox, inbox: Path) -> None:
    """Only a person can mend it: failed/ with its rows to fix, exit code 5, and the next file has its turn."""
    csv = inbox / "a.csv"
    csv.write_text("Project ID,Item type,Amount,Net days\n101,Fixed fee,100,30\n")
    aged(csv, 90)
    filled(inbox / "b.xlsx", 20)
    here = cli.at(sandbox)
    sandbox.misbehave(Fault(FaultKind.STATUS_BEFORE, status=403))
    assert here.run("approve", csv, "--yes").exit_code == 0
    done = here.run("run", "--json", **AUTO)
    assert (done.exit_code, outcomes(done)) == (5, {"a.csv": "failed", "b.xlsx": "done"})


def test_two_runs_at_once(cli: Cli, sandbox: Sandbox, inbox: Path) -> None:
    """The second one ends with 7 at once, whether the inbox or the account is taken; nothing is touched."""
    filled(inbox / "a.xlsx", 10)
    with FileLock(inbox / ".invoice-importer.lock"):
        done = cli.at(sandbox).run("run", **AUTO)
    assert (done.exit_code, posts(sandbox), lying(inbox)) == (7, 0, ["a.xlsx"])
    holding = "import importer.flow.submit as s, time, pathlib\n"
    holding += "def wait(*a):\n    pathlib.Path('held').touch()\n    time.sleep(600)\ns.prepare = wait\n"
    other = cli.at(sandbox).start("submit", cli.fees(1), "--yes", before=holding)
    while not (cli.folder / "held").exists():
        time.sleep(0.02)
    done = cli.at(sandbox).run("run", "--json", **AUTO)
    other.kill()
    assert (done.exit_code, outcomes(done), posts(sandbox)) == (7, {"a.xlsx": "left"}, 0)


def test_a_signal_ends_the_run_after_the_request_under_way(cli: Cli, sandbox: Sandbox, inbox: Path) -> None:
    """Exit code 143; what was not begun stays in the inbox, and the next run bills the rest."""
    filled(inbox / "a.xlsx", *range(10, 30))
    slow = "import importer.sending.sender as s, time\nsend = s.Sender._send\n"
    slow += "def slowly(self, one):\n    self.stop.asked or time.sleep(0.3)\n"
    slow += "    return send(self, one)\ns.Sender._send = slowly\n"
    running = cli.at(sandbox).start("run", "--json", before=slow, **AUTO)
    while not posts(sandbox):
        time.sleep(0.02)
    running.signal(signal.SIGTERM)
    done = running.wait()
    assert (done.exit_code, outcomes(done), lying(inbox)) == (143, {"a.xlsx": "left"}, ["a.xlsx"])
    assert 0 < posts(sandbox) < 20
    assert cli.at(sandbox).run("run", **AUTO).exit_code == 0
    assert posts(sandbox) == 20


def test_each_file_is_read_and_looked_up_once(cli: Cli, sandbox: Sandbox, inbox: Path) -> None:
    """What was examined is what is sent: one read, one question for each kind of record, as in a submit."""
    filled(inbox / "a.xlsx", 10, 20)
    counted = (
        "import importer.flow.reading_in as p\nread = p.read_sheet\n"
        "def count(path, *a):\n    open('reads', 'a').write(path.name + ' ')\n    return read(path, *a)\n"
        "p.read_sheet = count\n"
    )
    done = cli.at(sandbox).start("run", "--json", before=counted, **AUTO).wait()
    assert (done.exit_code, outcomes(done), posts(sandbox)) == (0, {"a.xlsx": "done"}, 2)
    assert (cli.folder / "reads").read_text() == "a.xlsx "
    asked = [(request.path, sorted(request.query)) for request in sandbox.received("GET")]
    assert len(asked) == len({str(question) for question in asked}), asked
    assert [path for path, _ in asked] == ["/invoices", "/invoices", "/workspaces"]


def test_an_unexpected_error_of_one_file_does_not_stop_the_others(cli: Cli, sandbox: Sandbox, inbox: Path) -> None:
    """Exit code 1, the file in failed/, the traceback in the log; the next one is billed."""
    filled(inbox / "a.xlsx", 10, age=90, key="a")
    filled(inbox / "b.xlsx", 20, key="b")
    crash = (
        "import importer.unattended.handling as r\nexamine = r.examine\n"
        "def crash(wish, *a):\n    if wish.path.name == 'a.xlsx': raise RuntimeError('planted')\n"
        "    return examine(wish, *a)\nr.examine = crash\n"
    )
    done = cli.at(sandbox).start("run", "--json", before=crash, **AUTO).wait()
    assert (done.exit_code, outcomes(done)) == (1, {"a.xlsx": "failed", "b.xlsx": "done"})
    assert any("planted" in one.read_text() for one in Path.home().rglob("log.jsonl"))


def test_a_workbook_that_is_none_fails_with_the_reason(cli: Cli, sandbox: Sandbox, inbox: Path) -> None:
    """What cannot be read goes to failed/ with a text that says what happened."""
    (inbox / "a.xlsx").write_bytes(b"PK\x03\x04 no workbook")
    done = cli.at(sandbox).run("run", "--json", **AUTO)
    assert (done.exit_code, outcomes(done)) == (3, {"a.xlsx": "failed"})
    [text] = (inbox / "failed").rglob("what-happened.txt")
    assert message(done, "a.xlsx") in text.read_text()


# --- moving files ----------------------------------------------------------------------------


def seen(path: Path) -> box.Candidate:
    """A file as the inbox saw it."""
    [found] = [one for one in box.look(path.parent, 2**30)[0] if one.path == path]
    return found


def test_a_move_never_overwrites(tmp_path: Path) -> None:
    """A file of the same name at the target stays as it is."""
    sheet, target = filled(tmp_path / "in" / "a.xlsx", 10), tmp_path / "out"
    target.mkdir()
    (target / "a.xlsx").write_text("older")
    digest = filing.sha256_of(sheet)
    assert filing.move(sheet, digest, target)
    assert (target / "a.xlsx").read_text() == "older"
    assert filing.sha256_of(target / "a (2).xlsx") == digest


@pytest.mark.parametrize("across", [False, True])
def test_a_file_that_was_replaced_meanwhile_stays_in_the_inbox(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, across: bool
) -> None:
    """What was not handled is not put away, whether it moves within a file system or across."""
    sheet, target = filled(tmp_path / "in" / "a.xlsx", 10), tmp_path / "out"
    target.mkdir()
    digest = filing.sha256_of(sheet)
    new = filled(sheet, 99).read_bytes()
    if across:
        monkeypatch.setattr(Path, "rename", refusing)
    assert not filing.move(sheet, digest, target)
    assert sheet.read_bytes() == new
    assert list(target.iterdir()) == []


def refusing(_self: Path, _target: Path) -> Path:
    """Refuse to rename, as the system does between file systems."""
    raise OSError(errno.EXDEV, "Invalid cross-device link")


def test_a_move_across_file_systems_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Copied, compared, and only then deleted."""
    sheet, target = filled(tmp_path / "in" / "a.xlsx", 10), tmp_path / "out"
    target.mkdir()
    digest = filing.sha256_of(sheet)
    monkeypatch.setattr(Path, "rename", refusing)
    assert filing.move(sheet, digest, target)
    assert (filing.sha256_of(target / "a.xlsx"), sheet.exists()) == (digest, False)


@pytest.mark.parametrize("at", ["fsync", "link"])
def test_a_move_that_fails_leaves_the_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    """A full disk while it is copied, or while it gets its name: whole in the inbox, no part of it at the target."""
    sheet, target = filled(tmp_path / "in" / "a.xlsx", 10), tmp_path / "out"
    target.mkdir()
    digest = filing.sha256_of(sheet)

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "rename", refusing)
    monkeypatch.setattr(filing.os, at, full)
    monkeypatch.setattr(filing.os, "rename", full)
    with pytest.raises(OSError, match="No space"):
        filing.move(sheet, digest, target)
    assert (filing.sha256_of(sheet), list(target.iterdir())) == (digest, [])


def test_a_copy_gets_its_name_when_it_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever looks into the folder meanwhile sees no workbook that is half there; one that lies there stays."""
    sheet, target = filled(tmp_path / "in" / "a.xlsx", 10), tmp_path / "out"
    target.mkdir()
    copy = filing.copy

    def looking(source: Path, partial: Path) -> str:
        digest = copy(source, partial)
        assert [one.suffix for one in target.glob("*") if one.name != "b.xlsx"] == [".partial"]
        return digest

    monkeypatch.setattr(filing, "copy", looking)
    assert filing.copy_whole(sheet, target / "a.xlsx")
    (target / "a.xlsx").rename(target.parent / "elsewhere.xlsx")
    (target / "b.xlsx").write_text("older")
    with pytest.raises(FileExistsError):
        filing.copy_whole(sheet, target / "b.xlsx")
    assert {one.name for one in target.iterdir()} == {"b.xlsx"}
    assert (target / "b.xlsx").read_text() == "older"


def test_a_copy_of_a_file_that_changes_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody saves while it is copied: nothing is done with it."""
    sheet = filled(tmp_path / "in" / "a.xlsx", 10)
    was, copy = seen(sheet), box.copy

    def saved_meanwhile(source: Path, target: Path, most_bytes: int) -> str:
        digest = copy(source, target, most_bytes)
        filled(source, 11, 12)
        return digest

    monkeypatch.setattr(box, "copy", saved_meanwhile)
    with pytest.raises(box.Changed):
        box.take(was, tmp_path / "copy")
