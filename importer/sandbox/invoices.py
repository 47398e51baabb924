"""Creating, changing, cancelling and deleting invoices and their references, each inside one transaction."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, func, insert, select, update

from importer.sandbox import store
from importer.sandbox.account import TOKEN_USER, time_in_cents
from importer.sandbox.demands import Demand, check, check_due_date, read_all
from importer.sandbox.fields import HEADER, HELD_LISTS, LINE_LISTS, REFERENCE, TIME_ENTRY, Field, Value
from importer.sandbox.reading import COLLECTIONS
from importer.sandbox.refusals import Complaint, invalid, not_found
from importer.sandbox.requests import Body

SUBJECT_TYPE, SUBJECT_ID = Field("subject_type", Value.TEXT), Field("subject_id", Value.ID)
SUBJECT = "Invoice"
"""The only type of record that references are kept of."""


def next_number(connection: Connection) -> int:
    """Return the number of the next invoice that names none; nothing is reserved."""
    return (connection.scalar(select(func.max(store.invoices.c.user_invoice_number))) or 0) + 1


def create(connection: Connection, demand: Demand, sent: Mapping[str, Any], *, drafts_hold: bool = True) -> int:
    """Write an invoice and everything that belongs to it, and return its id. Refused when Kantata would refuse.

    ``drafts_hold``: whether what stands on a draft can be billed on no other invoice.
    """
    spaces = check(connection, demand)
    moment = _now()
    row = {
        **demand.header,
        "user_invoice_number": demand.header["user_invoice_number"] or next_number(connection),
        "created_at": moment,
        "updated_at": moment,
        "status": store.NEW,
        "currency": spaces[0]["currency"],
        "balance_in_cents": 0,
        "user_id": TOKEN_USER,
        "recipient_id": spaces[0]["recipient_id"],
        "sample": False,
        "sent": json.dumps(sent, ensure_ascii=False, default=float),
    }
    invoice_id = int(connection.execute(insert(store.invoices).returning(store.invoices.c.id), row).scalar_one())
    for place, workspace_id in enumerate(demand.workspace_ids):
        link = {"invoice_id": invoice_id, "workspace_id": workspace_id, "position": place}
        connection.execute(insert(store.invoice_workspaces), link)
    for name, ids in demand.held.items():
        _hold(connection, invoice_id, HELD_LISTS[name], ids, live=drafts_hold or not demand.header["draft"])
    _add_lines(connection, invoice_id, demand)
    if demand.external_reference is not None:
        subject = {"subject_type": SUBJECT, "subject_id": invoice_id}
        _add_reference(connection, subject | dict(demand.external_reference))
    _write_balance(connection, invoice_id)
    return invoice_id


def change(connection: Connection, invoice_id: int, raw: Mapping[str, Any]) -> None:
    """Change header fields and id lists."""
    row, spaces = _visible(connection, invoice_id)
    if row["status"] in {store.CANCELLED, store.PAID}:
        status = {store.CANCELLED: "cancelled", store.PAID: "paid"}[row["status"]]
        raise invalid([Complaint("base", f"A {status} invoice cannot be changed")])

    complaints: list[Complaint] = []
    body = Body(raw, complaints)
    header = _changed_header(body, row)
    lists = {name: body.ids(name) for name in HELD_LISTS if body.has(name)}
    if complaints:
        raise invalid(complaints)

    held = store.held_items
    if header.get("draft") is False and row["draft"]:
        lists = _on_draft(connection, invoice_id) | lists  # what is issued holds all that stands on it
    for name in lists:
        connection.execute(delete(held).where(held.c.invoice_id == invoice_id, held.c.kind == HELD_LISTS[name]))
    check(connection, Demand(tuple(spaces), len(spaces) > 1, lists, header))
    for name, ids in lists.items():
        _hold(connection, invoice_id, HELD_LISTS[name], ids)
    _update(connection, invoice_id, **header)
    _write_balance(connection, invoice_id)


def _on_draft(connection: Connection, invoice_id: int) -> dict[str, tuple[int, ...]]:
    """Field of the invoice → ids that stand on it."""
    held = store.held_items
    found: dict[str, tuple[int, ...]] = {}
    for name, kind in HELD_LISTS.items():
        ids = select(held.c.item_id).where(held.c.invoice_id == invoice_id, held.c.kind == kind)
        found[name] = tuple(connection.execute(ids).scalars())
    return found


def _changed_header(body: Body, row: RowMapping) -> dict[str, Any]:
    """Return the header fields that were sent; complaints stay with the body."""
    sent = read_all([field for field in HEADER if field.stored and body.has(field.name)], body)
    if sent.get("draft") and not row["draft"]:
        body.complain("draft", "An active invoice cannot become a draft")
    day = sent.get("invoice_date") or row["invoice_date"]
    schedule = sent.get("payment_schedule", row["payment_schedule"])
    check_due_date(body, day, schedule or 0)
    return sent


def cancel(connection: Connection, invoice_id: int) -> None:
    """Cancel an active invoice: the record stays, what it held can be billed again."""
    row, _ = _visible(connection, invoice_id)
    if row["draft"]:
        raise invalid([Complaint("base", "A draft cannot be cancelled; delete it")])
    if row["status"] == store.PAID:
        raise invalid([Complaint("base", "The invoice is paid")])
    if row["status"] == store.CANCELLED:
        raise invalid([Complaint("base", "The invoice is cancelled already")])
    held = store.held_items
    connection.execute(update(held).where(held.c.invoice_id == invoice_id).values(live=False))
    _update(connection, invoice_id, status=store.CANCELLED)


def remove(connection: Connection, invoice_id: int) -> None:
    """Delete a draft with everything that belongs to it."""
    row, _ = _visible(connection, invoice_id)
    if not row["draft"]:
        raise invalid([Complaint("base", "Only drafts can be deleted; cancel the invoice instead")])
    references = store.external_references
    connection.execute(
        delete(references).where(references.c.subject_type == SUBJECT, references.c.subject_id == invoice_id),
    )
    connection.execute(delete(store.invoices).where(store.invoices.c.id == invoice_id))


def create_or_update_reference(connection: Connection, raw: Mapping[str, Any]) -> int:
    """Write a reference to an invoice and return its id; one per invoice, service name and service model."""
    complaints: list[Complaint] = []
    body = Body(raw, complaints)
    values = read_all(REFERENCE, body)
    subject_type, subject_id = body.read(SUBJECT_TYPE), body.read(SUBJECT_ID)
    if subject_type != SUBJECT:
        body.complain("subject_type", "must be Invoice (this stand-in knows no other)")
    if subject_id is None or not COLLECTIONS["invoices"].fetch(connection, [subject_id]):
        body.complain("subject_id", "could not be found")
    if complaints:
        raise invalid(complaints)

    table = store.external_references
    known = connection.scalar(
        select(table.c.id).where(
            table.c.subject_type == subject_type,
            table.c.subject_id == subject_id,
            table.c.service_name == values["service_name"],
            table.c.service_model == values["service_model"],
        )
    )
    if known is None:
        return _add_reference(connection, {"subject_type": subject_type, "subject_id": subject_id} | values)
    sent = {field.column: values[field.column] for field in REFERENCE if body.has(field.name)}
    connection.execute(update(table).where(table.c.id == known).values(**sent, updated_at=_now()))
    return int(known)


# --- what people do in Kantata ---


def pay(connection: Connection, invoice_id: int) -> None:
    """Accept a payment for an active invoice."""
    row, _ = _visible(connection, invoice_id)
    if row["status"] != store.NEW or row["draft"]:
        raise invalid([Complaint("base", "Only an active invoice can be paid")])
    _update(connection, invoice_id, status=store.PAID)


def edit_items(connection: Connection, invoice_id: int, notes: str) -> None:
    """Give every fixed-fee and additional item of an invoice another text."""
    _visible(connection, invoice_id)
    lines = store.line_items
    connection.execute(update(lines).where(lines.c.invoice_id == invoice_id).values(notes=notes))
    _update(connection, invoice_id)


# --- what these share ---


def _now() -> str:
    """Return this moment as the store writes it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _visible(connection: Connection, invoice_id: int) -> tuple[RowMapping, list[int]]:
    """Return an invoice and its project ids; 404 when the token may not see it."""
    invoices, links, spaces = store.invoices, store.invoice_workspaces, store.workspaces
    row = connection.execute(select(invoices).where(invoices.c.id == invoice_id)).mappings().first()
    query = select(spaces.c.id, spaces.c.can_see_financials).join(links, links.c.workspace_id == spaces.c.id)
    projects = connection.execute(query.where(links.c.invoice_id == invoice_id).order_by(links.c.position)).all()
    if row is None or not all(visible for _, visible in projects):
        raise not_found()
    return row, [id_ for id_, _ in projects]


def _update(connection: Connection, invoice_id: int, **values: object) -> None:
    """Write values and the moment of the change."""
    invoices = store.invoices
    connection.execute(update(invoices).where(invoices.c.id == invoice_id).values(**values, updated_at=_now()))


def _hold(connection: Connection, invoice_id: int, kind: str, ids: Sequence[int], *, live: bool = True) -> None:
    if ids:
        rows = [{"invoice_id": invoice_id, "kind": kind, "item_id": id_, "live": live} for id_ in ids]
        connection.execute(insert(store.held_items), rows)


def _add_lines(connection: Connection, invoice_id: int, demand: Demand) -> None:
    for line in demand.lines:
        workspace_id = line.values["workspace_id"] or demand.workspace_ids[0]
        row = {**line.values, "invoice_id": invoice_id, "kind": LINE_LISTS[line.field], "workspace_id": workspace_id}
        connection.execute(insert(store.line_items), row)


def _add_reference(connection: Connection, values: Mapping[str, Any]) -> int:
    table, moment = store.external_references, _now()
    row = {**values, "created_at": moment, "updated_at": moment}
    return int(connection.execute(insert(table).returning(table.c.id), row).scalar_one())


def _write_balance(connection: Connection, invoice_id: int) -> None:
    """Write what an invoice is worth: what it holds plus its own lines."""
    lines = store.line_items
    total = func.coalesce(func.sum(lines.c.amount_in_cents), 0)
    balance = connection.scalar(select(total).where(lines.c.invoice_id == invoice_id)) or 0
    for kind in HELD_LISTS.values():
        balance += _worth_of_held(connection, kind, invoice_id)
    invoices = store.invoices
    connection.execute(update(invoices).where(invoices.c.id == invoice_id).values(balance_in_cents=balance))


def _worth_of_held(connection: Connection, kind: str, invoice_id: int) -> int:
    """Return what the held items of one kind are worth, in cents."""
    held, table = store.held_items, store.HELD_TABLES[kind]
    ids = select(held.c.item_id).where(held.c.invoice_id == invoice_id, held.c.kind == kind)
    if kind == TIME_ENTRY:
        efforts = connection.execute(select(table.c.rate_in_cents, table.c.time_in_minutes).where(table.c.id.in_(ids)))
        return sum(time_in_cents(rate, minutes) for rate, minutes in efforts)
    total = func.coalesce(func.sum(table.c.amount_in_cents), 0)
    return connection.scalar(select(total).where(table.c.id.in_(ids))) or 0
