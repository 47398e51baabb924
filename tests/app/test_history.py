"""What was sent before: runs with their files, taking them back with a question, and what is in doubt."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
import requests
from desktops import Desktop, Person, desktop_at, fees, sheet_of

from importer.app.settling import Doubts, Phase, Settling
from importer.kantata.deadline import Deadline
from importer.sandbox.faults import Fault, FaultKind

if TYPE_CHECKING:
    from pathlib import Path

    from importer.sandbox.running import Sandbox


@pytest.fixture
def billed(desktop: Desktop, person: Person) -> str:
    """Bill two invoices; return the path of their run."""
    path = person.choose(sheet_of(*fees(2)))
    person.approve(path)
    person.send(path, "203")
    person.settled(path)
    ledger = desktop.ledger()
    [run] = ledger.runs()
    ledger.close()
    return f"/run/{run.run_id}"


def test_runs_are_listed_with_their_files(person: Person, billed: str) -> None:
    """Also after the program was started again, when the desk is empty."""
    person.get("/history")
    assert "october.csv" in person.text
    assert "2 created" in person.text
    assert "EUR 203.00" in person.text
    person.get(billed)
    name = f"{billed.removeprefix('/run/')}-results.xlsx"
    assert name in person.seen.text
    assert "Results workbook" in person.text
    assert person.get(f"{billed}/get/{name}").content.startswith(b"PK")
    assert person.get(f"{billed}/get/ledger.sqlite").status_code == 404
    assert person.get("/run/20200101-000000-aaaa").status_code == 404


def test_an_undo_asks_first(desktop: Desktop, person: Person, billed: str) -> None:
    """Nothing is taken back before the person has seen what would be; the question is of exactly that."""
    person.post(f"{billed}/undo", {"shown": "x"})
    person.post(f"{billed}/look")
    person.settled(billed)
    assert "2 drafts will be deleted" in person.text
    assert "Nothing was undone" not in person.text
    assert len(desktop.sandbox.invoices()) == 2
    person.post(f"{billed}/undo", {"shown": person.field("shown")})
    person.settled(billed)
    assert person.text.count("The draft was deleted.") == 2
    assert desktop.sandbox.invoices() == []


def test_an_undo_of_what_changed_meanwhile_asks_again(desktop: Desktop, person: Person, billed: str) -> None:
    """Here somebody deleted one of the invoices in Kantata while the person was thinking."""
    person.post(f"{billed}/look")
    person.settled(billed)
    first = desktop.sandbox.invoices()[0].id
    with_api = desktop.connect()
    with_api.delete_invoice(str(first), Deadline())
    person.post(f"{billed}/undo", {"shown": person.field("shown")})
    person.settled(billed)
    assert "something changed in Kantata" in person.text
    assert len(desktop.sandbox.invoices()) == 1


def test_what_is_in_doubt_is_named_and_asked_about(tmp_path: Path, sandbox: Sandbox) -> None:
    """It is not sent again before Kantata has said whether it exists, which it cannot at once; asking sends nothing."""
    sandbox.misbehave(Fault(FaultKind.DROP_BEFORE))
    with desktop_at(tmp_path, sandbox, pace_per_second=1000, settle_seconds=600) as desktop:
        person = Person(desktop)
        path = person.choose(sheet_of(*fees(1)))
        person.approve(path)
        person.send(path, "101")
        person.settled(path)
        assert "in doubt" in person.text
        person.get("/")
        assert "1 invoice is in doubt: sent, but without an answer." in person.text

        person.post("/doubts")
        person.settled("/doubts")
        assert "Ask again after" in person.text
        person.post(f"{path}/again")
        person.settled(path)
        assert "Nothing is to be sent" in person.text
        assert desktop.sent() == 1


def test_a_person_says_what_no_answer_settles(tmp_path: Path, sandbox: Sandbox) -> None:
    """By the rules of reconcile --billed and --not-billed: a typed yes, an id that can be it, and never before."""
    sandbox.misbehave(Fault(FaultKind.DROP_BEFORE))
    with desktop_at(tmp_path, sandbox, pace_per_second=1000) as desktop:
        person = Person(desktop)
        path = person.choose(sheet_of(*fees(1)))
        person.approve(path)
        person.send(path, "101")
        person.settled(path)
        [sent] = [json.loads(request.body)["invoice"] for request in desktop.sandbox.received("POST")]
        twin = {name: value for name, value in sent.items() if name != "external_reference"}
        for _ in range(2):  # no answer tells which of them it is
            head = {"Authorization": f"Bearer {sandbox.token}"}
            requests.post(f"{sandbox.base_url}/invoices", json={"invoice": twin}, headers=head, timeout=5)

        person.post("/doubts")
        person.settled("/doubts")
        say = {"reference": person.field("reference"), "what": "billed", "sure": "yes"}
        for wrong, answer in (
            (say | {"sure": "y", "id": "1"}, "yes was not typed"),
            (say | {"id": "no"}, "does not say which invoice it is"),
            (say | {"id": "999"}, "Kantata does not show it"),
            (say | {"reference": "other", "id": "1"}, "No invoice in doubt has the reference other"),
        ):
            person.post("/doubts/word", wrong)
            person.settled("/doubts")
            assert answer in person.text
            assert "1 invoice was sent, and the answer was lost" in person.text

        person.post("/doubts/word", say | {"id": str(desktop.sandbox.invoices()[0].id)})
        person.settled("/doubts")
        assert "Nothing is in doubt." in person.text
        with closing(desktop.ledger()) as ledger:
            assert ledger.open_questions() == []


def test_a_word_while_kantata_is_asked_is_not_lost_silently(desktop: Desktop) -> None:
    """Two tabs: one asks, and the other says what became of an invoice. The page says that it was not recorded."""
    settling = Settling(desktop.serving.desk)
    settling.doubts = Doubts(Phase.LOOKING)
    settling.settle({"inv-a": None})
    assert settling.doubts.phase is Phase.LOOKING
    assert settling.doubts.trouble is not None
    assert "was not recorded" in settling.doubts.trouble.message


def test_a_ledger_that_cannot_be_read_is_said_with_what_to_do(desktop: Desktop, person: Person) -> None:
    """No bare sentence: what it is, and the way on; the program goes on."""
    ledger = desktop.folder / "ledger.sqlite"
    sound = ledger.read_bytes()
    ledger.write_text("Dear Anna, " * 100)
    for page in ("/", "/history", "/doubts"):
        assert person.get(page).status_code == 500
        assert "is not a database" in person.text
        assert "Set IMPORTER_LEDGER" in person.text
    ledger.write_bytes(sound)
    assert person.get("/history").status_code == 200
