"""One file of the inbox: it is read, looked up, gated, sent, and put where it belongs."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from importer.flow.prepare import let_go_of_records
from importer.flow.prepared import Tools, Wish, new_run_id
from importer.flow.submit import Examined, Hooks, carry_out, examine
from importer.flow.unattended_guards import check_gates
from importer.ledger.inbox_files import FOLDER_OF, FileState, InboxFile
from importer.model.errors import FileProblem, GateRefused, ImporterError, LedgerProblem
from importer.model.exit_codes import ExitCode
from importer.model.invoices import UnsoundInvoice
from importer.model.lifecycle import OPEN, State
from importer.model.plans import Status
from importer.model.problems import has_errors
from importer.reporting.workbook.results import prepare_folder
from importer.sending.throttle import BrokenOff, Stop
from importer.unattended import filing, inbox, returning
from importer.unattended.deadline import deadline
from importer.unattended.outcomes import SAME_FOR_ALL, InboxResult, reason_of

if TYPE_CHECKING:
    from importer.kantata.client import KantataApi
    from importer.ledger.ledger import SubmissionLedger
    from importer.reporting.report import Report
    from importer.unattended.inbox import Candidate, Taken

LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class InboxRun:
    """What one run over the inbox works with."""

    tools: Tools
    connect: Callable[[], KantataApi]
    stop: Stop
    rehearsal: bool
    """The files stay where they lie, and the ledger notes nothing of them."""
    topic: str
    """Of its notices."""


def handled(this: InboxRun, candidate: Candidate) -> InboxResult:
    """Handle one file; whatever fails becomes its result, and the next one has its turn.

    Raises SettingsProblem when there is no place for the results.
    """
    reports = this.tools.settings.reports
    folder = reports / inbox.entry_name(new_run_id(), candidate)
    prepare_folder(reports)
    try:
        taken = inbox.take(candidate, folder)
    except (inbox.Changed, FileNotFoundError):
        shutil.rmtree(folder, ignore_errors=True)
        return left(candidate, ExitCode.DONE, inbox.reason_of_change(candidate))
    except OSError as error:
        if not isinstance(error, FileExistsError):  # or it is the folder of another file
            shutil.rmtree(folder, ignore_errors=True)
        return left(candidate, ExitCode.FILE_PROBLEMS, _reason_not_taken(candidate, folder, error))

    if this.rehearsal:
        return _rehearsed(this, taken, folder)
    try:
        file = this.tools.ledger.inbox_files.take(taken.sha256, candidate.path.name, folder.name, candidate.path.parent)
    except LedgerProblem as problem:
        _forget(folder)
        return left(candidate, problem.exit_code, f"{problem.message} {problem.hint}")
    result = _answered(this, taken, folder)
    let_go_of_records()
    return _filed(this, candidate, file, result)


def left(candidate: Candidate, code: ExitCode, reason: str) -> InboxResult:
    """The result of a file that stays in the inbox."""
    return InboxResult(candidate.path.name, FileState.LEFT, code, reason)


def _reason_not_taken(candidate: Candidate, folder: Path, error: OSError) -> str:
    if error.filename == str(candidate.path):
        return f"It cannot be read ({error.strerror}). Make it readable for the user who runs this program."
    return f"It cannot be copied to {folder} ({error.strerror}). Look at the disks of both folders."


def _rehearsed(this: InboxRun, taken: Taken, folder: Path) -> InboxResult:
    result = _answered(this, taken, folder)
    if result.state is FileState.LEFT:
        _forget(folder)
        return result
    return replace(result, reason=f"{result.reason} A rehearsal: the file stays in the inbox.", folder=folder)


def _forget(folder: Path) -> None:
    """Remove the folder of a file that stays in the inbox, unless anything in it reports a submit.

    Its copy is made again next time; nothing else is ever deleted.
    """
    names = [path.name for path in folder.rglob("*") if path.is_file()]
    if all(name.endswith(".sha256") or f"{name}.sha256" in names for name in names):
        shutil.rmtree(folder, ignore_errors=True)


def _answered(this: InboxRun, taken: Taken, folder: Path) -> InboxResult:
    """Submit a file; an error becomes its result."""
    name = taken.copy.name
    tools = replace(this.tools, settings=this.tools.settings.model_copy(update={"reports": folder}))
    try:
        result = _submitted(_wish(this, taken, folder), taken.sha256, tools, this)
    except BrokenOff:
        code = this.stop.exit_code or ExitCode.TERMINATED
        result = InboxResult(name, FileState.LEFT, code, "The run was stopped before anything of it was sent.")
    except FileProblem as problem:
        if _in_doubt(taken, tools):
            result = _left_by_problem(taken, tools, problem)
        else:
            result = InboxResult(name, FileState.FAILED, problem.exit_code, f"{problem.message} {problem.hint}")
    except ImporterError as problem:
        result = _left_by_problem(taken, tools, problem)
    except Exception as error:
        LOG.exception("%s: unexpected error", name, extra={"file": name, "shown": True})
        result = _crashed(taken, tools, error)
    return replace(result, sha256=taken.sha256)


def _left_by_problem(taken: Taken, tools: Tools, problem: ImporterError) -> InboxResult:
    code, reason = problem.exit_code, f"{problem.message} {problem.hint}"
    if isinstance(problem, GateRefused | FileProblem) and _in_doubt(taken, tools):
        code, reason = ExitCode.IN_DOUBT, f"{reason} Another invoice of it is in doubt: it may exist or not."
    return InboxResult(taken.copy.name, FileState.LEFT, code, reason)


def _crashed(taken: Taken, tools: Tools, error: Exception) -> InboxResult:
    name = taken.copy.name
    reason = (
        f"Unexpected error in the program ({type(error).__name__}); the log holds it. "
        "It is safe to submit again: nothing is sent twice."
    )
    if not _in_doubt(taken, tools):
        return InboxResult(name, FileState.FAILED, ExitCode.UNEXPECTED, reason)
    state = FileState.LEFT
    if _run_of(taken.copy, taken.sha256, tools.ledger) is not None:  # else it would never be settled in in-doubt/
        state = FileState.IN_DOUBT
    return InboxResult(name, state, ExitCode.IN_DOUBT, f"{reason} The answer to an invoice was lost.")


def _in_doubt(taken: Taken, tools: Tools) -> bool:
    """Whether the ledger holds an invoice of a file that may exist in Kantata or not."""
    with suppress(ImporterError):
        return any(entry.state in OPEN for entry in tools.ledger.entries_of_source(taken.sha256))
    return False


def _run_of(copy: Path, sha256: str, ledger: SubmissionLedger) -> str | None:
    """The submit of this very copy; None when none began."""
    with suppress(ImporterError):
        for run in ledger.runs(sha256=sha256):
            if run.path == str(copy.absolute()):
                return run.run_id
    return None


def _wish(this: InboxRun, taken: Taken, folder: Path) -> Wish:
    """To submit a copy, and to name the file where it lies once a person has to look at it."""
    place = this.tools.settings.inbox.absolute()
    if not this.rehearsal:
        place = place / FOLDER_OF[FileState.FAILED] / folder.name
    return Wish(taken.copy, put_away=place / taken.copy.name)


def _submitted(wish: Wish, sha256: str, tools: Tools, this: InboxRun) -> InboxResult:
    """Read the file once, look it up once, and carry out that very plan; all of it under the lock of the ledger.

    Raises GateRefused when nothing may be sent without a person, and LockedByAnother.
    """
    name, run_id = wish.path.name, new_run_id()
    with tools.ledger.exclusive(run_id):
        with this.stop.at_once(), deadline(name):
            examined = examine(wish, tools, run_id)
        if _stands_as_it_is(examined) and (earlier := _billed_before(sha256, tools.ledger)):
            reason = f"Nothing to do: run {earlier} billed just this content."
            return InboxResult(name, FileState.DONE, ExitCode.DONE, reason)
        prepared = examined.prepared
        if prepared.ready and not has_errors(prepared.problems):
            plan = prepared.report("submit", tools, prepared.planned, ExitCode.DONE)
            check_gates(plan, tools, asked=examined.obstacle is None)
        guarded = prepared.ready and examined.obstacle is None and not has_errors(prepared.problems)
        hooks = Hooks(this.connect, lambda plan: check_gates(plan, tools), this.stop, lambda _planned: None)
        report = carry_out(examined, tools, hooks)
    state = _outcome_of(report)
    if guarded and report.exit_code is ExitCode.GATE:  # an approval has ended since the first check
        state = FileState.LEFT
    return InboxResult(name, state, report.exit_code, reason_of(report), report)


def _stands_as_it_is(examined: Examined) -> bool:
    """Whether each invoice of a file stands in Kantata as the file says.

    Only what means the same invoices: without dates, last month's file is another batch, and held for a person.
    """
    planned = examined.prepared.planned
    if not planned or examined.prepared.refused:
        return False
    return all(
        invoice.status is Status.ALREADY_CREATED and not (invoice.differs or invoice.missing) for invoice in planned
    )


def _billed_before(sha256: str, ledger: SubmissionLedger) -> str | None:
    """The run that billed this very content whole, unless one of its invoices is gone since."""
    entries = ledger.entries_of_source(sha256)
    if not entries or any(entry.state is not State.EXISTS for entry in entries):
        return None
    for run in ledger.runs(sha256=sha256):
        whole = run.exit_code == ExitCode.DONE
        if whole and run.invoices == len(entries):
            return run.run_id
    return None


def _outcome_of(report: Report) -> FileState:
    if report.exit_code is ExitCode.DONE:
        return FileState.DONE
    if report.exit_code is ExitCode.IN_DOUBT:
        return FileState.IN_DOUBT
    if report.exit_code in SAME_FOR_ALL and _unsent(report):
        return FileState.LEFT
    return FileState.FAILED


def _unsent(report: Report) -> bool:
    """Whether sound invoices wait for better times; otherwise only a person can do something."""
    return any(
        invoice.status is Status.NOT_SENT and not isinstance(invoice.invoice, UnsoundInvoice)
        for invoice in report.planned
    )


# --- where it goes ---------------------------------------------------------------------------


def _filed(this: InboxRun, candidate: Candidate, file: InboxFile, result: InboxResult) -> InboxResult:
    """Commit what became of a file, with its notice, and then move it to its folder."""
    files, reports = this.tools.ledger.inbox_files, this.tools.settings.reports
    decided = _decided(this, file, result)
    if result.state is FileState.LEFT:
        _forget(reports / file.entry)
        news = None
        if result.exit_code is not ExitCode.LOCKED:  # the run that holds the lock reports what it does itself
            news = result.news
        with suppress(LedgerProblem):  # the next run takes it again all the same
            files.decide(decided, this.topic, news)
        return result

    result = replace(result, folder=decided.folder)
    try:
        files.decide(decided, this.topic, result.news)
        unchanged = filing.store(decided, candidate.path, returning.results_of(decided, reports))
        files.note_moved(decided, decided.folder)
    except (OSError, LedgerProblem) as error:
        return _corrected(this, decided, result, _not_moved(result, error, reports / file.entry))
    if not unchanged:
        remark = f"It was replaced meanwhile: the new file is for the next run; a copy is in {reports / file.entry}."
        return _corrected(this, decided, result, replace(result, reason=f"{result.reason} {remark}"))
    with suppress(OSError, LedgerProblem):  # what earlier runs left lies apart then
        returning.bring_together(this.tools, decided)
    return result


def _decided(this: InboxRun, file: InboxFile, result: InboxResult) -> InboxFile:
    """What the ledger says of a file from now on; it is moved only after that."""
    folder, stays = this.tools.settings.inbox.absolute(), result.state is FileState.LEFT
    if not stays:
        folder = folder / FOLDER_OF[result.state] / file.entry
    run_id = None
    if result.report is not None:
        run_id = result.report.run_id
    elif result.state is FileState.IN_DOUBT:
        run_id = _run_of(this.tools.settings.reports / file.entry / file.name, file.sha256, this.tools.ledger)
    return replace(
        file,
        state=result.state,
        reason=result.reason,
        exit_code=int(result.exit_code),
        folder=folder,
        run_id=run_id,
        moved=stays,
    )


def _not_moved(result: InboxResult, error: OSError | LedgerProblem, results: Path) -> InboxResult:
    """A file that was handled and cannot be moved: the next run finds it again and sends nothing twice."""
    cause = str(error)
    if isinstance(error, OSError):
        cause = error.strerror or cause
    code = result.exit_code
    if code is ExitCode.DONE:
        code = ExitCode.UNEXPECTED
    reason = f"{result.reason} It could not be moved to {result.folder} ({cause}); its results are in {results}."
    return replace(result, state=FileState.LEFT, reason=reason, exit_code=code, folder=None)


def _corrected(this: InboxRun, decided: InboxFile, wrong: InboxResult, result: InboxResult) -> InboxResult:
    """Commit another result than the one that was decided and could not be carried out."""
    folder = decided.folder
    if result.folder is None:
        folder = this.tools.settings.inbox
    code = int(result.exit_code)
    file = replace(decided, state=result.state, reason=result.reason, exit_code=code, folder=folder, moved=True)
    with suppress(LedgerProblem):
        this.tools.ledger.inbox_files.decide(file, this.topic, result.news, withdrawn=wrong.news)
    return result
