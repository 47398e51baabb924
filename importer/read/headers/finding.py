"""Find the header row of a sheet by the known header names."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from importer.columns import BY_NAME, NAME_OF_PROJECT, known_as, required_columns
from importer.problems import Problem
from importer.read.headers.header_row import HeaderRow, lacking
from importer.read.headers.lines import texts_of, two_lines
from importer.read.headers.oddities import oddities_of
from importer.sheet import Header

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from importer.sheet import Cell
    from importer.unpack import Grid

HEADER_SEARCH_ROWS = 100
"""How many rows from the top may hold titles and notes above the header."""
FEWEST_KNOWN = 2
"""A row with fewer known names is no header."""


def find_header(grid: Grid, known: Mapping[str, str]) -> HeaderRow | None:
    """Return the header row near the top; None when no row has two known names.

    It is the first row with all required names, else the one with the most known
    names. A row above it that looks like a header too is an error: the rows below
    that one would be lost.
    """
    found = {
        number: names
        for number, cells in enumerate(grid.rows[:HEADER_SEARCH_ROWS], start=1)
        if len(names := _names(cells, known)) >= FEWEST_KNOWN
    }
    if not found:
        return None
    required = {column.name for column in required_columns(known)}
    required |= {NAME_OF_PROJECT} if "workspace_id" in required else set()
    fullest = max(found, key=lambda n: len(found[n]))
    row = next((n for n, names in found.items() if not lacking(names, known)), fullest) if required else fullest
    one_line = _header_row(grid, row, known, texts_of(grid, row))
    together = [_of_two(grid, upper, known, texts) for upper, texts in two_lines(grid, row, known)]
    start = max((one_line, *together), key=_how_good)
    lines = {start.row, start.row - 1} if start.notes else {start.row}
    telling = required or set(BY_NAME)
    others = [n for n, names in found.items() if n < row and n not in lines and names & telling]
    above = [_second_header(grid, n, row) for n in others]
    return replace(start, problems=(*start.problems, *above))


def _how_good(start: HeaderRow) -> tuple[int, int]:
    """More known columns are better, then fewer that stand twice; of equals, one line is taken before two."""
    named = [header.column for header in start.headers if header.column is not None]
    return len(set(named)), len(set(named)) - len(named)


def _header_row(grid: Grid, row: int, known: Mapping[str, str], texts: Mapping[int, str]) -> HeaderRow:
    headers = tuple(Header(position, text, known_as(text, known)) for position, text in texts.items())
    return HeaderRow(row, headers, oddities_of(grid, row, headers, known))


def _of_two(grid: Grid, upper: int, known: Mapping[str, str], texts: Mapping[int, str]) -> HeaderRow:
    start = _header_row(grid, upper + 1, known, texts)
    return replace(start, notes=(f"The header was read from rows {upper} and {upper + 1} together.",))


def _names(cells: Sequence[Cell], known: Mapping[str, str]) -> set[str]:
    return {name for cell in cells if isinstance(cell, str) and (name := known_as(cell, known))}


def _second_header(grid: Grid, row: int, chosen: int) -> Problem:
    return Problem(
        code="header.several",
        message=f"Row {row} looks like a header too, but row {chosen} was taken; rows between them would not be read.",
        hint="Keep one table per sheet: move the other one to a sheet of its own, or delete the row.",
        sheet=grid.name,
        row=row,
    )
