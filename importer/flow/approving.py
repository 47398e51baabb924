"""Approve a plan, compare a plan with what was approved, and use the approval up."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from importer.ledger.approvals import BEGUN, COMPLETE
from importer.ledger.database import os_user
from importer.model.errors import GateRefused
from importer.planning.approval import TO_BE_SENT, differences, hash_of, plan_of
from importer.reporting.report import DONE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from importer.flow.prepared import Tools, Wish
    from importer.ledger.approvals import Approval
    from importer.model.plans import PlannedInvoice
    from importer.reporting.report import Report

CODE = "gate.approval"
OTHER_BATCH = "gate.approval.batch"
"""Code of the refusal of a file that was approved, but for another batch."""


def approve(report: Report, tools: Tools) -> Approval:
    """Record that the user of this process approves the plan of a preview."""
    plan = _plan_of(report, tools)
    return tools.ledger.approvals.record(
        batch=report.batch,
        sha256=report.source.sha256,
        file_name=Path(report.source.path).name,
        plan_hash=hash_of(plan),
        plan=plan,
    )


def under_way(report: Report, tools: Tools) -> tuple[Approval, ...]:
    """The approvals of exactly this plan that are good still; whoever sends it uses them, also unasked."""
    known = [one for one in tools.ledger.approvals.of(report.batch, report.source.sha256) if one.ended is None]
    plan = _plan_of(report, tools) if known else {}
    return tuple(one for one in known if not differences(one.plan, plan))


def begin(report: Report, tools: Tools) -> None:
    """Note that a run begins to send a plan under its approvals."""
    tools.ledger.approvals.note(under_way(report, tools), report.run_id, BEGUN)


def end(report: Report, tools: Tools, sent: Iterable[PlannedInvoice]) -> None:
    """Note that the approvals of a plan are used up, when all of its invoices are created now.

    ``report`` is the plan as it was before sending. An invoice that is left can still be sent under them.
    """
    asked = {one.reference for one in report.planned if one.status in TO_BE_SENT}
    left = [one for one in sent if one.reference in asked and one.status not in DONE]
    if not left:
        tools.ledger.approvals.note(under_way(report, tools), report.run_id, COMPLETE)


def approved(report: Report, tools: Tools, wish: Wish | None = None) -> Approval:
    """Return the approval of exactly this plan. Raises GateRefused that says what is missing or what changed."""
    plan = _plan_of(report, tools)
    known = tools.ledger.approvals.of(report.batch, report.source.sha256)
    same = [one for one in known if not differences(one.plan, plan)]
    exact = [one for one in same if one.ended is None]
    others = [one for one in exact if one.os_user != os_user()]
    if exact and (others or not tools.settings.approval_by_another):
        return (others or exact)[0]
    name = Path(report.source.path).name
    if exact:
        msg = f"Nothing was sent: {exact[0].who} approved this plan, but may not send it too (approval_by_another)."
        raise GateRefused(msg, "Let another user of the operating system approve it, or send it.", code=CODE)
    if same and same[0].ended is not None:
        raise GateRefused(*_used_up(same[0], *same[0].ended, _command(report, wish)), code=CODE)
    here = [one for one in known if one.batch == report.batch]
    elsewhere = [one.batch for one in known if one.sha256 == report.source.sha256]
    if elsewhere and not here:
        msg = f"Nothing was sent: {name} was approved for the batch {elsewhere[0]}, but this is {report.batch}."
        hint = f"Approve it for this one ({_command(report, wish)}), or submit it with --batch {elsewhere[0]}."
        raise GateRefused(msg, hint, code=OTHER_BATCH)
    same_name = [one for one in known if one.file_name == name]
    if not known:
        msg = f"Nothing was sent: {name} was not approved."
        raise GateRefused(msg, f"Approve it: {_command(report, wish)}", code=CODE)
    last = (same_name or known)[0]
    changed = "; ".join(differences(last.plan, plan))
    msg = f"Nothing was sent: the plan is not the one that {last.who} approved: {changed}."
    raise GateRefused(msg, "Preview and approve it anew, or undo the change.", code=CODE)


def _command(report: Report, wish: Wish | None) -> str:
    """The command that approves just this plan: with the options that shape it."""
    # Without a wish it is run that asks: it reads a copy, whose place is new each time and gone afterwards.
    words = [f'invoice-importer approve "{report.source.path if wish else Path(report.source.path).name}"']
    if wish is not None:
        words += [f'--sheet "{wish.sheet_name}"'] * bool(wish.sheet_name) + [f'--batch "{wish.batch}"'] * bool(
            wish.batch
        )
        words += ["--partial"] * wish.partial + ["--allow-repeats"] * wish.allow_repeats
    return " ".join(words)


def _used_up(approval: Approval, how: str, run_id: str, command: str) -> tuple[str, str]:
    """Why an approval is not good any more, and what to do."""
    what = f"run {run_id} created all of its invoices" if how == COMPLETE else f"undo {run_id} took invoices of it back"
    return (
        f"Nothing was sent: the approval of this plan by {approval.who} is used up: {what}.",
        f"To send it once more, approve it anew: {command}",
    )


def _plan_of(report: Report, tools: Tools) -> dict[str, Any]:
    return plan_of(report.account, report.batch, report.planned, tools.settings)
