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
            TableColumn("What", 18), TableColumn("Project or invoice", 24), TableColumn("Batch before", 16),
            TableColumn("Amount before", 16, right=True), TableColumn("Amount now", 16, right=True),
            TableColumn("Change", 16, right=True), TableColumn("Change in %", 14, right=True),
        ],
    )  # fmt: skip
    for one in changes.changes:
        moved = (one.now or 0) - (one.before or 0)
        cells = (Money(one.before), Money(one.now), Money(moved), Money(one.percent))
        table.add([one.kind.value, str(one.workspace_id), changes.batch_before, *cells])
    for large in changes.largest:
        name = large.invoice.key or ", ".join(str(number) for number in large.invoice.workspace_ids)
        table.add(["largest now", name, None, None, Money(large.invoice.amount)])
    table.finish()
