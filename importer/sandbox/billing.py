"""Creating, changing, cancelling and deleting invoices. Each function runs inside one transaction."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, select, update

from importer.sandbox import tables
from importer.sandbox.checks import check, value_of
from importer.sandbox.demands import HEADER_TEXTS, HELD_LISTS, LINE_LISTS, Demand, check_due_date
from importer.sandbox.fields import Fields
from importer.sandbox.refusals import Complaint, invalid, not_found
from importer.sandbox.sample_account import TOKEN_USER

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection, RowMapping


def now() -> str:
    """Return this moment as the store writes it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def next_number(connection: Connection) -> int:
    """Return the number of the next invoice that names none; nothing is reserved."""
    return (connection.scalar(select(func.max(tables.invoices.c.user_invoice_number))) or 0) + 1


def create(connection: Connection, demand: Demand, sent: Mapping[str, Any]) -> int:
    """Write an invoice and everything that belongs to it, and return its id. Refused when Kantata would refuse."""
    spaces = check(connection, demand)
    moment = now()
    row: dict[str, object] = {
        "created_at": moment,
        "updated_at": moment,
        "status": tables.NEW,
        "draft": demand.draft,
        "currency": spaces[0]["currency"],
        "balance_in_cents": sum(line.amount_in_cents for line in demand.lines),
        "invoice_date": demand.invoice_date.isoformat(),
        "payment_schedule": demand.payment_schedule,
        "user_invoice_number": demand.user_invoice_number or next_number(connection),
        **demand.texts,
        "user_id": TOKEN_USER,
        "recipient_id": spaces[0]["recipient_id"],
        "sample": False,
        "sent": json.dumps(sent, ensure_ascii=False, default=float),
    }
    invoice_id = int(connection.execute(insert(tables.invoices).returning(tables.invoices.c.id), row).scalar_one())
    connection.execute(
        insert(tables.invoice_workspaces),
        [
            {"invoice_id": invoice_id, "workspace_id": id_, "position": place}
            for place, id_ in enumerate(demand.workspace_ids)
        ],
    )
    for name, ids in demand.held.items():
        _hold(connection, invoice_id, HELD_LISTS[name], ids)
    _add_lines(connection, invoice_id, demand)
    if demand.external_reference is not None:
        reference = {"subject_type": "Invoice", "subject_id": invoice_id, "created_at": moment, "updated_at": moment}
        connection.execute(insert(tables.external_references), reference | dict(demand.external_reference))
    _reckon(connection, invoice_id)
    return invoice_id


def _hold(connection: Connection, invoice_id: int, kind: str, ids: Sequence[int]) -> None:
    if ids:
        rows = [{"invoice_id": invoice_id, "kind": kind, "item_id": id_, "live": True} for id_ in ids]
        connection.execute(insert(tables.held_items), rows)


def _add_lines(connection: Connection, invoice_id: int, demand: Demand) -> None:
    rows = [
        {
            "invoice_id": invoice_id,
            "kind": LINE_LISTS[line.field],
            "notes": line.notes,
            "amount_in_cents": line.amount_in_cents,
            "taxable": line.taxable,
            "story_id": line.story_id,
            "workspace_id": line.workspace_id or demand.workspace_ids[0],
        }
        for line in demand.lines
    ]
    if rows:
        connection.execute(insert(tables.line_items), rows)


def _reckon(connection: Connection, invoice_id: int) -> None:
    """Write the balance: what it holds plus its own lines."""
    held, lines = tables.held_items, tables.line_items
    balance = (
        connection.scalar(
            select(func.coalesce(func.sum(lines.c.amount_in_cents), 0)).where(lines.c.invoice_id == invoice_id),
        )
        or 0
    )
    for kind in HELD_LISTS.values():
        balance += value_of(
            connection,
            kind,
            select(held.c.item_id).where(held.c.invoice_id == invoice_id, held.c.kind == kind),
        )
    connection.execute(
        update(tables.invoices).where(tables.invoices.c.id == invoice_id).values(balance_in_cents=balance),
    )


def _visible(connection: Connection, invoice_id: int) -> tuple[RowMapping, list[int]]:
    """Return an invoice and its project ids; 404 when the token may not see it."""
    invoices, links, spaces = tables.invoices, tables.invoice_workspaces, tables.workspaces
    row = connection.execute(select(invoices).where(invoices.c.id == invoice_id)).mappings().first()
    query = select(spaces.c.id, spaces.c.can_see_financials).join(links, links.c.workspace_id == spaces.c.id)
    projects = connection.execute(query.where(links.c.invoice_id == invoice_id).order_by(links.c.position)).all()
    if row is None or not all(seen for _, seen in projects):
        raise not_found()
    return row, [id_ for id_, _ in projects]


def change(connection: Connection, invoice_id: int, raw: Mapping[str, Any]) -> None:
    """Change header fields and id lists."""
    row, spaces = _visible(connection, invoice_id)
    if row["status"] == tables.CANCELLED:
        raise invalid([Complaint("base", "A cancelled invoice cannot be changed")])
    if row["status"] == tables.PAID:
        raise invalid([Complaint("base", "A paid invoice cannot be changed")])
    complaints: list[Complaint] = []
    fields = Fields(raw, complaints)
    values = _header(fields, row)
    if complaints:
        raise invalid(complaints)
    lists = {name: fields.ids(name) for name in HELD_LISTS if fields.has(name)}
    if complaints:
        raise invalid(complaints)
    held = tables.held_items
    for name in lists:
        connection.execute(delete(held).where(held.c.invoice_id == invoice_id, held.c.kind == HELD_LISTS[name]))
    check(connection, _as_demand(row, spaces, lists))
    for name, ids in lists.items():
        _hold(connection, invoice_id, HELD_LISTS[name], ids)
    connection.execute(
        update(tables.invoices).where(tables.invoices.c.id == invoice_id).values(**values, updated_at=now()),
    )
    _reckon(connection, invoice_id)


def _header(fields: Fields, row: RowMapping) -> dict[str, object]:
    """Read the header fields that were sent."""
    day, schedule = fields.day("invoice_date"), fields.whole("payment_schedule", least=0)
    number, draft = fields.whole("user_invoice_number"), fields.truth("draft")
    if draft and not row["draft"]:
        fields.complain("draft", "An active invoice cannot become a draft")
    check_due_date(
        fields,
        day or date.fromisoformat(row["invoice_date"]),
        row["payment_schedule"] if schedule is None else schedule,
    )
    texts = {name: fields.text(name) for name in HEADER_TEXTS}
    sent = {
        "payment_schedule": schedule,
        "user_invoice_number": number,
        "draft": draft,
        "invoice_date": day and day.isoformat(),
        **texts,
    }
    return {name: value for name, value in sent.items() if value is not None}


def _as_demand(row: RowMapping, spaces: Sequence[int], held: Mapping[str, tuple[int, ...]]) -> Demand:
    """Return the new id lists of an invoice in the form that is checked."""
    return Demand(
        workspace_ids=tuple(spaces),
        multi_project=len(spaces) > 1,
        payment_schedule=row["payment_schedule"],
        invoice_date=date.fromisoformat(row["invoice_date"]),
        user_invoice_number=None,
        draft=row["draft"],
        texts={},
        held=held,
        lines=(),
        external_reference=None,
    )


def cancel(connection: Connection, invoice_id: int) -> None:
    """Cancel an active invoice: the record stays, what it held can be billed again."""
    row, _ = _visible(connection, invoice_id)
    if row["status"] != tables.NEW or row["draft"]:
        done = "paid" if row["status"] == tables.PAID else "cancelled already"
        why = "A draft cannot be cancelled; delete it" if row["draft"] else f"The invoice is {done}"
        raise invalid([Complaint("base", why)])
    held, invoices = tables.held_items, tables.invoices
    connection.execute(update(held).where(held.c.invoice_id == invoice_id).values(live=False))
    connection.execute(
        update(invoices).where(invoices.c.id == invoice_id).values(status=tables.CANCELLED, updated_at=now()),
    )


def pay(connection: Connection, invoice_id: int) -> None:
    """Accept a payment for an active invoice, as somebody in Kantata does."""
    row, _ = _visible(connection, invoice_id)
    if row["status"] != tables.NEW or row["draft"]:
        raise invalid([Complaint("base", "Only an active invoice can be paid")])
    invoices = tables.invoices
    connection.execute(
        update(invoices).where(invoices.c.id == invoice_id).values(status=tables.PAID, updated_at=now()),
    )


def edit_items(connection: Connection, invoice_id: int, notes: str) -> None:
    """Give every fixed-fee and additional item of an invoice another text, as somebody in Kantata does."""
    _visible(connection, invoice_id)
    lines, invoices = tables.line_items, tables.invoices
    connection.execute(update(lines).where(lines.c.invoice_id == invoice_id).values(notes=notes))
    connection.execute(update(invoices).where(invoices.c.id == invoice_id).values(updated_at=now()))


def remove(connection: Connection, invoice_id: int) -> None:
    """Delete a draft with everything that belongs to it."""
    row, _ = _visible(connection, invoice_id)
    if not row["draft"]:
        raise invalid([Complaint("base", "Only drafts can be deleted; cancel the invoice instead")])
    references, invoices = tables.external_references, tables.invoices
    connection.execute(
        delete(references).where(references.c.subject_type == "Invoice", references.c.subject_id == invoice_id),
    )
    connection.execute(delete(invoices).where(invoices.c.id == invoice_id))
