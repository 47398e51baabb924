"""Files of the inbox in doubt: settle what they wait for, and put each where what became of it is told truly.

A file with invoices that turned out not to be billed goes back into the inbox.
There it is a file like any other: its gates and its approval hold, and what
was created is not repeated. One with invoices that were undone does not go back:
whoever took them back has to say that they are to be billed anew.
"""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from importer.flow.prepared import new_run_id
from importer.flow.reconciling import Reconciled, reconcile
from importer.model.errors import ImporterError, LockedByAnother
from importer.model.exit_codes import ExitCode
from importer.model.plans import Status
from importer.model.words import count_of
from importer.unattended import moving
from importer.unattended.handled import Fate, Handled
from importer.unattended.in_doubt import Doubtful, again, doubtful, elsewhere, put_here, strangers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from importer.flow.prepared import Tools
    from importer.kantata.client import KantataApi
    from importer.ledger.ledger import SubmissionLedger

LOG = logging.getLogger(__name__)
NOTE = "what-happened.txt"
"""Name of the file beside a workbook that tells in a line what became of it."""
BACK = "The file is back in the inbox"
STILL = (
    "Each run asks Kantata again. If it stays in doubt, look at it there, then say what became of it: "
    "invoice-importer reconcile shows how."
)

BY_HAND = "The results say which; nobody bills what is not billed before its file is submitted again."
OTHER = "The workbook that was sent lies here no more, so nobody sends what is not billed of it."
TAKEN_BACK = (
    "Some were undone, or were to be, so the file does not come back by itself. To bill all that is not billed, also "
    "what was undone, submit it yourself, or approve it and put it into the inbox again; else delete those rows first."
)


def settled_first(tools: Tools, connect: Callable[[], KantataApi]) -> Iterator[Handled]:
    """Settle what is in doubt, without waiting, and put the files in in-doubt/ where they belong.

    Sends nothing. That it cannot be settled keeps no other file from its turn.
    """
    asked = _open(tools) | {one.reference for one, _ in tools.ledger.untold()}
    others, found = elsewhere(tools, asked), Reconciled((), ())
    yield from map(_stranger, strangers(tools))
    if asked:
        try:
            found = reconcile(tools, connect(), lambda _moment: False)
        except ImporterError as problem:
            why = f"{problem.message} {problem.hint}"
            if isinstance(problem, LockedByAnother):  # what it sends just now is no doubt, and it tells of it
                others = [one for one in others if any(entry.state != "sending" for entry in one.open)]
            yield from (_unsettled(one, why) for one in (*doubtful(tools), *others))
            return
        except Exception as error:
            LOG.exception("What is in doubt could not be settled.", extra={"told": True})
            why = f"Unexpected error in the program ({type(error).__name__}); the log holds it."
            yield from (_unsettled(one, why) for one in (*doubtful(tools), *others))
            return
    yield from returned(tools, found)
    yield from (_told(again(one, tools), found) for one in others)


def unsaid(tools: Tools, done: list[Handled]) -> Iterator[Handled]:
    """The doubts that stand at the end of a run and that nothing in ``done`` has told.

    Their file lies in the inbox, but was open, or changed, or waited for something else than its doubt.
    """
    told = {one.sha256 for one in done if one.exit_code is ExitCode.IN_DOUBT}
    try:
        with tools.ledger.exclusive(new_run_id()):
            left = elsewhere(tools, _open(tools), in_inbox=True)
    except LockedByAnother:
        return  # what is being sent just now is no doubt; who sends it tells what became of it
    yield from (_told(one, Reconciled((), ()), ExitCode.IN_DOUBT) for one in left if one.run.sha256 not in told)


def _open(tools: Tools) -> set[str]:
    return {one.reference for one in (*tools.ledger.unsettled(), *tools.ledger.undoing.unsettled())}


def _stranger(folder: Path) -> Handled:
    why = (
        "The ledger in use knows nothing of this folder, so nobody settles what is in doubt there. Use the ledger and "
        "the profile that it was sent with. If that ledger is lost, put the workbook into the inbox again, and move "
        "the folder away: what Kantata holds is found there and not repeated."
    )
    return Handled(folder.name, Fate.IN_DOUBT, ExitCode.IN_DOUBT, why, folder=folder, is_file=False)


def _unsettled(one: Doubtful, why: str) -> Handled:
    words = f"{one}; it could not be settled: {why}"
    return Handled(
        one.file.name, Fate.IN_DOUBT, ExitCode.IN_DOUBT, words, folder=one.file.parent, sha256=one.run.sha256
    )


def _told(one: Doubtful, found: Reconciled, code: ExitCode | None = None) -> Handled:
    """What became of a submit whose file does not lie here: it was submitted by hand, or an undo of it did not end."""
    own = tuple(settled for settled in found.settlements if settled.doubt.reference in one.references)
    code = code or replace(found, settlements=own, differing=found.differing & one.references).exit_code
    if code is ExitCode.DONE and (one.counts["not billed"] or one.counts["held"]):
        code = ExitCode.SOME_NOT_SENT  # it was stopped before the others, or held them
    fate, said = {
        ExitCode.IN_DOUBT: (Fate.IN_DOUBT, f"{one}. {STILL}"),
        ExitCode.DONE: (Fate.DONE, f"settled: {one}."),
    }.get(code, (Fate.FAILED, f"settled: {one}. {BY_HAND}"))
    words = f"Run {one.run.run_id} by {one.run.who}, {said}"
    return Handled(
        one.file.name, fate, code, words, sha256=one.run.sha256, settled=fate is not Fate.IN_DOUBT, is_file=False
    )


def returned(tools: Tools, found: Reconciled) -> Iterator[Handled]:
    """Put each file in in-doubt/ where it belongs by what is known now; the caller holds the inbox."""
    with suppress(OSError):  # the next run tries again
        _clear(tools)
    absent = {one.doubt.reference for one in found.settlements if one.status is Status.READY}
    for one in doubtful(tools):
        try:
            _copy_results(one, found, tools.ledger)
            handled = _placed(one, tools.settings.inbox, absent, found.differing)
        except OSError as error:
            why = f"{one}, but its folder cannot be changed ({error.strerror})."
            code = ExitCode.IN_DOUBT if one.open else ExitCode.UNEXPECTED
            handled = Handled(one.file.name, Fate.IN_DOUBT, code, why, folder=one.file.parent)
        yield handled


def _clear(tools: Tools) -> None:
    """Put away the folders without the workbook that was sent, once nothing of it is in doubt.

    It went back into the inbox, or never left it, when the program was killed; or somebody changed it or took it out.
    """
    for folder in (tools.settings.inbox / Fate.IN_DOUBT.value).iterdir():
        with suppress(OSError):  # only an empty folder goes
            folder.rmdir()
    here = {one.file for one in doubtful(tools)}
    for one in put_here(tools):
        folder = one.file.parent
        back = not one.file.exists() and BACK in _first_line(folder / NOTE)
        if folder.is_dir() and one.file not in here and (back or not one.open):
            if not back:
                _note(one, f"Settled: {one}. {OTHER}")
            _move(folder, tools.settings.inbox / Fate.FAILED.value)


def _copy_results(one: Doubtful, found: Reconciled, ledger: SubmissionLedger) -> None:
    """Copy results that were written anew beside the file: of the run that put it here, and of earlier ones of it."""
    own = tuple(run.run_id for run in ledger.runs() if run.sha256 == one.run.sha256)
    for path in found.files:
        if path.name.startswith(own):
            with suppress(FileExistsError):
                moving.copied_whole(path, one.file.parent / path.name)


def bring_together(tools: Tools, sha256: str, target: Path) -> None:
    """Move what earlier runs told of a file that came back into the inbox to its last place. Raises OSError."""
    own = {Path(run.path).parent.name for run in tools.ledger.runs() if run.sha256 == sha256}
    for folder in sorted((tools.settings.inbox / Fate.FAILED.value).iterdir()):
        if folder.name in own and BACK in _first_line(folder / NOTE):
            _move(folder, target)


def _placed(one: Doubtful, place: Path, absent: set[str], differing: frozenset[str]) -> Handled:
    """Move a file and its folder; a file goes back into the inbox once per invoice that was found not billed."""
    counts, name = one.counts, one.file.name
    # In the inbox what was taken back would be billed anew with the rest.
    if counts["not billed"] and not one.taken_back and (not one.open or absent & one.references):
        why = f"Settled: {one}. {BACK}: the next run sends what is not billed."
        _note(one, why)
        with suppress(OSError):  # only its owner may, or who may write it; moving it needs the folder only
            os.utime(one.file)  # so that a corrected file, which lies in the inbox already, has its turn first
        if not moving.put_away(one.file, one.run.sha256, place):
            why = f"{one}, but the file was changed just now, so it stays where it is."
            _note(one, why)
            return Handled(name, Fate.IN_DOUBT, ExitCode.IN_DOUBT, why, folder=one.file.parent)
        _move(one.file.parent, place / Fate.FAILED.value)
        return Handled(name, Fate.LEFT, ExitCode.SOME_NOT_SENT, why)
    if one.open:
        _note(one, f"{one}. {STILL}")
        return Handled(name, Fate.IN_DOUBT, ExitCode.IN_DOUBT, f"{one}. {STILL}", folder=one.file.parent)
    amiss = one.run.exit_code == ExitCode.SOME_NOT_SENT  # such as one that differs, as its results tell by now
    if counts.keys() - {"billed"} or differing & one.references or amiss:
        fate, code, more = Fate.FAILED, ExitCode.SOME_NOT_SENT, " The results say what to do with each invoice."
        if others := len(differing & one.references):
            more = f" {count_of(others, 'invoice')} in Kantata: not as sent.{more}"
        if counts["held"]:
            more = f" Preview it: that says what is held, and why.{more}"
        if counts["not billed"]:
            more = f" {TAKEN_BACK}"
    else:
        fate, code, more = Fate.DONE, ExitCode.DONE, ""
    why = f"Settled: {one}.{more}"
    _note(one, why)
    return Handled(name, fate, code, why, folder=_move(one.file.parent, place / fate.value), settled=True)


def _note(one: Doubtful, why: str) -> None:
    """Say in the note first what is true now. Raises OSError."""
    note = one.file.parent / NOTE
    if why in _first_line(note):
        return
    before = _read(note) if note.exists() else ""
    new = note.with_name(f".{NOTE}.partial")
    new.write_text(f"{datetime.now().astimezone():%Y-%m-%d %H:%M} {why}\nBefore: {before}", encoding="utf-8")
    new.replace(note)


def _read(note: Path) -> str:
    return note.read_text(encoding="utf-8", errors="replace")  # people add their remarks with any editor


def _first_line(note: Path) -> str:
    with suppress(FileNotFoundError):
        return _read(note).partition("\n")[0]
    return ""


def _move(folder: Path, place: Path) -> Path:
    """Move a folder into another one. Raises OSError."""
    target = moving.free(place / folder.name)
    folder.rename(target)
    return target
