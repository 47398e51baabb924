"""Write the workbook of an undo: what was undone, what was kept and why, what is not known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path

from importer.model.currency_sums import CURRENCY_NOT_KNOWN
from importer.model.words import NOT_KNOWN, count_of, money, row_ranges
from importer.reporting.table import Column, Kind, Table
from importer.reporting.workbook.book import Book, free_path, workbook
from importer.reporting.workbook.summary import Summary
from importer.sending.undo import Group, Step, Undone

TITLES = {
    Group.UNDONE: "Undone",
    Group.KEPT: "Kept: still in Kantata",
    Group.UNKNOWN: "Unknown: may still be in Kantata",
}
_COLUMNS = (
    Column("Result", width=12),
    Column("Projects", width=16),
    Column("Project titles", width=40, wrapped=True),
    Column("Invoice key", width=18),
    Column("Amount in the sheet", Kind.MONEY),
    Column("Total in Kantata", Kind.MONEY),
    Column("Currency", width=9),
    Column("Invoice ID", Kind.CODE, 12),
    Column("Invoice link", Kind.LINK, 42),
    Column("Why", width=60, wrapped=True),
    Column("What to do", width=50, wrapped=True),
    Column("Rows", width=16),
    Column("Reference", Kind.CODE, 24),
)


def write_undo(done: Undone, folder: Path) -> Path:
    """Write ``<run>-undo.xlsx``, or with the next free number; return its path."""
    path = free_path(folder, f"{done.run_id}-undo")
    with workbook(path) as book:
        _add_summary(book, done)
        book.add_table(Table("Invoices", _COLUMNS, _rows(done)))
    return path


def _rows(done: Undone) -> Iterator[tuple[object, ...]]:
    for group in Group:
        for step in done.of(group):
            sent = step.sent
            yield (
                group.value,
                ", ".join(map(str, sent.workspace_ids)),
                ", ".join(title or NOT_KNOWN for title in sent.titles),
                sent.key,
                sent.amount,
                step.total,
                step.currency,
                sent.invoice_id,
                done.link_of(step),
                step.reason,
                step.what_to_do,
                row_ranges(sent.rows),
                sent.reference,
            )


def sums(steps: Iterable[Step]) -> str:
    """What invoices come to, per currency with their count; those of which that is not known, by their count."""
    by_currency: dict[str, list[Decimal]] = defaultdict(list)
    others = 0
    for step in steps:
        if step.total is None:
            others += 1
        else:
            by_currency[step.currency or CURRENCY_NOT_KNOWN].append(step.total)

    parts = []
    for currency, totals in sorted(by_currency.items()):
        parts.append(f"{currency} {money(sum(totals, Decimal(0)))} ({len(totals):,})")
    if others:
        parts.append(f"total not known ({others:,})")
    return ", ".join(parts)


def sums_by_group(done: Undone) -> Table:
    """How many invoices were undone, were kept and are unknown, with what they come to."""
    columns = (Column("Result"), Column("Invoices", Kind.COUNT), Column("Total"))
    rows = []
    for group in Group:
        steps = done.of(group)
        rows.append((TITLES[group], len(steps), sums(steps)))
    return Table("Results", columns, rows)


def _add_summary(book: Book, done: Undone) -> None:
    summary = Summary(book, f"Undo of run {done.run_id}", [34, 14, 18])
    summary.add_facts(
        (
            ("File", done.source),
            ("Batch", done.batch),
            ("Run began", f"{done.started_at:%Y-%m-%d %H:%M}, by {done.who}"),
            ("Kantata account", done.account),
            ("Undo", done.undo_id),
        )
    )
    summary.add_table(sums_by_group(done))
    if undone := done.of(Group.UNDONE):
        which = f"The rows of the {count_of(len(undone), 'undone invoice')} are ready again"
        summary.add_lines([f"{which}: submit their file to bill them."])
