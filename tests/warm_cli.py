"""The program, started often: a process that has its imports done and forks one child per command line.

Each child is a process of its own, with real signals, exit code and file descriptors; only the two seconds that
Python needs to import pandas are saved, and the start of another Python that reads the sheet (``near_reading``).
``test_cli.py`` also starts ``python -m importer`` from cold.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import runpy
import selectors
import signal
import socket
import sys
import tempfile
from pathlib import Path
from typing import Any

import loopback_only
import near_reading
from programs import run_here

WARM = (
    "importer.flow.reconciling",
    "importer.flow.submit",
    "importer.flow.undoing",
    "importer.reading.formats.calamine",
    "importer.reading.formats.xls",
    "importer.sandbox.app",
    "importer.sandbox.store",
    "importer.unattended.running",
    "rich.progress",
)
"""What a preview does not need."""


def serve(address: str) -> None:
    """Fork a child for every connection; one JSON line in, pid and exit status out."""
    _warm_up()
    gc.collect()
    gc.freeze()  # else the first collection in a child touches, and so copies, all that it shares with this process
    with socket.socket(socket.AF_UNIX) as listening, selectors.DefaultSelector() as waiting:
        listening.bind(f"{address}-")
        listening.listen(64)
        Path(f"{address}-").rename(address)  # whoever sees the name can connect
        waiting.register(listening, selectors.EVENT_READ)
        while True:
            for key, _ in waiting.select():
                if key.fileobj is listening:
                    connection, _ = listening.accept()
                    child, alive = _begin(connection)
                    waiting.register(alive, selectors.EVENT_READ, (child, connection))
                else:
                    waiting.unregister(key.fileobj)
                    os.close(key.fd)
                    _end(*key.data)


def _warm_up() -> None:
    """Import what runs need, and run a preview: what it imports late and makes once is there for every child."""
    for name in WARM:
        importlib.import_module(name)
    with tempfile.TemporaryDirectory() as folder:
        sheet = Path(folder) / "a.csv"
        sheet.write_text("Project ID,Item type,Amount\n101,Fixed fee,5\n", encoding="utf-8")
        env = {"IMPORTER_LEDGER": f"{folder}/ledger", "IMPORTER_REPORTS": folder, "XDG_STATE_HOME": folder}
        env |= {"HOME": folder, "KANTATA_TOKEN": "given"}  # or a keyring would be chosen, for all children
        run_here(["preview", str(sheet), "--offline"], env, Path(folder))


def _begin(connection: socket.socket) -> tuple[int, int]:
    """Read an order, fork the child that carries it out, and tell its pid; with a pipe that closes when it ends."""
    order = json.loads(connection.makefile("r").readline())
    alive, held = os.pipe()
    child = os.fork()
    if child == 0:
        connection.close()
        _become(order)
    os.close(held)
    with contextlib.suppress(OSError):
        connection.sendall(f"{child}\n".encode())
    return child, alive


def _end(child: int, connection: socket.socket) -> None:
    """Tell how it ended."""
    _, status = os.waitpid(child, 0)
    with contextlib.suppress(OSError), connection:
        connection.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())


def _become(order: dict[str, Any]) -> None:
    if order["terminal"]:
        os.setsid()  # the terminal becomes its own with the first open, so that Ctrl-C reaches it
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        flags = os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        os.dup2(os.open(order["terminal"] or order[name], os.O_RDWR if order["terminal"] else flags, 0o600), number)
        if order["terminal"]:  # what was made for a file would seek in it, and keep back what is to be seen
            setattr(sys, name, os.fdopen(number, "w" if number else "r", buffering=1, closefd=False))
    os.environ.clear()
    os.environ.update(order["env"])
    os.chdir(order["cwd"])
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.argv[:] = ["importer", *order["argv"]]
    code: object = 0
    try:
        if order.get("before"):
            exec(compile(order["before"], "<before>", "exec"), {})  # noqa: S102 - the test's own words
        runpy.run_module("importer", run_name="__main__", alter_sys=True)
    except SystemExit as error:
        code = error.code
    except BaseException:  # noqa: BLE001 - as the interpreter does at its end
        sys.excepthook(*sys.exc_info())
        code = 1
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):
            stream.flush()
    os._exit(code if isinstance(code, int) else 0 if code is None else 1)


if __name__ == "__main__":
    loopback_only.close()
    near_reading.near()
    serve(sys.argv[1])
