"""A corrected copy holds the corrected cells and nothing else that is new; what it could not calculate is refused."""

from __future__ import annotations

import hashlib
import secrets
import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING

import openpyxl
import pytest
from sheets import csv_file, read, table, workbook

from importer.flow.correcting import correct as correct_in
from importer.model.errors import FileProblem

if TYPE_CHECKING:
    from pathlib import Path

    from importer.model.sheet import Sheet

HEAD = ("Project ID", "Item type", "Description", "Amount", "Hours", "Rate")


def correct(sheet: Sheet, texts: dict[str, str]) -> Path:
    """Correct a copy in a new folder beside the file."""
    folder = sheet.path.parent / secrets.token_hex(4)
    folder.mkdir()
    return correct_in(sheet, texts, folder)


def cells_of(path: Path) -> list[list[object]]:
    """The rows of a sheet as they are read."""
    sheet = read(path)
    return [[row.cell(at) or None for at in range(4)] for row in sheet.rows]


def calculated(path: Path, formula: str, *, at: str = "D2") -> Path:
    """Write a workbook with one formula and its stored result, as Excel does."""
    import xlsxwriter

    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("Invoices")
        sheet.write_row(0, 0, HEAD)
        for row, project in enumerate((101, 102), start=1):
            sheet.write_row(row, 0, [project, "Fixd fee", "Work", 500, 5, 100])
        sheet.write_formula(at, formula, None, 500)
    return path


def test_only_the_corrected_cells_read_otherwise(tmp_path: Path) -> None:
    """The file of the person stays byte for byte; the copy is its owner's."""
    path = table(tmp_path / "october.xlsx", HEAD, [101, "Fixd fee", "Work", 500], [102, "Fixed fee", "=1+1", 7])
    before = path.read_bytes()
    copy = correct(read(path), {"B2": "Fixed fee", "C2": "<i>Ä</i> & Co", "D3": "", "A3": "0102"})
    assert path.read_bytes() == before
    assert cells_of(copy) == [[101, "Fixed fee", "<i>Ä</i> & Co", 500], ["0102", "Fixed fee", "=1+1", None]]
    assert copy.name == "october-corrected.xlsx"
    assert copy.stat().st_mode & 0o077 == 0
    again = correct(read(copy), {"A2": "103"})
    assert again.name == copy.name
    assert cells_of(again)[0][0] == "103"


def test_other_sheets_formats_and_headers_stay(tmp_path: Path) -> None:
    """A header can be corrected as any other cell."""
    path = workbook(
        tmp_path / "a.xlsx", {"Invoices": [("Projct", *HEAD[1:]), (101, "Fixed fee", "A", 5)], "Notes": [["x"]]}
    )
    copy = correct(read(path), {"A1": "Project ID"})
    book = openpyxl.load_workbook(copy)
    assert book.sheetnames == ["Invoices", "Notes"]
    assert book["Invoices"]["A1"].value == "Project ID"
    assert book["Notes"]["A1"].value == "x"


def test_a_text_file_becomes_a_workbook_of_the_same_texts(tmp_path: Path) -> None:
    """So neither its quotes nor its encoding can go wrong."""
    path = csv_file(tmp_path / "october.csv", 'Project ID;Item type;Description;Amount\n101;Fixd fee;"a;b";1.000,00\n')
    copy = correct(read(path), {"B2": "Fixed fee"})
    assert copy.name == "october-corrected.xlsx"
    assert cells_of(copy) == [["101", "Fixed fee", "a;b", "1.000,00"]]


@pytest.mark.parametrize(
    "formula", ["=E2*F2", "=SUM(E1:F9)", "=E2+Invoices!$F$2", "=Rate*5", "=SUM(E:F)", '=INDIRECT("E2")']
)
def test_a_cell_on_which_a_formula_may_depend_is_not_corrected(tmp_path: Path, formula: str) -> None:
    """Its stored result would be that of the old cell, and be billed."""
    path = calculated(tmp_path / "a.xlsx", formula)
    with pytest.raises(FileProblem, match="formulas may depend on these cells"):
        correct(read(path), {"E2": "7", "F2": "1"})


@pytest.mark.parametrize("formula", ["=E2*F2", '=SUM(E1:F9)&" B2"', "=TODAY()", "=IF(TRUE,E2,1)"])
def test_formulas_that_do_not_look_at_the_cell_keep_their_results(tmp_path: Path, formula: str) -> None:
    """A misspelt word beside a calculated amount can be corrected."""
    copy = correct(read(calculated(tmp_path / "a.xlsx", formula)), {"B2": "Fixed fee"})
    assert cells_of(copy)[0] == [101, "Fixed fee", "Work", 500]


def test_a_formula_can_be_replaced(tmp_path: Path) -> None:
    """By the text that was typed."""
    copy = correct(read(calculated(tmp_path / "a.xlsx", "=E2*F2")), {"D2": "500"})
    assert cells_of(copy)[0][3] == "500"


def test_what_cannot_be_changed_with_certainty_is_refused(tmp_path: Path) -> None:
    """A header of an Excel table, which Excel lists once more elsewhere; and a file that changed meanwhile."""
    path = table(tmp_path / "a.xlsx", HEAD[:4], [101, "Fixed fee", "Work", 500])
    sheet = read(path)
    book = openpyxl.load_workbook(path)
    book["Invoices"].add_table(openpyxl.worksheet.table.Table(displayName="T", ref="A1:D2"))
    book.save(path)
    with pytest.raises(FileProblem, match="changed since it was read"):
        correct(sheet, {"B2": "x"})
    with pytest.raises(FileProblem, match="part of an Excel table"):
        correct(read(path), {"A1": "Project"})
    assert cells_of(correct(read(path), {"B2": "Expense"}))[0][1] == "Expense"


@pytest.mark.usefixtures("real_child")
def test_a_process_of_its_own_makes_the_copy(tmp_path: Path) -> None:
    """As it does the marked copy: a file of somebody else may have been made to take time and memory."""
    path = table(tmp_path / "a.xlsx", HEAD[:4], [101, "Fixd fee", "Work", 500])
    sheet = read(path)
    assert cells_of(correct(sheet, {"B2": "Fixed fee"})) == [[101, "Fixed fee", "Work", 500]]
    path.write_bytes(b"PK, but no workbook")
    with pytest.raises(FileProblem, match="workbook of this kind"):
        correct(replace(sheet, sha256=hashlib.sha256(path.read_bytes()).hexdigest()), {"B2": "Fixed fee"})


def test_the_order_of_calculation_names_no_cell_without_a_formula(tmp_path: Path) -> None:
    """Excel would call the copy damaged; it makes that list again by itself."""
    path = calculated(tmp_path / "a.xlsx", "=E2*F2")
    chain = '<calcChain xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><c r="D2" i="1"/></calcChain>'
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.calcChain+xml"
    relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/calcChain"
    tag = f'<Relationship Id="rId99" Type="{relation}" Target="calcChain.xml"/>'
    added = {
        "[Content_Types].xml": f'<Override PartName="/xl/calcChain.xml" ContentType="{kind}"/></Types>',
        "xl/_rels/workbook.xml.rels": f"{tag}</Relationships>",
    }
    chained = tmp_path / "chained.xlsx"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(chained, "w") as new:
        for name in old.namelist():
            text = old.read(name).decode()
            for end in ("</Types>", "</Relationships>"):
                text = text.replace(end, added.get(name, end))
            new.writestr(name, text)
        new.writestr("xl/calcChain.xml", chain)

    with zipfile.ZipFile(correct(read(chained), {"D2": "500"})) as copy:
        assert "xl/calcChain.xml" not in copy.namelist()
        assert not any(b"calcChain" in copy.read(name) for name in copy.namelist())
