"""Write a copy of the user's file in which single cells hold another text; a process with bounds makes it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from importer.model.errors import FileProblem
from importer.model.messages import error
from importer.reporting.annotated.annotate import in_place, table_of
from importer.reporting.annotated.correction import Correction
from importer.reporting.annotated.package import CannotAnnotate
from importer.settings.plain_files import read_plain
from importer.settings.private_files import unfinished

if TYPE_CHECKING:
    from importer.model.sheet import Sheet

TEXTS = frozenset({".csv", ".tsv"})
"""Files of texts only, which lose nothing in a workbook."""
WORKBOOKS = frozenset({".xlsx", ".xlsm"})


def write_corrected(sheet: Sheet, texts: Mapping[str, str], folder: Path) -> Path:
    """Write the copy into a folder, for its owner only; ``texts``: address → text, empty to empty the cell.

    Raises FileProblem when the file cannot be changed with certainty.
    """
    try:
        data, name = _workbook(sheet)
        copy, why = in_place(data, Correction(name, texts))
    except CannotAnnotate as lacking:
        copy, why = b"", lacking.message.rstrip(".")
    if not copy:
        raise error(FileProblem, "file.not_corrected", name=sheet.path.name, why=why)

    path = folder / f"{sheet.path.stem.removesuffix('-corrected')}-corrected.xlsx"
    with unfinished(path) as writing:
        writing.write_bytes(copy)
    return path


def _workbook(sheet: Sheet) -> tuple[bytes, str]:
    """The file as a workbook, and the name of its sheet. Raises CannotAnnotate."""
    ending = sheet.path.suffix.lower()
    if ending in TEXTS:
        return table_of(sheet)
    if ending in WORKBOOKS:
        return read_plain(sheet.path), sheet.name
    raise CannotAnnotate(f"only .xlsx and text files can be corrected here, and this is {ending}")
