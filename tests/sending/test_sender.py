"""The sender: what it sends again, what it never sends again, and when it stops. Real HTTP, a real ledger."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from plans import fee, fees, invoice, plan, replan, sender
from scripted import Scripted, created, http

from importer.kantata import deadline
from importer.kantata.payload import to_json
from importer.ledger import opening
from importer.ledger.journal import Details
from importer.ledger.opening import open_ledger
from importer.model.exit_codes import ExitCode
from importer.model.lifecycle import Event, State
from importer.model.plans import PlannedInvoice, Status
from importer.sandbox.faults import Fault, FaultKind
from importer.sending.throttle import Stop

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from importer.kantata.client import KantataApi
    from importer.ledger.ledger import SubmissionLedger
    from importer.ledger.rows import Claim
    from importer.sandbox.running import Sandbox
    from importer.sending.sender import Sent

UNKNOWN_FAULTS = [kind for kind in FaultKind if not kind.value.startswith("slow")]


def statuses(sent: Sent) -> list[str]:
    """Return what became of each invoice."""
    return [one.status.value for one in sent.planned]


def states(ledger: SubmissionLedger, planned: tuple[PlannedInvoice, ...]) -> list[str | None]:
    """Return what the ledger says of each invoice."""
    known = ledger.entries([one.reference or "" for one in planned])
    return [known[one.reference].standing.word if one.reference in known else None for one in planned]


@pytest.fixture
def api(connect: Callable[..., KantataApi], sandbox: Sandbox) -> KantataApi:
    """Return a client of the stand-in."""
    return connect(sandbox.base_url)


def test_every_invoice_is_sent_once_in_the_order_of_the_sheet(
    api: KantataApi,
    ledger: SubmissionLedger,
    sandbox: Sandbox,
) -> None:
    """One POST each, with exactly the planned bytes; the ids come back; the rest of the plan is left alone."""
    planned = fees(4)
    told: list[PlannedInvoice] = []
    sent = sender(api, ledger, progress=told.append).send_all(planned)
    assert [post.body for post in sandbox.received("POST")] == [to_json(one.payload).encode() for one in planned]
    assert [one.invoice_id for one in sent.planned] == [str(one.id) for one in sandbox.invoices()]
    assert statuses(sent) == ["created"] * 4 == states(ledger, planned)
    assert tuple(told) == sent.planned
    assert sent.stopped_by is None


@pytest.mark.parametrize("kind", UNKNOWN_FAULTS)
def test_an_unknown_outcome_is_never_sent_again(
    api: KantataApi,
    ledger: SubmissionLedger,
    sandbox: Sandbox,
    kind: FaultKind,
) -> None:
    """Not by this run, however long it may wait, and not by the next one."""
    sandbox.misbehave(Fault(kind))
    planned = fees(2)
    sent = sender(api, ledger, retry_seconds=60).send_all(planned)
    assert statuses(sent) == ["in_doubt", "created"]
    assert states(ledger, planned) == ["in_doubt", "created"]
    again = sender(api, ledger, run="run-2").send_all(replan(planned, ledger))
    assert statuses(again) == ["in_doubt", "already_created"]
    assert len(sandbox.received("POST")) == 2


@pytest.mark.parametrize("retry_after", [None, 1])
def test_throttling_is_waited_out(
    api: KantataApi,
    ledger: SubmissionLedger,
    sandbox: Sandbox,
    retry_after: int | None,
) -> None:
    """429, then success: sent again after at least a second, created once, two attempts on record."""
    sandbox.misbehave(Fault(FaultKind.STATUS_BEFORE, status=429, retry_after=retry_after))
    sent = sender(api, ledger, retry_seconds=5).send_all(fees(1))
    first, second = sandbox.received("POST")
    assert second.arrived_at - first.arrived_at >= 0.99
    assert (statuses(sent), len(sandbox.invoices()), sent.unreachable) == (["created"], 1, False)


def test_the_wait_that_the_server_asks_for_is_kept(
    connect: Callable[..., KantataApi],
    ledger: SubmissionLedger,
) -> None:
    """Retry-After longer than our own wait; one that reaches beyond the budget ends the run at once."""
    with Scripted([http(429, Retry_After="1.6"), created(), http(429, Retry_After="1000")]) as server:
        begun = time.monotonic()
        sent = sender(connect(server.base_url), ledger, retry_seconds=50).send_all(fees(3))
        assert 1.6 <= time.monotonic() - begun < 50
    assert statuses(sent) == ["created", "not_sent", "not_sent"]
    assert (len(server.posts), sent.unreachable) == (3, True)


def test_a_server_that_nobody_reaches_leaves_nothing_in_doubt(
    connect: Callable[..., KantataApi],
    ledger: SubmissionLedger,
) -> None:
    """Refused connections: tried again while the budget lasts, then the rest is not sent; all may be sent later."""
    planned = fees(3)
    begun = time.monotonic()
    sent = sender(connect("http://127.0.0.1:9"), ledger, retry_seconds=1.3).send_all(planned)
    assert 1 <= time.monotonic() - begun < 60
    assert (statuses(sent), sent.unreachable) == (["not_sent"] * 3, True)
    assert states(ledger, planned) == ["not_sent", None, None]
    assert {one.status for one in replan(planned, ledger)} == {Status.READY}


def test_a_refused_token_stops_the_run(api: KantataApi, ledger: SubmissionLedger, sandbox: Sandbox) -> None:
    """401 on the second of four: no third POST, no retry."""
    sandbox.misbehave(Fault(FaultKind.STATUS_BEFORE, status=401, after=1))
    planned = fees(4)
    sent = sender(api, ledger, retry_seconds=60).send_all(planned)
    assert statuses(sent) == ["created", "not_sent", "not_sent", "not_sent"]
    assert (len(sandbox.received("POST")), sent.access_refused) == (2, True)
    assert states(ledger, planned) == ["created", "not_sent", None, None]


def test_a_refused_project_does_not_stop_the_run(api: KantataApi, ledger: SubmissionLedger, sandbox: Sandbox) -> None:
    """403 concerns one project (111 hides its finances); the others are sent."""
    first, second, third = fees(3)
    hidden = plan(invoice(fee(111, row=9)))
    sent = sender(api, ledger).send_all((first, *hidden, second, third))
    assert statuses(sent) == ["created", "rejected", "created", "created"]
    assert (len(sandbox.received("POST")), sent.access_refused) == (4, True)


@pytest.mark.parametrize("status", [400, 404, 422])
def test_a_rejection_carries_kantatas_words_and_the_run_goes_on(
    api: KantataApi,
    ledger: SubmissionLedger,
    sandbox: Sandbox,
    status: int,
) -> None:
    """Rejected, one POST, free to be sent once it is mended."""
    said = '{"errors":[{"type":"validation","field":"workspace_id","message":"is closed"}]}'
    sandbox.misbehave(Fault(FaultKind.STATUS_BEFORE, status=status, body=said))
    planned = fees(2)
    sent = sender(api, ledger, retry_seconds=60).send_all(planned)
    assert statuses(sent) == ["rejected", "created"]
    assert "workspace_id: is closed" in (sent.planned[0].reason or "")
    assert len(sandbox.received("POST")) == 2
    again = sender(api, ledger, run="run-2").send_all(replan(planned, ledger))
    assert statuses(again) == ["created", "already_created"]
    assert len(sandbox.invoices()) == 2


def test_three_unknown_outcomes_in_a_row_stop_the_run(
    api: KantataApi,
    ledger: SubmissionLedger,
    sandbox: Sandbox,
) -> None:
    """Two, a success, then three: the rest is not sent."""
    lost, broken = Fault(FaultKind.DROP_AFTER, times=2), Fault(FaultKind.STATUS_BEFORE, status=502, after=3, times=9)
    sandbox.misbehave(lost, broken)
    sent = sender(api, ledger).send_all(fees(8))
    assert statuses(sent) == ["in_doubt"] * 2 + ["created"] + ["in_doubt"] * 3 + ["not_sent"] * 2
    assert len(sandbox.received("POST")) == 6
    assert "in a row" in (sent.planned[-1].reason or "")


def test_only_ready_invoices_are_sent(api: KantataApi, ledger: SubmissionLedger, sandbox: Sandbox) -> None:
    """A plan that holds, doubts or knows an invoice keeps it from the wire."""
    planned = fees(7)
    shown = tuple(replace(one, status=status) for one, status in zip(planned, Status, strict=True))
    sender(api, ledger).send_all(shown)
    assert [post.body for post in sandbox.received("POST")] == [to_json(planned[0].payload).encode()]


def test_two_senders_of_the_same_plan_send_each_invoice_once(
    connect: Callable[..., KantataApi],
    sandbox: Sandbox,
    tmp_path: Path,
) -> None:
    """Four at once, each with its own connection to the ledger: the database lets one of them have each invoice."""
    planned, sent = fees(6), []

    def run(number: int) -> None:
        ledger = open_ledger(tmp_path / "shared.sqlite", "a")
        sent.append(sender(connect(sandbox.base_url), ledger, run=f"run-{number}").send_all(planned))
        ledger.close()

    open_ledger(tmp_path / "shared.sqlite", "a").close()
    threads = [threading.Thread(target=run, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(sandbox.received("POST")) == 6
    assert sorted(status for one in sent for status in statuses(one)) == ["created"] * 6 + ["not_sent"] * 18


# --- stopping ---


def stop_later(stop: Stop, code: ExitCode, when: Callable[[], bool]) -> None:
    """Ask to stop, from another thread, once something is so."""

    def wait() -> None:
        while not when():
            time.sleep(0.005)
        stop(code)

    threading.Thread(target=wait, daemon=True).start()


def test_a_claim_that_took_too_long_is_not_sent(
    api: KantataApi, ledger: SubmissionLedger, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its age counts where the body leaves: the machine slept within the claim, so it claims again, and sends once."""
    asleep, claim = [0.0], ledger.claim

    def slow(*values: Any) -> Claim | None:
        claimed = claim(*values)
        asleep[0] += 61.0
        return claimed

    wall, steady = time.time, time.monotonic
    clocks = SimpleNamespace(time=lambda: wall() + asleep[0], monotonic=steady)
    monkeypatch.setattr(deadline, "time", clocks)
    monkeypatch.setattr(ledger, "claim", slow)
    late = sender(api, ledger).send_all(fees(1))
    assert (statuses(late), sandbox.received("POST")) == (["not_sent"], [])
    monkeypatch.setattr(ledger, "claim", claim)
    again = sender(api, ledger, run="run-2").send_all(fees(1))
    assert (statuses(again), len(sandbox.received("POST"))) == (["created"], 1)


def test_a_stop_settles_the_request_under_way(api: KantataApi, ledger: SubmissionLedger, sandbox: Sandbox) -> None:
    """Asked to stop in mid-request: that invoice has its answer, the rest is not sent, a second run sends the rest."""
    sandbox.misbehave(Fault(FaultKind.SLOW_AFTER, after=1, seconds=0.8))
    planned, stop = fees(4), Stop()
    stop_later(stop, ExitCode.TERMINATED, lambda: len(sandbox.received("POST")) == 2)
    sent = sender(api, ledger, stop=stop).send_all(planned)
    assert statuses(sent) == ["created", "created", "not_sent", "not_sent"]
    assert sent.stopped_by is ExitCode.TERMINATED
    again = sender(api, ledger, run="run-2").send_all(replan(planned, ledger))
    assert statuses(again) == ["already_created"] * 2 + ["created"] * 2
    assert len(sandbox.received("POST")) == 4


def test_a_stop_ends_a_wait(connect: Callable[..., KantataApi], ledger: SubmissionLedger) -> None:
    """Waiting for a throttled server does not keep anybody waiting."""
    stop = Stop()
    with Scripted([http(429, Retry_After="600")]) as server:
        stop_later(stop, ExitCode.INTERRUPTED, lambda: len(server.posts) == 1)
        begun = time.monotonic()
        sent = sender(connect(server.base_url), ledger, stop=stop, retry_seconds=6000).send_all(fees(2))
    assert time.monotonic() - begun < 300
    assert (statuses(sent), sent.stopped_by, len(server.posts)) == (["not_sent"] * 2, ExitCode.INTERRUPTED, 1)


def test_a_stop_after_the_last_invoice_is_no_stop(api: KantataApi, ledger: SubmissionLedger, sandbox: Sandbox) -> None:
    """Everything was sent, so the run ended as it should."""
    stop = Stop()
    sent = sender(api, ledger, stop=stop, progress=lambda _one: stop(ExitCode.INTERRUPTED)).send_all(fees(1))
    assert (statuses(sent), sent.stopped_by, len(sandbox.invoices())) == (["created"], None, 1)


# --- a ledger that fails in mid-run ---


@pytest.fixture
def impatient(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], SubmissionLedger]:
    """Return a maker of ledgers that wait 0.1 s for a lock."""
    monkeypatch.setattr(opening, "BUSY_SECONDS", 0.1)
    return lambda: open_ledger(tmp_path / "ledger.sqlite", "a")


@pytest.fixture
def other(tmp_path: Path) -> Any:
    """Return a second connection to the ledger, which can lock it."""
    import sqlite3

    connection = sqlite3.connect(tmp_path / "ledger.sqlite", isolation_level=None, check_same_thread=False)
    yield connection
    connection.close()


def lock_and_say(other: Any, answer: bytes) -> Callable[[object], bytes]:
    """Take the ledger's lock while the request is under way."""

    def said(_request: object) -> bytes:
        other.execute("BEGIN IMMEDIATE")
        return answer

    return said


OUTCOMES = {
    "created": created(),
    "lost": b"",
    "rejected": http(422, ""),
    "throttled": http(429, ""),
    "token": http(401, ""),
}


def test_throttling_that_cannot_be_noted_is_not_waited_out(
    connect: Callable[..., KantataApi],
    impatient: Callable[[], SubmissionLedger],
    other: Any,
) -> None:
    """Also when the ledger can be written again a moment later: what it says of that invoice is ``sending``."""
    planned, ledger = fees(2), impatient()
    with Scripted([lock_and_say(other, http(429, "")), created()]) as server:
        unlocking = threading.Timer(0.7, other.execute, args=("COMMIT",))
        unlocking.start()
        sent = sender(connect(server.base_url), ledger, retry_seconds=20).send_all(planned)
        unlocking.join()
    assert (statuses(sent), len(server.posts)) == (["in_doubt", "not_sent"], 1)
    assert all("ledger" in (one.reason or "").lower() for one in sent.planned[1:])
    ledger.close()


@pytest.mark.parametrize("name", OUTCOMES)
def test_an_outcome_that_cannot_be_noted_stops_the_run(
    connect: Callable[..., KantataApi],
    impatient: Callable[[], SubmissionLedger],
    other: Any,
    name: str,
) -> None:
    """The ledger still says ``sending``: nothing more is sent, and the next run does not send that invoice again."""
    planned, ledger = fees(3), impatient()
    with Scripted([lock_and_say(other, OUTCOMES[name])]) as server:
        sent = sender(connect(server.base_url), ledger, retry_seconds=20).send_all(planned)
        assert statuses(sent) == ["in_doubt", "not_sent", "not_sent"]
        assert len(server.posts) == 1
        if name == "created":
            assert sent.planned[0].invoice_id == "9001"
        other.execute("COMMIT")
        assert states(ledger, planned) == ["in_doubt", None, None]
        [left] = ledger.open_questions()
        assert left.standing.state is State.SENDING
        server.answers[:] = [created(2), created(3)]
        again = sender(connect(server.base_url), ledger, run="run-2").send_all(replan(planned, ledger))
        assert statuses(again) == ["in_doubt", "created", "created"]
    assert len(server.posts) == 3
    ledger.close()


def test_an_intent_that_cannot_be_noted_is_not_sent(
    connect: Callable[..., KantataApi],
    sandbox: Sandbox,
    impatient: Callable[[], SubmissionLedger],
    other: Any,
) -> None:
    """A ledger locked, or read-only, before the request: no POST at all."""
    planned, ledger = fees(2), impatient()
    other.execute("BEGIN IMMEDIATE")
    sent = sender(connect(sandbox.base_url), ledger).send_all(planned)
    assert statuses(sent) == ["not_sent"] * 2
    assert "locked" in (sent.planned[0].reason or "")
    other.execute("COMMIT")
    engine = ledger._engine  # noqa: SLF001 - to make its next connection a read-only one
    opening.sa.event.listen(engine, "connect", lambda raw, _: raw.execute("PRAGMA query_only=1"))
    engine.dispose()
    sent = sender(connect(sandbox.base_url), ledger).send_all(planned)
    assert statuses(sent) == ["not_sent"] * 2
    assert "readonly" in (sent.planned[0].reason or "")
    assert sandbox.received("POST") == []
    ledger.close()


def test_an_answer_with_an_invoice_of_another_one_leaves_it_in_doubt(
    connect: Callable[..., KantataApi], ledger: SubmissionLedger
) -> None:
    """Two invoices cannot have one id: the second answer is that of the first request once more."""
    with Scripted([created(9001)]) as server:
        sent = sender(connect(server.base_url), ledger).send_all(fees(2))
    assert [invoice.status for invoice in sent.planned] == [Status.CREATED, Status.IN_DOUBT]
    assert "9001, which is on record as" in (sent.planned[1].reason or "")
    assert len(ledger.open_questions()) == 1


def test_an_answer_with_the_invoice_that_was_taken_back_leaves_it_in_doubt(
    connect: Callable[..., KantataApi], ledger: SubmissionLedger
) -> None:
    """A cache on the way may give the first answer once more; what Kantata has created now has another id."""
    with Scripted([created(9001), created(9001), created(9002)]) as server:
        first = sender(connect(server.base_url), ledger).send_all(fees(1))
        [sent] = ledger.sent_in("run-1")
        with ledger.exclusive("undo-1"):
            begun = ledger.begin_removal(sent, "undo-1", "delete")
            ledger.note_removal(begun, "undo-1", Event.REMOVED, Details("deleted", sent.invoice_id))
        again = sender(connect(server.base_url), ledger, run="run-2").send_all(fees(1))
    assert [*statuses(first), *statuses(again)] == ["created", "in_doubt"]
    assert "9001, which was taken back before" in (again.planned[0].reason or "")
