"""Measure what the age of the ledger costs a preview.

Ledgers of earlier invoices are written by SQL: one fixed fee a month for each of so many projects, month by month.
``tools/bench.py`` puts :func:`table` into ``docs/benchmark.md``; alone, this file prints it.
"""

from __future__ import annotations

import sqlite3
import sys
import tempfile
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from time import process_time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

AGES = (1_000, 100_000, 1_000_000)
"""Earlier invoices."""
PROJECTS = 1_000
ROWS = 300
"""Rows of the sheet that is previewed, each an invoice of a project of its own."""
REPEATS = 3
TABLES = ("invoices", "invoice_events", "billed_lines")
FIRST = date(2026, 10, 31)
"""Date of the sheet's invoices; those of the ledger are from the months before."""


def build(path: Path, invoices: int) -> None:
    """Write a ledger with so many earlier invoices, the newest in the month before the sheet's."""
    from importer.ledger.opening import open_ledger

    open_ledger(path, "bench").close()
    months = -(-invoices // PROJECTS)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript("PRAGMA synchronous=OFF; PRAGMA cache_size=-500000; BEGIN")
    for table, rows in zip(TABLES, _one_month(), strict=True):
        for row in rows:
            _insert(connection, table, row)
        connection.execute(f"CREATE TEMP TABLE first_{table} AS SELECT * FROM {table}")  # noqa: S608 - own names
    indexes = connection.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
    ).fetchall()
    for name, _ in indexes:  # made at the end they take a fifth of the time
        connection.execute(f"DROP INDEX {name}")
    for month in range(1, months):
        _repeat(connection, month)
    for _, words in indexes:
        connection.execute(words)
    connection.execute("COMMIT")
    connection.close()


def _one_month() -> Iterator[list[dict[str, Any]]]:
    """What the month before billed: rows of invoices, of their events, and of their lines."""
    day = _day_of(0)
    batch, sent_at = f"{day:%Y-%m}", f"{day:%Y-%m-%d} 12:00:00.000000"
    invoices, events, lines = [], [], []
    for invoice in _planned_of(day, batch):
        own = {"account": "bench", "reference": invoice.reference}
        state = {"sent_at": sent_at, "tried_at": sent_at, "run_id": "r0", "invoice_id": invoice.reference}
        invoices.append(own | _columns(invoice, batch) | state)
        for seq, event in ((1, "claimed"), (2, "created")):
            events.append(own | {"seq": seq, "event": event, "at": sent_at, "run_id": "r0"})
        [mark] = invoice.marks
        line = {"position": 0, "row": mark.row, "workspace_id": mark.workspace_id, "wording": mark.wording}
        line |= {"amount": str(mark.amount), "line": mark.line, "alike": 1, "waiting": "[]", "sent_at": sent_at}
        lines.append(own | line)
    yield from (invoices, events, lines)


def _day_of(month: int) -> date:
    """The day of the invoices of a month, counted back from the sheet's."""
    return (FIRST - timedelta(days=31 + 30 * month)).replace(day=15)


def _insert(connection: sqlite3.Connection, table: str, row: dict[str, Any]) -> None:
    columns = ", ".join(f'"{column}"' for column in row)
    values = ", ".join(f":{column}" for column in row)
    connection.execute(f"INSERT INTO {table} ({columns}) VALUES ({values})", row)  # noqa: S608 - own names


def _repeat(connection: sqlite3.Connection, month: int) -> None:
    """Write the invoices of the first month again, as an earlier one: other references, texts, dates and batch."""
    day = _day_of(month)
    new = {
        "reference": f"reference || '-{month}'",
        "batch": f"'b{month}'",
        "run_id": f"'r{month}'",
        "invoice_id": f"reference || '-{month}'",
        "fingerprint": "lower(hex(randomblob(32)))",
        "dated_place": "lower(hex(randomblob(16)))",
        "line": "lower(hex(randomblob(16)))",
    }
    new |= dict.fromkeys(("sent_at", "tried_at", "at"), f"'{day:%Y-%m-%d} 12:00:00.000000'")
    for table in TABLES:
        names = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        columns = ", ".join(f'"{name}"' for name in names)
        values = ", ".join(new.get(name, f'"{name}"') for name in names)
        connection.execute(f"INSERT INTO {table} ({columns}) SELECT {values} FROM first_{table}")  # noqa: S608


def _planned_of(day: date, batch: str) -> tuple[Any, ...]:
    from importer.model.invoices import Invoice, ItemType, LineItem
    from importer.planning.plan import draw_up

    invoices = []
    for number in range(PROJECTS):
        amount = Decimal(100 + number)
        line = LineItem(number + 2, 1000 + number, ItemType.FIXED_FEE, amount=amount, notes=f"Consulting {batch}")
        invoices.append(Invoice(None, (line,), 30, draft=True, suppress_emails=True, invoice_date=day))
    return draw_up(invoices, batch)


def _columns(invoice: Any, batch: str) -> dict[str, Any]:
    from importer.ledger import ledger
    from importer.model.plans import Source

    sent = ledger._sent(invoice, "", batch, Source("x", "Invoices", "0" * 64, 1))  # noqa: SLF001 - as a claim writes it
    state = {"seq": 2, "state": "exists", "reached_by": "created", "taken_back": False, "unreported": False}
    return sent | state


def write_sheet(path: Path) -> None:
    """Write the sheet of this month: the same projects."""
    lines = ["workspace_id,item_type,amount,notes,payment_schedule,invoice_date"]
    for number in range(ROWS):
        lines.append(f"{1000 + number},fixed_fee,{100 + number},Consulting 2026-10,30,{FIRST.isoformat()}")
    path.write_text("\n".join(lines))


def seconds_of(folder: Path, ledgers: dict[int, Path]) -> dict[int, float]:
    """CPU-seconds of a preview with each ledger, in turn in this process; the least of several."""
    from importer.flow.prepared import Tools, Wish
    from importer.flow.preview import preview
    from importer.ledger.opening import open_ledger
    from importer.settings.model import Settings

    sheet, found = folder / "october.csv", dict[int, list[float]]()
    write_sheet(sheet)
    for _ in range(REPEATS + 1):
        for age, path in ledgers.items():
            tools = Tools(Settings(reports=folder), "bench", open_ledger(path, "bench"), None)
            begun = process_time()
            report = preview(Wish(sheet), tools)
            found.setdefault(age, []).append(process_time() - begun)
            tools.ledger.close()
            if any(planned.status.value != "ready" for planned in report.planned):
                sys.exit(f"the benchmark's sheet is not ready: {report.planned[0].reason}")
    return {age: min(times[1:]) for age, times in found.items()}


def measured() -> dict[int, float]:
    """CPU-seconds of a preview by the number of earlier invoices."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ledgers = {age: folder / f"{age}.sqlite" for age in AGES}
        for age, path in ledgers.items():
            build(path, age)
        return seconds_of(folder, ledgers)


def table(figures: dict[str, float]) -> Iterator[str]:
    """Lines of Markdown."""
    found = measured()
    least = found[AGES[0]]
    figures["age"] = found[AGES[-1]] / least
    yield "## The age of the ledger"
    yield ""
    yield (
        f"A preview of {ROWS} rows, each of a project that was billed every month before; SQLite. CPU-seconds, the "
        f"least of {REPEATS}, the ledgers in turn in one process."
    )
    yield ""
    yield "| earlier invoices | preview | ÷ the first |"
    yield "|---:|---:|---:|"
    for age, seconds in found.items():
        yield f"| {age:,} | {seconds:.2f} | {seconds / least:.2f} |"
    yield ""


if __name__ == "__main__":
    sys.stdout.write("\n".join(table({})) + "\n")
