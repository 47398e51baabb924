"""Walk through the XML of a sheet cell by cell: exact, and too slow for every large sheet.

Rows and cells without an address are counted as python-calamine counts them,
whose values this stands beside. What programs read differently is a fault: it
reads ``<v>1&#50;</v>`` as 1, Excel as 12.
"""

from __future__ import annotations

import re
from xml.parsers import expat

from importer.model.problems import column_position
from importer.model.sheet import CellFault
from importer.reading.formats.grid import BROKEN_TEXT, NOT_CALCULATED, UNUSUAL, MergedRange, SideLook, error_value

Faults = dict[tuple[int, int], CellFault]
"""(row number as Excel shows it, column counted from 0) → why the value of that cell is not known."""
LONGEST_INDEX = 9
"""Digits; python-calamine takes the number of a text that it cannot hold for 0, the first text."""
LAST_COLUMN = 16_384
_ADDRESS = re.compile(r"([A-Z]{1,3})(\d+)", re.IGNORECASE)
_AREA = re.compile(r"([A-Z]{1,3})(\d+):([A-Z]{1,3})(\d+)")
_OTHER_WORKBOOK = re.compile(r"\[\d+\]")
_TRUE = {"1", "true"}


def parse(xml: bytes, *, calculates_anew: bool) -> tuple[SideLook, Faults]:
    """What one sheet holds besides its values. Raises ExpatError for XML that is none."""
    sheet = _Walk(xml, calculates_anew=calculates_anew)
    side = SideLook(frozenset(sheet.hidden_rows), frozenset(sheet.hidden_columns), tuple(sheet.merged), sheet.others)
    return side, sheet.faults


def formulas(xml: bytes) -> frozenset[tuple[int, int]]:
    """The cells of a sheet whose values formulas give. Raises ExpatError for XML that is none."""
    return frozenset(_Walk(xml, calculates_anew=False).formulas)


def _is_index(value: str) -> bool:
    return value.isascii() and value.isdigit() and len(value) <= LONGEST_INDEX


def judge(xml_of_cell: bytes, *, calculates_anew: bool) -> Faults | None:
    """Fault of one cell without prefixes; None when the cell does not say its address."""
    cell = _Walk(xml_of_cell, calculates_anew=calculates_anew)
    return cell.faults if cell.addressed else None


class _Walk:
    """One pass over a part; what it found is in its public fields."""

    def __init__(self, xml: bytes, *, calculates_anew: bool) -> None:
        self.hidden_rows: set[int] = set()
        self.hidden_columns: set[int] = set()
        self.merged: list[MergedRange] = []
        self.faults: Faults = {}
        self.formulas: set[tuple[int, int]] = set()
        self.others = False
        self.addressed = True
        self._xml, self._anew = xml, calculates_anew
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

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        match tag.rpartition(":")[2]:
            case "row":
                self._row = int(attributes.get("r") or self._row)
                self._position = 0
                if attributes.get("hidden") in _TRUE or _is_zero(attributes.get("ht")):
                    self.hidden_rows.add(self._row)
            case "c":
                self._start_cell(attributes)
            case "f" if self._cell is not None:
                self._formula, self._text = True, []
            case "v" if self._cell is not None:
                self._text, self._begin = [], self._parser.CurrentByteIndex
            case "col":
                self._column(attributes)
            case "mergeCell":
                if area := _AREA.fullmatch(attributes.get("ref") or ""):
                    first, last = column_position(area[1]), column_position(area[3])
                    self.merged.append(MergedRange(int(area[2]), first, int(area[4]), last))

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
                self.others = self.others or _OTHER_WORKBOOK.search("".join(self._text)) is not None
                self._text = None
            case "v" if self._text is not None:
                self._values.append("".join(self._text))
                self._text = None
                written = self._xml[self._begin : self._parser.CurrentByteIndex].partition(b">")[2]
                self._odd |= b"<" in written or (b"&" in written and self._kind != "str")
            case "c" if self._cell is not None:
                if fault := self._fault():
                    self.faults[self._cell] = fault
                if self._formula:
                    self.formulas.add(self._cell)
                self._cell = None

    def _fault(self) -> CellFault | None:
        if self._odd or len(self._values) > 1 or (self._kind == "inlineStr" and any(self._values)):
            return UNUSUAL
        value = self._values[0] if self._values else None
        if self._kind == "e":
            return error_value(value or "#N/A")
        if self._kind == "s" and value and not _is_index(value):
            return BROKEN_TEXT
        if not self._formula:
            return None
        # A text formula may well yield an empty text: then there is a value, and it is empty.
        stored = value is not None if self._kind == "str" else bool(value)
        guessed = self._anew and value == "0" and self._kind != "b"
        return None if stored and not guessed else NOT_CALCULATED

    def _characters(self, text: str) -> None:
        if self._text is not None:
            self._text.append(text)

    def _column(self, attributes: dict[str, str]) -> None:
        first, last = attributes.get("min") or "", attributes.get("max") or ""
        if (
            first.isdigit()
            and last.isdigit()
            and (attributes.get("hidden") in _TRUE or _is_zero(attributes.get("width")))
        ):
            self.hidden_columns.update(range(int(first) - 1, min(int(last), LAST_COLUMN)))


def _is_zero(measure: str | None) -> bool:
    """Rows without height and columns without width are not seen either."""
    return measure is not None and re.fullmatch(r"0(\.0*)?", measure) is not None
