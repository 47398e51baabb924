"""Nobody is billed twice, whatever changes in the sheet, the ledger or Kantata between two runs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from plans import ACCOUNT

from importer.flow.prepared import Tools, Wish
from importer.flow.submit import Hooks, submit
from importer.ledger.journal import Details
from importer.ledger.opening import open_ledger
from importer.model.errors import LedgerProblem
from importer.model.exit_codes import ExitCode
from importer.model.lifecycle import Event
from importer.model.plans import Released
from importer.sandbox.faults import Fault, FaultKind
from importer.sending.throttle import Stop
from importer.settings.model import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from programs import Cli

    from importer.kantata.client import KantataApi
    from importer.reporting.report import Report
    from importer.sandbox.running import Sandbox

HEAD = "workspace_id,invoice_key,item_type,item_id,notes,amount,invoice_date,payment_schedule"


class Desk:
    """An accountant's desk: one sheet, one ledger, one Kantata."""

    def __init__(self, folder: Path, sandbox: Sandbox, api: KantataApi) -> None:
        """Put everything into a folder."""
        self.folder, self.sandbox, self.api = folder, sandbox, api
        self.ledger = open_ledger(folder / "ledger.sqlite", ACCOUNT)

    def submit(
        self,
        *rows: str,
        wish: Wish | None = None,
        offline: bool = False,
        settle_seconds: float = 0,
        name: str = "sheet.csv",
        head: str = "",
        **more: Any,
    ) -> Report:
        """Submit a sheet with these rows, long after earlier ones; return what became of it."""
        path = self.folder / name
        path.write_text("\n".join((f"{HEAD},{head}".rstrip(","), *rows)), encoding="utf-8")
        settings = Settings(
            reports=self.folder / "reports",
            pace_per_second=1000,
            retry_seconds=0,
            workers=1,
            settle_seconds=settle_seconds,
            **more,
        )
        tools = Tools(settings, ACCOUNT, self.ledger, None if offline else self.api)
        hooks = Hooks(lambda: self.api, lambda _plan: None, Stop(), lambda _one: None)
        return submit(replace(wish or Wish(path), path=path), tools, hooks)

    def lose_ledger(self) -> None:
        """Begin with an empty ledger."""
        self.ledger.close()
        (self.folder / "ledger.sqlite").unlink()
        self.ledger = open_ledger(self.folder / "ledger.sqlite", ACCOUNT)

    def cancel(self, invoice_id: str | None) -> None:
        """Cancel an invoice in Kantata by hand, or delete it when it is a draft."""
        kantata = self.api._connection  # noqa: SLF001 - the way of a person who works in Kantata itself
        address = f"{kantata.base_url}/invoices/{invoice_id}"
        if kantata.session.delete(address).status_code != 204:
            kantata.session.put(f"{address}/cancel").raise_for_status()

    @property
    def live(self) -> int:
        """Invoices in Kantata that are not cancelled."""
        return sum(one.status != "cancelled" for one in self.sandbox.invoices())


@pytest.fixture
def desk(tmp_path: Path, sandbox: Sandbox, connect: Callable[..., KantataApi]) -> Iterator[Desk]:
    """Return a fresh desk."""
    made = Desk(tmp_path, sandbox, connect(sandbox.base_url))
    yield made
    made.ledger.close()


def told(report: Report) -> list[str]:
    """Status of each invoice."""
    return [one.status.value for one in report.planned]


def test_a_project_added_to_a_billed_key_is_a_change(desk: Desk) -> None:
    """The set of projects is part of the reference; without this rule the first project would be billed again."""
    assert told(desk.submit("101,K,Fixed fee,,a,1000,2026-10-31,30")) == ["created"]
    again = desk.submit("101,K,Fixed fee,,a,1000,2026-10-31,30", "102,K,Fixed fee,,b,50,2026-10-31,30")
    assert (told(again), desk.live) == (["held"], 1)
    assert "Changed since it was billed" in str(again.planned[0].reason)


def test_a_date_that_turns_the_derived_batch_does_not_bill_again(desk: Desk) -> None:
    """One November row makes the batch of an October sheet another one; what was billed for the same day is held."""
    rows = ["101,,Fixed fee,,a,10,2026-10-31,30", "102,,Fixed fee,,b,20,2026-10-31,30"]
    assert told(desk.submit(*rows)) == ["created", "created"]
    changed = [rows[0].replace(",10,", ",11,"), rows[1], "103,,Fixed fee,,c,30,2026-11-01,30"]
    again = desk.submit(*changed)
    assert (told(again), desk.live) == (["held", "held", "created"], 3)
    assert "under batch 2026-10" in str(again.planned[0].reason)
    named = desk.submit(*changed, wish=Wish(desk.folder, batch="2026-10"))
    assert told(named)[:2] == ["held", "already_created"]


def test_a_lost_ledger_adopts_only_what_is_the_same(desk: Desk) -> None:
    """The reference alone proves nothing about amounts: another content is held, not called created."""
    desk.submit("101,,Fixed fee,,a,1000,2026-10-31,30")
    desk.lose_ledger()
    changed = desk.submit("101,,Fixed fee,,a,5000,2026-10-31,30")
    assert told(changed) == ["held"]
    assert "other items, amounts or texts" in str(changed.planned[0].reason)
    assert told(desk.submit("101,,Fixed fee,,a,1000,2026-10-30,30", wish=Wish(desk.folder, batch="2026-10"))) == [
        "held"
    ]
    same = desk.submit("101,,Fixed fee,,a,1000,2026-10-31,30")
    assert (told(same), same.exit_code, desk.live) == (["already_created"], ExitCode.DONE, 1)
    offline = desk.submit("101,,Fixed fee,,a,1000,2026-10-31,30", offline=True)
    assert told(offline) == ["already_created"]


def test_a_reference_with_a_comma_is_found_again(desk: Desk) -> None:
    """A list of references is cut at commas, so such a one is asked for by itself."""
    global_head = HEAD + ",External service,External record type,External record ID"
    row = '101,,Fixed fee,,a,10,2026-10-31,30,erp,invoice,"A,1"'
    path = desk.folder / "ref.csv"
    for expected in ("created", "already_created"):
        path.write_text(f"{global_head}\n{row}", encoding="utf-8")
        settings = Settings(reports=desk.folder / "reports", pace_per_second=1000, workers=1)
        hooks = Hooks(lambda: desk.api, lambda _plan: None, Stop(), lambda _one: None)
        report = submit(Wish(path), Tools(settings, ACCOUNT, desk.ledger, desk.api), hooks)
        assert told(report) == [expected]
        desk.lose_ledger()
    assert desk.live == 1


def test_a_row_without_a_project_keeps_the_invoices_it_may_belong_to(desk: Desk) -> None:
    """With --partial nothing is sent that may lack a row, and the exit code says that something is left."""
    rows = ("101,,Fixed fee,,a,30,2026-10-31,30", "1O1,,Fixed fee,,b,70,2026-10-31,30")
    keyed = "102,K,Fixed fee,,c,5,2026-10-31,30"
    report = desk.submit(*rows, keyed, wish=Wish(desk.folder, partial=True))
    assert (told(report), report.exit_code, desk.live) == (["not_sent", "created"], ExitCode.SOME_NOT_SENT, 1)
    mended = desk.submit(rows[0], rows[1].replace("1O1", "101"), keyed)
    assert (told(mended), desk.live) == (["created", "already_created"], 2)


def test_a_twin_added_later_is_held(desk: Desk) -> None:
    """Twins of one file are two invoices; a twin of something billed before is a possible duplicate."""
    first = "101,A,Fixed fee,,a,30,2026-10-31,30"
    assert told(desk.submit(first, "101,B,Fixed fee,,a,30,2026-10-31,30")) == ["created", "created"]
    later = desk.submit(first, "101,B,Fixed fee,,a,30,2026-10-31,30", "101,C,Fixed fee,,a,30,2026-10-31,30")
    assert (told(later), desk.live) == (["already_created", "already_created", "held"], 2)


@pytest.mark.parametrize(
    "rows",
    [
        ("101,,Fixed fee,,a,30,,30", "101,,Fixed fee,,b,70,,30", "101,,Additional item,,c,-5,,30"),
        ("101,K,Fixed fee,,a,30,,30", "102,K,Fixed fee,,b,70,,30", "103,K,Fixed fee,,c,70,,30"),
    ],
)
def test_rows_sorted_anew_are_no_other_invoice(desk: Desk, rows: tuple[str, ...]) -> None:
    """The same lines in another order, in another batch, are a possible duplicate, also with one line changed."""
    assert told(desk.submit(*rows)) == ["created"]
    other = Wish(desk.folder, batch="again")
    sorted_anew = desk.submit(*reversed(rows), wish=other)
    assert (told(sorted_anew), desk.live) == (["held"], 1)
    assert "Possible duplicate" in str(sorted_anew.planned[0].reason)
    changed = [rows[2].replace(",c,", ",d,"), rows[1], rows[0]]
    assert told(desk.submit(*changed, wish=other)) == ["held"]
    assert told(desk.submit(*reversed(rows), wish=Wish(desk.folder, batch="third", released=Released(all=True)))) == [
        "created"
    ]


def test_an_invoice_cancelled_in_kantata_holds_nothing_but_itself(desk: Desk) -> None:
    """What the message advises works: cancel or delete it, then submit with another batch."""
    row = "101,,Time entry,5101001,,,2026-10-31,30"
    created = desk.submit(row)
    other = desk.submit(row, wish=Wish(desk.folder, batch="again"))
    assert told(other) == ["held"]
    desk.cancel(created.planned[0].invoice_id)
    same = desk.submit(row)
    assert told(same) == ["held"]
    assert "cancelled or deleted in Kantata since" in str(same.planned[0].reason)
    anew = desk.submit(row, wish=Wish(desk.folder, batch="again"))
    assert (told(anew), desk.live) == (["created"], 1)


def test_an_invoice_sent_a_moment_ago_holds_though_kantata_does_not_show_it(desk: Desk) -> None:
    """Lists may lag: until the settling time has passed, absent means nothing, and nothing is billed anew."""
    row = "101,,Time entry,5101001,,,2026-10-31,30"
    created = desk.submit(row)
    desk.cancel(created.planned[0].invoice_id)  # a draft: deleted, so that it is not shown
    again = desk.submit(row, wish=Wish(desk.folder, batch="again"), settle_seconds=180)
    assert told(again) == ["held"]
    assert told(desk.submit(row, wish=Wish(desk.folder, batch="again"))) == ["created"]


def test_an_invoice_that_was_undone_and_is_live_again_holds_its_lines(desk: Desk) -> None:
    """Whoever brought it back: under another key its lines are billed there all the same."""
    desk.submit("101,a,Fixed fee,,a,10,2026-10-31,30")
    [sent] = desk.ledger.sent_in(desk.ledger.runs()[0].run_id)
    desk.ledger.note_removal(sent, "undo-1", Event.REMOVED, Details("not there any more", sent.invoice_id))
    again = desk.submit("101,b,Fixed fee,,a,10,2026-10-31,30")
    assert (told(again), desk.live) == (["held"], 1)


def test_nothing_sound_under_a_wrong_header_is_a_problem_of_the_file(desk: Desk) -> None:
    """Exit code 3, also with --partial, when not a single invoice could be sent."""
    path = desk.folder / "near.csv"
    path.write_text("workspace_idd,item_type,amount,payment_schedule\n101,fixed_fee,5,30\n", encoding="utf-8")
    settings = Settings(reports=desk.folder / "reports")
    hooks = Hooks(lambda: desk.api, lambda _plan: None, Stop(), lambda _one: None)
    report = submit(Wish(path, partial=True), Tools(settings, ACCOUNT, desk.ledger, desk.api), hooks)
    assert (report.exit_code, desk.live) == (ExitCode.FILE_PROBLEMS, 0)


def test_what_was_begun_keeps_its_batch_in_the_next_month(cli: Cli, sandbox: Sandbox) -> None:
    """Rows without dates bill the month of the run; what a run began on the last evening is completed the day after."""
    cli.sheet({"workspace_id": 101, "amount": 5}, {"workspace_id": 102, "amount": 6})
    sheet, here = cli.folder / "october.csv", cli.at(sandbox)
    on = (
        "import importer.flow.prepare as p\nfrom datetime import datetime\n"
        "class Clock(datetime):\n    @classmethod\n    def now(cls, *a):\n"
        "        return datetime({}, 12, 0)\np.datetime = Clock\n"
    )
    sandbox.misbehave(Fault(FaultKind.STATUS_BEFORE, status=401, after=1, times=9))
    last_day = on.format("2026, 11, 30")
    first = here.start("submit", sheet, "--yes", "--json", before=last_day, IMPORTER_WORKERS="1").wait()
    assert (first.exit_code, first.document["batch"]) == (5, "2026-11")
    sandbox.misbehave()
    second = here.start("submit", sheet, "--yes", "--json", before=on.format("2026, 12, 1")).wait()
    assert (second.exit_code, second.document["batch"], len(sandbox.invoices())) == (0, "2026-11", 2)
    assert any("began to bill this very file" in one for one in second.document["notices"])
    third = here.start("submit", sheet, "--yes", "--json", before=on.format("2026, 12, 1")).wait()
    assert (third.exit_code, third.document["batch"], len(sandbox.invoices())) == (4, "2026-12", 2)
    assert "nothing is left to do" in third.document["invoices"][0]["what_to_do"]


@pytest.mark.parametrize("name", ["references_of", "note_outcome"])
def test_a_ledger_that_fails_after_the_answer_leaves_the_invoice_in_doubt(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Kantata has created it: “not sent” would be wrong, whichever question to the ledger fails."""
    claim = desk.ledger.claim

    def fails(*_: object) -> None:
        msg = "The ledger cannot be used: the server has closed the connection."
        raise LedgerProblem(msg, code="ledger.unusable")

    def claimed(*given: Any) -> object:
        found = claim(*given)
        monkeypatch.setattr(desk.ledger, name, fails)
        return found

    monkeypatch.setattr(desk.ledger, "claim", claimed)
    done = desk.submit("101,,Fixed fee,,a,10,2026-10-31,30")
    assert (told(done), done.exit_code) == (["in_doubt"], ExitCode.IN_DOUBT)
