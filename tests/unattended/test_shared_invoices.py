"""Files of the inbox that hold the same invoices: what another file billed counts, and what was undone of it too."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from inboxes import HEADERS, filled, lying, put_away
from sheets import workbook
from test_doubts_of_a_run import AUTO, LATER, in_doubt, invoices

from importer.sandbox.faults import Fault, FaultKind

if TYPE_CHECKING:
    from pathlib import Path

    from programs import Cli

    from importer.sandbox.running import Sandbox

AT = (
    "import importer.flow.prepare as p\nfrom datetime import datetime\n"
    "class Clock(datetime):\n    @classmethod\n    def now(cls, *a):\n"
    "        return datetime({}, 12, 0)\np.datetime = Clock\n"
)
"""Python that sets the day of a plan."""


AHEAD = (
    "import importer.ledger.database as l\nfrom datetime import timedelta\nnow = l.now\n"
    "l.now = lambda: now() + timedelta(days=1)\n"
)
"""Python that puts the clock of the ledger a day ahead."""


def billed_apart(cli: Cli, sandbox: Sandbox, *faults: Fault) -> tuple[Path, str]:
    """Bill one invoice by a file, and put another one with a second invoice into the inbox; return the first run."""
    inbox = filled(cli.folder / "inbox" / "a.xlsx", 10).parent
    first = cli.at(sandbox).run("run", "--json", **AUTO)
    assert first.exit_code == 0
    filled(inbox / "b.xlsx", 10, 20)
    sandbox.misbehave(*faults)
    return inbox, first.document["files"][0]["report"]["run_id"]


def test_what_was_undone_of_another_file_does_not_come_back(cli: Cli, sandbox: Sandbox) -> None:
    """A file in doubt would bill it anew with what it has to bill itself, and nobody has said so."""
    inbox, earlier = billed_apart(cli, sandbox, Fault(FaultKind.DROP_BEFORE))
    assert cli.at(sandbox).run("run", **AUTO).exit_code == 8
    assert cli.at(sandbox).run("undo", earlier, "--yes").exit_code == 0
    done = cli.at(sandbox).run("run", **AUTO)
    assert (done.exit_code, invoices(sandbox), lying(inbox)) == (4, 0, [])
    assert "b.xlsx: failed. Settled: 1 not billed, 1 undone." in done.stdout


def test_reconcile_does_not_end_with_0_when_a_file_needs_a_person(cli: Cli, sandbox: Sandbox) -> None:
    """All that was in doubt is billed, but another invoice of the file was undone: it goes to failed/."""
    inbox, earlier = billed_apart(cli, sandbox, Fault(FaultKind.DROP_AFTER))
    assert cli.at(sandbox).run("run", **AUTO).exit_code == 8
    assert cli.at(sandbox).run("undo", earlier, "--yes").exit_code == 0
    done = cli.at(sandbox).run("reconcile", "--quiet", **AUTO)
    assert "b.xlsx" in put_away(inbox, "failed")
    assert (done.exit_code, "b.xlsx: failed" in done.stderr) == (4, True)


def test_what_was_undone_of_another_file_waits_for_a_word(cli: Cli, sandbox: Sandbox) -> None:
    """A file that waits in the inbox was planned before the undo: its gate says nothing of it."""
    inbox, earlier = billed_apart(cli, sandbox, Fault(FaultKind.STATUS_BEFORE, status=401))
    assert (cli.at(sandbox).run("run", **AUTO).exit_code, lying(inbox)) == (5, ["b.xlsx"])
    assert cli.at(sandbox).run("undo", earlier, "--yes").exit_code == 0
    waits = cli.at(sandbox).run("run", **AUTO)
    assert (waits.exit_code, invoices(sandbox), lying(inbox)) == (9, 0, ["b.xlsx"])
    assert "1 invoice of this file was undone" in waits.stdout


def test_a_file_that_lay_there_before_the_undo_waits_too(cli: Cli, sandbox: Sandbox) -> None:
    """No run had looked at it yet, and its content is another one: nobody spoke after the undo."""
    inbox = filled(cli.folder / "a.xlsx", 10, 20).parent / "inbox"
    assert cli.at(sandbox).run("submit", cli.folder / "a.xlsx", "--yes").exit_code == 0
    sheet = filled(inbox / "b.xlsx", 10)
    assert cli.at(sandbox).run("undo", "last", "--yes").exit_code == 0
    assert (cli.at(sandbox).run("run", **AUTO).exit_code, invoices(sandbox)) == (9, 0)
    assert cli.at(sandbox).run("approve", sheet, "--yes").exit_code == 0
    assert (cli.at(sandbox).run("run", **AUTO).exit_code, invoices(sandbox)) == (0, 1)


def test_an_approval_after_the_undo_holds_for_an_interrupted_run(cli: Cli, sandbox: Sandbox) -> None:
    """Also when its first run was stopped before what had been undone."""
    inbox = filled(cli.folder / "inbox" / "a.xlsx", 10, 20).parent
    cli.at(sandbox).run("run", **AUTO)
    cli.at(sandbox).run("undo", "last", "--yes")
    sheet = filled(inbox / "b.xlsx", 10, 21)
    assert cli.at(sandbox).run("approve", sheet, "--yes").exit_code == 0
    sandbox.misbehave(Fault(FaultKind.STATUS_BEFORE, status=401))
    assert cli.at(sandbox).run("run", **AUTO).exit_code == 5
    assert (cli.at(sandbox).run("run", **AUTO).exit_code, invoices(sandbox)) == (0, 2)


def test_a_file_waits_for_the_doubt_of_another_one(cli: Cli, sandbox: Sandbox) -> None:
    """It stays where it is while the doubt stands, and is done with it."""
    inbox = in_doubt(cli, sandbox, FaultKind.DROP_AFTER)
    filled(inbox / "b.xlsx", 10, 20, 30)
    assert cli.at(sandbox).run("run", **LATER).exit_code == 8
    before = sorted(inbox.rglob("*"))
    early = cli.at(sandbox).run("run", **LATER)
    assert (early.exit_code, sorted(inbox.rglob("*"))) == (8, before)
    assert "b.xlsx: in-doubt. 1 in doubt, 2 billed." in early.stdout
    assert (cli.at(sandbox).run("run", **AUTO).exit_code, invoices(sandbox)) == (0, 3)
    assert {"a.xlsx", "b.xlsx"} <= set(put_away(inbox, "done"))


def test_what_another_file_billed_keeps_no_file_in_its_month(cli: Cli, sandbox: Sandbox) -> None:
    """The same file without dates a month later is a new month, or a question; never “nothing to do”."""
    inbox = cli.folder / "inbox"
    inbox.mkdir()
    rows = [(101, f"k{n}", "Fixed fee", 10 + n, 30) for n in range(2)]
    for name, count in (("a.xlsx", 1), ("b.xlsx", 2)):
        cover = {"Cover": [["Expected invoices", count]]}
        workbook(cli.folder / name, {"Invoices": [HEADERS[:-1], *rows[:count]], **cover})
        shutil.copy(cli.folder / name, inbox)
        assert cli.at(sandbox).start("run", before=AT.format("2026, 11, 30"), **AUTO).wait().exit_code == 0
    shutil.copy(cli.folder / "b.xlsx", inbox)
    later = cli.at(sandbox).start("run", before=AT.format("2026, 12, 31"), **AUTO).wait()
    assert (later.exit_code, invoices(sandbox)) == (4, 2)
    assert "2 held" in later.stdout


def test_a_new_month_is_no_word_about_what_was_undone(cli: Cli, sandbox: Sandbox) -> None:
    """A file without dates has another batch then; left in the inbox it waits all the same, until it is approved."""
    sheet = cli.folder / "inbox" / "a.xlsx"
    sheet.parent.mkdir()
    rows = [(101, f"k{n}", "Fixed fee", 10 + n, 30) for n in range(2)]
    workbook(sheet, {"Invoices": [HEADERS[:-1], *rows], "Cover": [["Expected invoices", 2]]})
    november, december = (AT.format(day) for day in ("2026, 11, 30", "2026, 12, 1"))
    assert cli.at(sandbox).start("submit", sheet, "--yes", before=november).wait().exit_code == 0
    assert cli.at(sandbox).run("undo", "last", "--yes").exit_code == 0
    for day in (november, december):
        waits = cli.at(sandbox).start("run", before=day, **AUTO).wait()
        assert (waits.exit_code, invoices(sandbox), lying(sheet.parent)) == (9, 0, ["a.xlsx"])
        assert "2 invoices of this file were undone" in waits.stdout
    assert cli.at(sandbox).start("approve", sheet, "--yes", before=december).wait().exit_code == 0
    assert cli.at(sandbox).start("run", before=december, **AUTO).wait().exit_code == 0
    assert invoices(sandbox) == 2


@pytest.mark.parametrize("how", ["keys removed", "other order", "entries"])
def test_an_undone_invoice_that_comes_back_in_another_form_waits(cli: Cli, sandbox: Sandbox, how: str) -> None:
    """Under other keys, in other rows, its lines make other invoices: run waits for a person's word."""
    inbox = cli.folder / "inbox"
    inbox.mkdir()
    head = ("Project ID", "Invoice key", "Item type", "Item ID", "Amount", "Net days", "Invoice date")
    kind, ids, amounts = ("Time entry", (5101001, 5101002), (None, None))
    if how != "entries":
        kind, ids, amounts = ("Fixed fee", (None, None), (10, 20))
    rows = [(101, f"k{n}", kind, ids[n], amounts[n], 30, "2026-10-31") for n in range(2)]
    workbook(cli.folder / "a.xlsx", {"Invoices": [head, *rows]})
    assert cli.at(sandbox).run("submit", cli.folder / "a.xlsx", "--yes").exit_code == 0
    assert cli.at(sandbox).run("undo", "last", "--yes").exit_code == 0

    again = [(101, None, *row[2:]) for row in rows]
    if how == "other order":
        again = [(101, "k0", *row[2:]) for row in (*reversed(rows), (101, "", kind, None, 5, 30, None))]
    workbook(inbox / "b.xlsx", {"Invoices": [head, *again], "Cover": [["Expected invoices", 1]]})
    waits = cli.at(sandbox).run("run", **AUTO)
    assert (waits.exit_code, invoices(sandbox), lying(inbox)) == (9, 0, ["b.xlsx"])
    assert "undone" in waits.stdout
    assert cli.at(sandbox).run("approve", inbox / "b.xlsx", "--yes").exit_code == 0
    assert cli.at(sandbox).run("run", **AUTO).exit_code == 0


def test_the_next_month_of_an_undone_retainer_is_billed(cli: Cli, sandbox: Sandbox) -> None:
    """Its lines are those of the undone one, but a month away."""
    inbox = filled(cli.folder / "inbox" / "a.xlsx", 10).parent
    assert cli.at(sandbox).run("run", **AUTO).exit_code == 0
    assert cli.at(sandbox).run("undo", "last", "--yes").exit_code == 0
    rows = [(101, "nov", "Fixed fee", 10, 30, "2026-11-30")]
    workbook(inbox / "b.xlsx", {"Invoices": [HEADERS, *rows], "Cover": [["Expected total", 10]]})
    assert (cli.at(sandbox).run("run", **AUTO).exit_code, invoices(sandbox)) == (0, 1)


def test_the_clock_does_not_tell_what_came_first(cli: Cli, sandbox: Sandbox) -> None:
    """It was a day ahead when the file was sent: what was undone after that was undone after that."""
    inbox, earlier = billed_apart(cli, sandbox, Fault(FaultKind.DROP_BEFORE))
    assert cli.at(sandbox).start("run", before=AHEAD, **AUTO).wait().exit_code == 8
    assert cli.at(sandbox).run("undo", earlier, "--yes").exit_code == 0
    [doubt] = cli.at(sandbox).run("reconcile", "--json", **AUTO).document["invoices"]
    said = cli.at(sandbox).run("reconcile", "--not-billed", doubt["reference"], "--yes", **AUTO)
    assert said.exit_code == 4
    assert "b.xlsx: failed. Settled: 1 not billed, 1 undone." in said.stdout
    assert (cli.at(sandbox).run("run", **AUTO).exit_code, invoices(sandbox), lying(inbox)) == (0, 0, [])
