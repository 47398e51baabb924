"""Only the person who has the address is let in, and only what the page itself sends is done."""

from __future__ import annotations

import os
import re
import socket
import stat
import sys
from typing import TYPE_CHECKING

import pytest
import requests
from desktops import Desktop, Person, fees, sheet_of

from importer.app import peers
from importer.app.files import safe_name
from importer.app.guard import HERE
from importer.app.peers import Peer
from importer.model.errors import WrongUse

if TYPE_CHECKING:
    from pathlib import Path

PAGES = ("/", "/history", "/doubts", "/look/app.js", "/look/style.css", "/file/x", "/run/x", "/no-such-page")


def test_without_the_token_nothing_is_shown(desktop: Desktop) -> None:
    """No page, no file of the look, no word whether a page exists; a wrong token and a wrong cookie count as none."""
    for page in PAGES:
        assert requests.get(desktop.root + page, timeout=60).status_code == 401
        assert requests.get(f"{desktop.root}{page}?token=wrong", timeout=60).status_code == 401
    cookie = {f"invoice_importer_{desktop.root.rpartition(':')[2]}": "wrong"}
    assert requests.get(desktop.root, cookies=cookie, timeout=60).status_code == 401
    origin = {"Origin": desktop.root}
    assert requests.post(f"{desktop.root}/files", headers=origin, timeout=60).status_code == 401


def test_who_runs_as_another_user_is_refused(desktop: Desktop, person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever token and cookie they have: all ports of a machine get its cookies, also those of other users."""
    assert person.get("/").status_code == 200
    monkeypatch.setattr(os, "getuid", lambda: 1234)
    monkeypatch.setattr(peers, "ROOT", 1235)
    assert person.get("/").status_code == 403
    assert person.get(desktop.serving.address.removeprefix(desktop.root)).status_code == 403


def test_a_connection_belongs_to_whoever_has_it_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever closes it after the request, to belong to no one, is refused too."""
    with socket.create_server((HERE, 0)) as server, socket.create_connection(server.getsockname()) as client:
        port = server.getsockname()[1]
        connection, (host, theirs) = server.accept()
        with connection:
            assert peers.peer_of(host, theirs, HERE, port) is Peer.OWN
            assert peers.peer_of(host, theirs + 1, HERE, port) is Peer.UNSEEN
            client.close()
            assert peers.peer_of(host, theirs, HERE, port) is Peer.UNSEEN
            monkeypatch.setattr(peers, "KERNEL", _within_windows(tmp_path))
            assert peers.peer_of(host, theirs, HERE, port) is Peer.UNSEEN


def test_a_connection_may_be_of_ipv6(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A program may say the address so; the table has the bytes as a number of this machine."""
    here = "0100007F" if sys.byteorder == "little" else "7F000001"
    mapped = f"0000000000000000FFFF0000{here}"
    entry = f"0: {mapped}:0001 {mapped}:0002 01 00000000:00000000 00:00000000 00000000 {{}} 0 1"
    table = tmp_path / "tcp6"
    monkeypatch.setattr(peers, "TABLES", (table,))
    for user, peer in ((os.getuid(), Peer.OWN), (4321, Peer.OTHER)):
        table.write_text(f"sl local\n{entry.format(user)}\n", encoding="ascii")
        assert peers.peer_of(HERE, 1, HERE, 2) is peer


def _within_windows(folder: Path) -> Path:
    """A file that says what the kernel is, as Linux within Windows has it."""
    (kernel := folder / "osrelease").write_text("5.15.167.4-microsoft-standard-WSL2\n")
    return kernel


def test_windows_may_open_the_page_of_its_linux(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With mirrored networks the other end of its connections is in no table; elsewhere such a one is refused."""
    here = "0100007F" if sys.byteorder == "little" else "7F000001"
    entry = f"0: {here}:0002 {here}:0001 {{}} 00000000:00000000 00:00000000 00000000 1000 0 1"
    table = tmp_path / "tcp"
    monkeypatch.setattr(peers, "TABLES", (table,))
    table.write_text(f"sl local\n{entry.format('01')}\n", encoding="ascii")
    assert peers.peer_of(HERE, 1, HERE, 2) is Peer.UNSEEN
    monkeypatch.setattr(peers, "KERNEL", _within_windows(tmp_path))
    assert peers.peer_of(HERE, 1, HERE, 2) is Peer.OWN
    table.write_text(f"sl local\n{entry.format('08')}\n", encoding="ascii")  # closed by the other end
    assert peers.peer_of(HERE, 1, HERE, 2) is Peer.UNSEEN


def test_who_is_not_seen_gets_the_reason_and_a_way(
    person: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not that another user has opened the page."""
    (table := tmp_path / "tcp").write_text("sl local\n0: 0:0 0:0 01 0:0 0:0 0 0 0 1\n", encoding="ascii")
    monkeypatch.setattr(peers, "TABLES", (table,))
    answer = person.get("/")
    assert answer.status_code == 403
    assert "does not show who opened this page" in answer.text
    assert "ssh -L" in answer.text


def test_a_system_that_shows_no_connections_refuses_no_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Token, cookie and origin are asked for there."""
    monkeypatch.setattr(peers, "TABLES", (tmp_path / "none",))
    assert peers.peer_of(HERE, 1, HERE, 2) is Peer.OWN


def test_the_token_leaves_the_address_at_once(desktop: Desktop) -> None:
    """It becomes a cookie that no script reads, no other site sends along, and that outlives the browser."""
    first = requests.get(desktop.serving.address, allow_redirects=False, timeout=60)
    assert (first.status_code, first.headers["Location"]) == (303, "/")
    cookie = first.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert int(re.search(r"Max-Age=(\d+)", cookie)[1]) > 24 * 3600  # type: ignore[index]
    token = desktop.serving.address.rpartition("=")[2]
    assert token not in cookie
    assert token not in Person(desktop).seen.text


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost", "127.0.0.1", "evil.example:{port}", "127.0.0.1:{port}.evil"]
)
def test_another_host_name_is_refused(desktop: Desktop, person: Person, host: str) -> None:
    """A web page may have its name lead to this machine; then the browser says that name."""
    named = host.format(port=desktop.root.rpartition(":")[2])
    answer = person._session.get(desktop.serving.address, headers={"Host": named}, timeout=60)  # noqa: SLF001
    assert answer.status_code == 421


@pytest.mark.parametrize("origin", [None, "null", "http://evil.example", "http://127.0.0.1:1", "https://{host}"])
def test_what_another_page_sends_is_not_done(desktop: Desktop, person: Person, origin: str | None) -> None:
    """Also one of another port of this machine, which gets the same cookies."""
    host = desktop.root.removeprefix("http://")
    headers = {} if origin is None else {"Origin": origin.format(host=host)}
    answer = person.post("/files", files={"file": ("a.csv", sheet_of(*fees(1)))}, headers=headers)
    assert answer.status_code == 403
    assert not desktop.settings.reports.exists()


def test_a_page_in_another_page_is_refused(person: Person) -> None:
    """The browser says where a request comes from."""
    answer = person._session.get(person.root, headers={"Sec-Fetch-Site": "same-site"}, timeout=60)  # noqa: SLF001
    assert answer.status_code == 403


def test_a_page_runs_no_script_but_its_own_and_asks_no_other_address(person: Person) -> None:
    """Every answer says so to the browser, and that it is kept by none."""
    path = person.choose(sheet_of("101,K1,Fixd fee,<script>alert(1)</script>,5,30,2026-10-31"))
    for page in ("/", path, f"{path}/problems", "/history", "/look/app.js", "/no-such-page"):
        headers = person.get(page).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Content-Type-Options"] == "nosniff"
        if page.startswith("/look"):
            continue
        assert "<script>alert" not in person.seen.text
        assert re.findall(r"""(?:src|href|action)=["'](?!/|#)""", person.seen.text) == []
        assert re.findall(r"<script(?! src)|\son\w+=|\sstyle=", person.seen.text) == []


def test_the_access_token_of_kantata_never_reaches_the_page(desktop: Desktop, person: Person) -> None:
    """Neither as text nor in a cookie."""
    secret = desktop.sandbox.token
    path = person.choose(sheet_of(*fees(2)))
    for page in ("/", path, "/history", "/doubts"):
        answer = person.get(page)
        assert f">{secret}<" not in answer.text
        assert "Bearer" not in answer.text


def test_a_file_from_the_browser_is_its_owners_alone(desktop: Desktop, person: Person) -> None:
    """In a folder of its own, whatever path its name holds."""
    person.choose(sheet_of(*fees(1)), "../../../etc/Rechnungen Müller; rm -rf.csv")
    [path] = desktop.settings.reports.glob("from-app/*/*")
    assert path.name == "Rechnungen Müller_ rm -rf.csv"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("C:\\temp\\a.XLSX", "a.xlsx"),
        ("..csv", "file.csv"),
        ("a.exe", None),
        ("", None),
        ("\x00/.xlsx", None),
        ("…€.csv", "__.csv"),
        (f"{'a' * 300}.ods", f"{'a' * 80}.ods"),
    ],
)
def test_names_are_made_harmless(given: str, name: str | None) -> None:
    """Only the endings of workbooks and texts are taken."""
    if name is None:
        with pytest.raises(WrongUse):
            safe_name(given)
    else:
        assert safe_name(given) == name


def test_no_path_of_a_request_is_followed(person: Person, tmp_path: Path) -> None:
    """Only what a page lists can be got, by its name in that list."""
    (tmp_path / "inbox").mkdir()
    (tmp_path / "secret.csv").write_bytes(sheet_of(*fees(1)))
    path = person.choose(sheet_of(*fees(1)))
    for name in ("../secret.csv", "..%2fsecret.csv", "/etc/passwd", "secret.csv", "corrected", "x"):
        assert person.get(f"{path}/get/{name}").status_code in (404, 401)
        assert person.get(f"/look/{name}").status_code == 404
        assert person.post("/inbox", {"name": name}).status_code == 400
    assert person.get(f"{path}/get/preview").content.startswith(b"PK")


def test_a_file_that_is_too_large_is_not_read(person: Person, desktop: Desktop) -> None:
    """The bound is that of the settings."""
    large = b"0" * (desktop.settings.most_unpacked_mb * 2**20 + 2 * 2**20)
    try:
        answer = person.post("/files", files={"file": ("a.csv", large)})
    except requests.ConnectionError:  # the server hangs up before all of it came
        return
    assert answer.status_code == 413


def test_who_comes_from_a_mail_is_let_in_by_a_page(desktop: Desktop) -> None:
    """The browser would not send the cookie along with a redirect that another page began."""
    answer = requests.get(desktop.serving.address, headers={"Sec-Fetch-Site": "cross-site"}, timeout=60)
    assert answer.status_code == 200
    assert 'content="0;url=/"' in answer.text
    assert "Set-Cookie" in answer.headers
