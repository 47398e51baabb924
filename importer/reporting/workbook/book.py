"""Lay tables out in an Excel workbook: frozen header, filter, coloured statuses, clickable links.

XlsxWriter in constant-memory mode; text is always written as text, so that
nothing from a sheet becomes a formula.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time
from decimal import Decimal
from functools import lru_cache, partial
from math import ceil
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import xlsxwriter.workbook
from xlsxwriter.exceptions import XlsxWriterException

from importer.model.errors import SettingsProblem
from importer.model.plans import Status
from importer.model.visible import visible
from importer.reporting.table import Column, Kind, Marked, Table, text_of
from importer.reporting.workbook.rows import Rows, without_halves
from importer.settings.private_files import unfinished

A4 = 9
"""Number of the paper, as XlsxWriter counts them."""
MARGIN = 0.3
"""Inches."""
MEASURED_ROWS = 500
"""Rows of a table by whose texts the width of its columns is found."""
LEAST_WIDTH = 7
PAGE_WIDTH = 250
"""Characters that a printed page holds in a line and can still be read; wider tables go over several pages."""
REPEATED_WIDTH = 40
"""Characters of the first columns that are printed again on each of these pages, so that each row is known there."""
LINE_POINTS = 15
"""Height of one line of text, points."""
MOST_LINES = 25
"""Excel allows rows of at most 409 points."""
FIRST_YEAR = 1900
"""Excel knows no earlier dates."""
MONEY = "#,##0.00#"
"""Number format of amounts: cents, and the third decimal of those that have one, as dinars do."""
LONGEST_CELL = 32_767
"""Characters that Excel allows in one cell."""
MOST_LINKS = 65_530
"""Hyperlinks that Excel allows in one sheet; later ones are written as text."""

PACKED = 3
"""Level of packing: a third of the time of XlsxWriter's 6, for a seventh more room."""
KEPT_CELLS = 1_000
"""Values of a column whose XML is kept."""

_STATUS_COLOURS = {
    Status.READY: ("#DDEBF7", "#1F4E78"),
    Status.CREATED: ("#E2EFDA", "#375623"),
    Status.ALREADY_CREATED: ("#EDEDED", "#404040"),
    Status.REJECTED: ("#F8CBAD", "#833C0B"),
    Status.IN_DOUBT: ("#FFD9D9", "#C00000"),
    Status.HELD: ("#FFF2CC", "#7F6000"),
    Status.NOT_SENT: ("#FCE4D6", "#833C0B"),
}
"""Background and ink."""


xlsxwriter.workbook.ZipFile = partial(ZipFile, compresslevel=PACKED)  # it has no option for this


class Book:
    """A workbook with the formats that its sheets share."""

    def __init__(self, path: Path, title: str) -> None:
        options = {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "nan_inf_to_errors": True,
        }
        self.file = xlsxwriter.Workbook(str(path), options)
        # The default cell format: rows with wrapped texts read better from the top.
        self.file.formats[0].set_align("top")
        self.file.set_properties({"title": title, "comments": "Written by invoice-importer"})

        self.title = self._format(bold=True, font_size=16, font_color="#1F4E78")
        self.bold = self._format(bold=True)
        head = {"bold": True, "bg_color": "#1F4E78", "font_color": "#FFFFFF", "valign": "vcenter"}
        self.header = self._format(**head, text_wrap=True)
        self.header_right = self._format(**head, text_wrap=True, align="right")
        self.header_beside = self._format(**head, text_wrap=True, indent=1)

        self.wrap = self._format(text_wrap=True, valign="top")
        self.wrap_beside = self._format(text_wrap=True, indent=1, valign="top")
        self.bold_wrap = self._format(bold=True, text_wrap=True, valign="top")
        self.right = self._format(align="right", valign="top")
        self.beside = self._format(indent=1, align="left", valign="top")
        """Text to the right of a figure."""
        self.date = self._format(num_format="yyyy-mm-dd", align="left", indent=1, valign="top")
        self.moment = self._format(num_format="yyyy-mm-dd hh:mm", align="left", valign="top")
        self.money = self._format(num_format=MONEY, valign="top")
        self.wrong = self._format(num_format=MONEY, bold=True, font_color="#C00000", valign="top")
        """An amount that ought to be nothing."""
        wrong_cell = {"bg_color": "#FFC7CE", "font_color": "#9C0006", "valign": "top"}
        self.marked = self._format(**wrong_cell)
        self.marked_date = self._format(**wrong_cell, num_format="yyyy-mm-dd", align="left")
        self.total = self._format(bold=True, top=1)
        self.total_money = self._format(bold=True, top=1, num_format="#,##0.00")
        self.link = self._format(font_color="#0563C1", underline=1, valign="top")
        self.status = {
            status: self._format(bg_color=back, font_color=ink, bold=True, valign="top", align="left", indent=1)
            for status, (back, ink) in _STATUS_COLOURS.items()
        }

    def _format(self, **properties: object) -> Any:  # noqa: ANN401 - untyped by its library
        return self.file.add_format(properties)

    def add(self, name: str, widths: Sequence[float]) -> Any:  # noqa: ANN401 - untyped by its library
        """Add a sheet that prints well; widths in characters, from column A on."""
        sheet = self.file.add_worksheet(name)
        sheet.set_landscape()
        sheet.set_paper(A4)
        sheet.set_margins(left=MARGIN, right=MARGIN, top=MARGIN, bottom=2 * MARGIN)
        sheet.set_footer("&L&F&C&A&RPage &P of &N")
        sheet.fit_to_pages(1, 0)
        for position, width in enumerate(widths):
            sheet.set_column(position, position, width)
        return sheet

    def add_table(self, table: Table) -> None:
        """Add a sheet with nothing but this table: its header frozen, with a filter over all rows."""
        _TableSheet(self, table).write(table)

    def write_money(self, sheet: Any, row: int, position: int, cell: Decimal | int | str, column: Column) -> None:  # noqa: ANN401
        """Write an amount, or the word that stands in its place."""
        if isinstance(cell, str):
            sheet.write_string(row, position, cell, self.right)
        else:
            sheet.write_number(row, position, cell, self.money_style(cell, column))

    def money_style(self, cell: Decimal | int, column: Column) -> Any:  # noqa: ANN401 - untyped by its library
        """How an amount looks; one that ought to be nothing is emphasised."""
        return self.wrong if column.alarm and cell != 0 else self.money


class _TableSheet:
    """A sheet whose rows are written one after the other."""

    def __init__(self, book: Book, table: Table) -> None:
        self._book = book
        self._columns = table.columns
        self._sheet = book.add(table.title, [column.width for column in table.columns])
        self._rows = Rows(self._sheet, len(table.columns))
        self._row = 0
        self._last = 0
        """The last column of which any cell is filled."""
        self._links = 0
        self._longest = [0] * len(table.columns)
        self._wrapped = [(position, column.width) for position, column in enumerate(table.columns) if column.wrapped]
        self._text_styles = [self._text_style(position) for position in range(len(table.columns))]
        self._shown = [_fitting if column.as_read else _visible for column in table.columns]
        self._xml = [self._writer(position) for position in range(len(table.columns))]

    def _text_style(self, position: int) -> Any:  # noqa: ANN401 - untyped by its library
        """How texts of a column look: with a gap to the figures at their left, if any."""
        if position and self._columns[position].as_read:  # the cells at their left may be figures
            return self._book.wrap_beside if self._columns[position].wrapped else self._book.beside
        if self._columns[position].wrapped:
            return self._book.wrap
        if self._columns[position].kind is Kind.MONEY:  # “not known” in place of an amount
            return self._book.right
        if position and self._columns[position - 1].is_right:
            return self._book.beside
        return None

    def _writer(self, position: int) -> Callable[[Any], str]:
        """What gives the XML of a column's cells, ``""`` of an empty one; most columns hold few values often."""
        if self._columns[position].kind is Kind.LINK:
            return partial(self._link, position)
        return lru_cache(KEPT_CELLS, typed=True)(partial(self._cell, position))  # typed, since True == 1 == 1.0

    def write(self, table: Table) -> None:
        book, sheet = self._book, self._sheet
        sheet.freeze_panes(1, 0)
        sheet.set_row(0, 30)
        for position, column in enumerate(self._columns):
            style = book.header
            if column.is_right:
                style = book.header_right
            elif self._text_styles[position] in (book.beside, book.wrap_beside):
                style = book.header_beside
            sheet.write_string(0, position, without_halves(column.title), style)
        for cells in table.rows:
            if self._row < MEASURED_ROWS:
                self._measure(cells)
            self._add(cells)
        self._rows.finish()
        widths = self._fitted_widths()
        for position, width in enumerate(widths):
            self._sheet.set_column(position, position, width)
        last_row = max(self._row, 1)
        sheet.autofilter(0, 0, last_row, len(self._columns) - 1)
        last = sum(column.printed for column in self._columns) - 1
        if self._row:  # of an empty table all titles are printed
            last = min(self._last, last)
        sheet.print_area(0, 0, last_row, max(0, last))
        sheet.repeat_rows(0)
        self._fit_pages(widths[: max(0, last) + 1])

    def _measure(self, cells: Sequence[object]) -> None:
        for position, cell in enumerate(cells):
            if cell is not None:
                self._longest[position] = max(self._longest[position], _length(cell) + 2)

    def _fit_pages(self, widths: Sequence[float]) -> None:
        """Print a table that is wide on pages side by side, so that its letters do not become too small."""
        pages = ceil(sum(widths) / PAGE_WIDTH)
        if pages <= 1:
            return
        self._sheet.fit_to_pages(pages, 0)
        repeated = 0
        while sum(widths[: repeated + 1]) <= REPEATED_WIDTH:
            repeated += 1
        if repeated:
            self._sheet.repeat_columns(0, repeated - 1)

    def _fitted_widths(self) -> list[float]:
        """Columns as wide as their texts, at most as wide as they are declared: more of them fit on a page."""
        widths: list[float] = []
        for position, column in enumerate(self._columns):
            longest_word = max(map(len, column.title.split()), default=0)
            title = max(LEAST_WIDTH, longest_word + 3, len(column.title) / 2 + 4)  # in two lines
            width = max(title, self._longest[position])
            widths.append(min(width, max(column.width, title)))
        return widths

    def _add(self, cells: Sequence[object]) -> None:
        self._row += 1
        written = ["" if cell is None else xml_of(cell) for xml_of, cell in zip(self._xml, cells, strict=False)]
        self._rows.write(self._row, written, self._height(cells))
        if any(written[self._last + 1 :]):
            self._last = max(position for position, xml in enumerate(written) if xml)

    def _height(self, cells: Sequence[object]) -> int | None:
        """Points, of a row with several lines: Excel fits the height of wrapped rows itself, LibreOffice does not."""
        lines = 1
        for at, width in self._wrapped:
            if at < len(cells) and type(cells[at]) is str:
                lines = max(lines, lines_of(cells[at], width))
        return LINE_POINTS * min(lines, MOST_LINES) if lines > 1 else None

    def _cell(self, position: int, cell: object) -> str:
        if cell == "":
            return ""
        if type(cell) is Marked:
            return self._marked(cell.cell)
        return self._plain(position, cell)

    def _plain(self, position: int, cell: object) -> str:
        rows, book, column = self._rows, self._book, self._columns[position]
        match cell:
            case bool():
                return rows.boolean(cell, None)
            case Decimal() | int() if column.kind is Kind.MONEY:
                return rows.number(cell, book.money_style(cell, column))
            case int() | float():
                return rows.number(cell, book.money if column.right else None)
            case Status():
                return rows.text(cell.words, book.status[cell])
            case date() if cell.year >= FIRST_YEAR:
                has_time = isinstance(cell, datetime) and cell.time() != time()
                return rows.day(cell, book.moment if has_time else book.date)
            case _:
                return rows.text(self._shown[position](str(cell)), self._text_styles[position])

    def _marked(self, cell: object) -> str:
        """A wrong cell keeps its value, so that it can be corrected in place."""
        rows, book = self._rows, self._book
        match cell:
            case None | "":
                return rows.blank(book.marked)
            case bool():
                return rows.boolean(cell, book.marked)
            case int() | float() | Decimal():
                return rows.number(cell, book.marked)
            case date() if cell.year >= FIRST_YEAR:
                return rows.day(cell, book.marked_date)
            case _:
                return rows.text(_fitting(str(cell)), book.marked)

    def _link(self, position: int, address: object) -> str:
        if not address or not isinstance(address, str):
            return self._cell(position, address)
        self._links += 1
        if self._links > MOST_LINKS:
            return self._rows.text(address, None)
        self._rows.link(self._row, position, address)
        return self._rows.text(address, self._book.link)


@contextmanager
def workbook(path: Path) -> Iterator[Book]:
    """Write beside the final name, for the owner only, and never over another file. Raises SettingsProblem."""
    try:
        with unfinished(path) as writing:
            book = Book(writing, path.stem)
            yield book
            book.file.close()
    except FileExistsError as error:
        msg = f"{path} exists already; nothing is ever overwritten."
        raise SettingsProblem(msg, "Move it away and run again.", code="reports") from error
    except XlsxWriterException as error:
        raise SettingsProblem(
            f"{path} could not be written: {error}.", "Check the folder and the free space on the disk.", code="reports"
        ) from error


def free_path(folder: Path, name: str) -> Path:
    """The path of a workbook of this name (without suffix), or of its next free number: ``…-results-2.xlsx``."""
    path, number = folder / f"{name}.xlsx", 2
    while path.exists():
        path, number = folder / f"{name}-{number}.xlsx", number + 1
    return path


def _length(cell: object) -> int:
    if isinstance(cell, Marked):
        cell = cell.cell
    return max(map(len, text_of(cell).split("\n")))


def lines_of(cell: object, width: float) -> int:
    """How many lines a wrapped text needs in a column of ``width`` characters, roughly."""
    if not isinstance(cell, str):
        return 1
    if len(cell) < width and "\n" not in cell:
        return 1
    return sum(1 + int(len(part) / width) for part in cell.split("\n"))


def _visible(text: str) -> str:
    return _fitting(visible(text))


def _fitting(text: str) -> str:
    if len(text) <= LONGEST_CELL:
        return text
    return text[: LONGEST_CELL - 6] + " […]"
