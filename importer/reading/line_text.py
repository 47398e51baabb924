"""The text of a line that is made of several columns, as the setting ``line_text`` says."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING

from importer.model.headers import KnownHeaders, fold, is_part_of_text
from importer.model.problems import cell_address
from importer.model.sheet import CellFault, is_blank, text_of
from importer.reading.appearance import changed
from importer.values.readings import Unreadable
from importer.values.texts import text_of_cell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from importer.model.sheet import Cell, Header, RawRow
    from importer.reading.header_row import HeaderRow

TEXT = "notes"
BETWEEN = " · "


def without_other_texts(headers: tuple[Header, ...], known: Mapping[str, str]) -> tuple[Header, ...]:
    """Where the settings make the text of several columns, no other column is a part of it."""
    if not any(is_part_of_text(header.text, known) for header in headers):
        return headers
    left = []
    for header in headers:
        is_other = header.column == TEXT and not is_part_of_text(header.text, known)
        left.append(replace(header, column=None) if is_other else header)
    return tuple(left)


def joined(start: HeaderRow, lines: list[RawRow], known: Mapping[str, str]) -> tuple[list[RawRow], HeaderRow]:
    """The lines with their whole text in the last column of it, which alone means the text then."""
    parts = list(_parts(start, known))
    if not parts:
        return lines, start
    last = parts[-1][-1]
    read = lru_cache(maxsize=None, typed=True)(_read)
    changes = {row.number: {last: _text(row, parts, read)} for row in lines}
    headers = []
    for header in start.headers:
        is_other = header.column == TEXT and header.position != last
        headers.append(replace(header, column=None) if is_other else header)
    return changed(lines, changes), replace(start, headers=tuple(headers), notes=(*start.notes, _note(start, parts)))


def _parts(start: HeaderRow, known: Mapping[str, str]) -> Iterator[list[int]]:
    """The columns of each part of the text that the sheet has."""
    at: dict[str, list[int]] = {}
    for header in start.headers:
        if header.column == TEXT:
            at.setdefault(fold(header.text), []).append(header.position)
    for names in known.text_parts if isinstance(known, KnownHeaders) else ():
        positions = list(chain.from_iterable(at.get(name, ()) for name in names))
        if positions:
            yield positions


def _text(row: RawRow, parts: Sequence[Sequence[int]], read: Callable[[Cell], Cell]) -> Cell:
    """What stands in the parts, those that are empty left out; a cell that cannot be used makes the text so."""
    texts = []
    for positions in parts:
        words = []
        for position in positions:
            word = read(row.cell(position))
            if isinstance(word, CellFault):
                return replace(word, message=f"in {cell_address(position, row.number)} {word.message}")
            if word:
                words.append(str(word))
        texts.append(" ".join(words))
    return BETWEEN.join(filter(None, texts)) or None


def _read(cell: Cell) -> Cell:
    """The text of a cell, a date as a client reads it; or why it cannot be used."""
    if isinstance(cell, datetime) and cell.time() == time():
        cell = cell.date()
    if is_blank(cell) or isinstance(cell, CellFault):
        return None if is_blank(cell) else cell
    if isinstance(cell, date | time | timedelta):
        return str(cell)
    text = text_of_cell(cell)
    return CellFault(text_of(cell), text.fault, text.message, text.hint) if isinstance(text, Unreadable) else text


def _note(start: HeaderRow, parts: Sequence[Sequence[int]]) -> str:
    titles = {header.position: header.text for header in start.headers}
    names = ", ".join(f"“{titles[position]}”" for position in chain.from_iterable(parts))
    return f"The text of each line is made of {names}, as line_text says."
