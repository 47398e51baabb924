"""Rows that bill nothing: prepared rows and notes under the table are left out, and the sheet says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import openpyxl
import pytest
from sheets import checked, csv_file, read, read_by, table

from importer.model.headers import OwnHeaders, known_headers
from importer.model.problems import Severity
from importer.model.sheet import Excluded

if TYPE_CHECKING:
    from pathlib import Path

HEADER = ["No.", "Project ID", "Item type", "Description", "Amount", "Net days", "Done"]
LINE = [1, 101, "Fixed fee", "Retainer", 1200, 30, True]
NEXT = [None, 102, "Fixed fee", "Support", 700, 30, True]


@pytest.mark.parametrize(
    "row",
    [
        [None, None, None, None, 0, None, None],
        [None, 0, 0, 0, 0.0, 0, 0],
        [None, None, None, None, None, None, False],
        [2, None, None, None, None, None, False],
        [None, None, None, "-", "$ -", None, "\u200b"],
        ["---", "-----", "-----", "-----", "-----", "-----", "-----"],
        [None, "*****", None, None, None, None, None],
        [None, None, None, None, "0,00 €", None, "FALSE"],
        [2, None, "Fixed fee", None, None, 30, None],
    ],
)
def test_a_row_with_nothing_to_bill_is_left_out_and_named(tmp_path: Path, row: list[object]) -> None:
    """Formulas that give 0, check boxes, running numbers and values filled down make no line item."""
    path = table(tmp_path / "a.xlsx", HEADER, LINE, row)
    assert read(path).excluded == {3: Excluded.PREPARED}
    lines, problems = checked(path)
    assert [line.row for line in lines] == [2]
    assert [(p.code, p.row, p.severity) for p in problems if p.code.startswith("row.")] == [
        ("row.prepared", 3, Severity.WARNING)
    ]


@pytest.mark.parametrize(("first", "excluded"), [(0, {3: Excluded.PREPARED}), (2, {})])
def test_a_row_of_formulas_never_calculated_is_prepared(
    tmp_path: Path, first: int, excluded: dict[int, Excluded]
) -> None:
    """Below the last line item it bills nothing; without columns for project and type it may be a line item."""
    path = tmp_path / "a.xlsx"
    book = openpyxl.Workbook()
    for row in (["Project ID", "Item type", "Description", "Amount"], [101, "Fixed fee", "x", 5]):
        book.active.append(row[first:])
    book.active.cell(3, 4 - first, "=D2*0")
    book.save(path)
    known = known_headers(own=OwnHeaders(supplied=frozenset({"workspace_id", "item_type"} if first else ())))
    assert read_by(known, path).excluded == excluded


@pytest.mark.parametrize(
    "row",
    [
        [None, None, None, None, 450, None, None],
        [None, None, None, "Travel", 0, None, None],
        [None, 103, None, None, None, None, None],
        [7, None, None, None, None, None, None],
        [None, None, None, None, None, None, True],
        [None, None, None, "USD", None, None, None],
    ],
)
def test_a_row_that_says_anything_keeps_its_error(tmp_path: Path, row: list[object]) -> None:
    """What may be meant to be billed is never left out with a warning only."""
    _, problems = checked(table(tmp_path / "a.xlsx", HEADER, LINE, row))
    assert [p.row for p in problems if p.severity is Severity.ERROR]


def test_a_type_without_a_project_between_line_items_is_an_error(tmp_path: Path) -> None:
    """Only below the last line item is a prefilled row no forgotten one."""
    path = table(tmp_path / "a.xlsx", HEADER, LINE, [None, None, "Fixed fee", None, None, 30, None], NEXT)
    assert not read(path).excluded


@pytest.mark.parametrize(
    ("rows", "notes"),
    [
        ([[], [None, "Prepared by accounts receivable"], [None, "Report generated 2026-10-31"]], [4, 5]),
        ([[None, "Prepared by accounts receivable"]], [3]),
        ([[], [None, None, None, "All prices exclude tax"]], [4]),
        ([[], [None, None, None, "Prepared by:", None, "Ada"]], [4]),
        ([[None, "Total", None, None, 1200], ["Prepared by Ada"]], [4]),
        ([[None, "(1 row affected)"]], [3]),
        ([[None, "2 records"]], [3]),
        ([[None, "# end"]], [3]),
        ([[None, "101 Website"]], []),
        ([[None, "#102"]], []),
        ([[None, "https://app.mavenlink.com/workspaces/103"]], []),
        # Perhaps forgotten line items:
        ([[None, None, None, "Travel to Berlin"]], []),
        ([[], [None, None, None, "Travel"]], []),
        ([[], [None, None, None, "Travel to Berlin", 100]], []),
        # The title of other rows:
        ([[], [None, "Prepared by Ada"], NEXT], [4]),
    ],
)
def test_a_note_under_the_table_is_left_out_and_named(
    tmp_path: Path, rows: list[list[object]], notes: list[int]
) -> None:
    """Place and shape decide: a text alone below the end of the table."""
    sheet = read(table(tmp_path / "a.xlsx", HEADER, LINE, *rows))
    assert [row for row, why in sheet.excluded.items() if why is Excluded.NOTE] == notes
    assert [p.row for p in sheet.problems if p.code == "row.note"] == notes


def test_a_note_of_a_csv_need_not_have_all_fields(tmp_path: Path) -> None:
    """The line that an export adds at the end has one field."""
    text = 'Project ID,Item type,Description,Amount\n101,Fixed fee,x,5\n\n"Saturday, October 31 - Accrual Basis"\n'
    sheet = read(csv_file(tmp_path / "a.csv", text))
    assert sheet.excluded == {4: Excluded.NOTE}
    assert [p.code for p in sheet.problems] == ["row.note"]


@pytest.mark.parametrize(
    ("title", "code", "faulty"),
    [("Project Alpha", "row.note", []), ("To be invoiced", "row.note", []), ("On hold:", "row.not_to_bill", [4])],
)
def test_the_title_of_the_rows_below_it_is_no_line_item(
    tmp_path: Path, title: str, code: str, faulty: list[int]
) -> None:
    """It is left out and named; where it says that they are not to be billed, they are not."""
    path = table(tmp_path / "a.xlsx", HEADER, LINE, [None, title], NEXT)
    lines, problems = checked(path)
    assert [(p.cell, p.code) for p in problems if p.row == 3] == [("B3", code)]
    assert [line.row for line in lines if not line.sound] == faulty


@pytest.mark.parametrize(
    "title",
    [
        *("Projects on hold", "October – already invoiced", "Draft - do not bill", "Internal / non-billable", "HOLD"),
        *("To be invoiced in November", "Not for October", "Not yet invoiced", "Bill next month", "Invoice later"),
        *(
            "Approval pending",
            "Never billed",
            "Don’t bill",
            "No invoice",
            "Invoices paid",
            "NON_BILLABLE",
            "2. Cancelled",
            "Paid",
        ),
        *("Noch nicht abrechnen", "Projekte: bereits abgerechnet", "Nächsten Monat", "Rechnung erst später", "Entwurf"),
        *(
            "Octobre – facturé",
            "Ne pas facturer",
            "Projets en attente",
            "Mois prochain",
            "Travaux payés",
            "Déjà facture",
        ),
        *("Obras ya facturadas", "Próximo mes", "Pendiente", "Progetti già fatturati", "Non fatturare", "Não faturar"),
        *("Nog niet factureren", "Volgende maand", "Jeszcze nie", "Później", "Ikke fakturer", "Nästa månad"),
    ],
)
def test_a_title_that_says_anywhere_not_to_bill_is_an_error(tmp_path: Path, title: str) -> None:
    """The rows below it are refused."""
    lines, problems = checked(table(tmp_path / "a.xlsx", HEADER, LINE, [None, title], NEXT))
    assert [(p.code, p.severity) for p in problems if p.row == 3] == [("row.not_to_bill", Severity.ERROR)]
    assert [line.row for line in lines if not line.sound] == [4]


@pytest.mark.parametrize(
    "title",
    [
        *("Paid Social", "Paid media campaigns", "Holding GmbH", "Facture n° 1", "Facture octobre", "Notting Hill"),
        *("1. Design", "2) Hosting", "October 2026", "No. 7 Mill Lane", "Mai 2026", "To be invoiced", "Phase 1"),
        *(
            "Stornoway office",
            "Freelancers",
            "Unbilled work",
            "Team A/B",
            "Payer portal",
            "Travaux à facturer",
            "Abzurechnen",
        ),
    ],
)
def test_a_title_with_words_that_only_look_alike_is_innocent(tmp_path: Path, title: str) -> None:
    """Whole words and accents count."""
    lines, problems = checked(table(tmp_path / "a.xlsx", HEADER, LINE, [None, title], NEXT))
    assert [p.code for p in problems if p.row == 3] == ["row.note"]
    assert all(line.sound for line in lines)


@pytest.mark.parametrize(
    "title",
    [
        *("No Limits Ltd", "Draft report", "Duplicate keys Ltd", "Hold & Co", "Void fill packaging", "Pending Labs"),
        *("Test Automation GmbH", "Skip hire services", "Cancel Culture Podcast", "Entwurf und Planung GmbH"),
        *("Nicht-Regierungs-Organisation e.V.", "Storno Versicherung AG", "Not for profit organisations"),
        *("Payé-Services SARL", "Warten auf Godot Theater", "Website draft", "Hours not on retainer"),
    ],
)
def test_a_title_that_may_be_a_name_is_only_doubtful(tmp_path: Path, title: str) -> None:
    """A word that forbids, beside words that say nothing of billing: the rows are billed, with a warning."""
    lines, problems = checked(table(tmp_path / "a.xlsx", HEADER, LINE, [None, title], NEXT))
    assert [(p.code, "may be a name" in p.message) for p in problems if p.row == 3] == [("row.note", True)]
    assert all(line.sound for line in lines)


@pytest.mark.parametrize("title", ["ACME GmbH: on hold", "Website relaunch not yet", "TEST DATA", "Under review"])
def test_a_title_that_ends_with_a_no_is_an_error(tmp_path: Path, title: str) -> None:
    """What stands before it only names the rows."""
    _, problems = checked(table(tmp_path / "a.xlsx", HEADER, LINE, [None, title], NEXT))
    assert [p.code for p in problems if p.row == 3] == ["row.not_to_bill"]


@pytest.mark.parametrize(
    ("rows", "faulty"),
    [
        ([[None, "Already invoiced"], NEXT, [None, "To bill now"], NEXT], [4]),
        ([[None, "Already invoiced"], [], NEXT, NEXT, [None, "Phase 2"], NEXT], [5, 6]),
        ([[None, "Already invoiced"], [None, "Phase 1"], NEXT, [None, "Phase 2"], NEXT], [5, 7]),
    ],
)
def test_a_title_speaks_of_the_rows_up_to_the_next(tmp_path: Path, rows: list[list[object]], faulty: list[int]) -> None:
    """A title of titles speaks of all rows below it, as it is not clear where it ends."""
    lines, _ = checked(table(tmp_path / "a.xlsx", HEADER, LINE, *rows))
    assert [line.row for line in lines if not line.sound] == faulty


@pytest.mark.parametrize("at", [1, 6])
@pytest.mark.parametrize(
    "text",
    [
        *("https://app.mavenlink.com/workspaces/103", "app.mavenlink.com/workspaces/103", "See www.example.com"),
        *("Project 103", "Workspace #103", "EUR 300", "EUR 300,00", "Extra logo work for 300 EUR", "Travel €50"),
        *("Extra work 50euros", "Two pages, 80,- each", "Hosting: USD 12.50", "Banner $5k", "Logo 5 TEUR"),
    ],
)
def test_a_text_that_names_money_or_a_project_is_no_title(tmp_path: Path, text: str, at: int) -> None:
    """It may be what is left of a line item: the error that it was before."""
    row: list[object] = [None] * 7
    row[at] = text
    header = [*HEADER[:6], "Comment"]
    path = table(tmp_path / "a.xlsx", header, LINE[:6], row, NEXT[:6])
    assert not read(path).excluded
    assert [p for p in checked(path)[1] if p.row == 3 and p.severity is Severity.ERROR]


def test_a_note_that_ends_the_sheet_speaks_of_no_rows(tmp_path: Path) -> None:
    """Nothing stands below it that could be meant."""
    path = table(tmp_path / "a.xlsx", HEADER, LINE, [None, "Cancelled items are left out"], [None, "Ada Example"])
    assert {p.severity for p in checked(path)[1]} == {Severity.WARNING}


@pytest.mark.parametrize("row", [[None, None, None, "Phase 2"], [None, "1O1"], [None, "Website", "Fixed fee"]])
def test_any_other_text_alone_keeps_its_error(tmp_path: Path, row: list[object]) -> None:
    """The text of a line, a misspelt id or a type may be what is left of a line item."""
    assert not read(table(tmp_path / "a.xlsx", HEADER, LINE, row, NEXT)).excluded


def test_the_end_mark_of_old_programs_is_no_row(tmp_path: Path) -> None:
    """DOS programs end a text with Ctrl-Z."""
    path = csv_file(tmp_path / "a.csv", "Project ID,Item type,Amount\n101,Fixed fee,5\n\x1a")
    assert [row.number for row in read(path).rows] == [2]


def test_titles_that_stand_below_each_other_refuse_the_rows_once(tmp_path: Path) -> None:
    """The first speaks of all rows below; thousands of them would name each row again and again."""
    titles = [[None, f"Phase {number}: on hold"] for number in range(50)]
    lines, problems = checked(table(tmp_path / "a.xlsx", HEADER, LINE, *titles, NEXT, NEXT))
    orders = [p for p in problems if p.code == "row.not_to_bill"]
    assert [(p.row, p.rows) for p in orders] == [(3, (3, 53, 54))]
    assert [line.row for line in lines if not line.sound] == [53, 54]
