"""The sheet Invoices: one row per invoice, in a preview with the exact JSON that would be sent.

The sheet Changes: what is otherwise than in the batch before.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from importer.kantata.payload import to_json
from importer.model.answers import ReadBack
from importer.model.currency_sums import currency_of
from importer.model.plans import Status
from importer.model.words import NOT_KNOWN, describe_lines, row_ranges
from importer.reporting.report import by_currency
from importer.reporting.workbook.tables import LONGEST_CELL, Link, Money, Table, TableColumn

if TYPE_CHECKING:
    from collections.abc import Callable

    from importer.model.plans import PlannedInvoice
    from importer.reporting.report import Report
    from importer.reporting.workbook.tables import Book

_InvoiceColumn = tuple[TableColumn, "Callable[[Report, PlannedInvoice], object]"]

_INVOICE_COLUMNS: tuple[_InvoiceColumn, ...] = (
    (TableColumn("Projects", 16), lambda _, one: ", ".join(str(number) for number in one.invoice.workspace_ids)),
    (TableColumn("Invoice key", 18), lambda _, one: one.invoice.key),
    (TableColumn("Status", 15), lambda _, one: one.status),
    (TableColumn("Amount sent", right=True), lambda _, one: Money(one.invoice.amount)),
    (TableColumn("Amount read back", right=True), lambda _, one: Money(_read_back(one).items_amount)),
    (TableColumn("Total in Kantata", right=True), lambda _, one: Money(_read_back(one).total)),
    (TableColumn("Currency", 9), lambda _, one: currency_of(one)),
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
_TITLES: _InvoiceColumn = (TableColumn("Project titles", 40, wrapped=True), lambda _, one: _titles(one))
_EXPECTED: _InvoiceColumn = (
    TableColumn("Expected total, tax excluded", 16, right=True),
    lambda _, one: _expected_total(one),
)


def _described(report: Report) -> tuple[_InvoiceColumn, ...]:
    """The columns of the invoices, with the titles of projects where they are known, in a preview what is expected."""
    if all(one.expected is None for one in report.planned):
        return _INVOICE_COLUMNS
    expected = [_EXPECTED] if report.command == "preview" and by_currency(report.planned) else []
    return (_INVOICE_COLUMNS[0], _TITLES, *_INVOICE_COLUMNS[1:4], *expected, *_INVOICE_COLUMNS[4:])


def _titles(one: PlannedInvoice) -> str | None:
    return None if one.expected is None else ", ".join(title or NOT_KNOWN for title in one.expected.titles)


def _expected_total(one: PlannedInvoice) -> object:
    if one.expected is None or one.status is not Status.READY:
        return None
    return NOT_KNOWN if one.expected.total is None else Money(one.expected.total)


def add_invoices(book: Book, report: Report) -> None:
    """Add the sheet to the workbook."""
    preview = report.command == "preview"
    described = _described(report)
    columns = [column for column, _ in described]
    if preview:
        columns = [replace(one, title="Amount to send") if one.title == "Amount sent" else one for one in columns]
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


def add_changes(book: Book, report: Report) -> None:
    """Add the sheet to the workbook: projects that changed, then the largest invoices."""
    changes = report.changes
    if changes is None:
        return
    table = Table(
        book,
        "Changes",
        [
            TableColumn("What", 18),
            TableColumn("Project or invoice", 18),
            TableColumn("Project title", 46, wrapped=True),
            TableColumn("Currency", 10),
            TableColumn("Batch before", 16),
            TableColumn("Amount before", 16, right=True),
            TableColumn("Amount now", 16, right=True),
            TableColumn("Change", 16, right=True),
            TableColumn("Change in %", 14, right=True),
        ],
    )
    for one in changes.changes:
        figures = (
            Money(one.before),
            Money(one.now),
            Money(one.moved),
            Money(None if one.percent is None else round(one.percent, 2)),
        )
        currency = f"{one.currency_before} → {one.currency}" if one.currency_before else one.currency
        table.add([one.kind.value, str(one.workspace_id), one.title, currency, changes.batch_before, *figures])
    for large in changes.largest:
        table.add(["largest now", large.name, "; ".join(large.titles), large.currency, None, None, Money(large.amount)])
    table.finish()
