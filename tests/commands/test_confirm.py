"""``confirm`` says what people did with invoices of earlier runs; ``history --csv`` lists a month for the books."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
import requests

if TYPE_CHECKING:
    from programs import Cli

    from importer.sandbox.running import Sandbox

FIVE = [{"workspace_id": 101 + n, "amount": 100 + n, "invoice_date": "2026-10-31"} for n in range(5)]


@pytest.fixture
def at(cli: Cli, sandbox: Sandbox) -> Cli:
    """Return the program at a stand-in, after a submit of five drafts."""
    desk = cli.at(sandbox)
    assert desk.run("submit", desk.sheet(*FIVE), "--yes", "--json").exit_code == 0
    return desk


def call(sandbox: Sandbox, method: str, route: str, **options: Any) -> None:
    """Do what a person does in Kantata."""
    address = sandbox.base_url.removesuffix("/api/v1") if route.startswith("/_sandbox") else sandbox.base_url
    token = {"Authorization": f"Bearer {sandbox.token}"}
    answer = requests.request(method, address + route, headers=token, timeout=60, **options)
    assert answer.status_code < 300, answer.text


def issue(sandbox: Sandbox, number: int) -> None:
    """Make a draft an invoice."""
    call(sandbox, "PUT", f"/invoices/{number}", json={"invoice": {"draft": False}})


def standings(document: dict[str, Any]) -> list[str]:
    """Return how the invoices stand, in the order of the sheet."""
    return [invoice["standing"] for invoice in document["invoices"]]


def test_what_was_left_alone_is_as_it_was(at: Cli) -> None:
    """Exit 0; a run, the last one, and all since a day are the same invoices here."""
    for words in ((), ("last",), ("--since", "2020-01-01")):
        done = at.run("confirm", *words, "--json")
        assert (done.exit_code, standings(done.document)) == (0, ["as_left"] * 5)
    first = done.document["invoices"][0]
    assert (first["workspace_ids"], first["total_in_kantata"], first["currency"]) == ([101], "100.00", "EUR")
    assert (first["invoice_number"], first["as_left"], first["changes"]) == ("19050", True, [])
    assert at.run("confirm", "--since", "2999-01-01", "--json").document["invoices"] == []


def test_what_people_did_is_said(at: Cli, sandbox: Sandbox) -> None:
    """Edited, issued, paid, cancelled, deleted; exit 4; a workbook has a row for each."""
    edited, issued, paid, cancelled, gone = (invoice.id for invoice in sandbox.invoices())
    call(sandbox, "PUT", f"/_sandbox/invoices/{edited}/notes", data=b"Another text")
    for number in (issued, paid, cancelled):
        issue(sandbox, number)
    call(sandbox, "PUT", f"/_sandbox/invoices/{paid}/pay")
    call(sandbox, "PUT", f"/invoices/{cancelled}/cancel")
    call(sandbox, "DELETE", f"/invoices/{gone}")
    done = at.run("confirm", "--json", IMPORTER_SETTLE_SECONDS="0")
    assert done.exit_code == 4
    assert standings(done.document) == ["edited", "issued", "paid", "cancelled", "gone"]
    assert [invoice["as_left"] for invoice in done.document["invoices"]] == [False, True, True, False, False]
    assert done.document["invoices"][0]["changes"] == ["its items, amounts or texts"]
    _, *rows = openpyxl.load_workbook(done.document["files"]["confirm"])["Invoices"].iter_rows(values_only=True)
    assert [row[0] for row in rows] == ["edited", "issued", "paid", "cancelled", "gone"]
    shown = at.run("confirm", IMPORTER_SETTLE_SECONDS="0").stdout
    assert "5 invoices: 1 issued, 1 paid, 1 edited, 1 cancelled, 1 gone." in shown
    assert shown.count(done.document["invoices"][0]["run_id"]) == 1
    assert sandbox.received("POST", "/invoices")[5:] == []


def test_issued_and_paid_alone_end_well(at: Cli, sandbox: Sandbox) -> None:
    """That is what drafts are for."""
    first, second, *_ = (invoice.id for invoice in sandbox.invoices())
    issue(sandbox, first)
    issue(sandbox, second)
    call(sandbox, "PUT", f"/_sandbox/invoices/{second}/pay")
    assert at.run("confirm", "--json").exit_code == 0


def test_a_young_invoice_that_is_not_shown_is_not_called_gone(at: Cli, sandbox: Sandbox) -> None:
    """Kantata may take its time to show it."""
    call(sandbox, "DELETE", f"/invoices/{sandbox.invoices()[0].id}")
    done = at.run("confirm", "--json", IMPORTER_SETTLE_SECONDS="600")
    assert (done.exit_code, standings(done.document)[0]) == (4, "not_seen")


def test_undone_invoices_are_not_confirmed(at: Cli) -> None:
    """They are meant to be gone."""
    assert at.run("undo", "last", "--yes", "--json").exit_code == 0
    assert at.run("confirm", "--json").document["invoices"] == []


def test_wrong_use(at: Cli) -> None:
    """Exit 2."""
    for words in ("last --since 2026-10-01", "--since October", "--since 0001-01-01", "20000101"):
        assert at.run("confirm", *words.split()).exit_code == 2, words


def test_the_books_of_a_month(at: Cli, sandbox: Sandbox) -> None:
    """Each invoice dated in the month, with what Kantata showed of it; undone ones say so."""
    other = {"amount": 7, "invoice_date": "2026-09-30", "invoice_key": "SEPTEMBER"}
    assert at.run("submit", at.sheet(other, name="other.csv"), "--yes", "--json").exit_code == 0
    time = {"item_type": "time_entry", "item_id": 5101011, "invoice_date": "2026-10-31", "invoice_key": "TIME"}
    assert at.run("submit", at.sheet(time, name="time.csv"), "--yes", "--json").exit_code == 0
    assert at.run("undo", "last", "--yes", "--json").exit_code == 0
    asked = len(sandbox.received())
    done = at.run("history", "--month", "2026-10", "--csv")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [row["projects"] for row in rows] == ["101", "102", "103", "104", "105", "101"]
    assert rows[0] == {
        "number": "19050",
        "date": "2026-10-31",
        "projects": "101",
        "project_titles": "Website-Relaunch Bäckerei Müller",
        "currency": "EUR",
        "net_as_sent": "100.00",
        "total_in_kantata": "100.00",
        "invoice_id": rows[0]["invoice_id"],
        "link": f"https://app.mavenlink.com/invoices/{rows[0]['invoice_id']}",
        "status": "created",
        "run": rows[0]["run"],
    }
    assert (rows[5]["net_as_sent"], rows[5]["total_in_kantata"], rows[5]["status"]) == ("781.25", "781.25", "undone")
    assert len(sandbox.received()) == asked


def test_the_books_say_which_invoices_of_the_batch_are_dated_elsewhere(at: Cli) -> None:
    """Those whose rows gave no date have that of the day on which they were sent."""
    late = {"amount": 7, "invoice_date": "2026-11-02", "invoice_key": "LATE"}
    assert at.run("submit", at.sheet(late, name="late.csv"), "--batch", "2026-10", "--yes").exit_code == 0
    done = at.run("history", "--month", "2026-10", "--csv")
    assert "Dated in 2026-11, though of the batch 2026-10: 1 invoice (--month 2026-11)." in done.stderr
    assert len(list(csv.DictReader(io.StringIO(done.stdout)))) == len(FIVE)
    assert "though" not in at.run("history", "--month", "2026-11", "--csv").stderr


@pytest.mark.parametrize("words", [("--csv",), ("--month", "2026-10"), ("--month", "10", "--csv"), ("last", "--csv")])
def test_the_books_need_a_month(cli: Cli, words: tuple[str, ...]) -> None:
    """Exit 2, and no half CSV."""
    done = cli.run("history", *words)
    assert (done.exit_code, done.stdout) == (2, "")


def test_each_wrong_use_of_the_books_has_its_own_remedy(cli: Cli) -> None:
    """A month without --csv is a month all the same."""
    assert "history --month 2026-10 --csv" in cli.run("history", "--month", "2026-10").stderr
    assert "--month 10 is no month" in cli.run("history", "--month", "10", "--csv").stderr


def test_books_without_an_invoice_say_so(cli: Cli) -> None:
    """The header alone would look like a failure."""
    done = cli.run("history", "--month", "2026-10", "--csv")
    assert (done.exit_code, done.stdout.count("\n")) == (0, 1)
    assert "No invoice of this ledger is dated in 2026-10" in done.stderr
