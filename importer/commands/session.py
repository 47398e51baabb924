"""What a run works with: settings, ledger, connection, sandbox; and the signals that stop it."""

from __future__ import annotations

import os
import signal
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from importer.commands.next_steps import words_of
from importer.commands.sandbox import embedded_sandbox
from importer.flow.prepared import NOT_CHECKED, Tools
from importer.kantata.client import KantataApi
from importer.ledger.opening import ledger_url, open_ledger
from importer.model.errors import SettingsProblem
from importer.model.exit_codes import ExitCode
from importer.model.messages.settings import ELSEWHERE
from importer.reporting.screen import plain
from importer.sending.throttle import BrokenOff
from importer.settings.access_token import find_token
from importer.settings.facts import follow
from importer.settings.loading import load
from importer.settings.model import Settings
from importer.settings.redaction import keep_secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from rich.console import Console

    from importer.commands.options import RunPlace
    from importer.sending.throttle import Stop

NO_TOKEN = f"No access token is set, so Kantata was not asked. {NOT_CHECKED}"
OFFLINE = f"Offline: Kantata was not asked. {NOT_CHECKED}"


@dataclass(frozen=True, slots=True)
class Session:
    """The tools of a run, and the way to Kantata."""

    tools: Tools
    settings: Settings
    token: str | None
    no_token: str = ""
    """Why there is none."""

    def connect(self) -> KantataApi:
        """Return a fresh connection. Raises SettingsProblem when there is no token."""
        if self.token is None:
            raise SettingsProblem(self.no_token, ELSEWHERE, code="settings.token")
        return KantataApi(
            self.settings.base_url,
            self.token,
            connect_timeout=self.settings.connect_timeout_seconds,
            read_timeout=self.settings.read_timeout_seconds,
            patience=self.settings.retry_seconds,
        )


@contextmanager
def opened(place: RunPlace, console: Console, *, offline: bool, **flags: int | str | None) -> Iterator[Session]:
    """Open the tools of a run and close them after it; ``flags`` are settings. Banners go to ``console``."""
    with ExitStack() as stack:
        settings = load(config=place.config, profile=place.profile, reports=place.reports, **flags)
        where = ledger_url(settings.ledger)
        keep_secret(where.password and str(where.password))
        token: str | None
        account, why_none = settings.account, ""
        if place.sandbox:
            settings, account, token = embedded_sandbox(stack, settings, where, console)
        else:
            token, why_none = find_token(settings)
            if settings.production:
                console.print(
                    f"PRODUCTION: {plain(account)}. What is sent here bills clients.", style="bold white on red"
                )
            elif settings.is_elsewhere:
                console.print(f"Account: {plain(account)}, which is not the usual address of Kantata.")
        ledger = open_ledger(where, account, anywhere=settings.allow_unsafe_ledger)
        stack.callback(ledger.close)
        settings = follow(settings, ledger.probes.facts())
        notices = (OFFLINE,) if offline else () if token else (NO_TOKEN,)
        tools = Tools(settings, account, ledger, None, notices, tuple(words_of(place)))
        session = Session(tools, settings, token, why_none)
        if token and not offline:
            session = replace(session, tools=replace(session.tools, api=session.connect()))
        yield session


@contextmanager
def reopened(session: Session) -> Iterator[Tools]:
    """Give the tools once more, with a ledger and a connection of their own, for work beside other work."""
    settings, account = session.settings, session.tools.account
    ledger = open_ledger(ledger_url(settings.ledger), account, anywhere=settings.allow_unsafe_ledger)
    try:
        yield replace(session.tools, ledger=ledger, api=session.connect() if session.token else None)
    finally:
        ledger.close()


@contextmanager
def stopped_by_signals(stop: Stop) -> Iterator[Callable[[], None]]:
    """Give a function that makes the first signal stop the run after the request under way.

    A second signal ends the process at once; the ledger then still says ``sending``.
    """
    names = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in names}

    def handle(number: int, _frame: FrameType | None) -> None:
        # Only what cannot fail: an exception here would break into the request under way, if there is one.
        for other in names:
            signal.signal(other, signal.SIG_DFL)
        stop(ExitCode.INTERRUPTED if number == signal.SIGINT else ExitCode.TERMINATED)
        with suppress(OSError):  # the terminal may be gone
            os.write(2, b"\nStopping after the requests under way; a second signal ends the program at once.\n")
        if stop.breaks_in:
            raise BrokenOff

    def listen() -> None:
        for number in names:
            signal.signal(number, handle)

    try:
        yield listen
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
