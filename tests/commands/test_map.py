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


def talk(monkeypatch: pytest.MonkeyPatch, *answers: str) -> tuple[Result, list[str]]:
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
    result = run()
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
    done, _ = talk(monkeypatch, *answers[:10], "s", "yes")
    assert done.exit_code == ExitCode.DONE, done.output
    assert "There is no column “nonsense”." in done.stderr
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


def test_a_preset_is_offered_and_leads_to_its_option(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who takes it answers nothing else."""
    text = "User,Project,Description,Start date,Start time,Duration,Amount (EUR)\na,b,c,2026-10-01,8:00,1:00,5\n"
    (folder / "own.csv").write_text(text, encoding="utf-8")
    done, asked = talk(monkeypatch, "yes")
    assert (done.exit_code, len(asked)) == (ExitCode.DONE, 1)
    assert "Next: invoice-importer preview own.csv --preset toggl" in done.stderr


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
    assert "invoice-importer map FILE" in done.output
    (folder / "two.csv").write_text("Project ID,Net days,Kind of line,Fee net\n101,30,Flat fee,5\n", encoding="utf-8")
    done = CliRunner().invoke(app, ["preview", "two.csv", "--offline"])
    assert "Next: invoice-importer map two.csv asks what your headers mean; or correct the file." in done.output
