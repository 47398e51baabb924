"""Change single cells of a workbook; every other cell reads as before.

Nothing is calculated here. So a cell on which a formula may depend is not changed: the workbook would show one amount
and hold another one.
"""

from __future__ import annotations

import html
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from importer.model.problems import column_letter, column_position
from importer.reporting.annotated.package import BOOK, CannotAnnotate, Package, attributes
from importer.reporting.annotated.patching import read_rows
from importer.reporting.annotated.styles import Styles
from importer.reporting.annotated.worksheet import Edit, Worksheet, row_and_column

_FORMULA = re.compile(r"<(?:[\w.-]+:)?f\b([^>]*?)(?:/>|>(.*?)</(?:[\w.-]+:)?f\s*>)", re.DOTALL)
_REFERENCE = re.compile(r"\$?([A-Z]{1,3})\$?[0-9]+(?::\$?([A-Z]{1,3})\$?[0-9]+)?")
_UNCLEAR = re.compile(r"[\[\]{}#]|(?<![A-Z0-9.$])[A-Z_\\][A-Z0-9._]*(?![A-Z0-9._(!'])|INDIRECT|OFFSET|:", re.IGNORECASE)
"""What a formula holds beside plain references when it may depend on any cell: names, tables, whole columns."""
_WORDS = re.compile(r"\"[^\"]*\"|\b(?:TRUE|FALSE)\b|'[^']*'!|[\w.]+!", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Correction:
    """What is to be corrected."""

    sheet: str
    texts: Mapping[str, str]
    """Address → text; empty to empty the cell."""


def corrected(data: bytes, correction: Correction) -> bytes:
    """The workbook with the texts, without macros. Raises CannotAnnotate, LookupError or ValueError."""
    name, texts = correction.sheet, correction.texts
    package = Package(data)
    package.drop_macros()
    part, look = package.sheets().get(name), package.related(BOOK, "styles")
    if part is None or look is None:
        raise CannotAnnotate("its sheet was not found")
    styles = Styles(package.read(look))
    page = Worksheet(package.read(part), styles)
    _refuse_headers_of_tables(package, part, texts)

    edits: dict[int, dict[int, Edit]] = {}
    columns: set[str] = set()
    for address, text in texts.items():
        row, position = row_and_column(address)
        edits.setdefault(row, {})[position] = Edit(text=text)
        columns.add(column_letter(position))
    had_formulas = _FORMULA.search(page.xml) is not None
    page.edit(edits)
    package.put(part, page.xml)
    package.put(look, styles.xml())
    _refuse_dependent(package, columns)
    if had_formulas:
        package.drop_order_of_calculation()

    made = package.saved()
    _check(data, made, name, edits)
    return made


def _refuse_headers_of_tables(package: Package, part: str, texts: Mapping[str, str]) -> None:
    """Excel refuses a table whose header is not what its own list of columns says."""
    for word, target in package.relations(part).values():
        if word == "table":
            tag = re.search(r"<(?:[\w.-]+:)?table\b[^>]*>", package.read(target))
            first, _ = row_and_column(attributes(tag[0] if tag else "").get("ref", "").partition(":")[0])
            if any(row_and_column(address)[0] == first for address in texts):
                raise CannotAnnotate("the header is part of an Excel table, which only Excel can rename")


def _refuse_dependent(package: Package, columns: set[str]) -> None:
    """Refuse to change cells of columns on which a formula may depend: its value would be that of the old cell."""
    for part in package.sheets().values():
        for formula in _FORMULA.finditer(package.read(part)):
            kind = attributes(f"<f {formula[1]}>").get("t", "normal")
            text = _WORDS.sub("", html.unescape(formula[2] or ""))
            touched = set(_columns_in(text))
            unclear = kind != "normal" or _UNCLEAR.search(_REFERENCE.sub("", text)) is not None
            if unclear or touched & columns:
                raise CannotAnnotate("formulas may depend on these cells and would have to be calculated again")


def _columns_in(formula: str) -> Iterator[str]:
    """The columns that plain references name, of ranges also those between."""
    for found in _REFERENCE.finditer(formula):
        first, last = column_position(found[1]), column_position(found[2] or found[1])
        for position in range(min(first, last), max(first, last) + 1):
            yield column_letter(position)


def _check(before: bytes, after: bytes, name: str, edits: Mapping[int, Mapping[int, Edit]]) -> None:
    """Look at the copy: every cell but the corrected ones reads as before. Raises CannotAnnotate."""
    old, new = read_rows(io.BytesIO(before), name), read_rows(io.BytesIO(after), name)
    for number in range(1, max(len(old), len(new)) + 1):
        was, now = _padded(old, number, new), _padded(new, number, old)
        for position in edits.get(number, ()):
            if position < len(was):
                was[position] = now[position] = None
        if was != now:
            raise CannotAnnotate(f"row {number} would read otherwise")


def _padded(rows: list[list[object]], number: int, others: list[list[object]]) -> list[object]:
    """A row by its number from 1, as wide as the same row of the other workbook."""
    row = list(rows[number - 1]) if number <= len(rows) else []
    other = len(others[number - 1]) if number <= len(others) else 0
    return row + [""] * (other - len(row))
