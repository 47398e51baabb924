"""The lifecycle of an invoice: one table, from which everything speaks, and which the docs show."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importer.model.lifecycle import (
    ALIVE,
    OPEN,
    SENDING_AGAIN,
    TRANSITIONS,
    Event,
    Exists,
    NotPossible,
    Standing,
    State,
    fold,
)
from importer.model.plans import Status

DOCS = Path(__file__).parents[2] / "docs" / "explanation" / "exactly-once.md"
ROW = re.compile(r"^\| `(\w+)` \| `(\w+)` \| .+ \| `(\w+)` \|$", re.MULTILINE)


def test_the_docs_show_the_table_of_the_code() -> None:
    """Each transition is one row, and no row is more."""
    shown = [(State(state), Event(event), State(after)) for state, event, after in ROW.findall(DOCS.read_text())]
    assert shown == [(state, event, after) for (state, event), after in TRANSITIONS.items()]


def test_only_what_surely_does_not_exist_is_sent() -> None:
    """No event that begins to send is possible where the invoice exists, or may, or is for a person to decide."""
    for state, event in TRANSITIONS:
        assert event not in SENDING_AGAIN or state is State.FREE
    assert {state for state in State if state.exists is Exists.NO} == set(State) - ALIVE
    assert {State.SENDING, State.DOUBTFUL, State.REMOVING} == OPEN


def test_a_doubt_ends_only_by_a_look_up_or_a_word() -> None:
    """Nothing else leads from a doubt to an invoice that may be sent."""
    ways = {event for (state, event), after in TRANSITIONS.items() if (state, after) == (State.DOUBTFUL, State.FREE)}
    assert ways == {Event.ABSENT, Event.SAID_NOT_BILLED}


@given(st.lists(st.sampled_from(Event), max_size=30))
def test_whatever_happens_the_fold_follows_the_table(events: list[Event]) -> None:
    """Events that cannot happen are refused; after the others each number counts one, and the flags follow."""
    standing, noted = Standing(), []
    for event in events:
        if not standing.allows(event):
            with pytest.raises(NotPossible):
                standing.after(event)
            continue
        before, standing = standing, standing.after(event)
        noted.append(event)
        assert (standing.seq, standing.state) == (before.seq + 1, TRANSITIONS[before.state, event])
        assert event not in SENDING_AGAIN or not standing.taken_back
        assert not standing.was_undone or standing.taken_back
    assert fold(noted) == standing


@pytest.mark.parametrize(
    ("events", "status", "word"),
    [
        ([Event.CLAIMED], Status.IN_DOUBT, "in_doubt"),
        ([Event.CLAIMED, Event.UNKNOWN], Status.IN_DOUBT, "in_doubt"),
        ([Event.CLAIMED, Event.REJECTED], Status.REJECTED, "rejected"),
        ([Event.CLAIMED, Event.REFUSED_FOR_NOW], Status.NOT_SENT, "not_sent"),
        ([Event.CLAIMED, Event.UNKNOWN, Event.FOUND, Event.REPORTED], Status.CREATED, "created"),
        ([Event.CLAIMED, Event.CREATED, Event.REMOVAL_BEGUN], Status.IN_DOUBT, "in_doubt"),
        ([Event.CLAIMED, Event.CREATED, Event.REMOVAL_BEGUN, Event.REMOVED], Status.NOT_SENT, "undone"),
        ([Event.CLAIMED, Event.CREATED, Event.SEEN_GONE], Status.HELD, "held"),
    ],
)
def test_what_users_are_told(events: list[Event], status: Status, word: str) -> None:
    """A status for each standing; history says of what was undone that it was."""
    standing = fold(events)
    assert (standing.status, standing.word) == (status, word)


def test_what_was_to_be_undone_stays_taken_back_until_it_is_sent_again() -> None:
    """Also when it turns out that it was never created."""
    standing = fold([Event.CLAIMED, Event.UNKNOWN, Event.TO_BE_UNDONE, Event.ABSENT])
    assert (standing.state, standing.taken_back, standing.unreported) == (State.FREE, True, True)
    assert standing.after(Event.REPORTED).taken_back
    assert not standing.after(Event.CLAIMED).taken_back
