"""Change single cells in the XML of a sheet; all other bytes stay."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from importer.model.problems import Severity, cell_address, column_letter, column_position
from importer.reporting.annotated.package import (
    OFFICE,
    CannotAnnotate,
    attributes,
    elements,
    in_cell,
    prefix_of,
    section,
    with_attribute,
)

if TYPE_CHECKING:
    from importer.reporting.annotated.styles import Styles

LAST_POSITION = 16_383
"""Position of column XFD."""
LARGEST_MERGED = 10_000
"""Cells of a merged range that is looked into; larger ones hold no table."""
ORDER = (
    "hyperlinks printOptions pageMargins pageSetup headerFooter rowBreaks colBreaks customProperties cellWatches "
    "ignoredErrors smartTags drawing legacyDrawing legacyDrawingHF drawingHF picture oleObjects controls "
    "webPublishItems tableParts extLst"
).split()
"""Order of the elements after the rows of a sheet; Excel refuses another one."""


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
    _described: list[tuple[int, int, dict[str, str]]] = field(init=False)
    """The columns; to look for them in the XML of a large sheet takes milliseconds."""

    def __post_init__(self) -> None:
        """Raises CannotAnnotate when the sheet is unusual."""
        self._p = prefix_of(self.xml, "worksheet")
        self._cell = re.compile(rf"<{self._p}c\b[^>]*?(?:/>|>.*?</{self._p}c\s*>)", re.DOTALL)
        self._described = self.columns()

    # --- cells ---

    def edit(self, edits: dict[int, dict[int, Edit]]) -> None:
        """Change cells: row → column (from 0) → what becomes of it. Old marks are taken away everywhere."""
        p, old = self._p, self.styles.marks()
        stale = None
        if old:
            numbers = "|".join(map(str, sorted(old)))
            stale = re.compile(rf"<{p}c\b[^>]*\bs=[\"'](?:{numbers})[\"']")

        def changed(row: re.Match[str]) -> str:
            given = attributes(row[1])
            if not given.get("r", "").isdigit():
                raise CannotAnnotate("its rows have no numbers")
            number, content = int(given["r"]), row[2] or ""
            has_marks = stale is not None and stale.search(content) is not None
            if number not in edits and not has_marks:
                return row[0]
            if has_marks:
                content = self._unmarked(content, old)
            cells = self._changed(number, content, edits.get(number, {}), _row_style(given))
            return f"{with_attribute(row[1], 'spans', None)}>{cells}</{p}row>"

        data = section(self.xml, f"{p}sheetData")
        if data is None or data[2] is None:
            raise CannotAnnotate("its sheet has no rows")
        row = re.compile(rf"(<{p}row\b[^>]*?)(?:/>|>(.*?)</{p}row\s*>)", re.DOTALL)
        self.xml = self.xml[: data.start(2)] + row.sub(changed, data[2]) + self.xml[data.end(2) :]
        self.xml = re.sub(rf"<{p}dimension\b[^>]*/>", "", self.xml, count=1)  # may be too small now; it is optional

    def _unmarked(self, content: str, old: set[int]) -> str:
        """Return the cells of a row without the colours of old marks."""

        def unmarked(cell: re.Match[str]) -> str:
            opening, rest = _opening(cell[0])
            style = int(attributes(opening).get("s", "0"))
            if style not in old:
                return cell[0]
            return with_attribute(opening, "s", self.styles.restored(style)) + rest

        return self._cell.sub(unmarked, content)

    def _changed(self, row: int, content: str, edits: dict[int, Edit], row_style: int | None) -> str:
        """Return the cells of a row with the edits, in the order of the columns."""
        if self._last(content) < min(edits, default=LAST_POSITION):  # nothing stands there: spare the taking apart
            return content + "".join(self._new(row, at, edits[at], row_style) for at in sorted(edits))

        cells = {_position(cell): cell for cell in self._cell.findall(content)}
        for at, edit in edits.items():
            if at in cells:
                cells[at] = self._edited(cells[at], edit)
            else:
                cells[at] = self._new(row, at, edit, row_style)
        return "".join(cells[at] for at in sorted(cells))

    def _last(self, content: str) -> int:
        """Return the position of the last cell of a row, -1 without any."""
        at = content.rfind(f"<{self._p}c ")
        return -1 if at < 0 else _position(content[at:])

    def _edited(self, cell: str, edit: Edit) -> str:
        opening, rest = _opening(cell)
        given = attributes(opening)
        style = int(given.get("s", "0"))
        if edit.text is not None:
            return self._written(given["r"], edit.text, style if edit.style is None else edit.style)
        if edit.mark is not None:
            return with_attribute(opening, "s", self.styles.marked(style, edit.mark)) + rest
        return cell

    def _new(self, row: int, at: int, edit: Edit, row_style: int | None) -> str:
        style = edit.style
        if style is None:
            style = row_style
        if style is None:
            style = self._column_style(at)
        if edit.mark is not None:
            style = self.styles.marked(style, edit.mark)
        return self._written(cell_address(at, row), edit.text or "", style)

    def _written(self, address: str, text: str, style: int) -> str:
        p = self._p
        if not text:
            return f'<{p}c r="{address}" s="{style}"/>'
        content = f'<{p}is><{p}t xml:space="preserve">{in_cell(text)}</{p}t></{p}is>'
        return f'<{p}c r="{address}" s="{style}" t="inlineStr">{content}</{p}c>'

    # --- columns ---

    def columns(self) -> list[tuple[int, int, dict[str, str]]]:
        """Return first and last position (from 0) and attributes of every described range of columns."""
        found = []
        for tag in self._column_tags():
            given = attributes(tag)
            found.append((int(given["min"]) - 1, int(given["max"]) - 1, given))
        return found

    def _column_tags(self) -> list[str]:
        listed = section(self.xml, f"{self._p}cols")
        return [] if listed is None else re.findall(rf"<{self._p}col\b[^>]*>", listed[2] or "")

    def _column_style(self, at: int) -> int:
        for low, high, given in self._described:
            if low <= at <= high:
                return int(given.get("style", "0"))
        return 0

    def widen(self, widths: dict[int, float]) -> None:
        """Set the widths (characters) of columns that have none yet."""
        p = self._p
        tags = {}
        for tag in self._column_tags():
            given = attributes(tag)
            low, high = int(given["min"]) - 1, int(given["max"]) - 1
            tags[low] = tag
            widths = {at: width for at, width in widths.items() if not low <= at <= high}
        for at, width in widths.items():
            tags[at] = f'<{p}col min="{at + 1}" max="{at + 1}" width="{width}" customWidth="1"/>'

        listed = "".join(tags[at] for at in sorted(tags))
        start = end = self.xml.index(f"<{p}sheetData")
        if (found := section(self.xml, f"{p}cols")) is not None:
            start, end = found.span()
        self.xml = f"{self.xml[:start]}<{p}cols>{listed}</{p}cols>{self.xml[end:]}"

    def filled(self, positions: Iterable[int], first_row: int) -> bool:
        """Tell whether anything stands in these columns from a row on, a formula without a result too."""
        letters = "|".join(column_letter(at) for at in positions)
        cell = re.compile(rf"<{self._p}c\b[^>]*\br=[\"'](?:{letters})(\d+)[\"'][^>]*(?<!/)>(?!</{self._p}c)")
        return any(int(match[1]) >= first_row for match in cell.finditer(self.xml))

    # --- what belongs to the sheet besides its cells ---

    def anchors(self) -> dict[str, str]:
        """Return address → top left cell of its merged range, for ranges that are not too large."""
        found: dict[str, str] = {}
        for ref in re.findall(rf"<{self._p}mergeCell\b[^>]*\bref=[\"']([A-Z]+\d+:[A-Z]+\d+)[\"']", self.xml):
            first, last = ref.split(":")
            found |= dict.fromkeys(_within(first, last), first)
        return found

    def link(self, links: dict[str, str], columns: range) -> None:
        """Set hyperlinks, address → relationship id, in columns that are ours; earlier ones there go away."""
        p = self._p
        tags = []
        if (found := section(self.xml, f"{p}hyperlinks")) is not None:
            for tag in elements(found[2] or "", f"{p}hyperlink"):
                if _column_of(attributes(tag).get("ref", "")) not in columns:
                    tags.append(tag)
            self.xml = self.xml[: found.start()] + self.xml[found.end() :]
        for ref, relation in links.items():
            tags.append(f'<{p}hyperlink xmlns:rel="{OFFICE}" ref="{ref}" rel:id="{relation}"/>')
        if tags:
            self.insert("hyperlinks", f"<{p}hyperlinks>{''.join(tags)}</{p}hyperlinks>")

    def insert(self, tag: str, xml: str) -> None:
        """Put an element where the order of the sheet wants it."""
        rows_end = max(self.xml.find(f"</{self._p}sheetData"), 0)
        at = self.xml.rfind(f"</{self._p}worksheet")
        if at < 0:
            raise CannotAnnotate("its sheet has no end")
        followers = "|".join(ORDER[ORDER.index(tag) + 1 :])
        later = re.compile(rf"<{self._p}(?:{followers})\b").search(self.xml, rows_end)
        if later is not None:
            at = min(at, later.start())
        # Compatibility wrappers hold some of those elements; ours goes before the wrapper.
        wrapper = self.xml.rfind("<mc:AlternateContent", rows_end, at)
        if wrapper >= 0 and self.xml.find("</mc:AlternateContent", wrapper) > at:
            at = wrapper
        self.xml = self.xml[:at] + xml + self.xml[at:]


def row_and_column(address: str) -> tuple[int, int]:
    """Return row as Excel shows it, and column from 0, of an address; twice 0 when it is none."""
    match = re.fullmatch(r"([A-Z]{1,3})(\d+)", address)
    return (int(match[2]), column_position(match[1])) if match else (0, 0)


def _column_of(address: str) -> int:
    """Return the position of the column of an address, from 0. Raises CannotAnnotate."""
    match = re.match(r"[A-Z]{1,3}(?=\d)", address)
    if match is None:
        raise CannotAnnotate("its cells have no addresses")
    return column_position(match[0])


def _opening(cell: str) -> tuple[str, str]:
    """Return the opening tag of a cell without its end, and the rest."""
    end = cell.index(">")
    if cell[end - 1] == "/":
        end -= 1
    return cell[:end], cell[end:]


def _position(cell: str) -> int:
    """Return the position of a cell's column, from 0."""
    opening, _ = _opening(cell)
    return _column_of(attributes(opening).get("r", ""))


def _row_style(given: dict[str, str]) -> int | None:
    """Return the format that a row gives to its empty cells; None when it gives none."""
    return int(given.get("s", "0")) if given.get("customFormat") in ("1", "true") else None


def _within(first: str, last: str) -> Iterator[str]:
    """Yield the addresses of a range."""
    (top, left), (bottom, right) = row_and_column(first), row_and_column(last)
    if right < left or bottom < top or (right - left + 1) * (bottom - top + 1) > LARGEST_MERGED:
        return
    for row in range(top, bottom + 1):
        for at in range(left, right + 1):
            yield cell_address(at, row)
