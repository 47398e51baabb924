"""The columns of the user's own sheet, carried through as they are, and the answers at their right.

The sheet Lines: every row of the user's sheet, with its answer.

The sheet Problems: everything that is wrong in the file, errors first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.model.columns import BY_NAME, RESULT_COLUMNS, Kind
from importer.model.invoices import Invoice
from importer.model.plans import Status
from importer.model.problems import Severity
from importer.reporting.report import answer_of
from importer.reporting.workbook.tables import Link, Table, TableColumn

if TYPE_CHECKING:
    from importer.model.sheet import Header, RawRow, Sheet
    from importer.reporting.report import Report
    from importer.reporting.workbook.tables import Book

ANSWERS = tuple(
    TableColumn(name, width, wrapped=name in {"error", "what_to_do"})
    for name, width in zip(RESULT_COLUMNS, (15, 12, 42, 60, 50), strict=True)
)
"""The columns that the results add to the right of the sheet."""


def columns_of(sheet: Sheet) -> list[TableColumn]:
    """The sheet's own columns, with their own headers."""
    headers = {header.position: header for header in sheet.headers}
    return [_column(headers.get(position)) for position in range(sheet.width)]


def _column(header: Header | None) -> TableColumn:
    if header is None:
        return TableColumn("", 11)
    known = BY_NAME.get(header.column or "")
    width = known.width if known else min(max(len(header.text) + 3, 11), 40)
    return TableColumn(header.text, width, right=known is not None and known.kind is Kind.AMOUNT)


def originals(sheet: Sheet, raw: RawRow) -> list[object]:
    """The cells of a row as the sheet has them, as many as the sheet is wide."""
    cells = list(raw.cells[: sheet.width])
    return cells + [None] * (sheet.width - len(cells))


def add_lines(book: Book, report: Report) -> None:
    """Add the sheet to the workbook, where a sheet was read."""
    if report.sheet is None:
        return
    titles = _titles_by_row(report) if report.command == "preview" else {}
    shown = [TableColumn("Project in Kantata", 34)] if titles else []
    table = Table(book, "Lines", [*columns_of(report.sheet), *shown, *ANSWERS])
    invoices, errors = report.by_row(), report.errors_by_row()
    for raw in report.sheet.rows:
        planned = invoices.get(raw.number)
        if (why := report.sheet.excluded.get(raw.number)) is not None:
            table.add([*originals(report.sheet, raw), None, None, None, None, f"Left out: {why.value}."])
            continue
        error, advice = answer_of(report, planned, errors.get(raw.number, []))
        table.add(
            [
                *originals(report.sheet, raw),
                *([titles.get(raw.number)] if titles else []),
                planned.status if planned else Status.NOT_SENT,
                planned.invoice_id if planned else None,
                Link(report.link_of(planned)) if planned else None,
                error,
                advice,
            ],
        )
    table.finish()


def _titles_by_row(report: Report) -> dict[int, str | None]:
    """Title of each row's own project, where Kantata told it."""
    found: dict[int, str | None] = {}
    for one in report.planned:
        titles = dict(zip(one.invoice.workspace_ids, one.expected.titles, strict=True)) if one.expected else {}
        if isinstance(one.invoice, Invoice):
            found |= {line.row: titles.get(line.workspace_id) for line in one.invoice.lines}
        elif len(titles) == 1:
            found |= dict.fromkeys(one.invoice.rows, *titles.values())
    return found if any(found.values()) else {}


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
