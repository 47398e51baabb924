"""Renew sample_data/: a month of agency work over the sandbox's projects, and a workbook full of mistakes."""

from __future__ import annotations

import csv
import io
from datetime import date
from pathlib import Path

from openpyxl import Workbook
from openpyxl.styles import Alignment, PatternFill

from importer.template.look import WHITE, font, printed
from importer.template.write import workbook_bytes

FOLDER = Path(__file__).parent.parent / "sample_data"
END = date(2026, 10, 31)
HEADERS = (
    "Project ID",
    "Invoice key",
    "Item type",
    "Item ID",
    "Description",
    "Amount",
    "Taxable",
    "Task ID",
    "Net days",
    "Invoice date",
    "Invoice title",
    "PO number",
    "Message",
    "Account manager",
)
MORE_HEADERS = ("Invoice number", "External service")
"""Further columns of the mistakes workbook."""
WIDTHS = (13, 19, 18, 13, 46, 11, 9, 11, 10, 13, 36, 13, 34, 17, 16, 17)
AMOUNT, INVOICE_DATE = 6, 10
"""Their places among the columns, from 1."""
Row = tuple[object, ...]
BLANK: Row = ()


def time(project: int, item: int, *invoice: object, key: str | None = None) -> Row:
    """A time entry; ``invoice`` are the cells from Net days on."""
    return (project, key, "Time entry", item, None, None, None, None, *invoice)


def expense(project: int, item: int, *invoice: object) -> Row:
    """An expense."""
    return (project, None, "Expense", item, None, None, None, None, *invoice)


def milestone(project: int, item: int, *invoice: object) -> Row:
    """A billing milestone."""
    return (project, None, "Billing milestone", item, None, None, None, None, *invoice)


def fee(project: int, text: str, amount: int, *invoice: object, task: int | None = None, key: str | None = None) -> Row:
    """A fixed fee."""
    return (project, key, "Fixed fee", None, text, amount, "yes", task, *invoice)


def additional(project: int, text: str, amount: int, *invoice: object, tax: str = "yes", key: str | None = None) -> Row:
    """An additional item; a credit has a minus."""
    return (project, key, "Additional item", None, text, amount, tax, None, *invoice)


SOUND: tuple[Row, ...] = (
    time(
        101,
        5101001,
        "Net 30",
        END,
        "Website-Relaunch, Oktober",
        "00042",
        "Vielen Dank für Ihr Vertrauen.",
        "Jörg Öztürk",
    ),
    time(101, 5101002),
    time(101, 5101003),
    time(101, 5101004),
    expense(101, 6101001),
    expense(101, 6101002),
    fee(101, "Projektleitung Oktober", 1800, task=8101002),
    BLANK,
    time(102, 5102001, "Net 30", END, "Markenauftritt, Oktober", "GK-2026-118", None, "Jörg Öztürk"),
    time(102, 5102002),
    time(102, 5102003),
    additional(102, "Gutschrift: doppelt berechnete Druckprobe September", -240),
    BLANK,
    milestone(103, 7103001, "Net 14", END, "Onlineshop, Meilenstein Konzept", "00815", None, "Zoë Brückner"),
    expense(103, 6103001),
    expense(103, 6103002),
    BLANK,
    fee(
        104,
        "Kampagne Herbstlichter: Konzeption",
        6500,
        "30 days",
        END,
        "Herbstlichter und FährePlus",
        "SW-4711",
        "Sammelrechnung über zwei Projekte",
        "Zoë Brückner",
        task=8104001,
        key="STADTWERKE-OKT",
    ),
    fee(104, "Kampagne Herbstlichter: Reinzeichnung", 2400, key="STADTWERKE-OKT"),
    time(105, 5105001, key="STADTWERKE-OKT"),
    time(105, 5105002, key="STADTWERKE-OKT"),
    additional(105, "Testgeräte, Miete Oktober", 180, tax="no", key="STADTWERKE-OKT"),
    BLANK,
    time(106, 5106001, "Net 30", END, "Brand refresh, October", "HP-2201", "Thank you for your business.", "Nora Lind"),
    time(106, 5106002),
    expense(106, 6106001),
    additional(106, "Stock photography licence", 350, tax="no"),
    fee(107, "Investor site: retainer October", 4800, "Net 45", END, "Retainer October", None, None, "Nora Lind"),
    milestone(108, 7108001, "Net 30", END, "Annual report, first draft", "WT/26/031", None, "Nora Lind"),
    expense(108, 6108001),
    BLANK,
    fee(109, "Messestand: Entwurf", 7200, 30, END, "Messestand Böhm, Entwurf", "0000917", None, "Jörg Öztürk"),
    additional(109, "Materialmuster", 95),
    milestone(109, 7109001),
    time(110, 5110001, 30, END, "Podcast, Folgen 7–9", None, None, "Zoë Brückner"),
    time(110, 5110002),
    time(110, 5110003),
    BLANK,
    time(4100000001, 4105101001, "Net 30", END, "Intranet, Oktober", "KH-88", None, "Jörg Öztürk"),
    time(4100000001, 4105101002),
    expense(4100000001, 4106101001),
    milestone(4100000001, 4107101001),
    fee(
        4100000002,
        "Rollout Nordic: Schulung in Malmö",
        3900,
        "Net 30",
        END,
        "Rollout Nordic",
        "FJ-0031",
        None,
        "Nora Lind",
    ),
    time(4100000002, 4105102001),
)

MISTAKES: tuple[Row, ...] = (
    fee(101, "Retainer October", 1200, "Net 30", END, "Sound: nothing is wrong here", "00042", None, "Jörg Öztürk"),
    (102, None, "fixed_feee", None, "Misspelt item type", 500, "yes", None, 30, END),
    (103, None, "Fixed fee", None, "No amount", None, "yes", None, 30, END),
    (104, None, "Fixed fee", None, "Amount with cents", 12.5, "yes", None, 30, END),
    ("Müller", None, "Fixed fee", None, "A name instead of the project's number", 700, "yes", None, 30, END),
    (105, None, "Fixed fee", None, "Negative fixed fee", -300, "yes", None, 30, END),
    (106, None, "Fixed fee", 5106001, "Id on a fixed fee", 250, "yes", None, 30, END),
    (107, None, "Time entry", 5107001, None, None, None, None, 30, END),
    (107, None, "Time entry", 5107001, None, None, None, None, 30, END),
    (108, None, "Fixed fee", None, "Two dates on one invoice", 900, "yes", None, 30, END),
    (108, None, "Additional item", None, "… here is the other", 90, "yes", None, 30, date(2026, 11, 1)),
    (109, None, "Fixed fee", None, "5 November, or 11 May?", 400, "yes", None, 30, "05/11/2026"),
    (110, None, "Additional item", None, "Amount as text: 1200, or 1.2?", "1,200", "yes", None, 30, END),
    (110, None, "Additional item", None, "Neither yes nor no", 60, "perhaps", None, None, None),
    (110, None, "Additional item", None, "Zero", 0, "yes", None, None, None),
    (4100000001, None, "Expense", None, None, None, None, None, 30, END),
    (4100000002, None, "Fixed fee", None, "No payment terms at all", 800, "yes", None, None, END),
    fee(101, "An invoice number …", 310, 30, END, None, None, None, None, 20261001, key="MÜLLER-A"),
    fee(101, "… that another invoice has too", 320, 30, END, None, None, None, None, 20261001, key="MÜLLER-B"),
    fee(101, "Half an external reference", 330, 30, END, None, None, None, None, None, "my-erp", key="MÜLLER-C"),
)
FIRST_MISTAKE_ROW = 4
PLANTED: tuple[tuple[str, str], ...] = (
    ("item_type.unknown", "C5"),
    ("amount.missing", "F6"),
    ("amount.fraction", "F7"),
    ("workspace_id.not_a_number", "A8"),
    ("amount.negative", "F9"),
    ("item_id.forbidden", "D10"),
    ("item_id.duplicate", "D11"),
    ("item_id.duplicate", "D12"),
    ("invoice_date.conflict", "J14"),
    ("invoice_date.unproved", "J15"),
    ("amount.unproved", "F16"),
    ("taxable.not_yes_no", "G17"),
    ("amount.zero", "F18"),
    ("item_id.missing", "D19"),
    ("payment_schedule.missing", "I20"),
    ("user_invoice_number.duplicate", "O22"),
    ("external_reference.service_name.incomplete", "P23"),
)
"""Every mistake of the mistakes workbook: code and cell."""


def workbook_of(headers: tuple[str, ...], rows: tuple[Row, ...], *, title: str) -> bytes:
    """A workbook with title rows, a header and the rows, formatted as people do."""
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = "Invoices"
    sheet["A1"] = title
    sheet["A1"].font = font(size=14, bold=True)
    for position, header in enumerate(headers, start=1):
        cell = sheet.cell(3, position, header)
        cell.font = font(WHITE, bold=True)
        cell.fill = PatternFill("solid", start_color="FF1F3F66")
        cell.alignment = Alignment(horizontal="left", vertical="center", indent=1)
        sheet.column_dimensions[cell.column_letter].width = WIDTHS[position - 1]
    for number, row in enumerate(rows, start=4):
        for position, value in enumerate(row, start=1):
            cell = sheet.cell(number, position, value)  # type: ignore[arg-type]
            cell.number_format = _number_format(position, value)
            cell.alignment = Alignment(horizontal="left", indent=1)
            if position == AMOUNT:
                cell.alignment = Alignment(horizontal="right", indent=1)
    sheet.freeze_panes = "D4"
    printed(sheet, header_rows="3:3")
    return workbook_bytes(book, title=title)


def _number_format(position: int, value: object) -> str:
    if position == AMOUNT:
        return "#,##0.00"
    if position == INVOICE_DATE:
        return "yyyy-mm-dd"
    if isinstance(value, int):
        return "0"
    return "@"


def csv_of(rows: tuple[Row, ...]) -> bytes:
    """The same rows as Excel saves them as “CSV UTF-8”."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(HEADERS)
    for row in rows:
        writer.writerow([*row, *[None] * (len(HEADERS) - len(row))])  # the csv module writes None as nothing
    return text.getvalue().encode("utf-8-sig")


def contents() -> dict[str, bytes]:
    """Every file of sample_data/ with its content."""
    return {
        "agency_october_2026.xlsx": workbook_of(HEADERS, SOUND, title="Agentur Nordlicht, invoices of October 2026"),
        "agency_october_2026.csv": csv_of(SOUND),
        "agency_with_mistakes.xlsx": workbook_of(
            (*HEADERS, *MORE_HEADERS), MISTAKES, title="Agentur Nordlicht: a sheet with mistakes"
        ),
    }


if __name__ == "__main__":
    for name, content in contents().items():
        (FOLDER / name).write_bytes(content)
