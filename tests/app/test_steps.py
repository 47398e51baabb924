"""From a file to its invoices: what is shown is what is approved, what is approved is what is sent, and only once."""

from __future__ import annotations

import re
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
import xlsxwriter
from desktops import Desktop, Person, desktop_at, fees, sheet_of
from sheets import table

from importer.app import grid
from importer.app.totals import AskedTotal
from importer.model.errors import SettingsProblem
from importer.model.exit_codes import ExitCode
from importer.reporting.workbook import results
from importer.sandbox.faults import Fault, FaultKind

if TYPE_CHECKING:
    from pathlib import Path

    from importer.sandbox.running import Sandbox


def test_a_file_is_looked_at_approved_and_sent(desktop: Desktop, person: Person) -> None:
    """The approval is the record that the command makes; results can be had; a second time nothing is left to send."""
    path = person.choose(sheet_of(*fees(3)))
    assert "3 drafts would be created" in person.text
    person.approve(path)
    with_ledger = desktop.ledger()
    [approval] = with_ledger.approvals.of("2026-10", "")
    assert approval.plan_hash[:12] in person.text

    person.send(path, "306")
    person.settled(path)
    assert "3 drafts created." in person.text
    assert len(desktop.sandbox.invoices()) == 3
    [approval] = with_ledger.approvals.of("2026-10", "")
    assert approval.ended is not None
    assert person.get(f"{path}/get/results").headers["Content-Disposition"].endswith("-results.xlsx")

    person.post(f"{path}/again")
    person.settled(path)
    assert "Nothing is to be sent" in person.text
    assert desktop.sent() == 3
    with_ledger.close()


def test_nothing_is_sent_without_approval_and_typed_totals(desktop: Desktop, person: Person) -> None:
    """Nor by a page that shows an earlier plan."""
    path = person.choose(sheet_of(*fees(2)))
    person.send(path, "203")
    assert "Approve 2 invoices" in person.text

    person.approve(path)
    person.send(path, "230")
    assert person.seen.status_code == 400
    assert "Nothing was sent" in person.text
    person.get(path)
    earlier = person.field("plan")
    person.post(f"{path}/again")
    person.settled(path)
    person.approve(path)
    person.post(f"{path}/send", {"plan": earlier, "total-0": "203"})
    assert "reading" not in person.text
    assert desktop.sent() == 0


def test_a_wrong_total_leaves_the_right_ones(desktop: Desktop, person: Person) -> None:
    """They stay typed; each wrong one is named with its figure, and is empty."""
    path = person.choose(sheet_of(*fees(1), *(f"{n},K{n},Fixed fee,W,1234567,30,2026-10-31" for n in (106, 108))))
    person.approve(path)
    person.send(path, "101.00", "12", "12")
    assert person.seen.status_code == 400
    assert person.field("total-0") == "101.00"
    assert 'name="total-1" value' not in person.seen.text
    for wrong in ("USD, 1 invoice (1,234,567.00)", "GBP, 1 invoice (1,234,567.00)"):
        assert wrong in person.text
    assert desktop.sent() == 0


@pytest.mark.parametrize(
    ("figure", "typed", "agrees"),
    [
        ("38,721.10", "38721.10", True),
        ("38,721.10", "38.721,10", True),
        ("38,721.10", " 38 721.10 ", True),
        ("38,721.10", "38721.1", False),
        ("38,721.10", "3872110", False),
        ("38,721.10", "-38721.10", False),
        ("1,200.00", "1200", True),
        ("1,200.00", "12.00", False),
        ("1,200.00", "120000", False),
        ("1,200.00", "1.200", True),
        ("20.005", "20.005", True),
        ("-240.00", "240", False),
        ("7", "7", True),
        ("7", "", False),
    ],
)
def test_a_total_is_typed_in_any_spelling(figure: str, typed: str, *, agrees: bool) -> None:
    """But every digit and the sign."""
    assert AskedTotal("total-0", "EUR", figure).agrees(typed) is agrees


def test_what_changed_since_the_approval_is_not_sent(desktop: Desktop, person: Person) -> None:
    """Here the file itself, behind the back of the program."""
    path = person.choose(sheet_of(*fees(2)))
    person.approve(path)
    [file] = desktop.settings.reports.glob("from-app/*/*")
    file.write_bytes(sheet_of(*fees(2)).replace(b",102,", b",999,"))
    person.send(path, "203")
    person.settled(path)
    assert "the plan changed" in person.text
    assert desktop.sent() == 0


def test_cells_are_corrected_in_a_copy(desktop: Desktop, person: Person) -> None:
    """The file stays as it was; what was typed is judged as if it stood in the sheet."""
    content = sheet_of("101,K1,Fixd fee,A,100,30,2026-10-31", "102,K2,Fixed fee,B,1;5,30,2026-10-31")
    path = person.choose(content)
    assert "2 problems" in person.text
    assert person.field("C2") == "Fixd fee"
    plan = person.field("plan")
    person.post(f"{path}/correct", {"plan": plan, "C2": "Fixed fee", "E3": "x", "A3": "102", "Z99": "no"})
    person.settled(path)
    assert "1 problem" in person.text
    assert person.field("E3") == "x"
    person.post(f"{path}/correct", {"plan": plan, "E3": "1"})  # from a page of the earlier plan
    person.settled(path)
    assert "1 problem" in person.text

    person.post(f"{path}/correct", {"plan": person.field("plan"), "E3": "200"})
    person.settled(path)
    assert "2 drafts would be created" in person.text
    assert person.get(f"{path}/get/corrected").content.startswith(b"PK")
    kept = [file.read_bytes() for file in desktop.settings.reports.glob("from-app/*/october.csv")]
    assert kept == [content]


def test_a_header_is_named_or_left_out(person: Person, tmp_path: Path) -> None:
    """A header that may be meant for a known column is a choice of the person."""
    head = ("Project ID", "Item typ", "Description", "Amount", "Net days", "Purchase ordr")
    book = table(tmp_path / "a.xlsx", head, [101, "Fixed fee", "A", 100, 30, "x"]).read_bytes()
    path = person.choose(book, "a.xlsx")
    plan = person.field("plan")
    person.post(f"{path}/correct", {"plan": plan, "B1": "Item type", "F1": "\x00"})
    person.settled(path)
    assert "1 draft would be created" in person.text


def test_sound_rows_can_go_without_the_faulty_ones(desktop: Desktop, person: Person) -> None:
    """Only when the person says so."""
    path = person.choose(sheet_of("102,K9,Fixed fee,B,zero,30,2026-10-31", *fees(2)))
    person.post(f"{path}/again", {"partial": "yes"})
    person.settled(path)
    assert "2 drafts would be created. The rows with problems stay unbilled." in person.text
    assert "--partial" not in person.text
    assert "Approve 2 invoices" in person.text
    person.approve(path)
    person.send(path, "203")
    person.settled(path)
    assert "2 drafts created." in person.text
    assert "2 drafts wait in Kantata: check and issue them there." in person.text
    assert desktop.sent() == 2
    assert person.get(f"{path}/get/to_fix").status_code == 200


def test_a_file_that_cannot_be_read_says_why(person: Person) -> None:
    """And the next one can be chosen."""
    person.choose(b"\x00\x01", "a.xlsx")
    assert "damaged" in person.text
    assert "Choose another file" in person.text
    person.post("/files")
    assert "No file was chosen" in person.text


def test_another_run_holds_the_lock(desktop: Desktop, person: Person) -> None:
    """The page says so, and nothing is sent; afterwards the same approval still counts."""
    path = person.choose(sheet_of(*fees(1)))
    person.approve(path)
    ledger = desktop.ledger()
    with ledger.exclusive("20261031-120000-abcd"):
        person.send(path, "101")
        person.settled(path)
        assert "Another" in person.text
    ledger.close()
    assert desktop.sent() == 0
    person.send(path, "101")
    person.settled(path)
    assert desktop.sent() == 1


def test_a_second_tab_sends_nothing_twice(tmp_path: Path, sandbox: Sandbox) -> None:
    """The button pressed twice, in two tabs, is pressed once; both tabs show how far it is."""
    sandbox.misbehave(Fault(FaultKind.SLOW_BEFORE, seconds=0.2, times=4))
    with desktop_at(tmp_path, sandbox, pace_per_second=1000, workers=1) as desktop:
        one, other = Person(desktop), Person(desktop)
        path = one.choose(sheet_of(*fees(4)))
        one.approve(path)
        other.get(path)
        one.send(path, "410")
        other.send(path, "410")
        assert "Stop after the invoices under way" in one.text
        assert "Stop after the invoices under way" in other.text
        one.get("/")
        assert "is being sent" in one.text
        [work] = desktop.serving.desk.files
        progress = work.progress
        desktop.serving.desk.send(work)  # as two tabs in the same moment
        assert work.progress is progress
        other.settled(path)
        assert "4 drafts created." in other.text
        assert desktop.sent() == 4


def test_stopping_leaves_the_rest_unsent_and_said(tmp_path: Path, sandbox: Sandbox) -> None:
    """The request under way is settled; the rest can be sent later."""
    sandbox.misbehave(Fault(FaultKind.SLOW_BEFORE, seconds=0.3, times=9))
    with desktop_at(tmp_path, sandbox, pace_per_second=1000, workers=1) as desktop:
        person = Person(desktop)
        path = person.choose(sheet_of(*fees(9)))
        person.approve(path)
        person.send(path, "945")
        person.post(f"{path}/stop")
        person.settled(path)
        assert "not sent" in person.text
        assert len(sandbox.invoices()) == desktop.sent() < 9


def test_the_end_of_the_program_waits_for_the_request_under_way(tmp_path: Path, sandbox: Sandbox) -> None:
    """So no invoice is left in doubt by it."""
    sandbox.misbehave(Fault(FaultKind.SLOW_BEFORE, seconds=0.5, times=9))
    with desktop_at(tmp_path, sandbox, pace_per_second=1000, workers=2) as desktop:
        person = Person(desktop)
        path = person.choose(sheet_of(*fees(9)))
        person.approve(path)
        person.send(path, "945")
        while not desktop.sent():
            time.sleep(0.01)
        assert desktop.serving.desk.close(ExitCode.TERMINATED)
        ledger = desktop.ledger()
        assert ledger.open_questions() == []
        assert ledger.holder() is None
        assert len(sandbox.invoices()) == desktop.sent() < 9
        ledger.close()


def test_files_of_the_inbox_are_listed_and_stay_there(desktop: Desktop, person: Person) -> None:
    """A copy of them is looked at."""
    desktop.settings.inbox.mkdir()
    waiting = desktop.settings.inbox / "november.csv"
    waiting.write_bytes(sheet_of(*fees(1)))
    person.get("/")
    assert "november.csv" in person.text
    person.post("/inbox", {"name": "november.csv"})
    person.settled(person.path)
    assert "1 draft would be created" in person.text
    assert waiting.exists()


def test_many_problems_come_page_by_page(person: Person) -> None:
    """Thirty rows with problems at a time, each with its neighbours."""
    lines = [f"101,K{number},Fixed fee,A,zero,30,2026-10-31" for number in range(100)]
    path = person.choose(sheet_of(*lines))
    assert "page 1 of 4" in person.text
    assert person.field("E31") == "zero"
    assert 'name="E33"' not in person.seen.text
    person.get(f"{path}/problems?page=4")
    assert person.field("E101") == "zero"
    person.post(f"{path}/correct?page=4", {"plan": person.field("plan"), "E101": "5"})
    person.settled(path)
    assert "99 problems" in person.text


def test_a_page_of_problems_costs_the_same_however_long_the_sheet_is(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It holds thirty rows with their neighbours, and no other row is laid out for it."""
    laid_out: list[object] = []
    shown = grid.shown
    monkeypatch.setattr(grid, "shown", lambda cell: laid_out.append(cell) or shown(cell))
    sizes = []
    for count in (150, 3_000):
        lines = [f"101,K{number},Fixed fee,A,{'zero' if number % 3 else 5},30,2026-10-31" for number in range(count)]
        path = person.choose(sheet_of(*lines), f"rows-{count}.csv")
        laid_out.clear()
        person.get(f"{path}/problems?page=2")
        assert len(laid_out) <= 3 * grid.MOST_ROWS * 7
        sizes.append(len(person.seen.content))
    assert sizes[1] < sizes[0] * 1.3 + 10_000


def test_what_cannot_be_corrected_here_says_where_it_can(person: Person, tmp_path: Path) -> None:
    """Nothing is calculated here, so a cell on which a formula may depend is corrected in Excel."""
    with xlsxwriter.Workbook(tmp_path / "a.xlsx") as book:
        sheet = book.add_worksheet("Invoices")
        sheet.write_row(0, 0, ["Project ID", "Item type", "Description", "Amount", "Net days", "Hours"])
        sheet.write_row(1, 0, ["1o1", "Fixed fee", "A", 500, 30, 5])
        sheet.write_formula("D2", "=F2*100", None, 500)
    path = person.choose((tmp_path / "a.xlsx").read_bytes(), "a.xlsx")
    person.post(f"{path}/correct", {"plan": person.field("plan"), "F2": "6"})
    person.settled(path)
    assert "formulas may depend on these cells" in person.text
    person.post(f"{path}/correct", {"plan": person.field("plan"), "A2": "101"})
    person.settled(path)
    assert "1 draft would be created" in person.text


def test_hidden_characters_of_a_cell_are_no_correction(person: Person) -> None:
    """They are shown as escapes, which the page sends back with all the other cells."""
    path = person.choose(sheet_of("101,K1,Fixd fee,A\u202eB,100,30,2026-10-31"))
    assert person.field("D2") == "A\\u202eB"
    person.post(f"{path}/correct", {"plan": person.field("plan"), "C2": "Fixed fee", "D2": "A\\u202eB"})
    person.settled(path)
    assert "1 cell corrected" in person.text or "draft would be created" in person.text
    person.get(f"{path}/problems")
    assert "1 cell corrected" in person.text


def test_an_invoice_held_as_a_repeat_is_released_by_the_person(desktop: Desktop, person: Person) -> None:
    """By the rule of --allow-repeat: only it, and only what the person then approves is sent."""
    first = person.choose(sheet_of(*fees(1)))
    person.approve(first)
    person.send(first, "101")
    person.settled(first)

    path = person.choose(sheet_of("101,Z1,Fixed fee,Work 1,101,30,2026-10-31"), "again.csv")
    assert "Nothing is to be sent" in person.text
    assert "release it below" in person.text
    assert "--allow-repeat" not in person.text
    [reference] = re.findall(r'name="reference" value="([^"]+)"', person.seen.text)

    person.post(f"{path}/repeat", {"plan": person.field("plan"), "reference": "another"})
    person.settled(path)
    assert "Nothing is to be sent" in person.text
    person.post(f"{path}/repeat", {"plan": person.field("plan"), "reference": reference})
    person.settled(path)
    assert "Approve 1 invoice" in person.text
    assert "Released by you, although the like was billed before Z1: Possible duplicate" in person.text
    assert "as retainers have them" not in person.text
    assert desktop.sent() == 1

    person.post(f"{path}/hold", {"plan": person.field("plan"), "reference": reference})
    person.settled(path)
    assert "Nothing is to be sent" in person.text
    person.post(f"{path}/repeat", {"plan": person.field("plan"), "reference": reference})
    person.settled(path)

    person.approve(path)
    person.send(path, "101")
    person.settled(path)
    assert desktop.sent() == 2


@pytest.mark.parametrize("changed", ["cells", "columns"])
def test_what_was_released_is_asked_about_again_when_the_rows_change(person: Person, changed: str) -> None:
    """The word was given for the invoice as it was shown; other cells or columns may make another of it."""
    first = person.choose(sheet_of(*fees(1)))
    person.approve(first)
    person.send(first, "101")
    person.settled(first)

    lines = ("101,Z1,Fixed fee,Work 1,101,30,2026-10-31", *fees(2)[1:], "102,K9,Fixed fee,B,zero,30,2026-10-31")
    path = person.choose(sheet_of(*lines), "again.csv")
    person.post(f"{path}/again", {"partial": "yes"})
    person.settled(path)
    [reference] = re.findall(r'name="reference" value="([^"]+)"', person.seen.text)
    person.post(f"{path}/repeat", {"plan": person.field("plan"), "reference": reference})
    person.settled(path)
    assert "Approve 2 invoices" in person.text

    person.post(f"{path}/again", {"partial": "yes"})  # nothing changed
    person.settled(path)
    assert "Approve 2 invoices" in person.text

    if changed == "cells":
        person.get(f"{path}/problems")
        person.post(f"{path}/correct", {"plan": person.field("plan"), "E4": "7"})
    else:
        person.get(f"{path}/columns")
        person.post(f"{path}/columns", {"draft": person.field("draft"), "column-6": "-"})
    person.settled(path)
    assert "Released by you" not in person.text
    assert 'name="reference"' in person.seen.text


def test_a_likely_value_is_offered_and_only_that(person: Person) -> None:
    """A known word like the one that was typed; else what the rows around say. An amount is never guessed."""
    lines = [
        "101,K1,Fixed fee,A,100,30,2026-10-31",
        "101,K1,Fixd fee,B,zero,,2026-10-31",
        "101,K1,Fixed fee,C,100,30,2026-10-31",
        ",K2,Fixed fee,D,100,30,2026-10-31",
        "102,K3,Fixed fee,E,100,30,2026-10-31",
    ]
    person.choose(sheet_of(*lines))
    offered = re.findall(r'data-into="(\w+)" data-text="([^"]*)"', person.seen.text)
    assert ("C3", "Fixed fee") in offered
    assert not {cell for cell, _ in offered} & {"E3", "A5"}


def test_hints_on_the_pages_name_no_command_and_no_settings_file(person: Person) -> None:
    """There is a step for it; what is left says what to do."""
    path = person.choose(sheet_of("101,K1,Fixd,A,100,30,2026-10-31").replace(b"Description", b"Kunde Nr Bla"))
    for page in (f"{path}/problems", path):
        person.get(page)
        assert "invoice-importer map" not in person.text
        assert "importer.toml" not in person.text
    assert "the step Columns asks what it means" in person.text


def test_the_first_page_says_what_became_of_a_file(desktop: Desktop, person: Person) -> None:
    """Counts by status instead of “done”, and what was undone since; each with the time at which its copy was taken."""
    path = person.choose(sheet_of(*fees(2)))
    person.get("/")
    assert re.search(r"october.csv taken at \d\d:\d\d · was checked", person.text)
    person.approve(person.settled(path))
    person.send(path, "203")
    person.settled(path)
    person.get("/")
    assert "· 2 created" in person.text
    ledger = desktop.ledger()
    [run] = ledger.runs()
    ledger.close()
    person.post(f"/run/{run.run_id}/look")
    person.settled(f"/run/{run.run_id}")
    person.post(f"/run/{run.run_id}/undo", {"shown": person.field("shown")})
    person.settled(f"/run/{run.run_id}")
    person.get("/")
    assert "2 created, 2 undone since" in person.text


def test_one_of_several_sheets_is_chosen_on_the_page(person: Person, tmp_path: Path) -> None:
    """No command is needed for it; the chosen sheet is then read."""
    head = ["Project ID", "Item type", "Description", "Amount", "Net days"]
    with xlsxwriter.Workbook(tmp_path / "a.xlsx") as book:
        for name, amount in (("October", 100), ("November", 200)):
            sheet = book.add_worksheet(name)
            sheet.write_row(0, 0, head)
            sheet.write_row(1, 0, [101, "Fixed fee", "A", amount, 30])
    path = person.choose((tmp_path / "a.xlsx").read_bytes(), "a.xlsx")
    assert "Which sheet holds the invoice rows?" in person.text
    assert "--sheet" not in person.text
    person.post(f"{path}/sheet", {"name": "Elsewhere"})
    assert "Which sheet holds the invoice rows?" in person.text
    person.post(f"{path}/sheet", {"name": "November"})
    person.settled(path)
    assert "1 draft would be created" in person.text
    assert "200.00" in person.text


def test_a_file_in_which_nothing_looks_like_a_header_leads_to_no_dead_end(person: Person) -> None:
    """The step with the columns cannot help there, so it is not offered a second time."""
    path = person.choose(b"101,5,3\n102,7,4\n", "bare.csv")
    if "Say what its columns mean" in person.text:
        person.get(f"{path}/columns")
    assert "Say what its columns mean" not in person.text
    assert "Choose another file" in person.text


def test_results_in_two_steps_say_how_many_were_there_before(person: Person) -> None:
    """The sum is of both, and the sentence above it of what was created now."""
    first = person.choose(sheet_of(*fees(1)))
    person.approve(first)
    person.send(first, "101")
    person.settled(first)
    path = person.choose(sheet_of(*fees(2)))
    person.approve(path)
    person.send(path, "102")
    person.settled(path)
    assert "1 draft created." in person.text
    assert "2 invoices, 1 of them before" in person.text


def test_an_invoice_that_changed_is_billed_again_in_another_batch(desktop: Desktop, person: Person) -> None:
    """The page says so, and there the person names it; no option of a command is needed."""
    first = person.choose(sheet_of(*fees(1)))
    person.approve(first)
    person.send(first, "101")
    person.settled(first)

    path = person.choose(sheet_of("101,K1,Fixed fee,Other work,150,30,2026-10-31"), "again.csv")
    assert "choose another batch below" in person.text
    assert "--batch" not in person.text
    assert "invoice-importer undo" not in person.text
    person.post(f"{path}/batch", {"plan": "another", "name": "2026-10-again"})
    assert "Nothing is to be sent" in person.text
    person.post(f"{path}/batch", {"plan": person.field("plan"), "name": " 2026-10-again "})
    person.settled(path)
    assert "Approve 1 invoice" in person.text
    assert "batch 2026-10-again" in person.text

    person.post(f"{path}/batch", {"plan": person.field("plan"), "name": ""})
    person.settled(path)
    assert "batch 2026-10 " in person.text
    assert desktop.sent() == 1


def test_problems_are_shown_while_the_files_are_written(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """The workbook of a large sheet takes as long as its plan; the person corrects meanwhile."""
    asked, write = threading.Event(), results.write_with_page

    def slowly(*words: Any) -> Any:
        assert asked.wait(60)
        return write(*words)

    monkeypatch.setattr(results, "write_with_page", slowly)
    person.post("/files", files={"file": ("a.csv", sheet_of("101,K1,Fixed fee,A,zero,30,2026-10-31"))})
    path = person.path
    while person.get(f"{path}/state").headers["X-Phase"] == "reading":
        time.sleep(0.01)
    person.get(path)
    assert "1 problem" in person.text
    assert "The files are being written." in person.text
    assert person.get(f"{path}/files").headers["X-Phase"] == "writing"
    asked.set()
    person.settled(path)
    assert "being written" not in person.text
    assert "Your workbook, marked" in person.text
    assert person.get(f"{path}/get/preview").content.startswith(b"PK")


def test_a_plan_whose_files_cannot_be_written_says_so(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """The plan itself stands."""

    def full(*_: object) -> None:
        raise SettingsProblem("The disk is full.", "Make room.", code="reports")

    monkeypatch.setattr(results, "write_with_page", full)
    person.choose(sheet_of(*fees(2)))
    assert "The disk is full." in person.text
    assert "Approve 2 invoices" in person.text
