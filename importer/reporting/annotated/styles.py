"""Cell formats: the colours of our marks on top of the user's own formats, and the way back."""

from __future__ import annotations

import re

from importer.model.problems import Severity
from importer.reporting.annotated.package import (
    CannotAnnotate,
    attributes,
    elements,
    prefix_of,
    section,
    with_attribute,
)

MARK_COLOURS = {Severity.ERROR: "FFE77C73", Severity.WARNING: "FFF2B34C"}
"""Light enough for black text, dark enough for the white text of many headers."""
HEADER_FILL = "FF1F4E78"
"""Behind the headers that are ours."""
INK, LINK_INK, WHITE = "FF1F1F1F", "FF0563C1", "FFFFFFFF"

LIBREOFFICE = ("FFFF99CC", "FFFFCC99")
"""What LibreOffice puts behind those colours in place of the user's own; it then is lost."""


class Styles:
    """The formats of a workbook. A cell names one by its position."""

    def __init__(self, xml: str) -> None:
        """Take the part apart. Raises CannotAnnotate when it is unusual."""
        self._p = p = prefix_of(xml, "styleSheet")
        self._xml = xml
        self._fills = self._listed(f"{p}fills", f"{p}fill")
        self._fonts = self._listed(f"{p}fonts", f"{p}font")
        self._formats = self._listed(f"{p}cellXfs", f"{p}xf")
        self._made: dict[tuple[int, str], int] = {}

    def _listed(self, outer: str, inner: str) -> list[str]:
        found = section(self._xml, outer)
        if found is None or not (listed := elements(found[2] or "", inner)):
            raise CannotAnnotate("its formats are missing")
        return listed

    # --- marks ---

    def marked(self, number: int, severity: Severity) -> int:
        """Return format ``number`` with the colour of a mark; the colour that was there is kept behind it."""
        base = self.restored(number)
        behind = _colour(self._fill_of(base)) or 'indexed="64"'
        return self._with_fill(base, f'rgb="{MARK_COLOURS[severity]}"', behind)

    def restored(self, number: int) -> int:
        """Return the format as it was before it was marked."""
        fill = self._fill_of(number)
        if attributes(_tag(fill, "fgColor")).get("rgb") not in MARK_COLOURS.values():
            return number

        behind = _tag(fill, "bgColor")
        given = attributes(behind)
        if not behind or given.get("indexed") == "64" or given.get("rgb") in LIBREOFFICE:
            return self._variant(number, "none", fill=0)
        return self._with_fill(number, _inner(behind), 'indexed="64"')

    def marks(self) -> set[int]:
        """Return the formats that carry the colour of a mark."""
        colour = re.compile("|".join(MARK_COLOURS.values()))
        fills = {number for number, fill in enumerate(self._fills) if colour.search(fill)}
        return {number for number, xf in enumerate(self._formats) if int(attributes(xf).get("fillId", "0")) in fills}

    # --- formats of our own ---

    def plain(self, *, wrap: bool = False) -> int:
        """Return a format for text; wrapped text begins at the top of the cell."""
        return self._look("", 11, INK, wrap=wrap)

    def bold(self, *, size: int = 11) -> int:
        """Return a format for labels and titles."""
        return self._look(f"<{self._p}b/>", size, INK)

    def link(self) -> int:
        """Return a format for wrapped text that can be clicked."""
        return self._look(f"<{self._p}u/>", 11, LINK_INK, wrap=True)

    def header(self) -> int:
        """Return a format for headers: white on a dark ground."""
        number = self._look(f"<{self._p}b/>", 11, WHITE)
        return self._with_fill(number, f'rgb="{HEADER_FILL}"', 'indexed="64"')

    def _look(self, traits: str, size: int, ink: str, *, wrap: bool = False) -> int:
        p = self._p
        font = (
            f'<{p}font>{traits}<{p}sz val="{size}"/><{p}color rgb="{ink}"/>'
            f'<{p}name val="Calibri"/><{p}family val="2"/></{p}font>'
        )
        alignment = f'<{p}alignment vertical="top" wrapText="1"/>' if wrap else ""
        xf = (
            f'<{p}xf numFmtId="0" fontId="{_at(self._fonts, font)}" fillId="0" borderId="0" xfId="0" '
            f'applyFont="1" applyAlignment="{int(wrap)}">{alignment}</{p}xf>'
        )
        return _at(self._formats, xf)

    # --- the part ---

    def xml(self) -> str:
        """Return the part with all formats."""
        p, xml = self._p, self._xml
        for outer, listed in ((f"{p}fills", self._fills), (f"{p}fonts", self._fonts), (f"{p}cellXfs", self._formats)):
            found = section(xml, outer)
            if found is None:
                raise CannotAnnotate("its formats are missing")
            opening = with_attribute(found[1], "count", len(listed))
            xml = f"{xml[: found.start()]}{opening}>{''.join(listed)}</{outer}>{xml[found.end() :]}"
        return xml

    def _fill_of(self, number: int) -> str:
        try:
            return self._fills[int(attributes(self._formats[number]).get("fillId", "0"))]
        except (IndexError, ValueError) as error:
            raise CannotAnnotate("a cell has a format that does not exist") from error

    def _with_fill(self, number: int, front: str, behind: str) -> int:
        """Return a format with a solid fill; ``front`` and ``behind`` are the attributes of its two colours."""
        p = self._p
        colours = f"<{p}fgColor {front}/><{p}bgColor {behind}/>"
        xml = f'<{p}fill><{p}patternFill patternType="solid">{colours}</{p}patternFill></{p}fill>'
        return self._variant(number, xml, fill=_at(self._fills, xml))

    def _variant(self, number: int, name: str, *, fill: int) -> int:
        """Return a copy of a format with another fill; made once."""
        if (number, name) not in self._made:
            opening = re.match(r"<[^>]*?(?=/?>)", self._formats[number])
            if opening is None:
                raise CannotAnnotate("its formats are unusual")
            changed = with_attribute(with_attribute(opening[0], "fillId", fill), "applyFill", 1)
            self._formats.append(changed + self._formats[number][opening.end() :])
            self._made[number, name] = len(self._formats) - 1
        return self._made[number, name]


def _at(listed: list[str], xml: str) -> int:
    """Return the position of an element, which is added when it is not there."""
    if xml not in listed:
        listed.append(xml)
    return listed.index(xml)


def _tag(xml: str, name: str) -> str:
    found = re.search(rf"<(?:[\w.-]+:)?{name}\b[^>]*>", xml)
    return found[0] if found else ""


def _inner(tag: str) -> str:
    """Return the attributes of a tag as they are written."""
    return re.sub(r"^<\S+\s*|\s*/?>$", "", tag)


def _colour(fill: str) -> str | None:
    """Return the attributes of a solid fill's colour; None when the fill is none or a pattern."""
    if attributes(_tag(fill, "patternFill")).get("patternType") != "solid":
        return None
    return _inner(_tag(fill, "fgColor")) or None
