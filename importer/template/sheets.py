"""The sheets of rows: Invoices, which is filled in, and Example, which shows how and is never imported.

Invoices has headers with comments, formats, drop-downs, and hints while typing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

from openpyxl.comments import Comment
from openpyxl.formatting.rule import Rule
from openpyxl.styles import Border, PatternFill
from openpyxl.styles.differential import DifferentialStyle
from openpyxl.worksheet.datavalidation import DataValidation

from importer.model.columns import COLUMNS, ITEM_TYPE_TITLES, SYNC_STATUSES, Column, Kind
from importer.model.invoices import ItemType
from importer.model.problems import cell_address, column_letter
from importer.template.instructions import requirement
from importer.template.look import (
    AUTHOR,
    EVERY,
    FORBIDDEN,
    FORMATS,
    HEADER_HEIGHT,
    LINE_REQUIRED,
    MISSING,
    NOT_USED,
    RARE_PREFIX,
    THIN,
    font,
    header,
    lines_of,
    placed,
    printed,
    shade_of,
    title,
)

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.cell import Cell
    from openpyxl.worksheet.worksheet import Worksheet


GUIDED_ROWS = 100_000
"""Rows with drop-downs and hints. Number formats belong to the columns, so they have no end."""
COMMENT_WIDTH, COMMENT_LINE, COMMENT_MARGIN = 330, 17, 30
"""Pixels: width, height of a line, and what the frame needs."""
COMMENT_CHARACTERS = 46
"""Characters in a line of a comment."""
POSITIONS = {column.name: position for position, column in enumerate(COLUMNS)}
ITEM_TYPE = POSITIONS["item_type"]
LARGEST_AMOUNT = "9999999999999"
EARLIEST_DATE = "36526"
"""2000-01-01 as Excel counts days."""


def fill_invoices(sheet: Worksheet, columns: Sequence[Column] = COLUMNS) -> None:
    """Make the sheet ready to be filled in; ``columns`` in another order, or with more of them."""
    sheet.sheet_properties.tabColor = LINE_REQUIRED.fill
    positions = {column.name: position for position, column in enumerate(columns)}
    add_header(sheet, columns, row=1)
    for position, column in enumerate(columns):
        sheet.cell(1, position + 1).comment = _comment(column)
        _format_column(sheet, position, column)
        if validation := _validation(column):
            validation.add(_below_header(position))
            sheet.add_data_validation(validation)
        for rule in _hints(column, positions):
            sheet.conditional_formatting.add(_below_header(position), rule)
    sheet.freeze_panes = cell_address(positions["item_type"] + 1, 2)
    sheet.print_title_cols = f"A:{column_letter(positions['item_type'])}"
    printed(sheet, header_rows="1:1", pages_wide=2)


def add_header(sheet: Worksheet, columns: Sequence[Column] = COLUMNS, *, row: int) -> None:
    """Write the header row, and set the widths of the columns."""
    for position, column in enumerate(columns):
        header(sheet.cell(row, position + 1), column.title, shade_of(column))
        sheet.column_dimensions[column_letter(position)].width = column.width
    sheet.row_dimensions[row].height = HEADER_HEIGHT


def _comment(column: Column) -> Comment:
    text = f"{requirement(column)}\n\n{column.meaning}\n\nExample: {column.example}"
    height = lines_of(text, COMMENT_CHARACTERS) * COMMENT_LINE + COMMENT_MARGIN
    return Comment(text, AUTHOR, width=COMMENT_WIDTH, height=height)


def _format_column(sheet: Worksheet, position: int, column: Column) -> None:
    dimension = sheet.column_dimensions[column_letter(position)]
    dimension.number_format = FORMATS.get(column.kind, "General")
    dimension.alignment = placed(column)
    dimension.outlineLevel = int(column.name.startswith(RARE_PREFIX))


def _below_header(position: int) -> str:
    letter = column_letter(position)
    return f"{letter}2:{letter}{GUIDED_ROWS + 1}"


# --- drop-downs ---


def _validation(column: Column) -> DataValidation | None:
    match column.kind:
        case Kind.ITEM_TYPE:
            return _choice(column, ITEM_TYPE_TITLES.values())
        case Kind.YES_NO:
            return _choice(column, ("yes", "no"))
        case Kind.SYNC_STATUS:
            return _choice(column, SYNC_STATUSES)
        case Kind.DATE:
            fault = "This is not a date that Excel understands. Type it as 2026-10-31."
            return _refusing(
                column,
                fault,
                DataValidation("date", operator="greaterThanOrEqual", formula1=EARLIEST_DATE),
            )
        case Kind.AMOUNT:
            fault = (
                "This is not a number. Type digits only, such as 1200, without a currency. A credit has a minus: -150."
            )
            limits = DataValidation("decimal", formula1=f"-{LARGEST_AMOUNT}", formula2=LARGEST_AMOUNT)
            return _refusing(column, fault, limits)
        case Kind.IDENTIFIER | Kind.TEXT | Kind.DAYS:
            return None


def _choice(column: Column, words: Iterable[str]) -> DataValidation:
    listed = tuple(words)
    fault = f"Choose one from the list: {', '.join(listed)}."
    return _refusing(column, fault, DataValidation("list", formula1=f'"{",".join(listed)}"'))


def _refusing(column: Column, fault: str, validation: DataValidation) -> DataValidation:
    validation.allow_blank = True
    validation.showErrorMessage = True
    validation.errorStyle = "stop"
    validation.errorTitle = column.title
    validation.error = fault
    return validation


# --- hints while typing ---


def _hints(column: Column, positions: Mapping[str, int]) -> Iterator[Rule]:
    """Colour cells that lack a value, that must be emptied, and that the row's item type does not use."""
    cell, kind = f"{column_letter(positions[column.name])}2", f"${column_letter(positions['item_type'])}2"
    empty, filled = f"LEN(TRIM({cell}))=0", f"LEN(TRIM({cell}))>0"
    begun = f"COUNTA($A2:${column_letter(len(positions) - 1)}2)>0"
    if column.name == "workspace_id":
        unnamed = f"LEN(TRIM({column_letter(positions['workspace'])}2))=0"
        yield _rule(f"AND({begun},{empty},{unnamed})", MISSING)
    elif column.required_for == EVERY:
        yield _rule(f"AND({begun},{empty})", MISSING)
    elif column.required_for:
        yield _rule(f"AND({_is_one_of(kind, column.required_for)},{empty})", MISSING)

    if others := EVERY - column.allowed_for:
        yield _rule(f"AND({_is_one_of(kind, others)},{filled})", FORBIDDEN)
        yield _rule(_is_one_of(kind, others), NOT_USED)


def _is_one_of(cell: str, types: frozenset[ItemType]) -> str:
    spellings: dict[str, None] = {}
    for item_type in ItemType:
        if item_type in types:
            spellings |= {ITEM_TYPE_TITLES[item_type]: None, item_type.value: None}
    tests = [f'{cell}="{word}"' for word in spellings]
    return f"OR({','.join(tests)})"


def _rule(formula: str, fill: str) -> Rule:
    style = DifferentialStyle(fill=PatternFill("solid", start_color=fill, end_color=fill))
    return Rule(type="expression", formula=[formula], dxf=style, stopIfTrue=True)


# --- the sheet Example ---

NEVER_IMPORTED = "Example only: this sheet is never imported"
"""Cell A1; :mod:`importer.reading.read` knows the sheet by how it begins."""
EXAMPLE_ABOUT = (
    "These rows make four invoices from the sandbox's projects. Copy them to the sheet Invoices to try them."
)
EXAMPLE_HEADER_ROW = 4
_END_OF_MONTH = date(2026, 10, 31)

Row = dict[str, object]

EXAMPLE_ROWS: tuple[Row, ...] = (
    {
        "workspace_id": 101,
        "item_type": ItemType.TIME_ENTRY,
        "item_id": 5101008,
        "payment_schedule": 30,
        "invoice_date": _END_OF_MONTH,
        "user_invoice_title": "Website-Relaunch, October",
        "purchase_order": "00042",
        "message": "Thank you for your trust.",
        "draft": "yes",
    },
    {"workspace_id": 101, "item_type": ItemType.TIME_ENTRY, "item_id": 5101009},
    {"workspace_id": 101, "item_type": ItemType.EXPENSE, "item_id": 6101004},
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
        "item_id": 7103002,
        "payment_schedule": "Net 14",
        "invoice_date": _END_OF_MONTH,
        "user_invoice_title": "Onlineshop, concept approved",
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
        "item_id": 4105101004,
        "payment_schedule": 0,
        "invoice_date": _END_OF_MONTH,
        "external_reference.service_name": "my-erp",
        "external_reference.service_model": "invoice",
        "external_reference.service_model_ref": "ERP-2026-1001",
        "external_reference.status": "successful",
        "external_reference.locked": "no",
    },
)
EXAMPLE_NOTES: tuple[str, ...] = (
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
    sheet.cell(2, 1, EXAMPLE_ABOUT).font = font(italic=True)
    add_header(sheet, row=EXAMPLE_HEADER_ROW)
    for number, row in enumerate(EXAMPLE_ROWS, start=EXAMPLE_HEADER_ROW + 1):
        for column in COLUMNS:
            _fill(sheet.cell(number, POSITIONS[column.name] + 1), column, row.get(column.name))
    for number, note in enumerate(EXAMPLE_NOTES, start=EXAMPLE_HEADER_ROW + len(EXAMPLE_ROWS) + 2):
        sheet.cell(number, 1, f"•  {note}").font = font(italic=True)
    sheet.freeze_panes = cell_address(ITEM_TYPE + 1, EXAMPLE_HEADER_ROW + 1)
    for column in COLUMNS:
        if column.name.startswith(RARE_PREFIX):
            sheet.column_dimensions[column_letter(POSITIONS[column.name])].outlineLevel = 1
    sheet.print_title_cols = f"A:{column_letter(ITEM_TYPE)}"
    printed(sheet, header_rows=f"{EXAMPLE_HEADER_ROW}:{EXAMPLE_HEADER_ROW}", pages_wide=2)


def _fill(cell: Cell, column: Column, value: object) -> None:
    if isinstance(value, ItemType):
        value = ITEM_TYPE_TITLES[value]
    cell.value = value  # type: ignore[assignment] # what the rows above hold
    cell.number_format = FORMATS.get(column.kind, "General")
    cell.font = font()
    cell.alignment = placed(column)
    cell.border = Border(bottom=THIN)
