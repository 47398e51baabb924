"""What is wrong with the columns of a header row: they stand twice, are not known, or are missing."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import chain, filterfalse
from typing import TYPE_CHECKING, Any

from importer.model.columns import BY_NAME, NAME_OF_PROJECT, REQUIRED, RESULT_COLUMNS
from importer.model.header_words import suggested_in_words
from importer.model.headers import (
    check_only_as,
    fold,
    is_ignored,
    is_in_own_words,
    is_part_of_text,
    known_as,
    own_headers,
    required_columns,
)
from importer.model.messages import problem
from importer.model.problems import cell_address
from importer.values.header_meanings import misspelt, nearest_header
from importer.values.presets import PRESETS, alike, other_layout
from importer.values.presets import lacking as absent_headers
from importer.values.toml_lines import alias_lines, ignore_line, use_or_ignore

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from importer.model.problems import Problem
    from importer.model.sheet import Header
    from importer.reading.formats.grid import Grid
    from importer.values.presets import Preset

_DAY_OF_WORK = "the day of the work"
_WORDS_OF_EXPORTS = {
    "group": "a group of users",
    "title": "a job title",
    **dict.fromkeys(("date", "datum", "fecha"), _DAY_OF_WORK),
}
"""Folded headers that are understood, and what they mean in exports of time."""


def lacking(names: set[str], known: Mapping[str, str]) -> list[str]:
    """Required columns that are not among the names; a project may be named instead of numbered."""
    present = set(names)
    if NAME_OF_PROJECT in names:
        present.add("workspace_id")
    return [column.name for column in required_columns(known) if column.name not in present]


def added_by_results(headers: tuple[Header, ...]) -> frozenset[int]:
    """Positions of the columns that results have added at the right; the same names elsewhere are the sheet's own."""
    names = [fold(name) for name in RESULT_COLUMNS]
    for count in range(len(names), 1, -1):
        last = headers[-count:]
        if [fold(header.text) for header in last] == names[-count:]:
            return frozenset(header.position for header in last)
    return frozenset()


def column_problems(grid: Grid, row: int, headers: tuple[Header, ...], known: Mapping[str, str]) -> tuple[Problem, ...]:
    """Problems of the columns that are there; ``row`` is the header's number as Excel shows it."""
    twice = _side_by_side(grid, row, headers) or _duplicates(grid, row, headers, known)
    layout = _layout_problems(grid, row, headers, known)
    if layout:
        return layout
    return (*twice, *_words_of_exports(grid, row, headers, known), *_unknown_columns(grid, row, headers, known))


def _words_of_exports(grid: Grid, row: int, headers: tuple[Header, ...], known: Mapping[str, str]) -> Iterator[Problem]:
    """Warn of headers that often mean something else in an export of another program; the settings can say which."""
    by_id = any(header.column == "item_id" for header in headers)
    for header in headers:
        word = fold(header.text)
        name = header.column
        if name is None or word not in _WORDS_OF_EXPORTS or is_in_own_words(header.text, known):
            continue
        if _WORDS_OF_EXPORTS[word] == _DAY_OF_WORK and not by_id:
            continue
        yield problem(
            "column.read_as",
            sheet=grid.name,
            cell=cell_address(header.position, row),
            row=row,
            column=name,
            value=header.text,
            header=header.text,
            title=BY_NAME[name].title,
            other=_WORDS_OF_EXPORTS[word],
            ignore=ignore_line([header.text], known),
        )


def missing_columns(
    grid: Grid, row: int, headers: tuple[Header, ...], known: Mapping[str, str], problems: Iterable[Problem]
) -> list[Problem]:
    """An error for every required column that is missing.

    A column for which a header is probably misspelt is left out: ``problems``, those of
    the columns that are there, ask about it already.
    """
    texts = [header.text for header in headers]
    offer = offer_of_presets(texts, known)
    if offer:
        cell = cell_address(headers[0].position, row)
        return [problem("preset.offered", sheet=grid.name, cell=cell, row=row, **offer)]
    asked_about = {asked.meant for asked in problems if asked.code == "column.near_miss"}
    unknown = list(filterfalse(partial(_is_understood, known=known), texts))
    missing = []
    for name in lacking({header.column or "" for header in headers}, known):
        if name in asked_about:
            continue
        column = BY_NAME[name]
        near = nearest_header(unknown, name, known)
        missing.append(
            problem(
                "column.missing",
                sheet=grid.name,
                row=row,
                column=name,
                title=column.title,
                name=name,
                header_row=row,
                nearest=f" The nearest header is “{near}”." if near else "",
                meaning=column.meaning,
            )
        )
    return missing


def _is_understood(text: str, known: Mapping[str, str]) -> bool:
    return known_as(text, known) is not None or check_only_as(text, known) is not None


def _side_by_side(grid: Grid, row: int, headers: tuple[Header, ...]) -> list[Problem]:
    """One error when all required columns stand twice: two tables beside each other."""
    starts = []
    for column in REQUIRED:
        positions = [header.position for header in headers if header.column == column.name]
        if len(positions) < 2:  # noqa: PLR2004 - one per table
            return []
        starts.append(positions[1])
    place = cell_address(min(starts), row)
    return [problem("sheet.side_by_side", sheet=grid.name, cell=place, row=row, place=place)]


def _layout_problems(
    grid: Grid, row: int, headers: tuple[Header, ...], known: Mapping[str, str]
) -> tuple[Problem, ...]:
    """What is wrong with a sheet as a whole that is not what the preset says, or no list of rows to bill at all."""
    texts = [header.text for header in headers]
    place = partial(problem, sheet=grid.name, cell=cell_address(headers[0].position, row), row=row)
    other = other_layout(texts)
    if other is not None:
        return (place("sheet.other_layout", layout=other),)
    preset = PRESETS.get(own_headers(known).preset or "")
    if preset is None or preset in alike(texts):
        return ()
    absent = min((absent_headers(texts, signature) for signature in preset.signatures), key=len)
    first_names = [names.partition("|")[0] for names in absent]
    named = ", ".join(f"“{name}”" for name in first_names)
    return (place("preset.other_sheet", preset=preset.name, title=preset.title, absent=named),)


def offer_of_presets(texts: Sequence[str], known: Mapping[str, str]) -> dict[str, Any]:
    """What a message says of the presets that fit headers which say too little; empty where it has nothing to say."""
    presets = [] if own_headers(known).preset else alike(texts)
    if not presets or not lacking(_sure_names(texts, presets, known), known):
        return {}
    titles, names = [preset.title for preset in presets], [preset.name for preset in presets]
    options = [f"--preset {name}" for name in names]
    return {"title": " or ".join(titles), "options": " or ".join(options), "name": names[0]}


def _sure_names(texts: Sequence[str], presets: Sequence[Preset], known: Mapping[str, str]) -> set[str]:
    """The columns that headers name, without those that mean something else in such an export, as “Type” does."""
    ignored = chain.from_iterable(preset.ignore_columns for preset in presets)
    strange = set(map(fold, ignored))
    names = set()
    for text in texts:
        if fold(text) not in strange or is_in_own_words(text, known):
            names.add(known_as(text, known))
    return set(filter(None, names))


def _duplicates(grid: Grid, row: int, headers: tuple[Header, ...], known: Mapping[str, str]) -> list[Problem]:
    seen: dict[str, Header] = {}
    problems = []
    for header in headers:
        if header.column is None:
            continue
        first = seen.setdefault(header.column, header)
        if first is header or (is_part_of_text(first.text, known) and is_part_of_text(header.text, known)):
            continue
        problems.append(_duplicate(grid, row, first, header, known))
    return problems


def _duplicate(grid: Grid, row: int, first: Header, second: Header, known: Mapping[str, str]) -> Problem:
    """Two headers with the same meaning; where their words differ, one of them can be passed over."""
    cell, name = cell_address(second.position, row), second.column or ""
    facts: dict[str, Any] = {
        "title": BY_NAME[name].title,
        "first": cell_address(first.position, row),
        "first_text": first.text,
        "second": cell,
        "second_text": second.text,
    }
    at_second = partial(problem, sheet=grid.name, cell=cell, row=row, column=name, value=second.text, **facts)
    if fold(first.text) == fold(second.text):
        return at_second("column.duplicate")
    return at_second("column.duplicate:names", ignore=ignore_line([second.text], known))


def _unknown_columns(grid: Grid, row: int, headers: tuple[Header, ...], known: Mapping[str, str]) -> list[Problem]:
    present = {header.column for header in headers}
    added = added_by_results(headers)
    problems = []
    for header in headers:
        if header.column is None and check_only_as(header.text, known) is not None:
            continue  # its cells are compared, each with what is billed
        if header.column is None and header.position not in added and not is_ignored(header.text, known):
            problems.append(_unknown_column(grid, row, header, known, present))
    return problems


def _unknown_column(
    grid: Grid, row: int, header: Header, known: Mapping[str, str], present: set[str | None]
) -> Problem:
    """An error for a header that is probably misspelt, else a warning that the column is not sent."""
    text = header.text
    cell = cell_address(header.position, row)
    unknown = partial(problem, sheet=grid.name, cell=cell, row=row, column=text, value=text, text=text)

    meant = suggested_in_words(text) or misspelt(text, known)
    if meant is not None and meant not in present:
        alias, ignore = alias_lines(meant, text, known), ignore_line([text], known)
        if meant == "user_invoice_number" and "invoice_key" not in present:
            alias += (
                f"\nor, if its rows with the same value form an invoice:\n{alias_lines('invoice_key', text, known)}"
            )
        title = BY_NAME[meant].title
        near_miss = unknown("column.near_miss", title=title, name=meant, alias=alias, ignore=ignore)
        return replace(near_miss, meant=meant)

    return unknown("column.unknown", lines=use_or_ignore(text, known, present))
