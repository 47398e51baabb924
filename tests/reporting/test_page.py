"""The page beside each workbook: what an accountant approves, in one file that loads and runs nothing."""

from __future__ import annotations

import base64
import hashlib
import re
import stat
from dataclasses import replace
from decimal import Decimal
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sheets import records

from importer.model.answers import Difference, ReadBack, TieOut
from importer.model.plans import Expected, Status
from importer.reporting.document import document_of
from importer.reporting.page import writing
from importer.reporting.page.cards import MOST_CARDS
from importer.reporting.page.writing import content_of, rendered, write_page
from importer.sandbox import Fault, FaultKind
from reports import LINK, RUN, outcome, report_of

if TYPE_CHECKING:
    import pytest
    from programs import Cli

    from importer.reporting.report import Report
    from importer.sandbox.running import Sandbox

MOST_BYTES = 500_000
SAMPLE = Path(__file__).parents[2] / "sample_data" / "agency_october_2026.xlsx"
TEXTS = ("notes", "user_invoice_title", "purchase_order", "message", "invoice_key")
IN_A_CELL = "<script>alert(1)</script>\"'><img src=//x.test/ onerror=alert(1)>=cmd|'/c calc'!A1\u202egpj\u200b&#x202e;"
"""Openpyxl writes no control characters; a server may send them."""
EVIL = f"\x1b[2J{IN_A_CELL}\x9b"


class Seen(HTMLParser):
    """The elements of a page with their attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.texts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.tags.add(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        """Note a text."""
        self.texts.append(data)

    @property
    def text(self) -> str:
        """All texts, with single blanks."""
        return " ".join(" ".join(self.texts).split())


def fee(workspace: int, amount: object, **cells: object) -> dict[str, object]:
    """One fixed-fee row."""
    usual = {"item_type": "fixed_fee", "payment_schedule": 30, "invoice_date": "2026-10-31", "draft": "yes"}
    return {"workspace_id": workspace, "amount": amount, **usual, **cells}


def page_of(report: Report) -> str:
    """The page of a report as text."""
    return rendered("report.html", **content_of(report, Path("october-preview.xlsx")))


def priced(report: Report, currency: str = "EUR") -> Report:
    """The report as if Kantata had named a currency and priced each invoice as the sheet does."""
    planned = []
    for each in report.planned:
        expected = Expected(("Relaunch",) * len(each.invoice.workspace_ids), currency, each.invoice.amount)
        planned.append(replace(each, expected=expected))
    return replace(report, planned=tuple(planned))


# --- what it says -------------------------------------------------------------------------------


def test_a_page_says_what_would_happen_and_shows_each_invoice(cli: Cli, sandbox: Sandbox) -> None:
    """Drafts or issued, e-mails or not, one sum per currency; and per invoice all that an accountant approves."""
    done = cli.at(sandbox).run("preview", SAMPLE, "--json")
    path = Path(done.document["files"]["page"])
    assert path.name == f"{done.document['run_id']}-preview.html"
    text = Seen(path.read_text(encoding="utf-8")).text

    assert "October 2026 11 drafts would be created. Nothing is issued, no e-mail leaves." in text
    for total in done.document["totals_by_currency"]:
        assert f"{total['currency']} {Decimal(total['expected_total']):,.2f} {total['invoices']} invoice" in text
    assert "38 of 38 rows accounted for" in text
    assert "Website-Relaunch, Oktober Website-Relaunch Bäckerei Müller 2026-10-31 → due 2026-11-30" in text
    assert "30 days · PO 00042 · 7 lines" in text
    assert "Time entry Entwurf Startseite, 2026-10-05 2:15 h × 110.00 247.50" in text
    assert "Fixed fee Projektleitung Oktober taxable 1,800.00" in text
    assert "Total, before tax 3,313.62" in text
    assert "Goes to the client lead of the project Sent as draft Number Kantata’s next, in the order of arrival" in text


def test_issued_invoices_are_said_in_the_first_line(tmp_path: Path) -> None:
    """So are e-mails."""
    rows = (fee(101, 100, draft="no", suppress_emails="no"), fee(102, 200, invoice_key="B"))
    text = Seen(page_of(report_of(records(tmp_path / "in.xlsx", *rows), command="preview"))).text
    assert "1 draft would be created; 1 invoice would be ISSUED and e-mails may go out." in text
    assert "no e-mail leaves" not in text


def test_problems_stand_with_their_cells_and_their_fix(tmp_path: Path) -> None:
    """What is sound is counted apart."""
    rows = (fee(101, "soon"), fee(102, "later"), fee(103, 100))
    text = Seen(page_of(report_of(records(tmp_path / "in.xlsx", *rows), command="preview"))).text
    assert "Nothing would be sent before the problems are fixed. With --partial: 1 draft would be created." in text
    assert "1 invoice, with --partial" in text
    assert "2 problems in the file" in text
    assert re.search(r"Invoices!\w+2 Amount: “soon” .* Invoices!\w+3 Amount: “later” .* Fix: ", text)


def test_a_results_page_shows_doubts_rejections_and_differences(tmp_path: Path) -> None:
    """And the link of what was created; each with what to do."""
    path = records(tmp_path / "in.xlsx", *(fee(100 + number, 100 * number) for number in range(1, 5)))
    differs = TieOut((Difference("amount of “Retainer”", "200.00", "201.00", is_amount=True),))
    held = ReadBack(number="19050", currency="EUR", items_amount=Decimal(201), total=Decimal(201), recipient="Ann Ö")
    ends = (
        outcome(Status.CREATED, "9001", read_back=replace(held, items_amount=Decimal(100), total=Decimal("119.00"))),
        outcome(Status.CREATED, "9002", read_back=held, tie_out=differs),
        outcome(Status.IN_DOUBT, reason="It may exist in Kantata.", what_to_do="Run reconcile."),
        outcome(Status.REJECTED, reason="Kantata refused it: no such task.", what_to_do="Correct its rows."),
    )
    page = page_of(report_of(path, *ends))
    text = Seen(page).text
    assert "2 drafts created." in text
    assert "EUR 320.00 2 invoices" in text
    for check in ("1 invoice rejected", "1 invoice in doubt", "1 invoice in Kantata not as sent"):
        assert check in text
    assert "EUR: Kantata holds 1.00 more or less than was sent" in text
    assert "in doubt project 103 : It may exist in Kantata. Run reconcile." in text
    assert "amount of “Retainer”: sent 200.00, Kantata holds 201.00" in text
    assert "Goes to Ann Ö" in text
    assert f'<a href="{LINK.format(id=9001)}" rel="noreferrer">' in page


def test_an_undo_has_a_page_too(cli: Cli, sandbox: Sandbox) -> None:
    """What was undone with its worth, per currency."""
    at = cli.at(sandbox)
    run = at.run("submit", cli.fees(2), "--yes", "--json").document["run_id"]
    done = at.run("undo", run, "--yes", "--json")
    path = Path(done.document["files"]["page"])
    text = Seen(path.read_text(encoding="utf-8")).text
    assert path.name == f"{run}-undo.html"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "2 invoices undone: EUR 203.00 (2)." in text
    assert "EUR 101.00 undone The draft was deleted." in text


def test_settled_results_get_a_page_beside_them(cli: Cli, sandbox: Sandbox) -> None:
    """Under the number of their workbook."""
    at = cli.at(sandbox)
    sandbox.misbehave(Fault(FaultKind.DROP_AFTER))
    at.run("submit", cli.fees(1), "--yes", IMPORTER_SETTLE_SECONDS="0")
    [workbook] = at.run("reconcile", "--json", IMPORTER_SETTLE_SECONDS="0").document["files"]["results"]
    assert Path(workbook).with_suffix(".html").name.endswith("-results-2.html")
    assert "1 draft created." in Path(workbook).with_suffix(".html").read_text(encoding="utf-8")


# --- what it cannot do --------------------------------------------------------------------------


def test_text_of_a_sheet_is_inert(tmp_path: Path) -> None:
    """It stays text in every place, and hidden characters are shown as escapes."""
    row = fee(101, 100, **dict.fromkeys(TEXTS, IN_A_CELL))
    path = records(tmp_path / "in.xlsx", row, fee(102, IN_A_CELL), fee(103, 100, **{"<b>new</b>\u202e": 1}))
    ends = outcome(Status.REJECTED, "javascript:alert(1)", reason=EVIL, what_to_do=EVIL)
    report = report_of(path, ends, notices=(EVIL,), invoice_link="javascript:{id}", batch=EVIL)
    page = page_of(report)
    seen = Seen(page)

    assert not {"script", "img", "iframe", "object", "form", "link", "b onerror"} & seen.tags
    for name, value in seen.attributes:
        assert not name.startswith("on"), name
        assert name not in ("src", "style", "srcdoc", "action"), name
        assert name != "href" or str(value).startswith("https://")
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]", page)
    assert "!A1\\u202egpj\\u200b&#x202e;\\u009b" in seen.text
    assert "\\u001b[2J<script>" in seen.text
    assert unescape(page).count("<script>") >= 5


def test_the_policy_allows_its_own_style_and_nothing_else(tmp_path: Path) -> None:
    """By the contents of the style, so that none from a sheet counts; nothing in it asks for a file."""
    page = page_of(report_of(records(tmp_path / "in.xlsx", fee(101, 100)), command="preview"))
    [policy] = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    [style] = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert unescape(policy) == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert "url(" not in style
    assert "@import" not in style


def test_a_page_is_for_its_owner_and_never_overwritten(tmp_path: Path) -> None:
    """As every file of the reports."""
    report = report_of(records(tmp_path / "in.xlsx", fee(101, 100)), command="preview")
    workbook = tmp_path / f"{RUN}-preview.xlsx"
    path = write_page(report, document_of(report), workbook)
    assert path == tmp_path / f"{RUN}-preview.html"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600

    before = path.read_bytes()
    assert write_page(replace(report, batch="2027-01"), document_of(report), workbook) is None
    assert path.read_bytes() == before


def test_a_page_that_fails_costs_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was sent or undone must be reported, whatever becomes of the page."""

    def broken() -> None:
        msg = "no template"
        raise RuntimeError(msg)

    monkeypatch.setattr(writing, "_templates", broken)
    report = report_of(records(tmp_path / "in.xlsx", fee(101, 100)), command="preview")
    assert write_page(report, document_of(report), tmp_path / "x.xlsx") is None


# --- how large it is ----------------------------------------------------------------------------


def many(tmp_path: Path, invoices: int, lines: int) -> Report:
    """A plan of so many invoices; the last one is the largest."""
    rows = []
    for number in range(1, invoices + 1):
        for line in range(lines):
            notes = f"Work of the month & more <{line}> äöü"
            title = f"Invoice of the client with the number {number}"
            cells = {"invoice_key": f"K{number}", "notes": notes, "user_invoice_title": title, "purchase_order": number}
            rows.append(fee(101, number, **cells))
    return priced(report_of(records(tmp_path / "in.xlsx", *rows), command="preview"))


def test_three_hundred_invoices_stay_below_half_a_megabyte(tmp_path: Path) -> None:
    """Each with its card; of many lines the first, and where the rest is."""
    page = page_of(many(tmp_path, 300, 12))
    assert page.count("<details") == 300
    assert len(page.encode()) < MOST_BYTES
    assert "more; the sheet Lines of the workbook has them all." in page
    assert page.count("<td>Fixed fee<td>") >= 300 * 3


def test_of_more_invoices_the_unusual_and_the_largest_are_shown(tmp_path: Path) -> None:
    """And how many are not."""
    report = many(tmp_path, MOST_CARDS + 50, 1)
    held = replace(report.planned[4], status=Status.HELD, reason="Possible duplicate.")
    report = replace(report, planned=(*report.planned[:4], held, *report.planned[5:]))
    text = Seen(page_of(report)).text
    assert "… and 50 more; the workbook lists them all." in text
    for number, is_shown in ((5, True), (4, False), (MOST_CARDS + 50, True)):
        assert (f"the number {number} Relaunch" in text) is is_shown


def test_long_texts_do_not_make_it_large(tmp_path: Path) -> None:
    """The workbook has all of them."""
    rows = [
        fee(101, 1 + number, notes="<" * 9_000, message="<" * 9_000, invoice_key=f"K{number}") for number in range(70)
    ]
    assert len(page_of(report_of(records(tmp_path / "in.xlsx", *rows), command="preview")).encode()) < MOST_BYTES
