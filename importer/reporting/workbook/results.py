"""Write the results or preview workbook: every row of the sheet has its answer."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from importer.model.errors import SettingsProblem
from importer.reporting import details
from importer.reporting.document import ABOUT_AMOUNTS, Document, document_of
from importer.reporting.left_out import not_in_this_file
from importer.reporting.page.writing import write_page
from importer.reporting.table import with_last
from importer.reporting.workbook.book import LONGEST_CELL, Book, free_path, workbook
from importer.reporting.workbook.summary import Summary

if TYPE_CHECKING:
    from importer.reporting.report import Report


def prepare_folder(folder: Path) -> None:
    """Make sure, before anything is sent, that results can be written. Raises SettingsProblem."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".write-test-", dir=folder):
            pass
    except OSError as error:
        msg = f"The results cannot be written to {folder} ({error.strerror})."
        raise SettingsProblem(
            msg,
            "Choose another folder with --reports or IMPORTER_REPORTS.",
            code="reports",
        ) from error


def write_with_page(report: Report, folder: Path) -> tuple[Path, Path | None]:
    """Write the workbook, and the page beside it; return their paths, None where the page failed.

    Results of a run that was settled later get the next free number.
    """
    document = document_of(report)
    kind = "preview" if report.command == "preview" else "results"
    name = f"{report.run_id}-{kind}"
    path = free_path(folder, name) if report.settled else folder / f"{name}.xlsx"
    with workbook(path) as book:
        _add_summary(book, document)
        book.add_table(details.invoices(report, LONGEST_CELL))
        if report.sheet is not None:
            book.add_table(details.rows_answered(report, report.sheet))
        book.add_table(details.problems(report))
        if report.left_out is not None:
            book.add_table(not_in_this_file(report.left_out))
        if report.changes is not None:
            book.add_table(details.changes(report.changes))
    return path, write_page(report, document, path)


def _add_summary(book: Book, document: Document) -> None:
    """Add the sheet Summary: the run, its control totals, the tie-out, and what to do next."""
    summary = Summary(book, document.title, [24, 16, 16, 16, 16, 16, 16, 16, 46])
    summary.add_facts(document.facts)
    if document.headline:
        summary.add_lines(filter(None, [document.headline, document.common_terms]), bold=True)
    if document.expected is not None:
        summary.add_table(document.expected)
    summary.add_table(document.totals)
    if document.lacking_amounts:
        summary.add_lines([document.lacking_amounts], bold=True)
    if document.not_looked_up:
        summary.add_lines([document.not_looked_up])
    for table in document.tie_out:
        summary.add_table(table)
    if document.items_compared:
        summary.add_lines([document.items_compared])
    if document.left_out:
        summary.add_lines(document.left_out)
    if document.left_out_by_project is not None:
        summary.add_table(with_last(document.left_out_by_project, "Project title"))
    summary.add_lines([document.answered], bold=not document.all_answered)
    summary.add_lines([*document.next_steps, ABOUT_AMOUNTS, *document.notices])
