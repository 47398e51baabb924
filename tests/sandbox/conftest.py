"""A fresh stand-in per test, and a client that adds nothing of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests

from importer import sandbox as stand_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from importer.sandbox.running import Sandbox

TIMEOUT_SECONDS = 60
"""Bound against a hang, for a machine under load."""


class Client:
    """requests over loopback: no proxies, no retries, no redirects."""

    def __init__(self, sandbox: Sandbox) -> None:
        """Point it at a stand-in, with its token."""
        self.base_url = sandbox.base_url
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Authorization"] = f"Bearer {sandbox.token}"

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        """Send one request to a route below /api/v1."""
        options.setdefault("timeout", TIMEOUT_SECONDS)
        return self.session.request(method, self.base_url + path, allow_redirects=False, **options)

    def get(self, path: str, **params: object) -> dict[str, Any]:
        """Return the answer to a GET that succeeds."""
        answer = self.call("GET", path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def bill(self, include: str = "", **invoice: object) -> requests.Response:
        """POST an invoice; project 101 and 30 days by default."""
        if "workspace_ids" not in invoice:
            invoice.setdefault("workspace_id", 101)
        body = {"payment_schedule": 30} | invoice
        return self.call("POST", "/invoices", params={"include": include}, json={"invoice": body})

    def billed(self, include: str = "", **invoice: object) -> dict[str, Any]:
        """Return the invoice that a POST made."""
        answer = self.bill(include, **invoice)
        assert answer.status_code == 200, answer.text
        return next(iter(answer.json()["invoices"].values()))


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Return a stand-in that keeps everything in memory."""
    with stand_in.start() as running:
        yield running


@pytest.fixture
def connect() -> Iterator[Callable[[Sandbox], Client]]:
    """Return a maker of further clients."""
    clients: list[Client] = []

    def make(sandbox: Sandbox) -> Client:
        clients.append(Client(sandbox))
        return clients[-1]

    yield make
    for client in clients:
        client.session.close()


@pytest.fixture
def kantata(sandbox: Sandbox) -> Iterator[Client]:
    """Return a client of the stand-in."""
    client = Client(sandbox)
    yield client
    client.session.close()


@pytest.fixture(scope="session")
def untouched() -> Iterator[Client]:
    """Return a client of a stand-in that no test changes."""
    with stand_in.start() as running:
        client = Client(running)
        yield client
        client.session.close()
