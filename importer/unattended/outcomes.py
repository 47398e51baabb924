"""What became of a file of the inbox, in the words that its people read: outcome, reason and remedy."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from importer.ledger.inbox_files import FOLDER_OF, FileState, InboxFile
from importer.ledger.outbox import News
from importer.model.exit_codes import ExitCode
from importer.model.plans import ReportedInvoice, Status
from importer.model.problems import Severity
from importer.model.words import count_of, invoice_named, lacking_amounts, rows_named
from importer.reporting.headline import sums_of
from importer.sending.sender import SUBMIT_AGAIN

if TYPE_CHECKING:
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
"""Which exit code a run over several files ends with."""
URGENT = (Status.IN_DOUBT, Status.REJECTED, Status.HELD, Status.NOT_SENT)
"""Which invoice gives the reason of a whole file, the most urgent first."""
SAME_FOR_ALL = (
    ExitCode.WRONG_USE,
    ExitCode.ACCESS,
    ExitCode.UNREACHABLE,
    ExitCode.LOCKED,
    ExitCode.INTERRUPTED,
    ExitCode.TERMINATED,
)
"""What keeps one file in the inbox for these reasons would keep the others too."""
NEXT_RUN = "The next run tries again; nothing is sent twice."
"""In place of the advice to submit again, for a file that stays in the inbox."""


@dataclass(frozen=True)
class InboxResult:
    """What became of one file of the inbox."""

    name: str
    state: FileState
    exit_code: ExitCode
    reason: str
    """In a sentence, with what to do."""
    report: Report | None = None
    """None when nothing was planned."""
    folder: Path | None = None
    """Where it lies now with its results; None while it is in the inbox."""
    sha256: str = ""
    settled: bool = False
    """Whether it was in doubt, and is not any more."""
    is_file: bool = True
    """False for a folder, a submit by hand, or whatever else lies in the inbox and is no workbook."""

    @property
    def outcome(self) -> str:
        """Where it ended up, as the JSON document says it: done, failed, in_doubt or left."""
        if self.state.in_inbox:
            return FileState.LEFT.value
        return self.state.value

    @property
    def outcome_words(self) -> str:
        """Where it ended up, for people."""
        if self.state.in_inbox:
            return "left in the inbox"
        return FOLDER_OF[self.state]

    @property
    def line(self) -> str:
        """All of it in one line."""
        where = ""
        if self.folder is not None:
            where = f" → {self.folder}"
        return " ".join(f"{self.name}: {self.outcome_words}. {self.reason}{where}".split())

    @property
    def news(self) -> News:
        """What people should know of it.

        A file that only waits is the same news in each run; one that was put away is news each time, as its folder is
        another one: who puts it back unchanged has to know that it failed again.
        """
        place = ""
        if self.folder is not None:
            place = self.folder.name
        subject = subject_of(self.name, self.sha256, self.outcome, self.reason, place)
        return News(subject, self.line, failed=self.exit_code is not ExitCode.DONE)


def subject_of(*content: str) -> str:
    """Hash by which the same news is known again."""
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def result_of(file: InboxFile) -> InboxResult:
    """What the ledger says of a file that was decided."""
    result = InboxResult(file.name, file.state, ExitCode(file.exit_code), file.reason, sha256=file.sha256)
    if file.state.in_inbox:
        return result
    return replace(result, folder=file.folder)


def exit_code_of(results: Iterable[InboxResult], code: ExitCode = ExitCode.DONE) -> ExitCode:
    """How a run over several files ends: as its worst file, or as ``code`` says already."""
    codes = {code, *(result.exit_code for result in results)}
    return next((code for code in WORST_FIRST if code in codes), ExitCode.DONE)


def reason_of(report: Report, *, by_hand: bool = False) -> str:
    """What became of a submitted file: counts and amount, the most urgent reason, and what to do.

    ``by_hand``: a person submitted it, so that no next run looks at it by itself.
    """
    if report.exit_code is ExitCode.FILE_PROBLEMS:
        first = _first_problem(report, by_hand=by_hand)
        return f"Nothing was sent: {count_of(report.errors, 'problem')} in the file.{first}"
    if report.exit_code is ExitCode.GATE:
        return report.notices[-1]

    counts = ", ".join(_counts(report)) or "No invoices"
    amount = sums_of(report.planned)
    if lacking := lacking_amounts(report.totals):
        amount = f"{amount} ({lacking.rstrip('.')})"
    return f"{counts}; {amount}.{_most_urgent(report, by_hand=by_hand)}"


def _counts(report: Report) -> Iterator[str]:
    for status in Status:
        if count := report.totals.by_status.get(status, 0):
            yield f"{count:,} {status.words}"


def _first_problem(report: Report, *, by_hand: bool) -> str:
    """The first error with its remedy, and where all of them are marked."""
    first = next((problem for problem in report.problems if problem.severity is Severity.ERROR), None)
    if first is None:
        return ""

    message = first.message
    if first.address:
        message = f"{first.address}: {message}"
    hint = first.hint.partition("\n")[0]
    if hint.endswith(":"):  # what follows are lines for the settings file; the workbook shows them
        hint = "".join(hint.rpartition(". ")[:2]).strip()
    where = ""
    if copy := report.files.get("annotated"):  # the whole workbook, with its Cover and so with its gate
        where = f" in {copy.name}, where all are marked,"
    how = "put that into the inbox"
    if by_hand:
        how = "submit that"
    said = " ".join(filter(None, (message, hint)))
    return f" {said} Correct it{where} and {how}."


def _most_urgent(report: Report, *, by_hand: bool) -> str:
    """The most urgent reason, and what to do; empty when all is well."""
    urgent = _first_urgent(report.planned)
    if urgent is None:
        return ""
    advice = urgent.what_to_do or ""
    if advice == SUBMIT_AGAIN and not by_hand and report.exit_code in SAME_FOR_ALL:
        advice = NEXT_RUN
    invoice = urgent.invoice
    where = f"{invoice_named(invoice.key, invoice.workspace_ids)}, {rows_named(invoice.rows)}"
    return f" {where}: {urgent.reason or ''} {advice}".rstrip()


def _first_urgent(planned: tuple[ReportedInvoice, ...]) -> ReportedInvoice | None:
    for status in URGENT:
        for invoice in planned:
            if invoice.status is status:
                return invoice
    for invoice in planned:
        if invoice.differs or invoice.missing:
            return invoice
    return None
