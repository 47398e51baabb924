"""What a person sees of a sheet besides its values: hidden, merged and crossed-out cells.

Each function takes the rows as the file stores them, and returns them as they
are to be billed, or a problem where what is seen and what is stored differ.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from importer.model.columns import BY_NAME, Kind
from importer.model.messages import problem
from importer.model.problems import cell_address, column_letter
from importer.model.sheet import is_blank, text_of
from importer.model.words import rows_named
from importer.reading.formats.grid import cell_fault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from importer.model.problems import Problem
    from importer.model.sheet import Cell, CellFault, RawRow
    from importer.reading.formats.grid import Grid, MergedRange, Place
    from importer.reading.header_row import HeaderRow

# --- hidden: the setting hidden_rows decides ---------------------------------

_ROWS_HIDDEN = {"warn": "row.hidden", "skip": "row.hidden:skip", "refuse": "row.hidden:refuse"}
_COLUMNS_HIDDEN = {"warn": "column.hidden", "skip": "column.hidden:skip", "refuse": "column.hidden:refuse"}
_SHEET_HIDDEN = {"warn": "sheet.hidden", "skip": "sheet.hidden", "refuse": "sheet.hidden:refuse"}


def hidden_sheet(grid: Grid, policy: str) -> tuple[Problem, ...]:
    """Say that the chosen sheet is hidden as a whole; with “skip” it was chosen by its name."""
    if not grid.hidden:
        return ()
    return (problem(_SHEET_HIDDEN[policy], sheet=grid.name, name=grid.name),)


def hidden_rows(grid: Grid, rows: list[RawRow], policy: str) -> tuple[list[RawRow], tuple[Problem, ...]]:
    """Return the rows that remain, and a problem that names the hidden ones; a filter hides rows too."""
    hidden = [row.number for row in rows if row.number in grid.look.hidden_rows]
    if not hidden:
        return rows, ()
    if policy == "skip":
        rows = [row for row in rows if row.number not in grid.look.hidden_rows]
    return rows, (problem(_ROWS_HIDDEN[policy], sheet=grid.name, rows_named=rows_named(hidden)),)


def hidden_columns(grid: Grid, start: HeaderRow, policy: str) -> tuple[HeaderRow, tuple[Problem, ...]]:
    """Return the header row, and a problem that names the known columns that are hidden."""
    hidden = [header for header in start.known if header.position in grid.look.hidden_columns]
    if not hidden:
        return start, ()
    if policy == "skip":
        unused = [replace(header, column=None) if header in hidden else header for header in start.headers]
        start = replace(start, headers=tuple(unused))

    names = ", ".join(f"{column_letter(header.position)} (“{header.text}”)" for header in hidden)
    cell = cell_address(hidden[0].position, start.row)
    return start, (problem(_COLUMNS_HIDDEN[policy], sheet=grid.name, cell=cell, row=start.row, names=names),)


# --- crossed out, raised: only a person knows what to bill of that -----------------


def odd_letters(grid: Grid, start: HeaderRow, lines: list[RawRow]) -> list[Problem]:
    """Return an error for each line with a crossed-out or a raised value in a known column."""
    struck = _with_places(grid, start, lines, grid.look.struck, "row.struck")
    return struck + _with_places(grid, start, lines, grid.look.raised, "row.raised")


def _with_places(grid: Grid, start: HeaderRow, lines: list[RawRow], places: set[Place], key: str) -> list[Problem]:
    if not places:
        return []
    positions = sorted(header.position for header in start.known)
    problems = []
    for row in lines:
        for position in positions:
            if (row.number, position) in places and not is_blank(row.cell(position)):
                cell = cell_address(position, row.number)
                problems.append(problem(key, sheet=grid.name, cell=cell, row=row.number))
                break  # once per row
    return problems


# --- merged: a value may belong to the first row or to all ---------------------

_BILLED_ONCE = {"item_id"} | {name for name, column in BY_NAME.items() if column.kind is Kind.AMOUNT}
"""Columns whose values are never spread: they would be billed once per row."""


def unmerged(grid: Grid, start: HeaderRow, lines: list[RawRow], policy: str) -> list[RawRow]:
    """Return the lines with merged values in each of their rows where ``policy`` is “fill”, else with faults there.

    Amounts and item ids are never spread, and no value while the merged range hides another one.
    """
    changes: dict[int, dict[int, Cell]] = {}
    for area in grid.look.merged:
        columns = {at: name for at, name in start.names.items() if area.first_position <= at <= area.last_position}
        first, last = max(area.first_row, start.row + 1), min(area.last_row, lines[-1].number)
        is_one_cell = area.first_row == area.last_row and len(columns) == 1
        if not columns or first > last or is_one_cell:
            continue
        value = _merged_value(grid, area, list(columns.values()), policy)
        for number in range(first, last + 1):
            changes.setdefault(number, {}).update(dict.fromkeys(columns, value))
    return changed(lines, changes)


def _merged_value(grid: Grid, area: MergedRange, columns: list[str], policy: str) -> Cell:
    """What stands in each cell of a merged range: its value, or why that is not clear."""
    spreads = policy == "fill" and len(columns) == 1 and columns[0] not in _BILLED_ONCE
    if spreads and _covered_cell(grid, area) is None:
        return _first_value(grid, area)
    return _merged_fault(grid, area, policy)


def _first_value(grid: Grid, area: MergedRange) -> Cell:
    """What a merged range shows; None when its row ends before it."""
    for cells in grid.rows[area.first_row - 1 : area.first_row]:
        if area.first_position < len(cells):
            return cells[area.first_position]
    return None


def _covered_cell(grid: Grid, area: MergedRange) -> str | None:
    """Address of a value that the merged range hides; None when there is none."""
    first = (area.first_row, area.first_position)
    for number in range(area.first_row, min(area.last_row, len(grid.rows)) + 1):
        cells = grid.rows[number - 1]
        for position in range(area.first_position, min(area.last_position + 1, len(cells))):
            if (number, position) != first and not is_blank(cells[position]):
                return cell_address(position, number)
    return None


def _merged_fault(grid: Grid, area: MergedRange, policy: str) -> CellFault:
    shown = text_of(_first_value(grid, area))
    if covered := _covered_cell(grid, area):
        return cell_fault(shown, "*.merged:covered", area=area, covered=covered)
    if policy == "refuse" and area.first_position == area.last_position:
        return cell_fault(shown, "*.merged:fill", area=area)
    return cell_fault(shown, "*.merged", area=area)


# --- values put into rows ---------------------------------------------------------


def changed(lines: list[RawRow], changes: Mapping[int, Mapping[int, Cell]]) -> list[RawRow]:
    """The lines with other values; ``changes`` are row number → column counted from 0 → value."""
    return [_with_cells(row, changes[row.number]) if row.number in changes else row for row in lines]


def _with_cells(row: RawRow, values: Mapping[int, Cell]) -> RawRow:
    """The row with other values at these positions."""
    cells: list[Cell] = list(row.cells)
    cells.extend([None] * (max(values) + 1 - len(cells)))
    for position, value in values.items():
        cells[position] = value
    return replace(row, cells=cells)
