"""Parts of a workbook with other names, encodings or marks are read as Excel reads them, or refused."""

from __future__ import annotations

import io
import re
import tracemalloc
import zipfile
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from raw_xlsx import parts, sheet_xml, text, zipped

from importer.model.errors import FileProblem
from importer.reading.formats import calamine, xls
from importer.reading.formats.grid import Limits
from importer.reading.formats.identify import Format, identify, is_encrypted_package

if TYPE_CHECKING:
    from collections.abc import Mapping

    from importer.reading.formats.grid import Grid

ROWS = f'<row r="1">{text("A1", "Amount")}<c r="B1" s="1"><v>46326</v></c><c r="C1" t="s"><v>0</v></c></row>'
UTF_16 = '<?xml version="1.0" encoding="UTF-16"?>'


def grids_of(content: Mapping[str, str | bytes]) -> list[Grid]:
    """The sheets of an .xlsx."""
    data = zipped(content)
    assert identify("a.xlsx", data) is Format.XLSX
    return calamine.read("a.xlsx", data, Format.XLSX, Limits())


def shown(grid: Grid) -> list[list[str]]:
    """The cells of a sheet as texts."""
    return [[str(cell) for cell in row] for row in grid.rows]


def book(rows: str = ROWS, **more: str) -> dict[str, str | bytes]:
    """The parts of a workbook with one sheet."""
    return {**parts({"Invoices": sheet_xml(rows, **more)}, strings=["<t>a text</t>"])}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-16-le", "utf-32", "cp1252"])
def test_parts_in_another_encoding_are_read(encoding: str) -> None:
    """A sheet in UTF-16 was read as empty: a Cover lost its control totals by that."""
    content = book()
    declared = "windows-1252" if encoding == "cp1252" else encoding
    for name, xml in content.items():
        assert isinstance(xml, str)
        plain = re.sub(r"<\?xml[^>]*\?>", "", xml).replace("a text", "ä text")
        content[name] = f'<?xml version="1.0" encoding="{declared}"?>{plain}'.encode(encoding)
    content["[Content_Types].xml"] = parts({"Invoices": ""})["[Content_Types].xml"]
    assert shown(grids_of(content)[0]) == [["Amount", "2026-10-31", "ä text"]]


@pytest.mark.parametrize("name", ["xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/other.dat"])
def test_a_document_type_is_refused_in_every_encoding(name: str) -> None:
    """Entities of UTF-16 are those of UTF-8."""
    content = book()
    content[name] = f'{UTF_16}<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'.encode("utf-16")
    with pytest.raises(FileProblem) as caught:
        grids_of(content)
    assert caught.value.code == "file.unsafe"


def test_parts_are_found_by_their_relations() -> None:
    """Styles, texts and the workbook itself may have any name: without its styles a date is a number."""
    content = book()
    for old, new in (("xl/styles.xml", "xl/s1.xml"), ("xl/sharedStrings.xml", "xl/Texts.xml")):
        content[new] = content.pop(old)
    links = str(content.pop("xl/_rels/workbook.xml.rels"))
    content["xl/_rels/book2.xml.rels"] = links.replace('"styles.xml', '"s1.xml').replace(
        '"sharedStrings.xml', '"Texts.xml'
    )
    content["xl/book2.xml"] = content.pop("xl/workbook.xml")
    content["_rels/.rels"] = str(content["_rels/.rels"]).replace("workbook.xml", "book2.xml")
    assert shown(grids_of(content)[0]) == [["Amount", "2026-10-31", "a text"]]


@pytest.mark.parametrize("extent", ["1:4", "A:C", "", "XFE1", "A1:B2:C3"])
def test_an_extent_that_is_none_changes_nothing(extent: str) -> None:
    """LibreOffice writes an extent of rows alone."""
    content = book(before=f'<dimension ref="{extent}"/>')
    assert shown(grids_of(content)[0]) == [["Amount", "2026-10-31", "a text"]]


def test_line_breaks_around_values_change_nothing() -> None:
    """Some programs write each element on a line of its own."""
    rows = ROWS.replace("<v>", "<v>\n  ").replace("</v>", "\n</v>").replace("><", ">\n<")
    assert shown(grids_of(book(rows))[0]) == [["Amount", "2026-10-31", "a text"]]


def test_a_sheet_without_a_part_and_old_macros_are_passed_over() -> None:
    """The sheets with cells are read all the same."""
    content = book()
    macros = '<sheet name="Macro1" sheetId="8" r:id="rId77"/><sheet name="Gone" sheetId="9" r:id=""/></sheets>'
    content["xl/workbook.xml"] = str(content["xl/workbook.xml"]).replace("</sheets>", macros)
    kind = "http://schemas.microsoft.com/office/2006/relationships/xlMacrosheet"
    link = f'<Relationship Id="rId77" Type="{kind}" Target="macrosheets/sheet1.xml"/></Relationships>'
    name = "xl/_rels/workbook.xml.rels"
    content[name] = str(content[name]).replace("</Relationships>", link)
    content["xl/macrosheets/sheet1.xml"] = "<macrosheet/>"
    found = grids_of(content)
    assert [grid.name for grid in found] == ["Invoices"]
    assert shown(found[0]) == [["Amount", "2026-10-31", "a text"]]


def test_sheets_that_share_a_part_are_refused() -> None:
    """Thousands of them would be read one after the other."""
    content = book()
    again = '<sheet name="Again" sheetId="8" r:id="rId1"/></sheets>'
    content["xl/workbook.xml"] = str(content["xl/workbook.xml"]).replace("</sheets>", again)
    with pytest.raises(FileProblem, match="written in a way"):
        grids_of(content)


def test_a_huge_part_that_names_the_kind_is_not_unpacked() -> None:
    """What a file is, its beginning says."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", bytes(100 * 2**20))
    tracemalloc.start()
    with pytest.raises(FileProblem, match="not an Excel workbook"):
        identify("a.ods", target.getvalue())
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 10 * 2**20


@pytest.mark.parametrize("stream", ["Workbook", "BOOK", "WORKBOOK"])
def test_the_stream_of_an_old_workbook_has_any_case(stream: str) -> None:
    """Other programs than Excel write capitals."""
    assert not is_encrypted_package("a.xls", stream.encode("utf-16-le"))


def test_a_sensitivity_label_is_called_by_its_name() -> None:
    """Such a file is not damaged; only its owner can open it."""
    data = "EncryptedPackage\0DRMEncryptedTransform".encode("utf-16-le")
    with pytest.raises(FileProblem, match="sensitivity label"):
        is_encrypted_package("a.xlsx", data)


def test_formats_that_an_old_workbook_names_by_number_only_are_known() -> None:
    """The library knows no letters of the dates of East Asian Excel: the whole file was refused."""
    format_map = {58: SimpleNamespace(format_str=None), 164: SimpleNamespace(format_str="0%")}
    font = SimpleNamespace(struck_out=False)
    styles = [SimpleNamespace(format_key=key, font_index=0) for key in (58, 164, 59)]
    telling, struck = xls.styles_of(SimpleNamespace(format_map=format_map, font_list=[font], xf_list=styles))
    assert telling == {1: "0%", 2: "0"}
    assert struck == set()
