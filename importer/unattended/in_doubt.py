"""What is in doubt: the files in in-doubt/ with their submits, and submits whose files lie elsewhere.

A file is known by its content, wherever in in-doubt/ somebody moved it. Nothing here changes anything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from importer.ledger.inbox_files import FOLDER_OF, FileState, InboxFile
from importer.model.lifecycle import OPEN, Fate, State
from importer.model.plans import Status
from importer.model.words import invoice_named, names_in_short, rows_named
from importer.unattended import filing, inbox

if TYPE_CHECKING:
    from importer.flow.prepared import Tools
    from importer.ledger.rows import RunRecord
    from importer.model.remembered import LedgerEntry

MOST_INVOICES_NAMED = 5
"""Invoices named in one sentence."""


@dataclass(frozen=True, slots=True)
class SubmittedFile:
    """A submit, with what the ledger says of its invoices now."""

    run: RunRecord
    entries: tuple[LedgerEntry, ...]
    """Its invoices that were sent, also those that another file billed."""
    taken_back: frozenset[str]
    """References of those that were undone, or were to be while they were in doubt."""

    @property
    def references(self) -> frozenset[str]:
        """All its invoices that were sent."""
        return frozenset(entry.reference for entry in self.entries)

    @property
    def open(self) -> tuple[LedgerEntry, ...]:
        """Those of which it is not known whether they exist."""
        return tuple(entry for entry in self.entries if entry.state in OPEN)

    @property
    def is_being_sent(self) -> bool:
        """Whether all that is open was sent, and no answer is noted yet."""
        return all(entry.state is State.SENDING for entry in self.open)

    @property
    def counts(self) -> Counter[Fate]:
        """How many invoices had each fate; those that were never tried are not billed either."""
        known = Counter(map(self._fate_of, self.entries))
        # What the run held may be on record all the same, for instance as billed, but cancelled in Kantata since.
        others = self.run.invoices - known[Fate.BILLED]
        held = min(known[Fate.BILLED], max(0, self.run.by_status.get(Status.HELD.value, 0) - others))
        known += Counter({Fate.HELD: held, Fate.BILLED: -held})
        return known + Counter({Fate.NOT_BILLED: max(0, self.run.invoices - known.total())})

    def _fate_of(self, entry: LedgerEntry) -> Fate:
        planned = self.run.planned.get(entry.reference)
        if entry.state is State.EXISTS and planned not in (None, entry.fingerprint):
            return Fate.HELD  # another file, or an earlier state of this one, billed something else under its reference
        return entry.standing.fate

    @property
    def summary(self) -> str:
        """What became of the invoices, as of now, and which of them are in doubt."""
        counts = self.counts
        counted = ", ".join(f"{counts[fate]:,} {fate.value}" for fate in Fate if counts[fate])
        if not self.open:
            return counted
        named = names_in_short([_name_of(entry) for entry in self.open], MOST_INVOICES_NAMED)
        return f"{counted}. In doubt: {named}"


def _name_of(entry: LedgerEntry) -> str:
    return f"{invoice_named(entry.key, entry.workspace_ids)} in {rows_named(entry.rows)}"


@dataclass(frozen=True, slots=True)
class FileInDoubt:
    """A file of the inbox that was put into in-doubt/."""

    file: InboxFile
    submitted: SubmittedFile
    workbook: Path | None
    """Where it lies now, known by its content; None when it was removed or changed."""
    folder: Path
    """What lies beside it: note and results."""


def files_in_doubt(tools: Tools) -> list[FileInDoubt]:
    """The files of this inbox that are in doubt, wherever in in-doubt/ somebody moved them."""
    files = tools.ledger.inbox_files.in_state(FileState.IN_DOUBT)
    if not files:
        return []
    place = in_doubt_folder(tools)
    workbooks = workbooks_below(files, place)
    submits = tools.ledger.runs(run_ids={file.run_id for file in files if file.run_id is not None})
    runs = {run.run_id: run for run in submits}
    found = []
    for file in files:
        workbook, run = workbooks.get(file.id), runs.get(file.run_id or "")
        of_another_inbox = workbook is None and file.folder.parent != place
        if run is not None and not of_another_inbox:
            folder = _folder_of(file, workbook, place)
            found.append(FileInDoubt(file, submitted_file(run, tools), workbook, folder))
    return found


def in_doubt_folder(tools: Tools) -> Path:
    """The folder in-doubt/ of the inbox."""
    return tools.settings.inbox.absolute() / FOLDER_OF[FileState.IN_DOUBT]


def workbooks_below(files: list[InboxFile], place: Path) -> dict[int, Path]:
    """Where the content of each file lies below a folder; first where it was put, then under any other name."""
    lying = dict(_contents(place))
    found: dict[int, Path] = {}
    for file in files:
        own = file.folder / file.name
        if lying.get(own) == file.sha256:
            found[file.id] = own
            del lying[own]
    for file in files:
        for path, sha256 in lying.items():
            if file.id not in found and sha256 == file.sha256:
                found[file.id] = path
        lying.pop(found.get(file.id, place), None)
    return found


def _contents(place: Path) -> Iterator[tuple[Path, str]]:
    for path in sorted(place.rglob("*")):
        with suppress(OSError):
            if path.is_file() and not path.is_symlink():
                yield path, filing.sha256_of(path)


def _folder_of(file: InboxFile, workbook: Path | None, place: Path) -> Path:
    """The folder of a file, also when somebody renamed it."""
    if workbook is not None and not filing.is_folder(file.folder) and workbook.parent.parent == place:
        return workbook.parent
    return file.folder


def submitted_file(run: RunRecord, tools: Tools) -> SubmittedFile:
    """A submit, with what the ledger says of its invoices now. Raises LedgerProblem."""
    entries = tuple(sorted(tools.ledger.entries(run.planned).values(), key=lambda entry: entry.rows))
    taken_back = set[str]()
    for entry in entries:
        if entry.standing.taken_back and entry.state is not State.EXISTS:
            taken_back.add(entry.reference)
    return SubmittedFile(run, entries, frozenset(taken_back))


def strangers(tools: Tools) -> Iterator[Path]:
    """Folders with files in in-doubt/ that this ledger does not know, and files that lie there by themselves."""
    place = in_doubt_folder(tools)
    if not place.is_dir():
        return
    known = set[Path | None]()
    for doubt in files_in_doubt(tools):
        known |= {doubt.folder, doubt.workbook}
    paths = sorted(place.glob("[!.~]*"))
    entries = tools.ledger.inbox_files.entries([path.name for path in paths])
    for path in paths:
        strange = path.is_file() or (path.is_dir() and any(path.iterdir()))
        if strange and path not in known and path.name not in entries:
            yield path


def submits_elsewhere(tools: Tools, references: Iterable[str], *, in_inbox: bool = False) -> list[SubmittedFile]:
    """The submits of these invoices whose files do not lie in in-doubt/, nor (or also) in the inbox."""
    asked = set(references)
    for found in files_in_doubt(tools):
        asked -= found.submitted.references
    run_ids = {entry.run_id for entry in tools.ledger.entries(asked).values()}
    if not run_ids:
        return []
    lying = frozenset[str]()
    if not in_inbox:
        lying = inbox.hashes(tools.settings.inbox, tools.settings.most_file_bytes)
    runs = (run for run in tools.ledger.runs(run_ids=run_ids) if run.sha256 not in lying)
    return [submitted_file(run, tools) for run in runs]


def open_references(tools: Tools) -> set[str]:
    """References of all invoices of the account that may exist or not. Raises LedgerProblem."""
    return {doubt.reference for doubt in tools.ledger.open_questions()}
