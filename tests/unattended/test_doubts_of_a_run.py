"""A file in in-doubt/ does not stay there for ever: what it waits for is settled, and its folder tells the truth."""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING

import pytest
from inboxes import STRICT, filled, lying, put_away

from importer.sandbox.faults import Fault, FaultKind

if TYPE_CHECKING:
    from pathlib import Path

    from programs import Cli

    from importer.sandbox.running import Sandbox

AUTO = {
    "IMPORTER_UNATTENDED": "true",
    "IMPORTER_INBOX_SETTLE_SECONDS": "0",
    "IMPORTER_SETTLE_SECONDS": "0",
    "IMPORTER_WORKERS": "1",
}
LATER = AUTO | {"IMPORTER_SETTLE_SECONDS": "600"}
"""Nothing can be settled yet."""


def in_doubt(cli: Cli, sandbox: Sandbox, kind: FaultKind, **env: str) -> Path:
    """Run over a file of two invoices, of which the answer to one is lost; return the inbox."""
    inbox = filled(cli.folder / "inbox" / "a.xlsx", 10, 20).parent
    sandbox.misbehave(Fault(kind))
    assert cli.at(sandbox).run("run", **{**AUTO, **env}).exit_code == 8
    assert "a.xlsx" in put_away(inbox, "in-doubt")
    return inbox


def invoices(sandbox: Sandbox) -> int:
    """How many invoices Kantata holds."""
    return len(sandbox.invoices())


def note(inbox: Path, outcome: str) -> str:
    """The note beside a handled file."""
    [path] = (inbox / outcome).rglob("what-happened.txt")
    return path.read_text(encoding="utf-8")


def test_what_turns_out_to_be_billed_moves_to_done(cli: Cli, sandbox: Sandbox) -> None:
    """The next run settles it before it looks at new files; the results lie beside it, also those written anew."""
    inbox = in_doubt(cli, sandbox, FaultKind.DROP_AFTER)
    done = cli.at(sandbox).run("run", **AUTO)
    assert (done.exit_code, invoices(sandbox)) == (0, 2)
    assert "a.xlsx: done. Settled: 2 billed." in done.stdout
    assert put_away(inbox, "in-doubt") == []
    assert [name[21:] for name in put_away(inbox, "done") if "results" in name] == [
        "results-2.html",
        "results-2.xlsx",
        "results.html",
        "results.xlsx",
    ]
    assert note(inbox, "done").partition("\n")[0].endswith("Settled: 2 billed.")
    [reports] = (cli.folder / "reports").iterdir()
    assert len(list(reports.glob("*-results-2.xlsx"))) == 1
    quiet = cli.at(sandbox).run("run", "--quiet", **AUTO)
    assert (quiet.exit_code, quiet.stderr) == (0, "")


def test_what_was_not_billed_is_billed_by_the_next_run(cli: Cli, sandbox: Sandbox) -> None:
    """Once, behind its gate; the other invoice is not repeated."""
    inbox = in_doubt(cli, sandbox, FaultKind.DROP_BEFORE)
    done = cli.at(sandbox).run("run", "--json", **AUTO)
    [file] = done.document["files"]
    assert (done.exit_code, file["outcome"], invoices(sandbox)) == (0, "done", 2)
    assert file["report"]["totals"]["by_status"] == {"created": 1, "already_created": 1}
    assert (lying(inbox), put_away(inbox, "in-doubt"), put_away(inbox, "failed")) == ([], [], [])
    [first] = (inbox / "done").glob("*/*/what-happened.txt")
    assert "back in the inbox" in first.read_text(encoding="utf-8")


def test_reconcile_puts_it_back_where_the_next_run_sees_it(cli: Cli, sandbox: Sandbox) -> None:
    """It sends nothing itself, and says where the file is now; a new file of that name is not overwritten."""
    inbox = in_doubt(cli, sandbox, FaultKind.DROP_BEFORE)
    filled(inbox / "a.xlsx", 77, key="new", project=102)
    done = cli.at(sandbox).run("reconcile", **AUTO)
    assert (done.exit_code, invoices(sandbox)) == (4, 1)
    assert "The file is back in the inbox" in done.stdout
    assert lying(inbox) == ["a (2).xlsx", "a.xlsx"]
    assert cli.at(sandbox).run("run", **AUTO).exit_code == 0
    assert invoices(sandbox) == 3


@pytest.mark.parametrize("env", [{"IMPORTER_UNATTENDED": "false"}, STRICT])
def test_its_gate_holds_for_it_again(cli: Cli, sandbox: Sandbox, env: dict[str, str]) -> None:
    """Without leave or approval nothing is sent of what came back; it waits where it is seen."""
    inbox = in_doubt(cli, sandbox, FaultKind.DROP_BEFORE)
    done = cli.at(sandbox).run("run", **{**AUTO, **env})
    assert (done.exit_code, invoices(sandbox), lying(inbox)) == (9, 1, ["a.xlsx"])


def test_an_approval_holds_until_all_is_billed(cli: Cli, sandbox: Sandbox) -> None:
    """What came back is the rest of the plan that was approved."""
    sheet = filled(cli.folder / "a.xlsx", 10, 20)
    assert cli.at(sandbox).run("approve", sheet, "--yes").exit_code == 0
    in_doubt(cli, sandbox, FaultKind.DROP_BEFORE, **STRICT)
    assert cli.at(sandbox).run("run", **AUTO, **STRICT).exit_code == 0
    assert invoices(sandbox) == 2


def test_what_cannot_be_settled_yet_is_said_by_each_run(cli: Cli, sandbox: Sandbox) -> None:
    """Too early, or Kantata is away: the file stays, and the run does not end as if all were well."""
    inbox = in_doubt(cli, sandbox, FaultKind.DROP_AFTER)
    early = cli.at(sandbox).run("run", "--quiet", **LATER)
    assert (early.exit_code, early.stderr.count("\n")) == (8, 1)
    assert "a.xlsx: in-doubt. 1 in doubt, 1 billed." in early.stderr
    assert "1 in doubt, 1 billed" in note(inbox, "in-doubt").partition("\n")[0]
    away = cli.at(sandbox).run("run", "--quiet", KANTATA_TOKEN="refused", **AUTO)  # noqa: S106
    assert (away.exit_code, "could not be settled: Kantata refuses access (401)" in away.stderr) == (8, True)
    assert "a.xlsx" in put_away(inbox, "in-doubt")


def test_what_a_person_took_out_is_left_alone(cli: Cli, sandbox: Sandbox) -> None:
    """A folder that was moved, or a file that was changed, is theirs: it is neither sent nor overwritten."""
    inbox = in_doubt(cli, sandbox, FaultKind.DROP_AFTER)
    [folder] = (inbox / "in-doubt").iterdir()
    (folder / "a.xlsx").write_bytes(b"changed")
    assert cli.at(sandbox).run("run", **AUTO).exit_code == 0
    kept = inbox / "failed" / folder.name
    assert ((kept / "a.xlsx").read_bytes(), invoices(sandbox)) == (b"changed", 2)
    shutil.rmtree(kept)
    assert cli.at(sandbox).run("run", **AUTO).exit_code == 0


def test_a_rehearsal_moves_no_file_in_doubt(cli: Cli, sandbox: Sandbox) -> None:
    """The stand-in knows nothing of it."""
    inbox = in_doubt(cli, sandbox, FaultKind.DROP_AFTER)
    assert cli.run("run", "--sandbox", **AUTO).exit_code == 0
    assert "a.xlsx" in put_away(inbox, "in-doubt")


def test_what_a_person_took_back_is_not_billed_again_unasked(cli: Cli, sandbox: Sandbox) -> None:
    """An undo says that this run was wrong: its file does not come back by itself, whatever else was not billed."""
    inbox = in_doubt(cli, sandbox, FaultKind.DROP_BEFORE)
    assert cli.at(sandbox).run("undo", "last", "--yes", **AUTO).exit_code == 8
    before = sum(not one.get("cancelled") for one in sandbox.invoices())
    done = cli.at(sandbox).run("run", **AUTO)
    assert (done.exit_code, invoices(sandbox), before) == (4, 0, 0)
    assert "a.xlsx: failed. Settled: 1 not billed, 1 undone." in done.stdout
    assert "put it into the inbox again" in note(inbox, "failed").partition("\n")[0]
    assert (lying(inbox), put_away(inbox, "in-doubt")) == ([], [])


def test_it_is_not_billed_again_because_it_was_left_in_the_inbox(cli: Cli, sandbox: Sandbox) -> None:
    """Neither a limit nor a total says that what was undone is to be billed anew; an approval after the undo does."""
    inbox = filled(cli.folder / "inbox" / "a.xlsx", 10, 20).parent
    sheet = inbox / "a.xlsx"
    cli.at(sandbox).run("submit", sheet, "--yes")
    assert cli.at(sandbox).run("undo", "last", "--yes").exit_code == 0
    waits = cli.at(sandbox).run("run", "--json", **AUTO)
    assert (waits.exit_code, invoices(sandbox), lying(inbox)) == (9, 0, ["a.xlsx"])
    assert "2 invoices of this file were undone" in waits.document["files"][0]["message"]
    assert cli.at(sandbox).run("approve", sheet, "--yes").exit_code == 0
    assert (cli.at(sandbox).run("run", **AUTO).exit_code, invoices(sandbox)) == (0, 2)


def test_a_corrected_file_is_approved_after_an_undo(cli: Cli, sandbox: Sandbox) -> None:
    """Its gate guards its figures, but only a person knows which of the undone invoices are to come again."""
    inbox = filled(cli.folder / "inbox" / "a.xlsx", 10, 20).parent
    cli.at(sandbox).run("run", **AUTO)
    cli.at(sandbox).run("undo", "last", "--yes")
    sheet = filled(inbox / "a.xlsx", 10, 21)
    assert (cli.at(sandbox).run("run", **AUTO).exit_code, invoices(sandbox)) == (9, 0)
    assert cli.at(sandbox).run("approve", sheet, "--yes").exit_code == 0
    assert (cli.at(sandbox).run("run", **AUTO).exit_code, invoices(sandbox)) == (0, 2)


def test_killed_between_the_file_and_its_folder(cli: Cli, sandbox: Sandbox) -> None:
    """The workbook is back in the inbox already: what is left of its folder does not stay in doubt for ever."""
    inbox = in_doubt(cli, sandbox, FaultKind.DROP_BEFORE)
    killed = "import importer.unattended.filing as f, os\nf.move_folder = lambda *a: os._exit(99)\n"
    assert cli.at(sandbox).start("run", before=killed, **AUTO).wait().exit_code == 99
    assert (lying(inbox), len(list((inbox / "in-doubt").iterdir()))) == (["a.xlsx"], 1)
    assert cli.at(sandbox).run("run", **AUTO).exit_code == 0
    assert (list((inbox / "in-doubt").iterdir()), invoices(sandbox)) == ([], 2)
    assert "results.xlsx" in " ".join(put_away(inbox, "done"))


def test_killed_while_it_is_put_into_doubt(cli: Cli, sandbox: Sandbox) -> None:
    """The workbook lies in the inbox still: the next run moves it into the folder that is there already."""
    inbox = filled(cli.folder / "inbox" / "a.xlsx", 10, 20).parent
    sandbox.misbehave(Fault(FaultKind.DROP_AFTER))
    killed = "import importer.unattended.filing as f, os\nf.move = lambda *a: os._exit(99)\n"
    assert cli.at(sandbox).start("run", before=killed, **LATER).wait().exit_code == 99
    assert cli.at(sandbox).run("run", **LATER).exit_code == 8
    assert (lying(inbox), len(list((inbox / "in-doubt").iterdir()))) == ([], 1)
    assert cli.at(sandbox).run("run", **AUTO).exit_code == 0
    assert (list((inbox / "in-doubt").iterdir()), invoices(sandbox)) == ([], 2)


@pytest.mark.parametrize(("raised", "code"), [("RuntimeError('planted')", 8), ("LockedByAnother('planted')", 8)])
def test_what_keeps_a_doubt_from_being_settled_is_said(cli: Cli, sandbox: Sandbox, raised: str, code: int) -> None:
    """A run with a doubt never ends as if all were well, and new files have their turn."""
    inbox = in_doubt(cli, sandbox, FaultKind.DROP_AFTER)
    filled(inbox / "b.xlsx", 40, key="b")
    crash = "import importer.unattended.returning as r\nfrom importer.model.errors import LockedByAnother\n"
    crash += f"def crash(*a):\n    raise {raised}\nr.reconcile = crash\n"
    done = cli.at(sandbox).start("run", "--json", before=crash, **AUTO).wait()
    assert (done.exit_code, invoices(sandbox)) == (code, 3)
    assert {one["name"]: one["outcome"] for one in done.document["files"]} == {"a.xlsx": "in_doubt", "b.xlsx": "done"}


def test_an_unexpected_error_after_a_lost_answer_is_in_doubt(cli: Cli, sandbox: Sandbox) -> None:
    """In failed/ nobody would settle it."""
    inbox = filled(cli.folder / "inbox" / "a.xlsx", 10, 20).parent
    sandbox.misbehave(Fault(FaultKind.DROP_AFTER))
    crash = "import importer.flow.submit as s\ndef crash(*a, **k):\n    raise RuntimeError('planted')\n"
    crash += "s._finished = crash\n"
    assert cli.at(sandbox).start("run", before=crash, **AUTO).wait().exit_code == 8
    assert "a.xlsx" in put_away(inbox, "in-doubt")
    assert (cli.at(sandbox).run("run", **AUTO).exit_code, invoices(sandbox)) == (0, 2)


def test_a_file_that_takes_too_long_keeps_its_doubt(cli: Cli, sandbox: Sandbox) -> None:
    """An invoice of it is in doubt since a submit by hand: in failed/ nobody would settle it."""
    sheet = filled(cli.folder / "a.xlsx", 10, 20)
    sandbox.misbehave(Fault(FaultKind.DROP_AFTER))
    assert cli.at(sandbox).run("submit", sheet, "--yes").exit_code == 8
    inbox = cli.folder / "inbox"
    inbox.mkdir()
    shutil.move(sheet, inbox / "a.xlsx")
    slow = "import importer.unattended.handling as h\nfrom importer.model.errors import FileProblem\n"
    slow += "from importer.model.messages import error\n\ndef examine(*a):\n"
    slow += "    raise error(FileProblem, 'file.too_slow:planning', name='a.xlsx', minutes=60)\nh.examine = examine\n"
    done = cli.at(sandbox).start("run", before=slow, **LATER).wait()
    assert (done.exit_code, "may exist or not" in done.stdout) == (8, True)
    assert (put_away(inbox, "failed"), "a.xlsx" in lying(inbox)) == ([], True)
    assert (cli.at(sandbox).run("run", **AUTO).exit_code, invoices(sandbox)) == (0, 2)


def test_remarks_of_any_editor_beside_a_file(cli: Cli, sandbox: Sandbox) -> None:
    """People add to the note what they found out; that it is no UTF-8 stops no run."""
    inbox = in_doubt(cli, sandbox, FaultKind.DROP_AFTER)
    [path] = inbox.rglob("what-happened.txt")
    path.write_bytes("Rücksprache mit Müller\r\n".encode("cp1252") + path.read_bytes())
    assert cli.at(sandbox).run("run", **AUTO).exit_code == 0
    assert "cksprache" in note(inbox, "done")


def test_what_this_ledger_does_not_know_is_not_passed_over(cli: Cli, sandbox: Sandbox) -> None:
    """The ledger was lost, or it is another one: nobody else would ever tell that the file is not billed whole."""
    inbox = in_doubt(cli, sandbox, FaultKind.DROP_BEFORE)
    cli.ledger.unlink()
    lost = cli.at(sandbox).run("run", "--quiet", **AUTO)
    assert (lost.exit_code, "does not know this folder" in lost.stderr) == (8, True)
    [folder] = (inbox / "in-doubt").iterdir()
    shutil.move(folder / "a.xlsx", inbox / "a.xlsx")
    shutil.rmtree(folder)
    assert (cli.at(sandbox).run("run", **AUTO).exit_code, invoices(sandbox)) == (0, 2)


@pytest.mark.parametrize(("kind", "code"), [(FaultKind.DROP_AFTER, 0), (FaultKind.DROP_BEFORE, 4)])
def test_a_doubt_of_a_submit_by_hand_is_told_too(cli: Cli, sandbox: Sandbox, kind: FaultKind, code: int) -> None:
    """As long as it stands the run ends with 8; then it says what became of it, once, and settles nothing more."""
    sheet = filled(cli.folder / "by hand.xlsx", 10, 20)
    (cli.folder / "inbox").mkdir()
    sandbox.misbehave(Fault(kind))
    assert cli.at(sandbox).run("submit", sheet, "--yes").exit_code == 8
    early = cli.at(sandbox).run("run", "--quiet", **LATER)
    assert (early.exit_code, "1 in doubt, 1 billed. In doubt: k" in early.stderr) == (8, True)
    done = cli.at(sandbox).run("run", "--json", **AUTO)
    [told] = done.document["files"]
    assert (done.exit_code, told["name"], told["folder"]) == (code, "by hand.xlsx", None)
    assert ("settled: 2 billed" in told["message"]) is (code == 0)
    assert cli.at(sandbox).run("run", **AUTO).exit_code == 0


def test_a_doubt_of_an_undo_is_told_too(cli: Cli, sandbox: Sandbox) -> None:
    """What was to go and is gone is well; before that is known the run does not end as if all were."""
    sheet = filled(cli.folder / "by hand.xlsx", 10)
    (cli.folder / "inbox").mkdir()
    assert cli.at(sandbox).run("submit", sheet, "--yes").exit_code == 0
    lookups = Fault(FaultKind.STATUS_BEFORE, "GET", "/invoices", after=2, times=9, status=500)
    sandbox.misbehave(Fault(FaultKind.DROP_AFTER, "DELETE", "/invoices/*"), lookups)
    assert cli.at(sandbox).run("undo", "last", "--yes", IMPORTER_SETTLE_SECONDS="600").exit_code == 8
    sandbox.misbehave()
    assert cli.at(sandbox).run("run", **LATER).exit_code == 8
    done = cli.at(sandbox).run("run", **AUTO)
    assert (done.exit_code, "settled: 1 undone" in done.stdout) == (0, True)


def test_a_killed_run_leaves_its_doubt_to_its_file(cli: Cli, sandbox: Sandbox) -> None:
    """The file lies in the inbox still: it is told once, as that file."""
    inbox = filled(cli.folder / "inbox" / "a.xlsx", 10, 20).parent
    killed = "import importer.ledger.ledger as l, os\nl.SubmissionLedger.note_outcome = lambda *a: os._exit(99)\n"
    assert cli.at(sandbox).start("run", before=killed, **AUTO).wait().exit_code == 99
    early = cli.at(sandbox).run("run", "--json", **LATER)
    assert (early.exit_code, [one["name"] for one in early.document["files"]]) == (8, ["a.xlsx"])
    assert (lying(inbox), cli.at(sandbox).run("run", **AUTO).exit_code, invoices(sandbox)) == ([], 0, 2)


def test_a_correction_has_its_turn_before_what_comes_back(cli: Cli, sandbox: Sandbox) -> None:
    """Whoever put a corrected file into the inbox meanwhile gets that billed; the old amount is held."""
    inbox = filled(cli.folder / "inbox" / "a.xlsx", 10).parent
    sandbox.misbehave(Fault(FaultKind.DROP_BEFORE))
    assert cli.at(sandbox).run("run", **AUTO).exit_code == 8
    filled(inbox / "a-corrected.xlsx", 15)
    done = cli.at(sandbox).run("run", "--json", **AUTO)
    outcomes = [(one["name"], one["outcome"]) for one in done.document["files"]]
    assert (done.exit_code, outcomes[-2:]) == (4, [("a-corrected.xlsx", "done"), ("a.xlsx", "failed")])
    [only] = sandbox.invoices()
    assert "15" in str(only.sent["fixed_fee_items"])


@pytest.mark.parametrize("how", ["changed", "taken"])
def test_a_doubt_stands_although_its_file_is_gone(cli: Cli, sandbox: Sandbox, how: str) -> None:
    """Each run ends with 8 all the same; once it is settled, somebody has to submit what is not billed."""
    inbox = in_doubt(cli, sandbox, FaultKind.DROP_BEFORE)
    [sheet] = (inbox / "in-doubt").rglob("a.xlsx")
    if how == "changed":
        sheet.write_bytes(sheet.read_bytes() + b"\0")
    else:
        sheet.unlink()
    early = cli.at(sandbox).run("run", "--quiet", **LATER)
    assert (early.exit_code, "1 in doubt, 1 billed" in early.stderr) == (8, True)
    settled = cli.at(sandbox).run("run", **AUTO)
    assert (settled.exit_code, "1 not billed, 1 billed" in settled.stdout) == (4, True)
    assert "will not be sent automatically" in note(inbox, "failed").partition("\n")[0]
    last = cli.at(sandbox).run("run", **AUTO)
    assert (last.exit_code, list((inbox / "in-doubt").iterdir()), invoices(sandbox)) == (0, [], 1)


@pytest.mark.parametrize("how", ["renamed", "moved up", "folder renamed", "back in the inbox"])
def test_a_file_is_known_by_its_content_wherever_somebody_moved_it(cli: Cli, sandbox: Sandbox, how: str) -> None:
    """They open it to look: it is settled all the same, and what is not billed is sent."""
    inbox = in_doubt(cli, sandbox, FaultKind.DROP_BEFORE)
    [folder] = (inbox / "in-doubt").iterdir()
    sheet = folder / "a.xlsx"
    if how == "renamed":
        sheet.rename(folder / "b.xlsx")
    elif how == "moved up":
        sheet.rename(inbox / "in-doubt" / "a.xlsx")
    elif how == "folder renamed":
        folder.rename(folder.with_name("mine"))
    else:
        sheet.rename(inbox / "a.xlsx")
    early = cli.at(sandbox).run("run", "--quiet", **LATER)
    assert (early.exit_code, "in doubt" in early.stderr) == (8, True)
    settled = cli.at(sandbox).run("run", **AUTO)
    assert (settled.exit_code, invoices(sandbox)) == (0, 2)
    assert (list((inbox / "in-doubt").iterdir()), lying(inbox)) == ([], [])
    assert cli.at(sandbox).run("run", **AUTO).exit_code == 0


@pytest.mark.parametrize("how", ["edited", "deleted", "a link"])
def test_the_note_decides_nothing(cli: Cli, sandbox: Sandbox, how: str) -> None:
    """It is written for people and never read: whatever it says, the ledger knows what became of the file."""
    inbox = in_doubt(cli, sandbox, FaultKind.DROP_BEFORE)
    [path] = inbox.rglob("what-happened.txt")
    path.unlink()
    if how == "edited":
        path.write_text("The file is back in the inbox. Settled: 2 billed.\n")
    elif how == "a link":
        (cli.folder / "private.txt").write_text("private")
        path.symlink_to(cli.folder / "private.txt")
    early = cli.at(sandbox).run("run", "--quiet", **LATER)
    assert (early.exit_code, "1 in doubt, 1 billed" in early.stderr) == (8, True)
    assert "private" not in path.read_text()
    assert (cli.at(sandbox).run("run", **AUTO).exit_code, invoices(sandbox), lying(inbox)) == (0, 2, [])
    assert list((inbox / "in-doubt").iterdir()) == []
    assert how != "a link" or (cli.folder / "private.txt").read_text() == "private"


def test_saving_a_file_again_is_no_correction(cli: Cli, sandbox: Sandbox) -> None:
    """Another hash, but the very invoices that were undone: they wait for somebody who wants them."""
    inbox = filled(cli.folder / "inbox" / "a.xlsx", 10, 20).parent
    cli.at(sandbox).run("run", **AUTO)
    cli.at(sandbox).run("undo", "last", "--yes")
    time.sleep(1.1)  # the workbook notes when it was saved, to the second
    filled(inbox / "a.xlsx", 10, 20)
    done = cli.at(sandbox).run("run", "--json", **AUTO)
    assert (done.exit_code, invoices(sandbox), lying(inbox)) == (9, 0, ["a.xlsx"])
    assert "billed just this content" not in done.document["files"][0]["message"]


def test_a_gate_does_not_hide_a_doubt(cli: Cli, sandbox: Sandbox) -> None:
    """Some were undone, of one it is not known: in doubt comes first."""
    inbox = filled(cli.folder / "inbox" / "a.xlsx", 10, 20).parent
    cli.at(sandbox).run("submit", inbox / "a.xlsx", "--yes")
    lookups = Fault(FaultKind.STATUS_BEFORE, "GET", "/invoices", after=2, times=9, status=500)
    sandbox.misbehave(Fault(FaultKind.DROP_AFTER, "DELETE", "/invoices/*"), lookups)
    assert cli.at(sandbox).run("undo", "last", "--yes", IMPORTER_SETTLE_SECONDS="600").exit_code == 8
    sandbox.misbehave()
    waits = cli.at(sandbox).run("run", "--json", **LATER)
    assert (waits.exit_code, lying(inbox)) == (8, ["a.xlsx"])
    assert "Another invoice of it is in doubt" in waits.document["files"][0]["message"]
