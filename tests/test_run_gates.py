"""``run``: no gate is one that cannot see what it guards, and no file is put away that is still to be billed."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from inboxes import MailServer, filled, lying, text_of
from sheets import workbook
from test_run import AUTO, message, outcomes, posts

from importer.sandbox import Fault, FaultKind

if TYPE_CHECKING:
    from conftest import Cli

    from importer.sandbox import Sandbox

HEADERS = ("Project ID", "Item type", "Item ID", "Net days", "Invoice date")


@pytest.fixture
def inbox(cli: Cli) -> Path:
    """Return the inbox, in the working directory of the program."""
    folder = cli.folder / "inbox"
    folder.mkdir()
    return folder


def hours(path: Path, **cover: int) -> None:
    """Write a workbook of one invoice without any amount, and its cover."""
    stated = [(name.replace("_", " "), value) for name, value in cover.items()]
    workbook(path, {"Invoices": [HEADERS, (101, "Time entry", 5101001, 30, "2026-10-31")], "Cover": stated})


def test_totals_do_not_guard_invoices_without_amounts(cli: Cli, sandbox: Sandbox, inbox: Path) -> None:
    """A total of 0, or a limit that 0 always keeps to, is no gate; the number of invoices is one."""
    hours(inbox / "time.xlsx", Expected_total=0)
    done = cli.at(sandbox).run("run", "--json", IMPORTER_LARGEST_TOTAL="10", **AUTO)
    assert (done.exit_code, lying(inbox), posts(sandbox)) == (9, ["time.xlsx"], 0)
    assert "Put “Expected invoices”" in message(done, "time.xlsx")
    hours(inbox / "time.xlsx", Expected_total=0, Expected_invoices=1)
    assert cli.at(sandbox).run("run", **AUTO).exit_code == 0
    assert (lying(inbox), posts(sandbox)) == ([], 1)


def test_a_cover_does_not_overrule_the_settings(cli: Cli, sandbox: Sandbox, inbox: Path) -> None:
    """Both must hold: who writes the workbook does not set the administrator's gate. A flag counts before both."""
    sheet = filled(inbox / "a.xlsx", 99999)
    done = cli.at(sandbox).run("run", "--json", IMPORTER_EXPECT_TOTAL="500", **AUTO)
    assert (done.exit_code, outcomes(done), posts(sandbox)) == (9, {"a.xlsx": "failed"}, 0)
    assert "500.00 was expected" in message(done, "a.xlsx")
    sheet = filled(cli.folder / "b.xlsx", 99999)
    flag = ("submit", sheet, "--yes", "--expect-total", "99999")
    assert cli.at(sandbox).run(*flag, IMPORTER_EXPECT_TOTAL="500").exit_code == 0


def test_the_same_sheet_in_another_month_is_not_called_billed(cli: Cli, sandbox: Sandbox, inbox: Path) -> None:
    """A sheet without dates means another batch each month: it is held for a person, never put away as done."""
    sheet = cli.sheet({"invoice_date": "", "amount": 100}, name="retainer.csv")
    assert cli.at(sandbox).run("submit", sheet, "--yes", "--batch", "2020-01").exit_code == 0
    shutil.copy(sheet, inbox / "again.csv")
    done = cli.at(sandbox).run("run", "--json", **AUTO)
    assert (done.exit_code, outcomes(done), posts(sandbox)) == (4, {"again.csv": "failed"}, 1)
    assert "1 held" in message(done, "again.csv")


@pytest.mark.skipif(os.name != "posix", reason="only there a name can be any bytes")
def test_a_name_that_is_no_text_stops_no_other_file(cli: Cli, sandbox: Sandbox, inbox: Path) -> None:
    """A name from an old Windows share waits and is told; the file behind it is billed."""
    filled(inbox / "good.xlsx", 10)
    shutil.copy(inbox / "good.xlsx", os.fsencode(inbox) + b"/Gr\xf6\xdfe.xlsx")
    done = cli.at(sandbox).run("run", "--json", **AUTO)
    assert (done.exit_code, outcomes(done)) == (3, {r"Gr\udcf6\udcdfe.xlsx": "left", "good.xlsx": "done"})


def test_a_rehearsal_puts_nothing_away(cli: Cli, inbox: Path) -> None:
    """What --sandbox “billed” is still to be billed: the file stays in the inbox, its results lie in the reports."""
    filled(inbox / "a.xlsx", 10)
    done = cli.run("run", "--sandbox", "--json", **AUTO)
    assert (done.exit_code, outcomes(done), lying(inbox)) == (0, {"a.xlsx": "done"}, ["a.xlsx"])
    assert list(Path(done.document["files"][0]["folder"]).glob("*-results.xlsx"))


def test_a_terminal_of_another_encoding_stops_no_run(cli: Cli, sandbox: Sandbox, inbox: Path) -> None:
    """Every file is handled although its line cannot be written as it is."""
    filled(inbox / "Größe.xlsx", 10)
    filled(inbox / "b.xlsx", 20, key="b")
    done = cli.at(sandbox).cold("run", PYTHONIOENCODING="ascii", **AUTO)
    assert (done.exit_code, lying(inbox)) == (0, [])


def test_a_csv_of_another_encoding_can_be_approved(cli: Cli, sandbox: Sandbox) -> None:
    """The encoding is part of the plan, so approve must take it like submit."""
    sheet = cli.folder / "old.csv"
    sheet.write_bytes("Project ID;Item type;Amount;Net days;Description\n101;Fixed fee;10;30;Größe\n".encode("cp1252"))
    here, strict = cli.at(sandbox), {"IMPORTER_REQUIRE_APPROVAL": "true"}
    encoding = ("--encoding", "windows-1252")
    assert here.run("approve", sheet, *encoding, "--yes").exit_code == 0
    assert here.run("submit", sheet, *encoding, "--yes", **strict).exit_code == 0


def test_reconcile_tells_also_quietly_what_is_not_billed(cli: Cli, sandbox: Sandbox, inbox: Path) -> None:
    """Its file lies in in-doubt/ and nobody takes it again: the scheduler must have something to mail."""
    filled(inbox / "a.xlsx", 10)
    sandbox.misbehave(Fault(FaultKind.DROP_BEFORE))
    here = cli.at(sandbox)
    assert here.run("run", **AUTO).exit_code == 8
    done = here.run("reconcile", "--quiet", IMPORTER_SETTLE_SECONDS="0")
    assert done.exit_code == 0
    assert "Submit the file again" in done.stderr
    assert done.stdout == ""


def test_a_notice_that_was_not_sent_is_told_by_the_next_run(cli: Cli, sandbox: Sandbox, inbox: Path) -> None:
    """Also when that has nothing else to tell; and then not once more."""
    filled(inbox / "a.xlsx", 10)
    with MailServer(refuse=True) as mail:
        auto = {"IMPORTER_NOTIFY": mail.address, **AUTO}
        here = cli.at(sandbox)
        for _ in range(2):
            assert here.run("run", **auto).exit_code == 0
        mail.refuse = False
        for _ in range(2):
            assert here.run("run", **auto).exit_code == 0
        [told] = mail.received
    assert text_of(told).count("a.xlsx: done. 1 created") == 1
