"""Lists, envelope, default filters, includes and references (docs/kantata.md sections 1 and 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Client

    from importer.sandbox.running import Sandbox

FEE = [{"notes": "Konzept", "amount": 500, "taxable": True}]
REFERENCE = {"service_name": "invoice-importer", "service_model": "invoice", "service_model_ref": "r-1"}


def test_every_answer_is_an_envelope(untouched: Client) -> None:
    """count, ordered results with string ids, a collection keyed by id, meta."""
    answer = untouched.get("/workspaces", only="102,101")
    assert answer["count"] == 2
    assert answer["results"] == [{"key": "workspaces", "id": "101"}, {"key": "workspaces", "id": "102"}]
    assert answer["workspaces"]["101"]["title"] == "Website-Relaunch Bäckerei Müller"
    assert answer["meta"] == {"count": 2, "page_count": 1, "page_number": 1, "page_size": 20}


@pytest.mark.parametrize("path", ["/users/me", "/nowhere", "/invoices/1", "/external_references"])
def test_every_answer_has_a_request_id(untouched: Client, path: str) -> None:
    """X-Request-Id is there on success and on refusal, another one each time."""
    ids = {untouched.call("GET", path).headers["X-Request-Id"] for _ in range(2)}
    assert len(ids) == 2


def test_routes_work_with_and_without_json(untouched: Client) -> None:
    """The suffix .json changes nothing."""
    assert untouched.get("/users/me.json") == untouched.get("/users/me")
    assert untouched.get("/invoices/8986.json") == untouched.get("/invoices/8986")


def test_paging_visits_every_record_once(untouched: Client) -> None:
    """Paged by page and per_page; the last page is partial, one past the end is empty."""
    pages = [untouched.get("/time_entries", workspace_id=101, per_page=8, page=page) for page in (1, 2, 3, 4)]
    sizes = [len(page["results"]) for page in pages]
    assert sizes == [8, 8, 3, 0]
    assert len({one["id"] for page in pages for one in page["results"]}) == 19
    assert pages[1]["meta"] == {"count": 19, "page_count": 3, "page_number": 2, "page_size": 8}


def test_limit_and_offset_page_too(untouched: Client) -> None:
    """Limit and offset are the other way to page."""
    answer = untouched.get("/workspaces", limit=2, offset=4)
    assert [one["id"] for one in answer["results"]] == ["105", "106"]


def test_pages_hold_200_at_most_and_20_by_default(untouched: Client) -> None:
    """per_page defaults to 20 and never exceeds 200."""
    assert len(untouched.get("/time_entries")["results"]) == 20
    assert len(untouched.get("/time_entries", per_page=5000)["results"]) == 200


def test_unknown_parameters_are_ignored_silently(untouched: Client) -> None:
    """A misspelt filter returns the whole account."""
    assert untouched.get("/invoices", workspaceid=101)["count"] == untouched.get("/invoices")["count"]


@pytest.mark.parametrize(
    ("path", "hidden", "flags"),
    [
        ("/workspaces", 112, {"include_archived": "true"}),
        ("/time_entries", 5101018, {"on_my_account": "false"}),
        ("/time_entries", 5112001, {"from_archived_workspaces": "true"}),
        ("/expenses", 6101009, {"on_my_account": "false"}),
        ("/expenses", 6112001, {"from_archived_workspaces": "true"}),
        ("/stories", 8101008, {"show_archived": "true"}),
        ("/stories", 8112001, {"show_from_archived_workspaces": "true"}),
    ],
)
def test_default_filters_hide_valid_records(untouched: Client, path: str, hidden: int, flags: dict[str, str]) -> None:
    """Even when asked by id, a record is absent until the documented flag is given."""
    assert untouched.get(path, only=hidden)["results"] == []
    assert [one["id"] for one in untouched.get(path, only=hidden, **flags)["results"]] == [str(hidden)]


def test_uninvoiced_filters_whatever_its_value(untouched: Client) -> None:
    """uninvoiced=false still hides what is invoiced."""
    assert untouched.get("/time_entries", only=5101019, uninvoiced="false")["results"] == []


def test_a_span_of_dates_holds_both_its_days(untouched: Client) -> None:
    """Of time entries, expenses and milestones, each by its own filter; nonsense is refused."""
    spans = {
        "time_entries": ("date_performed_between", "date_performed"),
        "expenses": ("date_expensed_between", "date"),
        "billing_milestones": ("date_between", "date_to_invoice"),
    }
    for route, (name, day) in spans.items():
        every = untouched.get(f"/{route}", workspace_ids="101,102", per_page=200)[route].values()
        found = untouched.get(f"/{route}", workspace_ids="101,102", per_page=200, **{name: "2026-09-11:2026-10-05"})
        wanted = {record["id"] for record in every if "2026-09-11" <= record[day] <= "2026-10-05"}
        assert set(found[route]) == wanted
        assert wanted
        assert untouched.call("GET", f"/{route}", params={name: "October"}).status_code == 400


def test_approved_keeps_only_what_is_approved(untouched: Client) -> None:
    """An expense has no such field: the list of approved ones is the only answer."""
    both = {"only": "6102001,6102009", "on_my_account": "false"}
    assert set(untouched.get("/expenses", **both)["expenses"]) == {"6102001", "6102009"}
    approved = untouched.get("/expenses", **both, approved="true")["expenses"]
    assert set(approved) == {"6102001"}
    assert "approved" not in approved["6102001"]


def test_a_client_lead_is_shown_on_request(untouched: Client) -> None:
    """Null in a project without one."""
    assert "client_lead_name" not in untouched.get("/workspaces", only=110)["workspaces"]["110"]
    shown = untouched.get("/workspaces", only="101,110", optional_fields="client_lead_name")["workspaces"]
    assert [shown[number]["client_lead_name"] for number in ("101", "110")] == ["Jürgen Müller", None]


def test_records_above_31_bits(untouched: Client) -> None:
    """Ids above 2**31 are strings in answers and found by only."""
    entry = untouched.get("/time_entries", only=4105101001)["time_entries"]["4105101001"]
    assert entry["workspace_id"] == "4100000001"


def test_matching_searches_titles(untouched: Client) -> None:
    """Part of a title, in any case."""
    assert [one["id"] for one in untouched.get("/workspaces", matching="harbor")["results"]] == ["106"]


def test_time_entries_and_milestones_name_their_invoice_with_include(untouched: Client) -> None:
    """Without include no invoice field; with it the id and the invoice."""
    assert "invoice_id" not in untouched.get("/time_entries", only=5101019)["time_entries"]["5101019"]
    entry = untouched.get("/time_entries", only=5101019, include="invoice")
    assert entry["time_entries"]["5101019"]["invoice_id"] == "8986"
    assert entry["invoices"]["8986"]["status"] == "new"
    milestone = untouched.get("/billing_milestones", only=7101005, include="invoices")
    assert milestone["billing_milestones"]["7101005"]["invoice_ids"] == ["8986"]


def test_invoices_carry_associations_only_with_include(untouched: Client) -> None:
    """No *_ids without include; with all nine, ids and collections."""
    bare = untouched.get("/invoices/8986")["invoices"]["8986"]
    assert not [name for name in bare if name.endswith("_ids")]
    names = "additional_items,billing_milestones,expenses,external_references,fixed_fee_items,recipient"
    full = untouched.get("/invoices/8986", include=f"{names},time_entries,user,workspaces,nonsense")
    invoice = full["invoices"]["8986"]
    assert invoice["time_entry_ids"] == ["5101019", "5101020"]
    assert (invoice["expense_ids"], invoice["billing_milestone_ids"]) == (["6101010"], ["7101005"])
    assert (invoice["workspace_ids"], invoice["fixed_fee_item_ids"]) == (["101"], [])
    assert set(full["time_entries"]) == {"5101019", "5101020"}
    assert set(full["users"]) == {invoice["recipient_id"], invoice["user_id"]}
    assert full["external_references"] == {}


def test_lists_contain_drafts_and_cancelled_invoices(kantata: Client) -> None:
    """Newest first; without_drafts leaves the cancelled ones."""
    draft = kantata.billed(draft=True, fixed_fee_items=FEE)
    ids = [one["id"] for one in kantata.get("/invoices", workspace_id=101)["results"]]
    assert ids == [draft["id"], "9000", "8986"]
    assert kantata.get("/invoices", workspace_id=101, without_drafts="true")["count"] == 2
    ordered = kantata.get("/invoices", workspace_id=101, order="user_invoice_number:asc")
    assert [one["id"] for one in ordered["results"]] == ["8986", "9000", draft["id"]]


def test_invoices_by_number_and_by_date(untouched: Client) -> None:
    """user_invoice_number, created_after and created_before narrow the list."""
    assert [one["id"] for one in untouched.get("/invoices", user_invoice_number=19035)["results"]] == ["8986"]
    assert untouched.get("/invoices", created_after="2026-10-01T11:30:00+02:00")["count"] == 0
    assert untouched.get("/invoices", created_after="2026-09-30", created_before="2026-10-02")["count"] == 14


def test_invoices_of_projects_without_financial_permission_are_invisible(kantata: Client, sandbox: Sandbox) -> None:
    """The list, the show route and can_see_financials agree."""
    hidden = next(one for one in sandbox.invoices(with_sample=True) if one.workspace_ids == (111,))
    assert kantata.call("GET", f"/invoices/{hidden.id}").status_code == 404
    assert kantata.get("/invoices", workspace_id=111)["count"] == 0
    assert kantata.get("/workspaces", only=111)["workspaces"]["111"]["permissions"] == {"can_see_financials": False}


def test_invoices_are_found_by_their_references(kantata: Client) -> None:
    """The plural key list, alone and with the names; a wrong name finds nothing."""
    ids = [
        kantata.billed(fixed_fee_items=FEE, external_reference=REFERENCE | {"service_model_ref": ref})["id"]
        for ref in ("r-1", "r-2")
    ]
    name = "external_reference_service_model_refs"
    assert {one["id"] for one in kantata.get("/invoices", **{name: "r-1,r-2,r-3"})["results"]} == set(ids)
    both = {name: "r-1", "external_reference_service_name": "invoice-importer"}
    assert [one["id"] for one in kantata.get("/invoices", **both)["results"]] == ids[:1]
    assert kantata.get("/invoices", **both, external_reference_service_model="order")["count"] == 0
    many = ",".join(str(number) for number in range(201))
    assert kantata.call("GET", "/invoices", params={name: many}).status_code == 400


def test_the_singular_reference_filter_is_an_integer(untouched: Client) -> None:
    """Why the plural is the one to use: r-1 is refused."""
    answer = untouched.call("GET", "/invoices", params={"external_reference_service_model_ref": "r-1"})
    assert answer.status_code == 400


def test_external_references_need_a_subject_type(kantata: Client) -> None:
    """The string look-up finds the invoice; without subject_type it is refused."""
    invoice = kantata.billed(fixed_fee_items=FEE, external_reference=REFERENCE)
    answer = kantata.get("/external_references", subject_type="Invoice", include="subject", **REFERENCE)
    assert [one["subject_id"] for one in answer["external_references"].values()] == [invoice["id"]]
    assert set(answer["invoices"]) == {invoice["id"]}
    refused = kantata.call("GET", "/external_references", params=REFERENCE)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "subject_type")


def test_create_or_update_keeps_one_reference_per_object_and_model(kantata: Client) -> None:
    """A second call with another ref changes the first reference."""
    subject = {"subject_type": "Invoice", "subject_id": 8986}
    ids = set()
    for ref in ("a", "b"):
        body = {"external_reference": REFERENCE | subject | {"service_model_ref": ref}}
        answer = kantata.call("POST", "/external_references/create_or_update", json=body)
        ids.add(answer.json()["results"][0]["id"])
    assert len(ids) == 1
    found = kantata.get("/external_references", subject_type="Invoice", service_model_ref="b")
    assert found["count"] == 1


def test_next_number_follows_the_highest(kantata: Client) -> None:
    """A string; billing with a number of one's own moves it."""
    assert kantata.get("/invoices/next_invoice_number") == {"next_invoice_number": "19050"}
    kantata.billed(fixed_fee_items=FEE, user_invoice_number=20000)
    assert kantata.get("/invoices/next_invoice_number") == {"next_invoice_number": "20001"}
