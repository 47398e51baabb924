"""Dates that are typed with the names of their months, and years that are none."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from importer.values.cells import MOST_DAYS
from importer.values.dates import LAST_YEAR, date_of_cell, typed_date
from importer.values.readings import Typed, Unreadable

TODAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    "text",
    ["31 ottobre 2026", "31 oktober 2026", "31 października 2026", "31 de outubro de 2026", "sabato 31 ott 2026"],
)
def test_months_have_names_in_each_language_of_the_headers(text: str) -> None:
    """A header in Italian stands above dates in Italian."""
    read = typed_date(text, TODAY)
    assert isinstance(read, Typed)
    assert set(read.values.values()) == {date(2026, 10, 31)}


@pytest.mark.parametrize("text", ["0026-10-31", "31.10.0026", "31 listopada 2026"])
def test_no_year_of_the_romans_and_no_month_of_two_meanings(text: str) -> None:
    """The year lost its century; listopad is October in Zagreb and November in Warsaw."""
    assert isinstance(typed_date(text, TODAY), Unreadable)


@pytest.mark.parametrize("text", ["9999-12-31", "31.12.9999", "12/31/9999", "31 Dec 9999", "9901-01-01 00:00"])
def test_a_date_after_all_dates_is_none(text: str) -> None:
    """Other programs write it where there is none; 30 days to pay after it are in no calendar."""
    read = typed_date(text, TODAY)
    found = {read} if isinstance(read, Unreadable) else set(read.values.values())
    assert found
    assert all(isinstance(day, Unreadable) for day in found)


@pytest.mark.parametrize("cell", [date(9999, 12, 31), datetime(9999, 12, 31, 23, 59)])  # noqa: DTZ001 - as a file has it
def test_a_date_cell_after_all_dates_is_none(cell: date) -> None:
    """The same, as Excel stores it."""
    assert isinstance(date_of_cell(cell), Unreadable)
    last = date_of_cell(date(LAST_YEAR, 12, 31))
    assert isinstance(last, date)
    assert last + timedelta(days=MOST_DAYS)
