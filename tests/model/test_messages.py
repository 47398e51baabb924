"""The catalogue of messages: every problem is worded in one place, and every message there is used."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from importer.model.errors import FileProblem
from importer.model.messages import CATALOGUE, SECTIONS, error, problem, worded
from importer.model.messages.message import fields_of
from importer.model.problems import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

IMPORTER = Path(__file__).parents[2] / "importer"
MESSAGES = IMPORTER / "model" / "messages"
WORDED_BY_CATALOGUE = ("reading", "settings", "values")
"""Rooms all of whose problems and errors come from the catalogue; their own words would escape it."""
BUILDERS = {
    "problem": 0,
    "worded": 0,
    "problem_at": 2,
    "at_name": 0,
    "at_number": 0,
    "_at": 2,
    "_of_column": 3,
    "unknown": 0,
    "unreadable": 0,
    "error": 1,
    "cell_fault": 1,
}
"""Functions that word a message, with the place of the key among their arguments."""
RECORDS = {"Problem", "FileProblem", "WrongUse", "SettingsProblem", "ReaderDefect", "Unreadable", "CellFault"}


def _trees(*rooms: str) -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(IMPORTER.rglob("*.py")):
        if MESSAGES in path.parents or (rooms and path.relative_to(IMPORTER).parts[0] not in rooms):
            continue
        yield path, ast.parse(path.read_text(encoding="utf-8"))


def _calls(tree: ast.Module) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            yield name, node


def test_every_message_is_used() -> None:
    """A key that stands nowhere in the program belongs to no problem any more."""
    texts = {
        node.value
        for _, tree in _trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert set(CATALOGUE) - texts == set()


def test_every_key_that_is_used_is_in_the_catalogue() -> None:
    """A key written out in a call is one of the catalogue."""
    unknown = []
    for path, tree in _trees():
        for name, call in _calls(tree):
            place = BUILDERS.get(name)
            if place is None or len(call.args) <= place:
                continue
            key = call.args[place]
            if isinstance(key, ast.Constant) and key.value not in CATALOGUE:
                unknown.append((path.name, key.value))
    assert unknown == []


def test_rooms_word_nothing_themselves() -> None:
    """In these rooms no problem, error or fault is built but from the catalogue."""
    own_words = []
    for path, tree in _trees(*WORDED_BY_CATALOGUE):
        for name, call in _calls(tree):
            if name in RECORDS and any(isinstance(text, ast.Constant | ast.JoinedStr) for text in call.args):
                own_words.append(f"{path.name}:{call.lineno}")
    assert own_words == []


def test_no_key_stands_in_two_sections() -> None:
    """A second message of the same key would silently replace the first."""
    assert len(CATALOGUE) == sum(len(section) for section in SECTIONS.values())


def test_every_message_says_how_to_fix_it() -> None:
    """A message has words for what and how; a problem about a cell is the rest of a sentence."""
    for key, message in CATALOGUE.items():
        assert message.what.strip() == message.what != "", key
        assert message.hint.strip() == message.hint != "", key
        assert message.hint.endswith((".", "?", "}", ")", ":", '"')), key


def test_an_unknown_key_is_refused() -> None:
    """Nothing is worded by a key that is not in the catalogue."""
    with pytest.raises(LookupError, match=r"no message has the key file\.full"):
        worded("file.full")


@pytest.mark.parametrize("fields", [{}, {"name": "x.csv", "line": 3}], ids=["missing", "too many"])
def test_fields_must_fit_the_message(fields: dict[str, object]) -> None:
    """A field that is missing would leave a hole; one too many says that the wrong message is meant."""
    assert fields_of(CATALOGUE["file.empty"]) == {"name"}
    with pytest.raises(LookupError, match=r"file\.empty needs the fields \['name'\]"):
        worded("file.empty", **fields)


def test_an_error_carries_code_words_and_hint() -> None:
    """The variant of a key is no part of the code that programs see."""
    refusal = error(FileProblem, "csv.quotes:stray", name="x.csv", line=3)
    assert isinstance(refusal, FileProblem)
    assert refusal.code == "csv.quotes"
    assert refusal.message == "x.csv: near line 3 a quote stands inside a field that is not quoted."
    assert refusal.hint.startswith("Put the whole field into quotes")


def test_a_problem_carries_place_and_severity() -> None:
    """The catalogue says how grave a problem is, unless the caller knows better."""
    warning = problem("row.header", sheet="Invoices", row=7, number=7, header_row=1)
    assert (warning.severity, warning.address) == (Severity.WARNING, "Invoices!row 7")
    graver = problem("row.header", sheet="Invoices", row=7, severity=Severity.ERROR, number=7, header_row=1)
    assert graver.severity is Severity.ERROR


def test_a_problem_of_a_cell_is_named_by_its_column() -> None:
    """The star of a key is the column, without which there is no such problem."""
    assert problem("*.not_yes_no", column="draft").code == "draft.not_yes_no"
    with pytest.raises(LookupError, match="needs the column"):
        problem("*.not_yes_no")
