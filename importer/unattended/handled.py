"""What became of a file of the inbox, in the words that its people read: folder, reason and remedy."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from importer.model.currency_sums import mixed
from importer.model.exit_codes import ExitCode
from importer.model.plans import Status
from importer.model.problems import Severity
from importer.model.words import count_of

if TYPE_CHECKING:
    from pathlib import Path

    from importer.model.plans import PlannedInvoice
    from importer.reporting.report import Report

WORST_FIRST = (
    ExitCode.IN_DOUBT,
    ExitCode.TERMINATED,
    ExitCode.INTERRUPTED,
    ExitCode.UNEXPECTED,
    ExitCode.ACCESS,
    ExitCode.UNREACHABLE,
    ExitCode.LOCKED,
    ExitCode.WRONG_USE,
    ExitCode.SOME_NOT_SENT,
    ExitCode.GATE,
    ExitCode.FILE_PROBLEMS,
    ExitCode.DONE,
)
"""Which exit code tells of a run over several files."""
URGENT = (Status.IN_DOUBT, Status.REJECTED, Status.HELD, Status.NOT_SENT)
"""Which invoice gives the reason of a whole file, the most urgent first."""
ONE_BY_ONE = "Submit again; what was created is not repeated."
"""What a person is told to do with an invoice that waits; here the next run does it."""
NEXT_RUN = "The next run tries again; what was created is not repeated."


class Fate(Enum):
    """Where a file of the inbox ends up: the name of its folder."""

    DONE = "done"
    FAILED = "failed"
    IN_DOUBT = "in-doubt"
    LEFT = "left in the inbox"


@dataclass(frozen=True)
class Handled:
    """What became of one file of the inbox."""

    name: str
    fate: Fate
    exit_code: ExitCode
    why: str
    """In a sentence, with what to do."""
    report: Report | None = None
    """None when nothing was planned."""
    folder: Path | None = None
    """Where it lies now with its results; None while it is in the inbox."""
    sha256: str = ""
    settled: bool = False
    """Whether it was in doubt, and is not any more."""
    is_file: bool = True
    """False for a folder, or whatever else lies in the inbox and is no workbook."""

    @property
    def line(self) -> str:
        """One line that tells it all."""
        where = f" → {self.folder}" if self.folder else ""
        return " ".join(f"{self.name}: {self.fate.value}. {self.why}{where}".split())


def exit_code_of(done: list[Handled]) -> ExitCode:
    """How a run over several files ends: as its worst file."""
    codes = {one.exit_code for one in done}
    return next((code for code in WORST_FIRST if code in codes), ExitCode.DONE)


def why_of(report: Report, *, by_hand: bool = False) -> str:
    """What became of a submitted file: counts and amount, the most urgent reason, and what to do.

    ``by_hand``: a person submitted it, so that no next run looks at it by itself.
    """
    if report.exit_code is ExitCode.FILE_PROBLEMS:
        first = _first_problem(report, by_hand=by_hand)
        return f"Nothing was sent: {count_of(report.errors, 'problem')} in the file.{first}"
    if report.exit_code is ExitCode.GATE:
        return report.notices[-1]
    counts = report.totals.by_status
    said = [f"{count:,} {status.value.replace('_', ' ')}" for status in Status if (count := counts.get(status, 0))]
    reason = _reason(report.planned, ONE_BY_ONE if by_hand else NEXT_RUN)
    several = mixed(report.planned, report.totals.amount)
    amount = f"{report.totals.amount:,.2f} in the sheet{f', a {several}' if several else ''}"
    return f"{', '.join(said) or 'No invoices'}; {amount}.{reason}"


def _first_problem(report: Report, *, by_hand: bool) -> str:
    """The first error with its remedy, and where all of them are marked."""
    first = next((one for one in report.problems if one.severity is Severity.ERROR), None)
    if first is None:
        return ""
    at = f"{first.address}: " if first.address else ""
    hint = first.hint.partition("\n")[0]  # what follows are lines for the settings file
    copy = report.files.get("annotated")  # the whole workbook, with its Cover and so with its gate
    where = f" in {copy.name}, where all are marked," if copy else ""
    return (
        f" {at}{first.message} {hint} Correct it{where} and {'submit that' if by_hand else 'put that into the inbox'}."
    )


def _reason(planned: tuple[PlannedInvoice, ...], again: str) -> str:
    """The most urgent reason, and what to do; empty when all is well."""
    for status in URGENT:
        for one in planned:
            if one.status is status:
                advice = (one.what_to_do or "").replace(ONE_BY_ONE, again)
                return f" {one.reason or ''} {advice}".rstrip()
    differing = (one for one in planned if one.differs or one.missing)
    return next((f" {one.reason or ''} {one.what_to_do or ''}".rstrip() for one in differing), "")
