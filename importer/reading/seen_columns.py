"""The columns of a table whose headers may mean nothing yet: what stands there, for a person to say what it means."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from importer.model.errors import FileProblem
from importer.model.headers import check_only_as, fold, is_ignored, is_part_of_text
from importer.model.messages import error
from importer.model.sheet import CellFault
from importer.reading.formats.unpack import bytes_of, unpack
from importer.reading.header_problems import added_by_results
from importer.reading.header_row import choose_grid, header_by_look
from importer.reading.read import is_never_imported
from importer.values.cell_shapes import SeenColumn, seen_column

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from importer.model.sheet import Cell, Header
    from importer.reading.formats.grid import Grid
    from importer.reading.header_row import HeaderRow
    from importer.reading.read import Reading

MOST_ROWS = 5_000
"""Rows below the header that are looked at."""


@dataclass(frozen=True, slots=True)
class SeenTable:
    """The columns of one sheet."""

    sheet: str
    header_row: int
    """Row number as Excel shows it."""
    texts: tuple[str, ...]
    """All its headers."""
    meant: Mapping[str, SeenColumn]
    """Name of a column that is sent → the column that means it already."""
    compared: Mapping[str, SeenColumn]
    """Name of a column that is compared and never sent → the first that means it already."""
    unknown: tuple[SeenColumn, ...]
    """The columns that mean nothing yet, and those that mean what another one means already."""
    passed_over: tuple[SeenColumn, ...] = ()
    """The columns that the settings ignore."""


def seen_table(path: Path, sheet_name: str | None, known: Mapping[str, str], reading: Reading) -> SeenTable:
    """Look at the table of a file. Raises FileProblem when it holds none, WrongUse when the sheet does not exist."""
    grid, start = _begin_of_table(path, sheet_name, known, reading)
    meant: dict[str, SeenColumn] = {}
    compared: dict[str, SeenColumn] = {}
    unknown: list[SeenColumn] = []
    passed_over: list[SeenColumn] = []
    for header in _different(start):
        column = seen_column(header.position, header.text, _cells(grid, start.row, header))
        checked = check_only_as(header.text, known)
        if is_ignored(header.text, known):
            passed_over.append(column)
        elif header.column is not None and header.column not in meant:
            meant[header.column] = column
        elif header.column is None and checked is not None:
            compared.setdefault(checked.name, column)
        elif not is_part_of_text(header.text, known):
            unknown.append(column)
    texts = tuple(header.text for header in start.headers)
    return SeenTable(grid.name, start.row, texts, meant, compared, tuple(unknown), tuple(passed_over))


def _begin_of_table(
    path: Path, sheet_name: str | None, known: Mapping[str, str], reading: Reading
) -> tuple[Grid, HeaderRow]:
    """The sheet and its header row: by its known names, else by its look."""
    data = bytes_of(path, reading.limits)
    file = unpack(path.name, data, known, encoding=reading.encoding, limits=reading.limits)
    grids = [grid for grid in file.grids if not is_never_imported(grid)]
    try:
        grid, start, _ = choose_grid(grids, sheet_name, known)
    except FileProblem as none:
        if none.code not in ("header.missing", "preset.offered"):
            raise
        grid, start = header_by_look(grids, sheet_name, known)
    if grid.too_large is not None:
        raise error(FileProblem, "sheet.too_large", name=grid.name, why=grid.too_large)
    return grid, start


def _different(start: HeaderRow) -> Iterator[Header]:
    """The headers that results have not added, each once: the same header twice cannot be given two meanings."""
    added = added_by_results(start.headers)
    seen: set[str] = set()
    for header in start.headers:
        word = fold(header.text)
        if header.position not in added and word not in seen:
            seen.add(word)
            yield header


def _cells(grid: Grid, header_row: int, header: Header) -> Iterator[Cell]:
    """The cells of a column below the header."""
    for row in itertools.islice(grid.rows, header_row, header_row + MOST_ROWS):
        cell = row[header.position] if header.position < len(row) else None
        yield None if isinstance(cell, CellFault) else cell
