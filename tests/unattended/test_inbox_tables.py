"""The ledger's tables of inbox files and notices: what is decided is on record before a file moves or a mail leaves."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from inboxes import MailServer, filled, lying, put_away, text_of
from test_doubts_of_a_run import AUTO, LATER, in_doubt

from importer.ledger.inbox_files import FileState
from importer.ledger.opening import open_ledger
from importer.ledger.outbox import News
from importer.sandbox.faults import FaultKind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import sqlalchemy as sa
    from programs import Cli

    from importer.ledger.ledger import SubmissionLedger
    from importer.sandbox.running import Sandbox

SHA256 = "a" * 64
KILLED = "import importer.unattended.{} as m, os\nm.{} = lambda *a: os._exit(99)\n"
"""Python that kills the program where it would call a function."""


@pytest.fixture
def ledger(ledger_place: sa.URL) -> Iterator[SubmissionLedger]:
    """Return a new ledger of either kind."""
    with closing(open_ledger(ledger_place, "account")) as opened:
        yield opened


def test_a_file_that_waits_keeps_its_row(ledger: SubmissionLedger, tmp_path: Path) -> None:
    """However often a scheduler looks at it; another content, or one that was put away, is another file."""
    files = ledger.inbox_files
    first = files.take(SHA256, "a.xlsx", "run-1-a", tmp_path)
    files.decide(replace(first, state=FileState.LEFT, reason="waits"), "run")
    second = files.take(SHA256, "a.xlsx", "run-2-a", tmp_path)
    assert (second.id, second.entry, second.state) == (first.id, "run-2-a", FileState.TAKEN)
    files.decide(replace(second, state=FileState.DONE, folder=tmp_path / "done" / "run-2-a"), "run")
    files.note_moved(second, tmp_path / "done" / "run-2-a")
    assert files.take(SHA256, "a.xlsx", "run-3-a", tmp_path).id != first.id
    assert files.take("b" * 64, "a.xlsx", "run-4-a", tmp_path).id != first.id
    assert [file.entry for file in files.in_state(FileState.DONE, SHA256)] == ["run-2-a"]


def test_two_inboxes_that_hold_the_same_file_keep_a_row_each(ledger: SubmissionLedger, tmp_path: Path) -> None:
    """Two machines share the ledger: that the second one finds it locked does not undo what the first one decides."""
    files, here, there = ledger.inbox_files, tmp_path / "here", tmp_path / "there"
    first = files.take(SHA256, "a.xlsx", "run-1-a", here)
    second = files.take(SHA256, "a.xlsx", "run-2-a", there)
    doubtful = replace(first, state=FileState.IN_DOUBT, folder=here / "in-doubt" / "run-1-a", run_id="run-1")
    files.decide(doubtful, "run")
    files.decide(replace(second, state=FileState.LEFT, folder=there, reason="locked"), "run")
    assert [(file.entry, file.run_id) for file in files.in_state(FileState.IN_DOUBT)] == [("run-1-a", "run-1")]
    assert files.take(SHA256, "a.xlsx", "run-3-a", there).id == second.id


def test_a_decision_and_its_notice_are_one_step(ledger: SubmissionLedger, tmp_path: Path) -> None:
    """What was decided and not moved is found again; what could not be done takes its notice along."""
    files, news = ledger.inbox_files, News("1", "a.xlsx: done.")
    taken = files.take(SHA256, "a.xlsx", "run-1-a", tmp_path)
    decided = replace(taken, state=FileState.DONE, folder=tmp_path / "done" / "run-1-a", moved=False)
    files.decide(decided, "run", news)
    assert [(file.entry, file.moved) for file in files.unmoved()] == [("run-1-a", False)]
    assert [queued.text for queued in ledger.outbox.unsent()] == ["a.xlsx: done."]
    files.decide(replace(taken, state=FileState.LEFT), "run", News("2", "a.xlsx: left."), withdrawn=news)
    assert files.unmoved() == []
    assert [queued.subject for queued in ledger.outbox.unsent()] == ["2"]


def test_news_is_queued_once_while_it_is_true(ledger: SubmissionLedger) -> None:
    """And again when it comes back; other topics do not matter."""
    outbox, news = ledger.outbox, News("1", "x")
    outbox.queue("run", [news, news])
    outbox.queue("reconcile", [news])
    assert len(outbox.unsent()) == 2
    outbox.end_others("run", [])
    assert (outbox.standing("run"), outbox.standing("reconcile")) == (set(), {"1"})
    outbox.queue("run", [news])
    assert len(outbox.unsent()) == 3
    outbox.note_attempt(outbox.unsent(), "address 2 failed", sent=True)
    assert outbox.unsent() == []
    assert (outbox.last_failure() or "").startswith("address 2 failed (")
    assert outbox.last_failure(heartbeat=True) is None


@pytest.mark.parametrize("step", ["filing.store", "filing.move", "notices.send"])
def test_a_run_that_is_killed_is_ended_and_reported_by_the_next_one(cli: Cli, sandbox: Sandbox, step: str) -> None:
    """Its file is in failed/ then, and its notice is sent once."""
    inbox = filled(cli.folder / "inbox" / "a.xlsx", 10, total=99).parent
    with MailServer() as mail:
        env = AUTO | {"IMPORTER_NOTIFY": mail.address}
        killed = KILLED.format(*step.split("."))
        assert cli.at(sandbox).start("run", before=killed, **env).wait().exit_code == 99
        assert mail.received == []
        for _ in range(2):
            cli.at(sandbox).run("run", **env)
        assert (lying(inbox), "a.xlsx" in put_away(inbox, "failed")) == ([], True)
        [text] = (text_of(message) for message in mail.received)
    assert text.count("a.xlsx: failed") == 1
    assert len([path for path in (inbox / "failed").iterdir() if path.is_dir()]) == 1


@pytest.mark.parametrize("step", ["filing.move", "filing.move_folder"])
def test_a_return_that_is_killed_is_ended_by_the_next_run(cli: Cli, sandbox: Sandbox, step: str) -> None:
    """A file that was settled goes back into the inbox once, and what is not billed is sent once."""
    inbox = in_doubt(cli, sandbox, FaultKind.DROP_BEFORE)
    assert cli.at(sandbox).start("run", before=KILLED.format(*step.split(".")), **AUTO).wait().exit_code == 99
    assert cli.at(sandbox).run("run", **AUTO).exit_code == 0
    assert (lying(inbox), list((inbox / "in-doubt").iterdir()), len(sandbox.invoices())) == ([], [], 2)


def test_the_ledger_names_each_file(cli: Cli, sandbox: Sandbox) -> None:
    """Content, name, folder, run and state, through a doubt to its end."""
    inbox = in_doubt(cli, sandbox, FaultKind.DROP_BEFORE)
    assert cli.at(sandbox).run("run", **LATER).exit_code == 8
    assert cli.at(sandbox).run("run", **AUTO).exit_code == 0
    with closing(sqlite3.connect(cli.ledger)) as ledger:
        rows = ledger.execute("SELECT name, state, folder, run_id IS NOT NULL FROM inbox_files ORDER BY id").fetchall()
    assert [row[:2] + row[3:] for row in rows] == [("a.xlsx", "returned", 1), ("a.xlsx", "done", 1)]
    for _, _, folder, _ in rows:
        assert folder.startswith(str(inbox / "done"))


@pytest.mark.parametrize("name", ["done", "failed", "in-doubt"])
def test_a_folder_of_the_inbox_that_is_a_link_is_refused(cli: Cli, sandbox: Sandbox, name: str) -> None:
    """Who may write into the inbox could have files put anywhere: exit code 2, nothing is sent, doctor says it too."""
    inbox = filled(cli.folder / "inbox" / "a.xlsx", 10).parent
    (cli.folder / "elsewhere").mkdir()
    (inbox / name).symlink_to(cli.folder / "elsewhere")
    done = cli.at(sandbox).run("run", **AUTO)
    assert (done.exit_code, lying(inbox), len(sandbox.invoices())) == (2, ["a.xlsx"], 0)
    assert f"{name} of the inbox is a link" in done.stderr
    assert list((cli.folder / "elsewhere").iterdir()) == []
    doctor = cli.at(sandbox).run("doctor", **AUTO)
    assert (doctor.exit_code, "of the inbox is a link" in doctor.stdout) == (2, True)


def test_a_planted_link_is_not_followed(cli: Cli, sandbox: Sandbox) -> None:
    """A note that is a link is replaced by a note; what it points to stays as it was."""
    inbox = in_doubt(cli, sandbox, FaultKind.DROP_AFTER)
    [note] = inbox.rglob("what-happened.txt")
    (private := cli.folder / "private.txt").write_text("private")
    note.unlink()
    note.symlink_to(private)
    assert cli.at(sandbox).run("run", **AUTO).exit_code == 0
    [moved] = (inbox / "done").rglob("what-happened.txt")
    assert (moved.is_symlink(), "private" in moved.read_text(), private.read_text()) == (False, False, "private")


def test_the_inbox_holds_no_state(cli: Cli, sandbox: Sandbox) -> None:
    """What was reported once is in the ledger: in the inbox lies nothing but the lock and the folders."""
    inbox = filled(cli.folder / "inbox" / "a.xlsx", 10).parent
    (inbox / "notes.txt").write_text("x")
    assert [cli.at(sandbox).run("run", **AUTO).exit_code for _ in range(2)] == [3, 0]
    names = {path.name for path in inbox.iterdir()}
    assert names == {".invoice-importer.lock", "done", "failed", "in-doubt", "notes.txt"}
    assert not list(cli.ledger.parent.glob("*.json"))


def test_a_folder_that_became_a_link_is_not_written_through(cli: Cli, sandbox: Sandbox) -> None:
    """Somebody put a link in the place of the folder of a file in doubt: what it points to stays as it was."""
    inbox = in_doubt(cli, sandbox, FaultKind.DROP_AFTER)
    [folder] = (inbox / "in-doubt").iterdir()
    folder.rename(cli.folder / "elsewhere")
    before = {path.name: path.read_bytes() for path in (cli.folder / "elsewhere").iterdir()}
    folder.symlink_to(cli.folder / "elsewhere")
    assert cli.at(sandbox).run("run", **AUTO).exit_code == 0
    assert {path.name: path.read_bytes() for path in (cli.folder / "elsewhere").iterdir()} == before


@pytest.mark.parametrize("kind", [FaultKind.DROP_BEFORE, FaultKind.DROP_AFTER])
def test_what_was_settled_is_reported_once_and_not_late(cli: Cli, sandbox: Sandbox, kind: FaultKind) -> None:
    """A file that comes back is reported when it had its turn: two mails, of the doubt and of its end."""
    with MailServer() as mail:
        in_doubt(cli, sandbox, kind, IMPORTER_NOTIFY=mail.address)
        for _ in range(2):
            assert cli.at(sandbox).run("run", **AUTO, IMPORTER_NOTIFY=mail.address).exit_code == 0
        subjects = [message["subject"] for message in mail.received]
        texts = [text_of(message) for message in mail.received]
    assert len(texts) == 2, subjects
    assert not any("late notice" in subject for subject in subjects)
    assert not any("Not delivered before" in text for text in texts)
    assert "a.xlsx: done." in texts[1]


def test_a_file_that_waits_for_another_run_is_not_reported(cli: Cli, sandbox: Sandbox) -> None:
    """The other run reports what it does; neither at once nor late is there a mail that it was at work."""
    inbox = filled(cli.folder / "inbox" / "a.xlsx", 10).parent
    locked = "import importer.unattended.handling as h\nfrom importer.model.errors import LockedByAnother\n"
    locked += "def busy(*a, **k):\n    raise LockedByAnother('Another run is at work.')\n"
    with MailServer() as mail:
        env = AUTO | {"IMPORTER_NOTIFY": mail.address}
        before = f"{locked}h.examine = busy\n"
        assert cli.at(sandbox).start("run", before=before, **env).wait().exit_code == 7
        assert (mail.received, lying(inbox)) == ([], ["a.xlsx"])
        assert cli.at(sandbox).run("run", **env).exit_code == 0
        [text] = (text_of(message) for message in mail.received)
    assert "Another run" not in text
