"""Make the pictures of the documentation: build workbooks, let the program read them, render what it wrote.

``terminal.svg`` needs the project's Python only: with the word ``terminal``, as ``make docs`` calls it, nothing else is
made. The pictures of sheets need ``soffice``, ``pdftoppm`` and ``convert`` too (LibreOffice, poppler and ImageMagick),
that of the page ``chromium``.
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import openpyxl
from openpyxl.styles import Alignment, Font
from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parent.parent
PICTURES = ROOT / "docs" / "pictures"
PROGRAM = (sys.executable, "-m", "importer")
DOTS_PER_INCH = 140
TERMINAL_COLUMNS = 108
"""Characters in a line of the picture of the terminal."""
OTHERS = ("IMPORTER_", "KANTATA_", "NO_COLOR", "COLORTERM")
"""Beginnings of variables that would change what the program prints."""
LOADED_FONTS = re.compile(r"@font-face \{.*?\}\n", re.DOTALL)
"""Rich names fonts on a server; a picture in a README loads nothing."""

UNDERSTOOD = (
    ("Brightside Studio, invoices of October",),
    ("Prepared by Anna; Net 30 as always",),
    (),
    ("Project", "Item", None, "Net", "Invoice", "Net", "Approved"),
    ("ID", "type", "Description", "amount", "date", "days", "by"),
    (101, "Fixed fee", "Retainer October", "1.200,00", "31/10/2026", "Net 30", "Ben"),
    (101, "Additional item", "Workshop", "€ 2.450,00", None, None, None),
    (101, "Additional item", "Credit for September", "(150,00)", None, None, None),
    (),
    (102, "Fixed fee", "Website, second stage", "8.000", "05/10/2026", "30 days", "Carla"),
    (103, "Fixed fee", "Hosting", 300, "31/10/2026", "n/30", None),
    ("Total", None, None, 11800, None, None, None),
)
HIDDEN_ROW = 11
"""Row 11, Hosting, is hidden."""

MISTAKEN = (
    ("Project ID", "Item type", "Description", "Amount", "Invoice date", "Net days"),
    (101, "Fixed fee", "Retainer October", 1200, "2026-10-31", 30),
    (102, "Fixed fee", "Website, second stage", -8000, "2026-10-31", 30),
    (103, "Fixd fee", "Hosting", 300, "2026-10-31", 30),
    (104, "Additional item", "Workshop", 450.5, "2026-10-31", 30),
    (105, "Fixed fee", "Support", "on request", "31 February 2026", 30),
    (106, "Fixed fee", "Training", 900, "2026-10-31", "soon"),
)


def understood(path: Path) -> Path:
    """Write the workbook that looks untidy, and is read all the same."""
    book = _book(UNDERSTOOD, bold=(1, 4, 5, 12))
    book.active.row_dimensions[HIDDEN_ROW].hidden = True
    book.save(path)
    return path


def mistaken(path: Path) -> Path:
    """Write the workbook with mistakes."""
    _book(MISTAKEN, bold=(1,)).save(path)
    return path


def _book(rows: tuple[tuple[object, ...], ...], bold: tuple[int, ...]) -> openpyxl.Workbook:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Invoices"
    for row in rows:
        sheet.append(row)
    for number in bold:
        for cell in sheet[number]:
            cell.font = Font(bold=True)
    for letter, width in zip("ABCDEFG", (12, 18, 26, 14, 18, 12, 14), strict=True):
        sheet.column_dimensions[letter].width = width
    for cell in sheet["D"]:
        cell.alignment = Alignment(horizontal="right")
    return book


def run(folder: Path, *words: str) -> str:
    """Run the program in a folder of its own; return what it prints."""
    return "".join(_printed(folder, words, {"COLUMNS": "110", "NO_COLOR": "1"}))


def _printed(folder: Path, words: tuple[str, ...], look: dict[str, str]) -> tuple[str, str]:
    """What it prints on stdout and on stderr."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OTHERS)}
    ours = {"IMPORTER_LEDGER": str(folder / "ledger.sqlite"), "PYTHONPATH": str(ROOT)}
    command = [*PROGRAM, *words]
    done = subprocess.run(command, cwd=folder, env=kept | ours | look, capture_output=True, text=True, check=False)
    return done.stdout, done.stderr


def terminal(folder: Path) -> str:
    """Return a drawing (SVG) of what ``preview`` prints for the first workbook."""
    understood(folder / "october.xlsx")
    look = {"COLUMNS": str(TERMINAL_COLUMNS), "FORCE_COLOR": "1", "TERM": "xterm-256color"}
    words = ("preview", "october.xlsx", "--sandbox")
    data, talk = _printed(folder, words, look)
    shown = [line for line in data.rstrip().split("\n") if not line.startswith(("Preview workbook:", "Page:"))]

    screen = Console(record=True, width=TERMINAL_COLUMNS, file=io.StringIO(), force_terminal=True, no_color=False)
    screen.print("$ invoice-importer", *words, highlight=False)
    screen.print(Text.from_ansi("\n".join((talk.rstrip(), *shown))))
    drawn = screen.export_svg(title="invoice-importer", unique_id="terminal")
    lines = LOADED_FONTS.sub("", drawn).split("\n")
    return "\n".join(line.rstrip() for line in lines) + "\n"


SEPTEMBER = """Project ID,Item type,Description,Amount,Net days,Invoice date
101,Fixed fee,Project lead September,3000,30,2026-09-30
102,Fixed fee,Brand September,1301,30,2026-09-30
104,Fixed fee,Campaign September,9800,30,2026-09-30
107,Fixed fee,Retainer September,4800,45,2026-09-30
108,Fixed fee,Annual report,2900,30,2026-09-30
109,Fixed fee,Trade-fair stand,14000,30,2026-09-30
"""


def page(folder: Path) -> None:
    """Render the top of the page of a preview, with a month before it, as docs/pictures/page.png."""
    (folder / "september.csv").write_text(SEPTEMBER, encoding="utf-8")
    print(run(folder, "submit", "september.csv", "--sandbox", "--yes"))
    print(run(folder, "preview", str(ROOT / "sample_data" / "agency_october_2026.xlsx"), "--sandbox"))
    shown = max((folder / "reports").glob("*-preview.html"))
    look = ["--headless", "--no-sandbox", "--hide-scrollbars", "--window-size=1060,1360"]
    screenshot = ["chromium", *look, f"--screenshot={PICTURES / 'page.png'}", shown.as_uri()]
    subprocess.run(screenshot, check=True, capture_output=True)
    smaller = ["convert", PICTURES / "page.png", "+dither", "-colors", "128", "-strip", PICTURES / "page.png"]
    subprocess.run(smaller, check=True)


def picture(workbook: Path, sheet: str, name: str, cells: str | None = None) -> None:
    """Render one sheet of a workbook, or some of its cells, as docs/pictures/NAME.png."""
    with tempfile.TemporaryDirectory() as where:
        folder = Path(where)
        book = openpyxl.load_workbook(workbook)
        book.active = book.index(book[sheet])
        for other in book.sheetnames:
            if other != sheet:  # hidden ones are printed too, where they have a print area
                del book[other]
        _fit(book[sheet])
        book[sheet].print_area = cells
        alone = folder / "sheet.xlsx"
        book.save(alone)
        home = f"-env:UserInstallation=file://{folder}/office"
        convert = ["soffice", home, "--headless", "--convert-to", "pdf", "--outdir", where, str(alone)]
        subprocess.run(convert, check=True, capture_output=True)
        pages = ["pdftoppm", "-png", "-r", str(DOTS_PER_INCH), "-singlefile", f"{where}/sheet.pdf", f"{where}/page"]
        subprocess.run(pages, check=True)
        target = PICTURES / f"{name}.png"
        look = ["-trim", "+repage", "-bordercolor", "white", "-border", "8", "-colors", "64", "-strip"]
        trim = ["convert", f"{where}/page.png", *look, str(target)]
        subprocess.run(trim, check=True)


def _fit(sheet: openpyxl.worksheet.worksheet.Worksheet) -> None:
    """One landscape page, with the grid and the letters and numbers at its edges."""
    sheet.page_setup.orientation = "landscape"
    sheet.sheet_properties.pageSetUpPr = openpyxl.worksheet.properties.PageSetupProperties(fitToPage=True)
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 1
    sheet.print_options.gridLines = sheet.print_options.headings = True
    sheet.print_title_rows = None
    sheet.oddHeader.center.text = None
    for part in (sheet.oddFooter.left, sheet.oddFooter.center, sheet.oddFooter.right):
        part.text = None


def main() -> None:
    """Make all pictures, or with the word ``terminal`` that one only."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as where:
        folder = Path(where)
        (PICTURES / "terminal.svg").write_text(terminal(folder), encoding="utf-8")
        if "terminal" not in sys.argv[1:]:
            page(folder)
            _sheets(folder)


def _sheets(folder: Path) -> None:
    picture(folder / "october.xlsx", "Invoices", "understood")
    print(run(folder, "preview", "october.xlsx", "--sandbox"))

    mistaken(folder / "mistakes.xlsx")
    print(run(folder, "submit", "mistakes.xlsx", "--sandbox", "--partial", "--yes"))
    reports = folder / "reports"
    annotated = next(reports.glob("*-annotated.xlsx"))
    picture(annotated, "Invoices", "annotated", "A1:H7")
    picture(annotated, "Import problems", "problems")
    picture(next(reports.glob("*-results.xlsx")), "Lines", "lines")


if __name__ == "__main__":
    main()
