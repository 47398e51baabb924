"""A server that says exactly what a test wants, byte for byte, and keeps what it received."""

from __future__ import annotations

import json
import socket
import socketserver
import threading
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came."""

    method: str
    target: str
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes


def http(status: int, body: bytes | str = b"", **headers: str) -> bytes:
    """Write an answer; header names with ``_`` for ``-``."""
    content = body.encode() if isinstance(body, str) else body
    names = {"Content-Type": "application/json", "Content-Length": str(len(content)), "Connection": "close"}
    names |= {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = "Something"
    lines = [f"HTTP/1.1 {status} {phrase}", *(f"{name}: {value}" for name, value in names.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + content


def created(invoice_id: int = 9001, **fields: object) -> bytes:
    """Write the answer of Kantata to an invoice that it created."""
    record = {
        "id": str(invoice_id),
        "status": "new",
        "draft": True,
        "currency": "EUR",
        "external_reference_ids": [],
        **fields,
    }
    envelope = {
        "count": 1,
        "results": [{"key": "invoices", "id": str(invoice_id)}],
        "invoices": {str(invoice_id): record},
        "meta": {"count": 1, "page_count": 1, "page_number": 1, "page_size": 20},
    }
    return http(200, json.dumps(envelope), X_Request_Id=f"request-{invoice_id}")


@dataclass
class Scripted:
    """Answers requests one after the other as told; the last answer is repeated."""

    answers: list[bytes | Callable[[Request], bytes]]
    """An empty answer drops the connection."""
    received: list[Request] = field(default_factory=list)

    def __enter__(self) -> Self:
        """Listen."""
        script = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                if (request := _read(self.rfile)) is not None:
                    answer = script.next_answer(request)
                    said = answer if isinstance(answer, bytes) else answer(request)
                    self.wfile.write(said)
                    self.request.shutdown(socket.SHUT_RDWR)

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                """Say nothing: clients of these tests leave as they like."""

        self._lock = threading.Lock()
        self._server = Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self.base_url = f"http://127.0.0.1:{self.port}/api/v1"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def next_answer(self, request: Request) -> bytes | Callable[[Request], bytes]:
        """Note a request and return what is said to it."""
        with self._lock:
            self.received.append(request)
            return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    @property
    def posts(self) -> list[Request]:
        """The POSTs received."""
        return [one for one in self.received if one.method == "POST"]


def _read(stream: object) -> Request | None:
    line = stream.readline().decode("latin-1").split()  # type: ignore[attr-defined]
    if len(line) < 2:
        return None
    headers = {}
    while text := stream.readline().decode("latin-1").strip():  # type: ignore[attr-defined]
        name, _, value = text.partition(":")
        headers[name.lower()] = value.strip()
    body = stream.read(int(headers.get("content-length", 0)))  # type: ignore[attr-defined]
    return Request(line[0], line[1], headers, body)
