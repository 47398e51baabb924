"""What python-calamine cannot tell of an .xlsx, taken from the file's own XML.

Error cells and formulas without a stored value come back from it as empty, a
broken index of a text as some other text, and it knows no hidden rows
(spreadsheets.md section 2). The markers are searched in the inflated part at C
speed. Where one is found, the cell around it is parsed; only a part that is
written in an unusual way is parsed whole.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from importer.model.problems import column_position
from importer.reading.formats import xlsx_exact
from importer.reading.formats.grid import MergedRange, SideLook

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.reading.formats.archive import Archive
    from importer.reading.formats.xlsx_exact import Faults

_P = rb"(?:[A-Za-z_][\w.-]*:)?"
"""An optional namespace prefix: every fifth file writes ``<x:row>``."""
_UNSEEN = rb"hidden=[\"'](?:1|true)[\"']"
_HIDDEN_ROW = re.compile(rb"<" + _P + rb"row\b([^>]*\s(?:" + _UNSEEN + rb"|ht=[\"']0(?:\.0*)?[\"'])[^>]*)>")
_HIDDEN_COLUMN = re.compile(rb"<" + _P + rb"col\b([^>]*\s(?:" + _UNSEEN + rb"|width=[\"']0(?:\.0*)?[\"'])[^>]*)>")
_MERGED = re.compile(rb"<" + _P + rb"mergeCell\b[^>]*\bref=[\"']([A-Z]{1,3})(\d+):([A-Z]{1,3})(\d+)[\"']")
_ERROR = re.compile(rb"\bt=[\"']e[\"']")
_NO_VALUE = re.compile(rb"(?:<" + _P + rb"f\b[^>]*/>|</" + _P + rb"f>)(?!\s*<" + _P + rb"v>[^<])")
_ZERO = re.compile(rb"(?:<" + _P + rb"f\b[^>]*/>|</" + _P + rb"f>)\s*<" + _P + rb"v>0<")
# They begin with letters, which a regular expression finds fast, and with the form that nearly every text has.
_BROKEN_TEXT = {
    quote: re.compile(rb"t=" + quote + rb"s" + quote + rb"(?!><v>\d{1,9}<)[^>]*>(?!\s*<" + _P + rb"v>\d{1,9}<)")
    for quote in (b'"', b"'")
}
_ESCAPED = re.compile(rb"<" + _P + rb"v(?:\s[^>]*)?>[^<&]*&")
_INLINE_VALUE = re.compile(rb"\bt=[\"']inlineStr[\"'][^>]*>\s*<" + _P + rb"[vf][\s/>]")
_BEFORE_ROOT = re.compile(rb"\s*(?:<\?xml[^>]*\?>)?\s*")
_SPACED = re.compile(rb"\s=\s*[\"']|=\s+[\"']")
_OTHER_WORKBOOK = re.compile(rb"<" + _P + rb"f\b[^>]*>[^<]*\[\d+\]")
_CELL_START = re.compile(rb"<" + _P + rb"c(?=[\s/>])")
_CELL_END = re.compile(rb"</" + _P + rb"c\s*>")
_PREFIX = re.compile(rb"<([A-Za-z_][\w.-]*):")
_MIN, _MAX, _ROW = (re.compile(rb"\s" + name + rb"=[\"'](\d+)[\"']") for name in (b"min", b"max", b"r"))
_RELATIONS = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_STRICT_RELATIONS = "{http://purl.oclc.org/ooxml/officeDocument/relationships}"
PREFIX_BYTES = 100_000
"""A part names its prefixes at its root, long before this many bytes."""
LONGEST_CELL_BYTES = 500_000
"""A cell of more bytes is parsed with its whole part."""

_DIGITS_TO_0 = bytes.maketrans(b"123456789", b"000000000")
_CALCULATES_ANEW = re.compile(rb"\bfullCalcOnLoad=[\"'](?:1|true)[\"']")


def sheet_part(archive: Archive, sheet_name: str) -> bytes | None:
    """XML of the sheet of that name; None when the workbook does not say which part it is."""
    book, relations = archive.part("xl/workbook.xml"), archive.part("xl/_rels/workbook.xml.rels")
    if book is None or relations is None:
        return None
    targets = {one.get("Id"): one.get("Target") for one in ET.fromstring(relations)}  # noqa: S314 - no DOCTYPE: see archive
    for sheet in ET.fromstring(book).iter():  # noqa: S314 - the same
        if sheet.tag.rpartition("}")[2] == "sheet" and sheet.get("name") == sheet_name:
            target = targets.get(sheet.get(_RELATIONS + "id") or sheet.get(_STRICT_RELATIONS + "id"))
            if target is not None:
                path = posixpath.normpath(posixpath.join("/xl", target.replace("\\", "/")))
                return archive.part(path.lstrip("/"))
    return None


def calculates_anew(archive: Archive) -> bool:
    """Tell whether Excel is to calculate all formulas when it opens the file."""
    return _CALCULATES_ANEW.search(archive.part("xl/workbook.xml") or b"") is not None


def look(xml: bytes, *, calculates_anew: bool) -> tuple[SideLook, Faults]:
    """What one sheet holds besides its values.

    ``calculates_anew`` says that Excel is to calculate all formulas when it
    opens the file: programs that write a 0 beside every formula say that.
    Raises ExpatError for XML that is none.
    """
    faults = None if _is_unusual(xml) else _faults(xml, calculates_anew=calculates_anew)
    rows = None if faults is None else _hidden_rows(xml)
    if faults is None or rows is None:
        return xlsx_exact.parse(xml, calculates_anew=calculates_anew)
    others = b"[" in xml and _OTHER_WORKBOOK.search(xml) is not None
    return SideLook(frozenset(rows), frozenset(_hidden_columns(xml)), tuple(_merged(xml)), others), faults


def _is_unusual(xml: bytes) -> bool:
    """Tell whether quick searches could overlook something."""
    match = _BEFORE_ROOT.match(xml)
    start = match.end() if match else 0
    if xml.find(b"<!", start) >= 0 or xml.find(b"<?", start) >= 0:  # comments, CDATA, instructions
        return True
    blanks = [blank for blank in (b" ", b"\n", b"\t", b"\r") if xml.find(blank, start) >= 0]
    spaced = any(xml.find(pair, start) >= 0 for blank in blanks for pair in (blank + b"=", b"=" + blank))
    return spaced and _SPACED.search(xml) is not None


def _quotes(xml: bytes) -> list[bytes]:
    return [quote for quote in (b'"', b"'") if quote in xml]


def _hidden_rows(xml: bytes) -> set[int] | None:
    """Numbers of the hidden rows; None when one of them does not say its number."""
    # Plain searches first: most sheets hold no marker, and a regular expression would stop at every cell.
    numbers = set()
    if b"hidden=" in xml or any(b" ht=" + quote + b"0" in xml for quote in _quotes(xml)):
        for match in _HIDDEN_ROW.finditer(xml):
            found = _ROW.search(match[1])
            if found is None:
                return None
            numbers.add(int(found[1]))
    return numbers


def _hidden_columns(xml: bytes) -> Iterator[int]:
    head = xml[: xml.find(b"sheetData")]
    for match in _HIDDEN_COLUMN.finditer(head):
        first, last = _MIN.search(match[1]), _MAX.search(match[1])
        if first and last:
            yield from range(int(first[1]) - 1, min(int(last[1]), xlsx_exact.LAST_COLUMN))


def _merged(xml: bytes) -> Iterator[MergedRange]:
    if b"mergeCell" in xml:
        for match in _MERGED.finditer(xml, xml.find(b"mergeCell")):
            first, last = column_position(match[1].decode()), column_position(match[3].decode())
            yield MergedRange(int(match[2]), first, int(match[4]), last)


def _faults(xml: bytes, *, calculates_anew: bool) -> Faults | None:
    """Faults of the cells; None when one of them cannot be told apart."""
    faults: Faults = {}
    for at in _candidates(xml, calculates_anew=calculates_anew):
        fragment = _cell_around(xml, at)
        found = None if fragment is None else xlsx_exact.judge(_bare(fragment), calculates_anew=calculates_anew)
        if found is None:  # its place follows from all cells before it
            return None
        faults |= found
    return faults


def _candidates(xml: bytes, *, calculates_anew: bool) -> Iterator[int]:
    """Places inside cells that may have no value, roughly."""
    prefixes = {b"", *(match[1] + b":" for match in _PREFIX.finditer(xml[:PREFIX_BYTES]))}
    quotes = _quotes(xml)
    if any(b"t=" + quote + b"e" + quote in xml for quote in quotes):
        yield from (match.start() for match in _ERROR.finditer(xml))
    if any(b"<" + prefix + b"f" in xml for prefix in prefixes):
        yield from (match.start() for match in _NO_VALUE.finditer(xml))
        if calculates_anew:
            yield from (match.start() for match in _ZERO.finditer(xml))
    for quote in quotes:
        if not _all_indexed(xml, b"t=" + quote + b"s" + quote):
            yield from (match.start() for match in _BROKEN_TEXT[quote].finditer(xml))
    if b"&" in xml:
        yield from (match.start() for match in _ESCAPED.finditer(xml))
    if any(not _all_inside(xml, b"t=" + quote + b"inlineStr" + quote) for quote in quotes):
        yield from (match.start() for match in _INLINE_VALUE.finditer(xml))


def _all_indexed(xml: bytes, mark: bytes) -> bool:
    """Tell whether every text of that mark is an index in the form that nearly all programs write."""
    left = xml.count(mark)
    if left:
        uniform = xml.translate(_DIGITS_TO_0)
        for digits in range(1, xlsx_exact.LONGEST_INDEX + 1):
            left -= uniform.count(mark + b"><v>" + b"0" * digits + b"<")
            if not left:
                break
    return not left


def _all_inside(xml: bytes, mark: bytes) -> bool:
    """Tell whether every text of that mark stands in the cell, in the form that nearly all programs write."""
    return xml.count(mark) == xml.count(mark + b"><is>")


def _cell_around(xml: bytes, at: int) -> bytes | None:
    """The cell that byte ``at`` belongs to; None when its ends are not to be seen."""
    start = None
    for width in (200, 5_000, LONGEST_CELL_BYTES):
        starts = list(_CELL_START.finditer(xml, max(0, at - width), at + 1))
        if starts:
            start = starts[-1].start()
            break
    if start is None:
        return None
    tag_end = xml.find(b">", start)
    if xml[tag_end - 1 : tag_end] == b"/":
        return xml[start : tag_end + 1]
    end = _CELL_END.search(xml, at, at + LONGEST_CELL_BYTES)
    return None if end is None else xml[start : end.end()]


def _bare(fragment: bytes) -> bytes:
    """Without prefixes, whose declarations stand elsewhere."""
    without = re.sub(rb"(</?)[A-Za-z_][\w.-]*:", rb"\1", fragment)
    return re.sub(rb"(\s)[A-Za-z_][\w.-]*:([\w.-]+\s*=)", rb"\1\2", without)
