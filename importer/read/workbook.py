"""Read the sheets of an .xlsx or .xlsm workbook with python-calamine."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING, cast

from python_calamine import CalamineError, CalamineWorkbook

from importer.errors import FileProblem
from importer.problems import Problem, Severity
from importer.read.grid import Grid

if TYPE_CHECKING:
    from pathlib import Path

    from importer.sheet import Cell

MAX_UNPACKED_BYTES = 256 * 2**20
"""Most that the parts of a workbook may unpack to, bytes (the largest honest file seen: 114 MB)."""
EXAMPLE_MARK = "example only"
"""How cell A1 of the template's example sheet begins; such a sheet is never imported."""


def read_workbook(path: Path, data: bytes) -> list[Grid]:
    """Return every sheet of a workbook as a grid that begins at A1.

    Raises FileProblem for an archive that is cut, damaged, protected or explodes.
    """
    _check_archive(path, data)
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(data))
        grids = [Grid(name, _cells(workbook, name), _renamed(path, name)) for name in _worksheet_names(workbook)]
    except (CalamineError, OSError, ValueError) as error:
        raise _damaged(path) from error
    except BaseException as error:
        # A panic inside the Rust reader arrives as PanicException, which derives from BaseException.
        if type(error).__name__ == "PanicException":
            raise _damaged(path) from error
        raise
    return [grid for grid in grids if not _is_example(grid)]


def _cells(workbook: CalamineWorkbook, name: str) -> list[list[Cell]]:
    return cast("list[list[Cell]]", workbook.get_sheet_by_name(name).to_python(skip_empty_area=False))


def _worksheet_names(workbook: CalamineWorkbook) -> list[str]:
    return [meta.name for meta in workbook.sheets_metadata if "WorkSheet" in str(meta.typ)]


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
