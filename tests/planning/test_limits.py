"""The gates before sending: figures and dates that cannot be meant keep the whole file back, and say so."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from programs import Cli, Finished

    from importer.sandbox.running import Sandbox

TODAY = date.today()  # noqa: DTZ011 - as the program reckons: this machine's day


def submit(cli: Cli, *options: str, **env: str) -> Finished:
    """Submit the sheet."""
    return cli.run("submit", cli.folder / "october.csv", "--yes", "--json", *options, **env)


GATES = [
    ("EXPECT_INVOICES", "4", ["makes 3 invoices", "4 were expected"]),
    ("EXPECT_TOTAL", "306.50", ["has 306.00", "306.50 was expected"]),
    ("LARGEST_INVOICE", "102", ["of k3 (row 4) has 103.00", "largest_invoice allows 102.00"]),
    ("LARGEST_TOTAL", "305.99", ["has 306.00", "largest_total allows 305.99"]),
]


@pytest.mark.parametrize(("name", "value", "words"), GATES)
def test_a_gate_names_what_was_found_and_what_is_allowed(
    cli: Cli, sandbox: Sandbox, name: str, value: str, words: list[str]
) -> None:
    """Exit 9, both figures, nothing sent; preview says it beforehand and ends as ever."""
    cli = cli.at(sandbox)
    sheet = cli.fees(3)
    done = submit(cli, **{f"IMPORTER_{name}": value})
    assert (done.exit_code, sandbox.received("POST")) == (9, [])
    said = " ".join(done.document["notices"])
    assert all(word in said for word in words), said
    preview = cli.run("preview", sheet, "--json", **{f"IMPORTER_{name}": value})
    assert preview.exit_code == 0
    assert any("Submit would refuse" in notice and words[1] in notice for notice in preview.document["notices"])


def test_credits_are_not_set_off_against_charges(cli: Cli, sandbox: Sandbox) -> None:
    """A million and a credit of nearly as much come to little together; both are large."""
    cli = cli.at(sandbox)
    fields = {"item_type": "additional", "notes": "x"}
    charge = fields | {"workspace_id": "101", "invoice_key": "a", "amount": "1000000"}
    credit = fields | {"workspace_id": "102", "invoice_key": "b", "amount": "-999500"}
    cli.sheet(charge, credit)
    refused = submit(cli, IMPORTER_LARGEST_TOTAL="1000")
    assert (refused.exit_code, sandbox.received("POST")) == (9, [])
    assert "charges and credits come to 1,999,500.00 together" in refused.document["notices"][-1]
    assert submit(cli, IMPORTER_LARGEST_TOTAL="1999500").exit_code == 0


def test_figures_that_are_just_met_pass(cli: Cli, sandbox: Sandbox) -> None:
    """As many and as much as expected, and the largest allowed, in a settings file; a flag counts before it."""
    cli = cli.at(sandbox)
    cli.fees(3)
    (cli.folder / "importer.toml").write_text(
        "expect_invoices = 3\nexpect_total = 306.00\nlargest_invoice = 103\nlargest_total = 306\n"
    )
    refused = submit(cli, "--expect-total", "305")
    assert (refused.exit_code, "305.00 was expected" in refused.document["notices"][-1]) == (9, True)
    assert "correct --expect-total." in refused.document["notices"][-1]
    elsewhere = submit(cli, IMPORTER_EXPECT_INVOICES="4")
    assert (elsewhere.exit_code, "correct expect_invoices." in elsewhere.document["notices"][-1]) == (9, True)
    assert submit(cli).exit_code == 0


def test_a_large_credit_is_large_too(cli: Cli, sandbox: Sandbox) -> None:
    """Minus 500 is more than 400."""
    cli = cli.at(sandbox)
    cli.sheet({"item_type": "additional", "amount": -500, "notes": "Credit"})
    assert submit(cli, IMPORTER_LARGEST_INVOICE="400").exit_code == 9


def test_a_date_outside_the_month_of_the_batch(cli: Cli, sandbox: Sandbox) -> None:
    """A warning unless told otherwise; an error stops the file, with --partial its invoice only; or nothing."""
    cli = cli.at(sandbox)
    cli.sheet(
        {"invoice_key": "a", "amount": 1, "invoice_date": "2026-10-31"},
        {"invoice_key": "b", "amount": 2, "invoice_date": "2026-09-30"},
        {"invoice_key": "b", "amount": 3, "invoice_date": "2026-09-30"},
    )

    def preview(outside: str) -> Finished:
        return cli.run(
            "preview", cli.folder / "october.csv", "--batch", "2026-10", "--json", IMPORTER_INVOICE_DATE_OUTSIDE=outside
        )

    [warning] = preview("warn").document["problems"]
    assert (warning["severity"], warning["code"], warning["cell"]) == ("warning", "invoice_date.outside", "F3")
    assert "2026-09-30" in warning["message"]
    assert "1 more row" in warning["message"]
    refused = preview("error")
    assert (refused.exit_code, [one["cell"] for one in refused.document["problems"]]) == (3, ["F3", "F4"])
    assert preview("allow").document["problems"] == []
    env = {"IMPORTER_INVOICE_DATE_OUTSIDE": "error"}
    assert submit(cli, "--batch", "2026-10", **env).exit_code == 3
    done = submit(cli, "--batch", "2026-10", "--partial", **env)
    assert (done.exit_code, done.statuses) == (4, ["created", "not_sent"])


def test_a_further_batch_of_a_month_has_its_dates(cli: Cli) -> None:
    """``template --from-kantata`` names one where the month was billed before."""
    cli.sheet({"amount": 1, "invoice_date": "2026-09-30"})
    done = cli.run("preview", cli.folder / "october.csv", "--batch", "2026-10-2", "--json", "--offline")
    assert [each["code"] for each in done.document["problems"]] == ["invoice_date.outside"]


def test_a_batch_that_is_no_month_allows_every_date(cli: Cli) -> None:
    """“Phase 1” says nothing of dates."""
    cli.sheet({"amount": 1, "invoice_date": "2026-09-30"})
    done = cli.run("preview", cli.folder / "october.csv", "--batch", "Phase 1", "--json", "--offline")
    assert done.document["problems"] == []


def test_of_several_months_the_odd_date_is_blamed(cli: Cli) -> None:
    """Where the dates share no month the batch is that of the run: then most of them are not what is wrong."""
    days = ["2020-10-31", "2020-10-31", "2020-09-30", "2020-10-30"]
    cli.sheet(*({"invoice_key": f"k{place}", "amount": 5, "invoice_date": day} for place, day in enumerate(days)))
    document = cli.run("preview", cli.folder / "october.csv", "--json", "--offline").document
    [problem] = [each for each in document["problems"] if each["code"] == "invoice_date.outside"]
    assert problem["value"] == "2020-09-30"
    assert "lies outside 2020-10, the month of most rows" in problem["message"]


@pytest.mark.parametrize(("outside", "code"), [("warn", 0), ("allow", 0), ("error", 3)])
def test_a_date_far_ahead(cli: Cli, outside: str, code: int) -> None:
    """The 31st day ahead passes, the 32nd does not: a warning, or an error by setting."""
    env = {"IMPORTER_INVOICE_DATE_OUTSIDE": outside}
    for days, found in ((31, []), (32, ["invoice_date.future"])):
        cli.sheet({"amount": 1, "invoice_date": (TODAY + timedelta(days=days)).isoformat()})
        done = cli.run("preview", cli.folder / "october.csv", "--json", "--offline", **env)
        assert [one["code"] for one in done.document["problems"]] == found
        assert done.exit_code == (code if found else 0)
    assert done.document["problems"][0]["message"].endswith("lies 32 days ahead; at most 31 are usual.")


def test_a_number_of_an_earlier_invoice_is_held(cli: Cli, sandbox: Sandbox) -> None:
    """A number that the ledger knows on another invoice: a person decides; when that one is undone it is free."""
    cli = cli.at(sandbox)
    cli.sheet({"invoice_key": "a", "amount": 1, "user_invoice_number": 777})
    first = submit(cli)
    assert first.statuses == ["created"]
    cli.sheet({"invoice_key": "b", "amount": 2, "user_invoice_number": 777})
    held = submit(cli)
    assert (held.exit_code, held.statuses) == (4, ["held"])
    error = held.document["invoices"][0]["error"]
    assert "777" in error
    assert first.document["invoices"][0]["invoice_id"] in error
    assert cli.run("undo", first.document["run_id"], "--yes").exit_code == 0
    assert submit(cli).statuses == ["created"]


def test_an_amount_in_the_settings_is_exact(cli: Cli, sandbox: Sandbox) -> None:
    """0.1 + 0.2 of a settings file is 0.3 of the sheet, whatever floats say."""
    cli = cli.at(sandbox)
    cli.sheet({"amount": "0.1"}, {"amount": "0.2"})
    (cli.folder / "importer.toml").write_text('expect_total = 0.3\nfractional_amounts = "send"\n')
    assert submit(cli).exit_code == 0, json.dumps(submit(cli).document["notices"])
