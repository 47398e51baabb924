"""Texts of a sheet that order not to bill its rows: “Do not bill” in a description, in a remark or above the table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from importer.model.columns import BY_NAME, Kind
from importer.model.headers import check_only_as, is_ignored
from importer.model.messages import problem
from importer.model.problems import cell_address
from importer.model.sheet import is_blank, text_of
from importer.model.words import rows_named
from importer.reading.header_problems import added_by_results
from importer.values.cells import parser_of
from importer.values.not_to_bill import forbids_billing, order_in, says_unbilled
from importer.values.toml_lines import ignore_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from importer.model.problems import Problem
    from importer.model.sheet import Header, RawRow
    from importer.reading.formats.grid import Grid
    from importer.reading.header_row import HeaderRow

LONGEST_SHOWN = 80
"""Characters of a text that a message shows."""


def orders_not_to_bill(
    grid: Grid, start: HeaderRow, lines: Sequence[RawRow], known: Mapping[str, str]
) -> Iterator[Problem]:
    """An error for each clear order, a warning for each text that may be such an order."""
    yield from _above(grid, start, lines)
    if forbids_billing(grid.name) and not says_unbilled(grid.name):
        yield problem("sheet.not_to_bill", sheet=grid.name, name=grid.name)

    added = added_by_results(start.headers)
    for header in start.headers:
        if header.position not in added and _may_hold_orders(header, known):
            yield from _in_column(grid, header, lines, known)


def _may_hold_orders(header: Header, known: Mapping[str, str]) -> bool:
    """Whether a column holds texts of the user: those of the invoice, or remarks that no rule compares."""
    if header.column is not None:
        return BY_NAME[header.column].kind is Kind.TEXT
    return not is_ignored(header.text, known) and check_only_as(header.text, known) is None


def _above(grid: Grid, start: HeaderRow, lines: Sequence[RawRow]) -> Iterator[Problem]:
    """An error of all rows for each order that stands alone in a row above the header."""
    for number in range(1, min(start.lines)):
        filled = [(position, cell) for position, cell in enumerate(grid.rows[number - 1]) if not is_blank(cell)]
        if len(filled) != 1:
            continue
        (position, text), *_ = filled
        if isinstance(text, str) and forbids_billing(text) and not says_unbilled(text):
            of_all = (number, *(line.number for line in lines))
            place: dict[str, Any] = {"sheet": grid.name, "cell": cell_address(position, number), "row": number}
            label = text.strip()[:LONGEST_SHOWN]
            yield problem("row.not_to_bill", **place, rows=of_all, value=label, number=number, label=label)


def _in_column(grid: Grid, header: Header, lines: Sequence[RawRow], known: Mapping[str, str]) -> Iterator[Problem]:
    """The errors of a column by row; a warning for each other text, with its rows."""
    facts: dict[str, Any] = {"sheet": grid.name, "column": header.column or header.text, "text": header.text}
    is_sent = header.column is not None
    if not is_sent:
        facts["ignore"] = ignore_line([header.text], known)
    sure, perhaps = _KEYS[is_sent]
    texts = _rows_by_text(header.position, lines)
    is_flag = not is_sent and _is_flag(header, lines)

    for text, rows in texts.items():
        is_order = _is_yes(text) if is_flag else order_in(text)
        facts["label"] = facts["value"] = text.strip()[:LONGEST_SHOWN]
        for row in rows if is_order else ():
            yield problem(sure, row=row, cell=cell_address(header.position, row), **facts)
        if is_order is False:
            place = cell_address(header.position, rows[0])
            yield problem(perhaps, row=rows[0], cell=place, rows_named=rows_named(rows), **facts)


def _is_flag(header: Header, lines: Sequence[RawRow]) -> bool:
    """Whether a column holds nothing but yes and no below a header that forbids to bill: “Not yet approved”."""
    if not forbids_billing(header.text):
        return False
    cells = (line.cell(header.position) for line in lines)
    return all(is_blank(cell) or isinstance(parser_of(Kind.YES_NO)(cell), bool) for cell in cells)


def _is_yes(text: str) -> bool | None:
    return parser_of(Kind.YES_NO)(text) is True or None


def _rows_by_text(position: int, lines: Sequence[RawRow]) -> dict[str, list[int]]:
    rows_of: dict[str, list[int]] = {}
    for line in lines:
        cell = line.cell(position)
        if isinstance(cell, str | bool) and not is_blank(cell):
            rows_of.setdefault(text_of(cell), []).append(line.number)
    return rows_of


_KEYS = {
    True: ("row.not_to_bill:sent", "row.maybe_not_to_bill:sent"),
    False: ("row.not_to_bill:remark", "row.maybe_not_to_bill"),
}
"""Whether the column is sent → the messages about a clear order, and about another text."""
