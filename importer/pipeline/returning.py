"""Files of the inbox in doubt: settle what they wait for, and put each where what became of it is told truly.

A file with invoices that turned out not to be billed goes back into the inbox.
There it is a file like any other: its gates and its approval hold, and what
was created is not repeated. One with invoices that were undone does not go back:
whoever took them back has to say that they are to be billed anew.
"""

from __future__ import annotations

import logging
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from importer import moving
from importer.errors import ImporterError
from importer.pipeline.handled import Fate, Handled
from importer.pipeline.reconciling import Reconciled, reconcile
from importer.records import ExitCode, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from importer.kantata_api import KantataApi
    from importer.pipeline.prepared import Tools
    from importer.submission_ledger import RunRecord, SubmissionLedger

LOG = logging.getLogger(__name__)
NOTE = "what-happened.txt"
"""Name of the file beside a workbook that tells in a line what became of it."""
OPEN = frozenset({"sending", "in_doubt", "undoing"})
"""States in the ledger in which nobody knows whether an invoice exists."""
BACK = "The file is back in the inbox"
STILL = (
    "Each run asks Kantata again. If it stays in doubt, look at it there, then say what became of it: "
    "invoice-importer reconcile shows how."
)

TAKEN_BACK = (
    "Some were undone, so the file does not come back by itself. To bill all that is not billed, also what was undone, "
    "submit it yourself, or approve it and put it into the inbox again; else delete those rows first."
)


@dataclass(frozen=True, slots=True)
class _Doubtful:
    """A file in in-doubt/, with its run and what the ledger says of its invoices now."""

    file: Path
    run: RunRecord
    states: dict[str, str]
    """Reference → state."""

    @property
    def open(self) -> frozenset[str]:
        """References of which nobody knows whether they exist."""
        return frozenset(reference for reference, state in self.states.items() if state in OPEN)

    @property
    def counts(self) -> Counter[str]:
        """How many invoices there are of each kind, in words; those that were never tried are not billed either."""
        words = {"created": "billed", "rejected": "rejected", "undone": "undone", "not_sent": "not billed"}
        known = Counter("in doubt" if state in OPEN else words[state] for state in self.states.values())
        return known + Counter({"not billed": max(0, self.run.invoices - known.total())})

    def __str__(self) -> str:
        """What became of the invoices, as of now."""
        order = ("in doubt", "not billed", "rejected", "undone", "billed")
        return ", ".join(f"{count:,} {word}" for word in order if (count := self.counts[word]))


def settled_first(tools: Tools, connect: Callable[[], KantataApi]) -> Iterator[Handled]:
    """Settle what the files in in-doubt/ wait for, without waiting, and put them where they belong.

    Sends nothing. That it cannot be settled keeps no other file from its turn.
    """
    waiting = _doubtful(tools)
    wanted = frozenset[str]().union(*(one.open for one in waiting))
    found = Reconciled((), ())
    if wanted:
        try:
            found = reconcile(tools, connect(), lambda _moment: False, wanted)
        except ImporterError as problem:
            yield from (_unsettled(one, f"{problem.message} {problem.hint}", problem.exit_code) for one in waiting)
            return
        except Exception as error:
            LOG.exception("What is in doubt could not be settled.", extra={"told": True})
            why = f"Unexpected error in the program ({type(error).__name__}); the log holds it."
            yield from (_unsettled(one, why, ExitCode.IN_DOUBT) for one in waiting)
            return
    yield from returned(tools, found)


def _unsettled(one: _Doubtful, why: str, code: ExitCode) -> Handled:
    words = f"{one}; it could not be settled: {why}"
    return Handled(one.file.name, Fate.IN_DOUBT, code, words, folder=one.file.parent)


def returned(tools: Tools, found: Reconciled) -> Iterator[Handled]:
    """Put each file in in-doubt/ where it belongs by what is known now; the caller holds the inbox."""
    with suppress(OSError):  # the next run tries again
        _clear(tools)
    absent = {one.doubt.reference for one in found.settlements if one.status is Status.READY}
    for one in _doubtful(tools):
        try:
            _copy_results(one, found, tools.ledger)
            handled = _placed(one, tools.settings.inbox, absent, found.differing)
        except OSError as error:
            why = f"{one}, but its folder cannot be changed ({error.strerror})."
            handled = Handled(one.file.name, Fate.IN_DOUBT, ExitCode.UNEXPECTED, why, folder=one.file.parent)
        yield handled


def _doubtful(tools: Tools) -> list[_Doubtful]:
    """The files that lie in in-doubt/ just as a run put them there."""
    return [one for one in _put_here(tools) if _is_it(one.file, one.run.sha256)]


def _put_here(tools: Tools) -> Iterator[_Doubtful]:
    """What runs put into in-doubt/, whether or not the workbook is in its folder still."""
    place = tools.settings.inbox / Fate.IN_DOUBT.value
    folders = {one.name: one for one in sorted(place.iterdir()) if one.is_dir()} if place.is_dir() else {}
    for run in tools.ledger.runs() if folders else ():
        path = Path(run.path)
        if folder := folders.get(path.parent.name):
            entries = tools.ledger.entries_of_source(run.sha256)
            yield _Doubtful(
                folder / path.name, run, {one.reference: one.state for one in entries if one.batch == run.batch}
            )


def _clear(tools: Tools) -> None:
    """Put away the folders without their workbook, once nothing of them is in doubt.

    It went back into the inbox, or never left it, when the program was killed; or somebody took it out.
    """
    for one in _put_here(tools):
        folder = one.file.parent
        if folder.is_dir() and not one.file.exists() and (not one.open or BACK in _first_line(folder / NOTE)):
            _move(folder, tools.settings.inbox / Fate.FAILED.value)


def _is_it(file: Path, sha256: str) -> bool:
    with suppress(OSError):
        return moving.sha256_of(file) == sha256
    return False


def _copy_results(one: _Doubtful, found: Reconciled, ledger: SubmissionLedger) -> None:
    """Copy results that were written anew beside the file: of the run that put it here, and of earlier ones of it."""
    own = tuple(run.run_id for run in ledger.runs() if run.sha256 == one.run.sha256)
    for path in found.files:
        if path.name.startswith(own):
            with suppress(FileExistsError):
                moving.copied_whole(path, one.file.parent / path.name)


def _placed(one: _Doubtful, place: Path, absent: set[str], differing: frozenset[str]) -> Handled:
    """Move a file and its folder; a file goes back into the inbox once per invoice that was found not billed."""
    counts, name = one.counts, one.file.name
    taken_back = counts["undone"] > 0  # in the inbox these would be billed anew with the rest
    if counts["not billed"] and not taken_back and (not one.open or absent & one.states.keys()):
        why = f"Settled: {one}. {BACK}: the next run sends what is not billed."
        _note(one, why)
        if not moving.put_away(one.file, one.run.sha256, place):
            why = f"{one}, but the file was changed just now, so it stays where it is."
            _note(one, why)
            return Handled(name, Fate.IN_DOUBT, ExitCode.IN_DOUBT, why, folder=one.file.parent)
        _move(one.file.parent, place / Fate.FAILED.value)
        return Handled(name, Fate.LEFT, ExitCode.SOME_NOT_SENT, why)
    if one.open:
        _note(one, f"{one}. {STILL}")
        return Handled(name, Fate.IN_DOUBT, ExitCode.IN_DOUBT, f"{one}. {STILL}", folder=one.file.parent)
    if counts["rejected"] or counts["undone"] or differing & one.states.keys():
        fate, code, more = Fate.FAILED, ExitCode.SOME_NOT_SENT, " The results say what to do with each invoice."
        if counts["not billed"]:
            more = f" {TAKEN_BACK}"
    else:
        fate, code, more = Fate.DONE, ExitCode.DONE, ""
    why = f"Settled: {one}.{more}"
    _note(one, why)
    return Handled(name, fate, code, why, folder=_move(one.file.parent, place / fate.value))


def _note(one: _Doubtful, why: str) -> None:
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
