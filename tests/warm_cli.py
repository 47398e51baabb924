"""The program, started often: a process that has its imports done and forks one child per command line.

Each child is a process of its own, with real signals, exit code and file descriptors; only the two seconds that
Python needs to import pandas are saved. ``test_cli.py`` also starts ``python -m importer`` from cold.
"""

from __future__ import annotations

import contextlib
import json
import os
import runpy
import signal
import socket
import sys
from pathlib import Path
from typing import Any

WARM = (
    "importer.cli", "importer.pipeline", "importer.preview", "importer.commands.session", "importer.sandbox.app",
    "importer.sandbox.store", "rich.console", "rich.progress", "rich.table", "rich.markup", "importer.report",
)  # fmt: skip


def serve(address: str) -> None:
    """Fork a child for every connection; one JSON line in, pid and exit status out."""
    for name in WARM:
        __import__(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(f"{address}-")
        listening.listen(64)
        Path(f"{address}-").rename(address)  # whoever sees the name can connect
        while True:
            connection, _ = listening.accept()
            if os.fork() == 0:
                listening.close()
                _handle(connection)
                os._exit(0)
            connection.close()


def _handle(connection: socket.socket) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    stream = connection.makefile("rw")
    order = json.loads(stream.readline())
    child = os.fork()
    if child == 0:
        connection.detach()
        _become(order)
    with contextlib.suppress(OSError):
        stream.write(f"{child}\n")
        stream.flush()
    _, status = os.waitpid(child, 0)
    with contextlib.suppress(OSError):
        stream.write(f"{os.waitstatus_to_exitcode(status)}\n")
        stream.flush()


def _become(order: dict[str, Any]) -> None:
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        flags = os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        os.dup2(os.open(order[name], flags, 0o600), number)
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
    sys.path.insert(0, str(Path(__file__).parent))
    import loopback_only

    loopback_only.close()
    serve(sys.argv[1])
