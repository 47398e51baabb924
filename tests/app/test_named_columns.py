"""The step with the columns: the same proposals as ``map``, chosen on the page, remembered in the settings file."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from desktops import Desktop, Person

OWN = b"""Mandat;Kunde;Art der Leistung;Leistungstext;Honorar netto;Kreditfrist;Rechnungstag
101;ACME;Pauschalhonorar;Konzept;1.200,00;30;31.10.2026
102;Beta;Festpreis;Workshop;90,00;14;31.10.2026
"""
ANSWERS = {
    "column-0": "workspace_id",
    "column-1": "-",
    "column-2": "item_type",
    "column-3": "notes",
    "column-4": "amount",
    "column-5": "payment_schedule",
    "column-6": "invoice_date",
    "word-0": "fixed_fee",
}


def chosen(person: Person, name: str) -> str:
    """What a list on the page is set to."""
    [lines] = re.findall(rf'<select name="{name}".*?</select>', person.seen.text, re.DOTALL)
    return next(iter(re.findall(r'<option value="([^"]*)" selected>', lines)), "")


def answer(person: Person, path: str, answers: dict[str, str]) -> None:
    """Send the form of the step, and wait until the file is checked again."""
    person.post(f"{path}/columns", {"draft": person.field("draft"), **answers})
    person.settled(path)


def test_a_file_in_own_words_is_mapped_and_sent(desktop: Desktop, person: Person) -> None:
    """No header is known: the page leads to the columns, and after the answers to the preview."""
    path = person.choose(OWN, "own.csv")
    assert "No header row was found" in person.text
    assert f'href="{path}/columns"' in person.seen.text

    person.get(f"{path}/columns")
    assert [chosen(person, f"column-{number}") for number in range(7)] == [
        "workspace_id",  # numbers of projects in the account
        "",
        "",
        "notes",
        "amount",
        "payment_schedule",
        "invoice_date",
    ]
    assert "1.200,00 · 90,00" in person.text
    answer(person, path, ANSWERS)
    assert "Approve 2 invoices" in person.text
    assert "[columns] of the settings was used: it reads “Mandat” as Project ID" in person.text

    person.approve(path)
    person.send(path, "1290")
    person.settled(path)
    assert desktop.sent() == 2
    written = tomllib.loads((desktop.folder / "importer.toml").read_text(encoding="utf-8"))
    assert written["columns"]["amount"] == ["Honorar netto"]
    assert written["ignore_columns"] == ["Kunde"]
    assert written["values"] == {"item_type": {"Pauschalhonorar": "fixed_fee"}}


def test_the_next_file_with_these_headers_asks_nothing(person: Person) -> None:
    """What was remembered counts at once, without a new start of the program."""
    path = person.choose(OWN, "own.csv")
    person.get(f"{path}/columns")
    answer(person, path, ANSWERS)
    november = person.choose(OWN.replace(b"1.200,00", b"1.300,00"), "november.csv")
    assert "Approve 2 invoices" in person.text
    person.get(f"{november}/columns")
    assert "Every column and every word of this sheet is understood." in person.text


def test_a_column_that_was_understood_can_be_changed(desktop: Desktop, person: Person) -> None:
    """One that is compared, one that is sent, and one that the settings gave another meaning before."""
    text = b"Project ID;Type;Text;Amount;Net days;Total;Memo no\n101;Fixed fee;Advice;5;30;7;x\n"
    path = person.choose(text, "known.csv")
    person.get(f"{path}/columns")
    assert [chosen(person, f"column-{number}") for number in range(6)] == [""] * 6
    answer(person, path, {"column-3": "-", "column-5": "amount", "column-6": "purchase_order"})
    assert "Approve 1 invoice" in person.text
    person.get(f"{path}/columns")
    answer(person, path, {"column-6": "project_code"})
    person.get(f"{path}/columns")
    answer(person, path, {"column-6": "-"})
    written = tomllib.loads((desktop.folder / "importer.toml").read_text(encoding="utf-8"))
    assert written["columns"] == {"amount": ["Total"], "purchase_order": [], "project_code": []}
    assert written["ignore_columns"] == ["Amount", "Memo no"]


def test_what_cannot_be_used_is_said_and_not_written(desktop: Desktop, person: Person) -> None:
    """Two columns of one name are refused as in the settings; the page keeps its questions."""
    path = person.choose(OWN.replace(b"Pauschalhonorar", b"Festpreis").replace(b";30;", b";soon;"), "own.csv")
    person.get(f"{path}/columns")
    wrong = ANSWERS | {"word-0": "whenever"}
    assert person.post(f"{path}/columns", {"draft": person.field("draft"), **wrong}).status_code == 400
    assert "“whenever” is not a number of days" in person.text
    assert not (desktop.folder / "importer.toml").exists()


def test_answers_to_an_earlier_page_count_nothing(desktop: Desktop, person: Person) -> None:
    """Another tab may have changed what is asked."""
    path = person.choose(OWN, "own.csv")
    person.get(f"{path}/columns")
    person.post(f"{path}/columns", {"draft": "other", **ANSWERS})
    assert person.path == f"{path}/columns"
    assert not (desktop.folder / "importer.toml").exists()


def test_a_ready_mapping_is_offered_and_used(person: Person) -> None:
    """As --preset does; only one that was offered."""
    text = b"User,Project,Description,Start date,Start time,Duration,Amount (EUR)\na,b,c,2026-10-01,8:00,1:00:00,5\n"
    path = person.choose(text, "toggl.csv")
    person.get(f"{path}/columns")
    assert "Use the mapping for toggl" in person.text
    person.post(f"{path}/preset", {"name": "harvest"})
    person.settled(path)
    person.get(f"{path}/columns")
    person.post(f"{path}/preset", {"name": "toggl"})
    person.settled(path)
    assert "Which project is “b”" in person.text or "No project" in person.text


def test_hostile_headers_are_text_on_the_page(person: Person) -> None:
    """Markup and control characters of a sheet do nothing, and endless headers are cut."""
    heads = "Project ID,<script>alert(1)</script>,\x1b[2J,\u202eabc," + "F" * 30_000
    path = person.choose(f"{heads}\n101,<b>x</b>,y,z,w\n".encode(), "own.csv")
    person.get(f"{path}/columns")
    assert person.seen.status_code == 200
    assert "<script>alert" not in person.seen.text
    assert "\x1b" not in person.seen.text
    assert "\u202e" not in person.seen.text
    assert "F" * 100 not in person.seen.text
