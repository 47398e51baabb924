"""``invoice-importer reconcile``: settle what is in doubt by asking Kantata."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from importer.commands.asking import need_terminal, need_yes
from importer.commands.ending import command, print_json, printing
from importer.commands.options import Output, RunPlace
from importer.model.exit_codes import ExitCode
from importer.model.plans import Status
from importer.model.words import rows_named

if TYPE_CHECKING:
    from rich.console import Console

    from importer.flow.prepared import Tools
    from importer.flow.reconciling import Reconciled
    from importer.sending.settlement import Settlement
    from importer.unattended.handled import Handled


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
            help="Say of an invoice that stays in doubt that it exists: as invoice ID in Kantata.",
        ),
    ] = None,
    not_billed: Annotated[
        list[str] | None,
        typer.Option(metavar="REFERENCE", help="Say of an invoice that stays in doubt that it does not exist."),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Do not ask before noting what --billed and --not-billed say.")
    ] = False,
) -> ExitCode:
    """Find out what became of invoices in doubt. Sends nothing new."""
    from rich.console import Console

    from importer.commands.run import notify
    from importer.model.errors import GateRefused, ImporterError, WrongUse
    from importer.sending.by_hand import said
    from importer.settings.loading import load
    from importer.unattended.digest import notice_of_failure, notice_of_reconcile
    from importer.unattended.notices import TOPICS

    settings = load(config=place.config, profile=place.profile, reports=place.reports)
    account = "SANDBOX" if place.sandbox else settings.account
    try:
        done, moved = _done(
            said(billed or (), not_billed or ()),
            place,
            wait=wait,
            yes=yes,
        )
    except (WrongUse, GateRefused):
        raise  # who stands here and says something is told at once
    except ImporterError as error:
        notify(notice_of_failure(error, account, "reconcile", TOPICS[1]), settings, rehearsal=place.sandbox)
        raise
    if output.as_json:
        with printing():
            print_json(_document(done, moved))
    elif not output.quiet or done.exit_code is not ExitCode.DONE:
        # What is not billed is told also under a scheduler: nobody takes its file again.
        with printing():
            _show(done, moved, Console(stderr=output.quiet))
    if done.settlements:
        notify(notice_of_reconcile(done, moved, account), settings, rehearsal=place.sandbox)
    return done.exit_code


def _done(said: dict[str, str | None], place: RunPlace, *, wait: bool, yes: bool) -> tuple[Reconciled, list[Handled]]:
    from rich.console import Console

    from importer.commands.session import opened
    from importer.flow import reconciling
    from importer.flow.reconciling import Words

    talk = Console(stderr=True)
    with opened(place, talk, offline=False) as session:

        def wait_until(moment: datetime) -> bool:
            return _wait_until(moment, talk) if wait else False

        def confirm(by_word: tuple[Settlement, ...]) -> None:
            _confirm(by_word, yes=yes, talk=talk)

        words = Words(said, confirm)
        found = reconciling.reconcile(session.tools, session.connect(), wait_until, words=words)
        return found, [] if place.sandbox else _returned(session.tools, found)


def _confirm(by_word: tuple[Settlement, ...], *, yes: bool, talk: Console) -> None:
    """Show what would be noted on a person's word alone, and ask for a typed yes. Raises GateRefused."""
    from rich.markup import escape

    if yes:
        return
    for one in by_word:
        talk.print(f"{escape(_name(one))}: {escape(one.reason)}", highlight=False, soft_wrap=True)
    need_terminal("Nothing was changed")
    if any(one.status is Status.READY and not one.doubt.being_undone for one in by_word):
        talk.print(
            "What you call not billed is sent when its file is submitted again: were it there, it would be twice."
        )
    need_yes("Type yes to note it", "Nothing was changed", "Run it again when you are sure.")


def _name(one: Settlement) -> str:
    doubt = one.doubt
    name = doubt.key or f"project {', '.join(str(number) for number in doubt.workspace_ids)}"
    return f"{name}, {rows_named(doubt.rows)}, {doubt.amount:,.2f} in the sheet"


def _returned(tools: Tools, found: Reconciled) -> list[Handled]:
    """Put the files of the inbox where they belong now; while a run is at work there, the next one does it."""
    from importer.model.errors import LockedByAnother, SettingsProblem
    from importer.unattended import inbox
    from importer.unattended.returning import returned

    moved: list[Handled] = []
    if (tools.settings.inbox / "in-doubt").is_dir():
        with suppress(LockedByAnother, SettingsProblem), inbox.alone(tools.settings.inbox):
            moved += returned(tools, found)
    return moved


def _wait_until(moment: datetime, talk: Console) -> bool:
    seconds = (moment - datetime.now(UTC).replace(tzinfo=None)).total_seconds()
    if seconds > 0:
        local = moment.replace(tzinfo=UTC).astimezone()
        talk.print(f"Waiting until {local:%H:%M:%S}: before that, “not found” would mean nothing. Ctrl-C stops.")
        time.sleep(seconds + 0.05)
    return True


def _document(done: Reconciled, moved: list[Handled]) -> dict[str, Any]:
    counts = Counter(one.status.value for one in done.settlements)
    return {
        "schema_version": 1,
        "command": "reconcile",
        "exit_code": int(done.exit_code),
        "totals": {"invoices": len(done.settlements), "by_status": dict(counts)},
        "invoices": [
            {
                "reference": one.doubt.reference,
                "run_id": one.doubt.run_id,
                "workspace_ids": list(one.doubt.workspace_ids),
                "invoice_key": one.doubt.key,
                "rows": list(one.doubt.rows),
                "status": one.status.value,
                "invoice_id": one.invoice_id,
                "error": one.reason,
                "what_to_do": one.what_to_do,
            }
            for one in done.settlements
        ],
        "files": {"results": [str(path) for path in done.files]},
        "inbox": [{"name": one.name, "outcome": one.fate.name.lower(), "message": one.why} for one in moved],
    }


def _show(done: Reconciled, moved: list[Handled], console: Console) -> None:
    from rich.markup import escape

    from importer.model.words import count_of

    if not done.settlements:
        console.print("Nothing is in doubt.")
    for one in done.settlements:
        name = one.doubt.key or f"project {', '.join(str(number) for number in one.doubt.workspace_ids)}"
        words = one.words if one.doubt.being_undone else one.status.words
        console.print(f"[bold]{words}[/] {escape(name)}: {escape(one.reason)}", highlight=False)
        if one.what_to_do:
            console.print(f"    {escape(one.what_to_do)}", style="dim", highlight=False, soft_wrap=True)
    if unbilled := [one for one in done.settlements if one.status is Status.READY and not one.doubt.being_undone]:
        how = "nobody bills what is absent from Kantata before its file is submitted again."
        console.print(f"[bold red]{count_of(len(unbilled), 'invoice')} not billed[/]: {how}")
    for one in done.settlements:
        if one.doubt.reference in done.differing:
            console.print(f"Invoice {one.invoice_id} holds something else than was sent; the results say what.")
    for path in done.files:
        console.print(f"Results written anew: [bold]{escape(str(path))}[/]", soft_wrap=True)
    for moving in moved:
        console.print(escape(moving.line), soft_wrap=True, highlight=False)
