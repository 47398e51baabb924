"""Cells beside time entries, expenses and milestones, which Kantata takes from its own record."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from sheets import csv_file, read, records

from importer.checking.row_checks import check_rows
from importer.checking.unsent_cells import UnsentCells
from importer.model.problems import Problems, Severity

if TYPE_CHECKING:
    from pathlib import Path

    from importer.model.problems import Problem
    from importer.model.sheet import SheetLine

TIME: dict[str, Any] = {"workspace_id": 101, "item_type": "time_entry"}
FEE: dict[str, Any] = {"workspace_id": 101, "item_type": "fixed_fee"}
BOTH = (
    {**TIME, "item_id": 5101001, "notes": "Workshop", "amount": 247.5},
    {**FEE, "notes": "Retainer", "amount": 800},
    {**TIME, "item_id": 5101002, "notes": "Follow-up", "amount": 90},
)


def checked(path: Path, how: UnsentCells) -> tuple[tuple[SheetLine, ...], list[Problem], list[str]]:
    """Read and check; the lines, the problems and the notes."""
    sheet = read(path)
    problems = Problems(sheet.problems)
    lines, _ = check_rows(sheet, problems, send_cents=True, unsent=how)
    return lines, list(problems.ordered()), problems.notes


def places(problems: list[Problem]) -> list[tuple[str, str | None, tuple[int, ...]]]:
    """Code, first cell and rows of each."""
    return [(problem.code, problem.cell, problem.rows) for problem in problems]


def test_refused_cells_make_one_error_per_column(tmp_path: Path) -> None:
    """It names the cells and the way out; the fixed fee between them keeps its own."""
    lines, problems, notes = checked(records(tmp_path / "a.xlsx", *BOTH), UnsentCells.REFUSE)
    assert places(problems) == [("notes.forbidden", "D2", (2, 4)), ("amount.forbidden", "E2", (2, 4))]
    assert "D2, D4" in problems[0].message
    assert 'not_sent_cells into importer.toml: "ignore"' in problems[0].hint
    assert [line.sound for line in lines] == [False, True, False]
    assert notes == []


def test_many_refused_cells_are_named_as_a_range(tmp_path: Path) -> None:
    """Every cell is named."""
    rows = [{**TIME, "item_id": 5101000 + n, "notes": "x"} for n in range(1, 78)]
    _, [problem], _ = checked(records(tmp_path / "a.xlsx", *rows), UnsentCells.REFUSE)
    assert "D2:D78" in problem.message


def test_ignored_cells_are_left_aside_with_one_note_per_column(tmp_path: Path) -> None:
    """Time entries are billed by their ids, and the fixed fee keeps text and amount."""
    lines, problems, notes = checked(records(tmp_path / "a.xlsx", *BOTH), UnsentCells.IGNORE)
    assert problems == []
    assert ["“notes”" in notes[0], "“amount”" in notes[1], len(notes)] == [True, True, 2]
    assert "2 cells: D2, D4" in notes[0]
    assert [line.item and line.item.amount for line in lines] == [None, Decimal(800), None]
    assert [line.item and line.item.notes for line in lines] == [None, "Retainer", None]
    assert not any(line.compared for line in lines)


def test_compared_cells_keep_their_figures(tmp_path: Path) -> None:
    """Amounts wait for Kantata, whatever their cents; texts are left aside with a note."""
    lines, problems, notes = checked(records(tmp_path / "a.xlsx", *BOTH), UnsentCells.COMPARE)
    assert problems == []
    assert [dict(line.compared) for line in lines] == [{"amount": Decimal("247.5")}, {}, {"amount": Decimal(90)}]
    assert [line.item and line.item.amount for line in lines] == [None, Decimal(800), None]
    assert ["“notes”" in note for note in notes] == [True]


def test_a_compared_amount_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    """At its cell, as anywhere."""
    rows = [{**TIME, "item_id": 5101001, "amount": "about 90"}]
    lines, problems, _ = checked(records(tmp_path / "a.xlsx", *rows), UnsentCells.COMPARE)
    assert places(problems) == [("amount.not_a_number", "D2", ())]
    assert not lines[0].sound


def test_tax_is_a_wish_that_is_never_compared(tmp_path: Path) -> None:
    """Refused also where amounts are compared, left aside only where all is ignored."""
    path = records(tmp_path / "a.xlsx", {**TIME, "item_id": 5101001, "taxable": "yes"})
    assert places(checked(path, UnsentCells.COMPARE)[1]) == [("taxable.forbidden", "D2", (2,))]
    assert checked(path, UnsentCells.IGNORE)[1] == []


def test_doubts_about_ignored_cells_are_no_problem(tmp_path: Path) -> None:
    """“1,200” may be 1200 or 1.2; it is not sent, so nobody needs to know."""
    content = "Project ID,Item type,Item ID,Amount,Net days\n" + '101,Time entry,5101001,"1,200",30\n'
    path = csv_file(tmp_path / "a.csv", content)
    assert [problem.code for problem in checked(path, UnsentCells.COMPARE)[1]] == ["amount.unproved"]
    assert checked(path, UnsentCells.IGNORE)[1] == []


@pytest.mark.parametrize(("total", "errors"), [(1137.5, []), (800, ["row.total_differs"])])
def test_a_total_sums_what_is_compared_too(tmp_path: Path, total: float, errors: list[str]) -> None:
    """The sheet says what all its rows come to."""
    path = records(tmp_path / "a.xlsx", *BOTH, {"notes": "Total", "amount": total})
    _, problems, _ = checked(path, UnsentCells.COMPARE)
    assert [problem.code for problem in problems if problem.severity is Severity.ERROR] == errors


def test_hours_and_rate_are_compared_beside_time_entries(tmp_path: Path) -> None:
    """As durations too; beside an expense they are left aside."""
    rows = [
        {**TIME, "item_id": 5101001, "Hours": "7:30", "Rate": 150},
        {**TIME, "item_type": "expense", "item_id": 5201001, "Hours": 2, "Rate": None},
    ]
    lines, problems, notes = checked(records(tmp_path / "a.xlsx", *rows), UnsentCells.COMPARE)
    assert problems == []
    assert [dict(line.compared) for line in lines] == [{"hours": Decimal("7.5"), "rate": Decimal(150)}, {}]
    assert ["“Hours”" in note for note in notes] == [True]


@pytest.mark.parametrize(
    ("how", "expected"),
    [(UnsentCells.REFUSE, [("hours.forbidden", "D2", (2,))]), (UnsentCells.IGNORE, [])],
)
def test_hours_are_refused_or_ignored_like_amounts(tmp_path: Path, how: UnsentCells, expected: list[Any]) -> None:
    """They say nothing of a fixed fee without a rate, which is a warning."""
    path = records(tmp_path / "a.xlsx", {**TIME, "item_id": 5101001, "Hours": 2})
    assert places(checked(path, how)[1]) == expected


def test_hours_that_cannot_be_read_are_an_error_at_the_cell(tmp_path: Path) -> None:
    """They cannot be compared."""
    path = records(tmp_path / "a.xlsx", {**TIME, "item_id": 5101001, "Hours": "half a day"})
    assert places(checked(path, UnsentCells.COMPARE)[1]) == [("hours.not_a_figure", "D2", ())]
