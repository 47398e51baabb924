"""What one cell means: every kind of column, from the raw values that files hold."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sheets import column_of

from importer.model.columns import Kind
from importer.model.headers import currency_of_header, known_as
from importer.model.invoices import ItemType
from importer.values.cells import LARGEST_ID, is_nothing, is_total_label, parser_of
from importer.values.readings import Unreadable, number_of
from importer.values.texts import doubtful_part
from importer.values.written_ids import written_id


def value_of(column: str, raw: object) -> object:
    """Read a column of one cell."""
    return column_of(column, raw).frame[column].tolist()[0]


def fault_of(kind: Kind, raw: object) -> str:
    """Read a cell that must not be readable; return the fault."""
    value = parser_of(kind)(raw)
    assert isinstance(value, Unreadable), value
    assert value.message
    assert value.hint.endswith(".")
    return value.fault


# --- ids -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "number"),
    [
        (101, 101),
        (101.0, 101),
        ("101", 101),
        ("101.0", 101),
        (" 101\u00a0", 101),
        ("１０１", 101),
        ("00042", 42),
        (2147483648.0, 2**31),
        (999_999_999_999_999.0, 999_999_999_999_999),
        ("5000000000000000001", 5000000000000000001),
        ("'00101", 101),
        ("\u200b101\u202f", 101),
        (str(LARGEST_ID), LARGEST_ID),
    ],
)
def test_ids_are_read_whole(raw: object, number: int) -> None:
    """An id is the same as number or text, with or without .0, and far above 2**31."""
    value = parser_of(Kind.IDENTIFIER)(raw)
    assert value == number
    assert type(value) is int


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        ("abc", "not_a_number"),
        ("101 / 102", "not_a_number"),
        ("1,234", "not_a_number"),
        ("1e5", "not_a_number"),
        ("1.23E+16", "lost_digits"),
        ("1,23E+16", "lost_digits"),
        ("1 234", "not_a_number"),
        ("١٠١", "not_a_number"),
        ("10¹", "not_a_number"),
        ("\u202e101", "not_a_number"),
        ("#101", "not_a_number"),
        (True, "not_a_number"),
        (date(2026, 10, 1), "not_a_number"),
        (101.5, "not_whole"),
        ("101.5", "not_whole"),
        (0, "not_positive"),
        (0.0, "not_positive"),
        ("-5", "not_positive"),
        (-5.0, "not_positive"),
        (1e15, "too_many_digits"),
        (12345678901234567.0, "too_many_digits"),
        (str(LARGEST_ID + 1), "too_large"),
        (float("inf"), "not_a_number"),
        (float("nan"), "not_a_number"),
    ],
)
def test_ids_that_are_not_certain_are_refused(raw: object, fault: str) -> None:
    """A number cell with more than 15 digits, a fraction or a word is no id; each says why."""
    assert fault_of(Kind.IDENTIFIER, raw) == fault


def test_a_long_id_is_to_be_typed_as_text() -> None:
    """The cure of a number cell with too many digits is named."""
    value = parser_of(Kind.IDENTIFIER)(12345678901234567.0)
    assert isinstance(value, Unreadable)
    assert "Text" in value.hint


# --- amounts -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "amount"),
    [
        (1200.0, "1200"),
        (-50.0, "-50"),
        (1428.6399999999999, "1428.64"),
        (0.1 + 0.2, "0.3"),
        (1.005, "1.005"),
        (9_999_999_999_999.0, "9999999999999"),
    ],
)
def test_amounts_are_exact_decimals(raw: object, amount: str) -> None:
    """The binary noise of a number cell is rounded to 15 digits."""
    value = parser_of(Kind.AMOUNT)(raw)
    assert value == Decimal(amount)
    assert isinstance(value, Decimal)


@pytest.mark.parametrize("raw", [True, date(2026, 1, 1), datetime(2026, 1, 1), time(1), timedelta(1)])  # noqa: DTZ001 - cells have no zone
def test_an_amount_is_no_truth_value_and_no_date(raw: object) -> None:
    """A cell of another kind is never taken as an amount."""
    assert fault_of(Kind.AMOUNT, raw) == "not_a_number"


@pytest.mark.parametrize("raw", [1e13, -1e13])
def test_amounts_beyond_certainty_are_refused(raw: object) -> None:
    """Amounts that a JSON number could not carry to the cent are refused."""
    assert fault_of(Kind.AMOUNT, raw) == "too_large"


@settings(max_examples=100, deadline=None)
@given(st.decimals(min_value=Decimal("-9999999999.99"), max_value=Decimal("9999999999.99"), places=2))
def test_an_amount_typed_as_number_is_the_amount_typed_as_text(amount: Decimal) -> None:
    """Up to two decimals a binary cell and a text cell mean the same amount, exactly."""
    assert number_of(float(amount)) == amount
    assert value_of("amount", str(amount)) == amount


@settings(max_examples=100, deadline=None)
@given(
    digits=st.integers(min_value=1, max_value=10**15 - 1),
    exponent=st.integers(min_value=-6, max_value=0),
    noise=st.integers(min_value=-1, max_value=1),
)
def test_a_number_cell_is_its_shortest_decimal(digits: int, exponent: int, noise: int) -> None:
    """The nearest double of a decimal of at most 15 digits is read as that decimal."""
    exact = Decimal(digits).scaleb(exponent) * (noise or 1)
    assert number_of(float(exact)) == exact


# --- texts -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("00042", "00042"),
        (42.0, "42"),
        (42, "42"),
        (4.5, "4.5"),
        (1e14, "100000000000000"),
        ("  trimmed ", "trimmed"),
        ("two\nlines", "two\nlines"),
        ("=1+1", "=1+1"),
        ("NA", "NA"),
        ("Zürich – 東京", "Zürich – 東京"),
        (True, "TRUE"),
        (False, "FALSE"),
    ],
)
def test_texts_stay_as_typed(raw: object, text: str) -> None:
    """Leading zeros, line breaks and signs survive; a number cell reads as it is shown."""
    assert parser_of(Kind.TEXT)(raw) == text


@pytest.mark.parametrize("raw", [date(2026, 3, 1), datetime(2026, 3, 1, 12), time(3), timedelta(2)])  # noqa: DTZ001 - cells have no zone
def test_a_date_cell_is_no_text(raw: object) -> None:
    """Excel turns 3-1 into a date; what was typed is lost, so it is refused."""
    assert fault_of(Kind.TEXT, raw) == "is_a_date"


@pytest.mark.parametrize("raw", ["#REF!", " #N/A ", "#DIV/0!", "#NAME?", "#VALUE!", "#NUM!", "#NULL!"])
def test_the_text_of_an_error_is_no_text(raw: str) -> None:
    """A CSV export writes error cells as text; they are refused there as in a workbook."""
    assert fault_of(Kind.TEXT, raw) == "error_value"


def test_a_text_column_refuses_numbers_that_lost_digits() -> None:
    """A purchase order of 17 digits in a number cell has lost its last ones."""
    assert fault_of(Kind.TEXT, 12345678901234567.0) == "too_many_digits"


# --- dates -----------------------------------------------------------------------


@pytest.mark.parametrize("raw", [date(2026, 10, 31), datetime(2026, 10, 31), datetime(2026, 10, 31, 14, 30)])  # noqa: DTZ001 - cells have no zone
def test_date_cells_are_days(raw: object) -> None:
    """A date cell is certain; its time of day does not matter."""
    assert parser_of(Kind.DATE)(raw) == date(2026, 10, 31)


@pytest.mark.parametrize("raw", [20261031, 20261031.0])
def test_eight_digits_are_a_day(raw: object) -> None:
    """Exports write 20261031; as the number of a day, which it could also be, it would be in the year 57375."""
    assert parser_of(Kind.DATE)(raw) == date(2026, 10, 31)


@pytest.mark.parametrize("raw", [46326.0, 46326, 20261331, 20261031.5, time(10), timedelta(1), True])
def test_numbers_and_times_are_no_dates(raw: object) -> None:
    """Nobody guesses that 46326 is a day."""
    assert fault_of(Kind.DATE, raw) == "not_a_date"


# --- choices ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "raw",
    [
        "yes",
        "Yes ",
        "Y",
        "TRUE",
        "true",
        "1",
        "x",
        "X",
        "ja",
        "J",
        "oui",
        "Oui",
        "sí",
        "SI\u0301",
        "si",
        "wahr",
        "VRAI",
        "verdadero",
        "✓",
        "✔\ufe0f",
        "☑",
        True,
        1,
        1.0,
    ],
)
def test_words_for_yes(raw: object) -> None:
    """Yes is read from words, boxes and 1."""
    assert parser_of(Kind.YES_NO)(raw) is True


@pytest.mark.parametrize(
    "raw",
    [
        "no",
        "No ",
        "N",
        "FALSE",
        "false",
        "0",
        "nein",
        "NON",
        "falsch",
        "faux",
        "falso",
        "☐",
        False,
        0,
        0.0,
    ],
)
def test_words_for_no(raw: object) -> None:
    """No is read from words, boxes and 0."""
    assert parser_of(Kind.YES_NO)(raw) is False


@pytest.mark.parametrize("raw", ["maybe", "yess", "2", 2.0, 0.5, "-", "✗", "?", date(2026, 1, 1)])
def test_neither_yes_nor_no(raw: object) -> None:
    """Anything else is not guessed."""
    assert fault_of(Kind.YES_NO, raw) == "not_yes_no"


@pytest.mark.parametrize(
    ("raw", "days"),
    [
        (30, 30),
        (30.0, 30),
        ("30", 30),
        ("Net 30", 30),
        ("net30", 30),
        ("NET  30 days", 30),
        ("30 days", 30),
        ("1 day", 1),
        ("n30", 30),
        ("n/30", 30),
        ("N / 30", 30),
        (0, 0),
        ("0", 0),
        ("Due on receipt", 0),
        (9999, 9999),
        ("30 Tage", 30),
        ("30 dagen", 30),
        ("30 gg", 30),
        ("30 dni", 30),
        ("30 Tage netto", 30),
        ("innerhalb von 14 Tagen", 14),
        ("30 jours", 30),
        ("à 30 jours", 30),
        ("30 días", 30),
        ("30 dias", 30),
        ("1 día", 1),
        ("'30", 30),
        ("30\u00a0d", 30),
        ("sofort fällig", 0),
        ("Sofort", 0),
        ("À réception", 0),
        ("a reception", 0),
        ("a la vista", 0),
        ("Immediately", 0),
    ],
)
def test_payment_terms(raw: object, days: int) -> None:
    """Days are read from numbers and from the usual words; 0 is due on receipt."""
    assert parser_of(Kind.DAYS)(raw) == days


@pytest.mark.parametrize(
    "raw",
    [
        "net",
        "thirty",
        "2 weeks",
        "30.5",
        30.5,
        -1,
        "-30",
        10000,
        "2/10 net 30",
        True,
        "1.000",
        "1,234",
        "30 EOM",
        "30 jours fin de mois",
        "٣٠",
    ],
)
def test_payment_terms_that_are_none(raw: object) -> None:
    """Weeks, discounts, halves and negative days are refused."""
    assert fault_of(Kind.DAYS, raw) == "not_days"


@pytest.mark.parametrize(
    ("raw", "item_type"),
    [
        ("time_entry", ItemType.TIME_ENTRY),
        ("Time entry", ItemType.TIME_ENTRY),
        ("TIME-ENTRY", ItemType.TIME_ENTRY),
        ("Hours", ItemType.TIME_ENTRY),
        ("expense", ItemType.EXPENSE),
        ("Expenses", ItemType.EXPENSE),
        ("fixed_fee", ItemType.FIXED_FEE),
        ("Fixed Fee", ItemType.FIXED_FEE),
        ("additional", ItemType.ADDITIONAL),
        ("Additional item", ItemType.ADDITIONAL),
        ("billing_milestone", ItemType.BILLING_MILESTONE),
        ("Milestone", ItemType.BILLING_MILESTONE),
        (" billing\u00a0milestone ", ItemType.BILLING_MILESTONE),
    ],
)
def test_item_types_have_friendly_spellings(raw: str, item_type: ItemType) -> None:
    """The five item types are known by their names, titles and the obvious other words."""
    assert parser_of(Kind.ITEM_TYPE)(raw) is item_type


@pytest.mark.parametrize(("raw", "meant"), [("fixed_feee", "Fixed fee"), ("expnse", "Expense"), ("time_entri", "Time")])
def test_a_misspelt_item_type_suggests_the_nearest(raw: str, meant: str) -> None:
    """A near miss is refused, and names what was probably meant."""
    value = parser_of(Kind.ITEM_TYPE)(raw)
    assert isinstance(value, Unreadable)
    assert f"did you mean {meant}" in value.message


@pytest.mark.parametrize("raw", ["discount", 5.0, True, date(2026, 1, 1)])
def test_an_unknown_item_type_lists_the_known_ones(raw: object) -> None:
    """What is no item type at all is answered with the whole list."""
    value = parser_of(Kind.ITEM_TYPE)(raw)
    assert isinstance(value, Unreadable)
    assert "did you mean" not in value.message
    assert "Billing milestone" in value.hint


@pytest.mark.parametrize("raw", ["successful", "Pending", " FAILED "])
def test_the_three_states_of_a_reference(raw: str) -> None:
    """Successful, pending and failed are read in any case and sent in lower case."""
    assert parser_of(Kind.SYNC_STATUS)(raw) == raw.strip().lower()


def test_another_state_of_a_reference_is_refused() -> None:
    """Kantata knows only three."""
    assert fault_of(Kind.SYNC_STATUS, "done") == "unknown"
    value = parser_of(Kind.SYNC_STATUS)("sucessful")
    assert isinstance(value, Unreadable)
    assert "did you mean successful" in value.message


@pytest.mark.parametrize("text", ["1.000", "250.000", "12.345"])
def test_a_point_before_three_digits_of_a_typed_id_is_ambiguous(text: str) -> None:
    """A German export writes a thousand as 1.000: an id is neither 1 nor 1000 then."""
    assert fault_of(Kind.IDENTIFIER, text) == "ambiguous"


def test_a_code_in_capitals_is_no_word_for_nothing() -> None:
    """“k.A.” is German for “not stated”; K.A. may be a project's code or a person."""
    assert parser_of(Kind.TEXT)("K.A.") == "K.A."


def test_a_text_that_no_cell_can_hold_is_refused() -> None:
    """Only CSV can hold one; results and to-fix workbooks could not give it back whole."""
    value = parser_of(Kind.TEXT)("x" * 32_768)
    assert isinstance(value, Unreadable)
    assert parser_of(Kind.TEXT)("x" * 32_767) == "x" * 32_767


@pytest.mark.parametrize(
    ("texts", "fault"),
    [
        (("#NV", "#N/D", "#BEZUG!", "#¿NOMBRE?", "#ADR!", "#DIV/0!", "Err:502", "########"), "error_value"),
        (("Retainer #NV", "#REF! hosting", "Data #N/A.", "x #WERT! y", "Total ########", "(Err:502)"), "error_value"),
        (("nan", "None", "NULL", "n/a", "<NA>", "NaT", "(blank)", "n.a.", "k.A.", "\\N"), "word_for_nothing"),
        (("TODO", "tbd.", "t.b.d.", "XXX", "???", "[Client]", "<Month>", "[insert text]", "[...]"), "placeholder"),
        (("Dear {{name}},", "<<Client>> fee", "${month}", "[object Object]", "Lorem ipsum dolor"), "placeholder"),
        (("B√ºro", "B├╝ro", "BĂĽro", "‚Ç¨ 5"), "damaged_text"),
        (("B\ufffdro", "BÃ¼ro", "â‚¬ 5", "clientâ€™s", "Å‚", "ðŸ˜€", "line\x0bbreak", "a\u202eb"), "damaged_text"),
        (("M&uuml;ller", "M&#252;ller", "one<br/>two"), "html"),
    ],
)
def test_a_text_that_no_client_should_read_is_refused(texts: tuple[str, ...], fault: str) -> None:
    for text in texts:
        assert fault_of(Kind.TEXT, text) == fault, text


@pytest.mark.parametrize(
    "text",
    [
        "#1 priority: launch",
        "#4711",
        "#hello!",
        "Nana",
        "CAFÉ–BAR",
        "«\xa0été\xa0»",
        "„Ä“",
        "SÃO PAULO",
        "R&D; Sons",
        "a < b & c",
        "first\nsecond",
        "a\u2028b\x85c",
        "### October",
        "#GO! campaign",
        "#NVIDIA cards",
        "<< Refonte du site >>",
        "[Internal] hosting",
        "TODO: ask the client",
        "XXXL shirts",
        "√2 metres",
        "Ăla Română",
    ],
)
def test_a_text_that_only_looks_like_rubbish_is_sent_as_it_is(text: str) -> None:
    assert parser_of(Kind.TEXT)(text) == text


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("[Client] retainer", "[Client]"),
        ("PO TBD", "TBD"),
        ("Hello undefined,", "undefined"),
        ("{name} retainer", "{name}"),
        ("%CLIENT% retainer", "%CLIENT%"),
        ("Period: ______", "______"),
        ("M?ller GmbH", "M?ller"),
        ("M¸ller GmbH", "M¸ller"),
        ("M\\u00fcller", "\\u00fc"),
        ("Design_x000D_", "_x000D_"),
        ("=SUM(A1:A3)", "=SUM(A1:A3)"),
        ("Loading...", "Loading..."),
        ("XX.XX.2026", "XX.XX.2026"),
        ("…", "…"),
        ("= 3 days", None),
        ("Loading... dock", None),
        ("Who? Me.", None),
        ("see https://example.org/a?b=c", None),
        ("50% off, 20% tax", None),
        ("Nan Chen, XXL [10 h] {1}", None),
    ],
)
def test_what_a_template_may_have_left_is_pointed_out(text: str, part: str | None) -> None:
    """A person could mean it, so it is sent, with a warning."""
    assert parser_of(Kind.TEXT)(text) == text
    assert doubtful_part(text) == part


@pytest.mark.parametrize(
    "text",
    [" " * 32_000, "a" + " " * 32_000 + "b", "[ " * 16_000, "{{" * 16_000, "#" * 32_000, "&" * 32_000, "x?" * 16_000],
)
@pytest.mark.parametrize("kind", [Kind.TEXT, Kind.DAYS, Kind.YES_NO, Kind.IDENTIFIER, Kind.ITEM_TYPE])
def test_a_long_text_costs_nothing(kind: Kind, text: str) -> None:
    """No pattern looks at it more than once from each place; one that did would take minutes for these."""
    parser_of(kind)(text)
    doubtful_part(text)
    written_id(text, frozenset())
    is_total_label(text)
    is_nothing(text)
    known_as(text, {})
    currency_of_header(text)
