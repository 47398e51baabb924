"""Results, preview and to-fix workbooks, and the JSON document: every row of the sheet has its answer."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
from sheets import csv_file, read, records, table, workbook

from importer.kantata.payload import to_json
from importer.model.answers import ReadBack
from importer.model.errors import SettingsProblem
from importer.model.exit_codes import ExitCode
from importer.model.plans import InvoiceResult, PlannedInvoice, Status
from importer.model.problems import Severity
from importer.reporting.report import Report, plain_amount, to_document
from importer.reporting.workbook.book import PAGE_WIDTH
from importer.reporting.workbook.results import prepare_folder, write_with_page
from importer.reporting.workbook.to_fix import write_to_fix
from reports import LINK, RUN, outcome, report_of

if TYPE_CHECKING:
    from pathlib import Path

    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

ANSWER = ["status", "invoice_id", "invoice_link", "error", "what_to_do"]


def write_report(report: Report, folder: Path) -> Path:
    """Write the workbook; return its path."""
    return write_with_page(report, folder)[0]


def opened(path: Path | None) -> Workbook:
    """Open a written workbook with another reader than the one that wrote it."""
    assert path is not None
    return openpyxl.load_workbook(path)


def rows_of(sheet: Worksheet) -> list[list[object]]:
    """All values of a sheet."""
    return [list(row) for row in sheet.iter_rows(values_only=True)]


def by_header(sheet: Worksheet) -> list[dict[str, Any]]:
    """Every row below the header as header → value."""
    header, *rows = rows_of(sheet)
    return [dict(zip(map(str, header), row, strict=True)) for row in rows]


def fee(amount: object, workspace: int, **cells: object) -> dict[str, object]:
    """One fixed-fee row."""
    return {"workspace_id": workspace, "item_type": "fixed_fee", "amount": amount, **cells}


ALL_ENDS = [
    outcome(
        Status.CREATED,
        "9001",
        read_back=ReadBack(
            number="19050", currency="EUR", items_amount=Decimal(1), total=Decimal("1.19"), recipient="Ann Ö"
        ),
        request_id="req-1",
    ),
    outcome(Status.ALREADY_CREATED, "9002", reason="Billed in run r."),
    outcome(Status.REJECTED, reason="Kantata says no.", what_to_do="Ask them."),
    outcome(Status.IN_DOUBT, reason="May exist.", what_to_do="Look."),
    outcome(Status.HELD, reason="Changed.", what_to_do="Decide."),
    outcome(Status.NOT_SENT, reason="Stopped.", what_to_do="Run again."),
]


def all_ends(folder: Path) -> Report:
    """A submit in which every status occurs: rows 2 to 7, and row 8 has an error."""
    rows = [fee(n, 100 + n, Client=f"Client {n}") for n in range(1, 7)]
    path = records(folder / "in.xlsx", *rows, fee("x", 107, Client="Client 7"))
    return report_of(path, *ALL_ENDS, exit_code=ExitCode.IN_DOUBT)


# --- the results workbook -----------------------------------------------------------


def test_the_results_have_the_promised_sheets(tmp_path: Path) -> None:
    """Summary, Invoices, Lines and Problems, in a file that begins with the run id."""
    path = write_report(all_ends(tmp_path), tmp_path)
    assert path.name == f"{RUN}-results.xlsx"
    assert opened(path).sheetnames == ["Summary", "Invoices", "Lines", "Problems"]


def test_the_summary_begins_with_the_figures_to_compare(tmp_path: Path) -> None:
    """Run, control totals, tie-out, rows in and answered, then what to do: one block below the other."""
    rows = rows_of(opened(write_report(all_ends(tmp_path), tmp_path))["Summary"])
    filled = [tuple(cell for cell in row if cell is not None) for row in rows]
    assert filled[:1] == [("Results",)]
    assert filled[9:12] == [
        ("1 draft created: EUR 1.19 (1).",),
        ("All invoices: dated by Kantata, 30 days, draft.",),
        (),
    ]
    filled = filled[3:]
    assert filled[9:19] == [
        ("Control totals", "Invoices", "Amount in the sheet"),
        ("created", 1, 1),
        ("already created", 1, 2),
        ("rejected", 1, 3),
        ("in doubt", 1, 4),
        ("held", 1, 5),
        ("not sent", 2, 6),
        ("total", 7, 21, "sum: EUR 1.00 + 20.00 whose currency is not known"),
        ("rows in the sheet", 7),
        (),
    ]
    assert filled[19:21] == [("1 row is in no sum: its amount is missing or cannot be read.",), ()]
    assert filled[21:25] == [
        (
            "Tie-out by currency",
            *("Sheet", "Sent", "Read back", "Difference", "Not read back", "Invoices not read back"),
            "Total in Kantata",
        ),
        ("EUR", 1, 1, 1, 0, 1.19),
        ("currency not known", 20, 6, 6, 2),
        (),
    ]
    assert filled[34:40] == [
        ("Rows in the sheet: 7; rows answered: 7: every row has its answer.",),
        (),
        ("1 problem in the file: see the sheet Problems.",),
        ("1 invoice in doubt: may exist in Kantata. Look there first.",),
        ("1 invoice held: a person decides. The sheet Invoices says why.",),
        ("Rows that did not become invoices are in the to-fix workbook beside this one.",),
    ]


def test_every_row_has_its_answer(tmp_path: Path) -> None:
    """Lines holds the original cells in their order, then what became of the row."""
    sheet = opened(write_report(all_ends(tmp_path), tmp_path))["Lines"]
    assert rows_of(sheet)[0] == ["workspace_id", "item_type", "amount", "Client", *ANSWER]
    rows = by_header(sheet)
    assert [row["Client"] for row in rows] == [f"Client {n}" for n in range(1, 8)]
    assert [row["amount"] for row in rows] == [1, 2, 3, 4, 5, 6, "x"]
    assert [row["status"] for row in rows] == [
        "created",
        "already created",
        "rejected",
        "in doubt",
        "held",
        "not sent",
        "not sent",
    ]
    assert [row["invoice_id"] for row in rows] == ["9001", "9002", None, None, None, None, None]
    assert [row["error"] for row in rows[:6]] == [
        None,
        None,
        "Kantata says no.",
        "May exist.",
        "Changed.",
        "Stopped.",
    ]
    advised = ["Nothing: billed in run r.", "Ask them.", "Look.", "Decide.", "Run again."]
    assert [row["what_to_do"] for row in rows[1:6]] == advised
    assert str(rows[6]["error"]).startswith("in.xlsx C8: ")


def test_a_row_with_several_errors_is_told_all(tmp_path: Path) -> None:
    """The answer of a faulty row names each of its cells."""
    report = report_of(records(tmp_path / "in.xlsx", fee("x", 101, taxable="?", draft="?")))
    (row,) = by_header(opened(write_report(report, tmp_path))["Lines"])
    places = [line.partition(":")[0] for line in str(row["error"]).splitlines()]
    assert places == ["in.xlsx C2", "in.xlsx D2", "in.xlsx E2"]
    assert row["what_to_do"]


def test_a_row_of_no_invoice_is_told_so(tmp_path: Path) -> None:
    """Even a row without a project has a status and a reason."""
    report = report_of(records(tmp_path / "in.xlsx", fee(1, 101), {"item_type": "fixed_fee", "amount": 5}))
    rows = by_header(opened(write_report(report, tmp_path))["Lines"])
    assert (rows[1]["status"], "A3" in str(rows[1]["error"])) == ("not sent", True)


def test_sound_rows_of_a_faulty_invoice_say_why(tmp_path: Path) -> None:
    """A good row that was not sent because of its neighbour has a reason too."""
    report = report_of(records(tmp_path / "in.xlsx", fee(1, 101), fee("x", 101)))
    rows = by_header(opened(write_report(report, tmp_path))["Lines"])
    assert (rows[0]["status"], rows[0]["error"]) == (
        "not sent",
        "Some of its rows have errors, or rows with errors leave open whether it is whole.",
    )


def test_the_invoices_sheet_tells_each_invoice(tmp_path: Path) -> None:
    """Projects, key, reference, status, id, link, number, amounts sent and read back, recipient, error, advice."""
    report = all_ends(tmp_path)
    rows = by_header(opened(write_report(report, tmp_path))["Invoices"])
    assert len(rows) == 7
    assert {
        "Projects": "101",
        "Invoice key": None,
        "Status": "created",
        "Amount in the sheet": 1,
        "Amount read back": 1,
        "Total in Kantata": 1.19,
        "Currency": "EUR",
        "Invoice number": "19050",
        "Invoice ID": "9001",
        "Invoice link": "https://app.example/invoices/9001",
        "Recipient": "Ann Ö",
        "Error": None,
        "What to do": None,
        "Reference": report.planned[0].reference,
        "Request ID": "req-1",
        "Lines": "1 fixed",
        "Rows": "2",
        "Invoice title": None,
        "Number in the sheet": None,
        "Invoice date": None,
        "Net days": 30,
        "Due date": None,
        "PO number": None,
        "Project code": None,
        "Sent as": "draft",
    } == rows[0]
    assert [row["Status"] for row in rows[1:]] == [
        "already created",
        "rejected",
        "in doubt",
        "held",
        "not sent",
        "not sent",
    ]
    assert (rows[2]["Error"], rows[2]["What to do"]) == ("Kantata says no.", "Ask them.")
    assert rows[6]["Reference"] is None


def test_problems_name_cell_value_and_cure(tmp_path: Path) -> None:
    """The sheet Problems lists errors before warnings, with address, value, message and hint."""
    report = all_ends(tmp_path)
    rows = rows_of(opened(write_report(report, tmp_path))["Problems"])
    assert [row[0] for row in rows] == ["Severity", "error", "warning"]
    (problem,) = [one for one in report.problems if one.severity is Severity.ERROR]
    assert rows[1][1] == "Invoices!C8"
    assert rows[1][3:] == ["x", problem.message, problem.hint, "amount.not_a_number"]


def test_the_summary_tells_source_and_control_totals(tmp_path: Path) -> None:
    """File, sheet, batch, run, account; counts and amounts per status, and in all."""
    report = all_ends(tmp_path)
    rows = rows_of(opened(write_report(report, tmp_path))["Summary"])
    facts = {row[0]: row[1:3] for row in rows}
    assert facts["File"][0] == report.source.path
    assert (facts["Sheet"][0], facts["Batch"][0], facts["Run"][0]) == ("Invoices", "2026-10", RUN)
    assert facts["Kantata account"][0] == "https://api.example/api/v1"
    assert facts["created"] == [1, 1]
    assert facts["not sent"] == [2, 6]
    assert facts["total"] == [7, 21]
    assert facts["rows in the sheet"][0] == 7
    texts = " ".join(str(row[0]) for row in rows)
    assert "in doubt" in texts
    assert "to-fix" in texts


@pytest.mark.parametrize("name", ["Invoices", "Lines", "Problems"])
def test_tables_have_a_frozen_header_and_a_filter(tmp_path: Path, name: str) -> None:
    """The header stays in sight and every column can be filtered."""
    sheet = opened(write_report(all_ends(tmp_path), tmp_path))[name]
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == f"A1:{sheet.cell(sheet.max_row, sheet.max_column).coordinate}"


def test_links_are_clickable(tmp_path: Path) -> None:
    """Invoice links are hyperlinks on both sheets, and only where there is an invoice."""
    book = opened(write_report(all_ends(tmp_path), tmp_path))
    for sheet in (book["Invoices"], book["Lines"]):
        cells = [cell for row in sheet.iter_rows() for cell in row if cell.hyperlink]
        assert [cell.hyperlink.target for cell in cells] == [LINK.format(id=9001), LINK.format(id=9002)]
        assert [cell.value for cell in cells] == [cell.hyperlink.target for cell in cells]


def test_statuses_are_coloured(tmp_path: Path) -> None:
    """Every status has a colour of its own."""
    sheet = opened(write_report(all_ends(tmp_path), tmp_path))["Invoices"]
    at = [cell.value for cell in sheet[1]].index("Status")
    colours = {row[at].value: row[at].fill.fgColor.rgb for row in sheet.iter_rows(min_row=2)}
    assert len(colours) == len(set(colours.values())) == 6


# --- original cells -----------------------------------------------------------------

HOSTILE = ["=1+1", '=HYPERLINK("http://evil","x")', "+1234", "-5", "@SUM(A1)", "{=1}", "|x", "http://a.example", "1e5"]


def test_text_never_becomes_a_formula(tmp_path: Path) -> None:
    """Cells that begin like a formula stay text in every workbook: notes, unknown columns, headers, keys, reasons."""
    rows = [[100 + n, "fixed_fee", 5, text, text, text] for n, text in enumerate(HOSTILE)]
    path = table(tmp_path / "in.xlsx", ["Project ID", "Item type", "Amount", "Notes", "Key", "=Head()"], *rows)
    report = report_of(
        path, *[outcome(Status.REJECTED, reason=text, what_to_do=text) for text in HOSTILE], batch="=1+1"
    )
    for command in ("submit", "preview"):
        book = opened(write_report(replace(report, command=command), tmp_path))
        kinds = {cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row}
        assert "f" not in kinds
    fixed = opened(write_to_fix(report, tmp_path))
    assert "f" not in {cell.data_type for sheet in fixed for row in sheet.iter_rows() for cell in row}
    for sheet in (book["Lines"], fixed["Invoices"]):
        assert sheet["F1"].value == "=Head()"
        for column in "DEF":
            cells = [sheet[f"{column}{n + 2}"] for n in range(len(HOSTILE))]
            assert [(cell.value, cell.data_type) for cell in cells] == [(text, "s") for text in HOSTILE]


def test_original_cells_keep_value_and_type(tmp_path: Path) -> None:
    """Numbers, texts with zeros, dates, booleans and blanks come out as they went in, also between unknown columns."""
    when = datetime(2026, 1, 2, 3, 4)  # noqa: DTZ001 - cells have no zone
    row = [None, 101, "fixed_fee", 12.5, "00042", date(2026, 10, 31), True, None, "two\nlines", when]
    header = [None, "Project ID", "Item type", "Amount", "PO", "Invoice date", "Draft", None, "Notes", "When"]
    report = report_of(table(tmp_path / "in.xlsx", ["October"], header, row))
    sheet = opened(write_report(report, tmp_path))["Lines"]
    assert [text or None for text in rows_of(sheet)[0][:10]] == header
    written = rows_of(sheet)[1][:10]
    assert written[:5] == [None, 101, "fixed_fee", 12.5, "00042"]
    assert written[5] == datetime(2026, 10, 31)  # noqa: DTZ001 - cells have no zone
    assert written[6] is True
    assert written[7:] == [None, "two\nlines", when]


def test_csv_cells_stay_text(tmp_path: Path) -> None:
    """What a CSV holds is text, so leading zeros and long ids are not turned into numbers."""
    text = "Project ID,Item type,Amount,PO,Client\n00101,fixed_fee,5,00042,12345678901234567890\n"
    report = report_of(csv_file(tmp_path / "in.csv", text))
    (row,) = by_header(opened(write_report(report, tmp_path))["Lines"])
    assert [row[name] for name in ("Project ID", "PO", "Client")] == ["00101", "00042", "12345678901234567890"]


def test_odd_cells_do_not_stop_the_results(tmp_path: Path) -> None:
    """Times, durations, very long texts and control characters are written somehow; the results are always there."""
    cells = ["x" * 40_000, "a\x0bb".replace("\x0b", "_x000B_"), datetime(2026, 1, 1, 10, 30).time()]  # noqa: DTZ001 - cells have no zone
    path = csv_file(
        tmp_path / "in.csv", f"Project ID,Item type,Amount,Client,Other\n101,fixed_fee,5,{cells[0]},a\x01b\n"
    )
    (row,) = by_header(opened(write_report(report_of(path), tmp_path))["Lines"])
    assert len(str(row["Client"])) <= 32_767
    path = table(tmp_path / "b.xlsx", ["Project ID", "Item type", "Amount", "At"], [101, "fixed_fee", 5, cells[2]])
    (row,) = by_header(opened(write_report(replace(report_of(path), run_id="r2"), tmp_path))["Lines"])
    assert "10:30" in str(row["At"])


# --- preview ------------------------------------------------------------------------


def test_the_preview_holds_the_exact_json(tmp_path: Path) -> None:
    """Per invoice the preview workbook holds the request, character by character."""
    path = records(tmp_path / "in.xlsx", fee(1200, 101, notes="Zürich – 東京"), fee(5, 102), fee("x", 103))
    report = report_of(path, command="preview")
    written = write_report(report, tmp_path)
    assert written.name == f"{RUN}-preview.xlsx"
    book = opened(written)
    assert book.sheetnames == ["Summary", "Invoices", "Lines", "Problems"]
    rows = by_header(book["Invoices"])
    assert [row["JSON to send"] for row in rows] == [
        to_json(report.planned[0].payload),
        to_json(report.planned[1].payload),
        None,
    ]
    assert json.loads(rows[0]["JSON to send"]) == report.planned[0].payload
    assert [row["Status"] for row in rows] == ["ready", "ready", "not sent"]


def test_json_longer_than_a_cell_goes_on_in_the_next(tmp_path: Path) -> None:
    """Excel's cells end at 32,767 characters; the parts join to the exact payload."""
    rows = [fee(5 + n, 101, notes=f"{n} " + "ä" * 500) for n in range(150)]
    report = report_of(records(tmp_path / "in.xlsx", *rows, fee(1, 102)), command="preview")
    sheet = opened(write_report(report, tmp_path))["Invoices"]
    header, long, short = rows_of(sheet)
    at = header.index("JSON to send")
    parts = [str(part) for part in long[at:] if part is not None]
    assert len(parts) == 3
    assert header[at:] == ["JSON to send", "JSON (continued)", "JSON (continued)"]
    assert all(len(part) <= 32_767 for part in parts)
    assert "".join(parts) == to_json(report.planned[0].payload)
    assert short[at:] == [to_json(report.planned[1].payload), None, None]


# --- to fix -------------------------------------------------------------------------


def test_to_fix_holds_exactly_the_unfinished_rows(tmp_path: Path) -> None:
    """Rejected, held, not sent and faulty rows; never what was created, and never what is in doubt."""
    path = write_to_fix(all_ends(tmp_path), tmp_path)
    assert path is not None
    assert path.name == f"{RUN}-to-fix.xlsx"
    rows = by_header(opened(path)["Invoices"])
    assert [row["Client"] for row in rows] == ["Client 3", "Client 5", "Client 6", "Client 7"]
    assert [row["error"] for row in rows[:3]] == ["Kantata says no.", "Changed.", "Stopped."]
    assert str(rows[3]["error"]).startswith("in.xlsx C8: ")


def test_nothing_to_fix_is_no_file(tmp_path: Path) -> None:
    """When every row is an invoice, or may be one, there is nothing to mend."""
    path = records(tmp_path / "in.xlsx", fee(1, 101), fee(2, 102), fee(3, 103))
    report = report_of(
        path, *[outcome(status, "9") for status in (Status.CREATED, Status.ALREADY_CREATED)], outcome(Status.IN_DOUBT)
    )
    assert write_to_fix(report, tmp_path) is None
    assert not list(tmp_path.glob("*to-fix*"))


def test_to_fix_is_read_back_with_its_batch_and_the_same_lines(tmp_path: Path) -> None:
    """Given to submit as it is, it makes the same invoices under the same references."""
    rows = [
        fee(1, 101, purchase_order="00042", invoice_date=date(2026, 10, 31), draft=True, notes="=x", invoice_key=None),
        fee(2, 102, invoice_key="K"),
        fee(3, 103, invoice_key="K", notes="two\nlines"),
        {"workspace_id": "5000000000000000001", "item_type": "time_entry", "item_id": "5000000000000000002"},
        fee(12.34, 3_000_000_000),
    ]
    report = report_of(
        records(tmp_path / "in.xlsx", *rows),
        outcome(Status.CREATED, "9001"),
        *[outcome(Status.REJECTED, reason="no")] * 3,
        batch="=rerun 7",
    )
    path = write_to_fix(report, tmp_path)
    assert path is not None
    sheet = read(path)
    assert (sheet.name, sheet.header_row, sheet.batch) == ("Invoices", 1, "=rerun 7")
    assert sheet.problems == ()
    again = report_of(path, batch=sheet.batch)
    assert again.problems == ()
    unfinished = report.planned[1:]
    assert [(p.reference, p.fingerprint, p.payload) for p in again.planned] == [
        (p.reference, p.fingerprint, p.payload) for p in unfinished
    ]


def test_to_fix_of_a_csv_below_titles_is_read_back(tmp_path: Path) -> None:
    """Titles, blank rows and the CSV's own form do not come in the way."""
    text = "sep=;\nOctober;;;\n\nProject ID;Item type;Amount;PO\n101;fixed_fee;5;00042\n\n102;fixed_fee;6;\n"
    report = report_of(csv_file(tmp_path / "in.csv", text), outcome(Status.CREATED, "1"), outcome(Status.REJECTED))
    assert [problem.code for problem in report.problems] == []
    again = report_of(write_to_fix(report, tmp_path))
    assert [p.payload for p in again.planned] == [report.planned[1].payload]


def test_mending_twice_keeps_one_answer_per_row(tmp_path: Path) -> None:
    """The to-fix workbook of a to-fix workbook has the columns of the first once, with the new reasons."""
    first = report_of(records(tmp_path / "in.xlsx", fee(5, 101)), outcome(Status.REJECTED, reason="old"))
    second = report_of(write_to_fix(first, tmp_path), outcome(Status.REJECTED, reason="new"), run_id="r2")
    header, row = rows_of(opened(write_to_fix(second, tmp_path))["Invoices"])
    assert header == ["workspace_id", "item_type", "amount", "error", "what_to_do"]
    assert row[3] == "new"


def test_an_error_value_stays_an_error_in_to_fix(tmp_path: Path) -> None:
    """A row with #REF! that nobody mended is refused again, not billed with the text “#REF!”."""
    path = workbook(
        tmp_path / "in.xlsx", {"Invoices": [["Project ID", "Item type", "Amount", "Notes"], [101, "fixed_fee", 5, "x"]]}
    )
    book = opened(path)
    book["Invoices"]["D2"] = "#REF!"
    book.save(path)
    report = report_of(path)
    again = report_of(write_to_fix(report, tmp_path))
    assert [(p.code, p.cell) for p in again.problems] == [("notes.error_value", "D2")]


# --- files --------------------------------------------------------------------------


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
def test_only_the_owner_can_read_the_files(tmp_path: Path) -> None:
    """Results hold client data: mode 0600, whatever the umask."""
    before = os.umask(0)
    try:
        report = all_ends(tmp_path)
        paths = [write_report(report, tmp_path), write_to_fix(report, tmp_path)]
    finally:
        os.umask(before)
    assert [stat.S_IMODE(path.stat().st_mode) for path in paths if path] == [0o600, 0o600]


def test_nothing_is_ever_overwritten(tmp_path: Path) -> None:
    """A second file of the same name is refused and leaves the first as it was; no half-written file stays."""
    report = all_ends(tmp_path)
    for write in (write_report, write_to_fix):
        path = write(report, tmp_path)
        assert path is not None
        content = path.read_bytes()
        with pytest.raises(SettingsProblem, match="exists already"):
            write(report, tmp_path)
        assert path.read_bytes() == content
    written = [f"{RUN}-results.html", f"{RUN}-results.xlsx", f"{RUN}-to-fix.xlsx"]
    assert sorted(path.name for path in tmp_path.iterdir()) == [*written, "in.xlsx"]


def test_the_folder_is_tried_before_anything_is_sent(tmp_path: Path) -> None:
    """A missing folder is made; one that cannot be written to is refused with the way out."""
    prepare_folder(tmp_path / "a" / "b")
    assert list((tmp_path / "a" / "b").iterdir()) == []
    csv_file(tmp_path / "file", "x")
    with pytest.raises(SettingsProblem) as caught:
        prepare_folder(tmp_path / "file")
    assert "--reports" in caught.value.hint


# --- the JSON document ----------------------------------------------------------------


def test_the_json_document_has_the_promised_shape(tmp_path: Path) -> None:
    """Keys and types as published, exactly: programs rely on them."""
    rows = [
        fee(1200, 101),
        {**fee(12.5, 101), "notes": "x"},
        fee(7, 103, invoice_key="K"),
        fee("x", 104, Client="c"),
        {"workspace_id": 102, "item_type": "time_entry", "item_id": 5001, "invoice_key": "K"},
    ]
    path = records(tmp_path / "in.xlsx", *rows)
    report = report_of(
        path,
        outcome(Status.CREATED, "9001", read_back=ReadBack(number="7")),
        outcome(Status.REJECTED, reason="no", what_to_do="ask"),
        exit_code=ExitCode.SOME_NOT_SENT,
        files={"results": tmp_path / "r.xlsx", "to_fix": None},
    )
    document = json.loads(to_json(to_document(report)))
    assert document == to_document(report)
    assert {name: document[name] for name in ("schema_version", "command", "run_id", "batch", "exit_code")} == {
        "schema_version": 1,
        "command": "submit",
        "run_id": RUN,
        "batch": "2026-10",
        "exit_code": 4,
    }
    assert document["source"] == {
        "path": str(path),
        "sheet": "Invoices",
        "sha256": report.source.sha256,
        "rows": 5,
    }
    assert document["totals"] == {
        "rows": 5,
        "invoices": 3,
        "amount": "1219.50",
        "by_status": {"created": 1, "rejected": 1, "not_sent": 1},
    }
    created, rejected, faulty = document["invoices"]
    promised = {
        "reference",
        "workspace_ids",
        "invoice_key",
        "rows",
        "status",
        "invoice_id",
        "invoice_link",
        "amount",
        "payload",
        "error",
        "what_to_do",
    }
    assert promised <= set(created)
    assert {name: created[name] for name in promised} == {
        "reference": report.planned[0].reference,
        "workspace_ids": [101],
        "invoice_key": None,
        "rows": [2, 3],
        "status": "created",
        "invoice_id": "9001",
        "invoice_link": "https://app.example/invoices/9001",
        "amount": "1212.50",
        "payload": report.planned[0].payload,
        "error": None,
        "what_to_do": None,
    }
    assert (rejected["workspace_ids"], rejected["invoice_key"], rejected["rows"]) == ([103, 102], "K", [4, 6])
    assert (rejected["amount"], rejected["error"], rejected["what_to_do"]) == ("7", "no", "ask")
    assert (faulty["status"], faulty["payload"], faulty["reference"], faulty["amount"]) == ("not_sent", None, None, "0")
    (problem,) = [problem for problem in document["problems"] if problem["severity"] == "error"]
    assert list(problem) == ["severity", "code", "sheet", "cell", "row", "column", "value", "message", "hint"]
    assert [problem[name] for name in list(problem)[:7]] == [
        "error",
        "amount.not_a_number",
        "Invoices",
        "C5",
        5,
        "amount",
        "x",
    ]
    assert document["files"] == {"results": str(tmp_path / "r.xlsx"), "to_fix": None}


@pytest.mark.parametrize(
    ("amount", "shown"),
    [("1200", "1200"), ("1200.00", "1200"), ("12.5", "12.50"), ("-0.1", "-0.10"), ("0", "0"), ("1E+3", "1000")],
)
def test_amounts_are_shown_without_needless_decimals(amount: str, shown: str) -> None:
    """1200 and 12.50, never 1.2E+3."""
    assert plain_amount(Decimal(amount)) == shown


def test_the_rows_of_the_report_are_answered_once(tmp_path: Path) -> None:
    """Each row belongs to at most one invoice."""
    report = all_ends(tmp_path)
    rows = report.by_row()
    assert sorted(rows) == [2, 3, 4, 5, 6, 7, 8]
    assert all(isinstance(planned, (PlannedInvoice, InvoiceResult)) for planned in rows.values())


def test_to_fix_colours_the_wrong_cells_with_its_own_coordinates(tmp_path: Path) -> None:
    """Who corrects this workbook finds the cell in it; the address of the file that was read stands there too."""
    header = ("workspace_id", "item_type", "amount", "payment_schedule")
    path = table(
        tmp_path / "in.xlsx", header, (101, "fixed_fee", 5, 30), (101, "fixed_fee", 0, 30), (102, "fxd", 7, 30)
    )
    report = report_of(path, exit_code=ExitCode.FILE_PROBLEMS)
    sheet = opened(write_to_fix(report, tmp_path))["Invoices"]
    plain = {sheet["A2"].fill.fgColor.rgb}
    coloured = [cell.coordinate for row in sheet.iter_rows() for cell in row if cell.fill.fgColor.rgb == "FFFFC7CE"]
    assert (coloured, plain & {"FFFFC7CE"}) == (["C3", "B4"], set())
    errors = [row[4].value for row in sheet.iter_rows(min_row=2)]
    assert errors[1].startswith("in.xlsx C3: ")
    assert errors[2].endswith("Here: B4.")
    assert (sheet["C3"].value, sheet["B4"].value) == (0, "fxd")


def test_a_preview_prints_what_is_filled_and_no_more(tmp_path: Path) -> None:
    """What an accountant approves stands on one page wide; columns without a cell stand at the right, not printed."""
    path = records(
        tmp_path / "in.xlsx",
        {
            "workspace_id": 101,
            "item_type": "fixed_fee",
            "amount": 5,
            "payment_schedule": 30,
            "invoice_date": "2026-10-31",
            "purchase_order": "00042",
            "user_invoice_title": "Relaunch",
        },
    )
    sheet = opened(write_report(report_of(path, command="preview"), tmp_path))["Invoices"]
    titles = [cell.value for cell in sheet[1]]
    last = openpyxl.utils.range_boundaries(sheet.print_area.split("!")[1])[2]
    printed = dict(zip(titles[:last], [cell.value for cell in sheet[2]], strict=False))
    assert printed["Due date"] == datetime(2026, 11, 30)  # noqa: DTZ001 - a day
    assert (printed["PO number"], printed["Net days"], printed["Sent as"]) == ("00042", 30, "draft")
    assert "Recipient" in titles[last:]
    assert (sheet.page_setup.orientation, sheet.page_setup.fitToHeight) == ("landscape", 0)
    assert sum(sheet.column_dimensions[cell.column_letter].width for cell in sheet[1][:last]) < 200


def test_a_sheet_without_rows_prints_all_its_titles(tmp_path: Path) -> None:
    """“Severity” alone on a page says nothing; a row of titles says that there is no problem."""
    path = records(tmp_path / "in.xlsx", fee(1, 101))
    sheet = opened(write_report(report_of(path, command="preview"), tmp_path))["Problems"]
    assert sheet.max_row == 1
    assert openpyxl.utils.range_boundaries(sheet.print_area.split("!")[1])[2] == sheet.max_column


def test_rows_that_are_wider_than_a_page_print_on_several_side_by_side(tmp_path: Path) -> None:
    """Each page repeats the columns that tell the rows apart, and holds as many characters as can be read."""
    wide = {f"Remark {number}": "a text that goes over several lines" for number in range(18)}
    path = records(tmp_path / "in.xlsx", {"workspace_id": 101, "invoice_key": "K1", **fee(5, 101), **wide})
    book = opened(write_report(report_of(path, command="preview"), tmp_path))
    sheet = book["Lines"]
    last = openpyxl.utils.range_boundaries(sheet.print_area.split("!")[1])[2]
    width = sum(sheet.column_dimensions[cell.column_letter].width for cell in sheet[1][:last])
    assert PAGE_WIDTH < width < 2 * PAGE_WIDTH
    assert sheet.page_setup.fitToWidth == 2
    assert (sheet.print_title_rows, sheet.print_title_cols) == ("$1:$1", "$A:$B")
    assert sheet["F2"].alignment.wrap_text
    assert int(book["Problems"].page_setup.fitToWidth or 1) == 1


def test_results_print_what_is_looked_at_on_one_page_wide(tmp_path: Path) -> None:
    """Ids, links and what was read from the sheet stand at the right, for the screen."""
    path = records(tmp_path / "in.xlsx", *(fee(number, 100 + number) for number in range(1, 8)))
    sheet = opened(write_report(report_of(path, *ALL_ENDS), tmp_path))["Invoices"]
    titles = [cell.value for cell in sheet[1]]
    last = openpyxl.utils.range_boundaries(sheet.print_area.split("!")[1])[2]
    wanted = {"Projects", "Status", "Amount in the sheet", "Total in Kantata", "Invoice number", "Error", "What to do"}
    assert wanted <= set(titles[:last])
    assert {"Invoice link", "Invoice ID", "Reference", "Net days", "Rows"} <= set(titles[last:])
    assert sum(sheet.column_dimensions[cell.column_letter].width for cell in sheet[1][:last]) < 200
