"""A world in which everything that can go wrong goes wrong on the word of a seed: clock, network, Kantata, kills.

The program in it is the real one, from its command line to its SQLite ledger. Not real are the clock, the wire to
Kantata (whose stand-in is asked in this process) and the threads, which take turns.
"""

from __future__ import annotations

import io
import json
import os
import random
import secrets
import sqlite3
import time
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self
from unittest.mock import patch
from urllib.parse import urlsplit

import near_reading
import requests
import time_machine
from requests.adapters import BaseAdapter
from sqlalchemy.engine.default import DefaultDialect
from typer.testing import CliRunner
from urllib3 import HTTPResponse
from urllib3.exceptions import NewConnectionError, ProtocolError

from importer.cli import app
from importer.sandbox import account
from importer.sandbox import app as kantata
from importer.sandbox.faults import FaultQueue
from importer.sandbox.received import Recorder, UnderWay
from importer.sandbox.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from importer.sandbox.received import StoredInvoice

TOKEN = "simulated"  # noqa: S105 - of a world that does not exist
SETTLE_SECONDS = 180
START = datetime(2026, 10, 5, 9, tzinfo=UTC)
MOST_REQUESTS = 2_000
"""Of one command; more means that it never ends."""


class Killed(BaseException):
    """The process is gone: whatever it does from here on must have no effect. No Exception, so that nothing stops it."""


class Endless(BaseException):
    """A command asks for ever."""


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


@dataclass
class Weather:
    """How often what goes wrong, between 0 and 1; 0 throughout is a calm day."""

    refused: float = 0.0
    """The connection never comes about."""
    dropped_before: float = 0.0
    dropped_after: float = 0.0
    status_before: float = 0.0
    status_after: float = 0.0
    slow: float = 0.0
    """The answer takes minutes."""
    lag_seconds: float = 0.0
    """How long lists do not show what was just created."""


@dataclass
class Ran:
    """What a command gave back."""

    exit_code: int | None
    """None: it was killed."""
    document: dict[str, Any]
    text: str


@dataclass
class World:
    """One desk, one ledger, one Kantata, and a seed that decides."""

    seed: int
    folder: Path
    weather: Weather = field(default_factory=Weather)
    dead: bool = False
    points_left: int | None = None
    """How many points the process still passes before it is killed; None: it lives."""
    log: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.settings = {
            "KANTATA_BASE_URL": "http://127.0.0.1:1/api/v1",
            "KANTATA_TOKEN": TOKEN,
            "IMPORTER_LEDGER": str(self.folder / "ledger.sqlite"),
            "IMPORTER_REPORTS": str(self.folder / "reports"),
            "IMPORTER_INBOX": str(self.folder / "inbox"),
            "IMPORTER_PACE_PER_SECOND": "1000",
            "IMPORTER_WORKERS": "1",
            "IMPORTER_RETRY_SECONDS": "0",
            "IMPORTER_SETTLE_SECONDS": str(SETTLE_SECONDS),
            "IMPORTER_PAYMENT_SCHEDULE": "30",
            "IMPORTER_UNATTENDED": "true",
            "IMPORTER_LARGEST_TOTAL": "1000000",
            "IMPORTER_INBOX_SETTLE_SECONDS": "0",
            "XDG_STATE_HOME": str(self.folder / "state"),
            "XDG_CONFIG_HOME": str(self.folder / "config"),
            "HOME": str(self.folder),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
            "COLUMNS": "200",
        }
        self._requests = 0
        self._in_kantata = False

    # --- its parts ---

    @contextmanager
    def running(self) -> Iterator[Self]:
        """Put the program into this world; afterwards it is in the real one again."""
        near_reading.near()  # no child reads the sheets: its clock would be another one
        with ExitStack() as stack:
            clock = time_machine.travel(START, tick=False)
            self.clock = stack.enter_context(clock)
            self.store = Store(None, account.fill, account.VERSION)
            stack.callback(self.store.close)
            parts = kantata.Parts(
                self.store, TOKEN, FaultQueue(), Recorder(), UnderWay(), hosts=frozenset({"127.0.0.1:1"}), control=False
            )
            self._wsgi = kantata.build(parts)

            stack.enter_context(patch("importer.sending.sender.ThreadPoolExecutor", _InTurn))
            stack.enter_context(patch("importer.kantata.connection.Session", self._session))
            stack.enter_context(patch.object(time, "sleep", self.sleep))
            stack.enter_context(patch.object(random, "random", self.random.random))
            stack.enter_context(patch.object(secrets, "token_hex", self._token))
            stack.enter_context(patch.object(DefaultDialect, "do_commit", self._commit))
            stack.enter_context(patch.object(os, "replace", self._around(os.replace)))
            stack.enter_context(patch.object(os, "rename", self._around(os.rename)))
            yield self

    def now(self) -> datetime:
        """The moment in this world, UTC."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.shift(timedelta(seconds=seconds))

    def invoices(self) -> list[StoredInvoice]:
        """What Kantata holds of this program, cancelled ones too."""
        return self.store.invoices(with_sample=False)

    # --- the program ---

    def run(self, *arguments: str, kill_after: int | None = None) -> Ran:
        """Run a command; after so many points it is killed."""
        self.dead, self.points_left, self._requests = False, kill_after, 0
        here = os.getcwd()  # noqa: PTH109 - what os.chdir takes
        os.chdir(self.folder)
        try:
            done = CliRunner().invoke(app, arguments, env=self.settings)
        except Killed:
            self.note(f"{' '.join(arguments)} → killed")
            return Ran(None, {}, "")
        finally:
            os.chdir(here)
            self.dead, self.points_left = False, None
        document: dict[str, Any] = {}
        if "--json" in arguments and done.stdout.startswith("{"):
            document = json.loads(done.stdout)
        self.note(f"{' '.join(arguments)} → {done.exit_code}")
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Ran(done.exit_code, document, done.output)

    def by_hand(self, method: str, route: str) -> None:
        """What a person does in Kantata."""
        request = requests.Request(method, f"http://127.0.0.1:1{route}", headers={"Authorization": f"Bearer {TOKEN}"})
        self._asked(request.prepare(), b"")

    def note(self, text: str) -> None:
        """Keep what happened, for whoever replays the seed."""
        self.log.append(f"{self.now():%m-%d %H:%M:%S} {text}")

    def _token(self, count: int = 32) -> str:
        return self.random.randbytes(count).hex()

    # --- kills ---

    def point(self) -> None:
        """A moment at which the process may be killed; after that each one ends it again."""
        if self.points_left is not None and not self.dead:
            self.points_left -= 1
            self.dead = self.points_left < 0
        if self.dead:
            raise Killed

    def _commit(self, dialect_or_connection: Any, *rest: Any) -> None:
        connection = rest[0] if rest else dialect_or_connection
        if self._in_kantata or not isinstance(getattr(connection, "dbapi_connection", connection), sqlite3.Connection):
            connection.commit()
            return
        self.point()
        connection.commit()
        self.point()

    def _around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def called(*values: Any, **named: Any) -> Any:
            self.point()
            done = function(*values, **named)
            self.point()
            return done

        return called

    # --- the wire ---

    def _session(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        session.mount("http://", _Wire(self))
        return session

    def answer(self, request: requests.PreparedRequest) -> requests.Response:
        """Carry a request to Kantata and its answer back, as the weather allows."""
        self._requests += 1
        if self._requests > MOST_REQUESTS:
            raise Endless
        self.point()
        weather, chance = self.weather, self.random.random
        self.sleep(0.05 + chance() * 2)
        if chance() < weather.refused:
            raise requests.ConnectionError(_refused(request))
        body = _bytes_of(request)
        if chance() < weather.dropped_before:
            raise requests.ConnectionError(ProtocolError("dropped"))
        if chance() < weather.status_before:
            return _response(request, self.random.choice((429, 500, 502, 503)), b"{}", "")

        status, answered = self._asked(request, body)
        if chance() < weather.slow:
            self.sleep(self.random.choice((30, 200, 400)))
        self.point()
        if chance() < weather.dropped_after:
            raise requests.ConnectionError(ProtocolError("dropped"))
        if chance() < weather.status_after:
            return _response(request, self.random.choice((500, 502, 504)), b"<html>", "")
        return _response(request, status, self._late(request, answered), f"r{self._requests}")

    def _asked(self, request: requests.PreparedRequest, body: bytes) -> tuple[int, bytes]:
        address = urlsplit(str(request.url))
        environ = {
            "REQUEST_METHOD": request.method,
            "PATH_INFO": address.path,
            "QUERY_STRING": address.query,
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "1",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": "127.0.0.1:1",
            "HTTP_AUTHORIZATION": request.headers.get("Authorization"),
            "CONTENT_TYPE": request.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": io.StringIO(),
            "wsgi.url_scheme": "http",
            "wsgi.version": (1, 0),
            "wsgi.multithread": False,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        said: list[str] = []
        self._in_kantata = True
        try:
            parts = self._wsgi(environ, lambda status, _headers: said.append(status))  # type: ignore[arg-type, return-value]
            answered = b"".join(parts)
        finally:
            self._in_kantata = False
        return int(said[0].split()[0]), answered

    def _late(self, request: requests.PreparedRequest, answered: bytes) -> bytes:
        """Leave out of a list what was created a moment ago; who asks for an id gets it at once."""
        address = urlsplit(str(request.url))
        lists = request.method == "GET" and address.path.endswith(("/invoices", "/external_references"))
        if not lists or self.weather.lag_seconds == 0 or "only=" in address.query:
            return answered
        document = json.loads(answered)
        limit = (self.now() - timedelta(seconds=self.weather.lag_seconds)).isoformat()
        name = address.path.rpartition("/")[2]
        records = document.get(name, {})
        late = {key for key, record in records.items() if record.get("created_at", "") > limit}
        document[name] = {key: record for key, record in records.items() if key not in late}
        document["results"] = [one for one in document["results"] if one["id"] not in late]
        for holder in (document, document.get("meta", {})):
            if isinstance(holder.get("count"), int):
                holder["count"] -= len(late)
        return json.dumps(document).encode()


class _Wire(BaseAdapter):
    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        return self._world.answer(request)

    def close(self) -> None: ...


def _bytes_of(request: requests.PreparedRequest) -> bytes:
    body = request.body
    if body is None:
        return b""
    if isinstance(body, (bytes, str)):
        return body.encode() if isinstance(body, str) else body
    return bytes(body.read())  # type: ignore[attr-defined]


def _refused(request: requests.PreparedRequest) -> Exception:
    from urllib3.exceptions import MaxRetryError

    return MaxRetryError(None, str(request.url), NewConnectionError(None, "refused"))  # type: ignore[arg-type]


def _response(request: requests.PreparedRequest, status: int, body: bytes, request_id: str) -> requests.Response:
    response = requests.Response()
    response.status_code, response.request, response.url = status, request, str(request.url)
    response.headers["Content-Type"] = "application/json"
    if request_id:
        response.headers["X-Request-Id"] = request_id
    response.raw = HTTPResponse(io.BytesIO(body), status=status, preload_content=False)
    return response
