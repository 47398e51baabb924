"""Rows of a sheet, written as whole pieces of XML: cell by cell, XlsxWriter takes seven times as long.

XlsxWriter still lays out everything but the rows. Of its private names this file uses those that ``_Sheet`` lists;
its version is bounded for that reason, and a test writes the same cells both ways.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from math import isfinite
from typing import TYPE_CHECKING, Any, Protocol, TextIO

from xlsxwriter.utility import xl_col_to_name

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

EPOCH = date(1899, 12, 31)
"""Day 0 of Excel."""
LEAP_DAY = 59
"""After this day of 1900 Excel counts one that never was."""
SECONDS_A_DAY = 24 * 60 * 60
ROWS_AT_ONCE = 100
"""Rows that are handed to the file at a time."""
_SPECIAL = re.compile(r"[&<>\x00-\x08\x0b-\x1f\ufffe\uffff]|_x[0-9a-fA-F]{4}_")
"""What a text may not hold as it is, in XML or in a cell of Excel."""
_SPECIAL_LETTER = re.compile(r"[&<>\x00-\x08\x0b-\x1f\ufffe\uffff]")
"""The same but for the escape; this is searched in a long text three times as fast."""
_HALF = re.compile("[\ud800-\udfff]")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


class _Sheet(Protocol):
    """The private names of XlsxWriter's sheet."""

    fh: TextIO
    """The rows that are written."""
    previous_row: int
    """The row that is not written yet."""
    ignore_write_string: bool
    """Whether ``write_url`` notes the link alone."""

    def _write_single_row(self, current_row_num: int) -> None: ...
    def _check_dimensions(self, row: int, col: int) -> int: ...


class Rows:
    """The rows of one sheet, each written once, from the top downwards; :meth:`finish` is called after the last."""

    def __init__(self, sheet: Worksheet, width: int) -> None:
        """``width``: columns of the table."""
        self._sheet = sheet
        self._inner: _Sheet = sheet
        self._starts = [f'<c r="{xl_col_to_name(position)}' for position in range(width)]
        self._styles: dict[int, str] = {}
        self._waiting: list[str] = []

    def write(self, row: int, cells: Sequence[str], height: float | None = None) -> None:
        """Write a row of cells from column A on, each XML from :meth:`text` and so on, ``""`` for none.

        ``height``: points; else Excel's own.
        """
        sheet = self._inner
        if row > sheet.previous_row:
            sheet._write_single_row(row)  # noqa: SLF001 - see _Sheet
        number = row + 1
        xml = "".join([f'{start}{number}"{cell}' for start, cell in zip(self._starts, cells, strict=False) if cell])
        if not xml:
            return
        for position in (0, len(cells) - 1):
            sheet._check_dimensions(row, position)  # noqa: SLF001 - see _Sheet
        tall = ""
        if height is not None:
            tall = f' ht="{height:.16g}" customHeight="1"'
        self._waiting.append(f'<row r="{number}"{tall}>{xml}</row>')
        if len(self._waiting) == ROWS_AT_ONCE:
            self.finish()

    def finish(self) -> None:
        """Hand over the rows that wait."""
        self._inner.fh.write("".join(self._waiting))
        self._waiting.clear()

    def link(self, row: int, position: int, address: str) -> None:
        """Make a cell a link that was written as a text."""
        self._inner.ignore_write_string = True
        self._sheet.write_url(row, position, address)
        self._inner.ignore_write_string = False

    def text(self, text: str, style: Any) -> str:  # noqa: ANN401 - untyped by its library
        """A text; whatever stands in it, it never becomes a formula."""
        text = without_halves(text)
        if _SPECIAL_LETTER.search(text) or "_x" in text:
            text = _SPECIAL.sub(_escaped, text)
        kept = ' xml:space="preserve"' if text[:1].isspace() or text[-1:].isspace() else ""
        return f'{self._style(style)} t="inlineStr"><is><t{kept}>{text}</t></is></c>'

    def number(self, number: float | Decimal, style: Any) -> str:  # noqa: ANN401 - untyped by its library
        """A number; what is none, as a division by nothing, is shown as an error."""
        if not isfinite(number):
            return f'{self._style(style)} t="e"><v>#NUM!</v></c>'
        return f"{self._style(style)}><v>{number:.16G}</v></c>"

    def day(self, day: date, style: Any) -> str:  # noqa: ANN401 - untyped by its library
        """A date from 1900 on, with or without a time."""
        number: float = (date(day.year, day.month, day.day) - EPOCH).days
        if isinstance(day, datetime):
            seconds = day.hour * 3600 + day.minute * 60 + day.second + day.microsecond / 1e6
            number += seconds / SECONDS_A_DAY
        if number > LEAP_DAY:
            number += 1
        return self.number(number, style)

    def boolean(self, value: bool, style: Any) -> str:  # noqa: ANN401, FBT001 - untyped by its library; the cell itself
        """TRUE or FALSE."""
        return f'{self._style(style)} t="b"><v>{int(value)}</v></c>'

    def blank(self, style: Any) -> str:  # noqa: ANN401 - untyped by its library
        """Nothing but a format."""
        return f"{self._style(style)}/>"

    def _style(self, style: Any) -> str:  # noqa: ANN401 - untyped by its library
        """The attribute of a format."""
        if style is None:
            return ""
        found = self._styles.get(id(style))
        if found is None:
            number = style._get_xf_index()  # noqa: SLF001 - as XlsxWriter numbers it
            found = self._styles[id(style)] = f' s="{number}"'
        return found


def without_halves(text: str) -> str:
    """The text without halves of surrogate pairs, which no file can hold."""
    return text if text.isascii() else _HALF.sub("\ufffd", text)


def _escaped(match: re.Match[str]) -> str:
    """A character as XML and Excel want it; the escape itself is escaped by its first letter."""
    found = match[0]
    if len(found) > 1:
        return f"_x005F{found}"
    return _ENTITIES.get(found) or f"_x{ord(found):04X}_"
