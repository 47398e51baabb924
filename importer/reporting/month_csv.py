"""The invoices of a month for the books: a CSV out of what the ledger keeps; nothing is asked of Kantata."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from importer.kantata.fields import ID_LISTS
from importer.kantata.lenient import BASE_UNITS, from_cents
from importer.model.lifecycle import State
from importer.model.visible import in_one_line
from importer.model.words import exact

if TYPE_CHECKING:
    from importer.ledger.rows import RunRecord, SentInvoice

HEADER = (
    "number",
    "date",
    "projects",
    "project_titles",
    "currency",
    "net_as_sent",
    "total_in_kantata",
    "invoice_id",
    "link",
    "status",
    "run",
)
_BEGIN_OF_FORMULA = ("=", "+", "-", "@")


def month_csv(month: str, sent: Iterable[tuple[RunRecord, SentInvoice]], invoice_link: str) -> str:
    """The invoices dated in a month; of those without a known date, the ones whose batch it is.

    Figures are those of the day when the invoice was created; what the ledger does not know is blank.
    """
    text = io.StringIO(newline="")
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(HEADER)
    for run, invoice in sent:
        if _exists(invoice) and (_day(invoice) or run.batch)[:7] == month:
            rows.writerow(_row(run, invoice, invoice_link))
    return text.getvalue()


def dated_elsewhere(month: str, sent: Iterable[tuple[RunRecord, SentInvoice]]) -> dict[str, int]:
    """Other months in which invoices of this month's batch are dated → how many."""
    found: Counter[str] = Counter()
    for run, invoice in sent:
        other = (_day(invoice) or run.batch)[:7]
        if _exists(invoice) and run.batch == month != other:
            found[other] += 1
    return dict(sorted(found.items()))


def _exists(invoice: SentInvoice) -> bool:
    return invoice.state is not State.FREE or invoice.standing.was_undone


def _row(run: RunRecord, invoice: SentInvoice, invoice_link: str) -> Iterator[str]:
    shown = _shown(invoice)
    yield str(shown["header"].get("user_invoice_number") or "")
    yield _day(invoice) or ""
    yield " ".join(map(str, invoice.workspace_ids))
    yield _harmless("; ".join(in_one_line(title) for title in invoice.titles if title))
    yield str(shown["more"].get("currency") or invoice.currency or "")
    yield _written(_net(invoice))
    yield _written(_total(shown["more"]))
    yield invoice.invoice_id or ""
    yield invoice_link.replace("{id}", invoice.invoice_id) if invoice.invoice_id else ""
    yield invoice.standing.word
    yield run.run_id


def _shown(invoice: SentInvoice) -> dict[str, dict[str, Any]]:
    """What Kantata showed of it when it was created; empty parts when that is not on record."""
    return {"header": {}, "more": {}, **json.loads(invoice.snapshot or "{}")}


def _day(invoice: SentInvoice) -> str | None:
    """Its date, as Kantata showed it, else as it was sent; None when Kantata dated it and did not show that."""
    day = _shown(invoice)["header"].get("invoice_date") or invoice.payload["invoice"].get("invoice_date")
    return str(day) if day else None


def _net(invoice: SentInvoice) -> Decimal | None:
    """What it was expected to come to without tax; the amount of the sheet where that is all of it."""
    if invoice.expected_total is not None:
        return invoice.expected_total
    is_priced = any(invoice.payload["invoice"].get(name) for name in ID_LISTS.values())
    return None if is_priced else invoice.amount


def _total(more: dict[str, Any]) -> Decimal | None:
    unit = more.get("currency_base_unit")
    return from_cents(more.get("balance_in_cents"), unit) if unit in BASE_UNITS else None


def _written(amount: Decimal | None) -> str:
    return "" if amount is None else exact(amount)


def _harmless(text: str) -> str:
    """A title of Kantata is no formula for whoever opens the file in a spreadsheet."""
    return f"'{text}" if text.startswith(_BEGIN_OF_FORMULA) else text
