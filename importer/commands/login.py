"""``invoice-importer login`` and ``logout``: keep the access token in the keyring of the operating system."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from importer.commands.ending import command
from importer.commands.options import Place
from importer.model.exit_codes import ExitCode

if TYPE_CHECKING:
    from importer.settings.model import Settings


@command
def login(*, place: Place) -> ExitCode:
    """Ask for the access token and keep it in the keyring of the operating system; it is never an argument."""
    from importer.model.errors import WrongUse
    from importer.settings.loading import load
    from importer.settings.redaction import keep_secret
    from importer.settings.secrecy import checked_token

    settings = load(config=place.config, profile=place.profile)
    account = settings.account
    if sys.stdin.isatty():
        token = typer.prompt(f"Access token for {account}", hide_input=True, err=True)
    else:
        token = sys.stdin.readline()
    if not token.strip():
        msg = "No token was given."
        raise WrongUse(msg, "Type or paste it when asked, or pipe it in: invoice-importer login < file", code="login")
    keep_secret(token.strip())
    keep(checked_token(token.strip()), settings)
    typer.echo(f"The token for {account} is in the keyring. invoice-importer logout deletes it.", err=True)
    return ExitCode.DONE


def keep(token: str, settings: Settings) -> None:
    """Keep a token in the keyring, for the account of these settings. Raises SettingsProblem."""
    from importer.model.errors import SettingsProblem
    from importer.model.messages.settings import ELSEWHERE
    from importer.settings.access_token import store, stored
    from importer.settings.trust import bind

    store(settings.account, token)
    if stored(settings.account) != token:
        msg = "The keyring of this machine keeps nothing: the token is not there after it was stored."
        raise SettingsProblem(msg, ELSEWHERE, code="settings.keyring")
    bind(token, settings.base_url, again=True)


@command
def logout(*, place: Place) -> ExitCode:
    """Delete the access token from the keyring of the operating system."""
    from importer.settings.access_token import forget
    from importer.settings.loading import load

    account = load(config=place.config, profile=place.profile).account
    said = "was deleted from the keyring" if forget(account) else "was not in the keyring"
    typer.echo(f"The token for {account} {said}.", err=True)
    return ExitCode.DONE
