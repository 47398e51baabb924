"""Measure the preview beside a bare read, a bare write and the scripts that people write for the same job.

``make bench`` prints the tables and writes them to ``docs/benchmark.md``. Figures are CPU-seconds, of a process of its
own and its children; what is compared runs in turn, and of several runs the least counts: so a machine that does other
things at the same time tells the truth, nearly.
"""

from __future__ import annotations

import compileall
import gc
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date, datetime
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.request import HTTPCookieProcessor, build_opener

import psutil
from bench_ledger import table as ledger_table
from bench_sending import table as sending_table

from importer.cli import OBJECTS_BETWEEN_COLLECTIONS

SIZES = {1_000: 3, 10_000: 2, 100_000: 2}
"""Rows → how often all is measured; the least is reported. The scripts are measured once, but of the fewest rows."""
REPEATS = 3
"""Of the start."""
ROWS_PER_INVOICE = 10
FEW_ROWS = 300
PROJECT = Path(__file__).parent.parent
OUTPUT = PROJECT / "docs" / "benchmark.md"


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


def bare_read(path: Path, _folder: Path) -> dict[str, float]:
    """Read all cells with python-calamine and nothing else."""
    from python_calamine import CalamineWorkbook

    start = time.process_time()
    book = CalamineWorkbook.from_path(str(path))
    book.get_sheet_by_name("Invoices").to_python(skip_empty_area=False)
    return {"bare read": time.process_time() - start}


def bare_write(preview: Path, _folder: Path) -> dict[str, float]:
    """Write the cells of a finished preview workbook with XlsxWriter and nothing else."""
    import xlsxwriter
    from python_calamine import CalamineWorkbook

    source = CalamineWorkbook.from_path(str(preview))
    sheets = {name: source.get_sheet_by_name(name).to_python() for name in source.sheet_names}
    start = time.process_time()
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
    return {"bare write": time.process_time() - start}


def whole_preview(path: Path, folder: Path) -> dict[str, float]:
    """Run the whole preview as the command does; with its imports, and without them."""
    start = time.process_time()
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
    from importer.flow.prepared import Wish
    from importer.flow.preview import preview

    tools = _tools(folder)
    imports = time.process_time() - start
    preview(Wish(path), tools)
    whole = time.process_time() - start + _children()
    return {"whole preview": whole, "preview without imports": whole - imports}


def competent(path: Path, folder: Path) -> dict[str, float]:
    """Run the script with pandas, pandera and XlsxWriter, with its imports."""
    import bench_peers

    start = time.process_time()
    bench_peers.competent(path, folder / "competent.xlsx")
    return {"pandas + pandera + XlsxWriter": time.process_time() - start}


def by_hand(path: Path, folder: Path) -> dict[str, float]:
    """Run the script with pandas and openpyxl, with its imports."""
    import bench_peers

    start = time.process_time()
    bench_peers.by_hand(path, folder / "by_hand.xlsx")
    return {"pandas + openpyxl": time.process_time() - start}


def _children() -> float:
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def _tools(folder: Path) -> Any:
    from importer.flow.prepared import Tools
    from importer.ledger.opening import open_ledger
    from importer.settings.model import Settings

    ledger = open_ledger(folder / "ledger.sqlite", "bench")
    return Tools(Settings(reports=folder), "bench", ledger, None)


GOALS = (
    ("preview of 100,000 rows ÷ (bare read + bare write)", "ratio", "at most", 1.0),
    ("pandas + openpyxl ÷ preview, 10,000 rows", "by hand 10000", "at least", 4.0),
    ("pandas + openpyxl ÷ preview, 100,000 rows", "by hand 100000", "at least", 8.0),
    ("peak memory of a preview of 100,000 rows, MB", "peak", "at most", 300.0),
    ("`history` ÷ the import of its libraries", "history", "at most", 1.3),
    ("`--help` beyond a bare Python, seconds", "help", "at most", 0.15),
    ("`app`, until its first page is served, seconds", "app", "at most", 1.0),
    ("preview with 1,000,000 earlier invoices ÷ with 1,000", "age", "at most", 1.2),
    ("sending with 8 workers ÷ bare threads", "sending", "at least", 0.97),
)
STEPS = {step.__name__: step for step in (bare_read, bare_write, whole_preview, competent, by_hand)}
PEERS = ("pandas + pandera + XlsxWriter", "pandas + openpyxl")


def measured(step: str, *arguments: Path) -> dict[str, float]:
    """Run a step in a process of its own; return its seconds and its peak memory in MB."""
    command = [sys.executable, __file__, step, *map(str, arguments)]
    print(*command[2:], file=sys.stderr)
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    return dict(json.loads(answer.stdout))


def one_size(rows: int, repeats: int) -> dict[str, float]:
    """All figures for one number of rows."""
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = folder / "input.xlsx"
        write_input(source, rows)
        for turn in range(repeats):
            for step in ("bare_read", "whole_preview"):
                _note(found, measured(step, source, folder))
            _note(found, measured("bare_write", next(folder.glob("*-preview.xlsx")), folder))
            if turn == 0 or rows == min(SIZES):
                for step in ("competent", "by_hand"):
                    _note(found, measured(step, source, folder))
    return found


def _note(found: dict[str, float], figures: dict[str, float]) -> None:
    """Keep the least of every figure; the peak is that of the preview."""
    peak = figures.pop("peak")
    if "whole preview" in figures:
        figures["peak"] = peak
    for name, figure in figures.items():
        found[name] = min(figure, found.get(name, figure))


def starting() -> dict[str, float]:
    """CPU-seconds of commands, beyond a bare ``python -c pass`` for ``--help``; in turn, the least of several."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        few = folder / "few.xlsx"
        write_input(few, FEW_ROWS)
        own = {"IMPORTER_LEDGER": str(folder / "ledger.sqlite"), "IMPORTER_REPORTS": str(folder / "reports")}
        commands = {
            "nothing": ["-c", "pass"],
            "libraries": ["-c", "import sqlalchemy, typer, rich, pydantic_settings"],
            "help": ["-m", "importer", "--help"],
            "history": ["-m", "importer", "history"],
            "preview": ["-m", "importer", "preview", str(few), "--offline"],
        }
        found: dict[str, float] = {}
        for _ in range(REPEATS):
            for title, arguments in commands.items():
                before = _children()
                subprocess.run([sys.executable, *arguments], capture_output=True, env=os.environ | own, check=False)
                spent = _children() - before
                found[title] = min(spent, found.get(title, spent))
            spent = first_page(os.environ | own)
            found["app"] = min(spent, found.get("app", spent))
    return found


def first_page(environment: dict[str, str]) -> float:
    """CPU-seconds of ``app`` from its start until its first page has been served."""
    command = [sys.executable, "-m", "importer", "app", "--no-browser"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, text=True
    ) as process:
        try:
            browser = build_opener(HTTPCookieProcessor(CookieJar()))
            with browser.open(process.stdout.readline().strip(), timeout=60) as page:
                page.read()
            spent = psutil.Process(process.pid).cpu_times()
        finally:
            process.terminate()
    return float(spent.user + spent.system)


def compile_as_installed() -> None:
    """Compile the modules, as every installation does; else each process that is measured would compile them."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    compileall.compile_dir(PROJECT / "importer", quiet=1)


def start_table(figures: dict[str, float]) -> list[str]:
    """Lines of Markdown: what a command costs before it does anything."""
    found = starting()
    ratio = found["history"] / found["libraries"]
    figures |= {"history": ratio, "help": found["help"] - found["nothing"], "app": found["app"]}
    return [
        "## Start",
        "",
        "| | CPU-seconds |",
        "|---|---:|",
        f"| `--help`, beyond a bare `python -c pass` | {found['help'] - found['nothing']:.2f} |",
        f"| `history` of an empty ledger | {found['history']:.2f} |",
        f"| ÷ the import of SQLAlchemy, Typer, Rich and pydantic-settings | {ratio:.2f} |",
        f"| preview of {FEW_ROWS} rows, all of it | {found['preview']:.2f} |",
        f"| `app`, until its first page is served | {found['app']:.2f} |",
        "",
    ]


def size_table(figures: dict[str, float]) -> list[str]:
    """Lines of Markdown: previews of all sizes beside bare reads and writes and the scripts."""
    columns = [one_size(rows, repeats) for rows, repeats in SIZES.items()]
    for column in columns:
        column["ratio"] = column["preview without imports"] / (column["bare read"] + column["bare write"])
    figures |= {"ratio": columns[-1]["ratio"], "peak": columns[-1]["peak"]}
    for rows, column in zip(SIZES, columns, strict=True):
        figures[f"by hand {rows}"] = column["pandas + openpyxl"] / column["whole preview"]

    names = ["whole preview", "preview without imports", "bare read", "bare write", *PEERS]
    lines = ["| | " + " | ".join(f"{rows:,} rows" for rows in SIZES) + " |", "|---|" + "---:|" * len(SIZES)]
    lines += [_line(name, [f"{column[name]:.2f}" for column in columns]) for name in names]
    ratios = [f"{column['ratio']:.2f}" for column in columns]
    lines.append(_line("**preview ÷ (bare read + bare write)**, all without imports", ratios))
    for peer in PEERS:
        lines.append(_line(f"{peer} ÷ whole preview", [f"{c[peer] / c['whole preview']:.1f}" for c in columns]))
    return [*lines, _line("peak memory of the preview, MB", [f"{column['peak']:.0f}" for column in columns]), ""]


def _line(title: str, figures: list[str]) -> str:
    return f"| {title} | " + " | ".join(figures) + " |"


def goal_table(figures: dict[str, float]) -> list[str]:
    """Lines of Markdown: each goal, and whether it is met."""
    lines = ["## Goals", "", "| | goal | measured | |", "|---|---:|---:|---|"]
    for title, name, bound, goal in GOALS:
        figure = figures[name]
        is_met = figure <= goal if bound == "at most" else figure >= goal
        lines.append(_line(title, [f"{bound} {goal:g}", f"{figure:.2f}", "met" if is_met else "**not met**"]))
    return [*lines, ""]


def main() -> None:
    """Measure everything and write the page."""
    figures: dict[str, float] = {}
    compile_as_installed()
    load = os.getloadavg()[2]
    tables = [
        *size_table(figures),
        *start_table(figures),
        *ledger_table(figures),
        *sending_table(figures),
        *goal_table(figures),
    ]
    lines = [
        "# Benchmark",
        "",
        (
            f"`make bench`, {datetime.now().astimezone():%Y-%m-%d}, Python {platform.python_version()}, "
            f"{os.cpu_count()} cores; {load:.0f} processes wanted to run when it began. CPU-seconds with those of "
            "child processes: the least of two or three runs, of the scripts one from 10,000 rows on. Every figure is "
            "from a process of its own, those that are compared in turn; whole preview and scripts with their imports; "
            "all modules are compiled, as in an installation, and Hypothesis, which pandera loads where the tests have "
            "brought it, is left out."
        ),
        "",
        (
            "“Bare read” is python-calamine alone on the same file, “bare write” XlsxWriter alone (constant memory) on "
            "the cells of the same preview workbook. The scripts (`tools/bench_peers.py`) check and write less."
        ),
        "",
        *tables,
    ]
    OUTPUT.write_text("\n".join(lines), encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        sys.modules["hypothesis"] = None  # type: ignore[assignment]  # pandera loads it; only the tests bring it
        figures = STEPS[sys.argv[1]](*(Path(argument) for argument in sys.argv[2:]))
        figures["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        sys.stdout.write(json.dumps(figures))
    else:
        main()
