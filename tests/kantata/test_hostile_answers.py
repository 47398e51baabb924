"""A broken or hostile server harms no one: its answers end, are not endless, and give the token away to nobody."""

from __future__ import annotations

import base64
import gzip
import html
import json
import socket
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plans import fees
from scripted import Request, Scripted, created, http

from importer.kantata import connection, transport
from importer.kantata.answers import classify
from importer.kantata.client import KantataApi
from importer.kantata.deadline import Deadline
from importer.model.answers import OutcomeKind
from importer.model.errors import NotReached
from importer.model.secret_forms import hidden

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SECONDS = 0.6
"""How long the client waits for an answer."""
TOKEN = "sekret-4f1d8c/27+ab=%"  # noqa: S105 - planted
PIECES = ("sekret-4f1d8c", "4f1d8c", "27+ab")


# --- answers without an end --------------------------------------------------------------------


@contextmanager
def pouring(head: bytes, again: bytes, pause: float = 0) -> Iterator[str]:
    """Serve every request with the same bytes again and again, until the client leaves."""
    listening = socket.create_server(("127.0.0.1", 0))
    closing = threading.Event()

    def pour(client: socket.socket) -> None:
        with client, suppress(OSError):
            client.recv(100_000)
            client.sendall(head)
            while not closing.wait(pause):
                client.sendall(again)

    def serve() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=pour, args=(listening.accept()[0],), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}/api/v1"
    closing.set()
    listening.close()


OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
ENDLESS = {
    "body": (OK + b"\r\n", b" " * 65_536, 0),
    "body in chunks": (OK + b"Transfer-Encoding: chunked\r\n\r\n", b"10\r\n                \r\n" * 1_000, 0),
    "slow body": (OK + b"Content-Length: 100000\r\n\r\n", b" ", 0.05),
    "slow head": (b"HTTP/1.1 200 OK\r\nX-Slow: ", b"x", 0.05),
    "slow first line": (b"", b"H", 0.05),
    "slow chunk": (OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1", 0.05),
    "100 Continue": (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100, 0.01),
    "redirect": (b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\n\r\n", b" ", 0.05),
    "error": (b"HTTP/1.1 500 No\r\n\r\n", b" " * 65_536, 0),
}


@pytest.mark.parametrize("kind", ENDLESS)
def test_an_answer_that_does_not_end_is_given_up(
    connect: Callable[..., KantataApi], monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """At the time-out for the whole answer, or at its largest size; what was sent is in doubt."""
    monkeypatch.setattr(transport, "MOST_BYTES", 1_000_000)
    with pouring(*ENDLESS[kind]) as address:
        api = connect(address, TOKEN, read_timeout=SECONDS)
        began = time.monotonic()
        outcome = api.create_invoice(fees(1)[0].payload or {}, Deadline())
        with pytest.raises(NotReached):
            api.greet()
        assert time.monotonic() - began < 2 * SECONDS + 2
    assert outcome.kind is OutcomeKind.UNKNOWN


def bomb(size: int) -> bytes:
    """A few kilobytes that unpack to so many bytes."""
    return http(200, gzip.compress(b'{"results": ["' + b" " * size + b'"]}'), Content_Encoding="gzip")


def test_what_unpacks_to_too_much_is_not_unpacked(
    connect: Callable[..., KantataApi], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bomb of gzip is a problem in words; the same bytes below the bound are an answer."""
    monkeypatch.setattr(transport, "MOST_BYTES", 5_000_000)
    with Scripted([bomb(50_000_000), bomb(50_000_000), created()]) as server:
        api = connect(server.base_url, TOKEN)
        outcome = api.create_invoice(fees(1)[0].payload or {}, Deadline())
        with pytest.raises(NotReached, match="larger than any that is meant"):
            api.greet()
        assert outcome.kind is OutcomeKind.UNKNOWN
        assert "larger than any that is meant" in outcome.message
        assert api.create_invoice(fees(1)[0].payload or {}, Deadline()).kind is OutcomeKind.CREATED


def test_a_list_that_repeats_itself_ends(connect: Callable[..., KantataApi]) -> None:
    """A server that says 999 pages and always shows the same is asked twice, not 999 times."""
    page = json.dumps({"results": [], "workspaces": {"1": {"title": "A"}}, "meta": {"page_count": 999}})
    with Scripted([http(200, page)]) as server:
        with pytest.raises(NotReached, match="page 2 of 999 shows nothing new"):
            list(connect(server.base_url, TOKEN).ask("workspaces", {}))
        assert len(server.received) == 2


# --- the token in an answer --------------------------------------------------------------------


def escaped(text: str) -> str:
    """Every letter as an escape of JSON."""
    return "".join(f"\\u{ord(letter):04x}" for letter in text)


def in_address(text: str) -> str:
    """Every letter as an escape of an address."""
    return "".join(f"%{ord(letter):02x}" for letter in text)


SPELT = {
    "plain": TOKEN,
    "base64": base64.b64encode(f"Bearer {TOKEN}".encode()).decode(),
    "base64 of user and password": base64.b64encode(f"ab:{TOKEN}".encode()).decode(),
    "base64 for addresses": base64.urlsafe_b64encode(TOKEN.encode()).decode(),
    "HTML": html.escape(TOKEN),
    "HTML by numbers": "".join(f"&#{ord(letter)};" for letter in TOKEN),
    "address": quote(TOKEN, ""),
    "address twice": quote(quote(TOKEN, ""), ""),
    "address by numbers": in_address(TOKEN),
    "address by numbers, twice": quote(in_address(TOKEN), ""),
}


@pytest.mark.parametrize("how", [*SPELT, "JSON escapes"])
def test_a_token_in_a_good_answer_is_taken_out(connect: Callable[..., KantataApi], how: str) -> None:
    """However it is written: of a created invoice's title, of a project's, of the name of a user, of an id."""
    said = escaped(TOKEN) if how == "JSON escapes" else json.dumps(f"Retainer {SPELT[how]} of May")[1:-1]
    [posted] = [created(title="TITLE", external_reference_ids=[])]
    answer = posted.partition(b"\r\n\r\n")[2].decode().replace("TITLE", said)
    shown = json.dumps({"results": [], "workspaces": {"1": {"title": "TITLE"}}, "meta": {"page_count": 1}})
    user = json.dumps({"results": [{"id": "7"}], "users": {"7": {"full_name": "TITLE"}}})
    answers = [http(200, text.replace("TITLE", said)) for text in (answer, shown, user)]
    with Scripted(answers) as server:
        api = connect(server.base_url, TOKEN)
        outcome = api.create_invoice(fees(1)[0].payload or {}, Deadline())
        [page] = api.ask("workspaces", {})
        greeting = api.greet()
    assert outcome.kind is OutcomeKind.CREATED
    for text in (repr(outcome), repr(page), repr(greeting)):
        assert "(token)" in text
        assert not any(piece in text for piece in (*PIECES, *SPELT.values()))
        if how != "JSON escapes" and "numbers, twice" not in how:
            assert "Retainer" in text


@given(st.text(), st.text(alphabet="abc%&;\\\"/ <>'", min_size=4))
def test_no_secret_is_left_in_a_text(before: str, secret: str) -> None:
    """Whatever stands around it, and however the text is written."""
    for written in (secret, json.dumps(before + secret), quote(secret, ""), html.escape(secret)):
        assert secret not in hidden(f"{before} {written}", [secret], "(hidden)")


@pytest.mark.parametrize("text", ["a" * 10**6 + " %", '"\\' * 10**5, '"' + '\\"' * 10**5, "%25" * 10**5, "&" * 10**5])
def test_a_long_text_is_searched_once(text: str) -> None:
    """A server may send megabytes; the time for one of a million letters grew with their square."""
    began = time.process_time()
    assert "s3cret" not in hidden(text + " %733cret-token", ["s3cret-token"], "(hidden)")
    assert time.process_time() - began < 5


def test_a_short_token_is_a_word(connect: Callable[..., KantataApi]) -> None:
    """That of the sandbox may stand in a title; it is left there."""
    with Scripted([created(title="sandbox")]) as server:
        outcome = connect(server.base_url, "sandbox").create_invoice(fees(1)[0].payload or {}, Deadline())
    assert outcome.read_back is not None
    assert outcome.read_back.title == "sandbox"


@pytest.mark.parametrize("password", ["s3cret-of-proxy", "s3cret/of/proxy", "s3cret%2Fof"])
def test_the_password_of_a_proxy_is_never_shown(monkeypatch: pytest.MonkeyPatch, password: str) -> None:
    """Neither as the environment has it nor as it is sent."""
    monkeypatch.setenv("HTTPS_PROXY", f"http://clerk:{password}@127.0.0.1:9")
    api = KantataApi("https://kantata.test/api/v1", TOKEN, connect_timeout=1, read_timeout=1)
    with pytest.raises(NotReached) as caught:
        api.greet()
    assert "s3cret" not in caught.value.message
    clean = api._connection.without_token  # noqa: SLF001 - what every answer and error goes through
    sent = base64.b64encode(f"clerk:{password}".encode()).decode()
    assert "s3cret" not in clean(f"cannot connect to http://clerk:{password}@127.0.0.1:9")
    assert sent not in clean(f"Proxy-Authorization: Basic {sent}")
    api._connection.session.close()  # noqa: SLF001 - a ResourceWarning would end up in another test


def dumped(request: Request) -> bytes:
    """Answer with the request in the header of an answer."""
    return http(204, X_Request_Id=request.headers["authorization"])


def test_a_token_in_a_header_is_taken_out(connect: Callable[..., KantataApi]) -> None:
    """Also where the answer is good."""
    with Scripted([dumped]) as server:
        answer = connect(server.base_url, TOKEN)._connection.send("DELETE", "invoices/1")  # noqa: SLF001 - as it came
    assert isinstance(answer, connection.Answered)
    assert answer.headers["x-request-id"] == "Bearer (token)"


# --- words without an end -------------------------------------------------------------------


@pytest.mark.parametrize(
    "document",
    [
        {"errors": [{"message": "m" * 1_000_000}]},
        {"errors": [{"message": "m", "field": "f"}] * 100_000},
        {"error_message": "m" * 1_000_000},
    ],
)
def test_what_a_refusal_says_has_an_end(document: object) -> None:
    """It is written into the ledger, the results and notices."""
    outcome = classify(422, json.dumps(document), {"X-Request-Id": "r" * 60_000})
    assert outcome.kind is OutcomeKind.REJECTED
    assert (len(outcome.message or "") < 3_000, len(outcome.request_id or "")) == (True, 200)


# --- ids ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("invoice_id", ["[/x]", "9001\x1b[2J", "9001\n9002", "٣", "-1", "9" * 21])
def test_an_id_is_digits(connect: Callable[..., KantataApi], invoice_id: str) -> None:
    """What else is given as an id proves neither that an invoice was created nor that it is absent."""
    record = {"status": "new", "external_reference_ids": []}
    results = [{"key": "invoices", "id": invoice_id}]
    body = json.dumps({"results": results, "invoices": {invoice_id: record}, "meta": {"page_count": 1}})
    with Scripted([http(200, body)]) as server:
        api = connect(server.base_url)
        assert api.create_invoice(fees(1)[0].payload or {}, Deadline()).kind is OutcomeKind.UNKNOWN
        with pytest.raises(NotReached, match="proves nothing absent"):
            list(api.find_by_references([("a", "b", "c")]))
