"""Formulas that change by themselves, guesses, and conditional formats are said at their cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from raw_xlsx import parts, sheet_xml, text, zipped
from sheets import csv_file, read

from importer.reading.formats import ods
from importer.reading.formats.conditional import conditional_formats
from importer.reading.formats.formulas import Formula, Formulas, formulas_in, of_ods
from importer.reading.formats.grid import CROSSES_OUT, HIDES, Limits

if TYPE_CHECKING:
    from pathlib import Path

    from importer.model.problems import Problem

NAMES = ("Project ID", "Item type", "Amount", "Invoice date")


def problems(tmp_path: Path, *rows: str, after: str = "", book: str = "", dxfs: str = "") -> list[Problem]:
    """What is said of these rows; each is the XML of its cells from C on."""
    head = "".join(text(f"{letter}1", name) for letter, name in zip("ABCD", NAMES, strict=True))
    xml = f'<row r="1">{head}</row>'
    for number, cells in enumerate(rows, start=2):
        xml += f'<row r="{number}"><c r="A{number}"><v>101</v></c>{text(f"B{number}", "Fixed fee")}{cells}</row>'
    content = parts({"Invoices": sheet_xml(xml, after=after)}, after=book)
    content["xl/styles.xml"] = content["xl/styles.xml"].replace("</styleSheet>", f"<dxfs>{dxfs}</dxfs></styleSheet>")
    content["docProps/core.xml"] = "<a><dcterms:modified>2026-10-01T08:00:00Z</dcterms:modified></a>"
    return list(read(csv_file(tmp_path / "a.xlsx", zipped(content))).problems)


def cell(address: str, value: str, formula: str = "", shared: str = "", style: int = 0) -> str:
    """A cell with a number, and perhaps a formula."""
    inside = f"<f{shared}>{formula}</f>" if formula else f"<f{shared}/>" if shared else ""
    return f'<c r="{address}" s="{style}">{inside}<v>{value}</v></c>'


@pytest.mark.parametrize(
    "formula", ["TODAY()", "EOMONTH(NOW(),0)", "F2+1", "$F$2", "SUM(F1:F3)", "INDIRECT(G1)", "Stand+0"]
)
def test_a_date_that_changes_by_itself_is_said(tmp_path: Path, formula: str) -> None:
    """Also where it comes from another cell, or from a name; with the value and the day it was calculated."""
    names = '<definedNames><definedName name="Stand">TODAY()</definedName></definedNames>'
    row = cell("C2", "5") + cell("D2", "46326", formula, style=1) + cell("F2", "46326", "TODAY()")
    found = [one for one in problems(tmp_path, row, book=names) if one.code == "invoice_date.changing"]
    assert [one.cell for one in found] == ["D2"]
    assert "2026-10-31 when the file was saved on 2026-10-01" in found[0].message


@pytest.mark.parametrize(
    "formula", ["DATE(2026,10,31)", 'IF(A2="TODAY()",1,2)', "F3", "F20", "AF2", "Other!F2", "NOTODAY(1)"]
)
def test_other_formulas_are_fine(tmp_path: Path, formula: str) -> None:
    """Neither a text nor a name that sounds alike, nor another cell."""
    row = cell("C2", "5") + cell("D2", "46326", formula.replace('"', "&quot;"), style=1) + cell("F2", "1", "TODAY()")
    assert [one.code for one in problems(tmp_path, row) if "D2" in (one.cell or "")] == []


def test_shared_formulas_and_other_sheets_are_followed() -> None:
    """A formula that several cells share moves its references."""
    first = cell("B1", "1", "A1", ' t="shared" si="0"')
    second = cell("B2", "1", shared=' t="shared" si="0"')
    xml = f'<row r="1">{first}</row><row r="2">{second}</row>'
    formulas = formulas_in(xml.encode())
    assert formulas == {(1, 1): Formula("A1"), (2, 1): Formula("A1", 1, 0)}
    formulas[2, 0] = Formula("'It''s set'!B1+1")
    changing = Formulas({"Invoices": formulas, "It's set": {(1, 1): Formula("TODAY()")}}).changing()
    assert changing["Invoices"] == {(2, 0), (2, 1)}


def test_formulas_of_an_ods_are_followed() -> None:
    """They write references in brackets."""
    assert of_ods("of:=[.B2]+[$Set.A1]+SUM([.A1:.A3])").text == "=B2+'Set'!A1+SUM(A1:A3)"
    assert of_ods("of:=[$'It''s'.$A$1]").text == "='It''s'!$A$1"
    names = ("office", "table")
    spaces = " ".join(f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in names)
    cells = '<table:table-cell table:formula="of:=TODAY()" office:value-type="float" office:value="1"/>'
    cells += cells.replace("TODAY()", "[.A1]")
    body = f'<table:table table:name="Invoices"><table:table-row>{cells}</table:table-row></table:table>'
    xml = f"<office:a {spaces}><office:spreadsheet>{body}</office:spreadsheet></office:a>"
    grid = ods.read("a.ods", zipped({"content.xml": xml, "meta.xml": "<dc:date>2026-10-01T00:00</dc:date>"}), Limits())[
        0
    ]
    assert (grid.look.changing, grid.look.saved_on) == ([(0, 1, 1), (1, 1, 1)], "2026-10-01")


def test_stored_values_of_a_file_that_asks_to_be_calculated_are_said_once(tmp_path: Path) -> None:
    """The programs that write such files may not calculate; Excel stores values without asking."""
    rows = [cell(f"C{n}", "100", f"F{n}*2") + cell(f"D{n}", "46326", style=1) for n in (2, 3, 4)]
    found = problems(tmp_path, *rows, book='<calcPr fullCalcOnLoad="1"/>')
    assert [(one.code, one.cell, one.rows) for one in found] == [("amount.uncalculated", "C2", (2, 3, 4))]
    assert problems(tmp_path, *rows) == []


def test_conditional_formats_that_change_what_is_seen(tmp_path: Path) -> None:
    """Crossed out, in thousands, hidden; colours and the same number are fine."""
    dxfs = (
        "<dxf><font><strike/></font></dxf>"
        '<dxf><numFmt numFmtId="170" formatCode="0,"/></dxf>'
        '<dxf><font><strike val="0"/><color rgb="FFFF0000"/></font>'
        '<numFmt numFmtId="171" formatCode="#,##0.00 &quot;€&quot;"/></dxf>'
    )
    rules = [
        (f"C{n}", f'<cfRule type="expression" dxfId="{n - 2}"><formula>TRUE</formula></cfRule>') for n in (2, 3, 4)
    ]
    rules.append(("C5:E6 C9", '<cfRule type="dataBar"><dataBar showValue="0"/></cfRule>'))
    after = "".join(f'<conditionalFormatting sqref="{area}">{rule}</conditionalFormatting>' for area, rule in rules)
    rows = [cell(f"C{n}", "500") + cell(f"D{n}", "46326", style=1) for n in range(2, 8)]
    found = problems(tmp_path, *rows, after=after, dxfs=dxfs)
    assert sorted((one.code, one.rows) for one in found) == [
        ("amount.conditional", (2,)),
        ("amount.conditional", (3,)),
        ("amount.conditional", (5, 6)),
        ("invoice_date.conditional", (5, 6)),
    ]


def test_conditional_formats_of_newer_excel() -> None:
    """Their styles and areas stand within the rule."""
    xml = (
        b"<x14:conditionalFormatting><x14:cfRule><x14:dxf><font><strike/></font></x14:dxf></x14:cfRule>"
        b"<xm:sqref>C2:C3 D4</xm:sqref></x14:conditionalFormatting>"
        b'<conditionalFormatting sqref="$E$1"><cfRule><iconSet showValue="0"/></cfRule></conditionalFormatting>'
    )
    found = conditional_formats(b"<a>" + b" " * 200 + xml, {})
    assert {change: [str(area) for area in areas] for change, areas in found.items()} == {
        CROSSES_OUT: ["C2:C3", "D4:D4"],
        HIDES: ["E1:E1"],
    }
