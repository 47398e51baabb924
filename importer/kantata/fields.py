"""The names under which an invoice and its items stand in requests and answers: the one table of wire fields.

The header fields follow the table of columns (:mod:`importer.model.columns`): a new column about the whole invoice is
sent, read back and compared without a change here. Source: docs/kantata.md section 2.
"""

from __future__ import annotations

from importer.model.columns import INVOICE_COLUMNS
from importer.model.invoices import ItemType

ID_LISTS: dict[ItemType, str] = {
    ItemType.TIME_ENTRY: "time_entry_ids",
    ItemType.EXPENSE: "expense_ids",
    ItemType.BILLING_MILESTONE: "billing_milestone_ids",
}
"""Lists of ids in a request; an answer has them under the same name."""
ITEM_LISTS: dict[ItemType, str] = {
    ItemType.FIXED_FEE: "fixed_fee_items",
    ItemType.ADDITIONAL: "additional_items",
}
"""Lists of items in a request; collections of the same name in an answer."""
ITEM_ID_LISTS: dict[ItemType, str] = {
    ItemType.FIXED_FEE: "fixed_fee_item_ids",
    ItemType.ADDITIONAL: "additional_item_ids",
}
"""Lists of ids in an answer, which lead into the collections of :data:`ITEM_LISTS`."""
INCLUDES = (
    "additional_items",
    "billing_milestones",
    "expenses",
    "external_references",
    "fixed_fee_items",
    "recipient",
    "time_entries",
    "user",
    "workspaces",
)
"""Associations of an invoice; without asking for them an answer shows none of their ids."""

REFERENCE = "external_reference"
REFERENCE_FIELDS: tuple[str, ...] = tuple(
    column.name.removeprefix(f"{REFERENCE}.") for column in INVOICE_COLUMNS if column.name.startswith(f"{REFERENCE}.")
)
"""Fields of the external reference, in the order in which they are sent."""
HEADER_FIELDS: tuple[str, ...] = tuple(
    column.name for column in INVOICE_COLUMNS if not column.name.startswith(f"{REFERENCE}.")
)
"""Header fields that are sent, in their order."""
NOT_SHOWN = frozenset({"suppress_emails"})
"""Header fields that no answer shows again."""
COMPARED_FIELDS: tuple[str, ...] = tuple(name for name in HEADER_FIELDS if name not in NOT_SHOWN | {"draft"})
"""Header fields by which an invoice in Kantata is compared; not ``draft``, since drafts are there to be issued."""
SHOWN_FIELDS: tuple[str, ...] = (*COMPARED_FIELDS, "draft")
"""Header fields that are sent and shown under the same name."""
ITEM_FIELDS = ("taxable", "story_id", "workspace_id")
"""Fields of fixed-fee and additional items, beside amount and text."""
MORE_FIELDS = (
    "recipient_id",
    "user_id",
    "currency",
    "currency_base_unit",
    "tax_rate",
    "balance_in_cents",
    "due_date",
    "title",
)
"""Fields that are not sent under this name, but that a person can change or cause to change."""
