"""Decide once per column how its amounts and dates are written, from the evidence of all its cells."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING

from importer.model.columns import BY_NAME
from importer.values.readings import Undecided

if TYPE_CHECKING:
    from collections.abc import Mapping

    from importer.values.readings import Typed

AUTO = "auto"
"""The settings leave the decision to the column."""


@dataclass(frozen=True, slots=True)
class Conventions:
    """What the settings say of the ways in which people write."""

    decimal_mark: str = AUTO
    """``.`` or ``,``; AUTO decides per column."""
    date_order: str = AUTO
    """``dmy``, ``mdy`` or ``ymd``; AUTO decides per column."""
    today: date = field(default_factory=lambda: datetime.now().astimezone().date())
    """By it years are judged as likely or not."""


@dataclass(frozen=True, slots=True)
class Decision:
    """How a column was read, where that had to be decided."""

    column: str
    """Name of the column."""
    words: str
    """In words for people: “day first, such as …: 60 text cells, 14 of them prove it”."""
    meanings: dict[str, object] = field(default_factory=dict)
    """Text as typed → number, date or text that means the same in any column."""

    @property
    def notice(self) -> str:
        """The decision as a sentence."""
        return f"{BY_NAME[self.column].title} is read {self.words}."


class ColumnDoubt(Enum):
    """Why cells of a column cannot be read."""

    UNPROVED = "unproved"
    """Nothing in the column shows which way is meant."""
    CONTRADICTED = "contradicted"
    """Different cells prove different ways."""
    THIRDS = "three_decimals"
    """As other cells prove, an amount that looks like thousands would have three decimals."""
    FOREIGN = "foreign"
    """Cells do not fit the way that the settings name."""


@dataclass(frozen=True, slots=True)
class ColumnReading:
    """What was decided of a column's texts."""

    read: dict[str, object]
    """Text → value, Unreadable, or Undecided where there is doubt."""
    way: str | None = None
    """The one way in which all texts were read; None when several would do, or none does."""
    proofs: frozenset[str] = frozenset()
    """Texts that fit no other way."""
    doubt: ColumnDoubt | None = None
    witnesses: tuple[str, ...] = ()
    """Two texts that no way fits both, or the text that proves three decimals."""

    @property
    def doubtful(self) -> frozenset[str]:
        """Texts that could not be read because of the doubt."""
        return frozenset(text for text, value in self.read.items() if isinstance(value, Undecided))


def decide(typed: Mapping[str, Typed], setting: str, ways: tuple[str, ...]) -> ColumnReading:
    """Choose the way in which a column is written; ``typed`` are its different texts in the order of the sheet.

    Never guesses: a text keeps its value only when every way that fits the whole
    column gives it the same.
    """
    if setting != AUTO:
        return _by_setting(typed, setting)
    possible = frozenset(ways)
    for reading in typed.values():
        possible &= reading.likely
    if not possible:
        return _contradicted(typed, ways)

    read = {text: _certain(text, _value_in(reading, possible)) for text, reading in typed.items()}
    if _has_doubt(read):
        return ColumnReading(read, doubt=ColumnDoubt.UNPROVED)
    if len(possible) > 1:
        return ColumnReading(read)
    proofs = frozenset(text for text, reading in typed.items() if reading.likely == possible)
    return ColumnReading(read, way=next(iter(possible)), proofs=proofs)


def _by_setting(typed: Mapping[str, Typed], way: str) -> ColumnReading:
    """The settings name the way; texts that do not fit it are in doubt."""
    read = {text: _certain(text, reading.values.get(way)) for text, reading in typed.items()}
    return ColumnReading(read, way=way, doubt=ColumnDoubt.FOREIGN if _has_doubt(read) else None)


def _contradicted(typed: Mapping[str, Typed], ways: tuple[str, ...]) -> ColumnReading:
    """No way fits all texts: only those that every way reads alike keep their value."""
    read: dict[str, object] = {}
    by_ways: dict[frozenset[str], str] = {}
    for text, reading in typed.items():
        by_ways.setdefault(reading.likely, text)
        value = None
        if len(reading.likely) == len(ways):
            value = _value_in(reading, reading.likely)
        read[text] = _certain(text, value)
    return ColumnReading(read, doubt=ColumnDoubt.CONTRADICTED, witnesses=_opposed(by_ways))


def without_thirds(verdict: ColumnReading, typed: Mapping[str, Typed]) -> ColumnReading:
    """Refuse amounts that only the proof of another cell gives three decimals.

    Money has two. Where ``12,5`` is a slip of the finger for 12.5, ``1,000`` would
    be billed as 1; what the settings say is no slip.
    """
    if not verdict.proofs:
        return verdict
    odd = set()
    for text, reading in typed.items():
        if text not in verdict.proofs and len(reading.values) > 1 and _decimals(verdict.read[text]) == len("000"):
            odd.add(text)
    if not odd:
        return verdict
    witness = next(text for text in typed if text in verdict.proofs)
    read = {text: _certain(text, None if text in odd else value) for text, value in verdict.read.items()}
    return ColumnReading(read, doubt=ColumnDoubt.THIRDS, proofs=verdict.proofs, witnesses=(witness,))


def _decimals(value: object) -> int:
    return -int(value.as_tuple().exponent) if isinstance(value, Decimal) else 0


def _has_doubt(read: Mapping[str, object]) -> bool:
    return any(isinstance(value, Undecided) for value in read.values())


def _value_in(typed: Typed, ways: frozenset[str]) -> object:
    """The value that all these ways give; None when they differ."""
    different = {typed.values[way] for way in ways}
    if len(different) != 1:
        return None
    return different.pop()


def _opposed(by_ways: dict[frozenset[str], str]) -> tuple[str, ...]:
    """The first two texts that no way fits both; else one for each set of ways."""
    for ways, text in by_ways.items():
        for others, other in by_ways.items():
            if not ways & others:
                return (text, other)
    return tuple(by_ways.values())


def _certain(text: str, value: object) -> object:
    return Undecided("undecided", "", "", text) if value is None else value
