"""The columns of the user's own sheet, carried through as they are, and the answers at their right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.columns import BY_NAME, RESULT_COLUMNS, Kind
from importer.tables import TableColumn

if TYPE_CHECKING:
    from importer.sheet import Header, RawRow, Sheet

ANSWERS = tuple(
    TableColumn(name, width, wrapped=name in {"error", "what_to_do"})
    for name, width in zip(RESULT_COLUMNS, (15, 12, 42, 60, 50), strict=True)
)
"""The columns that the results add to the right of the sheet."""


def columns_of(sheet: Sheet) -> list[TableColumn]:
    """The sheet's own columns, with their own headers."""
    headers = {header.position: header for header in sheet.headers}
    return [_column(headers.get(position)) for position in range(sheet.width)]


def _column(header: Header | None) -> TableColumn:
    if header is None:
        return TableColumn("", 11)
    known = BY_NAME.get(header.column or "")
    width = known.width if known else min(max(len(header.text) + 3, 11), 40)
    return TableColumn(header.text, width, right=known is not None and known.kind is Kind.AMOUNT)


def originals(sheet: Sheet, raw: RawRow) -> list[object]:
    """The cells of a row as the sheet has them, as many as the sheet is wide."""
    cells = list(raw.cells[: sheet.width])
    return cells + [None] * (sheet.width - len(cells))
