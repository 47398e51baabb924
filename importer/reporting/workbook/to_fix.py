"""The to-fix workbook: the rows that did not become invoices, ready to be fixed and submitted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from xlsxwriter.utility import xl_rowcol_to_cell

from importer.model.exit_codes import ExitCode
from importer.model.plans import Status
from importer.model.visible import in_one_line
from importer.reporting.details import ANSWERS, own_cells, own_columns
from importer.reporting.report import Report, answer_of
from importer.reporting.table import Column, Marked, Table
from importer.reporting.workbook.book import Book, workbook

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

    from importer.model.problems import Problem
    from importer.model.sheet import ControlTotals, RawRow, Sheet

TO_FIX = frozenset({Status.REJECTED, Status.NOT_SENT, Status.HELD, Status.READY})
"""Statuses whose rows go into the to-fix workbook. An invoice in doubt may exist, so its rows do not."""
FIRST_ROW = 2
"""The header is row 1."""
ERROR_AND_ADVICE = ANSWERS[-2:]


def write_to_fix(report: Report, folder: Path) -> Path | None:
    """Write the rows that did not become invoices, in import form; None when there are none."""
    sheet = report.sheet
    if sheet is None:
        return None
    unfinished = list(_unfinished(report, sheet))
    if not unfinished:
        return None
    # Answers of an earlier run make room for the new ones.
    kept = [position for position in range(sheet.width) if position not in sheet.added]
    columns = own_columns(sheet)
    errors = report.errors_by_row()
    rows = []
    for number, (raw, error, advice) in enumerate(unfinished, FIRST_ROW):
        all_cells, wrong = _as_read(report, sheet, raw), _wrong(sheet, errors.get(raw.number, ()))
        cells, coloured = [], []
        for place, position in enumerate(kept):
            cell = all_cells[position]
            if position in wrong:
                cell = Marked(cell)
                coloured.append(xl_rowcol_to_cell(number - 1, place))
            cells.append(cell)
        rows.append([*cells, _with_own_cells(error, coloured), advice])
    return _written(report, folder, [*(columns[position] for position in kept), *ERROR_AND_ADVICE], rows)


def _written(report: Report, folder: Path, columns: list[Column], rows: list[list[object]]) -> Path:
    path = folder / f"{report.run_id}-to-fix.xlsx"
    with workbook(path) as book:
        book.add_table(Table("Invoices", columns, rows))
        _add_cover(book, report)
    return path


def _wrong(sheet: Sheet, errors: Iterable[Problem]) -> set[int]:
    """The positions of the cells of a row that have errors."""
    columns = {header.column: header.position for header in sheet.headers if header.column}
    return {columns[problem.column] for problem in errors if problem.column in columns}


def _with_own_cells(error: str | None, coloured: list[str]) -> str | None:
    """The error, and the cells of this very workbook that are coloured for it."""
    if not coloured:
        return error
    return f"{error or ''}\nHere: {', '.join(coloured)}.".strip()


def _add_cover(book: Book, report: Report) -> None:
    cover = book.add("Cover", [16, 70])
    cover.write_row(0, 0, ["Batch", report.batch], book.bold)
    cover.write_row(1, 0, ["From run", report.run_id])
    cover.write_row(2, 0, ["From file", in_one_line(report.source.path)])
    advice = "Fix the rows on the sheet Invoices and submit this workbook as it is."
    cover.write_string(4, 0, _not_here(report) if report.exit_code is ExitCode.GATE else advice)
    cover.write_string(5, 0, "Keep the batch: by it the program knows what it has sent already.")
    if report.exit_code is ExitCode.GATE and report.sheet is not None:
        _keep_expected(cover, report.sheet.expected)


def _keep_expected(cover: Worksheet, expected: ControlTotals) -> None:
    """Nothing was sent, so the totals that the file states about itself still guard these rows."""
    if expected.invoices is not None:
        cover.write_row(6, 0, ["Expected invoices", expected.invoices])
    if expected.total is not None:
        cover.write_row(7, 0, ["Expected total", float(expected.total)])


def _unfinished(report: Report, sheet: Sheet) -> Iterator[tuple[RawRow, str | None, str | None]]:
    """Rows that did not become invoices, each with its error and what to do."""
    invoices, errors = report.by_row(), report.errors_by_row()
    for raw in sheet.rows:
        planned = invoices.get(raw.number)
        is_finished = planned is not None and planned.status not in TO_FIX
        if is_finished or raw.number in sheet.excluded:
            continue
        error, advice = answer_of(report, planned, errors.get(raw.number, []))
        if report.exit_code is ExitCode.GATE:
            # What a gate refused is no fault of the row, and the cells that it names are those of the file itself.
            advice = _not_here(report)
        yield raw, error, advice


def _not_here(report: Report) -> str:
    file = PurePath(report.source.path).name
    return (
        f"There is nothing to fix here. Look at what was refused, then submit {file} itself: the cells named are in it."
    )


def _as_read(report: Report, sheet: Sheet, raw: RawRow) -> list[object]:
    """The cells of a row, typed amounts and dates as they were read: the rows that prove it may not be there."""
    cells = own_cells(sheet, raw)
    for decision in report.decisions:
        for header in sheet.headers:
            text = cells[header.position]
            if header.column == decision.column and isinstance(text, str):
                cells[header.position] = decision.meanings.get(text, text)
    return cells
