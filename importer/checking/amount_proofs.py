"""Whether the other figures of a row agree with its amount: quantity and price, totals, net and gross, tax. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from importer.model.check_only import Rule
from importer.model.words import money

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from importer.model.sheet import CheckedColumn

    Readings = tuple[CheckedColumn, frozenset[Decimal]]
    """A filled cell's column, and the numbers that the cell may mean; none when it is no number."""
    Fault = tuple[CheckedColumn, str]
    """The column that contradicts the amount, and why: the end of a sentence."""

_CENT = Decimal("0.01")
_HALF_CENT = Decimal("0.005")
_PERCENT = Decimal(100)
_NOT_READ = "it cannot be read as a number"


@dataclass(frozen=True, slots=True)
class Facts:
    """The figures of one row; money is in the main unit."""

    amount: Decimal
    taxable: object
    """True, False, or anything else where the sheet does not say."""
    cells: Mapping[Rule, Sequence[Readings]]
    """The filled cells, by rule."""
    invoice: Decimal
    """Sum of the amounts of all rows of the same invoice."""
    is_price: bool
    """Whether the amount's header is “Price”, which may be that of one unit."""
    is_net: bool
    """Whether the amount's header says that tax is not in it."""
    used: set[int] = field(default_factory=set)
    """Positions of the columns that decided something."""

    def values(self, *rules: Rule) -> set[Decimal]:
        """All numbers that the cells under these rules may mean."""
        found: set[Decimal] = set()
        for rule in rules:
            for _, numbers in self.cells.get(rule, ()):
                found |= numbers
        return found

    def of(self, *rules: Rule) -> Iterator[Readings]:
        """The filled cells under these rules."""
        for rule in rules:
            yield from self.cells.get(rule, ())

    def use(self, *rules: Rule) -> None:
        """Note that the columns under these rules decided something."""
        self.used.update(checked.header.position for checked, _ in self.of(*rules))

    def is_amount(self, *numbers: Decimal) -> bool:
        """Tell whether one of the numbers is the amount, to half a cent."""
        return any(_same(self.amount, number) for number in numbers)


def disagreements(facts: Facts) -> Iterator[Fault]:
    """Yield each column that contradicts the amount."""
    yield from _quantity_and_price(facts)
    yield from _discount(facts)
    yield from _other_amounts(facts)
    yield from _debit_and_credit(facts)
    yield from _tax(facts)


def _same(one_side: Decimal, other: Decimal, tolerance: Decimal = _HALF_CENT) -> bool:
    return abs(one_side - other) <= tolerance


# --- quantity, price, discount ---------------------------------------------------


def _quantity_and_price(facts: Facts) -> Iterator[Fault]:
    counts = list(facts.of(Rule.QUANTITY, Rule.HOURS))
    prices = facts.values(Rule.RATE)
    if facts.is_price and Rule.RATE not in facts.cells:
        prices = {facts.amount}
    if not counts or not prices:
        return
    facts.use(Rule.QUANTITY, Rule.HOURS, Rule.RATE)
    numbers = facts.values(Rule.QUANTITY, Rule.HOURS)
    settled = facts.is_price and facts.is_amount(*facts.values(Rule.TOTAL, Rule.NET))
    if settled or _is_product(facts, numbers, prices) or (not numbers and facts.is_amount(*prices)):
        return
    checked, count = counts[0]
    yield checked, _why_no_product(facts, count, prices)


def _why_no_product(facts: Facts, count: frozenset[Decimal], prices: set[Decimal]) -> str:
    if not count:
        return f"{_NOT_READ}, and the price is not the amount {money(facts.amount)}"
    product = f"{_plain(min(count))} × {_plain(min(prices))} is {money(min(count) * min(prices))}"
    return f"{product}, the amount {money(facts.amount)}"


def _is_product(facts: Facts, counts: Iterable[Decimal], prices: Iterable[Decimal]) -> bool:
    """Tell whether a quantity times a price, less the discount, is the amount, as exactly as they are written."""
    for count in counts:
        for price in prices:
            tolerance = _HALF_CENT + _rounding(count) * abs(price) + _rounding(price) * abs(count)
            if any(_same(facts.amount, value, tolerance) for value in _reduced(facts, count * price)):
                return True
    return False


def _rounding(number: Decimal) -> Decimal:
    """By how much a number with two decimals or more may have been rounded."""
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or exponent > -2:  # noqa: PLR2004 - as money is written
        return Decimal(0)
    return Decimal(5).scaleb(exponent - 1)


def _reduced(facts: Facts, price: Decimal) -> Iterator[Decimal]:
    """A price less the discount of the row, as a sum or in percent; the price itself where there is none."""
    discounts = facts.values(Rule.DISCOUNT) - {Decimal(0)}
    if not discounts:
        yield price
    for discount in discounts:
        yield price - discount
        yield price * (1 - discount / _PERCENT)
        if discount < 1:
            yield price * (1 - discount)


def _discount(facts: Facts) -> Iterator[Fault]:
    facts.use(Rule.DISCOUNT)
    for checked, numbers in facts.of(Rule.DISCOUNT):
        if numbers == {Decimal(0)}:
            continue
        counts = facts.values(Rule.QUANTITY, Rule.HOURS) or {Decimal(1)}
        if not numbers or not _is_product(facts, counts, facts.values(Rule.RATE)):
            yield checked, "only nothing or 0 agrees with it"


# --- other amounts ---------------------------------------------------------------


def _other_amounts(facts: Facts) -> Iterator[Fault]:
    facts.use(Rule.TOTAL, Rule.NET, Rule.GROSS, Rule.CENTS, Rule.EXCHANGE, Rule.FACTOR)
    with_tax = {facts.amount + tax for tax in _taxes(facts, facts.amount)}
    the_amount = f"the amount is {money(facts.amount)}"
    yield from _unless_met(facts, Rule.TOTAL, {facts.amount, facts.invoice, *with_tax}, the_amount)
    yield from _unless_met(facts, Rule.NET, {facts.amount}, the_amount)
    yield from _unless_met(facts, Rule.CENTS, {facts.amount * _PERCENT}, the_amount)
    only_one = "amounts are billed in the project's currency, so only 1 agrees with it"
    yield from _unless_met(facts, Rule.EXCHANGE, {Decimal(1), Decimal(0)}, only_one)
    yield from _unless_met(
        facts, Rule.FACTOR, {Decimal(1)}, "the amount is billed as it stands, so only 1 agrees with it"
    )
    for checked, numbers in facts.of(Rule.GROSS):
        if not _is_gross(facts, numbers, with_tax):
            yield checked, f"{the_amount}, and the tax does not explain the difference"


def _unless_met(facts: Facts, rule: Rule, wanted: Iterable[Decimal], why: str) -> Iterator[Fault]:
    """Yield the cells under a rule that hold none of the numbers."""
    for checked, numbers in facts.of(rule):
        if not numbers:
            yield checked, _NOT_READ
        elif not _meets(numbers, wanted):
            yield checked, why


def _meets(numbers: Iterable[Decimal], wanted: Iterable[Decimal]) -> bool:
    wanted = tuple(wanted)
    return any(_same(number, other, _CENT) for number in numbers for other in wanted)


def _is_gross(facts: Facts, numbers: frozenset[Decimal], with_tax: set[Decimal]) -> bool:
    if with_tax:
        return _meets(numbers, with_tax)
    if facts.is_net or facts.is_amount(*facts.values(Rule.NET)):
        return any(abs(number) >= abs(facts.amount) for number in numbers)
    return _meets(numbers, {facts.amount})


# --- tax -------------------------------------------------------------------------


def _taxes(facts: Facts, net: Decimal) -> set[Decimal]:
    """The tax that the row may bear on a net amount, by its rate or as a sum."""
    taxes = facts.values(Rule.TAX, Rule.TAX_AMOUNT)
    for rate in facts.values(Rule.TAX):
        taxes.add(net * rate / _PERCENT)
        if abs(rate) < 1:
            taxes.add(net * rate)
    return taxes


def _tax(facts: Facts) -> Iterator[Fault]:
    if facts.taxable in (True, False) or facts.values(Rule.TOTAL, Rule.NET, Rule.GROSS):
        facts.use(Rule.TAX, Rule.TAX_AMOUNT)
    for checked, numbers in facts.of(Rule.TAX, Rule.TAX_AMOUNT):
        if not numbers:  # a code of the accounts
            continue
        why = _against_taxable(facts, numbers)
        if why is None and _is_sum(checked, numbers) and not _is_added(facts, numbers):
            why = f"nothing proves that the amount {money(facts.amount)} is without it"
        if why is not None:
            facts.use(Rule.TAX, Rule.TAX_AMOUNT)
            yield checked, why


def _against_taxable(facts: Facts, numbers: frozenset[Decimal]) -> str | None:
    """What the row says of tax that a cell contradicts; None when it agrees or says nothing."""
    is_zero = numbers == {Decimal(0)}
    if facts.taxable is False and not is_zero:
        return "Taxable says no"
    if facts.taxable is True and is_zero:
        return "Taxable says yes"
    return None


def _is_sum(checked: CheckedColumn, numbers: Iterable[Decimal]) -> bool:
    """Tell whether a cell holds a sum of tax, not a rate nor 0."""
    if numbers == {Decimal(0)}:
        return False
    return checked.column.rule is Rule.TAX_AMOUNT or all(abs(number) > _PERCENT for number in numbers)


def _is_added(facts: Facts, taxes: frozenset[Decimal]) -> bool:
    """Tell whether the other figures prove that the amount does not hold this tax."""
    if facts.is_net or facts.is_amount(*facts.values(Rule.NET)):
        return True
    rates = {rate for rate in facts.values(Rule.TAX) if abs(rate) <= _PERCENT}
    by_rate = {facts.amount * rate / _PERCENT for rate in rates} | {facts.amount * rate for rate in rates}
    gross = {facts.amount + tax for tax in taxes}
    return _meets(taxes, by_rate) or _meets(facts.values(Rule.TOTAL, Rule.GROSS), gross)


# --- debit and credit ------------------------------------------------------------


def _debit_and_credit(facts: Facts) -> Iterator[Fault]:
    pair = list(facts.of(Rule.DEBIT, Rule.CREDIT))
    if not pair:
        return
    facts.use(Rule.DEBIT, Rule.CREDIT)
    for debit in facts.values(Rule.DEBIT) or {Decimal(0)}:
        for credit in facts.values(Rule.CREDIT) or {Decimal(0)}:
            if facts.is_amount(debit - credit):
                return
    yield pair[0][0], f"debit less credit is not the amount {money(facts.amount)}"


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"
