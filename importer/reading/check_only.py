"""The columns that are compared and never sent: their filled cells, and what the settings could say of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.model.check_only import Rule
from importer.model.headers import check_only_as
from importer.model.sheet import CheckedColumn, is_blank
from importer.reading.header_problems import added_by_results
from importer.values.toml_lines import alias_lines, ignore_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from importer.model.check_only import CheckOnly
    from importer.model.sheet import RawRow
    from importer.reading.header_row import HeaderRow


def checked_columns(start: HeaderRow, lines: Sequence[RawRow], known: Mapping[str, str]) -> Iterator[CheckedColumn]:
    """Yield each check-only column that holds anything in ``lines``, the line items."""
    added = added_by_results(start.headers)
    for header in start.headers:
        column = None if header.column is not None else check_only_as(header.text, known)
        if column is None or header.position in added:
            continue
        cells = {}
        for row in lines:
            cell = row.cell(header.position)
            if not is_blank(cell):
                cells[row.number] = cell
        if cells:
            ignore = ignore_line([header.text], known)
            yield CheckedColumn(column, header, cells, ignore, _instead(column, header.text, start, known))


def _instead(column: CheckOnly, text: str, start: HeaderRow, known: Mapping[str, str]) -> str:
    """The lines that make a header what it may be instead; the amount takes the place of the one that it is now."""
    if column.rule in _INSTEAD:
        return "\nor\n".join(alias_lines(name, text, known) for name in _INSTEAD[column.rule])
    alias = alias_lines("amount", text, known)
    now = [header.text for header in start.known if header.column == "amount"]
    if not now:
        return alias
    return f"{ignore_line(now, known)}\n{alias}"


_INSTEAD = {
    Rule.DUE_DATE: ("payment_schedule",),
    Rule.EMPTY: ("invoice_date",),
    Rule.UNCLEAR: ("billable", "void", "user_invoice_number"),
}
"""What a column that is compared may be by its cells; others may be the amount."""
