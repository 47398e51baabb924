"""Hand the user's own workbook back with each wrong cell marked, so that it can be fixed and submitted as it is.

``annotate`` is the way in. The copy is the user's file with our changes in it, without its macros; what cannot be
changed in place with certainty is written as a plain table instead. A process with bounds of time and memory makes
it, as the file may have been made to take both.
"""

from __future__ import annotations

import hashlib
import io
import pickle
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import xlsxwriter

from importer.model.problems import has_errors
from importer.reading import bounded_child
from importer.reading.formats.identify import ZIP_MAGIC
from importer.reporting.annotated.annotations import MOST_MARKS, UNDONE, Annotations, Finding, annotations_of
from importer.reporting.annotated.child import Request, answer_to
from importer.reporting.annotated.package import CannotAnnotate
from importer.reporting.workbook.book import FIRST_YEAR
from importer.settings.plain_files import read_plain
from importer.settings.private_files import unfinished

if TYPE_CHECKING:
    from importer.model.sheet import Cell, Sheet
    from importer.reporting.annotated.correction import Correction
    from importer.reporting.report import Report

MOST_CELLS = 2_000_000
"""Cells of a table that is annotated by default; larger ones take longer than half a minute."""
MOST_SECONDS = 60
"""How long the process that makes the copy may take."""
MOST_SECONDS_WANTED = 600
"""The same, where a person asks for the copy."""
MOST_MEMORY = 4 * 2**30
"""Bytes that it may take."""
MOST_COPY_BYTES = 2**28
"""Of the copy."""
LONGEST_NAME = 31
"""Characters that Excel allows in the name of a sheet."""
MOST_MEASURED = 500
"""Rows of a plain table that are looked at for the widths of columns."""
NARROWEST, WIDEST = 9, 50
"""Widths of columns, characters."""


@dataclass(frozen=True, slots=True)
class Annotated:
    """What became of the copy."""

    path: Path | None = None
    notices: tuple[str, ...] = ()


def annotate(report: Report, folder: Path, *, batch_named: bool, wanted: bool | None = None) -> Annotated:
    """Write ``<run>-annotated.xlsx`` when there is something to fix; never raises for what goes wrong.

    ``wanted``: True also for warnings only and for large files, False never. ``batch_named``: whether a person named
    the batch, by a flag or in the file; a batch made from dates may change with them while nothing was sent under it.
    """
    sheet = report.sheet
    if sheet is None or wanted is False or not (_needed(report) or (wanted and report.problems)):
        return Annotated()
    if not wanted and sheet.width * len(sheet.rows) > MOST_CELLS:
        return Annotated(notices=("The annotated copy of so large a file takes long; --annotate makes it.",))
    try:
        data = read_plain(Path(sheet.path))
        if hashlib.sha256(data).hexdigest() != sheet.sha256:
            notice = f"{sheet.path.name} has changed since it was read, so no annotated copy was made."
            return Annotated(notices=(notice,))
        annotations = annotations_of(report, sheet, batch_named=batch_named)
        return _written(data, annotations, sheet, folder / f"{report.run_id}-annotated.xlsx", _seconds(wanted=wanted))
    except Exception as error:  # noqa: BLE001 - the copy is an extra; without it the run is as good
        return Annotated(notices=(f"The annotated copy could not be written: {str(error).rstrip('.')}.",))


def _needed(report: Report) -> bool:
    if has_errors(report.problems):
        return True
    return report.command == "submit" and any(planned.status in UNDONE for planned in report.planned)


def _seconds(*, wanted: bool | None) -> float:
    return MOST_SECONDS_WANTED if wanted else MOST_SECONDS


def _written(data: bytes, annotations: Annotations, sheet: Sheet, path: Path, seconds: float) -> Annotated:
    """Write the copy, of a table that cannot be changed in place a plain one. Raises as :func:`in_place`."""
    notices = []
    if len(annotations.findings) > MOST_MARKS:
        number = len(annotations.findings)
        notices.append(f"The annotated copy marks the first {MOST_MARKS:,} of {number:,} problems.")
    copy, why = in_place(data, annotations, seconds)
    if not copy:
        data, annotations = plain_workbook(sheet, annotations)
        copy, lacking = answer_to(Request(data, annotations, seconds, MOST_MEMORY))  # a workbook of our own
        if not copy:
            raise CannotAnnotate(lacking)
        if sheet.path.suffix.lower() in (".xlsx", ".xlsm"):
            notices.append(
                f"{sheet.path.name} could not be annotated in place ({why}). The annotated copy holds the "
                "table's values only: no formulas, formats, titles or other sheets."
            )
    with unfinished(path) as writing:
        writing.write_bytes(copy)
    return Annotated(path, tuple(notices))


def in_place(data: bytes, change: Annotations | Correction, seconds: float = MOST_SECONDS) -> tuple[bytes, str]:
    """The user's workbook with what is to change, made in a process of its own; or nothing, and why.

    Raises CannotAnnotate where that process took too much, or ended without an answer.
    """
    if not data.startswith(ZIP_MAGIC):
        return b"", "it is no workbook of this kind"
    bounds = bounded_child.Bounds(seconds, MOST_MEMORY, MOST_COPY_BYTES)
    request = Request(data, change, seconds, MOST_MEMORY)
    try:
        answer = bounded_child.ask("importer.reporting.annotated.child:main", request, bounds)
    except bounded_child.ChildTooSlow as error:
        raise CannotAnnotate(f"it takes more than {seconds:.0f} seconds") from error
    except (bounded_child.ChildTooLarge, bounded_child.ChildDied, pickle.UnpicklingError) as error:
        raise CannotAnnotate("it takes too much time or memory") from error
    return cast("tuple[bytes, str]", answer)


# --- a plain table, for files that cannot be annotated in place ---


def plain_workbook(sheet: Sheet, annotations: Annotations) -> tuple[bytes, Annotations]:
    """Return the table in a workbook of its own, every row where it was, and the annotations for it."""
    data, name = table_of(sheet)
    findings = list(_renamed(annotations.findings, sheet.name, name))
    return data, replace(annotations, sheet=name, findings=findings)


def table_of(sheet: Sheet) -> tuple[bytes, str]:
    """Return the table in a workbook of its own, every row where it was, and the name of its sheet."""
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(
        stream, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    name = _sheet_name(sheet)
    page = book.add_worksheet(name)
    page.freeze_panes(sheet.header_row, 0)
    for position, width in enumerate(_widths(sheet)):
        page.set_column(position, position, width)

    bold = book.add_format({"bold": True, "bottom": 1, "bg_color": "#DDE6EF", "text_wrap": True, "valign": "top"})
    for header in sheet.headers:
        page.write_string(sheet.header_row - 1, header.position, header.text, bold)
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    for row in sheet.rows:
        for position, cell in enumerate(row.cells):
            _write_cell(page, (row.number - 1, position), cell, day, moment)
    book.close()
    return stream.getvalue(), name


def _renamed(findings: Sequence[Finding], old: str, new: str) -> Iterator[Finding]:
    """Yield the findings with the sheet's new name."""
    for finding in findings:
        if finding.sheet == old:
            yield replace(finding, sheet=new, place=finding.place.replace(old, new, 1))
        else:
            yield finding


def _write_cell(page: Any, place: tuple[int, int], cell: Cell, day: Any, moment: Any) -> None:  # noqa: ANN401 - untyped
    """Write a cell as what it is; text stays text. ``day`` and ``moment`` are formats."""
    match cell:
        case None | "":
            return
        case str():
            page.write_string(*place, cell)
        case bool():
            page.write_boolean(*place, cell)
        case int() | float():
            page.write_number(*place, cell)
        case datetime() if cell.year >= FIRST_YEAR and cell.time() != time():
            page.write_datetime(*place, cell, moment)
        case date() if cell.year >= FIRST_YEAR:
            page.write_datetime(*place, cell, day)
        case _:
            page.write_string(*place, str(cell))


def _widths(sheet: Sheet) -> list[int]:
    longest = [0] * sheet.width
    for header in sheet.headers:
        longest[header.position] = len(header.text)
    for row in sheet.rows[:MOST_MEASURED]:
        for at in range(sheet.width):
            longest[at] = max(longest[at], len(str(row.cell(at) or "")))
    return [min(max(length + 2, NARROWEST), WIDEST) for length in longest]


def _sheet_name(sheet: Sheet) -> str:
    """Return the sheet's name; a CSV has none that Excel would take."""
    stem = re.sub(r"\.csv$", "", sheet.name, flags=re.IGNORECASE)
    return re.sub(r"[\[\]:*?/\\\x00-\x1f]", " ", stem)[:LONGEST_NAME].strip(" '") or "Invoices"
