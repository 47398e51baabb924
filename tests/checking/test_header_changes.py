"""What changed in the headers since the last import, and what the ledger remembers of them."""

from __future__ import annotations

import sqlite3
import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from plans import ACCOUNT, BATCH, SOURCE, fees
from sheets import csv_file, read_by, table

from importer.checking.header_changes import changes, headers_seen
from importer.ledger.opening import open_ledger
from importer.model.headers import OwnHeaders, known_headers
from importer.model.problems import Severity
from importer.model.remembered import EarlierHeaders, SeenHeader
from importer.planning.totals import totals_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import sqlalchemy as sa
    from programs import Cli

    from importer.model.problems import Problem

NOON = datetime(2026, 10, 31, 12)  # noqa: DTZ001 - UTC without offset, as the ledger has it
SINCE = "Compared with the import of 31 Oct 2026 (october.xlsx): "
HEADER = ["Project ID", "Item type", "Amount"]
NONE = known_headers()


@pytest.fixture(autouse=True)
def _utc() -> Iterator[None]:
    """Local time is UTC here, so that the day is certain."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()


def run(folder: Path, header: list[str], row: list[object] | None = None, *, days: int = 0) -> EarlierHeaders:
    """Return what an earlier run remembers of such a sheet; every cell filled unless a row is given."""
    sheet = read_by(NONE, sheet_file(folder, header, row))
    return EarlierHeaders(NOON - timedelta(days=days), "C:\\Anna\\october.xlsx", headers_seen(sheet))


def sheet_file(folder: Path, header: list[str], row: list[object] | None = None) -> Path:
    """Write a sheet with one row."""
    values = {"project id": 101, "item type": "fixed_fee"}
    cells = row or [values.get(text.strip().lower(), 5) for text in header]
    return table(folder / "a.xlsx", header, cells)


def told(
    folder: Path, header: list[str], *earlier: EarlierHeaders, own: OwnHeaders | None = None
) -> tuple[tuple[str, ...], tuple[Problem, ...]]:
    """Compare a sheet with earlier runs, the newest first."""
    known = known_headers(own=own)
    return changes(read_by(known, sheet_file(folder, header)), earlier, known)


# --- what is said ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("then", "now", "said"),
    [
        (HEADER, [*HEADER, "Discount"], "new column “Discount”."),
        ([*HEADER, "Client", "Rate"], HEADER, "columns “Client”, “Rate” are gone."),
        (HEADER, ["Project ID", "Item type", "Net amount"], "“Amount” is now called “Net amount”."),
        (
            [*HEADER, "Client"],
            ["Project ID", "Type", "Amount", "Discount"],
            "new column “Discount”; column “Client” is gone; “Item type” is now called “Type”.",
        ),
    ],
)
def test_each_change_is_said_in_one_notice(tmp_path: Path, then: list[str], now: list[str], said: str) -> None:
    """New, gone and renamed, with day and file of the run compared with; no warning for what is not lost."""
    assert told(tmp_path, now, run(tmp_path, then)) == ((SINCE + said,), ())


@pytest.mark.parametrize(
    "now", [HEADER, ["project_id", "ITEM TYPE", " Amount "], ["Amount", "Item type", "Project ID"]]
)
def test_nothing_is_said_when_nothing_changed(tmp_path: Path, now: list[str]) -> None:
    """Neither of case and blanks, nor of the order."""
    assert told(tmp_path, now, run(tmp_path, HEADER)) == ((), ())


def test_a_known_column_that_is_gone_is_a_warning(tmp_path: Path) -> None:
    """It held values: a PO number that is not sent any more costs a reminder. It is not repeated in the notice."""
    notices, [problem] = told(tmp_path, HEADER, run(tmp_path, [*HEADER, "PO"]))
    assert notices == ()
    assert (problem.code, problem.severity, problem.sheet, problem.row) == (
        "header.gone",
        Severity.WARNING,
        "Invoices",
        1,
    )
    assert "“PO” (PO number) held values in the import of 31 Oct 2026 (october.xlsx) and is gone." in problem.message
    assert 'purchase_order = ["…"]' in problem.hint


def test_a_known_column_without_values_is_only_noted(tmp_path: Path) -> None:
    """The template's unused columns may be deleted."""
    then = run(tmp_path, [*HEADER, "PO"], [101, "fixed_fee", 5, None])
    assert told(tmp_path, HEADER, then) == ((f"{SINCE}column “PO” is gone.",), ())


def test_a_column_that_means_something_else_now_is_said(tmp_path: Path) -> None:
    """The header stands there still, but the settings changed: read now, or read no more."""
    own = OwnHeaders({"notes": ["Tätigkeit"]})
    then = run(tmp_path, [*HEADER, "Tätigkeit"])
    assert told(tmp_path, [*HEADER, "Tätigkeit"], then, own=own) == (
        (f"{SINCE}“Tätigkeit” is now read as Description.",),
        (),
    )
    before = tuple(SeenHeader(one.text, one.column or "notes", one.filled) for one in then.headers)
    notices, [problem] = told(tmp_path, [*HEADER, "Tätigkeit"], EarlierHeaders(NOON, "october.xlsx", before))
    assert notices == ()
    assert "“Tätigkeit” (Description) held values" in problem.message
    assert problem.message.endswith("and is no longer read as that.")


def test_ignored_headers_are_not_compared(tmp_path: Path) -> None:
    """Neither new nor gone: they mean nothing."""
    own = OwnHeaders(ignored=["Note to self", "Colour"])
    then = run(tmp_path, [*HEADER, "Colour"])
    assert told(tmp_path, [*HEADER, "Note to self"], then, own=own) == ((), ())


def test_columns_that_results_added_are_not_compared(tmp_path: Path) -> None:
    """A results sheet that is submitted again has no new columns."""
    added = ["status", "invoice_id", "invoice_link", "error", "what_to_do"]
    own = [*HEADER, "Rate", "Client", "Remark"]
    assert told(tmp_path, [*own, *added], run(tmp_path, own)) == ((), ())


def test_the_most_alike_run_is_compared_with(tmp_path: Path) -> None:
    """A second client's workbook in between is passed over; of equals the newest counts."""
    other = run(tmp_path, [*HEADER, "Kunde", "Ort", "Stunden", "Satz"])
    mine = [*HEADER, "Client", "Rate"]
    [notice], _ = told(tmp_path, [*mine, "Discount"], other, run(tmp_path, mine, days=1), run(tmp_path, mine, days=2))
    assert notice == "Compared with the import of 30 Oct 2026 (october.xlsx): new column “Discount”."


def test_a_sheet_of_another_layout_is_not_compared(tmp_path: Path) -> None:
    """Fewer than three of five headers in common: nothing to say."""
    then = run(tmp_path, [*HEADER, "A1", "B1"])
    assert told(tmp_path, [*HEADER, "D1", "E1"], then)[0] != ()
    assert told(tmp_path, [*HEADER, "D1", "E1", "F1"], then) == ((), ())
    assert told(tmp_path, HEADER) == ((), ())


def test_a_sheet_of_items_has_not_lost_the_amounts_of_a_sheet_of_fees(tmp_path: Path) -> None:
    """They are of two kinds, however many other headers they share; a lost column of the same kind is said."""
    shared = ["Project ID", "Item type", "Net days", "Invoice date", "PO number"]
    fees_then = run(tmp_path, [*shared, "Amount"])
    assert told(tmp_path, [*shared, "Item ID"], fees_then) == ((), ())
    both_then = run(tmp_path, [*shared, "Amount", "Item ID"])
    [warning] = told(tmp_path, [*shared, "Amount"], both_then)[1]
    assert warning.column == "item_id"


# --- what the ledger remembers -----------------------------------------------------------------

SEEN = (SeenHeader("Project ID", "workspace_id", filled=True), SeenHeader('Say "\x00ü\n"', None, filled=False))


def test_headers_are_remembered_per_account(ledger_place: sa.URL) -> None:
    """In both databases, whatever the header holds; runs without headers are passed over; the newest first."""
    ledger, planned = open_ledger(ledger_place, ACCOUNT), fees(1)
    totals = totals_of((), planned)
    ledger.begin_run("run-1", BATCH, SOURCE, totals, SEEN)
    ledger.begin_run("run-2", BATCH, SOURCE, totals)
    ledger.begin_run("run-3", BATCH, SOURCE, totals, SEEN[:1])
    assert [one.headers for one in ledger.earlier_headers()] == [SEEN[:1], SEEN]
    assert ledger.earlier_headers()[0].path == SOURCE.path
    other = open_ledger(ledger_place, "another")
    assert other.earlier_headers() == []
    for number in range(4, 30):
        ledger.begin_run(f"run-{number}", BATCH, SOURCE, totals, SEEN)
    assert len(ledger.earlier_headers()) == 20
    other.close()
    ledger.close()


# --- the whole way -----------------------------------------------------------------------------


def sheet_of(cli: Cli, name: str, header: str, *rows: str) -> Path:
    """Write a CSV."""
    return csv_file(cli.folder / name, "\n".join([header, *rows]) + "\n")


def test_preview_and_submit_say_what_changed_since_the_last_submit(cli: Cli) -> None:
    """Neither a preview nor a refused submit is what later ones are compared with; a submit that sent is."""
    header = "Project ID,Item type,Amount,Net days,PO"
    october = sheet_of(cli, "october.csv", header, "101,fixed_fee,500,30,secret-po-4711")
    assert cli.run("submit", october, "--sandbox", "--yes", "--json").document["notices"][1:] == []
    november = sheet_of(cli, "november.csv", "Project ID,Item type,Net amount,Net days,Menge", "102,fixed_fee,600,30,x")
    refused = sheet_of(cli, "refused.csv", "Project ID,Item type,Net amount,Net days,Menge", "102,fixed_fee,?,30,x")
    for path, code in ((november, 0), (refused, 3)):
        command = ("preview",) if path is november else ("submit", "--yes")
        document = cli.run(*command, path, "--sandbox", "--json").document
        assert document["exit_code"] == code
        [_, notice] = document["notices"]
        assert notice.endswith("(october.csv): new column “Menge”; “Amount” is now called “Net amount”.")
        assert "header.gone" in [problem["code"] for problem in document["problems"]]
    sent = cli.run("submit", november, "--sandbox", "--yes", "--json").document
    assert (sent["exit_code"], len(sent["notices"])) == (0, 2)
    again = cli.run("preview", november, "--sandbox", "--json").document
    assert again["notices"][1:] == []
    assert [problem["code"] for problem in again["problems"]] == ["column.not_applied"]


def test_the_ledger_holds_headers_and_no_values_of_unknown_columns(cli: Cli) -> None:
    """Header texts only: what stands below a column of the user's own stays in the sheet."""
    header = "Project ID,Item type,Amount,Net days,Salary"
    october = sheet_of(cli, "october.csv", header, "101,fixed_fee,500,30,secret-4711")
    assert cli.run("submit", october, "--sandbox", "--yes").exit_code == 0
    connection = sqlite3.connect(cli.ledger)
    dump = "\n".join(connection.iterdump())
    connection.close()
    assert '["Salary", null, true]' in dump
    assert "secret-4711" not in dump


def test_a_column_that_a_constant_supplies_is_not_missed(cli: Cli) -> None:
    """It moved from the sheet to the settings: said, but no warning."""
    header = "Project ID,Item type,Amount,Net days"
    october = sheet_of(cli, "october.csv", header, "101,fixed_fee,500,30")
    assert cli.run("submit", october, "--sandbox", "--yes").exit_code == 0
    (cli.folder / "importer.toml").write_text("[constants]\npayment_schedule = 30\n", encoding="utf-8")
    november = sheet_of(cli, "november.csv", "Project ID,Item type,Amount", "101,fixed_fee,600")
    document = cli.run("preview", november, "--sandbox", "--json").document
    assert document["problems"] == []
    assert document["notices"][-1].endswith("(october.csv): column “Net days” is gone.")
