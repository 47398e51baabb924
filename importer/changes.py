"""Compare what is about to be billed with the batch before, and find content that was only dated anew. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any

from importer.payload import to_json
from importer.problems import Problem, Severity
from importer.records import Invoice, PlannedInvoice, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from importer.sheet import Sheet
    from importer.submission_ledger.past import Billed

MOST_NAMED = 8
"""Projects named in one line."""
MONTH = len("2026-10")
"""Characters of an ISO date that name its month."""
LARGEST = 5
"""How many of the largest invoices are shown."""
ITEM_LISTS = ("fixed_fee_items", "additional_items")
NOT_CONTENT = ("external_reference", "invoice_date", "user_invoice_number")
"""Fields that an invoice dated anew has otherwise."""


class Kind(Enum):
    """How a project's billing has changed."""

    MISSING = "missing now"
    NEW = "new"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Change:
    """A project that is billed otherwise than in the batch before; amounts in the main currency unit."""

    workspace_id: int
    kind: Kind
    before: Decimal | None
    now: Decimal | None
    """None: not billed."""

    @property
    def percent(self) -> Decimal | None:
        """Change against before, in percent; None when there was no amount before."""
        if not self.before or self.now is None:
            return None
        return (self.now - self.before) / abs(self.before) * 100


@dataclass(frozen=True, slots=True)
class Changes:
    """What is otherwise than in the batch before."""

    batch_before: str
    projects_before: int
    projects_now: int
    percent: Decimal
    """A change of amount beyond it counts."""
    changes: tuple[Change, ...]
    largest: tuple[PlannedInvoice, ...]
    """The largest invoices now, by amount."""

    def of(self, kind: Kind) -> tuple[Change, ...]:
        """The changes of one kind, in the order of the project numbers."""
        return tuple(one for one in self.changes if one.kind is kind)

    def lines(self) -> Iterator[str]:
        """Say it in two or three lines."""
        missing, new, changed = (self.of(kind) for kind in Kind)
        parts = [f"Against batch {self.batch_before}: {self.projects_before} projects then, {self.projects_now} now"]
        parts += [f"missing now: {_numbers(missing)}"] * bool(missing) + [f"new: {_numbers(new)}"] * bool(new)
        yield f"{'; '.join(parts)}."
        if changed:
            named = ", ".join(
                f"{one.workspace_id} ({one.before:,.2f} → {one.now:,.2f})" for one in changed[:MOST_NAMED]
            )
            more = f" and {len(changed) - MOST_NAMED} more" if len(changed) > MOST_NAMED else ""
            yield f"Amount changed by more than {self.percent:f} %: {named}{more}."
        yield f"Largest invoices: {', '.join(f'{_name(one)} {one.invoice.amount:,.2f}' for one in self.largest)}."


def compare(
    planned: Iterable[PlannedInvoice], earlier: Iterable[Billed], batch_before: str, percent: Decimal
) -> Changes:
    """Compare, project by project, with the invoices of the batch before."""
    planned = tuple(planned)
    before = _by_project(_shares_before(one) for one in earlier)
    now = _by_project(_shares_now(one) for one in planned)
    changes = []
    for number in sorted({*before, *now}):
        if number not in now:
            changes.append(Change(number, Kind.MISSING, before[number], None))
        elif number not in before:
            changes.append(Change(number, Kind.NEW, None, now[number]))
        elif before[number] != now[number]:
            change = Change(number, Kind.CHANGED, before[number], now[number])
            if change.percent is None or abs(change.percent) > percent:
                changes.append(change)
    largest = sorted(planned, key=lambda one: -one.invoice.amount)[:LARGEST]
    return Changes(batch_before, len(before), len(now), percent, tuple(changes), tuple(largest))


def dated_anew(
    planned: Iterable[PlannedInvoice], earlier: Iterable[Billed], sheet: Sheet
) -> tuple[tuple[Problem, ...], tuple[PlannedInvoice, ...]]:
    """Find every invoice that is ready and equals an earlier one in everything but its date.

    A warning for each, but those that were billed just so in the months before
    are monthly: they come back apart, as a warning each month would teach to
    read none. ``earlier``: the newest first.
    """
    by_content: dict[str, list[Billed]] = defaultdict(list)
    for past in earlier:
        by_content[_content(past.payload)].append(past)
    warnings: list[Problem] = []
    monthly: list[PlannedInvoice] = []
    for one in planned:
        twins = by_content.get(_content(one.payload), []) if one.status is Status.READY and one.payload else []
        if not twins or twins[0].reference == one.reference:
            continue
        if _is_monthly(one, twins):
            monthly.append(one)
        else:
            warnings.append(_warning(one, twins[0], sheet))
    return tuple(warnings), tuple(monthly)


def monthly_note(monthly: Sequence[PlannedInvoice]) -> str:
    """Say which invoices equal those of the months before."""
    names = [_name(one) for one in monthly[:MOST_NAMED]]
    more = f" and {len(monthly) - MOST_NAMED:,} more" if len(monthly) > MOST_NAMED else ""
    return f"Monthly, and as in the months before but for the date: {', '.join(names)}{more}."


def _is_monthly(one: PlannedInvoice, twins: Sequence[Billed]) -> bool:
    """Whether it was billed in the month before and in an earlier one, and not yet in its own."""
    billed = [str(twin.payload["invoice"].get("invoice_date") or "") for twin in twins]
    own, months = str((one.payload or {})["invoice"].get("invoice_date") or ""), {day[:MONTH] for day in billed}
    return (
        bool(own) and all(billed) and len(months) > 1 and own[:MONTH] > max(months)
        and max(months) == _previous(own[:MONTH])
    )  # fmt: skip


def _previous(month: str) -> str:
    first = date.fromisoformat(f"{month}-01")
    return (first - timedelta(days=1)).isoformat()[:MONTH]


def _warning(one: PlannedInvoice, twin: Billed, sheet: Sheet) -> Problem:
    row = one.invoice.rows[0]
    dated = twin.payload["invoice"].get("invoice_date")
    which = f"invoice {twin.invoice_id}" if twin.invoice_id else "an invoice whose answer is not known"
    when = f"dated {dated}" if dated else "which had no date of its own"
    return Problem(
        "invoice.dated_anew",
        f"{_name(one)}: all but the date is as on {which}, {when} (run {twin.run_id}, batch {twin.batch}).",
        "Right for a monthly retainer. If only the dates of an old sheet were moved on, do not send it.",
        sheet.name, sheet.address("invoice_date", row), row, "invoice_date", None, Severity.WARNING,
    )  # fmt: skip


def _content(payload: Mapping[str, Any]) -> str:
    kept = {name: value for name, value in payload["invoice"].items() if name not in NOT_CONTENT}
    return to_json(kept, sort_keys=True)


def _by_project(shares: Iterable[Iterable[tuple[int, Decimal]]]) -> dict[int, Decimal]:
    found: dict[int, Decimal] = defaultdict(Decimal)
    for each in shares:
        for number, amount in each:
            found[number] += amount
    return found


def _shares_now(one: PlannedInvoice) -> Iterator[tuple[int, Decimal]]:
    """What an invoice bills each of its projects; of an unsound one the first has all."""
    if isinstance(one.invoice, Invoice):
        for line in one.invoice.lines:
            yield line.workspace_id, line.amount or Decimal(0)
        return
    for place, number in enumerate(one.invoice.workspace_ids):
        yield number, one.invoice.amount if place == 0 else Decimal(0)


def _shares_before(one: Billed) -> Iterator[tuple[int, Decimal]]:
    body = one.payload["invoice"]
    for number in one.workspace_ids:
        yield number, Decimal(0)
    for name in ITEM_LISTS:
        for item in body.get(name, ()):
            yield item.get("workspace_id", one.workspace_ids[0]), Decimal(str(item["amount"]))


def _numbers(changes: tuple[Change, ...]) -> str:
    named = ", ".join(str(one.workspace_id) for one in changes[:MOST_NAMED])
    return named + (f" and {len(changes) - MOST_NAMED} more" if len(changes) > MOST_NAMED else "")


def _name(one: PlannedInvoice) -> str:
    return one.invoice.key or f"project {', '.join(str(number) for number in one.invoice.workspace_ids)}"
