"""An .ods is read as a spreadsheet program shows it, however it is written."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from raw_xlsx import zipped

from importer.model.errors import FileProblem
from importer.model.sheet import CellFault
from importer.reading.formats import ods
from importer.reading.formats.grid import CROSSES_OUT, Grid, Limits
from importer.reading.formats.identify import Format, identify

_ODF = "urn:oasis:names:tc:opendocument:xmlns:"
SPACES = " ".join(f'xmlns:{name}="{_ODF}{name}:1.0"' for name in ("office", "table", "text", "style", "drawing"))
CALC = 'xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"'


def document(tables: str, styles: str = "", root: str = "document-content") -> str:
    """XML of a document with these tables."""
    body = f"<office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body>"
    automatic = f"<office:automatic-styles>{styles}</office:automatic-styles>"
    return f"<office:{root} {SPACES} {CALC}>{automatic}{body}</office:{root}>"


def grids(tables: str, styles: str = "", named: str = "") -> list[Grid]:
    """The sheets of a document; ``named`` are the styles that have names for a person."""
    content = {"content.xml": document(tables, styles), "styles.xml": document("", named, "document-styles")}
    return ods.read("a.ods", zipped(content), Limits())


def table(*cells: str, rows: str = "") -> str:
    """A table with one row of these cells, and others."""
    return f'<table:table table:name="Invoices"><table:table-row>{"".join(cells)}</table:table-row>{rows}</table:table>'


def text(inside: str, more: str = "") -> str:
    """A cell with a text."""
    return f'<table:table-cell office:value-type="string" {more}>{inside}</table:table-cell>'


def number(value: str, shown: str = "", kind: str = "float", more: str = "") -> str:
    """A cell with a number."""
    shown = shown or value
    return (
        f'<table:table-cell office:value-type="{kind}" office:value="{value}" {more}><text:p>{shown}</text:p>'
        "</table:table-cell>"
    )


def first_row(*cells: str) -> list[Any]:
    """What is read of one row."""
    return grids(table(*cells))[0].rows[0]


def test_texts_have_their_blanks_tabs_and_lines() -> None:
    """Marks that are elements of their own were lost, so that “A B” became “AB”; CDATA was read as empty."""
    first = "<text:p>A<text:tab/>B<text:s text:c='2'/>C<text:line-break/>D</text:p>"
    second = "<text:p>  E\n  <text:span>F</text:span></text:p>"
    assert first_row(text(first + second)) == ["A\tB  C\nD\n E F"]
    assert first_row(text("<text:p><![CDATA[A & B]]></text:p>")) == ["A & B"]
    assert first_row(text("<text:p><text:a>link</text:a>, see</text:p>")) == ["link, see"]


def test_remarks_drawings_and_readings_are_no_text() -> None:
    """A table within a drawing took the place of the sheet."""
    inner = table("<table:table-cell><text:p>inner</text:p></table:table-cell>").replace("Invoices", "x")
    ruby = "<text:ruby><text:ruby-base>東京</text:ruby-base><text:ruby-text>とう</text:ruby-text></text:ruby>"
    remark = "<office:annotation><text:p>a remark</text:p></office:annotation>"
    shapes = f"<table:shapes><drawing:frame>{inner}</drawing:frame></table:shapes>"
    tables = table(text(f"{remark}<drawing:frame>{inner}</drawing:frame><text:p>{ruby}</text:p>")).replace(
        "<table:table-row>", f"{shapes}<table:table-row>", 1
    )
    links = f"<table:dde-links><table:dde-link>{inner}</table:dde-link></table:dde-links>"
    found = grids(f"<table:tracked-changes>{inner}</table:tracked-changes>{tables}{links}")
    assert [(grid.name, grid.rows) for grid in found] == [("Invoices", [["東京"]])]


def test_values_of_each_kind() -> None:
    """As the file stores them."""
    cells = first_row(
        number("1200.5"),
        number("0.1", "10 %", "percentage"),
        '<table:table-cell office:value-type="date" office:date-value="2026-10-31"/>',
        '<table:table-cell office:value-type="date" office:date-value="2026-10-31T00:00:00"/>',
        '<table:table-cell office:value-type="date" office:date-value="2026-10-31T14:30:00.123456789"/>',
        '<table:table-cell office:value-type="time" office:time-value="PT36H00M00S"/>',
        '<table:table-cell office:value-type="time" office:time-value="PT07H30M15,5S"/>',
        '<table:table-cell office:value-type="boolean" office:boolean-value="true"/>',
        text("", 'office:string-value="stored"'),
    )  # fmt: skip
    moment = datetime(2026, 10, 31, 14, 30, 0, 123456)  # noqa: DTZ001 - as the sheet has it
    times = [timedelta(hours=36), time(7, 30, 15, 500000)]
    assert cells == [1200.5, 0.1, date(2026, 10, 31), date(2026, 10, 31), moment, *times, True, "stored"]


@pytest.mark.parametrize(
    "cell",
    [
        number("0", "#N/A"),
        number("x"),
        number("1e999"),
        number("1_000"),
        text("<text:p>400</text:p>", 'office:string-value="500"'),
        '<table:table-cell office:value-type="date" office:date-value="2026-02-31"/>',
        '<table:table-cell office:value-type="float"/>',
        '<table:table-cell table:formula="of:=A1"/>',
        text("<text:p>#WERT!</text:p>", 'calcext:value-type="error"'),
    ],
)
def test_what_is_not_certain_is_a_fault(cell: str) -> None:
    """An error that is stored as 0, a value that is none, two texts that differ."""
    assert isinstance(first_row(cell)[0], CellFault)


def test_what_numbers_show_is_noted() -> None:
    """Thousands, and formats that show nothing, are seen by the text beside the number."""
    cells = [number("1200000", "1.2"), number("5"), number("7", " "), number("9", "9,00 €", "currency")]
    assert grids(table(*cells))[0].look.texts == {(1, 0): "1.2", (1, 2): "", (1, 3): "9,00 €"}


def test_crossed_out_by_named_styles_columns_rows_and_words() -> None:
    """A style takes from its parent what it does not say itself."""
    out = '<style:text-properties style:text-line-through-style="solid"/>'
    back = '<style:text-properties style:text-line-through-style="none"/>'
    named = f'<style:style style:name="Void" style:family="table-cell">{out}</style:style>'
    styles = (
        '<style:style style:name="ce1" style:family="table-cell" style:parent-style-name="Void"/>'
        f'<style:style style:name="ce2" style:family="table-cell" style:parent-style-name="Void">{back}</style:style>'
        f'<style:style style:name="T1" style:family="text">{out}</style:style>'
        '<style:style style:name="T2" style:family="text"><style:text-properties style:text-position="super 58%"/>'
        "</style:style>"
    )
    words = [f'<text:p>400 <text:span text:style-name="{name}">5</text:span></text:p>' for name in ("T1", "T2")]
    cells = [
        *(number("5", more=f'table:style-name="{name}"') for name in ("Void", "ce1", "ce2", "other")),
        *(text(word) for word in words),
        number("6"),
    ]
    column = '<table:table-column table:number-columns-repeated="6"/>'
    column += '<table:table-column table:default-cell-style-name="ce1"/>'
    row = f'<table:table-row table:default-cell-style-name="Void">{number("1")}</table:table-row>'
    whole = table(*cells, rows=row).replace("<table:table-row>", f"{column}<table:table-row>", 1)
    look = grids(whole, styles, named)[0].look
    assert look.struck == {(1, 0), (1, 1), (1, 4), (1, 6), (2, 0)}
    assert look.raised == {(1, 5)}


def test_prefixes_and_line_breaks_of_the_xml_change_nothing() -> None:
    """Programs choose their own prefixes, and put each element on a line of its own."""
    plain = document(table(number("1"), text("<text:p>a</text:p>")))
    other = re.sub(r"([</ ])table:", r"\1t:", plain.replace(":table=", ":t=")).replace("><", ">\n  <")
    assert ods.read("a.ods", zipped({"content.xml": other}), Limits())[0].rows == [[1.0, "a"]]


@pytest.mark.parametrize("kind", ["rows", "columns", "both", "spans"])
def test_an_element_that_stands_for_very_much_stays_small(kind: str) -> None:
    """1 kB of such a file took 4 GB."""
    much = "9" * 12
    rows, columns = f'table:number-rows-repeated="{much}"', f'table:number-columns-repeated="{much}"'
    spans = f'table:number-rows-spanned="{much}" table:number-columns-spanned="{much}"'
    more = {"columns": columns, "both": columns, "spans": spans}.get(kind, "")
    of_row = rows if kind in {"rows", "both"} else ""
    xml = table(number("1", more=more)).replace("<table:table-row>", f"<table:table-row {of_row}>")
    grid = grids(xml)[0]
    assert all(len(row) <= ods.WIDEST for row in grid.rows)
    assert len({id(row) for row in grid.rows}) <= 100
    assert all(area.last_row <= 2**20 + 1 for area in grid.look.merged)


def test_an_ods_without_its_mark_is_known_by_its_manifest() -> None:
    """Google leaves out the part mimetype."""
    media = "application/vnd.oasis.opendocument.spreadsheet"
    data = zipped({"content.xml": document(""), "META-INF/manifest.xml": f'<manifest media-type="{media}"/>'})
    assert identify("a.ods", data) is Format.ODS
    with pytest.raises(FileProblem, match="no worksheet"):
        ods.read("a.ods", data, Limits())


def test_hidden_tables_rows_and_columns() -> None:
    """A table is hidden by its style."""
    hidden = '<style:table-properties table:display="false"/>'
    styles = f'<style:style style:name="ta1" style:family="table">{hidden}</style:style>'
    row = f'<table:table-row table:visibility="filter">{number("1")}</table:table-row>'
    column = '<table:table-column table:visibility="collapse"/>'
    whole = table(number("2"), rows=row).replace("<table:table-row>", f"{column}<table:table-row>", 1)
    found = grids(whole.replace("Invoices", 'I" table:style-name="ta1'), styles)[0]
    assert found.hidden
    assert (found.look.hidden_rows, found.look.hidden_columns) == ({2}, {0})


def test_conditional_formats_that_cross_out_are_noted() -> None:
    """They name a style as people see it, and areas with the name of the sheet."""
    style = (
        '<style:style style:name="Off_5f_1" style:display-name="Off_1" style:family="table-cell">'
        '<style:text-properties style:text-line-through-style="solid"/></style:style>'
    )
    formats = ""
    for area, name in [
        ("Invoices.D2:Invoices.D5 'My ''own'' sheet'.F2", "Off_1"),
        ("Invoices.A1:Invoices.A9", "Default"),
    ]:
        formats += f'<calcext:conditional-format calcext:target-range-address="{area}">'
        formats += f'<calcext:condition calcext:apply-style-name="{name}"/></calcext:conditional-format>'
    end = f"<calcext:conditional-formats>{formats}</calcext:conditional-formats>"
    [grid] = grids(table(number("1"), rows=end), named=style + style.replace("Off", "No").replace("solid", "none"))
    found = {change: list(map(str, areas)) for change, areas in grid.look.conditional.items()}
    assert found == {CROSSES_OUT: ["D2:D5", "F2:F2"]}


def test_a_style_without_a_name_for_people_is_not_that_of_other_cells() -> None:
    """A crossed-out row changes nothing for cells without a style."""
    struck = (
        '<style:style style:name="ce1" style:family="table-cell">'
        '<style:text-properties style:text-line-through-style="solid"/></style:style>'
    )
    [grid] = grids(table(number("1"), number("2", more='table:style-name="ce1"')), struck)
    assert grid.look.struck == {(1, 1)}
