"""How counts and rows are said to a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.model.invoices import Invoice, ItemType

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from importer.model.plans import PlannedInvoice

NOT_KNOWN = "not known"
"""In place of a total of which a part is missing: never a wrong figure."""
_SHORT = {
    ItemType.TIME_ENTRY: "time",
    ItemType.EXPENSE: "expense",
    ItemType.FIXED_FEE: "fixed",
    ItemType.ADDITIONAL: "additional",
    ItemType.BILLING_MILESTONE: "milestone",
}


_COUNTED = frozenset({ItemType.EXPENSE, ItemType.BILLING_MILESTONE})
"""Whose short name is a noun."""


def describe_lines(planned: PlannedInvoice) -> str:
    """Count the lines by type: “2 fixed, 1 expense”."""
    if not isinstance(planned.invoice, Invoice):
        return count_of(len(planned.invoice.rows), "row")
    counts = planned.invoice.count_by_type
    return ", ".join(
        count_of(count, _SHORT[item_type]) if item_type in _COUNTED else f"{count:,} {_SHORT[item_type]}"
        for item_type, count in counts.items()
    )


def projects_of(planned: PlannedInvoice) -> str:
    """Ids of its projects; with their titles, where Kantata told them, one line each."""
    ids = planned.invoice.workspace_ids
    if planned.expected is None or not any(planned.expected.titles):
        return ", ".join(map(str, ids))
    return "\n".join(f"{one} {title or ''}".strip() for one, title in zip(ids, planned.expected.titles, strict=True))


def money(amount: Decimal) -> str:
    """Amount with its cents: “1,200.00”; with the third decimal that it has, as dinars do: “20.005”."""
    return f"{amount:,.2f}" if amount == round(amount, 2) else f"{amount:,.3f}"


def exact(amount: Decimal) -> str:
    """As :func:`money`, for programs: “1200.00”."""
    return money(amount).replace(",", "")


def count_of(count: int, noun: str) -> str:
    """Count with its noun: “1 row”, “2 time entries”."""
    if count == 1:
        return f"1 {noun}"
    return f"{count:,} {noun[:-1]}ies" if noun.endswith("y") else f"{count:,} {noun}s"


def rows_named(rows: Sequence[int]) -> str:
    """Name rows in a sentence: “row 7”, “rows 2-4, 7”."""
    return f"row{'s' if len(rows) > 1 else ''} {row_ranges(rows)}"


def row_ranges(rows: Sequence[int]) -> str:
    """Shorten row numbers: 2-4, 7."""
    ranges: list[list[int]] = []
    for row in rows:
        if ranges and row == ranges[-1][1] + 1:
            ranges[-1][1] = row
        else:
            ranges.append([row, row])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges)
