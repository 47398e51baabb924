"""``invoice-importer start``: a guided first run. All that it does can be said in the settings, too."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from importer.commands.asking import answer_to, need_terminal
from importer.commands.ending import command
from importer.commands.next_steps import command_line, next_step, words_of
from importer.commands.options import AccountPlace
from importer.model.exit_codes import ExitCode
from importer.settings.private_files import create_private

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

    from importer.settings.model import Settings

NOTHING = "Nothing was set up"
INSTEAD = (
    "Write importer.toml yourself (docs/reference/settings.md), keep the token with invoice-importer login or in "
    "KANTATA_TOKEN, then run invoice-importer doctor."
)
WHERE_TOKENS_ARE = (
    "The program signs in with an access token. In Kantata: Settings > API, View your Account's Registered "
    "Applications, choose the one for this program (or register it), Show your OAuth Token. An administrator can do it."
)
NO_KEYRING = (
    "This machine keeps no keyring, so the token lies in a file that only you can read. The program finds it by this "
    "line; put it where your terminal reads it each time, such as ~/.profile:"
)
TRIAL = Path("trial.csv")
"""The sheet that is written for the trial, unless something has this name."""
TRIAL_ROWS = """\
Project ID,Item type,Description,Amount,Net days
101,Fixed fee,Concept,500,30
102,Additional item,Travel to the workshop,120,30
"""


@dataclass(frozen=True, slots=True)
class Question:
    """A question whose answer is a setting."""

    setting: str
    title: str
    asks: str
    why: str


QUESTIONS = (
    Question(
        "payment_schedule",
        "Terms",
        "Days to pay, such as 30",
        "Days to pay for invoices whose rows say nothing. Press Enter if each row says it.",
    ),
    Question(
        "production",
        "Account",
        "Does it bill real clients? yes or no",
        "Where it bills real clients, the total must be typed before anything is sent to it.",
    ),
)


@command
def start(*, place: AccountPlace) -> ExitCode:
    """Ask what the program needs to know, write it into importer.toml, and try it out. Never needed, never sends."""
    from importer.reporting.screen import Screen, plain
    from importer.settings.loading import load, without_file
    from importer.settings.sources import file_to_write, is_named

    need_terminal(NOTHING, INSTEAD)
    talk, path = Screen(stderr=True, highlight=False), file_to_write(place.config).absolute()
    is_there = path.is_file()
    settings = load(config=place.config, profile=place.profile) if is_there else without_file(place.profile)
    what = "changes, and keeps what else stands there" if is_there else "writes"
    talk.print(f"A few questions. The answers go into a file that start {what}: {plain(str(path))}")
    talk.print("Enter takes what stands in brackets. Ctrl-C stops; nothing is kept before the last question.")

    keep_token = None if place.sandbox else _token(settings, talk)
    changes = _answers(settings, talk, with_usual=not is_there and is_named(place.config))
    talk.print("\n[bold]Cents:[/] Whether Kantata keeps them is not documented; until it is known they are refused.")
    with_cents = _is_yes("Do amounts of yours have cents? yes or no", "no", NOTHING)
    _agree(path, changes, talk, with_token=keep_token is not None)
    advice = keep_token() if keep_token is not None else ""
    _write(path, changes, place)

    _offers(place, talk, with_cents=with_cents)
    _run("doctor", place=place)
    if advice:
        talk.print(f"\n[bold]Token:[/] {NO_KEYRING}")
        talk.print(f"    {plain(advice)}", soft_wrap=True)
    next_step(f"{command_line('template', 'october.xlsx')} writes an empty workbook; fill it in, and preview it.")
    return ExitCode.DONE


# --- the token --------------------------------------------------------------------------------


def _token(settings: Settings, talk: Console) -> Callable[[], str] | None:
    """What keeps the token that the person gives; None: none is to be kept."""
    from importer.reporting.screen import plain
    from importer.settings.access_token import find_token

    known, _ = find_token(settings)
    if known is not None:
        talk.print(f"\n[bold]Access token:[/] One is set already. {plain(_whose(settings, known))}")
        return None
    talk.print(f"\n[bold]Access token:[/] {WHERE_TOKENS_ARE}")
    while True:
        token = _hidden("Access token, which is not shown (Enter: later)")
        if not token:
            return None
        why = _refusal(settings, token, talk)
        if why is None:
            return lambda: _kept(settings, token)
        talk.print(f"{plain(why)} Try again, or press Enter.")


def _hidden(question: str) -> str:
    """Ask for what is not shown. Raises StoppedAtQuestion."""
    from importer.model.errors import StoppedAtQuestion
    from importer.settings.redaction import keep_secret

    try:
        token: str = typer.prompt(question, default="", show_default=False, hide_input=True, err=True).strip()
    except (KeyboardInterrupt, typer.Abort):
        sys.stderr.write("\n")
        msg = f"{NOTHING}: you stopped it at the question."
        raise StoppedAtQuestion(msg, "Run start again when you like.") from None
    keep_secret(token or None)
    return token


def _refusal(settings: Settings, token: str, talk: Console) -> str | None:
    """Why a token cannot be used; None when it can, as far as can be seen."""
    from importer.model.errors import AccessDenied, SettingsProblem
    from importer.reporting.screen import plain
    from importer.settings.secrecy import checked_token

    try:
        checked_token(token)
        talk.print(plain(_whose(settings, token)))
    except (SettingsProblem, AccessDenied) as problem:
        return problem.message
    return None


def _whose(settings: Settings, token: str) -> str:
    """Whose token it is, and what it may bill, as Kantata says. Raises AccessDenied for a new one that is refused."""
    from importer.kantata.client import KantataApi
    from importer.model.errors import NotReached
    from importer.model.words import count_of

    seconds = settings.connect_timeout_seconds
    api = KantataApi(settings.base_url, token, connect_timeout=seconds, read_timeout=30)
    try:
        greeting = api.greet()
        seen, projects = api.count_projects()
    except NotReached as problem:
        return f"It could not be checked now: {problem.message}"
    name = greeting.name or "a user whose name Kantata does not tell"
    return f"It is that of {name}, who sees the finances of {seen:,} of {count_of(projects, 'project')}."


def _kept(settings: Settings, token: str) -> str:
    """Keep a token in the keyring, else in a file of the user. Returns the line by which it is then found."""
    from importer.commands.login import keep
    from importer.model.errors import SettingsProblem
    from importer.settings.private_files import write_private
    from importer.settings.sources import user_folder
    from importer.settings.trust import bind

    try:
        keep(token, settings)
    except SettingsProblem:
        file = user_folder() / "token"
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_private(file, token.encode())
        bind(token, settings.base_url, again=True)
        os.environ["KANTATA_TOKEN_FILE"] = str(file)  # for the commands that follow
        if sys.platform == "win32":
            return f'setx KANTATA_TOKEN_FILE "{file}"'
        return f"export KANTATA_TOKEN_FILE={shlex.quote(str(file))}"
    return ""


# --- the settings -----------------------------------------------------------------------------


def _answers(settings: Settings, talk: Console, *, with_usual: bool) -> dict[str, Any]:
    """The settings that the person changes; ``with_usual``: also what stays as it is, so that a new file is made."""
    from importer.model.errors import SettingsProblem
    from importer.reporting.screen import plain
    from importer.settings.loading import typed

    changes: dict[str, Any] = {}
    for question in QUESTIONS:
        known = getattr(settings, question.setting)
        shown = {None: "none", True: "yes", False: "no"}.get(known, str(known))
        talk.print(f"\n[bold]{question.title}:[/] {question.why}")
        value = None
        while value is None:
            answer = answer_to(f"{question.asks} [{shown}]", NOTHING, default=shown).strip()
            if answer == shown:
                value = known
                break
            try:
                value = typed(question.setting, answer)
            except SettingsProblem as problem:
                if answer != "?":
                    talk.print(plain(problem.message))
                talk.print(plain(f"{question.asks}; Enter alone keeps {shown}."))
        if value is not None and (with_usual or value != known):
            changes[question.setting] = value
    return changes


def _is_yes(question: str, usual: str, not_done: str) -> bool:
    """Ask until the answer is yes or no. Raises StoppedAtQuestion."""
    while True:
        answer = answer_to(f"{question} [{usual}]", not_done, default=usual).strip().lower()
        if answer in ("y", "yes", "n", "no"):
            return answer in ("y", "yes")


def _agree(path: Path, changes: dict[str, Any], talk: Console, *, with_token: bool) -> None:
    """Show what is kept, and ask once more. Raises GateRefused."""
    from importer.model.errors import GateRefused
    from importer.reporting.screen import plain
    from importer.settings.writing import with_settings

    if not changes and not with_token:
        talk.print("\nThere is nothing to keep: all is as it was.")
        return
    if changes:
        talk.print(f"\nThese lines go into {plain(str(path))}:")
        for line in with_settings("", changes).splitlines():
            talk.print(f"    {plain(line)}")
    if with_token:
        talk.print("The token goes into the keyring of this machine, or else into a file that only you can read.")
    if not _is_yes("Keep this? yes or no", "yes", NOTHING):
        msg = f"{NOTHING}: you did not want it."
        raise GateRefused(msg, "Run start again when you like.", code="gate.yes")


def _write(path: Path, changes: dict[str, Any], place: AccountPlace) -> None:
    from importer.settings.writing import write_settings

    if changes:
        write_settings(path, changes, place.profile)


# --- what is tried out then -------------------------------------------------------------------


def _offers(place: AccountPlace, talk: Console, *, with_cents: bool) -> None:
    """Offer what makes the first month easier; each is a command that can be typed at any time."""
    done = "Your answers are kept"
    if with_cents:
        talk.print(
            "\nThe command probe finds out whether your account keeps cents, with at most two drafts that it deletes. "
            "It says more, and asks, before it creates them."
        )
        project = _project(talk, done)
        if project:
            _run("probe", "--project", project, place=place)
    _map(place, talk, done)
    _trial(talk, done)


def _project(talk: Console, done: str) -> str:
    """Ask for the number of a project; empty for none. Raises StoppedAtQuestion."""
    while True:
        answer = answer_to("Number of a project for it (Enter: later)", done, default="").strip()
        if not answer or (answer.isascii() and answer.isdecimal()):
            return answer
        talk.print("Type the digits at the end of the project's web address, or press Enter.")


def _trial(talk: Console, done: str) -> None:
    """Bill two invented invoices at the stand-in."""
    if os.path.lexists(TRIAL):
        return
    talk.print(f"\nTwo invented invoices can be billed on this machine, as a trial: {TRIAL} is written for it.")
    if _is_yes("Try it out? yes or no", "yes", done):
        create_private(TRIAL, TRIAL_ROWS.encode())
        _run("submit", str(TRIAL), "--sandbox", "--no-completeness")


def _map(place: AccountPlace, talk: Console, done: str) -> None:
    talk.print("\nA sheet of your own may have other headers. The command map asks what they mean, once.")
    while True:
        name = answer_to("File name of such a sheet (Enter: none)", done, default="").strip().strip("\"'")
        if not name:
            return
        if Path(name).is_file():
            _run("map", name, place=place)
            return
        talk.print("There is no such file in this folder.")


def _run(name: str, *words: str, place: AccountPlace | None = None) -> None:
    """Run a command as the person would type it; Ctrl-C is for that command alone."""
    sys.stderr.write(f"\n$ {command_line(name, *words, place=place)}\n")
    options = [] if place is None else list(words_of(place))
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        subprocess.run([sys.executable, "-m", "importer", name, *words, *options], check=False)  # noqa: S603 - this program
    finally:
        signal.signal(signal.SIGINT, before)
