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
from xml.parsers import expat

from importer.problems import column_position
from importer.sheet import CellFault
from importer.unpack.faults import BROKEN_TEXT, NOT_CALCULATED, error_value
from importer.unpack.grid import MergedRange, SideLook

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.unpack.archive import Archive

_P = rb"(?:[A-Za-z_][\w.-]*:)?"
"""An optional namespace prefix: every fifth file writes ``<x:row>``."""
_HIDDEN_ROW = re.compile(rb"<" + _P + rb"row\b([^>]*\bhidden=[\"'](?:1|true)[\"'][^>]*)>")
_HIDDEN_COLUMN = re.compile(rb"<" + _P + rb"col\b([^>]*\bhidden=[\"'](?:1|true)[\"'][^>]*)>")
_MERGED = re.compile(rb"<" + _P + rb"mergeCell\b[^>]*\bref=[\"']([A-Z]{1,3})(\d+):([A-Z]{1,3})(\d+)[\"']")
_ERROR = re.compile(rb"\bt=[\"']e[\"']")
_NO_VALUE = re.compile(rb"(?:<" + _P + rb"f\b[^>]*/>|</" + _P + rb"f>)(?!\s*<" + _P + rb"v>[^<])")
_ZERO = re.compile(rb"</" + _P + rb"f>\s*<" + _P + rb"v>0<")
_BROKEN_TEXT = re.compile(rb"\bt=[\"']s[\"'][^>]*>\s*<" + _P + rb"v>(?!\d+<)")
_OTHER_WORKBOOK = re.compile(rb"<" + _P + rb"f\b[^>]*>[^<]*\[\d+\]")
_CELL_START = re.compile(rb"<" + _P + rb"c(?=[\s/>])")
_CELL_END = re.compile(rb"</" + _P + rb"c\s*>")
_PREFIX = re.compile(rb"<([A-Za-z_][\w.-]*):")
_ADDRESS = re.compile(r"([A-Z]{1,3})(\d+)")
_MIN, _MAX, _ROW = (re.compile(rb"\b" + name + rb"=[\"'](\d+)[\"']") for name in (b"min", b"max", b"r"))
_RELATIONS = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_STRICT_RELATIONS = "{http://purl.oclc.org/ooxml/officeDocument/relationships}"
PREFIX_BYTES = 100_000
"""A part names its prefixes at its root, long before this many bytes."""
LONGEST_CELL_BYTES = 500_000
"""A cell of more bytes is parsed with its whole part."""

_CALCULATES_ANEW = re.compile(rb"\bfullCalcOnLoad=[\"'](?:1|true)[\"']")

Faults = dict[tuple[int, int], CellFault]
"""(row number as Excel shows it, column counted from 0) → why the value of that cell is not known."""


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
    Raises ET.ParseError or ExpatError for XML that is none.
    """
    side = SideLook(
        frozenset(_hidden_rows(xml)),
        frozenset(_hidden_columns(xml)),
        tuple(_merged(xml)),
        b"[" in xml and _OTHER_WORKBOOK.search(xml) is not None,
    )
    return side, _faults(xml, calculates_anew=calculates_anew)


def _hidden_rows(xml: bytes) -> Iterator[int]:
    # Plain searches first: most sheets hold no marker, and a regular expression would stop at every cell.
    if b"hidden=" in xml:
        for match in _HIDDEN_ROW.finditer(xml):
            if found := _ROW.search(match[1]):
                yield int(found[1])


def _hidden_columns(xml: bytes) -> Iterator[int]:
    head = xml[: xml.find(b"sheetData")]
    for match in _HIDDEN_COLUMN.finditer(head):
        first, last = _MIN.search(match[1]), _MAX.search(match[1])
        if first and last:
            yield from range(int(first[1]) - 1, min(int(last[1]), 16_384))


def _merged(xml: bytes) -> Iterator[MergedRange]:
    if b"mergeCell" in xml:
        for match in _MERGED.finditer(xml, xml.find(b"mergeCell")):
            first, last = column_position(match[1].decode()), column_position(match[3].decode())
            yield MergedRange(int(match[2]), first, int(match[4]), last)


def _faults(xml: bytes, *, calculates_anew: bool) -> Faults:
    if any(mark in xml for mark in (b"<!--", b"<![CDATA[")):
        return _parsed_whole(xml, calculates_anew=calculates_anew)
    faults: Faults = {}
    for at in _candidates(xml, calculates_anew=calculates_anew):
        fragment = _cell_around(xml, at)
        if fragment is None:
            return _parsed_whole(xml, calculates_anew=calculates_anew)
        cell = ET.fromstring(_bare(fragment))  # noqa: S314 - no DOCTYPE: see archive
        if fault := _fault_in(cell, calculates_anew=calculates_anew):
            match = _ADDRESS.fullmatch(cell.get("r") or "")
            if match is None:  # its place follows from all cells before it
                return _parsed_whole(xml, calculates_anew=calculates_anew)
            faults[int(match[2]), column_position(match[1])] = fault
    return faults


def _candidates(xml: bytes, *, calculates_anew: bool) -> Iterator[int]:
    """Places inside cells that may have no value, roughly."""
    prefixes = {b"", *(match[1] + b":" for match in _PREFIX.finditer(xml[:PREFIX_BYTES]))}
    if b't="e"' in xml or b"t='e'" in xml:
        yield from (match.start() for match in _ERROR.finditer(xml))
    if any(b"<" + prefix + b"f" in xml for prefix in prefixes):
        yield from (match.start() for match in _NO_VALUE.finditer(xml))
        if calculates_anew:
            yield from (match.start() for match in _ZERO.finditer(xml))
    if b't="s"' in xml or b"t='s'" in xml:
        yield from (match.start() for match in _BROKEN_TEXT.finditer(xml))


def _cell_around(xml: bytes, at: int) -> bytes | None:
    """The cell that byte ``at`` belongs to; None when its ends are not to be seen."""
    begin = max(0, at - LONGEST_CELL_BYTES)
    start = None
    for width in (200, 5_000, LONGEST_CELL_BYTES):
        begin = max(0, at - width)
        starts = list(_CELL_START.finditer(xml, begin, at + 1))
        if starts:
            start = starts[-1].start()
            break
    if start is None:
        return None
    end = _CELL_END.search(xml, at, at + LONGEST_CELL_BYTES)
    return None if end is None else xml[start : end.end()]


def _bare(fragment: bytes) -> bytes:
    """Without prefixes, whose declarations stand elsewhere."""
    without = re.sub(rb"(</?)[A-Za-z_][\w.-]*:", rb"\1", fragment)
    return re.sub(rb"(\s)[A-Za-z_][\w.-]*:([\w.-]+\s*=)", rb"\1\2", without)


def _fault_in(cell: ET.Element, *, calculates_anew: bool) -> CellFault | None:
    value = next((child.text or "" for child in cell if child.tag == "v"), None)
    formula = any(child.tag == "f" for child in cell)
    return _judge(cell.get("t"), value, formula=formula, calculates_anew=calculates_anew)


def _judge(kind: str | None, value: str | None, *, formula: bool, calculates_anew: bool) -> CellFault | None:
    if kind == "e":
        return error_value(value or "#N/A")
    if kind == "s" and value and not value.isdigit():
        return BROKEN_TEXT
    if not formula:
        return None
    # A text formula may well yield an empty text: then there is a value, and it is empty.
    stored = value is not None if kind == "str" else bool(value)
    guessed = calculates_anew and value == "0" and kind != "b"
    return None if stored and not guessed else NOT_CALCULATED


class _Whole:
    """Reads a whole sheet part, cell by cell."""

    def __init__(self, *, calculates_anew: bool) -> None:
        self.faults: Faults = {}
        self._calculates_anew = calculates_anew
        self._row, self._position = 0, -1
        self._kind: str | None = None
        self._value: list[str] | None = None
        self._formula = self._in_value = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(":")[2]
        if name == "row":
            self._row = int(attributes.get("r") or self._row + 1)
            self._position = -1
        elif name == "c":
            match = _ADDRESS.fullmatch(attributes.get("r") or "")
            self._position = column_position(match[1]) if match else self._position + 1
            self._row = int(match[2]) if match else self._row
            self._kind, self._value, self._formula = attributes.get("t"), None, False
        elif name == "f":
            self._formula = True
        elif name == "v":
            self._value, self._in_value = [], True

    def end(self, tag: str) -> None:
        name = tag.rpartition(":")[2]
        if name == "v":
            self._in_value = False
        elif name == "c":
            value = None if self._value is None else "".join(self._value)
            anew = self._calculates_anew
            if fault := _judge(self._kind, value, formula=self._formula, calculates_anew=anew):
                self.faults[self._row, self._position] = fault

    def text(self, text: str) -> None:
        if self._in_value and self._value is not None:
            self._value.append(text)


def _parsed_whole(xml: bytes, *, calculates_anew: bool) -> Faults:
    whole, parser = _Whole(calculates_anew=calculates_anew), expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = whole.start, whole.end
    parser.CharacterDataHandler = whole.text
    parser.Parse(xml, True)  # noqa: FBT003 - the end of the text
    return whole.faults
