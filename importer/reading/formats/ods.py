"""OpenDocument spreadsheets (.ods), read in one pass: what each cell holds, what it shows, and how it looks."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING
from xml.parsers import expat

from importer.model.errors import FileProblem
from importer.model.messages import error
from importer.model.sheet import is_blank
from importer.reading.formats.archive import MOST_MEMBERS, Archive
from importer.reading.formats.conditional import MOST_AREAS, areas_of_ods
from importer.reading.formats.formulas import Formula, Formulas, has_seed, of_ods, runs_of
from importer.reading.formats.grid import (
    CROSSES_OUT,
    KEPT_ROWS,
    LONGEST_TEXT,
    NOT_CALCULATED,
    UNUSUAL,
    Grid,
    MergedRange,
    SideLook,
    bounded,
    cut,
    error_value,
    may_be_cover,
)
from importer.reading.formats.identify import protected
from importer.reading.formats.number_formats import FormatRuns
from importer.reading.formats.ods_styles import Styles
from importer.reading.formats.text_parts import Part, mark_of, put_mark

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.model.sheet import Cell
    from importer.reading.formats.grid import Limits
    from importer.reading.formats.text_parts import Mark

_ODF = "urn:oasis:names:tc:opendocument:xmlns:"
_T, _O, _X, _D = (f"{_ODF}{name}:1.0 " for name in ("table", "office", "text", "drawing"))
"""Namespaces of OpenDocument, before the name of an element or attribute."""
_PARAGRAPHS = {_X + "p", _X + "h"}
_NOT_SHOWN = {_O + "annotation", _O + "annotation-end", _X + "note", _X + "ruby-text"}
"""Remarks, and how Japanese letters are read aloud; drawings are no text either."""
_ERROR = re.compile(r"\s*(?:#(?:REF!|N/A|DIV/0!|NAME\?|VALUE!|NUM!|NULL!)|Err:[0-9]+)\s*")
"""How LibreOffice shows an error; some programs store a 0 beside it."""
_DURATION = re.compile(r"(-?)P(?:(\d+)D)?T?(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:[.,](\d+))?S)?")
_FRACTION = re.compile(r"[.,](\d{1,6})\d*$")
_SAVED = re.compile(rb"<dc:date>\s*(\d{4}-\d\d-\d\d)")
_BLANKS = re.compile(r"[ \t\r\n]+")
MOST_REPEATED = 1_048_576
"""Rows and columns that one element can stand for; a larger count is taken as this."""
MOST_PLACES = 1000
"""Rows, and columns, for which one element with a look is taken to stand."""
MOST_COPIES = 10_000
"""Rows with values, beyond those that the file holds itself, for which its elements may stand."""
MOST_BLANKS = 1000
"""Blanks for which one element can stand."""
MOST_ROWS = 4 * 1_048_576
"""Of all tables together."""
WIDEST = 1_024
"""Columns that are kept of a sheet at least, to say how wide it is."""
_CALC = "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0 "
_CALC_TYPE = _CALC + "value-type"
_BOOLEAN_VALUE = _O + "boolean-value"
_CURRENCY = _O + "currency"
_DATE_VALUE = _O + "date-value"
_KIND = _O + "value-type"
_SPREADSHEET = _O + "spreadsheet"
_STRING_VALUE = _O + "string-value"
_TIME_VALUE = _O + "time-value"
_VALUE = _O + "value"
_DEFAULT_CELL_STYLE_NAME = _T + "default-cell-style-name"
_FORMULA = _T + "formula"
_NAME = _T + "name"
_NUMBER_COLUMNS_REPEATED = _T + "number-columns-repeated"
_NUMBER_COLUMNS_SPANNED = _T + "number-columns-spanned"
_NUMBER_ROWS_REPEATED = _T + "number-rows-repeated"
_NUMBER_ROWS_SPANNED = _T + "number-rows-spanned"
_STYLE_NAME = _T + "style-name"
_TABLE = _T + "table"
_COLUMN = _T + "table-column"
_ROW = _T + "table-row"
_VISIBILITY = _T + "visibility"
_BLANKS_IN_ROW = _X + "c"
_SPAN = _X + "span"
_STYLE_OF_TEXT = _X + "style-name"
"""Names are put together once: a hundred thousand rows ask for them millions of times."""
_CELLS = {_T + "table-cell", _T + "covered-table-cell"}
_HIDDEN = {"collapse", "filter"}
_PARTS_OF_TABLE = {
    _CALC + "conditional-formats",
    *(_T + name for name in ("table-column", "table-columns", "table-column-group", "table-header-columns")),
    *(_T + name for name in ("table-row", "table-rows", "table-row-group", "table-header-rows")),
}
"""All else in a table, such as drawings that hold tables of their own, is no part of its cells."""
_CALC = "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0 "
_CONDITIONAL, _CONDITION = _CALC + "conditional-format", _CALC + "condition"
DAY = timedelta(days=1)
_BLANK: list[Cell] = []
"""A row without values; one for all of them, and never changed."""


def read(name: str, data: bytes, limits: Limits) -> list[Grid]:
    """Return every table as a grid that begins at A1; error cells hold a CellFault.

    Raises FileProblem for an archive that is cut, damaged, protected or explodes, or that holds no table.
    """
    archive = Archive(name, data, limits)
    if b"encryption-data" in (archive.part("META-INF/manifest.xml") or b""):
        raise protected(name)
    styles = Styles()
    content = _Content(styles, limits)
    try:
        styles.take(archive.part("styles.xml") or b"<none/>")
        xml = archive.part("content.xml") or b""
        content.formulas_matter = has_seed(xml)
        content.take(xml)
    except expat.ExpatError as why:
        raise error(FileProblem, "file.damaged:unusual", name=name) from why
    if not content.grids:
        raise error(FileProblem, "file.no_sheet", name=name)
    _see_changing(content, archive.part("meta.xml") or b"")
    return content.grids


def _see_changing(content: _Content, meta: bytes) -> None:
    """Note the formulas that give something else tomorrow, and the day on which they were calculated."""
    saved = _SAVED.search(meta)
    changing = content.formulas.changing()
    for grid in content.grids:
        grid.look.saved_on = saved[1].decode() if saved else ""
        grid.look.changing = runs_of(changing.get(grid.name, ()))


@dataclass(slots=True)
class _CellNow:
    """The cell that is being read."""

    attributes: dict[str, str]
    letters: list[str] = field(default_factory=list)
    """Its text, piece by piece."""
    count: int = 0
    """Its characters."""
    parts: list[Part] = field(default_factory=list)
    """The parts of its text, from the first one on that has a look of its own."""
    paragraphs: int = 0

    @property
    def shown(self) -> str:
        """Its text."""
        if len(self.letters) > 1:
            self.letters = ["".join(self.letters)]
        return self.letters[0] if self.letters else ""

    def put(self, text: str, look: str, styles: Styles) -> None:
        """Put more letters to the text; what is too long for a cell already needs no more."""
        if self.count > LONGEST_TEXT:
            return
        if look and not self.parts:
            self.parts.append(Part(self.shown))
        if look or self.parts:
            self.parts.append(styles.part(text, look))
        self.letters.append(text)
        self.count += len(text)


class _Content:
    """Walks the tables of a document, counting rows and columns with their repetitions."""

    def __init__(self, styles: Styles, limits: Limits) -> None:
        self.grids: list[Grid] = []
        self.formulas = Formulas()
        self.formulas_matter = False
        """Whether one of them gives something else tomorrow."""
        self._styles, self._limits = styles, limits
        self._rows_left = MOST_ROWS
        self._widest = max(WIDEST, limits.columns + 1)
        self._skipped = 0
        """How deep inside of an element that is passed over."""
        self._table: _Table | None = None
        self._cell: _CellNow | None = None
        self._is_sheet = False
        self._letters: list[str] = []
        self._looks: list[str] = []

    def take(self, xml: bytes) -> None:
        """Read the XML of the document. Raises ExpatError for XML that is none, and MemoryError."""
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.CharacterDataHandler = self._letters_now
        parser.Parse(xml, True)  # noqa: FBT003 - the end of the text

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if self._skipped:
            self._skipped += 1
        elif self._cell is not None:
            self._start_in_cell(self._cell, tag, attributes)
        elif self._table is not None:
            self._start_in_table(self._table, tag, attributes)
        elif tag == _TABLE and self._is_sheet:
            is_hidden = self._styles.is_hidden(attributes.get(_STYLE_NAME, ""))
            self._table = _Table(attributes.get(_NAME, ""), self._styles, self._widest, is_hidden=is_hidden)
            self._table.formulas_matter = self.formulas_matter
        elif tag == _SPREADSHEET:
            self._is_sheet = True
        elif self._is_sheet:
            self._skipped = 1
        else:
            self._styles.start(tag, attributes)

    def _start_in_table(self, table: _Table, tag: str, attributes: dict[str, str]) -> None:
        if tag in _CELLS:
            self._cell = _CellNow(attributes)
        elif tag == _ROW:
            table.start_row(attributes)
        elif tag == _COLUMN:
            table.start_column(attributes)
        elif tag == _CONDITIONAL:
            table.area = attributes.get(_CALC + "target-range-address", "")
        elif tag == _CONDITION:
            table.see_condition(attributes.get(_CALC + "apply-style-name", ""))
        elif tag not in _PARTS_OF_TABLE:
            self._skipped = 1

    def _start_in_cell(self, cell: _CellNow, tag: str, attributes: dict[str, str]) -> None:
        if tag in _PARAGRAPHS and not self._looks:
            if cell.paragraphs:
                self._put("\n")
            cell.paragraphs += 1
            self._letters, self._looks = [], [""]
            return
        if not self._looks or tag in _NOT_SHOWN or tag.startswith(_D):
            self._skipped = 1
        else:
            self._start_part(tag, attributes)

    def _start_part(self, tag: str, attributes: dict[str, str]) -> None:
        """Begin letters of another look, or put a blank that is an element of its own."""
        self._put_letters()
        look = self._looks[-1]
        if tag == _SPAN:
            look = attributes.get(_STYLE_OF_TEXT, look)
        self._looks.append(look)
        match tag.removeprefix(_X):
            case "s":
                self._put(" " * min(_count(attributes, _BLANKS_IN_ROW), MOST_BLANKS))
            case "tab":
                self._put("\t")
            case "line-break":
                self._put("\n")

    def _end(self, tag: str) -> None:
        if self._skipped:
            self._skipped -= 1
        elif self._cell is not None:
            self._end_in_cell(self._cell, tag)
        elif self._table is not None:
            if tag == _ROW:
                self._table.end_row(self._limits.rows)
            elif tag == _TABLE:
                self._take_grid(self._table.grid(self._limits))
                if self.formulas_matter:
                    self.formulas.of_sheets[self.grids[-1].name] = self._table.formulas
                self._table = None
        elif tag == _SPREADSHEET:
            self._is_sheet = False
        else:
            self._styles.end(tag)

    def _take_grid(self, grid: Grid) -> None:
        """Put a table to the others. Raises MemoryError for more than there can be."""
        self.grids.append(grid)
        self._rows_left -= len(grid.rows)
        if len(self.grids) > MOST_MEMBERS or self._rows_left < 0:
            raise MemoryError

    def _end_in_cell(self, cell: _CellNow, tag: str) -> None:
        if tag in _CELLS and self._table is not None:
            self._table.end_cell(cell)
            self._cell = None
            return
        self._put_letters()
        self._looks.pop()

    def _letters_now(self, text: str) -> None:
        if self._looks and not self._skipped:
            self._letters.append(text)

    def _put_letters(self) -> None:
        """Put the letters read so far into the cell; blanks and line ends of the XML count as one blank."""
        if self._letters:
            text = "".join(self._letters)
            self._letters = []
            if not text.isprintable() or "  " in text:
                text = _BLANKS.sub(" ", text)
            self._put(text)

    def _put(self, text: str) -> None:
        if self._cell is not None:
            self._cell.put(text, self._looks[-1] if self._looks else "", self._styles)


class _Table:
    """The cells of one table."""

    def __init__(self, name: str, styles: Styles, widest: int, *, is_hidden: bool) -> None:
        self._name, self._styles, self._widest, self._is_hidden = name, styles, widest, is_hidden
        self.formulas: dict[tuple[int, int], Formula] = {}
        self.formulas_matter = False
        self.area = ""
        """Where the conditional format applies that is being read."""
        self._look = SideLook()
        self._runs = FormatRuns()
        self._hidden: list[tuple[int, int]] = []
        """Rows that are not seen, from one up to another, counted from 0."""
        self._rows: list[list[Cell]] = []
        self._copies = 0
        """Rows with values beyond twice those that the file holds itself."""
        self._cells: list[Cell] = []
        self._row, self._rows_now, self._position = 0, 1, 0
        self._styles_of_columns: list[str] = []
        self._style_of_row = ""

    def grid(self, limits: Limits) -> Grid:
        """The whole table."""
        self._look.formats = self._runs.found()
        for first, last in self._hidden:
            self._look.hidden_rows.update(range(first + 1, min(last, len(self._rows)) + 1))
        grid = Grid(self._name, self._rows, hidden=self._is_hidden, look=self._look)
        if self._copies > MOST_COPIES:
            return cut(grid, limits, f"repeats the same rows more than {MOST_COPIES:,} times")
        return bounded(grid, limits)

    def see_condition(self, style: str) -> None:
        """Take a condition under which the cells of the area have another style."""
        found = self._look.conditional.setdefault(CROSSES_OUT, []) if self._styles.is_struck(style) else None
        if found is not None and len(found) < MOST_AREAS:
            found.extend(islice(areas_of_ods(self.area), MOST_AREAS))

    def start_column(self, attributes: dict[str, str]) -> None:
        """Take what one element says about columns."""
        first = len(self._styles_of_columns)
        count = min(_count(attributes, _NUMBER_COLUMNS_REPEATED), self._widest - first)
        self._styles_of_columns.extend([attributes.get(_DEFAULT_CELL_STYLE_NAME, "")] * count)
        if attributes.get(_VISIBILITY) in _HIDDEN:
            self._look.hidden_columns.update(range(first, first + count))

    def start_row(self, attributes: dict[str, str]) -> None:
        """Begin the row, or rows, of one element."""
        self._cells, self._position = [], 0
        self._rows_now = _count(attributes, _NUMBER_ROWS_REPEATED)
        self._style_of_row = attributes.get(_DEFAULT_CELL_STYLE_NAME, "")
        if attributes.get(_VISIBILITY) in _HIDDEN:
            self._hidden.append((self._row, min(self._row + self._rows_now, MOST_REPEATED)))

    def end_row(self, most_rows: int) -> None:
        """Put the row into the table as often as it stands there; one more row than may be read is enough."""
        if self._cells:
            first, last = self._row, min(self._row + self._rows_now, most_rows + 1)
            if not all(map(is_blank, self._cells)):
                self._copies += last - first - 2
            if self._copies > MOST_COPIES:
                last = min(last, first + KEPT_ROWS)  # no more of them is looked at
            self._rows.extend([_BLANK] * (min(first, last) - len(self._rows)))
            self._rows.extend([self._cells] * (last - first))
        self._row = min(self._row + self._rows_now, MOST_REPEATED)

    def end_cell(self, now: _CellNow) -> None:
        """Take one cell, which may stand for several."""
        attributes = now.attributes
        count = min(_count(attributes, _NUMBER_COLUMNS_REPEATED), self._widest - self._position)
        if count <= 0:
            return
        value = self._value(now)
        if value != "":
            self._cells.extend([""] * (self._position - len(self._cells)))
            self._cells.extend([value] * count)
            self._see_look(now, value, count)
        if _FORMULA in attributes:
            self._see_formula(attributes[_FORMULA])
        if _NUMBER_ROWS_SPANNED in attributes or _NUMBER_COLUMNS_SPANNED in attributes:
            self._merge(attributes)
        self._position += count

    def _value(self, now: _CellNow) -> Cell:
        """What a cell holds, or why that is not certain; an empty text for nothing."""
        attributes = now.attributes
        kind = attributes.get(_KIND)
        if attributes.get(_CALC_TYPE) == "error" or _ERROR.fullmatch(now.shown):
            return error_value(now.shown.strip() or "#N/A")
        # A formula that yields an empty text has a paragraph.
        if kind is None and not now.paragraphs and _FORMULA in attributes:
            return NOT_CALCULATED
        try:
            return _stored(kind, attributes, now)
        except (KeyError, ValueError, OverflowError):
            return UNUSUAL

    def _see_look(self, now: _CellNow, value: Cell, count: int) -> None:
        """Note what a cell shows, where that is not just its value."""
        code, is_other, shown = "", False, ""
        if now.attributes.get(_KIND) in _NUMBERS:
            code = _format(now.attributes)
            shown = now.shown.strip()
            is_other = bool(now.paragraphs) and _is_shown_otherwise(now.attributes, shown)
        mark = self._mark(now, value)
        if self._copies > MOST_COPIES or (not code and not is_other and mark is None):
            return
        for row, position in self._places(count):
            if code:
                self._runs.add(code, row, position)
            if is_other:
                self._look.texts[row, position] = shown
            put_mark(self._look, mark, (row, position))

    def _mark(self, now: _CellNow, value: Cell) -> Mark | None:
        """What is crossed out or raised in a cell; its style can cross all of it out."""
        style = now.attributes.get(_STYLE_NAME) or self._style_of_row
        if not style and self._position < len(self._styles_of_columns):
            style = self._styles_of_columns[self._position]
        if style and self._styles.is_struck(style):
            return mark_of([Part(str(value), is_struck=True)])
        return mark_of(now.parts) if now.parts else None

    def _see_formula(self, formula: str) -> None:
        if may_be_cover(self._name):
            self._look.formulas.add((self._row + 1, self._position))
        self._look.other_workbooks |= "'file:" in formula
        if self.formulas_matter:
            self.formulas[self._row + 1, self._position] = of_ods(formula)

    def _merge(self, attributes: dict[str, str]) -> None:
        rows = _count(attributes, _NUMBER_ROWS_SPANNED)
        columns = _count(attributes, _NUMBER_COLUMNS_SPANNED)
        if rows > 1 or columns > 1:
            first = self._row + 1
            area = MergedRange(first, self._position, first + rows - 1, self._position + columns - 1)
            self._look.merged.append(area)

    def _places(self, columns: int) -> Iterator[tuple[int, int]]:
        """The cells for which one element stands, as far as they can matter."""
        for row in range(self._row + 1, self._row + 1 + min(self._rows_now, MOST_PLACES)):
            for position in range(self._position, self._position + min(columns, MOST_PLACES)):
                yield row, position


# --- one cell ------------------------------------------------------------------------


def _stored(kind: str | None, attributes: dict[str, str], now: _CellNow) -> Cell:
    """The value that a cell stores. Raises KeyError or ValueError for one that is none."""
    match kind:
        case "float" | "percentage" | "currency":
            return _number(attributes[_VALUE])
        case "date":
            return _moment(attributes[_DATE_VALUE])
        case "time":
            return _duration(attributes[_TIME_VALUE])
        case "boolean":
            return attributes[_BOOLEAN_VALUE] == "true"
        case _:
            return _text(attributes, now)


def _text(attributes: dict[str, str], now: _CellNow) -> str:
    """The text of a cell. Raises ValueError where it is stored twice, and not alike: programs show one or the other."""
    stored = attributes.get(_STRING_VALUE)
    if stored is None:
        return now.shown
    if now.paragraphs and _BLANKS.sub(" ", stored).strip() != _BLANKS.sub(" ", now.shown).strip():
        msg = "two texts"
        raise ValueError(msg)
    return now.shown if now.paragraphs else stored


def _number(text: str) -> float:
    number = math.inf if "_" in text else float(text)
    if not math.isfinite(number):
        msg = "no number"
        raise ValueError(msg)
    return number


@lru_cache(maxsize=1000)
def _moment(text: str) -> date:
    """A day, or a time of a day."""
    text = _FRACTION.sub(lambda found: "." + found[1].ljust(6, "0"), text.strip())
    if "T" not in text:
        return date.fromisoformat(text)
    moment = datetime.fromisoformat(text)
    return moment.date() if moment.time() == time() and moment.tzinfo is None else moment


def _duration(text: str) -> Cell:
    """A time of the day, or a longer duration."""
    found = _DURATION.fullmatch(text.strip())
    if found is None or not any(found.groups()[1:]):
        msg = "no duration"
        raise ValueError(msg)
    days, hours, minutes, seconds = (int(number or 0) for number in found.groups()[1:5])
    duration = timedelta(days, seconds, int((found[6] or "0")[:6].ljust(6, "0")), 0, minutes, hours)
    if found[1] or duration >= DAY:
        return -duration if found[1] else duration
    minutes_of_day, rest = divmod(duration, timedelta(minutes=1))
    return time(minutes_of_day // 60, minutes_of_day % 60, rest.seconds, rest.microseconds)


_NUMBERS = {"float", "currency", "percentage", "time"}


def _format(cell: dict[str, str]) -> str:
    """The number format that an .xlsx would have, of a percentage or a currency."""
    match cell.get(_KIND):
        case "percentage":
            return "0%"
        case "currency" if currency := cell.get(_CURRENCY):
            return f"[${currency}]0.00########"
        case _:
            return ""


def _is_shown_otherwise(cell: dict[str, str], shown: str) -> bool:
    """Tell whether a number or a duration shows something else than the file stores."""
    is_number = cell.get(_KIND) in {"float", "currency", "time"}
    return is_number and shown != cell.get(_VALUE)


def _count(attributes: dict[str, str], name: str) -> int:
    text = attributes.get(name)
    if text is None:
        return 1
    return min(int(text), MOST_REPEATED) if text.isascii() and text.isdigit() and len(text) < 20 else 1  # noqa: PLR2004
