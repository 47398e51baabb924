"""``invoice-importer reconcile``: settle what is in doubt by asking Kantata."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from importer.commands.asking import need_terminal, need_yes
from importer.commands.ending import command, print_json
from importer.commands.next_steps import after_reconcile, command_line, next_step
from importer.commands.options import Output, RunPlace
from importer.model.exit_codes import ExitCode
from importer.model.plans import Status
from importer.model.words import invoice_named, rows_named

if TYPE_CHECKING:
    from rich.console import Console

    from importer.flow.prepared import Tools
    from importer.flow.reconciling import Reconciled
    from importer.sending.settlement import Settlement
    from importer.unattended.outcomes import InboxResult


@command
def reconcile(  # noqa: PLR0913 - one argument per option
    *,
    place: RunPlace,
    output: Output,
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Wait until enough time has passed since sending, or say when.")
    ] = True,
    billed: Annotated[
        list[str] | None,
        typer.Option(
            metavar="REFERENCE=ID",
            help="Record that an in-doubt invoice exists, with its Kantata id.",
        ),
    ] = None,
    not_billed: Annotated[
        list[str] | None,
        typer.Option(metavar="REFERENCE", help="Record that an in-doubt invoice does not exist."),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Do not ask before recording what --billed and --not-billed say.")
    ] = False,
) -> ExitCode:
    """Find out what became of invoices in doubt. Sends nothing new."""
    from importer.commands.run import notify, shown_account
    from importer.model.errors import GateRefused, ImporterError, WrongUse
    from importer.sending.by_hand import parse_verdicts
    from importer.settings.loading import load
    from importer.unattended.digest import notice_of_failure, notice_of_reconcile
    from importer.unattended.notices import RECONCILE_TOPIC
    from importer.unattended.outcomes import exit_code_of

    settings = load(config=place.config, profile=place.profile, reports=place.reports)
    account = shown_account(settings, rehearsal=place.sandbox)
    try:
        done, moved = _done(parse_verdicts(billed or (), not_billed or ()), place, wait=wait, yes=yes)
    except (WrongUse, GateRefused):
        raise  # a person is at the keyboard and reads it at once
    except ImporterError as error:
        notice = notice_of_failure(error, account, RECONCILE_TOPIC, "reconcile")
        notify(notice, settings, place)
        raise

    code = exit_code_of(moved, done.exit_code)  # a file that needs a person is one more matter
    _print(done, moved, code, place, output)
    if done.settlements:
        notify(notice_of_reconcile(done, moved, account), settings, place)
    return code


def _print(done: Reconciled, moved: list[InboxResult], code: ExitCode, place: RunPlace, output: Output) -> None:
    """Print what became of each invoice, and what a person does next."""
    from importer.reporting.screen import Screen

    if output.as_json:
        print_json(_document(done, moved, code))
    elif not output.quiet or code is not ExitCode.DONE:
        # Also under a scheduler: what is not billed stays so until its file is submitted again.
        _show(done, moved, Screen(stderr=output.quiet))
        if not output.quiet:
            next_step(after_reconcile(done, place))


def _done(
    said: dict[str, str | None], place: RunPlace, *, wait: bool, yes: bool
) -> tuple[Reconciled, list[InboxResult]]:
    """Settle what is in doubt, and put the files of the inbox where they belong then."""
    from importer.commands.session import opened
    from importer.flow import reconciling
    from importer.flow.reconciling import Words
    from importer.reporting.screen import Screen, plain

    talk = Screen(stderr=True)
    with opened(place, talk, offline=False) as session:

        def wait_if_wanted(seconds: float) -> bool:
            if wait:
                _wait(seconds, talk)
            return wait

        def confirm(by_word: tuple[Settlement, ...]) -> None:
            _confirm(by_word, yes=yes, talk=talk)

        words = Words(said, confirm)
        found = reconciling.reconcile(session.tools, session.connect(), wait_if_wanted, words=words)
        for draft in session.tools.ledger.probes.open_drafts():
            command = command_line("probe", place=place)
            talk.print(plain(f"A probe may have left {draft.named}. {command} removes it."), highlight=False)
        if place.sandbox:
            return found, []
        return found, _returned(session.tools, found)


def _confirm(by_word: tuple[Settlement, ...], *, yes: bool, talk: Console) -> None:
    """Show what would be recorded on a person's word alone, and ask for a typed yes. Raises GateRefused."""
    from importer.reporting.screen import plain

    if yes:
        return
    for settlement in by_word:
        talk.print(f"{plain(_named(settlement))}: {plain(settlement.reason)}", highlight=False, soft_wrap=True)
    need_terminal("Nothing was changed")
    if any(_is_unbilled(settlement) for settlement in by_word):
        talk.print(
            "An invoice recorded as not billed is sent when its file is submitted again. "
            "If it exists in Kantata after all, it is then billed twice."
        )
    need_yes("Type yes to record it", "Nothing was changed", "Run it again when you are sure.")


def _named(settlement: Settlement) -> str:
    doubt = settlement.doubt
    name = invoice_named(doubt.key, doubt.workspace_ids)
    return f"{name}, {rows_named(doubt.rows)}, {doubt.amount:,.2f} in the sheet"


def _is_unbilled(settlement: Settlement) -> bool:
    return settlement.status is Status.READY and not settlement.doubt.being_undone


def _returned(tools: Tools, found: Reconciled) -> list[InboxResult]:
    """Put the files of the inbox where they belong now; while a run is at work there, the next one does it."""
    from importer.model.errors import LockedByAnother, SettingsProblem
    from importer.unattended import inbox
    from importer.unattended.notices import RECONCILE_TOPIC
    from importer.unattended.returning import return_files

    moved: list[InboxResult] = []
    if (tools.settings.inbox / "in-doubt").is_dir():
        with suppress(LockedByAnother, SettingsProblem), inbox.alone(tools.settings.inbox):
            moved += return_files(tools, found, RECONCILE_TOPIC)
    return moved


def _wait(seconds: float, talk: Console) -> None:
    if seconds > 0:
        local = datetime.now().astimezone() + timedelta(seconds=seconds)
        talk.print(f"Waiting until {local:%H:%M:%S}: before that, “not found” would mean nothing. Ctrl-C stops.")
        time.sleep(seconds + 0.05)


def _document(done: Reconciled, moved: list[InboxResult], code: ExitCode) -> dict[str, Any]:
    counts = Counter(settlement.status.value for settlement in done.settlements)
    return {
        "schema_version": 1,
        "command": "reconcile",
        "exit_code": int(code),
        "totals": {"invoices": len(done.settlements), "by_status": dict(counts)},
        "invoices": [_document_of(settlement) for settlement in done.settlements],
        "files": {"results": [str(path) for path in done.files], "page": [str(path) for path in done.pages]},
        "notices": list(done.unwritten.values()),
        "inbox": [{"name": result.name, "outcome": result.outcome, "message": result.reason} for result in moved],
    }


def _document_of(settlement: Settlement) -> dict[str, Any]:
    doubt = settlement.doubt
    return {
        "reference": doubt.reference,
        "run_id": doubt.run_id,
        "workspace_ids": list(doubt.workspace_ids),
        "invoice_key": doubt.key,
        "rows": list(doubt.rows),
        "status": settlement.status.value,
        "invoice_id": settlement.invoice_id,
        "error": settlement.reason,
        "what_to_do": settlement.what_to_do,
    }


def _show(done: Reconciled, moved: list[InboxResult], console: Console) -> None:

    from importer.model.words import count_of
    from importer.reporting.screen import plain

    if not done.settlements:
        console.print("Nothing is in doubt.")
    for settlement in done.settlements:
        _show_settlement(settlement, console)
    if unbilled := sum(map(_is_unbilled, done.settlements)):
        how = "they stay unbilled until you submit their file again."
        console.print(f"[bold red]{count_of(unbilled, 'invoice')} not billed[/]: {how}")
    for settlement in done.settlements:
        if settlement.doubt.reference in done.differing:
            console.print(
                f"Invoice {plain(settlement.invoice_id)} holds something else than was sent; the results say what."
            )
    for path in done.files:
        console.print(f"Results written again: [bold]{plain(str(path))}[/]", soft_wrap=True)
    for why in done.unwritten.values():
        console.print(plain(why), style="bold red", soft_wrap=True, highlight=False)
    for result in moved:
        console.print(plain(result.line), soft_wrap=True, highlight=False)


def _show_settlement(settlement: Settlement, console: Console) -> None:
    from importer.reporting.screen import plain

    doubt = settlement.doubt
    words = settlement.status.words
    if doubt.being_undone:
        words = settlement.fate.value
    name = invoice_named(doubt.key, doubt.workspace_ids)
    console.print(f"[bold]{words}[/] {plain(name)}: {plain(settlement.reason)}", highlight=False)
    if settlement.what_to_do:
        console.print(f"    {plain(settlement.what_to_do)}", style="dim", highlight=False, soft_wrap=True)
