"""Why an invoice is held though the ledger does not know its reference: each rule, in the order of their turns."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from plans import BATCH, NOW, fee, hours, invoice, plan, terms

from importer.model.invoices import ItemType
from importer.model.lifecycle import Event, fold
from importer.model.plans import Released, Status
from importer.model.remembered import BilledLine, LedgerEntry
from importer.planning.deciding import decide
from importer.planning.plan import Knowledge

if TYPE_CHECKING:
    from importer.model.invoices import Invoice
    from importer.model.plans import PlannedInvoice

CREATED = fold((Event.CLAIMED, Event.CREATED))
IN_DOUBT = fold((Event.CLAIMED, Event.UNKNOWN))
OCTOBER, NOVEMBER = date(2026, 10, 31), date(2026, 11, 30)


def billed(earlier: Invoice, invoice_id: str = "9001", batch: str = BATCH, **fields: Any) -> LedgerEntry:
    """What the ledger holds of an invoice that was created two weeks ago."""
    [planned] = plan(earlier, batch=batch)
    body = (planned.payload or {})["invoice"]
    usual = LedgerEntry(
        planned.reference or "",
        planned.fingerprint or "",
        batch,
        CREATED,
        "run-1",
        NOW - timedelta(days=14),
        invoice_id,
        key=earlier.key,
        workspace_ids=earlier.workspace_ids,
        amount=earlier.amount,
        invoice_date=body.get("invoice_date"),
        body=body,
        source_name="september.xlsx",
    )
    return replace(usual, **fields)


def lines_of(entry: LedgerEntry, earlier: Invoice) -> tuple[BilledLine, ...]:
    """The lines of an earlier invoice, as the ledger holds them."""
    [planned] = plan(earlier)
    found = []
    for position, mark in enumerate(planned.marks):
        found.append(BilledLine(entry, mark.workspace_id, mark.wording, mark.amount, position, mark.row, alike=1))
    return tuple(found)


def decided(planned: Invoice, known: Knowledge, **fields: Any) -> PlannedInvoice:
    """Decide about one invoice."""
    [found] = decide(plan(planned), known, terms(**fields))
    return found


def held_by(found: PlannedInvoice) -> tuple[str | None, bool]:
    """The earlier invoice that holds this one, and whether a person's word releases it."""
    assert (found.status, bool(found.reason), bool(found.what_to_do)) == (Status.HELD, True, True)
    return found.earlier_id, found.releasable


def ready(found: PlannedInvoice) -> bool:
    """Whether it would be sent."""
    return found.status is Status.READY


def test_nothing_known_is_ready() -> None:
    """No rule holds an invoice of which nothing is known."""
    assert ready(decided(invoice(), Knowledge()))


# --- billed items -----------------------------------------------------------------------------


def test_an_item_that_was_billed_before_holds() -> None:
    """The same time entry on another invoice; no word releases it."""
    earlier = billed(invoice(hours(5001), key="A"))
    known = Knowledge(by_item={(ItemType.TIME_ENTRY, 5001): earlier})
    assert held_by(decided(invoice(hours(5001), key="B"), known)) == ("9001", False)
    assert held_by(decided(invoice(hours(5001), key="B"), known, released=Released(all=True))) == ("9001", False)
    assert ready(decided(invoice(hours(5002), key="B"), known))


def test_an_item_whose_invoice_is_gone_is_free() -> None:
    """It was cancelled or deleted in Kantata since."""
    earlier = billed(invoice(hours(5001), key="A"))
    known = Knowledge(by_item={(ItemType.TIME_ENTRY, 5001): earlier}, gone=frozenset({"9001"}))
    assert ready(decided(invoice(hours(5001), key="B"), known))


# --- changed ----------------------------------------------------------------------------------


def test_other_projects_under_the_same_key_hold() -> None:
    """The key was billed in this batch with one more project: it is the same invoice, changed."""
    earlier = billed(invoice(fee(101), fee(102, row=3), key="K"))
    known = Knowledge(under_same_key={("K", None): (earlier,)})
    assert held_by(decided(invoice(fee(101), key="K"), known)) == ("9001", False)


def test_the_same_key_is_free_for_others() -> None:
    """In another batch; with no project in common; and where the earlier one stands in this plan too."""
    both = invoice(fee(101), fee(102, row=3), key="K")
    known = Knowledge(under_same_key={("K", None): (billed(both, batch="2026-09"),)})
    assert ready(decided(invoice(fee(101), key="K"), known))
    known = Knowledge(under_same_key={("K", None): (billed(both),)})
    assert ready(decided(invoice(fee(103), key="K"), known))
    first, _ = decide(plan(invoice(fee(101), key="K"), both), known, terms())
    assert ready(first)


# --- like lines -------------------------------------------------------------------------------


def test_a_like_line_near_in_time_holds_until_it_is_released() -> None:
    """The same project, kind, text and amount under another key, two weeks ago."""
    earlier = invoice(fee(101), key="A")
    known = Knowledge(lines=lines_of(billed(earlier, batch="2026-09"), earlier))
    found = decided(invoice(fee(101), key="B"), known)
    assert held_by(found) == ("9001", True)
    assert "--allow-repeat" in (found.what_to_do or "")
    assert ready(decided(invoice(fee(101), key="B"), known, released=Released(all=True)))
    own = frozenset({found.reference or ""})
    assert ready(decided(invoice(fee(101), key="B"), known, released=Released(references=own)))
    assert ready(decided(invoice(fee(101), key="B"), known, repeat_days=14))
    assert ready(decided(invoice(fee(101, "501"), key="B"), known))


def test_a_like_line_in_doubt_is_not_released() -> None:
    """Whether the earlier one exists has to be settled first."""
    earlier = invoice(fee(101), key="A")
    entry = billed(earlier, batch="2026-09", standing=IN_DOUBT, invoice_id=None)
    known = Knowledge(lines=lines_of(entry, earlier))
    assert held_by(decided(invoice(fee(101), key="B"), known, released=Released(all=True))) == (None, False)


# --- other batch ------------------------------------------------------------------------------


def test_the_same_day_in_another_batch_holds_where_dates_name_the_batch() -> None:
    """A corrected date has given the sheet another batch; a batch that was typed is meant."""
    earlier = billed(invoice(key="K", invoice_date=OCTOBER), batch="2026-11")
    known = Knowledge(under_same_key={("K", None): (earlier,)})
    again = invoice(fee(101, "700", notes="Other"), key="K", invoice_date=OCTOBER)
    assert held_by(decided(again, known, batch_derived=True)) == ("9001", True)
    assert ready(decided(again, known, batch_derived=False))
    assert ready(decided(replace(again, invoice_date=NOVEMBER), known, batch_derived=True))


# --- edited -----------------------------------------------------------------------------------


def test_a_line_gone_from_a_file_of_this_name_holds_one_of_its_text() -> None:
    """Key and amount were edited after it was billed from the same file."""
    earlier = invoice(fee(101, "500"), key="A")
    entry = billed(earlier, batch="2026-09", source_name="october.xlsx")
    known = Knowledge(lines=lines_of(entry, earlier))
    edited = invoice(fee(101, "650"), key="B")
    assert held_by(decided(edited, known)) == ("9001", True)
    assert ready(decided(edited, known, source_name="november.xlsx"))
    assert ready(decided(invoice(fee(101, "650", notes="Other"), key="B"), known))


# --- twins ------------------------------------------------------------------------------------


def test_the_same_content_holds_where_its_lines_are_not_known() -> None:
    """Billed under another key."""
    earlier = billed(invoice(key="A"), batch="2026-09")
    known = Knowledge(by_fingerprint={earlier.fingerprint: (earlier,)})
    assert held_by(decided(invoice(key="B"), known)) == ("9001", True)
    assert ready(decided(invoice(key="B"), known, released=Released(all=True)))
    long_ago = replace(earlier, sent_at=NOW - timedelta(days=500))
    assert ready(decided(invoice(key="B"), Knowledge(by_fingerprint={earlier.fingerprint: (long_ago,)})))


# --- number -----------------------------------------------------------------------------------


def test_a_number_that_another_invoice_has_holds() -> None:
    """Kantata would refuse it, or have two invoices of one number; no word releases it."""
    earlier = billed(invoice(fee(102), key="A", user_invoice_number=77))
    known = Knowledge(by_number={77: earlier})
    found = decided(invoice(fee(101), key="B", user_invoice_number=77), known, released=Released(all=True))
    assert held_by(found) == ("9001", False)
    assert "number 77" in (found.reason or "")
    assert ready(decided(invoice(fee(101), key="B", user_invoice_number=78), known))
    assert ready(decided(invoice(fee(101), key="B"), known))


def test_a_number_is_free_again_when_its_invoice_is_gone() -> None:
    """It was cancelled or deleted in Kantata since."""
    earlier = billed(invoice(fee(102), key="A", user_invoice_number=77))
    known = Knowledge(by_number={77: earlier}, gone=frozenset({"9001"}))
    assert ready(decided(invoice(fee(101), key="B", user_invoice_number=77), known))


# --- the order --------------------------------------------------------------------------------


def everything() -> tuple[Invoice, dict[str, Any]]:
    """An invoice that every rule holds, each by another earlier one; and these by the names of their rules."""
    priced = fee(101, notes="Support")
    planned = invoice(priced, hours(5001, row=3), key="K", user_invoice_number=77, invoice_date=OCTOBER)
    like, edited = invoice(priced, key="L"), invoice(fee(101, "900", notes="Support"), key="E")
    old = {"batch": "2026-09", "source_name": "october.xlsx"}
    [drawn] = plan(planned)
    return planned, {
        "billed_items": {(ItemType.TIME_ENTRY, 5001): billed(invoice(hours(5001), key="I"), "billed_items")},
        "changed": billed(invoice(priced, fee(102, row=9), key="K"), "changed"),
        "like_lines": lines_of(billed(like, "like_lines", batch="2026-09"), like),
        "other_batch": billed(invoice(key="K", invoice_date=OCTOBER), "other_batch", batch="2026-11"),
        "edited": lines_of(billed(edited, "edited", **old), edited),
        "twins": billed(invoice(key="T"), "twins", batch="2026-09", fingerprint=drawn.fingerprint or ""),
        "number": billed(invoice(fee(103), key="N"), "number"),
    }


RULES = ("billed_items", "changed", "like_lines", "other_batch", "edited", "twins", "number")


@pytest.mark.parametrize("first", range(len(RULES)))
def test_the_first_rule_that_holds_gives_the_reason(first: int) -> None:
    """What no word releases and names one record comes first; a number, which is easy to change, comes last."""
    planned, known = everything()
    rules = RULES[first:]
    under_key = [known[name] for name in ("changed", "other_batch") if name in rules]
    lines = [line for name in ("like_lines", "edited") if name in rules for line in known[name]]
    found = Knowledge(
        by_item=known["billed_items"] if "billed_items" in rules else {},
        under_same_key={("K", None): tuple(under_key)},
        lines=tuple(lines),
        by_fingerprint={known["twins"].fingerprint: (known["twins"],)} if "twins" in rules else {},
        by_number={77: known["number"]},
    )
    assert decided(planned, found, batch_derived=True).earlier_id == RULES[first]
