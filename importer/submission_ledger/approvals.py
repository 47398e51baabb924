"""Who approved which plan, and when; nothing is ever deleted here."""

from __future__ import annotations

import json
import os
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from importer.submission_ledger.guard import guard
from importer.submission_ledger.notation import now
from importer.submission_ledger.schema import APPROVALS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Approval:
    """One approval as the ledger remembers it."""

    batch: str
    sha256: str
    """Of the file that was previewed."""
    file_name: str
    plan_hash: str
    plan: Mapping[str, Any]
    """What was approved: see :mod:`importer.approval`."""
    os_user: str
    who: str
    """User and machine."""
    approved_at: datetime
    """UTC, without offset."""


class Approvals:
    """The approvals of one account."""

    def __init__(self, engine: sa.Engine, account: str) -> None:
        """Use :attr:`SubmissionLedger.approvals`."""
        self._engine, self._account = engine, account

    def record(self, *, batch: str, sha256: str, file_name: str, plan_hash: str, plan: Mapping[str, Any]) -> Approval:
        """Note that the user of this process approves a plan now. Raises LedgerProblem."""
        user = os_user()
        made = Approval(
            batch, sha256, file_name, plan_hash, plan, user, f"{user}@{socket.gethostname()}",
            now(),
        )  # fmt: skip
        with guard(), self._engine.begin() as connection:
            connection.execute(
                APPROVALS.insert().values(
                    account=self._account, batch=batch, sha256=sha256,
                    file_name=file_name.encode(errors="backslashreplace").decode(), plan_hash=plan_hash,
                    plan=json.dumps(plan), os_user=user, who=made.who, approved_at=made.approved_at,
                )
            )  # fmt: skip
        return made

    def of(self, batch: str, sha256: str) -> list[Approval]:
        """Approvals of a batch, or of a file, the newest first."""
        query = (
            sa.select(APPROVALS)
            .where(APPROVALS.c.account == self._account)
            .where(sa.or_(APPROVALS.c.batch == batch, APPROVALS.c.sha256 == sha256))
            .order_by(APPROVALS.c.id.desc())
        )
        with guard(), self._engine.connect() as connection:
            return [_approval(row) for row in connection.execute(query)]


def os_user() -> str:
    """Name of the user that the operating system knows, whatever the environment says."""
    try:
        if os.name == "posix":
            import pwd

            return pwd.getpwuid(os.getuid()).pw_name
        return os.getlogin()  # of the session; getpass would believe the environment
    except (OSError, KeyError):
        return f"user {os.getuid()}" if os.name == "posix" else "unknown"


def _approval(row: Any) -> Approval:  # noqa: ANN401 - untyped by its library
    return Approval(
        batch=row.batch, sha256=row.sha256, file_name=row.file_name, plan_hash=row.plan_hash,
        plan=json.loads(row.plan), os_user=row.os_user, who=row.who, approved_at=row.approved_at,
    )  # fmt: skip
