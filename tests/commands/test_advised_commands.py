"""Every command that the program advises carries the options of the account, whichever command says it."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from importer.model.advice import ACCOUNT, TAKEN

if TYPE_CHECKING:
    from programs import Cli

ADVISED = re.compile(r"invoice-importer ([a-z]+)([^\n“”]*?)(?=invoice-importer|[\n“”]|$)")


def bare(text: str) -> list[str]:
    """Return the advised commands of a text that lack the option."""
    found = []
    for name, rest in ADVISED.findall(text):
        if "--sandbox" in TAKEN.get(name, ()) and ACCOUNT[0] not in rest and name not in ("template", "start"):
            found.append(f"{name}{rest}")
    return found


@pytest.mark.parametrize(
    "words",
    [
        ("history",),
        ("history", "last"),
        ("history", "20991231"),
        ("history", "--month", "2026-10"),
        ("undo", "last"),
        ("undo", "20991231-235959-abcd"),
        ("undo", "last", "--yes"),
        ("reconcile", "--billed", "inv-x=1"),
        ("reconcile",),
        ("confirm",),
        ("confirm", "20991231"),
        ("doctor",),
        ("probe",),
        ("map", "own.csv"),
        ("preview", "own.csv"),
        ("preview", "cents.csv"),
        ("preview", "no_header.csv"),
        ("approve", "changed.csv"),
        ("preview", "changed.csv"),
        ("submit", "own.csv", "--yes"),
        ("submit", "changed.csv"),
    ],
)
def test_what_is_advised_of_the_sandbox_is_advised_for_the_sandbox(cli: Cli, words: tuple[str, ...]) -> None:
    """Without the option the advised command would speak of another account."""
    cli.sheet({"amount": 100, "invoice_key": "a"}, {"amount": 100, "invoice_key": "b"}, name="own.csv")
    own = cli.folder / "own.csv"
    own.write_text(own.read_text().replace("workspace_id", "Projektnr.").replace("invoice_key", "Kunde Nr Bla"))
    cli.sheet({"amount": "100.50"}, name="cents.csv")
    (cli.folder / "no_header.csv").write_text("Was,Wieviel,Wann\nArbeit,3,gestern\n")
    if words[0] in ("history", "undo") or "changed.csv" in words:
        cli.run("submit", cli.fees(2), "--yes", "--sandbox", "--no-completeness")
        cli.sheet({"invoice_key": "k1", "workspace_id": 102, "amount": 999}, name="changed.csv")

    done = cli.run(*words, "--sandbox", COLUMNS="900")
    assert bare(f"{done.stdout}\n{done.stderr}") == []


def test_what_the_ledger_keeps_of_a_plan_is_advised_for_the_account_too(cli: Cli) -> None:
    """A reconcile writes the results of an earlier run again from what the ledger has."""
    cli.sheet({"amount": 100, "Kunde Nr Bla": "x"}, name="own.csv")
    assert cli.run("submit", "own.csv", "--yes", "--sandbox", "--no-completeness").exit_code == 0
    with closing(sqlite3.connect(cli.ledger)) as connection:
        [(plan,)] = connection.execute("SELECT plan FROM run_plans").fetchall()
    text = "\n".join(problem["hint"] for problem in json.loads(plan)["problems"])
    assert "invoice-importer map own.csv --sandbox" in text
    assert bare(text) == []


def test_the_next_command_of_a_known_export_names_its_ready_mapping(cli: Cli) -> None:
    """The file is as that program writes it, so no header is to be renamed or asked about."""
    head = "User,Email,Client,Project,Task,Description,Billable,Start date,Start time,End date,End time,Duration,Tags"
    row = "Anna,a@x.test,Müller,Web,,Home,Yes,2026-10-06,10:23:00,2026-10-06,10:41:25,00:18:25,,24"
    (cli.folder / "toggl.csv").write_text(f"{head},Amount (EUR)\n{row}\n")
    done = cli.run("preview", "toggl.csv", "--offline")
    assert "Next: invoice-importer preview toggl.csv --preset toggl\n" in done.stdout


def test_the_rows_to_fix_are_advised_as_long_as_there_are_any(cli: Cli) -> None:
    """The file itself, submitted a second time, would say the same again."""
    sheet = cli.sheet({"amount": 100, "invoice_key": "a"}, {"amount": "zero", "invoice_key": "b"})
    for _ in range(2):
        done = cli.run("submit", sheet, "--partial", "--yes", "--sandbox")
        assert "-to-fix.xlsx and submit it." in done.stdout.splitlines()[-1]


def test_a_reason_in_one_line_has_whole_sentences(cli: Cli) -> None:
    """The lines of importer.toml have no room in it, nor has the sentence that leads to them."""
    sheet = cli.sheet({"amount": 100, "item_type": "Fixd fee"})
    said = cli.run("submit", sheet, "--quiet", "--yes", "--sandbox").stderr
    assert "Billing milestone. Correct it in " in said
    assert ": Correct" not in said
