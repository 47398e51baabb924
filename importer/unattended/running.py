"""What the scheduler starts: every workbook of the inbox is previewed, gated, submitted and put away."""

from __future__ import annotations

import logging
import shutil
from contextlib import suppress
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

from importer.flow.gates import check_gates
from importer.flow.prepared import Tools, Wish, new_run_id
from importer.flow.preview import preview
from importer.flow.submit import Hooks, submit
from importer.model.errors import FileProblem, GateRefused, ImporterError, NotReached, SettingsProblem
from importer.model.exit_codes import ExitCode
from importer.model.invoices import UnsoundInvoice
from importer.model.plans import Status
from importer.reporting.workbook.results import prepare_folder
from importer.unattended import inbox, moving
from importer.unattended.handled import Fate, Handled, why_of
from importer.unattended.in_doubt import OPEN
from importer.unattended.returning import NOTE, bring_together, settled_first, unsaid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from importer.kantata.client import KantataApi
    from importer.ledger.ledger import SubmissionLedger
    from importer.reporting.report import Report
    from importer.sending.throttle import Stop
    from importer.unattended.inbox import Candidate, Taken

LOG = logging.getLogger(__name__)
SAME_FOR_ALL = (
    ExitCode.WRONG_USE,
    ExitCode.ACCESS,
    ExitCode.UNREACHABLE,
    ExitCode.LOCKED,
    ExitCode.INTERRUPTED,
    ExitCode.TERMINATED,
)
"""What keeps one file in the inbox for these reasons would keep the others too."""
PREVIEW = "-preview.xlsx"
"""How the name of a workbook that tells of a preview ends."""


def run(
    tools: Tools, connect: Callable[[], KantataApi], stop: Stop, told: Callable[[Handled], None], *, keep: bool = False
) -> list[Handled]:
    """Handle every workbook of the inbox, oldest first; ``told`` hears of each at once.

    ``keep`` leaves the files where they lie: a rehearsal must not put away what is still to be billed.

    Raises LockedByAnother or SettingsProblem before anything was done; AccessDenied or SettingsProblem
    when there was nothing to do and the token is dead or missing.
    """
    done: list[Handled] = []
    with inbox.alone(tools.settings.inbox):
        for handled in chain(_all(tools, connect, stop, keep=keep), () if keep else unsaid(tools, done)):
            facts = {
                "file": handled.name,
                "sha256": handled.sha256,
                "outcome": handled.fate.value,
                "why": handled.why,
                "exit_code": int(handled.exit_code),
                "run_id": handled.report and handled.report.run_id,
            }
            LOG.info("%s: %s", handled.name, handled.fate.value, extra=facts | {"told": True})
            done.append(handled)
            told(handled)
    if tools.settings.unattended and not keep and all(one.fate is Fate.LEFT and not one.exit_code for one in done):
        _check_access(connect)
    return done


def _check_access(connect: Callable[[], KantataApi]) -> None:
    """Ask once where nothing was to be done, so that a dead token is known before a workbook needs it.

    Raises AccessDenied or SettingsProblem. That Kantata is away matters only once there is something to send.
    """
    try:
        connect().greet()
    except NotReached as problem:
        LOG.warning("The token could not be checked: %s", problem.message)


def _all(tools: Tools, connect: Callable[[], KantataApi], stop: Stop, *, keep: bool) -> Iterator[Handled]:
    still_there = inbox.same_folder(tools.settings.inbox)
    if not keep:
        # What goes back into the inbox has its turn below.
        yield from (one for one in settled_first(tools, connect) if one.fate is not Fate.LEFT)
    found, passed = inbox.look(tools.settings.inbox)
    whole, changing = inbox.settled(found, tools.settings.inbox_settle_seconds)
    still_there()
    new = inbox.first_time(tools.settings.inbox, passed, keep=keep)
    for one in (*passed, *changing):
        code = ExitCode.FILE_PROBLEMS if one.matters and (one in new or not one.once) else ExitCode.DONE
        why = f"{one.why[0].upper()}{one.why[1:]}."
        yield Handled(one.name, Fate.LEFT, code, why, is_file=not (tools.settings.inbox / one.name).is_dir())
    because: Handled | None = None
    handled: Handled | None = None
    for candidate in whole:
        if because is None and stop.asked:
            if stop.exit_code is None and handled is not None:  # not a signal: sending the file before it made no sense
                because = replace(handled, exit_code=ExitCode.SOME_NOT_SENT)
                yield _left(candidate, because.exit_code, f"Not looked at, because of {because.name}.")
                continue
            because = _left(candidate, stop.exit_code or ExitCode.TERMINATED, "The run was stopped.")
            yield because
        elif because is not None:
            yield _left(candidate, because.exit_code, f"Not looked at, because of {because.name}.")
        else:
            try:
                still_there()
                handled = _guarded(candidate, tools, connect, stop, keep=keep)
                if handled.fate is Fate.LEFT and handled.exit_code is ExitCode.DONE:
                    still_there()
            except SettingsProblem as problem:
                handled = _left(candidate, problem.exit_code, f"{problem.message} {problem.hint}")
            yield handled
            if handled.fate is Fate.LEFT and handled.exit_code in SAME_FOR_ALL:
                because = handled


def _left(candidate: Candidate, code: ExitCode, why: str) -> Handled:
    return Handled(candidate.path.name, Fate.LEFT, code, why)


def _guarded(
    candidate: Candidate, tools: Tools, connect: Callable[[], KantataApi], stop: Stop, *, keep: bool
) -> Handled:
    """Handle one file; whatever fails becomes its answer, and the next one has its turn.

    Raises SettingsProblem when there is no place for the results.
    """
    entry = inbox.entry_name(new_run_id(), candidate)
    folder = tools.settings.reports / entry
    prepare_folder(tools.settings.reports)
    try:
        taken = inbox.take(candidate, folder)
    except (inbox.Changed, FileNotFoundError):
        shutil.rmtree(folder, ignore_errors=True)
        why = inbox.why_changed(candidate)
        return _left(candidate, ExitCode.DONE, f"{why[0].upper()}{why[1:]}.")
    except OSError as error:
        if not isinstance(error, FileExistsError):  # or it is the folder of another file
            shutil.rmtree(folder, ignore_errors=True)
        if error.filename == str(candidate.path):
            why = f"It cannot be read ({error.strerror}). Make it readable for the user who runs this program."
        else:
            why = f"It cannot be copied to {folder} ({error.strerror}). Look at the disks of both folders."
        return _left(candidate, ExitCode.FILE_PROBLEMS, why)
    own = replace(tools, settings=tools.settings.model_copy(update={"reports": folder}))
    handled = _handled(taken, own, connect, stop)
    handled = replace(handled, sha256=taken.sha256)
    if handled.fate is Fate.LEFT:
        _forget(folder)
        return handled
    if keep:
        return replace(handled, why=f"{handled.why} A rehearsal: the file stays in the inbox.", folder=folder)
    return _put_away(tools, candidate, handled, entry, folder)


def _forget(folder: Path) -> None:
    """Remove the folder of a file that stays in the inbox, unless anything in it tells of a submit.

    Its copy and its preview are made anew next time; nothing else is ever deleted.
    """
    found = list(folder.rglob("*")) if folder.is_dir() else []
    names = [one.name for one in found if one.is_file()]
    if all(name.endswith((".sha256", PREVIEW)) or f"{name}.sha256" in names for name in names):
        shutil.rmtree(folder, ignore_errors=True)


def _handled(taken: Taken, tools: Tools, connect: Callable[[], KantataApi], stop: Stop) -> Handled:
    name = taken.copy.name
    try:
        return _submitted(taken, tools, connect, stop)
    except FileProblem as problem:
        return Handled(name, Fate.FAILED, problem.exit_code, f"{problem.message} {problem.hint}")
    except ImporterError as problem:
        doubt = isinstance(problem, GateRefused) and _in_doubt(taken, tools)
        more = " Of another invoice of it nobody knows whether it exists." if doubt else ""
        code = ExitCode.IN_DOUBT if doubt else problem.exit_code
        return Handled(name, Fate.LEFT, code, f"{problem.message} {problem.hint}{more}")
    except Exception as error:
        LOG.exception("%s: unexpected error", name, extra={"file": name, "told": True})
        why = f"Unexpected error in the program ({type(error).__name__}); the log holds it. Submitting repeats nothing."
        if _in_doubt(taken, tools):
            # In in-doubt/ only a file that the ledger knows of is ever settled.
            fate = Fate.IN_DOUBT if _noted(taken, tools) else Fate.LEFT
            return Handled(name, fate, ExitCode.IN_DOUBT, f"{why} The answer to an invoice was lost.")
        return Handled(name, Fate.FAILED, ExitCode.UNEXPECTED, why)


def _in_doubt(taken: Taken, tools: Tools) -> bool:
    """Whether the ledger holds an invoice of a file of which nobody knows whether it exists."""
    with suppress(ImporterError):
        return any(one.state in OPEN for one in tools.ledger.entries_of_source(taken.sha256))
    return False


def _noted(taken: Taken, tools: Tools) -> bool:
    """Whether the ledger knows that a submit of this very copy began."""
    with suppress(ImporterError):
        return str(taken.copy.absolute()) in {run.path for run in tools.ledger.runs()}
    return False


def _submitted(taken: Taken, tools: Tools, connect: Callable[[], KantataApi], stop: Stop) -> Handled:
    copy = taken.copy
    wish, waiting = Wish(copy), list[GateRefused]()
    seen = preview(wish, tools)
    # Only what means the same invoices: without dates, last month's file is another batch, and held for a person.
    whole = (one.status is Status.ALREADY_CREATED and not (one.differs or one.missing) for one in seen.planned)
    same = bool(seen.planned) and all(whole)
    if same and (earlier := _billed_before(taken.sha256, tools.ledger)):
        why = f"Nothing to do: run {earlier} billed just this content."
        return Handled(copy.name, Fate.DONE, ExitCode.DONE, why)

    def confirm(plan: Report) -> None:
        try:
            check_gates(plan, tools)
        except GateRefused as refused:
            waiting.append(refused)
            raise

    if seen.exit_code is not ExitCode.FILE_PROBLEMS and any(one.status is Status.READY for one in seen.planned):
        asked = all(one.expected is not None for one in seen.planned if one.status is Status.READY)
        check_gates(seen, tools, asked=asked)
    report = submit(wish, tools, Hooks(connect, confirm, stop, lambda _one: None))
    if waiting:
        raise waiting[0]
    return Handled(copy.name, _fate_of(report), report.exit_code, why_of(report), report)


def _billed_before(sha256: str, ledger: SubmissionLedger) -> str | None:
    """The run that billed this very content whole, unless one of its invoices is gone since."""
    entries = ledger.entries_of_source(sha256)
    if not entries or any(entry.state != "created" for entry in entries):
        return None
    whole = (one for one in ledger.runs() if one.sha256 == sha256 and one.exit_code == ExitCode.DONE)
    return next((one.run_id for one in whole if one.invoices == len(entries)), None)


def _fate_of(report: Report) -> Fate:
    match report.exit_code:
        case ExitCode.DONE:
            return Fate.DONE
        case ExitCode.IN_DOUBT:
            return Fate.IN_DOUBT
        case code if code in SAME_FOR_ALL and _unsent(report):
            return Fate.LEFT
        case _:
            return Fate.FAILED


def _unsent(report: Report) -> bool:
    """Whether sound invoices wait for better times; otherwise only a person can do something."""
    return any(one.status is Status.NOT_SENT and not isinstance(one.invoice, UnsoundInvoice) for one in report.planned)


def _put_away(tools: Tools, candidate: Candidate, handled: Handled, entry: str, results: Path) -> Handled:
    """Copy the results beside the file's last place, and move it there as the last step."""
    target = tools.settings.inbox / handled.fate.value / entry
    try:
        target.mkdir(mode=0o700)
        (target / NOTE).write_text(f"{handled.name}: {handled.why}\n", encoding="utf-8")
        for path in handled.report.files.values() if handled.report else ():
            if path is not None:
                moving.copied_whole(path, target / path.name)
        moved = moving.put_away(candidate.path, handled.sha256, target)
    except OSError as error:
        # The ledger knows what was sent: the next run finds the file again and repeats nothing.
        why = f"{handled.why} It could not be moved to {target} ({error.strerror}); its results are in {results}."
        return replace(handled, fate=Fate.LEFT, why=why, exit_code=_worse(handled.exit_code))
    if not moved:
        why = f"{handled.why} It was replaced meanwhile: the new file is for the next run; a copy is in {results}."
        return replace(handled, why=why, folder=target)
    with suppress(OSError):  # it lies apart then, as before
        bring_together(tools, handled.sha256, target)
    return replace(handled, folder=target)


def _worse(code: ExitCode) -> ExitCode:
    return ExitCode.UNEXPECTED if code is ExitCode.DONE else code
