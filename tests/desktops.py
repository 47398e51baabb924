"""The running app with a stand-in Kantata, and a person who has opened it, without a browser."""

from __future__ import annotations

import html
import re
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests
from pydantic import SecretStr

from importer.app.desk import Place
from importer.app.serving import Serving
from importer.flow.mapping import Answers, SettingsPlace, write
from importer.flow.prepared import Tools
from importer.kantata.client import KantataApi
from importer.ledger.opening import open_ledger
from importer.settings.model import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from importer.ledger.ledger import SubmissionLedger
    from importer.sandbox.running import Sandbox

ACCOUNT = "stand-in"
HEAD = "Project ID,Invoice key,Item type,Description,Amount,Net days,Invoice date\n"
WAIT_SECONDS = 60
"""Bound against a hang, for a machine under load."""


def sheet_of(*lines: str) -> bytes:
    """Return a CSV of these lines below the header."""
    return (HEAD + "".join(f"{line}\n" for line in lines)).encode()


def fees(count: int) -> list[str]:
    """Lines of so many invoices, each of another amount."""
    return [f"101,K{number},Fixed fee,Work {number},{100 + number},30,2026-10-31" for number in range(1, count + 1)]


@dataclass
class Desktop:
    """The app under test, and what a person has: the address that was printed."""

    serving: Serving
    settings: Settings
    sandbox: Sandbox
    folder: Path

    def ledger(self) -> SubmissionLedger:
        """Open the ledger once more, as another program does."""
        return open_ledger(self.folder / "ledger.sqlite", ACCOUNT)

    def connect(self) -> KantataApi:
        """Return a connection of another program."""
        return self.serving.desk.place.connect()

    def sent(self) -> int:
        """Count the requests to create an invoice."""
        return len(self.sandbox.received("POST"))

    @property
    def root(self) -> str:
        """The address without its token."""
        return self.serving.address.partition("/?")[0]


@contextmanager
def desktop_at(folder: Path, sandbox: Sandbox, **more: Any) -> Iterator[Desktop]:
    """Run the app with its files in a folder."""
    settings = Settings(
        base_url=sandbox.base_url,
        token=SecretStr(sandbox.token),
        reports=folder / "reports",
        inbox=folder / "inbox",
        retry_seconds=0,
        **({"settle_seconds": 0} | more),
    )
    connections: list[KantataApi] = []

    def connect() -> KantataApi:
        connections.append(KantataApi(sandbox.base_url, sandbox.token, connect_timeout=2, read_timeout=30, patience=0))
        return connections[-1]

    @contextmanager
    def opened() -> Iterator[Tools]:
        ledger = open_ledger(folder / "ledger.sqlite", ACCOUNT)
        try:
            yield Tools(settings, ACCOUNT, ledger, connect())
        finally:
            ledger.close()

    def remember(answers: Answers) -> None:
        write(answers, SettingsPlace(folder / "importer.toml"))

    with Serving(Place(settings, ACCOUNT, opened, remember, connect, rehearsal=True), 0) as serving:
        yield Desktop(serving, settings, sandbox, folder)
    for connection in connections:
        connection._connection.session.close()  # noqa: SLF001 - a ResourceWarning would end up in another test


class Person:
    """Who has opened the address: follows links and fills forms as a browser does, without its script."""

    def __init__(self, desktop: Desktop) -> None:
        """Open the first page."""
        self.root, self._session = desktop.root, requests.Session()
        self.seen = self.get(desktop.serving.address.removeprefix(self.root))

    def get(self, path: str) -> requests.Response:
        """Look at a page."""
        self.seen = self._session.get(self.root + path, timeout=WAIT_SECONDS)
        return self.seen

    def post(self, path: str, data: dict[str, str] | None = None, **more: Any) -> requests.Response:
        """Send a form, as the page itself does."""
        more.setdefault("headers", {"Origin": self.root})
        self.seen = self._session.post(self.root + path, data=data, timeout=WAIT_SECONDS, **more)
        return self.seen

    def choose(self, content: bytes, name: str = "october.csv") -> str:
        """Choose a file, wait until it is read, and return the path of its pages."""
        self.post("/files", files={"file": (name, content)})
        return self.settled(self.path)

    def settled(self, path: str, *phases: str) -> str:
        """Wait until a file is in none of these phases any more, look at its page, and return its path."""
        under_way, end = phases or ("reading", "sending", "looking", "undoing"), time.monotonic() + WAIT_SECONDS
        while self._session.get(f"{self.root}{path}/state", timeout=WAIT_SECONDS).headers["X-Phase"] in under_way:
            assert time.monotonic() < end, "it takes too long"
            time.sleep(0.02)
        while path.startswith("/file/") and self.get(f"{path}/files").headers.get("X-Phase") == "writing":
            assert time.monotonic() < end, "it takes too long"
        self.get(path)
        return path

    @property
    def path(self) -> str:
        """Where the person is."""
        return self.seen.url.removeprefix(self.root).partition("#")[0]

    @property
    def text(self) -> str:
        """What the page says, without its tags."""
        return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", self.seen.text)).split())

    def field(self, name: str) -> str:
        """The value that the page gives to a field."""
        found = re.search(rf'name="{name}" value="([^"]*)"', self.seen.text)
        assert found is not None, name
        return html.unescape(found[1])

    def approve(self, path: str) -> None:
        """Approve the plan that the page shows."""
        self.post(f"{path}/approve", {"plan": self.field("plan")})

    def send(self, path: str, *typed: str) -> None:
        """Type the totals, the first currency first, and send."""
        totals = {f"total-{number}": figure for number, figure in enumerate(typed)}
        self.post(f"{path}/send", {"plan": self.field("plan"), **totals})
