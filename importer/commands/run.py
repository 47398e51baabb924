"""``invoice-importer run``: what the scheduler starts."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from importer.commands.options import (
    Config,
    Json,
    Profile,
    Quiet,
    Reports,
    SandboxFlag,
    reporting_errors,
    telling,
)  # fmt: skip
from importer.records import ExitCode

if TYPE_CHECKING:
    from pathlib import Path

    from importer.notices import Notice
    from importer.pipeline import Handled
    from importer.settings import Settings


@reporting_errors
def run(  # noqa: PLR0913 - one argument per option or field
    *,
    profile: Profile = None,
    config: Config = None,
    reports: Reports = None,
    as_json: Json = False,
    quiet: Quiet = False,
    sandbox: SandboxFlag = False,
) -> ExitCode:
    """Handle every workbook of the inbox without anyone watching: for cron and other schedulers."""
    from importer.digest import notice_of, notice_of_failure
    from importer.errors import ImporterError
    from importer.notices import heartbeat
    from importer.pipeline import exit_code_of
    from importer.settings import load

    settings = load(config=config, profile=profile, reports=reports)
    account = "SANDBOX" if sandbox else settings.account

    def told(handled: Handled) -> None:
        if not (as_json or quiet):
            with telling():
                sys.stdout.write(_line(handled) + "\n")

    try:
        done = _handled(config=config, profile=profile, reports=reports, sandbox=sandbox, told=told)
    except ImporterError as error:
        notify(notice_of_failure(error, account), settings)
        raise
    except Exception as error:
        notify(notice_of_failure(ImporterError(f"Unexpected error ({type(error).__name__})."), account), settings)
        raise
    code = exit_code_of(done)
    if as_json:
        with telling():
            sys.stdout.write(_document(done, code) + "\n")
    elif not done and not quiet:
        sys.stdout.write(f"Nothing to do: no workbook in {settings.inbox}.\n")
    notify(notice_of(done, account), settings)
    if code is ExitCode.DONE:
        heartbeat(settings)
    return code


def _handled(
    *, config: Path | None, profile: str | None, reports: Path | None, sandbox: bool, told: Any,  # noqa: ANN401
) -> list[Handled]:  # fmt: skip
    from rich.console import Console

    from importer import pipeline
    from importer.commands.session import opened
    from importer.commands.submit import _signals
    from importer.gate import Stop

    stop = Stop()
    with opened(
        config=config, profile=profile, reports=reports, offline=False, sandbox=sandbox, console=Console(stderr=True),
    ) as session, _signals(stop) as listen:  # fmt: skip
        listen()
        return pipeline.run(session.tools, session.connect, stop, told, keep=sandbox)


def notify(notice: Notice, settings: Settings) -> None:
    """Send the notice; that it cannot be sent must not change how the run ends."""
    from contextlib import suppress

    from importer.errors import ImporterError
    from importer.notices import send
    from importer.submission_ledger import file_beside, ledger_url

    with suppress(ImporterError, OSError):
        send(notice, settings, file_beside(ledger_url(settings.ledger), "notices.json"))


def _line(handled: Handled) -> str:
    where = f" → {handled.folder}" if handled.folder else ""
    return f"{handled.name}: {handled.fate.value}. {handled.why}{where}"


def _document(done: list[Handled], code: ExitCode) -> str:
    from importer.payload import to_json
    from importer.report import SCHEMA_VERSION, to_document

    files = [
        {
            "name": one.name, "outcome": one.fate.name.lower(), "exit_code": int(one.exit_code), "message": one.why,
            "sha256": one.sha256 or None, "folder": None if one.folder is None else str(one.folder),
            "report": None if one.report is None else to_document(one.report),
        }
        for one in done
    ]  # fmt: skip
    head = {"schema_version": SCHEMA_VERSION, "command": "run", "exit_code": int(code)}
    return to_json(head | {"files": files}, indent=2)
