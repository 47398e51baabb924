"""``invoice-importer undo``: delete the drafts and cancel the active invoices that a run created."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from importer.commands.options import (
    Config,
    Json,
    Profile,
    Quiet,
    Reports,
    SandboxFlag,
    errors_only,
    reporting_errors,
    telling,
    typed,
)
from importer.model.exit_codes import ExitCode

if TYPE_CHECKING:
    from rich.console import Console

    from importer.sending.undo import Undone


@reporting_errors
def undo(  # noqa: PLR0913 - one argument per option or field
    *,
    run: Annotated[str, typer.Argument(help="Run to undo: its id, the beginning of it, or “last”.")],
    profile: Profile = None,
    config: Config = None,
    reports: Reports = None,
    as_json: Json = False,
    quiet: Quiet = False,
    sandbox: SandboxFlag = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before undoing.")] = False,
) -> ExitCode:
    """Delete the drafts and cancel the active invoices that a run created, unless somebody paid or changed them."""
    from rich.console import Console

    from importer.commands.runs import chosen_run
    from importer.commands.session import opened
    from importer.commands.submit import _signals
    from importer.flow import undoing
    from importer.flow.undoing import UndoHooks
    from importer.sending.throttle import Stop

    talk, stop = Console(stderr=True), Stop()
    with (
        opened(config=config, profile=profile, reports=reports, offline=True, sandbox=sandbox, console=talk) as session,
        _signals(stop) as listen,
        talk.status("Looking the invoices up …") as spinner,
    ):
        chosen = chosen_run(run, session.tools.ledger, "undo")

        def confirm(plan: Undone) -> None:
            spinner.stop()
            _confirm(plan, yes=yes, talk=talk)
            listen()
            spinner.start()

        def progress(done: int, of: int) -> None:
            spinner.update(f"Undoing: {done:,} of {of:,} …")

        hooks = UndoHooks(confirm, stop, progress)
        done = undoing.undo(chosen, session.tools, session.connect(), hooks)
    with telling():
        if as_json:
            from importer.kantata.payload import to_json

            sys.stdout.write(to_json(_document(done), indent=2) + "\n")
        elif quiet:
            errors_only(f"Undo of run {done.run_id}", done.exit_code, _in_a_line(done))
        else:
            _show(done, Console())
    return done.exit_code


def _confirm(plan: Undone, *, yes: bool, talk: Console) -> None:
    """Show what would be done and ask for a typed yes. Raises GateRefused when it does not come."""
    from importer.model.errors import GateRefused
    from importer.model.words import count_of
    from importer.sending.undo import Action

    if yes:
        return
    _show(plan, talk)
    if not sys.stdin.isatty():
        msg = "Nothing was undone: without a terminal nobody can be asked."
        raise GateRefused(msg, "Add --yes.", code="gate.yes")
    deleted, cancelled = (sum(one.action is action for one in plan.steps) for action in Action)
    talk.print(
        f"[bold]{count_of(deleted, 'draft')}[/] will be deleted and [bold]{count_of(cancelled, 'active invoice')}[/] "
        f"cancelled at {plan.account}. This cannot be taken back.",
        highlight=False,
    )
    if typed("Type yes to undo", "Nothing was undone").strip().lower() != "yes":
        msg = "Nothing was undone: you did not type yes."
        raise GateRefused(msg, "Run undo again when you are sure.", code="gate.yes")


def _show(done: Undone, console: Console) -> None:
    """Print the invoices by what became of them, or would be done with them."""
    from rich.markup import escape

    from importer.reporting.undo_results import TITLES
    from importer.sending.undo import Group

    console.print(f"Undo of {escape(done.run_said)}", highlight=False, soft_wrap=True)
    if done.nothing_to_do:
        console.print(f"Nothing to undo in run {escape(done.run_id)}: {_standing(done)}", highlight=False)
        return
    planned = tuple(one for one in done.steps if one.action is not None)
    parts = [("To be undone", planned), *((TITLES[group], done.of(group)) for group in Group)]
    styles = ("cyan", "green", "yellow", "bold red")
    for (title, steps), style in zip(parts, styles, strict=True):
        if steps:
            total = sum(one.sent.amount for one in steps)
            console.print(f"[{style}]{title}[/]: {len(steps):,} ({total:,.2f})", highlight=False)
        for one in steps:
            name = one.sent.key or f"project {', '.join(str(number) for number in one.sent.workspace_ids)}"
            number = f"invoice {one.sent.invoice_id}" if one.sent.invoice_id else "no invoice id"
            amount = f"{one.sent.amount:,.2f}"
            console.print(f"    {escape(name)}, {number}, {amount}: {escape(one.reason)}", highlight=False)
            if one.what_to_do:
                console.print(f"        {escape(one.what_to_do)}", style="dim", highlight=False)
    for path in done.files:
        console.print(f"Results: [bold]{escape(str(path))}[/]", soft_wrap=True, highlight=False)


def _in_a_line(done: Undone) -> str:
    from importer.flow.undoing import counts_of
    from importer.sending.undo import Group

    counts = ", ".join(f"{count:,} {group}" for group, count in counts_of(done).items() if count)
    reason = next(
        (f" {one.reason} {one.what_to_do or ''}" for one in done.of(Group.UNKNOWN) or done.of(Group.KEPT)), ""
    )
    return f"{counts}.{reason}"


def _standing(done: Undone) -> str:
    from importer.model.words import count_of
    from importer.sending.undo import Group

    if not done.steps:
        return "it created nothing that is there still, or later runs sent it again."
    undone, kept = len(done.of(Group.UNDONE)), len(done.of(Group.KEPT))
    parts = [f"{count_of(undone, 'invoice')} undone before"] * bool(undone)
    parts += [f"{count_of(kept, 'invoice')} kept before, and still to be kept"] * bool(kept)
    return f"{', '.join(parts)}."


def _document(done: Undone) -> dict[str, Any]:
    from importer.flow.undoing import counts_of

    return {
        "schema_version": 1,
        "command": "undo",
        "run_id": done.run_id,
        "undo_id": done.undo_id,
        "batch": done.batch,
        "source": {"path": done.source},
        "exit_code": int(done.exit_code),
        "totals": {"invoices": len(done.steps), "by_group": counts_of(done)},
        "invoices": [
            {
                "reference": one.sent.reference,
                "workspace_ids": list(one.sent.workspace_ids),
                "invoice_key": one.sent.key,
                "rows": list(one.sent.rows),
                "amount": f"{one.sent.amount:.2f}",
                "invoice_id": one.sent.invoice_id,
                "group": one.group.value if one.group else None,
                "reason": one.reason,
                "what_to_do": one.what_to_do,
                "earlier": one.earlier,
            }
            for one in done.steps
        ],
        "files": {"undo": str(done.files[0]) if done.files else None},
    }
