"""The files of the inbox: which content was taken under which name, what became of it, and where it lies.

This table decides. The folders of the inbox and the note beside a file are
written from it and never read; a file is known by its content, whatever its name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from importer.ledger.database import guard, moment, storable
from importer.ledger.rows import chunks
from importer.ledger.schema import METADATA, index_of_some

if TYPE_CHECKING:
    from importer.ledger.outbox import News, Outbox

INBOX_FILES = sa.Table(
    "inbox_files",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("account", sa.Text, nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("entry", sa.Text, nullable=False),
    sa.Column("folder", sa.Text, nullable=False),
    sa.Column("run_id", sa.String(64)),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("exit_code", sa.Integer, nullable=False),
    sa.Column("changed_at", sa.DateTime, nullable=False),
    sa.Column("moved_at", sa.DateTime),
    sa.Index("inbox_files_by_content", "account", "sha256"),
    sa.Index("inbox_files_by_state", "account", "state"),
    sa.Index("inbox_files_by_entry", "account", "entry"),
)
_UNMOVED = INBOX_FILES.c.moved_at.is_(None)
index_of_some("inbox_files_unmoved", INBOX_FILES.c.account, INBOX_FILES.c.moved_at, where=_UNMOVED)


class FileState(Enum):
    """What became of a file of the inbox."""

    TAKEN = "taken"
    """A run is at work on it, or was ended before it decided: it lies in the inbox."""
    LEFT = "left"
    """It stays in the inbox; the next run looks again."""
    DONE = "done"
    FAILED = "failed"
    IN_DOUBT = "in_doubt"
    RETURNED = "returned"
    """It was in doubt and is back in the inbox; what lay beside it lies in failed/ until the file is put away."""

    @property
    def in_inbox(self) -> bool:
        """Whether the file lies in the inbox itself."""
        return self in (FileState.TAKEN, FileState.LEFT, FileState.RETURNED)


FOLDER_OF = {
    FileState.DONE: "done",
    FileState.FAILED: "failed",
    FileState.IN_DOUBT: "in-doubt",
    FileState.RETURNED: "failed",
}
"""Folder of the inbox in which the folder of a file lies."""


@dataclass(frozen=True, slots=True)
class InboxFile:
    """A file of the inbox as the ledger knows it."""

    id: int
    sha256: str
    """Of its content, hexadecimal."""
    name: str
    entry: str
    """Name of its own folder, in the reports and in done/, failed/ or in-doubt/."""
    folder: Path
    """The folder that it lies in, or moves to: the inbox, or its own folder."""
    run_id: str | None
    """The submit that it was put away after; None when none began."""
    state: FileState
    reason: str
    """What people read: what became of it, and what to do."""
    exit_code: int
    moved: bool
    """False: the state is decided, and the program ended before it had moved the file."""


class InboxFiles:
    """The files of the inbox, for one account."""

    def __init__(self, engine: sa.Engine, account: str, outbox: Outbox) -> None:
        """Share the engine of the ledger."""
        self._engine = engine
        self._account = account
        self._outbox = outbox
        self._own = INBOX_FILES.c.account == account

    def take(self, sha256: str, name: str, entry: str, inbox: Path) -> InboxFile:
        """Note that a run begins to work on a file; one that waited before keeps its row. Raises LedgerProblem."""
        open_states = (FileState.TAKEN.value, FileState.LEFT.value)
        folder = storable(str(inbox.absolute())) or ""
        same = sa.and_(
            self._own,
            INBOX_FILES.c.sha256 == sha256,
            INBOX_FILES.c.name == name,
            INBOX_FILES.c.folder == folder,  # another inbox with the same ledger may hold the same file
        )
        values: dict[str, Any] = {
            "account": self._account,
            "sha256": sha256,
            "name": name,
            "entry": entry,
            "folder": folder,
            "run_id": None,
            "state": FileState.TAKEN.value,
            "reason": "",
            "exit_code": 0,
        }
        with guard(), self._engine.begin() as connection:
            values |= {"changed_at": moment(connection), "moved_at": moment(connection)}
            query = sa.select(INBOX_FILES.c.id).where(same, INBOX_FILES.c.state.in_(open_states))
            known = connection.execute(query).scalar()
            if known is None:
                made = connection.execute(INBOX_FILES.insert().values(values)).inserted_primary_key
                known = int(made[0]) if made else 0
            else:
                connection.execute(INBOX_FILES.update().where(INBOX_FILES.c.id == known).values(values))
            return _file_of(connection.execute(sa.select(INBOX_FILES).where(INBOX_FILES.c.id == known)).one())

    def decide(self, file: InboxFile, topic: str, news: News | None = None, withdrawn: News | None = None) -> None:
        """Commit what became of a file, and queue the notice of it. It is moved afterwards: :meth:`note_moved`.

        ``withdrawn``: the notice of what was decided before and could not be done.
        """
        with guard(), self._engine.begin() as connection:
            connection.execute(
                INBOX_FILES.update()
                .where(INBOX_FILES.c.id == file.id)
                .values(
                    folder=storable(str(file.folder.absolute())) or "",
                    run_id=file.run_id,
                    state=file.state.value,
                    reason=storable(file.reason) or "",
                    exit_code=int(file.exit_code),
                    changed_at=moment(connection),
                    moved_at=moment(connection) if file.moved else None,
                )
            )
            if withdrawn is not None:
                self._outbox.withdraw_in(connection, topic, withdrawn)
            if news is not None:
                self._outbox.queue_in(connection, topic, [news])

    def note_moved(self, file: InboxFile, folder: Path) -> None:
        """Note that a file, or what lies beside it, has arrived in a folder."""
        with guard(), self._engine.begin() as connection:
            values = {"folder": storable(str(folder.absolute())) or "", "moved_at": moment(connection)}
            connection.execute(INBOX_FILES.update().where(INBOX_FILES.c.id == file.id).values(values))

    def in_state(self, state: FileState, sha256: str | None = None) -> list[InboxFile]:
        """The files in a state, the oldest first; all of them, or those of a content."""
        wanted = INBOX_FILES.c.state == state.value
        if sha256 is not None:
            wanted = sa.and_(wanted, INBOX_FILES.c.sha256 == sha256)
        return self._read(wanted)

    def unmoved(self) -> list[InboxFile]:
        """The files that were decided and not moved, because the program ended in between; the oldest first."""
        return self._read(_UNMOVED)

    def entries(self, names: Sequence[str]) -> frozenset[str]:
        """Those of the names that are the folder of a file."""
        query = sa.select(INBOX_FILES.c.entry).where(self._own)
        found: set[str] = set()
        with guard(), self._engine.connect() as connection:
            for chunk in chunks([storable(name) or "" for name in names]):
                found.update(connection.execute(query.where(INBOX_FILES.c.entry.in_(chunk))).scalars())
        return frozenset(found)

    def _read(self, wanted: sa.ColumnElement[bool]) -> list[InboxFile]:
        query = sa.select(INBOX_FILES).where(self._own, wanted).order_by(INBOX_FILES.c.id)
        with guard(), self._engine.connect() as connection:
            return [_file_of(row) for row in connection.execute(query)]


def _file_of(row: Any) -> InboxFile:  # noqa: ANN401 - untyped by its library
    return InboxFile(
        id=row.id,
        sha256=row.sha256,
        name=row.name,
        entry=row.entry,
        folder=Path(row.folder),
        run_id=row.run_id,
        state=FileState(row.state),
        reason=row.reason,
        exit_code=row.exit_code,
        moved=row.moved_at is not None,
    )
