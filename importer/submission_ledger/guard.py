"""Turn what the database says into sentences for people."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError, IntegrityError

from importer.errors import LedgerProblem

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def guard(name: str = "") -> Iterator[None]:
    """Turn what the database says into a LedgerProblem; a broken claim passes through.

    ``name`` is the file or address of the ledger, without a password.
    """
    try:
        yield
    except IntegrityError:
        raise
    except (DatabaseError, sa.exc.SQLAlchemyError) as error:
        said = str(getattr(error, "orig", None) or error).strip().splitlines()
        which = f"The ledger {name}" if name else "The ledger"
        msg = f"{which} cannot be used: {said[0] if said else 'no reason given'}."
        hint = "Check that it is a ledger, can be reached and written, and that the disk has room."
        raise LedgerProblem(msg, hint, code="ledger.unusable") from error
