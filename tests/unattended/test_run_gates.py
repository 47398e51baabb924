"""``run``: no gate is one that cannot see what it guards, and no file is put away that is still to be billed."""

from __future__ import annotations

import os
import re
import shutil
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import xlsxwriter
from inboxes import STRICT, MailServer, filled, lying, text_of
from sheets import column, workbook
from tampering import between
from test_run import AUTO, message, outcomes, posts

from importer.sandbox.faults import Fault, FaultKind

if TYPE_CHECKING:
    from programs import Cli

    from importer.sandbox.running import Sandbox

HEADERS = ("Project ID", "Item type", "Item ID", "Amount", "Net days", "Invoice date")
MIXED_ROWS: list[tuple[object, ...]] = [
    HEADERS,
    (101, "Fixed fee", None, 100, 30, "2026-10-31"),
    (101, "Additional item", None, 20, 30, "2026-10-31"),
]


@pytest.fixture
def inbox(cli: Cli) -> Path:
    """Return the inbox, in the working directory of the program."""
    folder = cli.folder / "inbox"
    folder.mkdir()
    return folder


def hours(path: Path, fee: int | None = None, **cover: object) -> Path:
    """Write a workbook of one invoice with a time entry, and perhaps a fixed fee, and its cover."""
    rows: list[tuple[object, ...]] = [(101, "Time entry", 5101001, None, 30, "2026-10-31")]
    rows += [] if fee is None else [(101, "Fixed fee", None, fee, 30, "2026-10-31")]
    stated = [(name.replace("_", " "), value) for name, value in cover.items()]
    return workbook(path, {"Invoices": [HEADERS, *rows], "Cover": stated})


def test_a_refusal_names_the_cell_of_the_cover(cli: Cli, sandbox: Sandbox) -> None:
    """Who has to correct what the Cover expects is told where it stands, not of a flag that nobody used."""
    book = hours(cli.folder / "book.xlsx", 5, Expected_invoices=1, Expected_total=6)
    refused = cli.at(sandbox).run("submit", book, "--yes", "--json")
    assert (refused.exit_code, posts(sandbox)) == (9, 0)
    assert "correct “Expected total” at Cover!B2." in refused.document["notices"][-1]
    assert "--expect" not in refused.document["notices"][-1]
    [advice] = column(refused.document["files"]["to_fix"], "Invoices", "what_to_do")[:1]
    assert advice.endswith("submit book.xlsx itself: the cells named are in it.")  # in this one B1 is the batch


def test_what_a_total_refused_is_refused_in_the_to_fix_workbook_too(cli: Cli, sandbox: Sandbox) -> None:
    """Its Cover states the totals of the file: nothing of it was sent, so they still guard its rows."""
    book = hours(cli.folder / "book.xlsx", 5, Expected_total=6)
    refused = cli.at(sandbox).run("submit", book, "--yes", "--json")
    again = cli.at(sandbox).run("submit", refused.document["files"]["to_fix"], "--yes", "--json")
    assert (refused.exit_code, again.exit_code, posts(sandbox)) == (9, 9, 0)


UNTOLD = (
    "import importer.flow.named_records as c\nfrom dataclasses import replace\nof = c.expected_of\n"
    "c.expected_of = lambda invoice, account: replace(of(invoice, account), total=None)\n"
)
"""A Kantata that does not tell what time, expenses and milestones are worth."""


@pytest.mark.parametrize("fee", [None, 100])
def test_a_total_does_not_guard_what_kantata_prices(cli: Cli, sandbox: Sandbox, inbox: Path, fee: int | None) -> None:
    """Time is in no total of the sheet, alone or beside a fixed fee; the number of invoices counts it."""
    hours(inbox / "time.xlsx", fee, Expected_total=fee or 0)
    done = cli.at(sandbox).run("run", "--json", **AUTO)
    assert (done.exit_code, lying(inbox), posts(sandbox)) == (9, ["time.xlsx"], 0)
    assert "the invoice of project 101 (row" in message(done, "time.xlsx")
    assert "“Expected invoices”" in message(done, "time.xlsx")
    hours(inbox / "time.xlsx", fee, Expected_total=fee or 0, Expected_invoices=1)
    assert cli.at(sandbox).run("run", **AUTO).exit_code == 0
    assert (lying(inbox), posts(sandbox)) == ([], 1)


@pytest.mark.parametrize("fee", [None, 100])
@pytest.mark.parametrize("limit", ["LARGEST_INVOICE", "LARGEST_TOTAL"])
def test_a_limit_holds_for_what_kantata_prices(
    cli: Cli, sandbox: Sandbox, inbox: Path, limit: str, fee: int | None
) -> None:
    """The whole value is compared, to the cent: a cent less is refused with that figure, the very value is sent."""
    here, sheet = cli.at(sandbox), hours(cli.folder / "time.xlsx", fee)
    worth = Decimal(here.run("preview", sheet, "--json").document["invoices"][0]["expected_total"])
    assert worth > (fee or 0)
    shutil.copy(sheet, inbox / "time.xlsx")
    done = here.run("run", "--json", **{f"IMPORTER_{limit}": str(worth - Decimal("0.01"))}, **AUTO)
    assert (done.exit_code, outcomes(done), posts(sandbox)) == (9, {"time.xlsx": "failed"}, 0)
    assert f"has {worth:,.2f} with the time" in message(done, "time.xlsx")
    shutil.copy(sheet, inbox / "time.xlsx")
    assert here.run("run", **{f"IMPORTER_{limit}": str(worth)}, **AUTO).exit_code == 0
    assert posts(sandbox) == 1


def test_a_limit_does_not_guard_a_value_that_is_not_known(cli: Cli, sandbox: Sandbox, inbox: Path) -> None:
    """Kantata does not tell it: run says so and sends nothing, however high the limit; a person still may."""
    sheet, limits = hours(inbox / "mixed.xlsx", 100), {"IMPORTER_LARGEST_INVOICE": "9999", **AUTO}
    done = cli.at(sandbox).start("run", "--json", before=UNTOLD, **limits).wait()
    assert (done.exit_code, outcomes(done), posts(sandbox)) == (9, {"mixed.xlsx": "left"}, 0)
    assert "value Kantata did not tell" in message(done, "mixed.xlsx")
    assert cli.at(sandbox).start("submit", sheet, "--yes", before=UNTOLD, **limits).wait().exit_code == 0


def test_kantata_away_is_not_told_as_a_missing_gate(cli: Cli, inbox: Path) -> None:
    """What it prices is not known while it is away: exit 6, and the file waits for the next run."""
    hours(inbox / "mixed.xlsx", 100)
    done = cli.run("run", "--json", IMPORTER_LARGEST_TOTAL="9999", KANTATA_TOKEN="x", **AUTO)  # noqa: S106 - no secret
    assert (done.exit_code, outcomes(done)) == (6, {"mixed.xlsx": "left"})


@pytest.mark.parametrize("ending", ["xlsx", "ods"])
def test_a_formula_on_the_cover_guards_nothing(cli: Cli, sandbox: Sandbox, inbox: Path, ending: str) -> None:
    """It adds up the very rows, so it always agrees: a warning for a person, no gate for run."""
    sheet = calculated(inbox / f"a.{ending}")
    done = cli.at(sandbox).run("run", "--json", **AUTO)
    assert (done.exit_code, outcomes(done), posts(sandbox)) == (9, {sheet.name: "left"}, 0)
    assert "is a formula" in message(done, sheet.name)
    seen = cli.at(sandbox).run("preview", sheet, "--json")
    [warning] = [one for one in seen.document["problems"] if one["code"] == "cover.formula"]
    assert (warning["severity"], warning["sheet"], warning["cell"]) == ("warning", "Cover", "B1")
    assert cli.at(sandbox).run("run", IMPORTER_LARGEST_TOTAL="500", **AUTO).exit_code == 0
    assert posts(sandbox) == 1


def test_a_date_that_changes_by_itself_waits_for_a_person(cli: Cli, sandbox: Sandbox, inbox: Path) -> None:
    """The file holds the day of its last save, which nobody has seen as the date of an invoice."""
    with xlsxwriter.Workbook(inbox / "a.xlsx") as book:
        sheet = book.add_worksheet("Invoices")
        for number, cells in enumerate(MIXED_ROWS):
            sheet.write_row(number, 0, cells)
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        for number in range(1, len(MIXED_ROWS)):
            sheet.write_formula(number, len(HEADERS) - 1, "=TODAY()", day, 46326)
    gate = {"IMPORTER_LARGEST_TOTAL": "500"}
    done = cli.at(sandbox).run("run", "--json", **gate, **AUTO)
    assert (done.exit_code, outcomes(done), posts(sandbox)) == (9, {"a.xlsx": "left"}, 0)
    assert "changes by itself" in message(done, "a.xlsx")
    assert cli.at(sandbox).run("approve", inbox / "a.xlsx", "--yes", **gate, **AUTO).exit_code == 0
    assert cli.at(sandbox).run("run", **gate, **AUTO).exit_code == 0
    assert posts(sandbox) == 1


def calculated(path: Path) -> Path:
    """Write a workbook whose cover sums its rows with a formula, calculated as the spreadsheet program leaves it."""
    formula, value = "SUM(Invoices!D2:D3)", 120
    if path.suffix == ".ods":
        return open_document(path, f"of:={formula}", value)
    with xlsxwriter.Workbook(path) as book:
        sheet, cover = book.add_worksheet("Invoices"), book.add_worksheet("Cover")
        for number, cells in enumerate(MIXED_ROWS):
            sheet.write_row(number, 0, cells)
        cover.write("A1", "Expected total")
        cover.write_formula("B1", f"={formula}", None, value)
    return path


def open_document(path: Path, formula: str, value: int) -> Path:
    """Write the same as OpenDocument."""
    spaces = " ".join(
        f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for prefix, name in (("office", "office"), ("table", "table"), ("text", "text"))
    )
    tables = {"Invoices": MIXED_ROWS, "Cover": [("Expected total", value)]}
    body = "".join(
        f'<table:table table:name="{name}">'
        + "".join(f"<table:table-row>{''.join(map(open_cell, cells))}</table:table-row>" for cells in rows)
        + "</table:table>"
        for name, rows in tables.items()
    ).replace(f'"float" office:value="{value}"', f'"float" table:formula="{formula}" office:value="{value}"')
    sheets = f"<office:body><office:spreadsheet>{body}</office:spreadsheet></office:body>"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
        archive.writestr("content.xml", f"<office:document-content {spaces}>{sheets}</office:document-content>")
    return path


def open_cell(value: object) -> str:
    """One cell of an OpenDocument sheet."""
    if isinstance(value, int):
        return f'<table:table-cell office:value-type="float" office:value="{value}"/>'
    if value is None:
        return "<table:table-cell/>"
    return f'<table:table-cell office:value-type="string"><text:p>{value}</text:p></table:table-cell>'


def test_a_cover_does_not_overrule_the_settings(cli: Cli, sandbox: Sandbox, inbox: Path) -> None:
    """Both must hold: who writes the workbook does not set the administrator's gate. A flag counts before both."""
    sheet = filled(inbox / "a.xlsx", 99999)
    done = cli.at(sandbox).run("run", "--json", IMPORTER_EXPECT_TOTAL="500", **AUTO)
    assert (done.exit_code, outcomes(done), posts(sandbox)) == (9, {"a.xlsx": "failed"}, 0)
    assert "500.00 was expected" in message(done, "a.xlsx")
    sheet = filled(cli.folder / "b.xlsx", 99999)
    flag = ("submit", sheet, "--yes", "--expect-total", "99999")
    assert cli.at(sandbox).run(*flag, IMPORTER_EXPECT_TOTAL="500").exit_code == 0


def test_the_same_sheet_in_another_month_is_not_called_billed(cli: Cli, sandbox: Sandbox, inbox: Path) -> None:
    """A sheet without dates means another batch each month: it is held for a person, never put away as done."""
    sheet = cli.sheet({"invoice_date": "", "amount": 100}, name="retainer.csv")
    assert cli.at(sandbox).run("submit", sheet, "--yes", "--batch", "2020-01").exit_code == 0
    shutil.copy(sheet, inbox / "again.csv")
    done = cli.at(sandbox).run("run", "--json", **AUTO)
    assert (done.exit_code, outcomes(done), posts(sandbox)) == (4, {"again.csv": "failed"}, 1)
    assert "1 held" in message(done, "again.csv")


@pytest.mark.parametrize("kept", ["held", "not approved"])
def test_an_advised_command_names_the_file_where_it_lies(cli: Cli, sandbox: Sandbox, inbox: Path, kept: str) -> None:
    """Run reads a copy in the reports folder; the person finds the file in failed/, or in the inbox still."""
    env = AUTO | (STRICT if kept == "not approved" else {})
    if kept == "held":
        assert cli.at(sandbox).run("submit", filled(cli.folder / "a.xlsx", 10), "--yes").exit_code == 0
    filled(inbox / "again.xlsx", 10, key="other")
    [file] = cli.at(sandbox).run("run", "--json", **env).document["files"]
    said = file["message"]
    if kept == "held":
        [invoice] = file["report"]["invoices"]
        said = invoice["what_to_do"]
    [path] = re.findall(r'invoice-importer \w+ "([^"]+)"', said)
    assert Path(path).is_file()
    assert Path(path).is_relative_to(inbox)


@pytest.mark.skipif(os.name != "posix", reason="only there a name can be any bytes")
def test_a_name_that_is_no_text_stops_no_other_file(cli: Cli, sandbox: Sandbox, inbox: Path) -> None:
    """A name from an old Windows share waits and is told; the file behind it is billed."""
    filled(inbox / "good.xlsx", 10)
    shutil.copy(inbox / "good.xlsx", os.fsencode(inbox) + b"/Gr\xf6\xdfe.xlsx")
    done = cli.at(sandbox).run("run", "--json", **AUTO)
    assert (done.exit_code, outcomes(done)) == (3, {r"Gr\udcf6\udcdfe.xlsx": "left", "good.xlsx": "done"})


def test_a_rehearsal_puts_nothing_away(cli: Cli, inbox: Path) -> None:
    """What --sandbox “billed” is still to be billed: the file stays in the inbox, its results lie in the reports."""
    filled(inbox / "a.xlsx", 10)
    done = cli.run("run", "--sandbox", "--json", **AUTO)
    assert (done.exit_code, outcomes(done), lying(inbox)) == (0, {"a.xlsx": "done"}, ["a.xlsx"])
    assert list(Path(done.document["files"][0]["folder"]).glob("*-results.xlsx"))


@pytest.mark.slow
def test_a_terminal_of_another_encoding_stops_no_run(cli: Cli, sandbox: Sandbox, inbox: Path) -> None:
    """Every file is handled although its line cannot be written as it is."""
    filled(inbox / "Größe.xlsx", 10)
    filled(inbox / "b.xlsx", 20, key="b")
    done = cli.at(sandbox).cold("run", PYTHONIOENCODING="ascii", **AUTO)
    assert (done.exit_code, lying(inbox)) == (0, [])


def test_a_csv_of_another_encoding_can_be_approved(cli: Cli, sandbox: Sandbox) -> None:
    """The encoding is part of the plan, so approve must take it like submit."""
    sheet = cli.folder / "old.csv"
    sheet.write_bytes("Project ID;Item type;Amount;Net days;Description\n101;Fixed fee;10;30;Größe\n".encode("cp1252"))
    here, strict = cli.at(sandbox), {"IMPORTER_REQUIRE_APPROVAL": "true"}
    encoding = ("--encoding", "windows-1252")
    assert here.run("approve", sheet, *encoding, "--yes").exit_code == 0
    assert here.run("submit", sheet, *encoding, "--yes", **strict).exit_code == 0


def test_reconcile_tells_also_quietly_what_is_not_billed(cli: Cli, sandbox: Sandbox, inbox: Path) -> None:
    """Its file lies in in-doubt/ and nobody takes it again: the scheduler must have something to mail."""
    filled(inbox / "a.xlsx", 10)
    sandbox.misbehave(Fault(FaultKind.DROP_BEFORE))
    here = cli.at(sandbox)
    assert here.run("run", **AUTO).exit_code == 8
    done = here.run("reconcile", "--quiet", IMPORTER_SETTLE_SECONDS="0")
    assert done.exit_code == 4
    assert "1 invoice not billed" in done.stderr
    assert "Submit the file again" in done.stderr
    assert done.stdout == ""


def test_a_notice_that_was_not_sent_is_told_by_the_next_run(cli: Cli, sandbox: Sandbox, inbox: Path) -> None:
    """Also when that has nothing else to tell; and then not once more."""
    filled(inbox / "a.xlsx", 10)
    with MailServer(refuse=True) as mail:
        auto = {"IMPORTER_NOTIFY": mail.address, **AUTO}
        here = cli.at(sandbox)
        for _ in range(2):
            assert here.run("run", **auto).exit_code == 0
        mail.refuse = False
        for _ in range(2):
            assert here.run("run", **auto).exit_code == 0
        [told] = mail.received
    assert text_of(told).count("a.xlsx: done. 1 created") == 1


def test_a_lost_cent_stops_the_other_files_and_is_told(cli: Cli, sandbox: Sandbox, inbox: Path) -> None:
    """No signal came, so it ends with 4; the line of the file says what differs, and the next one waits."""
    filled(inbox / "a.xlsx", 10.5, age=90, key="a")
    filled(inbox / "b.xlsx", 20.5, key="b")

    def tamper(_request: object, document: dict[str, Any]) -> None:
        for item in document.get("fixed_fee_items", {}).values():
            item["amount_in_cents"] -= item["amount_in_cents"] % 100

    with between(sandbox, tamper) as way:
        env = {"KANTATA_TOKEN": sandbox.token, "KANTATA_BASE_URL": way.base_url}
        done = cli.run("run", **env, **AUTO, IMPORTER_FRACTIONAL_AMOUNTS="send")
    assert (done.exit_code, lying(inbox), len(sandbox.invoices())) == (4, ["b.xlsx"], 1)
    assert "sent 10.50, Kantata holds 10.00" in done.stdout
    assert "b.xlsx: left in the inbox. Not looked at, because of a.xlsx." in done.stdout


def test_the_rest_of_a_file_is_not_issued_by_settings_that_changed(cli: Cli, sandbox: Sandbox, inbox: Path) -> None:
    """Its first invoice was billed as a draft, of the second one the answer was lost: switched, draft needs a word."""
    here, limits = cli.at(sandbox), {"IMPORTER_LARGEST_TOTAL": "9999", "IMPORTER_SETTLE_SECONDS": "0", **AUTO}
    filled(inbox / "a.xlsx", 10, 20)
    sandbox.misbehave(Fault(FaultKind.DROP_BEFORE, after=1))
    assert here.run("run", IMPORTER_DRAFT="true", **limits).exit_code == 8
    again = here.run("run", "--json", IMPORTER_DRAFT="false", **limits)
    assert (again.exit_code, lying(inbox)) == (9, ["a.xlsx"])
    assert "the settings changed since" in message(again, "a.xlsx")
    assert here.run("run", IMPORTER_DRAFT="true", **limits).exit_code == 0
    assert [invoice.draft for invoice in sandbox.invoices()] == [True, True]


VANISHES = (
    "import importer.unattended.handling as h\ncheck, times = h.check_gates, []\n"
    "def checked(plan, tools, **more):\n"
    "    if times:\n        tools.ledger.approvals.end_for([p.reference for p in plan.planned], 'undo-1')\n"
    "    times.append(1)\n    check(plan, tools, **more)\n"
    "h.check_gates = checked\n"
)
"""An undo elsewhere ends the approval between the first check and the sending."""


def test_an_approval_that_vanishes_leaves_the_file_in_the_inbox(cli: Cli, sandbox: Sandbox, inbox: Path) -> None:
    """As one that never was: it waits there for the next one."""
    here, strict = cli.at(sandbox), {"IMPORTER_REQUIRE_APPROVAL": "true", **AUTO}
    sheet = filled(inbox / "a.xlsx", 10)
    assert here.run("approve", sheet, "--yes").exit_code == 0
    done = here.start("run", "--json", before=VANISHES, **strict).wait()
    assert (done.exit_code, lying(inbox), posts(sandbox)) == (9, ["a.xlsx"], 0)
