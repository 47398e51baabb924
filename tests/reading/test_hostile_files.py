"""A file that was made to take time or memory is read, or refused with a sentence, for little of both."""

from __future__ import annotations

import csv
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from odd_files import header, line
from raw_xlsx import parts, sheet_xml, text, zipped
from sheets import csv_file, in_this_process, read
from test_ods import document

from importer.checking.row_checks import check_rows
from importer.model.errors import FileProblem
from importer.model.headers import known_headers
from importer.model.problems import Problems
from importer.model.sheet import CellFault
from importer.reading.formats.child import Request, take_apart
from importer.reading.formats.grid import LONGEST_TEXT, Grid, Limits
from importer.reading.read import Reading, read_sheet

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MOST_SECONDS = 2.0
"""Of the processor; each of these files took more than twenty, or as much memory as there was."""


@contextmanager
def quick() -> Iterator[None]:
    """What is done here takes little time, whatever else this machine does."""
    began = time.process_time()
    yield
    assert time.process_time() - began < MOST_SECONDS


def workbook(path: Path, rows: str, after: str = "", styles: str = "", **more: object) -> Path:
    """Write a workbook of these rows; ``styles`` are put at the end of its styles."""
    made = parts({"Invoices": sheet_xml(rows, after=after)}, **more)  # type: ignore[arg-type]
    made["xl/styles.xml"] = made["xl/styles.xml"].replace("</styleSheet>", f"{styles}</styleSheet>")
    path.write_bytes(zipped(made))
    return path


def merged(*ranges: str) -> str:
    """The element that merges these ranges."""
    cells = "".join(f'<mergeCell ref="{area}"/>' for area in ranges)
    return f"<mergeCells>{cells}</mergeCells>"


def grid_of(name: str, data: bytes) -> Grid:
    """The first sheet of a file."""
    return take_apart(Request(name, data, {}, None, Limits())).grids[0]


def ods_of(rows: str) -> bytes:
    """A document with one table of these rows."""
    made = document(f'<table:table table:name="Invoices">{rows}</table:table>')
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    return zipped({"mimetype": kind, "content.xml": made})


@pytest.mark.parametrize("area", ["C5:C1000000000000", "A2:XFD1048576", "A2:ZZZ2", "C1000000000000:A1", "C2:C9999999"])
def test_a_merged_range_ends_with_the_table(tmp_path: Path, area: str) -> None:
    """However far the file says that it reaches."""
    with quick():
        sheet = read(workbook(tmp_path / "a.xlsx", header() + line(2) + line(3), merged(area)))
    assert len(sheet.rows) == 2


@pytest.mark.parametrize("areas", [["A2:J40"] * 20_000, [f"A{n}:XFD{n + 1000}" for n in range(2, 502)]])
def test_merged_ranges_that_overlap_are_refused(tmp_path: Path, areas: list[str]) -> None:
    """No program lets cells be merged twice, and to walk through them again and again takes for ever."""
    rows = header() + "".join(line(number) for number in range(2, 42))
    with quick(), pytest.raises(FileProblem) as refused:
        read(workbook(tmp_path / "a.xlsx", rows, merged(*areas)))
    assert "has merged cells that overlap" in refused.value.message


def test_cells_that_a_conditional_format_names_again_and_again_are_looked_at_once(tmp_path: Path) -> None:
    """Three thousand ranges, each of all rows."""
    areas = " ".join(f"A{number}:D1048576" for number in range(1, 3000))
    rule = f'<conditionalFormatting sqref="{areas}"><cfRule type="expression" dxfId="0" priority="1"/>'
    style = '<dxfs count="1"><dxf><font><strike/></font></dxf></dxfs>'
    rows = header() + "".join(line(number) for number in range(2, 1002))
    with quick():
        sheet = read(workbook(tmp_path / "a.xlsx", rows, f"{rule}</conditionalFormatting>", style))
    assert {problem.code for problem in sheet.problems} >= {"amount.conditional"}


def test_a_text_that_fits_into_no_cell_is_a_fault_at_its_cell(tmp_path: Path) -> None:
    """Excel has room for 32,767 characters; the same in a CSV."""
    long = "x" * (LONGEST_TEXT + 1)
    sheet = read(workbook(tmp_path / "a.xlsx", header() + line(2) + line(3).replace("Fixed fee", long)))
    of_csv = read(csv_file(tmp_path / "a.csv", f"Project ID,Item type,Amount\n101,{long},5\n"))
    for fault in (sheet.rows[1].cells[1], of_csv.rows[0].cells[1]):
        assert isinstance(fault, CellFault)
        assert (fault.code, len(fault.shown)) == ("too_long", 101)


def test_a_text_is_sent_once_however_often_it_stands(tmp_path: Path) -> None:
    """Equal texts are one object, so that an answer is not larger than its file."""
    rows = header() + line(2) + line(3)
    cells = take_apart(Request("a.xlsx", workbook(tmp_path / "a.xlsx", rows).read_bytes(), {}, None, Limits())).grids[0]
    assert cells.rows[1][1] is cells.rows[2][1]


def test_texts_that_multiply_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One long text in the file, to which a thousand cells refer."""
    monkeypatch.setattr("importer.reading.formats.grid.MOST_CHARACTERS", 2_000_000)
    long = "x" * 32_000
    shared = "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>0</v></c></row>' for n in range(2, 1_002))
    with quick(), pytest.raises(FileProblem) as refused:
        read(workbook(tmp_path / "a.xlsx", header() + shared, strings=[f"<t>{long}</t>"]), "Invoices")
    assert "holds texts of more than 2 million characters" in refused.value.message


def test_a_text_that_many_cells_refer_to_is_no_larger_for_it(tmp_path: Path) -> None:
    """A long text, and two thousand cells of each of twenty columns that show it."""
    letters = "EFGHIJKLMNOPQRSTUVWXYZ"
    titles = "".join(text(f"{letter}1", f"Remark {letter}") for letter in letters)
    cells = "".join(f'<c r="{letter}0" t="s"><v>0</v></c>' for letter in letters)
    rows = "".join(line(n).replace("</row>", cells.replace('0" t', f'{n}" t') + "</row>") for n in range(2, 2002))
    path = workbook(tmp_path / "a.xlsx", header().replace("</row>", f"{titles}</row>") + rows, strings=["<t>long</t>"])
    with quick():
        sheet = read(path)
    assert len({id(cell) for row in sheet.rows for cell in row.cells if cell == "long"}) == 1


def test_thousands_of_number_formats_are_looked_for_at_once() -> None:
    """Each cell has one of its own; to search the sheet for one after the other took minutes."""
    numbers = range(2, 5002)
    rows = "".join(line(n).replace(f'<c r="C{n}">', f'<c r="C{n}" s="{n}">') for n in numbers)
    made = parts({"Invoices": sheet_xml(header() + rows)})
    codes = "".join(f'<numFmt numFmtId="{n + 170}" formatCode="0.00&quot; {n}&quot;"/>' for n in numbers)
    styles = "".join(f'<xf numFmtId="{n + 170}"/>' for n in numbers)
    xml = made["xl/styles.xml"].replace("</numFmts>", f"{codes}</numFmts>").replace("</cellXfs>", f"{styles}</cellXfs>")
    data = zipped({**made, "xl/styles.xml": xml})
    with quick():
        grid = grid_of("a.xlsx", data)
    assert {code: runs for code, runs in grid.look.formats.items() if code.endswith((' 2"', ' 5001"'))} == {
        '0.00" 2"': [(2, 2, 2)],
        '0.00" 5001"': [(2, 5001, 5001)],
    }


@pytest.mark.parametrize(
    ("bound", "setting"),
    [
        (Limits(rows=500), "most_rows"),
        (Limits(columns=3), "most_columns"),
        (Limits(unpacked_bytes=2**16), "most_unpacked_mb"),
    ],
)
def test_a_sheet_that_is_too_large_names_the_setting(tmp_path: Path, bound: Limits, setting: str) -> None:
    """Whoever has as many rows knows then what to raise."""
    rows = "".join(line(number) for number in range(2, 1002))
    path = workbook(tmp_path / "a.xlsx", header() + rows)
    with in_this_process(), pytest.raises(FileProblem) as refused:
        read_sheet(path, None, known_headers(), Reading(limits=bound))
    assert f"(setting {setting})" in refused.value.message


def test_a_sheet_has_a_name_of_bounded_length(tmp_path: Path) -> None:
    """Each message repeats it."""
    path = tmp_path / "a.xlsx"
    path.write_bytes(zipped(parts({"n" * 300: sheet_xml(header() + line(2))})))
    with pytest.raises(FileProblem) as refused:
        read(path)
    assert refused.value.code == "file.damaged"


CELL = '<table:table-cell office:value-type="string"{0}><text:p>{1}</text:p></table:table-cell>'
ROW = "<table:table-row{0}>{1}</table:table-row>"
HEAD = ROW.format("", "".join(CELL.format("", title) for title in ("Project ID", "Item type", "Amount")))


@pytest.mark.parametrize("elements", [1, 100])
def test_rows_that_an_ods_only_repeats_are_refused(elements: int) -> None:
    """One kilobyte that stands for a million rows: no one bills the same row so often."""
    row = ROW.format(f' table:number-rows-repeated="{1_000_000 // elements}"', CELL.format("", "x"))
    with quick():
        grid = grid_of("a.ods", ods_of(HEAD + row * elements))
    assert (grid.too_large, len(grid.rows)) == ("repeats the same rows more than 10,000 times", 100)


def test_rows_that_follow_each_other_may_be_equal() -> None:
    """LibreOffice writes them once, with their number; blank rows may be as many as a sheet has."""
    equal = ROW.format(' table:number-rows-repeated="5000"', CELL.format("", "x"))
    blank = ROW.format(' table:number-rows-repeated="90000"', "<table:table-cell/>")
    grid = grid_of("a.ods", ods_of(HEAD + equal + blank + ROW.format("", CELL.format("", "y"))))
    assert (grid.too_large, len(grid.rows)) == (None, 95_002)


def test_spans_of_an_ods_end_with_the_table(tmp_path: Path) -> None:
    """A cell that spans a billion rows and columns, in each of five hundred rows."""
    span = ' table:number-columns-spanned="1000000000" table:number-rows-spanned="1000000000"'
    row = ROW.format("", CELL.format(span, "101") + CELL.format("", "Fixed fee") + CELL.format("", "5"))
    path = tmp_path / "a.ods"
    path.write_bytes(ods_of(HEAD + row * 500))
    with quick(), pytest.raises(FileProblem) as refused:
        read(path)
    assert "has merged cells that overlap" in refused.value.message


def test_a_text_that_is_made_of_many_blanks_is_put_together_once() -> None:
    """Ten thousand elements that stand for a thousand blanks each."""
    blanks = '<text:s text:c="1000000"/>' * 10_000
    with quick():
        grid = grid_of("a.ods", ods_of(ROW.format("", CELL.format("", f"a{blanks}b"))))
    assert isinstance(grid.rows[0][0], CellFault)


def test_hidden_rows_are_those_of_the_table() -> None:
    """Each sheet may claim a million of them."""
    hidden = ROW.format(' table:number-rows-repeated="1000000" table:visibility="collapse"', "<table:table-cell/>")
    assert grid_of("a.ods", ods_of(HEAD + hidden)).look.hidden_rows == set()


def test_a_headers_row_of_long_texts_is_judged_at_once(tmp_path: Path) -> None:
    """Each is compared with all known headers."""
    long = "".join(text(f"{letter}1", f"Amuont {letter}" + " amount" * 4000) for letter in "EFGHIJKLMNOPQRSTUVWXYZ")
    with quick():
        read(workbook(tmp_path / "a.xlsx", header().replace("</row>", f"{long}</row>") + line(2)))


LONG = 32_000
HOSTILE = [
    "a" * LONG + "!",
    " " * LONG + "x",
    "1" * LONG + "x",
    "," * LONG,
    "a," * (LONG // 2),
    "1 " * (LONG // 2),
    "(" * LONG,
]


@pytest.mark.parametrize("hostile", HOSTILE, ids=range(len(HOSTILE)))
def test_a_long_text_is_searched_once(tmp_path: Path, hostile: str) -> None:
    """In the cells that are compared or sent, in a header, and in what stands in brackets in one."""
    titles = [
        "Quantity",
        "Due date",
        "Currency",
        "Description",
        "Invoice date",
        f"Amount ({hostile})",
        f"Net {hostile} EUR",
    ]
    path = tmp_path / "a.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["Project ID", "Item type", "Amount", *titles])
        rows.writerow(["101", "Fixed fee", "5", *[hostile] * len(titles)])
    with quick():
        sheet = read(path)
        check_rows(sheet, Problems(sheet.problems), send_cents=False)
