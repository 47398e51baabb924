"""Rows that a person has crossed out: whether they are to be billed, only that person knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.model.problems import Problem, cell_address
from importer.model.sheet import is_blank

if TYPE_CHECKING:
    from importer.model.sheet import RawRow
    from importer.reading.formats.grid import Grid
    from importer.reading.header_row import HeaderRow


def find(grid: Grid, start: HeaderRow, lines: list[RawRow]) -> list[Problem]:
    """One error for each line with a crossed-out value in a known column."""
    if not grid.look.struck:
        return []
    known = sorted(header.position for header in start.headers if header.column is not None)
    problems = []
    for row in lines:
        struck = (at for at in known if (row.number, at) in grid.look.struck and not is_blank(row.cell(at)))
        if (first := next(struck, None)) is not None:
            problems.append(_problem(grid.name, row.number, first))
    return problems


def _problem(sheet: str, row: int, position: int) -> Problem:
    return Problem(
        code="row.struck",
        message="The row is crossed out, in whole or in part, so it is not certain that it is to be billed.",
        hint="Delete the row if it is not to be billed; else take away the strikethrough.",
        sheet=sheet,
        cell=cell_address(position, row),
        row=row,
    )
