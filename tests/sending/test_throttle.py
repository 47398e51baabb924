"""The gate: one pace, one wait and one stop for all threads. A clock of its own where it matters, real threads too."""

from __future__ import annotations

import itertools
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from plans import fees, sender

from importer.kantata.backoff import Pace, RetryBudget
from importer.model.exit_codes import ExitCode
from importer.sending.throttle import Stop, Throttle

if TYPE_CHECKING:
    from collections.abc import Callable

    from importer.kantata.client import KantataApi
    from importer.ledger.ledger import SubmissionLedger
    from importer.sandbox.running import Sandbox


@dataclass
class Clock:
    """Time that passes only while somebody waits; it is the gate's clock and its stop at once."""

    now: float = 1000.0
    asked: bool = False
    waits: list[float] = field(default_factory=list)

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.waits.append(seconds)
        self.now += seconds

    def gate(self, per_second: float, left_seconds: float = 300) -> Throttle:
        """Return a gate that lives in this time."""
        return Throttle(Pace.of(per_second), RetryBudget(left_seconds), self, lambda: self.now)  # type: ignore[arg-type]


def starts(clock: Clock, gate: Throttle, count: int) -> list[float]:
    """Enter so often; return when, counted from the first."""
    moments = []
    for _ in range(count):
        assert gate.enter()
        moments.append(clock.now)
    return [moment - moments[0] for moment in moments]


class Moments:
    """Real time, and when each thread was let in: read by the gate itself, so that no late thread blurs it."""

    def __init__(self) -> None:
        """Begin now."""
        self.begun, self._own, self._all = time.monotonic(), threading.local(), []

    def clock(self) -> float:
        """Tell a gate the time."""
        self._own.now = time.monotonic()
        return self._own.now

    def enter(self, gate: Throttle) -> bool:
        """Enter, and note the moment."""
        entered = Throttle.enter(gate)
        if entered:
            self._all.append(self._own.now - self.begun)
        return entered

    @property
    def noted(self) -> list[float]:
        """All moments, seconds from the beginning, in order."""
        return sorted(self._all)


def in_threads(count: int, act: Callable[[], object]) -> list[threading.Thread]:
    """Start an act in several threads."""
    threads = [threading.Thread(target=act) for _ in range(count)]
    for thread in threads:
        thread.start()
    return threads


# --- pace ---


def test_requests_begin_no_faster_than_the_pace() -> None:
    """Five a second: the first at once, each of the others 0.2 s after the one before."""
    clock = Clock()
    assert starts(clock, clock.gate(5), 6) == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1.0])


def test_time_without_requests_is_not_saved_up() -> None:
    """After an idle minute two requests still are 0.2 s apart."""
    clock = Clock()
    gate = clock.gate(5)
    assert gate.enter()
    clock.now += 60
    assert starts(clock, gate, 3) == pytest.approx([0, 0.2, 0.4])


def test_many_threads_share_one_pace() -> None:
    """Sixteen threads, real time: never two within the shortest time between, and nobody is lost."""
    moments = Moments()
    gate = Throttle(Pace.of(50), RetryBudget(0), Stop(), moments.clock)
    for thread in in_threads(16, lambda: [moments.enter(gate) for _ in range(2)]):
        thread.join()
    assert len(moments.noted) == 32
    for begin, end in itertools.pairwise(moments.noted):
        assert end - begin >= 1 / 50 - 1e-6


@pytest.mark.slow
def test_a_server_never_meets_more_than_the_pace(
    connect: Callable[..., KantataApi], ledger: SubmissionLedger, sandbox: Sandbox
) -> None:
    """Eight workers at 5 a second: no window of two seconds holds more than 11, and none arrives before it may.

    Windows are counted where requests begin: a busy machine may deliver two together that began apart.
    """
    moments, one = Moments(), sender(connect(sandbox.base_url), ledger, pace=5, workers=8)
    one.throttle = throttle = Throttle(Pace.of(5), RetryBudget(0), one.stop, moments.clock)
    throttle.enter = lambda: moments.enter(throttle)  # type: ignore[method-assign]
    since = time.time()
    sent = one.send_all(fees(24))
    arrived = sorted(post.arrived_at - since for post in sandbox.received("POST"))
    assert (len(arrived), {one.status.value for one in sent.planned}) == (24, {"created"})
    begun = moments.noted
    assert len(begun) == 24
    assert max(sum(first <= one < first + 2 for one in begun) for first in begun) <= 11
    assert all(later >= number / 5 - 0.05 for number, later in enumerate(arrived))


# --- throttling ---


def test_throttling_halves_the_pace_and_success_gives_it_back_slowly() -> None:
    """429 at ten a second: five a second; each success gives back a twentieth of the pace, never more than all."""
    clock = Clock()
    gate = clock.gate(10)
    assert gate.enter()
    assert gate.refused(None, throttled=True)
    assert starts(clock, gate, 3) == pytest.approx([0, 0.2, 0.4])
    gate.succeeded()
    assert gate.enter()
    assert starts(clock, gate, 2) == pytest.approx([0, 1 / 5.5])
    for _ in range(30):
        gate.succeeded()
    assert gate.enter()
    assert starts(clock, gate, 2) == pytest.approx([0, 0.1])


def test_a_connection_that_was_refused_leaves_the_pace_alone() -> None:
    """Nobody throttled."""
    clock = Clock()
    gate = clock.gate(10)
    assert gate.refused(None, throttled=False)
    assert starts(clock, gate, 2) == pytest.approx([0, 0.1])


def test_nobody_enters_during_a_hold() -> None:
    """Retry-After 7: whoever comes waits until then, however many they are."""
    clock = Clock()
    gate = clock.gate(10)
    begun = clock.now
    assert gate.refused(7, throttled=True)
    assert gate.enter()
    assert clock.now - begun == pytest.approx(7)


def test_all_threads_wait_during_a_hold() -> None:
    """Real threads and time: refused once, and none of six begins before 1 s has passed."""
    gate, begun, moments = Throttle(Pace.of(1000), RetryBudget(10), Stop()), time.monotonic(), []
    assert gate.refused(1.0, throttled=False)
    for thread in in_threads(6, lambda: moments.append(gate.enter() and time.monotonic() - begun)):
        thread.join()
    assert len(moments) == 6
    assert min(moments) >= 1.0


def test_refusals_during_a_hold_spend_the_budget_once() -> None:
    """Eight under way are refused together: one wait of 10 s out of 25, then another one; the third is too much."""
    clock = Clock()
    gate = clock.gate(1000, left_seconds=25)
    for _ in range(2):
        assert [gate.refused(10, throttled=True) for _ in range(8)] == [True] * 8
        assert gate.enter()
    assert not gate.refused(10, throttled=True)


def test_refusals_during_a_hold_halve_the_pace_once() -> None:
    """Eight refused together are one refusal: half the pace, not a 256th."""
    clock = Clock()
    gate = clock.gate(10)
    for _ in range(8):
        assert gate.refused(None, throttled=True)
    assert starts(clock, gate, 2) == pytest.approx([0, 0.2])


def test_a_longer_wait_asked_for_during_a_hold_is_kept() -> None:
    """One is told to wait 5 s, another one 20 s: all wait 20 s, which costs 20 s of the budget."""
    clock = Clock()
    gate = clock.gate(1000, left_seconds=30)
    begun = clock.now
    assert gate.refused(5, throttled=True)
    assert gate.refused(20, throttled=True)
    assert gate.refused(3, throttled=True)
    assert gate.enter()
    assert clock.now - begun == pytest.approx(20)
    assert not gate.refused(11, throttled=True)
    assert gate.refused(9, throttled=True)


def test_a_longer_wait_beyond_the_budget_is_refused() -> None:
    """It cannot be kept, so nobody tries."""
    gate = Clock().gate(1000, left_seconds=30)
    assert gate.refused(5, throttled=True)
    assert not gate.refused(100, throttled=True)


def test_waits_double_until_a_success() -> None:
    """1, 2, 4 s and a quarter by chance; after a success from the beginning."""
    clock = Clock()
    gate = clock.gate(1000)
    for shortest in (1, 2, 4):
        begun = clock.now
        assert gate.refused(None, throttled=False)
        assert gate.enter()
        assert shortest <= clock.now - begun <= shortest * 1.25 + 0.01
    gate.succeeded()
    begun = clock.now
    assert gate.refused(None, throttled=False)
    assert gate.enter()
    assert 1 <= clock.now - begun <= 1.26


def test_an_empty_budget_is_said_and_holds_nobody() -> None:
    """Nothing to wait with: the refused one gives up, and the gate stays as it was."""
    clock = Clock()
    gate = clock.gate(5, left_seconds=0)
    assert not gate.refused(None, throttled=True)
    begun = clock.now
    assert gate.enter()
    assert clock.now == begun


# --- stop ---


def test_a_stop_ends_every_wait_at_once() -> None:
    """Six threads wait for a hold of ten minutes; asked to stop, all leave with False within a moment."""
    stop, answers = Stop(), []
    gate = Throttle(Pace.of(1000), RetryBudget(1000), stop)
    assert gate.refused(600, throttled=True)
    threads = in_threads(6, lambda: answers.append(gate.enter()))
    time.sleep(0.1)
    begun = time.monotonic()
    stop(ExitCode.TERMINATED)
    for thread in threads:
        thread.join(300)
    assert answers == [False] * 6
    assert time.monotonic() - begun < 300
    assert (stop.exit_code, stop.asked) == (ExitCode.TERMINATED, True)


def test_nobody_enters_after_a_stop() -> None:
    """Also when the moment is free."""
    stop = Stop()
    stop(ExitCode.INTERRUPTED)
    assert not Throttle(Pace.of(1000), RetryBudget(0), stop).enter()
