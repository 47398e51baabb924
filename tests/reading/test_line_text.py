"""The text of a line that is made of several columns."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import openpyxl
import pytest
from sheets import csv_file, found, raw_values, read_by, table

from importer.model.errors import SettingsProblem
from importer.model.headers import OwnHeaders, known_headers
from importer.model.sheet import CellFault
from importer.settings.loading import load

if TYPE_CHECKING:
    from pathlib import Path

KNOWN = known_headers(own=OwnHeaders(line_text=("Date", "First name + Last name", "Task", "Absent")))
HEADER = ["Project ID", "Item type", "Amount", "Task", "Description", "First name", "Last name", "Date"]


def test_parts_are_joined_in_the_order_of_the_setting(tmp_path: Path) -> None:
    """Empty cells are left out, “+” joins by a blank; Date is no invoice date then, and the text has one column."""
    rows = [
        [101, "Fixed fee", 5, " Design ", "not used", "Anna", "Beck", date(2026, 10, 5)],
        [101, "Fixed fee", 5, 7, None, None, "Abel", None],
        [101, "Fixed fee", 5, None, None, None, None, None],
    ]
    sheet = read_by(KNOWN, table(tmp_path / "a.xlsx", HEADER, *rows))
    assert raw_values(sheet, "notes") == ["2026-10-05 · Anna Beck · Design", "Abel · 7", None]
    assert (sheet.has("invoice_date"), sheet.address("notes", 2)) == (False, "D2")
    assert found(sheet.problems) == [("column.unknown", "E1")]
    assert [header.text for header in sheet.headers if header.column == "notes"] == ["Task"]


def test_each_part_is_taken_as_it_is_shown(tmp_path: Path) -> None:
    """Number formats, guards against Excel and crossed-out cells count as in any column of texts."""
    path = table(tmp_path / "a.xlsx", HEADER, [101, "Fixed fee", 5, 42, None, "Anna", None, None])
    book = openpyxl.load_workbook(path)
    book["Invoices"]["D2"].number_format = '"T-"000'
    book["Invoices"]["F2"].font = openpyxl.styles.Font(strike=True)
    book.save(path)
    sheet = read_by(KNOWN, path)
    assert raw_values(sheet, "notes") == ["Anna · T-042"]
    assert ("row.struck", "F2") in found(sheet.problems)


def test_rubbish_in_a_part_is_named_with_its_cell(tmp_path: Path) -> None:
    """The text as a whole is refused."""
    path = csv_file(tmp_path / "a.csv", "Project ID,Item type,Amount,Date,Task\n101,Fixed fee,5,NULL,Design\n")
    [cell] = raw_values(read_by(KNOWN, path), "notes")
    assert isinstance(cell, CellFault)
    assert (cell.shown, cell.message.startswith("in D2 ")) == ("NULL", True)


def test_another_description_stays_where_no_part_is_there(tmp_path: Path) -> None:
    """The settings speak of other sheets."""
    path = csv_file(tmp_path / "a.csv", "Project ID,Item type,Amount,Description\n101,Fixed fee,5,Design\n")
    assert raw_values(read_by(KNOWN, path), "notes") == ["Design"]


@pytest.mark.parametrize(
    "lines",
    [
        'ignore_columns = ["task"]\nline_text = ["Date", "Task"]',
        'line_text = ["Date", "Name + Task"]\n[columns]\npurchase_order = ["Task"]',
        'line_text = ["Date + "]',
    ],
)
def test_a_part_may_mean_nothing_else(tmp_path: Path, lines: str) -> None:
    """One header has one meaning."""
    config = tmp_path / "own.toml"
    config.write_text(lines)
    with pytest.raises(SettingsProblem) as refused:
        load(config=config)
    assert "line_text" in refused.value.message
