"""The outbox: what people should know, when it was queued, and whether it was sent.

A notice is queued in the transaction of what it reports, and sent afterwards. It
stays in the outbox while what it says is true, so that no run repeats it, and
after that as a record of what was sent.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from importer.ledger.database import guard, moment
from importer.ledger.schema import METADATA, index_of_some

NOTICES = sa.Table(
    "notices",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("account", sa.Text, nullable=False),
    sa.Column("machine", sa.Text, nullable=False),
    sa.Column("topic", sa.Text, nullable=False),
    sa.Column("subject", sa.String(64), nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("failed", sa.Boolean, nullable=False),
    sa.Column("queued_at", sa.DateTime, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("tried_at", sa.DateTime),
    sa.Column("sent_at", sa.DateTime),
    sa.Column("error", sa.Text),
    sa.Column("ended_at", sa.DateTime),
    sa.Index("notices_by_topic", "account", "machine", "topic"),
)
"""``sent_at``: when it was sent, or when no address was set to send it to. ``ended_at``: when what it says was no
longer true. ``machine``: who sends it; blank where the ledger is a file."""
_HOLDS, _UNSENT = NOTICES.c.ended_at.is_(None), NOTICES.c.sent_at.is_(None)
index_of_some("notices_standing", NOTICES.c.account, NOTICES.c.topic, NOTICES.c.ended_at, where=_HOLDS)
index_of_some("notices_unsent", NOTICES.c.account, NOTICES.c.sent_at, where=_UNSENT)
ABANDONED = timedelta(hours=1)
"""After this long another machine sends bad news that the one that queued it could not send."""
HEARTBEAT = "heartbeat"
"""Topic of the one row that remembers how the last heartbeat went."""


@dataclass(frozen=True, slots=True)
class News:
    """One thing that people should know, such as what became of a file."""

    subject: str
    """SHA-256 of what it says, hexadecimal: the same subject is the same news."""
    text: str
    """What is sent when the program ended before it could send the whole notice."""
    failed: bool = False
    """Whether it needs a person."""


@dataclass(frozen=True, slots=True)
class QueuedNews:
    """News that is queued and was not sent."""

    id: int
    topic: str
    subject: str
    text: str
    failed: bool
    queued_at: datetime
    """UTC, without offset."""


class Outbox:
    """The notices of one account on this machine."""

    def __init__(self, engine: sa.Engine, account: str) -> None:
        """Share the engine of the ledger."""
        self._engine = engine
        self._account = account
        # A file has one machine, whose name may change: a laptop's with its network, a container's with each start.
        self._machine = ""
        if engine.dialect.name == "postgresql":
            self._machine = socket.gethostname()
        self._own = sa.and_(NOTICES.c.account == account, NOTICES.c.machine == self._machine)

    def queue(self, topic: str, news: Iterable[News]) -> None:
        """Queue what is not in the outbox already. Raises LedgerProblem."""
        with guard(), self._engine.begin() as connection:
            self.queue_in(connection, topic, news)

    def queue_in(self, connection: sa.Connection, topic: str, news: Iterable[News]) -> None:
        """As :meth:`queue`, in the transaction of what the news reports."""
        standing = self._standing(connection, topic)
        for item in news:
            if item.subject in standing:
                continue
            standing.add(item.subject)
            connection.execute(
                NOTICES.insert().values(
                    account=self._account,
                    machine=self._machine,
                    topic=topic,
                    subject=item.subject,
                    text=item.text,
                    failed=item.failed,
                    queued_at=moment(connection),
                    attempts=0,
                )
            )

    def withdraw_in(self, connection: sa.Connection, topic: str, news: News) -> None:
        """Remove news that turned out not to be true, unless it was sent; in the transaction that corrects it."""
        same = sa.and_(self._own, NOTICES.c.topic == topic, NOTICES.c.subject == news.subject)
        connection.execute(NOTICES.delete().where(same, NOTICES.c.sent_at.is_(None)))

    def standing(self, topic: str) -> set[str]:
        """Subjects of the news of a topic that are still true, sent or not."""
        with guard(), self._engine.connect() as connection:
            return self._standing(connection, topic)

    def _standing(self, connection: sa.Connection, topic: str) -> set[str]:
        query = sa.select(NOTICES.c.subject).where(self._own, NOTICES.c.topic == topic, NOTICES.c.ended_at.is_(None))
        return set(connection.execute(query).scalars())

    def end_others(self, topic: str, subjects: Iterable[str]) -> None:
        """Note that all other news of a topic is no longer true: when it comes again, it is news again."""
        standing = sa.and_(self._own, NOTICES.c.topic == topic, NOTICES.c.ended_at.is_(None))
        ended = sorted(self.standing(topic).difference(subjects))
        with guard(), self._engine.begin() as connection:
            for subject in ended:
                own = NOTICES.update().where(standing, NOTICES.c.subject == subject)
                connection.execute(own.values(ended_at=moment(connection)))

    def unsent(self) -> list[QueuedNews]:
        """What this machine has queued and not sent, the oldest first; also what is no longer true.

        And bad news of another machine that did not send it for long: that one may be switched off, or renamed.
        """
        with guard(), self._engine.connect() as connection:
            long_ago = NOTICES.c.queued_at < moment(connection) - ABANDONED
            abandoned = sa.and_(NOTICES.c.account == self._account, NOTICES.c.failed, long_ago)
            due = sa.and_(sa.or_(self._own, abandoned), NOTICES.c.sent_at.is_(None), NOTICES.c.topic != HEARTBEAT)
            rows = connection.execute(sa.select(NOTICES).where(due).order_by(NOTICES.c.id)).all()
        return [QueuedNews(row.id, row.topic, row.subject, row.text, row.failed, row.queued_at) for row in rows]

    def note_attempt(self, news: Sequence[QueuedNews], error: str | None, *, sent: bool) -> None:
        """Note an attempt to send; ``error`` says what went wrong, also where another address was reached."""
        with guard(), self._engine.begin() as connection:
            tried_at, sent_at = moment(connection), None
            if sent:
                sent_at = tried_at
            for item in news:
                connection.execute(
                    NOTICES.update()
                    .where(NOTICES.c.id == item.id)
                    .values(attempts=NOTICES.c.attempts + 1, tried_at=tried_at, sent_at=sent_at, error=error)
                )

    def discard(self, news: Sequence[QueuedNews]) -> None:
        """Remove news that is not to be sent by the settings."""
        with guard(), self._engine.begin() as connection:
            for item in news:
                connection.execute(NOTICES.delete().where(NOTICES.c.id == item.id))

    def note_heartbeat(self, error: str | None) -> None:
        """Note how the last heartbeat went; ``error`` is None when all is well."""
        beat = News(HEARTBEAT, HEARTBEAT)
        with guard(), self._engine.begin() as connection:
            self.queue_in(connection, HEARTBEAT, [beat])
            connection.execute(
                NOTICES.update()
                .where(self._own, NOTICES.c.topic == HEARTBEAT)
                .values(attempts=NOTICES.c.attempts + 1, tried_at=moment(connection), error=error)
            )

    def last_failure(self, *, heartbeat: bool = False) -> str | None:
        """Why the last notice (or heartbeat) could not be sent, and when; None when it was sent."""
        topic = NOTICES.c.topic != HEARTBEAT
        if heartbeat:
            topic = NOTICES.c.topic == HEARTBEAT
        query = sa.select(NOTICES).where(self._own, topic, NOTICES.c.tried_at.is_not(None))
        with guard(), self._engine.connect() as connection:
            last = connection.execute(query.order_by(NOTICES.c.tried_at.desc(), NOTICES.c.id.desc())).first()
        if last is None or last.error is None:
            return None
        return f"{last.error} ({last.tried_at:%Y-%m-%d %H:%M} UTC)"
