"""Approval: exactly the plan that a person approved is sent, and a difference is named."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest
from inboxes import STRICT, filled, lying
from plans import ACCOUNT

from importer.ledger.database import os_user
from importer.ledger.opening import open_ledger
from importer.planning.approval import _changes, _hash
from importer.sandbox.faults import Fault, FaultKind

if TYPE_CHECKING:
    import sqlalchemy as sa
    from programs import Cli

    from importer.sandbox.running import Sandbox


def posts(sandbox: Sandbox) -> int:
    """How many invoices were sent."""
    return len([one for one in sandbox.received() if one.method == "POST"])


def test_nothing_is_sent_that_was_not_approved(cli: Cli, sandbox: Sandbox) -> None:
    """Exit code 9 before; after the approval it is sent, and the ledger knows who approved."""
    here, sheet = cli.at(sandbox), cli.fees(2)
    refused = here.run("submit", sheet, "--yes", "--json", **STRICT)
    assert (refused.exit_code, posts(sandbox)) == (9, 0)
    assert "was not approved" in refused.document["notices"][-1]
    named = here.run("submit", sheet, "--batch", "extra run", "--partial", "--yes", "--json", **STRICT)
    how = f'invoice-importer approve "{sheet}" --batch "extra run" --partial'
    assert named.document["notices"][-1].endswith(how)
    approved = here.run("approve", sheet, "--yes", "--json", **STRICT)
    assert (approved.exit_code, len(approved.document["approval"]["plan_hash"]), posts(sandbox)) == (0, 64, 0)
    assert here.run("submit", sheet, "--yes", **STRICT).exit_code == 0
    assert posts(sandbox) == 2
    with sqlite3.connect(cli.ledger) as ledger:
        [row] = ledger.execute("SELECT os_user, file_name, plan_hash FROM approvals").fetchall()
    ledger.close()
    assert row == (os_user(), "october.csv", approved.document["approval"]["plan_hash"])


def test_what_is_let_through_stays_so_in_the_next_command(cli: Cli, sandbox: Sandbox) -> None:
    """The submit that is advised carries the plan out that was approved."""
    done = cli.at(sandbox).run("approve", cli.fees(1), "--yes", "--allow-repeats")
    assert done.stderr.rstrip().endswith("october.csv --allow-repeats")


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([{"invoice_key": "a", "amount": 11}], "the invoice of “a” had 10, now it has 11"),
        ([{"invoice_key": "a", "amount": 10}, {"invoice_key": "b", "amount": 5}], "“b” with 5 was not to be sent"),
        ([{"invoice_key": "c", "amount": 10}], "“a” with 10 was approved, but is not to be sent now"),
        ([{"invoice_key": "a", "amount": 10, "notes": "x"}], "the invoice of “a” has another fixed fee items"),
        ([{"invoice_key": "a", "amount": 10, "message": "x"}], "the invoice of “a” has another message"),
    ],
)
def test_a_changed_plan_is_refused_and_the_change_named(
    cli: Cli, sandbox: Sandbox, rows: list[dict[str, object]], said: str
) -> None:
    """Other amount, one more, one less, other words: nothing is sent."""
    here = cli.at(sandbox)
    assert here.run("approve", cli.sheet({"invoice_key": "a", "amount": 10}), "--yes").exit_code == 0
    done = here.run("submit", cli.sheet(*rows), "--yes", "--json", **STRICT)
    assert (done.exit_code, posts(sandbox)) == (9, 0)
    assert said in done.document["notices"][-1]


def test_settings_are_part_of_what_is_approved(cli: Cli, sandbox: Sandbox) -> None:
    """A draft that would now be issued is another plan; how fast it is sent is not."""
    here, sheet = cli.at(sandbox), cli.fees(1)
    here.run("approve", sheet, "--yes")
    done = here.run("submit", sheet, "--yes", "--json", **STRICT, IMPORTER_DRAFT="false")
    assert done.exit_code == 9
    assert "the setting draft was true, now it is false" in done.document["notices"][-1]
    assert here.run("submit", sheet, "--yes", **STRICT, IMPORTER_WORKERS="3").exit_code == 0


def test_another_batch_is_another_plan(cli: Cli, sandbox: Sandbox) -> None:
    """The batch decides what counts as billed."""
    here, sheet = cli.at(sandbox), cli.fees(1)
    here.run("approve", sheet, "--yes", "--batch", "one")
    done = here.run("submit", sheet, "--yes", "--json", "--batch", "two", **STRICT)
    assert "was approved for the batch one, but this is two" in done.document["notices"][-1]


def test_the_rest_of_an_approved_plan_needs_no_second_approval(cli: Cli, sandbox: Sandbox) -> None:
    """What was sent already belongs to the approved plan."""
    here = cli.at(sandbox)
    here.run("submit", cli.fees(1), "--yes")
    assert here.run("approve", cli.fees(2), "--yes").exit_code == 0
    assert here.run("submit", cli.fees(2), "--yes", **STRICT).exit_code == 0
    assert here.run("submit", cli.fees(2), "--yes", **STRICT).exit_code == 0
    assert posts(sandbox) == 2


def test_an_approval_is_used_up(cli: Cli, sandbox: Sandbox) -> None:
    """Once all of its invoices are created: after an undo the same plan needs a new approval, and then is sent."""
    here, sheet = cli.at(sandbox), cli.fees(2)
    assert here.run("approve", sheet, "--yes").exit_code == 0
    first = here.run("submit", sheet, "--yes", "--json", **STRICT)
    assert here.run("undo", first.document["run_id"], "--yes").exit_code == 0
    refused = here.run("submit", sheet, "--yes", "--json", **STRICT)
    assert (refused.exit_code, posts(sandbox)) == (9, 2)
    said = refused.document["notices"][-1]
    assert "is used up" in said
    assert f"run {first.document['run_id']} created all of its invoices" in said
    assert here.run("approve", sheet, "--yes").exit_code == 0
    assert here.run("submit", sheet, "--yes", **STRICT).exit_code == 0
    assert posts(sandbox) == 4


def test_who_sends_unasked_uses_the_approval_too(cli: Cli, sandbox: Sandbox) -> None:
    """Sent without require_approval and undone: the approval was for that, not for a second time."""
    here, sheet = cli.at(sandbox), cli.fees(1)
    here.run("approve", sheet, "--yes")
    assert here.run("submit", sheet, "--yes").exit_code == 0
    assert uses(cli) == ["begun", "complete"]
    assert here.run("undo", "last", "--yes").exit_code == 0
    assert here.run("submit", sheet, "--yes", **STRICT).exit_code == 9


def test_an_interrupted_run_goes_on_under_its_approval(cli: Cli, sandbox: Sandbox) -> None:
    """One invoice is refused for now: the rest is sent under the same approval, which then is used up."""
    here, sheet = cli.at(sandbox), cli.fees(2)
    here.run("approve", sheet, "--yes")
    sandbox.misbehave(Fault(FaultKind.STATUS_BEFORE, status=422))
    assert here.run("submit", sheet, "--yes", **STRICT, IMPORTER_WORKERS="1").exit_code == 4
    assert uses(cli) == ["begun"]
    assert here.run("submit", sheet, "--yes", **STRICT).exit_code == 0
    assert uses(cli) == ["begun", "begun", "complete"]


def test_an_undo_ends_the_approval_of_an_interrupted_run(cli: Cli, sandbox: Sandbox) -> None:
    """Also when its last invoice was never created, or the program died before it could note the end."""
    here, sheet = cli.at(sandbox), cli.fees(2)
    here.run("approve", sheet, "--yes")
    sandbox.misbehave(Fault(FaultKind.STATUS_BEFORE, status=422))
    assert here.run("submit", sheet, "--yes", **STRICT).exit_code == 4
    assert here.run("undo", "last", "--yes").exit_code == 0
    assert uses(cli) == ["begun", "undone"]
    sent = posts(sandbox)
    assert here.run("submit", sheet, "--yes", **STRICT).exit_code == 9
    assert posts(sandbox) == sent


def uses(cli: Cli) -> list[str]:
    """What the ledger noted of approvals, in order."""
    with sqlite3.connect(cli.ledger) as ledger:
        rows = ledger.execute("SELECT what FROM approval_uses ORDER BY id").fetchall()
    ledger.close()
    return [what for (what,) in rows]


def test_four_eyes(cli: Cli, sandbox: Sandbox) -> None:
    """With approval_by_another who approved may not send; the environment cannot pretend to be somebody else."""
    here, sheet = cli.at(sandbox), cli.fees(1)
    strict = STRICT | {"IMPORTER_APPROVAL_BY_ANOTHER": "true"}
    here.run("approve", sheet, "--yes", LOGNAME="berta", USER="berta")
    done = here.run("submit", sheet, "--yes", "--json", **strict)
    assert (done.exit_code, posts(sandbox)) == (9, 0)
    assert "approval_by_another" in done.document["notices"][-1]
    another = "import importer.ledger.database as n, importer.ledger.approvals as a\n"
    another += "n.os_user = a.os_user = lambda: 'berta'\n"
    assert here.start("approve", sheet, "--yes", before=another).wait().exit_code == 0
    assert here.run("submit", sheet, "--yes", **strict).exit_code == 0


def test_what_cannot_be_approved(cli: Cli, sandbox: Sandbox) -> None:
    """A file with problems (3), one that would send nothing (9), and nobody there to ask (9)."""
    here = cli.at(sandbox)
    assert here.run("approve", cli.sheet({"amount": "x"}), "--yes").exit_code == 3
    assert here.run("approve", cli.fees(1)).exit_code == 9
    assert here.run("submit", cli.fees(1), "--yes").exit_code == 0
    assert here.run("approve", cli.fees(1), "--yes").exit_code == 9
    assert here.run("submit", cli.fees(2), "--yes", **STRICT).exit_code == 9


def test_an_approval_is_a_gate_of_run(cli: Cli, sandbox: Sandbox) -> None:
    """A workbook without expected totals waits in the inbox until somebody approves it."""
    inbox = cli.folder / "inbox"
    sheet = filled(inbox / "a.xlsx", 10, total=None)
    auto = {"IMPORTER_UNATTENDED": "true", "IMPORTER_INBOX_SETTLE_SECONDS": "0", **STRICT}
    here = cli.at(sandbox)
    waiting = here.run("run", "--json", **auto)
    assert (waiting.exit_code, lying(inbox), posts(sandbox)) == (9, ["a.xlsx"], 0)
    assert "was not approved" in waiting.document["files"][0]["message"]
    assert here.run("approve", sheet, "--yes").exit_code == 0
    assert here.run("run", **auto).exit_code == 0
    assert posts(sandbox) == 1


def test_approvals_are_kept_in_both_databases(ledger_place: sa.URL) -> None:
    """The newest first; of the batch or of the file; nothing of another account."""
    ledger = open_ledger(ledger_place, ACCOUNT)
    for number, batch in enumerate(("2026-10", "2026-11", "2026-10")):
        ledger.approvals.record(
            batch=batch,
            sha256=str(number) * 64,
            file_name=f"Größe {number}.xlsx",
            plan_hash="f" * 64,
            plan={"n": number},
        )
    assert [one.plan["n"] for one in ledger.approvals.of("2026-10", "x")] == [2, 0]
    assert [one.file_name for one in ledger.approvals.of("none", "1" * 64)] == ["Größe 1.xlsx"]
    other = open_ledger(ledger_place, "https://other.example")
    assert other.approvals.of("2026-10", "0" * 64) == []
    other.approvals.record(batch="b", sha256="s", file_name="f", plan_hash="h", plan={"invoices": {"inv-1": {}}})
    ledger.approvals.end_for({"inv-1"}, "undo-1")
    assert [one.ended for one in other.approvals.of("b", "s")] == [None]
    other.approvals.end_for({"inv-2"}, "undo-1")
    assert [one.ended for one in other.approvals.of("b", "s")] == [None]
    other.approvals.note(other.approvals.of("b", "s"), "run-1", "begun")
    assert [one.ended for one in other.approvals.of("b", "s")] == [None]
    other.approvals.end_for({"inv-1", "inv-2"}, "undo-2")
    assert [one.ended for one in other.approvals.of("b", "s")] == [("undone", "undo-2")]
    ledger.approvals.note(ledger.approvals.of("none", "1" * 64), "run-2", "complete")
    assert [one.ended for one in ledger.approvals.of("none", "1" * 64)] == [("complete", "run-2")]
    for one in (ledger, other):
        one.close()


def test_an_approval_for_another_batch_says_so(cli: Cli, sandbox: Sandbox) -> None:
    """The file was approved, only not for the batch that is about to be sent."""
    cli, sheet = cli.at(sandbox), cli.fees(1)
    assert cli.run("approve", sheet, "--yes", "--batch", "OCT").exit_code == 0
    done = cli.run("submit", sheet, "--yes", "--json", **STRICT)
    assert done.exit_code == 9
    assert "was approved for the batch OCT, but this is" in done.document["notices"][-1]
    (cli.folder / "inbox").mkdir()
    (cli.folder / "inbox" / "a.csv").write_bytes(sheet.read_bytes())
    by_run = cli.run("run", "--quiet", IMPORTER_UNATTENDED="true", IMPORTER_INBOX_SETTLE_SECONDS="0")
    assert (by_run.exit_code, "approved for the batch OCT" in by_run.stderr) == (9, True)
    assert cli.run("submit", sheet, "--yes", "--batch", "OCT", **STRICT).exit_code == 0


def test_a_draft_that_would_be_issued_is_said_in_so_many_words() -> None:
    """“Another draft” could mean anything."""
    draft, issued = ({"draft": _hash(value), "message": _hash("x")} for value in (True, False))
    assert _changes(["draft"], issued) == "would be issued, no longer a draft"
    assert _changes(["draft"], draft) == "would be a draft, not issued"
    assert _changes(["message", "draft"], issued) == "would be issued, no longer a draft and has another message"


def test_what_is_approved_while_an_undo_is_at_work_is_not_its_bill_anew(cli: Cli, sandbox: Sandbox) -> None:
    """Who approved saw the invoice as created already, and not that it was about to be taken back."""
    first, both = cli.fees(1, "first.csv"), cli.fees(2, "both.csv")
    assert cli.at(sandbox).run("submit", first, "--yes").exit_code == 0
    meanwhile = (
        "import importer.ledger.ledger as u, subprocess, sys\n"
        "Ledger = u.SubmissionLedger\nbegin = Ledger.begin_removal\n"
        "def begun(self, *a):\n"
        f"    command = [sys.executable, '-m', 'importer', 'approve', {str(both)!r}, '--yes']\n"
        "    subprocess.run(command, check=True)\n    return begin(self, *a)\nLedger.begin_removal = begun\n"
    )
    assert cli.at(sandbox).start("undo", "last", "--yes", before=meanwhile).wait().exit_code == 0
    done = cli.at(sandbox).run("submit", both, "--yes", "--json", **STRICT)
    assert (done.exit_code, len(sandbox.invoices())) == (9, 0)


def test_what_kantata_prices_is_approved_too(cli: Cli, sandbox: Sandbox) -> None:
    """Rates may change after the approval: then the time comes to another amount than the person saw."""
    here = cli.at(sandbox)
    sheet = cli.sheet({"item_type": "time_entry", "item_id": 5101001})
    assert here.run("approve", sheet, "--yes").exit_code == 0
    dearer = (
        "import importer.flow.named_records as c\nfrom dataclasses import replace\nof = c.expected_of\n"
        "def more(invoice, account):\n    found = of(invoice, account)\n"
        "    return replace(found, total=found.total + 1)\nc.expected_of = more\n"
    )
    done = here.start("submit", sheet, "--yes", "--json", before=dearer, **STRICT).wait()
    assert (done.exit_code, posts(sandbox)) == (9, 0)
    assert "would have come to" in done.document["notices"][-1]
    assert here.run("submit", sheet, "--yes", **STRICT).exit_code == 0
