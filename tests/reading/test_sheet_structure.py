"""Golden files: the same lines in every format, and one oddity per file, with what is to be read from each."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sheets import checked, csv_file, read, table

from importer.model.errors import FileProblem
from importer.model.headers import known_headers
from importer.model.sheet import CellFault, Header, RawRow, text_of
from importer.reading.appearance import unmerged
from importer.reading.formats.grid import Grid, MergedRange, SideLook
from importer.reading.formats.unpack import unpack
from importer.reading.header_row import HeaderRow
from importer.reading.read import read_sheet

if TYPE_CHECKING:
    from importer.model.sheet import Sheet

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))

import renew_test_files as renew

ANSWERS: dict[str, Any] = json.loads((renew.FOLDER / "index.json").read_text(encoding="utf-8"))
SAME_LINES = sorted(name for name in ANSWERS if name.startswith("lines"))
SAMPLES = sorted(name for name in ANSWERS if name.startswith("sample"))


@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_each_file_gives_its_answer(name: str) -> None:
    """What is read from a file, or why it is refused, is what index.json says (``make files`` renews it)."""
    assert renew.answer(renew.FOLDER / name) == ANSWERS[name]


def test_every_file_has_an_answer() -> None:
    """No file lies there unproved."""
    assert {path.name for path in renew.FOLDER.iterdir()} == {*ANSWERS, "index.json"}


def _plain(cell: object) -> object:
    """One form for what formats store differently: LibreOffice keeps TRUE as 1 in some."""
    if isinstance(cell, CellFault):
        return cell.code
    return int(cell) if isinstance(cell, (bool, float)) and cell == int(cell) else cell


def _truth(value: object) -> object:
    value = value.value if isinstance(value, renew.FORMULA) else value
    return "error_value" if isinstance(value, renew.xlsb.Error) else _plain(value)


@pytest.mark.parametrize("name", SAME_LINES)
def test_the_same_lines_are_read_from_every_format(name: str) -> None:
    """Values, dates (also of 1904), errors, formulas' results, hidden rows and columns, and a total: all alike."""
    sheet = read(renew.FOLDER / name)
    names = ["workspace_id", "item_type", "amount", "notes", "invoice_date", "taxable", "payment_schedule"]
    for number in (4, 5, 6, 7, 9, 10):
        expected = [_truth(value) for value in renew.LINES[number - 1]]
        assert [_plain(sheet.frame.at[number, column]) for column in names] == expected, number
    assert list(sheet.frame.index) == [4, 5, 6, 7, 9, 10]
    assert list(sheet.excluded) == [11]
    said = {p.code for p in sheet.problems} - {"amount.uncalculated"}  # the writer of some of them cannot calculate
    assert said == {"row.hidden", "column.hidden", "row.total"}


def _amounts_without_format(rows: dict[int, dict[str, str]]) -> dict[int, dict[str, str]]:
    """LibreOffice writes amounts into a CSV as they are shown: 7,200.00."""
    return {
        row: cells | {name: cells[name].replace(",", "").removesuffix(".00") for name in ("amount",) if name in cells}
        for row, cells in rows.items()
    }


@pytest.mark.parametrize("name", [name for name in ANSWERS if name.startswith("formats")])
def test_what_a_number_format_hides_is_seen_in_every_format(name: str) -> None:
    """A percentage, an amount in thousands or not shown, zeros before a number, a currency, a row crossed out."""
    sheet = read(renew.FOLDER / name)
    faults = {row: cell.code for row, cell in sheet.frame["amount"].items() if isinstance(cell, CellFault)}
    in_thousands = "shown_otherwise" if name.endswith(".ods") else "in_thousands"  # an .ods stores what is shown
    assert faults == {2: "percentage", 5: "not_shown", 6: in_thousands}
    assert sheet.frame.at[4, "purchase_order"] == "00042"
    assert sheet.currencies == {3: "USD"}
    assert [(p.code, p.cell) for p in sheet.problems] == ([] if name.endswith(".xlsb") else [("row.struck", "A8")])


def _texts(sheet: Sheet) -> dict[int, dict[str, str]]:
    rows = sheet.frame.to_dict("index")
    return {
        row: {name: text_of(_plain(v)) for name, v in cells.items() if v is not None} for row, cells in rows.items()
    }


@pytest.mark.parametrize("name", SAMPLES)
def test_the_sample_survives_libreoffice(name: str) -> None:
    """Saved by LibreOffice in another format, the sample is the same table."""
    assert _amounts_without_format(_texts(_read(renew.FOLDER / name))) == _texts(read(renew.SAMPLE))


def _read(path: Path) -> Sheet:
    encoding = "windows-1252" if "cp1252" in path.name else None
    return read_sheet(path, None, known_headers(), renew.odd_files.reading(encoding))


@pytest.mark.slow
@pytest.mark.skipif(
    shutil.which("soffice") is None, reason="LibreOffice is not here; its files are kept as golden ones"
)
def test_libreoffice_still_writes_what_is_read(tmp_path: Path) -> None:
    """The LibreOffice of this machine makes a table that is read the same."""
    renew.convert(renew.SAMPLE, "ods", tmp_path / "a.ods")
    assert _texts(read(tmp_path / "a.ods")) == _texts(read(renew.SAMPLE))


# --- merged cells ------------------------------------------------------------------


@pytest.mark.parametrize("policy", ["refuse", "fill"])
def test_a_merged_range_may_begin_beyond_the_end_of_its_row(policy: str) -> None:
    """An old .xls stores no blank cells at the end of a row: such a range shows nothing."""
    grid = Grid("S", [["Project ID", "Draft"], [101], [102]], look=SideLook(merged=[MergedRange(2, 1, 3, 1)]))
    start = HeaderRow(1, (Header(0, "Project ID", "workspace_id"), Header(1, "Draft", "draft")), ())
    lines = unmerged(grid, start, [RawRow(2, [101]), RawRow(3, [102])], policy)
    assert [text_of(row.cell(1)) for row in lines] == ["", ""]


# --- a data row is never taken for a header line -----------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "Project ID,Item type,Remark,Amount\n101,Fixed fee,Date,5\n102,Fixed fee,b,6\n",
        "Project ID,Item type,X,Y,Amount\n101,Expense,Notes,PO,5\n102,Fixed fee,b,c,6\n",
        "Project ID,Item type,Amount,\n101,Fixed fee,5,Notes\n102,Fixed fee,6,b\n",
    ],
)
def test_a_first_row_with_words_of_headers_is_a_line(tmp_path: Path, text: str) -> None:
    """Its text may be a header's name by chance; it is billed or refused, never lost in the header."""
    sheet = read(csv_file(tmp_path / "a.csv", text))
    assert (sheet.header_row, list(sheet.frame.index)) == (1, [2, 3])


def test_a_header_on_two_lines_is_read(tmp_path: Path) -> None:
    """“Invoice” over “Date” is Invoice date; a unit below a name belongs to it."""
    header = [["Project", "Item", "Amount", "Invoice"], ["ID", "type", "(EUR)", "Date"]]
    sheet = read(table(tmp_path / "a.xlsx", *header, ["101", "Fixed fee", 5, "2026-10-31"]))
    assert (sheet.header_row, list(sheet.frame.columns)) == (2, ["workspace_id", "item_type", "amount", "invoice_date"])
    assert list(sheet.frame.index) == [3]


def test_a_row_that_says_total_is_left_out_with_a_warning_or_stays_a_line(tmp_path: Path) -> None:
    """With a project and a type it is a line item, whatever its text; without them it is never left out unsaid."""
    path = table(
        tmp_path / "a.xlsx",
        ["Project ID", "Item type", "Amount", "Description"],
        [101, "Fixed fee", 5, "Total rebuild"],
        [None, None, 5, "Total"],
    )
    sheet = read(path)
    assert list(sheet.frame.index) == [2]
    assert [(p.code, p.row) for p in sheet.problems] == [("row.total", 3)]
    assert [line.row for line in checked(path)[0] if line.item] == [2]


# --- files of others ------------------------------------------------------------------

CORPUS = Path(__file__).parents[2].parent / "shared" / "corpus"
BY_HEADER = ("pandas__df_mangle_dup_col_dtypes.xlsx", "frictionless__duplicate-headers.csv")
"""Refused for headers of ours that stand twice; theirs are none of ours, so only their values are read here."""
READ_SINCE = ("phpspreadsheet__utf16be.bom.xlsx",)
"""To be rejected by the index, because the reader alone takes its UTF-16 for empty; it is read now."""


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of foreign files is not here")
def test_files_of_others_get_the_right_answer() -> None:
    """What must be accepted is taken apart; what must be rejected is refused, or has a fault at its cell."""
    wrong = []
    for entry in json.loads((CORPUS / "index.json").read_text(encoding="utf-8")):
        name, answer = entry["file"], entry["answer"]
        if name in BY_HEADER + READ_SINCE or "if declared" in answer or " or " in answer:
            continue
        try:
            file = unpack(name, (CORPUS / name).read_bytes(), known_headers())
        except FileProblem:
            read_well = False
        else:
            cells = [cell for grid in file.grids for row in grid.rows for cell in row]
            odd = any(isinstance(cell, CellFault) for cell in cells)
            odd |= any(grid.look.merged or grid.too_large for grid in file.grids)
            read_well = not (answer == "reject" and odd)
        if read_well == (answer in {"reject", "skip"}):
            wrong.append((name, answer))
    assert wrong == []
