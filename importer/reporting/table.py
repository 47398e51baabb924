"""What a table holds, whatever lays it out: columns with the kind of their cells, rows, and a total."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import Enum
from typing import Any

from importer.model.plans import Status
from importer.model.visible import visible
from importer.model.words import count_of, money


class Kind(Enum):
    """What the cells of a column hold. Any cell may be None, which is shown as nothing."""

    TEXT = "text"
    """Text that may be broken between words, or a cell of the user's own sheet as it was read."""
    CODE = "code"
    """An id: never broken."""
    COUNT = "count"
    """How many invoices."""
    MONEY = "money"
    """A Decimal in the main unit, or a word in its place, such as “not known”."""
    STATUS = "status"
    """A :class:`~importer.model.plans.Status`."""
    LINK = "link"
    """A web address."""


@dataclass(frozen=True, slots=True, eq=False)
class Marked:
    """A cell that is wrong, to be coloured in a workbook. It equals itself alone, since 1 == True."""

    cell: object


class Narrow(Enum):
    """What becomes of a column where the table is too wide for its place."""

    KEEP = "keep"
    FOLD = "fold"
    """Its cells stand below those of the first column."""
    DROP = "drop"
    DROP_LAST = "drop last"
    """Dropped where the other two are not enough."""
    FOLD_LAST = "fold last"
    """Folded, with its title, where even that is not enough."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table."""

    title: str
    kind: Kind = Kind.TEXT
    width: float = 14
    """Characters in a workbook."""
    wrapped: bool = False
    """Whether long texts go over several lines in a workbook."""
    alarm: bool = False
    """Whether its figures ought to be nothing: others are emphasised."""
    right: bool = False
    """Whether the title of a column of texts stands at the right, because most of its cells are figures."""
    narrow: Narrow = Narrow.KEEP
    printed: bool = True
    """Whether a workbook prints it; those that are not stand at the right."""
    as_read: bool = False
    """Whether its cells are those of the user's own sheet, which stay as they are: the sheet can be imported again."""

    @property
    def is_right(self) -> bool:
        """Whether the title stands at the right."""
        return self.right or self.kind in (Kind.COUNT, Kind.MONEY)


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under typed columns, each row as long as there are columns."""

    title: str
    columns: Sequence[Column]
    rows: Iterable[Sequence[object]]
    """Of a long table they are made while they are read, so it is laid out once."""
    total: Sequence[object] | None = None
    after_total: Sequence[object] | None = None
    """A last row below the total that is no part of it."""
    note: str | None = None
    """What the total adds up, to be said beside it."""
    more: str | None = None
    """How many rows are left out, and where they are."""


def without_blanks(table: Table) -> Table:
    """The table without the columns of which no cell is filled."""
    rows = list(table.rows)
    kept = [place for place in range(len(table.columns)) if _is_filled(rows, place)]
    return replace(table, columns=_picked(table.columns, kept), rows=[_picked(row, kept) for row in rows])


def with_last(table: Table, title: str) -> Table:
    """The table with the column of this title at the right, where nothing cuts its texts."""
    places = sorted(range(len(table.columns)), key=lambda place: table.columns[place].title == title)
    rows = [_picked(row, places) for row in table.rows]
    return replace(table, columns=_picked(table.columns, places), rows=rows)


def _is_filled(rows: Iterable[Sequence[object]], place: int) -> bool:
    return any(row[place] for row in rows)


def _picked(cells: Sequence[Any], places: Sequence[int]) -> list[Any]:
    return [cells[place] for place in places]


def text_of(cell: object) -> str:
    """A cell as text: “1,200.00”, “1,200”, “already created”; empty for None."""
    if cell is None:
        return ""
    if isinstance(cell, Decimal):
        return money(cell)
    if isinstance(cell, Status):
        return cell.words
    if isinstance(cell, int) and not isinstance(cell, bool):
        return f"{cell:,}"
    if isinstance(cell, float) and cell.is_integer():  # a cell of a workbook: 101.0 is 101
        return str(int(cell))
    return visible(str(cell))


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with its title, as it stands in a sentence."""

    text: str
    """“sent 409.00”, “not read back 103.00 (1 invoice)”."""
    alarm: bool
    """Whether it ought to be nothing."""


def figures_of(table: Table, cells: Sequence[object]) -> list[Figure]:
    """The figures of a row for a sentence: without blanks, and without those that ought to be nothing and are it."""
    figures: list[Figure] = []
    for column, cell in zip(table.columns, cells, strict=True):
        if cell is None or not column.is_right or (column.alarm and not cell):
            continue
        if column.kind is Kind.COUNT and isinstance(cell, int):
            before = figures.pop()
            figures.append(Figure(f"{before.text} ({count_of(cell, 'invoice')})", column.alarm))
        else:
            title = column.title[0].lower() + column.title[1:]
            figures.append(Figure(f"{title} {text_of(cell)}", column.alarm))
    return figures
