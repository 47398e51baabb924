"""How long to wait before a refused request is sent again, when to give up, how fast to send."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from importer.kantata.backoff import JITTER, LONGEST_WAIT_SECONDS, SLOWEST_PER_SECOND, Pace, RetryBudget


def test_waits_double_up_to_a_minute() -> None:
    """Each refusal in a row doubles the wait, to at most a minute."""
    budget, waits = RetryBudget(10_000), []
    for _ in range(9):
        wait = budget.wait(None, chance=0)
        assert wait is not None
        waits.append(wait)
        budget = budget.after_wait(wait)
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_chance_adds_at_most_a_quarter() -> None:
    """Chance spreads several machines, but never shortens a wait."""
    assert RetryBudget(100).wait(None, chance=0) == 1
    assert RetryBudget(100).wait(None, chance=1) == 1 + JITTER


@pytest.mark.parametrize(("asked", "waits"), [(7, 7), (0.2, 1), (90, 90), (None, 1)])
def test_what_the_server_asks_for_is_kept(asked: float | None, waits: float) -> None:
    """Retry-After is honoured when longer than the own wait, even beyond a minute."""
    assert RetryBudget(100).wait(asked, chance=0) == waits


@pytest.mark.parametrize(("left", "asked", "waits"), [(0, None, None), (0.9, None, None), (1, None, 1), (30, 31, None)])
def test_the_budget_is_never_overdrawn(left: float, asked: float | None, waits: float | None) -> None:
    """A wait that the run cannot afford is not begun at all."""
    assert RetryBudget(left).wait(asked, chance=0) == waits


def test_success_resets_the_wait_but_not_the_budget() -> None:
    """After a success waits begin at one second again; what was waited stays spent."""
    budget = RetryBudget(100).after_wait(10).after_wait(20).after_success()
    assert budget == RetryBudget(70, refusals=0)
    assert budget.wait(None, chance=0) == 1


@settings(max_examples=100, deadline=None)
@given(
    st.floats(min_value=0, max_value=1000),
    st.lists(st.tuples(st.none() | st.floats(0, 400), st.floats(0, 1)), max_size=60),
)
def test_a_run_never_waits_longer_than_its_budget(seconds: float, refusals: list[tuple[float | None, float]]) -> None:
    """Whatever the server asks for, the waits of a run sum to at most ``retry_seconds``."""
    budget, waited = RetryBudget(seconds), 0.0
    for asked, chance in refusals:
        wait = budget.wait(asked, chance)
        if wait is None:
            break
        assert wait >= max(asked or 0, 1)
        assert wait <= max(asked or 0, LONGEST_WAIT_SECONDS * (1 + JITTER))
        waited, budget = waited + wait, budget.after_wait(wait)
    assert waited <= seconds + 1e-6


def test_throttling_halves_the_pace() -> None:
    """Each 429 halves the pace, down to one request in ten seconds."""
    pace = Pace.of(5)
    assert pace.seconds_between == pytest.approx(0.2)
    assert pace.after_throttling().per_second == 2.5
    for _ in range(50):
        pace = pace.after_throttling()
    assert pace.per_second == SLOWEST_PER_SECOND


def test_the_pace_recovers_slowly_and_never_beyond_what_is_configured() -> None:
    """A success gives back a twentieth of the configured pace."""
    pace = Pace.of(5).after_throttling()
    recovered = [(pace := pace.after_success()).per_second for _ in range(12)]
    assert recovered[0] == 2.75
    assert recovered[9] == 5
    assert max(recovered) == 5


def test_a_pace_configured_below_the_slowest_is_kept() -> None:
    """Throttling never makes a very slow pace faster."""
    assert Pace.of(0.05).after_throttling().per_second == 0.05
