"""The one place that notes what happens to an invoice: an event is added, and the invoice's row follows it.

Whoever notes an event says where the invoice stood when that was decided. If another process noted one meanwhile, the
numbers collide in the database and nothing is noted: a late answer does not overwrite what was found out meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from importer.ledger.database import moment, storable
from importer.ledger.schema import EVENTS, INVOICES
from importer.model.lifecycle import REMARKS, SENDING_AGAIN, Event, Standing, State


@dataclass(frozen=True, slots=True)
class Details:
    """What is noted beside an event."""

    message: str | None = None
    """Why, in words; Kantata's own where it answered."""
    invoice_id: str | None = None
    http_status: int | None = None
    request_id: str | None = None
    raw: str | None = None
    """Body of an answer that did not create an invoice, as received."""
    snapshot: str | None = None
    """What Kantata showed of an invoice when it was created (kantata/snapshot.py)."""


class Overtaken(Exception):
    """Another process noted an event of the invoice meanwhile."""


class Journal:
    """The events of one account."""

    def __init__(self, account: str) -> None:
        """``account`` is the address of a Kantata account."""
        self._account = account

    def standing(self, connection: sa.Connection, reference: str) -> Standing:
        """Where an invoice stands; one that was never sent stands at the beginning."""
        row = connection.execute(_STANDING, {"known_account": self._account, "known_reference": reference}).first()
        return Standing() if row is None else standing_of(row)

    def add(  # noqa: PLR0913, PLR0917 - one argument per part of the record
        self,
        connection: sa.Connection,
        reference: str,
        seen: Standing,
        event: Event,
        run_id: str,
        details: Details = Details(),
        sent: dict[str, Any] | None = None,
    ) -> Standing:
        """Note an event in the caller's transaction; return where the invoice stands after it.

        ``seen``: where it stood when the caller decided. ``sent``: columns of what
        is sent, with an event that begins to send. Raises Overtaken, and
        NotPossible for an event that cannot happen then.
        """
        standing, at = seen.after(event), moment(connection)
        own = {"account": self._account, "reference": reference}
        try:
            connection.execute(_ADD_EVENT, own | _event_row(standing.seq, event, run_id, at, details))
            row = _projected(standing, event, at, details) | (sent or {})
            if seen.seq == 0:
                connection.execute(_ADD_INVOICE, own | row)
                return standing
        except sa.exc.IntegrityError as error:
            raise Overtaken from error
        known = {"known_account": self._account, "known_reference": reference, "known_seq": seen.seq}
        if not connection.execute(_CHANGE_INVOICE, known | row).rowcount:
            raise Overtaken
        return standing


def standing_of(row: Any) -> Standing:  # noqa: ANN401 - untyped by its library
    """Where an invoice stands, from its row."""
    return Standing(State(row.state), Event(row.reached_by), row.taken_back, row.seq, row.unreported)


def _event_row(seq: int, event: Event, run_id: str, at: datetime, details: Details) -> dict[str, Any]:
    return {
        "seq": seq,
        "event": event.value,
        "at": at,
        "run_id": run_id,
        "invoice_id": details.invoice_id,
        "http_status": details.http_status,
        "request_id": storable(details.request_id),
        "message": storable(details.message),
        "raw": storable(details.raw),
        "snapshot": storable(details.snapshot),
    }


_TRIES = SENDING_AGAIN | {Event.REMOVAL_BEGUN}
"""Events from which on a request may take effect in Kantata."""
_WITHOUT_ERROR = frozenset({Event.CLAIMED, Event.KEPT, Event.STILL_THERE})


def _projected(standing: Standing, event: Event, at: datetime, details: Details) -> dict[str, Any]:
    """The columns of the invoice's row that follow its events."""
    row: dict[str, Any] = {
        "seq": standing.seq,
        "state": standing.state.value,
        "reached_by": standing.reached_by.value if standing.reached_by else "",
        "taken_back": standing.taken_back,
        "unreported": standing.unreported,
    }
    if event in _TRIES:
        row["tried_at"] = at
    if event in SENDING_AGAIN:
        row |= {"sent_at": at, "invoice_id": None}
    if details.invoice_id is not None:
        row["invoice_id"] = details.invoice_id
    if event in _WITHOUT_ERROR:
        row["error"] = None
    elif event not in REMARKS:
        row["error"] = storable(details.message)
    return row


# Built once: to build them for each invoice takes longer than the disk.
_OWN = sa.and_(
    INVOICES.c.account == sa.bindparam("known_account"), INVOICES.c.reference == sa.bindparam("known_reference")
)
_STANDING = sa.select(
    INVOICES.c.state, INVOICES.c.reached_by, INVOICES.c.taken_back, INVOICES.c.seq, INVOICES.c.unreported
).where(_OWN)
_ADD_EVENT = EVENTS.insert()
_ADD_INVOICE = INVOICES.insert()
_CHANGE_INVOICE = INVOICES.update().where(_OWN, INVOICES.c.seq == sa.bindparam("known_seq"))
