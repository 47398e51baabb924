"""The sheet Changes: what is otherwise than in the batch before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.tables import Money, Table, TableColumn

if TYPE_CHECKING:
    from importer.report import Report
    from importer.tables import Book


def add_changes(book: Book, report: Report) -> None:
    """Add the sheet to the workbook: projects that changed, then the largest invoices."""
    changes = report.changes
    if changes is None:
        return
    table = Table(
        book,
        "Changes",
        [
            TableColumn("What", 18), TableColumn("Project or invoice", 18),
            TableColumn("Project title", 46, wrapped=True),
            TableColumn("Currency", 10), TableColumn("Batch before", 16),
            TableColumn("Amount before", 16, right=True), TableColumn("Amount now", 16, right=True),
            TableColumn("Change", 16, right=True), TableColumn("Change in %", 14, right=True),
        ],
    )  # fmt: skip
    for one in changes.changes:
        figures = (
            Money(one.before),
            Money(one.now),
            Money(one.moved),
            Money(None if one.percent is None else round(one.percent, 2)),
        )
        currency = f"{one.currency_before} → {one.currency}" if one.currency_before else one.currency
        table.add([one.kind.value, str(one.workspace_id), one.title, currency, changes.batch_before, *figures])
    for large in changes.largest:
        table.add(["largest now", large.name, "; ".join(large.titles), large.currency, None, None, Money(large.amount)])
    table.finish()
