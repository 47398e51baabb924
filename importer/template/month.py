"""The prefilled workbook of a month: rows in import form, sums, what waits, and fixed fees to be copied."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from openpyxl import Workbook
from openpyxl.styles import Alignment

from importer.model.check_only import CHECK_BY_NAME
from importer.model.columns import BY_NAME, COLUMNS, IN_KANTATA, ITEM_TYPE_TITLES, Column, Kind, Level
from importer.model.invoices import ItemType
from importer.model.open_items import Obstacle, OpenItem, sums_by_currency
from importer.model.problems import cell_address
from importer.model.visible import visible
from importer.model.words import count_of
from importer.planning.open_items import month_of
from importer.template.look import FORMATS, LINE_OPTIONAL, LINE_REQUIRED, font, header, placed, printed, title
from importer.template.sheets import add_header, fill_invoices
from importer.template.write import INVOICES_SHEET, workbook_bytes

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

    from importer.flow.month import Fee, Month

NEVER = "Never imported"
"""How cell A1 begins on the sheets beside the rows, by which they are known again."""
LONGEST_NUMBER = 15
"""Digits that Excel keeps."""
CURRENCY = Column(
    "currency",
    CHECK_BY_NAME["currency"].title,
    (),
    Level.LINE,
    Kind.TEXT,
    "Currency of the project; compared and never sent.",
    "EUR",
    "not sent",
    width=10,
)
_SHOWN = {column.name: column for column in IN_KANTATA}
_FIRST = ("workspace_id", "project_in_kantata", "item_type", "item_id", "worth_in_kantata", "currency")
_THEN = ("date_in_kantata", "person_in_kantata", "task_in_kantata", "text_in_kantata")
Row = dict[str, object]


def month_workbook(month: Month, own_headers: Mapping[str, Sequence[str]]) -> bytes:
    """The workbook; its headers are those of the settings (``own_headers``: column → headers), where they name any."""
    columns = list(_layout(own_headers))
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = INVOICES_SHEET
    fill_invoices(sheet, columns)
    _add_rows(sheet, columns, (_row_of(item, month.days) for item in month.items), first=2)
    _add_summary(book, month)
    _add_waiting(book, month)
    if month.fees_of is not None:
        _add_fees(book, columns, month)
    _add_cover(book, month)
    return workbook_bytes(book, title=f"Invoices of {month.month}")


def _layout(own_headers: Mapping[str, Sequence[str]]) -> Iterator[Column]:
    """All columns: first what a row of Kantata fills, so that it is seen at once."""
    known = BY_NAME | _SHOWN | {"currency": CURRENCY}
    first = (*_FIRST, *_THEN)
    for name in (*first, *(column.name for column in COLUMNS if column.name not in first)):
        headers = own_headers.get(name)
        yield replace(known[name], title=headers[0]) if headers else known[name]


def _row_of(item: OpenItem, days: Mapping[int, int]) -> Row:
    return {
        "workspace_id": item.workspace_id,
        "project_in_kantata": item.title,
        "item_type": ITEM_TYPE_TITLES[item.item_type],
        "item_id": item.item_id,
        "worth_in_kantata": item.amount,
        "currency": item.currency,
        "date_in_kantata": item.day,
        "person_in_kantata": item.person,
        "task_in_kantata": item.task,
        "text_in_kantata": item.text,
        "payment_schedule": days.get(item.workspace_id),
    }


def _row_of_fee(fee: Fee, days: Mapping[int, int]) -> Row:
    taxable = None
    if fee.taxable is not None:
        taxable = "yes" if fee.taxable else "no"
    return {
        "workspace_id": fee.workspace_id,
        "project_in_kantata": fee.title,
        "item_type": ITEM_TYPE_TITLES[ItemType.FIXED_FEE],
        "currency": fee.currency,
        "notes": fee.notes,
        "amount": fee.amount,
        "taxable": taxable,
        "story_id": fee.story_id,
        "payment_schedule": days.get(fee.workspace_id),
    }


def _add_rows(sheet: Worksheet, columns: Sequence[Column], rows: Iterable[Row], *, first: int) -> None:
    formats = [FORMATS.get(column.kind, "General") for column in columns]
    places = [placed(column) for column in columns]
    for number, row in enumerate(rows, first):
        for position, column in enumerate(columns):
            value = _written(row.get(column.name))
            if value is None:
                continue
            cell = sheet.cell(number, position + 1)
            cell.value = value  # type: ignore[assignment] # what rows hold
            cell.number_format, cell.alignment = formats[position], places[position]
            if isinstance(value, str):
                cell.data_type = "s"  # nothing from Kantata becomes a formula


def _written(value: object) -> object:
    if isinstance(value, int) and len(str(value)) > LONGEST_NUMBER:
        return str(value)
    return visible(value) if isinstance(value, str) else value


# --- the sheets beside the rows -------------------------------------------------------


def _beside(book: Workbook, name: str, about: str, columns: Sequence[Column]) -> Worksheet:
    """A sheet that is never imported: what it is, then a header in row 3."""
    sheet: Worksheet = book.create_sheet(name)
    sheet.sheet_properties.tabColor = LINE_OPTIONAL.fill
    title(sheet.cell(1, 1), f"{NEVER}: {about}", size=13)
    add_header(sheet, columns, row=3)
    for position, column in enumerate(columns):
        if column.kind is Kind.AMOUNT:
            sheet.cell(3, position + 1).alignment = Alignment(horizontal="right", indent=1, vertical="center")
    sheet.freeze_panes = cell_address(0, 4)
    printed(sheet, header_rows="3:3")
    return sheet


def _plain(name: str, titled: str, kind: Kind, width: int) -> Column:
    return Column(name, titled, (), Level.LINE, kind, "", "", "not sent", width=width)


_SUMMARY = (
    _plain("project", "Project", Kind.IDENTIFIER, 14),
    _plain("title", "Title", Kind.TEXT, 46),
    _plain("currency", "Currency", Kind.TEXT, 10),
    _plain("items", "Items", Kind.IDENTIFIER, 9),
    _plain("time", "Time", Kind.AMOUNT, 15),
    _plain("expenses", "Expenses", Kind.AMOUNT, 15),
    _plain("milestones", "Milestones", Kind.AMOUNT, 15),
    _plain("worth", "Worth", Kind.AMOUNT, 16),
)
_KINDS = {"time": ItemType.TIME_ENTRY, "expenses": ItemType.EXPENSE, "milestones": ItemType.BILLING_MILESTONE}


def _add_summary(book: Workbook, month: Month) -> None:
    """Sums per project, and the sum of each currency below them."""
    about = f"what can be billed of {month.month}, from {month.account}."
    sheet = _beside(book, "Summary", about, _SUMMARY)
    groups: dict[tuple[int, str | None, str | None], list[OpenItem]] = {}
    totals: dict[str | None, list[OpenItem]] = {}
    for item in month.items:
        groups.setdefault((item.workspace_id, item.title, item.currency), []).append(item)
        totals.setdefault(item.currency, []).append(item)
    rows = [_sums_row(number, name, currency, items) for (number, name, currency), items in groups.items()]
    below = [_sums_row(None, f"Total {currency or ''}".strip(), currency, items) for currency, items in totals.items()]
    _add_rows(sheet, _SUMMARY, [*rows, *below], first=4)
    for number in range(4 + len(rows), 4 + len(rows) + len(below)):
        for position in range(len(_SUMMARY)):
            sheet.cell(number, position + 1).font = font(bold=True)


def _sums_row(project: object, name: object, currency: object, items: Sequence[OpenItem]) -> Row:
    row: Row = {"project": project, "title": name, "currency": currency, "items": len(items)}
    for column, kind in _KINDS.items():
        row[column] = _worth([item for item in items if item.item_type is kind])
    row["worth"] = _worth(items)
    return row


def _worth(items: Sequence[OpenItem]) -> object:
    """What items of one currency come to; a word where that is not known, nothing where there are none."""
    if not items:
        return None
    (total,) = sums_by_currency(replace(item, currency="one") for item in items).values()
    return "not known" if total.unknown else total.amount


_WAITING = (
    _plain("project", "Project", Kind.IDENTIFIER, 14),
    _plain("title", "Title", Kind.TEXT, 40),
    _plain("kind", "Kind", Kind.TEXT, 18),
    _plain("number", "Number", Kind.IDENTIFIER, 14),
    _plain("worth", "Worth", Kind.AMOUNT, 14),
    _plain("currency", "Currency", Kind.TEXT, 10),
    _plain("day", "Date", Kind.DATE, 13),
    _plain("age", "Days old", Kind.IDENTIFIER, 9),
    _plain("why", "Why it is not in the list", Kind.TEXT, 52),
    _plain("person", "Person", Kind.TEXT, 20),
    _plain("task", "Task", Kind.TEXT, 20),
    _plain("text", "Text", Kind.TEXT, 36),
)


def _add_waiting(book: Workbook, month: Month) -> None:
    about = f"open in Kantata, and not in the list of {month.month}, with the reason."
    sheet = _beside(book, "Not in the list", about, _WAITING)
    today = date.today()  # noqa: DTZ011 - the day on the wall, as accountants count age
    _add_rows(sheet, _WAITING, (_waiting_row(item, today) for item in month.waiting), first=4)


def _waiting_row(item: OpenItem, today: date) -> Row:
    age = None
    if item.day is not None and item.day <= today:
        age = (today - item.day).days
    return {
        "project": item.workspace_id,
        "title": item.title,
        "kind": ITEM_TYPE_TITLES[item.item_type],
        "number": item.item_id,
        "worth": item.amount,
        "currency": item.currency,
        "day": item.day,
        "age": age,
        "why": why_waiting(item),
        "person": item.person,
        "task": item.task,
        "text": item.text,
    }


def why_waiting(item: OpenItem) -> str:
    """Why an open item is not in the list, in words."""
    match item.obstacle:
        case None if item.day is not None:
            return f"of an earlier month: {month_of(item.day)}"
        case Obstacle.LATER:
            return f"to be invoiced on {item.day}"
        case Obstacle():
            return f"{item.obstacle.value}: {item.detail}" if item.detail else item.obstacle.value
        case _:
            return "without a date"


def _add_fees(book: Workbook, columns: Sequence[Column], month: Month) -> None:
    about = f"fixed fees of batch {month.fees_of}. Copy the rows to bill again to the sheet {INVOICES_SHEET}."
    sheet = _beside(book, "Fixed fees", about, columns)
    _add_rows(sheet, columns, (_row_of_fee(fee, month.days) for fee in month.fees), first=4)


def _add_cover(book: Workbook, month: Month) -> None:
    """The batch, by which the program knows what it has sent already."""
    sheet = book.create_sheet("Cover")
    sheet.sheet_properties.tabColor = LINE_REQUIRED.fill
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 16, 60
    known = count_of(len(month.items), "item")
    for number, (label, text) in enumerate(
        (("Batch", month.batch), ("Work of", month.month), ("Account", month.account), ("In the list", known)), 1
    ):
        header(sheet.cell(number, 1), label, LINE_OPTIONAL)
        sheet.cell(number, 2, text).data_type = "s"
    sheet.cell(6, 1, "Keep the batch: by it the program knows what it has sent already.").font = font(italic=True)
    printed(sheet, header_rows=None)
