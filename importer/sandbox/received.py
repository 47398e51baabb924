"""What reached the stand-in server and what it keeps, for tests and audits."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


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
        self._received: list[Received] = []

    def note(self, received: Received) -> int:
        """Add a request; return its place for :meth:`note_answer`."""
        with self._lock:
            self._received.append(received)
            return len(self._received) - 1

    def note_answer(self, place: int, status: int) -> None:
        """Add the status that was answered."""
        with self._lock:
            self._received[place] = replace(self._received[place], status=status)

    def list(self, method: str, path_prefix: str) -> list[Received]:
        """Return the requests of a method (``*`` for any) to the routes that begin with a prefix."""
        with self._lock:
            return [one for one in self._received if method in {"*", one.method} and one.path.startswith(path_prefix)]
