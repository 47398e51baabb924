"""What a workbook states about itself on its sheet Cover: the batch, “Expected total” and “Expected invoices”."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from importer.model.headers import fold
from importer.model.messages import problem
from importer.model.problems import cell_address
from importer.model.sheet import ANNOTATION_HEAD_ROWS, ANNOTATION_MARK, CellFault, ControlTotals, is_blank, text_of
from importer.reading.formats.grid import UNUSUAL

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from importer.model.problems import Problem
    from importer.model.sheet import Cell
    from importer.reading.formats.grid import Grid

COVER_SHEET = "cover"
"""Folded name of the sheet that may say which batch the workbook belongs to, and what should come out."""
_TOTAL, _INVOICES = "expectedtotal", "expectedinvoices"
_TITLES = {_TOTAL: "Expected total", _INVOICES: "Expected invoices"}
_EXAMPLES = {_TOTAL: "12345.50", _INVOICES: "12"}
_EXPECTING = re.compile("expect|erwart|attendu|esperad")
"""How the words begin by which people say what should come out."""
CENT = Decimal("0.01")
TOLERANCE = Decimal("0.000001")
"""What a sum that Excel calculated may be off by its binary fractions."""


@dataclass(frozen=True, slots=True)
class _Labelled:
    """A text of a sheet, and the cell to its right."""

    grid: Grid
    row: int
    """Row number as Excel shows it."""
    position: int
    """Column of the label, counted from 0."""
    text: str
    value: Cell

    @property
    def label(self) -> str:
        """The text, folded."""
        return fold(self.text)

    @property
    def cell(self) -> str:
        """Address of the value."""
        return cell_address(self.position + 1, self.row)

    @property
    def is_calculated(self) -> bool:
        """Whether a formula gives the value."""
        return (self.row, self.position + 1) in self.grid.look.formulas


def is_annotation(grid: Grid) -> bool:
    """Tell whether a sheet is the list of problems that an annotated copy begins with."""
    first = grid.first_cell
    return isinstance(first, str) and first.strip().startswith(ANNOTATION_MARK)


# --- the batch ---------------------------------------------------------------


def find_batch(grids: Sequence[Grid]) -> tuple[str | None, tuple[Problem, ...]]:
    """Return the batch named on a sheet called Cover: a cell “Batch” with its value to the right.

    The first sheet of an annotated copy names it too, where Cover does not. A label without a readable value is
    an error: the batch decides what counts as billed.
    """
    for labelled in _on_cover(grids):
        if labelled.label == "batch" and not is_annotation(labelled.grid):
            return _batch(labelled)
    for grid in filter(is_annotation, grids):
        for labelled in _labelled(grid, rows=ANNOTATION_HEAD_ROWS):  # below them stand texts of the sheet
            if labelled.label == "batch" and labelled.position == 0:
                return _batch(labelled)
    return None, ()


def _batch(labelled: _Labelled) -> tuple[str | None, tuple[Problem, ...]]:
    value = labelled.value
    if isinstance(value, date):
        return f"{value:%Y-%m}", ()
    if not is_blank(value) and not isinstance(value, CellFault):
        return text_of(value).strip(), ()
    sheet = labelled.grid.name
    unreadable = problem("cover.batch", sheet=sheet, cell=labelled.cell, row=labelled.row, column="batch", name=sheet)
    return None, (unreadable,)


# --- the control totals ----------------------------------------------------------


@dataclass(slots=True)
class _Stated:
    """What Cover states under one label, as far as it can be read."""

    values: list[Decimal] = field(default_factory=list)
    is_calculated: bool = False
    place: str = ""
    """Of the first value, such as Cover!B3."""


def find_expected(grids: Sequence[Grid]) -> tuple[ControlTotals, tuple[Problem, ...]]:
    """Return what the sheet Cover says should come out; the value stands to the right of its label.

    A label whose value cannot be read is an error: a gate must not stand open by mistake. A formula is a warning.
    """
    stated = {_TOTAL: _Stated(), _INVOICES: _Stated()}
    problems: list[Problem] = []
    misnamed: list[Problem] = []
    for labelled in _on_cover(grids):
        if labelled.label in stated:
            problems += _state(labelled, stated[labelled.label])
        elif not is_blank(labelled.value):
            misnamed += _nearly_known(labelled)

    total, invoices = stated[_TOTAL], stated[_INVOICES]
    for contradicted in (total, invoices):
        if len(set(contradicted.values)) > 1:
            numbers = " and ".join(str(value) for value in dict.fromkeys(contradicted.values))
            problems.append(problem("cover.expected:several", sheet=grids[0].name, numbers=numbers))
    expected = ControlTotals(
        invoices=int(invoices.values[0]) if invoices.values else None,
        total=total.values[0] if total.values else None,
        invoices_calculated=invoices.is_calculated,
        total_calculated=total.is_calculated,
        invoices_cell=invoices.place,
        total_cell=total.place,
    )
    return expected, (*problems, *misnamed)


def _state(labelled: _Labelled, stated: _Stated) -> list[Problem]:
    """Take down the value beside a known label; return what is wrong with it."""
    sheet, cell, shown = labelled.grid.name, labelled.cell, text_of(labelled.value)
    title = _TITLES[labelled.label]
    value = _amount(labelled.value)
    is_count = labelled.label == _INVOICES
    if value is None or (is_count and (value != value.to_integral_value() or value < 0)):
        example = _EXAMPLES[labelled.label]
        row, value_shown = labelled.row, shown or None
        return [
            problem("cover.expected", sheet=sheet, cell=cell, row=row, value=value_shown, label=title, example=example)
        ]

    stated.values.append(value)
    stated.place = stated.place or f"{sheet}!{cell}"
    if not labelled.is_calculated:
        return []
    stated.is_calculated = True
    return [problem("cover.formula", sheet=sheet, cell=cell, value=shown, label=title)]


def _nearly_known(labelled: _Labelled) -> list[Problem]:
    """Refuse a label that is nearly one of those known: a gate must not stand open because of a slip."""
    near = difflib.get_close_matches(labelled.label, _TITLES, n=1, cutoff=0.8)
    if not near and not _EXPECTING.search(labelled.label):
        return []
    meant = " or ".join(f"“{_TITLES[label]}”" for label in near or _TITLES)
    cell, text = cell_address(labelled.position, labelled.row), labelled.text.strip()
    return [problem("cover.unknown", sheet=labelled.grid.name, cell=cell, value=text, label=text, meant=meant)]


def _amount(cell: Cell) -> Decimal | None:
    """An amount to the cent; None for what is none, or could mean two things."""
    if isinstance(cell, bool) or is_blank(cell):
        return None
    if isinstance(cell, int | float):
        return _to_the_cent(Decimal(repr(cell)))
    text = text_of(cell).strip()
    return Decimal(text) if re.fullmatch(r"-?\d{1,15}(\.\d{2})?", text) else None


def _to_the_cent(number: Decimal) -> Decimal | None:
    if not number.is_finite() or abs(number) >= Decimal(10) ** 15:
        return None
    cents = number.quantize(CENT)
    return cents if abs(cents - number) < TOLERANCE else None


# --- labels ------------------------------------------------------------------------


def _on_cover(grids: Sequence[Grid]) -> Iterator[_Labelled]:
    """Each text of the sheets called Cover."""
    for grid in grids:
        if fold(grid.name) == COVER_SHEET:
            yield from _labelled(grid, rows=len(grid.rows))


def _labelled(grid: Grid, *, rows: int) -> Iterator[_Labelled]:
    for number, cells in enumerate(grid.rows[:rows], start=1):
        for position, cell in enumerate(cells):
            if isinstance(cell, str):
                value = cells[position + 1] if position + 1 < len(cells) else None
                place = (number, position + 1)
                if place in grid.look.struck or place in grid.look.raised:
                    value = UNUSUAL
                yield _Labelled(grid, number, position, cell, value)
