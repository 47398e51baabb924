"""Comments on cells: ours below the user's own, and ours taken away again."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from importer.model.problems import column_position
from importer.reporting.annotated.package import OFFICE, SPREADSHEET, appended, attributes, elements, in_cell, prefix_of

if TYPE_CHECKING:
    from importer.reporting.annotated.package import Package
    from importer.reporting.annotated.worksheet import Worksheet

FIRST_LINE = "invoice-importer:"
"""How our part of a comment begins, by which it is found again."""
WIDTH = 340
"""Of a comment, pixels."""
LINE = 17
"""Height of a line in a comment, pixels."""
CHARACTERS = 50
"""In a line of a comment, roughly."""
ROW = 20
"""Height of a row of cells, pixels; roughly, rows may be higher."""
_EMPTY = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    '<comments xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    "<authors></authors><commentList></commentList></comments>"
)
_EMPTY_DRAWING = (
    '<xml xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office" '
    'xmlns:x="urn:schemas-microsoft-com:office:excel"><o:shapelayout v:ext="edit"><o:idmap v:ext="edit" data="1"/>'
    "</o:shapelayout></xml>"
)
_TYPE = (
    '<v:shapetype xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office" '
    'id="_x0000_t202" coordsize="21600,21600" o:spt="202" path="m,l,21600r21600,l21600,xe">'
    '<v:stroke joinstyle="miter"/><v:path gradientshapeok="t" o:connecttype="rect"/></v:shapetype>'
)
_SHAPE = (
    '<v:shape xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office" '
    'xmlns:x="urn:schemas-microsoft-com:office:excel" id="_x0000_s{number}" type="#_x0000_t202" '
    'style="position:absolute;margin-left:0;margin-top:0;width:{width}px;height:{height}px;z-index:{number};'
    'visibility:hidden" fillcolor="#ffffe1" o:insetmode="auto"><v:fill color2="#ffffe1"/>'
    '<v:shadow on="t" color="black" obscured="t"/><v:path o:connecttype="none"/>'
    '<v:textbox style="mso-direction-alt:auto"><div style="text-align:left"></div></v:textbox>'
    '<x:ClientData ObjectType="Note"><x:MoveWithCells/><x:SizeWithCells/><x:Anchor>{anchor}</x:Anchor>'
    "<x:AutoFill>False</x:AutoFill><x:Row>{row}</x:Row><x:Column>{column}</x:Column></x:ClientData></v:shape>"
)
_BLANK_END = re.compile(r"(?:\s|&#(?:10|13|x0?[ad]);)+$", re.IGNORECASE)
"""Blank lines at the end of a text, which LibreOffice writes as entities."""
_SHAPES = re.compile(r"<v:shape\b(?!type).*?</v:shape\s*>", re.DOTALL)


@dataclass
class Comments:
    """The comments of one sheet, and the shapes that show them."""

    package: Package
    part: str
    """Name of the sheet's part."""
    sheet: Worksheet

    def replace(self, texts: dict[str, str]) -> None:
        """Take our earlier comments away and set these, address → text; the user's own stay above them."""
        name, drawing = self.package.related(self.part, "comments"), self._drawing()
        if not texts and name is None:
            return
        xml = _EMPTY if name is None else self.package.read(name)
        shapes = _EMPTY_DRAWING if drawing is None else self.package.read(drawing)
        self._p = p = prefix_of(xml, "comments")
        threads = {at for at, author in enumerate(elements(xml, f"{p}author")) if ">tc=" in author}
        author = len(elements(xml, f"{p}author"))
        kept: dict[str, str] = {}
        for comment in elements(xml, f"{p}comment"):
            given = attributes(comment[: comment.index(">")])
            ref = given["ref"]
            own, thread = self._without_ours(comment), int(given.get("authorId", "0")) in threads
            if own is None and ref not in texts:
                shapes = _without_shape(shapes, ref)
            elif own is None:
                continue  # ours only: written anew below
            else:  # what Excel shows of a thread is not kept here, so nothing is added to it
                kept[ref] = own if thread or ref not in texts else self._extended(own, texts[ref])
        fresh = {ref: text for ref, text in texts.items() if ref not in kept}
        shapes = self._shaped(shapes, texts)
        xml = appended(xml, f"{p}authors", f"<{p}author>invoice-importer</{p}author>") if fresh else xml
        listed = "".join(kept.values()) + "".join(self._new(ref, text, author) for ref, text in fresh.items())
        xml = re.sub(rf"<{p}commentList\b[^>]*>.*</{p}commentList\s*>", "", xml, flags=re.DOTALL)
        xml = re.sub(rf"<{p}commentList\b[^>]*/>", "", xml)
        at = xml.index("</", xml.index(f"</{p}authors") + 2)
        xml = f"{xml[:at]}<{p}commentList>{listed}</{p}commentList>{xml[at:]}"
        self._put(name, xml, drawing, shapes)

    def _drawing(self) -> str | None:
        """The part with the shapes; a drawing for page headers is of the same kind, so the sheet itself is asked."""
        p = prefix_of(self.sheet.xml, "worksheet")
        found = re.search(rf"<{p}legacyDrawing\b[^>]*\bid=[\"']([^\"']+)[\"']", self.sheet.xml)
        return self.package.relations(self.part).get(found[1], ("", None))[1] if found else None

    def _put(self, name: str | None, xml: str, drawing: str | None, shapes: str) -> None:
        package = self.package
        if name is None:
            name = package.free("xl/comments{}.xml")
            package.relate(self.part, {package.free_id(self.part): f"/{name}"}, "comments")
            package.declare(name, f"{SPREADSHEET}.comments+xml")
        if drawing is None:
            drawing, one = package.free("xl/drawings/vmlDrawing{}.vml"), package.free_id(self.part)
            package.relate(self.part, {one: f"/{drawing}"}, "vmlDrawing")
            package.declare_ending("vml", "application/vnd.openxmlformats-officedocument.vmlDrawing")
            p = prefix_of(self.sheet.xml, "worksheet")
            self.sheet.insert("legacyDrawing", f'<{p}legacyDrawing xmlns:rel="{OFFICE}" rel:id="{one}"/>')
        package.put(name, xml)
        package.put(drawing, shapes)

    # --- texts ---

    def _new(self, ref: str, text: str, author: int) -> str:
        p = self._p
        return f'<{p}comment ref="{ref}" authorId="{author}"><{p}text>{self._run(text)}</{p}text></{p}comment>'

    def _run(self, text: str) -> str:
        p = self._p
        look = f'<{p}rPr><{p}sz val="9"/><{p}color indexed="81"/><{p}rFont val="Tahoma"/><{p}family val="2"/></{p}rPr>'
        return f'<{p}r>{look}<{p}t xml:space="preserve">{in_cell(text)}</{p}t></{p}r>'

    def _extended(self, comment: str, text: str) -> str:
        """The user's comment with ours below; a comment without runs gets them."""
        p = self._p
        comment = re.sub(rf"(<{p}text\b[^>]*>)(<{p}t\b[^>]*>[^<]*</{p}t\s*>)", rf"\1<{p}r>\2</{p}r>", comment, count=1)
        return appended(comment, f"{p}text", self._run(f"\n\n{text}"))

    def _without_ours(self, comment: str) -> str | None:
        """The user's part of a comment; None when it is all ours."""
        p = self._p
        run = re.compile(rf"(<{p}t\b[^>]*(?<!/)>)([^<]*)(</{p}t\s*>)")  # programs cut a text into runs as they like
        before, ours, _ = "".join(match[2] for match in run.finditer(comment)).partition(FIRST_LINE)
        if not ours:
            return comment
        left = len(_BLANK_END.sub("", before))

        def cut(match: re.Match[str]) -> str:
            nonlocal left
            kept = match[2][:left]
            left -= len(kept)
            return match[1] + kept + match[3]

        return run.sub(cut, comment) if left else None

    # --- shapes ---

    def _shaped(self, shapes: str, texts: dict[str, str]) -> str:
        """Every comment has its shape, as large as its text needs."""
        shown = {(_number(one, "Row"), _number(one, "Column")): one for one in _SHAPES.findall(shapes)}
        number = max((int(one) for one in re.findall(r'id="_x0000_s(\d+)"', shapes)), default=1024)
        added = "" if 'id="_x0000_t202"' in shapes else _TYPE
        for ref, text in texts.items():
            row, column = _place(ref)
            height = LINE * (1 + sum(1 + len(line) // CHARACTERS for line in text.split("\n")))
            anchor = self._anchor(row, column, height)
            if (old := shown.get((row, column))) is not None:
                taller = re.sub(r"(<x:Anchor>)[^<]*", rf"\g<1>{anchor}", old)
                shapes = shapes.replace(old, taller)
                continue
            number += 1
            added += _SHAPE.format(
                number=number,
                width=WIDTH,
                height=height,
                anchor=anchor,
                row=row,
                column=column,
            )
        return appended(shapes, "xml", added)

    def _anchor(self, row: int, column: int, height: int) -> str:
        """Where the shape stands: column, pixels into it, row, pixels into it, of two corners."""
        widths = {at: one for low, high, one in self.sheet.columns() for at in range(low, min(high, column + 40) + 1)}
        left, rest = column + 1, WIDTH + 15
        at = left
        while rest > (wide := _pixels(widths.get(at, {}))) and at < left + 30:
            rest, at = rest - wide, at + 1
        top = max(row - 1, 0)
        return f"{left}, 15, {top}, 10, {at}, {rest}, {top + (height + 10) // ROW}, {(height + 10) % ROW}"


def _pixels(column: dict[str, str]) -> int:
    return 0 if column.get("hidden") in ("1", "true") else int(float(column.get("width", "8.43")) * 7 + 5)


def _number(shape: str, tag: str) -> int:
    found = re.search(rf"<x:{tag}>\s*(\d+)", shape)
    return int(found[1]) if found else -1


def _place(ref: str) -> tuple[int, int]:
    """Row and column of an address, both from 0."""
    letters = ref.rstrip("0123456789")
    return int(ref[len(letters) :]) - 1, column_position(letters)


def _without_shape(shapes: str, ref: str) -> str:
    def kept(shape: re.Match[str]) -> str:
        return "" if (_number(shape[0], "Row"), _number(shape[0], "Column")) == _place(ref) else shape[0]

    return _SHAPES.sub(kept, shapes)
