"""Which columns name or number the project, and which number the items of projects."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from importer.model.columns import NAME_OF_PROJECT
from importer.values.cell_shapes import holds_numbers_of, repeats
from importer.values.header_meanings import words_of
from importer.values.header_proofs import holds_ids, speaks_of_projects
from importer.values.header_shapes import Proposal

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence


def of_project(found: Proposal, meant: Mapping[str, str]) -> Proposal:
    """What names the project: a code of digits where nothing else does, and no number of an order beside a project."""
    named = meant.get("workspace_id") or meant.get(NAME_OF_PROJECT)
    if found.meant == "project_code" and named is None and holds_ids(found.column):
        return replace(
            found, meant="workspace_id", sure=False, why="its cells are numbers, and no column is the project"
        )
    is_of_another = not speaks_of_projects(found.column.text) and not _begin_alike(found.column.text, named or "")
    if found.meant == "workspace_id" and NAME_OF_PROJECT in meant and is_of_another:
        return replace(found, meant=None, sure=False, why=f"“{named}” names the project already")
    return found


def _begin_alike(header: str, other: str) -> bool:
    """Tell whether two headers begin with the same word: “Job-Nr.” and “Jobname”."""
    first, second = words_of(header)[:1], words_of(other)[:1]
    return bool(first and second) and (first[0].startswith(second[0]) or second[0].startswith(first[0]))


def known_number(found: Proposal, numbers: Collection[str]) -> Proposal:
    """The proposal, sure where the header can mean the project and every cell is the number of one."""
    if found.meant == "workspace_id" and holds_numbers_of(found.column, numbers):
        return replace(found, sure=True, why="its cells are numbers of your projects")
    return found


def with_item_ids(proposals: Sequence[Proposal], meant: Collection[str | None]) -> list[Proposal]:
    """The proposals; where nothing is the amount, numbers that all differ beside those of projects are items."""
    names = {*meant, *(found.meant for found in proposals)}
    if not names.isdisjoint({"amount", "item_id"}):
        return list(proposals)
    numbers = [found for found in proposals if found.meant == "workspace_id"]
    of_items = _likely_ids(numbers, has_project="workspace_id" in meant)
    if of_items is None:
        return list(proposals)
    why = "its numbers all differ, and no column is the amount"
    items = Proposal(of_items.column, "item_id", sure=False, why=why)
    return [items if found is of_items else found for found in proposals]


def _likely_ids(numbers: Sequence[Proposal], *, has_project: bool) -> Proposal | None:
    """The only column of different numbers beside those of projects; None where there is no such."""
    others = [found for found in numbers if not speaks_of_projects(found.column.text)]
    ids = list(filter(_holds_different_ids, others))
    return ids[0] if len(ids) == 1 and (has_project or len(others) < len(numbers)) else None


def _holds_different_ids(found: Proposal) -> bool:
    return holds_ids(found.column) and not repeats(found.column)
