"""Write the workbook of an undo: what was undone, what was kept and why, what nobody knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.model.words import count_of, row_ranges
from importer.reporting.workbook.tables import Link, Money, Table, TableColumn, workbook
from importer.sending.undo import Group, Step, Undone

if TYPE_CHECKING:
    from pathlib import Path

    from importer.reporting.workbook.tables import Book

TITLES = {
    Group.UNDONE: "Undone",
    Group.KEPT: "Kept: still in Kantata",
    Group.UNKNOWN: "Unknown: may still be in Kantata",
}
_COLUMNS = (
    TableColumn("Result", 12),
    TableColumn("Projects", 16),
    TableColumn("Invoice key", 18),
    TableColumn("Amount sent", 14, right=True),
    TableColumn("Invoice ID", 12),
    TableColumn("Invoice link", 42),
    TableColumn("Why", 60, wrapped=True),
    TableColumn("What to do", 50, wrapped=True),
    TableColumn("Rows", 16),
    TableColumn("Reference", 24),
)


def write(done: Undone, folder: Path) -> Path:
    """Write ``<run>-undo.xlsx``, or with the next free number; return its path."""
    path, number = folder / f"{done.run_id}-undo.xlsx", 2
    while path.exists():
        path, number = folder / f"{done.run_id}-undo-{number}.xlsx", number + 1
    with workbook(path) as book:
        _summary(book, done)
        table = Table(book, "Invoices", _COLUMNS)
        for group in Group:
            for one in done.of(group):
                table.add(_cells(done, one))
        table.finish()
    return path


def _cells(done: Undone, one: Step) -> list[object]:
    sent = one.sent
    return [
        one.group.value if one.group else "",
        ", ".join(str(number) for number in sent.workspace_ids),
        sent.key,
        Money(sent.amount),
        sent.invoice_id,
        Link(done.link_of(one)),
        one.reason,
        one.what_to_do,
        row_ranges(sent.rows),
        sent.reference,
    ]


def _summary(book: Book, done: Undone) -> None:
    sheet = book.add("Summary", [34, 14, 18])
    sheet.hide_gridlines(2)
    sheet.write_string(0, 0, f"Undo of run {done.run_id}", book.title)
    facts = (
        ("File", done.source),
        ("Batch", done.batch),
        ("Run began", f"{done.started_at:%Y-%m-%d %H:%M}, by {done.who}"),
        ("Kantata account", done.account),
        ("Undo", done.undo_id),
    )
    for row, (label, value) in enumerate(facts, start=2):
        sheet.write_string(row, 0, label, book.bold)
        sheet.write_string(row, 1, value)
    for position, text in enumerate(("Result", "Invoices", "Amount sent")):
        sheet.write_string(8, position, text, book.header if position == 0 else book.header_right)
    for row, group in enumerate(Group, start=9):
        steps = done.of(group)
        sheet.write_string(row, 0, TITLES[group])
        sheet.write_number(row, 1, len(steps))
        sheet.write_number(row, 2, sum(one.sent.amount for one in steps), book.money)
    if undone := done.of(Group.UNDONE):
        words = f"The rows of the {count_of(len(undone), 'invoice')} undone are ready again: submit their file to bill"
        sheet.write_string(13, 0, f"{words} them anew.")
