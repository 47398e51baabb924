"""The header row of a sheet, and what it lacks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from importer.columns import NAME_OF_PROJECT, RESULT_COLUMNS, fold, required_columns

if TYPE_CHECKING:
    from collections.abc import Mapping

    from importer.problems import Problem
    from importer.sheet import Header


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
