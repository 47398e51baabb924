"""Look at the copy before anybody gets it: nothing lost, nothing changed but what was meant."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING
from xml.parsers import expat

from python_calamine import CalamineError, CalamineWorkbook

from importer.reporting.annotated.package import CannotAnnotate

if TYPE_CHECKING:
    from pathlib import Path

    from importer.reporting.annotated.patching import Job, Patched


def check(data: bytes, path: Path, made: Patched, job: Job) -> None:
    """Raise CannotAnnotate when a part is missing or broken, or a cell reads otherwise than before."""
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(io.BytesIO(data)) as before:
        if missing := set(before.namelist()) - set(archive.namelist()):
            raise CannotAnnotate(f"parts would be lost: {', '.join(sorted(missing))}")
        for name in made.package.changed:
            if not name.endswith(".vml"):  # Excel itself writes drawings that are no XML
                _parse(archive.read(name), name)
    ours = {*made.answers, *job.added}
    old, new = _rows(io.BytesIO(data), job.sheet), _rows(io.BytesIO(path.read_bytes()), job.sheet)
    if len(old) != len(new):
        raise CannotAnnotate("rows would be lost")
    for number, (one, other) in enumerate(zip(old, new, strict=True), start=1):
        width = len(one)
        if one != other[:width] and _without(one, ours) != _without(other[:width], ours):
            raise CannotAnnotate(f"row {number} would read otherwise")


def _parse(xml: bytes, name: str) -> None:
    try:
        expat.ParserCreate().Parse(xml, True)  # noqa: FBT003 - its only signature
    except expat.ExpatError as error:
        raise CannotAnnotate(f"its part {name} would be broken") from error


def _rows(stream: io.BytesIO, sheet: str) -> list[list[object]]:
    try:
        return CalamineWorkbook.from_filelike(stream).get_sheet_by_name(sheet).to_python(skip_empty_area=False)  # type: ignore[return-value]
    except (CalamineError, OSError, ValueError) as error:
        raise CannotAnnotate("it would not read any more") from error
    except BaseException as error:
        # A panic inside the Rust reader arrives as PanicException, which derives from BaseException.
        if type(error).__name__ == "PanicException":
            raise CannotAnnotate("it would not read any more") from error
        raise


def _without(row: list[object], positions: set[int]) -> list[object]:
    return [cell for at, cell in enumerate(row) if at not in positions]
