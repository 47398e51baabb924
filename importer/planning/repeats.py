"""Find invoices with lines that were billed before: the one place that says when a line is a repeat. Pure.

Within a batch: a billed line that no longer stands where it was billed, and stands elsewhere in the plan. Beyond it:
like lines of the same project on an invoice dated less than ``repeat_days`` away. Farther away it is a retainer.
docs/explanation/exactly-once.md, Repeated lines.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from importer.model.invoices import Invoice
from importer.model.lifecycle import ALIVE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from importer.model.plans import LineMark, PlannedInvoice
    from importer.model.remembered import BilledLine
    from importer.planning.plan import Knowledge

Likeness = tuple[str, Decimal]
"""Kind and text, and the amount."""
Share = tuple[int, str]
"""Project, and kind and text."""


def is_near(line: BilledLine, dated: date | None, now: datetime, repeat_days: int) -> bool:
    """Whether an earlier line is less than so many days away; ``now`` is UTC, without offset.

    Where one of the two invoices has no date, the days of sending are compared.
    """
    limit = timedelta(days=repeat_days)
    if dated is not None and line.entry.invoice_date:
        return abs(dated - date.fromisoformat(line.entry.invoice_date)) < limit
    return abs(now - line.entry.sent_at) < limit


def utc_now() -> datetime:
    """This moment as the ledger writes moments."""
    return datetime.now(UTC).replace(tzinfo=None)


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
    lost: dict[Share, list[BilledLine]] = field(default_factory=lambda: defaultdict(list))
    """The same, by project, kind and text."""
    room: Counter[Likeness] = field(default_factory=Counter)
    """How many lines the sheet still held beside those that were billed from it."""
    new: Counter[Likeness] = field(default_factory=Counter)
    """How many lines of the plan are not billed yet."""
    gained: dict[Share, list[Decimal]] = field(default_factory=lambda: defaultdict(list))
    """Amounts of the lines that do not stand where they were billed."""

    def of(self, planned: PlannedInvoice) -> Iterator[tuple[LineMark, BilledLine]]:
        """Each line of an invoice that was billed before, with that earlier line."""
        dated = planned.invoice.invoice_date if isinstance(planned.invoice, Invoice) else None
        for mark in planned.marks:
            beside = self.new[mark.likeness] <= self.room[mark.likeness]
            if not beside:
                yield from self._moved_to(mark, dated)
            for line in self.like[mark.workspace_id, mark.wording, mark.amount]:
                own = line.entry.reference == planned.reference
                if not own and self._near(line, dated) and not (beside and line.entry.batch == self.batch):
                    yield mark, line
            yield from ((mark, line) for line in self._split(mark))

    def _moved_to(self, mark: LineMark, dated: date | None) -> Iterator[tuple[LineMark, BilledLine]]:
        for line in self.moved[mark.likeness]:
            if not self._is_retainer(line, mark, dated):
                yield mark, line

    def farther(self, planned: PlannedInvoice) -> bool:
        """Whether lines like all of its own were billed before, farther away: a retainer."""
        return bool(planned.marks) and all(
            self.like[mark.workspace_id, mark.wording, mark.amount] for mark in planned.marks
        )

    def _near(self, line: BilledLine, dated: date | None) -> bool:
        return is_near(line, dated, self.now, self.repeat_days)

    def _is_retainer(self, line: BilledLine, mark: LineMark, dated: date | None) -> bool:
        """Whether both have a date, far enough away, in the same project."""
        both_dated = dated is not None and line.entry.invoice_date
        return bool(both_dated) and line.workspace_id == mark.workspace_id and not self._near(line, dated)

    def _split(self, mark: LineMark) -> Iterable[BilledLine]:
        """The lines that several ones come to together, this one among them: their amounts were split or merged."""
        share = mark.workspace_id, mark.wording
        lost = self.lost[share]
        if lost and sum(line.amount for line in lost) == sum(self.gained[share]):
            return lost
        return ()


def repeats(drawn: Iterable[PlannedInvoice], knowledge: Knowledge, batch: str, repeat_days: int) -> Repeats:
    """Compare what is known of earlier lines with the lines of a plan."""
    drawn, found = tuple(drawn), Repeats(batch, utc_now(), repeat_days)
    alive = [line for line in knowledge.lines if knowledge.state_of(line.entry) in ALIVE]
    billed = _billed(drawn, knowledge)
    standing: Counter[tuple[str, int, Likeness]] = Counter()
    for planned in drawn:
        for mark in planned.marks:
            if planned.reference in billed:
                standing[planned.reference or "", mark.workspace_id, mark.likeness] += 1
            else:
                found.new[mark.likeness] += 1
                found.gained[mark.workspace_id, mark.wording].append(mark.amount)

    _place(found, alive, standing)
    for (_, workspace_id, likeness), left in standing.items():
        found.gained[workspace_id, likeness[0]] += [likeness[1]] * max(0, left)
    return found


def _billed(drawn: tuple[PlannedInvoice, ...], knowledge: Knowledge) -> set[str | None]:
    """References of the plan under which an invoice exists, or may."""
    found: set[str | None] = set()
    for planned in drawn:
        entry = knowledge.by_reference.get(planned.reference or "")
        if entry is not None and knowledge.state_of(entry) in ALIVE:
            found.add(planned.reference)
    return found


def _place(found: Repeats, alive: list[BilledLine], standing: Counter[tuple[str, int, Likeness]]) -> None:
    """Sort the earlier lines; what still stands in the plan is taken from ``standing``."""
    most: Counter[Likeness] = Counter()
    count: Counter[Likeness] = Counter()
    seen: set[tuple[str, str | None, int, int]] = set()
    for line in alive:  # the ledger answers with some lines twice: as like ones, and as those of the batch
        mark = (line.entry.reference, line.entry.invoice_id, line.workspace_id, line.position)
        if mark in seen:
            continue
        seen.add(mark)
        found.like[line.workspace_id, *line.likeness].append(line)
        if line.entry.batch != found.batch:
            continue
        count[line.likeness] += 1
        most[line.likeness] = max(most[line.likeness], line.alike)
        place = (line.entry.reference, line.workspace_id, line.likeness)
        if standing[place] > 0:
            standing[place] -= 1
        else:
            found.moved[line.likeness].append(line)
            found.lost[line.workspace_id, line.wording].append(line)
    for likeness, sheet_held in most.items():
        found.room[likeness] = max(0, sheet_held - count[likeness])
