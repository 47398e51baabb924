"""Say to a person how a column was read, or why it could not be: one problem for all its cells."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, assert_never

from importer.checking.conventions import AUTO, ColumnDoubt, Decision
from importer.model.sheet import text_of
from importer.model.words import count_of, names_in_short
from importer.values.dates import DMY, MDY, YMD, shown
from importer.values.readings import Unreadable

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

    from importer.checking.conventions import ColumnReading
    from importer.model.columns import Column
    from importer.model.problems import Problem
    from importer.model.sheet import Sheet
    from importer.values.readings import Typed

MOST_CELLS_NAMED = 4
"""Cells named in one message."""
_WAY_WORDS = {
    ".": "with a decimal point",
    ",": "with a decimal comma",
    DMY: "day first",
    MDY: "month first",
    YMD: "year first",
}
Filled = tuple[int, object]
"""Row number as Excel shows it, and the raw cell."""


@dataclass(frozen=True, slots=True)
class TypedColumn:
    """The texts of a column of amounts or dates, and what was decided of them."""

    sheet: Sheet
    column: Column
    setting_name: str
    setting: str
    typed: Mapping[str, Typed]
    """Different texts that are an amount or date in some way, in the order of the sheet."""
    verdict: ColumnReading
    texts: Sequence[tuple[int, str]]
    """The cells that hold them, by row."""

    @property
    def bound(self) -> set[str]:
        """Texts that not every way reads alike."""
        ways = len((DMY, MDY, YMD)) if self.setting_name == "date_order" else len((".", ","))
        found = set()
        for text, reading in self.typed.items():
            if len(reading.values) < ways or len(set(reading.values.values())) > 1:
                found.add(text)
        return found

    def cells_with(self, texts: Container[str]) -> list[tuple[int, str]]:
        """The cells that hold one of these texts."""
        return [(row, text) for row, text in self.texts if text in texts]


# --- how a column was read ----------------------------------------------------


def decision_of(column: TypedColumn) -> Decision | None:
    """How the column was read; None when its texts needed no convention."""
    verdict, bound = column.verdict, column.bound
    if verdict.way is None or verdict.doubt is not None or all(column.typed[text].plain for text in bound):
        return None
    meanings: dict[str, object] = {}
    for text in bound:
        meaning = _alone(column.typed[text], verdict.read[text])
        if not isinstance(meaning, Unreadable):
            meanings[text] = meaning
    return Decision(column.column.name, f"{_WAY_WORDS[verdict.way]}, {_evidence(column, bound)}", meanings)


def _evidence(column: TypedColumn, bound: Container[str]) -> str:
    """Why the column is read so: by the settings, by cells that prove it, or because nothing else fits."""
    cells = column.cells_with(bound)
    proving = [cell for cell in cells if cell[1] in column.verdict.proofs]
    example = _quoted(column, (proving or cells)[:1])
    if column.setting != AUTO:
        return f"as {column.setting_name} = “{column.verdict.way}” in the settings says, such as {example}"
    if not proving:
        return f"such as {example}: nothing else fits all of its {count_of(len(cells), 'text cell')}"
    if len(cells) == 1:
        return f"such as {example}: the text cell proves it"
    if len(cells) == len(proving):
        return f"such as {example}: all text cells prove it"
    proof = "1 of them proves it" if len(proving) == 1 else f"{len(proving):,} of them prove it"
    return f"such as {example}: {count_of(len(cells), 'text cell')}, {proof}"


def _alone(typed: Typed, value: object) -> object:
    """Write a value so that it needs no column to be read."""
    if not isinstance(value, Decimal):
        return value
    if typed.currency:
        return f"{typed.currency} {value:f}"
    return float(value)


# --- why a column could not be read --------------------------------------------


def doubt_of(column: TypedColumn) -> Problem | None:
    """The one problem of all cells that could not be read; None when there is none."""
    cells = column.cells_with(column.verdict.doubtful)
    match column.verdict.doubt:
        case None:
            return None
        case ColumnDoubt.UNPROVED:
            return _unproved(column, cells)
        case ColumnDoubt.CONTRADICTED:
            return _contradicted(column, cells)
        case ColumnDoubt.THIRDS:
            return _three_decimals(column, cells)
        case ColumnDoubt.FOREIGN:
            setting = f'{column.setting_name} = "{column.setting}"'
            facts = {"count": count_of(len(cells), "cell"), "setting": setting, "listed": _listed(column, cells)}
            return _of_column(column.sheet, column.column, cells, "*.foreign", facts)
        case _:
            assert_never(column.verdict.doubt)


def _unproved(column: TypedColumn, cells: Sequence[tuple[int, str]]) -> Problem:
    reading = column.typed[cells[0][1]]
    meanings: dict[str, str] = {}
    for way in _WAY_WORDS:
        if way in reading.likely:
            meanings[way] = _meaning(reading.values[way])
    lines = [f'{column.setting_name} = "{way}" if it means {meaning}' for way, meaning in meanings.items()]
    facts = {
        "first": _quoted(column, cells[:1]),
        "meanings": " or ".join(dict.fromkeys(meanings.values())),
        "others": f" ({_listed(column, cells[1:])} likewise)" if len(cells) > 1 else "",
        "lines": ", or ".join(lines),
        "plain": "dates as 2026-10-31",
    }
    if column.setting_name == "decimal_mark":
        facts["plain"] = "amounts without marks for thousands"
    return _of_column(column.sheet, column.column, cells, "*.unproved", facts)


def _contradicted(column: TypedColumn, cells: Sequence[tuple[int, str]]) -> Problem:
    parts = []
    for text in column.verdict.witnesses:
        cell = next(cell for cell in cells if cell[1] == text)
        ways = [_WAY_WORDS[way] for way in _WAY_WORDS if way in column.typed[text].likely]
        parts.append(f"{_quoted(column, [cell])} is written {' or '.join(ways)}")
    plain = "; 2026-10-31 can be read anywhere" if column.setting_name == "date_order" else ""
    facts = {"parts": ", but ".join(parts), "count": count_of(len(cells), "cell"), "plain": plain}
    return _of_column(column.sheet, column.column, cells, "*.contradicted", facts)


def _three_decimals(column: TypedColumn, cells: Sequence[tuple[int, str]]) -> Problem:
    text = column.verdict.witnesses[0]
    way = next(iter(column.typed[text].likely))
    proof = _quoted(column, column.cells_with({text})[:1])
    facts = {"listed": _listed(column, cells), "proof": proof, "way": _WAY_WORDS[way], "mark": way}
    return _of_column(column.sheet, column.column, cells, "*.three_decimals", facts)


def swapped_problem(column: TypedColumn, dates: Sequence[Filled]) -> Problem:
    """The error of dates that Excel of another country has turned around; ``dates`` are the date cells."""
    row, day = next((row, day) for row, day in dates if isinstance(day, date) and day.day != day.month)
    texts = column.cells_with(column.bound)
    facts = {
        "dates": count_of(len(dates), "cell"),
        "texts": count_of(len(texts), "cell"),
        "first": _quoted(column, texts[:1]),
        "cell_of_date": column.sheet.address(column.column.name, row),
        "turned": shown(date(day.year, day.day, day.month)),
        "day": shown(day),
    }
    cells = sorted([*dates, *texts], key=lambda cell: cell[0])
    return _of_column(column.sheet, column.column, cells, "*.swapped", facts)


# --- what can be read, but is probably a slip -----------------------------------


def unlikely_years(sheet: Sheet, column: Column, cells: Sequence[Filled], first: object) -> Problem:
    """The warning of dates that are long past or far ahead."""
    day = shown(first) if isinstance(first, date) else first
    facts = {"where": sheet.address(column.name, cells[0][0]), "day": day, "others": _likewise(sheet, column, cells)}
    return _of_column(sheet, column, cells, "*.unlikely_year", facts)


def long_terms(sheet: Sheet, column: Column, cells: Sequence[Filled], first: object) -> Problem:
    """The warning of payment terms of more than a year."""
    facts = {"where": sheet.address(column.name, cells[0][0]), "days": first, "others": _likewise(sheet, column, cells)}
    return _of_column(sheet, column, cells, "*.unlikely", facts)


def doubtful_text(sheet: Sheet, column: Column, cells: Sequence[Filled], found: str) -> Problem:
    """The warning of a text in which a program may have left something."""
    facts = {
        "where": sheet.address(column.name, cells[0][0]),
        "found": found,
        "others": _likewise(sheet, column, cells),
    }
    return _of_column(sheet, column, cells, "*.doubtful_text", facts)


def _likewise(sheet: Sheet, column: Column, cells: Sequence[Filled]) -> str:
    """Name the cells after the first."""
    if len(cells) == 1:
        return ""
    others = [str(sheet.address(column.name, row)) for row, _ in cells[1:]]
    return f" ({names_in_short(others, MOST_CELLS_NAMED - 1)} likewise)"


def _of_column(sheet: Sheet, column: Column, cells: Sequence[Filled], key: str, facts: Mapping[str, Any]) -> Problem:
    """One problem of several cells, at the first of them."""
    row, raw = cells[0]
    rows = tuple(row for row, _ in cells)
    found = sheet.problem_at(column.name, row, key, text_of(raw), title=column.title, **facts)
    return replace(found, rows=rows)


def _quoted(column: TypedColumn, cells: Sequence[tuple[int, str]]) -> str:
    return ", ".join(f"“{text}” in {column.sheet.address(column.column.name, row)}" for row, text in cells)


def _listed(column: TypedColumn, cells: Sequence[tuple[int, str]]) -> str:
    """Name the first cells and count the rest."""
    return names_in_short([_quoted(column, [cell]) for cell in cells], MOST_CELLS_NAMED)


def _meaning(value: object) -> str:
    if isinstance(value, date):
        return shown(value)
    if isinstance(value, Decimal):
        return f"{value:f}"
    return "nothing possible"
