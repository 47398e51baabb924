"""What can be seen of a stand-in from outside: the requests that reached it, and the invoices that it keeps."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

LONGEST_END_SECONDS = 5.0
"""How long a reset waits for the requests under way to end."""


@dataclass(frozen=True, slots=True)
class Received:
    """One request that reached the server, whether it was answered or not."""

    method: str
    path: str
    """Route below ``/api/v1``, without ``.json``: ``/invoices``."""
    query: Mapping[str, str]
    """Query parameters; of a repeated one, the last."""
    headers: Mapping[str, str]
    """Header names in lower case; the value of ``authorization`` is hidden."""
    body: bytes
    arrived_at: float
    """Seconds since the epoch, when the request had been read completely."""
    request_id: str
    """The X-Request-Id of its answer."""
    status: int | None = None
    """HTTP status answered; None while under way and after a drop."""

    @property
    def json(self) -> Any:  # noqa: ANN401 - untyped by its library
        """The body read as JSON; ValueError when it is none."""
        return json.loads(self.body)

    def as_json(self) -> dict[str, object]:
        """Return the form that ``GET /_sandbox/requests`` answers; ``json`` is null for a body that is none."""
        try:
            body_json = self.json
        except ValueError:
            body_json = None
        return {
            "method": self.method,
            "path": self.path,
            "query": dict(self.query),
            "headers": dict(self.headers),
            "body": self.body.decode(errors="replace"),
            "json": body_json,
            "arrived_at": self.arrived_at,
            "request_id": self.request_id,
            "status": self.status,
        }


@dataclass(frozen=True, slots=True)
class StoredInvoice:
    """An invoice as the store holds it."""

    id: int
    status: str
    """new, cancelled or accepted payment; a deleted draft is gone."""
    draft: bool
    user_invoice_number: int
    currency: str
    balance_in_cents: int
    workspace_ids: tuple[int, ...]
    time_entry_ids: tuple[int, ...]
    expense_ids: tuple[int, ...]
    billing_milestone_ids: tuple[int, ...]
    external_references: tuple[tuple[str, str, str], ...]
    """(service_name, service_model, service_model_ref) of each."""
    created_at: str
    sent: dict[str, Any] = field(default_factory=dict)
    """The ``invoice`` object of the POST as it came, unknown fields included; empty for the sample's own invoices."""


class Recorder:
    """Every request in the order of arrival; thread-safe."""

    def __init__(self) -> None:
        """Start empty."""
        self._lock = threading.Lock()
        self._received: dict[str, Received] = {}

    def note(self, received: Received) -> None:
        """Add a request."""
        with self._lock:
            self._received[received.request_id] = received

    def note_answer(self, request_id: str, status: int) -> None:
        """Add the status that a request was answered with."""
        with self._lock:
            if request_id in self._received:
                self._received[request_id] = replace(self._received[request_id], status=status)

    def list(self, method: str, path_prefix: str) -> list[Received]:
        """Return the requests of a method (``*`` for any) to the routes that begin with a prefix."""
        with self._lock:
            received = list(self._received.values())
        return [
            request for request in received if method in {"*", request.method} and request.path.startswith(path_prefix)
        ]

    def clear(self) -> None:
        """Forget every request."""
        with self._lock:
            self._received.clear()


class UnderWay:
    """The requests that are being answered: how long a fault lets one wait, and an end to the waiting; thread-safe."""

    def __init__(self) -> None:
        """Start without any."""
        self._changed = threading.Condition()
        self._number = 0
        self._ending = False
        self._stopped = False

    @property
    def stopped(self) -> bool:
        """Whether the server stops: no request waits any more."""
        return self._stopped

    def wait(self, seconds: float) -> bool:
        """Let the request of this thread wait; True when it was ended before its time."""
        with self._changed:
            return self._changed.wait_for(lambda: self._ending, seconds)

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Count one request while it is answered."""
        with self._changed:
            self._number += 1
        try:
            yield
        finally:
            with self._changed:
                self._number -= 1
                self._changed.notify_all()

    def stop(self) -> None:
        """End all waiting for good."""
        with self._changed:
            self._stopped = self._ending = True
            self._changed.notify_all()

    def end_all(self) -> None:
        """End the requests under way and return when they are answered; TimeoutError when one does not end."""
        with self._changed:
            self._ending = True
            self._changed.notify_all()
            ended = self._changed.wait_for(lambda: self._number == 0, LONGEST_END_SECONDS)
            self._ending = self._stopped
        if not ended:
            msg = f"a request to the sandbox did not end within {LONGEST_END_SECONDS:g} seconds"
            raise TimeoutError(msg)
