"""The sheet that is filled in: headers with comments, formats, drop-downs and hints while typing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openpyxl.comments import Comment
from openpyxl.formatting.rule import Rule
from openpyxl.styles import PatternFill
from openpyxl.styles.differential import DifferentialStyle
from openpyxl.worksheet.datavalidation import DataValidation

from importer.model.columns import COLUMNS, ITEM_TYPE_TITLES, SYNC_STATUSES, Column, Kind
from importer.model.invoices import ItemType
from importer.model.problems import cell_address, column_letter
from importer.template.look import (
    EVERY,
    FORMATS,
    HEADER_HEIGHT,
    LINE_REQUIRED,
    RARE_PREFIX,
    header,
    lines_of,
    placed,
    printed,
    shade_of,
)
from importer.template.saving import AUTHOR
from importer.template.words import requirement

if TYPE_CHECKING:
    from collections.abc import Iterable

    from openpyxl.worksheet.worksheet import Worksheet


GUIDED_ROWS = 100_000
"""Rows with drop-downs and hints. Number formats belong to the columns, so they have no end."""
COMMENT_WIDTH, COMMENT_LINE, COMMENT_MARGIN = 330, 17, 30
"""Pixels: width, height of a line, and what the frame needs."""
COMMENT_CHARACTERS = 46
"""Characters in a line of a comment."""
MISSING, FORBIDDEN, NOT_USED = "FFFFE8B3", "FFF8B4B0", "FFEDEDF0"
"""Fills: to be filled in, must be emptied, and not used with this item type."""
POSITIONS = {column.name: position for position, column in enumerate(COLUMNS)}
ITEM_TYPE = POSITIONS["item_type"]
LARGEST_AMOUNT = "9999999999999"
EARLIEST_DATE = "36526"
"""2000-01-01 as Excel counts days."""


def fill_invoices(sheet: Worksheet) -> None:
    """Make the sheet ready to be filled in."""
    sheet.sheet_properties.tabColor = LINE_REQUIRED.fill
    add_header(sheet, row=1)
    for position, column in enumerate(COLUMNS):
        sheet.cell(1, position + 1).comment = _comment(column)
        _format_column(sheet, position, column)
        if validation := _validation(column):
            validation.add(_below_header(position))
            sheet.add_data_validation(validation)
        for rule in _hints(position, column):
            sheet.conditional_formatting.add(_below_header(position), rule)
    sheet.freeze_panes = cell_address(ITEM_TYPE + 1, 2)
    sheet.print_title_cols = f"A:{column_letter(ITEM_TYPE)}"
    printed(sheet, header_rows="1:1", pages_wide=2)


def add_header(sheet: Worksheet, *, row: int) -> None:
    """Write the header row, and set the widths of the columns."""
    for position, column in enumerate(COLUMNS):
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
    dimension.outlineLevel = 1 if column.name.startswith(RARE_PREFIX) else 0


def _below_header(position: int) -> str:
    letter = column_letter(position)
    return f"{letter}2:{letter}{GUIDED_ROWS + 1}"


# --- drop-downs --------------------------------------------------------------


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


# --- hints while typing ------------------------------------------------------


def _hints(position: int, column: Column) -> list[Rule]:
    """Colour cells that lack a value, that must be emptied, and that the row's item type does not use."""
    cell = f"{column_letter(position)}2"
    empty, filled = f"LEN(TRIM({cell}))=0", f"LEN(TRIM({cell}))>0"
    rules = []
    if column.required_for == EVERY:
        begun = f"COUNTA($A2:${column_letter(len(COLUMNS) - 1)}2)>0"
        named = f",LEN(TRIM({column_letter(POSITIONS['workspace'])}2))=0" if column.name == "workspace_id" else ""
        rules.append(_rule(f"AND({begun},{empty}{named})", MISSING))
    elif column.required_for:
        rules.append(_rule(f"AND({_is_one_of(column.required_for)},{empty})", MISSING))
    if others := EVERY - column.allowed_for:
        rules.append(_rule(f"AND({_is_one_of(others)},{filled})", FORBIDDEN))
        rules.append(_rule(_is_one_of(others), NOT_USED))
    return rules


def _is_one_of(types: frozenset[ItemType]) -> str:
    cell = f"${column_letter(ITEM_TYPE)}2"
    spellings = [word for one in ItemType if one in types for word in (ITEM_TYPE_TITLES[one], one.value)]
    tests = [f'{cell}="{word}"' for word in dict.fromkeys(spellings)]
    return f"OR({','.join(tests)})"


def _rule(formula: str, fill: str) -> Rule:
    style = DifferentialStyle(fill=PatternFill("solid", start_color=fill, end_color=fill))
    return Rule(type="expression", formula=[formula], dxf=style, stopIfTrue=True)
