"""The pages in a real browser: nothing is asked of any address, and everybody can read them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from browsers import violations

if TYPE_CHECKING:
    from playwright.sync_api import Browser
    from programs import Cli

    from importer.sandbox.running import Sandbox

pytestmark = pytest.mark.slow
SAMPLES = Path(__file__).parents[2] / "sample_data"
NARROW, WIDE = 400, 1200
"""Pixels of a telephone and of a desk."""
A4, PRINTED = 794, 703
"""Pixels of the width of A4, and between its margins."""
WIDEST = """width => {
    document.body.style.width = `${width}px`;
    return Math.max(...[...document.querySelectorAll("table")].map(table => table.getBoundingClientRect().width));
}"""
"""The widest table on a page as wide as this."""


@pytest.fixture
def pages(cli: Cli, sandbox: Sandbox) -> dict[str, Path]:
    """A page of each kind."""
    at = cli.at(sandbox)
    september = at.sheet(
        {"workspace_id": 101, "amount": 1800, "invoice_date": "2026-09-30"},
        {"workspace_id": 109, "amount": 4000, "invoice_date": "2026-09-30"},
        name="september.csv",
    )
    at.run("submit", september, "--yes", IMPORTER_REPEAT_DAYS="0")
    sample = SAMPLES / "agency_october_2026.xlsx"
    found = {
        "clean": at.run("preview", sample, "--json"),
        "mistakes": at.run("preview", SAMPLES / "agency_with_mistakes.xlsx", "--json"),
        "results": at.run("submit", sample, "--yes", "--json"),
        "undo": at.run("undo", "last", "--yes", "--json"),
    }
    return {name: Path(done.document["files"]["page"]) for name, done in found.items()}


def test_pages_ask_for_nothing_and_can_be_read_by_everybody(browser: Browser, pages: dict[str, Path]) -> None:
    """Light and dark, wide and narrow, no message of the browser; and what is closed is printed open."""
    for name, path in pages.items():
        for scheme, width in (("light", WIDE), ("dark", NARROW)):
            context = browser.new_context(
                viewport={"width": width, "height": 900},
                color_scheme=scheme,  # type: ignore[arg-type]  # one of the two
                bypass_csp=True,  # axe is a script
            )
            page, requests, said = context.new_page(), [], []
            page.on("request", lambda request, asked=requests: asked.append(request.url))
            page.on("console", lambda message, heard=said: heard.append(message.text))
            page.goto(path.as_uri())
            assert (requests, said) == ([path.as_uri()], []), name
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (name, width)
            page.evaluate("document.querySelectorAll('details').forEach(card => card.open = true)")
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (name, width)
            assert violations(page) == [], (name, scheme)
            context.close()


def test_all_invoices_are_printed_whole(browser: Browser, pages: dict[str, Path], tmp_path: Path) -> None:
    """The PDF for the approver shows the lines of closed cards too, and a place to sign."""
    page = browser.new_page()
    page.goto(pages["clean"].as_uri())
    assert not page.get_by_text("Rollout Nordic: Schulung in Malmö").is_visible()
    page.emulate_media(media="print")
    assert page.get_by_text("Rollout Nordic: Schulung in Malmö").is_visible()
    assert page.get_by_text("Approved by").is_visible()
    assert len(page.pdf(path=tmp_path / "october.pdf", prefer_css_page_size=True)) > 0


def test_no_table_is_cut_on_a_printed_page(browser: Browser, pages: dict[str, Path]) -> None:
    """The tie-out has eight columns; a page of A4 between its margins holds them."""
    page = browser.new_page(viewport={"width": A4, "height": 900})
    page.emulate_media(media="print")
    for name in ("clean", "results", "undo"):
        page.goto(pages[name].as_uri())
        assert page.evaluate(WIDEST, PRINTED) <= PRINTED, name
