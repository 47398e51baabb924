"""A new workbook from the cells as they were read, for files that cannot be annotated in place."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

import xlsxwriter

from importer.reporting.annotated.book import LONGEST_NAME
from importer.reporting.workbook.book import FIRST_YEAR

if TYPE_CHECKING:
    from importer.model.sheet import Cell, Sheet
    from importer.reporting.annotated.patching import Job

MOST_MEASURED = 500
"""Rows that are looked at for the widths of columns."""
NARROWEST, WIDEST = 9, 50
"""Widths of columns, characters."""


def plain_workbook(sheet: Sheet, job: Job) -> tuple[bytes, Job]:
    """The table in a workbook of its own, every row where it was; text stays text."""
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(
        stream, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    name = _sheet_name(sheet)
    page = book.add_worksheet(name)
    page.freeze_panes(sheet.header_row, 0)
    for position, width in enumerate(_widths(sheet)):
        page.set_column(position, position, width)
    bold = book.add_format({"bold": True, "bottom": 1, "bg_color": "#DDE6EF", "text_wrap": True, "valign": "top"})
    for header in sheet.headers:
        page.write_string(sheet.header_row - 1, header.position, header.text, bold)
    forms = {True: "yyyy-mm-dd", False: "yyyy-mm-dd hh:mm"}
    looks = {whole: book.add_format({"num_format": form}) for whole, form in forms.items()}
    for row in sheet.rows:
        for position, cell in enumerate(row.cells):
            _write(page, row.number - 1, position, cell, looks)
    book.close()
    matters = [
        replace(one, sheet=name, place=one.place.replace(sheet.name, name, 1)) if one.sheet == sheet.name else one
        for one in job.matters
    ]
    return stream.getvalue(), replace(job, sheet=name, matters=matters)


def _write(page: Any, row: int, position: int, cell: Cell, looks: dict[bool, Any]) -> None:  # noqa: ANN401 - untyped
    match cell:
        case None | "":
            return
        case str():
            page.write_string(row, position, cell)
        case bool():
            page.write_boolean(row, position, cell)
        case int() | float():
            page.write_number(row, position, cell)
        case date() if cell.year >= FIRST_YEAR:
            whole = not isinstance(cell, datetime) or cell.time() == time()
            page.write_datetime(row, position, cell, looks[whole])
        case _:
            page.write_string(row, position, str(cell))


def _widths(sheet: Sheet) -> list[int]:
    rows = sheet.rows[:MOST_MEASURED]
    longest = [max((len(str(row.cell(at) or "")) for row in rows), default=0) for at in range(sheet.width)]
    for header in sheet.headers:
        longest[header.position] = max(longest[header.position], len(header.text))
    return [min(max(length + 2, NARROWEST), WIDEST) for length in longest]


def _sheet_name(sheet: Sheet) -> str:
    """The sheet's name; a CSV has none that Excel would take."""
    stem = re.sub(r"\.csv$", "", sheet.name, flags=re.IGNORECASE)
    return re.sub(r"[\[\]:*?/\\\x00-\x1f]", " ", stem)[:LONGEST_NAME].strip(" '") or "Invoices"
