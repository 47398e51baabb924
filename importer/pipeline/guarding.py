"""The gates of a plan: figures that a person has stated, and what guards a workbook when nobody watches."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from importer.errors import GateRefused
from importer.limits import Limits, check, in_sheet, worth
from importer.pipeline.approving import OTHER_BATCH, approved
from importer.plan import totals_of
from importer.records import PlannedInvoice, Status, UnsoundInvoice
from importer.sheet import ControlTotals
from importer.words import count_of, rows_named

if TYPE_CHECKING:
    from collections.abc import Iterable

    from importer.pipeline.prepared import Prepared, Tools
    from importer.report import Report
    from importer.settings import Settings

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
    """How many invoices would be billed anew just as they were before they were undone, or by a file from before that.

    Their file may lie in the inbox because nobody took it out, or because it was only saved again. One with other
    invoices, or another number of them, is a correction, unless a run planned it before the undo: then it says
    nothing of what was undone. That a new month gives it another batch says nothing either. An approval is good only
    when it came after the undo.
    """
    ready = {one.reference: one.fingerprint for one in plan.planned if one.status is Status.READY and one.reference}
    known = tools.ledger.entries(ready).values()
    asked = tools.ledger.undoing.asked(ready)
    undone = [one for one in known if one.state == "undone" or one.reference in asked]
    same_content = tools.ledger.undone_with(one for one in ready.values() if one)
    undone += [one for one in same_content if one.reference not in ready and one.batch != plan.batch]
    if not undone:
        return 0
    runs = tools.ledger.runs()
    sizes = {run.run_id: run.invoices for run in runs}
    changed = any(one.fingerprint != ready[one.reference] for one in known)
    if not changed and any(sizes.get(one.run_id) == len(plan.planned) for one in undone):
        return len(undone)
    own, gone = (run for run in runs if run.sha256 == plan.source.sha256), {one.reference for one in undone}
    before = [tools.ledger.undoing.undone_since(run, gone.intersection(run.planned or ())) for run in own]
    same_file = (one.reference for one in undone if one.source_sha256 == plan.source.sha256)
    return len({*chain.from_iterable(before), *same_file})


def _taken_back(undone: int) -> GateRefused:
    what = f"{count_of(undone, 'invoice')} of this file {'was' if undone == 1 else 'were'} undone"
    why = f"Nothing was sent: {what}, and nobody has said since that all of it is to be billed anew."
    how = "Approve the file, submit it yourself, or put a corrected one in its place; else take it out of the inbox."
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
            wanted.invoices, wanted.total, settings.largest_invoice, settings.largest_total,
            places[0] if prepared.wish.expect_invoices is None else "--expect-invoices",
            places[1] if prepared.wish.expect_total is None else "--expect-total",
        )  # fmt: skip
        check(prepared.planned, totals, limits)
