"""Typed amounts and dates: what each text means, and how a column decides what it cannot say alone."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sheets import TODAY, column_of

from importer.checking.conventions import Conventions
from importer.model.problems import Problem, Severity
from importer.values.readings import Undecided, Unreadable

D = Decimal


def read(name: str, *cells: object, mark: str = "auto", order: str = "auto") -> tuple[list[Any], list[Problem]]:
    """Read one column; its values, and what is wrong with it as a whole."""
    parsed = column_of(name, *cells, conventions=Conventions(mark, order, TODAY))
    return parsed.frame[name].tolist(), parsed.problems


def amount_of(text: str, *proof: str) -> object:
    """Read an amount in a column that holds a proof besides."""
    return read("amount", text, *proof)[0][0]


def date_of(text: str, *proof: str) -> object:
    """Read a date in a column that holds a proof besides."""
    return read("invoice_date", text, *proof)[0][0]


# --- amounts: one text ---------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1200", "1200"),
        ("1200.50", "1200.50"),
        ("1.234,00", "1234"),
        ("1,234.00", "1234"),
        ("1 234,00", "1234"),
        ("1\u00a0234,00", "1234"),
        ("1\u202f234,5", "1234.5"),
        ("1'234.00", "1234"),
        ("1’234.05", "1234.05"),
        ("1 234", "1234"),
        ("1'234'567", "1234567"),
        ("1,234,567", "1234567"),
        ("1.234.567", "1234567"),
        ("(500)", "-500"),
        ("500-", "-500"),
        ("-500", "-500"),
        ("\u2212500", "-500"),
        ("- 500", "-500"),
        ("$500", "500"),
        ("-$500", "-500"),
        ("$-500", "-500"),
        ("($500)", "-500"),
        ("$(500)", "-500"),
        ("EUR 500", "500"),
        ("eur500", "500"),
        ("500.00 €", "500"),
        ("€ 1.234,50", "1234.50"),
        ("500 €-", "-500"),
        ("CHF 1'234.50", "1234.50"),
        ("Fr. 500", "500"),
        ("US$ 500", "500"),
        ("$500 USD", "500"),
        ("500 Euro", "500"),
        ("５００", "500"),
        ("１，２３４．５０", "1234.50"),
        (" $ 1,234.56 ", "1234.56"),
        ("'1200", "1200"),
        ("0,5", "0.5"),
        ("0.500", "0.5"),
        ("1234.567", "1234.567"),
        ("12,3456", "12.3456"),
        ("1428.6399999999999", "1428.64"),
        ("0.30000000000000004", "0.3"),
        ("9999999999999", "9999999999999"),
        ("\u202d1,234.50\u202c", "1234.50"),
        ("+5", "5"),
        ("+$ 5", "5"),
        (".5", "0.5"),
        ("-,50", "-0.5"),
        ("€.5", "0.5"),
        ("500,-", "500"),
        ("1'234.-", "1234"),
        ("1.000,-", "1000"),
        ("5,\u2013 €", "5"),
        ("Fr. 500.--", "500"),
        ("1,20,000.00", "120000"),
        ("₹ 12,34,567", "1234567"),
        ("INR 1,23,45,67,890.50", "1234567890.5"),
        ("(1,20,000)", "-120000"),
        ("Rs. 1,20,000/-", "120000"),
        ("500/=", "500"),
        ("1\u202f234,50", "1234.5"),
        ("1\u00a0234\u00a0567,50", "1234567.5"),
        ("1’234’567.00", "1234567"),
    ],
)
def test_amounts_that_say_themselves_what_they_mean(text: str, amount: str) -> None:
    """Marks for thousands, signs and currencies are read as people type them in several countries."""
    values, problems = read("amount", text)
    assert values == [D(amount)]
    assert not problems


@pytest.mark.parametrize(
    "text",
    [
        "1,23,4",
        "0,12,345",
        "12,34,56",
        "1.20.000,00",
        "1 20 000",
        "1'20'000",
        "500/",
        "12,34.5",
        "1.2.3",
        "1,234,56",
        "1.234.56",
        "1 23",
        "1  234",
        "1 234'567",
        "1,234 567",
        "1\n234",
        "1\t234",
        "5%",
        "5 %",
        "abc",
        "ca. 500",
        "500 pcs",
        "500 EUR USD",
        "EUR 500 USD",
        "(500",
        "500)",
        "--500",
        "-500-",
        "(-500)",
        "-(500)",
        "1e3",
        "1.2E+05",
        "6.82E-13",
        "5.",
        "NaN",
        "-",
        "x",
        "",
        "٥٠٠",
        "५००",
        "5²",
        "½",
        "𝟓𝟎𝟎",
        "500 / 600",
        "\u202e005",
        "5" * 80,
        "500 CR",
        "+-5",
        "(+5)",
        "$+5",
        ".500",
        "1,000,-",
        "1.50,-",
        "USD.5",
        "5,-5",
    ],
)
def test_texts_that_are_no_amount_are_refused(text: str) -> None:
    """Groups that are no thousands, other words, other digits and two signs are not guessed."""
    value = amount_of(text)
    assert isinstance(value, Unreadable)
    assert value.fault == "not_a_number"
    assert value.hint.endswith(".")


@pytest.mark.parametrize("text", ["٥٠٠", "५००", "۱۲۳۴", "5²"])
def test_digits_of_other_scripts_are_refused_for_that(text: str) -> None:
    """Which digits are meant is clear to few readers; the message asks for 0 to 9."""
    value = amount_of(text)
    assert isinstance(value, Unreadable)
    assert "digits that are not 0 to 9" in value.message


def test_a_column_of_indian_amounts_proves_its_decimal_point() -> None:
    """12,34,567 fits a decimal point only, so that 5,000 beside it is a thousand times five."""
    assert read("amount", "12,34,567.00", "1,20,000", "5,000")[0] == [D(1234567), D(120000), D(5000)]
    assert read("amount", "1,20,000", mark=",")[1][0].code == "amount.foreign"


@pytest.mark.parametrize(
    "text",
    ["1" * 27, "-" + "9" * 50, "10000000000000", "0.1234567890123456", "1234567890123.456", "-10.000.000.000.000,00"],
)
def test_amounts_that_a_number_cell_could_not_hold_are_refused(text: str) -> None:
    """Only noise is rounded away, never digits that a person may have typed."""
    value = amount_of(text)
    assert isinstance(value, Unreadable)
    assert value.fault == "too_large"


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        ("500", None),
        ("€500", "EUR"),
        ("500 eur", "EUR"),
        ("$500", "$"),
        ("$500 CAD", "CAD"),
        ("US$500", "USD"),
        ("£ 5", "GBP"),
        ("kr. 500", "kr"),
        ("500 zł", "PLN"),
        ("￥500", "¥"),
        ("₹ 500", "INR"),
        ("Rs. 500", "Rs"),
    ],
)
def test_the_currency_beside_an_amount_is_kept(text: str, currency: str | None) -> None:
    """A code is kept as a code, a mark that several currencies share as the mark."""
    assert column_of("amount", "1", text).currencies == ({3: currency} if currency else {})


# --- amounts: the column decides --------------------------------------------------


@pytest.mark.parametrize(
    ("text", "proof"), [("1,234", "12.50"), ("1,234", "1,234.00"), ("1.234", "12,50"), ("1.234", "1.234,00")]
)
def test_one_proof_decides_for_the_column(text: str, proof: str) -> None:
    """What 1,234 means follows from any cell that can only be written in one way."""
    assert read("amount", "7", text, None, 3.0, proof)[0][1] == D(1234)


@pytest.mark.parametrize(("text", "proof"), [("1,000", "12,5"), ("1,230", "1.234,00"), ("1.000", "1,234.00")])
def test_three_decimals_are_not_taken_from_the_proof_of_another_cell(text: str, proof: str) -> None:
    """One slip such as 12,5 for 12.5 must not turn 1,000 into 1; only the settings may say that."""
    values, (problem,) = read("amount", proof, text, "5", text)
    assert [isinstance(value, Undecided) for value in values] == [False, True, False, True]
    assert (problem.code, problem.rows) == ("amount.three_decimals", (3, 5))
    assert f"because “{proof}” in A2" in problem.message
    mark = text[1]
    assert read("amount", proof, text, mark=mark)[0][1] == D(text.replace(",", "."))
    assert f'decimal_mark = "{mark}"' in problem.hint


@pytest.mark.parametrize("text", ["1,234", "1.234", "-250.000", "€ 1.000"])
def test_without_proof_the_column_is_refused(text: str) -> None:
    """Thousands or decimals: one error that names both meanings and the setting, not one for each cell."""
    values, (problem,) = read("amount", 5.0, text, "77", text, None)
    assert [isinstance(value, Undecided) for value in values] == [False, True, False, True, False]
    assert (problem.code, problem.cell, problem.rows, problem.value) == ("amount.unproved", "A3", (3, 5), text)
    assert text in problem.message
    assert 'decimal_mark = "."' in problem.hint
    assert 'decimal_mark = ","' in problem.hint


def test_number_cells_prove_nothing() -> None:
    """A number cell does not show how the texts beside it are written."""
    assert isinstance(read("amount", 12.5, "1,234")[0][1], Undecided)


def test_two_ways_in_one_column_are_refused() -> None:
    """A decimal point in one cell and a decimal comma in another: one error that names one cell of each."""
    values, (problem,) = read("amount", "1,234", "12.50", "500", 3.0, "1.234,00", "12,50")
    assert [isinstance(value, Undecided) for value in values] == [True, True, False, False, True, True]
    assert (problem.code, problem.rows) == ("amount.contradicted", (2, 3, 6, 7))
    assert "“12.50” in A3" in problem.message
    assert "“1.234,00” in A6" in problem.message


@pytest.mark.parametrize(("mark", "amount"), [(".", "1234"), (",", "1.234")])
def test_the_settings_decide_without_proof(mark: str, amount: str) -> None:
    """decimal_mark fixes what the column leaves open, and refuses what does not fit it."""
    assert read("amount", "1,234", mark=mark)[0] == [D(amount)]
    values, (problem,) = read("amount", "1,234", "0.5" if mark == "," else "0,5", mark=mark)
    assert values[0] == D(amount)
    assert (problem.code, problem.rows) == ("amount.foreign", (3,))


# --- dates: one text -------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "2026-10-31",
        " 2026-10-31 ",
        "2026-10-31 00:00:00",
        "2026-10-31T00:00:00",
        "2026-10-31 0:00",
        "2026/10/31",
        "2026.10.31",
        "31/10/2026",
        "10/31/2026",
        "31.10.26",
        "31.10.2026",
        "31. 10. 2026",
        "31-10-2026",
        "31/10/26",
        "10/31/26",
        "31-10-26",
        "31 Oct 2026",
        "31-Oct-26",
        "Oct 31, 2026",
        "October 31 2026",
        "Oct. 31st, 2026",
        "31st of October 2026",
        "the 31st October 2026",
        "31. Oktober 2026",
        "31. Okt. 2026",
        "31 octobre 2026",
        "31 oct. 2026",
        "31 de octubre de 2026",
        "Sat, Oct 31, 2026",
        "Samstag, 31. Oktober 2026",
        "Sa 31.10.2026",
        "samedi 31 octobre 2026",
        "sáb. 31/10/2026",
        "2026-Oct-31",
        "10/31/2026 12:00:00 AM",
        "３１．１０．２０２６",
        "20261031",
        "31\u201310\u20132026",
        "31/10/2026 00:00",
        "31\u00a0octobre\u00a02026",
        "2026-10-31T00:00:00Z",
        "2026-10-31T00:00:00.000",
        "2026-10-31T00:00:00.000Z",
        "2026-10-31T00:00:00+01:00",
        "2026-10-31 00:00:00 -08:00",
        "20261031T000000Z",
        "2026-10-31 14:30",
        "31/10/2026 14:30",
        "2026-10-31T23:59:59.999",
        "20261031T143000",
        "10/31/2026, 2:30:15 PM",
        "31.10.2026, 14:30 Uhr",
        "31 octobre 2026 à 14h30",
        "Sat, 31 Oct 2026 00:00:00 GMT",
        "Sat Oct 31 2026 00:00:00 GMT+0100 (Central European Standard Time)",
        "31.10.2026 (Sa)",
        "2026年10月31日",
        "2026年10月31日(土)",
        "2026年10月31日星期六",
        "2026年10月31日 14:30",
        "2026年10月31日 上午9:05:00",
        "2026年10月31日14時30分",
        "２０２６年１０月３１日",
        "令和8年10月31日",
        "2026년 10월 31일",
        "2026년 10월 31일 토요일",
        "2026. 10. 31.",
        "2026. 10. 31. 오후 2:30",
        "2026-10-31 오전 12:00Z",
    ],
)
def test_dates_that_say_themselves_what_they_mean(text: str) -> None:
    """A day above 12, a year first and a named month leave no doubt."""
    values, problems = read("invoice_date", text)
    assert values == [date(2026, 10, 31)]
    assert not problems


@pytest.mark.parametrize(
    ("text", "month"),
    [
        ("1er janvier 2026", 1),
        ("5 Jänner 2026", 1),
        ("5 févr. 2026", 2),
        ("5. März 2026", 3),
        ("5 mrz 2026", 3),
        ("5 avril 2026", 4),
        ("5 Mai 2026", 5),
        ("5 mayo 2026", 5),
        ("5 juin 2026", 6),
        ("5 juil. 2026", 7),
        ("5 août 2026", 8),
        ("5 Sept 2026", 9),
        ("5 septiembre 2026", 9),
        ("5 nov. 2026", 11),
        ("5 Dez 2026", 12),
        ("5 déc. 2026", 12),
        ("5 dic 2026", 12),
        ("5 ENERO 2026", 1),
        ("mar. 5 mars 2026", 3),
    ],
)
def test_months_are_known_in_four_languages(text: str, month: int) -> None:
    """English, German, French and Spanish names, and their usual short forms."""
    value = date_of(text)
    assert isinstance(value, date)
    assert value.month == month


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("2026-02-30", "no_such_day"),
        ("2026-13-01", "no_such_day"),
        ("31.02.2026", "no_such_day"),
        ("31 Feb 2026", "no_such_day"),
        ("30/13/2026", "no_such_day"),
        ("2026/31/10", "no_such_day"),
        ("2026-10-31 24:00", "not_a_date"),
        ("31/10/2026 13:00 PM", "not_a_date"),
        ("2026-02-30 14:30", "no_such_day"),
        ("26年10月31日", "not_a_date"),
        ("115年10月31日", "not_a_date"),
        ("31/10", "not_a_date"),
        ("Oct-26", "not_a_date"),
        ("Oct 2026", "not_a_date"),
        ("31/10-2026", "not_a_date"),
        ("31102026", "not_a_date"),
        ("20261331", "not_a_date"),
        ("20260230", "not_a_date"),
        ("20121012", "not_a_date"),
        ("2026103", "not_a_date"),
        ("31/10/026", "not_a_date"),
        ("31 Foo 2026", "not_a_date"),
        ("soon", "not_a_date"),
        ("46326", "not_a_date"),
        ("٣١/١٠/٢٠٢٦", "not_a_date"),
        ("1/2/3/4", "not_a_date"),
        ("x" * 100, "not_a_date"),
        ("", "not_a_date"),
    ],
)
def test_texts_that_are_no_date_are_refused(text: str, fault: str) -> None:
    """No such day, a time of day, half a date and other words are not guessed."""
    value = date_of(text)
    assert isinstance(value, Unreadable)
    assert value.fault == fault


@pytest.mark.parametrize(
    "text",
    [
        "2026-10-30T23:00:00.000Z",
        "2026-10-31T14:30:00+01:00",
        "2026-10-31 14:30:00 UTC",
        "2026-10-31 10:00 CET",
        "20261031T143000Z",
        "10/31/2026 12:30 AM GMT",
    ],
)
def test_a_time_in_a_zone_is_refused_for_its_zone(text: str) -> None:
    """An hour before midnight in London is another day in Berlin; midnight itself is what programs add to a date."""
    value = date_of(text)
    assert isinstance(value, Unreadable)
    assert "time zone" in value.message


# --- dates: the column decides ------------------------------------------------------


@pytest.mark.parametrize(
    ("proof", "month"), [("31/10/2026", 10), ("10/31/2026", 5), ("31.10.26", 10), ("31/10/26", 10)]
)
def test_a_day_above_twelve_decides_for_the_column(proof: str, month: int) -> None:
    """05/10/2026 is read in the order that another cell proves, whatever stands between the numbers."""
    day = date(2026, month, 15 - month)
    assert date_of("05/10/2026", proof) == day
    assert date_of("05-10-26", "2026-01-01", proof) == day


@pytest.mark.parametrize("text", ["05/10/2026", "05.10.2026", "5-10-2026", "05/10/26", "5.10.26"])
def test_without_a_day_above_twelve_the_column_is_refused(text: str) -> None:
    """Also with points: one error that shows both meanings and the lines to add to the settings."""
    values, (problem,) = read("invoice_date", text, "2026-01-01", date(2026, 1, 2), text)
    assert values[1:3] == [date(2026, 1, 1), date(2026, 1, 2)]
    assert (problem.code, problem.cell, problem.rows) == ("invoice_date.unproved", "A2", (2, 5))
    assert "5 October 2026 or 10 May 2026" in problem.message
    assert 'date_order = "dmy" if it means 5 October 2026' in problem.hint
    assert 'date_order = "mdy" if it means 10 May 2026' in problem.hint


def test_equal_day_and_month_need_no_proof() -> None:
    """10/10/2026 is the same day in either order."""
    assert read("invoice_date", "10/10/2026", "5.5.26") == ([date(2026, 10, 10), date(2026, 5, 5)], [])


def test_two_digit_years_that_may_stand_first_are_refused() -> None:
    """25/10/26 may be of 2026 or of 2025 where the year comes first; 31/10/26 would be of 2031 then."""
    values, (problem,) = read("invoice_date", "25/10/26")
    assert isinstance(values[0], Undecided)
    assert "25 October 2026 or 26 October 2025" in problem.message
    assert read("invoice_date", "25/10/26", "31/10/26")[0] == [date(2026, 10, 25), date(2026, 10, 31)]
    assert read("invoice_date", "25/10/26", order="ymd") == ([date(2025, 10, 26)], [])


@pytest.mark.parametrize("text", ["25. 3. 21.", "25. 3. 21", "25.3.21", "25.10.26.", "26. 10. 31.", "26.10.31"])
def test_short_dates_of_korea_are_no_other_day(text: str) -> None:
    """The year comes first in Korea: 25. 3. 21. is of 2025, and only read so where that is certain."""
    assert isinstance(read("invoice_date", text)[0][0], Undecided)
    year, month, day = (int(number) for number in text.rstrip(".").split("."))
    meant = date(2000 + year, month, day)
    assert read("invoice_date", text, order="ymd") == ([meant], [])
    assert read("invoice_date", text, "26. 3. 5.")[0] == [meant, date(2026, 3, 5)]


def test_a_german_short_date_of_this_year_needs_no_proof() -> None:
    """25.10.26 without a point behind it ends with its year."""
    assert read("invoice_date", "25.10.26", "24.12.25") == ([date(2026, 10, 25), date(2025, 12, 24)], [])


def test_two_orders_in_one_column_are_refused() -> None:
    """Day first in one cell and month first in another: one error that names one cell of each."""
    values, (problem,) = read("invoice_date", "2026-10-01", "31/10/2026", "05/10/2026", "10/31/2026", "1 Oct 2026")
    assert [isinstance(value, Undecided) for value in values] == [False, True, True, True, False]
    assert (problem.code, problem.rows) == ("invoice_date.contradicted", (3, 4, 5))
    assert "“31/10/2026” in A3" in problem.message
    assert "“10/31/2026” in A5" in problem.message


@pytest.mark.parametrize(("order", "day"), [("dmy", date(2026, 10, 5)), ("mdy", date(2026, 5, 10))])
def test_the_settings_name_the_order(order: str, day: date) -> None:
    """date_order fixes what the column leaves open, refuses what does not fit, and leaves ISO dates alone."""
    other = "10/31/2026" if order == "dmy" else "31/10/2026"
    values, (problem,) = read("invoice_date", "05/10/2026", other, "2026-10-31", order=order)
    assert (values[0], values[2]) == (day, date(2026, 10, 31))
    assert (problem.code, problem.rows) == ("invoice_date.foreign", (3,))


@pytest.mark.parametrize("text", ["31/10/2026", "10/31/2026"])
@pytest.mark.parametrize("order", ["auto", "given"])
def test_dates_that_excel_has_swapped_are_refused(text: str, order: str) -> None:
    """Date cells with days up to 12 beside texts with days above 12: what another country's Excel leaves behind."""
    given = {"31/10/2026": "dmy", "10/31/2026": "mdy"}[text] if order == "given" else "auto"
    cells = (datetime(2026, 5, 10), text, date(2026, 3, 3))  # noqa: DTZ001 - cells have no zone
    values, (problem,) = read("invoice_date", *cells, order=given)
    assert all(isinstance(value, Undecided) for value in values)
    assert (problem.code, problem.rows) == ("invoice_date.swapped", (2, 3, 4))
    assert "A2 may be 5 October 2026 instead of 10 May 2026" in problem.message


@pytest.mark.parametrize(
    "cells",
    [
        (date(2026, 10, 13), "31/10/2026"),
        (date(2026, 5, 10), "31/10/2026", "05/10/2026"),
        (date(2026, 5, 10), "31 Oct 2026"),
        (date(2026, 5, 10), "2026-10-31"),
        (date(2026, 5, 5), "31/10/2026"),
    ],
)
def test_other_mixtures_of_dates_and_texts_are_fine(cells: tuple[object, ...]) -> None:
    """A date cell above 12, or a text that Excel would have converted, shows that nothing was swapped."""
    values, problems = read("invoice_date", *cells)
    assert not problems
    assert not any(isinstance(value, Unreadable) for value in values)


@pytest.mark.parametrize("odd", [date(1999, 12, 31), date(2031, 11, 23), "1926-10-31", "31.10.2062"])
def test_unlikely_years_are_only_a_warning(odd: object) -> None:
    """Before 2000, and more than a year ahead of today: one warning for the column."""
    values, (problem,) = read("invoice_date", date(2000, 1, 1), odd, date(2027, 11, 22), odd)
    assert (problem.severity, problem.cell, problem.rows) == (Severity.WARNING, "A3", (3, 5))
    assert isinstance(values[1], date)


def test_terms_of_more_than_a_year_are_only_a_warning() -> None:
    """Net 3650 is probably a slip, but it is for the person to say."""
    values, (problem,) = read("payment_schedule", 365, "Net 3650", 366)
    assert values == [365, 3650, 366]
    assert (problem.code, problem.severity) == ("payment_schedule.unlikely", Severity.WARNING)
    assert problem.rows == (3, 4)


def test_the_cell_of_a_warning_is_shown_as_it_was_typed() -> None:
    """A workbook holds 3650 as 3650.0, which no person wrote."""
    _, (problem,) = read("payment_schedule", 365.0, 3650.0)
    assert problem.value == "3650"


# --- the decision is shown -----------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "cells", "told", "notice"),
    [
        (
            "invoice_date",
            ("31/10/2026", "05/10/2026", "2026-01-01"),
            {},
            "Invoice date is read day first, such as “31/10/2026” in A2: 2 text cells, 1 of them proves it.",
        ),
        (
            "invoice_date",
            ("10/31/2026",),
            {},
            "Invoice date is read month first, such as “10/31/2026” in A2: the text cell proves it.",
        ),
        (
            "invoice_date",
            ("05/10/2026",),
            {"date_order": "dmy"},
            "Invoice date is read day first, as date_order = “dmy” in the settings says, such as “05/10/2026” in A2.",
        ),
        (
            "amount",
            ("1.234", "1.234,50", "12,50", 5.0),
            {},
            "Amount is read with a decimal comma, such as “1.234,50” in A3: 3 text cells, 2 of them prove it.",
        ),
        (
            "amount",
            ("1,234",),
            {"decimal_mark": "."},
            "Amount is read with a decimal point, as decimal_mark = “.” in the settings says, such as “1,234” in A2.",
        ),
    ],
)
def test_the_decision_is_told(name: str, cells: tuple[object, ...], told: dict[str, str], notice: str) -> None:
    """How a column was read, an example, and what proves it: the column or the settings."""
    parsed = column_of(name, *cells, conventions=Conventions(**told, today=TODAY))  # type: ignore[arg-type]
    assert [decision.notice for decision in parsed.decisions] == [notice]


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("amount", (12.5, 1)),
        ("amount", ("1234.50", "500")),
        ("amount", ("$500", "(500)")),
        ("invoice_date", (date(2026, 10, 31),)),
        ("invoice_date", ("2026-10-31", "31 Oct 2026")),
        ("invoice_date", ("10/10/2026",)),
    ],
)
def test_nothing_is_told_when_nothing_had_to_be_decided(name: str, cells: tuple[object, ...]) -> None:
    """Numbers, dates and plain texts need no convention."""
    assert column_of(name, *cells).decisions == []


# --- rules for any text ------------------------------------------------------------

_MARKS = st.sampled_from([(".", ","), (".", " "), (".", "'"), (".", "\u202f"), (",", "."), (",", " "), (",", "’")])
_AMOUNTS = st.decimals(D("-9999999999.99"), D("9999999999.99"), places=2)
_SIGNS = st.sampled_from(["-{}", "{}-", "({})", "\u2212{}"])
_BESIDE = st.sampled_from(["{}", "$ {}", "{} EUR", "CHF {}", "€{}"])


def write_amount(amount: Decimal, marks: tuple[str, str], sign: str, beside: str, *, short: bool) -> str:
    """Write an amount with a decimal mark and a mark for thousands."""
    mark, group = marks
    text = f"{abs(amount):,.2f}".translate({ord(","): group, ord("."): mark})
    text = text[: -len(",00")] if short and amount == amount.to_integral_value() else text
    return beside.format(sign.format(text) if amount < 0 else text)


@settings(max_examples=200, deadline=None)
@given(st.data(), _MARKS, st.lists(_AMOUNTS, min_size=1, max_size=8))
def test_amounts_read_back_as_written(data: st.DataObject, marks: tuple[str, str], amounts: list[Decimal]) -> None:
    """With a proof in the column every amount is read exactly; without one it is the same or refused."""
    whole = [data.draw(st.sampled_from([amount, D(int(amount))])) for amount in amounts]
    texts = [write_amount(one, marks, data.draw(_SIGNS), data.draw(_BESIDE), short=True) for one in whole]
    assert read("amount", *texts, f"0{marks[0]}50")[0] == [*whole, D("0.5")]
    for value, amount in zip(read("amount", *texts)[0], whole, strict=True):
        assert value == amount or isinstance(value, Undecided)


_DAYS = st.dates(date(2021, 1, 1), date(2027, 12, 31))
_MONTH_WORDS = [
    "January Feb March Apr. May June Jul August Sept October Nov Dec".split(),
    "Januar Feb. März April Mai Juni Juli Aug Sep Okt November Dez.".split(),
    "janvier févr. mars avril mai juin juil. août septembre oct. nov. déc.".split(),
    "enero feb marzo abr. mayo junio julio agosto septiembre octubre nov. dic".split(),
]


def write_date(day: date, order: str, separator: str, *, padded: bool, short: bool) -> str:
    """Write a date in numbers."""
    width = 2 if padded else 1
    year = f"{day.year % 100:02}" if short else str(day.year)
    parts = {"d": f"{day.day:0{width}}", "m": f"{day.month:0{width}}", "y": year}
    return separator.join(parts[part] for part in order)


@settings(max_examples=200, deadline=None)
@given(st.data(), st.sampled_from(["dmy", "mdy", "ymd"]), st.lists(_DAYS, min_size=1, max_size=8))
def test_dates_read_back_as_written(data: st.DataObject, order: str, days: list[date]) -> None:
    """With a proof or the setting every date is read exactly; without one it is the same or refused."""
    separator = data.draw(st.sampled_from("/.-" if order != "ymd" else "/-"))
    padded, short = data.draw(st.booleans()), data.draw(st.booleans())
    texts = [write_date(day, order, separator, padded=padded or short, short=short) for day in days]
    if order != "ymd":
        proof = "31/10/2026" if order == "dmy" else "10/31/2026"
        assert read("invoice_date", *texts, proof)[0] == [*days, date(2026, 10, 31)]
    assert read("invoice_date", *texts, order=order)[0] == days
    for value, day in zip(read("invoice_date", *texts)[0], days, strict=True):
        assert value == day or isinstance(value, Undecided)


@settings(max_examples=100, deadline=None)
@given(
    _DAYS,
    st.sampled_from(_MONTH_WORDS),
    st.sampled_from(["{0} {1} {2}", "{0}. {1} {2}", "{1} {0}, {2}", "{0} de {1} de {2}", "Mon, {0} {1} {2}"]),
)
def test_named_months_read_back_as_written(day: date, months: list[str], form: str) -> None:
    """A named month needs no proof in any of the four languages."""
    assert date_of(form.format(day.day, months[day.month - 1], day.year)) == day


@settings(max_examples=100, deadline=None)
@given(st.lists(_AMOUNTS, min_size=1, max_size=5), st.permutations([".", ","]))
def test_mixed_amounts_are_never_read(amounts: list[Decimal], order: list[str]) -> None:
    """Cells that prove a point beside cells that prove a comma: nothing that has a mark is read."""
    texts = [write_amount(one, (order[0], order[1]), "-{}", "{}", short=False) for one in amounts]
    values, (problem,) = read("amount", *texts, f"0{order[1]}5")
    assert problem.code == "amount.contradicted"
    assert all(isinstance(value, Undecided) for value in values)


@settings(max_examples=300, deadline=None)
@given(st.text("0123456789.,'-()/ E$€%", max_size=14), st.sampled_from(["amount", "invoice_date"]))
def test_no_text_makes_reading_fail(text: str, name: str) -> None:
    """Whatever is typed has an answer, and a decision never changes what a text means in both ways."""
    read(name, text, "31/10/2026", "0.5")
