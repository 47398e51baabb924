"""Say which lines of a plan were billed before: the one place of these rules. Pure.

Within a batch: a billed line that no longer stands where it was billed (moved_lines.py), and stands elsewhere in the
plan. Beyond it: like lines of the same project on an invoice dated less than ``repeat_days`` away; farther away it is a
retainer. What was left over when like lines were sent is no repeat (left_over.py).
docs/explanation/exactly-once.md, Repeated lines.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from importer.model.lifecycle import ALIVE
from importer.planning.left_over import LeftOver, left_over, spot_of
from importer.planning.moved_lines import (
    MovedLines,
    PlanLines,
    Share,
    date_of,
    gone_from_file,
    lines_of_plan,
    moved_lines,
)
from importer.planning.repeat_days import is_within_repeat_days

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from datetime import date

    from importer.model.plans import LineMark, PlannedInvoice
    from importer.model.remembered import BilledLine
    from importer.planning.lines import Likeness
    from importer.planning.plan import Knowledge, Terms

_Repeat = tuple["LineMark", "BilledLine"]
"""A line of the plan, and the earlier line that it repeats."""


@dataclass(frozen=True, slots=True)
class SplitLines:
    """Amounts that were split or merged within the batch.

    Example: “Design, 500.00” was billed; in its place the plan has 200.00 and 300.00 with the same text.
    """

    lost: Mapping[Share, Collection[BilledLine]]
    """Lines that have moved."""
    gained: Mapping[Share, list[Decimal]]
    """Amounts of the lines that do not stand where they were billed."""

    def with_part(self, mark: LineMark) -> Collection[BilledLine]:
        """The lines that several ones of the plan come to together, this one among them."""
        share = mark.workspace_id, mark.wording
        lost = self.lost.get(share, ())
        sums: defaultdict[str, Decimal] = defaultdict(Decimal)
        for line in lost:
            sums[line.entry.reference] += line.amount
        wanted = {sum(sums.values()), *sums.values()}
        return lost if sums and sum(self.gained.get(share, ())) in wanted else ()


@dataclass(frozen=True, slots=True)
class Repeats:
    """The earlier lines, compared with those of the whole plan."""

    terms: Terms
    like: Mapping[tuple[int, Likeness], list[BilledLine]]
    """All live lines that are known, by project and what makes lines alike."""
    moved: MovedLines
    split: SplitLines
    edited: Mapping[Share, Collection[BilledLine]]
    """Lines that were billed from a file of the same name and are gone from their place in it, in whatever batch."""
    left: LeftOver

    def of(self, planned: PlannedInvoice) -> Iterator[_Repeat]:
        """Each line of an invoice that was billed before, with that earlier line."""
        if not self.like:
            return
        dated = date_of(planned)
        for mark in planned.marks:
            beside = spot_of(planned, mark) in self.left.beside
            if not beside:
                yield from ((mark, line) for line in self._moved_to(mark, dated))
            for line in self._like(mark):
                own = line.entry.reference == planned.reference
                left = beside and line.entry.batch == self.terms.batch
                if not own and not left and self._is_near(line, dated):
                    yield mark, line

    def edited_of(self, planned: PlannedInvoice) -> Iterator[_Repeat]:
        """Each line with one of its project, kind and text that is gone from this file, less than ``repeat_days`` away.

        Key, amount and date may all have been edited. Lines without a text are too alike for that.
        """
        if not self.edited:
            return
        dated = date_of(planned)
        for mark in planned.marks:
            if mark.text and not self.left.waited(planned, mark):
                gone = self.edited.get((mark.workspace_id, mark.wording), ())
                yield from ((mark, line) for line in gone if self._is_near(line, dated))

    def redated_of(self, planned: PlannedInvoice) -> Iterator[_Repeat]:
        """Each line with one of its project, kind and text that is gone from this file, and was sent not long ago.

        It is dated farther away: the date may have been corrected, or the file may hold another month by now. Lines
        without a text are too alike for that.
        """
        dated = date_of(planned)
        for mark in planned.marks:
            if mark.text and not self.left.waited(planned, mark):
                gone = self.edited.get((mark.workspace_id, mark.wording), ())
                yield from ((mark, line) for line in gone if self._just_sent(line) and not self._is_near(line, dated))

    def farther(self, planned: PlannedInvoice) -> bool:
        """Whether lines like all of its own were billed before, farther away: a retainer."""
        return bool(planned.marks) and all(self._like(mark) for mark in planned.marks)

    def _like(self, mark: LineMark) -> Collection[BilledLine]:
        return self.like.get((mark.workspace_id, mark.likeness), ())

    def _moved_to(self, mark: LineMark, dated: date | None) -> Iterator[BilledLine]:
        """The lines of the batch that may stand here now."""
        yield from self.moved.gone.get(mark.likeness, ())
        yield from (line for line in self.moved.coming_again.get(mark.likeness, ()) if self._is_near(line, dated))
        yield from self.split.with_part(mark)

    def _just_sent(self, line: BilledLine) -> bool:
        """Whether an earlier line was sent less than ``repeat_days`` ago, whatever its date."""
        return self.terms.now - line.entry.sent_at < timedelta(days=self.terms.repeat_days)

    def _is_near(self, line: BilledLine, dated: date | None) -> bool:
        """Whether an earlier line is less than ``repeat_days`` away."""
        return is_within_repeat_days(line.entry, dated, self.terms.now, self.terms.repeat_days)


def repeats(drawn: Iterable[PlannedInvoice], knowledge: Knowledge, terms: Terms) -> Repeats:
    """Compare what is known of earlier lines with the lines of a plan."""
    drawn = tuple(drawn)
    alive = _each_once(line for line in knowledge.lines if knowledge.state_of(line.entry) in ALIVE)
    if not alive:
        moved, split = MovedLines({}, {}, Counter()), SplitLines({}, {})
        return Repeats(terms, {}, moved, split, {}, LeftOver(frozenset(), frozenset()))
    of_batch = [line for line in alive if line.entry.batch == terms.batch]
    like: defaultdict[tuple[int, Likeness], list[BilledLine]] = defaultdict(list)
    for line in alive:
        like[line.workspace_id, line.likeness].append(line)

    plan = lines_of_plan(drawn, knowledge)
    moved = moved_lines(of_batch, plan, terms)
    left = left_over(plan, of_batch, moved, knowledge, terms.batch)
    edited = gone_from_file(alive, drawn, terms.source_name)
    return Repeats(terms, like, moved, _split_lines(plan, moved, left), edited, left)


def _split_lines(plan: PlanLines, moved: MovedLines, left: LeftOver) -> SplitLines:
    """What the plan has lost and gained of each project, kind and text."""
    lost: defaultdict[Share, list[BilledLine]] = defaultdict(list)
    for lines in moved.gone.values():
        for line in lines:
            lost[line.workspace_id, line.wording].append(line)

    gained: defaultdict[Share, list[Decimal]] = defaultdict(list)
    for planned, mark in plan.new:
        if spot_of(planned, mark) not in left.beside:
            gained[mark.workspace_id, mark.wording].append(mark.amount)
    for (_, workspace_id, (wording, amount)), count in moved.unknown.items():
        gained[workspace_id, wording] += [amount] * count
    return SplitLines(lost, gained)


def _each_once(lines: Iterable[BilledLine]) -> list[BilledLine]:
    """The lines; the ledger answers with some twice, as like ones and as those of the batch."""
    found = {}
    for line in lines:
        found[line.entry.reference, line.entry.invoice_id, line.workspace_id, line.position] = line
    return list(found.values())
