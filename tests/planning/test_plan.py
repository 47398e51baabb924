"""What would be done with each invoice, from what the ledger knows: the table of statuses, row by row."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from plans import SOURCE, terms
from sheets import grouped, records

from importer.model.invoices import Invoice, ItemType, LineItem, UnsoundInvoice
from importer.model.lifecycle import ALIVE, Event, fold
from importer.model.plans import PlannedInvoice, Released, Status
from importer.model.remembered import LedgerEntry
from importer.model.sheet import SheetLine
from importer.planning.deciding import decide
from importer.planning.plan import Knowledge, choose_batch, draw_up
from importer.planning.totals import totals_of

if TYPE_CHECKING:
    from pathlib import Path

TODAY = date(2026, 11, 3)
SENT_AT = datetime(2026, 10, 31, 9, 0)  # noqa: DTZ001 - the ledger keeps UTC without an offset
HISTORIES = {
    "created": (Event.CLAIMED, Event.CREATED),
    "sending": (Event.CLAIMED,),
    "in_doubt": (Event.CLAIMED, Event.UNKNOWN),
    "rejected": (Event.CLAIMED, Event.REJECTED),
    "not_sent": (Event.CLAIMED, Event.REFUSED_FOR_NOW),
    "undone": (Event.CLAIMED, Event.CREATED, Event.REMOVAL_BEGUN, Event.REMOVED),
}
OPEN_STATES = ["sending", "in_doubt"]
FREE_STATES = ["rejected", "not_sent", "undone"]


def fee(amount: int = 1200, workspace: int = 101, **fields: Any) -> Invoice:
    """One invoice with one fixed fee."""
    line = LineItem(2, workspace, ItemType.FIXED_FEE, amount=Decimal(amount))
    return Invoice(fields.pop("key", None), (line,), 30, draft=True, suppress_emails=True, **fields)


def hours(*entries: int, key: str | None = None) -> Invoice:
    """One invoice over time entries."""
    lines = tuple(LineItem(2 + n, 101, ItemType.TIME_ENTRY, item_id=entry) for n, entry in enumerate(entries))
    return Invoice(key, lines, 30, draft=True, suppress_emails=True)


def draw(*invoices: Invoice | UnsoundInvoice, batch: str = "2026-10") -> tuple[PlannedInvoice, ...]:
    """Draw invoices up, as the pipeline does."""
    return draw_up(invoices, batch)


def entry(planned: PlannedInvoice, state: str, **fields: Any) -> LedgerEntry:
    """What the ledger holds after an invoice was sent in an earlier run."""
    assert planned.reference is not None
    assert planned.fingerprint is not None
    usual = LedgerEntry(
        planned.reference,
        planned.fingerprint,
        "2026-10",
        fold(HISTORIES[state]),
        "run-1",
        SENT_AT,
        invoice_id="9001" if state == "created" else None,
    )
    return replace(usual, **fields)


def knowledge(*known: tuple[PlannedInvoice, LedgerEntry]) -> Knowledge:
    """What the ledger would answer: by content and by item only what exists or may."""
    live = [(one, e) for one, e in known if e.state in ALIVE]
    twins: dict[str, tuple[LedgerEntry, ...]] = {}
    for _, e in live:
        twins[e.fingerprint] = (*twins.get(e.fingerprint, ()), e)
    return Knowledge(
        {e.reference: e for _, e in known},
        twins,
        {(line.item_type, line.item_id): e for one, e in live for line in one.invoice.lines if line.item_id},
    )


def decided(planned: tuple[PlannedInvoice, ...], known: Knowledge, *, repeats: bool = False) -> PlannedInvoice:
    """Decide about one invoice."""
    (one,) = decide(planned, known, terms(released=Released(all=repeats)))
    return one


def earlier(invoice: Invoice, state: str, batch: str = "2026-10", **fields: Any) -> tuple[PlannedInvoice, LedgerEntry]:
    """An invoice of an earlier run, with its entry."""
    (one,) = draw(invoice, batch=batch)
    return one, entry(one, state, batch=batch, **fields)


# --- the table --------------------------------------------------------------------------


def test_an_invoice_that_nobody_knows_is_ready() -> None:
    """Nothing known: ready, with its exact payload, and no reason."""
    one = decided(draw(fee()), Knowledge())
    assert (one.status, one.reason, one.what_to_do, one.invoice_id) == (Status.READY, None, None, None)
    assert one.payload is not None
    assert one.payload["invoice"]["fixed_fee_items"] == [{"amount": 1200}]


@pytest.mark.parametrize("repeats", [False, True])
def test_the_same_invoice_again_is_already_created(repeats: bool) -> None:  # noqa: FBT001 - a parameter of the rule
    """Created with the same fingerprint: skipped, its id is shown, and nothing is to be done."""
    one = decided(draw(fee()), knowledge(earlier(fee(), "created")), repeats=repeats)
    assert (one.status, one.invoice_id, one.what_to_do) == (Status.ALREADY_CREATED, "9001", None)
    assert "run-1" in (one.reason or "")


@pytest.mark.parametrize("repeats", [False, True])
def test_a_changed_invoice_is_held(repeats: bool) -> None:  # noqa: FBT001 - a parameter of the rule
    """Created with another fingerprint: a person decides; --allow-repeats does not."""
    one = decided(draw(fee(1300)), knowledge(earlier(fee(1200), "created")), repeats=repeats)
    assert one.status is Status.HELD
    assert "Changed since it was billed as invoice 9001" in (one.reason or "")
    assert "--batch" in (one.what_to_do or "")
    assert "invoice-importer undo run-1" in (one.what_to_do or "")


@pytest.mark.parametrize("repeats", [False, True])
@pytest.mark.parametrize("batch", ["2026-10", "2026-11"])
def test_an_item_that_was_billed_before_holds_the_invoice(repeats: bool, batch: str) -> None:  # noqa: FBT001 - a parameter of the rule
    """The same time entry under another reference: held, naming the invoice, in whatever batch."""
    before = earlier(hours(5001, 5002, key="A"), "created", batch)
    one = decided(draw(hours(5003, 5002, key="B")), knowledge(before), repeats=repeats)
    assert (one.status, one.invoice_id) == (Status.HELD, None)
    assert "Time entry 5002 was billed before, on invoice 9001" in (one.reason or "")


def test_items_that_were_billed_before_are_counted_and_the_first_named() -> None:
    """Not the first alone: who looks for it would find the next one after each correction."""
    before = earlier(hours(*range(5001, 5013), key="A"), "created")
    one = decided(draw(hours(*range(5001, 5014), key="B")), knowledge(before))
    assert "12 time entries (5001, 5002, 5003 and 9 more) were billed before, on invoice 9001" in (one.reason or "")
    assert "Delete their rows here" in (one.what_to_do or "")


def test_time_entries_that_changed_are_not_said_to_have_an_amount() -> None:
    """The sheet states none for them, so that an amount of 0.00 would be wrong."""
    one = decided(draw(hours(5001, 5002, key="A")), knowledge(earlier(hours(5001, key="A"), "created")))
    assert "its time entries" in (one.reason or "")
    mixed = decided(draw(replace(fee(500), key="A")), knowledge(earlier(hours(5001, key="A"), "created")))
    assert (mixed.status, "0.00" in (mixed.reason or "")) == (Status.HELD, False)


@pytest.mark.parametrize("item_type", [ItemType.TIME_ENTRY, ItemType.EXPENSE, ItemType.BILLING_MILESTONE])
def test_items_of_each_type_are_guarded(item_type: ItemType) -> None:
    """Time entries, expenses and milestones alike; but expense 5001 is not time entry 5001."""

    def bill(key: str, kind: ItemType) -> Invoice:
        return Invoice(key, (LineItem(2, 101, kind, item_id=5001),), 30, draft=True, suppress_emails=True)

    known = knowledge(earlier(bill("A", item_type), "created"))
    assert decided(draw(bill("B", item_type)), known).status is Status.HELD
    for other in {ItemType.TIME_ENTRY, ItemType.EXPENSE, ItemType.BILLING_MILESTONE} - {item_type}:
        assert decided(draw(bill("B", other)), known).status is Status.READY


def test_the_same_content_in_another_batch_is_a_possible_duplicate() -> None:
    """Same fingerprint under another reference: held, naming the invoice and its batch."""
    one = decided(draw(fee(), batch="2026-11"), knowledge(earlier(fee(), "created", "2026-10")))
    assert (one.status, one.invoice_id) == (Status.HELD, None)
    assert "Possible duplicate" in (one.reason or "")
    assert "9001" in (one.reason or "")
    assert "2026-10" in (one.reason or "")
    assert "--allow-repeats" in (one.what_to_do or "")


def test_allow_repeats_sends_twins_and_only_these() -> None:
    """Of a twin, a changed invoice, a billed item and one in doubt, only the twin is released."""
    known = knowledge(
        earlier(fee(1, 101), "created", "2026-10"),
        earlier(fee(2, 102), "created", "2026-11"),
        earlier(hours(5001, key="A"), "created", "2026-10"),
        earlier(fee(4, 104), "in_doubt", "2026-11"),
    )
    planned = draw(fee(1, 101), fee(3, 102), hours(5001, 5002, key="B"), fee(4, 104), batch="2026-11")
    assert [one.status for one in decide(planned, known, terms())] == [
        Status.HELD,
        Status.HELD,
        Status.HELD,
        Status.IN_DOUBT,
    ]
    assert [one.releasable for one in decide(planned, known, terms())] == [
        True,
        False,
        False,
        False,
    ]
    assert [one.status for one in decide(planned, known, terms(released=Released(all=True)))] == [
        Status.READY,
        Status.HELD,
        Status.HELD,
        Status.IN_DOUBT,
    ]


@pytest.mark.parametrize("state", OPEN_STATES)
@pytest.mark.parametrize("amount", [1200, 1300])
@pytest.mark.parametrize("repeats", [False, True])
def test_an_invoice_of_unknown_outcome_is_in_doubt(state: str, amount: int, repeats: bool) -> None:  # noqa: FBT001 - a parameter of the rule
    """Sent, outcome unknown: never sent again before it is settled, changed or not, repeats or not."""
    one = decided(draw(fee(amount)), knowledge(earlier(fee(1200), state)), repeats=repeats)
    assert (one.status, one.invoice_id) == (Status.IN_DOUBT, None)
    assert "may exist" in (one.reason or "")
    assert one.what_to_do


@pytest.mark.parametrize("state", OPEN_STATES)
@pytest.mark.parametrize("repeats", [False, True])
def test_a_twin_in_doubt_is_never_released(state: str, repeats: bool) -> None:  # noqa: FBT001 - a parameter of the rule
    """A new batch name is no way around an invoice whose outcome is unknown, even with --allow-repeats."""
    known = knowledge(earlier(fee(), state, "2026-10"))
    one = decided(draw(fee(), batch="2026-11"), known, repeats=repeats)
    assert one.status is Status.HELD
    assert "answer is not known" in (one.reason or "")
    assert "--allow-repeats" not in (one.what_to_do or "")


@pytest.mark.parametrize("state", OPEN_STATES)
def test_an_item_on_an_invoice_in_doubt_holds_too(state: str) -> None:
    """The time entry may be billed already."""
    one = decided(draw(hours(5001, key="B")), knowledge(earlier(hours(5001, key="A"), state)), repeats=True)
    assert one.status is Status.HELD
    assert "may already be billed" in (one.reason or "")


@pytest.mark.parametrize("state", FREE_STATES)
@pytest.mark.parametrize("batch", ["2026-10", "2026-11"])
def test_what_surely_does_not_exist_may_be_sent(state: str, batch: str) -> None:
    """Rejected, undone or never sent: ready, as it was, changed, or in another batch."""
    for before, now in ((fee(), fee()), (fee(1), fee(2)), (hours(5001), hours(5001)), (hours(5001), hours(5001, 5002))):
        assert decided(draw(now, batch=batch), knowledge(earlier(before, state))).status is Status.READY


def test_of_several_twins_one_in_doubt_is_enough_to_hold() -> None:
    """--allow-repeats releases from a created twin, but another twin may still be in doubt."""
    known = knowledge(earlier(fee(), "created", "2026-08"), earlier(fee(), "in_doubt", "2026-09"))
    assert decided(draw(fee()), known, repeats=True).status is Status.HELD


def test_a_rejected_invoice_still_respects_items_and_twins() -> None:
    """Its own rejection does not release a time entry that another invoice has billed since."""
    known = knowledge(earlier(hours(5001), "rejected"), earlier(hours(5001, key="A"), "created"))
    assert decided(draw(hours(5001)), known).status is Status.HELD


# --- twins within a sheet -------------------------------------------------------------


def test_twins_in_one_sheet_do_not_hold_each_other() -> None:
    """Two equal invoices with keys of their own are both meant: both ready, and later both created."""
    sheet = draw(fee(key="A"), fee(key="B"))
    assert sheet[0].fingerprint == sheet[1].fingerprint
    assert [one.status for one in decide(sheet, Knowledge(), terms())] == [Status.READY] * 2
    both = knowledge(earlier(fee(key="A"), "created"), earlier(fee(key="B"), "created"))
    assert [one.status for one in decide(sheet, both, terms())] == [Status.ALREADY_CREATED] * 2


@pytest.mark.parametrize(("state", "first"), [("created", Status.ALREADY_CREATED), ("in_doubt", Status.IN_DOUBT)])
def test_a_twin_that_stands_in_the_same_sheet_does_not_hold(state: str, first: Status) -> None:
    """After a run that stopped half-way the second twin is still to be sent."""
    known = knowledge(earlier(fee(key="A"), state, source_sha256=SOURCE.sha256))
    planned = decide(draw(fee(key="A"), fee(key="B")), known, terms())
    assert [one.status for one in planned] == [first, Status.READY]


def test_each_invoice_is_decided_on_its_own() -> None:
    """Order and content are kept; only status, reason, advice and id are added."""
    drawn = draw(fee(1, 101), fee(2, 102), fee(3, 103))
    planned = decide(drawn, knowledge(earlier(fee(2, 102), "created")), terms())
    assert [one.status for one in planned] == [Status.READY, Status.ALREADY_CREATED, Status.READY]
    assert [(p.invoice, p.reference, p.fingerprint, p.payload) for p in planned] == [
        (d.invoice, d.reference, d.fingerprint, d.payload) for d in drawn
    ]


def test_an_unsound_invoice_is_not_sent_whatever_is_known() -> None:
    """Rows with errors have no payload, and no way to be sent."""
    unsound = UnsoundInvoice("A", (101,), (2, 3), Decimal(5))
    one = decided(draw(unsound), knowledge(earlier(fee(key="A"), "created")), repeats=True)
    assert (one.status, one.payload, one.reference) == (Status.NOT_SENT, None, None)
    assert one.reason
    assert one.what_to_do


def test_a_reference_of_the_sheet_protects_across_batches(tmp_path: Path) -> None:
    """An invoice that carries the user's own reference is the same one in any batch."""
    row = {
        "workspace_id": 101,
        "item_type": "fixed_fee",
        "amount": 5,
        "external_reference.service_name": "erp",
        "external_reference.service_model": "invoice",
        "external_reference.service_model_ref": "E-1",
    }
    (invoice,), _ = grouped(records(tmp_path / "a.xlsx", row))
    known = knowledge(earlier(invoice, "created", "2026-10"))
    assert decided(draw(invoice, batch="2027-01"), known).status is Status.ALREADY_CREATED


# --- batch --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "cover", "dates", "batch"),
    [
        ("march-rerun", "2026-09", [date(2026, 10, 1)], "march-rerun"),
        (" x ", None, [], "x"),
        (None, "2026-09", [date(2026, 10, 1)], "2026-09"),
        (None, None, [date(2026, 10, 1), date(2026, 10, 31)], "2026-10"),
        (None, None, [date(2026, 10, 1), None], "2026-10"),
        (None, None, [date(2026, 10, 31), date(2026, 11, 1)], None),
        (None, None, [date(2025, 10, 1), date(2026, 10, 1)], None),
        (None, None, [None, None], None),
        (None, None, [], None),
        ("", "", [], None),
    ],
)
def test_the_batch(given: str | None, cover: str | None, dates: list[date | None], batch: str | None) -> None:
    """--batch, else the Cover, else the one month of the invoice dates; else it is the month of the run."""
    assert choose_batch(given, cover, dates) == batch


# --- totals -------------------------------------------------------------------------


def test_control_totals_count_every_row_and_amount() -> None:
    """Rows and amounts of the whole sheet, also of rows that belong to no invoice; counts and sums per status."""
    amounts = (Decimal(1200), Decimal("12.5"), None, Decimal(-50))
    lines = [
        SheetLine(2 + n, 101, None, key_unreadable=False, sound=False, item_values={"amount": a})
        for n, a in enumerate(amounts)
    ]
    planned = [
        PlannedInvoice(fee(1200), Status.CREATED),
        PlannedInvoice(fee(30), Status.CREATED),
        PlannedInvoice(UnsoundInvoice("A", (101,), (3,), Decimal("12.5")), Status.NOT_SENT),
    ]
    totals = totals_of(lines, planned)
    assert (totals.rows, totals.invoices, totals.amount) == (4, 3, Decimal("1162.5"))
    assert totals.by_status == {Status.CREATED: 2, Status.NOT_SENT: 1}
    assert totals.amount_by_status == {Status.CREATED: Decimal(1230), Status.NOT_SENT: Decimal("12.5")}
