"""The sheet Summary: the run, its control totals, the tie-out, and what to do next."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from importer.model.currency_sums import mixed
from importer.model.plans import Status
from importer.model.words import NOT_KNOWN, count_of
from importer.reporting.balance import NOT_LOOKED_UP
from importer.reporting.report import by_currency
from importer.reporting.workbook.tables import LINE_POINTS, STATUS_WORDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from importer.reporting.balance import Line
    from importer.reporting.report import CurrencyTotal, Report
    from importer.reporting.workbook.tables import Book


def add_summary(book: Book, report: Report) -> None:
    """Add the sheet to the workbook."""
    sheet = book.add("Summary", [24, 16, 16, 16, 16, 16, 16, 16, 46])
    sheet.hide_gridlines(2)
    title = "Preview: nothing was sent" if report.command == "preview" else "Results"
    sheet.write_string(0, 0, title, book.title)
    facts: list[tuple[str, object]] = [
        ("File", report.source.path),
        ("Sheet", report.source.sheet or ""),
        ("Batch", report.batch),
        ("Run", report.run_id),
        ("Kantata account", report.account),
        ("Started", report.started_at),
    ]
    row = 2
    for label, value in facts:
        sheet.write_string(row, 0, label, book.bold)
        if isinstance(value, datetime):
            sheet.write_datetime(row, 1, value.replace(microsecond=0, tzinfo=None), book.moment)
        else:
            sheet.write_string(row, 1, str(value))
        row += 1
    row = _control_totals(book, sheet, row + 1, report)
    if report.command == "preview" and (currencies := by_currency(report.planned)):
        row = _per_currency(book, sheet, row + 1, currencies)
    row = _tie_out(book, sheet, row + 1, report)
    for notice in (*_headlines(report), *report.notices):
        sheet.write_string(row + 1, 0, notice)
        row += 1


def _control_totals(book: Book, sheet: Any, row: int, report: Report) -> int:  # noqa: ANN401 - untyped by its library
    _header(book, sheet, row, ("Control totals", "Invoices", "Amount in the sheet"))
    totals = report.totals
    for status in Status:
        if count := totals.by_status.get(status, 0):
            row += 1
            sheet.write_string(row, 0, STATUS_WORDS[status], book.status[status])
            sheet.write_number(row, 1, count)
            sheet.write_number(row, 2, totals.amount_by_status[status], book.money)
    in_invoices = sum(totals.amount_by_status.values())
    if totals.amount != in_invoices:
        row += 1
        sheet.write_string(row, 0, "rows without a project")
        sheet.write_number(row, 2, totals.amount - in_invoices, book.money)
    row += 1
    total = book.book.add_format({"bold": True, "top": 1, "num_format": "#,##0.00"})
    count = book.book.add_format({"bold": True, "top": 1})
    sheet.write_string(row, 0, "total", count)
    sheet.write_number(row, 1, totals.invoices, count)
    sheet.write_number(row, 2, totals.amount, total)
    if several := mixed(report.planned, totals.amount):
        sheet.write_string(row, 3, several, book.beside)
    row += 1
    sheet.write_string(row, 0, "rows in the sheet")
    sheet.write_number(row, 1, totals.rows)
    return row + 1


def _per_currency(book: Book, sheet: Any, row: int, totals: Sequence[CurrencyTotal]) -> int:  # noqa: ANN401 - untyped by its library
    _header(book, sheet, row, ("Currency", "Invoices", "Amount in the sheet", "Expected total, tax excluded"))
    for one in totals:
        row += 1
        sheet.write_string(row, 0, one.currency or NOT_KNOWN)
        sheet.write_number(row, 1, one.invoices)
        sheet.write_number(row, 2, one.amount, book.money)
        if one.expected is None:
            sheet.write_string(row, 3, NOT_KNOWN, book.right)
        else:
            sheet.write_number(row, 3, one.expected, book.money)
    return row + 1


_TIE_OUT = ("Sheet", "Sent", "Read back", "Difference", "Not read back", "Invoices not read back", "Total in Kantata")


def _tie_out(book: Book, sheet: Any, row: int, report: Report) -> int:  # noqa: ANN401 - untyped by its library
    """Sheet, sent and read back side by side, by currency and by project; then rows in and rows answered."""
    tally = report.tally
    parts = (("Tie-out by currency", tally.by_currency()), ("Tie-out by project", tally.by_project()))
    if not report.is_plan and not tally.looked_up:
        sheet.write_string(row, 0, NOT_LOOKED_UP)
        row += 2
    for title, lines in parts if not report.is_plan and tally.looked_up else ():
        titled = any(line.title for line in lines)
        _header(book, sheet, row, (title, *_TIE_OUT))
        if titled:
            sheet.write_string(row, len(_TIE_OUT) + 1, "Project title", book.header_beside)
        for line in lines:
            row += 1
            _tie_out_line(book, sheet, row, line)
        row += 2
    sheet.write_string(row, 0, tally.row_sentence(), None if tally.rows_agree() else book.bold)
    return row + 1


def _tie_out_line(book: Book, sheet: Any, row: int, line: Line) -> None:  # noqa: ANN401 - untyped by its library
    """One line; what is not known stays blank."""
    unread = line.unread_amount if line.unread else None
    amounts = (line.sheet, line.sent, line.read_back, line.difference, unread, None, line.total)
    sheet.write_string(row, 0, line.name)
    for position, amount in enumerate(amounts, start=1):
        if amount is not None:
            style = book.wrong if amount is line.difference and amount else book.money
            sheet.write_number(row, position, amount, style)
    if line.unread:
        sheet.write_number(row, _TIE_OUT.index("Invoices not read back") + 1, line.unread, book.bold)
    if line.title:
        sheet.write_string(row, len(_TIE_OUT) + 1, line.title, book.beside)


def _header(book: Book, sheet: Any, row: int, titles: Sequence[str]) -> None:  # noqa: ANN401 - untyped by its library
    """A header over a column of names and columns of figures; two lines high, so that none is cut off."""
    sheet.set_row(row, 2 * LINE_POINTS)
    for position, title in enumerate(titles):
        sheet.write_string(row, position, title, book.header_right if position else book.header)


def _headlines(report: Report) -> Iterator[str]:
    """What to do next, in one line per matter."""
    counts = report.totals.by_status
    if report.errors:
        yield f"{count_of(report.errors, 'problem')} in the file: see the sheet Problems."
    if counts.get(Status.IN_DOUBT):
        yield f"{count_of(counts[Status.IN_DOUBT], 'invoice')} in doubt: may exist in Kantata. Look there first."
    if differing := sum(one.differs for one in report.planned):
        yield f"{count_of(differing, 'invoice')} in Kantata differ from what was sent: the sheet Invoices says how."
    if missing := sum(one.missing for one in report.planned):
        yield f"{count_of(missing, 'invoice')} could not be found again in Kantata: the sheet Invoices says what to do."
    if counts.get(Status.HELD):
        yield f"{count_of(counts[Status.HELD], 'invoice')} held: a person decides. The sheet Invoices says why."
    if report.command == "submit" and (counts.get(Status.REJECTED) or counts.get(Status.NOT_SENT)):
        yield "Rows that did not become invoices are in the to-fix workbook beside this one."
    yield "Amounts are those of fixed fees and additional items; time, expenses and milestones are priced by Kantata."
