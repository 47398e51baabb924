"""``invoice-importer run``: what the scheduler starts."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from importer.commands.ending import command, printing
from importer.commands.options import Output, RunPlace
from importer.model.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from rich.console import Console

    from importer.settings.model import Settings
    from importer.unattended.handled import Handled
    from importer.unattended.notices import Notice


@command
def run(*, place: RunPlace, output: Output) -> ExitCode:
    """Handle every workbook of the inbox without anyone watching: for cron and other schedulers."""
    from rich.console import Console

    from importer.settings.loading import load
    from importer.settings.redaction import redacted
    from importer.unattended.digest import notice_of
    from importer.unattended.handled import exit_code_of
    from importer.unattended.notices import Diary, heartbeat

    settings = load(config=place.config, profile=place.profile, reports=place.reports)
    sandbox, quiet, as_json = place.sandbox, output.quiet, output.as_json
    account = "SANDBOX" if sandbox else settings.account

    diary = Diary(settings, state_file(settings, rehearsal=sandbox))

    def told(handled: Handled) -> None:
        if handled.exit_code is not ExitCode.DONE:
            diary.note(handled.line)
        if quiet and handled.exit_code is not ExitCode.DONE:
            sys.stderr.write(redacted(handled.line) + "\n")  # a scheduler mails what is written here, not exit codes
        elif not (as_json or quiet):
            with printing():
                sys.stdout.write(handled.line + "\n")

    talk = Console(stderr=True, quiet=quiet)  # a scheduler mails what is written there
    with _failure_told(account, settings, rehearsal=sandbox):
        done = _handled(place, talk, told)
    code = exit_code_of(done)
    if as_json:
        with printing():
            sys.stdout.write(_document(done, code) + "\n")
    elif not done and not quiet:
        sys.stdout.write(f"Nothing to do: no workbook in {settings.inbox}.\n")
    diary.open()
    mine = [one for one in done if one.exit_code is not ExitCode.LOCKED]
    if mine or not done:
        notify(notice_of(mine, account), settings, rehearsal=sandbox)
    if code is ExitCode.DONE and not sandbox:
        heartbeat(settings, state_file(settings))
    return code


@contextmanager
def _failure_told(account: str, settings: Settings, *, rehearsal: bool) -> Iterator[None]:
    """Send a notice about a run that could not begin."""
    from importer.model.errors import ImporterError, LockedByAnother
    from importer.unattended.digest import notice_of_failure
    from importer.unattended.notices import Diary

    try:
        yield
    except LockedByAnother:
        raise  # nothing failed: the run that is at work tells of itself
    except ImporterError as error:
        Diary(settings, state_file(settings, rehearsal=rehearsal)).open()
        notify(notice_of_failure(error, account), settings, rehearsal=rehearsal)
        raise
    except Exception as error:
        Diary(settings, state_file(settings, rehearsal=rehearsal)).open()
        unexpected = ImporterError(f"Unexpected error ({type(error).__name__}).")
        notify(notice_of_failure(unexpected, account), settings, rehearsal=rehearsal)
        raise


def _handled(place: RunPlace, talk: Console, told: Callable[[Handled], None]) -> list[Handled]:
    from importer.commands.session import opened, stopped_by_signals
    from importer.sending.throttle import Stop
    from importer.unattended import running

    stop = Stop()
    with (
        opened(place, talk, offline=False) as session,
        stopped_by_signals(stop) as listen,
    ):
        listen()
        return running.run(session.tools, session.connect, stop, told, keep=place.sandbox)


def notify(notice: Notice, settings: Settings, *, rehearsal: bool = False) -> None:
    """Send the notice; that it cannot be sent must not change how the run ends.

    That of a ``rehearsal`` says so, and is no news of the real thing.
    """
    from dataclasses import replace

    from importer.unattended.notices import send

    if rehearsal:
        notice = replace(notice, title=f"REHEARSAL (nothing was billed): {notice.title}")
    send(notice, settings, state_file(settings, rehearsal=rehearsal))


def state_file(settings: Settings, *, rehearsal: bool = False) -> Path:
    """Where it is remembered what was told; beside the ledger, or where the ledger would be."""
    from importer.ledger.opening import ledger_url, place_beside
    from importer.model.errors import LedgerProblem

    try:
        where = ledger_url(settings.ledger)
    except LedgerProblem:  # it has been said, and must be told all the same
        where = ledger_url("")
    return place_beside(where, "sandbox.notices.json" if rehearsal else "notices.json")


def _document(done: list[Handled], code: ExitCode) -> str:
    from importer.kantata.payload import to_json
    from importer.reporting.report import SCHEMA_VERSION, to_document

    files = [
        {
            "name": one.name,
            "outcome": one.fate.name.lower(),
            "exit_code": int(one.exit_code),
            "message": one.why,
            "sha256": one.sha256 or None,
            "folder": None if one.folder is None else str(one.folder),
            "report": None if one.report is None else to_document(one.report),
        }
        for one in done
    ]
    head = {"schema_version": SCHEMA_VERSION, "command": "run", "exit_code": int(code)}
    return to_json(head | {"files": files}, indent=2)
