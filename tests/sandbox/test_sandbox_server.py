"""The server itself: connections, store files, what it loads."""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
import requests

from importer import sandbox as stand_in
from importer.model.errors import SettingsProblem
from importer.sandbox import Fault, FaultKind
from importer.sandbox.server import KeepAliveHandler

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Client

    from importer.sandbox.running import Sandbox

FEE = [{"notes": "Konzept", "amount": 500}]


def test_importing_loads_no_framework() -> None:
    """Flask, Werkzeug and SQLAlchemy load when a server starts, not before."""
    heavy = ("flask", "werkzeug", "sqlalchemy", "requests")
    code = f"import sys, importer.sandbox; print([name for name in {heavy} if name in sys.modules])"
    path = {"PYTHONPATH": os.pathsep.join(sys.path)}
    found = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | path,
    )
    assert found.stdout.strip() == "[]"


def test_without_flask_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """A problem of the settings, with the command that adds the package."""
    monkeypatch.setattr("importer.sandbox.running.find_spec", lambda _name: None)
    with pytest.raises(SettingsProblem) as refused:
        stand_in.start()
    assert 'python -m pip install "flask"' in refused.value.hint


def test_one_connection_serves_many_requests(sandbox: Sandbox) -> None:
    """HTTP/1.1 keep-alive, bodies read to the end, refusals and 204 included."""
    host, port = sandbox.base_url.removeprefix("http://").removesuffix("/api/v1").split(":")
    with socket.create_connection((host, int(port)), timeout=60) as raw:
        stream = raw.makefile("rb")
        for target, body in (("/users/me", ""), ("/nowhere", "x" * 5000), ("/workspaces", "")):
            headers = f"Host: {host}:{port}\r\nContent-Length: {len(body)}"
            raw.sendall(f"GET /api/v1{target} HTTP/1.1\r\n{headers}\r\n\r\n{body}".encode())
            assert stream.readline().startswith(b"HTTP/1.1 401")
            said = dict(line.decode().strip().lower().split(": ", 1) for line in iter(stream.readline, b"\r\n"))
            assert said.get("connection") != "close"
            stream.read(int(said["content-length"]))


def test_chunked_bodies_are_read(kantata: Client) -> None:
    """A body without a length arrives whole, and the connection stays usable."""
    body = b'{"invoice": {"workspace_id": 101, "payment_schedule": 0, "fixed_fee_items": [{"amount": 5}]}}'
    assert kantata.call("POST", "/invoices", data=iter([body[:20], body[20:]])).status_code == 200
    assert kantata.call("GET", "/users/me").status_code == 200


def test_an_answer_takes_milliseconds(sandbox: Sandbox, kantata: Client) -> None:
    """No Nagle delay (40 ms and more per request) on a kept connection: switched off, and one write per answer."""
    kantata.get("/users/me")
    [kept] = sandbox._server._open  # noqa: SLF001 - time cannot be measured on a busy machine
    assert kept.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    assert KeepAliveHandler.wbufsize == -1


def test_stop_ends_kept_connections_and_waits(sandbox: Sandbox, kantata: Client) -> None:
    """After stop() nothing answers, not even on an open connection, and a slow answer under way does not hold it up."""
    sandbox.misbehave(Fault(FaultKind.SLOW_BEFORE, method="GET", path="/workspaces", seconds=600))
    with pytest.raises(requests.ReadTimeout):
        kantata.call("GET", "/workspaces", timeout=(60, 0.05))
    kantata.get("/users/me")
    began = time.monotonic()
    sandbox.stop()
    sandbox.stop()
    assert time.monotonic() - began < 300
    assert not sandbox._thread.is_alive()  # noqa: SLF001 - it did not only give up waiting
    with pytest.raises(requests.ConnectionError):
        kantata.call("GET", "/users/me")


def test_a_post_under_way_when_the_server_stops_is_not_stored(
    tmp_path: Path,
    connect: Callable[[Sandbox], Client],
) -> None:
    """A store that is closed stays closed: a late thread cannot commit."""
    store = tmp_path / "sandbox.db"
    with stand_in.start(store) as first:
        first.misbehave(Fault(FaultKind.SLOW_BEFORE, seconds=60))
        body = {"workspace_id": 101, "payment_schedule": 0, "fixed_fee_items": FEE}
        with pytest.raises(requests.ReadTimeout):
            connect(first).call("POST", "/invoices", json={"invoice": body}, timeout=(60, 0.1))
    time.sleep(0.05)
    with stand_in.start(store) as second:
        assert second.invoices() == []


def test_a_store_file_survives_the_server(tmp_path: Path, connect: Callable[[Sandbox], Client]) -> None:
    """The next server on the same file knows the invoice and still refuses the entry."""
    store = tmp_path / "new folder" / "sandbox.db"
    with stand_in.start(store) as first:
        connect(first).billed(time_entry_ids=[5101001])
    with stand_in.start(store) as second:
        assert [one.time_entry_ids for one in second.invoices()] == [(5101001,)]
        assert connect(second).bill(time_entry_ids=[5101001]).status_code == 422


def test_two_servers_on_one_file_agree(tmp_path: Path, connect: Callable[[Sandbox], Client]) -> None:
    """What one commits, the other refuses to bill again."""
    store = tmp_path / "sandbox.db"
    with stand_in.start(store) as one, stand_in.start(store) as two:
        assert connect(one).bill(time_entry_ids=[5101001]).status_code == 200
        assert connect(two).bill(time_entry_ids=[5101001]).status_code == 422


def test_a_file_that_is_something_else_is_left_alone(tmp_path: Path) -> None:
    """Neither a text nor a foreign database is written to."""
    text = tmp_path / "notes.txt"
    text.write_text("Not a database, but long enough to be taken for one. " * 50)
    foreign = tmp_path / "other.db"
    with sqlite3.connect(foreign) as connection:
        connection.execute("CREATE TABLE mine (id INTEGER)")
    connection.close()
    before = [path.read_bytes() for path in (text, foreign)]
    for path in (text, foreign):
        with pytest.raises(SettingsProblem, match=path.name):
            stand_in.start(path)
    assert [path.read_bytes() for path in (text, foreign)] == before


def test_a_reset_sandbox_is_as_good_as_new(sandbox: Sandbox, kantata: Client, untouched: Client) -> None:
    """No requests, faults or invoices of before are left, ids begin again, and the sample account is whole."""
    billed = kantata.billed(time_entry_ids=[5101001], user_invoice_number=777, draft=True)
    kantata.call("PUT", "/invoices/8986/cancel")
    sandbox.misbehave(Fault(FaultKind.STATUS_BEFORE, method="*", path="*", times=9))

    sandbox.reset()

    assert (sandbox.received(), sandbox.invoices()) == ([], [])
    for path in ("/invoices", "/time_entries", "/expenses", "/billing_milestones", "/workspaces", "/stories"):
        everything = {"per_page": 200, "include": "external_references,time_entries", "on_my_account": "false"}
        assert kantata.get(path, **everything) == untouched.get(path, **everything)
    assert kantata.billed(time_entry_ids=[5101001])["id"] == billed["id"]
    assert [request.method for request in sandbox.received()].count("POST") == 1


def test_a_stand_in_that_is_started_again_gives_other_ids(connect: Callable[[Sandbox], Client]) -> None:
    """A ledger has the ids of the first one on record, and an answer with one of them would be a doubt."""
    ids = []
    for _ in range(2):
        with stand_in.start(new_ids=True) as running:
            ids += [connect(running).billed(fixed_fee_items=FEE)["id"] for _ in range(2)]
    assert len(set(ids)) == 4


def test_a_reset_ends_the_requests_under_way(sandbox: Sandbox, kantata: Client) -> None:
    """A POST that a fault still holds back when the sandbox is reset leaves no invoice and no record later."""
    sandbox.misbehave(Fault(FaultKind.SLOW_BEFORE, seconds=60))
    with pytest.raises(requests.ReadTimeout):
        kantata.call(
            "POST",
            "/invoices",
            json={"invoice": {"workspace_id": 101, "payment_schedule": 0, "fixed_fee_items": FEE}},
            timeout=(60, 0.2),
        )
    began = time.monotonic()
    sandbox.reset()
    assert time.monotonic() - began < 50
    assert (sandbox.received(), sandbox.invoices()) == ([], [])
    sandbox.misbehave(Fault(FaultKind.SLOW_BEFORE, method="GET", path="/users/me", seconds=0.3))
    began = time.monotonic()
    kantata.get("/users/me")
    assert time.monotonic() - began > 0.25


def test_a_reset_empties_a_store_file_too(tmp_path: Path, connect: Callable[[Sandbox], Client]) -> None:
    """The next server on the file finds the sample account alone."""
    store = tmp_path / "sandbox.db"
    with stand_in.start(store) as first:
        connect(first).billed(time_entry_ids=[5101001])
        first.reset()
    with stand_in.start(store) as second:
        assert second.invoices() == []
        assert len(second.invoices(with_sample=True)) == 15


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "example.com"])  # noqa: S104 - the point is that it is refused
def test_other_machines_cannot_reach_it(host: str) -> None:
    """Loopback addresses only."""
    with pytest.raises(ValueError, match="loopback"):
        stand_in.start(host=host)


def test_a_taken_port_is_an_os_error(sandbox: Sandbox) -> None:
    """Neither an exit nor a line on stderr."""
    with pytest.raises(OSError, match="in use"):
        stand_in.start(port=int(sandbox.base_url.split(":")[2].split("/")[0]))


def test_received_keeps_order_query_and_body_but_no_token(sandbox: Sandbox, kantata: Client) -> None:
    """Every request, answered or dropped, in the order of arrival."""
    sandbox.misbehave(Fault(FaultKind.DROP_BEFORE, method="GET", path="/workspaces"))
    with pytest.raises(requests.ConnectionError):
        kantata.get("/workspaces")
    kantata.bill("time_entries", fixed_fee_items=FEE)
    first, second = sandbox.received()
    assert (first.path, first.status, second.path, second.status) == ("/workspaces", None, "/invoices", 200)
    assert second.query == {"include": "time_entries"}
    assert second.json["invoice"]["fixed_fee_items"] == FEE
    assert "sandbox" not in second.headers["authorization"]
