"""Who is let in: the person who has the address that was printed, from the page itself, and no one else."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, cast

from flask import Response, abort, redirect, request

from importer.app import peers

if TYPE_CHECKING:
    from flask import Flask

HERE = "127.0.0.1"
"""The only address that is listened on."""
COOKIE_SECONDS = 400 * 24 * 3600
"""The cookie outlives the browser; it is worth nothing once the program has ended."""
OWN = ("same-origin", "none")
"""Where a request comes from, as browsers say it: from our own page, or from the person."""
_ON = '<!doctype html><html lang="en"><title>invoice-importer</title><meta http-equiv="refresh" content="0;url=/">'
PERMITTED = "'self'"
HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src {PERMITTED}; script-src {PERMITTED}; img-src {PERMITTED}; "
        f"connect-src {PERMITTED}; form-action {PERMITTED}; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # with no-referrer, browsers would send forms without their origin
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


ANOTHER_USER = "This page was opened by another user of this machine. Open it as the user who started the app."
UNSEEN = (
    "This system does not show who opened this page: the connection comes through a container or a proxy. "
    "Open it in a browser of this machine, or through ssh -L PORT:127.0.0.1:PORT with the port of the address."
)


@dataclass(frozen=True, slots=True)
class Guard:
    """The door of one start of the program."""

    port: int
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    """In the first address only."""
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    """In the cookie."""

    @property
    def origin(self) -> str:
        """The address of the pages, without a path."""
        return f"http://{HERE}:{self.port}"

    @property
    def first_address(self) -> str:
        """What the browser is opened with."""
        return f"{self.origin}/?token={self.token}"

    @property
    def cookie(self) -> str:
        """Name of the cookie; all ports of a machine share their cookies."""
        return f"invoice_importer_{self.port}"

    def watch(self, app: Flask) -> None:
        """Stand at every page of the app, files of its look too."""
        app.before_request(self._check)
        app.after_request(_with_headers)

    def _check(self) -> Response | None:
        if request.headers.get("Host") != f"{HERE}:{self.port}":
            abort(HTTPStatus.MISDIRECTED_REQUEST)
        match peers.peer_of(request.environ["REMOTE_ADDR"], int(request.environ["REMOTE_PORT"]), HERE, self.port):
            case peers.Peer.OTHER:
                abort(HTTPStatus.FORBIDDEN, ANOTHER_USER)  # which may have got the cookie: ports share them
            case peers.Peer.UNSEEN:
                abort(HTTPStatus.FORBIDDEN, UNSEEN)
            case peers.Peer.OWN:
                pass
        if request.method == "GET" and _same(request.args.get("token", ""), self.token):
            return self._let_in()
        if not _same(request.cookies.get(self.cookie, ""), self.secret):
            abort(HTTPStatus.UNAUTHORIZED)
        if request.method not in ("GET", "HEAD") and request.headers.get("Origin") != self.origin:
            abort(HTTPStatus.FORBIDDEN)
        if request.headers.get("Sec-Fetch-Site", "same-origin") not in OWN:
            abort(HTTPStatus.FORBIDDEN)  # another page, also one of another port of this machine
        return None

    def _let_in(self) -> Response:
        """Give the cookie, and take the token out of the address.

        A browser that comes from elsewhere, such as a mail or a file, sends the cookie only after a page of our own.
        """
        answer = Response(_ON, mimetype="text/html")
        if request.headers.get("Sec-Fetch-Site", "none") in OWN:
            answer = cast("Response", redirect(request.path, HTTPStatus.SEE_OTHER))
        answer.set_cookie(self.cookie, self.secret, max_age=COOKIE_SECONDS, httponly=True, samesite="Strict")
        return answer


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(), wanted.encode())


def _with_headers(answer: Response) -> Response:
    answer.headers.update(HEADERS)
    return answer
