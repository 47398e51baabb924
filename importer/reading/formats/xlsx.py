"""What python-calamine cannot tell of an .xlsx, taken from the file's own XML.

Error cells and formulas without a stored value come back from it as empty, a
broken index of a text as some other text, and it knows no hidden rows
(spreadsheets.md section 2). A quick look searches the markers in the inflated
part at C speed. Where one is found, the cell around it is parsed; only a part
that is written in an unusual way is parsed whole (:func:`parse_whole`), which is
exact, and too slow for every large sheet.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING
from xml.parsers import expat

from importer.model.problems import column_position
from importer.reading.formats.archive import holds
from importer.reading.formats.conditional import conditional_formats
from importer.reading.formats.formulas import Formulas, formulas_in, has_seed, runs_of
from importer.reading.formats.grid import (
    BROKEN_TEXT,
    NOT_CALCULATED,
    UNUSUAL,
    MergedRange,
    SideLook,
    columns_within,
    error_value,
    may_be_cover,
)
from importer.reading.formats.number_formats import see_styles
from importer.reading.formats.text_parts import marked_texts, see_texts
from importer.reading.formats.workbook_parts import paths_of_sheets
from importer.reading.formats.xlsx_styles import styles_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from importer.model.sheet import CellFault
    from importer.reading.formats.archive import Archive
    from importer.reading.formats.grid import Place
    from importer.reading.formats.number_formats import Styles
    from importer.reading.formats.text_parts import Mark

LONGEST_INDEX = 9
"""Digits; python-calamine takes the number of a text that it cannot hold for 0, the first text."""
_P = rb"(?:[A-Za-z_][\w.-]*:)?"
"""An optional namespace prefix: every fifth file writes ``<x:row>``."""
_UNSEEN = rb"hidden=[\"'](?:1|true)[\"']"
_HIDDEN_ROW = re.compile(rb"<" + _P + rb"row\b([^<>]*\s(?:" + _UNSEEN + rb"|ht=[\"']0(?:\.0*)?[\"'])[^<>]*)>")
_HIDDEN_COLUMN = re.compile(rb"<" + _P + rb"col\b([^<>]*\s(?:" + _UNSEEN + rb"|width=[\"']0(?:\.0*)?[\"'])[^<>]*)>")
_MERGED = re.compile(rb"<" + _P + rb"mergeCell\b[^<>]*\bref=[\"']([A-Z]{1,3})(\d+):([A-Z]{1,3})(\d+)[\"']")
_ERROR = re.compile(rb"\bt=[\"']e[\"']")
_NO_VALUE = re.compile(rb"(?:<" + _P + rb"f\b[^<>]*/>|</" + _P + rb"f>)(?!\s*<" + _P + rb"v>[^<])")
_ZERO = re.compile(rb"(?:<" + _P + rb"f\b[^<>]*/>|</" + _P + rb"f>)\s*<" + _P + rb"v>0<")
# They begin with letters, which a regular expression finds fast, and with the form that nearly every text has.
_BROKEN_TEXT = {
    quote: re.compile(rb"t=" + quote + rb"s" + quote + rb"(?!><v>\d{1,9}<)[^<>]*>(?!\s*<" + _P + rb"v>\d{1,9}<)")
    for quote in (b'"', b"'")
}
_ESCAPED = re.compile(rb"<" + _P + rb"v(?:\s[^<>]*)?>[^<&]*&")
_INLINE_VALUE = re.compile(rb"\bt=[\"']inlineStr[\"'][^<>]*>\s*<" + _P + rb"[vf][\s/>]")
_BEFORE_ROOT = re.compile(rb"\s*(?:<\?xml[^<>]*\?>)?\s*")
_SPACED = re.compile(rb"\s=\s*[\"']|=\s+[\"']")
_OTHER_WORKBOOK = re.compile(rb"<" + _P + rb"f\b[^<>]*>[^<]*\[\d+\]")
_CELL_START = re.compile(rb"<" + _P + rb"c(?=[\s/>])")
_CELL_END = re.compile(rb"</" + _P + rb"c\s*>")
_PREFIX = re.compile(rb"<([A-Za-z_][\w.-]*):")
_MIN, _MAX, _ROW = (re.compile(rb"\s" + name + rb"=[\"'](\d+)[\"']") for name in (b"min", b"max", b"r"))
PREFIX_BYTES = 100_000
"""A part names its prefixes at its root, long before this many bytes."""
LONGEST_CELL_BYTES = 500_000
"""A cell of more bytes is parsed with its whole part."""

_DIGITS_TO_0 = bytes.maketrans(b"123456789", b"000000000")
_SAVED = re.compile(rb"modified\b[^<>]{0,200}>\s*(\d{4}-\d\d-\d\d)")
_CHANGING_NAME = re.compile(
    rb"<"
    + _P
    + rb"definedName\b[^<>]*\bname=[\"']([^\"'<>]+)[\"'][^<>]*>[^<]*\b(?:TODAY|NOW|RAND|RANDBETWEEN|RANDARRAY)\("
)
_RECALCULATED = re.compile(rb"\bfullCalcOnLoad=[\"'](?:1|true)[\"']")
_ADDRESS = re.compile(r"([A-Z]{1,3})(\d+)", re.IGNORECASE)
_AREA = re.compile(r"([A-Z]{1,3})(\d+):([A-Z]{1,3})(\d+)")
_OTHER_WORKBOOK_NUMBER = re.compile(r"\[\d+\]")
_TRUE = {"1", "true"}


def is_recalculated(archive: Archive) -> bool:
    """Tell whether the file asks Excel to calculate all formulas when it opens the file."""
    return _RECALCULATED.search(archive.part("xl/workbook.xml") or b"") is not None


def looker(archive: Archive) -> Callable[[str], SideLook]:
    """What looks at the sheets of a workbook by their names."""
    texts = marked_texts(archive.part("xl/sharedStrings.xml") or b"<none/>")
    book = _Book(
        archive,
        paths_of_sheets(archive),
        styles_of(archive),
        texts,
        is_recalculated(archive),
        _saved_on(archive),
    )
    book.changing.update(_changing(book))
    return partial(_look, book)


@dataclass(frozen=True, slots=True)
class _Book:
    """What all sheets of a workbook share."""

    archive: Archive
    paths: Mapping[str, str]
    """Name of a sheet → name of its part."""
    styles: Styles
    texts: dict[str, Mark]
    """Shared texts that are crossed out in part, or hold a raised number."""
    recalculated: bool
    """Whether the file asks Excel to calculate all formulas when it opens the file."""
    saved_on: str
    changing: dict[str, set[Place]] = field(default_factory=dict)
    """Sheet → its cells with formulas that depend on the day, the time or chance."""


def _saved_on(archive: Archive) -> str:
    found = _SAVED.search(archive.part("docProps/core.xml") or b"")
    return found[1].decode() if found else ""


def _changing(book: _Book) -> dict[str, set[Place]]:
    """Look at formulas, if any of the workbook gives something else tomorrow."""
    parts = {sheet: book.archive.part(path) or b"" for sheet, path in book.paths.items()}
    workbook = book.archive.part("xl/workbook.xml") or b""
    if not any(map(has_seed, (workbook, *parts.values()))):
        return {}
    names = frozenset(name.decode().casefold() for name in _CHANGING_NAME.findall(workbook))
    return Formulas({sheet: formulas_in(xml) for sheet, xml in parts.items()}, names).changing()


def _look(book: _Book, sheet: str) -> SideLook:
    """What one sheet holds besides its values. Raises ValueError without its part, ExpatError for XML that is none."""
    xml = book.archive.part(book.paths.get(sheet, ""))
    if xml is None:
        msg = "the part of the sheet is not where it should be"
        raise ValueError(msg)
    is_unusual = _is_unusual(xml)
    found = look_into(xml, recalculated=book.recalculated, is_unusual=is_unusual)
    if book.styles.telling or book.styles.struck or book.styles.unseen:
        see_styles(xml, book.styles, found, is_usual=not is_unusual)
    see_texts(xml, book.texts, found)
    found.conditional = conditional_formats(xml, book.styles.conditional)
    found.saved_on = book.saved_on
    changing = book.changing.get(sheet, set())
    found.changing = runs_of(changing)
    if book.recalculated and _has_formulas(xml):
        found.uncalculated = runs_of(formulas_in(xml).keys() - changing)
    if may_be_cover(sheet):
        found.formulas = _Walk(xml, recalculated=False).look.formulas
    return found


def look_into(xml: bytes, *, recalculated: bool, is_unusual: bool | None = None) -> SideLook:
    """What the XML of one sheet holds besides its values and styles.

    ``recalculated`` says that the file asks Excel to calculate all formulas when it
    opens the file, as programs do that write a 0 beside every formula; ``is_unusual``
    says whether quick searches could overlook something, where that is known.
    Raises ExpatError for XML that is none.
    """
    if is_unusual is None:
        is_unusual = _is_unusual(xml)
    faults = None if is_unusual else _faults(xml, recalculated=recalculated)
    rows = None if faults is None else _hidden_rows(xml)
    if faults is None or rows is None:
        return parse_whole(xml, recalculated=recalculated)
    others = b"[" in xml and _OTHER_WORKBOOK.search(xml) is not None
    columns = columns_within(_hidden_columns(xml))
    return SideLook(rows, columns, list(_merged(xml)), other_workbooks=others, faults=faults)


def _is_unusual(xml: bytes) -> bool:
    """Tell whether quick searches could overlook something."""
    match = _BEFORE_ROOT.match(xml)
    start = match.end() if match else 0
    if holds(xml, b"<!", b"!", start) or holds(xml, b"<?", b"?", start):  # comments, CDATA, instructions
        return True
    blanks = [blank for blank in (b" ", b"\n", b"\t", b"\r") if xml.find(blank, start) >= 0]
    pairs = [blank + b"=" for blank in blanks] + [b"=" + blank for blank in blanks]
    return any(xml.find(pair, start) >= 0 for pair in pairs) and _SPACED.search(xml) is not None


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


def _hidden_columns(xml: bytes) -> Iterator[tuple[int, int]]:
    """Ranges of columns, from one up to another."""
    head = xml[: xml.find(b"sheetData")]
    for match in _HIDDEN_COLUMN.finditer(head):
        first, last = _MIN.search(match[1]), _MAX.search(match[1])
        if first and last:
            yield int(first[1]) - 1, int(last[1])


def _merged(xml: bytes) -> Iterator[MergedRange]:
    if b"mergeCell" in xml:
        for match in _MERGED.finditer(xml, xml.find(b"mergeCell")):
            first, last = column_position(match[1].decode()), column_position(match[3].decode())
            yield MergedRange(int(match[2]), first, int(match[4]), last)


def _faults(xml: bytes, *, recalculated: bool) -> dict[Place, CellFault] | None:
    """Faults of the cells; None when the address of one is not certain."""
    faults: dict[Place, CellFault] = {}
    start = end = 0
    for at in _candidates(xml, recalculated=recalculated):
        if start <= at < end:
            continue  # in the cell that was judged last
        start, end = _cell_around(xml, at)
        found = _judge_cell(_bare(xml[start:end]), recalculated=recalculated) if end else None
        if found is None:  # its place follows from all cells before it
            return None
        faults |= found
    return faults


def _candidates(xml: bytes, *, recalculated: bool) -> Iterator[int]:
    """Places inside cells that may have no value, roughly."""
    for pattern in _patterns_needed(xml, recalculated=recalculated):
        for match in pattern.finditer(xml):
            yield match.start()


def _patterns_needed(xml: bytes, *, recalculated: bool) -> Iterator[re.Pattern[bytes]]:
    """The searches that can find anything in this part: plain searches say so first, because they are fast."""
    quotes = _quotes(xml)
    if any(b"t=" + quote + b"e" + quote in xml for quote in quotes):
        yield _ERROR
    if _has_formulas(xml):
        yield _NO_VALUE
        if recalculated:
            yield _ZERO
    for quote in quotes:
        if not _all_indexed(xml, b"t=" + quote + b"s" + quote):
            yield _BROKEN_TEXT[quote]
    if b"&" in xml:
        yield _ESCAPED
    if any(not _all_inside(xml, b"t=" + quote + b"inlineStr" + quote) for quote in quotes):
        yield _INLINE_VALUE


def _has_formulas(xml: bytes) -> bool:
    prefixes = {b"", *(match[1] + b":" for match in _PREFIX.finditer(xml[:PREFIX_BYTES]))}
    return any(b"<" + prefix + b"f" in xml for prefix in prefixes)


def _all_indexed(xml: bytes, mark: bytes) -> bool:
    """Tell whether every text of that mark is an index in the form that nearly all programs write."""
    left = xml.count(mark)
    if left:
        uniform = xml.translate(_DIGITS_TO_0)
        for digits in range(1, LONGEST_INDEX + 1):
            left -= uniform.count(mark + b"><v>" + b"0" * digits + b"<")
            if not left:
                break
    return not left


def _all_inside(xml: bytes, mark: bytes) -> bool:
    """Tell whether every text of that mark stands in the cell, in the form that nearly all programs write."""
    return xml.count(mark) == xml.count(mark + b"><is>")


def _cell_around(xml: bytes, at: int) -> tuple[int, int]:
    """Where the cell begins and ends that byte ``at`` belongs to; zeros when its ends are not found."""
    start = None
    for width in (200, 5_000, LONGEST_CELL_BYTES):
        starts = list(_CELL_START.finditer(xml, max(0, at - width), at + 1))
        if starts:
            start = starts[-1].start()
            break
    if start is None:
        return 0, 0
    tag_end = xml.find(b">", start)
    if xml[tag_end - 1 : tag_end] == b"/":
        return start, tag_end + 1
    end = _CELL_END.search(xml, at, at + LONGEST_CELL_BYTES)
    return (0, 0) if end is None else (start, end.end())


def _bare(fragment: bytes) -> bytes:
    """Without prefixes, whose declarations stand elsewhere."""
    without = re.sub(rb"(</?)[A-Za-z_][\w.-]*:", rb"\1", fragment)
    return re.sub(rb"(\s)[A-Za-z_][\w.-]*:([\w.-]+\s*=)", rb"\1\2", without)


# --- the whole part, cell by cell ------------------------------------------------


def parse_whole(xml: bytes, *, recalculated: bool) -> SideLook:
    """What the XML of one sheet holds besides its values and styles. Raises ExpatError for XML that is none."""
    return _Walk(xml, recalculated=recalculated).look


def _is_index(value: str) -> bool:
    return value.isascii() and value.isdigit() and len(value) <= LONGEST_INDEX


def _judge_cell(xml_of_cell: bytes, *, recalculated: bool) -> dict[Place, CellFault] | None:
    """Fault of one cell without prefixes; None when the cell does not say its address."""
    cell = _Walk(xml_of_cell, recalculated=recalculated)
    return cell.look.faults if cell.addressed else None


class _Walk:
    """One pass over a part; what it found is in ``look``."""

    def __init__(self, xml: bytes, *, recalculated: bool) -> None:
        self.look = SideLook()
        self.addressed = True
        self._columns: list[tuple[int, int]] = []
        """Ranges of columns that are not seen."""
        self._xml, self._recalculated = xml, recalculated
        self._row, self._position = 1, 0
        self._cell: tuple[int, int] | None = None
        self._kind: str | None = None
        self._values: list[str] = []
        self._formula = self._odd = False
        self._text: list[str] | None = None
        self._begin = 0
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler, self._parser.EndElementHandler = self._start, self._end
        self._parser.CharacterDataHandler = self._characters
        self._parser.Parse(xml, True)  # noqa: FBT003 - the end of the text
        self.look.hidden_columns = columns_within(self._columns)
        del self._parser  # it refers to this object, and nothing collects such circles in the process that reads

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        match tag.rpartition(":")[2]:
            case "row":
                self._start_row(attributes)
            case "c":
                self._start_cell(attributes)
            case "f" if self._cell is not None:
                self._formula, self._text = True, []
            case "v" if self._cell is not None:
                self._text, self._begin = [], self._parser.CurrentByteIndex
            case "col":
                self._column(attributes)
            case "mergeCell":
                self._merge(attributes.get("ref") or "")

    def _start_row(self, attributes: dict[str, str]) -> None:
        self._row = int(attributes.get("r") or self._row)
        self._position = 0
        if _is_hidden(attributes, "ht"):
            self.look.hidden_rows.add(self._row)

    def _merge(self, reference: str) -> None:
        if area := _AREA.fullmatch(reference):
            first, last = column_position(area[1]), column_position(area[3])
            self.look.merged.append(MergedRange(int(area[2]), first, int(area[4]), last))

    def _start_cell(self, attributes: dict[str, str]) -> None:
        address = _ADDRESS.fullmatch(attributes.get("r") or "")
        row = self._row
        if address is None:
            self.addressed = False
        else:
            self._position, row = column_position(address[1].upper()), int(address[2])
        self._cell = (row, self._position)
        self._position += 1
        self._kind, self._values, self._formula, self._odd = attributes.get("t"), [], False, False

    def _end(self, tag: str) -> None:
        match tag.rpartition(":")[2]:
            case "row":
                self._row += 1
            case "f" if self._text is not None:
                self.look.other_workbooks |= _OTHER_WORKBOOK_NUMBER.search("".join(self._text)) is not None
                self._text = None
            case "v" if self._text is not None:
                self._values.append("".join(self._text))
                self._text = None
                written = self._xml[self._begin : self._parser.CurrentByteIndex].partition(b">")[2]
                self._odd |= b"<" in written or (b"&" in written and self._kind != "str")
            case "c" if self._cell is not None:
                if fault := self._fault():
                    self.look.faults[self._cell] = fault
                if self._formula:
                    self.look.formulas.add(self._cell)
                self._cell = None

    def _fault(self) -> CellFault | None:
        value = self._values[0] if self._values else None
        if self._is_unusual():
            return UNUSUAL
        if self._kind == "e":
            return error_value(value or "#N/A")
        if self._kind == "s" and value and not _is_index(value):
            return BROKEN_TEXT
        if self._formula and not self._is_calculated(value):
            return NOT_CALCULATED
        return None

    def _is_unusual(self) -> bool:
        """Tell whether programs would read the value of this cell differently."""
        return self._odd or len(self._values) > 1 or (self._kind == "inlineStr" and any(self._values))

    def _is_calculated(self, value: str | None) -> bool:
        """Tell whether the file holds the value of a formula."""
        if self._recalculated and value == "0" and self._kind != "b":  # a guess of the program that wrote it
            return False
        if self._kind == "str":  # a text formula may well yield an empty text
            return value is not None
        return bool(value)

    def _characters(self, text: str) -> None:
        if self._text is not None:
            self._text.append(text)

    def _column(self, attributes: dict[str, str]) -> None:
        first, last = attributes.get("min") or "", attributes.get("max") or ""
        if first.isdigit() and last.isdigit() and _is_hidden(attributes, "width"):
            self._columns.append((int(first) - 1, int(last)))


def _is_hidden(attributes: dict[str, str], measure: str) -> bool:
    """Rows without height and columns without width are not seen either."""
    size = attributes.get(measure)
    return attributes.get("hidden") in _TRUE or (size is not None and re.fullmatch(r"0(\.0*)?", size) is not None)
