"""The user's own words for columns and values: are they sound, and what they make of a sheet.

``[columns]`` and ``ignore_columns`` speak of headers, ``[constants]`` of columns
that the sheet lacks, ``[values]`` of words in its cells. What they yield is read
by the same parsers as what stands in a cell.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING

from importer.model.columns import BY_NAME, Kind
from importer.model.headers import fold, is_ignored
from importer.model.invoices import ItemType
from importer.model.sheet import is_blank, text_of
from importer.values.cells import parser_of
from importer.values.readings import Unreadable
from importer.values.toml_lines import folded, toml_key

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from importer.model.columns import Column
    from importer.model.sheet import Cell, Sheet

NEVER_CONSTANT = {
    "item_id": "a time entry, expense or milestone is billed once, so each row has its own",
    "amount": "what is billed stands in the sheet",
    "user_invoice_number": "each invoice has its own",
    "invoice_key": "all rows, of all projects, would be put onto one invoice",
    "external_reference.service_model_ref": "it is the identity of one invoice",
}
"""Columns that no constant may supply, and why."""
MOST_WORDS = 5
"""Words of a value map named in one notice."""


# --- are the settings sound? ---------------------------------------------------


def check_aliases(aliases: Mapping[str, Sequence[str]]) -> None:
    """Raise ValueError when one header is to mean two columns, or nothing at all."""
    seen: dict[str, str] = {}
    for name, headers in aliases.items():
        for header in headers:
            if not fold(header):
                msg = f"{name} has the header “{header}”, which holds no letter or digit"
                raise ValueError(msg)
            if seen.setdefault(fold(header), name) != name:
                msg = f"the header “{header}” stands for both {seen[fold(header)]} and {name}"
                raise ValueError(msg)


def check_ignored(ignored: Sequence[str], aliases: Mapping[str, Sequence[str]]) -> None:
    """Raise ValueError when a header is both passed over and given a meaning."""
    meant = {fold(header): name for name, headers in aliases.items() for header in headers}
    for header in ignored:
        if fold(header) in meant:
            msg = f"“{header}” cannot be ignored, because [columns] makes it mean {meant[fold(header)]}"
            raise ValueError(msg)


def check_constants(constants: Mapping[str, object]) -> None:
    """Raise ValueError for a constant that cannot be read, or that no sheet should have."""
    for name, value in constants.items():
        if name in NEVER_CONSTANT:
            msg = f"{name} cannot be a constant: {NEVER_CONSTANT[name]}"
            raise ValueError(msg)
        if is_blank(value):
            msg = f"{name} is empty"
            raise ValueError(msg)
        _check_readable(name, value, name)


def check_values(values: Mapping[str, Mapping[str, object]]) -> None:
    """Raise ValueError for a map whose values cannot be read, or whose words clash."""
    for name, words in values.items():
        meanings: dict[str, object] = {}
        for word, value in words.items():
            here = f"{name}, “{word}”"
            if not folded(word):
                msg = f"{name} maps an empty cell; use [constants] for a column that the sheet lacks"
                raise ValueError(msg)
            if meanings.setdefault(folded(word), value) != value:
                msg = f"{here} stands there twice with different meanings"
                raise ValueError(msg)
            if is_blank(value):
                continue
            if BY_NAME[name].kind is Kind.AMOUNT:
                msg = f'{here}: an amount stands in the sheet; a word can only mean an empty cell, ""'
                raise ValueError(msg)
            _check_readable(name, value, here)


def _check_readable(name: str, value: object, here: str) -> None:
    if not isinstance(value, (str, int, float, date)):
        msg = f"{here} must be a text, a number, true, false or a date"
        raise ValueError(msg)  # noqa: TRY004 - what pydantic explains
    if BY_NAME[name].kind is Kind.DATE and isinstance(value, str):
        value = _iso_date(value, here)
    read = parser_of(BY_NAME[name].kind)(value)
    if isinstance(read, Unreadable):
        stop = "" if read.message.endswith("?") else "."
        msg = f"{here}: “{text_of(value)}” {read.message}{stop} {read.hint.rstrip('.')}"
        raise ValueError(msg)  # noqa: TRY004 - what pydantic explains


def _iso_date(text: str, here: str) -> date:
    """A date of the settings stands alone, so nothing could prove another order."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        msg = f"{here}: “{text}” is not a date written as 2026-10-31"
        raise ValueError(msg) from None


# --- put to use ------------------------------------------------------------------


def in_known_words(
    sheet: Sheet,
    known: Mapping[str, str],
    constants: Mapping[str, object],
    values: Mapping[str, Mapping[str, object]],
) -> tuple[Sheet, tuple[str, ...]]:
    """The sheet with the words of the settings put in, and a sentence about each that matters.

    A constant fills a column that the sheet lacks, where the row's item type takes
    it; a column that is there is left as it is. The rows keep their original cells.
    """
    notices = [
        f"“{header.text}” is not used, although it could mean {BY_NAME[name].title}, because ignore_columns names it."
        for header in sheet.headers
        if is_ignored(header.text, known) and (name := known.get(fold(header.text)))
    ]
    frame = sheet.frame
    for name, words in values.items():
        if name in frame.columns:
            cells, told = _translated(frame[name].tolist(), words, name, sheet)
            notices += told
            frame = _with_column(frame, name, cells) if told else frame
    item_type_first = sorted(constants, key=lambda name: name != "item_type")
    for name in item_type_first:
        column, value = BY_NAME[name], constants[name]
        if not sheet.has(name):
            frame = _with_column(frame, name, _filled(frame, column, value))
            rows = "every row" if column.allowed_for == frozenset(ItemType) else "every row that takes it"
            notices.append(f"{column.title} is “{_shown(value)}” for {rows}, as [constants] says.")
        elif frame[name].isna().any():
            notices.append(
                f"The sheet has the column “{sheet.title(name)}” itself, so {name} of [constants] is not used; "
                "its empty cells stay empty."
            )
    return replace(sheet, frame=frame), tuple(notices)


def _translated(
    cells: list[Cell], words: Mapping[str, object], name: str, sheet: Sheet
) -> tuple[list[Cell], tuple[str, ...]]:
    """The cells of a column with their words replaced, and what is to be said of it."""
    meanings = {folded(word): None if is_blank(value) else value for word, value in words.items()}
    found: dict[tuple[type, Cell], str | None] = {(type(cell), cell): None for cell in cells}
    for kind, cell in found:
        if isinstance(cell, (str, int, float)) and (plain := folded(text_of(cell))) in meanings:
            found[kind, cell] = plain
    count = Counter(word for cell in cells if (word := found[type(cell), cell]) is not None)
    if not count:
        return cells, ()
    said = [f"“{word}” as {_meant(meanings[folded(word)])}" for word in words if folded(word) in count]
    more = f" and {len(said) - MOST_WORDS} more" if len(said) > MOST_WORDS else ""
    told = (
        f"[values.{toml_key(name)}] was used in {count.total():,} {'cell' if count.total() == 1 else 'cells'} of "
        f"“{sheet.title(name)}”: it reads {', '.join(said[:MOST_WORDS])}{more}."
    )
    new = [cell if (word := found[type(cell), cell]) is None else meanings[word] for cell in cells]
    return new, (told,)


def _filled(frame: pd.DataFrame, column: Column, value: object) -> list[Cell]:
    """The constant for each row whose item type takes it; an item type that cannot be read takes none."""
    if column.allowed_for == frozenset(ItemType) or "item_type" not in frame.columns:
        return [value] * len(frame)
    parse, cells = parser_of(Kind.ITEM_TYPE), frame["item_type"].tolist()
    types = {(type(cell), cell): parse(cell) for cell in {(type(c), c): c for c in cells}.values()}
    return [value if types[type(cell), cell] in column.allowed_for else None for cell in cells]


def _with_column(frame: pd.DataFrame, name: str, cells: list[Cell]) -> pd.DataFrame:
    import pandas as pd

    return frame.assign(**{name: pd.Series(cells, index=frame.index, dtype=object)})


def _meant(value: object) -> str:
    return "an empty cell" if value is None else f"“{_shown(value)}”"


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        value = value.date()
    return text_of(value)
