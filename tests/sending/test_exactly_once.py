"""Killed at any moment and run again: no invoice exists twice, none is forgotten."""

from __future__ import annotations

import random
import sqlite3
import time
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from importer import sandbox as stand_in
from importer.sandbox.faults import Fault, FaultKind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from programs import Cli, Finished

    from importer.sandbox.running import Sandbox

INVOICES = 6
SETTLED = {"created", "already_created"}

DIE = """
import os, signal
from importer.{module} import {name}
done, count = {name}.{method}, 0
def act(*args, **kwargs):
    global count
    count += 1
    if count == {nth} and {first}:
        os.kill(os.getpid(), signal.SIGKILL)
    result = done(*args, **kwargs)
    if count == {nth}:
        os.kill(os.getpid(), signal.SIGKILL)
    return result
{name}.{method} = act
"""
STEPS = {
    "before the intent": ("ledger.ledger", "SubmissionLedger", "claim", True),
    "between intent and POST": ("kantata.client", "KantataApi", "create_invoice", True),
    "between answer and commit": ("kantata.client", "KantataApi", "create_invoice", False),
    "after the commit": ("ledger.ledger", "SubmissionLedger", "note_outcome", False),
    "before the run's end is noted": ("ledger.ledger", "SubmissionLedger", "end_run", True),
}


@pytest.fixture
def kantata(tmp_path: Path) -> Iterator[Sandbox]:
    """Return a stand-in that keeps its invoices in a file, whatever happens to the program."""
    with stand_in.start(tmp_path / "kantata.sqlite") as running:
        yield running


def live_of(kantata: Sandbox) -> Counter[str]:
    """Count the live invoices of each reference."""
    return Counter(ref[2] for one in kantata.invoices() if one.status != "cancelled" for ref in one.external_references)


def posted(kantata: Sandbox) -> Counter[str]:
    """Count the POSTs of each reference, answered or not."""
    whole = [post for post in kantata.received("POST") if post.body]  # a kill may cut a request off before its body
    return Counter(post.json["invoice"]["external_reference"]["service_model_ref"] for post in whole)


def sending(cli: Cli) -> set[str]:
    """Return the references that the ledger left under way."""
    connection = sqlite3.connect(cli.ledger)
    try:
        rows = connection.execute("SELECT reference FROM invoices WHERE state = 'sending'")
        return {reference for (reference,) in rows}
    except sqlite3.OperationalError:  # killed before it had tables
        return set()
    finally:
        connection.close()


def submit(cli: Cli) -> Finished:
    """Submit the sheet."""
    return cli.run("submit", cli.folder / "october.csv", "--yes", "--json")


def check_after_the_kill(cli: Cli, kantata: Sandbox) -> None:
    """Run again, and again with a lost ledger: every invoice once, or in doubt and named."""
    under_way = sending(cli)
    assert len(under_way) <= 1
    kantata.misbehave()
    again = submit(cli)
    of = {one["reference"]: one["status"] for one in again.document["invoices"]}
    assert {reference for reference, status in of.items() if status == "in_doubt"} == under_way
    assert all(status in SETTLED for reference, status in of.items() if reference not in under_way)
    assert again.exit_code == (8 if under_way else 0)
    assert max(posted(kantata).values()) == 1
    live = live_of(kantata)
    assert max(live.values()) == 1
    assert set(of) - under_way <= set(live)

    for file in cli.ledger.parent.iterdir():
        file.unlink()
    last = submit(cli)
    assert (last.exit_code, {one["status"] for one in last.document["invoices"]} <= SETTLED) == (0, True)
    assert live_of(kantata) == dict.fromkeys(of, 1)


@pytest.mark.parametrize(
    ("step", "nth"),
    [
        ("before the intent", 3),
        ("between intent and POST", 1),
        ("between intent and POST", INVOICES),
        ("between answer and commit", 1),
        ("between answer and commit", 4),
        ("after the commit", 2),
        ("before the run's end is noted", 1),
    ],
)
def test_killed_at_a_step(cli: Cli, kantata: Sandbox, step: str, nth: int) -> None:
    """Exactly there, at the nth invoice."""
    module, name, method, first = STEPS[step]
    cli = cli.at(kantata)
    sheet = cli.fees(INVOICES)
    before = DIE.format(module=module, name=name, method=method, nth=nth, first=first)
    assert cli.start("submit", sheet, "--yes", "--json", before=before).wait().exit_code == -9
    assert len(sending(cli)) == step.startswith("between")
    unsent = step in {"before the intent", "between intent and POST"}
    assert len(kantata.received("POST")) == (INVOICES if method == "end_run" else nth - unsent)
    check_after_the_kill(cli, kantata)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_killed_at_any_moment(cli: Cli, kantata: Sandbox, seed: int) -> None:
    """From outside, at a moment that chance chooses, against a server that is slow before or after its commit."""
    chance = random.Random(seed)
    kind = chance.choice([FaultKind.SLOW_BEFORE, FaultKind.SLOW_AFTER])
    kantata.misbehave(Fault(kind, times=99, seconds=0.05))
    cli = cli.at(kantata)
    running = cli.start("submit", cli.fees(INVOICES), "--yes", "--json")
    at = chance.randint(1, INVOICES)
    end = time.monotonic() + 120
    while len(kantata.received("POST")) < at and time.monotonic() < end:
        time.sleep(0.001)
    time.sleep(chance.random() * 0.07)
    assert running.kill().exit_code in (-9, 0)
    time.sleep(0.06 if kind is FaultKind.SLOW_BEFORE and seed % 2 else 0)  # else the server is still at it
    check_after_the_kill(cli, kantata)


def test_two_runs_at_once_bill_once(cli: Cli, sandbox: Sandbox) -> None:
    """Three people press the button together."""
    cli = cli.at(sandbox)
    sheet = cli.fees(INVOICES)
    runs = [cli.start("submit", sheet, "--yes", "--json") for _ in range(3)]
    ended = [run.wait() for run in runs]
    assert set(posted(sandbox).values()) == {1}
    assert len(sandbox.invoices()) == INVOICES
    assert all("Traceback" not in one.stderr for one in ended)
    assert submit(cli).statuses == ["already_created"] * INVOICES


def test_a_lost_ledger_is_made_up_for_by_kantata(cli: Cli, sandbox: Sandbox) -> None:
    """References found at Kantata are adopted, so that even an offline run knows them afterwards."""
    cli = cli.at(sandbox)
    cli.fees(3)
    ids = [one["invoice_id"] for one in submit(cli).document["invoices"]]
    for file in cli.ledger.parent.iterdir():
        file.unlink()
    again = submit(cli)
    assert (again.exit_code, again.statuses) == (0, ["already_created"] * 3)
    assert [one["invoice_id"] for one in again.document["invoices"]] == ids
    offline = cli.run("submit", cli.folder / "october.csv", "--yes", "--json", "--offline")
    assert offline.statuses == ["already_created"] * 3
    assert len(sandbox.received("POST")) == 3


def test_a_cancelled_invoice_is_no_proof_that_it_exists(cli: Cli, sandbox: Sandbox) -> None:
    """With a lost ledger, what was deleted or cancelled at Kantata may be billed anew."""
    import requests

    cli = cli.at(sandbox)
    cli.sheet({"amount": 5, "draft": "no", "invoice_key": "a"}, {"amount": 6, "draft": "no", "invoice_key": "b"})
    [first, _] = submit(cli).document["invoices"]
    headers = {"Authorization": f"Bearer {sandbox.token}"}
    address = f"{sandbox.base_url}/invoices/{first['invoice_id']}/cancel"
    assert requests.put(address, headers=headers, timeout=60).status_code == 200
    for file in cli.ledger.parent.iterdir():
        file.unlink()
    assert submit(cli).statuses == ["created", "already_created"]
    assert set(live_of(sandbox).values()) == {1}


def test_several_invoices_with_one_reference_are_held(cli: Cli, sandbox: Sandbox) -> None:
    """Kantata promises no uniqueness; a person looks at them."""
    import requests

    cli = cli.at(sandbox)
    cli.fees(1)
    [one] = submit(cli).document["invoices"]
    headers = {"Authorization": f"Bearer {sandbox.token}"}
    requests.post(f"{sandbox.base_url}/invoices", json=one["payload"], headers=headers, timeout=60)
    for file in cli.ledger.parent.iterdir():
        file.unlink()
    done = submit(cli)
    assert (done.exit_code, done.statuses, len(sandbox.received("POST"))) == (4, ["held"], 2)


def test_the_rules_for_repeats_hold_end_to_end(cli: Cli, sandbox: Sandbox) -> None:
    """Edited: held. An entry of another invoice: held. Another batch: held, but --allow-repeats sends those only."""
    cli = cli.at(sandbox)
    entry = {"item_type": "time_entry", "item_id": 5101001, "invoice_key": "t"}
    cli.sheet({"amount": 5, "invoice_key": "a"}, entry)
    assert submit(cli).statuses == ["created"] * 2
    cli.sheet({"amount": 6, "invoice_key": "a"}, {**entry, "invoice_key": "u"})
    edited = submit(cli)
    assert (edited.exit_code, edited.statuses) == (4, ["held"] * 2)
    assert "5101001" in edited.document["invoices"][1]["error"]
    cli.sheet({"amount": 5, "invoice_key": "a"}, entry, {"amount": 6, "invoice_key": "a2"})
    again = ["submit", cli.folder / "october.csv", "--yes", "--json", "--batch", "another"]
    assert cli.run(*again).statuses == ["held", "held", "created"]
    repeated = cli.run(*again, "--allow-repeats")
    assert repeated.statuses == ["created", "held", "already_created"]
    assert len(sandbox.received("POST")) == 4


def test_a_ledger_deleted_in_mid_run_bills_nobody_twice(cli: Cli, sandbox: Sandbox) -> None:
    """The run ends somehow; the next one finds at Kantata what the lost ledger knew."""
    cli = cli.at(sandbox)
    sandbox.misbehave(Fault(FaultKind.SLOW_AFTER, after=1, seconds=0.5))
    running = cli.start("submit", cli.fees(4), "--yes", "--json")
    while len(sandbox.received("POST")) < 2:
        time.sleep(0.005)
    for file in cli.ledger.parent.iterdir():
        file.unlink()
    running.wait()
    again = submit(cli)
    assert set(again.statuses) <= SETTLED
    assert set(posted(sandbox).values()) == {1}
    assert len(sandbox.invoices()) == 4


def test_a_ledger_locked_in_mid_run_tells_what_was_sent(cli: Cli, sandbox: Sandbox) -> None:
    """The results name the invoice that the ledger could not note; the next run does not send it again."""
    cli = cli.at(sandbox)
    sandbox.misbehave(Fault(FaultKind.SLOW_AFTER, after=1, seconds=1))
    patience = "import importer.ledger.opening as ledger; ledger.BUSY_SECONDS = 0.1"
    running = cli.start("submit", cli.fees(4), "--yes", "--json", before=patience)
    while len(sandbox.received("POST")) < 2:
        time.sleep(0.005)
    other = sqlite3.connect(cli.ledger, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    done = running.wait()
    other.execute("COMMIT")
    other.close()
    assert (done.exit_code, done.statuses) == (8, ["created", "in_doubt", "not_sent", "not_sent"]), done.stderr
    assert done.document["invoices"][1]["invoice_id"] == str(sandbox.invoices()[1].id)
    assert submit(cli).statuses == ["already_created", "in_doubt", "created", "created"]
    assert set(posted(sandbox).values()) == {1}


@pytest.mark.slow
def test_faults_and_restarts_in_any_mixture(cli: Cli, sandbox: Sandbox) -> None:
    """Twenty-five invoices, random faults, several runs: one POST each in all, and none forgotten."""
    chance = random.Random(2026)
    kinds = [kind for kind in FaultKind if not kind.value.startswith("slow")]
    cli = cli.at(sandbox)
    cli.fees(25)
    for _ in range(4):
        sandbox.misbehave(*(Fault(chance.choice(kinds), after=chance.randint(0, 20)) for _ in range(4)))
        submit(cli)
    sandbox.misbehave()
    done = submit(cli)
    assert set(done.statuses) <= {"already_created", "created", "in_doubt"}
    assert set(posted(sandbox).values()) == {1}
    assert set(live_of(sandbox).values()) == {1}
    assert len(live_of(sandbox)) >= 25 - done.statuses.count("in_doubt")
