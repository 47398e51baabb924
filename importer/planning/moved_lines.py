"""Find the earlier lines that no longer stand where they were billed. Pure.

Such a line may stand elsewhere in the plan: under another key, for another project, with another amount.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from importer.model.invoices import Invoice
from importer.model.lifecycle import ALIVE
from importer.planning.lines import Likeness
from importer.planning.repeat_days import is_within_repeat_days

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import date

    from importer.model.plans import LineMark, PlannedInvoice
    from importer.model.remembered import BilledLine
    from importer.planning.plan import Knowledge, Terms

_Place = tuple[str, int, Likeness]
"""Reference, project, and what makes lines alike."""
Share = tuple[int, str]
"""Project, and kind and text: what lines have in common whose amounts were edited."""
_CORRECTED = re.compile(r"(-corrected)+$")
"""What the program adds to the name of a corrected copy."""


@dataclass(frozen=True, slots=True)
class PlanLines:
    """The priced lines of a plan, apart by whether their invoice exists already, or may."""

    new: tuple[tuple[PlannedInvoice, LineMark], ...]
    """Those whose invoice does not."""
    billed: Counter[_Place]
    """How many of the others stand in each place."""


@dataclass(frozen=True, slots=True)
class MovedLines:
    """Lines of the batch that no longer stand where they were billed.

    Example: “Design, 500.00” was billed for project 1 under key A; now the plan has it under key B, or for project 2.
    """

    gone: Mapping[Likeness, Collection[BilledLine]]
    """These may stand anywhere in the plan."""
    coming_again: Mapping[Likeness, Collection[BilledLine]]
    """A line like these comes in their own project farther away, as that of the next month does: only what is near them
    may be the line that has moved. The first one stands for all of its run and date, as they may be thousands."""
    unknown: Counter[_Place]
    """Lines of billed invoices in the plan that were not billed there: they have joined since."""


def lines_of_plan(drawn: Iterable[PlannedInvoice], knowledge: Knowledge) -> PlanLines:
    """The lines of a plan."""
    new: list[tuple[PlannedInvoice, LineMark]] = []
    billed: Counter[_Place] = Counter()
    for planned in drawn:
        exists = _exists(planned, knowledge)
        for mark in planned.marks:
            if exists:
                billed[planned.reference or "", mark.workspace_id, mark.likeness] += 1
            else:
                new.append((planned, mark))
    return PlanLines(tuple(new), billed)


def moved_lines(of_batch: Iterable[BilledLine], plan: PlanLines, terms: Terms) -> MovedLines:
    """Compare the live lines of the batch with those of the plan."""
    gone: defaultdict[Likeness, list[BilledLine]] = defaultdict(list)
    coming_again: defaultdict[Likeness, list[BilledLine]] = defaultdict(list)
    unknown, days = plan.billed.copy(), _days_of(plan.new)
    for line in of_batch:
        place = line.entry.reference, line.workspace_id, line.likeness
        if unknown[place] > 0:
            unknown[place] -= 1
        elif _comes_again(line, days, terms):
            coming_again[line.likeness].append(line)
        else:
            gone[line.likeness].append(line)
    return MovedLines(gone, {likeness: first_of_each(lines) for likeness, lines in coming_again.items()}, unknown)


def gone_from_file(
    lines: Iterable[BilledLine], drawn: Iterable[PlannedInvoice], source_name: str
) -> dict[Share, Collection[BilledLine]]:
    """The lines of any batch that were billed from a file of this name, and whose text is no longer where it was.

    Key, amount and date of such a line may all have been edited. The first one stands for all of its run and date.
    """
    standing: Counter[tuple[str, int, str]] = Counter()
    for planned in drawn:
        standing.update((planned.reference or "", mark.workspace_id, mark.wording) for mark in planned.marks)

    found: defaultdict[Share, list[BilledLine]] = defaultdict(list)
    for line in lines:
        place = line.entry.reference, line.workspace_id, line.wording
        if standing[place] > 0:
            standing[place] -= 1
        elif source_name and _stem(line.entry.source_name) == _stem(source_name):
            found[line.workspace_id, line.wording].append(line)
    return {share: first_of_each(gone) for share, gone in found.items()}


def first_of_each(lines: Iterable[BilledLine]) -> Collection[BilledLine]:
    """The first line of each run, day, date and state: what makes lines near, and their invoice open."""
    found: dict[tuple[object, ...], BilledLine] = {}
    for line in lines:
        entry = line.entry
        found.setdefault((entry.run_id, entry.sent_at.date(), entry.invoice_date, entry.state), line)
    return found.values()


def date_of(planned: PlannedInvoice) -> date | None:
    """The date of an invoice; None where it has none, or is unsound."""
    return planned.invoice.invoice_date if isinstance(planned.invoice, Invoice) else None


def _exists(planned: PlannedInvoice, knowledge: Knowledge) -> bool:
    """Whether an invoice exists under the reference of a planned one, or may."""
    entry = knowledge.by_reference.get(planned.reference or "")
    return entry is not None and knowledge.state_of(entry) in ALIVE


def _days_of(new: Iterable[tuple[PlannedInvoice, LineMark]]) -> dict[tuple[int, Likeness], list[date]]:
    """The dates of the new lines, by project and what makes lines alike."""
    found = defaultdict(list)
    for planned, mark in new:
        dated = date_of(planned)
        if dated is not None:
            found[mark.workspace_id, mark.likeness].append(dated)
    return found


def _comes_again(line: BilledLine, days: Mapping[tuple[int, Likeness], list[date]], terms: Terms) -> bool:
    """Whether a line like it, both with a date, comes in its own project far enough away: a retainer."""
    if not line.entry.invoice_date:
        return False
    own = days.get((line.workspace_id, line.likeness), ())
    return any(not is_within_repeat_days(line.entry, dated, terms.now, terms.repeat_days) for dated in own)


def _stem(name: str) -> str:
    """The name of a file as the person knows it: a corrected copy is the same file."""
    return _CORRECTED.sub("", Path(name).stem).casefold()
