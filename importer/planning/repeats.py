"""Find invoices with lines that were billed before: the one place that says when a line is a repeat. Pure.

Within a batch: a billed line that no longer stands where it was billed, and stands elsewhere in the plan. Beyond it:
like lines of the same project on an invoice dated less than ``repeat_days`` away. Farther away it is a retainer.
docs/explanation/exactly-once.md, Repeated lines.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from importer.model.invoices import Invoice
from importer.model.lifecycle import ALIVE, Event, State
from importer.planning.lines import Likeness, likenesses_sent

if TYPE_CHECKING:
    from importer.model.plans import LineMark, PlannedInvoice, WaitingPlace
    from importer.model.remembered import BilledLine, LedgerEntry
    from importer.planning.plan import Knowledge, Terms

LineSpot = tuple[str, int, Likeness]
"""Reference, project, and what makes lines alike."""
Share = tuple[int, str]
"""Project, and kind and text."""
_OneOfEach = dict[tuple[object, ...], "BilledLine"]
"""Lines by what makes them near and their invoice open: the first one stands for all, as they may be thousands."""
LOOK_BACK = 400
"""Days: how long before the plan's earliest date an invoice may be sent whose lines are compared."""
_CORRECTED = re.compile(r"(-corrected)+$")
"""What the program adds to the name of a corrected copy."""
_NOT_CREATED = frozenset(
    {Event.REJECTED, Event.REFUSED_FOR_NOW, Event.TOKEN_REFUSED, Event.ABSENT, Event.SAID_NOT_BILLED}
)
"""Events after which an invoice that was tried is to be sent still."""


def is_within_repeat_days(entry: LedgerEntry, dated: date | None, now: datetime, repeat_days: int) -> bool:
    """Whether an earlier invoice is less than so many days away; ``now`` is UTC, by the clock of the ledger.

    An invoice without a date has the day on which it is sent. Where one of the two has none, also the
    days of sending are compared: dates may have been added since.
    """
    limit = timedelta(days=repeat_days)
    earlier = entry.sent_at.date()
    if entry.invoice_date:
        earlier = date.fromisoformat(entry.invoice_date)
    if abs((dated or now.date()) - earlier) < limit:
        return True
    both_dated = dated is not None and entry.invoice_date
    return not both_dated and abs(now - entry.sent_at) < limit


@dataclass(slots=True)
class Repeats:
    """The earlier lines, compared with those of the whole plan."""

    batch: str
    now: datetime
    repeat_days: int
    like: dict[tuple[int, str, Decimal], list[BilledLine]] = field(default_factory=lambda: defaultdict(list))
    """By project, kind, text and amount."""
    moved: dict[Likeness, list[BilledLine]] = field(default_factory=lambda: defaultdict(list))
    """Lines of the batch that no longer stand where they were billed."""
    again: dict[Likeness, _OneOfEach] = field(default_factory=lambda: defaultdict(dict))
    """The same, of those that come again farther away in their own project: they have moved to near lines only."""
    lost: dict[Share, list[BilledLine]] = field(default_factory=lambda: defaultdict(list))
    """Those that have moved, by project, kind and text."""
    edited: dict[Share, _OneOfEach] = field(default_factory=lambda: defaultdict(dict))
    """Lines that were billed from a file of the same name and are gone from their place in it, in whatever batch."""
    gained: dict[Share, list[Decimal]] = field(default_factory=lambda: defaultdict(list))
    """Amounts of the lines that do not stand where they were billed."""
    beside: set[tuple[str, int]] = field(default_factory=set)
    """References and rows of lines that stood beside the billed ones and were not sent with them."""
    refused: set[tuple[str, int]] = field(default_factory=set)
    """References and rows of lines that were tried in this batch and not created: to send them now is no repeat."""

    def of(self, planned: PlannedInvoice) -> Iterator[tuple[LineMark, BilledLine]]:
        """Each line of an invoice that was billed before, with that earlier line."""
        if not self.like:
            return
        dated = _date_of(planned)
        for mark in planned.marks:
            beside = (planned.reference or "", mark.row) in self.beside
            if not beside:
                yield from ((mark, line) for line in self._moved_to(mark, dated))
            for line in self.like[mark.workspace_id, mark.wording, mark.amount]:
                own = line.entry.reference == planned.reference
                if not own and self.within_repeat_days(line, dated) and not (beside and line.entry.batch == self.batch):
                    yield mark, line

    def _moved_to(self, mark: LineMark, dated: date | None) -> Iterator[BilledLine]:
        """The lines of the batch that may stand here now."""
        yield from self.moved[mark.likeness]
        yield from (line for line in self.again[mark.likeness].values() if self.within_repeat_days(line, dated))
        yield from self._split(mark)

    def edited_of(self, planned: PlannedInvoice) -> Iterator[tuple[LineMark, BilledLine]]:
        """Each line with one of its project, kind and text that is gone from this file, less than ``repeat_days`` away.

        Key, amount and date may all have been edited. Lines without a text are too alike for that.
        """
        if not self.edited:
            return
        dated = _date_of(planned)
        for mark in planned.marks:
            place = planned.reference or "", mark.row
            waited = place in self.beside or place in self.refused
            if mark.text and not waited:
                gone = self.edited[mark.workspace_id, mark.wording].values()
                yield from ((mark, line) for line in gone if self.within_repeat_days(line, dated))

    def farther(self, planned: PlannedInvoice) -> bool:
        """Whether lines like all of its own were billed before, farther away: a retainer."""
        return bool(planned.marks) and all(
            self.like[mark.workspace_id, mark.wording, mark.amount] for mark in planned.marks
        )

    def within_repeat_days(self, line: BilledLine, dated: date | None) -> bool:
        """Whether an earlier line is less than ``repeat_days`` away."""
        return is_within_repeat_days(line.entry, dated, self.now, self.repeat_days)

    def _split(self, mark: LineMark) -> Iterable[BilledLine]:
        """The lines that several ones come to together, this one among them: their amounts were split or merged."""
        share = mark.workspace_id, mark.wording
        sums: defaultdict[str, Decimal] = defaultdict(Decimal)
        for line in self.lost[share]:
            sums[line.entry.reference] += line.amount
        wanted = {sum(sums.values()), *sums.values()}
        return self.lost[share] if sums and sum(self.gained[share]) in wanted else ()


def repeats(drawn: Iterable[PlannedInvoice], knowledge: Knowledge, terms: Terms) -> Repeats:
    """Compare what is known of earlier lines with the lines of a plan."""
    drawn = tuple(drawn)
    found = Repeats(terms.batch, terms.now, terms.repeat_days)
    alive = _each_once(line for line in knowledge.lines if knowledge.state_of(line.entry) in ALIVE)
    if not alive:  # nothing to compare with
        return found
    new, standing = _lines_of(drawn, knowledge)
    for line in alive:
        found.like[line.workspace_id, *line.likeness].append(line)

    days = _days_of(new)
    of_batch = [line for line in alive if line.entry.batch == terms.batch]
    for line in _lost(of_batch, standing):
        if _is_retainer(line, days, found):
            found.again[line.likeness].setdefault(_times_of(line.entry), line)
        else:
            found.moved[line.likeness].append(line)
            found.lost[line.workspace_id, line.wording].append(line)
    for line in _gone_from_file(alive, drawn, terms.source_name):
        found.edited[line.workspace_id, line.wording].setdefault(_times_of(line.entry), line)

    _note_beside(found, new, of_batch, knowledge)
    _note_gained(found, new, standing)
    return found


def _lines_of(
    drawn: tuple[PlannedInvoice, ...], knowledge: Knowledge
) -> tuple[list[tuple[PlannedInvoice, LineMark]], Counter[LineSpot]]:
    """The lines that are not billed yet, and how many stand in each place that is."""
    billed = _billed(drawn, knowledge)
    new: list[tuple[PlannedInvoice, LineMark]] = []
    standing: Counter[LineSpot] = Counter()
    for planned in drawn:
        for mark in planned.marks:
            if planned.reference in billed:
                standing[planned.reference or "", mark.workspace_id, mark.likeness] += 1
            else:
                new.append((planned, mark))
    return new, standing


def _note_gained(found: Repeats, new: Iterable[tuple[PlannedInvoice, LineMark]], left: Counter[LineSpot]) -> None:
    """Note the amounts that are new, or have no line on record in their place."""
    for planned, mark in new:
        if (planned.reference or "", mark.row) not in found.beside:
            found.gained[mark.workspace_id, mark.wording].append(mark.amount)
    for (_, workspace_id, likeness), count in left.items():
        found.gained[workspace_id, likeness[0]] += [likeness[1]] * max(0, count)


def _date_of(planned: PlannedInvoice) -> date | None:
    return planned.invoice.invoice_date if isinstance(planned.invoice, Invoice) else None


def _times_of(entry: LedgerEntry) -> tuple[object, ...]:
    return entry.run_id, entry.sent_at.date(), entry.invoice_date, entry.state


def _each_once(lines: Iterable[BilledLine]) -> list[BilledLine]:
    """The lines; the ledger answers with some twice, as like ones and as those of the batch."""
    found = {}
    for line in lines:
        found[line.entry.reference, line.entry.invoice_id, line.workspace_id, line.position] = line
    return list(found.values())


def _billed(drawn: tuple[PlannedInvoice, ...], knowledge: Knowledge) -> set[str | None]:
    """References of the plan under which an invoice exists, or may."""
    found: set[str | None] = set()
    for planned in drawn:
        entry = knowledge.by_reference.get(planned.reference or "")
        if entry is not None and knowledge.state_of(entry) in ALIVE:
            found.add(planned.reference)
    return found


def _lost(lines: Iterable[BilledLine], standing: Counter[LineSpot]) -> Iterator[BilledLine]:
    """The lines that no longer stand where they were billed; what still does is taken from ``standing``."""
    for line in lines:
        place = (line.entry.reference, line.workspace_id, line.likeness)
        if standing[place] > 0:
            standing[place] -= 1
        else:
            yield line


def _gone_from_file(
    lines: Iterable[BilledLine], drawn: tuple[PlannedInvoice, ...], source_name: str
) -> Iterator[BilledLine]:
    """The lines that were billed from a file of this name, and whose text is no longer where it was billed."""
    standing: Counter[tuple[str, int, str]] = Counter()
    for planned in drawn:
        standing.update((planned.reference or "", mark.workspace_id, mark.wording) for mark in planned.marks)
    for line in lines:
        place = line.entry.reference, line.workspace_id, line.wording
        if standing[place] > 0:
            standing[place] -= 1
        elif source_name and _stem(line.entry.source_name) == _stem(source_name):
            yield line


def _days_of(new: Iterable[tuple[PlannedInvoice, LineMark]]) -> dict[tuple[int, Likeness], list[date]]:
    """The dates of the lines that are not billed yet, by project and what makes lines alike."""
    found = defaultdict(list)
    for planned, mark in new:
        dated = _date_of(planned)
        if dated is not None:
            found[mark.workspace_id, mark.likeness].append(dated)
    return found


def _is_retainer(line: BilledLine, days: dict[tuple[int, Likeness], list[date]], found: Repeats) -> bool:
    """Whether a line of its own project comes again, far enough away, both with a date."""
    if not line.entry.invoice_date:
        return False
    return not all(found.within_repeat_days(line, dated) for dated in days.get((line.workspace_id, line.likeness), ()))


# --- what stood beside ------------------------------------------------------------------------


def _note_beside(
    found: Repeats, new: Iterable[tuple[PlannedInvoice, LineMark]], of_batch: list[BilledLine], knowledge: Knowledge
) -> None:
    """Note the new lines that stood beside the billed ones in their sheet: like them, and meant as well.

    Where the billed ones still stand in the plan, as many as that sheet held beside them. Where they do
    not, as when only the rows to fix are submitted, those whose own place was waiting then.
    """
    room = _room(of_batch)
    waiting = _waiting(of_batch)
    tried = _Refused(knowledge, found.batch)
    for planned, mark in new:
        reference = planned.reference or ""
        if tried.holds_text(reference, mark):
            found.refused.add((reference, mark.row))
        if found.moved[mark.likeness] or found.again[mark.likeness]:
            allowed = _was_left(mark, tried.entry_with(reference, mark), found, waiting[mark.likeness])
        else:
            room[mark.likeness] -= 1
            allowed = room[mark.likeness] >= 0
        if allowed:
            found.beside.add((reference, mark.row))


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


def _was_left(mark: LineMark, refused: LedgerEntry | None, found: Repeats, waiting: Counter[WaitingPlace]) -> bool:
    """Whether a line was left over where the billed ones like it do not stand in the plan any more.

    ``refused``: the invoice of which Kantata refused just this line.
    """
    moved = chain(found.moved[mark.likeness], found.again[mark.likeness].values())
    if refused is not None and not _billed_since(refused, moved):
        return True
    return _waited(mark, waiting)


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


def _was_refused(entry: LedgerEntry, batch: str) -> bool:
    """Whether just this invoice was tried in this batch and not created."""
    if entry.batch != batch or entry.standing.taken_back:
        return False
    return entry.state is State.FREE and entry.standing.reached_by in _NOT_CREATED


def _stem(name: str) -> str:
    """The name of a file as the person knows it: a corrected copy is the same file."""
    return _CORRECTED.sub("", Path(name).stem).casefold()


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
