"""The gates of a plan: expected figures and limits, the guards of an unattended run, and approvals."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from importer.flow.prepared import Wish
from importer.flow.taken_back import NONE_UNDONE, Undone, ready_in, undone_in
from importer.ledger.approvals import BEGUN, COMPLETE, Approval
from importer.ledger.database import os_user
from importer.model.errors import GateRefused
from importer.model.invoices import UnsoundInvoice
from importer.model.lifecycle import ALIVE
from importer.model.plans import ReportedInvoice, Status
from importer.model.sheet import ControlTotals
from importer.model.words import count_of, invoice_named, rows_named
from importer.planning.approval import TO_BE_SENT, approval_document, differences, hash_of
from importer.planning.limits import Limits, check, in_sheet, worth
from importer.planning.totals import totals_of
from importer.reporting.report import DONE, Report

if TYPE_CHECKING:
    from importer.flow.prepared import Prepared, Tools
    from importer.model.problems import Problem
    from importer.settings.model import Settings

NO_GATE = "gate.none"
"""Code of the refusal of a file that no gate guards."""
NOT_APPROVED = "gate.approval"
"""Code of the refusal of a file that was not approved as it is."""
OTHER_BATCH = "gate.approval.batch"
"""Code of the refusal of a file that was approved, but for another batch."""
EXPECTED_COUNT = "put “Expected invoices” with their number beside it on a sheet called Cover"


# --- figures that a person has stated ------------------------------------------


def check_limits(prepared: Prepared, tools: Tools) -> None:
    """Raise GateRefused unless the plan matches the figures that flags, or settings and Cover, give.

    A flag counts instead of both; a workbook cannot overrule the settings.
    """
    settings, cover = tools.settings, prepared.sheet.expected
    of_settings = ControlTotals(settings.expect_invoices, settings.expect_total)
    of_cover = (f"“Expected invoices” at {cover.invoices_cell}", f"“Expected total” at {cover.total_cell}")
    totals = totals_of(prepared.lines, prepared.planned)
    for stated, (count_place, total_place) in (
        (of_settings, ("expect_invoices", "expect_total")),
        (cover, of_cover),
    ):
        wanted = prepared.wish.matching(stated)
        limits = Limits(
            wanted.invoices,
            wanted.total,
            settings.largest_invoice,
            settings.largest_total,
            count_place if prepared.wish.expect_invoices is None else "--expect-invoices",
            total_place if prepared.wish.expect_total is None else "--expect-total",
        )
        check(prepared.planned, totals, limits)


# --- an unattended run ---------------------------------------------------------


def gates_set(settings: Settings, expected: ControlTotals, planned: Iterable[ReportedInvoice] = ()) -> tuple[str, ...]:
    """Names of the gates that guard all invoices of a plan that would be sent.

    A total is none for invoices with lines that Kantata prices, a limit none for
    those of which it does not tell the value, and what a formula of the workbook
    expects is none at all.
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
        approved(report, tools, undone=undone)
        return
    expected = report.sheet.expected if report.sheet is not None else ControlTotals()
    reshaped = _reshaped(report, tools)
    needs_a_person = any((undone.count, reshaped, _to_be_seen(report)))
    if not needs_a_person and gates_set(settings, expected, report.planned if asked else ()):
        return
    try:
        approved(report, tools, undone=undone)
    except GateRefused as refused:
        if refused.code == OTHER_BATCH:  # a person did guard it
            raise
        raise _refusal(report, tools, undone, reshaped) from None


def _refusal(report: Report, tools: Tools, undone: Undone, reshaped: str | None) -> GateRefused:
    """Why a plan may not be sent without a person."""
    if undone.count:
        return _taken_back(undone.count)
    if reshaped:
        return _other_settings(reshaped)
    unseen = _to_be_seen(report)
    if unseen is not None:
        return _looks_billed(unseen) if unseen.code == "row.looks_billed" else _changes_by_itself(unseen)
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
    codes = (".changing", "row.looks_billed")
    return next((problem for problem in report.problems if problem.code.endswith(codes)), None)


def _taken_back(undone: int) -> GateRefused:
    were = "was" if undone == 1 else "were"
    why = (
        f"Nothing was sent: {count_of(undone, 'invoice')} of this file {were} undone, and no approval since then says "
        "that they are to be billed again."
    )
    how = "Approve the file, or submit it yourself; else take it out of the inbox."
    return GateRefused(why, how, code="gate.undone")


def _changes_by_itself(changing: Problem) -> GateRefused:
    """Which value no person has seen as it would be billed."""
    why = f"Nothing was sent: at {changing.cell} of sheet {changing.sheet} stands a formula that changes by itself."
    return GateRefused(why, "Type the value in place of the formula, or approve the file.", code="gate.changing")


def _looks_billed(warning: Problem) -> GateRefused:
    hint = f"{warning.hint} Or approve the file."
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


# --- approvals -----------------------------------------------------------------


def approve(report: Report, tools: Tools) -> Approval:
    """Record that the user of this process approves the plan of a preview."""
    document = _document_of(report, tools)
    return tools.ledger.approvals.record(
        batch=report.batch,
        sha256=report.source.sha256,
        file_name=Path(report.source.path).name,
        plan_hash=hash_of(document),
        plan=document,
    )


def under_way(report: Report, tools: Tools) -> tuple[Approval, ...]:
    """The approvals of exactly this plan that are still good; a run that sends it uses them, required or not."""
    known = tools.ledger.approvals.of(report.batch, report.source.sha256)
    good = [approval for approval in known if approval.ended is None]
    if not good:
        return ()
    document = _document_of(report, tools)
    return tuple(approval for approval in good if not differences(approval.plan, document))


def begin(report: Report, tools: Tools) -> None:
    """Note that a run begins to send a plan under its approvals."""
    tools.ledger.approvals.note(under_way(report, tools), report.run_id, BEGUN)


def end(report: Report, tools: Tools, sent: Iterable[ReportedInvoice]) -> None:
    """Note that the approvals of a plan are used up, when all of its invoices are created now.

    ``report`` is the plan as it was before sending. An invoice that is left can still be sent under them.
    """
    asked = {planned.reference for planned in report.planned if planned.status in TO_BE_SENT}
    left = [planned for planned in sent if planned.reference in asked and planned.status not in DONE]
    if not left:
        tools.ledger.approvals.note(under_way(report, tools), report.run_id, COMPLETE)


def approved(report: Report, tools: Tools, wish: Wish | None = None, undone: Undone = NONE_UNDONE) -> Approval:
    """Return the approval of exactly this plan. Raises GateRefused that says what is missing or what changed.

    ``undone``: what of the plan was undone, so that only an approval from after that counts.
    """
    document = _document_of(report, tools)
    known = tools.ledger.approvals.of(report.batch, report.source.sha256)
    same = [approval for approval in known if not differences(approval.plan, document)]
    good = [approval for approval in same if approval.ended is None]
    fresh = [approval for approval in good if undone.at is None or approval.approved_at > undone.at]
    if fresh:
        return _usable(fresh, tools)
    if good:
        raise _taken_back(undone.count)
    command = _command(report, tools, wish)
    if same and same[0].ended is not None:
        raise _used_up(same[0], *same[0].ended, command)
    raise _not_approved(report, known, document, command)


def _usable(good: list[Approval], tools: Tools) -> Approval:
    """An approval by another user comes first. Raises GateRefused when it must be another's and is not."""
    for approval in good:
        if approval.os_user != os_user():
            return approval
    if not tools.settings.approval_by_another:
        return good[0]
    msg = f"Nothing was sent: {good[0].who} approved this plan, but may not send it too (approval_by_another)."
    raise GateRefused(msg, "Let another user of the operating system approve it, or send it.", code=NOT_APPROVED)


def _not_approved(report: Report, known: Iterable[Approval], document: dict[str, Any], command: str) -> GateRefused:
    """Why none of the approvals that are known of the file or its batch fits the plan."""
    known, name = list(known), Path(report.source.path).name
    batches = {approval.batch for approval in known}
    elsewhere = [approval.batch for approval in known if approval.sha256 == report.source.sha256]
    if elsewhere and report.batch not in batches:
        msg = f"Nothing was sent: {name} was approved for the batch {elsewhere[0]}, but this is {report.batch}."
        hint = f"Approve it for this one ({command}), or submit it with --batch {elsewhere[0]}."
        return GateRefused(msg, hint, code=OTHER_BATCH)
    if not known:
        msg = f"Nothing was sent: {name} was not approved."
        return GateRefused(msg, f"Approve it: {command}", code=NOT_APPROVED)
    same_name = [approval for approval in known if approval.file_name == name]
    last = (same_name or known)[0]
    changed = "; ".join(differences(last.plan, document))
    msg = f"Nothing was sent: the plan is not the one that {last.who} approved: {changed}."
    return GateRefused(msg, "Preview and approve it again, or take the change back.", code=NOT_APPROVED)


def _used_up(approval: Approval, how: str, run_id: str, command: str) -> GateRefused:
    """The approval is not good any more."""
    what = f"undo {run_id} took invoices of it back"
    if how == COMPLETE:
        what = f"run {run_id} created all of its invoices"
    msg = f"Nothing was sent: the approval of this plan by {approval.who} is used up: {what}."
    return GateRefused(msg, f"To send it once more, approve it again: {command}", code=NOT_APPROVED)


def _command(report: Report, tools: Tools, wish: Wish | None) -> str:
    """The command that approves just this plan: with the options that shape it."""
    if wish is None or wish.put_away:  # run asks: it reads a copy, and the file itself waits in the inbox
        file = tools.settings.inbox.absolute() / Path(report.source.path).name
        return Wish(file, place=tools.place).command("approve")
    return wish.command("approve", report.source.path)


def _document_of(report: Report, tools: Tools) -> dict[str, Any]:
    return approval_document(report.account, report.batch, report.planned, tools.settings)
