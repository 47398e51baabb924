"""“Not found” settles a doubt only where Kantata would have found the invoice, in whatever form its reference is."""

from __future__ import annotations

import json
import sqlite3
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import scripted
from plans import BATCH, SOURCE, fee, fees, invoice, plan
from scripted import Scripted
from test_exactly_once import kantata
from test_reconcile import Desk, desk, lost

from importer.kantata import client
from importer.kantata.invoices import found_invoices
from importer.ledger import database
from importer.model.answers import Outcome, OutcomeKind
from importer.model.invoices import ExternalReference
from importer.model.lifecycle import Event
from importer.sandbox.faults import Fault, FaultKind
from importer.sending.settlement import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from programs import Cli

    from importer.kantata.client import KantataApi
    from importer.kantata.invoices import FoundInvoice
    from importer.sandbox.running import Sandbox

__all__ = ["desk", "kantata"]


class Clock:
    """The clock of the ledger."""

    def __init__(self) -> None:
        """Begin now."""
        self.now = database.now()

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Return a clock that only the test moves."""
    clock = Clock()
    monkeypatch.setattr(database, "now", lambda: clock.now)
    return clock


# --- an invoice whose run has no other one ---


def test_an_invoice_sent_long_before_is_no_witness(desk: Desk, clock: Clock) -> None:
    """Lists that lag show it, and not yet the one in doubt."""
    lost_one, before = fees(2)
    claim = desk.ledger.claim(before, "run-1", BATCH, SOURCE)
    desk.ledger.note_outcome(claim, Outcome(OutcomeKind.CREATED, invoice_id=desk.create(before)))
    clock.wait(3600)
    desk.doubt(lost_one)
    clock.wait(181)
    [first] = desk.settle(180)
    assert (first.verdict, first.event) == (Verdict.UNCLEAR, Event.NOT_FOUND)


def test_a_reference_of_others_counts_in_its_own_case_only(desk: Desk) -> None:
    """Ids of Salesforce may differ in their case alone: that is another customer's invoice."""
    opportunities = (("0065g00000AbCdE", "100"), ("0065g00000aBcDe", "250"))
    billed, doubted = (
        plan(
            invoice(fee(101, amount), key=ref, external_reference=ExternalReference("salesforce", "opportunity", ref))
        )[0]
        for ref, amount in opportunities
    )
    claim = desk.ledger.claim(billed, "run-1", BATCH, SOURCE)
    desk.ledger.note_outcome(claim, Outcome(OutcomeKind.CREATED, invoice_id=desk.create(billed)))
    desk.doubt(doubted)
    [settlement] = desk.settle()
    assert settlement.verdict is not Verdict.FOUND


def test_an_invoice_without_siblings_is_absent_after_two_looks(desk: Desk, clock: Clock) -> None:
    """Nothing shows that Kantata would find it: both kinds of query miss it twice, 180 s apart, before it is free."""
    desk.doubt(*fees(1))
    clock.wait(181)
    [first] = desk.settle(180)
    assert (first.verdict, first.event) == (Verdict.UNCLEAR, Event.NOT_FOUND)
    again: datetime | None = first.look_again_at
    assert again == clock.now + timedelta(seconds=180)
    assert "no other invoice of its run" in first.reason

    clock.wait(179)
    [early] = desk.settle(180)
    assert (early.verdict, early.event, early.look_again_at) == (Verdict.UNCLEAR, None, again)
    assert desk.states(*fees(1)) == ["in_doubt"]

    before = len(desk.kantata.received("GET"))
    clock.wait(2)
    [second] = desk.settle(180)
    assert (second.verdict, desk.states(*fees(1))) == (Verdict.ABSENT, ["not_sent"])
    asked = [get.query for get in desk.kantata.received("GET")[before:] if get.path.endswith("/invoices")]
    assert sum("external_reference_service_model_refs" in query for query in asked) == 2
    assert sum("workspace_id" in query for query in asked) == 2


def test_what_the_second_look_finds_counts(desk: Desk, clock: Clock) -> None:
    """The lists lagged behind for longer than was thought."""
    [one] = fees(1)
    desk.doubt(one)
    clock.wait(181)
    desk.settle(180)
    number = desk.create(one)
    clock.wait(181)
    [found] = desk.settle(180)
    assert (found.verdict, found.invoice_id) == (Verdict.FOUND, number)


def test_looks_that_disagree_begin_again(desk: Desk, clock: Clock) -> None:
    """Not found, then perhaps seen, then not found once more: that is one look, and not the second."""
    [one] = fees(1)
    desk.doubt(one)
    clock.wait(181)
    desk.settle(180)
    twins = [desk.create(one), desk.create(one)]
    desk.forget_references()
    clock.wait(181)
    [between] = desk.settle(180)
    assert (between.verdict, between.event) == (Verdict.UNCLEAR, Event.UNCLEAR)
    for number in twins:
        desk.ask("DELETE", f"/invoices/{number}")
    clock.wait(181)
    [first] = desk.settle(180)
    assert (first.verdict, first.event) == (Verdict.UNCLEAR, Event.NOT_FOUND)
    clock.wait(181)
    assert desk.verdicts() == [(Verdict.ABSENT, None)]


def test_a_clock_that_is_ahead_makes_nothing_absent(desk: Desk, clock: Clock) -> None:
    """Kantata shows an earlier time, and no reference: the invoice with its content may be the one, a person looks."""
    [one] = fees(1)
    clock.wait(1200)
    desk.doubt(one)
    number = desk.create(one)
    desk.forget_references()
    for _ in range(3):
        clock.wait(181)
        [settled] = desk.settle(180)
        assert (settled.verdict, settled.event) == (Verdict.UNCLEAR, None)
        assert number in settled.reason


@pytest.mark.parametrize("created_at", [None, "", "yesterday", "2020-01-01", "0001-01-01T00:00:00+14:00"])
def test_an_invoice_of_an_unknown_time_is_no_earlier_one(
    desk: Desk, clock: Clock, monkeypatch: pytest.MonkeyPatch, created_at: str | None
) -> None:
    """Kantata shows neither its reference, nor its fixed fees, nor with certainty when it was created: it may be it."""

    def hidden(answer: dict[str, Any]) -> Iterator[FoundInvoice]:
        for record in answer["invoices"].values():
            record["created_at"] = created_at
            record.pop("fixed_fee_item_ids")
        return found_invoices(answer)

    [one] = fees(1)
    desk.doubt(one)
    number = desk.create(one)
    desk.forget_references()
    monkeypatch.setattr(client, "found_invoices", hidden)
    for _ in range(2):
        clock.wait(181)
        [settled] = desk.settle(180)
        assert settled.verdict is Verdict.UNCLEAR
        assert number in settled.reason
    assert desk.states(one) == ["in_doubt"]


def test_an_answer_that_is_awaited_is_waited_for_longer(desk: Desk, clock: Clock) -> None:
    """Where none was noted, the request may have left up to a minute after the claim, and Kantata works on it since."""
    [one] = fees(1)
    assert desk.ledger.claim(one, "run-1", BATCH, SOURCE) is not None
    clock.wait(239)
    [early] = desk.settle(180)
    assert early.verdict is Verdict.TOO_EARLY
    clock.wait(2)
    [due] = desk.settle(180)
    assert due.event is Event.NOT_FOUND


def test_each_sending_has_looks_of_its_own(desk: Desk, clock: Clock) -> None:
    """A look from before it was sent again says nothing of the new request."""
    desk.doubt(*fees(1))
    for _ in range(2):
        clock.wait(181)
        desk.settle(180)
    desk.doubt(*fees(1))
    clock.wait(181)
    [first] = desk.settle(180)
    assert (first.verdict, first.event) == (Verdict.UNCLEAR, Event.NOT_FOUND)


def test_one_look_is_enough_where_siblings_are_found(desk: Desk, clock: Clock) -> None:
    """Another invoice of the same run is found by its reference, so this one would be too."""
    lost, created = fees(2)
    desk.doubt(lost)
    claim = desk.ledger.claim(created, "run-1", BATCH, SOURCE)
    assert claim is not None
    desk.ledger.note_outcome(claim, Outcome(OutcomeKind.CREATED, invoice_id=desk.create(created)))
    clock.wait(181)
    [settled] = desk.settle(180)
    assert settled.verdict is Verdict.ABSENT


def test_reconcile_waits_for_the_second_look(cli: Cli, kantata: Sandbox) -> None:
    """Without --no-wait it ends with an answer; with it, a person may say so after the first look."""
    cli = cli.at(kantata)
    first = lost(cli, kantata, Fault(FaultKind.DROP_BEFORE), count=1)
    [invoice] = first.document["invoices"]
    done = cli.run("reconcile", IMPORTER_SETTLE_SECONDS="1")
    assert (done.exit_code, "Waiting until" in done.stderr) == (4, True)
    assert "was not created" in done.stdout

    lost(cli, kantata, Fault(FaultKind.DROP_BEFORE), count=1)
    kantata.misbehave()
    cli.run("reconcile", "--no-wait", IMPORTER_SETTLE_SECONDS="0.5")
    said = cli.run("reconcile", "--not-billed", invoice["reference"], "--yes", IMPORTER_SETTLE_SECONDS="0.5")
    assert said.exit_code == 4


# --- a reference in another form ---


def rewritten(desk: Desk, change: str) -> None:
    """Kantata has the references in another form than they were sent in."""
    with sqlite3.connect(desk.store) as connection:
        connection.execute(f"UPDATE external_references SET service_model_ref = {change}")  # noqa: S608 - of the test
    connection.close()


@pytest.mark.parametrize("change", ["upper(service_model_ref)", "substr(service_model_ref, 1, 12)"])
def test_a_reference_in_another_form_is_ours(desk: Desk, change: str) -> None:
    """In another case, or cut: an invoice with just the content is the one in doubt, although it has no sibling."""
    [one] = fees(1)
    desk.doubt(one)
    number = desk.create(one)
    rewritten(desk, change)
    assert desk.verdicts() == [(Verdict.FOUND, number)]


def test_a_reference_in_another_case_keeps_the_doubt(desk: Desk) -> None:
    """Its content was changed in Kantata since: a person looks."""
    ours, other = plan(invoice(fee(101, "500"))), plan(invoice(fee(101, "501")))
    desk.doubt(*ours)
    number = desk.create(other[0])
    with sqlite3.connect(desk.store) as connection:
        connection.execute("UPDATE external_references SET service_model_ref = upper(?)", [ours[0].reference])
    connection.close()
    [settled] = desk.settle()
    assert settled.verdict is Verdict.UNCLEAR
    assert number in settled.reason


def test_a_longer_reference_of_another_doubt_is_not_a_cut_one(desk: Desk) -> None:
    """Two of the sheet's own references, one the beginning of the other, and the same content: each is its own."""
    short, longer = (
        plan(invoice(fee(), key=ref, external_reference=ExternalReference("my-erp", "invoice", ref)))[0]
        for ref in ("ERP-2026-1", "ERP-2026-10")
    )
    desk.doubt(short, longer)
    number = desk.create(short)
    assert desk.verdicts() == [(Verdict.FOUND, number), (Verdict.ABSENT, None)]


@pytest.mark.parametrize("shown", ["ERP-2026-1", "erp-2026-10"])
def test_a_reference_of_others_in_another_form_proves_nothing(desk: Desk, shown: str) -> None:
    """It may be ours, cut or in another case, or that of another invoice with the same content."""
    ours, other = (
        plan(invoice(fee(), key=ref, external_reference=ExternalReference("my-erp", "invoice", ref)))[0]
        for ref in ("ERP-2026-10", shown)
    )
    desk.doubt(ours)
    number = desk.create(other)
    [settled] = desk.settle()
    assert settled.verdict is Verdict.UNCLEAR
    assert number in settled.reason


def test_a_look_up_by_reference_knows_one_in_another_case(connect: Callable[..., KantataApi]) -> None:
    """So a lost ledger protects also where Kantata writes references in capitals."""
    sent = ("invoice-importer", "invoice", "inv-abc")
    stored = {"service_name": "invoice-importer", "service_model": "invoice", "service_model_ref": "INV-ABC"}
    answer = {
        "count": 1,
        "results": [{"key": "invoices", "id": "5"}],
        "invoices": {"5": {"id": "5", "status": "new", "external_reference_ids": ["1"]}},
        "external_references": {"1": stored},
    }
    with Scripted([scripted.http(200, json.dumps(answer))]) as server:
        [found] = connect(server.base_url).find_by_references([sent])
    assert (found.invoice_id, found.triples) == ("5", (sent,))
