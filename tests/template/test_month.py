"""The prefilled month: exactly what can be billed, in import form, and what waits beside it."""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
import requests
from sqlalchemy import insert

from importer.sandbox import store

if TYPE_CHECKING:
    from pathlib import Path

    from programs import Cli, Finished

    from importer.sandbox.running import Sandbox

OCTOBER = ("--month", "2026-10", "--from-kantata")
DAY, CREATED = "2026-10-14", "2026-09-01T08:00:00+00:00"
PROJECTS, TIMES, EXPENSES, MILESTONES = 60, 720, 220, 60


@pytest.fixture
def cli(cli: Cli) -> Cli:
    """Return the program as it is without that setting."""
    del cli.env["IMPORTER_COMPLETENESS"]
    return cli


def rows_of(path: Path, sheet: str = "Invoices", header: int = 1) -> list[dict[str, Any]]:
    """Return the rows of a sheet by their headers."""
    rows = openpyxl.load_workbook(path)[sheet].iter_rows(min_row=header, values_only=True)
    titles = next(rows)
    return [dict(zip(titles, cells, strict=False)) for cells in rows if any(cell is not None for cell in cells)]


def prefilled(at: Cli, name: str = "month.xlsx", *options: str, **env: str) -> tuple[Path, Finished]:
    """Write the workbook of October."""
    path = at.folder / name
    done = at.run("template", path, *OCTOBER, *options, **env)
    assert done.exit_code == 0, done.stderr
    return path, done


def items_in(rows: list[dict[str, Any]]) -> set[tuple[str, int]]:
    """Return kind and id of each row."""
    return {(row["Item type"], int(row["Item ID"])) for row in rows}


def fill_large_account(sandbox: Sandbox) -> set[tuple[str, int]]:
    """Put 1,000 items into 60 projects in place of the sample, 37 of them not to be billed; return the others."""
    shut = 0
    tables: dict[Any, list[dict[str, Any]]] = {store.workspaces: [], store.time_entries: [], store.expenses: []}
    tables[store.billing_milestones] = []
    billable: set[tuple[str, int]] = set()
    for number in range(201, 201 + PROJECTS):
        tables[store.workspaces].append(
            {
                "id": number,
                "title": f"Projekt {number}",
                "currency": "USD" if number % 7 == 0 else "EUR",
                "archived": False,
                "require_time_approvals": number % 2 == 0,
                "require_expense_approvals": number % 2 == 0,
                "can_see_financials": True,
                "recipient_id": None,
                "created_at": CREATED,
            }
        )
    for number in range(TIMES + EXPENSES + MILESTONES):
        project = 201 + number % PROJECTS
        common = {"id": 700_000 + number, "workspace_id": project, "created_at": CREATED}
        is_shut = project % 2 == 0 and number % 13 == 3 and shut < 30
        shut += is_shut
        if number < TIMES:
            kind, table = "Time entry", store.time_entries
            row = {"user_id": 1, "date_performed": DAY, "time_in_minutes": 60, "rate_in_cents": 10_000 + number}
            not_billable = number in (6, 56, 106, 156)
            row |= {"billable": not not_billable, "approved": not is_shut, "on_my_account": True, "notes": "=1+1"}
            is_shut |= not_billable
        elif number < TIMES + EXPENSES:
            kind, table = "Expense", store.expenses
            row = {"user_id": 1, "date": DAY, "category": "Travel", "notes": "Bahn", "amount_in_cents": 1_000 + number}
            row |= {"is_billable": True, "approved": not is_shut, "taxable": False, "on_my_account": True}
        else:
            kind, table = "Billing milestone", store.billing_milestones
            is_shut = False
            row = {"title": "Abnahme", "amount_in_cents": 50_000 + number, "billing_type": "fixed_date"}
            row |= {"date_to_invoice": DAY}
        tables[table].append(common | row)
        if not is_shut:
            billable.add((kind, 700_000 + number))
    with sandbox._store.transaction() as connection:  # noqa: SLF001 - the stand-in has no other way in
        for table in reversed(store.metadata.sorted_tables):
            connection.execute(table.delete())
        user = {"id": 1, "full_name": "Anneliese Köhler", "email_address": "a@example.com", "headline": "–"}
        connection.execute(insert(store.users), {**user, "id": 11})
        connection.execute(insert(store.users), user)
        for table, rows in tables.items():
            connection.execute(insert(table), rows)
    return billable


@pytest.mark.slow
def test_a_thousand_items_of_sixty_projects(cli: Cli, sandbox: Sandbox) -> None:
    """Exactly the billable ones, in few requests; 12 rows deleted are named with their sum; each is billed once."""
    billable = fill_large_account(sandbox)
    held = sorted(number for kind, number in billable if kind == "Time entry")[:3]
    body = {"workspace_id": 201 + (held[0] - 700_000) % PROJECTS, "payment_schedule": 30, "draft": True}
    for number in held:
        body |= {"workspace_id": 201 + (number - 700_000) % PROJECTS, "time_entry_ids": [number]}
        token = {"Authorization": f"Bearer {sandbox.token}"}
        answer = requests.post(f"{sandbox.base_url}/invoices", json={"invoice": body}, headers=token, timeout=60)
        assert answer.status_code == 200
        billable.remove(("Time entry", number))
    on_drafts = {invoice.id for invoice in sandbox.invoices()}
    assert len(billable) == 1000 - 37

    at = cli.at(sandbox)
    at.env["IMPORTER_PAYMENT_SCHEDULE"] = "30"
    before = len(sandbox.received())
    path, _ = prefilled(at)
    asked = [request.path for request in sandbox.received()[before:]]
    assert len([route for route in asked if route != "/expenses"]) <= 30
    rows = rows_of(path)
    assert len(rows) == len(billable)
    assert items_in(rows) == billable

    whole = at.run("preview", path, "--json").document
    assert (whole["exit_code"], whole["problems"], whole["notices"]) == (0, [], [])
    assert (whole["batch"], whole["totals"]["invoices"], whole["left_out"]["count"]) == ("2026-10", PROJECTS, 0)

    deleted = rows[100:112]
    book = openpyxl.load_workbook(path)
    book["Invoices"].delete_rows(102, 12)
    book.save(at.folder / "fewer.xlsx")
    left_out = at.run("preview", at.folder / "fewer.xlsx", "--json").document["left_out"]
    assert {item["item_id"] for item in left_out["items"]} == {row["Item ID"] for row in deleted}
    sums: dict[str, Decimal] = {}
    for row in deleted:
        sums[row["Currency"]] = sums.get(row["Currency"], Decimal(0)) + round(Decimal(row["Worth in Kantata"]), 2)
    assert {code: total["amount"] for code, total in left_out["by_currency"].items()} == {
        code: f"{amount:.2f}" for code, amount in sums.items()
    }

    sent = at.run("submit", path, "--yes", "--json")
    assert (sent.exit_code, set(sent.statuses)) == (0, {"created"})
    counts = Counter[tuple[str, int]]()
    for invoice in sandbox.invoices():
        if invoice.id not in on_drafts:
            counts.update(("Time entry", number) for number in invoice.time_entry_ids)
            counts.update(("Expense", number) for number in invoice.expense_ids)
            counts.update(("Billing milestone", number) for number in invoice.billing_milestone_ids)
    assert counts == Counter(billable)
    _, again = prefilled(at, "again.xlsx")
    assert "Nothing of 2026-10 can be billed" in again.stderr


def test_what_each_row_shows(cli: Cli, sandbox: Sandbox) -> None:
    """Worth, date, person, task and text of the one list; days to pay as on the project's newest invoice."""
    path, done = prefilled(cli.at(sandbox))
    row = next(row for row in rows_of(path) if row["Item ID"] == 5101001)
    assert row["Project in Kantata"] == "Website-Relaunch Bäckerei Müller"
    assert (row["Project ID"], row["Item type"], row["Currency"]) == (101, "Time entry", "EUR")
    assert (row["Worth in Kantata"], row["Date in Kantata"].date()) == (247.5, date(2026, 10, 5))
    assert (row["Person in Kantata"], row["Net days"]) == ("Anneliese Köhler", 30)
    assert row["Task in Kantata"]
    assert row["Text in Kantata"]
    assert "In the list: EUR " in done.stderr
    book = openpyxl.load_workbook(path)
    assert book["Invoices"].data_validations.dataValidation
    assert book["Cover"]["B1"].value == "2026-10"


def test_the_summary_has_the_sum_of_each_project(cli: Cli, sandbox: Sandbox) -> None:
    """And below them the sum of each currency."""
    path, _ = prefilled(cli.at(sandbox))
    wanted: dict[Any, Decimal] = {}
    for row in rows_of(path):
        for name in (row["Project ID"], f"Total {row['Currency']}"):
            wanted[name] = wanted.get(name, Decimal(0)) + round(Decimal(row["Worth in Kantata"]), 2)
    shown = rows_of(path, "Summary", 3)
    assert {row["Project"] or row["Title"]: round(Decimal(row["Worth"]), 2) for row in shown} == wanted


def test_what_waits_stands_apart_with_its_reason_and_age(cli: Cli, sandbox: Sandbox) -> None:
    """Not approved, on no report, of a hidden or archived project, a later milestone, or of an earlier month."""
    with sandbox._store.transaction() as connection:  # noqa: SLF001 - the stand-in has no other way in
        later = {"id": 7101099, "workspace_id": 101, "title": "Rest", "amount_in_cents": 100, "created_at": CREATED}
        later |= {"billing_type": "fixed_date", "date_to_invoice": "2027-01-31"}
        connection.execute(insert(store.billing_milestones), later)
    path, _ = prefilled(cli.at(sandbox))
    rows = {row["Number"]: row for row in rows_of(path, "Not in the list", 3)}
    why = {number: row["Why it is not in the list"] for number, row in rows.items()}
    assert why[5102016] == "not approved"
    assert why[6102009] == "on no approved expense report"
    assert why[7101099] == "to be invoiced on 2027-01-31"
    assert why[5101011] == "of an earlier month: 2026-09"
    assert why[5111011] == "of a project whose finances are hidden"
    assert why[5112011] == "of an archived project"
    assert rows[5102016]["Days old"] == (date.today() - rows[5102016]["Date"].date()).days  # noqa: DTZ011
    assert not items_in(rows_of(path)) & {("Time entry", number) for number in rows}


def test_fixed_fees_of_the_batch_before_are_proposed(cli: Cli, sandbox: Sandbox) -> None:
    """On a sheet that is not imported; a row that is copied into the list is billed."""
    at = cli.at(sandbox)
    fee = {"notes": "Retainer", "amount": 1200, "taxable": "yes", "story_id": 8101001, "invoice_date": "2026-09-30"}
    assert at.run("submit", at.sheet(fee), "--yes", "--json").exit_code == 0
    path, done = prefilled(at)
    assert "1 fixed fee of batch 2026-09" in done.stderr
    (row,) = rows_of(path, "Fixed fees", 3)
    assert (row["Project ID"], row["Item type"], row["Description"], row["Amount"]) == (
        101,
        "Fixed fee",
        "Retainer",
        1200,
    )
    assert (row["Taxable"], row["Task ID"], row["Net days"]) == ("yes", 8101001, 30)

    book = openpyxl.load_workbook(path)
    last = book["Invoices"].max_row + 1
    for position, cell in enumerate(next(book["Fixed fees"].iter_rows(min_row=4, values_only=True)), 1):
        book["Invoices"].cell(last, position, cell)
    book.save(at.folder / "with-fee.xlsx")
    document = at.run("preview", at.folder / "with-fee.xlsx", "--json").document
    assert (document["exit_code"], document["problems"]) == (0, [])
    assert document["totals"]["amount"] == "1200.00"


def test_projects_and_currency_narrow_it(cli: Cli, sandbox: Sandbox) -> None:
    """Neither the list nor what waits holds others."""
    at = cli.at(sandbox)
    path, _ = prefilled(at, "two.xlsx", "--projects", "101, 106")
    assert {row["Project ID"] for row in rows_of(path)} == {101, 106}
    assert {row["Project"] for row in rows_of(path, "Not in the list", 3)} == {101, 106}
    path, _ = prefilled(at, "pounds.xlsx", "--currency", "gbp")
    assert {row["Currency"] for row in rows_of(path)} == {"GBP"}


def test_its_headers_are_those_of_the_settings(cli: Cli, sandbox: Sandbox) -> None:
    """The company's own words; reading the workbook again raises nothing."""
    at = cli.at(sandbox)
    (at.folder / "importer.toml").write_text(
        '[columns]\nworkspace_id = ["Kundenprojekt"]\nitem_id = ["Vorgang"]\n', encoding="utf-8"
    )
    path, _ = prefilled(at)
    assert {"Kundenprojekt", "Vorgang"} < set(rows_of(path)[0])
    document = at.run("preview", path, "--json").document
    assert (document["exit_code"], document["problems"], document["left_out"]["count"]) == (0, [], 0)


def test_what_is_left_of_a_billed_month_has_a_batch_of_its_own(cli: Cli, sandbox: Sandbox) -> None:
    """Or it would be held: the same project in the same batch, with another content."""
    at = cli.at(sandbox)
    path, _ = prefilled(at, "first.xlsx", "--projects", "101")
    book = openpyxl.load_workbook(path)
    book["Invoices"].delete_rows(2)
    book.save(path)
    assert at.run("submit", path, "--yes", "--json").exit_code == 0
    rest, _ = prefilled(at, "rest.xlsx", "--projects", "101")
    done = at.run("submit", rest, "--yes", "--json")
    assert (done.exit_code, done.statuses, done.document["batch"]) == (0, ["created"], "2026-10-2")


def test_wrong_use_is_refused_before_kantata_is_asked(cli: Cli, sandbox: Sandbox) -> None:
    """No month, another ending, a file that exists, no ids: exit 2, and nothing is written."""
    at = cli.at(sandbox)
    (at.folder / "there.xlsx").write_bytes(b"mine")
    for words in (
        ("a.xlsx", "--from-kantata"),
        ("a.xlsx", "--from-kantata", "--month", "2026-13"),
        ("a.xlsx", *OCTOBER, "--projects", "Relaunch"),
        ("a.xlsx", "--month", "2026-10"),
        ("a.csv", *OCTOBER),
        ("there.xlsx", *OCTOBER),
    ):
        assert at.run("template", *words).exit_code == 2, words
    assert (at.folder / "there.xlsx").read_bytes() == b"mine"
    assert not (at.folder / "a.xlsx").exists()
    assert sandbox.received() == []
    assert cli.run("template", "a.xlsx", *OCTOBER).exit_code == 2  # no token
    done = at.run("template", "a.xlsx", *OCTOBER, KANTATA_TOKEN="another")  # noqa: S106 - no secret
    assert done.exit_code == 5
