"""The command ``map``: what is asked at the terminal, what is printed without one, and where it leads."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from importer.cli import app
from importer.model.exit_codes import ExitCode

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

SHEET = """Mandat;Kunde;Art der Leistung;Leistungstext;Honorar netto;Zahlungsziel;Rechnungstag;Stand
101;ACME;Pauschalhonorar;Konzept;1.200,00;30;31.10.2026;ok
102;Beta;Beratung;Workshop;90,00;14;31.10.2026;ok
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a sheet in own words, and no settings."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IMPORTER_LEDGER", str(tmp_path / "ledger.sqlite"))
    (tmp_path / "own.csv").write_text(SHEET, encoding="utf-8")
    return tmp_path


def run(*words: str) -> Result:
    """The command, without a terminal."""
    return CliRunner().invoke(app, ["map", "own.csv", "--offline", *words])


def talk(monkeypatch: pytest.MonkeyPatch, *answers: str, options: tuple[str, ...] = ()) -> tuple[Result, list[str]]:
    """The command with a person who types these answers; the result, and the questions that were asked."""
    asked: list[str] = []
    left = list(answers)

    def type_it(question: str, *, default: str | None, **_how: object) -> str:
        asked.append(question)
        answer = left.pop(0)
        assert answer or default is not None, f"Enter is no answer to: {question}"
        return answer

    monkeypatch.setattr("importer.commands.asking.is_terminal", lambda: True)
    monkeypatch.setattr("typer.prompt", type_it)
    result = run(*options)
    assert left == []
    return result, asked


def test_a_person_answers_and_the_second_month_asks_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Enter accepts what is sure, yes what is not; what was answered is written and never asked again."""
    done, asked = talk(monkeypatch, "y", "y", "", "", "", "yes", "y", "Additional item", "yes")
    assert (done.exit_code, len(asked)) == (ExitCode.DONE, 9)
    assert "Next: invoice-importer preview own.csv" in done.stderr
    assert tomllib.loads((folder / "importer.toml").read_text(encoding="utf-8")) == {
        "ignore_columns": ["Kunde", "Stand"],
        "columns": {
            "workspace_id": ["Mandat"],
            "item_type": ["Art der Leistung"],
            "notes": ["Leistungstext"],
            "amount": ["Honorar netto"],
            "invoice_date": ["Rechnungstag"],
        },
        "values": {"item_type": {"Pauschalhonorar": "fixed_fee", "Beratung": "additional"}},
    }
    again = run()
    assert (again.exit_code, again.stdout) == (
        ExitCode.DONE,
        "Nothing to ask: every column and every word of this sheet is understood.\n",
    )


def test_another_column_nothing_and_left_open_can_be_chosen(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By title or name; ? lists them; a letter gives a meaning to a column that seemed to have none."""
    answers = ["?", "Project ID", "s", "-", "nonsense", "total", "", "H", "Project code", "no", "s", "30", "yes"]
    done, _ = talk(monkeypatch, *answers[:10], "s", "s", "yes")
    assert done.exit_code == ExitCode.DONE, done.output
    assert "There is no column “nonsense”; ? lists them." in done.stderr
    assert "Columns: Project ID, Project, " in done.stderr
    written = tomllib.loads((folder / "importer.toml").read_text(encoding="utf-8"))
    assert written == {
        "ignore_columns": ["Leistungstext"],
        "columns": {
            "workspace_id": ["Mandat"],
            "total": ["Honorar netto"],
            "invoice_date": ["Rechnungstag"],
            "project_code": ["Stand"],
        },
    }


def test_a_no_asks_for_the_name_and_any_header_of_a_column_is_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not with the list of all columns, which ? gives; “Projektnummer” is the Project ID as in a sheet."""
    done, _ = talk(monkeypatch, "no", "Projektnummer", "s", "-", "total", "", "no", "s", "s", "yes")
    assert "Then type the name of the column that is meant" in done.stderr
    assert "Columns: " not in done.stderr
    written = tomllib.loads((folder / "importer.toml").read_text(encoding="utf-8"))
    assert written["columns"]["workspace_id"] == ["Mandat"]


def test_nothing_is_written_without_a_yes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last question shows the lines; any other answer leaves the settings as they were."""
    done, _ = talk(monkeypatch, "y", "y", "", "", "", "yes", "y", "s", "no")
    assert done.exit_code == ExitCode.GATE
    assert "[columns]" in done.stderr
    assert not (folder / "importer.toml").exists()


def test_without_a_terminal_the_proposals_and_the_lines_are_printed(folder: Path) -> None:
    """Data on stdout; the command to type and the refusal on stderr; nothing is written."""
    done = run()
    assert done.exit_code == ExitCode.GATE
    assert "E  “Honorar netto”  1.200,00 · 90,00\n    → Amount: its header says so\n" in done.stdout
    assert "H  “Stand”  ok\n    → perhaps nothing for billing" in done.stdout
    assert "Item type: “Beratung” (1 cell) → not known" in done.stdout
    lines = done.stdout.partition("same sections:\n")[2]
    assert tomllib.loads(lines)["columns"]["amount"] == ["Honorar netto"]
    assert "run this in a terminal: invoice-importer map own.csv" in done.stderr
    assert not (folder / "importer.toml").exists()


def test_a_preset_is_offered_and_remembered_for_such_files(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who takes it answers nothing else but the last yes; other files are asked about as before."""
    text = "User,Project,Description,Start date,Start time,Duration,Amount (EUR)\na,b,c,2026-10-01,8:00,1:00,5\n"
    (folder / "own.csv").write_text(text, encoding="utf-8")
    done, asked = talk(monkeypatch, "yes", "yes")
    assert (done.exit_code, len(asked)) == (ExitCode.DONE, 2)
    assert "Next: invoice-importer preview own.csv\n" in done.stderr
    written = (folder / "importer.toml").read_text(encoding="utf-8")
    assert tomllib.loads(written) == {"presets": ["toggl"]}

    (folder / "importer.toml").write_text(f"payment_schedule = 30\n{written}", encoding="utf-8")
    again = run()
    assert (again.exit_code, again.stdout.splitlines()[0]) == (
        ExitCode.DONE,
        "Nothing to ask: every column and every word of this sheet is understood.",
    )
    (folder / "own.csv").write_text(SHEET, encoding="utf-8")
    monkeypatch.setattr("importer.commands.asking.is_terminal", lambda: False)
    assert "If all of this is right" in run().stdout


def test_hostile_headers_are_shown_as_text(folder: Path) -> None:
    """No escape, no markup, no endless line."""
    heads = ["Project ID", "\x1b[2Jwipe", "[red]fee", "\u202egnp.exe", "F" * 30_000, "=cmd|' /C calc'!A0"]
    (folder / "own.csv").write_text(f"{','.join(heads)}\n101,a,b,c,d,e\n", encoding="utf-8")
    done = run()
    assert done.exit_code == ExitCode.GATE
    assert "\x1b" not in done.output
    assert "\u202e" not in done.output
    assert "[red]fee" in done.stdout
    assert max(map(len, done.stdout.partition("If all")[0].splitlines())) < 200


def test_errors_about_headers_lead_to_map(folder: Path) -> None:
    """The preview names the command that asks."""
    done = CliRunner().invoke(app, ["preview", "own.csv", "--offline"])
    assert "“invoice-importer map own.csv” asks what your own headers mean" in done.stderr
    assert "Next: invoice-importer map own.csv asks what your headers mean; or correct the file." in done.stderr
    assert "FILE" not in done.output
    (folder / "two.csv").write_text("Project ID,Net days,Kind of line,Fee net\n101,30,Flat fee,5\n", encoding="utf-8")
    done = CliRunner().invoke(app, ["preview", "two.csv", "--offline"])
    assert "Next: invoice-importer map two.csv asks what your headers mean; or correct the file." in done.output


def test_a_file_without_a_header_leads_to_map_with_the_options_that_it_takes() -> None:
    """The sheet, the encoding, the profile, the sandbox; not those of a preview alone."""
    options = ["--sandbox", "--encoding", "utf-8", "--reports", "out", "--partial"]
    done = CliRunner().invoke(app, ["preview", "own.csv", *options])
    assert "Next: invoice-importer map own.csv --encoding utf-8 --sandbox asks what your headers mean" in done.stderr
    for silent in ("--json", "--quiet"):
        assert "Next:" not in CliRunner().invoke(app, ["preview", "own.csv", "--offline", silent]).stderr


def test_enter_and_a_question_mark_say_what_can_be_typed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At every question; none is repeated without a word."""
    (folder / "own.csv").write_text("Mandat;Honorar netto;Stand;Zusatz;Rechnungstag\n101;5;;;31.10.2026\n", "utf-8")
    answers = ["", "?", "y", "?", "", "", "", "?", "7", "C", "", "?", "so", "s", "D", "Project code", "yes"]
    done, _ = talk(monkeypatch, *answers, "", "?", "s", "", "?", "30", "yes")
    assert done.exit_code == ExitCode.DONE, done.output
    said = " ".join(done.stderr.split())
    assert said.count("Type y when that is right, else the name of a column, - for nothing, or s") == 3
    assert said.count("Type yes to pass over them, no, or a letter: C, D.") == 3
    assert said.count("Type the name of a column, or s to leave it open. Columns: Project ID") == 2
    assert said.count("Type one, or s to leave it open.") == 4
    assert "1 column probably means nothing for billing:" in done.stderr
    assert tomllib.loads((folder / "importer.toml").read_text(encoding="utf-8"))["ignore_columns"] == ["Stand"]


def test_texts_are_asked_about_by_themselves(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a Description, “Was” is not passed over with the columns that mean nothing."""
    rows = "101;Fixed fee;Beratung Oktober;5;30\n102;Fixed fee;Pflege;7;30\n"
    (folder / "own.csv").write_text(f"Projekt-ID;Typ;Was;Betrag;Zahlungsziel\n{rows}", "utf-8")
    done, asked = talk(monkeypatch, "y", "yes")
    assert (done.exit_code, len(asked)) == (ExitCode.DONE, 2)
    assert "→ perhaps Description: its cells are texts" in done.stderr
    assert "nothing for billing:" not in done.stderr
    assert tomllib.loads((folder / "importer.toml").read_text(encoding="utf-8")) == {"columns": {"notes": ["Was"]}}


def test_days_below_a_due_date_are_asked_about(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the preview calls wrong is offered; afterwards the preview has nothing to say of it."""
    text = "ID projet;Type;Libellé;Montant;Échéance\n101;Fixed fee;Conseil;5;30 jours\n"
    (folder / "own.csv").write_text(text, "utf-8")
    before = CliRunner().invoke(app, ["preview", "own.csv", "--offline"])
    assert "Next: invoice-importer map own.csv asks" in before.output
    done, _ = talk(monkeypatch, "", "yes")
    assert done.exit_code == ExitCode.DONE, done.output
    after = CliRunner().invoke(app, ["preview", "own.csv", "--offline"])
    assert after.exit_code == ExitCode.DONE, after.output


@pytest.mark.parametrize("content", [None, "[profile.de]\npayment_schedule = 14\n"])
def test_a_profile_that_is_missing_is_made(folder: Path, monkeypatch: pytest.MonkeyPatch, content: str | None) -> None:
    """Its section is written with the answers; without a yes there is none."""
    if content is not None:
        (folder / "importer.toml").write_text(content, encoding="utf-8")
    options = ("--profile", "fr")
    answers = ("y", "y", "", "", "", "yes", "y", "s")
    stopped, _ = talk(monkeypatch, *answers, "no", options=options)
    assert stopped.exit_code == ExitCode.GATE
    assert "section [profile.fr], which is new" in stopped.stderr
    done, _ = talk(monkeypatch, *answers, "yes", options=options)
    assert done.exit_code == ExitCode.DONE, done.output
    assert "Next: invoice-importer preview own.csv --profile fr" in done.stderr
    profiles = tomllib.loads((folder / "importer.toml").read_text(encoding="utf-8"))["profile"]
    assert profiles["fr"]["columns"]["amount"] == ["Honorar netto"]
    assert profiles.keys() == ({"fr"} if content is None else {"de", "fr"})
