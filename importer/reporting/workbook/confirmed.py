"""How invoices of earlier runs stand in Kantata: the table of the terminal, and the workbook."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from importer.model.visible import in_one_line
from importer.model.words import NOT_KNOWN, projects_titled, worth_in_words
from importer.reporting.table import Column, Kind, Narrow, Table, without_blanks
from importer.reporting.workbook.book import workbook
from importer.reporting.workbook.summary import Summary
from importer.sending.confirming import Confirmed, InKantata


def in_short(invoices: Sequence[Confirmed]) -> Table:
    """One row per invoice, for the terminal; of a single run its id would say the same in each."""
    columns = (
        Column("Projects"),
        Column("Run", narrow=Narrow.FOLD),
        Column("Number", Kind.CODE, narrow=Narrow.FOLD_LAST),
        Column("Invoice", Kind.CODE, narrow=Narrow.FOLD_LAST),
        Column("In Kantata", Kind.MONEY),
        Column("Now"),
        Column("What is otherwise", narrow=Narrow.FOLD),
    )
    rows, several = [], len({each.run.run_id for each in invoices}) > 1
    for each in invoices:
        run = each.run.run_id if several else None
        worth = worth_in_words(each.total, each.currency, None) or NOT_KNOWN
        number = each.held.number if each.held else None
        projects = projects_titled(each.sent.workspace_ids, each.sent.titles)
        changes = in_one_line("; ".join(each.changes))
        rows.append((projects, run, number, each.sent.invoice_id, worth, each.standing.value, changes))
    return without_blanks(Table("Invoices", columns, rows))


def counts(invoices: Sequence[Confirmed]) -> str:
    """How many stand how: “9 unchanged, 1 edited”."""
    found = Counter(each.standing for each in invoices)
    return ", ".join(f"{found[standing]:,} {standing.value}" for standing in InKantata if found[standing])


def write_confirmed(path: Path, account: str, invoices: Sequence[Confirmed], invoice_link: str) -> None:
    """Write a summary and one row per invoice. Raises SettingsProblem."""
    columns = (
        Column("Now", width=16),
        Column("What is otherwise", width=60, wrapped=True),
        Column("Projects", width=16),
        Column("Project titles", width=40, wrapped=True),
        Column("Invoice key", width=18),
        Column("Invoice number", Kind.CODE, 12),
        Column("Expected, tax excluded", Kind.MONEY),
        Column("Total in Kantata", Kind.MONEY),
        Column("Currency", width=9),
        Column("Invoice ID", Kind.CODE, 12),
        Column("Invoice link", Kind.LINK, 42),
        Column("Batch", width=12),
        Column("Run", Kind.CODE, 22),
    )
    rows = []
    for each in invoices:
        sent = each.sent
        rows.append(
            (
                each.standing.value,
                "\n".join(each.changes),
                ", ".join(map(str, sent.workspace_ids)),
                ", ".join(title or NOT_KNOWN for title in sent.titles),
                sent.key,
                each.held.number if each.held else None,
                sent.expected_total,
                each.total,
                each.currency,
                sent.invoice_id,
                invoice_link.replace("{id}", sent.invoice_id) if sent.invoice_id else None,
                each.run.batch,
                each.run.run_id,
            )
        )
    found = Counter(each.standing for each in invoices)
    with workbook(path) as book:
        summary = Summary(book, "How earlier invoices stand", [34, 14])
        summary.add_facts((("Kantata account", account),))
        totals = [(standing.value, found[standing]) for standing in InKantata if found[standing]]
        summary.add_table(Table("Standing", (Column("Now"), Column("Invoices", Kind.COUNT)), totals))
        book.add_table(Table("Invoices", columns, rows))
