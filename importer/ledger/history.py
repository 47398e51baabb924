"""How each run sent each invoice, and what became of it afterwards, read from the events. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from importer.ledger.journal import standing_of
from importer.ledger.rows import Attempt, total_of
from importer.model.lifecycle import REMOVAL, SENDING_AGAIN, SETTLING, Event

_SINCE = {
    Event.FOUND: "found in Kantata",
    Event.ABSENT: "found absent",
    Event.SAID_BILLED: "billed, as a person said",
    Event.SAID_NOT_BILLED: "not billed, as a person said",
    Event.TO_BE_UNDONE: "to be undone, but in doubt",
    Event.REMOVAL_BEGUN: "its undo did not end",
    Event.REMOVAL_UNKNOWN: "undone or not is unknown",
    Event.REMOVED: "undone",
    Event.KEPT: "kept by an undo",
    Event.STILL_THERE: "found not undone",
}
"""What happened to an invoice after its run, in the words of ``history``."""
_OF_UNDO = REMOVAL | {Event.TO_BE_UNDONE}
_EVENTS = {event.value: event for event in Event}
"""A later version of the program may note others; they are passed over."""
_NO_ANSWER = frozenset({Event.UNANSWERED, Event.REPORTED, Event.NOT_FOUND, Event.UNCLEAR})


@dataclass(slots=True)
class Sending:
    """How one run sent one invoice, and what happened to that invoice before another run sent it again."""

    begun: Any
    """Row of the run's last event that began to send it."""
    answer: Any | None = None
    """Row of the answer to that; None when none was noted."""
    later: list[tuple[Event, Any]] = field(default_factory=list)
    """Rows of what was found out of it or done with it afterwards, the oldest first."""
    again_in: str | None = None
    """The run that sent it next."""

    @property
    def run_id(self) -> str:
        """The run that sent it."""
        return str(self.begun.run_id)

    @property
    def invoice_id(self) -> str | None:
        """Id of the invoice that this run created, also when that was found out later."""
        for row in (self.begun, self.answer, *(row for _, row in self.later)):
            if row is not None and row.invoice_id:
                return str(row.invoice_id)
        return None

    @property
    def undo(self) -> Event | None:
        """What came of the last undo of it; None when there was none."""
        last = None
        for event, _ in self.later:
            if event in _OF_UNDO:
                last = event
        return last

    @property
    def since(self) -> tuple[str, ...]:
        """What happened after the run, in words for people."""
        words = [_SINCE[event] for event, _ in self.later if event in SETTLING]
        if self.undo is not None:
            words.append(_SINCE[self.undo])
        if self.again_in is not None:
            words.append(f"sent again in run {self.again_in}")
        return tuple(words)


def sendings(events: Iterable[Any]) -> Iterator[Sending]:
    """Every sending of every invoice; ``events`` are rows of whole histories, those of an invoice the oldest first."""
    current: dict[str, Sending] = {}
    for row in events:
        event, known = _EVENTS.get(row.event), current.get(row.reference)
        if event in SENDING_AGAIN:
            if known is not None and known.run_id != row.run_id:
                known.again_in = row.run_id
                yield known
            current[row.reference] = Sending(row)
        elif known is None or event is None or event in _NO_ANSWER:
            continue
        elif event in SETTLING or event in _OF_UNDO:
            known.later.append((event, row))
        else:
            known.answer = row
    yield from current.values()


def attempt_of(sending: Sending, invoice: Any) -> Attempt:  # noqa: ANN401 - untyped by its library
    """What a run tried with an invoice, from that and the invoice's row as it stands."""
    answer = sending.answer
    outcome: str | None = None if answer is None else answer.event
    if sending.begun.event == Event.ADOPTED.value:
        answer, outcome = sending.begun, Event.CREATED.value
    currency, titles, total = total_of(invoice)
    return Attempt(
        amount=Decimal(invoice.amount),
        currency=currency,
        titles=titles,
        expected_total=total,
        reference=sending.begun.reference,
        key=invoice.invoice_key,
        workspace_ids=tuple(json.loads(invoice.workspace_ids)),
        rows=tuple(json.loads(invoice.rows)),
        outcome=outcome,
        http_status=None if answer is None else answer.http_status,
        message=None if answer is None else answer.message,
        request_id=None if answer is None else answer.request_id,
        started_at=sending.begun.at,
        state_now=standing_of(invoice).word,
        invoice_id=sending.invoice_id,
        last_run=invoice.run_id,
        since=sending.since,
    )
