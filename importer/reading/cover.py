"""What a workbook states about itself on its sheet Cover: the batch, “Expected total” and “Expected invoices”."""

from __future__ import annotations

import difflib
import itertools
import re
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from importer.model.headers import fold
from importer.model.messages import problem
from importer.model.problems import cell_address
from importer.model.sheet import ANNOTATION_HEAD_ROWS, ANNOTATION_MARK, CellFault, ControlTotals, is_blank, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from importer.model.problems import Problem
    from importer.model.sheet import Cell
    from importer.reading.formats.grid import Grid

COVER_SHEET = "cover"
"""Folded name of the sheet that may say which batch the workbook belongs to, and what should come out."""
_EXPECTED = {"expectedtotal": "Expected total", "expectedinvoices": "Expected invoices"}
_EXPECTING = re.compile("expect|erwart|attendu|esperad")
"""How the words begin by which people say what should come out."""
CENT = Decimal("0.01")
TOLERANCE = Decimal("0.000001")
"""What a sum that Excel calculated may be off by its binary fractions."""


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
    return None, (problem("cover.batch", sheet=grid.name, cell=cell, row=row, column="batch", name=grid.name),)


def find_expected(grids: Sequence[Grid]) -> tuple[ControlTotals, tuple[Problem, ...]]:
    """Return what the sheet Cover says should come out; the value stands to the right of its label.

    A label whose value cannot be read is an error: a gate must not stand open by mistake. A formula is a warning.
    """
    amounts: list[Decimal] = []
    counts: list[Decimal] = []
    problems: list[Problem] = []
    calculated: dict[bool, bool] = {}
    cells: dict[bool, str] = {}
    for grid, row, position, label, cell in _labels(grids):
        value = _amount(cell)
        whole = label == "expectedinvoices"
        if value is None or (whole and (value != value.to_integral_value() or value < 0)):
            problems.append(_unreadable(grid, cell_address(position + 1, row), row, cell, whole=whole))
        else:
            (counts if whole else amounts).append(value)
            cells.setdefault(whole, f"{grid.name}!{cell_address(position + 1, row)}")
            if (row, position + 1) in grid.look.formulas:
                calculated[whole] = True
                problems.append(_calculated(grid, cell_address(position + 1, row), cell, whole=whole))
    for grid, values in ((grids[0], amounts), (grids[0], counts)):
        if len(set(values)) > 1:
            problems.append(_contradiction(grid, values))
    expected = ControlTotals(
        int(counts[0]) if counts else None,
        amounts[0] if amounts else None,
        calculated.get(True, False),
        calculated.get(False, False),
        cells.get(True, ""),
        cells.get(False, ""),
    )
    return expected, (*problems, *_nearly(grids))


def _nearly(grids: Sequence[Grid]) -> list[Problem]:
    """Refuse a label that is nearly one of those known: a gate must not stand open because of a slip."""
    problems = []
    for grid, row, position, label, value in _beside(grids):
        near = difflib.get_close_matches(label, _EXPECTED, n=1, cutoff=0.8)
        if label in _EXPECTED or is_blank(value) or not (near or _EXPECTING.search(label)):
            continue
        meant = [_EXPECTED[near[0]]] if near else list(_EXPECTED.values())
        said = text_of(grid.rows[row - 1][position]).strip()
        problems.append(
            problem(
                "cover.unknown",
                sheet=grid.name,
                cell=cell_address(position, row),
                value=said,
                label=said,
                meant=" or ".join(f"“{label}”" for label in meant),
            )
        )
    return problems


def _labels(grids: Sequence[Grid]) -> list[tuple[Grid, int, int, str, Cell]]:
    return [found for found in _beside(grids) if found[3] in _EXPECTED]


def _beside(grids: Sequence[Grid]) -> Iterator[tuple[Grid, int, int, str, Cell]]:
    """Each text of a sheet Cover: its row, its column from 0, the folded text, and the cell to its right."""
    for grid in grids:
        if fold(grid.name) == COVER_SHEET:
            for row, cells in enumerate(grid.rows, start=1):
                for position, (label, value) in enumerate(itertools.pairwise([*cells, None])):
                    if isinstance(label, str):
                        yield grid, row, position, fold(label), value


def _amount(cell: Cell) -> Decimal | None:
    """An amount to the cent; None for what is none, or could mean two things."""
    if isinstance(cell, bool) or is_blank(cell):
        return None
    if isinstance(cell, int | float):
        number = Decimal(repr(cell))
        cents = number.quantize(CENT) if number.is_finite() and abs(number) < Decimal(10) ** 15 else None
        return cents if cents is not None and abs(cents - number) < TOLERANCE else None
    text = text_of(cell).strip()
    return Decimal(text) if re.fullmatch(r"-?\d{1,15}(\.\d{2})?", text) else None


def _unreadable(grid: Grid, cell: str, row: int, value: Cell, *, whole: bool) -> Problem:
    label, example = ("Expected invoices", "12") if whole else ("Expected total", "12345.50")
    shown = text_of(value) or None
    return problem("cover.expected", sheet=grid.name, cell=cell, row=row, value=shown, label=label, example=example)


def _calculated(grid: Grid, cell: str, value: Cell, *, whole: bool) -> Problem:
    label = "Expected invoices" if whole else "Expected total"
    return problem("cover.formula", sheet=grid.name, cell=cell, value=text_of(value), label=label)


def _contradiction(grid: Grid, values: list[Decimal]) -> Problem:
    several = " and ".join(str(value) for value in dict.fromkeys(values))
    return problem("cover.expected:several", sheet=grid.name, numbers=several)
