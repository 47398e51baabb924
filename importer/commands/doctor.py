"""``invoice-importer doctor``: check everything that a run needs, one line each."""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from importer.commands.asking import need_terminal, need_yes
from importer.commands.ending import command, print_json
from importer.commands.next_steps import advice, after_doctor, command_line, next_step
from importer.commands.options import AccountPlace, JsonOutput
from importer.model.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.commands.doctor_checks import Check
    from importer.ledger.ledger import SubmissionLedger
    from importer.settings.model import Settings


@command
def doctor(
    *,
    place: AccountPlace,
    output: JsonOutput,
    notify: Annotated[bool, typer.Option("--notify", help="Also send a test notice to every address.")] = False,
    unlock: Annotated[bool, typer.Option("--unlock", help="End the lock of a run whose machine is dead.")] = False,
) -> ExitCode:
    """Check settings, token, connection, ledger and folders; changes nothing but the lock that --unlock ends."""
    from importer.commands.doctor_checks import worst

    with ExitStack() as stack:
        if unlock:
            _unlock(stack, place)
        checks = [replace(check, remedy=advice(check.remedy, place)) for check in _checks(stack, place, notify=notify)]
    code = worst(checks)
    if output.as_json:
        print_json(_document(checks, code))
    else:
        _show(checks)
        next_step(after_doctor(code, place))
    return code


def _unlock(stack: ExitStack, place: AccountPlace) -> None:
    """End the lock of the account, once a person has typed yes. Raises GateRefused or LedgerProblem."""
    from importer.ledger.opening import SANDBOX_ACCOUNT, ledger_url, open_ledger
    from importer.settings.loading import load

    settings = load(config=place.config, profile=place.profile)
    account = SANDBOX_ACCOUNT if place.sandbox else settings.account
    ledger = open_ledger(ledger_url(settings.ledger), account, anywhere=settings.allow_unsafe_ledger)
    stack.callback(ledger.close)
    holder = ledger.holder()
    if holder is None:
        typer.echo("No run holds the lock.", err=True)
        return
    need_terminal("The lock stays", "Run doctor --unlock at a terminal.")
    typer.echo(f"The lock is held by {holder}. End it only if that machine is dead, or that run has ended.", err=True)
    need_yes("Type yes to end the lock", "The lock stays", "Run doctor --unlock again when you are sure.")
    ledger.unlock()


def _checks(stack: ExitStack, place: AccountPlace, *, notify: bool) -> Iterator[Check]:
    from importer.commands import doctor_checks as look
    from importer.ledger.opening import SANDBOX_ACCOUNT
    from importer.model.errors import SettingsProblem
    from importer.settings.loading import changed, load
    from importer.settings.sources import settings_file

    config, profile = place.config, place.profile
    yield look.of_program()
    try:
        settings = load(config=config, profile=profile)
        yield from look.of_settings(settings_file(config), changed(settings, config=config, profile=profile))
    except SettingsProblem as problem:
        yield look.failed("settings", problem.message, problem.hint, problem.exit_code)
        return

    yield from _of_access(stack, settings, sandbox=place.sandbox)
    check, ledger = _of_ledger(stack, settings, SANDBOX_ACCOUNT if place.sandbox else settings.account)
    yield check
    if ledger is not None:
        yield look.of_lock(ledger)
        yield from look.of_account(ledger, settings, command_line("probe", place=place))
    yield look.of_reports(settings.reports)
    yield look.of_inbox(settings)
    yield look.of_clock(datetime.now().astimezone())
    yield look.of_pace(settings)
    yield from _of_notices(settings, ledger, notify=notify)
    yield from look.of_extras()


def _of_access(stack: ExitStack, settings: Settings, *, sandbox: bool) -> Iterator[Check]:
    """The token and what Kantata answers to it; of the stand-in where ``sandbox`` is set."""
    from importer.commands import doctor_checks as look
    from importer.commands.sandbox import embedded_sandbox
    from importer.ledger.opening import ledger_url
    from importer.model.errors import LedgerProblem, SettingsProblem
    from importer.reporting.screen import Screen
    from importer.settings.access_token import find_token

    try:
        if sandbox:
            where = ledger_url(settings.ledger)
            settings, _, token = embedded_sandbox(stack, settings, where, Screen(stderr=True))
            yield from _of_kantata(settings, token, "")
        else:
            yield from _of_kantata(settings, *find_token(settings))
    except SettingsProblem as problem:
        yield look.failed("token", problem.message, problem.hint, problem.exit_code)
    except LedgerProblem as problem:
        yield look.failed("ledger", problem.message, problem.hint)


def _of_kantata(settings: Settings, token: str | None, why_none: str) -> Iterator[Check]:
    from urllib.parse import urlsplit

    from importer.commands import doctor_checks as look
    from importer.kantata.client import KantataApi
    from importer.model.messages.settings import ELSEWHERE

    if token is None:
        said = f"{why_none[:1].lower()}{why_none[1:]}".rstrip(".")
        yield look.failed("token", said, ELSEWHERE, ExitCode.WRONG_USE)
        return
    api = KantataApi(
        settings.base_url,
        token,
        connect_timeout=settings.connect_timeout_seconds,
        read_timeout=settings.read_timeout_seconds,
    )
    yield from look.of_kantata(api, urlsplit(settings.base_url).netloc)


def _of_ledger(stack: ExitStack, settings: Settings, account: str) -> tuple[Check, SubmissionLedger | None]:
    """How the ledger stands, and the ledger itself where it can be used."""
    from importer.commands import doctor_checks as look
    from importer.ledger.opening import address_shown, ledger_url, open_ledger
    from importer.ledger.places import check_place, place_of_file
    from importer.model.errors import LedgerProblem

    lies = None
    try:
        where = ledger_url(settings.ledger)
        place = address_shown(where)
        if where.drivername == "sqlite":
            lies = place_of_file(Path(place))
            if not settings.allow_unsafe_ledger:
                check_place(Path(place))
            if not os.path.lexists(place):
                return look.of_missing_ledger(Path(place)), None
        ledger = open_ledger(where, account, anywhere=settings.allow_unsafe_ledger)
    except LedgerProblem as problem:
        return look.failed("ledger", problem.message, problem.hint), None
    stack.callback(ledger.close)
    return look.of_ledger(ledger, place, lies), ledger


def _of_notices(settings: Settings, ledger: SubmissionLedger | None, *, notify: bool) -> Iterator[Check]:
    from importer.commands import doctor_checks as look

    notice_failure, heartbeat_failure = None, None
    if ledger is not None:
        notice_failure = ledger.outbox.last_failure()
        heartbeat_failure = ledger.outbox.last_failure(heartbeat=True)
    yield look.of_notices(settings, notice_failure)
    yield look.of_heartbeat(settings, heartbeat_failure)
    if notify:
        yield from look.of_test_notice(settings)


def _show(checks: list[Check]) -> None:
    """One line per check, for programs that read lines; in a terminal long ones go on below their beginning."""
    from rich.table import Table

    from importer.reporting.screen import Screen, plain

    console, styles = Screen(), {"ok": "green", "warn": "yellow", "fail": "bold red"}
    width = max(len(check.name) for check in checks)
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column()
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for check in checks:
        mark = f"[{styles[check.state.value]}]{check.state.value:<4}[/]"
        grid.add_row(mark, plain(check.name), plain(check.says))
        if check.remedy:
            grid.add_row("", "", f"[dim]{plain(check.remedy)}[/]")
        if console.is_terminal:
            continue
        line = f"{mark}  {plain(check.name.ljust(width))}  {plain(check.says)}"
        console.print(line, highlight=False, soft_wrap=True)
        if check.remedy:
            console.print(f"      {' ' * width}  {plain(check.remedy)}", style="dim", highlight=False, soft_wrap=True)
    if console.is_terminal:
        console.print(grid, highlight=False)


def _document(checks: list[Check], code: ExitCode) -> dict[str, object]:
    entries = [
        {"name": check.name, "state": check.state.value, "says": check.says, "remedy": check.remedy or None}
        for check in checks
    ]
    return {"schema_version": 1, "command": "doctor", "exit_code": int(code), "checks": entries}
