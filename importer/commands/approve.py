"""``invoice-importer approve``: let exactly this plan be sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from importer.commands.asking import need_terminal, need_yes
from importer.commands.ending import command, print_json
from importer.commands.next_steps import for_file, next_step
from importer.commands.options import Output, RepeatOptions, RunPlace, SheetOptions
from importer.model.exit_codes import ExitCode
from importer.model.plans import Status

if TYPE_CHECKING:
    from rich.console import Console

    from importer.reporting.report import Report


@command
def approve(
    *,
    sheet: SheetOptions,
    place: RunPlace,
    repeats: RepeatOptions,
    output: Output,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> ExitCode:
    """Preview a file and record that you approve exactly this plan. Sends nothing."""
    from importer.commands.session import opened
    from importer.flow.approving import approve as record_approval
    from importer.flow.preview import preview
    from importer.reporting.report import to_document
    from importer.reporting.screen import Screen, plain
    from importer.reporting.terminal import show

    talk = Screen(stderr=True)
    wish = sheet.wish(**repeats.wish)
    with opened(place, talk, offline=sheet.offline, **sheet.settings) as session:
        plan = preview(wish, session.tools)
        if not yes or not (output.quiet or output.as_json):
            show(plan, talk)
        if plan.exit_code is ExitCode.FILE_PROBLEMS and not sheet.partial:
            talk.print("Nothing was approved: fix the problems first, or add --partial.")
            return plan.exit_code

        _confirm(plan, talk, yes=yes)
        approval = record_approval(plan, session.tools)

    if output.as_json:
        noted = {"plan_hash": approval.plan_hash, "who": approval.who}
        print_json(to_document(plan) | {"command": "approve", "approval": noted})
    elif not output.quiet:
        Screen().print(
            f"Approved by {plain(approval.who)}: plan {approval.plan_hash[:12]} of batch {plain(plan.batch)}."
        )
        next_step(for_file("submit", sheet.file, sheet, place, repeats.words))
    return ExitCode.DONE


def _confirm(plan: Report, talk: Console, *, yes: bool) -> None:
    """Ask for a typed yes. Raises GateRefused when it does not come, or when there is nothing to approve."""
    from importer.model.errors import GateRefused
    from importer.reporting.headline import headline_of
    from importer.reporting.screen import plain

    ready = plan.totals.by_status.get(Status.READY, 0)
    if not ready:
        msg = "Nothing was approved: the plan would send no invoice."
        raise GateRefused(msg, "The table above says why.", code="gate.approval")
    if yes:
        return

    need_terminal("Nothing was approved")
    talk.print(f"\n[bold]{plain(headline_of(plan))}[/]", highlight=False)
    need_yes("Type yes to approve", "Nothing was approved", "Approve it when you are sure.")
