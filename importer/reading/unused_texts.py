"""Rows without a Description beside a column of texts that is not used: the client would read nothing of the work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.model.headers import check_only_as, is_ignored, own_headers
from importer.model.messages import problem
from importer.model.problems import cell_address
from importer.model.sheet import is_blank
from importer.model.words import count_of
from importer.reading.header_problems import added_by_results
from importer.values.cell_shapes import holds_texts, seen_column
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
    bare = [row for row in lines if _lacks_text(row, start.names)]
    if not bare:
        return
    added = added_by_results(start.headers)
    for header in start.headers:
        if header.position in added:
            continue
        texts = [row.cell(header.position) for row in bare[:MOST_ROWS]]
        if _may_be_text(header, known) and holds_texts(seen_column(header.position, header.text, texts)):
            yield problem(
                "column.unused_texts",
                sheet=grid.name,
                cell=cell_address(header.position, bare[0].number),
                row=bare[0].number,
                column=header.text,
                value=header.text,
                text=header.text,
                count=count_of(len(bare), "row"),
                alias=alias_lines("notes", header.text, known),
                ignore=ignore_line([header.text], known),
            )


def _lacks_text(row: RawRow, names: Mapping[int, str]) -> bool:
    """Whether a row bills an amount without a word; what Kantata bills by an id has a text of its own."""
    filled = {name for position, name in names.items() if not is_blank(row.cell(position))}
    return "amount" in filled and filled.isdisjoint({"notes", "item_id"})


def _may_be_text(header: Header, known: Mapping[str, str]) -> bool:
    """Whether a header is not known and can mean the Description: neither a note, nor a client or a person."""
    if header.column is not None or is_ignored(header.text, known) or check_only_as(header.text, known) is not None:
        return False
    meaning = meaning_of(header.text)
    return not is_note(header.text) and (meaning is None or meaning.column == "notes")
