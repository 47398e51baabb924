"""Compare what is about to be billed with the batch before, project by project. Pure.

What a project is billed is without tax: amounts of the sheet, and time, expenses and milestones as Kantata prices
them. What is not known of these makes the amount not known: it is never taken for nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any

from importer.kantata.fields import ID_LISTS, ITEM_LISTS
from importer.model.currency_sums import currency_of
from importer.model.invoices import Invoice
from importer.model.plans import PlannedInvoice, Status
from importer.model.words import NOT_KNOWN, money, names_in_short

if TYPE_CHECKING:
    from importer.ledger.rows import Billed


@dataclass(frozen=True, slots=True)
class Worth:
    """What a project is billed in a batch."""

    amount: Decimal | None
    """Main currency unit, tax excluded; None when a part of it is not known."""
    currency: str | None = None
    title: str | None = None

    def __add__(self, other: Worth) -> Worth:
        """Both together; the amount is not known unless both are."""
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


def worth_now(planned: PlannedInvoice, known: Mapping[str, Billed]) -> dict[int, Worth]:
    """What an invoice bills each of its projects; ``known`` are the invoices of its batch by reference."""
    recorded: dict[int, Worth] = {}
    earlier = known.get(planned.reference or "")
    if planned.status is Status.ALREADY_CREATED and earlier is not None:
        recorded = worth_before(earlier)

    found: dict[int, Worth] = {}
    for number, expected in _expected(planned).items():
        old = recorded.get(number, Worth(None))
        amount = expected.amount
        if amount is None:
            amount = _in_sheet(planned, number)
        if amount is None:
            amount = old.amount
        found[number] = Worth(amount, currency_of(planned) or old.currency, expected.title or old.title)
    return found


def _expected(planned: PlannedInvoice) -> dict[int, Worth]:
    """What Kantata shows of each project of an invoice, without the currency."""
    spaces, expected = planned.invoice.workspace_ids, planned.expected
    if expected is None:
        return dict.fromkeys(spaces, Worth(None))
    shares = expected.shares or (None,) * len(spaces)
    found: dict[int, Worth] = {}
    for number, title, share in zip(spaces, expected.titles, shares, strict=True):
        found[number] = Worth(share, None, title)
    return found


def _in_sheet(planned: PlannedInvoice, number: int) -> Decimal | None:
    """A project's amounts in the sheet; None unless all its lines have one there."""
    if not isinstance(planned.invoice, Invoice):
        return None
    total = Decimal(0)
    for line in planned.invoice.lines:
        if line.workspace_id == number:
            if line.amount is None:
                return None
            total += line.amount
    return total


def worth_before(billed: Billed) -> dict[int, Worth]:
    """What an invoice billed each of its projects: as the ledger has it, else as it was sent."""
    body = billed.payload["invoice"]
    sent: dict[int, Decimal] = {}
    if not any(body.get(name) for name in ID_LISTS.values()):
        sent = _sent(body, billed.workspace_ids)

    found: dict[int, Worth] = {}
    for number in billed.workspace_ids:
        amount, title = sent.get(number), None
        recorded = billed.worth.get(number)
        if recorded is not None:
            title = recorded.title
            if recorded.amount is not None:
                amount = recorded.amount
        found[number] = Worth(amount, billed.currency, title)
    return found


def _sent(body: Mapping[str, Any], workspace_ids: tuple[int, ...]) -> dict[int, Decimal]:
    found = dict.fromkeys(workspace_ids, Decimal(0))
    for name in ITEM_LISTS.values():
        for item in body.get(name, ()):
            found[item.get("workspace_id", workspace_ids[0])] += Decimal(str(item["amount"]))
    return found


LARGEST = 5
"""How many of the largest invoices of a currency are shown."""
LONGEST_TITLE = 40
"""Characters of a title in a line."""


class Kind(Enum):
    """How a project's billing has changed."""

    MISSING = "missing now"
    NEW = "new"
    CHANGED = "changed"
    NOT_COMPARED = "not compared"
    STEADY = "about the same"
    """Not worth a word of its own."""


@dataclass(frozen=True, slots=True)
class Change:
    """A project against the batch before; amounts in the main currency unit."""

    workspace_id: int
    kind: Kind
    before: Decimal | None
    now: Decimal | None
    """None: not billed, or not known."""
    currency: str | None = None
    title: str | None = None
    currency_before: str | None = None
    """Only where it was another one."""

    @property
    def percent(self) -> Decimal | None:
        """Change against before, in percent; None when there was no amount before, or of another currency."""
        if not self.before or self.now is None or self.currency_before:
            return None
        return (self.now - self.before) / abs(self.before) * 100

    @property
    def moved(self) -> Decimal | None:
        """Amount now less amount before; None when either is not known, or of another currency."""
        if self.currency_before:
            return None
        before = Decimal(0) if self.kind is Kind.NEW else self.before
        now = Decimal(0) if self.kind is Kind.MISSING else self.now
        return None if before is None or now is None else now - before


@dataclass(frozen=True, slots=True)
class Large:
    """An invoice among the largest of its currency."""

    name: str
    """Its key, else its project's number."""
    titles: tuple[str, ...]
    """Of its projects, as far as Kantata names them."""
    currency: str | None
    amount: Decimal
    """Main currency unit, tax excluded."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What is otherwise than in the batch before."""

    batch_before: str
    projects_before: int
    projects_now: int
    percent: Decimal
    """A change of amount beyond it counts."""
    projects: tuple[Change, ...]
    """Each project of the two batches, in the order of their numbers."""
    largest: tuple[Large, ...]
    """The largest invoices now: by currency, then by amount."""
    not_ranked: int = 0
    """Invoices whose amount is not known."""
    billed_apart: int = 0
    """Projects now of which the plan holds nothing: other files of the batch billed them."""

    @property
    def changes(self) -> tuple[Change, ...]:
        """The projects that are billed otherwise than before."""
        return tuple(change for change in self.projects if change.kind is not Kind.STEADY)

    def of(self, kind: Kind) -> tuple[Change, ...]:
        """The changes of one kind, in the order of the project numbers."""
        return tuple(change for change in self.changes if change.kind is kind)

    def lines(self) -> Iterator[str]:
        """Say it in a few lines."""
        yield self._projects_line()
        changed, other = [], []
        for change in self.of(Kind.CHANGED):
            amounts = f"{_priced(change.currency, change.before)} → {_priced(None, change.now)}"
            changed.append(f"{_name(change)} ({amounts})")
        unknown = [change for change in self.of(Kind.NOT_COMPARED) if not change.currency_before]
        for change in self.of(Kind.NOT_COMPARED):
            if change.currency_before:
                other.append(f"{_name(change)} ({change.currency_before} then, {change.currency} now)")

        if changed:
            yield f"Amount changed by more than {self.percent:f} %: {names_in_short(changed)}."
        if unknown:
            yield (
                f"Not compared: {_names(unknown)}. For one of the two batches it is not known what their time, "
                "expenses or milestones come to."
            )
        if other:
            yield f"Not compared, because the currency is another one: {names_in_short(other)}."
        yield from self.largest_lines()

    def _projects_line(self) -> str:
        """How many projects there are, and which come and go."""
        line = f"Against batch {self.batch_before}: {self.projects_before} projects then, {self.projects_now} now"
        if self.billed_apart:
            line += f", {self.billed_apart} of them billed already"
        missing, new = self.of(Kind.MISSING), self.of(Kind.NEW)
        if missing:
            line += f"; missing now: {_names(missing)}"
        if new:
            line += f"; new: {_names(new)}"
        return f"{line}."

    def largest_lines(self) -> Iterator[str]:
        """Name the largest invoices, one line per currency."""
        by_currency: dict[str | None, list[str]] = defaultdict(list)
        for large in self.largest:
            name = " ".join([large.name, *map(_quoted, large.titles)])
            by_currency[large.currency].append(f"{name} {money(large.amount)}")
        for currency, named in by_currency.items():
            of_currency = f" in {currency}" if currency else ""
            yield f"Largest invoices{of_currency}: {', '.join(named)}."
        if self.not_ranked:
            yield f"Not among the largest, because their amount is not known: {self.not_ranked:,} of the invoices."


def compare(
    planned: Iterable[PlannedInvoice],
    earlier: Iterable[Billed],
    batch_before: str,
    percent: Decimal,
    billed_now: Iterable[Billed] = (),
) -> Changes:
    """Compare, project by project, with the invoices of the batch before.

    ``billed_now`` are the invoices of this batch that the ledger knows: of what is
    billed already Kantata tells the worth no more, and what other files of the
    batch have billed is not missing.
    """
    planned = tuple(planned)
    known = {billed.reference: billed for billed in billed_now}
    before = by_project(map(worth_before, earlier))
    worth = [worth_now(invoice, known) for invoice in planned]
    here = by_project(worth)
    now = by_project([*worth, *map(worth_before, _apart(known.values(), planned))])

    numbers = sorted({*before, *now})
    projects = [_change(number, before.get(number), now.get(number), percent) for number in numbers]
    ranked = [_large(invoice, shares) for invoice, shares in zip(planned, worth, strict=True)]
    largest = _largest(large for large in ranked if large is not None)
    return Changes(
        batch_before,
        len(before),
        len(now),
        percent,
        tuple(projects),
        tuple(largest),
        ranked.count(None),
        len(now) - len(here),
    )


def _apart(billed: Iterable[Billed], planned: Iterable[PlannedInvoice]) -> Iterator[Billed]:
    """The invoices of this batch that the plan neither holds nor is held back by: what it holds stands for these."""
    here, before = set[str | None](), set[str | None]()
    for invoice in planned:
        here.add(invoice.reference)
        if invoice.earlier_id is not None:
            before.add(invoice.earlier_id)
    for entry in billed:
        if entry.reference not in here and entry.invoice_id not in before:
            yield entry


def _change(number: int, before: Worth | None, now: Worth | None, percent: Decimal) -> Change:
    """What changed of a project."""
    kind = _kind(before, now, percent)
    then, since = before or Worth(None), now or Worth(None)
    currency_before = then.currency if _other_currency(then, since) else None
    currency, title = since.currency or then.currency, since.title or then.title
    return Change(number, kind, then.amount, since.amount, currency, title, currency_before)


def _kind(before: Worth | None, now: Worth | None, percent: Decimal) -> Kind:
    if now is None or before is None:
        return Kind.MISSING if now is None else Kind.NEW
    if before.amount is None or now.amount is None or _other_currency(before, now):
        return Kind.NOT_COMPARED
    moved = abs(now.amount - before.amount)
    if moved and (not before.amount or moved / abs(before.amount) * 100 > percent):
        return Kind.CHANGED
    return Kind.STEADY


def _other_currency(before: Worth, now: Worth) -> bool:
    return None not in (before.currency, now.currency) and before.currency != now.currency


def _large(planned: PlannedInvoice, shares: Mapping[int, Worth]) -> Large | None:
    """The invoice as it may be ranked; None when its amount is not known."""
    total = planned.expected.total if planned.expected else None
    if total is None and shares:
        total = sum(shares.values(), NOTHING).amount
    if total is None:
        return None
    currency = currency_of(planned)
    if currency is None and shares:
        currency = next(iter(shares.values())).currency
    titles = tuple(share.title for share in shares.values() if share.title)
    return Large(planned.invoice.key or ", ".join(map(str, shares)), titles, currency, total)


def _largest(invoices: Iterable[Large]) -> Iterator[Large]:
    by_currency: dict[str | None, list[Large]] = defaultdict(list)
    for large in invoices:
        by_currency[large.currency].append(large)
    for currency in sorted(by_currency, key=lambda code: code or "~"):
        yield from sorted(by_currency[currency], key=lambda large: -large.amount)[:LARGEST]


def _priced(currency: str | None, amount: Decimal | None) -> str:
    figure = NOT_KNOWN if amount is None else money(amount)
    return f"{currency or ''} {figure}".strip()


def _name(change: Change) -> str:
    return f"{change.workspace_id} {_quoted(change.title)}" if change.title else str(change.workspace_id)


def _quoted(title: str) -> str:
    return f"“{title}”" if len(title) <= LONGEST_TITLE else f"“{title[:LONGEST_TITLE].rstrip()}…”"


def _names(changes: Sequence[Change]) -> str:
    return names_in_short([_name(change) for change in changes])
