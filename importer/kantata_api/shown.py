"""Projects, items, tasks and their invoices, read out of Kantata's answers. Pure.

Real answers hold nulls and blanks (kantata-api.md section 1): None stands for
whatever Kantata does not say.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from importer.kantata_api.lenient import BASE_UNITS, text_of, whole
from importer.records import ItemType

if TYPE_CHECKING:
    from collections.abc import Iterator

Answer = dict[str, Any]

MINUTES_PER_HOUR = 60


@dataclass(frozen=True, slots=True)
class Project:
    """A project; None where Kantata says nothing."""

    project_id: int
    title: str | None = None
    archived: bool | None = None
    currency: str | None = None
    """Code such as EUR."""
    base_unit: int | None = None
    """“Cents” in one of the main unit: 100, or 1 for currencies without cents."""
    needs_approval: bool | None = None
    """Whether only approved time may be billed."""
    sees_finances: bool | None = None
    """Whether this user may see, and so create, its invoices."""


@dataclass(frozen=True, slots=True)
class Holder:
    """An invoice that holds an item, or has a number."""

    invoice_id: str
    cancelled: bool | None = None
    """None when Kantata does not show it."""
    draft: bool | None = None


@dataclass(frozen=True, slots=True)
class BillableItem:
    """A time entry, expense or billing milestone; None where Kantata says nothing."""

    item_id: int
    workspace_id: int | None = None
    invoiced: bool | None = None
    holders: tuple[Holder, ...] = ()
    """Invoices that it is on, as far as told; an expense tells none."""
    approved: bool | None = None
    billable: bool | None = None
    cents: Fraction | None = None
    """Exact value in hundredths (see :attr:`Project.base_unit`), not rounded."""
    currency: str | None = None
    due: date | None = None
    """date_to_invoice of a milestone."""


@dataclass(frozen=True, slots=True)
class Task:
    """A task, which Kantata calls a story."""

    task_id: int
    workspace_id: int | None = None


def project_in(project_id: int, record: Answer) -> Project:
    """Read a project."""
    permissions = record.get("permissions")
    return Project(
        project_id,
        _text(record.get("title")),
        _truth(record.get("archived")),
        _text(record.get("currency")),
        unit if (unit := whole(record.get("currency_base_unit"))) in BASE_UNITS else None,
        _truth(record.get("require_time_approvals")),
        _truth(permissions.get("can_see_financials")) if isinstance(permissions, dict) else None,
    )


def item_in(item_type: ItemType, item_id: int, record: Answer, answer: Answer) -> BillableItem:
    """Read a time entry, expense or milestone, with its invoices out of the same answer."""
    rate, minutes = whole(record.get("rate_in_cents")), whole(record.get("time_in_minutes"))
    cents = whole(record.get("amount_in_cents"))
    value = None if cents is None else Fraction(cents)
    if item_type is ItemType.TIME_ENTRY:
        value = None if rate is None or minutes is None else Fraction(rate * minutes, MINUTES_PER_HOUR)
    billable = record.get("is_billable" if item_type is ItemType.EXPENSE else "billable")
    return BillableItem(
        item_id,
        whole(record.get("workspace_id")),
        _truth(record.get("is_invoiced")),
        tuple(_holders(record, answer)),
        _truth(record.get("approved")),
        _truth(billable),
        value,
        _text(record.get("currency")),
        _day(record.get("date_to_invoice")),
    )


def _holders(record: Answer, answer: Answer) -> Iterator[Holder]:
    several = record.get("invoice_ids")
    shown = dict(records_in(answer, "invoices"))
    for invoice_id in (*(several if isinstance(several, list) else ()), record.get("invoice_id")):
        if (name := _text(invoice_id)) is not None:
            yield holder_in(name, shown.get(whole(invoice_id) or 0))


def holder_in(invoice_id: str, record: Answer | None) -> Holder:
    """Read an invoice as the holder of something; None when the answer does not show it."""
    status = _text((record or {}).get("status"))
    cancelled = None if status is None else status == "cancelled"
    return Holder(invoice_id, cancelled, _truth((record or {}).get("draft")))


def records_in(answer: Answer, collection: str) -> Iterator[tuple[int, Answer]]:
    """Yield the records of a collection with their ids; a record that is null is an empty one."""
    records = answer.get(collection)
    for id_, record in records.items() if isinstance(records, dict) else ():
        if (number := whole(id_)) is not None:
            yield number, record if isinstance(record, dict) else {}


def _text(value: object) -> str | None:
    return (text_of(value) or "").strip() or None


def _truth(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _day(value: object) -> date | None:
    try:
        return date.fromisoformat(value[:10]) if isinstance(value, str) else None
    except ValueError:
        return None
