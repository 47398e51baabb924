"""What a person does next, as a line to read or a command to type, with the arguments that were given."""

from __future__ import annotations

import re
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from importer.model.advice import NAME, advised, options_for
from importer.model.exit_codes import ExitCode
from importer.model.plans import Status
from importer.model.visible import in_one_line
from importer.model.words import as_typed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from importer.commands.options import AccountPlace, Place, RunPlace, SheetOptions
    from importer.flow.reconciling import Reconciled
    from importer.model.plans import ReportedInvoice
    from importer.reporting.report import Report
    from importer.unattended.outcomes import InboxResult


def next_step(words: str) -> None:
    """Say on stderr what to do next; that its reader is gone (``2>&1 | head``) is no failure."""
    with suppress(BrokenPipeError):
        sys.stderr.write(f"Next: {in_one_line(words)}\n")


def command_line(name: str, *words: object, place: AccountPlace | None = None) -> str:
    """A command to type: ``invoice-importer submit october.xlsx --sandbox``."""
    parts = [NAME, name, *(as_typed(str(word)) for word in words)]
    if place is not None:
        parts += options_for(name, tuple(words_of(place)))
    return " ".join(parts)


def words_of(place: Place) -> Iterator[str]:
    """The options of a place that were given."""
    for option, value in (
        ("--profile", place.profile),
        ("--config", place.config),
        ("--reports", getattr(place, "reports", None)),
    ):
        if value is not None:
            yield option
            yield str(value)
    if getattr(place, "sandbox", False):
        yield "--sandbox"


def for_file(name: str, path: object, sheet: SheetOptions, place: AccountPlace, repeats: Iterable[str] = ()) -> str:
    """The command for this file, or another form of it, with the options that shape the plan."""
    words: list[object] = [path]
    for option, value in (
        ("--sheet", sheet.sheet),
        ("--batch", sheet.batch),
        ("--encoding", sheet.encoding),
        ("--preset", sheet.preset),
    ):
        if value is not None:
            words += [option, value]
    if sheet.partial:
        words.append("--partial")
    return command_line(name, *words, *repeats, place=place)


def advice(text: str, place: Place, file: tuple[str, ...] = ()) -> str:
    """A text, the commands that it advises with the options that were given."""
    return advised(text, tuple(words_of(place)), file)


def map_of(sheet: SheetOptions, place: AccountPlace) -> str:
    """The command that asks what the headers of this file mean."""
    return command_line("map", *file_words(sheet), place=place)


def file_words(sheet: SheetOptions) -> tuple[str, ...]:
    """The file, and the options by which it is read."""
    words = [str(sheet.file)]
    for option, value in (("--sheet", sheet.sheet), ("--encoding", sheet.encoding), ("--preset", sheet.preset)):
        words += [] if value is None else [option, value]
    return tuple(words)


def after_preview(report: Report, sheet: SheetOptions, place: AccountPlace) -> str:
    """What follows a preview."""
    if report.errors and not (sheet.partial and report.totals.by_status.get(Status.READY)):
        return _correct(report, sheet, place, "preview")
    if report.totals.by_status.get(Status.IN_DOUBT):
        return command_line("reconcile", place=place)
    if report.totals.by_status.get(Status.READY):
        return for_file("submit", sheet.file, sheet, place)
    if report.totals.by_status.get(Status.HELD):
        return "decide about the invoices that are held: the lines above say how."
    return "nothing is left to do."


def after_submit(report: Report, sheet: SheetOptions, place: AccountPlace, repeats: Sequence[str] = ()) -> str:
    """What follows a submit; the most urgent matter only."""
    counts = report.totals.by_status
    if counts.get(Status.IN_DOUBT):
        return command_line("reconcile", place=place)
    if report.exit_code is ExitCode.FILE_PROBLEMS:
        return _correct(report, sheet, place, "submit")
    if counts.get(Status.REJECTED) or (report.errors and report.files.get("to_fix") is not None):
        return f"correct {_to_fix(report)} and submit it."
    if counts.get(Status.NOT_SENT):
        return for_file("submit", sheet.file, sheet, place, repeats)
    if counts.get(Status.HELD):
        return "decide about the invoices that are held: the lines above say how."
    return _in_kantata(report.planned)


def after_run(results: Sequence[InboxResult], place: RunPlace) -> str:
    """What follows a run over the inbox; the most urgent matter only."""
    codes = {result.exit_code for result in results}
    if ExitCode.IN_DOUBT in codes:
        return command_line("reconcile", place=place)
    if codes != {ExitCode.DONE}:
        return "see to the files that were not done: their lines say how."
    planned: list[ReportedInvoice] = []
    for result in results:
        if result.report is not None:
            planned += result.report.planned
    return _in_kantata(planned)


def after_reconcile(done: Reconciled, place: RunPlace) -> str:
    """What follows once doubts were settled, or could not be."""
    if done.exit_code is ExitCode.IN_DOUBT:
        return f"{command_line('reconcile', place=place)} asks again; look in Kantata meanwhile."
    if done.exit_code is not ExitCode.DONE:
        return "do what stands below the invoices that are not billed, or that hold something else."
    return "nothing is left to do."


def after_doctor(code: ExitCode, place: AccountPlace) -> str:
    """What follows the checks."""
    if code is ExitCode.DONE:
        return command_line("preview", "FILE", place=place)
    return "do what stands below the lines with “fail”, then run doctor again."


def _correct(report: Report, sheet: SheetOptions, place: AccountPlace, name: str) -> str:
    """One file to correct is recommended: the whole workbook with its marks, else the file itself.

    Where headers are not understood, the person is asked first what they mean.
    """
    offered = _preset_offered(report)
    if offered is not None and sheet.preset is None:
        return for_file(name, sheet.file, replace(sheet, preset=offered), place)
    codes = {problem.code for problem in report.problems}
    asks = any(problem.meant for problem in report.problems)
    if asks or codes >= {"column.missing", "column.unknown"}:
        return f"{map_of(sheet, place)} asks what your headers mean; or correct the file."
    copy = report.files.get("annotated")
    if copy is None:
        return f"correct the file, then {for_file(name, sheet.file, sheet, place)}"
    return f"correct the marked cells in {copy.name}, then {for_file(name, copy, sheet, place)}"


def _preset_offered(report: Report) -> str | None:
    """The ready mapping that would read this file; None: it is no export that is known, or it is used."""
    for problem in report.problems:
        if problem.code == "preset.offered":
            found = re.search(r"--preset (\w+)", problem.hint)
            return found[1] if found else None
    return None


def _to_fix(report: Report) -> str:
    path = report.files.get("to_fix")
    return path.name if path is not None else Path(report.source.path).name


def _in_kantata(planned: Iterable[ReportedInvoice]) -> str:
    """What is left to do in Kantata itself."""
    from importer.reporting.headline import drafts_waiting

    return drafts_waiting(planned) or "nothing is left to do."
