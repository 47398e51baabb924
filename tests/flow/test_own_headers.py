"""The user's own headers and words: asked once, remembered, and never applied without a word."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pytest

from importer.flow.mapping import Answers, Draft, SettingsPlace, draft_of, proposed_answers, taught, toml_of, write
from importer.flow.prepared import Tools, Wish
from importer.flow.reading_in import sheet_of
from importer.kantata.account import projects_matching
from importer.kantata.client import KantataApi
from importer.model.columns import Kind
from importer.model.errors import FileProblem, SettingsProblem
from importer.model.invoices import ItemType
from importer.settings.loading import load
from importer.settings.model import Settings
from importer.values.cells import parser_of

if TYPE_CHECKING:
    from pathlib import Path

    from importer.ledger.ledger import SubmissionLedger
    from importer.sandbox.running import Sandbox

GERMAN = """Mandat;Kunde;Art der Leistung;Leistungstext;Honorar netto;Zahlungsziel;Rechnungstag;Ihre Bestellung
101;ACME;Pauschalhonorar;Konzept;1.200,00;30;31.10.2026;PO-77
102;Beta;Reisespesen;Bahn;90,00;14;31.10.2026;
"""
SHEETS = {
    "German": GERMAN,
    "English": """Engagement no.,Kind of charge,Narrative,Net fee,Credit days,Bill date,Consultant
101,Flat fee,Concept,1200,30,2026-10-31,Ann
102,Travel,Train,90,14,2026-10-31,Bob
""",
    "French": """N° du dossier;Nature;Prestation;Honoraires HT;Jours de paiement;Date facturation;Collaborateur
101;Forfait;Concept;1200;30;31/10/2026;Anne
102;Frais de voyage;Train;90;14;31/10/2026;Bob
""",
    "Spanish": """Nº proyecto;Tipo de cargo;Detalle;Honorarios netos;Días de pago;Fecha de facturación;Empleado
101;Iguala fija;Concepto;1200;30;31/10/2026;Ana
102;Gastos de viaje;Tren;90;14;31/10/2026;Bob
""",
}
MEANT = {"item_type", "notes", "amount", "payment_schedule", "invoice_date", "workspace_id"}


def tools(ledger: SubmissionLedger, settings: Settings | None = None, api: KantataApi | None = None) -> Tools:
    """What a run works with, without Kantata unless one is given."""
    return Tools(settings or Settings(), "stand-in", ledger, api)


def draft(folder: Path, text: str, ledger: SubmissionLedger, settings: Settings | None = None) -> Draft:
    """The questions that a CSV raises."""
    path = folder / "own.csv"
    path.write_text(text, encoding="utf-8")
    return draft_of(Wish(path), tools(ledger, settings))


@pytest.mark.parametrize("language", SHEETS)
def test_a_sheet_without_one_known_word_is_understood_after_the_answers(
    tmp_path: Path, ledger: SubmissionLedger, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    """In four languages; in the second month nothing is asked, and the sheet is read as it was answered."""
    monkeypatch.chdir(tmp_path)
    first = draft(tmp_path, SHEETS[language], ledger)
    answers = proposed_answers(first)
    assert not first.missing({found.column.position: found.meant for found in first.proposals})
    write(answers, SettingsPlace(tmp_path / "importer.toml"))

    settings = load()
    second = draft(tmp_path, SHEETS[language], ledger, settings)
    assert second.words({}) == second.missing({}) == ()
    assert [found for found in second.proposals if found.meant] == []
    sheet, notices = sheet_of(Wish(tmp_path / "own.csv"), settings)
    assert set(sheet.frame.columns) >= MEANT
    kinds = list(map(parser_of(Kind.ITEM_TYPE), sheet.frame["item_type"]))
    assert kinds == [ItemType.FIXED_FEE, ItemType.ADDITIONAL]
    assert any(notice.startswith("[columns] of the settings was used: it reads “") for notice in notices)


def test_nothing_is_asked_of_a_sheet_in_the_programs_own_words(tmp_path: Path, ledger: SubmissionLedger) -> None:
    """The template raises no question."""
    text = "Project ID,Item type,Description,Amount,Net days\n101,Fixed fee,Work,5,30\n"
    assert not draft(tmp_path, text, ledger).asks


def test_what_the_sheet_lacks_is_asked_for(tmp_path: Path, ledger: SubmissionLedger) -> None:
    """The kind of line, proposed where amounts are billed; the project and the days are never guessed."""
    found = draft(tmp_path, "Narrative,Fee amount\nWork,5\n", ledger)
    missing = found.missing({0: "notes", 1: "amount"})
    assert [(each.name, each.proposed) for each in missing] == [
        ("workspace_id", None),
        ("item_type", "additional"),
        ("payment_schedule", None),
    ]
    with_ids = found.missing({0: "item_id", 1: "workspace_id"})
    assert [(each.name, each.proposed) for each in with_ids] == [("item_type", None), ("payment_schedule", None)]


def test_projects_are_recognised_by_the_names_of_the_settings(tmp_path: Path, ledger: SubmissionLedger) -> None:
    """A column of clients may name the projects."""
    settings = Settings(workspaces={"ACME": 101, "Beta": 102})
    found = draft(tmp_path, "Kunde,Honorar netto\nACME,5\nBETA,6\n", ledger, settings)
    assert [(each.meant, each.sure) for each in found.proposals] == [("workspace", True), ("amount", True)]


def test_projects_are_recognised_by_the_titles_of_the_account(
    tmp_path: Path, ledger: SubmissionLedger, sandbox: Sandbox
) -> None:
    """Kantata is asked for them where no column names the project."""
    api = KantataApi(sandbox.base_url, sandbox.token, connect_timeout=2, read_timeout=30, patience=0)
    path = tmp_path / "own.csv"
    title = next(project.title for project in projects_matching(api, None) if project.title)
    path.write_text(f'Kunde,Honorar netto\n"{title}",5\n', encoding="utf-8")
    found = draft_of(Wish(path), tools(ledger, api=api))
    assert found.proposals[0].meant == "workspace"
    api._connection.session.close()  # noqa: SLF001 - a ResourceWarning would end up in another test


def test_a_note_is_asked_about_beside_texts_that_may_be_the_description(
    tmp_path: Path, ledger: SubmissionLedger
) -> None:
    """It is often for colleagues; alone, or named by the settings, it is the Description."""
    rest = "101,Fixed fee,Design of the shop,ask Bob first,10,30\n"
    text = f"Project ID,Item type,Was,Memo,Amount,Net days\n{rest}"
    found = draft(tmp_path, text, ledger)
    assert [(each.column.text, each.meant, each.sure) for each in found.proposals] == [
        ("Was", "notes", False),
        ("Memo", None, False),
    ]
    answered = Settings(columns={"notes": ["Was"]}, ignore_columns=["Memo"])
    assert not draft(tmp_path, text, ledger, answered).asks
    of_note = Settings(columns={"notes": ["Memo"]}, ignore_columns=["Was"])
    assert not draft(tmp_path, text, ledger, of_note).asks
    assert not draft(tmp_path, text.replace("Was,", "Status,"), ledger).asks


def test_a_preset_is_offered_first(tmp_path: Path, ledger: SubmissionLedger) -> None:
    """A sheet that looks like an export with a ready mapping; not where the settings name one already."""
    text = (
        "User,Email,Project,Description,Start date,Start time,Duration,Amount (EUR)\na,b,c,d,2026-10-01,8:00,1:00,5\n"
    )
    assert [preset.name for preset in draft(tmp_path, text, ledger).presets] == ["toggl"]
    assert draft(tmp_path, text, ledger, Settings(preset="toggl")).presets == ()


def test_answers_are_added_to_what_the_file_says(tmp_path: Path) -> None:
    """Comments, other settings and earlier answers stay; a profile repeats what it would hide."""
    file = tmp_path / "importer.toml"
    file.write_text(
        '# ours\nworkers = 2\nignore_columns = ["Kunde"]\n\n[columns]\namount = ["Wert"]  # old\n'
        "[profile.us]\nworkers = 3\n",
        encoding="utf-8",
    )
    answers = Answers({"amount": ["Honorar"], "notes": ["Text X"]}, ["Ort"], {"item_type": {"Bahn": "expense"}}, {})
    write(answers, SettingsPlace(file))
    text = file.read_text(encoding="utf-8")
    assert text.startswith("# ours\nworkers = 2\n")
    assert tomllib.loads(text) == {
        "workers": 2,
        "ignore_columns": ["Kunde", "Ort"],
        "columns": {"amount": ["Wert", "Honorar"], "notes": ["Text X"]},
        "values": {"item_type": {"Bahn": "expense"}},
        "profile": {"us": {"workers": 3}},
    }
    write(Answers({"amount": ["Fee"]}), SettingsPlace(file, "us"))
    profile = tomllib.loads(file.read_text(encoding="utf-8"))["profile"]["us"]
    assert profile == {"workers": 3, "columns": {"amount": ["Wert", "Honorar", "Fee"], "notes": ["Text X"]}}


def test_an_answer_takes_the_place_of_what_the_settings_said_of_a_header(tmp_path: Path) -> None:
    """A header cannot mean two columns: the last word of the person counts, and all else stays."""
    file = tmp_path / "importer.toml"
    file.write_text('ignore_columns = ["Ort"]\n[columns]\nnotes = ["Text X", "Y"]\n', encoding="utf-8")
    write(Answers({"message": ["Text X", "Ort"]}), SettingsPlace(file))
    written = tomllib.loads(file.read_text(encoding="utf-8"))
    assert written == {"ignore_columns": [], "columns": {"notes": ["Y"], "message": ["Text X", "Ort"]}}
    write(Answers(ignored=["Text X"]), SettingsPlace(file))
    written = tomllib.loads(file.read_text(encoding="utf-8"))
    assert written == {"ignore_columns": ["Text X"], "columns": {"notes": ["Y"], "message": ["Ort"]}}


def test_answers_that_contradict_one_another_are_not_written(tmp_path: Path) -> None:
    """The file stays as it was."""
    file = tmp_path / "importer.toml"
    file.write_text('[columns]\nnotes = ["Text X"]\n', encoding="utf-8")
    with pytest.raises(SettingsProblem, match="stands for both notes and message"):
        write(Answers({"notes": ["Z"], "message": ["Z"]}), SettingsPlace(file))
    assert file.read_text(encoding="utf-8") == '[columns]\nnotes = ["Text X"]\n'


def test_a_variable_that_would_overrule_the_answers_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the answers would be written and have no effect."""
    monkeypatch.setenv("IMPORTER_COLUMNS", '{"amount": ["X"]}')
    with pytest.raises(SettingsProblem, match="IMPORTER_COLUMNS overrules"):
        write(Answers({"amount": ["Y"]}), SettingsPlace(tmp_path / "importer.toml"))
    assert not (tmp_path / "importer.toml").exists()


def test_the_app_can_use_answers_at_once() -> None:
    """The settings with the answers, beside what they said before."""
    settings = taught(Settings(columns={"amount": ["Wert"]}), Answers({"amount": ["Fee"]}, ["Ort"]))
    assert settings.columns == {"amount": ["Wert", "Fee"]}
    assert settings.ignore_columns == ["Ort"]


@pytest.mark.parametrize(
    "header", ["\x1b[31mFee\x1b[0m amount", '"; DROP TABLE', "[bold]Fee", "=1+1 fee", "Fee\u202eamount", "F" * 1_000]
)
def test_hostile_headers_come_back_from_the_file_as_they_stood(
    tmp_path: Path, ledger: SubmissionLedger, header: str
) -> None:
    """Markup, control characters and long texts are data; after the answer the column is known."""
    quoted = header.replace('"', '""')
    text = f'Project ID,Item type,"{quoted}"\n101,Fixed fee,5\n'
    found = draft(tmp_path, text, ledger)
    answers = Answers()
    for proposal in found.proposals:
        answers.means(proposal.column.text, "amount")
    settings = Settings(**tomllib.loads(toml_of(answers, SettingsPlace(tmp_path / "none.toml"))))
    assert "amount" in draft(tmp_path, text, ledger, settings).columns


def test_a_sheet_too_wide_is_refused_as_everywhere(tmp_path: Path, ledger: SubmissionLedger) -> None:
    """16,000 columns are no list of invoice rows."""
    heads = ",".join(f"col {number}" for number in range(16_000))
    with pytest.raises(FileProblem, match="columns"):
        draft(tmp_path, f"{heads}\n{'x,' * 15_999}x\n", ledger)


def test_a_file_without_a_table_has_no_questions(tmp_path: Path, ledger: SubmissionLedger) -> None:
    """Numbers alone have no header."""
    with pytest.raises(FileProblem) as refusal:
        draft(tmp_path, "1,2\n3,4\n", ledger)
    assert refusal.value.code == "header.missing"


def test_the_header_may_stand_below_a_title(tmp_path: Path, ledger: SubmissionLedger) -> None:
    """The widest row of texts is the header where no name is known."""
    found = draft(tmp_path, "Abrechnung Oktober,,\n,,\nMandat,Leistungstext,Honorar netto\nA,Work,5\n", ledger)
    assert (found.header_row, [each.meant for each in found.proposals]) == (3, ["workspace", "notes", "amount"])
