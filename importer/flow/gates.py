"""The gates of a plan: figures that a person has stated, and what guards a workbook when nobody watches."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from importer.ledger.approvals import BEGUN, COMPLETE
from importer.ledger.database import os_user
from importer.model.errors import GateRefused
from importer.model.invoices import UnsoundInvoice
from importer.model.plans import PlannedInvoice, Status
from importer.model.sheet import ControlTotals
from importer.model.words import count_of, rows_named
from importer.planning.approval import TO_BE_SENT, differences, hash_of, plan_of
from importer.planning.limits import Limits, check, in_sheet, worth
from importer.planning.totals import totals_of
from importer.reporting.report import DONE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from importer.flow.prepared import Prepared, Tools, Wish
    from importer.ledger.approvals import Approval
    from importer.model.plans import PlannedInvoice
    from importer.reporting.report import Report
    from importer.settings.model import Settings

COUNT = "expect_invoices"
"""Setting that sees every invoice, whatever it is worth."""
TOTAL = "expect_total"
"""Setting that sees the amounts in the sheet only."""
LIMITS = ("largest_invoice", "largest_total")
"""Settings that also see what Kantata prices, where Kantata tells it."""
CODE = "gate.none"
EXPECTED_COUNT = "put “Expected invoices” with their number beside it on a sheet called Cover"


def gates_set(settings: Settings, expected: ControlTotals, planned: Iterable[PlannedInvoice] = ()) -> tuple[str, ...]:
    """Names of the gates that guard all invoices of a plan that would be sent.

    A total is none for invoices with lines that Kantata prices, a limit none for
    those of which it does not tell the value, and what a formula of the workbook
    expects is none at all.
    """
    ready = [one for one in planned if one.status is Status.READY and not isinstance(one.invoice, UnsoundInvoice)]
    totals, limits = all(map(in_sheet, ready)), all(worth(one) is not None for one in ready)
    names = [COUNT, *([TOTAL] if totals else []), *(LIMITS if limits else ())]
    counted = expected.invoices is not None and not expected.invoices_calculated
    summed = expected.total is not None and not expected.total_calculated
    cover = ["the sheet Cover"] if counted or (totals and summed) else []
    return (*cover, *(name for name in names if getattr(settings, name) is not None))


def check_gates(plan: Report, tools: Tools, *, asked: bool = True) -> None:
    """Raise GateRefused unless the settings and a gate allow to send without asking.

    ``asked`` is False when Kantata could not be asked yet what it prices: then any
    gate will do for now, so that Kantata's absence is not told as a missing gate.
    """
    settings = tools.settings
    if not settings.unattended:
        msg = "Nothing was sent: the settings do not let run send by itself."
        raise GateRefused(msg, "Set unattended = true, or submit it yourself.", code="gate.unattended")
    if settings.require_approval:
        approved(plan, tools)
        return
    expected = plan.sheet.expected if plan.sheet is not None else ControlTotals()
    undone = _undone(plan, tools)
    if gates_set(settings, expected, plan.planned if asked else ()) and not undone:
        return
    try:
        approved(plan, tools)
    except GateRefused as refused:
        if refused.code == OTHER_BATCH:  # somebody did guard it
            raise
        if undone:
            raise _taken_back(undone) from None
        raise _unguarded(plan, settings, expected) from None


def _undone(plan: Report, tools: Tools) -> int:
    """How many invoices would be billed anew that were undone, or were to be.

    By their reference, or by their content: a file without dates has other references in a new month. Whatever file
    they come in, and whichever gate it has: only who approves it after the undo says that they are to be billed anew.
    """
    ready = {one.reference: one.fingerprint for one in plan.planned if one.status is Status.READY and one.reference}
    undone = {one.reference for one in tools.ledger.entries(ready).values() if one.state == "undone"}
    undone |= tools.ledger.undoing.asked(ready)
    contents = {one.fingerprint for one in tools.ledger.undone_with(text for text in ready.values() if text)}
    return sum(reference in undone or content in contents for reference, content in ready.items())


def _taken_back(undone: int) -> GateRefused:
    what = f"{count_of(undone, 'invoice')} of this file {'was' if undone == 1 else 'were'} undone"
    why = f"Nothing was sent: {what}, and nobody has said since that it is to be billed anew."
    how = "Approve the file, or submit it yourself; else take it out of the inbox."
    return GateRefused(why, how, code="gate.undone")


def _unguarded(plan: Report, settings: Settings, expected: ControlTotals) -> GateRefused:
    """Why no gate guards the plan, and what would."""
    if not gates_set(settings, expected):
        why = "no gate guards this workbook, and nobody watches"
        how = "put “Expected total” with the amount beside it on a sheet called Cover, set a limit"
        if expected.total_calculated or expected.invoices_calculated:
            why = "what the sheet Cover expects is a formula, which agrees with any rows, and nothing else guards them"
            how = "type the number from your books in its place, set a limit"
        return _refusal(why, how)
    unknown = next((one for one in plan.planned if one.status is Status.READY and worth(one) is None), None)
    if unknown is not None:
        why = (
            f"{_name(unknown)} has time, expenses or milestones whose value Kantata did not tell, so no total and no "
            "limit guards it"
        )
        return _refusal(why, EXPECTED_COUNT)
    priced = next(one for one in plan.planned if one.status is Status.READY and not in_sheet(one))
    why = f"{_name(priced)} has time, expenses or milestones without an amount in the sheet, which no total counts"
    return _refusal(why, f"{EXPECTED_COUNT}, set largest_invoice or largest_total")


def _refusal(why: str, how: str) -> GateRefused:
    return GateRefused(f"Nothing was sent: {why}.", f"{how[0].upper()}{how[1:]}, or approve the file.", code=CODE)


def _name(one: PlannedInvoice) -> str:
    projects = ", ".join(str(number) for number in one.invoice.workspace_ids)
    return f"the invoice of {one.invoice.key or f'project {projects}'} ({rows_named(one.invoice.rows)})"


def check_limits(prepared: Prepared, tools: Tools) -> None:
    """Raise GateRefused unless the plan matches the figures that flags, or settings and Cover, give.

    A flag counts instead of both; a workbook cannot overrule the settings.
    """
    settings, totals = tools.settings, totals_of(prepared.lines, prepared.planned)
    of_settings, cover = ControlTotals(settings.expect_invoices, settings.expect_total), prepared.sheet.expected
    of_cover = (f"“Expected invoices” at {cover.invoices_cell}", f"“Expected total” at {cover.total_cell}")
    for stated, places in ((of_settings, ("expect_invoices", "expect_total")), (cover, of_cover)):
        wanted = prepared.wish.matching(stated)
        limits = Limits(
            wanted.invoices,
            wanted.total,
            settings.largest_invoice,
            settings.largest_total,
            places[0] if prepared.wish.expect_invoices is None else "--expect-invoices",
            places[1] if prepared.wish.expect_total is None else "--expect-total",
        )
        check(prepared.planned, totals, limits)


APPROVAL_CODE = "gate.approval"
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
        raise GateRefused(msg, "Let another user of the operating system approve it, or send it.", code=APPROVAL_CODE)
    if same and same[0].ended is not None:
        raise GateRefused(*_used_up(same[0], *same[0].ended, _command(report, wish)), code=APPROVAL_CODE)
    here = [one for one in known if one.batch == report.batch]
    elsewhere = [one.batch for one in known if one.sha256 == report.source.sha256]
    if elsewhere and not here:
        msg = f"Nothing was sent: {name} was approved for the batch {elsewhere[0]}, but this is {report.batch}."
        hint = f"Approve it for this one ({_command(report, wish)}), or submit it with --batch {elsewhere[0]}."
        raise GateRefused(msg, hint, code=OTHER_BATCH)
    same_name = [one for one in known if one.file_name == name]
    if not known:
        msg = f"Nothing was sent: {name} was not approved."
        raise GateRefused(msg, f"Approve it: {_command(report, wish)}", code=APPROVAL_CODE)
    last = (same_name or known)[0]
    changed = "; ".join(differences(last.plan, plan))
    msg = f"Nothing was sent: the plan is not the one that {last.who} approved: {changed}."
    raise GateRefused(msg, "Preview and approve it anew, or undo the change.", code=APPROVAL_CODE)


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
