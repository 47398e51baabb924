"""The sheet Instructions: what the template says to accountants, laid out to be read and printed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from openpyxl.styles import Alignment, Border, PatternFill
from openpyxl.worksheet.pagebreak import Break

from importer.model.columns import COLUMNS, ITEM_TYPE_TITLES, Column, Level
from importer.model.invoices import ItemType
from importer.template.look import (
    EVERY,
    FORBIDDEN,
    HEADER_HEIGHT,
    INK,
    LINE_REQUIRED,
    MISSING,
    NOT_USED,
    REQUIRED_UNLESS_SET,
    SHADES,
    TEXT_HEIGHT,
    THIN,
    font,
    header,
    lines_of,
    printed,
    shade_of,
    title,
)

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet


WIDTHS = {"A": 2.0, "B": 24.0, "C": 36.0, "D": 34.0, "E": 32.0, "F": 34.0}
"""Characters. A is the margin; texts begin in B, explanations in C."""
FIRST, SECOND, MIDDLE, LAST = 2, 3, 4, 6
"""Columns B, C, D and F, counted from 1."""
ROOM = 1.15
"""Characters of running text per character of width; letters are narrower than the digits that widths count."""
PADDING = 5
"""Points above and below the text of a row, together."""

STEPS: tuple[tuple[str, str], ...] = (
    (
        "Fill in",
        (
            "Type one row per line item on the sheet Invoices. Point at a header to read what belongs there. "
            "The sheet Example shows how it looks; rows copied from it are imported, the sheet itself never is."
        ),
    ),
    ("Save", "Save the workbook under a name of your own, such as october.xlsx."),
    (
        "Preview",
        (
            "Run:  invoice-importer preview october.xlsx\n"
            "It shows every invoice with its total, and every problem with its cell. Nothing is sent. "
            "Correct the cells it names and preview again, until the totals are those you expect."
        ),
    ),
    (
        "Submit",
        (
            "Run:  invoice-importer submit october.xlsx\n"
            "It shows the totals and asks; only when you type yes are the invoices created, as drafts unless you say "
            "otherwise. Each invoice is created once: submitting the file again skips what exists."
        ),
    ),
    (
        "Read the results",
        (
            "They are in the folder reports. The file ending in -results.xlsx says what became of every row, with a "
            "link to the invoice. The file ending in -to-fix.xlsx holds only the rows that did not become invoices: "
            "correct them there and submit that file."
        ),
    ),
)
GROUPING: tuple[str, ...] = (
    "Rows of the same project form one invoice.",
    (
        "Rows with the same Invoice key form one invoice, whatever their projects. Use a key for two invoices of one "
        "project, or for one invoice over several projects (they need the same currency)."
    ),
    (
        "Green columns are about the whole invoice: fill them in on one of its rows, or on all of them. "
        "Two different values on one invoice are an error."
    ),
    (
        "Amounts are in the project's currency and whole: 1200 is twelve hundred. Cents are refused, unless settings "
        "allow them. A credit is an Additional item with a minus."
    ),
    "Blank rows are skipped. Columns of your own are welcome: they are copied to the results and not sent.",
    (
        "Paste as values (Paste Special), so that drop-downs and formats stay. Type an id of more than 15 digits "
        "as text, with an apostrophe before it, because Excel does not keep so many digits."
    ),
)
CELL_COLOURS: tuple[str, ...] = (
    "Yellow cell: still to be filled in for this item type.",
    "Grey cell: not used with this item type; leave it empty.",
    "Red cell: filled in, but must be empty for this item type.",
)
BILLS: dict[ItemType, str] = {
    ItemType.TIME_ENTRY: "Hours recorded in Kantata; Kantata knows their price.",
    ItemType.EXPENSE: "An expense recorded in Kantata; Kantata knows its amount.",
    ItemType.FIXED_FEE: "An agreed fee, such as a retainer, with the amount you type.",
    ItemType.ADDITIONAL: "Anything else, with the amount you type; with a minus it is a credit.",
    ItemType.BILLING_MILESTONE: "A billing milestone planned in Kantata; Kantata knows its amount.",
}


class _Page:
    """Writes from top to bottom."""

    def __init__(self, sheet: Worksheet) -> None:
        self.sheet = sheet
        self.row = 1

    def heading(self, text: str, *, new_page: bool = False) -> None:
        """Leave a blank row and write a heading, in print on a new page if wished."""
        if new_page:
            self.sheet.row_breaks.append(Break(id=self.row))
        self.row += 1
        title(self.sheet.cell(self.row, FIRST), text, size=13)
        self.sheet.row_dimensions[self.row].height = 24
        self.row += 1

    def write(self, texts: Sequence[tuple[int, int, str]], *, ruled: bool = False) -> None:
        """Write one row of texts, each with the first and last column that it spans."""
        lines = 1
        for start, end, text in texts:
            cell = self.sheet.cell(self.row, start, text)
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            cell.font = font()
            cell.data_type = "s"
            if end > start:
                self.sheet.merge_cells(start_row=self.row, end_row=self.row, start_column=start, end_column=end)
            width = sum(list(WIDTHS.values())[start - 1 : end])
            lines = max(lines, lines_of(text, width * ROOM))
        if ruled:
            for number in range(FIRST, LAST + 1):
                self.sheet.cell(self.row, number).border = Border(bottom=THIN)
        self.sheet.row_dimensions[self.row].height = lines * TEXT_HEIGHT + PADDING
        self.row += 1

    def table_header(self, texts: Sequence[tuple[int, int, str]]) -> None:
        """Write the header row of a table."""
        for start, end, text in texts:
            header(self.sheet.cell(self.row, start), text, LINE_REQUIRED)
            for number in range(start + 1, end + 1):
                header(self.sheet.cell(self.row, number), "", LINE_REQUIRED)
            if end > start:
                self.sheet.merge_cells(start_row=self.row, end_row=self.row, start_column=start, end_column=end)
        self.sheet.row_dimensions[self.row].height = HEADER_HEIGHT * 0.7
        self.row += 1

    def bold(self) -> None:
        """Make the first text of the row just written stand out."""
        self.sheet.cell(self.row - 1, FIRST).font = font(LINE_REQUIRED.fill, bold=True)

    def swatch(self, fill: str, ink: str, text: str, meaning: str) -> None:
        """Write a coloured cell and what its colour means."""
        self.write([(FIRST, FIRST, text), (SECOND, LAST, meaning)])
        cell = self.sheet.cell(self.row - 1, FIRST)
        cell.fill = PatternFill("solid", start_color=fill)
        cell.font = font(ink, bold=True)
        cell.alignment = Alignment(horizontal="left", indent=1, vertical="center")
        self.sheet.cell(self.row - 1, SECOND).alignment = Alignment(horizontal="left", indent=1, vertical="center")
        cell.border = Border(top=THIN, bottom=THIN, left=THIN, right=THIN)


def add_instructions(book: Workbook) -> None:
    """Add the sheet Instructions to a workbook."""
    sheet = book.create_sheet("Instructions")
    sheet.sheet_view.showGridLines = False
    sheet.sheet_properties.tabColor = "FF8A94A0"
    for letter, width in WIDTHS.items():
        sheet.column_dimensions[letter].width = width
    page = _Page(sheet)
    title(sheet.cell(1, FIRST), "Invoices for Kantata, from this workbook")
    sheet.row_dimensions[1].height = 32
    _steps(page)
    _grouping(page)
    _colours(page)
    _item_types(page)
    _columns(page)
    printed(sheet, header_rows=None)


def _steps(page: _Page) -> None:
    page.heading("Five steps")
    for number, (name, text) in enumerate(STEPS, start=1):
        page.write([(FIRST, FIRST, f"{number}   {name}"), (SECOND, LAST, text)], ruled=True)
        page.bold()


def _grouping(page: _Page) -> None:
    page.heading("How rows become invoices")
    for text in GROUPING:
        page.write([(FIRST, LAST, f"•  {text}")])


def _colours(page: _Page) -> None:
    page.heading("Colours on the sheet Invoices", new_page=True)
    for shade in SHADES:
        example = next(column.title for column in COLUMNS if shade_of(column) is shade)
        page.swatch(shade.fill, shade.ink, example, shade.meaning)
    for fill, meaning in zip((MISSING, NOT_USED, FORBIDDEN), CELL_COLOURS, strict=True):
        page.swatch(fill, INK, "", meaning)


def _item_types(page: _Page) -> None:
    page.heading("The five item types")
    names = ("Item type", "What it bills", "Fill in", "Fill in if you like", "Leave empty")
    page.table_header([(n, n, name) for n, name in enumerate(names, start=FIRST)])
    for item_type, name in ITEM_TYPE_TITLES.items():
        texts = (name, BILLS[item_type], *_needs_of(item_type))
        page.write([(n, n, text) for n, text in enumerate(texts, start=FIRST)], ruled=True)
        page.bold()


def _columns(page: _Page) -> None:
    page.heading("All columns", new_page=True)
    page.table_header(
        [
            (FIRST, FIRST, "Column"),
            (SECOND, SECOND, "Required?"),
            (MIDDLE, LAST - 1, "Meaning"),
            (LAST, LAST, "Example"),
        ]
    )
    for column in COLUMNS:
        texts = [(FIRST, FIRST, column.title), (SECOND, SECOND, requirement(column))]
        page.write([*texts, (MIDDLE, LAST - 1, column.meaning), (LAST, LAST, column.example)], ruled=True)
        page.bold()


def requirement(column: Column) -> str:
    """Say whether a column must be filled in."""
    if column.name == "workspace_id":
        return "Required on every row, unless the row names its project."
    if column.required_for == EVERY:
        return "Required on every row."
    if column.name == REQUIRED_UNLESS_SET:
        return "Required once per invoice, unless the settings give it."
    if column.required_for:
        text = f"Required for {_titles(column.required_for)}."
        if column.allowed_for != EVERY:
            text += f" Leave it empty for {_titles(EVERY - column.allowed_for)}."
        return text
    if column.allowed_for != EVERY:
        return f"Optional, for {_titles(column.allowed_for)} only."
    return "Optional."


def _needs_of(item_type: ItemType) -> tuple[str, str, str]:
    """Name the columns that a row of this type needs, may have, and must leave empty."""
    needed, allowed, empty = [], [], []
    for column in COLUMNS:
        if column.level is not Level.LINE:
            continue
        if item_type in column.required_for:
            needed.append(column.title)
        elif item_type in column.allowed_for:
            allowed.append(column.title)
        else:
            empty.append(column.title)
    return ", ".join(needed), ", ".join(allowed), ", ".join(empty)


def _titles(types: Iterable[ItemType]) -> str:
    wanted = set(types)
    *titles, last = [ITEM_TYPE_TITLES[item_type] for item_type in ItemType if item_type in wanted]
    if not titles:
        return last
    return f"{', '.join(titles)} and {last}"
