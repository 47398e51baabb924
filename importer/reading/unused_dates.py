"""Columns that are not used in a sheet without an invoice date, or without net days: the invoices would lose theirs."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from importer.model.columns import Kind
from importer.model.header_words import may_be_invoice_terms, may_be_terms, speaks_of_payment
from importer.model.headers import check_only_as, is_ignored, own_headers
from importer.model.messages import problem
from importer.model.problems import cell_address
from importer.model.sheet import is_blank
from importer.values.cells import parser_of
from importer.values.dates import typed_date
from importer.values.other_dates import speaks_of_other_dates
from importer.values.readings import Typed
from importer.values.toml_lines import alias_lines, ignore_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from importer.model.problems import Problem
    from importer.model.sheet import Cell, Header, RawRow
    from importer.reading.formats.grid import Grid
    from importer.reading.header_row import HeaderRow

_CODES = {"invoice_date": "column.unused_dates", "payment_schedule": "column.unused_terms"}
"""Of the questions, by the column that is missing."""


def unused_dates(grid: Grid, start: HeaderRow, lines: Sequence[RawRow], known: Mapping[str, str]) -> Iterator[Problem]:
    """An error for each unknown column of dates that may be the missing invoice date.

    Rows that are billed by the ids of their records have dates of their own: those of the work.
    """
    own = own_headers(known)
    if "invoice_date" in start.columns | own.supplied or own.preset or _are_billed_by_id(start, lines):
        return
    for header in start.headers:
        if _may_be_invoice_date(header, known) and _holds_dates(header.position, lines):
            yield _question(grid, start, header, "invoice_date", known)


def unused_terms(grid: Grid, start: HeaderRow, lines: Sequence[RawRow], known: Mapping[str, str]) -> Iterator[Problem]:
    """An error for each unknown column of days to pay that may be the missing Net days: those of the settings count."""
    if "payment_schedule" in start.columns or own_headers(known).preset:
        return
    for header in start.headers:
        if _is_unknown(header, known) and _holds_terms(header, lines):
            yield _question(grid, start, header, "payment_schedule", known)


def _question(grid: Grid, start: HeaderRow, header: Header, missing: str, known: Mapping[str, str]) -> Problem:
    """Ask whether a column is the one that is missing."""
    return problem(
        _CODES[missing],
        sheet=grid.name,
        cell=cell_address(header.position, start.row),
        row=start.row,
        column=header.text,
        value=header.text,
        text=header.text,
        alias=alias_lines(missing, header.text, known),
        ignore=ignore_line([header.text], known),
    )


def _holds_terms(header: Header, lines: Sequence[RawRow]) -> bool:
    """Whether all cells are days in words, as “15 days”, and the header or each of the cells speaks of payment.

    Under “Invoice terms” a number is enough.
    """
    cells = {row.cell(header.position) for row in lines if not is_blank(row.cell(header.position))}
    is_days = _is_days if may_be_invoice_terms(header.text) else _is_days_in_words
    if not cells or not all(map(is_days, cells)):
        return False
    return may_be_terms(header.text) or all(speaks_of_payment(str(cell)) for cell in cells)


def _is_days(cell: Cell) -> bool:
    return isinstance(parser_of(Kind.DAYS)(cell), int)


def _is_days_in_words(cell: Cell) -> bool:
    return isinstance(cell, str) and not cell.strip().isdigit() and _is_days(cell)


def _is_unknown(header: Header, known: Mapping[str, str]) -> bool:
    is_known = header.column is not None or check_only_as(header.text, known) is not None
    return not (is_known or is_ignored(header.text, known))


def _may_be_invoice_date(header: Header, known: Mapping[str, str]) -> bool:
    """Whether a header is not known and speaks of nothing else that has a date."""
    return _is_unknown(header, known) and not speaks_of_other_dates(header.text)


def _holds_dates(position: int, lines: Sequence[RawRow]) -> bool:
    cells = {row.cell(position) for row in lines if not is_blank(row.cell(position))}
    return bool(cells) and all(map(_is_date, cells))


def _are_billed_by_id(start: HeaderRow, lines: Sequence[RawRow]) -> bool:
    position = next((position for position, name in start.names.items() if name == "item_id"), None)
    return position is not None and any(not is_blank(row.cell(position)) for row in lines)


def _is_date(cell: Cell) -> bool:
    if isinstance(cell, str):
        return isinstance(typed_date(cell, date.today()), Typed)  # noqa: DTZ011 - only whether it is one
    return isinstance(cell, date)
