"""``invoice-importer history``: past runs and what became of each invoice."""

from __future__ import annotations

import sys
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from importer.commands.options import Config, Json, Profile, SandboxFlag, reporting_errors
from importer.model.exit_codes import ExitCode

if TYPE_CHECKING:
    from rich.table import Table

    from importer.ledger.rows import Attempt, RunRecord


@reporting_errors
def history(
    *,
    run: Annotated[
        str | None,
        typer.Argument(
            help="Run whose invoices to show: its id, the beginning of it, or “last”; default: list all runs."
        ),
    ] = None,
    profile: Profile = None,
    config: Config = None,
    as_json: Json = False,
    sandbox: SandboxFlag = False,
) -> ExitCode:
    """List past runs, or the invoices of one run, from the ledger."""
    from importer.commands.runs import chosen_run, elsewhere_said
    from importer.commands.session import SANDBOX_ACCOUNT
    from importer.ledger.opening import ledger_url, open_ledger
    from importer.settings.loading import load

    settings = load(config=config, profile=profile)
    account = SANDBOX_ACCOUNT if sandbox else settings.account
    ledger = open_ledger(ledger_url(settings.ledger), account)
    runs = ledger.runs()
    if run is None:
        _print([asdict(one) for one in runs], _runs_table(runs, account), as_json=as_json)
        if not as_json and (said := elsewhere_said(ledger.past.runs_elsewhere())):
            sys.stderr.write(f"{said}\n")
        return ExitCode.DONE
    chosen = chosen_run(run, ledger, "history")
    attempts = ledger.attempts_of_run(chosen.run_id)
    if not as_json:
        sys.stderr.write(
            f"Invoices that run {chosen.run_id} sent; the others are in its results workbook.\n"
            if attempts
            else f"Run {chosen.run_id} sent nothing; its results workbook says why.\n"
        )
    _print([asdict(one) for one in attempts], _attempts_table(attempts), as_json=as_json)
    return ExitCode.DONE


def _print(records: list[dict[str, Any]], table: Table, *, as_json: bool) -> None:
    from rich.console import Console

    if as_json:
        import json

        sys.stdout.write(
            json.dumps({"schema_version": 1, "command": "history", "records": records}, default=str) + "\n",
        )
    else:
        Console().print(table)


def _runs_table(runs: list[RunRecord], account: str) -> Table:
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=f"Runs at {account}", title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("Run", no_wrap=True)
    table.add_column("File, batch, who", overflow="fold")
    table.add_column("Invoices", justify="right", no_wrap=True)
    table.add_column("Amount", justify="right", no_wrap=True)
    table.add_column("Outcome")
    for run in runs:
        counts = [f"{count:,} {status.replace('_', ' ')}" for status, count in run.by_status.items()]
        counts = counts if run.finished_at else ["never finished"]
        counts += [f"{run.undone:,} undone since"] * bool(run.undone)
        counts += [f"{run.undo_unknown:,} in doubt since an undo"] * bool(run.undo_unknown)
        outcome = "\n".join(counts)
        origin = escape(f"{Path(run.path).name}\n{run.batch}, {run.who}")  # the whole path is in the JSON
        table.add_row(run.run_id, origin, f"{run.invoices:,}", f"{Decimal(run.amount):,.2f}", outcome)
    return table


def _attempts_table(attempts: list[Attempt]) -> Table:
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    from importer.model.words import row_ranges

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("Projects", "Key", "Rows", "In this run", "Invoice", "Since", "Message"):
        table.add_column(name, overflow="fold")
    for one in attempts:
        table.add_row(
            ", ".join(str(number) for number in one.workspace_ids),
            escape(one.key or ""),
            row_ranges(one.rows),
            _OUTCOME_WORDS.get(one.outcome or "", one.outcome or "in doubt"),
            one.invoice_id or "",
            escape(", ".join(one.since)),
            escape(one.message or ""),
        )
    return table


_OUTCOME_WORDS = {
    "unknown": "in doubt",
    "refused_for_now": "not sent",
    "token_refused": "not sent",
}
