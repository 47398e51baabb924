"""What the unknown words in the cells of a column probably mean: proposals to a person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from importer.model.columns import BY_NAME, Kind
from importer.model.invoices import BY_ID, ItemType
from importer.values.cells import parser_of
from importer.values.readings import Unreadable, folded
from importer.values.word_meanings import meant_by

if TYPE_CHECKING:
    from collections.abc import Mapping

    from importer.values.cell_shapes import SeenColumn

MOST_WORDS = 12
"""Different words of a column that may be given a meaning; with more of them, its words are no kinds or terms."""
CHOSEN = (Kind.ITEM_TYPE, Kind.DAYS, Kind.YES_NO)
"""Kinds of columns whose words can be given a meaning."""


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
