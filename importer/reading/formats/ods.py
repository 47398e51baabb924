"""What python-calamine cannot tell of an .ods: hidden rows, merged cells, errors, formulas never calculated."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING
from xml.parsers import expat

from importer.reading.formats.grid import NOT_CALCULATED, MergedRange, SideLook, error_value, may_be_cover
from importer.reading.formats.number_formats import FormatRuns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from importer.model.sheet import CellFault
    from importer.reading.formats.archive import Archive
    from importer.reading.formats.grid import Run

_MARKERS = (
    b"table:visibility",
    b'calcext:value-type="error"',
    b"table:formula",
    b"-spanned",
    b'value-type="percentage"',
    b'value-type="currency"',
    b'value-type="time"',
    b"<text:p/>",
    b"line-through-style",
)
_SHOWN_OTHERWISE = re.compile(rb'value-type="float"(?=[^>]*\soffice:value="([^"]*)")[^>]*><text:p>(?!\1<)[^<]')
_ERROR = re.compile(r"#(?:REF!|N/A|DIV/0!|NAME\?|VALUE!|NUM!|NULL!)|Err:[0-9]+")
"""How LibreOffice shows an error; some programs store a 0 beside it."""
MOST_REPEATED = 1_048_576
"""Rows and columns that one element can stand for; a larger count is taken as this."""

MOST_PLACES = 1000
"""Rows, and columns, for which one element with a value is taken to stand."""


def looker(archive: Archive) -> Callable[[str], SideLook]:
    """What looks at the sheets of a workbook by their names."""
    return partial(look, archive)


def look(archive: Archive, sheet: str) -> SideLook:
    """What one sheet holds besides its values. Raises ExpatError for XML that is none."""
    xml = archive.part("content.xml") or b""
    if not any(marker in xml for marker in _MARKERS) and not _SHOWN_OTHERWISE.search(xml):
        return SideLook()
    table, parser = _Table(sheet), expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = table.start, table.end
    parser.CharacterDataHandler = table.text
    parser.buffer_text = True
    parser.Parse(xml, True)  # noqa: FBT003 - the end of the text
    table.look.formats = table.formats
    return table.look


class _Table:
    """Walks one table, counting rows and columns with their repetitions."""

    def __init__(self, sheet: str) -> None:
        self.look = SideLook()
        self._sheet, self._style = sheet, ""
        self._runs = FormatRuns()
        self._struck_styles: set[str] = set()
        self._inside = self._remark = False
        self._row, self._rows_now, self._position, self._column = 0, 1, 0, 0
        self._cell: dict[str, str] | None = None
        self._shown: list[str] = []
        self._has_text = False

    @property
    def formats(self) -> dict[str, list[Run]]:
        """Number formats, and the cells that have them."""
        return self._runs.found()

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "table:table":
            self._inside = attributes.get("table:name") == self._sheet
        elif not self._inside:
            self._start_style(tag, attributes)
        elif tag == "table:table-column":
            self._start_column(attributes)
        elif tag == "table:table-row":
            self._start_row(attributes)
        elif tag in {"table:table-cell", "table:covered-table-cell"}:
            self._cell, self._shown, self._has_text = attributes, [], False
        elif tag == "office:annotation":  # a remark on the cell, not its content
            self._remark = True
        elif tag == "text:p" and not self._remark:
            self._has_text = True

    def end(self, tag: str) -> None:
        if tag == "table:table":
            self._inside = False
        elif tag == "office:annotation":
            self._remark = False
        elif self._inside and tag == "table:table-row":
            self._row += self._rows_now
        elif self._inside and self._cell is not None and tag in {"table:table-cell", "table:covered-table-cell"}:
            self._end_cell(self._cell)
            self._cell = None

    def text(self, text: str) -> None:
        if self._cell is not None and not self._remark:
            self._shown.append(text)

    def _start_style(self, tag: str, attributes: dict[str, str]) -> None:
        """Styles stand before the tables."""
        if tag == "style:style":
            self._style = attributes.get("style:name", "")
        elif tag == "style:text-properties" and attributes.get("style:text-line-through-style", "none") != "none":
            self._struck_styles.add(self._style)

    def _start_column(self, attributes: dict[str, str]) -> None:
        count = _repeated(attributes, "table:number-columns-repeated")
        if attributes.get("table:visibility") in {"collapse", "filter"}:
            self.look.hidden_columns.update(range(self._column, min(self._column + count, 16_384)))
        self._column += count

    def _start_row(self, attributes: dict[str, str]) -> None:
        self._position = 0
        self._rows_now = _repeated(attributes, "table:number-rows-repeated")
        if attributes.get("table:visibility") in {"collapse", "filter"}:
            last = min(self._row + self._rows_now, MOST_REPEATED)
            self.look.hidden_rows.update(range(self._row + 1, last + 1))

    def _end_cell(self, cell: dict[str, str]) -> None:
        count = _repeated(cell, "table:number-columns-repeated")
        shown = "".join(self._shown)
        if fault := self._fault(cell, shown):
            self.look.faults.update(dict.fromkeys(self._places(count), fault))
        self._see_format(cell, shown, count)
        if cell.get("table:style-name") in self._struck_styles:
            self.look.struck.update(self._places(count))
        formula = cell.get("table:formula")
        if formula is not None:
            if may_be_cover(self._sheet):
                self.look.formulas.add((self._row + 1, self._position))
            self.look.other_workbooks |= "'file:" in formula
        self._merge(cell)
        self._position += count

    def _see_format(self, cell: dict[str, str], shown: str, count: int) -> None:
        """Note what the cell shows, where that is not just its number."""
        if code := _format(cell):
            for row, position in self._places(count):
                self._runs.add(code, row, position)
        if self._has_text and _is_shown_otherwise(cell, shown.strip()):
            self.look.texts.update(dict.fromkeys(self._places(count), shown.strip()))

    def _fault(self, cell: dict[str, str], shown: str) -> CellFault | None:
        if cell.get("calcext:value-type") == "error" or _ERROR.fullmatch(shown.strip()):
            return error_value(shown.strip() or "#N/A")
        # A formula that yields an empty text has a paragraph.
        if "table:formula" in cell and "office:value-type" not in cell and not self._has_text:
            return NOT_CALCULATED
        return None

    def _merge(self, cell: dict[str, str]) -> None:
        rows = int(cell.get("table:number-rows-spanned") or 1)
        columns = int(cell.get("table:number-columns-spanned") or 1)
        if rows > 1 or columns > 1:
            first = self._row + 1
            self.look.merged.append(MergedRange(first, self._position, first + rows - 1, self._position + columns - 1))

    def _places(self, columns: int) -> Iterator[tuple[int, int]]:
        """The cells for which one element stands, as far as they can matter."""
        for row in range(self._row + 1, self._row + 1 + min(self._rows_now, MOST_PLACES)):
            for position in range(self._position, self._position + min(columns, MOST_PLACES)):
                yield row, position


def _format(cell: dict[str, str]) -> str:
    """The number format that an .xlsx would have, of a percentage or a currency."""
    match cell.get("office:value-type"):
        case "percentage":
            return "0%"
        case "currency" if currency := cell.get("office:currency"):
            return f"[${currency}]0.00########"
        case _:
            return ""


def _is_shown_otherwise(cell: dict[str, str], shown: str) -> bool:
    """Tell whether a number or a duration shows something else than the file stores."""
    is_number = cell.get("office:value-type") in {"float", "currency", "time"}
    return is_number and shown != cell.get("office:value")


def _repeated(attributes: dict[str, str], name: str) -> int:
    text = attributes.get(name) or "1"
    return min(int(text), MOST_REPEATED) if text.isdigit() else 1
