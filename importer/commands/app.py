"""``invoice-importer app``: the whole job in the browser, on this machine."""

from __future__ import annotations

import time
import webbrowser
from typing import TYPE_CHECKING, Annotated

import typer

from importer.commands.ending import command
from importer.commands.options import RunPlace
from importer.model.exit_codes import ExitCode

if TYPE_CHECKING:
    from importer.app.serving import Serving
    from importer.commands.session import Session
    from importer.flow.mapping import Answers

POLL_SECONDS = 0.1


@command
def app(
    *,
    place: RunPlace,
    port: Annotated[int, typer.Option("--port", help="Port on 127.0.0.1; default: a free one.")] = 0,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Only print the address; do not open the browser.")
    ] = False,
) -> ExitCode:
    """Do the whole job in the browser: choose a file, correct it, look, approve, send. Ctrl-C ends it."""
    from importer.commands.session import opened, stopped_by_signals
    from importer.reporting.screen import Screen
    from importer.sending.throttle import Stop

    stop, talk = Stop(), Screen(stderr=True)
    with opened(place, talk, offline=False) as session, stopped_by_signals(stop) as listen:
        serving = _served(session, port, place)
        listen()
        typer.echo(serving.address)
        talk.print("This address lets you in; keep it to yourself. Ctrl-C ends the program.", highlight=False)
        if not no_browser:
            webbrowser.open(serving.door().resolve().as_uri())
        while stop.exit_code is None:  # no wait: a handler that sets an event while this thread waits would hang
            time.sleep(POLL_SECONDS)
        was_busy = serving.close(stop.exit_code)
    return stop.exit_code if was_busy else ExitCode.DONE


def _served(session: Session, port: int, place: RunPlace) -> Serving:
    """Start to serve. Raises SettingsProblem without the extra, or for a port that is taken."""
    from importer.commands.session import reopened
    from importer.model.errors import SettingsProblem
    from importer.model.messages import error

    try:
        from importer.app.desk import Place
        from importer.app.serving import Serving
    except ImportError as missing:
        raise error(SettingsProblem, "app.missing", package=missing.name) from None
    tools = session.tools

    def remember(answers: Answers) -> None:
        from importer.commands.map import settings_place
        from importer.flow.mapping import write

        write(answers, settings_place(place))

    shown = Place(
        session.settings, tools.account, lambda: reopened(session), remember, session.connect, rehearsal=place.sandbox
    )
    return Serving(shown, port)
