"""Find invoices whose content was billed before and only given another date or number. Pure."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from importer.kantata.payload import unordered_fingerprint_of
from importer.model.plans import PlannedInvoice, Status
from importer.model.problems import Problem, Severity
from importer.model.words import invoice_named, names_in_short

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from importer.ledger.rows import Billed
    from importer.model.sheet import Sheet

MONTH = len("2026-10")
"""Characters of an ISO date that name its month."""
NOT_CONTENT = ("external_reference", "invoice_date", "user_invoice_number")
"""Fields that an invoice given another date has otherwise."""


def redated(
    planned: Iterable[PlannedInvoice], earlier: Iterable[Billed], sheet: Sheet
) -> tuple[tuple[Problem, ...], tuple[PlannedInvoice, ...]]:
    """Find every invoice that is ready and equals an earlier one in everything but its date or number.

    A warning for each, but those that were billed just so in the months before
    are monthly: they come back apart, as a warning each month would teach to
    read none. ``earlier``: the newest first.
    """
    by_content: dict[str, list[Billed]] = defaultdict(list)
    for past in earlier:
        by_content[_content(past.payload)].append(past)
    warnings: list[Problem] = []
    monthly: list[PlannedInvoice] = []
    for invoice in planned:
        twin = _twin(invoice, by_content)
        if twin is None:
            continue
        if _is_monthly(invoice, by_content[_content(twin.payload)]):
            monthly.append(invoice)
        else:
            warnings.append(_warning(invoice, twin, sheet))
    return tuple(warnings), tuple(monthly)


def _twin(planned: PlannedInvoice, by_content: Mapping[str, Sequence[Billed]]) -> Billed | None:
    """The newest invoice with this content; None for one of the same date and number: it is meant, or held."""
    if planned.status is not Status.READY or not planned.payload:
        return None
    twins = by_content.get(_content(planned.payload))
    if not twins or twins[0].reference == planned.reference or _marks(twins[0].payload) == _marks(planned.payload):
        return None
    return twins[0]


def monthly_note(monthly: Sequence[PlannedInvoice]) -> str:
    """Say which invoices equal those of the months before."""
    names = names_in_short([_name(planned) for planned in monthly])
    return f"Monthly, and as in the months before but for the date: {names}."


def _is_monthly(planned: PlannedInvoice, twins: Sequence[Billed]) -> bool:
    """Whether it was billed in the month before and in an earlier one, and not yet in its own."""
    day, _ = _marks(planned.payload)
    billed = [_marks(twin.payload)[0] for twin in twins]
    if not day or not all(billed):
        return False
    months = {str(other)[:MONTH] for other in billed}
    return len(months) > 1 and max(months) == _previous(str(day)[:MONTH])


def _previous(month: str) -> str:
    first = date.fromisoformat(f"{month}-01")
    return (first - timedelta(days=1)).isoformat()[:MONTH]


def _warning(planned: PlannedInvoice, twin: Billed, sheet: Sheet) -> Problem:
    dated, row = _marks(twin.payload)[0], planned.invoice.rows[0]
    which = f"invoice {twin.invoice_id}" if twin.invoice_id else "an invoice whose answer is not known"
    when = f"dated {dated}" if dated else "which had no date of its own"
    other, meant, moved = "date", "Right for a monthly retainer.", "the dates of an old sheet were moved on"
    if dated == _marks(planned.payload)[0]:
        other, meant, moved = "number", "Right if the same is due twice on that day.", "it was given another number"
    return Problem(
        "invoice.dated_anew",
        f"{_name(planned)}: all but the {other} is as on {which}, {when} (run {twin.run_id}, batch {twin.batch}).",
        f"{meant} If only {moved}, do not send it.",
        sheet.name,
        sheet.address("invoice_date", row),
        row,
        "invoice_date",
        None,
        Severity.WARNING,
    )


def _marks(payload: Mapping[str, Any] | None) -> tuple[object, object]:
    """Date and number of an invoice."""
    body = payload["invoice"] if payload else {}
    return body.get("invoice_date"), body.get("user_invoice_number")


def _content(payload: Mapping[str, Any]) -> str:
    kept = {name: value for name, value in payload["invoice"].items() if name not in NOT_CONTENT}
    return unordered_fingerprint_of({"invoice": kept})


def _name(planned: PlannedInvoice) -> str:
    return invoice_named(planned.invoice.key, planned.invoice.workspace_ids)
