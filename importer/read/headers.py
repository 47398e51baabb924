"""Find the sheet and the header row by the known header names."""

from __future__ import annotations

import difflib
import itertools
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from importer.columns import (
    BY_NAME,
    NAME_OF_PROJECT,
    REQUIRED,
    RESULT_COLUMNS,
    fold,
    is_ignored,
    known_as,
    required_columns,
)
from importer.errors import FileProblem, WrongUse
from importer.problems import Problem, Severity, cell_address
from importer.sheet import ANNOTATION_HEAD_ROWS, ANNOTATION_MARK, CellFault, Header, is_blank, text_of
from importer.toml_lines import alias_lines, ignore_line, use_or_ignore

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from importer.sheet import Cell
    from importer.unpack import Grid

HEADER_SEARCH_ROWS = 100
"""How many rows from the top may hold titles and notes above the header."""
FEWEST_KNOWN = 2
"""A row with fewer known names is no header."""
_NOT_APPLIED = """
    Quantity, Qty, Count, Units, Hours, Discount, Rebate, Tax, VAT, Tax rate, Status, Billable, Menge, Anzahl, Stunden,
    Rabatt, MwSt, USt, Quantité, Heures, Remise, TVA, Cantidad, Horas, Descuento, IVA, Currency, Währung
"""
CHANGES_AMOUNTS = frozenset(fold(word) for word in _NOT_APPLIED.split(","))
"""Headers of columns that a person may expect to change what is billed; the program does not apply them."""
NEAR = 0.83
"""Likeness (difflib ratio) from which an unknown header counts as a misspelling."""
COVER_SHEET = "cover"
"""Name of the sheet that may say which batch the workbook belongs to."""


@dataclass(frozen=True, slots=True)
class HeaderRow:
    """The header row of a sheet."""

    row: int
    """Row number as Excel shows it."""
    headers: tuple[Header, ...]
    problems: tuple[Problem, ...]
    notes: tuple[str, ...] = ()
    """How it was read, where that was a decision."""

    @property
    def columns(self) -> set[str]:
        """Names of the known columns."""
        return {header.column for header in self.headers if header.column}


def choose_grid(
    grids: Sequence[Grid],
    sheet_name: str | None,
    known: Mapping[str, str],
) -> tuple[Grid, HeaderRow, tuple[Problem, ...]]:
    """Return the sheet with the invoice rows, its header row, and warnings about sheets left out.

    Raises FileProblem when no sheet or several sheets qualify, or a required
    column is missing; WrongUse when ``sheet_name`` does not exist.
    """
    grids = [grid for grid in grids if not is_annotation(grid)]
    if sheet_name is not None:
        grid = _named(grids, sheet_name)
        start = find_header(grid, known)
        if start is None:
            raise _no_header([grid], known)
        return grid, _complete(grid, start, known), ()
    found = [(grid, start) for grid in grids if (start := find_header(grid, known)) is not None]
    whole = [(grid, start) for grid, start in found if not _missing(start, known)]
    visible = [(grid, start) for grid, start in whole if not grid.hidden]
    whole = visible if len(visible) == 1 else whole
    if len(whole) > 1 or (not whole and len(found) > 1):
        names = ", ".join(f"“{grid.name}”{' (hidden)' * grid.hidden}" for grid, _ in whole or found)
        msg = f"Several sheets could hold the invoice rows: {names}."
        raise FileProblem(
            msg, f'Say which one, for example: --sheet "{(whole or found)[0][0].name}".', code="sheet.ambiguous"
        )
    if not found:
        raise _no_header(grids, known)
    grid, start = (whole or found)[0]
    left_out = tuple(_left_out(other) for other, _ in found if other is not grid)
    return grid, _complete(grid, start, known), left_out


def find_header(grid: Grid, known: Mapping[str, str]) -> HeaderRow | None:
    """Return the header row near the top; None when no row has two known names.

    It is the first row with all required names, else the one with the most known
    names. A row above it that looks like a header too is an error: the rows below
    that one would be lost.
    """
    found = {
        number: names
        for number, cells in enumerate(grid.rows[:HEADER_SEARCH_ROWS], start=1)
        if len(names := _names(cells, known)) >= FEWEST_KNOWN
    }
    if not found:
        return None
    required = {column.name for column in required_columns(known)}
    required |= {NAME_OF_PROJECT} if "workspace_id" in required else set()
    fullest = max(found, key=lambda n: len(found[n]))
    row = next((n for n, names in found.items() if not _lacking(names, known)), fullest) if required else fullest
    start = _header_row(grid, row, known, _texts(grid, row))
    start = max((start, *_two_lines(grid, row, known)), key=_how_good)
    lines = {start.row, start.row - 1} if start.notes else {start.row}
    telling = required or set(BY_NAME)
    others = [n for n, names in found.items() if n < row and n not in lines and names & telling]
    above = [_second_header(grid, n, row) for n in others]
    return replace(start, problems=(*start.problems, *above))


def _how_good(start: HeaderRow) -> tuple[int, int]:
    """More known columns are better, then fewer that stand twice; of equals, one line is taken before two."""
    named = [header.column for header in start.headers if header.column is not None]
    return len(set(named)), len(set(named)) - len(named)


def _two_lines(grid: Grid, row: int, known: Mapping[str, str]) -> Iterator[HeaderRow]:
    """Headers that a row may make together with the one above or below it, such as “Invoice” over “Date”."""
    for upper in (row - 1, row):
        if upper < 1 or upper >= len(grid.rows) or not _all_text(grid.rows[upper - 1]):
            continue
        above, below = _spread(grid, upper), _texts(grid, upper + 1)
        if not _all_text(grid.rows[upper]) or _below_whole_headers(above, below, known):
            continue
        texts = {}
        for position in sorted(set(above) | set(below)):
            top, bottom = above.get(position, ""), below.get(position, "")
            candidates = [text for text in (f"{top} {bottom}".strip(), bottom, top) if text]
            meant = next((text for text in candidates if known_as(text, known)), candidates[0] if bottom else None)
            if meant is not None:
                texts[position] = meant
        start = _header_row(grid, upper + 1, known, texts)
        yield replace(start, notes=(f"The header was read from rows {upper} and {upper + 1} together.",))


def _below_whole_headers(above: Mapping[int, str], below: Mapping[int, str], known: Mapping[str, str]) -> bool:
    """Tell whether a text stands below a header that needs none: then it is a value, and its row holds a line item."""
    for position, bottom in below.items():
        top = above.get(position, "")
        whole = known_as(top, known) if top else None
        if whole is not None and known_as(f"{top} {bottom}", known) is None and known_as(bottom, known) != whole:
            return True
    return False


def _all_text(cells: Sequence[Cell]) -> bool:
    return all(isinstance(cell, str) for _, cell in _filled(cells))


def _texts(grid: Grid, row: int) -> dict[int, str]:
    return {position: " ".join(text_of(cell).split()) for position, cell in _filled(grid.rows[row - 1])}


def _spread(grid: Grid, row: int) -> dict[int, str]:
    """Texts of a row, each also for the columns that its merged range covers."""
    texts = _texts(grid, row)
    for area in grid.look.merged:
        if area.first_row == row == area.last_row and area.first_position in texts:
            for position in range(area.first_position, area.last_position + 1):
                texts.setdefault(position, texts[area.first_position])
    return texts


def _names(cells: Sequence[Cell], known: Mapping[str, str]) -> set[str]:
    return {name for cell in cells if isinstance(cell, str) and (name := known_as(cell, known))}


def _second_header(grid: Grid, row: int, chosen: int) -> Problem:
    return Problem(
        code="header.several",
        message=f"Row {row} looks like a header too, but row {chosen} was taken; rows between them would not be read.",
        hint="Keep one table per sheet: move the other one to a sheet of its own, or delete the row.",
        sheet=grid.name,
        row=row,
    )


def find_batch(grids: Sequence[Grid]) -> tuple[str | None, tuple[Problem, ...]]:
    """Return the batch named on a sheet called Cover: a cell “Batch” with its value to the right.

    The first sheet of an annotated copy names it too, where Cover does not. A label without a readable value is
    an error: the batch decides what counts as billed.
    """
    covers = [grid for grid in grids if fold(grid.name) == COVER_SHEET and not is_annotation(grid)]
    for grid in covers:
        for row, cells in enumerate(grid.rows, start=1):
            for position, (label, value) in enumerate(itertools.pairwise([*cells, None])):
                if isinstance(label, str) and fold(label) == "batch":
                    return _batch(grid, cell_address(position + 1, row), row, value)
    for grid in filter(is_annotation, grids):
        for row, cells in enumerate(grid.rows[:ANNOTATION_HEAD_ROWS], start=1):  # below them stand texts of the sheet
            if [isinstance(cell, str) and fold(cell) for cell in cells[:1]] == ["batch"]:
                return _batch(grid, cell_address(1, row), row, [*cells, None][1])
    return None, ()


def is_annotation(grid: Grid) -> bool:
    """Tell whether a sheet is the list of problems that an annotated copy begins with."""
    first = grid.rows[0][0] if grid.rows and grid.rows[0] else None
    return isinstance(first, str) and first.strip().startswith(ANNOTATION_MARK)


def _batch(grid: Grid, cell: str, row: int, value: Cell) -> tuple[str | None, tuple[Problem, ...]]:
    if isinstance(value, date):
        return f"{value:%Y-%m}", ()
    if not is_blank(value) and not isinstance(value, CellFault):
        return text_of(value).strip(), ()
    message = f"The sheet {grid.name} has a label “Batch”, but no value can be read beside it."
    hint = "Type the batch as text, such as 2026-10; a formula must have been calculated by Excel."
    return None, (Problem("cover.batch", message, hint, sheet=grid.name, cell=cell, row=row, column="batch"),)


def _header_row(grid: Grid, row: int, known: Mapping[str, str], texts: Mapping[int, str]) -> HeaderRow:
    headers = tuple(Header(position, text, known_as(text, known)) for position, text in texts.items())
    beside = _side_by_side(grid, row, headers)
    problems = [*(beside or _duplicates(grid, row, headers)), *_unknown(grid, row, headers, known)]
    return HeaderRow(row, headers, tuple(problems))


def _filled(cells: Sequence[Cell]) -> list[tuple[int, Cell]]:
    return [(position, cell) for position, cell in enumerate(cells) if not is_blank(cell)]


def _side_by_side(grid: Grid, row: int, headers: tuple[Header, ...]) -> list[Problem]:
    """Say it in one sentence when all required columns stand twice: two tables beside each other."""
    required = [column.name for column in REQUIRED]
    places = {name: [header.position for header in headers if header.column == name] for name in required}
    if not places or min(len(positions) for positions in places.values()) < 2:  # noqa: PLR2004 - one table each
        return []
    second = min(positions[1] for positions in places.values())
    return [
        Problem(
            code="sheet.side_by_side",
            message=f"Two tables stand side by side: the second begins near {cell_address(second, row)}.",
            hint="Keep one table per sheet: move the second one to a sheet of its own, or below the first.",
            sheet=grid.name,
            cell=cell_address(second, row),
            row=row,
        )
    ]


def _duplicates(grid: Grid, row: int, headers: tuple[Header, ...]) -> list[Problem]:
    seen: dict[str, Header] = {}
    problems = []
    for header in headers:
        if header.column is None:
            continue
        first = seen.setdefault(header.column, header)
        if first is not header:
            cells = f"{cell_address(first.position, row)} (“{first.text}”)"
            problems.append(
                Problem(
                    code="column.duplicate",
                    message=f"Two columns mean {BY_NAME[header.column].title}: {cells} and "
                    f"{cell_address(header.position, row)} (“{header.text}”).",
                    hint="Keep one of them, or rename the other.",
                    sheet=grid.name,
                    cell=cell_address(header.position, row),
                    row=row,
                    column=header.column,
                    value=header.text,
                ),
            )
    return problems


def _unknown(grid: Grid, row: int, headers: tuple[Header, ...], known: Mapping[str, str]) -> list[Problem]:
    present = {header.column for header in headers}
    return [
        _unknown_header(grid, row, header, known, present)
        for header in headers
        if header.column is None
        and header.position not in added_by_results(headers)
        and not is_ignored(header.text, known)
    ]


def added_by_results(headers: tuple[Header, ...]) -> frozenset[int]:
    """Positions of the columns that results have added at the right; the same names elsewhere are the sheet's own."""
    names = [fold(name) for name in RESULT_COLUMNS]
    for count in range(len(names), 1, -1):
        last = headers[-count:]
        if [fold(header.text) for header in last] == names[-count:]:
            return frozenset(header.position for header in last)
    return frozenset()


def _unknown_header(
    grid: Grid,
    row: int,
    header: Header,
    known: Mapping[str, str],
    present: set[str | None],
) -> Problem:
    meant = _nearest(header.text, known)
    near = meant is not None and meant not in present
    if near and meant is not None:
        column = BY_NAME[meant]
        message = f"The column “{header.text}” is not known; did you mean “{column.title}” ({column.name})?"
        hint = (
            f"Rename the header to “{column.title}”, or add to importer.toml:\n"
            f"{alias_lines(meant, header.text, known)}\n"
            f"If it means something else, add above all sections:\n{ignore_line([header.text], known)}"
        )
    else:
        message = f"The column “{header.text}” is not known: it is copied to the results and not sent."
        hint = use_or_ignore(header.text, known, present)
        if fold(header.text) in CHANGES_AMOUNTS:
            message = f"The column “{header.text}” is not used: every row is billed, with the amount as it stands."
            hint = f"Make sure that the amounts are final. {hint}"
    return Problem(
        code="column.near_miss" if near else _code_of_unknown(header),
        message=message,
        hint=hint,
        sheet=grid.name,
        cell=cell_address(header.position, row),
        row=row,
        column=header.text,
        value=header.text,
        severity=Severity.ERROR if near else Severity.WARNING,
    )


def _code_of_unknown(header: Header) -> str:
    return "column.not_applied" if fold(header.text) in CHANGES_AMOUNTS else "column.unknown"


def _nearest(text: str, known: Mapping[str, str]) -> str | None:
    folded = fold(text)
    near = difflib.get_close_matches(folded, known, n=5, cutoff=NEAR)
    return next((known[name] for name in near if not _other_words(folded, name)), None)


def _other_words(one: str, other: str) -> bool:
    """Tell whether one is the other plus a word: “Client” is no misspelt “Client PO”."""
    short, long = sorted((one, other), key=len)
    return len(long) - len(short) > 1 and (long.startswith(short) or long.endswith(short))


def _missing(start: HeaderRow, known: Mapping[str, str]) -> list[str]:
    return _lacking(start.columns, known)


def _lacking(names: set[str], known: Mapping[str, str]) -> list[str]:
    """Required columns that are not among the names; a project may be named instead of numbered."""
    there = names | ({"workspace_id"} if NAME_OF_PROJECT in names else set())
    return [column.name for column in required_columns(known) if column.name not in there]


def _complete(grid: Grid, start: HeaderRow, known: Mapping[str, str]) -> HeaderRow:
    """Add an error for every required column that the header row lacks."""
    unknown = {fold(header.text): header for header in start.headers if header.column is None}
    problems = list(start.problems)
    misspelt = {_nearest(str(p.value), known) for p in problems if p.code == "column.near_miss"}
    for name in _missing(start, known):
        if name in misspelt:
            continue
        column = BY_NAME[name]
        names = [header for header, meant in known.items() if meant == name]
        near = max(unknown, key=lambda text: max(_likeness(text, n) for n in names), default=None)
        nearest = f" The nearest header is “{unknown[near].text}”." if near is not None else ""
        problems.append(
            Problem(
                code="column.missing",
                message=f"The required column {column.title} ({name}) is missing from the header in row "
                f"{start.row}.{nearest}",
                hint=f"Add a column with the header “{column.title}”. {column.meaning}",
                sheet=grid.name,
                cell=None,
                row=start.row,
                column=name,
            ),
        )
    return replace(start, problems=tuple(problems))


def _likeness(one: str, other: str) -> float:
    return difflib.SequenceMatcher(None, one, other).ratio()


def _named(grids: Sequence[Grid], sheet_name: str) -> Grid:
    for grid in grids:
        if grid.name.casefold() == sheet_name.casefold():
            return grid
    names = ", ".join(f"“{grid.name}”" for grid in grids) or "none that can be imported"
    msg = f"There is no sheet “{sheet_name}” to import."
    raise WrongUse(msg, f"The file has: {names}.", code="sheet.not_found")


def _no_header(grids: Sequence[Grid], known: Mapping[str, str]) -> FileProblem:
    best = ""
    texts = [
        text_of(c) for grid in grids for cells in grid.rows[:HEADER_SEARCH_ROWS] for c in cells if isinstance(c, str)
    ]
    close = [text for text in texts if difflib.get_close_matches(fold(text), known, n=1, cutoff=NEAR)]
    if close:
        best = f" Something like a header was seen: “{close[0]}”."
    needed = " and ".join(column.title for column in REQUIRED)
    return FileProblem(
        f"No header row was found in the first {HEADER_SEARCH_ROWS} rows.{best}",
        f"The header needs at least {needed}; “invoice-importer template” writes a workbook to start from.",
        code="header.missing",
    )


def _left_out(grid: Grid) -> Problem:
    why = (
        "is hidden, and a visible one"
        if grid.hidden
        else "has some known headers but not all required ones, and another"
    )
    return Problem(
        code="sheet.left_out",
        message=f"The sheet “{grid.name}” {why} was read instead.",
        hint="Nothing to do, unless it holds invoice rows to bill; then complete its header or use --sheet.",
        sheet=grid.name,
        severity=Severity.WARNING,
    )
