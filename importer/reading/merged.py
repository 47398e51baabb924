"""Merged cells below the header, whose value may belong to the first row or to all."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from importer.model.columns import BY_NAME, Kind
from importer.model.problems import cell_address
from importer.model.sheet import is_blank, text_of
from importer.reading.formats.grid import cell_fault

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from importer.model.sheet import Cell, CellFault, RawRow
    from importer.reading.formats.grid import Grid, MergedRange
    from importer.reading.header_row import HeaderRow


def settle(grid: Grid, start: HeaderRow, rows: list[RawRow], policy: str) -> list[RawRow]:
    """Return the rows, with values spread where ``policy`` is “fill”, and faults in cells that stay unclear.

    A value that is spread would be billed once per row, so amounts and item ids
    are never spread; nor are values that Excel hides below a merged range.
    """
    names = {header.position: header.column for header in start.headers if header.column is not None}
    by_number = {row.number: row for row in rows}
    for area in grid.look.merged:
        touched = [at for at in range(area.first_position, area.last_position + 1) if at in names]
        numbers = [n for n in range(max(area.first_row, start.row + 1), area.last_row + 1) if n in by_number]
        if not touched or not numbers or (area.first_row == area.last_row and len(touched) < 2):  # noqa: PLR2004 - one cell
            continue
        value: Cell
        if policy == "fill" and _may_spread(grid, area, [names[at] for at in touched]):
            value = grid.rows[area.first_row - 1][area.first_position]
        else:
            value = _unclear(grid, area, policy)
        for number in numbers:
            by_number[number] = _with(by_number[number], dict.fromkeys(touched, value))
    return [by_number[row.number] for row in rows]


def _may_spread(grid: Grid, area: MergedRange, touched: Sequence[str | None]) -> bool:
    once = {"item_id"} | {name for name, column in BY_NAME.items() if column.kind is Kind.AMOUNT}
    return len(touched) == 1 and not once & set(touched) and not _covered(grid, area)


def _covered(grid: Grid, area: MergedRange) -> str | None:
    """Address of a value that the merged range hides; None when there is none."""
    for number in range(area.first_row, min(area.last_row, len(grid.rows)) + 1):
        cells = grid.rows[number - 1]
        for at in range(area.first_position, min(area.last_position + 1, len(cells))):
            if (number, at) != (area.first_row, area.first_position) and not is_blank(cells[at]):
                return cell_address(at, number)
    return None


def _with(row: RawRow, values: Mapping[int, Cell]) -> RawRow:
    cells = [*row.cells, *[None] * (max(values) + 1 - len(row.cells))]
    for position, value in values.items():
        cells[position] = value
    return replace(row, cells=cells)


def _unclear(grid: Grid, area: MergedRange, policy: str) -> CellFault:
    first = grid.rows[area.first_row - 1] if area.first_row <= len(grid.rows) else []
    shown = text_of(first[area.first_position]) if area.first_position < len(first) else ""
    if covered := _covered(grid, area):
        return cell_fault(shown, "*.merged:covered", area=area, covered=covered)
    if policy == "refuse" and area.first_position == area.last_position:
        return cell_fault(shown, "*.merged:fill", area=area)
    return cell_fault(shown, "*.merged", area=area)
