"""Read the ids of a sheet that are not written in digits alone; those that are have been read before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.model.columns import NAME_OF_PROJECT
from importer.model.invoices import ItemType
from importer.values.names import same
from importer.values.readings import Unreadable, unreadable
from importer.values.written_ids import ITEM_ROUTES, PROJECT_ROUTES, TASK_ROUTES, is_address, written_id

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from importer.model.problems import Problem
    from importer.model.sheet import Sheet

Columns = dict[str, list[object]]
"""Column name → its cells as they were read, in the order of the rows."""
PROJECT, ITEM, TASK = "workspace_id", "item_id", "story_id"


def read_written_ids(sheet: Sheet, columns: Columns) -> dict[int, str]:
    """Put ids into ``columns`` where a text holds one; return row → title that stands behind a project's id."""
    titles: dict[int, str] = {}
    for name in (PROJECT, ITEM, TASK):
        cells = columns[name] if sheet.has(name) else []
        unread = [(place, value) for place, value in enumerate(cells) if isinstance(value, Unreadable)]
        for place, value in unread:
            row = int(sheet.frame.index[place])
            raw = sheet.raw(name, row)
            if isinstance(raw, str):
                cells[place], title = _read(raw, value, name, _routes(name, columns, place))
                if title is not None:
                    titles[row] = title
    return titles


def _read(raw: str, unread: Unreadable, name: str, routes: frozenset[str]) -> tuple[object, str | None]:
    """The id of a text, or why it has none, and the title behind it; only a project's title can be compared."""
    found = written_id(raw, routes)
    if found is not None and (found.title is None or name == PROJECT):
        return found.number, found.title
    if is_address(raw):
        return unreadable("*.not_a_number:address"), None
    return unread, None


def _routes(name: str, columns: Columns, place: int) -> frozenset[str]:
    """What stands before the id in the web address of a record that the cell may mean."""
    if name == PROJECT:
        return PROJECT_ROUTES
    if name == TASK:
        return TASK_ROUTES
    item_type = columns["item_type"][place] if "item_type" in columns else None
    return ITEM_ROUTES.get(item_type, frozenset()) if isinstance(item_type, ItemType) else frozenset()


def note_of_titles(sheet: Sheet, titles: Mapping[int, str]) -> Iterator[str]:
    """Say that the number of a text was taken, if it was."""
    for row in list(titles)[:1]:
        yield (
            f"Of “{sheet.raw(PROJECT, row)}” in {sheet.address(PROJECT, row)} and cells like it, the number is taken "
            "as the project. Where Kantata is asked, the title behind it must be the project's."
        )


def contradicted_titles(sheet: Sheet, columns: Columns, titles: Mapping[int, str]) -> Iterator[Problem]:
    """An error where the title behind an id is not the name beside it."""
    if not titles or NAME_OF_PROJECT not in columns:
        return
    rows = sheet.frame.index.tolist()
    for row, name, project in zip(rows, columns[NAME_OF_PROJECT], columns[PROJECT], strict=True):
        if isinstance(name, str) and row in titles and same(name) != same(titles[row]):
            truth = f"“{titles[row]}” stands behind the number in {sheet.address(PROJECT, row)}"
            yield sheet.problem_at(
                NAME_OF_PROJECT, row, "workspace.differs", name, name=name, typed=project, truth=truth
            )
