"""Totals inside a sheet: left out when they are the sum of the rows above, an error when they are not."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sheets import checked, csv_file, read, read_by, table

from importer.checking.total_rows import suspected
from importer.model.headers import OwnHeaders, known_headers
from importer.model.problems import Severity
from importer.model.sheet import Excluded

if TYPE_CHECKING:
    from pathlib import Path

HEADER = ["Project ID", "Item type", "Description", "Amount"]
FIRST = [101, "Fixed fee", "Retainer", 1000]
SECOND = [102, "Fixed fee", "Retainer", 234]


def codes(path: Path) -> list[tuple[str, str | None, Severity]]:
    """What is said of totals, with its cell."""
    return [(p.code, p.cell, p.severity) for p in checked(path)[1] if p.code.startswith("row.")]


@pytest.mark.parametrize(
    "row",
    [
        ["Total", None, None, 1234],
        [None, None, "Grand total:", 1234],
        [None, None, "Total October 2026", 1234],
        ["101 Total", None, None, 1234],
        ["Summe", None, None, 1234],
        [None, "Gesamtbetrag", None, 1234],
        ["Sous-total", None, None, 1234],
        ["Total general", None, None, 1234],
        ["TOTAL", None, None, None],
        [None, None, None, 1234],
        ["Total", None, None, 1234.000000001],
    ],
)
def test_a_total_is_left_out_with_a_notice(tmp_path: Path, row: list[object]) -> None:
    """A row that says it is a total, or a bare sum, bills nothing and says so; the lines are all there."""
    path = table(tmp_path / "a.xlsx", HEADER, FIRST, SECOND, row)
    lines, problems = checked(path)
    assert [line.amount for line in lines] == [1000, 234]
    assert [(p.code, p.row, p.severity) for p in problems if p.code.startswith("row.")] == [
        ("row.total", 4, Severity.WARNING)
    ]


@pytest.mark.parametrize("service", ["Report", "Transport", "Vortrag"])
def test_a_service_is_no_total_where_its_row_is_complete(tmp_path: Path, service: str) -> None:
    """Such words stand above a carried sum as well; beside a project and a type they are what was sold."""
    rows = ([101, "Fixed fee", text, amount] for text, amount in (("Design", 500), ("Copy", 500), (service, 1000)))
    found = codes(table(tmp_path / "a.xlsx", HEADER, *rows))
    assert [severity for _, _, severity in found] == [Severity.WARNING]


def test_subtotals_count_from_the_last_one(tmp_path: Path) -> None:
    """A subtotal sums the rows since the one before it, a grand total all of them."""
    path = table(
        tmp_path / "a.xlsx",
        HEADER,
        FIRST,
        ["Subtotal", None, None, 1000],
        SECOND,
        ["Subtotal", None, None, 234],
        ["Grand total", None, None, 1234],
    )
    assert [code for code, _, severity in codes(path) if severity is Severity.ERROR] == []
    assert read(path).excluded == {3: Excluded.TOTAL, 5: Excluded.TOTAL, 6: Excluded.TOTAL}


@pytest.mark.parametrize("row", [["Total", None, None, 1235], [None, None, None, 1233.99], [None, None, None, "many"]])
def test_a_total_that_disagrees_is_an_error(tmp_path: Path, row: list[object]) -> None:
    """A wrong sum means that a row was added or lost, or that it is a line item: somebody must look."""
    path = table(tmp_path / "a.xlsx", HEADER, FIRST, SECOND, row)
    assert ("row.total_differs", "D4", Severity.ERROR) in codes(path)


def test_a_bare_sum_that_cannot_be_checked_is_an_error(tmp_path: Path) -> None:
    """Without a label nothing but the sum proves that the row is no line item."""
    path = table(tmp_path / "a.xlsx", HEADER, FIRST, [102, "Fixed fee", "x", "many"], [None, None, None, 1234])
    assert ("row.total_unchecked", "D4", Severity.ERROR) in codes(path)


@pytest.mark.parametrize(
    "row",
    [
        [103, "Fixed fee", "Total package", 50],
        ["103", "Fixed fee", "Total", 50],
        [None, "Fixed fee", "Total", 50],
        [103, None, "Total", 50],
        [103, "Fixed fee", None, 50],
    ],
)
def test_a_line_that_speaks_of_a_total_stays_a_line(tmp_path: Path, row: list[object]) -> None:
    """A project or an item type says that the row is meant as a line item: billed, or an error, never left out."""
    path = table(tmp_path / "a.xlsx", HEADER, FIRST, row)
    assert read(path).excluded == {}
    lines, _ = checked(path)
    assert [line.row for line in lines] == [2, 3]


def test_totals_of_a_csv_are_read_in_any_way_of_writing(tmp_path: Path) -> None:
    """The total may be written as people write it; it only has to agree in one reading."""
    path = csv_file(
        tmp_path / "a.csv", "Project ID;Item type;Description;Amount\n101;Fixed fee;x;1.000,00\n;;Summe;1.000\n"
    )
    assert codes(path) == [("row.total", "A3", Severity.WARNING)]


@settings(deadline=None, max_examples=25)
@given(
    cents=st.lists(st.integers(-(10**9), 10**9).filter(bool), min_size=1, max_size=12),
    slip=st.integers(-200, 200),
)
def test_only_the_exact_sum_is_taken(tmp_path_factory: pytest.TempPathFactory, cents: list[int], slip: int) -> None:
    """Whatever the amounts, a total is accepted exactly when it is their sum to the cent."""
    amounts = [Decimal(one) / 100 for one in cents]
    rows = [[101, "Additional item", f"x{at}", float(amount)] for at, amount in enumerate(amounts)]
    total = sum(amounts) + Decimal(slip) / 100
    path = table(tmp_path_factory.mktemp("t") / "a.xlsx", HEADER, *rows, ["Total", None, None, float(total)])
    _, problems = checked(path, send_cents=True)
    assert ("row.total_differs" in [p.code for p in problems]) == (slip != 0)


def test_a_bare_amount_beside_a_merged_project_is_a_line_item(tmp_path: Path) -> None:
    """Two lines of the same amount under one merged project: the second is no sum of the first."""
    path = table(tmp_path / "a.xlsx", HEADER, [101, "Fixed fee", None, 500], [None, None, None, 500])
    book = openpyxl.load_workbook(path)
    for merged in ("A2:A3", "B2:B3"):
        book.worksheets[0].merge_cells(merged)
    book.save(path)
    sheet = read(path)
    assert not sheet.excluded
    assert list(sheet.frame.index) == [2, 3]


def test_a_bare_amount_below_one_line_is_an_error(tmp_path: Path) -> None:
    """It may be a second line item whose project was forgotten; being equal to the one above proves nothing."""
    path = table(tmp_path / "a.xlsx", HEADER, FIRST, [None, None, None, 1000])
    assert ("row.total_unchecked", "D3", Severity.ERROR) in codes(path)


@pytest.mark.parametrize("row", [["Total redesign of the site", 500], [None, 1000]])
def test_without_projects_and_item_types_nothing_is_left_out(tmp_path: Path, row: list[object]) -> None:
    """Where settings supply both, nothing in a row tells a line item from a total: a person decides."""
    known = known_headers(own=OwnHeaders(supplied=frozenset({"workspace_id", "item_type"})))
    path = table(tmp_path / "a.xlsx", ["Description", "Amount"], ["Retainer A", 500], ["Retainer B", 500], row)
    sheet = read_by(known, path)
    assert sheet.excluded == {}
    assert [(p.code, p.row, p.severity) for p in sheet.problems] == [("row.total_unclear", 4, Severity.ERROR)]


def test_a_named_project_makes_a_line_item(tmp_path: Path) -> None:
    """A project may be named instead of numbered."""
    header = ["Project", "Item type", "Description", "Amount"]
    path = table(tmp_path / "a.xlsx", header, ["ACME", "Fixed fee", "x", 5], ["Globex", None, "Total", 5])
    assert read(path).excluded == {}


def test_a_total_that_could_not_be_checked_says_so(tmp_path: Path) -> None:
    """Beside an amount that cannot be read, a wrong total must not look like one that was checked and is right."""
    path = table(tmp_path / "a.xlsx", HEADER, FIRST, [102, "Fixed fee", "Retainer", "5%"], ["Total", None, None, 1])
    assert ("row.total_unchecked", "D4", Severity.WARNING) in codes(path)
    sound = table(tmp_path / "b.xlsx", HEADER, FIRST, SECOND, ["Total", None, None, 1])
    assert ("row.total_differs", "D4", Severity.ERROR) in codes(sound)


FEE = [101, "Fixed fee"]


def suspects(path: Path) -> list[int | None]:
    """Rows that are errors because they seem to be totals."""
    return [p.row for p in checked(path)[1] if p.code == "row.maybe_total" and p.severity is Severity.ERROR]


@pytest.mark.parametrize(
    ("rows", "wrong"),
    [
        ([[*FEE, "a", 100], [*FEE, "b", 200], [*FEE, "Total", 300]], [4]),
        ([[*FEE, "a", 100], [*FEE, "Subtotal 101", 100], [102, "Fixed fee", "b", 60], [*FEE, "Totaal", 160]], [3, 5]),
        ([[*FEE, "a", 100], [*FEE, "b", 200], [*FEE, "Subtotal", 250]], [4]),
        ([[*FEE, "a", 100], [102, "Fixed fee", "x", 9], [*FEE, "b", 200], [*FEE, "Project sum", 300]], [5]),
        ([[*FEE, "a", 100], [*FEE, "b", 200], [*FEE, "Ergebnis", 300]], [4]),
        ([[*FEE, "a", 100], [*FEE, "b", 200], [*FEE, "Łącznie", 300]], [4]),
        ([[*FEE, "a", 100], [*FEE, "b", 200], [*FEE, "Insgesamt", 300]], [4]),
        ([[*FEE, "a", 100], [*FEE, "b", 200], [*FEE, "Att betala", 300]], [4]),
        ([[*FEE, "a", 100], [*FEE, "b", 200], [*FEE, None, 300], [102, "Fixed fee", "c", 9]], [4]),
        (
            [[*FEE, "a", 100], [*FEE, "b", 200], [*FEE, "Total", 300], [*FEE, "c", 5], [*FEE, "Grand total", 305]],
            [4, 6],
        ),
        # Line items, by their description, place or number of rows:
        ([[*FEE, "a", 100], [*FEE, "b", 200], [*FEE, "c", 300]], []),
        ([[*FEE, "a", 100], [*FEE, None, 100], [*FEE, None, 200]], []),
        ([[*FEE, "a", 100], [*FEE, "Total redesign", 100]], []),
        ([[*FEE, "a", 100], [*FEE, "b", 200], [*FEE, "Balance", 301]], []),
        ([[*FEE, "Total", 100], [102, "Fixed fee", "Total", 100]], []),
        ([[101, "Additional item", "a", 100], [101, "Additional item", "Credit", -100]], []),
    ],
)
def test_a_total_with_project_and_type_is_an_error(tmp_path: Path, rows: list[list[object]], wrong: list[int]) -> None:
    """A description that says “total”, or the place below the rows that it sums, decides; a chance sum does not."""
    assert suspects(table(tmp_path / "a.xlsx", HEADER, *rows)) == wrong


@pytest.mark.parametrize(("amount", "found"), [(300, ["D4"]), (299, [])])
def test_a_sum_by_chance_is_billed_with_a_warning(tmp_path: Path, amount: int, found: list[str]) -> None:
    """The last row of a project, whatever it says; no word and no place proves that it is a total."""
    rows = [[*FEE, "a", 100], [*FEE, "b", 200], [*FEE, "Website October", amount], [102, "Fixed fee", "c", 9]]
    assert [
        p.cell for p in checked(table(tmp_path / "a.xlsx", HEADER, *rows))[1] if p.code == "row.sum_by_chance"
    ] == found


def test_the_rate_of_a_row_makes_it_no_tax(tmp_path: Path) -> None:
    """Where settings supply project and item type, “20 % VAT” in a column of rates says nothing of the row."""
    known = known_headers(own=OwnHeaders(supplied=frozenset({"workspace_id", "item_type"})))
    path = table(tmp_path / "a.xlsx", ["Description", "Amount", "Tax rate"], ["Design", 130, "20% VAT"])
    assert not read_by(known, path).problems


def test_a_total_below_subtotals_with_a_project_is_right(tmp_path: Path) -> None:
    """Subtotals that are errors are not counted as line items by the totals below them."""
    rows = [[*FEE, "a", 100], [*FEE, "Subtotal", 100], [*FEE, "b", 7], ["Total", None, None, 107]]
    assert codes(table(tmp_path / "a.xlsx", HEADER, *rows)) == [
        ("row.maybe_total", "D3", Severity.ERROR),
        ("row.total", "A5", Severity.WARNING),
    ]


@pytest.mark.parametrize(("last", "wrong"), [(400, [4]), (401, [])])
def test_without_projects_and_types_a_last_row_that_is_the_sum_is_an_error(
    tmp_path: Path, last: int, wrong: list[int]
) -> None:
    """Where settings supply both, the arithmetic decides, whatever the text of the last row says."""
    known = known_headers(own=OwnHeaders(supplied=frozenset({"workspace_id", "item_type"})))
    path = table(tmp_path / "a.xlsx", ["Description", "Amount"], ["a", 130], ["b", 270], ["Development", last])
    sheet = read_by(known, path)
    amounts = {row: Decimal(str(amount)) for row, amount in sheet.frame["amount"].items()}
    assert list(suspected(sheet, sheet.frame, amounts)[0]) == wrong


# --- tax below the rows, sums carried forward -----------------------------------------


@pytest.mark.parametrize("label", ["VAT 20%", "zzgl. 20 % MwSt.", "TVA (20 %)", "IVA 20%:", "+ 20% BTW", "Sales tax"])
def test_tax_below_the_rows_is_left_out_and_counts_in_the_total(tmp_path: Path, label: str) -> None:
    """Net, tax and gross stand below many tables; the tax is no line item, and a wrong gross total is an error."""
    rows = [
        [101, "Fixed fee", "A", 100],
        [102, "Fixed fee", "B", 200],
        ["Total", None, None, 300],
        [None, None, label, 60],
    ]
    right = table(tmp_path / "a.xlsx", HEADER, *rows, ["Total", None, None, 360])
    lines, problems = checked(right)
    assert [line.row for line in lines] == [2, 3]
    assert [problem.code for problem in problems] == ["row.total", "row.tax", "row.total"]
    wrong = table(tmp_path / "a.xlsx", HEADER, *rows, ["Total", None, None, 350])
    assert "row.total_differs" in [problem.code for problem in checked(wrong)[1]]


def test_tax_with_a_project_is_a_line_item(tmp_path: Path) -> None:
    """Only a row that names no project and no type is one of the table."""
    path = table(tmp_path / "a.xlsx", HEADER, [101, "Fixed fee", "A", 100], [101, "Additional item", "VAT 20%", 20])
    assert [line.row for line in checked(path)[0]] == [2, 3]


@pytest.mark.parametrize("label", ["Übertrag", "Carried forward", "À reporter", "Suma y sigue", "A riportare"])
def test_a_sum_carried_forward_is_a_total(tmp_path: Path, label: str) -> None:
    """It stands at the foot of a page and at the head of the next one."""
    rows = [
        [101, "Fixed fee", "A", 100],
        [label, None, None, 100],
        [label, None, None, 100],
        [102, "Fixed fee", "B", 50],
    ]
    lines, problems = checked(table(tmp_path / "a.xlsx", HEADER, *rows, ["Total", None, None, 150]))
    assert [line.row for line in lines] == [2, 5]
    assert {problem.code for problem in problems} == {"row.total"}


@pytest.mark.parametrize("label", ["Net payable", "Overall", "Endbetrag", "-----", "In total:"])
def test_other_words_below_a_sum_are_a_total(tmp_path: Path, label: str) -> None:
    """They can be the name of a service, but not with the sum of the rows above as amount; a rule names nothing."""
    path = table(tmp_path / "a.xlsx", HEADER, FIRST, [101, "Fixed fee", "Design", 234], [101, "Fixed fee", label, 1234])
    assert codes(path) == [("row.maybe_total", "D4", Severity.ERROR)]


def test_a_sum_carried_forward_is_a_total_below_one_line_too(tmp_path: Path) -> None:
    """What is carried to the next page was billed on this one."""
    carried = [101, "Fixed fee", "Carried forward", 1000]
    path = table(tmp_path / "a.xlsx", HEADER, FIRST, carried, [101, "Fixed fee", "Design", 234])
    assert codes(path) == [("row.maybe_total", "D3", Severity.ERROR)]


@pytest.mark.parametrize(
    ("label", "amount", "is_tax"), [("VAT 19%", 190, True), ("MwSt.", 190, True), ("GST", 900, False)]
)
def test_the_tax_of_the_rows_above_is_no_line_item(tmp_path: Path, label: str, amount: int, *, is_tax: bool) -> None:
    """As a line it would be billed as a service; an amount that no rate makes is a line item."""
    path = table(tmp_path / "a.xlsx", HEADER, FIRST, [101, "Fixed fee", label, amount])
    assert codes(path) == [("row.maybe_tax", "D3", Severity.ERROR)] * is_tax


@pytest.mark.parametrize(
    "label", ["October", "Spolu", "Ukupno", "Kontrollsumme", "Iš viso", "Σύνολο", "합계", "المجموع"]
)
@pytest.mark.parametrize("at", [0, 2])
def test_a_text_with_the_sum_of_the_rows_above_is_a_total_in_any_language(tmp_path: Path, label: str, at: int) -> None:
    """Nothing else stands in its row; another amount keeps the errors of a line item without a project."""
    rows = [[101, "Fixed fee", "A", 100], [102, "Fixed fee", "B", 200]]
    others = [[103, "Fixed fee", "C", 120], [104, "Fixed fee", "D", 180]]
    total: list[object] = [None, None, None, 300]
    total[at] = label
    lines, problems = checked(table(tmp_path / "a.xlsx", HEADER, *rows, total, *others, total))
    assert [line.row for line in lines] == [2, 3, 5, 6]
    assert [problem.code for problem in problems] == ["row.total", "row.total"]
    wrong = checked(table(tmp_path / "a.xlsx", HEADER, *rows, [*total[:3], 250]))[1]
    assert "item_type.missing" in [problem.code for problem in wrong]


def test_one_line_above_proves_no_total(tmp_path: Path) -> None:
    """Two lines of the same amount are common; the second may lack its project."""
    path = table(tmp_path / "a.xlsx", HEADER, [101, "Fixed fee", "A", 100], [None, None, "B", 100])
    assert "item_type.missing" in [problem.code for problem in checked(path)[1]]


def test_a_line_without_a_text_that_sums_all_projects_is_a_total(tmp_path: Path) -> None:
    """The sum button was used below the last row, and the other cells were filled down."""
    rows = [[101, "Fixed fee", "A", 100], [102, "Fixed fee", "B", 200], [102, "Fixed fee", None, 300]]
    path = table(tmp_path / "a.xlsx", HEADER, *rows)
    assert codes(path) == [("row.maybe_total", "D4", Severity.ERROR)]


def test_a_last_line_that_sums_all_projects_by_chance_has_a_warning(tmp_path: Path) -> None:
    """Its text may be a word for a total that is not known."""
    rows = [[101, "Fixed fee", "A", 100], [102, "Fixed fee", "B", 200], [103, "Fixed fee", "Everything", 300]]
    assert codes(table(tmp_path / "a.xlsx", HEADER, *rows)) == [("row.sum_by_chance", "D4", Severity.WARNING)]
