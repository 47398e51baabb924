"""Hand the user's own workbook back with each wrong cell marked, so that it can be mended and submitted as it is.

``annotate`` is the way in. The copy is the user's file with our changes in it; what cannot be changed in place with
certainty is written as a plain table instead.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from importer.model.plans import Status
from importer.model.problems import Severity, has_errors
from importer.reporting.annotated.marks import MOST_MARKS, UNDONE, marks_of, matters_of
from importer.reporting.annotated.package import CannotAnnotate
from importer.reporting.annotated.patching import Answer, Job, patched
from importer.reporting.annotated.plain import plain_workbook
from importer.reporting.annotated.verify import check
from importer.reporting.report import DONE, answer_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.model.sheet import Sheet
    from importer.reporting.report import Report

MOST_CELLS = 2_000_000
"""Cells of a table that is annotated unasked; larger ones take longer than half a minute."""

KNOWN = DONE | {Status.IN_DOUBT, Status.HELD}
"""Statuses of invoices of which something is, or may be, in Kantata: what bills them must keep its batch."""


@dataclass(frozen=True, slots=True)
class Annotated:
    """What became of the copy."""

    path: Path | None = None
    notices: tuple[str, ...] = ()


def annotate(report: Report, folder: Path, *, batch_named: bool, wanted: bool | None = None) -> Annotated:
    """Write ``<run>-annotated.xlsx`` when there is something to mend; never raises for what goes wrong.

    ``wanted``: True also for warnings only and for large files, False never. ``batch_named``: whether a person named
    the batch, by a flag or in the file; a batch made from dates may change with them while nothing was sent under it.
    """
    sheet = report.sheet
    if sheet is None or wanted is False or not (_needed(report) or (wanted and report.problems)):
        return Annotated()
    if not wanted and sheet.width * len(sheet.rows) > MOST_CELLS:
        return Annotated(notices=("The annotated copy of so large a file takes long; --annotate makes it.",))
    try:
        data = Path(sheet.path).read_bytes()
        if hashlib.sha256(data).hexdigest() != sheet.sha256:
            notice = f"{sheet.path.name} has changed since it was read, so no annotated copy was made."
            return Annotated(notices=(notice,))
        return _annotated(data, report, sheet, folder, batch_named=batch_named)
    except Exception as error:  # noqa: BLE001 - the copy is an extra; without it the run is as good
        return Annotated(notices=(f"The annotated copy could not be written ({error}).",))


def _needed(report: Report) -> bool:
    undone = report.command == "submit" and any(one.status in UNDONE for one in report.planned)
    return undone or has_errors(report.problems)


def _annotated(data: bytes, report: Report, sheet: Sheet, folder: Path, *, batch_named: bool) -> Annotated:
    job = _job(report, sheet, batch_named=batch_named)
    notices = []
    if len(job.matters) > MOST_MARKS:
        notices.append(f"The annotated copy marks the first {MOST_MARKS:,} of {len(job.matters):,} problems.")
    try:
        return Annotated(_written(data, job, report.run_id, folder), tuple(notices))
    except (CannotAnnotate, LookupError, ValueError) as error:  # a part that lacks what it should hold
        data, job = plain_workbook(sheet, job)
        path = _written(data, job, report.run_id, folder)
        if sheet.path.suffix.lower() in (".xlsx", ".xlsm"):
            notices.append(
                f"{sheet.path.name} could not be annotated in place ({error}). The annotated copy holds the "
                "table's values only: no formulas, formats, titles or other sheets."
            )
        return Annotated(path, tuple(notices))


def _written(data: bytes, job: Job, run_id: str, folder: Path) -> Path:
    """Write for the owner only, beside the final name, and look at it before it gets that name."""
    made = patched(data, job)
    path = folder / f"{run_id}-annotated{made.suffix}"
    unfinished = path.with_name(f".{path.name}.part")
    os.close(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        made.package.save(unfinished)
        check(data, unfinished, made, job)
        if path.exists():
            raise FileExistsError(f"{path.name} exists already; nothing is ever overwritten")
        unfinished.rename(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return path


def _job(report: Report, sheet: Sheet, *, batch_named: bool) -> Job:
    matters = matters_of(report, sheet)
    pinned = batch_named or any(one.status in KNOWN for one in report.planned)
    batch = ("Batch", report.batch) if pinned else ("Billing period", f"{report.batch}, as far as the dates tell")
    again = "Only invoices that were not created are sent." if report.command == "submit" else "Nothing was sent yet."
    return Job(
        sheet=sheet.name,
        header_row=sheet.header_row,
        width=sheet.width,
        added=sheet.added,
        marks=marks_of(matters, len(report.problems), sheet.name),
        answers=dict(_answers(report, sheet)) if report.command == "submit" else {},
        matters=matters,
        facts=(("File", report.source.path), ("Sheet", sheet.name), ("Run", report.run_id), batch),
        how=f"Mend the coloured cells, save, and submit this workbook as it is. {again} "
        + ("For another billing period delete this sheet." if pinned else "This sheet itself is not imported."),
    )


def _answers(report: Report, sheet: Sheet) -> Iterator[tuple[int, Answer]]:
    invoices, errors = report.by_row(), report.errors_by_row()
    for raw in sheet.rows:
        if (why := sheet.excluded.get(raw.number)) is not None:
            yield raw.number, Answer(("", "", "", "", f"Left out: {why.value}."), None)
            continue
        planned = invoices.get(raw.number)
        error, advice = answer_of(report, planned, errors.get(raw.number, []))
        status = planned.status if planned else Status.NOT_SENT
        number, link = (planned.invoice_id, report.link_of(planned)) if planned else (None, None)
        severity = None if status in DONE else Severity.WARNING if status is Status.HELD else Severity.ERROR
        # One line each: the rows keep the height that the user gave them.
        words = ((error or "").replace("\n", " "), (advice or "").replace("\n", " "))
        yield raw.number, Answer((status.words, number or "", link or "", *words), severity)
