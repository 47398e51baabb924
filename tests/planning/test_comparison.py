"""Against last month: who is missing, who is new, what changed much, and what was only dated anew."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
import requests
from openpyxl import load_workbook
from plans import BATCH, SOURCE, fee, fees, hours, invoice, plan

from importer.flow.preview import batch_before
from importer.ledger.opening import open_ledger
from importer.model.answers import Outcome, OutcomeKind
from importer.model.plans import Expected
from importer.planning.comparison import Kind, compare

if TYPE_CHECKING:
    import sqlalchemy as sa
    from programs import Cli, Finished

    from importer.ledger.ledger import SubmissionLedger
    from importer.model.plans import PlannedInvoice
    from importer.sandbox.running import Sandbox


def month(cli: Cli, day: str, amounts: dict[int, object], **fields: Any) -> None:
    """Write a sheet of one fixed fee per project."""
    cli.sheet(*({"workspace_id": n, "amount": amount, "invoice_date": day, **fields} for n, amount in amounts.items()))


def submit(cli: Cli) -> Finished:
    """Submit the sheet."""
    return cli.run("submit", cli.folder / "october.csv", "--yes", "--json")


def preview(cli: Cli, *options: str, **env: str) -> Finished:
    """Preview the sheet."""
    return cli.run("preview", cli.folder / "october.csv", "--json", *options, **env)


def test_preview_compares_with_the_month_before(cli: Cli, sandbox: Sandbox) -> None:
    """Missing, new, changed by more than half, and the largest: in the notices, and in a sheet of the workbook."""
    cli = cli.at(sandbox)
    month(cli, "2026-10-31", {101: 100, 102: 100, 103: 100, 104: 100})
    assert submit(cli).exit_code == 0
    month(cli, "2026-11-30", {101: 150, 102: 151, 103: 49, 105: 900})
    done = preview(cli)
    a, b, c, e = (
        "Website-Relaunch Bäckerei Müller",
        "Markenauftritt Großküchen Schöller",
        "Onlineshop Käserei Alpgrün",
        "App FährePlus",
    )
    d = "Kampagne Herbstlichter, Stadtwerke Düsseldorf"
    assert done.document["notices"][1:] == [
        f"Against batch 2026-10: 4 projects then, 4 now; missing now: 104 “{d[:40]}…”; new: 105 “{e}”.",
        f"Amount changed by more than 50 %: 102 “{b}” (EUR 100.00 → 151.00), 103 “{c}” (EUR 100.00 → 49.00).",
        f"Largest invoices in EUR: 105 “{e}” 900.00, 102 “{b}” 151.00, 101 “{a}” 150.00, 103 “{c}” 49.00.",
    ]
    rows = list(load_workbook(done.document["files"]["preview"])["Changes"].iter_rows(values_only=True))
    assert rows[1:] == [
        ("changed", "102", b, "EUR", "2026-10", 100, 151, 51, 51),
        ("changed", "103", c, "EUR", "2026-10", 100, 49, -51, -51),
        ("missing now", "104", d, "EUR", "2026-10", 100, None, -100, None),
        ("new", "105", e, "EUR", "2026-10", None, 900, 900, None),
        ("largest now", "105", e, "EUR", None, None, 900, None, None),
        ("largest now", "102", b, "EUR", None, None, 151, None, None),
        ("largest now", "101", a, "EUR", None, None, 150, None, None),
        ("largest now", "103", c, "EUR", None, None, 49, None, None),
    ]
    assert "missing now: 104" in cli.run("preview", cli.folder / "october.csv").stdout
    small = preview(cli, IMPORTER_CHANGE_PERCENT="10")
    assert f"101 “{a}” (EUR 100.00 → 150.00)" in small.document["notices"][2]


def test_what_other_files_of_the_batch_have_billed_is_not_missing(cli: Cli, sandbox: Sandbox) -> None:
    """A month in two files, or the rows that were left to fix: the batch is compared, not the file alone."""
    cli = cli.at(sandbox)
    month(cli, "2026-10-31", {101: 100, 102: 100, 103: 100}, notes="fee")
    assert submit(cli).exit_code == 0
    month(cli, "2026-11-30", {101: 100, 102: 300}, invoice_key="first", notes="first")
    assert submit(cli).exit_code == 0
    month(cli, "2026-11-30", {101: 100, 103: 100}, invoice_key="second", notes="second")
    said = "\n".join(preview(cli).document["notices"])
    assert "several projects" in said
    assert "3 projects then, 3 now, 1 of them billed already." in said
    assert "101 “Website-Relaunch Bäckerei Müller” (EUR 100.00 → 200.00)" in said
    assert "102 “Markenauftritt Großküchen Schöller” (EUR 100.00 → 300.00)" in said
    month(cli, "2026-11-30", {101: 150, 102: 300}, invoice_key="first", notes="first")
    done = preview(cli)
    assert done.statuses == ["held"]
    said = "\n".join(done.document["notices"])
    assert "3 projects then, 2 now, 2 of them billed already; missing now: 103" in said


def test_without_a_batch_before_nothing_is_compared(cli: Cli, sandbox: Sandbox) -> None:
    """The first month has neither notices nor the sheet."""
    cli = cli.at(sandbox)
    month(cli, "2026-10-31", {101: 100})
    done = preview(cli)
    assert done.document["notices"][1:] == []
    assert "Changes" not in load_workbook(done.document["files"]["preview"]).sheetnames


def test_one_that_was_deleted_or_bears_the_same_date_is_not_named(cli: Cli, sandbox: Sandbox) -> None:
    """What is gone from Kantata bills nothing; and “all but the date” is not said of the same date."""
    cli = cli.at(sandbox)
    cli = replace(cli, env={**cli.env, "IMPORTER_SETTLE_SECONDS": "0"})
    month(cli, "2026-10-31", {101: 100}, invoice_key="", notes="Retainer")
    submit(cli)
    again = cli.run("preview", cli.folder / "october.csv", "--batch", "again", "--json").document
    assert (again["invoices"][0]["status"], again["problems"]) == ("held", [])
    address = f"{sandbox.base_url}/invoices/{sandbox.invoices()[0].id}"
    assert requests.delete(address, headers={"Authorization": f"Bearer {sandbox.token}"}, timeout=60).ok
    again = cli.run("preview", cli.folder / "october.csv", "--batch", "again", "--json").document
    assert (again["invoices"][0]["status"], again["problems"]) == ("ready", [])


def test_another_text_is_no_repeat(cli: Cli, sandbox: Sandbox) -> None:
    """“Retainer November” after “Retainer October” is not the same content."""
    cli = cli.at(sandbox)
    month(cli, "2026-10-31", {101: 100}, notes="Retainer October")
    submit(cli)
    month(cli, "2026-11-20", {101: 100}, notes="Retainer November")
    assert preview(cli).document["problems"] == []


@pytest.mark.parametrize(
    ("batch", "known", "before"),
    [
        ("2026-11", ["2026-12", "2026-09", "2026-10", "Phase 1"], "2026-10"),
        ("2026-11", ["2026-09", "2026-10-b", "2026-10, again"], "2026-09"),
        ("2026-01", ["2025-12", "2026-02"], "2025-12"),
        ("2026-10", ["2026-10", "2026-11", "Phase 1"], None),
        ("2026-10-2", ["2026-09", "2026-10", "2026-11"], "2026-09"),
        ("Phase 2", ["2026-10", "Phase 1", "Phase 2"], "Phase 1"),
        ("Phase 2", ["Phase 2"], None),
        ("2026-10", [], None),
    ],
)
def test_which_batch_is_the_one_before(ledger_place: sa.URL, batch: str, known: list[str], before: str | None) -> None:
    """Of months the latest earlier one; else the one that was sent to last."""
    ledger = open_ledger(ledger_place, "account")
    for name in known:
        bill(ledger, *plan(invoice(fee(101)), batch=name), batch=name, kind=OutcomeKind.CREATED)
    assert batch_before(batch, ledger) == before
    ledger.close()


def bill(ledger: SubmissionLedger, *planned: PlannedInvoice, batch: str = BATCH, kind: OutcomeKind) -> None:
    """Note invoices as sent, with this outcome."""
    for one in planned:
        claim = ledger.claim(one, "run-1", batch, SOURCE)
        assert claim is not None
        ledger.note_outcome(claim, Outcome(kind, invoice_id="9001" if kind is OutcomeKind.CREATED else None))


def test_both_kinds_of_ledger_look_back(ledger_place: sa.URL) -> None:
    """What exists or may exist is compared, what was rejected is not; the newest batch comes first."""
    ledger = open_ledger(ledger_place, "account")
    september, october, rejected = plan(invoice(fee(101)), batch="a")[0], fees(2), plan(invoice(fee(109)), batch="c")
    bill(ledger, september, batch="a", kind=OutcomeKind.CREATED)
    bill(ledger, *october, batch="b", kind=OutcomeKind.UNKNOWN)
    bill(ledger, *rejected, batch="c", kind=OutcomeKind.REJECTED)
    assert [batch_before(name, ledger) for name in "abcd"] == ["b", "a", "b", "b"]
    assert [one.reference for one in ledger.billed_in_batch("a")] == [september.reference]
    ledger.close()


TIME, MILESTONE = (
    {"workspace_id": 102, "item_type": "time_entry", "item_id": 5102001, "amount": ""},
    {"workspace_id": 102, "item_type": "billing_milestone", "item_id": 7102001, "amount": ""},
)
"""Of the stand-in: worth 375.00 and 6,000.00."""


def test_time_and_milestones_count_for_what_they_are_worth(cli: Cli, sandbox: Sandbox) -> None:
    """Now and then: what Kantata priced when it was sent is on record; each currency has its own ranking."""
    cli = cli.at(sandbox)
    before, now = {"invoice_date": "2026-10-31"}, {"invoice_date": "2026-11-30"}
    cli.sheet(TIME | before, {"workspace_id": 105, "amount": 300} | before)
    assert submit(cli).exit_code == 0
    cli.sheet(
        MILESTONE | now,
        {"workspace_id": 105, "amount": 310} | now,
        {"workspace_id": 106, "amount": 7000} | now,
    )
    done = preview(cli)
    against, changed, euros, dollars = done.document["notices"][1:]
    assert "3 now; new: 106" in against
    assert changed == (
        "Amount changed by more than 50 %: 102 “Markenauftritt Großküchen Schöller” (EUR 375.00 → 6,000.00)."
    )
    assert euros.startswith("Largest invoices in EUR: 102 “Markenauftritt Großküchen Schöller” 6,000.00, 105 ")
    assert dollars.startswith("Largest invoices in USD: 106 ")
    assert submit(cli).exit_code == 0
    again = preview(cli).document["notices"][1:]  # billed by now: the worth is that on record
    assert again[1] == changed
    assert "102 “Markenauftritt Großküchen Schöller” 6,000.00" in again[2]


def test_what_is_not_known_is_neither_nothing_nor_compared(cli: Cli, sandbox: Sandbox) -> None:
    """A ledger that an older version wrote has no worth of time; priced lines it has in what was sent."""
    cli = cli.at(sandbox)
    before, now = {"invoice_date": "2026-10-31"}, {"invoice_date": "2026-11-30"}
    cli.sheet(TIME | before, {"workspace_id": 105, "amount": 100} | before)
    assert submit(cli).exit_code == 0
    with sqlite3.connect(cli.ledger) as connection:
        connection.execute("UPDATE invoices SET expected = NULL")
    connection.close()
    cli.sheet({"workspace_id": 102, "amount": 10} | now, {"workspace_id": 105, "amount": 300} | now)
    done = preview(cli)
    assert done.document["notices"][2:4] == [
        "Amount changed by more than 50 %: 105 “App FährePlus” (EUR 100.00 → 300.00).",
        (
            "Not compared: 102 “Markenauftritt Großküchen Schöller”. For one of the two batches it is not known what "
            "their time, expenses or milestones come to."
        ),
    ]
    rows = list(load_workbook(done.document["files"]["preview"])["Changes"].iter_rows(values_only=True))
    assert ("not compared", "102", None, 10, None, None) in [(*row[:2], *row[5:]) for row in rows]
    cli.sheet(MILESTONE | now)
    offline = preview(cli, "--offline").document["notices"]
    assert "Not among the largest, because their amount is not known: 1 of the invoices." in offline


def test_an_invoice_over_several_projects_counts_for_each(ledger: SubmissionLedger) -> None:
    """Each project has its own lines; the ledger remembers what each was worth, as far as it was known."""
    [before] = plan(invoice(fee(101, "100"), fee(102, "50", row=3), hours(5103001, 103, row=4), key="all"))
    shares = (Decimal(100), Decimal(50), None)
    before = replace(before, expected=Expected(("A", None, "C"), "EUR", None, shares))
    bill(ledger, before, kind=OutcomeKind.CREATED)
    now = plan(invoice(fee(102, "200")), invoice(hours(5103002, 103)), batch="2026-11")
    changes = compare(now, ledger.billed_in_batch(BATCH), BATCH, Decimal(50))
    assert [(one.workspace_id, one.kind, one.before, one.now) for one in changes.changes] == [
        (101, Kind.MISSING, 100, None),
        (102, Kind.CHANGED, 50, 200),
        (103, Kind.NOT_COMPARED, None, None),
    ]
    assert [(one.title, one.currency) for one in changes.changes] == [("A", "EUR"), (None, "EUR"), ("C", "EUR")]
    assert changes.of(Kind.CHANGED)[0].percent == 300


def test_another_currency_is_said_and_never_subtracted(ledger: SubmissionLedger) -> None:
    """A project that was billed in euros and now is in dollars: no difference of amounts, and the true reason."""
    bill(ledger, priced("100", "EUR"), kind=OutcomeKind.CREATED)
    changes = compare([priced("120", "USD")], ledger.billed_in_batch(BATCH), BATCH, Decimal(50))
    [one] = changes.changes
    assert (one.kind, one.before, one.now, one.moved, one.percent) == (Kind.NOT_COMPARED, 100, 120, None, None)
    assert list(changes.lines())[1] == (
        "Not compared, because the currency is another one: 101 “A” (EUR then, USD now)."
    )


def priced(amount: str, currency: str) -> PlannedInvoice:
    """An invoice of one fee, whose project has this currency."""
    [one] = plan(invoice(fee(101, amount)))
    return replace(one, expected=Expected(("A",), currency, Decimal(amount), (Decimal(amount),)))
