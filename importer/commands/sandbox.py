"""The stand-in Kantata: served until stopped (``invoice-importer sandbox``), or for one run (``--sandbox``)."""

from __future__ import annotations

import secrets
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from importer.commands.ending import command
from importer.model.exit_codes import ExitCode

if TYPE_CHECKING:
    from contextlib import ExitStack

    from rich.console import Console

    from importer.ledger.opening import LedgerAddress
    from importer.settings.model import Settings


@command
def sandbox(
    *,
    port: Annotated[int, typer.Option("--port", help="Port on 127.0.0.1; 0 takes a free one.")] = 8765,
    store: Annotated[
        Path | None,
        typer.Option("--store", help="File that keeps its invoices; default: they are forgotten."),
    ] = None,
    cents: Annotated[
        Literal["kept", "cut", "refused"], typer.Option("--cents", help="What it does with cents in amounts.")
    ] = "kept",
    free_drafts: Annotated[
        bool, typer.Option("--free-drafts", help="Let what stands on a draft be billed on another invoice too.")
    ] = False,
    lag: Annotated[
        float, typer.Option("--lag", min=0, help="Seconds for which a new invoice is missing from its lists.")
    ] = 0,
) -> ExitCode:
    """Serve a stand-in Kantata on this machine until stopped with Ctrl-C."""
    from importer.model.errors import SettingsProblem
    from importer.sandbox import Cents, Habits, start

    stopped: list[int] = []  # no Event: a handler that sets one while this thread begins to wait for it would hang
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda received, _: stopped.append(received))
    try:
        server = start(store, port=port, new_ids=True, habits=Habits(Cents(cents), not free_drafts, lag))
    except OSError as error:
        msg = f"The sandbox cannot listen on port {port} ({error.strerror})."
        raise SettingsProblem(
            msg,
            "Choose another one with --port, or 0 for a free one.",
            code="sandbox.port",
        ) from error
    with server:
        typer.echo(f"KANTATA_BASE_URL={server.base_url}")
        typer.echo(f"KANTATA_TOKEN={server.token}")
        typer.echo("Serving a stand-in Kantata; Ctrl-C stops it.", err=True)
        while not stopped:
            time.sleep(0.1)
    return ExitCode.DONE


def embedded_sandbox(
    stack: ExitStack, settings: Settings, ledger: LedgerAddress, console: Console
) -> tuple[Settings, str, str]:
    """Start the stand-in until the stack is left. Returns settings that lead to it, its account and its token."""
    from importer.ledger.opening import SANDBOX_ACCOUNT, file_beside
    from importer.sandbox import start

    store = file_beside(ledger, "sandbox.sqlite")
    sandbox = stack.enter_context(start(store, token=secrets.token_urlsafe(), control=False))
    console.print(
        "SANDBOX: a stand-in Kantata on this machine. Nothing reaches the real one.",
        style="bold black on yellow",
    )
    return settings.model_copy(update={"base_url": sandbox.base_url}), SANDBOX_ACCOUNT, sandbox.token
