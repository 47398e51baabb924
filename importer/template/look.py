"""Colours, fonts, formats and print settings that the template's sheets share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.worksheet.header_footer import HeaderFooterItem, _HeaderFooterPart
from openpyxl.worksheet.properties import PageSetupProperties

from importer.model.columns import Column, Kind, Level
from importer.model.invoices import ItemType

if TYPE_CHECKING:
    from openpyxl.cell import Cell, MergedCell
    from openpyxl.worksheet.worksheet import Worksheet


EVERY = frozenset(ItemType)
RARE_PREFIX = "external_reference."
"""Columns that few companies use: they stand at the right and are grouped."""
REQUIRED_UNLESS_SET = "payment_schedule"
"""Required in the sheet or in the settings."""

FORMATS: dict[Kind, str] = {
    Kind.IDENTIFIER: "0",
    Kind.TEXT: "@",
    Kind.AMOUNT: "#,##0.00",
    Kind.DATE: "yyyy-mm-dd",
}
"""Number format per kind. Text keeps leading zeros; 0 keeps a long id from turning into 4.1E+09."""
RIGHT_ALIGNED = frozenset({Kind.AMOUNT})
MISSING, FORBIDDEN, NOT_USED = "FFFFE8B3", "FFF8B4B0", "FFEDEDF0"
"""Fills of cells: to be filled in, must be emptied, and not used with this item type."""
INK, WHITE, RULE = "FF1F2933", "FFFFFFFF", "FFBFC7D1"
HEADER_HEIGHT = 33
"""Points: two lines."""
TEXT_HEIGHT = 15.5
"""Points of one line of text."""
THIN = Side(style="thin", color=RULE)
AUTHOR = "invoice-importer"
FONT = "Calibri"
"""Excel's own, which its default style names; named everywhere so that all text looks alike."""


@dataclass(frozen=True, slots=True)
class Shade:
    """How the header of a group of columns looks, and what the group is."""

    fill: str
    """ARGB."""
    ink: str
    meaning: str
    """For the legend of the instructions."""


LINE_REQUIRED = Shade("FF1F3F66", WHITE, "Dark blue: fill in on every row.")
LINE_SOMETIMES = Shade("FF4F81BD", WHITE, "Blue: needed or not, depending on the item type; see the table below.")
LINE_OPTIONAL = Shade("FFCFE0F3", INK, "Light blue: optional, about this row alone.")
INVOICE_REQUIRED = Shade("FF3B7A57", WHITE, "Green: about the whole invoice; needed once per invoice.")
INVOICE_OPTIONAL = Shade("FFD5EBDD", INK, "Light green: optional, about the whole invoice.")
RARE = Shade("FFE4E4E7", INK, "Grey: only for companies that link invoices to another system.")
SHADES = (LINE_REQUIRED, LINE_SOMETIMES, LINE_OPTIONAL, INVOICE_REQUIRED, INVOICE_OPTIONAL, RARE)


def shade_of(column: Column) -> Shade:
    """Return how the header of a column looks."""
    if column.name.startswith(RARE_PREFIX):
        return RARE
    if column.name == REQUIRED_UNLESS_SET:
        return INVOICE_REQUIRED
    if column.level is Level.INVOICE:
        return INVOICE_OPTIONAL
    if column.required_for == EVERY:
        return LINE_REQUIRED
    if column.required_for:
        return LINE_SOMETIMES
    return LINE_OPTIONAL


def font(color: str = INK, *, size: float = 11, bold: bool = False, italic: bool = False) -> Font:
    """Return a font of the template's family."""
    return Font(name=FONT, family=2, size=size, color=color, bold=bold, italic=italic)


def header(cell: Cell | MergedCell, text: str, shade: Shade) -> None:
    """Write a header cell."""
    cell.value = text
    cell.fill = PatternFill("solid", start_color=shade.fill)
    cell.font = font(shade.ink, bold=True)
    cell.alignment = Alignment(horizontal="left", indent=1, vertical="center", wrap_text=True)
    cell.border = Border(left=Side(style="thin", color=WHITE), right=Side(style="thin", color=WHITE))
    cell.number_format = "@"


def placed(column: Column) -> Alignment:
    """Return where the values of a column stand: amounts at the right, with a gap to the next column."""
    if column.kind in RIGHT_ALIGNED:
        return Alignment(horizontal="right", indent=1)
    return Alignment(horizontal="left", indent=1)


def title(cell: Cell | MergedCell, text: str, *, size: int = 18) -> None:
    """Write a heading."""
    cell.value = text
    cell.font = font(LINE_REQUIRED.fill, size=size, bold=True)
    cell.alignment = Alignment(vertical="center")


def lines_of(text: str, width: float) -> int:
    """Estimate how many lines a text takes in a cell ``width`` characters wide."""
    lines = 0
    for paragraph in text.split("\n"):
        lines, used = lines + 1, 0
        for word in paragraph.split(" "):
            if used and used + 1 + len(word) > width:
                lines, used = lines + 1, 0
            used += len(word) + bool(used)
    return lines


def printed(sheet: Worksheet, *, header_rows: str | None, pages_wide: int = 1) -> None:
    """Set a sheet up for A4 landscape with page numbers."""
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.page_setup.fitToWidth = pages_wide
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.print_title_rows = header_rows
    sheet.page_margins.left = sheet.page_margins.right = 0.4
    sheet.page_margins.top, sheet.page_margins.bottom, sheet.page_margins.footer = 0.6, 0.8, 0.4
    sheet.oddFooter = HeaderFooterItem(left=_HeaderFooterPart("&A"), right=_HeaderFooterPart("Page &P of &N"))
