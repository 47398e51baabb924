"""Preview: what would be billed is shown whole; nothing is sent and the ledger stays as it was."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
from rich.console import Console
from sheets import records

from importer.flow import preview as flow_preview
from importer.flow.prepared import Tools, Wish
from importer.ledger.opening import open_ledger
from importer.model.answers import ReadBack
from importer.model.exit_codes import ExitCode
from importer.model.plans import Expected, InvoiceResult, Status
from importer.model.problems import Severity
from importer.model.words import count_of, row_ranges
from importer.reporting.document import MOST_INVOICES, MOST_PROBLEMS
from importer.reporting.headline import will_happen
from importer.reporting.screen import Screen
from importer.reporting.table import Column, Kind, Narrow, Table
from importer.reporting.terminal import print_table, show
from importer.settings.loading import load

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from importer.reporting.report import Report

TO_SEND = "Amount in the sheet"


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tools]:
    """Tools of a run that never asks Kantata, with a ledger and a reports folder of its own."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    ledger = open_ledger(tmp_path / "ledger.sqlite", "https://api.example")
    settings = load(reports=tmp_path / "reports", payment_schedule=30)
    yield Tools(settings, "https://api.example", ledger, None)
    ledger.close()


def fee(amount: object, workspace: object = 101, **cells: object) -> dict[str, object]:
    """One fixed-fee row."""
    return {"workspace_id": workspace, "item_type": "fixed_fee", "amount": amount, **cells}


def preview(tools: Tools, folder: Path, *rows: dict[str, object], **wish: Any) -> Report:
    """Preview a workbook with these rows."""
    return flow_preview.preview(Wish(records(folder / "in.xlsx", *rows), **wish), tools)


def shown(report: Report, width: int = 200) -> str:
    """What the terminal shows, as plain text with single blanks."""
    console = Console(file=io.StringIO(), width=width, color_system=None)
    show(report, console)
    return re.sub(r"[ \t│┃]+", " ", console.file.getvalue())  # type: ignore[attr-defined]


def test_each_invoice_is_shown_with_its_lines_and_amount(tools: Tools, tmp_path: Path) -> None:
    """Projects, key, rows, lines by type, amount, status; then control totals."""
    rows = [
        fee(1200, 101),
        fee(300, 101),
        {"workspace_id": 101, "item_type": "expense", "item_id": 7},
        fee(1000, 102, invoice_key="ACME"),
        fee(-50, 103, invoice_key="ACME", item_type="additional"),
    ]
    report = preview(tools, tmp_path, *rows, batch="2026-10")
    text = shown(report)
    assert "sheet Invoices · 5 rows · batch 2026-10" in text
    assert "101 2-4 2 fixed, 1 expense 1,500.00 ready" in text
    assert "102, 103 key ACME 5-6 1 fixed, 1 additional 950.00 ready" in text
    assert "ready 2 2,450.00" in text
    assert "total 2 2,450.00 \n rows in the sheet 5 " in text
    assert str(report.files["preview"]) in text
    assert report.exit_code is ExitCode.DONE


def test_all_problems_are_shown_with_cell_and_cure(tools: Tools, tmp_path: Path) -> None:
    """Errors first, each with its address, message and hint; the exit code says that nothing would be sent."""
    report = preview(tools, tmp_path, fee(0), fee(5, "x", Client="a"), fee(12.5, 102))
    text = shown(report)
    assert report.exit_code is ExitCode.FILE_PROBLEMS
    assert "3 problems and 1 warning" in text
    for cell in ("C2", "A3", "C4"):
        assert f"Invoices!{cell} " in text
    assert text.index("Invoices!C4") < text.index("Columns copied to the results, not sent: Client")
    errors = [problem for problem in report.problems if problem.severity is Severity.ERROR]
    assert all(problem.hint.split()[0] in text for problem in errors)
    assert "not sent 2 12.50" in text
    assert "Not sent because of errors in row" in text
    assert "rows without a project 5.00" in text
    assert "total 2 17.50 \n rows in the sheet 3 " in text


def test_each_invoice_that_is_held_back_has_its_own_reason(tools: Tools, tmp_path: Path) -> None:
    """One with errors in its rows; another only because of a row that may be its own: that is no error of its rows."""
    report = preview(tools, tmp_path, fee("1e"), fee(7, 103), fee(5, "x"))
    text = " ".join(shown(report).split())
    assert "project 101: Not sent because of errors in row 2." in text
    assert "project 103: Not sent because the errors in row 4 leave open whether it is whole." in text
    assert "2 invoices: Not sent" not in text


def test_an_amount_that_is_not_known_is_not_shown_as_nothing(tools: Tools, tmp_path: Path) -> None:
    """The sum of the others would look like the worth of the invoice; what the sums lack is said beside them."""
    time = {"workspace_id": 104, "item_type": "time_entry", "item_id": 7}
    report = preview(tools, tmp_path, fee("1e"), fee(48754, 102), fee(None, 102), fee(7, 103), time)
    text = shown(report)
    assert "101 2 1 row not known not sent" in text
    assert "102 3-4 2 rows not known not sent" in text
    assert "103 5 1 fixed 7.00 ready" in text
    assert "total 4 48,761.00" in text
    assert "2 rows are in no sum: their amounts are missing or cannot be read." in text

    book = openpyxl.load_workbook(report.files["preview"] or "")
    amounts = [cell.value for column in book["Invoices"].iter_cols() for cell in column if column[0].value == TO_SEND]
    assert amounts[1:] == ["not known", "not known", 7, 0]
    summary = [cell.value for cell in book["Summary"]["A"]]
    assert "2 rows are in no sum: their amounts are missing or cannot be read." in summary


def test_nothing_is_said_of_sums_that_are_whole(tools: Tools, tmp_path: Path) -> None:
    """Time, expenses and milestones have no amount in the sheet, because Kantata prices them."""
    time = {"workspace_id": 104, "item_type": "time_entry", "item_id": 7}
    assert "in no sum" not in shown(preview(tools, tmp_path, fee(5), time))


def test_a_preview_changes_nothing(tools: Tools, tmp_path: Path) -> None:
    """Twice the same plan under the same references, no run in the ledger; two workbooks with pages."""
    first, second = (preview(tools, tmp_path, fee(5), batch="b") for _ in range(2))
    assert [one.status for one in second.planned] == [Status.READY]
    assert [(p.reference, p.fingerprint, p.payload) for p in first.planned] == [
        (p.reference, p.fingerprint, p.payload) for p in second.planned
    ]
    assert tools.ledger.runs() == []
    assert len(list((tmp_path / "reports").iterdir())) == 4


def test_markup_in_the_sheet_is_shown_as_text(tools: Tools, tmp_path: Path) -> None:
    """Brackets in keys, batches and values are no instructions to the terminal."""
    report = preview(tools, tmp_path, fee(5, invoice_key="[bold]K[/]"), fee("[/red]", 102), batch="[x]")
    text = shown(report)
    assert "[bold]K[/]" in text
    assert "“[/red]”" in text
    assert "batch [x]" in text


def test_long_plans_are_cut_with_a_word(tools: Tools, tmp_path: Path) -> None:
    """The terminal shows the first invoices and problems and says how many more there are."""
    rows = [fee(5, 1000 + n) for n in range(MOST_INVOICES + 3)]
    rows += [fee(f"x{n}", 5000 + n) for n in range(MOST_PROBLEMS + 2)]
    report = preview(tools, tmp_path, *rows)
    problems = [replace(problem, hint=f"Fix {number}.") for number, problem in enumerate(report.problems)]
    text = shown(replace(report, problems=tuple(problems)))
    assert f"and {MOST_PROBLEMS + 5} more; the workbook lists them all" in text
    assert "and 2 more; the workbook lists them all" in text
    assert len(report.planned) == len(rows)


def test_one_faulty_row_leaves_the_other_invoices_ready_in_the_plan(tools: Tools, tmp_path: Path) -> None:
    """The plan tells which invoices are sound, so that --partial can be judged before it is used."""
    report = preview(tools, tmp_path, fee(5, 101), fee(0, 102))
    assert [one.status for one in report.planned] == [Status.READY, Status.NOT_SENT]


def test_the_batch_is_the_month_of_all_invoice_dates(tools: Tools, tmp_path: Path) -> None:
    """Mending a faulty row later must not change the batch, and with it every reference."""
    rows = [fee(5, 101, invoice_date="2026-10-31"), fee(0, 102, invoice_date="2026-09-30")]
    assert preview(tools, tmp_path, *rows).batch == preview(tools, tmp_path, rows[0], {**rows[1], "amount": 5}).batch


@pytest.mark.parametrize(("rows", "text"), [((2, 3, 4, 7), "2-4, 7"), ((5,), "5"), ((2, 4), "2, 4"), ((), "")])
def test_rows_are_shortened_to_ranges(rows: tuple[int, ...], text: str) -> None:
    """Neighbouring rows are shown as a range."""
    assert row_ranges(rows) == text


@pytest.mark.parametrize(
    ("count", "noun", "text"),
    [
        (1, "row", "1 row"),
        (0, "row", "0 rows"),
        (1200, "row", "1,200 rows"),
        (2, "time entry", "2 time entries"),
        (30, "day", "30 days"),
        (2, "currency", "2 currencies"),
    ],
)
def test_counts_have_their_noun(count: int, noun: str, text: str) -> None:
    """One row, two rows, two entries."""
    assert count_of(count, noun) == text


@pytest.mark.parametrize("width", [80, 120])
def test_titles_are_broken_between_words_only(tools: Tools, tmp_path: Path, width: int) -> None:
    """However narrow the terminal, each word of a project's title stands whole; an empty column takes no room."""
    report = preview(tools, tmp_path, fee(123456, 101), fee(1000, 102))
    titles = ("Website-Relaunch Bäckerei Müller", "Markenauftritt Großküchen Schöller")
    planned = tuple(
        replace(one, expected=Expected((title,), "EUR", one.invoice.amount))
        for one, title in zip(report.planned, titles, strict=True)
    )
    text = shown(replace(report, planned=planned), width)
    assert set(" ".join(titles).split()) <= set(text.split())
    assert "Key" not in text


def test_no_figure_is_cut_however_narrow_the_terminal(tools: Tools, tmp_path: Path) -> None:
    """Amounts with their currency, statuses and invoice ids stand there whole, each with its key; no line too long."""
    terms = {"purchase_order": "PO-4500017-REV-B", "invoice_date": "2026-10-31", "user_invoice_title": "Relaunch, part"}
    rows = [fee(98_765_432, 101 + n, invoice_key=f"ACME-RETAINER-{n:03}", **terms) for n in range(3)]
    report = preview(tools, tmp_path, *rows)
    titles = ("Wiederaufbau der Stadtbibliothek", None, "Kampagne")
    planned = tuple(
        replace(
            one,
            status=Status.ALREADY_CREATED if n else Status.CREATED,
            invoice_id=f"4100000{n}",
            expected=Expected((title,), "EUR", Decimal("98765432.10")),
            read_back=ReadBack(currency="EUR", total=Decimal("98765432.10")),
        )
        for n, (one, title) in enumerate(zip(report.planned, titles, strict=True))
    )
    sent = replace(report, command="submit", planned=planned, totals=replace(report.totals, by_status={}))
    for one in (replace(report, planned=planned), sent):
        _assert_whole(one)


def _assert_whole(report: Report) -> None:
    for width in range(60, 201):
        text = shown(report, width)
        table = text.partition("Projects")[2].partition("Control totals")[0]
        assert [line for line in table.splitlines() if len(line) > width] == []
        for n in range(3):
            assert f"4100000{n}" in table
            assert f"ACME-RETAINER-{n:03}" in "".join(table.split())
        assert table.count("EUR 98,765,432.10") == (1 if report.is_plan else 3)
        assert re.findall(r"(?<![-\d])\d[\d,]*,\d{0,2}$", text, re.MULTILINE) == []


@pytest.mark.parametrize("width", [20, 60])
def test_in_a_very_narrow_terminal_names_give_way(tools: Tools, tmp_path: Path, width: int) -> None:
    """Names are broken and columns left out; where even the figures do not fit, lines get too long, not wrong."""
    rows = [fee(98_765_432, 101 + n, invoice_key=f"ACME-RETAINER-{n:03}") for n in range(3)]
    text = shown(preview(tools, tmp_path, *rows), width)
    assert text.count("98,765,432.00") == 3
    assert text.count("296,296,296.00") == 3
    assert all(f"ACME-RETAINER-{n:03}" in "".join(text.split()) for n in range(3))


def test_what_many_rows_have_in_common_is_said_once(tools: Tools, tmp_path: Path) -> None:
    """Ranges of rows in place of a line for each; in the report every cell has its own problem."""
    rows = [fee(1, "wrong") for _ in range(60)]
    rows[50] = fee(1, 101)
    report = preview(tools, tmp_path, *rows)
    assert len({problem.cell for problem in report.problems}) == 59
    text = shown(report)
    assert "Likewise in 58 rows: 3-51, 53-61." in text
    assert text.count("wrong") == 1
    scattered = preview(tools, tmp_path, *(fee(1, 101 if number % 2 else "wrong") for number in range(40)))
    assert "4, 6, 8, 10, 12, 14, 16, 18 and 11 more places." in shown(scattered)


def test_what_an_accountant_approves_is_shown(tools: Tools, tmp_path: Path) -> None:
    """Date, terms, due date, PO, number, title, draft or issued and e-mails; what all invoices share is said once."""
    shared = {"invoice_date": "2026-10-31", "draft": "no", "suppress_emails": "no"}
    own = {"purchase_order": "PO-1", "user_invoice_number": 7001, "user_invoice_title": "Relaunch"}
    rows = [fee(1200, 101, **shared, **own), fee(300, 102, payment_schedule=14, **shared)]
    text = shown(preview(tools, tmp_path, *rows))
    assert "2 invoices would be ISSUED and e-mails may go out: 1,500.00 in the sheet." in text
    assert "All invoices: dated 2026-10-31, ISSUED, e-mail may go out." in text
    for own_term in ("“Relaunch”", "number 7001, PO-1", "30 days, due 2026-11-30", "14 days, due 2026-11-14"):
        assert own_term in text
    assert "PO PO-1" not in text


def test_sums_are_per_currency_and_never_mixed(tools: Tools, tmp_path: Path) -> None:
    """Drafts and issued invoices apart, each with its currencies; a part that is not known is named."""
    rows = [fee(100, 101, draft="no"), fee(50, 102), fee(30, 103), fee(7, 104)]
    report = preview(tools, tmp_path, *rows)
    totals = (("EUR", "119"), ("USD", "50"), ("EUR", "30"), ("USD", None))
    planned = tuple(
        replace(one, expected=Expected((None,), currency, total and Decimal(total)))
        for one, (currency, total) in zip(report.planned, totals, strict=True)
    )
    sentence = will_happen(planned)
    assert sentence == (
        "3 drafts will be created: EUR 30.00 (1), USD 57.00 (2); "
        "1 invoice will be ISSUED without e-mails: EUR 119.00 (1)."
    )


def test_time_entries_alone_are_no_sum_of_nothing(tools: Tools, tmp_path: Path) -> None:
    """Kantata prices them, so 0.00 would be wrong."""
    time = {"workspace_id": 104, "item_type": "time_entry", "item_id": 7}
    text = shown(preview(tools, tmp_path, time))
    assert "1 draft would be created: time, expenses or milestones that Kantata prices." in text


def test_what_was_sent_before_a_stop_is_said(tools: Tools, tmp_path: Path) -> None:
    """After a question was answered, too: a bar that stands still says nothing."""
    report = preview(tools, tmp_path, fee(100, 101), fee(200, 102), batch="2026-10")
    first, other = report.planned
    sent = (
        InvoiceResult(first, Status.CREATED, None, None, "9001"),
        InvoiceResult(other, Status.NOT_SENT, "Not sent: the run was stopped.", "Submit again."),
    )
    by_status = {Status.CREATED: 1, Status.NOT_SENT: 1}
    totals = replace(report.totals, by_status=by_status, amount_by_status=dict.fromkeys(by_status, Decimal(100)))
    files = {"to_fix": tmp_path / "to-fix.xlsx"}
    stopped = replace(
        report, command="submit", planned=sent, totals=totals, exit_code=ExitCode.INTERRUPTED, files=files
    )
    console = Console(file=io.StringIO(), width=200, color_system=None)
    show(
        replace(stopped, notices=("Seen before.", "Stopped.")), console, seen=replace(report, notices=("Seen before.",))
    )
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert "1 draft created" in text
    assert "Not sent: the run was stopped." in text
    assert "Rows to fix" not in text
    assert "Note: Stopped." in text
    assert "Seen before." not in text


def test_sums_in_a_sentence_are_not_broken_in_two() -> None:
    """A currency at the end of a line and its figure on the next read like two things."""
    sentence = "10 drafts would be created: EUR 30,617.31 (7), GBP 3,106.00 (1), USD 1,239,367.00 (2)."
    for width in range(30, 90):
        screen = Screen(file=io.StringIO(), width=width, color_system=None)
        screen.print(sentence, highlight=False)
        lines = screen.file.getvalue().splitlines()  # type: ignore[attr-defined]
        for worth in ("EUR 30,617.31 (7)", "GBP 3,106.00 (1)", "USD 1,239,367.00 (2)"):
            assert any(worth in line for line in lines), width


@pytest.mark.parametrize("width", [60, 70, 80, 100, 120])
def test_figures_of_several_lines_leave_room_for_ids(width: int) -> None:
    """A cell with a sum per currency is as wide as the widest of them, so the id of a run stays whole."""
    columns = (
        Column("Run"),
        Column("File", narrow=Narrow.FOLD),
        Column("In Kantata", Kind.MONEY),
        Column("Outcome", narrow=Narrow.FOLD_LAST),
    )
    sums = "EUR 25,639.81 (5)\nGBP 3,615.00 (1)\nUSD 4,800.00 (1)"
    screen = Screen(file=io.StringIO(), width=width, color_system=None)
    print_table(Table("", columns, [("20261129-180451-aae6", "october.csv", sums, "4 held\n6 created")]), screen)
    text = screen.file.getvalue()  # type: ignore[attr-defined]
    assert max(map(len, text.splitlines())) <= width
    for whole in ("20261129-180451-aae6", *sums.split("\n")):
        assert whole in text


def test_many_problems_that_differ_in_the_value_alone_are_said_once(tools: Tools, tmp_path: Path) -> None:
    """Sixty amounts with cents are one thing to decide; a few typing errors stand by themselves."""
    few = shown(preview(tools, tmp_path, *(fee(f"{number}.25", 101) for number in range(1, 4))))
    assert few.count("has cents") == 3
    many = shown(preview(tools, tmp_path, *(fee(f"{number}.25", 101) for number in range(1, 61))))
    assert many.count("has cents") == 1
    assert "Likewise in 59 rows: 3-61." in many


def test_advice_that_invoices_share_is_said_once(tools: Tools, tmp_path: Path) -> None:
    """Each has its own reason; what to do stands below the last of them."""
    report = preview(tools, tmp_path, fee(100, 101), fee(200, 102))
    held = []
    for number, planned in enumerate(report.planned):
        held.append(replace(planned, status=Status.HELD, reason=f"Reason {number}.", what_to_do="Decide about it."))
    text = shown(replace(report, planned=tuple(held)))
    assert "Reason 0." in text
    assert text.index("Reason 1.") < text.index("Decide about it.")
    assert text.count("Decide about it.") == 1
