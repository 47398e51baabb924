"""The program as tests call it: in their own process, as a process of its own, or from cold."""

from __future__ import annotations

import contextlib
import gc
import io
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import typer.main

from importer import cli as command_line
from importer.settings import redaction

if TYPE_CHECKING:
    from collections.abc import Mapping

    from importer.sandbox.running import Sandbox

LONGEST_RUN_SECONDS = 300
"""Bound against a hang, for a machine under load: no test may depend on it."""
NO_KEYRING = "keyring.backends.null.Keyring"
typer.main.get_command = cache(typer.main.get_command)  # the options are the same for every command line


@dataclass(frozen=True)
class Finished:
    """How a command ended and what it said."""

    exit_code: int
    """Negative: the number of the signal that killed it."""
    stdout: str
    stderr: str

    @property
    def document(self) -> dict[str, Any]:
        """The one JSON document on stdout."""
        return json.loads(self.stdout)

    @property
    def statuses(self) -> list[str]:
        """What became of each invoice, in the order of the sheet."""
        return [one["status"] for one in self.document["invoices"]]


class Running:
    """A command under way."""

    def __init__(self, connection: socket.socket, folder: Path) -> None:
        """Hold the connection to the server that started it."""
        self._connection, self._stream, self._folder = connection, connection.makefile("r"), folder
        self.pid = int(self._stream.readline())

    def signal(self, number: int) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    def kill(self) -> Finished:
        """End it as a power cut would."""
        with contextlib.suppress(ProcessLookupError):
            self.signal(signal.SIGKILL)
        return self.wait()

    def said(self) -> str:
        """Return what it has written to stdout so far."""
        path = self._folder / "stdout"
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def talk(self) -> str:
        """Return what it has written to stderr so far."""
        path = self._folder / "stderr"
        return path.read_text(encoding="utf-8") if path.exists() else ""

    @property
    def ended(self) -> bool:
        """Whether :meth:`wait` would not have to wait."""
        return bool(select.select([self._connection], [], [], 0)[0])

    def wait(self) -> Finished:
        """Wait for its end."""
        code = int(self._stream.readline())
        self._stream.close()
        self._connection.close()
        return Finished(code, self.said(), self.talk())


@dataclass
class Cli:
    """The program as a process of its own, with its own folder, ledger and settings."""

    server: WarmServer
    folder: Path
    env: dict[str, str] = field(default_factory=dict)

    def start(self, *argv: object, before: str = "", terminal: str | None = None, **env: str) -> Running:
        """Start a command; ``before`` is Python run in the new process first; ``terminal`` is its own, by name."""
        talk = Path(tempfile.mkdtemp(dir=self.folder))
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(LONGEST_RUN_SECONDS)
        connection.connect(str(self.server.address))
        self.server.started += 1
        order = {
            "argv": [str(one) for one in argv],
            "env": {**self.env, **env},
            "cwd": str(self.folder),
            "before": before,
            "terminal": terminal,
            "stdin": os.devnull,
            "stdout": str(talk / "stdout"),
            "stderr": str(talk / "stderr"),
        }
        connection.sendall(json.dumps(order).encode() + b"\n")
        return Running(connection, talk)

    def run(self, *argv: object, **env: str) -> Finished:
        """Run a command to its end, in this process: it does the same, and costs neither a process nor its memory."""
        words, whole_env = [str(word) for word in argv], {**self.env, **env}
        if threading.current_thread() is not threading.main_thread() or _has_keyring(whole_env):
            return self.start(*argv, **env).wait()
        return run_here(words, whole_env, self.folder)

    def cold(self, *argv: object, **env: str) -> Finished:
        """Run ``python -m importer`` from the start, as a person does."""
        self.server.started += 1
        done = subprocess.run(
            [sys.executable, "-m", "importer", *map(str, argv)],
            env=self.env | env,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LONGEST_RUN_SECONDS,
            check=False,
        )
        return Finished(done.returncode, done.stdout, done.stderr)

    def at(self, sandbox: Sandbox) -> Cli:
        """Return the same program, set to a stand-in."""
        env = {"KANTATA_BASE_URL": sandbox.base_url, "KANTATA_TOKEN": sandbox.token}
        return Cli(self.server, self.folder, self.env | env)

    def sheet(self, *rows: Mapping[str, object], name: str = "october.csv") -> Path:
        """Write a CSV; each row a fixed fee of project 101 due after 30 days, unless it says otherwise."""
        given = [{"workspace_id": 101, "item_type": "fixed_fee", "payment_schedule": 30, **row} for row in rows]
        columns = list(dict.fromkeys(name for row in given for name in row))
        lines = [columns, *([row.get(name, "") for name in columns] for row in given)]
        path = self.folder / name
        path.write_text("".join(",".join(map(str, line)) + "\n" for line in lines), encoding="utf-8")
        return path

    def fees(self, count: int, name: str = "october.csv") -> Path:
        """Write a CSV of so many invoices, keys k1, k2 and so on, amounts 101, 102 and so on."""
        rows = ({"workspace_id": 101 + n % 10, "invoice_key": f"k{n}", "amount": 100 + n} for n in range(1, count + 1))
        return self.sheet(*rows, name=name)

    @property
    def ledger(self) -> Path:
        """The file of its ledger."""
        return Path(self.env["IMPORTER_LEDGER"])


class WarmServer:
    """Starts the program often and cheaply, as a process each time: see :mod:`warm_cli`."""

    def __init__(self, log: Path) -> None:
        """Begin with the first process; ``log`` gets its stderr."""
        self.started = 0
        """How many processes of the program were started."""
        self._log = log
        self._folder = tempfile.TemporaryDirectory(prefix="cli")  # a socket's path must be short
        self._server: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> Path:
        """Where it listens; it is started when it is first asked for."""
        address = Path(self._folder.name) / "s"
        if self._server is None:
            script = Path(__file__).with_name("warm_cli.py")
            with self._log.open("wb") as stderr:
                command = [sys.executable, str(script), str(address)]
                self._server = subprocess.Popen(command, stderr=stderr, stdin=subprocess.DEVNULL)
        end = time.monotonic() + LONGEST_RUN_SECONDS
        while not address.exists() and self._server.poll() is None and time.monotonic() < end:
            time.sleep(0.01)
        assert address.exists(), f"it does not answer (exit code {self._server.poll()})\n{self._log.read_text()}"
        return address

    def stop(self) -> None:
        """End it."""
        if self._server is not None:
            self._server.terminate()
            self._server.wait()
        self._folder.cleanup()


def _has_keyring(env: Mapping[str, str]) -> bool:
    """Whether it looks into a keyring: the library chooses one when it is imported, once for a process."""
    return env.get("PYTHON_KEYRING_BACKEND") != NO_KEYRING


def run_here(argv: list[str], env: Mapping[str, str], folder: Path) -> Finished:
    """Run a command in this process, which is afterwards as it was before."""
    said, talk = _stream(), _stream()
    mask = os.umask(0o077)
    collections = gc.get_threshold()
    with (
        mock.patch.dict(os.environ, env, clear=True),
        contextlib.chdir(folder),
        Path(os.devnull).open(encoding="utf-8") as nothing,
        mock.patch.multiple(sys, argv=["importer", *argv], stdin=nothing, stdout=said, stderr=talk),
        mock.patch.object(redaction, "_secrets", set()),  # a process knows only those that it is given
    ):
        try:
            code = _exit_code()
        finally:
            os.umask(mask)
            gc.set_threshold(*collections)
    return Finished(code, _text_of(said), _text_of(talk))


def _exit_code() -> int:
    try:
        command_line.main()
    except SystemExit as ending:
        return ending.code if isinstance(ending.code, int) else int(ending.code is not None)
    except Exception:  # noqa: BLE001 - as the interpreter does at its end
        sys.excepthook(*sys.exc_info())  # type: ignore[arg-type]
        return 1
    return 0


def _stream() -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)


def _text_of(stream: io.TextIOWrapper) -> str:
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode()
