"""Tables of the ledger, and how an older ledger becomes a current one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

if TYPE_CHECKING:
    from collections.abc import Callable


METADATA = sa.MetaData()
META = sa.Table(
    "ledger_meta",
    METADATA,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)
RUNS = sa.Table(
    "runs",
    METADATA,
    sa.Column("run_id", sa.String(64), primary_key=True),
    sa.Column("account", sa.Text, nullable=False),
    sa.Column("batch", sa.Text, nullable=False),
    sa.Column("started_at", sa.DateTime, nullable=False),
    sa.Column("finished_at", sa.DateTime),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("path", sa.Text, nullable=False),
    sa.Column("sheet", sa.Text),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("rows", sa.Integer, nullable=False),
    sa.Column("invoices", sa.Integer, nullable=False),
    sa.Column("amount", sa.Text, nullable=False),
    sa.Column("by_status", sa.Text),
    sa.Column("exit_code", sa.Integer),
    sa.Column("headers", sa.Text),
    sa.Column("planned", sa.Text, nullable=False),
)
RUN_PLANS = sa.Table(
    "run_plans",
    METADATA,
    sa.Column("run_id", sa.String(64), primary_key=True),
    sa.Column("plan", sa.Text, nullable=False),
)
"""What a run meant to do: recorded_plan.py. Written when the run begins, never changed."""
INVOICES = sa.Table(
    "invoices",
    METADATA,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("reference", sa.Text, primary_key=True),
    sa.Column("batch", sa.Text, nullable=False),
    sa.Column("invoice_key", sa.Text),
    sa.Column("workspace_ids", sa.Text, nullable=False),
    sa.Column("fingerprint", sa.String(64), nullable=False),
    sa.Column("amount", sa.Text, nullable=False),
    sa.Column("run_id", sa.String(64), nullable=False, index=True),
    sa.Column("source_path", sa.Text, nullable=False),
    sa.Column("source_sha256", sa.String(64), nullable=False),
    sa.Column("rows", sa.Text, nullable=False),
    sa.Column("payload", sa.Text, nullable=False),
    sa.Column("expected", sa.Text),
    sa.Column("sent_at", sa.DateTime, nullable=False),
    sa.Column("seq", sa.Integer, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("reached_by", sa.String(32), nullable=False),
    sa.Column("taken_back", sa.Boolean, nullable=False),
    sa.Column("unreported", sa.Boolean, nullable=False),
    sa.Column("tried_at", sa.DateTime, nullable=False),
    sa.Column("invoice_id", sa.Text),
    sa.Column("error", sa.Text),
    sa.Index("invoices_by_fingerprint", "account", "fingerprint"),
    sa.Index("invoices_by_batch", "account", "batch"),
)
"""What was sent last under each reference, and, from ``seq`` on, where it stands: the fold of its events.

Only :mod:`importer.ledger.journal` writes here, in the transaction of the event.
"""
EVENTS = sa.Table(
    "invoice_events",
    METADATA,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("reference", sa.Text, primary_key=True),
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("event", sa.String(32), nullable=False),
    sa.Column("at", sa.DateTime, nullable=False),
    sa.Column("run_id", sa.String(64), nullable=False, index=True),
    sa.Column("invoice_id", sa.Text),
    sa.Column("http_status", sa.Integer),
    sa.Column("request_id", sa.Text),
    sa.Column("message", sa.Text),
    sa.Column("raw", sa.Text),
    sa.Column("snapshot", sa.Text),
)
"""What happened to each invoice, in the order of ``seq``: rows are added, never changed.

``run_id``: the submit, undo or reconcile that noted it. ``snapshot``: what Kantata showed of it when it was created.
"""
ITEMS = sa.Table(
    "billed_items",
    METADATA,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("item_type", sa.String(32), primary_key=True),
    sa.Column("item_id", sa.BigInteger, primary_key=True),
    sa.Column("reference", sa.Text, primary_key=True),
)
LINES = sa.Table(
    "billed_lines",
    METADATA,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("reference", sa.Text, primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("row", sa.Integer, nullable=False),
    sa.Column("workspace_id", sa.BigInteger, nullable=False),
    sa.Column("wording", sa.String(32), nullable=False),
    sa.Column("amount", sa.Text, nullable=False),
    sa.Column("line", sa.Text, nullable=False),
    sa.Column("alike", sa.Integer, nullable=False),
    sa.Column("waiting", sa.Text, nullable=False),
    sa.Column("sent_at", sa.DateTime, nullable=False),
    sa.Index("billed_lines_alike", "account", "line", "sent_at"),
)
"""The fixed fees and additional items of each invoice, as sent last, by their ``position`` on it.

``line``: project, wording and amount.
"""
LOCKS = sa.Table(
    "run_locks",
    METADATA,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("run_id", sa.String(64), nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("since", sa.DateTime, nullable=False),
    sa.Column("token", sa.String(32), nullable=False),
    sa.Column("expires_at", sa.DateTime),
)
"""Which run may send and settle at the moment: locking.py."""


APPROVALS = sa.Table(
    "approvals",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("account", sa.Text, nullable=False),
    sa.Column("batch", sa.Text, nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("file_name", sa.Text, nullable=False),
    sa.Column("plan_hash", sa.String(64), nullable=False),
    sa.Column("plan", sa.Text, nullable=False),
    sa.Column("os_user", sa.Text, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("approved_at", sa.DateTime, nullable=False),
    sa.Index("approvals_by_batch", "account", "batch"),
)
"""Who approved which plan."""
APPROVAL_USES = sa.Table(
    "approval_uses",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("approval_id", sa.Integer, nullable=False, index=True),
    sa.Column("run_id", sa.String(64), nullable=False),
    sa.Column("noted_at", sa.DateTime, nullable=False),
    sa.Column("what", sa.String(16), nullable=False),
)
"""What became of an approval: a run began under it, created its last invoice, or undid one of them."""


def _leases(connection: sa.Connection) -> None:
    """What locks is the row itself from now on; a lock of an older program is none any more.

    Lines are recorded from now on; what was billed before is compared as whole invoices.
    """
    LOCKS.drop(connection)
    LOCKS.create(connection)
    LINES.create(connection, checkfirst=True)
    for index in INVOICES.indexes:
        index.create(connection, checkfirst=True)


MIGRATIONS: tuple[Callable[[sa.Connection], None], ...] = (_leases,)
"""The steps from the first version of the schema to the second, from there to the third, and so on."""


def current_version() -> int:
    """Version of the schema that this program writes."""
    return 1 + len(MIGRATIONS)


def migrate(connection: sa.Connection, known: int) -> None:
    """Bring a ledger of an older version forwards, in the caller's transaction."""
    for step in MIGRATIONS[known - 1 :]:
        step(connection)
    connection.execute(META.update().where(META.c.name == "schema_version").values(value=str(current_version())))
