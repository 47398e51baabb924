"""Comments on cells: ours are set below the user's own, and taken away again."""

from __future__ import annotations

import re

from importer.reporting.annotated.package import (
    OFFICE,
    SPREADSHEET,
    Package,
    appended,
    attributes,
    elements,
    in_cell,
    lines_of,
    prefix_of,
)
from importer.reporting.annotated.worksheet import Worksheet, row_and_column

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
AUTHOR = "invoice-importer"
MOST_COLUMNS = 30
"""Columns that a comment may cover; more when they are hidden is not worth a look."""
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


def replace_comments(package: Package, part: str, sheet: Worksheet, texts: dict[str, str]) -> None:
    """Take our earlier comments on a sheet away and set these, address → text; the user's own stay above them.

    ``part`` is the name of the sheet's part. Raises CannotAnnotate when the comments are unusual.
    """
    if texts or package.related(part, "comments") is not None:
        _Comments(package, part, sheet).replace(texts)


class _Comments:
    """The comments of one sheet, and the shapes that show them."""

    def __init__(self, package: Package, part: str, sheet: Worksheet) -> None:
        self._package, self._part, self._sheet = package, part, sheet
        self._name = package.related(part, "comments")
        self._drawing = self._part_of_shapes()
        self._xml, self._shapes = _EMPTY, _EMPTY_DRAWING
        if self._name is not None:
            self._xml = package.read(self._name)
        if self._drawing is not None:
            self._shapes = package.read(self._drawing)
        self._p = prefix_of(self._xml, "comments")
        self._columns = sheet.columns()
        self._gone: set[tuple[int, int]] = set()
        """Row and column, both from 0, of cells whose comment was all ours, and goes away."""

    def replace(self, texts: dict[str, str]) -> None:
        """Set these texts and put the parts into the package."""
        comments = self._kept(texts)
        author = len(elements(self._xml, f"{self._p}author"))
        fresh = [ref for ref in texts if ref not in comments]
        if fresh:
            self._xml = appended(self._xml, f"{self._p}authors", f"<{self._p}author>{AUTHOR}</{self._p}author>")
        for ref in fresh:
            comments[ref] = self._new(ref, texts[ref], author)

        self._show(texts)
        self._set_list("".join(comments.values()))
        self._put()

    def _part_of_shapes(self) -> str | None:
        """Name of the part with the shapes; page headers have drawings of that kind too, so the sheet is asked."""
        p = prefix_of(self._sheet.xml, "worksheet")
        found = re.search(rf"<{p}legacyDrawing\b[^>]*\bid=[\"']([^\"']+)[\"']", self._sheet.xml)
        if found is None:
            return None
        _, target = self._package.relations(self._part).get(found[1], ("", None))
        return target

    def _put(self) -> None:
        package = self._package
        if self._name is None:
            self._name = package.free("xl/comments{}.xml")
            package.relate(self._part, {package.free_id(self._part): f"/{self._name}"}, "comments")
            package.declare(self._name, f"{SPREADSHEET}.comments+xml")
        if self._drawing is None:
            self._drawing, relation = package.free("xl/drawings/vmlDrawing{}.vml"), package.free_id(self._part)
            package.relate(self._part, {relation: f"/{self._drawing}"}, "vmlDrawing")
            package.declare_ending("vml", "application/vnd.openxmlformats-officedocument.vmlDrawing")
            p = prefix_of(self._sheet.xml, "worksheet")
            self._sheet.insert("legacyDrawing", f'<{p}legacyDrawing xmlns:rel="{OFFICE}" rel:id="{relation}"/>')
        package.put(self._name, self._xml)
        package.put(self._drawing, self._shapes)

    # --- texts ---

    def _kept(self, texts: dict[str, str]) -> dict[str, str]:
        """Return address → comment of the user's own comments, with our text below where there is one.

        Where only ours was and none is to be, the shape goes too.
        """
        p = self._p
        authors = elements(self._xml, f"{p}author")
        kept: dict[str, str] = {}
        for comment in elements(self._xml, f"{p}comment"):
            given = attributes(comment[: comment.index(">")])
            ref = given["ref"]
            own = self._without_ours(comment)
            if own is None:
                if ref not in texts:
                    self._gone.add(_place(ref))
                continue

            # Excel shows a thread from another part and keeps its comment as a copy, so nothing is added to that.
            author = int(given.get("authorId", "0"))
            is_thread = author < len(authors) and ">tc=" in authors[author]
            if ref in texts and not is_thread:
                own = self._extended(own, texts[ref])
            kept[ref] = own
        return kept

    def _new(self, ref: str, text: str, author: int) -> str:
        p = self._p
        return f'<{p}comment ref="{ref}" authorId="{author}"><{p}text>{self._run(text)}</{p}text></{p}comment>'

    def _run(self, text: str) -> str:
        p = self._p
        look = f'<{p}rPr><{p}sz val="9"/><{p}color indexed="81"/><{p}rFont val="Tahoma"/><{p}family val="2"/></{p}rPr>'
        return f'<{p}r>{look}<{p}t xml:space="preserve">{in_cell(text)}</{p}t></{p}r>'

    def _extended(self, comment: str, text: str) -> str:
        """Return the user's comment with ours below; a comment without runs gets them."""
        p = self._p
        comment = re.sub(rf"(<{p}text\b[^>]*>)(<{p}t\b[^>]*>[^<]*</{p}t\s*>)", rf"\1<{p}r>\2</{p}r>", comment, count=1)
        return appended(comment, f"{p}text", self._run(f"\n\n{text}"))

    def _without_ours(self, comment: str) -> str | None:
        """Return the user's part of a comment; None when it is all ours."""
        p = self._p
        run = re.compile(rf"(<{p}t\b[^>]*(?<!/)>)([^<]*)(</{p}t\s*>)")  # programs cut a text into runs as they like
        before, ours, _ = "".join(match[2] for match in run.finditer(comment)).partition(FIRST_LINE)
        if not ours:
            return comment
        left = len(_BLANK_END.sub("", before))
        if left == 0:
            return None

        def cut(match: re.Match[str]) -> str:
            nonlocal left
            kept = match[2][:left]
            left -= len(kept)
            return match[1] + kept + match[3]

        return run.sub(cut, comment)

    def _set_list(self, comments: str) -> None:
        """Put the comments in the place of those that the part lists, behind its authors."""
        p = self._p
        xml = re.sub(rf"<{p}commentList\b[^>]*>.*</{p}commentList\s*>", "", self._xml, flags=re.DOTALL)
        xml = re.sub(rf"<{p}commentList\b[^>]*/>", "", xml)
        at = xml.index("</", xml.index(f"</{p}authors") + 2)
        self._xml = f"{xml[:at]}<{p}commentList>{comments}</{p}commentList>{xml[at:]}"

    # --- shapes ---

    def _show(self, texts: dict[str, str]) -> None:
        """Give every comment its shape, as large as its text needs; the shapes of those that are gone go too."""
        places: dict[tuple[int, int], tuple[int, str]] = {}
        for ref, text in texts.items():
            row, column = _place(ref)
            height = LINE * (1 + lines_of(text, CHARACTERS))
            places[row, column] = height, self._anchor(row, column, height)

        shown: set[tuple[int, int]] = set()

        def fitted(match: re.Match[str]) -> str:
            place = _place_of_shape(match[0])
            if place in self._gone:
                return ""
            if place not in places:
                return match[0]
            shown.add(place)
            return re.sub(r"(<x:Anchor>)[^<]*", rf"\g<1>{places[place][1]}", match[0])

        self._shapes = _SHAPES.sub(fitted, self._shapes)
        number = max(map(int, re.findall(r'id="_x0000_s(\d+)"', self._shapes)), default=1024)
        added = [] if 'id="_x0000_t202"' in self._shapes else [_TYPE]
        for (row, column), (height, anchor) in places.items():
            if (row, column) not in shown:
                number += 1
                shape = _SHAPE.format(number=number, width=WIDTH, height=height, anchor=anchor, row=row, column=column)
                added.append(shape)
        self._shapes = appended(self._shapes, "xml", "".join(added))

    def _anchor(self, row: int, column: int, height: int) -> str:
        """Return where the shape stands: column, pixels into it, row, pixels into it, of two corners."""
        left, rest = column + 1, WIDTH + 15
        right = left
        while rest > (wide := self._pixels(right)) and right < left + MOST_COLUMNS:
            rest, right = rest - wide, right + 1
        top = max(row - 1, 0)
        rows, pixels = divmod(height + 10, ROW)
        return f"{left}, 15, {top}, 10, {right}, {rest}, {top + rows}, {pixels}"

    def _pixels(self, position: int) -> int:
        """Return the width of a column."""
        column: dict[str, str] = {}
        for low, high, given in self._columns:
            if low <= position <= high:
                column = given
        if column.get("hidden") in ("1", "true"):
            return 0
        return int(float(column.get("width", "8.43")) * 7 + 5)


def _place_of_shape(shape: str) -> tuple[int, int]:
    """Return row and column, both from 0, of the cell that a shape belongs to; -1 where it says none."""
    row, column = (re.search(rf"<x:{tag}>\s*(\d+)", shape) for tag in ("Row", "Column"))
    return (int(row[1]), int(column[1])) if row and column else (-1, -1)


def _place(ref: str) -> tuple[int, int]:
    """Return row and column of an address, both from 0."""
    row, column = row_and_column(ref)
    return row - 1, column
