"""Lay tables of the document out as plain lines, for mails and whatever else has no columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.reporting.table import figures_of, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.reporting.document import Document
    from importer.reporting.table import Table


def totals_in_lines(totals: Table) -> Iterator[str]:
    """The table of :func:`~importer.reporting.document.totals_over`, one status a line: “created: 2 (150.00)”."""
    for status, count, amount, note in totals.rows:
        words = text_of(amount)
        if note:
            words = f"{words}, a {note}"
        yield f"{text_of(status)}: {text_of(count)} ({words})"


def tie_out_in_lines(document: Document) -> Iterator[str]:
    """The tie-out, one currency a line: “Tie-out EUR: sheet 510.00 · sent 409.00”; none for a plan."""
    for table in document.tie_out[:1]:
        for cells in table.rows:
            figures = " · ".join(figure.text for figure in figures_of(table, cells))
            yield f"Tie-out {cells[0]}: {figures}"
