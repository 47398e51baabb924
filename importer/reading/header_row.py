"""Where the table begins: the header row by its known names, in one line or two, and the sheet that has it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

from importer.model.columns import BY_NAME, NAME_OF_PROJECT, REQUIRED
from importer.model.errors import FileProblem, WrongUse
from importer.model.headers import check_only_as, is_put_together, is_vague, known_as, required_columns
from importer.model.messages import error, problem
from importer.model.sheet import Header, is_blank, text_of
from importer.reading.cover import is_annotation
from importer.reading.header_problems import column_problems, lacking, missing_columns, offer_of_presets
from importer.reading.line_text import without_other_texts
from importer.values.header_meanings import misspelt

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from importer.model.problems import Problem
    from importer.model.sheet import Cell
    from importer.reading.formats.grid import Grid

HEADER_SEARCH_ROWS = 100
"""How many rows from the top may hold titles and notes above the header."""
FEWEST_KNOWN = 2
"""A row with fewer known names is no header."""


@dataclass(frozen=True, slots=True)
class HeaderRow:
    """The header row of a sheet."""

    row: int
    """Row number as Excel shows it; of a header in two lines the lower one."""
    headers: tuple[Header, ...]
    problems: tuple[Problem, ...]
    """What is wrong with its columns."""
    notes: tuple[str, ...] = ()
    """How it was read, where that was a decision."""

    @property
    def lines(self) -> set[int]:
        """Numbers of its rows: one, or two that were read together."""
        return {self.row, self.row - 1} if self.notes else {self.row}

    @property
    def known(self) -> tuple[Header, ...]:
        """The headers that mean a column."""
        return tuple(header for header in self.headers if header.column is not None)

    @property
    def names(self) -> dict[int, str]:
        """Position → name of the known columns."""
        return {header.position: header.column for header in self.headers if header.column}

    @property
    def columns(self) -> set[str]:
        """Names of the known columns."""
        return set(self.names.values())


# --- the sheet ---------------------------------------------------------------


def choose_grid(
    grids: Sequence[Grid], sheet_name: str | None, known: Mapping[str, str]
) -> tuple[Grid, HeaderRow, tuple[Problem, ...]]:
    """Return the sheet with the invoice rows, its header row, and warnings about sheets left out.

    Raises FileProblem when no sheet or several sheets qualify; WrongUse when ``sheet_name`` does not exist.
    A required column that is missing is an error among the problems of the header row.
    """
    grids = [grid for grid in grids if not is_annotation(grid)]
    if sheet_name is not None:
        grids = [_named(grids, sheet_name)]

    found = _with_header(grids, known)
    if not found:
        raise _no_header(grids, known)

    chosen, start = _only_one(found, known)
    left_out = tuple(_left_out(grid) for grid, _ in found if grid is not chosen)
    missing = missing_columns(chosen, start.row, start.headers, known, start.problems)
    return chosen, replace(start, problems=(*start.problems, *missing)), left_out


def _with_header(grids: Sequence[Grid], known: Mapping[str, str]) -> list[tuple[Grid, HeaderRow]]:
    """The sheets with a header and anything below it; where nothing stands below any, those with a header."""
    found = []
    for grid in grids:
        start = find_header(grid, known)
        if start is not None:
            found.append((grid, start))
    return [(grid, start) for grid, start in found if _has_rows(grid, start)] or found


def _has_rows(grid: Grid, start: HeaderRow) -> bool:
    """Whether anything stands below the header: of a sheet a month, only those that are filled are meant."""
    if grid.too_large is not None:
        return True
    return not all(is_blank(cell) for cell in chain.from_iterable(grid.rows[start.row :]))


def header_by_look(grids: Sequence[Grid], sheet_name: str | None, known: Mapping[str, str]) -> tuple[Grid, HeaderRow]:
    """The sheet and the row that look like the begin of a table, where no name is known: its widest row of texts.

    Raises FileProblem when no row does, or rows of several sheets that can be seen.
    """
    grids = [grid for grid in grids if not is_annotation(grid)]
    if sheet_name is not None:
        grids = [_named(grids, sheet_name)]
    found = []
    for grid in grids:
        row = None if grid.hidden and sheet_name is None else _widest_row_of_texts(grid)
        if row is not None:
            found.append((grid, _header_row(grid, row, known, _texts_of(grid, row))))
    if not found:
        raise _no_header(grids, known)
    return _only_one(found, known)


def _widest_row_of_texts(grid: Grid) -> int | None:
    """Number of the first row with the most cells, all of them texts without digits, above other rows."""
    best, widest = None, FEWEST_KNOWN - 1
    for number, cells in enumerate(grid.rows[:HEADER_SEARCH_ROWS], start=1):
        filled = [cell for cell in cells if not is_blank(cell)]
        words = all(isinstance(cell, str) and not cell.strip()[:1].isdecimal() for cell in filled)
        if words and len(filled) > widest and number < len(grid.rows):
            best, widest = number, len(filled)
    return best


def _named(grids: Sequence[Grid], sheet_name: str) -> Grid:
    for grid in grids:
        if grid.name.casefold() == sheet_name.casefold():
            return grid
    names = ", ".join(f"“{grid.name}”" for grid in grids) or "none that can be imported"
    raise error(WrongUse, "sheet.not_found", name=sheet_name, names=names)


def _only_one(found: list[tuple[Grid, HeaderRow]], known: Mapping[str, str]) -> tuple[Grid, HeaderRow]:
    """The sheet with all required columns; one that is visible is meant rather than hidden ones."""
    complete = [(grid, start) for grid, start in found if not lacking(start.columns, known)]
    visible = [(grid, start) for grid, start in complete if not grid.hidden]
    candidates = complete or found
    if len(visible) == 1:
        candidates = visible
    if len(candidates) == 1:
        return candidates[0]

    names = ", ".join(f"“{grid.name}”{' (hidden)' * grid.hidden}" for grid, _ in candidates)
    longest = max(candidates, key=lambda candidate: len(candidate[0].rows))[0]
    several = error(FileProblem, "sheet.ambiguous", names=names, first=longest.name)
    several.choices = tuple(grid.name for grid, _ in candidates)
    raise several


def _no_header(grids: Sequence[Grid], known: Mapping[str, str]) -> FileProblem:
    for grid in grids:
        for cells in grid.rows[:HEADER_SEARCH_ROWS]:
            offer = offer_of_presets([cell for cell in cells if isinstance(cell, str)], known)
            if offer:
                return error(FileProblem, "preset.offered", **offer)
    seen = ""
    if text := _like_a_header(grids, known):
        seen = f" Something like a header was seen: “{text}”."
    needed = " and ".join(column.title for column in REQUIRED)
    return error(FileProblem, "header.missing", searched=HEADER_SEARCH_ROWS, seen=seen, needed=needed)


def _like_a_header(grids: Sequence[Grid], known: Mapping[str, str]) -> str | None:
    for grid in grids:
        for cells in grid.rows[:HEADER_SEARCH_ROWS]:
            for text in cells:
                if isinstance(text, str) and misspelt(text, known) is not None:
                    return text
    return None


def _left_out(grid: Grid) -> Problem:
    if grid.hidden:
        return problem("sheet.left_out:hidden", sheet=grid.name, name=grid.name)
    return problem("sheet.left_out", sheet=grid.name, name=grid.name)


# --- the row -------------------------------------------------------------------


def find_header(grid: Grid, known: Mapping[str, str]) -> HeaderRow | None:
    """Return the header row near the top; None when no row has two known names.

    It is the first row with all required names, else the one with the most known
    names. A row above it that looks like a header too is an error: the rows below
    that one would be lost.
    """
    candidates = _candidates(grid, known)
    if not candidates:
        return None
    required = _required_names(known)
    row = max(candidates, key=lambda number: len(candidates[number]))
    if required:
        row = next((number for number, names in candidates.items() if not lacking(names, known)), row)
    start = _best_reading(grid, row, known)

    others = []
    for number, names in candidates.items():
        if number < row and number not in start.lines and names & (required or set(BY_NAME)):
            others.append(problem("header.several", sheet=grid.name, row=number, number=number, chosen=row))
    return replace(start, problems=(*start.problems, *others))


def _required_names(known: Mapping[str, str]) -> set[str]:
    """Names of the required columns, and of the one that may name a project instead of numbering it."""
    required = {column.name for column in required_columns(known)}
    if "workspace_id" in required:
        required.add(NAME_OF_PROJECT)
    return required


def _candidates(grid: Grid, known: Mapping[str, str]) -> dict[int, set[str]]:
    """Row number → names of the known columns, of the rows that may be the header.

    Where no row has two of them, one beside a column that is only compared will do: it can be said what is missing.
    """
    candidates, with_one = {}, {}
    for number, cells in enumerate(grid.rows[:HEADER_SEARCH_ROWS], start=1):
        meant = {cell: known_as(cell, known) for cell in cells if isinstance(cell, str)}
        names = set(filter(None, meant.values()))
        if len(names) >= FEWEST_KNOWN:
            candidates[number] = names
        elif names and any(check_only_as(text, known) for text, name in meant.items() if name is None):
            with_one[number] = names
    return candidates or with_one


def _best_reading(grid: Grid, row: int, known: Mapping[str, str]) -> HeaderRow:
    """The header read from this row alone, or together with the one above or below if that tells more columns."""
    readings = [_header_row(grid, row, known, _texts_of(grid, row))]
    for upper, texts in _two_lines(grid, row, known):
        start = _header_row(grid, upper + 1, known, texts)
        note = f"The header was read from rows {upper} and {upper + 1} together."
        readings.append(replace(start, notes=(note,)))
    return max(readings, key=_how_good)


def _how_good(start: HeaderRow) -> tuple[int, int]:
    """More known columns are better, then fewer that stand twice; of equals, one line is taken before two."""
    different = len(start.columns)
    return different, different - len(start.known)


def _header_row(grid: Grid, row: int, known: Mapping[str, str], texts: Mapping[int, str]) -> HeaderRow:
    headers = tuple(Header(position, text, known_as(text, known)) for position, text in texts.items())
    headers = without_other_texts(_without_vague(headers, known), known)
    return HeaderRow(row, headers, column_problems(grid, row, headers, known))


def note_of_words(headers: Sequence[Header], known: Mapping[str, str]) -> Iterator[str]:
    """One note of the headers that no list names: only their words say what they mean."""
    found = []
    for header in headers:
        if header.column is not None and is_put_together(header.text, known):
            found.append(f"“{header.text}” as {BY_NAME[header.column].title}")
    if found:
        yield f"Read by the words of the header: {', '.join(found)}."


def _without_vague(headers: tuple[Header, ...], known: Mapping[str, str]) -> tuple[Header, ...]:
    """Beside a header that means a column for sure, one of many meanings does not: “Price” is that of a unit then."""
    vague = {header.position for header in headers if header.column and is_vague(header.text, known)}
    sure = {header.column for header in headers if header.position not in vague}
    left = []
    for header in headers:
        gives_way = header.position in vague and header.column in sure
        left.append(replace(header, column=None) if gives_way else header)
    return tuple(left)


# --- a header in two lines: “Invoice” over “Date” ----------------------------------


def _two_lines(grid: Grid, row: int, known: Mapping[str, str]) -> Iterator[tuple[int, dict[int, str]]]:
    """The upper row, and the texts that a row may make with the one above or below it."""
    for upper in (row - 1, row):
        if not 1 <= upper < len(grid.rows):
            continue
        if not _all_text(grid.rows[upper - 1]) or not _all_text(grid.rows[upper]):
            continue
        above, below = _spread(grid, upper), _texts_of(grid, upper + 1)
        if not _has_values_below(above, below, known):
            yield upper, _joined(above, below, known)


def _joined(above: Mapping[int, str], below: Mapping[int, str], known: Mapping[str, str]) -> dict[int, str]:
    texts = {}
    for position in sorted(set(above) | set(below)):
        text = _joined_text(above.get(position, ""), below.get(position, ""), known)
        if text is not None:
            texts[position] = text
    return texts


def _joined_text(top: str, bottom: str, known: Mapping[str, str]) -> str | None:
    both = f"{top} {bottom}".strip()
    for text in (both, bottom, top):
        if text and known_as(text, known):
            return text
    # An unknown text above nothing is the title of several columns, not a header.
    return both if bottom else None


def _has_values_below(above: Mapping[int, str], below: Mapping[int, str], known: Mapping[str, str]) -> bool:
    """Tell whether a text stands below a header that needs none: then it is a value, and its row holds a line item."""
    for position, bottom in below.items():
        top = above.get(position, "")
        whole = known_as(top, known) if top else None
        if whole is not None and known_as(f"{top} {bottom}", known) is None and known_as(bottom, known) != whole:
            return True
    return False


def _spread(grid: Grid, row: int) -> dict[int, str]:
    """Texts of a row, each also for the columns that its merged range covers."""
    texts = _texts_of(grid, row)
    for area in grid.look.merged:
        if area.first_row == row == area.last_row and area.first_position in texts:
            for position in range(area.first_position, area.last_position + 1):
                texts.setdefault(position, texts[area.first_position])
    return texts


def _texts_of(grid: Grid, row: int) -> dict[int, str]:
    """Texts of a row (counted from 1) by their positions (counted from 0)."""
    texts = {}
    for position, cell in enumerate(grid.rows[row - 1]):
        if not is_blank(cell):
            texts[position] = " ".join(text_of(cell).split())
    return texts


def _all_text(cells: Sequence[Cell]) -> bool:
    return all(isinstance(cell, str) or is_blank(cell) for cell in cells)
