"""The command that starts the app: its first line, its end, and what it says when something is missing."""

from __future__ import annotations

import signal
import socket
import time
from typing import TYPE_CHECKING

import requests

if TYPE_CHECKING:
    from programs import Cli, Running

WAIT_SECONDS = 60
"""Bound against a hang, for a machine under load."""


def address_of(running: Running) -> str:
    """Return the first line of stdout, once it is there."""
    end = time.monotonic() + WAIT_SECONDS
    while "\n" not in running.said():
        assert time.monotonic() < end, running.talk()
        time.sleep(0.02)
    return running.said().splitlines()[0]


def test_the_first_line_is_the_address(cli: Cli) -> None:
    """With its token; Ctrl-C ends it, and that is no failure."""
    running = cli.start("app", "--sandbox", "--no-browser")
    address = address_of(running)
    assert address.startswith("http://127.0.0.1:")
    assert "/?token=" in address
    answer = requests.get(address, timeout=WAIT_SECONDS)
    assert answer.status_code == 200
    assert "Sandbox: nothing reaches Kantata" in answer.text
    assert requests.get(address.partition("?")[0], timeout=WAIT_SECONDS).status_code == 401
    running.signal(signal.SIGINT)
    assert running.wait().exit_code == 0


def test_the_browser_is_opened(cli: Cli) -> None:
    """With a page that leads there: the words of a command are seen by all users, so the token is not among them."""
    opened = cli.folder / "opened.txt"
    browser = cli.folder / "browser"
    browser.write_text(f'#!/bin/sh\nprintf "%s" "$1" > "{opened}"\n')
    browser.chmod(0o700)
    running = cli.start("app", "--sandbox", BROWSER=f"{browser} %s")
    address, end = address_of(running), time.monotonic() + WAIT_SECONDS
    while not (opened.exists() and opened.read_text()):
        assert time.monotonic() < end
        time.sleep(0.02)
    assert opened.read_text().startswith("file://")
    assert address.rpartition("=")[2] not in opened.read_text()
    running.signal(signal.SIGTERM)
    running.wait()
    assert list(cli.folder.glob("reports/**/open.html")) == []


def test_a_port_that_is_taken_is_a_message(cli: Cli) -> None:
    """Exit code 2, with what to do."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = cli.run("app", "--sandbox", "--no-browser", "--port", taken.getsockname()[1])
    assert done.exit_code == 2
    assert "cannot listen on port" in done.stderr


def test_a_missing_extra_is_a_message(cli: Cli) -> None:
    """With what to do where the program is installed already."""
    without = "import sys; sys.modules['waitress'] = None; sys.modules.pop('importer.app.serving', None)"
    done = cli.start("app", "--no-browser", before=without).wait()
    assert done.exit_code == 2
    assert "The app needs the package waitress, which is not installed." in done.stderr
    assert 'pipx inject kantata-invoice-importer "flask" "waitress"' in done.stderr
