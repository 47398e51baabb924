"""Approvals: recorded by a person, and asked for before sending."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from importer.flow.prepared import Wish
from importer.flow.taken_back import NONE_UNDONE, Undone
from importer.ledger.approvals import BEGUN, COMPLETE, Approval
from importer.ledger.database import os_user
from importer.model.errors import GateRefused
from importer.model.words import count_of
from importer.planning.approval import IN_APPROVAL, approval_document, differences, hash_of
from importer.reporting.report import DONE, Report

if TYPE_CHECKING:
    from importer.flow.prepared import Tools
    from importer.model.plans import ReportedInvoice


NOT_APPROVED = "gate.approval"
"""Code of the refusal of a file that was not approved as it is."""


OTHER_BATCH = "gate.approval.batch"
"""Code of the refusal of a file that was approved, but for another batch."""


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


def good_approvals(report: Report, tools: Tools) -> tuple[Approval, ...]:
    """The approvals of exactly this plan that are still good; a run that sends it uses them, required or not."""
    known = tools.ledger.approvals.of(report.batch, report.source.sha256)
    good = [approval for approval in known if approval.ended is None]
    if not good:
        return ()
    document = _document_of(report, tools)
    return tuple(approval for approval in good if not differences(approval.plan, document))


def note_begun(report: Report, tools: Tools) -> None:
    """Note that a run begins to send a plan under its approvals."""
    tools.ledger.approvals.note(good_approvals(report, tools), report.run_id, BEGUN)


def note_complete(report: Report, tools: Tools, sent: Iterable[ReportedInvoice]) -> None:
    """Note that the approvals of a plan are used up, when all of its invoices are created now.

    ``report`` is the plan as it was before sending. An invoice that is left can still be sent under them.
    """
    asked = {planned.reference for planned in report.planned if planned.status in IN_APPROVAL}
    left = [planned for planned in sent if planned.reference in asked and planned.status not in DONE]
    if not left:
        tools.ledger.approvals.note(good_approvals(report, tools), report.run_id, COMPLETE)


def require_approval(report: Report, tools: Tools, wish: Wish | None = None, undone: Undone = NONE_UNDONE) -> Approval:
    """Return the approval of exactly this plan. Raises GateRefused that says what is missing or what changed.

    ``undone``: what of the plan was undone, so that only an approval from after that counts. So does one from after
    the invoices that the plan may repeat: an earlier one has not seen the warning.
    """
    document = _document_of(report, tools)
    known = tools.ledger.approvals.of(report.batch, report.source.sha256)
    same = [approval for approval in known if not differences(approval.plan, document)]
    good = [approval for approval in same if approval.ended is None and _has_seen(approval, report, undone)]
    if good:
        return _usable(good, tools)
    command = approve_command(report, tools, wish)
    raise _too_early_or_used_up(same, undone, command) or _not_approved(report, known, document, command)


def _has_seen(approval: Approval, report: Report, undone: Undone) -> bool:
    """Whether it is from after all that a person must have seen."""
    moments = (undone.at, report.may_repeat_at)
    return all(moment is None or approval.approved_at > moment for moment in moments)


def _too_early_or_used_up(same: list[Approval], undone: Undone, command: str) -> GateRefused | None:
    """Why approvals of just this plan do not count; None where there are none."""
    early = [approval for approval in same if approval.ended is None]
    if early and undone.count:
        return taken_back_refusal(undone.count)
    if early:
        return _approved_before(early[0], command)
    if same and same[0].ended is not None:
        return _used_up(same[0], *same[0].ended, command)
    return None


def _usable(good: list[Approval], tools: Tools) -> Approval:
    """An approval by another user comes first. Raises GateRefused when it must be another's and is not."""
    for approval in good:
        if approval.os_user != os_user():
            return approval
    if not tools.settings.approval_by_another:
        return good[0]
    msg = f"Nothing was sent: {good[0].who} approved this plan, but may not send it too (approval_by_another)."
    raise GateRefused(msg, "Let another user of the operating system approve it, or send it.", code=NOT_APPROVED)


def _approved_before(approval: Approval, command: str) -> GateRefused:
    """An approval that has not seen that the plan may repeat an invoice, as that was billed later."""
    msg = f"Nothing was sent: {approval.who} approved this plan before an invoice was billed that it may repeat."
    return GateRefused(msg, f"Look at the warnings of the preview, then: {command}", code=NOT_APPROVED)


def taken_back_refusal(undone: int) -> GateRefused:
    """So many invoices of a file were undone, and no person said since that they are to be billed again."""
    were = "was" if undone == 1 else "were"
    why = (
        f"Nothing was sent: {count_of(undone, 'invoice')} of this file {were} undone, and no approval since then says "
        "that they are to be billed again."
    )
    how = "Approve the file, or submit it yourself; else take it out of the inbox."
    return GateRefused(why, how, code="gate.undone")


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


def approve_command(report: Report, tools: Tools, wish: Wish | None = None) -> str:
    """The command that approves just this plan: with the options that shape it."""
    if wish is None or wish.put_away:  # run asks: it reads a copy, and the file itself waits in the inbox
        file = tools.settings.inbox.absolute() / Path(report.source.path).name
        return Wish(file, place=tools.place).command("approve")
    return wish.command("approve", report.source.path)


def _document_of(report: Report, tools: Tools) -> dict[str, Any]:
    return approval_document(report.account, report.batch, report.planned, tools.settings)
