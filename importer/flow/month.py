"""What a month's workbook is prefilled with: open work, days to pay, and the fixed fees of the batch before."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from importer.flow.open_items import find_open, first_day, last_day
from importer.flow.preview import batch_before
from importer.kantata.account import Found
from importer.kantata.open_items import OpenQuery, last_terms
from importer.planning.open_items import by_project, month_of

if TYPE_CHECKING:
    from importer.flow.prepared import Tools
    from importer.kantata.client import KantataApi
    from importer.ledger.ledger import SubmissionLedger
    from importer.ledger.rows import Billed
    from importer.model.open_items import OpenItem
    from importer.settings.model import Settings

MOST_PAGES, LONGEST_SECONDS = 500, 900


@dataclass(frozen=True, slots=True)
class MonthWish:
    """Which work is wanted."""

    month: str
    """Such as 2026-10."""
    projects: tuple[int, ...] = ()
    """Empty: all."""
    currency: str | None = None
    """Code such as EUR; None: all."""

    def wants(self, workspace_id: int, currency: str | None) -> bool:
        """Whether something of this project and currency is wanted."""
        return (not self.projects or workspace_id in self.projects) and self.currency in (None, currency)


@dataclass(frozen=True, slots=True)
class Fee:
    """A fixed fee of an earlier batch."""

    workspace_id: int
    title: str | None
    """Of its project."""
    currency: str | None
    amount: Decimal
    """Main currency unit."""
    notes: str | None
    taxable: bool | None
    story_id: int | None


@dataclass(frozen=True, slots=True)
class Month:
    """What the workbook of a month holds."""

    month: str
    batch: str
    account: str
    items: tuple[OpenItem, ...]
    """What can be billed, by project and day."""
    waiting: tuple[OpenItem, ...]
    """What is open too: first what cannot be billed now, then what is of an earlier month."""
    days: Mapping[int, int]
    """Project → days to pay; absent where that is not known."""
    fees: tuple[Fee, ...]
    fees_of: str | None
    """The batch that the fees stood in; None when there was none."""
    remarks: tuple[str, ...]
    """What Kantata counts and does not show, or was not asked for; whole sentences."""


def month_of_work(wish: MonthWish, tools: Tools, api: KantataApi, progress: Callable[[int], None]) -> Month:
    """Ask Kantata and the ledger. Raises NotReached or AccessDenied."""
    settings, ledger = tools.settings, tools.ledger
    query = OpenQuery(
        first_day(wish.month),
        last_day(wish.month),
        named=True,
        projects=wish.projects,
        most_pages=MOST_PAGES,
        seconds=LONGEST_SECONDS,
        progress=progress,
    )
    today = date.today()  # noqa: DTZ011 - the day on the wall, as accountants date
    work = find_open(api, tools, query, Found(), today)
    items: list[OpenItem] = []
    waiting: list[OpenItem] = []
    for item in sorted(work.items, key=by_project):
        if not wish.wants(item.workspace_id, item.currency):
            continue
        is_now = item.obstacle is None and item.day is not None and month_of(item.day) == wish.month
        (items if is_now else waiting).append(item)

    before = batch_before(wish.month, ledger)
    fees = tuple(_fees(wish, ledger, before)) if before else ()
    projects = {item.workspace_id for item in items} | {fee.workspace_id for fee in fees}
    return Month(
        wish.month,
        _free_batch(wish.month, ledger),
        tools.account,
        tuple(items),
        tuple(sorted(waiting, key=lambda item: item.obstacle is None)),
        _days(projects, settings, api),
        fees,
        before,
        work.remarks if work.older_listed else (*work.remarks, "Too much older work is open to be listed here."),
    )


def _days(projects: set[int], settings: Settings, api: KantataApi) -> dict[int, int]:
    """Days to pay: of the settings, else of the newest invoice of each project."""
    if settings.payment_schedule is not None:
        return dict.fromkeys(projects, settings.payment_schedule)
    return last_terms(api, projects) if projects else {}


def _free_batch(month: str, ledger: SubmissionLedger) -> str:
    """The month; with a number when a batch of this name was billed already, or what is left would be held."""
    return next(itertools.dropwhile(ledger.billed_in_batch, _batches(month)))


def _batches(month: str) -> Iterator[str]:
    """The names of the batches of a month, in their order: 2026-10, 2026-10-2, 2026-10-3 and so on."""
    yield month
    for number in itertools.count(2):
        yield f"{month}-{number}"


def _fees(wish: MonthWish, ledger: SubmissionLedger, before: str) -> Iterator[Fee]:
    """The fixed fees of the batch before, but for those that a batch of this month holds with the same text."""
    billed: set[tuple[int, str | None]] = set()
    for batch in itertools.takewhile(ledger.billed_in_batch, _batches(wish.month)):
        for invoice in ledger.billed_in_batch(batch):
            billed |= {(fee.workspace_id, fee.notes) for fee in _fees_of(invoice)}
    for invoice in ledger.billed_in_batch(before):
        for fee in _fees_of(invoice):
            if wish.wants(fee.workspace_id, fee.currency) and (fee.workspace_id, fee.notes) not in billed:
                yield fee


def _fees_of(invoice: Billed) -> Iterator[Fee]:
    body: dict[str, Any] = invoice.payload["invoice"]
    for line in body.get("fixed_fee_items", ()):
        number = line.get("workspace_id") or invoice.workspace_ids[0]
        worth = invoice.worth.get(number)
        yield Fee(
            number,
            worth.title if worth else None,
            invoice.currency,
            Decimal(str(line["amount"])),
            line.get("notes"),
            line.get("taxable"),
            line.get("story_id"),
        )
