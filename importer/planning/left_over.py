"""Find the new lines that are like billed ones and meant as well: they were left over when these were sent. Pure.

Two rows of one sheet may both say “Design, 500.00”. When one is billed and the other is refused, held back or faulty,
the other one is sent later, and is no repeat.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from importer.model.lifecycle import Event, State
from importer.planning.lines import Likeness, likenesses_sent

if TYPE_CHECKING:
    from collections.abc import Iterable

    from importer.model.plans import LineMark, PlannedInvoice, WaitingPlace
    from importer.model.remembered import BilledLine, LedgerEntry
    from importer.planning.moved_lines import MovedLines, PlanLines
    from importer.planning.plan import Knowledge

LineSpot = tuple[str, int]
"""Reference and row: one line of the plan."""
_NOT_CREATED = frozenset(
    {Event.REJECTED, Event.REFUSED_FOR_NOW, Event.TOKEN_REFUSED, Event.ABSENT, Event.SAID_NOT_BILLED}
)
"""Events after which an invoice that was tried is to be sent still."""


@dataclass(frozen=True, slots=True)
class LeftOver:
    """Lines that are no repeats of the lines of their batch."""

    beside: frozenset[LineSpot]
    """They stood beside billed lines of their likeness, and were not sent with them."""
    refused: frozenset[LineSpot]
    """They were tried in this batch and not created, perhaps with another amount."""

    def waited(self, planned: PlannedInvoice, mark: LineMark) -> bool:
        """Whether a line was to be sent before, and was not."""
        return spot_of(planned, mark) in self.beside | self.refused


def spot_of(planned: PlannedInvoice, mark: LineMark) -> LineSpot:
    """Where a line of the plan stands."""
    return planned.reference or "", mark.row


def left_over(
    plan: PlanLines, of_batch: list[BilledLine], moved: MovedLines, knowledge: Knowledge, batch: str
) -> LeftOver:
    """Compare the new lines with what the billed ones remember of their sheet.

    Where the billed ones still stand in the plan, as many are left over as that sheet held beside them.
    Where they do not, as when only the rows to fix are submitted, those whose own place was waiting then.
    """
    room, waiting, tried = _room(of_batch), _waiting(of_batch), _Refused(knowledge, batch)
    beside: set[LineSpot] = set()
    refused: set[LineSpot] = set()
    for planned, mark in plan.new:
        reference = planned.reference or ""
        if tried.holds_text(reference, mark):
            refused.add(spot_of(planned, mark))

        elsewhere = [*moved.gone.get(mark.likeness, ()), *moved.coming_again.get(mark.likeness, ())]
        if elsewhere:
            allowed = _was_left(mark, tried.entry_with(reference, mark), elsewhere, waiting[mark.likeness])
        else:
            room[mark.likeness] -= 1
            allowed = room[mark.likeness] >= 0
        if allowed:
            beside.add(spot_of(planned, mark))
    return LeftOver(frozenset(beside), frozenset(refused))


class _Refused:
    """The lines of the invoices that were tried in this batch and not created.

    Only these were refused: a line that has joined such an invoice since may be billed elsewhere.
    """

    def __init__(self, knowledge: Knowledge, batch: str) -> None:
        self._knowledge, self._batch = knowledge, batch
        self._lines: dict[str, set[Likeness]] = {}

    def holds_text(self, reference: str, mark: LineMark) -> bool:
        """Whether a line of this kind and text was on the invoice; its amount may be corrected since."""
        return any(wording == mark.wording for wording, _ in self._of(reference))

    def entry_with(self, reference: str, mark: LineMark) -> LedgerEntry | None:
        """The invoice, where this line was on it."""
        return self._knowledge.by_reference.get(reference) if mark.likeness in self._of(reference) else None

    def _of(self, reference: str) -> set[Likeness]:
        if reference not in self._lines:
            entry, lines = self._knowledge.by_reference.get(reference), set[Likeness]()
            if entry is not None and _was_refused(entry, self._batch):
                lines = likenesses_sent(entry.body)
            self._lines[reference] = lines
        return self._lines[reference]


def _was_refused(entry: LedgerEntry, batch: str) -> bool:
    """Whether just this invoice was tried in this batch and not created."""
    if entry.batch != batch or entry.standing.taken_back:
        return False
    return entry.state is State.FREE and entry.standing.reached_by in _NOT_CREATED


def _was_left(
    mark: LineMark, refused: LedgerEntry | None, elsewhere: Iterable[BilledLine], waiting: Counter[WaitingPlace]
) -> bool:
    """Whether a line was left over where the billed ones like it do not stand in the plan any more.

    ``refused``: the invoice of which Kantata refused just this line.
    """
    if refused is not None and not _billed_since(refused, elsewhere):
        return True
    return _waited(mark, waiting)


def _billed_since(entry: LedgerEntry, moved: Iterable[BilledLine]) -> bool:
    """Whether a later run has billed a like line elsewhere: then this one was replaced, and not left over."""
    return any(line.entry.run_id != entry.run_id and line.entry.sent_at > entry.sent_at for line in moved)


def _waited(mark: LineMark, waiting: Counter[WaitingPlace]) -> bool:
    """Whether a line like it stood in its place and was not billed; takes it from those that wait."""
    places: list[WaitingPlace] = [(mark.workspace_id, mark.key)]
    if mark.key:  # its project could not be read then
        places.append((None, mark.key))
    for place in places:
        if waiting[place] > 0:
            waiting[place] -= 1
            return True
    return False


def _room(of_batch: list[BilledLine]) -> Counter[Likeness]:
    """How many lines the sheet held beside those that were billed from it."""
    most: Counter[Likeness] = Counter()
    for line in of_batch:
        most[line.likeness] = max(most[line.likeness], line.alike)
    most.subtract(Counter(line.likeness for line in of_batch))
    return most


def _waiting(of_batch: list[BilledLine]) -> defaultdict[Likeness, Counter[WaitingPlace]]:
    """Where like lines stood beside the billed ones; each billed line knows of the next ones."""
    found: defaultdict[Likeness, Counter[WaitingPlace]] = defaultdict(Counter)
    for line in of_batch:
        found[line.likeness] |= Counter(line.waiting)
    return found
