"""Whether the currency mark that somebody typed beside an amount fits the project's currency.

What is wrong with invoices that are ready, as far as the account shows it; each finding at its cell.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from importer.model.columns import ITEM_TYPE_TITLES
from importer.model.problems import Problem, Severity
from importer.model.sheet import text_of
from importer.planning.account import Account, named
from importer.planning.named_projects import differs
from importer.values.aliases import same

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import date

    from importer.kantata.account import BillableItem, Holder, Project
    from importer.model.invoices import Invoice, LineItem
    from importer.model.sheet import Sheet

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

    None when it cannot be told: no mark, no currency, or a mark that is not known.
    """
    sign, code = (mark or "").strip().rstrip(".").casefold(), (currency or "").strip().upper()
    if not sign or not code:
        return None
    known = {name.casefold(): codes for name, codes in SIGNS.items()}
    if sign in known:
        return code in known[sign]
    is_code = len(sign) == 3 and sign.isascii() and sign.isalpha()  # noqa: PLR2004 - ISO 4217
    return sign.upper() == code if is_code else None


CORRECT = "Correct the number, or delete the row."
Fault = tuple[str, str, str, Severity]
"""Last part of the code, message, hint, severity."""
_ERROR, _WARNING = Severity.ERROR, Severity.WARNING


def findings(  # noqa: PLR0913 - one argument per fact
    invoices: Iterable[Invoice],
    sheet: Sheet,
    account: Account,
    today: date,
    claims: Mapping[int, str],
    *,
    ready: bool = True,
) -> tuple[Problem, ...]:
    """Return all findings in the order of the invoices.

    ``today`` stands for a missing invoice date; ``claims`` are titles that rows
    give to their projects beside the id. Of what is not ``ready`` it cannot be
    said whether it is billed already: perhaps it is, by this very sheet.
    """
    check = _Check(sheet, account, today, claims, ready)
    return tuple(problem for invoice in invoices for problem in check.invoice(invoice))


@dataclass(frozen=True, slots=True)
class _Check:
    sheet: Sheet
    account: Account
    today: date
    claims: Mapping[int, str]
    ready: bool

    def invoice(self, invoice: Invoice) -> Iterator[Problem]:
        yield from self._projects(invoice)
        for line in invoice.lines:
            yield from self._name(line)
            if line.item_id is not None:
                for fault in self._item(line, line.item_id, invoice):
                    yield self._at("item_id", line.row, fault)
            yield from self._currency(line)
            if line.story_id is not None:
                for fault in self._task(line, line.story_id):
                    yield self._at("story_id", line.row, fault)
        if invoice.user_invoice_number is not None and self.ready:
            for fault in _number(invoice.user_invoice_number, self.account):
                yield self._at("user_invoice_number", self._row_of_number(invoice), fault)

    def _projects(self, invoice: Invoice) -> Iterator[Problem]:
        """Each project once per invoice, at its first row."""
        first: tuple[Project, int] | None = None
        for number in invoice.workspace_ids:
            row = next(line.row for line in invoice.lines if line.workspace_id == number)
            project = self.account.project(number)
            for fault in _project(project, unknown=self.account.projects.lacks(number)):
                yield self._at("workspace_id", row, fault)
            if project.currency is None:
                continue
            first = first or (project, row)
            if project.currency != first[0].currency:
                yield self._at("workspace_id", row, _currencies(project, *first))

    def _name(self, line: LineItem) -> Iterator[Problem]:
        """The name that a row gives to its project beside the id must be the project's title."""
        name, project = self.claims.get(line.row), self.account.project(line.workspace_id)
        if name is not None and project.title is not None and same(name) != same(project.title):
            yield differs(self.sheet, line.row, name, line.workspace_id, f"Kantata shows {named(project)}")

    def _currency(self, line: LineItem) -> Iterator[Problem]:
        """The mark typed beside an amount must fit the project, whose currency the invoice gets."""
        project = self.account.project(line.workspace_id)
        if fits(line.currency, project.currency) is False:
            message = f"The amount is in {line.currency}, but {named(project)} bills in {project.currency}."
            yield self._at("amount", line.row, ("currency", message, "Correct the amount or the project.", _ERROR))

    def _item(self, line: LineItem, item_id: int, invoice: Invoice) -> Iterator[Fault]:
        name = f"{ITEM_TYPE_TITLES[line.item_type]} {item_id}"
        found = self.account.items.get(line.item_type)
        item = self.account.item(line.item_type, item_id)
        if item is None:
            if found is not None and found.lacks(item_id):
                yield ("unknown", f"{name} is not in Kantata, or this token may not see it.", CORRECT, _ERROR)
            return
        if item.workspace_id not in (None, line.workspace_id):
            yield self._elsewhere(name, item.workspace_id or 0, line)
        if self.ready:
            yield from _invoiced(name, item)
        if item.approved is False and self.account.project(item.workspace_id or line.workspace_id).needs_approval:
            message = f"{name} is not approved, and its project bills approved time only."
            yield ("not_approved", message, "Have it approved in Kantata, or delete the row.", _ERROR)
        if item.billable is False:
            message = f"{name} is not marked as billable, so Kantata may refuse it."
            yield ("not_billable", message, "Mark it as billable in Kantata, or delete the row.", _WARNING)
        if self.ready and item.due is not None and item.due > (invoice.invoice_date or self.today):
            message = f"{name} is to be invoiced on {item.due}, after the date of this invoice."
            yield ("not_due", message, "Nothing to do if it is meant to be billed early.", _WARNING)

    def _task(self, line: LineItem, task_id: int) -> Iterator[Fault]:
        task = self.account.tasks.records.get(task_id)
        if self.account.tasks.lacks(task_id):
            message = f"Task {task_id} is not in Kantata, or this token may not see it."
            yield ("unknown", message, "Correct the number, or empty the cell.", _ERROR)
        elif task is not None and task.workspace_id not in (None, line.workspace_id):
            yield self._elsewhere(f"Task {task_id}", task.workspace_id or 0, line)

    def _elsewhere(self, name: str, true_id: int, line: LineItem) -> Fault:
        true, said = (named(self.account.project(number)) for number in (true_id, line.workspace_id))
        return (
            "other_project",
            f"{name} belongs to {true}, but the row says {said}.",
            "Correct one of the two.",
            _ERROR,
        )

    def _row_of_number(self, invoice: Invoice) -> int:
        cells = self.sheet.frame["user_invoice_number"]
        return next((row for row in invoice.rows if cells.at[row] is not None), invoice.rows[0])

    def _at(self, column: str, row: int, fault: Fault) -> Problem:
        code, message, hint, severity = fault
        raw = self.sheet.frame.at[row, column] if column in self.sheet.frame else None
        return Problem(
            code=f"{column}.{code}",
            message=message,
            hint=hint,
            sheet=self.sheet.name,
            cell=self.sheet.address(column, row),
            row=row,
            column=column,
            value=None if raw is None else text_of(raw),
            severity=severity,
        )


def _project(project: Project, *, unknown: bool) -> Iterator[Fault]:
    name = named(project).capitalize() if project.title is None else f"P{named(project)[1:]}"
    if unknown:
        hint = "Correct the number, or have somebody add you to the project."
        yield ("unknown", f"{name} is not in Kantata, or this token may not see it.", hint, _ERROR)
    if project.archived:
        hint = "Unarchive it in Kantata, or correct the project."
        yield ("archived", f"{name} is archived.", hint, _ERROR)
    if project.sees_finances is False:
        message = f"The finances of {named(project)} are hidden from this token, so it may not bill there."
        yield ("finances_hidden", message, "Ask for financial permission in that project.", _ERROR)


def _currencies(project: Project, first: Project, row: int) -> Fault:
    message = (
        f"The projects of one invoice must share a currency: {named(project)} bills in {project.currency}, "
        f"but {named(first)} (row {row}) in {first.currency}."
    )
    return ("currencies", message, "Give the rows of each currency an invoice key of their own.", _ERROR)


def _invoiced(name: str, item: BillableItem) -> Iterator[Fault]:
    """An item on a live invoice is billed; one on cancelled invoices only is free."""
    live = [one.invoice_id for one in item.holders if one.cancelled is False]
    unclear = [one.invoice_id for one in item.holders if one.cancelled is None]
    hint = "Delete the row; or, to bill it anew, cancel that invoice in Kantata first."
    if live or (item.invoiced and unclear):
        yield ("invoiced", f"{name} is billed already, on invoice {', '.join(live or unclear)}.", hint, _ERROR)
    elif item.invoiced and not item.holders:
        message = f"{name} is billed already; Kantata does not tell on which invoice."
        yield ("invoiced", message, hint, _ERROR)
    elif unclear and item.invoiced is None:
        message = f"{name} is on invoice {', '.join(unclear)}, and Kantata does not show whether that one is cancelled."
        yield ("perhaps_invoiced", message, "Look at that invoice before you send this one.", _WARNING)


def _number(number: int, account: Account) -> Iterator[Fault]:
    holders: tuple[Holder, ...] = account.numbers.records.get(number, ())
    live = [one for one in holders if not one.cancelled]
    if live:
        who = ", ".join(one.invoice_id + (" (a draft)" if one.draft else "") for one in live)
        hint = "Type another number, or empty the cell: Kantata then takes its next number."
        yield ("in_use", f"Invoice number {number} is in use already, by invoice {who}.", hint, _ERROR)
    elif holders:
        who = ", ".join(one.invoice_id for one in holders)
        message = f"Invoice number {number} was used before, by invoice {who}, which is cancelled."
        yield ("used_before", message, "Nothing to do if the number is meant to be used again.", _WARNING)
