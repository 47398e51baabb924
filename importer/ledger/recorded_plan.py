"""The plan of a run as the ledger keeps it: JSON, so that results can be written again without planning again.

What was sent is not in it: the ledger has it under each reference.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from importer.model.invoices import ExternalReference, Invoice, ItemType, LineItem, UnsoundInvoice
from importer.model.plans import PlannedInvoice, Status
from importer.model.problems import Problem, Severity

_HEADER = ("user_invoice_number", "user_invoice_title", "purchase_order", "project_code", "message")
"""Fields of an invoice that are kept as they are."""
_REASONS = ("reference", "fingerprint", "reason", "what_to_do", "invoice_id", "earlier_id", "found_in_kantata")
"""Fields of a plan that are kept as they are."""


@dataclass(frozen=True, slots=True)
class RecordedPlan:
    """What a run meant to do with each invoice, and what it had to say of the file."""

    planned: tuple[PlannedInvoice, ...] = ()
    """Without payloads."""
    problems: tuple[Problem, ...] = ()
    notices: tuple[str, ...] = ()

    def as_text(self) -> str:
        """The plan as the ledger keeps it."""
        invoices = [_planned_text(planned) for planned in self.planned]
        problems = [asdict(problem) | {"severity": problem.severity.value} for problem in self.problems]
        return json.dumps({"invoices": invoices, "problems": problems, "notices": self.notices})


def plan_of(text: str) -> RecordedPlan:
    """Read a plan that :meth:`RecordedPlan.as_text` wrote."""
    kept = json.loads(text)
    problems = []
    for problem in kept["problems"]:
        rows, severity = tuple(problem["rows"]), Severity(problem["severity"])
        problems.append(Problem(**(problem | {"rows": rows, "severity": severity})))
    return RecordedPlan(tuple(map(_planned_of, kept["invoices"])), tuple(problems), tuple(kept["notices"]))


def _planned_text(planned: PlannedInvoice) -> dict[str, Any]:
    text: dict[str, Any] = {name: getattr(planned, name) for name in _REASONS}
    text["status"] = planned.status.value
    invoice = planned.invoice
    text["key"] = invoice.key
    if isinstance(invoice, UnsoundInvoice):
        text |= {"workspace_ids": invoice.workspace_ids, "rows": invoice.rows}
        return text | {"amount": str(invoice.amount), "lacks_amounts": invoice.lacks_amounts}

    text |= {name: getattr(invoice, name) for name in _HEADER}
    text |= {"terms": [invoice.payment_schedule, invoice.draft, invoice.suppress_emails]}
    text["date"] = invoice.invoice_date.isoformat() if invoice.invoice_date else None
    text["external"] = asdict(invoice.external_reference) if invoice.external_reference else None
    text["lines"] = list(map(_line_text, invoice.lines))
    return text


def _planned_of(text: dict[str, Any]) -> PlannedInvoice:
    status, reasons = Status(text["status"]), {name: text[name] for name in _REASONS}
    if "lines" not in text:
        rows, amount = tuple(text["rows"]), Decimal(text["amount"])
        lacks_amounts = text.get("lacks_amounts", False)  # earlier versions do not keep it
        unsound = UnsoundInvoice(text["key"], tuple(text["workspace_ids"]), rows, amount, lacks_amounts)
        return PlannedInvoice(unsound, status, **reasons)

    schedule, draft, suppress_emails = text["terms"]
    invoice = Invoice(
        key=text["key"],
        lines=tuple(map(_line_of, text["lines"])),
        payment_schedule=schedule,
        draft=draft,
        suppress_emails=suppress_emails,
        invoice_date=date.fromisoformat(text["date"]) if text["date"] else None,
        external_reference=ExternalReference(**text["external"]) if text["external"] else None,
        **{name: text[name] for name in _HEADER},
    )
    return PlannedInvoice(invoice, status, **reasons)


def _line_text(line: LineItem) -> list[Any]:
    amount = None if line.amount is None else str(line.amount)
    item = [line.item_type.value, line.item_id, amount]
    return [line.row, line.workspace_id, *item, line.notes, line.taxable, line.story_id, line.currency]


def _line_of(kept: Iterable[Any]) -> LineItem:
    row, workspace_id, item_type, item_id, amount, *rest = kept
    return LineItem(row, workspace_id, ItemType(item_type), item_id, None if amount is None else Decimal(amount), *rest)
