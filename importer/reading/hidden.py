"""Rows, columns and sheets that a person does not see, and what the setting ``hidden_rows`` says of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from importer.model.messages import problem
from importer.model.problems import cell_address, column_letter
from importer.model.words import rows_named

if TYPE_CHECKING:
    from importer.model.problems import Problem
    from importer.model.sheet import RawRow
    from importer.reading.formats.grid import Grid
    from importer.reading.header_row import HeaderRow

_ROWS_HIDDEN = {"warn": "row.hidden", "skip": "row.hidden:skip", "refuse": "row.hidden:refuse"}
_COLUMNS_HIDDEN = {"warn": "column.hidden", "skip": "column.hidden:skip", "refuse": "column.hidden:refuse"}
_SHEET_HIDDEN = {"warn": "sheet.hidden", "skip": "sheet.hidden", "refuse": "sheet.hidden:refuse"}


def rows(grid: Grid, found: list[RawRow], policy: str) -> tuple[list[RawRow], tuple[Problem, ...]]:
    """Return the rows that remain, and what is to be said of hidden ones; a filter hides rows too."""
    numbers = [row.number for row in found if row.number in grid.look.hidden_rows]
    if not numbers:
        return found, ()
    if policy == "skip":
        found = [row for row in found if row.number not in grid.look.hidden_rows]
    return found, (problem(_ROWS_HIDDEN[policy], sheet=grid.name, rows_named=rows_named(numbers)),)


def columns(grid: Grid, start: HeaderRow, policy: str) -> tuple[HeaderRow, tuple[Problem, ...]]:
    """Return the header row, and what is to be said of known columns that are hidden."""
    unseen = [one for one in start.headers if one.column is not None and one.position in grid.look.hidden_columns]
    if not unseen:
        return start, ()
    if policy == "skip":
        kept = tuple(replace(one, column=None) if one in unseen else one for one in start.headers)
        start = replace(start, headers=kept)
    named = ", ".join(f"{column_letter(one.position)} (“{one.text}”)" for one in unseen)
    cell = cell_address(unseen[0].position, start.row)
    return start, (problem(_COLUMNS_HIDDEN[policy], sheet=grid.name, cell=cell, row=start.row, names=named),)


def sheet(grid: Grid, policy: str) -> tuple[Problem, ...]:
    """Say that the chosen sheet is hidden as a whole; under “skip” only a sheet that was asked for by name can be."""
    if not grid.hidden:
        return ()
    return (problem(_SHEET_HIDDEN[policy], sheet=grid.name, name=grid.name),)
