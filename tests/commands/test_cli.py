"""The program as its users meet it: a process with arguments, a terminal, exit codes and files."""

from __future__ import annotations

import os
import pty
import select
import signal
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sheets import column

from importer.sandbox.faults import Fault, FaultKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from programs import Cli, Finished, Running

    from importer.sandbox.running import Sandbox

CREATED, REJECTED, NOT_SENT, IN_DOUBT, ALREADY = "created", "rejected", "not_sent", "in_doubt", "already_created"


def posts(sandbox: Sandbox) -> int:
    """Return how many POSTs the stand-in has received."""
    return len(sandbox.received("POST"))


def until(condition: Callable[[], bool], seconds: float = 120) -> None:
    """Wait for something that is about to happen."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.005)


# --- exit codes ---


def signalled(number: int) -> Callable[[Cli, Sandbox], Any]:
    """Return a case that is interrupted while the first of three requests is under way."""

    def case(cli: Cli, sandbox: Sandbox) -> Any:
        sandbox.misbehave(Fault(FaultKind.SLOW_AFTER, seconds=1))
        running = cli.start("submit", cli.fees(3), "--yes", "--json")
        until(lambda: posts(sandbox) == 1)
        running.signal(number)
        return running.wait()

    return case


def with_faults(*faults: Fault, count: int = 5, **env: str) -> Callable[[Cli, Sandbox], Any]:
    """Return a case that submits some invoices to a server that misbehaves."""

    def case(cli: Cli, sandbox: Sandbox) -> Any:
        sandbox.misbehave(*faults)
        return cli.run("submit", cli.fees(count), "--yes", "--json", **env)

    return case


def hidden_project(cli: Cli, _sandbox: Sandbox) -> Any:
    """Project 111 hides its finances from the token; offline nobody knows before sending."""
    rows = [{"workspace_id": number, "amount": 5} for number in (101, 111, 102)]
    return cli.run("submit", cli.sheet(*rows), "--yes", "--json", "--offline")


STATUS = FaultKind.STATUS_BEFORE
CASES: dict[str, tuple[int, list[str] | None, Callable[[Cli, Sandbox], Any]]] = {
    "all sent": (0, [CREATED] * 2, with_faults(count=2)),
    "wrong settings": (2, None, with_faults(IMPORTER_PACE_PER_SECOND="fast")),
    "no file": (2, None, lambda cli, _: cli.run("submit", "missing.xlsx", "--yes", "--json")),
    "problems": (
        3,
        [NOT_SENT] * 2,
        lambda cli, _: cli.run(
            "submit",
            cli.sheet({"amount": 0}, {"amount": 5, "invoice_key": "b"}),
            "--yes",
            "--json",
        ),
    ),
    "a rejection": (
        4,
        [CREATED, REJECTED, CREATED, CREATED, CREATED],
        with_faults(Fault(STATUS, status=422, after=1)),
    ),
    "the token refused": (5, [CREATED] + [NOT_SENT] * 4, with_faults(Fault(STATUS, status=401, after=1))),
    "a project refused": (5, [CREATED, REJECTED, CREATED], hidden_project),
    "throttled too long": (6, [CREATED] + [NOT_SENT] * 4, with_faults(Fault(STATUS, status=429, after=1, times=99))),
    "nobody there": (
        6,
        [NOT_SENT] * 2,
        lambda cli, _: cli.run(
            "submit",
            cli.fees(2),
            "--yes",
            "--json",
            "--offline",
            KANTATA_BASE_URL="http://127.0.0.1:9/api/v1",
            IMPORTER_RETRY_SECONDS="1.3",
        ),
    ),
    "one unknown": (8, [IN_DOUBT] + [CREATED] * 4, with_faults(Fault(FaultKind.DROP_AFTER))),
    "three unknown": (8, [IN_DOUBT] * 3 + [NOT_SENT] * 2, with_faults(Fault(STATUS, status=502, times=99))),
    "doubt outranks a refused token": (
        8,
        [IN_DOUBT] + [NOT_SENT] * 4,
        with_faults(Fault(FaultKind.DROP_BEFORE), Fault(STATUS, status=401, after=1)),
    ),
    "nobody said yes": (9, [NOT_SENT] * 2, lambda cli, _: cli.run("submit", cli.fees(2), "--json")),
    "SIGINT": (130, [CREATED, NOT_SENT, NOT_SENT], signalled(signal.SIGINT)),
    "SIGTERM": (143, [CREATED, NOT_SENT, NOT_SENT], signalled(signal.SIGTERM)),
}


@pytest.mark.parametrize("name", CASES)
def test_each_ending_has_its_exit_code(cli: Cli, sandbox: Sandbox, name: str) -> None:
    """One JSON document on stdout, nothing else, and in it the exit code; results for every invoice."""
    code, statuses, case = CASES[name]
    done = case(cli.at(sandbox), sandbox)
    assert done.exit_code == code, done.stderr
    assert done.document["exit_code"] == code
    assert done.document["schema_version"] == 1
    assert done.document["command"] == "submit"
    assert done.statuses == (statuses or [])
    assert done.document["totals"]["by_status"] == Counter(done.statuses)
    assert "Traceback" not in done.stderr
    if statuses is None:
        assert done.document["problems"][0]["message"]
        assert done.document["problems"][0]["hint"]
    else:
        words = [status.replace("_", " ") for status in statuses]
        assert column(done.document["files"]["results"], "Invoices", "Status") == words
        assert (done.document["files"]["to_fix"] is None) == (set(statuses) <= {CREATED, IN_DOUBT})


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_is_completed_by_the_next(cli: Cli, sandbox: Sandbox, number: int) -> None:
    """The request under way was settled, the rest is sent once by the second run, nothing by the third."""
    cli = cli.at(sandbox)
    signalled(number)(cli, sandbox)
    second = cli.run("submit", cli.folder / "october.csv", "--yes", "--json")
    assert (second.exit_code, second.statuses) == (0, [ALREADY, CREATED, CREATED])
    third = cli.run("submit", cli.folder / "october.csv", "--yes", "--json")
    assert (third.exit_code, third.statuses, posts(sandbox)) == (0, [ALREADY] * 3, 3)
    assert [one["invoice_id"] for one in third.document["invoices"]] == [str(one.id) for one in sandbox.invoices()]


def test_a_second_signal_ends_the_program_at_once_and_leaves_the_ledger_sound(cli: Cli, sandbox: Sandbox) -> None:
    """The one under way reads in doubt, the others can be sent."""
    cli = cli.at(sandbox)
    sandbox.misbehave(Fault(FaultKind.SLOW_AFTER, seconds=20))
    running = cli.start("submit", cli.fees(2), "--yes", "--json")
    until(lambda: posts(sandbox) == 1)
    running.signal(signal.SIGINT)
    until(lambda: "second signal" in running.talk())
    running.signal(signal.SIGINT)
    assert running.wait().exit_code == -signal.SIGINT
    sandbox.misbehave()
    again = cli.run("submit", cli.folder / "october.csv", "--yes", "--json")
    assert (again.exit_code, again.statuses) == (8, [IN_DOUBT, CREATED])


# --- gates ---


def test_expectations_that_do_not_match_send_nothing(cli: Cli, sandbox: Sandbox) -> None:
    """Number and total are compared to the whole sheet; a match sends."""
    cli = cli.at(sandbox)
    sheet = cli.fees(2)
    wrong = (["--expect-invoices", 3], ["--expect-total", "203.01"], ["--expect-invoices", 2, "--expect-total", 0])
    for options in wrong:
        done = cli.run("submit", sheet, "--yes", "--json", *options)
        assert (done.exit_code, done.statuses) == (9, [NOT_SENT] * 2)
        assert "expected" in done.document["invoices"][0]["error"]
    assert cli.run("submit", sheet, "--yes", "--json", "--expect-total", "a lot").exit_code == 2
    assert posts(sandbox) == 0
    assert cli.run("submit", sheet, "--yes", "--expect-invoices", 2, "--expect-total", "203.00").exit_code == 0
    assert posts(sandbox) == 2


def test_partial_sends_the_sound_invoices_only_when_asked(cli: Cli, sandbox: Sandbox) -> None:
    """Without it the whole batch is refused; the mended rest is sent later without repeating the others."""
    cli = cli.at(sandbox)
    rows = [{"amount": amount, "invoice_key": key} for key, amount in (("a", 1), ("b", 0), ("c", 3), ("b", 7))]
    sheet = cli.sheet(*rows)
    whole = cli.run("submit", sheet, "--yes", "--json")
    assert (whole.exit_code, posts(sandbox)) == (3, 0)
    part = cli.run("submit", sheet, "--yes", "--json", "--partial")
    assert (part.exit_code, part.statuses, posts(sandbox)) == (4, [CREATED, NOT_SENT, CREATED], 2)
    assert column(part.document["files"]["to_fix"], "Invoices", "amount") in ([0, 7], ["0", "7"])
    cli.sheet(*(row | {"amount": row["amount"] or 5} for row in rows))
    assert cli.run("submit", sheet, "--yes", "--json").statuses == [ALREADY, CREATED, ALREADY]
    assert posts(sandbox) == 3


# --- what leaves the machine ---


def test_offline_opens_no_connection_but_for_sending(cli: Cli, sandbox: Sandbox) -> None:
    """With --offline, preview asks nobody and submit sends POSTs and nothing else."""
    cli = cli.at(sandbox)
    sheet = cli.fees(2)
    assert cli.run("preview", sheet, "--offline", "--json").exit_code == 0
    assert sandbox.received() == []
    assert cli.run("submit", sheet, "--offline", "--yes", "--json").exit_code == 0
    assert [one.method for one in sandbox.received()] == ["POST", "POST"]


def test_preview_never_posts(cli: Cli, sandbox: Sandbox) -> None:
    """It looks references up, shows exactly what submit then sends, and changes nothing anywhere."""
    cli = cli.at(sandbox)
    sheet = cli.fees(3)
    shown = cli.run("preview", sheet, "--json")
    again = cli.run("preview", sheet, "--json")
    assert (shown.exit_code, shown.statuses, again.statuses) == (0, ["ready"] * 3, ["ready"] * 3)
    assert {one.method for one in sandbox.received()} == {"GET"}
    cli.run("submit", sheet, "--yes")
    assert [post.json for post in sandbox.received("POST")] == [one["payload"] for one in shown.document["invoices"]]
    assert cli.run("preview", sheet, "--json").statuses == [ALREADY] * 3


def assert_unchecked(shown: Finished) -> str:
    """One notice names all that was not checked; return it."""
    [notice] = [one for one in shown.document["notices"] if "Not checked" in one]
    assert all(what in notice for what in ("projects", "time entries", "invoice numbers", "earlier invoices"))
    return str(notice)


def test_an_offline_preview_says_what_was_not_checked(cli: Cli, sandbox: Sandbox) -> None:
    """It must not look like one that was checked; nor need a checked one say anything."""
    cli = cli.at(sandbox)
    assert_unchecked(cli.run("preview", cli.fees(1), "--offline", "--json"))
    assert "Not checked" not in " ".join(cli.run("preview", cli.fees(1), "--json").document["notices"])


@pytest.mark.parametrize(("options", "said"), [((), True), (("--partial",), False)])
def test_a_preview_with_problems_says_what_submit_would_do(
    cli: Cli, sandbox: Sandbox, options: tuple[str, ...], *, said: bool
) -> None:
    """Without --partial nothing would be sent, although invoices stand there as ready."""
    cli = cli.at(sandbox)
    sheet = cli.sheet(
        {"invoice_key": "k1", "amount": 5}, {"invoice_key": "k2", "amount": 6}, {"invoice_key": "k3", "amount": "x"}
    )
    shown = cli.run("preview", sheet, "--json", *options)
    words = (
        "Submit would send nothing of this file, because it has problems; with --partial it would send the 2 invoices"
    )
    assert any(words in notice for notice in shown.document["notices"]) is said
    assert cli.run("submit", sheet, "--yes", "--json", *options).exit_code == (3 if said else 4)


def test_preview_works_without_a_token_and_says_so(cli: Cli) -> None:
    """Nothing is asked; submit then refuses with exit code 2."""
    sheet = cli.fees(1)
    shown = cli.run("preview", sheet, "--json")
    assert shown.exit_code == 0
    assert "No access token" in assert_unchecked(shown)
    done = cli.run("submit", sheet, "--yes", "--json")
    assert done.exit_code == 2
    assert done.document["problems"][0]["code"] == "settings.token"


def test_preview_says_when_kantata_cannot_be_asked(cli: Cli, sandbox: Sandbox) -> None:
    """The plan is shown all the same; submit sends nothing then."""
    cli = cli.at(sandbox)
    for status, code in ((401, 5), (503, 6)):
        sandbox.misbehave(Fault(STATUS, method="GET", status=status, times=99))
        shown = cli.run("preview", cli.fees(1), "--json")
        assert (shown.exit_code, shown.statuses) == (0, ["ready"])
        assert str(status) in " ".join(shown.document["notices"])
        assert_unchecked(shown)
        done = cli.run("submit", cli.fees(1), "--yes", "--json")
        assert (done.exit_code, done.statuses, posts(sandbox)) == (code, [NOT_SENT], 0)


def test_an_address_that_is_not_the_api_s_is_said(cli: Cli, sandbox: Sandbox) -> None:
    """Running again later would not help; the address is to be mended."""
    cli = cli.at(sandbox)
    done = cli.run("submit", cli.fees(1), "--yes", "--json", KANTATA_BASE_URL=sandbox.base_url.removesuffix("/api/v1"))
    assert done.exit_code == 6
    assert "KANTATA_BASE_URL: it ends in /api/v1" in done.document["notices"][-1]
    assert "later" not in done.document["notices"][-1]


# --- what is said where ---


def test_from_cold_stdout_is_data_and_stderr_is_talk(cli: Cli, sandbox: Sandbox) -> None:
    """``python -m importer`` itself: JSON on stdout; with --quiet nothing; without either the tables."""
    cli = cli.at(sandbox)
    done = cli.cold("submit", cli.fees(2), "--yes", "--json")
    assert (done.exit_code, done.statuses, done.stderr) == (0, [CREATED] * 2, "")
    quiet = cli.run("submit", cli.folder / "october.csv", "--yes", "--quiet")
    assert (quiet.exit_code, quiet.stdout, quiet.stderr) == (0, "", "")
    shown = cli.run("submit", cli.folder / "october.csv", "--yes")
    assert "already created" in shown.stdout
    assert shown.stderr == ""


ERRORS = {
    "missing file": (2, ["preview", "missing.xlsx"]),
    "no workbook": (3, ["preview", "october.pdf"]),
    "a folder": (2, ["preview", "."]),
    "unknown batch option": (2, ["submit", "october.csv", "--expect-total", "x"]),
    "missing settings file": (2, ["preview", "october.csv", "--config", "missing.toml"]),
    "missing profile": (2, ["preview", "october.csv", "--profile", "nobody"]),
    "reports in a file": (2, ["preview", "october.csv", "--reports", "october.csv"]),
    "unknown run": (2, ["history", "nobody"]),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors_are_a_document_too(cli: Cli, name: str) -> None:
    """With --json: code, message and hint in the one document; the sentence on stderr; no traceback."""
    code, argv = ERRORS[name]
    cli.fees(1)
    (cli.folder / "october.pdf").write_text("%PDF")
    done = cli.run(*argv, "--json")
    assert (done.exit_code, done.document["exit_code"]) == (code, code)
    [problem] = [one for one in done.document["problems"] if one["severity"] == "error"]
    assert problem["message"]
    assert problem["hint"]
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", ["text", "folder", "newer"])
def test_a_ledger_that_cannot_be_used_ends_before_sending(cli: Cli, sandbox: Sandbox, name: str) -> None:
    """Exit code 2, the ledger named, no traceback, zero POSTs."""
    cli = cli.at(sandbox)
    sheet = cli.fees(1)
    cli.ledger.parent.mkdir()
    if name == "text":
        cli.ledger.write_text("no ledger " * 1000)
    elif name == "folder":
        cli.ledger.mkdir()
    else:
        import sqlite3

        cli.run("preview", sheet)
        connection = sqlite3.connect(cli.ledger)
        connection.execute("UPDATE ledger_meta SET value = '99'")
        connection.commit()
        connection.close()
    before = posts(sandbox)
    done = cli.run("submit", sheet, "--yes", "--json")
    assert (done.exit_code, posts(sandbox)) == (2, before)
    assert done.document["problems"][0]["code"].startswith("ledger.")
    assert str(cli.ledger) in done.document["problems"][0]["message"]
    assert "Traceback" not in done.stderr


def test_runs_of_the_sandbox_are_said_to_lie_apart(cli: Cli, sandbox: Sandbox) -> None:
    """History, undo and history of a run name where the run lies, and how to get there."""
    assert cli.run("submit", cli.fees(1), "--yes", "--sandbox").exit_code == 0
    [record] = cli.run("history", "--sandbox", "--json").document["records"]
    run = record["run_id"]
    env = {"KANTATA_TOKEN": "another"}  # the stand-in's own is the word “sandbox”, which is then hidden
    listed = cli.at(sandbox).run("history", **env)
    assert "Not shown: 1 run of the sandbox (add --sandbox)." in listed.stderr
    for argv in (("history", run), ("undo", run, "--yes"), ("undo", run[:12], "--yes"), ("undo", "last", "--yes")):
        done = cli.at(sandbox).run(*argv, **env)
        assert done.exit_code == 2
        assert "of the sandbox (add --sandbox)" in " ".join(done.stderr.split())
    assert cli.run("undo", run, "--yes", "--sandbox").exit_code == 0


def test_history_tells_what_became_of_each_run(cli: Cli, sandbox: Sandbox) -> None:
    """All runs, then the invoices of one; as tables and as JSON."""
    cli = cli.at(sandbox)
    run = cli.run("submit", cli.fees(2), "--yes", "--json").document["run_id"]
    [record] = cli.run("history", "--json").document["records"]
    assert (record["run_id"], record["by_status"], record["exit_code"]) == (run, {CREATED: 2}, 0)
    entries = cli.run("history", run, "--json").document["records"]
    assert [one["invoice_id"] for one in entries] == [str(one.id) for one in sandbox.invoices()]
    listed = cli.run("history").stdout
    assert run in listed.replace("\n", "")
    assert "EUR 203.00 (2)" in listed
    cli.run("undo", run, "--yes")
    assert "EUR" not in cli.run("history").stdout


def test_commands_end_with_the_next_step(cli: Cli, sandbox: Sandbox) -> None:
    """Also those after which there is nothing to type."""
    at = cli.at(sandbox)
    assert at.run("template", "new.xlsx").stderr.splitlines()[-1] == (
        "Next: fill it in, then invoice-importer preview new.xlsx"
    )
    assert at.run("reconcile").stderr.splitlines()[-1] == "Next: nothing is left to do."
    assert at.run("doctor").stderr.splitlines()[-1].startswith("Next: ")
    assert at.run("doctor", "--json").stderr == ""


def test_history_tells_of_each_run_what_that_run_did(cli: Cli, sandbox: Sandbox) -> None:
    """Undone and sent again: the first run keeps its own ids and is marked as undone, the second has its own."""
    cli = replace(cli.at(sandbox), env={**cli.at(sandbox).env, "IMPORTER_SETTLE_SECONDS": "0"})
    sheet = cli.fees(2)
    first = cli.run("submit", sheet, "--yes", "--json").document
    assert cli.run("undo", "last", "--yes").exit_code == 0
    second = cli.run("submit", sheet, "--yes", "--json").document
    for run, since in ((first, ["undone", f"sent again in run {second['run_id']}"]), (second, [])):
        entries = cli.run("history", run["run_id"], "--json").document["records"]
        assert [one["invoice_id"] for one in entries] == [one["invoice_id"] for one in run["invoices"]]
        assert [one["since"] for one in entries] == [since] * 2
    runs = cli.run("history", "--json").document["records"]
    assert [(one["by_status"], one["undone"]) for one in runs] == [({CREATED: 2}, 0), ({CREATED: 2}, 2)]
    assert "2 undone since" in cli.run("history", COLUMNS="200").stdout


def test_history_takes_a_run_as_undo_does(cli: Cli, sandbox: Sandbox) -> None:
    """By its id, the beginning of it, or as the last one that sent anything; else it says what is wrong."""
    cli = cli.at(sandbox)
    run = cli.run("submit", cli.fees(1), "--yes", "--json").document["run_id"]
    cli.run("submit", cli.fees(2), "--json")  # refused: nobody could be asked
    for name in (run, run[:-2], "last"):
        done = cli.run("history", name)
        assert (done.exit_code, f"Invoices that run {run} sent" in done.stderr) == (0, True)
    assert "Several runs" in cli.run("history", "20").stderr
    assert f"Did you mean {run}?" in cli.run("history", f"{run}9").stderr


def test_history_tells_what_was_settled_since(cli: Cli, sandbox: Sandbox) -> None:
    """In doubt in its run, then found in Kantata: its id is shown, and that it was found later."""
    cli = replace(cli.at(sandbox), env={**cli.at(sandbox).env, "IMPORTER_SETTLE_SECONDS": "0"})
    sandbox.misbehave(Fault(FaultKind.DROP_AFTER))
    run = cli.run("submit", cli.fees(1), "--yes", "--json").document["run_id"]
    cli.run("reconcile")
    [entry] = cli.run("history", run, "--json").document["records"]
    assert (entry["outcome"], entry["since"]) == ("unknown", ["found in Kantata"])
    assert entry["invoice_id"] == str(sandbox.invoices()[0].id)


def test_the_embedded_stand_in_remembers(cli: Cli) -> None:
    """--sandbox says loudly what it is, needs no token, and knows its invoices the next time."""
    sheet = cli.fees(2)
    first = cli.run("submit", sheet, "--sandbox", "--yes", "--json")
    assert (first.exit_code, first.statuses) == (0, [CREATED] * 2)
    assert "SANDBOX" in first.stderr
    second = cli.run("submit", sheet, "--sandbox", "--yes", "--json")
    assert (second.exit_code, second.statuses) == (0, [ALREADY] * 2)


def test_the_sandbox_command_serves_until_it_is_stopped(cli: Cli) -> None:
    """It prints its address and token, one invoice goes there, SIGTERM ends it with 0."""
    running: Running = cli.start("sandbox", "--port", "0", "--store", "store.sqlite", PYTHONUNBUFFERED="1")
    until(lambda: "KANTATA_TOKEN=" in running.said() and running.said().endswith("\n"))
    env = dict(line.split("=", 1) for line in running.said().split())
    assert cli.run("submit", cli.fees(1), "--yes", "--json", **env).statuses == [CREATED]
    running.signal(signal.SIGTERM)
    assert running.wait().exit_code == 0


# --- a person at a terminal ---


class Terminal:
    """A person's terminal with the program in it."""

    def __init__(self, cli: Cli, *argv: object) -> None:
        """Start the program in it."""
        self._terminal, self._inside = pty.openpty()
        name = os.ttyname(self._inside)
        self._program = cli.start(*argv, terminal=name, TERM="xterm", COLUMNS="160")
        self.shown = ""

    def read_until(self, words: str) -> None:
        """Read what is shown until the words come."""
        until(lambda: self._read() and (words in self.shown or self._program.ended))
        assert words in self.shown, self.shown

    def type(self, text: str) -> None:
        """Type, as on a keyboard."""
        os.write(self._terminal, text.encode())

    def end(self) -> int:
        """Wait for the end; return the exit code."""
        until(lambda: self._read() and self._program.ended)
        self._read()
        os.close(self._inside)
        os.close(self._terminal)
        return self._program.wait().exit_code

    def _read(self) -> bool:
        while select.select([self._terminal], [], [], 0)[0]:
            try:
                self.shown += os.read(self._terminal, 65536).decode(errors="replace")
            except OSError:  # the other side is closed
                break
        return True


@pytest.mark.parametrize(
    ("answer", "code", "sent"), [("yes\n", 0, 2), ("no\n", 9, 0), ("y\nno\n", 9, 0), ("\x03", 130, 0)]
)
def test_a_person_is_asked_before_anything_is_sent(
    cli: Cli,
    sandbox: Sandbox,
    answer: str,
    code: int,
    sent: int,
) -> None:
    """What will happen is said, then only a typed yes sends; y asks once more; the page is printed once."""
    cli = cli.at(sandbox)
    terminal = Terminal(cli, "submit", cli.fees(2))
    terminal.read_until("Type yes to send")
    assert "2 drafts will be created: EUR 203.00 (2)." in terminal.shown
    assert posts(sandbox) == 0
    terminal.type(answer)
    assert terminal.end() == code, terminal.shown
    assert posts(sandbox) == sent
    assert terminal.shown.count("Control totals") == 1
    assert len(list(Path(cli.env["IMPORTER_REPORTS"]).glob("*-results.xlsx"))) == 1
    [run] = cli.run("history", "--json").document["records"]
    assert (run["exit_code"], run["by_status"]) == (code, {CREATED: 2} if sent else {NOT_SENT: 2})


def test_a_question_about_an_undo_can_be_broken_off(cli: Cli, sandbox: Sandbox) -> None:
    """Ctrl-C at it: nothing was undone, and that is what is said."""
    cli = cli.at(sandbox)
    cli.run("submit", cli.fees(1), "--yes")
    terminal = Terminal(cli, "undo", "last")
    terminal.read_until("Type yes to undo")
    terminal.type("\x03")
    assert terminal.end() == 130, terminal.shown
    assert "Nothing was undone" in terminal.shown
    assert "sent" not in terminal.shown.split("Type yes to undo")[1]
    assert len(sandbox.invoices()) == 1


def test_a_submit_that_had_nothing_to_send_says_so(cli: Cli, sandbox: Sandbox) -> None:
    """The table alone looks like that of the first time; history names the file without its folders."""
    here, sheet = cli.at(sandbox), cli.fees(2)
    assert "Nothing was sent" not in here.run("submit", sheet, "--yes").stdout
    again = here.run("submit", sheet, "--yes")
    assert "Nothing was sent: each of the 2 invoices was created before." in again.stdout
    told = here.run("history", COLUMNS="80").stdout
    assert ("october.csv" in told, "/october.csv" in told) == (True, False)


def test_a_file_alone_is_previewed(cli: Cli, sandbox: Sandbox) -> None:
    """Who gives only the file wants to see it; nothing is sent, and the next step stands there with what was given."""
    sheet = cli.fees(2)
    done = cli.at(sandbox).run(sheet, "--batch", "Q 4")
    assert (done.exit_code, posts(sandbox)) == (0, 0)
    assert "2 drafts would be created: EUR 203.00 (2)." in done.stdout
    assert done.stdout.rstrip().endswith(f'Next: invoice-importer submit {sheet} --batch "Q 4"')


def test_without_a_command_the_first_steps_are_shown(cli: Cli) -> None:
    """Not only the list of commands: where to begin."""
    done = cli.run(COLUMNS="100")
    assert "invoice-importer preview FILE" in done.stdout + done.stderr


def test_undo_and_history_show_currency_title_and_total(cli: Cli, sandbox: Sandbox) -> None:
    """Time has no amount in the sheet: what Kantata makes of it is what matters; no line is cut at 60 columns."""
    cli = cli.at(sandbox)
    time = {"item_type": "time_entry", "item_id": 5101001}
    sheet = cli.sheet(time, {"workspace_id": 106, "amount": 500})
    sent = cli.run("submit", sheet, "--yes", "--json").document
    total = sent["invoices"][0]["read_back"]["total"]
    listed = cli.run("history", "last", COLUMNS="60").stdout
    assert max(map(len, listed.splitlines())) <= 60
    assert "USD 500.00" in listed
    assert "Bäckerei" in listed
    done = cli.run("undo", "last", "--yes", COLUMNS="200")
    assert "project 106 Brand refresh Harbor & Pine Coffee, invoice" in done.stdout
    assert f"EUR {total}" in done.stdout.replace(",", "")
    assert "Undone: 2 (EUR" in done.stdout
    assert "submit" in done.stderr.splitlines()[-1]
    assert max(map(len, cli.run("history", COLUMNS="60").stdout.splitlines())) <= 60
