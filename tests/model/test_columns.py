"""The one list of columns, and how headers are matched."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from importer.model.columns import BY_NAME, COLUMNS, ITEM_TYPE_ALIASES, ITEM_TYPE_TITLES, RESULT_COLUMNS
from importer.model.columns import Level as Lv
from importer.model.headers import OwnHeaders, currency_of_header, fold, known_as, known_headers
from importer.model.invoices import ItemType

PROMISED = {
    "workspace_id": Lv.LINE,
    "workspace": Lv.LINE,
    "invoice_key": Lv.LINE,
    "item_type": Lv.LINE,
    "item_id": Lv.LINE,
    "notes": Lv.LINE,
    "amount": Lv.LINE,
    "taxable": Lv.LINE,
    "story_id": Lv.LINE,
    "payment_schedule": Lv.INVOICE,
    "invoice_date": Lv.INVOICE,
    "user_invoice_number": Lv.INVOICE,
    "user_invoice_title": Lv.INVOICE,
    "purchase_order": Lv.INVOICE,
    "project_code": Lv.INVOICE,
    "message": Lv.INVOICE,
    "draft": Lv.INVOICE,
    "suppress_emails": Lv.INVOICE,
    "external_reference.service_name": Lv.INVOICE,
    "external_reference.service_model": Lv.INVOICE,
    "external_reference.service_model_ref": Lv.INVOICE,
    "external_reference.status": Lv.INVOICE,
    "external_reference.external_message": Lv.INVOICE,
    "external_reference.external_link": Lv.INVOICE,
    "external_reference.external_status": Lv.INVOICE,
    "external_reference.locked": Lv.INVOICE,
}


def test_the_list_holds_exactly_the_promised_columns() -> None:
    """Every column of the product's table exists, at its level, and no other."""
    assert {column.name: column.level for column in COLUMNS} == PROMISED


@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: column.name)
def test_every_column_can_be_explained(column: object) -> None:
    """Template, README and messages need a title, a meaning and an example of every column."""
    assert column.title
    assert column.meaning.endswith(".")
    assert column.example
    assert column.api_field


def test_no_header_means_two_columns() -> None:
    """Names, titles and aliases are told apart even after folding, also from the result columns."""
    owners: dict[str, set[str]] = {}
    for column in COLUMNS:
        for header in (column.name, column.title, *column.aliases):
            owners.setdefault(fold(header), set()).add(column.name)
    assert {header: names for header, names in owners.items() if len(names) > 1} == {}
    assert not {fold(name) for name in RESULT_COLUMNS} & set(owners)


def test_no_spelling_means_two_item_types() -> None:
    """Every friendly spelling chooses exactly one item type."""
    owners: dict[str, set[ItemType]] = {}
    for item_type in ItemType:
        for word in (item_type.value, ITEM_TYPE_TITLES[item_type], *ITEM_TYPE_ALIASES[item_type]):
            owners.setdefault(fold(word), set()).add(item_type)
    assert all(len(types) == 1 for types in owners.values())


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("workspace_id", "workspace_id"),
        ("Workspace ID", "workspace_id"),
        ("  WORKSPACE-ID ", "workspace_id"),
        ("Project ID", "workspace_id"),
        ("Project\u00a0ID", "workspace_id"),
        ("Project\nID", "workspace_id"),
        ("\ufeffProject ID", "workspace_id"),
        ("Ｐｒｏｊｅｃｔ ID", "workspace_id"),
        ("Net days", "payment_schedule"),
        ("Payment Terms", "payment_schedule"),
        ("Suppress E-Mails", "suppress_emails"),
        ("external_reference.service_name", "external_reference.service_name"),
        ("External Reference Service Name", "external_reference.service_name"),
        ("PO no.", "purchase_order"),
        ("Amount:", "amount"),
    ],
)
def test_headers_match_whatever_their_case_and_blanks(header: str, name: str) -> None:
    """Case, blanks, ``_``, ``-`` and ``.`` do not matter; titles and aliases are understood."""
    assert known_headers()[fold(header)] == name


@pytest.mark.parametrize("header", ["works", "ID", "", "Projects", "item", "net", "rate"])
def test_headers_are_not_guessed(header: str) -> None:
    """A header that only resembles a known one is not taken for it."""
    assert fold(header) not in known_headers()


@pytest.mark.parametrize(
    ("header", "name", "currency"),
    [
        ("Amount USD", "amount", "USD"),
        ("USD amount", "amount", "USD"),
        ("amount_eur", "amount", "EUR"),
        ("Amount in €", "amount", "EUR"),
        ("Betrag in EUR", "amount", "EUR"),
        ("Amount ($)", "amount", "$"),
        ("Amount all", None, None),
        ("Project EUR", None, "EUR"),
        ("Invoice date", "invoice_date", None),
    ],
)
def test_currency_beside_a_header_is_no_part_of_it(header: str, name: str | None, currency: str | None) -> None:
    """It is compared with that of the project; only amounts have one."""
    assert (known_as(header, known_headers()), currency_of_header(header)) == (name, currency)


def test_settings_add_headers() -> None:
    """Headers from the settings join the built-in ones, folded like them."""
    known = known_headers(OwnHeaders({"workspace_id": ["Kunden-Projekt Nr."]}))
    assert known[fold("kundenprojekt nr")] == "workspace_id"
    assert known[fold("Project ID")] == "workspace_id"
    assert fold("Kunden-Projekt Nr.") not in known_headers()


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_any_disguise_of_a_known_header_is_seen_through(data: st.DataObject) -> None:
    """Blanks, dashes, dots, underscores and capitals put anywhere leave a header known."""
    column = data.draw(st.sampled_from(COLUMNS))
    header = data.draw(st.sampled_from([column.name, column.title, *column.aliases]))
    noise = st.text(alphabet=" _-.\t\u00a0", max_size=2)
    disguised = "".join(
        data.draw(noise) + (char.upper() if data.draw(st.booleans()) else char.lower()) for char in header
    )
    assert known_headers()[fold(disguised)] == column.name


def test_columns_are_found_by_name() -> None:
    """The index holds every column under its own name."""
    assert list(BY_NAME) == [column.name for column in COLUMNS]
