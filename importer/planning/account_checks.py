"""What is wrong with invoices, as far as the account shows it; each finding at its cell. Pure.

Also whether the currency mark that stands beside an amount fits the project's currency.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Any

from importer.checking.unsent_cells import MOST_CELLS, TAXES
from importer.kantata.account import MINUTES_PER_HOUR, BillableItem, Holder, Project
from importer.model.check_only import CHECK_BY_NAME
from importer.model.columns import BY_NAME
from importer.model.invoices import Invoice, ItemType, LineItem
from importer.model.sheet import Sheet, text_of
from importer.model.words import money, names_in_short
from importer.planning.account import CENTS, RECORDS, Account, named
from importer.planning.named_projects import differs
from importer.values.names import same

if TYPE_CHECKING:
    from importer.model.problems import Problem

NUMBER, HOURS, RATE, TOTAL, GROSS = "user_invoice_number", "hours", "rate", "total", "gross"
PERCENT = 100
FAR_AHEAD = 100
"""Numbers that an invoice number may lie above Kantata's next one, beside those that the sheet itself uses."""
DOLLARS = frozenset(
    {
        "USD",
        "CAD",
        "AUD",
        "NZD",
        "SGD",
        "HKD",
        "TWD",
        "MXN",
        "BRL",
        "CLP",
        "COP",
        "ARS",
        "BSD",
        "BBD",
        "BMD",
        "BND",
        "BZD",
        "FJD",
        "GYD",
        "JMD",
        "KYD",
        "LRD",
        "NAD",
        "SBD",
        "SRD",
        "TTD",
        "XCD",
    }
)
"""Currencies that are written with $: dollars, and the pesos and the real that share the sign."""
SIGNS: dict[str, frozenset[str]] = {
    "$": DOLLARS,
    "US$": frozenset({"USD"}),
    "A$": frozenset({"AUD"}),
    "C$": frozenset({"CAD", "NIO"}),
    "CA$": frozenset({"CAD"}),
    "NZ$": frozenset({"NZD"}),
    "HK$": frozenset({"HKD"}),
    "S$": frozenset({"SGD"}),
    "R$": frozenset({"BRL"}),
    "€": frozenset({"EUR"}),
    "£": frozenset({"GBP", "EGP", "FKP", "GIP", "SHP"}),
    "¥": frozenset({"JPY", "CNY"}),
    "₹": frozenset({"INR"}),
    "₩": frozenset({"KRW"}),
    "₪": frozenset({"ILS"}),
    "₺": frozenset({"TRY"}),
    "₽": frozenset({"RUB"}),
    "₴": frozenset({"UAH"}),
    "₫": frozenset({"VND"}),
    "฿": frozenset({"THB"}),
    "₱": frozenset({"PHP"}),
    "zł": frozenset({"PLN"}),
    "kč": frozenset({"CZK"}),
    "ft": frozenset({"HUF"}),
    "kr": frozenset({"SEK", "NOK", "DKK", "ISK"}),
    "fr": frozenset({"CHF"}),
    "sfr": frozenset({"CHF"}),
}
"""Sign → codes that it may stand for."""


def fits(mark: str | None, currency: str | None) -> bool | None:
    """Tell whether a mark such as “$”, “EUR” or “kr.” may mean a currency code.

    None when that cannot be known: no mark, no currency, or a mark that is not known.
    """
    sign, code = (mark or "").strip().rstrip(".").casefold(), (currency or "").strip().upper()
    if not sign or not code:
        return None
    known = {name.casefold(): codes for name, codes in SIGNS.items()}
    if sign in known:
        return code in known[sign]
    is_code = len(sign) == 3 and sign.isascii() and sign.isalpha()  # noqa: PLR2004 - ISO 4217
    return sign.upper() == code if is_code else None


@dataclass(frozen=True, slots=True)
class Said:
    """What rows say of records of Kantata, beside their ids."""

    titles: Mapping[int, str]
    """Row → title that it gives to its project."""
    values: Mapping[int, Mapping[str, Decimal]]
    """Row → column → amount, rate (both main unit) or hours of its time entry, expense or milestone."""


def findings(  # noqa: PLR0913 - one argument per fact
    invoices: Sequence[Invoice],
    sheet: Sheet,
    account: Account,
    today: date,
    said: Said,
    *,
    ready: bool = True,
) -> Iterator[Problem]:
    """Yield all findings in the order of the invoices.

    ``today`` stands for a missing invoice date. Of what is not ``ready`` it cannot be
    said whether it is billed already: perhaps it is, by this very sheet.
    """
    check = _Check(sheet, account, today, said, ready)
    for invoice in invoices:
        yield from check.invoice(invoice)
    if ready:
        yield from check.far_numbers(invoices)


def project_findings(rows: Mapping[int, int], sheet: Sheet, account: Account, today: date) -> Iterator[Problem]:
    """Yield what is wrong with the projects of rows that have other errors; ``rows``: project → its first row."""
    check = _Check(sheet, account, today, Said({}, {}), ready=False)
    for number, row in rows.items():
        yield from check.project(account.project(number), row)


@dataclass(frozen=True, slots=True)
class _Check:
    sheet: Sheet
    account: Account
    today: date
    said: Said
    ready: bool

    def invoice(self, invoice: Invoice) -> Iterator[Problem]:
        yield from self._projects(invoice)
        for line in invoice.lines:
            yield from self._name(line)
            if line.item_id is not None:
                yield from self._item(line, line.item_id, invoice)
            yield from self._currency(line)
            if line.story_id is not None:
                yield from self._task(line, line.story_id)
        if invoice.user_invoice_number is not None and self.ready:
            yield from self._number(invoice, invoice.user_invoice_number)
        if self.ready and not invoice.draft:
            yield from self._recipient(invoice)

    def far_numbers(self, invoices: Sequence[Invoice]) -> Iterator[Problem]:
        """One warning of all invoice numbers that are far above the one that Kantata gives next.

        Kantata goes on from the last number used (docs/kantata.md section 2).
        """
        if self.account.next_number is None:
            return
        numbered = [invoice for invoice in invoices if invoice.user_invoice_number is not None]
        highest = self.account.next_number + len(numbered) + FAR_AHEAD
        far = [invoice for invoice in numbered if (invoice.user_invoice_number or 0) > highest]
        if not far:
            return
        rows = [self._row_of_number(invoice) for invoice in far]
        others = names_in_short([str(self.sheet.address(NUMBER, row)) for row in rows[1:]], MOST_CELLS)
        facts = {
            "shown": far[0].user_invoice_number,
            "next": self.account.next_number,
            "others": f" ({others} likewise)" if others else "",
        }
        yield replace(self._at(NUMBER, rows[0], "user_invoice_number.far_ahead", **facts), rows=tuple(rows))

    def _row_of_number(self, invoice: Invoice) -> int:
        """The first row that fills the invoice number."""
        filled = [row for row in invoice.rows if self.sheet.raw(NUMBER, row) is not None]
        return (filled or invoice.rows)[0]

    def _recipient(self, invoice: Invoice) -> Iterator[Problem]:
        """An invoice goes to the client lead of its project; without one it has no recipient."""
        projects = [self.account.project(number) for number in invoice.workspace_ids]
        if all(project.lacks_client_lead for project in projects):
            names = " and ".join(map(named, projects))
            yield self._at("workspace_id", invoice.rows[0], "workspace_id.no_client_lead", projects=names)

    def _projects(self, invoice: Invoice) -> Iterator[Problem]:
        """Each project once per invoice, at its first row."""
        first: tuple[Project, int] | None = None
        for number in invoice.workspace_ids:
            row = next(line.row for line in invoice.lines if line.workspace_id == number)
            project = self.account.project(number)
            yield from self.project(project, row)
            if project.currency is None:
                continue
            first = first or (project, row)
            if project.currency != first[0].currency:
                yield self._at(
                    "workspace_id",
                    row,
                    "workspace_id.currencies",
                    project=named(project),
                    currency=project.currency,
                    first=named(first[0]),
                    number=first[1],
                    other=first[0].currency,
                )

    def project(self, project: Project, row: int) -> Iterator[Problem]:
        """What is wrong with a project, at a row that names it."""
        name = f"P{named(project)[1:]}"
        if self.account.projects.lacks(project.project_id):
            yield self._at("workspace_id", row, "workspace_id.unknown", project=name)
        if project.archived:
            yield self._at("workspace_id", row, "workspace_id.archived", project=name)
        if project.sees_finances is False:
            yield self._at("workspace_id", row, "workspace_id.finances_hidden", project=named(project))

    def _name(self, line: LineItem) -> Iterator[Problem]:
        """The name that a row gives to its project beside the id must be the project's title."""
        name, project = self.said.titles.get(line.row), self.account.project(line.workspace_id)
        if name is not None and project.title is not None and same(name) != same(project.title):
            yield differs(self.sheet, line.row, name, line.workspace_id, f"Kantata shows {named(project)}")

    def _currency(self, line: LineItem) -> Iterator[Problem]:
        """The mark typed beside an amount must fit the project, whose currency the invoice gets."""
        project = self.account.project(line.workspace_id)
        if fits(line.currency, project.currency) is False:
            facts = {"mark": line.currency, "project": named(project), "currency": project.currency}
            column = "amount" if self.sheet.has("amount") else "currency"
            yield self._at(column, line.row, "amount.currency", **facts)

    def _item(self, line: LineItem, item_id: int, invoice: Invoice) -> Iterator[Problem]:
        """A time entry, expense or milestone must exist, belong to the project, and be free to be billed."""
        name = f"{RECORDS[line.item_type].singular} {item_id}"
        item = self.account.item(line.item_type, item_id)
        found = self.account.items.get(line.item_type)
        if found is not None and found.lacks(item_id):
            yield self._at("item_id", line.row, "item_id.unknown", item=name)
        elif found is not None:
            yield from self._compared(name, item, line, invoice)
        if item is None:
            return
        if item.workspace_id not in (None, line.workspace_id):
            yield self._elsewhere("item_id", name, item.workspace_id or 0, line)
        if self.ready:
            yield from self._invoiced(name, item, line.row)
        yield from self._not_to_be_billed(name, item, line, invoice.invoice_date or self.today)

    def _compared(self, name: str, item: BillableItem | None, line: LineItem, invoice: Invoice) -> Iterator[Problem]:
        """What the row says of the record must be what Kantata holds, for that is what it bills."""
        unit = self.account.project(line.workspace_id).base_unit
        said = self.said.values.get(line.row, {})
        for column in [name for name in said if name not in TAXES]:
            value, held = said[column], _held(column, item, unit)
            tolerance = Fraction(1, 2 * (unit if unit and column != HOURS else CENTS))
            facts = {"title": _title(column), "item": f"{name[0].lower()}{name[1:]}", "shown": _figure(value)}
            if held is None:
                yield self._at(column, line.row, "*.not_comparable", **facts)
            elif all(
                abs(Fraction(value) - figure) > tolerance for figure in self._agreeing(column, held, said, invoice)
            ):
                yield self._at(column, line.row, "*.differs", held=_figure(held), **facts)

    def _agreeing(
        self, column: str, held: Fraction, said: Mapping[str, Decimal], invoice: Invoice
    ) -> Iterator[Fraction]:
        """The figures that agree with what Kantata holds, which is without tax."""
        taxes = [Fraction(said[name]) for name in TAXES if name in said]
        if column != GROSS or not taxes:
            yield held
        if column == TOTAL:
            yield from self._sum_of(invoice)
        for tax in taxes if column in (TOTAL, GROSS) else ():
            yield from (held + tax, held * (1 + tax / PERCENT), held * (1 + tax))

    def _sum_of(self, invoice: Invoice) -> Iterator[Fraction]:
        """What all lines of an invoice come to, if that is known: a column “Invoice total” says it in each row."""
        unit = self.account.project(invoice.workspace_ids[0]).base_unit
        amounts = []
        for line in invoice.lines:
            item = None if line.item_id is None else self.account.item(line.item_type, line.item_id)
            amounts.append(_held("amount", item, unit) if line.amount is None else Fraction(line.amount))
        known = [amount for amount in amounts if amount is not None]
        if len(known) == len(amounts):
            yield sum(known, Fraction())

    def _not_to_be_billed(self, name: str, item: BillableItem, line: LineItem, invoice_date: date) -> Iterator[Problem]:
        """What Kantata says against billing an item that is free."""
        project = self.account.project(item.workspace_id or line.workspace_id)
        if item.approved is False and project.needs_approval.get(line.item_type):
            of_expense = line.item_type is ItemType.EXPENSE
            key = "item_id.not_approved:expense" if of_expense else "item_id.not_approved"
            yield self._at("item_id", line.row, key, item=name)
        if item.billable is False:
            yield self._at("item_id", line.row, "item_id.not_billable", item=name)
        if self.ready and item.due is not None and item.due > invoice_date:
            key = "item_id.not_due:completion" if item.upon_completion else "item_id.not_due"
            yield self._at("item_id", line.row, key, item=name, due=item.due)

    def _invoiced(self, name: str, item: BillableItem, row: int) -> Iterator[Problem]:
        """An item on a live invoice is billed; one on cancelled invoices only is free."""
        live, unclear = _holders(item, cancelled=False), _holders(item, cancelled=None)
        if live or (item.invoiced and unclear):
            yield self._at("item_id", row, "item_id.invoiced", item=name, invoices=live or unclear)
        elif item.invoiced and not item.holders:
            yield self._at("item_id", row, "item_id.invoiced:untold", item=name)
        elif unclear and item.invoiced is None:
            yield self._at("item_id", row, "item_id.perhaps_invoiced", item=name, invoices=unclear)

    def _task(self, line: LineItem, task_id: int) -> Iterator[Problem]:
        task = self.account.tasks.records.get(task_id)
        if self.account.tasks.lacks(task_id):
            yield self._at("story_id", line.row, "story_id.unknown", task=task_id)
        elif task is not None and task.workspace_id not in (None, line.workspace_id):
            yield self._elsewhere("story_id", f"Task {task_id}", task.workspace_id or 0, line)

    def _elsewhere(self, column: str, name: str, true_id: int, line: LineItem) -> Problem:
        """A record that belongs to another project than the row says."""
        true, typed = named(self.account.project(true_id)), named(self.account.project(line.workspace_id))
        return self._at(column, line.row, "*.other_project", item=name, true=true, typed=typed)

    def _number(self, invoice: Invoice, number: int) -> Iterator[Problem]:
        """An invoice number must be free."""
        holders = self.account.numbers.records.get(number, ())
        live = [holder for holder in holders if not holder.cancelled]
        at_number = partial(self._at, NUMBER, self._row_of_number(invoice), shown=number)
        if live:
            yield at_number("user_invoice_number.in_use", invoices=_ids_and_drafts(live))
        elif holders:
            names = ", ".join(holder.invoice_id for holder in holders)
            yield at_number("user_invoice_number.used_before", invoices=names)

    def _at(self, column: str, row: int, key: str, **facts: Any) -> Problem:  # noqa: ANN401 - whatever the message says
        raw = self.sheet.raw(column, row)
        value = None if raw is None else text_of(raw)
        return self.sheet.problem_at(column, row, key, value, **facts)


def _title(column: str) -> str:
    """Friendly header of a column, also of one that is never sent."""
    return BY_NAME[column].title if column in BY_NAME else CHECK_BY_NAME[column].title


def _held(column: str, item: BillableItem | None, unit: int | None) -> Fraction | None:
    """What Kantata holds of a record: hours, or money in the main unit; None when it does not show it."""
    if item is None:
        return None
    if column == HOURS:
        return None if item.minutes is None else Fraction(item.minutes, MINUTES_PER_HOUR)
    cents = item.rate_cents if column == RATE else item.cents
    return None if cents is None or unit is None else Fraction(cents) / unit


def _figure(value: Decimal | Fraction) -> str:
    """A figure as a person writes it, with two decimals or more where it has them."""
    number = Decimal(value.numerator) / Decimal(value.denominator) if isinstance(value, Fraction) else value
    return money(round(number, 3))


def _holders(item: BillableItem, *, cancelled: bool | None) -> str:
    """Ids of the invoices that hold an item and are cancelled, are not, or (None) may be; separated by commas."""
    return ", ".join(holder.invoice_id for holder in item.holders if holder.cancelled is cancelled)


def _ids_and_drafts(holders: Iterable[Holder]) -> str:
    """Ids of invoices, with a word at those that are drafts; separated by commas."""
    names = []
    for holder in holders:
        names.append(f"{holder.invoice_id} (a draft)" if holder.draft else holder.invoice_id)
    return ", ".join(names)
