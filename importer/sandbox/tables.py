"""The tables of the stand-in's store. Ids are SQLite integers: 64 bits."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, MetaData, Table, Text, text

STORE_VERSION = 1
"""Written to ``PRAGMA user_version``; raise it when a table or the sample changes."""

TIME_ENTRY, EXPENSE, BILLING_MILESTONE = "time_entry", "expense", "billing_milestone"
"""Kinds of held items: what one live invoice at most may bill."""
FIXED_FEE, ADDITIONAL = "fixed_fee_item", "additional_item"
"""Kinds of line items: what exists only on its invoice."""
NEW, CANCELLED, PAID = "new", "cancelled", "accepted payment"
"""Statuses of an invoice."""

metadata = MetaData()


def _id() -> Column[int]:
    return Column("id", Integer, primary_key=True)


def _of_workspace() -> Column[int]:
    return Column("workspace_id", Integer, ForeignKey("workspaces.id"), nullable=False, index=True)


def _of_invoice() -> Column[int]:
    return Column("invoice_id", Integer, ForeignKey("invoices.id", ondelete="CASCADE"), nullable=False, index=True)


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


def _whole(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False)


def _flag(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False)


users = Table("users", metadata, _id(), _text("full_name"), _text("email_address"), _text("headline"))

workspaces = Table(
    "workspaces",
    metadata,
    _id(),
    _text("title"),
    _text("currency"),
    _flag("archived"),
    _flag("require_time_approvals"),
    _flag("can_see_financials"),
    Column("recipient_id", Integer, ForeignKey("users.id")),
    _text("created_at"),
)

stories = Table("stories", metadata, _id(), _of_workspace(), _text("title"), _flag("archived"), _text("created_at"))

time_entries = Table(
    "time_entries",
    metadata,
    _id(),
    _of_workspace(),
    Column("story_id", Integer, ForeignKey("stories.id")),
    Column("user_id", Integer, ForeignKey("users.id"), nullable=False),
    _text("date_performed"),
    _whole("time_in_minutes"),
    _whole("rate_in_cents"),
    _flag("billable"),
    _flag("approved"),
    _flag("on_my_account"),
    _text("notes"),
    _text("created_at"),
)

expenses = Table(
    "expenses",
    metadata,
    _id(),
    _of_workspace(),
    Column("user_id", Integer, ForeignKey("users.id"), nullable=False),
    _text("date"),
    _text("category"),
    _text("notes"),
    _whole("amount_in_cents"),
    _flag("is_billable"),
    _flag("taxable"),
    _flag("on_my_account"),
    _text("created_at"),
)

billing_milestones = Table(
    "billing_milestones",
    metadata,
    _id(),
    _of_workspace(),
    _text("title"),
    _whole("amount_in_cents"),
    _text("date_to_invoice"),
    _text("created_at"),
)

invoices = Table(
    "invoices",
    metadata,
    _id(),
    _text("created_at"),
    _text("updated_at"),
    _text("status"),
    _flag("draft"),
    _text("currency"),
    _whole("balance_in_cents"),
    _text("invoice_date"),
    _whole("payment_schedule"),
    _whole("user_invoice_number"),
    Column("user_invoice_title", Text),
    Column("message", Text),
    Column("purchase_order", Text),
    Column("project_code", Text),
    Column("user_id", Integer, ForeignKey("users.id"), nullable=False),
    Column("recipient_id", Integer, ForeignKey("users.id")),
    _flag("sample"),
    _text("sent"),
    sqlite_autoincrement=True,
)

invoice_workspaces = Table(
    "invoice_workspaces",
    metadata,
    Column("invoice_id", Integer, ForeignKey("invoices.id", ondelete="CASCADE"), primary_key=True),
    Column("workspace_id", Integer, ForeignKey("workspaces.id"), primary_key=True, index=True),
    _whole("position"),
)

held_items = Table(
    "held_items",
    metadata,
    Column("invoice_id", Integer, ForeignKey("invoices.id", ondelete="CASCADE"), primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("item_id", Integer, primary_key=True),
    _flag("live"),
)
Index("held_items_of_all", held_items.c.kind, held_items.c.item_id)
Index("held_once", held_items.c.kind, held_items.c.item_id, unique=True, sqlite_where=text("live = 1"))

line_items = Table(
    "line_items",
    metadata,
    _id(),
    _of_invoice(),
    _text("kind"),
    Column("notes", Text),
    _whole("amount_in_cents"),
    _flag("taxable"),
    Column("story_id", Integer, ForeignKey("stories.id")),
    _of_workspace(),
)

external_references = Table(
    "external_references",
    metadata,
    _id(),
    _text("subject_type"),
    _whole("subject_id"),
    _text("service_name"),
    _text("service_model"),
    _text("service_model_ref"),
    Column("status", Text),
    Column("external_message", Text),
    Column("external_link", Text),
    Column("external_status", Text),
    Column("locked", Boolean, nullable=False, default=False),
    _text("created_at"),
    _text("updated_at"),
)
Index("references_by_key", external_references.c.service_model_ref)
Index("references_by_subject", external_references.c.subject_id)
