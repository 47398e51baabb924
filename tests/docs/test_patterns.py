"""No text makes a pattern of the program search for long: texts come from sheets, files and Kantata."""

from __future__ import annotations

import importlib
import inspect
import itertools
import pkgutil
import re
import time
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

import importer
from importer.model.headers import LONGEST_WITH_CURRENCY
from importer.values import amounts, dates, header_meanings, not_to_bill, number_format, title_rows, written_ids

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LENGTH = 8_000
"""Characters; a cell has up to 32,767."""
MOST_SECONDS = 0.02
"""Of the processor. In proportion to the text it is a twentieth of that; with its square it is a multiple."""
SHORT, MOST_SECONDS_IN_SHORT = 1_000, 0.002
"""Where only texts of fewer characters are given, which a sheet may hold by the hundred thousand."""
BOUNDED_ROOMS = ("importer.reading.formats.", "importer.reporting.annotated.", "importer.sandbox.")
"""What works in a process of its own that is ended in time, or is no part of the program."""
GIVEN_AT_MOST = {
    "importer.model.headers._NET": LONGEST_WITH_CURRENCY,
    "importer.model.headers._CURRENCY_LAST": LONGEST_WITH_CURRENCY,
    "importer.model.headers._BETWEEN": LONGEST_WITH_CURRENCY,
    "importer.model.headers._PERCENT": LONGEST_WITH_CURRENCY,
    "importer.commands.doctor_checks._EXTRA": 200,  # what the package itself needs, not what comes from others
    "importer.checking.contradictions._UNIT": amounts.LONGEST,
    "importer.values.amounts._SHAPE": amounts.LONGEST,
    "importer.values.dates._NAMED": dates.LONGEST,
    "importer.values.written_ids._ADDRESS": written_ids.LONGEST,
    "importer.reading.shown_values._CURRENCY": number_format.LONGEST,
    "importer.values.header_meanings._CUT": header_meanings.LONGEST,
    "importer.values.title_rows._SUM": title_rows.LONGEST,
    "importer.values.not_to_bill._TITLE_SAYS_SO": not_to_bill.LONGEST,
    "importer.values.not_to_bill._OF_BILLS": not_to_bill.LONGEST,
    "importer.values.not_to_bill._NOUNS": not_to_bill.LONGEST,
    "importer.values.not_to_bill._BILLS": not_to_bill.LONGEST,
    "importer.values.not_to_bill._CLAUSES": not_to_bill.LONGEST,
    "importer.values.not_to_bill._WORD": not_to_bill.LONGEST,
}
"""Pattern → characters of the longest text that it ever gets; longer ones have been refused before."""

REPEATED = (
    *" 0a.,-(\"'<=/\n:_€%[",
    *(
        "0 ",
        "a ",
        "a.",
        "a,",
        "a-",
        "0,",
        "0.",
        ". ",
        ", ",
        "( ",
        "1 1",
        "EUR ",
        "31.",
        "Jan ",
        "101, ",
        '("',
        "[$",
        "/a",
    ),
    *("a0", "=a", '="a"', "''", "a:", "; ", "\u00a0", "\\u", "12:", "a@", "<a>"),
)
TEXTS = [
    text
    for piece in REPEATED
    for run in [piece * (LENGTH // len(piece))]
    for text in (run, f"1{run}x", f"a{run}!", f"({run}", f"{run}\x01")
]


def patterns() -> Iterator[tuple[str, re.Pattern[str], str]]:
    """Each pattern of the program for texts, with its name and the source of its module."""
    for found in pkgutil.walk_packages(importer.__path__, "importer."):
        if found.name.startswith(BOUNDED_ROOMS) or found.name.endswith("__main__"):
            continue
        module = importlib.import_module(found.name)
        for name, value in vars(module).items():
            for pattern in _patterns_in(value):
                yield f"{found.name}.{name}", pattern, inspect.getsource(module)


def _patterns_in(value: object) -> Iterator[re.Pattern[str]]:
    if isinstance(value, re.Pattern) and isinstance(value.pattern, str):
        yield value
    elif isinstance(value, dict):
        yield from _patterns_in((*value.keys(), *value.values()))
    elif isinstance(value, list | tuple | set | frozenset):
        for inner in value:
            yield from _patterns_in(inner)


def uses(name: str, pattern: re.Pattern[str], source: str) -> list[Callable[[str], Any]]:
    """What the program does with a pattern."""
    short = name.rpartition(".")[2]
    named = set(re.findall(rf"\b{short}\.(search|match|fullmatch|subn?|split|findall|finditer)\b", source))
    found: list[Callable[[str], Any]] = []
    for use in named or {"fullmatch"}:
        method = getattr(pattern, use)
        if use in ("sub", "subn"):
            method = partial(method, "")
        elif use == "finditer":
            method = partial(_through, method)
        found.append(method)
    return found


def _through(finditer: Callable[[str], Any], text: str) -> None:
    deque(finditer(text), 0)


def slowest(name: str, pattern: re.Pattern[str], source: str) -> float:
    """Seconds that the worst of the texts takes."""
    most, took = GIVEN_AT_MOST.get(name, LENGTH + 2), 0.0
    for use, text in itertools.product(uses(name, pattern, source), TEXTS):
        least = _seconds(use, text[:most])
        if least > MOST_SECONDS_IN_SHORT:  # the processor may have been busy otherwise
            least = min(least, _seconds(use, text[:most]), _seconds(use, text[:most]))
        took = max(took, least)
        if took > MOST_SECONDS:
            break
    return took


def is_slow(name: str, pattern: re.Pattern[str], source: str) -> bool:
    """Whether any of the texts takes too long."""
    most = MOST_SECONDS_IN_SHORT if GIVEN_AT_MOST.get(name, LENGTH) < SHORT else MOST_SECONDS
    return slowest(name, pattern, source) > most


def _seconds(use: Callable[[str], Any], text: str) -> float:
    began = time.process_time()
    use(text)
    return time.process_time() - began


@pytest.mark.slow
def test_each_pattern_takes_time_in_proportion_to_its_text() -> None:
    """A text of many blanks, digits, letters, brackets or marks; with its square a cell would take half a minute."""
    slow = {name for name, pattern, source in patterns() if is_slow(name, pattern, source)}
    assert slow == set()


def test_a_pattern_that_is_slow_is_found() -> None:
    """The texts would show it."""
    for slow in (r"\s+x", r"[a-z]+\d$", r"\(+\)"):
        assert is_slow("p", re.compile(slow), "p.search(text)")
