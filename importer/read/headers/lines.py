"""The texts of a header: of one row, or of two rows read together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.columns import known_as
from importer.sheet import is_blank, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from importer.sheet import Cell
    from importer.unpack import Grid


def texts_of(grid: Grid, row: int) -> dict[int, str]:
    """Texts of a row (counted from 1) by their positions (counted from 0)."""
    return {position: " ".join(text_of(cell).split()) for position, cell in _filled(grid.rows[row - 1])}


def two_lines(grid: Grid, row: int, known: Mapping[str, str]) -> Iterator[tuple[int, dict[int, str]]]:
    """The upper row, and the texts that a row may make with the one above or below it: “Invoice” over “Date”."""
    for upper in (row - 1, row):
        if upper < 1 or upper >= len(grid.rows) or not _all_text(grid.rows[upper - 1]):
            continue
        above, below = _spread(grid, upper), texts_of(grid, upper + 1)
        if not _all_text(grid.rows[upper]) or _below_whole_headers(above, below, known):
            continue
        texts = {}
        for position in sorted(set(above) | set(below)):
            top, bottom = above.get(position, ""), below.get(position, "")
            candidates = [text for text in (f"{top} {bottom}".strip(), bottom, top) if text]
            meant = next((text for text in candidates if known_as(text, known)), candidates[0] if bottom else None)
            if meant is not None:
                texts[position] = meant
        yield upper, texts


def _below_whole_headers(above: Mapping[int, str], below: Mapping[int, str], known: Mapping[str, str]) -> bool:
    """Tell whether a text stands below a header that needs none: then it is a value, and its row holds a line item."""
    for position, bottom in below.items():
        top = above.get(position, "")
        whole = known_as(top, known) if top else None
        if whole is not None and known_as(f"{top} {bottom}", known) is None and known_as(bottom, known) != whole:
            return True
    return False


def _spread(grid: Grid, row: int) -> dict[int, str]:
    """Texts of a row, each also for the columns that its merged range covers."""
    texts = texts_of(grid, row)
    for area in grid.look.merged:
        if area.first_row == row == area.last_row and area.first_position in texts:
            for position in range(area.first_position, area.last_position + 1):
                texts.setdefault(position, texts[area.first_position])
    return texts


def _all_text(cells: Sequence[Cell]) -> bool:
    return all(isinstance(cell, str) for _, cell in _filled(cells))


def _filled(cells: Sequence[Cell]) -> list[tuple[int, Cell]]:
    return [(position, cell) for position, cell in enumerate(cells) if not is_blank(cell)]
