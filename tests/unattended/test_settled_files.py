"""Where a file in in-doubt/ goes once it is settled: only what is billed whole, and as it was sent, is done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from inboxes import STRICT, filled, lying, put_away
from sheets import workbook
from tampering import between
from test_doubts_of_a_run import AUTO, LATER, in_doubt, invoices

from importer.sandbox.faults import Fault, FaultKind

if TYPE_CHECKING:
    from programs import Cli

    from importer.sandbox.running import Sandbox


@pytest.mark.parametrize(("first", "kept"), [("run", True), ("reconcile", True), ("run", False)])
def test_what_was_held_is_not_called_billed(cli: Cli, sandbox: Sandbox, first: str, kept: bool) -> None:  # noqa: FBT001 - pytest
    """An earlier file billed another amount under its reference; whoever settles the rest, the held one is told.

    Also when nobody kept the copy of the file, so that its rows are not known any more.
    """
    inbox = filled(cli.folder / "inbox" / "a.xlsx", 10).parent
    assert cli.at(sandbox).run("run", **AUTO).exit_code == 0
    filled(inbox / "b.xlsx", 15, 20)
    sandbox.misbehave(Fault(FaultKind.DROP_AFTER))
    assert cli.at(sandbox).run("run", **AUTO).exit_code == 8
    for copy in () if kept else (cli.folder / "reports").glob("*/b.xlsx"):
        copy.unlink()
    done = cli.at(sandbox).run(first, **AUTO)
    assert (done.exit_code, invoices(sandbox)) == (4, 2)
    assert "b.xlsx: failed. Settled: 1 held, 1 billed." in done.stdout
    assert "b.xlsx" in put_away(inbox, "failed")


@pytest.mark.parametrize("killed", [False, True])
def test_what_differs_is_not_called_done(cli: Cli, sandbox: Sandbox, killed: bool) -> None:  # noqa: FBT001 - pytest
    """One invoice holds something else than was sent, the other one was in doubt: settled, the file is not done."""
    inbox = filled(cli.folder / "inbox" / "a.xlsx", 10, 20).parent
    sandbox.misbehave(Fault(FaultKind.STATUS_AFTER, after=1))

    def tamper(_request: object, document: dict[str, Any]) -> None:
        for item in document.get("fixed_fee_items", {}).values():
            if item["amount_in_cents"] == 1000:
                item["amount_in_cents"] = 900

    with between(sandbox, tamper) as way:
        env = AUTO | {"KANTATA_TOKEN": sandbox.token, "KANTATA_BASE_URL": way.base_url}
        assert cli.run("run", **env | LATER).exit_code == 8
        if killed:
            crash = "import importer.unattended.returning as r, os\nr._decided = lambda *a: os._exit(99)\n"
            assert cli.start("run", before=crash, **env).wait().exit_code == 99
        done = cli.run("run", **env)
    assert done.exit_code == 4
    assert "a.xlsx: failed. Settled: 2 billed." in done.stdout
    assert (put_away(inbox, "done"), invoices(sandbox)) == ([], 2)


def test_a_folder_that_cannot_be_changed_hides_no_doubt(cli: Cli, sandbox: Sandbox) -> None:
    """As long as a doubt stands the run ends with 8, whatever else is amiss."""
    in_doubt(cli, sandbox, FaultKind.DROP_BEFORE)
    crash = "import importer.unattended.filing as f\n"
    crash += "def no(*a):\n    raise PermissionError(13, 'planted')\nf.write_note = no\n"
    done = cli.at(sandbox).start("run", before=crash, **LATER).wait()
    assert (done.exit_code, "its folder cannot be changed (planted)" in done.stdout) == (8, True)
    assert cli.at(sandbox).start("run", before=crash, **AUTO).wait().exit_code == 1


def test_a_file_of_somebody_else_comes_back_too(cli: Cli, sandbox: Sandbox) -> None:
    """Who put it there owns it; this user may move it, but not set its time."""
    inbox = in_doubt(cli, sandbox, FaultKind.DROP_BEFORE)
    theirs = (
        "import importer.unattended.returning as r, types\ndef no(*a):\n    raise PermissionError(1, 'planted')\n"
        "r.os = types.SimpleNamespace(utime=no)\n"
    )
    done = cli.at(sandbox).start("run", before=theirs, **AUTO).wait()
    assert (done.exit_code, invoices(sandbox), lying(inbox)) == (0, 2, [])


def test_what_was_to_be_undone_does_not_come_back(cli: Cli, sandbox: Sandbox) -> None:
    """Nobody knew whether it exists, so undo could do nothing; that it turns out absent is no reason to bill it."""
    inbox = filled(cli.folder / "inbox" / "a.xlsx", 10).parent
    sandbox.misbehave(Fault(FaultKind.DROP_BEFORE))
    assert cli.at(sandbox).run("run", **AUTO).exit_code == 8
    assert cli.at(sandbox).run("undo", "last", "--yes").exit_code == 8
    done = cli.at(sandbox).run("run", **AUTO)
    assert (done.exit_code, invoices(sandbox), lying(inbox)) == (4, 0, [])
    assert "a.xlsx: failed. Settled: 1 not billed. Some were undone, or were to be" in done.stdout
    assert "to be undone, but in doubt" in cli.at(sandbox).run("history", "last", COLUMNS="300").stdout
    [sheet] = (inbox / "failed").rglob("a.xlsx")
    assert cli.at(sandbox).run("submit", sheet, "--yes").exit_code == 0
    assert (cli.at(sandbox).run("run", **AUTO).exit_code, invoices(sandbox)) == (0, 1)


@pytest.mark.parametrize("strict", [False, True])
def test_what_was_to_be_undone_waits_in_the_inbox(cli: Cli, sandbox: Sandbox, strict: bool) -> None:  # noqa: FBT001 - pytest
    """The run was killed, so its file lies there still: neither its gate nor its approval is a word from after that."""
    sheet = filled(cli.folder / "inbox" / "a.xlsx", 10)
    env = AUTO | (STRICT if strict else {})
    if strict:
        assert cli.at(sandbox).run("approve", sheet, "--yes", **env).exit_code == 0
    killed = "import importer.sending.sender as s, os\ns.Sender._log = lambda *a: os._exit(99)\n"
    sandbox.misbehave(Fault(FaultKind.STATUS_BEFORE))
    assert cli.at(sandbox).start("run", before=killed, **env).wait().exit_code == 99
    assert cli.at(sandbox).run("undo", "last", "--yes").exit_code == 8
    cli.at(sandbox).run("reconcile", **env)
    waits = cli.at(sandbox).run("run", **env)
    assert (waits.exit_code, invoices(sandbox), lying(sheet.parent)) == (9, 0, ["a.xlsx"])
    assert cli.at(sandbox).run("approve", sheet, "--yes", **env).exit_code == 0
    assert (cli.at(sandbox).run("run", **env).exit_code, invoices(sandbox)) == (0, 1)


def test_what_was_to_be_undone_is_known_by_its_content_too(cli: Cli, sandbox: Sandbox) -> None:
    """It was in doubt, was to be undone and was not created: in the file of another batch it has another reference."""
    lines = [("Project ID", "Item type", "Amount", "Net days"), (101, "Fixed fee", 10, 30)]
    inbox = cli.folder / "inbox"
    inbox.mkdir()
    workbook(inbox / "a.xlsx", {"Invoices": lines, "Cover": [["Expected total", 10], ["Batch", "October"]]})
    sandbox.misbehave(Fault(FaultKind.DROP_BEFORE))
    assert cli.at(sandbox).run("run", **LATER).exit_code == 8
    assert cli.at(sandbox).run("undo", "last", "--yes").exit_code == 8
    workbook(inbox / "b.xlsx", {"Invoices": lines, "Cover": [["Expected total", 10], ["Batch", "November"]]})
    waits = cli.at(sandbox).run("run", **AUTO)
    assert (waits.exit_code, invoices(sandbox), lying(inbox)) == (4, 0, ["b.xlsx"])
    assert "undone" in waits.stdout
    assert cli.at(sandbox).run("approve", inbox / "b.xlsx", "--yes", **AUTO).exit_code == 0
    assert (cli.at(sandbox).run("run", **AUTO).exit_code, invoices(sandbox)) == (0, 1)


@pytest.mark.parametrize("strict", [False, True])
def test_an_approval_from_before_an_undo_bills_nothing_again(cli: Cli, sandbox: Sandbox, strict: bool) -> None:  # noqa: FBT001 - pytest
    """Two files with the same content were approved; one is billed and undone: the other one needs a new word."""
    env = AUTO | (STRICT if strict else {})
    lines = [("Project ID", "Item type", "Amount", "Net days"), (101, "Fixed fee", 10, 30)]
    inbox = cli.folder / "inbox"
    inbox.mkdir()
    first, second = inbox / "a.xlsx", cli.folder / "b.xlsx"
    for path, batch in ((first, "October"), (second, "November")):
        workbook(path, {"Invoices": lines, "Cover": [["Expected total", 10], ["Batch", batch]]})
        assert cli.at(sandbox).run("approve", path, "--yes", **env).exit_code == 0
    assert cli.at(sandbox).run("run", **env).exit_code == 0
    assert cli.at(sandbox).run("undo", "last", "--yes").exit_code == 0
    second = second.rename(inbox / "b.xlsx")
    waits = cli.at(sandbox).run("run", **env)
    assert (waits.exit_code, invoices(sandbox), lying(inbox)) == (9, 0, ["b.xlsx"])
    assert "1 invoice of this file was undone" in waits.stdout
    assert cli.at(sandbox).run("approve", second, "--yes", **env).exit_code == 0
    assert (cli.at(sandbox).run("run", **env).exit_code, invoices(sandbox)) == (0, 1)


def test_one_file_that_fails_keeps_no_other_in_doubt(cli: Cli, sandbox: Sandbox) -> None:
    """Whatever reading it anew stumbles over: the invoices are settled, and all files go where they belong."""
    inbox = filled(cli.folder / "inbox" / "a.xlsx", 10).parent
    filled(inbox / "b.xlsx", 20, key="b")
    sandbox.misbehave(Fault(FaultKind.DROP_AFTER, times=2))
    assert cli.at(sandbox).run("run", **AUTO).exit_code == 8
    crash = "import importer.flow.reconciling as r\nread = r.sheet_of\ndef sheet_of(wish, *a):\n"
    crash += "    if wish.path.name == 'a.xlsx':\n        raise ValueError('planted')\n    return read(wish, *a)\n"
    done = cli.at(sandbox).start("run", before=f"{crash}r.sheet_of = sheet_of\n", **AUTO).wait()
    assert (done.exit_code, invoices(sandbox)) == (0, 2)
    assert {"a.xlsx", "b.xlsx"} <= set(put_away(inbox, "done"))


def test_what_another_file_billed_otherwise_is_not_called_billed(cli: Cli, sandbox: Sandbox) -> None:
    """A correction waits for the doubt of the first file; that one turns out billed, with the amount from before."""
    inbox = filled(cli.folder / "inbox" / "a.xlsx", 10, age=60).parent
    filled(inbox / "a-corrected.xlsx", 15)
    sandbox.misbehave(Fault(FaultKind.DROP_AFTER))
    assert cli.at(sandbox).run("run", **LATER).exit_code == 8
    done = cli.at(sandbox).run("run", **AUTO)
    assert (done.exit_code, invoices(sandbox)) == (4, 1)
    assert "a-corrected.xlsx: failed. Settled: 1 held." in done.stdout
    assert "a.xlsx: done. Settled: 1 billed." in done.stdout
    assert "a.xlsx" in put_away(inbox, "done")
