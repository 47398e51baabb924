"""Choose the sheet that holds the invoice rows."""

from __future__ import annotations

import difflib
from dataclasses import replace
from typing import TYPE_CHECKING

from importer.columns import REQUIRED, fold
from importer.errors import FileProblem, WrongUse
from importer.problems import Problem, Severity
from importer.read.cover import is_annotation
from importer.read.headers.finding import HEADER_SEARCH_ROWS, find_header
from importer.read.headers.near import NEAR
from importer.read.headers.oddities import missing_columns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from importer.read.headers.header_row import HeaderRow
    from importer.unpack import Grid


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
        msg = f"Several sheets could hold the invoice rows: {names}."
        raise FileProblem(
            msg, f'Say which one, for example: --sheet "{(whole or found)[0][0].name}".', code="sheet.ambiguous"
        )
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
    msg = f"There is no sheet “{sheet_name}” to import."
    raise WrongUse(msg, f"The file has: {names}.", code="sheet.not_found")


def _no_header(grids: Sequence[Grid], known: Mapping[str, str]) -> FileProblem:
    texts = (text for grid in grids for cells in grid.rows[:HEADER_SEARCH_ROWS] for text in cells)
    close = (
        text for text in texts
        if isinstance(text, str) and difflib.get_close_matches(fold(text), known, n=1, cutoff=NEAR)
    )  # fmt: skip
    best = next((f" Something like a header was seen: “{text}”." for text in close), "")
    needed = " and ".join(column.title for column in REQUIRED)
    return FileProblem(
        f"No header row was found in the first {HEADER_SEARCH_ROWS} rows.{best}",
        f"The header needs at least {needed}; “invoice-importer template” writes a workbook to start from.",
        code="header.missing",
    )


def _left_out(grid: Grid) -> Problem:
    why = (
        "is hidden, and a visible one"
        if grid.hidden
        else "has some known headers but not all required ones, and another"
    )
    return Problem(
        code="sheet.left_out",
        message=f"The sheet “{grid.name}” {why} was read instead.",
        hint="Nothing to do, unless it holds invoice rows to bill; then complete its header or use --sheet.",
        sheet=grid.name,
        severity=Severity.WARNING,
    )
