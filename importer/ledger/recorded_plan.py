"""The plan of a run as the ledger keeps it: JSON, so that results can be written again without planning again.

What was sent is not in it: the ledger has it under each reference.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from datetime import date
from decimal import Decimal
from typing import Any

from importer.model.invoices import ExternalReference, Invoice, ItemType, LineItem, UnsoundInvoice
from importer.model.plans import PlannedInvoice, Status
from importer.model.problems import Problem, Severity

_WRITTEN_OTHERWISE = (
    "key",
    "lines",
    "payment_schedule",
    "draft",
    "suppress_emails",
    "invoice_date",
    "external_reference",
)
"""Fields of an invoice with a form of their own."""
_HEADER = tuple(field.name for field in fields(Invoice) if field.name not in _WRITTEN_OTHERWISE)
"""Fields of an invoice that are kept as they are."""
_LINE = tuple(field.name for field in fields(LineItem))
"""Fields of a line. The plan names them once, and each line is a list of their values."""
_UNNAMED = ("row", "workspace_id", "item_type", "item_id", "amount", "notes", "taxable", "story_id", "currency")
"""The same in plans that do not name them, which earlier versions have written."""
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


def recorded_plan_of(text: str) -> RecordedPlan:
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
    text["line_fields"] = _LINE
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
    line_fields = text.get("line_fields", _UNNAMED)
    invoice = Invoice(
        key=text["key"],
        lines=tuple(_line_of(line_fields, values) for values in text["lines"]),
        payment_schedule=schedule,
        draft=draft,
        suppress_emails=suppress_emails,
        invoice_date=date.fromisoformat(text["date"]) if text["date"] else None,
        external_reference=ExternalReference(**text["external"]) if text["external"] else None,
        **{name: text.get(name) for name in _HEADER},
    )
    return PlannedInvoice(invoice, status, **reasons)


def _line_text(line: LineItem) -> list[Any]:
    values = {name: getattr(line, name) for name in _LINE}
    values["item_type"] = line.item_type.value
    values["amount"] = None if line.amount is None else str(line.amount)
    return list(values.values())


def _line_of(names: Iterable[str], values: Iterable[Any]) -> LineItem:
    kept = dict(zip(names, values, strict=True))
    kept["item_type"] = ItemType(kept["item_type"])
    kept["amount"] = None if kept["amount"] is None else Decimal(kept["amount"])
    return LineItem(**kept)
