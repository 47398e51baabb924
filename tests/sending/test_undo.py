"""Undoing a run: what it created and nobody touched goes, everything else stays and says why; killed, it goes on."""

from __future__ import annotations

import json
import signal
import sqlite3
import time
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
import requests
from openpyxl import load_workbook
from plans import BATCH, SOURCE, fees, totals
from tampering import between
from test_exactly_once import DIE, live_of

from importer.flow import undoing
from importer.flow.prepared import Tools
from importer.flow.undoing import UndoHooks
from importer.kantata.answers import RemovalKind, classify_removal
from importer.kantata.deadline import Deadline
from importer.kantata.snapshot import updated_at_in
from importer.ledger.journal import Details
from importer.ledger.opening import open_ledger
from importer.ledger.rows import SentInvoice
from importer.model.errors import LedgerProblem
from importer.model.lifecycle import Event, State, fold
from importer.sandbox.faults import Fault, FaultKind
from importer.sending.presence import Look, sent_after
from importer.sending.throttle import Stop
from importer.sending.undo import TOUCHED_AFTER, Action, Group, Step, as_agreed, decide
from importer.settings.model import Settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import sqlalchemy as sa
    from programs import Cli, Finished
    from scripted import Request

    from importer.kantata.client import KantataApi
    from importer.kantata.invoices import FoundInvoice
    from importer.ledger.ledger import SubmissionLedger
    from importer.model.plans import PlannedInvoice
    from importer.sandbox.running import Sandbox


class Desk:
    """The program at a stand-in, and what people do in Kantata meanwhile."""

    def __init__(self, cli: Cli, kantata: Sandbox) -> None:
        """Hold them."""
        self.cli, self.kantata = cli.at(kantata), kantata

    def submit(self, *options: str) -> Finished:
        """Submit the sheet."""
        return self.cli.run("submit", self.cli.folder / "october.csv", "--yes", "--json", *options)

    def undo(self, run: str = "last", **env: str) -> Finished:
        """Undo a run."""
        return self.cli.run("undo", run, "--yes", "--json", **env)

    def do(self, method: str, route: str, body: object = None) -> None:
        """Do something in Kantata by hand, or tell the stand-in to."""
        base = self.kantata.base_url
        address = base.removesuffix("/api/v1") + route if route.startswith("/_sandbox") else base + route
        headers = {"Authorization": f"Bearer {self.kantata.token}"}
        text = {"data": body} if isinstance(body, str) else {"json": body}
        answer = requests.request(method, address, headers=headers, timeout=60, **text)
        assert answer.ok, answer.text

    def states(self) -> dict[str, str]:
        """State of each invoice in the ledger, by its key."""
        connection = sqlite3.connect(self.cli.ledger)
        found = dict(connection.execute("SELECT invoice_key, state FROM invoices ORDER BY invoice_key"))
        connection.close()
        return found

    @property
    def removals(self) -> list[str]:
        """The requests that delete or cancel, in order."""
        asked = [*self.kantata.received("DELETE"), *self.kantata.received("PUT", "/invoices")]
        return [f"{one.method} {one.path}" for one in asked if one.method == "DELETE" or "cancel" in one.path]


@pytest.fixture
def desk(cli: Cli, sandbox: Sandbox) -> Desk:
    """Return the program at a stand-in."""
    return Desk(replace(cli, env={**cli.env, "IMPORTER_SETTLE_SECONDS": "0"}), sandbox)


def groups(done: Finished) -> dict[str, list[str]]:
    """Keys of the invoices of each group."""
    found: dict[str, list[str]] = {}
    for one in done.document["invoices"]:
        found.setdefault(one["group"], []).append(one["invoice_key"])
    return found


def reasons(done: Finished) -> dict[str, str]:
    """What is said of each invoice, by its key."""
    return {one["invoice_key"]: one["reason"] for one in done.document["invoices"]}


def mixed(desk: Desk) -> None:
    """Send drafts and active invoices; then people pay one, edit two, and an answer will be lost."""
    drafts = {"k1": "yes", "k2": "no", "k3": "no", "k4": "yes", "k5": "yes", "k6": "yes"}
    desk.cli.sheet(*({"invoice_key": key, "amount": 100, "draft": draft} for key, draft in drafts.items()))
    assert desk.submit("--allow-repeats").statuses == ["created"] * 6
    ids = [one.id for one in desk.kantata.invoices()]
    desk.do("PUT", f"/_sandbox/invoices/{ids[2]}/pay")
    desk.do("PUT", f"/invoices/{ids[3]}", {"invoice": {"purchase_order": "PO-9"}})
    desk.do("PUT", f"/_sandbox/invoices/{ids[4]}/notes", "something else")
    desk.kantata.misbehave(Fault(FaultKind.DROP_BEFORE, "DELETE", f"/invoices/{ids[5]}"))


def test_a_mixed_run_ends_in_three_groups_and_then_there_is_nothing_to_do(desk: Desk) -> None:
    """Drafts are deleted, active ones cancelled; paid, edited and unknown ones stay; later undos repeat nothing."""
    mixed(desk)
    done = desk.undo()
    assert done.exit_code == 8
    assert groups(done) == {"undone": ["k1", "k2"], "kept": ["k3", "k4", "k5"], "unknown": ["k6"]}
    said = reasons(done)
    assert "deleted" in said["k1"]
    assert "cancelled" in said["k2"]
    assert said["k3"] == "It is paid."
    assert said["k4"] == "It was changed in Kantata: po number: was nothing, is PO-9."
    assert said["k5"] == "It was changed in Kantata: its items, amounts or texts."
    assert "still there" in said["k6"]
    assert set(desk.states().values()) == {"free", "exists", "removing"}
    cells = list(load_workbook(done.document["files"]["undo"])["Invoices"].iter_rows(values_only=True))
    assert Counter(row[0] for row in cells[1:]) == {"undone": 2, "kept": 3, "unknown": 1}

    again = desk.undo()
    assert (again.exit_code, groups(again)["undone"]) == (4, ["k1", "k2", "k6"])
    sent = list(desk.removals)
    last = desk.undo()
    assert (last.exit_code, last.document["files"]["undo"], desk.removals) == (0, None, sent)
    assert "Nothing to undo" in desk.cli.run("undo", "last").stdout
    assert [one.status for one in desk.kantata.invoices()] == ["cancelled", "accepted payment", "new", "new"]


def test_undone_rows_are_ready_again(desk: Desk) -> None:
    """After an undo the same file bills anew, once; kept invoices are not repeated."""
    desk.cli.sheet({"invoice_key": "k1", "amount": 1}, {"invoice_key": "k2", "amount": 2, "draft": "no"})
    first = desk.submit()
    assert desk.undo().exit_code == 0
    assert desk.states() == {"k1": "free", "k2": "free"}
    second = desk.submit()
    assert second.statuses == ["created", "created"]
    ids = [{one["invoice_id"] for one in done.document["invoices"]} for done in (first, second)]
    assert not ids[0] & ids[1]
    assert set(live_of(desk.kantata).values()) == {1}
    assert desk.submit().statuses == ["already_created"] * 2
    assert desk.undo(first.document["run_id"]).exit_code == 0  # nothing of it is left, so nothing of the second goes
    assert set(live_of(desk.kantata).values()) == {1}


@pytest.mark.parametrize("kind", [FaultKind.DROP_AFTER, FaultKind.STATUS_AFTER, FaultKind.EMPTY_200_AFTER])
def test_a_lost_answer_is_looked_up(desk: Desk, kind: FaultKind) -> None:
    """It took effect although the answer was lost: the look-up shows it, so it is undone."""
    desk.cli.sheet({"invoice_key": "k1", "amount": 1}, {"invoice_key": "k2", "amount": 2, "draft": "no"})
    desk.submit()
    desk.kantata.misbehave(Fault(kind, "DELETE", "/invoices/*"), Fault(kind, "PUT", "/invoices/*/cancel"))
    done = desk.undo()
    assert (done.exit_code, groups(done)) == (0, {"undone": ["k1", "k2"]})
    assert all("Looked up" in reason for reason in reasons(done).values())


def test_a_lost_answer_and_a_failed_look_up_is_unknown(desk: Desk) -> None:
    """Nothing is assumed: the invoice is unknown, its rows are not billed again, and the next undo looks."""
    desk.cli.fees(1)
    desk.submit()
    lookups = Fault(FaultKind.STATUS_BEFORE, "GET", "/invoices", after=2)
    desk.kantata.misbehave(Fault(FaultKind.DROP_AFTER, "DELETE", "/invoices/*"), lookups)
    done = desk.undo()
    assert (done.exit_code, groups(done)) == (8, {"unknown": ["k1"]})
    again = desk.submit("--offline")
    assert (again.exit_code, again.statuses) == (8, ["in_doubt"])
    assert "undo" in again.document["invoices"][0]["what_to_do"]
    assert desk.undo().exit_code == 0
    assert desk.submit().statuses == ["created"]


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("nth", [1, 3])
def test_killed_in_the_middle(desk: Desk, nth: int, *, first: bool) -> None:
    """Between intent and request, or request and outcome: the next undo looks up and ends it; none is billed twice."""
    desk.cli.fees(4)
    desk.submit()
    before = DIE.format(module="kantata.client", name="KantataApi", method="delete_invoice", nth=nth, first=first)
    killed = desk.cli.start("undo", "last", "--yes", before=before).wait()
    assert killed.exit_code == -9
    assert +Counter(desk.states().values()) == +Counter(free=nth - 1, removing=1, exists=4 - nth)
    between_them = desk.submit()
    statuses = Counter(between_them.statuses)
    assert statuses["in_doubt"] == 1
    assert statuses["created"] == nth - 1  # those undone before the kill are ready, and billed again
    for run in runs_of(desk):
        assert desk.undo(run).exit_code == 0
    assert desk.kantata.invoices() == []
    assert set(desk.states().values()) == {"free"}


def runs_of(desk: Desk) -> list[str]:
    """Every run of the ledger."""
    return [one["run_id"] for one in desk.cli.run("history", "--json").document["records"]]


def test_without_a_yes_nothing_is_undone(desk: Desk) -> None:
    """No terminal and no --yes: exit 9, and Kantata got no request to delete."""
    desk.cli.fees(2)
    desk.submit()
    done = desk.cli.run("undo", "last")
    assert (done.exit_code, desk.removals) == (9, [])
    assert "--yes" in done.stderr
    assert "To be undone: 2" in done.stderr  # what it would do is shown all the same
    assert "k1, invoice 9" in done.stderr
    assert set(desk.states().values()) == {"exists"}


def test_one_at_a_time(desk: Desk) -> None:
    """While another run holds the lock, undo ends with 7 and does nothing."""
    desk.cli.fees(1)
    desk.submit()
    account = desk.kantata.base_url
    holder = open_ledger(desk.cli.ledger, account)
    with holder.exclusive("submit-1"):
        assert desk.undo().exit_code == 7
    holder.close()
    assert desk.removals == []


def test_the_run_is_named_by_its_beginning(desk: Desk) -> None:
    """A unique beginning will do; several or none end with 2, with the nearest named."""
    desk.cli.fees(1)
    run = desk.submit().document["run_id"]
    wrong = desk.undo(run[:-1] + "zz")
    assert (wrong.exit_code, run in wrong.stderr) == (2, True)
    desk.cli.fees(1)
    desk.submit()
    assert desk.undo("2").exit_code == 2
    assert (desk.undo(run).exit_code, desk.states()) == (0, {"k1": "free"})


def test_which_run_it_is_is_said(desk: Desk) -> None:
    """“last” may be another one than meant: run, day, batch, file and account are named before anything is asked."""
    sheet = desk.cli.fees(1)
    run = desk.submit("--batch", "Phase 1").document["run_id"]
    shown = desk.cli.run("undo", "last", "--yes").stdout
    for part in (run, "Phase 1", str(sheet), desk.kantata.base_url):
        assert part in shown.splitlines()[0]


def test_no_run_at_all(desk: Desk) -> None:
    """Exit 2."""
    assert desk.undo().exit_code == 2


@pytest.mark.parametrize(("status", "code"), [(401, 5), (429, 6)])
def test_a_refused_token_or_pace_stops_the_undo(desk: Desk, status: int, code: int) -> None:
    """The second is refused: the first is undone, the rest exists as before and says so."""
    desk.cli.fees(4)
    desk.submit()
    desk.kantata.misbehave(Fault(FaultKind.STATUS_BEFORE, "DELETE", "/invoices/*", after=1, times=9, status=status))
    done = desk.undo()
    assert (done.exit_code, groups(done)) == (code, {"undone": ["k1"], "kept": ["k2", "k3", "k4"]})
    assert len(desk.removals) == 2
    desk.kantata.misbehave()
    assert (desk.undo().exit_code, desk.kantata.invoices()) == (0, [])


def test_stopped_by_a_signal(desk: Desk) -> None:
    """The request under way gets its answer, the rest exists as before, and the next undo ends it."""
    desk.cli.fees(4)
    desk.submit()
    desk.kantata.misbehave(Fault(FaultKind.SLOW_AFTER, "DELETE", "/invoices/*", after=1, seconds=1.5))
    running = desk.cli.start("undo", "last", "--yes", "--json")
    end = time.monotonic() + 120
    while len(desk.removals) < 2 and time.monotonic() < end:
        time.sleep(0.02)
    running.signal(signal.SIGTERM)
    done = running.wait()
    assert (done.exit_code, groups(done)) == (143, {"undone": ["k1", "k2"], "kept": ["k3", "k4"]})
    assert (desk.undo().exit_code, desk.kantata.invoices()) == (0, [])


def test_what_changes_while_the_person_thinks_is_kept(
    ledger: SubmissionLedger, sandbox: Sandbox, tmp_path: Path, connect: Callable[..., KantataApi]
) -> None:
    """Agreed to as a draft, issued and changed before the yes: it is looked at again, and stays."""
    api = connect(sandbox.base_url)
    note(ledger, api, fees(1)[0])
    ledger.begin_run("run-1", BATCH, SOURCE, totals(fees(1)))
    [run] = ledger.runs()

    def issue(_plan: object) -> None:
        address = f"{sandbox.base_url}/invoices/{sandbox.invoices()[0].id}"
        headers = {"Authorization": f"Bearer {sandbox.token}"}
        assert requests.put(address, json={"invoice": {"draft": False}}, headers=headers, timeout=60).ok

    tools = Tools(Settings(reports=tmp_path / "reports", retry_seconds=0), "account", ledger, None)
    done = undoing.undo(run, tools, api, UndoHooks(issue, Stop(), lambda _done, _of: None))
    assert [(step.group, step.action) for step in done.steps] == [(Group.KEPT, None)]
    assert sandbox.received("DELETE") == []


def test_nobody_there_is_told_at_once(desk: Desk) -> None:
    """Kantata cannot be asked: exit 6, nothing done."""
    desk.cli.fees(1)
    desk.submit()
    desk.kantata.misbehave(Fault(FaultKind.STATUS_BEFORE, "GET", "/invoices", times=9))
    assert desk.undo().exit_code == 6
    assert desk.states() == {"k1": "exists"}


def test_what_kantata_refuses_is_kept_with_its_words(desk: Desk) -> None:
    """422: it stays created, so it is not billed again."""
    desk.cli.fees(1)
    desk.submit()
    body = '{"errors": [{"type": "validation", "message": "The period is closed", "field": "base"}]}'
    desk.kantata.misbehave(Fault(FaultKind.STATUS_BEFORE, "DELETE", "/invoices/*", status=422, body=body))
    done = desk.undo()
    assert (done.exit_code, reasons(done)["k1"]) == (4, "Kantata refused it: The period is closed")
    assert desk.submit().statuses == ["already_created"]


def test_an_adopted_invoice_is_kept(desk: Desk) -> None:
    """A run that only found an invoice did not create it; undoing that run leaves it alone."""
    desk.cli.fees(1)
    desk.submit()
    for file in desk.cli.ledger.parent.iterdir():
        file.unlink()
    assert desk.submit().statuses == ["already_created"]
    done = desk.undo()
    assert (done.exit_code, groups(done), desk.removals) == (4, {"kept": ["k1"]}, [])
    assert "did not create" in reasons(done)["k1"]


def test_an_invoice_that_reconcile_found_can_be_undone(desk: Desk) -> None:
    """It was sent by the run and its answer lost: still the run's own."""
    desk.cli.fees(1)
    desk.kantata.misbehave(Fault(FaultKind.DROP_AFTER))
    desk.submit()
    assert desk.undo().exit_code == 8
    assert desk.removals == []
    found = desk.cli.run("reconcile", IMPORTER_SETTLE_SECONDS="0")
    assert (found.exit_code, "You wanted it undone" in found.stdout) == (4, True)
    assert (desk.undo().exit_code, desk.kantata.invoices()) == (0, [])


def test_one_that_somebody_deleted_already_is_noted(desk: Desk) -> None:
    """Absent while the project's finances are visible: gone; its rows are ready again."""
    desk.cli.fees(1)
    desk.submit()
    desk.do("DELETE", f"/invoices/{desk.kantata.invoices()[0].id}")
    done = desk.undo()
    assert (done.exit_code, groups(done)) == (0, {"undone": ["k1"]})
    assert desk.submit().statuses == ["created"]


def unknown(desk: Desk) -> None:
    """Undo an invoice that Kantata does not show, so soon after sending that nobody knows what that means."""
    desk.cli.fees(1)
    desk.submit()
    desk.do("DELETE", f"/invoices/{desk.kantata.invoices()[0].id}")
    done = desk.undo(IMPORTER_SETTLE_SECONDS="180")
    assert (done.exit_code, groups(done)) == (8, {"unknown": ["k1"]})


@pytest.mark.parametrize("how", [(), ("--offline",)])
def test_an_unknown_outcome_is_in_doubt_wherever_one_looks(desk: Desk, how: tuple[str, ...]) -> None:
    """Preview, submit, history, doctor and reconcile say that nobody knows whether it exists; nothing is sent."""
    unknown(desk)
    sheet = desk.cli.folder / "october.csv"
    for command in (("preview", sheet), ("submit", sheet, "--yes")):
        done = desk.cli.run(*command, "--json", *how)
        assert (done.exit_code, done.statuses) == (8, ["in_doubt"])
        assert "undo" in done.document["invoices"][0]["error"]
    [*_, run] = desk.cli.run("history", "--json").document["records"]
    [record] = desk.cli.run("history", run["run_id"], "--json").document["records"]
    assert record["state_now"] == "in_doubt"
    assert "1 invoice in doubt" in desk.cli.run("doctor").stdout
    assert desk.kantata.invoices() == []
    early = desk.cli.run("reconcile", "--no-wait", "--json", IMPORTER_SETTLE_SECONDS="180")
    assert (early.exit_code, early.statuses, desk.states()) == (8, ["in_doubt"], {"k1": "removing"})


def test_reconcile_finds_what_an_undo_has_taken_back(desk: Desk) -> None:
    """Gone: undone as was wished, so its rows are ready again; the file bills them once, and never again."""
    unknown(desk)
    done = desk.cli.run("reconcile", "--json")
    assert (done.exit_code, done.statuses, desk.states()) == (0, ["ready"], {"k1": "free"})
    assert "undone" in done.document["invoices"][0]["error"]
    assert [desk.submit().statuses for _ in range(2)] == [["created"], ["already_created"]]
    assert len(desk.kantata.invoices()) == 1
    assert desk.cli.run("reconcile", "--json").document["invoices"] == []


@pytest.mark.parametrize("draft", ["yes", "no"])
def test_reconcile_finds_what_an_undo_has_not_taken_back(desk: Desk, draft: str) -> None:
    """There still: created as before, said with 4 as it was to go; it is not billed again, and can be undone."""
    desk.cli.sheet({"invoice_key": "k1", "amount": 1, "draft": draft})
    desk.submit()
    desk.kantata.misbehave(Fault(FaultKind.DROP_BEFORE, "DELETE" if draft == "yes" else "PUT", "/invoices/*"))
    assert desk.undo().exit_code == 8
    early = desk.cli.run("reconcile", "--no-wait", IMPORTER_SETTLE_SECONDS="180")
    assert (early.exit_code, desk.states()) == (8, {"k1": "removing"})  # the request may yet take effect
    done = desk.cli.run("reconcile", "--json")
    assert (done.exit_code, done.statuses, desk.states()) == (4, ["created"], {"k1": "exists"})
    assert desk.submit().statuses == ["already_created"]
    assert (desk.undo().exit_code, desk.states()) == (0, {"k1": "free"})


def test_an_approval_does_not_outlive_an_undo_that_reconcile_settles(desk: Desk) -> None:
    """What is found to be undone needs a new approval, as what was undone at once."""
    desk = Desk(replace(desk.cli, env={**desk.cli.env, "IMPORTER_REQUIRE_APPROVAL": "true"}), desk.kantata)
    sheet = desk.cli.fees(2)
    assert desk.cli.run("approve", sheet, "--yes").exit_code == 0
    desk.kantata.misbehave(Fault(FaultKind.STATUS_BEFORE, status=422, after=1))
    assert sorted(desk.submit().statuses) == ["created", "rejected"]  # so the approval is good still
    desk.do("DELETE", f"/invoices/{desk.kantata.invoices()[0].id}")
    assert desk.undo(IMPORTER_SETTLE_SECONDS="180").exit_code == 8
    assert desk.cli.run("reconcile").exit_code == 0
    assert desk.submit().exit_code == 9


def through(desk: Desk, tamper: Callable[[Request, dict[str, Any]], None]) -> Finished:
    """Undo over a way on which answers are changed."""
    with between(desk.kantata, tamper) as way:
        connection = sqlite3.connect(desk.cli.ledger)
        with connection:
            for table in ("runs", "invoices", "invoice_events"):
                connection.execute(f"UPDATE {table} SET account = '{way.base_url}'")  # noqa: S608 - the same account
        connection.close()
        return desk.undo(KANTATA_BASE_URL=way.base_url)


def test_absent_means_nothing_where_finances_are_hidden(desk: Desk) -> None:
    """Not shown, and the project's finances cannot be seen: unknown, nothing is deleted, nothing billed again."""
    desk.cli.fees(1)
    desk.submit()

    def hide(_request: object, document: dict[str, Any]) -> None:
        if "invoices" in document:
            document["invoices"], document["results"] = {}, []
        for space in document.get("workspaces", {}).values():
            space["permissions"] = {"can_see_financials": False}

    done = through(desk, hide)
    assert (done.exit_code, groups(done), desk.states()) == (8, {"unknown": ["k1"]}, {"k1": "removing"})


def _none(document: dict[str, Any]) -> None:
    del document["invoices"]


def _null(document: dict[str, Any]) -> None:
    document["invoices"] = dict.fromkeys(document["invoices"])


def _another(document: dict[str, Any]) -> None:
    document["invoices"] = {f"77{number}": one for number, one in document["invoices"].items()}


@pytest.mark.parametrize("spoil", [_none, _null, _another])
def test_an_answer_that_does_not_hold_to_the_question_proves_nothing_absent(
    desk: Desk, spoil: Callable[[dict[str, Any]], None]
) -> None:
    """No list, a record that is null, a filter passed over: it is not taken as gone, so not billed again."""
    desk.cli.fees(1)
    desk.submit()

    def tamper(_request: object, document: dict[str, Any]) -> None:
        if "invoices" in document:
            spoil(document)

    done = through(desk, tamper)
    assert (done.exit_code, desk.states(), desk.removals) == (6, {"k1": "exists"}, [])


def test_another_reference_is_never_touched(desk: Desk) -> None:
    """The id on record now carries another reference: whatever that is, it is not ours to delete."""
    desk.cli.fees(1)
    desk.submit()

    def other(_request: object, document: dict[str, Any]) -> None:
        for reference in document.get("external_references", {}).values():
            reference["service_model_ref"] = "inv-other"

    done = through(desk, other)
    assert (done.exit_code, groups(done), desk.removals) == (4, {"kept": ["k1"]}, [])


def test_what_kantata_made_otherwise_can_be_undone(cli: Cli, sandbox: Sandbox) -> None:
    """An invoice that differed from the sheet when it was created, and is as it was: nobody touched it."""

    def cheaper(_request: object, document: dict[str, Any]) -> None:
        for item in document.get("fixed_fee_items", {}).values():
            item["amount_in_cents"] -= 100

    cli.fees(1)
    with between(sandbox, cheaper) as way:
        env = {"KANTATA_BASE_URL": way.base_url, "KANTATA_TOKEN": "sandbox"}
        assert cli.run("submit", cli.folder / "october.csv", "--yes", **env).exit_code == 4
        assert cli.run("undo", "last", "--yes", **env).exit_code == 0
    assert sandbox.invoices() == []


def test_a_cancelled_forerunner_is_no_doubt(desk: Desk) -> None:
    """Undone by cancelling, sent again, never arrived: reconcile is not misled by the cancelled one."""
    desk.cli.sheet({"invoice_key": "k1", "amount": 1, "draft": "no"})
    desk.submit()
    desk.undo()
    desk.kantata.misbehave(Fault(FaultKind.DROP_BEFORE))
    assert desk.submit().statuses == ["in_doubt"]
    assert desk.cli.run("reconcile", IMPORTER_SETTLE_SECONDS="0").exit_code == 4
    assert desk.submit().statuses == ["created"]


# --- deciding ---


@pytest.fixture
def created(
    ledger: SubmissionLedger, sandbox: Sandbox, connect: Callable[..., KantataApi]
) -> tuple[SentInvoice, FoundInvoice]:
    """Return an invoice of run-1, as the ledger and as Kantata know it."""
    api = connect(sandbox.base_url)
    [one] = fees(1)
    note(ledger, api, one)
    [sent] = ledger.sent_in("run-1")
    [found] = api.find_by_ids([sent.invoice_id or ""])
    return sent, found


def note(ledger: SubmissionLedger, api: KantataApi, one: PlannedInvoice) -> None:
    """Send an invoice in run-1."""
    claim = ledger.claim(one, "run-1", BATCH, SOURCE)
    assert claim is not None
    ledger.note_outcome(claim, api.create_invoice(one.payload or {}, Deadline()))


def shown_as(found: FoundInvoice, **changes: Any) -> dict[str, FoundInvoice]:
    """The invoice as Kantata shows it after changes."""
    shown = found.read_back.shown
    assert shown is not None
    return {found.invoice_id: replace(found, read_back=replace(found.read_back, shown=replace(shown, **changes)))}


def decided(sent: SentInvoice, shown: dict[str, FoundInvoice]) -> tuple[Step, ...]:
    """Decide what to do with an invoice that was sent long ago."""
    return decide([sent], Look(shown, frozenset()), datetime(9999, 1, 1))  # noqa: DTZ001 - as the ledger has it


def test_touched_a_moment_after_its_creation_is_kept(created: tuple[SentInvoice, FoundInvoice]) -> None:
    """The answer to its creation told its last change: any other one is somebody's, also when it is not told."""
    sent, found = created
    assert updated_at_in(sent.snapshot or "{}") is not None
    for moment in ("2099-01-01T00:00:00+00:00", "2099-01-01T00:00:00-08:00", "0001-01-01T00:00:00+14:00", "x", None):
        [step] = decided(sent, shown_as(found, updated_at=moment))
        assert (step.group, step.action) == (Group.KEPT, None)


def test_the_same_moment_in_another_zone_is_no_change(created: tuple[SentInvoice, FoundInvoice]) -> None:
    """Kantata may write its times with another offset."""
    sent, found = created
    moment = datetime.fromisoformat(updated_at_in(sent.snapshot or "{}") or "")
    [step] = decided(sent, shown_as(found, updated_at=moment.astimezone(timezone(timedelta(hours=-8))).isoformat()))
    assert step.action is Action.DELETE


def test_touched_long_after_its_creation_is_kept(created: tuple[SentInvoice, FoundInvoice]) -> None:
    """Without a record of its creation: shortly after that it may be Kantata itself, later it is somebody."""
    sent, found = replace(created[0], snapshot=None), created[1]
    for minutes, group in ((4, None), (6, Group.KEPT)):
        times = {"created_at": "2026-11-01T10:00:00+00:00", "updated_at": f"2026-11-01T10:0{minutes}:00+00:00"}
        [step] = decided(sent, shown_as(found, more={"tax_rate": 19}, **times))
        assert (step.group, step.action) == (group, None if group else Action.DELETE)
    assert TOUCHED_AFTER.total_seconds() == 300


@pytest.mark.parametrize("name", ["recipient_id", "tax_rate", "balance_in_cents", "due_date", "currency", "title"])
def test_whatever_a_person_can_change_is_compared(created: tuple[SentInvoice, FoundInvoice], name: str) -> None:
    """Fields that were never sent are on record since the creation; a changed or missing one is named."""
    sent, found = created
    held = {**json.loads(sent.snapshot or "")["more"], name: "as it was"}
    sent = replace(sent, snapshot=json.dumps({**json.loads(sent.snapshot or ""), "more": held}))
    [step] = decided(sent, shown_as(found, more=held))
    assert step.action is Action.DELETE
    for now in ({**held, name: "otherwise"}, {other: one for other, one in held.items() if other != name}):
        [step] = decided(sent, shown_as(found, more=now))
        assert (step.group, "was as it was, is" in step.reason) == (Group.KEPT, True)


def test_an_invoice_that_another_system_knows_is_kept(created: tuple[SentInvoice, FoundInvoice]) -> None:
    """Somebody has handed it on, to the bookkeeping for one."""
    sent, found = created
    handed_on = replace(found, triples=(*found.triples, ("quickbooks", "Invoice", "12")))
    [step] = decided(sent, {found.invoice_id: handed_on})
    assert (step.group, "quickbooks Invoice 12" in step.reason) == (Group.KEPT, True)


def test_without_a_record_of_its_creation_what_was_sent_counts(created: tuple[SentInvoice, FoundInvoice]) -> None:
    """Its answer did not show all: unchanged as far as it was sent is undone; an amount that differs is kept."""
    sent, found = replace(created[0], snapshot=None), created[1]
    [step] = decided(sent, {found.invoice_id: found})
    assert step.action is Action.DELETE
    sent.payload["invoice"]["fixed_fee_items"][0]["amount"] = 7
    [step] = decided(sent, {found.invoice_id: found})
    assert (step.group, "amount of fixed fee" in step.reason) == (Group.KEPT, True)


def test_nothing_is_done_that_nobody_was_asked_about(created: tuple[SentInvoice, FoundInvoice]) -> None:
    """Kept when the person was asked, and to be deleted when looked at again: it stays."""
    sent, found = created
    asked = (Step(sent, "It is paid.", group=Group.KEPT),)
    now = decided(sent, {found.invoice_id: found})
    assert now[0].action is Action.DELETE
    assert [step.action for step in as_agreed(now, now)] == [Action.DELETE]
    assert [(step.action, step.group) for step in as_agreed(asked, now)] == [(None, Group.KEPT)]


def test_an_unknown_status_is_kept(created: tuple[SentInvoice, FoundInvoice]) -> None:
    """Whatever Kantata calls it, only new ones are touched."""
    sent, found = created
    shown = found.read_back.shown
    assert shown is not None
    for status in ("accepted payment", "disputed", None):
        strange = replace(found, read_back=replace(found.read_back, shown=replace(shown, status=status)))
        [step] = decided(sent, {found.invoice_id: strange})
        assert step.group is Group.KEPT


def test_intent_and_outcome_are_on_record(
    ledger_place: sa.URL, sandbox: Sandbox, connect: Callable[..., KantataApi]
) -> None:
    """Begun: it may exist. Kept: it does. Undone: it may be sent again, and its id is remembered. In both databases."""
    ledger = open_ledger(ledger_place, "account")
    note(ledger, connect(sandbox.base_url), fees(1)[0])
    [sent] = ledger.sent_in("run-1")
    gone = Details("gone", sent.invoice_id)
    begun = ledger.begin_removal(sent, "undo-1", "delete")
    assert ledger.entries([sent.reference])[sent.reference].state is State.REMOVING
    assert ledger.claim(fees(1)[0], "run-2", BATCH, SOURCE) is None
    kept = ledger.note_removal(begun, "undo-1", Event.KEPT, Details("refused", sent.invoice_id))
    assert ledger.entries([sent.reference])[sent.reference].state is State.EXISTS
    with pytest.raises(LedgerProblem):  # who decided before that comes too late
        ledger.begin_removal(sent, "undo-2", "delete")
    ledger.note_removal(ledger.begin_removal(kept, "undo-1", "delete"), "undo-1", Event.REMOVED, gone)
    assert ledger.claim(fees(1)[0], "run-2", BATCH, SOURCE) is not None
    assert ledger.undone_ids([sent.reference]) == {sent.reference: {sent.invoice_id}}
    ledger.close()


def test_what_is_found_out_of_an_undo_later_is_on_record(
    ledger_place: sa.URL, sandbox: Sandbox, connect: Callable[..., KantataApi]
) -> None:
    """Unsettled since its last try, not since its sending; settled once, either way. In both databases."""
    ledger = open_ledger(ledger_place, "account")
    note(ledger, connect(sandbox.base_url), fees(1)[0])
    assert ledger.open_questions() == []
    for event, word in ((Event.STILL_THERE, "created"), (Event.REMOVED, "undone")):
        [sent] = ledger.sent_in("run-1")
        begun = ledger.begin_removal(sent, "undo-1", "delete")
        ledger.note_removal(begun, "undo-1", Event.REMOVAL_UNKNOWN, Details("lost", sent.invoice_id))
        [doubt] = ledger.open_questions()
        assert (doubt.being_undone, doubt.tried_at > sent.sent_at) == (sent.invoice_id, True)
        ledger.conclude(doubt, event, "run-3", "looked up", sent.invoice_id)
        with pytest.raises(LedgerProblem):
            ledger.conclude(doubt, event, "run-3", "looked up", sent.invoice_id)
        assert (ledger.open_questions(), ledger.entries([sent.reference])[sent.reference].standing.word) == ([], word)
    assert ledger.undone_ids([sent.reference]) == {sent.reference: {sent.invoice_id}}
    ledger.close()


CANCELLED = '{"invoices": {"7": {"status": "cancelled"}}}'


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (204, "", RemovalKind.DONE),
        (200, CANCELLED, RemovalKind.DONE),
        (200, "", RemovalKind.UNKNOWN),
        (200, CANCELLED.replace("7", "8"), RemovalKind.UNKNOWN),
        (200, CANCELLED[:-4] + "?", RemovalKind.UNKNOWN),
        (302, "", RemovalKind.UNKNOWN),
        (400, "", RemovalKind.REFUSED),
        (401, "", RemovalKind.TOKEN_REFUSED),
        (403, "", RemovalKind.REFUSED),
        (404, "", RemovalKind.UNKNOWN),
        (422, "", RemovalKind.REFUSED),
        (429, "", RemovalKind.REFUSED_FOR_NOW),
        (500, "", RemovalKind.UNKNOWN),
        (503, "<html>", RemovalKind.UNKNOWN),
    ],
)
def test_what_an_answer_means(status: int, body: str, kind: RemovalKind) -> None:
    """Only a clear answer is believed; everything else is looked up."""
    assert classify_removal("DELETE", status, body, {}, "7").kind is kind


def test_an_empty_answer_to_a_cancel_is_looked_up() -> None:
    """Only deleting is documented to answer without a body; a cancelled invoice is shown."""
    assert classify_removal("PUT", 204, "", {}, "7").kind is RemovalKind.UNKNOWN
    assert classify_removal("PUT", 200, CANCELLED, {}, "7").kind is RemovalKind.DONE


def test_an_invoice_sent_a_moment_ago_is_not_taken_as_gone() -> None:
    """Lists may lag: absent means nothing until the settling time has passed (docs/kantata.md section 6)."""
    now = datetime(2026, 11, 22, 12, 0)  # noqa: DTZ001 - as the ledger has it
    one = SentInvoice(
        reference="r",
        key=None,
        workspace_ids=(101,),
        rows=(2,),
        amount=Decimal(5),
        payload={},
        standing=fold([Event.CLAIMED, Event.CREATED]),
        sent_at=now - timedelta(seconds=100),
        invoice_id="7",
        adopted=False,
        kept_before=False,
        snapshot=None,
        tried_at=now - timedelta(seconds=100),
    )
    look = Look({}, frozenset({101}))
    [early] = decide([one], look, sent_after(180, now))
    [late] = decide([one], look, sent_after(180, now + timedelta(seconds=81)))
    assert (early.group, late.group) == (Group.UNKNOWN, Group.UNDONE)


def test_nobody_listens_means_that_nothing_was_done(connect: Callable[..., KantataApi]) -> None:
    """Never connected: it may be tried again; a connection that broke is unknown."""
    assert connect("http://127.0.0.1:9/api/v1").delete_invoice("7", Deadline()).kind is RemovalKind.REFUSED_FOR_NOW


def test_what_is_not_reached_again_is_unknown_still(desk: Desk) -> None:
    """An earlier undo has asked for it, and that may take effect yet, also when this one is refused: it is not kept."""
    desk.cli.fees(2)
    desk.submit()
    desk.kantata.misbehave(Fault(FaultKind.DROP_BEFORE, "DELETE", "/invoices/*", times=2))
    assert groups(desk.undo()) == {"unknown": ["k1", "k2"]}
    desk.kantata.misbehave(Fault(FaultKind.STATUS_BEFORE, "DELETE", "/invoices/*", status=401))
    done = desk.undo()
    assert (done.exit_code, groups(done)) == (8, {"unknown": ["k1", "k2"]})
    assert desk.states() == {"k1": "removing", "k2": "removing"}
    desk.cli.run("reconcile")
    assert desk.states() == {"k1": "exists", "k2": "exists"}


def test_a_refusal_after_a_lost_answer_is_unknown(desk: Desk) -> None:
    """The request whose answer was lost may take effect yet, so the invoice is not called kept."""
    desk.cli.fees(1)
    desk.submit()
    desk.kantata.misbehave(Fault(FaultKind.DROP_BEFORE, "DELETE", "/invoices/*"))
    assert groups(desk.undo()) == {"unknown": ["k1"]}
    desk.kantata.misbehave(Fault(FaultKind.STATUS_BEFORE, "DELETE", "/invoices/*", status=422))
    done = desk.undo()
    assert (done.exit_code, groups(done), desk.states()) == (8, {"unknown": ["k1"]}, {"k1": "removing"})
    assert "refused" in reasons(done)["k1"]
    assert desk.cli.run("reconcile").exit_code == 4
    assert desk.states() == {"k1": "exists"}


def test_nothing_is_kept_that_an_earlier_undo_may_yet_remove(
    ledger: SubmissionLedger, created: tuple[SentInvoice, FoundInvoice]
) -> None:
    """Its request was lost a moment ago: what Kantata shows now may change. Once it is settled, it is kept."""
    sent, found = created
    begun = ledger.begin_removal(sent, "undo-1", "delete")
    ledger.note_removal(begun, "undo-1", Event.REMOVAL_UNKNOWN, Details("lost", sent.invoice_id))
    [removing] = ledger.sent_in("run-1")
    paid = Look(shown_as(found, status="accepted payment"), frozenset())
    tried = removing.tried_at
    [early] = decide([removing], paid, sent_after(180, tried + timedelta(seconds=170)))
    [late] = decide([removing], paid, sent_after(180, tried + timedelta(seconds=190)))
    assert (early.group, late.group) == (Group.UNKNOWN, Group.KEPT)
    [asked] = as_agreed((late,), decide([removing], Look({found.invoice_id: found}, frozenset()), tried))
    assert (asked.action, asked.group) == (None, Group.UNKNOWN), "it changed meanwhile, and may yet be removed"


def test_every_try_to_remove_is_on_record_and_nothing_else_is_a_try(
    ledger: SubmissionLedger, created: tuple[SentInvoice, FoundInvoice]
) -> None:
    """Its moment counts until when a removal may take effect; a look-up afterwards does not postpone that."""
    sent, _ = created
    first = ledger.begin_removal(sent, "undo-1", "delete")
    tries = [ledger.sent_in("run-1")[0].tried_at]
    second = ledger.begin_removal(first, "undo-1", "delete")
    tries.append(ledger.sent_in("run-1")[0].tried_at)
    ledger.note_removal(second, "undo-1", Event.REMOVAL_UNKNOWN, Details("lost", sent.invoice_id))
    tries.append(ledger.sent_in("run-1")[0].tried_at)
    assert sent.sent_at < tries[0] < tries[1] == tries[2]


def test_each_throttled_try_is_noted_before_it_is_made(desk: Desk) -> None:
    """A kill after it must not leave a removal under way that seems to be long over."""
    desk.cli.fees(1)
    desk.submit()
    desk.kantata.misbehave(Fault(FaultKind.STATUS_BEFORE, "DELETE", "/invoices/*", times=2, status=429, retry_after=0))
    assert desk.undo(IMPORTER_RETRY_SECONDS="60").exit_code == 0
    with sqlite3.connect(desk.cli.ledger) as ledger:
        events = [event for (event,) in ledger.execute("SELECT event FROM invoice_events ORDER BY seq")]
    ledger.close()
    assert events == ["claimed", "created", *["removal_begun"] * 3, "removed"]
