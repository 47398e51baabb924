"""A machine that was cut off within a transaction holds up the others for seconds, and is named."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from plans import ACCOUNT, BATCH, SOURCE, fees
from test_lease import SLEEPS

from importer.ledger import opening
from importer.ledger.database import IN_USE
from importer.ledger.opening import open_ledger
from importer.ledger.server import Presence, connection_ended, key_of
from importer.model.errors import LedgerProblem, LockedByAnother

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import sqlalchemy as sa
    from conftest import Postgresql

    from importer.ledger.ledger import SubmissionLedger


@pytest.fixture
def machine(postgresql: Postgresql) -> Iterator[Callable[[], SubmissionLedger]]:
    """Return what gives the ledger as one more machine has it."""
    ledgers: list[SubmissionLedger] = []

    def more() -> SubmissionLedger:
        ledgers.append(open_ledger(postgresql.url, ACCOUNT))
        return ledgers[-1]

    yield more
    for ledger in ledgers:
        ledger.close()


def engine_of(ledger: SubmissionLedger) -> sa.Engine:
    """Return how a machine reaches the database."""
    return ledger._engine  # noqa: SLF001 - sessions of the very settings are meant


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Return what changes a setting of the sessions that are opened from then on."""
    return lambda name, value: monkeypatch.setitem(opening.SESSION, name, value)


@contextmanager
def cut_off(ledger: SubmissionLedger) -> Iterator[sa.Connection]:
    """As if the machine of a run was cut off within a claim: the server keeps its transaction open."""
    connection = engine_of(ledger).connect()
    connection.exec_driver_sql("SELECT * FROM run_locks FOR SHARE")
    yield connection
    connection.invalidate()
    connection.close()


def test_who_holds_up_the_lock_is_named(
    machine: Callable[[], SubmissionLedger], session: Callable[[str, str], None], postgresql: Postgresql
) -> None:
    """Who ends the lock, or wants it once it has ended, does not hang without a word."""
    session("lock_timeout", "200ms")
    first, second = machine(), machine()
    with first.exclusive("run-1"):
        assert postgresql.ask(SLEEPS)
        with cut_off(first) as connection:
            process = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar()
            with pytest.raises(LedgerProblem, match=r"open transaction of invoice-importer .*@") as caught:
                second.unlock()
            with pytest.raises(LedgerProblem, match=f"process {process}"), second.exclusive("run-2"):
                pass
    assert caught.value.code == IN_USE
    assert "Run the command again" in caught.value.hint
    assert f"pg_terminate_backend({process})" in caught.value.hint


def test_a_claim_that_waits_for_another_one_ends(
    machine: Callable[[], SubmissionLedger], session: Callable[[str, str], None]
) -> None:
    """The same invoice is claimed in a transaction that stays open: the second claim says so, and is none."""
    session("lock_timeout", "200ms")
    first, second = machine(), machine()
    [planned] = fees(1)
    with engine_of(first).connect() as connection:
        connection.exec_driver_sql("LOCK TABLE invoice_events IN EXCLUSIVE MODE")
        with pytest.raises(LedgerProblem, match="did not become free") as caught:
            second.claim(planned, "run-2", BATCH, SOURCE)
    assert caught.value.code == IN_USE
    assert second.entries([planned.reference or ""]) == {}


def test_the_server_ends_the_transaction_of_a_machine_that_was_cut_off(
    machine: Callable[[], SubmissionLedger], session: Callable[[str, str], None]
) -> None:
    """The others wait until then, and go on; what was open is not done."""
    session("idle_in_transaction_session_timeout", "300ms")
    first, second = machine(), machine()
    with first.exclusive("run-1"), cut_off(first):
        second.unlock()
        with second.exclusive("run-2"):
            assert second.claim(fees(1)[0], "run-2", BATCH, SOURCE) is not None


def test_those_who_wait_outlast_a_machine_that_was_cut_off(
    machine: Callable[[], SubmissionLedger],
) -> None:
    """What the server does with a session, whatever it has as its own."""
    with engine_of(machine()).connect() as connection:
        sent = connection.connection.driver_connection.info.get_parameters()  # type: ignore[union-attr]
        shown = {name: connection.exec_driver_sql(f"SHOW {name}").scalar() for name in opening.SESSION}
    assert shown == {
        "synchronous_commit": "on",
        "lock_timeout": "30s",
        "idle_in_transaction_session_timeout": "20s",
        "statement_timeout": "5min",
    }
    assert opening.IDLE_SECONDS < opening.BUSY_SECONDS
    alive = {name: sent[name] for name in ("keepalives_idle", "keepalives_interval", "keepalives_count")}
    assert alive == {"keepalives_idle": "20", "keepalives_interval": "10", "keepalives_count": "3"}


def test_the_sign_of_a_holder_comes_back(machine: Callable[[], SubmissionLedger]) -> None:
    """Its new connection cannot take the advisory lock while the server has the old one still: it tries again."""
    engine = engine_of(machine())
    with engine.connect() as old:
        old.exec_driver_sql(f"SELECT pg_advisory_lock({key_of('a token')})")
        presence = Presence(engine, "a token")
        old.invalidate()

    end = time.monotonic() + 20
    while not _ended(engine) and time.monotonic() < end:
        time.sleep(0.02)
    presence.keep()
    assert not _ended(engine)
    presence.close()


def test_an_idle_session_timeout_does_not_end_the_lock(
    machine: Callable[[], SubmissionLedger], session: Callable[[str, str], None]
) -> None:
    """A server that ends idle connections leaves that of a holder alone, long before the holder renews its lease."""
    session("idle_session_timeout", "100ms")
    first, second = machine(), machine()
    with first.exclusive("run-1"):
        time.sleep(0.5)
        with pytest.raises(LockedByAnother, match="run-1"), second.exclusive("run-2"):
            pass
        assert first.claim(fees(1)[0], "run-1", BATCH, SOURCE) is not None


def _ended(engine: sa.Engine) -> bool:
    with engine.begin() as transaction:
        return connection_ended(transaction, "a token")
