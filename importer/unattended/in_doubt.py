"""What is in doubt: files in in-doubt/ with their runs, and invoices that no file there stands for."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from importer.model.plans import Status
from importer.model.words import rows_named
from importer.unattended import moving
from importer.unattended.handled import Fate

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from importer.flow.prepared import Tools
    from importer.ledger.rows import RunRecord
    from importer.model.remembered import LedgerEntry

OPEN = frozenset({"sending", "in_doubt", "undoing"})
"""States in the ledger in which nobody knows whether an invoice exists."""
MOST_NAMED = 5
"""Invoices named in one sentence."""
_WORDS = {"created": "billed", "rejected": "rejected", "undone": "undone", "not_sent": "not billed"}


@dataclass(frozen=True, slots=True)
class Doubtful:
    """A submitted file with what the ledger says of its invoices now."""

    file: Path
    """Where it lies, or lay."""
    run: RunRecord
    entries: tuple[LedgerEntry, ...]
    """Its invoices that were sent, also those that another file billed."""
    taken_back: frozenset[str]
    """References of those that were undone, or were to be while they were in doubt."""

    @property
    def references(self) -> frozenset[str]:
        """All its invoices that were sent."""
        return frozenset(one.reference for one in self.entries)

    @property
    def open(self) -> tuple[LedgerEntry, ...]:
        """Those of which nobody knows whether they exist."""
        return tuple(one for one in self.entries if one.state in OPEN)

    @property
    def counts(self) -> Counter[str]:
        """How many invoices there are of each kind, in words; those that were never tried are not billed either."""
        known = Counter(map(self._word, self.entries))
        # What the run held may be on record all the same, for instance as billed, but cancelled in Kantata since.
        others = self.run.invoices - known["billed"]
        held = min(known["billed"], max(0, self.run.by_status.get(Status.HELD.value, 0) - others))
        known += Counter({"held": held, "billed": -held})
        return known + Counter({"not billed": max(0, self.run.invoices - known.total())})

    def _word(self, one: LedgerEntry) -> str:
        if one.state in OPEN:
            return "in doubt"
        wanted = (self.run.planned or {}).get(one.reference)
        if one.state == "created" and wanted not in (None, one.fingerprint):
            return "held"  # another file, or an earlier state of this one, billed something else under its reference
        return _WORDS[one.state]

    def __str__(self) -> str:
        """What became of the invoices, as of now, and which ones are in doubt."""
        order = ("in doubt", "not billed", "rejected", "undone", "held", "billed")
        counted = ", ".join(f"{count:,} {word}" for word in order if (count := self.counts[word]))
        if not self.open:
            return counted
        named = ", ".join(_name(one) for one in self.open[:MOST_NAMED])
        more = f" and {len(self.open) - MOST_NAMED:,} more" if len(self.open) > MOST_NAMED else ""
        return f"{counted}. In doubt: {named}{more}"


def _name(one: LedgerEntry) -> str:
    projects = ", ".join(str(number) for number in one.workspace_ids)
    return f"{one.key or f'project {projects}'} in {rows_named(one.rows)}"


def doubtful(tools: Tools) -> list[Doubtful]:
    """The files that lie in in-doubt/ just as a run put them there."""
    found = [one for one in put_here(tools) if _is_it(one.file, one.run.sha256)]
    # The newest run comes first: what counts is the one that put it here, not one of a person since.
    return list({one.file: one for one in found}.values())


def put_here(tools: Tools) -> Iterator[Doubtful]:
    """What runs put into in-doubt/, whether or not the workbook is in its folder still."""
    folders = _folders(tools)
    for run in tools.ledger.runs() if folders else ():
        path = Path(run.path)
        if folder := folders.get(path.parent.name):
            yield _of(run, folder / path.name, tools)


def strangers(tools: Tools) -> list[Path]:
    """Folders with files in in-doubt/ of which this ledger knows nothing, and files that lie there by themselves."""
    folders, place = _folders(tools), tools.settings.inbox / Fate.IN_DOUBT.value
    known = {Path(run.path).parent.name for run in tools.ledger.runs()} if folders else set()
    apart = [folder for name, folder in folders.items() if name not in known and any(folder.iterdir())]
    return apart + [one for one in sorted(place.glob("[!.~]*")) if one.is_file()]


def elsewhere(tools: Tools, references: Iterable[str], *, in_inbox: bool = False) -> list[Doubtful]:
    """The submits that sent these invoices and whose files do not lie in in-doubt/, nor (or also) in the inbox."""
    asked = set(references).difference(*(one.references for one in doubtful(tools)))
    runs = {entry.run_id for entry in tools.ledger.entries(asked).values()}
    here = _in_inbox(tools) if runs and not in_inbox else frozenset()
    found = [run for run in tools.ledger.runs() if run.run_id in runs and run.sha256 not in here] if runs else []
    return [_of(run, Path(run.path), tools) for run in found]


def again(one: Doubtful, tools: Tools) -> Doubtful:
    """The same file, with what the ledger says by now."""
    return _of(one.run, one.file, tools)


def _of(run: RunRecord, file: Path, tools: Tools) -> Doubtful:
    if run.planned is None:  # of a run of an older version it is only known what it sent
        entries = tuple(one for one in tools.ledger.entries_of_source(run.sha256) if one.batch == run.batch)
    else:
        entries = tuple(sorted(tools.ledger.entries(run.planned).values(), key=lambda one: one.rows))
    undone = frozenset(one.reference for one in entries if one.state == "undone")
    asked = tools.ledger.undoing.asked(one.reference for one in entries if one.state in ("not_sent", *OPEN))
    return Doubtful(file, run, entries, undone | asked)


def _folders(tools: Tools) -> dict[str, Path]:
    place = tools.settings.inbox / Fate.IN_DOUBT.value
    return {one.name: one for one in sorted(place.iterdir()) if one.is_dir()} if place.is_dir() else {}


def _in_inbox(tools: Tools) -> frozenset[str]:
    """Hashes of the files that have their turn in this run."""
    found = set[str]()
    for path in tools.settings.inbox.iterdir():
        with suppress(OSError):
            if path.is_file() and not path.name.startswith("."):
                found.add(moving.sha256_of(path))
    return frozenset(found)


def _is_it(file: Path, sha256: str) -> bool:
    with suppress(OSError):
        return moving.sha256_of(file) == sha256
    return False
