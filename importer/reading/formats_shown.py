"""What the number format of a cell shows besides its number: a percentage, leading zeros, a currency."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from importer.model.columns import BY_NAME, Kind
from importer.model.sheet import text_of
from importer.reading.formats.grid import cell_fault
from importer.values.amounts import currency_of

if TYPE_CHECKING:
    from importer.model.sheet import CellFault, RawRow
    from importer.reading.formats.grid import Grid
    from importer.reading.header_row import HeaderRow

_LITERAL = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]')
_CURRENCY = re.compile(r'\[\$([^\]-]+)(?:-[^\]]*)?\]|"([^"]*)"|([€£$¥])')
_NOTHING = re.compile(r"\s*;")
_THOUSANDS = re.compile(r"[0#?],+(?![0#?,])")
_ZEROS = re.compile(r"0{2,}")


def settle(grid: Grid, start: HeaderRow, rows: list[RawRow]) -> tuple[list[RawRow], dict[int, str]]:
    """Return the rows with values as they are shown, and the currency shown in amount cells, by row number.

    An amount shown as a percentage, in thousands or not at all becomes a fault; a number with leading zeros
    in a column of texts becomes the text that a person sees.
    """
    kinds = {header.position: BY_NAME[header.column].kind for header in start.headers if header.column is not None}
    by_number = {row.number: row for row in rows}
    currencies: dict[int, str] = {}
    for (number, position), code in grid.look.formats.items():
        row, kind = by_number.get(number), kinds.get(position)
        if row is None or not isinstance(row.cell(position), (int, float)) or isinstance(row.cell(position), bool):
            continue
        value = row.cell(position)
        if kind is Kind.AMOUNT and (fault := _fault(value, _LITERAL.sub("", code))) is not None:
            by_number[number] = _with(row, position, fault)
        elif kind is Kind.AMOUNT and (currency := _currency(code)) is not None:
            currencies[number] = currency
        elif kind is Kind.TEXT and _ZEROS.fullmatch(code) and float(str(value)).is_integer():
            by_number[number] = _with(row, position, str(int(float(str(value)))).zfill(len(code)))
    return [by_number[row.number] for row in rows], currencies


def _currency(code: str) -> str | None:
    """The first currency that the format of positive numbers names."""
    marks = (next(filter(None, match)) for match in _CURRENCY.findall(code.split(";", maxsplit=1)[0]) if any(match))
    return next((found for mark in marks if (found := currency_of(mark.strip())) is not None), None)


def _fault(value: object, code: str) -> CellFault | None:
    """Why an amount with this number format is not what a person sees; ``code`` is without literals."""
    if "%" in code:
        shown = f"{float(str(value)) * 100:g}%"
        return cell_fault(shown, "*.percentage")
    if _NOTHING.match(code):
        return cell_fault(text_of(value), "*.not_shown")
    if _THOUSANDS.search(code):
        return cell_fault(text_of(value), "*.in_thousands")
    return None


def _with(row: RawRow, position: int, value: object) -> RawRow:
    cells = list(row.cells)
    cells[position] = value
    return replace(row, cells=cells)
