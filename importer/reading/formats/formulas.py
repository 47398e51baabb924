"""Formulas whose stored value may be another one tomorrow, or that no program may have calculated yet."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass, field
from html import unescape
from typing import TYPE_CHECKING

from importer.model.problems import column_position
from importer.reading.formats.archive import holds
from importer.reading.formats.number_formats import FormatRuns

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from importer.reading.formats.grid import Place, Run

SEEDS = (b"TODAY(", b"NOW(", b"RAND(", b"RANDBETWEEN(", b"RANDARRAY(")
"""Functions that give something else tomorrow."""
_SEED = re.compile(r"\b(?:TODAY|NOW|RAND|RANDBETWEEN|RANDARRAY)\(", re.IGNORECASE)
_ANYWHERE = re.compile(r"\b(?:OFFSET|INDIRECT)\(", re.IGNORECASE)
"""Functions that may refer to any cell."""
_CELL = re.compile(
    rb"<(?:[A-Za-z_][\w.-]*:)?c\b([^<>]*)>\s*<(?:[A-Za-z_][\w.-]*:)?f\b([^<>]*?)(?:/>|>([^<]*)<)", re.DOTALL
)
_ADDRESS = re.compile(rb"\br\s*=\s*[\"']([A-Za-z]{1,3})([0-9]{1,7})[\"']")
_SHARED = re.compile(rb"\bsi\s*=\s*[\"']([0-9]+)[\"']")
_QUOTED = re.compile(r'"[^"]*"')
_REFERENCE = re.compile(
    r"(?:(?:'((?:[^']|'')+)'|(?<![\w.])([^\W\d][\w.]*))!)?"
    r"(\$?)([A-Z]{1,3})(\$?)([0-9]{1,7})(?::\$?([A-Z]{1,3})\$?([0-9]{1,7}))?(?![\w(])"
)
_OF_ODS = re.compile(
    r"\[\$?([^\[\].]*)\.(\$?[A-Z]{1,3}\$?[0-9]{1,7})(?::\$?[^\[\].]*\.(\$?[A-Z]{1,3}\$?[0-9]{1,7}))?\]"
)
MOST_STEPS = 20
"""Cells behind one another that are followed."""


def has_seed(xml: bytes) -> bool:
    """Tell quickly whether a part may hold such a function."""
    return any(holds(xml, seed, b"(") for seed in SEEDS)


@dataclass(frozen=True, slots=True)
class Formula:
    """What one cell calculates."""

    text: str
    down: int = 0
    """Rows, and columns, by which its references are moved: several cells share a formula."""
    right: int = 0


@dataclass(slots=True)
class Formulas:
    """The formulas of a workbook, by sheet and cell."""

    of_sheets: dict[str, dict[Place, Formula]] = field(default_factory=dict)
    names: frozenset[str] = frozenset()
    """Names that stand for such a function."""

    def changing(self) -> dict[str, set[Place]]:
        """The cells whose value depends on the day, the time or chance: themselves, or by cells that they refer to."""
        found: dict[str, set[Place]] = {sheet: set() for sheet in self.of_sheets}
        left: dict[tuple[str, Place], list[_Reference]] = {}
        for sheet, formulas in self.of_sheets.items():
            for place, formula in formulas.items():
                text = _QUOTED.sub('""', formula.text)
                if self._changes(text):
                    found[sheet].add(place)
                else:
                    left[sheet, place] = list(_references(sheet, formula, text))
        fresh = found
        for _ in range(MOST_STEPS):
            columns = {sheet: _columns_of(places) for sheet, places in fresh.items()}
            more = _meeting(left, columns)
            if not more:
                break
            fresh = {}
            for sheet, place in more:
                found[sheet].add(place)
                fresh.setdefault(sheet, set()).add(place)
                del left[sheet, place]
        return found

    def _changes(self, text: str) -> bool:
        """Tell whether a formula itself gives something else tomorrow, or may refer to any cell."""
        return bool(_SEED.search(text) or _ANYWHERE.search(text)) or self._has_name(text)

    def _has_name(self, text: str) -> bool:
        return bool(self.names) and not self.names.isdisjoint(re.findall(r"[^\W\d][\w.]*", text.casefold()))


@dataclass(frozen=True, slots=True)
class _Reference:
    """Cells that a formula uses."""

    sheet: str
    first: Place
    last: Place

    def meets(self, columns: Mapping[str, dict[int, list[int]]]) -> bool:
        """Tell whether one of these cells is there: sheet → column → rows in their order."""
        (top, left), (bottom, right) = self.first, self.last
        rows_of = columns.get(self.sheet, {})
        width = range(left, right + 1)
        for position in width if len(width) < len(rows_of) else filter(width.__contains__, rows_of):
            rows = rows_of.get(position, [])
            at = bisect_left(rows, top)
            if at < len(rows) and rows[at] <= bottom:
                return True
        return False


def _columns_of(places: Iterable[Place]) -> dict[int, list[int]]:
    """Column → its rows in their order."""
    columns: dict[int, list[int]] = {}
    for row, position in sorted(places):
        columns.setdefault(position, []).append(row)
    return columns


def _meeting(
    left: Mapping[tuple[str, Place], list[_Reference]], columns: Mapping[str, dict[int, list[int]]]
) -> list[tuple[str, Place]]:
    """The cells that refer to one of those found."""
    cells = []
    for cell, references in left.items():
        if any(reference.meets(columns) for reference in references):
            cells.append(cell)
    return cells


def _references(sheet: str, formula: Formula, text: str) -> Iterator[_Reference]:
    for match in _REFERENCE.finditer(text):
        named = (match[1] or match[2] or sheet).replace("''", "'")
        right = 0 if match[3] else formula.right
        down = 0 if match[5] else formula.down
        first = int(match[6]) + down, column_position(match[4]) + right
        last = first
        if match[7]:
            last = int(match[8]) + down, column_position(match[7]) + right
        yield _Reference(named, first, last)


def formulas_in(xml: bytes) -> dict[Place, Formula]:
    """The formulas of the sheet of an .xlsx, by cell."""
    found: dict[Place, Formula] = {}
    shared: dict[bytes, tuple[Place, str]] = {}
    for match in _CELL.finditer(xml):
        address = _ADDRESS.search(match[1])
        if address is None:
            continue
        row, position = int(address[2]), column_position(address[1].decode().upper())
        text = unescape((match[3] or b"").decode("utf-8", errors="replace"))
        number = _SHARED.search(match[2])
        if number is None:
            found[row, position] = Formula(text)
        elif text:
            found[row, position] = Formula(text)
            shared[number[1]] = (row, position), text
        elif number[1] in shared:
            (first_row, first_position), text = shared[number[1]]
            found[row, position] = Formula(text, row - first_row, position - first_position)
    return found


def of_ods(formula: str) -> Formula:
    """A formula of an .ods, with references as Excel writes them."""
    return Formula(_OF_ODS.sub(_as_in_excel, formula.partition(":")[2] or formula))


def _as_in_excel(match: re.Match[str]) -> str:
    sheet = match[1] if not match[1] or match[1].startswith("'") else f"'{match[1]}'"
    last = f":{match[3]}" if match[3] else ""
    return f"{sheet}!{match[2]}{last}" if sheet else f"{match[2]}{last}"


def runs_of(places: Iterable[Place]) -> list[Run]:
    """Cells as runs below each other."""
    runs = FormatRuns()
    for row, position in sorted(places):
        runs.add("", row, position)
    return runs.found().get("", [])
