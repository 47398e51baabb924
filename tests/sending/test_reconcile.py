"""Settling what is in doubt: every verdict, against the stand-in; a wrong guess would bill twice, or not at all."""

from __future__ import annotations

import os
import sqlite3
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests
from openpyxl import load_workbook
from plans import BATCH, SOURCE, fee, fees, hours, invoice, plan, replan, sender
from scripted import Scripted
from test_exactly_once import kantata, live_of, posted, submit

from importer.kantata import client, invoices
from importer.model.answers import Outcome, OutcomeKind
from importer.model.errors import AccessDenied, NotReached
from importer.model.invoices import ExternalReference
from importer.model.plans import PlannedInvoice, Status
from importer.sandbox.faults import Fault, FaultKind
from importer.sending.reconcile import note_settlements, settle
from importer.sending.settlement import Settlement, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from programs import Cli, Finished

    from importer.kantata.client import KantataApi
    from importer.ledger.ledger import SubmissionLedger
    from importer.sandbox.running import Sandbox

__all__ = ["kantata"]


class Desk:
    """A ledger and a stand-in, and what can happen between them."""

    def __init__(self, ledger: SubmissionLedger, kantata: Sandbox, api: KantataApi, store: Path) -> None:
        """Hold them."""
        self.ledger, self.kantata, self.api, self.store = ledger, kantata, api, store

    def doubt(self, *planned: PlannedInvoice) -> None:
        """Note each as sent, its answer as lost."""
        for one in planned:
            claim = self.ledger.claim(one, "run-1", BATCH, SOURCE)
            assert claim is not None
            self.ledger.note_outcome(claim, Outcome(OutcomeKind.UNKNOWN, "lost"))

    def ask(self, method: str, route: str, body: object = None) -> Any:
        """Do something at the stand-in that the program knows nothing of."""
        headers = {"Authorization": f"Bearer {self.kantata.token}"}
        answer = requests.request(method, f"{self.kantata.base_url}{route}", json=body, headers=headers, timeout=60)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def create(self, one: PlannedInvoice) -> str:
        """Create the invoice as it was sent; return its id."""
        return str(self.ask("POST", "/invoices", one.payload)["results"][0]["id"])

    def forget_references(self) -> None:
        """Take the external references away, as if Kantata had not written them together with the invoice."""
        with sqlite3.connect(self.store) as connection:
            connection.execute("DELETE FROM external_references")
        connection.close()

    def settle(self, seconds: float = 0) -> tuple[Settlement, ...]:
        """Settle all that is in doubt, and note it."""
        done = settle(self.ledger.open_questions(), self.ledger, self.api, seconds)
        note_settlements(done, self.ledger, "run-2")
        return done

    def verdicts(self) -> list[tuple[Verdict, str | None]]:
        """Settle; return each verdict with the id found."""
        return [(one.verdict, one.invoice_id) for one in self.settle()]

    def states(self, *planned: PlannedInvoice) -> list[str]:
        """What the ledger says now."""
        known = self.ledger.entries([one.reference or "" for one in planned])
        return [known[one.reference or ""].standing.word for one in planned]


@pytest.fixture
def desk(ledger: SubmissionLedger, kantata: Sandbox, connect: Callable[..., KantataApi], tmp_path: Path) -> Desk:
    """Return a desk with an empty ledger."""
    return Desk(ledger, kantata, connect(kantata.base_url), tmp_path / "kantata.sqlite")


# --- verdicts ---


def test_found_by_its_reference(desk: Desk) -> None:
    """Created, with the id; the others in doubt are not confused with it."""
    planned = fees(3)
    desk.doubt(*planned)
    ids = [desk.create(planned[2]), desk.create(planned[0])]
    assert desk.verdicts() == [(Verdict.FOUND, ids[1]), (Verdict.ABSENT, None), (Verdict.FOUND, ids[0])]
    assert desk.states(*planned) == ["created", "not_sent", "created"]
    again = replan(planned, desk.ledger)
    assert [one.status for one in again] == [Status.ALREADY_CREATED, Status.READY, Status.ALREADY_CREATED]
    assert desk.settle() == ()


def test_many_are_asked_for_in_few_calls(desk: Desk) -> None:
    """450 in doubt that exist: three look-ups, 200 references each at most, and no second look."""
    planned = fees(450)
    desk.doubt(*planned)
    with sqlite3.connect(desk.store) as connection:
        connection.execute("PRAGMA synchronous=OFF")
    connection.close()
    for one in planned[:20]:
        desk.create(one)
    desk.doubt()
    doubts = desk.ledger.open_questions([one.reference or "" for one in planned[:20]])
    before = len(desk.kantata.received("GET"))
    assert {one.verdict for one in settle(doubts, desk.ledger, desk.api, 0)} == {Verdict.FOUND}
    assert len(desk.kantata.received("GET")) - before == 1
    list(desk.api.find_by_references([("invoice-importer", "invoice", one.reference or "") for one in planned]))
    refs = [one.query.get("external_reference_service_model_refs", "") for one in desk.kantata.received("GET")[-3:]]
    assert sorted(len(ref.split(",")) for ref in refs) == [50, 200, 200]


def test_absent_means_ready_again(desk: Desk) -> None:
    """Neither its reference nor its content is there, and the project's finances can be seen: it may be sent."""
    [one] = planned = fees(1)
    desk.doubt(one)
    [settled] = desk.settle()
    assert (settled.verdict, settled.status) == (Verdict.ABSENT, Status.READY)
    assert "not created" in settled.reason
    sent = sender(desk.api, desk.ledger, run="run-3").send_all(replan(planned, desk.ledger))
    assert [one.status for one in sent.planned] == [Status.CREATED]
    assert len(desk.kantata.invoices()) == 1


def test_too_early_says_when_and_changes_nothing(desk: Desk) -> None:
    """Before 180 s have passed “not found” means nothing, and Kantata is not even asked."""
    [one] = fees(1)
    desk.doubt(one)
    [settled] = desk.settle(180)
    [doubt] = desk.ledger.open_questions()
    end = (doubt.tried_at + timedelta(seconds=180)).replace(tzinfo=UTC).astimezone()
    assert (settled.verdict, settled.status) == (Verdict.TOO_EARLY, Status.IN_DOUBT)
    assert f"{end:%H:%M:%S}" in settled.reason
    assert f"{end:%H:%M:%S}" in (settled.what_to_do or "")
    assert desk.kantata.received("GET") == []
    assert desk.states(one) == ["in_doubt"]
    moment = datetime.now(UTC).replace(tzinfo=None) + timedelta(seconds=181)
    [later] = settle(desk.ledger.open_questions(), desk.ledger, desk.api, 180, moment)
    assert later.verdict is not Verdict.TOO_EARLY


def test_found_by_its_content_when_the_reference_is_missing(desk: Desk) -> None:
    """Kantata may not write the reference with the invoice: project, time entries, amounts and texts tell."""
    planned = plan(
        invoice(fee(101, "500"), hours(5101001), hours(5101002), key="a"),
        invoice(fee(101, "500"), hours(5101003), key="b"),
        invoice(fee(102, "7"), fee(103, "8"), key="both"),
        invoice(fee(102, "7"), key="other"),
    )
    desk.doubt(*planned)
    ids = [desk.create(planned[0]), desk.create(planned[2])]
    desk.forget_references()
    assert desk.verdicts() == [
        (Verdict.FOUND, ids[0]),
        (Verdict.ABSENT, None),
        (Verdict.FOUND, ids[1]),
        (Verdict.ABSENT, None),
    ]


@pytest.mark.parametrize("change", ["amount", "notes", "workspace", "kind", "more", "less"])
def test_other_content_is_not_taken(desk: Desk, change: str) -> None:
    """Alike but for one thing: another invoice."""
    [ours] = plan(invoice(fee(101, "500", notes="One"), fee(101, "20", notes="Two"), key="a"))
    desk.doubt(ours)
    other = {
        "amount": invoice(fee(101, "501", notes="One"), fee(101, "20", notes="Two")),
        "notes": invoice(fee(101, "500", notes="Ono"), fee(101, "20", notes="Two")),
        "workspace": invoice(fee(102, "500", notes="One"), fee(102, "20", notes="Two")),
        "kind": invoice(fee(101, "500", notes="One"), hours(5101001), fee(101, "20", notes="Two")),
        "more": invoice(fee(101, "500", notes="One"), fee(101, "20", notes="Two"), fee(101, "1")),
        "less": invoice(fee(101, "500", notes="One")),
    }[change]
    desk.create(plan(other)[0])
    desk.forget_references()
    assert desk.verdicts() == [(Verdict.ABSENT, None)]


def test_an_invoice_of_another_reference_is_not_taken(desk: Desk) -> None:
    """Same content, but it carries the reference of another invoice, or the ledger knows it as another one."""
    ours, other, third = (plan(invoice(fee(), key=key))[0] for key in ("ours", "other", "third"))
    desk.doubt(ours)
    desk.create(other)
    assert desk.verdicts() == [(Verdict.ABSENT, None)]
    known = desk.create(third)
    desk.ledger.adopt(third, known, "run-1", BATCH, SOURCE)
    desk.ledger.adopt(other, str(desk.kantata.invoices()[0].id), "run-1", BATCH, SOURCE)
    desk.forget_references()
    desk.doubt(ours)
    assert desk.verdicts() == [(Verdict.UNCLEAR, None)], "by its reference not even what was created is found"


def test_an_invoice_of_another_reference_of_the_sheet_is_not_taken(desk: Desk) -> None:
    """The sheet's own references keep their invoices apart as the program's do."""
    ours, other = (
        plan(invoice(fee(), key=ref, external_reference=ExternalReference("my-erp", "invoice", ref)))[0]
        for ref in ("ERP-1", "ERP-2")
    )
    desk.doubt(ours)
    desk.create(other)
    assert desk.verdicts() == [(Verdict.ABSENT, None)]
    desk.doubt(ours)
    found = desk.create(ours)
    assert desk.verdicts() == [(Verdict.FOUND, found)]


def test_a_reference_with_a_comma_is_found(desk: Desk) -> None:
    """It cannot stand in a list of references, so it is asked for alone."""
    ref = ExternalReference("my-erp", "invoice", "ERP,1")
    [ours] = plan(invoice(fee(), external_reference=ref))
    desk.doubt(ours)
    found = desk.create(ours)
    assert desk.verdicts() == [(Verdict.FOUND, found)]


def test_several_alike_are_left_to_a_person(desk: Desk) -> None:
    """Two invoices with just its content and no reference: nobody knows which one it is; their ids are named."""
    [one] = fees(1)
    desk.doubt(one)
    ids = [desk.create(one), desk.create(one)]
    desk.forget_references()
    [settled] = desk.settle()
    assert (settled.verdict, settled.status, settled.invoice_id) == (Verdict.UNCLEAR, Status.IN_DOUBT, None)
    assert all(number in settled.reason for number in ids)
    assert settled.what_to_do
    assert desk.states(one) == ["in_doubt"]


def test_one_invoice_cannot_be_two_of_ours(desk: Desk) -> None:
    """Two with equal content are in doubt, one exists without its reference: neither is called created."""
    planned = [plan(invoice(fee(), key=key))[0] for key in ("a", "b")]
    desk.doubt(*planned)
    found = desk.create(planned[0])
    desk.forget_references()
    settled = desk.settle()
    assert [one.verdict for one in settled] == [Verdict.UNCLEAR] * 2
    assert all(found in one.reason for one in settled)
    assert desk.states(*planned) == ["in_doubt"] * 2


def test_several_with_its_reference_are_left_to_a_person(desk: Desk) -> None:
    """Kantata promises no uniqueness."""
    [one] = fees(1)
    desk.doubt(one)
    ids = [desk.create(one), desk.create(one)]
    [settled] = desk.settle()
    assert (settled.verdict, all(number in settled.reason for number in ids)) == (Verdict.UNCLEAR, True)


def test_a_cancelled_invoice_is_left_to_a_person(desk: Desk) -> None:
    """It was created, and somebody undid it: whether to bill anew is not the program's question."""
    [one] = fees(1)
    desk.doubt(one)
    found = desk.create(one)
    desk.ask("PUT", f"/invoices/{found}", {"invoice": {"draft": False}})
    desk.ask("PUT", f"/invoices/{found}/cancel")
    [settled] = desk.settle()
    assert (settled.verdict, found in settled.reason, "cancelled" in settled.reason) == (Verdict.UNCLEAR, True, True)
    assert desk.states(one) == ["in_doubt"]


def test_hidden_finances_prove_nothing(desk: Desk) -> None:
    """Project 111 shows no invoices to this token, so “not found” means nothing; the project is named."""
    planned = plan(invoice(fee(111), key="a"), invoice(fee(101), fee(111), key="both"), invoice(fee(101), key="c"))
    desk.doubt(*planned)
    settled = desk.settle()
    assert [one.verdict for one in settled] == [Verdict.UNCLEAR, Verdict.UNCLEAR, Verdict.ABSENT]
    assert all("111" in one.reason for one in settled[:2])


def test_a_filter_that_kantata_ignores_finds_nothing_false(connect: Callable[..., KantataApi], desk: Desk) -> None:
    """A whole account comes back instead of one reference: each record is checked, and none is taken."""
    import json

    import scripted

    stranger = {
        "id": "5",
        "status": "new",
        "workspace_ids": ["102"],
        "external_reference_ids": ["1"],
        "fixed_fee_item_ids": [],
    }
    answer = {
        "results": [{"key": "invoices", "id": "5"}],
        "invoices": {"5": stranger},
        "meta": {"page_count": 1},
        "external_references": {
            "1": {"service_name": "invoice-importer", "service_model": "invoice", "service_model_ref": "inv-x"}
        },
        "workspaces": {"101": {"permissions": {"can_see_financials": True}}},
    }
    desk.doubt(*fees(1))
    with Scripted([scripted.http(200, json.dumps(answer))]) as server:
        [settled] = settle(desk.ledger.open_questions(), desk.ledger, connect(server.base_url), 0)
    assert settled.verdict is Verdict.ABSENT


@pytest.mark.parametrize(("status", "error"), [(401, AccessDenied), (502, NotReached)])
@pytest.mark.parametrize("route", ["/invoices", "/workspaces"])
def test_a_look_up_that_fails_settles_nothing(desk: Desk, status: int, error: type[Exception], route: str) -> None:
    """Neither those that were found before it failed."""
    planned = fees(2)
    desk.doubt(*planned)
    desk.create(planned[0])
    desk.kantata.misbehave(Fault(FaultKind.STATUS_BEFORE, "GET", route, status=status, times=99))
    with pytest.raises(error):
        desk.settle()
    assert desk.states(*planned) == ["in_doubt"] * 2


# --- the command ---


def lost(cli: Cli, kantata: Sandbox, *faults: Fault, count: int = 3) -> Finished:
    """Submit so many invoices against faults; then all is well again."""
    kantata.misbehave(*faults)
    done = submit(cli_with(cli, count))
    kantata.misbehave()
    return done


def cli_with(cli: Cli, count: int) -> Cli:
    """Write the sheet."""
    cli.fees(count)
    return cli


AT_ONCE = {"IMPORTER_SETTLE_SECONDS": "0"}


def test_reconcile_settles_and_submit_completes(cli: Cli, kantata: Sandbox) -> None:
    """One lost after its commit, one dropped before: found, and ready again; submit sends just that one, once."""
    cli = cli.at(kantata)
    first = lost(cli, kantata, Fault(FaultKind.DROP_AFTER), Fault(FaultKind.DROP_BEFORE, after=1))
    assert (first.exit_code, first.statuses) == (8, ["in_doubt", "in_doubt", "created"])
    done = cli.run("reconcile", "--json", **AT_ONCE)
    assert (done.exit_code, done.stderr) == (4, "")
    document = done.document
    assert [one["status"] for one in document["invoices"]] == ["created", "ready"]
    assert document["totals"] == {"invoices": 2, "by_status": {"created": 1, "ready": 1}}
    assert document["invoices"][0]["invoice_id"] == str(kantata.invoices()[0].id)
    assert document["invoices"][0]["run_id"] == first.document["run_id"]
    assert (document["command"], document["exit_code"], document["schema_version"]) == ("reconcile", 4, 1)
    again = submit(cli)
    assert (again.exit_code, again.statuses) == (0, ["already_created", "created", "already_created"])
    assert sorted(posted(kantata).values()) == [1, 1, 2]
    assert set(live_of(kantata).values()) == {1}
    assert len(kantata.invoices()) == 3


def test_the_results_are_written_anew(cli: Cli, kantata: Sandbox) -> None:
    """<run>-results-2.xlsx shows every row of the run with what is known now; the first one is left as it was."""
    cli = cli.at(kantata)
    first = lost(cli, kantata, Fault(FaultKind.DROP_AFTER), Fault(FaultKind.DROP_BEFORE, after=1))
    before = Path(first.document["files"]["results"]).read_bytes()
    done = cli.run("reconcile", "--json", **AT_ONCE)
    [file] = done.document["files"]["results"]
    run = first.document["run_id"]
    assert Path(file).name == f"{run}-results-2.xlsx"
    assert Path(first.document["files"]["results"]).read_bytes() == before
    lines = table(file, "Lines")
    assert [line["status"].lower() for line in lines] == ["created", "not sent", "created"]
    assert [str(line["amount"]) for line in lines] == ["101", "102", "103"]
    ids = [str(one.id) for one in kantata.invoices()]
    assert [str(line["invoice_id"] or "") for line in lines] == [ids[0], "", ids[1]]


@pytest.mark.skipif(os.name != "posix", reason="a link stands for a workbook that is locked")
def test_results_that_cannot_be_written_stop_no_others(cli: Cli, kantata: Sandbox) -> None:
    """Such as a workbook open in Excel: the doubts of both runs are settled, and the next reconcile writes it."""
    cli = cli.at(kantata)
    first = lost(cli, kantata, Fault(FaultKind.DROP_AFTER), count=1)
    kantata.misbehave(Fault(FaultKind.DROP_AFTER))
    other = cli.sheet({"amount": 7, "notes": "other", "invoice_key": "z"}, name="other.csv")
    second = cli.run("submit", other, "--yes", "--json")
    assert second.exit_code == 8
    held = cli.folder / "reports" / f"{first.document['run_id']}-results-2.xlsx"
    held.symlink_to(cli.folder / "nowhere")

    done = cli.run("reconcile", "--json", **AT_ONCE)
    assert [invoice["status"] for invoice in done.document["invoices"]] == ["created", "created"]
    [file] = done.document["files"]["results"]
    assert Path(file).name == f"{second.document['run_id']}-results-2.xlsx"
    [notice] = done.document["notices"]
    assert (done.exit_code, first.document["run_id"] in notice, held.name in notice) == (1, True, True)

    held.unlink()
    again = cli.run("reconcile", "--json", **AT_ONCE)
    assert (again.exit_code, [Path(file).name for file in again.document["files"]["results"]]) == (0, [held.name])


def test_the_results_of_a_changed_file_have_no_rows(cli: Cli, kantata: Sandbox) -> None:
    """Its rows may mean something else now; the invoices are told from the ledger."""
    cli = cli.at(kantata)
    lost(cli, kantata, Fault(FaultKind.DROP_AFTER))
    cli.fees(5)
    done = cli.run("reconcile", "--json", **AT_ONCE)
    [file] = done.document["files"]["results"]
    assert [one["status"].lower() for one in table(file, "Invoices")] == ["created"] * 3
    assert "Lines" not in load_workbook(file).sheetnames
    summary = str([[cell.value for cell in row] for row in load_workbook(file)["Summary"]])
    assert "changed or is gone" in summary


def test_results_written_again_do_not_depend_on_the_settings_of_today(cli: Cli, kantata: Sandbox) -> None:
    """Settings that put its rows into other projects by now: the plan is the recorded one, and so is its total."""
    cli = cli.at(kantata)
    lost(cli, kantata, Fault(FaultKind.DROP_AFTER))
    (cli.folder / "importer.toml").write_text("[values.workspace_id]\n102 = 105\n", encoding="utf-8")
    done = cli.run("reconcile", "--json", **AT_ONCE)
    [file] = done.document["files"]["results"]
    assert [one["status"].lower() for one in table(file, "Invoices")] == ["created"] * 3
    assert [line["status"].lower() for line in table(file, "Lines")] == ["created"] * 3


def table(file: str, sheet: str) -> list[dict[str, Any]]:
    """Read a sheet as one record per row."""
    rows = list(load_workbook(file)[sheet].values)
    return [dict(zip((str(name).lower() for name in rows[0]), row, strict=True)) for row in rows[1:]]


def test_what_a_killed_run_left_sending_is_settled(cli: Cli, kantata: Sandbox) -> None:
    """Killed while one was under way: settled like any other; the run's results are written for the first time."""
    cli = cli.at(kantata)
    kantata.misbehave(Fault(FaultKind.SLOW_AFTER, after=1, seconds=60))
    running = cli.start("submit", cli.fees(3), "--yes", "--json")
    end = time.monotonic() + 120
    while len(kantata.invoices()) < 2 and time.monotonic() < end:
        time.sleep(0.005)
    assert running.kill().exit_code == -9
    kantata.misbehave()
    done = cli.run("reconcile", "--json", **AT_ONCE)
    assert (done.exit_code, [one["status"] for one in done.document["invoices"]]) == (0, ["created"])
    [file] = done.document["files"]["results"]
    assert [line["status"].lower() for line in table(file, "Lines")] == ["created", "created", "not sent"]
    assert submit(cli).statuses == ["already_created"] * 2 + ["created"]
    assert set(posted(kantata).values()) == {1}


def test_without_waiting_it_says_when_to_come_back(cli: Cli, kantata: Sandbox) -> None:
    """--no-wait within the 180 s: exit 8, the time, and nothing changed."""
    cli = cli.at(kantata)
    lost(cli, kantata, Fault(FaultKind.DROP_AFTER))
    begun = time.monotonic()
    done = cli.run("reconcile", "--json", "--no-wait")
    assert (done.exit_code, time.monotonic() - begun < 150) == (8, True)
    [one] = done.document["invoices"]
    assert (one["status"], one["invoice_id"]) == ("in_doubt", None)
    assert ":" in one["what_to_do"]
    assert done.document["files"]["results"] == []
    assert cli.run("reconcile", "--json", **AT_ONCE).exit_code == 0


def test_with_waiting_it_waits(cli: Cli, kantata: Sandbox) -> None:
    """Until enough time has passed since sending; it says so meanwhile."""
    cli = cli.at(kantata)
    lost(cli, kantata, Fault(FaultKind.DROP_AFTER), count=1)
    begun = time.time()
    done = cli.run("reconcile", IMPORTER_SETTLE_SECONDS="2")
    assert (done.exit_code, "Waiting until" in done.stderr) == (0, True)
    assert "created k1" in done.stdout
    assert time.time() - kantata.received("POST")[0].arrived_at >= 1.9
    assert time.time() - begun < 150


def test_a_wait_can_be_broken_off(cli: Cli, kantata: Sandbox) -> None:
    """Ctrl-C: exit 130, nothing changed, nobody blocked."""
    import signal

    cli = cli.at(kantata)
    lost(cli, kantata, Fault(FaultKind.DROP_AFTER), count=1)
    running = cli.start("reconcile")
    while "Waiting until" not in running.talk():
        time.sleep(0.02)
    running.signal(signal.SIGINT)
    done = running.wait()
    assert (done.exit_code, "Traceback" in done.stderr) == (130, False)
    assert cli.run("reconcile", "--quiet", **AT_ONCE).exit_code == 0


def test_nothing_in_doubt_is_nothing_to_do(cli: Cli, kantata: Sandbox) -> None:
    """Exit 0, and Kantata is not asked; also with an empty ledger."""
    cli = cli.at(kantata)
    done = cli.run("reconcile")
    assert (done.exit_code, "Nothing is in doubt" in done.stdout) == (0, True)
    assert cli.run("reconcile", "--json").document["invoices"] == []
    assert kantata.received() == []


def test_an_unreachable_kantata_changes_nothing(cli: Cli, kantata: Sandbox) -> None:
    """Exit 6; the same reconcile works once it is back."""
    cli = cli.at(kantata)
    lost(cli, kantata, Fault(FaultKind.DROP_AFTER))
    done = cli.run("reconcile", "--json", KANTATA_BASE_URL=kantata.base_url, **AT_ONCE)
    assert done.exit_code == 0
    lost(cli, kantata, Fault(FaultKind.DROP_AFTER, after=0), count=4)
    kantata.misbehave(Fault(FaultKind.DROP_BEFORE, "GET", "*", times=99))
    done = cli.run("reconcile", "--json", **AT_ONCE)
    assert (done.exit_code, done.document["exit_code"]) == (6, 6)
    assert "Traceback" not in done.stderr
    kantata.misbehave()
    assert cli.run("reconcile", "--json", **AT_ONCE).exit_code == 0


def test_a_refused_token_is_said(cli: Cli, kantata: Sandbox) -> None:
    """Exit 5; and without any token exit 2."""
    cli = cli.at(kantata)
    lost(cli, kantata, Fault(FaultKind.DROP_AFTER))
    assert cli.run("reconcile", "--json", KANTATA_TOKEN="wrong", **AT_ONCE).exit_code == 5  # noqa: S106
    assert cli.run("reconcile", "--json", KANTATA_TOKEN="", **AT_ONCE).exit_code == 2


def test_what_stays_unclear_ends_with_8(cli: Cli, kantata: Sandbox) -> None:
    """Project 111 hides its finances: in doubt, with what a person should look at; no results are written anew."""
    cli = cli.at(kantata)
    kantata.misbehave(Fault(FaultKind.DROP_BEFORE))
    cli.sheet({"workspace_id": 111, "amount": 5})
    assert cli.run("submit", cli.folder / "october.csv", "--yes", "--json", "--offline").exit_code == 8
    done = cli.run("reconcile", **AT_ONCE)
    assert done.exit_code == 8
    assert "111" in done.stdout
    assert "Look at it in Kantata" in done.stdout


# --- submit settles its own first ---


def test_submit_settles_its_own_first(cli: Cli, kantata: Sandbox) -> None:
    """After enough time: found is already created, absent is sent at once; others of the ledger are left alone."""
    cli = cli.at(kantata)
    lost(cli, kantata, Fault(FaultKind.DROP_AFTER), Fault(FaultKind.DROP_BEFORE, after=1))
    kantata.misbehave(Fault(FaultKind.DROP_AFTER))
    other = cli.run("submit", cli.sheet({"amount": 9, "invoice_key": "z"}, name="other.csv"), "--yes", "--json")
    assert other.statuses == ["in_doubt"]
    kantata.misbehave()
    done = cli.run("submit", cli.folder / "october.csv", "--yes", "--json", **AT_ONCE)
    assert (done.exit_code, done.statuses) == (0, ["already_created", "created", "already_created"])
    left = cli.run("reconcile", "--json", **AT_ONCE).document
    assert [one["invoice_key"] for one in left["invoices"]] == ["z"]
    assert sorted(posted(kantata).values()) == [1, 1, 1, 2]


def test_submit_does_not_wait_for_its_own(cli: Cli, kantata: Sandbox) -> None:
    """Too early: it stays in doubt and says when; the others are sent."""
    cli = cli.at(kantata)
    lost(cli, kantata, Fault(FaultKind.DROP_AFTER), count=1)
    cli.fees(2)
    done = submit(cli)
    assert (done.exit_code, done.statuses) == (8, ["in_doubt", "created"])
    assert "certain before" in done.document["invoices"][0]["error"]


def test_an_offline_submit_settles_nothing(cli: Cli, kantata: Sandbox) -> None:
    """Without look-ups nothing becomes certain, however long it waits."""
    cli = cli.at(kantata)
    lost(cli, kantata, Fault(FaultKind.DROP_AFTER), count=1)
    done = cli.run("submit", cli.folder / "october.csv", "--yes", "--json", "--offline", **AT_ONCE)
    assert (done.exit_code, done.statuses, len(kantata.received("POST"))) == (8, ["in_doubt"], 1)


def test_preview_settles_nothing(cli: Cli, kantata: Sandbox) -> None:
    """It only shows what is in doubt."""
    cli = cli.at(kantata)
    lost(cli, kantata, Fault(FaultKind.DROP_AFTER), count=1)
    done = cli.run("preview", cli.folder / "october.csv", "--json", **AT_ONCE)
    assert done.statuses == ["in_doubt"]
    assert cli.run("reconcile", "--json", **AT_ONCE).document["totals"]["invoices"] == 1


def test_lists_that_lag_prove_nothing_absent(desk: Desk) -> None:
    """Kantata does not show the invoice that it surely created a moment later either: nothing is sent again."""
    lost, other = fees(2)
    desk.create(lost)
    desk.doubt(lost)
    claim = desk.ledger.claim(other, "run-1", BATCH, SOURCE)
    assert claim is not None
    number = desk.create(other)
    desk.ledger.note_outcome(claim, Outcome(OutcomeKind.CREATED, "ok", invoice_id=number))
    with sqlite3.connect(desk.store) as store:
        store.execute("CREATE TABLE kept AS SELECT * FROM invoices")
        store.execute("DELETE FROM invoices")
    store.close()
    [told] = desk.settle()
    assert (told.verdict, number in told.reason) == (Verdict.UNCLEAR, True)
    with sqlite3.connect(desk.store) as store:
        store.execute("INSERT INTO invoices SELECT * FROM kept")
    store.close()
    assert [one.verdict for one in desk.settle()] == [Verdict.FOUND]


@pytest.mark.parametrize("hidden", ["time_entry_ids", "fixed_fee_item_ids"])
def test_a_list_that_an_answer_leaves_out_proves_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, hidden: str
) -> None:
    """Without it nobody knows whether the invoice holds such items: it may be ours, so nothing is sent again."""
    [ours] = plan(invoice(fee(101, "500", notes="One"), hours(5101001), key="a"))
    desk.doubt(ours)
    number = desk.create(ours)
    desk.forget_references()
    found = invoices.found_invoices

    def without(page: dict[str, Any]) -> Any:
        for record in page["invoices"].values():
            record.pop(hidden, None)
        return found(page)

    monkeypatch.setattr(client, "found_invoices", without)
    [told] = desk.settle()
    assert (told.verdict, number in told.reason) == (Verdict.UNCLEAR, True)
