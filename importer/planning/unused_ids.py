"""Rows that bill by amount beside an unused column with the ids of what is open in Kantata. Pure.

Billed so, the time entries and expenses would stay open, and be billed once more by their ids.
"""

from __future__ import annotations

import itertools
import re
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
    from importer.model.sheet import Cell, Header, Sheet, SheetLine

_NUMBER = re.compile("[0-9]{3,}")
"""What may be an id in a cell: “#5101001”, “TE 5101001”, the end of an address."""


_ID = re.compile("[0-9]{5,12}")
"""What is asked for as an id, where nothing lists what is open: cost centres and years are shorter."""


def possible_ids(sheet: Sheet, lines: Iterable[SheetLine], known: Mapping[str, str]) -> set[int]:
    """Numbers beside amounts in unused columns of which no two cells are alike, as those of ids are."""
    projects = _billed_by_amount(lines)
    found: set[int] = set()
    for header in sheet.headers:
        if header.column is not None or is_ignored(header.text, known):
            continue
        texts = []
        for row in sheet.rows:
            text = text_of(row.cell(header.position)).strip()
            if text and row.number in projects:
                texts.append(text)
        if len(set(texts)) == len(texts):
            found.update(map(int, itertools.chain.from_iterable(map(_ID.findall, texts))))
    return found


def unused_ids(
    sheet: Sheet, lines: Iterable[SheetLine], items: Iterable[OpenItem], known: Mapping[str, str]
) -> Iterator[Problem]:
    """An error for each unused column that names an open item of the row's own project beside an amount."""
    open_items = {(str(item.item_id), item.workspace_id): item for item in items}
    projects = _billed_by_amount(lines) if open_items else {}
    for header in sheet.headers:
        if header.column is not None or is_ignored(header.text, known):
            continue
        named = {}
        for row in sheet.rows:
            item = _named_item(row.cell(header.position), projects.get(row.number), open_items)
            if item is not None:
                named[row.number] = item
        if named:
            yield _refusal(sheet, header, named, known)


def _named_item(cell: Cell, project: int | None, items: Mapping[tuple[str, int], OpenItem]) -> OpenItem | None:
    """The open item of the project whose id stands in a cell, alone or among other text."""
    if project is None:
        return None
    keys = [(number, project) for number in _NUMBER.findall(text_of(cell))]
    return next((items[key] for key in keys if key in items), None)


def _billed_by_amount(lines: Iterable[SheetLine]) -> dict[int, int]:
    """Row number of each line that names no item of Kantata → its project."""
    projects = {}
    for line in lines:
        if line.item_values.get("item_type") not in BY_ID and line.workspace_id is not None:
            projects[line.row] = line.workspace_id
    return projects


def _refusal(sheet: Sheet, header: Header, named: Mapping[int, OpenItem], known: Mapping[str, str]) -> Problem:
    """The error of one column. ``named``: row number → the open item that stands in it."""
    first, item = next(iter(named.items()))
    title = ITEM_TYPE_TITLES[item.item_type]
    return problem(
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
