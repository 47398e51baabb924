"""What the pages advise: what a person does there, and no command or option."""

from __future__ import annotations

import re

import pytest

from importer.app.wording import RESTART, hint_here
from importer.model.messages import CATALOGUE
from importer.model.messages.message import fields_of

IGNORE = 'ignore_columns = ["Old", "Kunde"]'
ALIAS = '[columns]\namount = ["Old", "Kunde"]'
LINES = {
    "ignore": IGNORE,
    "alias": ALIAS,
    "instead": f'ignore_columns = ["Old"]\n{ALIAS}',
    "lines": f"Else add to importer.toml:\n{ALIAS}",
}
COMMAND = re.compile(r"invoice-importer |--[a-z]")
IN_THE_TERMINAL = ("settings", "usage", "program", "csv.encoding:unknown", "sandbox.missing", "app.missing")
"""What is said in the terminal alone."""


@pytest.mark.parametrize("key", [key for key in CATALOGUE if not key.startswith(IN_THE_TERMINAL)])
def test_no_hint_advises_a_command_or_loses_a_line(key: str) -> None:
    """What importer.toml would say is a step of the page, or its lines stay."""
    message = CATALOGUE[key]
    hint = message.hint.format(**{name: LINES.get(name, name) for name in fields_of(message)})
    here = hint_here(hint)
    assert here
    assert not COMMAND.search(here)
    assert not here.endswith(":")
    for lines in LINES.values():
        if lines in hint:
            assert "in the step Columns" in here or lines in here


def test_lines_of_the_settings_become_a_choice_of_the_step_columns() -> None:
    """The header that they are about is the last of its list; the others were there before."""
    hint = f"Bill them by their ids, and add to importer.toml:\n{ALIAS}\nIf it means nothing, add above all sections:\n"
    assert hint_here(f"{hint}{IGNORE}") == (
        "Bill them by their ids, and choose Amount for “Kunde” in the step Columns. "
        "If it means nothing, choose “nothing for billing” for “Kunde” in the step Columns."
    )
    lines = '[values.item_type]\n"Fixd fee" = "fixed_fee"  # or expense'
    word = f"Or say once what your word means, in importer.toml:\n{lines}"
    assert hint_here(f"Type it. {word}") == "Type it. Or say once what your word means, in the step Columns."


def test_other_lines_of_the_settings_stay_and_say_when_they_count() -> None:
    """No step of the page asks for them."""
    assert hint_here('Add to importer.toml:\ndecimal_mark = ","') == (
        f'Add to importer.toml:\ndecimal_mark = ","\n{RESTART}'
    )


@pytest.mark.parametrize(
    ("hint", "here"),
    [
        (
            (
                "Or undo that run (invoice-importer undo R1 --sandbox takes back all that it created) and submit "
                "again; or delete that invoice, and submit with another --batch."
            ),
            (
                "Or take run R1 back (all that it created, under History) and check this file again; or delete that "
                "invoice, and choose another batch below."
            ),
        ),
        (
            "To bill it again, submit with another --batch, such as --batch 2026-10-again.",
            "To bill it again, choose another batch below, such as 2026-10-again.",
        ),
        (
            "Submit with --batch Q3 if it is that billing period, or with --batch Q4 if it is a new one.",
            "Choose the batch Q3 below if it is that billing period, or Q4 if it is a new one.",
        ),
        (
            "Run reconcile, or invoice-importer undo R1 again. It is not sent again until it is settled.",
            "Ask Kantata under “In doubt”, or take run R1 back again. It is not sent again until it is settled.",
        ),
    ],
)
def test_what_options_do_is_done_on_the_page(hint: str, here: str) -> None:
    """Another batch, taking back and asking again have their places there."""
    assert hint_here(hint) == here
