"""A plan, or what became of it, as a report, and in the log."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import TYPE_CHECKING

from importer.planning.totals import totals_of
from importer.reporting.report import Report

if TYPE_CHECKING:
    from importer.flow.prepared import Prepared, Tools
    from importer.model.exit_codes import ExitCode
    from importer.model.plans import PlannedInvoice

LOG = logging.getLogger(__name__)


def report_of(
    command: str,
    prepared: Prepared,
    tools: Tools,
    planned: tuple[PlannedInvoice, ...],
    code: ExitCode,
) -> Report:
    """A plan, or what became of it, as it is told to people and programs."""
    return Report(
        command=command,
        run_id=prepared.run_id,
        batch=prepared.batch,
        account=tools.account,
        started_at=prepared.started_at,
        exit_code=code,
        source=prepared.source,
        sheet=prepared.sheet,
        planned=planned,
        totals=totals_of(prepared.lines, planned),
        problems=prepared.problems,
        notices=prepared.notices,
        decisions=prepared.decisions,
        invoice_link=tools.settings.invoice_link,
    )


def note_in_log(report: Report) -> None:
    """Put a report into the log."""
    counts = {status.value: count for status, count in report.totals.by_status.items()}
    facts = {
        "run_id": report.run_id,
        "file": report.source.path,
        "sha256": report.source.sha256,
        "counts": counts,
        "amount": report.totals.amount,
        "exit_code": int(report.exit_code),
        "told": True,
        "duration_ms": round((datetime.now().astimezone() - report.started_at).total_seconds() * 1000),
    }
    words = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items()) or "no invoices"
    LOG.info("%s of %s: %s, %d errors", report.command, report.source.path, words, report.errors, extra=facts)
