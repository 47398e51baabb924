"""The program, started often: a process that has its imports done and forks one child per command line.

Each child is a process of its own, with real signals, exit code and file descriptors; only the two seconds that
Python needs to import pandas are saved. ``test_cli.py`` also starts ``python -m importer`` from cold.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import runpy
import signal
import socket
import sys
import tempfile
from pathlib import Path
from typing import Any

WARM = (
    "importer.cli",
    "importer.unattended.running",
    "importer.flow.submit",
    "importer.reporting.terminal",
    "importer.commands.session",
    "importer.sandbox.app",
    "importer.sandbox.store",
    "rich.console",
    "rich.progress",
    "rich.table",
    "rich.markup",
    "importer.reporting.report",
)


def serve(address: str) -> None:
    """Fork a child for every connection; one JSON line in, pid and exit status out."""
    for name in (*WARM, *_modules_of_a_preview()):
        with contextlib.suppress(ImportError):  # some are made at run time
            importlib.import_module(name)
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


def _modules_of_a_preview() -> list[str]:
    """Names of all that one run imports, also late; told by a child, so that this process keeps no other trace."""
    reader, writer = os.pipe()
    if os.fork() == 0:
        with tempfile.TemporaryDirectory() as folder:
            sheet = Path(folder) / "a.csv"
            sheet.write_text("Project ID,Item type,Amount\n101,Fixed fee,5\n", encoding="utf-8")
            os.environ |= {"IMPORTER_LEDGER": f"{folder}/ledger", "IMPORTER_REPORTS": folder, "XDG_STATE_HOME": folder}
            os.environ |= {"HOME": folder, "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}
            os.chdir(folder)
            nowhere = os.open(os.devnull, os.O_WRONLY)
            for stream in (1, 2):
                os.dup2(nowhere, stream)
            sys.argv[:] = ["importer", "preview", str(sheet), "--offline"]
            with contextlib.suppress(BaseException):
                runpy.run_module("importer", run_name="__main__", alter_sys=True)
        os.write(writer, json.dumps(sorted(set(sys.modules) - {"__main__"})).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as told:
        names: list[str] = json.loads(told.read())
    os.wait()
    return names


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
