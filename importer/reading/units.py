"""Words beside a table by which its amounts are thousands, millions or cents: “in k€”, “Amounts in thousands”.

A cell holds 1200 then, and a person reads 1,200,000: nothing says which of the two is to be billed.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from importer.model.messages import problem
from importer.model.problems import cell_address
from importer.model.sheet import Excluded, is_blank, text_of
from importer.values.header_meanings import ideas_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from importer.model.problems import Problem
    from importer.model.sheet import Cell, RawRow
    from importer.reading.formats.grid import Grid
    from importer.reading.header_row import HeaderRow

LONGEST = 300
"""Characters of a text that is looked at; a longer one tells of something else."""
LONGEST_ALONE = 30
"""Characters of a unit in a cell of its own."""
_MONEY = (
    r"(?:[€£¥₹]|zł|kr|[a-z]{0,3}\$|euros?|dollars?|pounds?"
    r"|eur|usd|gbp|chf|sek|nok|dkk|pln|czk|huf|cad|aud|nzd|jpy|inr|brl)"
)
"""Not every code: MWST is no million of WST."""
_SIZE = r"(?:k|t|m|tsd\.?|th\.?|mio\.?|mln\.?|mill\.?|bn|mrd\.?|tys\.?)"
_THOUSANDS = (
    r"(?:thousands|tausend(?:er)?|tsd\.?|milliers|duizend(?:en|tallen)?|migliaia|tysi[aą]c(?:e|ach)?|tys\.?"
    r"|milhares|tusental|['’]000['’]?s?|1?000['’]?s|cents?|centimes|c[eé]ntimos|centesimi)"
)
_WORD = (
    rf"(?:{_THOUSANDS}|millions|million(?:en|i)|mio\.?|mln\.?|millones|milioni|milh[oõ]es|miljo(?:en|ner)|lakhs?|lacs?"
    r"|crores?|pence)"
)
_BESIDE_MONEY = rf"(?:{_WORD}|thousand|million|miles|millier)"
"""“Miles” and “Thousand” are names and distances as well."""
_1000 = r"1[.,' ]?000"
_OF_MONEY = rf"""(?:
    {_SIZE} [\s-]? {_MONEY} (?!\w)                                               # k€, TEUR, T-EUR, Mio. EUR
  | {_MONEY} [ ]? (?:k|m|mio\.?|mln\.?|tsd\.?) (?![\w&]|\.\s?\w)                   # €k, EUR m
  | {_MONEY} \s? (?:{_BESIDE_MONEY}|000|[x×]\s?{_1000}) (?!\w)                   # EUR thousands, $000, EUR x1000
  | {_BESIDE_MONEY} \s (?:of\s|d['’]|de\s|von\s|di\s|van\s)? {_MONEY} (?!\w)      # thousands of euros
)"""
_AMOUNTS = r"""(?<!\w)(?:amounts?|figures|values|sums|prices|revenues?|numbers|betrag|betr[aä]ge|werte|angaben|zahlen
    |summen|preise|umsatz|ums[aä]tze|montants?|valeurs|chiffres|sommes|prix|importes?|valores|cifras|montantes|quantias
    |import[io]|valori|cifre|bedrag(?:en)?|cijfers|waarden|kwot[ay]|warto[sś]ci|belopp|summor|bel[oø][bp])(?!\w)"""
_IN = r"(?<!\w)(?:in|en|em|i|w)\s+"
_END = r"(?=\s*(?:$|[)\]}.,;:!*–-]))"
_NO_NUMBER = r"(?!\s?[)\]]?\s*[:=]?\s*(?!20\d\d\b)\d)"
"""“k€ 120” and “(k€): 120” are the unit of that number."""
_UNIT = re.compile(
    rf"""(?: {_IN} (?:{_OF_MONEY} | {_1000}\s?{_MONEY}{_END})                      # in k€, in 1000 EUR
      | {_AMOUNTS} (?:\s20\d\d)? [\s:,(\[–-]+ (?:{_OF_MONEY} | {_WORD}{_END} | [x×]\s?{_1000}{_END})  # Amount kEUR
      | [(\[] (?:{_OF_MONEY} | (?:{_IN})?{_THOUSANDS} | {_IN}{_WORD}) [)\],]         # (T€), (000s), (in millions)
      | (?<![\w.,&]) {_MONEY} \s {_IN} {_WORD} (?!\w)                           # USD in millions
      | [,;:–-]\s {_OF_MONEY} (?=$)                                              # Invoices, k€
    ){_NO_NUMBER}""",
    re.VERBOSE,
)
_OF_AMOUNTS = re.compile(
    rf"{_IN} (?:{_WORD}(?!\w) | (?<=e[nm]\s)miles{_END} | (?:k|m|t|{_1000}){_END}) {_NO_NUMBER}"
    rf" | [(\[](?:{_WORD}|[x×]\s?{_1000})[)\]]",
    re.VERBOSE,
)
"""What is a unit only after a word for amounts: “Figures in K”, but “Flyers delivered in thousands”."""
_ALONE = re.compile(
    rf"{_OF_MONEY} | {_IN}(?:{_WORD}|{_1000})(?:\s?{_MONEY})? | [x×]\s?{_1000} | ['’]000['’]?s? | 000['’]?s", re.VERBOSE
)
"""A text that is only the unit."""
_SIZE_ALONE = re.compile(rf"{_WORD}|thousand|million|tsd|ct|k|[kt]eur", re.VERBOSE)
"""What is one in the cell beside an amount, where the column may hold units: CT is a state too, K a class."""
_OF_UNITS = frozenset({"unit", "currency", "money", "quantity"})
"""Ideas of a header above units."""
_OF_HEADER = re.compile(rf"(?<![\w.,&])(?:{_OF_MONEY} | {_IN}{_WORD}(?!\w))", re.VERBOSE)
"""What is a unit also in a header of the amounts that has another word for them: “Honorar T€”."""
_NAMES_AMOUNTS = re.compile(_AMOUNTS, re.VERBOSE)
_NEGATED = re.compile(
    r"(?<!\w)(?:not?|nicht|keine?|non|pas|niet|geen|n[aã]o|nie|inte|ikke|never|without|\w+n['’]t|instead of"
    r"|rather than|statt)\s(?:\w+\s){0,2}\(?$"
)
"""What stands before a unit that is none: “not in thousands”."""
_NUMBER = re.compile(r"(?!20\d\d$)-?\d[\d.,' ]*")
"""Any but a year."""


def other_units(
    grid: Grid, start: HeaderRow, lines: list[RawRow], left_out: Mapping[int, Excluded]
) -> Iterator[Problem]:
    """An error for each text above the table, in the header of the amounts or in a title or note among the rows.

    One in the cell beside an amount concerns its rows; each other all ``lines``, the line items. ``left_out`` says why
    other rows are none.
    """
    at = next((header.position for header in start.known if header.column == "amount"), None)
    if at is None:
        return
    yield from _beside_amounts(grid, start, lines, at)
    notes = [number for number, why in left_out.items() if why is Excluded.NOTE]
    for number in (*range(1, start.row + 1), *notes):
        cells = grid.rows[number - 1]
        units = _units_in(cells) if number not in start.lines else _unit_of_header(cells, at)
        for position, unit in units:
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


def _beside_amounts(grid: Grid, start: HeaderRow, lines: list[RawRow], at: int) -> Iterator[Problem]:
    """An error for each unit in a column of no other meaning beside the amounts: 5 and “k€”."""
    for position in {at - 1, at + 1} - {-1, *start.names}:
        rows_of: dict[str, list[int]] = {}
        for line in lines:
            cell = line.cell(position)
            if isinstance(cell, str) and len(cell) <= LONGEST_ALONE:
                rows_of.setdefault(cell, []).append(line.number)
        header = next((header.text for header in start.headers if header.position == position), "")
        holds_units = _holds_units(header, rows_of)
        for text, rows in rows_of.items():
            if _is_unit_of_money(text) or (holds_units and _is_size(text)):
                yield problem(
                    "amount.unit",
                    sheet=grid.name,
                    cell=cell_address(position, rows[0]),
                    row=rows[0],
                    rows=tuple(rows),
                    column="amount",
                    value=text,
                    unit=text,
                    first=cell_address(at, rows[0]),
                )


def _holds_units(header: str, texts: Collection[str]) -> bool:
    """Whether the sizes of a column are units: by its header, or by all its texts where the header says nothing."""
    ideas = ideas_of(header)
    if not header.strip() or not ideas.isdisjoint(_OF_UNITS):
        return True
    return not ideas and all(_is_unit_of_money(text) or _is_size(text) for text in texts)


def _is_unit_of_money(text: str) -> bool:
    return _ALONE.fullmatch(_without_brackets(text)) is not None


def _is_size(text: str) -> bool:
    return _SIZE_ALONE.fullmatch(_without_brackets(text)) is not None


def _without_brackets(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split()).strip("()[]")


def _units_in(cells: Sequence[Cell]) -> Iterator[tuple[int, str]]:
    for position, cell in enumerate(cells):
        unit = unit_in(cell) if isinstance(cell, str) else None
        if unit is not None and not _is_of_a_number(cells, position):
            yield position, unit


def _unit_of_header(cells: Sequence[Cell], at: int) -> Iterator[tuple[int, str]]:
    cell = cells[at] if at < len(cells) else None
    unit = unit_in(cell, of_amounts=True) if isinstance(cell, str) else None
    if unit is not None:
        yield at, unit


def _is_of_a_number(cells: Sequence[Cell], position: int) -> bool:
    """Whether the unit is that of a number beside it: “Forecast (k€)” and 120, or 120 and “k€”."""
    following = next((cell for cell in cells[position + 1 :] if not is_blank(cell)), None)
    if _NUMBER.fullmatch(text_of(following)):
        return True
    before = cells[position - 1] if position else None
    return _NUMBER.fullmatch(text_of(before)) is not None and len(text_of(cells[position]).split()) == 1


def unit_in(text: str, *, of_amounts: bool = False) -> str | None:
    """The words of a text by which amounts are no single euros or dollars; None for any other text.

    ``of_amounts`` says that the text is the header of the amounts.
    """
    if len(text) > LONGEST:
        return None
    words = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    if _ALONE.fullmatch(words):
        return words

    for found in _found_in(words, of_amounts=of_amounts):
        if not _is_negated(words, found):
            return _NAMES_AMOUNTS.sub("", found[0]).strip("()[],;:–- ")
    return None


def _found_in(words: str, *, of_amounts: bool) -> Iterator[re.Match[str]]:
    yield from _UNIT.finditer(words)
    for found in _OF_AMOUNTS.finditer(words):
        if of_amounts or _NAMES_AMOUNTS.search(words, 0, found.start()):
            yield found
    if of_amounts:
        yield from _OF_HEADER.finditer(words)


def _is_negated(words: str, found: re.Match[str]) -> bool:
    return _NEGATED.search(words[: found.start()]) is not None
