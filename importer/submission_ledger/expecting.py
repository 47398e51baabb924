"""What an invoice was expected to come to when it was sent, as the ledger keeps it: JSON, by project."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importer.records import PlannedInvoice


@dataclass(frozen=True, slots=True)
class RecordedWorth:
    """What a project was expected to be billed."""

    title: str | None
    amount: Decimal | None
    """Main currency unit, tax excluded; None when a part of it was not known."""


def as_text(planned: PlannedInvoice) -> str | None:
    """Currency, titles and amounts by project; None when Kantata was not asked."""
    expected = planned.expected
    if expected is None:
        return None
    spaces = planned.invoice.workspace_ids
    shares = expected.shares or (None,) * len(spaces)
    projects = {
        str(number): {"title": title, "amount": None if share is None else str(share)}
        for number, title, share in zip(spaces, expected.titles, shares, strict=True)
    }
    return json.dumps({"currency": expected.currency, "projects": projects})


def read(text: str | None) -> tuple[str | None, dict[int, RecordedWorth]]:
    """Currency, and what each project was expected to be billed; nothing of invoices that older versions sent."""
    if not text:
        return None, {}
    kept = json.loads(text)
    return kept["currency"], {
        int(number): RecordedWorth(one["title"], None if one["amount"] is None else Decimal(one["amount"]))
        for number, one in kept["projects"].items()
    }
