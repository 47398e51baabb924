"""Ids that are not written in digits alone: ``#101``, ``101 - Website``, the web address of a record."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from importer.model.invoices import ItemType

if TYPE_CHECKING:
    from collections.abc import Collection

PROJECT_ROUTES = frozenset({"workspaces"})
TASK_ROUTES = frozenset({"stories", "tasks"})
ITEM_ROUTES = {
    ItemType.TIME_ENTRY: frozenset({"time_entries"}),
    ItemType.EXPENSE: frozenset({"expenses"}),
    ItemType.BILLING_MILESTONE: frozenset({"billing_milestones"}),
}
"""What stands before the number of a record in its web address."""
SITES = ("mavenlink.com", "kantata.com")
MORE_DIGITS = 17
"""Digits after the first; any id of so many is small enough."""
YEARS = range(1900, 2101)
MANY = 100
"""Ids of projects are larger."""
LONGEST = 500
"""Characters of the longest text that is looked at."""

_ADDRESS = re.compile(r"(?:https?://)?([\w.-]+)/\S+", re.ASCII | re.IGNORECASE)
_NUMBER = re.compile(rf"#? ?([1-9][0-9]{{0,{MORE_DIGITS}}})")
_WITH_TITLE = re.compile(rf"#? ?([1-9][0-9]{{0,{MORE_DIGITS}}})(?:: | [-\u2010\u2011\u2012–—|:·] )([^\W\d_].*)")


@dataclass(frozen=True, slots=True)
class WrittenId:
    """The id that a text holds."""

    number: int
    title: str | None = None
    """The title that stands behind the number, which the record must have."""


def written_id(text: str, routes: Collection[str]) -> WrittenId | None:
    """Read an id with a title behind it, or in a web address with one of these routes; None for anything else."""
    text = text.strip()
    if len(text) > LONGEST:
        return None
    words = " ".join(text.split())
    if match := _NUMBER.fullmatch(words):
        return WrittenId(int(match[1]))
    if match := _WITH_TITLE.fullmatch(words):
        return WrittenId(int(match[1]), match[2])
    return _in_address(text, routes)


def may_begin_a_title(number: int | None) -> bool:
    """Tell whether a number may be the begin of a title instead of an id: a year, or the number of a phase."""
    return number is not None and (number < MANY or number in YEARS)


def is_address(text: str) -> bool:
    """Tell whether a text is a web address of Kantata."""
    match = _ADDRESS.fullmatch(text.strip()) if len(text) <= LONGEST else None
    return match is not None and _is_site(match[1].lower())


def _is_site(host: str) -> bool:
    return any(host == site or host.endswith(f".{site}") for site in SITES)


def _in_address(text: str, routes: Collection[str]) -> WrittenId | None:
    """The number behind a route; an address with two such numbers names no one record."""
    if not is_address(text):
        return None
    address = text if "://" in text else f"//{text}"
    numbers = set()
    for route, number in pairwise(urlsplit(address).path.split("/")):
        if route in routes and _NUMBER.fullmatch(number):
            numbers.add(int(number))
    return WrittenId(numbers.pop()) if len(numbers) == 1 else None
