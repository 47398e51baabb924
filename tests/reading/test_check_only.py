"""Columns that are compared and never sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from importer.model.headers import OwnHeaders, known_headers
from importer.reading.read import read_sheet

if TYPE_CHECKING:
    from pathlib import Path


def _read(folder: Path, header: str, value: str, ignored: tuple[str, ...] = ()):  # noqa: ANN202
    path = folder / "sheet.csv"
    path.write_text(f"Project ID,Item type,Amount,Net days,{header}\n101,Fixed fee,500,30,{value}\n", "utf-8")
    return read_sheet(path, None, known_headers(own=OwnHeaders(ignored=ignored)))


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Void", "yes"),
        ("Invoiced?", "Yes"),
        ("Abgerechnet", "ja"),
        ("Billed", "perhaps"),
        ("Billable", "No"),
        ("Discount", "150"),
        ("Rabatt %", "10%"),
        ("Dr/Cr", "Cr"),
        ("S/H", "H"),
        ("Currency", "shells"),
    ],
)
def test_contradiction_is_an_error_at_its_cell(tmp_path: Path, header: str, value: str) -> None:
    """What contradicts the bill is never passed over."""
    found = [fault.cell for fault in _read(tmp_path, header, value).problems if fault.code == "column.contradicts"]
    assert found == ["E2"]


@pytest.mark.parametrize(
    ("header", "value"),
    [("Void", "no"), ("Billable", "yes"), ("Discount", "0 %"), ("Dr/Cr", "Dr"), ("Void", ""), ("Currency", "EUR")],
)
def test_agreement_is_no_error(tmp_path: Path, header: str, value: str) -> None:
    """A column that agrees changes nothing."""
    assert "column.contradicts" not in {fault.code for fault in _read(tmp_path, header, value).problems}


def test_ignored_column_is_not_compared(tmp_path: Path) -> None:
    """The settings can say that a column means something else."""
    assert "column.contradicts" not in {fault.code for fault in _read(tmp_path, "Void", "yes", ("Void",)).problems}


def test_currency_column_belongs_to_the_amount(tmp_path: Path) -> None:
    """It is then compared as a mark beside the amount is."""
    assert _read(tmp_path, "Währung", "€").currencies == {2: "EUR"}


def test_agreeing_column_is_silent(tmp_path: Path) -> None:
    """What agrees needs no warning, and “Invoiced?” is no misspelt Invoice number."""
    assert _read(tmp_path, "Invoiced?", "no").problems == ()


@pytest.mark.parametrize("header", ["Group", "Title"])
def test_word_of_an_export_is_said_to_be_read(tmp_path: Path, header: str) -> None:
    """A user group may not merge clients in silence, nor a job title reach the invoice."""
    assert [fault.code for fault in _read(tmp_path, header, "Senior").problems] == ["column.read_as"]
