"""Dates that are typed with the names of their months, and years that are none."""

from __future__ import annotations

from datetime import date

import pytest

from importer.values.dates import typed_date
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
