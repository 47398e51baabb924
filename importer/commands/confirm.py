"""``invoice-importer confirm``: read invoices of earlier runs back, and say what changed in Kantata."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from importer.commands.ending import command, errors_only, open_file, print_json
from importer.commands.next_steps import advice, next_step
from importer.commands.options import FileOutput, RunPlace
from importer.model.exit_codes import ExitCode

if TYPE_CHECKING:
    from importer.flow.confirming import Confirmation
    from importer.ledger.ledger import SubmissionLedger
    from importer.ledger.rows import RunRecord
    from importer.sending.confirming import Confirmed

USUAL_DAYS = 62
"""Two months, where no run and no day is named."""


@command
def confirm(
    *,
    run: Annotated[
        str | None,
        typer.Argument(help="Run whose invoices to read back: its id, the beginning of it, or “last”."),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option("--since", help=f"All runs since this day, such as 2026-10-01; default: {USUAL_DAYS} days."),
    ] = None,
    place: RunPlace,
    output: FileOutput,
) -> ExitCode:
    """Read invoices of earlier runs back from Kantata: whether they are edited, cancelled, gone, issued or paid."""
    from importer.commands.session import opened
    from importer.flow.confirming import confirm as read_back
    from importer.reporting.screen import Screen

    talk = Screen(stderr=True)
    with opened(place, talk, offline=True) as session, talk.status("Reading the invoices back …"):
        runs = _runs(run, since, session.tools.ledger)
        done = read_back(runs, session.tools, session.connect())

    if output.as_json:
        print_json(_document(done, session.settings.invoice_link))
    elif output.quiet:
        errors_only("Confirm", done.exit_code, _in_a_line(done))
    else:
        _show(done, place)
    if output.open_results:
        open_file(done.file)
    return done.exit_code


def _runs(run: str | None, since: str | None, ledger: SubmissionLedger) -> list[RunRecord]:
    """The runs that are meant. Raises WrongUse."""
    from importer.commands.runs import chosen_run

    if run is not None and since is None:
        return [chosen_run(run, ledger, "confirm")]
    first = _moment(run, since)
    return [known for known in ledger.runs() if known.started_at >= first]


def _moment(run: str | None, since: str | None) -> datetime:
    """The beginning of a day on the wall, UTC without offset as the ledger dates runs. Raises WrongUse."""
    from importer.model.errors import WrongUse

    if run is not None:
        msg = "A run and --since were given."
        raise WrongUse(msg, "Name the run, or the day since when all runs count.", code="confirm.since")
    if since is None:
        return datetime.now(UTC).replace(tzinfo=None) - timedelta(days=USUAL_DAYS)
    try:
        day = date.fromisoformat(since)
        return datetime(day.year, day.month, day.day).astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError) as error:
        msg = f"--since takes a day such as 2026-10-01, not “{since}”."
        raise WrongUse(msg, "Type year, month and day with hyphens.", code="confirm.since") from error


def _in_a_line(done: Confirmation) -> str:
    from importer.reporting.workbook.confirmed import counts

    return f"{counts(done.invoices)}."


def _show(done: Confirmation, place: RunPlace) -> None:
    from importer.commands.runs import LIST_RUNS
    from importer.model.words import count_of
    from importer.reporting.screen import Screen, plain
    from importer.reporting.terminal import print_table
    from importer.reporting.workbook.confirmed import counts, in_short

    console = Screen()
    if not done.invoices:
        console.print("No invoice of these runs is on record as created.", highlight=False)
        next_step(advice(LIST_RUNS, place))
        return
    runs = {each.run.run_id for each in done.invoices}
    console.print(f"[bold]{count_of(len(done.invoices), 'invoice')}[/]: {counts(done.invoices)}.", highlight=False)
    if len(runs) == 1:
        console.print(f"Run {plain(runs.pop())}", highlight=False)
    print_table(in_short(done.invoices), console)
    console.print(f"Workbook: [bold]{plain(str(done.file))}[/]", soft_wrap=True, highlight=False)
    if done.exit_code is ExitCode.DONE:
        next_step("nothing is left to do.")
    else:
        next_step("look at those that are not as they were left, in Kantata.")


def _document(done: Confirmation, invoice_link: str) -> dict[str, Any]:
    return {
        "schema_version": 1,
        "command": "confirm",
        "exit_code": int(done.exit_code),
        "invoices": [_invoice(each, invoice_link) for each in done.invoices],
        "files": {"confirm": done.file and str(done.file)},
    }


def _invoice(each: Confirmed, invoice_link: str) -> dict[str, Any]:
    from importer.model.words import exact

    sent, held = each.sent, each.held
    return {
        "reference": sent.reference,
        "run_id": each.run.run_id,
        "batch": each.run.batch,
        "workspace_ids": list(sent.workspace_ids),
        "workspace_titles": list(sent.titles),
        "invoice_key": sent.key,
        "invoice_id": sent.invoice_id,
        "invoice_link": invoice_link.replace("{id}", sent.invoice_id) if sent.invoice_id else None,
        "invoice_number": held.number if held else None,
        "status_in_kantata": held.status if held else None,
        "draft": held.draft if held else None,
        "currency": each.currency,
        "expected_total": None if sent.expected_total is None else exact(sent.expected_total),
        "total_in_kantata": None if each.total is None else exact(each.total),
        "standing": each.standing.name.lower(),
        "as_left": not each.standing.is_amiss,
        "changes": list(each.changes),
    }
