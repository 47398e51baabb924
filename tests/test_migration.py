"""A ledger of an older version is brought forwards and keeps everything that it knew."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from plans import BATCH, SOURCE, fee, hours, invoice, plan, replan

from importer.ledger.opening import open_ledger
from importer.ledger.schema import METADATA, MIGRATIONS, SCHEMA_VERSION
from importer.ledger.undoing import DONE
from importer.model.answers import Outcome, OutcomeKind
from importer.model.invoices import ItemType
from importer.model.plans import Status

if TYPE_CHECKING:
    import sqlalchemy as sa

VERSION_1 = Path(__file__).with_name("files") / "ledger_v1.sql"
ACCOUNT = "https://api.mavenlink.com/api/v1"
RUN = "20261031-090000-1a2b"
TABLES = ("runs", "invoices", "attempts", "billed_items")


def rows_of(place: sa.URL) -> dict[str, list[tuple[Any, ...]]]:
    """Return all rows of all tables, from outside."""
    connection: Any
    if place.drivername == "sqlite":
        connection = sqlite3.connect(place.database or "")
    else:
        connection = psycopg.connect(place.set(drivername="postgresql").render_as_string(hide_password=False))
    found = {name: sorted(connection.execute(f"SELECT * FROM {name}").fetchall(), key=str) for name in TABLES}  # noqa: S608
    connection.close()
    return found


def kept(after: dict[str, list[tuple[Any, ...]]], before: dict[str, list[tuple[Any, ...]]]) -> bool:
    """Tell whether all rows are what they were; what a later version added stands at the end: nothing, or an id."""
    return all(
        len(after[name]) == len(rows)
        and all(
            new[: len(old)] == old and set(new[len(old) :]) <= {None, "9001"}
            for new, old in zip(after[name], rows, strict=True)
        )
        for name, rows in before.items()
    )


@pytest.fixture
def version_1(ledger_place: sa.URL) -> sa.URL:
    """Return the place of a ledger as version 1 wrote it; it knew SQLite only, PostgreSQL has the same tables."""
    return laid(VERSION_1, ledger_place)


def laid(dump: Path, ledger_place: sa.URL) -> sa.URL:
    """Put an older ledger, dumped from SQLite, into the place."""
    text = dump.read_text(encoding="utf-8")
    if ledger_place.drivername == "sqlite":
        Path(ledger_place.database or "").parent.mkdir()
        connection = sqlite3.connect(ledger_place.database or "")
        connection.executescript(text)
        connection.close()
        return ledger_place
    text = text.replace("DATETIME", "TIMESTAMP").replace("id INTEGER NOT NULL", "id SERIAL NOT NULL")
    address = ledger_place.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as there:
        there.execute(f"{text}; SELECT setval('attempts_id_seq', 5)")  # type: ignore[arg-type]
    return ledger_place


def test_version_1_is_brought_forwards_and_keeps_everything(version_1: sa.URL) -> None:
    """Every row of every table is what it was; the version is the program's."""
    before = rows_of(version_1)
    assert [len(rows) for rows in before.values()] == [1, 5, 5, 1]
    ledger = open_ledger(version_1, ACCOUNT)
    assert kept(rows_of(version_1), before)
    with ledger._engine.connect() as connection:  # noqa: SLF001 - the setting of the very connection is meant
        assert connection.exec_driver_sql("SELECT value FROM ledger_meta").scalar() == str(SCHEMA_VERSION)
    ledger.close()
    open_ledger(version_1, ACCOUNT).close()
    assert kept(rows_of(version_1), before)


def test_what_version_1_knew_still_holds(version_1: sa.URL) -> None:
    """Created, rejected, not sent, in doubt and left sending: each is treated as ever; new ones can be claimed."""
    ledger = open_ledger(version_1, ACCOUNT)
    planned = plan(
        invoice(fee(101, "500", row=2, notes="Größe"), hours(4105101001, row=3), key="created"),
        invoice(fee(102, "10.50", row=4, notes="Größe"), key="rejected"),
        invoice(fee(103, "3", row=5, notes="Größe"), key="not sent"),
        invoice(fee(104, "4", row=6, notes="Größe"), key="doubt"),
        invoice(fee(105, "5", row=7, notes="Größe"), key="sending"),
        invoice(hours(4105101001, row=8), key="new"),
    )
    again = replan(planned, ledger)
    assert [one.status for one in again] == [
        Status.ALREADY_CREATED,
        Status.READY,
        Status.READY,
        Status.IN_DOUBT,
        Status.IN_DOUBT,
        Status.HELD,
    ]
    assert again[0].invoice_id == "9001"
    assert (ItemType.TIME_ENTRY, 4105101001) in ledger.live_by_item([(ItemType.TIME_ENTRY, 4105101001)])
    assert [one.key for one in ledger.unsettled()] == ["doubt", "sending"]
    [run] = ledger.runs()
    assert (run.run_id, run.who, run.amount, run.exit_code) == (RUN, "anna@office", "522.50", 8)
    assert run.by_status == {"created": 1, "rejected": 1, "not_sent": 1, "in_doubt": 2}
    with ledger.exclusive("run-2"):
        claim = ledger.claim(planned[1], "run-2", BATCH, SOURCE)
        assert claim is not None
        assert claim.attempt == 6
    ledger.close()


def test_earlier_attempts_learn_their_ids(ledger_place: sa.URL) -> None:
    """Created, undone, created again: each run has the id of its own invoice, also where the ledger did not say so."""
    ledger = open_ledger(ledger_place, ACCOUNT)
    [one] = plan(invoice(fee(101, "5", row=2), key="twice"))
    for run, number in (("run-1", "9001"), ("run-2", "9002")):
        claim = ledger.claim(one, run, BATCH, SOURCE)
        assert claim is not None
        ledger.settle(claim, Outcome(OutcomeKind.CREATED, invoice_id=number))
        if run == "run-1":
            [sent] = ledger.undoing.sent_in(run)
            ledger.undoing.conclude(sent, "undo-1", DONE, "gone", ledger.undoing.intend(sent, "undo-1", "delete"))
    with ledger._engine.begin() as connection:  # noqa: SLF001 - what is on the disk is meant
        connection.exec_driver_sql("ALTER TABLE attempts DROP COLUMN invoice_id")
        connection.exec_driver_sql("ALTER TABLE runs DROP COLUMN planned")
        connection.exec_driver_sql("UPDATE ledger_meta SET value = '6' WHERE name = 'schema_version'")
    ledger.close()
    ledger = open_ledger(ledger_place, ACCOUNT)
    told = [[(each.invoice_id, each.since) for each in ledger.attempts_of_run(run)] for run in ("run-1", "run-2")]
    assert told == [[("9001", ("undone", "sent again in run run-2"))], [("9002", ())]]
    ledger.close()


def test_approvals_of_what_was_undone_are_used_up(ledger_place: sa.URL) -> None:
    """Version 4 did not note uses: one whose invoice was undone since is good no more; one given after that is."""
    ledger = open_ledger(ledger_place, ACCOUNT)
    [one] = plan(invoice(fee(101, "5", row=2)))

    def approve(name: str, reference: str | None) -> None:
        ledger.approvals.record(
            batch=BATCH, sha256=name, file_name=name, plan_hash="h", plan={"invoices": {reference: "x"}}
        )

    approve("before", one.reference)
    approve("another", "inv-other")
    claim = ledger.claim(one, "run-1", BATCH, SOURCE)
    assert claim is not None
    ledger.settle(claim, Outcome(OutcomeKind.CREATED, invoice_id="9001"))
    [sent] = ledger.undoing.sent_in("run-1")
    ledger.undoing.conclude(sent, "undo-1", DONE, "gone", ledger.undoing.intend(sent, "undo-1", "delete"))
    approve("after", one.reference)
    with ledger._engine.begin() as connection:  # noqa: SLF001 - what is on the disk is meant
        for step in (
            "DROP TABLE approval_uses",
            "ALTER TABLE invoices DROP COLUMN expected",
            "ALTER TABLE attempts DROP COLUMN invoice_id",
            "ALTER TABLE runs DROP COLUMN planned",
            "UPDATE ledger_meta SET value = '4' WHERE name = 'schema_version'",
        ):
            connection.exec_driver_sql(step)
    ledger.close()
    ledger = open_ledger(ledger_place, ACCOUNT)
    assert {one.file_name: one.ended for one in ledger.approvals.of(BATCH, "")} == {
        "before": ("undone", "undo-1"),
        "another": None,
        "after": None,
    }
    ledger.close()


def test_a_migrated_ledger_has_the_tables_of_a_new_one(version_1: sa.URL) -> None:
    """Nothing that a new ledger has is missing."""
    import sqlalchemy

    ledger = open_ledger(version_1, ACCOUNT)
    inspector = sqlalchemy.inspect(ledger._engine)  # noqa: SLF001 - what is on the disk is meant
    for table in METADATA.sorted_tables:
        columns = {column["name"] for column in inspector.get_columns(table.name)}
        assert columns == set(table.columns.keys()), table.name
        indexes = {index["name"] for index in inspector.get_indexes(table.name)}
        assert indexes >= {index.name for index in table.indexes}, table.name
    ledger.close()


def test_many_may_open_an_old_ledger_at_once(version_1: sa.URL) -> None:
    """One of them migrates; nobody fails."""
    failures, gate = [], threading.Barrier(6)

    def run() -> None:
        gate.wait()
        try:
            open_ledger(version_1, ACCOUNT).close()
        except Exception as error:  # noqa: BLE001 - a person gets a sentence, whatever failed
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(rows_of(version_1)["invoices"]) == 5


def test_every_version_has_its_step() -> None:
    """From the first version to the program's, none is left out."""
    assert sorted(MIGRATIONS) == list(range(2, SCHEMA_VERSION + 1))
