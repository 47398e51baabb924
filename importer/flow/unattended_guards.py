"""What guards a plan that is sent without a person: the settings, a gate, or an approval."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from importer.flow.approving import OTHER_BATCH, approve_command, require_approval, taken_back_refusal
from importer.flow.taken_back import Undone, ready_in, undone_in
from importer.model.errors import GateRefused
from importer.model.invoices import UnsoundInvoice
from importer.model.lifecycle import ALIVE
from importer.model.plans import ReportedInvoice, Status
from importer.model.sheet import ControlTotals
from importer.model.words import invoice_named, rows_named
from importer.planning.limits import in_sheet, worth

if TYPE_CHECKING:
    from importer.flow.prepared import Tools
    from importer.model.problems import Problem
    from importer.reporting.report import Report
    from importer.settings.model import Settings


NO_GATE = "gate.none"
"""Code of the refusal of a file that no gate guards."""
LOOK_BILLED = ("row.looks_billed", "row.redated")
"""Codes of the warnings of an invoice that may be billed already."""
EXPECTED_COUNT = "put “Expected invoices” with their number beside it on a sheet called Cover"


def gates_set(settings: Settings, expected: ControlTotals, planned: Iterable[ReportedInvoice] = ()) -> tuple[str, ...]:
    """Names of the gates that guard all invoices of a plan that would be sent.

    A total guards no invoice with lines that Kantata prices. A limit guards none of which
    Kantata does not tell the value. What a formula of the workbook expects guards nothing.
    """
    ready = [invoice for invoice in planned if _would_be_sent(invoice)]
    all_in_sheet = all(map(in_sheet, ready))
    all_priced = all(worth(invoice) is not None for invoice in ready)
    counted, summed = expected.counts, expected.sums
    guards = {
        "the sheet Cover": counted or (summed and all_in_sheet),
        "expect_invoices": settings.expect_invoices is not None,
        "expect_total": settings.expect_total is not None and all_in_sheet,
        "largest_invoice": settings.largest_invoice is not None and all_priced,
        "largest_total": settings.largest_total is not None and all_priced,
    }
    return tuple(name for name, guarding in guards.items() if guarding)


def _would_be_sent(planned: ReportedInvoice) -> bool:
    return planned.status is Status.READY and not isinstance(planned.invoice, UnsoundInvoice)


def check_gates(report: Report, tools: Tools, *, asked: bool = True) -> None:
    """Raise GateRefused unless the settings and a gate allow to send without asking.

    ``asked`` is False when Kantata could not be asked yet what it prices: then any
    gate will do for now, so that Kantata's absence is not reported as a missing gate.
    """
    settings = tools.settings
    if not settings.unattended:
        msg = "Nothing was sent: the settings do not allow run to send without a person."
        raise GateRefused(msg, "Set unattended = true, or submit it yourself.", code="gate.unattended")
    undone = undone_in(report, tools)
    if settings.require_approval:
        require_approval(report, tools, undone=undone)
        return
    expected = report.sheet.expected if report.sheet is not None else ControlTotals()
    reshaped = _reshaped(report, tools)
    needs_a_person = any((undone.count, reshaped, _to_be_seen(report)))
    if not needs_a_person and gates_set(settings, expected, report.planned if asked else ()):
        return
    try:
        require_approval(report, tools, undone=undone)
    except GateRefused as refused:
        if refused.code == OTHER_BATCH:  # a person did guard it
            raise
        raise _refusal(report, tools, undone, reshaped) from None


def _refusal(report: Report, tools: Tools, undone: Undone, reshaped: str | None) -> GateRefused:
    """Why a plan may not be sent without a person."""
    if undone.count:
        return taken_back_refusal(undone.count)
    if reshaped:
        return _other_settings(reshaped)
    unseen = _to_be_seen(report)
    if unseen is not None:
        return _looks_billed(unseen, report, tools) if unseen.code in LOOK_BILLED else _changes_by_itself(unseen)
    expected = report.sheet.expected if report.sheet is not None else ControlTotals()
    return _unguarded(report, tools.settings, expected)


def _reshaped(report: Report, tools: Tools) -> str | None:
    """The run that billed a part of just this file, where the rest would be billed otherwise now; None: it would not.

    The file is the same, so it is the settings that changed, such as ``draft``.
    """
    ready = ready_in(report)
    begun = {entry.run_id for entry in tools.ledger.entries_of_source(report.source.sha256) if entry.state in ALIVE}
    if not ready or not begun:
        return None
    for run in tools.ledger.runs(run_ids=begun):
        same = all(run.planned.get(reference, content) == content for reference, content in ready.items())
        if not same:
            return run.run_id
    return None


def _other_settings(run_id: str) -> GateRefused:
    why = (
        f"Nothing was sent: run {run_id} billed a part of this file, and the settings changed since, so that the rest "
        "would be billed otherwise."
    )
    how = "Set them as they were (such as draft), or approve the file, or submit it yourself."
    return GateRefused(why, how, code="gate.settings")


def _to_be_seen(report: Report) -> Problem | None:
    """The first warning that a person has to see: a value that changes by itself, or what looks billed already."""
    codes = (".changing", *LOOK_BILLED)
    return next((problem for problem in report.problems if problem.code.endswith(codes)), None)


def _changes_by_itself(changing: Problem) -> GateRefused:
    """Which value no person has seen as it would be billed."""
    why = f"Nothing was sent: at {changing.cell} of sheet {changing.sheet} stands a formula that changes by itself."
    return GateRefused(why, "Type the value in place of the formula, or approve the file.", code="gate.changing")


def _looks_billed(warning: Problem, report: Report, tools: Tools) -> GateRefused:
    hint = f"Compare the two. If this is to be billed as well, approve the file: {approve_command(report, tools)}"
    return GateRefused(f"Nothing was sent: {warning.message}", hint, code="gate.repeat")


def _unguarded(report: Report, settings: Settings, expected: ControlTotals) -> GateRefused:
    """Why no gate guards the plan, and what would."""
    if not gates_set(settings, expected):
        why = "no gate guards this workbook, and no person checks it before it is sent"
        how = "put “Expected total” with the amount beside it on a sheet called Cover, set a limit"
        if expected.total_calculated or expected.invoices_calculated:
            why = "what the sheet Cover expects is a formula, so it always matches, and no other gate guards the rows"
            how = "type the number from your books in its place, set a limit"
        return _no_gate(why, how)
    ready = [planned for planned in report.planned if planned.status is Status.READY]
    for planned in ready:
        if worth(planned) is None:
            why = (
                "has time, expenses or milestones whose value Kantata did not tell, so no total and no limit guards it"
            )
            return _no_gate(f"{_name(planned)} {why}", EXPECTED_COUNT)
    priced = next(planned for planned in ready if not in_sheet(planned))
    why = "has time, expenses or milestones without an amount in the sheet, which no total counts"
    return _no_gate(f"{_name(priced)} {why}", f"{EXPECTED_COUNT}, set largest_invoice or largest_total")


def _no_gate(why: str, how: str) -> GateRefused:
    hint = f"{how[0].upper()}{how[1:]}, or approve the file."
    return GateRefused(f"Nothing was sent: {why}.", hint, code=NO_GATE)


def _name(planned: ReportedInvoice) -> str:
    invoice = planned.invoice
    return f"the invoice of {invoice_named(invoice.key, invoice.workspace_ids)} ({rows_named(invoice.rows)})"
