"""The fields of an invoice, of its lines and of its external reference: one table each.

Reading requests, storing, changing and showing work from these tables, so a new field is one new line here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

TIME_ENTRY, EXPENSE, BILLING_MILESTONE = "time_entry", "expense", "billing_milestone"
"""Kinds of held items: what one live invoice at most may bill."""
FIXED_FEE, ADDITIONAL = "fixed_fee_item", "additional_item"
"""Kinds of line items: what exists only on its invoice."""

HELD_LISTS: Mapping[str, str] = {
    "time_entry_ids": TIME_ENTRY,
    "expense_ids": EXPENSE,
    "billing_milestone_ids": BILLING_MILESTONE,
}
"""Field of the invoice → kind of held item."""
LINE_LISTS: Mapping[str, str] = {"fixed_fee_items": FIXED_FEE, "additional_items": ADDITIONAL}
"""Field of the invoice → kind of line item."""


class Value(Enum):
    """What a field holds."""

    TEXT = "text"
    WHOLE = "whole"
    """An integer; a boolean, a string and 1.0 are none."""
    ID = "id"
    """An integer above 0 that names a record; Kantata answers it as text."""
    TRUTH = "truth"
    """A boolean; 0, 1 and "true" are none."""
    DAY = "day"
    """A date written YYYY-MM-DD, kept as it is written."""
    CENTS = "cents"
    """An amount in the main unit with at most two decimals; stored and shown in cents."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a table."""

    name: str
    """Its name in a request."""
    value: Value
    required: bool = False
    """A request that creates must give it; a required text must not be empty."""
    default: bool | None = None
    """What it is when a request does not give it."""
    filled_in: bool = False
    """The stand-in works the value out when a request does not give it, so that every stored record has one."""
    least: int = 1
    """Smallest value of a whole number."""
    choices: tuple[str, ...] = ()
    """The only values that a text may have; empty: any."""
    kinds: tuple[str, ...] = (FIXED_FEE, ADDITIONAL)
    """Of a field of a line: the kinds of line item that have it."""
    refers_to: str | None = None
    """Table of the record that an id names."""
    stored: bool = True
    """False for what is read and checked only."""

    @property
    def column(self) -> str:
        """Its name in the store and in answers."""
        if self.value is Value.CENTS:
            return f"{self.name}_in_cents"
        return self.name

    @property
    def may_be_null(self) -> bool:
        """Whether a stored record may lack it."""
        return not (self.required or self.filled_in or self.default is not None)


HEADER = (
    Field("draft", Value.TRUTH, default=False),
    Field("invoice_date", Value.DAY, filled_in=True),
    Field("payment_schedule", Value.WHOLE, required=True, least=0),  # days from the invoice date to the due date
    Field("user_invoice_number", Value.WHOLE, filled_in=True),
    Field("user_invoice_title", Value.TEXT),
    Field("message", Value.TEXT),
    Field("purchase_order", Value.TEXT),
    Field("project_code", Value.TEXT),
    Field("suppress_emails", Value.TRUTH, stored=False),
)
"""Fields of the invoice itself, without its projects, id lists, lines and external reference."""

LINE = (
    Field("amount", Value.CENTS, required=True),
    Field("notes", Value.TEXT),
    Field("taxable", Value.TRUTH, default=False),
    Field("story_id", Value.ID, kinds=(FIXED_FEE,), refers_to="stories"),
    Field("workspace_id", Value.ID, filled_in=True, refers_to="workspaces"),
)
"""Fields of a fixed-fee or additional item."""

REFERENCE = (
    Field("service_name", Value.TEXT, required=True),
    Field("service_model", Value.TEXT, required=True),
    Field("service_model_ref", Value.TEXT, required=True),
    Field("status", Value.TEXT, choices=("successful", "pending", "failed")),
    Field("external_message", Value.TEXT),
    Field("external_link", Value.TEXT),
    Field("external_status", Value.TEXT),
    Field("locked", Value.TRUTH, default=False),
)
"""Fields of an external reference."""
