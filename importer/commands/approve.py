"""``invoice-importer approve``: let exactly this plan be sent."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from importer.commands.options import (
    Batch,
    Config,
    Encoding,
    File,
    Json,
    Offline,
    Partial,
    Profile,
    Quiet,
    Reports,
    SandboxFlag,
    SheetName,
    reporting_errors,
    typed,
)
from importer.model.exit_codes import ExitCode
from importer.model.plans import Status

if TYPE_CHECKING:
    from rich.console import Console

    from importer.reporting.report import Report


@reporting_errors
def approve(  # noqa: PLR0913 - one argument per option or field
    *,
    file: File,
    sheet: SheetName = None,
    batch: Batch = None,
    profile: Profile = None,
    config: Config = None,
    reports: Reports = None,
    encoding: Encoding = None,
    as_json: Json = False,
    quiet: Quiet = False,
    offline: Offline = False,
    sandbox: SandboxFlag = False,
    partial: Partial = False,
    allow_repeats: Annotated[
        bool,
        typer.Option("--allow-repeats", help="Also approve invoices whose content was billed before."),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> ExitCode:
    """Preview a file and record that you approve exactly this plan. Sends nothing."""
    from rich.console import Console

    from importer.commands.session import opened
    from importer.flow.gates import approve as record_approval
    from importer.flow.prepared import Wish
    from importer.flow.preview import preview
    from importer.reporting.terminal import show

    talk = Console(stderr=True)
    with opened(
        config=config,
        profile=profile,
        reports=reports,
        encoding=encoding,
        offline=offline,
        sandbox=sandbox,
        console=talk,
    ) as session:
        wish = Wish(file, sheet, batch, partial, allow_repeats)
        plan = preview(wish, session.tools)
        if not (quiet or as_json) or not yes:
            show(plan, talk)
        if plan.exit_code is ExitCode.FILE_PROBLEMS and not partial:
            talk.print("Nothing was approved: mend the problems first, or add --partial.")
            return plan.exit_code
        _confirm(plan, talk, yes=yes)
        approval = record_approval(plan, session.tools)
    if as_json:
        _print_json(plan, approval.plan_hash, approval.who)
    elif not quiet:
        Console().print(f"Approved by {approval.who}: plan {approval.plan_hash[:12]} of batch {plan.batch}.")
    return ExitCode.DONE


def _confirm(plan: Report, talk: Console, *, yes: bool) -> None:
    """Ask for a typed yes. Raises GateRefused when it does not come, or when there is nothing to approve."""
    from importer.model.errors import GateRefused
    from importer.model.words import count_of

    ready = plan.totals.by_status.get(Status.READY, 0)
    if not ready:
        msg = "Nothing was approved: the plan would send no invoice."
        raise GateRefused(msg, "The table above says why.", code="gate.approval")
    if yes:
        return
    if not sys.stdin.isatty():
        msg = "Nothing was approved: without a terminal nobody can be asked."
        raise GateRefused(msg, "Add --yes.", code="gate.yes")
    talk.print(
        f"[bold]{count_of(ready, 'invoice')}[/] with [bold]{plan.totals.amount_by_status[Status.READY]:,.2f}[/]."
    )
    if typed("Type yes to approve", "Nothing was approved").strip().lower() != "yes":
        msg = "Nothing was approved: you did not type yes."
        raise GateRefused(msg, "Approve it when you are sure.", code="gate.yes")


def _print_json(plan: Report, plan_hash: str, who: str) -> None:
    from importer.kantata.payload import to_json
    from importer.reporting.report import to_document

    document = to_document(plan) | {"command": "approve", "approval": {"plan_hash": plan_hash, "who": who}}
    sys.stdout.write(to_json(document, indent=2) + "\n")
