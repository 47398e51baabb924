"""``invoice-importer history``: past runs and what became of each invoice."""

from __future__ import annotations

import sys
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from importer.commands.ending import command
from importer.commands.next_steps import command_line, next_step
from importer.commands.options import AccountPlace, JsonOutput
from importer.model.exit_codes import ExitCode
from importer.model.visible import in_one_line
from importer.model.words import count_of, projects_titled, worth_in_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from importer.ledger.ledger import SubmissionLedger
    from importer.ledger.rows import Attempt, RunRecord, SentInvoice
    from importer.ledger.runs import StandingSum
    from importer.reporting.table import Table


@command
def history(
    *,
    run: Annotated[
        str | None,
        typer.Argument(
            help="Run whose invoices to show: its id, the beginning of it, or “last”; default: list all runs."
        ),
    ] = None,
    month: Annotated[
        str | None, typer.Option("--month", help="Month of the invoice dates for --csv, such as 2026-10.")
    ] = None,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Print the invoices of a month for the books, as CSV on stdout.")
    ] = False,
    place: AccountPlace,
    output: JsonOutput,
) -> ExitCode:
    """List past runs, or the invoices of one run, from the ledger."""
    from importer.ledger.opening import SANDBOX_ACCOUNT, ledger_url, open_ledger
    from importer.settings.facts import follow
    from importer.settings.loading import load

    settings = load(config=place.config, profile=place.profile)
    account = SANDBOX_ACCOUNT if place.sandbox else settings.account
    with closing(open_ledger(ledger_url(settings.ledger), account, anywhere=settings.allow_unsafe_ledger)) as ledger:
        if month is not None or as_csv:
            _check_month(month, run, as_csv=as_csv, as_json=output.as_json)
            _print_month(month or "", ledger, follow(settings, ledger.probes.facts()).invoice_link)
        elif run is None:
            _print_runs(ledger, account, place, output)
        else:
            _print_run(run, ledger, place, output)
    return ExitCode.DONE


def _print_run(run: str, ledger: SubmissionLedger, place: AccountPlace, output: JsonOutput) -> None:
    from importer.commands.runs import chosen_run

    chosen = chosen_run(run, ledger, "history")
    attempts = ledger.attempts_of_run(chosen.run_id)
    if not output.as_json:
        sys.stderr.write(_heading(chosen, attempts))
    _print(attempts, lambda: _attempts_table(attempts), output)
    if attempts and not output.as_json:
        undo = command_line("undo", chosen.run_id, place=place)
        next_step(f"{undo} takes back what it created, unless somebody paid or changed it.")


def _print_runs(ledger: SubmissionLedger, account: str, place: AccountPlace, output: JsonOutput) -> None:
    from importer.commands.runs import runs_of_other_accounts

    runs = ledger.runs()
    _print(runs, lambda: _runs_table(runs, ledger.sums_by_run(), account), output)
    elsewhere = runs_of_other_accounts(ledger.runs_elsewhere())
    if elsewhere and not output.as_json:
        sys.stderr.write(f"{elsewhere}\n")
    if runs and not output.as_json:
        of_run = command_line("history", "RUN", place=place)
        next_step(f"{of_run} lists the invoices of a run; RUN is its id, or last.")


def _check_month(month: str | None, run: str | None, *, as_csv: bool, as_json: bool) -> None:
    """The two options go together, and alone. Raises WrongUse."""
    from importer.checking.invoice_dates import is_month
    from importer.model.errors import WrongUse

    if not as_csv or as_json or run is not None or month is None:
        msg = "The books of a month need --month and --csv together, without a run and without --json."
        raise WrongUse(msg, "Type invoice-importer history --month 2026-10 --csv.", code="history.month")
    if not is_month(month):
        msg = f"--month {in_one_line(month)} is no month."
        raise WrongUse(msg, "Type the year, a hyphen, and the month in two digits: 2026-10.", code="history.month")


def _print_month(month: str, ledger: SubmissionLedger, invoice_link: str) -> None:
    from importer.reporting.month_csv import dated_elsewhere, month_csv

    sent: list[tuple[RunRecord, SentInvoice]] = []
    for run in sorted(ledger.runs(), key=lambda run: run.started_at):
        sent += [(run, invoice) for invoice in ledger.sent_in(run.run_id)]
    text = month_csv(month, sent, invoice_link)
    sys.stdout.write(text)
    if text.count("\n") == 1:  # the header alone
        sys.stderr.write(
            f"No invoice of this ledger is dated in {month}. One whose rows gave no date has the date that Kantata "
            "gave it.\n"
        )
    for other, count in dated_elsewhere(month, sent).items():
        invoices = count_of(count, "invoice")
        sys.stderr.write(f"Dated in {other}, though of the batch {month}: {invoices} (--month {other}).\n")


def _heading(run: RunRecord, attempts: list[Attempt]) -> str:
    if attempts:
        return f"Invoices that run {run.run_id} sent; the others are in its results workbook.\n"
    return f"Run {run.run_id} sent nothing; its results workbook says why.\n"


def _print(records: Sequence[RunRecord | Attempt], table: Callable[[], Table], output: JsonOutput) -> None:
    if output.as_json:
        import json

        document = {"schema_version": 1, "command": "history", "records": [asdict(record) for record in records]}
        sys.stdout.write(json.dumps(document, default=str) + "\n")
    else:
        from importer.reporting.screen import Screen
        from importer.reporting.terminal import print_table

        console, shown = Screen(), table()
        if shown.title:
            console.print(shown.title, style="italic", highlight=False, markup=False)
        print_table(shown, console)


def _runs_table(runs: list[RunRecord], sums: dict[str, list[StandingSum]], account: str) -> Table:
    from importer.reporting.table import Column, Kind, Narrow, Table

    columns = (
        Column("Run"),
        Column("File, batch, who", narrow=Narrow.FOLD),
        Column("Invoices", Kind.COUNT),
        Column("In Kantata", Kind.MONEY),
        Column("Outcome", narrow=Narrow.FOLD_LAST),
    )
    rows = []
    for run in runs:
        name, origin = Path(run.path).name, f"{run.batch}, {run.who}"  # the whole path is in the JSON
        named = f"{in_one_line(name)}\n{in_one_line(origin)}"
        standing = "\n".join(map(_in_words, sums.get(run.run_id, ())))
        rows.append((in_one_line(run.run_id), named, run.invoices, standing, "\n".join(_outcomes(run))))
    return Table(f"Runs at {in_one_line(account)}", columns, rows)


def _in_words(standing: StandingSum) -> str:
    """“EUR 48,754.59 (8)”."""
    worth = worth_in_words(standing.total, standing.currency, standing.amount) or "amount not known"
    return f"{worth} ({standing.invoices:,})"


def _outcomes(run: RunRecord) -> Iterator[str]:
    """How many invoices ended how, and what an undo did since."""
    if not run.finished_at:
        yield "never finished"
    else:
        for status, count in run.by_status.items():
            yield f"{count:,} {status.replace('_', ' ')}"
    if run.undone:
        yield f"{run.undone:,} undone since"
    if run.undo_unknown:
        yield f"{run.undo_unknown:,} in doubt since an undo"


def _attempts_table(attempts: list[Attempt]) -> Table:
    from importer.model.words import row_ranges
    from importer.reporting.table import Column, Kind, Narrow, Table, without_blanks

    columns = (
        Column("Projects"),
        Column("Key", narrow=Narrow.FOLD),
        Column("Rows", narrow=Narrow.DROP_LAST),
        Column("Expected", Kind.MONEY),
        Column("In this run"),
        Column("Invoice", Kind.CODE, narrow=Narrow.FOLD_LAST),
        Column("Since", narrow=Narrow.FOLD),
        Column("Message", narrow=Narrow.FOLD),
    )
    rows = []
    for attempt in attempts:
        rows.append(
            (
                projects_titled(attempt.workspace_ids, attempt.titles),
                in_one_line(attempt.key or ""),
                row_ranges(attempt.rows),
                worth_in_words(attempt.expected_total, attempt.currency, attempt.amount),
                _OUTCOME_WORDS.get(attempt.outcome or "", attempt.outcome or "in doubt"),
                attempt.invoice_id,
                ", ".join(attempt.since),
                in_one_line(attempt.message or ""),
            )
        )
    return without_blanks(Table("", columns, rows))


_OUTCOME_WORDS = {
    "unknown": "in doubt",
    "refused_for_now": "not sent",
    "token_refused": "not sent",
}
