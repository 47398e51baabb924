"""One run over the inbox: what lies there, in which order the files have their turn, and what ends the run."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from importer.ledger.inbox_files import FileState
from importer.model.errors import NotReached, SettingsProblem
from importer.model.exit_codes import ExitCode
from importer.unattended import inbox, returning
from importer.unattended.handling import InboxRun, handled, left
from importer.unattended.notices import run_topic
from importer.unattended.outcomes import SAME_FOR_ALL, InboxResult

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from importer.flow.prepared import Tools
    from importer.kantata.client import KantataApi
    from importer.sending.throttle import Stop
    from importer.unattended.inbox import Candidate, PassedOver

LOG = logging.getLogger(__name__)


def run(
    tools: Tools,
    connect: Callable[[], KantataApi],
    stop: Stop,
    show: Callable[[InboxResult], None],
    *,
    rehearsal: bool = False,
) -> list[InboxResult]:
    """Handle every workbook of the inbox, oldest first; ``show`` gets each result at once.

    A ``rehearsal`` leaves the files where they lie: it must not put away what is still to be billed.

    Raises LockedByAnother or SettingsProblem before anything was done; AccessDenied or SettingsProblem
    when there was nothing to do and the token is dead or missing.
    """
    this = InboxRun(tools, connect, stop, rehearsal, run_topic(tools.settings))
    results: list[InboxResult] = []
    with inbox.alone(tools.settings.inbox):
        for result in _results(this, results):
            _log(result)
            results.append(result)
            show(result)

    idle = all(result.state is FileState.LEFT and not result.exit_code for result in results)
    if tools.settings.unattended and not rehearsal and idle:
        _check_access(connect)
    return results


def _log(result: InboxResult) -> None:
    facts = {
        "file": result.name,
        "sha256": result.sha256,
        "outcome": result.outcome_words,
        "why": result.reason,
        "exit_code": int(result.exit_code),
        "run_id": result.report and result.report.run_id,
    }
    LOG.info("%s: %s", result.name, result.outcome_words, extra=facts | {"shown": True})


def _check_access(connect: Callable[[], KantataApi]) -> None:
    """Ask once where nothing was to be done, so that a dead token is known before a workbook needs it.

    Raises AccessDenied or SettingsProblem. That Kantata is away matters only once there is something to send.
    """
    try:
        connect().greet()
    except NotReached as problem:
        LOG.warning("The token could not be checked: %s", problem.message)


def _results(this: InboxRun, results: list[InboxResult]) -> Iterator[InboxResult]:
    """What becomes of each file, in the order in which they are handled; ``results`` are those so far."""
    folder, settings = this.tools.settings.inbox, this.tools.settings
    check_folder = inbox.same_folder(folder)
    if not this.rehearsal:
        yield from _results_of_doubts(this)

    found, passed = inbox.look(folder, settings.most_file_bytes)
    whole, changing = inbox.unchanged_for(found, settings.inbox_settle_seconds, this.stop.wait)
    check_folder()
    yield from _results_of_passed(this, (*passed, *changing))
    yield from _each_in_turn(this, whole, check_folder)

    if not this.rehearsal:
        yield from returning.doubts_left(this.tools, results)


def _results_of_doubts(this: InboxRun) -> Iterator[InboxResult]:
    """End what a killed run began, and settle what is in doubt; what goes back into the inbox has its turn there."""
    for result in returning.finish_moves(this.tools, this.topic):
        if result.state in (FileState.DONE, FileState.FAILED):
            yield result
    for result in returning.settle_first(this.tools, this.connect, this.topic, this.stop):
        if not result.state.in_inbox:
            yield result


def _results_of_passed(this: InboxRun, passed: tuple[PassedOver, ...]) -> Iterator[InboxResult]:
    """What lies in the inbox and is not taken; what never will be counts only in the first run that sees it."""
    outbox = this.tools.ledger.outbox
    known = outbox.standing(this.topic)
    for thing in passed:
        result = InboxResult(thing.name, FileState.LEFT, ExitCode.DONE, thing.reason, is_file=thing.is_file)
        if thing.matters and not (thing.once and result.news.subject in known):
            result = replace(result, exit_code=ExitCode.FILE_PROBLEMS)
        if thing.matters and thing.once:
            outbox.queue(this.topic, [result.news])
        yield result


def _each_in_turn(
    this: InboxRun, candidates: tuple[Candidate, ...], check_folder: Callable[[], None]
) -> Iterator[InboxResult]:
    """Handle one file after the other, until something stops them all."""
    obstacle: tuple[ExitCode, str] | None = None
    before: InboxResult | None = None
    for candidate in candidates:
        if obstacle is None and this.stop.asked:
            obstacle = _stopped(this.stop, before)
        if obstacle is not None:
            yield left(candidate, *obstacle)
            continue
        before = _turn_of(this, candidate, check_folder)
        yield before
        if before.state is FileState.LEFT and before.exit_code in SAME_FOR_ALL:
            obstacle = before.exit_code, _not_looked_at(before)


def _stopped(stop: Stop, before: InboxResult | None) -> tuple[ExitCode, str]:
    """Exit code and reason of the files that have no turn any more."""
    if stop.exit_code is None and before is not None:  # not a signal: sending the file before it made no sense
        return ExitCode.SOME_NOT_SENT, _not_looked_at(before)
    return stop.exit_code or ExitCode.TERMINATED, "The run was stopped."


def _not_looked_at(before: InboxResult) -> str:
    return f"Not looked at, because of {before.name}."


def _turn_of(this: InboxRun, candidate: Candidate, check_folder: Callable[[], None]) -> InboxResult:
    try:
        check_folder()
        result = handled(this, candidate)
        if result.state is FileState.LEFT and result.exit_code is ExitCode.DONE:
            check_folder()
    except SettingsProblem as problem:
        return left(candidate, problem.exit_code, f"{problem.message} {problem.hint}")
    return result
