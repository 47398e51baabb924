"""What python-calamine cannot tell of an .xlsb, taken from its binary records ([MS-XLSB])."""

from __future__ import annotations

import posixpath
import struct
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from importer.reading.formats.formulas import runs_of
from importer.reading.formats.grid import MergedRange, SideLook, TooManyStyles, columns_within, error_value
from importer.reading.formats.number_formats import BUILT_IN, FormatRuns, code_of, is_telling
from importer.reading.formats.text_parts import Part, mark_of, put_mark

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from importer.reading.formats.archive import Archive
    from importer.reading.formats.grid import Place
    from importer.reading.formats.text_parts import Mark

_ROW, _CELL_ERROR, _FORMULA_ERROR, _COLUMN, _SHEET, _MERGE = 0, 3, 11, 60, 156, 176
"""Record numbers: BrtRowHdr, BrtCellError, BrtFmlaError, BrtColInfo, BrtBundleSh, BrtMergeCell."""
_RICH_TEXT = 62
"""Record number of a text with formats of its own within the cell, BrtCellRString; calamine reads it as empty."""
_VALUES = {2, 5, 6, 7, 8, 9, _RICH_TEXT}
"""Records of cells with a number or text: BrtCellRk, BrtCellReal, BrtCellSt, BrtCellIsst, BrtFmlaString, BrtFmlaNum."""
_FORMULA_TEXT, _FORMULA_NUMBER = 8, 9
CHANGES = b"\x19\x01"
"""How a parsed formula begins whose value is another one whenever it is calculated: PtgAttrSemi, [MS-XLS] 2.5.198.7."""
_SEEN_IN_CELLS = {_CELL_ERROR, _FORMULA_ERROR, _RICH_TEXT, _FORMULA_TEXT, _FORMULA_NUMBER}
_FONT, _FORMAT, _STYLE, _STYLES, _STYLES_END = 43, 44, 47, 617, 618
"""Record numbers: BrtFont, BrtFmt, BrtXF, BrtBeginCellXFs, BrtEndCellXFs."""
_SHARED_TEXT, _USE_OF_TEXT = 19, 7
"""Record numbers: BrtSSTItem, BrtCellIsst."""
_CROSSED_OUT = 0x08
_STYLE_BITS = 0xFFFFFF
_ROW_HIDDEN = 0x10
_NO_TEXT = 0xFFFFFFFF
MOST_STYLE_BYTES = 2**24
"""Of the part with the styles: 65,490 of them, as many as Excel allows, take 1.2 MB, and so do as many named ones."""
ERRORS = {
    0x00: "#NULL!",
    0x07: "#DIV/0!",
    0x0F: "#VALUE!",
    0x17: "#REF!",
    0x1D: "#NAME?",
    0x24: "#NUM!",
    0x2A: "#N/A",
}
"""How Excel shows an error, by its number in binary files."""


@dataclass(frozen=True, slots=True)
class _Font:
    """How letters look."""

    is_struck: bool
    is_raised: bool


@dataclass(slots=True)
class _Styles:
    """What the styles of a workbook change, by their numbers."""

    fonts: list[_Font] = field(default_factory=list)
    telling: dict[int, str] = field(default_factory=dict)
    """Style → number format that may show something else than the cell holds."""
    struck: set[int] = field(default_factory=set)
    """Styles that cross a cell out."""

    def put(self, style: int, code: str, font: int) -> None:
        """Note what one style changes."""
        if is_telling(code):
            self.telling[style] = code
        if font < len(self.fonts) and self.fonts[font].is_struck:
            self.struck.add(style)


def looker(archive: Archive) -> Callable[[str], SideLook]:
    """What looks at the sheets of a workbook by their names. Raises ValueError when the parts cannot be separated."""
    try:
        styles = _styles_of(archive)
        marked = _marked_texts(archive, styles.fonts)
    except (struct.error, IndexError) as why:
        raise ValueError(_TOO_SHORT) from why
    return partial(_look, archive, styles, marked)


_TOO_SHORT = "a record is shorter than it should be"


def _look(archive: Archive, styles: _Styles, marked: dict[int, Mark], sheet: str) -> SideLook:
    """What one sheet holds besides its values. Raises ValueError when the parts cannot be separated."""
    found = SideLook()
    changing: set[Place] = set()
    columns: list[tuple[int, int]] = []
    row = 0
    try:
        part = _part_of(archive, sheet)
        _see_looks(part, styles, marked, found)
        for number, data in _records(part):
            if number == _ROW:
                row = struct.unpack_from("<I", data)[0] + 1
                if data[11] & _ROW_HIDDEN:
                    found.hidden_rows.add(row)
            elif number in _SEEN_IN_CELLS:
                _see_cell(number, data, (row, struct.unpack_from("<I", data)[0]), styles, found, changing)
            elif number == _COLUMN:
                first, last = struct.unpack_from("<II", data)
                if data[16] & 1:
                    columns.append((first, last + 1))
            elif number == _MERGE:
                top, bottom, left, right = struct.unpack_from("<IIII", data)
                found.merged.append(MergedRange(top + 1, left, bottom + 1, right))
    except (struct.error, IndexError) as why:
        raise ValueError(_TOO_SHORT) from why
    found.changing = runs_of(changing)
    found.hidden_columns = columns_within(columns)
    return found


def _see_cell(  # noqa: PLR0913, PLR0917 - one argument per fact
    number: int, data: bytes, place: Place, styles: _Styles, found: SideLook, changing: set[Place]
) -> None:
    """Note an error, a text with formats of its own, and a formula whose value changes."""
    if number in {_CELL_ERROR, _FORMULA_ERROR}:
        found.faults[place] = error_value(ERRORS.get(data[8], "#N/A"))
    elif number == _RICH_TEXT:
        found.within[place] = _text(data, 9)[0]
        if data[8] & 1 and (mark := mark_of(_parts_of(data[8:], styles.fonts))):
            put_mark(found, mark, place)
    elif _changes(number, data):
        changing.add(place)


def _changes(number: int, data: bytes) -> bool:
    """Tell whether a formula depends on the day, the time or chance: it stands behind the value and its flags."""
    flags = 16 if number == _FORMULA_NUMBER else _text(data, 8)[1]
    return data[flags + 6 : flags + 8] == CHANGES


def _see_looks(part: bytes, styles: _Styles, marked: dict[int, Mark], look: SideLook) -> None:
    """Note the cells with a value that have one of these styles or texts."""
    if not styles.telling and not styles.struck and not marked:
        return
    runs = FormatRuns()
    for row, position, style, text in _cells(part):
        if style in styles.telling:
            runs.add(styles.telling[style], row, position)
        if style in styles.struck:
            look.struck.add((row, position))
        if text in marked:
            put_mark(look, marked[text], (row, position))
    look.formats = runs.found()


def _cells(part: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Row, column, style and shared text (-1 for none) of each cell with a value."""
    row = 0
    for number, data in _records(part):
        if number == _ROW:
            row = struct.unpack_from("<I", data)[0] + 1
        elif number in _VALUES:
            position, style = struct.unpack_from("<II", data)
            text = struct.unpack_from("<I", data, 8)[0] if number == _USE_OF_TEXT else -1
            yield row, position, style & _STYLE_BITS, text


def _styles_of(archive: Archive) -> _Styles:
    codes: dict[int, str] = dict(BUILT_IN)
    found = _Styles()
    inside, style = False, 0
    part = archive.part("xl/styles.bin") or b""
    if len(part) > MOST_STYLE_BYTES:
        raise TooManyStyles
    for number, data in _records(part):
        if number == _FORMAT:
            codes[struct.unpack_from("<H", data)[0]] = _text(data, 2)[0]
        elif number == _FONT:
            _, marks, _, place = struct.unpack_from("<HHHH", data)
            found.fonts.append(_Font(bool(marks & _CROSSED_OUT), place != 0))
        elif number in {_STYLES, _STYLES_END}:
            inside = number == _STYLES
        elif number == _STYLE and inside:
            number_format, font = struct.unpack_from("<HH", data, 2)
            found.put(style, code_of(codes, number_format), font)
            style += 1
    return found


def _marked_texts(archive: Archive, fonts: list[_Font]) -> dict[int, Mark]:
    """Number of a shared text → its mark."""
    marked: dict[int, Mark] = {}
    if not any(font.is_struck or font.is_raised for font in fonts):
        return marked
    texts = (data for number, data in _records(archive.part("xl/sharedStrings.bin") or b"") if number == _SHARED_TEXT)
    for number, data in enumerate(texts):
        if data[0] & 1 and (mark := mark_of(_parts_of(data, fonts))):
            marked[number] = mark
    return marked


def _parts_of(data: bytes, fonts: list[_Font]) -> Iterator[Part]:
    """The parts of a text that has fonts of its own, which begin at these letters."""
    text, at = _text(data, 1)
    count = struct.unpack_from("<I", data, at)[0]
    starts = [struct.unpack_from("<HH", data, at + 4 + 4 * number) for number in range(min(count, len(text)))]
    ends = [start for start, _ in starts[1:]] + [len(text)]
    for (start, number), end in zip(starts, ends, strict=True):
        font = fonts[number]
        yield Part(text[start:end], font.is_struck, font.is_raised)


def _records(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Number and content of each record; both number and length are written in groups of seven bits."""
    at, end = 0, len(data)
    while at < end:
        number = data[at] & 0x7F
        if data[at] & 0x80:
            at += 1
            number |= (data[at] & 0x7F) << 7
        at += 1
        length = 0
        for shift in (0, 7, 14, 21):
            byte = data[at]
            at += 1
            length |= (byte & 0x7F) << shift
            if not byte & 0x80:
                break
        yield number, data[at : at + length]
        at += length


def _part_of(archive: Archive, sheet: str) -> bytes:
    relations = archive.part("xl/_rels/workbook.bin.rels") or b"<none/>"
    targets = {relation.get("Id"): relation.get("Target") or "" for relation in ET.fromstring(relations)}  # noqa: S314 - no DOCTYPE: see archive
    for number, data in _records(archive.part("xl/workbook.bin") or b""):
        if number == _SHEET:
            relation, rest = _text(data, 8)
            if _text(data, rest)[0] == sheet:
                path = posixpath.normpath(posixpath.join("/xl", targets.get(relation, "")))
                return archive.part(path.lstrip("/")) or b""
    msg = "the sheet's part is not there"
    raise ValueError(msg)


def _text(data: bytes, at: int) -> tuple[str, int]:
    """A text with its length in characters before it, and where it ends."""
    length = struct.unpack_from("<I", data, at)[0]
    if length == _NO_TEXT:
        return "", at + 4
    end = at + 4 + 2 * length
    return data[at + 4 : end].decode("utf-16-le", errors="replace"), end
