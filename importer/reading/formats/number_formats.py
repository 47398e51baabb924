"""Formats that make a cell show something else than the number it holds, or cross it out."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from importer.model.problems import column_position

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.reading.formats.archive import Archive
    from importer.reading.formats.grid import SideLook

_BUILT_IN = {"9": "0%", "10": "0.00%"}
_TELLING = re.compile(r"%|^0{2,}$|\[\$[^\]-]|[€£$¥]|\"[^\"]*[A-Za-z]{2,3}[^\"]*\"|[0#?],+(?![0#?,])|^\s*;")
"""Percent, leading zeros, a currency, thousands left out, or nothing at all."""
_STYLE = re.compile(rb"<(?:[A-Za-z_][\w.-]*:)?c\b(?=[^>]*\bs=[\"'](\d+)[\"'])[^>]*\br=[\"']([A-Z]{1,3})(\d+)[\"']")


@dataclass(frozen=True, slots=True)
class Styles:
    """The styles of an .xlsx that matter, by the number under which cells name them."""

    telling: dict[bytes, str] = field(default_factory=dict)
    """Style → number format that shows more or less than the number."""
    struck: frozenset[bytes] = frozenset()
    """Styles that cross a cell out."""


def is_telling(code: str) -> bool:
    """Tell whether a number format shows a percentage, leading zeros, a currency, thousands only, or nothing."""
    return _TELLING.search(code) is not None


def styles_of(archive: Archive) -> Styles:
    """The styles of the workbook whose cells are worth a look."""
    xml = archive.part("xl/styles.xml")
    if xml is None:
        return Styles()
    try:
        root = ET.fromstring(xml)  # noqa: S314 - no DOCTYPE: see archive
    except ET.ParseError:
        return Styles()  # values do not need it
    codes = _BUILT_IN | {code.get("numFmtId", ""): code.get("formatCode", "") for code in _all(root, "numFmt")}
    fonts = next(_all(root, "fonts"), ())
    struck = {str(number) for number, font in enumerate(fonts) if any(map(_is_on, _all(font, "strike")))}
    telling, crossed = {}, set()
    for number, style in enumerate(next(_all(root, "cellXfs"), ())):
        name, code = str(number).encode(), codes.get(style.get("numFmtId", ""), "")
        if is_telling(code):
            telling[name] = code
        if style.get("fontId") in struck:
            crossed.add(name)
    return Styles(telling, frozenset(crossed))


def see_styles(xml: bytes, styles: Styles, look: SideLook) -> None:
    """Note the cells of a sheet with a telling format, and those that are crossed out."""
    if not styles.telling and not styles.struck:
        return
    for match in _STYLE.finditer(xml):
        style = match[1]
        if style in styles.telling or style in styles.struck:
            place = int(match[3]), column_position(match[2].decode())
            if style in styles.telling:
                look.formats[place] = styles.telling[style]
            if style in styles.struck:
                look.struck.add(place)


def _all(element: ET.Element, name: str) -> Iterator[ET.Element]:
    return (child for child in element.iter() if child.tag.rpartition("}")[2] == name)


def _is_on(mark: ET.Element) -> bool:
    return mark.get("val", "1") not in {"0", "false"}
