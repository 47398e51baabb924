"""Texts that order not to bill: above the table, in the text of a line, in a remark that nothing else reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sheets import checked, csv_file, table, workbook

from importer.model.problems import Severity
from importer.values.not_to_bill import order_in

if TYPE_CHECKING:
    from pathlib import Path

HEADER = ["Project ID", "Item type", "Description", "Amount", "Net days", "Remarks"]
LINE = [101, "Fixed fee", "Retainer", 1200, 30, "call Ada"]


@pytest.mark.parametrize(
    "text",
    """Do not bill; DON'T BILL!; please do not invoice; Not to be billed; do not bill yet; never bill this; no charge;
    non-billable; not billable; already invoiced in September; Website (do not bill); Hosting - do not bill until PO;
    nicht berechnen; bitte noch nicht abrechnen; bereits abgerechnet; nicht abrechenbar; à ne pas facturer;
    ne pas facturer; déjà facturé; no facturar; ya facturado; da non fatturare; già fatturato; niet factureren;
    reeds gefactureerd; nie fakturować; não faturar; ikke fakturer; wird nicht berechnet; nicht in Rechnung stellen;
    will not be billed; invoiced already; wird noch nicht abgerechnet""".split(";"),
)
def test_an_order_is_seen(text: str) -> None:
    """In any language, at the begin of a clause, with nothing behind it but plain words."""
    assert order_in(text.strip()) is True


@pytest.mark.parametrize(
    "text",
    [
        *("on hold", "On hold - see Anna", "VOID", "Cancelled!", "storniert", "en attente"),
        *("Do not bill travel", "Skip", "Hosting, do not bill", "Design. Do not bill", "Design *not billable*"),
        *("kostenlos", "Gratis", "Complimentary", "Kulanz", "Offert"),
    ],
)
def test_what_may_be_an_order_is_doubtful(text: str) -> None:
    """A state that may be that of something else, or an order about something else."""
    assert order_in(text) is False


@pytest.mark.parametrize(
    "text",
    """Draft report; Void fill packaging; On-hold music licence; Cancellation fee; Free trial; Hold & Co; No Limits Ltd;
    Billing system rework; Invoice design; was not billed in September; No. 7 billing; Storno-Gebühr; Rechnung 12;
    Facturation octobre; Discharge pump; Factory visit; Test; Draft; Pending; not billed yet; Not invoiced before;
    noch nicht berechnet; 1.5 h, 2 x 100, billing rules; Noch nicht fakturiert""".split(";"),
)
def test_the_text_of_a_line_is_no_order(text: str) -> None:
    """Services and names hold the same words."""
    assert order_in(text.strip()) is None


def test_an_order_in_the_text_of_a_line_is_an_error(tmp_path: Path) -> None:
    """The client would read it on the invoice; other rows are billed."""
    lines, problems = checked(table(tmp_path / "a.xlsx", HEADER, LINE, [102, "Fixed fee", "DO NOT BILL", 500, 30, ""]))
    assert [(p.cell, p.code) for p in problems if p.severity is Severity.ERROR] == [("C3", "row.not_to_bill")]
    assert [line.row for line in lines if not line.sound] == [3]


def test_an_order_in_a_remark_is_an_error_that_says_how_to_pass_over_it(tmp_path: Path) -> None:
    """No column of its own says it, but a person reads it."""
    rows = [LINE, [102, "Fixed fee", "Design", 500, 30, "nicht berechnen"]]
    lines, problems = checked(table(tmp_path / "a.xlsx", HEADER, *rows))
    found = [p for p in problems if p.severity is Severity.ERROR]
    assert [(p.cell, p.code) for p in found] == [("F3", "row.not_to_bill")]
    assert 'ignore_columns = ["Remarks"]' in found[0].hint
    assert [line.row for line in lines if not line.sound] == [3]


def test_a_doubtful_remark_is_one_warning_with_its_rows(tmp_path: Path) -> None:
    """The state may be that of a task."""
    rows = [[*LINE[:5], "on hold"], LINE, [*LINE[:5], "on hold"]]
    lines, problems = checked(table(tmp_path / "a.xlsx", HEADER, *rows))
    found = [(p.cell, p.severity) for p in problems if p.code == "row.maybe_not_to_bill"]
    assert found == [("F2", Severity.WARNING)]
    assert all(line.sound for line in lines)


@pytest.mark.parametrize(
    ("text", "faulty"),
    [
        *(("Do not bill", [4]), ("ENTWURF", [4]), ("Draft invoices October", []), ("Void Architects", [])),
        *(("Billing by client", []), ("Invoicing in March 2026", []), ("Invoice by project", [])),
        *(("Work not yet billed", []), ("Noch nicht abgerechnete Leistungen", []), ("Travaux non facturés", [])),
        *(("Pending invoices, October 2026", []), ("Pending invoices for October", []), ("Factures en attente", [])),
        *(("Awaiting invoicing", []), ("Invoices pending", []), ("Factures en attente de validation", [4])),
        *(
            ("Pending invoices for approval", [4]),
            ("Invoices pending approval", [4]),
            ("Pending billing approval", [4]),
        ),
        *(("Invoice in March 2026", [4]), ("Not yet billed: on hold", [4]), ("Nicht abrechnen", [4])),
    ],
)
def test_an_order_above_the_table_concerns_all_rows(tmp_path: Path, text: str, faulty: list[int]) -> None:
    """A name above the table does not."""
    lines, problems = checked(
        csv_file(tmp_path / "a.csv", f'"{text}"\n\nProject ID,Item type,Amount\n101,Fixed fee,5\n')
    )
    assert [line.row for line in lines if not line.sound] == faulty
    assert [p.cell for p in problems if p.code == "row.not_to_bill"] == ["A1"] * len(faulty)


def test_a_label_with_a_value_above_the_table_is_no_order(tmp_path: Path) -> None:
    """It speaks of its value: “Already invoiced” and a sum."""
    lines, _ = checked(table(tmp_path / "a.xlsx", ["Already invoiced", 4000], [], HEADER, LINE))
    assert all(line.sound for line in lines)


def test_the_name_of_the_sheet_may_be_an_order(tmp_path: Path) -> None:
    """It is billed all the same, because it was chosen; a warning says so."""
    lines, problems = checked(workbook(tmp_path / "a.xlsx", {"On hold": [HEADER, LINE]}))
    assert [p.severity for p in problems if p.code == "sheet.not_to_bill"] == [Severity.WARNING]
    assert all(line.sound for line in lines)


def test_a_sheet_of_work_that_is_not_billed_yet_is_no_order(tmp_path: Path) -> None:
    """That is what an invoice is for."""
    _, problems = checked(workbook(tmp_path / "a.xlsx", {"Not yet invoiced": [HEADER, LINE]}))
    assert not [p for p in problems if p.code == "sheet.not_to_bill"]


@pytest.mark.parametrize(
    ("header", "cells", "faulty"),
    [
        *(("Not for October", ["x", None], [2]), ("Next month", [True, False], [2]), ("Next month", [500, "x"], [])),
        *(("Not yet", ["no", "nein"], []), ("No Limits", ["x", "x"], [])),
    ],
)
def test_a_mark_below_a_header_that_forbids_is_an_error(
    tmp_path: Path, header: str, cells: list[object], faulty: list[int]
) -> None:
    """Where the column holds nothing but yes and no."""
    rows = [[*LINE[:5], cell] for cell in cells]
    lines, _ = checked(table(tmp_path / "a.xlsx", [*HEADER[:5], header], *rows))
    assert [line.row for line in lines if not line.sound] == faulty
