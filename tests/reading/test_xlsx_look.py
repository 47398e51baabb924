"""The quick look into a sheet's XML sees what an independent, exact reading of it sees."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from raw_xlsx import MAIN, parts, sheet_xml, zipped

from importer.model.errors import FileProblem
from importer.model.problems import column_position
from importer.model.sheet import CellFault, is_blank
from importer.reading.formats import xlsx as xlsx_look
from importer.reading.formats.calamine import read
from importer.reading.formats.grid import Limits
from importer.reading.formats.identify import Format

STRINGS = ("<t>zero</t>", "<t>one</t>", "<t>two</t>")
LETTERS = ("A", "B", "C", "AA")


@st.composite
def _cell(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from([None, None, "n", "s", "s", "str", "e", "b", "inlineStr"]))
    values = {
        "s": ["0", "1", "2", "01", "x", "-1", "+1", " 1", "1.0", "１", "99999999999999999999999", "&#49;"],
        "str": ["", "0", "a", "a &lt; b", "t = 'e'"],
        "e": ["#REF!", "#N/A", ""],
        "b": ["0", "1"],
    }.get(str(kind), ["0", "5", "1.5", "", "1&#50;3"])
    return {
        "kind": kind,
        "value": draw(st.none() | st.sampled_from(values)),
        "formula": draw(st.sampled_from([None, None, None, "1+1", "[1]x!A1", "A1&amp;&quot;&quot;", ""])),
        "remark": draw(st.sampled_from(["", "", "", "", "<!-- 1 -->", "<![CDATA[1]]>", "<?x 1?>"])),
        "named": draw(st.sampled_from([True, True, True, False])),
    }


@st.composite
def sheets(draw: st.DrawFn) -> tuple[str, bool]:
    """XML of a sheet as odd writers would write it, and whether Excel is to calculate it anew."""
    prefix = draw(st.sampled_from(["", "", "x:", "ss_1.a:"]))
    quote = draw(st.sampled_from("\"'"))
    equals = draw(st.sampled_from(["=", "=", "=", " = ", "=\n"]))
    blank = draw(st.sampled_from(["", "", "\n  "]))

    def tag(name: str, attributes: dict[str, object], inside: str | None) -> str:
        given_ = draw(st.permutations([(k, v) for k, v in attributes.items() if v is not None]))
        words = "".join(f" {key}{equals}{quote}{value}{quote}" for key, value in given_)
        return f"<{prefix}{name}{words}/>" if inside is None else f"<{prefix}{name}{words}>{inside}</{prefix}{name}>"

    def cell(address: str, one: dict[str, Any]) -> str:
        inside = "" if one["formula"] is None else tag("f", {}, one["formula"] or None)
        if one["kind"] == "inlineStr":
            inside = tag("is", {}, tag("t", {}, "text")) if one["formula"] is None else inside
        elif one["value"] is not None:
            inside += blank + tag("v", {}, one["value"] + one["remark"])
        attributes = {"r": address if one["named"] else None, "t": one["kind"], "s": draw(st.sampled_from([None, 0]))}
        return tag("c", attributes, inside or draw(st.sampled_from([None, ""])))

    rows = ""
    for number in draw(st.lists(st.integers(1, 30), unique=True, max_size=5).map(sorted)):
        cells = "".join(cell(f"{letter}{number}", draw(_cell())) + blank for letter in LETTERS if draw(st.booleans()))
        unseen = draw(st.sampled_from([{}, {}, {"hidden": 1}, {"hidden": "true"}, {"hidden": 0}, {"ht": "0"}]))
        rows += tag("row", {"r": number if draw(st.integers(0, 4)) else None, "spans": "1:3", **unseen}, cells) + blank
    columns = draw(st.sampled_from([{}, {"hidden": 1}, {"width": "0"}, {"hidden": "false"}]))
    cols = tag("cols", {}, tag("col", {"min": 2, "max": 3, **columns}, None))
    merged = tag("mergeCells", {}, tag("mergeCell", {"ref": "A2:B3"}, None)) if draw(st.booleans()) else ""
    start = f'xmlns{":" + prefix[:-1] if prefix else ""}="{MAIN}"'
    body = f"{cols}<{prefix}sheetData>{rows}</{prefix}sheetData>{merged}"
    return f"<{prefix}worksheet {start}>{body}</{prefix}worksheet>", draw(st.booleans())


def reference(xml: str, *, anew: bool) -> tuple[set[int], set[int], list[str], bool, set[tuple[int, int]]]:
    """Hidden rows and columns, merged ranges, links and faulty cells, by another parser and other means."""
    root = ET.fromstring(xml)  # noqa: S314 - made above
    for one in root.iter():
        one.tag = one.tag.rpartition("}")[2]
    written = iter(re.findall(r"<(?:[\w.]+:)?v(?:\s[^>]*)?>(.*?)</(?:[\w.]+:)?v>", xml, re.DOTALL))
    hidden, faults, number = set(), set(), 0
    for row in root.iter("row"):
        number = int(row.get("r", number + 1))
        if row.get("hidden") in {"1", "true"} or row.get("ht") == "0":
            hidden.add(number)
        position = -1
        for cell in row:
            at = re.fullmatch(r"([A-Z]+)(\d+)", cell.get("r", ""))
            position = column_position(at[1]) if at else position + 1
            where = (int(at[2]) if at else number, position)
            raw = next(written) if cell.find("v") is not None else None
            if _faulty(cell.get("t"), cell.findtext("v"), raw, formula=cell.find("f") is not None, anew=anew):
                faults.add(where)
    columns = {
        position
        for col in root.iter("col")
        if col.get("hidden") == "1" or col.get("width") == "0"
        for position in range(int(col.get("min", 0)) - 1, int(col.get("max", 0)))
    }
    linked = any("[1]" in (one.text or "") for one in root.iter("f"))
    return hidden, columns, [one.get("ref", "") for one in root.iter("mergeCell")], linked, faults


def _faulty(kind: str | None, value: str | None, raw: str | None, *, formula: bool, anew: bool) -> bool:
    if raw is not None and ("<" in raw or ("&" in raw and kind != "str")):
        return True
    if kind == "e" or (kind == "s" and value and re.fullmatch(r"[0-9]{1,9}", value) is None):
        return True
    if not formula or (kind == "str" and value is not None):
        return formula and kind == "str" and anew and value == "0"
    return not value or (anew and value == "0" and kind != "b")


SHARED = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1"><c r="A1">'
    '<f t="shared" si="0"/><v>0</v></c></row></sheetData></worksheet>'
)
"""A formula whose text stands in another cell."""


TEXT_OF_0 = SHARED.replace('<c r="A1">', '<c r="A1" t="str">')
"""The same for a formula that yields a text."""


@settings(max_examples=300, deadline=None)
@given(made=sheets())
@example(made=(SHARED, True))
@example(made=(TEXT_OF_0, True))
def test_the_quick_look_sees_what_an_exact_reading_sees(made: tuple[str, bool]) -> None:
    """Prefixes, order and quotes of attributes, blanks, comments and missing addresses change nothing."""
    xml, anew = made
    hidden, columns, merged, linked, faults = reference(xml, anew=anew)
    for look in (xlsx_look.look_into, xlsx_look.parse_whole):
        side = look(xml.encode(), recalculated=anew)
        assert (side.hidden_rows, side.hidden_columns) == (hidden, columns)
        assert [str(area) for area in side.merged] == merged
        assert side.other_workbooks == linked
        assert set(side.faults) == faults


@settings(max_examples=150, deadline=None)
@given(made=sheets())
def test_a_value_is_what_stands_in_the_xml_or_a_fault(made: tuple[str, bool]) -> None:
    """No oddity of the XML makes a cell read as another value, or as blank."""
    xml, _ = made
    data = zipped(parts({"S": xml}, strings=STRINGS))
    try:
        (grid,) = read("a.xlsx", data, Format.XLSX, Limits())
    except FileProblem:
        return
    number = 0
    claims: dict[tuple[int, int], list[ET.Element]] = {}
    root = ET.fromstring(xml)  # noqa: S314 - made above
    for one in root.iter():
        one.tag = one.tag.rpartition("}")[2]
    for row in root.iter("row"):
        number, position = int(row.get("r", number + 1)), -1
        for cell in row:
            at = re.fullmatch(r"([A-Z]+)(\d+)", cell.get("r", ""))
            position = column_position(at[1]) if at else position + 1
            claims.setdefault((int(at[2]) if at else number, position), []).append(cell)
    for (number, position), cells in claims.items():
        line = grid.rows[number - 1 :][:1]
        read_as = line[0][position] if line and position < len(line[0]) else None
        if not isinstance(read_as, CellFault):  # where two cells claim a place, it is read as one of them
            assert any(_same(cell, read_as) for cell in cells), (list(map(ET.tostring, cells)), read_as)


def _same(cell: ET.Element, read_as: object) -> bool:
    value, kind = cell.findtext("v") or "", cell.get("t")
    if kind == "inlineStr":
        return read_as == "text" if cell.find("is") is not None else is_blank(read_as)
    if not value:
        return is_blank(read_as)
    if kind == "s":
        return read_as == ("zero", "one", "two")[int(value)]
    if kind in {"str", "b"}:
        return read_as == (value if kind == "str" else value == "1")
    return read_as == float(value)


def _faults(cells: str, **more: Any) -> dict[str, str]:
    (grid,) = read(
        "a.xlsx", zipped(parts({"S": sheet_xml(f'<row r="1">{cells}</row>')}, **more)), Format.XLSX, Limits()
    )
    return {f"{n}": cell.code for n, cell in enumerate(grid.rows[0]) if isinstance(cell, CellFault)}


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ('<c r="A1"><v>1&#50;3</v></c>', "unusual"),  # the reader sees 1, Excel 123
        ('<c r="A1"><v>1<!-- thousand -->000</v></c>', "unusual"),
        ('<c r="A1"><v>1<![CDATA[000]]></v></c>', "unusual"),
        ('<c r="A1" t="s"><v>&#49;</v></c>', "unusual"),
        ('<c r="A1" t="inlineStr"><v>7</v></c>', "unusual"),
        ('<c r="A1" t="s"><v>99999999999999999999999</v></c>', "broken_text"),  # the reader sees the first text
        ('<c r="A1" t="s"><v>１</v></c>', "broken_text"),
        ('<c r="A1" t="e"/>', "error_value"),
        ('<c r="A1"><f>1+1</f></c>', "no_stored_value"),
        ('<c r="A1"><f t="shared" si="0"/></c>', "no_stored_value"),
    ],
)
def test_what_readers_take_differently_is_no_value(cell: str, code: str) -> None:
    """Where the reader and Excel would part, the cell is an error."""
    assert _faults(cell + '<c r="B1"><v>1</v></c>', strings=STRINGS) == {"0": code}


def test_a_shared_formula_with_its_value_is_a_value() -> None:
    """The formula stands in another cell; what counts is the stored result."""
    shared = (
        '<c r="A1"><f t="shared" ref="A1:B1" si="0">1+1</f><v>2</v></c><c r="B1"><f t="shared" si="0"/><v>3</v></c>'
    )
    assert _faults(shared) == {}


def test_rows_without_height_and_columns_without_width_are_hidden() -> None:
    """Excel does not show them, although nothing calls them hidden."""
    xml = sheet_xml(
        '<row r="2" ht="0" customHeight="1"/><row r="3" ht="0.75"/>',
        before='<cols><col min="1" max="2" width="0"/></cols>',
    )
    side = xlsx_look.look_into(xml.encode(), recalculated=False)
    assert (side.hidden_rows, side.hidden_columns) == ({2}, {0, 1})
