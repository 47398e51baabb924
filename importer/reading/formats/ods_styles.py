"""The styles of an OpenDocument spreadsheet, as far as they say that something is crossed out, raised or hidden."""

from __future__ import annotations

import re
from dataclasses import dataclass
from xml.parsers import expat

from importer.reading.formats.grid import TooManyStyles
from importer.reading.formats.text_parts import Part

_ODF = "urn:oasis:names:tc:opendocument:xmlns:"
_S, _T = f"{_ODF}style:1.0 ", f"{_ODF}table:1.0 "
CELL, TEXT, TABLE = "table-cell", "text", "table"
"""Families of styles; each has names of its own."""
_ON_THE_LINE = re.compile(r"[+-]?0%.*")
MOST_PARENTS = 20
"""Styles behind one another; a circle of them ends here."""
MOST_STYLES = 200_000
"""Names of styles; LibreOffice writes one for each look that some cell has."""


@dataclass(slots=True)
class Style:
    """What one style says; None where it leaves that to its parent."""

    parent: str = ""
    is_struck: bool | None = None
    is_raised: bool | None = None
    is_hidden: bool = False


class Styles:
    """All styles, by family and name."""

    def __init__(self) -> None:
        self._styles: dict[tuple[str, str], Style] = {}
        self._struck: dict[str, bool] = {}
        """Style of cells → whether it crosses out; most cells have one of few styles."""
        self._now: Style | None = None

    def take(self, xml: bytes) -> None:
        """Read a document of styles. Raises ExpatError for XML that is none."""
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartElementHandler, parser.EndElementHandler = self.start, self.end
        parser.Parse(xml, True)  # noqa: FBT003 - the end of the text

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Take the beginning of an element. Raises TooManyStyles."""
        if tag == _S + "style":
            self._now = Style(attributes.get(_S + "parent-style-name", ""))
            if len(self._styles) > MOST_STYLES:
                raise TooManyStyles
            # Conditional formats name a style as people see it.
            family, name = attributes.get(_S + "family", ""), attributes.get(_S + "name", "")
            self._styles[family, name] = self._styles[family, attributes.get(_S + "display-name", name)] = self._now
        elif self._now is not None and tag == _S + "text-properties":
            lines = [attributes.get(_S + f"text-line-through-{kind}") for kind in ("style", "type")]
            if any(lines):
                self._now.is_struck = "none" not in lines
            if position := attributes.get(_S + "text-position"):
                self._now.is_raised = _ON_THE_LINE.fullmatch(position.strip()) is None
        elif self._now is not None and tag == _S + "table-properties":
            self._now.is_hidden = attributes.get(_T + "display") == "false"

    def end(self, tag: str) -> None:
        """Take the end of an element."""
        if tag == _S + "style":
            self._now = None

    def is_hidden(self, table: str) -> bool:
        """Tell whether a table of this style is hidden."""
        style = self._styles.get((TABLE, table))
        return style is not None and style.is_hidden

    def is_struck(self, cell: str) -> bool:
        """Tell whether a cell of this style is crossed out."""
        found = self._struck.get(cell)
        if found is None:
            found = self._struck[cell] = self._first(CELL, cell, "is_struck")
        return found

    def part(self, text: str, name: str) -> Part:
        """A part of a text that has a style."""
        if not name:
            return Part(text)
        return Part(text, self._first(TEXT, name, "is_struck"), self._first(TEXT, name, "is_raised"))

    def _first(self, family: str, name: str, mark: str) -> bool:
        """What the nearest style says that says anything."""
        for _ in range(MOST_PARENTS):
            style = self._styles.get((family, name))
            if style is None:
                break
            found = getattr(style, mark)
            if found is not None:
                return bool(found)
            name = style.parent
        return False
