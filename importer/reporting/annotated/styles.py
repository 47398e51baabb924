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

    def marked(self, number: int, severity: Severity) -> int:
        """Format ``number`` with the colour of a mark; the colour that was there is kept behind it."""
        base = self.restored(number)
        own = _colour(self._fill_of(base))
        behind = f"<{self._p}bgColor {own}/>" if own else f'<{self._p}bgColor indexed="64"/>'
        return self._with_fill(base, MARK_COLOURS[severity], behind)

    def restored(self, number: int) -> int:
        """The format as it was before it was marked."""
        fill = self._fill_of(number)
        if attributes(_tag(fill, "fgColor")).get("rgb") not in MARK_COLOURS.values():
            return number
        behind = _tag(fill, "bgColor")
        inner = re.sub(r"^<\S+\s*|\s*/?>$", "", behind)
        given = attributes(behind)
        if not behind or given.get("indexed") == "64" or given.get("rgb") in LIBREOFFICE:
            return self._variant(number, "none", fill=0)
        p = self._p
        front, behind = f"<{p}fgColor {inner}/>", f'<{p}bgColor indexed="64"/>'
        xml = f'<{p}fill><{p}patternFill patternType="solid">{front}{behind}</{p}patternFill></{p}fill>'
        return self._variant(number, xml, fill=_at(self._fills, xml))

    def marks(self) -> set[int]:
        """Formats that carry the colour of a mark."""
        found = {at for at, fill in enumerate(self._fills) if any(rgb in fill for rgb in MARK_COLOURS.values())}
        return {at for at, one in enumerate(self._formats) if int(attributes(one).get("fillId", "0")) in found}

    def look(
        self, *, bold: bool = False, link: bool = False, wrap: bool = False, size: int = 11, fill: str | None = None
    ) -> int:
        """A format of our own; wrapped texts begin at the top of the cell; on a ``fill`` the text is white."""
        p = self._p
        ink = "FF0563C1" if link else "FF1F1F1F" if fill is None else "FFFFFFFF"
        font = (
            f"<{p}font>{f'<{p}b/>' if bold else ''}{f'<{p}u/>' if link else ''}"
            f'<{p}sz val="{size}"/><{p}color rgb="{ink}"/><{p}name val="Calibri"/><{p}family val="2"/></{p}font>'
        )
        flow = f'<{p}alignment vertical="top" wrapText="1"/>' if wrap else ""
        xf = (
            f'<{p}xf numFmtId="0" fontId="{_at(self._fonts, font)}" fillId="0" borderId="0" xfId="0" '
            f'applyFont="1" applyAlignment="{int(wrap)}">{flow}</{p}xf>'
        )
        number = _at(self._formats, xf)
        return number if fill is None else self._with_fill(number, fill, f'<{p}bgColor indexed="64"/>')

    def xml(self) -> str:
        """The part with all formats."""
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

    def _with_fill(self, number: int, rgb: str, behind: str) -> int:
        p = self._p
        xml = (
            f'<{p}fill><{p}patternFill patternType="solid"><{p}fgColor rgb="{rgb}"/>{behind}</{p}patternFill></{p}fill>'
        )
        return self._variant(number, xml, fill=_at(self._fills, xml))

    def _variant(self, number: int, name: str, *, fill: int) -> int:
        """A copy of a format with another fill; made once."""
        if (number, name) not in self._made:
            opening = re.match(r"<[^>]*?(?=/?>)", self._formats[number])
            if opening is None:
                raise CannotAnnotate("its formats are unusual")
            changed = with_attribute(with_attribute(opening[0], "fillId", fill), "applyFill", 1)
            self._formats.append(changed + self._formats[number][opening.end() :])
            self._made[number, name] = len(self._formats) - 1
        return self._made[number, name]


def _at(listed: list[str], xml: str) -> int:
    if xml not in listed:
        listed.append(xml)
    return listed.index(xml)


def _tag(xml: str, name: str) -> str:
    found = re.search(rf"<(?:[\w.-]+:)?{name}\b[^>]*>", xml)
    return found[0] if found else ""


def _colour(fill: str) -> str | None:
    """The attributes of a solid fill's colour; None when the fill is none or a pattern."""
    if attributes(_tag(fill, "patternFill")).get("patternType") != "solid":
        return None
    return re.sub(r"^<\S+\s*|\s*/?>$", "", _tag(fill, "fgColor")) or None
