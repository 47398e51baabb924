"""Headers put together from known words mean a column; those that could mean more only suggest it."""

from __future__ import annotations

import pytest

from importer.model.check_only import CHECK_ONLY
from importer.model.columns import COLUMNS
from importer.model.header_words import column_in_words, suggested_in_words
from importer.model.headers import check_only_as, is_put_together, known_as, known_headers

KNOWN = known_headers()


@pytest.mark.parametrize(
    ("header", "column"),
    [
        ("Rg.-Datum", "invoice_date"),
        ("Datum der Rechnung", "invoice_date"),
        ("Date d’émission", "invoice_date"),
        ("Fecha de facturación", "invoice_date"),
        ("Data wystawienia faktury", "invoice_date"),
        ("Re.-Nr.", "user_invoice_number"),
        ("Factura nº", "user_invoice_number"),
        ("Invoice document no", "user_invoice_number"),
        ("Belegdatum", "invoice_date"),
        ("Due in (days)", "payment_schedule"),
        ("Rechnungsbetreff", "user_invoice_title"),
        ("PO-Nr.", "purchase_order"),
        ("Kundenbestellnummer", "purchase_order"),
        ("Purchase Order #", "purchase_order"),
        ("Ordem de compra", "purchase_order"),
        ("Bon de commande n°", "purchase_order"),
        ("Fakturadato", "invoice_date"),
        ("Zahlungsbedingung", "payment_schedule"),
        ("Zahlbar in Tagen", "payment_schedule"),
        ("Délai de règlement", "payment_schedule"),
        ("Credit terms (days)", "payment_schedule"),
        ("ID projektu", "workspace_id"),
        ("Codice progetto", "project_code"),
        ("ID de la tâche", "story_id"),
        ("Clé de facture", "invoice_key"),
        ("MwSt-pflichtig", "taxable"),
        ("Als Entwurf", "draft"),
        ("Nachricht an Kunden", "message"),
    ],
)
def test_words_of_a_header_make_a_column(header: str, column: str) -> None:
    """No list holds all spellings; the words and their kinds do."""
    assert known_as(header, KNOWN) == column


@pytest.mark.parametrize(
    "header",
    [
        *("Issue number", "Issue #", "Order date", "PO date", "Tax ID", "VAT number", "Client name", "Billing name"),
        *("Payment date", "Invoice due date", "Previous invoice date", "Invoice number (old)", "Task name", "Bill to"),
        *(
            "Nº proyecto 101",
            "Invoice date 31/10/2026",
            "Document type",
            "Net",
            "Days",
            "Invoice terms",
            "Nº orden",
            "Nº de orden",
            "N.º de ordem",
            "Term",
            "Project manager",
            "Invoice total",
            "Kundennummer",
            "Date (due)",
            "Number of invoices",
            "No. of projects",
        ),
    ],
)
def test_other_words_make_none(header: str) -> None:
    """One word of another kind, or too few, and the header means something else."""
    assert known_as(header, KNOWN) is None
    assert suggested_in_words(header) is None


@pytest.mark.parametrize(
    ("header", "column"),
    [
        ("Order number", "purchase_order"),
        ("Ihre Referenz", "purchase_order"),
        ("Betreff", "user_invoice_title"),
        ("Rechnung", "user_invoice_number"),
        ("Belegnummer", "user_invoice_number"),
        ("Document number", "user_invoice_number"),
        ("Doc. no.", "user_invoice_number"),
        ("Fact no", "user_invoice_number"),
        ("Due days", "payment_schedule"),
        ("Days due", "payment_schedule"),
        ("Due in", "payment_schedule"),
        ("Invoice ID", "user_invoice_number"),
        ("Task no", "story_id"),
    ],
)
def test_a_header_that_may_mean_more_is_asked_about(header: str, column: str) -> None:
    """It is an error with the lines that settle it, never a field that is lost."""
    assert (known_as(header, KNOWN), suggested_in_words(header)) == (None, column)


def test_words_agree_with_the_lists() -> None:
    """A listed header keeps its meaning, and a compared column is never made a sent one."""
    for column in COLUMNS:
        for header in (column.title, *column.aliases):
            assert column_in_words(header) in {None, column.name}, header
    for checked in CHECK_ONLY:
        for header in checked.headers:
            assert known_as(header, KNOWN) is None or check_only_as(header, KNOWN) is checked, header


@pytest.mark.parametrize(
    ("header", "is_so"),
    [
        ("Rg.-Datum", True),
        ("Invoice date", False),
        ("Invoice date (yyyy-mm-dd)", False),
        ("Amount EUR", False),
        ("Client name", False),
        ("Our own Rg.-Datum", False),
    ],
)
def test_what_only_words_say_is_known(header: str, is_so: bool) -> None:  # noqa: FBT001 - a case
    """The preview names such a header."""
    assert is_put_together(header, KNOWN) is is_so
