"""The ledger's rules hold in SQLite and in PostgreSQL; what only PostgreSQL can do wrong is shown too."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg
import pytest
import test_ledger as one_file
from hypothesis import HealthCheck, settings
from hypothesis.stateful import initialize, rule, run_state_machine_as_test
from plans import ACCOUNT, BATCH, SOURCE, fee, fees, hours, invoice, plan, replan, sender, totals
from scripted import Scripted, created, http

from importer.ledger.opening import ledger_url, open_ledger
from importer.model.answers import Outcome, OutcomeKind
from importer.model.errors import LedgerProblem
from importer.model.lifecycle import Event, State
from importer.model.plans import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import sqlalchemy as sa
    from conftest import Postgresql
    from programs import Cli

    from importer.kantata.client import KantataApi
    from importer.ledger.ledger import SubmissionLedger
    from importer.sandbox.running import Sandbox

claimed, outcome_of = one_file.claimed, one_file.outcome_of


@pytest.fixture
def ledger(ledger_place: sa.URL) -> Iterator[SubmissionLedger]:
    """Return a ledger, once in each kind of database."""
    opened = open_ledger(ledger_place, ACCOUNT)
    yield opened
    opened.close()


@pytest.fixture
def sql(ledger_place: sa.URL, ledger: SubmissionLedger) -> Iterator[Any]:
    """Return a look into the database from outside."""
    assert ledger.runs() == []
    if ledger_place.drivername == "sqlite":
        import sqlite3

        connection: Any = sqlite3.connect(ledger_place.database or "", isolation_level=None)
    else:
        address = ledger_place.set(drivername="postgresql").render_as_string(hide_password=False)
        connection = psycopg.connect(address, autocommit=True)
    yield connection
    connection.close()


# These rules are stated once, in test_ledger; with the fixtures above they run in both databases.
test_each_outcome_leaves_its_state = one_file.test_each_outcome_leaves_its_state
test_a_second_claim_waits = one_file.test_a_second_claim_waits_for_the_outcome_of_the_first
test_a_sheet_edited_after_billing_is_held = one_file.test_a_sheet_edited_after_billing_is_held
test_an_entry_of_another_invoice_is_held = one_file.test_an_entry_of_another_invoice_is_held_while_that_one_may_exist
test_the_same_content_is_held = one_file.test_the_same_content_in_another_batch_is_held_unless_repeats_are_allowed
test_the_same_content_in_doubt_is_held = one_file.test_the_same_content_in_doubt_is_held_even_when_repeats_are_allowed
test_an_adopted_invoice_is_created_in_the_ledger = one_file.test_an_adopted_invoice_is_created_in_the_ledger
test_runs_are_remembered_newest_first = one_file.test_runs_are_remembered_newest_first


def test_a_row_left_sending_reads_in_doubt(ledger: SubmissionLedger, ledger_place: sa.URL) -> None:
    """As after a crash: another process gets no claim, and the plan says in doubt."""
    planned = fees(2)
    claimed(ledger, planned[0])
    after = open_ledger(ledger_place, ACCOUNT)
    assert [one.status for one in replan(planned, after)] == [Status.IN_DOUBT, Status.READY]
    assert after.claim(planned[0], "run-2", BATCH, SOURCE) is None
    after.close()


def test_accounts_do_not_see_each_other(ledger: SubmissionLedger, ledger_place: sa.URL) -> None:
    """One database, two accounts."""
    planned = fees(1)
    ledger.note_outcome(claimed(ledger, planned[0]), outcome_of(OutcomeKind.CREATED))
    ledger.begin_run("run-1", BATCH, SOURCE, totals(planned))
    other = open_ledger(ledger_place, "another")
    assert replan(planned, other)[0].status is Status.READY
    assert (other.runs(), other.entries_of_run("run-1"), other.open_questions()) == ([], [], [])
    claimed(other, planned[0])
    other.close()


# --- what is in doubt ---


def test_what_is_unsettled_is_listed_with_what_was_sent(ledger: SubmissionLedger) -> None:
    """Left sending and in doubt, the oldest first; not what is settled; only those asked for, when asked."""
    planned = fees(4)
    for one, kind in zip(planned, [OutcomeKind.UNKNOWN, OutcomeKind.CREATED, None, OutcomeKind.REJECTED], strict=True):
        claim = claimed(ledger, one)
        if kind is not None:
            ledger.note_outcome(claim, outcome_of(kind))
    first, second = ledger.open_questions()
    assert [first.reference, second.reference] == [planned[0].reference, planned[2].reference]
    assert (first.payload, first.rows, first.workspace_ids) == (planned[0].payload, (2,), (101,))
    assert (first.run_id, first.batch, first.key, str(first.amount)) == ("run-1", BATCH, "k1", "100")
    assert [one.reference for one in ledger.open_questions([planned[2].reference or "", "inv-x"])] == [second.reference]
    assert ledger.open_questions([]) == []


def test_a_conclusion_settles_what_is_in_doubt_and_nothing_else(ledger: SubmissionLedger, sql: Any) -> None:
    """Found: created with its id. Absent: free again. What was settled before stays as it is. Each is on record."""
    planned = fees(3)
    for one, kind in zip(planned, [OutcomeKind.UNKNOWN, OutcomeKind.UNKNOWN, OutcomeKind.CREATED], strict=True):
        ledger.note_outcome(claimed(ledger, one), outcome_of(kind))
    names = [one.reference or "" for one in planned]
    found, absent = ledger.open_questions()
    ledger.conclude(found, Event.FOUND, "run-2", "found", "77")
    ledger.conclude(absent, Event.ABSENT, "run-2", "absent")
    for doubt, event in ((found, Event.ABSENT), (absent, Event.FOUND)):  # who comes later changes nothing
        with pytest.raises(LedgerProblem, match="Another process"):
            ledger.conclude(doubt, event, "run-3", "late", "78")
    known = ledger.entries(names)
    assert [(known[name].standing.word, known[name].invoice_id) for name in names] == [
        ("created", "77"),
        ("not_sent", None),
        ("created", "9001"),
    ]
    assert ledger.references_of(["77", "9001", "5"]) == {"77": names[0], "9001": names[2]}
    assert ledger.claim(planned[0], "run-3", BATCH, SOURCE) is None
    claimed(ledger, planned[1], "run-3")
    query = "SELECT event FROM invoice_events WHERE run_id = 'run-2' ORDER BY event"
    assert sql.execute(query).fetchall() == [("absent",), ("found",)]


@pytest.mark.parametrize("kind", [OutcomeKind.REJECTED, OutcomeKind.UNKNOWN, OutcomeKind.REFUSED_FOR_NOW])
def test_a_late_answer_does_not_overwrite_what_was_found_out(ledger: SubmissionLedger, kind: OutcomeKind) -> None:
    """A sender that comes back after a reconcile settled its invoice is refused; the ledger stays as it was."""
    [one] = fees(1)
    claim = claimed(ledger, one)
    [doubt] = ledger.open_questions()
    ledger.conclude(doubt, Event.ABSENT, "run-2", "absent")
    with pytest.raises(LedgerProblem) as caught:
        ledger.note_outcome(claim, outcome_of(kind))
    assert caught.value.code == "ledger.changed"
    assert ledger.entries([claim.reference])[claim.reference].standing.word == "not_sent"


@pytest.mark.parametrize("event", [Event.ABSENT, Event.SAID_NOT_BILLED])
def test_what_was_created_after_all_is_not_sent_again(ledger: SubmissionLedger, event: Event) -> None:
    """Lists lagged, or a person was wrong: the id that Kantata gave counts, however late its answer is noted."""
    [one] = fees(1)
    claim = claimed(ledger, one)
    [doubt] = ledger.open_questions()
    ledger.conclude(doubt, event, "run-2", "absent")
    ledger.note_reported([claim.reference], "run-2")
    ledger.note_outcome(claim, outcome_of(OutcomeKind.CREATED))
    entry = ledger.entries([claim.reference])[claim.reference]
    assert (entry.standing.word, entry.invoice_id) == ("created", "9001")
    assert ledger.claim(one, "run-3", BATCH, SOURCE) is None
    [attempt] = ledger.attempts_of_run("run-1")
    assert (attempt.outcome, attempt.invoice_id) == ("created", "9001")


def test_events_of_a_later_version_are_passed_over(ledger: SubmissionLedger, sql: Any) -> None:
    """The program is still open while a newer one writes to the same ledger: history is shown."""
    [one] = fees(1)
    claim = claimed(ledger, one)
    ledger.note_outcome(claim, outcome_of(OutcomeKind.UNKNOWN))
    [doubt] = ledger.open_questions()
    ledger.conclude(doubt, Event.NOT_FOUND, "run-2", "not found")
    sql.execute("UPDATE invoice_events SET event = 'seen_from_afar' WHERE event = 'not_found'")
    [attempt] = ledger.attempts_of_run("run-1")
    assert attempt.outcome == "unknown"


def test_a_late_answer_leaves_a_second_sending_alone(ledger: SubmissionLedger) -> None:
    """Held for absent and sent again: the first answer is not noted as that of the second request."""
    [one] = fees(1)
    claim = claimed(ledger, one)
    for again in ("run-2", "run-3"):
        [doubt] = ledger.open_questions()
        ledger.conclude(doubt, Event.ABSENT, again, "absent")
        claimed(ledger, one, again)
        with pytest.raises(LedgerProblem):
            ledger.note_outcome(claim, outcome_of(OutcomeKind.CREATED))
    [doubt] = ledger.open_questions()
    ledger.conclude(doubt, Event.ABSENT, "run-4", "absent")
    with pytest.raises(LedgerProblem):
        ledger.note_outcome(claim, outcome_of(OutcomeKind.CREATED))


@pytest.mark.parametrize("said", ["a\x00b", "half \ud800 a pair", "Straße 🧾", "x" * 20_000])
def test_whatever_a_server_says_can_be_noted(ledger: SubmissionLedger, said: str) -> None:
    """A NUL or half a surrogate in an answer must not keep its outcome from being noted."""
    [one] = fees(1)
    ledger.note_outcome(claimed(ledger, one), Outcome(OutcomeKind.REJECTED, said, 422, said[:50], said))
    entry = ledger.entries([one.reference or ""])[one.reference or ""]
    assert (entry.standing.word, (entry.error or "")[:1]) == ("rejected", said[0])
    assert ("\x00" in said) == ("\\x00" in (entry.error or ""))


def test_large_ids_and_many_references_are_kept(ledger: SubmissionLedger) -> None:
    """Ids beyond 2**31, and look-ups of more values than one statement takes."""
    [one] = plan(invoice(one_file.hours(2**62), fee(2**40), key="A"))
    ledger.note_outcome(claimed(ledger, one), outcome_of(OutcomeKind.CREATED, str(2**62)))
    many = [*(f"inv-{number}" for number in range(12_000)), one.reference or ""]
    assert set(ledger.entries(many)) == {one.reference}
    items = [(one_file.ItemType.TIME_ENTRY, number) for number in (*range(12_000), 2**62)]
    assert set(ledger.live_by_item(items)) == {(one_file.ItemType.TIME_ENTRY, 2**62)}


# --- several at once ---


def test_threads_that_claim_one_reference_get_it_once(ledger_place: sa.URL) -> None:
    """Eight ledgers, twenty references: each is given exactly once, whoever makes the tables."""
    planned, given, gate = fees(20), [], threading.Barrier(8)

    def run(number: int) -> None:
        gate.wait()
        ledger = open_ledger(ledger_place, "a")
        order = planned[number:] + planned[:number]
        given.extend(one.reference for one in order if ledger.claim(one, f"run-{number}", BATCH, SOURCE))
        ledger.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(given) == sorted(one.reference or "" for one in planned)


def test_threads_of_one_ledger_claim_and_settle_together(ledger: SubmissionLedger) -> None:
    """Thirty-two threads, the most workers there can be, share one ledger object."""
    planned, failures = fees(96), []

    def run(number: int) -> None:
        try:
            for one in planned[number::32]:
                ledger.note_outcome(claimed(ledger, one), outcome_of(OutcomeKind.CREATED, f"{number}"))
        except Exception as error:  # noqa: BLE001 - a person gets a sentence, whatever failed
            failures.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert {entry.state for entry in ledger.entries_of_run("run-1")} == {State.EXISTS}
    assert len(ledger.entries_of_run("run-1")) == 96


CLAIMER = """
import sys
sys.path.insert(0, sys.argv[2])
import sqlalchemy as sa
from plans import BATCH, SOURCE, fees
from importer.ledger.opening import open_ledger
planned = fees(10)
print("ready", flush=True)
sys.stdin.readline()
ledger = open_ledger(sa.make_url(sys.argv[1]), "a")
print(sum(ledger.claim(one, "run", BATCH, SOURCE) is not None for one in planned))
"""


@pytest.mark.slow
def test_processes_that_claim_one_reference_get_it_once(ledger_place: sa.URL) -> None:
    """The database decides, also where three make its tables together: ten claims in all, no error."""
    address = ledger_place.render_as_string(hide_password=False)
    command = [sys.executable, "-c", CLAIMER, address, str(Path(__file__).parents[1])]
    pipe = subprocess.PIPE
    started = [subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) for _ in range(3)]
    for one in started:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    for one in started:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    said = [one.communicate(timeout=300) for one in started]
    assert [errors for _, errors in said] == [""] * 3
    assert sum(int(number) for number, _ in said) == 10


def test_two_senders_of_one_plan_send_each_invoice_once(
    connect: Callable[..., KantataApi], sandbox: Sandbox, ledger_place: sa.URL
) -> None:
    """Two machines that were both let in: every reference is posted once all the same."""
    planned, sent, gate = fees(12), [], threading.Barrier(2)

    def run(number: int) -> None:
        ledger = open_ledger(ledger_place, "a")
        gate.wait()
        sent.append(sender(connect(sandbox.base_url), ledger, run=f"run-{number}", workers=4).send_all(planned))
        ledger.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(sandbox.received("POST")) == len(sandbox.invoices()) == 12
    assert sorted(one.status.value for result in sent for one in result.planned) == ["created"] * 12 + ["not_sent"] * 12


# --- against a model ---


def test_postgresql_against_the_model(postgresql: Postgresql) -> None:
    """Any order of claims, outcomes, crashes and adoptions: PostgreSQL says what a simple dictionary says."""

    class InPostgresql(one_file.LedgerAgainstModel):
        @initialize()
        def begin(self) -> None:
            self.account = uuid4().hex
            self.ledger = open_ledger(postgresql.url, self.account)
            self.known: dict[str, dict[str, Any]] = {}
            self.attempts = 0

        @rule()
        def reopen(self) -> None:
            self.ledger.close()
            self.ledger = open_ledger(postgresql.url, self.account)

        def teardown(self) -> None:
            if hasattr(self, "ledger"):
                self.ledger.close()
                query = f"{one_file.BEGUN} AND account = '{self.account}'"
                assert postgresql.ask(query) == [(self.attempts,)]

    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        InPostgresql,
        settings=settings(
            max_examples=8, stateful_step_count=20, deadline=None, suppress_health_check=[HealthCheck.too_slow]
        ),
    )


# --- a PostgreSQL that goes away ---


def test_connections_cut_between_two_steps_are_made_anew(
    connect: Callable[..., KantataApi], postgresql: Postgresql
) -> None:
    """The server restarts while a request is under way: the answer is noted over a new connection."""
    ledger = open_ledger(postgresql.url, "a")

    def answer(_request: object) -> bytes:
        postgresql.cut()
        return created(9000 + len(server.posts))

    with Scripted([answer]) as server:
        sent = sender(connect(server.base_url), ledger).send_all(fees(3))
        assert len(server.posts) == 3
    assert [one.status for one in sent.planned] == [Status.CREATED] * 3
    ledger.close()


@pytest.mark.parametrize(
    ("answer", "came"), [(created(), "9001"), (b"", None), (http(422, ""), None), (http(429, ""), None)]
)
def test_an_outcome_that_postgresql_cannot_note_is_in_doubt(
    connect: Callable[..., KantataApi], postgresql: Postgresql, answer: bytes, came: str | None
) -> None:
    """It went away in mid-request: in doubt, with the id when there is one; nothing more is sent, now or later."""
    ledger, planned = open_ledger(postgresql.url, "a"), fees(3)

    def go_away(_request: object) -> bytes:
        postgresql.go_away()
        return answer

    with Scripted([go_away, created(2), created(3)]) as server:
        sent = sender(connect(server.base_url), ledger, retry_seconds=20).send_all(planned)
        assert [one.status for one in sent.planned] == [Status.IN_DOUBT, Status.NOT_SENT, Status.NOT_SENT]
        assert (sent.planned[0].invoice_id, len(server.posts)) == (came, 1)
        assert "ledger" in (sent.planned[1].reason or "")
        postgresql.come_back()
        again = sender(connect(server.base_url), ledger, run="run-2").send_all(replan(planned, ledger))
        assert [one.status for one in again.planned] == [Status.IN_DOUBT, Status.CREATED, Status.CREATED]
        assert len(server.posts) == 3
    ledger.close()


def test_a_run_whose_postgresql_goes_away_tells_the_truth(cli: Cli, sandbox: Sandbox, postgresql: Postgresql) -> None:
    """As a process with four workers: results are written, exit 8, nothing is sent twice; later it is completed."""
    from importer.sandbox.faults import Fault, FaultKind

    cli = cli.at(sandbox)
    cli.env["IMPORTER_LEDGER"] = postgresql.address
    sandbox.misbehave(Fault(FaultKind.SLOW_AFTER, after=4, times=4, seconds=0.8))
    running = cli.start("submit", cli.fees(16), "--yes", "--json", "--workers", "4")
    end = time.monotonic() + 120
    while len(sandbox.received("POST")) < 8 and time.monotonic() < end:
        time.sleep(0.005)
    time.sleep(0.1)
    postgresql.go_away()
    done = running.wait()
    assert done.exit_code == 8, done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(done.statuses) == ["created"] * 4 + ["in_doubt"] * 4 + ["not_sent"] * 8
    assert Path(done.document["files"]["results"]).exists()
    doubtful = [one for one in done.document["invoices"] if one["status"] == "in_doubt"]
    assert {one["invoice_id"] for one in doubtful} <= {str(one.id) for one in sandbox.invoices()}
    refused = cli.run("submit", cli.folder / "october.csv", "--yes", "--json")
    assert (refused.exit_code, refused.document["problems"][0]["code"]) == (2, "ledger.unusable")
    postgresql.come_back()
    sandbox.misbehave()
    again = cli.run("submit", cli.folder / "october.csv", "--yes", "--json", IMPORTER_SETTLE_SECONDS="0")
    assert (again.exit_code, len(sandbox.received("POST"))) == (0, 16)
    assert len(sandbox.invoices()) == 16
    assert sorted(again.statuses) == ["already_created"] * 8 + ["created"] * 8


# --- addresses, drivers and secrets ---

SECRET = "sekr3t"  # noqa: S105 - a word to look for


@pytest.mark.parametrize(
    "address",
    [
        f"postgresql+psycopg://anna:{SECRET}@127.0.0.1:9/ledger",
        f"postgresql://anna@127.0.0.1:9/ledger?password={SECRET}",
        f"postgres://anna:{SECRET}@nobody.invalid/ledger",
        f"postgresql://anna:x@{SECRET}@127.0.0.1:9/ledger",
        f"postgresql://anna:{SECRET}@127.0.0.1:port/ledger",
        f"postgresql://anna:{SECRET}@127.0.0.1:9/ledger?nonsense=1",
    ],
)
def test_a_password_is_never_repeated(cli: Cli, address: str) -> None:
    """Whatever is wrong with the address or the server: exit 2, a sentence, and no password anywhere."""
    done = cli.run("history", "--json", IMPORTER_LEDGER=address)
    assert done.exit_code == 2, done.stderr
    assert done.document["problems"][0]["code"].startswith("ledger.")
    assert done.document["problems"][0]["hint"]
    assert SECRET not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_a_password_is_not_in_results_or_ledger(cli: Cli, sandbox: Sandbox, postgresql: Postgresql) -> None:
    """A whole run over an address with a password: neither talk, nor files, nor tables hold it."""
    address = postgresql.address.replace("postgres:@", f"postgres:{SECRET}@").replace("postgres@", "postgres:@")
    cli = cli.at(sandbox)
    cli.env["IMPORTER_LEDGER"] = address if SECRET in address else address + f"&password={SECRET}"
    done = cli.run("submit", cli.fees(2), "--yes")
    assert (done.exit_code, SECRET in done.stdout + done.stderr) == (0, False)
    for file in (cli.folder / "reports").iterdir():
        assert SECRET.encode() not in file.read_bytes()
        if zipfile.is_zipfile(file):
            with zipfile.ZipFile(file) as book:
                assert not any(SECRET.encode() in book.read(name) for name in book.namelist())
    for table in ("runs", "invoices", "invoice_events", "run_locks", "ledger_meta"):
        assert SECRET not in str(postgresql.ask(f"SELECT * FROM {table}"))  # noqa: S608 - names of ours


def test_without_psycopg_the_remedy_is_named() -> None:
    """The driver is an extra; a ledger in a file does not need it."""
    script = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from importer.ledger.opening import ledger_url, open_ledger\n"
        "from importer.model.errors import LedgerProblem\n"
        "try: open_ledger(ledger_url('postgresql://anna:sekr3t@127.0.0.1/ledger'), 'a')\n"
        "except LedgerProblem as error: print(error.code, error.message, error.hint)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "ledger.driver" in done.stdout
    assert "psycopg" in done.stdout
    assert "pipx inject kantata-invoice-importer" in done.stdout
    assert SECRET not in done.stdout + done.stderr


def test_a_newer_postgresql_ledger_is_refused(postgresql: Postgresql) -> None:
    """As a newer file is."""
    open_ledger(postgresql.url, "a").close()
    postgresql_update(postgresql, "UPDATE ledger_meta SET value = '99'")
    with pytest.raises(LedgerProblem, match="newer version") as caught:
        open_ledger(postgresql.url, "a")
    assert caught.value.code == "ledger.newer"


def postgresql_update(postgresql: Postgresql, command: str) -> None:
    """Change something from outside."""
    with psycopg.connect(postgresql.address.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(command)  # type: ignore[arg-type]


def test_commits_wait_for_the_disk(postgresql: Postgresql) -> None:
    """Also on a server that was set up not to."""
    postgresql_update(postgresql, f"ALTER DATABASE {postgresql.name} SET synchronous_commit TO off")
    ledger = open_ledger(ledger_url(postgresql.address), "a")
    with ledger._engine.connect() as connection:  # noqa: SLF001 - the setting of the very connection is meant
        assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == "on"
    ledger.close()


def test_of_several_invoices_with_one_item_the_newest_counts(ledger_place: sa.URL) -> None:
    """Those before it were cancelled in Kantata, or it would not have been sent: they hold nothing any more."""
    ledger = open_ledger(ledger_place, ACCOUNT)
    item, number = (one_file.ItemType.TIME_ENTRY, 5101001), 77
    for turn in range(6):
        [one] = plan(invoice(hours(item[1]), key=f"turn {turn}", user_invoice_number=number))
        claim = ledger.claim(one, f"run-{turn}", BATCH, SOURCE)
        assert claim is not None
        ledger.note_outcome(claim, Outcome(OutcomeKind.CREATED, invoice_id=f"{9001 + turn}"))
        holders = ledger.live_by_item([item])[item], ledger.live_by_number([number])[number]
        assert [one.invoice_id for one in holders] == [f"{9001 + turn}"] * 2
    ledger.close()
