"""What POST /invoices refuses, and in which shape (docs/kantata.md sections 2 and 4)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from importer import sandbox as stand_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Client

    from importer.sandbox.running import Sandbox

ITEM = {"notes": "x", "amount": 5, "taxable": True}
GOOD: dict[str, Any] = {"workspace_id": 101, "payment_schedule": 30, "fixed_fee_items": [ITEM]}
REFERENCE = {"service_name": "s", "service_model": "m", "service_model_ref": "r"}
GONE = object()


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """Return one stand-in for all: no test here stores anything, which each of them checks."""
    with stand_in.start() as running:
        yield running


def items(**change: object) -> dict[str, object]:
    """Return a fixed-fee list with one item, changed."""
    return {"fixed_fee_items": [ITEM | change]}


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("workspace_id", {"workspace_id": GONE}),
        ("workspace_id", {"workspace_ids": [101]}),
        ("workspace_id", {"workspace_id": 999}),
        ("workspace_id", {"workspace_id": "101"}),
        ("workspace_ids", {"workspace_id": GONE, "workspace_ids": []}),
        (
            "workspace_ids",
            {"workspace_id": GONE, "workspace_ids": [101, 106], "fixed_fee_items": [ITEM | {"workspace_id": 101}]},
        ),
        ("payment_schedule", {"payment_schedule": GONE}),
        ("payment_schedule", {"payment_schedule": -1}),
        ("payment_schedule", {"payment_schedule": "30"}),
        ("payment_schedule", {"payment_schedule": True}),
        ("payment_schedule", {"payment_schedule": 10**12}),
        ("base", {"fixed_fee_items": GONE}),
        ("base", {"fixed_fee_items": []}),
        ("time_entry_ids", {"time_entry_ids": ["5101001"]}),
        ("time_entry_ids", {"time_entry_ids": [5101001.0]}),
        ("time_entry_ids", {"time_entry_ids": 5101001}),
        ("time_entry_ids", {"time_entry_ids": [10**30]}),
        ("time_entry_ids", {"time_entry_ids": [1]}),
        ("time_entry_ids", {"time_entry_ids": [5103001]}),
        ("time_entry_ids", {"time_entry_ids": [5101017]}),
        ("time_entry_ids", {"time_entry_ids": [5101019]}),
        ("time_entry_ids", {"workspace_id": 102, "time_entry_ids": [5102016]}),
        ("expense_ids", {"expense_ids": [6101008]}),
        ("expense_ids", {"expense_ids": [6101010]}),
        ("expense_ids", {"workspace_id": 102, "expense_ids": [6102009]}),
        ("billing_milestone_ids", {"billing_milestone_ids": [7101005]}),
        ("fixed_fee_items", items(amount="5")),
        ("fixed_fee_items", items(amount=True)),
        ("fixed_fee_items", items(amount=None)),
        ("fixed_fee_items", items(amount=-5)),
        ("fixed_fee_items", items(amount=0.005)),
        ("fixed_fee_items", items(amount=10**40)),
        ("fixed_fee_items", items(notes=5)),
        ("fixed_fee_items", items(taxable=1)),
        ("fixed_fee_items", items(story_id=8103001)),
        ("fixed_fee_items", items(workspace_id=103)),
        ("fixed_fee_items", {"fixed_fee_items": ["x"]}),
        ("fixed_fee_items", {"workspace_id": GONE, "workspace_ids": [101, 103]}),
        ("additional_items", {"additional_items": [ITEM | {"story_id": 8101001}]}),
        ("invoice_date", {"invoice_date": "31.10.2026"}),
        ("invoice_date", {"invoice_date": "20261031"}),
        ("user_invoice_number", {"user_invoice_number": "00042"}),
        ("draft", {"draft": "true"}),
        ("suppress_emails", {"suppress_emails": 1}),
        ("message", {"message": 5}),
        ("external_reference", {"external_reference": {"service_name": "s"}}),
        ("external_reference", {"external_reference": REFERENCE | {"status": "done"}}),
        ("external_reference", {"external_reference": REFERENCE | {"locked": "yes"}}),
    ],
)
def test_a_bad_field_is_named(kantata: Client, sandbox: Sandbox, field: str, change: dict[str, object]) -> None:
    """422, type validation, a message, the field; nothing is stored."""
    body = {name: value for name, value in (GOOD | change).items() if value is not GONE}
    answer = kantata.call("POST", "/invoices", json={"invoice": body})
    assert answer.status_code == 422, answer.text
    errors = answer.json()["errors"]
    assert field in {error["field"] for error in errors}
    assert all(error["type"] == "validation" and error["message"] for error in errors)
    assert sandbox.invoices() == []


def test_all_complaints_come_at_once(kantata: Client) -> None:
    """Not only the first."""
    answer = kantata.call("POST", "/invoices", json={"invoice": {"draft": 1, "message": 2, "fixed_fee_items": [{}]}})
    fields = [error["field"] for error in answer.json()["errors"]]
    assert {"draft", "message", "fixed_fee_items", "workspace_id", "payment_schedule"} <= set(fields)


def test_a_project_without_financial_permission_is_forbidden(kantata: Client) -> None:
    """403 in the common shape."""
    answer = kantata.call("POST", "/invoices", json={"invoice": GOOD | {"workspace_id": 111}})
    assert (answer.status_code, answer.json()["errors"][0]["type"]) == (403, "system")


@pytest.mark.parametrize("body", [b"{", b"", b"\xff", b'{"invoice": {"payment_schedule": NaN}}', b"[" * 100_000])
def test_malformed_json_has_a_shape_of_its_own(kantata: Client, body: bytes) -> None:
    """``{"status": 400, "error": "malformed JSON…"}``."""
    answer = kantata.call("POST", "/invoices", data=body)
    assert answer.status_code == 400
    assert answer.json()["status"] == 400
    assert answer.json()["error"].startswith("malformed JSON")


@pytest.mark.parametrize("body", [[], {}, {"invoice": []}, "x"])
def test_a_body_without_invoice_is_a_syntax_error(kantata: Client, body: object) -> None:
    """400, type syntax."""
    answer = kantata.call("POST", "/invoices", data=json.dumps(body))
    assert (answer.status_code, answer.json()["errors"][0]["type"]) == (400, "syntax")


@pytest.mark.parametrize("header", [None, "Bearer wrong", "sandbox"])
def test_no_token_or_a_wrong_one(kantata: Client, sandbox: Sandbox, header: str | None) -> None:
    """401 in the documented words, on every route, before anything happens."""
    headers = {"Authorization": header}
    for method, path in (("GET", "/users/me"), ("POST", "/invoices"), ("GET", "/nowhere")):
        answer = kantata.call(method, path, headers=headers, json={"invoice": GOOD})
        assert answer.status_code == 401
        assert answer.json() == {"errors": [{"type": "oauth", "message": "Invalid OAuth 2 Request"}]}
    assert sandbox.invoices() == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/nowhere"),
        ("GET", "/invoices/1"),
        ("GET", f"/invoices/{10**30}"),
        ("DELETE", "/invoices/1"),
        ("PUT", "/invoices/1/cancel"),
        ("PATCH", "/invoices"),
    ],
)
def test_what_does_not_exist(kantata: Client, method: str, path: str) -> None:
    """404 in the documented words."""
    answer = kantata.call(method, path)
    assert answer.status_code == 404
    assert answer.json() == {"errors": [{"type": "system", "message": "Not found"}]}
