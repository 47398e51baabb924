"""Tables and states of the ledger, and how an older ledger becomes a current one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import sqlalchemy as sa

if TYPE_CHECKING:
    from collections.abc import Callable


SENDING, CREATED, REJECTED, NOT_SENT, IN_DOUBT = "sending", "created", "rejected", "not_sent", "in_doubt"
UNDOING, UNDONE = "undoing", "undone"
"""An undo has begun: the invoice may exist still; it was deleted or cancelled: it bills nothing any more."""
UNSETTLED = (SENDING, IN_DOUBT)
"""States in which the invoice may exist in Kantata."""
LIVE = (*UNSETTLED, CREATED, UNDOING)
"""States in which the invoice exists in Kantata, or may."""
FREE = (REJECTED, NOT_SENT, UNDONE)
"""States in which it surely does not exist, or not any more, and may be sent."""

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
    sa.Column("planned", sa.Text),
)
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
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("run_id", sa.String(64), nullable=False, index=True),
    sa.Column("source_path", sa.Text, nullable=False),
    sa.Column("source_sha256", sa.String(64), nullable=False),
    sa.Column("rows", sa.Text, nullable=False),
    sa.Column("payload", sa.Text, nullable=False),
    sa.Column("sent_at", sa.DateTime),
    sa.Column("request_id", sa.Text),
    sa.Column("invoice_id", sa.Text),
    sa.Column("error", sa.Text),
    sa.Column("expected", sa.Text),
    sa.Index("invoices_by_fingerprint", "account", "fingerprint"),
)
ATTEMPTS = sa.Table(
    "attempts",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("account", sa.Text, nullable=False),
    sa.Column("reference", sa.Text, nullable=False),
    sa.Column("run_id", sa.String(64), nullable=False, index=True),
    sa.Column("started_at", sa.DateTime, nullable=False),
    sa.Column("ended_at", sa.DateTime),
    sa.Column("outcome", sa.String(32)),
    sa.Column("http_status", sa.Integer),
    sa.Column("request_id", sa.Text),
    sa.Column("message", sa.Text),
    sa.Column("raw", sa.Text),
    sa.Column("invoice_id", sa.Text),
)
ITEMS = sa.Table(
    "billed_items",
    METADATA,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("item_type", sa.String(32), primary_key=True),
    sa.Column("item_id", sa.BigInteger, primary_key=True),
    sa.Column("reference", sa.Text, primary_key=True),
)
LOCKS = sa.Table(
    "run_locks",
    METADATA,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("run_id", sa.String(64), nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("since", sa.DateTime, nullable=False),
)
"""Who sends at the moment. Only told to others: what locks is the operating system, or PostgreSQL."""


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


def _add_approvals(connection: sa.Connection) -> None:
    APPROVALS.create(connection, checkfirst=True)


def _add_locks(connection: sa.Connection) -> None:
    LOCKS.create(connection, checkfirst=True)


def _add_headers(connection: sa.Connection) -> None:
    """Runs remember the headers of their sheet: a JSON list of text, column and whether it was filled."""
    connection.exec_driver_sql("ALTER TABLE runs ADD COLUMN headers TEXT")


def _add_approval_uses(connection: sa.Connection) -> None:
    """Approvals are used up; those of which an invoice was undone since are."""
    APPROVAL_USES.create(connection, checkfirst=True)
    undos = sa.select(ATTEMPTS.c.account, ATTEMPTS.c.reference, ATTEMPTS.c.run_id, ATTEMPTS.c.started_at)
    undone = connection.execute(undos.where(ATTEMPTS.c.outcome.like("undo:%"))).all()
    for approval in connection.execute(sa.select(APPROVALS)).all():
        own = json.loads(approval.plan).get("invoices", ())
        for one in undone:
            if one.account == approval.account and one.reference in own and one.started_at > approval.approved_at:
                use = {"approval_id": approval.id, "run_id": one.run_id, "noted_at": one.started_at, "what": "undone"}
                connection.execute(APPROVAL_USES.insert().values(use))


def _add_expected(connection: sa.Connection) -> None:
    """Invoices remember what each project was expected to be billed, as JSON; null for those sent before."""
    connection.exec_driver_sql("ALTER TABLE invoices ADD COLUMN expected TEXT")


def _add_ids_of_attempts(connection: sa.Connection) -> None:
    """Attempts remember which invoice they created, took back or found: a later run overwrites the invoice's row.

    Between two creations of a reference lies an undo, which knows the id; after the last one the invoice's row does.
    """
    connection.exec_driver_sql("ALTER TABLE attempts ADD COLUMN invoice_id TEXT")
    for step in (_IDS_OF_UNDOS, _IDS_BEFORE_UNDOS, _IDS_OF_THE_LAST):
        connection.execute(sa.text(step))


_IDS_OF_UNDOS = "UPDATE attempts SET invoice_id = raw WHERE outcome LIKE 'undo:%'"
_IDS_BEFORE_UNDOS = """
    UPDATE attempts SET invoice_id = (
        SELECT later.raw FROM attempts AS later
        WHERE later.account = attempts.account AND later.reference = attempts.reference
        AND later.id > attempts.id AND later.outcome LIKE 'undo:%' ORDER BY later.id LIMIT 1
    ) WHERE outcome IN ('created', 'settled: created')
"""
_IDS_OF_THE_LAST = """
    UPDATE attempts SET invoice_id = (
        SELECT own.invoice_id FROM invoices AS own
        WHERE own.account = attempts.account AND own.reference = attempts.reference
    ) WHERE outcome IN ('created', 'settled: created') AND invoice_id IS NULL
"""


def _add_plans_of_runs(connection: sa.Connection) -> None:
    """Runs remember all their invoices, as JSON: reference → fingerprint (a list of references at first); or null."""
    connection.exec_driver_sql("ALTER TABLE runs ADD COLUMN planned TEXT")


def _add_inbox(connection: sa.Connection) -> None:
    """The files of the inbox and the notices are tables of their own: inbox_files.py, outbox.py."""
    METADATA.create_all(connection, tables=[METADATA.tables["inbox_files"], METADATA.tables["notices"]])


MIGRATIONS: dict[int, Callable[[sa.Connection], None]] = {
    2: _add_locks,
    3: _add_headers,
    4: _add_approvals,
    5: _add_approval_uses,
    6: _add_expected,
    7: _add_ids_of_attempts,
    8: _add_plans_of_runs,
    9: _add_inbox,
}
"""Schema version → the step that leads to it from the version before."""
SCHEMA_VERSION = 9


def migrate(connection: sa.Connection, known: int) -> None:
    """Bring a ledger of an older version forwards, in the caller's transaction."""
    for version in range(known + 1, SCHEMA_VERSION + 1):
        MIGRATIONS[version](connection)
    connection.execute(META.update().where(META.c.name == "schema_version").values(value=str(SCHEMA_VERSION)))
