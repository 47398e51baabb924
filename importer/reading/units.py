"""Words beside a table by which its amounts are thousands, millions or cents: “in k€”, “Amounts in thousands”.

A cell holds 1200 then, and a person reads 1,200,000: nothing says which of the two is to be billed.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from importer.model.messages import problem
from importer.model.problems import cell_address

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from importer.model.problems import Problem
    from importer.model.sheet import Cell, RawRow
    from importer.reading.formats.grid import Grid
    from importer.reading.header_row import HeaderRow

LONGEST = 100
"""Characters of a text that is looked at; a longer one tells of something else."""
_MONEY = (
    r"(?:[€£¥₹]|zł|[a-z]{0,3}\$|euros?|dollars?|pounds?"
    r"|eur|usd|gbp|chf|sek|nok|dkk|pln|czk|huf|cad|aud|nzd|jpy|inr|brl)"
)
"""Not every code: MWST is no million of WST."""
_SIZE = r"(?:k|t|m|tsd\.?|th\.?|mio\.?|mln\.?|mill\.?|bn|mrd\.?|tys\.?)"
_WORD = (
    r"(?:thousands?|tausend(?:er)?|tsd\.?|milliers?|miles|duizend(?:en|tallen)?|migliaia|tysi[aą]c(?:e|ach)?|tys\.?"
    r"|milhares|tusental|millions?|million(?:en|i)?|mio\.?|mln\.?|millones|milioni|milh[oõ]es|miljo(?:en|ner)|lakhs?|lacs?|crores?"
    r"|cents?|pence|centimes|c[eé]ntimos|centesimi|1[.,' ]?000s?|000['’]?s?)"
)
_UNIT = re.compile(
    rf"""(?<![\w.,&]) (?<!\d\s)
    (?: (?:in|en|i|em|w|x|×)\s+ (?:{_MONEY}[ ]?)? {_WORD} (?!\w)   # in thousands, in USD thousands, x 1000
      | {_MONEY} \s? (?:{_WORD}|['’]?000['’]?s?) (?!\w)                  # EUR thousands, $000
      | {_WORD} \s (?:of|d['’e]|de|von|di|van)\s? {_MONEY} (?!\w)        # thousands of euros
      | ['’]000s? (?!\w) | [(\[] {_WORD} [)\]]                           # '000, (000s)
      | {_SIZE} \s? {_MONEY} (?!\w)                                      # k€, TEUR, Mio. EUR
      | {_MONEY} [ ]? (?:k|m|mio\.?|mln\.?|tsd\.?) (?![\w])              # €k, EUR m
    )""",
    re.VERBOSE,
)
_ALONE = re.compile(rf"[(\[]?(?:{_WORD}|tsd\.?)[)\]]?")
"""A text that is only the word."""


def other_units(grid: Grid, start: HeaderRow, lines: list[RawRow], left_out: Iterable[int]) -> Iterator[Problem]:
    """An error for each text above the table, in the header of the amounts or in a row that is left out.

    It concerns all ``lines``, the line items. ``left_out`` are the numbers of the rows that are none.
    """
    at = next((header.position for header in start.known if header.column == "amount"), None)
    if at is None:
        return
    for number in (*range(1, start.row + 1), *left_out):
        for position, unit in _units_in(grid.rows[number - 1]):
            if number not in start.lines or position == at:
                yield problem(
                    "amount.unit",
                    sheet=grid.name,
                    cell=cell_address(position, number),
                    row=number,
                    rows=(number, *(line.number for line in lines)),
                    column="amount",
                    value=unit,
                    unit=unit,
                    first=cell_address(at, lines[0].number),
                )


def _units_in(cells: Sequence[Cell]) -> Iterator[tuple[int, str]]:
    for position, cell in enumerate(cells):
        unit = unit_in(cell) if isinstance(cell, str) else None
        if unit is not None:
            yield position, unit


def unit_in(text: str) -> str | None:
    """The words of a text by which amounts are no single euros or dollars; None for any other text."""
    if len(text) > LONGEST:
        return None
    words = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    found = _UNIT.search(words) or _ALONE.fullmatch(words)
    return None if found is None else found[0].strip("()[] ")
