"""Open what a run works with: settings, ledger, connection, sandbox."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from importer.flow.prepared import NOT_CHECKED, Tools
from importer.kantata.client import KantataApi
from importer.ledger.opening import file_beside, ledger_url, open_ledger
from importer.model.errors import SettingsProblem
from importer.settings.access_token import ELSEWHERE, find_token
from importer.settings.loading import load
from importer.settings.model import Settings
from importer.settings.redaction import keep_secret

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rich.console import Console

    from importer.ledger.ledger import SubmissionLedger
    from importer.ledger.opening import LedgerAddress

SANDBOX_ACCOUNT = "sandbox"
"""Name of the embedded stand-in in the ledger; its port differs from run to run."""

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
def opened(  # noqa: PLR0913 - one argument per option or field
    *,
    config: Path | None,
    profile: str | None,
    reports: Path | None,
    offline: bool,
    sandbox: bool,
    console: Console,
    workers: int | None = None,
    encoding: str | None = None,
) -> Iterator[Session]:
    """Open the tools of a run and close them after it."""
    with ExitStack() as stack:
        settings = load(config=config, profile=profile, reports=reports, workers=workers, encoding=encoding)
        where = ledger_url(settings.ledger)
        keep_secret(where.password and str(where.password))
        account, (token, why_none) = settings.account, (None, "") if sandbox else find_token(settings)
        if sandbox:
            settings, account, token = _embedded_sandbox(stack, settings, where, console)
        elif settings.production:
            console.print(f"PRODUCTION: {account}. What is sent here bills clients.", style="bold white on red")
        ledger = stack.enter_context(_closing(where, account))
        notices = (OFFLINE,) if offline else () if token else (NO_TOKEN,)
        session = Session(Tools(settings, account, ledger, None, notices), settings, token, why_none)
        if token and not offline:
            session = replace(session, tools=replace(session.tools, api=session.connect()))
        yield session


def _embedded_sandbox(
    stack: ExitStack,
    settings: Settings,
    ledger: LedgerAddress,
    console: Console,
) -> tuple[Settings, str, str]:
    from importer.sandbox import start

    sandbox = stack.enter_context(start(file_beside(ledger, "sandbox.sqlite")))
    console.print(
        "SANDBOX: a stand-in Kantata on this machine. Nothing reaches the real one.",
        style="bold black on yellow",
    )
    return settings.model_copy(update={"base_url": sandbox.base_url}), SANDBOX_ACCOUNT, sandbox.token


@contextmanager
def _closing(where: LedgerAddress, account: str) -> Iterator[SubmissionLedger]:
    ledger = open_ledger(where, account)
    try:
        yield ledger
    finally:
        ledger.close()
