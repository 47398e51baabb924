"""A running stand-in server, as the rest of the product and the tests hold it."""

from __future__ import annotations

import threading
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Self

from importer.model.errors import SettingsProblem
from importer.model.messages import error
from importer.sandbox.faults import Fault, FaultQueue
from importer.sandbox.habits import Behaviour, Habits
from importer.sandbox.received import Received, Recorder, StoredInvoice, UnderWay

STOP_SECONDS = 5.0
"""How long stop() waits for the server's thread."""


class Sandbox:
    """A stand-in Kantata that listens in a background thread until :meth:`stop`; also a context manager."""

    base_url: str
    """``http://127.0.0.1:PORT/api/v1``, for the client's base URL."""
    token: str
    """The only token it takes."""

    def __init__(  # noqa: PLR0913 - one argument per option
        self,
        store: Path | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        token: str = "sandbox",  # noqa: S107 - the sandbox's token is public
        control: bool = True,
        new_ids: bool = False,
        habits: Habits | None = None,
    ) -> None:
        """Start it, ready for requests.

        ``store``: a SQLite file that survives across runs (made, with its folders, when missing); None keeps all in
        memory. ``host``: loopback only. ``port``: 0 takes a free one. ``control``: whether it has the routes below
        ``/_sandbox``. ``new_ids``: the ids of a new store begin with the time, so that they are none of those of an
        earlier one. ``habits``: how the account behaves where Kantata documents nothing.

        Raises SettingsProblem without Flask or SQLAlchemy, and for a file that is no store of this version;
        ValueError for a host that other machines could reach or an empty token, OSError when the port is taken.
        """
        for module in ("flask", "sqlalchemy"):
            if find_spec(module) is None:
                raise error(SettingsProblem, "sandbox.missing", package=module)
        from importer.sandbox import account, app, server
        from importer.sandbox.store import Store

        if not token:
            msg = "the sandbox's token is empty"
            raise ValueError(msg)
        self.token = token
        self._faults = FaultQueue()
        self._recorder = Recorder()
        self._under_way = UnderWay()
        self._behaviour = Behaviour(habits or Habits())
        listening = server.listen(host, port)
        try:
            self._store = Store(store, account.fill, account.VERSION, new_ids=new_ids)
            hosts = frozenset(f"{name}:{listening.getsockname()[1]}" for name in (host, "127.0.0.1", "localhost"))
            parts = app.Parts(
                self._store, token, self._faults, self._behaviour, self._recorder, self._under_way, hosts, control
            )
            self._server = server.SandboxServer(listening, app.build(parts))
        finally:
            listening.close()
        self.base_url = f"http://{host}:{self._server.port}{app.BASE}"
        self._thread = threading.Thread(target=self._server.serve_forever, name="kantata-sandbox", daemon=True)
        self._thread.start()

    @property
    def stopped(self) -> bool:
        """Whether it listens no more."""
        return self._under_way.stopped

    def stop(self) -> None:
        """Close every connection and the store; a second call does nothing."""
        if self.stopped:
            return
        self._under_way.stop()
        self._server.stop()
        self._thread.join(STOP_SECONDS)
        self._store.close()

    def reset(self) -> None:
        """Make it as good as new: no recorded requests, no faults, no invoices but those of the sample account.

        Requests under way are ended first, so that none of them leaves a trace later. Its address, its token and the
        connections of its clients stay. Raises TimeoutError when a request does not end.
        """
        self._faults.replace([])
        self._behaviour.change(Habits())
        self._under_way.end_all()
        self._recorder.clear()
        self._store.reset()

    def wait(self, seconds: float | None = None) -> None:
        """Block until the server stops, or for so long; for a process that does nothing else."""
        self._thread.join(seconds)

    def misbehave(self, *faults: Fault) -> None:
        """Replace the faults still to come; without any, behave."""
        self._faults.replace(faults)

    def behave(self, habits: Habits) -> None:
        """Behave so from now on, where Kantata documents nothing."""
        self._behaviour.change(habits)

    def received(self, method: str = "*", path_prefix: str = "/") -> list[Received]:
        """Return every request that reached the server, in order; ``/_sandbox`` routes are not counted."""
        return self._recorder.list(method, path_prefix)

    def invoices(self, *, with_sample: bool = False) -> list[StoredInvoice]:
        """Return what is stored, cancelled invoices included, in the order of creation.

        The invoices that the sample account begins with come only when asked for.
        """
        return self._store.invoices(with_sample=with_sample)

    def __enter__(self) -> Self:
        """Return itself; it runs already."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        failure: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop."""
        self.stop()
