"""Reports of files whose invoices end as a test wants them to."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sheets import NET_30_DRAFT, read

from importer.checking.grouping import group
from importer.checking.row_checks import check_rows
from importer.model.exit_codes import ExitCode
from importer.model.plans import InvoiceResult, PlannedInvoice, Source, Status
from importer.model.problems import Problems
from importer.planning.plan import draw_up
from importer.planning.totals import totals_of
from importer.reporting.report import Report

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LINK = "https://app.example/invoices/{id}"
RUN = "20261101-090000-abcd"


def outcome(status: Status, invoice_id: str | None = None, **fields: Any) -> dict[str, Any]:
    """What became of one invoice."""
    return {"status": status, "invoice_id": invoice_id, **fields}


def ended(planned: PlannedInvoice, ways: Iterator[dict[str, Any]]) -> PlannedInvoice | InvoiceResult:
    """The result of a sound invoice in the next of these ways; without one, and of an unsound invoice, the plan."""
    way = {} if planned.payload is None else next(ways, {})
    return InvoiceResult(planned, **way) if way else planned


def report_of(
    path: Path, *outcomes: dict[str, Any], command: str = "submit", batch: str = "2026-10", **fields: Any
) -> Report:
    """Read a file up to its plan, and let the sound invoices end in the given ways, in order."""
    sheet = read(path)
    problems = Problems(sheet.problems)
    lines, _ = check_rows(sheet, problems, send_cents=True)
    invoices = group(lines, sheet, NET_30_DRAFT, problems)
    ways = iter(outcomes)
    planned = tuple(ended(one, ways) for one in draw_up(invoices, batch))
    usual: dict[str, Any] = {
        "command": command,
        "run_id": RUN,
        "batch": batch,
        "account": "https://api.example/api/v1",
        "started_at": datetime(2026, 11, 1, 9, 0).astimezone(),
        "exit_code": ExitCode.DONE,
        "source": Source(str(path), sheet.name, sheet.sha256, len(sheet.rows)),
        "sheet": sheet,
        "planned": planned,
        "totals": totals_of(lines, planned),
        "problems": problems.ordered(),
        "notices": (),
        "invoice_link": LINK,
    }
    return Report(**(usual | fields))
