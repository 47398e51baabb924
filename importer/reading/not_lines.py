"""Rows below the header that are no line items: totals, the header repeated, prepared rows and notes.

They are recognised by their look and left out with a warning. Prepared rows hold
nothing to bill; notes stand under the table. Whether a total
agrees with the rows above it is for :mod:`importer.checking.total_rows`, which
knows the amounts; one that does not is an error.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import replace
from functools import cached_property
from itertools import islice
from operator import attrgetter
from typing import TYPE_CHECKING

from importer.model.check_only import Rule
from importer.model.columns import Kind
from importer.model.headers import check_only_as, known_as
from importer.model.invoices import ItemType
from importer.model.messages import problem
from importer.model.problems import cell_address
from importer.model.sheet import CellFault, Excluded, is_blank, text_of
from importer.model.words import row_ranges
from importer.reading.labelled_sums import LabelledSums
from importer.values.cells import is_nothing, is_tax_label, is_total_label, parser_of
from importer.values.not_to_bill import forbids_billing, may_forbid_billing
from importer.values.readings import number_of
from importer.values.title_rows import may_be_title
from importer.values.written_ids import is_address

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator, Mapping

    from importer.model.problems import Problem
    from importer.model.sheet import Cell, RawRow
    from importer.reading.formats.grid import Grid
    from importer.reading.header_row import HeaderRow

TELLING = ("workspace_id", "workspace", "item_type")
"""Columns in which a value says that the row is a line item; settings may supply them instead."""
PREFILLED = frozenset({"item_type", "payment_schedule", "taxable", "invoice_date"})
"""Columns that people fill down beyond the last line item; their values alone bill nothing."""
PREFILLED_RULES = frozenset(
    {Rule.NO, Rule.YES, Rule.SIGN, Rule.CURRENCY, Rule.TAX, Rule.EXCHANGE, Rule.STATUS, Rule.APPROVED}
)
"""Rules of the compared columns that may be."""
NOTE_WORDS = re.compile(
    r"[(\[*]*\s*(?:[^\W\d_]{2,}\W+\w|[0-9]+ (?:rows?|records?|lines?|entries|items|zeilen|datens[äa]tze|lignes"
    r"|enregistrements|filas|registros|righe|regels|wierszy)\b)|[#/]+\s*[^\W\d_]{2}",
    re.IGNORECASE,
)
"""How a note begins: a word and something after it, a count of rows, or a sign of a remark: “(3 rows)”, “# end”."""
LINE_OF_MARKS = re.compile(r"[-–—=_*#~+|.·•\s]{2,}")
"""What programs draw between rows: “-----”."""
NOTE_CELLS = 2
"""A label and what it names, as in “Prepared by:” and a name."""
LONGEST_SHOWN = 80
"""Characters of a note that a message shows."""
FEWEST_NAMES = 2
"""Fewer known names in a row do not make it a header."""

_LABELS = (
    (is_total_label, Excluded.TOTAL, "row.total"),
    (is_tax_label, Excluded.TAX, "row.tax"),
)
"""What the words in a row may say, and what the row is then."""
RowJudgement = tuple[Excluded | None, "Problem | None"]
"""Why the row is no line item, if it is none, and what is to be said of it."""


def find_not_lines(
    grid: Grid, start: HeaderRow, rows: list[RawRow], known: Mapping[str, str]
) -> tuple[dict[int, Excluded], list[Problem]]:
    """Return the rows that are no line items, by number, and the problems about them."""
    excluded: dict[int, Excluded] = {}
    problems: list[Problem] = []
    judge = _Judge(grid, start, known, rows)
    for row in rows:
        if judge.is_not_billable(row):
            excluded[row.number] = Excluded.NOT_BILLABLE
        if row.number in excluded or judge.has_item_type(row):
            continue
        why, found = judge.verdict(row)
        if why is not None:
            excluded[row.number] = why
        if found is not None:
            problems.append(found)

    problems += _below_table(judge, rows, excluded)
    for key, kind in (("row.prepared", Excluded.PREPARED), ("row.not_billable", Excluded.NOT_BILLABLE)):
        problems += _left_out(grid, key, [row for row, why in excluded.items() if why is kind])
    return excluded, problems


def _left_out(grid: Grid, key: str, rows: list[int]) -> Iterator[Problem]:
    """One warning that names all rows that were left out for the same reason."""
    if rows:
        yield problem(key, sheet=grid.name, row=min(rows), rows_named=row_ranges(sorted(rows)))


def _below_table(judge: _Judge, rows: list[RawRow], excluded: dict[int, Excluded]) -> Iterator[Problem]:
    """Add to ``excluded`` the prepared rows and notes below the last line item; yield a warning for each note."""
    end = _end_of_table(judge, rows, excluded)
    if not end:
        return

    has_ended, before = False, rows[end - 1].number
    for row in rows[end:]:
        has_ended = has_ended or row.number != before + 1
        before = row.number
        why = excluded.get(row.number) or judge.below_table(row, has_ended=has_ended)
        has_ended = why is not None
        if why is None or row.number in excluded:
            continue
        excluded[row.number] = why
        if why is Excluded.NOTE:
            yield judge.note(row)


def _end_of_table(judge: _Judge, rows: list[RawRow], excluded: Mapping[int, Excluded]) -> int:
    """Number of rows up to the last one that can only be a line item; 0 when there is none."""
    end = len(rows)
    while end and (rows[end - 1].number in excluded or judge.below_table(rows[end - 1], has_ended=True) is not None):
        end -= 1
    return end


def _positions_of_rules(start: HeaderRow, known: Mapping[str, str], rules: Container[Rule]) -> Iterator[int]:
    """Positions of the columns that are compared and never sent, by these rules."""
    for header in start.headers:
        column = None if header.column is not None else check_only_as(header.text, known)
        if column is not None and column.rule in rules:
            yield header.position


class _Judge:
    """Tells line items from other rows of one sheet."""

    def __init__(self, grid: Grid, start: HeaderRow, known: Mapping[str, str], rows: list[RawRow]) -> None:
        self._grid, self._start, self._known = grid, start, known
        self._first_row = rows[0].number if rows else 0
        self._meant = start.names
        self._at = {column: position for position, column in self._meant.items()}
        self._telling = [self._at[name] for name in TELLING if name in self._at]
        self._continued = self._merged_into()
        self._checked = set(_positions_of_rules(start, known, set(Rule)))
        self._prefilled = set(_positions_of_rules(start, known, PREFILLED_RULES))
        self._taxes = set(_positions_of_rules(start, known, {Rule.TAX, Rule.TAX_AMOUNT}))
        self._billable = list(_positions_of_rules(start, known, {Rule.YES}))
        self._is_item_type: dict[str, bool] = {}
        self._rows = rows
        self._all_forbidden = False
        """Whether a title forbids to bill all rows below it, so that a later one has nothing to add."""
        self._above = dict(zip((row.number for row in rows[1:]), rows, strict=False))

    @cached_property
    def _sums(self) -> LabelledSums:
        unknown = {header.position for header in self._start.headers if header.column is None} - self._checked
        places = unknown | {at for at, name in self._meant.items() if name in {"workspace_id", "notes"}}
        return LabelledSums(self._at.get("amount", -1), places, list(filter(self.has_item_type, self._rows)))

    def has_item_type(self, row: RawRow) -> bool:
        """Tell at once rows with a readable item type, nearly all of them: they are line items."""
        position = self._at.get("item_type")
        cell = None if position is None else row.cell(position)
        if not isinstance(cell, str):
            return False
        if cell not in self._is_item_type:
            self._is_item_type[cell] = isinstance(parser_of(Kind.ITEM_TYPE)(cell), ItemType)
        return self._is_item_type[cell]

    def is_not_billable(self, row: RawRow) -> bool:
        """Tell a row that says that it is not billable, has no amount, and names no record of Kantata."""
        if not self._billable or "amount" not in self._at:
            return False
        amount, item = row.cell(self._at["amount"]), self._at.get("item_id")
        if not (is_blank(amount) or is_nothing(amount)) or (item is not None and not is_blank(row.cell(item))):
            return False
        words = [row.cell(position) for position in self._billable]
        return all(not isinstance(word, CellFault) and parser_of(Kind.YES_NO)(word) is False for word in words)

    def verdict(self, row: RawRow) -> RowJudgement:
        filled = {position: cell for position, cell in enumerate(row.cells) if not is_blank(cell)}
        repeated = self._repeats_header(filled)
        if repeated is not None:
            return self._header(row.number, repeated=repeated)
        if row.number in self._continued:  # a merged project or item type says that it is a line item
            return None, None
        return self._by_its_words(row, filled) or self._by_its_shape(row, filled)

    def _by_its_shape(self, row: RawRow, filled: Mapping[int, Cell]) -> RowJudgement:
        if self._bills_nothing(row, filled):
            return Excluded.PREPARED, None
        if self._is_bare_amount(filled) and row.number != self._first_row:
            return self._bare_amount(row.number, filled)
        if self._is_title(filled):
            return self._title(row, filled)
        label = self._sums.label(row.number, filled) if self._telling else None
        return (None, None) if label is None else self._total(row.number, label, Excluded.TOTAL, "row.total")

    def _by_its_words(self, row: RawRow, filled: Mapping[int, Cell]) -> RowJudgement | None:
        """What a row is whose words say that it is a total or the tax in one; None for any other."""
        for is_label, why, key in _LABELS:
            label = self._label(row, filled, is_label)
            if label is not None:
                return self._total(row.number, label, why, key)
        return None

    def below_table(self, row: RawRow, *, has_ended: bool) -> Excluded | None:
        """What a row is when no line item follows it: prepared, a note, or None for a line item.

        ``has_ended`` says that a blank row or a row that is no line item stands between it and the last one.
        """
        filled = {position: cell for position, cell in enumerate(row.cells) if not is_blank(cell)}
        if row.number in self._continued:
            return None
        if all(self._is_prefilled(row, position) for position in filled):
            return Excluded.PREPARED
        if self._is_note(filled) and (has_ended or self._at.get("workspace_id") in filled):
            return Excluded.NOTE
        return None

    def note(self, row: RawRow) -> Problem:
        """Return the warning about a note."""
        return self._left_text(row, "row.note")

    def _left_text(self, row: RawRow, key: str) -> Problem:
        position, label = next((at, text_of(cell)) for at, cell in enumerate(row.cells) if not is_blank(cell))
        shown = label.strip()[:LONGEST_SHOWN]
        place = cell_address(position, row.number)
        return problem(
            key, sheet=self._grid.name, cell=place, row=row.number, value=shown, number=row.number, label=shown
        )

    def _is_prefilled(self, row: RawRow, position: int) -> bool:
        cell = row.cell(position)
        if isinstance(cell, CellFault):
            # A formula filled down. Where settings supply project and item type, its row may be a line item.
            is_formula = cell.code == "no_stored_value" and bool(self._telling)
            return is_formula and self._meant.get(position) in {"amount", None}
        is_known = position in self._prefilled or self._meant.get(position) in PREFILLED
        return is_known or is_nothing(cell) or self._counts_on(row, position)

    def _is_bare_amount(self, filled: Mapping[int, Cell]) -> bool:
        """Whether a row holds only an amount; a cell without a value has a problem of its own."""
        position = self._at.get("amount")
        return position is not None and list(filled) == [position] and not isinstance(filled[position], CellFault)

    def _bills_nothing(self, row: RawRow, filled: Mapping[int, Cell]) -> bool:
        if all(isinstance(cell, str) and LINE_OF_MARKS.fullmatch(cell) for cell in filled.values()):
            return True
        return all(is_nothing(cell) or self._counts_on(row, position) for position, cell in filled.items())

    def _counts_on(self, row: RawRow, position: int) -> bool:
        """Whether a cell of an unknown column only counts the rows: it is 1 more than the cell above."""
        above = self._above.get(row.number)
        if position in self._meant or above is None or above.number != row.number - 1:
            return False
        number, before = number_of(row.cell(position)), number_of(above.cell(position))
        return number is not None and before is not None and number == before + 1

    def _is_title(self, filled: Mapping[int, Cell]) -> bool:
        """Whether a row holds only a text, where the number of a project is expected or in a column that is not known.

        Where settings supply project and item type, nothing says that it is no line item.
        """
        (position, text), *others = filled.items()
        if others or not self._telling or not isinstance(text, str) or position in self._checked:
            return False
        return self._meant.get(position) in {"workspace_id", None} and (may_be_title(text) or forbids_billing(text))

    def _title(self, row: RawRow, filled: Mapping[int, Cell]) -> RowJudgement:
        """The warning about a title; an error of the rows below where it says that they are not to be billed."""
        text = text_of(next(iter(filled.values())))
        is_order = forbids_billing(text) and row.number < self._last_line
        if is_order and not self._all_forbidden:
            below = self._lines_below(row)
            return Excluded.NOTE, replace(self._left_text(row, "row.not_to_bill"), rows=(row.number, *below))
        if not is_order and not may_be_title(text):
            return None, None
        is_doubtful = not is_order and may_forbid_billing(text) and row.number < self._last_line
        return Excluded.NOTE, self._left_text(row, "row.note:doubtful" if is_doubtful else "row.note:title")

    def _lines_below(self, title: RawRow) -> list[int]:
        """The rows that a title speaks of: up to the next title, or all where that stands at once below it."""
        lines: list[int] = []
        is_title_of_titles = False
        first = bisect_right(self._rows, title.number, key=attrgetter("number"))
        for row in islice(self._rows, first, None):
            filled = {position: cell for position, cell in enumerate(row.cells) if not is_blank(cell)}
            if not filled or not self._is_title(filled):
                lines += [row.number] if self._may_be_line(row) else []
            elif lines and not is_title_of_titles:
                return lines
            else:
                is_title_of_titles = True
        self._all_forbidden = True
        return lines

    @cached_property
    def _last_line(self) -> int:
        """Number of the last row that a title above it speaks of."""
        for row in reversed(self._rows):
            filled = {position: cell for position, cell in enumerate(row.cells) if not is_blank(cell)}
            if self._may_be_line(row) and not (filled and self._is_title(filled)):
                return row.number
        return 0

    def _may_be_line(self, row: RawRow) -> bool:
        is_merged = row.number in self._continued
        return is_merged or "item_type" not in self._at or not is_blank(row.cell(self._at["item_type"]))

    def _is_note(self, filled: Mapping[int, Cell]) -> bool:
        """Whether a row holds only one text of several words, or a label with a colon and a text beside it."""
        cells = list(filled.items())
        position, first = cells[0]
        if not isinstance(first, str) or self._meant.get(position) in {"amount", "item_type", "item_id"}:
            return False
        if len(cells) == 1:
            return NOTE_WORDS.match(first.strip()) is not None and not is_address(first)
        following, second = cells[1]
        is_pair = len(cells) == NOTE_CELLS and first.rstrip().endswith(":")
        return is_pair and isinstance(second, str) and self._meant.get(following) not in {"amount", "item_id"}

    def _header(self, row: int, *, repeated: bool) -> RowJudgement:
        header_row = self._start.row
        if repeated:
            warning = problem("row.header", sheet=self._grid.name, row=row, number=row, header_row=header_row)
            return Excluded.HEADER, warning
        cell = cell_address(0, row)
        another = "header.several:below"
        return None, problem(another, sheet=self._grid.name, cell=cell, number=row, header_row=header_row)

    def _total(self, row: int, label: str, why: Excluded, key: str) -> RowJudgement:
        """A row that is a total, or the tax in it; where settings supply project and item type it may be either."""
        key = key if self._telling else "row.total_unclear"
        place = cell_address(0, row)
        found = problem(key, sheet=self._grid.name, cell=place, row=row, value=label, number=row, label=label)
        return (why if self._telling else None), found

    def _bare_amount(self, row: int, filled: Mapping[int, Cell]) -> RowJudgement:
        """A number below the amounts, as the sum button leaves it; whether it is their sum is checked later."""
        place = cell_address(0, row)
        if not self._telling:
            return None, problem("row.total_unclear:bare", sheet=self._grid.name, cell=place, row=row, number=row)
        amount = text_of(next(iter(filled.values())))
        found = problem("row.total:bare", sheet=self._grid.name, cell=place, row=row, value=amount, number=row)
        return Excluded.SUM, found

    def _repeats_header(self, filled: Mapping[int, Cell]) -> bool | None:
        """True for the same header once more, False for another one, None for no header."""
        names = {}
        for position, cell in filled.items():
            if not isinstance(cell, str):
                return None
            name = known_as(cell, self._known)
            if name is not None:
                names[position] = name
        if len(names) < FEWEST_NAMES or len(names) * 2 < len(filled):
            return None
        return all(self._meant.get(position) == name for position, name in names.items())

    def _label(self, row: RawRow, filled: Mapping[int, Cell], is_label: Callable[[Cell], bool]) -> str | None:
        """The words that say “total” or “tax”, when nothing else says that the row is a line item."""
        for name in (*TELLING, "item_id"):
            cell = row.cell(self._at[name]) if name in self._at else None
            if not is_blank(cell) and not is_label(cell):
                return None
        for position, cell in filled.items():
            is_rate = is_label is is_tax_label and position in self._taxes  # of the row itself
            if is_label(cell) and not is_rate:
                return text_of(cell).strip()
        return None

    def _merged_into(self) -> set[int]:
        """Numbers of the rows to which a merged cell of the row above gives a project or an item type."""
        numbers: set[int] = set()
        for area in self._grid.look.merged:
            if any(area.first_position <= position <= area.last_position for position in self._telling):
                last = min(area.last_row, len(self._grid.rows))
                numbers.update(range(area.first_row + 1, last + 1))
        return numbers
