"""Ids in other words than digits: with a title behind them, or in the web address of their record."""

from __future__ import annotations

import pytest

from importer.values.written_ids import PROJECT_ROUTES, TASK_ROUTES, WrittenId, written_id


@pytest.mark.parametrize(
    "text",
    [
        "#101",
        "# 101",
        "https://app.mavenlink.com/workspaces/101",
        "https://app.mavenlink.com/workspaces/101/",
        "http://acme.mavenlink.com/workspaces/101?tab=invoices#top",
        " app.mavenlink.com/workspaces/101/invoices/7 ",
        "https://api.mavenlink.com/api/v1/workspaces/101",
        "https://ox.kantata.com/workspaces/101",
    ],
)
def test_a_sign_or_an_address_changes_nothing(text: str) -> None:
    """The number of the record is taken."""
    assert written_id(text, PROJECT_ROUTES) == WrittenId(101)


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("101 - Website", "Website"),
        ("101 – Website  2026 ", "Website 2026"),
        ("101 — Über-Projekt", "Über-Projekt"),
        ("#101: Website - Relaunch", "Website - Relaunch"),
        ("101 | Website", "Website"),
    ],
)
def test_a_title_behind_an_id_is_kept(text: str, title: str) -> None:
    """It is what the project must be called."""
    assert written_id(text, PROJECT_ROUTES) == WrittenId(101, title)


@pytest.mark.parametrize(
    "text",
    [
        "101 - 102",
        "101-Website",
        "101 Website",
        "Website (101)",
        "4 - 6 weeks",
        "101 -",
        "#0",
        "0101",
        "#" + "1" * 19,
        "1,01",
        "P-101",
        "https://app.mavenlink.com/stories/101",
        "https://app.mavenlink.com/workspaces/",
        "https://app.mavenlink.com/workspaces/101/workspaces/102",
        "https://app.mavenlink.com/workspaces/10x",
        "https://mavenlink.com.example.org/workspaces/101",
        "https://example.org/workspaces/101",
        "https://example.org/?to=app.mavenlink.com/workspaces/101",
        "https://app.mavenlink.com/workspaces/101 and /workspaces/102",
        "",
        "7 - " + "x" * 600,
    ],
)
def test_anything_else_is_no_id(text: str) -> None:
    """Ranges, other sites, other records, two numbers, zero."""
    assert written_id(text, PROJECT_ROUTES) is None


def test_the_address_must_be_of_that_kind_of_record() -> None:
    """A task is no project, although its address holds both numbers."""
    address = "https://app.mavenlink.com/workspaces/101/stories/7"
    assert written_id(address, PROJECT_ROUTES) == WrittenId(101)
    assert written_id(address, TASK_ROUTES) == WrittenId(7)
