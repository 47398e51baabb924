"""Rows with nothing but a text and the sum of the rows above them: totals, whatever the language of the text."""

from __future__ import annotations

from bisect import bisect_left
from decimal import Decimal
from itertools import accumulate
from typing import TYPE_CHECKING

from importer.values.readings import number_of
from importer.values.title_rows import may_be_title

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

    from importer.model.sheet import Cell, RawRow

FEWEST_SUMMED = 2
"""Line items; an amount proves nothing by being the sum of fewer."""
CELLS = 2
"""The text and the amount."""


class LabelledSums:
    """Knows the sums of the line items above each row, of all and since the last such sum."""

    def __init__(self, at: int, places: Container[int], lines: Sequence[RawRow]) -> None:
        """Add up the cells of column ``at``; ``places`` are the columns in which such a text may stand."""
        self._at, self._places = at, places
        self._rows = [row.number for row in lines]
        amounts = [number_of(row.cell(at)) for row in lines]
        self._sums = list(accumulate((amount or Decimal(0) for amount in amounts), initial=Decimal(0)))
        self._unread = [number for number, amount in zip(self._rows, amounts, strict=True) if amount is None]
        self._since = 0

    def label(self, row: int, filled: Mapping[int, Cell]) -> str | None:
        """Return the text of such a row; None for any other. Rows are asked about from the top."""
        if len(filled) != CELLS or self._at not in filled:
            return None
        (position,) = filled.keys() - {self._at}
        text, amount = filled[position], number_of(filled[self._at])
        if position not in self._places or amount is None or not isinstance(text, str):
            return None
        return text.strip() if may_be_title(text) and self._is_sum(row, amount) else None

    def _is_sum(self, row: int, amount: Decimal) -> bool:
        """Whether an amount is the sum of at least two line items above its row, all of which can be read."""
        last, first = bisect_left(self._rows, row), self._since
        if bisect_left(self._unread, row) or last - first < FEWEST_SUMMED:
            return False
        sums = {round(self._sums[last] - self._sums[start], 2) for start in (0, first)}
        if round(amount, 2) not in sums:
            return False
        self._since = last
        return True
