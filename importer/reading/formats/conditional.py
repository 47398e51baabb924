"""Conditional formats of an .xlsx that may cross a cell out, hide its number, or show another one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from importer.model.problems import column_position
from importer.reading.formats.grid import CROSSES_OUT, HIDES, MergedRange
from importer.reading.formats.number_formats import code_of, is_telling

if TYPE_CHECKING:
    from collections.abc import Iterator

_P = rb"(?:[A-Za-z_][\w.-]*:)?"
_BLOCK = re.compile(rb"<(" + _P + rb"conditionalFormatting)\b([^<>]*)>")
_AREAS = re.compile(rb"\bsqref\s*=\s*[\"']([^\"']*)[\"']|<" + _P + rb"sqref>([^<]*)<")
_STYLE = re.compile(rb"\bdxfId\s*=\s*[\"'](\d+)[\"']")
_NO_VALUE = re.compile(rb"\bshowValue\s*=\s*[\"'](?:0|false)[\"']")
_STRUCK = re.compile(rb"<" + _P + rb"strike\b(?![^<>]*\bval\s*=\s*[\"'](?:0|false)[\"'])")
_CODE = re.compile(rb"<" + _P + rb"numFmt\b[^<>]*\bformatCode\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_AREA = re.compile(r"\$?([A-Z]{1,3})\$?([0-9]{1,7})(?::\$?([A-Z]{1,3})\$?([0-9]{1,7}))?", re.IGNORECASE)
_SHEET_NAMES = re.compile(r"(?:'(?:[^']|'')*'|[^\s:.']+)?\.")
_LONGEST_PREFIX = 100
MOST_AREAS = 10_000
"""Areas of one sheet that are looked at."""


def _changes(style: bytes) -> set[str]:
    """What a style changes."""
    changes = {CROSSES_OUT} if _STRUCK.search(style) else set()
    for match in _CODE.finditer(style):
        text = ET.fromstring(b'<a b="' + (match[1] or match[2] or b"").replace(b'"', b"&quot;") + b'"/>').get("b")  # noqa: S314
        code = code_of({0: text}, 0)
        if is_telling(code):
            changes.add(code)
    return changes


def conditional_formats(xml: bytes, styles: dict[str, set[str]]) -> dict[str, list[MergedRange]]:
    """Number format, or mark, → the areas of a sheet where it may apply."""
    found: dict[str, list[MergedRange]] = {}
    if b"conditionalFormatting" not in xml:
        return found
    left = MOST_AREAS
    for attributes, inside in _blocks_of(xml):
        changes = _changes(inside)
        if _NO_VALUE.search(inside):
            changes.add(HIDES)
        for number in _STYLE.findall(inside):
            changes |= styles.get(number.decode(), set())
        if changes and left > 0:
            areas = list(_areas_of(attributes + inside))[:left]
            left -= len(areas)
            for change in changes:
                found.setdefault(change, []).extend(areas)
    return found


def _blocks_of(xml: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Attributes and content of each element with conditional formats."""
    at = max(0, xml.find(b"conditionalFormatting") - _LONGEST_PREFIX)
    while block := _BLOCK.search(xml, at):
        at = block.end()
        if not block[2].endswith(b"/"):
            at = xml.find(b"</" + block[1], at)
            if at < 0:
                return
            yield block[2], xml[block.end() : at]


def areas_of_ods(addresses: str) -> Iterator[MergedRange]:
    """The areas of an .ods, such as “Sheet1.D2:Sheet1.D5”."""
    return _areas_of(b'sqref="%s"' % _SHEET_NAMES.sub("", addresses).encode("ascii", errors="replace"))


def _areas_of(block: bytes) -> Iterator[MergedRange]:
    for match in _AREAS.finditer(block):
        for area in _AREA.finditer((match[1] or match[2] or b"").decode("ascii", errors="replace")):
            first_row, first = int(area[2]), column_position(area[1].upper())
            last_row, last = (int(area[4]), column_position(area[3].upper())) if area[3] else (first_row, first)
            yield MergedRange(first_row, first, last_row, last)
