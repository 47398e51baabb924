"""The gates that a plan must pass before anything is sent: figures expected, and figures too large. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from importer.errors import GateRefused
from importer.words import row_ranges

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from decimal import Decimal

    from importer.records import PlannedInvoice, Totals

MOST_NAMED = 5
"""Invoices named in one refusal."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a person has said of the figures; None: nothing. Amounts in the main currency unit."""

    expect_invoices: int | None = None
    expect_total: Decimal | None = None
    largest_invoice: Decimal | None = None
    largest_total: Decimal | None = None


def check(planned: Iterable[PlannedInvoice], totals: Totals, limits: Limits) -> None:
    """Raise GateRefused, with the figure found and the one allowed, unless the plan keeps to all limits."""
    expected, too_large = list(_unexpected(totals, limits)), list(_too_large(planned, totals, limits))
    if not expected and not too_large:
        return
    hints = ["Check the sheet, or correct --expect-invoices and --expect-total."] * bool(expected)
    hints += ["Check the amounts; if they are meant, raise largest_invoice or largest_total."] * bool(too_large)
    msg = f"Nothing was sent: {', and '.join([*expected, *too_large])}."
    raise GateRefused(msg, " ".join(hints), code="gate.totals" if expected else "gate.largest")


def _unexpected(totals: Totals, limits: Limits) -> Iterator[str]:
    if limits.expect_invoices not in (None, totals.invoices):
        yield f"the sheet makes {totals.invoices} invoices, but {limits.expect_invoices} were expected"
    if limits.expect_total is not None and limits.expect_total != totals.amount:
        yield f"the sheet has {totals.amount:,.2f}, but {limits.expect_total:,.2f} was expected"


def _too_large(planned: Iterable[PlannedInvoice], totals: Totals, limits: Limits) -> Iterator[str]:
    most = limits.largest_invoice
    over = [] if most is None else [one for one in planned if abs(one.invoice.amount) > most]
    for one in sorted(over, key=lambda each: -abs(each.invoice.amount))[:MOST_NAMED]:
        name = one.invoice.key or f"project {', '.join(str(number) for number in one.invoice.workspace_ids)}"
        yield (
            f"the invoice of {name} (row {row_ranges(one.invoice.rows)}) has {one.invoice.amount:,.2f}, but "
            f"largest_invoice allows {most:,.2f}"
        )
    if len(over) > MOST_NAMED:
        yield f"{len(over) - MOST_NAMED} more invoices have more than that"
    if limits.largest_total is not None and abs(totals.amount) > limits.largest_total:
        yield f"the sheet has {totals.amount:,.2f}, but largest_total allows {limits.largest_total:,.2f}"
