"""The styles of an .xlsx, in one pass: which may show something else than a cell holds, or cross it out."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING
from xml.parsers import expat

from importer.reading.formats.grid import CROSSES_OUT, TooManyStyles
from importer.reading.formats.number_formats import BUILT_IN, Styles, code_of, is_telling

if TYPE_CHECKING:
    from importer.reading.formats.archive import Archive

MOST_TAGS = 1_500_000
"""Of the part. Excel allows 65,490 formats of cells, each of at most four tags, and as many named styles."""
_NUMBERED = {"fonts", "fills", "cellXfs", "dxfs"}
"""Lists whose members other elements name by their position."""
_OF_LISTS, _OF_MEMBERS = 2, 3
"""How deep they stand; the root is at 1."""


def styles_of(archive: Archive) -> Styles:
    """The styles of the workbook whose cells are worth a look. Raises TooManyStyles."""
    xml = archive.part("xl/styles.xml") or b""
    if xml.count(b"<") > MOST_TAGS:
        raise TooManyStyles
    walk = _Walk()
    with suppress(expat.ExpatError):  # values do not need it
        walk.take(xml)
    return walk.styles()


_COLOURS = {"patternFill", "fgColor", "color"}
_WHITE, _BLACK = "RGB=FFFFFFFF", "RGB=FF000000"
_NAMES = {
    **dict.fromkeys(("theme=0", "indexed=1", "indexed=9", "indexed=65", "rgb=00FFFFFF"), _WHITE),
    **dict.fromkeys(("theme=1", "indexed=0", "indexed=8", "indexed=64", "rgb=00000000"), _BLACK),
}
"""Of the themes that Office offers, and of its palette."""


class _Walk:
    """One pass over the part."""

    def __init__(self) -> None:
        self._codes = {str(number): code for number, code in BUILT_IN.items()}
        self._struck_fonts: set[str] = set()
        self._formats: list[tuple[str, str, str]] = []
        """Number format, font and fill of each style."""
        self._colours: dict[tuple[str, str], str] = {}
        """List and number of a font or a solid fill → its colour."""
        self._is_solid = False
        self._changes: dict[str, set[str]] = {}
        """Style of conditional formats → what it changes."""
        self._depth = 0
        self._list, self._number, self._seen = "", -1, set[str]()

    def take(self, xml: bytes) -> None:
        """Read the part. Raises ExpatError for XML that is none; what stands before that is kept."""
        parser = expat.ParserCreate()
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.Parse(xml, True)  # noqa: FBT003 - the end of the text

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        name = tag.rpartition(":")[2]
        if self._depth == _OF_LISTS:
            self._list = name if name in _NUMBERED and name not in self._seen else ""
            self._seen.add(name)
            self._number = -1
        elif self._depth == _OF_MEMBERS:
            self._number += 1
            if self._list == "cellXfs":
                self._formats.append(
                    (attributes.get("numFmtId", ""), attributes.get("fontId", ""), attributes.get("fillId", ""))
                )
        if name == "numFmt":
            self._see_number_format(attributes)
        elif name == "strike" and attributes.get("val", "1") not in {"0", "false"}:
            self._see_strike()
        elif name in _COLOURS:
            self._see_colour(name, attributes)

    def _end(self, _tag: str) -> None:
        self._depth -= 1

    def _see_number_format(self, attributes: dict[str, str]) -> None:
        if self._list == "dxfs":
            code = code_of({0: attributes.get("formatCode")}, 0)
            if is_telling(code):
                self._changes.setdefault(str(self._number), set()).add(code)
        else:
            self._codes[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")

    def _see_strike(self) -> None:
        if self._list == "fonts":
            self._struck_fonts.add(str(self._number))
        elif self._list == "dxfs":
            self._changes.setdefault(str(self._number), set()).add(CROSSES_OUT)

    def _see_colour(self, name: str, attributes: dict[str, str]) -> None:
        """Note the colour of a font or a solid fill as it is compared: white and black have several names."""
        if name == "patternFill":
            self._is_solid = attributes.get("patternType") == "solid"
        if name == "fgColor" and not self._is_solid:
            return
        named = [f"{key}={attributes[key]}" for key in ("rgb", "theme", "indexed") if key in attributes]
        if named:
            colour = _NAMES.get(named[0], named[0].upper()) + attributes.get("tint", "")
            self._colours.setdefault((self._list, str(self._number)), colour)

    def styles(self) -> Styles:
        """What was found."""
        numbers = {number for number, *_ in self._formats}
        shapes = {number: code_of(self._codes, number) for number in numbers}
        telling = {number for number in numbers if is_telling(shapes[number])}
        found = Styles(conditional=self._changes)
        for position, (number, font, fill) in enumerate(self._formats):
            name = str(position).encode()
            if number in telling:
                found.telling[name] = shapes[number]
            if font in self._struck_fonts:
                found.struck.add(name)
            if self._colours.get(("fonts", font), _BLACK) == self._colours.get(("fills", fill), _WHITE):
                found.unseen.add(name)
        return found
