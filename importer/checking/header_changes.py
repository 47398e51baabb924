"""What changed in the headers since an earlier import: a lost column is seen before it costs anything. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC
from typing import TYPE_CHECKING

from importer.model.columns import BY_NAME
from importer.model.headers import fold, is_ignored
from importer.model.messages import problem
from importer.model.remembered import EarlierHeaders, SeenHeader
from importer.model.sheet import is_blank
from importer.model.words import names_in_short

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from importer.model.problems import Problem
    from importer.model.sheet import Sheet

SHARED = 0.6
"""Share of headers in common below which two sheets have nothing to do with each other."""

Pair = tuple[SeenHeader, SeenHeader]
"""A header then, and the one that it is now."""


@dataclass(frozen=True, slots=True)
class _Comparison:
    """The headers of an earlier run beside those of now."""

    then: EarlierHeaders
    pairs: tuple[Pair, ...]
    new: tuple[SeenHeader, ...]
    gone: tuple[SeenHeader, ...]

    @property
    def shared(self) -> float:
        """Share of headers that both have, of the longer list: 0 to 1."""
        return len(self.pairs) / max(1, len(self.pairs) + max(len(self.new), len(self.gone)))

    @property
    def origin(self) -> str:
        """The earlier run as a person would say it: “31 Oct 2026 (october.xlsx)”."""
        day = self.then.started_at.replace(tzinfo=UTC).astimezone()
        file = re.split(r"[\\/]", self.then.path)[-1]
        return f"{day.day} {day:%b %Y} ({file})"


def headers_seen(sheet: Sheet) -> tuple[SeenHeader, ...]:
    """The sheet's own headers in their order, without the columns that earlier results added; no values."""
    seen = []
    for header in sheet.headers:
        if header.position not in sheet.added:
            filled = any(not is_blank(row.cell(header.position)) for row in sheet.rows)
            seen.append(SeenHeader(header.text, header.column, filled))
    return tuple(seen)


def changes(
    sheet: Sheet, earlier: Sequence[EarlierHeaders], known: Mapping[str, str]
) -> tuple[tuple[str, ...], tuple[Problem, ...]]:
    """Compare with the most alike of the earlier runs (the newest first): a notice, and warnings.

    A known column that held values then and is read no more is a warning; all else
    is one notice. Nothing is said of runs that share fewer than most of the headers,
    or that billed something else, nor of headers that the settings ignore.
    """
    near = _nearest(_heeded(headers_seen(sheet), known), earlier, known)
    if near is None:
        return (), ()
    read = {column for column in BY_NAME if sheet.has(column)}
    lost = [header for header in _no_longer_read(near) if header.filled and header.column not in read]
    parts = _parts(near, lost)
    notices = (f"Compared with the import of {near.origin}: {'; '.join(parts)}.",) if parts else ()
    return notices, tuple(_lost(sheet, header, near) for header in lost)


def _nearest(
    now: tuple[SeenHeader, ...], earlier: Sequence[EarlierHeaders], known: Mapping[str, str]
) -> _Comparison | None:
    """The most alike of the earlier runs that billed the same kind of lines; None: none shares most of the headers."""
    runs = (replace(then, headers=_heeded(then.headers, known)) for then in earlier)
    alike = (_compared(then, now) for then in runs if not _is_another_kind(then.headers, now))
    near = max(alike, key=lambda comparison: comparison.shared, default=None)
    return None if near is None or near.shared < SHARED else near


def _is_another_kind(then: tuple[SeenHeader, ...], now: tuple[SeenHeader, ...]) -> bool:
    """Whether the one bills items by their ids and the other amounts: what one has, the other has not lost."""
    before, after = _billed_by(then), _billed_by(now)
    return bool(before and after) and before.isdisjoint(after)


def _billed_by(headers: tuple[SeenHeader, ...]) -> set[str | None]:
    return {header.column for header in headers} & {"item_id", "amount"}


def _heeded(headers: tuple[SeenHeader, ...], known: Mapping[str, str]) -> tuple[SeenHeader, ...]:
    return tuple(header for header in headers if header.column is not None or not is_ignored(header.text, known))


def _compared(then: EarlierHeaders, now: tuple[SeenHeader, ...]) -> _Comparison:
    """Pair the headers: those of the same text first, then those that mean the same column."""
    gone, new = list(then.headers), list(now)
    pairs = []
    for same in (_same_text, _same_column):
        for header in tuple(new):
            old = next((earlier for earlier in gone if same(earlier, header)), None)
            if old is not None:
                gone.remove(old)
                new.remove(header)
                pairs.append((old, header))
    return _Comparison(then, tuple(pairs), tuple(new), tuple(gone))


def _same_text(old: SeenHeader, new: SeenHeader) -> bool:
    return (fold(old.text) or old.text) == (fold(new.text) or new.text)


def _same_column(old: SeenHeader, new: SeenHeader) -> bool:
    return old.column is not None and old.column == new.column


def _no_longer_read(near: _Comparison) -> list[SeenHeader]:
    """Known columns of then whose header is gone, or means something else or nothing now."""
    other = [old for old, new in near.pairs if old.column != new.column]
    return [header for header in (*near.gone, *other) if header.column in BY_NAME]


def _parts(near: _Comparison, lost: Sequence[SeenHeader]) -> list[str]:
    """What is said in the notice; lost columns have warnings of their own."""
    parts = []
    if near.new:
        parts.append(f"new {_columns(near.new)}")
    gone = [header for header in near.gone if header not in lost]
    if gone:
        are = "is" if len(gone) == 1 else "are"
        parts.append(f"{_columns(gone)} {are} gone")
    for old, new in near.pairs:
        change = _change(old, new, lost)
        if change is not None:
            parts.append(change)
    return parts


def _change(old: SeenHeader, new: SeenHeader, lost: Sequence[SeenHeader]) -> str | None:
    """What became of a header: another text, another meaning, or none; None when it is as it was."""
    if not _same_text(old, new):
        return f"“{old.text}” is now called “{new.text}”"
    if new.column == old.column:
        return None
    if new.column in BY_NAME:
        return f"“{new.text}” is now read as {BY_NAME[new.column].title}"
    if old.column in BY_NAME and old not in lost:
        return f"“{new.text}” is no longer read as {BY_NAME[old.column].title}"
    return None


def _columns(headers: Sequence[SeenHeader]) -> str:
    named = names_in_short([f"“{header.text}”" for header in headers])
    return f"columns {named}" if len(headers) > 1 else f"column {named}"


def _lost(sheet: Sheet, header: SeenHeader, near: _Comparison) -> Problem:
    name = header.column or ""
    state = "is gone" if header in near.gone else "is no longer read as that"
    return problem(
        "header.gone",
        sheet=sheet.name,
        row=sheet.header_row,
        column=name,
        header=header.text,
        title=BY_NAME[name].title,
        name=name,
        origin=near.origin,
        state=state,
    )
