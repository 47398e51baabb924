"""The tie-out states a difference only where both figures are known, and says what was not read back."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from openpyxl import load_workbook
from plans import fee, invoice, plan
from rich.console import Console

from importer.model.answers import ReadBack, Shown, ShownItem
from importer.model.exit_codes import ExitCode
from importer.model.invoices import ItemType
from importer.model.plans import Expected, PlannedInvoice, Source, Status, Totals
from importer.reporting.balance import SEVERAL, Tally
from importer.reporting.report import Report
from importer.reporting.terminal import show
from importer.sandbox.faults import Fault, FaultKind

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet
    from programs import Cli

    from importer.sandbox.running import Sandbox


def tally(*planned: PlannedInvoice) -> Tally:
    """The figures of these invoices alone."""
    total = sum((one.invoice.amount for one in planned), Decimal(0))
    return Tally(planned, total, sum(len(one.invoice.rows) for one in planned), frozenset())


def billed(amount: str, held: str | None, *, status: Status = Status.CREATED, currency: str = "EUR") -> PlannedInvoice:
    """An invoice of one fee, of which Kantata holds so much; None: not read back."""
    read_back = None if held is None else ReadBack(currency=currency, items_amount=Decimal(held), total=Decimal(held))
    return replace(plan(invoice(fee(101, amount)))[0], status=status, read_back=read_back)


def summary(file: str) -> list[tuple[Any, ...]]:
    """The rows of the sheet Summary."""
    return list(load_workbook(file)["Summary"].iter_rows(values_only=True))


def test_a_difference_needs_both_figures() -> None:
    """What was not read back is counted by number and amount; the rest is compared."""
    expected = Expected(("A",), "EUR", None)
    unread = replace(billed("300", None), expected=expected)
    [line] = tally(billed("100", "99"), unread, billed("50", None, status=Status.REJECTED)).by_currency()
    assert (line.sheet, line.sent, line.read_back, line.difference) == (450, 400, 99, -1)
    assert (line.unread, line.unread_amount) == (1, 300)
    [none] = tally(unread).by_currency()
    assert (none.name, none.read_back, none.difference, none.total) == ("EUR", None, None, None)


def test_a_shared_invoice_is_compared_as_far_as_it_is_told() -> None:
    """Kantata says what it holds in all, not of which project: then no project has a difference, nor a total."""
    shared = plan(invoice(fee(101, "100"), fee(102, "50", row=3), key="a"))[0]
    held = ReadBack(items_amount=Decimal(150), total=Decimal(150))
    [line] = tally(replace(shared, status=Status.CREATED, read_back=held)).by_project()
    assert (line.name, line.sheet, line.read_back, line.difference, line.total) == (SEVERAL, 150, 150, 0, None)
    lines = tally(replace(shared, status=Status.CREATED)).by_project()
    assert [(one.name, one.sent, one.difference, one.unread_amount, one.total) for one in lines] == [
        ("101", 100, None, 100, None),
        ("102", 50, None, 50, None),
    ]


def test_a_part_of_what_kantata_holds_is_no_total() -> None:
    """Kantata says no total of one invoice, or not of a project's share in it: then the line has none."""
    silent = replace(billed("50", "50"), read_back=ReadBack(currency="EUR", items_amount=Decimal(50)))
    [line] = tally(billed("100", "100"), silent).by_currency()
    assert (line.read_back, line.total) == (150, None)
    shared = plan(invoice(fee(101, "7"), fee(102, "50", row=3), key="a"))[0]
    items = tuple(
        ShownItem(ItemType.FIXED_FEE, Decimal(amount), "", {"workspace_id": number})
        for amount, number in ((7, "101"), (50, "102"))
    )
    shown = Shown({}, None, {}, items)
    held = ReadBack(items_amount=Decimal(57), total=Decimal(57), shown=shown)
    lines = tally(billed("100", "100"), replace(shared, status=Status.CREATED, read_back=held)).by_project()
    assert [(one.name, one.read_back, one.total) for one in lines] == [("101", 107, None), ("102", 50, None)]


def test_an_invoice_over_two_currencies_is_in_neither() -> None:
    """Its projects' other invoices tell both currencies; its amount is no part of the sum of one of them."""
    euro = replace(billed("1", None, status=Status.HELD), expected=Expected(("A",), "EUR", None))
    dollar = replace(plan(invoice(fee(106, "2")))[0], expected=Expected(("B",), "USD", None))
    both = plan(invoice(fee(101, "100"), fee(106, "50", row=3), key="a"))[0]
    sums = {line.name: line.sheet for line in tally(euro, dollar, both).by_currency()}
    assert sums == {"EUR": 1, "USD": 2, "currency not known": 150}


def test_a_gate_that_refuses_raises_no_alarm(cli: Cli, sandbox: Sandbox) -> None:
    """All is billed already; the second submit is refused before anything is looked up, and claims no difference."""
    cli = cli.at(sandbox)
    sheet = cli.fees(2)
    assert cli.run("submit", sheet, "--yes", "--json").exit_code == 0
    done = cli.run("submit", sheet, "--yes", "--json", "--expect-total", "5")
    [line] = done.document["tie_out"]["by_currency"]
    assert (done.exit_code, line["difference"], line["read_back"], line["not_read_back"]) == (9, None, None, 2)
    shown = " ".join(cli.run("submit", sheet, "--yes", "--expect-total", "5").stdout.split())
    assert "difference" not in shown
    assert "nothing was sent in this run, and what was billed before was not looked up" in shown


def test_a_rejected_invoice_has_its_currency(cli: Cli, sandbox: Sandbox) -> None:
    """Its amount stands in the line of its currency, so that what was not billed shows there; in a preview too."""
    cli = cli.at(sandbox)
    sheet = cli.sheet({"amount": 500}, {"workspace_id": 102, "amount": 70}, {"workspace_id": 106, "amount": 7})
    lines = cli.run("preview", sheet, "--json").document["tie_out"]["by_currency"]
    assert [(one["name"], one["sheet"]) for one in lines] == [("EUR", "570.00"), ("USD", "7.00")]
    sandbox.misbehave(Fault(FaultKind.STATUS_BEFORE, status=422, after=1))
    done = cli.run("submit", sheet, "--yes", "--json")
    assert done.statuses == ["created", "rejected", "created"]
    lines = done.document["tie_out"]["by_currency"]
    assert [(one["name"], one["sheet"], one["sent"], one["read_back"]) for one in lines] == [
        ("EUR", "570.00", "500.00", "500.00"),
        ("USD", "7.00", "7.00", "7.00"),
    ]


def test_before_sending_there_is_a_plan_and_no_tie_out() -> None:
    """What a person is asked to agree to has not happened yet."""
    one = replace(plan(invoice(fee(101, "100")))[0], expected=Expected(("A",), "EUR", Decimal(100)))
    other = replace(plan(invoice(fee(106, "50")))[0], expected=Expected(("B",), "USD", Decimal(50)))
    totals = Totals(2, 2, Decimal(150), {Status.READY: 2}, {Status.READY: Decimal(150)})
    report = Report(
        "submit",
        "run",
        "2026-10",
        "account",
        datetime(2026, 11, 1, 9, 0).astimezone(),
        ExitCode.DONE,
        Source("o.csv", "o", "0", 2),
        None,
        (one, other),
        totals,
        (),
        (),
        "",
    )
    text = io.StringIO()
    show(report, Console(file=text, width=120))
    assert "Tie-out" not in text.getvalue()
    assert "every row has its answer" not in text.getvalue()
    assert "sum over 2 currencies: EUR 100.00 + USD 50.00" in text.getvalue()


def test_the_workbook_titles_projects_and_leaves_unknown_totals_blank(cli: Cli, sandbox: Sandbox) -> None:
    """In the results as in the preview; no project has the total of an invoice that it shares with others."""
    cli = cli.at(sandbox)
    sheet = cli.sheet(
        {"amount": 500},
        {"workspace_id": 104, "invoice_key": "a", "amount": 5},
        {"workspace_id": 105, "invoice_key": "a", "amount": 6},
    )
    book = load_workbook(cli.run("submit", sheet, "--yes", "--json").document["files"]["results"])
    invoices: Worksheet = book["Invoices"]
    titles = [cell.value for cell in next(iter(invoices.iter_cols(min_col=2, max_col=2)))]
    assert titles[0] == "Project titles"
    assert "Bäckerei" in str(titles[1])
    rows = list(book["Summary"].iter_rows(values_only=True))
    header = next(row for row in rows if row[0] == "Tie-out by project")
    first = rows.index(header) + 1
    lines = [dict(zip(header, row, strict=True)) for row in rows[first : first + 3]]
    assert [(one["Tie-out by project"], one["Total in Kantata"]) for one in lines] == [
        ("101", 500),
        ("104", None),
        ("105", None),
    ]
    assert "Bäckerei" in lines[0]["Project title"]


def test_what_was_compared_of_time_entries_is_said(cli: Cli, sandbox: Sandbox) -> None:
    """A sheet without amounts has none to compare; that each item is on its invoice was compared."""
    cli = cli.at(sandbox)
    rows = [{"item_type": "time_entry", "item_id": 5_101_000 + number, "amount": ""} for number in range(1, 4)]
    text = " ".join(cli.run("submit", cli.sheet(*rows), "--yes", COLUMNS="300").stdout.split())
    assert "Time entries, expenses, milestones: 3 of 3 are on their invoices in Kantata as sent." in text
    assert "The sheet has no amounts of them to compare" in text
    assert "Tie-out EUR: total in Kantata" in text
    assert "sheet 0.00" not in text
