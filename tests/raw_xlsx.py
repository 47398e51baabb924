"""Workbooks put together from their own XML, for what no writing library would write."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STRICT = "http://purl.oclc.org/ooxml/spreadsheetml/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_STRICT_OFFICE = "http://purl.oclc.org/ooxml/officeDocument/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml."
DATE_STYLE = 1
"""Index of the style ``yyyy-mm-dd`` in the workbooks made here."""


def sheet_xml(rows: str, *, before: str = "", after: str = "", namespace: str = MAIN) -> str:
    """A sheet part around the XML of its rows."""
    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    return f'{head}<worksheet xmlns="{namespace}">{before}<sheetData>{rows}</sheetData>{after}</worksheet>'


def parts(  # noqa: PLR0913 - one argument per thing that can be odd
    sheets: Mapping[str, str],
    *,
    strings: Sequence[str] = (),
    book: str = "",
    after: str = "",
    states: Mapping[str, str] | None = None,
    strict: bool = False,
) -> dict[str, str]:
    """Parts of a workbook: sheet name → XML of its part; ``strings`` are the shared ``<si>`` contents."""
    main, office = (STRICT, _STRICT_OFFICE) if strict else (MAIN, _OFFICE)
    listed = "".join(
        f'<sheet name="{name}" sheetId="{n}" r:id="rId{n}" state="{(states or {}).get(name, "visible")}"/>'
        for n, name in enumerate(sheets, start=1)
    )
    kinds = "".join(
        f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{_TYPE}worksheet+xml"/>'
        for n in range(1, len(sheets) + 1)
    )
    links = "".join(
        f'<Relationship Id="rId{n}" Type="{office}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n in range(1, len(sheets) + 1)
    )
    more = "".join(
        f'<Relationship Id="rId{90 + n}" Type="{office}/{kind}" Target="{kind}.xml"/>'
        for n, kind in enumerate(("styles", "sharedStrings"))
    )
    return {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}sheet.main+xml"/>{kinds}'
        f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}styles+xml"/>'
        f'<Override PartName="/xl/sharedStrings.xml" ContentType="{_TYPE}sharedStrings+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}">{book}<sheets>{listed}</sheets>'
        f"{after}</workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">{links}{more}</Relationships>',
        "xl/styles.xml": f'<styleSheet xmlns="{main}">'
        '<numFmts count="1"><numFmt numFmtId="170" formatCode="yyyy\\-mm\\-dd"/></numFmts>'
        '<fonts count="1"><font/></fonts><fills count="1"><fill/></fills><borders count="1"><border/></borders>'
        '<cellStyleXfs count="1"><xf/></cellStyleXfs>'
        '<cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="170" applyNumberFormat="1"/></cellXfs></styleSheet>',
        "xl/sharedStrings.xml": f'<sst xmlns="{main}" count="{len(strings)}" uniqueCount="{len(strings)}">'
        + "".join(f"<si>{one}</si>" for one in strings)
        + "</sst>",
        **{f"xl/worksheets/sheet{n}.xml": xml for n, xml in enumerate(sheets.values(), start=1)},
    }


def zipped(parts: Mapping[str, str | bytes]) -> bytes:
    """A ZIP archive of the parts, with a fixed time."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 10, 31, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return target.getvalue()


def text(address: str, value: str) -> str:
    """A cell with a text inside it."""
    return f'<c r="{address}" t="inlineStr"><is><t xml:space="preserve">{value}</t></is></c>'
