"""A sheet as a grid of raw cells, before anybody knows what it means."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importer.problems import Problem
    from importer.sheet import Cell


@dataclass(frozen=True, slots=True)
class Grid:
    """All rows of one sheet from A1 on; ``rows[0]`` is row 1."""

    name: str
    """Sheet name, or the file's name for CSV."""
    rows: list[list[Cell]]
    problems: tuple[Problem, ...] = field(default=())
    records: bool = False
    """Whether rows are CSV records, which must all be as wide as their header."""
