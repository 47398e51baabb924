"""Several threads at once: order, connections, and what one thread's bad news means for the others."""

from __future__ import annotations

import itertools
import json
import random
import signal
import threading
import time
from typing import TYPE_CHECKING

import pytest
from plans import fees, replan, sender
from scripted import Scripted, created, http
from test_exactly_once import kantata, live_of, posted, sending

from importer.model.exit_codes import ExitCode
from importer.sandbox.faults import Fault, FaultKind
from importer.sending.throttle import Stop

if TYPE_CHECKING:
    from collections.abc import Callable

    from programs import Cli
    from scripted import Request

    from importer.kantata.client import KantataApi
    from importer.ledger.ledger import SubmissionLedger
    from importer.sandbox.running import Sandbox
    from importer.sending.sender import Sent

__all__ = ["kantata"]
DONE = {"created", "already_created"}


def statuses(sent: Sent) -> list[str]:
    """Return what became of each invoice."""
    return [one.status.value for one in sent.planned]


def wait_for(condition: Callable[[], bool], seconds: float = 120) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.002)


def test_results_keep_the_order_of_the_sheet(connect: Callable[..., KantataApi], ledger: SubmissionLedger) -> None:
    """The first invoice is answered after another one; results and progress come in the sheet's order all the same."""
    planned, told, number, lock = fees(24), [], itertools.count(1), threading.Lock()
    first, another_is_answered = str(planned[0].reference).encode(), threading.Event()
    given: dict[str, str] = {}

    def answer(request: Request) -> bytes:
        if first in request.body:
            assert another_is_answered.wait(60)
        with lock:
            invoice_id = next(number)
            given[json.loads(request.body)["invoice"]["external_reference"]["service_model_ref"]] = str(invoice_id)
        another_is_answered.set()
        return created(invoice_id)

    with Scripted([answer]) as server:
        sent = sender(connect(server.base_url), ledger, workers=8, progress=told.append).send_all(planned)
    assert [one.reference for one in sent.planned] == [one.reference for one in planned]
    assert tuple(told) == sent.planned
    assert statuses(sent) == ["created"] * 24
    assert [one.invoice_id for one in sent.planned] == [given[one.reference or ""] for one in planned]
    assert sent.planned[0].invoice_id != "1"  # another one was there before it


def test_as_many_are_under_way_as_there_are_workers(
    connect: Callable[..., KantataApi], ledger: SubmissionLedger
) -> None:
    """Five workers against a server that answers only once five requests are with it."""
    meeting, number, lock = threading.Barrier(5), iter(range(1, 99)), threading.Lock()

    def answer(_request: Request) -> bytes:
        meeting.wait(10)
        with lock:
            return created(next(number))

    with Scripted([answer]) as server:
        sent = sender(connect(server.base_url), ledger, workers=5).send_all(fees(10))
    assert statuses(sent) == ["created"] * 10


def test_each_thread_has_a_connection_of_its_own(
    connect: Callable[..., KantataApi], ledger: SubmissionLedger, sandbox: Sandbox
) -> None:
    """Sessions of requests are not shared between threads, and none is made twice for a thread."""
    sandbox.misbehave(Fault(FaultKind.SLOW_BEFORE, times=99, seconds=0.02))
    made: list[KantataApi] = []
    used: dict[int, set[str]] = {}

    def make() -> KantataApi:
        api = connect(sandbox.base_url)
        create = api.create_invoice
        used[id(api)] = set()

        def noted(payload: object, deadline: object) -> object:
            used[id(api)].add(threading.current_thread().name)
            return create(payload, deadline)  # type: ignore[arg-type]

        api.create_invoice = noted  # type: ignore[assignment,method-assign]
        made.append(api)
        return api

    one = sender(connect(sandbox.base_url), ledger, workers=4)
    one.connect = make
    assert statuses(one.send_all(fees(20))) == ["created"] * 20
    assert len(made) == 4
    assert sorted(len(names) for names in used.values()) == [1] * 4
    assert len(set.union(*used.values())) == 4


def test_a_refused_token_stops_the_rest(
    connect: Callable[..., KantataApi], ledger: SubmissionLedger, sandbox: Sandbox
) -> None:
    """401 while three others are under way: those have their answers, nobody sends another one."""
    sandbox.misbehave(
        Fault(FaultKind.STATUS_BEFORE, status=401), Fault(FaultKind.SLOW_BEFORE, after=1, times=99, seconds=0.8)
    )
    planned = fees(20)
    sent = sender(connect(sandbox.base_url), ledger, workers=4, retry_seconds=60).send_all(planned)
    assert len(sandbox.received("POST")) <= 5
    assert statuses(sent).count("created") == len(sandbox.invoices()) == len(sandbox.received("POST")) - 1
    assert statuses(sent).count("not_sent") == 20 - len(sandbox.invoices())
    assert sent.access_refused
    assert {one.reason for one in sent.planned[10:]} == {"Not sent: Kantata refused the token."}


def test_a_run_that_ends_for_a_reason_waits_no_longer(
    connect: Callable[..., KantataApi], ledger: SubmissionLedger
) -> None:
    """One is throttled for ten minutes, another one's token is refused: all end at once, and say why."""
    answers = [http(429, Retry_After="600"), http(401, "")]
    ready = threading.Barrier(2)

    def answer(_request: Request) -> bytes:
        ready.wait(60)
        with lock:
            if len(answers) == 1:
                time.sleep(0.2)  # the other one waits by now
            return answers.pop(0)

    lock = threading.Lock()
    with Scripted([answer]) as server:
        begun = time.monotonic()
        sent = sender(connect(server.base_url), ledger, workers=2, retry_seconds=3000).send_all(fees(6))
    assert time.monotonic() - begun < 300
    assert statuses(sent) == ["not_sent"] * 6
    assert {one.reason for one in sent.planned[2:]} == {"Not sent: Kantata refused the token."}
    assert sent.stopped_by is None


def test_throttling_of_one_makes_all_wait(
    connect: Callable[..., KantataApi], ledger: SubmissionLedger, sandbox: Sandbox
) -> None:
    """A 429 among the first four: nobody begins for 1.2 s, then everything is created with one more POST."""
    sandbox.misbehave(
        Fault(FaultKind.STATUS_BEFORE, status=429, retry_after=2),
        Fault(FaultKind.SLOW_BEFORE, after=1, times=3, seconds=0.8),
    )
    sent = sender(connect(sandbox.base_url), ledger, workers=4, retry_seconds=5).send_all(fees(12))
    assert statuses(sent) == ["created"] * 12
    arrived = sorted(post.arrived_at for post in sandbox.received("POST"))
    assert len(arrived) == 13
    assert max(later - earlier for earlier, later in itertools.pairwise(arrived)) >= 1.8
    assert sum(one - arrived[0] < 1.8 for one in arrived) <= 4


def test_all_refused_together_spend_one_wait(
    connect: Callable[..., KantataApi], ledger: SubmissionLedger, sandbox: Sandbox
) -> None:
    """Eight threads are throttled at once; a budget for one wait is enough for all of them."""
    sandbox.misbehave(Fault(FaultKind.STATUS_BEFORE, status=429, times=8, seconds=0.8))
    sent = sender(connect(sandbox.base_url), ledger, workers=8, retry_seconds=1.6).send_all(fees(8))
    assert (statuses(sent), len(sandbox.received("POST"))) == (["created"] * 8, 16)


def test_three_unknown_outcomes_in_a_row_stop_the_run(
    connect: Callable[..., KantataApi], ledger: SubmissionLedger, sandbox: Sandbox
) -> None:
    """With four workers at most three more are under way by then; all of them are in doubt, the rest is not sent."""
    sandbox.misbehave(Fault(FaultKind.DROP_AFTER, times=99, seconds=0.05))
    planned = fees(20)
    sent = sender(connect(sandbox.base_url), ledger, workers=4, retry_seconds=60).send_all(planned)
    posts = len(sandbox.received("POST"))
    assert 3 <= posts <= 6
    assert statuses(sent).count("in_doubt") == posts
    assert statuses(sent).count("not_sent") == 20 - posts
    assert "in a row" in (sent.planned[-1].reason or "")
    assert set(posted(sandbox).values()) == {1}


def test_a_stop_settles_all_that_are_under_way(
    connect: Callable[..., KantataApi], ledger: SubmissionLedger, sandbox: Sandbox
) -> None:
    """Four under way: four created, eight not sent; the next run sends just those."""
    sandbox.misbehave(Fault(FaultKind.SLOW_AFTER, times=4, seconds=0.8))
    planned, stop = fees(12), Stop()
    threading.Thread(
        target=lambda: (wait_for(lambda: len(sandbox.received("POST")) == 4), stop(ExitCode.TERMINATED))
    ).start()
    sent = sender(connect(sandbox.base_url), ledger, workers=4, stop=stop).send_all(planned)
    assert statuses(sent) == ["created"] * 4 + ["not_sent"] * 8
    assert sent.stopped_by is ExitCode.TERMINATED
    again = sender(connect(sandbox.base_url), ledger, run="run-2", workers=4).send_all(replan(planned, ledger))
    assert statuses(again) == ["already_created"] * 4 + ["created"] * 8
    assert len(sandbox.received("POST")) == 12


def test_a_failure_of_the_program_before_the_claim_leaves_nothing_in_doubt(
    connect: Callable[..., KantataApi], ledger: SubmissionLedger, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was never claimed was never sent; what fails after the claim may have been."""
    planned, claim = fees(2), ledger.claim
    monkeypatch.setattr(ledger, "claim", lambda *_: 1 / 0)
    sent = sender(connect(sandbox.base_url), ledger).send_all(planned)
    assert statuses(sent) == ["not_sent", "not_sent"]
    assert "ZeroDivisionError" in (sent.planned[0].reason or "")
    monkeypatch.setattr(ledger, "claim", claim)
    broken = sender(connect(sandbox.base_url), ledger)
    broken.connect = lambda: 1 / 0  # type: ignore[assignment,return-value]
    assert statuses(broken.send_all(planned)) == ["in_doubt", "not_sent"]
    assert sandbox.received("POST") == []


# --- the program as a process ---


def test_a_signal_with_several_under_way(cli: Cli, sandbox: Sandbox) -> None:
    """SIGTERM: those under way are settled, the rest is not sent, exit 143; a second run completes it."""
    cli = cli.at(sandbox)
    sandbox.misbehave(Fault(FaultKind.SLOW_AFTER, times=99, seconds=0.8))
    running = cli.start("submit", cli.fees(12), "--yes", "--json", "--workers", "4")
    wait_for(lambda: len(sandbox.received("POST")) == 4)
    running.signal(signal.SIGTERM)
    done = running.wait()
    assert (done.exit_code, done.statuses) == (143, ["created"] * 4 + ["not_sent"] * 8)
    assert len(sandbox.invoices()) == len(sandbox.received("POST")) == 4
    sandbox.misbehave()
    again = cli.run("submit", cli.folder / "october.csv", "--yes", "--json", "--workers", "4")
    assert (again.exit_code, again.statuses) == (0, ["already_created"] * 4 + ["created"] * 8)


def test_a_second_signal_leaves_a_sound_ledger(cli: Cli, sandbox: Sandbox) -> None:
    """The program ends at once; those under way stand as in doubt, and nothing is sent twice."""
    cli = cli.at(sandbox)
    sandbox.misbehave(Fault(FaultKind.SLOW_AFTER, times=99, seconds=300))
    running = cli.start("submit", cli.fees(6), "--yes", "--json", "--workers", "3")
    wait_for(lambda: len(sandbox.received("POST")) == 3)
    running.signal(signal.SIGINT)
    wait_for(lambda: "second signal" in running.talk())
    running.signal(signal.SIGINT)
    begun = time.monotonic()
    assert running.wait().exit_code == -signal.SIGINT
    assert time.monotonic() - begun < 150  # half of what an answer takes
    assert len(sending(cli)) == 3
    sandbox.misbehave()
    again = cli.run("submit", cli.folder / "october.csv", "--yes", "--json", IMPORTER_SETTLE_SECONDS="0")
    assert (again.exit_code, again.statuses) == (0, ["already_created"] * 3 + ["created"] * 3)
    assert set(posted(sandbox).values()) == {1}


INVOICES = 16


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
def test_killed_with_four_workers_at_any_moment(cli: Cli, kantata: Sandbox, seed: int) -> None:
    """Run again until nothing is left: never two live invoices of a reference, each is created or named in doubt."""
    chance = random.Random(100 + seed)
    kind = chance.choice([FaultKind.SLOW_BEFORE, FaultKind.SLOW_AFTER])
    # The answer to the last invoice is held back, so that no run is done before it is killed.
    held = Fault(FaultKind.SLOW_AFTER, times=99, seconds=20)
    kantata.misbehave(Fault(kind, times=INVOICES - 1, seconds=0.05), held)
    cli = cli.at(kantata)
    command = ["submit", cli.fees(INVOICES), "--yes", "--json", "--workers", "4"]
    running = cli.start(*command)
    at = chance.randint(1, INVOICES - 2)
    wait_for(lambda: len(kantata.received("POST")) >= at)
    time.sleep(chance.random() * 0.06)
    assert running.kill().exit_code == -9
    under_way = sending(cli)
    assert len(under_way) <= 4
    kantata.misbehave()
    again = cli.run(*command)
    of = {one["reference"]: one["status"] for one in again.document["invoices"]}
    assert {reference for reference, status in of.items() if status == "in_doubt"} == under_way
    assert all(status in DONE for reference, status in of.items() if reference not in under_way)
    assert again.exit_code == (8 if under_way else 0)
    assert set(posted(kantata).values()) == {1}
    time.sleep(1)  # the last run waits for nothing, so the server must be done with what the killed one sent
    last = cli.run("submit", cli.folder / "october.csv", "--yes", "--json", IMPORTER_SETTLE_SECONDS="0")
    assert (last.exit_code, set(last.statuses) <= DONE) == (0, True)
    assert live_of(kantata) == dict.fromkeys(of, 1)
