"""Ordinary second states of a billed sheet: none of them bills a line twice, and what is meant again is billed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from test_identity import Desk, desk, told

from importer.flow.prepared import Wish

if TYPE_CHECKING:
    from importer.reporting.report import Report

__all__ = ["desk"]

A, B, C = (
    "101,,Fixed fee,,Design,1000,2026-10-31,30",
    "101,,Fixed fee,,Build,500,2026-10-31,30",
    "102,,Fixed fee,,Care,70,2026-10-31,30",
)
SHEET = (A, B, C)


def keyed(row: str, key: str) -> str:
    """The row under an invoice key."""
    return row.replace(",,Fixed", f",{key},Fixed", 1)


def undated(*rows: str) -> tuple[str, ...]:
    """The rows without their dates."""
    return tuple(row.replace("2026-10-31", "") for row in rows)


def moved(*rows: str, day: str = "2026-11-01") -> tuple[str, ...]:
    """The rows with another date."""
    return tuple(row.replace("2026-10-31", day) for row in rows)


K = (keyed(A, "K"), keyed(B, "K"), C)
STATES = {
    "key added": (SHEET, K),
    "key added and a cell edited": (SHEET, (keyed(A, "K").replace("1000", "1001"), keyed(B, "K"), C)),
    "project split by keys": (SHEET, (keyed(A, "K1"), keyed(B, "K2"), C)),
    "key removed": (K, SHEET),
    "key removed and a cell edited": (K, (A.replace("1000", "1001"), B, C)),
    "key renamed": (K, (keyed(A, "L"), keyed(B, "L"), C)),
    "key in other case": (K, (keyed(A, "k"), keyed(B, "k"), C)),
    "row given a key of its own": (SHEET, (A, keyed(B, "own"), C)),
    "row moved to another project": (SHEET, (A, B.replace("101", "103"), C)),
    "invoice moved to another project": (SHEET, (A, B, C.replace("102", "103"))),
    "dates removed": (SHEET, undated(*SHEET)),
    "dates added": (undated(*SHEET), SHEET),
    "dates moved into the next month": (SHEET, moved(*SHEET)),
    "one date moved into the next month": (SHEET, (A, B, *moved(C))),
    "dates moved and rows sorted": (SHEET, moved(C, B, A)),
    "dates moved and a text in other case": (SHEET, moved(A.replace("Design", "DESIGN "), B, C)),
    "row split in two amounts": (K, (keyed(A, "K").replace("1000", "600"), keyed(A, "S").replace("1000", "400"), C)),
    "one row to a key, the other left out": (SHEET, (keyed(A, "new"), C)),
    "two projects under one key": (SHEET, tuple(keyed(row, "all") for row in SHEET)),
    "rows sorted under other keys": (K, (C, keyed(B, "x"), keyed(A, "y"))),
}


def billed_twice(desk: Desk, first: int) -> bool:
    """Whether anything was created beyond the first submit."""
    return desk.live > first


@pytest.mark.parametrize("lost", [False, True])
@pytest.mark.parametrize("name", STATES)
def test_no_second_state_bills_a_line_twice(desk: Desk, name: str, *, lost: bool) -> None:
    """Held, and not exit 0; with a lost ledger too, but for rows that moved to another project."""
    if lost and ("another project" in name or "split" in name or "edited" in name):
        pytest.skip("only the ledger knows")
    first, second = STATES[name]
    desk.submit(*first)
    live = desk.live
    if lost:
        desk.lose_ledger()
    again = desk.submit(*second)
    assert not billed_twice(desk, live), told(again)
    assert "held" in told(again)
    assert again.exit_code == 4


def held_of(report: Report) -> list[str]:
    """Reasons of what is held."""
    return [str(planned.reason) for planned in report.planned if planned.status.value == "held"]


@pytest.mark.parametrize("lost", [False, True])
@pytest.mark.parametrize("day", ["2026-11-30", "2026-11-28"])
def test_a_monthly_retainer_is_billed_and_noted(desk: Desk, day: str, *, lost: bool) -> None:
    """28 to 31 days away the same lines are a retainer."""
    desk.submit(*SHEET)
    if lost:
        desk.lose_ledger()
    again = desk.submit(*moved(*SHEET, day=day))
    assert told(again) == ["created", "created"]
    assert any("as retainers have them" in notice for notice in again.notices)


def test_equal_lines_of_one_sheet_are_all_billed(desk: Desk) -> None:
    """Also when one of them comes later, because a row had an error, and from a sheet with that row alone."""
    twins = (keyed(C, "a"), keyed(C, "b"), keyed(C, "c").replace("102", "1O2"))
    partial = Wish(desk.folder, partial=True)
    assert told(desk.submit(*twins, wish=partial)) == ["created", "created", "not_sent"]
    to_fix = desk.submit(keyed(C, "c"))
    assert told(to_fix) == ["created"], held_of(to_fix)
    later = desk.submit(keyed(C, "d"))
    assert told(later) == ["held"]


def test_a_person_releases_one_invoice_or_all(desk: Desk) -> None:
    """The message names both lines and the command; the command sends that invoice and no other."""
    desk.submit(*SHEET)
    again = desk.submit(*moved(*SHEET))
    assert told(again) == ["held", "held"]
    first, reference = again.planned[0], again.planned[0].reference
    assert "F2 (“Design”, 1,000.00) is like row 2 of invoice 9001, dated 2026-10-31" in str(first.reason)
    assert str(first.what_to_do).endswith(f"--allow-repeat {reference}")
    wish = Wish(desk.folder, allow_repeat=frozenset({str(reference)}))
    assert told(desk.submit(*moved(*SHEET), wish=wish)) == ["created", "held"]
    everything = replace(wish, allow_repeat=frozenset(), allow_repeats=True)
    assert told(desk.submit(*moved(*SHEET), wish=everything)) == ["already_created", "created"]


def test_a_restored_ledger_does_not_follow_a_gone_invoice_into_a_second_one(desk: Desk) -> None:
    """The invoice on record is gone, but a later one carries its reference: it is billed, also in another batch."""
    created = desk.submit(C)
    backup = (desk.folder / "ledger.sqlite").read_bytes()
    del backup
    desk.cancel(created.planned[0].invoice_id)
    other = Desk(desk.folder / "other", desk.sandbox, desk.api) if (desk.folder / "other").mkdir() is None else desk
    assert told(other.submit(C)) == ["created"]
    same = desk.submit(C)
    assert told(same) == ["already_created"]
    assert told(desk.submit(C, wish=Wish(desk.folder, batch="2026-10-again"))) == ["held"]
    assert desk.live == 1
