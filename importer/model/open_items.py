"""Work that is open in Kantata, and what of it a sheet leaves out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING

from importer.model.currency_sums import CURRENCY_NOT_KNOWN
from importer.model.words import count_of, money

if TYPE_CHECKING:
    from importer.model.invoices import ItemType


class Obstacle(Enum):
    """Why an open item cannot be billed now; the value says it to a person."""

    NOT_APPROVED = "not approved"
    NO_REPORT = "on no approved expense report"
    LATER = "to be invoiced later"
    UNDATED = "without a date to invoice"
    ON_INVOICE = "on an invoice already"
    SENT_BEFORE = "billed by an earlier run"
    NO_PROJECT = "of a project that is not shown"
    ARCHIVED = "of an archived project"
    HIDDEN = "of a project whose finances are hidden"
    OTHER_CURRENCY = "in another currency than its project"


@dataclass(frozen=True, slots=True)
class OpenItem:
    """A time entry, expense or milestone that Kantata shows as open; None where it says nothing."""

    item_type: ItemType
    item_id: int
    workspace_id: int
    title: str | None
    """Of its project."""
    amount: Decimal | None
    """Main currency unit, rounded to the smallest coin; None when it is not known."""
    currency: str | None
    """Code such as EUR."""
    day: date | None
    """When the work was done or the money spent; of a milestone, when it is to be invoiced."""
    text: str | None = None
    person: str | None = None
    task: str | None = None
    obstacle: Obstacle | None = None
    """None: it can be billed now."""
    detail: str | None = None
    """More of the obstacle, such as the invoice that holds it."""


@dataclass(frozen=True, slots=True)
class CurrencySum:
    """What items of one currency come to."""

    count: int = 0
    amount: Decimal = Decimal(0)
    """Main unit, of the items whose amount is known."""
    unknown: int = 0
    """Items whose amount is not known."""


def sums_by_currency(items: Iterable[OpenItem]) -> dict[str, CurrencySum]:
    """What items come to, by the code of their currency."""
    sums: dict[str, CurrencySum] = defaultdict(CurrencySum)
    for item in items:
        code = item.currency or CURRENCY_NOT_KNOWN
        known = sums[code]
        unknown = known.unknown + (item.amount is None)
        sums[code] = CurrencySum(known.count + 1, known.amount + (item.amount or 0), unknown)
    return dict(sorted(sums.items()))


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What could be billed in the account and stands in no row of a sheet."""

    months: tuple[str, ...]
    """The months of the sheet: ``2026-10``."""
    items: tuple[OpenItem, ...]
    """Of these months, by project and day."""
    older: tuple[OpenItem, ...] | None
    """Of other months before the last of them; None when they are too many to be listed."""
    not_now: Mapping[Obstacle, int] = field(default_factory=dict)
    """How many others are open up to then, and why they cannot be billed now."""
    is_whole: bool = True
    """Whether Kantata has shown all that it counts."""


# --- in words -------------------------------------------------------------------------


def in_words(items: Iterable[OpenItem]) -> str:
    """Sums per currency: “EUR 1,830.50 (4 items), USD 200.00 (1 item)”."""
    parts = []
    for currency, total in sums_by_currency(items).items():
        unknown = f", {total.unknown:,} of them without a known worth" if total.unknown else ""
        parts.append(f"{currency} {money(total.amount)} ({count_of(total.count, 'item')}{unknown})")
    return ", ".join(parts)


def not_now_in_words(not_now: Mapping[Obstacle, int]) -> str | None:
    """How many others are open and why they cannot be billed now; None when there are none."""
    if not not_now:
        return None
    parts = [f"{count:,} {obstacle.value}" for obstacle, count in not_now.items()]
    return f"Open too, but not billable now: {'; '.join(parts)}."
