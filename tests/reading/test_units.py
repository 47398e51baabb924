"""Words by which the amounts of a sheet are thousands, millions or cents."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sheets import checked, read_by, table

from importer.model.headers import OwnHeaders, known_headers
from importer.reading.units import unit_in

if TYPE_CHECKING:
    from pathlib import Path

HEADER = ["Project ID", "Item type", "Description", "Amount", "Net days"]
LINE = [101, "Fixed fee", "Retainer", 1200, 30]


@pytest.mark.parametrize(
    "text",
    """in k€; Amounts in thousands; (T€); in TEUR; Alle Beträge in T€; All amounts in USD thousands; £000s; (000s);
    Werte in Tsd. EUR; amounts in EUR '000; in millions; montants en k€; en milliers d'euros; US$m; EUR m; Mio. EUR;
    importes en miles de euros; w tys. zł; em milhares de euros; i tusental kr; in cents; Betrag in Cent;
    in 1000 EUR; x 1,000; Amount kEUR; Amount (cents); EUR x1000;
    Beträge in T-EUR; Figures in K; all figures in thousands; in €'000; (in millions); Revenue (x 1,000);
    not final: in k€; $ in thousands; (in thousands, except per share); (USD in millions); Importes en miles""".split(
        ";"
    ),
)
def test_another_unit_is_seen(text: str) -> None:
    """In any language and way of writing."""
    assert unit_in(text.strip())


@pytest.mark.parametrize(
    "text",
    """Budget 50 k€; Max 500 TEUR; Budget: 1.2 M€; 1,000 EUR; Amount EUR; Betrag in €; Mio AG; Thousand Oaks Ltd;
    A thousand thanks; Invoice per 1000 emails; T&M EUR; 5 cents; Invoices October 2026; EUR/USD 1.08;
    1000; 1.000; Total to bill: EUR 1,000; Budget ceiling: $1,000 per project; EUR 1.000,00; in EUR 1,000;
    Miles; Thousand; million; thousands; office in Thousand Oaks, CA; All amounts in USD, not in thousands;
    Beträge nicht in T€;
    Target: mailing in million households; miles de euros pendientes; Print run (1000); Flyers delivered in thousands;
    Budget (k€): 120; Values in miles; Flyers x 1000; Amounts (not in k€)""".split(";"),
)
def test_what_names_no_unit_of_the_amounts_is_none(text: str) -> None:
    """Names, figures with their own unit, currencies."""
    assert not unit_in(text.strip())


@pytest.mark.parametrize(
    ("before", "after", "cell"), [([["Revenue (T€)"]], [], "A1"), ([], [[], ["All amounts in thousands"]], "A4")]
)
def test_a_unit_beside_the_table_is_an_error_of_all_rows(
    tmp_path: Path, before: list[list[object]], after: list[list[object]], cell: str
) -> None:
    """1200 below “T€” is 1,200,000: nothing is billed, also with ``--partial``."""
    lines, problems = checked(table(tmp_path / "a.xlsx", *before, HEADER, LINE, *after))
    assert [p.cell for p in problems if p.code == "amount.unit"] == [cell]
    assert not any(line.sound for line in lines)


def test_a_long_text_is_looked_at(tmp_path: Path) -> None:
    """A title of more than 100 characters, with the unit at its end."""
    title = f"Invoices for October 2026 of all projects {'of the department ' * 4}– all amounts in k€"
    _, problems = checked(table(tmp_path / "a.xlsx", [title], HEADER, LINE))
    assert [p.cell for p in problems if p.code == "amount.unit"] == ["A1"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([["Customer no.", "1000"], ["Batch", 1000]], []),
        ([["Prepared by", "Miles"]], []),
        ([["Forecast Q4 (k€)", 120]], []),
        ([["Forecast Q4", "120", "k€"]], []),
        ([], [["Total", None, None, "1000"]]),
        ([], [[], ["Total", None, None, "1.000"]]),
        ([], [["Miles"], LINE]),
        ([], [["Print run (1000)"], LINE]),
        ([], [[*HEADER, "Budget (k€)"], LINE]),
        ([], [["1000", None, "Flyers delivered in thousands", None, None, "no"]]),
    ],
)
def test_what_is_not_about_the_amounts_is_no_unit(
    tmp_path: Path, before: list[list[object]], after: list[list[object]]
) -> None:
    """Numbers, names, units of other numbers, totals, repeated headers and rows that are not billable."""
    line = [*LINE, "yes"]
    _, problems = checked(table(tmp_path / "a.xlsx", *before, [*HEADER, "Billable"], line, *after))
    assert not [p.cell for p in problems if p.code == "amount.unit"]


def test_a_unit_in_the_header_counts_whatever_the_settings_say(tmp_path: Path) -> None:
    """They say which column holds the amounts, not that 1200 T€ are 1,200 €."""
    path = table(tmp_path / "a.xlsx", [*HEADER[:3], "Amount (T€)"], LINE)
    sheet = read_by(known_headers(own=OwnHeaders({"amount": ["Amount (T€)"]})), path)
    assert [p.cell for p in sheet.problems if p.code == "amount.unit"] == ["D1"]


@pytest.mark.parametrize("unit", ["k€", "TEUR", "(k€)", "cents", "Tsd.", "in thousands", "x 1000", "K"])
@pytest.mark.parametrize("header", ["Unit", None])
def test_a_unit_in_the_cell_beside_an_amount_is_an_error_of_its_row(
    tmp_path: Path, unit: str, header: str | None
) -> None:
    """5 and “k€” are 5,000."""
    rows = [[101, "Fixed fee", "Retainer", 5, unit, 30], [102, "Fixed fee", "Design", 700, "EUR", 30]]
    path = table(tmp_path / "a.xlsx", [*HEADER[:4], header, HEADER[4]], *rows)
    lines, problems = checked(path)
    assert [p.cell for p in problems if p.code == "amount.unit"] == ["E2"]
    assert [line.row for line in lines if not line.sound] == [2]


@pytest.mark.parametrize("unit", ["EUR", "€", "Stk", "hours", "pcs", "h", "m", "K & Co", "km"])
def test_other_words_beside_an_amount_are_no_unit_of_it(tmp_path: Path, unit: str) -> None:
    """Currencies, pieces and names."""
    row = [101, "Fixed fee", "Retainer", 5, unit, 30]
    lines, _ = checked(table(tmp_path / "a.xlsx", [*HEADER[:4], "Unit", HEADER[4]], row))
    assert all(line.sound for line in lines)


@pytest.mark.parametrize(("header", "texts"), [("State", ["CT", "CT"]), ("State", ["CT", "NY"]), ("Class", ["K", "M"])])
def test_a_code_beside_an_amount_is_no_unit_of_it(tmp_path: Path, header: str, texts: list[str]) -> None:
    """Connecticut is no cent, and a class K no thousand."""
    rows = [[101, "Fixed fee", "Retainer", 5, text, 30] for text in texts]
    lines, problems = checked(table(tmp_path / "a.xlsx", [*HEADER[:4], header, HEADER[4]], *rows))
    assert not [p.cell for p in problems if p.code == "amount.unit"]
    assert all(line.sound for line in lines)


def test_a_size_below_a_header_that_says_nothing_is_a_unit_where_all_are(tmp_path: Path) -> None:
    """Nothing else explains “k” beside 5."""
    rows = [[101, "Fixed fee", "Retainer", 5, "k", 30], [102, "Fixed fee", "Design", 7, "k€", 30]]
    _, problems = checked(table(tmp_path / "a.xlsx", [*HEADER[:4], "Xyz", HEADER[4]], *rows))
    assert [p.cell for p in problems if p.code == "amount.unit"] == ["E2", "E3"]
