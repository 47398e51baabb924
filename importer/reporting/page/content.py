"""What stands on a page above its invoices: who, what would happen, sums per currency, and whether it is in order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import PurePath
from typing import TYPE_CHECKING

from importer.model.currency_sums import currency_of
from importer.model.plans import Status
from importer.model.words import count_of, money
from importer.reporting.headline import CurrencySum, drafts_apart, headline_of, sums_by_currency
from importer.reporting.page.cards import Card, cards_of
from importer.reporting.page.charts import Chart, charts_of
from importer.reporting.page.naming import month
from importer.reporting.report import DONE, Report

if TYPE_CHECKING:
    from importer.reporting.document import Document, Finding

OK, LOOK, BAD = "ok", "look", "bad"
"""How a check ended, as the style sheet names it."""
_LOOKS = {Status.REJECTED: BAD, Status.IN_DOUBT: BAD, Status.HELD: LOOK, Status.NOT_SENT: LOOK}


@dataclass(frozen=True, slots=True)
class Tile:
    """The sum of one currency."""

    currency: str
    figure: str
    below: str


@dataclass(frozen=True, slots=True)
class Check:
    """What was checked, and how that ended."""

    words: str
    look: str


@dataclass(frozen=True, slots=True)
class Page:
    """A preview or results, as a page shows them."""

    kind: str
    title: str
    lead: str
    facts: tuple[str, ...]
    tiles: tuple[Tile, ...]
    checks: tuple[Check, ...]
    charts: tuple[Chart, ...]
    notices: tuple[str, ...]
    findings: tuple[tuple[Finding, ...], ...]
    """Those with the same hint together."""
    cards: tuple[Card, ...]
    more_cards: str | None
    document: Document
    workbook: str
    """Name of the workbook beside it."""


def page_of(report: Report, document: Document, workbook: str) -> Page:
    """Decide what the page of a report shows."""
    cards, more = cards_of(report)
    is_preview = report.command == "preview"
    return Page(
        kind="Preview · nothing was sent" if is_preview else "Results",
        title=month(report.batch),
        lead=_lead(report, document),
        facts=tuple(_facts(report, document)),
        tiles=tuple(_tiles(report)),
        checks=tuple(_checks(report, document)),
        charts=tuple(charts_of(report)),
        notices=tuple(_notices(report)),
        findings=tuple(_by_hint(document.findings)),
        cards=cards,
        more_cards=more,
        document=document,
        workbook=workbook,
    )


def _lead(report: Report, document: Document) -> str:
    """What would happen, or did, in a sentence without sums: these stand below it."""
    lead = headline_of(report, with_sums=False)
    if not lead:
        return f"Nothing was sent: {document.nothing_sent}" if document.nothing_sent else "Nothing was created."
    ready = [planned for planned in report.planned if planned.status is Status.READY]
    if report.is_plan and ready and not drafts_apart(ready)[1]:
        return f"{lead} Nothing is issued, no e-mail leaves."
    return lead


def _facts(report: Report, document: Document) -> Iterator[str]:
    yield PurePath(report.source.path).name
    if report.source.sheet and report.source.sheet != PurePath(report.source.path).name:
        yield f"sheet {report.source.sheet}"
    yield document.rows_counted
    yield f"{report.started_at:%Y-%m-%d %H:%M}"
    yield report.account
    yield f"batch {report.batch}"


def _tiles(report: Report) -> Iterator[Tile]:
    """The sums of what is ready, or of what was created by now; never one over several currencies."""
    statuses = {Status.READY} if report.is_plan else DONE
    before = _created_before(report)
    for each in sums_by_currency(planned for planned in report.planned if planned.status in statuses):
        below = _below_sum(report, each, before[each.currency])
        yield Tile(each.currency or "currency not known", money(each.amount), below)


def _below_sum(report: Report, each: CurrencySum, before: int) -> str:
    """How many invoices a sum is of, and what is not in it."""
    below = count_of(each.invoices, "invoice")
    if before:
        below += f", {before:,} of them before"
    if not each.is_whole:
        below += ": in the sheet, beside what Kantata prices"
    if report.is_plan and report.errors and not report.partial:
        below += ", with --partial"
    return below


def _created_before(report: Report) -> Counter[str | None]:
    """How many of the invoices of each currency an earlier run created."""
    if report.is_plan:
        return Counter()
    return Counter(currency_of(planned) for planned in report.planned if planned.status is Status.ALREADY_CREATED)


def _notices(report: Report) -> Iterator[str]:
    """The notices but those that say what a chart shows."""
    charted = set(report.changes.largest_lines()) if report.changes else set()
    for notice in report.notices:
        if notice not in charted:
            yield notice


def _checks(report: Report, document: Document) -> Iterator[Check]:
    tally = report.tally
    answered = tally.rows if document.all_answered else tally.answers().total()
    yield Check(f"{answered:,} of {tally.rows:,} rows accounted for", OK if document.all_answered else BAD)
    if document.findings_counted:
        yield Check(document.findings_counted, BAD if report.errors else LOOK)
    else:
        yield Check("No problems in the file", OK)
    for status, look in _LOOKS.items():
        count = report.totals.by_status.get(status, 0)
        if count:
            yield Check(f"{count_of(count, 'invoice')} {status.words}", look)
    yield from _left_out(report, document)
    if not document.is_plan:
        yield from _tied_out(report)


def _left_out(report: Report, document: Document) -> Iterator[Check]:
    """What else is open in Kantata in the same months."""
    if report.left_out is not None:
        yield Check(document.left_out[0].rstrip("."), LOOK if report.left_out.items else OK)


def _tied_out(report: Report) -> Iterator[Check]:
    """Whether Kantata holds what was sent: the invoices that it does not, then the amounts by currency."""
    differing = sum(planned.differs for planned in report.planned)
    if differing:
        yield Check(f"{count_of(differing, 'invoice')} in Kantata not as sent", BAD)
    missing = sum(planned.missing for planned in report.planned)
    if missing:
        yield Check(f"{count_of(missing, 'invoice')} not found again in Kantata", BAD)
    for line in report.tally.by_currency():
        if line.difference:
            yield Check(f"{line.name}: Kantata holds {money(line.difference)} more or less than was sent", BAD)
        elif line.read_back is not None:
            yield Check(f"{line.name}: Kantata holds what was sent", OK)
        if line.unread:
            yield Check(f"{line.name}: {count_of(line.unread, 'invoice')} not read back", LOOK)


def _by_hint(findings: Sequence[Finding]) -> Iterator[tuple[Finding, ...]]:
    for _, alike in groupby(findings, key=lambda finding: (finding.severity, finding.hint)):
        yield tuple(alike)
