"""Kantata as the program meets it: a stand-in asked in this process, and the bad weather on the way to it."""

from __future__ import annotations

import io
import json
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from kinds import KINDS
from requests.adapters import BaseAdapter
from urllib3 import HTTPResponse
from urllib3.exceptions import MaxRetryError, NewConnectionError, ProtocolError

from importer.sandbox import account, app
from importer.sandbox.faults import FaultQueue
from importer.sandbox.habits import Behaviour, Habits
from importer.sandbox.received import Recorder, UnderWay
from importer.sandbox.store import Store

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

    from world import World

    from importer.sandbox.received import StoredInvoice

TOKEN = "simulated"  # noqa: S105 - of a world that does not exist
ADDRESS = "http://127.0.0.1:1"
MOST_REQUESTS = 2_000
"""Of one command; more means that it never ends."""
LONGEST_UNDER_WAY = 110.0
"""Seconds after which a request whose answer was lost may still take effect; with the 60 s that it may leave after its
claim, less than the 180 s after which the program counts it as ended."""
REFUSALS = (400, 401, 403, 404, 422, 429, 500, 502, 503)
"""Answers to a request that nothing came of."""
ODD = (202, 301, 307, 409, 418, 500, 500, 502, 504)
"""Answers to a request that was carried out."""


class Endless(BaseException):
    """A command asks for ever."""


@dataclass
class Weather:
    """How often what goes wrong, between 0 and 1; 0 throughout is a calm day."""

    unreachable: float = 0.0
    """The connection never comes about."""
    dropped: float = 0.0
    """The request is lost on its way."""
    refused: float = 0.0
    """Kantata answers one of REFUSALS, and does nothing."""
    unanswered: float = 0.0
    """The request takes effect, and its answer is lost."""
    late: float = 0.0
    """Its answer is lost, and it takes effect within LONGEST_UNDER_WAY."""
    odd: float = 0.0
    """The request takes effect, and its answer is one of ODD."""
    cut: float = 0.0
    """The answer ends in the middle."""
    mixed: float = 0.0
    """A request to create gets the answer to the one before."""
    slow: float = 0.0
    """The answer takes minutes."""
    lag_seconds: float = 0.0
    """How long lists do not show what was just created."""

    @classmethod
    def drawn(cls, random: random.Random, most: dict[str, float]) -> Weather:
        """Draw the weather of an episode; ``most`` says how often what goes wrong at most."""
        weather = cls()
        for field in fields(cls):
            limit = most.get(field.name, 0.0)
            setattr(weather, field.name, random.choice((0.0, limit, limit)))
        return weather


@dataclass(frozen=True)
class Request:
    """What of a request matters to Kantata."""

    method: str
    path: str
    query: str
    authorization: str
    content_type: str
    body: bytes
    command: int = 0
    """Number of the command that sent it; 0 for a person in Kantata."""

    @property
    def creates(self) -> bool:
        """Whether it is to create an invoice."""
        return self.method == "POST" and self.path.endswith("/invoices")


class Kantata:
    """The account at the other end of the wire."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.random = world.random
        self.weather = Weather()
        self.store = Store(None, account.fill, account.VERSION)
        hosts = frozenset({urlsplit(ADDRESS).netloc})
        parts = app.Parts(
            self.store, TOKEN, FaultQueue(), Behaviour(Habits()), Recorder(), UnderWay(), hosts=hosts, control=False
        )
        self._wsgi = app.build(parts)
        self._lags_ids = world.seed // len(KINDS) % 2 == 1
        """Whether lists lag also for those who ask for an id."""
        self.spared = 1
        """Look-ups go wrong so many times less often than what changes something."""
        self.sent_twice: list[str] = []
        """What was sent although a live invoice bills it, in words; Kantata may have refused it."""
        self.is_asked = False
        """Whether it is at work just now: what it commits is none of the program's business."""
        self.requests = 0
        """Of the command that runs."""
        self.created: dict[int, StoredInvoice] = {}
        """Every invoice that this program ever created, as it was then."""
        self.created_by: dict[int, int] = {}
        """Invoice → the command that created it."""
        self.removed_by: dict[int, int] = {}
        """Invoice → the command that deleted or cancelled it, 0 for a person."""
        self._live: list[StoredInvoice] | None = None
        """What :meth:`invoices` read, until a request changes something."""
        self._under_way: list[tuple[datetime, Request]] = []
        self._answer_before: bytes | None = None

    @contextmanager
    def _asked(self) -> Iterator[None]:
        self.is_asked = True
        try:
            yield
        finally:
            self.is_asked = False

    # --- what is there ---

    def invoices(self) -> list[StoredInvoice]:
        """What it holds of this program and is not cancelled."""
        if self._live is None:
            with self._asked():
                stored = self.store.invoices(with_sample=False)
            self._live = [invoice for invoice in stored if invoice.status != "cancelled"]
        return self._live

    def by_hand(self, invoice: StoredInvoice) -> None:
        """A person deletes a draft, or cancels an active invoice."""
        method, route = ("DELETE", "") if invoice.draft else ("PUT", "/cancel")
        path = f"/api/v1/invoices/{invoice.id}{route}"
        self._done(Request(method, path, "", f"Bearer {TOKEN}", "", b""))

    # --- the wire ---

    def session(self) -> requests.Session:
        """Stands in for the program's own."""
        session = requests.Session()
        session.trust_env = False
        session.mount("http://", _Adapter(self))
        return session

    def answer(self, prepared: requests.PreparedRequest) -> requests.Response:
        """Carry a request to Kantata and its answer back, as the weather allows."""
        world, weather, happens = self._world, self.weather, partial(self._happens, prepared)
        self.requests += 1
        if self.requests > MOST_REQUESTS:
            raise Endless
        request = self._on_its_way(prepared)
        if happens(weather.dropped):
            raise requests.ConnectionError(ProtocolError("dropped"))
        if happens(weather.refused):
            return _response(prepared, self.random.choice(REFUSALS), b'{"errors": [{"message": "no"}]}')
        if request.method != "GET" and happens(weather.late):
            self._delay(request)
            world.point()
            raise requests.ConnectionError(ProtocolError("dropped"))

        status, body = self._done(request)
        if happens(weather.slow):
            world.sleep(self.random.choice((30, 200, 400)))
        world.point(may_sleep=prepared.body is not None)
        if happens(weather.unanswered):
            raise requests.ConnectionError(ProtocolError("dropped"))
        if happens(weather.odd):
            return _response(prepared, self.random.choice(ODD), b"")
        if happens(weather.cut):
            body = body[: self.random.randrange(len(body) + 1)]
        return _response(prepared, status, self._as_shown(request, body))

    def _happens(self, prepared: requests.PreparedRequest, how_often: float) -> bool:
        spared = self.spared if prepared.method == "GET" else 1
        return self.random.random() * spared < how_often

    def _on_its_way(self, prepared: requests.PreparedRequest) -> Request:
        """A request leaves, unless its process ends, its machine sleeps for too long, or Kantata cannot be reached."""
        self._world.point(may_sleep=prepared.body is not None)
        self._world.sleep(0.05 + self.random.random() * 2)
        if self._happens(prepared, self.weather.unreachable):
            raise requests.ConnectionError(_never_connected(prepared))
        return self._read(prepared)

    def _as_shown(self, request: Request, body: bytes) -> bytes:
        """An answer, where Kantata mixes it up or its lists lag behind."""
        if request.creates:
            before, self._answer_before = self._answer_before, body
            if before is not None and self.random.random() < self.weather.mixed:
                return before
        lists = request.method == "GET" and request.path.endswith(("/invoices", "/external_references"))
        at_once = "only=" in request.query and not self._lags_ids
        if lists and self.weather.lag_seconds and not at_once:
            return self._without_newest(request, body)
        return body

    def _read(self, prepared: requests.PreparedRequest) -> Request:
        """Take a request off the wire: from here on it has left."""
        address, body = urlsplit(str(prepared.url)), prepared.body
        if body is not None and not isinstance(body, (str, bytes)):
            body = body.read()  # type: ignore[attr-defined]
        return Request(
            str(prepared.method),
            address.path,
            address.query,
            prepared.headers.get("Authorization", ""),
            prepared.headers.get("Content-Type", ""),
            bytes(body or b""),
            self._world.command,
        )

    # --- what it does ---

    def _delay(self, request: Request) -> None:
        due = self._world.now() + timedelta(seconds=self.random.uniform(1, LONGEST_UNDER_WAY))
        self._under_way.append((due, request))

    def due(self, end: datetime) -> Iterator[tuple[datetime, Request]]:
        """Requests under way that take effect until then, the earliest first."""
        while due := sorted(((at, request) for at, request in self._under_way if at <= end), key=lambda pair: pair[0]):
            self._under_way.remove(due[0])
            yield due[0]

    def take_effect(self, request: Request) -> None:
        """A request whose answer was lost is carried out after all."""
        status, _ = self._done(request)
        self._world.note(f"a lost request takes effect: {request.method} {request.path} → {status}")

    def _done(self, request: Request) -> tuple[int, bytes]:
        """Carry a request out."""
        changes = request.method != "GET"
        before = self._by_id() if changes else {}
        if request.creates:
            self._compare(request, before)
        said: list[str] = []
        with self._asked():
            parts = self._wsgi(_environ(request), lambda status, _headers: said.append(status))  # type: ignore[arg-type, return-value]
            body = b"".join(parts)
        if changes:
            self._live = None
            after = self._by_id()
            new, gone = after.keys() - before.keys(), before.keys() - after.keys()
            self.created.update({number: after[number] for number in new})
            self.created_by.update(dict.fromkeys(new, request.command))
            self.removed_by.update(dict.fromkeys(gone, request.command))
        return int(said[0].split()[0]), body

    def _compare(self, request: Request, live: dict[int, StoredInvoice]) -> None:
        """Notice a line that is sent although it is billed."""
        body = json.loads(request.body)["invoice"]
        items = [*body.get("fixed_fee_items", ()), *body.get("additional_items", ())]
        sent = {*map(str, body.get("time_entry_ids", ())), *(str(item.get("notes")) for item in items)}
        for number, invoice in live.items():
            if both := sent & set(lines_of(invoice)):
                self.sent_twice.append(f"[{request.command}] sends {sorted(both)}, which {number} bills")

    def _by_id(self) -> dict[int, StoredInvoice]:
        return {invoice.id: invoice for invoice in self.invoices()}

    def _without_newest(self, request: Request, body: bytes) -> bytes:
        """A list without what was created a moment ago."""
        document = json.loads(body or b"{}")
        name = request.path.rpartition("/")[2]
        if name not in document:
            return body
        limit = (self._world.now() - timedelta(seconds=self.weather.lag_seconds)).isoformat()
        late = {key for key, record in document[name].items() if record.get("created_at", "") > limit}
        document[name] = {key: record for key, record in document[name].items() if key not in late}
        document["results"] = [result for result in document["results"] if result["id"] not in late]
        for holder in (document, document.get("meta", {})):
            if isinstance(holder.get("count"), int):
                holder["count"] -= len(late)
        return json.dumps(document).encode()


def lines_of(invoice: StoredInvoice) -> list[str]:
    """Names of the lines that an invoice bills."""
    sent = invoice.sent
    items = [*sent.get("fixed_fee_items", ()), *sent.get("additional_items", ())]
    return [str(id_) for id_ in invoice.time_entry_ids] + [str(item.get("notes")) for item in items]


class _Adapter(BaseAdapter):
    def __init__(self, kantata: Kantata) -> None:
        super().__init__()
        self._kantata = kantata

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        return self._kantata.answer(request)

    def close(self) -> None: ...


def _environ(request: Request) -> dict[str, Any]:
    return {
        "REQUEST_METHOD": request.method,
        "PATH_INFO": request.path,
        "QUERY_STRING": request.query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "1",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": urlsplit(ADDRESS).netloc,
        "HTTP_AUTHORIZATION": request.authorization,
        "CONTENT_TYPE": request.content_type,
        "CONTENT_LENGTH": str(len(request.body)),
        "wsgi.input": io.BytesIO(request.body),
        "wsgi.errors": io.StringIO(),
        "wsgi.url_scheme": "http",
        "wsgi.version": (1, 0),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }


def _never_connected(request: requests.PreparedRequest) -> Exception:
    return MaxRetryError(None, str(request.url), NewConnectionError(None, "refused"))  # type: ignore[arg-type]


def _response(request: requests.PreparedRequest, status: int, body: bytes) -> requests.Response:
    response = requests.Response()
    response.status_code, response.request, response.url = status, request, str(request.url)
    response.headers["Content-Type"] = "application/json"
    response.raw = HTTPResponse(io.BytesIO(body), status=status, preload_content=False)
    return response
