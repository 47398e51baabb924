"""Commands that messages advise can be typed as they stand: with the account's options, and the file."""

from __future__ import annotations

import inspect
from importlib import import_module

import pytest

from importer.commands.ending import expanded
from importer.model.advice import ACCOUNT, RESULTS, SETTINGS, TAKEN, advised, options_for

PLACE = ("--profile", "agency", "--reports", "my results", "--sandbox")


@pytest.mark.parametrize(
    ("said", "completed"),
    [
        ("Run invoice-importer undo 2026-ab again.", "Run invoice-importer undo --sandbox 2026-ab again."),
        ("“invoice-importer map FILE” asks.", "“invoice-importer map october.xlsx --sheet Q3 --sandbox” asks."),
        ("invoice-importer login keeps it.", "invoice-importer login keeps it."),
        ("invoice-importer submit a.csv --sandbox", "invoice-importer submit a.csv --sandbox"),
        ("“invoice-importer map a.csv --sandbox” or undo: invoice-importer undo X", None),
        ("The invoice-importer does it.", "The invoice-importer does it."),
    ],
)
def test_an_advised_command_has_the_options_that_were_given(said: str, completed: str | None) -> None:
    """Those that it takes, and once; and the file, where the message says FILE."""
    completed = completed or said.replace("undo X", "undo --sandbox X")
    assert advised(said, ("--sandbox",), ("october.xlsx", "--sheet", "Q3")) == completed


def test_each_command_gets_only_the_options_that_it_takes() -> None:
    """A word with blanks is quoted."""
    assert list(options_for("undo", PLACE)) == ["--profile", "agency", "--reports", '"my results"', "--sandbox"]
    assert list(options_for("history", PLACE)) == ["--profile", "agency", "--sandbox"]
    assert list(options_for("login", PLACE)) == ["--profile", "agency"]


@pytest.mark.parametrize("name", sorted(TAKEN))
def test_the_table_of_options_is_that_of_the_commands(name: str) -> None:
    """So that no advised command is refused for an option that it does not know."""
    function = getattr(import_module(f"importer.commands.{'login' if name == 'logout' else name}"), name)
    taken = {f"--{option}" for option in expanded(inspect.unwrap(function)).parameters}
    assert {*TAKEN[name]} == taken & {*SETTINGS, *ACCOUNT, *RESULTS}
