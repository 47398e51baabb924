"""Small files with one oddity each, for tests/files/reading/."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

from raw_xlsx import MAIN, STRICT, parts, sheet_xml, text, zipped

from importer.reading.read import Reading

if TYPE_CHECKING:
    from collections.abc import Mapping

HEADERS = ("Project ID", "Item type", "Amount", "Invoice date")
CSV_LINES = (
    "Project ID{0}Item type{0}Amount{0}Description\r\n101{0}Fixed fee{0}1200{0}Zürich\r\n00102{0}Fixed fee{0}5{0}\r\n"
)


def reading(encoding: str | None) -> Reading:
    """How a file is read whose encoding a person has declared."""
    return Reading(encoding=encoding)


def header(row: int = 1) -> str:
    """The row of the headers."""
    cells = "".join(text(f"{letter}{row}", one) for letter, one in zip("ABCD", HEADERS, strict=True))
    return f'<row r="{row}">{cells}</row>'


def line(row: int, *, project: int = 101, amount: str = "<v>5</v>", row_attributes: str = "", kind: str = "") -> str:
    """One line item with an invoice date."""
    return (
        f'<row r="{row}"{row_attributes}><c r="A{row}"><v>{project}</v></c>{text(f"B{row}", "Fixed fee")}'
        f'<c r="C{row}"{kind}>{amount}</c><c r="D{row}" s="1"><v>46326</v></c></row>'
    )


def _xlsx(rows: str, *, book: str = "", after: str = "", extra: Mapping[str, str] | None = None) -> bytes:
    return zipped({**parts({"Invoices": sheet_xml(rows, after=after)}, book=book), **(extra or {})})


def _prefixed() -> bytes:
    made = parts({"Invoices": sheet_xml(header() + line(2) + line(3, row_attributes=' hidden="1"'))})
    xml = made["xl/worksheets/sheet1.xml"].replace("</", "\0").replace("<", "<x:").replace("\0", "</x:")
    xml = xml.replace("<x:?", "<?").replace("xmlns=", "xmlns:x=")
    return zipped({**made, "xl/worksheets/sheet1.xml": xml})


def _strict() -> bytes:
    xml = sheet_xml(header() + line(2), namespace=STRICT)
    return zipped(parts({"Invoices": xml}, strict=True))


def _shared() -> bytes:
    strings = (
        "<t>Project ID</t>",
        '<r><t>Item</t></r><r><rPr><b/></rPr><t xml:space="preserve"> type</t></r>',
        '<t>Amount</t><rPh sb="0" eb="2"><t>アマウント</t></rPh>',
        "<t>Fixed fee</t>",
    )
    cells = "".join(f'<c r="{letter}1" t="s"><v>{n}</v></c>' for n, letter in enumerate("ABC"))
    row = '<row r="{0}"><c r="A{0}"><v>101</v></c><c r="B{0}" t="s"><v>{1}</v></c><c r="C{0}">{2}</c></row>'
    rows = (
        f'<row r="1">{cells}</row>'
        + row.format(2, 3, '<f t="shared" ref="C2:C3" si="0">2+3</f><v>5</v>')
        + row.format(3, 3, '<f t="shared" si="0"/><v>6</v>')
        + row.format(4, "99999999999999999999", "<v>7</v>")
        + row.format(5, "3 ", "<v>7</v>")
    )
    return zipped(parts({"Invoices": sheet_xml(rows)}, strings=strings))


def _twice() -> bytes:
    made = parts({"Invoices": sheet_xml(header() + line(2))})
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in made.items():
            archive.writestr(zipfile.ZipInfo(name), content)
        archive.writestr(zipfile.ZipInfo("XL/worksheets/sheet1.xml"), sheet_xml(header() + line(2, project=999)))
    return target.getvalue()


def _lying() -> bytes:
    data = bytearray(_xlsx(header() + line(2)))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        at = data.rfind(b"PK\x01\x02", 0, data.rfind(b"xl/worksheets/sheet1.xml"))
        assert archive.testzip() is None
    data[at + 24 : at + 28] = (10).to_bytes(4, "little")
    return bytes(data)


def _workbooks() -> dict[str, bytes]:
    doctype = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>'
    bomb = sheet_xml(header() + line(2)).replace("?>", "?>" + doctype, 1)
    two = parts({"Front": sheet_xml(header() + line(2)), "Data": sheet_xml("")}, states={"Front": "veryHidden"})
    chart = parts({"Invoices": sheet_xml(header() + line(2))})
    chart["xl/_rels/workbook.xml.rels"] = chart["xl/_rels/workbook.xml.rels"].replace('/worksheet"', '/chartsheet"')
    merged = '<mergeCells count="1"><mergeCell ref="A2:A3"/></mergeCells>'
    no_project = line(3).replace('<c r="A3"><v>101</v></c>', "")
    side = header().replace("</row>", "".join(text(f"{c}1", h) for c, h in zip("FG", HEADERS, strict=False)) + "</row>")
    upper = f'<row r="1">{text("A1", "Project")}{text("B1", "Item")}{text("C1", "")}{text("D1", "Invoice")}</row>'
    lower = f'<row r="2">{text("A2", "ID")}{text("B2", "type")}{text("C2", "Amount")}{text("D2", "date")}</row>'
    return {
        "blank_rows.xlsx": _xlsx(header(7) + line(9) + line(40) + '<row r="41"><c r="A41" s="1"/></row>'),
        "bomb_of_entities.xlsx": zipped({**two, "xl/worksheets/sheet1.xml": bomb}),
        "chart_only.xlsx": zipped(chart),
        "comment_in_number.xlsx": _xlsx(header() + line(2, amount="<v>1<!-- thousand -->000</v>")),
        "dates_1904.xlsx": _xlsx(header() + line(2).replace("46326", "44864"), book='<workbookPr date1904="1"/>'),
        "dimension_lies.xlsx": zipped(
            parts({"Invoices": sheet_xml(header() + line(2) + line(30), before='<dimension ref="A1:B2"/>')})
        ),
        "duplicate_part.xlsx": _twice(),
        "error_and_uncalculated.xlsx": _xlsx(
            header() + line(2, amount="<v>#REF!</v>", kind=' t="e"') + line(3, amount="<f>1+1</f>") + line(4)
        ),
        "escaped_number.xlsx": _xlsx(header() + line(2, amount="<v>1&#50;3</v>")),
        "hidden_rows_unnumbered.xlsx": _xlsx(header() + '<row hidden="1">' + line(2).partition(">")[2]),
        "inline_number.xlsx": _xlsx(header() + line(2, amount="<v>7</v>", kind=' t="inlineStr"')),
        "junk_rows.xlsx": _xlsx(
            header() + line(2) + "".join(f'<row r="{n}">{text(f"A{n}", " ")}</row>' for n in range(3, 500))
        ),
        "lying_size.xlsx": _lying(),
        "merged.xlsx": _xlsx(header() + line(2) + no_project, after=merged),
        "other_workbook.xlsx": _xlsx(header() + line(2, amount="<f>[1]Prices!A1</f><v>5</v>")),
        "prefixed.xlsx": _prefixed(),
        "repeated_header.xlsx": _xlsx(header() + line(2) + header(3) + line(4)),
        "shared_strings.xlsx": _shared(),
        "side_by_side.xlsx": _xlsx(side + line(2)),
        "strict.xlsx": _strict(),
        "two_line_header.xlsx": _xlsx(upper + lower + line(3)),
        "very_hidden.xlsx": zipped(two),
        "zero_height.xlsx": _xlsx(header() + line(2, row_attributes=' ht="0" customHeight="1"') + line(3)),
        "far_cell.xlsx": _xlsx(header() + line(2) + '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'),
    }


def _texts() -> dict[str, bytes]:
    by_name = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}
    head = "Project ID,Item type,Amount,Remark\n"
    return {
        **{f"{name}.csv": CSV_LINES.format(mark).encode() for name, mark in by_name.items()},
        **{f"{code}.csv": CSV_LINES.format(";").encode(code) for code in ("utf-8-sig", "utf-16", "utf-32", "cp1252")},
        "undeclared.csv": CSV_LINES.format(",").encode("cp1252"),
        "looks_like_sylk.csv": b"ID;Project ID;Item type;Amount\n1;101;Fixed fee;5\n",
        "first_row_like_a_header.csv": f"{head}101,Fixed fee,5,Date\n102,Fixed fee,6,x\n".encode(),
        "total.csv": f"{head}101,Fixed fee,5,\nTotal,,5,\n".encode(),
        "stray_quote.csv": f'{head}101,Fixed fee,5,5" pipe\n'.encode(),
        "nul.csv": f"{head}101,Fixed\0fee,5,\n".encode(),
        "sylk.xls": b'ID;PWXL;N;E\r\nC;Y1;X1;K"Project ID"\r\nE\r\n',
        "html.xls": b"<html><table><tr><td>Project ID</td></tr></table></html>",
        "mhtml.xls": b"MIME-Version: 1.0\r\nContent-Type: multipart/related\r\n",
        "rtf.xls": b"{\\rtf1 Project ID}",
        "pdf.xlsx": b"%PDF-1.7\n",
        "picture.xlsx": b"\x89PNG\r\n\x1a\n" + b"\0" * 20,
        "raw_biff.xls": b"\x09\x08\x08\x00\x00\x05\x10\x00\x00\x00\x00\x00\x0a\x00\x00\x00",
        "xml_2003.xls": b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>',
    }


def all_files() -> dict[str, bytes]:
    """File name → content."""
    assert MAIN in sheet_xml("")
    whole = _xlsx(header() + line(2))
    return {**_workbooks(), **_texts(), "cut.xlsx": whole[: len(whole) * 2 // 3]}
