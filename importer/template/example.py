"""The example sheet: rows as they should look, on a sheet that is never imported."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from openpyxl.styles import Border

from importer.model.columns import COLUMNS, ITEM_TYPE_TITLES, Column
from importer.model.invoices import ItemType
from importer.model.problems import cell_address, column_letter
from importer.template.invoices import ITEM_TYPE, POSITIONS, add_header
from importer.template.look import FORMATS, RARE_PREFIX, THIN, font, placed, printed, title

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.cell import Cell


NEVER_IMPORTED = "Example only: this sheet is never imported"
"""Cell A1; :mod:`importer.reading.read` knows the sheet by how it begins."""
ABOUT = "These rows make four invoices from the sandbox's projects. Copy them to the sheet Invoices to try them."
HEADER_ROW = 4
_END_OF_MONTH = date(2026, 10, 31)

Row = dict[str, object]

ROWS: tuple[Row, ...] = (
    {
        "workspace_id": 101,
        "item_type": ItemType.TIME_ENTRY,
        "item_id": 5101011,
        "payment_schedule": 30,
        "invoice_date": _END_OF_MONTH,
        "user_invoice_title": "Website-Relaunch, October",
        "purchase_order": "00042",
        "message": "Thank you for your trust.",
        "draft": "yes",
    },
    {"workspace_id": 101, "item_type": ItemType.TIME_ENTRY, "item_id": 5101012},
    {"workspace_id": 101, "item_type": ItemType.EXPENSE, "item_id": 6101006},
    {
        "workspace_id": 101,
        "item_type": ItemType.FIXED_FEE,
        "notes": "Retainer October",
        "amount": 1200,
        "taxable": "yes",
        "story_id": 8101004,
    },
    {
        "workspace_id": 103,
        "item_type": ItemType.BILLING_MILESTONE,
        "item_id": 7103003,
        "payment_schedule": "Net 14",
        "invoice_date": _END_OF_MONTH,
        "user_invoice_title": "Onlineshop, design approved",
        "project_code": "ALP-3",
    },
    {
        "workspace_id": 103,
        "item_type": ItemType.ADDITIONAL,
        "notes": "Credit: banner billed twice in September",
        "amount": -150,
        "taxable": "yes",
    },
    {
        "workspace_id": 104,
        "invoice_key": "STADTWERKE",
        "item_type": ItemType.FIXED_FEE,
        "notes": "Campaign management",
        "amount": 2800,
        "taxable": "yes",
        "payment_schedule": 30,
        "invoice_date": _END_OF_MONTH,
        "user_invoice_title": "Campaign and app, October",
        "suppress_emails": "yes",
    },
    {
        "workspace_id": 105,
        "invoice_key": "STADTWERKE",
        "item_type": ItemType.ADDITIONAL,
        "notes": "Test devices, rent",
        "amount": 240,
        "taxable": "no",
    },
    {
        "workspace_id": 4100000001,
        "item_type": ItemType.TIME_ENTRY,
        "item_id": 4105101011,
        "payment_schedule": 0,
        "invoice_date": _END_OF_MONTH,
        "external_reference.service_name": "my-erp",
        "external_reference.service_model": "invoice",
        "external_reference.service_model_ref": "ERP-2026-1001",
        "external_reference.status": "successful",
        "external_reference.locked": "no",
    },
)
NOTES: tuple[str, ...] = (
    (
        "The first four rows form one invoice, as they have the same project and no Invoice key. What is about the "
        "whole invoice (Net days, Invoice date, …) stands on its first row; it may also stand on every row."
    ),
    "The next two bill a milestone of project 103, less a credit: an Additional item with a minus.",
    "The two rows with the key STADTWERKE form one invoice over two projects.",
    "The last row links its invoice to another system: its three External columns belong together.",
)


def add_example(book: Workbook) -> None:
    """Add the sheet Example to a workbook."""
    sheet = book.create_sheet("Example")
    sheet.sheet_properties.tabColor = "FFC0C6CE"
    title(sheet.cell(1, 1), NEVER_IMPORTED, size=14)
    sheet.cell(2, 1, ABOUT).font = font(italic=True)
    add_header(sheet, row=HEADER_ROW)
    for number, row in enumerate(ROWS, start=HEADER_ROW + 1):
        for column in COLUMNS:
            _fill(sheet.cell(number, POSITIONS[column.name] + 1), column, row.get(column.name))
    for number, note in enumerate(NOTES, start=HEADER_ROW + len(ROWS) + 2):
        sheet.cell(number, 1, f"•  {note}").font = font(italic=True)
    sheet.freeze_panes = cell_address(ITEM_TYPE + 1, HEADER_ROW + 1)
    for column in COLUMNS:
        if column.name.startswith(RARE_PREFIX):
            sheet.column_dimensions[column_letter(POSITIONS[column.name])].outlineLevel = 1
    sheet.print_title_cols = f"A:{column_letter(ITEM_TYPE)}"
    printed(sheet, header_rows=f"{HEADER_ROW}:{HEADER_ROW}", pages_wide=2)


def _fill(cell: Cell, column: Column, value: object) -> None:
    cell.value = ITEM_TYPE_TITLES[value] if isinstance(value, ItemType) else value  # type: ignore[assignment]
    cell.number_format = FORMATS.get(column.kind, "General")
    cell.font = font()
    cell.alignment = placed(column)
    cell.border = Border(bottom=THIN)
