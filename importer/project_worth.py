"""What each project is billed, by an invoice that is planned or by one that the ledger knows. Pure.

It is all that the project is billed, without tax: amounts of the sheet, and time,
expenses and milestones as Kantata prices them. What is not known of these makes the
amount not known: it is never taken for nothing.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from importer.currency_sums import currency_of
from importer.records import Invoice, PlannedInvoice, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from importer.submission_ledger.past import Billed

ITEM_LISTS = ("fixed_fee_items", "additional_items")
ID_LISTS = ("time_entry_ids", "expense_ids", "billing_milestone_ids")


@dataclass(frozen=True, slots=True)
class Worth:
    """What a project is billed in a batch."""

    amount: Decimal | None
    """Main currency unit, tax excluded; None when a part of it is not known."""
    currency: str | None = None
    title: str | None = None

    def __add__(self, other: Worth) -> Worth:
        """Both together; what one of them does not know, nobody knows."""
        both = None if self.amount is None or other.amount is None else self.amount + other.amount
        return Worth(both, self.currency or other.currency, self.title or other.title)


NOTHING = Worth(Decimal(0))


def by_project(shares: Iterable[Mapping[int, Worth]]) -> dict[int, Worth]:
    """What several invoices bill each project together."""
    found: dict[int, Worth] = defaultdict(lambda: NOTHING)
    for each in shares:
        for number, worth in each.items():
            found[number] += worth
    return found


def worth_now(one: PlannedInvoice, known: Mapping[str, Billed]) -> dict[int, Worth]:
    """What an invoice bills each of its projects; of an unsound one nobody knows it."""
    expected, spaces = one.expected, one.invoice.workspace_ids
    titles = expected.titles if expected else (None,) * len(spaces)
    shares = (expected.shares if expected else ()) or (None,) * len(spaces)
    earlier = known.get(one.reference or "") if one.status is Status.ALREADY_CREATED else None
    recorded = worth_before(earlier) if earlier is not None else {}
    found = {}
    for number, title, share in zip(spaces, titles, shares, strict=True):
        old = recorded.get(number, Worth(None))
        amount = share if share is not None else _in_sheet(one, number)
        amount = old.amount if amount is None else amount
        found[number] = Worth(amount, currency_of(one) or old.currency, title or old.title)
    return found


def _in_sheet(one: PlannedInvoice, number: int) -> Decimal | None:
    """A project's amounts in the sheet; None unless all its lines have one there."""
    if not isinstance(one.invoice, Invoice):
        return None
    amounts = [line.amount for line in one.invoice.lines if line.workspace_id == number]
    known = [amount for amount in amounts if amount is not None]
    return sum(known, Decimal(0)) if len(known) == len(amounts) else None


def worth_before(one: Billed) -> dict[int, Worth]:
    """What an invoice billed each of its projects: as the ledger has it, else as it was sent."""
    body = one.payload["invoice"]
    sent = _sent(body, one.workspace_ids) if not any(body.get(name) for name in ID_LISTS) else {}
    found = {}
    for number in one.workspace_ids:
        recorded = one.worth.get(number)
        amount = recorded.amount if recorded else None
        title = recorded.title if recorded else None
        found[number] = Worth(sent.get(number) if amount is None else amount, one.currency, title)
    return found


def _sent(body: Mapping[str, Any], workspace_ids: tuple[int, ...]) -> dict[int, Decimal]:
    found = dict.fromkeys(workspace_ids, Decimal(0))
    for name in ITEM_LISTS:
        for item in body.get(name, ()):
            found[item.get("workspace_id", workspace_ids[0])] += Decimal(str(item["amount"]))
    return found
