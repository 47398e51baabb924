"""Every rule of the column table, row by row: exact codes and cells."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import openpyxl
import pytest
from sheets import checked, csv_file, found, records, table

from importer.model.invoices import ItemType
from importer.model.problems import Problem, Severity

if TYPE_CHECKING:
    from pathlib import Path

FEE = {"workspace_id": 101, "item_type": "fixed_fee", "amount": 1200}
TIME = {"workspace_id": 101, "item_type": "time_entry", "item_id": 5001}


def problems_of(path: Path, *rows: dict[str, object], send_cents: bool = False) -> list[tuple[str, str | None]]:
    """Write records, validate them, return code and cell of each problem."""
    return found(checked(records(path / "a.xlsx", *rows), send_cents=send_cents)[1])


def problem_of(path: Path, *rows: dict[str, object], send_cents: bool = False) -> Problem:
    """Write records that hold exactly one problem; return it."""
    (problem,) = checked(records(path / "a.xlsx", *rows), send_cents=send_cents)[1]
    return problem


# --- sound rows -------------------------------------------------------------------


@pytest.mark.parametrize(
    "row",
    [
        FEE,
        {**FEE, "notes": "Retainer", "taxable": "yes", "story_id": 8001},
        {"workspace_id": 101, "item_type": "additional", "amount": -50, "notes": "Credit", "taxable": "no"},
        TIME,
        {"workspace_id": 101, "item_type": "expense", "item_id": 6001},
        {"workspace_id": 101, "item_type": "billing_milestone", "item_id": 7001},
        {**FEE, "payment_schedule": "Net 30", "invoice_date": date(2026, 10, 31), "user_invoice_number": 7},
        {**FEE, "external_reference.status": "Pending", "external_reference.locked": "no"},
    ],
)
def test_sound_rows_have_no_problem(tmp_path: Path, row: dict[str, object]) -> None:
    """What the column table allows is accepted without a word."""
    (line,), problems = checked(records(tmp_path / "a.xlsx", row))
    assert problems == ()
    assert line.item is not None
    assert (line.row, line.item.row, line.item.workspace_id) == (2, 2, 101)


# --- one fault, one problem, at its cell ------------------------------------------------


@pytest.mark.parametrize(
    ("row", "code", "cell"),
    [
        ({**FEE, "workspace_id": None}, "workspace_id.missing", "A2"),
        ({**FEE, "workspace_id": "Brandt AG"}, "workspace_id.not_a_number", "A2"),
        ({**FEE, "workspace_id": 0}, "workspace_id.not_positive", "A2"),
        ({**FEE, "workspace_id": 10.5}, "workspace_id.not_whole", "A2"),
        ({**FEE, "workspace_id": 12345678901234567}, "workspace_id.too_many_digits", "A2"),
        ({**FEE, "item_type": None}, "item_type.missing", "B2"),
        ({**FEE, "item_type": "fixed_feee"}, "item_type.unknown", "B2"),
        ({**FEE, "item_type": "discount"}, "item_type.unknown", "B2"),
        ({**TIME, "item_id": None}, "item_id.missing", "C2"),
        ({**TIME, "item_type": "expense", "item_id": None}, "item_id.missing", "C2"),
        ({**TIME, "item_type": "billing_milestone", "item_id": None}, "item_id.missing", "C2"),
        ({**TIME, "item_id": "x"}, "item_id.not_a_number", "C2"),
        ({**TIME, "item_id": -1}, "item_id.not_positive", "C2"),
        ({**FEE, "item_id": 5001}, "item_id.forbidden", "D2"),
        ({**FEE, "item_type": "additional", "item_id": 5001}, "item_id.forbidden", "D2"),
        ({**TIME, "notes": "x"}, "notes.forbidden", "D2"),
        ({**TIME, "item_type": "expense", "notes": "x"}, "notes.forbidden", "D2"),
        ({**TIME, "item_type": "billing_milestone", "notes": "x"}, "notes.forbidden", "D2"),
        ({**FEE, "amount": None}, "amount.missing", "C2"),
        ({**FEE, "item_type": "additional", "amount": None}, "amount.missing", "C2"),
        ({**FEE, "amount": "ca. 1200"}, "amount.not_a_number", "C2"),
        ({**FEE, "amount": "1,23,4"}, "amount.not_a_number", "C2"),
        ({**FEE, "amount": "1,200"}, "amount.unproved", "C2"),
        ({**FEE, "amount": date(2026, 1, 5)}, "amount.not_a_number", "C2"),
        ({**FEE, "amount": 0}, "amount.zero", "C2"),
        ({**FEE, "amount": -5}, "amount.negative", "C2"),
        ({**FEE, "amount": 12.5}, "amount.fraction", "C2"),
        ({**FEE, "item_type": "additional", "amount": -12.5}, "amount.fraction", "C2"),
        ({**TIME, "amount": 5}, "amount.forbidden", "D2"),
        ({**TIME, "item_type": "expense", "amount": 5}, "amount.forbidden", "D2"),
        ({**TIME, "item_type": "billing_milestone", "amount": 5}, "amount.forbidden", "D2"),
        ({**TIME, "amount": 0}, "amount.forbidden", "D2"),
        ({**FEE, "taxable": "perhaps"}, "taxable.not_yes_no", "D2"),
        ({**TIME, "taxable": "yes"}, "taxable.forbidden", "D2"),
        ({**TIME, "taxable": False}, "taxable.forbidden", "D2"),
        ({**FEE, "story_id": "x"}, "story_id.not_a_number", "D2"),
        ({**FEE, "item_type": "additional", "story_id": 8001}, "story_id.forbidden", "D2"),
        ({**TIME, "story_id": 8001}, "story_id.forbidden", "D2"),
        ({**FEE, "payment_schedule": "soon"}, "payment_schedule.not_days", "D2"),
        ({**FEE, "payment_schedule": -1}, "payment_schedule.not_days", "D2"),
        ({**FEE, "invoice_date": "end of October"}, "invoice_date.not_a_date", "D2"),
        ({**FEE, "invoice_date": "05.10.2026"}, "invoice_date.unproved", "D2"),
        ({**FEE, "invoice_date": "2026-02-30"}, "invoice_date.no_such_day", "D2"),
        ({**FEE, "user_invoice_number": "INV-7"}, "user_invoice_number.not_a_number", "D2"),
        ({**FEE, "user_invoice_number": 0}, "user_invoice_number.not_positive", "D2"),
        ({**FEE, "invoice_key": date(2026, 3, 1)}, "invoice_key.is_a_date", "D2"),
        ({**FEE, "notes": date(2026, 3, 1)}, "notes.is_a_date", "D2"),
        ({**FEE, "user_invoice_title": date(2026, 3, 1)}, "user_invoice_title.is_a_date", "D2"),
        ({**FEE, "purchase_order": 12345678901234567}, "purchase_order.too_many_digits", "D2"),
        ({**FEE, "project_code": date(2026, 3, 1)}, "project_code.is_a_date", "D2"),
        ({**FEE, "message": date(2026, 3, 1)}, "message.is_a_date", "D2"),
        ({**FEE, "draft": "later"}, "draft.not_yes_no", "D2"),
        ({**FEE, "suppress_emails": "some"}, "suppress_emails.not_yes_no", "D2"),
        ({**FEE, "external_reference.status": "done"}, "external_reference.status.unknown", "D2"),
        ({**FEE, "external_reference.locked": "half"}, "external_reference.locked.not_yes_no", "D2"),
    ],
)
def test_each_fault_is_named_at_its_cell(tmp_path: Path, row: dict[str, object], code: str, cell: str) -> None:
    """One broken rule is one problem, with its code, its cell, its value, a message and a hint."""
    path = records(tmp_path / "a.xlsx", row)
    (line,), problems = checked(path)
    assert found(problems) == [(code, cell)]
    (problem,) = problems
    assert (problem.sheet, problem.row, problem.severity) == ("Invoices", 2, Severity.ERROR)
    assert problem.address == f"Invoices!{cell}"
    assert code == f"{problem.column}.{code.rpartition('.')[2]}"
    assert problem.message.endswith((".", "?"))
    assert problem.hint
    assert (problem.value is None) == (row[problem.column or ""] is None)
    assert line.item is None


def test_a_near_miss_of_an_item_type_says_what_was_meant(tmp_path: Path) -> None:
    """“fixed_feee” asks whether fixed_fee was meant."""
    problem = problem_of(tmp_path, {**FEE, "item_type": "fixed_feee"})
    assert problem.value == "fixed_feee"
    assert "did you mean Fixed fee?" in problem.message


def test_every_fault_of_a_sheet_shows_in_one_run(tmp_path: Path) -> None:
    """Neither the first bad cell of a row nor the first bad row hides the others; they come in sheet order."""
    rows = [
        {**FEE, "item_id": None, "taxable": None, "invoice_date": None, "draft": None},
        {"workspace_id": "x", "item_type": "fixed_fee", "amount": 0, "item_id": 5, "taxable": "?", "draft": "?"},
        {"workspace_id": None, "item_type": "fixed_feee", "amount": "abc", "invoice_date": "soon"},
        {"workspace_id": 101, "item_type": "time_entry", "amount": 5, "taxable": "?"},
        {"workspace_id": 101, "item_type": "expense", "item_id": 1.5},
        {"workspace_id": 101, "item_type": None, "item_id": "y", "amount": 0.5},
    ]
    assert problems_of(tmp_path, *rows) == [
        ("workspace_id.not_a_number", "A3"),
        ("amount.zero", "C3"),
        ("item_id.forbidden", "D3"),
        ("taxable.not_yes_no", "E3"),
        ("draft.not_yes_no", "G3"),
        ("workspace_id.missing", "A4"),
        ("item_type.unknown", "B4"),
        ("amount.not_a_number", "C4"),
        ("invoice_date.not_a_date", "F4"),
        ("amount.forbidden", "C5"),
        ("item_id.missing", "D5"),
        ("taxable.forbidden", "E5"),
        ("item_id.not_whole", "D6"),
        ("item_type.missing", "B7"),
        ("amount.fraction", "C7"),
        ("item_id.not_a_number", "D7"),
    ]


def test_row_numbers_are_those_of_the_sheet(tmp_path: Path) -> None:
    """Titles and blank rows do not shift the cell that a problem names."""
    path = table(
        tmp_path / "a.xlsx",
        ["October"],
        [None, "Project ID", "Item type", "Amount"],
        [],
        [None, 101, "Fixed fee", 5],
        [],
        [],
        [None, 101, "Fixed fee", 0],
    )
    assert found(checked(path)[1]) == [("amount.zero", "D7")]


# --- amounts ----------------------------------------------------------------------


@pytest.mark.parametrize("amount", [1200, 1200.0, "1200", "1200.00"])
def test_whole_amounts_are_accepted(tmp_path: Path, amount: object) -> None:
    """1200.00 has no cents."""
    assert problems_of(tmp_path, {**FEE, "amount": amount}) == []


@pytest.mark.parametrize("amount", [12.5, "12.50", 0.01, 1428.6399999999999])
def test_cents_are_refused_unless_the_settings_send_them(tmp_path: Path, amount: object) -> None:
    """Whether Kantata keeps cents is unknown, so they are an error with the way out; or they are sent."""
    problem = problem_of(tmp_path, {**FEE, "amount": amount})
    assert problem.code == "amount.fraction"
    assert "fractional_amounts" in problem.hint
    assert problems_of(tmp_path, {**FEE, "amount": amount}, send_cents=True) == []


@pytest.mark.parametrize("amount", [0.001, "12.3456", -1.005])
def test_more_than_two_decimals_are_always_refused(tmp_path: Path, amount: object) -> None:
    """No currency amount is cut or rounded behind the user's back."""
    row = {**FEE, "item_type": "additional", "amount": amount}
    assert problems_of(tmp_path, row) == [("amount.fraction", "C2")]
    assert problems_of(tmp_path, row, send_cents=True) == [("amount.too_precise", "C2")]


@pytest.mark.parametrize("send_cents", [False, True])
def test_the_other_rules_of_amounts_hold_with_cents(tmp_path: Path, send_cents: bool) -> None:  # noqa: FBT001 - a parameter of the rule
    """Zero is nothing to bill, and only an additional item may be a credit, in either setting."""
    rows = [{**FEE, "amount": 0}, {**FEE, "amount": -5}, {**FEE, "item_type": "additional", "amount": -6}]
    assert problems_of(tmp_path, *rows, send_cents=send_cents) == [("amount.zero", "C2"), ("amount.negative", "C3")]


def test_a_negative_fixed_fee_suggests_a_credit(tmp_path: Path) -> None:
    """The way to a credit is an additional item."""
    assert "Additional item" in problem_of(tmp_path, {**FEE, "amount": -5}).hint


# --- across rows ------------------------------------------------------------------


@pytest.mark.parametrize("item_type", ["time_entry", "expense", "billing_milestone"])
def test_the_same_record_twice_is_an_error_on_both_rows(tmp_path: Path, item_type: str) -> None:
    """A time entry, expense or milestone is billed once: both rows are named, also across projects and keys."""
    row = {"workspace_id": 101, "item_type": item_type, "item_id": 5001, "invoice_key": "A"}
    other = {**row, "workspace_id": 102, "item_id": "5001", "invoice_key": "B"}
    _, problems = checked(records(tmp_path / "a.xlsx", row, {**row, "item_id": 5002}, other))
    assert found(problems) == [("item_id.duplicate", "C2"), ("item_id.duplicate", "C4")]
    assert "C4" in problems[0].message
    assert "C2" in problems[1].message


def test_three_of_a_kind_name_each_other(tmp_path: Path) -> None:
    """Each of three equal rows names the two others."""
    _, problems = checked(records(tmp_path / "a.xlsx", TIME, TIME, TIME))
    assert found(problems) == [("item_id.duplicate", f"C{row}") for row in (2, 3, 4)]
    assert all(f"C{row}" in problems[1].message for row in (2, 4))


def test_equal_ids_of_different_types_are_different_records(tmp_path: Path) -> None:
    """Time entry 5001 and expense 5001 have nothing to do with each other."""
    assert problems_of(tmp_path, TIME, {**TIME, "item_type": "expense"}) == []


def test_equal_priced_rows_are_only_a_warning(tmp_path: Path) -> None:
    """Two equal fees may be meant; the second row is named."""
    path = records(tmp_path / "a.xlsx", FEE, {**FEE, "amount": 7}, FEE, FEE)
    lines, problems = checked(path)
    assert [(p.code, p.row, p.severity) for p in problems] == [
        ("row.repeated", 4, Severity.WARNING),
        ("row.repeated", 5, Severity.WARNING),
    ]
    assert all(line.item for line in lines)


# --- columns that are not there ---------------------------------------------------------


def test_an_absent_amount_column_is_named_once(tmp_path: Path) -> None:
    """Fees without an amount column: one problem that names the column and the rows, not a crash."""
    path = table(tmp_path / "a.xlsx", ["Project ID", "Item type", "Amt"], [101, "fixed_fee"], [101, "additional", 5])
    lines, problems = checked(path)
    missing = [p for p in problems if p.code == "column.missing"]
    assert [(p.column, p.row, p.severity) for p in missing] == [("amount", 1, Severity.ERROR)]
    assert "row 2-3" in missing[0].message
    assert "“Amt”" in missing[0].message
    assert [line.item for line in lines] == [None, None]


def test_an_absent_item_id_column_matters_only_to_rows_that_need_it(tmp_path: Path) -> None:
    """Fees stay sound in a sheet whose time entries have no column for their ids."""
    path = table(tmp_path / "a.xlsx", ["Project ID", "Item type", "Amount"], [101, "time_entry"], [101, "fixed_fee", 5])
    lines, problems = checked(path)
    assert [(p.code, p.column) for p in problems] == [("column.missing", "item_id")]
    assert [line.item is None for line in lines] == [True, False]


def test_columns_that_no_row_needs_may_be_absent(tmp_path: Path) -> None:
    """A sheet of fees needs three columns, a sheet of time entries three others."""
    assert problems_of(tmp_path, FEE) == []
    assert problems_of(tmp_path, TIME) == []


@pytest.mark.parametrize("header", [["Project ID", "Amount"], ["Item type", "Amount"]])
def test_a_sheet_without_a_required_column_yields_no_line_items(tmp_path: Path, header: list[str]) -> None:
    """Without projects or item types no row is sound, and nothing crashes."""
    lines, problems = checked(table(tmp_path / "a.xlsx", header, [101, 5], [101, 6]))
    assert "column.missing" in {problem.code for problem in problems}
    assert [line.item for line in lines] == [None, None]


# --- lines ------------------------------------------------------------------------


def test_faulty_rows_keep_what_can_be_read(tmp_path: Path) -> None:
    """A faulty row still belongs to its invoice, and its amount to the control totals."""
    path = records(tmp_path / "a.xlsx", {**FEE, "invoice_key": "A", "amount": 12.5, "message": "hello"})
    (line,), _ = checked(path)
    assert (line.workspace_id, line.invoice_key, str(line.amount), line.item) == (101, "A", "12.5", None)
    assert line.invoice_values == {"message": "hello"}


def test_an_unreadable_key_is_not_no_key(tmp_path: Path) -> None:
    """A row whose key cannot be read must not slip into the invoice of its project."""
    (line,), _ = checked(records(tmp_path / "a.xlsx", {**FEE, "invoice_key": date(2026, 3, 1)}))
    assert (line.invoice_key, line.key_unreadable) == (None, True)


def test_true_and_one_are_told_apart(tmp_path: Path) -> None:
    """A checked box is not the number 1, although Python calls them equal."""
    rows = [{**FEE, "purchase_order": 1}, {**FEE, "amount": 5, "purchase_order": True}, {**FEE, "workspace_id": True}]
    lines, problems = checked(records(tmp_path / "a.xlsx", *rows))
    assert [line.invoice_values.get("purchase_order") for line in lines] == ["1", "TRUE", None]
    assert found(problems) == [("workspace_id.not_a_number", "A4")]


def test_an_error_value_is_a_fault_of_its_cell_in_every_column(tmp_path: Path) -> None:
    """#REF! in a text, a date or an optional column is an error too, not a blank."""
    path = records(tmp_path / "a.xlsx", {**FEE, "notes": "x", "invoice_date": date(2026, 10, 31), "message": "x"})
    book = openpyxl.load_workbook(path)
    for address in ("D2", "E2", "F2"):
        book["Invoices"][address] = "#REF!"
    book.save(path)
    book.close()
    assert found(checked(path)[1]) == [
        ("notes.error_value", "D2"),
        ("invoice_date.error_value", "E2"),
        ("message.error_value", "F2"),
    ]


def test_workbook_and_csv_are_judged_alike(tmp_path: Path) -> None:
    """The same faults are found in a CSV, at the same cells."""
    text = "workspace_id,item_type,amount,item_id\n101,fixed_feee,0,\n,time_entry,5,x\n101,fixed fee,12.50,\n"
    assert found(checked(csv_file(tmp_path / "a.csv", text))[1]) == [
        ("item_type.unknown", "B2"),
        ("amount.zero", "C2"),
        ("workspace_id.missing", "A3"),
        ("amount.forbidden", "C3"),
        ("item_id.not_a_number", "D3"),
        ("amount.fraction", "C4"),
    ]


def test_all_five_item_types_become_line_items(tmp_path: Path) -> None:
    """Each type yields a line item with its own fields and no others."""
    rows = [
        TIME,
        {**TIME, "item_type": "expense"},
        {**TIME, "item_type": "milestone"},
        {**FEE, "notes": "a", "taxable": "yes", "story_id": 8001},
        {**FEE, "item_type": "additional", "amount": -5, "taxable": "no"},
    ]
    lines, problems = checked(records(tmp_path / "a.xlsx", *rows))
    assert problems == ()
    items = [line.item for line in lines if line.item]
    assert [(i.item_type, i.item_id, i.amount, i.notes, i.taxable, i.story_id) for i in items] == [
        (ItemType.TIME_ENTRY, 5001, None, None, None, None),
        (ItemType.EXPENSE, 5001, None, None, None, None),
        (ItemType.BILLING_MILESTONE, 5001, None, None, None, None),
        (ItemType.FIXED_FEE, None, 1200, "a", True, 8001),
        (ItemType.ADDITIONAL, None, -5, None, False, None),
    ]


def test_what_a_template_may_have_left_is_one_warning_for_each_text(tmp_path: Path) -> None:
    """The texts are sent; names of projects and keys are not looked at."""
    rows = [
        {**FEE, "notes": "[Client] retainer", "invoice_key": "TODO list"},
        {**FEE, "notes": "Setup", "invoice_key": "TODO list"},
        {**FEE, "notes": "[Client] retainer", "workspace": "M?ller"},
    ]
    lines, problems = checked(records(tmp_path / "a.xlsx", *rows))
    warnings = [problem for problem in problems if problem.code == "notes.doubtful_text"]
    assert [problem.rows for problem in warnings] == [(2, 4)]
    assert "“[Client]” in" in warnings[0].message
    assert {problem.code for problem in problems} == {"notes.doubtful_text"}
    assert lines[0].item_values["notes"] == "[Client] retainer"
