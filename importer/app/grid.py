"""The rows of a sheet that have problems, with their neighbours, as a page shows them: a few at a time."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, time
from typing import TYPE_CHECKING

from importer.app.wording import hint_here
from importer.model.columns import BY_NAME, ITEM_TYPE_TITLES
from importer.model.problems import Severity, cell_address, errors_first
from importer.model.sheet import text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from importer.model.problems import Problem
    from importer.model.sheet import Cell, Header, RawRow, Sheet
    from importer.reporting.report import Report

MOST_ROWS = 30
"""Rows with problems on a page."""
MOST_COLUMNS = 100
"""Columns on a page; the marked workbook has all of them."""
MOST_PROBLEMS = 200
"""Problems beside the rows of a page: those of a file as a whole may be many."""


REPEATED = frozenset({"workspace_id", "payment_schedule", "invoice_date", "draft", "suppress_emails", "currency"})
"""Columns that mostly say the same in row after row."""
AROUND = 3
"""Rows: the one with the problem and its two neighbours."""
ALIKE = 75
"""Likeness (rapidfuzz ratio, 0 to 100) from which a known word is proposed."""


@dataclass(frozen=True, slots=True)
class GridCell:
    """One cell."""

    address: str
    text: str
    look: str
    """“error”, “warning” or nothing."""
    column: str = ""
    """Of a header: name of the known column."""
    meant: str = ""
    """Of a header that is not known: title of the column that it is probably meant for."""


@dataclass(frozen=True, slots=True)
class GridRow:
    """One row: with a problem, or the neighbour of such a row."""

    number: int
    cells: tuple[GridCell, ...]
    faulty: bool


@dataclass(frozen=True, slots=True)
class Listed:
    """One problem beside the rows."""

    severity: str
    cell: str | None
    message: str
    hint: str
    likely: str
    """What the cell may be meant to say; empty: nothing is likely. The person takes it or types something else."""


@dataclass(frozen=True, slots=True)
class Grid:
    """What a page shows."""

    headers: tuple[GridCell, ...]
    rows: tuple[GridRow, ...]
    problems: tuple[Listed, ...]
    """Of these rows and of the headers, errors first."""
    number: int
    """Of this page, from 1."""
    pages: int
    faulty: int
    """Rows with problems, on all pages."""


def grid_of(plan: Report, sheet: Sheet, wanted: int) -> Grid:
    """A page of the grid; the first for a number that there is not."""
    by_row = _by_row(plan.problems)
    headers = [header for header in sheet.headers if header.position not in sheet.added][:MOST_COLUMNS]
    numbers = sorted(row for row in by_row if row > sheet.header_row)
    pages = max(1, -(-len(numbers) // MOST_ROWS))
    number = wanted if 1 <= wanted <= pages else 1
    chosen = numbers[(number - 1) * MOST_ROWS : number * MOST_ROWS]

    looks = _looks(by_row, [sheet.header_row, *chosen])
    rows = [_row(raw, headers, looks, faulty=raw.number in chosen) for raw in _with_neighbours(sheet.rows, chosen)]
    return Grid(
        headers=tuple(_head(header, sheet.header_row, looks, by_row[sheet.header_row]) for header in headers),
        rows=tuple(rows),
        problems=tuple(_as_listed(problem, sheet) for problem in _listed(by_row, sheet.header_row, chosen)),
        number=number,
        pages=pages,
        faulty=len(numbers),
    )


def _listed(by_row: dict[int, list[Problem]], header_row: int, chosen: Sequence[int]) -> tuple[Problem, ...]:
    """The problems of the file, of its headers and of the chosen rows, each once, errors first."""
    found: list[Problem] = []
    for row in (*range(header_row + 1), *chosen):
        found += by_row.get(row, ())
    return tuple(errors_first(dict.fromkeys(found)))[:MOST_PROBLEMS]


def _as_listed(problem: Problem, sheet: Sheet) -> Listed:
    return Listed(
        problem.severity.value, problem.cell, problem.message, hint_here(problem.hint), _likely(problem, sheet)
    )


def _likely(problem: Problem, sheet: Sheet) -> str:
    """A known word like the one in the cell; in a column that says the same in row after row, what stands around it."""
    position = next((header.position for header in sheet.headers if header.column == problem.column), None)
    if position is None or problem.severity is not Severity.ERROR or (problem.row or 0) <= sheet.header_row:
        return ""
    place = bisect_left(sheet.rows, problem.row or 0, key=lambda raw: raw.number)
    if problem.column == "item_type":
        return _like(shown(sheet.rows[place].cell(position)))
    if problem.column in REPEATED:
        return _around(sheet.rows[max(0, place - 1) : place + 2], position)
    return ""


def _around(rows: Sequence[RawRow], position: int) -> str:
    """What both neighbours of a row say."""
    texts = [shown(raw.cell(position)) for raw in rows]
    if len(texts) != AROUND or texts[0] != texts[-1]:
        return ""
    return texts[0]


def _like(word: str) -> str:
    """The item type that is written much like this."""
    from rapidfuzz import fuzz, process  # the first page needs none

    near = process.extractOne(word, ITEM_TYPE_TITLES.values(), scorer=fuzz.ratio, score_cutoff=ALIKE)
    return near[0] if near else ""


def _by_row(problems: Iterable[Problem]) -> dict[int, list[Problem]]:
    """The problems of each row; 0 is the whole file. A warning about a whole column stands at its first row only."""
    found: dict[int, list[Problem]] = defaultdict(list)
    for problem in problems:
        rows = problem.every_row if problem.severity is Severity.ERROR else (problem.row or 0,)
        for row in rows or (0,):
            found[row].append(problem)
    return found


def _looks(by_row: dict[int, list[Problem]], rows: Iterable[int]) -> dict[str, str]:
    """Address → how the cell is marked; an error counts more than a warning."""
    looks: dict[str, str] = {}
    for row in rows:
        for problem in by_row.get(row, ()):
            if problem.cell is not None:
                address = f"{problem.cell.rstrip('0123456789')}{row}"
                if looks.get(address) != Severity.ERROR.value:
                    looks[address] = problem.severity.value
    return looks


def _with_neighbours(rows: Sequence[RawRow], chosen: Sequence[int]) -> list[RawRow]:
    """The chosen rows, each with the row above and below it; the others are not looked at."""
    places: set[int] = set()
    for number in chosen:
        place = bisect_left(rows, number, key=lambda raw: raw.number)
        places.update(range(max(0, place - 1), min(len(rows), place + 2)))
    return [rows[place] for place in sorted(places)]


def _row(raw: RawRow, headers: Sequence[Header], looks: dict[str, str], *, faulty: bool) -> GridRow:
    cells = []
    for header in headers:
        address = cell_address(header.position, raw.number)
        cells.append(GridCell(address, shown(raw.cell(header.position)), looks.get(address, "")))
    return GridRow(raw.number, tuple(cells), faulty)


def _head(header: Header, row: int, looks: dict[str, str], problems: Iterable[Problem]) -> GridCell:
    address = cell_address(header.position, row)
    meant = ""
    for problem in problems:
        if problem.cell == address and problem.meant in BY_NAME:
            meant = BY_NAME[problem.meant].title
    return GridCell(address, header.text, looks.get(address, ""), header.column or "", meant)


def shown(cell: Cell) -> str:
    """A cell as a person would type it; a date without the time of midnight."""
    if isinstance(cell, datetime) and cell.time() == time():
        return cell.date().isoformat()
    return text_of(cell)
