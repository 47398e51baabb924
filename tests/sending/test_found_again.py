"""Invoices of earlier runs are compared with what Kantata holds now; one that it does not show is said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import requests
from openpyxl import load_workbook
from tampering import between, without_includes
from test_exactly_once import kantata

from importer.sandbox.faults import Fault, FaultKind

if TYPE_CHECKING:
    from programs import Cli

    from importer.sandbox.running import Sandbox

__all__ = ["kantata"]


def ask(sandbox: Sandbox, method: str, route: str, body: object = None) -> None:
    """Do something in Kantata that the program knows nothing of."""
    headers = {"Authorization": f"Bearer {sandbox.token}"}
    assert requests.request(method, f"{sandbox.base_url}{route}", json=body, headers=headers, timeout=60).ok


def summary(file: str) -> list[tuple[Any, ...]]:
    """The rows of the sheet Summary."""
    return list(load_workbook(file)["Summary"].iter_rows(values_only=True))


def test_what_cannot_be_found_again_is_said(cli: Cli, kantata: Sandbox) -> None:
    """Deleted in Kantata a moment after it was created: the row says so, what to do, and the run ends with 4."""
    cli = cli.at(kantata)
    sheet = cli.fees(2)
    first = cli.run("submit", sheet, "--yes", "--json")
    lost, kept = (one["invoice_id"] for one in first.document["invoices"])
    ask(kantata, "DELETE", f"/invoices/{lost}")
    done = cli.run("submit", sheet, "--yes", "--json")
    assert (done.exit_code, done.statuses) == (4, ["already_created"] * 2)
    missing, found = done.document["invoices"]
    assert f"could not be found again: Kantata does not show invoice {lost}" in missing["error"]
    assert missing["what_to_do"]
    assert (found["invoice_id"], found["what_to_do"]) == (kept, None)
    lines = done.document["tie_out"]["by_currency"]
    assert [(one["difference"], one["not_read_back"], one["amount_not_read_back"]) for one in lines] == [
        (None, 1, "101.00"),
        ("0.00", 0, "0.00"),
    ]
    assert "could not be found again" in " ".join(cli.run("submit", sheet, "--yes").stdout.split())
    assert any("could not be found again" in str(row[0]) for row in summary(done.document["files"]["results"]))


def test_an_invoice_found_again_is_compared(cli: Cli, kantata: Sandbox) -> None:
    """Content that was changed in Kantata differs; a draft that was issued, or has another message, does not."""
    cli = cli.at(kantata)
    sheet = cli.sheet(
        {"amount": 500, "message": "Thanks"},
        {"workspace_id": 102, "item_type": "time_entry", "item_id": 5102001, "message": "Thanks"},
    )
    first = cli.run("submit", sheet, "--yes", "--json")
    one, two = (each["invoice_id"] for each in first.document["invoices"])
    ask(kantata, "PUT", f"/invoices/{one}", {"invoice": {"draft": False, "message": "Danke"}})
    done = cli.run("submit", sheet, "--yes", "--json")
    assert (done.exit_code, done.statuses) == (0, ["already_created"] * 2)
    assert "Changed in Kantata since: message: “Danke”, in the sheet “Thanks”" in done.document["invoices"][0]["error"]
    ask(kantata, "PUT", f"/invoices/{two}", {"invoice": {"time_entry_ids": [5102002]}})
    done = cli.run("submit", sheet, "--yes", "--json")
    assert done.exit_code == 4
    assert "Differs: time entry ids: sent 5102001, Kantata holds 5102002" in done.document["invoices"][1]["error"]


def test_what_is_not_shown_of_an_invoice_found_again_is_said(cli: Cli, kantata: Sandbox) -> None:
    """It was looked for and found, but without its items: neither equal nor different, nor passed in silence."""

    def tamper(_request: object, document: dict[str, Any]) -> None:
        if "invoices" in document:
            without_includes(document)

    cli.sheet({"amount": 500})
    with between(kantata, tamper) as way:
        there = {"KANTATA_BASE_URL": way.base_url, "KANTATA_TOKEN": "sandbox"}
        for _ in range(2):
            done = cli.run("submit", cli.folder / "october.csv", "--yes", "--json", **there)
        shown = " ".join(cli.run("submit", cli.folder / "october.csv", "--yes", **there).stdout.split())
    [one] = done.document["invoices"]
    assert one["status"] == "already_created"
    assert "could not be read back whole: the projects, the fixed fees and additional items" in one["error"]
    assert one["what_to_do"]
    assert "could not be read back whole" in shown
    assert "was not looked up" not in shown
    assert done.document["tie_out"]["by_currency"][0]["not_read_back"] == 1


def test_reconcile_reads_back_what_others_created(cli: Cli, kantata: Sandbox) -> None:
    """Results written anew: invoices that an earlier run created are read back too, so nothing seems to differ."""
    cli = cli.at(kantata)
    cli.fees(3)
    assert cli.run("submit", cli.folder / "october.csv", "--yes", "--json").exit_code == 0
    sheet = cli.fees(4)
    kantata.misbehave(Fault(FaultKind.DROP_AFTER))
    assert cli.run("submit", sheet, "--yes", "--json").exit_code == 8
    before = len(kantata.received("GET"))
    done = cli.run("reconcile", "--json", IMPORTER_SETTLE_SECONDS="0")
    assert len(kantata.received("GET")) - before < 6
    rows = summary(done.document["files"]["results"][0])
    [header] = [row for row in rows if row[0] == "Tie-out by currency"]
    line = dict(zip(header, rows[rows.index(header) + 1], strict=True))
    assert (line["Sheet"], line["Sent"], line["Read back"], line["Difference"]) == (410, 410, 410, 0)
    assert (line["Not read back"], line["Invoices not read back"]) == (None, None)
