"""Parts of a workbook that no program writes: each is looked through once, however it is made."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import pytest
from odd_files import header, line
from raw_xlsx import parts, sheet_xml, text, zipped
from sheets import read
from test_hostile_files import CELL, HEAD, ROW, grid_of, ods_of, quick, workbook
from test_ods import document

from importer.checking.row_checks import check_rows
from importer.model.problems import Problems
from importer.reading.formats import ods_styles, xlsb
from importer.reading.formats.archive import Archive
from importer.reading.formats.child import Request, answer_to
from importer.reading.formats.grid import Limits, TooManyStyles
from importer.reading.formats.xlsx import parse_whole

if TYPE_CHECKING:
    from pathlib import Path

MANY = 20_000
ERROR = '<c r="A3" t="e"><v>#REF!</v></c>'
STRUCK = "<dxfs><dxf><font><strike/></font></dxf></dxfs>"


@pytest.mark.parametrize(
    ("rows", "read_as"),
    [
        ("<row><c t='inlineStr'><is><t>x</t></is></c></row>" * MANY, MANY + 2),
        ('<row r="3"><c t="inlineStr"><is><t>x</t></is></c></row>' * MANY, 3),
        (f'<row r="200000">{text("A200000", "x")}</row>' * MANY, 200_000),
        (f'<row r="10000000000000">{text("A3", "x")}</row>' * MANY, 3),
        (f'<row r="-5">{text("A3", "x")}</row>' * MANY, None),
        (f'<row r="x">{text("A3", "x")}</row>' * MANY, None),
        (f'<row hidden="1">{text("A3", "x")}</row>' * MANY, 3),
        (f'<row hidden="1" r="9999999999999">{text("A3", "x")}</row>' * MANY, 3),
        (f'<row r="3" hidden="1">{ERROR}</row>' * MANY, 3),
        (f'<row r="3" spans="1:999999999">{text("A3", "x")}</row>' * MANY, 3),
        ("".join(f'<row r="{n}">{text(f"A{n}", "x")}</row>' for n in range(MANY, 2, -1)), MANY),
        ("<row/>" * MANY, 2),
        ("<row>" * MANY + "</row>" * MANY, 2),
        ("<row " * MANY, None),
    ],
    ids=range(14),
)
def test_odd_rows_are_walked_through_once(tmp_path: Path, rows: str, read_as: int | None) -> None:
    """Without a number, with one again and again, or with one that no sheet has; None for those that are refused."""
    data = workbook(tmp_path / "a.xlsx", header() + line(2) + rows).read_bytes()
    with quick():
        answer = answer_to(Request("a.xlsx", data, {}, None, Limits()))
    assert (len(answer.grids[0].rows) if hasattr(answer, "grids") else None) == read_as


@pytest.mark.parametrize(
    "odd",
    [
        {"rows": "<row "},
        {"rows": "<c <f "},
        {"rows": "<f "},
        {"rows": "t='e' "},
        {"before": "<col "},
        {"after": "<mergeCell "},
        {"after": "<conditionalFormatting "},
        {"after": "<numFmt "},
    ],
    ids=str,
)
def test_a_beginning_without_an_end_is_searched_once(odd: dict[str, str]) -> None:
    """A hundred thousand of them within the attribute of an element, where readers pass over them."""
    [(where, start)] = odd.items()
    within = f'<x y="{start * 100_000}"/>'
    formula = '<row r="4"><c r="A4"><f>TODAY()+[1]A!B1</f><v>1</v></c></row><row r="5" hidden="1"/>'
    made = {"rows": "", "before": "", "after": "<conditionalFormatting>"} | {where: within}
    rows = header() + line(2) + f'<row r="3">{made["rows"]}{ERROR}</row>{formula}'
    book = parts({"Invoices": sheet_xml(rows, before=made["before"], after=made["after"])})
    book["xl/styles.xml"] = book["xl/styles.xml"].replace("</styleSheet>", f"{STRUCK}</styleSheet>")
    book["docProps/core.xml"] = f"<a>{'modified ' * 100_000}</a>"
    with quick():
        answer_to(Request("a.xlsx", zipped(book), {}, None, Limits()))


@pytest.mark.parametrize("odd", ["", "<!-- -->"])
def test_columns_that_are_hidden_again_and_again_are_counted_once(odd: str) -> None:
    """A hundred thousand times all of them; the same where the part is walked through."""
    columns = "".join(f'<col min="{n % 100 + 2}" max="{16_000 + n % 384}" hidden="1"/>' for n in range(100_000))
    sheet = sheet_xml(header() + odd + line(2), before=f'<cols>{columns}<col min="1" max="9999999" /></cols>')
    data = zipped(parts({"Invoices": sheet}))
    with quick():
        grid = grid_of("a.xlsx", data)
    assert grid.look.hidden_columns == set(range(1, 16_383))


def test_problems_do_not_repeat_a_long_text_again_and_again(tmp_path: Path) -> None:
    """One of 32,000 characters in a small file, and thousands of cells that show it: gigabytes of messages."""
    cell = '<c r="{}{}" t="s"><v>0</v></c>'
    rows = ""
    for number in range(2, 1002):
        rows += f'<row r="{number}">{"".join(cell.format(letter, number) for letter in "ABC")}</row>'
    sheet = read(workbook(tmp_path / "a.xlsx", header() + rows, strings=[f"<t>{'x' * 32_000}</t>"]))
    problems = Problems(sheet.problems)
    with quick():
        check_rows(sheet, problems, send_cents=False)
    assert len(problems.ordered()) > 1_000
    assert all(len(found.message + found.hint + (found.value or "")) < 7_000 for found in problems.ordered())


def test_marks_of_errors_within_a_text_are_looked_at_once(tmp_path: Path) -> None:
    """The cell around each of sixty thousand was parsed again, and its memory kept."""
    marks = text("A3", 't="e" ' * 5_000)
    path = workbook(tmp_path / "a.xlsx", header() + line(2) + f'<row r="3">{marks}</row>' * 10)
    with quick():
        grid_of("a.xlsx", path.read_bytes())


def test_a_parsed_cell_leaves_nothing_behind() -> None:
    """Nothing is collected in the process that reads: a sheet of errors took 15 kB for each."""
    gc.collect()
    gc.disable()
    try:
        parse_whole(ERROR.encode(), recalculated=False)
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_formulas_that_change_are_found_at_once_among_many(tmp_path: Path) -> None:
    """Twenty thousand of them, and as many that refer to ranges: each with each took minutes."""
    changing = '<c r="E{0}"><f>TODAY()</f><v>1</v></c><c r="F{0}"><f>SUM(C{0}:D{0})</f><v>1</v></c>'
    last = f'<c r="G2"><f>SUM(E2:E{MANY})</f><v>1</v></c><c r="H2"><f>G2+1</f><v>1</v></c>'
    rows = "".join(
        line(n).replace("</row>", f"{changing.format(n)}{last if n == 2 else ''}</row>") for n in range(2, MANY)
    )
    with quick():
        grid = grid_of("a.xlsx", workbook(tmp_path / "a.xlsx", header() + rows).read_bytes())
    assert sorted(grid.look.changing) == [(4, 2, MANY - 1), (6, 2, 2), (7, 2, 2)]


def test_a_formula_of_one_long_word_is_read_once(tmp_path: Path) -> None:
    """Its letters could begin the name of a sheet, each of them."""
    formula = f'<row r="3"><c r="A3"><f>{"a" * 200_000}</f><v>1</v></c><c r="B3"><f>TODAY()</f><v>1</v></c></row>'
    with quick():
        grid_of("a.xlsx", workbook(tmp_path / "a.xlsx", header() + formula).read_bytes())


@pytest.mark.parametrize(
    ("at", "many"),
    [
        ("</cellXfs>", "<xf/>" * 2_000_000),
        ("</numFmts>", '<numFmt numFmtId="200" formatCode="0"/>' * 1_500_000),
        ("</fonts>", "<font/>" * 2_000_000),
        ("</styleSheet>", f"<dxfs>{'<dxf><font/></dxf>' * 500_000}</dxfs>"),
    ],
    ids=["cellXfs", "numFmts", "fonts", "dxfs"],
)
def test_more_styles_than_a_workbook_can_have_are_refused(at: str, many: str) -> None:
    """Two million took seven seconds; Excel allows 65,490."""
    made = parts({"Invoices": sheet_xml(header() + line(2))})
    made["xl/styles.xml"] = made["xl/styles.xml"].replace(at, many + at)
    data = zipped(made)
    with quick():
        refusal = answer_to(Request("a.xlsx", data, {}, None, Limits()))
    assert getattr(refusal, "message", "") == "a.xlsx was not opened: it holds far more styles than Excel allows."


def test_as_many_styles_as_excel_allows_are_read(tmp_path: Path) -> None:
    """With the longest form of each."""
    made = parts({"Invoices": sheet_xml(header() + line(2).replace('<c r="C2">', '<c r="C2" s="65489">'))})
    style = '<xf numFmtId="0"><alignment/><protection/></xf>' * 65_487 + '<xf numFmtId="10"/>'
    (path := tmp_path / "a.xlsx").write_bytes(
        zipped(made | {"xl/styles.xml": made["xl/styles.xml"].replace("</cellXfs>", f"{style}</cellXfs>")})
    )
    assert grid_of("a.xlsx", path.read_bytes()).look.formats == {"0.00%": [(2, 2, 2)]}


def test_the_styles_of_other_formats_are_bounded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """A document with a million names of styles, and a binary part of styles without end."""
    monkeypatch.setattr(ods_styles, "MOST_STYLES", 1_000)
    names = "".join(f'<style:style style:name="s{n}" style:family="table-cell"/>' for n in range(1_100))
    archive = ods_of(HEAD + ROW.format("", CELL.format("", "x")))
    data = zipped({**_unzipped(archive), "styles.xml": _DOCUMENT.format(names)})
    assert getattr(answer_to(Request("a.ods", data, {}, None, Limits())), "code", "") == "file.too_large"

    binary = zipped({"xl/workbook.bin": b"", "xl/styles.bin": bytes(xlsb.MOST_STYLE_BYTES + 1)})
    with quick(), pytest.raises(TooManyStyles):
        xlsb.looker(Archive("a.xlsb", binary, Limits()))


BLANK = ROW.format(' table:number-rows-repeated="1000000"', "<table:table-cell/>")
FAR_BELOW = BLANK + ROW.format("", CELL.format("", "x"))
HIDDEN = ROW.format(' table:number-rows-repeated="1000000" table:visibility="collapse"', "<table:table-cell/>")
AGAIN = ROW.format(' table:number-rows-repeated="1000000"', CELL.format("", "x"))


@pytest.mark.parametrize(
    ("rows", "count", "code"),
    [(FAR_BELOW, 100, "file.too_large"), (HIDDEN, 1000, None), (AGAIN, 1000, None), ("", 6000, "file.too_large")],
    ids=["blank", "hidden", "repeated", "empty"],
)
def test_tables_that_stand_for_millions_of_rows_cost_little(rows: str, count: int, code: str | None) -> None:
    """A kilobyte of XML, a hundred or a thousand times: gigabytes here and in the process that asks."""
    tables = "".join(f'<table:table table:name="t{number}">{HEAD}{rows}</table:table>' for number in range(count))
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    data = zipped({"mimetype": kind, "content.xml": document(tables)})
    with quick():
        assert getattr(answer_to(Request("a.ods", data, {}, None, Limits())), "code", None) == code


def test_sheets_with_far_cells_are_refused_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each alone has fewer cells than there may be, but an answer would hold the places of all."""
    monkeypatch.setattr("importer.reading.formats.calamine.MOST_CELLS", 50_000)
    far = f'<row r="1000">{text("Z1000", "x")}</row>'
    sheets = {f"s{number}": sheet_xml(header() + far) for number in range(4)}
    answer = answer_to(Request("a.xlsx", zipped(parts(sheets)), {}, None, Limits()))
    assert "too far apart" in getattr(answer, "message", "")


_DOCUMENT = (
    '<office:document-styles xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0">{}</office:document-styles>'
)


def _unzipped(data: bytes) -> dict[str, bytes]:
    archive = Archive("a.ods", data, Limits())
    return {name: archive.part(name) or b"" for name in archive.names()}
