"""What is open in Kantata and in no row of the sheet is counted, named, and held against a limit."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
import requests

from importer.model.invoices import ItemType
from importer.model.open_items import Obstacle, OpenItem
from importer.planning.open_items import left_out
from importer.sandbox.faults import Fault, FaultKind

if TYPE_CHECKING:
    from programs import Cli, Finished

    from importer.sandbox.running import Sandbox

TIME = {"item_type": "time_entry"}
OCTOBER = [{**TIME, "item_id": 5101001}]
"""A time entry of October 2026; project 101 alone."""
SEEN = {"on_my_account": "false", "from_archived_workspaces": "true", "per_page": "200"}


@pytest.fixture
def cli(cli: Cli) -> Cli:
    """Return the program as it is without that setting."""
    del cli.env["IMPORTER_COMPLETENESS"]
    return cli


def get(sandbox: Sandbox, route: str, **query: str) -> dict[str, Any]:
    """Return all records of a list as the stand-in shows them."""
    found: dict[str, Any] = {}
    for page in (1, 2, 3):
        answer = requests.get(
            f"{sandbox.base_url}/{route}",
            params=SEEN | query | {"page": str(page)},
            headers={"Authorization": f"Bearer {sandbox.token}"},
            timeout=60,
        )
        found |= answer.json()[route]
    return found


def billable(sandbox: Sandbox) -> dict[tuple[str, int], dict[str, Any]]:
    """Return what can be billed, worked out from the plain lists alone."""
    projects = get(sandbox, "workspaces", include_archived="true")
    approved = get(sandbox, "expenses", approved="true")
    found = {}
    kinds = {"time_entry": "time_entries", "expense": "expenses", "billing_milestone": "billing_milestones"}
    for kind, route in kinds.items():
        for id_, record in get(sandbox, route, include="invoices").items():
            project = projects[record["workspace_id"]]
            needs = project["require_time_approvals" if kind == "time_entry" else "require_expense_approvals"]
            unapproved = needs and (record.get("approved") is False or (kind == "expense" and id_ not in approved))
            shut = project["archived"] or not project["permissions"]["can_see_financials"]
            if not (
                unapproved
                or shut
                or record.get("is_invoiced")
                or record.get("invoice_ids")
                or record.get("billable", record.get("is_billable")) is False
            ):
                found[kind, int(id_)] = record
    return found


def day_of(record: dict[str, Any]) -> str:
    """Return the day of a time entry, expense or milestone."""
    return record.get("date_performed") or record.get("date") or record["date_to_invoice"]


def worth(record: dict[str, Any]) -> Decimal:
    """Return what a record comes to."""
    if "time_in_minutes" not in record:
        return Decimal(record["amount_in_cents"]) / 100
    cents = (2 * record["rate_in_cents"] * record["time_in_minutes"] + 60) // 120
    return Decimal(cents) / 100


def preview(cli: Cli, *rows: dict[str, object], **env: str) -> Finished:
    """Preview these rows."""
    return cli.run("preview", cli.sheet(*rows), "--json", **env)


def told(done: Finished) -> str:
    """Return all notices."""
    return "\n".join(done.document["notices"])


# --- the count ------------------------------------------------------------------------


def test_what_is_open_and_in_no_row_is_counted_to_the_cent(cli: Cli, sandbox: Sandbox) -> None:
    """Of the month of the sheet's own work, apart from older; neither what is shut, nor what a row names."""
    done = preview(cli.at(sandbox), *OCTOBER)
    left_out = done.document["left_out"]
    wanted = billable(sandbox)
    assert wanted.pop(("time_entry", 5101001))["date_performed"].startswith("2026-10")
    now = {key: record for key, record in wanted.items() if day_of(record) >= "2026-10"}
    older = {key: record for key, record in wanted.items() if day_of(record) < "2026-10"}

    assert {(item["item_type"], item["item_id"]) for item in left_out["items"]} == set(now)
    assert left_out["count"] == len(now)
    assert left_out["older"]["count"] == len(older)
    for part, records in ((left_out, now), (left_out["older"], older)):
        for currency, total in part["by_currency"].items():
            own = [record for record in records.values() if record["currency"] == currency]
            assert total == {"count": len(own), "amount": f"{sum(map(worth, own)):.2f}"}
    entry = next(item for item in left_out["items"] if item["item_id"] == 5103001)
    assert entry == {
        "item_type": "time_entry",
        "item_id": 5103001,
        "workspace_id": 103,
        "amount": f"{worth(wanted['time_entry', 5103001]):.2f}",
        "currency": "EUR",
        "date": day_of(wanted["time_entry", 5103001]),
    }


def test_the_months_are_those_of_the_work_and_not_of_the_invoice_date(cli: Cli, sandbox: Sandbox) -> None:
    """Work of September billed in October: what is open of October is not left out of this sheet, nor older."""
    entries = get(sandbox, "time_entries", uninvoiced="true")
    september = min(int(id_) for id_, record in entries.items() if record["date_performed"] < "2026-10")
    row = {**TIME, "item_id": september, "workspace_id": entries[str(september)]["workspace_id"]}
    left_out = preview(cli.at(sandbox), {**row, "invoice_date": "2026-10-31"}).document["left_out"]
    assert left_out["months"] == ["2026-09"]
    assert {item["date"][:7] for item in left_out["items"]} == {"2026-09"}
    assert left_out["older"] == {"count": 0, "by_currency": {}}


def test_without_work_the_months_are_those_of_the_invoice_dates(cli: Cli, sandbox: Sandbox) -> None:
    """A sheet of fees has no work of its own; a month between two others counts as older, never as nothing."""
    fees = [
        {"amount": 10, "invoice_date": "2026-10-31"},
        {"amount": 20, "invoice_date": "2026-08-31", "invoice_key": 1},
    ]
    left_out = preview(cli.at(sandbox), *fees).document["left_out"]
    assert left_out["months"] == ["2026-08", "2026-10"]
    assert {item["date"][:7] for item in left_out["items"]} == {"2026-10"}
    assert left_out["older"]["count"] > 0


def test_a_row_with_an_error_is_not_left_out(cli: Cli, sandbox: Sandbox) -> None:
    """It stands in the sheet: its own problem says what becomes of it."""
    rows = [*OCTOBER, {**TIME, "item_id": 5101010, "payment_schedule": "soon"}]
    done = preview(cli.at(sandbox), *rows)
    assert done.exit_code == 3
    assert 5101010 not in {item["item_id"] for item in done.document["left_out"]["items"]}


def test_what_cannot_be_billed_now_is_counted_apart(cli: Cli, sandbox: Sandbox) -> None:
    """Not approved, of a hidden or archived project: in no sum, and said all the same."""
    done = preview(cli.at(sandbox), *OCTOBER)
    not_now = done.document["left_out"]["not_billable_now"]
    assert not_now["not_approved"] == 3
    assert not_now["no_report"] == 3
    assert not_now.keys() == {"not_approved", "no_report", "hidden", "archived"}


def test_a_draft_that_is_gone_leaves_its_items_open_again(cli: Cli, sandbox: Sandbox) -> None:
    """What the ledger calls billed is left out all the same, once its draft was deleted in Kantata."""
    at = cli.at(sandbox)
    at.env["IMPORTER_SETTLE_SECONDS"] = "0"
    assert at.run("submit", at.sheet(*OCTOBER), "--yes", "--json").exit_code == 0
    other = at.sheet({**TIME, "workspace_id": 103, "item_id": 5103001}, name="other.csv")
    before = at.run("preview", other, "--json").document["left_out"]
    assert 5101001 not in {item["item_id"] for item in before["items"]}
    invoice = sandbox.invoices()[0]
    address, token = f"{sandbox.base_url}/invoices/{invoice.id}", {"Authorization": f"Bearer {sandbox.token}"}
    assert requests.delete(address, headers=token, timeout=60).status_code == 204
    after = at.run("preview", other, "--json").document["left_out"]
    assert 5101001 in {item["item_id"] for item in after["items"]}


def test_few_requests_are_made(cli: Cli, sandbox: Sandbox) -> None:
    """One list per kind, of the whole account; projects and approvals in one call each."""
    preview(cli.at(sandbox), *OCTOBER, IMPORTER_COMPLETENESS="false")
    without = len(sandbox.received("GET"))
    preview(cli.at(sandbox), *OCTOBER)
    assert len(sandbox.received("GET")) - 2 * without <= 7


# --- where it is shown ----------------------------------------------------------------


def test_the_workbook_lists_what_is_left_out_ready_to_be_copied(cli: Cli, sandbox: Sandbox) -> None:
    """Its first columns are those of an import; a table by project stands on the summary."""
    done = preview(cli.at(sandbox), *OCTOBER)
    left_out = done.document["left_out"]
    book = openpyxl.load_workbook(done.document["files"]["preview"])
    header, *rows = book["Not in this file"].iter_rows(values_only=True)
    assert header[:3] == ("Not in this file: project", "Item type", "Item ID")
    assert len(rows) == left_out["count"] + left_out["older"]["count"]
    summary = [row[0] for row in book["Summary"].iter_rows(values_only=True) if row[0]]
    assert any(text.startswith("Open in Kantata for 2026-10, not in this file: EUR ") for text in summary)
    assert "Not in this file" in summary
    [titles] = [row for row in book["Summary"].iter_rows(values_only=True) if row[0] == "Not in this file"]
    assert [title for title in titles if title][-1] == "Project title"  # at the right nothing cuts its texts


def test_the_sheet_of_what_is_left_out_is_never_imported(cli: Cli, sandbox: Sandbox) -> None:
    """A workbook of results can be submitted again: only its Lines are read."""
    at = cli.at(sandbox)
    written = preview(at, *OCTOBER).document["files"]["preview"]
    done = at.run("preview", written, "--json")
    assert (done.exit_code, done.document["source"]["sheet"], done.document["totals"]["rows"]) == (0, "Lines", 1)


def test_the_terminal_says_the_sums_first(cli: Cli, sandbox: Sandbox) -> None:
    """Per currency, before each project; the results of a submit say what is left open."""
    at = cli.at(sandbox)
    shown = at.run("preview", at.sheet(*OCTOBER)).stdout
    sums, projects = shown.index("Open in Kantata for 2026-10, not in this file: EUR"), shown.index("Rollout Nordic")
    assert sums < projects
    sent = at.run("submit", at.sheet(*OCTOBER), "--yes").stdout
    assert "Open in Kantata for 2026-10, not in this file: EUR" in sent


def test_a_sheet_with_errors_shows_the_sums_without_the_projects(cli: Cli, sandbox: Sandbox) -> None:
    """Its errors come first: what is left out changes with them."""
    at = cli.at(sandbox)
    shown = at.run("preview", at.sheet(*OCTOBER, {**TIME, "item_id": "x"})).stdout
    assert "Open in Kantata for 2026-10, not in this file: EUR" in shown
    assert "Rollout Nordic" not in shown


def test_the_page_shows_it_too(cli: Cli, sandbox: Sandbox) -> None:
    """Who looks at the page alone sees the sums and the projects."""
    written = Path(preview(cli.at(sandbox), *OCTOBER).document["files"]["page"])
    text = written.read_text(encoding="utf-8")
    assert text.count("Open in Kantata for 2026-10, not in this file: EUR") == 2
    assert "<h2>Not in this file</h2>" in text
    assert "Messestand Böhm Maschinenbau" in text


def test_nothing_left_is_said_too(cli: Cli, sandbox: Sandbox) -> None:
    """No news would leave open whether it was looked for."""
    done = cli.at(sandbox).run("preview", cli.sheet({"amount": 10, "invoice_date": "2026-06-30"}))
    assert "Nothing else is open in Kantata for 2026-06." in done.stdout


# --- switched off, and failing --------------------------------------------------------


def test_it_can_be_switched_off(cli: Cli, sandbox: Sandbox) -> None:
    """By an option, by a setting, and by --offline; then no list is asked for."""
    at = cli.at(sandbox)
    for options, env in (((), {"IMPORTER_COMPLETENESS": "false"}), (("--no-completeness",), {}), (("--offline",), {})):
        done = at.run("preview", at.sheet(*OCTOBER), "--json", *options, **env)
        assert "left_out" not in done.document
    assert not any("uninvoiced" in request.query for request in sandbox.received("GET"))


def test_a_look_up_that_fails_is_said_and_stops_nothing(cli: Cli, sandbox: Sandbox) -> None:
    """The plan stands; what was not counted is named."""
    sandbox.misbehave(Fault(FaultKind.STATUS_BEFORE, "GET", "/expenses", status=500, times=9))
    at = cli.at(sandbox)
    done = preview(at, *OCTOBER)
    assert (done.exit_code, "left_out" in done.document) == (0, False)
    assert "What else is open in Kantata was not counted" in told(done)
    done = at.run("submit", at.sheet(*OCTOBER), "--yes", "--json")
    assert (done.exit_code, done.statuses) == (0, ["created"])


# --- the gate -------------------------------------------------------------------------


def test_more_left_out_than_allowed_ends_with_9(cli: Cli, sandbox: Sandbox) -> None:
    """Each currency for itself; preview warns, submit sends nothing."""
    at = cli.at(sandbox)
    sums = {code: total["amount"] for code, total in preview(at, *OCTOBER).document["left_out"]["by_currency"].items()}
    least, most = min(sums.values(), key=Decimal), max(sums.values(), key=Decimal)
    warned = preview(at, *OCTOBER, IMPORTER_LARGEST_LEFT_OUT=least)
    assert warned.exit_code == 0
    assert "Submit would refuse this: EUR" in told(warned)
    assert "GBP" not in told(warned).partition("Submit would refuse")[2]

    done = at.run("submit", at.sheet(*OCTOBER), "--yes", "--json", IMPORTER_LARGEST_LEFT_OUT=least)
    assert (done.exit_code, done.statuses, sandbox.invoices()) == (9, ["not_sent"], [])
    assert done.document["left_out"]["count"] > 0
    done = at.run("submit", at.sheet(*OCTOBER), "--yes", "--json", IMPORTER_LARGEST_LEFT_OUT=most)
    assert done.exit_code == 0
    again = at.run("submit", at.sheet(*OCTOBER), "--yes", "--json", IMPORTER_LARGEST_LEFT_OUT=least)
    assert (again.exit_code, again.statuses) == (0, ["already_created"])


def test_the_gate_refuses_what_it_does_not_know(cli: Cli, sandbox: Sandbox) -> None:
    """A limit that is set needs the look-up: without it nothing is sent, and that is said."""
    at = cli.at(sandbox)
    at.env["IMPORTER_LARGEST_LEFT_OUT"] = "9999999"
    sheet = at.sheet(*OCTOBER)
    for options in (("--offline",), ("--no-completeness",)):
        done = at.run("submit", sheet, "--yes", "--json", *options)
        assert done.exit_code == 9
        assert "largest_left_out is set" in told(done)
    sandbox.misbehave(Fault(FaultKind.STATUS_BEFORE, "GET", "/expenses", status=500))
    assert at.run("submit", sheet, "--yes", "--json").exit_code == 9
    assert sandbox.invoices() == []
    sandbox.misbehave()
    assert at.run("submit", sheet, "--yes", "--json").exit_code == 0


def test_the_gate_refuses_a_list_that_is_not_whole(cli: Cli, sandbox: Sandbox) -> None:
    """Where Kantata counts more than it shows, what is left out may be more than the limit."""
    at = cli.at(sandbox)
    counted = "Kantata counts 9 expenses and shows 8: this token may not see all of it."
    hidden = "import dataclasses, importer.flow.open_items as items\nfound = items.find_open\n"
    hidden += f"items.find_open = lambda *a, **k: dataclasses.replace(found(*a, **k), remarks=({counted!r},))\n"
    limit = {"IMPORTER_LARGEST_LEFT_OUT": "9999999"}
    done = at.start("submit", at.sheet(*OCTOBER), "--yes", "--json", before=hidden, **limit).wait()
    assert (done.exit_code, sandbox.invoices()) == (9, [])
    assert counted in told(done)
    assert "what else is open in Kantata is not known" in told(done)


def test_a_milestone_without_a_date_is_counted_where_it_cannot_be_billed() -> None:
    """It is of no month, so nothing else would say that it is open."""
    undated = OpenItem(
        ItemType.BILLING_MILESTONE, 7, 101, "Site", Decimal(900), "EUR", None, obstacle=Obstacle.ARCHIVED
    )
    found = left_out([undated, replace(undated, item_id=8, obstacle=None)], [], ["2026-10"], older_listed=True)
    assert (found.items, found.older, dict(found.not_now)) == ((), (), {Obstacle.ARCHIVED: 1})
    named = left_out([undated], [(ItemType.BILLING_MILESTONE, 7)], ["2026-10"], older_listed=True)
    assert dict(named.not_now) == {}


def test_an_unattended_run_is_held_by_the_gate(cli: Cli, sandbox: Sandbox) -> None:
    """The file fails with 9, and nothing of it is sent."""
    at = cli.at(sandbox)
    inbox = at.folder / "inbox"
    inbox.mkdir()
    at.sheet(*OCTOBER).rename(inbox / "october.csv")
    at.env |= {"IMPORTER_UNATTENDED": "true", "IMPORTER_EXPECT_INVOICES": "1", "IMPORTER_INBOX_SETTLE_SECONDS": "0"}
    done = at.run("run", "--json", IMPORTER_LARGEST_LEFT_OUT="100")
    assert (done.exit_code, sandbox.invoices()) == (9, [])


# --- ids that stand in a column of another name -----------------------------------------


BY_AMOUNT = {
    "workspace_id": 103,
    "item_type": "additional",
    "notes": "Sketches",
    "amount": 300,
    "invoice_date": "2026-10-31",
    "Entry #": 5103001,
}
"""A row that bills by amount what the time entry beside it bills too."""


def test_amounts_beside_the_ids_of_open_items_are_refused(cli: Cli, sandbox: Sandbox) -> None:
    """Billed so, the entry would stay open; preview and submit refuse it, also with --partial."""
    for command in (("preview",), ("submit", "--yes"), ("submit", "--yes", "--partial")):
        done = cli.at(sandbox).run(command[0], cli.sheet(BY_AMOUNT), "--json", *command[1:])
        [wrong] = [found for found in done.document["problems"] if found["code"] == "column.unused_ids"]
        assert (wrong["severity"], wrong["row"], wrong["value"]) == ("error", 2, "5103001")
        assert "such as time entry 5103001 of project 103" in wrong["message"]
        assert done.document["totals"]["by_status"].keys() == {"not_sent"}
        assert done.exit_code == 3
    assert sandbox.received("POST") == []


@pytest.mark.parametrize(
    "cell", ["#5103001", "TE 5103001", "https://app.mavenlink.com/time_entries/5103001", "5103999 + 5103001"]
)
def test_ids_among_other_text_are_ids_too(cli: Cli, sandbox: Sandbox, cell: str) -> None:
    """A mark, a word or an address beside the id changes nothing."""
    done = preview(cli.at(sandbox), BY_AMOUNT | {"Entry #": cell})
    [wrong] = [found for found in done.document["problems"] if found["code"] == "column.unused_ids"]
    assert (wrong["row"], wrong["value"]) == (2, "5103001")


def test_without_completeness_such_numbers_are_asked_for_by_themselves(cli: Cli, sandbox: Sandbox) -> None:
    """The same work is not billed twice because somebody does not want to know what else is open."""
    here = cli.at(sandbox)
    done = here.run("preview", cli.sheet(BY_AMOUNT), "--json", "--no-completeness")
    [wrong] = [found for found in done.document["problems"] if found["code"] == "column.unused_ids"]
    assert (wrong["row"], wrong["value"]) == (2, "5103001")
    submitted = here.run("submit", cli.sheet(BY_AMOUNT), "--yes", "--json", "--no-completeness")
    assert (submitted.exit_code, sandbox.received("POST")) == (3, [])

    asked = len(sandbox.received("GET"))
    other = BY_AMOUNT | {"Entry #": "4100"}
    done = here.run("preview", cli.sheet(other), "--json", "--no-completeness")
    assert "column.unused_ids" not in {found["code"] for found in done.document["problems"]}
    assert not [sent for sent in sandbox.received("GET")[asked:] if sent.path == "/time_entries"]


@pytest.mark.parametrize("other", [{"workspace_id": 101}, {"Entry #": 99}, {"Entry #": "none"}])
def test_other_numbers_beside_amounts_are_not_refused(cli: Cli, sandbox: Sandbox, other: dict[str, object]) -> None:
    """Neither the id of another project's item, nor a number of something else."""
    done = preview(cli.at(sandbox), BY_AMOUNT | other)
    assert "column.unused_ids" not in {found["code"] for found in done.document["problems"]}


def test_a_line_of_the_settings_passes_over_such_numbers(cli: Cli, sandbox: Sandbox, tmp_path: Path) -> None:
    """Where they mean something else, a person says so once."""
    config = tmp_path / "own.toml"
    config.write_text('ignore_columns = ["Entry #"]\n', encoding="utf-8")
    done = cli.at(sandbox).run("preview", cli.sheet(BY_AMOUNT), "--json", "--config", config)
    assert "column.unused_ids" not in {found["code"] for found in done.document["problems"]}


def test_what_is_billed_already_is_refused_no_more(cli: Cli, sandbox: Sandbox) -> None:
    """It was sent offline, or before the program looked for such numbers: the file stays billed."""
    here = cli.at(sandbox)
    assert here.run("submit", cli.sheet(BY_AMOUNT), "--yes", "--offline").exit_code == 0
    again = here.run("submit", cli.sheet(BY_AMOUNT), "--yes", "--json")
    assert (again.exit_code, again.statuses) == (0, ["already_created"])
