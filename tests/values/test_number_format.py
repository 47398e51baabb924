"""What a number format shows of a value, as Excel writes it in English."""

from __future__ import annotations

import contextlib
import csv
import shutil
import subprocess
import time as clock
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from importer.reading.formats.number_formats import BUILT_IN
from importer.values.number_format import LONGEST, NO_ROOM, UnreadableFormat, shown

if TYPE_CHECKING:
    from pathlib import Path

BUILT_IN_SHOWN = [
    (0, 1234.5, "1234.5"),
    (0, -7, "-7"),
    (1, 1234.5, "1235"),
    (2, 1234.5, "1234.50"),
    (3, 1234567, "1,234,567"),
    (4, -1234.5, "-1,234.50"),
    (5, 1234, "$1,234 "),
    (5, -1234, "($1,234)"),
    (6, -1234, "($1,234)"),
    (7, 1234.5, "$1,234.50 "),
    (8, -1234.5, "($1,234.50)"),
    (9, 0.5, "50%"),
    (10, 0.125, "12.50%"),
    (11, 123456789012, "1.23E+11"),
    (11, 0.00012, "1.20E-04"),
    (12, 5.25, "5 1/4"),
    (13, 5.3, "5  3/10"),
    (14, date(2026, 10, 31), "10/31/2026"),
    (15, date(2026, 10, 1), "1-Oct-26"),
    (16, date(2026, 10, 31), "31-Oct"),
    (17, date(2026, 10, 31), "Oct-26"),
    (18, time(18, 5), "6:05 PM"),
    (19, time(0, 5, 7), "12:05:07 AM"),
    (20, time(9, 30), "9:30"),
    (21, time(21, 30, 5), "21:30:05"),
    (22, datetime(2026, 10, 31, 4, 5, tzinfo=UTC), "10/31/2026 4:05"),
    (37, -1234, "(1,234)"),
    (38, 1234, "1,234 "),
    (39, -1234.5, "(1,234.50)"),
    (40, -1234.5, "(1,234.50)"),
    (41, 0, " - "),
    (41, 1234, " 1,234 "),
    (42, -1234, " $(1,234)"),
    (43, 0, " -   "),
    (44, 1234.5, " $1,234.50 "),
    (45, timedelta(minutes=5, seconds=7), "05:07"),
    (46, timedelta(hours=36), "36:00:00"),
    (47, timedelta(minutes=5, seconds=7.5), "05:07.5"),
    (48, 12345, "12.3E+3"),
    (49, 42, "42"),
    (49, "PO", "PO"),
]
SHOWN = [
    # signs
    ("-0", 5, "-5"),
    ('"("0")"', 5, "(5)"),
    ("[Red]-#", 500, "-500"),
    ("0-", 500, "500-"),
    ("0;0", -5, "5"),
    ("0;-0", -5, "-5"),
    ("#,##0;;", -500, ""),
    (";;;", 5, ""),
    ('0;-0;"none"', 0, "none"),
    # words, units, other digits
    ('0.0" hrs"', 8, "8.0 hrs"),
    ('#,##0.00" Cr"', 500, "500.00 Cr"),
    ('0"00"', 500, "50000"),
    (r"#,##0\0\0\0", 500, "500000"),
    (r"0\.00", 123456, "1234.56"),
    ('"PO-"00000', 42, "PO-00042"),
    ('0"/2026"', 42, "42/2026"),
    ("00000-0000", 123456789, "12345-6789"),
    ("000-00-0000", 123456789, "123-45-6789"),
    (r"\#000", 42, "#042"),
    ('"n/a"', 50, "n/a"),
    ('General" hrs"', 8, "8 hrs"),
    # conditions
    ('[>=1000000]0.0,,"M";0', 500, "500"),
    ('[>=1000000]0.0,,"M";0', 2500000, "2.5M"),
    ('[>=1000]0.0,"k";0', 1500, "1.5k"),
    ('[<10]"low";[>=100]"high";0', 50, "50"),
    ('[<10]"low";[>=100]"high";0', 100, "high"),
    ('[=1]"one";[=2]"two";0', 2, "two"),
    ("[<5]0;[>10]0", 7, "########"),
    # scaling, percent, groups
    ("#,##0,", 1234567, "1,235"),
    ("0.0,,", 2500000, "2.5"),
    ("0.00,", 1234, "1.23"),
    ("0.0%", 0.1234, "12.3%"),
    (r"0\%", 50, "50%"),
    ("#,###", 1234567, "1,234,567"),
    ("0000,000", 5, "0,000,005"),
    ("# ##0", 1234, "1 234"),
    # digits
    ("0.00", 4500.1, "4500.10"),
    ("0.0#", 1.5, "1.5"),
    ("0.0#", 1.25, "1.25"),
    ("0.#", 5, "5."),
    ("0.??", 5.5, "5.5 "),
    ("#", 0, ""),
    (".00", 0.5, ".50"),
    (".00", 12.5, "12.50"),
    ("0", 0.5, "1"),
    ("0", 1.4999999999999999, "2"),  # the binary number is 1.5
    ("0.00", 1.005, "1.01"),
    ("000", 7, "007"),
    # currencies
    ("[$€-407] #,##0.00", 1234.5, "€ 1,234.50"),
    ("#,##0.00 [$EUR]", 1234.5, "1,234.50 EUR"),
    ("[$-409]0", 5, "5"),
    ("$#,##0.00", 1234.5, "$1,234.50"),
    # exponents and fractions
    ("0E+0", 12345, "1E+4"),
    ("0.0E-0", 12345, "1.2E4"),
    ("0.00E+00", 0, "0.00E+00"),
    ("0.0E+00", 9.99, "1.0E+01"),
    ("# ?/8", 5.25, "5 2/8"),
    ("# ?/?", 5, "5    "),
    ("?/?", 1.5, "3/2"),
    # General
    ("General", 123456789012, "1.23457E+11"),
    ("General", 12345678901, "12345678901"),
    ("General", 1234.5678912, "1234.567891"),
    ("General", 0.1, "0.1"),
    ("General", 0.00001, "1E-05"),
    ("General", True, "TRUE"),
    # texts
    ('0;-0;0;"-"@', "x", "-x"),
    ("0;-0;0;", "x", ""),
    ("0.00", "x", "x"),
    ("@", 5, "5"),
    ("0;@", "x", "x"),
    # dates and times
    ("yyyy-mm-dd", date(2026, 1, 2), "2026-01-02"),
    ("dd.mm.yyyy", date(2026, 10, 31), "31.10.2026"),
    ("[$-409]d mmmm yy", date(2026, 3, 1), "1 March 26"),
    ("dddd, mmm d", date(2026, 10, 31), "Saturday, Oct 31"),
    ("mmmmm", date(2026, 10, 31), "O"),
    ("hh:mm:ss.00", time(4, 5, 6, 700000), "04:05:06.70"),
    ("[mm]:ss", timedelta(hours=1, minutes=5), "65:00"),
    ("[s]", 1, "86400"),
    ("h AM/PM", 0.5, "12 PM"),
    ("h:mm:ss", -1, "########"),
]


@pytest.mark.parametrize(("number", "value", "text"), BUILT_IN_SHOWN)
def test_built_in_formats_show_what_excel_shows(number: int, value: object, text: str) -> None:
    assert shown(BUILT_IN.get(number, "General"), value) == text


def test_all_built_in_formats_can_be_read() -> None:
    for code in BUILT_IN.values():
        assert isinstance(shown(code, 1234.5), str)


@pytest.mark.parametrize(("code", "value", "text"), SHOWN)
def test_a_format_shows_what_excel_shows(code: str, value: object, text: str) -> None:
    assert shown(code, value) == text


@pytest.mark.parametrize(
    "code",
    ['"open', "[Red", "0;0;0;0;0", "0\\", "[Mauve]0", "0;[>5]0;0", "[>5]0", "@;0", "0" * (LONGEST + 1), "# /?"],
)
def test_a_format_that_is_not_certain_is_refused(code: str) -> None:
    with pytest.raises(UnreadableFormat):
        shown(code, 3)


@given(st.text(alphabet='0#?.,%/@;"\\_*[]<>=-+()EeGeneralydmhsAMP/ $€kR1', max_size=60), st.floats(-1e12, 1e12))
def test_any_format_shows_a_text_or_is_refused(code: str, value: float) -> None:
    try:
        text = shown(code, value)
    except UnreadableFormat:
        return
    assert isinstance(text, str)


@given(st.decimals(-(10**9), 10**9, places=2))
def test_a_plain_format_shows_the_number_itself(value: Decimal) -> None:
    assert Decimal(shown("#,##0.00", value).replace(",", "")) == value
    assert Decimal(shown("0.00", value)) == value


@pytest.mark.parametrize("code", ["0" * LONGEST, '"' * LONGEST, "[" * LONGEST, "[h]" * 333, "_" * LONGEST, "#," * 500])
def test_a_hostile_format_takes_no_time(code: str) -> None:
    start = clock.perf_counter()
    with contextlib.suppress(UnreadableFormat):
        shown(code, 5)
    assert clock.perf_counter() - start < 1


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("soffice") is None, reason="needs LibreOffice")
def test_a_moment_that_is_rounded_beyond_the_last_day_has_no_room() -> None:
    """The last microsecond before the year 10000; it ended the program."""
    assert shown("yyyy-mm-dd", datetime.max) == NO_ROOM  # noqa: DTZ901 - a cell has no zone


def test_a_number_of_hundreds_of_digits_is_refused() -> None:
    """Excel holds none; it ended the program."""
    with pytest.raises(UnreadableFormat, match="so many digits"):
        shown("0%", 10**400)


def test_an_exponent_with_decimals_is_refused() -> None:
    """Excel takes no such format; it ended the program."""
    with pytest.raises(UnreadableFormat, match="exponent"):
        shown("0E+0.00", 5)


def test_libreoffice_shows_the_same(tmp_path: Path) -> None:
    """Blanks apart: LibreOffice fills the width of the cell."""
    cases = [
        (code, value, text)
        for code, value, text in SHOWN
        if code not in DIFFERENT and not isinstance(value, str | bool)
    ]
    cases += [(BUILT_IN[n], value, text) for n, value, text in BUILT_IN_SHOWN if n and not isinstance(value, str)]
    book = xlsxwriter.Workbook(tmp_path / "formats.xlsx")
    sheet = book.add_worksheet()
    for row, (code, value, _) in enumerate(cases):
        moment = value.replace(tzinfo=None) if isinstance(value, datetime) else value
        sheet.write(row, 0, moment, book.add_format({"num_format": code}))
    sheet.set_column(0, 0, 40)
    book.close()
    profile = f"-env:UserInstallation=file://{tmp_path / 'profile'}"
    command = [
        "soffice",
        profile,
        "--headless",
        "--convert-to",
        CSV_AS_SHOWN,
        "--outdir",
        tmp_path,
        tmp_path / "formats.xlsx",
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=180)
    with (tmp_path / "formats.csv").open(encoding="utf-8", newline="") as file:
        texts = [row[0] if row else "" for row in csv.reader(file)]
    texts += [""] * (len(cases) - len(texts))
    differences = []
    for (code, value, text), other in zip(cases, texts, strict=True):
        if text.replace(" ", "") != other.replace(" ", ""):
            differences.append((code, value, text, other))
    assert differences == []


CSV_AS_SHOWN = "csv:Text - txt - csv (StarCalc):44,34,76,1,,1033,false,true"
DIFFERENT = {"[<5]0;[>10]0", "0.#", "General", "h:mm:ss"}
"""Formats, or values under them, that LibreOffice shows in its own way."""
