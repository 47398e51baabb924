"""Live checks: what Kantata shows is compared with the sheet before anything is sent."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from scripted import Request, Scripted, http

from importer.sandbox.faults import Fault, FaultKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from programs import Cli, Finished

    from importer.sandbox.running import Sandbox

FEE = {"amount": 100}
TIME, EXPENSE, MILESTONE = ({"item_type": kind} for kind in ("time_entry", "expense", "billing_milestone"))


def found(done: Finished) -> list[tuple[str, str, str]]:
    """Code, cell and severity of each problem."""
    return [(one["code"], one["cell"], one["severity"]) for one in done.document["problems"]]


def told(done: Finished) -> list[str]:
    """What is said besides the problems, without how the CSV was read."""
    return [notice for notice in done.document["notices"] if not notice.startswith("Read as ")]


def preview(cli: Cli, *rows: dict[str, object], **env: str) -> Finished:
    """Preview these rows."""
    return cli.run("preview", cli.sheet(*rows), "--json", **env)


def submit(cli: Cli, *rows: dict[str, object], options: tuple[str, ...] = (), **env: str) -> Finished:
    """Submit these rows."""
    return cli.run("submit", cli.sheet(*rows), "--json", "--yes", *options, **env)


# --- each check at its cell ---

CASES: dict[str, tuple[list[dict[str, object]], list[tuple[str, str, str]]]] = {
    "no such project": ([{"workspace_id": 999, **FEE}], [("workspace_id.unknown", "A2", "error")]),
    "archived project": ([{"workspace_id": 112, **FEE}], [("workspace_id.archived", "A2", "error")]),
    "hidden finances": ([FEE, {"workspace_id": 111, **FEE}], [("workspace_id.finances_hidden", "A3", "error")]),
    "two currencies on one invoice": (
        [{"invoice_key": "a", **FEE}, {"workspace_id": 106, "invoice_key": "a", **FEE}],
        [("workspace_id.currencies", "A3", "error")],
    ),
    "no such time entry": ([{**TIME, "item_id": 5199001}], [("item_id.unknown", "D2", "error")]),
    "time of another project": ([{**TIME, "item_id": 5103001}], [("item_id.other_project", "D2", "error")]),
    "billed time": ([{**TIME, "item_id": 5101019}], [("item_id.invoiced", "D2", "error")]),
    "time that is not approved": (
        [{"workspace_id": 102, **TIME, "item_id": 5102016}],
        [("item_id.not_approved", "D2", "error")],
    ),
    "approval that is not required": ([{**TIME, "item_id": 5101016}], []),
    "time that is not billable": ([{**TIME, "item_id": 5101017}], [("item_id.not_billable", "D2", "warning")]),
    "time of somebody else's account": ([{**TIME, "item_id": 5101018}], []),
    "time whose invoice was cancelled": ([{**TIME, "item_id": 5101015}], []),
    "no such expense": ([{**EXPENSE, "item_id": 6199001}], [("item_id.unknown", "D2", "error")]),
    "expense of another project": ([{**EXPENSE, "item_id": 6103001}], [("item_id.other_project", "D2", "error")]),
    "billed expense": ([{**EXPENSE, "item_id": 6101010}], [("item_id.invoiced", "D2", "error")]),
    "expense that is not billable": ([{**EXPENSE, "item_id": 6101008}], [("item_id.not_billable", "D2", "warning")]),
    "expense on no approved report": (
        [{"workspace_id": 102, **EXPENSE, "item_id": 6102009}],
        [("item_id.not_approved", "D2", "error")],
    ),
    "expense on an approved report": ([{"workspace_id": 102, **EXPENSE, "item_id": 6102001}], []),
    "expense of a project that needs no approval": ([{**EXPENSE, "item_id": 6101009}], []),
    "no such milestone": ([{**MILESTONE, "item_id": 7199001}], [("item_id.unknown", "D2", "error")]),
    "milestone of another project": ([{**MILESTONE, "item_id": 7103001}], [("item_id.other_project", "D2", "error")]),
    "billed milestone": ([{**MILESTONE, "item_id": 7101005}], [("item_id.invoiced", "D2", "error")]),
    "milestone before its time": (
        [{**MILESTONE, "item_id": 7101001, "invoice_date": "2026-09-01"}],
        [("item_id.not_due", "D2", "warning")],
    ),
    "milestone in time": ([{**MILESTONE, "item_id": 7101001, "invoice_date": "2026-10-31"}], []),
    "no such task": ([{"story_id": 8199001, **FEE}], [("story_id.unknown", "D2", "error")]),
    "task of another project": ([{"story_id": 8103001, **FEE}], [("story_id.other_project", "D2", "error")]),
    "archived task": ([{"story_id": 8101008, **FEE}], []),
    "number in use": (
        [FEE, {"user_invoice_number": 19035, **FEE}],
        [("user_invoice_number.in_use", "E3", "error")],
    ),
    "number of a cancelled invoice": (
        [{"user_invoice_number": 19049, **FEE}],
        [("user_invoice_number.used_before", "D2", "warning")],
    ),
    "number far above the next one": (
        [{"user_invoice_number": 190500, **FEE}],
        [("user_invoice_number.far_ahead", "D2", "warning")],
    ),
    "number that soon comes": ([{"user_invoice_number": 19151, **FEE}], []),
    "issued invoice without a recipient": (
        [{"workspace_id": 110, "draft": "no", **FEE}],
        [("workspace_id.no_client_lead", "A2", "warning")],
    ),
    "draft without a recipient": ([{"workspace_id": 110, "draft": "yes", **FEE}], []),
    "issued invoice with a recipient": ([{"draft": "no", **FEE}], []),
    "two findings of one item": (
        [{"workspace_id": 103, **TIME, "item_id": 5102020}],
        [("item_id.other_project", "D2", "error"), ("item_id.invoiced", "D2", "error")],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_each_finding_stands_at_its_cell(cli: Cli, sandbox: Sandbox, case: str) -> None:
    """Exactly these findings, at these cells; an error makes exit 3, a warning does not."""
    rows, expected = CASES[case]
    done = preview(cli.at(sandbox), *rows)
    assert found(done) == expected
    errors = any(severity == "error" for *_, severity in expected)
    assert (done.exit_code, done.statuses[-1]) == ((3, "not_sent") if errors else (0, "ready"))
    assert "Traceback" not in done.stderr


def test_a_finding_names_what_is_known(cli: Cli, sandbox: Sandbox) -> None:
    """The invoice that holds an item, both projects of a mistaken one, the title of a project."""
    rows = [{**TIME, "item_id": 5101019}, {**TIME, "item_id": 5103001}, {"workspace_id": 112, **FEE}]
    billed, elsewhere, archived = preview(cli.at(sandbox), *rows).document["problems"]
    assert "invoice 8986" in billed["message"]
    assert billed["value"] == "5101019"
    assert "project 103" in elsewhere["message"]
    assert "project 101 “Website-Relaunch Bäckerei Müller”" in elsewhere["message"]
    assert "Jubiläumsbuch" in archived["message"]


HOURS = {**TIME, "item_id": 5101001}
"""135 minutes at 110.00: worth 247.50."""
UNSENT: dict[str, tuple[dict[str, object], list[tuple[str, str, str]]]] = {
    "the same amount": ({**HOURS, "amount": "247.50"}, []),
    "half a cent": ({**HOURS, "amount": "247.5050"}, []),
    "more than half a cent": ({**HOURS, "amount": "247.5051"}, [("amount.differs", "E2", "error")]),
    "a cent more": ({**HOURS, "amount": "247.51"}, [("amount.differs", "E2", "error")]),
    "euros of a project in dollars": (
        {"workspace_id": 106, **TIME, "item_id": 5106001, "amount": "EUR 1"},
        [("amount.differs", "E2", "error"), ("amount.currency", "E2", "error")],
    ),
    "hours and rate": ({**HOURS, "Hours": "2:15", "Rate": "110"}, []),
    "other hours": ({**HOURS, "Hours": "2.5"}, [("hours.differs", "E2", "error")]),
    "another rate": ({**HOURS, "Rate": 120}, [("rate.differs", "E2", "error")]),
    "a total, net and gross": ({**HOURS, "Total": 247.5, "Net": 247.5, "Gross": 247.5}, []),
    "another total": ({**HOURS, "Billable amount": 250}, [("total.differs", "E2", "error")]),
    "another net": ({**HOURS, "Netto": 250}, [("net.differs", "E2", "error")]),
    "another gross": ({**HOURS, "Gross": 294.53}, [("gross.differs", "E2", "error")]),
    "gross with its tax rate": ({**HOURS, "Gross": 294.53, "VAT": "19 %"}, []),
    "gross with its tax": ({**HOURS, "Gross": 294.53, "Tax amount": 47.03}, []),
    "total with its tax": ({**HOURS, "Total": 294.53, "Tax amount": 47.03}, []),
    "gross with another tax": ({**HOURS, "Gross": 247.5, "VAT": 19}, [("gross.differs", "E2", "error")]),
    "the total of an expense": ({**EXPENSE, "item_id": 6101001, "Total": "50"}, [("total.differs", "E2", "error")]),
    "a currency column": (
        {"workspace_id": 106, **TIME, "item_id": 5106001, "Currency": "EUR"},
        [("amount.currency", "E2", "error")],
    ),
    "a text": ({**HOURS, "notes": "Workshop"}, []),
    "an expense": ({**EXPENSE, "item_id": 6101001, "amount": "50.09"}, []),
    "another expense": ({**EXPENSE, "item_id": 6101001, "amount": "50"}, [("amount.differs", "E2", "error")]),
    "a milestone": ({**MILESTONE, "item_id": 7101002, "amount": "8000", "invoice_date": "2026-10-31"}, []),
    "what Kantata hides": (
        {"workspace_id": 111, **TIME, "item_id": 5111001, "amount": "5"},
        [("workspace_id.finances_hidden", "A2", "error"), ("amount.not_comparable", "E2", "error")],
    ),
}


@pytest.mark.parametrize("case", UNSENT)
def test_what_is_not_sent_is_compared_with_kantata(cli: Cli, sandbox: Sandbox, case: str) -> None:
    """More than half a cent is an error at the cell; a text is left aside with a note."""
    row, expected = UNSENT[case]
    done = preview(cli.at(sandbox), row)
    assert found(done) == expected
    notes = [notice for notice in told(done) if "is not sent: Kantata has its own" in notice]
    assert len(notes) == ("notes" in row)
    if not expected:
        assert (done.exit_code, done.statuses) == (0, ["ready"])


def test_a_total_may_be_that_of_the_invoice(cli: Cli, sandbox: Sandbox) -> None:
    """A column “Invoice total” says the same in each of its rows."""
    expense = {**EXPENSE, "item_id": 6101001, "Invoice total": 297.59}
    assert found(preview(cli.at(sandbox), {**HOURS, "Invoice total": 297.59}, expense)) == []


def test_a_difference_names_both_figures(cli: Cli, sandbox: Sandbox) -> None:
    """And the record."""
    [problem] = preview(cli.at(sandbox), {**HOURS, "amount": "1250.00"}).document["problems"]
    assert problem["message"] == (
        "Amount is 1,250.00 in the sheet, but 247.50 in Kantata for time entry 5101001; what Kantata holds is billed."
    )


@pytest.mark.parametrize(
    ("how", "options", "codes"),
    [("refuse", (), ["amount.forbidden"]), ("compare", ("--offline",), ["amount.forbidden"]), ("ignore", (), [])],
)
def test_the_setting_says_what_becomes_of_unsent_cells(
    cli: Cli, sandbox: Sandbox, how: str, options: tuple[str, ...], codes: list[str]
) -> None:
    """Where Kantata is not asked, nothing can be compared."""
    row = {**HOURS, "amount": 9}
    done = cli.at(sandbox).run("preview", cli.sheet(row), "--json", *options, IMPORTER_NOT_SENT_CELLS=how)
    assert [code for code, *_ in found(done)] == codes


def test_a_time_export_is_billed_by_its_ids(cli: Cli, sandbox: Sandbox) -> None:
    """The text and the amount of a fixed fee beside it are sent."""
    fee = {"notes": "Retainer", "amount": 800}
    done = submit(cli.at(sandbox), {**HOURS, "notes": "Workshop", "amount": "247.5"}, fee)
    assert (done.exit_code, done.statuses) == (0, ["created"])
    [sent] = [one.json["invoice"] for one in sandbox.received("POST")]
    assert sent["time_entry_ids"] == [5101001]
    assert [(item["notes"], item["amount"]) for item in sent["fixed_fee_items"]] == [("Retainer", 800)]


def test_a_milestone_that_is_billed_upon_completion_says_so(cli: Cli, sandbox: Sandbox) -> None:
    """Its date is not the day on which it is to be billed."""
    rows = [{**MILESTONE, "item_id": number, "invoice_date": "2026-09-01"} for number in (7101001, 7101002)]
    dated, completed = preview(cli.at(sandbox), *rows).document["problems"]
    assert "is to be invoiced on" in dated["message"]
    assert "when its work is done" in completed["message"]


def test_several_far_numbers_make_one_warning(cli: Cli, sandbox: Sandbox) -> None:
    """It names the cells."""
    rows = [{"invoice_key": f"k{n}", "user_invoice_number": 70_000 + n, **FEE} for n in range(3)]
    [warning] = preview(cli.at(sandbox), *rows).document["problems"]
    assert warning["cell"] == "E2"
    assert "19050" in warning["message"]
    assert "(E3, E4 likewise)" in warning["message"]


def test_a_next_number_that_cannot_be_asked_stops_nothing(cli: Cli, sandbox: Sandbox) -> None:
    """No more than a warning rests on it."""
    path = "/invoices/next_invoice_number"
    sandbox.misbehave(Fault(FaultKind.STATUS_BEFORE, method="GET", path=path, status=403, times=9))
    done = submit(cli.at(sandbox), {"user_invoice_number": 70_000, **FEE})
    assert (done.exit_code, done.statuses, found(done)) == (0, ["created"], [])


def test_expense_reports_are_asked_for_only_where_a_project_needs_them(cli: Cli, sandbox: Sandbox) -> None:
    """One more call, and none for projects that bill all expenses."""
    cli = cli.at(sandbox)
    preview(cli, {**EXPENSE, "item_id": 6101001})
    assert [one.query.get("approved") for one in sandbox.received("GET", "/expenses")] == [None]
    preview(cli, {"workspace_id": 102, **EXPENSE, "item_id": 6102001})
    assert [one.query.get("approved") for one in sandbox.received("GET", "/expenses")][1:] == [None, "true"]


# --- what a finding does ---


def test_one_finding_refuses_the_whole_batch(cli: Cli, sandbox: Sandbox) -> None:
    """Nothing is sent, exit 3; the results say it row by row."""
    done = submit(cli.at(sandbox), FEE, {"workspace_id": 112, **FEE})
    assert (done.exit_code, done.statuses) == (3, ["not_sent"] * 2)
    sound, archived = done.document["invoices"]
    assert sound["error"] == "Nothing was sent because the file has problems."
    assert archived["error"] == "Not sent because of errors in row 3."
    assert sandbox.received("POST") == []


def test_partial_sends_the_sound_ones(cli: Cli, sandbox: Sandbox) -> None:
    """Those without findings go, the others stay; exit 4. When all have findings nothing goes, exit 3."""
    cli = cli.at(sandbox)
    done = submit(cli, FEE, {"workspace_id": 112, **FEE}, options=("--partial",))
    assert (done.exit_code, done.statuses) == (4, ["created", "not_sent"])
    assert len(sandbox.received("POST")) == 1
    done = submit(cli, {"workspace_id": 112, **FEE}, options=("--partial",))
    assert (done.exit_code, done.statuses) == (3, ["not_sent"])


def test_a_warning_does_not_stop(cli: Cli, sandbox: Sandbox) -> None:
    """It is shown, and the invoice is sent."""
    row = {**MILESTONE, "item_id": 7101001, "invoice_date": "2026-09-01"}
    done = submit(cli.at(sandbox), row)
    assert (done.exit_code, done.statuses, found(done)[0][0]) == (0, ["created"], "item_id.not_due")


@pytest.mark.parametrize("lost", [False, True])
def test_what_is_billed_by_this_very_plan_is_no_finding(cli: Cli, sandbox: Sandbox, lost: bool) -> None:  # noqa: FBT001
    """An already created invoice run again ends with 0, also when only Kantata knows of it."""
    cli = cli.at(sandbox)
    rows = [{**TIME, "item_id": 5101001, "user_invoice_number": 77}, {**MILESTONE, "item_id": 7101001}, FEE]
    assert submit(cli, *rows).exit_code == 0
    if lost:
        for file in cli.ledger.parent.iterdir():
            file.unlink()
    assert preview(cli, *rows).exit_code == 0
    again = submit(cli, *rows)
    assert (again.exit_code, again.statuses, found(again)) == (0, ["already_created"], [])


def test_offline_asks_nothing(cli: Cli, sandbox: Sandbox) -> None:
    """No GET at all; the findings stay unknown."""
    done = cli.at(sandbox).run("preview", cli.sheet({"workspace_id": 112, **FEE}), "--json", "--offline")
    assert (done.exit_code, found(done), sandbox.received()) == (0, [], [])


# --- when Kantata cannot be asked ---

NO_TIME = Fault(FaultKind.STATUS_BEFORE, method="GET", path="/time_entries", status=503, times=9)


def test_a_preview_goes_on_with_what_it_has(cli: Cli, sandbox: Sandbox) -> None:
    """What was seen is checked, what was not is named, and the exit code is that of the rest."""
    sandbox.misbehave(NO_TIME)
    done = preview(cli.at(sandbox), {**TIME, "item_id": 5199001}, {**EXPENSE, "item_id": 6199001})
    assert (done.exit_code, done.statuses, found(done)) == (0, ["ready"], [])
    [notice] = told(done)
    assert "503" in notice
    assert notice.endswith("Not checked for that reason: time entries, expenses.")
    sandbox.misbehave(NO_TIME)
    done = preview(cli.at(sandbox), {**TIME, "item_id": 5199001}, {"workspace_id": 112, **FEE})
    assert [code for code, *_ in found(done)] == ["workspace_id.archived"]


@pytest.mark.parametrize(("status", "code"), [(503, 6), (429, 6), (401, 5), (403, 5)])
@pytest.mark.parametrize("route", ["/workspaces", "/time_entries", "/invoices"])
def test_a_submit_stops_before_it_sends(cli: Cli, sandbox: Sandbox, route: str, status: int, code: int) -> None:
    """Unreachable or throttling is 6, refused access 5; no POST; the results are written."""
    sandbox.misbehave(Fault(FaultKind.STATUS_BEFORE, method="GET", path=route, status=status, times=9))
    done = submit(cli.at(sandbox), {**TIME, "item_id": 5101001})
    assert (done.exit_code, done.statuses, sandbox.received("POST")) == (code, ["not_sent"], [])
    assert done.document["files"]["results"]


# --- answers that are not what was asked for ---


def envelope(key: str, records: dict[str, Any], **more: Any) -> bytes:
    """Write an answer of Kantata."""
    meta = {"count": len(records), "page_count": 1, "page_number": 1, "page_size": 200}
    results = [{"key": key, "id": id_} for id_ in records]
    return http(200, json.dumps({"count": len(records), "results": results, key: records, "meta": meta, **more}))


def account(**records: dict[str, Any]) -> Callable[[Request], bytes]:
    """Answer each route with the same records, whatever was asked."""

    def answer(request: Request) -> bytes:
        key = urlsplit(request.target).path.rpartition("/")[2]
        return envelope(key, records.get(key, {}))

    return answer


def run(cli: Cli, server: Scripted, command: str, *rows: dict[str, object]) -> Finished:
    """Run a command against a scripted server."""
    flags = ("--yes",) if command == "submit" else ()
    where = {"KANTATA_BASE_URL": server.base_url, "KANTATA_TOKEN": "t"}
    return cli.run(command, cli.sheet(*rows), "--json", *flags, **where)


PROJECT = {
    "id": "101",
    "title": "Relaunch",
    "archived": False,
    "currency": "EUR",
    "currency_base_unit": 100,
    "require_time_approvals": True,
    "permissions": {"can_see_financials": True},
}


def test_an_answer_that_ignores_the_filter_is_noticed(cli: Cli) -> None:
    """Strangers are passed over and said, and what is missing beside them is not taken as absent."""
    strangers = {str(n): {"id": str(n), "workspace_id": "101", "is_invoiced": True} for n in range(7, 12)}
    with Scripted([account(workspaces={"101": PROJECT, "102": PROJECT}, time_entries=strangers)]) as server:
        done = run(cli, server, "preview", {**TIME, "item_id": 5})
    assert (done.exit_code, found(done), done.statuses) == (0, [], ["ready"])
    projects, entries = told(done)
    assert "projects holds 1 record beyond what was asked for" in projects
    assert "time entries holds 5 records beyond what was asked for" in entries


def test_an_endless_answer_that_ignores_the_filter_is_not_read_to_its_end(cli: Cli) -> None:
    """One page with strangers is enough."""
    meta = {"count": 99_999, "page_count": 500}
    answer = envelope("workspaces", {str(n): {**PROJECT, "id": str(n)} for n in range(1, 200)}, meta=meta)
    with Scripted([lambda request: answer if "/workspaces" in request.target else envelope("invoices", {})]) as server:
        done = run(cli, server, "preview", {"workspace_id": 4000, **FEE})
        assert len([one for one in server.received if "/workspaces" in one.target]) == 1
    assert (done.exit_code, found(done)) == (0, [])


@pytest.mark.parametrize("value", [None, "", "x", [], {}, 1.5, True, "9" * 5000])
def test_nulls_and_nonsense_are_read_leniently(cli: Cli, value: object) -> None:
    """A field that holds nothing that can be understood yields no error and no traceback."""
    fields = ("title", "archived", "currency", "currency_base_unit", "require_time_approvals", "permissions")
    project = {name: value for name in fields if (name, value) != ("archived", True)}
    names = (
        "rate_in_cents",
        "time_in_minutes",
        "approved",
        "billable",
        "currency",
        "amount_in_cents",
        "date_to_invoice",
        "invoice_ids",
    )
    item = dict.fromkeys(names, value)
    stories = {"8": {"workspace_id": value}}
    records = {"time_entries": {"5": item}, "billing_milestones": {"7": item}, "stories": stories}
    rows = [{**TIME, "item_id": 5}, {**MILESTONE, "item_id": 7}, {"story_id": 8, "user_invoice_number": 3, **FEE}]
    with Scripted([account(workspaces={"101": project}, **records)]) as server:
        done = run(cli, server, "preview", *rows)
    assert [one for one in found(done) if one[2] == "error"] == []
    assert (done.exit_code, told(done)) == (0, [])


@pytest.mark.parametrize("record", [None, [], "x", 5])
def test_a_record_that_is_none_is_not_absent(cli: Cli, record: object) -> None:
    """Kantata names the id, so it exists."""
    with Scripted([account(workspaces={"101": record}, time_entries={"5": record})]) as server:
        done = run(cli, server, "preview", {**TIME, "item_id": 5})
    assert (done.exit_code, found(done)) == (0, [])


@pytest.mark.parametrize("status", ["new", "cancelled", None])
def test_an_item_is_free_when_its_invoice_is_cancelled(cli: Cli, status: str | None) -> None:
    """Whatever is_invoiced says; an invoice that is not shown to be cancelled counts as live."""
    entry = {"workspace_id": "101", "is_invoiced": True, "invoice_id": "33"}

    def answer(request: Request) -> bytes:
        if "/time_entries" in request.target:
            invoices = {"33": {"id": "33", "status": status}}
            return envelope("time_entries", {"5": entry}, invoices=invoices)
        return account(workspaces={"101": PROJECT})(request)

    with Scripted([answer]) as server:
        done = run(cli, server, "preview", {**TIME, "item_id": 5})
    assert [code for code, *_ in found(done)] == ([] if status == "cancelled" else ["item_id.invoiced"])


# --- how often Kantata is asked ---


def echo(request: Request) -> bytes:
    """Answer every look-up by id with sound records, 200 at a time at most."""
    parts = urlsplit(request.target)
    key, query = parts.path.rpartition("/")[2], parse_qs(parts.query)
    ids = query.get("only", [""])[0].split(",")
    assert len(ids) <= 200
    assert len(request.target) < 8000
    records = {}
    for one in filter(None, ids):
        of = {"id": one, "workspace_id": str(101 + int(one) % 300), "rate_in_cents": 10_000, "time_in_minutes": 60}
        records[one] = PROJECT | {"require_time_approvals": False} if key == "workspaces" else of
    return envelope(key, records)


@pytest.mark.slow
def test_five_thousand_lines_over_three_hundred_projects_need_forty_calls_at_most(cli: Cli) -> None:
    """All kinds of items, tasks, and an invoice number on each invoice; references and all."""
    kinds = ("time_entry", "expense", "billing_milestone", "fixed_fee", "time_entry")
    rows: list[dict[str, object]] = []
    for n in range(5000):
        item = 10_000_000 + n
        kind = kinds[n % 5]
        row: dict[str, object] = {"workspace_id": 101 + item % 300, "item_type": kind, "invoice_date": "2026-10-31"}
        row |= {"amount": 5, "story_id": item} if kind == "fixed_fee" else {"item_id": item}
        rows.append(row | {"user_invoice_number": 50_000 + item % 300})
    with Scripted([echo]) as server:
        done = run(cli, server, "preview", *rows)
        asked = [urlsplit(one.target).path.rpartition("/")[2] for one in server.received]
    assert (done.exit_code, found(done), len(done.statuses)) == (0, [], 300)
    assert asked.count("workspaces") == 2
    assert len(asked) <= 40


def test_each_kind_is_asked_for_only_when_the_sheet_has_it(cli: Cli, sandbox: Sandbox) -> None:
    """One fixed fee: the lines and references, and the project. A submit asks no more than a preview."""
    cli = cli.at(sandbox)
    preview(cli, FEE)
    first = [one.path for one in sandbox.received("GET")]
    assert first == ["/invoices", "/invoices", "/workspaces"]
    submit(cli, FEE)
    assert [one.path for one in sandbox.received("GET")] == first * 2


def test_many_invoice_numbers_are_looked_for_among_the_newest_invoices(cli: Cli, sandbox: Sandbox) -> None:
    """More numbers than calls: one list instead of one call each, beside the references and the next number."""
    rows = [{"invoice_key": f"k{n}", "user_invoice_number": 19_040 + n, **FEE} for n in range(12)]
    done = preview(cli.at(sandbox), *rows)
    assert [code for code, *_ in found(done)].count("user_invoice_number.in_use") == 8  # one is hidden
    assert len([one for one in sandbox.received("GET", "/invoices") if "only" not in one.query]) == 4
    assert [one.partition(",")[0] for one in told(done)] == ["Submit would send nothing of this file"]


def test_numbers_beyond_what_was_looked_through_are_said(cli: Cli) -> None:
    """An account with more invoices than were looked through: a notice, never silence."""
    meta = {"count": 9000, "page_count": 45}

    def answer(request: Request) -> bytes:
        if "order=created_at" in request.target:
            page = request.target.rpartition("page=")[2]
            return envelope("invoices", {page: {"id": page, "user_invoice_number": 1, "status": "new"}}, meta=meta)
        return account(workspaces={"101": PROJECT})(request)

    rows = [{"invoice_key": f"k{n}", "user_invoice_number": n + 1, **FEE} for n in range(12)]
    with Scripted([answer]) as server:
        done = run(cli, server, "preview", *rows)
        assert len([one for one in server.received if "order=created_at" in one.target]) == 8
    assert [code for code, *_ in found(done)] == ["user_invoice_number.in_use"]
    assert "12 invoice numbers were looked for among the newest 1,600 invoices only" in told(done)[0]


def test_a_number_is_free_again_after_its_draft_was_deleted(cli: Cli, sandbox: Sandbox) -> None:
    """Only what Kantata shows counts."""
    cli = cli.at(sandbox)
    row = {"user_invoice_number": 555, **FEE}
    # Another machine's ledger: what one's own ledger knows is held before Kantata is asked.
    elsewhere = submit(cli, {**row, "invoice_key": "first"}, IMPORTER_LEDGER=str(cli.folder / "other.sqlite"))
    created = elsewhere.document["invoices"][0]
    taken = preview(cli, {**row, "invoice_key": "second", "amount": 7})
    assert found(taken) == [("user_invoice_number.in_use", "D2", "error")]
    assert f"{created['invoice_id']} (a draft)" in taken.document["problems"][0]["message"]
    address = f"{sandbox.base_url}/invoices/{created['invoice_id']}"
    assert requests.delete(address, headers={"Authorization": "Bearer sandbox"}, timeout=60).status_code == 204
    assert found(preview(cli, {**row, "invoice_key": "second", "amount": 7})) == []


@pytest.mark.parametrize(
    ("amount", "expected"),
    [("€ 5", []), ("EUR 5", []), ("5", []), ("$5", ["amount.currency"]), ("GBP 5", ["amount.currency"])],
)
def test_the_currency_beside_an_amount_fits_the_project(
    cli: Cli, sandbox: Sandbox, amount: str, expected: list[str]
) -> None:
    """An invoice gets the currency of its project, whatever the sheet says beside the amount."""
    done = preview(cli.at(sandbox), {**FEE, "amount": amount})
    assert [code for code, _, severity in found(done) if severity == "error"] == expected


def test_an_export_of_time_entries_is_previewed_clean(cli: Cli, sandbox: Sandbox) -> None:
    """77 rows with description, hours, rate and amount that agree: no problem, and one note on the texts."""
    rows: list[dict[str, object]] = []
    for project in range(101, 108):
        address = f"{sandbox.base_url}/time_entries?workspace_id={project}&per_page=200"
        answer = requests.get(address, headers={"Authorization": f"Bearer {sandbox.token}"}, timeout=60).json()
        entries = sorted(answer["time_entries"].values(), key=lambda entry: int(entry["id"]))
        for entry in entries[:11]:
            minutes, rate = entry["time_in_minutes"], entry["rate_in_cents"]
            figures = {"Hours": minutes / 60, "Rate": rate / 100, "amount": f"{minutes * rate / 6000:.2f}"}
            rows.append({"workspace_id": project, **TIME, "item_id": entry["id"], "notes": entry["notes"], **figures})
    done = preview(cli.at(sandbox), *rows)
    assert len(rows) == 77
    assert (done.exit_code, found(done)) == (0, [])
    assert len([notice for notice in told(done) if "is not sent: Kantata has its own" in notice]) == 1


def test_the_project_of_a_faulty_row_is_checked_too(cli: Cli, sandbox: Sandbox) -> None:
    """So that all problems show at once; each project once, where a row names it first."""
    done = preview(cli.at(sandbox), FEE, {**FEE, "workspace_id": 999, "amount": "1.2.3"})
    assert sorted(code for code, *_ in found(done)) == ["amount.not_a_number", "workspace_id.unknown"]

    only = preview(cli.at(sandbox), {**FEE, "workspace_id": 999, "amount": "1.2.3"})
    assert sorted(code for code, *_ in found(only)) == ["amount.not_a_number", "workspace_id.unknown"]
