"""``invoice-importer settings``: every setting, its value and where it comes from."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from importer.commands.ending import command
from importer.commands.options import JsonOutput, Place
from importer.model.exit_codes import ExitCode

if TYPE_CHECKING:
    from importer.settings.model import Settings

HIDDEN = "(hidden)"


@command
def settings(
    *,
    place: Place,
    output: JsonOutput,
    trust: Annotated[
        bool,
        typer.Option(
            "--trust",
            help="Let importer.toml of the working directory count exactly as it is now, and the token go to its host.",
        ),
    ] = False,
    preset: Annotated[
        str | None,
        typer.Option("--preset", help="Show only the lines of importer.toml that a preset stands for, to be copied."),
    ] = None,
) -> ExitCode:
    """Show every setting with its value and where it comes from. Secrets are hidden."""
    if preset is not None:
        return _print_preset(preset)
    from importer.model.errors import SettingsProblem
    from importer.settings.access_token import stored
    from importer.settings.loading import load, origins

    if trust:
        _trust(place)
    settings = load(config=place.config, profile=place.profile)
    values, where = _shown(settings), origins(config=place.config, profile=place.profile)
    if settings.token is None and settings.token_file is None:
        with suppress(SettingsProblem):  # a keyring that cannot be asked is said by doctor
            if stored(settings.account) is not None:
                values["token"], where["token"] = HIDDEN, "keyring of the operating system"
    rows = [(name, value, where.get(name, "default")) for name, value in values.items()]
    if output.as_json:
        import json

        records = [dict(zip(("name", "value", "origin"), row, strict=True)) for row in rows]
        document = {"schema_version": 1, "command": "settings", "settings": records}
        sys.stdout.write(json.dumps(document, default=str, ensure_ascii=False, indent=2) + "\n")
    else:
        _print(rows)
    return ExitCode.DONE


def _print_preset(name: str) -> ExitCode:
    """Print the lines of a preset on stdout. Raises WrongUse for one that does not exist."""
    from importer.model.errors import WrongUse
    from importer.model.messages import error
    from importer.values.presets import PRESETS

    if name not in PRESETS:
        raise error(WrongUse, "preset.unknown", name=name, names=", ".join(PRESETS))
    typer.echo(PRESETS[name].lines)
    return ExitCode.DONE


def _trust(place: Place) -> None:
    """Note that the user knows the settings file of the working directory, and where the token goes."""
    from importer.settings.access_token import rebind
    from importer.settings.loading import load
    from importer.settings.sources import of_file, only_found
    from importer.settings.trust import trust

    if found := only_found(place.config):
        of_file(found, None)  # what cannot be read cannot be trusted
        trust(found)
        typer.echo(f"{found.absolute()} is trusted, exactly as it is now.", err=True)
    rebind(load(config=place.config, profile=place.profile))


def _shown(settings: Settings) -> dict[str, object]:
    """Values as they may be shown: no secret, and no password in the address of the ledger."""
    from pydantic import SecretStr

    from importer.ledger.opening import shown_address

    values: dict[str, object] = {}
    for name, value in settings:
        secret = isinstance(value, SecretStr)
        values[name] = (HIDDEN if value.get_secret_value() else None) if secret else value
    return values | {"ledger": shown_address(settings.ledger)}


def _print(rows: list[tuple[str, object, str]]) -> None:
    from rich import box
    from rich.table import Table

    from importer.reporting.screen import Screen, plain

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in ("Setting", "Value", "From"):
        table.add_column(title, overflow="fold", no_wrap=title == "Setting")
    for name, value, origin in rows:
        style = "dim" if origin == "default" else None
        table.add_row(name, plain(_words(value)), plain(origin), style=style)
    Screen().print(table)


def _words(value: object) -> str:
    """A value as importer.toml would say it."""
    if value is None or value in ("", {}):
        return "–"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)
