"""No file of the inbox and no results get lost: replaced files, equal names, changed invoices."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import requests
from inboxes import filled, lying
from test_doubts_of_a_run import AUTO, LATER, invoices

from importer.sandbox.faults import Fault, FaultKind

if TYPE_CHECKING:
    from programs import Cli

    from importer.sandbox.running import Sandbox


def test_replaced_while_it_was_billed_and_killed_while_it_moved(cli: Cli, sandbox: Sandbox) -> None:
    """The new file is not taken to done/, where nobody would bill it."""
    inbox = filled(cli.folder / "inbox" / "a.xlsx", 10).parent
    new = filled(cli.folder / "new.xlsx", 77, key="new", project=102)
    before = (
        "import importer.unattended.filing as m, os, pathlib, shutil\n"
        "moved, move = pathlib.Path.rename, m.move\n"
        "def rename(self, target):\n    moved(self, target)\n    os._exit(99)\n"
        f"def replaced(source, *a):\n    shutil.copy({str(new)!r}, source)\n    pathlib.Path.rename = rename\n"
        "    done = move(source, *a)\n    pathlib.Path.rename = moved\n    return done\nm.move = replaced\n"
    )
    assert cli.at(sandbox).start("run", before=before, **AUTO).wait().exit_code == 0
    assert lying(inbox) == ["a.xlsx"]
    assert (cli.at(sandbox).run("run", **AUTO).exit_code, invoices(sandbox)) == (0, 2)


def test_results_of_another_file_are_never_deleted(cli: Cli, sandbox: Sandbox) -> None:
    """Two files of one stem, taken in the same second, may get the same name of a run."""
    inbox = filled(cli.folder / "inbox" / "a.xlsx", 10).parent
    filled(inbox / "a.xlsm", 20, key="m")
    same = "import importer.unattended.handling as r\nr.new_run_id = lambda: '20261031-000000-abcd'\n"
    cli.at(sandbox).start("run", before=same, **AUTO).wait()
    assert len(list((cli.folder / "reports").rglob("*-results.xlsx"))) == 1
    assert (cli.at(sandbox).run("run", **AUTO).exit_code, invoices(sandbox)) == (0, 2)


def test_the_same_file_again_says_what_differs_since(cli: Cli, sandbox: Sandbox) -> None:
    """As submit does: “nothing to do” is said only of invoices that are as they were sent."""
    inbox = filled(cli.folder / "inbox" / "a.xlsx", 10).parent
    shutil.copy(inbox / "a.xlsx", cli.folder / "a.xlsx")
    assert cli.at(sandbox).run("run", **AUTO).exit_code == 0
    [one] = sandbox.invoices()
    address = f"{sandbox.base_url.removesuffix('/api/v1')}/_sandbox/invoices/{one.id}/notes"
    assert requests.put(address, json="something else", timeout=60).ok
    shutil.copy(cli.folder / "a.xlsx", inbox)
    done = cli.at(sandbox).run("run", **AUTO)
    by_hand = cli.at(sandbox).run("submit", cli.folder / "a.xlsx", "--yes", **AUTO)
    assert (done.exit_code, by_hand.exit_code) == (4, 4)


def test_an_empty_folder_does_not_stay_in_doubt(cli: Cli, sandbox: Sandbox) -> None:
    """The program was killed when it had made the folder and nothing in it; the file is in the inbox still."""
    inbox = filled(cli.folder / "inbox" / "a.xlsx", 10, 20).parent
    sandbox.misbehave(Fault(FaultKind.DROP_AFTER))
    killed = "import importer.unattended.running as r, os, pathlib\nmade = pathlib.Path.mkdir\n"
    killed += "def mkdir(self, *a, **k):\n    made(self, *a, **k)\n"
    killed += "    if self.parent.name == 'in-doubt':\n        os._exit(99)\npathlib.Path.mkdir = mkdir\n"
    assert cli.at(sandbox).start("run", before=killed, **LATER).wait().exit_code == 99
    assert len(list((inbox / "in-doubt").iterdir())) == 1
    assert cli.at(sandbox).run("run", **LATER).exit_code == 8
    assert [one.name for one in (inbox / "in-doubt").glob("*/*.xlsx") if one.name == "a.xlsx"] == ["a.xlsx"]
    assert len(list((inbox / "in-doubt").iterdir())) == 1
    assert (cli.at(sandbox).run("run", **AUTO).exit_code, invoices(sandbox)) == (0, 2)
    assert not list((inbox / "in-doubt").iterdir())
