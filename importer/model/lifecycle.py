"""The states of an invoice, and the events that lead from one to the next: the only place that decides this. Pure.

The ledger notes events. What an invoice is now follows from them (:func:`fold`); planning, sending, reconcile, undo,
results, inbox and history all speak of it in these words. A test compares the table with the one in
docs/explanation/exactly-once.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from functools import reduce
from typing import assert_never

from importer.model.plans import Status


class Exists(Enum):
    """Whether an invoice is in Kantata and bills something there."""

    YES = "yes"
    NO = "no"
    MAYBE = "maybe"


class State(Enum):
    """Where an invoice stands."""

    FREE = "free"
    """Not in Kantata; it may be sent."""
    SENDING = "sending"
    """The intent to send it is noted, and no answer yet."""
    DOUBTFUL = "doubtful"
    """It was sent, and no answer tells whether it was created."""
    EXISTS = "exists"
    """Created in Kantata."""
    REMOVING = "removing"
    """An undo may have deleted or cancelled it."""
    GONE = "gone"
    """Created, and cancelled or deleted in Kantata by somebody else since; a person decides."""

    @property
    def exists(self) -> Exists:
        """Whether the invoice is in Kantata."""
        match self:
            case State.FREE | State.GONE:
                return Exists.NO
            case State.SENDING | State.DOUBTFUL | State.REMOVING:
                return Exists.MAYBE
            case State.EXISTS:
                return Exists.YES
            case _:
                assert_never(self)


OPEN = frozenset(state for state in State if state.exists is Exists.MAYBE)
"""States in which the invoice may exist: open questions, never to be sent before they are settled."""
ALIVE = frozenset(state for state in State if state.exists is not Exists.NO)
"""States in which the invoice exists, or may: what it bills must not be billed again."""


class Event(Enum):
    """What happened to an invoice. The values are those in the ledger and in the JSON of ``history``."""

    CLAIMED = "claimed"
    """A run is about to send it."""
    CREATED = "created"
    """Kantata answered with its id."""
    REJECTED = "rejected"
    """Kantata refused it; its rows, or a permission, have to be corrected."""
    REFUSED_FOR_NOW = "refused_for_now"
    """Throttled, or never connected."""
    TOKEN_REFUSED = "token_refused"  # noqa: S105 - the name of an event
    """Kantata refused the token."""
    UNKNOWN = "unknown"
    """The answer does not tell whether it was created."""
    UNANSWERED = "unanswered"
    """No answer was noted within ``settle_seconds``: the program was killed, or could not note it."""
    ADOPTED = "adopted"
    """Found in Kantata by its reference before sending, while this ledger did not know it."""
    FOUND = "found"
    """A look-up found it."""
    NOT_FOUND = "not_found"
    """A look-up did not find it, and a second one has to agree."""
    UNCLEAR = "unclear"
    """A look-up does not tell, after one that did not find it: what that saw does not count any more."""
    ABSENT = "absent"
    """A look-up proved that it was not created."""
    SAID_BILLED = "said_billed"
    """A person says that it exists, with its id."""
    SAID_NOT_BILLED = "said_not_billed"
    """A person says that it does not exist."""
    REMOVAL_BEGUN = "removal_begun"
    """An undo is about to delete or cancel it."""
    REMOVED = "removed"
    """Deleted or cancelled, or seen gone by an undo or by the look-up after one."""
    REMOVAL_UNKNOWN = "removal_unknown"
    """The undo cannot tell whether it still exists."""
    KEPT = "kept"
    """The undo leaves it as it is: it was refused, or is not to be touched."""
    STILL_THERE = "still_there"
    """A look-up, long enough after the undo, still shows it."""
    SEEN_GONE = "seen_gone"
    """Cancelled or absent in Kantata, without an undo."""
    TO_BE_UNDONE = "to_be_undone"
    """An undo wanted it gone while it was in doubt."""
    REPORTED = "reported"
    """The results of its run were written again, with what a look-up settled."""


class Fate(Enum):
    """What has become of an invoice that was sent, or was to be; the most urgent first. The value is its words."""

    IN_DOUBT = "in doubt"
    NOT_BILLED = "not billed"
    NOT_UNDONE = "not undone"
    """It is in Kantata still, although an undo wanted it gone."""
    REJECTED = "rejected"
    UNDONE = "undone"
    HELD = "held"
    BILLED = "billed"


class NotPossible(ValueError):
    """An event that cannot happen to an invoice in its state."""


TRANSITIONS: dict[tuple[State, Event], State] = {
    (State.FREE, Event.CLAIMED): State.SENDING,
    (State.FREE, Event.ADOPTED): State.EXISTS,
    (State.FREE, Event.CREATED): State.EXISTS,
    (State.FREE, Event.REPORTED): State.FREE,
    (State.SENDING, Event.CREATED): State.EXISTS,
    (State.SENDING, Event.REJECTED): State.FREE,
    (State.SENDING, Event.REFUSED_FOR_NOW): State.FREE,
    (State.SENDING, Event.TOKEN_REFUSED): State.FREE,
    (State.SENDING, Event.UNKNOWN): State.DOUBTFUL,
    (State.SENDING, Event.UNANSWERED): State.DOUBTFUL,
    (State.SENDING, Event.TO_BE_UNDONE): State.SENDING,
    (State.DOUBTFUL, Event.NOT_FOUND): State.DOUBTFUL,
    (State.DOUBTFUL, Event.UNCLEAR): State.DOUBTFUL,
    (State.DOUBTFUL, Event.FOUND): State.EXISTS,
    (State.DOUBTFUL, Event.SAID_BILLED): State.EXISTS,
    (State.DOUBTFUL, Event.ABSENT): State.FREE,
    (State.DOUBTFUL, Event.SAID_NOT_BILLED): State.FREE,
    (State.DOUBTFUL, Event.TO_BE_UNDONE): State.DOUBTFUL,
    (State.EXISTS, Event.REMOVAL_BEGUN): State.REMOVING,
    (State.EXISTS, Event.REMOVED): State.FREE,
    (State.EXISTS, Event.REMOVAL_UNKNOWN): State.REMOVING,
    (State.EXISTS, Event.KEPT): State.EXISTS,
    (State.EXISTS, Event.SEEN_GONE): State.GONE,
    (State.EXISTS, Event.REPORTED): State.EXISTS,
    (State.REMOVING, Event.REMOVAL_BEGUN): State.REMOVING,
    (State.REMOVING, Event.REMOVED): State.FREE,
    (State.REMOVING, Event.REMOVAL_UNKNOWN): State.REMOVING,
    (State.REMOVING, Event.KEPT): State.EXISTS,
    (State.REMOVING, Event.STILL_THERE): State.EXISTS,
    (State.GONE, Event.REMOVED): State.FREE,
}
"""What follows from an event in a state; everything else cannot happen."""

SETTLING = frozenset({Event.FOUND, Event.ABSENT, Event.SAID_BILLED, Event.SAID_NOT_BILLED})
"""Events by which a doubt ends; the results of the invoice's run are then written again."""
REMOVAL = frozenset({Event.REMOVAL_BEGUN, Event.REMOVED, Event.REMOVAL_UNKNOWN, Event.KEPT, Event.STILL_THERE})
"""Events of an undo, and of the look-up after one."""
SENDING_AGAIN = frozenset({Event.CLAIMED, Event.ADOPTED})
"""Events with which a run takes an invoice on; what was before does not count any more."""
REMARKS = frozenset({Event.TO_BE_UNDONE, Event.REPORTED, Event.NOT_FOUND, Event.UNCLEAR})
"""Events that leave the invoice where it is."""
AWAITED = frozenset({Event.CLAIMED, Event.REMOVAL_BEGUN})
"""Events after which a request may leave, and no answer to it is noted yet."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What has become of an invoice, as its events tell."""

    state: State = State.FREE
    reached_by: Event | None = None
    """The event that led to the state; None for an invoice without any."""
    taken_back: bool = False
    """Undone, or to be, and not sent since: nothing bills it again before a person says so."""
    seq: int = 0
    """Number of its last event; 0 for none, then 1, 2 …"""
    unreported: bool = False
    """Whether a look-up settled it, and the results of its run do not say so yet."""

    def allows(self, event: Event) -> bool:
        """Whether the event can happen now."""
        return (self.state, event) in TRANSITIONS

    def after(self, event: Event) -> Standing:
        """Return how it stands after one more event. Raises NotPossible."""
        state = TRANSITIONS.get((self.state, event))
        if state is None:
            msg = f"{event.value} cannot happen to an invoice that is {self.state.value}"
            raise NotPossible(msg)
        taken_back = self.taken_back or event in (Event.REMOVED, Event.TO_BE_UNDONE)
        return Standing(
            state,
            self.reached_by if event in REMARKS else event,
            taken_back and event not in SENDING_AGAIN,
            self.seq + 1,
            event in SETTLING,
        )

    @property
    def was_undone(self) -> bool:
        """Whether it was created and an undo took it back."""
        return self.state is State.FREE and self.reached_by is Event.REMOVED

    @property
    def status(self) -> Status:
        """What users read that it is."""
        match self.state:
            case State.SENDING | State.DOUBTFUL | State.REMOVING:
                return Status.IN_DOUBT
            case State.EXISTS:
                return Status.CREATED
            case State.GONE:
                return Status.HELD
            case State.FREE:
                return Status.REJECTED if self.reached_by is Event.REJECTED else Status.NOT_SENT
            case _:
                assert_never(self.state)

    @property
    def fate(self) -> Fate:
        """What has become of the invoice."""
        match self.state:
            case State.SENDING | State.DOUBTFUL | State.REMOVING:
                return Fate.IN_DOUBT
            case State.EXISTS:
                return Fate.BILLED
            case State.GONE:
                return Fate.HELD
            case State.FREE if self.was_undone:
                return Fate.UNDONE
            case State.FREE:
                return Fate.REJECTED if self.reached_by is Event.REJECTED else Fate.NOT_BILLED
            case _:
                assert_never(self.state)

    @property
    def word(self) -> str:
        """What became of it, for ``history``: its status, or that it was undone."""
        return "undone" if self.was_undone else self.status.value


def fold(events: Iterable[Event]) -> Standing:
    """Return how an invoice stands after all its events, the oldest first. Raises NotPossible."""
    return reduce(Standing.after, events, Standing())
