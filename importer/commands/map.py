"""``invoice-importer map``: what the user's own headers and words mean, asked once and remembered."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from importer.commands import asking
from importer.commands.ending import command
from importer.commands.next_steps import command_line, next_step
from importer.commands.options import AccountPlace
from importer.model.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from importer.flow.mapping import Draft, SettingsPlace
    from importer.model.problems import Problem


@command
def map(  # noqa: A001, PLR0913 - the name of the command; one argument per option
    *,
    file: Annotated[Path, typer.Argument(help="Workbook (Excel, OpenDocument) or CSV with your own headers.")],
    place: AccountPlace,
    sheet: Annotated[str | None, typer.Option("--sheet", help="Sheet to read, when several are possible.")] = None,
    encoding: Annotated[
        str | None, typer.Option("--encoding", help="Encoding of a CSV without a mark; default: UTF-8.")
    ] = None,
    preset: Annotated[
        str | None, typer.Option("--preset", help="Ready mapping that counts already: clockify, toggl or harvest.")
    ] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Do not ask Kantata for the names of projects.")] = False,
) -> ExitCode:
    """Propose what unknown headers and words mean, ask, and write it into importer.toml. Sends nothing."""
    from importer.commands.map_questions import Conversation
    from importer.commands.options import RunPlace
    from importer.commands.session import opened
    from importer.flow.mapping import Answers, draft_of, errors_of_headers, write
    from importer.flow.prepared import Wish
    from importer.reporting.screen import Screen

    target = settings_place(place)
    profile = None if target.is_new else place.profile
    run_place = RunPlace(profile=profile, config=place.config, sandbox=place.sandbox)
    with opened(run_place, Screen(stderr=True), offline=offline, encoding=encoding, preset=preset) as session:
        wish = Wish(file, sheet, preset=preset)
        draft = draft_of(wish, session.tools)
        errors = errors_of_headers(wish, session.tools, draft)

    options: list[object] = []
    for option, value in (("--sheet", sheet), ("--encoding", encoding), ("--preset", preset)):
        options += [] if value is None else [option, value]
    after = command_line("preview", file, *options, place=place)
    if not draft.asks and not draft.presets:
        return _nothing_to_ask(errors, after)
    if not asking.is_terminal():
        _for_later(draft, target, command_line("map", file, *options, place=place))
    talk = Conversation(draft)
    chosen = talk.preset()
    answers = talk.answers() if chosen is None else Answers(presets=[chosen])
    if not answers:
        typer.echo("Nothing was written: no question was answered.", err=True)
        return ExitCode.DONE
    talk.confirm(answers, target)
    path = write(answers, target)
    typer.echo(f"Written into {path}. Files with these headers are read so from now on; the preview says it each time.")
    next_step(after)
    return ExitCode.DONE


def _nothing_to_ask(errors: Sequence[Problem], after: str) -> ExitCode:
    """Say so, and what the preview calls wrong with the columns all the same."""
    from importer.model.visible import visible

    for wrong in errors:
        typer.echo(visible(f"{wrong.address}: {wrong.message}"))
    if errors:
        typer.echo("There is nothing to ask, but the preview refuses this sheet for the reasons above.", err=True)
    else:
        typer.echo("Nothing to ask: every column and every word of this sheet is understood.")
    next_step(after)
    return ExitCode.FILE_PROBLEMS if errors else ExitCode.DONE


def settings_place(place: AccountPlace) -> SettingsPlace:
    """Where the answers are written: the settings file that counts, else a new one here."""
    from importer.flow.mapping import SettingsPlace
    from importer.settings.sources import FOUND_HERE, chosen_profile, settings_file

    file, profile = settings_file(place.config), chosen_profile(place.profile)
    return SettingsPlace(file or FOUND_HERE, profile, is_new=_is_new(file, profile))


def _is_new(file: Path | None, profile: str | None) -> bool:
    """Whether the settings file has no section for the profile yet, which is made then."""
    from importer.model.errors import SettingsProblem
    from importer.settings.sources import of_file

    try:
        of_file(file, profile)
    except SettingsProblem as why:
        return why.code == "settings.profile"
    return False


def _for_later(draft: Draft, place: SettingsPlace, again: str) -> None:
    """Print the proposals and the lines to paste, where there is no one to ask. Raises GateRefused."""
    from importer.commands.map_questions import overview
    from importer.flow.mapping import proposed_answers, toml_of
    from importer.model.errors import GateRefused
    from importer.model.visible import visible

    for line in overview(draft):
        typer.echo(visible(line))
    answers = proposed_answers(draft)
    if answers:
        typer.echo(f"\nIf all of this is right, put this into {place.path}, in place of the same sections:\n")
        typer.echo(visible(toml_of(answers, place)))
    msg = "Nothing was written: without a terminal there is no one to ask."
    raise GateRefused(msg, f"Paste the lines above, or run this in a terminal: {again}", code="gate.yes")
