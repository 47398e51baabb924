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
from importer.model.errors import ended
from importer.model.headers import (
    PLUS,
    check_only_as,
    fold,
    is_ignored,
    is_part_of_text,
    known_as,
    known_headers,
    own_headers,
)
from importer.model.invoices import ItemType
from importer.model.sheet import is_blank, text_of
from importer.model.words import count_of, names_in_short
from importer.values.cells import parser_of
from importer.values.readings import Unreadable, folded
from importer.values.toml_lines import toml_key

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
IN_CENTS = fold("amount_in_cents")
"""What the API calls amounts a hundred times as large, and what exports made with it are headed."""
MOST_WORDS = 5
"""Words of a value map named in one notice."""


# --- are the settings sound? ---------------------------------------------------


def check_aliases(aliases: Mapping[str, Sequence[str]]) -> None:
    """Raise ValueError when one header is to mean two columns, or nothing at all."""
    seen: dict[str, str] = {}
    for name, headers in aliases.items():
        for header in headers:
            if name == "amount" and fold(header) == IN_CENTS:
                raise ValueError(f"“{header}” cannot be the amount: an amount of 500 cents would be billed as 500")
            if not fold(header):
                raise ValueError(f"{name} has the header “{header}”, which holds no letter or digit")
            if seen.setdefault(fold(header), name) != name:
                raise ValueError(f"the header “{header}” stands for both {seen[fold(header)]} and {name}")


def check_ignored(ignored: Sequence[str], aliases: Mapping[str, Sequence[str]]) -> None:
    """Raise ValueError when a header is both passed over and given a meaning."""
    meant = {}
    for name, headers in aliases.items():
        meant.update(dict.fromkeys(map(fold, headers), name))
    for header in ignored:
        if fold(header) in meant:
            raise ValueError(f"“{header}” cannot be ignored, because [columns] makes it mean {meant[fold(header)]}")


def check_line_text(line_text: Sequence[str], aliases: Mapping[str, Sequence[str]], ignored: Sequence[str]) -> None:
    """Raise ValueError when a header is to stand in the text of a line and to mean something else too."""
    others = {fold(header): "ignore_columns names it" for header in ignored}
    for name, headers in aliases.items():
        if name != "notes":
            others.update((fold(header), f"[columns] makes it mean {name}") for header in headers)
    for part in line_text:
        for header in part.split(PLUS):
            if not fold(header):
                raise ValueError(f"“{part}” names no header")
            if fold(header) in others:
                raise ValueError(f"“{header}” cannot be a part of the text, because {others[fold(header)]}")


def check_constants(constants: Mapping[str, object]) -> None:
    """Raise ValueError for a constant that cannot be read, or that no sheet should have."""
    for name, value in constants.items():
        if name in NEVER_CONSTANT:
            raise ValueError(f"{name} cannot be a constant: {NEVER_CONSTANT[name]}")
        if is_blank(value):
            raise ValueError(f"{name} is empty")
        _check_readable(name, value, name)


def check_values(values: Mapping[str, Mapping[str, object]]) -> None:
    """Raise ValueError for a map whose values cannot be read, or whose words clash."""
    for name, words in values.items():
        meanings: dict[str, object] = {}
        for word, value in words.items():
            here = f"{name}, “{word}”"
            if not folded(word):
                raise ValueError(f"{name} maps an empty cell; use [constants] for a column that the sheet lacks")
            if meanings.setdefault(folded(word), value) != value:
                raise ValueError(f"{here} stands there twice with different meanings")
            if is_blank(value):
                continue
            if BY_NAME[name].kind is Kind.AMOUNT:
                raise ValueError(f'{here}: an amount stands in the sheet; a word can only mean an empty cell, ""')
            _check_readable(name, value, here)


def _check_readable(name: str, value: object, here: str) -> None:
    if not isinstance(value, (str, int, float, date)):
        raise ValueError(f"{here} must be a text, a number, true, false or a date")  # noqa: TRY004 - what pydantic explains
    if BY_NAME[name].kind is Kind.DATE and isinstance(value, str):
        value = _iso_date(value, here)
    read = parser_of(BY_NAME[name].kind)(value)
    if isinstance(read, Unreadable):
        fault = ended(f"{here}: “{text_of(value)}” {read.message}")
        raise ValueError(f"{fault} {read.hint.rstrip('.')}")  # noqa: TRY004 - what pydantic explains


def _iso_date(text: str, here: str) -> date:
    """A date of the settings stands alone, so nothing could prove another order."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"{here}: “{text}” is not a date written as 2026-10-31") from None


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
    notices = [*_in_own_words(sheet, known), *_ignored_although_known(sheet, known)]
    frame = sheet.frame
    for name, words in values.items():
        if name in frame.columns:
            cells, notice = _translated(frame[name].tolist(), words, name, sheet)
            if notice:
                notices.append(notice)
                frame = _with_column(frame, name, cells)

    item_type_first = sorted(constants, key=lambda name: name != "item_type")
    for name in item_type_first:
        column, value = BY_NAME[name], constants[name]
        if not sheet.has(name):
            frame = _with_column(frame, name, _filled(frame, column, value))
            rows = "every row" if _takes_all(column) else "every row that takes it"
            notices.append(f"{column.title} is “{_shown(value)}” for {rows}, as [constants] says.")
        elif frame[name].isna().any():
            notices.append(
                f"The sheet has the column “{sheet.title(name)}” itself, so {name} of [constants] is not used; "
                "its empty cells stay empty."
            )
    return replace(sheet, frame=frame), tuple(notices)


def _in_own_words(sheet: Sheet, known: Mapping[str, str]) -> list[str]:
    """Say which headers have the meaning that the settings, or a preset, give them and no other."""
    usual = known_headers()
    read = []
    for header in sheet.headers:
        name = header.column
        if name and not is_part_of_text(header.text, known) and known_as(header.text, usual) != name:
            read.append(f"“{header.text}” as {BY_NAME[name].title}")
    for checked in sheet.checked:
        text = checked.header.text
        if check_only_as(text, usual) is not checked.column:
            read.append(f"“{text}” as {checked.column.title}")
    said_by = "[columns] of the settings" if own_headers(known).preset is None else "[columns] or the preset"
    return [f"{said_by} was used: it reads {names_in_short(read)}."] if read else []


def _ignored_although_known(sheet: Sheet, known: Mapping[str, str]) -> list[str]:
    notices = []
    for header in sheet.headers:
        name = known.get(fold(header.text))
        if name and is_ignored(header.text, known):
            title = BY_NAME[name].title
            notices.append(
                f"“{header.text}” is not used, although it could mean {title}, because ignore_columns names it."
            )
    return notices


def _translated(cells: list[Cell], words: Mapping[str, object], name: str, sheet: Sheet) -> tuple[list[Cell], str]:
    """The cells of a column with their words replaced, and a sentence about it; empty when no word was found."""
    meanings = {folded(word): _meaning(value) for word, value in words.items()}

    # Equal cells are looked at once; the type belongs to the key, since True == 1 == 1.0.
    keys = [(type(cell), cell) for cell in cells]
    word_of = {key: _word(key[1]) for key in set(keys)}
    count: Counter[str] = Counter()
    translated: list[Cell] = []
    for key in keys:
        found = word_of[key]
        if found is not None and found in meanings:
            count[found] += 1
            translated.append(meanings[found])
        else:
            translated.append(key[1])
    if not count:
        return cells, ""

    read = [f"“{word}” as {_meant(meanings[folded(word)])}" for word in words if folded(word) in count]
    used = f"[values.{toml_key(name)}] was used in {count_of(count.total(), 'cell')} of “{sheet.title(name)}”"
    return translated, f"{used}: it reads {names_in_short(read, MOST_WORDS)}."


def _meaning(value: object) -> Cell:
    """What a word of the settings stands for; a blank text for an empty cell."""
    return None if is_blank(value) else value


def _word(cell: Cell) -> str | None:
    """A cell as words of the settings are compared; None for what is neither text nor number."""
    return folded(text_of(cell)) if isinstance(cell, str | int | float) else None


def _takes_all(column: Column) -> bool:
    """Tell whether rows of every item type take the column."""
    return column.allowed_for == frozenset(ItemType)


def _filled(frame: pd.DataFrame, column: Column, value: object) -> list[Cell]:
    """The constant for each row whose item type takes it; an item type that cannot be read takes none."""
    if _takes_all(column) or "item_type" not in frame.columns:
        return [value] * len(frame)
    item_type_of = parser_of(Kind.ITEM_TYPE)
    takes: dict[tuple[type, Cell], bool] = {}
    filled: list[Cell] = []
    for cell in frame["item_type"].tolist():
        key = (type(cell), cell)
        if key not in takes:
            takes[key] = item_type_of(cell) in column.allowed_for
        filled.append(value if takes[key] else None)
    return filled


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
