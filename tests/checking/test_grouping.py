"""Grouping: rows become invoices, and what they say of the invoice is merged or in conflict."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sheets import NET_30_DRAFT, NO_TERMS, found, grouped, records

from importer.checking.grouping import Defaults
from importer.model.invoices import Invoice, UnsoundInvoice
from importer.model.problems import Severity

if TYPE_CHECKING:
    from pathlib import Path

    from importer.model.problems import Problem

TRIPLE = {
    "external_reference.service_name": "erp",
    "external_reference.service_model": "invoice",
    "external_reference.service_model_ref": "E-1",
}


def fee(amount: object = 5, workspace: object = 101, **cells: object) -> dict[str, object]:
    """One fixed-fee row."""
    return {"workspace_id": workspace, "item_type": "fixed_fee", "amount": amount, **cells}


def only(path: Path, *rows: dict[str, object], defaults: Defaults = NET_30_DRAFT) -> Invoice:
    """The one sound invoice that the rows make without a problem."""
    (invoice,), problems = grouped(records(path / "a.xlsx", *rows), defaults)
    assert [p for p in problems if p.severity is Severity.ERROR] == []
    assert isinstance(invoice, Invoice)
    return invoice


def errors_of(path: Path, *rows: dict[str, object], defaults: Defaults = NET_30_DRAFT) -> list[Problem]:
    """The errors between the rows; every invoice involved must be unsound."""
    _, problems = grouped(records(path / "a.xlsx", *rows), defaults)
    return [p for p in problems if p.severity is Severity.ERROR]


# --- which rows form an invoice -------------------------------------------------------


def test_rows_form_one_invoice_per_project(tmp_path: Path) -> None:
    """Without keys each project has one invoice, in the order of its first row, also when rows alternate."""
    path = records(tmp_path / "a.xlsx", fee(1, 102), fee(2, 101), fee(3, 102), fee(4, 103), fee(5, 101))
    invoices, problems = grouped(path)
    assert [(i.key, i.workspace_ids, i.rows) for i in invoices] == [
        (None, (102,), (2, 4)),
        (None, (101,), (3, 6)),
        (None, (103,), (5,)),
    ]
    assert problems == ()


def test_rows_with_a_key_form_one_invoice_across_projects(tmp_path: Path) -> None:
    """A key joins projects in the order of appearance and separates rows of one project."""
    path = records(
        tmp_path / "a.xlsx",
        fee(1, 102, invoice_key="A"),
        fee(2, 101),
        fee(3, 101, invoice_key="A"),
        fee(4, 101, invoice_key="B"),
        fee(5, 102, invoice_key="A"),
        fee(6, 101),
    )
    invoices, _ = grouped(path)
    assert [(i.key, i.workspace_ids, i.rows) for i in invoices] == [
        ("A", (102, 101), (2, 4, 6)),
        (None, (101,), (3, 7)),
        ("B", (101,), (5,)),
    ]


def test_a_key_that_looks_like_a_project_is_a_key(tmp_path: Path) -> None:
    """Key “101” and project 101 without a key are two invoices; the key 101 as number or text is one."""
    path = records(tmp_path / "a.xlsx", fee(1), fee(2, invoice_key="101"), fee(3, invoice_key=101.0))
    invoices, _ = grouped(path)
    assert [(i.key, i.rows) for i in invoices] == [(None, (2,)), ("101", (3, 4))]


def test_keys_are_trimmed_but_otherwise_exact(tmp_path: Path) -> None:
    """Blanks around a key do not matter; keys that differ only in case are two invoices with a warning."""
    path = records(
        tmp_path / "a.xlsx", fee(1, invoice_key="Acme"), fee(2, invoice_key=" Acme "), fee(4, invoice_key="ACME")
    )
    invoices, problems = grouped(path)
    assert [(i.key, i.rows) for i in invoices] == [("Acme", (2, 3)), ("ACME", (4,))]
    assert [(p.code, p.cell, p.severity) for p in problems] == [("invoice_key.looks_alike", "D4", Severity.WARNING)]


def test_keys_that_look_the_same_form_one_invoice_with_a_warning(tmp_path: Path) -> None:
    """Composed or not, with another hyphen or a sign that cannot be seen: both cells are named."""
    keys = ["Mü-1", "Mu\u0308-1", "Mü\u20111", "Mü-1"]
    path = records(tmp_path / "a.xlsx", *(fee(number, invoice_key=key) for number, key in enumerate(keys, 1)))
    invoices, problems = grouped(path)
    assert [(i.key, i.rows) for i in invoices] == [("Mü-1", (2, 3, 4, 5))]
    assert found(problems) == [("invoice_key.looks_alike", "D3"), ("invoice_key.looks_alike", "D4")]
    assert all("D2" in problem.message and problem.severity is Severity.WARNING for problem in problems)


def test_keys_that_look_alike_are_named_with_both_cells(tmp_path: Path) -> None:
    """1, 01 and 1.0 are three invoices, and a person is asked to look."""
    rows = [fee(1, invoice_key=1), fee(2, invoice_key="01"), fee(3, invoice_key="1.0"), fee(4, invoice_key="10")]
    invoices, problems = grouped(records(tmp_path / "a.xlsx", *rows))
    assert [i.key for i in invoices] == ["1", "01", "1.0", "10"]
    assert found(problems) == [("invoice_key.looks_alike", "D3"), ("invoice_key.looks_alike", "D4")]
    assert "“01” in D3 and “1” in D2" in problems[0].message


def test_a_row_without_project_and_key_belongs_to_no_invoice(tmp_path: Path) -> None:
    """It may belong to any invoice without a key, so none of those is sent without it; keyed ones are not touched."""
    rows = [fee(1), fee(2, None), fee(3, 102, invoice_key="A")]
    invoices, problems = grouped(records(tmp_path / "a.xlsx", *rows))
    assert found(problems) == [("workspace_id.missing", "A3")]
    assert [(type(i), i.rows) for i in invoices] == [(UnsoundInvoice, (2,)), (Invoice, (4,))]


def test_a_faulty_row_makes_its_whole_invoice_unsound(tmp_path: Path) -> None:
    """Never is a part of an invoice sent: with one bad row none of its rows is."""
    path = records(
        tmp_path / "a.xlsx", fee(1, invoice_key="A"), fee(2, None, invoice_key="A"), fee(12.5), fee(7), fee(9, 102)
    )
    invoices, _ = grouped(path)
    assert invoices[0] == UnsoundInvoice("A", (101,), (2, 3), Decimal(3))
    assert invoices[1] == UnsoundInvoice(None, (101,), (4, 5), Decimal("19.5"))
    assert isinstance(invoices[2], Invoice)


def test_an_invoice_knows_that_its_sum_is_not_whole(tmp_path: Path) -> None:
    """An amount that is missing or cannot be read; that of an item which Kantata prices is not lacking."""
    time = fee(None, 103, item_type="time_entry", item_id=7)
    path = records(tmp_path / "a.xlsx", fee("1e"), fee(4), fee(None, 102), time, fee(0.5, 103, taxable="?"))
    invoices, _ = grouped(path)
    assert [(i.amount, i.lacks_amounts) for i in invoices if isinstance(i, UnsoundInvoice)] == [
        (Decimal(4), True),
        (Decimal(0), True),
        (Decimal("0.5"), False),
    ]


# --- values of the invoice ----------------------------------------------------------


def test_invoice_values_may_stand_on_any_or_all_rows(tmp_path: Path) -> None:
    """First row, last row, every row: the invoice has the value once."""
    invoice = only(
        tmp_path,
        fee(1, payment_schedule=None, message=None, draft="no", purchase_order="00042"),
        fee(2, payment_schedule="Net 14", message=None, draft=False, purchase_order=" 00042"),
        fee(3, payment_schedule=14, message="Thanks", draft=None, invoice_date=date(2026, 10, 31)),
    )
    assert (invoice.payment_schedule, invoice.message, invoice.draft) == (14, "Thanks", False)
    assert (invoice.purchase_order, invoice.invoice_date) == ("00042", date(2026, 10, 31))


@pytest.mark.parametrize(
    ("name", "one", "other"),
    [
        ("payment_schedule", 30, 14),
        ("invoice_date", date(2026, 10, 31), "2026-11-01"),
        ("user_invoice_number", 7, 8),
        ("user_invoice_title", "A", "a"),
        ("purchase_order", "42", "042"),
        ("project_code", "x", "y"),
        ("message", "x", "y"),
        ("draft", "yes", "no"),
        ("suppress_emails", True, "no"),
        ("external_reference.status", "pending", "failed"),
        ("external_reference.locked", "yes", "no"),
    ],
)
def test_two_values_are_a_conflict_that_names_both_cells(tmp_path: Path, name: str, one: object, other: object) -> None:
    """Nobody decides which of two values was meant; the invoice is not sent."""
    path = records(tmp_path / "a.xlsx", fee(1, **{name: one}), fee(2, **{name: None}), fee(3, **{name: other}))
    invoices, problems = grouped(path)
    assert found(problems) == [(f"{name}.conflict", "D4")]
    assert "D4" in problems[0].message
    assert "D2" in problems[0].message
    assert isinstance(invoices[0], UnsoundInvoice)


def test_different_invoices_may_have_different_values(tmp_path: Path) -> None:
    """A conflict exists only within one invoice."""
    rows = [fee(1, 101, message="x"), fee(2, 102, message="y"), fee(3, 101, invoice_key="K", message="z")]
    assert errors_of(tmp_path, *rows) == []


def test_each_conflicting_column_is_reported(tmp_path: Path) -> None:
    """All conflicts of an invoice show at once."""
    rows = [fee(1, message="x", draft="yes"), fee(2, message="y", draft="no")]
    assert found(errors_of(tmp_path, *rows)) == [("message.conflict", "D3"), ("draft.conflict", "E3")]


# --- settings where the sheet is silent ---------------------------------------------


def test_the_sheet_overrules_the_settings(tmp_path: Path) -> None:
    """Settings fill what the sheet leaves empty, and only that."""
    defaults = Defaults(payment_schedule=45, draft=False, suppress_emails=False)
    silent = only(tmp_path, fee(1), defaults=defaults)
    assert (silent.payment_schedule, silent.draft, silent.suppress_emails) == (45, False, False)
    row = fee(1, payment_schedule=0, draft="yes", suppress_emails="yes")
    spoken = only(tmp_path, row, defaults=defaults)
    assert (spoken.payment_schedule, spoken.draft, spoken.suppress_emails) == (0, True, True)


def test_payment_terms_are_required_in_the_sheet_or_the_settings(tmp_path: Path) -> None:
    """An invoice whose rows are all silent needs the setting; the first row's cell is named."""
    path = records(tmp_path / "a.xlsx", fee(1, 101, payment_schedule=30), fee(2, 102), fee(3, 102))
    invoices, problems = grouped(path, NO_TERMS)
    assert found(problems) == [("payment_schedule.missing", "D3")]
    assert [type(i) for i in invoices] == [Invoice, UnsoundInvoice]
    assert found(grouped(path, NET_30_DRAFT)[1]) == []


def test_one_filled_row_gives_the_terms_of_the_whole_invoice(tmp_path: Path) -> None:
    """The other rows may be silent."""
    invoice = only(tmp_path, fee(1, payment_schedule=None), fee(2, payment_schedule=7), defaults=NO_TERMS)
    assert invoice.payment_schedule == 7


def test_an_absent_terms_column_is_named_once(tmp_path: Path) -> None:
    """Not once per invoice: the column is missing, and the header row is where."""
    invoices, problems = grouped(records(tmp_path / "a.xlsx", fee(1, 101), fee(2, 102)), NO_TERMS)
    assert [(p.code, p.column, p.row, p.cell) for p in problems] == [("column.missing", "payment_schedule", 1, None)]
    assert [type(i) for i in invoices] == [UnsoundInvoice, UnsoundInvoice]


def test_unreadable_terms_are_reported_once(tmp_path: Path) -> None:
    """A cell that cannot be read has its own problem; “missing” is not said as well."""
    path = records(tmp_path / "a.xlsx", fee(1, payment_schedule="soon"))
    assert found(grouped(path, NO_TERMS)[1]) == [("payment_schedule.not_days", "D2")]


# --- across invoices ----------------------------------------------------------------


def test_one_invoice_number_on_two_invoices_is_an_error(tmp_path: Path) -> None:
    """Both invoices are unsound, and the message names both cells."""
    path = records(
        tmp_path / "a.xlsx", fee(1, 101, user_invoice_number=7), fee(2, 102, user_invoice_number="7"), fee(3, 103)
    )
    invoices, problems = grouped(path)
    assert found(problems) == [("user_invoice_number.duplicate", "D3")]
    assert "D2" in problems[0].message
    assert [type(i) for i in invoices] == [UnsoundInvoice, UnsoundInvoice, Invoice]


def test_one_external_reference_on_two_invoices_is_an_error(tmp_path: Path) -> None:
    """The three parts together are the identity: equal triples clash, different services do not."""
    path = records(tmp_path / "a.xlsx", fee(1, 101, **TRIPLE), fee(2, 102, **TRIPLE))
    invoices, problems = grouped(path)
    assert found(problems) == [("external_reference.service_model_ref.duplicate", "F3")]
    assert [type(i) for i in invoices] == [UnsoundInvoice, UnsoundInvoice]
    other = {**TRIPLE, "external_reference.service_name": "crm"}
    assert errors_of(tmp_path, fee(1, 101, **TRIPLE), fee(2, 102, **other)) == []


@pytest.mark.parametrize("parts", [[0], [1], [2], [0, 1], [0, 2], [1, 2]])
def test_an_external_reference_is_whole_or_absent(tmp_path: Path, parts: list[int]) -> None:
    """One or two of the three parts are an error at the first part given."""
    given_parts = {name: value for n, (name, value) in enumerate(TRIPLE.items()) if n in parts}
    (problem,) = errors_of(tmp_path, fee(1, **given_parts))
    assert problem.code == f"{next(iter(given_parts))}.incomplete"
    assert problem.cell == "D2"
    missing = ["External service", "External record type", "External record ID"]
    assert all((title in problem.message) == (n not in parts) for n, title in enumerate(missing))


def test_the_parts_of_a_reference_may_stand_on_different_rows(tmp_path: Path) -> None:
    """They are cells of the invoice, so they are merged before they are judged."""
    (name, one), (model, two), (ref, three) = TRIPLE.items()
    invoice = only(tmp_path, fee(1, **{name: one}), fee(2, **{model: two}), fee(3, **{ref: three}))
    assert invoice.external_reference is not None
    assert invoice.external_reference.triple == ("erp", "invoice", "E-1")


def test_further_fields_of_a_reference_do_not_need_the_triple(tmp_path: Path) -> None:
    """Status, message, link and lock may go with the program's own reference."""
    invoice = only(tmp_path, fee(1, **{"external_reference.status": "pending", "external_reference.locked": "yes"}))
    assert invoice.external_reference is not None
    assert (invoice.external_reference.status, invoice.external_reference.locked) == ("pending", True)


def test_problems_come_in_the_order_of_the_sheet(tmp_path: Path) -> None:
    """A person mends from the top."""
    rows = [
        fee(1, 101, message="x", user_invoice_number=7),
        fee(2, 101, message="y"),
        fee(3, 102, user_invoice_number=7),
        fee(4, 103, message="x"),
        fee(5, 103, message="z"),
    ]
    assert [p.row for p in errors_of(tmp_path, *rows)] == [3, 4, 6]


# --- properties ---------------------------------------------------------------------

_LINES = st.lists(
    st.tuples(
        st.integers(101, 104),
        st.none() | st.sampled_from(["A", "B", "101"]),
        st.decimals(Decimal("0.01"), Decimal("99999.99"), places=2),
    ),
    min_size=1,
    max_size=15,
)


@settings(max_examples=40, deadline=None)
@given(rows=_LINES)
def test_every_line_is_in_exactly_one_invoice(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int, str | None, Decimal]]
) -> None:
    """Nothing is lost, doubled or reordered, and the totals of the invoices are the total of the sheet."""
    path = tmp_path_factory.mktemp("group") / "a.xlsx"
    records(path, *(fee(float(amount), workspace, invoice_key=key) for workspace, key, amount in rows))
    invoices, _ = grouped(path, send_cents=True)
    assert all(isinstance(invoice, Invoice) for invoice in invoices)
    assert sorted(row for invoice in invoices for row in invoice.rows) == list(range(2, len(rows) + 2))
    assert all(one < other for invoice in invoices for one, other in pairwise(invoice.rows))
    assert [invoice.rows[0] for invoice in invoices] == sorted(invoice.rows[0] for invoice in invoices)
    assert sum((invoice.amount for invoice in invoices), Decimal(0)) == sum(amount for *_, amount in rows)
    for invoice in invoices:
        for row in invoice.rows:
            workspace, key, _ = rows[row - 2]
            assert invoice.key == key
            assert workspace in invoice.workspace_ids
            assert key is not None or invoice.workspace_ids == (workspace,)


# --- nothing to pay -------------------------------------------------------------------


@pytest.mark.parametrize(("amounts", "warned"), [((5, -5), True), ((-300,), True), ((300, -5), False)])
def test_an_invoice_without_anything_to_pay_is_warned_of(
    tmp_path: Path,
    amounts: tuple[int, ...],
    warned: bool,  # noqa: FBT001
) -> None:
    """A credit alone may be meant; a sign that slipped is seen before it is sent."""
    rows = [{**fee(amount), "item_type": "additional"} for amount in amounts]
    invoices, problems = grouped(records(tmp_path / "a.xlsx", *rows))
    assert [p.code for p in problems] == ["amount.nothing_to_pay"] * warned
    assert isinstance(invoices[0], Invoice)


def test_what_kantata_prices_may_outweigh_a_credit(tmp_path: Path) -> None:
    """The worth of a time entry does not stand in the sheet."""
    entry = {"workspace_id": 101, "item_type": "time_entry", "item_id": 5101001}
    _, problems = grouped(records(tmp_path / "a.xlsx", {**fee(-5), "item_type": "additional"}, entry))
    assert not problems
