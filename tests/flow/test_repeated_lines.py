"""Ordinary second states of a billed sheet: none of them bills a line twice, and what is meant again is billed."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import test_identity
from plans import ACCOUNT
from test_identity import Desk, desk, told

from importer.flow.prepared import Wish
from importer.ledger import database
from importer.ledger.opening import open_ledger
from importer.model.plans import Released
from importer.planning.repeat_days import LOOK_BACK
from importer.sandbox.faults import Fault, FaultKind

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
EDITED = keyed(C, "L").replace("70", "71")
TODAY = f"{database.now():%Y-%m-%d}"
STATES = {
    "key added": (SHEET, K),
    "key added and a cell edited": (SHEET, (keyed(A, "K").replace("1000", "1001"), keyed(B, "K"), C)),
    "project split by keys": (SHEET, (keyed(A, "K1"), keyed(B, "K2"), C)),
    "the only row given a key and edited": (SHEET, (A, B, keyed(C, "K").replace("70", "71"))),
    "key renamed and the amount edited": ((keyed(C, "K"),), (keyed(C, "L").replace("70", "71"),)),
    "key, amount and day edited": ((keyed(C, "K"),), moved(EDITED, day="2026-10-30")),
    "key, amount and month edited": ((keyed(C, "K"),), moved(EDITED, day="2026-11-05")),
    "key and amount edited, date removed": ((keyed(C, "K"),), undated(EDITED)),
    "key and amount edited, date added": (undated(keyed(C, "K")), (EDITED.replace("2026-10-31", TODAY),)),
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


def assert_held(again: Report, desk: Desk, live: int) -> None:
    """Nothing was created beyond what was live, and that is said."""
    assert desk.live <= live, told(again)
    assert "held" in told(again)
    assert again.exit_code == 4


@pytest.mark.parametrize("name", STATES)
def test_no_second_state_bills_a_line_twice(desk: Desk, name: str) -> None:
    """Held, and not exit 0; then with a lost ledger too, but for what only the ledger knows."""
    first, second = STATES[name]
    desk.submit(*first)
    live = desk.live
    assert_held(desk.submit(*second), desk, live)

    if not ("another project" in name or "split" in name or "edited" in name):
        desk.lose_ledger()
        assert_held(desk.submit(*second), desk, live)


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


@pytest.mark.parametrize("day", ["2026-11-20", "2026-10-11"])
def test_a_retainer_of_another_amount_is_billed(desk: Desk, day: str) -> None:
    """Another key and amount in the same file, ``repeat_days`` away: the next one, though its text is the same."""
    assert told(desk.submit(keyed(C, "K"))) == ["created"]
    assert told(desk.submit(*moved(EDITED, day=day))) == ["created"]


def test_what_a_person_gives_another_batch_is_billed(desk: Desk) -> None:
    """Another amount, under the batch that she names: that is her word."""
    assert told(desk.submit(keyed(C, "K"))) == ["created"]
    assert told(desk.submit(EDITED, wish=Wish(desk.folder, batch="second"))) == ["created"]


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
    wish = Wish(desk.folder, released=Released(references=frozenset({str(reference)})))
    assert told(desk.submit(*moved(*SHEET), wish=wish)) == ["created", "held"]
    everything = replace(wish, released=Released(all=True))
    assert told(desk.submit(*moved(*SHEET), wish=everything)) == ["already_created", "created"]


def test_a_restored_ledger_does_not_follow_a_gone_invoice_into_a_second_one(desk: Desk) -> None:
    """The invoice on record is gone, but a later one carries its reference: it is billed, also in another batch."""
    created = desk.submit(C)
    desk.cancel(created.planned[0].invoice_id)
    desk.ledger.close()
    ledger = desk.folder / "ledger.sqlite"
    backup = ledger.read_bytes()
    desk.lose_ledger()
    assert told(desk.submit(C)) == ["created"]

    desk.lose_ledger()
    desk.ledger.close()
    ledger.write_bytes(backup)
    desk.ledger = open_ledger(ledger, ACCOUNT)
    same = desk.submit(C)
    assert told(same) == ["already_created"]
    assert told(desk.submit(C, wish=Wish(desk.folder, batch="2026-10-again"))) == ["held"]
    assert desk.live == 1


NOVEMBER = "101,nov,Fixed fee,,Retainer,1000,2026-11-30,30"


@pytest.mark.parametrize(
    "changed",
    [
        "101,oct-b,Fixed fee,,Retainer,1200,2026-10-31,30",
        "101,oct-b,Fixed fee,,Retainer,1200,2026-10-30,30",
        "103,oct,Fixed fee,,Retainer,1000,2026-10-31,30",
        "103,oct-b,Fixed fee,,Retainer,1000,2026-10-30,30",
    ],
)
def test_the_next_month_of_a_retainer_frees_no_line_of_the_month_before(desk: Desk, changed: str) -> None:
    """It was edited or moved, and the retainer comes again beside it in the same sheet: that alone is billed."""
    wish = Wish(desk.folder, batch="2026")
    assert told(desk.submit(NOVEMBER.replace("nov", "oct").replace("11-30", "10-31"), wish=wish)) == ["created"]
    again = desk.submit(changed, NOVEMBER, wish=wish)
    assert sorted(told(again)) == ["created", "held"], held_of(again)
    assert desk.live == 2


def test_a_like_row_that_waited_makes_no_room_for_a_moved_line_of_a_retainer(desk: Desk) -> None:
    """It had an error in the first sheet, and is gone from the second."""
    wish = Wish(desk.folder, batch="2026", partial=True)
    october = NOVEMBER.replace("nov", "oct").replace("11-30", "10-31")
    first = desk.submit(october, october.replace("101,oct", "1O2,c"), wish=wish)
    assert told(first) == ["created", "not_sent"]
    again = desk.submit(october.replace("101", "103"), NOVEMBER, wish=wish, name="other.csv")
    assert sorted(told(again)) == ["created", "held"], held_of(again)


RETAINER = "101,a,Fixed fee,,Retainer,1000,2026-10-31,30"


@pytest.mark.parametrize(
    ("third", "second"),
    [
        ("1O2,c,Fixed fee,,Retainer,1000,2026-10-31,30", ["101,a2,Fixed fee,,Retainer,1000,2026-10-31,30"]),
        (
            "102,,Fixed fee,,Retainer,1000,31.13.2026,30",
            ["101,,Fixed fee,,Retainer,1000,2026-10-31,30", "101,,Fixed fee,,Retainer,600,2026-10-31,30"],
        ),
    ],
)
def test_a_like_row_that_waits_makes_no_room_for_a_billed_one(desk: Desk, third: str, second: list[str]) -> None:
    """It waits in its own place: under its key and in its project."""
    partial = Wish(desk.folder, partial=True)
    first = desk.submit(RETAINER, "101,b,Fixed fee,,Retainer,500,2026-10-31,30", third, wish=partial)
    assert told(first) == ["created", "created", "not_sent"]
    assert told(desk.submit(*second)) == ["held"]


def test_a_row_that_waits_is_billed_in_its_own_place(desk: Desk) -> None:
    """The same fee for several clients, one of which had a typing error; only that row is submitted again."""
    fees = ["101,,Fixed fee,,Hosting,50,2026-10-31,30", "103,,Fixed fee,,Hosting,50,31.13.2026,30"]
    assert told(desk.submit(*fees, wish=Wish(desk.folder, partial=True))) == ["created", "not_sent"]
    assert told(desk.submit(fees[1].replace("31.13.2026", "2026-10-31"))) == ["created"]


def test_a_row_that_kantata_refused_is_billed_once_it_is_corrected(desk: Desk) -> None:
    """Its amount is corrected, and the billed row beside it is deleted from the sheet."""
    desk.sandbox.misbehave(Fault(FaultKind.STATUS_BEFORE, after=1, status=422))
    assert told(desk.submit(keyed(C, "K"), keyed(C, "L"))) == ["created", "rejected"]
    again = desk.submit(keyed(C, "L").replace("70", "75"))
    assert (told(again), desk.live) == (["created"], 2)


def test_a_row_that_was_refused_and_then_billed_elsewhere_is_held(desk: Desk) -> None:
    """It comes back under its old key: what a later run billed under another one has replaced it."""
    desk.sandbox.misbehave(Fault(FaultKind.STATUS_BEFORE, status=422))
    assert told(desk.submit(keyed(C, "K"))) == ["rejected"]
    assert told(desk.submit(keyed(C, "L"))) == ["created"]
    assert told(desk.submit(keyed(C, "K"))) == ["held"]


def test_a_billed_line_that_joins_a_refused_invoice_is_held(desk: Desk) -> None:
    """What was refused is the invoice as it was then: without that line."""
    design, build = ("101,K,Fixed fee,,Design,70,2026-10-31,30", "101,L,Fixed fee,,Build,90,2026-10-31,30")
    beside = "101,K,Fixed fee,,Copy,20,2026-10-31,30"
    desk.sandbox.misbehave(Fault(FaultKind.STATUS_BEFORE, after=1, status=422))
    assert told(desk.submit(design, beside, build)) == ["created", "rejected"]
    desk.sandbox.misbehave(Fault(FaultKind.STATUS_BEFORE, status=422))
    assert told(desk.submit(design, beside, build)) == ["already_created", "rejected"]
    joined = desk.submit(design.replace(",K,", ",L,"), beside, build)
    assert (told(joined), desk.live) == (["held", "held"], 1)


def test_key_and_amount_of_one_of_two_lines_are_edited(desk: Desk) -> None:
    """The invoice stays in the file with its other line."""
    design, build = "101,,Fixed fee,,Design,70,2026-10-31,30", "101,,Fixed fee,,Build,90,2026-10-31,30"
    assert told(desk.submit(design, build)) == ["created"]
    again = desk.submit(design.replace("101,,", "101,K,").replace("70", "75"), build)
    assert (told(again), desk.live) == (["held", "held"], 1)


def test_a_weekly_biller_is_not_held(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """With ``repeat_days`` 5: week after week in one batch, also the same for two projects."""
    settings = test_identity.Settings
    monkeypatch.setattr(test_identity, "Settings", lambda **given: settings(**given, repeat_days=5))
    for number, day in enumerate(("2026-10-07", "2026-10-14", "2026-10-21")):
        rows = [f"{project},w{number},Fixed fee,,Support,500,{day},30" for project in (101, 102)]
        week = desk.submit(*(row.replace(",w", f",{row[:3]}w", 1) for row in rows))
        assert told(week) == ["created", "created"], held_of(week)


def test_dates_that_are_added_later_are_near(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sent without a date three weeks ago: its day of sending is near the date of now."""
    monkeypatch.setattr(database, "now", lambda: datetime(2026, 11, 6, 9))  # noqa: DTZ001 - as the ledger has it
    row = "101,,Fixed fee,,Retainer,500,,30"
    assert told(desk.submit(row, wish=Wish(desk.folder, batch="2026-11"))) == ["created"]
    monkeypatch.setattr(database, "now", lambda: datetime(2026, 11, 29, 9))  # noqa: DTZ001
    assert told(desk.submit(row.replace("500,,", "500,2026-10-31,"))) == ["held"]


def test_a_retainer_without_a_date_is_billed_after_years(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same content, sent so long ago that its lines are not compared any more."""
    row = "101,,Fixed fee,,Licence,500,,30"
    assert told(desk.submit(row, wish=Wish(desk.folder, batch="first"))) == ["created"]
    later = database.now() + timedelta(days=LOOK_BACK + 30)
    monkeypatch.setattr(database, "now", lambda: later)
    assert told(desk.submit(row, wish=Wish(desk.folder, batch="second"))) == ["created"]


def test_a_lost_ledger_takes_a_date_of_the_day_of_creation_for_a_date(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kantata dates what is sent without a date so; 25 days later the sheet says the same date."""
    today = database.now()
    row = f"101,,Fixed fee,,Retainer,500,{today:%Y-%m-%d},30"
    assert told(desk.submit(row)) == ["created"]
    desk.lose_ledger()
    monkeypatch.setattr(database, "now", lambda: today + timedelta(days=25))
    assert told(desk.submit(keyed(row, "K"))) == ["held"]


def test_accents_written_in_two_ways_are_alike(desk: Desk) -> None:
    """As a file of a Mac has them."""
    assert told(desk.submit("101,,Fixed fee,,Café,500,2026-10-31,30")) == ["created"]
    assert told(desk.submit("101,K,Fixed fee,,Cafe\u0301,500,2026-10-31,30")) == ["held"]


@pytest.mark.parametrize("text", ["Retainer Marz.", "Retainer - Marz", "retainer (Marz)!"])
def test_texts_that_differ_in_punctuation_are_alike(desk: Desk, text: str) -> None:
    """A full stop added while the row got a key is not other work."""
    assert told(desk.submit("101,,Fixed fee,,Retainer Marz,500,2026-10-31,30")) == ["created"]
    assert told(desk.submit(f"101,K,Fixed fee,,{text},500,2026-10-31,30")) == ["held"]


def test_an_amount_is_split_beside_another_line_of_its_text(desk: Desk) -> None:
    """Also when that other line is not in the sheet any more."""
    billed = ["101,a,Fixed fee,,Consulting,1000,2026-10-31,30", "101,b,Fixed fee,,Consulting,300,2026-10-31,30"]
    assert told(desk.submit(*billed)) == ["created", "created"]
    split = desk.submit(billed[0].replace("1000", "600"), "101,S,Fixed fee,,Consulting,400,2026-10-31,30")
    assert told(split) == ["held", "held"]


def test_other_work_without_dates_is_no_repeat(desk: Desk) -> None:
    """The same project in the next month, days later: another text."""
    november, december = Wish(desk.folder, batch="2026-11"), Wish(desk.folder, batch="2026-12")
    assert told(desk.submit("101,,Fixed fee,,Design,500,,30", wish=november)) == ["created"]
    assert told(desk.submit("101,,Fixed fee,,Build,900,,30", wish=december)) == ["created"]


def test_a_reference_that_is_not_of_the_file_releases_nothing(desk: Desk) -> None:
    """It is said: a typing error would look like a release."""
    done = desk.submit(A, wish=Wish(desk.folder, released=Released(references=frozenset({"inv-mistyped"}))))
    assert any("--allow-repeat inv-mistyped releases nothing" in notice for notice in done.notices)


def test_a_corrected_copy_is_the_same_file(desk: Desk) -> None:
    """The program named it; key and amount were both edited in it."""
    assert told(desk.submit(keyed(C, "K"))) == ["created"]
    again = desk.submit(keyed(C, "L").replace("70", "71"), name="sheet-corrected.csv")
    assert told(again) == ["held"]


def test_references_that_differ_in_their_case_alone_are_two(desk: Desk) -> None:
    """As ids of Salesforce do: the other one was not billed."""
    first, second = keyed(C, "K"), keyed(C, "L").replace("70", "71").replace("Care", "Hosting")
    head = "External service,External record type,External record ID"
    opportunity = "salesforce,opportunity,0065g00000"
    assert told(desk.submit(f"{first},{opportunity}AbCdE", head=head)) == ["created"]
    assert told(desk.submit(f"{second},{opportunity}aBcDe", head=head)) == ["created"]
    assert desk.live == 2
