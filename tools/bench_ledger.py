"""Measure what the age of the ledger costs a preview.

Ledgers of earlier invoices are written by SQL: one fixed fee a month for each of so many projects, month by month.
``tools/bench.py`` puts :func:`table` into ``docs/benchmark.md``; alone, this file prints it.
"""

from __future__ import annotations

import json
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
FIRST = date(2026, 10, 31)
"""Date of the sheet's invoices; those of the ledger are from the months before."""


def build(path: Path, invoices: int) -> None:
    """Write a ledger with so many earlier invoices, the newest in the month before the sheet's."""
    from importer.ledger.opening import open_ledger

    open_ledger(path, "bench").close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        for month in range(-(-invoices // PROJECTS)):
            _bill(connection, month)
    connection.close()


def _bill(connection: sqlite3.Connection, month: int) -> None:
    """Write what one month billed: its run, and for each project its invoice with two events and a line."""
    day = (FIRST - timedelta(days=31 * (month + 1))).replace(day=15)
    batch, sent_at = f"{day:%Y-%m}", f"{day:%Y-%m-%d} 12:00:00.000000"
    run, exists = f"r{month}", {"run_id": f"r{month}", "sent_at": sent_at, "batch": batch}
    planned = _planned_of(day, batch)
    tables: dict[str, list[dict[str, Any]]] = {"invoices": [], "invoice_events": [], "billed_lines": []}
    for number, invoice in enumerate(planned):
        own = {"account": "bench", "reference": invoice.reference}
        invoice_id = str(month * PROJECTS + number)
        tables["invoices"].append(
            own | _columns(invoice, batch) | exists | {"tried_at": sent_at, "invoice_id": invoice_id}
        )
        for seq, event in ((1, "claimed"), (2, "created")):
            at = {"seq": seq, "event": event, "at": sent_at, "run_id": run, "invoice_id": invoice_id}
            tables["invoice_events"].append(own | at)
        [mark] = invoice.marks
        line = {"position": 0, "row": mark.row, "workspace_id": mark.workspace_id, "wording": mark.wording}
        line |= {"amount": str(mark.amount), "line": mark.line, "alike": 1, "waiting": "[]", "sent_at": sent_at}
        tables["billed_lines"].append(own | line)
    record = {"account": "bench", "started_at": sent_at, "who": "me", "path": "x", "sha256": f"{month:064}"}
    record |= {"rows": PROJECTS, "invoices": PROJECTS, "amount": "1", "batch": batch, "run_id": run}
    tables["runs"] = [record | {"planned": json.dumps({one.reference: one.fingerprint for one in planned})}]
    for name, rows in tables.items():
        columns = ", ".join(f'"{column}"' for column in rows[0])
        values = ", ".join(f":{column}" for column in rows[0])
        connection.executemany(f"INSERT INTO {name} ({columns}) VALUES ({values})", rows)  # noqa: S608 - own names


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


def table() -> Iterator[str]:
    """Lines of Markdown."""
    found = measured()
    least = found[AGES[0]]
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
    sys.stdout.write("\n".join(table()) + "\n")
