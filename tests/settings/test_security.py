"""The token stays where it belongs, and what is written is for its owner only."""

from __future__ import annotations

import socket
import stat
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from plans import fees
from scripted import Request, Scripted, created, http

from importer.kantata.deadline import Deadline
from importer.model.errors import AccessDenied, NotReached

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from programs import Cli, Finished

    from importer.kantata.client import KantataApi
    from importer.sandbox.running import Sandbox

TOKEN = "sekret-4f1d8c/27+ab=%"  # noqa: S105 - planted
WRITTEN = ("sekret-4f1d8c", "4f1d8c", "27+ab", "27%2Bab")
"""Pieces that would give it away, however it is escaped."""


def echo(status: int) -> Callable[[Request], bytes]:
    """Answer with a page that shows the request, as careless servers and proxies do."""

    def say(request: Request) -> bytes:
        shown = request.headers["authorization"]
        slashed = shown.replace("/", "\\/")
        body = f'{{"errors":[{{"type":"system","message":"You sent {slashed}"}}]}}'
        return http(status, body, X_Request_Id=shown, Server=shown)

    return say


def page(status: int) -> Callable[[Request], bytes]:
    """Answer with HTML that shows the request."""
    return lambda request: http(status, f"<pre>{request.headers['authorization']}</pre>", Content_Type="text/html")


def broken(request: Request) -> bytes:
    """Answer with something that is no HTTP, but shows the request."""
    return f"Authorization: {request.headers['authorization']}\r\n\r\n".encode()


def elsewhere(request: Request) -> bytes:
    """Send the client to an address that shows the request."""
    return http(302, Location=f"http://[{request.headers['authorization']}")


ECHOES = {
    **{f"JSON {status}": echo(status) for status in (200, 400, 401, 403, 404, 409, 422, 429, 500)},
    **{f"HTML {status}": page(status) for status in (200, 401, 422, 502)},
    "no HTTP": broken,
    "redirect": elsewhere,
}


def leaks(folder: Path, done: Finished) -> list[str]:
    """Return the places where the token can be read: output, files, and the parts of workbooks."""
    texts = {"stdout": done.stdout.encode(), "stderr": done.stderr.encode()}
    for path in (one for one in folder.rglob("*") if one.is_file()):
        texts[str(path)] = path.read_bytes()
        if path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as book:
                texts |= {f"{path}:{name}": book.read(name) for name in book.namelist()}
    return [name for name, text in texts.items() if any(piece.encode() in text for piece in WRITTEN)]


@pytest.mark.parametrize("name", ["JSON 200", "JSON 401", "JSON 422", "JSON 429", "HTML 502", "no HTTP", "redirect"])
def test_a_server_that_repeats_the_token_does_not_make_it_known(cli: Cli, tmp_path: Path, name: str) -> None:
    """Neither in the output nor in the results nor in the bytes of the ledger; the rest of the words is kept."""
    env = {"KANTATA_TOKEN": TOKEN}
    with Scripted([ECHOES[name], created()]) as server:
        env["KANTATA_BASE_URL"] = server.base_url
        sent = cli.run("submit", cli.fees(2), "--yes", "--json", "--offline", **env)
        server.answers[:] = [ECHOES[name]]
        asked = cli.run("submit", cli.fees(3), "--yes", "--json", **env)
    assert server.posts[0].headers["authorization"] == f"Bearer {TOKEN}"
    for done in (sent, asked):
        assert done.exit_code in (4, 5, 6, 8)
        assert leaks(tmp_path, done) == []
        if name.startswith("JSON"):
            assert "You sent Bearer (token)" in done.stdout


@pytest.mark.parametrize("name", ECHOES)
def test_outcomes_and_errors_of_the_client_are_free_of_the_token(connect: Callable[..., KantataApi], name: str) -> None:
    """In every field of an outcome, and in the whole chain of an exception."""
    with Scripted([ECHOES[name]]) as server:
        client = connect(server.base_url, TOKEN)
        assert not any(piece in repr(client.create_invoice(fees(1)[0].payload or {}, Deadline())) for piece in WRITTEN)
        with pytest.raises((AccessDenied, NotReached)) as caught:
            list(client.find_by_references([("a", "b", "c")]))
    assert not any(piece in str(caught.getrepr(showlocals=False, chain=True)) for piece in WRITTEN)
    assert not any(piece in repr(client) + repr(vars(client)["_connection"].session.auth) for piece in WRITTEN)


def test_a_crash_does_not_show_the_token(cli: Cli, tmp_path: Path) -> None:
    """Exit code 1; the traceback is in a file of the owner, without the values of variables."""
    crash = (
        "import importer.flow.submit as p\n"
        "def crash(*args, **kwargs):\n"
        "    token = __import__('os').environ['KANTATA_TOKEN']\n"
        "    raise RuntimeError('planted')\n"
        "p.prepare = crash\n"
    )
    done = cli.start("submit", cli.fees(1), "--yes", "--json", before=crash, KANTATA_TOKEN=TOKEN).wait()
    assert done.exit_code == 1
    assert leaks(tmp_path, done) == []
    [file] = Path.home().rglob("crash-*.txt")
    assert "planted" in file.read_text()
    assert not any(piece in file.read_text() for piece in WRITTEN)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_an_ordinary_run_keeps_the_token_to_itself(cli: Cli, tmp_path: Path, sandbox: Sandbox) -> None:
    """Sent, previewed, listed: it is in no file and on no stream."""
    env = {"KANTATA_TOKEN": TOKEN, "KANTATA_BASE_URL": sandbox.base_url}
    for argv in (["preview"], ["submit", "--yes"], ["history"]):
        file = [] if argv == ["history"] else [cli.fees(1)]
        assert leaks(tmp_path, cli.run(*argv, *file, "--json", **env)) == []
        assert leaks(tmp_path, cli.run(*argv, *file, **env)) == []
    assert {one.headers["authorization"] for one in sandbox.received()} == {"(hidden)"}


@pytest.mark.parametrize(
    "env",
    [
        {"KANTATA_TOKEN": f"{TOKEN} and more"},
        {"KANTATA_TOKEN": f"{TOKEN}\n{TOKEN}"},
        {"KANTATA_TOKEN": f"{TOKEN}ü"},
        {"KANTATA_TOKEN": TOKEN, "KANTATA_BASE_URL": f"https://user:{TOKEN}@127.0.0.1"},
        {"KANTATA_TOKEN": TOKEN, "KANTATA_BASE_URL": f"https://127.0.0.1:{TOKEN}"},
        {"KANTATA_TOKEN": TOKEN, "IMPORTER_PACE_PER_SECOND": "-1"},
        {"KANTATA_TOKEN": TOKEN, "KANTATA_BASE_URL": "http://api.mavenlink.com/api/v1"},
        {"IMPORTER_TOKN": TOKEN},
    ],
)
def test_wrong_settings_do_not_show_the_token(cli: Cli, tmp_path: Path, env: dict[str, str]) -> None:
    """Exit code 2, the setting named, its value not."""
    done = cli.run("submit", cli.fees(1), "--yes", "--json", **env)
    assert (done.exit_code, leaks(tmp_path, done)) == (2, [])


def test_a_token_in_the_settings_file_is_refused_and_not_shown(cli: Cli) -> None:
    """Settings files are shared; the file's path and the remedy are named."""
    (cli.folder / "importer.toml").write_text(f'token = "{TOKEN}"\n')
    done = cli.run("submit", cli.fees(1), "--yes", "--json")
    assert done.exit_code == 2
    assert "KANTATA_TOKEN" in done.stderr
    assert not any(piece in done.stdout + done.stderr for piece in WRITTEN)


def test_a_token_file_must_be_its_owners(cli: Cli, tmp_path: Path, sandbox: Sandbox) -> None:
    """Readable by the group or others: refused with the command that mends it; for the owner only: used."""
    file = tmp_path / "token"
    file.write_text(f"{sandbox.token}\n")
    env = {"KANTATA_TOKEN_FILE": str(file), "KANTATA_BASE_URL": sandbox.base_url}
    for mode in (0o644, 0o640, 0o604, 0o620):
        file.chmod(mode)
        done = cli.run("submit", cli.fees(1), "--yes", "--json", **env)
        assert done.exit_code == 2
        assert f"chmod 600 {file}" in done.stderr
    assert sandbox.received() == []
    file.chmod(0o600)
    assert cli.run("submit", cli.fees(1), "--yes", **env).exit_code == 0


def files_below(*folders: Path) -> Iterable[Path]:
    """Yield every file and folder."""
    for folder in folders:
        yield folder
        yield from folder.rglob("*")


def test_what_is_written_is_for_its_owner_only(cli: Cli) -> None:
    """Reports, ledger with its -wal and -shm while the program runs, the stand-in's store; folders too."""
    look = (
        "import importer.ledger.ledger as s, pathlib, os\n"
        "done = s.SubmissionLedger.end_run\n"
        "def end_run(self, *args):\n"
        "    done(self, *args)\n"
        "    folder = pathlib.Path(os.environ['IMPORTER_LEDGER']).parent\n"
        "    found = {one.name: oct(one.stat().st_mode & 0o777) for one in folder.iterdir()}\n"
        "    pathlib.Path('seen').write_text(repr(found))\n"
        "s.SubmissionLedger.end_run = end_run\n"
    )
    sheet = cli.sheet({"amount": 5}, {"workspace_id": 111, "amount": 5})
    assert cli.start("submit", sheet, "--sandbox", "--offline", "--yes", before=look).wait().exit_code == 5
    assert cli.run("preview", sheet, "--sandbox", "--offline").exit_code == 0
    seen = eval((cli.folder / "seen").read_text())  # noqa: S307 - written above
    assert {"ledger.sqlite", "ledger.sqlite-wal", "ledger.sandbox.sqlite"} <= set(seen)
    assert set(seen.values()) == {"0o600"}
    written = list(files_below(cli.ledger.parent, cli.folder / "reports"))
    assert len([one for one in written if one.suffix == ".xlsx"]) == 4
    for path in written:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_the_network_is_closed_in_tests() -> None:
    """The rule that all other tests rely on."""
    from loopback_only import ReachedOut

    with socket.socket() as line, pytest.raises(ReachedOut):
        line.connect(("192.0.2.1", 80))
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo("api.mavenlink.com", 443)
