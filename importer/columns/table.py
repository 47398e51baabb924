"""All columns, in the order of the template."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.columns.of_invoices import INVOICE_COLUMNS
from importer.columns.of_lines import LINE_COLUMNS
from importer.records import ItemType

if TYPE_CHECKING:
    from importer.columns.column import Column

COLUMNS: tuple[Column, ...] = (*LINE_COLUMNS, *INVOICE_COLUMNS)
BY_NAME: dict[str, Column] = {column.name: column for column in COLUMNS}
REQUIRED: tuple[Column, ...] = tuple(c for c in COLUMNS if c.required_for == frozenset(ItemType))
"""Columns without which no row can be read."""
RESULT_COLUMNS: tuple[str, ...] = ("status", "invoice_id", "invoice_link", "error", "what_to_do")
"""What the results add to the right of the sheet; passed over when such a file is imported again."""
NAME_OF_PROJECT = "workspace"
"""The column that may name a project instead of numbering it."""
