"""How requests travel: over TLS that the operating system judges, to answers that end in time and are not endless.

A broken or hostile server may send a byte now and then for ever, a body without an end, a few kilobytes that unpack to
gigabytes, or “100 Continue” again and again. Time-outs of single reads do not see that: here the whole answer has one
deadline, and a bound of its bytes, packed and unpacked.
"""

from __future__ import annotations

import io
import socket
import ssl
import time
from http.client import HTTPResponse
from typing import TYPE_CHECKING, Any, ClassVar

import requests
import truststore
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MOST_BYTES = 64 * 1024 * 1024
"""Of an answer, as it comes and as it is unpacked."""
_CHUNK = 64 * 1024


class TooLarge(OSError):
    """An answer has more bytes than any answer that is meant."""


class Session(requests.Session):
    """A session that follows nothing, and whose answers have bounds."""

    def __init__(self) -> None:
        """Open no connection yet."""
        super().__init__()
        adapter = _Adapter(max_retries=0)
        self.mount("http://", adapter)
        self.mount("https://", adapter)

    def get_redirect_target(self, response: requests.Response) -> None:
        """Nowhere; requests would otherwise read the whole body of a redirect to look for the next address."""
        del response


def body_of(response: requests.Response) -> str:
    """The body as UTF-8, as JSON is; requests would guess. Raises RequestException, TooLarge among its reasons."""
    parts, size = [], 0
    for part in response.iter_content(_CHUNK):
        size += len(part)
        if size > MOST_BYTES:
            response.close()
            raise requests.exceptions.ContentDecodingError(TooLarge())
        parts.append(part)
    return b"".join(parts).decode("utf-8", errors="replace")


def status_of(address: str, seconds: float) -> int:
    """Fetch an address that is not Kantata's, and give the status of its answer; its body is not read.

    Without a token or a login of the user's, following nothing. Raises RequestException.
    """
    with Session() as session:
        session.auth = _no_login
        response = session.get(address, timeout=seconds, allow_redirects=False, stream=True)
        response.close()
        return response.status_code


def _no_login(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """In place of what a .netrc of the user says."""
    return request


# --- bounds -----------------------------------------------------------------------------------


class _BoundedStream(io.RawIOBase):
    """The bytes of one answer, as long as there is time and room for them."""

    def __init__(self, stream: io.RawIOBase, connection: socket.socket) -> None:
        """Begin the time: as long as the connection would wait for a single byte, the whole answer has."""
        self._stream, self._socket = stream, connection
        self._left_bytes = MOST_BYTES
        seconds = connection.gettimeout()
        self._deadline = None if seconds is None else time.monotonic() + seconds

    def readable(self) -> bool:
        """As a stream that is read says."""
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int | None:
        """Wait for the next bytes. Raises TimeoutError at the deadline, TooLarge."""
        if self._deadline is not None:
            left = self._deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self._socket.settimeout(left)
        count: int | None = self._stream.readinto(buffer)
        self._left_bytes -= count or 0
        if self._left_bytes < 0:
            raise TooLarge
        return count

    def close(self) -> None:
        """Close the stream, which lets the socket go."""
        self._stream.close()
        super().close()


class _BoundedResponse(HTTPResponse):
    """An answer that is read through a bounded stream, from its first line on."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - as inherited
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_BoundedStream(self.fp.detach(), sock))


class _Connection(HTTPConnection):
    response_class = _BoundedResponse


class _TlsConnection(HTTPSConnection):
    response_class = _BoundedResponse


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


# --- TLS --------------------------------------------------------------------------------------


class _Adapter(HTTPAdapter):
    """Connections with bounds, whose certificates are judged by the trust store of the operating system.

    So a company's own authority works, as in its browsers. There is no way to switch the judging off.
    """

    _pools: ClassVar[dict[str, Any]] = {"http": _Pool, "https": _TlsPool}

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **kwargs: Any) -> None:  # noqa: ANN401, FBT001, FBT002 - as inherited
        """Make the pools of direct connections."""
        super().init_poolmanager(connections, maxsize, block, ssl_context=_system_trust(), **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:  # noqa: ANN401 - as inherited
        """Make the pools of connections through a proxy."""
        kwargs.setdefault("ssl_context", _system_trust())
        manager = super().proxy_manager_for(proxy, **kwargs)
        manager.pool_classes_by_scheme = self._pools
        return manager

    def cert_verify(self, conn: Any, url: str, verify: bool | str, cert: Any) -> None:  # noqa: ANN401, FBT001 - as inherited
        """Ask for a certificate, whatever is said; a bundle of REQUESTS_CA_BUNDLE adds to what the system trusts."""
        if isinstance(verify, str):
            super().cert_verify(conn, url, verify, cert)  # type: ignore[no-untyped-call]
        conn.cert_reqs = "CERT_REQUIRED"


def _system_trust() -> ssl.SSLContext:
    return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
