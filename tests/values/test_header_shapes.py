"""What cells say of columns whose headers do not: numbers that multiply, names that repeat, ids, dates of one day."""

from __future__ import annotations

from importer.model.headers import known_as, known_headers
from importer.values.cell_shapes import seen_column
from importer.values.header_meanings import ideas_of, meaning_of
from importer.values.header_proposals import propose

KNOWN = known_headers()


def proposed(*columns: tuple[str, list[object]], taken: tuple[str, ...] = ()) -> list[str | None]:
    """What each column probably means; ``taken``: names that other columns mean already."""
    seen = [seen_column(position, header, cells) for position, (header, cells) in enumerate(columns)]
    present = {name: seen_column(90 + number, name, []) for number, name in enumerate(taken)}
    return [found.meant for found in propose(seen, present, KNOWN)]


# --- numbers that multiply ---------------------------------------------------------------


def test_rows_prove_quantity_rate_and_amount_whatever_the_headers_say() -> None:
    """Typed in the national way or numbers, with an empty row between them; never surely."""
    texts: list[tuple[str, list[object]]] = [
        ("Xyz", ["3,5", "", "2"]),
        ("Foo", ["90,00", "", "85,00"]),
        ("Bar", ["315,00", "", "170,00"]),
    ]
    assert proposed(*texts) == ["quantity", "rate", "amount"]
    assert proposed(("Xyz", [3.5, 2]), ("Foo", [90, 85]), ("Dauerding h", [315.0, 170.0])) == [
        "quantity",
        "rate",
        "amount",
    ]
    seen = [seen_column(position, header, cells) for position, (header, cells) in enumerate(texts)]
    assert not any(found.sure for found in propose(seen, {}, KNOWN))


def test_the_header_says_which_factor_is_which() -> None:
    """Hours rather than a quantity; the price per word is no amount."""
    assert proposed(("Hourly charge", [280, 190]), ("Time", [2, 3]), ("Value (ex VAT)", [560, 570])) == [
        "rate",
        "hours",
        "amount",
    ]
    assert proposed(("Prix au mot", ["0,10", "0,12"])) == ["rate"]


def test_of_two_unknown_factors_the_price_is_the_rate() -> None:
    """Copies are whole and many, a price per copy has cents; times are quarters of hours of one day."""
    copies: tuple[str, list[object]] = ("Xyz", ["500", "200"])
    assert proposed(copies, ("Foo", ["0,80", "1,50"]), ("Bar", ["400,00", "300,00"])) == ["quantity", "rate", "amount"]
    assert proposed(copies, ("Stückpreis", ["3", "4"]), ("Bar", ["1500", "800"])) == ["quantity", "rate", "amount"]


def test_one_row_or_factors_of_one_prove_nothing() -> None:
    """Every number is one times itself, and a row may fit by chance."""
    assert proposed(("Xyz", [2]), ("Foo", [30]), ("Bar", [60])).count("rate") == 0
    assert proposed(("Xyz", [1, 1]), ("Foo", [30, 40]), ("Bar", [30, 40])).count("rate") == 0
    assert proposed(("Xyz", [2, 3]), ("Foo", [30, 40]), ("Bar", [60, 121])).count("rate") == 0


def test_where_ids_say_what_is_billed_the_product_is_no_amount() -> None:
    """It is compared as a total."""
    columns: list[tuple[str, list[object]]] = [("Xyz", [2, 3]), ("Foo", [30, 40]), ("Bar", [60.5, 120])]
    columns[2] = ("Bar", [60, 120])
    assert proposed(*columns, taken=("item_id", "workspace_id")) == ["quantity", "rate", "total"]


def test_a_total_far_from_the_amounts_is_another_sum() -> None:
    """That of the contract; a gross sum is near enough."""
    amounts: tuple[str, list[object]] = ("Fee amount", ["4,800.00", "3,150.00"])
    assert proposed(amounts, ("Total agreed", ["24,000.00", "24,000.00"])) == ["amount", None]
    assert proposed(amounts, ("Total charged", ["5,712.00", "3,748.50"])) == ["amount", "total"]


# --- texts, ids, dates ----------------------------------------------------------------------


def test_names_that_repeat_are_perhaps_the_project_and_texts_that_differ_the_description() -> None:
    """Single words, as of teams, are neither."""
    columns: list[tuple[str, list[object]]] = [
        ("Xyz", ["Dachausbau Lindenweg", "Dachausbau Lindenweg", "Bad Schulstraße"]),
        ("Foo", ["Dämmung eingebaut", "Trockenbau zwei Mann", "Fliesen verlegt"]),
        ("Bar", ["Brand", "Brand", "Digital"]),
    ]
    assert proposed(*columns) == ["workspace", "notes", None]
    assert proposed(*columns, taken=("workspace_id",)) == [None, "notes", None]


def test_numbers_that_all_differ_beside_projects_are_items_where_nothing_is_the_amount() -> None:
    """With amounts they may be anything: a receipt."""
    numbers: list[object] = [5110045, 5110046]
    project: tuple[str, list[object]] = ("Project Nbr", [1450, 1450])
    assert proposed(("Timecard Id", numbers), project) == ["item_id", "workspace_id"]
    assert proposed(("Receipt ID", numbers), project, ("Fee amount", [10, 20])) == [None, "workspace_id", "amount"]


def test_notes_beside_ids_are_no_description() -> None:
    """What is billed by its number has a text in Kantata."""
    assert proposed(("Comment", ["late entry", "check the rate"]), taken=("item_id", "workspace_id")) == [None]
    assert proposed(("Comment", ["late entry", "check the rate"]), taken=("amount", "workspace_id")) == ["notes"]


def test_dates_are_perhaps_those_of_the_invoice_where_most_rows_have_the_same() -> None:
    """Of renewals each has its own."""
    assert proposed(("Xyz", ["2026-10-31", "2026-10-31", "2026-10-30"])) == ["invoice_date"]
    assert proposed(("Xyz", ["2027-01-01", "2027-03-01", "2026-12-01"])) == [None]


def test_numbers_below_a_header_of_something_else_are_no_project() -> None:
    """Those of documents; numbers with decimals are no terms of payment."""
    assert proposed(("Belegfeld 1", [20261051, 20261052])) == [None]
    assert proposed(("Per seat", ["30.00", "25.00"])) != ["payment_schedule"]


# --- words that are put together, or cut short --------------------------------------------


def test_all_parts_of_a_word_count() -> None:
    """“Erlöskonto” holds no “Skonto”, “Mitarbeitende” no work; what is not understood of a word is something else."""
    assert "discount" not in ideas_of("Erlöskonto")
    assert "text" not in ideas_of("Mitarbeitende")
    assert "else" in ideas_of("Projektgedöns")
    assert ideas_of("Dezimalzeit") == {"hours"}
    found = meaning_of("Projektgedöns")
    assert found is None or found.column is None


def test_a_point_cuts_a_word_short() -> None:
    """Where all words that begin so agree."""
    assert ideas_of("ID proy.") >= {"project", "ident"}
    assert "project" not in ideas_of("ID proy")
    assert "group" in ideas_of("Projektschl.")
    assert "remark" in ideas_of("Bem.")


def test_words_that_are_no_column_by_their_company() -> None:
    """Who did it; the group of a text; a date of the work; “Forderung” is no misspelt “Lieferung”."""
    for header in ("Erbracht durch", "Fait par", "Date d'intervention"):
        found = meaning_of(header)
        assert found is None or found.column is None, header
    group = meaning_of("Tätigkeitsgruppe")
    assert group is None or group.column != "notes"
    assert "delivery" not in ideas_of("Forderungen")


def test_the_number_and_the_name_of_the_same_thing_both_are_of_the_project() -> None:
    """“Job-Nr.” beside “Jobname”, but not the number of an order beside a project."""
    numbers: list[object] = [4105, 4105, 4170]
    names: tuple[str, list[object]] = ("Jobname", ["Annual report", "Annual report", "Labels Wine"])
    assert proposed(("Job-Nr.", numbers), names) == ["workspace_id", "workspace"]
    assert proposed(("Auftragsnummer", numbers), taken=("workspace",)) == [None]


def test_a_line_of_the_invoice_is_its_text_and_records_of_expenses_are_items() -> None:
    """“Voce in fattura”, “Item for client”; their numbers are none."""
    texts: list[object] = ["Stand at the fair", "Hostess for two days"]
    for header in ("Voce in fattura", "Item for client", "Ligne de facture"):
        assert proposed((header, texts)) == ["notes"], header
    assert proposed(("Expense record", [6001201, 6001202])) == ["item_id"]
    assert proposed(("Uren monteur", [6, 8]), ("Xyz", [62, 60]), ("Totaal ex. btw", [372, 480])) == [
        "hours",
        "rate",
        "amount",
    ]


def test_hours_that_are_charged_are_hours_and_a_price_per_unit_is_a_rate() -> None:
    """By their cells; “Ore lavorate” ends with no rate."""
    assert proposed(("Hours charged", [7, 3.5, 8])) == ["hours"]
    assert proposed(("Hours charged", [95, 110])) == ["rate"]
    assert proposed(("€ je m2", ["1,50", "2,25"])) == ["rate"]
    assert proposed(("Ore lavorate", [10, 3])) == ["hours"]
    assert ideas_of("Zusatz") == set()


def test_the_end_of_a_long_word_and_its_plural_count() -> None:
    """“Termijnbedrag” is a sum, “Skontofrist” are terms; initials with points are one word."""
    assert proposed(("Termijnbedrag", ["2.400,00", "1.100,00"])) == ["amount"]
    assert proposed(("Contractsom", ["12.000,00", "9.000,00"])) == [None]
    assert "work" in ideas_of("Trabajos")
    assert proposed(("Trabajos del periodo", ["Dirección de obra", "Informe de mediciones"])) == ["notes"]
    assert proposed(("Descripción del entregable", ["Vídeo corto", "Doce publicaciones"])) == ["notes"]
    assert proposed(("O.C. cliente", ["12-990", "7712"])) == ["purchase_order"]


def test_cells_that_are_item_types_say_so_below_another_header() -> None:
    """“Billed as” above fixed and extra is no flag; a client beside a word that is unknown may be the project."""
    assert proposed(("Billed as", ["fixed", "extra"])) == ["item_type"]
    assert proposed(("Client / xyz", ["Ferro shop", "Ferro shop", "Lumen blog"])) == ["workspace"]
    assert proposed(("Client", ["Ferro shop", "Ferro shop", "Lumen blog"])) == [None]


def test_single_words_that_repeat_are_no_sure_description() -> None:
    """They may be kinds of work."""
    [found] = propose([seen_column(0, "Tätigkeit", ["Analyse", "Test", "Analyse"])], {}, KNOWN)
    assert (found.meant, found.sure) == ("notes", False)
    [found] = propose([seen_column(0, "Tätigkeit", ["Analyse", "Test"])], {}, KNOWN)
    assert (found.meant, found.sure) == ("notes", True)


def test_words_of_buying_and_cases_are_asked_about() -> None:
    """“Inkoop” above costs was the PO number without a word; “Vorgangsnummer” may be that of a case."""
    assert known_as("Inkoop", KNOWN) is None
    assert known_as("Inkoopnummer", KNOWN) == "purchase_order"
    [found] = propose([seen_column(0, "Vorgangsnummer", [88011, 88045])], {}, KNOWN)
    assert not found.sure
    assert proposed(("Purchased on", ["2026-10-01", "2026-10-09", "2026-10-20"])) == [None]


def test_a_short_article_makes_no_order_of_a_word() -> None:
    """“Pôle” is no “PO” with a French article; “Belegdatum” stays a date."""
    assert known_as("Pôle", KNOWN) is None
    assert known_as("Fakturadatum", KNOWN) == "invoice_date"
