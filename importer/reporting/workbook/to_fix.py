"""The to-fix workbook: the rows that did not become invoices, ready to be mended and submitted."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from importer.model.exit_codes import ExitCode
from importer.model.plans import Status
from importer.reporting.report import answer_of
from importer.reporting.workbook.lines import ANSWERS, columns_of, originals
from importer.reporting.workbook.tables import Table, workbook

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from importer.model.sheet import RawRow, Sheet
    from importer.reporting.report import Report

TO_FIX = frozenset({Status.REJECTED, Status.NOT_SENT, Status.HELD, Status.READY})
"""Statuses whose rows go into the to-fix workbook. An invoice in doubt may exist, so its rows do not."""


def write_to_fix(report: Report, folder: Path) -> Path | None:
    """Write the rows that did not become invoices, in import form; None when there are none."""
    sheet = report.sheet
    rows = [] if sheet is None else list(_unfinished(report, sheet))
    if sheet is None or not rows:
        return None
    path = folder / f"{report.run_id}-to-fix.xlsx"
    with workbook(path) as book:
        # Answers of an earlier run make room for the new ones.
        kept = [at for at in range(sheet.width) if at not in sheet.added]
        columns = columns_of(sheet)
        table = Table(book, "Invoices", [*(columns[at] for at in kept), *ANSWERS[-2:]])
        for raw, error, advice in rows:
            cells = _as_read(report, sheet, raw)
            table.add([*(cells[at] for at in kept), error, advice])
        table.finish()
        cover = book.add("Cover", [16, 70])
        cover.write_row(0, 0, ["Batch", report.batch], book.bold)
        cover.write_row(1, 0, ["From run", report.run_id])
        cover.write_row(2, 0, ["From file", report.source.path])
        mend = "Mend the rows on the sheet Invoices and submit this workbook as it is."
        cover.write_string(4, 0, _not_here(report) if report.exit_code is ExitCode.GATE else mend)
        cover.write_string(5, 0, "Keep the batch: by it the program knows what it has sent already.")
    return path


def _unfinished(report: Report, sheet: Sheet) -> Iterator[tuple[RawRow, str | None, str | None]]:
    invoices, errors = report.by_row(), report.errors_by_row()
    for raw in sheet.rows:
        planned = invoices.get(raw.number)
        if raw.number not in sheet.excluded and (planned is None or planned.status in TO_FIX):
            error, advice = answer_of(report, planned, errors.get(raw.number, []))
            # What a gate refused is no fault of the row, and the cells that it names are those of the file itself.
            yield raw, error, _not_here(report) if report.exit_code is ExitCode.GATE else advice


def _not_here(report: Report) -> str:
    which = f"submit {PurePath(report.source.path).name} itself: the cells named are its own"
    return f"Nothing is to be mended here. Look at what was refused, and {which}."


def _as_read(report: Report, sheet: Sheet, raw: RawRow) -> list[object]:
    """The cells of a row, typed amounts and dates as they were read: the rows that prove it may not be there."""
    cells = originals(sheet, raw)
    for decision in report.decisions:
        for header in sheet.headers:
            if header.column == decision.column and isinstance(text := cells[header.position], str):
                cells[header.position] = decision.meanings.get(text, text)
    return cells
