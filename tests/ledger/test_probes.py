"""Drafts of probes and what they found out are kept apart from all that is billed, in both kinds of database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from importer.ledger import probes
from importer.ledger.opening import open_ledger
from importer.ledger.schema import ACCOUNT_FACTS, META, PROBE_DRAFTS
from importer.model.errors import LedgerProblem
from importer.model.facts import Fact, FactName

if TYPE_CHECKING:
    import sqlalchemy as sa

PAYLOAD = {"invoice": {"workspace_id": 2**40, "time_entry_ids": [7], "fixed_fee_items": [{"amount": 1.75}]}}
ACCOUNT, OTHER = "https://api.mavenlink.com/api/v1", "sandbox"


def test_a_draft_is_open_until_it_is_known_to_be_gone(ledger_place: sa.URL) -> None:
    """For its own account alone; the intent needs the lock of the account."""
    ledger, other = open_ledger(ledger_place, ACCOUNT), open_ledger(ledger_place, OTHER)
    with ledger.exclusive("p1"):
        for number, state in enumerate((probes.REFUSED, probes.ABSENT, probes.DELETED, probes.LEFT)):
            ledger.probes.begin_draft(f"r{number}", PAYLOAD, "p1")
            ledger.probes.note_draft(f"r{number}", probes.CREATED, "p1", "9001")
            ledger.probes.note_draft(f"r{number}", probes.DELETING, "p1")
            [draft] = ledger.probes.open_drafts()
            assert (draft.reference, draft.workspace_id, draft.invoice_id) == (f"r{number}", 2**40, "9001")
            assert draft.payload == PAYLOAD
            assert other.probes.open_drafts() == []
            ledger.probes.note_draft(f"r{number}", state, "p1")
            assert ledger.probes.open_drafts() == []
        with pytest.raises(LedgerProblem):
            ledger.probes.begin_draft("r9", PAYLOAD, "another run")
    assert ledger.probes.open_drafts() == []
    assert (ledger.runs(), ledger.health().invoices) == ([], 0)
    ledger.close()
    other.close()


def test_of_each_fact_the_newest_counts(ledger_place: sa.URL) -> None:
    """In the order in which they are shown, whatever Kantata said in it."""
    ledger = open_ledger(ledger_place, ACCOUNT)
    ledger.probes.note_facts([Fact(FactName.LIST_LAG, "5.0", "late", "probe 1"), Fact(FactName.CENTS, "cut", "lost")])
    ledger.probes.note_facts([Fact(FactName.CENTS, "kept", "all is kept\x00\ud83d", "probe 2")])
    facts = ledger.probes.facts()
    assert [(name, fact.value, fact.source) for name, fact in facts.items()] == [
        (FactName.CENTS, "kept", "probe 2"),
        (FactName.LIST_LAG, "5.0", "probe 1"),
    ]
    assert all(fact.found_at is not None for fact in facts.values())
    ledger.close()


def test_an_older_ledger_gets_room_for_them(ledger_place: sa.URL) -> None:
    """One of the third version has neither table."""
    ledger = open_ledger(ledger_place, ACCOUNT)
    with ledger._engine.begin() as connection:  # noqa: SLF001 - made to what the third version was
        for table in (PROBE_DRAFTS, ACCOUNT_FACTS):
            table.drop(connection)
        connection.execute(META.update().where(META.c.name == "schema_version").values(value="3"))
    ledger.close()

    ledger = open_ledger(ledger_place, ACCOUNT)
    assert (ledger.probes.facts(), ledger.probes.open_drafts()) == ({}, [])
    ledger.close()


def test_a_draft_of_an_older_program_is_known_still(ledger_place: sa.URL) -> None:
    """The fourth version did not keep what was sent."""
    ledger = open_ledger(ledger_place, ACCOUNT)
    with ledger.exclusive("p1"):
        ledger.probes.begin_draft("r1", PAYLOAD, "p1")
    with ledger._engine.begin() as connection:  # noqa: SLF001 - made to what the fourth version was
        connection.exec_driver_sql(f"ALTER TABLE {PROBE_DRAFTS.name} DROP COLUMN payload")
        connection.execute(META.update().where(META.c.name == "schema_version").values(value="4"))
    ledger.close()

    ledger = open_ledger(ledger_place, ACCOUNT)
    [draft] = ledger.probes.open_drafts()
    assert (draft.reference, draft.workspace_id, draft.payload) == ("r1", 2**40, None)
    ledger.close()
