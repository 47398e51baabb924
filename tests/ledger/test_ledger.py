"""The ledger: an intent is on disk before the act, a claim is given once, and nothing is forgotten."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule
from plans import ACCOUNT, BATCH, SOURCE, fee, fees, hours, invoice, plan, replan, sender, totals
from scripted import Scripted, created

from importer.ledger import opening
from importer.ledger.database import os_user
from importer.ledger.opening import ledger_url, open_ledger
from importer.ledger.recorded_plan import RecordedPlan
from importer.model.answers import Outcome, OutcomeKind
from importer.model.errors import LedgerProblem
from importer.model.invoices import ExternalReference, ItemType, UnsoundInvoice
from importer.model.lifecycle import State
from importer.model.plans import PlannedInvoice, Status
from importer.model.problems import Problem
from importer.settings.redaction import redacted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from programs import Cli

    from importer.kantata.client import KantataApi
    from importer.ledger.ledger import SubmissionLedger
    from importer.ledger.rows import Claim
    from importer.model.remembered import LedgerEntry

STATE_AFTER = {
    OutcomeKind.CREATED: "created",
    OutcomeKind.REJECTED: "rejected",
    OutcomeKind.REFUSED_FOR_NOW: "not_sent",
    OutcomeKind.TOKEN_REFUSED: "not_sent",
    OutcomeKind.UNKNOWN: "in_doubt",
}
"""What users are told of the invoice after each outcome."""
FREE = {"rejected", "not_sent", None}


def outcome_of(kind: OutcomeKind, invoice_id: str = "9001") -> Outcome:
    """Return an outcome of a kind."""
    return Outcome(kind, "words", 200, "r1", "raw", invoice_id=invoice_id if kind is OutcomeKind.CREATED else None)


def claimed(ledger: SubmissionLedger, one: PlannedInvoice, run: str = "run-1") -> Claim:
    """Claim an invoice that is free."""
    claim = ledger.claim(one, run, BATCH, SOURCE)
    assert claim is not None
    return claim


@pytest.fixture
def sql(tmp_path: Path, ledger: SubmissionLedger) -> Iterator[sqlite3.Connection]:
    """Return a look into the ledger's file, from outside."""
    assert ledger.runs() == []
    connection = sqlite3.connect(tmp_path / "ledger.sqlite", isolation_level=None)
    yield connection
    connection.close()


# --- intents and outcomes ---


def test_the_intent_is_committed_while_the_request_is_under_way(
    connect: Callable[..., KantataApi],
    ledger: SubmissionLedger,
    tmp_path: Path,
) -> None:
    """Another process that looks while the server has the request, and not yet answered, sees ``sending``."""
    seen: list[tuple[Any, ...]] = []

    def look(_request: object) -> bytes:
        other = sqlite3.connect(tmp_path / "ledger.sqlite")
        seen.extend(other.execute("SELECT state, invoice_id, run_id FROM invoices"))
        seen.extend(other.execute("SELECT event, run_id FROM invoice_events"))
        other.close()
        return created(9001)

    with Scripted([look]) as server:
        sender(connect(server.base_url), ledger).send_all(fees(1))
    assert seen == [("sending", None, "run-1"), ("claimed", "run-1")]
    assert [entry.state for entry in ledger.entries_of_run("run-1")] == [State.EXISTS]


def test_what_is_committed_survives_a_power_cut(ledger: SubmissionLedger) -> None:
    """WAL with full sync: every commit is on disk before it returns."""
    with ledger._engine.connect() as connection:  # noqa: SLF001 - the setting of the very connection is meant
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"


@pytest.mark.parametrize("kind", list(OutcomeKind))
def test_each_outcome_leaves_its_state(ledger: SubmissionLedger, sql: sqlite3.Connection, kind: OutcomeKind) -> None:
    """State, id, request id and Kantata's words; the attempt keeps status and raw body; only a sure no frees it."""
    [one] = fees(1)
    ledger.note_outcome(claimed(ledger, one), outcome_of(kind))
    entry = ledger.entries([one.reference or ""])[one.reference or ""]
    assert (entry.standing.word, entry.error) == (STATE_AFTER[kind], "words")
    assert entry.invoice_id == ("9001" if kind is OutcomeKind.CREATED else None)
    query = "SELECT event, http_status, request_id, message, raw FROM invoice_events ORDER BY seq"
    claim = ("claimed", None, None, None, None)
    assert sql.execute(query).fetchall() == [claim, (kind.value, 200, "r1", "words", "raw")]
    free = STATE_AFTER[kind] in FREE
    assert (ledger.claim(one, "run-2", BATCH, SOURCE) is not None) == free
    assert len(sql.execute("SELECT 1 FROM invoice_events").fetchall()) == (3 if free else 2)


def test_a_row_left_sending_reads_in_doubt_and_is_not_given_again(ledger: SubmissionLedger, tmp_path: Path) -> None:
    """As after a crash: no claim for it, not by another process either, and the plan says in doubt."""
    planned = fees(2)
    claimed(ledger, planned[0])
    ledger.close()
    after = open_ledger(tmp_path / "ledger.sqlite", ACCOUNT)
    assert [one.status for one in replan(planned, after)] == [Status.IN_DOUBT, Status.READY]
    assert after.claim(planned[0], "run-2", BATCH, SOURCE) is None
    after.close()


def test_a_second_claim_waits_for_the_outcome_of_the_first(ledger: SubmissionLedger) -> None:
    """None while it is under way; given again after a rejection."""
    [one] = fees(1)
    first = claimed(ledger, one)
    assert ledger.claim(one, "run-2", BATCH, SOURCE) is None
    ledger.note_outcome(first, outcome_of(OutcomeKind.REJECTED))
    assert claimed(ledger, one, "run-2").standing.seq == first.standing.seq + 2


# --- several at once ---


def test_a_new_ledger_may_be_opened_by_many_at_once(tmp_path: Path) -> None:
    """Whoever comes second finds the tables, or waits for them; nobody fails."""
    for attempt in range(5):
        failures: list[Exception] = []
        gate = threading.Barrier(6)

        def run(path: Path, gate: threading.Barrier, failures: list[Exception]) -> None:
            gate.wait()
            try:
                open_ledger(path, "a").close()
            except Exception as error:  # noqa: BLE001 - told below
                failures.append(error)

        threads = [
            threading.Thread(target=run, args=(tmp_path / f"{attempt}.sqlite", gate, failures)) for _ in range(6)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []


# --- what it holds back ---


def test_a_sheet_edited_after_billing_is_held(ledger: SubmissionLedger) -> None:
    """Same reference, other content: a person decides."""
    [one] = plan(invoice(fee(amount="500"), key="A"))
    ledger.note_outcome(claimed(ledger, one), outcome_of(OutcomeKind.CREATED))
    [edited] = replan(plan(invoice(fee(amount="501"), key="A")), ledger)
    assert (edited.status, edited.invoice_id) == (Status.HELD, "9001")
    assert "Changed since it was billed" in (edited.reason or "")
    assert "its amount was 500.00, now it is 501.00" in (edited.reason or "")
    [reworded] = replan(plan(invoice(fee(amount="500", notes="other"), key="A")), ledger)
    assert "the texts, amounts or tax marks of its fixed fees" in (reworded.reason or "")
    assert replan(plan(invoice(fee(amount="500"), key="A")), ledger)[0].status is Status.ALREADY_CREATED


@pytest.mark.parametrize("kind", list(OutcomeKind))
def test_an_entry_of_another_invoice_is_held_while_that_one_may_exist(
    ledger: SubmissionLedger,
    kind: OutcomeKind,
) -> None:
    """A time entry billed, or perhaps billed, is not billed again; a rejected invoice lets it go."""
    [one] = plan(invoice(hours(5101001), hours(2**40), key="A"))
    ledger.note_outcome(claimed(ledger, one), outcome_of(kind))
    for allow in (False, True):
        [other] = replan(plan(invoice(hours(2**40), fee(), key="B")), ledger, allow_repeats=allow)
        live = STATE_AFTER[kind] not in FREE
        assert other.status is (Status.HELD if live else Status.READY)
        assert not live or str(2**40) in (other.reason or "")


def test_the_same_content_in_another_batch_is_held_unless_repeats_are_allowed(ledger: SubmissionLedger) -> None:
    """A retainer billed anew each month looks like a duplicate; only a person knows."""
    [one] = plan(invoice(key="A"))
    ledger.note_outcome(claimed(ledger, one), outcome_of(OutcomeKind.CREATED))
    november = plan(invoice(key="A"), batch="2026-11")
    [held] = replan(november, ledger)
    assert (held.status, "--allow-repeats" in (held.what_to_do or "")) == (Status.HELD, True)
    assert replan(november, ledger, allow_repeats=True)[0].status is Status.READY


def test_the_same_content_in_doubt_is_held_even_when_repeats_are_allowed(ledger: SubmissionLedger) -> None:
    """It may exist; settle that one first."""
    [one] = plan(invoice(key="A"))
    ledger.note_outcome(claimed(ledger, one), outcome_of(OutcomeKind.UNKNOWN))
    assert replan(plan(invoice(key="A"), batch="2026-11"), ledger, allow_repeats=True)[0].status is Status.HELD


def test_accounts_do_not_see_each_other(ledger: SubmissionLedger, tmp_path: Path) -> None:
    """One file, two accounts: what one billed does not hold the other back."""
    planned = plan(invoice(hours(5101001), key="A"))
    ledger.note_outcome(claimed(ledger, planned[0]), outcome_of(OutcomeKind.CREATED))
    ledger.begin_run("run-1", BATCH, SOURCE, totals(planned))
    other = open_ledger(tmp_path / "ledger.sqlite", "https://api.mavenlink.com/api/v1")
    assert replan(planned, other)[0].status is Status.READY
    assert (other.runs(), other.entries_of_run("run-1")) == ([], [])
    claimed(other, planned[0])
    other.close()


def test_an_adopted_invoice_is_created_in_the_ledger(ledger: SubmissionLedger) -> None:
    """Found at Kantata: known from now on; adopting it twice changes nothing."""
    planned = fees(1)
    ledger.adopt(planned[0], "77", "run-1", BATCH, SOURCE)
    ledger.adopt(planned[0], "78", "run-2", BATCH, SOURCE)
    [known] = replan(planned, ledger)
    assert (known.status, known.invoice_id) == (Status.ALREADY_CREATED, "77")


def test_runs_are_remembered_newest_first(ledger: SubmissionLedger) -> None:
    """With who, file, totals and how they ended; a killed run has no end."""
    planned = fees(2)
    ledger.begin_run("run-1", BATCH, SOURCE, totals(planned))
    ledger.begin_run("run-2", BATCH, SOURCE, totals(planned))
    ledger.end_run("run-1", {Status.CREATED: 2}, 0)
    second, first = ledger.runs()
    assert (first.run_id, first.by_status, first.exit_code) == ("run-1", {"created": 2}, 0)
    assert (second.run_id, second.finished_at, second.exit_code) == ("run-2", None, None)
    assert (first.invoices, first.amount, first.path) == (2, str(totals(planned).amount), SOURCE.path)
    assert (first.finished_at or first.started_at) >= first.started_at


def test_the_plan_of_a_run_is_kept_as_it_was(ledger: SubmissionLedger) -> None:
    """Every field of every kind of invoice, and what there was to say of the file; but for what was sent."""
    reference = ExternalReference("erp", "Invoice", "7", locked=True)
    fields: dict[str, Any] = {"invoice_date": date(2026, 10, 31), "user_invoice_number": 7, "message": "Danke"}
    whole = invoice(fee(amount="12.50"), hours(2**40), key="A", external_reference=reference, **fields)
    ready, held = plan(whole, invoice(key="B"))
    held = replace(held, status=Status.HELD, reason="why", what_to_do="what", invoice_id="9", earlier_id="9")
    faulty = UnsoundInvoice(None, (101,), (4, 5), Decimal("1.5"), lacks_amounts=True)
    unsound = PlannedInvoice(faulty, Status.NOT_SENT, reason="errors")
    problem = Problem("amount.fraction", "message", "hint", "Sheet", "F4", 4, "amount", "1.555", rows=(4, 5))
    meant = RecordedPlan((ready, held, unsound), (problem,), ("a notice",))
    ledger.begin_run("run-1", BATCH, SOURCE, totals((ready, held)), (), meant)
    without = tuple(replace(planned, payload=None) for planned in meant.planned)
    assert ledger.plan_of_run("run-1") == replace(meant, planned=without)
    [run] = ledger.runs()
    assert run.planned == {ready.reference: ready.fingerprint, held.reference: held.fingerprint}


# --- ledgers that cannot be used ---


def test_a_newer_ledger_is_refused_and_left_alone(tmp_path: Path) -> None:
    """A schema of a later version: a polite refusal, not a change of the file's content."""
    path = tmp_path / "l.sqlite"
    open_ledger(path, "a").close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE ledger_meta SET value = '99'")
        connection.execute("DROP TABLE invoice_events")
    connection.close()
    with pytest.raises(LedgerProblem, match="newer version") as caught:
        open_ledger(path, "a")
    assert (caught.value.code, int(caught.value.exit_code)) == ("ledger.newer", 2)
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'invoice_events'").fetchone() == (0,)
    connection.close()


def spoilt(folder: Path) -> dict[str, Path]:
    """Make things that are no ledger."""
    (folder / "text").write_text("This is a letter, not a database. " * 100)
    open_ledger(folder / "half", "a").close()
    whole = (folder / "half").read_bytes()
    (folder / "half").write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    (folder / "folder").mkdir()
    (folder / "file").write_text("")
    open_ledger(folder / "odd version", "a").close()
    with sqlite3.connect(folder / "odd version") as connection:
        connection.execute("UPDATE ledger_meta SET value = 'soon'")
    connection.close()
    places = {name: folder / name for name in ("text", "half", "folder", "odd version")}
    return places | {"below a file": folder / "file" / "l.sqlite"}


@pytest.mark.parametrize("name", ["text", "half", "folder", "odd version", "below a file"])
def test_what_is_no_ledger_is_refused_with_its_name(tmp_path: Path, name: str) -> None:
    """A LedgerProblem that names the file and the remedy, exit code 2."""
    path = spoilt(tmp_path)[name]
    with pytest.raises(LedgerProblem) as caught:
        open_ledger(path, "a").entries(["inv-1"])
    assert str(path) in caught.value.message or name == "half"
    assert caught.value.hint
    assert int(caught.value.exit_code) == 2


def test_a_read_only_ledger_is_refused(unprivileged: Path) -> None:
    """Before anything is sent: the ledger could not note it."""
    path = unprivileged / "l.sqlite"
    open_ledger(path, "a").close()
    path.chmod(0o400)
    unprivileged.chmod(0o500)
    ledger: SubmissionLedger | None = None
    try:
        with pytest.raises(LedgerProblem, match=r"readonly|read-only|cannot"):
            ledger = open_ledger(path, "a")
    finally:
        unprivileged.chmod(0o700)
        if ledger is not None:
            ledger.close()


def test_a_folder_that_cannot_be_written_is_refused(unprivileged: Path) -> None:
    """No place for the ledger's file: named, with the setting that mends it."""
    unprivileged.chmod(0o500)
    with pytest.raises(LedgerProblem, match="cannot be created") as caught:
        open_ledger(unprivileged / "l.sqlite", "a")
    unprivileged.chmod(0o700)
    assert "IMPORTER_LEDGER" in caught.value.hint


def test_another_kind_of_database_is_refused_by_name() -> None:
    """An address is a path, sqlite:///path or PostgreSQL; a password in it is not repeated."""
    with pytest.raises(LedgerProblem, match="mysql") as caught:
        ledger_url("mysql://user:sekret@host/db")
    assert "sekret" not in caught.value.message + caught.value.hint
    assert ledger_url("sqlite:////tmp/l.sqlite").database == "/tmp/l.sqlite"  # noqa: S108 - a name only
    assert ledger_url("~/l.sqlite").database == str(Path.home() / "l.sqlite")
    assert ledger_url("").database == str(Path.home() / "data" / "invoice-importer" / "ledger.sqlite")


# --- against a model ---

BEGUN = "SELECT count(*) FROM invoice_events WHERE event IN ('claimed', 'adopted')"
KEYS = st.sampled_from("ABC")
VARIANTS = st.sampled_from([("100", 5101001), ("200", 5101001), ("100", 5101002), ("300", None)])


def word_of(entry: LedgerEntry) -> str:
    """What became of an invoice; one under way is told apart from one in doubt."""
    return "sending" if entry.state is State.SENDING else entry.standing.word


def drawn(key: str, variant: tuple[str, int | None], batch: str) -> PlannedInvoice:
    """Return an invoice of a few possible contents."""
    amount, entry = variant
    lines = (fee(amount=amount), *([] if entry is None else [hours(entry)]))
    [one] = plan(invoice(*lines, key=key), batch=batch)
    return one


class LedgerAgainstModel(RuleBasedStateMachine):
    """Any order of claims, outcomes, crashes and adoptions: the ledger says what a simple dictionary says."""

    claims: Bundle[tuple[Claim, str]] = Bundle("claims")

    @initialize()
    def begin(self) -> None:
        """Open an empty ledger."""
        self.folder = tempfile.TemporaryDirectory()
        self.ledger = open_ledger(Path(self.folder.name) / "l.sqlite", "a")
        self.known: dict[str, dict[str, Any]] = {}
        self.attempts = 0

    @rule(target=claims, key=KEYS, variant=VARIANTS, batch=st.sampled_from(["2026-10", "2026-11"]))
    def claim(self, key: str, variant: tuple[str, int | None], batch: str) -> Any:
        """A claim is given exactly when the invoice surely does not exist."""
        one = drawn(key, variant, batch)
        reference = one.reference or ""
        claim = self.ledger.claim(one, "run", batch, SOURCE)
        free = self.known.get(reference, {"state": None})["state"] in FREE
        assert (claim is not None) == free
        if claim is None:
            return multiple()
        self.attempts += 1
        self.known[reference] = {"state": "sending", "fingerprint": one.fingerprint, "item": variant[1], "id": None}
        return (claim, reference)

    @rule(claim=consumes(claims), kind=st.sampled_from(list(OutcomeKind)), number=st.integers(1, 2**40))
    def settle(self, claim: tuple[Claim, str], kind: OutcomeKind, number: int) -> None:
        """An outcome ends a claim."""
        self.ledger.note_outcome(claim[0], outcome_of(kind, str(number)))
        self.known[claim[1]] |= {
            "state": STATE_AFTER[kind],
            "id": str(number) if kind is OutcomeKind.CREATED else None,
        }

    @rule(claim=consumes(claims))
    def forget(self, claim: tuple[Claim, str]) -> None:
        """The process died with the claim: nobody will ever settle it."""

    @rule(key=KEYS, variant=VARIANTS, number=st.integers(1, 2**40))
    def adopt(self, key: str, variant: tuple[str, int | None], number: int) -> None:
        """An invoice found at Kantata; what may exist already is left as it is."""
        one = drawn(key, variant, "2026-10")
        self.ledger.adopt(one, str(number), "run", "2026-10", SOURCE)
        if self.known.get(one.reference or "", {"state": None})["state"] in FREE:
            self.attempts += 1
            self.known[one.reference or ""] = {
                "state": "created",
                "fingerprint": one.fingerprint,
                "item": variant[1],
                "id": str(number),
            }

    @rule()
    def reopen(self) -> None:
        """A new process opens the same file."""
        self.ledger.close()
        self.ledger = open_ledger(Path(self.folder.name) / "l.sqlite", "a")

    @invariant()
    def agrees(self) -> None:
        """Entries, look-ups by content and by item, and the number of attempts."""
        found = self.ledger.entries(self.known)
        said = {reference: (word_of(entry), entry.fingerprint, entry.invoice_id) for reference, entry in found.items()}
        assert said == {name: (one["state"], one["fingerprint"], one["id"]) for name, one in self.known.items()}
        live = {reference: one for reference, one in self.known.items() if one["state"] not in FREE}
        contents = {one["fingerprint"] for one in self.known.values()}
        by_content = self.ledger.live_by_fingerprint(contents)
        assert {entry.reference for entries in by_content.values() for entry in entries} == set(live)
        items = [(ItemType.TIME_ENTRY, item) for item in (5101001, 5101002)]
        by_item = self.ledger.live_by_item(items)
        assert {item for _, item in by_item} == {one["item"] for one in live.values()} - {None}
        assert all(live[entry.reference]["item"] == item for (_, item), entry in by_item.items())

    def teardown(self) -> None:
        """Count the attempts, then clean up."""
        if not hasattr(self, "ledger"):
            return
        self.ledger.close()
        with sqlite3.connect(Path(self.folder.name) / "l.sqlite") as connection:
            [(count,)] = connection.execute(BEGUN)
        connection.close()
        self.folder.cleanup()
        assert count == self.attempts


TestLedgerAgainstModel = LedgerAgainstModel.TestCase
TestLedgerAgainstModel.settings = settings(
    max_examples=15,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


def test_a_ledger_that_is_opened_again_keeps_its_locks(tmp_path: Path) -> None:
    """As the app does for each page: else another program deletes the log that this one writes into.

    POSIX drops all locks of a process on a file when the process closes the file, through whatever descriptor.
    """
    path = tmp_path / "ledger.sqlite"
    first = open_ledger(path, "a")
    open_ledger(path, "a").close()
    looks = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT * FROM runs').fetchall(); c.close()"
    )
    subprocess.run([sys.executable, "-c", looks, str(path)], check=True, timeout=60)
    assert path.with_name("ledger.sqlite-wal").exists()
    first.close()


def test_a_ledger_that_is_a_folder_or_another_file_is_said(tmp_path: Path) -> None:
    """With its path and what to set instead; another file is not touched."""
    with pytest.raises(LedgerProblem, match="is a folder") as caught:
        open_ledger(tmp_path, "a")
    assert str(tmp_path / "ledger.sqlite") in caught.value.hint
    (letter := tmp_path / "letter.txt").write_text("Dear Anna, " * 100)
    with pytest.raises(LedgerProblem, match="is not a database") as caught:
        open_ledger(letter, "a")
    assert str(letter) in caught.value.message
    assert "IMPORTER_LEDGER" in caught.value.hint
    assert [one.name for one in tmp_path.iterdir()] == ["letter.txt"]


def test_a_damaged_ledger_says_what_can_be_done(tmp_path: Path) -> None:
    """With the two ways on: a copy, or without it what Kantata knows."""
    path = tmp_path / "ledger.sqlite"
    open_ledger(path, "a").close()
    with path.open("r+b") as file:
        file.seek(100)
        file.write(b"\xff" * 3000)
    with pytest.raises(LedgerProblem, match="is damaged") as caught:
        open_ledger(path, "a")
    assert "Restore a copy" in caught.value.hint
    assert "move it aside" in caught.value.hint


@pytest.mark.skipif(os.name != "posix", reason="owners are named there")
@pytest.mark.parametrize("closed", ["ledger.sqlite", ""])
def test_a_ledger_of_another_user_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, closed: str) -> None:
    """The file or its folder: whose it is, who you are, and what to do; not “attempt to write a readonly database”."""
    open_ledger(tmp_path / "ledger.sqlite", "a").close()
    shut = tmp_path / closed
    monkeypatch.setattr(opening.os, "access", lambda path, mode: not (path == shut and mode & os.W_OK))
    monkeypatch.setattr(Path, "owner", lambda _: "berta")
    with pytest.raises(LedgerProblem, match=f"{shut} belongs to the user berta and") as caught:
        open_ledger(tmp_path / "ledger.sqlite", "a")
    assert f"({os_user()})" in caught.value.message
    assert "writable for you" in caught.value.hint
    assert (caught.value.code, caught.value.exit_code) == ("ledger.unwritable", 2)


def test_the_hint_about_a_bad_address_shows_its_example(cli: Cli) -> None:
    """It holds no secret, so none is hidden; a real login still is."""
    done = cli.run("history", IMPORTER_LEDGER="mysql://anna:sekret77@db.example/ledger")
    assert (done.exit_code, "postgresql+psycopg://user@host/database" in done.stderr) == (2, True)
    assert "sekret77" not in done.stderr
    assert redacted("see postgresql://anna:sekret77@db.example/x") == "see postgresql://(hidden)@db.example/x"
