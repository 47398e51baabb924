"""Creating, changing, cancelling and deleting invoices."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Client

    from importer.sandbox.running import Sandbox

ALL = "additional_items,billing_milestones,expenses,external_references,fixed_fee_items,time_entries,workspaces"


def fee(amount: object = 500, **more: object) -> list[dict[str, object]]:
    """Return one item with an amount."""
    return [{"notes": "Konzept", "amount": amount, "taxable": True} | more]


def test_a_full_invoice_comes_back_field_by_field(kantata: Client, sandbox: Sandbox) -> None:
    """Status 200, every header field and every line; what was sent is kept for tests."""
    answer = kantata.bill(
        ALL,
        payment_schedule=14,
        time_entry_ids=[5101001, 5101002],
        expense_ids=[6101001],
        billing_milestone_ids=[7101001],
        fixed_fee_items=fee(500, story_id=8101001),
        additional_items=[{"notes": "Gutschrift", "amount": -50, "taxable": False}],
        invoice_date="2026-10-31",
        user_invoice_number=9,
        draft=False,
        message="Vielen Dank",
        user_invoice_title="Oktober",
        purchase_order="PO-1",
        project_code="00042",
        suppress_emails=True,
        external_reference={"service_name": "s", "service_model": "m", "service_model_ref": "r", "status": "pending"},
        tax_rate=19,
    )
    assert answer.status_code == 200
    full = answer.json()
    invoice = full["invoices"]["9001"]
    assert invoice["title"] == "Invoice #00009"
    assert (invoice["invoice_date"], invoice["due_date"]) == ("2026-10-31", "2026-11-14")
    assert (invoice["currency"], invoice["currency_symbol"], invoice["currency_base_unit"]) == ("EUR", "€", 100)
    assert (invoice["user_invoice_title"], invoice["purchase_order"]) == ("Oktober", "PO-1")
    assert (invoice["project_code"], invoice["message"]) == ("00042", "Vielen Dank")
    assert (invoice["status"], invoice["draft"], invoice["recipient_id"]) == ("new", False, "21")
    assert invoice["time_entry_ids"] == ["5101001", "5101002"]
    item = full["fixed_fee_items"][invoice["fixed_fee_item_ids"][0]]
    assert (item["amount_in_cents"], item["story_id"], item["workspace_id"]) == (50000, "8101001", "101")
    credit = full["additional_items"][invoice["additional_item_ids"][0]]
    assert (credit["amount_in_cents"], "story_id" in credit) == (-5000, False)
    worth = [full["expenses"]["6101001"]["amount_in_cents"], full["billing_milestones"]["7101001"]["amount_in_cents"]]
    times = [one["rate_in_cents"] * one["time_in_minutes"] // 60 for one in full["time_entries"].values()]
    assert invoice["balance_in_cents"] == sum(worth) + sum(times) + 50000 - 5000
    assert sandbox.invoices()[0].sent["tax_rate"] == 19


def test_defaults(kantata: Client) -> None:
    """Today, the next number, due today with a schedule of 0."""
    invoice = kantata.billed(payment_schedule=0, fixed_fee_items=fee())
    today = datetime.now(UTC).date().isoformat()
    assert (invoice["invoice_date"], invoice["due_date"]) == (today, today)
    assert (invoice["title"], invoice["user_invoice_number"]) == ("Invoice #19050", 19050)


def test_a_draft_says_so_in_its_title(kantata: Client) -> None:
    """The title begins with Draft Invoice."""
    assert kantata.billed(draft=True, fixed_fee_items=fee())["title"] == "Draft Invoice #19050"


def test_fractions_are_kept_to_the_cent(kantata: Client) -> None:
    """A choice, where Kantata's is unknown: 12.29 becomes 1229 cents, exactly."""
    assert kantata.billed(fixed_fee_items=fee(12.29))["balance_in_cents"] == 1229


def test_a_project_without_recipient(kantata: Client) -> None:
    """recipient_id may be null, as in real answers."""
    assert kantata.billed("recipient", workspace_id=110, fixed_fee_items=fee())["recipient_id"] is None


def test_ids_above_31_bits_can_be_billed(kantata: Client) -> None:
    """Projects, entries and stories with large ids work as small ones do."""
    invoice = kantata.billed(
        "time_entries,workspaces",
        workspace_id=4100000001,
        time_entry_ids=[4105101001],
        fixed_fee_items=fee(story_id=4108101001),
    )
    assert (invoice["workspace_ids"], invoice["time_entry_ids"]) == (["4100000001"], ["4105101001"])


def test_a_multi_project_invoice(kantata: Client) -> None:
    """Several projects of one currency, every item with its own project."""
    invoice = kantata.billed(
        "workspaces,time_entries",
        workspace_ids=[101, 103],
        time_entry_ids=[5101001, 5103001],
        fixed_fee_items=fee(workspace_id=103),
    )
    assert invoice["workspace_ids"] == ["101", "103"]


def test_nothing_stops_duplicates_of_fixed_items(kantata: Client, sandbox: Sandbox) -> None:
    """The same body three times makes three invoices: there is no idempotency."""
    for _ in range(3):
        kantata.billed(
            fixed_fee_items=fee(),
            external_reference=dict.fromkeys(("service_name", "service_model", "service_model_ref"), "x"),
        )
    assert len(sandbox.invoices()) == 3


def test_a_live_invoice_holds_its_entries_and_a_refused_one_leaves_no_trace(kantata: Client, sandbox: Sandbox) -> None:
    """A second invoice with the same time entry is refused as a whole: its other entry stays free."""
    kantata.billed(draft=True, time_entry_ids=[5101001])
    again = kantata.bill(time_entry_ids=[5101002, 5101001])
    assert again.status_code == 422
    error = again.json()["errors"][0]
    assert (error["type"], error["field"], error["index"]) == ("validation", "time_entry_ids", 1)
    assert len(sandbox.invoices()) == 1
    assert kantata.get("/time_entries", only=5101002)["time_entries"]["5101002"]["is_invoiced"] is False


def test_two_clients_bill_one_entry_and_one_wins(sandbox: Sandbox, connect: Callable[[Sandbox], Client]) -> None:
    """Concurrent POSTs are settled one after the other."""
    gate, statuses = threading.Barrier(8), []

    def bill() -> None:
        client = connect(sandbox)
        gate.wait()
        statuses.append(client.bill(time_entry_ids=[5101001]).status_code)

    threads = [threading.Thread(target=bill) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] + [422] * 7
    assert len(sandbox.invoices()) == 1


def test_cancel_keeps_the_record_and_frees_the_items(kantata: Client) -> None:
    """Status cancelled, the entry can be billed again, the old invoice still lists it; a second cancel is refused."""
    first = kantata.billed(time_entry_ids=[5101001], expense_ids=[6101001], billing_milestone_ids=[7101001])
    cancelled = kantata.call("PUT", f"/invoices/{first['id']}/cancel", params={"include": "time_entries"})
    assert cancelled.json()["invoices"][first["id"]]["status"] == "cancelled"
    assert cancelled.json()["invoices"][first["id"]]["time_entry_ids"] == ["5101001"]
    second = kantata.billed(time_entry_ids=[5101001], expense_ids=[6101001], billing_milestone_ids=[7101001])
    milestone = kantata.get("/billing_milestones", only=7101001, include="invoices")
    assert milestone["billing_milestones"]["7101001"]["invoice_ids"] == [first["id"], second["id"]]
    assert kantata.call("PUT", f"/invoices/{first['id']}/cancel").status_code == 422


def test_only_drafts_are_deleted_and_only_active_invoices_cancelled(kantata: Client) -> None:
    """204 without a body for a draft, whose entries are free again; 422 the other way round."""
    draft = kantata.billed(draft=True, time_entry_ids=[5101001])
    active = kantata.billed(time_entry_ids=[5101002])
    assert kantata.call("PUT", f"/invoices/{draft['id']}/cancel").status_code == 422
    assert kantata.call("DELETE", f"/invoices/{active['id']}").status_code == 422
    deleted = kantata.call("DELETE", f"/invoices/{draft['id']}")
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert kantata.call("GET", f"/invoices/{draft['id']}").status_code == 404
    kantata.billed(time_entry_ids=[5101001])


def test_put_changes_header_fields_and_id_lists(kantata: Client) -> None:
    """The new list replaces the old one; fixed items stay as they are; the balance follows."""
    invoice = kantata.billed(draft=True, time_entry_ids=[5101001], fixed_fee_items=fee())
    change = {
        "time_entry_ids": [5101002],
        "message": "neu",
        "payment_schedule": 7,
        "draft": False,
        "fixed_fee_items": [],
    }
    answer = kantata.call("PUT", f"/invoices/{invoice['id']}", params={"include": ALL}, json={"invoice": change})
    changed = answer.json()["invoices"][invoice["id"]]
    assert (changed["time_entry_ids"], changed["message"], changed["draft"]) == (["5101002"], "neu", False)
    entry = answer.json()["time_entries"]["5101002"]
    assert changed["balance_in_cents"] == 50000 + entry["rate_in_cents"] * entry["time_in_minutes"] // 60
    kantata.billed(time_entry_ids=[5101001])


def test_put_refuses_what_is_billed_elsewhere_and_changes_nothing(kantata: Client) -> None:
    """One transaction: the old list stays when the new one is refused."""
    invoice = kantata.billed(draft=True, time_entry_ids=[5101001])
    answer = kantata.call("PUT", f"/invoices/{invoice['id']}", json={"invoice": {"time_entry_ids": [5101019]}})
    assert answer.status_code == 422
    shown = kantata.get(f"/invoices/{invoice['id']}", include="time_entries")
    assert shown["invoices"][invoice["id"]]["time_entry_ids"] == ["5101001"]


def test_an_archived_project_can_be_billed(kantata: Client) -> None:
    """Nothing documented speaks against it."""
    assert kantata.bill(workspace_id=112, time_entry_ids=[5112001]).status_code == 200
