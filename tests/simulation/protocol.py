"""The protocol of the ledger as a small model, explored to the end: each order of steps and each fault.

Invoices are sent, settled and undone by the workers of two machines that share a ledger. The states and what leads from
one to the next are those of the program (importer/model/lifecycle.py); what Kantata does, who fails and who loses the
lock is tried in every way.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from importer.model.lifecycle import OPEN, SETTLING, Event, NotPossible, Standing, State

if TYPE_CHECKING:
    from collections.abc import Iterator

NEVER, STALE, FRESH = 0, 1, 2
"""What a worker knows of its invoice: it was sent again since; something was noted since; all is as it has seen it."""


class Invoice(NamedTuple):
    """One invoice: in the ledger, and in truth."""

    standing: Standing = Standing()
    there: int = 0
    """How often it is in Kantata."""
    creating: int = 0
    """Requests to create it whose answer is lost, and which take effect later."""
    removing: int = 0
    settled: bool = False
    """Whether ``settle_seconds`` have passed since the last try: from then on no request is under way."""
    by_person: bool = False
    """Whether a person removed it."""


class Worker(NamedTuple):
    """What a worker is about."""

    phase: str = "idle"
    """Then "sends", "removes" (its intent is noted), or "notes" (an event that it found out)."""
    number: int = 0
    event: Event | None = None
    knows: int = FRESH
    too_late: bool = False
    """Whether it slept for so long that its request does not leave any more."""


class Place(NamedTuple):
    """All of it at one moment."""

    invoices: tuple[Invoice, ...]
    workers: tuple[tuple[Worker, ...], ...]
    """Of each machine."""
    at_work: tuple[bool, ...]
    lease: int | None
    """The machine whose lease is on record."""
    faults: int
    """How many may still happen."""


class Violated(AssertionError):
    """A promise does not hold."""


@cache
def after(standing: Standing, event: Event) -> Standing:
    """As the program has it, without counting."""
    return replace(standing.after(event), seq=0)


class Model:
    """Explores all places from a first one."""

    def __init__(self, invoices: int, workers: int, faults: int, *, undoes: bool = True) -> None:
        idle = (Worker(),) * workers
        lost = Invoice(there=1, settled=True)  # in Kantata, and this ledger does not know it
        self.first = Place((Invoice(),) * (invoices - 1) + (lost,), (idle, idle), (False, False), None, faults)
        self.undoes = undoes
        self.taken: set[tuple[State, Event]] = set()
        """The transitions that were made."""

    def explore(self) -> int:
        """Go everywhere; return how many places there are. Raises Violated with the shortest way to what is wrong."""
        before: dict[Place, Place | None] = {self.first: None}
        todo = deque([self.first])
        while todo:
            here = todo.popleft()
            for place in map(_sorted, self.next(here)):
                if place in before:
                    continue
                before[place] = here
                todo.append(place)
                if (wrong := _wrong(place)) is not None:
                    raise Violated("\n".join([wrong, *_way_to(place, before)]))
        return len(before)

    # --- what may happen ---

    def next(self, place: Place) -> Iterator[Place]:
        """Every place that one step leads to."""
        yield from self._around(place)
        for machine in (0, 1):
            yield from self._of_machine(place, machine)
            if not place.at_work[machine]:
                continue
            for index, worker in enumerate(place.workers[machine]):
                me = Me(self, place, machine, index)
                match worker.phase:
                    case "idle":
                        yield from self._begun(me)
                    case "sends":
                        yield from _sent(me, worker)
                    case "removes":
                        yield from _removed(me, worker)
                    case "notes":
                        yield from _noted(me, worker)

    def _around(self, place: Place) -> Iterator[Place]:
        """Kantata, people, and time."""
        for number, invoice in enumerate(place.invoices):
            if invoice.creating:
                yield _put(place, number, _created(invoice)._replace(creating=invoice.creating - 1))
            if invoice.removing:
                yield _put(place, number, invoice._replace(there=0, removing=invoice.removing - 1))
            if place.faults and invoice.there and not invoice.removing:
                yield _put(place, number, invoice._replace(there=0, by_person=True), faults=1)
        if not any(invoice.creating or invoice.removing for invoice in place.invoices):
            settled = tuple(invoice._replace(settled=True) for invoice in place.invoices)
            late = tuple(
                tuple(worker._replace(too_late=worker.phase in ("sends", "removes")) for worker in workers)
                for workers in place.workers
            )
            yield place._replace(invoices=settled, workers=late)

    def _of_machine(self, place: Place, machine: int) -> Iterator[Place]:
        """A command begins, ends or is killed, or takes the lease of a machine that sleeps."""
        idle = (Worker(),) * len(place.workers[machine])
        own = place.lease == machine
        if not place.at_work[machine]:
            cost = int(place.lease is not None)
            if place.faults >= cost:
                yield _machine(place, machine, idle, working=True)._replace(lease=machine, faults=place.faults - cost)
            return
        ended = _machine(place, machine, idle, working=False)._replace(lease=None if own else place.lease)
        if place.workers[machine] == idle:
            yield ended
        elif place.faults:
            yield ended._replace(faults=place.faults - 1)

    def _begun(self, me: Me) -> Iterator[Place]:
        """A worker takes an invoice on: to send it, to undo it, or to find out what became of it."""
        place, mine = me.place, me.place.workers[me.machine]
        for number, invoice in enumerate(place.invoices):
            state = invoice.standing.state
            if any(worker.phase != "idle" and worker.number == number for worker in mine):
                continue
            if state is State.FREE and invoice.standing.reached_by is None and invoice.there:
                yield from me.note(number, Event.ADOPTED, Worker(), lease=True)
            elif state is State.FREE:
                yield from me.note(number, Event.CLAIMED, Worker("sends", number), lease=True)
            if state in OPEN and invoice.settled:
                for event in _verdicts(invoice):
                    yield me.then(Worker("notes", number, event))
            if self.undoes:
                yield from _undo_begun(me, number, invoice)


class Me(NamedTuple):
    """A worker in its place."""

    model: Model
    place: Place
    machine: int
    index: int

    def then(self, worker: Worker, invoice: Invoice | None = None, *, faults: int = 0) -> Place:
        """The worker goes on to another phase; what it did to Kantata's side of its invoice, what it cost."""
        mine = list(self.place.workers[self.machine])
        number = mine[self.index].number
        mine[self.index] = worker
        place = _machine(self.place, self.machine, tuple(mine), working=True)
        return place if invoice is None else _put(place, number, invoice, faults=faults)

    def note(self, number: int, event: Event, worker: Worker, *, lease: bool = False) -> Iterator[Place]:
        """Note an event, and go on; nothing is noted without the lease where that is asked for."""
        if lease and self.place.lease != self.machine:
            return
        invoice, again = self.place.invoices[number], event in (Event.CLAIMED, Event.ADOPTED)
        try:
            standing = after(invoice.standing, event)
        except NotPossible as error:
            raise Violated(str(error)) from None
        self.model.taken.add((invoice.standing.state, event))
        tried = again or event is Event.REMOVAL_BEGUN
        invoice = invoice._replace(standing=standing, settled=invoice.settled and not tried)
        workers = []
        for known in self.place.workers:
            workers.append(tuple(_overtaken(other, number, again=again) for other in known))
        place = self.place._replace(workers=tuple(workers))
        yield _put(self._replace(place=place).then(worker), number, invoice)


def _overtaken(worker: Worker, number: int, *, again: bool) -> Worker:
    if worker.phase == "idle" or worker.number != number:
        return worker
    return worker._replace(knows=NEVER if again else min(worker.knows, STALE))


def _verdicts(invoice: Invoice) -> tuple[Event, ...]:
    """What a look-up finds, or a person says, once enough time has passed."""
    if invoice.standing.state is State.REMOVING:
        return (Event.STILL_THERE if invoice.there else Event.REMOVED,)
    if invoice.there:
        return (Event.FOUND, Event.SAID_BILLED)
    return (Event.ABSENT, Event.SAID_NOT_BILLED, Event.NOT_FOUND, Event.UNCLEAR)


def _undo_begun(me: Me, number: int, invoice: Invoice) -> Iterator[Place]:
    """An undo has looked: it asks for the removal, or has nothing to ask for. Results may be written again too."""
    state = invoice.standing.state
    if invoice.standing.unreported:
        yield from me.note(number, Event.REPORTED, Worker())
    if state in (State.SENDING, State.DOUBTFUL):
        yield from me.note(number, Event.TO_BE_UNDONE, Worker())
    elif state is not State.FREE and not invoice.there:
        event = Event.REMOVED if invoice.settled else Event.REMOVAL_UNKNOWN
        yield me.then(Worker("notes", number, event))
    elif state is not State.FREE:
        yield from me.note(number, Event.REMOVAL_BEGUN, Worker("removes", number), lease=True)
        if invoice.settled or state is State.EXISTS:
            yield me.then(Worker("notes", number, Event.KEPT))


def _sent(me: Me, worker: Worker) -> Iterator[Place]:
    """A request to create leaves, and something comes back."""
    invoice = me.place.invoices[worker.number]
    notes = worker._replace(phase="notes")
    yield me.then(notes._replace(event=Event.REFUSED_FOR_NOW))
    if worker.too_late:
        return
    there = _created(invoice)
    yield me.then(notes._replace(event=Event.CREATED), there)
    yield me.then(notes._replace(event=Event.REJECTED))
    if me.place.faults:
        yield me.then(notes._replace(event=Event.TOKEN_REFUSED), invoice, faults=1)
        yield me.then(notes._replace(event=Event.UNKNOWN), there, faults=1)
        yield me.then(notes._replace(event=Event.UNKNOWN), invoice, faults=1)
        yield me.then(notes._replace(event=Event.UNKNOWN), invoice._replace(creating=invoice.creating + 1), faults=1)


def _created(invoice: Invoice) -> Invoice:
    """Once more in Kantata, with an id of its own: requests to remove an earlier one do not concern it."""
    removing = invoice.removing if invoice.there else 0
    return invoice._replace(there=invoice.there + 1, removing=removing, by_person=False)


def _removed(me: Me, worker: Worker) -> Iterator[Place]:
    """A request to remove leaves, and something comes back."""
    invoice = me.place.invoices[worker.number]
    notes = worker._replace(phase="notes")
    yield me.then(notes._replace(event=Event.REMOVAL_UNKNOWN))  # refused, after an earlier one that may take effect
    if worker.too_late or worker.knows == NEVER:  # it was sent again since: the one that it means is gone
        return
    yield me.then(notes._replace(event=Event.REMOVED), invoice._replace(there=0))
    if me.place.faults:
        yield me.then(notes._replace(event=Event.REMOVAL_UNKNOWN), invoice._replace(there=0), faults=1)
        later = invoice._replace(removing=invoice.removing + 1)
        yield me.then(notes._replace(event=Event.REMOVAL_UNKNOWN), later, faults=1)


def _noted(me: Me, worker: Worker) -> Iterator[Place]:
    """What was found out is noted, unless something else was noted meanwhile."""
    event, number = worker.event, worker.number
    if event is None:
        return
    standing = me.place.invoices[number].standing
    looked = event in SETTLING | {Event.NOT_FOUND, Event.UNCLEAR, Event.STILL_THERE}
    absent = standing.state is State.FREE and standing.reached_by in (Event.ABSENT, Event.SAID_NOT_BILLED)
    if worker.knows == FRESH and looked and standing.state is State.SENDING:
        if me.place.lease == me.machine:
            for place in me.note(number, Event.UNANSWERED, worker):  # in the same transaction
                yield from me._replace(place=place).note(number, event, Worker())
    elif worker.knows == FRESH:
        yield from me.note(number, event, Worker(), lease=looked)
    elif worker.knows == STALE and event is Event.CREATED and absent:
        yield from me.note(number, event, Worker())  # its creation counts, though it was held for absent
    yield me.then(Worker())  # it could not be noted


# --- places ---


def _put(place: Place, number: int, invoice: Invoice, *, faults: int = 0) -> Place:
    invoices = (*place.invoices[:number], invoice, *place.invoices[number + 1 :])
    return place._replace(invoices=invoices, faults=place.faults - faults)


def _machine(place: Place, machine: int, workers: tuple[Worker, ...], *, working: bool) -> Place:
    both, at_work = list(place.workers), list(place.at_work)
    both[machine], at_work[machine] = workers, working
    return place._replace(workers=tuple(both), at_work=tuple(at_work))


def _sorted(place: Place) -> Place:
    """The same place, whatever the order of workers and invoices, which does not matter."""
    order = sorted(range(len(place.invoices)), key=lambda number: _key(place.invoices[number]))
    new = {old: index for index, old in enumerate(order)}
    workers = []
    for mine in place.workers:
        moved = (worker if worker.phase == "idle" else worker._replace(number=new[worker.number]) for worker in mine)
        workers.append(tuple(sorted(moved, key=repr)))
    return place._replace(invoices=tuple(place.invoices[number] for number in order), workers=tuple(workers))


@cache
def _key(invoice: Invoice) -> str:
    return repr(invoice)


def _wrong(place: Place) -> str | None:
    """What does not hold in a place."""
    busy = {worker.number for mine in place.workers for worker in mine if worker.phase != "idle"}
    for number, invoice in enumerate(place.invoices):
        state = invoice.standing.state
        if invoice.there > 1:
            return "billed twice"
        if number in busy or invoice.creating or invoice.removing:
            continue
        if state is State.FREE and invoice.there and invoice.standing.reached_by is not None:
            return "billed, and the ledger says that it is not"
        if state is State.EXISTS and not invoice.there and not invoice.by_person:
            return "not billed, and the ledger says that it is"
    return None


def _way_to(place: Place | None, before: dict[Place, Place | None]) -> list[str]:
    """The places on the way from the first one."""
    way: list[str] = []
    while place is not None:
        way.append(f"{place.invoices} {place.workers} {place.at_work} {place.lease}")
        place = before[place]
    return way[::-1]
