"""The long tables, for which only a workbook has room: every invoice, row, problem and change with all its columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from importer.kantata.payload import to_json
from importer.model.answers import ReadBack
from importer.model.columns import BY_NAME, RESULT_COLUMNS
from importer.model.columns import Kind as CellKind
from importer.model.currency_sums import currency_of
from importer.model.invoices import Invoice
from importer.model.plans import ReportedInvoice, Status
from importer.model.problems import errors_first
from importer.model.words import NOT_KNOWN, amount_in_sheet, describe_lines, row_ranges
from importer.reporting.headline import due_date, ways_out
from importer.reporting.report import Report, answer_of, outcome_of, totals_by_currency
from importer.reporting.table import Column, Kind, Table

if TYPE_CHECKING:
    from importer.model.sheet import Header, RawRow, Sheet
    from importer.planning.comparison import Changes

ANSWERS = tuple(
    Column(name, kind, width, wrapped=name in ("error", "what_to_do"))
    for name, kind, width in zip(
        RESULT_COLUMNS, (Kind.STATUS, Kind.CODE, Kind.LINK, Kind.TEXT, Kind.TEXT), (18, 12, 16, 44, 36), strict=True
    )
)
"""The columns that the results add to the right of the sheet."""

WIDEST_OWN = 28
"""Characters of a column of the sheet; longer texts go over several lines."""

# --- invoices -----------------------------------------------------------------------

_TITLES = Column("Project titles", width=30, wrapped=True)
_EXPECTED = Column("Expected total, tax excluded", Kind.MONEY, 16)
_AMOUNT = Column("Amount in the sheet", Kind.MONEY)
_PRINTED_BEFORE = frozenset({"Invoice key", "Number in the sheet", "Invoice date", "Net days", "Sent as"})
"""Titles of what is printed of a plan only: afterwards title, number, due date and status say it."""
_Described = tuple[Column, "Callable[[Report, ReportedInvoice], object]"]
_INVOICES: tuple[_Described, ...] = (
    (Column("Projects", width=16, wrapped=True), lambda _, planned: ", ".join(map(str, planned.invoice.workspace_ids))),
    (_TITLES, lambda _, planned: _titles(planned)),
    (Column("Invoice key", width=18), lambda _, planned: planned.invoice.key),
    (Column("Status", Kind.STATUS, 18), lambda _, planned: planned.status),
    (_AMOUNT, lambda _, planned: amount_in_sheet(planned)),
    (_EXPECTED, lambda _, planned: _expected_total(planned)),
    (Column("Amount read back", Kind.MONEY, printed=False), lambda _, planned: _read_back(planned).items_amount),
    (Column("Total in Kantata", Kind.MONEY), lambda _, planned: _read_back(planned).total),
    (Column("Currency", width=9), lambda _, planned: currency_of(planned)),
    (Column("Invoice number", Kind.CODE, 12), lambda _, planned: _read_back(planned).number),
    (Column("Invoice ID", Kind.CODE, 12, printed=False), lambda _, planned: planned.invoice_id),
    (Column("Invoice link", Kind.LINK, 42, printed=False), lambda report, planned: report.link_of(planned)),
    (Column("Recipient", width=16, wrapped=True), lambda _, planned: _read_back(planned).recipient),
    (Column("Error", width=36, wrapped=True), lambda _, planned: outcome_of(planned)[0]),
    (Column("What to do", width=28, wrapped=True), lambda _, planned: outcome_of(planned)[1]),
    (Column("Invoice title", width=28, wrapped=True), lambda _, planned: _of(planned, "user_invoice_title")),
    (Column("Number in the sheet", Kind.CODE, 10), lambda _, planned: _of(planned, "user_invoice_number")),
    (Column("Invoice date", width=12), lambda _, planned: _of(planned, "invoice_date")),
    (Column("Net days", width=7), lambda _, planned: _of(planned, "payment_schedule")),
    (Column("Due date", width=12), lambda _, planned: _due(planned)),
    (Column("PO number", width=16), lambda _, planned: _of(planned, "purchase_order")),
    (Column("Project code", width=14, printed=False), lambda _, planned: _of(planned, "project_code")),
    (Column("Sent as", width=16, wrapped=True), lambda _, planned: _sent_as(planned)),
    (Column("Lines", width=30, wrapped=True, printed=False), lambda _, planned: describe_lines(planned)),
    (Column("Rows", width=16, printed=False), lambda _, planned: row_ranges(planned.invoice.rows)),
    (Column("Reference", Kind.CODE, 24, printed=False), lambda _, planned: planned.reference),
    (Column("Request ID", Kind.CODE, 38, printed=False), lambda _, planned: planned.request_id),
)


def invoices(report: Report, longest_cell: int) -> Table:
    """One row per invoice, in a preview with the exact JSON to send, cut into pieces of ``longest_cell`` characters."""
    is_preview = report.command == "preview"
    left_out = set()
    if all(planned.expected is None for planned in report.planned):
        left_out.add(_TITLES)
    if not is_preview or not totals_by_currency(report.planned):
        left_out.add(_EXPECTED)
    described = [(column, value) for column, value in _INVOICES if column not in left_out]
    described = _printed_first(report, described)
    columns = [column for column, _ in described]
    pieces = _json_of(report, longest_cell)
    if is_preview:
        columns.append(Column("JSON to send", width=80, printed=False))
        columns += [Column("JSON (continued)", width=80, printed=False)] * (max(map(len, pieces), default=1) - 1)

    def rows() -> Iterator[list[object]]:
        for planned, own in zip(report.planned, pieces, strict=True):
            yield [*(value(report, planned) for _, value in described), *own]

    return Table("Invoices", columns, rows())


def _printed_first(report: Report, described: list[_Described]) -> list[_Described]:
    """What is for the screen only, or not filled in any invoice, stands at the right, so that a print can be read."""
    printed, others = [], []
    for column, value in described:
        is_wanted = column.printed and (report.command == "preview" or column.title not in _PRINTED_BEFORE)
        if is_wanted and any(value(report, planned) is not None for planned in report.planned):
            printed.append((column, value))
        else:
            others.append((replace(column, printed=False), value))
    return printed + others


def _of(planned: ReportedInvoice, name: str) -> object:
    """A term of a sound invoice; None of rows that cannot become one."""
    return getattr(planned.invoice, name) if isinstance(planned.invoice, Invoice) else None


def _due(planned: ReportedInvoice) -> object:
    return due_date(planned.invoice) if isinstance(planned.invoice, Invoice) else None


def _sent_as(planned: ReportedInvoice) -> str | None:
    """“draft”, or “ISSUED, e-mail may go out”."""
    if not isinstance(planned.invoice, Invoice):
        return None
    return ", ".join(ways_out(planned.invoice))


def _json_of(report: Report, longest: int) -> list[list[str]]:
    """What a preview would send of each invoice, in pieces of so many characters; afterwards nothing."""
    if report.command != "preview":
        return [[] for _ in report.planned]
    return [_pieces(planned, longest) for planned in report.planned]


def _pieces(planned: ReportedInvoice, longest: int) -> list[str]:
    if planned.payload is None:
        return []
    text = to_json(planned.payload)
    return [text[start : start + longest] for start in range(0, len(text), longest)]


def _read_back(planned: ReportedInvoice) -> ReadBack:
    return planned.read_back or ReadBack()


def _titles(planned: ReportedInvoice) -> str | None:
    if planned.expected is None:
        return None
    return ", ".join(title or NOT_KNOWN for title in planned.expected.titles)


def _expected_total(planned: ReportedInvoice) -> object:
    if planned.expected is None or planned.status is not Status.READY:
        return None
    if planned.expected.total is None:
        return NOT_KNOWN
    return planned.expected.total


# --- rows of the sheet --------------------------------------------------------------


def own_columns(sheet: Sheet) -> list[Column]:
    """The sheet's own columns, with their own headers; their cells stay as they were read."""
    headers = {header.position: header for header in sheet.headers}
    return [_own_column(headers.get(position)) for position in range(sheet.width)]


def _own_column(header: Header | None) -> Column:
    if header is None:
        return Column("", width=11, as_read=True)
    known = BY_NAME.get(header.column or "")
    width = min(max(len(header.text) + 3, 11), 40) if known is None else known.width
    kind = CellKind.TEXT if known is None else known.kind
    return Column(
        header.text,
        width=min(width, WIDEST_OWN),
        wrapped=kind is CellKind.TEXT,
        right=kind is CellKind.AMOUNT,
        as_read=True,
    )


def own_cells(sheet: Sheet, raw: RawRow) -> list[object]:
    """The cells of a row as the sheet has them, as many as the sheet is wide."""
    cells = list(raw.cells[: sheet.width])
    return cells + [None] * (sheet.width - len(cells))


def rows_answered(report: Report, sheet: Sheet) -> Table:
    """Every row of the sheet with its own cells, in a preview the title of its project, and its answer."""
    columns, titles, prices = own_columns(sheet), {}, {}
    if report.command == "preview":
        titles, prices = _titles_by_row(report), _prices_by_row(report)
    if titles:
        columns.append(Column("Project in Kantata", width=34))
    if prices:
        columns.append(Column("Amount to bill", Kind.MONEY))

    def rows() -> Iterator[list[object]]:
        invoices, errors = report.by_row(), report.errors_by_row()
        for raw in sheet.rows:
            cells = own_cells(sheet, raw)
            if titles:
                cells.append(titles.get(raw.number))
            if prices:
                cells.append(prices.get(raw.number))
            planned = invoices.get(raw.number)
            excluded = sheet.excluded.get(raw.number)
            if excluded is not None:
                cells += (None, None, None, None, f"Left out: {excluded.value}.")
            elif planned is None:
                cells += (Status.NOT_SENT, None, None, *answer_of(report, None, errors.get(raw.number, [])))
            else:
                answer = answer_of(report, planned, errors.get(raw.number, []))
                cells += (planned.status, planned.invoice_id, report.link_of(planned), *answer)
            yield cells

    return Table("Lines", [*columns, *ANSWERS], rows())


def _prices_by_row(report: Report) -> dict[int, Decimal | None]:
    """What each row is billed, also the time entries, expenses and milestones that Kantata prices."""
    found: dict[int, Decimal | None] = {}
    for planned in report.planned:
        if planned.expected is not None and isinstance(planned.invoice, Invoice):
            found |= zip((line.row for line in planned.invoice.lines), planned.expected.prices, strict=False)
    return found if any(found.values()) else {}


def _titles_by_row(report: Report) -> dict[int, str | None]:
    """Title of each row's own project; empty where Kantata gave none."""
    found: dict[int, str | None] = {}
    for planned in report.planned:
        if planned.expected is None:
            continue
        titles = dict(zip(planned.invoice.workspace_ids, planned.expected.titles, strict=True))
        if isinstance(planned.invoice, Invoice):
            for line in planned.invoice.lines:
                found[line.row] = titles.get(line.workspace_id)
        elif len(titles) == 1:
            found |= dict.fromkeys(planned.invoice.rows, *titles.values())
    return found if any(found.values()) else {}


# --- problems and changes -----------------------------------------------------------


def problems(report: Report) -> Table:
    """Everything that is wrong in the file, errors first."""
    columns = (
        Column("Severity", width=10),
        Column("Cell", width=18),
        Column("Column", width=22),
        Column("Value", width=24),
        Column("What is wrong", width=70, wrapped=True),
        Column("How to fix it", width=60, wrapped=True),
        Column("Code", width=28),
    )
    rows = []
    for problem in errors_first(report.problems):
        title = BY_NAME[problem.column].title if problem.column in BY_NAME else problem.column
        where = (problem.severity.value, problem.address, title, problem.value)
        rows.append((*where, problem.message, problem.hint, problem.code))
    return Table("Problems", columns, rows)


def changes(changes: Changes) -> Table:
    """What is otherwise than in the batch before: projects that changed, then the largest invoices."""
    columns = (
        Column("What", width=18),
        Column("Project or invoice", width=18),
        Column("Project title", width=46, wrapped=True),
        Column("Currency", width=10),
        Column("Batch before", width=16),
        Column("Amount before", Kind.MONEY, 16),
        Column("Amount now", Kind.MONEY, 16),
        Column("Change", Kind.MONEY, 16),
        Column("Change in %", Kind.MONEY),
    )
    return Table("Changes", columns, _changes(changes))


def _changes(changes: Changes) -> Iterator[tuple[object, ...]]:
    for change in changes.changes:
        currency = change.currency
        if change.currency_before:
            currency = f"{change.currency_before} → {change.currency}"
        percent = None if change.percent is None else round(change.percent, 2)
        what = (change.kind.value, str(change.workspace_id), change.title, currency, changes.batch_before)
        yield *what, change.before, change.now, change.moved, percent
    for large in changes.largest:
        titles = "; ".join(large.titles)
        yield "largest now", large.name, titles, large.currency, None, None, large.amount, None, None
