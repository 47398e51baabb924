"""Rows below the header that are no line items: totals, and the header repeated.

They are recognised by their look and left out with a warning. Whether a total
agrees with the rows above it is for :mod:`importer.checking.validate`, which knows the
amounts; one that does not is an error.
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
    from collections.abc import Callable, Mapping

    from importer.model.problems import Problem
    from importer.model.sheet import RawRow
    from importer.reading.formats.grid import Grid
    from importer.reading.header_row import HeaderRow

TELLING = ("workspace_id", "workspace", "item_type")
"""Columns in which a value says that the row is a line item; settings may supply them instead."""


def find(
    grid: Grid, start: HeaderRow, rows: list[RawRow], known: Mapping[str, str]
) -> tuple[dict[int, Excluded], list[Problem]]:
    """Return the rows that are no line items, by number, and what is to be said of them."""
    at = {header.column: header.position for header in start.headers if header.column is not None}
    excluded: dict[int, Excluded] = {}
    problems: list[Problem] = []
    continued = _continued(grid, at)
    telling = [name for name in TELLING if name in at]
    is_line = _says_line(at)
    for row in rows:
        if is_line(row):
            continue
        texts = [(position, cell) for position, cell in enumerate(row.cells) if not is_blank(cell)]
        again, label = _header_again(start, texts, known), _total_label(row, at, texts)
        bare = [position for position, _ in texts] == [at.get("amount")] and row is not rows[0]
        if again is not None:
            if again:
                excluded[row.number] = Excluded.HEADER
            problems.append(_again(grid, row.number, start.row, same=again))
        elif row.number in continued:
            continue  # a merged project or item type says that it is a line item
        elif not telling and (label or bare):
            problems.append(_unclear(grid, row.number, label))
        elif label is not None:
            excluded[row.number] = Excluded.TOTAL
            problems.append(_total(grid, row.number, label))
        elif bare:
            # A bare number below the amounts, as the sum button leaves it; whether it is their sum is checked later.
            excluded[row.number] = Excluded.SUM
            problems.append(_bare_total(grid, row.number, text_of(texts[0][1])))
    return excluded, problems


def _says_line(at: Mapping[str, int]) -> Callable[[RawRow], bool]:
    """Tell rows with a readable item type, nearly all of them, at once: they are neither totals nor headers."""
    position = at.get("item_type")
    parse, known = parser_of(Kind.ITEM_TYPE), dict[object, bool]()

    def says(row: RawRow) -> bool:
        cell = None if position is None else row.cell(position)
        if not isinstance(cell, str):
            return False
        if cell not in known:
            known[cell] = isinstance(parse(cell), ItemType)
        return known[cell]

    return says


def _continued(grid: Grid, at: Mapping[str, int]) -> set[int]:
    """Numbers of the rows to which a merged cell of the row above gives a project or an item type."""
    telling = {at[name] for name in TELLING if name in at}
    return {
        number
        for area in grid.look.merged
        if telling & set(range(area.first_position, area.last_position + 1))
        for number in range(area.first_row + 1, min(area.last_row, len(grid.rows)) + 1)
    }


def _header_again(start: HeaderRow, texts: list[tuple[int, object]], known: Mapping[str, str]) -> bool | None:
    """True for the same header once more, False for another one, None for no header."""
    own = {header.position: header.column for header in start.headers if header.column is not None}
    if len(texts) < 2 or not all(isinstance(cell, str) for _, cell in texts):  # noqa: PLR2004 - one name is no header
        return None
    meant = {position: known_as(str(cell), known) for position, cell in texts}
    names = {position: name for position, name in meant.items() if name is not None}
    if len(names) < 2 or len(names) * 2 < len(texts):  # noqa: PLR2004 - one name is no header
        return None
    return all(own.get(position) == name for position, name in names.items())


def _total_label(row: RawRow, at: dict[str, int], texts: list[tuple[int, object]]) -> str | None:
    """The words that say “total”, when nothing else says that the row is a line item."""
    must_be_empty = [at[name] for name in (*TELLING, "item_id") if name in at]
    if any(not is_blank(row.cell(position)) and not is_total_label(row.cell(position)) for position in must_be_empty):
        return None
    labels = [(position, text_of(cell)) for position, cell in texts if is_total_label(cell)]
    if not labels:
        return None
    return labels[0][1].strip()


def _again(grid: Grid, row: int, header_row: int, *, same: bool) -> Problem:
    if same:
        return problem("row.header", sheet=grid.name, row=row, number=row, header_row=header_row)
    cell = cell_address(0, row)
    return problem("header.several:below", sheet=grid.name, cell=cell, number=row, header_row=header_row)


def _unclear(grid: Grid, row: int, label: str | None) -> Problem:
    cell = cell_address(0, row)
    if label is None:
        return problem("row.total_unclear:bare", sheet=grid.name, cell=cell, row=row, number=row)
    return problem("row.total_unclear", sheet=grid.name, cell=cell, row=row, value=label, number=row, label=label)


def _total(grid: Grid, row: int, label: str) -> Problem:
    cell = cell_address(0, row)
    return problem("row.total", sheet=grid.name, cell=cell, row=row, value=label, number=row, label=label)


def _bare_total(grid: Grid, row: int, amount: str) -> Problem:
    cell = cell_address(0, row)
    return problem("row.total:bare", sheet=grid.name, cell=cell, row=row, value=amount, number=row)
