"""Cells beside a time entry, expense or milestone that Kantata takes from its own record: they are never sent.

Every real export fills them. They are set aside before the rows are checked: refused with one error per column, left
aside with one note per column, or kept to be compared with what Kantata holds
(:mod:`importer.planning.account_checks`).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING, Any, assert_never, cast

from importer.checking.contradictions import figures_in
from importer.model.columns import BY_NAME
from importer.model.invoices import BY_ID, ItemType
from importer.model.sheet import text_of
from importer.model.words import count_of, names_in_short, row_ranges
from importer.values.readings import Undecided, Unreadable, unreadable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

    import pandas as pd

    from importer.model.check_only import CheckOnly
    from importer.model.columns import Column
    from importer.model.problems import Problem
    from importer.model.sheet import Cell, Sheet


class UnsentCells(Enum):
    """What is done with cells that are not sent (setting ``not_sent_cells``)."""

    REFUSE = "refuse"
    IGNORE = "ignore"
    COMPARE = "compare"


COMPARED: dict[str, frozenset[ItemType]] = {
    "amount": BY_ID,
    "hours": frozenset({ItemType.TIME_ENTRY}),
    "rate": frozenset({ItemType.TIME_ENTRY}),
    "total": BY_ID,
    "net": BY_ID,
    "gross": BY_ID,
}
"""Columns that Kantata can be asked about, and beside which records."""
FIGURES = ("hours", "rate", "total", "net", "gross")
"""Those that are never sent, beside whatever they stand."""
TAXES = ("tax", "tax_amount")
"""What explains the difference between an amount and a gross one."""
NEVER_ASIDE = frozenset({"taxable"})
"""Columns that ask for something: they are refused also where others are compared."""
MOST_CELLS = 5
"""Cells or ranges that one message names."""


@dataclass
class SetAside:
    """What was taken out of the typed cells of a sheet."""

    frame: pd.DataFrame
    """The typed cells without it."""
    compared: dict[int, dict[str, Decimal]] = field(default_factory=dict)
    """Row → column → value that Kantata is to be asked about."""
    unreadable: list[tuple[Column | CheckOnly, int, Unreadable]] = field(default_factory=list)
    """Cells to be compared that cannot be read, with their rows."""
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    rows: dict[str, frozenset[int]] = field(default_factory=dict)
    """Column → rows whose cells count no more."""
    checked: set[str] = field(default_factory=set)
    """Check-only columns that were compared or left aside."""


def set_aside(sheet: Sheet, parsed: pd.DataFrame, how: UnsentCells) -> SetAside:
    """Take out what is not sent; ``parsed`` are the typed cells of the sheet."""
    aside = SetAside(parsed)
    if "item_type" not in parsed.columns:
        return aside

    kinds = {cast("int", row): kind for row, kind in parsed["item_type"].items() if kind in BY_ID}
    for name in parsed.columns:
        column = BY_NAME[name]
        if not kinds or column.allowed_for & BY_ID:
            continue
        cells = parsed.loc[list(kinds), name]
        filled = [cast("int", row) for row in cells.index[cells.notna()]]
        if filled:
            _take_out(sheet, column, {row: kinds[row] for row in filled}, how, aside)
    _take_out_figures(sheet, kinds, how, aside)
    return aside


def _take_out(sheet: Sheet, column: Column, kinds: dict[int, ItemType], how: UnsentCells, aside: SetAside) -> None:
    """Take the filled cells of a column out; ``kinds`` are their rows with the item types."""
    values = {row: aside.frame.at[row, column.name] for row in kinds}
    cleared = aside.frame[column.name].copy()
    cleared[list(kinds)] = None
    aside.frame = aside.frame.assign(**{column.name: cleared})
    _dispose(sheet, column, values, kinds, how, aside)


def _take_out_figures(sheet: Sheet, kinds: Mapping[int, ItemType], how: UnsentCells, aside: SetAside) -> None:
    """Take out figures that stand in no column that is sent; the tax explains those that are compared."""
    for checked in filter(None, map(sheet.checked_as, FIGURES)):
        rows = {row: kinds[row] for row in checked.cells if row in kinds}
        if rows:
            aside.checked.add(checked.column.name)
            values = {row: _figure(checked.cells[row]) for row in rows}
            _dispose(sheet, checked.column, values, rows, how, aside)
    for checked in filter(None, map(sheet.checked_as, TAXES)):
        taxes = {row: _figure(checked.cells[row]) for row in aside.compared.keys() & checked.cells.keys()}
        _keep(checked.column, {row: tax for row, tax in taxes.items() if not isinstance(tax, Unreadable)}, aside)


def _figure(cell: Cell) -> Decimal | Unreadable:
    """The one number that a cell means."""
    numbers = figures_in(cell)
    if len(numbers) != 1:
        return unreadable("*.not_a_figure")
    return next(iter(numbers))


def _dispose(  # noqa: PLR0913, PLR0917 - one argument per fact
    sheet: Sheet,
    column: Column | CheckOnly,
    values: Mapping[int, object],
    kinds: dict[int, ItemType],
    how: UnsentCells,
    aside: SetAside,
) -> None:
    """Refuse the cells of a column, leave them aside, or keep them to be compared."""
    left: list[int] = []
    refused: list[int] = []
    match how:
        case UnsentCells.REFUSE:
            refused = list(kinds)
        case UnsentCells.IGNORE:
            left = list(kinds)
        case UnsentCells.COMPARE if column.name in NEVER_ASIDE:
            refused = list(kinds)
        case UnsentCells.COMPARE:
            left = [row for row in kinds if kinds[row] not in COMPARED.get(column.name, ())]
            _keep(column, {row: value for row, value in values.items() if row not in set(left)}, aside)
        case _:
            assert_never(how)

    aside.rows[column.name] = frozenset([*left, *refused])
    if refused:
        aside.problems.append(_refused(sheet, column, refused, how))
    if left:
        aside.notes.append(_left_aside(sheet, column, left))


def _keep(column: Column | CheckOnly, values: dict[int, object], aside: SetAside) -> None:
    """Keep values to be compared; an undecided one is spoken of by the problem of its column."""
    for row, value in values.items():
        if not isinstance(value, Unreadable):
            aside.compared.setdefault(row, {})[column.name] = cast("Decimal", value)
        elif not isinstance(value, Undecided):
            aside.unreadable.append((column, row, value))


def _refused(sheet: Sheet, column: Column | CheckOnly, rows: Sequence[int], how: UnsentCells) -> Problem:
    key = "*.forbidden:column"
    if how is UnsentCells.COMPARE:
        key = "*.forbidden:wish"
    raw = sheet.raw(column.name, rows[0])
    facts: dict[str, Any] = {"title": column.title, "noun": column.title.lower(), "cells": _named(sheet, column, rows)}
    found = sheet.problem_at(column.name, rows[0], key, None if raw is None else text_of(raw), **facts)
    return replace(found, rows=tuple(rows))


def _left_aside(sheet: Sheet, column: Column | CheckOnly, rows: Sequence[int]) -> str:
    cells = f"{count_of(len(rows), 'cell')}: {_named(sheet, column, rows)}"
    header = sheet.title(column.name)
    return (
        f"“{header}” beside time entries, expenses and milestones is not sent: Kantata has its own for each ({cells})."
    )


def _named(sheet: Sheet, column: Column | CheckOnly, rows: Sequence[int]) -> str:
    """Name the cells, those below one another as a range."""
    names: list[str] = []
    for part in row_ranges(rows).split(", "):
        first, _, last = part.partition("-")
        names.append(":".join(sheet.address(column.name, int(row)) or f"row {row}" for row in (first, last) if row))
    return names_in_short(names, MOST_CELLS)
