"""The sheet Problems: everything that is wrong in the file, errors first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.columns import BY_NAME
from importer.problems import Severity
from importer.tables import Table, TableColumn

if TYPE_CHECKING:
    from importer.report import Report
    from importer.tables import Book


def add_problems(book: Book, report: Report) -> None:
    """Add the sheet to the workbook."""
    table = Table(
        book,
        "Problems",
        [
            TableColumn("Severity", 10),
            TableColumn("Cell", 18),
            TableColumn("Column", 22),
            TableColumn("Value", 24),
            TableColumn("What is wrong", 70, wrapped=True),
            TableColumn("How to mend it", 60, wrapped=True),
            TableColumn("Code", 28),
        ],
    )
    for problem in sorted(report.problems, key=lambda p: p.severity is not Severity.ERROR):
        table.add(
            [
                problem.severity.value,
                problem.address,
                BY_NAME[problem.column].title if problem.column in BY_NAME else problem.column,
                problem.value,
                problem.message,
                problem.hint,
                problem.code,
            ],
        )
    table.finish()
