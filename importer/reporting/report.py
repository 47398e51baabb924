"""What a run has to tell: the record from which the results, the terminal and the JSON are made."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from string import digits
from typing import TYPE_CHECKING, Any

from importer.kantata.payload import to_json
from importer.model.currency_sums import currency_of
from importer.model.plans import Expected, PlannedInvoice, Source, Status, Totals
from importer.model.problems import Problem, Severity
from importer.model.words import exact
from importer.reporting.balance import Tally

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from importer.checking.conventions import Decision
    from importer.model.exit_codes import ExitCode
    from importer.model.sheet import Sheet
    from importer.planning.comparison import Changes

SCHEMA_VERSION = 1
DONE = frozenset({Status.CREATED, Status.ALREADY_CREATED})


@dataclass(frozen=True, slots=True)
class CurrencyTotal:
    """What is, or was, to be sent in one currency."""

    currency: str | None
    """Code such as EUR; None where it is not known."""
    invoices: int
    amount: Decimal
    """Sum of the amounts in the sheet, main unit."""
    expected: Decimal | None
    """Sum of the expected totals, main unit, tax excluded; None when one of them is not known."""


@dataclass(frozen=True)
class Report:
    """One preview or submit, told whole."""

    command: str
    run_id: str
    batch: str
    account: str
    """Address of the Kantata account."""
    started_at: datetime
    """Local time."""
    exit_code: ExitCode
    source: Source
    sheet: Sheet | None
    """None when no table could be read."""
    planned: tuple[PlannedInvoice, ...]
    totals: Totals
    problems: tuple[Problem, ...]
    notices: tuple[str, ...]
    """What else a person should know, such as that Kantata was not asked."""
    invoice_link: str
    """Web address of an invoice; ``{id}`` stands for its id."""
    files: dict[str, Path | None] = field(default_factory=dict)
    decisions: tuple[Decision, ...] = ()
    """How columns were read whose texts needed a convention."""
    changes: Changes | None = None
    """What is otherwise than in the batch before; None: not compared."""
    settled: bool = False
    """Whether it tells anew of an earlier run, whose doubts were settled since."""

    @property
    def errors(self) -> int:
        """How many problems keep invoices from being sent."""
        return sum(problem.severity is Severity.ERROR for problem in self.problems)

    def link_of(self, planned: PlannedInvoice) -> str | None:
        """Web address of the invoice; None when it has no id."""
        return None if planned.invoice_id is None else self.invoice_link.replace("{id}", planned.invoice_id)

    def by_row(self) -> dict[int, PlannedInvoice]:
        """The invoice that each row belongs to; rows that belong to none are absent."""
        return {row: planned for planned in self.planned for row in planned.invoice.rows}

    @property
    def is_plan(self) -> bool:
        """Whether it tells what would be done, not what was."""
        return self.command == "preview" or bool(self.totals.by_status.get(Status.READY))

    @property
    def tally(self) -> Tally:
        """The figures of the tie-out."""
        if self.sheet is None:  # only the invoices of an earlier run are told
            return Tally(
                self.planned, self.totals.amount, sum(len(one.invoice.rows) for one in self.planned), frozenset()
            )
        rows = frozenset(raw.number for raw in self.sheet.rows) - self.sheet.excluded.keys()
        return Tally(self.planned, self.totals.amount, len(rows), rows & self.errors_by_row().keys())

    def errors_by_row(self) -> dict[int, list[Problem]]:
        """The errors of each row; one about a whole column stands at each of its rows, with the row's own cell."""
        found: dict[int, list[Problem]] = defaultdict(list)
        for problem in self.problems:
            if problem.severity is Severity.ERROR:
                for row in problem.every_row:
                    found[row].append(problem if row == problem.row else _at_row(problem, row))
        return found


def _at_row(problem: Problem, row: int) -> Problem:
    cell = problem.cell and f"{problem.cell.rstrip(digits)}{row}"
    return replace(problem, row=row, cell=cell)


def totals_by_currency(planned: Iterable[PlannedInvoice]) -> tuple[CurrencyTotal, ...]:
    """Totals per currency of the invoices that are ready or created; empty when Kantata told no currency."""
    groups: dict[str | None, list[PlannedInvoice]] = defaultdict(list)
    for one in planned:
        if one.expected is not None and one.status in (Status.READY, Status.CREATED):
            groups[one.expected.currency].append(one)
    if not any(groups):
        return ()
    return tuple(_total(currency, groups[currency]) for currency in sorted(groups, key=lambda code: code or "~"))


def _total(currency: str | None, planned: list[PlannedInvoice]) -> CurrencyTotal:
    known = [one.expected.total for one in planned if one.expected is not None and one.expected.total is not None]
    expected = sum(known, Decimal(0)) if len(known) == len(planned) else None
    return CurrencyTotal(currency, len(planned), sum((one.invoice.amount for one in planned), Decimal(0)), expected)


def to_document(report: Report) -> dict[str, Any]:
    """The one document that ``--json`` prints."""
    return {
        "schema_version": SCHEMA_VERSION,
        "command": report.command,
        "run_id": report.run_id,
        "batch": report.batch,
        "exit_code": int(report.exit_code),
        "source": {
            "path": report.source.path,
            "sheet": report.source.sheet,
            "sha256": report.source.sha256,
            "rows": report.source.rows,
        },
        "totals": {
            "rows": report.totals.rows,
            "invoices": report.totals.invoices,
            "amount": f"{report.totals.amount:.2f}",
            "by_status": {status.value: count for status, count in report.totals.by_status.items()},
        },
        "totals_by_currency": [
            {
                "currency": one.currency,
                "invoices": one.invoices,
                "amount": f"{one.amount:.2f}",
                "expected_total": _exact(one.expected),
            }
            for one in totals_by_currency(report.planned)
        ],
        "tie_out": report.tally.document(),
        "invoices": [_invoice(report, planned) for planned in report.planned],
        "problems": [_problem(problem) for problem in report.problems],
        "notices": list(report.notices),
        "files": {name: None if path is None else str(path) for name, path in report.files.items()},
    }


def answer_of(
    report: Report, planned: PlannedInvoice | None, errors: Sequence[Problem]
) -> tuple[str | None, str | None]:
    """What a row is told, and what to do: its own errors, else what became of its invoice."""
    if errors:
        # The addresses are those of the file that was read: elsewhere the same row may stand in another place.
        file = Path(report.source.path).name
        texts = [f"{file} {error.cell}: {error.message}" if error.cell else error.message for error in errors]
        return "\n".join(texts), "\n".join(dict.fromkeys(error.hint for error in errors))
    if planned is None:
        return "The row belongs to no invoice.", "Give it a project."
    return planned.reason, planned.what_to_do


def json_text(report: Report) -> str:
    """The document as text, indented."""
    return to_json(to_document(report), indent=2)


def plain_amount(amount: Decimal) -> str:
    """Amount without needless decimals: 1200, 12.50."""
    return str(int(amount)) if amount == amount.to_integral_value() else exact(amount)


def _invoice(report: Report, planned: PlannedInvoice) -> dict[str, Any]:
    read_back, expected = planned.read_back, planned.expected or Expected((), None, None)
    return {
        "reference": planned.reference,
        "workspace_ids": list(planned.invoice.workspace_ids),
        "invoice_key": planned.invoice.key,
        "rows": list(planned.invoice.rows),
        "status": planned.status.value,
        "invoice_id": planned.invoice_id,
        "invoice_link": report.link_of(planned),
        "invoice_number": read_back.number if read_back else None,
        "amount": plain_amount(planned.invoice.amount),
        "workspace_titles": list(expected.titles),
        "currency": currency_of(planned),
        "expected_total": _exact(expected.total),
        "read_back": _read_back(planned),
        "payload": planned.payload,
        "error": planned.reason,
        "what_to_do": planned.what_to_do,
    }


def _exact(amount: Decimal | None) -> str | None:
    return None if amount is None else exact(amount)


def _read_back(planned: PlannedInvoice) -> dict[str, Any] | None:
    """What Kantata holds; None when it was not read."""
    held = planned.read_back
    if held is None:
        return None
    tie_out = planned.tie_out
    return {
        "amount": None if held.items_amount is None else plain_amount(held.items_amount),
        "total": None if held.total is None else plain_amount(held.total),
        "currency": held.currency,
        "differences": [
            {"what": one.what, "sent": one.sent, "held": one.held} for one in (tie_out.differences if tie_out else ())
        ],
        "not_read_back": list(tie_out.unread) if tie_out else [],
    }


def _problem(problem: Problem) -> dict[str, Any]:
    return {
        "severity": problem.severity.value,
        "code": problem.code,
        "sheet": problem.sheet,
        "cell": problem.cell,
        "row": problem.row,
        "column": problem.column,
        "value": problem.value,
        "message": problem.message,
        "hint": problem.hint,
        **({"rows": list(problem.rows)} if problem.rows else {}),
    }
