"""What a sheet shows is what is billed: values under number formats, through the whole reading."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import openpyxl
import pytest

from importer.model.headers import known_headers
from importer.model.problems import Severity
from importer.model.sheet import CellFault
from importer.reading.read import read_sheet

if TYPE_CHECKING:
    from pathlib import Path

    from importer.model.sheet import Sheet

HEADERS = ("Project ID", "Item type", "Amount", "PO number", "Invoice date", "Net days", "Draft")


def sheet_of(path: Path, *rows: dict[str, tuple[object, str]]) -> Sheet:
    """A sheet with fixed fees; of each row, the cells that have a number format."""
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(HEADERS)
    for number, cells in enumerate(rows, start=2):
        sheet.append([101, "Fixed fee", 500])
        for header, (value, code) in cells.items():
            cell = sheet.cell(number, HEADERS.index(header) + 1)
            cell.value, cell.number_format = value, code
    book.save(path)
    book.close()
    return read_sheet(path, None, known_headers())


@pytest.mark.parametrize(
    ("header", "value", "code", "fault"),
    [
        ("Amount", 500, "0-", "shown_otherwise"),
        ("Amount", 500, '0.0" hrs"', "shown_otherwise"),
        ("Amount", -500, "0;0", "shown_otherwise"),
        ("Amount", -500, "#,##0;;", "not_shown"),
        ("Amount", 1500, '[>=1000]0.0,"k";0', "in_thousands"),
        ("Amount", 500, "0%", "percentage"),
        ("Amount", "500", '0;0;0;"-"@', "shown_otherwise"),
        ("Amount", "500", ";;;", "not_shown"),
        ("Project ID", 101, '"9"000', "shown_otherwise"),
        ("Project ID", 101, ";;;", "not_shown"),
        ("PO number", 4500, "#,##0", "shown_otherwise"),
        ("PO number", 42, ";;;", "not_shown"),
        ("PO number", 1.5, "0.00E+00", "shown_otherwise"),
    ],
)
def test_a_cell_that_looks_like_another_value_is_a_fault(
    tmp_path: Path, header: str, value: object, code: str, fault: str
) -> None:
    sheet = sheet_of(tmp_path / "a.xlsx", {header: (value, code)})
    column = {"Amount": "amount", "Project ID": "workspace_id", "PO number": "purchase_order"}[header]
    cell = sheet.frame.at[2, column]
    assert isinstance(cell, CellFault)
    assert cell.code == fault


@pytest.mark.parametrize(
    ("header", "value", "code", "read"),
    [
        ("Amount", 500, '[>=1000000]0.0,,"M";0', 500),
        ("Amount", -500, "#,##0.00_);(#,##0.00)", -500),
        ("PO number", 42, '"PO-"00000', "PO-00042"),
        ("PO number", 4500.1, "0.00", "4500.10"),
        ("PO number", 123456789012, "0.00E+00", 123456789012),
        ("PO number", "42", '"PO-"@', "PO-42"),
        ("PO number", "42", '0;0;0;"PO-"@', "PO-42"),
        ("Net days", 30, '"Net "0', "Net 30"),
        ("Draft", 1, '"Yes";;"No"', "Yes"),
    ],
)
def test_a_cell_is_read_as_it_is_shown(tmp_path: Path, header: str, value: object, code: str, read: object) -> None:
    sheet = sheet_of(tmp_path / "a.xlsx", {header: (value, code)})
    columns = {
        "Amount": "amount",
        "PO number": "purchase_order",
        "Net days": "payment_schedule",
        "Draft": "draft",
    }
    assert sheet.frame.at[2, columns[header]] == read


def test_rounded_amounts_get_one_warning_that_names_both_values_and_all_cells(tmp_path: Path) -> None:
    amounts = (1200.4, 1200, 99.5, 12.25)
    sheet = sheet_of(tmp_path / "a.xlsx", *({"Amount": (amount, "#,##0")} for amount in amounts))
    [warning] = sheet.problems
    assert (warning.code, warning.cell, warning.rows) == ("amount.shown_rounded", "C2", (2, 4, 5))
    assert warning.severity is Severity.WARNING
    assert warning.message == "Amount shows less than it holds: C2 shows 1,200, and 1200.4 is billed (C2, C4:C5)."


@pytest.mark.parametrize(
    ("value", "code", "warned"),
    [
        (1200, "0E+00", ["C2"]),
        (1200, "0.00E+00", []),
        (1200.3, "# ?/?", ["C2"]),
        (1200.25, "# ?/?", []),
        (1200.5, "#,##0.-", ["C2"]),
    ],
)
def test_exponents_and_fractions_that_lack_digits_are_rounded(
    tmp_path: Path, value: float, code: str, warned: list[str]
) -> None:
    """1E+03 is not 1200."""
    sheet = sheet_of(tmp_path / "a.xlsx", {"Amount": (value, code)})
    assert [p.cell for p in sheet.problems if p.code == "amount.shown_rounded"] == warned


def test_a_date_without_its_day_gets_a_warning(tmp_path: Path) -> None:
    day = date(2026, 10, 31)
    sheet = sheet_of(tmp_path / "a.xlsx", {"Invoice date": (day, "mmm-yy")}, {"Invoice date": (day, "yyyy-mm-dd")})
    [warning] = sheet.problems
    assert (warning.code, warning.cell) == ("invoice_date.shown_in_part", "E2")
    assert "shows only “Oct-26”, and the day 2026-10-31 is taken (E2)" in warning.message


def test_a_stray_letter_behind_an_amount_is_read_with_a_warning(tmp_path: Path) -> None:
    """It abbreviates nothing; a letter that may be a size, a sign or a unit is refused."""
    codes = ("0.000\\q", "0.00\\k", '0"h"', '0" S"')
    sheet = sheet_of(tmp_path / "a.xlsx", *({"Amount": (500, code)} for code in codes))
    [warning] = sheet.problems
    assert (warning.code, warning.rows, "“500.000q”" in warning.message) == ("amount.shown_with_letter", (2,), True)
    assert [isinstance(cell, CellFault) for cell in sheet.frame["amount"]] == [False, True, True, True]
