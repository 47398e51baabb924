"""``invoice-importer undo``: delete the drafts and cancel the active invoices that a run created."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from importer.commands.asking import need_terminal, need_yes
from importer.commands.ending import command, errors_only, open_file, print_json
from importer.commands.next_steps import command_line, next_step
from importer.commands.options import FileOutput, RunPlace
from importer.model.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from importer.sending.undo import Step, Undone


@command
def undo(
    *,
    run: Annotated[str, typer.Argument(help="Run to undo: its id, the beginning of it, or “last”.")],
    place: RunPlace,
    output: FileOutput,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before undoing.")] = False,
) -> ExitCode:
    """Delete the drafts and cancel the active invoices that a run created, unless somebody paid or changed them."""
    from importer.commands.runs import chosen_run
    from importer.commands.session import opened, stopped_by_signals
    from importer.flow import undoing
    from importer.reporting.screen import Screen
    from importer.sending.throttle import Stop

    talk, stop = Screen(stderr=True), Stop()
    with (
        opened(place, talk, offline=True) as session,
        stopped_by_signals(stop) as listen,
        talk.status("Looking the invoices up …") as spinner,
    ):
        chosen = chosen_run(run, session.tools.ledger, "undo")

        def confirm(plan: Undone) -> None:
            spinner.stop()
            if not yes:
                _confirm(plan, talk)
            listen()
            spinner.start()

        def progress(done: int, of: int) -> None:
            spinner.update(f"Undoing: {done:,} of {of:,} …")

        hooks = undoing.UndoHooks(confirm, stop, progress)
        done = undoing.undo(chosen, session.tools, session.connect(), hooks)

    if output.as_json:
        print_json(_document(done))
    elif output.quiet:
        errors_only(f"Undo of run {done.run_id}", done.exit_code, _in_a_line(done))
    else:
        _show(done, Screen())
        next_step(_next_step(done, place))
    if output.open_results:
        open_file(done.page)
    return done.exit_code


def _next_step(done: Undone, place: RunPlace) -> str:
    from importer.sending.undo import Group

    if done.of(Group.UNKNOWN):
        return f"{command_line('undo', done.run_id, place=place)} in a few minutes looks again."
    if done.of(Group.UNDONE):
        return f"correct the file and bill it again: {command_line('submit', done.source, place=place)}"
    return "nothing is left to do."


def _confirm(plan: Undone, talk: Console) -> None:
    """Show what would be done and ask for a typed yes. Raises GateRefused when it does not come."""
    from importer.model.words import count_of
    from importer.reporting.screen import plain
    from importer.reporting.workbook.undo import sums
    from importer.sending.undo import Action

    _show(plan, talk)
    need_terminal("Nothing was undone")
    going = [step for step in plan.steps if step.action is not None]
    actions = [step.action for step in going]
    deleted, cancelled = (actions.count(action) for action in Action)
    talk.print(
        f"[bold]{count_of(deleted, 'draft')}[/] will be deleted and [bold]{count_of(cancelled, 'active invoice')}[/] "
        f"cancelled at {plain(plan.account)}: {sums(going)}. This cannot be reversed.",
        highlight=False,
    )
    need_yes("Type yes to undo", "Nothing was undone", "Run undo again when you are sure.")


def _show(done: Undone, console: Console) -> None:
    """Print the invoices by what became of them, or would be done with them."""
    from importer.reporting.screen import plain
    from importer.reporting.workbook.undo import TITLES
    from importer.sending.undo import Group

    console.print(f"Undo of {plain(done.run_said)}", highlight=False, soft_wrap=not console.is_terminal)
    if done.nothing_to_do:
        console.print(f"Nothing to undo in run {plain(done.run_id)}: {_standing(done)}", highlight=False)
        return
    planned = tuple(step for step in done.steps if step.action is not None)
    _show_steps("To be undone", planned, "cyan", console)
    for group, style in zip(Group, ("green", "yellow", "bold red"), strict=True):
        _show_steps(TITLES[group], done.of(group), style, console)
    for path in done.files:
        console.print(f"Results: [bold]{plain(str(path))}[/]", soft_wrap=True, highlight=False)
    if done.page is not None:
        console.print(f"Page: [bold]{plain(str(done.page))}[/]", soft_wrap=True, highlight=False)


def _show_steps(title: str, steps: Sequence[Step], style: str, console: Console) -> None:
    """Print the invoices of one group with their total."""
    from rich.padding import Padding
    from rich.text import Text

    from importer.model.words import worth_in_words
    from importer.reporting.workbook.undo import sums

    if steps:
        console.print(f"[{style}]{title}[/]: {len(steps):,} ({sums(steps)})", highlight=False)
    for step in steps:
        number = f"invoice {step.sent.invoice_id}" if step.sent.invoice_id else "no invoice id"
        worth = worth_in_words(step.total, step.currency, step.sent.amount) or "amount not known"
        line = f"{', '.join(_names(step, number, worth))}: {step.reason}"
        console.print(Padding(Text(line), (0, 0, 0, 4), expand=False))
        if step.what_to_do:
            console.print(Padding(Text(step.what_to_do, style="dim"), (0, 0, 0, 8), expand=False))


def _names(step: Step, number: str, worth: str) -> tuple[str, ...]:
    """Its key, number, worth, and its projects with their titles."""
    from importer.model.visible import in_one_line
    from importer.model.words import projects_titled

    projects = projects_titled(step.sent.workspace_ids, step.sent.titles).replace("\n", ", ")
    if step.sent.key:
        return in_one_line(step.sent.key), number, worth, f"project {projects}"
    return f"project {projects}", number, worth


def _in_a_line(done: Undone) -> str:
    from importer.sending.undo import Group

    counts = [f"{count:,} {group}" for group, count in done.counts.items() if count]
    line = f"{', '.join(counts)}."
    urgent = done.of(Group.UNKNOWN) or done.of(Group.KEPT)
    if urgent:
        line += f" {urgent[0].reason} {urgent[0].what_to_do or ''}"
    return line


def _standing(done: Undone) -> str:
    from importer.model.words import count_of
    from importer.sending.undo import Group

    if not done.steps:
        return "it created nothing that is there still, or later runs sent it again."
    parts = []
    undone, kept = len(done.of(Group.UNDONE)), len(done.of(Group.KEPT))
    if undone:
        parts.append(f"{count_of(undone, 'invoice')} undone before")
    if kept:
        parts.append(f"{count_of(kept, 'invoice')} kept before, and still to be kept")
    return f"{', '.join(parts)}."


def _document(done: Undone) -> dict[str, Any]:
    from importer.model.words import exact

    return {
        "schema_version": 1,
        "command": "undo",
        "run_id": done.run_id,
        "undo_id": done.undo_id,
        "batch": done.batch,
        "source": {"path": done.source},
        "exit_code": int(done.exit_code),
        "totals": {"invoices": len(done.steps), "by_group": done.counts},
        "invoices": [
            {
                "reference": step.sent.reference,
                "workspace_ids": list(step.sent.workspace_ids),
                "invoice_key": step.sent.key,
                "rows": list(step.sent.rows),
                "amount": f"{step.sent.amount:.2f}",
                "currency": step.currency,
                "workspace_titles": list(step.sent.titles),
                "total": None if step.total is None else exact(step.total),
                "invoice_id": step.sent.invoice_id,
                "group": step.group.value if step.group else None,
                "reason": step.reason,
                "what_to_do": step.what_to_do,
                "earlier": step.earlier,
            }
            for step in done.steps
        ],
        "files": {
            "undo": str(done.files[0]) if done.files else None,
            "page": str(done.page) if done.page else None,
        },
    }
