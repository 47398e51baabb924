"""A file in in-doubt/ does not stay there for ever: what it waits for is settled, and its folder tells the truth."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from inboxes import filled, lying, put_away
from test_approval import STRICT

from importer.sandbox import Fault, FaultKind

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Cli

    from importer.sandbox import Sandbox

AUTO = {
    "IMPORTER_UNATTENDED": "true", "IMPORTER_INBOX_SETTLE_SECONDS": "0", "IMPORTER_SETTLE_SECONDS": "0",
    "IMPORTER_WORKERS": "1",
}  # fmt: skip
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
    assert [name[21:] for name in put_away(inbox, "done") if "results" in name] == ["results-2.xlsx", "results.xlsx"]
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
    assert (lying(inbox), put_away(inbox, "in-doubt")) == ([], [])
    assert "back in the inbox" in note(inbox, "failed")


def test_reconcile_puts_it_back_where_the_next_run_sees_it(cli: Cli, sandbox: Sandbox) -> None:
    """It sends nothing itself, and says where the file is now; a new file of that name is not overwritten."""
    inbox = in_doubt(cli, sandbox, FaultKind.DROP_BEFORE)
    filled(inbox / "a.xlsx", 77, key="new")
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
    assert (away.exit_code, "could not be settled: Kantata refuses access (401)" in away.stderr) == (5, True)
    assert "a.xlsx" in put_away(inbox, "in-doubt")


def test_what_a_person_took_out_is_left_alone(cli: Cli, sandbox: Sandbox) -> None:
    """A folder that was moved, or a file that was changed, is theirs."""
    inbox = in_doubt(cli, sandbox, FaultKind.DROP_AFTER)
    [folder] = (inbox / "in-doubt").iterdir()
    (folder / "a.xlsx").write_bytes(b"changed")
    assert cli.at(sandbox).run("run", **AUTO).exit_code == 0
    assert (folder / "a.xlsx").read_bytes() == b"changed"
    shutil.rmtree(folder)
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
