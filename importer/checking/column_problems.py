"""Say to a person how a column was read, or why it could not be: one problem for all its cells."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from importer.checking.conventions import AUTO, Decision, Doubt
from importer.model.problems import Problem, Severity
from importer.model.words import count_of
from importer.values.dates import DMY, MDY, YMD, shown
from importer.values.readings import Unreadable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from importer.checking.conventions import Verdict
    from importer.model.columns import Column
    from importer.model.sheet import Sheet
    from importer.values.readings import Typed

MOST_NAMED = 4
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
    verdict: Verdict
    texts: Sequence[tuple[int, str]]
    """The cells that hold them, by row."""

    @property
    def bound(self) -> set[str]:
        """Texts that not every way reads alike."""
        return {text for text, one in self.typed.items() if len(one.values) < _ways(self) or _differs(one)}


def _ways(column: TypedColumn) -> int:
    return len((DMY, MDY, YMD)) if column.setting_name == "date_order" else len((".", ","))


def _differs(typed: Typed) -> bool:
    return len(set(typed.values.values())) > 1


def decision_of(column: TypedColumn) -> Decision | None:
    """How the column was read; None when its texts needed no convention."""
    verdict, bound = column.verdict, column.bound
    if verdict.way is None or verdict.doubt is not None or all(column.typed[text].plain for text in bound):
        return None
    cells = [(row, text) for row, text in column.texts if text in bound]
    proving = [(row, text) for row, text in cells if text in verdict.proofs]
    example = _quoted(column, (proving or cells)[:1])
    if column.setting != AUTO:
        words = f"as {column.setting_name} = “{verdict.way}” in the settings says, such as {example}"
    elif proving:
        proof = "1 of them proves it" if len(proving) == 1 else f"{len(proving):,} of them prove it"
        words = f"such as {example}: {count_of(len(cells), 'text cell')}, {proof}"
        if len(cells) == len(proving):
            words = f"such as {example}: {'the text cell proves' if len(cells) == 1 else 'all text cells prove'} it"
    else:
        words = f"such as {example}: nothing else fits all of its {count_of(len(cells), 'text cell')}"
    meanings = {text: _alone(column.typed[text], verdict.read[text]) for text in bound}
    meanings = {text: meaning for text, meaning in meanings.items() if not isinstance(meaning, Unreadable)}
    return Decision(column.column.name, f"{_WAY_WORDS[verdict.way]}, {words}", meanings)


def _alone(typed: Typed, value: object) -> object:
    """Write a value so that it needs no column to be read."""
    if isinstance(value, Decimal):
        return f"{typed.currency} {value:f}" if typed.currency else float(value)
    return value


def doubt_of(column: TypedColumn) -> Problem | None:
    """The one problem of all cells that could not be read; None when there is none."""
    doubtful = column.verdict.doubtful
    cells = [(row, text) for row, text in column.texts if text in doubtful]
    match column.verdict.doubt:
        case None:
            return None
        case Doubt.UNPROVED:
            message, hint = _unproved(column, cells)
        case Doubt.CONTRADICTED:
            message, hint = _contradicted(column, cells)
        case Doubt.THIRDS:
            message, hint = _three_decimals(column, cells)
        case Doubt.FOREIGN:
            setting = f'{column.setting_name} = "{column.setting}"'
            message = f"{count_of(len(cells), 'cell')} cannot be read with {setting} of the settings: "
            message, hint = message + _listed(column, cells) + ".", "Correct the cells, or the setting."
    return _of_column(column.sheet, column.column, column.verdict.doubt.value, message, hint, cells)


def _unproved(column: TypedColumn, cells: Sequence[tuple[int, str]]) -> tuple[str, str]:
    first = next(text for _, text in cells)
    one = column.typed[first]
    meanings = {way: _meaning(one.values[way]) for way in (".", ",", DMY, MDY, YMD) if way in one.likely}
    others = f" ({_listed(column, cells[1:])} likewise)" if len(cells) > 1 else ""
    message = (
        f"{_quoted(column, cells[:1])} may mean {' or '.join(dict.fromkeys(meanings.values()))}, and no cell of the "
        f"column shows which{others}."
    )
    lines = [f'{column.setting_name} = "{way}" if it means {meaning}' for way, meaning in meanings.items()]
    plain = "amounts without marks for thousands" if column.setting_name == "decimal_mark" else "dates as 2026-10-31"
    return message, f"Put into importer.toml {', or '.join(lines)}; or type the {plain}."


def _contradicted(column: TypedColumn, cells: Sequence[tuple[int, str]]) -> tuple[str, str]:
    parts = []
    for text in column.verdict.witnesses:
        cell = next(cell for cell in cells if cell[1] == text)
        ways = [_WAY_WORDS[way] for way in _WAY_WORDS if way in column.typed[text].likely]
        parts.append(f"{_quoted(column, [cell])} is written {' or '.join(ways)}")
    message = (
        f"The column is written in more than one way: {', but '.join(parts)}. So {count_of(len(cells), 'cell')} cannot "
        "be read with certainty."
    )
    plain = "; 2026-10-31 can be read anywhere" if column.setting_name == "date_order" else ""
    return message, f"Write the whole column in one way{plain}."


def _three_decimals(column: TypedColumn, cells: Sequence[tuple[int, str]]) -> tuple[str, str]:
    text = column.verdict.witnesses[0]
    proof = _quoted(column, [next(cell for cell in column.texts if cell[1] == text)])
    way = next(iter(column.typed[text].likely))
    message = (
        f"{_listed(column, cells)} would have three decimals, because {proof} is written {_WAY_WORDS[way]}; no amount "
        "has so many, so one of the two is a slip."
    )
    hint = f'Correct them, or put decimal_mark = "{way}" into importer.toml if three decimals are meant.'
    return message, hint


def swapped_problem(column: TypedColumn, dates: Sequence[Filled]) -> Problem:
    """The error of dates that Excel of another country has turned around; ``dates`` are the date cells."""
    suspect = next((row, day) for row, day in dates if isinstance(day, date) and day.day != day.month)
    texts = [cell for cell in column.texts if cell[1] in column.bound]
    day = suspect[1]
    turned = shown(date(day.year, day.day, day.month))
    message = (
        f"The dates with a day up to 12 ({count_of(len(dates), 'cell')}) are date cells, those with a day above 12 "
        f"({count_of(len(texts), 'cell')}, first {_quoted(column, texts[:1])}) are text. Excel leaves that behind when "
        "it opens a text file of another country: it swaps day and month where it can, and leaves the rest as text. "
        f"So {column.sheet.address(column.column.name, suspect[0])} may be {turned} instead of {shown(day)}."
    )
    hint = (
        "Compare the date cells with where they came from, and import the text file again with this column as text. "
        "If the date cells are right, type the others as 2026-10-31."
    )
    cells = sorted([*dates, *texts], key=lambda cell: cell[0])
    return _of_column(column.sheet, column.column, "swapped", message, hint, cells)


def unlikely_years(sheet: Sheet, column: Column, cells: Sequence[Filled], first: object) -> Problem:
    """The warning of dates that are long past or far ahead."""
    which = f"{sheet.address(column.name, cells[0][0])} is {shown(first) if isinstance(first, date) else first}"
    message = f"{which}: an unlikely year for an invoice{_likewise(sheet, column, cells)}."
    return _of_column(
        sheet, column, "unlikely_year", message, "Correct the year, unless it is meant.", cells, warn=True
    )


def long_terms(sheet: Sheet, column: Column, cells: Sequence[Filled], first: object) -> Problem:
    """The warning of payment terms of more than a year."""
    which = f"{sheet.address(column.name, cells[0][0])} says {first} days"
    message = f"{which}: more than a year until payment{_likewise(sheet, column, cells)}."
    return _of_column(sheet, column, "unlikely", message, "Correct the days, unless they are meant.", cells, warn=True)


def _likewise(sheet: Sheet, column: Column, cells: Sequence[Filled]) -> str:
    if len(cells) == 1:
        return ""
    named = [str(sheet.address(column.name, row)) for row, _ in cells[1:MOST_NAMED]]
    rest = len(cells) - MOST_NAMED
    return f" ({', '.join(named)}{f' and {rest:,} more' if rest > 0 else ''} likewise)"


def _of_column(  # noqa: PLR0913, PLR0917 - one argument per field
    sheet: Sheet, column: Column, fault: str, message: str, hint: str, cells: Sequence[Filled], *, warn: bool = False
) -> Problem:
    row, raw = cells[0]
    return Problem(
        code=f"{column.name}.{fault}",
        message=f"{column.title}: {message}",
        hint=hint,
        sheet=sheet.name,
        cell=sheet.address(column.name, row),
        row=row,
        column=column.name,
        value=str(raw),
        severity=Severity.WARNING if warn else Severity.ERROR,
        rows=tuple(row for row, _ in cells),
    )


def _quoted(column: TypedColumn, cells: Sequence[tuple[int, str]]) -> str:
    return ", ".join(f"“{text}” in {column.sheet.address(column.column.name, row)}" for row, text in cells)


def _listed(column: TypedColumn, cells: Sequence[tuple[int, str]]) -> str:
    """Name the first cells and count the rest."""
    rest = len(cells) - MOST_NAMED
    return _quoted(column, cells[:MOST_NAMED]) + (f" and {rest:,} more" if rest > 0 else "")


def _meaning(value: object) -> str:
    if isinstance(value, date):
        return shown(value)
    return f"{value:f}" if isinstance(value, Decimal) else "no possible amount"
