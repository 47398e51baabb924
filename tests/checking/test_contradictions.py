"""Columns that are compared and never sent may not contradict what is billed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sheets import NET_30_DRAFT, NO_TERMS, csv_file, in_this_process, read

from importer.checking.grouping import group
from importer.checking.row_checks import check_rows
from importer.model.check_only import CHECK_ONLY
from importer.model.columns import GIVES_WAY
from importer.model.headers import OwnHeaders, check_only_as, fold, known_as, known_headers
from importer.model.problems import Problems, Severity
from importer.reading.read import read_sheet

if TYPE_CHECKING:
    from pathlib import Path

    from importer.checking.grouping import Defaults
    from importer.model.problems import Problem
    from importer.model.sheet import Sheet, SheetLine

KNOWN = known_headers()


def checked(sheet: Sheet, defaults: Defaults = NET_30_DRAFT) -> tuple[tuple[SheetLine, ...], tuple[Problem, ...]]:
    """The rows and the problems of a sheet."""
    problems = Problems(sheet.problems)
    lines, _ = check_rows(sheet, problems, send_cents=True)
    group(lines, sheet, defaults, problems)
    return lines, problems.ordered()


def sheet_of(folder: Path, columns: str, *rows: str) -> Sheet:
    """A sheet with these columns beside project and type; fields are separated by semicolons."""
    content = "".join(f"101;Fixed fee;{row}\n" for row in rows)
    return read(csv_file(folder / "a.csv", f"Project ID;Item type;{columns}\n{content}"))


def found(folder: Path, columns: str, *rows: str) -> list[str]:
    """Where errors say that a cell contradicts what is billed; warnings in brackets; any other by its code."""
    places = []
    for problem in checked(sheet_of(folder, columns, *rows))[1]:
        if problem.code == "column.contradicts":
            places.append(problem.cell or "")
        elif problem.severity is Severity.WARNING:
            places.append(f"({problem.cell})")
        else:
            places.append(problem.code)
    return places


# --- words ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Void", "yes"),
        ("Invoiced?", "Yes"),
        ("Abgerechnet", "ja"),
        ("Billed", "perhaps"),
        ("Billable", "No"),
        ("Invoiced on", "2026-10-01"),
        ("Discount", "150"),
        ("Rabatt %", "10%"),
        ("Dr/Cr", "Cr"),
        ("S/H", "H"),
        ("Currency", "shells"),
        ("Document type", "Credit note"),
        ("Belegart", "Gutschrift"),
        ("Type de document", "Avoir"),
        ("Invoice type", "Pro-forma"),
        ("Gutschrift", "ja"),
        ("Invoice?", "no"),
        ("Rechnung?", "nein"),
        ("Fakturera?", "nej"),
        ("Faturado", "sim"),
        ("Billable %", "50"),
        ("Include?", "no"),
        ("Approved?", "Rejected"),
        ("Status", "Makulerad"),
        ("Soll/Haben-Kennzeichen", "H"),
        ("+/-", "-"),
    ],
)
def test_contradiction_is_an_error_at_its_cell(tmp_path: Path, header: str, value: str) -> None:
    """What contradicts the bill is never passed over."""
    assert found(tmp_path, f"Amount;{header}", f"500;{value}") == ["D2"]


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Void", "no"),
        ("Billable", "yes"),
        ("Invoiced on", ""),
        ("Discount", "0 %"),
        ("Dr/Cr", "Dr"),
        ("Void", ""),
        ("Void", "-"),
        ("Currency", "EUR"),
        ("Currency", "Euro - EUR"),
        ("Document type", "Tax invoice"),
        ("Belegart", "Rechnung"),
    ],
)
def test_agreement_is_silent(tmp_path: Path, header: str, value: str) -> None:
    """A column that agrees changes nothing, and “Invoiced?” is no misspelt Invoice number."""
    assert found(tmp_path, f"Amount;{header}", f"500;{value}") == []


@pytest.mark.parametrize(
    ("header", "cells", "places"),
    [
        ("Approved", ["OK", "OK", "no"], ["D4"]),
        ("Approval", ["Approved", "Approved", "No"], ["D4"]),
        ("Approved", ["JS", "M.K.", "no"], ["D4"]),
        ("Approved", ["2026-10-31", "2026-10-31", "no"], ["D4"]),
        ("Approved", ["✓", "✓", "✗"], ["D4"]),
        ("Include", ["✓", "✓", "✗"], ["D4"]),
        ("Include", ["yes", "not this month"], ["D3"]),
        ("Freigabe", ["freigegeben", "nicht freigegeben"], ["D3"]),
        ("Validé", ["oui", "non validé"], ["D3"]),
        ("Aprobado", ["sí", "no aprobado"], ["D3"]),
        ("Approved", ["yes", "not yet"], ["D3"]),
        ("Approved", ["yes", "pending"], ["D3"]),
        ("Approved", ["yes", "no objections"], ["(D1)"]),
        ("Approved", ["yes", "No. 12"], ["(D1)"]),
        ("Approved", ["no", "no"], ["(D1)"]),
        ("Included", ["no", "no"], ["(D1)"]),
        ("Confirmed", ["no", "no"], ["(D1)"]),
        ("Approved", ["Holden", "Miller"], ["(D1)"]),
        ("Status", ["Not invoiced", "Pending"], ["(D1)"]),
        ("Include", ["x", "x", ""], ["(D4)"]),
        ("Approved", ["OK", "", "OK"], ["(D3)"]),
        ("Invoice?", ["yes", "yes", ""], ["(D4)"]),
        ("Approved", ["no", ""], ["(D1)"]),
        ("Void", ["no", ""], []),
        ("Bill this", ["Acme", ""], ["(D1)"]),
        ("Facturer", ["Client SA"], ["(D1)"]),
        ("Abrechnen", ["monatlich"], ["(D1)"]),
        ("Bill this", ["yes", "later"], ["D3"]),
        ("Bill this", ["on hold"], ["D2"]),
        ("Bill this", ["✗", "not yet"], ["D2", "D3"]),
    ],
)
def test_a_flag_is_read_beside_the_other_rows(tmp_path: Path, header: str, cells: list[str], places: list[str]) -> None:
    """A no beside a yes is an error, a blank a warning; a column without any yes or no is no flag."""
    assert found(tmp_path, f"Amount;{header}", *(f"{500 + row};{cell}" for row, cell in enumerate(cells))) == places


@pytest.mark.parametrize(
    ("header", "cells", "places"),
    [
        ("Sign", ["JS", "MK"], ["(D1)"]),
        ("+/-", ["+5 %"], ["(D1)"]),
        ("+/-", ["+", "-"], ["D3"]),
        ("Sign", ["Soll", "Haben"], ["D3"]),
        ("Sign", ["Soll", "Haben", "JS"], ["D3", "D4"]),
        ("D/C", ["D", "C"], ["D3"]),
    ],
)
def test_a_sign_is_a_debit_or_a_credit(tmp_path: Path, header: str, cells: list[str], places: list[str]) -> None:
    """Initials and percentages below such a header are none."""
    assert found(tmp_path, f"Amount;{header}", *(f"{500 + row};{cell}" for row, cell in enumerate(cells))) == places


def test_a_credit_note_needs_a_minus(tmp_path: Path) -> None:
    """A document that is called so and would add to the bill is an error; an unknown word is a warning."""
    rows = ["Additional item;-500;Gutschrift", "Additional item;500;Gutschrift", "Additional item;501;Monthly"]
    content = "Project ID;Item type;Amount;Belegart\n" + "".join(f"101;{row}\n" for row in rows)
    problems = checked(read(csv_file(tmp_path / "a.csv", content)))[1]
    assert [(problem.code, problem.cell) for problem in problems] == [
        ("column.not_applied", "D1"),
        ("column.contradicts", "D3"),
    ]


def test_ignored_column_is_not_compared(tmp_path: Path) -> None:
    """The settings can say that a column means something else."""
    path = csv_file(tmp_path / "a.csv", "Project ID,Item type,Amount,Void\n101,Fixed fee,500,yes\n")
    with in_this_process():
        sheet = read_sheet(path, None, known_headers(own=OwnHeaders(ignored=("Void",))))
    assert checked(sheet)[1] == ()


def test_currency_column_belongs_to_the_row(tmp_path: Path) -> None:
    """It is compared as a mark beside the amount is, also where Kantata prices the row."""
    path = csv_file(
        tmp_path / "a.csv",
        "Project ID,Item type,Item ID,Amount,Währung\n101,Fixed fee,,500,€\n101,Time entry,5,,USD\n",
    )
    assert [line.currency for line in checked(read(path))[0]] == ["EUR", "USD"]


def test_currency_column_may_not_contradict_the_amount(tmp_path: Path) -> None:
    """Two currencies for one amount cannot both be right."""
    assert found(tmp_path, "Amount;Currency", "500 USD;EUR") == ["D2"]


# --- figures ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("columns", "row", "places"),
    [
        ("Qty;Unit price;Amount", "8;150;1200", []),
        ("Qty;Unit price;Amount", "8;150;1250", ["C2"]),
        ("Menge;Einzelpreis;Betrag", "8 Std.;150,00 €;1.200,00", []),
        ("Quantité;Prix unitaire;Montant HT", "8;150;150", ["C2"]),
        ("Hours;Rate;Amount", "7:30;100;750", []),
        ("Hours;Rate;Amount", "7.33;150;1100", []),
        ("Hours;Rate;Amount", "7.5;150;1100", ["C2"]),
        ("Qty;Unit price;Amount", "flat;150;1200", ["C2"]),
        ("Qty;Unit price;Discount;Amount", "10;100;10 %;900", []),
        ("Qty;Unit price;Discount;Amount", "10;100;100;900", []),
        ("Qty;Unit price;Discount;Amount", "10;100;10 %;1000", ["C2", "E2"]),
        ("Qty;Price;Total", "8;150;1200", ["C2", "E2"]),
        ("Qty;Price;Total", "8;1200;1200", []),
        ("Qty;Price", "1;150", []),
        ("Qty;Price;Amount", "8;150;1200", []),
        ("Qty;Price (EUR);Amount (EUR)", "8;150;150", ["C2"]),
        ("Amount;Total", "150;1200", ["D2"]),
        ("Amount;Line total", "150;150", []),
        ("Amount;Net;VAT", "1190;1000;190", ["D2", "E2"]),
        ("Amount;Net;VAT;Gross", "1000;1000;190;1190", []),
        ("Amount;MwSt %;Brutto", "1000;19;1190", []),
        ("Amount;MwSt %;Brutto", "1000;7;1190", ["E2"]),
        ("Net amount;Gross", "1000;1190", []),
        ("Amount;Gross", "1000;1190", ["D2"]),
        ("Amount;Amount (incl. VAT)", "1000;1190", ["D2"]),
        ("Amount;VAT amount", "1190;190", ["D2"]),
        ("Net amount;VAT amount", "1000;190", ["(D1)"]),
        ("Amount;VAT rate;VAT amount", "1190;19;190", ["E2"]),
        ("Amount;VAT rate;VAT amount;Taxable", "1000;19;190;yes", []),
        ("Amount;Taxable;VAT %", "1000;no;19%", ["E2"]),
        ("Amount;Taxable;VAT %", "1000;yes;0", ["E2"]),
        ("Amount;Taxable;VAT %", "1000;yes;19%", []),
        ("Amount;Amount in cents", "12;1200", []),
        ("Amount;Amount in cents", "1200;1200", ["D2"]),
        ("Amount;Debit;Credit", "500;500;", []),
        ("Amount;Soll;Haben", "500;;500", ["E2"]),
        ("Amount;Exchange rate", "500;1", []),
        ("Amount;Wechselkurs", "500;1,08", ["D2"]),
        ("Amount;Total", "500;see below", ["D2"]),
        ("Amount;Net", "1200;30", ["D2"]),
    ],
)
def test_figures_of_a_row_agree_with_its_amount(tmp_path: Path, columns: str, row: str, places: list[str]) -> None:
    """Never silently the smaller, the gross or another amount; never a stop where all agree."""
    assert found(tmp_path, columns, row) == places


@pytest.mark.parametrize("header", ["Quantity", "Hours", "Rate", "VAT %"])
def test_column_that_decides_nothing_is_a_warning(tmp_path: Path, header: str) -> None:
    """A person may expect it to change what is billed."""
    assert found(tmp_path, f"Amount;{header}", "500;7") == ["(D1)"]


def test_total_of_the_invoice_may_stand_on_each_of_its_rows(tmp_path: Path) -> None:
    """Programs repeat it."""
    assert found(tmp_path, "Amount;Invoice total", "500;800", "300;800") == []


def test_hint_shows_the_lines_that_bill_the_other_column(tmp_path: Path) -> None:
    """Both ways out are one step."""
    problem = checked(sheet_of(tmp_path, "Price;Total", "150;1200"))[1][0]
    assert 'ignore_columns = ["Total"]' in problem.hint
    assert 'ignore_columns = ["Price"]\n[columns]\namount = ["Total"]' in problem.hint


def test_settings_can_say_that_the_price_is_the_amount(tmp_path: Path) -> None:
    """Then two columns are the amount, which is an error."""
    path = csv_file(tmp_path / "a.csv", "Project ID;Item type;Price;Amount\n101;Fixed fee;150;1200\n")
    problems = checked(read(path, more={"amount": ["Price"]}))[1]
    assert [problem.code for problem in problems] == ["column.duplicate"]


def test_prefilled_words_make_no_row(tmp_path: Path) -> None:
    """A currency and “Billable” filled down below the last line item."""
    path = csv_file(
        tmp_path / "a.csv",
        "Project ID;Item type;Amount;Currency;Billable\n101;Fixed fee;500;EUR;yes\n;Fixed fee;;EUR;yes\n",
    )
    assert [problem.severity for problem in checked(read(path))[1]] == [Severity.WARNING]


# --- no amount -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("columns", "row", "near", "line"),
    [
        ("Line Total", "500", "“Line Total” may be meant", 'amount = ["Line Total"]'),
        ("Unit Price;Billable Amount (EUR)", "50;500", "“Billable Amount (EUR)” may be meant", "amount = ["),
        ("Unit Price;Qty", "50;10", "“Unit Price” seems to be the price of one unit", "quantity times price"),
        ("Net;Gross", "50;59.50", "“Net” may be meant", 'amount = ["Net"]'),
        ("Client;Agreed fee", "ACME;50", "“Agreed fee” may be meant", 'amount = ["Agreed fee"]'),
    ],
)
def test_header_that_may_hold_the_amounts_is_named_first(
    tmp_path: Path, columns: str, row: str, near: str, line: str
) -> None:
    """With the one line of settings that says so."""
    first = checked(sheet_of(tmp_path, f"{columns};Invoce date", f"{row};2026-10-31"))[1][0]
    assert (first.code, first.column) == ("column.missing", "amount")
    assert near in first.message
    assert line in first.hint


# --- due dates -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("columns", "row", "places"),
    [
        ("Amount;Invoice date;Due date", "500;2026-10-31;2026-11-30", []),
        ("Amount;Invoice date;Due date", "500;2026-10-31;2026-11-10", ["E2"]),
        ("Amount;Invoice date;Net days;Due date", "500;2026-10-31;10;2026-11-10", []),
        ("Betrag;Rechnungsdatum;Zahlungsziel;Fällig am", "500;31.10.2026;10;30.11.2026", ["F2"]),
        ("Amount;Invoice date;Due date", "500;2026-10-31;soon", ["E2"]),
        ("Amount;Due date", "500;2026-11-30", ["D2"]),
    ],
)
def test_due_date_is_invoice_date_plus_net_days(tmp_path: Path, columns: str, row: str, places: list[str]) -> None:
    """The settings say 30 days where the sheet says nothing."""
    assert found(tmp_path, columns, row) == places


@pytest.mark.parametrize("cell", ["10 jours", "10 días", "10"])
def test_days_below_a_due_date_are_named_as_days(tmp_path: Path, cell: str) -> None:
    """Not a contradiction of dates: the message says how to map them; the same days as the invoice has are right."""
    sheet = sheet_of(tmp_path, "Amount;Invoice date;Échéance", f"500;2026-10-31;{cell}")
    [problem] = checked(sheet)[1]
    assert f"“Échéance” holds days to pay (“{cell}”), no due date" in problem.message
    assert 'payment_schedule = ["Échéance"]' in (problem.hint or "")
    assert problem.meant == "payment_schedule"
    assert [problem.code for problem in checked(sheet, NO_TERMS)[1]] == ["column.missing", "column.contradicts"]
    assert found(tmp_path, "Amount;Invoice date;Échéance", "500;2026-10-31;30 jours") == []


def test_dates_below_billed_on_may_be_the_invoice_date(tmp_path: Path) -> None:
    """The message names what the header is read as, and both ways out; not where the invoice date is known."""
    [problem] = checked(sheet_of(tmp_path, "Amount;Billed on", "500;2026-10-31"))[1]
    assert "“Billed on”, read as Invoiced on, says “2026-10-31”, as if the row were billed already" in problem.message
    assert 'invoice_date = ["Billed on"]' in (problem.hint or "")
    for columns, row in (("Amount;Voided on", "500;2026-10-31"), ("Amount;Date;Billed on", "5;2026-10-31;2026-10-31")):
        [problem] = checked(sheet_of(tmp_path, columns, row))[1]
        assert "invoice_date" not in (problem.hint or "")


def test_due_date_says_nothing_more_where_the_terms_are_missing(tmp_path: Path) -> None:
    """That is an error of its own."""
    sheet = sheet_of(tmp_path, "Amount;Invoice date;Due date", "500;2026-10-31;2026-11-10")
    assert [problem.code for problem in checked(sheet, NO_TERMS)[1]] == ["column.missing"]


# --- the list --------------------------------------------------------------------


def test_no_header_means_two_things() -> None:
    """Each header of the list is in no other, nor known as a column that is sent."""
    for column in CHECK_ONLY:
        for header in column.headers:
            assert known_as(header, KNOWN) is None or fold(header) in GIVES_WAY, header
            assert check_only_as(header, KNOWN) is column, header


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("Billable Amount (USD)", "total"),
        ("Total EUR", "total"),
        ("Rate in €", "rate"),
        ("Date (due)", "due_date"),
        ("invoiced?", "void"),
        ("Totals of cost", None),
    ],
)
def test_currency_and_remarks_do_not_hide_a_header(header: str, name: str | None) -> None:
    """Programs put the currency into the header."""
    column = check_only_as(header, KNOWN)
    assert (column and column.name) == name


def test_a_rate_in_the_header_of_a_tax_changes_nothing(tmp_path: Path) -> None:
    """“VAT 20%” is the tax, which explains the total."""
    assert found(tmp_path, "Fee;VAT 20%;Invoice total", "100;20;120", "200;40;240") == []
    assert found(tmp_path, "Fee;MwSt (19 %);Brutto", "100;19;118") == ["E2"]


# --- headers of the user's own -------------------------------------------------------


def test_settings_can_name_a_compared_column(tmp_path: Path) -> None:
    """Headers of the user's own are compared as those that are known, whatever else they could mean."""
    own = OwnHeaders({"void": ["Erledigt"], "rate": ["Type"], "hours": ["Aufwand (h)"]})
    path = csv_file(
        tmp_path / "a.csv",
        "Project ID,Item type,Amount,Erledigt,Type,Aufwand (h)\n"
        "101,Fixed fee,500,ja,50,9\n101,Fixed fee,400,nein,50,8\n",
    )
    with in_this_process():
        sheet = read_sheet(path, None, known_headers(own=own))
    assert [(fault.code, fault.cell) for fault in checked(sheet)[1]] == [
        ("column.contradicts", "D2"),
        ("column.contradicts", "F2"),
    ]


@pytest.mark.parametrize(
    "state",
    [
        *("Void", "Cancelled", "Paid", "On hold", "Rejected", "Storniert", "Facturé", "Do not bill", "Don't bill"),
        *("Already invoiced", "Fully billed", "Partly paid", "100 % billed", "Has been invoiced", "Invoice paid"),
        *("No charge", "Free of charge", "Not to be invoiced", "Write-off", "Nicht abrechenbar", "Nicht berechnen"),
        *("Bereits abgerechnet", "Teilfakturiert", "Vollständig bezahlt", "In Rechnung gestellt", "Non facturable"),
        *("Déjà facturé", "A été facturé", "Ya facturado", "Reeds gefactureerd", "Già pagato", "Já faturado"),
        *("Gesperrt", "Zurückgestellt", "Paused", "Sospeso", "Suspendu", "Deferred to May"),
        *("Facture payée", "FACTURÉE", "Déjà facture", "Hold", "Holding", "Paid on 3 May"),
    ],
)
def test_a_status_that_says_not_to_bill_contradicts(tmp_path: Path, state: str) -> None:
    """The row would be billed all the same."""
    assert found(tmp_path, "Amount;Status", f"100;{state}", "200;") == ["D2"]


def test_other_words_of_a_status_are_named_beside_an_error(tmp_path: Path) -> None:
    """One row that is not billed says nothing of the others."""
    rows = ("100;Void", "200;Sent", "300;Closed", "400;Sent", "500;Open", "600;New")
    sheet = sheet_of(tmp_path, "Amount;Status", *rows)
    warning, wrong = checked(sheet)[1]
    assert (warning.code, warning.cell, wrong.code, wrong.cell) == (
        *("column.not_applied", "D1"),
        *("column.contradicts", "D2"),
    )
    assert "where it says “Sent”, “Closed”, “Open” and other words" in warning.message


@pytest.mark.parametrize("name", ["void", "status"])
def test_the_settings_count_for_a_header_of_any_length(tmp_path: Path, name: str) -> None:
    """The person said what it means; that is never passed over."""
    header = "Please say here whether this row was billed by the other office already " + "and who told you so " * 5
    path = csv_file(tmp_path / "a.csv", f"Project ID,Item type,Amount,{header}\n101,Fixed fee,500,already billed\n")
    with in_this_process():
        sheet = read_sheet(path, None, known_headers(own=OwnHeaders({name: [header.strip()]})))
    assert [(fault.code, fault.cell) for fault in checked(sheet)[1]] == [("column.contradicts", "D2")]


@pytest.mark.parametrize("cell", ["oui", "non", "20261001"])
@pytest.mark.parametrize("header", ["Facture ?", "FACTURE", "Facture"])
def test_a_header_that_may_lack_its_accent_is_asked_about(tmp_path: Path, header: str, cell: str) -> None:
    """“Facture ?” says to bill, “Facturé ?” that it was billed: yes and no would mean the contrary."""
    sheet = sheet_of(tmp_path, f"Amount;{header}", f"100;{cell}", "200;")
    lines, problems = checked(sheet)
    assert [(p.code, p.cell) for p in problems] == [("column.unclear", "D2")]
    assert f'billable = ["{header}"]' in problems[0].hint
    assert [line.sound for line in lines] == [False, True]


def test_the_settings_say_which_of_the_two_it_is(tmp_path: Path) -> None:
    """Then it is asked about no more."""
    path = csv_file(tmp_path / "a.csv", "Project ID,Item type,Amount,Facture ?\n101,Fixed fee,500,oui\n")
    with in_this_process():
        sheet = read_sheet(path, None, known_headers(own=OwnHeaders({"billable": ["Facture ?"]})))
    assert list(checked(sheet)[1]) == []


@pytest.mark.parametrize(
    ("header", "cells", "rows"),
    [
        *(
            ("Share", ("50%", "100%"), "row 2"),
            ("% complete", ("50", "80"), "rows 2-3"),
            ("Anteil", ("0,5", "1"), "row 2"),
        ),
        *(
            ("Split", ("60/40", "100"), "row 2"),
            ("Progress", ("done", "80 %"), "row 3"),
            ("Avancement", ("1", "0"), "row 3"),
        ),
        *(
            ("Share", ("100%", "1"), None),
            ("Progress", ("done", "started"), None),
            ("Share of voice", ("5", "6"), None),
        ),
    ],
)
def test_a_part_of_the_whole_is_named(tmp_path: Path, header: str, cells: tuple[str, str], rows: str | None) -> None:
    """Whether the amount is the part or the whole, nothing says: it is billed as it stands, with a warning."""
    sheet = sheet_of(tmp_path, f"Amount;{header}", *(f"100;{cell}" for cell in cells))
    lines, problems = checked(sheet)
    said = [p.message for p in problems if p.code == "column.not_applied"]
    assert [f"in {rows}:" in message for message in said] == [True] * (rows is not None)
    assert all(line.sound for line in lines)


@pytest.mark.parametrize(
    "header",
    """à ne pas facturer; Ne pas facturer; Non fatturare; Nie fakturować; Gratis; Kostenlos; Pro bono; Bill later;
    Invoice sent; Deferred; Noch nicht abrechnen; En attente; N/C""".split(";"),
)
def test_a_flag_that_forbids_must_say_no(tmp_path: Path, header: str) -> None:
    """In any language."""
    assert found(tmp_path, f"Amount;{header.strip()}", "100;x", "200;") == ["D2"]


@pytest.mark.parametrize(
    "state",
    [
        "Open",
        "Approved",
        "Unpaid",
        "Not invoiced",
        "Draft",
        "Billable",
        "Facture à émettre",
        "Paid Social",
        "Holding GmbH",
    ],
)
def test_any_other_status_is_not_used(tmp_path: Path, state: str) -> None:
    """That is said at its header."""
    assert found(tmp_path, "Amount;Status", f"100;{state}") == ["(D1)"]


@pytest.mark.parametrize(("cells", "places"), [(["Yes", "No"], ["D3"]), (["No", "No"], ["(D1)"]), (["x", "x"], [])])
def test_a_row_that_is_not_approved_contradicts_where_others_are(
    tmp_path: Path, cells: list[str], places: list[str]
) -> None:
    """Where no row is, approvals are perhaps not used: Harvest writes No on every row then."""
    assert found(tmp_path, "Amount;Approved?", *(f"{5 + row};{cell}" for row, cell in enumerate(cells))) == places


def test_adjustments_and_factors_are_not_applied(tmp_path: Path) -> None:
    """The amount is billed as it stands: beside it only nothing, or the factor 1, agrees."""
    assert found(tmp_path, "Amount;Write-off;Factor", "100;;1", "110;0;1", "120;20;1", "130;;2") == ["D4", "E5"]
