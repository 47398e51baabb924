"""Write tests/files/reading/ anew: small files in every format, and index.json with what is to be read from each.

LibreOffice makes the .xls, .ods and some of the .xlsx and .csv; without it
those that are there stay. Look at the difference of index.json before you
believe it: it records what the program reads now.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import xlsxwriter

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

import odd_files
import xlsb

from importer.model.errors import FileProblem
from importer.model.headers import known_headers
from importer.model.sheet import Cell, CellFault, text_of
from importer.reading.read import read_sheet

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "tests" / "files" / "reading"
SAMPLE = ROOT / "sample_data" / "agency_october_2026.xlsx"
HEADER = ["Project ID", "Item type", "Amount", "Description", "Invoice date", "Taxable", "Net days"]
DAY = date(2026, 10, 31)
FORMULA = xlsb.Formula
# No formula with a text: LibreOffice writes 0 for it into an .xls.
LINES: list[list[Any]] = [
    ["Invoices of October"],
    [],
    HEADER,
    [101, "Fixed fee", 1200, "Zürich; “a”, b|c", DAY, True, 30],
    ["00102", "Fixed fee", FORMULA(1300.5), "0042", DAY, False, 30],
    [103, "Fixed fee", 7, "hidden", DAY, None, 30],
    [104, "Additional item", -50, "two\nlines", None, FORMULA(value=True), 30],
    [],
    [3000000000, "Fixed fee", 0.5, "long text that stands in the cell itself", DAY, None, 30],
    [105, "Fixed fee", FORMULA(xlsb.Error("#N/A")), "error", DAY, None, 30],
    ["Total", None, FORMULA(2457.5)],
]
CSV = {"comma_utf8": "44,34,76", "semicolon_cp1252": "59,34,1", "tab_utf16": "9,34,65535", "bar_utf8": "124,34,76"}
"""File name → separator, quote and character set, as LibreOffice numbers them."""


def lines_xlsx(path: Path, *, is_1904: bool = False) -> None:
    """The lines as Excel would save them."""
    book = xlsxwriter.Workbook(str(path), {"date_1904": is_1904})
    book.set_properties({"created": datetime(2026, 10, 31, tzinfo=UTC)})
    sheet = book.add_worksheet("Invoices")
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    for row, cells in enumerate(LINES):
        for column, value in enumerate(cells):
            match value:
                case xlsb.Formula(xlsb.Error(shown)):
                    sheet.write_formula(row, column, "=NA()", None, shown)
                case xlsb.Formula(number):
                    sheet.write_formula(row, column, f"={str(number).upper()}", None, number)
                case date():
                    sheet.write_datetime(row, column, value, day)
                case _:
                    sheet.write(row, column, value)
    sheet.set_row(5, None, None, {"hidden": True})
    sheet.set_column(6, 6, None, None, {"hidden": True})
    book.close()


FORMATS: list[tuple[float, str]] = [
    (0.5, "0%"),
    (1234.5, '#,##0.00 "USD"'),
    (42, "00000"),
    (700, ";;;"),
    (12_000, "#,##0,"),
    (800, "#,##0.00"),
]
"""Amounts (the third is also a purchase order) with number formats that show more or less than they are."""


def formats_xlsx(path: Path) -> None:
    """Number formats, and a row that is crossed out."""
    book = xlsxwriter.Workbook(str(path))
    book.set_properties({"created": datetime(2026, 10, 31, tzinfo=UTC)})
    sheet = book.add_worksheet("Invoices")
    sheet.write_row(0, 0, ["Project ID", "Item type", "Amount", "PO"])
    for row, (value, code) in enumerate(FORMATS, start=1):
        sheet.write_row(row, 0, [101, "Fixed fee"])
        sheet.write_number(row, 2, value, book.add_format({"num_format": code}))
        sheet.write_number(row, 3, value, book.add_format({"num_format": code}))
    struck = book.add_format({"font_strikeout": True})
    sheet.write_row(len(FORMATS) + 1, 0, [102, "Fixed fee", 900], struck)
    book.close()


def formats_xlsb(path: Path) -> None:
    """The same number formats as .xlsb."""
    rows: list[list[object]] = [["Project ID", "Item type", "Amount", "PO"]]
    rows += [[101, "Fixed fee", xlsb.Formatted(value, code), xlsb.Formatted(value, code)] for value, code in FORMATS]
    path.write_bytes(xlsb.workbook(rows))


def lines_xlsb(path: Path, *, is_1904: bool = False) -> None:
    """The same as .xlsb."""
    path.write_bytes(xlsb.workbook(LINES, hidden_rows=[6], hidden_columns=[6], is_1904=is_1904))


def convert(source: Path, how: str, target: Path) -> None:
    """Let LibreOffice save a file in another format."""
    with tempfile.TemporaryDirectory() as folder:
        profile = f"-env:UserInstallation=file://{folder}/profile"
        command = ["soffice", profile, "--headless", "--convert-to", how, "--outdir", folder, str(source)]
        subprocess.run(command, check=True, capture_output=True, timeout=600)
        suffix = how.partition(":")[0]
        shutil.copyfile(Path(folder) / f"{source.stem}.{suffix}", target)


def converted(target: Path) -> None:
    """What LibreOffice makes of the lines and the sample."""
    for name in ("lines", "lines_1904"):
        for how in ("xls", "ods"):
            convert(target / f"{name}.xlsx", how, target / f"{name}.{how}")
    for how in ("xls", "ods"):
        convert(target / "formats.xlsx", how, target / f"formats.{how}")
    convert(target / "lines.ods", "xlsx", target / "lines_libreoffice.xlsx")
    for how in ("xls", "ods", "xlsx"):
        convert(SAMPLE, how, target / f"sample.{how}")
    for name, choice in CSV.items():
        convert(SAMPLE, f"csv:Text - txt - csv (StarCalc):{choice},1,,0,false,true", target / f"sample_{name}.csv")


def answer(path: Path) -> dict[str, Any]:
    """What is read from a file, in plain JSON, or the code of the refusal."""
    encoding = "windows-1252" if "cp1252" in path.name else None
    try:
        sheet = read_sheet(path, None, known_headers(), odd_files.reading(encoding))
    except FileProblem as error:
        return {"refused": error.code}
    rows = {
        str(number): {name: _shown(cell) for name, cell in cells.items() if cell is not None}
        for number, cells in sheet.frame.to_dict("index").items()
    }
    left_out = sorted(sheet.excluded)
    problems = [f"{one.code} {one.cell or one.row or ''}".strip() for one in sheet.problems]
    return {"header": sheet.header_row, "rows": rows, "left_out": left_out, "problems": problems}


def _shown(cell: Cell) -> str:
    return f"{cell.code}: {cell.shown}" if isinstance(cell, CellFault) else text_of(cell)


def main() -> None:
    """Write all files and their answers."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, is_1904 in (("lines", False), ("lines_1904", True)):
        lines_xlsx(FOLDER / f"{name}.xlsx", is_1904=is_1904)
        lines_xlsb(FOLDER / f"{name}.xlsb", is_1904=is_1904)
    shutil.copyfile(FOLDER / "lines.xlsx", FOLDER / "lines.xlsm")
    formats_xlsx(FOLDER / "formats.xlsx")
    formats_xlsb(FOLDER / "formats.xlsb")
    for name, content in odd_files.all_files().items():
        (FOLDER / name).write_bytes(content)
    if shutil.which("soffice"):
        converted(FOLDER)
    answers = {path.name: answer(path) for path in sorted(FOLDER.iterdir()) if path.name != "index.json"}
    shown = json.dumps(answers, indent=1, ensure_ascii=False)
    (FOLDER / "index.json").write_text(shown + "\n", encoding="utf-8")
    print(f"{len(answers)} files in {FOLDER}")


if __name__ == "__main__":
    main()
