"""``invoice-importer doctor``: check everything that a run needs, one line each."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from importer.commands.options import Config, Json, Profile, SandboxFlag, reporting_errors, telling
from importer.model.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from importer.commands.doctor_checks import Check
    from importer.settings.model import Settings


@reporting_errors
def doctor(
    *,
    profile: Profile = None,
    config: Config = None,
    as_json: Json = False,
    sandbox: SandboxFlag = False,
    notify: Annotated[bool, typer.Option("--notify", help="Also send a test notice to every address.")] = False,
) -> ExitCode:
    """Check settings, token, connection, ledger and folders; changes nothing."""
    from rich.console import Console

    from importer.commands.doctor_checks import worst

    with ExitStack() as stack:
        checks = list(_checks(stack, config, profile, sandbox=sandbox, notify=notify))
    code = worst(checks)
    with telling():
        if as_json:
            _print_document(checks, code)
        else:
            _show(checks, Console())
    return code


def _checks(
    stack: ExitStack, config: Path | None, profile: str | None, *, sandbox: bool, notify: bool
) -> Iterator[Check]:
    from rich.console import Console

    from importer.commands import doctor_checks as look
    from importer.commands.session import SANDBOX_ACCOUNT, _embedded_sandbox
    from importer.ledger.opening import ledger_url
    from importer.model.errors import LedgerProblem, SettingsProblem
    from importer.settings.access_token import find_token
    from importer.settings.loading import changed, load
    from importer.settings.sources import settings_file

    yield look.of_program()
    try:
        settings = load(config=config, profile=profile)
        yield from look.of_settings(settings_file(config), changed(settings, config=config, profile=profile))
    except SettingsProblem as problem:
        yield look.failed("settings", problem.message, problem.hint, problem.exit_code)
        return
    account, token, why_none = settings.account, None, ""
    try:
        if sandbox:
            where = ledger_url(settings.ledger)
            settings, account, token = _embedded_sandbox(stack, settings, where, Console(stderr=True))
        else:
            token, why_none = find_token(settings)
        yield from _of_kantata(settings, token, why_none)
    except SettingsProblem as problem:
        yield look.failed("token", problem.message, problem.hint, problem.exit_code)
    except LedgerProblem as problem:
        yield look.failed("ledger", problem.message, problem.hint)
    yield _of_ledger(stack, settings, SANDBOX_ACCOUNT if sandbox else account)
    yield look.of_reports(settings.reports)
    yield look.of_inbox(settings)
    yield look.of_clock(datetime.now().astimezone())
    yield look.of_pace(settings)
    yield from _of_notices(settings, notify=notify)
    yield from look.of_extras()


def _of_kantata(settings: Settings, token: str | None, why_none: str) -> Iterator[Check]:
    from urllib.parse import urlsplit

    from importer.commands import doctor_checks as look
    from importer.kantata.client import KantataApi
    from importer.settings.access_token import ELSEWHERE

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


def _of_ledger(stack: ExitStack, settings: Settings, account: str) -> Check:
    from importer.commands import doctor_checks as look
    from importer.ledger.opening import ledger_url, open_ledger, place_of
    from importer.model.errors import LedgerProblem

    try:
        where = ledger_url(settings.ledger)
        place = place_of(where)
        if where.drivername == "sqlite" and not os.path.lexists(place):
            return look.of_missing_ledger(Path(place))
        ledger = open_ledger(where, account)
    except LedgerProblem as problem:
        return look.failed("ledger", problem.message, problem.hint)
    stack.callback(ledger.close)
    return look.of_ledger(ledger, place)


def _of_notices(settings: Settings, *, notify: bool) -> Iterator[Check]:
    from importer.commands import doctor_checks as look
    from importer.commands.run import state_file

    state = state_file(settings)
    yield look.of_notices(settings, state)
    yield look.of_heartbeat(settings, state)
    if notify:
        yield from look.of_test_notice(settings)


def _show(checks: list[Check], console: Console) -> None:
    from rich.markup import escape

    styles = {"ok": "green", "warn": "yellow", "fail": "bold red"}
    width = max(len(check.name) for check in checks)
    for check in checks:
        mark = f"[{styles[check.state.value]}]{check.state.value:<4}[/]"
        line = f"{mark}  {escape(check.name.ljust(width))}  {escape(check.says)}"
        console.print(line, highlight=False, soft_wrap=True)
        if check.remedy:
            console.print(f"      {' ' * width}  {escape(check.remedy)}", style="dim", highlight=False, soft_wrap=True)


def _print_document(checks: list[Check], code: ExitCode) -> None:
    from importer.kantata.payload import to_json

    document = {
        "schema_version": 1,
        "command": "doctor",
        "exit_code": int(code),
        "checks": [
            {"name": one.name, "state": one.state.value, "says": one.says, "remedy": one.remedy or None}
            for one in checks
        ],
    }
    sys.stdout.write(to_json(document, indent=2) + "\n")
