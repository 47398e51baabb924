"""The exact JSON of an invoice, its reference and its fingerprint."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sheets import NET_30_DRAFT, grouped, records

from importer.kantata.payload import (
    external_reference,
    fingerprint_of,
    json_number,
    ledger_key,
    own_reference,
    payload_of,
    to_json,
)
from importer.model.columns import COLUMNS
from importer.model.invoices import ExternalReference, Invoice, ItemType, LineItem

if TYPE_CHECKING:
    from pathlib import Path

    from importer.checking.grouping import Defaults


def invoice_of(path: Path, *rows: dict[str, object], defaults: Defaults = NET_30_DRAFT) -> Invoice:
    """Write a workbook that makes one sound invoice; return it as the program reads it."""
    (invoice,), problems = grouped(records(path / "a.xlsx", *rows), defaults, send_cents=True)
    assert problems == ()
    assert isinstance(invoice, Invoice)
    return invoice


def body_of(path: Path, *rows: dict[str, object], batch: str = "2026-10") -> dict[str, Any]:
    """The invoice object of the request that a workbook leads to."""
    invoice = invoice_of(path, *rows)
    return payload_of(invoice, external_reference(invoice, batch))["invoice"]


def priced(amount: str, workspace: int = 101, **fields: Any) -> LineItem:
    """One fixed fee."""
    return LineItem(2, workspace, ItemType.FIXED_FEE, amount=Decimal(amount), **fields)


def invoice(*lines: LineItem, **fields: Any) -> Invoice:
    """One invoice with the usual settings."""
    usual: dict[str, Any] = {"key": None, "payment_schedule": 30, "draft": True, "suppress_emails": True}
    return Invoice(lines=lines or (priced("5"),), **(usual | fields))


def fingerprint(one: Invoice, batch: str = "2026-10") -> str:
    """Fingerprint of an invoice as it would be sent."""
    return fingerprint_of(payload_of(one, external_reference(one, batch)))


# --- every field --------------------------------------------------------------------

FULL = {
    "invoice_key": "ACME-OCT",
    "payment_schedule": "Net 30",
    "invoice_date": date(2026, 10, 31),
    "user_invoice_number": 20261001001,
    "user_invoice_title": "Services in October – Zürich",
    "purchase_order": "00042",
    "project_code": "BRD-7",
    "message": "Thank you.\nSee you soon",
    "draft": "no",
    "suppress_emails": "no",
    "external_reference.service_name": "my-erp",
    "external_reference.service_model": "order",
    "external_reference.service_model_ref": "ERP/2026/1",
    "external_reference.status": "Successful",
    "external_reference.external_message": "Imported",
    "external_reference.external_link": "https://erp.example/1?a=b&c=d",
    "external_reference.external_status": "open",
    "external_reference.locked": "yes",
}


def test_a_workbook_with_every_column_sends_exactly_this(tmp_path: Path) -> None:
    """Every column reaches its field of POST /invoices, with its JSON type, ids above 2**31, sheet order kept."""
    rows = [
        {**FULL, "workspace_id": 3_000_000_101, "item_type": "Time entry", "item_id": 5_000_000_001},
        {"invoice_key": "ACME-OCT", "workspace_id": 102, "item_type": "time_entry", "item_id": "5000000000000000002"},
        {"invoice_key": "ACME-OCT", "workspace_id": 102, "item_type": "expense", "item_id": 6_000_000_001.0},
        {
            "invoice_key": "ACME-OCT",
            "workspace_id": 102,
            "item_type": "fixed fee",
            "amount": 1200,
            "notes": "=Retainer",
            "taxable": "yes",
            "story_id": 8_000_000_001,
        },
        {"invoice_key": "ACME-OCT", "workspace_id": 3_000_000_101, "item_type": "fixed_fee", "amount": "12.50"},
        {
            "invoice_key": "ACME-OCT",
            "workspace_id": 102,
            "item_type": "additional",
            "amount": -50.25,
            "notes": "Credit",
            "taxable": False,
        },
        {"invoice_key": "ACME-OCT", "workspace_id": 102, "item_type": "Milestone", "item_id": 7_000_000_001},
    ]
    assert {name for row in rows for name in row} == {column.name for column in COLUMNS} - {"workspace"}
    expected = {
        "workspace_ids": [3000000101, 102],
        "payment_schedule": 30,
        "time_entry_ids": [5000000001, 5000000000000000002],
        "expense_ids": [6000000001],
        "billing_milestone_ids": [7000000001],
        "fixed_fee_items": [
            {"amount": 1200, "notes": "=Retainer", "taxable": True, "story_id": 8000000001, "workspace_id": 102},
            {"amount": 12.5, "workspace_id": 3000000101},
        ],
        "additional_items": [{"amount": -50.25, "notes": "Credit", "taxable": False, "workspace_id": 102}],
        "invoice_date": "2026-10-31",
        "user_invoice_number": 20261001001,
        "user_invoice_title": "Services in October – Zürich",
        "purchase_order": "00042",
        "project_code": "BRD-7",
        "message": "Thank you.\nSee you soon",
        "draft": False,
        "suppress_emails": False,
        "external_reference": {
            "service_name": "my-erp",
            "service_model": "order",
            "service_model_ref": "ERP/2026/1",
            "status": "successful",
            "external_message": "Imported",
            "external_link": "https://erp.example/1?a=b&c=d",
            "external_status": "open",
            "locked": True,
        },
    }
    one = invoice_of(tmp_path, *rows)
    payload = payload_of(one, external_reference(one, "2026-10"))
    # As text, because to Python 1 == 1.0 == True.
    assert to_json(payload, indent=1) == json.dumps({"invoice": expected}, ensure_ascii=False, indent=1)


def test_empty_columns_are_left_out(tmp_path: Path) -> None:
    """A minimal row sends what is required and what protects, and no nulls or empty lists."""
    body = body_of(tmp_path, {"workspace_id": 101, "item_type": "fixed_fee", "amount": 5, "notes": None})
    assert body == {
        "workspace_id": 101,
        "payment_schedule": 30,
        "fixed_fee_items": [{"amount": 5}],
        "draft": True,
        "suppress_emails": True,
        "external_reference": {
            "service_name": "invoice-importer",
            "service_model": "invoice",
            "service_model_ref": own_reference("2026-10", (101,), None),
        },
    }


def test_a_single_project_with_a_key_is_no_multi_project_invoice(tmp_path: Path) -> None:
    """Exactly one of workspace_id and workspace_ids is sent; items name their project only when there are several."""
    row = {"workspace_id": 101, "invoice_key": "A", "item_type": "fixed_fee", "amount": 5}
    single = body_of(tmp_path, row)
    assert single["workspace_id"] == 101
    assert "workspace_ids" not in single
    assert single["fixed_fee_items"] == [{"amount": 5}]
    double = body_of(tmp_path, row, {**row, "workspace_id": 102, "amount": 6})
    assert double["workspace_ids"] == [101, 102]
    assert "workspace_id" not in double
    assert double["fixed_fee_items"] == [{"amount": 5, "workspace_id": 101}, {"amount": 6, "workspace_id": 102}]


def test_false_and_zero_are_sent(tmp_path: Path) -> None:
    """No is not empty, and 0 days is not missing."""
    row = {
        "workspace_id": 101,
        "item_type": "fixed_fee",
        "amount": 5,
        "taxable": "no",
        "payment_schedule": 0,
        "external_reference.locked": "no",
    }
    body = body_of(tmp_path, row)
    assert body["payment_schedule"] == 0
    assert body["fixed_fee_items"] == [{"amount": 5, "taxable": False}]
    assert body["external_reference"]["locked"] is False


def test_the_sheets_own_extras_go_with_the_programs_reference(tmp_path: Path) -> None:
    """Without the triple the program's own reference is sent, with the status that the sheet gives."""
    row = {"workspace_id": 101, "item_type": "fixed_fee", "amount": 5, "external_reference.status": "pending"}
    assert body_of(tmp_path, row)["external_reference"] == {
        "service_name": "invoice-importer",
        "service_model": "invoice",
        "service_model_ref": own_reference("2026-10", (101,), None),
        "status": "pending",
    }


# --- money --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "text"),
    [("1200", "1200"), ("1200.00", "1200"), ("12.50", "12.5"), ("-0.01", "-0.01"), ("0.10", "0.1"), ("1E+3", "1000")],
)
def test_amounts_are_written_in_the_main_unit(amount: str, text: str) -> None:
    """Never in cents; whole amounts as integers, others as the same decimal."""
    assert json.dumps(json_number(Decimal(amount))) == text


def test_an_amount_that_json_would_change_is_refused() -> None:
    """Rather no invoice than another amount."""
    with pytest.raises(ValueError, match="without a change"):
        json_number(Decimal("12345678901234567.89"))


@settings(max_examples=100, deadline=None)
@given(st.decimals(Decimal("-9999999999999.99"), Decimal("9999999999999.99"), places=2))
def test_any_amount_to_the_cent_survives_json(amount: Decimal) -> None:
    """What the receiver parses from the request is the amount of the sheet, exactly."""
    text = to_json({"amount": json_number(amount)})
    assert json.loads(text, parse_float=Decimal, parse_int=Decimal)["amount"] == amount
    assert "e" not in text.removeprefix('{"amount"').lower()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.decimals(Decimal("0.01"), Decimal("9999999.99"), places=2), min_size=1, max_size=30))
def test_the_items_sum_to_the_invoice(amounts: list[Decimal]) -> None:
    """The amounts sent sum to the amount of the invoice, to the cent."""
    one = invoice(*(priced(str(amount)) for amount in amounts))
    sent = json.loads(to_json(payload_of(one, external_reference(one, "b"))), parse_float=Decimal, parse_int=Decimal)
    assert sum(item["amount"] for item in sent["invoice"]["fixed_fee_items"]) == one.amount == sum(amounts)


# --- reference ----------------------------------------------------------------------


REFERENCES = ("inv-xwtl7mtgsfg36vfh", "inv-y6zzizyg67hg4lvm")


def test_the_reference_never_changes_between_versions() -> None:
    """Old ledgers and Kantata hold these keys: another algorithm would bill everything anew."""
    assert own_reference("2026-10", (101,), None) == REFERENCES[0]
    assert own_reference("2026-10", (101, 102), "ACME-Ö") == REFERENCES[1]


def test_the_reference_does_not_depend_on_the_order_of_projects() -> None:
    """Sorting the sheet another way is still the same invoice."""
    assert own_reference("b", (101, 102, 7), "k") == own_reference("b", (7, 102, 101), "k")


def test_the_reference_differs_by_batch_projects_and_key() -> None:
    """Each part of the identity counts, also where joining them would look alike."""
    identities = [
        ("2026-10", (101,), None),
        ("2026-11", (101,), None),
        ("2026-10", (102,), None),
        ("2026-10", (101, 102), None),
        ("2026-10", (101,), "A"),
        ("2026-10", (101,), "a"),
        ("2026-10", (101,), "null"),
        ("2026-10", (101,), "None"),
        ("2026-10", (10, 1), None),
        ("2026-101", (1,), None),
        ("2026-10", (1, 1), None),
    ]
    assert len({own_reference(*identity) for identity in identities}) == len(identities)


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=20), st.sets(st.integers(1, 2**40), min_size=1, max_size=5), st.none() | st.text(max_size=20))
def test_any_reference_is_a_short_key(batch: str, workspaces: set[int], key: str | None) -> None:
    """Whatever the batch and key hold, the reference is short, plain and fit for an address."""
    reference = own_reference(batch, tuple(workspaces), key)
    assert reference.startswith("inv-")
    assert reference.removeprefix("inv-").isalnum()
    assert len(reference) == 20


def test_a_reference_given_by_the_sheet_serves_as_the_key() -> None:
    """The sheet's triple is sent as it is, and names the invoice in the ledger whatever the batch."""
    given_reference = ExternalReference("erp", "invoice", "E-1", status="pending")
    one = invoice(external_reference=given_reference)
    assert external_reference(one, "2026-10") == external_reference(one, "2026-11") == given_reference
    assert ledger_key(given_reference) == "erp/invoice/E-1"


def test_the_programs_own_reference_is_the_key_itself() -> None:
    """In the ledger the program's own invoices stand under their short key."""
    one = invoice()
    assert ledger_key(external_reference(one, "2026-10")) == own_reference("2026-10", (101,), None)


def test_references_with_slashes_do_not_run_into_each_other() -> None:
    """Two different triples never share a ledger key, or one of the invoices would never be sent."""
    triples = [("a/b", "c", "d"), ("a", "b/c", "d"), ("a", "b", "c/d"), ("a%2Fb", "c", "d"), ("a", "b", "c%2Fd")]
    assert len({ledger_key(ExternalReference(*triple)) for triple in triples}) == len(triples)


# --- fingerprint ----------------------------------------------------------------------


def test_the_fingerprint_ignores_the_external_reference() -> None:
    """The same content under another batch or reference has the same fingerprint: a twin."""
    one = invoice()
    assert fingerprint(one, "2026-10") == fingerprint(one, "2026-11")
    assert fingerprint(one) == fingerprint(replace(one, key="K"))
    assert fingerprint(one) == fingerprint(replace(one, external_reference=ExternalReference("erp", "invoice", "E-1")))


@pytest.mark.parametrize(
    "change",
    [
        {"payment_schedule": 31},
        {"draft": False},
        {"suppress_emails": False},
        {"invoice_date": date(2026, 10, 31)},
        {"user_invoice_number": 7},
        {"user_invoice_title": "x"},
        {"purchase_order": "x"},
        {"project_code": "x"},
        {"message": "x"},
        {"lines": (priced("5.01"),)},
        {"lines": (priced("5"), priced("5"))},
        {"lines": (priced("5", notes="x"),)},
        {"lines": (priced("5", taxable=True),)},
        {"lines": (priced("5", taxable=False),)},
        {"lines": (priced("5", story_id=8),)},
        {"lines": (priced("5", 102),)},
        {"lines": (LineItem(2, 101, ItemType.ADDITIONAL, amount=Decimal(5)),)},
    ],
)
def test_the_fingerprint_tells_every_other_change(change: dict[str, Any]) -> None:
    """Any field that is sent, but the reference, changes the fingerprint."""
    assert fingerprint(replace(invoice(), **change)) != fingerprint(invoice())


def test_the_fingerprint_does_not_depend_on_where_the_rows_stand() -> None:
    """Inserting a title row above is no change of the invoice; nor is 5.00 for 5."""
    moved = LineItem(99, 101, ItemType.FIXED_FEE, amount=Decimal("5.00"))
    assert fingerprint(invoice(moved)) == fingerprint(invoice())


def test_text_is_sent_as_utf8_and_compact() -> None:
    """The JSON in the preview is the JSON of the request, byte for byte."""
    assert to_json({"b": "Zürich – 東京", "a": [1, True, None]}) == '{"b":"Zürich – 東京","a":[1,true,null]}'
    assert to_json({"b": 1, "a": 2}, sort_keys=True) == '{"a":2,"b":1}'


@pytest.mark.parametrize("item_type", ItemType)
def test_a_line_item_cannot_be_built_wrong(item_type: ItemType) -> None:
    """A fee has an amount and no id, a time entry an id and no amount."""
    for fields in ({}, {"item_id": 5, "amount": Decimal(5)}):
        with pytest.raises(ValueError, match="does not fit"):
            LineItem(2, 101, item_type, **fields)
