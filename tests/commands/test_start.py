"""``start`` asks what a first run needs, keeps it, and leaves nothing where it is broken off."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from importer.cli import app
from importer.commands import asking, start
from importer.settings.access_token import find_token
from importer.settings.loading import load

if TYPE_CHECKING:
    from click.testing import Result

    from importer.sandbox.running import Sandbox

ALL = ("sandbox", "Net 30", "yes", "yes", "yes", "101", "", "yes")
"""Token, terms, a real account, cents, keep it, a project for the probe, no sheet, a trial."""


class Guided:
    """``start`` at a terminal, in a folder of its own; the commands that it runs are noted."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Make a terminal of what is typed."""
        self.folder = folder
        self.ran: list[str] = []
        monkeypatch.chdir(folder)
        monkeypatch.setattr(asking, "is_terminal", lambda: True)
        monkeypatch.setattr(start, "_run", self._note)

    def _note(self, name: str, *words: str, place: object = None) -> None:
        del place
        self.ran.append(" ".join([name, *words]))

    def answer(self, *answers: str, options: tuple[str, ...] = ()) -> Result:
        """Type the answers; after the last the person breaks off."""
        typed = "".join(f"{answer}\n" for answer in answers)
        return CliRunner().invoke(app, ["start", *options], input=typed)

    @property
    def files(self) -> list[str]:
        """What lies in the folder and among the settings of the user."""
        places = (self.folder, Path(os.environ["XDG_CONFIG_HOME"]))
        return sorted(path.name for place in places for path in place.rglob("*") if path.is_file())


@pytest.fixture
def guided(tmp_path: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Guided:
    """Return a first run at a stand-in, without a token."""
    monkeypatch.setenv("KANTATA_BASE_URL", sandbox.base_url)
    monkeypatch.setenv("KANTATA_TOKEN_FILE", "none")  # so that it is as before afterwards
    monkeypatch.delenv("KANTATA_TOKEN_FILE")
    folder = tmp_path / "first"
    folder.mkdir(mode=0o700)
    return Guided(folder, monkeypatch)


def test_the_answers_are_kept_and_tried_out(guided: Guided) -> None:
    """The file of settings, the token for its owner alone, and the commands that are offered."""
    done = guided.answer(*ALL)
    assert done.exit_code == 0, done.output
    settings = guided.folder / "importer.toml"
    assert tomllib.loads(settings.read_text()) == {"payment_schedule": 30, "production": True}
    assert settings.stat().st_mode & 0o077 == 0
    assert guided.files == ["importer.toml", "token", "trial.csv"]
    assert guided.ran == ["probe --project 101", "submit trial.csv --sandbox --no-completeness", "doctor"]

    token = Path(os.environ["KANTATA_TOKEN_FILE"])
    assert (token.read_text(), token.stat().st_mode & 0o777) == ("sandbox", 0o600)
    assert find_token(load())[0] == "sandbox"
    assert f"export KANTATA_TOKEN_FILE={token}" in done.output
    assert "Köhler" in done.output
    assert "Days to pay, such as 30 [none]: sandbox" not in done.output


def test_broken_off_at_any_question_it_keeps_nothing(guided: Guided) -> None:
    """Until the last question about it is answered with yes."""
    for count in range(5):
        done = guided.answer(*ALL[:count])
        assert (done.exit_code, guided.files) == (130, []), done.output
        assert "Nothing was set up" in done.output
    done = guided.answer(*ALL[:4], "no")
    assert (done.exit_code, guided.files, guided.ran) == (9, [], [])

    done = guided.answer(*ALL[:5])
    assert (done.exit_code, guided.files) == (130, ["importer.toml", "token"])
    assert "Your answers are kept" in done.output


def test_a_wrong_answer_is_explained_and_asked_again(guided: Guided) -> None:
    """A token that Kantata refuses is not kept."""
    tokens, settings = ("Bearer x", "other", "sandbox"), ("?", "soon", "14", "perhaps", "no")
    done = guided.answer(*tokens, *settings, "maybe", "no", "yes", "none.csv", "", "no")
    assert done.exit_code == 0, done.output
    for said in (
        "Kantata refuses access",
        "30; Enter alone keeps none.",
        "must be a number of days",
        "must be true or false",
        "no such file",
    ):
        assert said in done.output.replace("\n", " ")
    assert tomllib.loads((guided.folder / "importer.toml").read_text()) == {"payment_schedule": 14}
    assert guided.ran == ["doctor"]


def test_the_project_of_the_probe_is_a_number(guided: Guided) -> None:
    """A title would end in an error about the program's own options."""
    place = ALL.index("101")
    done = guided.answer(*ALL[:place], "Website", *ALL[place:])
    assert done.exit_code == 0, done.output
    assert "digits at the end of the project's web address" in done.output.replace("\n", " ")
    assert guided.ran[0] == "probe --project 101"


def test_what_stands_in_the_file_is_kept(guided: Guided, monkeypatch: pytest.MonkeyPatch) -> None:
    """Enter takes what is set already; comments and order stay, and a token that is set is not asked for."""
    monkeypatch.setenv("KANTATA_TOKEN", "sandbox")
    settings = guided.folder / "importer.toml"
    text = "# ours\npayment_schedule = 14  # agreed\n%s\n[workspaces]\nACME = 101\n"
    settings.write_text(text % "")
    done = guided.answer("", "yes", "", "", "", "no")
    assert done.exit_code == 0, done.output
    assert settings.read_text() == text % "production = true\n"

    before = settings.read_text()
    done = guided.answer("", "", "", "", "no")
    assert (done.exit_code, settings.read_text()) == (0, before)
    assert "nothing to keep" in done.output


def test_a_sheet_is_mapped_and_another_file_is_meant(guided: Guided) -> None:
    """The file of --config is made; in the sandbox no token is asked for."""
    (guided.folder / "own.csv").write_text("Client\nACME\n")
    options = ("--sandbox", "--config", "team.toml")
    done = guided.answer("30", "", "", "yes", "own.csv", "no", options=options)
    assert done.exit_code == 0, done.output
    assert guided.files == ["own.csv", "team.toml"]
    assert guided.ran == ["map own.csv", "doctor"]


@pytest.mark.parametrize("by_variable", [False, True])
def test_a_new_file_that_is_named_begins_with_the_defaults(
    guided: Guided, monkeypatch: pytest.MonkeyPatch, *, by_variable: bool
) -> None:
    """What another file says is not offered, and Enter alone makes the new one: the commands that follow read it."""
    monkeypatch.setenv("KANTATA_TOKEN", "sandbox")
    (guided.folder / "importer.toml").write_text("payment_schedule = 14\nproduction = true\n")
    options = ("--config", "new.toml")
    if by_variable:
        monkeypatch.setenv("IMPORTER_CONFIG", "new.toml")
        options = ()
    done = guided.answer("", "", "", "", "", "no", options=options)
    assert done.exit_code == 0, done.output
    assert "[none]" in done.output
    assert tomllib.loads((guided.folder / "new.toml").read_text()) == {"production": False}


def test_without_a_terminal_it_says_what_to_do_instead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And writes nothing."""
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["start"], input="30\n")
    assert done.exit_code == 9
    assert "importer.toml" in done.output
    assert list(tmp_path.iterdir()) == []


def test_without_a_command_the_first_one_is_named() -> None:
    """A person who types the name alone reads where to begin."""
    assert "invoice-importer start" in CliRunner().invoke(app, []).output
