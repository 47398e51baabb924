"""Read the sheets of an .xlsx or .xlsm workbook with python-calamine."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from typing import TYPE_CHECKING, cast

from python_calamine import CalamineError, CalamineWorkbook, SheetMetadata

from importer.errors import FileProblem
from importer.problems import Problem, Severity, column_position
from importer.read.grid import Grid

if TYPE_CHECKING:
    from pathlib import Path

    from importer.sheet import Cell

MAX_UNPACKED_BYTES = 256 * 2**20
"""Most that the parts of a workbook may unpack to, bytes (the largest honest file seen: 114 MB)."""
MOST_CELLS = 50_000_000
"""Most cells between A1 and the last value."""
FIRST_WIDE = 26
"""Position of column AA; narrower sheets are never too large."""
_WIDE = re.compile(rb'r="([A-Z]{2,3})\d')
_TALL = re.compile(rb'r="[A-Z]{1,3}(\d{6,7})"')
_WIDE_FILLED = re.compile(rb'<(?:\w+:)?c\b[^>]*\br="([A-Z]{2,3})\d+"(?=[^>]*[^/>]>)')
_TALL_FILLED = re.compile(rb'<(?:\w+:)?c\b[^>]*\br="[A-Z]{1,3}(\d{6,7})"(?=[^>]*[^/>]>)')
EXAMPLE_MARK = "example only"
"""How cell A1 of the template's example sheet begins; such a sheet is never imported."""


def read_workbook(path: Path, data: bytes) -> list[Grid]:
    """Return every sheet of a workbook as a grid that begins at A1.

    Raises FileProblem for an archive that is cut, damaged, protected or explodes.
    """
    _check_archive(path, data)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _refuse_far_cells(path, archive)
    except (zipfile.BadZipFile, zlib.error, OSError, NotImplementedError, RuntimeError) as error:
        raise _damaged(path) from error
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(data))
        grids = [
            Grid(meta.name, _cells(workbook, meta.name), (*_renamed(path, meta.name), *_hidden(meta)))
            for meta in workbook.sheets_metadata
            if "WorkSheet" in str(meta.typ)
        ]
    except (CalamineError, OSError, ValueError) as error:
        raise _damaged(path) from error
    except BaseException as error:
        # A panic inside the Rust reader arrives as PanicException, which derives from BaseException.
        if type(error).__name__ == "PanicException":
            raise _damaged(path) from error
        raise
    return [grid for grid in grids if not _is_example(grid)]


def _extent(xml: bytes, wide: re.Pattern[bytes], tall: re.Pattern[bytes]) -> int:
    """Cells between A1 and the last cell, roughly: sheets within column Z and row 99,999 count as small."""
    width = 1 + max((column_position(letters.decode()) for letters in set(wide.findall(xml))), default=FIRST_WIDE)
    return width * max(map(int, tall.findall(xml)), default=0)


def _refuse_far_cells(path: Path, archive: zipfile.ZipFile) -> None:
    """Refuse values so far apart that the reader, which makes room for all between them, would run out of memory."""
    for name in archive.namelist():
        if not re.match(r"xl/worksheets/[^/]+\.xml$", name.replace("\\", "/"), re.IGNORECASE):
            continue
        xml = archive.read(name)
        if _extent(xml, _WIDE, _TALL) <= MOST_CELLS:
            continue  # the quick look also counts formatted blanks, which the reader passes over
        if _extent(xml, _WIDE_FILLED, _TALL_FILLED) > MOST_CELLS:
            msg = f"{path.name}: values stand too far apart for it to be opened."
            raise FileProblem(msg, "Delete what stands far to the right or below the table.", code="file.too_large")


def _cells(workbook: CalamineWorkbook, name: str) -> list[list[Cell]]:
    return cast("list[list[Cell]]", workbook.get_sheet_by_name(name).to_python(skip_empty_area=False))


def _hidden(meta: SheetMetadata) -> tuple[Problem, ...]:
    if str(meta.visible).endswith(".Visible"):
        return ()
    return (
        Problem(
            code="sheet.hidden",
            message=f"The sheet “{meta.name}” is hidden in Excel; its rows are billed all the same.",
            hint="Unhide the sheet and look at it, or name another one with --sheet.",
            sheet=meta.name,
            severity=Severity.WARNING,
        ),
    )


def _is_example(grid: Grid) -> bool:
    first = grid.rows[0][0] if grid.rows and grid.rows[0] else None
    return isinstance(first, str) and first.strip().lower().startswith(EXAMPLE_MARK)


def _renamed(path: Path, sheet: str) -> tuple[Problem, ...]:
    if path.suffix.lower() != ".csv":
        return ()
    return (
        Problem(
            code="file.misnamed",
            message=f"{path.name} is an Excel workbook although its name ends in .csv; it was read as a workbook.",
            hint="Rename it to .xlsx.",
            sheet=sheet,
            severity=Severity.WARNING,
        ),
    )


def _damaged(path: Path) -> FileProblem:
    return FileProblem(
        f"{path.name} is damaged, incomplete or not an Excel workbook.",
        "Open it in Excel and save it again, or get the file anew.",
        code="file.damaged",
    )


def _check_archive(path: Path, data: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError) as error:
        raise _damaged(path) from error
    if sum(member.file_size for member in members) > MAX_UNPACKED_BYTES:
        msg = f"{path.name} unpacks to more than {MAX_UNPACKED_BYTES // 2**20} MB, so it was not opened."
        raise FileProblem(msg, "Copy the invoice rows into a new workbook.", code="file.too_large")
    if not any(member.filename.lower().startswith("xl") for member in members):
        msg = f"{path.name} is a ZIP archive, but not an Excel workbook."
        raise FileProblem(msg, "Open the document in its own program and save it as .xlsx.", code="file.type")
