"""The table of states in importer/model/lifecycle.py keeps its promises, whatever the order of steps and faults."""

from __future__ import annotations

import protocol
import pytest
from protocol import Model, Violated

from importer.model.lifecycle import TRANSITIONS, Event, State

NEVER_NOTED = {(State.EXISTS, Event.SEEN_GONE), (State.GONE, Event.REMOVED)}
"""What planning only thinks, when Kantata shows that an invoice is gone, without noting it."""
CHANGES = {
    (State.SENDING, Event.UNKNOWN): State.FREE,
    (State.SENDING, Event.UNANSWERED): State.FREE,
    (State.SENDING, Event.CREATED): State.FREE,
    (State.SENDING, Event.REFUSED_FOR_NOW): State.EXISTS,
    (State.SENDING, Event.TO_BE_UNDONE): State.FREE,
    (State.FREE, Event.ADOPTED): State.FREE,
    (State.DOUBTFUL, Event.FOUND): State.FREE,
    (State.DOUBTFUL, Event.SAID_BILLED): State.FREE,
    (State.DOUBTFUL, Event.ABSENT): State.EXISTS,
    (State.EXISTS, Event.REMOVAL_BEGUN): State.FREE,
    (State.EXISTS, Event.KEPT): State.FREE,
    (State.REMOVING, Event.REMOVED): State.EXISTS,
    (State.REMOVING, Event.REMOVAL_UNKNOWN): State.EXISTS,
    (State.REMOVING, Event.STILL_THERE): State.FREE,
}
"""Changes of the table, each of which breaks a promise."""


def test_one_invoice_keeps_every_promise() -> None:
    """Sent, settled and undone by two machines, with any two faults; every transition of the table is made."""
    model = Model(invoices=1, workers=1, faults=2)
    assert model.explore() > 30_000
    assert model.taken == TRANSITIONS.keys() - NEVER_NOTED


@pytest.mark.parametrize(("invoices", "workers", "faults"), [(3, 2, 0), (2, 2, 1)])
def test_several_invoices_keep_every_promise(invoices: int, workers: int, faults: int) -> None:
    """Sent and settled by two workers on each of two machines that share a lease."""
    assert Model(invoices, workers, faults, undoes=False).explore() > 3_000


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: f"{change[0].value}-{change[1].value}")
def test_a_change_of_the_table_is_noticed(change: tuple[State, Event], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where one of these events led elsewhere, a line would be billed twice or not, or the program would stop."""
    monkeypatch.setitem(TRANSITIONS, change, CHANGES[change])
    protocol.after.cache_clear()
    try:
        with pytest.raises(Violated):
            Model(invoices=1, workers=1, faults=2).explore()
    finally:
        protocol.after.cache_clear()
