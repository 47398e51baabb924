"""Charts of a page: rows of a name, a bar and a figure, so that each chart is its own table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from importer.model.columns import BY_NAME
from importer.model.currency_sums import currency_of
from importer.model.plans import ReportedInvoice, Status
from importer.model.words import count_of, money
from importer.planning.bridge import Bridge, bridges
from importer.reporting.document import UNKNOWN_COLUMN
from importer.reporting.headline import sums_of, worth_of
from importer.reporting.page.naming import below_of, month, name_of

if TYPE_CHECKING:
    from importer.planning.comparison import Changes
    from importer.reporting.report import Report

WHOLE = Decimal(100)
"""Percent of the width that a bar may have."""
LARGEST = 5
"""Invoices in a chart of the largest of one currency."""
FEWEST = 4
"""Below so many invoices of a currency no chart says which are the largest."""
MOST_COLUMNS = 8


@dataclass(frozen=True, slots=True)
class Bar:
    """One row of a chart; ``start`` and ``length`` in percent of its width."""

    name: str
    start: Decimal
    length: Decimal
    figure: str
    look: str = "plain"
    """What it means, as the style sheet names it: total, up, down, or a status."""
    below: str = ""
    """A second line below the name."""


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars below a title; the unit of their figures stands beside it."""

    title: str
    unit: str
    bars: Sequence[Bar]
    note: str | None = None


def charts_of(report: Report) -> Iterator[Chart]:
    """The charts of a preview or of results."""
    if report.changes is not None:
        for bridge in bridges(report.changes.projects):
            if bridge.before:
                yield _bridge(bridge, report, report.changes)
    yield from _largest(report.planned)
    if len(report.totals.by_status) > 1:
        yield _by_status(report.planned)
    by_column = _by_column(report)
    if len(by_column.bars) > 1:
        yield by_column


def _bridge(bridge: Bridge, report: Report, changes: Changes) -> Chart:
    """From what the batch before billed to what this one does; each step begins where the last one ended."""
    steps = [(words, amount) for words, amount in bridge.steps if amount]
    levels = [Decimal(0), bridge.before]
    for _, amount in steps:
        levels.append(levels[-1] + amount)
    low, high = min(levels), max(levels)

    rows = [(month(changes.batch_before), Decimal(0), bridge.before, money(bridge.before), "total")]
    for (words, amount), level in zip(steps, levels[1:], strict=False):
        look, sign = ("up", "+") if amount > 0 else ("down", "−")
        rows.append((words, level, level + amount, f"{sign}{money(abs(amount))}", look))
    rows.append((month(report.batch), Decimal(0), bridge.now, money(bridge.now), "total"))
    bars = [
        Bar(name, _percent(min(start, end) - low, high - low), _percent(abs(end - start), high - low), figure, look)
        for name, start, end, figure, look in rows
    ]
    return Chart(f"Against {month(changes.batch_before)}", bridge.currency or "", bars, _not_in(changes))


def _not_in(changes: Changes) -> str | None:
    """How many projects no bridge holds."""
    unknown = sum(change.moved is None and change.currency_before is None for change in changes.projects)
    if not unknown:
        return None
    return f"Without {count_of(unknown, 'project')} whose worth is not known in both batches."


def _largest(invoices: Iterable[ReportedInvoice]) -> Iterator[Chart]:
    """The largest invoices of each currency that has several."""
    by_currency: dict[str, list[tuple[Decimal, ReportedInvoice]]] = {}
    for planned in invoices:
        worth, currency = worth_of(planned), currency_of(planned)
        if worth is not None and currency is not None:
            by_currency.setdefault(currency, []).append((worth, planned))
    for currency, ranked in sorted(by_currency.items()):
        if len(ranked) < FEWEST:
            continue
        first = sorted(ranked, key=lambda pair: -pair[0])[:LARGEST]
        most = max(first[0][0], Decimal(1))
        bars = []
        for worth, planned in first:
            length = _percent(max(worth, Decimal(0)), most)
            bars.append(Bar(name_of(planned), Decimal(0), length, money(worth), below=below_of(planned)))
        yield Chart("Largest invoices", currency, bars)


def _by_status(invoices: Sequence[ReportedInvoice]) -> Chart:
    """How many invoices there are of each status, with their sums per currency."""
    groups: dict[Status, list[ReportedInvoice]] = {}
    for planned in invoices:
        groups.setdefault(planned.status, []).append(planned)
    most = Decimal(max(map(len, groups.values())))
    bars = []
    for status in Status:
        group = groups.get(status)
        if group:
            length = _percent(Decimal(len(group)), most)
            bars.append(Bar(status.words, Decimal(0), length, f"{len(group):,}", status.value, sums_of(group)))
    return Chart("What becomes of them", "invoices", bars)


def _by_column(report: Report) -> Chart:
    """In which columns the problems are, the worst first; columns that are only copied are no problem."""
    counts: dict[str, int] = {}
    for problem in report.problems:
        if problem.code == UNKNOWN_COLUMN:
            continue
        known = BY_NAME.get(problem.column or "")
        title = known.title if known else problem.column or "the file"
        counts[title] = counts.get(title, 0) + max(1, len(problem.every_row))
    ranked = sorted(counts.items(), key=lambda pair: -pair[1])[:MOST_COLUMNS]
    most = Decimal(ranked[0][1] if ranked else 1)
    bars = [Bar(title, Decimal(0), _percent(Decimal(count), most), f"{count:,}") for title, count in ranked]
    return Chart("Problems and warnings by column", "rows", bars)


def _percent(part: Decimal, whole: Decimal) -> Decimal:
    if not whole:
        return Decimal(0)
    return round(part / whole * WHOLE, 1)
