"""Reading: a workbook or CSV becomes cells that keep their sheet address."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import re
import subprocess
import sys
import time
import zipfile
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from sheets import checked, csv_file, found, raw_values, read, table, workbook

from importer.model.columns import COLUMNS
from importer.model.errors import FileProblem, WrongUse
from importer.model.headers import OwnHeaders, known_as, known_headers
from importer.model.invoices import ItemType
from importer.model.problems import Problem, Severity, cell_address, column_letter
from importer.model.sheet import Excluded, is_blank, text_of
from importer.reading.formats.csv_text import without_padding
from importer.reading.read import Reading, read_sheet

HEADER = ["Project ID", "Item type", "Amount"]
CORPUS = Path(__file__).parents[2].parent / "shared" / "corpus"


def refused(path: Path, sheet_name: str | None = None) -> FileProblem:
    """Read a file that must be refused; return why."""
    with pytest.raises(FileProblem) as caught:
        read(path, sheet_name)
    assert caught.value.hint
    return caught.value


def problem_of(path: Path, code: str) -> Problem:
    """The one problem with this code."""
    (problem,) = [problem for problem in read(path).problems if problem.code == code]
    return problem


# --- addresses ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("position", "letters"), [(0, "A"), (25, "Z"), (26, "AA"), (51, "AZ"), (52, "BA"), (701, "ZZ"), (16383, "XFD")]
)
def test_columns_are_named_as_in_excel(position: int, letters: str) -> None:
    """Addresses are those that Excel shows."""
    assert column_letter(position) == letters
    assert cell_address(position, 17) == f"{letters}17"


def test_cells_keep_their_address(tmp_path: Path) -> None:
    """Neither title rows nor blank rows nor blank columns shift a cell's address."""
    path = table(
        tmp_path / "a.xlsx",
        ["Invoices of October"],
        [],
        [None, "prepared by Ann"],
        [None, "Project ID", None, "Item type", "Amount"],
        [None, 101, None, "fixed_fee", 5],
        [],
        [None, "  ", None, "\u00a0"],
        [None, 102, None, "fixed_fee", 6],
    )
    sheet = read(path)
    assert sheet.header_row == 4
    assert [row.number for row in sheet.rows] == [5, 8]
    assert sheet.frame.index.tolist() == [5, 8]
    assert sheet.address("workspace_id", 8) == "B8"
    assert sheet.address("amount", 8) == "E8"
    assert sheet.address("notes", 8) is None
    assert raw_values(sheet, "workspace_id") == [101, 102]
    assert sheet.problems == ()


def test_blank_first_columns_and_rows_shift_nothing(tmp_path: Path) -> None:
    """A table that begins at C4 has its addresses from there, although nothing stands before it."""
    blank = [None, None]
    path = table(tmp_path / "a.xlsx", [], [], [], [*blank, *HEADER], [*blank, 101, "fixed_fee", 0])
    assert read(path).header_row == 4
    assert found(checked(path)[1]) == [("amount.zero", "E5")]


def test_the_source_is_named_and_hashed(tmp_path: Path) -> None:
    """A sheet tells its file, its name and the hash of the whole file."""
    path = table(tmp_path / "a.xlsx", HEADER, [101, "fixed_fee", 5])
    sheet = read(path)
    assert (sheet.path, sheet.name) == (path, "Invoices")
    assert sheet.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert sheet.title("workspace_id") == "Project ID"
    assert sheet.title("notes") == "notes"
    assert sheet.has("amount")
    assert not sheet.has("notes")


# --- values ---------------------------------------------------------------------


def test_values_survive_reading(tmp_path: Path) -> None:
    """Ids as number, float and text, leading zeros, dates and booleans come out as they went in."""
    path = table(
        tmp_path / "a.xlsx",
        ["workspace_id", "item_type", "purchase_order", "invoice_date", "draft", "notes"],
        [101, "fixed_fee", "00042", date(2026, 10, 31), True, "NA"],
        [101.0, "fixed_fee", "1E5", datetime(2026, 10, 31), False, "=1+1"],  # noqa: DTZ001 - cells have no zone
        ["5000000000000000001", "fixed_fee", "1043488E4609715", "2026-10-31", "yes", "two\nlines"],
        [3_000_000_000, "fixed_fee", 42, None, None, "  "],
    )
    sheet = read(path)
    assert [text_of(raw) for raw in raw_values(sheet, "workspace_id")] == [
        "101",
        "101",
        "5000000000000000001",
        "3000000000",
    ]
    assert raw_values(sheet, "purchase_order") == ["00042", "1E5", "1043488E4609715", 42]
    assert [(type(raw), raw) for raw in raw_values(sheet, "draft")[:3]] == [(bool, True), (bool, False), (str, "yes")]
    assert raw_values(sheet, "notes") == ["NA", "=1+1", "two\nlines", None]
    lines, problems = checked(path)
    assert [line.workspace_id for line in lines] == [101, 101, 5000000000000000001, 3_000_000_000]
    assert [line.invoice_values.get("invoice_date") for line in lines] == [date(2026, 10, 31)] * 3 + [None]
    assert [line.invoice_values.get("purchase_order") for line in lines] == ["00042", "1E5", "1043488E4609715", "42"]
    assert found(problems) == [("column.missing", None)]


def test_text_values_are_not_swallowed_as_missing(tmp_path: Path) -> None:
    """NA, NULL, None and nan are texts, in workbooks and in CSV."""
    words = ["NA", "N/A", "NULL", "None", "nan", "#N/A"]
    rows = [[101, "fixed_fee", 5, word] for word in words]
    path = table(tmp_path / "a.xlsx", [*HEADER, "Description"], *rows)
    assert raw_values(read(path), "notes") == words
    lines = "".join(f"101,fixed_fee,5,{word}\n" for word in words)
    other = csv_file(tmp_path / "a.csv", "Project ID,Item type,Amount,Description\n" + lines)
    assert raw_values(read(other), "notes") == words


@pytest.mark.parametrize("cell", [None, "", " ", "\u00a0", "\t\n", "\u3000"])
def test_blank_is_what_a_person_cannot_see(cell: object) -> None:
    """Empty cells and cells of blanks only are blank."""
    assert is_blank(cell)


@pytest.mark.parametrize("cell", [0, 0.0, False, "0", "-", "."])
def test_zero_and_false_are_not_blank(cell: object) -> None:
    """A value that is falsy in Python is still a value."""
    assert not is_blank(cell)


@pytest.mark.parametrize(
    ("cell", "shown"),
    [(101.0, "101"), (1.5, "1.5"), (True, "TRUE"), (None, ""), ("x", "x"), (date(2026, 1, 2), "2026-01-02")],
)
def test_cells_are_shown_as_typed(cell: object, shown: str) -> None:
    """Messages show 101, not 101.0."""
    assert text_of(cell) == shown


def test_error_cells_and_uncalculated_formulas_are_named(tmp_path: Path) -> None:
    """An error, or a formula whose result the file does not hold, is an error of its cell, never a blank."""
    path = tmp_path / "a.xlsx"
    book = openpyxl.Workbook()
    sheet = book.active
    for cells in (HEADER, [101, "fixed_fee", "=2*3"], [102, "fixed_fee", "#REF!"], [103, "fixed_fee", 5]):
        sheet.append(cells)
    assert sheet["C2"].data_type == "f"
    assert sheet["C3"].data_type == "e"
    book.save(path)
    book.close()
    lines, problems = checked(path)
    assert found(problems) == [("amount.no_stored_value", "C2"), ("amount.error_value", "C3")]
    assert [line.item is None for line in lines] == [True, True, False]


# --- header rows ----------------------------------------------------------------


@pytest.mark.parametrize("above", [0, 1, 12, 99])
def test_the_header_is_found_below_titles(tmp_path: Path, above: int) -> None:
    """Up to 99 rows of titles and notes may stand above the header."""
    path = table(tmp_path / "a.xlsx", *[["Title", "Group", i] for i in range(above)], HEADER, [101, "fixed_fee", 5])
    sheet = read(path)
    assert sheet.header_row == above + 1
    assert [row.number for row in sheet.rows] == [above + 2]


def test_the_row_with_most_known_names_is_the_header(tmp_path: Path) -> None:
    """Known words in a title row do not make it the header."""
    path = table(tmp_path / "a.xlsx", ["Title", "Date"], HEADER, [101, "fixed_fee", 5])
    assert read(path).header_row == 2


def test_a_repeated_header_is_no_row(tmp_path: Path) -> None:
    """The header once more, as on every printed page, is left out with a notice; the rows below it count."""
    sheet = read(table(tmp_path / "a.xlsx", HEADER, [101, "fixed_fee", 5], HEADER, [102, "fixed_fee", 6]))
    assert (sheet.header_row, list(sheet.frame.index), sheet.excluded) == (1, [2, 4], {3: Excluded.HEADER})
    assert [(p.code, p.row, p.severity) for p in sheet.problems] == [("row.header", 3, Severity.WARNING)]


def test_no_header_is_refused_with_what_resembles_one(tmp_path: Path) -> None:
    """Without a header nothing is read; what looks like one is quoted."""
    error = refused(table(tmp_path / "a.xlsx", ["Projct ID", "What"], [101, "x"]))
    assert error.code == "header.missing"
    assert "Projct ID" in error.message
    assert "Project ID and Item type" in error.hint


def test_a_header_below_the_searched_rows_is_not_found(tmp_path: Path) -> None:
    """The search ends at row 100, as the message says."""
    error = refused(table(tmp_path / "a.xlsx", *[["x"]] * 100, HEADER, [101, "fixed_fee", 5]))
    assert error.code == "header.missing"
    assert "100" in error.message


@pytest.mark.parametrize(
    ("header", "cell", "meant"),
    [
        (["Projct ID", "Item type", "Amount"], "A1", "workspace_id"),
        (["Project ID", "Item tpye", "Amount"], "B1", "item_type"),
        (["Project ID", "Item type", "Amuont"], "C1", "amount"),
        (["Project ID", "Item type", "Amount", "Invoce date"], "D1", "invoice_date"),
        (["Project ID", "Item type", "Amount", "external_reference.sevice_name"], "D1", "service_name"),
    ],
)
def test_a_misspelt_header_is_an_error_with_the_suggestion(
    tmp_path: Path, header: list[str], cell: str, meant: str
) -> None:
    """A near miss of a known name would silently lose a column: an error at its cell."""
    path = table(tmp_path / "a.xlsx", header, [101, "fixed_fee", 5, "x"][: len(header)])
    problem = problem_of(path, "column.near_miss")
    assert (problem.severity, problem.cell, problem.value) == (Severity.ERROR, cell, header[ord(cell[0]) - ord("A")])
    assert "did you mean" in problem.message
    assert meant in problem.message
    assert "column.missing" not in {other.code for other in read(path).problems}


def test_headers_that_only_their_words_explain_are_named(tmp_path: Path) -> None:
    """In one note; what the table of columns knows needs none."""
    rest = [101, "fixed_fee", 5]
    assert read(table(tmp_path / "a.xlsx", [*HEADER, "Invoice date"], [*rest, "2026-10-31"])).notes == ()
    path = table(tmp_path / "b.xlsx", [*HEADER, "Rg.-Datum", "Re.-Nr."], [*rest, "2026-10-31", "R-1"])
    assert read(path).notes == (
        "Read by the words of the header: “Rg.-Datum” as Invoice date, “Re.-Nr.” as Invoice number.",
    )


def test_no_row_is_trusted_under_a_faulty_header(tmp_path: Path) -> None:
    """With an error in the header no row becomes a line item."""
    lines, _ = checked(table(tmp_path / "a.xlsx", [*HEADER, "Invoce date"], [101, "fixed_fee", 5, None]))
    assert [line.item for line in lines] == [None]


def test_a_near_miss_of_a_present_column_is_only_unknown(tmp_path: Path) -> None:
    """“Amounts” beside “Amount” is a column of the user's own."""
    path = table(tmp_path / "a.xlsx", [*HEADER, "Amounts"], [101, "fixed_fee", 5, 7])
    assert [(p.code, p.severity) for p in read(path).problems] == [("column.unknown", Severity.WARNING)]


@pytest.mark.parametrize("header", ["Client", "Customer", "Project lead", "Cost rate"])
def test_a_word_of_its_own_is_no_misspelling(tmp_path: Path, header: str) -> None:
    """“Client” is a column of the user's own, not a misspelt “Client PO”."""
    path = table(tmp_path / "a.xlsx", [header, *HEADER], ["x", 101, "fixed_fee", 5])
    assert [(p.code, p.severity) for p in read(path).problems] == [("column.unknown", Severity.WARNING)]


def test_a_duplicate_header_is_an_error_at_the_second(tmp_path: Path) -> None:
    """Two columns that mean the same, also by an alias, are refused: both cells are named."""
    path = table(tmp_path / "a.xlsx", ["Project ID", "Item type", "Amount", "workspace id"], [101, "fixed_fee", 5, 102])
    problem = problem_of(path, "column.duplicate")
    assert (problem.severity, problem.cell, problem.column) == (Severity.ERROR, "D1", "workspace_id")
    assert "A1 (“Project ID”)" in problem.message
    assert "D1 (“workspace id”)" in problem.message


@pytest.mark.parametrize(
    ("vague", "sure", "column"),
    [
        ("Type", "Item type", "item_type"),
        ("Date", "Invoice date", "invoice_date"),
        ("Memo", "Description", "notes"),
        ("Leistung", "Beschreibung", "notes"),
        ("Price", "Amount", "amount"),
        ("Group", "Invoice key", "invoice_key"),
        ("Title", "Invoice title", "user_invoice_title"),
    ],
)
def test_a_vague_header_gives_way_to_a_sure_one(tmp_path: Path, vague: str, sure: str, column: str) -> None:
    """Alone it means the column, whichever of them comes first; as often as it stands there twice, it is an error."""
    both = read(table(tmp_path / "a.xlsx", [vague, sure, "Project ID"], ["x", "y", 101]))
    assert ([header.column for header in both.headers], raw_values(both, column)) == (
        [None, column, "workspace_id"],
        ["y"],
    )
    alone = read(table(tmp_path / "b.xlsx", [vague, "Project ID"], ["x", 101]))
    assert raw_values(alone, column) == ["x"]
    twice = read(table(tmp_path / "c.xlsx", [vague, vague, "Project ID"], ["x", "y", 101]))
    assert "column.duplicate" in [problem.code for problem in twice.problems]


def test_headers_and_words_of_several_languages_are_known(tmp_path: Path) -> None:
    """As accountants write them."""
    for number, header, kind in [
        (1, ["Projekt-ID", "Art", "Leistung", "Betrag ohne MwSt", "Datum"], "Festpreis"),
        (2, ["ID projet", "Type de ligne", "Désignation", "Montant (EUR, HT)", "Date de facture"], "Forfait"),
        (3, ["ID de proyecto", "Tipo", "Concepto", "Base imponible", "Fecha"], "Precio fijo"),
        (4, ["Project-ID", "Soort", "Omschrijving", "Bedrag excl. btw", "Factuurdatum"], "Vaste prijs"),
        (5, ["Numero progetto", "Tipo", "Descrizione", "Imponibile", "Data fattura"], "Prezzo fisso"),
    ]:
        path = table(tmp_path / f"{number}.xlsx", header, [101, kind, "x", 5, date(2026, 10, 31)])
        [line], _ = checked(path)
        assert (line.workspace_id, line.amount, len(line.invoice_values)) == (101, 5, 1)
        assert (line.item_values["item_type"], line.item_values["notes"]) == (ItemType.FIXED_FEE, "x")


@pytest.mark.parametrize("dash", ["-", " – ", "—", "--"])
def test_a_lone_dash_is_an_empty_cell(tmp_path: Path, dash: str) -> None:
    """No client gets a purchase order that is a dash."""
    path = table(tmp_path / "a.xlsx", ["Project ID", "Item type", "Amount", "PO number"], [101, "Fixed fee", 5, dash])
    assert raw_values(read(path), "purchase_order") == [None]


def test_a_missing_required_column_names_the_nearest_header(tmp_path: Path) -> None:
    """Without item types no row can be read; the nearest header is shown."""
    path = table(tmp_path / "a.xlsx", ["Project ID", "Category", "Item", "Amount"], [101, "fixed_fee", 5])
    problem = problem_of(path, "column.missing")
    assert (problem.column, problem.row, problem.severity) == ("item_type", 1, Severity.ERROR)
    assert "nearest header is “Item”" in problem.message


def test_nearest_header_is_not_named_where_none_is_like_it(tmp_path: Path) -> None:
    """“Client” is no Item type, and “Invoiced?” no Invoice number."""
    path = table(tmp_path / "a.xlsx", ["Project ID", "Client", "Invoiced?", "Amount"], [101, "ACME", "no", 5])
    assert "nearest" not in problem_of(path, "column.missing").message


def test_both_required_columns_can_be_missing(tmp_path: Path) -> None:
    """Each missing column is a problem of its own."""
    path = table(tmp_path / "a.xlsx", ["Amount", "Description"], [5, "x"])
    missing = [problem.column for problem in read(path).problems if problem.code == "column.missing"]
    assert missing == ["workspace_id", "item_type"]


def test_unknown_columns_are_carried_through_with_a_warning(tmp_path: Path) -> None:
    """A column of the user's own is kept in the rows and named, and is no error."""
    path = table(tmp_path / "a.xlsx", ["Client", *HEADER, "Remark"], ["ACME", 101, "fixed_fee", 5, "ok"])
    sheet = read(path)
    assert [(p.code, p.cell, p.severity) for p in sheet.problems] == [
        ("column.unknown", "A1", Severity.WARNING),
        ("column.unknown", "E1", Severity.WARNING),
    ]
    assert [header.text for header in sheet.headers] == ["Client", *HEADER, "Remark"]
    assert list(sheet.rows[0].cells) == ["ACME", 101, "fixed_fee", 5, "ok"]
    assert sheet.width == 5
    assert list(sheet.frame.columns) == ["workspace_id", "item_type", "amount"]


def test_result_columns_are_passed_over(tmp_path: Path) -> None:
    """The columns that results add are no surprise when such a file is imported again."""
    added = ["status", "invoice_id", "Invoice link", "error", "what_to_do"]
    assert read(table(tmp_path / "a.xlsx", [*HEADER, *added], [101, "fixed_fee", 5])).problems == ()


def test_values_below_an_empty_header_are_a_warning(tmp_path: Path) -> None:
    """A column without a header is not used, and is carried through."""
    path = table(tmp_path / "a.xlsx", HEADER, [101, "fixed_fee", 5], [102, "fixed_fee", 5, None, "why?"])
    problem = problem_of(path, "column.no_header")
    assert (problem.cell, problem.severity) == ("E3", Severity.WARNING)
    assert read(path).width == 5


def test_headers_from_the_settings_are_understood(tmp_path: Path) -> None:
    """An alias of the settings makes a column known, also for finding the header."""
    path = table(tmp_path / "a.xlsx", ["Kunde", "Item type", "Amount"], [101, "fixed_fee", 5])
    assert raw_values(read(path, more={"workspace_id": ["Kunde"]}), "workspace_id") == [101]


# --- choosing the sheet -----------------------------------------------------------

ROW = [101, "fixed_fee", 5]


def test_the_sheet_is_chosen_by_its_headers(tmp_path: Path) -> None:
    """Neither order nor name decides which sheet is read."""
    path = workbook(tmp_path / "a.xlsx", {"Notes": [["Read me"], ["x", "y"]], "October": [HEADER, ROW], "Empty": []})
    assert read(path).name == "October"


def test_of_a_sheet_a_month_the_one_with_rows_is_read(tmp_path: Path) -> None:
    """Sheets of months to come have a header and nothing below it."""
    path = workbook(tmp_path / "a.xlsx", {"October": [HEADER], "November": [HEADER, ROW], "December": [HEADER, []]})
    sheet = read(path)
    assert sheet.name == "November"
    assert sheet.problems == ()


def test_several_candidates_are_listed(tmp_path: Path) -> None:
    """Two sheets with invoice rows: the person says which."""
    path = workbook(tmp_path / "a.xlsx", {"October": [HEADER, ROW], "November": [HEADER, ROW], "Notes": [["x"]]})
    error = refused(path)
    assert error.code == "sheet.ambiguous"
    assert "“October”, “November”" in error.message
    assert "Notes" not in error.message
    assert "--sheet" in error.hint
    assert read(path, "november").name == "November"


def test_a_whole_header_wins_over_a_partial_one(tmp_path: Path) -> None:
    """A sheet that lacks a required column is left out, with a warning."""
    path = workbook(tmp_path / "a.xlsx", {"Prices": [["Item type", "Amount"], ["x", 5]], "Rows": [HEADER, ROW]})
    sheet = read(path)
    assert sheet.name == "Rows"
    assert [(p.code, p.sheet, p.severity) for p in sheet.problems] == [("sheet.left_out", "Prices", Severity.WARNING)]


def test_a_sheet_that_does_not_exist_lists_those_that_do(tmp_path: Path) -> None:
    """``--sheet`` with a wrong name is wrong use, not a problem of the file."""
    path = workbook(tmp_path / "a.xlsx", {"October": [HEADER, ROW], "Notes": [["x"]]})
    with pytest.raises(WrongUse) as caught:
        read(path, "Oktober")
    assert caught.value.code == "sheet.not_found"
    assert "“October”, “Notes”" in caught.value.hint


def test_the_chosen_sheet_must_have_a_header(tmp_path: Path) -> None:
    """``--sheet`` overrules the search among sheets, not the search for the header."""
    path = workbook(tmp_path / "a.xlsx", {"October": [HEADER, ROW], "Notes": [["x"]]})
    assert refused(path, "Notes").code == "header.missing"


def test_example_sheets_are_never_imported(tmp_path: Path) -> None:
    """A sheet whose A1 says that it is only an example is not read, even when asked for."""
    example = [["EXAMPLE ONLY - never imported"], HEADER, ROW]
    path = workbook(tmp_path / "a.xlsx", {"Example": example, "Invoices": [HEADER, [102, "fixed_fee", 7]]})
    assert raw_values(read(path), "workspace_id") == [102]
    with pytest.raises(WrongUse):
        read(path, "Example")


@pytest.mark.parametrize(
    ("label", "meant"),
    [
        ("Expectd total", "“Expected total”"),
        ("Expected totals", "“Expected total”"),
        ("Expected invoice:", "“Expected invoices”"),
        ("Total expected", "“Expected total” or “Expected invoices”"),
        ("Erwartete Summe", "“Expected total” or “Expected invoices”"),
    ],
)
def test_a_control_total_with_a_slip_in_its_name_is_an_error(tmp_path: Path, label: str, meant: str) -> None:
    """A gate must not stand open because of a typing error."""
    rows = {"Invoices": [["Project ID", "Item type", "Amount"], [101, "Fixed fee", 5]]}
    sheet = read(workbook(tmp_path / "a.xlsx", {**rows, "Cover": [["Client", "ACME"], [label, 5]]}))
    [problem] = sheet.problems
    assert (problem.code, problem.sheet, problem.cell) == ("cover.unknown", "Cover", "A2")
    assert meant in problem.hint


def test_other_words_on_a_cover_are_of_no_concern(tmp_path: Path) -> None:
    """Only what could be meant as a control total is asked about; a heading without a value is none."""
    rows = {"Invoices": [["Project ID", "Item type", "Amount"], [101, "Fixed fee", 5]]}
    cover = [["Prepared by", "Anna"], ["Total", 17], ["Expected", None], ["Invoices", 3], ["Expected total", 5]]
    assert not read(workbook(tmp_path / "a.xlsx", {**rows, "Cover": cover})).problems


def test_the_cover_names_the_batch(tmp_path: Path) -> None:
    """A cell “Batch” on a sheet Cover, with its value to the right, is the batch of the workbook."""
    rows = {"Invoices": [HEADER, ROW]}
    assert read(workbook(tmp_path / "a.xlsx", rows)).batch is None
    assert read(workbook(tmp_path / "b.xlsx", {**rows, "Cover": [["Batch", " 2026-10 "]]})).batch == "2026-10"
    assert read(workbook(tmp_path / "c.xlsx", {**rows, "COVER": [["x"], [None, "batch:", 7]]})).batch == "7"
    assert read(workbook(tmp_path / "d.xlsx", {**rows, "Other": [["Batch", "2026-10"]]})).batch is None


# --- empty and far --------------------------------------------------------------


def test_a_header_without_rows_is_refused(tmp_path: Path) -> None:
    """Only blank rows below the header: nothing to bill, and it is said."""
    error = refused(table(tmp_path / "a.xlsx", HEADER, [], ["  ", None, "\u00a0"]))
    assert error.code == "sheet.no_rows"
    assert "row 1" in error.message


def test_an_empty_workbook_is_refused(tmp_path: Path) -> None:
    """A workbook without any cell has no header."""
    assert refused(workbook(tmp_path / "a.xlsx", {"Sheet1": []})).code == "header.missing"


def with_rows_of_blanks(path: Path, count: int) -> Path:
    """Add ``count`` rows of formatted blank cells below the last row, in the file's own XML."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    name = "xl/worksheets/sheet1.xml"
    last = max(int(number) for number in re.findall(rb'<row r="(\d+)"', parts[name]))
    blanks = b"".join(b'<row r="%d"><c r="A%d" s="0"/></row>' % (n, n) for n in range(last + 1, last + 1 + count))
    parts[name] = parts[name].replace(b"</sheetData>", blanks + b"</sheetData>")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for part, content in parts.items():
            archive.writestr(part, content)
    return path


@pytest.mark.slow
def test_a_million_blank_rows_are_passed_over(tmp_path: Path) -> None:
    """Formatted blanks down to the last row of Excel cost a few seconds of work, not an error."""
    path = with_rows_of_blanks(table(tmp_path / "a.xlsx", HEADER, ROW), 1_048_500)
    started = time.process_time()
    sheet = read(path)
    assert [row.number for row in sheet.rows] == [2]
    assert sheet.problems == ()
    assert time.process_time() - started < 20


def test_a_million_blank_rows_without_a_value_are_refused(tmp_path: Path) -> None:
    """A header above nothing but formatted blanks is still a file without rows."""
    path = with_rows_of_blanks(table(tmp_path / "a.xlsx", HEADER), 200_000)
    assert refused(path).code == "sheet.no_rows"


def test_a_far_cell_keeps_its_row_number(tmp_path: Path) -> None:
    """One row far below the others is read with its true number."""
    path = tmp_path / "a.xlsx"
    book = openpyxl.Workbook()
    for position, (header, value) in enumerate(zip(HEADER, ROW, strict=True), start=1):
        book.active.cell(1, position, header)
        book.active.cell(500_000, position, value)
    book.save(path)
    book.close()
    assert [row.number for row in read(path).rows] == [500_000]


# --- files that are not what they seem ------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600, "file.type"),
        ("a.xls", b"<html><table></table></html>", "file.html"),
        ("a.pdf", b"%PDF-1.7", "file.type"),
        ("a.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600, "file.type"),
        ("a.xlsx", b"  <!DOCTYPE html><html></html>", "file.html"),
        ("a.csv", b"<html><table></table></html>", "file.html"),
        ("a.xlsx", b"%PDF-1.7 whatever", "file.type"),
        ("a.csv", b"<?xml version='1.0'?><x/>", "file.type"),
        ("a.xlsx", b"", "file.empty"),
        ("a.csv", b"\r\n  \n", "file.empty"),
        ("a.csv", b"\x00" * 100, "file.empty"),
        ("a.xlsx", b"PK\x03\x04" + b"\x00" * 200, "file.damaged"),
        ("a.xlsx", b"\x01\x00\x02" * 50, "file.damaged"),
        ("~$a.xlsx", b"\x05Ann" + b" " * 100, "file.lock_file"),
    ],
)
def test_other_files_are_named_for_what_they_are(tmp_path: Path, name: str, content: bytes, code: str) -> None:
    """The content decides what a file is; each refusal says how to get a file that can be read."""
    assert refused(csv_file(tmp_path / name, content)).code == code


def test_a_cut_workbook_is_damaged(tmp_path: Path) -> None:
    """A download that broke off is not taken for anything else."""
    whole = table(tmp_path / "a.xlsx", HEADER, ROW).read_bytes()
    assert refused(csv_file(tmp_path / "cut.xlsx", whole[: len(whole) // 2])).code == "file.damaged"


def test_another_archive_is_no_workbook(tmp_path: Path) -> None:
    """A Word document or a plain ZIP is refused by what it is."""
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive:
        archive.writestr("word/document.xml", "<x/>")
    assert refused(tmp_path / "a.xlsx").code == "file.type"


def test_an_archive_that_explodes_is_not_opened(tmp_path: Path) -> None:
    """A few hundred kilobytes that unpack to 300 MB are refused before they are."""
    with (
        zipfile.ZipFile(tmp_path / "a.xlsx", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as part,
    ):
        for _ in range(300):
            part.write(b" " * 2**20)
    assert refused(tmp_path / "a.xlsx").code == "file.too_large"


def test_a_workbook_named_csv_is_read_with_a_warning(tmp_path: Path) -> None:
    """An .xlsx named .csv is what it is."""
    table(tmp_path / "a.xlsx", HEADER, ROW).rename(tmp_path / "a.csv")
    sheet = read(tmp_path / "a.csv")
    assert [(p.code, p.severity) for p in sheet.problems] == [("file.misnamed", Severity.WARNING)]
    assert sheet.name == "Invoices"


def test_a_csv_named_workbook_is_read_with_a_warning(tmp_path: Path) -> None:
    """CSV text named .xlsx is what it is."""
    sheet = read(csv_file(tmp_path / "a.xlsx", "Project ID,Item type,Amount\n101,fixed_fee,5\n"))
    assert [(p.code, p.severity) for p in sheet.problems] == [("file.misnamed", Severity.WARNING)]
    assert raw_values(sheet, "amount") == ["5"]


def test_macro_workbooks_are_read(tmp_path: Path) -> None:
    """An .xlsm is read like an .xlsx; the ending's case does not matter."""
    table(tmp_path / "a.xlsx", HEADER, ROW).rename(tmp_path / "a.XLSM")
    assert raw_values(read(tmp_path / "a.XLSM"), "amount") == [5]


def test_a_missing_file_is_wrong_use_and_suggests_the_nearest(tmp_path: Path) -> None:
    """A mistyped path names the file that was probably meant; a folder is no file."""
    table(tmp_path / "invoices.xlsx", HEADER, ROW)
    with pytest.raises(WrongUse, match="no such file") as caught:
        read(tmp_path / "invocies.xlsx")
    assert (caught.value.code, caught.value.hint) == ("file.not_found", "Did you mean invoices.xlsx?")
    with pytest.raises(WrongUse) as caught:
        read(tmp_path)
    assert caught.value.code == "file.is_folder"
    with pytest.raises(WrongUse):
        read(tmp_path / "no" / "such" / "folder.xlsx")


def test_a_missing_file_suggests_the_only_name_with_its_words(tmp_path: Path) -> None:
    """“october” is short for “agency_october_2026”, unless there are two of them; a part of a word is none."""
    table(tmp_path / "agency_october_2026.xlsx", HEADER, ROW)
    table(tmp_path / "report.xlsx", HEADER, ROW)
    hints = {}
    for name in ("october", "Agency 2026", "rep", "oct", "10"):
        with pytest.raises(WrongUse) as caught:
            read(tmp_path / f"{name}.xlsx")
        hints[name] = caught.value.hint
    near, none = "Did you mean agency_october_2026.xlsx?", "Check the name and the folder."
    assert hints == {"october": near, "Agency 2026": near, "rep": none, "oct": none, "10": none}

    table(tmp_path / "october_late.xlsx", HEADER, ROW)
    with pytest.raises(WrongUse) as caught:
        read(tmp_path / "october.xlsx")
    assert caught.value.hint == none


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_a_problem_of_the_file(tmp_path: Path) -> None:
    """No traceback when the file cannot be opened."""
    path = csv_file(tmp_path / "a.csv", "x")
    path.chmod(0)
    assert refused(path).code == "file.unreadable"


# --- CSV --------------------------------------------------------------------------

CSV = "Project ID;Item type;Amount;Description\n101;fixed_fee;5;Zürich\n"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_the_one_that_yields_headers(tmp_path: Path, delimiter: str) -> None:
    """Comma, semicolon, tab and bar are told apart by the known headers, whatever the texts hold."""
    text = CSV.replace(";", delimiter) + delimiter.join(["102", "fixed_fee", "6", '"a,b;c|d\te"']) + "\n"
    sheet = read(csv_file(tmp_path / "a.csv", text))
    assert raw_values(sheet, "notes") == ["Zürich", "a,b;c|d\te"]
    assert sheet.name == "a.csv"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_byte_order_marks_are_understood(tmp_path: Path, encoding: str) -> None:
    """UTF-8 with and without mark, UTF-16 and UTF-32 are read; the mark is no part of the header."""
    sheet = read(csv_file(tmp_path / "a.csv", CSV.encode(encoding)))
    assert raw_values(sheet, "notes") == ["Zürich"]
    assert sheet.headers[0].text == "Project ID"


@pytest.mark.parametrize(("mark", "encoding"), [(b"\xfe\xff", "utf-16-be"), (b"\x00\x00\xfe\xff", "utf-32-be")])
def test_big_endian_marks_are_understood(tmp_path: Path, mark: bytes, encoding: str) -> None:
    """The order of the bytes is taken from the mark."""
    assert raw_values(read(csv_file(tmp_path / "a.csv", mark + CSV.encode(encoding))), "notes") == ["Zürich"]


def test_another_encoding_is_refused_with_a_guess(tmp_path: Path) -> None:
    """Windows-1252 is never assumed; the guess and the line are shown, and the cure."""
    error = refused(csv_file(tmp_path / "a.csv", CSV.encode("cp1252")))
    assert error.code == "csv.encoding"
    assert "line 2" in error.message
    assert "ü" in error.message
    assert "--encoding windows-1252" in error.hint
    assert "UTF-8" in error.hint


@pytest.mark.parametrize(("hint", "delimiter"), [("sep=;", ";"), ("SEP=,", ","), ("sep=|", "|"), ("sep=\t", "\t")])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_sep_line_names_the_delimiter_and_counts_as_a_row(
    tmp_path: Path, hint: str, delimiter: str, end: str
) -> None:
    """Excel's own first line ``sep=;`` is obeyed and is no record; rows are numbered as in the file."""
    text = hint + end + CSV.replace(";", delimiter).replace("\n", end)
    sheet = read(csv_file(tmp_path / "a.csv", text))
    assert sheet.header_row == 2
    assert [row.number for row in sheet.rows] == [3]
    assert raw_values(sheet, "notes") == ["Zürich"]
    assert sheet.problems == ()


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_of_all_systems_are_read(tmp_path: Path, end: str) -> None:
    """Unix, Windows and old Mac line ends end records."""
    sheet = read(csv_file(tmp_path / "a.csv", CSV.replace("\n", end)))
    assert raw_values(sheet, "notes") == ["Zürich"]


def test_quoted_line_ends_and_quotes_belong_to_the_field(tmp_path: Path) -> None:
    """A field may hold line ends, delimiters and doubled quotes; rows count records, as Excel does."""
    text = 'Project ID,Item type,Amount,Description\n101,fixed_fee,5,"two\r\nlines, ""quoted"""\n102,fixed_fee,6,x\n'
    sheet = read(csv_file(tmp_path / "a.csv", text))
    assert raw_values(sheet, "notes") == ['two\r\nlines, "quoted"', "x"]
    assert [row.number for row in sheet.rows] == [2, 3]


def test_blank_lines_and_trailing_delimiters_keep_numbers(tmp_path: Path) -> None:
    """Blank lines and the trailing rows of delimiters that Excel leaves are skipped without shifting numbers."""
    text = "October\n\nProject ID,Item type,Amount\n\n101,fixed_fee,5\n\n102,fixed_fee,6\n,,\n , ,\n"
    sheet = read(csv_file(tmp_path / "a.csv", text))
    assert (sheet.header_row, [row.number for row in sheet.rows]) == (3, [5, 7])


def test_an_unclosed_quote_is_refused_with_its_line(tmp_path: Path) -> None:
    """A quote that is never closed would swallow every row after it."""
    rows = "".join(f"{n},fixed_fee,5\n" for n in range(101, 200))
    error = refused(csv_file(tmp_path / "a.csv", 'Project ID,Item type,Amount\n100,"fixed_fee,5\n' + rows))
    assert error.code == "csv.quotes"
    assert "never closed" in error.hint


def test_text_after_a_closing_quote_is_refused(tmp_path: Path) -> None:
    """Broken quoting is not repaired by guessing."""
    error = refused(csv_file(tmp_path / "a.csv", 'Project ID,Item type\n101,"fixed"_fee\n'))
    assert error.code == "csv.quotes"
    assert "line 2" in error.message


def test_nul_characters_are_refused_with_their_line(tmp_path: Path) -> None:
    """A NUL in a CSV is damage; it is not dropped."""
    error = refused(csv_file(tmp_path / "a.csv", b"Project ID,Item type\n101,fixed\x00_fee\n"))
    assert error.code == "csv.nul"
    assert "line 2" in error.message


@pytest.mark.parametrize("row", ["102,fixed_fee", "102,fixed_fee,1,200"])
def test_records_of_another_width_are_errors_of_their_row(tmp_path: Path, row: str) -> None:
    """A missing or surplus field may have shifted the others: the row is refused, and only it."""
    path = csv_file(tmp_path / "a.csv", f"Project ID,Item type,Amount\n101,fixed_fee,5\n{row}\n103,fixed_fee,6\n")
    lines, problems = checked(path)
    assert [(p.code, p.row) for p in problems if p.code == "csv.width"] == [("csv.width", 3)]
    assert [line.item is None for line in lines] == [False, True, False]


WIDE = "Project ID,Item type,Description,Amount,Message,PO number\n"


@pytest.mark.parametrize(
    "lines",
    [
        "101,Fixed fee,a,5,Thanks,PO-1\n102,Fixed fee,b,5,,PO-2,\n",
        "101,Fixed fee,a,5,Thanks,\n102,Fixed fee,b,5,Thanks\n",
    ],
    ids=["empty field too many", "last empty field lacking"],
)
def test_empty_fields_at_the_end_shift_nothing(tmp_path: Path, lines: str) -> None:
    """A separator too many, or the empty end of a line that Excel leaves out, is no error."""
    read_lines, problems = checked(csv_file(tmp_path / "a.csv", WIDE + lines))
    assert [p.code for p in problems if p.code == "csv.width"] == []
    assert [line.item is None for line in read_lines] == [False, False]


def test_days_after_a_date_are_no_part_of_it(tmp_path: Path) -> None:
    """Two numbers side by side may be one with a comma; a date and days are not."""
    text = "Project ID,Item type,Amount,Invoice date,Net days\n101,Fixed fee,5,2026-10-31,30,\n"
    assert checked(csv_file(tmp_path / "a.csv", text))[1] == ()


@pytest.mark.parametrize(
    "row",
    [
        "102,Fixed fee,b,5,Dear client, thanks,",
        "102,Fixed fee,b,5,Dear client,thanks,",
        "102,Fixed fee,b,1,200,PO-2,",
        "102,Fixed fee,b,5,PO-2",
        "102,Fixed fee,b,5,",
    ],
)
def test_fields_that_may_have_moved_are_refused(tmp_path: Path, row: str) -> None:
    """An empty last field may hide that a comma without quotes has moved the values."""
    path = csv_file(tmp_path / "a.csv", WIDE + f"101,Fixed fee,a,5,Thanks,PO-1\n{row}\n")
    _, problems = checked(path)
    assert [p.row for p in problems if p.code == "csv.width"] == [3]


@pytest.mark.parametrize(
    ("field", "text"),
    [('"=""00042"""', "00042"), ('="00042"', "00042"), ("'00042", "00042"), ("'=1+1", "=1+1"), ("'90s'", "'90s'")],
)
def test_guards_against_excel_are_taken_off(tmp_path: Path, field: str, text: str) -> None:
    """What programs write around a text so that Excel keeps it is no part of it."""
    sheet = read(csv_file(tmp_path / "a.csv", f"Project ID,Item type,Amount,Description\n101,fixed_fee,5,{field}\n"))
    assert raw_values(sheet, "notes") == [text]


def test_a_quoted_letter_with_many_commas_is_one_text(tmp_path: Path) -> None:
    """Commas before blanks belong to sentences; no record is swallowed."""
    letter = "Dear client,\nthank you, again, for your trust, and your patience, which, as ever, we value."
    sheet = read(csv_file(tmp_path / "a.csv", f'Project ID,Item type,Amount,Description\n101,fixed_fee,5,"{letter}"\n'))
    assert raw_values(sheet, "notes") == [letter]


def test_a_byte_order_mark_may_stand_twice(tmp_path: Path) -> None:
    """Two programs wrote one each: neither is part of the quoted header."""
    text = '\ufeff\ufeff"Project ID","Item type","Amount","Description"\n"101","fixed_fee","5","x"\n'
    assert raw_values(read(csv_file(tmp_path / "a.csv", text)), "notes") == ["x"]


def test_text_that_proves_to_be_utf_8_is_read_so(tmp_path: Path) -> None:
    """Another encoding in the settings does not damage it."""
    path = csv_file(tmp_path / "a.csv", CSV)
    sheet = read_sheet(path, None, known_headers(), Reading(encoding="windows-1252"))
    assert raw_values(sheet, "notes") == ["Zürich"]
    path.write_bytes(CSV.encode("cp1252"))
    sheet = read_sheet(path, None, known_headers(), Reading(encoding="windows-1252"))
    assert raw_values(sheet, "notes") == ["Zürich"]


def test_ids_and_zeros_survive_in_csv(tmp_path: Path) -> None:
    """Nothing is inferred: 00042, 1E5 and 19 digits are what they say."""
    text = (
        "workspace_id,item_type,item_id,purchase_order,payment_schedule\n"
        "00101,time_entry,9223372036854775807,00042,Net 30\n101.0,expense,5,1E5,Net 30\n"
    )
    lines, problems = checked(csv_file(tmp_path / "a.csv", text))
    assert problems == ()
    assert [line.item.item_id for line in lines if line.item] == [9223372036854775807, 5]
    assert [line.workspace_id for line in lines] == [101, 101]
    assert [line.invoice_values["purchase_order"] for line in lines] == ["00042", "1E5"]


# --- round trip -------------------------------------------------------------------

_TEXT = (
    st.text(alphabet="abcÄß東=+-@'\",; \n0", min_size=1, max_size=12)
    .map(str.strip)
    .filter(lambda text: text.strip("-") and text[0] != "'" and text[:2] != '="')  # a dash is empty; guards of a CSV
)
_PRICED = st.fixed_dictionaries(
    {
        "workspace_id": st.integers(1, 10**15 - 1),
        "item_type": st.sampled_from(["fixed_fee", "Additional item"]),
        "amount": st.decimals(Decimal("0.01"), Decimal("99999999.99"), places=2),
        "notes": st.none() | _TEXT,
        "taxable": st.none() | st.booleans(),
        "payment_schedule": st.integers(0, 365),
        "invoice_date": st.none() | st.dates(date(1990, 1, 1), date(2100, 12, 31)),
        "purchase_order": st.none() | st.from_regex(r"0{0,3}[1-9][0-9]{0,4}", fullmatch=True),
    }
)
_NAMED = st.fixed_dictionaries(
    {
        "workspace_id": st.integers(1, 10**15 - 1),
        "item_type": st.sampled_from(["time_entry", "Expense", "billing milestone"]),
        "item_id": st.integers(1, 2**63 - 1).map(str),
        "payment_schedule": st.just(30),
    }
)
_ROWS = st.lists(_PRICED | _NAMED, min_size=1, max_size=8, unique_by=lambda row: str(row.get("item_id", row)))


def as_csv(rows: list[list[object]]) -> str:
    """Write records the way Excel does: every field in quotes, dates as ISO, booleans in capitals."""

    def field(value: object) -> str:
        shown = "" if value is None else str(value).upper() if isinstance(value, bool) else str(value)
        return '"' + shown.replace('"', '""') + '"'

    return "\r\n".join(",".join(field(value) for value in row) for row in rows) + "\r\n"


@settings(max_examples=40, deadline=None)
@given(rows=_ROWS, above=st.integers(0, 3))
def test_any_valid_table_is_read_back_the_same(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, object]], above: int
) -> None:
    """What is written into a workbook or a CSV is what validation yields, row by row, number by number."""
    names = [column.name for column in COLUMNS if any(column.name in row for row in rows)]
    values = [[row.get(name) for name in names] for row in rows]
    folder = tmp_path_factory.mktemp("roundtrip")
    as_cells = [[float(v) if isinstance(v, Decimal) else v for v in row] for row in values]
    titles = [["October"]] * above
    for path in (
        table(folder / "a.xlsx", *titles, names, *as_cells),
        csv_file(folder / "a.csv", "October\r\n" * above + as_csv([names, *values])),
    ):
        lines, problems = checked(path, send_cents=True)
        assert [p for p in problems if p.severity is Severity.ERROR] == []
        for number, (row, line) in enumerate(zip(rows, lines, strict=True)):
            item = line.item
            assert item is not None
            assert (line.row, item.workspace_id) == (above + 2 + number, row["workspace_id"])
            assert item.amount == row.get("amount")
            assert item.taxable == row.get("taxable")
            assert (item.notes or "").replace("\r\n", "\n") == (row.get("notes") or "")
            assert str(item.item_id or "") == (row.get("item_id") or "")
            for name in ("payment_schedule", "invoice_date", "purchase_order"):
                assert line.invoice_values.get(name) == row.get(name)
            assert isinstance(item.item_type, ItemType)


# --- the corpus -------------------------------------------------------------------

_READ_ALL = """
import json, sys
from pathlib import Path
from importer.model.headers import known_headers
from importer.model.errors import FileProblem, WrongUse
from importer.reading.read import read_sheet
for path in map(Path, sys.argv[1:]):
    try:
        read_sheet(path, None, known_headers())
        said = "read"
    except (FileProblem, WrongUse) as error:
        said = error.code
    except BaseException as error:  # noqa: BLE001 - whatever a reader stumbles over; a panic of Rust is no Exception
        said = f"traceback: {error!r}"
    print(json.dumps([path.name, said]), flush=True)
"""


@pytest.mark.slow
@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of foreign files is not here")
def test_no_foreign_file_ends_in_a_traceback() -> None:
    """Every file of the corpus is read or refused with a reason."""
    paths = sorted(p for p in CORPUS.iterdir() if p.name != "index.json")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", _READ_ALL, *map(str, paths)],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    answers = dict(json.loads(line) for line in done.stdout.splitlines())
    assert {name: said for name, said in answers.items() if said.startswith("traceback")} == {}
    assert (done.returncode, sorted(answers)) == (0, [path.name for path in paths]), done.stderr[-2000:]
    expected = {
        "csvkit__null_byte.csv": "csv.nul",
        "derived__html_as.xls": "file.html",
        "derived__nul_bytes.csv": "csv.nul",
        "derived__semicolon_decimal_comma_cp1252.csv": "csv.encoding",
        "derived__unclosed_quote.csv": "csv.quotes",
        "derived__two_cells_xfd1048576.xlsx": "file.too_large",
        "derived__xls_as.xlsx": "header.missing",
        "frictionless__table-infer-iso-8859-7.csv": "csv.encoding",
        "phpspreadsheet__premiere.win1252.csv": "csv.encoding",
    }
    assert {name: answers[name] for name in expected} == expected


# --- what must not be lost without a word ---


def codes_of(path: Path) -> list[str]:
    """Codes of what reading a file finds."""
    return [problem.code for problem in read_sheet(path, None, known_headers()).problems]


def test_a_second_table_is_never_skipped(tmp_path: Path) -> None:
    """Another header below the first, with other columns, is an error: its rows would be read by the wrong one."""
    path = tmp_path / "two.csv"
    path.write_text(
        "Project ID,Item type,Amount,,\n101,Fixed fee,1000,,\n,,,,\n"
        "Project ID,Item type,Amount,Description,Net days\n102,Fixed fee,5,x,30\n",
    )
    sheet = read_sheet(path, None, known_headers())
    assert (sheet.header_row, [row.number for row in sheet.rows]) == (1, [2, 4, 5])
    assert ("header.several", "A4", None) in [(p.code, p.cell, p.row) for p in sheet.problems]


def test_a_header_above_the_one_taken_is_an_error(tmp_path: Path) -> None:
    """Rows below it would be lost."""
    path = tmp_path / "two.csv"
    path.write_text("Project ID,Amount,x\n101,1000,y\nProject ID,Amount,Item type\n102,5,Fixed fee\n")
    assert "header.several" in codes_of(path)


def test_a_remark_in_brackets_does_not_hide_a_header(tmp_path: Path) -> None:
    """“Draft (yes/no)” is the column Draft, not an unknown one that is dropped."""
    path = tmp_path / "a.csv"
    path.write_text("Project ID,Item type,Amount (EUR),Draft (yes/no),Invoice date [YYYY-MM-DD]\n101,Fixed fee,5,no,\n")
    sheet = read_sheet(path, None, known_headers())
    assert [header.column for header in sheet.headers] == [
        "workspace_id",
        "item_type",
        "amount",
        "draft",
        "invoice_date",
    ]


@pytest.mark.parametrize(
    ("header", "column"),
    [
        *(("Amount in euros", "amount"), ("Amount (in Euro)", "amount"), ("Montant (en €)", "amount")),
        *(("Importe en euros", "amount"), ("Amount (no cents)", "amount"), ("Amount (whole euros)", "amount")),
        *(("Amount (not in cents)", "amount"), ("Amount (per line)", "amount")),
        *(("Amount in cents", None), ("Amount (in k€)", None), ("Amount in hours", None), ("Amount (per hour)", None)),
    ],
)
def test_an_amount_may_name_its_unit_in_words(header: str, column: str | None) -> None:
    """Whole euros are what is billed; anything else is another column."""
    assert known_as(header, known_headers()) == column


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ('101,Fixed fee, "Design, print",10', "Design, print"),
        ('101, "Fixed fee", "Design" ,10', "Design"),
        ('"101" ,"Fixed fee", "Design ""X"" print" , 10', 'Design "X" print'),
        ('101,Fixed fee,"a, ",10', "a, "),
        ('101,Fixed fee,"say , ""x"" , ok",10', 'say , "x" , ok'),
    ],
)
def test_blanks_beside_a_quoted_field_are_no_part_of_it(tmp_path: Path, line: str, text: str) -> None:
    """Some programs write one behind each comma; within the quotes every blank stays."""
    sheet = read(csv_file(tmp_path / "a.csv", f"Project ID,Item type,Description,Amount\n{line}\n"))
    assert [list(row.cells)[2] for row in sheet.rows] == [text]
    assert [str(cell).strip() for cell in sheet.rows[0].cells] == ["101", "Fixed fee", text.strip(), "10"]


@given(
    fields=st.lists(st.text(alphabet='a ,"\n', max_size=12), min_size=4, max_size=4),
    before=st.integers(0, 2),
    behind=st.integers(0, 2),
)
def test_padded_quotes_hold_what_was_written(fields: list[str], before: int, behind: int) -> None:
    """Whatever stands in the fields: quotes, delimiters, blanks and line ends are theirs."""
    quoted = ['"' + field.replace('"', '""') + '"' for field in fields]
    text = ",".join(" " * before + field + " " * behind for field in quoted)
    read_back = next(csv.reader(io.StringIO(without_padding(text, ","), newline=""), strict=True))
    assert read_back == fields


@pytest.mark.parametrize(
    "line",
    [
        '101,Fixed fee,5" pipe,10',
        '101,Fixed fee, "Design" x,10',
        '101,Fixed fee, 5" , "x",10',
        '101,Fixed fee, "Retainer,3000',
        '101,Fixed fee,"a"b,10',
        '101,Fixed fee,"Retainer,3000\n102,Fixed fee,Other,5\n103,"x",1',
    ],
)
def test_a_stray_quote_is_refused(tmp_path: Path, line: str) -> None:
    """It may have swallowed rows."""
    path = tmp_path / "a.csv"
    path.write_text(f"Project ID,Item type,Description,Amount\n{line}\n")
    with pytest.raises(FileProblem) as caught:
        read_sheet(path, None, known_headers())
    assert caught.value.code == "csv.quotes"


def test_own_headers_help_to_find_the_separator(tmp_path: Path) -> None:
    """Aliases of the settings count when the separator is chosen."""
    path = tmp_path / "a.csv"
    path.write_text("Kunde;Art;Betrag\n101;Fixed fee;10\n")
    known = known_headers(OwnHeaders({"workspace_id": ["Kunde"], "item_type": ["Art"], "amount": ["Betrag"]}))
    assert read_sheet(path, None, known).frame.shape == (1, 3)


def test_two_cells_at_the_ends_of_the_sheet_are_refused(tmp_path: Path) -> None:
    """Their reader would make room for all cells between them, and abort."""
    book = Workbook()
    book.worksheets[0]["A1"] = "Project ID"
    book.worksheets[0]["XFD1048576"] = 1
    book.save(tmp_path / "far.xlsx")
    with pytest.raises(FileProblem) as caught:
        read_sheet(tmp_path / "far.xlsx", None, known_headers())
    assert caught.value.code == "file.too_large"


def test_a_hidden_sheet_is_billed_with_a_warning(tmp_path: Path) -> None:
    """Rows that nobody sees are named."""
    book = Workbook()
    book.worksheets[0].title = "Cover page"
    rows = book.create_sheet("Data")
    rows.append(["Project ID", "Item type", "Amount"])
    rows.append([101, "Fixed fee", 5])
    rows.sheet_state = "veryHidden"
    book.save(tmp_path / "a.xlsx")
    assert codes_of(tmp_path / "a.xlsx") == ["sheet.hidden"]


def test_a_batch_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    """A formula that was never calculated must not silently change the batch; a date is its month."""
    for value, expected, problems in (('="2026-"&"10"', None, ["cover.batch"]), (date(2026, 10, 1), "2026-10", [])):
        book = Workbook()
        book.worksheets[0].append(["Project ID", "Item type", "Amount"])
        book.worksheets[0].append([101, "Fixed fee", 5])
        book.create_sheet("Cover").append(["Batch", value])
        book.save(tmp_path / "a.xlsx")
        sheet = read_sheet(tmp_path / "a.xlsx", None, known_headers())
        assert (sheet.batch, [problem.code for problem in sheet.problems]) == (expected, problems)


def test_own_columns_named_like_answers_stay_the_sheets_own(tmp_path: Path) -> None:
    """Only the block that results add at the right is passed over; a Status column elsewhere is kept and named."""
    path = tmp_path / "a.csv"
    path.write_text("Status,Project ID,Item type,Amount,error,what_to_do\nopen,101,Fixed fee,5,,\n")
    sheet = read_sheet(path, None, known_headers())
    assert sheet.added == {4, 5}
    assert [checked.column.name for checked in sheet.checked] == ["status"]


@pytest.mark.parametrize(
    "header",
    [
        "Amount (cents)",
        "Amount (in k€)",
        "Amount (TEUR)",
        "Amount (incl. VAT)",
        "Amount [gross]",
        "Date (due)",
        "Project ID (old)",
        "Draft (date)",
    ],
)
def test_a_remark_that_changes_the_meaning_hides_the_column(header: str) -> None:
    """Billing cents as euros, or the gross as the net, would be a wrong figure in the right column."""
    assert known_as(header, known_headers()) is None


def test_a_hidden_sheet_gives_way_to_a_visible_one(tmp_path: Path) -> None:
    """Last month's rows on a hidden sheet are not proposed; that it was passed over is said."""
    book = Workbook()
    for name, state in (("Old", "hidden"), ("Invoices", "visible")):
        sheet = book.create_sheet(name)
        sheet.append(HEADER)
        sheet.append([101, "fixed_fee", 5])
        sheet.sheet_state = state
    book.remove(book["Sheet"])
    book.save(tmp_path / "a.xlsx")
    found = read(tmp_path / "a.xlsx")
    assert (found.name, [(p.code, p.sheet) for p in found.problems]) == ("Invoices", [("sheet.left_out", "Old")])


def test_a_workbook_with_a_broken_part_is_refused(tmp_path: Path) -> None:
    """A part whose checksum is wrong, as after a bad transfer: damaged, not a crash."""
    path = tmp_path / "a.xlsx"
    book = Workbook()
    book.worksheets[0].append(["Project ID", "Item type", "Amount"])
    book.save(path)
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        part = archive.getinfo("xl/worksheets/sheet1.xml")
    at = part.header_offset + 30 + len(part.filename) + part.compress_size // 2
    data[at : at + 4] = bytes(byte ^ 0xFF for byte in data[at : at + 4])
    path.write_bytes(data)
    with pytest.raises(FileProblem) as caught:
        read_sheet(path, None, known_headers())
    assert caught.value.code == "file.damaged"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_record_swallowed_by_a_quote_is_refused(tmp_path: Path, end: str) -> None:
    """Two rows that a stray pair of quotes joins into one are refused, whatever ends the lines."""
    lines = ("Project ID,Item type,Notes,Amount", '101,Fixed fee,"a,5', '101,Fixed fee,b",6', "")
    path = tmp_path / "a.csv"
    path.write_bytes(end.join(lines).encode())
    assert refused(path).code == "csv.quotes"
