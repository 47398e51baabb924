"""Rows of the store as Kantata shows them. Ids are strings, money is in cents, moments are ISO 8601 with offset."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from importer.sandbox import tables

if TYPE_CHECKING:
    from sqlalchemy import RowMapping

Record = dict[str, Any]

SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£"}
BASE_UNIT = 100
"""Cents in one of the main unit."""


def _text_id(value: int | None) -> str | None:
    return None if value is None else str(value)


def _currency(code: str) -> Record:
    return {"currency": code, "currency_symbol": SYMBOLS[code], "currency_base_unit": BASE_UNIT}


def user(row: RowMapping) -> Record:
    """Present a user."""
    return {
        "id": str(row["id"]),
        "full_name": row["full_name"],
        "email_address": row["email_address"],
        "headline": row["headline"],
    }


def workspace(row: RowMapping) -> Record:
    """Present a project."""
    return {
        "id": str(row["id"]),
        "title": row["title"],
        "archived": row["archived"],
        **_currency(row["currency"]),
        "require_time_approvals": row["require_time_approvals"],
        "permissions": {"can_see_financials": row["can_see_financials"]},
        "created_at": row["created_at"],
        "updated_at": row["created_at"],
    }


def story(row: RowMapping) -> Record:
    """Present a task."""
    return {
        "id": str(row["id"]),
        "workspace_id": str(row["workspace_id"]),
        "title": row["title"],
        "story_type": "task",
        "archived": row["archived"],
        "created_at": row["created_at"],
        "updated_at": row["created_at"],
    }


def time_entry(row: RowMapping) -> Record:
    """Present a time entry; ``rate_in_cents`` is per hour."""
    return {
        "id": str(row["id"]),
        "workspace_id": str(row["workspace_id"]),
        "story_id": _text_id(row["story_id"]),
        "user_id": str(row["user_id"]),
        "date_performed": row["date_performed"],
        "time_in_minutes": row["time_in_minutes"],
        "rate_in_cents": row["rate_in_cents"] if row["can_see_financials"] else None,
        **_currency(row["currency"]),
        "billable": row["billable"],
        "approved": row["approved"],
        "is_invoiced": row["is_invoiced"],
        "notes": row["notes"],
        "created_at": row["created_at"],
        "updated_at": row["created_at"],
    }


def expense(row: RowMapping) -> Record:
    """Present an expense, which does not tell its invoice."""
    return {
        "id": str(row["id"]),
        "workspace_id": str(row["workspace_id"]),
        "user_id": str(row["user_id"]),
        "date": row["date"],
        "category": row["category"],
        "notes": row["notes"],
        "amount_in_cents": row["amount_in_cents"] if row["can_see_financials"] else None,
        **_currency(row["currency"]),
        "is_billable": row["is_billable"],
        "is_invoiced": row["is_invoiced"],
        "taxable": row["taxable"],
        "created_at": row["created_at"],
        "updated_at": row["created_at"],
    }


def billing_milestone(row: RowMapping) -> Record:
    """Present a billing milestone."""
    return {
        "id": str(row["id"]),
        "workspace_id": str(row["workspace_id"]),
        "title": row["title"],
        "amount_in_cents": row["amount_in_cents"] if row["can_see_financials"] else None,
        **_currency(row["currency"]),
        "date_to_invoice": row["date_to_invoice"],
        "created_at": row["created_at"],
        "updated_at": row["created_at"],
    }


def invoice(row: RowMapping) -> Record:
    """Present an invoice without its associations."""
    due = date.fromisoformat(row["invoice_date"]) + timedelta(days=row["payment_schedule"])
    return {
        "id": str(row["id"]),
        "title": f"{'Draft Invoice' if row['draft'] else 'Invoice'} #{row['user_invoice_number']:05d}",
        "status": row["status"],
        "draft": row["draft"],
        "balance_in_cents": row["balance_in_cents"],
        **_currency(row["currency"]),
        "invoice_date": row["invoice_date"],
        "due_date": due.isoformat(),
        "payment_schedule": row["payment_schedule"],
        "user_invoice_number": row["user_invoice_number"],
        "user_invoice_title": row["user_invoice_title"],
        "message": row["message"],
        "purchase_order": row["purchase_order"],
        "project_code": row["project_code"],
        "tax_rate": None,
        "user_id": str(row["user_id"]),
        "recipient_id": _text_id(row["recipient_id"]),
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
    }


def line_item(row: RowMapping) -> Record:
    """Present a fixed-fee or additional item; only the former has a ``story_id``."""
    item = {
        "id": str(row["id"]),
        "notes": row["notes"],
        "amount_in_cents": row["amount_in_cents"],
        "currency": row["currency"],
        "taxable": row["taxable"],
        "workspace_id": str(row["workspace_id"]),
    }
    return item | {"story_id": _text_id(row["story_id"])} if row["kind"] == tables.FIXED_FEE else item


def external_reference(row: RowMapping) -> Record:
    """Present an external reference."""
    ids = {"id": str(row["id"]), "subject_type": row["subject_type"], "subject_id": str(row["subject_id"])}
    names = (
        "service_name",
        "service_model",
        "service_model_ref",
        "status",
        "external_message",
        "external_link",
        "external_status",
        "locked",
    )
    return ids | {name: row[name] for name in (*names, "created_at", "updated_at")}
