"""The options that several commands share: each is written once, in a group that a command names as one parameter.

``def preview(place: Place, sheet: SheetOptions, output: Output)`` makes a command with all options of the three
groups; the command gets them as three records. :mod:`importer.commands.ending` turns it into a Typer command.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from importer.model.plans import Released

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from importer.flow.prepared import Wish


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Which settings a command works with."""

    profile: Annotated[
        str | None, typer.Option("--profile", help="Section [profile.NAME] of importer.toml to use.")
    ] = None
    config: Annotated[Path | None, typer.Option("--config", help="Settings file; default: importer.toml.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPlace(Place):
    """Which settings, and which account: the one of the settings or the stand-in."""

    sandbox: Annotated[
        bool,
        typer.Option("--sandbox", help="Use a stand-in Kantata on this machine; nothing reaches the real one."),
    ] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlace(AccountPlace):
    """Which settings and account, and where the results go."""

    reports: Annotated[Path | None, typer.Option("--reports", help="Folder for the results; default: reports.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetOptions:
    """Which rows, and how they are read and checked."""

    file: Annotated[Path, typer.Argument(help="Workbook (Excel, OpenDocument) or CSV with one row per line item.")]
    sheet: Annotated[str | None, typer.Option("--sheet", help="Sheet to read, when several are possible.")] = None
    batch: Annotated[
        str | None,
        typer.Option("--batch", help="Name of the billing period; default: the month of the invoice dates."),
    ] = None
    encoding: Annotated[
        str | None,
        typer.Option("--encoding", help="Encoding of a CSV without a mark, such as windows-1252; default: UTF-8."),
    ] = None
    preset: Annotated[
        str | None,
        typer.Option("--preset", help="Ready mapping of a well-known export: clockify, toggl or harvest."),
    ] = None
    offline: Annotated[
        bool,
        typer.Option(
            "--offline",
            help="Do not ask Kantata before sending: neither for earlier invoices nor to check projects and items.",
        ),
    ] = False
    partial: Annotated[
        bool, typer.Option("--partial", help="Send the sound invoices although others have problems.")
    ] = False
    no_completeness: Annotated[
        bool,
        typer.Option("--no-completeness", help="Do not look for what else is open in Kantata in the same months."),
    ] = False
    annotate: Annotated[
        bool | None,
        typer.Option(
            "--annotate/--no-annotate",
            help="Write a copy of the file with each wrong cell marked; default: when needed.",
        ),
    ] = None

    def wish(self, **more: Any) -> Wish:  # noqa: ANN401 - fields of a Wish
        """What is wished for the file; ``more`` are fields that only some commands have."""
        from importer.flow.prepared import Wish

        return Wish(
            self.file,
            self.sheet,
            self.batch,
            self.preset,
            partial=self.partial,
            completeness=not self.no_completeness,
            annotate=self.annotate,
            **more,
        )

    @property
    def settings(self) -> dict[str, str | None]:
        """Options that overrule settings."""
        return {"encoding": self.encoding, "preset": self.preset}


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatOptions:
    """What is let through although like lines were billed before."""

    allow_repeats: Annotated[
        bool,
        typer.Option("--allow-repeats", help="Include invoices with lines like those that were billed before."),
    ] = False
    allow_repeat: Annotated[
        list[str] | None,
        typer.Option("--allow-repeat", metavar="REFERENCE", help="The same for this invoice only; may be repeated."),
    ] = None

    @property
    def wish(self) -> dict[str, Any]:
        """As a Wish has it."""
        return {"released": self._released}

    @property
    def words(self) -> list[str]:
        """The options as they were given."""
        return self._released.options

    @property
    def _released(self) -> Released:
        from importer.model.plans import Released

        return Released(self.allow_repeats, frozenset(self.allow_repeat or ()))


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonOutput:
    """Whether the outcome is printed for a program."""

    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else.")] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Output(JsonOutput):
    """How the outcome is printed."""

    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FileOutput(Output):
    """How the outcome is printed, and whether its page is opened."""

    open_results: Annotated[bool, typer.Option("--open", help="Open the page with the results at the end.")] = False


_GROUPS = (Place, AccountPlace, RunPlace, SheetOptions, RepeatOptions, JsonOutput, Output, FileOutput)


def expanded(command: Callable[..., object]) -> Signature:
    """The signature of a command with its option groups taken apart: what Typer makes the options from."""
    return Signature(list(_parameters(command)))


def grouped(command: Callable[..., object], values: dict[str, Any]) -> dict[str, Any]:
    """Put the values of single options together to the arguments of the command."""
    arguments = dict(values)

    for parameter in signature(command, eval_str=True).parameters.values():
        group = parameter.annotation
        if group in _GROUPS:
            own = {field.name: arguments.pop(field.name) for field in fields(group)}
            arguments[parameter.name] = group(**own)

    return arguments


def _parameters(command: Callable[..., object]) -> Iterator[Parameter]:
    for parameter in signature(command, eval_str=True).parameters.values():
        if parameter.annotation in _GROUPS:
            yield from _options_of(parameter.annotation)
        else:
            yield parameter.replace(kind=Parameter.KEYWORD_ONLY)


def _options_of(group: type) -> Iterator[Parameter]:
    hints = get_type_hints(group, include_extras=True)

    for field in fields(group):
        default = Parameter.empty if field.name == "file" else field.default
        yield Parameter(field.name, Parameter.KEYWORD_ONLY, default=default, annotation=hints[field.name])
