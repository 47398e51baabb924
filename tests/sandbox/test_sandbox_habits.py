"""What an account does where Kantata documents nothing can be ordered: cents, drafts, lists that lag."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
import requests

from importer.sandbox import Cents, Habits

if TYPE_CHECKING:
    from conftest import Client

    from importer.sandbox.running import Sandbox

ENTRY = 5101001


@pytest.mark.parametrize(("cents", "balance"), [(Cents.KEPT, 925), (Cents.CUT, 900)])
def test_cents_are_kept_or_cut(sandbox: Sandbox, kantata: Client, cents: Cents, balance: int) -> None:
    """Cut towards zero, also of a credit."""
    sandbox.behave(Habits(cents=cents))
    fees, credit = [{"notes": "Fee", "amount": 10.75}], [{"notes": "Credit", "amount": -1.5}]
    invoice = kantata.billed(fixed_fee_items=fees, additional_items=credit)
    assert invoice["balance_in_cents"] == balance


def test_cents_are_refused(sandbox: Sandbox, kantata: Client) -> None:
    """With the place of each; whole amounts are taken."""
    sandbox.behave(Habits(cents=Cents.REFUSED))
    answer = kantata.bill(fixed_fee_items=[{"notes": "Fee", "amount": 10}, {"notes": "Fee", "amount": 1.5}])
    assert answer.status_code == 422
    assert [(error["field"], error["index"]) for error in answer.json()["errors"]] == [("fixed_fee_items", 1)]
    assert kantata.bill(fixed_fee_items=[{"notes": "Fee", "amount": 10}]).status_code == 200
    assert len(sandbox.invoices()) == 1


def test_a_draft_that_holds_nothing_does_so_when_it_is_issued(sandbox: Sandbox, kantata: Client) -> None:
    """Two drafts may have the same entry; only one of them can be issued."""
    sandbox.behave(Habits(drafts_hold=False))
    first, second = (kantata.billed(time_entry_ids=[ENTRY], draft=True)["id"] for _ in range(2))
    [entry] = kantata.get("/time_entries", only=ENTRY)["time_entries"].values()
    assert entry["is_invoiced"] is False

    issue = {"invoice": {"draft": False}}
    assert kantata.call("PUT", f"/invoices/{first}", json=issue).status_code == 200
    assert kantata.call("PUT", f"/invoices/{second}", json=issue).status_code == 422
    assert kantata.bill(time_entry_ids=[ENTRY], draft=True).status_code == 422


def test_lists_lag(sandbox: Sandbox, kantata: Client) -> None:
    """The answer to its creation and its own address show a new invoice at once."""
    sandbox.behave(Habits(lag_seconds=0.3))
    reference = {"service_name": "n", "service_model": "m", "service_model_ref": "r"}
    made = kantata.billed(fixed_fee_items=[{"notes": "Fee", "amount": 10}], external_reference=reference)["id"]
    assert made in kantata.get(f"/invoices/{made}")["invoices"]
    asked = {"subject_type": "Invoice", "service_model_ref": "r"}
    assert made not in kantata.get("/invoices", only=made)["invoices"]
    assert kantata.get("/external_references", **asked)["count"] == 0

    time.sleep(0.3)
    assert made in kantata.get("/invoices", only=made)["invoices"]
    assert kantata.get("/external_references", **asked)["count"] == 1


def test_habits_are_ordered_over_http(sandbox: Sandbox, kantata: Client) -> None:
    """What is not named is as on an ordinary day; nonsense changes nothing."""
    address = sandbox.base_url.replace("/api/v1", "/_sandbox/habits")
    with requests.Session() as control:
        control.trust_env = False
        assert control.put(address, json={"cents": "cut"}, timeout=60).status_code == 204
        for nonsense in ({"cents": "lost"}, {"lag": 5}, {"lag_seconds": "5"}, {"drafts_hold": 1}, []):
            assert control.put(address, json=nonsense, timeout=60).status_code == 400
        shown = control.get(address, timeout=60).json()
    assert shown == {"cents": "cut", "drafts_hold": True, "lag_seconds": 0.0}
    assert kantata.billed(fixed_fee_items=[{"notes": "Fee", "amount": 1.5}])["balance_in_cents"] == 100
