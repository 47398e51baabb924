"""Texts in parts that look different: 400 crossed out beside 500 is no 400500, and 500 with a raised 1 is no 5001."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING
from xml.parsers import expat

from importer.model.problems import column_position

if TYPE_CHECKING:
    from collections.abc import Iterable

    from importer.reading.formats.grid import Place, SideLook


class Mark(Enum):
    """What makes the text of a cell another one than its letters."""

    STRUCK = "a part is crossed out"
    RAISED = "a number stands raised or lowered"


@dataclass(frozen=True, slots=True)
class Part:
    """Letters of one look."""

    text: str
    is_struck: bool = False
    is_raised: bool = False
    """Whether they stand above or below the line."""


def mark_of(parts: Iterable[Part]) -> Mark | None:
    """What makes a text another one than its letters; None when they are what a person reads.

    A raised number is a remark or a power; only that of m² and m³ is read as written.
    """
    before = ""
    found = None
    for part in parts:
        if part.is_struck and part.text.strip():
            return Mark.STRUCK
        is_unit = part.text.strip() in {"2", "3"} and before.endswith(("m", "M"))
        if part.is_raised and any(map(str.isdigit, part.text)) and not is_unit:
            found = Mark.RAISED
        before += part.text
    return found


def put_mark(look: SideLook, mark: Mark | None, place: Place) -> None:
    """Note the mark of a cell."""
    match mark:
        case Mark.STRUCK:
            look.struck.add(place)
        case Mark.RAISED:
            look.raised.add(place)
        case None:
            pass


# --- .xlsx -----------------------------------------------------------------------

_LOOKS = (b"strike", b"vertAlign")
_ADDRESS = re.compile(r"([A-Z]{1,3})([0-9]{1,7})", re.IGNORECASE)
FEW_TEXTS = 50
"""Texts that are searched for one by one before a sheet is parsed."""


def marked_texts(shared: bytes) -> dict[str, Mark]:
    """Number of a shared text → its mark. Raises ExpatError for XML that is none."""
    if not _has_looks(shared):
        return {}
    return _Texts(shared).marked


def see_texts(xml: bytes, marked: dict[str, Mark], look: SideLook) -> None:
    """Note the cells of a sheet whose texts have a mark. Raises ExpatError for XML that is none."""
    if _has_looks(xml) or _may_use(xml, marked):
        _Cells(xml, marked, look)


def _has_looks(xml: bytes) -> bool:
    return b"rPr" in xml and any(look in xml for look in _LOOKS)


def _may_use(xml: bytes, marked: dict[str, Mark]) -> bool:
    """Tell whether a sheet may have cells with these texts, so that parsing it is worth its time."""
    if len(marked) > FEW_TEXTS:
        return True
    return any(re.search(rb">\s*%b\s*<" % number.encode(), xml) for number in marked)


class _Walk:
    """One pass over texts in parts."""

    def __init__(self, xml: bytes) -> None:
        self._parts: list[Part] = []
        self._letters: list[str] | None = None
        self._is_struck = self._is_raised = self._is_reading = False
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler = self._begin, self._finish
        parser.CharacterDataHandler = self._characters
        parser.Parse(xml, True)  # noqa: FBT003 - the end of the text

    def _begin(self, tag: str, attributes: dict[str, str]) -> None:
        self.start(tag.rpartition(":")[2], attributes)

    def _finish(self, tag: str) -> None:
        self.end(tag.rpartition(":")[2])

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Take the beginning of an element."""
        match name:
            case "si" | "is":
                self._parts = []
            case "r":
                self._is_struck = self._is_raised = False
            case "rPh":  # how Japanese letters are read aloud
                self._is_reading = True
            case "strike":
                self._is_struck = attributes.get("val", "1") not in {"0", "false"}
            case "vertAlign":
                self._is_raised = attributes.get("val") in {"superscript", "subscript"}
            case "t":
                self._letters = []

    def end(self, name: str) -> None:
        """Take the end of an element."""
        if name == "rPh":
            self._is_reading = False
        elif name == "t" and self._letters is not None:
            if not self._is_reading:
                self._parts.append(Part("".join(self._letters), self._is_struck, self._is_raised))
            self._letters = None

    def _characters(self, text: str) -> None:
        if self._letters is not None:
            self._letters.append(text)


class _Texts(_Walk):
    """The shared texts of a workbook."""

    def __init__(self, xml: bytes) -> None:
        self.marked: dict[str, Mark] = {}
        self._number = 0
        super().__init__(xml)

    def end(self, name: str) -> None:
        super().end(name)
        if name == "si":
            if mark := mark_of(self._parts):
                self.marked[str(self._number)] = mark
            self._number += 1


class _Cells(_Walk):
    """The cells of one sheet, however they are written; also without addresses."""

    def __init__(self, xml: bytes, marked: dict[str, Mark], look: SideLook) -> None:
        self._marked, self._look = marked, look
        self._row, self._position = 0, -1
        self._kind = ""
        super().__init__(xml)

    def start(self, name: str, attributes: dict[str, str]) -> None:
        match name:
            case "row":
                number = attributes.get("r") or ""
                self._row = int(number) if number.isdigit() else self._row + 1
                self._position = -1
            case "c":
                self._kind = attributes.get("t") or ""
                self._position += 1
                if address := _ADDRESS.fullmatch(attributes.get("r") or ""):
                    self._position, self._row = column_position(address[1].upper()), int(address[2])
            case "v":
                self._letters = []
            case _:
                super().start(name, attributes)

    def end(self, name: str) -> None:
        place = self._row, self._position
        if name == "is":
            put_mark(self._look, mark_of(self._parts), place)
        elif name == "v":
            if self._kind == "s":
                put_mark(self._look, self._marked.get("".join(self._letters or ()).strip().lstrip("0") or "0"), place)
            self._letters = None
        else:
            super().end(name)
