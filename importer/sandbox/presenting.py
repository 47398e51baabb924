"""Rows of the store as Kantata shows them. Ids are strings, money is in cents, moments are ISO 8601 with offset."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from importer.sandbox.fields import HEADER, LINE, REFERENCE, Field, Value

if TYPE_CHECKING:
    from sqlalchemy import RowMapping

Record = dict[str, Any]

SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£"}
BASE_UNIT = 100
"""Cents in one of the main unit."""


def _text_id(value: int | None) -> str | None:
    if value is None:
        return None
    return str(value)


def _amount(row: RowMapping, column: str) -> int | None:
    """Return an amount in cents; None in a project whose finances the token may not see."""
    if not row["can_see_financials"]:
        return None
    cents: int = row[column]
    return cents


def _fields(fields: Iterable[Field], row: RowMapping) -> Record:
    """Present the stored fields of a table."""
    shown: Record = {}
    for field in fields:
        if field.stored:
            shown[field.column] = row[field.column]
        if field.value is Value.ID:
            shown[field.column] = _text_id(row[field.column])
    return shown


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
        "require_expense_approvals": row["require_expense_approvals"],
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
        "rate_in_cents": _amount(row, "rate_in_cents"),
        **_currency(row["currency"]),
        "billable": row["billable"],
        "approved": row["approved"],
        "is_invoiced": row["is_invoiced"],
        "notes": row["notes"],
        "created_at": row["created_at"],
        "updated_at": row["created_at"],
    }


def expense(row: RowMapping) -> Record:
    """Present an expense, which tells neither its invoice nor whether it is approved."""
    return {
        "id": str(row["id"]),
        "workspace_id": str(row["workspace_id"]),
        "user_id": str(row["user_id"]),
        "date": row["date"],
        "category": row["category"],
        "notes": row["notes"],
        "amount_in_cents": _amount(row, "amount_in_cents"),
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
        "amount_in_cents": _amount(row, "amount_in_cents"),
        **_currency(row["currency"]),
        "billing_type": row["billing_type"],
        "date_to_invoice": row["date_to_invoice"],
        "created_at": row["created_at"],
        "updated_at": row["created_at"],
    }


def invoice(row: RowMapping) -> Record:
    """Present an invoice without its associations."""
    due = date.fromisoformat(row["invoice_date"]) + timedelta(days=row["payment_schedule"])
    kind = "Invoice"
    if row["draft"]:
        kind = "Draft Invoice"
    return {
        "id": str(row["id"]),
        "title": f"{kind} #{row['user_invoice_number']:05d}",
        "status": row["status"],
        "balance_in_cents": row["balance_in_cents"],
        **_currency(row["currency"]),
        **_fields(HEADER, row),
        "due_date": due.isoformat(),
        "tax_rate": None,
        "user_id": str(row["user_id"]),
        "recipient_id": _text_id(row["recipient_id"]),
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
    }


def line_item(row: RowMapping) -> Record:
    """Present a fixed-fee or additional item with the fields that its kind has."""
    fields = [field for field in LINE if row["kind"] in field.kinds]
    return {"id": str(row["id"]), "currency": row["currency"], **_fields(fields, row)}


def external_reference(row: RowMapping) -> Record:
    """Present an external reference."""
    return {
        "id": str(row["id"]),
        "subject_type": row["subject_type"],
        "subject_id": str(row["subject_id"]),
        **_fields(REFERENCE, row),
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
    }
