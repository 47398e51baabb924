"""Write the results, preview and to-fix workbooks: every row of the sheet has its answer."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from importer.columns import BY_NAME, Kind
from importer.errors import SettingsProblem
from importer.payload import to_json
from importer.problems import Severity
from importer.records import Invoice, ReadBack, Status
from importer.report import answer_of, by_currency
from importer.tables import LONGEST_CELL, STATUS_WORDS, Book, Link, Money, Table, TableColumn, workbook
from importer.words import NOT_KNOWN, count_of, describe_lines, row_ranges

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from importer.records import PlannedInvoice
    from importer.report import CurrencyTotal, Report
    from importer.sheet import Header, RawRow, Sheet

TO_FIX = frozenset({Status.REJECTED, Status.NOT_SENT, Status.HELD, Status.READY})
"""Statuses whose rows go into the to-fix workbook. An invoice in doubt may exist, so its rows do not."""


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
        _summary(book, report)
        _invoices(book, report)
        _lines(book, report)
        _problems(book, report)
        _changes(book, report)
    return path


def write_to_fix(report: Report, folder: Path) -> Path | None:
    """Write the rows that did not become invoices, in import form; None when there are none."""
    sheet = report.sheet
    rows = [] if sheet is None else list(_unfinished(report, sheet))
    if sheet is None or not rows:
        return None
    path = folder / f"{report.run_id}-to-fix.xlsx"
    with workbook(path) as book:
        # Answers of an earlier run make room for the new ones.
        kept = [at for at in range(sheet.width) if at not in sheet.added]
        columns = _columns(sheet)
        table = Table(book, "Invoices", [*(columns[at] for at in kept), *_ANSWERS[-2:]])
        for raw, error, advice in rows:
            cells = _as_read(report, sheet, raw)
            table.add([*(cells[at] for at in kept), error, advice])
        table.finish()
        cover = book.add("Cover", [16, 70])
        cover.write_row(0, 0, ["Batch", report.batch], book.bold)
        cover.write_row(1, 0, ["From run", report.run_id])
        cover.write_row(2, 0, ["From file", report.source.path])
        cover.write_string(4, 0, "Mend the rows on the sheet Invoices and submit this workbook as it is.")
        cover.write_string(5, 0, "Keep the batch: by it the program knows what it has sent already.")
    return path


# --- the sheets --------------------------------------------------------------


def _summary(book: Book, report: Report) -> None:
    sheet = book.add("Summary", [24, 18, 18, 18, 18, 18, 18])
    sheet.hide_gridlines(2)
    title = "Preview: nothing was sent" if report.command == "preview" else "Results"
    sheet.write_string(0, 0, title, book.title)
    facts: list[tuple[str, object]] = [
        ("File", report.source.path), ("Sheet", report.source.sheet or ""), ("Batch", report.batch),
        ("Run", report.run_id), ("Kantata account", report.account), ("Started", report.started_at),
    ]  # fmt: skip
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
    for position, text in enumerate(("Control totals", "Invoices", "Amount in the sheet")):
        sheet.write_string(row, position, text, book.header)
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
    row += 1
    sheet.write_string(row, 0, "rows in the sheet")
    sheet.write_number(row, 1, totals.rows)
    return row + 1


def _per_currency(book: Book, sheet: Any, row: int, totals: Sequence[CurrencyTotal]) -> int:  # noqa: ANN401 - untyped by its library
    for position, text in enumerate(("Currency", "Invoices", "Amount in the sheet", "Expected total, tax excluded")):
        sheet.write_string(row, position, text, book.header)
    left = book.book.add_format({"num_format": "#,##0.00", "align": "left"})  # the column is wide
    for one in totals:
        row += 1
        sheet.write_string(row, 0, one.currency or NOT_KNOWN)
        sheet.write_number(row, 1, one.invoices)
        sheet.write_number(row, 2, one.amount, book.money)
        if one.expected is None:
            sheet.write_string(row, 3, NOT_KNOWN)
        else:
            sheet.write_number(row, 3, one.expected, left)
    return row + 1


_TIE_OUT = ("Sheet", "Sent", "Read back", "Difference", "Total in Kantata", "Not read back")


def _tie_out(book: Book, sheet: Any, row: int, report: Report) -> int:  # noqa: ANN401 - untyped by its library
    """Sheet, sent and read back side by side, by currency and by project; then rows in and rows answered."""
    tally = report.tally
    wrong = book.book.add_format({"num_format": "#,##0.00", "bold": True, "font_color": "#C00000"})
    parts = (("Tie-out by currency", tally.by_currency()), ("Tie-out by project", tally.by_project()))
    for title, lines in parts if report.command != "preview" else ():
        for position, text in enumerate((title, *_TIE_OUT)):
            sheet.write_string(row, position, text, book.header_right if 0 < position < len(_TIE_OUT) else book.header)
        for line in lines:
            row += 1
            sheet.write_string(row, 0, line.name)
            for position, amount in enumerate((line.sheet, line.sent, line.read_back), start=1):
                sheet.write_number(row, position, amount, book.money)
            sheet.write_number(row, 4, line.difference, wrong if line.difference else book.money)
            sheet.write_number(row, 5, line.total, book.money)
            if line.unread:
                sheet.write_string(row, 6, count_of(line.unread, "invoice"), book.bold)
        row += 2
    sheet.write_string(row, 0, tally.row_sentence(), None if tally.rows_agree() else book.bold)
    return row + 1


def _headlines(report: Report) -> Iterator[str]:
    """What to do next, in one line per matter."""
    counts = report.totals.by_status
    if report.errors:
        yield f"{count_of(report.errors, 'problem')} in the file: see the sheet Problems."
    if counts.get(Status.IN_DOUBT):
        yield f"{count_of(counts[Status.IN_DOUBT], 'invoice')} in doubt: may exist in Kantata. Look there first."
    if differing := sum(one.differs for one in report.planned):
        yield f"{count_of(differing, 'invoice')} in Kantata differ from what was sent: the sheet Invoices says how."
    if counts.get(Status.HELD):
        yield f"{count_of(counts[Status.HELD], 'invoice')} held: a person decides. The sheet Invoices says why."
    if report.command == "submit" and (counts.get(Status.REJECTED) or counts.get(Status.NOT_SENT)):
        yield "Rows that did not become invoices are in the to-fix workbook beside this one."
    yield "Amounts are those of fixed fees and additional items; time, expenses and milestones are priced by Kantata."


_INVOICE_COLUMNS: tuple[tuple[TableColumn, Callable[[Report, PlannedInvoice], object]], ...] = (
    (TableColumn("Projects", 16), lambda _, one: ", ".join(str(number) for number in one.invoice.workspace_ids)),
    (TableColumn("Invoice key", 18), lambda _, one: one.invoice.key),
    (TableColumn("Status", 15), lambda _, one: one.status),
    (TableColumn("Amount sent", right=True), lambda _, one: Money(one.invoice.amount)),
    (TableColumn("Amount read back", right=True), lambda _, one: Money(_read_back(one).items_amount)),
    (TableColumn("Total in Kantata", right=True), lambda _, one: Money(_read_back(one).total)),
    (TableColumn("Currency", 9), lambda _, one: _read_back(one).currency or (one.expected and one.expected.currency)),
    (TableColumn("Invoice number", 12), lambda _, one: _read_back(one).number),
    (TableColumn("Invoice ID", 12), lambda _, one: one.invoice_id),
    (TableColumn("Invoice link", 42), lambda report, one: Link(report.link_of(one))),
    (TableColumn("Recipient", 22), lambda _, one: _read_back(one).recipient),
    (TableColumn("Error", 60, wrapped=True), lambda _, one: one.reason),
    (TableColumn("What to do", 50, wrapped=True), lambda _, one: one.what_to_do),
    (TableColumn("Lines", 30), lambda _, one: describe_lines(one)),
    (TableColumn("Rows", 16), lambda _, one: row_ranges(one.invoice.rows)),
    (TableColumn("Reference", 24), lambda _, one: one.reference),
    (TableColumn("Request ID", 38), lambda _, one: one.request_id),
)


_InvoiceColumn = tuple[TableColumn, "Callable[[Report, PlannedInvoice], object]"]
_TITLES: _InvoiceColumn = (TableColumn("Project titles", 40, wrapped=True), lambda _, one: _titles(one))
_EXPECTED: _InvoiceColumn = (
    TableColumn("Expected total, tax excluded", 16, right=True), lambda _, one: _expected_total(one),
)  # fmt: skip


def _described(report: Report) -> tuple[_InvoiceColumn, ...]:
    """The columns of the invoices; a preview adds the titles of projects and what Kantata would make of them."""
    if report.command != "preview" or all(one.expected is None for one in report.planned):
        return _INVOICE_COLUMNS
    expected = [_EXPECTED] if by_currency(report.planned) else []
    return (_INVOICE_COLUMNS[0], _TITLES, *_INVOICE_COLUMNS[1:4], *expected, *_INVOICE_COLUMNS[4:])


def _titles(one: PlannedInvoice) -> str | None:
    return None if one.expected is None else ", ".join(title or NOT_KNOWN for title in one.expected.titles)


def _expected_total(one: PlannedInvoice) -> object:
    if one.expected is None or one.status is not Status.READY:
        return None
    return NOT_KNOWN if one.expected.total is None else Money(one.expected.total)


def _invoices(book: Book, report: Report) -> None:
    preview = report.command == "preview"
    described = _described(report)
    columns = [column for column, _ in described]
    if preview:
        columns = [replace(one, title="Amount to send") if one.title == "Amount sent" else one for one in columns]
    if preview:
        pieces = max((len(_pieces(planned)) for planned in report.planned), default=1)
        titles = ["JSON to send", *["JSON (continued)"] * (pieces - 1)]
        columns += [TableColumn(title, 80) for title in titles]
    table = Table(book, "Invoices", columns)
    for planned in report.planned:
        cells = [value(report, planned) for _, value in described]
        table.add([*cells, *_pieces(planned)] if preview else cells)
    table.finish()


def _read_back(planned: PlannedInvoice) -> ReadBack:
    return planned.read_back or ReadBack()


def _pieces(planned: PlannedInvoice) -> list[str]:
    """The exact JSON, cut where Excel's cells end."""
    text = "" if planned.payload is None else to_json(planned.payload)
    return [text[at : at + LONGEST_CELL] for at in range(0, len(text), LONGEST_CELL)]


_ANSWERS = (
    TableColumn("status", 15),
    TableColumn("invoice_id", 12),
    TableColumn("invoice_link", 42),
    TableColumn("error", 60, wrapped=True),
    TableColumn("what_to_do", 50, wrapped=True),
)
"""The columns that the results add to the right of the sheet."""


def _lines(book: Book, report: Report) -> None:
    if report.sheet is None:
        return
    titles = _titles_by_row(report) if report.command == "preview" else {}
    shown = [TableColumn("Project in Kantata", 34)] if titles else []
    table = Table(book, "Lines", [*_columns(report.sheet), *shown, *_ANSWERS])
    invoices, errors = report.by_row(), report.errors_by_row()
    for raw in report.sheet.rows:
        planned = invoices.get(raw.number)
        if (why := report.sheet.excluded.get(raw.number)) is not None:
            table.add([*_originals(report.sheet, raw), None, None, None, None, f"Left out: {why.value}."])
            continue
        error, advice = answer_of(report, planned, errors.get(raw.number, []))
        table.add(
            [
                *_originals(report.sheet, raw),
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


def _problems(book: Book, report: Report) -> None:
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


def _changes(book: Book, report: Report) -> None:
    """What is otherwise than in the batch before: projects, then the largest invoices."""
    changes = report.changes
    if changes is None:
        return
    table = Table(
        book,
        "Changes",
        [
            TableColumn("What", 18), TableColumn("Project or invoice", 24), TableColumn("Batch before", 16),
            TableColumn("Amount before", 16, right=True), TableColumn("Amount now", 16, right=True),
            TableColumn("Change", 16, right=True), TableColumn("Change in %", 14, right=True),
        ],
    )  # fmt: skip
    for one in changes.changes:
        moved = (one.now or 0) - (one.before or 0)
        cells = (Money(one.before), Money(one.now), Money(moved), Money(one.percent))
        table.add([one.kind.value, str(one.workspace_id), changes.batch_before, *cells])
    for large in changes.largest:
        name = large.invoice.key or ", ".join(str(number) for number in large.invoice.workspace_ids)
        table.add(["largest now", name, None, None, Money(large.invoice.amount)])
    table.finish()


# --- rows and their answers --------------------------------------------------


def _unfinished(report: Report, sheet: Sheet) -> Iterator[tuple[RawRow, str | None, str | None]]:
    invoices, errors = report.by_row(), report.errors_by_row()
    for raw in sheet.rows:
        planned = invoices.get(raw.number)
        if raw.number not in sheet.excluded and (planned is None or planned.status in TO_FIX):
            yield raw, *answer_of(report, planned, errors.get(raw.number, []))


def _columns(sheet: Sheet) -> list[TableColumn]:
    """The sheet's own columns, with their own headers."""
    headers = {header.position: header for header in sheet.headers}
    return [_column(headers.get(position)) for position in range(sheet.width)]


def _column(header: Header | None) -> TableColumn:
    if header is None:
        return TableColumn("", 11)
    known = BY_NAME.get(header.column or "")
    width = known.width if known else min(max(len(header.text) + 3, 11), 40)
    return TableColumn(header.text, width, right=known is not None and known.kind is Kind.AMOUNT)


def _as_read(report: Report, sheet: Sheet, raw: RawRow) -> list[object]:
    """The cells of a row, typed amounts and dates as they were read: the rows that prove it may not be there."""
    cells = _originals(sheet, raw)
    for decision in report.decisions:
        for header in sheet.headers:
            if header.column == decision.column and isinstance(text := cells[header.position], str):
                cells[header.position] = decision.meanings.get(text, text)
    return cells


def _originals(sheet: Sheet, raw: RawRow) -> list[object]:
    cells = list(raw.cells[: sheet.width])
    return cells + [None] * (sheet.width - len(cells))
