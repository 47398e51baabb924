"""A ledger of an older version is brought forwards when it is opened, by one of all who open it."""

from __future__ import annotations

import threading
from datetime import date
from typing import TYPE_CHECKING

import sqlalchemy
from plans import BATCH, SOURCE, fee, fees, invoice, plan, replan

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


NEW_INDEXES = {index.name for table in schema.METADATA.sorted_tables for index in table.indexes}
FOUND_BY = "SELECT reference, place, dated_place, number FROM invoices ORDER BY reference"


def test_an_older_ledger_gets_what_its_indexes_need(ledger_place: sa.URL, monkeypatch: pytest.MonkeyPatch) -> None:
    """Place, date and number of each invoice are filled from what was sent, in parts, and each index is there."""
    monkeypatch.setattr(schema, "ROWS_AT_ONCE", 2)
    days = [date(2026, 10, day) for day in (1, 2, 3)]
    dated = [invoice(fee(101 + n), invoice_date=day, user_invoice_number=n) for n, day in enumerate(days, 1)]
    planned = plan(*dated, invoice(fee(109), key="K"), invoice(fee(101), fee(102), key="L"))
    ledger = open_ledger(ledger_place, ACCOUNT)
    for one in planned:
        assert ledger.claim(one, "run-1", BATCH, SOURCE) is not None
    with ledger._engine.begin() as connection:  # noqa: SLF001 - made to what the second version was
        filled = connection.exec_driver_sql(FOUND_BY).all()
        for name in NEW_INDEXES:
            connection.exec_driver_sql(f"DROP INDEX {name}")
        for column in ("place", "dated_place", "number"):
            connection.exec_driver_sql(f"ALTER TABLE invoices DROP COLUMN {column}")
        connection.exec_driver_sql("CREATE INDEX invoices_by_batch ON invoices (account, batch)")
        connection.exec_driver_sql("UPDATE ledger_meta SET value = '2'")
    ledger.close()

    ledger = open_ledger(ledger_place, ACCOUNT)
    with ledger._engine.begin() as connection:  # noqa: SLF001 - what is on the disk is meant
        assert connection.exec_driver_sql(FOUND_BY).all() == filled
        inspector = sqlalchemy.inspect(connection)
        made = {index["name"] for table in inspector.get_table_names() for index in inspector.get_indexes(table)}
        assert NEW_INDEXES - made == set()
    assert len({row.place for row in filled}) == len(filled)
    assert sorted(row.number for row in filled if row.number is not None) == [1, 2, 3]
    ledger.close()


def test_what_an_older_program_writes_meanwhile_is_found(ledger_place: sa.URL) -> None:
    """It has the ledger open while a newer one brings it forwards, and knows nothing of the new columns."""
    ledger = open_ledger(ledger_place, ACCOUNT)
    planned = plan(invoice(fee(101), invoice_date=date(2026, 10, 1), user_invoice_number=7), invoice(fee(109), key="K"))
    for one in planned:
        assert ledger.claim(one, "run-1", BATCH, SOURCE) is not None
    for opened in (False, True):
        with ledger._engine.begin() as connection:  # noqa: SLF001 - as the older program writes
            filled = connection.exec_driver_sql(FOUND_BY).all()
            connection.exec_driver_sql("UPDATE invoices SET place = '', dated_place = NULL, number = NULL")
        if opened:
            open_ledger(ledger_place, ACCOUNT).close()
        else:
            with ledger.exclusive("run-2"):
                pass
        with ledger._engine.begin() as connection:  # noqa: SLF001 - what is on the disk is meant
            assert connection.exec_driver_sql(FOUND_BY).all() == filled
    ledger.close()


PARTIAL = {
    "events_of_removal",
    "inbox_files_unmoved",
    "invoices_open",
    "invoices_unreported",
    "notices_standing",
    "notices_unsent",
}


def test_an_index_of_few_rows_holds_only_these(ledger_place: sa.URL) -> None:
    """In both databases: an index of all rows would grow with the ledger, though few are ever looked for."""
    ledger = open_ledger(ledger_place, ACCOUNT)
    with ledger._engine.begin() as connection:  # noqa: SLF001 - what is on the disk is meant
        words = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
        if connection.dialect.name == "postgresql":
            words = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"
        made = connection.exec_driver_sql(words).all()
    assert {name for name, statement in made if " WHERE " in statement} == PARTIAL
    ledger.close()
