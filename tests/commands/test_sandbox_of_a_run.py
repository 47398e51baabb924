"""The stand-in that lives for one run lets no other program of this machine look in, and says what it needs."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import requests
import sqlalchemy as sa
from rich.console import Console

from importer import sandbox
from importer.commands.sandbox import embedded_sandbox
from importer.settings.loading import load

if TYPE_CHECKING:
    from pathlib import Path

    from programs import Cli


def asked(address: str, token: str = "sandbox", **headers: str) -> int:  # noqa: S107 - the public one
    """Return the status of an answer."""
    return requests.get(address, headers={"Authorization": f"Bearer {token}", **headers}, timeout=60).status_code


def test_only_this_run_can_look_into_its_stand_in(tmp_path: Path) -> None:
    """Its token is random, and it cannot be asked for what was sent, nor told to fail."""
    ledger = sa.URL.create("sqlite", database=str(tmp_path / "ledger.sqlite"))
    tokens = set()
    for _ in range(2):
        with ExitStack() as stack:
            settings, _, token = embedded_sandbox(stack, load(), ledger, Console(quiet=True))
            me, root = f"{settings.base_url}/users/me", settings.base_url.removesuffix("/api/v1")
            assert asked(me, token) == 200
            assert asked(me) == 401
            for route in ("requests", "invoices", "faults"):
                assert asked(f"{root}/_sandbox/{route}", token) in (401, 404)
                assert asked(f"{root}/_sandbox/{route}", token) == 404
            tokens.add(token)
    assert len(tokens) == 2
    assert min(map(len, tokens)) > 30


def test_a_stand_in_answers_to_its_own_name_only() -> None:
    """A web page may have its name lead to this machine; then the browser says that name."""
    with sandbox.start() as running:
        port = running.base_url.removesuffix("/api/v1").rpartition(":")[2]
        for address in (f"{running.base_url}/users/me", running.base_url.replace("/api/v1", "/_sandbox/invoices")):
            assert asked(address) == 200
            assert asked(address, Host=f"localhost:{port}") == 200
            assert asked(address, Host=f"evil.example:{port}") == 421
            assert asked(address, Host="evil.example") == 421


def test_a_missing_extra_is_a_message(cli: Cli) -> None:
    """With what to do where the program is installed already."""
    sheet = cli.fees(1)
    without = "import importer.sandbox.running as running; running.find_spec = lambda name: None"
    for command in (["preview", sheet, "--sandbox"], ["sandbox"]):
        done = cli.start(*command, before=without).wait()
        assert done.exit_code == 2
        assert "The sandbox needs the package flask, which is not installed." in done.stderr
        assert 'pipx inject kantata-invoice-importer "flask"' in done.stderr
        assert 'python -m pip install "flask"' in done.stderr


def test_another_file_is_no_store(cli: Cli) -> None:
    """Neither is it written, nor is it an unexpected error."""
    other = cli.folder / "other.txt"
    other.write_text("mine " * 1000)
    done = cli.run("sandbox", "--port", "0", "--store", other)
    assert done.exit_code == 2
    assert f"{other} is no store of this version of the sandbox." in done.stderr
    assert other.read_text() == "mine " * 1000
