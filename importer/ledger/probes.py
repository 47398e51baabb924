"""Drafts of probes, each noted before it is sent and before it is deleted; and the facts that were found out.

They are no invoices: nothing here is ever counted as billed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

import sqlalchemy as sa

from importer.ledger.database import guard, moment, storable
from importer.ledger.schema import ACCOUNT_FACTS, PROBE_DRAFTS
from importer.model.facts import Fact, FactName, ProbeDraft

SENDING, CREATED, DELETING = "sending", "created", "deleting"
"""A draft may exist: it was to be sent, it was created, it was to be deleted."""
REFUSED, ABSENT, DELETED, LEFT = "refused", "absent", "deleted", "left"
"""A draft of the probe exists no more: never created, not found, deleted, or left to a person, who took it over."""
OPEN = (SENDING, CREATED, DELETING)


class Probes:
    """What probes of one account did and found out."""

    def __init__(self, engine: sa.Engine, account: str, check: Callable[[sa.Connection, str], None]) -> None:
        """Use :attr:`SubmissionLedger.probes`. ``check`` raises LedgerProblem for a run that lost the lock."""
        self._engine, self._account, self._check = engine, account, check

    # --- drafts ---

    def begin_draft(self, reference: str, payload: dict[str, Any], probe_id: str) -> None:
        """Commit the intent to send a draft, on disk before this returns. Raises LedgerProblem."""
        with guard(), self._engine.begin() as connection:
            now = moment(connection)
            connection.execute(
                PROBE_DRAFTS.insert().values(
                    account=self._account,
                    reference=reference,
                    probe_id=probe_id,
                    workspace_id=payload["invoice"]["workspace_id"],
                    state=SENDING,
                    sent_at=now,
                    noted_at=now,
                    payload=json.dumps(payload),
                )
            )
            self._check(connection, probe_id)

    def note_draft(self, reference: str, state: str, probe_id: str, invoice_id: str | None = None) -> None:
        """Commit what became of a draft, or that it is to be deleted now. Raises LedgerProblem."""
        changes: dict[str, object] = {"state": state}
        if invoice_id is not None:
            changes["invoice_id"] = invoice_id
        with guard(), self._engine.begin() as connection:
            own = sa.and_(PROBE_DRAFTS.c.account == self._account, PROBE_DRAFTS.c.reference == reference)
            connection.execute(PROBE_DRAFTS.update().where(own).values(noted_at=moment(connection), **changes))
            if state == DELETING:
                self._check(connection, probe_id)

    def open_drafts(self) -> list[ProbeDraft]:
        """The drafts of this and of earlier probes that may exist, the oldest first. Raises LedgerProblem."""
        columns = PROBE_DRAFTS.c
        query = sa.select(columns.reference, columns.workspace_id, columns.invoice_id, columns.sent_at, columns.payload)
        query = query.where(columns.account == self._account, columns.state.in_(OPEN))
        with guard(), self._engine.connect() as connection:
            rows = connection.execute(query.order_by(columns.sent_at, columns.reference)).all()
        return [ProbeDraft(*row[:4], payload=json.loads(row.payload or "null")) for row in rows]

    # --- facts ---

    def note_facts(self, facts: Iterable[Fact]) -> None:
        """Commit what was found out; of each name the newest counts. Raises LedgerProblem."""
        table = ACCOUNT_FACTS
        with guard(), self._engine.begin() as connection:
            for fact in facts:
                own = sa.and_(table.c.account == self._account, table.c.name == fact.name.value)
                connection.execute(table.delete().where(own))
                connection.execute(
                    table.insert().values(
                        account=self._account,
                        name=fact.name.value,
                        value=storable(fact.value) or "",
                        says=storable(fact.says) or "",
                        source=fact.source,
                        found_at=moment(connection),
                    )
                )

    def facts(self) -> dict[FactName, Fact]:
        """What is known of the account, in the order in which it is shown. Raises LedgerProblem."""
        columns = ACCOUNT_FACTS.c
        query = sa.select(columns.name, columns.value, columns.says, columns.source, columns.found_at)
        with guard(), self._engine.connect() as connection:
            rows = connection.execute(query.where(columns.account == self._account)).all()
        known = {row.name: row for row in rows}
        found = {}
        for name in FactName:
            if name.value in known:
                _, *values = known[name.value]
                found[name] = Fact(name, *values)
        return found
