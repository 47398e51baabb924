"""Read a workbook or CSV into cells that keep their sheet address; judge nothing.

``read_sheet`` is the way in. What stands in a cell is taken as the file stores
it: the meaning of values is for :mod:`importer.validate`.
"""

from __future__ import annotations

import difflib
import hashlib
from typing import TYPE_CHECKING

import pandas as pd

from importer.errors import FileProblem, WrongUse
from importer.problems import Problem, Severity, cell_address, column_letter
from importer.read.csv_text import read_csv
from importer.read.headers import choose_grid, find_batch
from importer.read.workbook import read_workbook
from importer.sheet import Header, RawRow, Sheet, is_blank

if TYPE_CHECKING:
    from importer.read.grid import Grid
    from collections.abc import Mapping
    from pathlib import Path

WORKBOOKS = (".xlsx", ".xlsm")
ACCEPTED = (*WORKBOOKS, ".csv")
ZIP_MAGIC = b"PK\x03\x04"
OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def read_sheet(path: Path, sheet_name: str | None, headers: Mapping[str, str]) -> Sheet:
    """Read the sheet of ``path`` that holds invoice rows.

    ``headers`` maps every known folded header to its column name
    (:func:`importer.columns.known_headers`). ``sheet_name`` overrules the search
    by headers. Raises FileProblem when no table can be read, WrongUse when the
    path is no file.
    """
    data = _bytes_of(path)
    grids = _grids(path, data)
    grid, start, problems = choose_grid(grids, sheet_name, headers)
    rows = [
        RawRow(number, cells)
        for number, cells in enumerate(grid.rows[start.row :], start=start.row + 1)
        if not all(is_blank(cell) for cell in cells)
    ]
    if not rows:
        msg = f"{grid.name}: no rows below the header in row {start.row}."
        raise FileProblem(msg, "Type one row per line item below the header.", code="sheet.no_rows")
    headless = _headless(grid, start.headers, rows)
    return Sheet(
        path=path,
        name=grid.name,
        sha256=hashlib.sha256(data).hexdigest(),
        header_row=start.row,
        headers=start.headers,
        rows=tuple(rows),
        frame=_frame(rows, start.headers),
        problems=(*grid.problems, *problems, *start.problems, *headless.values(), *_ragged(grid, start.row, rows)),
        width=1 + max(*(header.position for header in start.headers), *headless, 0),
        batch=find_batch(grids),
    )


def _bytes_of(path: Path) -> bytes:
    if path.is_dir():
        msg = f"{path} is a folder, not a file."
        raise WrongUse(msg, "Name the workbook or CSV file itself.", code="file.is_folder")
    if not path.exists():
        msg = f"{path}: there is no such file."
        raise WrongUse(msg, _nearest_file(path), code="file.not_found")
    if path.name.startswith("~$"):
        msg = f"{path.name} is the lock file that Excel keeps beside an open workbook."
        raise FileProblem(msg, f"Use {path.name[2:]} itself.", code="file.lock_file")
    if path.suffix.lower() not in ACCEPTED:
        msg = f"{path.name}: files of type {path.suffix or 'without an ending'} are not read."
        raise FileProblem(msg, "Save it as an Excel workbook (.xlsx) or as CSV (.csv).", code="file.type")
    try:
        data = path.read_bytes()
    except OSError as error:
        msg = f"{path}: the file cannot be read ({error.strerror})."
        raise FileProblem(
            msg,
            "Close it in other programs and check its permissions.",
            code="file.unreadable",
        ) from error
    if not data.strip(b"\x00 \r\n\t"):
        msg = f"{path.name} is empty."
        raise FileProblem(msg, "Export or save it again.", code="file.empty")
    return data


def _nearest_file(path: Path) -> str:
    beside = [p.name for p in path.parent.glob("*") if p.suffix.lower() in ACCEPTED] if path.parent.is_dir() else []
    near = difflib.get_close_matches(path.name, beside, n=1)
    return f"Did you mean {near[0]}?" if near else "Check the name and the folder."


def _grids(path: Path, data: bytes) -> list[Grid]:
    start = data[:512].lstrip().lower()
    if data.startswith(ZIP_MAGIC):
        return read_workbook(path, data)
    if data.startswith(OLE_MAGIC):
        msg = f"{path.name} is an old Excel workbook (.xls) or is protected with a password."
        raise FileProblem(
            msg,
            "Open it in Excel and save it as .xlsx without a password.",
            code="file.old_or_protected",
        )
    if start.startswith((b"<!doctype html", b"<html", b"<table")):
        msg = f"{path.name} is a web page (HTML), not a workbook."
        raise FileProblem(msg, "Open it in Excel and save it as .xlsx.", code="file.html")
    if start.startswith((b"<?xml", b"%pdf")):
        msg = f"{path.name} is not an Excel workbook or CSV."
        raise FileProblem(msg, "Open it in Excel and save it as .xlsx.", code="file.type")
    if path.suffix.lower() in WORKBOOKS and b"\x00" in data[:4096]:
        msg = f"{path.name} is damaged or is not an Excel workbook."
        raise FileProblem(msg, "Open it in Excel and save it again, or get the file anew.", code="file.damaged")
    return [read_csv(path, data)]


def _frame(rows: list[RawRow], headers: tuple[Header, ...]) -> pd.DataFrame:
    """One object column per known column, indexed by sheet row; blank cells are None."""
    columns = {
        header.column: [None if is_blank(cell := row.cell(header.position)) else cell for row in rows]
        for header in headers
        if header.column is not None
    }
    return pd.DataFrame(columns, index=[row.number for row in rows], dtype=object)


def _headless(grid: Grid, headers: tuple[Header, ...], rows: list[RawRow]) -> dict[int, Problem]:
    """Warn of columns that hold values below an empty header cell; keys are their positions."""
    width = max(len(row.cells) for row in rows)
    found = {}
    for position in sorted(set(range(width)) - {header.position for header in headers}):
        first = next((row.number for row in rows if not is_blank(row.cell(position))), None)
        if first is not None:
            found[position] = first
    return {
        position: Problem(
            code="column.no_header",
            message=f"Column {column_letter(position)} holds values but has no header, so it is not used.",
            hint="Give the column a header, or empty it.",
            sheet=grid.name,
            cell=cell_address(position, row),
            row=row,
            severity=Severity.WARNING,
        )
        for position, row in found.items()
    }


def _ragged(grid: Grid, header_row: int, rows: list[RawRow]) -> list[Problem]:
    """Refuse CSV records of another width than the header: their values may have shifted."""
    if not grid.records:
        return []
    width = len(grid.rows[header_row - 1])
    return [
        Problem(
            code="csv.width",
            message=f"Row {row.number} has {len(row.cells)} fields but the header has {width}, "
            "so its values may stand in the wrong columns.",
            hint="Put quotes around texts that contain the separator, or export the file again.",
            sheet=grid.name,
            row=row.number,
        )
        for row in rows
        if len(row.cells) != width
    ]
