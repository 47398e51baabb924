"""What the unknown columns of a sheet, and the unknown words in its cells, probably mean: proposals to a person.

The words of the header speak first (:mod:`importer.values.header_meanings`); the shape of the cells confirms them,
corrects them (a “Project” full of numbers holds ids) or rules them out. A proposal is never applied without a person.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, cast

from importer.model.check_only import CHECK_BY_NAME, Rule
from importer.model.columns import BY_NAME, NAME_OF_PROJECT, Kind
from importer.model.invoices import BY_ID, ItemType
from importer.model.sheet import is_blank, text_of
from importer.values.aliases import same
from importer.values.amounts import typed_amount
from importer.values.cells import parser_of
from importer.values.dates import typed_date
from importer.values.header_meanings import Meaning, meaning_of, misspelt
from importer.values.readings import Unreadable, folded
from importer.values.word_meanings import meant_by

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from importer.model.sheet import Cell

SAMPLES = 3
"""Cells shown of a column."""
MOST_LOOKED_AT = 200
"""Different cells of a column whose shape is looked at."""
MOST = 0.8
"""Share of the cells that must be readable as a column for the header to be believed."""
HALF = 0.5
MOST_WORDS = 12
"""Different words of a column that may be given a meaning; with more of them, its words are no kinds or terms."""
CHOSEN = (Kind.ITEM_TYPE, Kind.DAYS, Kind.YES_NO)
"""Kinds of columns whose words can be given a meaning."""
_FIGURES = frozenset({Rule.QUANTITY, Rule.HOURS, Rule.RATE, Rule.TOTAL, Rule.NET, Rule.GROSS, Rule.TAX_AMOUNT})
_TO_BILL = ("net", "total")
"""Columns that are compared and can be what is billed, the better first."""
_NONE: dict[str, SeenColumn] = {}
_TODAY = date(2026, 1, 1)
"""Only the shape of a date counts here, not its value."""


@dataclass(frozen=True, slots=True)
class SeenColumn:
    """One column of a sheet as it stands there."""

    position: int
    """Counted from 0."""
    text: str
    """Its header."""
    cells: tuple[Cell, ...]
    """Its filled cells, each once, in their order; at most MOST_LOOKED_AT."""
    counts: Mapping[str, int]
    """Reduced text → how many cells hold it."""

    @property
    def samples(self) -> tuple[str, ...]:
        """A few of its cells, as a person reads them."""
        return tuple(_shown(cell) for cell in self.cells[:SAMPLES])


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a column probably means."""

    column: SeenColumn
    meant: str | None
    """Name of a column that is sent or compared; None: it means nothing for billing."""
    sure: bool
    """Whether header and cells say it clearly; the others a person must choose with a word of her own."""
    why: str
    """The rest of a sentence that begins with the meaning."""


@dataclass(frozen=True, slots=True)
class WordProposal:
    """What a word in the cells of a column probably means."""

    name: str
    """Of the column."""
    word: str
    """As it stands in the sheet."""
    count: int
    """Cells that hold it."""
    meant: str | int | bool | None
    """What [values] would say; None: not known."""


def seen_column(position: int, text: str, cells: Iterable[Cell]) -> SeenColumn:
    """A column with each of its filled cells once."""
    different: dict[str, Cell] = {}
    counts: dict[str, int] = {}
    for cell in cells:
        if is_blank(cell):
            continue
        word = folded(text_of(cell))
        counts[word] = counts.get(word, 0) + 1
        if len(different) < MOST_LOOKED_AT:
            different.setdefault(word, cell)
    return SeenColumn(position, text, tuple(different.values()), counts)


# --- columns -------------------------------------------------------------------------


def propose(
    columns: Sequence[SeenColumn],
    taken: Mapping[str, str],
    known: Mapping[str, str],
    titles: Collection[str] = frozenset(),
    compared: Mapping[str, SeenColumn] = _NONE,
) -> tuple[Proposal, ...]:
    """A proposal for each unknown column, in their order.

    ``taken``: columns that known headers mean already → those headers. ``titles``: names of projects, as
    :func:`importer.values.aliases.same` reduces them. ``compared``: known columns that are compared and never sent;
    where no column is the amount, one of them is proposed as that.
    """
    proposals = [_proposal(column, known, titles) for column in columns]
    if "amount" not in taken and "item_id" not in taken:
        proposals = _with_an_amount(proposals, compared)
    best_first = sorted(proposals, key=lambda found: (not found.sure, found.column.position))
    meant = dict(taken)
    settled = {}
    for found in best_first:
        settled[found.column.position] = _if_free(found, meant)
    return tuple(settled[position] for position in sorted(settled))


def _if_free(found: Proposal, meant: dict[str, str]) -> Proposal:
    """The proposal, unless another header means its column already."""
    name = found.meant
    if name is None or name not in BY_NAME:
        return found
    if name in meant:
        return replace(found, meant=None, sure=False, why=f"“{meant[name]}” is {BY_NAME[name].title} already")
    meant[name] = found.column.text
    return found


def _with_an_amount(proposals: list[Proposal], compared: Mapping[str, SeenColumn]) -> list[Proposal]:
    """Where no column is the amount, the first net or total figure probably is what is billed."""
    if any(found.meant in ("amount", "item_id") for found in proposals):
        return proposals
    figures = {found.meant: found.column for found in reversed(proposals) if found.meant in _TO_BILL}
    for name in _TO_BILL:
        column = compared.get(name) or figures.get(name)
        if column is not None:
            amount = Proposal(column, "amount", sure=False, why="no other column holds the amounts to bill")
            return [amount, *(found for found in proposals if found.column is not column)]
    return proposals


def _proposal(column: SeenColumn, known: Mapping[str, str], titles: Collection[str]) -> Proposal:
    meaning = meaning_of(column.text)
    if meaning is None or not meaning.sure:
        near = misspelt(column.text, known)
        meaning = Meaning(near, sure=True) if near is not None else meaning
    if titles and _share(column, lambda cell: same(text_of(cell)) in titles) >= HALF:
        return Proposal(column, NAME_OF_PROJECT, sure=True, why="its cells are names of projects")
    if meaning is None:
        return _by_shape(column)
    if meaning.column is None:
        return Proposal(column, None, meaning.sure, "its header speaks of something else")
    return _confirmed(column, meaning)


def _confirmed(column: SeenColumn, meaning: Meaning) -> Proposal:
    """What the header says, where its cells can be read so; else what they say instead, or nothing."""
    name = _corrected(column, meaning.column or "")
    if name is None:
        title = title_of(meaning.column or "")
        return Proposal(column, None, sure=False, why=f"its header could mean {title}, but not with these cells")
    return Proposal(column, name, meaning.sure and name == meaning.column, "its header says so")


def _corrected(column: SeenColumn, name: str) -> str | None:
    """The column that header and cells mean together; None when they contradict each other."""
    if not column.cells:
        return name
    whole = _share(column, lambda cell: _reads(Kind.IDENTIFIER, cell))
    match name:
        case "workspace":
            return "workspace_id" if whole >= MOST else name
        case "workspace_id" if whole < MOST:
            return "project_code"
        case "due_date" if _share(column, _is_date) < MOST:
            return "payment_schedule" if _share(column, lambda cell: _reads(Kind.DAYS, cell)) >= MOST else None
        case "payment_schedule" if _share(column, _is_date) >= MOST:
            return "due_date"
    return name if _fits(column, name) else None


def _fits(column: SeenColumn, name: str) -> bool:
    """Tell whether the cells can be read as a column."""
    if name in CHECK_BY_NAME:
        if CHECK_BY_NAME[name].rule in _FIGURES:
            return _share(column, lambda cell: any(map(str.isdigit, text_of(cell)))) >= MOST
        return True
    kind = BY_NAME[name].kind
    if kind is Kind.TEXT:
        return name not in ("notes", "message") or _share(column, _is_figure) < HALF
    if kind in CHOSEN and len(column.counts) <= MOST_WORDS:
        return _share(column, _is_date) < HALF
    return _share(column, lambda cell: _reads(kind, cell)) >= MOST


def _by_shape(column: SeenColumn) -> Proposal:
    """What cells alone say; never for sure."""
    if _share(column, lambda cell: _reads(Kind.ITEM_TYPE, cell)) >= MOST:
        return Proposal(column, "item_type", sure=False, why="its cells are item types")
    texts = [cell for cell in column.cells if isinstance(cell, str) and not cell.strip().isdecimal()]
    if texts and len(texts) == len(column.cells) and _share(column, lambda cell: _reads(Kind.DAYS, cell)) >= MOST:
        return Proposal(column, "payment_schedule", sure=False, why="its cells are terms of payment")
    return Proposal(column, None, sure=False, why="neither its header nor its cells say what it means")


def _share(column: SeenColumn, is_so: Callable[[Cell], bool]) -> float:
    """Share of the different cells of which something is true; 0 without cells."""
    return sum(map(is_so, column.cells)) / len(column.cells) if column.cells else 0.0


def _reads(kind: Kind, cell: Cell) -> bool:
    """Tell whether a cell can be read as a kind of column."""
    if kind is Kind.AMOUNT and isinstance(cell, str):
        return not isinstance(typed_amount(cell), Unreadable)
    if kind is Kind.DATE:
        return _is_date(cell)
    return not isinstance(parser_of(kind)(cell), Unreadable)


def _is_date(cell: Cell) -> bool:
    if isinstance(cell, str):
        return not isinstance(typed_date(cell, _TODAY), Unreadable)
    return isinstance(cell, date)


def _is_figure(cell: Cell) -> bool:
    return _is_date(cell) or _reads(Kind.AMOUNT, cell)


def title_of(name: str) -> str:
    """What a person calls a column that is sent or compared."""
    return BY_NAME[name].title if name in BY_NAME else CHECK_BY_NAME[name].title


def _shown(cell: Cell) -> str:
    if isinstance(cell, date):
        return cell.isoformat()[:10]
    return text_of(cell)


# --- words ----------------------------------------------------------------------------


def propose_words(
    name: str, column: SeenColumn, taught: Mapping[str, object], *, with_ids: bool
) -> tuple[WordProposal, ...]:
    """A proposal for each word of a column that is not understood; none where its words are no choices.

    ``taught``: the words of this column that the settings explain already. ``with_ids``: whether the sheet holds the
    ids of what is billed; without them “Expense” and “Hours” can only be billed as additional items.
    """
    kind = BY_NAME[name].kind if name in BY_NAME else Kind.TEXT
    if kind not in CHOSEN:
        return ()
    explained = {folded(word) for word in taught}
    proposals = []
    for cell in column.cells:
        if not isinstance(cell, str) or folded(cell) in explained:
            continue
        word = " ".join(cell.split())
        asked, meant = _asked_about(kind, word, with_ids=with_ids)
        if asked:
            proposals.append(WordProposal(name, word, column.counts[folded(cell)], meant))
    return tuple(proposals) if len(proposals) <= MOST_WORDS else ()


def _asked_about(kind: Kind, word: str, *, with_ids: bool) -> tuple[bool, str | int | bool | None]:
    """Tell whether the meaning of a word is asked for, and which is proposed, as the settings write it."""
    read = parser_of(kind)(word)
    is_unknown = isinstance(read, Unreadable)
    meant = meant_by(kind, word) if is_unknown else read
    if not with_ids and meant in BY_ID:
        return True, ItemType.ADDITIONAL.value
    if isinstance(meant, ItemType):
        meant = meant.value
    return is_unknown, cast("str | int | bool | None", meant)
