"""Values that a person may see differently: formulas that change by themselves, guesses, conditional formats."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, Any

from importer.model.columns import BY_NAME, Column, Kind
from importer.model.messages import problem
from importer.model.problems import cell_address
from importer.model.sheet import CellFault, is_blank
from importer.reading.formats.grid import CROSSES_OUT, HIDES
from importer.reading.shown_values import Judge, ranges_named, stored_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from importer.model.problems import Problem
    from importer.model.sheet import Cell, RawRow
    from importer.reading.formats.grid import Grid, MergedRange, Run
    from importer.reading.header_row import HeaderRow

_CALCULATED = {Kind.AMOUNT, Kind.DATE}
"""Columns whose formulas are spoken of."""


def doubts(grid: Grid, start: HeaderRow, lines: list[RawRow]) -> list[Problem]:
    """Warn of the cells of known columns whose stored value is not surely what a person sees."""
    columns = {position: BY_NAME[name] for position, name in start.names.items()}
    calculated = {position: column for position, column in columns.items() if column.kind in _CALCULATED}
    cells = _Cells(grid, lines)
    saved = f" on {grid.look.saved_on}" if grid.look.saved_on else ""
    problems = [
        *cells.problems("*.changing", columns, grid.look.changing, {"saved": saved}),
        *cells.problems("*.unseen", columns, grid.look.unseen, {}),
        *cells.problems("*.uncalculated", calculated, grid.look.uncalculated, {}),
    ]
    for change, areas in grid.look.conditional.items():
        for position, column in columns.items():
            rows = cells.changed_by(change, column, list(_runs_in(areas, position)))
            what = _WORDS.get(change, _OTHERWISE)
            problems.extend(cells.of_rows("*.conditional", column, position, rows, {"what": what}))
    return problems


_WORDS = {CROSSES_OUT: "cross them out", HIDES: "hide the number"}
_OTHERWISE = "show another value"


def _runs_in(areas: Iterable[MergedRange], position: int) -> Iterator[Run]:
    for area in areas:
        if area.first_position <= position <= area.last_position:
            yield position, area.first_row, area.last_row


def _number_or_text(value: Cell) -> Cell:
    """None for yes or no, which no number format changes."""
    return None if isinstance(value, bool) else value


class _Cells:
    """The cells with values below the header."""

    def __init__(self, grid: Grid, lines: list[RawRow]) -> None:
        self._sheet, self._lines = grid.name, lines
        self._numbers = [row.number for row in lines]

    def problems(
        self, key: str, columns: dict[int, Column], runs: Iterable[Run], fields: dict[str, Any]
    ) -> Iterator[Problem]:
        """A warning for each column that has such cells."""
        by_column: dict[int, list[Run]] = {}
        for run in runs:
            if run[0] in columns:
                by_column.setdefault(run[0], []).append(run)
        for position, of_column in sorted(by_column.items()):
            yield from self.of_rows(key, columns[position], position, self._rows_in(of_column), fields)

    def of_rows(
        self, key: str, column: Column, position: int, rows: list[RawRow], fields: dict[str, Any]
    ) -> Iterator[Problem]:
        """A warning that names these cells of one column, if there are any."""
        if not rows:
            return
        numbers = [row.number for row in rows]
        first, stored = cell_address(position, numbers[0]), stored_text(rows[0].cell(position))
        yield problem(
            key,
            sheet=self._sheet,
            cell=first,
            row=numbers[0],
            column=column.name,
            value=stored,
            rows=tuple(numbers),
            title=column.title,
            cells=ranges_named(position, numbers),
            first=first,
            stored=stored,
            **fields,
        )

    def changed_by(self, change: str, column: Column, runs: list[Run]) -> list[RawRow]:
        """The rows whose cell would show something else."""
        rows = self._rows_in(runs)
        if change in _WORDS:
            return rows
        position = runs[0][0] if runs else 0
        values = set(map(_number_or_text, (row.cell(position) for row in rows)))
        others = Judge(change, column.kind).shown_instead(values)
        return [row for row in rows if row.cell(position) in others]

    def _rows_in(self, runs: Iterable[Run]) -> list[RawRow]:
        """The rows of these cells that hold a value, each once."""
        found: dict[int, RawRow] = {}
        reached: dict[int, int] = {}
        for position, first, last in sorted(runs):
            begin = max(first, reached.get(position, 0) + 1)  # a file may name the same cells a thousand times
            reached[position] = max(last, begin - 1)
            for row in self._lines[bisect_left(self._numbers, begin) : bisect_right(self._numbers, last)]:
                value = row.cell(position)
                if not is_blank(value) and not isinstance(value, CellFault):
                    found[row.number] = row
        return [found[number] for number in sorted(found)]
