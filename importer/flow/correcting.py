"""Correct cells of a file in a copy of it; the file itself stays as it is."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from importer.model.errors import FileProblem
from importer.model.messages import error
from importer.reporting.annotated.correcting import write_corrected
from importer.settings.plain_files import read_plain

if TYPE_CHECKING:
    from importer.model.sheet import Sheet


def correct(sheet: Sheet, texts: Mapping[str, str], folder: Path) -> Path:
    """Write a copy of the file of a sheet with other texts in its cells into a folder; return its path.

    ``texts``: address → text as a person types it, empty to empty the cell. Raises FileProblem when the file cannot be
    changed with certainty, or is not what was read any more.
    """
    if hashlib.sha256(read_plain(sheet.path)).hexdigest() != sheet.sha256:
        raise error(FileProblem, "file.not_corrected", name=sheet.path.name, why="it was changed since it was read")
    return write_corrected(sheet, texts, folder)
