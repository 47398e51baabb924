"""Old .xls workbooks, read by xlrd, which also knows hidden rows, error cells and merged ranges."""

from __future__ import annotations

import os
import struct
from datetime import datetime, time
from typing import TYPE_CHECKING, Any

import xlrd

from importer.model.errors import FileProblem
from importer.model.messages import error
from importer.reading.formats.formulas import runs_of
from importer.reading.formats.grid import Grid, Limits, MergedRange, SideLook, bounded, error_value
from importer.reading.formats.identify import incomplete, protected
from importer.reading.formats.number_formats import BUILT_IN, FormatRuns, code_of, is_telling
from importer.reading.formats.text_parts import Part, mark_of, put_mark
from importer.reading.formats.xls_formulas import changing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.model.sheet import Cell


def read(name: str, data: bytes, limits: Limits) -> list[Grid]:
    """Return every worksheet as a grid that begins at A1; error cells hold a CellFault.

    Raises FileProblem for a workbook that is damaged, protected or holds no worksheet.
    """
    try:
        with open(os.devnull, "w", encoding="utf-8") as nowhere:  # noqa: PTH123 - xlrd writes its talk there
            book = xlrd.open_workbook(file_contents=data, formatting_info=True, ragged_rows=True, logfile=nowhere)
    except xlrd.XLRDError as why:
        if "encrypted" in str(why).lower():
            raise protected(name) from why
        raise incomplete(name) from why
    except _BROKEN as why:
        raise incomplete(name) from why
    if not book.nsheets:
        raise error(FileProblem, "file.no_sheet", name=name)
    try:
        grids = [_grid(book, sheet) for sheet in book.sheets()]
        for grid, places in zip(grids, changing(_stream(data)), strict=False):
            grid.look.changing = runs_of(places)
        return [bounded(grid, limits) for grid in grids]
    except _BROKEN as why:
        raise incomplete(name) from why


def _stream(data: bytes) -> bytes:
    """The records of the workbook, which most files keep in one stream of several."""
    if not data.startswith(xlrd.compdoc.SIGNATURE):
        return data
    with open(os.devnull, "w", encoding="utf-8") as nowhere:  # noqa: PTH123 - xlrd writes its talk there
        streams = xlrd.compdoc.CompDoc(data, logfile=nowhere)
        for name in ("Workbook", "Book"):
            found, start, length = streams.locate_named_stream(name)
            if found is not None:
                return bytes(found[start : start + length])
    return b""


_BROKEN = (
    xlrd.XLRDError,
    xlrd.compdoc.CompDocError,
    AssertionError,
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    NotImplementedError,
    TypeError,
    ValueError,
    struct.error,
)
"""What xlrd raises on damaged files; it checks nothing beforehand."""


def _grid(book: Any, sheet: Any) -> Grid:  # noqa: ANN401 - untyped by its library
    rows = []
    for number in range(sheet.nrows):
        rows.append([_cell(book, cell) for cell in sheet.row(number)])
    look = SideLook(
        hidden_rows={number + 1 for number, info in sheet.rowinfo_map.items() if info.hidden},
        hidden_columns={position for position, info in sheet.colinfo_map.items() if info.hidden},
        merged=[MergedRange(top + 1, left, bottom, right - 1) for top, bottom, left, right in sheet.merged_cells],
    )
    _see_styles(book, sheet, look)
    for (row, position), starts in sheet.rich_text_runlist_map.items():
        text, style = str(sheet.cell_value(row, position)), sheet.cell_xf_index(row, position)
        put_mark(look, mark_of(parts_of(book, text, style, starts)), (row + 1, position))
    return Grid(sheet.name, rows, hidden=sheet.visibility != 0, look=look)


def parts_of(book: Any, text: str, style: int, starts: list[tuple[int, int]]) -> Iterator[Part]:  # noqa: ANN401 - untyped by its library
    """The parts of a text; ``starts`` say where another font begins, and which."""
    fonts = [(0, book.xf_list[style].font_index), *starts]
    ends = [start for start, _ in starts] + [len(text)]
    for (start, number), end in zip(fonts, ends, strict=True):
        font = book.font_list[number]
        yield Part(text[start:end], is_struck=bool(font.struck_out), is_raised=font.escapement != 0)


def _see_styles(book: Any, sheet: Any, look: SideLook) -> None:  # noqa: ANN401 - untyped by its library
    """Note the cells with a telling number format, and those that are crossed out."""
    telling, struck = styles_of(book)
    if not telling and not struck:
        return
    runs = FormatRuns()
    for row in range(sheet.nrows):
        for position in range(sheet.row_len(row)):
            style = sheet.cell_xf_index(row, position)
            if style in telling:
                runs.add(telling[style], row + 1, position)
            if style in struck:
                look.struck.add((row + 1, position))
    look.formats = runs.found()


def styles_of(book: Any) -> tuple[dict[int, str], set[int]]:  # noqa: ANN401 - untyped by its library
    """Style → number format that may show something else than the cell holds; styles that cross a cell out."""
    codes = dict(BUILT_IN)
    for key, code in book.format_map.items():
        if code.format_str is not None:  # of the formats of East Asian Excel, xlrd knows the number only
            codes[key] = code.format_str
    struck_fonts = {number for number, font in enumerate(book.font_list) if font.struck_out}
    telling: dict[int, str] = {}
    struck: set[int] = set()
    for number, style in enumerate(book.xf_list):
        code = code_of(codes, style.format_key)
        if is_telling(code):
            telling[number] = code
        if style.font_index in struck_fonts:
            struck.add(number)
    return telling, struck


def _cell(book: Any, cell: Any) -> Cell:  # noqa: ANN401 - untyped by its library
    match cell.ctype:
        case xlrd.XL_CELL_EMPTY | xlrd.XL_CELL_BLANK:
            return ""
        case xlrd.XL_CELL_DATE:
            return _moment(cell.value, book.datemode)
        case xlrd.XL_CELL_BOOLEAN:
            return bool(cell.value)
        case xlrd.XL_CELL_ERROR:
            return error_value(xlrd.error_text_from_code.get(cell.value, "#N/A"))
        case _:
            return cell.value


def _moment(value: float, mode: int) -> Cell:
    """A date cell; one that is no moment of the calendar stays a number, and is refused where a date is needed."""
    try:
        moment: datetime = xlrd.xldate_as_datetime(value, mode)
    except (xlrd.xldate.XLDateError, ArithmeticError, ValueError):
        return value
    if value < 1:
        return moment.time()
    return moment.date() if moment.time() == time() else moment
