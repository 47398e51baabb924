"""Rows that bill by amount beside an unused column with the ids of what is open in Kantata. Pure.

Billed so, the time entries and expenses would stay open, and be billed once more by their ids.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.model.columns import ITEM_TYPE_TITLES
from importer.model.headers import is_ignored
from importer.model.invoices import BY_ID
from importer.model.messages import problem
from importer.model.problems import cell_address
from importer.model.sheet import text_of
from importer.model.words import count_of
from importer.values.toml_lines import alias_lines, ignore_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from importer.model.open_items import OpenItem
    from importer.model.problems import Problem
    from importer.model.sheet import Sheet, SheetLine


def unused_ids(
    sheet: Sheet, lines: Iterable[SheetLine], items: Iterable[OpenItem], known: Mapping[str, str]
) -> Iterator[Problem]:
    """An error for each unused column that names an open item of the row's own project beside an amount."""
    open_items = {(str(item.item_id), item.workspace_id): item for item in items}
    if not open_items:
        return
    projects = {}
    for line in lines:
        if line.item_values.get("item_type") not in BY_ID and line.workspace_id is not None:
            projects[line.row] = line.workspace_id
    for header in sheet.headers:
        if header.column is not None or is_ignored(header.text, known):
            continue
        named = {}
        for row in sheet.rows:
            item = open_items.get((text_of(row.cell(header.position)).strip(), projects.get(row.number, 0)))
            if item is not None:
                named[row.number] = item
        if named:
            first, item = next(iter(named.items()))
            title = ITEM_TYPE_TITLES[item.item_type]
            yield problem(
                "column.unused_ids",
                sheet=sheet.name,
                cell=cell_address(header.position, first),
                row=first,
                rows=tuple(named),
                column=header.text,
                value=str(item.item_id),
                text=header.text,
                count=count_of(len(named), "row"),
                item=f"{title.lower()} {item.item_id} of project {item.workspace_id}",
                title=title,
                alias=alias_lines("item_id", header.text, known),
                ignore=ignore_line([header.text], known),
            )
