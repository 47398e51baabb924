"""Only who holds the lease of an account sends and settles, whatever became of its connection, sleep or clock."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from plans import ACCOUNT, BATCH, SOURCE, fees, sender
from scripted import Scripted, created

from importer.ledger import database, locking
from importer.ledger.locking import LOST
from importer.ledger.opening import open_ledger
from importer.model.answers import Outcome, OutcomeKind
from importer.model.errors import LedgerProblem, LockedByAnother
from importer.model.lifecycle import Event, State
from importer.model.plans import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import sqlalchemy as sa
    from conftest import Postgresql

    from importer.kantata.client import KantataApi
    from importer.ledger.ledger import SubmissionLedger

CREATED = Outcome(OutcomeKind.CREATED, invoice_id="9001")
SLEEPS = "UPDATE run_locks SET expires_at = (now() AT TIME ZONE 'utc') - interval '1 second' RETURNING 1"
"""As if the holder had not renewed its lease for long."""


@pytest.fixture
def two(postgresql: Postgresql) -> Iterator[tuple[SubmissionLedger, SubmissionLedger]]:
    """Return the ledger as two machines have it."""
    ledgers = (open_ledger(postgresql.url, ACCOUNT), open_ledger(postgresql.url, ACCOUNT))
    yield ledgers
    for ledger in ledgers:
        ledger.close()


def may_not(ledger: SubmissionLedger, run_id: str = "run-1") -> None:
    """A claim is refused, and leaves no trace."""
    [planned] = fees(1)
    with pytest.raises(LedgerProblem, match="does not hold the lock") as caught:
        ledger.claim(planned, run_id, BATCH, SOURCE)
    assert caught.value.code == LOST
    assert ledger.entries([planned.reference or ""]) == {}


def test_a_terminated_lock_ends_the_claims_of_its_holder(
    two: tuple[SubmissionLedger, SubmissionLedger], postgresql: Postgresql
) -> None:
    """The server ended its connections, another run took the lock: the first one sends no more, and deletes no lock."""
    first, second = two
    with first.exclusive("run-1"):
        postgresql.cut()
        with second.exclusive("run-2"):
            may_not(first)
            assert "run-2" in (first.holder() or "")
            assert second.claim(fees(1)[0], "run-2", BATCH, SOURCE) is not None
    assert first.holder() is None


def test_the_lock_of_another_run_is_not_deleted(
    two: tuple[SubmissionLedger, SubmissionLedger], postgresql: Postgresql
) -> None:
    """Who lost the lock gives back what it holds, and that is nothing."""
    first, second = two
    with first.exclusive("run-1"):
        postgresql.cut()
        taking = second.exclusive("run-2")
        taking.__enter__()
    assert "run-2" in (second.holder() or "")
    taking.__exit__(None, None, None)


def test_a_suspended_holder_sends_and_settles_no_more(
    two: tuple[SubmissionLedger, SubmissionLedger], postgresql: Postgresql
) -> None:
    """Its connection still stands, but its lease has ended: another run may begin, and it itself may not go on."""
    first, second = two
    doubtful, sent, _ = fees(3)
    with first.exclusive("run-1"):
        claim = first.claim(doubtful, "run-1", BATCH, SOURCE)
        assert claim is not None
        first.note_outcome(claim, Outcome(OutcomeKind.UNKNOWN, "lost"))
        claim = first.claim(sent, "run-1", BATCH, SOURCE)
        assert claim is not None
        [doubt] = first.open_questions([doubtful.reference or ""])

        assert postgresql.ask(SLEEPS)
        with pytest.raises(LedgerProblem, match="before it was renewed"):
            first.conclude(doubt, Event.ABSENT, "run-1", "not found")
        with second.exclusive("run-2"), pytest.raises(LedgerProblem, match="run-2"):
            first.conclude(doubt, Event.ABSENT, "run-1", "not found")
        assert first.open_questions([doubtful.reference or ""]), "it is in doubt still"
        first.note_outcome(claim, CREATED)  # what Kantata answered is true all the same
        assert first.entries([sent.reference or ""])[sent.reference or ""].state is State.EXISTS


def test_only_the_run_of_the_lock_may_claim(ledger_place: sa.URL) -> None:
    """A claim under the name of another run is none."""
    ledger = open_ledger(ledger_place, ACCOUNT)
    with ledger.exclusive("run-1"):
        may_not(ledger, "run-2")
    ledger.close()


def test_a_lost_lock_stops_the_run(
    connect: Callable[..., KantataApi], two: tuple[SubmissionLedger, SubmissionLedger], postgresql: Postgresql
) -> None:
    """The first invoice is under way when the machine falls asleep; the others are not sent."""
    first, _ = two

    def sleep(_request: object) -> bytes:
        assert postgresql.ask(SLEEPS)
        return created(1)

    with Scripted([sleep]) as server, first.exclusive("run-1"):
        sent = sender(connect(server.base_url), first).send_all(fees(3))
    assert [invoice.status for invoice in sent.planned] == [Status.CREATED, Status.NOT_SENT, Status.NOT_SENT]
    assert "does not hold the lock" in (sent.planned[1].reason or "")
    assert len(server.posts) == 1


def test_a_lease_is_renewed_and_its_connection_made_again(
    two: tuple[SubmissionLedger, SubmissionLedger], postgresql: Postgresql, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A holder that is alive keeps the lock, also when the server ends its idle connections."""
    monkeypatch.setattr(locking, "RENEW_SECONDS", 0.05)
    first, second = two
    ask = "SELECT expires_at FROM run_locks"
    with first.exclusive("run-1"):
        [(before,)] = postgresql.ask(ask)
        postgresql.cut()
        end = time.monotonic() + 20
        while postgresql.ask(ask) <= [(before,)] and time.monotonic() < end:
            time.sleep(0.05)
        with pytest.raises(LockedByAnother, match="run-1"), second.exclusive("run-2"):
            pass
        assert first.claim(fees(1)[0], "run-1", BATCH, SOURCE) is not None


def test_the_clock_of_the_database_counts(
    two: tuple[SubmissionLedger, SubmissionLedger], postgresql: Postgresql, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two machines whose clocks are hours apart agree on when something was sent, and on when a lease ends."""
    first, second = two
    true = datetime.now(UTC).replace(tzinfo=None)
    monkeypatch.setattr(database, "now", lambda: true + timedelta(hours=5))
    with first.exclusive("run-1"):
        first.claim(fees(1)[0], "run-1", BATCH, SOURCE)
        monkeypatch.setattr(database, "now", lambda: true - timedelta(hours=5))
        with pytest.raises(LockedByAnother, match="less than a minute"), second.exclusive("run-2"):
            pass
    [doubt] = second.open_questions()
    near = timedelta(minutes=5)
    assert abs(doubt.tried_at - true) < near
    assert abs(second.now() - true) < near
    [(at,)] = postgresql.ask("SELECT at FROM invoice_events")
    assert abs(at - true) < near


def test_the_lock_of_a_dead_machine_can_be_ended(two: tuple[SubmissionLedger, SubmissionLedger]) -> None:
    """A person says that it is dead; should it not be, it sends nothing more."""
    first, second = two
    with first.exclusive("run-1"):
        assert "run-1" in (second.holder() or "")
        second.unlock()
        assert second.holder() is None
        may_not(first)


def test_a_link_to_a_ledger_has_the_lock_of_the_ledger(tmp_path: Path) -> None:
    """One file, one lock, whatever leads to it."""
    place, link = tmp_path / "ledger.sqlite", tmp_path / "elsewhere" / "link.sqlite"
    link.parent.mkdir()
    first = open_ledger(place, ACCOUNT)
    link.symlink_to(place)
    second = open_ledger(link, ACCOUNT)
    with first.exclusive("run-1"), pytest.raises(LockedByAnother, match="run-1"), second.exclusive("run-2"):
        pass
    first.close()
    second.close()


@pytest.fixture
def pooler(postgresql: Postgresql, tmp_path: Path) -> Iterator[Callable[[str], sa.URL]]:
    """Return what starts a real pooler before the database, in a mode, and tells its address."""
    program, running = shutil.which("pgbouncer"), []
    if program is None:
        pytest.skip("PgBouncer is not installed")
    tmp_path.chmod(0o755)

    def start(mode: str) -> sa.URL:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        url = postgresql.url
        host = url.query.get("host", url.host)
        settings = (
            f"[databases]\n{postgresql.name} = host={host} port={url.port or 5432} user={url.username}\n"
            f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nauth_type = any\npool_mode = {mode}\n"
            "unix_socket_dir =\nignore_startup_parameters = extra_float_digits\n"
        )
        (tmp_path / "pgbouncer.ini").write_text(settings)
        command = [program, "-q", str(tmp_path / "pgbouncer.ini")]
        if os.getuid() == 0:  # it refuses to run as root; the server's own user may use its socket
            command += ["-u", (Path(str(host)) / f".s.PGSQL.{url.port or 5432}").owner()]
        running.append(subprocess.Popen(command))
        end = time.monotonic() + 20
        while time.monotonic() < end:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        return url.set(host="127.0.0.1", port=port, query={})

    yield start
    for process in running:
        process.terminate()
        process.wait()


@pytest.mark.parametrize("mode", ["transaction", "session"])
def test_a_pooler_in_transaction_mode_is_refused(pooler: Callable[[str], sa.URL], mode: str) -> None:
    """There a lock belongs to whichever process of the server had the transaction; one in session mode is fine."""
    ledger = open_ledger(pooler(mode), ACCOUNT)
    if mode == "session":
        with ledger.exclusive("run-1"):
            assert ledger.claim(fees(1)[0], "run-1", BATCH, SOURCE) is not None
    else:
        with pytest.raises(LedgerProblem, match="pooler") as caught, ledger.exclusive("run-1"):
            pass
        assert caught.value.code == "ledger.pooled"
    ledger.close()
