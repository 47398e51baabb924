"""Rows, columns and sheets that a person does not see, and what the setting ``hidden_rows`` says of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from importer.model.messages import problem
from importer.model.problems import Severity, cell_address, column_letter
from importer.model.words import count_of, row_ranges

if TYPE_CHECKING:
    from importer.model.problems import Problem
    from importer.model.sheet import RawRow
    from importer.reading.formats.grid import Grid
    from importer.reading.header_row import HeaderRow

_SAID = {
    "warn": "{} billed like the others",
    "skip": "{} left out, as hidden_rows = “skip” says",
    "refuse": "hidden_rows = “refuse” does not allow that",
}


def rows(grid: Grid, found: list[RawRow], policy: str) -> tuple[list[RawRow], tuple[Problem, ...]]:
    """Return the rows that remain, and what is to be said of hidden ones; a filter hides rows too."""
    numbers = [row.number for row in found if row.number in grid.look.hidden_rows]
    if not numbers:
        return found, ()
    if policy == "skip":
        found = [row for row in found if row.number not in grid.look.hidden_rows]
    are, they = ("is", "it is") if len(numbers) == 1 else ("are", "they are")
    return found, (
        problem(
            "row.hidden",
            sheet=grid.name,
            severity=_severity(policy),
            count=f"{count_of(len(numbers), 'row')} {are}",
            numbers=row_ranges(numbers),
            outcome=_SAID[policy].format(they),
        ),
    )


def columns(grid: Grid, start: HeaderRow, policy: str) -> tuple[HeaderRow, tuple[Problem, ...]]:
    """Return the header row, and what is to be said of known columns that are hidden."""
    unseen = [one for one in start.headers if one.column is not None and one.position in grid.look.hidden_columns]
    if not unseen:
        return start, ()
    if policy == "skip":
        kept = tuple(replace(one, column=None) if one in unseen else one for one in start.headers)
        start = replace(start, headers=kept)
    named = ", ".join(f"{column_letter(one.position)} (“{one.text}”)" for one in unseen)
    said = {
        "warn": "their values count like the others",
        "skip": "their values are left out, as hidden_rows = “skip” says",
        "refuse": _SAID["refuse"],
    }
    return start, (
        problem(
            "column.hidden",
            sheet=grid.name,
            cell=cell_address(unseen[0].position, start.row),
            row=start.row,
            severity=_severity(policy),
            count=count_of(len(unseen), "column"),
            names=named,
            outcome=said[policy],
        ),
    )


def sheet(grid: Grid, policy: str) -> tuple[Problem, ...]:
    """Say that the chosen sheet is hidden as a whole; under “skip” only a sheet that was asked for by name can be."""
    if not grid.hidden:
        return ()
    said = _SAID["refuse"] if policy == "refuse" else "its rows are billed all the same"
    return (problem("sheet.hidden", sheet=grid.name, severity=_severity(policy), name=grid.name, outcome=said),)


def _severity(policy: str) -> Severity:
    return Severity.ERROR if policy == "refuse" else Severity.WARNING
