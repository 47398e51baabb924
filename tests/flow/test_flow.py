"""The flow: what a run does in which order, and how it ends when several things went wrong."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

import pytest
from plans import ACCOUNT, fees

from importer.flow import preview as flow_preview
from importer.flow import submit as flow_submit
from importer.flow.prepared import Tools, Wish
from importer.flow.submit import Hooks, exit_code_after
from importer.ledger.ledger import SubmissionLedger
from importer.ledger.opening import open_ledger
from importer.model.errors import GateRefused, LedgerProblem
from importer.model.exit_codes import ExitCode
from importer.model.plans import Status
from importer.sending.sender import Sent
from importer.sending.throttle import Stop
from importer.settings.model import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from importer.kantata.client import KantataApi
    from importer.reporting.report import Report
    from importer.sandbox.running import Sandbox

ROWS = "workspace_id,item_type,amount,payment_schedule\n101,fixed_fee,500,30\n102,fixed_fee,700,30\n"


class FailsLater(SubmissionLedger):
    """A ledger whose disk fills up at a certain step."""

    failing = ""

    def _may_fail(self, name: str) -> None:
        if name == self.failing:
            msg = "The ledger is full."
            raise LedgerProblem(msg)

    def begin_run(self, *args: Any) -> None:
        """Note that a submit begins, unless that fails."""
        self._may_fail("begin_run")
        super().begin_run(*args)

    def end_run(self, *args: Any) -> None:
        """Note how a submit ended, unless that fails."""
        self._may_fail("end_run")
        super().end_run(*args)


@pytest.fixture
def tools(tmp_path: Path, sandbox: Sandbox, connect: Callable[..., KantataApi]) -> Iterator[Tools]:
    """Return settings, a ledger that can be told to fail, and a connection."""
    open_ledger(tmp_path / "ledger.sqlite", ACCOUNT).close()
    plain = open_ledger(tmp_path / "ledger.sqlite", ACCOUNT)
    ledger = FailsLater(plain._engine, ACCOUNT)  # noqa: SLF001 - the same file
    settings = Settings(reports=tmp_path / "reports", pace_per_second=1000, retry_seconds=0)
    yield Tools(settings, ACCOUNT, ledger, connect(sandbox.base_url))
    ledger.close()


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    """Return a sheet of two invoices."""
    path = tmp_path / "october.csv"
    path.write_text(ROWS)
    return path


def submit(wish: Wish, tools: Tools, confirm: Callable[[Report], None] = lambda _plan: None) -> Report:
    """Submit without a terminal."""
    assert tools.api is not None
    api = tools.api
    return flow_submit.submit(
        wish,
        tools,
        Hooks(lambda: api, confirm, Stop(), lambda _one: None),
    )


def test_the_gravest_outcome_decides_the_exit_code() -> None:
    """In doubt over a signal over access over unreachable over anything left undone; every combination."""
    order = [ExitCode.IN_DOUBT, ExitCode.TERMINATED, ExitCode.ACCESS, ExitCode.UNREACHABLE, ExitCode.SOME_NOT_SENT]
    [one] = fees(1)
    created = replace(one, status=Status.CREATED)
    for size in range(len(order) + 1):
        for chosen in combinations(order, size):
            undone = {Status.IN_DOUBT: ExitCode.IN_DOUBT in chosen, Status.HELD: ExitCode.SOME_NOT_SENT in chosen}
            planned = (created, *(replace(one, status=status) for status, there in undone.items() if there))
            stopped = ExitCode.TERMINATED if ExitCode.TERMINATED in chosen else None
            sent = Sent(planned, ExitCode.ACCESS in chosen, ExitCode.UNREACHABLE in chosen, stopped)
            assert exit_code_after(sent) is (chosen[0] if chosen else ExitCode.DONE)


@pytest.mark.parametrize("status", Status)
def test_only_created_invoices_are_a_success(status: Status) -> None:
    """0 means that nothing is left to do."""
    [one] = fees(1)
    code = exit_code_after(Sent((replace(one, status=status),)))
    done = {Status.CREATED: 0, Status.ALREADY_CREATED: 0, Status.IN_DOUBT: 8}
    assert int(code) == done.get(status, 4)


def test_a_person_who_refuses_sends_nothing(tools: Tools, sheet: Path, sandbox: Sandbox) -> None:
    """The plan that was shown is the one that would be sent; no POST; the run is on record and has results."""
    shown: list[Report] = []

    def refuse(plan: Report) -> None:
        shown.append(plan)
        msg = "no"
        raise GateRefused(msg)

    report = submit(Wish(sheet), tools, refuse)
    assert [one.status for one in shown[0].planned] == [Status.READY] * 2
    assert (report.exit_code, [one.status for one in report.planned]) == (ExitCode.GATE, [Status.NOT_SENT] * 2)
    assert ([run.by_status for run in tools.ledger.runs()], sandbox.received("POST")) == ([{"not_sent": 2}], [])
    assert report.files["results"] is not None
    assert report.files.get("annotated") is None  # nothing is wrong with the file


def test_an_invoice_whose_rows_are_gone_is_named(tools: Tools, sheet: Path) -> None:
    """It stands in Kantata, and no row says so; what another file of the batch billed is not meant."""
    submit(Wish(sheet, batch="2026-10"), tools)
    lines = ROWS.splitlines(keepends=True)
    sheet.write_text("".join(lines[:-1]))
    [notice] = [
        line
        for line in flow_preview.preview(Wish(sheet, batch="2026-10"), tools).notices
        if "in none of its rows now" in line
    ]
    gone = [one for one in tools.ledger.billed_in_batch("2026-10") if one.invoice_id and one.invoice_id in notice]
    assert len(gone) == 1

    other = sheet.with_name("other.csv")
    other.write_text("".join(lines[:-1]))
    assert not any(
        "in none of its rows" in line for line in flow_preview.preview(Wish(other, batch="2026-10"), tools).notices
    )


def test_an_invoice_over_several_projects_is_always_named(tools: Tools, sheet: Path) -> None:
    """A shared key may put two clients on one invoice."""
    assert "several projects" not in " ".join(flow_preview.preview(Wish(sheet), tools).notices)
    sheet.write_text(ROWS.replace("\n", ",ACME\n").replace("schedule,ACME", "schedule,invoice_key"))
    notices = flow_preview.preview(Wish(sheet), tools).notices
    assert (
        "One invoice over several projects, because their rows share an Invoice key: ACME (projects 101, 102)."
    ) in notices


def test_nobody_is_asked_when_nothing_is_to_be_sent(tools: Tools, sheet: Path) -> None:
    """A second run does not ask and does not send; it is on record all the same."""
    submit(Wish(sheet), tools)

    def unasked(_plan: Report) -> None:
        pytest.fail("nothing is ready")

    assert submit(Wish(sheet), tools, unasked).exit_code is ExitCode.DONE
    assert [run.by_status for run in tools.ledger.runs()] == [{"already_created": 2}, {"created": 2}]


def test_a_preview_leaves_the_ledger_as_it_is(tools: Tools, sheet: Path, sandbox: Sandbox) -> None:
    """No run, no entry, no POST."""
    report = flow_preview.preview(Wish(sheet), tools)
    assert tools.ledger.runs() == []
    assert tools.ledger.entries([one.reference or "" for one in report.planned]) == {}
    assert sandbox.received("POST") == []


def test_a_ledger_that_cannot_note_the_run_sends_nothing(tools: Tools, sheet: Path, sandbox: Sandbox) -> None:
    """It fails before the first request."""
    tools.ledger.failing = "begin_run"  # type: ignore[attr-defined]
    with pytest.raises(LedgerProblem):
        submit(Wish(sheet), tools)
    assert sandbox.received("POST") == []


def test_a_ledger_that_cannot_note_the_end_does_not_hide_what_was_sent(tools: Tools, sheet: Path) -> None:
    """The report and the results say what was created."""
    tools.ledger.failing = "end_run"  # type: ignore[attr-defined]
    report = submit(Wish(sheet), tools)
    assert [one.status for one in report.planned] == [Status.CREATED] * 2
    assert report.files["results"] is not None


MISTAKES = """workspace_id,item_type,item_id,amount,payment_schedule
101,fixed_fee,,0,30
999,fixed_fee,,500,30
102,expense,6101001,,30
101,fixed_fee,,5,30
103,fixed_fee,,5,30
"""


@pytest.mark.parametrize(
    "wish", [{}, {"partial": True}, {"expect_invoices": 7}, {"partial": True, "expect_invoices": 7}]
)
def test_the_same_file_shows_the_same_problems_in_preview_and_submit(
    tools: Tools, tmp_path: Path, sandbox: Sandbox, wish: dict[str, Any]
) -> None:
    """Those of the file and those that Kantata shows, also where nothing is sent: who fixes it fixes it once."""
    path = tmp_path / "mistakes.csv"
    path.write_text(MISTAKES)
    wished = Wish(path, **wish)
    seen = flow_preview.preview(wished, tools).problems
    assert [problem.cell for problem in seen] == ["D2", "A3", "C4"]

    report = submit(wished, tools)
    assert report.problems == seen
    if not wished.partial:
        assert report.exit_code is ExitCode.FILE_PROBLEMS
    sent = len(sandbox.received("POST"))
    assert sent == (1 if wish == {"partial": True} else 0)
