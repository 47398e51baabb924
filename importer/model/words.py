"""How counts, amounts, rows and invoices are said to a person."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from importer.model.invoices import Invoice, ItemType, UnsoundInvoice
from importer.model.visible import in_one_line

if TYPE_CHECKING:
    from importer.model.plans import ReportedInvoice, Totals

NOT_KNOWN = "not known"
"""In place of a total of which a part is missing: never a wrong figure."""
MOST_NAMED = 8
"""Names in one sentence; the others are counted: “and 4 more”."""
MOST_LISTED = 20
"""Lines in one list of a mail or a notice; the others are counted below it."""

_COUNTED_TYPES = {ItemType.EXPENSE: "expense", ItemType.BILLING_MILESTONE: "milestone"}
"""Types whose short name is a noun: “2 expenses”."""
_OTHER_TYPES = {ItemType.TIME_ENTRY: "time", ItemType.FIXED_FEE: "fixed", ItemType.ADDITIONAL: "additional"}


def money(amount: Decimal) -> str:
    """Amount with its cents: “1,200.00”; with the third decimal that it has, as dinars do: “20.005”."""
    if amount == round(amount, 2):
        return f"{amount:,.2f}"
    return f"{amount:,.3f}"


def exact(amount: Decimal) -> str:
    """As :func:`money`, for programs: “1200.00”."""
    return money(amount).replace(",", "")


def count_of(count: int, noun: str) -> str:
    """Count with its noun: “1 row”, “2 time entries”, “30 days”."""
    if count == 1:
        return f"1 {noun}"
    if noun.endswith("y") and noun[-2:-1] not in "aeou":
        return f"{count:,} {noun[:-1]}ies"
    return f"{count:,} {noun}s"


def names_in_short(names: Sequence[str], most: int = MOST_NAMED) -> str:
    """Name the first ``most`` and count the others: “a, b and 4 more”."""
    named = ", ".join(names[:most])
    more = len(names) - most
    if more <= 0:
        return named
    return f"{named} and {more:,} more"


def left_out(total: int, most: int, where: str) -> str | None:
    """Say how many of a list are not shown, and where they are; None when all are: “… and 4 more; the workbook …”."""
    if total <= most:
        return None
    return f"… and {total - most:,} more; {where}"


def projects_named(project_ids: Iterable[int]) -> str:
    """Name projects by their ids: “project 101, 102”."""
    return f"project {', '.join(map(str, project_ids)) or '–'}"


def invoice_named(key: str | None, project_ids: Iterable[int]) -> str:
    """Name an invoice by its key, else by its projects: “ACME”, “project 101”."""
    if key:
        return in_one_line(key)
    return projects_named(project_ids)


def rows_named(rows: Sequence[int]) -> str:
    """Name rows in a sentence: “row 7”, “rows 2-4, 7”."""
    if len(rows) > 1:
        return f"rows {row_ranges(rows)}"
    return f"row {row_ranges(rows)}"


def row_ranges(rows: Iterable[int]) -> str:
    """Shorten ascending row numbers: “2-4, 7”."""
    ranges: list[list[int]] = []
    for row in rows:
        if ranges and row == ranges[-1][1] + 1:
            ranges[-1][1] = row
        else:
            ranges.append([row, row])
    texts = []
    for first, last in ranges:
        texts.append(str(first) if first == last else f"{first}-{last}")
    return ", ".join(texts)


def amount_in_sheet(planned: ReportedInvoice) -> Decimal | str:
    """Its amount in the sheet; “not known” where an amount of it is missing or cannot be read."""
    invoice = planned.invoice
    if isinstance(invoice, UnsoundInvoice) and invoice.lacks_amounts:
        return NOT_KNOWN
    return invoice.amount


def lacking_amounts(totals: Totals) -> str | None:
    """Say how many rows are in no sum; None when all amounts are known."""
    if not totals.lacking_amounts:
        return None
    if totals.lacking_amounts == 1:
        return "1 row is in no sum: its amount is missing or cannot be read."
    return f"{totals.lacking_amounts:,} rows are in no sum: their amounts are missing or cannot be read."


def describe_lines(planned: ReportedInvoice) -> str:
    """Count the lines by type: “2 fixed, 1 expense”; of an unsound invoice, the rows."""
    if not isinstance(planned.invoice, Invoice):
        return count_of(len(planned.invoice.rows), "row")
    texts = []
    for item_type, count in planned.invoice.count_by_type.items():
        if item_type in _COUNTED_TYPES:
            texts.append(count_of(count, _COUNTED_TYPES[item_type]))
        else:
            texts.append(f"{count:,} {_OTHER_TYPES[item_type]}")
    return ", ".join(texts)


def projects_of(planned: ReportedInvoice) -> str:
    """Ids of its projects; with their titles, where Kantata gave them, one line each."""
    titles = () if planned.expected is None else planned.expected.titles
    return projects_titled(planned.invoice.workspace_ids, titles)


def worth_in_words(total: Decimal | None, currency: str | None, in_sheet: Decimal | None) -> str | None:
    """What an invoice comes to, with its currency; where the total is not known, its amount in the sheet, if any."""
    if total is not None:
        return f"{currency or ''} {money(total)}".strip()
    if in_sheet:
        return f"{currency or ''} {money(in_sheet)} in the sheet".strip()
    return None


def projects_titled(ids: Sequence[int], titles: Sequence[str | None]) -> str:
    """Ids of projects; with their titles, where Kantata gave them, one line each."""
    if not any(titles):
        return ", ".join(map(str, ids))
    pairs = zip(ids, titles, strict=True)
    return "\n".join(f"{number} {in_one_line(title or '')}".strip() for number, title in pairs)


_SAFE = frozenset("-_./\\:=+,@%~")
"""Beside letters and digits what needs no quotes, in every shell."""


def as_typed(word: str) -> str:
    """A word of a command as it must be typed: one with blanks needs quotes, in every shell."""
    if word and all(letter.isalnum() or letter in _SAFE for letter in word):
        return word
    return f'"{word}"'
