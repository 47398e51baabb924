"""POST /external_references/create_or_update."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, update

from importer.sandbox import tables
from importer.sandbox.billing import now
from importer.sandbox.catalogue import COLLECTIONS
from importer.sandbox.demands import read_reference
from importer.sandbox.fields import Fields
from importer.sandbox.refusals import Complaint, invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection


def create_or_update(connection: Connection, raw: Mapping[str, Any]) -> int:
    """Write a reference to an invoice and return its id; one per invoice, service name and service model."""
    complaints: list[Complaint] = []
    fields = Fields(raw, complaints)
    values = read_reference(fields)
    subject_type, subject_id = fields.text("subject_type"), fields.whole("subject_id")
    if subject_type != "Invoice":
        fields.complain("subject_type", "must be Invoice (this stand-in knows no other)")
    if subject_id is None or not COLLECTIONS["invoices"].fetch(connection, [subject_id]):
        fields.complain("subject_id", "could not be found")
    if complaints:
        raise invalid(complaints)
    table, moment = tables.external_references, now()
    key = {
        "subject_type": subject_type,
        "subject_id": subject_id,
        "service_name": values["service_name"],
        "service_model": values["service_model"],
    }
    known = connection.scalar(select(table.c.id).where(*(table.c[name] == value for name, value in key.items())))
    if known is None:
        row = {**key, **values, "created_at": moment, "updated_at": moment}
        return int(connection.execute(insert(table).returning(table.c.id), row).scalar_one())
    sent = {name: value for name, value in values.items() if fields.has(name)}
    connection.execute(update(table).where(table.c.id == known).values(**sent, updated_at=moment))
    return int(known)
