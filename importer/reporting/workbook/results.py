"""Write the results, preview and to-fix workbooks: every row of the sheet has its answer."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from importer.model.errors import SettingsProblem
from importer.reporting.workbook.invoices import add_changes, add_invoices
from importer.reporting.workbook.lines import add_lines, add_problems
from importer.reporting.workbook.summary import add_summary
from importer.reporting.workbook.tables import workbook

if TYPE_CHECKING:
    from pathlib import Path

    from importer.reporting.report import Report


def prepare_folder(folder: Path) -> None:
    """Make sure, before anything is sent, that results can be written. Raises SettingsProblem."""
    probe = folder / f".write-test-{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch(mode=0o600)
        probe.unlink()
    except OSError as error:
        msg = f"The results cannot be written to {folder} ({error.strerror})."
        raise SettingsProblem(
            msg,
            "Choose another folder with --reports or IMPORTER_REPORTS.",
            code="reports",
        ) from error


def write_report(report: Report, folder: Path) -> Path:
    """Write the results or preview workbook; return its path. Results written anew get the next free number."""
    kind = "preview" if report.command == "preview" else "results"
    path = folder / f"{report.run_id}-{kind}.xlsx"
    number = 2
    while report.settled and path.exists():
        path, number = folder / f"{report.run_id}-{kind}-{number}.xlsx", number + 1
    with workbook(path) as book:
        add_summary(book, report)
        add_invoices(book, report)
        add_lines(book, report)
        add_problems(book, report)
        add_changes(book, report)
    return path
