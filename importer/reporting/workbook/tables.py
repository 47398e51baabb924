"""Excel tables: frozen header, filter, coloured statuses, clickable links.

XlsxWriter in constant-memory mode; text is always written as text, so that
nothing from a sheet becomes a formula.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import xlsxwriter
from xlsxwriter.exceptions import XlsxWriterException

from importer.model.errors import SettingsProblem
from importer.model.plans import Status

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


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

STATUS_WORDS = {
    Status.READY: "ready",
    Status.CREATED: "created",
    Status.ALREADY_CREATED: "already created",
    Status.REJECTED: "rejected",
    Status.IN_DOUBT: "in doubt",
    Status.HELD: "held",
    Status.NOT_SENT: "not sent",
}
_COLOURS = {
    Status.READY: ("#DDEBF7", "#1F4E78"),
    Status.CREATED: ("#E2EFDA", "#375623"),
    Status.ALREADY_CREATED: ("#EDEDED", "#404040"),
    Status.REJECTED: ("#F8CBAD", "#833C0B"),
    Status.IN_DOUBT: ("#FFD9D9", "#C00000"),
    Status.HELD: ("#FFF2CC", "#7F6000"),
    Status.NOT_SENT: ("#FCE4D6", "#833C0B"),
}


class Book:
    """A workbook with the formats that its sheets share."""

    def __init__(self, path: Path) -> None:
        self.book = xlsxwriter.Workbook(
            str(path),
            {
                "constant_memory": True,
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "nan_inf_to_errors": True,
            },
        )
        # The default cell format: rows with wrapped texts read better from the top.
        self.book.formats[0].set_align("top")
        self.book.set_properties({"title": path.stem, "comments": "Written by invoice-importer"})
        self.header = self.book.add_format(
            {"bold": True, "bg_color": "#1F4E78", "font_color": "#FFFFFF", "text_wrap": True, "valign": "vcenter"},
        )
        self.title = self.book.add_format({"bold": True, "font_size": 16, "font_color": "#1F4E78"})
        self.bold = self.book.add_format({"bold": True})
        self.header_right = self.book.add_format(
            {"bold": True, "bg_color": "#1F4E78", "font_color": "#FFFFFF", "text_wrap": True, "valign": "vcenter"}
            | {"align": "right"},
        )
        top = {"valign": "top"}
        self.wrap = self.book.add_format({"text_wrap": True} | top)
        self.date = self.book.add_format({"num_format": "yyyy-mm-dd", "align": "left", "indent": 1} | top)
        self.moment = self.book.add_format({"num_format": "yyyy-mm-dd hh:mm", "align": "left"} | top)
        self.beside = self.book.add_format({"indent": 1, "align": "left"} | top)
        """Text to the right of a figure."""
        self.header_beside = self.book.add_format(
            {"bold": True, "bg_color": "#1F4E78", "font_color": "#FFFFFF", "valign": "vcenter", "indent": 1},
        )
        self.right = self.book.add_format({"align": "right"} | top)
        self.wrong = self.book.add_format({"num_format": MONEY, "bold": True, "font_color": "#C00000"} | top)
        """An amount that ought to be nothing."""
        self.money = self.book.add_format({"num_format": MONEY} | top)
        self.link = self.book.add_format({"font_color": "#0563C1", "underline": 1} | top)
        self.status = {
            status: self.book.add_format({"bg_color": back, "font_color": ink, "bold": True} | top)
            for status, (back, ink) in _COLOURS.items()
        }

    def add(self, name: str, widths: Sequence[float]) -> Any:  # noqa: ANN401 - untyped by its library
        """Add a sheet that prints well; widths in characters, from column A on."""
        sheet = self.book.add_worksheet(name)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        for position, width in enumerate(widths):
            sheet.set_column(position, position, width)
        return sheet


@dataclass(frozen=True, slots=True)
class Money:
    """An amount cell; None is an empty one."""

    amount: object


@dataclass(frozen=True, slots=True)
class Link:
    """A clickable address with the text to show."""

    address: str | None


@dataclass(frozen=True, slots=True)
class TableColumn:
    """How a column of a table looks."""

    title: str
    width: float = 14
    """Characters."""
    wrapped: bool = False
    """Whether long texts go over several lines."""
    right: bool = False
    """Whether the header stands over right-aligned numbers."""


class Table:
    """A sheet with a frozen header, a filter, and rows that are written one after the other."""

    def __init__(self, book: Book, name: str, columns: Sequence[TableColumn]) -> None:
        self._book = book
        headers, widths = [column.title for column in columns], [column.width for column in columns]
        self._wrapped = {position: column.width for position, column in enumerate(columns) if column.wrapped}
        self._sheet = book.add(name, widths)
        self._width = len(headers)
        self._row = 0
        self._links = 0
        self._sheet.freeze_panes(1, 0)
        self._sheet.set_row(0, 30)
        for position, header in enumerate(headers):
            style = book.header_right if columns[position].right else book.header
            self._sheet.write_string(0, position, header, style)

    def add(self, cells: Sequence[object]) -> None:
        """Write the next row; None leaves a cell empty."""
        self._row += 1
        row, wrapped, write_string = self._row, self._wrapped, self._sheet.write_string
        self._fit_height(cells)
        for position, cell in enumerate(cells):
            if cell is None or cell == "":
                continue
            if type(cell) is str and position not in wrapped and len(cell) <= LONGEST_CELL:
                write_string(row, position, cell)  # by far the most cells
            else:
                self._write(position, cell)

    def _fit_height(self, cells: Sequence[object]) -> None:
        """Excel fits the height of wrapped rows itself, LibreOffice does not."""
        lines = max((_lines_of(cells[at], width) for at, width in self._wrapped.items() if at < len(cells)), default=1)
        if lines > 1:
            self._sheet.set_row(self._row, LINE_POINTS * min(lines, MOST_LINES))

    def finish(self) -> None:
        """Put the filter over all rows."""
        self._sheet.autofilter(0, 0, max(self._row, 1), self._width - 1)

    def _write(self, position: int, cell: object) -> None:  # noqa: C901 - one branch per case, on one screen
        sheet, row, book = self._sheet, self._row, self._book
        match cell:
            case str():
                sheet.write_string(row, position, _fitting(cell), book.wrap if position in self._wrapped else None)
            case bool():
                sheet.write_boolean(row, position, cell)
            case int() | float():
                sheet.write_number(row, position, cell)
            case date() if cell.year < FIRST_YEAR:
                sheet.write_string(row, position, str(cell))
            case datetime():
                sheet.write_datetime(row, position, cell, book.moment if cell.time() != time() else book.date)
            case date():
                sheet.write_datetime(row, position, cell, book.date)
            case Status():
                sheet.write_string(row, position, STATUS_WORDS[cell], book.status[cell])
            case Money(amount):
                if amount is not None:
                    sheet.write_number(row, position, amount, book.money)
            case Link(address):
                self._write_link(position, address)
            case time() | timedelta():
                sheet.write_string(row, position, str(cell))
            case _:
                sheet.write_string(row, position, _fitting(str(cell)))

    def _write_link(self, position: int, address: str | None) -> None:
        if address is None:
            return
        self._links += 1
        if self._links <= MOST_LINKS:
            self._sheet.write_url(self._row, position, address, self._book.link)
        else:
            self._sheet.write_string(self._row, position, address)


@contextmanager
def workbook(path: Path) -> Iterator[Book]:
    """Write beside the final name, for the owner only, and never over another file."""
    unfinished = path.with_name(f".{path.name}.part")
    os.close(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        book = Book(unfinished)
        yield book
        book.book.close()
        if path.exists():
            msg = f"{path} exists already; nothing is ever overwritten."
            raise SettingsProblem(msg, "Move it away and run again.", code="reports")
        unfinished.rename(path)
    except XlsxWriterException as error:
        raise SettingsProblem(
            f"{path} could not be written: {error}.", "Check the folder and the free space on the disk.", code="reports"
        ) from error
    finally:
        unfinished.unlink(missing_ok=True)


def _lines_of(cell: object, width: float) -> int:
    """How many lines a wrapped text needs in a column of ``width`` characters, roughly."""
    return sum(1 + int(len(part) / width) for part in cell.split("\n")) if isinstance(cell, str) else 1


def _fitting(text: str) -> str:
    return text if len(text) <= LONGEST_CELL else text[: LONGEST_CELL - 6] + " […]"
