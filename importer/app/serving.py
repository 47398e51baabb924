"""Serve the pages on 127.0.0.1 until stopped."""

from __future__ import annotations

import logging
import os
import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from waitress import wasyncore
from waitress.server import create_server

from importer.app.desk import Desk, Place
from importer.app.files import new_folder
from importer.app.guard import HERE, Guard
from importer.app.pages import MEGABYTE, built
from importer.app.settling import Settling
from importer.model.errors import SettingsProblem
from importer.model.exit_codes import ExitCode
from importer.settings.private_files import create_private

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

THREADS = 8
"""Pages that are made at the same time."""
POLL_SECONDS = 1.0
"""How long the sockets are watched at a time; anything that happens ends it at once."""


class Serving:
    """The running app; also a context manager. Made with :func:`serve`."""

    def __init__(self, place: Place, port: int) -> None:
        """Listen; raises SettingsProblem when the port is taken."""
        listening = _listening(port)
        guard = Guard(listening.getsockname()[1])
        self.address = guard.first_address
        """With the token, for the browser of the person who started it."""
        self.desk = Desk(place)
        app = built(self.desk, Settling(self.desk), guard)
        most = (place.settings.most_unpacked_mb + 2) * MEGABYTE
        self._sockets: dict[int, object] = {}
        self._door: Path | None = None
        self._closing = threading.Event()
        logging.getLogger("waitress").setLevel(logging.ERROR)
        self._server = create_server(
            app,
            map=self._sockets,
            sockets=[listening],
            threads=THREADS,
            max_request_body_size=most,
            ident=None,
            clear_untrusted_proxy_headers=True,
        )
        self._thread = threading.Thread(target=self._run, name="pages", daemon=True)
        self._thread.start()

    def close(self, code: ExitCode = ExitCode.TERMINATED) -> bool:
        """Stop what is under way after its request; tell whether anything was. Then stop serving."""
        busy = self.desk.close(code)
        if not self._closing.is_set():
            self._closing.set()
            with suppress(OSError):  # the server has seen it already, and closed what would wake it
                self._server.pull_trigger()
            self._thread.join()
        if self._door is not None:
            self._door.unlink(missing_ok=True)
        return busy

    def door(self) -> Path:
        """Write a page of the owner that leads to the address; Serving removes it at its end.

        The address itself among the words of a command would show its token to every user of the machine.
        """
        self._door = new_folder(self.desk.place.settings.reports) / "open.html"
        leads = (
            f'<!doctype html><title>invoice-importer</title><meta http-equiv="refresh" content="0;url={self.address}">'
        )
        create_private(self._door, leads.encode())
        return self._door

    def _run(self) -> None:
        """Answer until closing; the sockets are closed by the thread that watches them."""
        while not self._closing.is_set():
            wasyncore.loop(timeout=POLL_SECONDS, map=self._sockets, count=1)
        self._server.task_dispatcher.shutdown()
        wasyncore.close_all(self._sockets, ignore_all=True)

    def __enter__(self) -> Self:
        """Return itself; it runs already."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.close()


def _listening(port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if os.name == "posix":  # on Windows this option lets two programs share a port
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HERE, port))
    except OSError as error:
        listening.close()
        msg = f"The app cannot listen on port {port} ({error.strerror})."
        raise SettingsProblem(msg, "Choose another one with --port, or leave it out.", code="app.port") from error
    return listening
