"""``invoice-importer probe``: find out on the account what Kantata does not document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from importer.commands.asking import need_terminal, need_yes
from importer.commands.ending import command, print_json
from importer.commands.next_steps import command_line, next_step
from importer.commands.options import JsonOutput, RunPlace
from importer.model.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.console import Console

    from importer.flow.probe_plan import ProbePlan
    from importer.flow.probing import Probed, ProbeHooks
    from importer.model.facts import ProbeDraft
    from importer.sending.throttle import Stop

NOT_DONE = "Nothing was created"
MOST_QUESTIONS = 3
"""How often the web address is asked for, where what was typed does not hold the id."""


@command
def probe(
    *,
    project: Annotated[
        int | None,
        typer.Option("--project", min=1, help="Project in which the drafts are created; none: only remove leftovers."),
    ] = None,
    place: RunPlace,
    output: JsonOutput,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before creating and deleting drafts.")] = False,
) -> ExitCode:
    """Find out what Kantata does not document, with at most two drafts of a project that are deleted again."""
    from importer.commands.session import opened, stopped_by_signals
    from importer.flow import probing
    from importer.model.errors import WrongUse
    from importer.reporting.screen import Screen
    from importer.sending.throttle import Stop

    talk, stop = Screen(stderr=True), Stop()
    with opened(place, talk, offline=True) as session, stopped_by_signals(stop) as listen:
        if project is None and not session.tools.ledger.probes.open_drafts():
            msg = "No project was named, and no draft of an earlier probe is left."
            example = command_line("probe", "--project", "ID", place=place)
            raise WrongUse(msg, f"Name a project with little in it: {example}", code="probe.project")
        hooks = _hooks(talk, stop, listen, yes=yes)
        done = probing.probe(project, session.tools, session.connect(), hooks)

    if output.as_json:
        print_json(_document(done))
    else:
        _show(done, Screen())
        next_step(_next_step(done, place))
    return done.exit_code


def _hooks(talk: Console, stop: Stop, listen: Callable[[], None], *, yes: bool) -> ProbeHooks:
    from importer.flow.probing import ProbeHooks

    def agree(plan: ProbePlan) -> None:
        _announce(plan, talk)
        _ask("Type yes to create the drafts and delete them again", yes=yes)
        listen()

    def agree_to_removal(drafts: Sequence[ProbeDraft]) -> None:
        talk.print("An earlier probe did not end. These drafts of it may be left in Kantata:", highlight=False)
        _listed(talk, [(" -", draft.named) for draft in drafts])
        _ask("Type yes to delete them", yes=yes)

    def address_of(invoice_id: str) -> str | None:
        if yes:
            return None
        with stop.at_once():
            return _address(invoice_id, talk)

    def say(what: str) -> None:
        talk.print(what, style="dim", highlight=False)

    return ProbeHooks(agree, agree_to_removal, address_of, say, stop)


def _ask(question: str, *, yes: bool) -> None:
    """Ask for a typed yes. Raises GateRefused."""
    if not yes:
        need_terminal(NOT_DONE, "Run probe at a terminal; --yes creates the drafts without a question.")
        need_yes(question, NOT_DONE, "Run probe again when you are sure.")


def _announce(plan: ProbePlan, talk: Console) -> None:
    """Say exactly what will be done, and what of it may stay."""
    from importer.kantata.probe import WHOLE, WITH_CENTS
    from importer.reporting.screen import plain

    project, amount = plan.project, WITH_CENTS if plan.has_cents else WHOLE
    steps = [
        f"create a draft with a fixed fee and an additional item of {amount} each{_with_item(plan)}",
        f"look for it in Kantata's lists until they show it, for at most {plan.longest_wait:.0f} s",
        "try to put the same item on a second draft",
        "ask you for the web address of the first draft",
        "delete what it has created",
    ]
    remarks = ["At most two drafts exist at a time. Nothing is issued, e-mailed or billed."]
    if plan.item is None:
        steps.pop(2)
        remarks.append("The project has no open time entry or milestone, so whether drafts hold items is not tried.")
    else:
        remarks.append("If Kantata refuses cents or the item, the first draft is tried with less.")
    number = "" if plan.next_number is None else f"; the next one is {plan.next_number} now"
    remarks.append(f"Deleted drafts may take invoice numbers of your account{number}.")
    remarks.append("Until they are deleted, the drafts are seen by those who see the invoices of the project.")

    named = f"“{project.title}”" if project.title else "without a title"
    talk.print(
        f"Probe of {plain(plan.account)} in project {project.project_id} {plain(named)} ({project.currency}). It will:",
        highlight=False,
    )
    _listed(talk, [(f" {number}.", step) for number, step in enumerate(steps, 1)])
    for remark in remarks:
        talk.print(remark, highlight=False)


def _listed(console: Console, rows: Sequence[tuple[str, str]]) -> None:
    """Print rows of two columns; what does not fit goes on below its own column."""
    from rich.table import Table
    from rich.text import Text

    from importer.model.visible import in_one_line

    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")  # an address is shown whole
    for first, second in rows:
        table.add_row(Text(first, style="bold"), Text(in_one_line(second)))
    console.print(table)


def _with_item(plan: ProbePlan) -> str:
    if plan.item is None:
        return ""
    name = plan.item.item_type.value.replace("_", " ")
    words = f" ({plan.item.item.words})" if plan.item.item.words else ""
    return f", and with the open {name} {plan.item.item.item_id}{words}"


def _address(invoice_id: str, talk: Console) -> str | None:
    """The web address of an invoice as a person pastes it; None when she knows none."""
    talk.print(
        f"Open draft {invoice_id} in Kantata in your browser and paste its web address here; or press Enter to skip.",
        highlight=False,
    )
    for _ in range(MOST_QUESTIONS):
        address = typer.prompt("Address", default="", show_default=False, err=True).strip()
        if not address:
            return None
        if invoice_id in address and address.startswith("https://"):
            return str(address)
        talk.print(f"It begins with https:// and holds the id {invoice_id}. Once more, or Enter.", highlight=False)
    return None


def _show(done: Probed, console: Console) -> None:
    """Print what was found out, what was removed, and what is left."""
    from importer.kantata.probe import TITLE
    from importer.model.facts import TITLES
    from importer.model.words import count_of
    from importer.reporting.screen import plain

    _listed(console, [(TITLES[fact.name], fact.says) for fact in done.facts])
    if done.removed:
        gone = "is" if len(done.removed) == 1 else "are"
        console.print(f"{count_of(len(done.removed), 'draft')} {gone} deleted.", highlight=False)
    for draft in done.not_shown:
        advice = f"no longer shown by Kantata; look for the title “{TITLE}” in project {draft.workspace_id}."
        console.print(f"[bold]Not deleted[/]: {plain(draft.named)}: {advice}", highlight=False)
    for draft, why in done.left:
        console.print(f"[bold red]Left[/]: {plain(draft.named)}: {plain(why)}", highlight=False)
    if done.why:
        console.print(f"[bold red]Ended early[/]: {plain(done.why)}", highlight=False)


def _next_step(done: Probed, place: RunPlace) -> str:
    if done.left:
        return f"{command_line('probe', place=place)} in a few minutes removes what is left."
    if done.not_shown:
        return "see in Kantata that no draft with this title is left."
    if done.facts:
        return f"nothing is left to do; {command_line('doctor', place=place)} shows what is known of the account."
    return "nothing is left to do."


def _document(done: Probed) -> dict[str, Any]:
    return {
        "schema_version": 1,
        "command": "probe",
        "probe_id": done.probe_id,
        "exit_code": int(done.exit_code),
        "facts": [
            {"name": fact.name.value, "value": fact.value, "says": fact.says, "source": fact.source}
            for fact in done.facts
        ],
        "removed": [_draft(draft) for draft in done.removed],
        "not_shown": [_draft(draft) for draft in done.not_shown],
        "left": [_draft(draft) | {"why": why} for draft, why in done.left],
        "why": done.why,
    }


def _draft(draft: ProbeDraft) -> dict[str, Any]:
    return {"reference": draft.reference, "workspace_id": draft.workspace_id, "invoice_id": draft.invoice_id}
