"""A number format may not make an amount, an id or a text look like another one."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importer.values.number_format import shown
from importer.values.shown_numbers import Difference, Words, decimals_shown, difference, text_shown

TRUE_AMOUNTS = [
    ("General", 500),
    ("General", -500),
    ("@", 500),
    ("0", 500),
    ("0", -500),
    ("000", 7),
    ("#,##0.00", 1234.5),
    (r"#\ ##0.00", 1234.5),
    ("#'##0.00", 1234.5),
    ("[$€-407] #,##0.00", 1234.5),
    ('#,##0.00 "EUR"', 500),
    ("#,##0.00 [$kr-41D]", 500),
    ("[$лв.-402] 0.00", 500),
    ("$#,##0", -500),
    ('_-* #,##0.00\\ "€"_-;\\-* #,##0.00\\ "€"_-;_-* "-"??\\ "€"_-;_-@_-', 500),
    ('_-* #,##0.00\\ "€"_-;\\-* #,##0.00\\ "€"_-;_-* "-"??\\ "€"_-;_-@_-', -500),
    ('_(* #,##0.00_);_(* (#,##0.00);_(* "-"??_);_(@_)', -500),
    ('_(* #,##0.00_);_(* (#,##0.00);_(* "-"??_);_(@_)', 0),
    ("#,##0.00_);[Red](#,##0.00)", -500),
    ("#,##0.00;[Red]#,##0.00", -500),  # Excel offers it
    ("0.00;0.00-", -500),
    ("0;−0", -500),
    ("+0;-0;0", 500),
    ('0".–"', 500),
    ('0",-"', 500),
    ('"CHF "0.00;"-CHF "0.00', -500),
    ('"Fr." #,##0', 500),
    ('[>=1000000]0.0,,"M";0', 500),
    ("[<0]-0;0", -500),
    ("[Blue]0.00", 500),
    ("# ?/?", 5.5),
    ("0.00E+00", 500),
    (r"[>=10000000]##\,##\,##\,##0.00;[>=100000]##\,##\,##0.00;##,##0.00", 1234567.5),
    (r"[>=10000000]##\,##\,##\,##0.00;[>=100000]##\,##\,##0.00;##,##0.00", 12345678.5),
]
OTHER_AMOUNTS = [
    (r"##\,##0", 1234567, Difference.OTHER),  # one comma alone may be a decimal mark
    (r"##\,##\,##", 1234567, Difference.OTHER),
    ("-0", 5, Difference.SIGN),
    ("-0", -5, Difference.SIGN),
    ('"("0")"', 5, Difference.SIGN),
    ("[Red]-#", 500, Difference.SIGN),
    ("0-", 500, Difference.SIGN),
    ("0;0", -5, Difference.SIGN),
    ("$#,##0;$#,##0", -5, Difference.SIGN),
    ("0_);0_)", -5, Difference.SIGN),
    ("(0)", 5, Difference.SIGN),
    ("(0", 5, Difference.OTHER),
    ('[>=1000]0.0,"k";0', -500, Difference.SIGN),  # programs differ
    ('#,##0.00" Cr"', 5, Difference.OTHER),
    ('#,##0.00" Dr";#,##0.00" Cr"', -5, Difference.OTHER),
    ('#,##0" H"', 5, Difference.OTHER),
    ('"Credit "#,##0.00', 5, Difference.OTHER),
    ('0"00"', 5, Difference.OTHER),
    (r"#,##0\0\0", 5, Difference.OTHER),
    (r"0\.00", 5, Difference.OTHER),
    (r"0\,00", 5, Difference.OTHER),
    ('0" 00"', 5, Difference.OTHER),
    (r"0\ 00", 500, Difference.OTHER),
    ('"."0', 5, Difference.OTHER),
    ('"k"0', 5, Difference.OTHER),
    ('0"k"', 5, Difference.OTHER),
    ('0" Mio"', 5, Difference.OTHER),
    ('0" Tsd."', 5, Difference.OTHER),
    ('0" Tsd. €"', 5, Difference.OTHER),
    ('0.0" hrs"', 5, Difference.OTHER),
    ("0.0[$k]", 5, Difference.OTHER),
    (r"0\%", 5, Difference.OTHER),
    ('General"k"', 5, Difference.OTHER),
    ("0%", 5, Difference.PERCENTAGE),
    ("0,", 5000, Difference.SCALED),
    ('0.0,,"M"', 5000, Difference.SCALED),
    ('[>=1000]0.0,"k";0', 1500, Difference.SCALED),
    ('"n/a"', 50, Difference.HIDDEN),
    ('"-"', 50, Difference.HIDDEN),
    (";;;", 50, Difference.HIDDEN),
    ("#,##0;;", -50, Difference.HIDDEN),
    ('"";"";""', 50, Difference.HIDDEN),
    ("[h]:mm", 1.5, Difference.MOMENT),
    ("yyyy-mm-dd", 46000, Difference.MOMENT),
    ('"open', 5, Difference.UNCLEAR),
]


@pytest.mark.parametrize(("code", "value"), TRUE_AMOUNTS)
def test_a_format_that_shows_the_amount_is_taken(code: str, value: float) -> None:
    assert difference(code, Decimal(str(value)), Words.CURRENCY) is None


@pytest.mark.parametrize(("code", "value", "expected"), OTHER_AMOUNTS)
def test_a_format_that_shows_another_amount_is_refused(code: str, value: float, expected: Difference) -> None:
    assert difference(code, Decimal(str(value)), Words.CURRENCY) is expected


@pytest.mark.parametrize("code", ["0", "000000", '"Project "0', '"P-"000', "#,##0", r"\#0", '0" (P)"'])
def test_words_and_zeros_beside_an_id_change_nothing(code: str) -> None:
    assert difference(code, Decimal(101), Words.ANY) is None


@pytest.mark.parametrize("code", ['"9"000', r"0\0", ";;;", "0,", "0%", "0-0", "-0", "[h]"])
def test_an_id_that_looks_like_another_one_is_refused(code: str) -> None:
    assert difference(code, Decimal(101), Words.ANY) is not None


@pytest.mark.parametrize(
    ("code", "value", "expected"),
    [
        ('"PO-"00000', 42, "PO-00042"),
        ("0.00", 4500.1, "4500.10"),
        ("00000-0000", 123456789, "12345-6789"),
        ('0"/2026"', 42, "42/2026"),
        ("0%", 0.5, "50%"),
        ("0", 4500.6, "4501"),
        ("#,##0", 450, "450"),
        ("#,##0", 4500, Difference.GROUPED),
        ("0.00E+00", 123456789012, None),
        ("0.00E+00", 1234.5, Difference.OTHER),
        ("General", 4500.1, None),
        ("@", 4500, None),
        (";;;", 42, Difference.HIDDEN),
        ("[h]:mm", 1.5, Difference.MOMENT),
    ],
)
def test_a_text_is_what_is_shown(code: str, value: float, expected: object) -> None:
    assert text_shown(code, Decimal(str(value))) == expected


SIGNS = st.sampled_from(["", "-", "(", '"CHF "', "[$€-407] ", '"k"', "+", r"\0", '" Cr "'])
DIGITS = st.sampled_from(["0", "0.00", "#,##0.00", "#,##0", "0,", "0.0%", "000", r"0\.00", "# ##0"])
ENDS = st.sampled_from(["", "-", ")", " €", '" hrs"', r"\0", "_)", '".--"', r"\%"])


def test_a_minus_on_both_sides_is_not_certain() -> None:
    """It may be a sign twice, or a dash that stands for no cents."""
    assert difference("0;-0-", Decimal(-5), Words.CURRENCY) is Difference.UNCLEAR


@given(st.lists(st.tuples(SIGNS, DIGITS, ENDS), min_size=1, max_size=3), st.decimals(-(10**6), 10**6, places=2))
def test_a_format_that_is_taken_shows_the_number_itself(sections: list[tuple[str, str, str]], value: Decimal) -> None:
    """Read back from what is shown, and rounded as shown, it is the number."""
    code = ";".join("".join(section) for section in sections)
    if difference(code, value, Words.CURRENCY) is not None or value == 0:
        return
    text = re.sub(r"[€ ,+]|CHF|\.--$", "", shown(code, value))
    if text.startswith("(") and text.endswith(")"):
        text = "-" + text[1:-1]
    elif text.endswith("-"):
        text = "-" + text[:-1]
    decimals = decimals_shown(code, value)
    assert decimals is not None
    assert abs(Decimal(text) - value) <= Decimal("0.5").scaleb(-decimals)
