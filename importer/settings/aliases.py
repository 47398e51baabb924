"""Names that an office gives to its projects, from the settings or from a file."""

from __future__ import annotations

import csv
import tomllib
from typing import TYPE_CHECKING

from importer.model.errors import SettingsProblem
from importer.model.messages import error
from importer.settings.plain_files import plain_text
from importer.values.names import same

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


PAIR = 2
"""Cells in a row of a CSV: name and id."""
LARGEST_ID = 2**63 - 1
LARGEST_MEGABYTES = 64
"""Of the file; a hundred thousand names take four."""


def aliases(table: Mapping[str, int], file: Path | None) -> dict[str, int]:
    """Every reduced name with the id of its project; the table and the file together.

    Raises SettingsProblem when the file cannot be read, or a name stands for two projects.
    """
    found: dict[str, int] = {}
    pairs = list(table.items())
    if file is not None:
        pairs += _in_file(file)
    for name, project in pairs:
        first = found.setdefault(same(name), project)
        if first != project:
            raise error(SettingsProblem, "settings.workspaces:name_twice", name=name, first=first, second=project)
    return found


def _in_file(file: Path) -> list[tuple[str, int]]:
    try:
        text = plain_text(file, LARGEST_MEGABYTES)
        if file.suffix.lower() == ".toml":
            return list(_in_toml(tomllib.loads(text), file))
        return list(_in_csv(text, file))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, csv.Error) as why:
        raise error(SettingsProblem, "settings.workspaces:unreadable", file=file, why=why) from why


def _in_toml(content: Mapping[str, object], file: Path) -> Iterator[tuple[str, int]]:
    table = content.get("workspaces")
    if not isinstance(table, dict):
        raise _wrong(file, "it has no table [workspaces]")
    for name, project in table.items():
        if isinstance(project, bool) or not isinstance(project, int) or not 0 < project <= LARGEST_ID:
            raise _wrong(file, f"“{name}” is not given a whole number above 0")
        yield name, project


def _in_csv(text: str, file: Path) -> Iterator[tuple[str, int]]:
    lines = text.splitlines()
    for number, cells in enumerate(csv.reader(lines, delimiter=_delimiter(lines)), start=1):
        name, project = (*(cell.strip() for cell in cells), "", "")[:PAIR]
        if not name and not project:
            continue
        if name and _is_id(project):
            yield name, int(project)
        elif number > 1:  # the first row may be a header
            raise _wrong(file, f"line {number} does not hold a name and the number of its project")


def _delimiter(lines: list[str]) -> str:
    for mark in ";\t":
        if lines and mark in lines[0]:
            return mark
    return ","


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdecimal() and 0 < int(text[:20]) <= LARGEST_ID


def _wrong(file: Path, why: str) -> SettingsProblem:
    return error(SettingsProblem, "settings.workspaces", file=file, why=why)
