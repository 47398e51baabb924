"""Typed amounts and dates from the file to Kantata: what is sent, told, refused and given back."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
from sheets import checked, csv_file, found, grouped, records, table

from importer.model.problems import Severity

if TYPE_CHECKING:
    from pathlib import Path

    from programs import Cli

    from importer.sandbox.running import Sandbox

FEE = {"workspace_id": 101, "item_type": "additional", "amount": 1200, "payment_schedule": 30}


def rows_of(workbook: str, sheet: str) -> list[dict[str, Any]]:
    """Every row below the header as header → value."""
    book = openpyxl.load_workbook(workbook)
    header, *rows = book[sheet].iter_rows(values_only=True)
    book.close()
    return [dict(zip(map(str, header), row, strict=True)) for row in rows]


def bodies(sandbox: Sandbox) -> list[dict[str, Any]]:
    """The invoices that the stand-in was sent."""
    return [json.loads(one.body)["invoice"] for one in sandbox.received("POST")]


def test_a_column_is_read_as_its_cells_prove(cli: Cli, sandbox: Sandbox) -> None:
    """A German sheet: 1.234 is a thousand and 05/10/2026 is in October, as other cells prove; both are told."""
    rows = [
        {"amount": "1.234", "invoice_date": "05/10/2026"},
        {"amount": '"€ 2.500,00"', "invoice_date": "31/10/2026"},
        {"amount": "500", "invoice_date": "7. Oktober 2026"},
    ]
    sheet = cli.sheet(*({"workspace_id": 101 + n, **row} for n, row in enumerate(rows)))
    done = cli.at(sandbox).run("submit", sheet, "--yes", "--json")
    assert done.exit_code == 0
    assert [one["amount"] for one in done.document["invoices"]] == ["1234", "2500", "500"]
    assert [body["invoice_date"] for body in bodies(sandbox)] == ["2026-10-05", "2026-10-31", "2026-10-07"]
    told = [notice for notice in done.document["notices"] if " is read " in notice]
    assert [notice.split(",")[0] for notice in told] == [
        "Amount is read with a decimal comma",
        "Invoice date is read day first",
    ]
    book = openpyxl.load_workbook(done.document["files"]["results"])
    assert set(told) <= {row[0] for row in book["Summary"].iter_rows(values_only=True)}
    book.close()
    assert "is read day first" in cli.at(sandbox).run("preview", sheet).stdout.replace("\n", " ")


def test_a_doubt_about_a_column_keeps_back_every_row_that_it_concerns(cli: Cli, sandbox: Sandbox) -> None:
    """One problem, but each of its rows is answered at its own cell, given back, and kept from being sent."""
    cli = cli.at(sandbox)
    days = ("05/10/2026", "2026-10-31", "06/10/2026")
    sheet = cli.sheet(*({"invoice_key": f"k{n}", "amount": 5, "invoice_date": day} for n, day in enumerate(days)))
    assert cli.run("submit", sheet, "--yes", "--json").exit_code == 3
    part = cli.run("submit", sheet, "--yes", "--json", "--partial")
    assert part.statuses == ["not_sent", "created", "not_sent"]
    (problem,) = part.document["problems"]
    assert (problem["code"], problem["row"], problem["rows"]) == ("invoice_date.unproved", 2, [2, 4])
    lines = rows_of(part.document["files"]["results"], "Lines")
    assert [str(line["error"])[:16] for line in lines] == ["october.csv F2: ", "None", "october.csv F4: "]
    fix = part.document["files"]["to_fix"]
    assert [row["invoice_date"] for row in rows_of(fix, "Invoices")] == ["05/10/2026", "06/10/2026"]
    assert cli.run("submit", fix, "--yes", "--json", IMPORTER_DATE_ORDER="dmy").statuses == ["created", "created"]
    assert [body["invoice_date"] for body in bodies(sandbox)] == ["2026-10-31", "2026-10-05", "2026-10-06"]


def test_rows_to_fix_mean_the_same_without_the_rows_that_proved_it(cli: Cli, sandbox: Sandbox) -> None:
    """The to-fix workbook holds numbers and dates as they were read, so that nothing has to be decided again."""
    rows = [
        {"amount": '"12.345,00"', "invoice_date": "31.10.2026", "invoice_key": "a"},
        {"amount": "1.234", "invoice_date": "05.10.2026", "invoice_key": "b"},
        {"amount": "EUR 2.345", "item_type": "nothing", "invoice_date": "05.10.2026", "invoice_key": "b"},
    ]
    part = cli.at(sandbox).run("submit", cli.sheet(*rows), "--yes", "--json", "--partial")
    assert part.statuses == ["created", "not_sent"]
    fix = part.document["files"]["to_fix"]
    day = datetime(2026, 10, 5)  # noqa: DTZ001 - cells have no zone
    assert [(row["amount"], row["invoice_date"]) for row in rows_of(fix, "Invoices")] == [
        (1234, day),
        ("EUR 2345", day),
    ]
    again = cli.at(sandbox).run("preview", fix, "--json")
    assert [(one["code"], one["severity"]) for one in again.document["problems"]] == [("item_type.unknown", "error")]
    assert again.document["totals"]["amount"] == "3579.00"


def test_one_invoice_has_one_currency(tmp_path: Path) -> None:
    """Different marks within an invoice are an error that names both cells; other invoices are not concerned."""
    rows = [
        {**FEE, "amount": "€ 5"},
        {**FEE, "amount": "EUR 6"},
        {**FEE, "amount": 7},
        {**FEE, "amount": "$8"},
        {**FEE, "amount": "9 USD"},
        {**FEE, "amount": "9 USD", "workspace_id": 102},
        {**FEE, "amount": "$1", "workspace_id": 102},
    ]
    path = records(tmp_path / "a.xlsx", *rows)
    lines, _ = checked(path)
    assert [line.item and line.item.currency for line in lines] == ["EUR", "EUR", None, "$", "USD", "USD", "$"]
    invoices, problems = grouped(path)
    assert found(problems) == [("amount.currency_conflict", "C5"), ("amount.currency_conflict", "C6")]
    assert "$ in C5 but in EUR in C2" in problems[0].message
    assert [type(invoice).__name__ for invoice in invoices] == ["UnsoundInvoice", "Invoice"]


def test_equal_doubts_are_not_equal_rows(tmp_path: Path) -> None:
    """Two different amounts that cannot be read yet are not called a repetition."""
    path = records(tmp_path / "a.xlsx", {**FEE, "amount": "1,234"}, {**FEE, "amount": "2,345"})
    assert found(checked(path)[1]) == [("amount.unproved", "C2")]


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("amount", ("12.50", "12,50")),
        ("amount", ("1,234.00", "1.234,00")),
        ("invoice_date", ("31/10/2026", "10/31/2026")),
        ("invoice_date", (date(2026, 5, 10), "31/10/2026")),
    ],
)
def test_mixed_conventions_yield_no_line(tmp_path: Path, name: str, cells: tuple[object, ...]) -> None:
    """Every row whose cell is in doubt has an error and becomes no line item."""
    lines, problems = checked(records(tmp_path / "a.xlsx", *({**FEE, name: cell} for cell in cells)), send_cents=True)
    assert [line.item for line in lines] == [None] * len(cells)
    (problem,) = [problem for problem in problems if problem.code != "row.repeated"]
    assert problem.rows == (2, 3)


def test_the_currency_of_the_header_speaks_for_its_cells(tmp_path: Path) -> None:
    """“Amount (USD)” over a cell of euros is an error at that cell."""
    path = table(
        tmp_path / "a.xlsx",
        ["Project ID", "Item type", "Amount (USD)"],
        [101, "Fixed fee", 5],
        [101, "Fixed fee", "€ 6"],
    )
    lines, problems = checked(path)
    assert [(p.code, p.cell) for p in problems] == [("amount.currency_conflict", "C3")]
    assert [line.item.currency for line in lines if line.item] == ["USD"]


@pytest.mark.parametrize("odd", ["26-10-31", "26-10-12", "29-11-26", "31.12.30"])
def test_two_digits_of_a_far_year_are_refused(tmp_path: Path, odd: str) -> None:
    """Another cell's proof that days come first does not make 26-10-31 a day in 2031."""
    rows = f"101,Fixed fee,5,13-10-26\n102,Fixed fee,5,{odd}\n"
    path = csv_file(tmp_path / "a.csv", f"Project ID,Item type,Amount,Invoice date\n{rows}")
    _, problems = checked(path)
    years = [line.invoice_values.get("invoice_date") for line in checked(path)[0]]
    assert odd == "29-11-26" or [p.cell for p in problems if p.severity is Severity.ERROR], (problems, years)
    assert all(day is None or day.year == 2026 for day in years)


def test_unreadable_rows_are_not_called_the_same(tmp_path: Path) -> None:
    """“Flat fee” and “Kulanz” are both unknown, and not equal."""
    rows = [[101, word, 5] for word in ("Flat fee", "Kulanz")]
    path = table(tmp_path / "a.xlsx", ["Project ID", "Item type", "Amount"], *rows)
    assert [p.code for p in checked(path)[1]] == ["item_type.unknown", "item_type.unknown"]


def formatted(path: Path, *cells: tuple[object, str]) -> Path:
    """Write a workbook whose amounts and PO numbers have number formats."""
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(["Project ID", "Item type", "Amount", "PO"])
    for number, (value, code) in enumerate(cells, start=2):
        sheet.append([101, "Fixed fee", value if code != "00000" else 5, value])
        sheet.cell(number, 4 if code == "00000" else 3).number_format = code
    book.save(path)
    book.close()
    return path


def test_an_amount_shown_as_a_percentage_is_refused(tmp_path: Path) -> None:
    """A cell that shows 50 % does not bill 0.50."""
    _, problems = checked(formatted(tmp_path / "a.xlsx", (0.5, "0.00%"), (7, '0" %"')))
    assert [(p.code, p.cell) for p in problems if p.severity is Severity.ERROR] == [
        ("amount.percentage", "C2"),
        ("amount.shown_otherwise", "C3"),
    ]


@pytest.mark.parametrize(
    ("code", "currency"),
    [
        ('#,##0.00 "€"', "EUR"),
        ("[$USD] #,##0.00", "USD"),
        ("[$€-407] #,##0.00", "EUR"),
        ('"$"#,##0.00', "$"),
        ("#,##0.00 [$CHF-807];[Red]-#,##0.00", "CHF"),
        ("#,##0.00", None),
    ],
)
def test_the_currency_of_a_number_format_is_seen(tmp_path: Path, code: str, currency: str | None) -> None:
    """What a person sees beside the number is what the row says."""
    lines, _ = checked(formatted(tmp_path / "a.xlsx", (5, code)))
    assert [line.item.currency for line in lines if line.item] == [currency]


def test_two_currencies_on_one_invoice_are_refused_also_as_formats(tmp_path: Path) -> None:
    """€ 5 and $ 5 do not make 10."""
    path = formatted(tmp_path / "a.xlsx", (5, '#,##0.00 "€"'), (6, '"$"#,##0.00'))
    assert "amount.currency_conflict" in [p.code for p in grouped(path)[1]]


def test_leading_zeros_of_a_format_are_kept(tmp_path: Path) -> None:
    """A PO number that is shown as 00123 is sent as 00123."""
    lines, _ = checked(formatted(tmp_path / "a.xlsx", (123, "00000")))
    assert lines[0].invoice_values["purchase_order"] == "00123"
