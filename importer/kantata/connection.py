"""The HTTP side of the Kantata OX API; the only file that imports requests.

Nothing here sends anything twice, but look-ups that Kantata throttles.
"""

from __future__ import annotations

import io
import logging
import random
import socket
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import RemoteDisconnected
from typing import Any
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies

import requests
from urllib3.exceptions import (
    ConnectTimeoutError,
    MaxRetryError,
    NewConnectionError,
    ReadTimeoutError,
)
from urllib3.exceptions import SSLError as UrllibSslError

from importer import __version__
from importer.kantata.addresses import LOOPBACK
from importer.kantata.answers import error_text, seconds_of
from importer.kantata.backoff import RetryBudget
from importer.kantata.deadline import Deadline, TooLate
from importer.kantata.lenient import json_object
from importer.kantata.transport import Session, TooLarge, body_of
from importer.model.errors import AccessDenied, NotReached
from importer.model.secret_forms import hidden

LOG = logging.getLogger(__name__)
ELSEWHERE = frozenset({301, 302, 307, 308, 404, 405})
"""Statuses that an address gives which is not the API's."""
WRONG_ADDRESS = (
    "Nothing was sent. Check KANTATA_BASE_URL: it ends in /api/v1, as https://api.mavenlink.com/api/v1 does."
)
_MARK = "(token)"
SHORTEST_IN_ANSWERS = 8
"""Characters; a shorter token, such as that of the sandbox, is a word that invoices may hold."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What the server said to a request, without the token."""

    status: int
    body: str
    headers: dict[str, str]
    """Names in lower case."""


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """A request to which no answer came."""

    said: str
    """What the network says, without the token."""
    may_have_left: bool
    """Whether any of it may have reached the server; False is proof that it did not."""


class _Bearer(requests.auth.AuthBase):
    """Sets the token last, so that no .netrc entry of the user can replace it."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request

    def __repr__(self) -> str:
        return "_Bearer(…)"


class _Body(io.BytesIO):
    """The body of a request; knows whether any of it was handed to the network.

    It is read only once the connection stands (TLS and proxy included) and the
    headers are out, so a body that was never read belongs to no invoice.
    """

    taken = False
    deadline: Deadline | None = None

    def read(self, size: int | None = -1, /) -> bytes:
        """Give the next bytes, and remember that they left. Raises TooLate for the first ones."""
        if not self.taken and self.deadline is not None and self.deadline.passed:
            raise TooLate
        self.taken = True
        return super().read(size)


class Connection:
    """One HTTP session with one account of Kantata."""

    def __init__(
        self, base_url: str, token: str, *, connect_timeout: float, read_timeout: float, patience: float
    ) -> None:
        """``base_url`` as in the settings; time-outs and patience in seconds. Opens no connection yet."""
        self.host = urlsplit(base_url).netloc
        self.their_time: str | None = None
        """The header Date of the last look-up."""
        self.base_url = base_url.rstrip("/")
        self._timeout = (connect_timeout, read_timeout)
        self._patience = RetryBudget(patience)
        self._token = token
        self._secrets = (token, *_secrets_of_proxies())
        self.session = Session()
        self.session.auth = _Bearer(token)
        self.session.headers.update({"Accept": "application/json", "User-Agent": f"invoice-importer/{__version__}"})
        # A proxy of the environment has no business between us and our own machine.
        self.session.trust_env = urlsplit(base_url).hostname not in LOOPBACK

    def send(
        self,
        method: str,
        route: str,
        *,
        query: dict[str, str] | None = None,
        json_body: str | None = None,
        deadline: Deadline | None = None,
    ) -> Answered | NoAnswer:
        """Send a request that changes something, once; never raises for what the network does.

        ``deadline``: after it the request does not leave any more.
        """
        if deadline is not None and deadline.passed:
            return NoAnswer(_TOO_LATE, may_have_left=False)
        body = None
        if json_body is not None:
            body = _Body(json_body.encode())
            body.deadline = deadline
        try:
            response = self.session.request(
                method,
                f"{self.base_url}/{route}",
                params=query,
                data=body,
                headers=None if body is None else {"Content-Type": "application/json"},
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
            )
            return self._answer_in(response)
        except Exception as error:  # noqa: BLE001 - a person gets a sentence, whatever failed
            left = body.taken if body is not None else not _never_connected(error)
            return NoAnswer(self.without_token(_said(error)), left)

    def look_up(self, route: str, query: dict[str, str]) -> dict[str, Any]:
        """Ask for a page of a list. Raises NotReached or AccessDenied."""
        try:
            answered = self._patiently(f"{self.base_url}/{route}", query)
        except (requests.RequestException, ValueError) as error:  # ValueError: a Location that is no address
            msg = f"Kantata could not be asked at {self.host}: {self.without_token(_said(error))}"
            raise NotReached(msg, "Check the network, then run again; nothing was sent.") from None
        status = answered.status
        said = self.without_token(error_text(answered.body))
        if status in (401, 403):
            raise AccessDenied(
                f"Kantata refuses access ({status}): {said}",
                "Check that KANTATA_TOKEN is current and may see invoices.",
            )
        answer = json_object(answered.body)
        if status != requests.codes.ok or answer is None or answer.get("errors"):
            msg = f"Kantata did not answer a look-up as expected (HTTP {status}): {said}"
            raise NotReached(msg, WRONG_ADDRESS if status in ELSEWHERE else "Nothing was sent; run again later.")
        return answer

    def _patiently(self, address: str, query: dict[str, str]) -> Answered:
        """Ask again while Kantata throttles: some look-ups have a limit of their own (docs/kantata.md section 5)."""
        while True:
            began = time.monotonic()
            answered = self._answer_in(
                self.session.get(address, params=query, timeout=self._timeout, allow_redirects=False, stream=True)
            )
            self.their_time = answered.headers.get("date")
            LOG.debug(
                "GET %s",
                address,
                extra={
                    "http_status": answered.status,
                    "duration_ms": round((time.monotonic() - began) * 1000),
                    "request_id": self.without_token(answered.headers.get("x-request-id", "")) or None,
                },
            )
            if answered.status != requests.codes.too_many_requests:
                return answered
            asked_for = seconds_of(answered.headers.get("retry-after"))
            wait = self._patience.wait(asked_for, random.random())  # noqa: S311 - jitter, no secret
            if wait is None:
                return answered
            self._patience = self._patience.after_wait(wait)
            time.sleep(wait)

    def _answer_in(self, response: requests.Response) -> Answered:
        """Read the whole answer, within its bounds, and take the token out of it. Raises RequestException."""
        body = body_of(response)
        headers = {name.lower(): value for name, value in response.headers.items()}
        if len(self._token) < SHORTEST_IN_ANSWERS:
            return Answered(response.status_code, body, headers)

        def clean(text: str) -> str:
            return hidden(text, (self._token,), _MARK)

        clean_headers = {clean(name): clean(value) for name, value in headers.items()}
        return Answered(response.status_code, clean(body), clean_headers)

    def without_token(self, text: str) -> str:
        """A server or proxy may repeat the request in its answer; the token must not get into reports or the ledger.

        Nor does the password of a proxy, which the network may repeat in its errors.
        """
        return hidden(text, self._secrets, _MARK)


def _secrets_of_proxies() -> Iterator[str]:
    """What stands before the @ in the proxies of the environment, whole and in the pieces that errors repeat."""
    for address in getproxies().values():
        login = address.partition("://")[2].rpartition("@")[0]
        password = login.partition(":")[2]
        first = login.partition("/")[0]  # as far as a password with a slash is taken for the host
        for secret in (login, first, password, *password.split("/")):
            yield secret
            yield unquote(secret)


def _never_connected(error: Exception) -> bool:
    """Whether a request without a body failed before any byte of it could leave."""
    cause = error.args[0] if error.args else None
    return isinstance(error, requests.exceptions.ConnectTimeout) or (
        isinstance(cause, MaxRetryError) and isinstance(cause.reason, (NewConnectionError, UrllibSslError))
    )


def _said(error: BaseException) -> str:
    """The innermost reason of a network failure; never a header, so never the token."""
    cause = error
    while (inner := _reason_of(cause)) is not None:
        cause = inner

    if isinstance(cause, ssl.SSLError):
        return _tls(cause)
    for kind, words in _IN_WORDS:
        if isinstance(cause, kind):
            return words
    return f"{type(cause).__name__}: {cause}"


def _reason_of(error: BaseException) -> BaseException | None:
    """The failure that another one wraps."""
    for inner in (getattr(error, "reason", None), error.__cause__, *error.args):
        if isinstance(inner, BaseException):
            return inner
    return None


def _tls(error: ssl.SSLError) -> str:
    """Why a connection is not safe, so that a wrong clock is not taken for a wrong certificate, nor for a proxy."""
    if not isinstance(error, ssl.SSLCertVerificationError):
        return f"no safe connection came about; perhaps a proxy answers in its place ({error.reason or error})"
    message = str(getattr(error, "verify_message", error))
    said, code = message.lower(), getattr(error, "verify_code", 0)
    if code in _TIME_CODES or any(words in said for words in ("expired", "not yet valid")):
        return _WRONG_TIME
    if code in _NAME_CODES or any(words in said for words in ("mismatch", "not valid for", "does not match")):
        return _WRONG_NAME
    return f"{_UNKNOWN_AUTHORITY} ({message})"


_TIME_CODES = frozenset({9, 10, 0x800B0101 - 2**32, 0x800B0101})
"""Of OpenSSL (not yet valid, expired) and of Windows (CERT_E_EXPIRED)."""
_NAME_CODES = frozenset({62, 64, 0x800B010F - 2**32, 0x800B010F})
"""Of OpenSSL (host name, IP address) and of Windows (CERT_E_CN_NO_MATCH)."""
_WRONG_TIME = (
    "its certificate is not valid at the time that this machine's clock shows; set the clock, or if that is right, "
    "the certificate has expired"
)
_WRONG_NAME = "its certificate is that of another name; the address is wrong, or something answers in its place"
_UNKNOWN_AUTHORITY = (
    "its certificate is of an authority that this machine does not trust; where a proxy of your company reads along, "
    "have its authority added to the trust store of the operating system"
)
_TOO_LATE = "the machine slept or was busy for so long that it was too late to send it"
_IN_WORDS: tuple[tuple[type[BaseException], str], ...] = (
    (socket.gaierror, "its name is not known here; the network or the address is wrong"),
    (ConnectTimeoutError, "the connection did not come about in time"),
    (ReadTimeoutError, "the wait for its answer timed out"),
    (ConnectionRefusedError, "the connection was refused; no program listens there"),
    (ConnectionResetError, "the connection was broken off"),
    (BrokenPipeError, "the connection was broken off"),
    (RemoteDisconnected, "the connection was closed without an answer"),
    (TimeoutError, "the wait for its answer timed out"),
    (TooLate, _TOO_LATE),
    (TooLarge, "its answer is larger than any that is meant, and was not read to its end"),
)
"""Failures of the network, for people who do not know their names; the first that fits."""
