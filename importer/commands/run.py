"""``invoice-importer run``: what the scheduler starts."""

from __future__ import annotations

import sys
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from importer.commands.ending import command, print_json
from importer.commands.next_steps import advice, after_run, next_step
from importer.commands.options import Output, RunPlace
from importer.model.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.ledger.outbox import Outbox
    from importer.settings.model import Settings
    from importer.unattended.notices import Notice
    from importer.unattended.outcomes import InboxResult


@command
def run(*, place: RunPlace, output: Output) -> ExitCode:
    """Handle every workbook of the inbox without anyone watching: for cron and other schedulers."""
    from importer.settings.loading import load
    from importer.unattended.digest import notice_of_run
    from importer.unattended.notices import run_topic
    from importer.unattended.outcomes import exit_code_of

    settings = load(config=place.config, profile=place.profile, reports=place.reports)
    with _notice_of_failure(settings, place):
        results = _results(place, output)

    code = exit_code_of(results)
    if output.as_json:
        print_json(_document(results, code))
    elif not results and not output.quiet:
        sys.stdout.write(f"Nothing to do: no workbook in {settings.inbox}.\n")
    elif not output.quiet:
        next_step(after_run(results, place))

    # The run that holds the lock reports what it does itself.
    own = [result for result in results if result.exit_code is not ExitCode.LOCKED]
    if own or not results:
        account = shown_account(settings, rehearsal=place.sandbox)
        notify(notice_of_run(own, account, run_topic(settings)), settings, place)
    if code is ExitCode.DONE and not place.sandbox:
        _beat(settings)
    return code


def _results(place: RunPlace, output: Output) -> list[InboxResult]:

    from importer.commands.session import opened, stopped_by_signals
    from importer.reporting.screen import Screen
    from importer.sending.throttle import Stop
    from importer.unattended import running

    stop = Stop()
    talk = Screen(stderr=True, quiet=output.quiet)  # a scheduler mails what is written there
    with opened(place, talk, offline=False) as session, stopped_by_signals(stop) as listen:
        listen()

        def show(result: InboxResult) -> None:
            _show(replace(result, reason=advice(result.reason, place)), output)

        return running.run(session.tools, session.connect, stop, show, rehearsal=place.sandbox)


def _show(result: InboxResult, output: Output) -> None:
    """Print what became of a file: under ``--quiet`` only what needs a person, for a scheduler to mail it."""
    from importer.model.visible import visible
    from importer.settings.redaction import redacted

    if output.quiet:
        if result.exit_code is not ExitCode.DONE:
            sys.stderr.write(redacted(visible(result.line)) + "\n")
    elif not output.as_json:
        sys.stdout.write(visible(result.line) + "\n")
        sys.stdout.flush()


def _document(results: list[InboxResult], code: ExitCode) -> dict[str, Any]:
    from importer.reporting.report import SCHEMA_VERSION

    files = [_document_of(result) for result in results]
    return {"schema_version": SCHEMA_VERSION, "command": "run", "exit_code": int(code), "files": files}


def _document_of(result: InboxResult) -> dict[str, Any]:
    from importer.reporting.report import to_document

    folder, report = None, None
    if result.folder is not None:
        folder = str(result.folder)
    if result.report is not None:
        report = to_document(result.report)
    return {
        "name": result.name,
        "outcome": result.outcome,
        "exit_code": int(result.exit_code),
        "message": result.reason,
        "sha256": result.sha256 or None,
        "folder": folder,
        "report": report,
    }


# --- notices, also of reconcile ----------------------------------------------------------------


def shown_account(settings: Settings, *, rehearsal: bool) -> str:
    """The account as a notice names it."""
    if rehearsal:
        return "SANDBOX"
    return settings.account


@contextmanager
def _notice_of_failure(settings: Settings, place: RunPlace) -> Iterator[None]:
    """Send a notice about a run that could not begin, or was ended by an error."""
    from importer.model.errors import ImporterError, LockedByAnother
    from importer.unattended.digest import notice_of_failure
    from importer.unattended.notices import run_topic

    account, topic = shown_account(settings, rehearsal=place.sandbox), run_topic(settings)
    try:
        yield
    except LockedByAnother:
        raise  # nothing failed: the run that holds the lock reports what it does itself
    except ImporterError as error:
        notify(notice_of_failure(error, account, topic), settings, place)
        raise
    except Exception as error:
        unexpected = ImporterError(f"Unexpected error ({type(error).__name__}).")
        notify(notice_of_failure(unexpected, account, topic), settings, place)
        raise


def notify(notice: Notice, settings: Settings, place: RunPlace) -> None:
    """Send the notice; that it cannot be sent must not change how the command ends.

    That of a rehearsal says so, and is no news of the real account.
    """
    from importer.model.errors import LedgerProblem
    from importer.unattended.notices import send, send_without_ledger

    notice = replace(notice, body=advice(notice.body, place))
    if place.sandbox:
        notice = replace(notice, title=f"REHEARSAL (nothing was billed): {notice.title}")
    try:
        with _outbox(settings, rehearsal=place.sandbox) as outbox:
            send(notice, settings, outbox)
    except LedgerProblem:
        send_without_ledger(notice, settings)


def _beat(settings: Settings) -> None:
    from importer.model.errors import LedgerProblem
    from importer.unattended.notices import heartbeat

    if settings.heartbeat_url is None:
        return
    with suppress(LedgerProblem), _outbox(settings, rehearsal=False) as outbox:
        heartbeat(settings, outbox)


@contextmanager
def _outbox(settings: Settings, *, rehearsal: bool) -> Iterator[Outbox]:
    """The outbox of the account. Raises LedgerProblem."""
    from importer.ledger.opening import SANDBOX_ACCOUNT, ledger_url, open_ledger

    account = settings.account
    if rehearsal:
        account = SANDBOX_ACCOUNT
    where, anywhere = ledger_url(settings.ledger), settings.allow_unsafe_ledger
    with closing(open_ledger(where, account, anywhere=anywhere)) as ledger:
        yield ledger.outbox
