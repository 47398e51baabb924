"""What an invoice is expected to come to: the exact sum, or nothing; and how a preview shows it."""

from __future__ import annotations

import json
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plans import fee, hours, invoice
from scripted import Request, Scripted, http

from importer.kantata.account import BillableItem, Found, Project
from importer.model.invoices import ItemType, UnsoundInvoice
from importer.model.plans import Expected
from importer.planning.account import Account, expected_of, rounded
from importer.planning.account_checks import DOLLARS, SIGNS, fits

if TYPE_CHECKING:
    from programs import Cli

    from importer.sandbox.running import Sandbox

EURO = Project(101, "Relaunch", archived=False, currency="EUR", base_unit=100)


def account(*entries: BillableItem, projects: tuple[Project, ...] = (EURO,)) -> Account:
    """Return what was seen of some projects and time entries."""
    items = Found({one.item_id: one for one in entries})
    return Account(Found({one.project_id: one for one in projects}), {ItemType.TIME_ENTRY: items})


def entry(number: int, cents: Fraction | None, workspace: int = 101, **fields: object) -> BillableItem:
    """Return a time entry as Kantata shows it."""
    return BillableItem(number, workspace, cents=cents, **fields)  # type: ignore[arg-type]


@given(st.lists(st.tuples(st.integers(0, 10**7), st.integers(0, 10**5)), min_size=1, max_size=40))
def test_time_is_summed_exactly_and_rounded_once(times: list[tuple[int, int]]) -> None:
    """The total is within half a cent of the exact sum, however many entries there are."""
    entries = [entry(n, Fraction(rate * minutes, 60)) for n, (rate, minutes) in enumerate(times, 1)]
    total = expected_of(invoice(*(hours(one.item_id, row=one.item_id) for one in entries)), account(*entries)).total
    assert total is not None
    exact = sum((Fraction(rate * minutes, 6000) for rate, minutes in times), Fraction(0))
    assert -Fraction(1, 200) <= exact - Fraction(total) < Fraction(1, 200)
    assert total == total.quantize(Decimal("0.01"))


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (Fraction(1, 200), 100, "0.01"),
        (Fraction(1, 201), 100, "0"),
        (Fraction(-1, 200), 100, "-0.01"),
        (Fraction(1, 3), 100, "0.33"),
        (Fraction(3, 2), 1, "2"),
        (Fraction(10**20 + 1, 100), 100, "1000000000000000000.01"),
        (Fraction(12345, 10_000), 1000, "1.235"),
    ],
)
def test_half_a_coin_goes_up(value: Fraction, unit: int, text: str) -> None:
    """Half away from zero, to the currency's smallest coin; large sums stay exact."""
    assert rounded(value, unit) == Decimal(text)


def test_priced_lines_and_items_are_one_sum() -> None:
    """A fee of 500, a third of an hour at 100 an hour, and half a cent."""
    seen = account(entry(1, Fraction(10_000, 3)), entry(2, Fraction(1, 2)))
    assert expected_of(invoice(fee(), hours(1, row=3), hours(2, row=4)), seen) == Expected(
        ("Relaunch",), "EUR", Decimal("533.34"), (Decimal("533.34"),)
    )


NOT_KNOWN = {
    "an item that is not shown": account(),
    "an item without a value": account(entry(1, None)),
    "an item of another project": account(entry(1, Fraction(1), workspace=102)),
    "an item that is not billable": account(entry(1, Fraction(1), billable=False)),
    "an item in another currency": account(entry(1, Fraction(1), currency="USD")),
    "a project without a base unit": account(entry(1, Fraction(1)), projects=(Project(101, currency="EUR"),)),
    "a project that is not shown": account(entry(1, Fraction(1)), projects=()),
}


@pytest.mark.parametrize("case", NOT_KNOWN)
def test_a_total_with_an_unknown_part_is_not_known(case: str) -> None:
    """Never a wrong figure: the known parts alone are no total."""
    assert expected_of(invoice(fee(), hours(1, row=3)), NOT_KNOWN[case]).total is None


def test_two_currencies_have_no_total() -> None:
    """Nor have two projects of which one tells no currency; nor rows with errors."""
    for other in (Project(102, currency="USD", base_unit=100), Project(102)):
        seen = account(projects=(EURO, other))
        expected = expected_of(invoice(fee(), fee(102, row=3), key="a"), seen)
        assert (expected.currency, expected.total) == (None, None)
    assert expected_of(UnsoundInvoice(None, (101,), (2,), Decimal(5)), account()).total is None


def test_a_currency_without_cents() -> None:
    """1,500 in the smallest unit of the yen are 1,500 yen."""
    yen = Project(101, currency="JPY", base_unit=1)
    assert expected_of(invoice(hours(1)), account(entry(1, Fraction(1500)), projects=(yen,))).total == 1500


# --- the preview ---


def test_the_preview_shows_titles_currency_and_expected_total(cli: Cli, sandbox: Sandbox) -> None:
    """In JSON, terminal and workbook; control totals per currency."""
    cli = cli.at(sandbox)
    rows = [
        {"item_type": "time_entry", "item_id": 5101001},
        {"item_type": "expense", "item_id": 6101001},
        {"item_type": "billing_milestone", "item_id": 7101001, "invoice_date": "2026-10-31"},
        {"amount": 1000},
        {"workspace_id": 106, "amount": 50},
    ]
    sheet = cli.sheet(*rows)
    document = cli.run("preview", sheet, "--json").document
    first, second = document["invoices"]
    # Read off the stand-in's own records.
    worth = sandbox_worth(sandbox)
    assert (first["workspace_titles"], first["currency"]) == (["Website-Relaunch Bäckerei Müller"], "EUR")
    assert first["expected_total"] == f"{worth + 1000:.2f}"
    assert (second["currency"], second["expected_total"]) == ("USD", "50.00")
    assert document["totals_by_currency"] == [
        {"currency": "EUR", "invoices": 1, "amount": "1000.00", "expected_total": f"{worth + 1000:.2f}"},
        {"currency": "USD", "invoices": 1, "amount": "50.00", "expected_total": "50.00"},
    ]
    text = " ".join(cli.run("preview", sheet, COLUMNS="200").stdout.split())
    assert "101 Website-Relaunch Bäckerei Müller" in text
    assert f"EUR {worth + 1000:,.2f}" in text
    assert "Expected total, tax excluded" in text
    book = openpyxl.load_workbook(document["files"]["preview"])
    header, *lines = book["Invoices"].iter_rows(values_only=True)
    of = dict(zip(header, lines[0], strict=True))
    assert of["Project titles"] == "Website-Relaunch Bäckerei Müller"
    assert (of["Currency"], of["Expected total, tax excluded"]) == ("EUR", float(worth + 1000))
    header, *lines = book["Lines"].iter_rows(values_only=True)
    assert [dict(zip(header, line, strict=True))["Project in Kantata"] for line in lines][3:] == [
        "Website-Relaunch Bäckerei Müller",
        "Brand refresh Harbor & Pine Coffee",
    ]
    summary = [row[:4] for row in book["Summary"].iter_rows(values_only=True) if row[0] == "USD"]
    assert summary == [("USD", 1, 50, 50)]


def sandbox_worth(sandbox: Sandbox) -> Decimal:
    """Value of the time entry, expense and milestone as the stand-in's API tells it."""
    import requests

    def one(route: str, number: int) -> dict[str, int]:
        answer = requests.get(
            f"{sandbox.base_url}/{route}?only={number}", headers={"Authorization": "Bearer sandbox"}, timeout=60
        )
        return answer.json()[route][str(number)]

    time = one("time_entries", 5101001)
    cents = Decimal(time["rate_in_cents"] * time["time_in_minutes"]) / 60
    cents += one("expenses", 6101001)["amount_in_cents"] + one("billing_milestones", 7101001)["amount_in_cents"]
    return (cents / 100).quantize(Decimal("0.01"))


def test_the_expected_total_is_what_kantata_then_holds(cli: Cli, sandbox: Sandbox) -> None:
    """For the whole sample, invoice by invoice (the stand-in has no tax)."""
    from pathlib import Path

    sample = Path(__file__).parents[2] / "sample_data" / "agency_october_2026.xlsx"
    done = cli.at(sandbox).run("submit", sample, "--yes", "--json")
    assert done.exit_code == 0
    held = {str(one.id): Decimal(one.balance_in_cents) / 100 for one in sandbox.invoices()}
    for one in done.document["invoices"]:
        assert Decimal(one["expected_total"]) == pytest.approx(held[one["invoice_id"]], abs=Decimal("0.02"))


def test_the_sample_previews_clean(cli: Cli, sandbox: Sandbox) -> None:
    """38 rows, 11 invoices, 26,985.00, and no live finding."""
    from pathlib import Path

    sample = Path(__file__).parents[2] / "sample_data" / "agency_october_2026.xlsx"
    done = cli.at(sandbox).run("preview", sample, "--json")
    totals = done.document["totals"]
    assert (done.exit_code, totals["rows"], totals["invoices"], totals["amount"]) == (0, 38, 11, "26985.00")
    assert [one["code"] for one in done.document["problems"]] == ["column.unknown"]
    assert all(one["expected_total"] for one in done.document["invoices"])


def test_dinars_keep_their_third_decimal(cli: Cli) -> None:
    """Terminal, JSON and workbook say the same figure, and Excel shows all of it."""

    def answer(request: Request) -> bytes:
        key = request.target.split("?")[0].rpartition("/")[2]
        project = {"title": "Relaunch", "currency": "BHD", "currency_base_unit": 1000}
        time = {"workspace_id": "101", "rate_in_cents": 20005, "time_in_minutes": 60, "currency": "BHD"}
        records = {"workspaces": {"101": project}, "time_entries": {"5": time}}.get(key, {})
        results = [{"key": key, "id": one} for one in records]
        return http(200, json.dumps({"count": len(records), "results": results, key: records}))

    with Scripted([answer]) as server:
        env = {"KANTATA_BASE_URL": server.base_url, "KANTATA_TOKEN": "t"}
        sheet = cli.sheet({"item_type": "time_entry", "item_id": 5, "amount": ""})
        document = cli.run("preview", sheet, "--json", **env).document
        text = cli.run("preview", sheet, COLUMNS="200", **env).stdout
    assert document["invoices"][0]["expected_total"] == "20.005"
    assert document["totals_by_currency"][0]["expected_total"] == "20.005"
    assert text.count("20.005") == 3  # in the first sentence too
    header, line = openpyxl.load_workbook(document["files"]["preview"])["Invoices"].iter_rows()
    [cell] = [one for name, one in zip(header, line, strict=True) if name.value == "Expected total, tax excluded"]
    assert (cell.value, cell.number_format) == (20.005, "#,##0.00#")


def test_an_unknown_total_is_said(cli: Cli) -> None:
    """“not known” in terminal and workbook, null in JSON, for the invoice and for its currency."""

    def answer(request: Request) -> bytes:
        key = request.target.split("?")[0].rpartition("/")[2]
        project = {"title": "Relaunch", "currency": "EUR", "currency_base_unit": 100}
        records = {"workspaces": {"101": project}, "time_entries": {"5": {"workspace_id": "101"}}}.get(key, {})
        results = [{"key": key, "id": one} for one in records]
        return http(200, json.dumps({"count": len(records), "results": results, key: records}))

    with Scripted([answer]) as server:
        env = {"KANTATA_BASE_URL": server.base_url, "KANTATA_TOKEN": "t"}
        sheet = cli.sheet({"item_type": "time_entry", "item_id": 5, "amount": ""})
        document = cli.run("preview", sheet, "--json", **env).document
        text = cli.run("preview", sheet, COLUMNS="200", **env).stdout
    assert (document["exit_code"], document["invoices"][0]["expected_total"]) == (0, None)
    assert document["totals_by_currency"][0]["expected_total"] is None
    assert text.count("not known") == 2
    rows = list(openpyxl.load_workbook(document["files"]["preview"])["Invoices"].iter_rows(values_only=True))
    assert "not known" in rows[1]


def test_nothing_is_expected_offline(cli: Cli) -> None:
    """Without an answer of Kantata there are no titles and no totals."""
    document = cli.run("preview", cli.sheet({"amount": 5}), "--json", "--offline").document
    one = document["invoices"][0]
    assert (one["expected_total"], one["currency"], one["workspace_titles"]) == (None, None, [])
    assert document["totals_by_currency"] == []


# --- currency marks ---


@pytest.mark.parametrize(
    ("mark", "currency", "fitting"),
    [
        ("$", "USD", True),
        ("$", "CAD", True),
        ("$", "AUD", True),
        ("$", "EUR", False),
        ("€", "EUR", True),
        ("€", "USD", False),
        ("£", "GBP", True),
        ("£", "EUR", False),
        ("EUR", "EUR", True),
        ("eur", "EUR", True),
        ("EUR", "USD", False),
        ("US$", "USD", True),
        ("US$", "CAD", False),
        ("kr.", "SEK", True),
        ("¥", "JPY", True),
        (" € ", "eur", True),
        (None, "EUR", None),
        ("", "EUR", None),
        ("€", None, None),
        ("€", "", None),
        ("☃", "EUR", None),
        ("euros", "EUR", None),
    ],
)
def test_a_mark_is_compared_with_the_currency(mark: str | None, currency: str | None, *, fitting: bool | None) -> None:
    """True and false where it is sure, None where it cannot be told."""
    assert fits(mark, currency) is fitting


def test_signs_name_codes() -> None:
    """Three capitals each."""
    codes = DOLLARS.union(*SIGNS.values())
    assert all(len(code) == 3 and code.isascii() and code.isupper() for code in codes)
