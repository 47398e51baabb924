"""While a doubt stands no run ends as if nothing were in doubt, whatever keeps its file from its turn."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from inboxes import filled, lying, put_away
from test_doubts_of_a_run import AUTO, LATER, in_doubt, invoices

from importer.sandbox.faults import Fault, FaultKind

if TYPE_CHECKING:
    from pathlib import Path

    from programs import Cli

    from importer.sandbox.running import Sandbox

KILLED = "import importer.ledger.ledger as l, os\nl.SubmissionLedger.note_outcome = lambda *a: os._exit(99)\n"
"""Python that kills the program after the first invoice was sent and before its answer is noted."""
AWAY = Fault(FaultKind.STATUS_BEFORE, "GET", "*", times=99, status=503)
"""Kantata answers nothing that is asked of it."""


def left_by_a_killed_run(cli: Cli, sandbox: Sandbox) -> Path:
    """An inbox with the file of a run that was killed; nobody knows of one of its invoices whether it exists."""
    inbox = filled(cli.folder / "inbox" / "a.xlsx", 10, 20).parent
    assert cli.at(sandbox).start("run", before=KILLED, **AUTO).wait().exit_code == 99
    return inbox


@pytest.mark.parametrize("waits", ["gate", "away", "open", "changing"])
def test_a_file_that_waits_keeps_no_doubt_unsaid(cli: Cli, sandbox: Sandbox, waits: str) -> None:
    """For a gate, for Kantata, because somebody has it open, or because it is being written."""
    inbox, env, before = left_by_a_killed_run(cli, sandbox), dict(LATER), ""
    if waits == "gate":
        env["IMPORTER_UNATTENDED"] = "false"
    elif waits == "away":
        sandbox.misbehave(AWAY)
    elif waits == "open":
        (inbox / "~$a.xlsx").touch()
    else:
        before = (
            "import importer.unattended.inbox as i, os\nwhole = i.unchanged_for\ndef unchanged_for(found, *more):\n"
            "    [os.utime(one.path, (5, 5)) for one in found]\n    return whole(found, *more)\n"
            "i.unchanged_for = unchanged_for\n"
        )
    done = cli.at(sandbox).start("run", "--quiet", before=before, **env).wait()
    assert (done.exit_code, invoices(sandbox)) == (8, 1)
    assert "in doubt" in done.stderr or "nobody knows whether it exists" in done.stderr


def test_a_submit_that_cannot_ask_is_in_doubt_still(cli: Cli, sandbox: Sandbox) -> None:
    """That Kantata is away says “nothing in doubt” only where nothing is."""
    sheet = filled(cli.folder / "a.xlsx", 10, 20)
    sandbox.misbehave(Fault(FaultKind.DROP_AFTER))
    assert cli.at(sandbox).run("submit", sheet, "--yes").exit_code == 8
    sandbox.misbehave(AWAY)
    done = cli.at(sandbox).run("submit", sheet, "--yes", "--json")
    assert (done.exit_code, done.statuses) == (8, ["in_doubt", "already_created"])


def test_what_was_never_tried_by_hand_is_not_told_as_done(cli: Cli, sandbox: Sandbox) -> None:
    """A submit was killed in mid-run: what it sent is found, the rest is billed by nobody."""
    sheet = filled(cli.folder / "by hand.xlsx", 10, 20)
    (cli.folder / "inbox").mkdir()
    assert cli.at(sandbox).start("submit", sheet, "--yes", before=KILLED, **AUTO).wait().exit_code == 99
    done = cli.at(sandbox).run("run", "--quiet", **AUTO)
    assert (done.exit_code, "settled: 1 not billed, 1 billed" in done.stderr) == (4, True)


@pytest.mark.parametrize("batch", [(), ("--batch", "another")])
def test_what_a_person_submits_in_place_is_told_once(cli: Cli, sandbox: Sandbox, batch: tuple[str, ...]) -> None:
    """The workbook in in-doubt/ is submitted by hand: then two runs know it there, and it moves once."""
    inbox = in_doubt(cli, sandbox, FaultKind.DROP_BEFORE)
    [sheet] = (inbox / "in-doubt").rglob("a.xlsx")
    cli.at(sandbox).run("submit", sheet, "--yes", *batch, **AUTO)
    done = cli.at(sandbox).run("run", "--json", **AUTO)
    assert (done.exit_code, len(done.document["files"]), invoices(sandbox)) == (0, 1, 2)
    assert (lying(inbox), put_away(inbox, "in-doubt")) == ([], [])


def test_a_file_that_no_submit_began_stays_in_the_inbox(cli: Cli, sandbox: Sandbox) -> None:
    """The program fails while a doubt of an earlier run stands: in in-doubt/ nobody would know of the file."""
    inbox = left_by_a_killed_run(cli, sandbox)
    crash = "import importer.unattended.handling as r\ndef crash(*a, **k):\n    raise RuntimeError('planted')\n"
    crash += "r.examine = crash\n"
    assert cli.at(sandbox).start("run", before=crash, **LATER).wait().exit_code == 8
    assert lying(inbox) == ["a.xlsx"]
    assert (cli.at(sandbox).run("run", **AUTO).exit_code, invoices(sandbox)) == (0, 2)


UNTOLD = "import importer.flow.reconciling as r, os\nr._report_of = lambda *a: os._exit(99)\n"
"""Python that kills a reconcile after the ledger has noted what it found out, and before anybody heard of it."""


@pytest.mark.parametrize("command", ["run", "reconcile"])
@pytest.mark.parametrize(("kind", "code"), [(FaultKind.DROP_BEFORE, 4), (FaultKind.DROP_AFTER, 0)])
def test_what_was_settled_is_told_although_the_program_was_killed(
    cli: Cli, sandbox: Sandbox, command: str, kind: FaultKind, code: int
) -> None:
    """Once: the next one tells it, and the one after that has nothing to tell."""
    sheet = filled(cli.folder / "by hand.xlsx", 10, 20)
    (cli.folder / "inbox").mkdir()
    sandbox.misbehave(Fault(kind))
    assert cli.at(sandbox).run("submit", sheet, "--yes").exit_code == 8
    assert cli.at(sandbox).start(command, before=UNTOLD, **AUTO).wait().exit_code == 99
    done = cli.at(sandbox).run(command, **AUTO)
    assert done.exit_code == code
    assert ("not billed" in done.stdout) is (code == 4)
    assert len(list((cli.folder / "reports").glob("*-results-2.xlsx"))) == 1
    again = cli.at(sandbox).run(command, **AUTO)
    assert (again.exit_code, "Nothing" in again.stdout) == (0, True)


def test_a_file_whose_run_was_killed_while_it_settled_comes_back(cli: Cli, sandbox: Sandbox) -> None:
    """One of its invoices is in doubt still, and what was found not billed is billed all the same."""
    inbox = filled(cli.folder / "inbox" / "a.xlsx", 10, 20, 30).parent
    sandbox.misbehave(Fault(FaultKind.DROP_BEFORE, times=2))
    assert cli.at(sandbox).run("run", **AUTO).exit_code == 8
    unclear = (
        "import importer.sending.reconcile as q\nsettled = q._of_creation\ndef one(doubt, *a):\n"
        "    return q.unclear(doubt, 'planted') if doubt.key == 'k0' else settled(doubt, *a)\nq._of_creation = one\n"
    )
    assert cli.at(sandbox).start("run", before=unclear + UNTOLD, **AUTO).wait().exit_code == 99
    assert cli.at(sandbox).start("run", before=unclear, **AUTO).wait().exit_code == 8
    assert (invoices(sandbox), lying(inbox)) == (2, [])


def test_what_is_being_sent_just_now_is_no_doubt(cli: Cli, sandbox: Sandbox) -> None:
    """A run that begins while somebody submits by hand leaves that to who submits; nothing is mailed as in doubt."""
    sheet = filled(cli.folder / "by hand.xlsx", 10)
    (cli.folder / "inbox").mkdir()
    holding = "import importer.kantata.client as c, time, pathlib\n"
    holding += (
        "def wait(*a):\n    pathlib.Path('held').touch()\n    time.sleep(600)\nc.KantataApi.create_invoice = wait\n"
    )
    other = cli.at(sandbox).start("submit", sheet, "--yes", before=holding)
    while not (cli.folder / "held").exists():
        time.sleep(0.02)
    meanwhile = cli.at(sandbox).run("run", "--quiet", **AUTO)
    other.kill()
    assert (meanwhile.exit_code, meanwhile.stderr) == (0, "")
    assert cli.at(sandbox).run("run", **AUTO).exit_code == 4
