"""A world in which everything that can go wrong goes wrong on the word of a seed: clock, network, Kantata, kills.

The program in it is the real one, from its command line to its SQLite ledger. Not real are the clock, the wire to
Kantata (wire.py) and the threads, which take turns.
"""

from __future__ import annotations

import json
import os
import random
import secrets
import sqlite3
import time
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Self
from unittest.mock import Mock, patch

import near_reading
import time_machine
import typer.testing
from sqlalchemy.engine.default import DefaultDialect
from typer.testing import CliRunner
from wire import ADDRESS, TOKEN, Kantata

from importer.cli import app
from importer.ledger.opening import _sqlite as open_sqlite
from importer.sending.throttle import Stop, Throttle
from importer.settings.loading import load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SETTLE_SECONDS = 180
START = datetime(2026, 10, 5, 9, tzinfo=UTC)
command_of = cache(typer.testing._get_command)  # noqa: SLF001 - the tree of commands is built once, not for each of them


class Killed(BaseException):
    """The process is gone: whatever it does from here on must have no effect. No Exception, so that nothing stops it."""


class _InTurn:
    """A pool whose work is done at once, in the order in which it is given: the same for the same seed."""

    def __init__(self, _workers: int, **_: object) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    def submit(self, function: Callable[..., Any], *values: object) -> Future[Any]:
        """Do it now."""
        done: Future[Any] = Future()
        try:
            done.set_result(function(*values))
        except Exception as error:  # noqa: BLE001 - as a pool does
            done.set_exception(error)
        return done


class _Engines:
    """Opens ledgers, each with the statements that were compiled for the ones before: what is dear in a short command."""

    dialect: Any = None
    statements: Any = None

    def open(self, path: Path) -> Any:
        engine = open_sqlite(path)
        if _Engines.dialect is None:
            _Engines.dialect, _Engines.statements = engine.dialect, engine._compiled_cache  # noqa: SLF001
        engine.dialect, engine._compiled_cache = _Engines.dialect, _Engines.statements  # noqa: SLF001
        return engine


@dataclass
class Ran:
    """What a command gave back."""

    number: int
    """Of the command, from 1 on."""
    exit_code: int | None
    """None: it was killed."""
    document: dict[str, Any]
    interrupted: bool
    """Whether its machine slept meanwhile, so that others acted before it spoke."""


@dataclass
class Process:
    """What is to happen to the command that runs."""

    number: int
    kill_after: int | None = None
    """It is killed after so many points; None: it lives."""
    kill_sending: bool = False
    """Whether only points around requests, and after commits, count for that."""
    sleep_after: int | None = None
    """Its machine sleeps after so many points at which it may; None: it does not."""
    meanwhile: Callable[[], None] | None = None
    """What happens while it sleeps."""
    dead: bool = False
    slept: bool = False


@dataclass
class World:
    """One desk, one ledger, one Kantata, and a seed that decides."""

    seed: int
    folder: Path
    log: list[str] = field(default_factory=list)
    locks_hold: bool = True
    """Whether the lock of the ledger lasts while a machine sleeps; that of a server does not."""

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self._commands = 0
        self._process = Process(0)
        self.settings = {
            "KANTATA_BASE_URL": f"{ADDRESS}/api/v1",
            "KANTATA_TOKEN": TOKEN,
            "IMPORTER_LEDGER": str(self.folder / "ledger.sqlite"),
            "IMPORTER_REPORTS": str(self.folder / "reports"),
            "IMPORTER_INBOX": str(self.folder / "inbox"),
            "IMPORTER_PACE_PER_SECOND": "1000",
            "IMPORTER_WORKERS": "1",
            "IMPORTER_RETRY_SECONDS": "3",
            "IMPORTER_SETTLE_SECONDS": str(SETTLE_SECONDS),
            "IMPORTER_PAYMENT_SCHEDULE": "30",
            "IMPORTER_UNATTENDED": "true",
            "IMPORTER_LARGEST_TOTAL": "1000000",
            "IMPORTER_INBOX_SETTLE_SECONDS": "0",
            "IMPORTER_COMPLETENESS": "false",  # the stand-in's hundreds of open items would be read in each command
            "XDG_STATE_HOME": str(self.folder / "state"),
            "XDG_CONFIG_HOME": str(self.folder / "config"),
            "HOME": str(self.folder),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
            "COLUMNS": "200",
        }

    @contextmanager
    def running(self) -> Iterator[Self]:
        """Put the program into this world; afterwards it is in the real one again."""
        near_reading.near()  # no child reads the sheets: its clock would be another one
        with ExitStack() as stack:
            self.clock = stack.enter_context(time_machine.travel(START, tick=False))
            self.kantata = Kantata(self)
            stack.callback(self.kantata.store.close)
            engines = _Engines()
            throttle = partial(Throttle, clock=time.time)
            for place, ours in {
                "importer.sending.sender.ThreadPoolExecutor": _InTurn,
                "importer.kantata.connection.Session": self.kantata.session,
                "importer.flow.submit.Throttle": throttle,
                "importer.flow.undoing.Throttle": throttle,
                "importer.ledger.locking._file_lock": self._around_lock(),
                "importer.flow.prepare.gc": Mock(),  # play.py collects, for many commands at once
                "importer.ledger.opening._sqlite": engines.open,
                "importer.commands.session.load": cache(load),
                "typer.testing._get_command": command_of,
            }.items():
                stack.enter_context(patch(place, ours))
            for owner, name, ours in (
                (Stop, "wait", lambda _stop, seconds: self.sleep(seconds)),
                (time, "sleep", self.sleep),
                (random, "random", self.random.random),
                (secrets, "token_hex", lambda count=32: self.random.randbytes(count).hex()),
                (DefaultDialect, "do_commit", self._commit),
                (os, "replace", self._around(os.replace)),
                (os, "rename", self._around(os.rename)),
                (os, "link", self._around(os.link)),
                (os, "unlink", self._around(os.unlink)),
            ):
                stack.enter_context(patch.object(owner, name, ours))
            yield self

    # --- time ---

    def now(self) -> datetime:
        """The moment in this world, UTC."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Let time pass; requests under way take effect when their moment comes."""
        end = self.now() + timedelta(seconds=max(seconds, 0.001))  # less than the clock shows would never end
        for moment, request in self.kantata.due(end):
            self.clock.move_to(max(moment, self.now()))
            self.kantata.take_effect(request)
        self.clock.move_to(end)

    def note(self, text: str) -> None:
        """Keep what happened, for whoever replays the seed."""
        self.log.append(f"{self.now():%m-%d %H:%M:%S} {text}")

    # --- the program ---

    @property
    def command(self) -> int:
        """Number of the command that runs."""
        return self._process.number

    def run(
        self,
        *arguments: str,
        kill_after: int | None = None,
        kill_sending: bool = False,
        sleep_after: int | None = None,
        meanwhile: Callable[[], None] | None = None,
    ) -> Ran:
        """Run a command, and kill it after so many points; or let its machine sleep, and other things happen meanwhile.

        Commands that run meanwhile run within it.
        """
        outer, here = self._process, os.getcwd()  # noqa: PTH109 - what os.chdir takes
        self._commands += 1
        process = self._process = Process(self._commands, kill_after, kill_sending, sleep_after, meanwhile)
        self.kantata.requests = 0
        os.chdir(self.folder)
        words = f"[{process.number}] {' '.join(arguments)}"
        try:
            done = CliRunner().invoke(app, arguments, env=self.settings)
        except Killed:
            self.note(f"{words} → killed")
            return Ran(process.number, None, {}, process.slept)
        finally:
            os.chdir(here)
            self._process = outer
        document: dict[str, Any] = {}
        if "--json" in arguments and done.stdout.startswith("{"):
            document = json.loads(done.stdout)
        self.note(f"{words} → {done.exit_code}")
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Ran(process.number, done.exit_code, document, process.slept)

    # --- kills, and machines that sleep ---

    def point(self, *, may_sleep: bool = False) -> None:
        """A moment at which the process may be killed (after that each one ends it again), or its machine may sleep."""
        process = self._process
        counts = may_sleep or not process.kill_sending
        if process.kill_after is not None and counts and not process.dead:
            process.kill_after -= 1
            process.dead = process.kill_after < 0
        if process.dead:
            raise Killed
        if may_sleep and process.sleep_after is not None and process.meanwhile is not None and not process.slept:
            process.sleep_after -= 1
            if process.sleep_after < 0:
                process.slept = True
                self.note(f"[{process.number}] sleeps")
                process.meanwhile()
                self.note(f"[{process.number}] wakes up")

    def _commit(self, dialect_or_connection: Any, *rest: Any) -> None:
        connection = rest[0] if rest else dialect_or_connection
        ours = isinstance(getattr(connection, "dbapi_connection", connection), sqlite3.Connection)
        if self.kantata.is_asked or not ours:
            connection.commit()
            return
        self.point()
        connection.commit()
        self.point(may_sleep=True)

    def _around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def called(*values: Any, **named: Any) -> Any:
            self.point()
            done = function(*values, **named)
            self.point()
            return done

        return called

    def _around_lock(self) -> Callable[..., Any]:
        from importer.ledger.locking import _file_lock

        def lock(*values: Any) -> Any:
            return _file_lock(*values) if self.locks_hold else nullcontext()

        return lock
