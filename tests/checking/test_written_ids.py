"""Ids that are not written in digits alone mean their record, and never another one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sheets import checked, found, records

if TYPE_CHECKING:
    from pathlib import Path

FEE = {"workspace_id": 101, "item_type": "fixed_fee", "amount": 1200, "item_id": None, "story_id": None}
KANTATA = "https://app.mavenlink.com"


def test_the_number_of_a_text_is_the_project(tmp_path: Path) -> None:
    """The title behind it is kept, to be compared with Kantata's."""
    texts = ["101 - Website", f"{KANTATA}/workspaces/102/", "#103", 104]
    lines, problems = checked(records(tmp_path / "a.xlsx", *({**FEE, "workspace_id": text} for text in texts)))
    assert found(problems) == []
    assert [(line.workspace_id, line.workspace_name) for line in lines] == [
        (101, "Website"),
        (102, None),
        (103, None),
        (104, None),
    ]


def test_a_title_that_the_name_beside_it_contradicts_is_an_error(tmp_path: Path) -> None:
    """“101 - Website” beside “Shop” is not sent; case and blanks do not matter."""
    rows = [
        {**FEE, "workspace_id": "101 - Website", "workspace": "WEBSITE "},
        {**FEE, "workspace_id": "101 - Website", "workspace": "Shop"},
    ]
    lines, problems = checked(records(tmp_path / "a.xlsx", *rows))
    assert found(problems) == [("workspace.differs", "F3")]
    assert [line.item is None for line in lines] == [False, True]


def test_the_address_of_an_item_must_fit_its_type(tmp_path: Path) -> None:
    """The address of an expense in a row of time is refused, and so is that of a project as a task."""
    time = {"workspace_id": 101, "item_type": "time_entry", "amount": None, "story_id": None}
    rows = [
        {**time, "item_id": f"{KANTATA}/time_entries/5101001"},
        {**time, "item_id": f"{KANTATA}/expenses/5101002"},
        {**FEE, "story_id": f"{KANTATA}/workspaces/101/stories/77"},
        {**FEE, "story_id": "77 - Design", "amount": 7},
        {**FEE, "story_id": f"{KANTATA}/workspaces/101", "amount": 8},
    ]
    lines, problems = checked(records(tmp_path / "a.xlsx", *rows))
    assert found(problems) == [
        ("item_id.not_a_number", "E3"),
        ("story_id.not_a_number", "D5"),
        ("story_id.not_a_number", "D6"),
    ]
    assert [line.item_values.get("item_id") for line in lines[:2]] == [5101001, None]
    assert lines[2].item_values["story_id"] == 77
    assert "web address" in problems[0].message
