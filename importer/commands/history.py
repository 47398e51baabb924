"""``invoice-importer history``: past runs and what became of each invoice."""

from __future__ import annotations

import sys
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from importer.commands.ending import command
from importer.commands.options import AccountPlace, JsonOutput
from importer.model.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.table import Table

    from importer.ledger.rows import Attempt, RunRecord


@command
def history(
    *,
    run: Annotated[
        str | None,
        typer.Argument(
            help="Run whose invoices to show: its id, the beginning of it, or “last”; default: list all runs."
        ),
    ] = None,
    place: AccountPlace,
    output: JsonOutput,
) -> ExitCode:
    """List past runs, or the invoices of one run, from the ledger."""
    from importer.commands.runs import chosen_run, runs_of_other_accounts
    from importer.ledger.opening import SANDBOX_ACCOUNT, ledger_url, open_ledger
    from importer.settings.loading import load

    settings = load(config=place.config, profile=place.profile)
    account = SANDBOX_ACCOUNT if place.sandbox else settings.account
    ledger = open_ledger(ledger_url(settings.ledger), account)
    if run is None:
        runs = ledger.runs()
        _print(runs, lambda: _runs_table(runs, account), output)
        elsewhere = runs_of_other_accounts(ledger.runs_elsewhere())
        if elsewhere and not output.as_json:
            sys.stderr.write(f"{elsewhere}\n")
        return ExitCode.DONE

    chosen = chosen_run(run, ledger, "history")
    attempts = ledger.attempts_of_run(chosen.run_id)
    if not output.as_json:
        sys.stderr.write(_heading(chosen, attempts))
    _print(attempts, lambda: _attempts_table(attempts), output)
    return ExitCode.DONE


def _heading(run: RunRecord, attempts: list[Attempt]) -> str:
    if attempts:
        return f"Invoices that run {run.run_id} sent; the others are in its results workbook.\n"
    return f"Run {run.run_id} sent nothing; its results workbook says why.\n"


def _print(records: Sequence[RunRecord | Attempt], table: Callable[[], Table], output: JsonOutput) -> None:
    from importer.reporting.screen import Screen

    if output.as_json:
        import json

        document = {"schema_version": 1, "command": "history", "records": [asdict(record) for record in records]}
        sys.stdout.write(json.dumps(document, default=str) + "\n")
    else:
        Screen().print(table())


def _runs_table(runs: list[RunRecord], account: str) -> Table:
    from rich import box
    from rich.table import Table

    from importer.reporting.screen import plain

    table = Table(title=f"Runs at {plain(account)}", title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("Run", no_wrap=True)
    table.add_column("File, batch, who", overflow="fold")
    table.add_column("Invoices", justify="right", no_wrap=True)
    table.add_column("Amount", justify="right", no_wrap=True)
    table.add_column("Outcome")
    for run in runs:
        counts = ["never finished"]
        if run.finished_at:
            counts = [f"{count:,} {status.replace('_', ' ')}" for status, count in run.by_status.items()]
        if run.undone:
            counts.append(f"{run.undone:,} undone since")
        if run.undo_unknown:
            counts.append(f"{run.undo_unknown:,} in doubt since an undo")
        outcome = "\n".join(counts)
        origin = f"{plain(Path(run.path).name)}\n{plain(run.batch)}, {plain(run.who)}"  # the whole path is in the JSON
        table.add_row(plain(run.run_id), origin, f"{run.invoices:,}", f"{Decimal(run.amount):,.2f}", outcome)
    return table


def _attempts_table(attempts: list[Attempt]) -> Table:
    from rich import box
    from rich.table import Table

    from importer.model.words import row_ranges
    from importer.reporting.screen import plain

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("Projects", "Key", "Rows", "In this run", "Invoice", "Since", "Message"):
        table.add_column(name, overflow="fold")
    for attempt in attempts:
        table.add_row(
            ", ".join(str(number) for number in attempt.workspace_ids),
            plain(attempt.key or ""),
            row_ranges(attempt.rows),
            _OUTCOME_WORDS.get(attempt.outcome or "", attempt.outcome or "in doubt"),
            plain(attempt.invoice_id or ""),
            plain(", ".join(attempt.since)),
            plain(attempt.message or ""),
        )
    return table


_OUTCOME_WORDS = {
    "unknown": "in doubt",
    "refused_for_now": "not sent",
    "token_refused": "not sent",
}
