"""The command line: one file per command in :mod:`importer.commands`."""

from __future__ import annotations

import gc
import io
import os
import sys
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from importer import __version__
from importer.commands.streams import last

if TYPE_CHECKING:
    from collections.abc import Iterator

OBJECTS_BETWEEN_COLLECTIONS = 50_000
"""New objects after which Python looks for cycles; its own 700 cost a fifth of the time in which libraries load."""
SHEETS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".csv")
BEGIN = """Begin with these:

invoice-importer start             a guided first run

invoice-importer template          an empty workbook to fill in

invoice-importer preview FILE      what would be billed; sends nothing

invoice-importer map FILE          asks what your own headers mean, once

invoice-importer submit FILE       asks, then creates the invoices

invoice-importer app               all of it in the browser

invoice-importer doctor            whether all is in order

A file alone is previewed. Without an access token, add --sandbox to try it out.
"""


COMMANDS = {
    "start": "start",
    "template": "template",
    "preview": "preview",
    "map": "map",
    "approve": "approve",
    "submit": "submit",
    "run": "run",
    "reconcile": "reconcile",
    "undo": "undo",
    "history": "history",
    "confirm": "confirm",
    "app": "app",
    "doctor": "doctor",
    "probe": "probe",
    "settings": "settings",
    "login": "login",
    "logout": "login",
    "sandbox": "sandbox",
}
"""Command → the module of ``importer.commands`` whose function of the same name it is; in the order of the help."""


class _Loaded(Mapping[str, Any]):
    """The commands by name; each is loaded when it is looked up, so that no other costs it time."""

    def __init__(self) -> None:
        self._found: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - the types are private to Typer
        if name not in self._found:
            module = import_module(f"importer.commands.{COMMANDS[name]}")
            alone = typer.Typer(add_completion=False, rich_markup_mode=None)
            alone.command()(getattr(module, name))
            self._found[name] = get_command(alone)
        return self._found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)


class Commands(TyperGroup):
    """The commands; a file in place of one is previewed, which sends nothing."""

    def __init__(self, **attributes: Any) -> None:  # noqa: ANN401 - what Typer hands over
        super().__init__(**attributes)
        self.commands = _Loaded()  # type: ignore[assignment]  # nothing is ever added to it

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401 - the types are private to Typer
        """Take the name of a sheet for the wish to preview it."""
        if args and args[0].lower().endswith(SHEETS) and args[0] not in self.commands:
            args = ["preview", *args]
        return super().resolve_command(ctx, args)


app = typer.Typer(
    name="invoice-importer",
    cls=Commands,
    help="Turn a spreadsheet of invoice rows into invoices in Kantata OX, exactly once.",
    epilog=BEGIN,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # help that is laid out by Rich takes twice as long
    pretty_exceptions_show_locals=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def _show_version(value: bool) -> None:  # noqa: FBT001 - the shape that Typer calls
    if value:
        typer.echo(f"invoice-importer {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[  # noqa: FBT002 - the shape that Typer calls
        bool,
        typer.Option("--version", help="Show the version and stop.", callback=_show_version, is_eager=True),
    ] = False,
) -> None:
    """Hold the options that stand before the command."""


def main() -> None:
    """Run the command line. What it writes is for its owner only."""
    os.umask(0o077)
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
    if isinstance(sys.stdout, io.TextIOWrapper):  # a terminal of another encoding must not stop a run on its way
        sys.stdout.reconfigure(errors="backslashreplace")
    last()
    app()
