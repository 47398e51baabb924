"""How far in time an earlier invoice is from a planned one. Pure."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importer.model.remembered import LedgerEntry

LOOK_BACK = 400
"""Days: how long before the plan's earliest date an invoice may be sent whose lines are compared."""


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
