"""The HTTP server under the stand-in: threads, keep-alive, and answers that go wrong on order.

Werkzeug's own handler closes every connection after one answer. Kantata keeps them open, and a client's pool behaves
differently when they are, so this one reads each body whole, answers with a Content-Length and keeps the connection.
"""

from __future__ import annotations

import contextlib
import ipaddress
import json
import os
import socket
import threading
from http import HTTPStatus
from http.client import responses
from io import BytesIO
from typing import TYPE_CHECKING, assert_never

from flask import Response
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler
from werkzeug.test import run_wsgi_app

from importer.sandbox.faults import Fault, FaultKind
from importer.sandbox.refusals import SYNTAX, SYSTEM, VALIDATION, errors_body, unauthorised

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

ENDING_HEADER = "X-Sandbox-Ending"
"""Set by the application, never sent: how the answer ends when not as usual."""
DROP = "drop"
"""Not a byte of answer."""
CUT_OFF = "cut off"
"""Half of the body."""

POLL_SECONDS = 0.02
"""How often the listening thread looks whether it should stop."""


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; ValueError unless the host is a loopback address."""
    address = "127.0.0.1" if host == "localhost" else host
    try:
        loopback = ipaddress.IPv4Address(address).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        msg = f"the sandbox listens on a loopback address such as 127.0.0.1 only, not on {host!r}"
        raise ValueError(msg)
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        if os.name == "posix":  # on Windows this option lets two servers share a port
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((address, port))
        listening.listen(ThreadedWSGIServer.request_queue_size)
    except OSError:
        listening.close()
        raise
    return listening


class KeepAliveHandler(WSGIRequestHandler):
    """One connection: any number of requests, one after the other."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    """Buffered, so that headers and body leave in one piece."""
    server: SandboxServer

    def setup(self) -> None:
        """Enter the connection in the server's list."""
        super().setup()
        self.server.opened(self.connection)

    def finish(self) -> None:
        """Leave the list."""
        self.server.closed(self.connection)
        with contextlib.suppress(OSError):  # dropped: nothing is left to flush
            super().finish()

    def run_wsgi(self) -> None:
        """Read one request, have it answered, keep the connection."""
        if self.headers.get("Expect", "").lower().strip() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self.wfile.flush()
        environ = self.make_environ()
        self.environ = environ
        self._read_body(environ)
        chunks, status, headers = run_wsgi_app(self.server.app, environ, buffered=True)
        body = b"".join(chunks)
        ending = headers.pop(ENDING_HEADER, None)
        if ending == DROP:
            self._drop()
            return
        code, _, reason = status.partition(" ")
        self.send_response(int(code), reason)
        for name, value in headers.items():
            self.send_header(name, value)
        if "Content-Length" not in headers and int(code) != HTTPStatus.NO_CONTENT:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body[: len(body) // 2] if ending == CUT_OFF else body)
        self.wfile.flush()
        if ending == CUT_OFF:
            self._drop()

    def _read_body(self, environ: WSGIEnvironment) -> None:
        """Take the whole body off the connection, so that the next request begins where it should."""
        if environ.get("wsgi.input_terminated"):
            body = environ["wsgi.input"].read()
        else:
            length = environ.get("CONTENT_LENGTH", "")
            body = self.rfile.read(int(length)) if length.isdigit() else b""
        environ["wsgi.input"] = BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body))

    def _drop(self) -> None:
        """Close the connection as it is."""
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - as inherited
        """Say nothing: stdout and stderr belong to the importer; the recorder keeps the requests."""


class SandboxServer(ThreadedWSGIServer):
    """The listening server; knows its open connections so that it can stop at once."""

    def __init__(self, listening: socket.socket, app: WSGIApplication) -> None:
        """Take over a copy of a listening socket; the caller closes its own."""
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        host, port = listening.getsockname()
        super().__init__(host, port, app, KeepAliveHandler, fd=listening.fileno())

    def serve_forever(self, poll_interval: float = POLL_SECONDS) -> None:
        """Serve until :meth:`stop`."""
        super().serve_forever(poll_interval)

    def opened(self, connection: socket.socket) -> None:
        """Note an open connection."""
        with self._open_lock:
            self._open.add(connection)

    def closed(self, connection: socket.socket) -> None:
        """Forget a connection."""
        with self._open_lock:
            self._open.discard(connection)

    def stop(self) -> None:
        """Stop listening and drop the open connections, idle ones included."""
        self.shutdown()
        with self._open_lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)


# --- answers that go wrong ---

HTML = "<!DOCTYPE html><html><head><title>Please wait</title></head><body><h1>We'll be back soon</h1></body></html>"
HTML_TYPE = "text/html; charset=utf-8"
KINDS: dict[int, str] = {HTTPStatus.UNPROCESSABLE_ENTITY: VALIDATION, HTTPStatus.BAD_REQUEST: SYNTAX}
"""Type of error that goes with a status; all others are of type system."""


def spoil(fault: Fault, answer: Response | None, path: str) -> Response | None:  # noqa: C901, PLR0911 - one branch per kind
    """Return the answer that a fault puts in the place of ``answer`` (None when that is not made yet).

    None leaves things as they are.
    """
    made = b""
    if answer is not None:
        made = answer.get_data()
    match fault.kind:
        case FaultKind.SLOW_BEFORE | FaultKind.SLOW_AFTER:
            return None
        case FaultKind.STATUS_BEFORE | FaultKind.STATUS_AFTER:
            return _status(fault)
        case FaultKind.DROP_BEFORE | FaultKind.DROP_AFTER:
            return Response(headers={ENDING_HEADER: DROP})
        case FaultKind.HTML_BEFORE:
            return _html(fault, HTTPStatus.BAD_GATEWAY)
        case FaultKind.HTML_AFTER:
            return _html(fault, HTTPStatus.OK)
        case FaultKind.TRUNCATED_AFTER:
            return Response(made[: len(made) // 2], mimetype="application/json")
        case FaultKind.CUT_OFF_AFTER:
            return Response(made, mimetype="application/json", headers={ENDING_HEADER: CUT_OFF})
        case FaultKind.ERRORS_200_BEFORE | FaultKind.ERRORS_200_AFTER:
            return _json(fault, HTTPStatus.OK, errors_body(SYSTEM, "Something went wrong"))
        case FaultKind.EMPTY_200_BEFORE | FaultKind.EMPTY_200_AFTER:
            return Response(b"", mimetype="application/json")
        case FaultKind.REDIRECT_BEFORE | FaultKind.REDIRECT_AFTER:
            return Response(b"", HTTPStatus.FOUND, headers={"Location": path})
        case _:
            assert_never(fault.kind)


def _status(fault: Fault) -> Response:
    status = fault.status or HTTPStatus.SERVICE_UNAVAILABLE
    if status == HTTPStatus.UNAUTHORIZED:
        return _json(fault, status, unauthorised().body)
    return _json(fault, status, errors_body(KINDS.get(status, SYSTEM), responses.get(status, f"Status {status}")))


def _html(fault: Fault, status: int) -> Response:
    return _answer(fault, fault.status or status, HTML, HTML_TYPE)


def _json(fault: Fault, status: int, body: dict[str, object]) -> Response:
    return _answer(fault, status, json.dumps(body), "application/json")


def _answer(fault: Fault, status: int, body: str, content_type: str) -> Response:
    if fault.body is not None:
        body = fault.body
    response = Response(body, status, content_type=content_type)
    if fault.retry_after is not None:
        response.headers["Retry-After"] = str(fault.retry_after)
    return response
