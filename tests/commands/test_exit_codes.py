"""The exit codes of every command, in a table; those of ``submit`` stand in test_cli.py with their outcomes."""

from __future__ import annotations

import signal
import socket
import time
from typing import TYPE_CHECKING, Any

import pytest
from filelock import FileLock
from inboxes import filled
from test_cli import CASES
from typer.main import get_command

from importer.cli import app
from importer.model.exit_codes import ExitCode
from importer.sandbox.faults import Fault, FaultKind

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from programs import Cli

    from importer.sandbox.running import Sandbox

    Case = Callable[[Cli, Sandbox], Any]

AUTO = {"IMPORTER_UNATTENDED": "true", "IMPORTER_INBOX_SETTLE_SECONDS": "0"}
NO_TOKEN = {"KANTATA_TOKEN": ""}
BROKEN = "import importer.{0} as m\ndef crash(*a, **k):\n    raise RuntimeError('planted')\nm.{1} = crash\n"


def just(*argv: str, **env: str) -> Case:
    """Return a case that runs a command line."""
    return lambda cli, _: cli.run(*argv, **env)


def crashing(module: str, name: str, *argv: str) -> Case:
    """Return a case in which a function of the program fails as no one expected."""
    return lambda cli, _: cli.start(*argv, before=BROKEN.format(module, name)).wait()


def with_sheet(*argv: str, amount: object = 5, fault: Fault | None = None, **env: str) -> Case:
    """Return a case that gives a sheet of one invoice to a command."""

    def case(cli: Cli, sandbox: Sandbox) -> Any:
        if fault is not None:
            sandbox.misbehave(fault)
        return cli.run(argv[0], cli.sheet({"amount": amount}), *argv[1:], **env)

    return case


def with_unknown_header(cli: Cli, _: Sandbox) -> Any:
    """A sheet with a column of its own."""
    (cli.folder / "own.csv").write_text("Project ID,Item type,Narrative\n101,Fixed fee,x\n", encoding="utf-8")
    return cli.run("map", "own.csv", "--offline")


def inbox_of(cli: Cli, *, total: object = "sum") -> Path:
    """An inbox with one workbook of two invoices."""
    return filled(cli.folder / "inbox" / "a.xlsx", 10, 20, total=total)


def handled(*, total: object = "sum", fault: Fault | None = None, **env: str) -> Case:
    """Return a case of run over that inbox."""

    def case(cli: Cli, sandbox: Sandbox) -> Any:
        inbox_of(cli, total=total)
        if fault is not None:
            sandbox.misbehave(fault)
        return cli.run("run", **AUTO, **env)

    return case


def run_problems(cli: Cli, _: Sandbox) -> Any:
    """A workbook with a mistake."""
    filled(cli.folder / "inbox" / "a.xlsx", "x", total=None)
    return cli.run("run", **AUTO)


def run_locked(cli: Cli, _: Sandbox) -> Any:
    """Another run has the inbox."""
    inbox_of(cli)
    with FileLock(cli.folder / "inbox" / ".invoice-importer.lock"):
        return cli.run("run", **AUTO)


def run_crash(cli: Cli, _: Sandbox) -> Any:
    """The program fails over a file."""
    inbox_of(cli)
    return cli.start("run", before=BROKEN.format("unattended.handling", "examine"), **AUTO).wait()


def in_doubt(cli: Cli, sandbox: Sandbox, kind: FaultKind = FaultKind.DROP_AFTER) -> None:
    """One invoice whose answer was lost; Kantata has it, unless it was dropped before."""
    sandbox.misbehave(Fault(kind))
    assert cli.run("submit", cli.fees(1), "--yes").exit_code == 8


def reconciled(*argv: str, kind: FaultKind = FaultKind.DROP_AFTER, **env: str) -> Case:
    """Return a case that settles it."""

    def case(cli: Cli, sandbox: Sandbox) -> Any:
        in_doubt(cli, sandbox, kind)
        return cli.run("reconcile", *argv, **env)

    return case


def while_another_sends(cli: Cli, sandbox: Sandbox) -> Any:
    """Another submit holds the lock of the account."""
    in_doubt(cli, sandbox)
    hold = "import importer.flow.submit as s, time, pathlib\n"
    hold += "def wait(*a):\n    pathlib.Path('held').touch()\n    time.sleep(600)\ns.prepare = wait\n"
    other = cli.start("submit", cli.fees(2), "--yes", before=hold)
    while not (cli.folder / "held").exists():
        time.sleep(0.02)
    done = cli.run("reconcile", IMPORTER_SETTLE_SECONDS="0")
    other.kill()
    return done


def on_taken_port(*argv: str) -> Case:
    """Return a case that serves where somebody listens already."""

    def case(cli: Cli, _: Sandbox) -> Any:
        with socket.socket() as line:
            line.bind(("127.0.0.1", 0))
            line.listen()
            return cli.run(*argv, "--port", line.getsockname()[1])

    return case


def stopped(*argv: str, says: str) -> Case:
    """Return a case that ends a command which serves, once it has said that it does: by Ctrl-C, as it is meant to."""

    def case(cli: Cli, _: Sandbox) -> Any:
        running = cli.start(*argv)
        while says not in running.said() and not running.ended:
            time.sleep(0.02)
        running.signal(signal.SIGINT)
        return running.wait()

    return case


def again(*argv: str) -> Case:
    """Return a case that runs a command line twice; the second time counts."""

    def case(cli: Cli, _: Sandbox) -> Any:
        cli.run(*argv)
        return cli.run(*argv)

    return case


def undone(*argv: str, fault: Fault | None = None, **env: str) -> Case:
    """Return a case that undoes a submit of one draft."""

    def case(cli: Cli, sandbox: Sandbox) -> Any:
        assert cli.run("submit", cli.fees(1), "--yes").exit_code == 0
        if fault is not None:
            sandbox.misbehave(fault)
        return cli.run("undo", *argv, **env)

    return case


def confirmed(fault: Fault | None = None, **env: str) -> Case:
    """Return a case that confirms a submit of one draft."""

    def case(cli: Cli, sandbox: Sandbox) -> Any:
        assert cli.run("submit", cli.fees(1), "--yes").exit_code == 0
        if fault is not None:
            sandbox.misbehave(fault)
        return cli.run("confirm", **env)

    return case


def probed(fault: Fault) -> Case:
    """Return a case of a probe on a bad day."""

    def case(cli: Cli, sandbox: Sandbox) -> Any:
        sandbox.misbehave(fault)
        return cli.run("probe", "--project", "101", "--yes")

    return case


STATUS = FaultKind.STATUS_BEFORE
DONE, UNEXPECTED, WRONG, PROBLEMS, SOME, ACCESS, AWAY, LOCKED, DOUBT, GATE = (ExitCode(n) for n in range(10))
TABLE: list[tuple[str, ExitCode, str, Case]] = [
    ("template", DONE, "written", just("template")),
    ("template", WRONG, "never overwrites", again("template")),
    ("template", UNEXPECTED, "a crash", crashing("template.write", "write", "template")),
    ("preview", DONE, "sound", with_sheet("preview")),
    ("preview", WRONG, "no file", just("preview", "missing.xlsx")),
    ("preview", WRONG, "an unknown option", just("preview", "x.csv", "--nonsense")),
    ("preview", PROBLEMS, "a mistake", with_sheet("preview", amount="x")),
    (
        "preview",
        DONE,
        "Kantata away: the ledger is asked",
        with_sheet("preview", KANTATA_BASE_URL="http://127.0.0.1:9"),
    ),
    ("approve", DONE, "approved", with_sheet("approve", "--yes")),
    ("approve", WRONG, "wrong settings", with_sheet("approve", "--yes", IMPORTER_WORKERS="0")),
    ("approve", PROBLEMS, "a mistake", with_sheet("approve", "--yes", amount="x")),
    ("approve", GATE, "nobody said yes", with_sheet("approve")),
    ("run", DONE, "billed", handled()),
    ("run", DONE, "an empty inbox", lambda cli, _: ((cli.folder / "inbox").mkdir(), cli.run("run"))[1]),
    ("run", UNEXPECTED, "a crash", run_crash),
    ("run", WRONG, "no inbox", just("run")),
    ("run", WRONG, "no token", handled(**NO_TOKEN)),
    ("run", PROBLEMS, "a mistake", run_problems),
    ("run", SOME, "a rejection", handled(fault=Fault(STATUS, status=422))),
    ("run", ACCESS, "the token refused", handled(fault=Fault(STATUS, status=401))),
    ("run", AWAY, "throttled too long", handled(fault=Fault(STATUS, status=429, times=99))),
    ("run", LOCKED, "another run", run_locked),
    ("run", DOUBT, "an answer lost", handled(fault=Fault(FaultKind.DROP_AFTER))),
    ("run", GATE, "no gate", handled(total=None)),
    ("run", GATE, "another total", handled(total=31)),
    ("undo", DONE, "deleted", undone("last", "--yes")),
    ("undo", WRONG, "an unknown run", just("undo", "20200101-000000-0000", "--yes")),
    ("undo", SOME, "refused", undone("last", "--yes", fault=Fault(STATUS, "DELETE", "/invoices/*", status=422))),
    ("undo", ACCESS, "the token refused", undone("last", "--yes", KANTATA_TOKEN="other")),  # noqa: S106
    ("undo", AWAY, "throttled too long", undone("last", "--yes", fault=Fault(STATUS, "*", "*", status=429, times=99))),
    ("undo", GATE, "nobody said yes", undone("last")),
    ("confirm", DONE, "no runs", just("confirm")),
    ("confirm", WRONG, "an unknown run", just("confirm", "20200101-000000-0000")),
    ("confirm", ACCESS, "the token refused", confirmed(KANTATA_TOKEN="other")),  # noqa: S106
    ("confirm", AWAY, "throttled too long", confirmed(fault=Fault(STATUS, "*", "*", status=429, times=99))),
    ("start", GATE, "no terminal", just("start")),
    ("probe", DONE, "found out", just("probe", "--project", "101", "--yes")),
    ("probe", WRONG, "no project", just("probe", "--yes")),
    ("probe", ACCESS, "the token refused", just("probe", "--project", "101", "--yes", KANTATA_TOKEN="other")),  # noqa: S106
    ("probe", AWAY, "Kantata away", just("probe", "--project", "101", "--yes", KANTATA_BASE_URL="http://127.0.0.1:9")),
    ("probe", DOUBT, "a draft is left", probed(Fault(STATUS, "DELETE", "/invoices/*", status=422))),
    ("probe", GATE, "nobody said yes", just("probe", "--project", "101")),
    ("doctor", DONE, "well", just("doctor")),
    ("doctor", WRONG, "wrong settings", just("doctor", IMPORTER_WORKERS="0")),
    ("doctor", ACCESS, "the token refused", just("doctor", KANTATA_TOKEN="other")),  # noqa: S106
    ("doctor", AWAY, "Kantata away", just("doctor", KANTATA_BASE_URL="http://127.0.0.1:9")),
    ("reconcile", DONE, "nothing in doubt", just("reconcile")),
    ("reconcile", DONE, "settled", reconciled(IMPORTER_SETTLE_SECONDS="0")),
    ("reconcile", SOME, "one is not billed", reconciled(kind=FaultKind.DROP_BEFORE, IMPORTER_SETTLE_SECONDS="0")),
    ("reconcile", WRONG, "no token", just("reconcile", **NO_TOKEN)),
    ("reconcile", ACCESS, "the token refused", reconciled(IMPORTER_SETTLE_SECONDS="0", KANTATA_TOKEN="other")),  # noqa: S106
    ("reconcile", LOCKED, "another run", while_another_sends),
    ("reconcile", DOUBT, "too early to say", reconciled("--no-wait", IMPORTER_SETTLE_SECONDS="600")),
    ("history", DONE, "no runs", just("history")),
    ("history", WRONG, "an unknown run", just("history", "20200101-000000-0000")),
    ("history", UNEXPECTED, "a crash", crashing("settings.loading", "load", "history")),
    ("settings", DONE, "shown", just("settings")),
    ("settings", WRONG, "wrong", just("settings", IMPORTER_DRAFT="maybe")),
    ("login", WRONG, "nothing typed", just("login")),
    ("logout", DONE, "none there", just("logout")),
    ("logout", WRONG, "no keyring", just("logout", PYTHON_KEYRING_BACKEND="keyring.backends.fail.Keyring")),
    ("map", DONE, "all is understood", with_sheet("map", "--offline")),
    ("map", WRONG, "no file", just("map", "absent.xlsx")),
    ("map", GATE, "no terminal to ask at", with_unknown_header),
    ("sandbox", DONE, "stopped", stopped("sandbox", "--port", "0", says="KANTATA_TOKEN")),
    ("sandbox", WRONG, "the port is taken", on_taken_port("sandbox")),
    ("app", DONE, "stopped", stopped("app", "--no-browser", says="?token=")),
    ("app", WRONG, "the port is taken", on_taken_port("app", "--no-browser")),
]


@pytest.mark.parametrize("row", TABLE, ids=[f"{command}-{int(code)}-{when}" for command, code, when, _ in TABLE])
def test_every_command_ends_with_its_exit_code(
    cli: Cli, sandbox: Sandbox, row: tuple[str, ExitCode, str, Case]
) -> None:
    """As the README says; and never with a traceback."""
    _, code, _, case = row
    done = case(cli.at(sandbox), sandbox)
    assert done.exit_code == code, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_the_table_is_whole() -> None:
    """Every command and every code is in one of the tables."""
    commands = {command for command, *_ in TABLE} | {"submit"}
    assert commands == set(get_command(app).commands)  # type: ignore[attr-defined]
    codes = {code for _, code, *_ in TABLE} | {ExitCode(code) for code, *_ in CASES.values()}
    assert codes == set(ExitCode)
