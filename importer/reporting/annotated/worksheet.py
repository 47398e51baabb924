"""Change single cells in the XML of a sheet; all other bytes stay."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from importer.model.problems import Severity, cell_address, column_letter, column_position
from importer.reporting.annotated.package import (
    CannotAnnotate,
    attributes,
    elements,
    in_cell,
    prefix_of,
    section,
    with_attribute,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from importer.reporting.annotated.styles import Styles

LAST_POSITION = 16_383
"""Position of column XFD."""
AFTER = {
    "hyperlinks": (
        "printOptions",
        "pageMargins",
        "pageSetup",
        "headerFooter",
        "rowBreaks",
        "colBreaks",
        "customProperties",
        "cellWatches",
        "ignoredErrors",
        "smartTags",
        "drawing",
        "legacyDrawing",
        "legacyDrawingHF",
        "drawingHF",
        "picture",
        "oleObjects",
        "controls",
        "webPublishItems",
        "tableParts",
        "extLst",
    ),
    "legacyDrawing": (
        "legacyDrawingHF",
        "drawingHF",
        "picture",
        "oleObjects",
        "controls",
        "webPublishItems",
        "tableParts",
        "extLst",
    ),
}
"""What comes after an element in a sheet; Excel refuses another order."""


@dataclass(frozen=True, slots=True)
class Edit:
    """What becomes of one cell."""

    mark: Severity | None = None
    """Colour it."""
    text: str | None = None
    """Write this text instead of what stands there; empty: empty the cell."""
    style: int | None = None
    """Give it this format."""


@dataclass
class Worksheet:
    """The XML of one sheet."""

    xml: str
    styles: Styles
    _p: str = field(init=False)

    def __post_init__(self) -> None:
        """Raises CannotAnnotate when the sheet is unusual."""
        self._p = prefix_of(self.xml, "worksheet")
        self._cell = re.compile(rf"<{self._p}c\b[^>]*?(?:/>|>.*?</{self._p}c\s*>)", re.DOTALL)

    def edit(self, edits: dict[int, dict[int, Edit]]) -> None:
        """Change cells: row → column (from 0) → what becomes of it. Old marks are taken away everywhere."""
        p, old = self._p, self.styles.marks()
        stale = re.compile(rf"<{p}c\b[^>]*\bs=[\"'](?:{'|'.join(map(str, sorted(old)))})[\"']") if old else None
        row = re.compile(rf"(<{p}row\b[^>]*?)(?:/>|>(.*?)</{p}row\s*>)", re.DOTALL)

        def change(match: re.Match[str]) -> str:
            given = attributes(match[1])
            if not given.get("r", "").isdigit():
                raise CannotAnnotate("its rows have no numbers")
            number, content = int(given["r"]), match[2] or ""
            wanted = edits.get(number)
            faded = stale is not None and stale.search(content) is not None
            if wanted is None and not faded:
                return match[0]
            base = int(given.get("s", "0")) if given.get("customFormat") in ("1", "true") else None
            cells = self._changed(number, content, wanted or {}, base, old if faded else set())
            return f"{with_attribute(match[1], 'spans', None)}>{cells}</{p}row>"

        data = section(self.xml, f"{p}sheetData")
        if data is None or data[2] is None:
            raise CannotAnnotate("its sheet has no rows")
        self.xml = self.xml[: data.start(2)] + row.sub(change, data[2]) + self.xml[data.end(2) :]
        self.xml = re.sub(rf"<{p}dimension\b[^>]*/>", "", self.xml, count=1)  # may be too small now; it is optional

    def _changed(self, row: int, content: str, edits: dict[int, Edit], base: int | None, old: set[int]) -> str:
        """The cells of a row with the edits, in the order of the columns."""
        first = min(edits, default=LAST_POSITION)
        if not old and self._last(content) < first:
            return content + "".join(self._new(row, at, edits[at], base) for at in sorted(edits))
        cells = {_position(cell): cell for cell in self._cell.findall(content)}
        for at, cell in cells.items():
            if int(attributes(cell[: cell.index(">")]).get("s", "0")) in old:
                cells[at] = self._restyled(cell, self.styles.restored)
        for at, edit in edits.items():
            cells[at] = self._edited(cells[at], edit) if at in cells else self._new(row, at, edit, base)
        return "".join(cells[at] for at in sorted(cells))

    def _last(self, content: str) -> int:
        at = content.rfind(f"<{self._p}c ")
        return -1 if at < 0 else _position(content[at : content.index(">", at) + 1])

    def _restyled(self, cell: str, style_of: object) -> str:
        end = cell.index("/>") if cell.find("/>") == cell.find(">") - 1 else cell.index(">")
        number = int(attributes(cell[:end]).get("s", "0"))
        return with_attribute(cell[:end], "s", style_of(number)) + cell[end:]  # type: ignore[operator]

    def _edited(self, cell: str, edit: Edit) -> str:
        if edit.text is not None:
            given = attributes(cell[: cell.index(">")])
            style = int(given.get("s", "0")) if edit.style is None else edit.style
            return self._written(given["r"], edit.text, style)
        if edit.mark is not None:
            severity = edit.mark
            return self._restyled(cell, lambda number: self.styles.marked(number, severity))
        return cell

    def _new(self, row: int, at: int, edit: Edit, base: int | None) -> str:
        style = edit.style
        if style is None:
            style = self._column_style(at) if base is None else base
        if edit.mark is not None:
            style = self.styles.marked(style, edit.mark)
        return self._written(cell_address(at, row), edit.text or "", style)

    def _written(self, address: str, text: str, style: int) -> str:
        p = self._p
        if not text:
            return f'<{p}c r="{address}" s="{style}"/>'
        return f'<{p}c r="{address}" s="{style}" t="inlineStr"><{p}is><{p}t xml:space="preserve">{in_cell(text)}</{p}t></{p}is></{p}c>'  # noqa: E501

    # --- columns ---

    def columns(self) -> list[tuple[int, int, dict[str, str]]]:
        """First and last position (from 0) and attributes of every described range of columns."""
        found = section(self.xml, f"{self._p}cols")
        tags = re.findall(rf"<{self._p}col\b[^>]*>", found[2] or "") if found else []
        given = [attributes(tag) for tag in tags]
        return [(int(one["min"]) - 1, int(one["max"]) - 1, one) for one in given]

    def _column_style(self, at: int) -> int:
        return next((int(one.get("style", "0")) for low, high, one in self.columns() if low <= at <= high), 0)

    def widen(self, widths: dict[int, float]) -> None:
        """Set the widths (characters) of columns that have none yet."""
        p, taken = self._p, self.columns()
        new = {at: width for at, width in widths.items() if not any(low <= at <= high for low, high, _ in taken)}
        tags = {
            at: f'<{p}col min="{at + 1}" max="{at + 1}" width="{width}" customWidth="1"/>' for at, width in new.items()
        }
        found = section(self.xml, f"{p}cols")
        if found is None:
            data = self.xml.index(f"<{p}sheetData")
            listed = "".join(tags[at] for at in sorted(tags))
            self.xml = f"{self.xml[:data]}<{p}cols>{listed}</{p}cols>{self.xml[data:]}"
            return
        for tag in re.findall(rf"<{p}col\b[^>]*>", found[2] or ""):
            tags[int(attributes(tag)["min"]) - 1] = tag
        listed = "".join(tags[at] for at in sorted(tags))
        self.xml = f"{self.xml[: found.start()]}<{p}cols>{listed}</{p}cols>{self.xml[found.end() :]}"

    def filled(self, positions: Iterable[int], first_row: int) -> bool:
        """Tell whether anything stands in these columns from a row on, a formula without a result too."""
        letters = "|".join(column_letter(at) for at in positions)
        cell = re.compile(rf"<{self._p}c\b[^>]*\br=[\"'](?:{letters})(\d+)[\"'][^>]*(?<!/)>(?!</{self._p}c)")
        return any(int(match[1]) >= first_row for match in cell.finditer(self.xml))

    # --- what belongs to the sheet besides its cells ---

    def anchors(self) -> dict[str, str]:
        """Address → top left cell of its merged range, for ranges that are not too large."""
        found = {}
        for ref in re.findall(rf"<{self._p}mergeCell\b[^>]*\bref=[\"']([A-Z]+\d+:[A-Z]+\d+)[\"']", self.xml):
            first, last = ref.split(":")
            for address in _within(first, last):
                found[address] = first
        return found

    def link(self, links: dict[str, str], columns: range, namespace: str) -> None:
        """Set hyperlinks, address → relationship id, in columns that are ours; earlier ones there go away."""
        p = self._p
        found = section(self.xml, f"{p}hyperlinks")
        kept = ""
        if found is not None:
            tags = elements(found[2] or "", f"{p}hyperlink")
            kept = "".join(tag for tag in tags if _column_of(attributes(tag).get("ref", "")) not in columns)
            self.xml = self.xml[: found.start()] + self.xml[found.end() :]
        added = "".join(
            f'<{p}hyperlink xmlns:rel="{namespace}" ref="{ref}" rel:id="{one}"/>' for ref, one in links.items()
        )
        if kept + added:
            self.insert("hyperlinks", f"<{p}hyperlinks>{kept}{added}</{p}hyperlinks>")

    def insert(self, tag: str, xml: str) -> None:
        """Put an element where the order of the sheet wants it."""
        places = [self.xml.rfind(f"</{self._p}worksheet")]
        end = self.xml.index(f"</{self._p}sheetData") if f"</{self._p}sheetData" in self.xml else 0
        later = re.compile(rf"<{self._p}(?:{'|'.join(AFTER[tag])})\b").search(self.xml, end)
        places += [later.start()] if later else []
        at = min(places)
        if at < 0:
            raise CannotAnnotate("its sheet has no end")
        # Compatibility wrappers hold some of those elements; ours goes before the wrapper.
        wrapper = self.xml.rfind("<mc:AlternateContent", end, at)
        if wrapper >= 0 and self.xml.find("</mc:AlternateContent", wrapper) > at:
            at = wrapper
        self.xml = self.xml[:at] + xml + self.xml[at:]


def _position(cell: str) -> int:
    """Position of a cell's column, from 0."""
    return _column_of(attributes(cell[: cell.index(">") + 1]).get("r", ""))


def _column_of(address: str) -> int:
    match = re.match(r"[A-Z]{1,3}(?=\d)", address)
    if match is None:
        raise CannotAnnotate("its cells have no addresses")
    return column_position(match[0])


def _within(first: str, last: str) -> Iterator[str]:
    left, right = _column_of(first), _column_of(last)
    top, bottom = (int(re.sub(r"[A-Z]+", "", one)) for one in (first, last))
    if (right - left + 1) * (bottom - top + 1) > 10_000:  # noqa: PLR2004 - nobody marks a cell in so large a merged range
        return
    for row in range(top, bottom + 1):
        for at in range(left, right + 1):
            yield cell_address(at, row)
