"""The header row of a sheet, and what it lacks.

How alike an unknown header and a known one are.

What is wrong with a header row: columns that stand twice, are not known, or are missing.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from importer.model.columns import BY_NAME, NAME_OF_PROJECT, REQUIRED, RESULT_COLUMNS
from importer.model.headers import fold, is_ignored, required_columns
from importer.model.messages import problem
from importer.model.problems import cell_address
from importer.values.toml_lines import alias_lines, ignore_line, use_or_ignore

if TYPE_CHECKING:
    from collections.abc import Mapping

    from importer.model.problems import Problem
    from importer.model.sheet import Header
    from importer.reading.formats.grid import Grid


@dataclass(frozen=True, slots=True)
class HeaderRow:
    """The header row of a sheet."""

    row: int
    """Row number as Excel shows it."""
    headers: tuple[Header, ...]
    problems: tuple[Problem, ...]
    notes: tuple[str, ...] = ()
    """How it was read, where that was a decision."""

    @property
    def columns(self) -> set[str]:
        """Names of the known columns."""
        return {header.column for header in self.headers if header.column}

    def lacks(self, known: Mapping[str, str]) -> list[str]:
        """Names of the required columns that are not there."""
        return lacking(self.columns, known)


def lacking(names: set[str], known: Mapping[str, str]) -> list[str]:
    """Required columns that are not among the names; a project may be named instead of numbered."""
    there = names | ({"workspace_id"} if NAME_OF_PROJECT in names else set())
    return [column.name for column in required_columns(known) if column.name not in there]


def added_by_results(headers: tuple[Header, ...]) -> frozenset[int]:
    """Positions of the columns that results have added at the right; the same names elsewhere are the sheet's own."""
    names = [fold(name) for name in RESULT_COLUMNS]
    for count in range(len(names), 1, -1):
        last = headers[-count:]
        if [fold(header.text) for header in last] == names[-count:]:
            return frozenset(header.position for header in last)
    return frozenset()


NEAR = 0.83
"""Likeness (difflib ratio) from which an unknown header counts as a misspelling."""


def nearest(text: str, known: Mapping[str, str]) -> str | None:
    """Column that a misspelt header may mean; None when none is near."""
    folded = fold(text)
    near = difflib.get_close_matches(folded, known, n=5, cutoff=NEAR)
    return next((known[name] for name in near if not _other_words(folded, name)), None)


def likeness(one: str, other: str) -> float:
    """How alike two texts are: 1 is equal, 0 has nothing in common."""
    return difflib.SequenceMatcher(None, one, other).ratio()


def _other_words(one: str, other: str) -> bool:
    """Tell whether one is the other plus a word: “Client” is no misspelt “Client PO”."""
    short, long = sorted((one, other), key=len)
    return len(long) - len(short) > 1 and (long.startswith(short) or long.endswith(short))


_NOT_APPLIED = """
    Quantity, Qty, Count, Units, Hours, Discount, Rebate, Tax, VAT, Tax rate, Status, Billable, Menge, Anzahl, Stunden,
    Rabatt, MwSt, USt, Quantité, Heures, Remise, TVA, Cantidad, Horas, Descuento, IVA, Currency, Währung
"""
CHANGES_AMOUNTS = frozenset(fold(word) for word in _NOT_APPLIED.split(","))
"""Headers of columns that a person may expect to change what is billed; the program does not apply them."""


def oddities_of(grid: Grid, row: int, headers: tuple[Header, ...], known: Mapping[str, str]) -> tuple[Problem, ...]:
    """What is wrong with the columns that are there."""
    twice = _side_by_side(grid, row, headers) or _duplicates(grid, row, headers)
    return (*twice, *_unknown(grid, row, headers, known))


def missing_columns(grid: Grid, start: HeaderRow, known: Mapping[str, str]) -> list[Problem]:
    """An error for every required column that the header row lacks, and that no misspelt header may be."""
    unknown = {fold(header.text): header for header in start.headers if header.column is None}
    misspelt = {nearest(str(p.value), known) for p in start.problems if p.code == "column.near_miss"}
    problems = []
    for name in start.lacks(known):
        if name in misspelt:
            continue
        column = BY_NAME[name]
        names = [header for header, meant in known.items() if meant == name]
        near = max(unknown, key=lambda text: max(likeness(text, n) for n in names), default=None)
        alike = f" The nearest header is “{unknown[near].text}”." if near is not None else ""
        problems.append(
            problem(
                "column.missing",
                sheet=grid.name,
                row=start.row,
                column=name,
                title=column.title,
                name=name,
                header_row=start.row,
                nearest=alike,
                meaning=column.meaning,
            ),
        )
    return problems


def _side_by_side(grid: Grid, row: int, headers: tuple[Header, ...]) -> list[Problem]:
    """Say it in one sentence when all required columns stand twice: two tables beside each other."""
    required = [column.name for column in REQUIRED]
    places = {name: [header.position for header in headers if header.column == name] for name in required}
    if not places or min(len(positions) for positions in places.values()) < 2:  # noqa: PLR2004 - one table each
        return []
    second = min(positions[1] for positions in places.values())
    place = cell_address(second, row)
    return [problem("sheet.side_by_side", sheet=grid.name, cell=place, row=row, place=place)]


def _duplicates(grid: Grid, row: int, headers: tuple[Header, ...]) -> list[Problem]:
    seen: dict[str, Header] = {}
    problems = []
    for header in headers:
        if header.column is None:
            continue
        first = seen.setdefault(header.column, header)
        if first is not header:
            problems.append(
                problem(
                    "column.duplicate",
                    sheet=grid.name,
                    cell=cell_address(header.position, row),
                    row=row,
                    column=header.column,
                    value=header.text,
                    title=BY_NAME[header.column].title,
                    first=cell_address(first.position, row),
                    first_text=first.text,
                    second=cell_address(header.position, row),
                    second_text=header.text,
                ),
            )
    return problems


def _unknown(grid: Grid, row: int, headers: tuple[Header, ...], known: Mapping[str, str]) -> list[Problem]:
    present, added = {header.column for header in headers}, added_by_results(headers)
    return [
        _unknown_header(grid, row, header, known, present)
        for header in headers
        if header.column is None and header.position not in added and not is_ignored(header.text, known)
    ]


def _unknown_header(
    grid: Grid,
    row: int,
    header: Header,
    known: Mapping[str, str],
    present: set[str | None],
) -> Problem:
    meant = nearest(header.text, known)
    text = header.text
    cell = cell_address(header.position, row)
    unknown = partial(problem, sheet=grid.name, cell=cell, row=row, column=text, value=text, text=text)

    if meant is not None and meant not in present:
        alias, ignore = alias_lines(meant, text, known), ignore_line([text], known)
        return unknown("column.near_miss", title=BY_NAME[meant].title, name=meant, alias=alias, ignore=ignore)

    lines = use_or_ignore(text, known, present)
    if fold(text) in CHANGES_AMOUNTS:
        return unknown("column.not_applied", lines=lines)
    return unknown("column.unknown", lines=lines)
