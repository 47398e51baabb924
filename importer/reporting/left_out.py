"""What else is open in Kantata and in no row of the sheet: sentences, tables, and its part of the JSON document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from importer.model.columns import ITEM_TYPE_TITLES
from importer.model.open_items import LeftOut, OpenItem, in_words, not_now_in_words, sums_by_currency
from importer.model.visible import in_one_line
from importer.model.words import NOT_KNOWN, exact, left_out, names_in_short
from importer.reporting.table import Column, Kind, Narrow, Table

if TYPE_CHECKING:
    from importer.reporting.report import Report

MOST_LISTED = 1000
"""Items that the JSON document lists."""
MOST_PROJECTS = 6
"""Projects named where a person reads from the top."""
SHEET = "Not in this file"


def left_out_lines(report: Report) -> tuple[str, ...]:
    """What is left out, with its sums per currency first; empty where that was not looked for."""
    found = report.left_out
    if found is None:
        return ()
    months = names_in_short(found.months)
    lines = [f"Nothing else is open in Kantata for {months}."]
    if found.items:
        lines = [f"Open in Kantata for {months}, not in this file: {in_words(found.items)}."]
    if found.older:
        lines.append(f"Older, not in this file either: {in_words(found.older)}.")
    if others := not_now_in_words(found.not_now):
        lines.append(others)
    return tuple(lines)


def left_out_by_project(report: Report) -> Table | None:
    """Count and worth per project, those of the sheet's months apart from older ones; by currency, the most first."""
    found = report.left_out
    if found is None or not (found.items or found.older):
        return None
    columns = [
        Column("Not in this file"),
        Column("Project title", narrow=Narrow.FOLD),
        Column("Currency"),
        Column("Items", Kind.COUNT),
        Column("Worth", Kind.MONEY),
        Column("Older items", Kind.COUNT, narrow=Narrow.FOLD_LAST),
        Column("Older worth", Kind.MONEY, narrow=Narrow.FOLD_LAST),
    ]
    now, older = _by_project(found.items), _by_project(found.older or ())
    rows = []
    for key in sorted(now.keys() | older.keys(), key=lambda key: (key[1], -_known(now.get(key, ())), key)):
        (number, title), currency = key
        figures = (*_figures(now.get(key, ())), *_figures(older.get(key, ())))
        rows.append((str(number), in_one_line(title), currency, *figures))
    return Table(SHEET, columns, rows)


def in_short(table: Table) -> Table:
    """The first rows of it, and how many more there are."""
    rows = list(table.rows)
    where = f"the sheet “{SHEET}” of the workbook lists all."
    return replace(table, rows=rows[:MOST_PROJECTS], more=left_out(len(rows), MOST_PROJECTS, where))


def _by_project(items: Iterable[OpenItem]) -> dict[tuple[tuple[int, str], str], list[OpenItem]]:
    found: dict[tuple[tuple[int, str], str], list[OpenItem]] = {}
    for item in items:
        found.setdefault(((item.workspace_id, item.title or ""), item.currency or NOT_KNOWN), []).append(item)
    return found


def _known(items: Iterable[OpenItem]) -> Decimal:
    """The worth of items of one currency, as far as it is known: the most comes first."""
    return sum((item.amount or Decimal(0) for item in items), Decimal(0))


def _figures(items: Sequence[OpenItem]) -> tuple[object, object]:
    """How many, and their worth; blank for none."""
    if not items:
        return None, None
    (total,) = sums_by_currency(replace(item, currency="") for item in items).values()
    return total.count, NOT_KNOWN if total.unknown else total.amount


def not_in_this_file(found: LeftOut) -> Table:
    """Every item that is left out; its first columns are those of an import, so that rows can be copied.

    By its first cell the sheet is known again, so that it is never imported itself.
    """
    columns = (
        Column(f"{SHEET}: project", Kind.CODE, 18),
        Column("Item type", width=18),
        Column("Item ID", Kind.CODE, 14),
        Column("Project", width=46),
        Column("Worth", Kind.MONEY),
        Column("Currency", width=9),
        Column("Date", width=12),
        Column("Months", width=18),
        Column("Text", width=60, wrapped=True),
    )
    return Table(SHEET, columns, _rows(found))


def _rows(found: LeftOut) -> Iterator[tuple[object, ...]]:
    for when, items in ((names_in_short(found.months), found.items), ("older", found.older or ())):
        for item in items:
            worth = NOT_KNOWN if item.amount is None else item.amount
            yield (
                str(item.workspace_id),
                ITEM_TYPE_TITLES[item.item_type],
                str(item.item_id),
                item.title,
                worth,
                item.currency,
                item.day,
                when,
                item.text,
            )


# --- the JSON document ----------------------------------------------------------------


def left_out_document(found: LeftOut) -> dict[str, Any]:
    """The key ``left_out``; amounts that are not known are null, and in no sum."""
    older = None
    if found.older is not None:
        older = {"count": len(found.older), "by_currency": _sums(found.older)}
    return {
        "months": list(found.months),
        "count": len(found.items),
        "by_currency": _sums(found.items),
        "items": [_item(item) for item in found.items[:MOST_LISTED]],
        "older": older,
        "not_billable_now": {obstacle.name.lower(): count for obstacle, count in found.not_now.items()},
    }


def _sums(items: Iterable[OpenItem]) -> dict[str, dict[str, Any]]:
    sums = {}
    for currency, total in sums_by_currency(items).items():
        sums[currency] = {"count": total.count, "amount": exact(total.amount)}
    return sums


def _item(item: OpenItem) -> dict[str, Any]:
    return {
        "item_type": item.item_type.value,
        "item_id": item.item_id,
        "workspace_id": item.workspace_id,
        "amount": None if item.amount is None else exact(item.amount),
        "currency": item.currency,
        "date": item.day and item.day.isoformat(),
    }
