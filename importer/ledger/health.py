"""What a ledger says of itself, for ``doctor``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from importer.ledger.database import guard
from importer.ledger.schema import INVOICES, META, UNDOING, UNSETTLED

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Health:
    """A ledger as it stands."""

    version: str
    invoices: int
    """Of this account."""
    in_doubt: int
    """Of these, whose outcome is not known: sent, or being undone."""
    size_bytes: int | None
    """On the disk; None where it cannot be told."""


def health_of(engine: sa.Engine, account: str) -> Health:
    """Look a ledger over, and make sure that it can be written, without a trace. Raises LedgerProblem."""
    own = sa.select(sa.func.count()).select_from(INVOICES).where(INVOICES.c.account == account)
    with guard(), engine.connect() as connection:
        connection.execute(META.update().values(value=META.c.value))
        connection.rollback()
        version = connection.execute(sa.select(META.c.value).where(META.c.name == "schema_version")).scalar()
        invoices = connection.execute(own).scalar() or 0
        in_doubt = connection.execute(own.where(INVOICES.c.state.in_((*UNSETTLED, UNDOING)))).scalar() or 0
        return Health(str(version), invoices, in_doubt, _SIZES[engine.dialect.name](connection))


def _file_size(connection: sa.Connection) -> int | None:
    path = Path(connection.engine.url.database or "")
    parts = [path, path.with_name(f"{path.name}-wal")]
    return sum(part.stat().st_size for part in parts if part.exists())


def _database_size(connection: sa.Connection) -> int | None:
    return connection.execute(sa.select(sa.func.pg_database_size(sa.func.current_database()))).scalar()


_SIZES: dict[str, Callable[[sa.Connection], int | None]] = {"sqlite": _file_size, "postgresql": _database_size}
