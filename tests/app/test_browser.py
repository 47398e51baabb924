"""The whole job in a real browser: a file with mistakes, corrected in the page, sent while the page is closed."""

from __future__ import annotations

import re
import shutil
from contextlib import closing
from typing import TYPE_CHECKING

import openpyxl
import pytest
from browsers import violations
from desktops import Desktop, Person, desktop_at, fees, sheet_of
from sheets import table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, Dialog, Page

    from importer.sandbox.running import Sandbox

pytestmark = pytest.mark.slow
COUNT = 40
LONG = 60_000
"""Milliseconds; a bound against a hang, for a machine under load."""
MOST_PARTS = 3_000
"""Elements on a page of problems; one with all rows would have a hundred times as many."""
HEAD = ("Project ID", "Invoice key", "Item typ", "Description", "Amount", "Net days", "Invoice date", "Purchase ordr")


@pytest.fixture
def desktop(tmp_path: Path, sandbox: Sandbox) -> Iterator[Desktop]:
    """The running app; it sends slowly enough to be looked at."""
    with desktop_at(tmp_path, sandbox, pace_per_second=8, workers=2) as running:
        yield running


@pytest.fixture
def context(browser: Browser, desktop: Desktop) -> Iterator[BrowserContext]:
    """A browser of one person; nothing is asked of any other address."""
    asked: list[str] = []
    found = browser.new_context(viewport={"width": 1280, "height": 900})
    found.set_default_timeout(LONG)
    found.on("request", lambda request: asked.append(request.url))
    yield found
    found.close()
    assert [address for address in asked if not address.startswith((f"{desktop.root}/", "file:"))] == []


def mistaken(path: Path) -> Path:
    """Write 40 invoices with five mistakes: two headers, a kind, an amount and a date."""
    rows = []
    for number in range(1, COUNT + 1):
        rows.append([101, f"K{number}", "Fixed fee", f"Work {number}", 100 + number, 30, "2026-10-31", "PO 7"])
    rows[4][2], rows[19][4], rows[33][6] = "Fixd fee", "6.500,0x", "31/31/2026"
    return table(path, HEAD, *rows)


def choose(page: Page, path: Path) -> None:
    """Choose a file, which is checked at once."""
    page.set_input_files("input[type=file]", path)
    page.wait_for_url("**/file/*")


def test_forty_invoices_are_corrected_and_sent_while_the_page_is_closed(
    context: BrowserContext, desktop: Desktop, tmp_path: Path
) -> None:
    """All 40 exactly once; who comes back sees how far it is, without the address that was printed."""
    page = context.new_page()
    page.goto(desktop.serving.address)
    assert "token" not in page.url
    choose(page, mistaken(tmp_path / "october.xlsx"))

    page.get_by_role("heading", name="problems").wait_for()
    page.locator("select#C1").select_option("Item type")
    page.locator("select#H1").select_option("PO number")
    page.get_by_role("button", name="Check again").click()
    page.locator("input#C6").fill("Fixed fee")
    page.locator("input#E21").fill("120")
    page.locator("input#G35").fill("2026-10-31")
    page.get_by_role("button", name="Check again").click()

    page.get_by_role("button", name=f"Approve {COUNT} invoices").click()
    figure = page.locator("form.totals .figure").inner_text()
    page.locator("form.totals input[name=total-0]").fill(figure)
    page.get_by_role("button", name=f"Send {COUNT} invoices").click()
    page.get_by_text(re.compile(f"^([5-9]|[1-3][0-9]) of {COUNT} invoices")).wait_for()
    page.close()

    again = context.new_page()
    again.goto(desktop.root)
    again.get_by_role("link", name="Open").click()
    shown = int(again.locator("progress").get_attribute("value") or 0)
    assert 5 <= shown <= COUNT
    again.get_by_role("heading", name="What next").wait_for()
    assert f"{COUNT} drafts created." in again.inner_text("body")
    assert figure in again.inner_text(".tiles")

    sent = desktop.sandbox.received("POST")
    created = desktop.sandbox.invoices()
    assert (len(sent), len(created)) == (COUNT, COUNT)
    assert len({invoice.external_references for invoice in created}) == COUNT
    assert {invoice.sent["purchase_order"] for invoice in created} == {"PO 7"}
    with closing(desktop.ledger()) as ledger:
        assert ledger.open_questions() == []


def test_every_page_can_be_read_by_everybody(browser: Browser, desktop: Desktop, tmp_path: Path) -> None:
    """Light and dark, wide and narrow: no message of the browser, and nothing beyond the edge."""
    shutil.copy(mistaken(tmp_path / "mistaken.xlsx"), tmp_path / "more.xlsx")
    person = Person(desktop)
    problems = person.choose((tmp_path / "mistaken.xlsx").read_bytes(), "mistaken.xlsx")
    planned = person.choose(sheet_of(*fees(3)), "planned.csv")
    person.approve(planned)
    done = person.choose(sheet_of(*fees(2)).replace(b"\n101,", b"\n102,"), "done.csv")
    person.approve(done)
    person.send(done, "203")
    person.settled(done)
    with closing(desktop.ledger()) as ledger:
        run = f"/run/{ledger.runs()[0].run_id}"
    person.post(f"{run}/look")
    person.settled(run)

    for scheme, width in (("light", 1280), ("dark", 400)):
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=scheme,  # type: ignore[arg-type]  # one of the two
            bypass_csp=True,  # axe is a script
        )
        page, said = context.new_page(), []
        page.on("console", lambda message, heard=said: heard.append(message.text))
        page.goto(desktop.serving.address)
        for path in ("/", problems, f"{problems}/columns", planned, done, "/history", run, "/doubts"):
            page.goto(desktop.root + path)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (path, width)
            assert violations(page) == [], (path, scheme)
        assert [text for text in said if "favicon" not in text] == []
        context.close()


def test_a_file_is_dropped(context: BrowserContext, desktop: Desktop) -> None:
    """Anywhere on the field."""
    page = context.new_page()
    page.goto(desktop.serving.address)
    transfer = page.evaluate_handle(
        """text => {
            const carried = new DataTransfer();
            carried.items.add(new File([text], "october.csv", {type: "text/csv"}));
            return carried;
        }""",
        sheet_of(*fees(2)).decode(),
    )
    page.dispatch_event("form.drop", "drop", {"dataTransfer": transfer})
    page.get_by_role("button", name="Approve 2 invoices").wait_for()


def test_the_browser_is_opened_without_the_address_among_its_words(context: BrowserContext, desktop: Desktop) -> None:
    """All users of a machine see the words of a command; the page that is opened instead is its owner's, and goes."""
    door = desktop.serving.door()
    assert door.stat().st_mode & 0o077 == 0
    page = context.new_page()
    page.goto(door.as_uri())
    page.wait_for_url(f"{desktop.root}/")
    page.get_by_role("heading", name="Which file").wait_for()
    desktop.serving.close()
    assert not door.exists()


def test_own_headers_are_mapped_by_clicking(context: BrowserContext, desktop: Desktop, tmp_path: Path) -> None:
    """Two headers by mapping and three cells in the page; then all 40 are ready, and the settings remember."""
    path = mistaken(tmp_path / "october.xlsx")
    book = openpyxl.load_workbook(path)
    book.active["C1"], book.active["E1"], book.active["H1"] = "Art der Leistung", "Honorar netto", "PO number"
    book.save(path)
    page = context.new_page()
    page.goto(desktop.serving.address)
    choose(page, path)
    page.get_by_role("link", name="Say once what they mean").click()
    assert page.locator("select[name=column-4]").input_value() == "amount"
    page.locator("select[name=column-2]").select_option("item_type")
    page.get_by_role("button", name="Remember this").click()

    page.locator("input#C6").fill("Fixed fee")
    page.locator("input#E21").fill("120")
    page.locator("input#G35").fill("2026-10-31")
    page.get_by_role("button", name="Check again").click()
    page.get_by_role("button", name=f"Approve {COUNT} invoices").wait_for()
    assert 'amount = ["Honorar netto"]' in (desktop.folder / "importer.toml").read_text(encoding="utf-8")


def test_typed_cells_are_not_lost_by_another_button(context: BrowserContext, desktop: Desktop, tmp_path: Path) -> None:
    """The browser asks first; who stays goes on where she was."""
    path = tmp_path / "october.csv"
    path.write_bytes(sheet_of("101,A,Fixed fee,Work,zero,30,2026-10-31", "101,B,Fixed fee,More work,5,30,2026-10-31"))
    page = context.new_page()
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.goto(desktop.serving.address)
    choose(page, path)
    page.get_by_role("heading", name="1 problem").wait_for()
    page.locator("input#E2").fill("7")
    page.wait_for_load_state()  # from then on the script of the page watches
    page.get_by_role("button", name="Go on without").click(no_wait_after=True)
    assert page.locator("input#E2").input_value() == "7"
    page.get_by_role("button", name="Check again").click()
    page.get_by_role("button", name="Approve 2 invoices").wait_for()
    assert asked == ["beforeunload"]


def test_a_long_sheet_is_corrected_page_by_page(context: BrowserContext, desktop: Desktop, tmp_path: Path) -> None:
    """No page holds more than a few of its 20,000 rows and 1,800 invoices."""
    lines = []
    for number in range(20_000):
        amount = "zero" if number < 2_000 else 5
        lines.append(f"101,K{number // 10},Fixed fee,Work {number},{amount},30,2026-10-31")
    path = tmp_path / "long.csv"
    path.write_bytes(sheet_of(*lines))
    page = context.new_page()
    page.goto(desktop.serving.address)
    choose(page, path)
    page.get_by_role("heading", name="2,000 problems").wait_for()
    page.get_by_role("link", name="Preview workbook").wait_for()  # written beside; it comes without loading the page
    assert parts_of(page) < MOST_PARTS

    page.get_by_role("link", name="later rows").click()
    page.get_by_text("page 2 of 67").wait_for()
    page.locator("input#E32").fill("7")
    page.get_by_role("button", name="Check again").click()
    page.get_by_role("heading", name="1,999 problems").wait_for()
    page.get_by_role("link", name="Preview workbook").wait_for()
    assert parts_of(page) < MOST_PARTS

    page.get_by_role("button", name="Go on without").click()
    page.get_by_role("button", name="Approve 1,800 invoices").wait_for()
    page.get_by_role("link", name="Preview workbook").wait_for()
    assert parts_of(page) < 5 * MOST_PARTS


def parts_of(page: Page) -> int:
    """How many elements a browser has to lay out."""
    return int(page.evaluate("document.getElementsByTagName('*').length"))
