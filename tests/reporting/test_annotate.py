"""The annotated copy is the user's own workbook: marked, commented, nothing lost, and ready to be submitted again."""

from __future__ import annotations

import datetime as dt
import io
import shutil
import stat
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import openpyxl
import pytest
import sheets
import xlsxwriter
from python_calamine import CalamineWorkbook
from raw_xlsx import parts, sheet_xml, text, zipped
from sheets import table

from importer.model.problems import Problem, Severity
from importer.model.sheet import ANNOTATION_MARK
from importer.reporting.annotated import comments, worksheet
from importer.reporting.annotated.annotate import annotate
from importer.reporting.annotated.annotations import Annotations, Answer, Mark
from importer.reporting.annotated.package import CannotAnnotate
from importer.reporting.annotated.patching import check, patched
from importer.reporting.annotated.styles import MARK_COLOURS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from programs import Cli, Finished

    from importer.reporting.report import Report
    from importer.sandbox.running import Sandbox

RED, ORANGE = MARK_COLOURS[Severity.ERROR], MARK_COLOURS[Severity.WARNING]
HEADER = ("Project ID", "Invoice key", "Item type", "Description", "Amount", "Double", "Invoice date", "Net days")
FAULTY = {8: 12.5, 10: "many"}
"""Row → amount that is refused."""
SHEET = "Anna's rows & more"


def rich(path: Path, amounts: Mapping[int, object] = FAULTY, sheet: str = SHEET) -> Path:
    """Write a workbook that holds about everything: five invoices of one row each, in rows 6 to 10."""
    book = xlsxwriter.Workbook(str(path))
    notes, page = book.add_worksheet("Notes"), book.add_worksheet(sheet)
    notes.write_formula("B2", "=1+1", None, 2)
    page.merge_range("A1:H1", "October", book.add_format({"bold": True, "bg_color": "#DDEEFF"}))
    head = book.add_format({"bold": True, "bg_color": "#333333", "font_color": "white"})
    money, day = book.add_format({"num_format": "#,##0.00 €"}), book.add_format({"num_format": "dd.mm.yyyy"})
    page.write_row("A5", HEADER, head)
    for row in range(6, 11):
        text = "=cmd|'/c calc'!A1" if row == 6 else f"Work {row} <&>"
        page.write_row(row - 1, 0, [101, f"k{row}", "Fixed fee"])
        page.write_string(row - 1, 3, text)
        page.write(row - 1, 4, amounts.get(row, 100 + row), money)
        page.write_formula(row - 1, 5, f"=E{row}*2", money, 200)
        page.write_datetime(row - 1, 6, dt.datetime(2026, 10, 31), day)  # noqa: DTZ001 - a cell has no zone
        page.write(row - 1, 7, 30)
    page.set_column("D:D", 40)
    page.set_row(6, 33)
    page.freeze_panes(5, 1)
    page.autofilter("A5:H10")
    page.print_area("A1:H10")
    page.data_validation("C6:C10", {"validate": "list", "source": ["Fixed fee", "Time entry"]})
    page.conditional_format("E6:E10", {"type": "data_bar"})
    page.write_comment("E8", "Anna: check this")
    page.write_comment("A6", "Another note")
    page.activate()
    other = book.add_worksheet("Table")
    other.add_table("A1:B3", {"data": [[1, 2], [3, 4]]})
    chart = book.add_chart({"type": "column"})
    chart.add_series({"values": "=Table!$A$2:$A$3"})
    other.insert_chart("D2", chart)
    other.write_url("A9", "https://example.com/")
    book.define_name("Everywhere", "=Notes!$B$2")
    book.define_name(f"{sheet}!Here", "=Notes!$B$2")
    book.close()
    return path


def submitted(cli: Cli, sandbox: Sandbox, path: Path, *more: str) -> Finished:
    """Submit what is sound of a file."""
    return cli.at(sandbox).run("submit", path, "--yes", "--json", "--partial", *more)


def copy_of(done: Finished) -> Path:
    """The annotated copy that a run names."""
    return Path(done.document["files"]["annotated"])


def colour(cell: Any) -> str | None:
    """Colour of a filled cell."""
    return cell.fill.fgColor.rgb if cell.fill.fill_type else None


def shape(cell: Any) -> tuple[object, ...]:
    """Value and looks of a cell, but for its colour."""
    return cell.value, cell.number_format, *(repr(one) for one in (cell.font, cell.border, cell.alignment))


def fix(path: Path, amounts: Mapping[int, object], sheet: str = SHEET, column: int = 5) -> None:
    """Type other amounts and save, as openpyxl does; the stored results of formulas are not needed here."""
    book = openpyxl.load_workbook(path)
    for row, amount in amounts.items():
        book[sheet].cell(row, column).value = amount
    book.save(path)


def test_each_wrong_cell_is_coloured_and_says_what_is_wrong_and_the_users_own_comment_stays(
    cli: Cli, sandbox: Sandbox
) -> None:
    """An error in red, a warning in orange; our words below the user's; other comments and formats are as before."""
    done = submitted(cli, sandbox, rich(cli.folder / "october.xlsx"))
    sheet = openpyxl.load_workbook(copy_of(done))[SHEET]
    assert (colour(sheet["E8"]), colour(sheet["E10"]), colour(sheet["F5"])) == (RED, RED, ORANGE)
    assert sheet["E8"].number_format == "#,##0.00 €"
    own, ours = sheet["E8"].comment.text.split("\n\ninvoice-importer:\n")
    assert own == "Anna: check this"
    assert ours.startswith("The amount 12.5 has cents.")
    assert "\nHow to fix it: " in ours
    assert sheet["E10"].comment.text.startswith("invoice-importer:\n")
    assert sheet["A6"].comment.text == "Another note"
    assert [colour(sheet.cell(row, 5)) for row in (6, 7, 9)] == [None] * 3


def test_all_cells_of_a_doubtful_column_are_marked(cli: Cli) -> None:
    """One problem speaks of both, so both are coloured and say why; a sound number beside them is not."""
    rows = [[101, "Fixed fee", amount] for amount in ("500,-", "12.50", 7)]
    path = table(cli.folder / "a.xlsx", ["Project ID", "Item type", "Amount"], *rows)
    sheet = openpyxl.load_workbook(copy_of(cli.run("preview", path, "--offline", "--json")))["Invoices"]
    assert [colour(sheet[f"C{row}"]) for row in (2, 3, 4)] == [RED, RED, None]
    assert sheet["C3"].comment.text == sheet["C2"].comment.text


def test_nothing_of_the_workbook_is_lost_or_changed(cli: Cli, sandbox: Sandbox) -> None:
    """Every part is still there; parts that are not ours byte for byte; values, formulas, widths, names as before."""
    source = rich(cli.folder / "october.xlsx")
    before, made = source.read_bytes(), copy_of(submitted(cli, sandbox, source))
    old, new = sheets.parts(before), sheets.parts(made.read_bytes())
    assert set(old) <= set(new)
    touched = {name for name in old if old[name] != new[name]}
    assert touched == {
        "[Content_Types].xml",
        "xl/workbook.xml",
        "xl/_rels/workbook.xml.rels",
        "xl/styles.xml",
        "xl/comments1.xml",
        "xl/drawings/vmlDrawing1.vml",
        "xl/worksheets/sheet2.xml",
        "xl/worksheets/_rels/sheet2.xml.rels",
    }
    one, other = openpyxl.load_workbook(source), openpyxl.load_workbook(made)
    assert other.sheetnames == ["Import problems", *one.sheetnames]
    sheet, copy = one[SHEET], other[SHEET]
    for row in sheet.iter_rows():
        for cell in row:
            twin = copy[cell.coordinate]
            assert shape(twin) == shape(cell)
    assert (copy.freeze_panes, copy.auto_filter.ref, copy.print_area) == ("B6", "A5:H10", sheet.print_area)
    assert copy.column_dimensions["D"].width == sheet.column_dimensions["D"].width
    assert copy.merged_cells.ranges == sheet.merged_cells.ranges
    assert copy.data_validations.dataValidation[0].sqref == sheet.data_validations.dataValidation[0].sqref
    assert set(copy.defined_names) == {"Here"}
    assert [page.sheet_view.tabSelected for page in other].count(True) == 1  # two selected sheets are edited together


def test_the_stored_results_of_formulas_stay(cli: Cli, sandbox: Sandbox) -> None:
    """A copy without them would be refused at every formula until Excel has saved it."""
    made = copy_of(submitted(cli, sandbox, rich(cli.folder / "october.xlsx")))
    assert openpyxl.load_workbook(made, data_only=True)[SHEET]["F6"].value == 200


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("soffice") is None, reason="needs LibreOffice")
def test_libreoffice_reads_the_copy_as_it_reads_the_original(cli: Cli, sandbox: Sandbox) -> None:
    """Another program than ours opens it, with the same cells in the same places."""
    source = rich(cli.folder / "october.xlsx")
    made = copy_of(submitted(cli, sandbox, source))
    out = cli.folder / "office"
    for path in (source, made):
        subprocess.run(
            [
                "soffice",
                f"-env:UserInstallation=file://{cli.folder}/profile",
                "--headless",
                "--convert-to",
                "ods",
                "--outdir",
                str(out),
                str(path),
            ],
            check=True,
            capture_output=True,
            timeout=600,
        )
    old, new = (CalamineWorkbook.from_path(str(out / f"{path.stem}.ods")) for path in (source, made))
    for name in old.sheet_names:
        rows = new.get_sheet_by_name(name).to_python(skip_empty_area=False)
        expected = old.get_sheet_by_name(name).to_python(skip_empty_area=False)
        assert [row[: len(expected[0])] for row in rows] == expected


def test_the_first_sheet_lists_every_matter_with_a_link_to_its_cell(cli: Cli, sandbox: Sandbox) -> None:
    """Severity, cell, value, what is wrong, how to fix it; the link is internal, whatever the sheet is called."""
    book = openpyxl.load_workbook(copy_of(submitted(cli, sandbox, rich(cli.folder / "october.xlsx"))))
    first = book.worksheets[0]
    assert str(first["A1"].value).startswith(ANNOTATION_MARK)
    assert [cell.value for cell in first[10]] == ["Severity", "Cell", "Value", "What is wrong", "How to fix it"]
    listed = [[cell.value for cell in row[:3]] for row in first.iter_rows(min_row=11)]
    assert listed == [
        ["error", f"{SHEET}!E8", "12.5"],
        ["error", f"{SHEET}!E10", "many"],
        ["warning", f"{SHEET}!F5", "Double"],
    ]
    assert first["B11"].hyperlink.location == "'Anna''s rows & more'!E8"
    assert first["B11"].hyperlink.target is None


def test_every_row_has_its_answer_at_the_right(cli: Cli, sandbox: Sandbox) -> None:
    """Status, id, link, error and what to do stand right of the table; the link can be clicked."""
    sheet = openpyxl.load_workbook(copy_of(submitted(cli, sandbox, rich(cli.folder / "october.xlsx"))))[SHEET]
    titles = [sheet.cell(5, at).value for at in range(9, 14)]
    assert titles == ["status", "invoice_id", "invoice_link", "error", "what_to_do"]
    assert [sheet.cell(row, 9).value for row in range(6, 11)] == [
        "created",
        "created",
        "not sent",
        "created",
        "not sent",
    ]
    assert sheet["K6"].value.endswith(f"/{sheet['J6'].value}")
    assert "has cents" in sheet["L8"].value


def test_fixed_and_submitted_as_it_is_only_what_is_missing_is_sent(cli: Cli, sandbox: Sandbox) -> None:
    """Three times in a row: no invoice twice, none forgotten; old marks, comments and lists do not pile up."""
    done = submitted(cli, sandbox, rich(cli.folder / "october.xlsx"))
    assert sorted(done.statuses) == ["created"] * 3 + ["not_sent"] * 2
    first = copy_of(done)
    fix(first, {8: 12})
    with_values(first)
    again = submitted(cli, sandbox, first)
    assert again.document["batch"] == done.document["batch"] == "2026-10"
    assert sorted(again.statuses) == ["already_created"] * 3 + ["created", "not_sent"]
    second = copy_of(again)
    book = openpyxl.load_workbook(second)
    assert book.sheetnames == ["Import problems", "Notes", SHEET, "Table"]
    assert book.worksheets[0].max_row == 12
    sheet = book[SHEET]
    assert (colour(sheet["E8"]), sheet["E8"].comment.text) == (None, "Anna: check this")
    assert sheet["E10"].comment.text.count("invoice-importer:") == 1
    assert [sheet.cell(5, at).value for at in (9, 13, 14)] == ["status", "what_to_do", None]
    fix(second, {10: 13})
    with_values(second)
    last = submitted(cli, sandbox, second)
    assert sorted(last.statuses) == ["already_created"] * 4 + ["created"]
    assert last.document["files"]["annotated"] is None
    assert len(sandbox.invoices()) == 5


def with_values(path: Path) -> None:
    """Store the result of every formula, as Excel does when it saves: openpyxl leaves them out."""
    parts = {name: content.decode() for name, content in sheets.parts(path.read_bytes()).items() if name[-3:] != "bin"}
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, text.replace("</f><v />", "</f><v>1</v>").replace("</f><v></v>", "</f><v>1</v>"))


def test_a_mark_gives_the_users_own_colour_back() -> None:
    """The colour that a mark covers returns when the mark goes, through the programs that save in between."""
    stream = io.BytesIO()
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = "S"
    sheet.append(["a", "b"])
    sheet["A1"].fill = openpyxl.styles.PatternFill("solid", start_color="FF112233")
    book.save(stream)

    def job(*marked: str) -> Annotations:
        marks = {one: Mark(Severity.ERROR, ["x"]) for one in marked}
        return Annotations("S", 1, 2, frozenset(), marks, {}, (), (), "")

    once = patched(stream.getvalue(), job("A1", "B1")).package.saved()
    both = openpyxl.load_workbook(io.BytesIO(once))["S"]
    assert (colour(both["A1"]), colour(both["B1"])) == (RED, RED)
    saved = io.BytesIO()
    openpyxl.load_workbook(io.BytesIO(once)).save(saved)
    twice = openpyxl.load_workbook(io.BytesIO(patched(saved.getvalue(), job()).package.saved()))["S"]
    assert (colour(twice["A1"]), colour(twice["B1"])) == ("FF112233", None)
    assert (twice["A1"].comment, twice["B1"].comment) == (None, None)


def test_a_merged_range_shows_the_worst_of_its_cells_at_its_first() -> None:
    """Only the first cell of a merged range shows anything: it has every text, and red when one is an error."""
    stream = io.BytesIO()
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = "S"
    sheet.append(["a", "b"])
    sheet.append([1])
    sheet.merge_cells("A2:B2")
    book.save(stream)
    marks = {"A2": Mark(Severity.WARNING, ["first"]), "B2": Mark(Severity.ERROR, ["second"])}
    made = patched(stream.getvalue(), Annotations("S", 1, 2, frozenset(), marks, {}, (), (), "")).package.saved()
    cell = openpyxl.load_workbook(io.BytesIO(made))["S"]["A2"]
    assert colour(cell) == RED
    assert "first" in cell.comment.text
    assert "second" in cell.comment.text


def test_many_marks_cost_little_more_than_a_few(monkeypatch: pytest.MonkeyPatch) -> None:
    """The XML of a large sheet is searched a few times, not once for each mark, nor for each one that goes away."""
    stream = io.BytesIO()
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = "S"
    for number in range(300):
        sheet.append([number])
    book.save(stream)
    searched = [0]

    def counted(found: Callable[..., Any]) -> Callable[..., Any]:
        def run(*given: Any) -> Any:
            searched[0] += 1
            return found(*given)

        return run

    monkeypatch.setattr(worksheet, "section", counted(worksheet.section))
    shapes = SimpleNamespace(sub=counted(comments._SHAPES.sub), findall=counted(comments._SHAPES.findall))  # noqa: SLF001
    monkeypatch.setattr(comments, "_SHAPES", shapes)
    marks = {f"C{number}": Mark(Severity.ERROR, ["x"]) for number in range(2, 300)}
    job = Annotations("S", 1, 1, frozenset(), marks, {}, (), (), "")
    made = patched(stream.getvalue(), job).package.saved()
    again = patched(made, replace(job, marks={"C2": marks["C2"]})).package.saved()
    assert searched[0] < 20
    cells = openpyxl.load_workbook(io.BytesIO(again))["S"]
    assert [bool(cells[f"C{number}"].comment) for number in range(2, 300)] == [True] + [False] * 297


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("soffice") is None, reason="needs LibreOffice")
@pytest.mark.filterwarnings("ignore:.*extension is not supported:UserWarning")
def test_marks_are_known_again_after_libreoffice_has_saved_the_copy(cli: Cli, sandbox: Sandbox) -> None:
    """It cuts comments into runs and rewrites colours; ours go all the same, and the user's words stay."""
    first = copy_of(submitted(cli, sandbox, rich(cli.folder / "october.xlsx")))
    subprocess.run(
        [
            "soffice",
            f"-env:UserInstallation=file://{cli.folder}/profile",
            "--headless",
            "--convert-to",
            "xlsx",
            "--outdir",
            str(cli.folder / "office"),
            str(first),
        ],
        check=True,
        capture_output=True,
        timeout=600,
    )
    saved = cli.folder / "office" / first.name
    parts = sheets.parts(saved.read_bytes())
    with zipfile.ZipFile(saved, "w") as archive:  # a number fixed as LibreOffice stores it
        for name, content in parts.items():
            archive.writestr(name, content.replace(b"<v>12.5</v>", b"<v>12</v>"))
    again = submitted(cli, sandbox, saved)
    assert sorted(again.statuses) == ["already_created"] * 3 + ["created", "not_sent"]
    sheet = openpyxl.load_workbook(copy_of(again))[SHEET]
    assert (colour(sheet["E8"]), sheet["E8"].comment.text) == (None, "Anna: check this")
    assert sheet["E10"].comment.text.count("invoice-importer:") == 1


def test_a_csv_becomes_a_workbook_whose_texts_stay_texts(cli: Cli, sandbox: Sandbox) -> None:
    """Same rows at the same numbers; a text that looks like a formula is none; it can be submitted as it is."""
    path = cli.sheet(
        {"amount": 5, "notes": "=cmd|' /c calc'!A1", "invoice_key": "a"}, {"amount": "x", "invoice_key": "b"}
    )
    done = submitted(cli, sandbox, path, "--batch", "B7")
    made = copy_of(done)
    sheet = openpyxl.load_workbook(made)["october"]
    texts = [cell for row in sheet.iter_rows() for cell in row if str(cell.value).startswith("=")]
    assert [cell.data_type for cell in texts] == ["s"]
    assert next(cell.coordinate for row in sheet.iter_rows() for cell in row if colour(cell) == RED) == "D3"
    fix(made, {3: 7}, "october", 4)
    again = submitted(cli, sandbox, made)
    assert (again.document["batch"], again.statuses) == ("B7", ["already_created", "created"])


def test_a_workbook_that_cannot_be_changed_in_place_comes_as_a_plain_table(cli: Cli) -> None:
    """And the run says what the copy lacks."""
    parts = sheets.parts(rich(cli.folder / "october.xlsx").read_bytes())
    with zipfile.ZipFile(cli.folder / "october.xlsx", "w") as archive:
        for name, content in parts.items():
            if name != "xl/styles.xml":
                archive.writestr(name, content)
    done = cli.run("preview", "october.xlsx", "--json")
    book = openpyxl.load_workbook(copy_of(done))
    assert book.sheetnames == ["Import problems", SHEET]
    assert (book[SHEET]["E8"].value, colour(book[SHEET]["E8"])) == (12.5, RED)
    assert any("could not be annotated in place" in notice for notice in done.document["notices"])


def test_a_preview_marks_without_answers_and_leaves_the_batch_to_the_dates(cli: Cli) -> None:
    """Nothing was sent, so dates that are fixed may still make another batch; a named one stays."""
    source = rich(cli.folder / "october.xlsx")
    book = openpyxl.load_workbook(copy_of(cli.run("preview", source, "--json")))
    assert (book[SHEET]["I5"].value, book.worksheets[0]["A7"].value) == (None, "Billing period")
    named = openpyxl.load_workbook(copy_of(cli.run("preview", source, "--json", "--batch", "B7")))
    assert [cell.value for cell in named.worksheets[0][7][:2]] == ["Batch", "B7"]


def test_no_copy_without_problems_or_when_it_is_not_wanted(cli: Cli) -> None:
    """Only errors make a copy unasked; --annotate makes one for warnings; --no-annotate none at all."""
    sound = rich(cli.folder / "sound.xlsx", {})
    assert cli.run("preview", sound, "--json").document["files"]["annotated"] is None
    assert copy_of(cli.run("preview", sound, "--json", "--annotate")).exists()
    faulty = rich(cli.folder / "faulty.xlsx")
    assert cli.run("preview", faulty, "--json", "--no-annotate").document["files"]["annotated"] is None


def test_the_copy_is_its_owners_alone(cli: Cli) -> None:
    """As all results are."""
    made = copy_of(cli.run("preview", rich(cli.folder / "october.xlsx"), "--json"))
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    assert [path.name for path in made.parent.iterdir() if path.name.endswith(".part")] == []


def test_the_users_own_cover_names_the_batch_before_the_copys_first_sheet(tmp_path: Path) -> None:
    """And texts of the list below its head never do."""
    head: list[list[object]] = [[ANNOTATION_MARK], [], [], ["Batch", "ours"]]
    rows = [["workspace_id", "item_type"], [101, "fixed_fee"]]
    both = {"Import problems": head, "Cover": [["Batch", "own"]], "Invoices": rows}
    assert sheets.read(sheets.workbook(tmp_path / "a.xlsx", both)).batch == "own"
    del both["Cover"]
    assert sheets.read(sheets.workbook(tmp_path / "b.xlsx", both)).batch == "ours"
    both["Import problems"] = [[ANNOTATION_MARK], *[[] for _ in range(9)], ["Batch", "no"], ["x", "Batch", "no"]]
    assert sheets.read(sheets.workbook(tmp_path / "c.xlsx", both)).batch is None


def test_columns_right_of_the_table_are_not_written_over() -> None:
    """A formula without a result is invisible to the reader, but it is the user's."""
    stream = io.BytesIO()
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = "S"
    sheet.append(["a", "b", None, "=1+1"])
    sheet.append([1, 2])
    book.save(stream)
    answers = {2: Answer(("created", "1", "", "", ""), None)}
    made = patched(stream.getvalue(), Annotations("S", 1, 2, frozenset(), {}, answers, (), (), ""))
    assert made.answers == range(4, 9)
    assert openpyxl.load_workbook(io.BytesIO(made.package.saved()))["S"]["D1"].value == "=1+1"


def test_every_new_part_is_declared_as_excel_expects_it(cli: Cli) -> None:
    """Excel opens no file with a part whose type it does not know; openpyxl and LibreOffice do not mind."""
    path = sheets.records(
        cli.folder / "a.xlsx", {"workspace_id": 101, "item_type": "fixed_fee", "amount": 1.5, "payment_schedule": 30}
    )
    parts = sheets.parts(copy_of(cli.run("preview", path, "--json")).read_bytes())
    kind = "application/vnd.openxmlformats-officedocument."
    types = parts["[Content_Types].xml"].decode()
    for part, declared in (
        ("/xl/worksheets/sheet2.xml", f"{kind}spreadsheetml.worksheet+xml"),
        ("/xl/comments1.xml", f"{kind}spreadsheetml.comments+xml"),
    ):
        assert part[1:] in parts
        assert f'<Override PartName="{part}" ContentType="{declared}"/>' in types
    assert "xl/drawings/vmlDrawing1.vml" in parts
    assert f'<Default Extension="vml" ContentType="{kind}vmlDrawing"/>' in types


@pytest.mark.parametrize("area", ["Z1:A10000000000000", "A10000000000000:B1", "C5:C1000000000000"])
def test_a_merged_range_that_is_none_marks_nothing(area: str) -> None:
    """Its corners the wrong way round, or far below any sheet: it took for ever."""
    rows = f'<row r="1">{text("A1", "x")}</row>'
    data = zipped(parts({"S": sheet_xml(rows, after=f'<mergeCells><mergeCell ref="{area}"/></mergeCells>')}))
    annotations = Annotations("S", 1, 1, frozenset(), {"A1": Mark(Severity.ERROR, ["x"])}, {}, (), (), "")
    made = sheets.parts(patched(data, annotations).package.saved())
    assert b'ref="A1"' in made["xl/comments1.xml"]


def with_macros(cli: Cli, name: str) -> None:
    """Write a workbook with macros under any name."""
    parts = sheets.parts(rich(cli.folder / "plain.xlsx").read_bytes())
    types = parts["[Content_Types].xml"].decode()
    main = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
    types = types.replace(main, "application/vnd.ms-excel.sheet.macroEnabled.main+xml")
    types = types.replace(
        "<Override", '<Default Extension="bin" ContentType="application/vnd.ms-office.vbaProject"/><Override', 1
    )
    with zipfile.ZipFile(cli.folder / name, "w") as archive:
        for part, content in (
            parts | {"[Content_Types].xml": types.encode(), "xl/vbaProject.bin": b"\xd0\xcf"}
        ).items():
            archive.writestr(part, content)


@pytest.mark.parametrize("name", ["october.xlsm", "october.xlsx"])
def test_the_copy_holds_no_macros(cli: Cli, name: str) -> None:
    """What this program hands out runs nothing, whatever the ending said; formats and other sheets stay."""
    with_macros(cli, name)
    made = copy_of(cli.run("preview", name, "--json"))
    parts = sheets.parts(made.read_bytes())
    assert made.suffix == ".xlsx"
    assert [part for part in parts if "vba" in part.lower()] == []
    assert not any(word in parts["[Content_Types].xml"] for word in (b"macroEnabled", b"vbaData"))
    assert b"vbaProject" not in parts["xl/_rels/workbook.xml.rels"]
    assert openpyxl.load_workbook(made).sheetnames == ["Import problems", "Notes", SHEET, "Table"]


def test_sheets_of_old_macros_are_left_out(cli: Cli) -> None:
    """They cannot be taken out of a workbook with certainty: the copy holds the table only."""
    source = rich(cli.folder / "october.xlsx")
    parts = sheets.parts(source.read_bytes())
    kind = b"application/vnd.ms-excel.macrosheet+xml"
    old = b'<Override PartName="/xl/macrosheets/sheet1.xml" ContentType="' + kind + b'"/></Types>'
    types = parts["[Content_Types].xml"].replace(b"</Types>", old)
    source.write_bytes(zipped(parts | {"[Content_Types].xml": types, "xl/macrosheets/sheet1.xml": b"<xm/>"}))
    done = cli.run("preview", source, "--json")
    assert "it holds sheets of macros" in done.stdout
    assert "xl/macrosheets/sheet1.xml" not in sheets.parts(copy_of(done).read_bytes())


HOLDING_UP = """
import time
from importer.reporting.annotated import child
child.patched = lambda *_: {what}
"""


@pytest.mark.parametrize("what", ["time.sleep(60)", "bytearray(2**33)", "child.gc.disable(1)"])
@pytest.mark.usefixtures("real_child")
def test_a_file_that_takes_too_much_gets_no_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    """The copy is made by a process with bounds; the run goes on without it and says why."""
    main = HOLDING_UP.format(what=what) + "child.main()"
    command = tmp_path / "python"
    script = sheets.csv_file(tmp_path / "child.py", main)
    command.write_text(f"#!/bin/sh\nexec {sys.executable} {script}\n")
    command.chmod(0o700)
    sheet = sheets.read(rich(tmp_path / "a.xlsx"))
    problem = Problem("x", "wrong", "fix it", sheet=sheet.name, cell="E8", row=8)
    facts = {"command": "preview", "sheet": sheet, "planned": (), "problems": (problem,), "run_id": "r", "batch": "b"}
    report = cast("Report", SimpleNamespace(**facts, source=SimpleNamespace(path="a.xlsx")))
    assert annotate(report, tmp_path, batch_named=False).path is not None

    monkeypatch.setattr("importer.reporting.annotated.annotate.MOST_SECONDS", 2)
    monkeypatch.setattr(sys, "executable", str(command))
    done = annotate(report, tmp_path / "none", batch_named=False)
    assert (done.path, len(done.notices)) == (None, 1)
    assert done.notices[0].startswith("The annotated copy could not be written: it takes ")


def test_a_sheet_of_the_users_own_with_our_name_is_left_alone(cli: Cli) -> None:
    """The list takes a free name, and a user's sheet of that name may hold the rows."""
    source = rich(cli.folder / "october.xlsx", sheet="Import problems")
    book = openpyxl.load_workbook(copy_of(cli.run("preview", source, "--json")))
    assert book.sheetnames == ["Import problems 2", "Notes", "Import problems", "Table"]
    assert book["Import problems 2"]["B11"].hyperlink.location == "'Import problems'!E8"


def test_a_file_that_changed_meanwhile_is_not_marked(tmp_path: Path) -> None:
    """The marks belong to the bytes that were read; the run goes on without the copy and says why."""
    sheet = sheets.read(rich(tmp_path / "a.xlsx"))
    sheet.path.write_bytes(b"other")
    problem = Problem("x", "wrong", "fix it", sheet=sheet.name, cell="E8", row=8)
    report = cast("Report", SimpleNamespace(command="preview", sheet=sheet, planned=(), problems=(problem,)))
    done = annotate(report, tmp_path, batch_named=False)
    assert done.path is None
    assert "has changed since it was read" in done.notices[0]


def test_a_copy_that_lost_or_changed_something_is_not_handed_out(tmp_path: Path) -> None:
    """It is read back before it gets its name: every part must be there and every cell must read as before."""
    data = rich(tmp_path / "a.xlsx").read_bytes()
    annotations = Annotations(SHEET, 5, 8, frozenset(), {"E8": Mark(Severity.ERROR, ["x"])}, {}, (), (), "")
    good = patched(data, annotations)
    copy = good.package.saved()
    check(data, copy, good, annotations)
    parts = sheets.parts(copy)
    sheet = parts["xl/worksheets/sheet2.xml"]
    for wrong in (
        {"xl/worksheets/sheet2.xml": sheet.replace(b"<v>12.5</v>", b"<v>12.6</v>")},
        {"xl/charts/chart1.xml": b""},
    ):
        bad = {name: content for name, content in (parts | wrong).items() if content}
        with pytest.raises(CannotAnnotate):
            check(data, zipped(bad), good, annotations)


def test_what_is_no_workbook_is_refused_not_damaged() -> None:
    """So that the plain table is written instead."""
    annotations = Annotations("S", 1, 1, frozenset(), {}, {}, (), (), "")
    with pytest.raises(CannotAnnotate):
        patched(b"no zip", annotations)
