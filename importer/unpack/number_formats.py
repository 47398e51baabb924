"""Number formats of an .xlsx that make a cell show something else than the number it holds."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from importer.problems import column_position

if TYPE_CHECKING:
    from importer.unpack.archive import Archive

_BUILT_IN = {"9": "0%", "10": "0.00%"}
_TELLING = re.compile(r"%|^0{2,}$|\[\$[^\]-]|[€£$¥]|\"[^\"]*[A-Za-z]{2,3}[^\"]*\"")
"""Percent, leading zeros, or a currency."""
_STYLE = re.compile(rb"<(?:[A-Za-z_][\w.-]*:)?c\b(?=[^>]*\bs=[\"'](\d+)[\"'])[^>]*\br=[\"']([A-Z]{1,3})(\d+)[\"']")


def telling_formats(archive: Archive) -> dict[bytes, str]:
    """Style number → format, of the styles whose format shows a percentage, leading zeros or a currency."""
    styles = archive.part("xl/styles.xml")
    if styles is None:
        return {}
    try:
        root = ET.fromstring(styles)  # noqa: S314 - no DOCTYPE: see archive
    except ET.ParseError:
        return {}  # values do not need it
    own = {one.get("numFmtId", ""): one.get("formatCode", "") for one in root.iter() if _named(one, "numFmt")}
    cells = next((one for one in root.iter() if _named(one, "cellXfs")), None)
    codes = [] if cells is None else [(own | _BUILT_IN).get(one.get("numFmtId", ""), "") for one in cells]
    return {str(number).encode(): code for number, code in enumerate(codes) if _TELLING.search(code)}


def shown_as(xml: bytes, formats: dict[bytes, str]) -> dict[tuple[int, int], str]:
    """(row number as Excel shows it, column counted from 0) → format, of the cells with such a style."""
    if not formats:
        return {}
    return {
        (int(match[3]), column_position(match[2].decode())): formats[match[1]]
        for match in _STYLE.finditer(xml)
        if match[1] in formats
    }


def _named(element: ET.Element, name: str) -> bool:
    return element.tag.rpartition("}")[2] == name
