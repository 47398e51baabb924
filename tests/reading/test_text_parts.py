"""Texts in parts: what is crossed out or raised within a cell is seen in every format."""

from __future__ import annotations

import struct
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from raw_xlsx import parts, sheet_xml, text, zipped
from sheets import csv_file, read

from importer.reading.cover import find_batch
from importer.reading.formats import xls, xlsb, xlsx
from importer.reading.formats.archive import Archive
from importer.reading.formats.grid import Grid, Limits, SideLook
from importer.reading.formats.text_parts import Mark, Part, mark_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

STRUCK, RAISED = "<strike/>", '<vertAlign val="superscript"/>'


def run(letters: str, look: str = "") -> str:
    """A part of a text, as an .xlsx stores it."""
    return f'<r><rPr>{look}<sz val="11"/></rPr><t xml:space="preserve">{letters}</t></r>'


@pytest.mark.parametrize(
    ("shown", "mark"),
    [
        ([Part("400 ", is_struck=True), Part("500")], Mark.STRUCK),
        ([Part("500"), Part(" ", is_struck=True)], None),
        ([Part("500"), Part("1", is_raised=True)], Mark.RAISED),
        ([Part("PO-17"), Part("¹", is_raised=True)], Mark.RAISED),
        ([Part("1"), Part("st", is_raised=True), Part(" floor")], None),
        ([Part("Floor, 120 m"), Part("2", is_raised=True)], None),
        ([Part("10"), Part("2", is_raised=True)], Mark.RAISED),
        ([Part("Ret"), Part("ainer")], None),
    ],
)
def test_what_a_person_reads_decides(shown: list[Part], mark: Mark | None) -> None:
    """Crossed-out letters and raised numbers are no part of the text; a raised word is."""
    assert mark_of(shown) is mark


def looked_at(strings: Sequence[str], rows: str) -> SideLook:
    """What is seen in a sheet."""
    content = parts({"Invoices": sheet_xml(rows)}, strings=strings)
    return xlsx.looker(Archive("a.xlsx", zipped(content), Limits()))("Invoices")


def test_cells_are_found_by_their_shared_texts() -> None:
    """Wherever the text is used, and only there."""
    strings = ["<t>plain</t>", run("400 ", STRUCK) + run("500"), run("5") + run("1", RAISED)]
    strings.append(run("x", '<strike val="0"/>') + run("1", '<vertAlign val="baseline"/>'))
    rows = "".join(
        f'<row r="{n}"><c r="C{n}" t="s"><v>{n - 2}</v></c><c r="D{n}"><v>1</v></c></row>' for n in (2, 3, 4, 5)
    )
    look = looked_at(strings, rows)
    assert (look.struck, look.raised) == ({(3, 2)}, {(4, 2)})


def test_cells_without_addresses_and_texts_within_cells() -> None:
    """The place follows from the cells before it; the reading of Japanese letters is no part of a text."""
    inside = f'<c t="inlineStr"><is>{run("17", STRUCK)}{run("18")}</is></c>'
    read_aloud = f'<c t="inlineStr"><is><r><t>東京</t></r><rPh sb="0" eb="1"><t>1</t></rPh>{run("x")}</is></c>'
    look = looked_at(
        [run("5") + run("1", RAISED)], f'<row><c/>{inside}<c t="s"><v> 0 </v></c></row><row>{read_aloud}</row>'
    )
    assert (look.struck, look.raised) == ({(1, 1)}, {(1, 2)})


def test_many_marked_texts_are_searched_for_at_once() -> None:
    """A sheet of crossed-out texts is parsed once."""
    strings = [run("1", STRUCK) + run(str(n)) for n in range(200)]
    rows = "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>{n - 1}</v></c></row>' for n in range(1, 201))
    assert len(looked_at(strings, rows).struck) == 200


class OldBook:
    """The library's view of an .xls with one text of two fonts."""

    def __init__(self, **second: int) -> None:
        plain = {"struck_out": 0, "escapement": 0}
        self.font_list = [SimpleNamespace(**plain), SimpleNamespace(**(plain | second))]
        self.xf_list = [SimpleNamespace(font_index=0, format_key=0)]
        self.format_map: dict[int, Any] = {}
        self.datemode = 0


@pytest.mark.parametrize(("font", "seen"), [({"struck_out": 1}, "struck"), ({"escapement": 1}, "raised"), ({}, None)])
def test_an_old_workbook_stores_where_a_font_begins(font: dict[str, int], seen: str | None) -> None:
    """The letters before that have the font of the cell."""
    marks = mark_of(xls.parts_of(OldBook(**font), "500 1", 0, [(4, 1)]))
    assert (marks.name.lower() if marks else None) == seen


def record(number: int, content: bytes) -> bytes:
    """A record of an .xlsb."""
    head = bytes([number]) if number < 0x80 else bytes([number & 0x7F | 0x80, number >> 7])
    return head + bytes([len(content)]) + content


def wide(letters: str) -> bytes:
    """A text of an .xlsb."""
    return struct.pack("<I", len(letters)) + letters.encode("utf-16-le")


def test_a_binary_workbook_is_crossed_out_in_whole_and_in_part() -> None:
    """Fonts stand in its styles, by number."""
    fonts = [struct.pack("<HHHH", 0, *font) for font in ((0, 0, 0), (8, 0, 0), (0, 0, 1))]
    styles = [struct.pack("<HHH", 0, 0, font) for font in (0, 1)]
    texts = [b"\1" + wide("4005") + struct.pack("<IHHHH", 2, 0, font, 3, 0) for font in (1, 2)]
    texts.append(b"\0" + wide("plain"))
    cells = [(0, 0, 0), (1, 0, 1), (2, 0, 2), (3, 1, 2)]
    within = record(62, struct.pack("<II", 4, 0) + texts[0])
    links = '<Relationships><Relationship Id="a" Target="worksheets/sheet1.bin"/></Relationships>'
    content = {
        "xl/styles.bin": b"".join(
            [record(43, one) for one in fonts] + [record(617, b"")] + [record(47, one) for one in styles]
        ),
        "xl/sharedStrings.bin": b"".join(record(19, one) for one in texts),
        "xl/workbook.bin": record(156, struct.pack("<II", 0, 1) + wide("a") + wide("Invoices")),
        "xl/_rels/workbook.bin.rels": links.encode(),
        "xl/worksheets/sheet1.bin": record(0, struct.pack("<IIHBBBI", 4, 0, 300, 0, 0, 0, 0))
        + b"".join(record(7, struct.pack("<III", *cell)) for cell in cells)
        + within,
    }
    archive = cast("Archive", SimpleNamespace(part=content.get))
    look = xlsb.looker(archive)("Invoices")
    assert (look.struck, look.raised) == ({(5, 0), (5, 3), (5, 4)}, {(5, 1)})
    assert look.within == {(5, 4): "4005"}


def test_each_row_with_such_a_text_is_refused_once(tmp_path: Path) -> None:
    """400 crossed out beside 500 was billed as 400500, 500 with a raised 1 as 5001."""
    header = "".join(
        text(f"{letter}1", name) for letter, name in zip("ABC", ("Project ID", "Item type", "Amount"), strict=True)
    )
    strings = [run("400 ", STRUCK) + run("500"), run("500") + run("1", RAISED)]
    rows = f'<row r="1">{header}</row>'
    for number in (2, 3):
        shared = f'<c r="C{number}" t="s"><v>{number - 2}</v></c>'
        rows += f'<row r="{number}"><c r="A{number}"><v>101</v></c>{text(f"B{number}", "Fixed fee")}{shared}</row>'
    path = csv_file(tmp_path / "a.xlsx", zipped(parts({"Invoices": sheet_xml(rows)}, strings=strings)))
    found = [(problem.code, problem.cell) for problem in read(path).problems]
    assert found == [("row.struck", "C2"), ("row.raised", "C3")]


def test_a_batch_that_is_crossed_out_in_part_is_not_read() -> None:
    """It decides what counts as billed."""
    grid = Grid("Cover", [["Batch", "2026-092026-10"]], look=SideLook(struck={(1, 1)}))
    batch, problems = find_batch([grid])
    assert batch is None
    assert [problem.code for problem in problems] == ["cover.batch"]
