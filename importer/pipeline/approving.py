"""Approve a plan, and compare a plan with what was approved."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from importer.approval import differences, hash_of, plan_of
from importer.errors import GateRefused
from importer.submission_ledger import os_user

if TYPE_CHECKING:
    from importer.pipeline.planning import Tools
    from importer.report import Report
    from importer.submission_ledger import Approval

CODE = "gate.approval"


def approve(report: Report, tools: Tools) -> Approval:
    """Record that the user of this process approves the plan of a preview."""
    plan = plan_of(report, tools.settings)
    return tools.ledger.approvals.record(
        batch=report.batch, sha256=report.source.sha256, file_name=Path(report.source.path).name,
        plan_hash=hash_of(plan), plan=plan,
    )  # fmt: skip


def approved(report: Report, tools: Tools) -> Approval:
    """Return the approval of exactly this plan. Raises GateRefused that says what is missing or what changed."""
    plan = plan_of(report, tools.settings)
    known = tools.ledger.approvals.of(report.batch, report.source.sha256)
    exact = [one for one in known if not differences(one.plan, plan)]
    others = [one for one in exact if one.os_user != os_user()]
    if exact and (others or not tools.settings.approval_by_another):
        return (others or exact)[0]
    name = Path(report.source.path).name
    if exact:
        msg = f"Nothing was sent: {exact[0].who} approved this plan, but may not send it too (approval_by_another)."
        raise GateRefused(msg, "Let another user of the operating system approve it, or send it.", code=CODE)
    same_name = [one for one in known if one.file_name == name]
    if not known:
        msg = f"Nothing was sent: {name} was not approved."
        raise GateRefused(msg, f'Approve it: invoice-importer approve "{name}"', code=CODE)
    last = (same_name or known)[0]
    changed = "; ".join(differences(last.plan, plan))
    msg = f"Nothing was sent: the plan is not the one that {last.who} approved: {changed}."
    raise GateRefused(msg, "Preview and approve it anew, or undo the change.", code=CODE)
