"""Rows that a person has crossed out: whether they are to be billed, only that person knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.model.messages import problem
from importer.model.problems import cell_address
from importer.model.sheet import is_blank

if TYPE_CHECKING:
    from importer.model.problems import Problem
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
            cell = cell_address(first, row.number)
            problems.append(problem("row.struck", sheet=grid.name, cell=cell, row=row.number))
    return problems
