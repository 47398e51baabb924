"""The sheet Lines: every row of the user's sheet, with its answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.records import Invoice, Status
from importer.report import answer_of
from importer.results.own_columns import ANSWERS, columns_of, originals
from importer.tables import Link, Table, TableColumn

if TYPE_CHECKING:
    from importer.report import Report
    from importer.tables import Book


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
