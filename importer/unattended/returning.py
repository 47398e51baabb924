"""Settle what is in doubt, and put each file in in-doubt/ where it belongs by what the ledger knows then.

A file with invoices that turned out not to be billed goes back into the inbox.
There it is a file like any other: its gates and its approval hold, and what
was created is not repeated. One with invoices that were undone does not go back:
the person who undid them has to ask for them to be billed again.
"""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from importer.flow.prepared import new_run_id
from importer.flow.reconciling import Reconciled, reconcile
from importer.ledger.inbox_files import FOLDER_OF, FileState, InboxFile
from importer.model.errors import ImporterError, LockedByAnother
from importer.model.exit_codes import ExitCode
from importer.model.lifecycle import Fate
from importer.model.plans import Status
from importer.model.words import count_of
from importer.sending.throttle import BrokenOff
from importer.unattended import filing, in_doubt, inbox
from importer.unattended.outcomes import InboxResult, result_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from importer.flow.prepared import Tools
    from importer.kantata.client import KantataApi
    from importer.sending.throttle import Stop
    from importer.unattended.in_doubt import FileInDoubt, SubmittedFile

LOG = logging.getLogger(__name__)
BACK = "The file is back in the inbox: the next run sends what is not billed."
PUT_BACK = "Somebody put the file back into the inbox: the next run looks at it there."
STILL = (
    "Each run asks Kantata again. If it stays in doubt, look at it there, then record what became of it: "
    "invoice-importer reconcile shows how."
)
BY_HAND = "The results say which. Unbilled invoices stay unbilled until you submit the file again."
REMOVED = "The original file was removed or changed; its unbilled invoices will not be sent automatically."
TAKEN_BACK = (
    "Some were undone, or were to be, so the file does not come back by itself. To bill all that is not billed, also "
    "what was undone, submit it yourself, or approve it and put it into the inbox again; else delete those rows first."
)
UNKNOWN_HERE = (
    "The ledger in use does not know this folder, so what is in doubt there is not settled. Use the ledger and the "
    "profile that it was sent with. If that ledger is lost, put the workbook into the inbox again, and move the "
    "folder away: what Kantata holds is found there and not repeated."
)


def settle_first(tools: Tools, connect: Callable[[], KantataApi], topic: str, stop: Stop) -> Iterator[InboxResult]:
    """Settle what is in doubt, without waiting, and put the files in in-doubt/ where they belong.

    Sends nothing, so a signal ends it at once. That it cannot be settled keeps no other file from its turn.
    ``topic``: of the run's notices.
    """
    for path in in_doubt.strangers(tools):
        yield InboxResult(path.name, FileState.IN_DOUBT, ExitCode.IN_DOUBT, UNKNOWN_HERE, folder=path, is_file=False)
    awaited = in_doubt.open_references(tools) | {doubt.reference for doubt, _ in tools.ledger.unreported()}
    others, found = in_doubt.submits_elsewhere(tools, awaited), Reconciled((), ())
    if awaited:
        found, why_not = _reconciled(tools, connect, stop)
        if isinstance(why_not, LockedByAnother):  # what is sent at this moment is no doubt: its submit reports it
            others = [other for other in others if not other.is_being_sent]
        if why_not is not None:
            yield from _unsettled(tools, others, f"{why_not.message} {why_not.hint}".strip())
            return
    yield from return_files(tools, found, topic)
    for other in others:
        yield _result_elsewhere(in_doubt.submitted_file(other.run, tools), found)


def _reconciled(tools: Tools, connect: Callable[[], KantataApi], stop: Stop) -> tuple[Reconciled, ImporterError | None]:
    """What is settled by asking Kantata once, or why it could not be asked."""
    try:
        with stop.at_once():
            return reconcile(tools, connect(), lambda _seconds: False), None
    except BrokenOff:
        why_not = ImporterError("The run was stopped.")
    except ImporterError as problem:
        why_not = problem
    except Exception as error:
        LOG.exception("What is in doubt could not be settled.", extra={"shown": True})
        why_not = ImporterError(f"Unexpected error in the program ({type(error).__name__}); the log holds it.")
    return Reconciled((), ()), why_not


def doubts_left(tools: Tools, results: list[InboxResult]) -> Iterator[InboxResult]:
    """The doubts that stand at the end of a run and that no result has named.

    Their file lies in the inbox, but was open, or changed, or waited for something else than its doubt.
    """
    named = {result.sha256 for result in results if result.exit_code is ExitCode.IN_DOUBT}
    try:
        with tools.ledger.exclusive(new_run_id()):
            left = in_doubt.submits_elsewhere(tools, in_doubt.open_references(tools), in_inbox=True)
    except LockedByAnother:
        return  # what is sent at this moment is no doubt: its submit reports it
    for submitted in left:
        if submitted.run.sha256 not in named:
            yield _result_elsewhere(submitted, Reconciled((), ()), ExitCode.IN_DOUBT)


def _unsettled(tools: Tools, others: list[SubmittedFile], reason: str) -> Iterator[InboxResult]:
    """What is said of each doubt when Kantata could not be asked."""
    for doubt in in_doubt.files_in_doubt(tools):
        yield _unsettled_result(doubt.submitted, doubt.folder / doubt.file.name, reason)
    for submitted in others:
        yield _unsettled_result(submitted, Path(submitted.run.path), reason)


def _unsettled_result(submitted: SubmittedFile, path: Path, reason: str) -> InboxResult:
    words = f"{submitted.summary}; it could not be settled: {reason}"
    return InboxResult(
        path.name, FileState.IN_DOUBT, ExitCode.IN_DOUBT, words, folder=path.parent, sha256=submitted.run.sha256
    )


def _result_elsewhere(submitted: SubmittedFile, found: Reconciled, code: ExitCode | None = None) -> InboxResult:
    """What became of a submit whose file does not lie here: it was submitted by hand, or an undo of it did not end."""
    run, references = submitted.run, submitted.references
    own = found.of(references, run.run_id)
    code = code or own.exit_code
    if code is ExitCode.DONE and (submitted.counts[Fate.NOT_BILLED] or submitted.counts[Fate.HELD]):
        code = ExitCode.SOME_NOT_SENT  # it was stopped before the others, or held them

    state, words = FileState.FAILED, f"settled: {submitted.summary}. {BY_HAND}"
    if code is ExitCode.IN_DOUBT:
        state, words = FileState.IN_DOUBT, f"{submitted.summary}. {STILL}"
    elif code is ExitCode.DONE:
        state, words = FileState.DONE, f"settled: {submitted.summary}."
    words = " ".join([words, *own.unwritten.values()])
    return InboxResult(
        Path(run.path).name,
        state,
        code,
        f"Run {run.run_id} by {run.who}, {words}",
        sha256=run.sha256,
        settled=state is not FileState.IN_DOUBT,
        is_file=False,
    )


# --- where each file goes --------------------------------------------------------------------


def return_files(tools: Tools, found: Reconciled, topic: str) -> Iterator[InboxResult]:
    """Put each file in in-doubt/ where it belongs by what is known now; the caller holds the inbox."""
    absent = {settlement.doubt.reference for settlement in found.settlements if settlement.status is Status.READY}
    for doubt in in_doubt.files_in_doubt(tools):
        decided = _decided(doubt, tools, absent, found.differing)
        if why := found.unwritten.get(doubt.submitted.run.run_id):
            decided = replace(decided, reason=f"{decided.reason} {why}")
        settled = decided.state in (FileState.DONE, FileState.FAILED)
        try:
            _copy_results(doubt, found, tools)
            if decided.state is FileState.IN_DOUBT:
                _note_reason(decided, doubt, tools, topic)
            else:
                decided = _moved(decided, doubt, tools, topic)
        except OSError as error:
            yield _unmovable(doubt, error)
        else:
            yield replace(result_of(decided), settled=settled)


def _unmovable(doubt: FileInDoubt, error: OSError) -> InboxResult:
    reason = f"{doubt.submitted.summary}, but its folder cannot be changed ({error.strerror})."
    code = ExitCode.UNEXPECTED
    if doubt.submitted.open:
        code = ExitCode.IN_DOUBT
    file = doubt.file
    return InboxResult(file.name, FileState.IN_DOUBT, code, reason, folder=doubt.folder, sha256=file.sha256)


def _decided(doubt: FileInDoubt, tools: Tools, absent: set[str], differing: frozenset[str]) -> InboxFile:
    """What becomes of a file, and where it goes; it goes back once for each invoice that was found not billed."""
    submitted, counts = doubt.submitted, doubt.submitted.counts
    settled = f"Settled: {submitted.summary}."
    if doubt.workbook is None:
        return _decided_without_workbook(doubt, tools, differing)

    newly_absent = not submitted.open or absent & submitted.references
    # In the inbox what was taken back would be billed again with the rest.
    if counts[Fate.NOT_BILLED] and newly_absent and not submitted.taken_back:
        return _with(doubt, tools, FileState.RETURNED, ExitCode.SOME_NOT_SENT, f"{settled} {BACK}")
    if submitted.open:
        return _with(doubt, tools, FileState.IN_DOUBT, ExitCode.IN_DOUBT, f"{submitted.summary}. {STILL}")
    if _needs_a_person(submitted, differing):
        reason = " ".join([settled, *_remarks(submitted, differing)])
        return _with(doubt, tools, FileState.FAILED, ExitCode.SOME_NOT_SENT, reason)
    return _with(doubt, tools, FileState.DONE, ExitCode.DONE, settled)


def _decided_without_workbook(doubt: FileInDoubt, tools: Tools, differing: frozenset[str]) -> InboxFile:
    file, submitted = doubt.file, doubt.submitted
    if inbox.find(tools.settings.inbox, file.sha256, file.name, tools.settings.most_file_bytes) is not None:
        return _with(doubt, tools, FileState.RETURNED, ExitCode.SOME_NOT_SENT, f"{submitted.summary}. {PUT_BACK}")
    if submitted.open:
        reason = f"{submitted.summary}. {STILL} {REMOVED}"
        return _with(doubt, tools, FileState.IN_DOUBT, ExitCode.IN_DOUBT, reason)
    code = ExitCode.DONE
    if _needs_a_person(submitted, differing):
        code = ExitCode.SOME_NOT_SENT
    return _with(doubt, tools, FileState.FAILED, code, f"Settled: {submitted.summary}. {REMOVED}")


def _with(doubt: FileInDoubt, tools: Tools, state: FileState, code: ExitCode, reason: str) -> InboxFile:
    folder = doubt.folder
    if state is not FileState.IN_DOUBT:
        folder = tools.settings.inbox.absolute() / FOLDER_OF[state] / doubt.folder.name
    moved = state is FileState.IN_DOUBT
    return replace(doubt.file, state=state, exit_code=int(code), reason=reason, folder=folder, moved=moved)


def _needs_a_person(submitted: SubmittedFile, differing: frozenset[str]) -> bool:
    ended_amiss = submitted.run.exit_code == ExitCode.SOME_NOT_SENT  # such as one that differs, as its results say
    return bool(submitted.counts.keys() - {Fate.BILLED} or differing & submitted.references or ended_amiss)


def _remarks(submitted: SubmittedFile, differing: frozenset[str]) -> Iterator[str]:
    """What a person does about a file that is settled and not done."""
    counts = submitted.counts
    if counts[Fate.NOT_BILLED]:
        yield TAKEN_BACK
    if counts[Fate.HELD]:
        yield "Preview it: that says what is held, and why."
    if others := len(differing & submitted.references):
        yield f"{count_of(others, 'invoice')} in Kantata: not as sent."
    yield "The results say what to do with each invoice."


def _note_reason(decided: InboxFile, doubt: FileInDoubt, tools: Tools, topic: str) -> None:
    """Note what is known by now of a file that stays. Raises OSError."""
    if decided.reason == doubt.file.reason:
        return
    if filing.is_folder(doubt.folder):
        filing.write_note(doubt.folder, decided.reason)
    superseded = result_of(doubt.file).news
    tools.ledger.inbox_files.decide(decided, topic, result_of(decided).news, withdrawn=superseded)


def _moved(decided: InboxFile, doubt: FileInDoubt, tools: Tools, topic: str) -> InboxFile:
    """Commit where a file goes, and move it; as it was before, when it cannot be moved. Raises OSError."""
    files, news = tools.ledger.inbox_files, result_of(decided).news
    superseded = result_of(doubt.file).news
    if decided.state is FileState.RETURNED:  # it is reported when it had its turn in the inbox
        files.decide(decided, topic, withdrawn=superseded)
    else:
        files.decide(decided, topic, news, withdrawn=superseded)
    try:
        if _carry_out(decided, doubt.workbook, doubt.folder, tools):
            return decided
    except OSError:
        files.decide(doubt.file, topic, withdrawn=news)
        raise
    reason = f"{doubt.submitted.summary}, but the file was changed just now, so it stays where it is."
    stays = replace(doubt.file, reason=reason, exit_code=int(ExitCode.IN_DOUBT))
    files.decide(stays, topic, result_of(stays).news, withdrawn=news)
    return stays


def _carry_out(file: InboxFile, workbook: Path | None, folder: Path, tools: Tools) -> bool:
    """Move a file and what lies beside it to where the ledger says. False when the file was changed. Raises OSError."""
    if filing.is_folder(folder):
        filing.write_note(folder, file.reason)
    if file.state is FileState.RETURNED and workbook is not None:
        with suppress(OSError):  # only its owner may, or who may write it; moving it needs the folder only
            os.utime(workbook)  # so that a corrected file, which lies in the inbox already, has its turn first
        if not filing.move(workbook, file.sha256, tools.settings.inbox):
            return False

    arrived = file.folder
    if filing.is_folder(folder):
        arrived = filing.move_folder(folder, file.folder)
    if workbook is not None and workbook.exists():  # it lay apart from its folder
        filing.make_folder(arrived)
        filing.move(workbook, file.sha256, arrived)
    tools.ledger.inbox_files.note_moved(file, arrived)
    return True


def _copy_results(doubt: FileInDoubt, found: Reconciled, tools: Tools) -> None:
    """Copy results that were written again beside the file: of the run that put it here, and of earlier ones of it."""
    if not filing.is_folder(doubt.folder):
        return
    own = tuple(run.run_id for run in tools.ledger.runs(sha256=doubt.file.sha256))
    for path in (*found.files, *found.pages):
        if path.name.startswith(own):
            with suppress(FileExistsError):
                filing.copy_whole(path, doubt.folder / path.name)


def bring_together(tools: Tools, file: InboxFile) -> None:
    """Move what earlier runs left of a file that came back into the inbox to its last place. Raises OSError."""
    failed = tools.settings.inbox.absolute() / FOLDER_OF[FileState.FAILED]
    for earlier in tools.ledger.inbox_files.in_state(FileState.RETURNED, file.sha256):
        if earlier.folder.parent == failed and filing.is_folder(earlier.folder):
            arrived = filing.move_folder(earlier.folder, file.folder / earlier.folder.name)
            tools.ledger.inbox_files.note_moved(earlier, arrived)


def finish_moves(tools: Tools, topic: str) -> Iterator[InboxResult]:
    """Move the files of which an earlier run was ended between its decision and the move."""
    here = tools.settings.inbox.absolute()
    for file in tools.ledger.inbox_files.unmoved():
        if file.folder.parent.parent != here:  # of another inbox with the same ledger
            continue
        try:
            _finish_move(file, tools)
        except OSError as error:
            # It is handled again from where it lies: the ledger knows what was sent.
            LOG.warning("%s cannot be moved to %s (%s).", file.name, file.folder, error.strerror)
            tools.ledger.inbox_files.decide(_undecided(file, tools), topic, withdrawn=result_of(file).news)
        else:
            yield result_of(file)


def _finish_move(file: InboxFile, tools: Tools) -> None:
    origin = in_doubt.in_doubt_folder(tools) / file.entry
    if file.state is FileState.RETURNED or (filing.is_folder(origin) and file.folder != origin):
        workbook = in_doubt.workbooks_below([file], in_doubt.in_doubt_folder(tools)).get(file.id)
        _carry_out(file, workbook, origin, tools)
        return
    workbook = inbox.find(tools.settings.inbox, file.sha256, file.name, tools.settings.most_file_bytes)
    filing.store(file, workbook, results_of(file, tools.settings.reports))
    tools.ledger.inbox_files.note_moved(file, file.folder)
    bring_together(tools, file)


def _undecided(file: InboxFile, tools: Tools) -> InboxFile:
    """A file as it was before the decision that could not be carried out."""
    origin = in_doubt.in_doubt_folder(tools) / file.entry
    if filing.is_folder(origin) and file.run_id is not None:
        return replace(file, state=FileState.IN_DOUBT, folder=origin, moved=True)
    return replace(file, state=FileState.LEFT, folder=tools.settings.inbox, moved=True)


def results_of(file: InboxFile, reports: Path) -> list[Path]:
    """What the submit of a file wrote; empty when none began."""
    if file.run_id is None:
        return []
    return sorted((reports / file.entry).glob(f"{file.run_id}-*"))
