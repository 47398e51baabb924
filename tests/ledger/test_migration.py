"""A ledger of an older version is brought forwards when it is opened, by one of all who open it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import sqlalchemy
from plans import BATCH, SOURCE, fees, replan

from importer.ledger import schema
from importer.ledger.opening import open_ledger
from importer.model.answers import Outcome, OutcomeKind
from importer.model.plans import Status

if TYPE_CHECKING:
    import pytest
    import sqlalchemy as sa

ACCOUNT = "https://api.mavenlink.com/api/v1"


def add_colour(connection: sa.Connection) -> None:
    """Make the second version of the schema."""
    connection.exec_driver_sql("ALTER TABLE runs ADD COLUMN colour TEXT")


def test_an_older_ledger_is_brought_forwards_once_and_keeps_everything(
    ledger_place: sa.URL, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Six open it at once: one of them migrates, nobody fails, and what it knew still holds."""
    ledger, [one] = open_ledger(ledger_place, ACCOUNT), fees(1)
    claim = ledger.claim(one, "run-1", BATCH, SOURCE)
    assert claim is not None
    ledger.note_outcome(claim, Outcome(OutcomeKind.CREATED, invoice_id="9001"))
    ledger.close()
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, add_colour))
    failures, gate = [], threading.Barrier(6)

    def run() -> None:
        gate.wait()
        try:
            open_ledger(ledger_place, ACCOUNT).close()
        except Exception as error:  # noqa: BLE001 - a person gets a sentence, whatever failed
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    ledger = open_ledger(ledger_place, ACCOUNT)
    inspector = sqlalchemy.inspect(ledger._engine)  # noqa: SLF001 - what is on the disk is meant
    assert "colour" in {column["name"] for column in inspector.get_columns("runs")}
    assert ledger.health().version == str(schema.current_version())
    assert [planned.status for planned in replan((one,), ledger)] == [Status.ALREADY_CREATED]
    ledger.close()
