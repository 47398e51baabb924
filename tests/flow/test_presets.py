"""Exports of other programs, read by a preset: what is billed of them, and what is refused."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from sheets import csv_file

from importer.flow import preview as flow_preview
from importer.flow import submit as flow_submit
from importer.flow.prepared import Tools, Wish
from importer.ledger.opening import open_ledger
from importer.model.errors import FileProblem
from importer.model.exit_codes import ExitCode
from importer.model.invoices import Invoice
from importer.model.problems import Severity
from importer.sending.throttle import Stop
from importer.settings.loading import load
from importer.values.presets import PRESETS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from importer.kantata.client import KantataApi
    from importer.reporting.report import Report
    from importer.sandbox.running import Sandbox

WEB, BRAND = "Website-Relaunch Bäckerei Müller", "Markenauftritt Großküchen Schöller"

CLOCKIFY = f"""\
"Project","Client","Description","Task","User","Group","Email","Tags","Billable","Start Date","Start Time","End Date",\
"End Time","Duration (h)","Duration (decimal)","Billable Rate (EUR)","Billable Amount (EUR)"
"{WEB}","Müller","Home page, ''first''","Design","Anna Beck","","a@x.test","Dev, Backend","Yes","03/04/2024",\
"10:00:00 AM","03/04/2024","11:25:00 AM","01:25:00","1.42","38.40","54.40"
"{WEB}","Müller","C:\\new\\","","Anna Beck","Berlin","a@x.test","","Yes","04/04/2024","10:00:00 AM","04/04/2024",\
"11:00:00 AM","01:00:00","1.00","80.00","80.00"
"{BRAND}","Schöller","","Workshop","Ben Abel","Ulm","b@x.test","","Yes","04/04/2024","10:00:00 AM","04/04/2024",\
"11:00:00 AM","01:00:00","1.00","100.00","100.00"
"{BRAND}","Schöller","Internal","Workshop","Ben Abel","","b@x.test","","No","05/04/2024","10:00:00 AM","05/04/2024",\
"11:00:00 AM","01:00:00","1.00","0.00","0.00"
"""
CLOCKIFY_PRO = f"""\
Project,Client,Description,Activity,User,Group,Email,Tags,Type,Billable,Invoiced,Invoice ID,Start Date,Start Time,\
End Date,End Time,Duration (h),Duration (decimal),Billable Rate (EUR),Billable Amount (EUR),Date of creation
{WEB},Müller,Home,Design,Anna,,a@x.test,,Regular,Yes,No,,03/04/2024,10:00,03/04/2024,11:00,1:00,1.00,80,80.00,03/04/2024
"""
CLOCKIFY_DE = f"""\
Projekt,Kunde,Beschreibung,Aufgabe,Kiosk,Benutzer,Gruppe,Email,Tags,Abrechenbar,Startdatum,Startzeit,Enddatum,Endzeit,\
Dauer (h),Dauer (dezimal),Abrechenbarer Tarif (EUR),Rechnungsbetrag (EUR)
{WEB},Müller,Startseite,Entwurf,,Anna,,a@x.test,,Ja,30.04.2026,10:00,30.04.2026,11:00,1:00,1.00,80.00,80.00
"""
CLOCKIFY_PT = f"""\
Projeto,Cliente,Descrição,Tarefa,Usuário,Grupo,Email,Etiquetas,Faturável,Data de início,Hora de início,\
Data de término,Hora de término,Duração (h),Duração (decimal),Taxa Faturável (EUR),Valor Faturável (EUR)
{WEB},Müller,Capa,Design,Anna,,a@x.test,,Sim,30/04/2026,10:00,30/04/2026,11:00,1:00,1.00,80.00,80.00
{WEB},Müller,Interno,Design,Anna,,a@x.test,,Não,30/04/2026,10:00,30/04/2026,11:00,1:00,1.00,0,0
"""
CLOCKIFY_SUMMARY = f"""\
Project,Client,Description,Time (h),Time (decimal),Amount (EUR)
{WEB},(Without client),Home,1:00,1.00,80.00
"""
TOGGL = f"""\
\ufeffUser,Email,Client,Project,Task,Description,Billable,Start date,Start time,End date,End time,Duration,Tags,\
Amount (EUR)
Anna,a@x.test,Müller,{WEB},Design,"The ""new"" page",Yes,2026-10-05,10:23:00,2026-10-05,11:23:01,01:00:01,\
"Dev, Backend",80.02
Anna,a@x.test,Müller,{WEB},,Home,Yes,2026-10-06,10:23:00,2026-10-06,10:41:25,18:25 min,,24.50
Anna,a@x.test,,,,Lunch,No,2026-10-06,12:00:00,2026-10-06,13:00:00,01:00:00,,
"""
HARVEST = f"""\
Date,Client,Project,Project Code,Task,Notes,Hours,Hours Rounded,Billable?,Invoiced?,Approved?,First Name,Last Name,\
Roles,Employee?,Billable Rate,Billable Amount,Cost Rate,Cost Amount,Currency,External Reference URL
2026-10-05,Müller,{WEB},WEB-7,Design,Home,"1,24","1,25",Yes,No,No,Anna,Beck,,Yes,"100,0","125,0","60,0","75,0",\
Euro - EUR,
2026-10-06,Müller,{WEB},WEB-8,Design,,"20,0","20,0",Yes,No,No,Ben,Abel,,Yes,"100,0","2.000,0","60,0","1.200,0",\
Euro - EUR,
"""
HARVEST_EXPENSES = f"""\
Date,Client,Project,Category,Notes,Amount,Units,Billable,Reimbursable,Invoiced?,First name,Last name
2026-10-05,Müller,{WEB},Travel,Train to Ulm,49.90,1,Yes,No,No,Anna,Beck
"""


@pytest.fixture
def read_with(tmp_path: Path, sandbox: Sandbox, connect: Callable[..., KantataApi]) -> Iterator[Callable[..., Tools]]:
    """Return a maker of tools with a preset, and what the settings file says besides."""
    ledger = open_ledger(tmp_path / "ledger.sqlite", "account")

    def make(preset: str | None, more: str = "") -> Tools:
        config = tmp_path / "own.toml"
        config.write_text(f'payment_schedule = 30\nfractional_amounts = "send"\n{more}', encoding="utf-8")
        settings = load(config=config, preset=preset, reports=tmp_path / "reports", pace_per_second=1000)
        return Tools(settings, "account", ledger, connect(sandbox.base_url))

    yield make
    ledger.close()


@pytest.fixture
def preview(tmp_path: Path, read_with: Callable[..., Tools]) -> Callable[..., Report]:
    """Return the preview of a text as CSV."""

    def show(text: str, preset: str | None, more: str = "") -> Report:
        return flow_preview.preview(Wish(csv_file(tmp_path / "export.csv", text)), read_with(preset, more))

    return show


def billed(report: Report) -> list[tuple[int, str | None, Decimal | None]]:
    """Project, text and amount of each line of the invoices that are ready."""
    lines = []
    for planned in report.planned:
        if isinstance(planned.invoice, Invoice):
            lines += [(line.workspace_id, line.notes, line.amount) for line in planned.invoice.lines]
    return lines


def errors(report: Report) -> list[tuple[str, str | None]]:
    """Code and cell of each error."""
    return [(found.code, found.cell) for found in report.problems if found.severity is Severity.ERROR]


def warned(report: Report) -> set[str]:
    """Codes of the warnings."""
    return {found.code for found in report.problems if found.severity is Severity.WARNING}


# --- each layout ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("preset", "text", "lines"),
    [
        (
            "clockify",
            CLOCKIFY,
            [
                (101, "03/04/2024 · Anna Beck · Design · Home page, ''first''", Decimal("54.40")),
                (101, "04/04/2024 · Anna Beck · C:\\new\\", Decimal(80)),
                (102, "04/04/2024 · Ben Abel · Workshop", Decimal(100)),
            ],
        ),
        ("clockify", CLOCKIFY_PRO, [(101, "03/04/2024 · Anna · Design · Home", Decimal(80))]),
        ("clockify", CLOCKIFY_DE, [(101, "30.04.2026 · Anna · Entwurf · Startseite", Decimal(80))]),
        ("clockify", CLOCKIFY_PT, [(101, "30/04/2026 · Anna · Design · Capa", Decimal(80))]),
        ("clockify", CLOCKIFY_SUMMARY, [(101, "Home", Decimal(80))]),
        (
            "toggl",
            TOGGL,
            [
                (101, '2026-10-05 · Anna · Design · The "new" page', Decimal("80.02")),
                (101, "2026-10-06 · Anna · Home", Decimal("24.50")),
            ],
        ),
        (
            "harvest",
            HARVEST,
            [
                (101, "2026-10-05 · Anna Beck · Design · Home", Decimal(125)),
                (101, "2026-10-06 · Ben Abel · Design", Decimal(2000)),
            ],
        ),
        ("harvest", HARVEST_EXPENSES, [(101, "2026-10-05 · Anna Beck · Travel · Train to Ulm", Decimal("49.90"))]),
    ],
)
def test_each_layout_is_billed_as_additional_items(
    preview: Callable[..., Report], preset: str, text: str, lines: list[tuple[int, str, Decimal]]
) -> None:
    """Text and amount per row, the project by its title; users, clients, groups and codes change no invoice."""
    report = preview(text, preset)
    assert errors(report) == []
    assert billed(report) == lines
    for planned in report.planned:
        assert planned.payload is not None
        assert planned.payload["invoice"].keys().isdisjoint({"project_code", "invoice_date", "workspace_ids"})


@pytest.mark.parametrize(
    ("preset", "text"),
    [
        ("clockify", CLOCKIFY),
        ("clockify", CLOCKIFY_PRO),
        ("clockify", CLOCKIFY_DE),
        ("clockify", CLOCKIFY_PT),
        ("clockify", CLOCKIFY_SUMMARY),
        ("toggl", TOGGL),
        ("harvest", HARVEST),
        ("harvest", HARVEST_EXPENSES),
    ],
)
def test_a_preset_is_offered_and_never_applied_by_itself(
    tmp_path: Path, read_with: Callable[..., Tools], preset: str, text: str
) -> None:
    """The layout is recognised, the options are named, and nothing would be sent."""
    path = csv_file(tmp_path / "export.csv", text)
    try:
        report = flow_preview.preview(Wish(path), read_with(None))
    except FileProblem as refusal:  # where no header is known at all
        found = [(refusal.code, refusal.hint)]
    else:
        found = [(problem.code, problem.hint) for problem in report.problems if problem.severity is Severity.ERROR]
        assert billed(report) == []
    [hint] = [hint for code, hint in found if code == "preset.offered"]
    assert f"--preset {preset}" in hint


def test_an_export_is_submitted_once(tmp_path: Path, read_with: Callable[..., Tools], sandbox: Sandbox) -> None:
    """The same export, exported once more with rows in another order, bills nothing again."""
    tools = read_with("clockify")
    api = tools.api
    assert api is not None
    hooks = flow_submit.Hooks(lambda: api, lambda _plan: None, Stop(), lambda _planned: None)

    first = flow_submit.submit(Wish(csv_file(tmp_path / "export.csv", CLOCKIFY)), tools, hooks)
    assert (first.exit_code, len(sandbox.received("POST"))) == (ExitCode.DONE, 2)

    header, *rows = CLOCKIFY.splitlines(keepends=True)
    again = flow_submit.submit(Wish(csv_file(tmp_path / "again.csv", header + "".join(reversed(rows)))), tools, hooks)
    assert len(sandbox.received("POST")) == 2
    assert again.exit_code is not ExitCode.FILE_PROBLEMS


# --- traps --------------------------------------------------------------------------------


def test_two_identical_rows_are_both_billed(preview: Callable[..., Report]) -> None:
    """The same person may do the same task twice a day: a warning, no error."""
    row = CLOCKIFY.splitlines()[-2]
    report = preview(f"{CLOCKIFY}{row}\n", "clockify")
    assert [amount for project, _, amount in billed(report) if project == 102] == [Decimal(100), Decimal(100)]
    assert "row.repeated" in warned(report)


@pytest.mark.parametrize(
    ("preset", "text", "cell"),
    [
        ("clockify", CLOCKIFY_PRO.replace("Yes,No", "Yes,Yes"), "K2"),
        ("clockify", CLOCKIFY_PRO.replace("Yes,No,", "Yes,No,INV-7"), "L2"),
        ("harvest", HARVEST.replace("Yes,No,No,Anna", "Yes,Yes,No,Anna"), "J2"),
    ],
)
def test_what_is_invoiced_already_is_an_error(
    preview: Callable[..., Report], preset: str, text: str, cell: str
) -> None:
    """A row that says so, or names its invoice, is never billed again."""
    assert errors(preview(text, preset)) == [("column.contradicts", cell)]


def test_an_unknown_word_in_a_flag_is_an_error(preview: Callable[..., Report]) -> None:
    """It is never taken for no, nor the row left out."""
    text = TOGGL.replace("Lunch,No", "Lunch,vielleicht")
    assert ("column.contradicts", "G4") in errors(preview(text, "toggl"))


def test_a_flag_in_another_language_is_understood(preview: Callable[..., Report]) -> None:
    """Toggl translates the words of a flag below headers in English."""
    report = preview(TOGGL.replace("Lunch,No", "Lunch,いいえ"), "toggl")
    assert (errors(report), "row.not_billable" in warned(report)) == ([], True)


def test_a_row_that_is_not_billable_but_has_an_amount_is_an_error(preview: Callable[..., Report]) -> None:
    """One of the two is wrong, and only a person knows which."""
    text = CLOCKIFY.replace('"No","05/04/2024"', '"No","05/04/2024"').replace('"0.00","0.00"', '"0.00","90.00"')
    assert ("column.contradicts", "I5") in errors(preview(text, "clockify"))


def test_a_billable_row_without_a_rate_is_an_error(preview: Callable[..., Report]) -> None:
    """Who forgot the rate would leave the work unbilled."""
    text = HARVEST.replace('"100,0","125,0"', '"0,0","0,0"')
    assert [code for code, _ in errors(preview(text, "harvest"))] == ["amount.zero"]


def test_totals_at_the_end_are_named_and_left_out(preview: Callable[..., Report]) -> None:
    """A total is checked; remarks below it are named; none of them is billed."""
    total = f'"Total"{"," * 14},,"234.40"\n\n"Confidential Information - Do Not Distribute"{"," * 16}\n'
    report = preview(CLOCKIFY + total, "clockify")
    assert errors(report) == []
    assert {"row.total", "row.note"} <= warned(report)
    assert len(billed(report)) == 3


def test_a_total_that_is_wrong_is_an_error(preview: Callable[..., Report]) -> None:
    """A row was lost, or the export was changed."""
    assert errors(preview(f'{CLOCKIFY}"Total"{"," * 14},,"999.00"\n', "clockify")) == [("row.total_differs", "Q6")]


def test_an_export_without_amounts_says_so(preview: Callable[..., Report]) -> None:
    """Plain members see no money; hours are never billed as amounts."""
    text = "\n".join(",".join(line.split(",")[:-1]) for line in TOGGL.splitlines()[:2])
    assert [code for code, _ in errors(preview(text, "toggl"))] == ["column.missing"]


def test_an_amount_without_currency_is_read(preview: Callable[..., Report]) -> None:
    """A workspace without currency is headed “Amount ()”."""
    report = preview(TOGGL.replace("Amount (EUR)", "Amount ()"), "toggl")
    assert (errors(report), len(billed(report))) == ([], 2)


def test_another_currency_than_the_projects_is_an_error(preview: Callable[..., Report]) -> None:
    """The header or the column says dollars, the project is in euros."""
    in_dollars = preview(CLOCKIFY.replace("(EUR)", "(USD)"), "clockify")
    assert {code for code, _ in errors(in_dollars)} == {"amount.currency"}
    in_dollars = preview(HARVEST.replace("Euro - EUR", "United States Dollar - USD"), "harvest")
    assert {code for code, _ in errors(in_dollars)} == {"amount.currency"}


def test_rubbish_in_a_part_of_the_text_is_an_error_that_names_its_cell(preview: Callable[..., Report]) -> None:
    """No client reads #N/A, wherever it stood."""
    report = preview(CLOCKIFY_PRO.replace("Design", "#N/A"), "clockify")
    [found] = [found for found in report.problems if found.severity is Severity.ERROR]
    assert (found.code, "in D2" in found.message) == ("notes.error_value", True)


@pytest.mark.parametrize(
    "header",
    [
        "Project,Status,Visibility,Billability,Tasks,Tracked (h),Billable (h),Amount (USD),Project members,Note",
        "Delivery Element,Engagement Task,Timesheet Name,Created Date,TimeEntry Id,Entry Units,Notes",
    ],
)
@pytest.mark.parametrize("preset", [None, "clockify"])
def test_lists_of_another_kind_are_refused(preview: Callable[..., Report], header: str, preset: str | None) -> None:
    """A list of projects holds sums; ids of Kantata SX are no ids of Kantata OX."""
    cells = ["1"] * (header.count(",") + 1)
    found = errors(preview(f"{header}\n{','.join(cells)}\n", preset))
    assert "sheet.other_layout" in [code for code, _ in found]


def test_a_sheet_of_another_layout_is_refused_under_a_preset(preview: Callable[..., Report]) -> None:
    """Constants of a preset never make items of rows that are none."""
    text = f"Project,Description,Amount\n{WEB},Home,80\n"
    report = preview(text, "clockify")
    assert ([code for code, _ in errors(report)], billed(report)) == (["preset.other_sheet"], [])
    assert errors(preview(TOGGL, "clockify"))[0][0] == "preset.other_sheet"


# --- as lines of the settings ---------------------------------------------------------------


@pytest.mark.parametrize(("preset", "text"), [("clockify", CLOCKIFY), ("toggl", TOGGL), ("harvest", HARVEST)])
def test_a_preset_is_nothing_but_lines_of_settings(preview: Callable[..., Report], preset: str, text: str) -> None:
    """Copied into importer.toml, the lines that are shown do the same."""
    assert billed(preview(text, None, PRESETS[preset].lines)) == billed(preview(text, preset))


def test_a_remembered_preset_counts_for_files_of_its_layout_only(preview: Callable[..., Report]) -> None:
    """The second month asks nothing; the preview says so, and another sheet is read as it was before."""
    remembered = 'presets = ["toggl", "harvest"]\n'
    report = preview(TOGGL, None, remembered)
    assert billed(report) == billed(preview(TOGGL, "toggl")) != []
    assert any("because presets of the settings names toggl" in notice for notice in report.notices)

    own = "Project ID,Item type,Description,Amount\n101,Fixed fee,Retainer,100\n"
    report = preview(own, None, remembered)
    assert billed(report) == [(101, "Retainer", Decimal(100))]
    assert not any("presets" in notice for notice in report.notices)
    assert errors(preview(CLOCKIFY, None, remembered))[0][0] == "preset.offered"


def test_own_lines_come_before_those_of_a_preset(preview: Callable[..., Report]) -> None:
    """The text, an ignored column and a column with another meaning are the user's."""
    more = 'line_text = ["Task"]\nignore_columns = ["Billable"]\n[columns]\npurchase_order = ["Client"]\n'
    report = preview(CLOCKIFY_PRO.replace("Activity", "Task"), "clockify", more)
    [planned] = report.planned
    assert planned.payload is not None
    assert planned.payload["invoice"]["purchase_order"] == "Müller"
    assert billed(report) == [(101, "Design", Decimal(80))]
