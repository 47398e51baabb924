"""Keep a sheet within the limits, counting only cells that hold a value."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from importer.sheet import is_blank

if TYPE_CHECKING:
    from importer.sheet import Cell
    from importer.unpack.grid import Grid, Limits

MOST_MERGED_ROWS = 500_000
"""Rows of all merged ranges together; Excel forbids ranges to overlap, a hostile file does not care."""
KEPT_ROWS = 100
"""Rows kept of a sheet that is too large, enough to find its header."""


def bounded(grid: Grid, limits: Limits) -> Grid:
    """The grid without blank rows at its end; cut, and marked, when it is larger than the limits.

    A workbook may well hold a huge sheet beside the one with the invoice rows,
    so this is said only when the huge one is meant.
    """
    rows = grid.rows
    while rows and all(is_blank(cell) for cell in rows[-1]):
        rows.pop()
    width = max((_width(row, limits.columns) for row in rows if len(row) > limits.columns), default=0)
    if len(rows) > limits.rows:
        return _cut(grid, limits, f"has {len(rows):,} rows; at most {limits.rows:,} are read (setting most_rows)")
    if width > limits.columns:
        return _cut(grid, limits, f"has {width:,} columns; at most {limits.columns:,} are read (setting most_columns)")
    if sum(min(area.last_row, len(rows)) - area.first_row + 1 for area in grid.look.merged) > MOST_MERGED_ROWS:
        return _cut(grid, limits, f"has more than {MOST_MERGED_ROWS:,} rows in merged cells")
    if any(len(row) > limits.columns for row in rows):
        return replace(grid, rows=[row[: limits.columns] for row in rows])
    return grid


def _width(row: list[Cell], least: int) -> int:
    return next((at + 1 for at in range(len(row) - 1, least - 1, -1) if not is_blank(row[at])), 0)


def _cut(grid: Grid, limits: Limits, why: str) -> Grid:
    return replace(grid, rows=[row[: limits.columns] for row in grid.rows[:KEPT_ROWS]], too_large=why)
