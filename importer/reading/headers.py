"""The texts of a header: of one row, or of two rows read together.

Find the header row of a sheet by the known header names.

Choose the sheet that holds the invoice rows.
"""

from __future__ import annotations

import difflib
from dataclasses import replace
from typing import TYPE_CHECKING

from importer.model.columns import BY_NAME, NAME_OF_PROJECT, REQUIRED
from importer.model.errors import FileProblem, WrongUse
from importer.model.headers import fold, known_as, required_columns
from importer.model.messages import error, problem
from importer.model.sheet import Header, is_blank, text_of
from importer.reading.cover import is_annotation
from importer.reading.header_row import NEAR, HeaderRow, lacking, missing_columns, oddities_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from importer.model.problems import Problem
    from importer.model.sheet import Cell
    from importer.reading.formats.grid import Grid


def texts_of(grid: Grid, row: int) -> dict[int, str]:
    """Texts of a row (counted from 1) by their positions (counted from 0)."""
    return {position: " ".join(text_of(cell).split()) for position, cell in _filled(grid.rows[row - 1])}


def two_lines(grid: Grid, row: int, known: Mapping[str, str]) -> Iterator[tuple[int, dict[int, str]]]:
    """The upper row, and the texts that a row may make with the one above or below it: “Invoice” over “Date”."""
    for upper in (row - 1, row):
        if upper < 1 or upper >= len(grid.rows) or not _all_text(grid.rows[upper - 1]):
            continue
        above, below = _spread(grid, upper), texts_of(grid, upper + 1)
        if not _all_text(grid.rows[upper]) or _below_whole_headers(above, below, known):
            continue
        texts = {}
        for position in sorted(set(above) | set(below)):
            top, bottom = above.get(position, ""), below.get(position, "")
            candidates = [text for text in (f"{top} {bottom}".strip(), bottom, top) if text]
            meant = next((text for text in candidates if known_as(text, known)), candidates[0] if bottom else None)
            if meant is not None:
                texts[position] = meant
        yield upper, texts


def _below_whole_headers(above: Mapping[int, str], below: Mapping[int, str], known: Mapping[str, str]) -> bool:
    """Tell whether a text stands below a header that needs none: then it is a value, and its row holds a line item."""
    for position, bottom in below.items():
        top = above.get(position, "")
        whole = known_as(top, known) if top else None
        if whole is not None and known_as(f"{top} {bottom}", known) is None and known_as(bottom, known) != whole:
            return True
    return False


def _spread(grid: Grid, row: int) -> dict[int, str]:
    """Texts of a row, each also for the columns that its merged range covers."""
    texts = texts_of(grid, row)
    for area in grid.look.merged:
        if area.first_row == row == area.last_row and area.first_position in texts:
            for position in range(area.first_position, area.last_position + 1):
                texts.setdefault(position, texts[area.first_position])
    return texts


def _all_text(cells: Sequence[Cell]) -> bool:
    return all(isinstance(cell, str) for _, cell in _filled(cells))


def _filled(cells: Sequence[Cell]) -> list[tuple[int, Cell]]:
    return [(position, cell) for position, cell in enumerate(cells) if not is_blank(cell)]


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
    return problem("header.several", sheet=grid.name, row=row, number=row, chosen=chosen)


def choose_grid(
    grids: Sequence[Grid],
    sheet_name: str | None,
    known: Mapping[str, str],
) -> tuple[Grid, HeaderRow, tuple[Problem, ...]]:
    """Return the sheet with the invoice rows, its header row, and warnings about sheets left out.

    Raises FileProblem when no sheet or several sheets qualify, or a required
    column is missing; WrongUse when ``sheet_name`` does not exist.
    """
    grids = [grid for grid in grids if not is_annotation(grid)]
    if sheet_name is not None:
        grid = _named(grids, sheet_name)
        start = find_header(grid, known)
        if start is None:
            raise _no_header([grid], known)
        return grid, _complete(grid, start, known), ()
    found = [(grid, start) for grid in grids if (start := find_header(grid, known)) is not None]
    whole = [(grid, start) for grid, start in found if not start.lacks(known)]
    visible = [(grid, start) for grid, start in whole if not grid.hidden]
    whole = visible if len(visible) == 1 else whole
    if len(whole) > 1 or (not whole and len(found) > 1):
        names = ", ".join(f"“{grid.name}”{' (hidden)' * grid.hidden}" for grid, _ in whole or found)
        raise error(FileProblem, "sheet.ambiguous", names=names, first=(whole or found)[0][0].name)
    if not found:
        raise _no_header(grids, known)
    grid, start = (whole or found)[0]
    left_out = tuple(_left_out(other) for other, _ in found if other is not grid)
    return grid, _complete(grid, start, known), left_out


def _complete(grid: Grid, start: HeaderRow, known: Mapping[str, str]) -> HeaderRow:
    return replace(start, problems=(*start.problems, *missing_columns(grid, start, known)))


def _named(grids: Sequence[Grid], sheet_name: str) -> Grid:
    for grid in grids:
        if grid.name.casefold() == sheet_name.casefold():
            return grid
    names = ", ".join(f"“{grid.name}”" for grid in grids) or "none that can be imported"
    raise error(WrongUse, "sheet.not_found", name=sheet_name, names=names)


def _no_header(grids: Sequence[Grid], known: Mapping[str, str]) -> FileProblem:
    texts = (text for grid in grids for cells in grid.rows[:HEADER_SEARCH_ROWS] for text in cells)
    close = (
        text
        for text in texts
        if isinstance(text, str) and difflib.get_close_matches(fold(text), known, n=1, cutoff=NEAR)
    )
    best = next((f" Something like a header was seen: “{text}”." for text in close), "")
    needed = " and ".join(column.title for column in REQUIRED)
    return error(FileProblem, "header.missing", searched=HEADER_SEARCH_ROWS, seen=best, needed=needed)


def _left_out(grid: Grid) -> Problem:
    key = "sheet.left_out:hidden" if grid.hidden else "sheet.left_out"
    return problem(key, sheet=grid.name, name=grid.name)
