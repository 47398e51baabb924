"""A column of dates that nothing uses, in a sheet without an invoice date, is asked about."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest
from sheets import found, read, read_by, table

from importer.model.headers import OwnHeaders, known_headers

if TYPE_CHECKING:
    from pathlib import Path

HEADER = ["Project ID", "Item type", "Amount"]
LINE = [101, "Fixed fee", 1200]


@pytest.mark.parametrize("cell", [date(2026, 10, 31), "31.10.2026", "31 October 2026"])
def test_dates_under_an_unknown_header_may_be_the_invoice_date(tmp_path: Path, cell: object) -> None:
    """The invoice would be dated on the day of sending, and nobody would see it."""
    sheet = read(table(tmp_path / "a.xlsx", [*HEADER, "Buchungsdatum"], [*LINE, cell], [*LINE, None]))
    assert ("column.unused_dates", "D1") in found(sheet.problems)


@pytest.mark.parametrize(
    ("header", "cell"),
    [
        ("Start date", date(2026, 10, 1)),
        ("Leistungsdatum", date(2026, 10, 1)),
        ("Approved on", "2026-10-31"),
        ("Buchungsdatum", "October"),
        ("Delivery", 20261031.5),
    ],
)
def test_dates_of_something_else_are_no_question(tmp_path: Path, header: str, cell: object) -> None:
    """Neither the days of the work nor a text that is no date."""
    sheet = read(table(tmp_path / "a.xlsx", [*HEADER, header], [*LINE, cell]))
    assert "column.unused_dates" not in dict(found(sheet.problems))


@pytest.mark.parametrize(
    ("header", "cell", "asked"),
    [
        ("Zahlungsart", "15 Tage netto", ["D1"]),
        ("Payment", 15, []),
        ("Délai", "15 jours", ["D1"]),
        ("Conditions", "Net 15", ["D1"]),
        ("Effort", "15 days", []),
        ("Net effort", "15 days", []),
        ("Delivery within", "15 days", []),
        ("Contract term", "90 days", []),
        ("Billing terms", "Fixed price", []),
        ("Invoice terms", "see contract", []),
        ("Invoice terms", "15 days", ["D1"]),
        ("Invoice terms", 15, ["D1"]),
        ("Payment", "Bank transfer", []),
    ],
)
def test_days_to_pay_under_an_unknown_header_may_be_the_net_days(
    tmp_path: Path, header: str, cell: object, asked: list[str]
) -> None:
    """Those of the settings would be billed, and nobody would see it."""
    sheet = read(table(tmp_path / "a.xlsx", [*HEADER, header], [*LINE, cell]))
    assert [p.cell for p in sheet.problems if p.code == "column.unused_terms"] == asked


def test_a_sheet_with_an_invoice_date_or_with_ids_has_no_need(tmp_path: Path) -> None:
    """Rows that are billed by the ids of their records have the dates of these."""
    day = date(2026, 10, 31)
    dated = table(tmp_path / "a.xlsx", [*HEADER, "Invoice date", "Buchungsdatum"], [*LINE, day, day])
    by_id = table(tmp_path / "b.xlsx", [*HEADER, "Item ID", "Buchungsdatum"], [101, "Time entry", None, 5101001, day])
    for path in (dated, by_id):
        assert "column.unused_dates" not in dict(found(read(path).problems))


def test_the_settings_settle_it(tmp_path: Path) -> None:
    """A constant invoice date, or a header that is passed over."""
    path = table(tmp_path / "a.xlsx", [*HEADER, "Buchungsdatum"], [*LINE, date(2026, 10, 31)])
    for own in (OwnHeaders(supplied=frozenset({"invoice_date"})), OwnHeaders(ignored=["Buchungsdatum"])):
        sheet = read_by(known_headers(own=own), path)
        assert "column.unused_dates" not in dict(found(sheet.problems))
