"""What each project is billed, by an invoice that is planned or by one that the ledger knows. Pure.

It is all that the project is billed, without tax: amounts of the sheet, and time,
expenses and milestones as Kantata prices them. What is not known of these makes the
amount not known: it is never taken for nothing.

Compare what is about to be billed with the batch before, project by project. Pure.
"""

from __future__ import annotations

from collections import defaultdict
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
    from collections.abc import Iterable, Iterator, Mapping

    from importer.ledger.rows import Billed


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
    sent = _sent(body, one.workspace_ids) if not any(body.get(name) for name in ID_LISTS.values()) else {}
    found = {}
    for number in one.workspace_ids:
        recorded = one.worth.get(number)
        amount = recorded.amount if recorded else None
        title = recorded.title if recorded else None
        found[number] = Worth(sent.get(number) if amount is None else amount, one.currency, title)
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


@dataclass(frozen=True, slots=True)
class Change:
    """A project that is billed otherwise than in the batch before; amounts in the main currency unit."""

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
    """Of its projects, as far as Kantata told them."""
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
    changes: tuple[Change, ...]
    largest: tuple[Large, ...]
    """The largest invoices now: by currency, then by amount."""
    not_ranked: int = 0
    """Invoices whose amount is not known."""
    billed_apart: int = 0
    """Projects now of which the plan holds nothing: other files of the batch billed them."""

    def of(self, kind: Kind) -> tuple[Change, ...]:
        """The changes of one kind, in the order of the project numbers."""
        return tuple(one for one in self.changes if one.kind is kind)

    def lines(self) -> Iterator[str]:
        """Say it in a few lines."""
        missing, new, changed, apart = (self.of(kind) for kind in Kind)
        unknown = tuple(one for one in apart if not one.currency_before)
        other = tuple(one for one in apart if one.currency_before)
        parts = [f"Against batch {self.batch_before}: {self.projects_before} projects then, {self.projects_now} now"]
        parts[0] += f", {self.billed_apart} of them billed already, not by this file" * bool(self.billed_apart)
        parts += [f"missing now: {_names(missing)}"] * bool(missing) + [f"new: {_names(new)}"] * bool(new)
        yield f"{'; '.join(parts)}."
        if changed:
            named = [
                f"{_name(one)} ({_priced(one.currency, one.before)} → {_priced(None, one.now)})" for one in changed
            ]
            yield f"Amount changed by more than {self.percent:f} %: {names_in_short(named)}."
        if unknown:
            yield (
                f"Not compared: {_names(unknown)}. For one of the two batches it is not known what their time, "
                "expenses or milestones come to."
            )
        if other:
            named = [f"{_name(one)} ({one.currency_before} then, {one.currency} now)" for one in other]
            yield f"Not compared, because the currency is another one: {names_in_short(named)}."
        yield from self._largest_lines()

    def _largest_lines(self) -> Iterator[str]:
        for currency in dict.fromkeys(one.currency for one in self.largest):
            named = [
                f"{' '.join([one.name, *map(_quoted, one.titles)])} {money(one.amount)}"
                for one in self.largest
                if one.currency == currency
            ]
            yield f"Largest invoices{f' in {currency}' if currency else ''}: {', '.join(named)}."
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
    known = {one.reference: one for one in billed_now}
    before = by_project(worth_before(one) for one in earlier)
    worth = [worth_now(one, known) for one in planned]
    here = by_project(worth)
    now = by_project([*worth, *(worth_before(one) for one in _apart(known.values(), planned))])
    changes = (_change(number, before.get(number), now.get(number), percent) for number in sorted({*before, *now}))
    large = [_large(one, shares) for one, shares in zip(planned, worth, strict=True)]
    found = tuple(one for one in changes if one is not None)
    return Changes(
        batch_before,
        len(before),
        len(now),
        percent,
        found,
        tuple(_largest(one for one in large if one is not None)),
        large.count(None),
        len(now) - len(here),
    )


def _apart(billed: Iterable[Billed], planned: Iterable[PlannedInvoice]) -> Iterator[Billed]:
    """The invoices of this batch that the plan neither holds nor is held back by: what it holds stands for these."""
    here, before = {one.reference for one in planned}, {one.earlier_id for one in planned} - {None}
    return (one for one in billed if one.reference not in here and one.invoice_id not in before)


def _change(number: int, before: Worth | None, now: Worth | None, percent: Decimal) -> Change | None:
    """What changed of a project; None when nothing worth a word did."""
    kind = _kind(before, now, percent)
    if kind is None:
        return None
    known = [one for one in (now, before) if one is not None]
    currency_before = before.currency if before and now and _other_currency(before, now) else None
    currency = next((one.currency for one in known if one.currency), None)
    title = next((one.title for one in known if one.title), None)
    amounts = (before.amount if before else None, now.amount if now else None)
    return Change(number, kind, *amounts, currency, title, currency_before)


def _kind(before: Worth | None, now: Worth | None, percent: Decimal) -> Kind | None:
    if now is None or before is None:
        return Kind.MISSING if now is None else Kind.NEW
    if before.amount is None or now.amount is None or _other_currency(before, now):
        return Kind.NOT_COMPARED
    moved = abs(now.amount - before.amount)
    return Kind.CHANGED if moved and (not before.amount or moved / abs(before.amount) * 100 > percent) else None


def _other_currency(before: Worth, now: Worth) -> bool:
    return None not in (before.currency, now.currency) and before.currency != now.currency


def _large(one: PlannedInvoice, shares: Mapping[int, Worth]) -> Large | None:
    """The invoice as it may be ranked; None when its amount is not known."""
    total = one.expected.total if one.expected else None
    if total is None:
        total = sum(shares.values(), NOTHING).amount if shares else None
    if total is None:
        return None
    currency = currency_of(one) or next((share.currency for share in shares.values()), None)
    titles = tuple(share.title for share in shares.values() if share.title)
    return Large(one.invoice.key or ", ".join(map(str, shares)), titles, currency, total)


def _largest(invoices: Iterable[Large]) -> Iterator[Large]:
    by_currency: dict[str | None, list[Large]] = defaultdict(list)
    for one in invoices:
        by_currency[one.currency].append(one)
    for currency in sorted(by_currency, key=lambda code: code or "~"):
        yield from sorted(by_currency[currency], key=lambda one: -one.amount)[:LARGEST]


def _priced(currency: str | None, amount: Decimal | None) -> str:
    return f"{currency or ''} {NOT_KNOWN if amount is None else money(amount)}".strip()


def _name(one: Change) -> str:
    return f"{one.workspace_id} {_quoted(one.title)}" if one.title else str(one.workspace_id)


def _quoted(title: str) -> str:
    return f"“{title}”" if len(title) <= LONGEST_TITLE else f"“{title[:LONGEST_TITLE].rstrip()}…”"


def _names(changes: tuple[Change, ...]) -> str:
    return names_in_short([_name(change) for change in changes])
