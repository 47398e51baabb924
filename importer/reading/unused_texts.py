"""Rows without a Description, or with a note as that, beside a column of texts that is not used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from importer.model.headers import check_only_as, is_ignored, may_be_note, own_headers
from importer.model.messages import problem
from importer.model.problems import cell_address
from importer.model.sheet import is_blank
from importer.model.words import count_of
from importer.reading.header_problems import added_by_results
from importer.values.cell_shapes import holds_texts, holds_wordings, seen_column
from importer.values.header_meanings import meaning_of
from importer.values.header_proofs import is_note
from importer.values.toml_lines import alias_lines, ignore_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from importer.model.problems import Problem
    from importer.model.sheet import Header, RawRow
    from importer.reading.formats.grid import Grid
    from importer.reading.header_row import HeaderRow

MOST_ROWS = 1_000
"""Rows whose texts are looked at."""


def unused_texts(grid: Grid, start: HeaderRow, lines: Sequence[RawRow], known: Mapping[str, str]) -> Iterator[Problem]:
    """A warning for each unknown column that may hold the texts which rows billed by amount lack."""
    if own_headers(known).line_text or own_headers(known).preset:
        return
    note = _note_as_text(start, known)
    bare = [row for row in lines if _lacks_text(row, start.names, with_note=note is not None)]
    if not bare:
        return
    for header in _columns_of_texts(start, bare, known, with_note=note is not None):
        fields: dict[str, Any] = {"text": header.text, "count": count_of(len(bare), "row")}
        key = "column.unused_texts"
        if note is not None:
            key, fields["note"] = "column.unused_texts:note", note
        yield problem(
            key,
            sheet=grid.name,
            cell=cell_address(header.position, bare[0].number),
            row=bare[0].number,
            column=header.text,
            value=header.text,
            alias=alias_lines("notes", header.text, known),
            ignore=ignore_line([header.text], known),
            **fields,
        )


def _columns_of_texts(
    start: HeaderRow, rows: Sequence[RawRow], known: Mapping[str, str], *, with_note: bool
) -> Iterator[Header]:
    """The columns whose texts may be the description; beside a note they need more words than a name has."""
    holds = holds_wordings if with_note else holds_texts
    added = added_by_results(start.headers)
    for header in start.headers:
        texts = [row.cell(header.position) for row in rows[:MOST_ROWS]]
        is_open = header.position not in added and _may_be_text(header, known)
        if is_open and holds(seen_column(header.position, header.text, texts)):
            yield header


def _note_as_text(start: HeaderRow, known: Mapping[str, str]) -> str | None:
    """The header above the Description where it may be one of notes for colleagues."""
    texts = [header.text for header in start.headers if header.column == "notes"]
    return texts[0] if len(texts) == 1 and may_be_note(texts[0], known) else None


def _lacks_text(row: RawRow, names: Mapping[int, str], *, with_note: bool) -> bool:
    """Whether a row bills an amount without a word; what Kantata bills by an id has a text of its own.

    ``with_note``: whether the Description is a note, which says nothing of the work.
    """
    filled = {name for position, name in names.items() if not is_blank(row.cell(position))}
    if with_note:
        filled.discard("notes")
    return "amount" in filled and filled.isdisjoint({"notes", "item_id"})


def _may_be_text(header: Header, known: Mapping[str, str]) -> bool:
    """Whether a header is not known and can mean the Description: neither a note, nor a client or a person."""
    if header.column is not None or is_ignored(header.text, known) or check_only_as(header.text, known) is not None:
        return False
    meaning = meaning_of(header.text)
    return not is_note(header.text) and (meaning is None or meaning.column == "notes")
