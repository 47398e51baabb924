"""Rows below the header that are no line items: totals, and the header repeated.

They are recognised by their look and left out with a warning. Whether a total
agrees with the rows above it is for :mod:`importer.checking.total_rows`, which
knows the amounts; one that does not is an error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.model.columns import Kind
from importer.model.headers import known_as
from importer.model.invoices import ItemType
from importer.model.messages import problem
from importer.model.problems import cell_address
from importer.model.sheet import Excluded, is_blank, text_of
from importer.values.cells import is_total_label, parser_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from importer.model.problems import Problem
    from importer.model.sheet import Cell, RawRow
    from importer.reading.formats.grid import Grid
    from importer.reading.header_row import HeaderRow

TELLING = ("workspace_id", "workspace", "item_type")
"""Columns in which a value says that the row is a line item; settings may supply them instead."""
FEWEST_NAMES = 2
"""Fewer known names in a row do not make it a header."""

Verdict = tuple[Excluded | None, "Problem | None"]
"""Why the row is no line item, if it is none, and what is to be said of it."""


def find_not_lines(
    grid: Grid, start: HeaderRow, rows: list[RawRow], known: Mapping[str, str]
) -> tuple[dict[int, Excluded], list[Problem]]:
    """Return the rows that are no line items, by number, and the problems about them."""
    excluded: dict[int, Excluded] = {}
    problems: list[Problem] = []
    judge = _Judge(grid, start, known, rows)
    for row in rows:
        if judge.has_item_type(row):
            continue
        why, found = judge.verdict(row)
        if why is not None:
            excluded[row.number] = why
        if found is not None:
            problems.append(found)
    return excluded, problems


class _Judge:
    """Tells line items from other rows of one sheet."""

    def __init__(self, grid: Grid, start: HeaderRow, known: Mapping[str, str], rows: list[RawRow]) -> None:
        self._grid, self._start, self._known = grid, start, known
        self._first_row = rows[0].number if rows else 0
        self._meant = start.names
        self._at = {column: position for position, column in self._meant.items()}
        self._telling = [self._at[name] for name in TELLING if name in self._at]
        self._continued = self._merged_into()
        self._is_item_type: dict[str, bool] = {}

    def has_item_type(self, row: RawRow) -> bool:
        """Tell at once rows with a readable item type, nearly all of them: they are line items."""
        position = self._at.get("item_type")
        cell = None if position is None else row.cell(position)
        if not isinstance(cell, str):
            return False
        if cell not in self._is_item_type:
            self._is_item_type[cell] = isinstance(parser_of(Kind.ITEM_TYPE)(cell), ItemType)
        return self._is_item_type[cell]

    def verdict(self, row: RawRow) -> Verdict:
        filled = {position: cell for position, cell in enumerate(row.cells) if not is_blank(cell)}
        repeated = self._repeats_header(filled)
        if repeated is not None:
            return self._header(row.number, repeated=repeated)
        if row.number in self._continued:  # a merged project or item type says that it is a line item
            return None, None

        label = self._total_label(row, filled)
        if label is not None:
            return self._total(row.number, label)
        if list(filled) == [self._at.get("amount")] and row.number != self._first_row:
            return self._bare_amount(row.number, filled)
        return None, None

    def _header(self, row: int, *, repeated: bool) -> Verdict:
        header_row = self._start.row
        if repeated:
            warning = problem("row.header", sheet=self._grid.name, row=row, number=row, header_row=header_row)
            return Excluded.HEADER, warning
        cell = cell_address(0, row)
        another = "header.several:below"
        return None, problem(another, sheet=self._grid.name, cell=cell, number=row, header_row=header_row)

    def _total(self, row: int, label: str) -> Verdict:
        key = "row.total" if self._telling else "row.total_unclear"
        place = cell_address(0, row)
        found = problem(key, sheet=self._grid.name, cell=place, row=row, value=label, number=row, label=label)
        return (Excluded.TOTAL if self._telling else None), found

    def _bare_amount(self, row: int, filled: Mapping[int, Cell]) -> Verdict:
        """A number below the amounts, as the sum button leaves it; whether it is their sum is checked later."""
        place = cell_address(0, row)
        if not self._telling:
            return None, problem("row.total_unclear:bare", sheet=self._grid.name, cell=place, row=row, number=row)
        amount = text_of(next(iter(filled.values())))
        found = problem("row.total:bare", sheet=self._grid.name, cell=place, row=row, value=amount, number=row)
        return Excluded.SUM, found

    def _repeats_header(self, filled: Mapping[int, Cell]) -> bool | None:
        """True for the same header once more, False for another one, None for no header."""
        names = {}
        for position, cell in filled.items():
            if not isinstance(cell, str):
                return None
            name = known_as(cell, self._known)
            if name is not None:
                names[position] = name
        if len(names) < FEWEST_NAMES or len(names) * 2 < len(filled):
            return None
        return all(self._meant.get(position) == name for position, name in names.items())

    def _total_label(self, row: RawRow, filled: Mapping[int, Cell]) -> str | None:
        """The words that say “total”, when nothing else says that the row is a line item."""
        for name in (*TELLING, "item_id"):
            cell = row.cell(self._at[name]) if name in self._at else None
            if not is_blank(cell) and not is_total_label(cell):
                return None
        for cell in filled.values():
            if is_total_label(cell):
                return text_of(cell).strip()
        return None

    def _merged_into(self) -> set[int]:
        """Numbers of the rows to which a merged cell of the row above gives a project or an item type."""
        numbers: set[int] = set()
        for area in self._grid.look.merged:
            if any(area.first_position <= position <= area.last_position for position in self._telling):
                last = min(area.last_row, len(self._grid.rows))
                numbers.update(range(area.first_row + 1, last + 1))
        return numbers
