"""Texts that nothing uses, beside rows that are billed without a description, are pointed out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sheets import found, read, read_by, table

from importer.model.headers import OwnHeaders, known_headers

if TYPE_CHECKING:
    from pathlib import Path

HEADER = ["Project ID", "Item type", "Amount", "Description"]
LINE = [101, "Fixed fee", 1200, None]
WORK = "Design of the front page"


def test_texts_beside_rows_without_a_description_are_pointed_out(tmp_path: Path) -> None:
    """The client would read an amount and no word of the work; a warning, since a fee may have no text."""
    sheet = read(table(tmp_path / "a.xlsx", [*HEADER, "Ausgeführt"], [*LINE, WORK], [*LINE, "Text of the imprint"]))
    [problem] = [problem for problem in sheet.problems if problem.code == "column.unused_texts"]
    assert (problem.cell, problem.severity.value) == ("E2", "warning")
    assert "2 rows would be billed without a description" in problem.message


@pytest.mark.parametrize(
    ("header", "line", "text"),
    [
        ("Ausgeführt", [101, "Fixed fee", 1200, "Fee of October"], WORK),
        ("Ausgeführt", [101, "Time entry", None, None], WORK),
        ("Internal comment", LINE, "ask Bob before sending this one"),
        ("Code", LINE, "A-17"),
    ],
)
def test_what_lacks_nothing_is_no_question(tmp_path: Path, header: str, line: list[object], text: str) -> None:
    """Rows with a description, records of Kantata, notes for colleagues, and codes."""
    sheet = read(table(tmp_path / "a.xlsx", [*HEADER, header], [*line, text]))
    assert "column.unused_texts" not in dict(found(sheet.problems))


def test_a_note_as_the_description_beside_other_texts_is_pointed_out(tmp_path: Path) -> None:
    """It may be for colleagues; not beside names, and not where the settings say that it is the description."""
    heads, line = ["Project ID", "Item type", "Amount", "Memo"], [101, "Fixed fee", 1200, "ask Bob first"]
    path = table(tmp_path / "a.xlsx", [*heads, "Ausgeführt"], [*line, WORK])
    [problem] = [problem for problem in read(path).problems if problem.code == "column.unused_texts"]
    assert (problem.cell, problem.severity.value) == ("E2", "warning")
    assert "“Memo” is sent as the description of 1 row" in problem.message
    for own in (OwnHeaders(aliases={"notes": ["Memo"]}), OwnHeaders(ignored=["Ausgeführt"])):
        known = known_headers(own=own)
        assert "column.unused_texts" not in dict(found(read_by(known, path).problems))
    names = table(tmp_path / "b.xlsx", [*heads, "Squad"], [*line, "Blue"])
    assert "column.unused_texts" not in dict(found(read(names).problems))


def test_a_column_that_is_to_be_ignored_is_no_question(tmp_path: Path) -> None:
    """The line of settings that the hint gives is an answer."""
    path = table(tmp_path / "a.xlsx", [*HEADER, "Ausgeführt"], [*LINE, WORK])
    known = known_headers(own=OwnHeaders(ignored=["Ausgeführt"]))
    assert "column.unused_texts" not in dict(found(read_by(known, path).problems))
