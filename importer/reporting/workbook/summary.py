"""Lay out the first sheet of a workbook: a title, then facts, tables and sentences below one another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from importer.model.plans import Status
from importer.model.visible import in_one_line, visible
from importer.reporting.table import Column, Kind, Table
from importer.reporting.workbook.book import LINE_POINTS, MOST_LINES, Book, lines_of


class Summary:
    """A sheet without a grid on which blocks follow one another, one blank row between them."""

    def __init__(self, book: Book, title: str, widths: Sequence[float]) -> None:
        self._book = book
        self._sheet = book.add("Summary", widths)
        self._sheet.hide_gridlines(2)
        self._sheet.write_string(0, 0, title, book.title)
        self._width = int(sum(widths))
        """Characters that a line has room for."""
        self._last = len(widths) - 1
        self._row = 2
        """Where the next block begins."""

    def add_facts(self, facts: Iterable[tuple[str, str | datetime]]) -> None:
        """Write labels with their values."""
        for label, value in facts:
            self._sheet.write_string(self._row, 0, label, self._book.bold)
            if isinstance(value, datetime):
                self._sheet.write_datetime(self._row, 1, value, self._book.moment)
            else:
                self._sheet.write_string(self._row, 1, in_one_line(value))
            self._row += 1
        self._row += 1

    def add_lines(self, lines: Iterable[str], *, bold: bool = False) -> None:
        """Write sentences, each in a row of its own; a long one in several lines, so that a print keeps its width."""
        style = self._book.bold_wrap if bold else self._book.wrap
        for line in lines:
            text = visible(line)
            height = lines_of(text, self._width)
            if height > 1:
                self._sheet.merge_range(self._row, 0, self._row, self._last, "", style)
                self._sheet.set_row(self._row, LINE_POINTS * min(height, MOST_LINES))
                self._sheet.write_string(self._row, 0, text, style)
            else:
                self._sheet.write_string(self._row, 0, text, self._book.bold if bold else None)
            self._row += 1
        self._row += 1

    def add_table(self, table: Table) -> None:
        """Write a header over a column of names and columns of figures, then the rows and the total."""
        self._add_header(table.columns)
        for cells in table.rows:
            for position, cell in enumerate(cells):
                self._write(position, cell, table.columns[position])
            self._row += 1
        if table.total is not None:
            self._add_total(table)
        for position, cell in enumerate(table.after_total or ()):
            self._write(position, cell, table.columns[position])
        self._row += 2 if table.after_total else 1

    def _add_header(self, columns: Sequence[Column]) -> None:
        """Two lines high, so that no title is cut off."""
        self._sheet.set_row(self._row, 2 * LINE_POINTS)
        for position, column in enumerate(columns):
            style = self._book.header
            if column.is_right:
                style = self._book.header_right
            elif position:
                style = self._book.header_beside
            self._sheet.write_string(self._row, position, column.title, style)
        self._row += 1

    def _add_total(self, table: Table) -> None:
        book, sheet = self._book, self._sheet
        for position, cell in enumerate(table.total or ()):
            style = book.total_money if table.columns[position].kind is Kind.MONEY else book.total
            sheet.write(self._row, position, cell, style)
        if table.note:
            sheet.write_string(self._row, len(table.columns), table.note, book.beside)
        self._row += 1

    def _write(self, position: int, cell: Any, column: Column) -> None:  # noqa: ANN401 - what a column holds
        book, sheet, row = self._book, self._sheet, self._row
        if cell is None:
            return
        if isinstance(cell, Status):
            sheet.write_string(row, position, cell.words, book.status[cell])
        elif column.kind is Kind.MONEY:
            book.write_money(sheet, row, position, cell, column)
        elif column.kind is Kind.COUNT:
            sheet.write_number(row, position, cell, book.bold if column.alarm else None)
        else:
            sheet.write_string(row, position, visible(cell), book.beside if position else None)
