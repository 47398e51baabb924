"""The record of a run, from which all that is shown of it is made, and its JSON document."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from string import digits
from typing import TYPE_CHECKING, Any

from importer.model.answers import TieOut
from importer.model.currency_sums import currency_of
from importer.model.plans import Expected, ReportedInvoice, Source, Status, Totals
from importer.model.problems import Problem, Severity
from importer.model.words import exact
from importer.reporting.balance import Line, Tally
from importer.reporting.left_out import left_out_document

if TYPE_CHECKING:
    from importer.checking.conventions import Decision
    from importer.model.exit_codes import ExitCode
    from importer.model.open_items import LeftOut
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
    """One preview or submit, as a whole."""

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
    planned: tuple[ReportedInvoice, ...]
    totals: Totals
    problems: tuple[Problem, ...]
    notices: tuple[str, ...]
    """What else a person should know, such as that Kantata was not asked."""
    invoice_link: str
    """Web address of an invoice; ``{id}`` stands for its id."""
    files: dict[str, Path | None] = field(default_factory=dict)
    decisions: tuple[Decision, ...] = ()
    """How columns were read whose texts needed a convention."""
    left_out: LeftOut | None = None
    """What else is open in Kantata; None: not looked for, or not found out."""
    may_repeat_at: datetime | None = None
    """When the last of the invoices was sent that it warns of as billed already, UTC without offset: an approval from
    before that has not seen the warning."""
    changes: Changes | None = None
    """What differs from the batch before; None: not compared."""
    partial: bool = False
    """Whether its sound invoices are sent although others have problems."""
    settled: bool = False
    """Whether it is of an earlier run, whose invoices in doubt were settled since."""

    @property
    def errors(self) -> int:
        """How many problems keep invoices from being sent."""
        return sum(problem.severity is Severity.ERROR for problem in self.problems)

    @property
    def is_plan(self) -> bool:
        """Whether it shows what would be done, not what was."""
        return self.command == "preview" or bool(self.totals.by_status.get(Status.READY))

    @property
    def tally(self) -> Tally:
        """The figures of the tie-out."""
        if self.sheet is None:  # only the invoices of an earlier run are shown
            rows = sum(len(planned.invoice.rows) for planned in self.planned)
            return Tally(self.planned, self.totals.amount, rows, frozenset())
        rows_in = frozenset(raw.number for raw in self.sheet.rows) - self.sheet.excluded.keys()
        return Tally(self.planned, self.totals.amount, len(rows_in), rows_in & self.errors_by_row().keys())

    def link_of(self, planned: ReportedInvoice) -> str | None:
        """Web address of the invoice; None when it has no id."""
        if planned.invoice_id is None:
            return None
        return self.invoice_link.replace("{id}", planned.invoice_id)

    def by_row(self) -> dict[int, ReportedInvoice]:
        """The invoice that each row belongs to; rows that belong to none are absent."""
        found = {}
        for planned in self.planned:
            found.update(dict.fromkeys(planned.invoice.rows, planned))
        return found

    def errors_by_row(self) -> dict[int, list[Problem]]:
        """The errors of each row; one about a whole column stands at each of its rows, with the row's own cell."""
        found: dict[int, list[Problem]] = defaultdict(list)
        for problem in self.problems:
            if problem.severity is Severity.ERROR:
                for row in problem.every_row:
                    found[row].append(_at_row(problem, row))
        return found


def _at_row(problem: Problem, row: int) -> Problem:
    if row == problem.row:
        return problem
    cell = problem.cell and f"{problem.cell.rstrip(digits)}{row}"
    return replace(problem, row=row, cell=cell)


def totals_by_currency(invoices: Iterable[ReportedInvoice]) -> tuple[CurrencyTotal, ...]:
    """Totals per currency of the invoices that are ready or created; empty when Kantata named no currency."""
    groups: dict[str | None, list[ReportedInvoice]] = defaultdict(list)
    for planned in invoices:
        if planned.expected is not None and planned.status in (Status.READY, Status.CREATED):
            groups[planned.expected.currency].append(planned)
    if not any(groups):
        return ()
    return tuple(_total(currency, groups[currency]) for currency in sorted(groups, key=lambda code: code or "~"))


def _total(currency: str | None, invoices: list[ReportedInvoice]) -> CurrencyTotal:
    amount, expected = Decimal(0), Decimal(0)
    is_known = True
    for planned in invoices:
        amount += planned.invoice.amount
        if planned.expected is None or planned.expected.total is None:
            is_known = False
        else:
            expected += planned.expected.total
    return CurrencyTotal(currency, len(invoices), amount, expected if is_known else None)


def answer_of(
    report: Report, planned: ReportedInvoice | None, errors: Sequence[Problem]
) -> tuple[str | None, str | None]:
    """The answer of a row, and what to do: its own errors, else what became of its invoice."""
    if errors:
        # The addresses are those of the file that was read: elsewhere the same row may stand in another place.
        file = Path(report.source.path).name
        texts = [f"{file} {error.cell}: {error.message}" if error.cell else error.message for error in errors]
        return "\n".join(texts), "\n".join(dict.fromkeys(error.hint for error in errors))
    if planned is None:
        return "The row belongs to no invoice.", "Give it a project."
    return outcome_of(planned)


def outcome_of(planned: ReportedInvoice) -> tuple[str | None, str | None]:
    """What is wrong with an invoice, and what to do; of what was billed before, nothing is wrong."""
    if planned.status is Status.ALREADY_CREATED and not (planned.what_to_do or planned.differs):
        return None, planned.reason and f"Nothing: {planned.reason[0].lower()}{planned.reason[1:]}"
    return planned.reason, planned.what_to_do


# --- the JSON document --------------------------------------------------------------


def to_document(report: Report) -> dict[str, Any]:
    """The one document that ``--json`` prints; its keys and types are promised in docs/."""
    totals, source = report.totals, report.source
    document = {
        "schema_version": SCHEMA_VERSION,
        "command": report.command,
        "run_id": report.run_id,
        "batch": report.batch,
        "exit_code": int(report.exit_code),
        "source": {"path": source.path, "sheet": source.sheet, "sha256": source.sha256, "rows": source.rows},
        "totals": {
            "rows": totals.rows,
            "invoices": totals.invoices,
            "amount": f"{totals.amount:.2f}",
            "by_status": {status.value: count for status, count in totals.by_status.items()},
        },
        "totals_by_currency": [_currency_total(total) for total in totals_by_currency(report.planned)],
        "tie_out": _tie_out(report.tally),
        "invoices": [_invoice(report, planned) for planned in report.planned],
        "problems": [_problem(problem) for problem in report.problems],
        "notices": list(report.notices),
        "files": {name: path and str(path) for name, path in report.files.items()},
    }
    if report.left_out is not None:
        document["left_out"] = left_out_document(report.left_out)
    return document


def plain_amount(amount: Decimal) -> str:
    """Amount without needless decimals: 1200, 12.50."""
    if amount == amount.to_integral_value():
        return str(int(amount))
    return exact(amount)


def _exact(amount: Decimal | None) -> str | None:
    return None if amount is None else exact(amount)


def _plain(amount: Decimal | None) -> str | None:
    return None if amount is None else plain_amount(amount)


def _currency_total(total: CurrencyTotal) -> dict[str, Any]:
    return {
        "currency": total.currency,
        "invoices": total.invoices,
        "amount": f"{total.amount:.2f}",
        "expected_total": _exact(total.expected),
    }


def _tie_out(tally: Tally) -> dict[str, Any]:
    return {
        "rows_in": tally.rows,
        "rows_answered": tally.answers().total(),
        "by_currency": [_tie_out_line(line) for line in tally.by_currency()],
        "by_project": [_tie_out_line(line) for line in tally.by_project()],
    }


def _tie_out_line(line: Line) -> dict[str, Any]:
    """One line of the tie-out; null where nothing was read back."""
    return {
        "name": line.name,
        "sheet": _exact(line.sheet),
        "sent": _exact(line.sent),
        "read_back": _exact(line.read_back),
        "difference": _exact(line.difference),
        "total_in_kantata": _exact(line.total),
        "not_read_back": line.unread,
        "amount_not_read_back": _exact(line.unread_amount),
    }


def _invoice(report: Report, planned: ReportedInvoice) -> dict[str, Any]:
    expected = planned.expected or Expected((), None, None)
    return {
        "reference": planned.reference,
        "workspace_ids": list(planned.invoice.workspace_ids),
        "invoice_key": planned.invoice.key,
        "rows": list(planned.invoice.rows),
        "status": planned.status.value,
        "invoice_id": planned.invoice_id,
        "invoice_link": report.link_of(planned),
        "invoice_number": planned.read_back and planned.read_back.number,
        "amount": plain_amount(planned.invoice.amount),
        "workspace_titles": list(expected.titles),
        "currency": currency_of(planned),
        "expected_total": _exact(expected.total),
        "read_back": _read_back(planned),
        "payload": planned.payload,
        "error": planned.reason,
        "what_to_do": planned.what_to_do,
    }


def _read_back(planned: ReportedInvoice) -> dict[str, Any] | None:
    """What Kantata holds; None when it was not read."""
    held = planned.read_back
    if held is None:
        return None
    tie_out = planned.tie_out or TieOut()
    return {
        "amount": _plain(held.items_amount),
        "total": _plain(held.total),
        "currency": held.currency,
        "differences": [{"what": found.what, "sent": found.sent, "held": found.held} for found in tie_out.differences],
        "not_read_back": list(tie_out.unread),
    }


def _problem(problem: Problem) -> dict[str, Any]:
    document: dict[str, Any] = {
        "severity": problem.severity.value,
        "code": problem.code,
        "sheet": problem.sheet,
        "cell": problem.cell,
        "row": problem.row,
        "column": problem.column,
        "value": problem.value,
        "message": problem.message,
        "hint": problem.hint,
    }
    if problem.rows:
        document["rows"] = list(problem.rows)
    return document
