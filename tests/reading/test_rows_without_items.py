"""Rows that bill nothing: prepared rows and notes under the table are left out, and the sheet says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import openpyxl
import pytest
from sheets import checked, csv_file, read, read_by, table

from importer.model.headers import OwnHeaders, known_headers
from importer.model.problems import Severity
from importer.model.sheet import Excluded

if TYPE_CHECKING:
    from pathlib import Path

HEADER = ["No.", "Project ID", "Item type", "Description", "Amount", "Net days", "Done"]
LINE = [1, 101, "Fixed fee", "Retainer", 1200, 30, True]
NEXT = [None, 102, "Fixed fee", "Support", 700, 30, True]


@pytest.mark.parametrize(
    "row",
    [
        [None, None, None, None, 0, None, None],
        [None, 0, 0, 0, 0.0, 0, 0],
        [None, None, None, None, None, None, False],
        [2, None, None, None, None, None, False],
        [None, None, None, "-", "$ -", None, "\u200b"],
        ["---", "-----", "-----", "-----", "-----", "-----", "-----"],
        [None, "*****", None, None, None, None, None],
        [None, None, None, None, "0,00 €", None, "FALSE"],
        [2, None, "Fixed fee", None, None, 30, None],
    ],
)
def test_a_row_with_nothing_to_bill_is_left_out_and_named(tmp_path: Path, row: list[object]) -> None:
    """Formulas that give 0, check boxes, running numbers and values filled down make no line item."""
    path = table(tmp_path / "a.xlsx", HEADER, LINE, row)
    assert read(path).excluded == {3: Excluded.PREPARED}
    lines, problems = checked(path)
    assert [line.row for line in lines] == [2]
    assert [(p.code, p.row, p.severity) for p in problems if p.code.startswith("row.")] == [
        ("row.prepared", 3, Severity.WARNING)
    ]


@pytest.mark.parametrize(("first", "excluded"), [(0, {3: Excluded.PREPARED}), (2, {})])
def test_a_row_of_formulas_never_calculated_is_prepared(
    tmp_path: Path, first: int, excluded: dict[int, Excluded]
) -> None:
    """Below the last line item it bills nothing; without columns for project and type it may be a line item."""
    path = tmp_path / "a.xlsx"
    book = openpyxl.Workbook()
    for row in (["Project ID", "Item type", "Description", "Amount"], [101, "Fixed fee", "x", 5]):
        book.active.append(row[first:])
    book.active.cell(3, 4 - first, "=D2*0")
    book.save(path)
    known = known_headers(own=OwnHeaders(supplied=frozenset({"workspace_id", "item_type"} if first else ())))
    assert read_by(known, path).excluded == excluded


@pytest.mark.parametrize(
    "row",
    [
        [None, None, None, None, 450, None, None],
        [None, None, None, "Travel", 0, None, None],
        [None, 103, None, None, None, None, None],
        [7, None, None, None, None, None, None],
        [None, None, None, None, None, None, True],
        [None, None, None, "USD", None, None, None],
    ],
)
def test_a_row_that_says_anything_keeps_its_error(tmp_path: Path, row: list[object]) -> None:
    """What may be meant to be billed is never left out with a warning only."""
    _, problems = checked(table(tmp_path / "a.xlsx", HEADER, LINE, row))
    assert [p.row for p in problems if p.severity is Severity.ERROR]


def test_a_type_without_a_project_between_line_items_is_an_error(tmp_path: Path) -> None:
    """Only below the last line item is a prefilled row no forgotten one."""
    path = table(tmp_path / "a.xlsx", HEADER, LINE, [None, None, "Fixed fee", None, None, 30, None], NEXT)
    assert not read(path).excluded


@pytest.mark.parametrize(
    ("rows", "notes"),
    [
        ([[], [None, "Prepared by accounts receivable"], [None, "Report generated 2026-10-31"]], [4, 5]),
        ([[None, "Prepared by accounts receivable"]], [3]),
        ([[], [None, None, None, "All prices exclude tax"]], [4]),
        ([[], [None, None, None, "Prepared by:", None, "Ada"]], [4]),
        ([[None, "Total", None, None, 1200], ["Prepared by Ada"]], [4]),
        ([[None, "(1 row affected)"]], [3]),
        ([[None, "2 records"]], [3]),
        ([[None, "# end"]], [3]),
        ([[None, "101 Website"]], []),
        ([[None, "#102"]], []),
        # Perhaps forgotten line items:
        ([[None, None, None, "Travel to Berlin"]], []),
        ([[], [None, None, None, "Travel"]], []),
        ([[], [None, None, None, "Travel to Berlin", 100]], []),
        # The title of other rows:
        ([[], [None, "Prepared by Ada"], NEXT], [4]),
    ],
)
def test_a_note_under_the_table_is_left_out_and_named(
    tmp_path: Path, rows: list[list[object]], notes: list[int]
) -> None:
    """Place and shape decide: a text alone below the end of the table."""
    sheet = read(table(tmp_path / "a.xlsx", HEADER, LINE, *rows))
    assert [row for row, why in sheet.excluded.items() if why is Excluded.NOTE] == notes
    assert [p.row for p in sheet.problems if p.code == "row.note"] == notes


def test_a_note_of_a_csv_need_not_have_all_fields(tmp_path: Path) -> None:
    """The line that an export adds at the end has one field."""
    text = 'Project ID,Item type,Description,Amount\n101,Fixed fee,x,5\n\n"Saturday, October 31 - Accrual Basis"\n'
    sheet = read(csv_file(tmp_path / "a.csv", text))
    assert sheet.excluded == {4: Excluded.NOTE}
    assert [p.code for p in sheet.problems] == ["row.note"]


@pytest.mark.parametrize(
    ("title", "code", "faulty"),
    [("Project Alpha", "row.note", []), ("To be invoiced", "row.note", []), ("On hold:", "row.not_to_bill", [4])],
)
def test_the_title_of_the_rows_below_it_is_no_line_item(
    tmp_path: Path, title: str, code: str, faulty: list[int]
) -> None:
    """It is left out and named; where it says that they are not to be billed, they are not."""
    path = table(tmp_path / "a.xlsx", HEADER, LINE, [None, title], NEXT)
    lines, problems = checked(path)
    assert [(p.cell, p.code) for p in problems if p.row == 3] == [("B3", code)]
    assert [line.row for line in lines if not line.sound] == faulty


def test_a_note_that_ends_the_sheet_speaks_of_no_rows(tmp_path: Path) -> None:
    """Nothing stands below it that could be meant."""
    path = table(tmp_path / "a.xlsx", HEADER, LINE, [None, "Cancelled items are left out"], [None, "Ada Example"])
    assert {p.severity for p in checked(path)[1]} == {Severity.WARNING}


@pytest.mark.parametrize("row", [[None, None, None, "Phase 2"], [None, "1O1"], [None, "Website", "Fixed fee"]])
def test_any_other_text_alone_keeps_its_error(tmp_path: Path, row: list[object]) -> None:
    """The text of a line, a misspelt id or a type may be what is left of a line item."""
    assert not read(table(tmp_path / "a.xlsx", HEADER, LINE, row, NEXT)).excluded


def test_the_end_mark_of_old_programs_is_no_row(tmp_path: Path) -> None:
    """DOS programs end a text with Ctrl-Z."""
    path = csv_file(tmp_path / "a.csv", "Project ID,Item type,Amount\n101,Fixed fee,5\n\x1a")
    assert [row.number for row in read(path).rows] == [2]
