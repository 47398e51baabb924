"""Rows written as pieces of XML are what XlsxWriter would have written cell by cell."""

from __future__ import annotations

import zlib
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

import openpyxl
import pytest
import xlsxwriter

from importer.reporting.table import Column, Kind, Marked, Table
from importer.reporting.workbook.book import MOST_LINKS, PACKED, workbook
from importer.reporting.workbook.rows import Rows

if TYPE_CHECKING:
    from pathlib import Path

TEXTS = (
    "plain",
    "a & b <c> \"q\" 'x'",
    " first",
    "last ",
    "two\nlines",
    "a\ttab",
    "a\rreturn",
    "_x000D_ as typed",
    "bell\x07, \x0b and \x1f",
    "\ufffe and \uffff",
    "=1+1",
    "é 漢字 🎉",
    " ",
    "x" * 32_767,
)
NUMBERS = (0, 1, -3, 12345678901234567, 1.5, 0.1, -2.25, 1e300, Decimal("12.345"), Decimal("1E+3"), Decimal("100.00"))
DAYS = (
    date(1900, 1, 1),
    date(1900, 2, 28),
    date(1900, 3, 1),
    date(2026, 10, 31),
    datetime(2026, 1, 2, 3, 4, 5, 678900),  # noqa: DTZ001 - as a cell has it
    datetime(2026, 1, 2),  # noqa: DTZ001
)


def parts(path: Path) -> dict[str, bytes]:
    """What a workbook consists of, but for the moment at which it was made."""
    with ZipFile(path) as package:
        return {name: package.read(name) for name in package.namelist() if name != "docProps/core.xml"}


@pytest.mark.parametrize("styled", [False, True])
def test_each_cell_is_what_xlsxwriter_writes(tmp_path: Path, *, styled: bool) -> None:
    """Byte for byte, of every kind of cell: a newer XlsxWriter that changes what is private shows here."""
    made = {}
    for way in ("cell by cell", "rows"):
        path = tmp_path / f"{way}.xlsx"
        with xlsxwriter.Workbook(path, {"constant_memory": True, "strings_to_urls": False}) as book:
            style = book.add_format({"num_format": "yyyy-mm-dd", "bold": True}) if styled else None
            sheet = book.add_worksheet("T")
            sheet.write_string(0, 0, "Header")
            write = _by_rows if way == "rows" else _by_cells
            write(sheet, style)
            sheet.write_string(99, 2, "after")
        made[way] = parts(path)
    assert made["rows"] == made["cell by cell"]


def _by_cells(sheet: Any, style: Any) -> None:
    for at, text in enumerate(TEXTS, 2):
        sheet.write_string(at, 1, text, style)
        sheet.write_string(at, 30, text)
    sheet.set_row(20, 45)
    for position, number in enumerate(NUMBERS):
        sheet.write_number(20, position, number, style)
    for position, day in enumerate(DAYS):
        sheet.write_datetime(21, position, day, style)
    sheet.write_boolean(22, 0, True, style)  # noqa: FBT003 - the cell itself
    sheet.write_boolean(22, 1, False)  # noqa: FBT003
    sheet.write_blank(22, 2, None, style)
    sheet.write_url(23, 1, "https://a.example/b?c=1&d=2#e", style, "https://a.example/b?c=1&d=2#e")


def _by_rows(sheet: Any, style: Any) -> None:
    rows = Rows(sheet, 31)
    for at, text in enumerate(TEXTS, 2):
        rows.write(at, ["", rows.text(text, style), *[""] * 28, rows.text(text, None)])
    rows.write(20, [rows.number(number, style) for number in NUMBERS], 45)
    rows.write(21, [rows.day(day, style) for day in DAYS])
    blank = [rows.blank(style)] if style else []
    rows.write(22, [rows.boolean(True, style), rows.boolean(False, None), *blank])  # noqa: FBT003
    address = "https://a.example/b?c=1&d=2#e"
    rows.link(23, 1, address)
    rows.write(23, ["", rows.text(address, style or sheet.default_url_format)])
    rows.finish()


def written(tmp_path: Path, *rows: list[object], kind: Kind = Kind.TEXT) -> Any:
    """The sheet of a table with one column."""
    path = tmp_path / "book.xlsx"
    with workbook(path) as book:
        book.add_table(Table("T", [Column("A", kind)], rows))
    return openpyxl.load_workbook(path)["T"]


def test_what_is_no_number_is_shown_as_an_error(tmp_path: Path) -> None:
    """A file with a NaN or an infinity would not open."""
    sheet = written(tmp_path, [float("nan")], [float("inf")], [float("-inf")], [Decimal("NaN")], kind=Kind.MONEY)
    assert [row[0].value for row in sheet.iter_rows(min_row=2)] == ["#NUM!"] * 4


def test_a_text_that_looks_like_markup_is_a_text(tmp_path: Path) -> None:
    """XlsxWriter itself takes it for a text with formats, and the file does not open."""
    assert written(tmp_path, ["<r>not a run</r>"])["A2"].value == "<r>not a run</r>"


def test_a_date_that_excel_does_not_know_is_a_text(tmp_path: Path) -> None:
    """Excel's days begin in 1900."""
    assert written(tmp_path, [date(1899, 12, 31)])["A2"].value == "1899-12-31"


def test_more_links_than_excel_allows_are_texts(tmp_path: Path) -> None:
    """The first 65,530 can be clicked, every one can be read."""
    count, path = MOST_LINKS + 2, tmp_path / "book.xlsx"
    with workbook(path) as book:
        rows = ([f"https://a.example/{number}"] for number in range(count))
        book.add_table(Table("T", [Column("A", Kind.LINK)], rows))
    sheet = parts(path)["xl/worksheets/sheet1.xml"].decode()
    assert sheet.count("<hyperlink ") == MOST_LINKS
    assert sheet.count("<t>https://a.example/") == count


def test_half_a_pair_keeps_no_workbook_from_being_written(tmp_path: Path) -> None:
    """A lone surrogate, as a cell of a sheet or a header may hold it, stands in no file: the sign for it does."""
    path = tmp_path / "half.xlsx"
    with workbook(path) as book:
        book.add_table(Table("T", [Column("A \ud800", as_read=True)], [["half \udfff a pair"]]))
    sheet = openpyxl.load_workbook(path)["T"]
    assert [sheet["A1"].value, sheet["A2"].value] == ["A \ufffd", "half \ufffd a pair"]


def test_cells_that_are_equal_and_not_the_same_stay_what_they_are(tmp_path: Path) -> None:
    """In Python, True == 1 == 1.0."""
    rows = [[1], [True], [Marked(cell=True)], [Marked(1)], [0], [False]]
    sheet = written(tmp_path, *rows)
    assert [repr(row[0].value) for row in sheet.iter_rows(min_row=2)] == ["1", "True", "True", "1", "0", "False"]


def test_a_workbook_is_packed_quickly(tmp_path: Path) -> None:
    """XlsxWriter has no option for this: a newer one that packs in another way shows here."""
    written(tmp_path, *([f"text {number}"] for number in range(1_000)))
    with ZipFile(tmp_path / "book.xlsx") as package:
        part = package.getinfo("xl/worksheets/sheet1.xml")
        packing = zlib.compressobj(PACKED, zlib.DEFLATED, -15)
        assert part.compress_size == len(packing.compress(package.read(part)) + packing.flush())
