"""Projects that the sheet names instead of numbering them: which rows do, and what a name means. Pure."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pandas as pd

from importer.kantata.account import Found, Project
from importer.model.columns import Kind
from importer.model.problems import Problem
from importer.model.sheet import CellFault
from importer.values.aliases import same
from importer.values.cells import parser_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from importer.model.errors import ImporterError
    from importer.model.sheet import Sheet

PLACEHOLDER = "not_resolved"
"""Fault of an id cell whose row names a project that could not be found."""
MOST_NEAREST, LIKE = 3, 0.5
"""Titles offered for a name that none has, and how alike they must be (difflib ratio)."""


@dataclass(frozen=True, slots=True)
class Named:
    """What became of the names in a sheet."""

    problems: Mapping[int, Problem] = field(default_factory=dict)
    """By row: why its name means no project, or another one than its id."""
    claims: Mapping[int, str] = field(default_factory=dict)
    """By row: the name beside a typed id, which Kantata's title must confirm."""
    projects: Found[Project] = field(default_factory=Found)
    """Projects that were seen while names were looked up."""
    titles: Mapping[int, str] = field(default_factory=dict)
    """By id: a name that the sheet gives to the project, shown where Kantata was not asked."""
    stuck: ImporterError | None = None
    """Why Kantata could not be asked."""

    def told(self, problems: Iterable[Problem]) -> tuple[Problem, ...]:
        """The problems of the rows, with the names' own in place of “no id”."""
        code = f"workspace_id.{PLACEHOLDER}"
        theirs = (self.problems.get(one.row or 0) if one.code == code else one for one in problems)
        return tuple(one for one in theirs if one is not None)


def names_in(sheet: Sheet) -> dict[int, str]:
    """Every readable name by its row; ``""`` stands for one that cannot be read, which ``validate`` says."""
    if "workspace" not in sheet.frame:
        return {}
    read = parser_of(Kind.TEXT)
    cells = zip(sheet.frame.index.tolist(), sheet.frame["workspace"].tolist(), strict=True)
    parsed = {row: "" if isinstance(cell, CellFault) else read(cell) for row, cell in cells if cell is not None}
    return {row: name if isinstance(name, str) else "" for row, name in parsed.items()}


def typed_ids(sheet: Sheet) -> dict[int, int | None]:
    """Every filled id cell by its row; None stands for one that cannot be read, which ``validate`` says."""
    if "workspace_id" not in sheet.frame:
        return {}
    read = parser_of(Kind.IDENTIFIER)
    cells = zip(sheet.frame.index.tolist(), sheet.frame["workspace_id"].tolist(), strict=True)
    parsed = {row: None if isinstance(cell, CellFault) else read(cell) for row, cell in cells if cell is not None}
    return {row: value if isinstance(value, int) else None for row, value in parsed.items()}


def with_ids(sheet: Sheet, ids: Mapping[int, int], lost: Iterable[int]) -> Sheet:
    """The sheet with ids by row, as if they had been typed; the ``lost`` rows cannot be given to any project."""
    typed = sheet.frame["workspace_id"].tolist() if "workspace_id" in sheet.frame else [None] * len(sheet.frame)
    cells = dict(zip(sheet.frame.index.tolist(), typed, strict=True))
    cells |= {**ids, **{row: CellFault("", PLACEHOLDER, "means no project", "") for row in lost}}
    column = pd.Series(cells, index=sheet.frame.index, dtype=object)
    return replace(sheet, frame=sheet.frame.assign(workspace_id=column))


def matches(name: str, projects: Iterable[Project]) -> list[Project]:
    """The projects whose title is the name, apart from case and blanks; each once, by id."""
    found = {one.project_id: one for one in projects if one.title is not None and same(one.title) == same(name)}
    return [found[number] for number in sorted(found)]


def nearest(name: str, projects: Iterable[Project]) -> list[Project]:
    """The projects whose titles are most like the name."""
    titles = {same(one.title): one for one in projects if one.title is not None}
    holding = [title for title in titles if same(name) in title]
    alike = difflib.get_close_matches(same(name), titles, n=MOST_NEAREST, cutoff=LIKE)
    return [titles[title] for title in dict.fromkeys([*holding, *alike])][:MOST_NEAREST]


def ambiguous(sheet: Sheet, row: int, name: str, found: Iterable[Project]) -> Problem:
    """Several projects have this title."""
    message = f"“{name}” is the title of several projects: {_listed(found)}."
    return problem(sheet, row, name, "ambiguous", message, "Type the number of the one you mean under Project ID.")


def unknown(sheet: Sheet, row: int, name: str, near: list[Project]) -> Problem:
    """No project has this title."""
    like = f" The nearest titles: {_listed(near)}." if near else ""
    message = f"No project in Kantata is called “{name}”.{like}"
    return problem(sheet, row, name, "unknown", message, f"Correct the name, {_otherwise(sheet, name)}")


def not_asked(sheet: Sheet, row: int, name: str, why: str) -> Problem:
    """Kantata could not tell, and the settings do not know the name."""
    message = f"Which project is “{name}”? The settings do not name it, and {why}."
    hint = _otherwise(sheet, name)
    return problem(sheet, row, name, "not_asked", message, hint[0].upper() + hint[1:])


def differs(sheet: Sheet, row: int, name: str, typed: int, truth: str) -> Problem:
    """Name and id of a row do not agree; ``truth`` says what one of them is."""
    message = f"The row says project {typed} and “{name}”, which do not agree: {truth}."
    return problem(sheet, row, name, "differs", message, "Correct one of the two cells, or empty one.")


def problem(sheet: Sheet, row: int, name: str, fault: str, message: str, hint: str) -> Problem:  # noqa: PLR0913, PLR0917 - one argument per field
    """A problem at the cell that holds the name."""
    return Problem(
        code=f"workspace.{fault}",
        message=message,
        hint=hint,
        sheet=sheet.name,
        cell=sheet.address("workspace", row),
        row=row,
        column="workspace",
        value=name,
    )


def _otherwise(sheet: Sheet, name: str) -> str:
    """How else a project can be given; numbers in a column of names are often ids under the wrong header."""
    hint = "type the number of the project under Project ID, or name it in the setting workspaces."
    title = sheet.title("workspace")
    return (
        f"{hint} If {name} is that number, call the column “{title}” Project ID instead." if name.isdecimal() else hint
    )


def _listed(projects: Iterable[Project]) -> str:
    return ", ".join(f"{one.project_id} “{one.title}”{' (archived)' if one.archived else ''}" for one in projects)
