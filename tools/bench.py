"""Measure the preview beside a bare read and a bare write of the same cells, in one run.

``make bench`` prints a table and writes it to ``docs/benchmark.md``. Every figure
comes from a process of its own, so that peak memory is that of the step alone.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date, datetime
from pathlib import Path
from typing import Any

from bench_sending import table as sending_table

SIZES = (1_000, 10_000, 100_000)
REPEATS = 3
"""The median of so many runs is reported."""
ROWS_PER_INVOICE = 10
OUTPUT = Path(__file__).parent.parent / "docs" / "benchmark.md"


def write_input(path: Path, rows: int) -> None:
    """Write believable invoice rows: all item types, ten rows an invoice, 18 columns."""
    import xlsxwriter

    from importer.model.columns import COLUMNS

    numbered = [column for column in COLUMNS if column.name != "workspace"]  # projects by number need no look-up
    titles = [column.title for column in numbered[:17]] + ["Account manager"]
    book = xlsxwriter.Workbook(str(path), {"constant_memory": True})
    sheet, day = book.add_worksheet("Invoices"), book.add_format({"num_format": "yyyy-mm-dd"})
    sheet.write_row(0, 0, titles)
    types = ("Time entry", "Expense", "Fixed fee", "Additional item", "Billing milestone")
    for number in range(rows):
        kind, invoice = types[number % 5], number // ROWS_PER_INVOICE
        by_id = kind not in ("Fixed fee", "Additional item")
        sheet.write_number(number + 1, 0, 101 + invoice)
        sheet.write_string(number + 1, 2, kind)
        if by_id:
            sheet.write_number(number + 1, 3, 5_000_000_000 + number)
        else:
            sheet.write_row(number + 1, 4, [f"Consulting services, part {number}", 100 + number % 900, "yes"])
        sheet.write_string(number + 1, 8, "Net 30")
        sheet.write_datetime(number + 1, 9, datetime(2026, 10, 31), day)  # noqa: DTZ001 - Excel knows no zones
        sheet.write_row(
            number + 1, 11, ["Services in October", f"PO-{invoice:06}", "BRD-7", "Thank you.", "yes", "yes"]
        )
        sheet.write_string(number + 1, 17, "Zoë Müller")
    book.close()


def bare_read(path: Path) -> dict[str, float]:
    """Read all cells with python-calamine and nothing else."""
    from python_calamine import CalamineWorkbook

    start = time.perf_counter()
    book = CalamineWorkbook.from_path(str(path))
    book.get_sheet_by_name("Invoices").to_python(skip_empty_area=False)
    return {"bare read": time.perf_counter() - start}


def bare_write(preview: Path) -> dict[str, float]:
    """Write the cells of a finished preview workbook with XlsxWriter and nothing else."""
    import xlsxwriter
    from python_calamine import CalamineWorkbook

    source = CalamineWorkbook.from_path(str(preview))
    sheets = {name: source.get_sheet_by_name(name).to_python() for name in source.sheet_names}
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        book = xlsxwriter.Workbook(str(Path(folder) / "bare.xlsx"), {"constant_memory": True})
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for at, row in enumerate(rows):
                for position, cell in enumerate(row):
                    if cell == "":
                        continue
                    if isinstance(cell, str):
                        sheet.write_string(at, position, cell)
                    elif isinstance(cell, (date, datetime)):
                        sheet.write_datetime(at, position, cell, day)
                    else:
                        sheet.write(at, position, cell)
        book.close()
    return {"bare write": time.perf_counter() - start}


def our_steps(path: Path, folder: Path) -> dict[str, float]:
    """Run the preview step by step."""
    from importer.checking.grouping import Defaults, group
    from importer.checking.row_checks import check_rows
    from importer.flow.prepare import knowledge_for
    from importer.flow.prepared import Prepared, Wish
    from importer.model.exit_codes import ExitCode
    from importer.model.headers import known_headers
    from importer.model.plans import Source
    from importer.model.problems import Problems
    from importer.planning.deciding import Terms, decide
    from importer.planning.plan import Knowledge, draw_up
    from importer.reading.read import read_sheet
    from importer.reporting.workbook import results

    tools = _tools(folder)
    times: dict[str, float] = {}
    last = time.perf_counter()

    def lap(name: str) -> None:
        nonlocal last
        now = time.perf_counter()
        times[name], last = now - last, now

    sheet = read_sheet(path, None, known_headers())
    lap("read")
    problems = Problems()
    lines, _ = check_rows(sheet, problems, send_cents=False)
    lap("validate")
    invoices = group(lines, sheet, Defaults(None, draft=True, suppress_emails=True), problems)
    lap("group")
    drawn = draw_up(invoices, "2026-10")
    planned = decide(
        drawn, knowledge_for(drawn, tools.ledger, "2026-10", tools.settings.repeat_days), allow_repeats=False
    )
    lap("plan")
    if found := problems.ordered():
        sys.exit(f"the benchmark's input has problems: {found[:3]}")
    prepared = Prepared(
        "bench",
        datetime.now().astimezone(),
        Wish(path),
        Source(str(path), "Invoices", "", len(lines)),
        sheet,
        lines,
        "2026-10",
        Terms(),
        drawn,
        Knowledge(),
        planned,
        (),
        (),
    )
    report = prepared.report("preview", tools, planned, ExitCode.DONE)
    last = time.perf_counter()
    results.write_report(report, folder)
    lap("workbook")
    return times


def whole_preview(path: Path, folder: Path) -> dict[str, float]:
    """Run the whole preview as the command does, without the start of Python."""
    from importer.flow.prepared import Wish
    from importer.flow.preview import preview

    tools = _tools(folder)
    start = time.perf_counter()
    preview(Wish(path), tools)
    return {"whole preview": time.perf_counter() - start}


def _tools(folder: Path) -> Any:
    from importer.flow.prepared import Tools
    from importer.ledger.opening import open_ledger
    from importer.settings.model import Settings

    ledger = open_ledger(folder / "ledger.sqlite", "bench")
    return Tools(Settings(reports=folder), "bench", ledger, None)


STEPS = {"bare_read": bare_read, "bare_write": bare_write, "our_steps": our_steps, "whole_preview": whole_preview}


def measured(step: str, *arguments: Path) -> dict[str, float]:
    """Run a step in a process of its own; return its seconds and its peak memory in MB."""
    command = [sys.executable, __file__, step, *map(str, arguments)]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    return dict(json.loads(answer.stdout))


def median_of(step: str, *arguments: Path) -> dict[str, float]:
    """Repeat a step and take the median of every figure."""
    runs = [measured(step, *arguments) for _ in range(REPEATS)]
    return {name: statistics.median(run[name] for run in runs) for name in runs[0]}


def one_size(rows: int) -> dict[str, float]:
    """All figures for one number of rows."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = folder / "input.xlsx"
        write_input(source, rows)
        read = median_of("bare_read", source)
        whole = {k.replace("peak", "peak whole"): v for k, v in median_of("whole_preview", source, folder).items()}
        steps = median_of_steps(source, folder)
        preview = next(folder.glob("*-preview.xlsx"))
        write = median_of("bare_write", preview)
    figures = {**read, **write, **steps, **whole}
    figures["ratio"] = figures["whole preview"] / (figures["bare read"] + figures["bare write"])
    return figures


def median_of_steps(source: Path, folder: Path) -> dict[str, float]:
    """The steps write a workbook of a fixed name, so each repeat has a folder of its own."""
    runs = []
    for number in range(REPEATS):
        (folder / str(number)).mkdir()
        runs.append(measured("our_steps", source, folder / str(number)))
    return {name: statistics.median(run[name] for run in runs) for name in runs[0] if name != "peak"}


def help_cost() -> float:
    """Seconds that ``--help`` takes beyond a bare ``python -c pass``; the best of five each."""

    def best(*arguments: str) -> float:
        times = []
        for _ in range(5):
            start = time.perf_counter()
            subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
            times.append(time.perf_counter() - start)
        return min(times)

    return best("-m", "importer", "--help") - best("-c", "pass")


def main() -> None:
    """Measure all sizes and write the table."""
    columns = [one_size(rows) for rows in SIZES]
    names = ["read", "validate", "group", "plan", "workbook", "whole preview", "bare read", "bare write"]
    lines = [
        "# Benchmark",
        "",
        (
            f"`make bench`, {datetime.now().astimezone():%Y-%m-%d}, Python {platform.python_version()}, "
            f"{os.cpu_count()} cores. Seconds, median of {REPEATS}; every figure from a process of its own."
        ),
        (
            "“Bare read” is python-calamine alone on the same file, “bare write” XlsxWriter alone (constant memory) on "
            "the cells of the same preview workbook."
        ),
        "",
        "| | " + " | ".join(f"{rows:,} rows" for rows in SIZES) + " |",
        "|---|" + "---:|" * len(SIZES),
        *(f"| {name} | " + " | ".join(f"{column[name]:.2f}" for column in columns) + " |" for name in names),
        "| **whole preview ÷ (bare read + bare write)** | " + " | ".join(f"{c['ratio']:.2f}" for c in columns) + " |",
        "| peak memory of the preview, MB | " + " | ".join(f"{c['peak whole']:.0f}" for c in columns) + " |",
        "",
        f"`--help` takes {help_cost():.2f} s more than a bare `python -c pass`.",
        "",
        *sending_table(),
    ]
    OUTPUT.write_text("\n".join(lines), encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        figures = STEPS[sys.argv[1]](*(Path(argument) for argument in sys.argv[2:]))
        figures["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        sys.stdout.write(json.dumps(figures))
    else:
        main()
